"""Tables and drawings of the study `captcha`: its blocks, the network of the assignment level by level, what training
took, strips along it, and what can be read."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from simorgh.data.captcha import SIGNS
from simorgh.data.parts import Part
from simorgh.metrics.intervals import Interval, mean_interval
from simorgh.metrics.legibility import Legibility
from simorgh.models.diffusion import Diffusion
from simorgh.nn.unet import UNet
from simorgh.report.figures import block_diagram, image_grid
from simorgh.studies import _captchas as lab
from simorgh.studies import _costs as costing
from simorgh.studies._chains import Chain
from simorgh.studies._denoising import DEVICE, inward, layout
from simorgh.studies.kit import Cell, Study, ltr, percent
from simorgh.train import Run

WAYS = {"down": "پایین", "middle": "میانه", "up": "بالا"}


def draw_blocks(study: Study) -> None:
    """The residual block and the attention block as diagrams."""
    time = ["+ time", "+ shortcut", "to + time", "to + shortcut"]
    residual = block_diagram([
        ["x", "norm", "SiLU", "conv 3×3", "+ time", "norm ", "SiLU ", "dropout", "conv 3×3 ", "+ shortcut", "out"],
        ["code of t", "SiLU", "linear", "to + time"],
        ["x", "same, or conv 1×1", "to + shortcut"],
    ], time)  # fmt: skip
    study.figure(residual, "residual", "The residual block: main way, time, shortcut.",
                 "بلوک باقی‌مانده: راه اصلی، زمان، میان‌بر.")  # fmt: skip
    attention = block_diagram([
        ["x", "norm", "self-attention", "+ x", "norm ", "attention to signs", "+", "norm  ", "linear", "GELU", "linear ",
         "+ ", "out"],
        ["five signs", "embedding + place", "keys and values"],
    ], ["attention to signs", "keys and values"])  # fmt: skip
    study.figure(attention, "attention", "The attention block; the coloured part only where a text is given.",
                 "بلوک توجه؛ بخش رنگی تنها جایی هست که متنی داده شود.")  # fmt: skip


def assignment_levels(study: Study, network: UNet, shape: tuple[int, int, int]) -> list[costing.Level]:
    """A table of the network's levels with their shapes and parameters, and its diagram; returns the levels."""
    found = costing.level_table(network, shape)
    rows = []
    for one in found:
        way, *number = one.way.split()
        blocks = ", ".join(f"{a} → {b}" for a, b in one.blocks)
        name = study.pick(one.way, " ".join([WAYS[way], *number]))
        rows.append([name, _sides(one.shape), ltr(blocks), "✓" if one.attention else "–", one.parameters])
    rest = network.count(shape) - sum(one.parameters for one in found)
    rows.append(
        [study.pick("first and last convolution, code of t", "پیچش نخست و آخر، کد t"), _sides(shape), None, "–", rest]
    )
    study.table(
        study.pick(["part", "shape behind it", "residual blocks, channels in → out", "attention", "parameters"],
                   ["بخش", "اندازهٔ خروجی", "بلوک‌های باقی‌مانده، کانال ورودی → خروجی", "توجه", "پارامتر"]), rows,
        "The network of the assignment, level by level, read off its own modules. A block on the way up gets what comes from below and what a skip brings. Halving or doubling counts with the level that it leads to.",
        "شبکهٔ تکلیف سطح به سطح، خوانده از بخش‌های خودش. بلوکِ راه بالا هم آنچه از پایین می‌آید می‌گیرد و هم آنچه میان‌بر می‌آورد. نصف‌کردن یا دوبرابرکردن با سطحی شمرده شده که به آن می‌رسد.",
    )  # fmt: skip
    with torch.device("meta"):
        drawing = layout(network.build(shape), shape)
    study.figure(
        block_diagram(drawing, [name for line in drawing for name in line if "att." in name]), "unet",
        'The same network drawn: channels × height × width after every part, one row a level, down, middle and up. "m → n×h×w" is a residual block from m channels; where it is coloured, attention ("att.") follows.',
        "همان شبکه، کشیده‌شده: کانال × ارتفاع × پهنا پس از هر بخش، هر سطر یک سطح، راه پایین و میانه و راه بالا. «<bdi dir=\"ltr\">m → n×h×w</bdi>» بلوک باقی‌مانده از m کانال است و هر جا رنگی باشد توجه («<bdi>att.</bdi>») در پی آن می‌آید.",
    )  # fmt: skip
    return found


