"""Numbers as the studies write them, against hand-made cases."""

import json
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from simorgh.metrics.intervals import Interval
from simorgh.report.notebook import build, execute
from simorgh.studies import kit


def test_an_interval_over_seeds_is_students_and_one_seed_has_none():
    """Of 1, 2, 3: deviation 1, Student's quantile with two degrees of freedom 4.3027, so 2 -+ 4.3027 / sqrt 3."""
    value, low, high = kit.interval([1.0, 2.0, 3.0])
    assert (value, high - value, value - low) == pytest.approx((2, 2.48414, 2.48414), abs=1e-5)
    assert kit.interval([5.0]) == kit.interval([float("nan"), 5.0]) == (5.0, None, None)
    assert np.isnan(kit.interval([])[0])


def test_cells_with_the_ends_of_an_interval():
    found = Interval(0.12345, 0.1, 0.2, 7)
    assert str(kit.ends(found)) == "0.123 [0.100, 0.200]"
    assert str(kit.ends(found, 1)) == "0.1 [0.1, 0.2]"
    assert str(kit.ends(Interval(0.5, None, None, 1), 2)) == "0.50"
    assert kit.ends(None) is None
    assert str(kit.percent(found)) == "12.3 % [10.0, 20.0]"


def test_widths_of_a_dense_network():
    assert kit.widths(nn.Sequential(nn.Linear(64, 32), nn.SiLU(), nn.Linear(32, 2))) == kit.ltr("64 → 32 → 2")


STUDY = """# ---
# simorgh:
#   title: {en: "A long cell", fa: "خانه‌ای دراز"}
# ---
# %%
import time
from simorgh.studies import kit
study = kit.current()
for i in study.track(range(3), "counting sheep"):
    time.sleep(0.7)
study.measure("sheep", i + 1, n=1, protocol="counted")
"""


def test_what_a_cell_says_can_be_read_while_it_runs(tmp_path: Path):
    context = {"name": "sheep", "preset": "cpu", "lang": "en", "out": ".", "runs": {}, "sweeps": {}}
    path, within, seen = tmp_path / "context.json", tmp_path / "progress.json", []
    path.write_text(json.dumps({**context, "kept": "kept", "progress": within.name}))

    def watch() -> None:
        if within.is_file():
            seen.append(json.loads(within.read_text()))

    execute(build(STUDY, "en"), {"SIMORGH_STUDY": str(path)}, watch=watch)
    assert {"description": "  counting sheep", "completed": 1, "total": 3} in seen
    assert json.loads(within.read_text()) == {}
