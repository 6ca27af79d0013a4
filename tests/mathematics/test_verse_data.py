"""Verse as data: one spelling, symbols that round-trip, and windows in which every beyt is an answer exactly once."""

import gzip
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simorgh.contracts import UserError
from simorgh.data import DataConfig, TextConfig, batches, describe, load, stream
from simorgh.data.persian import HAMZA, JOINER, normalise
from simorgh.data.tokenisers import (
    END,
    HALF,
    PAD,
    SPECIAL,
    START,
    UNKNOWN,
    Tokeniser,
    byte_pair_tokeniser,
    character_tokeniser,
    merges_of,
)  # fmt: skip
from simorgh.data.verse import HELD_OUT, Verse, cut, held_out, shahnameh, text_file, windows
from simorgh.evaluate.text import sections

LETTERS = "ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"
WORDS = st.lists(st.text(LETTERS, min_size=1, max_size=6), min_size=1, max_size=6).map(" ".join)


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("كتاب علي", "کتاب علی"),
        ("مىرود", "میرود"),
        ("خداوندِ جان", "خداوند جان"),
        ("فـــردوسی", "فردوسی"),
        ("کز این برتر، اندیشه", "کز این برتر اندیشه"),
        ("می\u200c\u200cرود", "می\u200cرود"),
        ("می \u200cرود\u200c", "می رود"),
        ("دو\u00a0  فاصله\n", "دو فاصله"),
        ("٣ ۳", "۳ ۳"),
        ("\u06c0", "ه" + HAMZA),
        ("فروزنده\u0654", "فروزنده" + HAMZA),
        ("ی\u0654", "ئ"),
        ("ا\u0653ب", "آب"),
        ("\u200fسلام\u200e", "سلام"),
    ],
)
def test_spellings_of_one_word_become_one(raw: str, plain: str):
    assert normalise(raw) == plain


def test_marks_and_punctuation_stay_where_asked():
    assert normalise("گَردان، دِه", marks=True) == "گَردان دِه"
    assert normalise("گَردان، دِه", punctuation=True) == "گردان، ده"


@given(st.text(st.sampled_from(LETTERS + "آأؤئءكيىەۀۂة ۀ\u200c\u200d\u00a0\u0640\u0653\u0654\u064e\u0650\u0651،؟!\n")),
       st.booleans(), st.booleans())  # fmt: skip
@settings(deadline=None)
def test_normalising_twice_changes_nothing_more(text: str, marks: bool, punctuation: bool):
    once = normalise(text, marks, punctuation)
    assert normalise(once, marks, punctuation) == once
    assert not set(once) & set("كيى\u0640\u00a0\n\u200d")
    assert f" {JOINER}" not in once
    assert f"{JOINER} " not in once
    assert "  " not in once


@given(st.lists(WORDS, min_size=2, max_size=12), st.integers(45, 80))
@settings(deadline=None)
def test_both_tokenisers_give_back_what_they_read(lines: list[str], size: int):
    for coder in (character_tokeniser(lines), byte_pair_tokeniser(lines, size)):
        again = Tokeniser(coder.vocabulary)  # all that is saved
        assert len(set(coder.vocabulary)) == len(coder.vocabulary)
        for line in lines:
            numbers = again.encode(line)
            assert UNKNOWN not in numbers
            assert min(numbers) >= len(SPECIAL)
            assert again.decode(numbers) == line
        beyts = list(zip(lines[::2], lines[1::2]))
        assert again.decode_beyts([END, *(n for beyt in beyts for n in again.encode_beyt(beyt)), PAD]) == beyts


def test_pieces_are_merged_by_frequency_and_read_off_the_vocabulary():
    """By hand: in "ab ab ab ac" the commonest pair is (space, a), then (space a, b)."""
    coder = byte_pair_tokeniser(["ab ab ab ac"], len(SPECIAL) + 4 + 2)
    assert coder.vocabulary[len(SPECIAL) :] == (" ", "a", "b", "c", " a", " ab")
    assert merges_of(coder.vocabulary) == [(" ", "a"), (" a", "b")]
    assert [coder.vocabulary[n] for n in coder.encode("ac ab")] == [" a", "c", " ab"]