def _sides(shape: Sequence[int]) -> str:
    return ltr(" × ".join(map(str, shape)))


def training(study: Study, runs: Mapping[str, Run], costs: Mapping[str, costing.Cost]) -> None:
    """Time and memory of the runs' trainings, and a sentence on what their times are worth."""
    rows = []
    for title, run in runs.items():
        e, last, counted, seconds = run.experiment, run.history()[-1], costs[title], study.results(title, "seconds")
        rule, states = e.train.optimiser, costing.states(counted.parameters, bool(e.train.ema_half_life))
        memory = states + e.train.batch_size * counted.kept / e.train.micro_batches
        rows.append([title, ltr(f"{rule.kind}, {rule.lr:g}"), e.train.batch_size, Cell(f"{e.train.epochs:g}"), last["step"],
                     Cell(f"{seconds.value / 60:.1f}"), Cell(f"{last['samples'] / seconds.value:.0f}"), Cell(f"{memory / 2**20:,.0f}")])  # fmt: skip
        study.measure("training_memory", memory / 2**20, n=1, unit="MiB", recipe=title,
                      protocol="weights, gradients, two moments, averaged weights, and what a batch keeps for the backward pass, float32, counted")  # fmt: skip
    study.table(
        study.pick(["recipe", "optimiser", "batch", "passes", "steps", "minutes", "images a second", "memory of a step, MiB"],
                   ["دستور", "بهینه‌ساز", "دسته", "دور", "گام", "دقیقه", "تصویر در ثانیه", "حافظهٔ یک گام، MiB"]), rows,
        "Time by the clock, memory as counted: weights, gradients, two moments of Adam, averaged weights, and what a batch keeps for its backward pass.",
        "زمان با ساعت و حافظه با شمارش است: وزن، گرادیان، دو گشتاور Adam، میانگین وزن‌ها، و آنچه یک دسته برای گذر رو به عقب نگه می‌دارد.",
    )  # fmt: skip
    study.say(*costing.clock_said(runs))


def strips(study: Study, way: lab.Along, shown: Sequence[int], steps: int, trained_on: int) -> None:
    """The way from noise to image after each of the passes, and the errors there, recorded."""
    both = torch.stack([way.states, way.guesses], 1).flatten(0, 2)
    passes = [str(p) for p in way.passes]
    labels = [label for p in passes for label in (f"pass {p}", "E[x₀ | x_t]")]
    study.figure(
        image_grid((both + 1) / 2, len(labels), len(shown), row_labels=labels, col_labels=[f"t = {t}" for t in shown], cell=1.05),
        "strips",
        f"From noise to image after {', '.join(passes)} passes, at {len(shown)} of {steps} ancestral steps, by the averaged weights: the state, and below it the guess of the image.",
        f"از نوفه تا تصویر پس از {'، '.join(passes)} دور، در {len(shown)} گام از {steps} گام نیایی (ancestral)، با میانگین وزن‌ها: حالت، و زیرش حدس تصویر.",
    )  # fmt: skip
    for p, part in zip(way.passes, way.errors):
        study.measure("error_along", *mean_interval(part, kind="normal")[:3], n=len(part), recipe="ddpm-captcha", passes=p,
                      protocol=f"mean squared error of eps, first {len(part)} test images, each at one step drawn from 1,000, network of half the channels trained on {trained_on} images")  # fmt: skip


