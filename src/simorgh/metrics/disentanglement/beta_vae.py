"""The beta-VAE score (Higgins et al. 2017, "beta-VAE", section 3, "disentanglement metric").

One factor is chosen, and both images of each of L pairs have the same value of it. A code that carries it and nothing
else differs by 0 within every pair, so a linear classifier tells the factor from the mean absolute differences of the
codes. The accuracy is the score.

Known weakness: the differences of a rotated truth still differ from factor to factor, so that a linear classifier
may read them; the score is near 1 for codes that no other score calls disentangled.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from simorgh.metrics.disentanglement.shared import TEST, TRAIN, Score, batches, read, standardised
from simorgh.metrics.modes import proportion
from simorgh.noise import philox


def beta_vae_score(
    codes: Tensor | np.ndarray,
    factors: Tensor | np.ndarray,
    pairs: int = 64,
    train: int = TRAIN,
    test: int = TEST,
    seed: int = 0,
) -> Score:
    """Accuracy in [1/F or so, 1] for codes (N, d) and factors (N, F), with Wilson's interval over the test points.

    Codes are standardised first, which the paper does not do: logistic regression with a penalty would otherwise
    depend on their units.
    """
    codes, factors = read(codes, factors)

    def difference(batch: np.ndarray) -> np.ndarray:
        return np.abs(batch[:, ::2] - batch[:, 1::2]).mean(1)

    rng = philox(seed, "beta-vae")
    scaled = standardised(codes)
    which, x = batches(scaled, factors, train, 2 * pairs, difference, rng, group=2)
    judge = LogisticRegression(max_iter=1000).fit(x, which)
    truth, x = batches(scaled, factors, test, 2 * pairs, difference, rng, group=2)
    hits = int((judge.predict(x) == truth).sum())
    return Score(
        proportion(hits, test),
        f"beta-VAE score (Higgins et al. 2017): {pairs} pairs a point, logistic regression with L2 penalty (C 1) on "
        f"mean absolute differences of standardised codes, {train:,} points to fit, {test:,} to test.",
    )
