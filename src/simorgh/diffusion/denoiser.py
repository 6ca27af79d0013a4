"""A denoiser: from a noisy example and its level to the two things in it. Everything a sampler knows of a model."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from simorgh.diffusion.path import Path
from simorgh.diffusion.target import Prediction, Target, row, solve

Denoiser = Callable[[Tensor, Tensor], Prediction]
"""(u (B, *shape), q (B,) float64) -> the estimates of x0 and eps. What it is conditioned on is inside."""


def size(q: Tensor, like: Tensor) -> Tensor:
    """`q` (B,) shaped to broadcast with `like` (B, ...), in its type."""
    return q.view(-1, *(1,) * (like.ndim - 1)).to(like)


def noised(x0: Tensor, eps: Tensor, q: Tensor) -> Tensor:
    """Equation 1 of the package: u (B, *shape) at levels q (B,), infinite ones too."""
    return size(1 / (1 + q**2).sqrt(), x0) * x0 + size(1 / (1 + q**-2).sqrt(), x0) * eps


@dataclass(frozen=True)
class FromNetwork:
    """The denoiser of a network that sees x on its path's scale and answers for a target.

    Attributes:
        network: (x (B, *shape), t (B,) float64) -> y (B, *shape).
        path, target, deviation: what x and y mean.
    """

    network: Callable[[Tensor, Tensor], Tensor]
    path: Path
    target: Target
    deviation: float = 0.5

    def __call__(self, u: Tensor, q: Tensor) -> Prediction:
        alpha, sigma = self.path.alpha_sigma(q)
        x = size((alpha**2 + sigma**2).sqrt(), u) * u
        y = self.network(x, self.path.time(q))
        a, b = row(self.target, alpha, sigma, self.deviation)
        return solve(x, y, *(size(part, u) for part in (alpha, sigma, a, b)))


def clamped(denoise: Denoiser, low: float, high: float, follow: bool = True) -> Denoiser:
    """`denoise` with x0 clamped to [low, high], and eps following unless told not to.

    Guided answers are joined first: what guidance adds would leave the bounds again. Clipping changes what few-step
    samplers give twelvefold in public tables, so it is never silent: it stands in the protocol.
    """

    def bounded(u: Tensor, q: Tensor) -> Prediction:
        found = denoise(u, q)
        x0 = found.x0.clamp(low, high)
        return consistent(x0, u, q) if follow else Prediction(x0, found.eps)

    return bounded


def consistent(x0: Tensor, u: Tensor, q: Tensor) -> Prediction:
    """x0 with the eps that makes u of it, for q above 0."""
    signal, noise = 1 / (1 + q**2).sqrt(), 1 / (1 + q**-2).sqrt()
    return Prediction(x0, (u - size(signal, u) * x0) / size(noise, u))


class Counted:
    """A denoiser that counts its calls."""

    def __init__(self, denoiser: Denoiser):
        self.denoiser, self.calls = denoiser, 0

    def __call__(self, u: Tensor, q: Tensor) -> Prediction:
        self.calls += 1
        return self.denoiser(u, q)


def levels(q: float, like: Tensor) -> Tensor:
    """(B,) float64, the level `q` for every row of `like`."""
    return torch.full((len(like),), q, dtype=torch.float64, device=like.device)
