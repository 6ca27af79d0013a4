r"""From the density of noisy images to the probability of an image of whole numbers.

A pixel holds one of 256 values, so an image x has a probability P(x) and no density. Let z = x + s n, n ~ N(0, I), and
let a model have a density p(z) of these, and an estimate D(z) of what they were. Read as a latent model with z the
latent, q(z | x) = N(x, s^2 I), and with a decoder P(v | z) for each pixel,

    log P(x) >= E_z [ log p(z) + sum_d log P(x_d | D(z)_d) - log q(z | x) ],                                   (1)

the bound of variational dequantisation (Ho et al. 2019, arXiv 1902.00275, equation 11; Kingma et al. 2021, arXiv
2107.00630, section 4). Their decoders know z_d only and so need an s far below the step between two values, where a
model must be sharp at levels that its training hardly met. Here the decoder is a table: how often the value v stands
where D says u, counted on training images.
"""

from math import log, tau

import torch
from torch import Tensor

VALUES = 256


def value_frequencies(x: Tensor) -> Tensor:
    """(C, 256) float64 shares of the values of images x (N, C, H, W) in [0, 1], each counted once more than seen."""
    counts = torch.stack([torch.bincount(_whole(channel).flatten(), minlength=VALUES) for channel in x.unbind(1)])
    return (counts + 1).double() / (counts + 1).sum(1, keepdim=True)


def decoder(said: Tensor, x: Tensor) -> Tensor:
    """(C, 256, 256) float64: log P(v | u) in column v of row u, for what D says of noisy training images and for the
    images (N, C, H, W) in [0, 1] themselves. Neighbouring rows share their counts by a Gaussian of one row; the shares
    of `value_frequencies` stand in every row with the weight of half a pixel, so that no value is impossible."""
    near = torch.arange(VALUES, dtype=torch.float64, device=x.device)
    kernel = (-((near[:, None] - near) ** 2) / 2).exp()
    tables = []
    for told, known, shares in zip(said.unbind(1), x.unbind(1), value_frequencies(x)):
        pairs = _whole(told).flatten() * VALUES + _whole(known).flatten()
        counts = torch.bincount(pairs, minlength=VALUES**2).double().view(VALUES, VALUES)
        smooth = kernel @ counts + shares / 2
        tables.append((smooth / smooth.sum(1, keepdim=True)).log())
    return torch.stack(tables)


def log_decoder(table: Tensor, said: Tensor, x: Tensor) -> Tensor:
    """(B,) float64: the sum of log P(x_d | said_d), for (B, C, H, W) in [0, 1]."""
    parts = [one[_whole(u), _whole(v)] for one, u, v in zip(table, said.unbind(1), x.unbind(1))]
    return torch.stack(parts, 1).flatten(1).sum(1)


def log_encoder(noise: Tensor, deviation: float) -> Tensor:
    """(B,) float64: log q(z | x) for n (B, ...) in z = x + deviation n."""
    n = noise.double().flatten(1)
    return -(n**2).sum(1) / 2 - n.shape[1] * (log(deviation) + log(tau) / 2)


def _whole(x: Tensor) -> Tensor:
    return (x.clamp(0, 1) * (VALUES - 1)).round().long()
