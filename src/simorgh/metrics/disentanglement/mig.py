"""The mutual information gap (Chen et al. 2018, arXiv 1802.04942, section 4).

    MIG = mean over factors v of (I(z_a; v) - I(z_b; v)) / H(v),

z_a and z_b being the two codes that know most about v. Codes are cut into bins, and all quantities are those of the
table of counts (plug-in estimates, in nats). Chen et al. integrate over samples of q(z | x); on one code an image, as
here and in Locatello et al. 2019, the number is another one. Never compare the two.
"""

from typing import Literal

import numpy as np
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.metrics.disentanglement.shared import BINS, Score, read
from simorgh.metrics.intervals import Interval, mean_interval

Binning = Literal["width", "count"]


def mig(
    codes: Tensor | np.ndarray, factors: Tensor | np.ndarray, bins: int = BINS, binning: Binning = "width"
) -> Score:
    """The gap in [0, 1] for codes (N, d) and factors (N, F), with a normal 95 % interval by the delta method.

    The interval is for N rows drawn at random; where the rows are all there are, the score is exact for them. It
    holds bins and the two best codes fixed. "width" cuts the range of a code evenly, so that one outlier can squeeze
    all others into few bins; "count" cuts at quantiles. `table` holds the mutual information (d, F) in nats.
    """
    codes, factors = read(codes, factors)
    known = information(discretised(codes, bins, binning), factors)
    table = known.mean(2)
    rows = np.zeros(len(codes))
    for f, column in enumerate(factors.T):
        first, second = np.argsort(-table[:, f], kind="stable")[:2]
        surprise = -np.log(np.bincount(column)[column] / len(column))
        entropy = surprise.mean()
        gap = (table[first, f] - table[second, f]) / entropy
        # The mean of these rows is the gap, and their spread is that of its influence function.
        rows += (known[first, f] - known[second, f] - gap * (surprise - entropy)) / entropy
    found = mean_interval(rows / factors.shape[1], kind="normal")
    return Score(
        Interval(found.value, max(0.0, found.low), min(1.0, found.high), found.n),
        f"MIG (Chen et al. 2018) of one code an image: {bins} bins of equal {binning}, plug-in mutual information of "
        f"{len(codes):,} rows, mean over {factors.shape[1]} factors.",
        table,
    )


def discretised(codes: np.ndarray, bins: int = BINS, binning: Binning = "width") -> np.ndarray:
    """The number of the bin, (N, d) from 0, of every code."""
    if bins < 2:
        raise UserError(f"{bins} bin tells nothing about a code: choose 2 or more.")
    if binning == "count":
        inner = np.arange(1, bins) / bins
        return np.stack([np.quantile(c, inner).searchsorted(c, side="right") for c in codes.T], axis=1)
    low, span = codes.min(0), np.ptp(codes, axis=0)
    share = (codes - low) / np.where(span > 0, span, 1)
    # A value on an edge goes up even where rounding, which depends on the units of the code, has put it just below.
    return np.minimum(np.floor(share * bins + 1e-9), bins - 1).astype(np.int64)


def information(binned: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """(d, F, N) log p(z, v) / (p(z) p(v)) of every row in nats, whose mean over rows is the mutual information."""
    found = np.empty((binned.shape[1], factors.shape[1], len(binned)))
    for i, code in enumerate(binned.T):
        for f, factor in enumerate(factors.T):
            counts = np.zeros((code.max() + 1, factor.max() + 1))
            np.add.at(counts, (code, factor), 1)
            apart = counts.sum(1, keepdims=True) * counts.sum(0) / len(code)
            found[i, f] = np.log(counts[code, factor] / apart[code, factor])
    return found
