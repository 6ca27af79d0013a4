"""What the study of the Shahnameh needs to fine-tune a trained model without a network: a small GPT-2 that is trained
beforehand on other lines, laid out as Hugging Face does, and read from there by the recipe verse-finetune."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from simorgh.contracts import Model
from simorgh.data import DataConfig, Dataset, TextConfig, load
from simorgh.data.pretrained import read_pieces
from simorgh.data.tokenisers import START, Beyt, Tokeniser, reader
from simorgh.evaluate.text import answers, characters, sections
from simorgh.metrics.intervals import Interval
from simorgh.metrics.modes import proportion
from simorgh.metrics.rhyme import rhyming_letters
from simorgh.metrics.text import bits_per_character
from simorgh.models.gpt import GPTConfig
from simorgh.nn.decoding import Decoding
from simorgh.noise import philox
from simorgh.recipes import recipe
from simorgh.studies._verse import gpt_parameters
from simorgh.studies.kit import Cell, Study, ends, ltr
from simorgh.train import Experiment, Run, fit, initialise, settled
from simorgh.train.experiment import override

Poem = Sequence[Beyt]
MARKS = ["<pad>", "<|startoftext|>", "</s>", "<sep>", "<unk>"]
"""The names that gpt2-fa gives to pad, start, end, half and unknown."""


class Sizes(NamedTuple):
    """Of the little GPT-2, its tokeniser and both trainings."""

    width: int = 128
    layers: int = 3
    heads: int = 4
    context: int = 256
    symbols: int = 768
    passes: float = 3.0  # over the other lines
    windows: int = 2000  # to fine-tune on
    tuning: float = 1.0  # passes over them
    validation: int = 1000  # beyts


SMALL = Sizes(32, 2, 2, 256, 320, 0.2, 64, 1.0, 60)


class Tuned(NamedTuple):
    """What a training ended in, on the held-out beyts.

    Attributes:
        bits: per character, with a bootstrap over sections.
        sums, sizes: (sections,) nats and characters, from which `bits` comes.
        rhyme: share of drawn answers that rhyme.
        valid: smallest validation loss, nats per symbol; None without a training.
    """

    bits: Interval
    sums: np.ndarray
    sizes: list[int]
    rhyme: Interval
    valid: float | None


def halves(poems: Sequence[Poem]) -> tuple[list[Poem], list[Poem]]:
    """Whole sections in two parts, drawn."""
    order = philox("study", "halves").permutation(len(poems))
    return tuple([poems[i] for i in sorted(part)] for part in np.array_split(order, 2))


def loose(poems: Sequence[Poem], size: int = 20) -> list[Poem]:
    """All hemistichs of `poems` in a random order, two and two, in sections of `size`: the language of the poem, but
    neither beyts that rhyme nor beyts that follow one another."""
    lines = [half for poem in poems for beyt in poem for half in beyt]
    lines = [lines[i] for i in philox("study", "loose").permutation(len(lines))]
    pairs = list(zip(lines[::2], lines[1::2]))
    return [pairs[i : i + size] for i in range(0, len(pairs), size)]


def write_poems(path: Path, poems: Sequence[Poem]) -> str:
    """The name of the set `text:PATH` that holds `poems`."""
    text = "\n\n".join("\n".join("\t".join(beyt) for beyt in poem) for poem in poems) + "\n"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return f"text:{path}"


def write_tokeniser(folder: Path, lines: Sequence[str], sizes: Sizes) -> None:
    """config.json and a tokeniser that merges bytes of `lines`."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    level = pre_tokenizers.ByteLevel
    coder = Tokenizer(models.BPE())
    coder.pre_tokenizer, coder.decoder = level(add_prefix_space=False), decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=sizes.symbols, special_tokens=MARKS, show_progress=False,
                                  initial_alphabet=level.alphabet())  # fmt: skip
    coder.train_from_iterator((f" {line}" for line in lines), trainer)
    coder.save(str(folder / "tokenizer.json"))
    shape = {"model_type": "gpt2", "vocab_size": coder.get_vocab_size(), "n_positions": sizes.context,
             "n_embd": sizes.width, "n_layer": sizes.layers, "n_head": sizes.heads}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(shape) + "\n", encoding="utf-8")


