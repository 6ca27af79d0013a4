"""Stacked MNIST: three digits drawn at random, one in each colour channel, which makes 1,000 modes to count.

Metz et al. 2017 (arXiv 1611.02163, section 3.3.1), Srivastava et al. 2017 (arXiv 1705.07761), Lin et al. 2018
(arXiv 1712.04086). They draw anew for every batch or every program; here the draws are fixed, so that everybody
learns from the same images. The training part is made of MNIST's training images only, the test part of its test
images only.
"""

import hashlib

import torch
from torch import Tensor

from simorgh.data.mnist import mnist
from simorgh.data.parts import Part, Source, content_hash
from simorgh.noise import philox

NAME = "stacked-mnist"
TRAIN, TEST = 60_000, 10_000


def stacked_mnist() -> Source:
    """Images (3, 28, 28) with labels 0 to 999, whose decimal digits are those of the channels. UserError as `mnist`.

    Each channel is an image drawn uniformly, with replacement: modes are as uneven as the digits of MNIST are, from
    0.7 to 1.4 thousandths. Every mode is in both parts.
    """
    source = mnist()
    train = stack(source.train, draws(len(source.train), TRAIN, "train"))
    test = stack(source.test, draws(len(source.test), TEST, "test"))
    whole = hashlib.sha256((content_hash(train) + content_hash(test)).encode()).hexdigest()
    return Source(
        train,
        test,
        f"stacked from {source.origin}",
        (("pixels and labels of both parts", whole), ("the four MNIST files", source.checksums[0][1])),
        tuple(f"{label:03}" for label in range(1000)),
    )


def draws(images: int, count: int, part: str) -> Tensor:
    """(count, 3) positions among `images`, int64: a pure function of the arguments."""
    return torch.from_numpy(philox(NAME, part).integers(images, size=(count, 3)))


def stack(digits: Part, positions: Tensor) -> Part:
    """The images (N, 3, H, W) whose channel c is the grey digit at positions[:, c], of positions (N, 3)."""
    return Part(digits.x[positions].squeeze(2), label(digits.y[positions]))


def label(digits: Tensor) -> Tensor:
    """100 a + 10 b + c (N,) of the digits (a, b, c) of the channels, (N, 3) int64."""
    return digits @ torch.tensor([100, 10, 1], device=digits.device)
