"""Precision, recall, density and coverage from nearest neighbours.

Precision and recall: Kynkäänniemi et al. 2019 (arXiv 1904.06991), k = 3; density and coverage: Naeem et al. 2020
(arXiv 2002.09797), k = 5. The ball of a point reaches to its k-th neighbour in its own set, itself not counted,
and a point lies in a ball when it is strictly nearer than that, as in the authors' package `prdc`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.metrics.arrays import feature_pair


class Prdc(NamedTuple):
    """Precision, recall and coverage lie in [0, 1]; density is at least 0 and near 1 for a perfect model."""

    precision: float
    recall: float
    density: float
    coverage: float


def prdc(
    real: Tensor | np.ndarray,
    fake: Tensor | np.ndarray,
    k_precision: int = 3,
    k_density: int = 5,
    chunk: int = 1000,
) -> Prdc:
    """The four numbers for features real (n, d) and fake (m, d); memory grows as chunk * max(n, m).

    precision: share of fakes inside some ball of a real point; recall: share of reals inside some ball of a fake;
    density: number of real balls around a fake, divided by k and averaged; coverage: share of reals whose ball
    holds a fake. `k_precision` serves the first two, `k_density` the last two.
    """
    k = max(k_precision, k_density)
    if min(k_precision, k_density) < 1:
        raise UserError(f"k = {min(k_precision, k_density)} neighbours make no ball: choose k of at least 1.")
    real, fake = feature_pair(real, fake, least=k + 1)
    centre = real.mean(0)  # squared distances by expansion lose digits far from the origin
    real, fake = real - centre, fake - centre
    real_radii, fake_radii = (_radii(part, (k_precision, k_density), chunk) for part in (real, fake))

    balls = torch.zeros(len(fake), dtype=torch.float64, device=real.device)
    precise = torch.zeros(len(fake), dtype=torch.bool, device=real.device)
    recalled, covered = [], []
    for rows, squared in squared_distances(real, fake, chunk):
        small, large = (radius[rows, None] for radius in real_radii)
        precise |= (squared < small).any(0)
        balls += (squared < large).sum(0)
        recalled.append((squared < fake_radii[0]).any(1))
        covered.append((squared < large).any(1))
    return Prdc(
        precision=float(precise.double().mean()),
        recall=float(torch.cat(recalled).double().mean()),
        density=float(balls.mean() / k_density),
        coverage=float(torch.cat(covered).double().mean()),
    )


def _radii(x: Tensor, ks: tuple[int, ...], chunk: int) -> list[Tensor]:
    """For each k the squared distance (n,) of every row to its k-th nearest other row."""
    nearest = []
    for rows, squared in squared_distances(x, x, chunk):
        squared[torch.arange(len(squared)), torch.arange(rows.start, rows.start + len(squared))] = torch.inf
        nearest.append(squared.topk(max(ks), dim=1, largest=False).values)
    nearest = torch.cat(nearest)
    return [nearest[:, k - 1] for k in ks]


def squared_distances(a: Tensor, b: Tensor, chunk: int) -> Iterator[tuple[slice, Tensor]]:
    """The matrix |a_i - b_j|^2 in blocks of rows. What rounding alone could have made is set to exactly 0, so that
    equal points are at distance zero and never inside a ball of radius zero."""
    norms = b.square().sum(1)
    for start in range(0, len(a), chunk):
        part = a[start : start + chunk]
        scale = part.square().sum(1, keepdim=True) + norms
        squared = scale - 2 * part @ b.T
        squared[squared <= 64 * torch.finfo(a.dtype).eps * scale] = 0
        yield slice(start, start + len(part)), squared


def nearest(a: Tensor, b: Tensor, skip: Tensor | None = None, chunk: int = 1000) -> tuple[Tensor, Tensor]:
    """For each row of a (n, d) the Euclidean distance (n,) to its nearest row of b (m, d), and which one it is (n,).

    Both float64. Row i does not see row skip[i] of b, so that a set can be searched in itself. The result is that
    of float64: on the CPU candidates are found in float32, and where its rounding could hide a nearer row, or is
    worse than it should be, the search is done again. Memory grows as chunk * m.
    """
    centre = b.mean(0)
    small = (b - centre).float() if a.device.type == "cpu" else None
    found = []
    for start in range(0, len(a), chunk):
        part, hidden = a[start : start + chunk], None if skip is None else skip[start : start + chunk]
        best = None if small is None else _shortlisted(part, b, (part - centre).float(), small, hidden)
        unsure = torch.ones(len(part), dtype=torch.bool, device=a.device) if best is None else ~best[2]
        distance, index = (part.new_empty(len(part)), unsure.long()) if best is None else best[:2]
        if unsure.any():
            _, squared = next(squared_distances(part[unsure] - centre, b - centre, chunk))
            if hidden is not None:
                squared.scatter_(1, hidden[unsure, None], torch.inf)
            index[unsure] = squared.argmin(1)
            distance[unsure] = (part[unsure] - b[index[unsure]]).square().sum(1)
        found.append((distance.sqrt(), index))
    return torch.cat([d for d, _ in found]), torch.cat([i for _, i in found])


def _shortlisted(
    part: Tensor, b: Tensor, part32: Tensor, b32: Tensor, hidden: Tensor | None, count: int = 4
) -> tuple[Tensor, Tensor, Tensor]:
    """Squared distance and index of the nearest of `count` candidates found in float32, and whether no other row
    can be nearer: (d + 4) eps (|a| + |b|)^2 bounds the rounding (Higham 2002, section 3.1, with room to spare)."""
    norms = b32.square().sum(1)
    rough = part32.square().sum(1, keepdim=True) + norms - 2 * part32 @ b32.T
    if hidden is not None:
        rough.scatter_(1, hidden[:, None], torch.inf)
    rough, candidates = rough.topk(min(count, len(b)), dim=1, largest=False)
    exact = (part[:, None] - b[candidates]).square().sum(2)
    if hidden is not None:
        exact[candidates == hidden[:, None]] = torch.inf
    distance, place = exact.min(1)
    bound = (part.shape[1] + 4) * torch.finfo(torch.float32).eps * (part32.norm(dim=1) + norms.max().sqrt()).square()
    close = ((rough - exact).abs() <= bound[:, None]) | exact.isinf()
    sure = close.all(1) & ((rough[:, -1] - bound >= distance) | (candidates.shape[1] == len(b)))
    return distance, candidates.gather(1, place[:, None])[:, 0], sure
