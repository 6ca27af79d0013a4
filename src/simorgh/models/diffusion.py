r"""Diffusion models: one network that undoes noise of every size (Sohl-Dickstein et al. 2015; Ho et al. 2020).

An image x0 (B, C, H, W) in [-1, 1] meets noise eps ~ N(0, I) at a time t that is drawn for it,

    x_t = alpha(t) x0 + sigma(t) eps,                                                                            (1)

and the network is asked for one combination of the two, y = a x0 + b eps (diffusion/target.py):

    L = E_{x0, eps, t} [ w(t) 1/D |F(x_t, t) - y|^2 ],     D pixels.                                             (2)

The best F is a conditional mean: with it come E[x0 | x_t] and the score, -E[eps | x_t] / sigma (Vincent 2011), which is
all that a sampler needs. Samples start as noise and walk down the levels (diffusion/steps.py).

Every method is a row of settings. NCSN: path "ve", target "score", levels "ladder", Langevin steps. DDPM: "vp-linear",
"eps", "ladder", ancestral steps. EDM: "ve" from 0.002 to 80, "edm", "log-normal", weight "edm", Heun. Flow matching:
"line", "velocity", "uniform" or "logit-normal", Euler.

The loss is a mean over pixels, not a likelihood: nats come from the probability-flow ODE (diffusion/likelihood.py).
"""

from dataclasses import dataclass, field, replace
from math import log

import torch
from torch import Tensor

from simorgh.contracts import Batch, Config, DataSpec, Model, Objective, Terms, Tick, UserError
from simorgh.diffusion.condition import Condition
from simorgh.diffusion.denoiser import Denoiser, FromNetwork, clamped, levels, size
from simorgh.diffusion.guidance import Guidance
from simorgh.diffusion.levels import Levels
from simorgh.diffusion.likelihood import log_likelihood
from simorgh.diffusion.path import AnyPath, VPLinear
from simorgh.diffusion.sampler import Sampler
from simorgh.diffusion.target import Target, row
from simorgh.diffusion.weight import Weight, output_weight
from simorgh.nn.dit import DiT
from simorgh.nn.unet import UNet
from simorgh.noise import Noise, SampleNoise


@dataclass(frozen=True)
class DiffusionConfig(Config):
    """The parts of a diffusion model.

    Attributes:
        network: what is trained.
        path, target, weight, levels: see the files of these names in diffusion/.
        deviation: of the data in the range that the network sees, for "edm" parts and for scaling inputs of a "ve"
            path: 0.62 for MNIST in [-1, 1].
        centred: whether the network sees [-1, 1]; without, [0, 1] as the NCSN papers have it.
        condition: what the network is told.
        sampler: how samples are drawn unless another is asked for.
    """

    unlike_losses = ("path", "target", "weight", "levels", "deviation", "centred", "condition")

    network: UNet | DiT = field(default_factory=UNet)
    path: AnyPath = field(default_factory=VPLinear)
    target: Target = "eps"
    weight: Weight = "output"
    levels: Levels = field(default_factory=Levels)
    deviation: float = 0.5
    centred: bool = True
    condition: Condition = field(default_factory=Condition)
    sampler: Sampler = field(default_factory=Sampler)

    def build(self, spec: DataSpec) -> "Diffusion":
        return Diffusion(self, spec)


