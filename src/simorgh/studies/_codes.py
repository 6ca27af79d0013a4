"""Parts of `ae_vs_vae` and its neighbours: what random codes decode to, segments and the plane of codes, bounds."""

from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from simorgh.errors import UserError
from simorgh.evaluate.judge import judged, reference
from simorgh.metrics.intervals import Interval, wilson
from simorgh.metrics.likelihood import exact_log_likelihood
from simorgh.models.autoencoder import Autoencoder
from simorgh.models.vae import LatentVariableModel
from simorgh.noise import Noise, philox
from simorgh.report.style import LINES, WRONG

Coder = Autoencoder | LatentVariableModel
"""What the study compares: both encode and decode, one has a law of codes of its own."""


class Nearest:
    """Distances to the nearest of `count` training images in the features of the judge of digits.

    Attributes:
        limit: what 95 % of the distances of 2,000 test images stay under; an image below it is typical.
    """

    def __init__(self, count: int = 10_000):
        self.real = reference(count, "train")
        self.limit = float(torch.cdist(reference(2000, "test"), self.real).min(1).values.quantile(0.95))

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(n,) distances of `images` (n, 1, 28, 28), and how sure the judge is of each."""
        features, probabilities = judged(images)
        return torch.cdist(features, self.real).min(1).values, probabilities.max(1).values

    def read(self, images: Tensor) -> Tensor:
        """(10,) share of `images` that the judge takes for each digit."""
        return judged(images)[1].argmax(1).bincount(minlength=10) / len(images)

    def typical(self, images: Tensor) -> Interval:
        """Share of typical images, with Wilson's interval."""
        return wilson(float((self(images)[0] < self.limit).float().mean()), len(images))


@torch.no_grad()
def straight(model: Coder, ends: Tensor, part: Tensor, nearest: Nearest) -> tuple[Tensor, Tensor]:
    """What `nearest` says, distances and confidences (N, T), of the decoded segments between the codes of pairs of images
    `ends` (N, 2, C, H, W), at the shares `part` (T,) of the way."""
    a, b = (model.encode(ends[:, i])[:, None] for i in (0, 1))
    codes = a + part.view(1, -1, 1) * (b - a)
    far, sure = nearest(model.decode(codes.flatten(0, 1)))
    return far.unflatten(0, codes.shape[:2]), sure.unflatten(0, codes.shape[:2])


def pixel_distance(images: Tensor, real: Tensor) -> Tensor:
    """(n,) Euclidean distance of `images` (n, ...) to the nearest of `real` (N, ...), pixel by pixel."""
    return torch.cdist(images.flatten(1), real.flatten(1)).min(1).values


def in_box(codes: Tensor, n: int, seed: int = 0) -> Tensor:
    """(n, d) uniform points of the bounding box of `codes` (N, d)."""
    low, high = codes.min(0).values, codes.max(0).values
    return low + (high - low) * torch.from_numpy(philox("box", seed).random((n, codes.shape[1]), dtype=np.float32))


def steepness(model: Coder, codes: Tensor) -> Tensor:
    """(n,) how far the image moves, in pixel distance, for each deviation that a code moves: by a step of a hundredth
    of the deviation of `codes` (n, d) in a random direction."""
    scale = codes.std()
    step = 0.01 * scale * torch.from_numpy(philox("direction").standard_normal(tuple(codes.shape), dtype=np.float32))
    return (model.decode(codes + step) - model.decode(codes)).flatten(1).norm(dim=1) / step.norm(dim=1) * scale


def roughness(model: Coder, codes: Tensor) -> float:
    """99 % quantile of the steepness over its median: 1 for a map that is equally steep everywhere."""
    values = steepness(model, codes)
    return float(values.quantile(0.99) / values.median())


