"""Verse measured: how surprising held-out beyts are, and whether generated ones rhyme, scan and are new.

Every number stands beside its floor: Kneser-Ney of order 9 on characters, real beyts, beyts with shuffled words, and
for BLEU and chrF an answer that is a beyt of the training part.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log

import numpy as np
import torch
from torch import Tensor

from simorgh.contracts import Continues, Measurement, Model
from simorgh.data import Dataset, Part
from simorgh.data.config import TextConfig
from simorgh.data.tokenisers import END, PAD, START, Beyt, Tokeniser, reader
from simorgh.data.verse import windows
from simorgh.evaluate.measure import context, measurement, named
from simorgh.metrics.kneser_ney import KneserNey, longest
from simorgh.metrics.metre import scan_rate, scans
from simorgh.metrics.modes import proportion
from simorgh.metrics.rhyme import rhyme_rate, rhyming_letters
from simorgh.metrics.text import bits_per_character, bleu, chrf, copy_rate, distinct, perplexity
from simorgh.nn.decoding import Decoding, persist, proceed
from simorgh.noise import SampleNoise, philox
from simorgh.train import Run

ORDER = 9  # of Kneser-Ney
TRIES = 64  # draws until one rhymes and scans
MOST = 500  # prompts
TOP_P = 0.9


def sections(part: Part, coder: Tokeniser) -> list[list[Beyt]]:
    """The beyts that count in `part`, in runs of neighbours: whole sections, unless single beyts were held out."""
    found: list[list[Beyt]] = []
    last: list[int] = []  # symbols of the latest window, up to its last beyt that counts; empty where more follow
    for row, mask in zip(part.x.tolist(), part.mask.tolist()):
        while row[-1] == PAD:
            row.pop()
        at = 0
        while True in mask[at:]:
            first = mask.index(True, at)
            at = mask.index(False, first) if False in mask[first:] else len(mask)
            # A window goes on where the one before ends, whose last beyt it repeats.
            prompt = row[1:first]
            if not (found and row[0] != START and prompt and last[-len(prompt) :] == prompt):
                found.append([])
            found[-1] += coder.decode_beyts(row[first:at])
            last = row[:at] if at >= len(row) else []
    return found


def characters(beyts: Sequence[Beyt]) -> int:
    """Those of both hemistichs, one for what parts them and one for the end: the same for every tokeniser."""
    return sum(len(first) + len(second) + 2 for first, second in beyts)


def surprise(run: Run, model: Model, data: Dataset, device: str) -> list[Measurement]:
    """bits_per_char with the beyts before in the window as prompt and with one beyt only, and the Kneser-Ney floor;
    bits_per_beyt; perplexity, whose symbols it names."""
    if data.spec.kind != "tokens" or not isinstance(model, Continues):
        return []
    text = run.experiment.data.text
    coder = reader(data.spec)
    poems = sections(data.test, coder)
    known = sections(data.train, coder)
    order = floor_order(known)
    floor = kneser_ney(known, poems, order)
    beyts, count = sum(map(len, poems)), sum(map(characters, poems))
    coded = [[coder.encode_beyt(beyt) for beyt in poem] for poem in poems]
    every = {(i, j) for i, poem in enumerate(poems) for j in range(len(poem))}
    lone = text.split == "line"  # what stands before a beyt was trained on, and only the windows of the data have it
    what = f"{beyts:,} held-out beyts of {named(run)}, split by {text.split}, {count:,} characters"
    found = []
    for prompt in (text.beyts,) if lone else dict.fromkeys((text.beyts, 2)):
        part = data.test if lone else windows(coded, every, TextConfig(beyts=prompt))
        nats = torch.cat([model.nats(x.long().to(device)).cpu().double() for x in part.x.split(256)]) * part.mask
        if lone:
            sums = nats.sum(1).numpy()
            sizes = [characters(coder.decode_beyts(x[mask].tolist())) for x, mask in zip(part.x, part.mask)]
        else:
            sums = np.add.reduceat(nats.sum(1).numpy(), np.flatnonzero(part.x[:, 0].numpy() == START))
            sizes = [characters(poem) for poem in poems]
        bits = bits_per_character(sums, sizes)
        one = prompt == 2
        before = "the beyt before" if one else f"up to {prompt - 1} beyts before"
        about = context(run, split=text.split, prompt=prompt - 1, floor_order=order)
        name = "bits_per_char_pair" if one and text.beyts != 2 else "bits_per_char"
        found.append(measurement(name, bits, "bits/character", f"{what}, given {before}", n=len(sums), floor=floor,
                                 context=about))  # fmt: skip
        if name == "bits_per_char":
            symbols, total = int(part.mask.sum()), float(sums.sum())
            found.append(measurement("bits_per_beyt", total / log(2) / beyts, "bits/beyt", f"{what}, given {before}",
                                     n=beyts, floor=floor * count / beyts, context=about))  # fmt: skip
            unit = f"per symbol ({len(coder.vocabulary)} {'merged pieces' if coder.merged else 'characters'})"
            found.append(measurement("perplexity", perplexity(total, symbols), unit, f"{what}, given {before}",
                                     n=symbols, context=about))  # fmt: skip
    return found


def kneser_ney(train: Sequence[Sequence[Beyt]], test: Sequence[Sequence[Beyt]], order: int = ORDER) -> float:
    """Bits per character of Kneser-Ney on the characters of `test`, each section read from its own beginning."""
    numbers = {c: i for i, c in enumerate(_kinds(train))}
    coded, held_out = ([[numbers.get(c, len(numbers)) for c in _written(p)] for p in poems] for poems in (train, test))
    return KneserNey(coded, order, len(numbers) + 1).nats(held_out) / log(2) / sum(map(len, held_out))


def floor_order(train: Sequence[Sequence[Beyt]]) -> int:
    """The order of the floor: ORDER, or less where a text has so many kinds of characters that no longer n-gram can be
    counted."""
    return min(ORDER, longest(len(_kinds(train)) + 1))


def _written(poem: Sequence[Beyt]) -> str:
    return "".join(f"{first}/{second}\n" for first, second in poem)


def _kinds(poems: Sequence[Sequence[Beyt]]) -> list[str]:
    return sorted(set("".join(map(_written, poems))))


@dataclass(frozen=True)
class Answers:
    """What a model said after each prompt; `ended` says which said it to the end, `tries` how often it was asked."""

    prompts: list[Beyt]
    real: list[Beyt]
    beyts: list[Beyt]
    ended: list[bool]
    tries: list[int]


def answers(
    model: Continues, coder: Tokeniser, pairs: Sequence[tuple[Beyt, Beyt]], how: Decoding, seed: int = 0,
    device: str = "cpu", tries: int = 0,
) -> Answers:  # fmt: skip
    """The next beyt after each first one of `pairs`. With `tries`, drawn until its hemistichs rhyme and scan."""
    rows = [[END, *coder.encode_beyt(prompt)] for prompt, _ in pairs]
    x = torch.full((len(rows), max(map(len, rows))), PAD, device=device)
    for i, row in enumerate(rows):
        x[i, : len(row)] = torch.tensor(row)
    longest = max(len(coder.encode_beyt(answer)) for _, answer in pairs)  # half as long again is no beyt
    how = replace(how, most=min(longest * 3 // 2, model.context - x.shape[1]))
    noise = SampleNoise(seed, len(rows), device=device)
    if tries:
        said, taken = persist(model, x, noise, how, lambda i, row: is_verse(read_beyt(coder, row)), tries)
    else:
        said, taken = proceed(model, x, noise, how), torch.ones(len(rows))
    ended = (said == END).any(1).tolist()
    prompts, real = (list(side) for side in zip(*pairs))
    return Answers(prompts, real, [read_beyt(coder, row) for row in said], ended, [int(t) for t in taken])


def read_beyt(coder: Tokeniser, row: Tensor) -> Beyt:
    """The first beyt of an answer (T,), whether it reached its end or not; two empty hemistichs for none."""
    beyts = coder.decode_beyts([*row[row != PAD].tolist(), END])
    return beyts[0] if beyts else ("", "")


def is_verse(beyt: Beyt) -> bool:
    """Two hemistichs that rhyme and scan."""
    return rhyming_letters(*beyt) > 0 and scans(beyt[0]) and scans(beyt[1])


def verse(run: Run, model: Model, data: Dataset, device: str) -> list[Measurement]:
    """rhyme_rate, scan_rate, copy_rate, distinct_2, ended of sampled answers; the first two of answers drawn until
    they rhyme and scan; bleu and chrf of greedy ones. Each beside real, shuffled or random beyts."""
    if data.spec.kind != "tokens" or not isinstance(model, Continues):
        return []
    coder = reader(data.spec)
    known = sections(data.train, coder)
    pairs = [pair for poem in sections(data.test, coder) for pair in zip(poem, poem[1:])]
    if not pairs:
        return []  # sections of a single beyt
    n = min(len(pairs), MOST, run.experiment.evaluate.samples)
    picked = np.sort(philox("prompts", len(pairs)).choice(len(pairs), n, replace=False))
    pairs = [pairs[i] for i in picked]
    rng = philox("shuffled words", n)
    lines = sorted({half for poem in known for beyt in poem for half in beyt})
    real = [answer for _, answer in pairs]
    shuffled = [" ".join(rng.permutation(line.split())) for line in _lines(real)]
    flat = [beyt for poem in known for beyt in poem]
    random = [flat[i] for i in rng.integers(len(flat), size=n)]
    strangers = rhyme_rate([(a[0], b[1]) for a, b in zip(random, random[1:] + random[:1])])
    of = f"{n} answers to held-out beyts of {named(run)}"
    about = context(run, split=run.experiment.data.text.split)
    free = answers(model, coder, pairs, Decoding(top_p=TOP_P), run.experiment.seed, device)
    tries = min(TRIES, max(1, run.experiment.evaluate.samples // 100))  # fewer in a small evaluation
    kept = answers(model, coder, pairs, Decoding(top_p=TOP_P), run.experiment.seed, device, tries)
    greedy = answers(model, coder, pairs, Decoding(temperature=0.0), device=device)
    found = []
    for which, said, how in (("", free, f"top-p {TOP_P}"), ("_kept", kept, f"top-p {TOP_P}, of {tries} tries the first "
                                                            "that rhymes and scans")):  # fmt: skip
        rhymes, halves = rhyme_rate(said.beyts), _lines(said.beyts)
        more = {**about, "decoding": how}
        found += [
            measurement(f"rhyme_rate{which}", proportion(round(rhymes * n), n), "share", f"{of}, {how}",
                        floor=rhyme_rate(real), context={**more, "of_random_pairs": strangers}),
            measurement(f"scan_rate{which}", proportion(round(scan_rate(halves) * 2 * n), 2 * n), "share",
                        f"hemistichs of {of}, {how}", floor=scan_rate(_lines(real)),
                        context={**more, "of_shuffled_words": scan_rate(shuffled)}),
            measurement(f"copy_rate{which}", proportion(round(copy_rate(halves, lines) * 2 * n), 2 * n), "share",
                        f"hemistichs of {of} that stand in the training part, {how}",
                        floor=copy_rate(_lines(real), lines), context=more),
        ]  # fmt: skip
    mean_tries = float(np.mean([t or tries for t in kept.tries]))
    found.append(measurement("mean_tries", mean_tries, "draws", f"{of}, {how}", n=n, context=about))
    found.append(measurement("ended", proportion(sum(free.ended), n), "share", f"{of} that reach their end",
                             context=about))  # fmt: skip
    if distinct_real := [half for half in _lines(real) if len(half.split()) > 1]:
        halves = [half for half in _lines(free.beyts) if len(half.split()) > 1]
        if halves:
            found.append(measurement("distinct_2", distinct(halves, 2), "share", f"word pairs of {of}, top-p {TOP_P}",
                                     n=len(halves), floor=distinct(distinct_real, 2), context=about))  # fmt: skip
    for name, score in (("bleu", bleu), ("chrf", chrf)):
        value = score(_joined(greedy.beyts), _joined(real))
        floors = {"of_random_beyts": score(_joined(random), _joined(real)).score,
                  "of_copied_prompts": score(_joined(greedy.prompts), _joined(real)).score}  # fmt: skip
        found.append(measurement(name, value.score, "of 100", f"{of}, greedy, {value.signature}", n=n,
                                 floor=floors["of_random_beyts"], context={**about, **floors}))  # fmt: skip
    return found


def _lines(beyts: Sequence[Beyt]) -> list[str]:
    return [half for beyt in beyts for half in beyt]


def _joined(beyts: Sequence[Beyt]) -> list[str]:
    return [" ".join(beyt) for beyt in beyts]
