r"""The Wasserstein GAN with a gradient penalty (Gulrajani et al. 2017, arXiv 1704.00028, equation 3).

    L_D = mean D(G(z)) - mean D(x) + lambda mean (|grad D(x^)| - 1)^2,       L_G = -mean D(G(z)),

x^ uniform on the line between an image x (B, C, H, W) and a G(z). The norm is Euclidean over all pixels as the
players see them, in [-1, 1]. mean D(x) - mean D(G(z)) is the `estimate` of W_1, in units of the score, not in nats.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from simorgh.contracts import DataSpec, check_least
from simorgh.models.adversarial import AdversarialConfig, AdversarialModel, Play, squared_slope
from simorgh.nn.players import Players
from simorgh.noise import Noise

TINY = 1e-12
"""Under the root: the slope of a square root has no value at zero."""


@dataclass(frozen=True)
class WGANGPConfig(AdversarialConfig):
    """As AdversarialConfig; `penalty` is lambda."""

    latent_dim: int = 64
    players: Players = field(default_factory=Players)
    conditional: bool = False
    penalty: float = 10.0
    critic_steps: int = 5

    def build(self, spec: DataSpec) -> "WGANGP":
        return WGANGP(self, spec)


class WGANGP(AdversarialModel):
    """A critic whose slope is held near one."""

    def __init__(self, config: WGANGPConfig, spec: DataSpec):
        super().__init__(config, spec)
        check_least("model", config, penalty=0)
        self.penalty = config.penalty

    def discriminator_play(self, real: Tensor, fake: Tensor, y: Tensor | None, noise: Noise) -> Play:
        distance = self.estimate(*self.scores(real, fake, y))
        between = torch.lerp(real, fake, noise.uniform(len(real), name="between").view(-1, 1, 1, 1)).requires_grad_()
        slope = (squared_slope(self.discriminator(between, y), between) + TINY).sqrt()
        penalty = (slope - 1).square().mean()
        return -distance + self.penalty * penalty, {"estimate": distance, "penalty": penalty, "slope": slope.mean()}

    def generator_play(self, real: Tensor, fake: Tensor, y: Tensor | None, noise: Noise) -> Play:
        return -self.discriminator(fake, y).mean(), {}

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        return real.mean() - fake.mean()
