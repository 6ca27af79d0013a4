r"""A transformer of a noised image and its noise level (DiT: Peebles and Xie 2023, arXiv 2212.09748, section 3.2).

    x (B, C, H, W), level (B,), context (B, L, D) and its mask (B, L) -> (B, out, H, W)

The image becomes a row of square patches, to which waves of their row and column are added. In every block the code c
of the noise level (and of the context) scales and shifts what the norms return, and gates what is added:

    h = h + g_1(c) attention((1 + s_1(c)) norm(h) + b_1(c)),      h = h + g_2(c) feed((1 + s_2(c)) norm(h) + b_2(c)).

All six are linear in SiLU(c) and start at zero ("adaLN-zero"), as the last layer does: an untrained network answers
zero, through blocks that change nothing. Sides that the patches do not divide are padded inside.
"""

from dataclasses import dataclass
from math import ceil
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, pixel_unshuffle, silu

from simorgh.contracts import UserError, check_share
from simorgh.nn.attention import Attention
from simorgh.nn.context import Pooled, check_context
from simorgh.nn.players import crop, enlarge
from simorgh.nn.timecode import TimeCode, sinusoidal, waves

WAVES = 256
"""Features of the noise level before its small network."""


@dataclass(frozen=True)
class DiT:
    """Shape of the network.

    Attributes:
        dim: dimensions of a patch, a multiple of 4 and of `heads`.
        depth: blocks.
        heads: of the attention.
        patch: side of a patch, in pixels.
        dropout: of what a block adds.
        inject: "add" puts the pooled context into the code; "tokens" joins its tokens to the patches, and they go
            through the blocks with them.
        fused: whether attention runs through torch's kernel, see nn/attention.py.
    """

    dim: int = 192
    depth: int = 6
    heads: int = 6
    patch: int = 2
    dropout: float = 0.0
    inject: Literal["add", "tokens"] = "add"
    fused: bool = False
    kind: Literal["dit"] = "dit"

    def build(
        self, shape: tuple[int, int, int], out_channels: int | None = None, context_dim: int | None = None
    ) -> "DiTModule":
        """The network for images of this shape (C, H, W); without `context_dim` it is not told anything besides."""
        if self.dim < 1 or self.dim % 4 or self.depth < 1 or self.patch < 1:
            raise UserError(
                f"dit.dim {self.dim} should be a multiple of 4, with dit.depth {self.depth} and dit.patch {self.patch} "
                "at least 1."
            )
        check_share("dit", self, "dropout")
        return DiTModule(self, shape, out_channels or shape[0], context_dim)


class DiTBlock(nn.Module):
    """Attention and feed-forward, each scaled, shifted and gated by the code."""

    def __init__(self, dim: int, heads: int, dropout: float = 0.0, fused: bool = False):
        super().__init__()
        self.before, self.after = (nn.LayerNorm(dim, eps=1e-6, elementwise_affine=False) for _ in range(2))
        self.attention = Attention(dim, heads, fused=fused)
        self.think = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU("tanh"), nn.Linear(4 * dim, dim))
        self.drop = nn.Dropout(dropout)
        self.six = _zero(nn.Linear(dim, 6 * dim))

    def forward(self, h: Tensor, code: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, N, dim) from h of that shape, the code (B, dim) after its SiLU, and mask (B, N) bool of the tokens that
        may be attended to."""
        b1, s1, g1, b2, s2, g2 = self.six(code)[:, None].chunk(6, 2)
        h = h + g1 * self.drop(self.attention(torch.addcmul(b1, self.before(h), 1 + s1), mask=mask))
        return h + g2 * self.drop(self.think(torch.addcmul(b2, self.after(h), 1 + s2)))


class DiTModule(nn.Module):
    """See the head of this file; built by DiT.build."""

    def __init__(self, settings: DiT, shape: tuple[int, int, int], out: int, context_dim: int | None):
        super().__init__()
        dim, patch = settings.dim, settings.patch
        self.settings, self.context_dim = settings, context_dim
        self.frame = tuple(ceil(side / patch) * patch for side in shape[1:])
        rows, columns = (side // patch for side in self.frame)
        self.first = nn.Linear(shape[0] * patch**2, dim)
        self.register_buffer("places", places(rows, columns, dim), persistent=False)
        self.time = TimeCode(WAVES, dim)
        joined = settings.inject == "tokens"
        self.pooled = Pooled(context_dim, dim) if context_dim and not joined else None
        self.token = nn.Linear(context_dim, dim) if context_dim and joined else None
        self.blocks = nn.ModuleList(
            DiTBlock(dim, settings.heads, settings.dropout, settings.fused) for _ in range(settings.depth)
        )
        self.norm = nn.LayerNorm(dim, eps=1e-6, elementwise_affine=False)
        self.two, self.last = _zero(nn.Linear(dim, 2 * dim)), _zero(nn.Linear(dim, out * patch**2))

    def forward(
        self, x: Tensor, level: Tensor, context: Tensor | None = None, context_mask: Tensor | None = None
    ) -> Tensor:
        """(B, out, H, W) from x (B, C, H, W), level (B,), context (B, L, D), context_mask (B, L) bool."""
        check_context(context, self.context_dim)
        code = self.time(level)
        if self.pooled is not None:
            code = code + self.pooled(context, context_mask)
        code, mask = silu(code), None
        small = pixel_unshuffle(enlarge(x, self.frame, 0.0), self.settings.patch)
        h = self.first(small.flatten(2).mT) + self.places
        patches = h.shape[1]
        if self.token is not None:
            h = torch.cat([h, self.token(context)], 1)
            if context_mask is not None:
                mask = torch.cat([context_mask.new_ones(len(x), patches), context_mask], 1)
        for block in self.blocks:
            h = block(h, code, mask)
        shift, scale = self.two(code)[:, None].chunk(2, 2)
        h = self.last(torch.addcmul(shift, self.norm(h[:, :patches]), 1 + scale))
        whole = pixel_shuffle(h.mT.unflatten(2, small.shape[2:]), self.settings.patch)
        return crop(whole, *x.shape[2:])


def places(rows: int, columns: int, dim: int) -> Tensor:
    """(rows columns, dim) waves of the row in the first half of the dimensions, of the column in the second."""
    frequencies = sinusoidal(dim // 2)
    row, column = (waves(torch.arange(n), frequencies) for n in (rows, columns))
    return torch.cat([row.repeat_interleave(columns, 0), column.repeat(rows, 1)], 1)


def _zero(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
