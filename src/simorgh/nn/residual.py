"""Blocks of a U-Net that keep the number of positions, halve it, or double it."""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from simorgh.nn.context import Given


def group_norm(channels: int, group: int) -> nn.GroupNorm:
    """Group normalisation in as many equal groups as there can be of at least `group` channels (16 in table 3 of Wu
    and He 2018, arXiv 1803.08494)."""
    groups = max((n for n in range(1, channels // group + 1) if channels % n == 0), default=1)
    return nn.GroupNorm(groups, channels)


class ResidualBlock(nn.Module):
    """norm, SiLU, 3 x 3 convolution, twice, around a shortcut (Ho et al. 2020, appendix B).

    The code of the noise level is added between the two; the pooled context, where `film`, multiplies and shifts what
    the second norm returns. The shortcut is a 1 x 1 convolution where the number of channels changes.

    Args:
        inputs, outputs: channels.
        code: width of both codes.
        group: smallest number of channels of a group of the norms.
        dropout: share of features dropped before the second convolution.
        film: whether the block reads the pooled context.
    """

    def __init__(self, inputs: int, outputs: int, code: int, group: int = 16, dropout: float = 0.0, film: bool = False):
        super().__init__()
        self.before = nn.Sequential(group_norm(inputs, group), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1))
        self.time = nn.Linear(code, outputs)
        self.film = nn.Linear(code, 2 * outputs) if film else None
        self.between = group_norm(outputs, group)
        self.after = nn.Sequential(nn.SiLU(), nn.Dropout(dropout), nn.Conv2d(outputs, outputs, 3, padding=1))
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, given: Given) -> Tensor:
        """(B, outputs, H, W) from x (B, inputs, H, W)."""
        h = self.between(self.before(x) + self.time(given.code)[:, :, None, None])
        if self.film is not None:
            scale, shift = self.film(given.pooled)[:, :, None, None].chunk(2, 1)
            h = torch.addcmul(shift, h, 1 + scale)
        return self.shortcut(x) + self.after(h)


def halve(channels: int) -> nn.Module:
    """Half the sides (which are even), by a 3 x 3 convolution of stride 2."""
    return nn.Conv2d(channels, channels, 3, 2, 1)


class Double(nn.Module):
    """Twice the sides, by nearest neighbours and a 3 x 3 convolution."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(interpolate(x, scale_factor=2.0))
