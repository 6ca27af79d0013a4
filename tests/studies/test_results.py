"""The README's table is what the committed results say."""

import json
import re
import runpy
from math import isfinite
from pathlib import Path

import pytest

from simorgh.contracts import Measurement
from simorgh.evaluate.measure import measurement
from simorgh.report.compare import LARGER, SMALLER

ROOT = Path(__file__).parents[2]
STUDIES = sorted((ROOT / "results").glob("*.json"))
RUNS = sorted(p for folder in ("cpu", "paper", "benchmarks") for p in (ROOT / "results" / folder).glob("*.json"))


def test_readme_table_is_generated():
    tool = runpy.run_path(str(ROOT / "tools" / "results.py"))
    assert tool["readme"]() == (ROOT / "README.md").read_text(), "run: python tools/results.py readme"


@pytest.mark.parametrize("path", STUDIES + RUNS, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_committed_results_carry_their_evidence(path: Path):
    """The file of a run or a benchmark holds its environment; a study's stands beside it."""
    held = json.loads(path.read_text())
    beside = path.parent / "environment" / path.name
    rows = held["results"] if path in RUNS else held
    environment = held["environment"] if path in RUNS else json.loads(beside.read_text())
    measurements = [Measurement(**row) for row in rows]
    assert measurements
    for m in measurements:
        assert m.protocol
        assert m.protocol_hash == measurement(m.name, m.value, m.unit, m.protocol, n=m.n).protocol_hash
        assert m.n > 0
        assert isfinite(m.value)
        assert (m.low is None) == (m.high is None)
        assert m.low is None or m.low <= m.value <= m.high
    text = path.read_text() + json.dumps(environment)
    assert "/tmp" not in text
    assert "/work" not in text
    assert environment["packages"]["torch"]


def test_every_name_that_is_ranked_is_that_of_a_measurement():
    """A misspelt name would leave its measurement without a ranking. The two of Inception need its weight file."""
    measured = {row["name"] for path in STUDIES for row in json.loads(path.read_text())}
    measured |= {row["name"] for path in RUNS for row in json.loads(path.read_text())["results"]}
    assert (SMALLER | LARGER) - measured == {"fid", "kid_inception"}


def test_the_persian_readme_knows_no_other_commands():
    """And all of the English one's, but for those that a row there offers besides."""
    english, persian = (
        set(re.findall(r"`((?:simorgh|torchrun) [^`]+)`", (ROOT / name).read_text(encoding="utf-8")))
        for name in ("README.md", "README.fa.md")
    )
    assert persian <= english
    assert {command.split()[1] for command in english} == {command.split()[1] for command in persian}
