r"""The self-supervised GAN (Chen et al. 2019, arXiv 1811.11212, equations 4 and 5; their code, compare_gan).

The discriminator has a second linear layer that says by how much an image was turned: 0, 90, 180 or 270 degrees.

    L_D = adversarial(real, fake) + beta  CE(rotation | real images, turned),       beta  = 1.0
    L_G = adversarial(fake)       + alpha CE(rotation | fake images, turned),       alpha = 0.2

The adversarial loss sees upright images only; D never learns rotations from fakes, G never from reals. A quarter of
the images (B, C, H, W) is turned, each into all four positions (its upright one included), so that a step costs half
as much again. Adversarial losses: "hinge" (the paper), mean relu(1 - D(x)) + mean relu(1 + D(G(z))) against
-mean D(G(z)), whose best value is 2 - 2 TV, so that 1 - L / 2 bounds the total variation distance; or
"non-saturating", as in gan.py, with its bound on the Jensen-Shannon divergence. The cross-entropy is in nats.

Turning is rotation: transposing alone would give mirror images, which no turn of the hand gives.
"""

from dataclasses import dataclass, field
from math import log
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, relu, softplus

from simorgh.contracts import DataSpec, UserError, check_least
from simorgh.models.adversarial import AdversarialConfig, AdversarialModel, Play, last
from simorgh.nn.players import Players
from simorgh.noise import Noise


@dataclass(frozen=True)
class SSGANConfig(AdversarialConfig):
    """As AdversarialConfig.

    Attributes:
        adversarial: the loss on upright images.
        real_rotations, fake_rotations: beta and alpha.
    """

    latent_dim: int = 128
    players: Players = field(default_factory=lambda: Players("residual", width=256, spectral=True))
    conditional: bool = False
    adversarial: Literal["hinge", "non-saturating"] = "hinge"
    real_rotations: float = 1.0
    fake_rotations: float = 0.2

    def build(self, spec: DataSpec) -> "SSGAN":
        return SSGAN(self, spec)


def turned(x: Tensor) -> Tensor:
    """(4 B, C, S, S) all images upright, then all turned counter-clockwise by 90, 180 and 270 degrees."""
    return torch.cat([torch.rot90(x, quarter, (2, 3)) for quarter in range(4)])


class SSGAN(AdversarialModel):
    """A discriminator with a second question to answer."""

    def __init__(self, config: SSGANConfig, spec: DataSpec):
        super().__init__(config, spec)
        if self.frame[0] != self.frame[1]:
            raise UserError(f"SSGAN turns images by 90 degrees: {self.frame} is not square.")
        check_least("model", config, real_rotations=0, fake_rotations=0)
        self.config = config
        self.discriminator.rotation = config.players.wrap(nn.Linear(self.discriminator.trunk.features, 4))

    def discriminator_play(self, real: Tensor, fake: Tensor, y: Tensor | None, noise: Noise) -> Play:
        chosen = self.chosen(real, noise)
        features = self.discriminator.trunk(torch.cat([real, fake, turned(chosen)[len(chosen) :]]))
        upright, sides = features[: 2 * len(real)], features[2 * len(real) :]
        at_real, at_fake = self.discriminator.score(upright, None if y is None else torch.cat([y, y])).chunk(2)
        rotation, accuracy = self.rotation(
            torch.cat([self.chosen(upright[: len(real)], noise), sides]), len(real), noise
        )
        loss = self._discriminator_loss(at_real, at_fake)
        logs = {"estimate": self.estimate(at_real, at_fake), "rotation": rotation, "rotation_accuracy": accuracy}
        return loss + self.config.real_rotations * rotation, logs

    def generator_play(self, real: Tensor, fake: Tensor, y: Tensor | None, noise: Noise) -> Play:
        chosen = self.chosen(fake, noise)
        features = self.discriminator.trunk(torch.cat([fake, turned(chosen)[len(chosen) :]]))
        upright, sides = features[: len(fake)], features[len(fake) :]
        scores = self.discriminator.score(upright, y)
        rotation, accuracy = self.rotation(torch.cat([self.chosen(upright, noise), sides]), len(fake), noise)
        loss = -scores.mean() if self.config.adversarial == "hinge" else softplus(-scores).mean()
        return loss + self.config.fake_rotations * rotation, {"rotation": rotation, "rotation_accuracy": accuracy}

    def chosen(self, x: Tensor, noise: Noise) -> Tensor:
        """Every fourth row of the global batch, from the rows x of it that are here."""
        return x[-noise.start % 4 :: 4]

    def rotation(self, features: Tensor, images: int, noise: Noise) -> tuple[Tensor, Tensor]:
        """Cross-entropy and accuracy of features (4 k, F) of k images in all four positions, out of `images` that are
        here.

        Not divided by 4 k but by this part's share of all that are turned: so parts of a batch that hold unequal
        numbers of them still add up to the mean of the whole.
        """
        whole = noise.total or images
        images = images * (4 * -(-whole // 4) / whole)
        logits = last(self.discriminator.rotation, features)
        target = torch.arange(4, device=logits.device).repeat_interleave(len(logits) // 4)
        right = (logits.argmax(1) == target).float().sum() / images
        return cross_entropy(logits, target, reduction="sum") / images, right

    def _discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        if self.config.adversarial == "hinge":
            return relu(1 - real).mean() + relu(1 + fake).mean()
        return softplus(-real).mean() + softplus(fake).mean()

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        best = 1.0 if self.config.adversarial == "hinge" else log(2)
        return best - self._discriminator_loss(real, fake) / 2

    @torch.no_grad()
    def predict_rotation(self, x: Tensor) -> Tensor:
        """(B, 4) probabilities of the four positions for images as they lie in the data."""
        return last(self.discriminator.rotation, self.discriminator.trunk(self.enter(x))).softmax(1)
