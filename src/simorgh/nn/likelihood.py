r"""Likelihoods p(x | eta) of images whose pixels are independent given the decoder's output eta.

Shapes: x (B, *shape) in [0, 1]; eta (..., B, *shape), unbounded; log p (..., B) in nats, summed over pixels.

- Bernoulli: log p = sum x eta - log(1 + e^eta), the negative binary cross-entropy. A probability for x in {0, 1};
  for grey x only a score, because it does not integrate to one over [0, 1].
- Continuous Bernoulli (Loaiza-Ganem & Cunningham 2019, eq. 4): the same divided by its integral over [0, 1],
      int_0^1 e^(x eta) / (1 + e^eta) dx = tanh(eta / 2) / eta,
  a density of grey pixels.
- Gaussian with the mean sigmoid(eta) and a deviation sigma, fixed or learned, shared by all pixels:
      log p = -sum [(x - sigmoid(eta))^2 / (2 sigma^2) + log sigma + log(2 pi) / 2].
"""

from abc import ABC, abstractmethod
from math import log, pi, prod

import torch
from torch import Tensor, nn
from torch.nn import functional

from simorgh.contracts import Noise, SampleNoise, UserError, check_name


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


def _softplus(eta: Tensor) -> Tensor:
    """log(1 + e^eta). torch leaves out e^-eta beyond a threshold of 20, which is 2e-9: too much in float64."""
    return functional.softplus(eta, threshold=40)


def _over_pixels(values: Tensor, x: Tensor) -> Tensor:
    return values.flatten(values.ndim - x.ndim + 1).sum(-1)


class _BernoulliLogProb(torch.autograd.Function):
    """Sum of x eta - softplus(eta) over pixels; its gradient x - sigmoid(eta) is written out, which saves autograd
    three passes over memory. The gradient is made of differentiable operations, so it has gradients again."""

    @staticmethod
    def forward(ctx, x: Tensor, eta: Tensor) -> Tensor:
        ctx.save_for_backward(x, eta)
        return _over_pixels((x * eta).sub_(_softplus(eta)), x)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, eta = ctx.saved_tensors
        of_x, of_eta = ctx.needs_input_grad
        grad = grad.reshape(*grad.shape, *[1] * (x.ndim - 1))
        return (eta * grad).sum_to_size(x.shape) if of_x else None, (x - eta.sigmoid()).mul_(grad) if of_eta else None


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

    At eta = 0 it is log 2 and the quotient 0 / 0; for |eta| < 0.05 the series below is exact to 1e-15.
    """
    near = eta.abs() < 0.05
    safe = torch.where(near, torch.ones_like(eta), eta)
    far = safe.abs().log() - (safe.abs() / 2).tanh().log()
    square = eta.square()
    return torch.where(near, log(2) + square / 12 - 7 * square**2 / 1440 + 31 * square**3 / 90720, far)


class ContinuousBernoulli(Likelihood):
    """eta are the logits of the parameter lambda; the mean of a pixel is not lambda."""

    def log_prob(self, x: Tensor, eta: Tensor) -> Tensor:
        return _over_pixels(x * eta - _softplus(eta) + continuous_bernoulli_log_normaliser(eta), x)

    def mean(self, eta: Tensor) -> Tensor:
        """1 / (1 - e^(-eta)) - 1 / eta; for |eta| < 0.05 its series."""
        near = eta.abs() < 0.05
        safe = torch.where(near, torch.ones_like(eta), eta)
        series = 0.5 + eta / 12 - eta.pow(3) / 720 + eta.pow(5) / 30240
        return torch.where(near, series, -1 / torch.expm1(-safe) - 1 / safe).clamp(0, 1)

    def sample(self, eta: Tensor, noise: Noise | SampleNoise) -> Tensor:
        """The inverse of the distribution function: x = log(1 + u (e^eta - 1)) / eta.

        Computed for -|eta|, where nothing overflows, and reflected: 1 - x has the parameter -eta.
        """
        u = noise.uniform(*eta.shape, name="pixels")
        decay = -eta.abs().clamp(min=1e-6)  # at 0 the limit x = u is reached to 1e-6
        x = torch.log1p(torch.where(eta > 0, 1 - u, u) * torch.expm1(decay)) / decay
        return torch.where(eta > 0, 1 - x, x).clamp(0, 1)


class Gaussian(Likelihood):
    """Mean sigmoid(eta), one deviation `sigma` for all pixels; `learned` makes its logarithm a parameter.

    Draws are not cut off at 0 and 1: that would be another distribution.
    """

    def __init__(self, sigma: float = 0.1, learned: bool = False):
        super().__init__()
        if not sigma > 0:
            raise UserError(f"The deviation sigma of a Gaussian likelihood is {sigma}; it should be above 0.")
        self.log_sigma = nn.Parameter(torch.tensor(log(sigma))) if learned else None
        self._fixed = log(sigma)

    def _log_sigma(self, eta: Tensor) -> Tensor:
        return eta.new_full((), self._fixed) if self.log_sigma is None else self.log_sigma.to(eta)

    def log_prob(self, x: Tensor, eta: Tensor) -> Tensor:
        log_sigma = self._log_sigma(eta)
        squares = _over_pixels((x - eta.sigmoid()).square(), x)
        return -squares / 2 * (-2 * log_sigma).exp() - prod(x.shape[1:]) * (log_sigma + log(2 * pi) / 2)

    def mean(self, eta: Tensor) -> Tensor:
        return eta.sigmoid()

    def sample(self, eta: Tensor, noise: Noise | SampleNoise) -> Tensor:
        return eta.sigmoid() + self._log_sigma(eta).exp() * noise.normal(*eta.shape, name="pixels")


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
