"""Intervals: how far a number may be from what more data or more seeds would give."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from simorgh.contracts import UserError


class Interval(NamedTuple):
    """An estimate, the ends of its two-sided interval, and the number of values behind it."""

    value: float
    low: float
    high: float
    n: int


def mean_interval(
    values: Tensor | np.ndarray | list[float], level: float = 0.95, kind: Literal["t", "normal"] = "t"
) -> Interval:
    """The mean of independent `values` (n,), n >= 2, with mean -+ quantile * s / sqrt(n).

    "t" takes Student's quantile with n - 1 degrees of freedom (a few seeds or folds); "normal" takes the Gaussian
    one (many images, whose values need not be Gaussian), from 200 values on: of fewer it would promise too much.
    """
    values = _values(values)
    error = values.std(ddof=1) / len(values) ** 0.5
    tail = _tail(level)
    quantile = stats.t.isf(tail, len(values) - 1) if kind == "t" or len(values) < 200 else stats.norm.isf(tail)
    mean = float(values.mean())
    return Interval(mean, mean - float(quantile * error), mean + float(quantile * error), len(values))


def wilson(share: float, n: float, level: float = 0.95) -> Interval:
    """A share of `n` trials with the score interval of Wilson 1927 for a binomial proportion.

    `n` need not be whole: trials that depend on one another count for fewer. The interval's own n is rounded down.
    """
    if not (0 <= share <= 1 and n > 0):
        raise UserError(f"a share of {share} in {n} trials is no proportion.")
    z2 = float(stats.norm.isf(_tail(level))) ** 2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = (z2 * (share * (1 - share) / n + z2 / (4 * n * n))) ** 0.5 / (1 + z2 / n)
    # The ends are exactly 0 and 1 there, up to rounding.
    low, high = (0.0 if share == 0 else centre - half), (1.0 if share == 1 else centre + half)
    return Interval(float(share), float(low), float(high), int(n))


def paired_difference(
    a: Tensor | np.ndarray | list[float],
    b: Tensor | np.ndarray | list[float],
    level: float = 0.95,
    kind: Literal["t", "normal"] = "t",
) -> Interval:
    """The mean of a - b for values measured on the same images, folds or seeds, in the same order.

    The part of the noise that both share cancels; an interval that excludes 0 is a difference at that level.
    """
    a, b = _values(a), _values(b)
    if len(a) != len(b):
        raise UserError(f"{len(a)} and {len(b)} values cannot be paired: measure both on the same examples.")
    return mean_interval(a - b, level, kind)


def jackknife(statistic: Callable[..., float], *samples: Tensor, groups: int = 10) -> Interval:
    """`statistic` of one or more sets of rows, with a 95 % interval from leaving out each of `groups` parts of all of
    them (Quenouille 1956; Tukey 1958): Student's, with groups - 1 degrees of freedom. Its n is the length of the last
    set.

    A part is a run of neighbours: every tenth row would be a class, where labels are given in turn. UserError for a set
    with fewer rows than groups.
    """
    if groups < 2 or min(map(len, samples)) < groups:
        raise UserError(f"a jackknife of {groups} groups needs 2 or more of them and {groups} rows in each set.")
    part = [torch.arange(len(x)) * groups // len(x) for x in samples]
    left = np.array([statistic(*(x[p != g] for x, p in zip(samples, part))) for g in range(groups)])
    value, error = float(statistic(*samples)), float(left.std() * (groups - 1) ** 0.5)
    quantile = float(stats.t.isf(_tail(0.95), groups - 1))
    return Interval(value, value - quantile * error, value + quantile * error, len(samples[-1]))


def _tail(level: float) -> float:
    if not 0 < level < 1:
        raise UserError(f"an interval of level {level} does not exist: choose between 0 and 1, such as 0.95.")
    return (1 - level) / 2


def _values(values: Tensor | np.ndarray | list[float], axes: int | None = 1) -> np.ndarray:
    values = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    values = values.astype(np.float64)
    if values.ndim < 1 or (axes is not None and values.ndim != axes):
        raise UserError(f"values of shape {values.shape} have no interval: give a list of numbers.")
    if len(values) < 2:
        raise UserError(f"{len(values)} values have no interval: measure at least 2.")
    if not np.isfinite(values).all():
        raise UserError("values that are not finite have no interval: look for a diverged run.")
    return values
