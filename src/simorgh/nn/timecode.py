r"""The code of a noise level: waves of many lengths, and a small network behind them.

    code(t) = (cos w_1 t, ..., cos w_n t, sin w_1 t, ..., sin w_n t),

of a level t, any real number, often a time in [0, 1] times 1000 or a quarter of a log-SNR.
"""

from math import log, tau
from typing import Literal

import torch
from torch import Tensor, nn

from simorgh.contracts import UserError
from simorgh.noise import philox


def sinusoidal(features: int, longest: float = 10_000.0) -> Tensor:
    """(features / 2,) frequencies from 1 down to about 1 / longest, in equal ratios (Vaswani et al. 2017, section 3.5;
    Ho et al. 2020), in radians per unit of the level."""
    half = features // 2
    return torch.exp(-log(longest) * torch.arange(half) / half)


def fourier(features: int, width: float = 1.0) -> Tensor:
    """(features / 2,) frequencies drawn once and for all from N(0, width^2), in turns per unit of the level (Tancik et
    al. 2020, arXiv 2006.10739; Song et al. 2021, appendix C.1), returned in radians."""
    return torch.from_numpy(philox("fourier", features).standard_normal(features // 2)).float() * width * tau


def waves(level: Tensor, frequencies: Tensor) -> Tensor:
    """(B, 2 n) cosines, then sines, of level (B,) at the frequencies (n,), in the precision of the latter."""
    angles = level.to(frequencies.dtype)[:, None] * frequencies
    return torch.cat([angles.cos(), angles.sin()], 1)


class TimeCode(nn.Module):
    """level (B,) -> waves -> linear -> SiLU -> linear -> (B, width).

    Args:
        features: number of waves, even.
        width: of the code.
        kind: "sinusoidal" or "fourier" frequencies, see above.
    """

    def __init__(self, features: int, width: int, kind: Literal["sinusoidal", "fourier"] = "sinusoidal"):
        super().__init__()
        if features < 2 or features % 2:
            raise UserError(f"A code of the noise level needs an even number of waves, not {features}.")
        frequencies = sinusoidal(features) if kind == "sinusoidal" else fourier(features)
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.layers = nn.Sequential(nn.Linear(features, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, level: Tensor) -> Tensor:
        return self.layers(waves(level, self.frequencies))
