r"""What the network is asked for: y = a x0 + b eps, one row (a, b) a target.

Together with x = alpha x0 + sigma eps that is a linear system in (x0, eps) with determinant

    d = alpha b - sigma a,    x0 = (b x - sigma y) / d,    eps = (alpha y - a x) / d.                          (1)

Where d vanishes, the target is ill-posed: eps at pure noise, x0 at none.

    x0         (1, 0)
    eps        (0, 1)                                    Ho et al. 2020, equation 14
    v          (-sigma, alpha) / sqrt(alpha^2 + sigma^2)   Salimans & Ho 2022 (arXiv 2202.00512), appendix D
    score      (0, -1)                                   sigma times the gradient of log p(x | x0): a network divided by
               sigma answers with the score, Song & Ermon 2020 (arXiv 2006.09011), technique 3
    velocity   (-1, 1)                                   dx/dt of the straight line, Liu et al. 2023
    edm        x0 less what x already tells, at unit variance: Karras et al. 2022, equation 7, with s the deviation of
               the data: ((1 - c) / o, -c q / o), c = s^2 / (q^2 + s^2), o = q s / sqrt(q^2 + s^2)
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor

Target = Literal["eps", "x0", "v", "score", "velocity", "edm"]


class Prediction(NamedTuple):
    """The two that every target determines, (B, *shape) each."""

    x0: Tensor
    eps: Tensor


def row(target: Target, alpha: Tensor, sigma: Tensor, deviation: float) -> tuple[Tensor, Tensor]:
    """(a, b) for factors alpha and sigma; `deviation` of the data serves "edm"."""
    zero, one = torch.zeros_like(alpha), torch.ones_like(alpha)
    if target == "x0":
        return one, zero
    if target == "eps":
        return zero, one
    if target == "v":
        size = (alpha**2 + sigma**2).sqrt()
        return -sigma / size, alpha / size
    if target == "score":
        return zero, -one
    if target == "velocity":
        return -one, one
    q = sigma / alpha
    skip = deviation**2 / (q**2 + deviation**2)
    out = q * deviation / (q**2 + deviation**2).sqrt()
    return (1 - skip) / out, -skip * q / out


def solve(x: Tensor, y: Tensor, alpha: Tensor, sigma: Tensor, a: Tensor, b: Tensor) -> Prediction:
    """Equation (1). The factors are shaped to broadcast with x and y."""
    d = alpha * b - sigma * a
    return Prediction((b / d) * x - (sigma / d) * y, (alpha / d) * y - (a / d) * x)
