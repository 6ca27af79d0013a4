"""Verse: the Shahnameh, or a file of one's own, as windows of beyts of which the first prompts the others.

The text of the Shahnameh is that of Ganjoor (github.com/ganjoor/ganjoor-data, commit f5fdf515): 61 chapters, 777
sections, 49,610 beyts. Beyts that follow one another share words and rhymes, so whole sections are held out, and a
prompt never comes from another section than its answer.
"""

import gzip
import hashlib
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from simorgh.contracts import DataSpec, UserError
from simorgh.data.config import DataConfig, TextConfig
from simorgh.data.files import local
from simorgh.data.parts import Part
from simorgh.data.persian import normalise
from simorgh.data.pretrained import find_folder, read_pieces
from simorgh.data.tokenisers import END, START, Beyt, Tokeniser, reader, tokeniser
from simorgh.noise import philox

SHAHNAMEH = "2ad00a1fcea04dcb44b869cb8b71d5223f039c70c6b4c39be4348a939c9d81c1"
SIZE = 5_847_388  # bytes of its content
HELD_OUT = 5_018  # beyts of it
SHARE = 0.1  # of any other text
MOST_SYMBOLS = 32_767  # numbered by 16 bits; a trained model may bring more
LONGEST = 100_000_000  # bytes of a text

Place = tuple[int, int]
"""A beyt by section and position, both from 0."""


@dataclass(frozen=True)
class Verse:
    """Sections of beyts as they were found, and how many beyts are to be held out."""

    sections: tuple[tuple[Beyt, ...], ...]
    origin: str
    checksum: str
    held_out: int

    @property
    def beyts(self) -> int:
        return sum(map(len, self.sections))


@dataclass(frozen=True)
class Windows:
    """What `cut` gives: parts, the tokeniser that made them, and where it was found."""

    train: Part
    validation: Part | None
    test: Part
    spec: DataSpec
    verse: Verse


def load_text(config: DataConfig) -> Windows:
    """The parts of a text. UserError for files and settings that cannot be used."""
    check_text(config)
    name = config.name
    verse = shahnameh() if name == "shahnameh" else text_file(name.removeprefix("text:"))
    return cut(verse, config)


def check_text(config: DataConfig) -> None:
    """UserError for a value that no text can meet."""
    if config.binarise != "none":
        raise UserError("data.binarise is for images; leave it out for a text.")
    if config.text.beyts < 2:
        raise UserError(f"data.text.beyts is {config.text.beyts}; a prompt and an answer are at least 2.")
    if not 1 <= config.text.vocabulary <= MOST_SYMBOLS:
        raise UserError(f"data.text.vocabulary is {config.text.vocabulary}; it can be 1 to {MOST_SYMBOLS:,}.")


def shahnameh() -> Verse:
    """The Shahnameh of $SIMORGH_DATA/shahnameh/shahnameh.tsv.gz. UserError where it is missing or has other content.

    A tab-separated table with a header: chapter, its name, name of the section, number of the beyt, two hemistichs,
    rhyme letters.
    """
    path = local("shahnameh", "shahnameh.tsv.gz") or local("shahnameh", "shahnameh.tsv")
    if path is None:
        raise UserError(
            "The Shahnameh is not here: put shahnameh.tsv.gz into a folder shahnameh inside the one that SIMORGH_DATA "
            "names, or learn from a text of your own with --data text:FILE."
        )
    content = _read(path, SIZE)
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHAHNAMEH:
        raise UserError(f"{path} has other content than it should (SHA-256 {digest}, not {SHAHNAMEH}).")
    sections: dict[tuple[str, str], list[Beyt]] = {}
    for row in content.decode().splitlines()[1:]:
        _, chapter, section, _, first, second, _ = row.split("\t")
        sections.setdefault((chapter, section), []).append((first, second))
    return Verse(tuple(map(tuple, sections.values())), "Ganjoor's Shahnameh, your own copy", digest, HELD_OUT)


