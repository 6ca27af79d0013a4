r"""The Wasserstein GAN with clipped weights (Arjovsky, Chintala & Bottou 2017, arXiv 1701.07875, algorithm 1).

    L_D = mean D(G(z)) - mean D(x),      L_G = -mean D(G(z)),      every weight of D in [-c, c]

Clipping keeps D within the K-Lipschitz functions for some K, so that -L_D is at most K W_1(real, fake), the earth
mover's distance (their equations 2 and 3). It is the `estimate`, in units of the score, not in nats.

The generator moves after n = `critic_steps` steps of the critic, 5; but n = 100 for the first 25 of its steps and for
every 500th (authors' code, not in the paper). Weights are clipped after every critic step, as in algorithm 1, and at
the start, so that no loss ever sees an unclipped critic; the authors' code clips before a critic step, which leaves
the generator with a critic that has just left the box. Images (B, C, H, W), scores (B,).
"""

from dataclasses import dataclass, field
from math import inf

import torch
from torch import Tensor

from simorgh.contracts import DataSpec, Terms, UserError
from simorgh.models.adversarial import AdversarialConfig, AdversarialModel, Play
from simorgh.nn.players import Players
from simorgh.noise import Noise

LONG, FIRST, PERIOD = 100, 25, 500
"""Critic steps of a long phase; how many generator steps at the start have one, and how often one comes later."""


@dataclass(frozen=True)
class WGANConfig(AdversarialConfig):
    """As AdversarialConfig.

    Attributes:
        clip: c.
        long_phases: whether the phases of 100 critic steps are kept.
    """

    latent_dim: int = 64
    players: Players = field(default_factory=Players)
    conditional: bool = False
    critic_steps: int = 5
    clip: float = 0.01
    long_phases: bool = True

    def build(self, spec: DataSpec) -> "WGAN":
        return WGAN(self, spec)


class WGAN(AdversarialModel):
    """A critic in a box."""

    def __init__(self, config: WGANConfig, spec: DataSpec):
        super().__init__(config, spec)
        if not 0 < config.clip < inf:
            raise UserError(f"model.clip is {config.clip}; the box needs a positive side.")
        self.config, self._moves = config, _Moves(config)
        self.clip()

    def discriminator_play(self, real: Tensor, fake: Tensor, y: Tensor | None, noise: Noise) -> Play:
        distance = self.estimate(*self.scores(real, fake, y))
        return -distance, {"estimate": distance}

    def generator_play(self, real: Tensor, fake: Tensor, y: Tensor | None, noise: Noise) -> Play:
        return -self.discriminator(fake, y).mean(), {}

    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        return real.mean() - fake.mean()

    def generator_due(self, step: int) -> bool:
        return step in self._moves

    def after_discriminator(self, terms: Terms) -> None:
        super().after_discriminator(terms)
        self.clip()

    @torch.no_grad()
    def clip(self) -> None:
        weights = list(self.discriminator.parameters())
        torch._foreach_clamp_min_(weights, -self.config.clip)
        torch._foreach_clamp_max_(weights, self.config.clip)


class _Moves:
    """The steps at which the generator moves: the last of each phase of critic steps."""

    def __init__(self, config: WGANConfig):
        self._config, self._known, self._last, self._count = config, set(), -1, 0

    def __contains__(self, step: int) -> bool:
        while self._last < step:
            long = self._config.long_phases and (self._count < FIRST or self._count % PERIOD == 0)
            self._last += LONG if long else self._config.critic_steps
            self._known.add(self._last)
            self._count += 1
        return step in self._known
