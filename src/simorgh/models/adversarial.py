r"""What every generative adversarial model shares (Goodfellow et al. 2014, arXiv 1406.2661).

A generator G turns noise z ~ N(0, I) into an image, a discriminator D gives every image a number, its score: large
for what looks real. They are trained in turns on the same images: D on telling apart, G on not being told apart.
Members of the family differ in what they make of the scores, and say so in four short methods.

Images (B, C, H, W) lie in [0, 1] outside and in [-1, 1] between the players, there padded where the networks need
other sides. Scores are (B,), logits without a sigmoid. Losses are means over images, in nats where they come from a
log-likelihood. A forward pass changes nothing: spectral norms are refined and weights clipped once a step has been
taken, and statistics of batch normalisation are taken anew before a model is looked at.

A batch normalised generator sees the batch it is part of, so micro-batches and processes change what it computes
(not the rest): each has its own statistics.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from simorgh.contracts import Batch, Config, DataSpec, Model, Objective, Terms, Tick, UserError, check_least
from simorgh.nn.networks import one_hot
from simorgh.nn.players import Players, crop, enlarge
from simorgh.nn.precision import full
from simorgh.nn.spectral import refine
from simorgh.noise import Noise, SampleNoise

Play = tuple[Tensor, dict[str, Tensor]]
"""A loss and what is to be written down beside it."""


@dataclass(frozen=True)
class AdversarialConfig(Config):
    """What the configs of the family have in common.

    Attributes:
        latent_dim: dimensions of z.
        players: the two networks.
        conditional: the label joins z, and D by projection (Miyato & Koyama 2018, arXiv 1802.05637).
        critic_steps: steps of D to one of G, at least 1.
    """

    unlike_moments = True

    latent_dim: int
    players: Players
    conditional: bool
    critic_steps: int = 1


class AdversarialModel(Model):
    """Two players on a list of two objectives. Abstract: a member says what losses they play for."""

    def __init__(self, config: AdversarialConfig, spec: DataSpec):
        super().__init__()
        if config.conditional and not spec.classes:
            raise UserError("model.conditional needs labelled images, and these have no labels.")
        check_least("model", config, latent_dim=1, critic_steps=1)
        self.critic_steps = config.critic_steps
        self.spec, self.latent_dim, self.conditional = spec, config.latent_dim, config.conditional
        self.frame, self.normed = config.players.frame(spec), config.players.norm
        classes = spec.classes if config.conditional else 0
        self.generator = config.players.generator(spec, config.latent_dim + classes)
        self.discriminator = Discriminator(config.players, spec, classes)

    # what a member says

    @abstractmethod
    def discriminator_play(self, real: Tensor, fake: Tensor, y: Tensor | None, noise: Noise) -> Play:
        """The discriminator's loss on images (B, C, S, S') as the players see them."""

    @abstractmethod
    def generator_play(self, real: Tensor, fake: Tensor, y: Tensor | None, noise: Noise) -> Play:
        """The generator's loss; gradients flow through `fake`."""

    @abstractmethod
    def estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        """How far apart D holds the two laws, from scores (B,) of both; 0 where it cannot tell. Bounds a divergence
        from below."""

    def generator_due(self, step: int) -> bool:
        """Whether the generator moves in this step."""
        return step % self.critic_steps == self.critic_steps - 1

    def after_discriminator(self, terms: Terms) -> None:
        refine(self.discriminator)

    # what all do

    def objectives(self) -> tuple[Objective, ...]:
        d, g = list(self.discriminator.parameters()), list(self.generator.parameters())
        return (
            Objective("discriminator", d, self.discriminator_loss, after=self.after_discriminator),
            Objective("generator", g, self.generator_loss, every=self.generator_due),
        )

    def discriminator_loss(self, batch: Batch, tick: Tick) -> Terms:
        with torch.no_grad():
            fake = self.draw(len(batch), batch.y, tick.noise, "discriminator z")
        return self._terms(self.discriminator_play, fake, batch, tick)

    def generator_loss(self, batch: Batch, tick: Tick) -> Terms:
        fake = self.draw(len(batch), batch.y, tick.noise, "generator z")
        return self._terms(self.generator_play, fake, batch, tick)

    def _terms(self, play: Callable[..., Play], fake: Tensor, batch: Batch, tick: Tick) -> Terms:
        loss, logs = play(self.enter(batch.x), fake, batch.y if self.conditional else None, tick.noise)
        return Terms(loss, len(batch), {k: v.detach() for k, v in logs.items()})

    def validate(self, batch: Batch, tick: Tick) -> Terms:
        """The estimate of the distance between held-out and drawn images, by D as it is: no measure of progress."""
        y = batch.y if self.conditional else None
        fake = self.draw(len(batch), batch.y, tick.noise, "validate z")
        return Terms(self.estimate(*self.scores(self.enter(batch.x), fake, y)), len(batch))

    def scores(self, real: Tensor, fake: Tensor, y: Tensor | None) -> tuple[Tensor, Tensor]:
        """D of both, in one pass."""
        both = self.discriminator(torch.cat([real, fake]), None if y is None else torch.cat([y, y]))
        return both[: len(real)], both[len(real) :]

    def draw(self, n: int, y: Tensor | None, noise: Noise | SampleNoise, name: str) -> Tensor:
        """(n, C, S, S') images as the players see them."""
        if n < 2 and self.normed and self.generator.training:
            raise UserError("Batch normalisation needs 2 images at a time: take a larger batch or fewer micro-batches.")
        return full(self.generator(self.join(noise.normal(n, self.latent_dim, name=name), y)))

    def join(self, z: Tensor, y: Tensor | None) -> Tensor:
        """The input of the generator: z, and the label where it is conditional."""
        return torch.cat([z, one_hot(y, self.spec.classes)], 1) if self.conditional else z

    def enter(self, x: Tensor) -> Tensor:
        """From the data's range and sides to the players'."""
        low, high = self.spec.value_range
        return enlarge((x - low) / (high - low) * 2 - 1, self.frame, -1.0)

    def leave(self, x: Tensor) -> Tensor:
        """The way back; values beyond the range are cut off."""
        low, high = self.spec.value_range
        return low + (high - low) * ((crop(x, *self.spec.shape[1:]) + 1) / 2).clamp(0, 1)

    def sample(self, n: int, noise: SampleNoise, condition: Tensor | None = None) -> Tensor:
        if self.conditional and condition is None:
            raise UserError("This model is told the class of each image, and none is given.")
        return self.leave(self.draw(n, condition, noise, "z"))

    def recalibrate(self, batches: int = 10, size: int = 250) -> None:
        """Statistics of batch normalisation from `batches` times `size` fresh codes: training leaves a trailing
        average that belongs to older weights, and averaged weights have none of their own."""
        device = next(self.generator.parameters()).device
        y = torch.arange(batches * size, device=device) % max(self.spec.classes, 1)
        noise = Noise(0, "recalibrate", device=device)
        codes = (self.join(noise.at(i).normal(size, self.latent_dim), y[i * size :][:size]) for i in range(batches))
        update_bn(codes, self.generator)


