"""From lines to whole numbers and back: by characters, or by pieces that byte-pair encoding has merged.

A poem is a row of beyts and a beyt two hemistichs; its row of symbols is

    boundary, hemistich, <half>, hemistich, <end>, hemistich, <half>, ...

where the boundary says what stands before the first beyt: <start> the beginning of a section, <end> another beyt.

Byte-pair encoding (Sennrich et al. 2016, arXiv 1508.07909) here merges characters, never bytes: each symbol prints as
what it stands for. A space belongs to the word after it, and each hemistich begins with one, so that a word has the
same symbols wherever it stands. All that such a tokeniser knows is its vocabulary, in the order in which it was merged;
one that merges bytes, as a trained GPT-2 does, knows its merges too. A saved DataSpec is enough to read and write.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Literal

from simorgh.contracts import DataSpec, UserError

PAD, START, END, HALF, UNKNOWN = range(5)
SPECIAL = ("<pad>", "<start>", "<end>", "<half>", "<unknown>")
"""The first symbols of every vocabulary. <pad> is not <end>: a model that never sees an end counted never stops."""

Beyt = tuple[str, str]


class Tokeniser:
    """Reads and writes lines in the symbols of `vocabulary`, SPECIAL first.

    A vocabulary with a symbol of more than one character is one of merged pieces; where `merges` are given, pairs
    "left right" in order, one of merged bytes.
    """

    def __init__(self, vocabulary: Sequence[str], merges: Sequence[str] = ()):
        if tuple(vocabulary[: len(SPECIAL)]) != SPECIAL:
            raise UserError(f"A vocabulary of text begins with {' '.join(SPECIAL)}.")
        self.vocabulary, self.merges = tuple(vocabulary), tuple(merges)
        self.merged = any(len(symbol) > 1 for symbol in self.vocabulary[len(SPECIAL) :])
        self._numbers = {symbol: number for number, symbol in enumerate(self.vocabulary)}

    def encode(self, line: str) -> list[int]:
        """The numbers of one normalised hemistich; <unknown> for characters that were not trained on."""
        if self.merged:
            return self._pieces.encode(" " + line).ids
        return [self._numbers.get(character, UNKNOWN) for character in line]

    def decode(self, numbers: Iterable[int]) -> str:
        """The line of these numbers; the inverse of `encode` for known characters. Other SPECIAL symbols say nothing,
        and <unknown> prints as a white box."""
        if self.merges:
            kept = [self.vocabulary[n] for n in numbers if n >= len(SPECIAL)]
            return _library().decoders.ByteLevel().decode(kept).replace("\ufffd", "□").removeprefix(" ")
        shown = ("□" if n == UNKNOWN else "" if n < len(SPECIAL) else self.vocabulary[n] for n in numbers)
        line = "".join(shown)
        return line.removeprefix(" ") if self.merged else line

    def encode_beyt(self, beyt: Beyt) -> list[int]:
        """Both hemistichs, parted by HALF and closed by END."""
        return [*self.encode(beyt[0]), HALF, *self.encode(beyt[1]), END]

    def decode_beyts(self, numbers: Iterable[int]) -> list[Beyt]:
        """The beyts closed by END in a row of numbers; where one has no HALF, its second hemistich is empty."""
        beyts, halves = [], [[]]
        for number in numbers:
            if number == END:
                if halves != [[]]:
                    first, *rest = (self.decode(half) for half in halves)
                    beyts.append((first, " ".join(rest)))
                halves = [[]]
            elif number == HALF:
                halves.append([])
            else:
                halves[-1].append(number)
        return beyts

    @cached_property
    def _pieces(self):
        tokenizers = _library()
        if self.merges:
            model = tokenizers.Tokenizer(
                tokenizers.models.BPE(dict(self._numbers), [tuple(m.split(" ")) for m in self.merges])
            )
            model.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
            return model
        model = tokenizers.models.BPE(dict(self._numbers), merges_of(self.vocabulary), unk_token=SPECIAL[UNKNOWN])
        return _by_words(tokenizers.Tokenizer(model))


def reader(spec: DataSpec) -> Tokeniser:
    """The tokeniser of a text's spec."""
    return Tokeniser(spec.vocabulary, spec.merges)


def character_tokeniser(lines: Iterable[str]) -> Tokeniser:
    """All characters of `lines`, in the order of their code points."""
    return Tokeniser((*SPECIAL, *sorted(set().union(*lines))))


def byte_pair_tokeniser(lines: Iterable[str], size: int) -> Tokeniser:
    """Characters of `lines` and pieces merged from them, `size` symbols in all, SPECIAL included.

    UserError where there are more characters than that.
    """
    tokenizers = _library()
    model = _by_words(tokenizers.Tokenizer(tokenizers.models.BPE(unk_token=SPECIAL[UNKNOWN])))
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=size, special_tokens=list(SPECIAL), show_progress=False)
    model.train_from_iterator((" " + line for line in lines), trainer)
    numbers = model.get_vocab()
    if len(numbers) > size:
        raise UserError(f"data.text.vocabulary is {size}, but characters and marks alone are {len(numbers)}.")
    return Tokeniser(sorted(numbers, key=numbers.get))


def tokeniser(kind: Literal["character", "bpe"], lines: Iterable[str], size: int) -> Tokeniser:
    """The tokeniser of that kind, trained on `lines`; `size` counts the symbols of "bpe"."""
    return character_tokeniser(lines) if kind == "character" else byte_pair_tokeniser(lines, size)


def merges_of(vocabulary: Sequence[str]) -> list[tuple[str, str]]:
    """The pairs that were merged, in order, read off the pieces they gave.

    A new piece is what two older ones spell. Of the ways to cut it in two, the one that was merged is what is left
    when all earlier merges have been done inside it.
    """
    ranks: dict[tuple[str, str], int] = {}
    for piece in vocabulary[len(SPECIAL) :]:
        parts = list(piece)
        while len(parts) > 2:
            pairs = [(ranks.get(pair, len(ranks)), i) for i, pair in enumerate(zip(parts, parts[1:]))]
            rank, i = min(pairs)
            if rank == len(ranks):
                raise UserError(f"{piece!r} of the vocabulary is not merged from two earlier symbols.")
            parts[i : i + 2] = ["".join(parts[i : i + 2])]
        if len(parts) == 2:
            ranks[parts[0], parts[1]] = len(ranks)
    return list(ranks)


def _by_words(model):
    """`model`, cutting lines before every space."""
    model.pre_tokenizer = _library().pre_tokenizers.Split(" ", "merged_with_next")
    return model


def _library():
    try:
        import tokenizers
    except ImportError as error:
        raise UserError("Merged pieces need the library tokenizers: pip install 'simorgh[text]'.") from error
    return tokenizers