def test_unknown_characters_are_seen_and_said():
    coder = character_tokeniser(["آب"])
    assert coder.encode("آxب") == [coder.vocabulary.index("آ"), UNKNOWN, coder.vocabulary.index("ب")]
    assert coder.decode(coder.encode("آxب")) == "آ□ب"
    with pytest.raises(UserError, match="begins with <pad>"):
        Tokeniser("abc")
    with pytest.raises(UserError, match="characters and marks alone are"):
        byte_pair_tokeniser([LETTERS], 10)
    with pytest.raises(UserError, match="not merged from two"):
        merges_of((*SPECIAL, "a", "b", "abab"))


def verse(*lengths: int, beyts: int = 3) -> Verse:
    """Sections of these lengths, all of the same four letters, each hemistich told from all others by their counts."""

    def line(*key: int) -> str:
        return "".join(letter * (k + 1) for letter, k in zip("ابپ", key))

    sections = tuple(tuple((line(i, j, 0), line(i, j, 1)) for j in range(n)) for i, n in enumerate(lengths))
    return Verse(sections, "made up", "0" * 64, beyts)


@given(st.lists(st.integers(1, 9), min_size=4, max_size=9), st.integers(2, 5), st.sampled_from(["section", "line"]),
       st.booleans())  # fmt: skip
@settings(deadline=None)
def test_every_beyt_is_an_answer_once_and_prompts_come_before_it(lengths, beyts, split, validation):
    given_verse = verse(*lengths, beyts=min(lengths) + 1)
    config = DataConfig("text:made up", validation=min(lengths) if validation else 0,
                        text=TextConfig(beyts=beyts, split=split))  # fmt: skip
    # A test part always fits here; whole sections may leave none that is small enough for the validation part.
    tested = held_out(given_verse.sections, min(lengths) + 1, split, "test")
    free = [n for i, n in enumerate(lengths) if (i, 0) not in tested]
    refused = validation and split == "section" and (min(free) > min(lengths) or sum(free) <= min(lengths))
    if refused:
        with pytest.raises(UserError, match="validation part"):
            cut(given_verse, config)
        return
    found = cut(given_verse, config)
    coder = Tokeniser(found.spec.vocabulary)
    where = {beyt: (i, j) for i, section in enumerate(given_verse.sections) for j, beyt in enumerate(section)}
    answers: list[set[tuple[int, int]]] = []
    for part in (found.train, found.validation, found.test):
        if part is None:
            continue
        counted = Counter()
        for x, mask in zip(part.x.tolist(), part.mask):
            ends = [t for t, number in enumerate(x) if number == END and t > 0]
            shown = coder.decode_beyts(x[1:])
            places = [where[beyt] for beyt in shown]
            assert len(shown) <= beyts
            assert (x[0] == START) == (places[0][1] == 0)
            first = 1
            for beyt, end in zip(shown, ends):
                inside = mask[first : end + 1]
                assert inside.all() or not inside.any(), "a beyt counts in part"
                if inside.any():
                    counted[beyt] += 1
                first = end + 1
            assert not mask[first:].any(), "a pad counts"
            assert not mask[0], "the boundary counts"
            for (i, j), (k, l) in zip(places, places[1:]):
                assert (k, l) == (i, j + 1), "a window leaves its section or a beyt out"
            if x[0] == END:
                assert not mask[1], "the first beyt of a window inside a section is its prompt"
        assert set(counted.values()) == {1}
        answers.append({where[beyt] for beyt in counted})
    total = sum(len(a) for a in answers)
    assert len(set().union(*answers)) == total, "two parts share an answer"
    if split == "section":
        of_section = [{i for i, _ in a} for a in answers]
        assert sum(map(len, of_section)) == len(set().union(*of_section)), "two parts share a section"


