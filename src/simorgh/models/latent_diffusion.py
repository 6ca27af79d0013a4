r"""Latent diffusion (Rombach et al. 2022, arXiv 2112.10752), the idea behind Stable Diffusion.

First an autoencoder with a faint Gaussian posterior learns to bring images x (B, C, H, W) to maps z (B, h, w, d),

    L_codec = -log p(x | z) + beta KL(q(z | x) || N(0, I)),    beta far below 1, in nats per image,               (1)

then a diffusion model learns the law of the maps, each channel brought to mean 0 and deviation 1 by numbers that are
**measured** along the first stage (a constant copied from another autoencoder is a known cause of bad samples),

    z' = (z - mean) / deviation,    equations (1) and (2) of models/diffusion.py on z'.                            (2)

What changes against diffusion on pixels: the data are encoded, the network has d channels, samples are decoded, x0 is
not clipped. What does not: path, target, weight, levels, guidance, sampler.
"""

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from simorgh.contracts import Batch, Config, DataSpec, Model, Objective, Terms, Tick, UserError, check_least
from simorgh.models.diffusion import DiffusionConfig
from simorgh.nn.grids import GridNetwork
from simorgh.nn.likelihood import Bernoulli
from simorgh.noise import Noise, SampleNoise


@dataclass(frozen=True)
class LatentDiffusionConfig(Config):
    """A codec and a diffusion model behind it.

    Attributes:
        diffusion: of the maps; its `centred` and `deviation` are set here.
        codec: encoder and mirrored decoder between images and maps.
        channels: d, of a map.
        beta: of equation (1).
        codec_until: the share of training in which the codec learns; it then rests and the diffusion model learns.
    """

    unlike_losses = ("beta",)

    diffusion: DiffusionConfig = field(default_factory=DiffusionConfig)
    codec: GridNetwork = field(default_factory=GridNetwork)
    channels: int = 4
    beta: float = 0.01
    codec_until: float = 0.3

    def build(self, spec: DataSpec) -> "LatentDiffusion":
        return LatentDiffusion(self, spec)


class LatentDiffusion(Model):
    """Equations (1) and (2)."""

    mean: Tensor
    deviation: Tensor
    seen: Tensor

    def __init__(self, config: LatentDiffusionConfig, spec: DataSpec):
        super().__init__()
        if not 0 < config.codec_until < 1:
            raise UserError(f"model.codec_until is {config.codec_until}; it is a share of training between 0 and 1.")
        check_least("model", config, channels=1, beta=0)
        if config.diffusion.sampler.clip:
            raise UserError("model.diffusion.sampler.clip bounds pixels, and maps of codes have no bounds.")
        height, width = config.codec.grid(spec)
        self.config = config
        self.encoder = config.codec.encoder(spec, 2 * config.channels)
        self.decoder = config.codec.decoder(spec, config.channels)
        self.likelihood = Bernoulli()
        inside = replace(spec, shape=(config.channels, height, width), mean=(), binary=False)
        self.diffusion = replace(config.diffusion, centred=False, deviation=1.0).build(inside)
        self.conditional = self.diffusion.conditional
        self.register_buffer("mean", torch.zeros(config.channels))
        self.register_buffer("deviation", torch.ones(config.channels))
        self.register_buffer("seen", torch.zeros(()))

    def objectives(self) -> tuple[Objective, ...]:
        codec = [*self.encoder.parameters(), *self.decoder.parameters()]
        until = self.config.codec_until
        return (
            Objective("codec", codec, self.codec_loss, after=self.measure, span=(0.0, until)),
            Objective("denoising", list(self.diffusion.parameters()), self.loss, span=(until, 1.0)),
        )

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x), (B, h, w, d) each."""
        mean, log_variance = self.encoder(x).chunk(2, -1)
        return mean, log_variance.clamp(-20, 10)

    def codec_loss(self, batch: Batch, tick: Tick) -> Terms:
        """Equation (1)."""
        mean, log_variance = self.posterior(batch.x)
        z = mean + (log_variance / 2).exp() * tick.noise.normal(*mean.shape, name="posterior")
        reconstruction = -self.likelihood.log_prob(batch.x, self.decoder(z)).mean()
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).flatten(1).sum(1).mean()
        flat = z.detach().flatten(0, -2)
        logs = {"reconstruction": reconstruction.detach(), "kl": kl.detach()}
        stats = {"mean": flat.mean(0), "square": flat.square().mean(0)}
        return Terms(reconstruction + self.config.beta * kl, len(batch), logs, stats)

    @torch.no_grad()
    def measure(self, terms: Terms) -> None:
        """Let mean and deviation of the maps follow those of the batches: over the last hundred, or all so far."""
        self.seen += 1
        share = 1 / self.seen.clamp(max=100)
        square = self.deviation**2 + self.mean**2
        square += share * (terms.stats["square"] - square)
        self.mean += share * (terms.stats["mean"] - self.mean)
        self.deviation.copy_((square - self.mean**2).clamp(min=1e-8).sqrt())

    def maps(self, x: Tensor, noise: Noise) -> Tensor:
        """(B, d, h, w) standardised draws of z', which no gradient reaches."""
        with torch.no_grad():
            mean, log_variance = self.posterior(x)
            z = mean + (log_variance / 2).exp() * noise.normal(*mean.shape, name="posterior")
            return ((z - self.mean) / self.deviation).permute(0, 3, 1, 2)

    def decode(self, z: Tensor) -> Tensor:
        """(B, C, H, W) mean images of standardised maps z' (B, d, h, w)."""
        return self.likelihood.mean(self.decoder(z.permute(0, 2, 3, 1) * self.deviation + self.mean))

    def loss(self, batch: Batch, tick: Tick) -> Terms:
        """Equation (2) of models/diffusion.py on the maps."""
        return self.diffusion.loss(replace(batch, x=self.maps(batch.x, tick.noise)), tick)

    def validate(self, batch: Batch, tick: Tick) -> Terms:
        """Both losses, the diffusion's in units of its own."""
        codec, denoising = self.codec_loss(batch, tick), self.loss(batch, tick)
        return Terms(codec.loss + denoising.loss, len(batch), {**codec.logs, **denoising.logs})

    def reconstruct(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        mean, _ = self.posterior(x)
        return self.likelihood.mean(self.decoder(mean))

    def conditions(self, first: int, n: int) -> Tensor:
        return self.diffusion.conditions(first, n)

    def condition(self, words: str) -> Tensor:
        return self.diffusion.condition(words)

    def choose_sampler(self, step: str | None, steps: int | None, guidance: float | None) -> object:
        return self.diffusion.choose_sampler(step, steps, guidance)

    def sampling(self) -> dict[str, str | int | float]:
        return self.diffusion.sampling()

    @torch.no_grad()
    def sample(self, n: int, noise: SampleNoise, condition: Tensor | None = None, sampler=None, watch=None) -> Tensor:
        """(n, C, H, W) images; `sampler` and `watch` as in Diffusion.sample."""
        return self.decode(self.diffusion.draw(n, noise, condition, sampler, watch))