def gpt2_layout(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Our weights under the names and in the layout of transformers' GPT-2: the inverse of gpt2_weights."""
    parts = {"before": "ln_1", "between": "ln_2", "ask": "attn.c_attn", "answer": "attn.c_proj",
             "think.0": "mlp.c_fc", "think.2": "mlp.c_proj"}  # fmt: skip
    found = {}
    for name, value in state.items():
        head, _, kind = name.rpartition(".")
        if name in ("token.weight", "place.weight"):
            found[{"token.weight": "wte.weight", "place.weight": "wpe.weight"}[name]] = value
        elif head == "norm":
            found[f"ln_f.{kind}"] = value
        else:
            _, layer, part = head.split(".", 2)
            matrix = kind == "weight" and not parts[part].startswith("ln")
            found[f"h.{layer}.{parts[part]}.{kind}"] = value.T.contiguous() if matrix else value
    return {f"transformer.{name}": value.detach().cpu().contiguous() for name, value in found.items()}


def pretrained(home: Path, lines: Sequence[Poem], preset: str, sizes: Sizes) -> tuple[Run, Path]:
    """A GPT-2 trained from nothing on `lines`, and the folder that it was written into."""
    folder = home / "gpt2"
    folder.mkdir(parents=True, exist_ok=True)
    name = write_poems(home / "lines.txt", lines)
    write_tokeniser(folder, [half for poem in lines for beyt in poem for half in beyt], sizes)
    base = recipe("verse-scratch", preset)
    text = TextConfig("folder", beyts=5, folder=str(folder))
    experiment = replace(
        base,
        name="verse-before",
        data=DataConfig(name, text=text),
        model=GPTConfig(sizes.width, sizes.layers, sizes.heads, context=sizes.context),
        train=replace(base.train, epochs=sizes.passes),
    )
    run = fit(experiment, home, progress=False)
    state, rows = run.model().state_dict(), read_pieces(folder).rows
    assert sorted(rows) == list(range(len(rows)))  # the folder has every mark
    state["token.weight"] = state["token.weight"][torch.tensor(rows).argsort()]
    save_file(gpt2_layout(state), folder / "model.safetensors")
    return run, folder


def tuned(
    home: Path, poems: Sequence[Poem], folder: Path, preset: str, sizes: Sizes, rate: float, start: bool
) -> Experiment:
    """verse-finetune on `poems`, from the weights in `folder`, or with `start` false from nothing: the same net, the
    same tokeniser, the same steps."""
    base = recipe("verse-finetune", preset)
    name = write_poems(home / "poems.txt", poems)
    text = TextConfig("folder", beyts=5, folder=str(folder))
    shape = (sizes.width, sizes.layers, sizes.heads, 0.0, sizes.context)  # what learnt without dropout suffers by it
    made = replace(
        base,
        name="verse-tuned" if start else "verse-fresh",
        data=replace(base.data, name=name, text=text, limit=sizes.windows, validation=sizes.validation),
        model=replace(base.model, dropout=0.0, folder=str(folder)) if start else GPTConfig(*shape),
    )
    return override(made, {"train.optimiser.lr": rate, "train.epochs": sizes.tuning})


def judged(model: Model, data: Dataset, most: int, seed: int = 0, valid: float | None = None) -> Tuned:
    """Bits per character of the held-out beyts of `data`, up to four beyts before, and how many of `most` answers
    drawn from the law itself rhyme."""
    coder, part = reader(data.spec), data.test
    nats = torch.cat([model.nats(x.long()).double() for x in part.x.split(64)]) * part.mask
    starts = np.flatnonzero(part.x[:, 0].numpy() == START)
    sums = np.add.reduceat(nats.sum(1).numpy(), starts)
    poems = sections(part, coder)
    sizes = [characters(poem) for poem in poems]
    pairs = [pair for poem in poems for pair in zip(poem, poem[1:])]
    picked = np.sort(philox("study", "answers").choice(len(pairs), min(most, len(pairs)), replace=False))
    said = answers(model, coder, [pairs[i] for i in picked], Decoding(), seed).beyts
    rhyme = proportion(sum(rhyming_letters(*beyt) > 0 for beyt in said), len(said))
    return Tuned(bits_per_character(sums, sizes), sums, sizes, rhyme, valid)


def ended(experiment: Experiment, home: Path, most: int) -> Tuned:
    """The training that `experiment` describes, kept in `home`, and what it ended in."""
    run = fit(experiment, home, progress=False)
    valid = min(line["valid/loss"] for line in run.history() if "valid/loss" in line)
    return judged(run.model(), load(experiment.data), most, valid=valid)


def untouched(experiment: Experiment, most: int) -> Tuned:
    """The folder's model before the first step of `experiment`."""
    here = settled(experiment)
    data = load(here.data)
    return judged(initialise(here, data.spec).eval(), data, most)


def difference(a: Tuned, b: Tuned) -> Interval:
    """Bits per character of a minus those of b on the same sections, with a bootstrap over these."""
    if a.sizes != b.sizes:
        raise ValueError("bits of different beyts cannot be paired")
    return bits_per_character(a.sums - b.sums, a.sizes)


def changes(study: Study, model: Model, coder: Tokeniser, shape: GPTConfig) -> None:
    """A table of what is different where gpt2-fa is fine-tuned in place of a training from nothing."""
    published, own = gpt_parameters(768, 12, 42_001, 1024), sum(p.numel() for p in model.parameters())
    assert published == 118_099_200
    assert gpt_parameters(shape.width, shape.layers, len(coder.vocabulary), model.context) == own
    study.table(
        study.pick(["", "from nothing", "gpt2-fa"], ["", "از هیچ", "gpt2-fa"]),
        [
            [study.pick("parameters", "پارامتر"), Cell(f"{own:,}"), Cell(f"{published:,}")],
            [study.pick("symbols", "نشانه"), Cell(f"{len(coder.vocabulary):,}"), Cell("42,001")],
            [study.pick("merged from", "چسبانده از"), study.pick("characters", "نویسه"), study.pick("bytes", "بایت")],
            [
                study.pick("has read", "خوانده است"),
                study.pick("the training sections", "بخش‌های آموزشی"),
                study.pick("the web in Persian, then a part of them", "وبِ فارسی، سپس پاره‌ای از آن‌ها"),
            ],
            [study.pick("rate", "نرخ"), Cell("3e-3, Muon"), Cell("5e-5, AdamW")],
            [
                study.pick("marks of start, half, end and pad", "نشان‌های آغاز، نیمه، پایان و خالی"),
                study.pick("learnt", "آموخته"),
                study.pick("the folder's own, where it has them", "همانِ پوشه، اگر داشته باشد"),
            ],
            [
                study.pick("loss, split, metrics", "هزینه، بخش‌بندی، سنجه"),
                study.pick("as above", "مانند بالا"),
                study.pick("the same", "همان"),
            ],
        ],
        "What fine-tuning changes.",
        "آنچه ریزتنظیم دگرگون می‌کند.",
    )


def report(study: Study, poems: Sequence[Poem], rates: Sequence[float] = (5e-5, 3e-4, 2e-3)) -> None:
    """The whole experiment on the training sections `poems`: tables, numbers and text; its runs are kept."""
    sizes, most = (SMALL, 24) if study.small else (Sizes(), 200)
    other, own = (part[:60] if study.small else part for part in halves(poems))
    home = study.kept / "tuning"
    _, folder = pretrained(home, loose(other), study.preset, sizes)
    plans = [(start, rate) for start in (True, False) for rate in rates]
    made = {plan: tuned(home, own, folder, study.preset, sizes, plan[1], plan[0]) for plan in plans}
    found = {(True, 0.0): untouched(made[plans[0]], most)}
    found |= {plan: ended(made[plan], home, most) for plan in study.track(plans, "fine-tuning")}
    steps = round(sizes.windows * sizes.tuning / made[plans[0]].train.batch_size)
    _tuned_table(study, found, sizes, sum(map(len, own)), steps)
    _told_tuned(study, found, sizes)


def _tuned_table(study: Study, found: Mapping[tuple[bool, float], Tuned], sizes: Sizes, beyts: int, steps: int) -> None:
    """What each training of `found`, by (begun with the folder, rate), ended in; (True, 0) is the folder itself."""
    names = {True: ("the folder", "پوشه"), False: ("nothing", "هیچ")}
    for (start, rate), t in found.items():
        how = f"begun with {names[start][0]}, rate {rate:g}" if rate else "the folder before any step"
        what = f"held-out tenth of {beyts:,} beyts that the folder has not read, {sizes.windows} windows, {how}, {study.preset}"
        study.measure("tuned_bits_per_char", *t.bits[:3], n=t.bits.n, unit="bits/character", protocol=what)
        study.measure(
            "tuned_rhyme_rate",
            *t.rhyme[:3],
            n=t.rhyme.n,
            unit="share",
            protocol=f"answers drawn to beyts of the {what}",
        )
    rows = [[study.pick(*names[start]), Cell(f"{rate:g}" if rate else "–"), None if t.valid is None else Cell(f"{t.valid:.3f}"), ends(t.bits), ends(t.rhyme)]
            for (start, rate), t in found.items()]  # fmt: skip
    study.table(study.pick(["begins with", "rate", "validation, nats a symbol", "bits a character", "answers that rhyme"], ["آغاز با", "نرخ", "اعتبارسنجی، نات بر نشانه", "bit بر نویسه", "پاسخ‌های قافیه‌دار"]), rows,
                f"`verse-finetune` executed: {steps} steps each on {sizes.windows:,} windows; first row: the folder as it is. 95 % intervals (bootstrap over {found[True, 0.0].bits.n} sections, other ones than above and by another tokeniser; Wilson, {found[True, 0.0].rhyme.n} answers).",
                f"اجرای `verse-finetune`: هر بار {steps} گام روی {sizes.windows:,} پنجره؛ سطر نخست، پوشه بی هیچ گامی. بازه‌های ۹۵ درصد (بوت‌استرپ روی {found[True, 0.0].bits.n} بخش، جز آن‌های بالا و با واحدسازی دیگر؛ Wilson روی {found[True, 0.0].rhyme.n} پاسخ).")  # fmt: skip


def _told(i: Interval, lang: int) -> str:
    """A difference in bits and what it means, in English (0) or Persian (1)."""
    amount = f"{i.value:+.3f} [{i.low:+.3f}, {i.high:+.3f}]"
    way = int(i.low > 0) - int(i.high < 0)
    ending = (
        (", no more than chance can do", "، در حد تصادف"),
        (", which is worse", "، که بدتر است"),
        (", which is better", "، که بهتر است"),
    )
    return (f"{amount} bits a character" if lang == 0 else f"{ltr(amount)} bit بر نویسه") + ending[way][lang]


def _told_tuned(study: Study, found: Mapping[tuple[bool, float], Tuned], sizes: Sizes) -> None:
    """The best fine-tuned model against the best one from nothing and against the folder itself."""
    tried = [plan for plan in found if plan[1]]
    best = {
        start: min((plan for plan in tried if plan[0] == start), key=lambda plan: found[plan].valid)
        for start in (True, False)
    }
    tuned_one, fresh, before = found[best[True]], found[best[False]], found[True, 0.0]
    gain, moved = difference(tuned_one, fresh), difference(tuned_one, before)
    study.measure(
        "tuned_less_fresh",
        *gain[:3],
        n=gain.n,
        unit="bits/character",
        protocol=f"fine-tuned less trained from nothing, equal nets, windows and steps, each at its rate of least validation loss, {study.preset}",
    )
    study.measure(
        "tuned_less_folder",
        *moved[:3],
        n=moved.n,
        unit="bits/character",
        protocol=f"fine-tuned less the folder before any step, {study.preset}",
    )
    rhymes = (tuned_one.rhyme.low > before.rhyme.high) - (tuned_one.rhyme.high < before.rhyme.low)
    study.say(
        f"The folder is a GPT-2 of {sizes.layers} layers of {sizes.width} dimensions, trained for {sizes.passes:g} passes on the hemistichs of half of the training sections in random order: it has met the language, but no beyt. It was read back, fine-tuned and asked about sections of the other half. Its bits less those of the same net from nothing after equal steps: {_told(gain, 0)}; less its own before the first step: {_told(moved, 0)}. Its answers rhyme in {100 * tuned_one.rhyme.value:.1f} % of cases, before in {100 * before.rhyme.value:.1f} %, from nothing in {100 * fresh.rhyme.value:.1f} %"
        + {
            1: ": rhyme is what fine-tuning teaches.",
            0: ": so few steps teach no rhyme that could be told from chance.",
            -1: ": fewer than before.",
        }[rhymes]
        + (
            " These steps changed no bits that could be told from chance; what it has before the net from nothing, the folder brought along."
            if moved.low <= 0 <= moved.high
            else ""
        )
        + (
            " From nothing the largest rate tried was best, so a larger one might narrow that."
            if best[False][1] == max(rate for _, rate in tried)
            else ""
        )
        + " Dropout, 0.1 in the recipe, is 0 here: the folder learnt without it. What it has read is the same poet's, so this says that a folder is read and trained on as it should be, and nothing about gpt2-fa.",
        f"پوشه یک GPT-2 با {sizes.layers} لایهٔ {sizes.width}‌بعدی است که {sizes.passes:g} دور روی مصراع‌های نیمی از بخش‌های آموزشی، به ترتیب تصادفی، آموزش دیده است: زبان را دیده، اما هیچ بیتی ندیده است. از پوشه خوانده شد، ریزتنظیم شد و دربارهٔ بخش‌هایی از نیمهٔ دیگر از آن پرسیده شد. شمار bit بر نویسهٔ آن منهای همین شمار برای همان شبکه از هیچ پس از گام‌های برابر: {_told(gain, 1)}؛ منهای شمار خودش پیش از نخستین گام: {_told(moved, 1)}. پاسخ‌هایش در {100 * tuned_one.rhyme.value:.1f}٪ موارد قافیه دارند، پیش از آن در {100 * before.rhyme.value:.1f}٪، و پاسخ‌های همان شبکه با آموزش از صفر در {100 * fresh.rhyme.value:.1f}٪"
        + {
            1: "؛ ریزتنظیم همین قافیه را می‌آموزد.",
            0: "؛ این چند گام قافیه‌ای نمی‌آموزد که از تصادف بازشناختنی باشد.",
            -1: "؛ کمتر از پیش.",
        }[rhymes]
        + (
            " این گام‌ها شمار bit را بیش از تصادف تغییر نداده‌اند؛ برتری بر شبکهٔ آموخته از صفر را پوشه با خود آورده است."
            if moved.low <= 0 <= moved.high
            else ""
        )
        + (
            " در آموزش از صفر بزرگ‌ترین نرخِ آزموده بهترین بود؛ نرخ بزرگ‌تری شاید این فاصله را کم کند."
            if best[False][1] == max(rate for _, rate in tried)
            else ""
        )
        + " دراپ‌اوت (dropout)، که در دستور ۰٫۱ است، این‌جا صفر است: پوشه بی آن آموخته است. آنچه خوانده سرودهٔ همان شاعر است؛ پس این نشان می‌دهد که پوشه درست خوانده و آموزش داده می‌شود و چیزی دربارهٔ gpt2-fa نمی‌گوید.",
    )
