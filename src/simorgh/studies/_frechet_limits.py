"""Parts of the study `fid`: spoiled images, sets that the distance cannot tell apart, resizing."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from scipy.ndimage import gaussian_filter, shift
from torch import Tensor

from simorgh.metrics.divergences import assignment
from simorgh.metrics.frechet import frechet_distance
from simorgh.metrics.kid import KernelDistance, kernel_distance
from simorgh.noise import philox
from simorgh.report.style import ltr
from simorgh.studies._frechet import covariance, exactly


def noisy(x: Tensor, s: float) -> Tensor:
    return (x + s * torch.from_numpy(philox("pixels").standard_normal(x.shape)).float()).clamp(0, 1)


def blurred(x: Tensor, s: float) -> Tensor:
    return torch.from_numpy(gaussian_filter(x.numpy(), (0, 0, s, s)))


def moved(x: Tensor, s: float) -> Tensor:
    """Images moved by s pixels on both axes, read bilinearly."""
    return torch.from_numpy(shift(x.numpy(), (0, 0, s, s), order=1))


SPOIL = {
    "noise": ([0.05, 0.1, 0.2, 0.4], noisy),
    "blur": ([0.5, 1.0, 1.5, 2.0], blurred),
    "shift": ([1, 2, 3, 4], lambda x, s: torch.roll(x, s, 3)),
}
"""Four strengths of each fault, and what it does to images (N, 1, H, W)."""


def without(classes: int, labels: np.ndarray, order: np.ndarray, count: int) -> list[int]:
    """The first `count` places of `order` whose label is none of the last so many classes."""
    return [i for i in order if labels[i] < 10 - classes][:count]


def distances(features: Tensor | np.ndarray, real: np.ndarray) -> tuple[float, float]:
    """The Fréchet and the kernel distance."""
    return frechet_distance(features, real), kernel_distance(features, real).value


class Blind(NamedTuple):
    """Three distances of one pair: `w2` is the squared cost of the best transport."""

    fd: float
    kid: KernelDistance
    w2: float


def blind(x: np.ndarray, y: np.ndarray, few: int) -> Blind:
    """The transport is that of `few` rows of each: one of all points would take minutes."""
    some = philox("some").permutation(len(y))[:few]
    return Blind(frechet_distance(x, y), kernel_distance(x, y), assignment(x[:few], y[some]).value)


def gaussian_like(x: np.ndarray) -> np.ndarray:
    """As many draws of a Gaussian whose sample moments are those of x (n, d), which may be of lower rank."""
    values, vectors = np.linalg.eigh(covariance(x))
    held = values > 1e-10 * values.max()
    white = exactly(len(x), np.zeros(held.sum()), np.eye(held.sum()), "digits")
    return white * values[held] ** 0.5 @ vectors[:, held].T + x.mean(0)


def clouds(n: int) -> dict[str, np.ndarray]:
    """Sets (n, 2) of mean 0 and covariance I: two Gaussian ones, a skewed one and a ring."""
    flat, angle = (np.zeros(2), np.eye(2)), 2 * np.pi * (np.arange(n) + 0.5) / n
    return {
        "Gaussian": exactly(n, *flat, "gauss"),
        "second draw": exactly(n, *flat, "again"),
        "skewed": exactly(n, *flat, base=philox("shapes").exponential(size=(n, 2))),
        "ring": exactly(n, *flat, base=np.stack([np.cos(angle), np.sin(angle)], 1)),
    }


def sampling_places(source: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Where `size` output pixels read a row of `source` pixels: by the rule of TF1 and by the half-pixel rule."""
    scale = source / size
    return np.arange(size) * scale, (np.arange(size) + 0.5) * scale - 0.5


def torch_places(source: int, size: int) -> np.ndarray:
    """Where torch's bilinear rule reads: a ramp as image gives the place itself, away from the edges."""
    ramp = torch.arange(source, dtype=torch.float64).repeat(source, 1)[None, None]
    read = torch.nn.functional.interpolate(ramp, size=(size, size), mode="bilinear", align_corners=False)
    return read[0, 0, size // 2].numpy()


def grey_levels_changed() -> tuple[int, int]:
    """How many of 256 levels change from [0, 255] to [-1, 1] in float32 and back: by cutting off, by rounding."""
    levels = torch.arange(256)
    back = (levels.float() / 255 * 2 - 1 + 1) * 127.5
    return int((back.to(torch.uint8) != levels).sum()), int((back.round().to(torch.uint8) != levels).sum())


def divisor_effect(x: np.ndarray, y: np.ndarray) -> float:
    """What the divisor n in place of n - 1 adds to the distance of x from y."""
    shrunk = [part.mean(0) + (part - part.mean(0)) * (1 - 1 / len(part)) ** 0.5 for part in (x, y)]
    return frechet_distance(*shrunk) - frechet_distance(x, y)


def implementations(pick: Callable[[str, str], str]) -> list[list[str]]:
    """Rows of a table: name, resizing to 299 pixels, scaling of pixels, divisor of the covariance, root."""
    tf1, half = pick("TF1 bilinear", "دوخطی TF1"), pick("half-pixel bilinear", "دوخطی نیم‌پیکسل")
    antialias = pick("half-pixel bilinear, antialias", "دوخطی نیم‌پیکسل، پادپلگی")
    scaled, minus = ltr("(x\u00a0−\u00a0128)/128"), ltr("n − 1")
    eigen = pick("eigenvalues of the product", "ویژه‌مقدارهای حاصل‌ضرب")
    inside = pick("inside the network, TF1-like", "درون شبکه، مانند TF1")
    return [
        ["TTUR (Heusel et al.)", tf1, scaled, minus, "sqrtm"],
        ["pytorch-fid", half, ltr("2x/255\u00a0−\u00a01"), minus, "sqrtm"],
        ["torch-fidelity", tf1, scaled, minus, eigen],
        [ltr("torchmetrics ≥ 1.8"), antialias, scaled, minus, eigen],
        ["clean-fid", pick("PIL bicubic", "دومکعبی PIL"), scaled, minus, "sqrtm"],
        ["StyleGAN2-ADA, StyleGAN3", inside, pick("inside the network", "درون شبکه"), "n", "sqrtm"],
    ]
