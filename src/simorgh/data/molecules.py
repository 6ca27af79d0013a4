"""Tables of molecules: a CSV in, cleaned molecules out, with a count of everything that was left behind.

Cleaning: a SMILES that RDKit cannot read is rejected; rows of one molecule (one canonical SMILES, stereo included)
are merged; a molecule whose rows disagree on the label is left out. No row is lost without a word.
"""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from simorgh.contracts import UserError
from simorgh.data.chemistry import canonical, parse
from simorgh.data.labels import in_order, number, plain
from simorgh.data.tokens import atoms

SMILES_COLUMNS = ("smiles", "canonical_smiles", "isomeric_smiles", "mol", "molecule", "structure")
LABEL_COLUMNS = ("p_np", "label", "class", "target", "y", "activity")
MOST_LABELS = 20
MISSING = ("", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "+nan", "null", "?")
DOUBTFUL = ("-", "none")
"""What programs write where a label is not known; the last two may be classes too, see `unknown`."""


@dataclass(frozen=True)
class Table:
    """The rows of a file: `smiles` (N), `labels` (N) as written or None, and the `lines` (N) they stand on, from 1."""

    smiles: tuple[str, ...]
    labels: tuple[str, ...] | None
    lines: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.smiles)


@dataclass(frozen=True)
class Rejected:
    """A row that cannot be used: its `line` in the file, what stood there, and why."""

    line: int
    smiles: str
    reason: str


@dataclass(frozen=True, eq=False)
class Molecules:
    """Cleaned molecules, in the order of the file.

    Attributes:
        canonical: their canonical SMILES, all different.
        written: the spelling of the first row of each.
        y: (N,) int64 labels, None where the file has none; `labels` are their names.
        lines: the line of the first row of each.
        rejected: rows that cannot be read; `merged` counts rows that repeat a molecule, `contradictory` (molecules,
            rows) those left out because their rows disagree.
    """

    canonical: tuple[str, ...]
    written: tuple[str, ...]
    y: np.ndarray | None
    labels: tuple[str, ...]
    lines: tuple[int, ...]
    rejected: tuple[Rejected, ...]
    merged: int
    contradictory: tuple[int, int]

    def __len__(self) -> int:
        return len(self.canonical)

    @cached_property
    def hash(self) -> str:
        """SHA-256 over canonical SMILES and the names of their labels."""
        y = [""] * len(self) if self.y is None else [self.labels[label] for label in self.y]
        rows = (f"{text}\t{label}\n" for text, label in zip(self.canonical, y))
        return hashlib.sha256("".join(rows).encode()).hexdigest()


def read_csv(path: Path | str, labelled: bool = True) -> Table:
    """The table in `path`: commas, semicolons or tabs, a header, columns found by name in any case.

    The SMILES stand in a column of SMILES_COLUMNS, the labels in one of LABEL_COLUMNS, the first of the list that is
    there. UserError where the file or a column is missing.
    """
    try:
        content = Path(path).expanduser().read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: give a CSV file with a header.") from error
    return parse_csv(content, str(path), labelled)


