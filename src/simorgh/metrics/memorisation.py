"""Does a model copy its training set? Distances to the nearest training example, of fakes and of unseen real ones.

Every number compares fakes with a test set that the model has not seen: a model that has learnt the law and not
the list puts its samples as far from the training set as the test set lies.

    copying z: Meehan, Chaudhuri and Dasgupta 2020 (arXiv 2004.05675), their C_T with the whole space as one cell
    authenticity: Alaa et al. 2022 (arXiv 2102.08921), section 3.3

Distances are Euclidean in whatever space the arrays are given in. In pixels a blurred image lies near everything:
a low number then says "blurred" as well as "copied", so look at features too, and at `copied`.
"""

from typing import NamedTuple

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.metrics.arrays import feature_pair, features
from simorgh.metrics.classification import placements
from simorgh.metrics.intervals import Interval
from simorgh.metrics.modes import proportion
from simorgh.metrics.prdc import nearest
from simorgh.noise import philox


class Memorisation(NamedTuple):
    """What the distances say. Fresh draws of the true law give the value in brackets.

    Attributes:
        ratio: mean distance of a fake to the training set over that of a test example [1]; below 1 is nearer.
        near: share of fakes at most as far as the nearest 5 % of test examples [`near_floor`, about 0.05].
        farther: chance that a fake is farther from the training set than a test example, ties for half [0.5].
        z: `farther` in standard deviations of the Mann-Whitney statistic [0 -+ 2]; far below 0 is copying.
        authenticity: share of fakes that are farther from their nearest training example than that one is from
            its own nearest [`authenticity_floor`: the same of the test examples; 1/3 in one dimension, rising
            to 1/2 in many].
    """

    ratio: Interval
    near: Interval
    farther: Interval
    z: float
    authenticity: Interval
    near_floor: float
    authenticity_floor: Interval


def memorisation(
    train: Tensor | np.ndarray,
    test: Tensor | np.ndarray,
    fake: Tensor | np.ndarray,
    quantile: float = 0.05,
    chunk: int = 1000,
    draws: int = 1000,
    seed: int = 0,
) -> Memorisation:
    """The numbers for train (n, d), test (m, d) and fake (l, d), by exact search; memory grows as chunk * n.

    `quantile` is the share of test examples that count as near. Intervals are at 95 % for this training set:
    delta method for `ratio`, bootstrap of fakes and test examples (`draws`, fixed by `seed`) for `near`, DeLong
    et al. 1988 for `farther`, Wilson for shares. UserError for shapes that do not fit, and for a test set that is
    contained in the training set.
    """
    if not 0 < quantile < 1:
        raise UserError(f"a share of {quantile} near test examples does not exist: choose between 0 and 1.")
    train, test = feature_pair(train, test)
    fake = features(fake, "the set of fakes").to(train.device)
    if fake.shape[1] != train.shape[1]:
        raise UserError(f"{fake.shape[1]} and {train.shape[1]} features do not compare: take both from one extractor.")
    (of_test, at_test), (of_fake, at_fake) = nearest(test, train, chunk=chunk), nearest(fake, train, chunk=chunk)
    owners, back = torch.cat([at_test, at_fake]).unique(return_inverse=True)
    own = nearest(train[owners], train, skip=owners, chunk=chunk)[0][back]
    authentic = torch.cat([of_test, of_fake]) > own
    authentic_test, authentic_fake = (int(part.sum()) for part in (authentic[: len(test)], authentic[len(test) :]))
    of_test, of_fake = of_test.cpu().numpy(), of_fake.cpu().numpy()
    if not of_test.any():
        raise UserError("every test example is in the training set: give examples that were not trained on.")
    farther, z = mann_whitney(of_fake, of_test)
    return Memorisation(
        ratio=_ratio(of_fake, of_test),
        near=_near(of_fake, of_test, quantile, draws, seed),
        farther=farther,
        z=z,
        authenticity=proportion(authentic_fake, len(fake)),
        near_floor=float((of_test <= np.quantile(of_test, quantile)).mean()),
        authenticity_floor=proportion(authentic_test, len(test)),
    )


def copied(fake: Tensor, train: Tensor) -> float:
    """The share of images `fake` (N, ...) in [0, 1] that, rounded to 256 levels, are equal to one of `train`
    (M, ...) uint8. Features would not do: those of one image differ in the last bits from chunk to chunk."""
    known = {row.tobytes() for row in train.cpu().numpy()}
    rounded = (fake.clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
    return sum(row.tobytes() in known for row in rounded) / len(rounded)


def mann_whitney(a: np.ndarray, b: np.ndarray) -> tuple[Interval, float]:
    """P(a > b) + P(a = b) / 2 for values a (n,) and b (m,) with its 95 % interval, and the z value of U.

    z = (U - n m / 2) / sigma with sigma for ties, no continuity correction (Mann and Whitney 1947); 0 where all
    values are equal. The interval is that of DeLong, DeLong and Clarke-Pearson 1988.
    """
    n, m = len(a), len(b)
    if min(n, m) < 2:
        raise UserError(f"{n} and {m} values cannot be ranked against each other: give at least 2 of each.")
    for_a, for_b = placements(a, b)
    value = float(for_a.mean())
    error = 1.96 * float(for_a.var(ddof=1) / n + for_b.var(ddof=1) / m) ** 0.5
    ties = np.unique(np.concatenate([a, b]), return_counts=True)[1].astype(np.float64)
    whole = n + m
    sigma = (n * m / 12 * (whole + 1 - (ties**3 - ties).sum() / (whole * (whole - 1)))) ** 0.5
    z = (value - 0.5) * n * m / sigma if sigma > 0 else 0.0
    return Interval(value, max(0.0, value - error), min(1.0, value + error), n), float(z)


def _ratio(a: np.ndarray, b: np.ndarray) -> Interval:
    """The ratio of two independent means; its variance by the delta method."""
    value = float(a.mean() / b.mean())
    variance = (a.var(ddof=1) / len(a) + value**2 * b.var(ddof=1) / len(b)) / b.mean() ** 2
    error = float(stats.norm.isf(0.025) * variance**0.5)
    return Interval(value, max(0.0, value - error), value + error, len(a))


def _near(fake: np.ndarray, test: np.ndarray, quantile: float, draws: int, seed: int) -> Interval:
    """The share of fakes within the test quantile; both sets are drawn anew, for the quantile is uncertain too."""
    rng = philox(seed, "memorisation", "near")

    def share(fake: np.ndarray, test: np.ndarray) -> float:
        return float((fake <= np.quantile(test, quantile)).mean())

    found = [
        share(fake[rng.integers(len(fake), size=len(fake))], test[rng.integers(len(test), size=len(test))])
        for _ in range(draws)
    ]
    low, high = np.quantile(found, (0.025, 0.975))
    return Interval(share(fake, test), float(low), float(high), len(fake))
