r"""The exact denoiser of a finite data set: what a network could at best learn from it.

For p(x0) = sum_i w_i delta(x0 - x_i) (or each point blurred to N(x_i, s^2 I)) the posterior mean is

    E[x0 | z] = sum_i r_i m_i,   r = softmax(log w_i - |z - x_i|^2 / (2 (q^2 + s^2))),
    m_i = (s^2 z + q^2 x_i) / (q^2 + s^2),

so scores, samples and likelihoods are known in closed form, and the error of a sampler is told from that of a network.
"""

from dataclasses import dataclass
from math import log, pi

import torch
from torch import Tensor

from simorgh.diffusion.denoiser import consistent
from simorgh.diffusion.target import Prediction


@dataclass(frozen=True)
class Mixture:
    """Points x (N, *shape), with weights (N,) that sum to 1 (None: equal) and a common `deviation` s >= 0."""

    points: Tensor
    weights: Tensor | None = None
    deviation: float = 0.0

    def __call__(self, u: Tensor, q: Tensor) -> Prediction:
        """The denoiser: u (B, *shape) at q (B,)."""
        signal = 1 / (1 + q**2).sqrt()
        flat, points = u.flatten(1), self.points.flatten(1).to(u)
        variance = (q**2 + self.deviation**2).to(u)[:, None]
        z = flat / signal[:, None].to(u)
        finite = torch.isfinite(z).all(1, keepdim=True) & torch.isfinite(variance)
        logits = torch.where(finite, self._log_kernel(torch.where(finite, z, 0), torch.where(finite, variance, 1)),
                             self._log_weights(u).expand(len(u), -1))  # fmt: skip
        mean = logits.softmax(1) @ points
        if self.deviation:
            keep = (self.deviation**2 / variance).nan_to_num(0)
            mean = keep * torch.where(finite, z, 0) + (1 - keep) * mean
        return consistent(mean.view_as(u), u, q)

    def log_density(self, z: Tensor, q: Tensor) -> Tensor:
        """(B,) log p(z) of z = x0 + q eps (B, *shape), in nats, for q^2 + deviation^2 above 0."""
        flat = z.flatten(1)
        variance = (q**2 + self.deviation**2).to(z)[:, None]
        constant = -0.5 * flat.shape[1] * (2 * pi * variance[:, 0]).log()
        return torch.logsumexp(self._log_kernel(flat, variance), 1) + constant

    def score(self, z: Tensor, q: Tensor) -> Tensor:
        """The gradient of `log_density`, (B, *shape)."""
        flat, points = z.flatten(1), self.points.flatten(1).to(z)
        variance = (q**2 + self.deviation**2).to(z)[:, None]
        mean = self._log_kernel(flat, variance).softmax(1) @ points
        return ((mean - flat) / variance).view_as(z)

    def _log_kernel(self, z: Tensor, variance: Tensor) -> Tensor:
        points = self.points.flatten(1).to(z)
        distance = (z**2).sum(1, keepdim=True) - 2 * z @ points.T + (points**2).sum(1)
        return self._log_weights(z) - distance / (2 * variance)

    def _log_weights(self, like: Tensor) -> Tensor:
        n = len(self.points)
        return like.new_full((n,), -log(n)) if self.weights is None else self.weights.to(like).log()
