"""How good the probabilities of a classifier of two classes are, with intervals.

Everywhere `y` (N,) holds 0 or 1 and `p` (N,) the probability of class 1 that was said before y was known. Ranking:
the area under the ROC curve. Decisions at one half: accuracy and balanced accuracy. Honesty of the numbers: the score
of Brier 1950 and the expected calibration error (Naeini et al. 2015), here in bins of equally many examples.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, brier_score_loss, roc_auc_score
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.metrics.intervals import Interval, mean_interval
from simorgh.metrics.modes import proportion
from simorgh.noise import philox

Values = Tensor | np.ndarray | list


class Reliability(NamedTuple):
    """What was said and what came true, in bins of `n` (bins,) examples: the mean of `said` p, the share of class 1
    that was `found`; `error` in [0, 1] is the mean distance of the two over examples. `floor` is what probabilities
    that are exactly right have for an error with as many examples, on average and in 95 % of cases: chance alone
    keeps it above 0."""

    said: np.ndarray
    found: np.ndarray
    n: np.ndarray
    error: float
    floor: Interval


def auc(y: Values, p: Values, level: float = 0.95) -> Interval:
    """The chance that an example of class 1 has the larger p than one of class 0, ties for half.

    The variance is that of DeLong et al. 1988, and the interval is taken on the logit, so that it stays in (0, 1).
    Where every pair is in order that variance is 0 whatever N; then the interval is that of as many independent pairs
    as the rarer class has examples, all in order (Clopper & Pearson 1934). UserError without both classes.
    """
    y, p = _checked(y, p)
    ones, zeros = p[y == 1], p[y == 0]
    if not len(ones) or not len(zeros):
        raise UserError("an area under the ROC curve needs examples of both classes.")
    value = float(roc_auc_score(y, p))
    tail = (1 - level) / 2
    if value in (0.0, 1.0):
        bound = tail ** (1 / min(len(ones), len(zeros)))
        return Interval(value, bound, 1.0, len(y)) if value else Interval(value, 0.0, 1 - bound, len(y))
    above, below = placements(ones, zeros)
    variance = sum(float(part.var(ddof=1)) / len(part) for part in (above, below) if len(part) > 1)
    if min(len(ones), len(zeros)) == 1:  # no variance over one example: the widest that there can be
        variance += value * (1 - value)
    reach = stats.norm.isf(tail) * variance**0.5 / (value * (1 - value))
    odds = np.log(value / (1 - value))
    low, high = (1 / (1 + np.exp(-(odds + side * reach))) for side in (-1, 1))
    return Interval(value, float(low), float(high), len(y))


def placements(ones: np.ndarray, zeros: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each example of class 1 the share of zeros below it, for each of class 0 the share of ones above it, ties
    for half; the structural components of DeLong et al. 1988, by ranks (Sun & Xu 2014)."""
    both = stats.rankdata(np.concatenate([ones, zeros]))
    above = (both[: len(ones)] - stats.rankdata(ones)) / len(zeros)
    below = 1 - (both[len(ones) :] - stats.rankdata(zeros)) / len(ones)
    return above, below


def accuracy(y: Values, p: Values) -> Interval:
    """The share of right answers at p > 1/2, with the interval of Wilson 1927."""
    y, p = _checked(y, p)
    return proportion(int(((p > 0.5) == y).sum()), len(y))


def balanced_accuracy(y: Values, p: Values) -> Interval:
    """The mean over the classes of the share of right answers, 1/2 for a constant one. The interval joins those of
    Wilson for both shares by squares (Newcombe 1998)."""
    y, p = _checked(y, p)
    if len(np.unique(y)) < 2:
        raise UserError("balanced accuracy needs examples of both classes.")
    parts = [proportion(int(((p > 0.5) == y)[y == c].sum()), int((y == c).sum())) for c in (0, 1)]
    value = float(balanced_accuracy_score(y, p > 0.5))
    down = sum((part.value - part.low) ** 2 for part in parts) ** 0.5 / 2
    up = sum((part.high - part.value) ** 2 for part in parts) ** 0.5 / 2
    return Interval(value, value - down, value + up, len(y))


def brier(y: Values, p: Values) -> Interval:
    """The mean of (p - y)^2, 0 at best; a constant p = mean y has mean y (1 - mean y)."""
    y, p = _checked(y, p)
    error = mean_interval((p - y) ** 2, kind="normal")
    return Interval(float(brier_score_loss(y, p)), max(0.0, error.low), min(1.0, error.high), error.n)


def reliability(y: Values, p: Values, bins: int = 10, draws: int = 1000, seed: int = 0) -> Reliability:
    """What was said against what came true, in `bins` of equally many examples in the order of p.

    Where a bin ends among equal p, their labels count by their mean: the order of such examples means nothing. The
    expected calibration error of as many examples whose labels are drawn by p, `draws` times, is the floor.
    """
    y, p = _checked(y, p)
    if not 1 <= bins <= len(y):
        raise UserError(f"{len(y)} examples cannot fill {bins} bins: ask for 1 to {len(y)}.")
    order = np.argsort(p, kind="stable")
    y, p = y[order], p[order]
    first = np.flatnonzero(np.diff(p, prepend=-1))  # of each run of equal p
    alike = np.diff([*first, len(p)])

    def shared(labels: np.ndarray) -> np.ndarray:
        return np.repeat(np.add.reduceat(labels.astype(np.float64), first, axis=-1) / alike, alike, axis=-1)

    starts = np.arange(bins) * len(p) // bins
    n = np.diff([*starts, len(p)])
    said = np.add.reduceat(p, starts) / n
    found = np.add.reduceat(shared(y), starts) / n
    drawn = shared(philox(seed, "reliability", len(p)).random((draws, len(p))) < p)
    again = (np.abs(np.add.reduceat(drawn, starts, axis=1) / n - said) * n).sum(1) / len(p)
    low, high = np.quantile(again, (0.025, 0.975))
    floor = Interval(float(again.mean()), float(low), float(high), len(p))
    return Reliability(said, found, n, float((np.abs(found - said) * n).sum() / len(p)), floor)


def _checked(y: Values, p: Values) -> tuple[np.ndarray, np.ndarray]:
    y, p = (v.detach().cpu().numpy() if isinstance(v, Tensor) else np.asarray(v) for v in (y, p))
    p = p.astype(np.float64)
    if y.shape != p.shape or y.ndim != 1 or len(y) < 2:
        raise UserError(
            f"labels of shape {y.shape} and probabilities of shape {p.shape} do not fit: give (N,) of each."
        )
    if not np.isin(y, (0, 1)).all():
        raise UserError("labels of two classes are 0 or 1.")
    if not ((p >= 0) & (p <= 1)).all():
        raise UserError("probabilities lie in [0, 1]: look for scores in their place, or a diverged model.")
    return y.astype(np.int64), p
