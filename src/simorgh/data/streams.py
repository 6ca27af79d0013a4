"""Batches: for training as a pure function of the step, for evaluation in order."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from simorgh.contracts import Batch, Stream, UserError
from simorgh.data.config import DataConfig
from simorgh.data.parts import Part, counted
from simorgh.noise import Noise, philox

BLOCK = 100  # examples that share one key when an evaluation binarises; any size of batch reads the same blocks


def values(x: Tensor, binarise: str, uniform: Callable[..., Tensor]) -> Tensor:
    """Float32 values in [0, 1] of uint8 pixels `x` (B, C, H, W), where `uniform(*shape)` draws from [0, 1); int64
    numbers of tokens (B, T).

    "dynamic": 1 with probability x / 255, since P(u < p) = p for u uniform in [0, 1).
    """
    if x.dtype != torch.uint8:
        return x.long()
    if x.device.type == "cpu":
        return torch.from_numpy(_values_on_cpu(x.numpy(), binarise, uniform))
    if binarise == "dynamic":
        return (uniform(*x.shape) < x / 255).float()
    return (x >= 128).float() if binarise == "threshold" else x / 255


def _values_on_cpu(x: np.ndarray, binarise: str, uniform: Callable[..., Tensor]) -> np.ndarray:
    """`values` on one thread, as `rows`."""
    if binarise == "threshold":
        return (x >= 128).astype(np.float32)
    grey = np.divide(x, np.float32(255), dtype=np.float32)
    return (uniform(*x.shape).numpy() < grey).astype(np.float32) if binarise == "dynamic" else grey


def batch_of(part: Part, binarise: str, uniform: Callable[..., Tensor]) -> Batch:
    """All of `part` as models are given it: images by `values`; of texts and strings, int64 numbers, on the CPU cut
    where the longest row ends (a GPU would have to be waited for)."""
    x = values(part.x, binarise, uniform)
    if part.x.dtype == torch.uint8:
        return Batch(x, part.y, None, part.factors, part.caption)
    length = int(x.any(0).nonzero().max()) + 1 if x.device.type == "cpu" else x.shape[1]
    mask = counted(x) if part.mask is None else part.mask
    return Batch(x[:, :length], part.y, mask[:, :length])


def rows(x: Tensor, indices: Tensor) -> Tensor:
    """x[indices], a copy.

    On the CPU by NumPy, which uses one thread: several are no faster for a batch of small images, and where other
    work keeps the cores busy, each parallel section of torch may wait a time slice for its last thread.
    """
    if x.device.type == "cpu":
        return torch.from_numpy(x.numpy().take(indices.numpy(), axis=0))
    return x.index_select(0, indices)


class _Endless:
    """The stream that `stream` returns."""

    def __init__(
        self,
        part: Part,
        config: DataConfig,
        batch_size: int,
        seed: int,
        rank: int,
        ranks: int,
        device: torch.device | str,
    ):
        self._part, self._config, self._size, self._seed = part.to(device), config, batch_size, seed
        self._start, self._stop = rank * batch_size // ranks, (rank + 1) * batch_size // ranks
        self._noise = Noise(seed, "binarise", 0, self._start, batch_size, device)
        self._orders: dict[int, Tensor] = {}

    def _order(self, epoch: int) -> Tensor:
        """The order of an epoch. The latest two are kept: a batch may end one and begin the next."""
        if epoch not in self._orders:
            if len(self._orders) == 2:
                del self._orders[next(iter(self._orders))]
            n = len(self._part)
            drawn = philox(self._seed, "epoch", epoch).permutation(n) if self._config.shuffle else np.arange(n)
            self._orders[epoch] = torch.from_numpy(drawn).to(self._part.x.device)
        return self._orders[epoch]

    def _indices(self, first: int, last: int) -> Tensor:
        """Which examples have the global numbers first, ..., last - 1."""
        n, pieces = len(self._part), []
        while first < last:
            epoch, position = divmod(first, n)
            count = min(last - first, n - position)
            pieces.append(self._order(epoch)[position : position + count])
            first += count
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces)

    def __call__(self, step: int) -> Batch:
        indices = self._indices(step * self._size + self._start, step * self._size + self._stop)
        some = Part(*(None if t is None else rows(t, indices) for t in self._part.tensors()))
        return batch_of(some, self._config.binarise, self._noise.at(step).uniform)


def stream(
    part: Part,
    config: DataConfig,
    batch_size: int,
    seed: int,
    rank: int = 0,
    ranks: int = 1,
    device: torch.device | str = "cpu",
) -> Stream:
    """Training batches: a pure function of (seed, rank, step), with no end.

    Row i of the global batch of a step is example number g = step * batch_size + i of an endless row of epochs:
    epoch g // n, position g % n. An epoch has its own permutation or, without `config.shuffle`, the order of `part`. So
    each example comes exactly once an epoch, all batches are of equal size, and one may end an epoch and begin the
    next. Process `rank` of `ranks` gets the rows from rank * batch_size // ranks to (rank + 1) * batch_size // ranks,
    drawn as if one process had all of them.
    """
    if batch_size < ranks:
        raise UserError(f"A batch of {batch_size} cannot be shared by {ranks} processes: make the batch larger.")
    if not 0 <= rank < ranks:
        raise ValueError(f"rank {rank} of {ranks} processes")
    if not len(part):
        raise ValueError("a stream needs at least one example")
    return _Endless(part, config, batch_size, seed, rank, ranks, device)


def batches(
    part: Part, config: DataConfig, size: int, device: torch.device | str = "cpu", seed: int = 0
) -> Iterator[Batch]:
    """All of `part` in order, `size` at a time, the last batch as short as need be.

    "dynamic" pixels are drawn by (seed, position in `part`): they are the same every time and for every `size`.
    """
    if size < 1:
        raise ValueError(f"batches of {size} examples")
    for start in range(0, len(part), size):
        some = part.take(slice(start, start + size)).to(device)

        def uniform(count: int, *shape: int, start: int = start) -> Tensor:
            return _by_position(start, start + count, shape, seed).to(device)

        yield batch_of(some, config.binarise, uniform)


def _by_position(first: int, last: int, shape: tuple[int, ...], seed: int) -> Tensor:
    """(last - first, *shape) uniform draws of the positions first, ..., last - 1."""
    noise, blocks = Noise(seed, "binarise in order"), range(first // BLOCK, (last - 1) // BLOCK + 1)
    drawn = torch.cat([noise.at(block).uniform(BLOCK, *shape) for block in blocks])
    return drawn[first - blocks.start * BLOCK : last - blocks.start * BLOCK]