def parse_csv(content: bytes, name: str, labelled: bool = True) -> Table:
    """The table in the bytes of a CSV file called `name`; see `read_csv`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{name} is not UTF-8 text: save it as CSV in UTF-8.") from error
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
        columns = [column.strip().lower() for column in next(reader, [])]
        rows = [(reader.line_num, row) for row in reader if len(row) > 1 or any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise UserError(f"{name} is not a CSV file ({error}).") from error
    smiles = _column(columns, SMILES_COLUMNS, name, "SMILES")
    label = _column(columns, LABEL_COLUMNS, name, "labels") if labelled else None
    if not rows:
        raise UserError(f"{name} has a header and no rows.")

    def cell(row: Sequence[str], at: int) -> str:
        return row[at].strip() if at < len(row) else ""

    labels = None if label is None else tuple(cell(row, label) for _, row in rows)
    return Table(tuple(cell(row, smiles) for _, row in rows), labels, tuple(line for line, _ in rows))


def _delimiter(text: str) -> str:
    """What cuts the header into columns of which one is of SMILES_COLUMNS; else what occurs most often in it."""
    header = next(iter(text.splitlines()), "")

    def columns(delimiter: str) -> list[str]:
        return [column.strip().lower() for column in next(csv.reader([header], delimiter=delimiter), [])]

    return max(",;\t", key=lambda d: (any(column in SMILES_COLUMNS for column in columns(d)), header.count(d)))


def _column(columns: Sequence[str], names: Sequence[str], file: str, what: str) -> int:
    for name in names:
        if name in columns:
            return columns.index(name)
    listed = ", ".join(columns) or "none"
    raise UserError(f"{file} has no column of {what}: name it one of {', '.join(names)} (there are {listed}).")


def clean(table: Table) -> Molecules:
    """The molecules of `table`. UserError where nothing is left, or where the labels are not a few classes."""
    kept, rejected = [], []
    missing = unknown(table.labels or ())
    for place, (text, line) in enumerate(zip(table.smiles, table.lines)):
        name, reason = read_smiles(text)
        if table.labels is not None and table.labels[place].lower() in missing:
            reason = "no label"
        if reason:
            rejected.append(Rejected(line, text, reason))
        else:
            kept.append((place, name))
    if not kept:
        reason, many = Counter(row.reason for row in rejected).most_common(1)[0]
        line = next(row.line for row in rejected if row.reason == reason)
        raise UserError(
            f"No molecule is left after cleaning: {reason} ({many} of {len(rejected)} rows, the first in line {line})."
        )
    _, y = _labels(table, [place for place, _ in kept])
    groups: dict[str, list[int]] = {}
    for row, (_, name) in enumerate(kept):
        groups.setdefault(name, []).append(row)
    torn = [rows for rows in groups.values() if y is not None and len(set(y[rows].tolist())) > 1]
    whole = {name: rows[0] for name, rows in groups.items() if rows not in torn}
    if not whole:
        raise UserError("No molecule is left after cleaning: every one has rows with different labels.")
    first = [kept[row][0] for row in whole.values()]
    names, y = _labels(table, first)  # a class may have had nothing but contradictions
    return Molecules(
        tuple(whole),
        tuple(table.smiles[place] for place in first),
        y,
        names,
        tuple(table.lines[place] for place in first),
        tuple(rejected),
        sum(len(rows) - 1 for rows in groups.values() if rows not in torn),
        (len(torn), sum(map(len, torn))),
    )


def read_smiles(text: str) -> tuple[str, str]:
    """The canonical SMILES of a cell and "", or "" and why it has none."""
    if not text:
        return "", "no SMILES"
    if len(text.split()) > 1:  # RDKit would take the rest for a name
        return "", "more than a SMILES in its cell"
    mol = parse(text)
    if mol is None:
        return "", "not a SMILES that RDKit can read"
    try:
        atoms(text)
    except UserError:
        return "", "a spelling that has no tokens"
    return canonical(mol), ""


@lru_cache(maxsize=4)
def cleaned(content: bytes, name: str) -> Molecules:
    """`clean` of the labelled table in the bytes of a CSV file, kept, since folds ask for it again and again."""
    return clean(parse_csv(content, name))


def _labels(table: Table, places: Sequence[int]) -> tuple[tuple[str, ...], np.ndarray | None]:
    """The names of the classes, numbers in their own order, and the (N,) class of each of `places`."""
    if table.labels is None:
        return (), None
    found = [plain(table.labels[place]) for place in places]
    names = in_order(found)
    if not 2 <= len(names) <= MOST_LABELS:
        raise UserError(f"The labels take {len(names)} values; a classifier needs 2 to {MOST_LABELS} classes.")
    number = {name: i for i, name in enumerate(names)}
    return tuple(names), np.array([number[name] for name in found], np.int64)


def unknown(labels: Iterable[str]) -> tuple[str, ...]:
    """What stands for a missing label among `labels`, in lower case: "-" and "none" only where all others are numbers
    or truth values. Beside words, such as "+" or "strong", these two are classes."""
    told = {label.lower() for label in labels} - {*MISSING, *DOUBTFUL, "true", "false"}
    return MISSING if any(number(label) is None for label in told) else MISSING + DOUBTFUL