@pytest.mark.parametrize("split", ["section", "line"])
@pytest.mark.parametrize("beyts", [2, 3])
def test_a_metric_takes_neighbours_for_neighbours_only(split, beyts):
    whole = verse(*[6] * 20, beyts=25)
    found = cut(whole, DataConfig("text:made up", text=TextConfig(beyts=beyts, split=split)))
    where = {beyt: (i, j) for i, section in enumerate(whole.sections) for j, beyt in enumerate(section)}
    coder, lengths = Tokeniser(found.spec.vocabulary), []
    for part in (found.train, found.test):
        runs = [[where[beyt] for beyt in run] for run in sections(part, coder)]
        assert all(after == (i, j + 1) for run in runs for (i, j), after in zip(run, run[1:]))
        places = [place for run in runs for place in run]
        assert len({*places}) == len(places) == (24 if part is found.test and split == "section" else len(places))
        ends = {place for run in runs for place in run[:1]}
        assert not {(i, j + 1) for run in runs for i, j in run[-1:]} & ends, "one run of neighbours is told as two"
        lengths.append(len(places))
    assert sum(lengths) == 120


def test_pairs_by_hand():
    coded = [[[10, END], [11, END], [12, END]]]
    part = windows(coded, {(0, 0), (0, 1), (0, 2)}, TextConfig(beyts=2))
    assert part.x.tolist() == [[START, 10, END, 11, END], [END, 11, END, 12, END]]
    assert part.mask.int().tolist() == [[0, 1, 1, 1, 1], [0, 0, 0, 1, 1]]
    single = windows(coded, {(0, 1)}, TextConfig(beyts=2))
    assert single.mask.int().tolist() == [[0, 0, 0, 1, 1]]


def test_a_split_takes_whole_sections_or_single_beyts():
    sections = verse(*range(3, 20)).sections
    chosen = held_out(sections, 30, "section", "test")
    assert 27 <= len(chosen) <= 30
    assert all({(i, j) for j in range(len(sections[i]))} <= chosen for i, _ in chosen)
    assert held_out(sections, 30, "section", "test") == chosen
    assert not held_out(sections, 30, "section", "validation", chosen) & chosen
    assert len(held_out(sections, 30, "line", "test")) == 30
    with pytest.raises(UserError, match="No section can be held out"):
        held_out(sections, 2, "section", "test")


def test_a_batch_is_cut_where_its_longest_row_ends_and_streams_are_pure():
    found = cut(verse(*range(3, 20)), DataConfig("text:made up", text=TextConfig(beyts=4)))
    config = DataConfig("text:made up")
    take = stream(found.train, config, 6, seed=3)
    once = [take(step) for step in range(12)]
    for step in reversed(range(12)):
        again = stream(found.train, config, 6, seed=3)(step)
        assert torch.equal(again.x, once[step].x)
        assert torch.equal(again.mask, once[step].mask)
        assert again.x.dtype == torch.int64
        assert again.x[:, -1].any(), "a column of pads is left"
    halves = [stream(found.train, config, 6, seed=3, rank=r, ranks=2)(5) for r in range(2)]
    assert [row for half in halves for row in half.x.sum(1).tolist()] == once[5].x.sum(1).tolist()
    inside = list(batches(found.test, config, 2))
    assert sum(int(b.mask.sum()) for b in inside) == int(found.test.mask.sum())


def test_a_file_of_ones_own(tmp_path: Path):
    file = tmp_path / "poems.txt"
    poems = ["\n".join(f"{a}\t{b}" for a, b in section) for section in verse(4, 5, 6, 7, 8).sections]
    poems[1] = poems[1].replace("\t", "\n")
    file.write_text("\n\n".join(poems), encoding="utf-8")
    data = load(DataConfig(f"text:{file}"))
    assert "30 beyts of poems.txt" in data.source
    assert data.spec.kind == "tokens"
    rows = dict(describe(DataConfig(f"text:{file}", text=TextConfig(split="line"))))
    assert rows["test beyts"].startswith("3 in"), "a tenth, though no section is so short"
    (whole,) = (tmp_path / "whole.txt",)
    whole.write_text("\n".join("\n".join(beyt) for section in verse(20).sections for beyt in section), encoding="utf-8")
    rows = dict(describe(DataConfig(f"text:{whole}", text=TextConfig(split="line"))))
    assert rows["test beyts"].startswith("2 in")
    packed = tmp_path / "poems.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert torch.equal(load(DataConfig(f"text:{packed}")).train.x, data.train.x)


