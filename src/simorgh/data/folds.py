"""Folds: each example is held out exactly once, and the same partition serves every model.

A partition is kept as the fold number of each example, with a hash of it and of the cleaned table it belongs to.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simorgh.contracts import UserError
from simorgh.files import write
from simorgh.noise import philox


@dataclass(frozen=True, eq=False)
class Folds:
    """A partition of N examples.

    Attributes:
        of: (N,) int64 the fold, 0 to count - 1, in which each example is held out.
        order: (N,) int64 a permutation of the examples, in which the groups of a grouped partition stay together.
        count: number of folds.
        split: how it was made, in a word.
        data: SHA-256 of the table that it belongs to.
    """

    of: np.ndarray
    order: np.ndarray
    count: int
    split: str
    data: str = ""

    def held_out(self, fold: int) -> np.ndarray:
        """Places of the examples that are tested on, ascending."""
        return np.flatnonzero(self.of == self._checked(fold))

    def training(self, fold: int) -> np.ndarray:
        """Places of all others, in `order`."""
        return self.order[self.of[self.order] != self._checked(fold)]

    def _checked(self, fold: int) -> int:
        if not 0 <= fold < self.count:
            raise UserError(f"There is no fold {fold}: {self.count} folds are numbered 0 to {self.count - 1}.")
        return fold

    @property
    def hash(self) -> str:
        """SHA-256 over everything."""
        return hashlib.sha256(json.dumps(self._plain()).encode()).hexdigest()

    def _plain(self) -> dict:
        plain = {"split": self.split, "count": self.count, "data": self.data}
        return plain | {"of": self.of.tolist(), "order": self.order.tolist()}

    def save(self, path: Path) -> None:
        """A JSON file with the indices and their hash."""
        write(path, json.dumps({**self._plain(), "hash": self.hash}) + "\n")

    @classmethod
    def open(cls, path: Path, data: str = "") -> "Folds":
        """The partition in a file. UserError where it was altered, or belongs to another table than `data`."""
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
            said = plain.pop("hash")
            arrays = {name: np.array(plain.pop(name), np.int64) for name in ("of", "order")}
            folds = cls(**arrays, **plain)
        except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(f"{path} is not a file of folds.") from error
        if folds.hash != said:
            raise UserError(f"{path} was altered: its indices do not have the hash that it states.")
        if data and folds.data != data:
            raise UserError(f"{path} holds folds of another table: make them anew for this one.")
        return folds


def stratified(y: Sequence[int] | np.ndarray, count: int, *key: object, data: str = "") -> Folds:
    """Each class dealt out in turn, in an order fixed by `key`: folds differ by at most one example of each class,
    and by at most one example in all."""
    y = np.asarray(y)
    _check(count, len(y), "examples")
    rng = philox("stratified", count, *key)
    dealt = np.concatenate([rng.permutation(np.flatnonzero(y == label)) for label in np.unique(y)])
    of = np.empty(len(y), np.int64)
    of[dealt] = np.arange(len(y)) % count  # one class goes on where the last one ended
    return Folds(of, rng.permutation(len(y)), count, "random", data)


def grouped(
    groups: Sequence[str], y: Sequence[int] | np.ndarray, count: int, *key: object, data: str = "", split: str
) -> Folds:
    """Whole groups, the largest first, each to the fold where it keeps the shares of all classes most even.

    Groups of one size come in an order fixed by `key`. Even is the smallest sum, over folds and classes, of the
    squared share of the class.
    """
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    _check(count, len(names), "groups")
    y = np.asarray(y)
    rng = philox("grouped", count, *key)
    classes = np.stack([np.bincount(member, y == label, len(names)) for label in np.unique(y)], 1)
    shares = classes / classes.sum(0)
    order = rng.permutation(len(names))
    order = order[np.argsort(-classes.sum(1)[order], kind="stable")]
    held, fold = np.zeros((count, classes.shape[1])), np.empty(len(names), np.int64)
    for group in order:
        # The sum of squares grows by 2 held . shares + |shares|^2, of which only the first part depends on the fold.
        # Of equal ones an empty fold takes it, so that none stays empty.
        fold[group] = np.lexsort((held.any(1), held @ shares[group]))[0]
        held[fold[group]] += shares[group]
    place = np.empty(len(names), np.int64)
    place[rng.permutation(len(names))] = np.arange(len(names))
    within = np.lexsort((rng.permutation(len(y)), place[member]))
    return Folds(fold[member], within, count, split, data)


def _check(count: int, members: int, noun: str) -> None:
    if not 2 <= count <= members:
        raise UserError(f"{count} folds cannot be made of {members} {noun}: ask for 2 to {members}.")
