"""Modularity (Ridgeway & Mozer 2018, arXiv 1802.05312, section 3).

A code is modular when it knows about one factor only. With the mutual information m_f of a code and F factors, and
t = max_f m_f, the share of the template that is missed is

    delta = sum over the other factors of m_f^2 / (t^2 (F - 1)),        modularity = mean over codes of 1 - delta.

A dead code, which knows nothing of any factor, has no such share and is left out of the mean, as in the paper;
disentanglement_lib counts it as 0 instead. Duplicates do not lower modularity: it asks nothing of a factor.
"""

import numpy as np
from torch import Tensor

from simorgh.metrics.disentanglement.mig import Binning, discretised, information
from simorgh.metrics.disentanglement.shared import BINS, PRUNE, Score, active, read

NOTHING = 1e-12
"""Mutual information in nats that only rounding can have made."""


def modularity(
    codes: Tensor | np.ndarray,
    factors: Tensor | np.ndarray,
    bins: int = BINS,
    binning: Binning = "width",
    prune: float = PRUNE,
) -> Score:
    """Modularity in [0, 1] for codes (N, d) and factors (N, F), without an interval.

    A code that is noise is not dead. Plug-in information of noise grows with the values of a factor, so noise scores
    well above 0 where some factors have few values and others many: compare with shuffled rows of the same codes.
    `table` holds the mutual information (d, F) in nats.
    """
    codes, factors = read(codes, factors)
    table = information(discretised(codes, bins, binning), factors).mean(2)
    alive = active(codes, prune)
    return Score(
        modularity_of(table[alive]),
        f"Modularity (Ridgeway & Mozer 2018): plug-in mutual information of {len(codes):,} rows, {bins} bins of equal "
        f"{binning}, codes of deviation below {prune} and constant ones left out.",
        table,
    )


def modularity_of(table: np.ndarray) -> float:
    """Modularity of a table (d, F) of mutual information; 0 where no code knows anything."""
    table = table[table.max(1, initial=0) > NOTHING]
    if not len(table):
        return 0.0
    best = table.max(1)
    missed = ((table**2).sum(1) - best**2) / (best**2 * (table.shape[1] - 1))
    return float((1 - missed).mean())