@pytest.mark.parametrize("between", ["***", "—", " \u200f", "* \t *"])
def test_a_row_of_stars_ends_a_section_as_an_empty_line_does(tmp_path: Path, between: str):
    poems = ["\n".join("\n".join(beyt) for beyt in section) for section in verse(4, 5, 6, 7, 8).sections]
    texts = []
    for name, mark in (("empty", ""), ("marked", between)):
        (tmp_path / name).write_text(f"\n{mark}\n".join(poems), encoding="utf-8")
        texts.append(text_file(str(tmp_path / name)).sections)
    assert texts[0] == texts[1]
    assert len(texts[0]) == 5


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("one\t—\nthree\tfour".encode(), "Line 1 .* one beyt"),
        (b"one\ntwo\nthree\n\nfour\nfive", "Line 3 of .* no second hemistich"),
        (b"one\ttwo\tthree\nfour\tfive", "Line 1 .* one beyt"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"one\ttwo", "holds 1 beyts"),
        (b"a\tb\nc\td\ne\tf", "No section can be held out"),
    ],
)
def test_a_file_that_is_no_verse_is_refused(tmp_path: Path, content: bytes, said: str):
    file = tmp_path / "bad.txt"
    file.write_bytes(content)
    with pytest.raises(UserError, match=said):
        load(DataConfig(f"text:{file}"))


def test_settings_that_no_text_can_meet(tmp_path: Path, monkeypatch):
    file = tmp_path / "poem.txt"
    file.write_text("\n\n".join("\n".join("\t".join(b) for b in s) for s in verse(4, 5, 6).sections))
    config = DataConfig(f"text:{file}")
    for wrong, said in ((replace(config, binarise="dynamic"), "for images"),
                        (replace(config, text=TextConfig(beyts=1)), "at least 2"),
                        (replace(config, text=TextConfig(vocabulary=40_000)), "1 to 32,767"),
                        (replace(config, text=TextConfig(vocabulary=-1)), "1 to 32,767"),
                        (replace(config, validation=14), "leaves no|No section")):  # fmt: skip
        with pytest.raises(UserError, match=said):
            load(wrong)
    monkeypatch.setenv("SIMORGH_DATA", str(tmp_path))
    with pytest.raises(UserError, match=r"put shahnameh.tsv.gz into a folder shahnameh"):
        shahnameh()
    (tmp_path / "shahnameh").mkdir()
    (tmp_path / "shahnameh" / "shahnameh.tsv.gz").write_bytes(gzip.compress(b"other"))
    with pytest.raises(UserError, match="has other content"):
        shahnameh()
    (tmp_path / "shahnameh" / "shahnameh.tsv.gz").write_bytes(b"no archive")
    with pytest.raises(UserError, match="cannot be read"):
        shahnameh()


@pytest.mark.shahnameh
def test_the_shahnameh_is_whole_and_split_as_the_reference_says():
    found = shahnameh()
    assert (len(found.sections), found.beyts) == (777, 49_610)
    data = load(DataConfig("shahnameh", text=TextConfig(beyts=5)))
    answers = [int(((part.x == END) & part.mask).sum()) for part in (data.train, data.test)]
    assert answers == [found.beyts - HELD_OUT, HELD_OUT]
    assert len(data.spec.vocabulary) == 46
    coder = Tokeniser(data.spec.vocabulary)
    first = coder.decode_beyts(data.train.x[0].tolist())[0]
    assert first == ("به نام خداوند جان و خرد", "کز این برتر اندیشه بر نگذرد")
    assert not (data.test.x == UNKNOWN).any(), "a held-out character was never trained on"


@pytest.mark.shahnameh
def test_pieces_of_the_shahnameh_are_those_that_the_library_merged():
    """The merges read off the vocabulary cut every line as the trained tokeniser itself does."""
    import tokenizers

    from simorgh.data import tokenisers

    lines = [normalise(half) for section in shahnameh().sections[:150] for beyt in section for half in beyt]
    seen = []
    by_words = tokenisers._by_words
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokenisers, "_by_words", lambda model: seen.append(by_words(model)) or seen[-1])
        coder = byte_pair_tokeniser(lines, 700)
        assert isinstance(seen[0], tokenizers.Tokenizer)
        assert all(coder.encode(line) == seen[0].encode(" " + line).ids for line in lines)
    assert coder.encode("خداوند") != []
    assert all(coder.decode(coder.encode(line)) == line for line in lines)
    assert HALF not in coder.encode(lines[0])
