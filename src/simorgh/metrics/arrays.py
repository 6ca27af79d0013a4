"""How a metric reads its arrays."""

import numpy as np
import torch
from torch import Tensor

from simorgh.contracts import UserError


def features(x: Tensor | np.ndarray, name: str, least: int = 2) -> Tensor:
    """`x` as a detached float64 matrix (n, d), on its own device where that device knows float64.

    float64 because a covariance summed in float32 is wrong by about 1e-4 when features have a large mean.
    """
    x = torch.as_tensor(x).detach()
    x = (x.cpu() if x.device.type == "mps" else x).to(torch.float64)
    if x.ndim != 2 or x.shape[1] == 0:
        raise UserError(f"{name} has shape {tuple(x.shape)}: give a matrix with one row of features per example.")
    if len(x) < least:
        raise UserError(f"{name} has {len(x)} rows and this metric needs at least {least}: give more examples.")
    if not torch.isfinite(x).all():
        raise UserError(f"{name} holds values that are not finite: look for a diverged model or a broken input.")
    return x


def feature_pair(x: Tensor | np.ndarray, y: Tensor | np.ndarray, least: int = 2) -> tuple[Tensor, Tensor]:
    """Two feature matrices (n, d) and (m, d) with the same d, on the device of the first."""
    x = features(x, "the first set of features", least)
    y = features(y, "the second set of features", least).to(x.device)
    if x.shape[1] != y.shape[1]:
        raise UserError(f"the two sets have {x.shape[1]} and {y.shape[1]} features: take both from one extractor.")
    return x, y
