r"""How much an error counts at the level q.

A weight w(q) is defined once, on the squared error of x0, and converted to what the network puts out: at a given x an
output off by dy puts x0 off by dx0 = -sigma dy / d (equation 1 of `target`), so w counts as w (sigma / d)^2 there. The
same word so means the same for every target. With SNR = q^-2 and s the deviation of the data:

    output    the plain squared error of what the network puts out (for "eps" and "v" the papers' simple loss)
    snr       SNR: the squared error of eps, which is sigma^2 |error of the score|^2, NCSN's weight
    min-snr   min(SNR, 5)                                  Hang et al. 2023 (arXiv 2303.09556)
    edm       (q^2 + s^2) / (q s)^2                        Karras et al. 2022, table 1
    x0        1
"""

from typing import Literal

import torch
from torch import Tensor

Weight = Literal["output", "snr", "min-snr", "edm", "x0"]


def output_weight(
    weight: Weight, q: Tensor, alpha: Tensor, sigma: Tensor, a: Tensor, b: Tensor, deviation: float
) -> Tensor:
    """What multiplies the squared error of the output of the row (a, b) at levels q; float64, the shape of q."""
    if weight == "output":
        return torch.ones_like(q)
    snr = q**-2
    on_x0 = {
        "snr": snr,
        "min-snr": snr.clamp(max=5),
        "edm": snr + deviation**-2,
        "x0": torch.ones_like(q),
    }[weight]
    return on_x0 * (sigma / (alpha * b - sigma * a)) ** 2
