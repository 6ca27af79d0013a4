r"""From the density of noisy images to the probability of an image of whole numbers.

A pixel holds one of 256 values, so an image x has a probability P(x) and no density. Let z = x + s n, n ~ N(0, I), and
let a model have a density p(z) of these. Read as a latent model with z the latent, q(z | x) = N(x, s^2 I), and with the
decoder that forgets what pixels have to do with each other, P(v | z) = pi_v N(z; v, s^2) / m(z), pixel by pixel, pi_v
being how often the value v occurs and m(z) = sum_v pi_v N(z; v, s^2),

    log P(x) >= E_z [ log p(z) + sum_d ( log pi(x_d) - log m(z_d) ) ],                                         (1)

for N(z; x, s^2) of decoder and posterior cancel. Independent pixels coded by pi are p = m; every nat by which the model
finds z likelier is saved. (1) is the bound of variational dequantisation (Ho et al. 2019, arXiv 1902.00275, equation
11) and of Kingma et al. 2021 (arXiv 2107.00630, section 4), whose decoders know no pi and so need an s far below the
step between two values: there a model must be sharp where none of its training was.
"""

from math import log, tau

import torch
from torch import Tensor

VALUES = 256


def value_frequencies(x: Tensor) -> Tensor:
    """(C, 256) float64 shares of the values of images x (N, C, H, W) uint8, each counted once more than it was seen."""
    counts = torch.stack([torch.bincount(channel.flatten().long(), minlength=VALUES) for channel in x.unbind(1)])
    return (counts + 1).double() / (counts + 1).sum(1, keepdim=True)


def log_rounding(z: Tensor, x: Tensor, frequencies: Tensor, deviation: float) -> Tensor:
    """(B,) float64: the sum of (1), in nats, for z (B, C, H, W) and x (B, C, H, W) in [0, 1], `deviation` s > 0."""
    values = torch.arange(VALUES, dtype=torch.float64, device=z.device) / (VALUES - 1)
    known = frequencies.to(z.device).log()[:, None, None]  # (C, 1, 1, 256)
    found = []
    for one, image in zip(z.double(), (x * (VALUES - 1)).round().long()):
        gap = (one[..., None] - values) / deviation
        blurred = (known - gap**2 / 2).logsumexp(-1) - log(deviation) - log(tau) / 2
        told = known.expand(*image.shape, -1).gather(-1, image[..., None])[..., 0]
        found.append((told - blurred).sum())
    return torch.stack(found)
