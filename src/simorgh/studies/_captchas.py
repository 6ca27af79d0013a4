"""What the study of captchas counts: the shapes, operations and memory of a network, and which signs are mistaken."""

from collections import Counter
from collections.abc import Callable
from math import prod
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from simorgh.data.captcha import SIGNS
from simorgh.nn.unet import Stage, UNet
from simorgh.report.style import use_style


class Cost(NamedTuple):
    """What one image costs a U-Net.

    Attributes:
        parameters: their number.
        operations: multiplications and additions of one forward pass.
        kept: bytes that a training step keeps for its backward pass, float32.
        stages: number of residual blocks, and shape (C, H, W) behind each of them, in the order of the pass.
    """

    parameters: int
    operations: int
    kept: int
    stages: list[tuple[int, ...]]


def cost(network: UNet, shape: tuple[int, int, int], context: tuple[int, int] | None = None) -> Cost:
    """Of the network for images of `shape`, told `context` = (tokens, dimensions). Counted on torch's meta device, where
    tensors have shapes and no values, so that no size is too large."""
    with torch.device("meta"):
        built = network.build(shape, context_dim=context and context[1])
        given = (torch.empty(1, *shape), torch.empty(1), *([torch.empty(1, *context)] if context else []))
    stages: list[tuple[int, ...]] = []
    for part in built.modules():
        if isinstance(part, Stage):
            part.register_forward_hook(lambda module, given, out: stages.append(tuple(out.shape[1:])))
    counter = FlopCounterMode(display=False)
    with counter:
        kept = kept_bytes(built, lambda: built(*given))
    return Cost(sum(p.numel() for p in built.parameters()), counter.get_total_flops(), kept, stages)


def kept_bytes(network: nn.Module, forward: Callable[[], Tensor]) -> int:
    """Bytes that `forward()` keeps for the backward pass, each piece of memory once and the weights not counted."""
    own = {p.untyped_storage()._cdata for p in network.parameters()}
    found: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            found[storage._cdata] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        out = forward()  # alive until the sum is taken, so that no address is used twice
    total = sum(found.values())
    assert out.requires_grad
    return total


def states(parameters: int, averaged: bool) -> int:
    """Bytes of weights, gradients and Adam's two moments in float32, and of the averaged weights where there are any."""
    return 4 * parameters * (5 if averaged else 4)


def resolutions(stages: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """The different shapes of `stages`, from the largest number of positions down."""
    return sorted(set(stages), key=lambda shape: -prod(shape[1:]))


def mistakes(asked: Tensor, read: Tensor) -> Counter:
    """How often each sign (the first of a pair) was read as another, over texts (N, 5) of positions in SIGNS."""
    wrong = asked != read
    return Counter((SIGNS[a], SIGNS[b]) for a, b in zip(asked[wrong].tolist(), read[wrong].tolist()))


def matrix(found: Counter) -> Figure:
    """Mistakes as a picture: a row for the sign that was asked for, a column for what was read."""
    use_style()
    counts = np.array([[found[a, b] for b in SIGNS] for a in SIGNS])
    figure = Figure(figsize=(4.2, 4.0))
    axes = figure.subplots()
    axes.imshow(counts, cmap="Blues", vmin=0, vmax=max(1, counts.max()))
    top = max(1, counts.max())
    for i, j in zip(*np.nonzero(counts)):
        axes.text(
            j,
            i,
            counts[i, j],
            ha="center",
            va="center",
            fontsize=6,
            color="white" if counts[i, j] > top / 2 else "black",
        )
    axes.set_xticks(range(len(SIGNS)), SIGNS)
    axes.set_yticks(range(len(SIGNS)), SIGNS)
    axes.tick_params(length=0, labelsize=7)
    axes.grid(False)
    axes.set(xlabel="read", ylabel="asked for")
    return figure


def pairs(found: Counter, most: int = 6) -> str:
    """The most frequent mistakes in words: "g→8 (3), ..."."""
    return ", ".join(f"{a}→{b} ({n})" for (a, b), n in found.most_common(most))
