r"""The generative adversarial network (Goodfellow et al. 2014, arXiv 1406.2661).

With scores s = D(x), sigma(s) the probability that x is real, and m images (B, C, H, W) of each kind, all in nats,

    L_D    = -1/m sum log sigma(D(x_i)) - 1/m sum log(1 - sigma(D(G(z_i))))                                  (1)
    L_G    = -1/m sum log sigma(D(G(z_i)))                     non-saturating, the default                   (2)
    L_G    =  1/m sum log(1 - sigma(D(G(z_i))))                saturating, the game of their equation 1      (3)

Written on logits, -log sigma(s) = softplus(-s) and -log(1 - sigma(s)) = softplus(s): no logarithm meets a zero. For
the best D, L_D = 2 log 2 - 2 JS (their theorem 1), so log 2 - L_D / 2 is a lower bound on the Jensen-Shannon
divergence for any D: the `estimate`.
"""

from dataclasses import dataclass, field
from math import log

from torch import Tensor
from torch.nn.functional import softplus

from simorgh.contracts import DataSpec
from simorgh.models.adversarial import AdversarialConfig, AdversarialModel, Play
from simorgh.nn.players import Players
from simorgh.noise import Noise


@dataclass(frozen=True)
class GANConfig(AdversarialConfig):
    """As AdversarialConfig; `saturating` takes (3) in place of (2)."""

    latent_dim: int = 64
    players: Players = field(default_factory=Players)
    conditional: bool = False
    saturating: bool = False

    def build(self, spec: DataSpec) -> "GAN":
        return GAN(self, spec)


class GAN(AdversarialModel):
    """Equations (1) to (3)."""

    def __init__(self, config: GANConfig, spec: DataSpec):
        super().__init__(config, spec)
        self.saturating = config.saturating

    def discriminator_play(self, real: Tensor, fake: Tensor, y: Tensor | None, noise: Noise) -> Play:
        real, fake = self.scores(real, fake, y)
        return softplus(-real).mean() + softplus(fake).mean(), {"estimate": self.estimate(real, fake)}

    def generator_play(self, real: Tensor, fake: Tensor, y: Tensor | None, noise: Noise) -> Play:
        scores = self.discriminator(fake, y)
        return (-softplus(scores) if self.saturating else softplus(-scores)).mean(), {}

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        return log(2) - (softplus(-real).mean() + softplus(fake).mean()) / 2
