"""Codes and what is rebuilt from them: the error as a share of the data's variance, and the use of a codebook.

The scaled error is the mean squared error over the variance of all training pixels (van den Oord et al. 2017 and the
code of its authors): 0 for a perfect copy, about 1 for one grey for all. Use is counted over a whole part of the data,
for a batch cannot show rare codes: the perplexity exp H of the shares is K where all K codes are used alike.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.metrics.intervals import Interval, mean_interval

COLLAPSED = 0.1
"""A codebook has collapsed where its perplexity is below this share of K (and K is above 10), or one code does all.
Where codes are priced, and so meant to be used unevenly, the number of codes that occur stands for the perplexity."""


def pixel_variance(pixels: Tensor) -> float:
    """Variance of all values of `pixels`, uint8 of any shape where 255 stands for 1, about their one common mean.

    Exact: from the counts of the 256 levels. UserError where all values are equal, for nothing can be scaled by 0.
    """
    if pixels.dtype != torch.uint8:
        raise UserError(f"the variance of pixels is counted over uint8 levels, not {pixels.dtype}.")
    counts = pixels.flatten().bincount(minlength=256).double().cpu().numpy()
    levels = np.arange(256) / 255
    share = counts / counts.sum()
    mean = (share * levels).sum()
    variance = float((share * (levels - mean) ** 2).sum())
    if variance == 0:
        raise UserError("all pixels are equal: there is no variance to scale an error by.")
    return variance


def scaled_error(errors: Tensor, variance: float) -> Interval:
    """Mean of squared errors (n,), each a mean over the pixels of an image, as a share of `variance`."""
    if not variance > 0:
        raise UserError(f"an error cannot be scaled by a variance of {variance}.")
    return mean_interval(torch.as_tensor(errors).double() / variance, kind="normal")


class CodeUse(NamedTuple):
    """How n maps use K codes.

    Attributes:
        entropy: H of the shares in nats per code, 0 to log K; the interval is for fresh maps (images are independent,
            positions of one are not).
        perplexity: exp H.
        used: codes that occur. A code found in m of the maps would be missed by n fresh ones with probability e^-m,
            whence the interval; of codes that were not found it knows nothing.
        shares: (K,) share of each code.
    """

    entropy: Interval
    perplexity: Interval
    used: Interval
    shares: np.ndarray

    def collapse(self, priced: bool = False) -> str | None:
        """One sentence where few codes do all the work, None for a healthy codebook; see COLLAPSED."""
        codes, perplexity = len(self.shares), self.perplexity.value
        if self.used.value > 1 and (self.used.value if priced else perplexity) >= COLLAPSED * codes:
            return None
        return (
            f"Collapsed: {self.used.value:.0f} of {codes} codes are used, as evenly as {perplexity:.1f} codes used "
            "alike."
        )


def code_use(maps: Tensor | np.ndarray, codes: int) -> CodeUse:
    """Use of `codes` codes by maps (n, ...) of indices, n at least 2. UserError for an index outside 0 to codes - 1."""
    maps = torch.as_tensor(maps).detach().cpu()
    if maps.ndim < 2 or len(maps) < 2 or maps.is_floating_point():
        raise UserError(f"maps of shape {tuple(maps.shape)} show no use of codes: give 2 or more maps of integers.")
    flat = maps.flatten(1).long()
    if flat.min() < 0 or flat.max() >= codes:
        raise UserError(f"indices from {int(flat.min())} to {int(flat.max())} are not among {codes} codes.")
    shares = flat.flatten().bincount(minlength=codes).double() / flat.numel()
    # H = mean over maps of the mean -log share of their codes: a mean of independent values, to first order.
    surprise = -shares.clamp(min=torch.finfo(torch.float64).tiny).log()[flat].mean(1)
    entropy = mean_interval(surprise, kind="normal")
    value = min(max(entropy.value, 0.0), float(np.log(codes)))
    entropy = Interval(value, max(entropy.low, 0.0), max(min(entropy.high, float(np.log(codes))), value), len(maps))
    found_in = _maps_with(flat, codes)
    used = int((found_in > 0).sum())
    missed = np.exp(-found_in[found_in > 0])
    error = 1.96 * float((missed * (1 - missed)).sum()) ** 0.5
    return CodeUse(
        entropy,
        Interval(*(float(np.exp(v)) for v in entropy[:3]), entropy.n),
        Interval(float(used), max(used - error, 1.0), min(used + error, float(codes)), len(maps)),
        shares.numpy(),
    )


def _maps_with(flat: Tensor, codes: int) -> np.ndarray:
    """(codes,) number of maps (n, N) in which each code occurs."""
    ordered = flat.sort(1).values
    first = torch.ones_like(ordered, dtype=torch.bool)
    first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    return ordered[first].bincount(minlength=codes).double().numpy()
