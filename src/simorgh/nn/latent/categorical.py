"""Independent categorical variables, with the uniform law as prior."""

import math

import torch
from torch import Tensor
from torch.nn.functional import log_softmax, one_hot

from simorgh.contracts import UserError
from simorgh.nn.latent.base import Latent, Posterior
from simorgh.noise import Noise, SampleNoise


class CategoricalPosterior(Posterior):
    """Independent categorical variables, against uniform ones. The deterministic code is the mode, one-hot."""

    def __init__(self, log_probabilities: Tensor, temperature: float):
        self.log_p, self.temperature = log_probabilities, temperature  # (B, dim, classes), normalised
        self.mean = one_hot(self.log_p.argmax(-1), self.log_p.shape[-1]).to(self.log_p).flatten(-2)

    def sample(self, noise: Noise, k: int) -> Tensor:
        """Exact one-hot draws argmax(log p + g), g Gumbel, with the gradient of softmax((log p + g) / temperature).

        The straight-through estimator of Jang et al. 2017, "Categorical reparameterization with Gumbel-softmax",
        section 2.2. Its gradient is biased; the drawn values are not.
        """
        u = noise.uniform(k, *self.log_p.shape, name="z", axis=1).clamp(min=2**-25)
        scores = self.log_p - torch.log(-torch.log(u))
        soft = torch.softmax(scores / self.temperature, -1)
        hard = one_hot(scores.argmax(-1), scores.shape[-1]).to(soft)
        return (hard + (soft - soft.detach())).flatten(-2)

    def log_prob(self, z: Tensor) -> Tensor:
        return (z.unflatten(-1, self.log_p.shape[-2:]) * self.log_p).sum((-2, -1))

    def kl(self, z: Tensor) -> Tensor:
        """sum over variables of log(classes) - entropy."""
        return (self.log_p.exp() * (self.log_p + math.log(self.log_p.shape[-1]))).sum((-2, -1))


class Categorical(Latent):
    """`dim` variables of `classes` symbols each, written one-hot. h = unnormalised log probabilities."""

    setting = int

    def __init__(self, dim: int, classes: int = 64, temperature: float = 2 / 3):
        super().__init__(dim, features=dim * classes, outputs=dim * classes)
        if classes < 2 or temperature <= 0:
            raise UserError(f"A categorical prior needs 2 or more classes and a temperature above 0, "
                            f"not {classes} and {temperature}.")  # fmt: skip
        self.classes, self.temperature = classes, temperature

    def posterior(self, h: Tensor) -> CategoricalPosterior:
        return CategoricalPosterior(log_softmax(h.unflatten(-1, (self.dim, self.classes)), -1), self.temperature)

    def log_prior(self, z: Tensor) -> Tensor:
        return torch.full_like(z[..., 0], -self.dim * math.log(self.classes))

    def sample_prior(self, n: int, noise: Noise | SampleNoise) -> Tensor:
        symbol = (noise.uniform(n, self.dim, name="prior") * self.classes).long()
        return one_hot(symbol, self.classes).float().flatten(-2)
