"""Encoders and decoders between an image and a map of vectors a quarter as high and as wide.

Encoder: images (B, C, H, W) -> vectors (B, H/4, W/4, dim). Decoder: vectors (..., H/4, W/4, dim) -> (..., C, H, W),
unbounded values that a likelihood reads. The layers are those of van den Oord et al. 2017, section 4.1, as their
authors' code has them: 28 -> 14 -> 7 for MNIST, 32 -> 16 -> 8 for CIFAR-10.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn

from simorgh.contracts import DataSpec, UserError
from simorgh.nn.precision import full


@dataclass(frozen=True)
class GridNetwork:
    """Shape of an encoder to a map and of the mirrored decoder.

    Attributes:
        hidden: channels at the smallest resolution; half of them at the one before.
        residual: channels inside a residual block.
        blocks: residual blocks of each of the two networks; 0 for the plain small net.
        mixing: hidden units of a perceptron over all positions of the map behind each residual block; 0 for none. With
            it a code may speak of the whole image and not of its surroundings only, which counts where codes are few.
    """

    hidden: int = 64
    residual: int = 32
    blocks: int = 2
    mixing: int = 0

    def grid(self, spec: DataSpec) -> tuple[int, int]:
        """Height and width of the map. UserError for data that have none, and for settings outside their range."""
        if spec.kind != "image" or any(side % 4 for side in spec.shape[1:]):
            raise UserError(f"A map of codes needs images with sides that divide by 4, not {spec.kind} {spec.shape}.")
        if self.hidden < 2 or self.hidden % 2 or self.residual < 1 or self.blocks < 0 or self.mixing < 0:
            raise UserError(
                f"network.hidden {self.hidden} should be even, residual {self.residual} at least 1, blocks "
                f"{self.blocks} and mixing {self.mixing} at least 0."
            )
        return spec.shape[1] // 4, spec.shape[2] // 4

    def encoder(self, spec: DataSpec, dim: int) -> nn.Module:
        self.grid(spec)
        return GridEncoder(self, spec, dim)

    def decoder(self, spec: DataSpec, dim: int) -> nn.Module:
        self.grid(spec)
        return GridDecoder(self, spec, dim)


class ResidualBlock(nn.Module):
    """x -> x + conv1x1(relu(conv3x3(relu(x))))."""

    def __init__(self, channels: int, inner: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReLU(), nn.Conv2d(channels, inner, 3, padding=1), nn.ReLU(), nn.Conv2d(inner, channels, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class Mixing(nn.Module):
    """x -> x + perceptron over the positions of norm(x), the same for every channel (Tolstikhin et al. 2021, arXiv
    2105.01601). It starts as the identity."""

    def __init__(self, channels: int, positions: int, hidden: int):
        super().__init__()
        self.norm = nn.GroupNorm(1, channels)
        self.layers = nn.Sequential(nn.Linear(positions, hidden), nn.ReLU(), nn.Linear(hidden, positions))
        nn.init.zeros_(self.layers[-1].weight)
        nn.init.zeros_(self.layers[-1].bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(self.norm(x).flatten(2)).unflatten(2, x.shape[2:])


def _residuals(network: GridNetwork, spec: DataSpec) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for _ in range(network.blocks):
        layers.append(ResidualBlock(network.hidden, network.residual))
        if network.mixing:
            layers.append(Mixing(network.hidden, prod(network.grid(spec)), network.mixing))
    return [*layers, nn.ReLU()]


class GridEncoder(nn.Module):
    """Convolutions 4x4/2, 4x4/2, 3x3, residual blocks, and 1x1 to the dimensions of a code."""

    def __init__(self, network: GridNetwork, spec: DataSpec, dim: int):
        super().__init__()
        sizes = (spec.shape[0], network.hidden // 2, network.hidden)
        strided = [layer for a, b in pairwise(sizes) for layer in (nn.Conv2d(a, b, 4, 2, 1), nn.ReLU())]
        self.layers = nn.Sequential(
            *strided, nn.Conv2d(network.hidden, network.hidden, 3, padding=1), *_residuals(network, spec),
            nn.Conv2d(network.hidden, dim, 1),
        )  # fmt: skip
        _channels_innermost(self)

    def forward(self, x: Tensor) -> Tensor:
        return full(self.layers(x)).permute(0, 2, 3, 1)


class GridDecoder(nn.Module):
    """The mirror: 3x3, residual blocks, and two transposed convolutions 4x4/2."""

    def __init__(self, network: GridNetwork, spec: DataSpec, dim: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(dim, network.hidden, 3, padding=1), *_residuals(network, spec),
            nn.ConvTranspose2d(network.hidden, network.hidden // 2, 4, 2, 1), nn.ReLU(),
            nn.ConvTranspose2d(network.hidden // 2, spec.shape[0], 4, 2, 1),
        )  # fmt: skip
        _channels_innermost(self)

    def forward(self, z: Tensor) -> Tensor:
        images = full(self.layers(z.flatten(0, -4).permute(0, 3, 1, 2)))
        return images.unflatten(0, z.shape[:-3])


def _channels_innermost(net: nn.Module) -> None:
    """In memory; convolutions with few channels then take less time, and vectors of a map lie together."""
    net.to(memory_format=torch.channels_last)
