"""Laplace and Student: sharper centres and heavier tails than a Gaussian, coordinates independent."""

import math

import torch
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.nn.latent.base import Latent, Posterior
from simorgh.noise import Noise, SampleNoise


def standard_laplace(uniform: Tensor) -> Tensor:
    """Laplace(0, 1) draws by the inverse distribution function of uniform draws in [0, 1)."""
    centred = 2 * uniform - 1
    # The 24-bit uniform draw can be exactly 0, whose image would be -infinity: stop one float before.
    return -centred.sign() * torch.log1p(-centred.abs().clamp(max=1 - 2**-24))


class LaplacePosterior(Posterior):
    """Density exp(-|z - mu| / b) / (2 b) per coordinate, against mu = 0, b = 1."""

    def __init__(self, mean: Tensor, log_scale: Tensor):
        self.mean, self.log_scale = mean, log_scale

    def sample(self, noise: Noise, k: int) -> Tensor:
        return self.mean + self.log_scale.exp() * standard_laplace(noise.uniform(k, *self.mean.shape, name="z", axis=1))

    def log_prob(self, z: Tensor) -> Tensor:
        return -((z - self.mean).abs() * torch.exp(-self.log_scale) + self.log_scale + math.log(2)).sum(-1)

    def kl(self, z: Tensor) -> Tensor:
        """sum_j |mu_j| + b_j exp(-|mu_j| / b_j) - 1 - log b_j, from E|z| under Laplace(mu, b)."""
        size = self.mean.abs()
        decay = torch.exp(-size * torch.exp(-self.log_scale))
        return (size + self.log_scale.exp() * decay - 1 - self.log_scale).sum(-1)


class Laplace(Latent):
    """Sharper at the centre and heavier in the tails than a Gaussian; its axes are special. h = (mu, log b^2)."""

    def __init__(self, dim: int):
        super().__init__(dim, features=dim, outputs=2 * dim)

    def posterior(self, h: Tensor) -> LaplacePosterior:
        mean, log_square = h.chunk(2, -1)
        return LaplacePosterior(mean, log_square / 2)

    def log_prior(self, z: Tensor) -> Tensor:
        return -(z.abs() + math.log(2)).sum(-1)

    def sample_prior(self, n: int, noise: Noise | SampleNoise) -> Tensor:
        return standard_laplace(noise.uniform(n, self.dim, name="prior"))


def student_log_density(t: Tensor, nu: float) -> Tensor:
    """Log density of Student's t with nu degrees of freedom, elementwise."""
    constant = math.lgamma((nu + 1) / 2) - math.lgamma(nu / 2) - 0.5 * math.log(nu * math.pi)
    return constant - (nu + 1) / 2 * torch.log1p(t.square() / nu)


def student_draw(noise: Noise | SampleNoise, nu: float, shape: tuple[int, ...], name: str, axis: int) -> Tensor:
    """n / sqrt(c / nu) with n normal and c chi-square: standard t draws, independent in every entry."""
    n = noise.normal(*shape, name=name, axis=axis)
    c = noise.chi_square(nu, *shape, name=f"{name}-chi-square", axis=axis)
    return n * torch.rsqrt(c.clamp(min=1e-30) / nu)


class StudentPosterior(Posterior):
    """z_j = mu_j + s_j t_j with t_j of nu degrees of freedom, against mu = 0, s = 1."""

    def __init__(self, latent: "Student", mean: Tensor, log_scale: Tensor):
        self.latent, self.mean, self.log_scale = latent, mean, log_scale

    def sample(self, noise: Noise, k: int) -> Tensor:
        shape = (k, *self.mean.shape)
        return self.mean + self.log_scale.exp() * student_draw(noise, self.latent.nu, shape, "z", axis=1)

    def log_prob(self, z: Tensor) -> Tensor:
        t = (z - self.mean) * torch.exp(-self.log_scale)
        return (student_log_density(t, self.latent.nu) - self.log_scale).sum(-1)

    def kl(self, z: Tensor) -> Tensor:
        return (self.log_prob(z) - self.latent.log_prior(z)).mean(0)


class Student(Latent):
    """Heavy tails: outliers cost the logarithm of their distance, not its square. h = (mu, log s^2).

    `nu` degrees of freedom: the variance is nu / (nu - 2) for nu > 2 and infinite below.
    """

    setting = float

    def __init__(self, dim: int, nu: float = 5.0):
        super().__init__(dim, features=dim, outputs=2 * dim)
        if not 0 < nu < math.inf:
            raise UserError(f"The Student prior has {nu} degrees of freedom; they have to be above 0 and finite.")
        self.nu = nu

    def posterior(self, h: Tensor) -> StudentPosterior:
        mean, log_square = h.chunk(2, -1)
        return StudentPosterior(self, mean, log_square / 2)

    def log_prior(self, z: Tensor) -> Tensor:
        return student_log_density(z, self.nu).sum(-1)

    def sample_prior(self, n: int, noise: Noise | SampleNoise) -> Tensor:
        return student_draw(noise, self.nu, (n, self.dim), "prior", axis=0)