class Diffusion(Model):
    """Equations (1) and (2), for images (B, C, H, W) in [0, 1]."""

    def __init__(self, config: DiffusionConfig, spec: DataSpec):
        super().__init__()
        if not config.deviation > 0:
            raise UserError(f"model.deviation is {config.deviation}; data have a deviation above 0.")
        if spec.kind != "image":
            raise UserError(f"A diffusion model here learns from images, and these data are {spec.kind}.")
        if config.path.last == float("inf") and config.target in ("eps", "score", "edm"):
            raise UserError(
                f"At the end of this path no signal is left, so {config.target} says nothing about x0: choose v."
            )
        self.config, self.shape = config, spec.shape
        self.told = config.condition.build(spec)
        self.conditional = self.told is not None
        self._check_null(config.sampler, asked=True)
        self.network = config.network.build(spec.shape, context_dim=config.condition.dim if self.conditional else None)

    def objectives(self) -> tuple[Objective, ...]:
        return (Objective("denoising", list(self.parameters()), self.loss),)

    def loss(self, batch: Batch, tick: Tick) -> Terms:
        c, x0 = self.config, self.inward(batch.x)
        t, q = c.levels.draw(c.path, len(x0), tick.noise)
        eps = tick.noise.normal(*x0.shape, name="eps")
        alpha, sigma = c.path.alpha_sigma(q)
        a, b = row(c.target, alpha, sigma, c.deviation)
        signal, noise, a_, b_ = (size(part, x0) for part in (alpha, sigma, a, b))
        y = None if self.told is None else c.condition.dropped(self.told.of(batch), self.told.null, tick.noise)
        answer = self.answer(signal * x0 + noise * eps, t, y)
        error = (answer - (a_ * x0 + b_ * eps)).square().flatten(1).mean(1)
        weighted = output_weight(c.weight, q, alpha, sigma, a, b, c.deviation).to(error) * error
        return Terms(weighted.mean(), len(x0), {"denoising": weighted.mean().detach(), "error": error.mean().detach()})

    def validate(self, batch: Batch, tick: Tick) -> Terms:
        return self.loss(batch, tick)

    def answer(self, x: Tensor, t: Tensor, y: Tensor | None) -> Tensor:
        """F(x_t, t): (B, C, H, W) from x_t, t (B,) and conditions y (B, ...), the null among them."""
        if self.config.path.scale == "ve":
            x = x * size((self.config.path.q(t) ** 2 + self.config.deviation**2).rsqrt(), x)
        context = (None, None) if self.told is None else self.told(y)
        return self.network(x, (1000 * t).to(x), *context)

    def denoiser(self, y: Tensor | None = None, clip: bool = False) -> Denoiser:
        """The denoiser given conditions y (B, ...); for y None that of all images."""
        c = self.config

        def network(x: Tensor, t: Tensor) -> Tensor:
            return self.answer(x, t, self.told.nothing(len(x)) if y is None and self.told is not None else y)

        found = FromNetwork(network, c.path, c.target, c.deviation)
        return clamped(found, *self.bounds) if clip else found

    @property
    def bounds(self) -> tuple[float, float]:
        """Of the pixels that the network sees."""
        return self.inward(torch.zeros(())).item(), 1.0

    @torch.no_grad()
    def sample(
        self, n: int, noise: SampleNoise, condition: Tensor | None = None, sampler: Sampler | None = None, watch=None
    ) -> Tensor:
        """(n, C, H, W) images; `sampler` in place of the config's, `watch` as in diffusion.steps.walk."""
        return self.outward(self.draw(n, noise, condition, sampler, watch))

    def draw(
        self, n: int, noise: SampleNoise, condition: Tensor | None = None, sampler: Sampler | None = None, watch=None
    ) -> Tensor:
        """(n, C, H, W) in the range that the network sees, not clamped."""
        sampler = sampler or self.config.sampler
        if condition is not None and not self.conditional:
            raise UserError("This model was told nothing in training and takes no condition.")
        if sampler.guidance.kind == "auto" and not sampler.guidance.idle:
            raise UserError("Autoguidance needs a second, weaker model, which one run has not: join the two denoisers.")
        self._check_null(sampler, condition is not None)
        told = self.denoiser(condition)
        if condition is not None:
            told = sampler.guidance.join(told, self.denoiser(None))
        if sampler.clip:
            told = clamped(told, *self.bounds, follow=sampler.guidance.kind != "cfg++")
        return sampler.draw(told, self.config.path, self.shape, noise, watch)

    def _check_null(self, sampler: Sampler, asked: bool) -> None:
        """UserError where the answer to no condition would be needed, and training never asks for it."""
        if self.conditional and not self.config.condition.drop and not (asked and sampler.guidance.idle):
            raise UserError(
                "condition.drop is 0, so this model learns no images without a condition: it can neither draw them nor "
                "be guided away from them (sampler.guidance.scale 1 is not guided)."
            )

    def conditions(self, first: int, n: int) -> Tensor:
        """An even walk through what can be told, see ProposesConditions."""
        return self.told.turn(first, n)

    def condition(self, words: str) -> Tensor:
        """A class by its name, a caption, or a text of signs."""
        return self.told.parse(words)

    def choose_sampler(self, step: str | None, steps: int | None, guidance: float | None) -> Sampler:
        if guidance is not None and not self.conditional:
            raise UserError("This model was told nothing in training, so there is nothing to guide it to.")
        return self.config.sampler.altered(step, steps, guidance)

    def sampling(self) -> dict[str, str | int | float]:
        s = self.config.sampler
        s = s if self.conditional else replace(s, guidance=Guidance())  # told nothing, none is guided
        return {
            "protocol": s.protocol, "sampler": s.step.kind, "steps": s.steps,
            "evaluations": s.evaluations(self.config.path), "guidance_scale": s.guidance.scale,
        }  # fmt: skip

    def log_density(
        self, batch: Batch, deviation: float, noise: Noise, tolerance: float = 1e-3
    ) -> tuple[Tensor, Tensor, int]:
        """See HasDensity. The walk goes from the level of `deviation` to the largest of training, or 80. UserError
        where training met no level as small."""
        stretch = 2.0 if self.config.centred else 1.0
        z, path = self.inward(batch.x), self.config.path
        low, high = stretch * deviation, min(path.last, 80.0)
        if low < path.first:
            raise UserError(
                f"Noise of deviation {deviation:g} is less than the {path.first / stretch:g} that this model begins at."
            )
        y = None if self.told is None else self.told.of(batch)
        signs = 2.0 * (noise.uniform(*z.shape, name="signs") < 0.5) - 1
        found = log_likelihood(self.denoiser(y), z, low, high, signs, tolerance)
        return found.nats + z[0].numel() * log(stretch), found.error, found.evaluations

    def denoise(self, batch: Batch, deviation: float) -> Tensor:
        """See HasDensity."""
        q = 2 * deviation if self.config.centred else deviation
        z = self.inward(batch.x)
        y = None if self.told is None else self.told.of(batch)
        return self.outward(self.denoiser(y)(z / (1 + q * q) ** 0.5, levels(q, z)).x0)

    def inward(self, x: Tensor) -> Tensor:
        """From [0, 1] to what the network sees."""
        return 2 * x - 1 if self.config.centred else x

    def outward(self, x: Tensor) -> Tensor:
        return ((x + 1) / 2 if self.config.centred else x).clamp(0, 1)
