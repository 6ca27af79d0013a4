"""What the benchmarks share: the median of rounds with its interval, and the record that stands in results/."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from scipy.stats import binom

from simorgh.contracts import Measurement
from simorgh.evaluate.measure import measurement
from simorgh.files import write
from simorgh.metrics.intervals import Interval
from simorgh.train.run import environment

FOLDER = Path(__file__).parents[1] / "results" / "benchmarks"


def median(values: Sequence[float]) -> Interval | float:
    """The median with the narrowest pair of ordered rounds that holds it in 95 % of cases, whatever their law; the
    plain number where there are fewer than six rounds, for which there is no such pair (David & Nagaraja 2003, "Order
    Statistics", section 7.1: the rank of the median is binomial with probability 1/2)."""
    held, n = sorted(values), len(values)
    out = int(binom.ppf(0.025, n, 0.5)) - 1  # so many rounds may be left out at either end
    if out < 0:
        return statistics.median(held)
    return Interval(statistics.median(held), held[out], held[n - 1 - out], n)


def timing(what: str, values: Sequence[float], protocol: str, unit: str = "", name: str = "time_ratio") -> Measurement:
    """The median of `values`, one a round; `what` are its words in the README."""
    value = median(values)
    how = f"median of {len(values)} rounds in turn, {protocol}"
    return measurement(
        name, value, unit, how, n=len(values), context={"what": what, "rounds": " ".join(f"{v:.4g}" for v in values)}
    )


def record(script: str, found: Sequence[Measurement]) -> None:
    """Write results/benchmarks/NAME.json of the script NAME.py: the measurements and the machine."""
    held = {"environment": environment(), "results": [asdict(m) for m in found]}
    path = FOLDER / f"{Path(script).stem}.json"
    write(path, json.dumps(held, indent=1, ensure_ascii=False) + "\n")
    print(f"recorded in {path.relative_to(FOLDER.parents[1])}")
