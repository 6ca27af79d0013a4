"""The FactorVAE score (Kim & Mnih 2018, arXiv 1802.05983, section 4).

One factor is fixed in a batch of L images. The code whose variance, divided by its variance over all images, is
smallest casts a vote. Each code is then taken to mean the factor for which it voted most often while fitting; the
score is the share of fresh votes that this majority rule reads rightly.

A dead code has 0 / 0 for its normalised variance and would win every vote: ideal codes beside one constant unit would
score 0.19 instead of 1. Dead codes are therefore left out.
"""

import numpy as np
from torch import Tensor

from simorgh.metrics.disentanglement.shared import PRUNE, TEST, TRAIN, Score, active, batches, read
from simorgh.metrics.modes import proportion
from simorgh.noise import philox


def factor_vae_score(
    codes: Tensor | np.ndarray,
    factors: Tensor | np.ndarray,
    size: int = 64,
    train: int = TRAIN,
    test: int = TEST,
    prune: float = PRUNE,
    seed: int = 0,
) -> Score:
    """Accuracy in [0, 1] for codes (N, d) and factors (N, F), with Wilson's interval over the test votes.

    `prune` is a deviation in the units of the codes; 0 leaves out constant codes only. Where no code is left there is
    no vote, and the score is a plain 0. `table` holds the votes (d, F) that fitted the rule.
    """
    codes, factors = read(codes, factors)
    alive = np.flatnonzero(active(codes, prune))
    protocol = (
        f"FactorVAE score (Kim & Mnih 2018): batches of {size} with one factor fixed, codes of deviation below {prune} "
        f"and constant ones pruned, variances divided by those of {len(codes):,} rows, "
        f"majority vote of {train:,} batches, {test:,} to test."
    )
    table = np.zeros((codes.shape[1], factors.shape[1]))
    if not len(alive):
        return Score(0.0, protocol, table)
    scaled = codes[:, alive] / codes[:, alive].std(0)
    rng = philox(seed, "factor-vae")

    def votes(points: int) -> tuple[np.ndarray, np.ndarray]:
        which, variance = batches(scaled, factors, points, size, lambda batch: batch.var(1, ddof=1), rng)
        return which, alive[variance.argmin(1)]

    which, vote = votes(train)
    np.add.at(table, (vote, which), 1)
    truth, vote = votes(test)
    return Score(proportion(int((table.argmax(1)[vote] == truth).sum()), test), protocol, table)
