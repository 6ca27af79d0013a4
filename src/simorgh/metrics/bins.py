"""A classifier seen along one property of its examples, such as the length of a string, bin by bin.

Classes may be mixed otherwise in every bin, and accuracy alone then mostly follows the share of the larger class. So
each bin comes with its base rate, and with measures that do not follow it.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from simorgh.contracts import UserError
from simorgh.metrics.classification import accuracy, auc, balanced_accuracy, brier
from simorgh.metrics.intervals import Interval
from simorgh.metrics.modes import proportion


@dataclass(frozen=True)
class Bin:
    """Examples whose property lies in [low, high], `n` of them, with 95 % intervals.

    `base_rate` is the share of class 1 and `majority` the share that the more frequent class has; `auc` and
    `balanced_accuracy` are None where one class is missing.
    """

    low: float
    high: float
    n: int
    base_rate: Interval
    majority: float
    accuracy: Interval
    balanced_accuracy: Interval | None
    auc: Interval | None
    brier: Interval


def assign(values: np.ndarray, count: int = 10, kind: Literal["quantile", "width"] = "quantile") -> np.ndarray:
    """(N,) the bin of each value, from 0.

    "quantile": bins of nearly equally many examples, equal values always in one bin, so there may be fewer bins than
    `count`. "width": `count` intervals of one width from the least to the largest value, of which some may be empty.
    """
    values = np.asarray(values, np.float64)
    if count < 1 or values.ndim != 1 or len(values) < count:
        raise UserError(f"{values.size} values cannot fill {count} bins.")
    if kind == "width":
        edges = np.linspace(values.min(), values.max(), count + 1)[1:-1]
        return np.searchsorted(edges, values, side="right")
    edges = np.quantile(values, np.arange(1, count) / count, method="inverted_cdf")
    return np.unique(np.searchsorted(edges, values, side="left"), return_inverse=True)[1]


def along(
    values: np.ndarray, y: np.ndarray, p: np.ndarray, count: int = 10, kind: Literal["quantile", "width"] = "quantile"
) -> list[Bin]:
    """The bins of `values` (N,) that hold at least two examples, with the labels y and probabilities p of class 1."""
    values, y, p = np.asarray(values), np.asarray(y), np.asarray(p)
    bins = assign(values, count, kind)
    members = [bins == b for b in range(bins.max() + 1)]
    return [_bin(values[m], y[m], p[m]) for m in members if m.sum() > 1]


def _bin(values: np.ndarray, y: np.ndarray, p: np.ndarray) -> Bin:
    ones, n = int(y.sum()), len(y)
    both = 0 < ones < n
    return Bin(
        float(values.min()),
        float(values.max()),
        n,
        proportion(ones, n),
        max(ones, n - ones) / n,
        accuracy(y, p),
        balanced_accuracy(y, p) if both else None,
        auc(y, p) if both else None,
        brier(y, p),
    )