def text_file(name: str) -> Verse:
    """The beyts of a UTF-8 file, gzipped or not; a tenth, or one section, is to be held out.

    A line with a tab is a beyt; without one, two lines are. A line without a letter or digit, empty or a row of stars,
    ends a section. UserError for a file that is no such text, and for a section with a line left over.
    """
    path = Path(name).expanduser()
    if not name or not path.is_file():
        raise UserError(f"There is no file {name!r}: give an existing one, as in text:poems.txt.")
    content = _read(path, LONGEST)
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text: save it in that encoding.") from error
    sections, section, waiting = [], [], None
    for number, line in enumerate([*lines, ""], 1):
        if not _says(line):
            if waiting is not None:
                raise UserError(f"Line {number - 1} of {path} has no second hemistich before the section ends.")
            if section:
                sections.append(tuple(section))
            section = []
        elif "\t" in line.strip():
            first, _, second = line.strip().partition("\t")
            if waiting is not None or "\t" in second or not (_says(first) and _says(second)):
                raise UserError(f"Line {number} of {path} should hold one beyt, two hemistichs with a tab between.")
            section.append((first, second))
        elif waiting is None:
            waiting = line
        else:
            section.append((waiting, line))
            waiting = None
    beyts = sum(map(len, sections))
    if beyts < 2:
        raise UserError(f"{path} holds {beyts} beyts; at least two are needed, one to be held out.")
    digest = hashlib.sha256(content).hexdigest()
    return Verse(tuple(sections), f"{beyts:,} beyts of {path.name}", digest, max(1, round(SHARE * beyts)))


def _says(line: str) -> bool:
    """Whether anything would be left of `line` but punctuation."""
    return any(sign.isalnum() for sign in line)


def cut(verse: Verse, config: DataConfig) -> Windows:
    """Split, train the tokeniser on the training part, cut windows; `config` says how. The first `limit` windows of
    the training part are kept. The spec's length is that of the longest window of all parts, for each is read whole."""
    text = config.text
    sections = tuple(
        tuple(tuple(normalise(half, text.marks, text.punctuation) for half in beyt) for beyt in section)
        for section in verse.sections
    )
    whole = min(map(len, sections)) if text.split == "section" else 1  # no part of a section can be held out
    test = held_out(sections, max(verse.held_out, whole), text.split, "test")
    about = config.validation and max(config.validation, whole)
    valid = held_out(sections, about, text.split, "validation", test) if about else set()
    train = {(i, j) for i, section in enumerate(sections) for j in range(len(section))} - test - valid
    if not train:
        raise UserError(f"data.validation is {config.validation}, which leaves no beyt to train on.")
    lines = [half for i, j in sorted(train) for half in sections[i][j]]
    coder = from_folder(text) if text.tokeniser == "folder" else tokeniser(text.tokeniser, lines, text.vocabulary)
    coded = [[coder.encode_beyt(beyt) for beyt in section] for section in sections]
    parts = [windows(coded, places, text) if places else None for places in (train, valid, test)]
    length = max(part.x.shape[1] for part in parts if part)
    train, valid, test = (part and _wide(part, length) for part in parts)
    ends, symbols = (0.0, len(coder.vocabulary) - 1.0), {"vocabulary": coder.vocabulary, "merges": coder.merges}
    spec = DataSpec("tokens", (length,), ends, **symbols)
    return Windows(train.take(slice(config.limit)), valid, test, spec, verse)


def from_folder(text: TextConfig) -> Tokeniser:
    """The tokeniser of a trained model. UserError where it is not the one that the checksum names."""
    path = find_folder(text.folder)
    pieces = read_pieces(path)
    if text.checksum not in ("", pieces.checksum):
        raise UserError(f"The tokeniser in {path} is not the one that this run was trained with: put that one back.")
    return Tokeniser(pieces.vocabulary, pieces.merges)


