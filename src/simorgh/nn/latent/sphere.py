"""The von Mises-Fisher family on the sphere, with the uniform law as prior."""

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

from simorgh.contracts import UserError
from simorgh.nn.latent.base import Latent, Posterior
from simorgh.noise import Noise, SampleNoise


def tangents(m: Tensor) -> tuple[Tensor, Tensor]:
    """Two unit vectors that with m (..., 3), of length 1, make an orthonormal frame.

    Duff et al. 2017, "Building an orthonormal basis, revisited", listing 3. Unlike a Householder reflection onto m
    it divides by nothing smaller than 1, so its gradient stays bounded.
    """
    x, y, z = m.unbind(-1)
    sign = torch.where(z >= 0, 1.0, -1.0).to(m)
    a = -1 / (sign + z)
    b = x * y * a
    return (
        torch.stack([1 + sign * x * x * a, sign * b, -sign * x], -1),
        torch.stack([b, sign + y * y * a, -y], -1),
    )


class VonMisesFisherPosterior(Posterior):
    """Density proportional to exp(kappa m.z) on the unit sphere, against the uniform 1 / (4 pi).

    In three ambient dimensions all is elementary: with w = m.z, the density of w on [-1, 1] is
    kappa exp(kappa w) / (2 sinh kappa), and its distribution function can be inverted (Davidson et al. 2018,
    "Hyperspherical variational auto-encoders", algorithm 1, needs rejection for other dimensions only).
    """

    def __init__(self, direction: Tensor, kappa: Tensor):
        self.mean, self.kappa = direction, kappa  # (B, 3) of length 1, (B,)

    def sample(self, noise: Noise, k: int) -> Tensor:
        """z = w m + sqrt(1 - w^2) v with v uniform on the circle around m.

        Inverting the distribution function: w = 1 + log(1 - u (1 - exp(-2 kappa))) / kappa for u uniform. Code keeps
        fall = 1 - w, which stays exact when kappa is large and w close to 1.
        """
        shape = (k, len(self.kappa))
        u = noise.uniform(*shape, name="z", axis=1)
        angle = 2 * math.pi * noise.uniform(*shape, name="z-angle", axis=1)
        fall = (-torch.log1p(u * torch.expm1(-2 * self.kappa)) / self.kappa).clamp(max=2)
        radius = (fall * (2 - fall)).clamp(min=1e-12).sqrt()
        one, two = tangents(self.mean)
        around = angle.cos().unsqueeze(-1) * one + angle.sin().unsqueeze(-1) * two
        return (1 - fall).unsqueeze(-1) * self.mean + radius.unsqueeze(-1) * around

    def log_prob(self, z: Tensor) -> Tensor:
        """log of kappa exp(kappa (m.z - 1)) / (2 pi (1 - exp(-2 kappa))); m.z - 1 = -|z - m|^2 / 2 is the exact way."""
        normaliser = torch.log(self.kappa) - torch.log(-torch.expm1(-2 * self.kappa)) - math.log(2 * math.pi)
        return normaliser - self.kappa * (z - self.mean).square().sum(-1) / 2

    def kl(self, z: Tensor) -> Tensor:
        """log(t / (1 - e^-t)) + t e^-t / (1 - e^-t) - 1 with t = 2 kappa, from E[m.z] = coth(kappa) - 1 / kappa."""
        t = 2 * self.kappa
        share = -torch.expm1(-t)
        return torch.log(t / share) + t * torch.exp(-t) / share - 1


class VonMisesFisher(Latent):
    """The sphere S^2, two intrinsic dimensions in three ambient features. Davidson et al. 2018.

    A sphere has no centre to which codes are pulled, and its uniform law treats all directions alike.
    h = (direction before normalisation, c); kappa = softplus(c) + 0.01, so that it never reaches 0.
    """

    def __init__(self, dim: int):
        if dim != 2:
            raise UserError(f"The von Mises-Fisher prior is for latent dimension 2 (the sphere), not {dim}.")
        super().__init__(dim, features=3, outputs=4)
        self.register_buffer("north", torch.tensor([0.0, 0.0, 1.0]), persistent=False)

    def posterior(self, h: Tensor) -> VonMisesFisherPosterior:
        length = h[..., :3].norm(dim=-1, keepdim=True)
        # An encoder that gives no direction at all has to be given one: 0 / 0 is not a code.
        direction = torch.where(length > 1e-6, h[..., :3] / length.clamp(min=1e-6), self.north)
        return VonMisesFisherPosterior(direction, softplus(h[..., 3]) + 0.01)

    def log_prior(self, z: Tensor) -> Tensor:
        return torch.full_like(z[..., 0], -math.log(4 * math.pi))

    def sample_prior(self, n: int, noise: Noise | SampleNoise) -> Tensor:
        """Archimedes: the height of a uniform point on the sphere is uniform in [-1, 1]."""
        height = 2 * noise.uniform(n, 1, name="prior") - 1
        angle = 2 * math.pi * noise.uniform(n, 1, name="prior-angle")
        radius = (1 - height.square()).sqrt()
        return torch.cat([radius * angle.cos(), radius * angle.sin(), height], -1)
