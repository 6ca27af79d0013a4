"""The Inception network by which FID is measured (Szegedy et al. 2015, arXiv 1512.00567; Heusel et al. 2017).

Its weights were trained by TensorFlow's makers and frozen on 2015-12-05; the public port to PyTorch
(pt_inception-2015-12-05-6726825d.pth, of the project pytorch-fid) names the layers as they are named here. It differs
from the usual Inception v3: mean pools do not count the padding, the last block pools by maximum, and there are 1,008
classes. Images (B, 3, 299, 299), about in [-1, 1] -> features (B, 2048): 21,785,568 parameters, and 2,065,392 of the
last layer, which FID does not use.
"""

from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d, relu

from simorgh.contracts import UserError

SIDE, FEATURES, CLASSES = 299, 2048, 1008

Kernel = int | tuple[int, int]
Step = tuple[str, int, Kernel] | tuple[str, int, Kernel, int]
Path = list[Step | list[Step]]
"""Convolutions (name, outputs, kernel, stride 1 where not given) one after another; a list in it is a fork."""


class Convolution(nn.Module):
    """A convolution without bias, batch normalisation, ReLU. Padded to the same size where the stride is 1."""

    def __init__(self, inputs: int, outputs: int, kernel: Kernel, stride: int = 1, padded: bool = True):
        super().__init__()
        kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = tuple(k // 2 for k in kernel) if stride == 1 and padded else 0
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return relu(self.bn(self.conv(x)))


class Block(nn.Module):
    """Paths side by side, their outputs joined by channel; the last one starts with a pool."""

    def __init__(self, inputs: int, paths: list[Path], pool: Callable[[Tensor], Tensor]):
        super().__init__()
        self.paths, self.pool, self.outputs = paths, pool, 0
        for path in paths:
            width = inputs
            for step in path:
                fork = step if isinstance(step, list) else [step]
                for name, outputs, *shape in fork:
                    self.add_module(name, Convolution(width, outputs, *shape))
                width = sum(outputs for _, outputs, *_ in fork)
            self.outputs += width

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for path in self.paths:
            h = self.pool(x) if path is self.paths[-1] else x
            for step in path:
                fork = step if isinstance(step, list) else [step]
                h = torch.cat([self.get_submodule(name)(h) for name, *_ in fork], 1)
            found.append(h)
        return torch.cat(found, 1)


def _mean(x: Tensor) -> Tensor:
    return avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def _largest(x: Tensor) -> Tensor:
    return max_pool2d(x, 3, 1, 1)


def _halve(x: Tensor) -> Tensor:
    return max_pool2d(x, 3, 2)


def _a(pooled: int) -> list[Path]:
    return [
        [("branch1x1", 64, 1)],
        [("branch5x5_1", 48, 1), ("branch5x5_2", 64, 5)],
        [("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3)],
        [("branch_pool", pooled, 1)],
    ]


_B: list[Path] = [
    [("branch3x3", 384, 3, 2)],
    [("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3, 2)],
    [],
]


def _c(n: int) -> list[Path]:
    row, column = (1, 7), (7, 1)
    return [
        [("branch1x1", 192, 1)],
        [("branch7x7_1", n, 1), ("branch7x7_2", n, row), ("branch7x7_3", 192, column)],
        [
            ("branch7x7dbl_1", n, 1), ("branch7x7dbl_2", n, column), ("branch7x7dbl_3", n, row),
            ("branch7x7dbl_4", n, column), ("branch7x7dbl_5", 192, row),
        ],
        [("branch_pool", 192, 1)],
    ]  # fmt: skip


_D: list[Path] = [
    [("branch3x3_1", 192, 1), ("branch3x3_2", 320, 3, 2)],
    [
        ("branch7x7x3_1", 192, 1), ("branch7x7x3_2", 192, (1, 7)), ("branch7x7x3_3", 192, (7, 1)),
        ("branch7x7x3_4", 192, 3, 2),
    ],
    [],
]  # fmt: skip
_E: list[Path] = [
    [("branch1x1", 320, 1)],
    [("branch3x3_1", 384, 1), [("branch3x3_2a", 384, (1, 3)), ("branch3x3_2b", 384, (3, 1))]],
    [
        ("branch3x3dbl_1", 448, 1), ("branch3x3dbl_2", 384, 3),
        [("branch3x3dbl_3a", 384, (1, 3)), ("branch3x3dbl_3b", 384, (3, 1))],
    ],
    [("branch_pool", 192, 1)],
]  # fmt: skip
BLOCKS = (
    ("Mixed_5b", _a(32), _mean), ("Mixed_5c", _a(64), _mean), ("Mixed_5d", _a(64), _mean), ("Mixed_6a", _B, _halve),
    ("Mixed_6b", _c(128), _mean), ("Mixed_6c", _c(160), _mean), ("Mixed_6d", _c(160), _mean),
    ("Mixed_6e", _c(192), _mean), ("Mixed_7a", _D, _halve), ("Mixed_7b", _E, _mean), ("Mixed_7c", _E, _largest),
)  # fmt: skip


class Inception(nn.Module):
    """Five convolutions, eleven blocks, the mean over all positions; `fc` is there for the sake of the weight file."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution(3, 32, 3, 2)
        self.Conv2d_2a_3x3 = Convolution(32, 32, 3, padded=False)
        self.Conv2d_2b_3x3 = Convolution(32, 64, 3)
        self.Conv2d_3b_1x1 = Convolution(64, 80, 1)
        self.Conv2d_4a_3x3 = Convolution(80, 192, 3, padded=False)
        width = 192
        for name, paths, pool in BLOCKS:
            block = Block(width, paths, pool)
            self.add_module(name, block)
            width = block.outputs
        self.fc = nn.Linear(FEATURES, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 2048) features of images (B, 3, H, W), H and W at least 75."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(_halve(x)))
        x = _halve(x)
        for name, *_ in BLOCKS:
            x = self.get_submodule(name)(x)
        return x.mean((2, 3))


def _tf1(x: Tensor) -> Tensor:
    """TensorFlow 1's bilinear rule: output pixel i reads place i * in / out, cornered at the upper left."""
    rows, columns = (_corner_weights(n, SIDE).to(x) for n in x.shape[2:])
    return rows @ x @ columns.T


def _corner_weights(inputs: int, outputs: int) -> Tensor:
    """(outputs, inputs) weights of that rule along one axis."""
    place = torch.arange(outputs, dtype=torch.float64) * inputs / outputs
    low = place.floor().long()
    high, share = (low + 1).clamp(max=inputs - 1), place - low
    weights = torch.zeros(outputs, inputs, dtype=torch.float64)
    row = torch.arange(outputs)
    weights[row, low] += 1 - share
    weights[row, high] += share
    return weights


def _half_pixel(x: Tensor) -> Tensor:
    return interpolate(x, (SIDE, SIDE), mode="bilinear", align_corners=False)


def _clean(x: Tensor) -> Tensor:
    """PIL's bicubic rule by channel in float, cut to 0..255, not rounded (Parmar et al. 2022, arXiv 2104.11222)."""
    planes = [
        np.asarray(Image.fromarray(plane).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
        for plane in x.flatten(0, 1).float().cpu().numpy()
    ]
    return torch.from_numpy(np.stack(planes)).view(*x.shape[:2], SIDE, SIDE).clamp(0, 255).to(x)


RESIZE: dict[str, tuple[Callable[[Tensor], Tensor], float, float]] = {
    "tf1": (_tf1, 128.0, 128.0),
    "half-pixel": (_half_pixel, 127.5, 127.5),
    "clean": (_clean, 128.0, 128.0),
}
"""Name -> how grey levels 0..255 become 299 x 299, and the (middle, half range) they are scaled by: the rules of the
reference of Heusel et al., of pytorch-fid and of clean-fid. The first two read places 0.453 source pixels apart."""


def prepare(images: Tensor, resize: str = "tf1") -> Tensor:
    """(B, 3, 299, 299) inputs of the network from images (B, 1 or 3, H, W) in [0, 1], rounded to 256 grey levels.

    UserError for an unknown rule or another number of channels.
    """
    if resize not in RESIZE:
        raise UserError(f"There is no resize rule {resize!r}; there are {', '.join(RESIZE)}.")
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        raise UserError(f"Inception takes images (B, 1 or 3, H, W), not {tuple(images.shape)}.")
    rule, middle, half = RESIZE[resize]
    levels = rule((images.clamp(0, 1) * 255).round())
    return ((levels - middle) / half).expand(-1, 3, -1, -1)
