r"""The code of a noise level: waves of many lengths, and a small network behind them.

    code(t) = (cos w_1 t, ..., cos w_n t, sin w_1 t, ..., sin w_n t),

of a level t, any real number, often a time in [0, 1] times 1000 or a quarter of a log-SNR.
"""

from math import log

import torch
from torch import Tensor, nn

from simorgh.contracts import UserError


def sinusoidal(features: int, longest: float = 10_000.0) -> Tensor:
    """(features / 2,) frequencies from 1 down to about 1 / longest, in equal ratios (Vaswani et al. 2017, section 3.5;
    Ho et al. 2020), in radians per unit of the level."""
    half = features // 2
    return torch.exp(-log(longest) * torch.arange(half) / half)


def waves(level: Tensor, frequencies: Tensor) -> Tensor:
    """(B, 2 n) cosines, then sines, of level (B,) at the frequencies (n,), in the precision of the latter."""
    angles = level.to(frequencies.dtype)[:, None] * frequencies
    return torch.cat([angles.cos(), angles.sin()], 1)


class TimeCode(nn.Module):
    """level (B,) -> waves -> linear -> SiLU -> linear -> (B, width).

    Args:
        features: number of waves, even.
        width: of the code.
    """

    def __init__(self, features: int, width: int):
        super().__init__()
        if features < 2 or features % 2:
            raise UserError(f"A code of the noise level needs an even number of waves, not {features}.")
        self.register_buffer("frequencies", sinusoidal(features), persistent=False)
        self.layers = nn.Sequential(nn.Linear(features, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, level: Tensor) -> Tensor:
        return self.layers(waves(level, self.frequencies))
