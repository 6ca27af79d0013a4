"""Parts of the study `first_flight`: points of the plane of codes, and a judge of new digits."""

import numpy as np
import torch
from scipy.stats import norm
from sklearn.neighbors import NearestNeighbors
from sklearn.svm import SVC
from torch import Tensor


def quantile_plane(side: int, edge: float = 0.03) -> Tensor:
    """(side^2, 2) points, row by row from above, at even quantiles of a standard normal on both axes."""
    u = norm.ppf(np.linspace(edge, 1 - edge, side))
    return _rows(u, u[::-1])


def box_plane(codes: np.ndarray, side: int) -> Tensor:
    """(side^2, 2) points, row by row from above, in equal steps over the bounding box of `codes` (N, 2)."""
    low, high = codes.min(0), codes.max(0)
    return _rows(np.linspace(low[0], high[0], side), np.linspace(high[1], low[1], side))


def _rows(x: np.ndarray, y: np.ndarray) -> Tensor:
    return torch.tensor(np.stack(np.meshgrid(x, y), -1).reshape(-1, 2), dtype=torch.float32)


class Judge:
    """Knows images x (N, C, H, W) and their labels y (N,): a support vector machine, and the images themselves."""

    def __init__(self, x: Tensor, y: Tensor):
        self.machine = SVC(gamma=0.05, C=10).fit(x.flatten(1).numpy() * 4, y.numpy())
        self.known = NearestNeighbors(n_neighbors=1).fit(x.flatten(1).numpy())

    def accuracy(self, x: Tensor, y: Tensor) -> float:
        """Share of images x that it tells as y."""
        return float(np.mean(self.machine.predict(x.flatten(1).numpy() * 4) == y.numpy()))

    def distance(self, x: Tensor) -> float:
        """Mean Euclidean distance of x to the nearest image that it knows."""
        return float(self.known.kneighbors(x.flatten(1).numpy())[0].mean())
