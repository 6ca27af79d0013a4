"""How well a controller holds the KL of a VAE at a set point, and whether that set point makes sense.

The trace is one KL a step (or a logged mean of several), in nats per image. The words are those of control theory
(Åström & Murray 2008, "Feedback systems", section 5.3), on a smoothed trace, for the KL of a batch is noisy.
"""

from math import isfinite, log
from typing import NamedTuple

import numpy as np
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.metrics.intervals import Interval, mean_interval

BAND = 0.05
"""A trace has settled within this share of the set point."""

WINDOW = 100
"""Steps of the trailing mean that smooths a trace."""

TAIL = 0.1
"""The last share of a trace, which counts as its steady state."""

BATCHES = 20
"""Batch means from which the interval is taken: 10 to 30 (Schmeiser 1982, "Batch size effects")."""


class Control(NamedTuple):
    """What a trace of the KL says about its controller.

    Attributes:
        settled: the first step from which the smoothed trace stays in the band to its end; None where that is not
            before the steady state begins, for a trace that is in and out ends inside now and then.
        overshoot: nats by which the smoothed trace passes the set point, seen from where it started; 0 where it
            does not.
        error: mean KL - set point over the steady state, in nats. The interval is from means of long batches, which
            are nearly independent where single steps are not.
        protocol: one sentence with every choice that changes these numbers.
    """

    settled: int | None
    overshoot: float
    error: Interval
    protocol: str


def control(
    kl: Tensor | np.ndarray | list[float], set_point: float, band: float = BAND, window: int = WINDOW
) -> Control:
    """Settling, overshoot and steady-state error of a trace kl (T,), T at least `window` and 400.

    The mean trails, so that a trace settles up to `window` steps later than it would without smoothing. The interval
    of the error is honest where a batch, T / 200 steps, is several times longer than the KL remembers.
    """
    kl = np.asarray(kl.detach().cpu() if isinstance(kl, Tensor) else kl, dtype=np.float64)
    least = max(window, round(2 * BATCHES / TAIL))
    if kl.ndim != 1 or len(kl) < least or not np.isfinite(kl).all():
        raise UserError(f"a trace of shape {kl.shape} tells nothing of control: give {least} finite values or more.")
    if not (set_point > 0 and band > 0 and window >= 1):
        raise UserError(f"set point {set_point}, band {band} and window {window} must all be above 0.")
    sums = np.cumsum(kl)
    smooth = (sums[window - 1 :] - np.concatenate(([0], sums[:-window]))) / window
    return Control(
        _settled(smooth, set_point, band, window),
        _overshoot(smooth, set_point, kl[0]),
        _steady(kl - set_point),
        f"Trailing mean of {window} steps, band of {band:.0%} of the set point {set_point:g} nats, steady state of the "
        f"last {TAIL:.0%} of {len(kl):,} steps in {BATCHES} batch means.",
    )


def _settled(smooth: np.ndarray, set_point: float, band: float, window: int) -> int | None:
    outside = np.flatnonzero(np.abs(smooth - set_point) > band * set_point)
    first = outside[-1] + 1 if len(outside) else 0
    step = int(first) + window - 1
    return step if step < (1 - TAIL) * (len(smooth) + window - 1) else None


def _overshoot(smooth: np.ndarray, set_point: float, start: float) -> float:
    side = 1 if start <= set_point else -1
    return float(max(0.0, (side * (smooth - set_point)).max()))


def _steady(error: np.ndarray) -> Interval:
    """The mean of the tail, cut at its start to whole batches."""
    length = int(len(error) * TAIL) // BATCHES
    tail = error[-length * BATCHES :]
    return mean_interval(tail.reshape(BATCHES, length).mean(1))._replace(n=len(tail))


def reachability(set_point: float, plain_kl: float, beta_min: float = 1.0) -> str:
    """One sentence: can a beta of at least `beta_min` bring the KL to `set_point`, when it is `plain_kl` at beta_min?

    The KL of a trained VAE falls as beta grows, so that plain_kl is the most that beta_min allows.
    """
    if not (set_point > 0 and isfinite(plain_kl) and plain_kl >= 0):
        raise UserError(f"a set point of {set_point} and a KL of {plain_kl} nats cannot be compared.")
    if set_point > plain_kl:
        return (
            f"A set point of {set_point:g} nats cannot be reached: the KL is {plain_kl:.4g} nats at beta {beta_min:g}, "
            "and only a smaller beta would raise it."
        )
    return (
        f"A set point of {set_point:g} nats can be reached: the KL is {plain_kl:.4g} nats at beta {beta_min:g}, and a "
        "larger beta lowers it."
    )


def forced_mismatch(kl: float, images: int) -> float:
    """Nats by which the codes of all images together must differ from the prior when the mean KL is `kl`.

    For N images, with q(z) the mean of all q(z | x) (Hoffman & Johnson 2016, "ELBO surgery"),

        mean KL(q(z | x) || p(z)) = I(x; z) + KL(q(z) || p(z)),    I(x; z) <= ln N,

    so KL(q(z) || p(z)) >= kl - ln N: codes drawn from the prior then miss where the decoder was trained. 0 where ln N
    allows the KL to be information alone.
    """
    if not (kl >= 0 and images >= 1):
        raise UserError(f"a mean KL of {kl} nats over {images} images does not exist.")
    return max(0.0, kl - log(images))