def held_out(
    sections: Sequence[Sequence[Beyt]], beyts: int, split: str, name: str, taken: Collection[Place] = ()
) -> set[Place]:
    """Places of at most `beyts` beyts, as many as whole sections in a shuffled order allow; exactly so many of "line".

    A pure function of its arguments. Those `taken` are left alone. UserError where no section is small enough, or none
    would be left.
    """
    order, chosen = philox("verse", "sections", name), set()
    free = [[(i, j) for j in range(len(section)) if (i, j) not in taken] for i, section in enumerate(sections)]
    groups = [[place] for group in free for place in group] if split == "line" else [group for group in free if group]
    for number in order.permutation(len(groups)):
        if len(chosen) + len(groups[number]) <= beyts:
            chosen.update(groups[number])
    if not chosen or len(chosen) == sum(map(len, groups)):
        raise UserError(
            f"No section can be held out for a {name} part of {beyts:,} beyts: part the poems by empty lines, make "
            "them more, or take --data.text.split line."
        )
    return chosen


def windows(coded: Sequence[Sequence[Sequence[int]]], places: Collection[Place], text: TextConfig) -> Part:
    """Windows in which every beyt at `places` counts once, with all before it in its window as the prompt.

    `coded` are the numbers of each beyt of each section. The first window of a section begins with START and all its
    beyts count; the others begin with END and with the last beyt of the window before, which does not.
    """
    rows, masks = [], []
    for i, section in enumerate(coded):
        start = 0
        while start < len(section):
            first = max(start - 1, 0)
            after = min(first + text.beyts, len(section)) if start else min(text.beyts, len(section))
            row, mask = [END if start else START], [False]
            for j in range(first, after):
                row += section[j]
                mask += [j >= start and (i, j) in places] * len(section[j])
            if any(mask):
                rows.append(row)
                masks.append(mask)
            start = after
    return _padded(rows, masks)


def _padded(rows: Sequence[Sequence[int]], masks: Sequence[Sequence[bool]]) -> Part:
    length = max(map(len, rows))
    numbers = np.int16 if max(map(max, rows)) <= MOST_SYMBOLS else np.int32
    x, mask = np.zeros((len(rows), length), numbers), np.zeros((len(rows), length), bool)
    for i, (row, counted) in enumerate(zip(rows, masks)):
        x[i, : len(row)] = row
        mask[i, : len(row)] = counted
    return Part(torch.from_numpy(x), mask=torch.from_numpy(mask))


def _wide(part: Part, length: int) -> Part:
    x = torch.nn.functional.pad(part.x, (0, length - part.x.shape[1]))
    return Part(x, mask=torch.nn.functional.pad(part.mask, (0, length - part.x.shape[1])))


def _read(path: Path, most: int) -> bytes:
    """The content of a file, at most one byte more than `most`: a hostile archive may unpack to anything."""
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as stream:
            content = stream.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path} cannot be read ({error}): put a sound copy in its place.") from error
    if len(content) > most:
        raise UserError(f"{path} has more than {most:,} bytes of content.")
    return content


def describe_text(config: DataConfig) -> list[tuple[str, str]]:
    """Rows of a table about a text."""
    found = load_text(config)
    coder, sections = reader(found.spec), found.verse.sections
    raw = [half for section in sections for beyt in section for half in beyt]
    plain = [normalise(half, config.text.marks, config.text.punctuation) for half in raw]
    rows = [("name", config.name), ("source", found.verse.origin), ("SHA-256 of the content", found.verse.checksum)]
    rows += [("sections", f"{len(sections):,}"), ("beyts", f"{found.verse.beyts:,}")]
    rows += [("characters", f"{sum(map(len, plain)):,} once normalised"), ("changed by it", _share(raw, plain))]
    parts = [("training", found.train), ("validation", found.validation), ("test", found.test)]
    for name, part in parts:
        if part is not None:
            beyts = int(((part.x == END) & part.mask).sum())
            rows.append((f"{name} beyts", f"{beyts:,} in {len(part):,} windows of up to {config.text.beyts}"))
    kind = "merged pieces" if coder.merged else "characters"
    rows.append(("symbols", f"{len(coder.vocabulary)} ({kind}); at most {found.spec.shape[0]} in a window"))
    return rows


def _share(raw: Sequence[str], plain: Sequence[str]) -> str:
    changed = sum(a != b for a, b in zip(raw, plain))
    return f"{changed:,} of {len(raw):,} hemistichs ({changed / len(raw):.1%})"
