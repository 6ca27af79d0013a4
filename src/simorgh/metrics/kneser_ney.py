r"""Interpolated Kneser-Ney: the floor that a neural law over symbols has to beat.

Kneser & Ney 1995, in the interpolated form of Chen & Goodman 1999 ("An empirical study of smoothing techniques for
language modeling", section 2.7), with one discount for each order. For a symbol w after the n - 1 symbols h,

    p_n(w | h) = max(c(h w) - D_n, 0) / c(h .) + D_n N(h .) / c(h .) p_{n-1}(w | h'),                           (1)

where h' is h without its first symbol and N(h .) the number of kinds of symbols seen after h. At the highest order c
counts occurrences; below it, the kinds of symbols seen before (continuations). p_0 is uniform; a history never seen
gives p_{n-1}. D_n = n_1 / (n_1 + 2 n_2) with n_k the number of n-grams counted k times (Ney et al. 1994); where none is
counted once, which happens to single characters, D_n = 1/2, so that no symbol has probability 0.

All n-grams of an order are one sorted array of 63-bit integers, so a million symbols take seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simorgh.contracts import UserError


@dataclass(frozen=True)
class _Order:
    """Counts of one order, by packed n-gram; totals and kinds by packed history. Both sorted."""

    grams: np.ndarray
    counts: np.ndarray
    histories: np.ndarray
    totals: np.ndarray
    kinds: np.ndarray
    discount: float


def longest(symbols: int) -> int:
    """The highest order whose n-grams of so many symbols fit into 63 bits."""
    return 63 // symbols.bit_length()


class KneserNey:
    """The law (1) of `order`, of symbols 0 to `symbols` - 1, fitted to int `sequences`.

    Before the beginning of a sequence stands a mark of its own, which is never predicted. UserError where there is
    nothing to fit, or where an n-gram does not fit into 63 bits.
    """

    def __init__(self, sequences: Sequence[np.ndarray | Sequence[int]], order: int, symbols: int):
        self.order, self.symbols = order, symbols
        self._bits = symbols.bit_length()
        if order < 1 or symbols < 1 or order > longest(symbols):
            raise UserError(f"An order of {order} over {symbols} symbols does not fit into 63 bits: take a lower one.")
        packed = self._pack(sequences)
        if not len(packed):
            raise UserError("A Kneser-Ney model needs at least one symbol to count.")
        counted = np.unique(packed, return_counts=True)
        self._orders = [self._count(*counted)]
        for n in range(order - 1, 0, -1):
            shorter = self._orders[0].grams & self._mask(n)
            self._orders.insert(0, self._count(*np.unique(shorter, return_counts=True)))

    def probabilities(self, sequences: Sequence[np.ndarray | Sequence[int]]) -> np.ndarray:
        """(N,) p of each symbol of `sequences`, one after another, given those before it in its own sequence."""
        grams = self._pack(sequences)
        p = np.full(len(grams), 1 / self.symbols)
        for n, table in enumerate(self._orders, 1):
            gram = grams & self._mask(n)
            seen, at = _look_up(table.histories, gram >> self._bits)
            hit, where = _look_up(table.grams, gram)
            above = np.maximum(np.where(hit, table.counts[where], 0) - table.discount, 0)
            mixed = (above + table.discount * table.kinds[at] * p) / table.totals[at]
            p = np.where(seen, mixed, p)
        return p

    def nats(self, sequences: Sequence[np.ndarray | Sequence[int]]) -> float:
        """-log p of all `sequences` together."""
        return float(-np.log(self.probabilities(sequences)).sum())

    def _mask(self, n: int) -> int:
        return (1 << (self._bits * n)) - 1

    def _pack(self, sequences: Sequence[np.ndarray | Sequence[int]]) -> np.ndarray:
        """(N,) the n-gram that ends at each symbol; a symbol is its number plus 1, for 0 is the mark before all."""
        packed = []
        for sequence in sequences:
            symbols = np.asarray(sequence, np.int64)
            if len(symbols) and not 0 <= symbols.min() <= symbols.max() < self.symbols:
                raise UserError(f"Symbols from {symbols.min()} to {symbols.max()} are not among {self.symbols}.")
            padded = np.concatenate([np.zeros(self.order - 1, np.int64), symbols + 1])
            gram = np.zeros(len(symbols), np.int64)
            for j in range(self.order):
                gram = (gram << self._bits) | padded[j : j + len(symbols)]
            packed.append(gram)
        return np.concatenate(packed) if packed else np.zeros(0, np.int64)

    def _count(self, grams: np.ndarray, counts: np.ndarray) -> _Order:
        once, twice = (int((counts == k).sum()) for k in (1, 2))
        discount = once / (once + 2 * twice) if once else 0.5
        history = grams >> self._bits
        first = np.flatnonzero(np.concatenate([[True], history[1:] != history[:-1]]))
        kinds = np.diff(np.append(first, len(history)))
        return _Order(grams, counts, history[first], np.add.reduceat(counts, first), kinds, discount)


def _look_up(table: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether each key is in the sorted table, and a position that is its own where it is."""
    at = np.minimum(np.searchsorted(table, keys), len(table) - 1)
    return table[at] == keys, at
