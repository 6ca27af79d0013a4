"""The two players of an adversarial model: generators and discriminators without losses.

Generator: codes (B, inputs) -> images (B, C, S, S') that the discriminator sees, in [-1, 1] or, where the output is
linear, near it. Discriminator trunk: such images -> features (B, features) before the last linear layer.

shuffle   dense layers and PixelShuffle (Shi et al. 2016, arXiv 1609.05158) against strided convolutions; for sides
          that divide by 4. At width 64 on 28 x 28: 1,654,121 and 1,640,033 parameters with the last layer.
residual  the blocks of SNGAN (Miyato et al. 2018, arXiv 1802.05957) and SSGAN (Chen et al. 2019, arXiv 1811.11212);
          three doublings, so that 28 x 28 is padded to 32 x 32. At width 256: 4,082,945 and 1,084,805 parameters, the
          latter with a linear layer for four rotations.
dense     plain layers for any shape.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, pad

from simorgh.contracts import DataSpec, UserError, check_least
from simorgh.nn.networks import mlp
from simorgh.nn.spectral import spectral

Wrap = Callable[[nn.Module], nn.Module]


@dataclass(frozen=True)
class Players:
    """Shape of both networks.

    Attributes:
        kind: which pair, see above.
        width: channels of the generator at its smallest resolution (hidden units of "dense").
        critic_width: channels of the discriminator at its smallest resolution; 0 for its usual share of `width`.
        output: "tanh", or "linear" where the table of an assignment names no last activation.
        norm: batch normalisation in the generator (discriminators have none).
        spectral: spectral normalisation of every layer of the discriminator.
    """

    kind: Literal["shuffle", "residual", "dense"] = "shuffle"
    width: int = 64
    critic_width: int = 0
    output: Literal["tanh", "linear"] = "tanh"
    norm: bool = True
    spectral: bool = False

    def __post_init__(self) -> None:
        check_least("players", self, critic_width=0)
        if self.kind == "shuffle" and self.critic_width == 1:
            raise UserError("players.critic_width 1 leaves no channel to the first layer of kind shuffle: take 2.")

    def frame(self, spec: DataSpec) -> tuple[int, int]:
        """Height and width of the images that the players exchange, at least those of the data."""
        if spec.kind != "image":
            raise UserError(f"The players of an adversarial model draw images, not {spec.kind}.")
        height, width = spec.shape[1:]
        if self.kind == "shuffle" and (height % 4 or width % 4):
            raise UserError(f"players.kind shuffle needs sides that divide by 4, not {spec.shape}: take residual.")
        if self.kind == "residual":
            return -(-height // 8) * 8, -(-width // 8) * 8
        return height, width

    def wrap(self, layer: nn.Module) -> nn.Module:
        """A layer of the discriminator as it is to be used."""
        return spectral(layer) if self.spectral else layer

    def generator(self, spec: DataSpec, inputs: int) -> nn.Module:
        kinds = {"shuffle": ShuffleGenerator, "residual": ResidualGenerator, "dense": DenseGenerator}
        divisor = 8 if self.kind == "shuffle" else 1
        if self.width < divisor or self.width % divisor:
            raise UserError(f"players.width {self.width} should be a multiple of {divisor} for kind {self.kind}.")
        net = kinds[self.kind](inputs, (spec.shape[0], *self.frame(spec)), self.width, self.norm)
        return _arranged(nn.Sequential(net, nn.Tanh()) if self.output == "tanh" else net)

    def discriminator(self, spec: DataSpec) -> nn.Module:
        """The trunk; its attribute `features` says how many numbers it gives."""
        kinds = {"shuffle": StridedTrunk, "residual": ResidualTrunk, "dense": DenseTrunk}
        usual = max(self.width // 2, 1) if self.kind == "residual" else self.width
        shape = (spec.shape[0], *self.frame(spec))
        return _arranged(kinds[self.kind](shape, self.critic_width or usual, self.wrap))


def _arranged(net: nn.Module) -> nn.Module:
    """Channels innermost in memory: convolutions with few channels take half the time."""
    return net.to(memory_format=torch.channels_last)


def _norm(layer: type[nn.Module], channels: int, wanted: bool) -> nn.Module:
    return layer(channels) if wanted else nn.Identity()


class ShuffleGenerator(nn.Sequential):
    """Two dense layers, then twice PixelShuffle(2) and a 3 x 3 convolution."""

    def __init__(self, inputs: int, shape: tuple[int, int, int], width: int, norm: bool):
        channels, height, breadth = shape
        small = (width, height // 4, breadth // 4)
        super().__init__(
            nn.Linear(inputs, 8 * width), _norm(nn.BatchNorm1d, 8 * width, norm), nn.ReLU(),
            nn.Linear(8 * width, prod(small)), _norm(nn.BatchNorm1d, prod(small), norm), nn.ReLU(),
            nn.Unflatten(1, small), nn.PixelShuffle(2),
            nn.Conv2d(width // 4, width // 2, 3, padding=1), _norm(nn.BatchNorm2d, width // 2, norm), nn.ReLU(),
            nn.PixelShuffle(2), nn.Conv2d(width // 8, channels, 3, padding=1),
        )  # fmt: skip


class StridedTrunk(nn.Module):
    """Two 4 x 4 convolutions of stride 2 and a dense layer."""

    def __init__(self, shape: tuple[int, int, int], width: int, wrap: Wrap):
        super().__init__()
        channels, height, breadth = shape
        self.features = 8 * width
        self.layers = nn.Sequential(
            wrap(nn.Conv2d(channels, width // 2, 4, 2, 1)), nn.ReLU(),
            wrap(nn.Conv2d(width // 2, width, 4, 2, 1)), nn.ReLU(), nn.Flatten(),
            wrap(nn.Linear(width * height * breadth // 16, self.features)), nn.ReLU(),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class UpBlock(nn.Module):
    """x -> up(x) + conv(relu(bn(conv(up(relu(bn(x))))))), up doubling the sides by nearest neighbours."""

    def __init__(self, inputs: int, outputs: int, norm: bool):
        super().__init__()
        self.before = nn.Sequential(_norm(nn.BatchNorm2d, inputs, norm), nn.ReLU())
        self.after = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1), _norm(nn.BatchNorm2d, outputs, norm), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )  # fmt: skip
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        up = interpolate(self.before(x), scale_factor=2.0)
        return self.after(up) + interpolate(self.shortcut(x), scale_factor=2.0)


class ResidualGenerator(nn.Sequential):
    """A dense layer, three UpBlocks and a 3 x 3 convolution."""

    def __init__(self, inputs: int, shape: tuple[int, int, int], width: int, norm: bool):
        channels, height, breadth = shape
        small = (width, height // 8, breadth // 8)
        super().__init__(
            nn.Linear(inputs, prod(small)), _norm(nn.BatchNorm1d, prod(small), norm), nn.Unflatten(1, small),
            *(UpBlock(width, width, norm) for _ in range(3)),
            _norm(nn.BatchNorm2d, width, norm), nn.ReLU(), nn.Conv2d(width, channels, 3, padding=1),
        )  # fmt: skip


class DownBlock(nn.Module):
    """x -> pool(conv(relu(conv(relu(x))))) + pool(conv1x1(x)); the first block has no leading ReLU, the last two no
    pool (mean over 2 x 2)."""

    def __init__(self, inputs: int, outputs: int, pool: bool, first: bool, wrap: Wrap):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Identity() if first else nn.ReLU(), wrap(nn.Conv2d(inputs, outputs, 3, padding=1)), nn.ReLU(),
            wrap(nn.Conv2d(outputs, outputs, 3, padding=1)),
        )  # fmt: skip
        self.shortcut, self.pool = wrap(nn.Conv2d(inputs, outputs, 1)), pool

    def forward(self, x: Tensor) -> Tensor:
        # Mean and 1 x 1 convolution commute; the smaller image goes through the convolution.
        if self.pool:
            return avg_pool2d(self.layers(x), 2) + self.shortcut(avg_pool2d(x, 2))
        return self.layers(x) + self.shortcut(x)


class ResidualTrunk(nn.Module):
    """Four DownBlocks, ReLU, and the sum over positions."""

    def __init__(self, shape: tuple[int, int, int], width: int, wrap: Wrap):
        super().__init__()
        self.features = width
        self.blocks = nn.Sequential(
            DownBlock(shape[0], width, True, True, wrap), DownBlock(width, width, True, False, wrap),
            DownBlock(width, width, False, False, wrap), DownBlock(width, width, False, False, wrap), nn.ReLU(),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(x).sum((2, 3))


class DenseGenerator(nn.Sequential):
    """width, 2 width, 4 width hidden units with batch normalisation."""

    def __init__(self, inputs: int, shape: tuple[int, int, int], width: int, norm: bool):
        sizes = (inputs, width, 2 * width, 4 * width)
        hidden: list[nn.Module] = []
        for a, b in zip(sizes, sizes[1:]):
            hidden += [nn.Linear(a, b), _norm(nn.BatchNorm1d, b, norm), nn.ReLU()]
        super().__init__(*hidden, nn.Linear(sizes[-1], prod(shape)), nn.Unflatten(1, shape))


class DenseTrunk(nn.Module):
    """4 width, 2 width and width hidden units with leaky ReLU."""

    def __init__(self, shape: tuple[int, int, int], width: int, wrap: Wrap):
        super().__init__()
        self.features = width
        layers = mlp((prod(shape), 4 * width, 2 * width, width), "leaky-relu")
        self.layers = nn.Sequential(
            nn.Flatten(), *(wrap(m) if isinstance(m, nn.Linear) else m for m in layers), nn.LeakyReLU()
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


def enlarge(x: Tensor, frame: tuple[int, int], value: float) -> Tensor:
    """x (B, C, H, W) in the middle of a frame filled with `value`."""
    left, top = (frame[1] - x.shape[3]) // 2, (frame[0] - x.shape[2]) // 2
    return pad(x, (left, frame[1] - x.shape[3] - left, top, frame[0] - x.shape[2] - top), value=value)


def crop(x: Tensor, height: int, width: int) -> Tensor:
    """The middle of x (B, C, H, W): what `enlarge` put there."""
    left, top = (x.shape[3] - width) // 2, (x.shape[2] - height) // 2
    return x[:, :, top : top + height, left : left + width]
