"""A file is there as a whole or not at all."""

from pathlib import Path

import pytest

from simorgh.files import replaced, write


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path):
    path = tmp_path / "new" / "page.html"
    write(path, "قدیم\n")

    def fail() -> None:
        with replaced(path) as temporary:
            temporary.write_text("half of it")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text(encoding="utf-8") == "قدیم\n"
    assert [*path.parent.iterdir()] == [path]


def test_the_ending_stays_and_lines_end_as_given(tmp_path: Path):
    with replaced(tmp_path / "grid.png") as temporary:
        assert temporary.suffix == ".png"
        assert temporary.parent == tmp_path
        temporary.write_bytes(b"x")
    write(tmp_path / "text.csv", "a\r\nb\n")
    assert (tmp_path / "text.csv").read_bytes() == b"a\r\nb\n"
    assert len([*tmp_path.iterdir()]) == 2
