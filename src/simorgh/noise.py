"""Randomness by name. A draw is a pure function of its key, so nothing random is ever saved or restored.

Training noise (`Noise`) is keyed by (seed, purpose, step) and always drawn for the whole global batch, of
which a process or a micro-batch takes its rows: splitting a batch does not change what any row receives.
Sampling noise (`SampleNoise`) is keyed by (seed, sample index): sample i is the same alone or in a crowd.

Bits come from NumPy's Philox (Salmon et al. 2011), a counter-based generator with a 128-bit key. torch's CPU
generator keeps only 32 bits of its seed, which would make equal samples likely from about 50,000 on.
"""

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
import torch
from torch import Tensor


def _bits(key: tuple) -> np.ndarray:
    return np.frombuffer(hashlib.blake2b(repr(key).encode(), digest_size=16).digest(), dtype=np.uint64)


def philox(*key: object) -> np.random.Generator:
    """A generator whose stream is fixed by the printed form of `key`."""
    return np.random.Generator(np.random.Philox(key=_bits(key)))


class _Restarted(threading.local):
    """The stream of `philox` from its beginning, for a draw that is made at once: `of` another key ends it.

    A new generator first asks the system for entropy, only to be given a key; in a training step that shows.
    """

    def __init__(self) -> None:
        self._bits = np.random.Philox(key=0)
        self._generator = np.random.Generator(self._bits)
        self._state = self._bits.state

    def of(self, *key: object) -> np.random.Generator:
        self._state["state"]["key"] = _bits(key)
        self._bits.state = self._state
        return self._generator


_restarted = _Restarted()


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape, dtype=np.float32)


def _uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.random(shape, dtype=np.float32)


@dataclass(frozen=True)
class Noise:
    """Named draws for the rows [start, start + len) of a batch of `total` rows.

    Shapes are (rows, ...) unless `axis` says where the row axis stands. Equal names in one tick give equal
    draws: give every use its own name.
    """

    seed: int
    purpose: str = "train"
    step: int = 0
    start: int = 0
    total: int | None = None
    device: torch.device | str = "cpu"

    def rows(self, start: int, total: int) -> "Noise":
        """The same noise, seen from rows `start`... of a batch of `total`."""
        return replace(self, start=start, total=total)

    def at(self, step: int) -> "Noise":
        return replace(self, step=step)

    def _draw(self, draw: Callable, shape: Sequence[int], name: str, axis: int) -> Tensor:
        shape = list(shape)
        mine = shape[axis]
        whole = mine if self.total is None else self.total
        if self.start + mine > whole:
            raise ValueError(f"rows {self.start} to {self.start + mine} asked of a batch of {whole}")
        shape[axis] = whole
        rng = _restarted.of(self.seed, self.purpose, self.step, name)
        values = torch.from_numpy(draw(rng, tuple(shape)))
        if whole != mine:
            values = values.narrow(axis, self.start, mine)
        return values.to(self.device)

    def normal(self, *shape: int, name: str = "normal", axis: int = 0) -> Tensor:
        """float32 standard normal draws."""
        return self._draw(_normal, shape, name, axis)

    def uniform(self, *shape: int, name: str = "uniform", axis: int = 0) -> Tensor:
        """float32 uniform draws in [0, 1)."""
        return self._draw(_uniform, shape, name, axis)

    def chi_square(self, degrees: float, *shape: int, name: str = "chi_square", axis: int = 0) -> Tensor:
        """float32 chi-square draws with `degrees` of freedom."""
        return self._draw(lambda rng, s: rng.chisquare(degrees, s).astype(np.float32), shape, name, axis)


class SampleNoise:
    """One independent stream for each of the samples `first`, `first + 1`, ...; successive draws continue it."""

    def __init__(self, seed: int, n: int, first: int = 0, device: torch.device | str = "cpu"):
        self.device = device
        self._streams = [philox(seed, "sample", i) for i in range(first, first + n)]

    def __len__(self) -> int:
        return len(self._streams)

    def _draw(self, draw: Callable, shape: Sequence[int]) -> Tensor:
        if shape[0] != len(self._streams):
            raise ValueError(f"{shape[0]} rows asked of the noise of {len(self._streams)} samples")
        values = np.empty(shape, dtype=np.float32)
        for row, rng in zip(values.reshape(len(self._streams), prod(shape[1:])), self._streams):
            row[:] = draw(rng, row.shape)
        return torch.from_numpy(values).to(self.device)

    def normal(self, *shape: int, name: str = "", axis: int = 0) -> Tensor:
        """float32 standard normal draws; the first axis counts samples (`name` and `axis` as in Noise)."""
        return self._draw(_normal, shape)

    def uniform(self, *shape: int, name: str = "", axis: int = 0) -> Tensor:
        """float32 uniform draws in [0, 1)."""
        return self._draw(_uniform, shape)

    def chi_square(self, degrees: float, *shape: int, name: str = "", axis: int = 0) -> Tensor:
        """float32 chi-square draws with `degrees` of freedom."""
        return self._draw(lambda rng, s: rng.chisquare(degrees, s).astype(np.float32), shape)