def readable(
    study: Study, model: Diffusion, test: Part, chain: Chain, steps: Sequence[int], count: int
) -> dict[int, list[Interval]]:
    """At each of `steps` the shares of signs read from the noised image and from the network's guess, in a table."""
    clean, asked, rows, held = inward(test.x[:count]).to(DEVICE), test.factors[:count], [], {}
    for t in steps:
        held[t] = [found.sign for found in lab.read_on_the_way(model, clean, asked, t, chain.at(t))]
        keep = float(chain.kept[t - 1]) if t else 1.0
        decibel = Cell(f"{10 * np.log10(keep / (1 - keep)):.1f}") if t else None
        rows.append([t, Cell(f"{keep**0.5:.3f}"), decibel, *map(percent, held[t])])
        if t:
            study.measure("signs_in_estimate", *held[t][1][:3], n=count, unit="share", recipe="ddpm-captcha", t=t,
                          protocol=f"signs read from E[x0 | x_t] of ddpm-captcha at t = {t}, first {count} test images")  # fmt: skip
    study.table(
        study.pick(["t", "√ᾱ", "signal to noise, dB", "signs read from x_t", "signs read from the network's E[x₀ | x_t]"],
                   ["t", "√ᾱ", "سیگنال به نوفه، dB", "نویسه‌های خوانده از x_t", "نویسه‌های خوانده از E[x₀ | x_t] شبکه"]), rows,
        f"How long a text can be read on the way forward: {count} test images, read as they are and after one answer of `ddpm-captcha`. Guessing is right about {100 / len(SIGNS):.1f} %. The reader has never seen more noise or blur than drawings have.",
        f"متن تا کجای راه رفت خوانده می‌شود: {count} تصویر آزمون، همان‌گونه که هست و پس از یک پاسخ `ddpm-captcha`. حدس زدن {100 / len(SIGNS):.1f} ٪ درست است. خواننده نوفه یا محوی بیش از آنِ تصویرهای کشیده‌شده ندیده است.",
    )  # fmt: skip
    return held


def guidance(study: Study, found: Sequence[lab.Guided], texts: Tensor, new: int, best: Legibility) -> None:
    """Captchas of the same texts at several scales, in a table; `new` of the texts were not trained on."""
    rows = []
    for g in found:
        rows.append([Cell(f"{g.scale:g}"), percent(g.legible.exact), percent(g.legible.sign), lab.places(g.legible, 0), Cell(f"{g.spread:.2f}"), Cell(f"{g.seconds:.2f}")])  # fmt: skip
        for name, value, floor in (
            ("exact_match", g.legible.exact, best.exact),
            ("sign_accuracy", g.legible.sign, best.sign),
        ):
            study.measure(name, *value[:3], n=len(texts), unit="share", floor=floor.value, recipe="captcha-text", guidance_scale=g.scale,
                          protocol=f"{len(texts)} random texts, guidance scale {g.scale:g}, read by the reader of captchas")  # fmt: skip
    study.table(
        study.pick(["scale s", "all five signs", "each sign", "at places 1 to 5, %", "spread of grey levels, real = 1", "seconds an image"],
                   ["ضریب s", "هر پنج نویسه", "هر نویسه", "جاهای ۱ تا ۵، ٪", "پراکندگی خاکستری، واقعی = ۱", "ثانیه برای هر تصویر"]), rows,
        f"{len(texts)} random texts, {new} of them not among the training texts. Spread: standard deviation of a pixel over images, mean of all pixels; contrast enters it, so it is no measure of variety.",
        f"{len(texts)} متن تصادفی که {new} تای آن‌ها در میان متن‌های آموزش نیست. پراکندگی: انحراف معیار هر پیکسل میان تصویرها، میانگین روی پیکسل‌ها؛ تضاد رنگ هم در آن هست، پس سنجهٔ گوناگونی نیست.",
    )  # fmt: skip
