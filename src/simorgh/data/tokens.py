"""Strings as numbers: how a SMILES is cut into tokens, and the vocabulary that numbers them.

Number 0 fills up short rows (the pad), 1 stands for tokens that the training part does not hold. "atom" tokens keep
together what spells one atom: a bracket, Cl and Br, and a two-digit ring closure; the rule of Schwaller et al. 2019
(arXiv 1811.02633). "character" tokens are single characters, which split Cl into a carbon and an l.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from simorgh.contracts import PAD, UserError

UNKNOWN = 1
SPECIAL = ("<pad>", "<unknown>")

_ATOM = re.compile(
    r"""\[[^\[\]]+\]        # a bracket with isotope, element, chirality, hydrogens and charge
      | Br | Cl             # before B and C, or they would be torn
      | [BCNOPSFI] | [bcnops] | \*
      | %\(\d+\) | %\d\d | \d   # ring closures
      | [-=\#$:/\\] | [().~<>@?+]""",
    re.VERBOSE,
)


def atoms(text: str) -> list[str]:
    """`text` in atom-wise tokens, which join to it again. UserError where a sign is none of SMILES."""
    found = _ATOM.findall(text)
    if "".join(found) != text:
        end = 0
        for match in _ATOM.finditer(text):
            if match.start() != end:
                break
            end = match.end()
        raise UserError(f"{text!r} is not SMILES: {text[end]!r} at place {end + 1} begins no token.")
    return found


TOKENISERS = {"atom": atoms, "character": list}


def kinds(rows: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """The vocabulary of `rows` of tokens: SPECIAL, then every kind of token in the order of code points."""
    return (*SPECIAL, *sorted({token for row in rows for token in row}))


def encode(rows: Sequence[Sequence[str]], vocabulary: Sequence[str], length: int | None = None) -> np.ndarray:
    """(N, length) int16 numbers of tokens, filled up with PAD on the right; by default as long as the longest row.

    Tokens that the vocabulary lacks become UNKNOWN. ValueError where a row is longer than `length`.
    """
    number = {token: i for i, token in enumerate(vocabulary)}
    longest = max(map(len, rows), default=0)
    if length is not None and longest > length:
        raise ValueError(f"a row of {longest} tokens does not fit into {length}")
    x = np.full((len(rows), longest if length is None else length), PAD, np.int16)
    for i, row in enumerate(rows):
        x[i, : len(row)] = [number.get(token, UNKNOWN) for token in row]
    return x


def decode(x: np.ndarray, vocabulary: Sequence[str]) -> list[str]:
    """The strings of rows of numbers (N, T), without their pads."""
    return ["".join(vocabulary[i] for i in row if i != PAD) for row in np.asarray(x)]


def renumber(x: np.ndarray, old: Sequence[str], new: Sequence[str]) -> np.ndarray:
    """The numbers x of `old` as numbers of `new`, both beginning with SPECIAL."""
    number = {token: i for i, token in enumerate(new)}
    return np.array([number.get(token, UNKNOWN) for token in old], np.int16)[x]
