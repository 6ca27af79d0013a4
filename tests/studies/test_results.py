"""The README's table is what the committed results say."""

import json
import re
import runpy
from pathlib import Path

import pytest

from simorgh.train.run import read_measurements

ROOT = Path(__file__).parents[2]
RESULTS = sorted((ROOT / "results").glob("*.json"))


def test_readme_table_is_generated():
    tool = runpy.run_path(str(ROOT / "tools" / "results.py"))
    assert tool["readme"]() == (ROOT / "README.md").read_text(), "run: python tools/results.py readme"


@pytest.mark.parametrize("path", RESULTS, ids=lambda p: p.stem)
def test_committed_results_carry_their_evidence(path: Path):
    measurements = read_measurements(path)
    assert measurements
    for m in measurements:
        assert m.protocol
        assert m.protocol_hash
        assert m.unit or m.name
        assert m.n > 0
    text = path.read_text() + (path.parent / "environment" / path.name).read_text()
    assert "/tmp" not in text
    assert "/work" not in text
    assert json.loads((path.parent / "environment" / path.name).read_text())["packages"]["torch"]


def test_the_persian_readme_knows_no_other_commands():
    """And all of the English one's, but for those that a row there offers besides."""
    english, persian = (
        set(re.findall(r"`((?:simorgh|torchrun) [^`]+)`", (ROOT / name).read_text(encoding="utf-8")))
        for name in ("README.md", "README.fa.md")
    )
    assert persian <= english
    assert {command.split()[1] for command in english} == {command.split()[1] for command in persian}
