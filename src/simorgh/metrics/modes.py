"""How many modes a generator hits, and whether it has collapsed.

A judge reads a mode from each of n samples; an ideal generator draws all K modes equally often. The covered modes
and the divergence from the uniform law are those of Metz et al. 2017 (arXiv 1611.02163, section 3.3.1; 25,600
samples of 1,000 modes), Srivastava et al. 2017 (arXiv 1705.07761; 26,000) and Lin et al. 2018 (arXiv 1712.04086).

Both depend on n even for an ideal generator, so they come with its expectation at the same n:

    E covered = K (1 - (1 - 1/K)^n)
    E KL      = log K + K E[(X/n) log(X/n)],  X ~ Binomial(n, 1/K)      about (K - 1) / (2 n) for n >> K
"""

from typing import NamedTuple

import numpy as np
import torch
from scipy import stats
from scipy.special import xlogy
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.metrics.arrays import feature_pair
from simorgh.metrics.intervals import Interval, wilson
from simorgh.metrics.prdc import nearest
from simorgh.noise import philox

SHARE = (0.5, 1.5)
"""A mode is (nearly) lost or dominant when its share of the samples leaves this range of multiples of 1/K (of ten: 5 to
15 %) and when chance alone does not explain it: the simultaneous 95 % interval of the share excludes 1/K."""

COVERED = 0.95
"""Modes are missing below this share of the modes that an ideal generator is expected to cover with as many samples,
when chance alone does not explain it: 95 % of ideal sample sets cover more."""

DUPLICATES = 0.5
"""Samples are the same over and over when more than this share of them are near-duplicates."""


class Coverage(NamedTuple):
    """What n labels say about K modes.

    Attributes:
        covered: number of modes hit, 0 to K.
        kl: KL(shares || uniform) in nats, 0 to log K.
        shares: (K,) share of each mode; `low` and `high` are simultaneous 95 % intervals (exact, safe).
        covered_floor, kl_floor: the expectation for an ideal generator at n samples, with the range that holds
            95 % of ideal sample sets.
    """

    covered: Interval
    kl: Interval
    shares: np.ndarray
    low: np.ndarray
    high: np.ndarray
    covered_floor: Interval
    kl_floor: Interval


def mode_coverage(guessed: Tensor | np.ndarray, modes: int, draws: int = 1000, seed: int = 0) -> Coverage:
    """Coverage of `modes` by the labels guessed (n,), whole numbers from 0 to modes - 1; n is at least 2.

    The intervals of `covered` and `kl` are for their expectation at n samples, which is what a floor at n is
    compared with: the deviations of `draws` multinomial samples from their own mean, turned around the value. Those
    samples have the found shares, after Good 1953 where modes are missing; they cannot know of rare modes of which
    the labels give no hint. UserError for labels outside the range.
    """
    guessed = torch.as_tensor(guessed).detach().cpu().numpy()
    if modes < 2 or guessed.ndim != 1 or len(guessed) < 2 or guessed.dtype.kind not in "iu":
        raise UserError(f"labels of shape {guessed.shape} show no coverage of {modes} modes: give 2 or more integers.")
    if guessed.min() < 0 or guessed.max() >= modes:
        raise UserError(f"labels from {guessed.min()} to {guessed.max()} are not among {modes} modes.")
    n = len(guessed)
    counts = np.bincount(guessed, minlength=modes)
    found, rng = _numbers(counts), philox(seed, "modes", modes, n)
    again = _numbers(rng.multinomial(n, _smoothed(counts), draws))
    ideal = _numbers(rng.multinomial(n, np.full(modes, 1 / modes), draws))
    ends = (float(modes), float(np.log(modes)))
    low, high = _simultaneous(counts)
    return Coverage(
        *(_around(float(v), a, end, n) for v, a, end in zip(found, again, ends)),
        counts / n,
        low,
        high,
        *(Interval(e, *_range(i), n) for e, i in zip((expected_covered(modes, n), expected_kl(modes, n)), ideal)),
    )


def expected_covered(modes: int, n: int) -> float:
    """The expected number of modes that n uniform draws hit: K (1 - (1 - 1/K)^n)."""
    return float(-modes * np.expm1(n * np.log1p(-1 / modes)))


