"""Files that are there as a whole or not at all."""

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A file to be written, which takes the place of `path` once the block has ended well: a reader, or a kill, never
    meets half of it. Its ending is that of `path`, by which some writers tell the format. OSError, a full disk say,
    names `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        with open(temporary, "r+b") as file:  # Windows does not sync what is open for reading only
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:  # one of a write has no name, one of an open that of the temporary file
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def write(path: Path, content: bytes | memoryview | str) -> None:
    """Replace `path` as a whole by bytes, or by text as UTF-8 with its line ends as they are."""
    with replaced(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def zipped(folder: Path, archive: Path) -> None:
    """`folder`, its name included, file by file in order; without dates, so that equal content is an equal file."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix())
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            file.writestr(entry, path.read_bytes())
