"""What the studies of noise levels share: how far samples are from images, and the clock of a sampler."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import torch
from torch import Tensor

from simorgh.data import Dataset
from simorgh.diffusion.denoiser import Denoiser
from simorgh.diffusion.path import Path
from simorgh.diffusion.sampler import Sampler
from simorgh.evaluate import judge
from simorgh.metrics.frechet import frechet_distance
from simorgh.metrics.intervals import Interval, jackknife
from simorgh.noise import SampleNoise, philox


@dataclass(frozen=True)
class Yardstick:
    """Reference images as features (N, d) and digits (N,), and `read`, which sees samples in the same way.

    Distances carry a bias that falls with the number of samples: compare equal numbers only.
    """

    name: str
    features: Tensor
    digits: Tensor
    read: Callable[[Tensor], tuple[Tensor, Tensor]]

    def distance(self, images: Tensor) -> float:
        """Fréchet distance of the features of `images` (n, C, H, W) in [0, 1] from those of the reference."""
        return frechet_distance(self.features, self.read(images)[0])

    def distance_interval(self, images: Tensor) -> Interval:
        """The same with a 95 % interval from leaving out each tenth of the samples."""
        return jackknife(lambda features: frechet_distance(self.features, features), self.read(images)[0])

    def variation(self, images: Tensor) -> float:
        """Total variation between the shares of the ten digits in samples and in the reference, in [0, 1]."""
        ours, theirs = (d.bincount(minlength=10).double() / len(d) for d in (self.read(images)[1], self.digits))
        return float((ours - theirs).abs().sum() / 2)


def by_components(images: Tensor, digits: Tensor, count: int = 50) -> Yardstick:
    """Principal components of `images` (N, C, H, W); the digit is that of the nearest of them."""
    flat = images.flatten(1).double()
    count = min(count, flat.shape[1] // 3)
    basis = torch.linalg.eigh((flat - flat.mean(0)).T @ (flat - flat.mean(0)))[1][:, -count:]

    def read(x: Tensor) -> tuple[Tensor, Tensor]:
        x = x.flatten(1).double()
        return (x - flat.mean(0)) @ basis, digits[torch.cdist(x, flat).argmin(1)]

    return Yardstick(f"first {count} principal components of pixels", read(images)[0], digits, read)


def by_judge(data: Dataset, n: int) -> Yardstick:
    """Features and digits by the judge of MNIST for its first `n` test images; by pixels for images of other sizes."""
    images, digits = data.test.x[:n].float() / 255, data.test.y[:n]
    if data.spec.shape != judge.SHAPE:
        return by_components(images, digits)

    def read(x: Tensor) -> tuple[Tensor, Tensor]:
        features, probabilities = judge.judged(x)
        return features, probabilities.argmax(1)

    return Yardstick(f"features of {judge.NAME}", read(images)[0], digits, read)


def floors(yardstick: Yardstick, images: Tensor, n: int, draws: int = 5) -> tuple[float, float]:
    """Mean distance and mean total variation of `n` of these real `images`, drawn with replacement."""
    picks = [philox("floor", i).integers(len(images), size=n) for i in range(draws)]
    found = [(yardstick.distance(images[p]), yardstick.variation(images[p])) for p in picks]
    return sum(f for f, _ in found) / draws, sum(v for _, v in found) / draws


def draw(
    sampler: Sampler, denoise: Denoiser, path: Path, shape: tuple[int, ...], n: int, seed: int, device: str = "cpu"
) -> tuple[Tensor, float]:
    """(n, *shape) raw samples of `denoise` and the seconds of wall clock for each."""
    start = perf_counter()
    with torch.no_grad():
        x = sampler.draw(denoise, path, shape, SampleNoise(seed, n, device=device)).cpu()
    return x, (perf_counter() - start) / n


def named(sampler: Sampler, path: Path) -> str:
    """The sampler and its levels in words, for a protocol."""
    levels = sampler.grid.levels(path, sampler.steps)
    return f"{sampler.protocol}, q from {levels[0]:.4g} to {levels[-2]:.4g}"