class Discriminator(nn.Module):
    """D(x) = w' trunk(x) + b, and with labels D(x, y) = D(x) + v_y' trunk(x)."""

    def __init__(self, players: Players, spec: DataSpec, classes: int):
        super().__init__()
        self.trunk = players.discriminator(spec)
        self.head = players.wrap(nn.Linear(self.trunk.features, 1))
        self.label = players.wrap(nn.Embedding(classes, self.trunk.features)) if classes else None

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """(B,) scores."""
        return self.score(self.trunk(x), y)

    def score(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        score = last(self.head, features).squeeze(1)
        return score if y is None else score + (self.label(y) * full(features)).sum(1)


def last(head: nn.Module, features: Tensor) -> Tensor:
    """A last layer's answer, in float32 whatever the trunk was computed in: a critic's scores may all lie near 100,
    where bfloat16 tells whole numbers apart and no more."""
    with torch.autocast(features.device.type, enabled=False):
        return head(full(features))


def squared_slope(scores: Tensor, x: Tensor) -> Tensor:
    """(B,) squared Euclidean norm of the gradient of each score by its own image x, itself differentiable."""
    with torch.autocast(x.device.type, enabled=False):
        (slope,) = torch.autograd.grad(scores.float().sum(), x, create_graph=True)
        return slope.flatten(1).square().sum(1)
