"""The SAP score, "separated attribute predictability" (Kumar et al. 2018, arXiv 1711.00848, section 3).

Each code alone predicts each factor; the score is the difference between the best and the second best code, averaged
over factors. For categorical factors Kumar et al. put thresholds on the code and count balanced accuracy.

Even an ideal code does not score 1, for the second best still guesses one value in K: the ceiling is the mean over
factors of 1 - 1 / K. Implementations that use one linear support vector machine a value score on another scale.
"""

import numpy as np
from sklearn.tree import DecisionTreeClassifier
from torch import Tensor

from simorgh.metrics.disentanglement.shared import TEST, TRAIN, Score, held_out, read, standardised
from simorgh.metrics.intervals import mean_interval
from simorgh.noise import philox


def sap(
    codes: Tensor | np.ndarray, factors: Tensor | np.ndarray, train: int = TRAIN, test: int = TEST, seed: int = 0
) -> Score:
    """The gap in [0, 1) for codes (N, d) and factors (N, F), with a normal 95 % interval over the rows that judge.

    K - 1 thresholds for a factor of K values, put by a decision tree with balanced classes. The interval holds the
    thresholds and the two best codes fixed. `table` holds the balanced accuracy (d, F).
    """
    codes, factors = read(codes, factors)
    fit, judge = held_out(len(codes), philox(seed, "sap"), train, test)
    codes = standardised(codes)  # trees read float32, where a large offset would hide a code
    table = np.empty((codes.shape[1], factors.shape[1]))
    rows = np.zeros(len(judge))
    for f, factor in enumerate(factors.T):
        truth = factor[judge]
        counts = np.bincount(truth, minlength=factor.max() + 1)
        # Weights with which a mean over rows is the mean over values of the share of hits.
        weight = len(judge) / (counts[truth] * (counts > 0).sum())
        hits = np.empty((codes.shape[1], len(judge)))
        for i, code in enumerate(codes.T[:, :, None]):
            tree = DecisionTreeClassifier(max_leaf_nodes=factor.max() + 1, class_weight="balanced", random_state=0)
            hits[i] = weight * (tree.fit(code[fit], factor[fit]).predict(code[judge]) == truth)
        table[:, f] = hits.mean(1)
        first, second = np.argsort(-table[:, f], kind="stable")[:2]
        rows += (hits[first] - hits[second]) / factors.shape[1]
    ceiling = (1 - 1 / (factors.max(0) + 1)).mean()
    return Score(
        mean_interval(rows, kind="normal"),
        f"SAP (Kumar et al. 2018): balanced accuracy of K - 1 thresholds on one code, {len(fit):,} rows to fit, "
        f"{len(judge):,} to test, best less second best; the ceiling for these factors is {ceiling:.3f}.",
        table,
    )
