"""What a latent part is: a prior p(z) and the family of the posterior q(z | x) that goes with it."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from simorgh.contracts import UserError
from simorgh.noise import Noise, SampleNoise


class Posterior(ABC):
    """q(z | x) for a batch of B examples. `mean` (B, features) is the deterministic code."""

    mean: Tensor

    @abstractmethod
    def sample(self, noise: Noise, k: int) -> Tensor:
        """(k, B, features) draws with a gradient."""

    @abstractmethod
    def log_prob(self, z: Tensor) -> Tensor:
        """(k, B) log q(z | x) for z (k, B, features)."""

    @abstractmethod
    def kl(self, z: Tensor) -> Tensor:
        """(B,) KL(q || p): the closed form where there is one, else the mean of log q(z) - log p(z) over z's k."""


class Latent(nn.Module, ABC):
    """A prior and its family of posteriors."""

    dim: int
    features: int
    outputs: int
    setting: ClassVar[type | None] = None  # type of the one setting that may follow the name, as in "student:3"

    def __init__(self, dim: int, features: int, outputs: int):
        super().__init__()
        if dim < 1:
            raise UserError(f"The latent dimension is {dim}; it has to be at least 1.")
        self.dim, self.features, self.outputs = dim, features, outputs

    @abstractmethod
    def posterior(self, h: Tensor) -> Posterior:
        """q for the encoder's values h (B, outputs)."""

    @abstractmethod
    def log_prior(self, z: Tensor) -> Tensor:
        """(...) log p(z) for z (..., features)."""

    @abstractmethod
    def sample_prior(self, n: int, noise: Noise | SampleNoise) -> Tensor:
        """(n, features) draws of p(z)."""
