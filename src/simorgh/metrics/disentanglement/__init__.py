"""How far each code of a representation stands for one factor of the data, by six published scores.

They disagree, and seeds move them as much as methods do (Locatello et al. 2019, arXiv 1811.12359): report all of them,
over at least three trainings, with their protocols.
"""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from simorgh.metrics.disentanglement.beta_vae import beta_vae_score
from simorgh.metrics.disentanglement.dci import completeness_of, dci, disentanglement_of
from simorgh.metrics.disentanglement.factor_vae import factor_vae_score
from simorgh.metrics.disentanglement.mig import mig
from simorgh.metrics.disentanglement.modularity import modularity, modularity_of
from simorgh.metrics.disentanglement.sap import sap
from simorgh.metrics.disentanglement.shared import BINS, PRUNE, Score, read

__all__ = [
    "BINS", "PRUNE", "Score", "beta_vae_score", "completeness_of", "dci", "disentanglement", "disentanglement_of",
    "factor_vae_score", "mig", "modularity", "modularity_of", "sap",
]  # fmt: skip


def disentanglement(
    codes: Tensor | np.ndarray,
    factors: Tensor | np.ndarray,
    names: Sequence[str],
    seed: int = 0,
    prune: float = PRUNE,
) -> dict[str, Score]:
    """All six scores, larger is better, of codes (N, d) for factors (N, F) of whole numbers, called `names`.

    Rows are encoded images in any order; every value of a factor needs two of them. Encode the whole grid, or rows
    drawn at random. `prune` is the deviation below which FactorVAE score and modularity call a code dead, in the
    units of the codes: 0.05 is meant for a prior of deviation 1, 0 for codes without one. Apart from that threshold
    no score depends on the order or the units of the codes. UserError for a factor that has one value only.
    """
    codes, factors = read(codes, factors, names)
    return {
        "beta-vae": beta_vae_score(codes, factors, seed=seed),
        "factor-vae": factor_vae_score(codes, factors, prune=prune, seed=seed),
        "mig": mig(codes, factors),
        **{f"dci-{name}": score for name, score in dci(codes, factors, seed=seed).items()},
        "sap": sap(codes, factors, seed=seed),
        "modularity": modularity(codes, factors, prune=prune),
    }
