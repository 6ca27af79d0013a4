"""What a network costs, counted: parameters, operations, bytes kept for the backward pass, shapes of a U-Net's blocks."""

from collections.abc import Callable
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from simorgh.nn.unet import Stage, UNet


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
