"""What should be known of a table of molecules before a model sees it: imbalance, lengths, rare tokens, unreadable and
contradictory rows, salts, open stereo chemistry, and how far the mere spelling of a SMILES gives away its label."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import mannwhitneyu

from simorgh.data.chemistry import open_stereo, parse, writing
from simorgh.data.labels import in_order, plain
from simorgh.data.molecules import Molecules, Table, clean
from simorgh.data.tokens import TOKENISERS

RARE = 2
QUANTILES = {"least": 0, "quartile": 25, "median": 50, "third quartile": 75, "95 %": 95, "99 %": 99, "most": 100}


@dataclass(frozen=True, eq=False)
class Card:
    """Facts about a table. Those of "rows" count the readable rows as they are written, those of "molecules" the
    canonical SMILES that cleaning leaves.

    Attributes:
        rows: rows of the file, and `molecules` what cleaning leaves of them.
        lengths: characters of each row (N,), with the `classes` (N,) int64 of the same rows.
        tokens: how often each token occurs, by tokeniser.
        writings: rows and rows of class 1 by the way in which aromatic rings are written.
        salts: rows of several fragments. `stereo` counts rows that may have stereo elements, and those that leave one
            unspecified.
        giveaways: area under the ROC curve of class 1 for what is no chemistry: writing, length, place in the file.
            Empty where there are not two classes.
    """

    rows: int
    molecules: Molecules
    lengths: np.ndarray
    classes: np.ndarray
    tokens: dict[str, Counter]
    writings: dict[str, tuple[int, int]]
    salts: int
    stereo: tuple[int, int]
    giveaways: dict[str, float]


def card(table: Table) -> Card:
    """The facts about a labelled table, by reading every row once more."""
    found = clean(table)
    bad = {rejected.line for rejected in found.rejected}
    whole = zip(table.smiles, table.labels, table.lines)
    rows = [(text, plain(label)) for text, label, line in whole if line not in bad]
    mols = [parse(text) for text, _ in rows]
    ways = [writing(mol, text) for mol, (text, _) in zip(mols, rows)]
    names = {label: i for i, label in enumerate(in_order(label for _, label in rows))}
    classes = np.array([names[label] for _, label in rows])
    lengths = np.array([len(text) for text, _ in rows])
    stereo = [open_stereo(mol) for mol in mols]
    writings = {
        way: (ways.count(way), int(sum(y == 1 for w, y in zip(ways, classes) if w == way))) for way in sorted(set(ways))
    }
    giveaways = {}
    if len(names) == 2:
        share = {way: ones / count for way, (count, ones) in writings.items()}
        giveaways = {
            "writing of aromatic rings": area([share[way] for way in ways], classes),
            "length": area(-lengths, classes),
            "place in the file": area(np.arange(len(rows)), classes),
        }
    tokens = {name: Counter(t for text, _ in rows for t in cut(text)) for name, cut in TOKENISERS.items()}
    salts = sum("." in text for text, _ in rows)
    counts = (sum(n > 0 for n, _ in stereo), sum(n > 0 for _, n in stereo))
    return Card(len(table), found, lengths, classes, tokens, writings, salts, counts, giveaways)


def area(score: Sequence[float] | np.ndarray, classes: np.ndarray) -> float:
    """The chance that a row of class 1 scores higher than one of class 0, ties for half."""
    score = np.asarray(score, np.float64)
    ones, zeros = score[classes == 1], score[classes == 0]
    return float(mannwhitneyu(ones, zeros).statistic / (len(ones) * len(zeros)))


def rows(facts: Card) -> list[tuple[str, str]]:
    """The card as rows of a table."""
    m = facts.molecules
    listed = [
        ("rows", f"{facts.rows:,}"),
        ("rejected rows", f"{len(m.rejected):,}" + (f", on lines {_lines(m)}" if m.rejected else "")),
        ("rows that repeat a molecule", f"{m.merged:,} merged into the first"),
        ("contradictory molecules", f"{m.contradictory[0]:,} ({m.contradictory[1]:,} rows) left out"),
        ("molecules", f"{len(m):,}"),
        ("molecules of each class", ", ".join(f"{c}: {n:,}" for c, n in zip(m.labels, np.bincount(m.y)))),
        ("majority answer", f"right for {np.bincount(m.y).max() / len(m):.1%}"),
        ("characters of a row", _spread(facts.lengths)),
    ]
    for name, counts in facts.tokens.items():
        rare = sum(n <= RARE for n in counts.values())
        text = f"{counts.total():,} of {len(counts)} kinds, {rare} of which occur at most twice"
        listed.append((f"tokens by {name}", text))
    listed += [
        ("rows of several fragments", f"{facts.salts:,} (salts, water)"),
        ("stereo chemistry", f"{facts.stereo[0]:,} rows may have it, {facts.stereo[1]:,} leave some of it open"),
    ]
    listed += [
        (f"rings: {way}", f"{count:,} rows, {ones / count:.1%} of class {m.labels[1]}")
        for way, (count, ones) in facts.writings.items()
    ]
    return listed + [(f"AUC of {what} alone", f"{value:.3f}") for what, value in facts.giveaways.items()]


def _lines(m: Molecules, most: int = 12) -> str:
    lines = [str(rejected.line) for rejected in m.rejected]
    return ", ".join(lines[:most]) + (", ..." if len(lines) > most else "")


def _spread(lengths: np.ndarray) -> str:
    return ", ".join(f"{name} {np.percentile(lengths, q):.0f}" for name, q in QUANTILES.items())
