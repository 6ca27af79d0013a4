"""Proposals for importance sampling and starts for annealing: a mixture of Gaussians for each image.

An encoder fitted by the ELBO is narrower than the posterior and now and then quite beside it. There its importance
weights have a long tail: the k-sample bound stays a bound, but may miss log p(x) by several nats at k = 5,000, and no
spread of the weights seen tells. The cure is a proposal that is wider and is fitted to the image at hand by adaptive
importance sampling (Cappé et al. 2008, arXiv 0710.4242). Draws that fitted it are not used again, so that what it
proposes later is bounded and unbiased in the same sense as before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log, pi

import torch
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.noise import Noise


@dataclass(frozen=True)
class Mixture:
    """For B images, M Gaussians over d latents.

    Attributes:
        log_shares: (M, B), logarithms of positive shares that sum to 1 over M.
        means: (M, B, d).
        factors: (M, B, d, d) lower triangular with positive diagonal; the covariance is factor factor^T.
    """

    log_shares: Tensor
    means: Tensor
    factors: Tensor

    @classmethod
    def around(
        cls, mean: Tensor, deviation: Tensor, widths: tuple[float, ...] = (1.0, 2.0, 6.0), wide: float = 1.0
    ) -> "Mixture":
        """Equal shares: the diagonal posterior of an encoder (mean, deviation: (B, d)) at each of `widths` times its
        deviation, and one Gaussian about 0 of deviation `wide`, usually the prior, so that no mode is out of reach."""
        deviations = torch.stack([*(width * deviation for width in widths), torch.full_like(deviation, wide)])
        means = torch.stack([*[mean] * len(widths), torch.zeros_like(mean)]).detach()
        shares = torch.full(means.shape[:2], -log(len(means)), dtype=means.dtype, device=means.device)
        return cls(shares, means, torch.diag_embed(deviations).detach())

    def parts(self, z: Tensor) -> Tensor:
        """(M, k, B): the logarithm of share times density of each part, for z (k, B, d)."""
        d = self.means.shape[-1]
        gaps = (z[None] - self.means[:, None]).permute(0, 2, 3, 1)  # (M, B, d, k)
        whitened = torch.linalg.solve_triangular(self.factors, gaps, upper=False).permute(0, 3, 1, 2)
        heights = self.log_shares - self.factors.diagonal(dim1=-2, dim2=-1).log().sum(-1) - d / 2 * log(2 * pi)
        return heights[:, None] - whitened.square().sum(-1) / 2

    def log_prob(self, z: Tensor) -> Tensor:
        """(k, B) in nats, for z (k, B, d)."""
        return self.parts(z).logsumexp(0)

    def draw(self, k: int, noise: Noise, name: str = "mixture") -> Tensor:
        """(k, B, d) independent draws; images are the rows of the noise."""
        b, d = self.means.shape[1:]
        level = noise.uniform(k, b, name=f"{name} part", axis=1).to(self.means)
        part = (level[None] > self.log_shares.exp().cumsum(0)[:-1, None]).sum(0)  # (k, B)
        white = noise.normal(k, b, d, name=f"{name} white", axis=1).to(self.means)
        image = torch.arange(b, device=part.device)
        return self.means[part, image] + torch.einsum("kbij,kbj->kbi", self.factors[part, image], white)

    def beside(self, other: "Mixture", share: float) -> "Mixture":
        """This mixture with `share` of the whole, and the other with the rest."""
        pairs = (self.log_shares + log(share), other.log_shares + log(1 - share))
        return Mixture(torch.cat(pairs), torch.cat([self.means, other.means]), torch.cat([self.factors, other.factors]))


def fit_proposal(
    log_joint: Callable[[Tensor], Tensor],
    start: Mixture,
    noise: Noise,
    rounds: int = 8,
    draws: int = 500,
    keep: float = 0.2,
    effective: float = 50.0,
) -> Mixture:
    """`start` led towards the posterior of each image; `keep` of it stays in the result as a safeguard.

    Each round draws from the present mixture, weights by log_joint(z (k, B, d)) -> (k, B), and replaces shares, means
    and covariances by their weighted values. While fewer than `effective` draws
    carry an image's weight, its weights are raised to a power below 1, which approaches a far or narrow mode by stages.
    """
    if rounds < 1 or draws <= effective or not 0 < keep < 1:
        raise UserError(f"{rounds} rounds of {draws} draws, {keep} kept, fit nothing: give more draws, keep in (0, 1).")
    fitted = start
    with torch.no_grad():
        for i in range(rounds):
            mixture = start.beside(fitted, keep)
            z = mixture.draw(draws, noise, f"fit {i}")
            log_weights = log_joint(z) - mixture.log_prob(z)
            log_weights = _tempered(log_weights, effective)
            fitted = _update(fitted, z, log_weights)
    return start.beside(fitted, keep)


def _tempered(log_weights: Tensor, effective: float) -> Tensor:
    """Normalised log weights (k, B), each image's raised to the largest power in (0, 1] that keeps the effective
    number (sum w)^2 / sum w^2 at `effective`; found by bisection."""

    def size(power: Tensor) -> Tensor:
        scaled = power * log_weights
        return (2 * scaled.logsumexp(0) - (2 * scaled).logsumexp(0)).exp()

    low, high = torch.zeros_like(log_weights[0]), torch.ones_like(log_weights[0])
    enough = size(high) >= effective
    for _ in range(30):
        middle = (low + high) / 2
        good = size(middle) >= effective
        low, high = torch.where(good, middle, low), torch.where(good, high, middle)
    return (torch.where(enough, 1.0, low) * log_weights).log_softmax(0)


def _update(mixture: Mixture, z: Tensor, log_weights: Tensor, prior_draws: float = 3.0) -> Mixture:
    """One step of weighted expectation maximisation. The old covariance counts as `prior_draws` draws, which keeps a
    part that few draws support from collapsing."""
    parts = mixture.parts(z)
    weights = (log_weights + parts.log_softmax(0)).exp()  # (M, k, B)
    shares = weights.sum(1)
    heavy = 1 / log_weights.exp().square().sum(0) * shares  # about how many draws support a part
    safe = shares.clamp(min=1e-12)
    pull = (heavy / (heavy + prior_draws))[..., None]
    seen = torch.einsum("mkb,kbi->mbi", weights, z) / safe[..., None]
    means = torch.lerp(mixture.means, seen, pull)
    gaps = z[None] - means[:, None]
    covariance = torch.einsum("mkb,mkbi,mkbj->mbij", weights, gaps, gaps) / safe[..., None, None]
    covariance = torch.lerp(mixture.factors @ mixture.factors.mT, covariance, pull[..., None])
    factors, failed = torch.linalg.cholesky_ex(covariance)
    factors = torch.where((failed > 0)[..., None, None], mixture.factors, factors)
    return Mixture((shares + 1e-3).div((shares + 1e-3).sum(0)).log(), means, factors)
