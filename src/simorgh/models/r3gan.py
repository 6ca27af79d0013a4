r"""A modern baseline: relativistic pairing with two gradient penalties (Huang et al. 2024, arXiv 2501.05441).

    L_D = mean softplus(-(D(x) - D(G(z)))) + gamma / 2 (R1 + R2)                                      (their eq. 2)
    L_G = mean softplus(-(D(G(z)) - D(x)))
    R1  = mean |grad D(x)|^2,      R2 = mean |grad D(G(z))|^2                                        (eqs. 3 and 4)

Every real image x (B, C, H, W) is paired with one fake (Jolicoeur-Martineau 2018): only differences of scores count,
so no mode of the data can be given up against another. Both penalties are taken at every step. Losses are in nats
per image; that of a D that cannot tell is log 2; log 2 - mean softplus(-(D(x) - D(G(z)))) is the `estimate`.
"""

from dataclasses import dataclass, field
from math import log

from torch import Tensor
from torch.nn.functional import softplus

from simorgh.contracts import DataSpec, check_least
from simorgh.models.adversarial import AdversarialConfig, AdversarialModel, Play, squared_slope
from simorgh.nn.players import Players
from simorgh.noise import Noise


@dataclass(frozen=True)
class R3GANConfig(AdversarialConfig):
    """As AdversarialConfig; `gamma` weighs the penalties."""

    latent_dim: int = 64
    players: Players = field(default_factory=lambda: Players(norm=False))
    conditional: bool = False
    gamma: float = 1.0

    def build(self, spec: DataSpec) -> "R3GAN":
        return R3GAN(self, spec)


class R3GAN(AdversarialModel):
    """Pairs of images, and a discriminator that is flat where the data and the samples are."""

    def __init__(self, config: R3GANConfig, spec: DataSpec):
        super().__init__(config, spec)
        check_least("model", config, gamma=0)
        self.gamma = config.gamma

    def discriminator_play(self, real: Tensor, fake: Tensor, y: Tensor | None, noise: Noise) -> Play:
        real, fake = real.requires_grad_(), fake.detach().requires_grad_()
        at_real, at_fake = self.scores(real, fake, y)
        r1, r2 = squared_slope(at_real, real).mean(), squared_slope(at_fake, fake).mean()
        loss = softplus(at_fake - at_real).mean()
        return loss + self.gamma / 2 * (r1 + r2), {"estimate": log(2) - loss, "r1": r1, "r2": r2}

    def generator_play(self, real: Tensor, fake: Tensor, y: Tensor | None, noise: Noise) -> Play:
        at_real, at_fake = self.scores(real, fake, y)
        return softplus(at_real - at_fake).mean(), {}

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        return log(2) - softplus(fake - real).mean()
