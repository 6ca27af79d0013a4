"""How generated lines compare with real ones: overlap with a reference, variety, copying, surprise.

BLEU (Papineni et al. 2002) and chrF (Popovic 2015) are sacrebleu's (Post 2018), whose signature goes with every value.
The next beyt can be anything, so an honest model stays near the floors: a random beyt, a copy of the input.
"""

from collections.abc import Collection, Sequence
from math import exp, log
from typing import NamedTuple

import numpy as np

from simorgh.contracts import UserError
from simorgh.metrics.intervals import Interval
from simorgh.noise import philox


class Overlap(NamedTuple):
    """A score from 0 to 100, and what it was computed with."""

    score: float
    signature: str


def bleu(lines: Sequence[str], references: Sequence[str]) -> Overlap:
    """BLEU of the corpus, tokeniser 13a, one reference a line."""
    return _overlap("BLEU", lines, references)


def chrf(lines: Sequence[str], references: Sequence[str]) -> Overlap:
    """chrF2 of the corpus: character n-grams up to 6, recall twice as weighty as precision, no words."""
    return _overlap("CHRF", lines, references)


def _overlap(kind: str, lines: Sequence[str], references: Sequence[str]) -> Overlap:
    if not lines or len(lines) != len(references):
        raise UserError(f"{len(lines)} lines cannot be compared with {len(references)} references: give one each.")
    try:
        from sacrebleu import metrics
    except ImportError as error:
        raise UserError("BLEU and chrF need the library sacrebleu: pip install 'simorgh[text]'.") from error
    metric = getattr(metrics, kind)()
    score = metric.corpus_score(list(lines), [list(references)]).score
    return Overlap(score, str(metric.get_signature()))


def distinct(lines: Sequence[str], n: int) -> float:
    """Distinct word n-grams as a share of all of `lines` (Li et al. 2016, arXiv 1510.03055); falls with their number,
    so only equally many lines may be compared."""
    words = [line.split() for line in lines]
    grams = [tuple(w[i : i + n]) for w in words for i in range(len(w) - n + 1)]
    if not grams:
        raise UserError(f"No line has {n} words.")
    return len(set(grams)) / len(grams)


def copy_rate(lines: Sequence[str], known: Collection[str]) -> float:
    """The share of `lines` that are in `known`, word for word."""
    known = set(known)
    return sum(line in known for line in lines) / len(lines)


def bits_per_character(nats: Sequence[float] | np.ndarray, characters: Sequence[int] | np.ndarray,
                       draws: int = 1000, seed: int = 0) -> Interval | float:  # fmt: skip
    """sum(nats) / log 2 / sum(characters) over passages, such as the sections of a poem, with the 95 % interval of a
    bootstrap over them: neighbouring lines are no independent draws. A single passage shows no interval."""
    nats, characters = np.asarray(nats, float), np.asarray(characters, float)
    n = len(nats)
    if not n or len(characters) != n:
        raise UserError(f"{n} passages and {len(characters)} numbers of characters do not make a rate: give one each.")
    if n == 1:
        return float(nats[0] / characters[0] / log(2))
    picked = philox(seed, "bits per character", n).integers(n, size=(draws, n))
    again = nats[picked].sum(1) / characters[picked].sum(1) / log(2)
    value = nats.sum() / characters.sum() / log(2)
    low, high = np.quantile(again, (0.025, 0.975))
    return Interval(float(value), float(min(low, value)), float(max(high, value)), n)


def perplexity(nats: float, symbols: int) -> float:
    """exp(nats / symbols): what a symbol is decides it."""
    return exp(nats / symbols)
