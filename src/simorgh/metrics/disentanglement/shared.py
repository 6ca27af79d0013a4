"""What the scores of disentanglement share: how they read codes and factors, draw batches and say what they did."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.metrics.arrays import features
from simorgh.metrics.intervals import Interval

PRUNE = 0.05
"""A code is dead when its deviation over all rows is below this (Locatello et al. 2019, arXiv 1811.12359, on codes
whose prior has deviation 1), or when it is constant, whatever the threshold."""

BINS = 20
"""Bins of a code where its mutual information with a factor is counted (Locatello et al. 2019)."""

TRAIN, TEST = 10_000, 5_000
"""Points or rows that fit a score and, apart from them, those that it is measured on (Locatello et al. 2019)."""


@dataclass(frozen=True)
class Score:
    """What one metric says about d codes and F factors.

    Attributes:
        result: an Interval where one can be had, otherwise a plain number; `value` is the number in both cases. The
            interval tells what other draws or rows would give for these codes; it knows nothing of other trainings.
        protocol: one sentence with every choice that changes the number.
        table: (d, F) the evidence: votes, nats, importances or accuracies; None where there is none.
    """

    result: Interval | float
    protocol: str
    table: np.ndarray | None = None

    @property
    def value(self) -> float:
        return self.result.value if isinstance(self.result, Interval) else self.result


def read(
    codes: Tensor | np.ndarray, factors: Tensor | np.ndarray, names: Sequence[str] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """float64 codes (N, d) and factors (N, F) whose values are numbered 0, 1, ... without gaps.

    UserError unless d and F are at least 2, factors are whole numbers, one row a code, and each takes two values.
    """
    codes = features(codes, "the matrix of codes").cpu().numpy()
    factors = factors.detach().cpu().numpy() if isinstance(factors, Tensor) else np.asarray(factors)
    if factors.ndim != 2 or len(factors) != len(codes) or factors.dtype.kind not in "iu":
        raise UserError(
            f"factors of type {factors.dtype} and shape {factors.shape} do not describe {len(codes)} codes: give one "
            "row of whole numbers for each code."
        )
    if codes.shape[1] < 2 or factors.shape[1] < 2:
        raise UserError(
            f"{codes.shape[1]} code and {factors.shape[1]} factor columns leave nothing to disentangle: "
            "give at least 2 of each."
        )
    names = [f"factor {i}" for i in range(factors.shape[1])] if names is None else list(names)
    if len(names) != factors.shape[1]:
        raise UserError(f"{len(names)} names do not fit {factors.shape[1]} factors: give one for each column.")
    for name, column in zip(names, factors.T):
        if (column == column[0]).all():
            raise UserError(f"{name} has the same value in every row, so no code can follow it: leave its column out.")
    return codes, np.stack([np.unique(column, return_inverse=True)[1] for column in factors.T], axis=1)


def active(codes: np.ndarray, prune: float) -> np.ndarray:
    """(d,) which codes are not dead. The range decides about constancy: a deviation of equal numbers may round."""
    if prune < 0:
        raise UserError(f"a pruning threshold of {prune} means nothing: choose 0 or a deviation above.")
    return (np.ptp(codes, axis=0) > 0) & (codes.std(axis=0) >= prune)


def standardised(codes: np.ndarray) -> np.ndarray:
    """Each column with mean 0 and deviation 1; a constant one becomes 0."""
    moving = np.ptp(codes, axis=0) > 0
    return np.where(moving, (codes - codes.mean(0)) / np.where(moving, codes.std(0), 1), 0)


def batches(
    codes: np.ndarray,
    factors: np.ndarray,
    points: int,
    size: int,
    statistic: Callable[[np.ndarray], np.ndarray],
    rng: np.random.Generator,
    chunk: int = 1000,
    group: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Which factor was fixed (points,), and a `statistic` (p, size, d) -> (p, d) of batches in which `group` neighbours
    share its value; None for all of a batch.

    The factor is drawn uniformly, a value by drawing a row; who shares it is drawn from all rows with that value, with
    replacement.
    """
    group = group or size
    counts = [np.bincount(column) for column in factors.T]
    if min(c.min() for c in counts) < 2:
        raise UserError("a value of a factor that stands in one row only leaves no batch: encode two rows of each.")
    if points < 1 or size < 2:
        raise UserError(f"{points} batches of {size} rows give no score: ask for 1 or more of 2 or more.")
    which = rng.integers(factors.shape[1], size=points)
    found = np.empty((points, codes.shape[1]))
    for f, (column, count) in enumerate(zip(factors.T, counts)):
        order, start = np.argsort(column, kind="stable"), np.concatenate(([0], np.cumsum(count)[:-1]))
        mine = np.flatnonzero(which == f)
        for part in np.split(mine, range(chunk, len(mine), chunk)):
            value = column[rng.integers(len(column), size=(len(part), size // group))].repeat(group, 1)
            place = (rng.random((len(part), size)) * count[value]).astype(np.int64)
            found[part] = statistic(codes[order[start[value] + place]])
    return which, found


def held_out(n: int, rng: np.random.Generator, train: int, test: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows that fit and other rows that judge; from fewer than train + test rows, two thirds and one third."""
    if n < 3:
        raise UserError(f"{n} rows cannot be split into a part that fits and a part that judges: encode more.")
    train = train if n >= train + test else 2 * n // 3
    rows = rng.permutation(n)
    return rows[:train], rows[train : train + test]
