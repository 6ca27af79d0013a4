r"""A U-Net of a noised image and its noise level (Ronneberger et al. 2015; Ho et al. 2020, appendix B).

    x (B, C, H, W), level (B,), context (B, L, D) and its mask (B, L) -> (B, out, H, W)

From the widest resolution down and up again; every block on the way up reads, beside what comes from below, what a
block on the way down left at its resolution. Sides that the halvings do not divide are padded inside. The last
convolution starts at zero, so that an untrained network answers zero.
"""

from dataclasses import dataclass
from math import ceil
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, pixel_unshuffle, silu

from simorgh.contracts import UserError, check_least, check_share
from simorgh.nn.attention import ImageAttention
from simorgh.nn.context import Given, Inject, Pooled, check_context
from simorgh.nn.players import crop, enlarge
from simorgh.nn.residual import Double, ResidualBlock, group_norm, halve
from simorgh.nn.timecode import TimeCode

PLANES = 8
"""Further channels that carry a context under "concat"."""


@dataclass(frozen=True)
class UNet:
    """Shape of the network. The defaults have 1.3 M parameters for a class and 28 x 28 pixels, most of them where there
    are few positions.

    Attributes:
        channels: of each level, from the full resolution down; each level has half the sides of the one before.
        blocks: residual blocks of a level on the way down; one more on the way up.
        attention: for each level, whether an attention block follows each of its residual blocks.
        heads: of the attention.
        dropout: inside the residual blocks.
        inject: how a context is read, see nn/context.py.
        skips: whether the way up reads what the way down left; without, it sees the lowest level only.
        middle_attention: whether attention stands between the two residual blocks at the lowest level.
        group: smallest number of channels of a group of the normalisation.
        patch: side of the squares of pixels that are the positions of the widest level; 1 for the pixels themselves.
            2 gives a quarter of the positions to every convolution.
        fused: whether attention runs through torch's kernel, see nn/attention.py.
    """

    channels: tuple[int, ...] = (40, 80)
    blocks: int = 1
    attention: tuple[bool, ...] = (False, False)
    heads: int = 4
    dropout: float = 0.0
    inject: Inject = "scale-shift"
    skips: bool = True
    middle_attention: bool = True
    group: int = 16
    patch: int = 2
    fused: bool = False
    kind: Literal["unet"] = "unet"

    def build(
        self, shape: tuple[int, int, int], out_channels: int | None = None, context_dim: int | None = None
    ) -> "UNetModule":
        """The network for images of this shape (C, H, W); without `context_dim` it is not told anything besides."""
        check_least("unet", self, channels=1, blocks=1, patch=1, heads=1, group=1)
        check_share("unet", self, "dropout")
        if not self.channels or len(self.attention) != len(self.channels):
            raise UserError(f"unet.attention {self.attention} should have as many entries as channels {self.channels}.")
        if context_dim and self.inject in ("cross", "tokens") and not (any(self.attention) or self.middle_attention):
            raise UserError(f'unet.inject "{self.inject}" needs attention at some level, or in the middle.')
        return UNetModule(self, shape, out_channels or shape[0], context_dim)

    def count(
        self, shape: tuple[int, int, int], out_channels: int | None = None, context_dim: int | None = None
    ) -> int:
        """Number of parameters of what `build` returns."""
        with torch.device("meta"):
            return sum(p.numel() for p in self.build(shape, out_channels, context_dim).parameters())


class Stage(nn.Module):
    """A residual block and, where wanted, attention behind it."""

    def __init__(self, block: ResidualBlock, attention: ImageAttention | None):
        super().__init__()
        self.block, self.attention = block, attention

    def forward(self, x: Tensor, given: Given) -> Tensor:
        h = self.block(x, given)
        return h if self.attention is None else self.attention(h, given.tokens, given.mask)


