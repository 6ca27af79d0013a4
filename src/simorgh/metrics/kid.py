"""Kernel distance: the unbiased squared maximum mean discrepancy with a cubic kernel (Binkowski et al. 2018).

    k(a, b) = (a . b / d + 1)^3                                             (section 4 of arXiv 1801.01401)
    MMD^2 = mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean_{i, j} k(x_i, y_j)
                                                                    (Gretton et al. 2012, Lemma 6)

Unbiased at every sample size, so that its mean is comparable across sizes and a value below zero is legitimate.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.metrics.arrays import feature_pair
from simorgh.noise import philox


class KernelDistance(NamedTuple):
    """`value` is MMD^2, not multiplied by 1,000; `spread` is what the function that made it says."""

    value: float
    spread: float


def kid(
    x: Tensor | np.ndarray, y: Tensor | np.ndarray, subsets: int = 100, size: int = 1000, seed: int = 0
) -> KernelDistance:
    """The mean of MMD^2 over `subsets` pairs of subsets of `size` rows, drawn without replacement from x and y.

    `spread` is the standard deviation over the subsets. It tells what one subset would give: subsets share rows,
    so it is no standard error of the mean. Prefer `kernel_distance` where n allows it.
    """
    x, y = feature_pair(x, y)
    if not 2 <= size <= min(len(x), len(y)):
        raise UserError(
            f"subsets of {size} cannot be drawn from sets of {len(x)} and {len(y)}: choose from 2 to the smaller."
        )
    if subsets < 2:
        raise UserError(f"{subsets} subsets give no spread: ask for at least 2.")
    values = []
    for i in range(subsets):
        rng = philox(seed, "kid", i)
        rows = [torch.from_numpy(rng.choice(len(part), size, replace=False)).to(part.device) for part in (x, y)]
        values.append(_discrepancy(x[rows[0]], y[rows[1]], size)[0])
    values = torch.stack(values)
    return KernelDistance(float(values.mean()), float(values.std()))


def kernel_distance(x: Tensor | np.ndarray, y: Tensor | np.ndarray, chunk: int = 2000) -> KernelDistance:
    """MMD^2 of all of x (n, d) and y (m, d); the kernel matrix is never held in whole.

    `spread` is the standard error from the first-order variance of a U-statistic (Hoeffding 1948). It vanishes
    faster than the true error when both sets come from one distribution.
    """
    value, per_x, per_y = _discrepancy(*feature_pair(x, y), chunk)
    return KernelDistance(float(value), float((4 * per_x.var() / len(per_x) + 4 * per_y.var() / len(per_y)).sqrt()))


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    return (a @ b.T / a.shape[1] + 1) ** 3


def _row_means(a: Tensor, b: Tensor, chunk: int, own: bool) -> Tensor:
    """For each row of a the mean kernel with the rows of b; where a is b (`own`) with the other rows only."""
    sums = torch.cat([_kernel(part, b).sum(1) for part in a.split(chunk)])
    if own:
        sums = sums - (a.square().sum(1) / a.shape[1] + 1) ** 3
    return sums / (len(b) - own)


def _discrepancy(x: Tensor, y: Tensor, chunk: int) -> tuple[Tensor, Tensor, Tensor]:
    """MMD^2, and the witness function at each x and at each y."""
    cross_x = _row_means(x, y, chunk, own=False)
    cross_y = _row_means(y, x, chunk, own=False)
    within_x, within_y = _row_means(x, x, chunk, own=True), _row_means(y, y, chunk, own=True)
    return within_x.mean() + within_y.mean() - 2 * cross_x.mean(), within_x - cross_x, within_y - cross_y
