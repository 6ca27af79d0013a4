r"""Likelihoods p(x | eta) of images whose pixels are independent given the decoder's output eta.

Shapes: x (B, *shape) in [0, 1]; eta (..., B, *shape), unbounded; log p (..., B) in nats, summed over pixels.

- Bernoulli: log p = sum x eta - log(1 + e^eta), the negative binary cross-entropy. A probability for x in {0, 1};
  for grey x only a score, because it does not integrate to one over [0, 1].
- Continuous Bernoulli (Loaiza-Ganem & Cunningham 2019, eq. 4): the same divided by its integral over [0, 1],
      int_0^1 e^(x eta) / (1 + e^eta) dx = tanh(eta / 2) / eta,
  a density of grey pixels.
- Gaussian with the mean sigmoid(eta) and a deviation sigma, fixed or learned, shared by all pixels:
      log p = -sum (x - sigmoid(eta))^2 / (2 sigma^2) + log sigma + log(2 pi) / 2.
"""

from abc import ABC, abstractmethod
from math import log, pi

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from simorgh.contracts import Noise, SampleNoise, check_name


class Likelihood(nn.Module, ABC):
    """p(x | eta)."""

    @abstractmethod
    def log_prob(self, x: Tensor, eta: Tensor) -> Tensor:
        """(..., B) nats, summed over the pixels of x (B, *shape), for eta (..., B, *shape)."""

    @abstractmethod
    def mean(self, eta: Tensor) -> Tensor:
        """The expected image, in [0, 1], of the shape of eta."""

    @abstractmethod
    def sample(self, eta: Tensor, noise: Noise | SampleNoise) -> Tensor:
        """A draw of the shape of eta (n, *shape)."""


def _over_pixels(values: Tensor, x: Tensor) -> Tensor:
    return values.flatten(values.ndim - x.ndim + 1).sum(-1)


class _BernoulliLogProb(torch.autograd.Function):
    """Sum of x eta - softplus(eta) over pixels; its gradient x - sigmoid(eta) is written out, which saves autograd
    three passes over memory. It can be differentiated once: asked twice, autograd raises."""

    @staticmethod
    def forward(ctx, x: Tensor, eta: Tensor) -> Tensor:
        ctx.save_for_backward(x, eta)
        return _over_pixels((x * eta).sub_(softplus(eta)), x)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[None, Tensor]:
        x, eta = ctx.saved_tensors
        grad = grad.reshape(*grad.shape, *[1] * (x.ndim - 1))
        return None, (x - eta.sigmoid()).mul_(grad)


class Bernoulli(Likelihood):
    """eta are the logits of the pixels."""

    def log_prob(self, x: Tensor, eta: Tensor) -> Tensor:
        return _BernoulliLogProb.apply(x, eta)

    def mean(self, eta: Tensor) -> Tensor:
        return eta.sigmoid()

    def sample(self, eta: Tensor, noise: Noise | SampleNoise) -> Tensor:
        return (noise.uniform(*eta.shape, name="pixels") < eta.sigmoid()).to(eta.dtype)


def continuous_bernoulli_log_normaliser(eta: Tensor) -> Tensor:
    """log C(eta) = log(eta / tanh(eta / 2)), what the Bernoulli score must gain to be a density on [0, 1].

    At eta = 0 it is log 2 and the quotient is 0 / 0; there log 2 + eta^2 / 12 - 7 eta^4 / 1440 is exact to 1e-9.
    """
    near = eta.abs() < 0.05
    safe = torch.where(near, torch.ones_like(eta), eta)
    far = safe.abs().log() - (safe.abs() / 2).tanh().log()
    return torch.where(near, log(2) + eta.square() / 12 - 7 * eta.pow(4) / 1440, far)


class ContinuousBernoulli(Likelihood):
    """eta are the logits of the parameter lambda; the mean of a pixel is not lambda."""

    def log_prob(self, x: Tensor, eta: Tensor) -> Tensor:
        return _over_pixels(x * eta - softplus(eta) + continuous_bernoulli_log_normaliser(eta), x)

    def mean(self, eta: Tensor) -> Tensor:
        """1 / (1 - e^(-eta)) - 1 / eta; near eta = 0 its series 1/2 + eta / 12 - eta^3 / 720."""
        near = eta.abs() < 0.05
        safe = torch.where(near, torch.ones_like(eta), eta)
        series = 0.5 + eta / 12 - eta.pow(3) / 720
        return torch.where(near, series, -1 / torch.expm1(-safe) - 1 / safe).clamp(0, 1)

    def sample(self, eta: Tensor, noise: Noise | SampleNoise) -> Tensor:
        """The inverse of the distribution function: x = log(1 + u (e^eta - 1)) / eta."""
        u = noise.uniform(*eta.shape, name="pixels")
        near = eta.abs() < 1e-3
        safe = torch.where(near, torch.ones_like(eta), eta)
        # log(1 - u + u e^eta), with the larger term taken out so that nothing overflows
        grown = torch.logaddexp(torch.log1p(-u), u.clamp(min=1e-38).log() + safe)
        return torch.where(near, u, grown / safe).clamp(0, 1)


class Gaussian(Likelihood):
    """Mean sigmoid(eta), one deviation `sigma` for all pixels; `learned` makes it a parameter."""

    def __init__(self, sigma: float = 0.1, learned: bool = False):
        super().__init__()
        start = torch.tensor(log(sigma))
        self.log_sigma = nn.Parameter(start) if learned else None
        self._fixed = log(sigma)

    def log_prob(self, x: Tensor, eta: Tensor) -> Tensor:
        log_sigma = torch.tensor(self._fixed) if self.log_sigma is None else self.log_sigma
        log_sigma = log_sigma.to(eta)
        squares = _over_pixels((x - eta.sigmoid()).square(), x)
        return -squares / (2 * (2 * log_sigma).exp()) - x[0].numel() * (log_sigma + log(2 * pi) / 2)

    def mean(self, eta: Tensor) -> Tensor:
        return eta.sigmoid()

    def sample(self, eta: Tensor, noise: Noise | SampleNoise) -> Tensor:
        log_sigma = self._fixed if self.log_sigma is None else self.log_sigma
        return eta.sigmoid() + torch.as_tensor(log_sigma).exp() * noise.normal(*eta.shape, name="pixels")


LIKELIHOODS = {
    "bernoulli": Bernoulli,
    "continuous-bernoulli": ContinuousBernoulli,
    "gaussian": Gaussian,
    "gaussian-learned": lambda: Gaussian(learned=True),
}


def make_likelihood(name: str) -> Likelihood:
    """The likelihood of that name. UserError with the nearest names otherwise."""
    check_name(name, LIKELIHOODS, "likelihood")
    return LIKELIHOODS[name]()
