"""The blocks of a U-Net once more, from torch's own functions with equal weights, in float64."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, group_norm, silu

from simorgh.nn.attention import Attention, ImageAttention
from simorgh.nn.context import Given
from simorgh.nn.residual import ResidualBlock
from simorgh.noise import philox


def torch_attention(ours: Attention) -> nn.MultiheadAttention:
    """torch's attention with the weights of `ours`, whose keys have no bias."""
    width, memory = ours.query.in_features, ours.key.in_features
    made = nn.MultiheadAttention(width, ours.heads, batch_first=True, kdim=memory, vdim=memory).double()
    parts = {"q": ours.query.weight, "k": ours.key.weight, "v": ours.value.weight}
    if memory == width:
        weights = {"in_proj_weight": torch.cat([*parts.values()])}
    else:
        weights = {f"{name}_proj_weight": weight for name, weight in parts.items()}
    bias = torch.cat([ours.query.bias, torch.zeros(width), ours.value.bias])
    out = {f"out_proj.{name}": value for name, value in ours.out.state_dict().items()}
    made.load_state_dict({**weights, "in_proj_bias": bias, **out})
    return made


def _drawn(block: nn.Module, rng: np.random.Generator) -> nn.Module:
    """The block with weights from a named stream: those of torch's own generator would differ from run to run."""
    for weight in block.double().parameters():
        weight.copy_(torch.from_numpy(rng.standard_normal(tuple(weight.shape))) / 4)
    return block


def _normals(rng: np.random.Generator, *shapes: tuple[int, ...]) -> list[Tensor]:
    return [torch.from_numpy(rng.standard_normal(shape)) for shape in shapes]


@torch.no_grad()
def attention_gap() -> float:
    """Largest difference of self-attention from torch's."""
    rng = philox("attention")
    (x,), ours = _normals(rng, (2, 49, 16)), _drawn(Attention(16, 4), rng)
    theirs = torch_attention(ours)
    return float((ours(x) - theirs(x, x, x)[0]).abs().max())


@torch.no_grad()
def residual_block_gap(rng: np.random.Generator) -> float:
    """Largest difference of a residual block, its shortcut a convolution, from the formula."""
    block = _drawn(ResidualBlock(16, 32, 24), rng)
    x, code = _normals(rng, (2, 16, 8, 6), (2, 24))
    before, between, after = block.before, block.between, block.after[-1]
    h = silu(group_norm(x, before[0].num_groups, before[0].weight, before[0].bias))
    h = conv2d(h, before[-1].weight, before[-1].bias, padding=1) + block.time(code)[:, :, None, None]
    h = silu(group_norm(h, between.num_groups, between.weight, between.bias))
    h = conv2d(h, after.weight, after.bias, padding=1)
    by_hand = h + conv2d(x, block.shortcut.weight, block.shortcut.bias)
    return float((by_hand - block(x, Given(code))).abs().max())


@torch.no_grad()
def attention_block_gap(rng: np.random.Generator) -> float:
    """Largest difference of an attention block with five tokens to attend to from the formula."""
    block = _drawn(ImageAttention(16, 4, context=10), rng)
    x, tokens = _normals(rng, (2, 16, 3, 8), (2, 5, 10))
    h = x.flatten(2).transpose(1, 2)
    seen = block.before(h)
    h = h + torch_attention(block.attention)(seen, seen, seen)[0]
    h = h + torch_attention(block.cross)(block.between(h), tokens, tokens)[0]
    h = h + block.think(block.after(h))
    return float((h.transpose(1, 2).unflatten(2, (3, 8)) - block(x, tokens)).abs().max())