class UNetModule(nn.Module):
    """See the head of this file; built by UNet.build."""

    def __init__(self, settings: UNet, shape: tuple[int, int, int], out: int, context_dim: int | None):
        super().__init__()
        self.settings, self.context_dim = settings, context_dim
        channels, blocks, last = settings.channels, settings.blocks, len(settings.channels) - 1
        self.inject = settings.inject if context_dim else None
        code = 4 * channels[0]
        stride = settings.patch * 2**last
        self.frame = tuple(ceil(side / stride) * stride for side in shape[1:])
        pixels = settings.patch**2

        self.time = TimeCode(channels[0], code)
        self.pooled = self.planes = None
        if self.inject in ("add", "scale-shift", "concat"):
            self.pooled = Pooled(context_dim, code)
        if self.inject == "concat":
            self.planes = nn.Linear(code, PLANES)
        self.first = nn.Conv2d(shape[0] * pixels + (PLANES if self.planes else 0), channels[0], 3, padding=1)

        def stage(inputs: int, level: int, attention: bool) -> Stage:
            width = channels[level]
            film = self.inject == "scale-shift"
            block = ResidualBlock(inputs, width, code, settings.group, settings.dropout, film)
            if not attention:
                return Stage(block, None)
            tokens = context_dim if self.inject in ("cross", "tokens") else None
            joined = self.inject == "tokens"
            return Stage(block, ImageAttention(width, settings.heads, tokens, joined, settings.fused))

        self.down, left, width = nn.ModuleList(), [channels[0]], channels[0]
        for level in range(last + 1):
            for _ in range(blocks):
                self.down.append(stage(width, level, settings.attention[level]))
                width = channels[level]
                left.append(width)
            if level < last:
                self.down.append(halve(width))
                left.append(width)

        self.middle = nn.ModuleList([stage(width, last, settings.middle_attention), stage(width, last, False)])

        self.up = nn.ModuleList()
        for level in range(last, -1, -1):
            for _ in range(blocks + 1):
                joined = width + (left.pop() if settings.skips else 0)
                self.up.append(stage(joined, level, settings.attention[level]))
                width = channels[level]
            if level:
                self.up.append(Double(width))

        self.last = nn.Sequential(
            group_norm(width, settings.group), nn.SiLU(), nn.Conv2d(width, out * pixels, 3, padding=1)
        )
        nn.init.zeros_(self.last[-1].weight)
        nn.init.zeros_(self.last[-1].bias)

    def forward(
        self, x: Tensor, level: Tensor, context: Tensor | None = None, context_mask: Tensor | None = None
    ) -> Tensor:
        """(B, out, H, W) from x (B, C, H, W), level (B,), context (B, L, D), context_mask (B, L) bool."""
        check_context(context, self.context_dim)
        given, patch = self._given(level, context, context_mask), self.settings.patch
        # Channels last: convolutions of few channels are up to twice as fast on a CPU, and bfloat16 ones on a GPU.
        h = pixel_unshuffle(enlarge(x, self.frame, 0.0), patch).contiguous(memory_format=torch.channels_last)
        if self.planes is not None:
            planes = self.planes(given.pooled)[:, :, None, None].expand(-1, -1, *h.shape[2:])
            h = torch.cat([h, planes], 1)
        h = self.first(h)
        left = [h]
        for part in self.down:
            h = part(h, given) if isinstance(part, Stage) else part(h)
            left.append(h)
        for part in self.middle:
            h = part(h, given)
        for part in self.up:
            if isinstance(part, Stage):
                h = part(torch.cat([h, left.pop()], 1) if self.settings.skips else h, given)
            else:
                h = part(h)
        return crop(pixel_shuffle(self.last(h), patch), *x.shape[2:])

    def _given(self, level: Tensor, context: Tensor | None, mask: Tensor | None) -> Given:
        """Both codes after a last SiLU, as every block reads them through a linear layer."""
        code = self.time(level)
        pooled = None if self.pooled is None else self.pooled(context, mask)
        if self.inject == "add":
            code, pooled = code + pooled, None
        return Given(silu(code), None if pooled is None else silu(pooled), context, mask)