def faults(models: dict[str, Coder], codes: dict[str, list[Tensor]], nearest: Nearest, side: int) -> Figure:
    """Four panels a model: the codes of all its seeds, where its plane decodes to no digit, how steep the map is, and
    the codes of seed 0 beside the law that samples are drawn from. `models` and the first of `codes` are seed 0."""
    figure = Figure(figsize=(10.4, 2.6 * len(models)))
    for row, (name, model) in zip(figure.subplots(len(models), 4, squeeze=False), models.items()):
        first = codes[name][0]
        low, high = first.quantile(0.002, 0), first.quantile(0.998, 0)
        x, y = (torch.linspace(float(a), float(b), side) for a, b in zip(low, high))
        plane = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).view(-1, 2)
        extent = (float(low[0]), float(high[0]), float(low[1]), float(high[1]))
        for i, z in enumerate(codes[name]):
            row[0].scatter(*z[:1500].T, s=2, alpha=0.35, linewidths=0, color=LINES[i])
        row[0].set(ylabel=name)
        row[0].set_title("codes, one colour a seed", fontsize=9)
        _map(row[1], nearest(model.decode(plane))[0].view(side, side) / nearest.limit, extent, 0, 2)
        row[1].set_title("distance to the nearest digit / limit", fontsize=9)
        steep = steepness(model, plane)
        _map(row[2], (steep / steep.median()).log10().view(side, side), extent, -1, 1)
        row[2].set_title("log10 of steepness / its median", fontsize=9)
        row[3].hist2d(*first.T.numpy(), bins=60, range=[extent[:2], extent[2:]], cmap="Greys", norm="log")
        mean, deviation = _law(model)
        angle = torch.linspace(0, 2 * np.pi, 100)
        for share in (0.5, 0.95):
            radius = np.sqrt(-2 * np.log(1 - share))
            row[3].plot(
                mean[0] + radius * deviation[0] * angle.cos(),
                mean[1] + radius * deviation[1] * angle.sin(),
                color=WRONG,
            )
        row[3].set(xlim=extent[:2], ylim=extent[2:])
        row[3].set_title("codes and the law drawn from", fontsize=9)
    return figure


def _map(axes: Axes, values: Tensor, extent: tuple[float, ...], low: float, high: float) -> None:
    shown = axes.imshow(values, origin="lower", extent=extent, aspect="auto", cmap="RdBu_r", vmin=low, vmax=high)
    axes.figure.colorbar(shown, ax=axes)
    axes.grid(visible=False)


def _law(model: Coder) -> tuple[Tensor, Tensor]:
    """Mean and deviation of the Gaussian that samples of the model are drawn from."""
    if isinstance(model, Autoencoder):
        return model.code_mean, model.code_variance.sqrt()
    return torch.zeros(model.latent_dim), torch.ones(model.latent_dim)


class Bound(NamedTuple):
    """A bound on -log p of each image, (n,) nats, and its parts."""

    neg_elbo: Tensor
    reconstruction: Tensor
    kl: Tensor


def bound(model: Autoencoder, x: Tensor, deviation: float, draws: int = 5) -> Bound:
    """The negative ELBO of an autoencoder that is taken for a VAE: posterior N(f(x), deviation^2 I), prior the Gaussian
    of the running mean and variance of the codes, widened by that noise."""
    code = model.encode(x)
    variance = model.code_variance + deviation**2
    squares = deviation**2 + (code - model.code_mean).square()
    kl = 0.5 * (squares / variance - 1 - torch.log(deviation**2 / variance)).sum(1)
    noise = Noise(0, "bound")
    seen = (code + deviation * noise.at(i).normal(*code.shape) for i in range(draws))
    terms = [-model.likelihood.log_prob(x, model.decoder(model.standard(z))) for z in seen]
    reconstruction = torch.stack(terms).mean(0)
    return Bound(reconstruction + kl, reconstruction, kl)


def own_deviation(model: Autoencoder) -> float:
    """Deviation of the noise on a coordinate of the code in training; 0 for a plain autoencoder."""
    return float((model.noise * model.spread / model.share).sqrt())


def best_deviation(model: Autoencoder, x: Tensor) -> float:
    """The one deviation, of twenty between 1/1000 of the codes' own and all of it, that gives images x the best
    bound: what a plain autoencoder lacks, chosen afterwards."""
    tried = np.geomspace(1e-3, 1, 20) * float(model.code_variance.mean().sqrt())
    return min(tried, key=lambda s: float(bound(model, x, s, 1).neg_elbo.mean()))


def exact(model: Coder, x: Tensor, noise: float = 0.0) -> Tensor | None:
    """-log p(x), (n,) nats, of a model with a code of two dimensions, by quadrature over the plane under the law that
    samples are drawn from, widened by `noise`; None where the sum has not settled to 0.05 nats."""
    mean, deviation = _law(model)
    deviation = (deviation**2 + noise**2).sqrt()
    flat = x.flatten(1)

    def log_likelihood(u: Tensor) -> Tensor:
        z = mean + deviation * u
        logits = model.decoder(model.standard(z)) if isinstance(model, Autoencoder) else model.generate(z, None)
        logits = logits.flatten(1)
        return logits @ flat.T - torch.nn.functional.softplus(logits).sum(1, keepdim=True)

    def log_prior(u: Tensor) -> Tensor:
        return -0.5 * u.square().sum(-1) - np.log(2 * np.pi)

    try:
        return -exact_log_likelihood(log_likelihood, log_prior, 5.0, 201, tolerance=0.05, most=1601).log_prob
    except UserError:
        return None
