"""What the study of the Shahnameh needs beside its text: counts of its defects, overlap of splits, pictures of letters.

Labels of figures are given by the study, in its language. Text runs from right to left wherever it is drawn.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from simorgh.data.persian import HAMZA, JOINER
from simorgh.data.tokenisers import Beyt, Tokeniser
from simorgh.evaluate.text import TOP_P
from simorgh.metrics.intervals import Interval, mean_interval
from simorgh.metrics.metre import scans
from simorgh.metrics.modes import proportion
from simorgh.metrics.rhyme import rhyming_letters
from simorgh.metrics.text import copy_rate, distinct
from simorgh.report.style import LINES, QUIET, use_style
from simorgh.studies.kit import Cell, Study, ends, ltr
from simorgh.train import Run

Poem = Sequence[Beyt]
MARKS = {
    "vowels": "[\u064b-\u0652\u0670]",
    "hamza": HAMZA,
    "joiner": JOINER,
    "punctuation": r"[،؛؟۔٪٫٬…«»“”‘’‹›–—!-/:-@\[-`{-~]",
    "odd": "[\u00a0\u0640يىكة]|^\\s|\\s$",
}
"""What is searched for in a hemistich as it was found."""
WAYS = {
    "real": ("real beyts", "بیت‌های واقعی", "real beyts"),
    "shuffled": ("words shuffled", "واژه‌های بُرخورده", "words shuffled"),
    "strangers": ("random pairs of hemistichs", "جفت تصادفی مصراع‌ها", "random pairs of training hemistichs"),
    "greedy": ("greedy", "حریصانه", "greedy"),
    "beams": ("beam search, 5", "جست‌وجوی پرتویی، ۵", "beam search of 5"),
    "law": ("the law itself", "خودِ توزیع", "sampled"),
    "cool": ("temperature 0.7", "دمای ۰٫۷", "temperature 0.7"),
    "free": (f"top-p {TOP_P}", "top-p ۰٫۹", f"top-p {TOP_P}"),
    "kept": (f"top-p {TOP_P}, kept", "top-p ۰٫۹، برگزیده", f"top-p {TOP_P}, drawn until they rhyme and scan"),
}
"""Beyts that are judged: real ones, those that bound what a judge can say, and answers of the model; how each is called
in both languages and in protocols."""


def parted(poems: Sequence[Poem], held: Collection[tuple[int, int]]) -> tuple[list[list[Beyt]], list[list[Beyt]]]:
    """The sections without the beyts at the places `held`, and these; empty ones left out."""
    both = [[[beyt for j, beyt in enumerate(poem) if ((i, j) in held) == inside] for i, poem in enumerate(poems)]
            for inside in (False, True)]  # fmt: skip
    train, test = ([poem for poem in part if poem] for part in both)
    return train, test


def lines_of(poems: Sequence[Poem]) -> list[str]:
    return [half for poem in poems for beyt in poem for half in beyt]


def defects(lines: Sequence[str]) -> dict[str, int]:
    """How many of `lines` hold each of MARKS."""
    return {name: sum(bool(re.search(mark, line)) for line in lines) for name, mark in MARKS.items()}


def repeated(items: Sequence[object]) -> int:
    """How many of `items` have been seen before."""
    return len(items) - len(set(items))


def most_changed(raw: Sequence[str], plain: Sequence[str], most: int) -> list[tuple[str, str]]:
    """The pairs of lines, as found and normalised, that lose the most characters and keep their last; of equals
    the first."""
    pairs = [(a, b) for a, b in dict.fromkeys(zip(raw, plain)) if a != b and a[-1] == b[-1]]
    return sorted(pairs, key=lambda pair: -sum(c not in pair[1] for c in pair[0]))[:most]


def overlap(train: Sequence[Poem], test: Sequence[Poem], whole: Sequence[Poem]) -> dict[str, tuple[float, int]]:
    """Shares of what is held out that the training part gives away, and of how many: hemistichs found there word for
    word, runs of four words, and beyts that stand beside a beyt of the training part in the poem (of beyts that the
    poem has once, for others are in several places)."""
    known, seen = set(lines_of(train)), {gram for line in lines_of(train) for gram in four(line)}
    halves, grams = lines_of(test), [gram for line in lines_of(test) for gram in four(line)]
    once = {b for b, count in Counter(b for poem in whole for b in poem).items() if count == 1}
    learnt, held = once & {b for poem in train for b in poem}, once & {b for poem in test for b in poem}
    beside = [not learnt.isdisjoint(near) for poem in whole for b, near in neighbours(poem) if b in held]
    return {
        "hemistichs": (copy_rate(halves, known), len(halves)),
        "four": (sum(g in seen for g in grams) / max(len(grams), 1), len(grams)),
        "neighbours": (float(np.mean(beside)), len(beside)),
    }


def four(line: str) -> list[tuple[str, ...]]:
    words = line.split()
    return [tuple(words[i : i + 4]) for i in range(len(words) - 3)]


def neighbours(poem: Poem) -> list[tuple[Beyt, list[Beyt]]]:
    """Each beyt with those right before and right after it."""
    return [(beyt, [*poem[max(i - 1, 0) : i], *poem[i + 1 : i + 2]]) for i, beyt in enumerate(poem)]


def next_pairs(poems: Sequence[Poem]) -> list[tuple[Beyt, Beyt]]:
    """Every beyt with the one after it, inside a section only."""
    return [pair for poem in poems for pair in pairwise(poem)]


def rates(beyts: Sequence[Beyt], known: Collection[str]) -> dict[str, object]:
    """Intervals of the shares of beyts that rhyme and of hemistichs that scan or are `known`; distinct word pairs."""
    halves = [half for beyt in beyts for half in beyt]
    known = set(known)
    worded = [half for half in halves if len(half.split()) > 1]
    return {
        "rhyme": proportion(sum(rhyming_letters(*beyt) > 0 for beyt in beyts), len(beyts)),
        "scan": proportion(sum(map(scans, halves)), len(halves)),
        "copy": proportion(sum(half in known for half in halves), len(halves)),
        "distinct": distinct(worded, 2) if worded else None,
    }


def judged_pairs(prompts: Sequence[Beyt], answers: Sequence[Beyt], known: Collection[str]) -> list[list[object]]:
    """Rows of a table: each prompt, its answer, whether that rhymes and scans, and how many hemistichs are `known`."""
    rows = []
    for prompt, answer in zip(prompts, answers):
        found = rates([answer], known)
        marks = ["✓" if found[what].value == 1 else "✗" for what in ("rhyme", "scan")]
        copied = Cell(f"{round(2 * found['copy'].value)}")
        rows.append([" / ".join(prompt), " / ".join(half.strip() for half in answer), *marks, copied])
    return rows


def passes(run: Run, key: str, windows: int) -> tuple[list[float], list[float]]:
    """Passes over the training part, of `windows` where the run was not limited, and the entry `key` of its history."""
    n = run.experiment.data.limit or windows
    kept = [line for line in run.history() if key in line]
    return [line["samples"] / n for line in kept], [line[key] for line in kept]


class Stairs(NamedTuple):
    """A training loss that falls in steps: `drop` at the end of a pass, from its last quarter to the first of the next,
    and `fall` from the first to the last quarter of a pass, both over the later passes, in nats."""

    drop: Interval
    fall: Interval


def stairs(at: Sequence[float], loss: Sequence[float]) -> Stairs | None:
    """The steps of a curve of `loss` over passes `at`: from the fourth pass on, or the last three of fewer than six.
    None for fewer than three passes. The points right after the end of a pass are left out: they are means over steps
    on both sides of it."""
    at, loss = np.asarray(at), np.asarray(loss)
    end = int(at[-1] + 0.05)
    passes = range(max(min(3, end - 3), 0), end)
    quarters = [[loss[(at > a) & (at <= a + 0.25)] for a in (k + 0.08, k + 0.75)] for k in passes]
    if len(quarters) < 3 or not all(len(part) for pair in quarters for part in pair):
        return None
    early, late = (np.array([pair[side].mean() for pair in quarters]) for side in (0, 1))
    return Stairs(mean_interval(late[:-1] - early[1:]), mean_interval(early - late))


def overfitting(
    study: Study, learning: tuple[Sequence[float], Sequence[float]], test: float, n: int, best: float, short: float
) -> None:
    """What is kept where, and what the curve of the training on all windows says: passes and losses `learning`, `test`
    loss on `n` symbols; the training on few windows was best after `best` of `short` passes."""
    at, loss = np.asarray(learning[0]), np.asarray(learning[1])
    train, steps = float(loss[at > at[-1] - 1].mean()), stairs(at, loss)
    gap = test - train
    study.measure(
        "generalisation_gap",
        gap,
        n=n,
        unit="nats/symbol",
        protocol=f"test loss of the last weights less the training loss over the last pass, all windows, {study.preset}",
    )
    if steps:
        for name, i, what in (
            ("pass_end_drop", steps.drop, "from the last quarter of a pass to the first of the next"),
            ("pass_fall", steps.fall, "from the first to the last quarter of a pass"),
        ):
            study.measure(
                name,
                *i[:3],
                n=i.n,
                unit="nats/symbol",
                protocol=f"fall of the training loss {what}, over the last {steps.fall.n} passes, all windows",
            )
    told = ("The training is too short to see its shape. ", "آموزش کوتاه‌تر از آن است که شکلش دیده شود. ")
    if steps and steps.drop.low > max(0.0, steps.fall.high):
        told = (
            f"Its training loss falls as a staircase: over its last {steps.fall.n} passes by {ends(steps.drop, 2)} nats where a pass ends and windows come back that have been read before, and by {steps.fall.value:+.3f} [{steps.fall.low:+.3f}, {steps.fall.high:+.3f}] inside a pass, where each is met once. What a pass teaches is in large part those very windows. ",
            f"هزینهٔ آموزشِ آن پلکانی پایین می‌رود: در {steps.fall.n} دور آخر، در پایان هر دور، که پنجره‌های خوانده‌شده بازمی‌گردند، {ltr(str(ends(steps.drop, 2)))} نات، و درون هر دور، که هر پنجره یک بار دیده می‌شود، {ltr(f'{steps.fall.value:+.3f} [{steps.fall.low:+.3f}, {steps.fall.high:+.3f}]')} نات. آنچه یک دور می‌آموزد تا اندازهٔ زیادی خودِ همان پنجره‌هاست. ",
        )
    elif steps:
        told = (
            f"Over its last {steps.fall.n} passes its training loss falls by {ends(steps.drop, 2)} nats where a pass ends and windows come back, and by {ends(steps.fall, 2)} inside a pass: too few passes, or too alike, for these intervals to part the two. ",
            f"در {steps.fall.n} دور آخر، هزینهٔ آموزشِ آن در پایان هر دور، که پنجره‌های خوانده‌شده بازمی‌گردند، {ltr(str(ends(steps.drop, 2)))} نات پایین می‌رود و درون هر دور {ltr(str(ends(steps.fall, 2)))} نات: دورها کمتر، یا به هم نزدیک‌تر، از آن‌اند که این بازه‌ها آن دو را از هم جدا کنند. ",
        )
    over = (
        (f"the last pass costs {train:.2f} nats a symbol in training and the test part {test:.2f}: a gap of {gap:.2f} between windows that have been learnt from and sections that were never seen.",
         f"دور آخر در آموزش {train:.2f} نات بر نشانه می‌خواهد و بخش آزمون {test:.2f} نات: فاصله‌ای به اندازهٔ {gap:.2f} میان پنجره‌های آموخته و بخش‌های هرگز‌ندیده.")
        if gap > 0 else
        (f"the last pass costs {train:.2f} nats a symbol in training and the test part {test:.2f}: that shows no overfitting.",
         f"دور آخر در آموزش {train:.2f} نات بر نشانه می‌خواهد و بخش آزمون {test:.2f} نات: این بیش‌برازشی نشان نمی‌دهد.")
    )  # fmt: skip
    study.say(
        f"**What is kept.** The short training keeps its weights of the least validation loss, after {best:.0f} of {short:.0f} passes. The long one keeps its last. {told[0]}At the end {over[0]} The last weights are scored all the same: nothing but the test part is left to choose others by, and a test part that chooses flatters what it scores. Whether earlier weights of this training would have done better is therefore not known; every number of this model below is that of its last weights.",
        f"**چه نگه داشته می‌شود.** آموزش کوتاه وزن‌هایی را نگه می‌دارد که کمترین هزینهٔ اعتبارسنجی را دارند، پس از {best:.0f} دور از {short:.0f} دور. آموزش بلند آخرین وزن‌هایش را. {told[1]}در پایان، {over[1]} با این همه آخرین وزن‌ها نمره می‌گیرند: جز بخش آزمون چیزی برای برگزیدنِ وزن‌های دیگر نمانده است و بخش آزمونی که انتخاب کند نمره را خوش‌بینانه می‌کند. پس دانسته نیست که وزن‌های پیشینِ همین آموزش بهتر می‌بودند یا نه؛ هر عددی که در پی از این مدل می‌آید از آخرین وزن‌های آن است.",
    )


def gpt_parameters(width: int, layers: int, symbols: int, places: int) -> int:
    """Of a GPT-2 whose feed-forward parts are four times as wide."""
    return width * (symbols + places) + layers * (12 * width**2 + 13 * width) + 2 * width


# pictures


def histograms(values: Mapping[str, Sequence[int]], share: str) -> Figure:
    """A panel for each kind of length."""
    use_style()
    figure = Figure(figsize=(8.4, 2.5))
    for axes, (label, lengths) in zip(figure.subplots(1, len(values)), values.items()):
        lengths = np.asarray(lengths)
        wide = lengths.max() - lengths.min() > 60
        edges = np.linspace(0, lengths.max() + 1, 40) if wide else np.arange(lengths.min(), lengths.max() + 2) - 0.5
        axes.hist(lengths, edges, weights=np.full(len(lengths), 1 / len(lengths)), color=LINES[0], alpha=0.8)
        axes.axvline(np.median(lengths), color=LINES[1], linestyle="--", linewidth=1)
        axes.set(xlabel=label, ylabel=share)
        axes.xaxis.get_major_locator().set_params(integer=True)
    return figure


def letters(counts: Sequence[tuple[str, int]], names: Mapping[str, str], label: str) -> Figure:
    """How often each character occurs, the commonest at the right, where a Persian line begins."""
    use_style()
    figure = Figure(figsize=(8.4, 2.7))
    axes = figure.subplots()
    place = np.arange(len(counts))
    axes.bar(place, [n for _, n in counts], color=LINES[0], alpha=0.8)
    axes.set_xticks(place, [names.get(c, c) for c, _ in counts], fontsize=9)
    for tick, (c, _) in zip(axes.get_xticklabels(), counts):
        tick.set_rotation(90 if c in names else 0)
    axes.set(yscale="log")
    axes.set_ylabel(label)
    axes.yaxis.set_label_position("right")
    axes.yaxis.tick_right()
    axes.spines["right"].set_visible(True)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", visible=False)
    axes.invert_xaxis()
    axes.margins(x=0.01)
    return figure


def window(
    coder: Tokeniser, row: Sequence[int], mask: Sequence[bool], names: Mapping[int, str], wide: int = 11
) -> Figure:
    """The symbols of a window in boxes from right to left, line below line: those that count are filled, a dot stands
    where a word begins."""
    use_style()
    shown = [names[n] if n in names else _piece(coder.vocabulary[n]) for n in row]
    rows = -(-len(row) // wide)
    figure = Figure(figsize=(8.4, 0.42 * rows + 0.1))
    axes = figure.subplots()
    axes.set(xlim=(-0.5, wide - 0.5), ylim=(rows - 0.45, -0.55))
    axes.axis("off")
    for i, (text, counted) in enumerate(zip(shown, mask)):
        box = {"boxstyle": "round,pad=0.3", "facecolor": "#CFE8F5" if counted else "#F3F3F5", "edgecolor": QUIET}
        axes.text(wide - 1 - i % wide, i // wide, text, ha="center", va="center", fontsize=9, bbox=box)
    return figure


def _piece(symbol: str) -> str:
    """A piece for a box."""
    inside = symbol.strip(f" {JOINER}")
    return f"·{inside}" if symbol.startswith(" ") else inside


def floors_and_model(
    orders: Sequence[int], bits: Sequence[float], model: Mapping[str, float], words: Sequence[str]
) -> Figure:
    """Bits per character of Kneser-Ney by its order, and those of models as lines across. `words` name the two axes and
    the floor."""
    use_style()
    figure = Figure(figsize=(5.2, 3.0))
    axes = figure.subplots()
    axes.plot(orders, bits, "o-", markersize=3.5, color=LINES[0], label=words[2])
    for k, (name, value) in enumerate(model.items(), 1):
        axes.axhline(value, color=LINES[k], linestyle="--", linewidth=1.2, label=name)
    axes.set(xlabel=words[0], ylabel=words[1], xticks=orders)
    axes.legend()
    return figure


def training(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], dashed: Mapping[str, float], words: Sequence[str],
             best: tuple[float, float] | None = None) -> Figure:  # fmt: skip
    """Loss against passes: a line a curve, a dashed line for a single number, a ring at `best`."""
    use_style()
    figure = Figure(figsize=(4.6, 3.0))
    axes = figure.subplots()
    for k, (name, (x, y)) in enumerate(curves.items()):
        axes.plot(x, y, color=LINES[k], marker="o" if len(x) < 30 else None, markersize=3, label=name)
    for k, (name, value) in enumerate(dashed.items(), len(curves)):
        axes.axhline(value, color=LINES[k], linestyle="--", linewidth=1.2, label=name)
    if best:
        axes.plot(*best, "o", markersize=10, markerfacecolor="none", markeredgecolor="black")
    axes.set(xlabel=words[0], ylabel=words[1])
    axes.legend()
    return figure
