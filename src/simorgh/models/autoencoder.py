r"""The autoencoder, plain and with noise on its codes.

Hinton & Salakhutdinov 2006 for the plain one: x (B, *shape) -> code z (B, latent_dim) -> reconstruction, trained
on the reconstruction alone. There is no distribution over codes, so nothing says which z decode to an image.

`noise` adds a Gaussian draw to the code while training. With c the centre of the codes and

    R = E ||z - c||^2,

a running mean that every step updates, the noise has the variance `noise` * R, read in one of two ways:

    "total"            the variance summed over the d coordinates is noise * R: each has noise * R / d,     (1)
    "per-coordinate"   each coordinate has the variance noise * R, in sum d * noise * R.                    (2)

With noise = 1/2 the signal-to-noise ratio per coordinate is 2 in (1), whatever d, and 2/d in (2). Under noise of
fixed size an encoder escapes by scaling its codes up. As R follows the codes that earns it nothing, but no gradient
tells it so (R is a measured number to it), and the codes still drift outwards without end. So a decoder under noise
reads (z - c) / sqrt(R): drift then does not reach it.

New images are decoded from a Gaussian with the running mean and variance of each coordinate of the codes: a
density fitted afterwards, not one that training has prepared (Ghosh et al. 2020 call it ex-post). Units: nats
per image under the likelihood.
"""

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from simorgh.contracts import Batch, Config, DataSpec, Model, Objective, Terms, Tick, UserError, check_least
from simorgh.models.vae import start_at_mean
from simorgh.nn.likelihood import make_likelihood
from simorgh.nn.networks import Network
from simorgh.noise import SampleNoise


@dataclass(frozen=True)
class AutoencoderConfig(Config):
    """Settings of an autoencoder.

    Attributes:
        latent_dim: dimensions of the code.
        network: encoder and mirrored decoder.
        likelihood: which log p(x | z) is the (negative) reconstruction error.
        noise: variance of the noise on the code as a share of R; 0 for the plain autoencoder.
        reading: what that share refers to, equations (1) and (2).
        memory: share of a running mean that one step keeps.
    """

    unlike_losses = ("likelihood",)

    latent_dim: int = 2
    network: Network = field(default_factory=Network)
    likelihood: str = "bernoulli"
    noise: float = 0.0
    reading: Literal["total", "per-coordinate"] = "total"
    memory: float = 0.9

    def build(self, spec: DataSpec) -> "Autoencoder":
        return Autoencoder(self, spec)


class Autoencoder(Model):
    """Encoder, optional noise on the code, decoder."""

    conditional = False

    def __init__(self, config: AutoencoderConfig, spec: DataSpec):
        super().__init__()
        check_least("model", config, latent_dim=1)
        if config.noise < 0 or not 0 <= config.memory < 1:
            raise UserError(f"model.noise {config.noise} is below 0 or model.memory {config.memory} outside 0 to 1.")
        self.latent_dim, self.noise, self.memory = config.latent_dim, config.noise, config.memory
        self.share = config.latent_dim if config.reading == "total" else 1
        self.likelihood = make_likelihood(config.likelihood)
        self.encoder = config.network.encoder(spec, config.latent_dim)
        self.decoder = config.network.decoder(spec, config.latent_dim)
        start_at_mean(self.decoder, spec)
        self.register_buffer("code_mean", torch.zeros(config.latent_dim))
        self.register_buffer("code_variance", torch.ones(config.latent_dim))
        self.register_buffer("seen", torch.zeros(()))

    @property
    def spread(self) -> Tensor:
        """R, the running mean squared distance of the codes from their centre."""
        return self.code_variance.sum()

    def objectives(self) -> tuple[Objective, ...]:
        return (Objective("reconstruction", list(self.parameters()), self.loss, after=self.follow_codes),)

    def loss(self, batch: Batch, tick: Tick) -> Terms:
        code = self.encoder(batch.x)
        seen = self.standard(code)
        if self.noise:
            seen = seen + (self.noise / self.share) ** 0.5 * tick.noise.normal(*code.shape, name="code")
        loss = -self.likelihood.log_prob(batch.x, self.decoder(seen)).mean()
        code = code.detach()
        stats = {"mean": code.mean(0), "square": code.square().mean(0)}
        return Terms(loss, len(batch), {"spread": self.spread.clone()}, stats)

    def standard(self, z: Tensor) -> Tensor:
        """What the decoder reads: (z - c) / sqrt(R) under noise, else z itself."""
        return (z - self.code_mean) / self.spread.sqrt() if self.noise else z

    def follow_codes(self, terms: Terms) -> None:
        """Running mean and variance of the codes; the first step sets them."""
        mean = terms.stats["mean"]
        variance = (terms.stats["square"] - mean.square()).clamp(min=1e-12)
        keep = self.memory * self.seen.clamp(max=1)
        self.code_mean.lerp_(mean, 1 - keep)
        self.code_variance.lerp_(variance, 1 - keep)
        self.seen += 1

    def validate(self, batch: Batch, tick: Tick) -> Terms:
        seen = self.standard(self.encoder(batch.x))
        return Terms(-self.likelihood.log_prob(batch.x, self.decoder(seen)).mean(), len(batch))

    def encode(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.encoder(x)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.likelihood.mean(self.decoder(self.standard(z)))

    def reconstruct(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.decode(self.encode(x))

    def sample(self, n: int, noise: SampleNoise, condition: Tensor | None = None) -> Tensor:
        z = self.code_mean + self.code_variance.sqrt() * noise.normal(n, self.latent_dim)
        return self.decode(z)
