"""What a study needs inside its notebook: its runs, numbered figures and tables, recorded measurements.

    from simorgh.studies import kit
    study = kit.current()

The runner (runner.py) names a context file in SIMORGH_STUDY. Where a finished notebook is opened and executed by hand,
it is the context.json in the notebook's own folder.
"""

import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import numpy as np
from torch import nn

from simorgh.contracts import Measurement
from simorgh.errors import UserError, check_name
from simorgh.evaluate import measurement, over_seeds
from simorgh.files import write
from simorgh.metrics.intervals import Interval, mean_interval
from simorgh.report.numbers import Cell, digits, number
from simorgh.report.paper import Paper
from simorgh.report.style import ltr
from simorgh.studies._persian import STUDIES
from simorgh.studies.runner import AGAIN, CONTEXT
from simorgh.train import Run
from simorgh.train.run import read_measurements, write_measurements

__all__ = [
    "Cell", "Study", "cells", "current", "digits", "ends", "interval", "ltr", "number", "over_seeds", "percent", "short",
    "signed", "tiny", "widths",
]  # fmt: skip


T = TypeVar("T")


class Study:
    """The study being executed.

    Attributes:
        name, preset, lang: as asked of the runner.
        out: folder of the report being made: figures/ and results.json are written there at once.
        kept: folder for what took long, so that the next execution need not do it again.
        small: whether the preset is "smoke", whose numbers say nothing.
    """

    def __init__(self, context: Mapping, folder: Path):
        """`folder` is where the paths of `context` start."""

        def there(path: str) -> Path:
            return (folder / path).resolve()

        self.name, self.preset, self.lang = (context[key] for key in ("name", "preset", "lang"))
        self.out, self.kept = there(context["out"]), there(context["kept"])
        self.small = self.preset == "smoke"
        self._progress = there(context["progress"]) if context["progress"] else None
        self._runs = {key: [there(path) for path in paths] for key, paths in context["runs"].items()}
        self._sweeps = {key: there(path) for key, path in context["sweeps"].items()}
        paper = Paper(self.lang, self.out, STUDIES)
        self.pick, self.figure, self.table, self.say = paper.pick, paper.figure, paper.table, paper.say
        self.animation, self.word = paper.animation, paper.word

    def warn_if_small(self) -> None:
        """A paragraph that says what the `smoke` preset of models of images is; nothing at other presets."""
        if self.small:
            self.say(
                "**The `smoke` preset**: a few steps on 512 images. Its numbers say nothing about the models.",
                "**اندازهٔ `smoke`**: چند گام روی ۵۱۲ تصویر؛ اعداد آن چیزی دربارهٔ مدل‌ها نمی‌گوید.",
            )

    def track(self, items: Collection[T], what: str) -> Iterator[T]:
        """`items` one after another, with a bar under that of the study while they last."""
        try:
            for i, item in enumerate(items):
                self.advance(what, i, len(items))
                yield item
        finally:
            self.advance(what, len(items), len(items))

    def advance(self, what: str, done: int, total: int) -> None:
        """Say that `done` of `total` parts of a long cell are done; all of them: the bar goes."""
        if self._progress:
            said = {"description": f"  {what}", "completed": done, "total": total} if done < total else {}
            with suppress(OSError):  # Windows does not replace a file that is being read; a bar can wait
                write(self._progress, json.dumps(said))

    def runs(self, key: str) -> list[Run]:
        """The finished, evaluated runs of a recipe that the header names, one a seed, seed 0 first."""
        check_name(key, self._runs, "run in this study's header")
        return [Run.open(path) for path in self._runs[key]]

    def sweep(self, key: str) -> list[dict]:
        """The trials of a grid that the header names, as in trials.json, in the order of the grid; `run` is its
        directory, which a training that failed has not finished, or None where it never began."""
        check_name(key, self._sweeps, "sweep in this study's header")
        path = self._sweeps[key]
        rows = json.loads(path.read_text(encoding="utf-8"))["trials"]
        runs = [None if row["run"] is None else path.parent / row["run"] for row in rows]
        return sorted(({**row, "run": run} for row, run in zip(rows, runs)), key=lambda row: row["number"])

    def results(self, key: str, name: str) -> Measurement | None:
        """The measurement `name` over the seeds of a recipe, recorded; None where the runs do not hold it."""
        held = [m for run in self.runs(key) for m in run.results() if m.name == name]
        if not held:
            return None
        # Two recipes may share a study under one name (key "recipe@variant"): the key keeps their numbers apart.
        m = over_seeds(held)
        m = Measurement(**{**vars(m), "context": {**m.context, "run": key}})
        self.record(m)
        return m

    def record(self, *measurements: Measurement) -> None:
        """Add measurements to the study's results.json; one that is already there, alike in all, is not doubled."""
        path = self.out / "results.json"
        known = read_measurements(path)
        # Compared as JSON has them, where a tuple is a list.
        write_measurements(path, known + [m for m in measurements if m not in known])

    def measure(
        self,
        name: str,
        value: float,
        low: float | None = None,
        high: float | None = None,
        *,
        n: int,
        unit: str = "",
        protocol: str,
        floor: float | None = None,
        **context: str | int | float | bool | None,
    ) -> Measurement:
        """A new measurement of this study, recorded. `low` and `high` are the ends of its 95 % interval."""
        if (low is None) != (high is None):
            raise UserError(f"{name} has one end of an interval: give both low and high, or neither.")
        what = value if low is None else Interval(value, low, high, n)
        context = {"study": self.name, "preset": self.preset, **context}
        made = measurement(name, what, unit, protocol, n=n, floor=floor, context=context)
        self.record(made)
        return made


