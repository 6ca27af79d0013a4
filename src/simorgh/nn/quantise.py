r"""Vector quantisation: a vector z (D,) becomes the nearest of K codes e_k (D,).

    k(z) = argmin_k ||z - e_k||^2,                                    (1)  van den Oord et al. 2017, equations 1 and 2
    straight-through: forward e_k(z), backward the identity to z.     (2)  their section 3.2; Bengio et al. 2013

The codes of a K-means start are those of Lloyd 1982 after the seeding of Arthur & Vassilvitskii 2007 (k-means++).
"""

import torch
from torch import Tensor

from simorgh.noise import philox

DISTANCES = 2**20
"""At most so many distances are held at once: 4 MB of float32, which stays in a processor's cache."""


def straight_through(a: Tensor, b: Tensor) -> Tensor:
    """b in the forward pass, to the last bit; its gradient goes to `a` as it is and to `b` not at all.

    This is a + (b - a).detach() in another order: there a + (b - a) is b only up to rounding, here a - a is zero.
    `a` and `b` have one shape and are finite.
    """
    if a.shape != b.shape:
        raise ValueError(f"a straight-through copy of {tuple(b.shape)} onto {tuple(a.shape)}")
    return b.detach() + (a - a.detach())


@torch.no_grad()
def nearest_codes(z: Tensor, codes: Tensor, price: Tensor | None = None) -> Tensor:
    """Equation (1): int64 indices (...) of the nearest of `codes` (K, D) to each vector of z (..., D); with a `price`
    (K,) of each code, of the one whose squared distance and price together are smallest.

    ||z - e||^2 = ||z||^2 - 2 z'e + ||e||^2, whose first part is the same for every code: one matrix product is left.
    Equally near codes are decided for the lower index. Taken a part of the vectors at a time, at most DISTANCES each.
    """
    flat, squares, across = z.detach().reshape(-1, z.shape[-1]), codes.square().sum(1), codes.T
    if price is not None:
        squares = squares + price
    parts = flat.split(max(1, DISTANCES // len(codes)))
    nearest = [torch.addmm(squares, part, across, alpha=-2).argmin(1) for part in parts]
    return torch.cat(nearest).view(z.shape[:-1])


def shares(indices: Tensor, codes: int) -> Tensor:
    """(codes,) float32 share of each code among `indices`; they sum to one."""
    return indices.flatten().bincount(minlength=codes).float() / indices.numel()


def sums(z: Tensor, indices: Tensor, codes: int) -> Tensor:
    """(codes, D) sum of the vectors z (..., D) that carry each index (...)."""
    flat = z.reshape(-1, z.shape[-1])
    return flat.new_zeros(codes, flat.shape[1]).index_add_(0, indices.flatten(), flat)


def perplexity(use: Tensor) -> Tensor:
    """exp of the entropy of the shares `use` (K,): 1 where one code does all, K where all are used alike."""
    return torch.special.entr(use).sum().exp()


@torch.no_grad()
def k_means(x: Tensor, codes: int, rounds: int = 10) -> tuple[Tensor, Tensor]:
    """Centres (codes, D) of the vectors x (n, D), and the share of x that is nearest to each.

    A pure function of its arguments. A centre that loses all its vectors stays where it is.
    """
    draws = philox("k-means", codes).random(codes)
    centres = x[int(draws[0] * len(x))][None]
    far = (x - centres).square().sum(1)
    for draw in draws[1:]:
        reach = far.double().cumsum(0)
        at = torch.searchsorted(reach, reach[-1:] * draw, right=True).clamp(max=len(x) - 1)
        centres = torch.cat([centres, x[at]])
        far = torch.minimum(far, (x - x[at]).square().sum(1))
    for _ in range(rounds):
        indices = nearest_codes(x, centres)
        counts = indices.bincount(minlength=codes).to(x.dtype)[:, None]
        centres = torch.where(counts > 0, sums(x, indices, codes) / counts.clamp(min=1), centres)
    return centres, shares(nearest_codes(x, centres), codes)
