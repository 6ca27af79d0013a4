"""Examples in memory, and the split of a set that comes without one."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from simorgh.contracts import PAD, Batch
from simorgh.noise import philox


@dataclass(frozen=True)
class Part:
    """Images `x` (N, C, H, W) uint8, where 255 stands for 1, or tokens `x` (N, T) int16, int32 where there are very
    many kinds, filled up with PAD on the right; and labels `y` (N,) int64 or None.

    `factors` (N, F) int64 are the causes that each image was drawn from, None where they are not known; `caption` (N,)
    int64 is the position of its text in the captions of the set, None where there are none. Of verse, `mask` (N, T) is
    true where a symbol counts; of other tokens all count that are no PAD.
    """

    x: Tensor
    y: Tensor | None = None
    factors: Tensor | None = None
    caption: Tensor | None = None
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
        """x, y, factors, caption and mask."""
        return self.x, self.y, self.factors, self.caption, self.mask

    def batch(self, indices: Tensor, device: torch.device | str = "cpu") -> Batch:
        """Float32 images x / 255 in [0, 1], or int64 tokens with their mask, at the int64 `indices`, on `device`."""
        indices = torch.as_tensor(indices, device=self.x.device)
        some = self.take(indices).to(device)
        x = some.x / 255 if some.x.dtype == torch.uint8 else some.x.long()
        return Batch(x, some.y, counted(some.x) if some.mask is None else some.mask, some.factors, some.caption)


def counted(x: Tensor) -> Tensor | None:
    """(B, T) true where a token of `x` is no pad; None for images."""
    return None if x.dtype == torch.uint8 else x != PAD


@dataclass(frozen=True)
class Source:
    """A set as it was found, before anything is held out.

    Attributes:
        train, test: its two parts.
        origin: one line that says where it was found.
        checksums: SHA-256 in hex by what it was taken over; the first one stands for the whole content.
        labels: the name of each class, () without labels.
        factors: the name of each column of the parts' factors, () without factors.
        vocabulary: what numbers stand for: the values of every factor, where the factors are a text, or the tokens of
            both parts. Their x is then (N, S, T), S spellings of each example; the first is the one that is tested on.
        captions: all texts that images of either part have, those of the training part first; () without texts.
        binary: True where every pixel is 0 or 255.
    """

    train: Part
    test: Part
    origin: str
    checksums: tuple[tuple[str, str], ...]
    labels: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    binary: bool = False
    vocabulary: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()


def content_hash(part: Part) -> str:
    """SHA-256 over the shape, pixels or symbols, labels, factors, captions' positions and mask of `part`."""
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
