"""What a network costs, counted: parameters, operations, bytes kept for the backward pass, shapes of a U-Net's blocks;
and how long a training took, by the clock and without what ran beside it."""

from collections.abc import Callable, Mapping
from math import prod
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from simorgh.nn.unet import Stage, UNet
from simorgh.train import Run


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


class Level(NamedTuple):
    """One resolution of a U-Net on the way down or up, or its middle.

    Attributes:
        way: "down 1", counted from the full resolution, "middle" or "up 1".
        blocks: channels into and out of each residual block.
        shape: (C, H, W) behind the last of them.
        attention: whether attention follows them.
        parameters: with the halving or doubling that leads here.
    """

    way: str
    blocks: list[tuple[int, int]]
    shape: tuple[int, ...]
    attention: bool
    parameters: int


def level_table(network: UNet, shape: tuple[int, int, int]) -> list[Level]:
    """The levels in the order of the pass. What stands outside them: first and last convolution, and the code of t."""
    with torch.device("meta"):
        built = network.build(shape)
    shapes, found = iter(cost(network, shape).stages), []
    for way, parts in (("down", built.down), ("middle", built.middle), ("up", built.up)):
        groups: list[list[nn.Module]] = [[]]
        for part in parts:
            if not isinstance(part, Stage):
                groups.append([])
            groups[-1].append(part)
        for i, group in enumerate(groups):
            stages = [part for part in group if isinstance(part, Stage)]
            blocks = [(s.block.before[2].in_channels, s.block.after[2].out_channels) for s in stages]
            behind = [next(shapes) for _ in stages][-1]
            number = i + 1 if way == "down" else len(groups) - i
            held = sum(p.numel() for part in group for p in part.parameters())
            name = way if way == "middle" else f"{way} {number}"
            found.append(Level(name, blocks, behind, any(s.attention is not None for s in stages), held))
    return found


class Clock(NamedTuple):
    """How long a training took.

    Attributes:
        minutes: by the clock.
        undisturbed: had every step been as fast as the fastest tenth of the same kind.
        uneven: how many times as long as the fastest tenth half of the steps took, or longer.
        place: what it ran on, in English and in Persian.
    """

    minutes: float
    undisturbed: float
    uneven: float
    place: tuple[str, str]


def clock(run: Run) -> Clock:
    """From the history of a run and its environment.json. Steps of one kind log alike: stages of a training differ."""
    kinds: dict[frozenset, list[tuple[int, float]]] = {}
    before = (0, 0.0)
    for line in run.history():
        kind = frozenset(key for key in line if key.endswith("/loss") and not key.startswith("valid"))
        kinds.setdefault(kind, []).append((line["step"] - before[0], line["seconds"] - before[1]))
        before = line["step"], line["seconds"]
    undisturbed, uneven = 0.0, []
    for found in kinds.values():
        steps, seconds = np.array(found).T
        fast, half = np.quantile(seconds / steps, (0.1, 0.5))
        undisturbed += float(fast * steps.sum()) / 60
        uneven.append((steps.sum(), half / max(fast, 1e-9)))
    env = run.environment()
    used, cores = env["torch_threads"], env["processor_cores"]
    place = f"{used} of {cores} cores", f"{used} هسته از {cores} هسته"
    return Clock(before[1] / 60, undisturbed, float(max(uneven)[1]), (env["gpu"], env["gpu"]) if env["gpu"] else place)


def clock_said(runs: Mapping[str, Run]) -> tuple[str, str]:
    """Sentences, in English and in Persian, on what the measured minutes of named runs are worth."""
    clocks = {name: clock(run) for name, run in runs.items()}
    places = [" / ".join(dict.fromkeys(c.place[i] for c in clocks.values())) for i in (0, 1)]
    busy = {name: c for name, c in clocks.items() if c.uneven > 1.1}
    en = f"Times are those of the clock, on {places[0]}."
    fa = f"زمان‌ها زمانِ ساعت است، روی {places[1]}."
    if not busy:
        en += " All steps took about equally long, so there is no sign of other work beside them."
        fa += " همهٔ گام‌ها کم‌وبیش یک اندازه طول کشیده‌اند، پس نشانی از کار دیگری در کنارشان نیست."
        return en, fa
    en += " Half of the steps took at least " + ", ".join(f"{c.uneven:.2f} (`{name}`)" for name, c in busy.items())
    en += (
        " times as long as the fastest tenth, a sign that other work, such as further trainings, ran on the same"
        " machine; then these"
    )
    en += " times are upper bounds. All at the pace of the fastest tenth they would be "
    en += ", ".join(f"{c.undisturbed:.3g} (`{name}`)" for name, c in busy.items())
    en += " minutes. Times in the recipes' own words are for two cores that do nothing else."
    fa += " نیمی از گام‌ها دست‌کم " + "، ".join(f"{c.uneven:.2f} (`{name}`)" for name, c in busy.items())
    fa += " برابرِ تندترین یک‌دهم طول کشیده است، نشانِ این‌که شاید کار دیگری، مانند آموزش‌های دیگر، روی همان ماشین در جریان بوده است؛ در این صورت این زمان‌ها"
    fa += " کران بالاست. اگر همه با سرعت تندترین یک‌دهم پیش می‌رفت، "
    fa += "، ".join(f"{c.undisturbed:.3g} (`{name}`)" for name, c in busy.items())
    fa += " دقیقه می‌شد. زمان‌هایی که دستورها خود می‌گویند برای دو هسته است که کار دیگری نکنند."
    return en, fa
