r"""DCI: disentanglement, completeness, informativeness (Eastwood & Williams 2018, ICLR, section 2).

A regressor of each factor on all codes gives importances R (d, F). With p the rows or columns of R made to sum to 1,

    disentanglement = sum over codes i of share_i (1 - H_F(p_i.)),      share_i = row sum / sum,
    completeness    = sum over factors f of share_f (1 - H_d(p_.f)),    share_f = column sum / sum,

where H_K is the entropy with logarithms to the base K. Informativeness is the accuracy on rows that were held out.
"""

from typing import Literal

import numpy as np
from scipy.special import entr
from sklearn.ensemble import RandomForestClassifier
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.metrics.disentanglement.shared import TEST, TRAIN, Score, held_out, read, standardised
from simorgh.metrics.modes import proportion
from simorgh.noise import philox

TREES = {"forest": 20, "tree": 1}
"""Bagged trees for each factor, by the name of the estimator."""

LEAF = 5
"""Fewest rows in a leaf: smaller leaves spend importance on codes that are noise."""


def dci(
    codes: Tensor | np.ndarray,
    factors: Tensor | np.ndarray,
    estimator: Literal["forest", "tree"] = "forest",
    train: int = TRAIN,
    test: int = TEST,
    seed: int = 0,
) -> dict[str, Score]:
    """ "disentanglement", "completeness" and "informativeness" in [0, 1] for codes (N, d) and factors (N, F).

    Every split of a tree may use every code, so that an ideal code is never hidden from it; "tree" is the fast
    estimator. Importances are mean decreases of Gini impurity and sum to 1 for each factor, known or not: a factor
    that no code knows adds noise to the first two scores. They have no interval; informativeness has Wilson's for
    the test rows, which is safe, since a mean over factors varies no more than one hit does. `table` holds R.
    """
    if estimator not in TREES:
        raise UserError(f"{estimator!r} is no estimator of importances: choose {' or '.join(TREES)}.")
    codes, factors = read(codes, factors)
    rng = philox(seed, "dci")
    fit, judge = held_out(len(codes), rng, train, test)
    # Trees read float32 and break ties by the place of a column: neither offset nor order of the codes may matter.
    codes = standardised(codes)
    order = sorted(range(codes.shape[1]), key=lambda i: codes[:, i].tolist())
    ranked = codes[:, order]
    table, hits = np.empty((codes.shape[1], factors.shape[1])), 0.0
    for f, factor in enumerate(factors.T):
        forest = RandomForestClassifier(
            TREES[estimator], max_features=None, min_samples_leaf=LEAF, random_state=int(rng.integers(2**31))
        ).fit(ranked[fit], factor[fit])
        table[order, f] = forest.feature_importances_
        hits += (forest.predict(ranked[judge]) == factor[judge]).mean() / factors.shape[1]
    protocol = (
        f"DCI (Eastwood & Williams 2018): importances of {TREES[estimator]} bagged classification trees a factor, at "
        f"least {LEAF} rows a leaf, {len(fit):,} rows to fit, {len(judge):,} to test."
    )
    informative = proportion(round(hits * len(judge)), len(judge))._replace(value=float(hits))
    return {
        "disentanglement": Score(disentanglement_of(table), protocol, table),
        "completeness": Score(completeness_of(table), protocol, table),
        "informativeness": Score(informative, protocol, table),
    }


def disentanglement_of(table: np.ndarray) -> float:
    """1 where every code of importances (d, F) serves one factor; codes of no importance have no weight."""
    sums = table.sum(1, keepdims=True)
    if not sums.any():
        return 0.0
    shares = table / np.where(sums > 0, sums, 1)
    return float(((1 - entr(shares).sum(1) / np.log(table.shape[1])) * sums[:, 0]).sum() / sums.sum())


def completeness_of(table: np.ndarray) -> float:
    """1 where every factor of importances (d, F) is served by one code."""
    return disentanglement_of(table.T)
