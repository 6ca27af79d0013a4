"""The layers of a network and the shapes that they give, read off a pass through it."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

SHORT = {nn.Linear: "linear", nn.Conv2d: "conv", nn.ConvTranspose2d: "convᵀ", nn.PixelShuffle: "shuffle"}
LAYERS = (*SHORT, nn.BatchNorm1d, nn.BatchNorm2d)


def shapes(modules: Iterable[nn.Module], forward: Callable[[], object]) -> dict[nn.Module, str]:
    """Of what each of `modules` gives while `forward()` runs, without the batch axis ("64 x 7 x 7"), in that order."""
    found: dict[nn.Module, str] = {}

    def note(module: nn.Module, given: object, made: Tensor) -> None:
        found[module] = " x ".join(map(str, made.shape[1:]))

    hooks = [module.register_forward_hook(note) for module in modules]
    with torch.no_grad():
        forward()
    for hook in hooks:
        hook.remove()
    return found


def layers(network: nn.Module, x: Tensor) -> list[tuple[str, str, str, int]]:
    """Layer with stride and padding, shape of its weight, shape that it gives and parameters, for all LAYERS that
    x (1, ...) passes, in this order. The network should be in eval mode: one example has no statistics."""
    given = shapes((m for m in network.modules() if isinstance(m, LAYERS)), lambda: network(x))
    return [(named(m), weight(m), shape, sum(p.numel() for p in m.parameters())) for m, shape in given.items()]


def chain(network: nn.Module, x: Tensor) -> list[str]:
    """What x (1, ...) passes, for a block diagram: "conv 64×7×7", a transposed one "convᵀ", normalisation left out."""
    given = shapes((m for m in network.modules() if type(m) in SHORT), lambda: network(x))
    return [f"{SHORT[type(m)]} {shape.replace(' x ', '×')}" for m, shape in given.items()]


def named(layer: nn.Module) -> str:
    name = type(layer).__name__
    return f"{name}, stride {layer.stride[0]}, padding {layer.padding[0]}" if hasattr(layer, "stride") else name


def weight(layer: nn.Module) -> str:
    """The shape of its weight; of one that has none, by how much it enlarges."""
    if isinstance(layer, nn.PixelShuffle):
        return f"factor {layer.upscale_factor}"
    return " x ".join(map(str, layer.weight.shape))
