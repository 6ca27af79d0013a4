"""Two models on the same folds: is the difference more than chance?

The scores of k folds are not independent: any two training parts share most of their examples, so the ordinary t test
finds differences where there are none. Nadeau & Bengio 2003 (Machine Learning 52, 239-281) enlarge the variance of
the mean of J differences from s^2 / J to

    s^2 (1 / J + n_test / n_train),

with J - 1 degrees of freedom; for repeated k-fold J counts all folds of all repeats (Bouckaert & Frank 2004).
"""

from typing import NamedTuple

import numpy as np
from scipy import stats
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.metrics.intervals import Interval


class Paired(NamedTuple):
    """The mean of a - b with its 95 % interval, and the chance `p` of as large a difference if there were none."""

    difference: Interval
    p: float


def corrected_t(
    a: Tensor | np.ndarray | list[float], b: Tensor | np.ndarray | list[float], held_out: float, level: float = 0.95
) -> Paired:
    """The corrected paired t test, two-sided, for the scores a and b (J,) of two models on the same folds.

    `held_out` in (0, 1) is the share of the examples that a fold tests on: 1 / k for k folds. UserError where scores
    cannot be paired.
    """
    a, b = (np.asarray(v, np.float64) for v in (a, b))
    if a.shape != b.shape or a.ndim != 1 or len(a) < 2:
        raise UserError(f"scores of shapes {a.shape} and {b.shape} cannot be paired: give two or more folds of each.")
    if not 0 < held_out < 1:
        raise UserError(f"a share of {held_out} is not held out: for k folds it is 1 / k.")
    difference = a - b
    mean, count = float(difference.mean()), len(difference)
    error = float((difference.var(ddof=1) * (1 / count + held_out / (1 - held_out))) ** 0.5)
    reach = float(stats.t.isf((1 - level) / 2, count - 1)) * error
    interval = Interval(mean, mean - reach, mean + reach, count)
    if error == 0:
        return Paired(interval, 1.0 if mean == 0 else 0.0)
    return Paired(interval, float(2 * stats.t.sf(abs(mean) / error, count - 1)))


def fold_interval(values: Tensor | np.ndarray | list[float], held_out: float, level: float = 0.95) -> Interval:
    """The mean score over J folds with the interval of the same corrected variance."""
    return corrected_t(values, np.zeros(len(values)), held_out, level).difference