def cells(found: Iterable[Measurement | None]) -> list[Cell | None]:
    """Values with their intervals, without unit and floor, for the cells of a row."""
    return [None if m is None else Cell(number(m, unit=False, floor=False)) for m in found]


def short(m: Measurement | None) -> str:
    """Value and half of its interval, for crowded tables; a dash for nothing."""
    if m is None:
        return "–"
    return f"{m.value:.4g}" if m.low is None else f"{m.value:.4g} ± {(m.high - m.low) / 2:.2g}"


def ends(m: Measurement | Interval | None, digits: int = 3) -> Cell | None:
    """A number for a table with the ends of its interval in brackets, if it has one; None, a dash, for None."""
    if m is None:
        return None
    low_high = "" if m.low is None else f" [{m.low:.{digits}f}, {m.high:.{digits}f}]"
    return Cell(f"{m.value:.{digits}f}{low_high}")


def percent(m: Measurement | Interval) -> Cell:
    """A share in percent with the ends of its interval."""
    return Cell(f"{100 * m.value:.1f} % [{100 * m.low:.1f}, {100 * m.high:.1f}]")


def interval(values: Sequence[float]) -> tuple[float, float | None, float | None]:
    """Mean of the finite `values` and the ends of its Student interval; a single value has none."""
    values = [v for v in values if np.isfinite(v)]
    if len(values) < 2:
        return (float(values[0]) if values else float("nan")), None, None
    return mean_interval(values)[:3]


def widths(network: nn.Module) -> str:
    """The widths of a dense network, "64 → 32 → 2", in one piece in text of either direction."""
    linear = [part for part in network.modules() if isinstance(part, nn.Linear)]
    return ltr(" → ".join(str(n) for n in (linear[0].in_features, *(part.out_features for part in linear))))


def tiny(error: float) -> str:
    """A rounding error in words; below 1e-15 it is shown as that."""
    return "1e-15" if error < 1e-15 else f"{error:.0e}"


def signed(value: float, form: str) -> str:
    """A number that may carry a sign, formatted and kept in one piece in right-to-left text."""
    return ltr(format(value, form))


def current() -> Study:
    """The study of this process. UserError outside a study."""
    told = os.environ.get("SIMORGH_STUDY")
    path = Path(told or CONTEXT).resolve()
    if not path.is_file():
        raise UserError("No study is being executed here: simorgh study NAME starts one, or open its report.ipynb.")
    study = Study(json.loads(path.read_text(encoding="utf-8")), path.parent)
    if not told:  # by hand, perhaps not for the first time: numbers of two executions must not stand in one file
        shutil.rmtree(path.parent / AGAIN, ignore_errors=True)
    return study
