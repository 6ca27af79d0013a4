"""The Fréchet distance at an endless number of samples (Chong and Forsyth 2020, arXiv 1911.07023, section 4).

The plain value is biased upward by about c / N, where c depends on the model: two models may change places as N
grows. The distance of subsets of several sizes N is fitted by a straight line in 1/N, whose intercept is free of
that bias. Both sets are cut to N, so that the finite set of real examples leaves no bias either.
"""

from typing import NamedTuple

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.metrics.arrays import feature_pair
from simorgh.metrics.frechet import frechet_distance
from simorgh.metrics.intervals import Interval
from simorgh.noise import philox


class Extrapolation(NamedTuple):
    """The fitted line: value = intercept + slope / N, in squared units of the features.

    Attributes:
        intercept: the extrapolated distance with its 95 % interval; a value below 0 is legitimate.
        error: standard error of the intercept.
        slope: the bias of one sample; plain distances at N are too large by about slope / N.
        sizes, values: the points (k,) that the line was fitted to, the last one at all samples.
    """

    intercept: Interval
    error: float
    slope: float
    sizes: np.ndarray
    values: np.ndarray


def frechet_extrapolated(
    x: Tensor | np.ndarray, y: Tensor | np.ndarray, points: int = 15, groups: int = 10, seed: int = 0
) -> Extrapolation:
    """The extrapolated distance of x (n, d) and y (m, d) from `points` sizes from half of n to n rows.

    Of the larger set only the first min(n, m) rows are used.

    The points share rows, so their scatter about the line says little: the standard error is that of leaving out
    one of `groups` runs of neighbours of both sets and fitting anew (Quenouille 1956), the interval Student's with
    groups - 1 degrees of freedom; every tenth row would be a class where labels are given in turn. It costs
    points * (groups + 1) distances. Subsets are fixed by `seed`.

    UserError where half of the rows, with a group left out, are not more than d: the bias is no line in 1/N there.
    """
    x, y = feature_pair(x, y)
    n = min(len(x), len(y))
    if points < 3 or groups < 2:
        raise UserError(f"{points} points and {groups} groups fit no line with an error: give at least 3 and 2.")
    if n // groups == 0 or (n - -(-n // groups)) // 2 <= x.shape[1]:
        raise UserError(
            f"{n} rows are too few to extrapolate distances of {x.shape[1]} features: give more than "
            f"{int(2 * x.shape[1] * groups / (groups - 1)) + 2}."
        )
    orders = [[philox(seed, "extrapolation", i, side).permutation(n) for side in "xy"] for i in range(points)]
    group = np.arange(n) * groups // n
    sizes, values = _points(x, y, orders, np.ones(n, dtype=bool))
    intercept, slope = _line(sizes, values)
    left = np.array([_line(*_points(x, y, orders, group != g))[0] for g in range(groups)])
    error = float(((groups - 1) / groups * ((left - left.mean()) ** 2).sum()) ** 0.5)
    reach = float(stats.t.isf(0.025, groups - 1)) * error
    return Extrapolation(Interval(intercept, intercept - reach, intercept + reach, n), error, slope, sizes, values)


def _points(x: Tensor, y: Tensor, orders: list[list[np.ndarray]], kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sizes and distances. A subset is the beginning of an order of all rows, less those that are not `kept`, so
    that leaving out a group changes no other row of it."""
    n = int(kept.sum())
    sizes = np.linspace(n // 2, n, len(orders)).astype(int)
    values = []
    for size, (one, two) in zip(sizes, orders):
        rows = [torch.from_numpy(order[kept[order]][:size]).to(x.device) for order in (one, two)]
        values.append(frechet_distance(x[rows[0]], y[rows[1]]))
    return sizes, np.array(values)


def _line(sizes: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Intercept and slope of the least-squares line in 1/N."""
    slope, intercept = np.polyfit(1 / sizes, values, 1)
    return float(intercept), float(slope)
