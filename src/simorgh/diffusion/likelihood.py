r"""The likelihood of a diffusion model by its probability-flow ODE (Song et al. 2021, arXiv 2011.13456, appendix D.2).

Along dz/dq = eps(z, q) the density changes by the divergence of eps, so with lambda = ln q

    log p(z_low) = log N(z_high; 0, q_high^2 I) + int q div eps(z, q) d lambda,  lambda from ln q_low to ln q_high,  (1)

the divergence by one random sign vector v an example, v . grad (v . eps): unbiased, the same along the whole walk
(Grathwohl et al. 2019, arXiv 1810.01367). The law at q_high is that from which samples start.

A coarse walk does not make this noisy but impossible: negative bits have been printed. So the number of Runge-Kutta
steps is doubled until the answer moves by less than a tolerance, and one that does not settle is refused.
"""

from math import log, pi
from typing import NamedTuple

import torch
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.diffusion.denoiser import Denoiser, levels


class Likelihood(NamedTuple):
    """`nats` (B,) log density of z_low; `error` (B,) by how much the last doubling moved it; `evaluations` of the
    network in the walk that counts."""

    nats: Tensor
    error: Tensor
    evaluations: int


def log_likelihood(
    denoise: Denoiser,
    z: Tensor,
    low: float,
    high: float,
    signs: Tensor,
    tolerance: float,
    steps: int = 16,
    most: int = 256,
) -> Likelihood:
    """Equation (1) for z (B, *shape) at level `low`; `signs` (B, *shape) are +1 or -1.

    The mean over examples of |change| at the last doubling is below `tolerance` nats a dimension, or UserError.
    """
    size = z[0].numel()
    before = _walk(denoise, z, low, high, signs, steps)
    while steps < most:
        steps *= 2
        now = _walk(denoise, z, low, high, signs, steps)
        error = (now - before).abs()
        if float(error.mean()) / size < tolerance:
            return Likelihood(now, error, 4 * steps)
        before = now
    raise UserError(
        f"The likelihood did not settle: {steps} Runge-Kutta steps still moved it by {float(error.mean()) / size:.2g} "
        f"nats a dimension, above the {tolerance:.2g} allowed, so it is not printed."
    )


def _walk(denoise: Denoiser, z: Tensor, low: float, high: float, signs: Tensor, steps: int) -> Tensor:
    """(B,) log densities by `steps` classical Runge-Kutta steps of equal length in ln q."""
    h = log(high / low) / steps
    z, total = z.detach(), torch.zeros(len(z), dtype=torch.float64, device=z.device)
    for i in range(steps):
        at = log(low) + i * h
        slopes = []
        for share in (0.0, 0.5, 0.5, 1.0):
            ahead = z if not slopes else z + share * h * slopes[-1][0]
            slopes.append(_slope(denoise, ahead, at + share * h, signs))
        z = z + h / 6 * (slopes[0][0] + 2 * slopes[1][0] + 2 * slopes[2][0] + slopes[3][0])
        total = total + h / 6 * (slopes[0][1] + 2 * slopes[1][1] + 2 * slopes[2][1] + slopes[3][1])
    flat = z.double().flatten(1)
    return total - (flat**2).sum(1) / (2 * high**2) - flat.shape[1] / 2 * log(2 * pi * high**2)


def _slope(denoise: Denoiser, z: Tensor, log_q: float, signs: Tensor) -> tuple[Tensor, Tensor]:
    """dz / dlambda = q eps, and q div eps in float64."""
    q = float(torch.tensor(log_q, dtype=torch.float64).exp())
    with torch.enable_grad():
        z = z.detach().requires_grad_()
        eps = denoise(z / (1 + q * q) ** 0.5, levels(q, z)).eps
        (turned,) = torch.autograd.grad((eps * signs).sum(), z)
    return q * eps.detach(), q * (turned * signs).double().flatten(1).sum(1)
