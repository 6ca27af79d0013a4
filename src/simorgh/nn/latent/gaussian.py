"""Gaussian posteriors, with the standard normal or a learned mixture as prior."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from simorgh.contracts import UserError
from simorgh.nn.latent.base import Latent, Posterior
from simorgh.noise import Noise, SampleNoise, philox


def gaussian_log_prob(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """log N(z; mean, diag exp(log_variance)), summed over the last axis."""
    standard = (z - mean) * torch.exp(-log_variance / 2)
    return -0.5 * (standard.square() + log_variance + math.log(2 * math.pi)).sum(-1)


class DiagonalGaussian(Posterior):
    """N(mu, diag sigma^2), whatever it is measured against."""

    def __init__(self, mean: Tensor, log_variance: Tensor):
        self.mean, self.log_variance = mean, log_variance

    def sample(self, noise: Noise, k: int) -> Tensor:
        return self.mean + torch.exp(self.log_variance / 2) * noise.normal(k, *self.mean.shape, name="z", axis=1)

    def log_prob(self, z: Tensor) -> Tensor:
        return gaussian_log_prob(z, self.mean, self.log_variance)


class GaussianPosterior(DiagonalGaussian):
    """Against N(0, I)."""

    def kl(self, z: Tensor) -> Tensor:
        """1/2 sum_j (mu_j^2 + sigma_j^2 - 1 - log sigma_j^2): Kingma & Welling 2013, eq. (10) and appendix B."""
        return 0.5 * (self.mean.square() + self.log_variance.exp() - 1 - self.log_variance).sum(-1)


class Gaussian(Latent):
    """Kingma & Welling 2013. h = (mu, log sigma^2)."""

    def __init__(self, dim: int):
        super().__init__(dim, features=dim, outputs=2 * dim)

    def posterior(self, h: Tensor) -> GaussianPosterior:
        return GaussianPosterior(*h.chunk(2, -1))

    def log_prior(self, z: Tensor) -> Tensor:
        return -0.5 * (z.square() + math.log(2 * math.pi)).sum(-1)

    def sample_prior(self, n: int, noise: Noise | SampleNoise) -> Tensor:
        return noise.normal(n, self.dim, name="prior")


class MixturePosterior(DiagonalGaussian):
    """Against the learned mixture."""

    def __init__(self, latent: "Mixture", mean: Tensor, log_variance: Tensor):
        super().__init__(mean, log_variance)
        self.latent = latent

    def kl(self, z: Tensor) -> Tensor:
        return (self.log_prob(z) - self.latent.log_prior(z)).mean(0)


class Mixture(Latent):
    """p(z) = sum_k pi_k N(z; m_k, diag v_k), all learned with the rest. h = (mu, log sigma^2).

    The best prior for a given encoder is the average of its posteriors (Tomczak & Welling 2018, "VAE with a
    VampPrior", eq. 4 and 5). Theirs puts the components at the encodings of learned pseudo-images; here they are
    free, which needs no second pass through the encoder.
    """

    setting = int

    def __init__(self, dim: int, components: int = 20):
        super().__init__(dim, features=dim, outputs=2 * dim)
        if components < 1:
            raise UserError(f"The mixture prior has {components} components; it needs at least 1.")
        start = philox("mixture prior", dim, components).standard_normal((components, dim)).astype("float32")
        self.means = nn.Parameter(torch.from_numpy(start))
        self.log_variances = nn.Parameter(torch.zeros(components, dim))
        self.logits = nn.Parameter(torch.zeros(components))

    def posterior(self, h: Tensor) -> MixturePosterior:
        return MixturePosterior(self, *h.chunk(2, -1))

    def log_prior(self, z: Tensor) -> Tensor:
        each = gaussian_log_prob(z.unsqueeze(-2), self.means, self.log_variances)
        return torch.logsumexp(each + log_softmax(self.logits, 0), -1)

    def sample_prior(self, n: int, noise: Noise | SampleNoise) -> Tensor:
        edges = self.logits.softmax(0).cumsum(0)[:-1]
        chosen = (noise.uniform(n, 1, name="prior-component") >= edges).sum(-1)
        return self.means[chosen] + torch.exp(self.log_variances[chosen] / 2) * noise.normal(n, self.dim, name="prior")