def expected_kl(modes: int, n: int) -> float:
    """The expected KL(shares || uniform) of n uniform draws in nats, by summing over the binomial of one mode."""
    hits = np.arange(n + 1)
    share = hits / n
    return float(np.log(modes) + modes * (stats.binom.pmf(hits, n, 1 / modes) * xlogy(share, share)).sum())


def proportion(hits: int, n: int, level: float = 0.95) -> Interval:
    """hits / n with the interval of Wilson 1927 for a binomial proportion."""
    if not 0 <= hits <= n or n < 1:
        raise UserError(f"{hits} of {n} is no proportion.")
    return wilson(hits / n, n, level)


def near_duplicates(
    fake: Tensor | np.ndarray, real: Tensor | np.ndarray, closeness: float = 0.05, chunk: int = 1000
) -> float:
    """The share of fakes (n, d) that have another fake nearer than `closeness` times what 99 % of real examples
    (m, d) keep from each other; near 0 for fresh draws of the true law.

    The first min(n, m) rows of both are compared, for distances shrink with the number of examples. Pixels will do;
    a smaller `closeness` forgives models with a code of one or two dimensions, whose many samples lie close by.
    """
    if closeness <= 0:
        raise UserError(f"a closeness of {closeness} finds nothing: choose above 0, such as 0.05.")
    fake, real = feature_pair(fake, real)
    n = min(len(fake), len(real))
    rows = torch.arange(n, device=fake.device)
    of_fake, of_real = (nearest(part[:n], part[:n], skip=rows, chunk=chunk)[0] for part in (fake, real))
    return float((of_fake <= closeness * of_real.quantile(0.01)).double().mean())


def collapse(found: Coverage, duplicates: float = 0.0) -> str | None:
    """One sentence that says how a set of samples has collapsed, None for a healthy one.

    Looks, in this order, for near-duplicates (`near_duplicates`, above DUPLICATES), for missing modes (below COVERED
    of the floor) and for modes whose share leaves SHARE; the worst mode is named.
    """
    modes, n = len(found.shares), found.covered.n
    if duplicates > DUPLICATES:
        return f"Collapsed: {duplicates:.0%} of the samples are near-duplicates of another sample."
    if found.covered.value < min(COVERED * found.covered_floor.value, found.covered_floor.low):
        return (
            f"Collapsed: {n:,} samples hit {found.covered.value:,.0f} of {modes:,} modes, where an ideal generator "
            f"hits {found.covered_floor.value:,.0f}."
        )
    relative = found.shares * modes
    chance = (found.low * modes <= 1) & (found.high * modes >= 1)
    for word, outside in (("lost", relative < SHARE[0]), ("dominant", relative > SHARE[1])):
        odd = outside & ~chance
        if odd.any():
            worst = int(np.where(odd, np.abs(relative - 1), -1).argmax())
            nearly = "nearly " if word == "lost" and found.shares[worst] else ""
            return (
                f"Collapsed: mode {worst} is {nearly}{word}, with {100 * found.shares[worst]:.2g}% of the samples "
                f"instead of {100 / modes:.2g}%."
            )
    return None


def _numbers(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Covered modes and KL from uniform for counts (..., K)."""
    shares = counts / counts.sum(-1, keepdims=True)
    return (counts > 0).sum(-1), np.log(counts.shape[-1]) + xlogy(shares, shares).sum(-1)


def _range(values: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def _around(value: float, again: np.ndarray, end: float, n: int) -> Interval:
    low, high = _range(again)
    mean = float(again.mean())
    return Interval(value, max(0.0, value + mean - high), min(end, value + mean - low), n)


def _smoothed(counts: np.ndarray) -> np.ndarray:
    """Shares in which the modes not seen have together what Good 1953 gives them: the share of modes seen once."""
    n, unseen = counts.sum(), counts == 0
    if not unseen.any():
        return counts / n
    rest = min(0.5, (counts == 1).sum() / n)
    return np.where(unseen, rest / unseen.sum(), counts / n * (1 - rest))


def _simultaneous(counts: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Exact binomial intervals (Clopper and Pearson 1934) that hold together, by Bonferroni over the modes."""
    n, tail = counts.sum(), (1 - level) / 2 / len(counts)
    low = np.where(counts > 0, stats.beta.ppf(tail, np.maximum(counts, 1), n - counts + 1), 0)
    high = np.where(counts < n, stats.beta.isf(tail, counts + 1, np.maximum(n - counts, 1)), 1)
    return low, high
