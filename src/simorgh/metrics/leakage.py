"""How much of the label can be read from a code.

A code that is independent of the label lets no classifier beat the share of the commonest class. A conditional
model that gets the label beside its code should approach that floor, an unconditional one should not.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.metrics.intervals import Interval, mean_interval
from simorgh.noise import philox


@dataclass(frozen=True)
class Leakage:
    """Held-out accuracies in [0, 1] of a linear and of a nearest-neighbour reader, and what guessing earns.

    Intervals are Student's t over the folds; folds share training data, so they are somewhat too narrow.
    """

    logistic: Interval
    neighbours: Interval
    chance: float


def leakage(
    codes: Tensor | np.ndarray, labels: Tensor | np.ndarray, folds: int = 5, neighbours: int = 15, seed: int = 0
) -> Leakage:
    """Reads labels (N,) from codes (N, d) by logistic regression and by `neighbours` nearest neighbours.

    Codes are standardised within each fold's training part; folds are stratified and fixed by `seed`.
    """
    codes, labels = (p.detach().cpu().numpy() if isinstance(p, Tensor) else np.asarray(p) for p in (codes, labels))
    codes = codes.astype(np.float64)
    if codes.ndim != 2 or labels.shape != codes.shape[:1]:
        raise UserError(f"codes {codes.shape} and labels {labels.shape} do not match: give (N, d) and (N,).")
    if not np.isfinite(codes).all():
        raise UserError("the codes hold values that are not finite: look for a diverged model.")
    counts = np.unique(labels, return_counts=True)[1]
    if len(counts) < 2 or folds < 2 or counts.min() < folds:
        raise UserError(
            f"{folds} folds need two classes or more with {folds} examples each: give more examples or fewer folds."
        )
    if not 1 <= neighbours <= len(labels) * (folds - 1) // folds:
        raise UserError(f"{neighbours} neighbours cannot be found among {len(labels)} codes: ask for fewer.")
    order = philox(seed, "leakage").permutation(len(labels))
    codes, labels = codes[order], labels[order]
    readers = (LogisticRegression(max_iter=1000), KNeighborsClassifier(neighbours))
    scores = [[], []]
    for train, test in StratifiedKFold(folds).split(codes, labels):
        for reader, score in zip(readers, scores):
            fitted = make_pipeline(StandardScaler(), reader).fit(codes[train], labels[train])
            score.append(fitted.score(codes[test], labels[test]))
    return Leakage(mean_interval(scores[0]), mean_interval(scores[1]), float(counts.max() / len(labels)))
