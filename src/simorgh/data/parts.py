"""Examples in memory, and the split of a set that comes without one."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from simorgh.contracts import Batch
from simorgh.noise import philox


@dataclass(frozen=True)
class Part:
    """Images `x` (N, C, H, W) uint8, where 255 stands for 1, and labels `y` (N,) int64 or None.

    `factors` (N, F) int64 are the causes that each image was drawn from, None where they are not known. Of texts, `x`
    (N, T) int16 are numbers of symbols, 0 behind the end of a row, and `mask` (N, T) is true where a symbol counts.
    """

    x: Tensor
    y: Tensor | None = None
    factors: Tensor | None = None
    mask: Tensor | None = None

    def __len__(self) -> int:
        return len(self.x)

    def take(self, indices: slice | Sequence[int] | Tensor) -> "Part":
        """The examples at `indices`, in that order."""
        return self._map(lambda tensor: tensor[indices])

    def to(self, device: torch.device | str) -> "Part":
        return self._map(lambda tensor: tensor.to(device))

    def _map(self, change: Callable[[Tensor], Tensor]) -> "Part":
        return Part(*(None if tensor is None else change(tensor) for tensor in self.tensors()))

    def tensors(self) -> tuple[Tensor | None, ...]:
        """x, y, factors and mask."""
        return self.x, self.y, self.factors, self.mask

    def batch(self, indices: Tensor, device: torch.device | str = "cpu") -> Batch:
        """Float32 images x / 255 in [0, 1] at the int64 `indices`, on `device`."""
        indices = torch.as_tensor(indices, device=self.x.device)
        some = self.take(indices).to(device)
        return Batch(some.x / 255, some.y, factors=some.factors)


@dataclass(frozen=True)
class Source:
    """A set as it was found, before anything is held out.

    Attributes:
        train, test: its two parts.
        origin: one line that says where it was found.
        checksums: SHA-256 in hex by what it was taken over; the first one stands for the whole content.
        labels: the name of each class, () without labels.
        factors: the name of each column of the parts' factors, () without factors.
        binary: True where every pixel is 0 or 255.
    """

    train: Part
    test: Part
    origin: str
    checksums: tuple[tuple[str, str], ...]
    labels: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    binary: bool = False


def content_hash(part: Part) -> str:
    """SHA-256 over the shape, pixels or symbols, labels, factors and mask of `part`."""
    digest = hashlib.sha256(repr(tuple(part.x.shape)).encode())
    for tensor in part.tensors():
        if tensor is not None:
            digest.update(np.ascontiguousarray(tensor.numpy()))
    return digest.hexdigest()


def split(part: Part, share: float, name: str) -> tuple[Part, Part]:
    """Train and test parts in a shuffled order that depends on `name` and the number of examples only.

    Every class gives `share` of its examples to the test part, at least one where it has two.
    """
    order = philox(name, "split").permutation(len(part))
    y = np.zeros(len(part), dtype=np.int64) if part.y is None else part.y.numpy()
    held_out = np.zeros(len(part), dtype=bool)
    for label in np.unique(y):
        members = order[y[order] == label]
        held_out[members[: min(max(1, round(share * len(members))), len(members) - 1)]] = True
    return part.take(torch.from_numpy(order[~held_out[order]])), part.take(torch.from_numpy(order[held_out[order]]))
