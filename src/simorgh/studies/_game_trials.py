"""Trials of a GAN's settings: what was tried, how far the samples ended from real images, and what went with that."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from simorgh.data import load
from simorgh.evaluate import judge
from simorgh.metrics.frechet import frechet_distance
from simorgh.report.trials import trial_parameters
from simorgh.studies import _games as games
from simorgh.studies import kit
from simorgh.studies.kit import Study
from simorgh.train import Run

SETTINGS = ("generator's rate", "discriminator's rate", "generator's β₁", "batch", "discriminator's steps")


@dataclass(frozen=True)
class Trial:
    """The settings of a training in the order of SETTINGS, its distance and the steps of its generator; None where it
    failed."""

    settings: tuple[float, ...]
    distance: float | None
    steps: int | None


def _settings(run: Run) -> tuple[float, ...]:
    g, d = (games.player_rule(run, player) for player in ("generator", "discriminator"))
    return g.lr, d.lr, g.betas[0], run.experiment.train.batch_size, run.experiment.model.critic_steps


def trials(study: Study, keys: Sequence[str], chosen: Run) -> None:
    """Table and figure of all trials of the header's grids `keys` of one recipe, recorded, and where the settings of
    its run `chosen` stand among them. A trial that stands in two grids is shown once."""
    found: dict[tuple[float, ...], Trial] = {}
    for row in (row for key in keys for row in study.sweep(key) if row["run"] is not None):
        run = Run.open(row["run"])
        steps = None if row["value"] is None else games.moves(run)[1]
        found.setdefault(_settings(run), Trial(_settings(run), row["value"], steps))
    if all(t.distance is None for t in found.values()):
        study.say("**The trials.** All of them failed, so nothing is said of these settings.",
                  "**آزمایش‌ها.** همه شکست خوردند، پس دربارهٔ این تنظیم‌ها چیزی گفته نمی‌شود.")  # fmt: skip
        return
    ranked = sorted(found.values(), key=lambda t: inf if t.distance is None else t.distance)
    samples, passes = run.experiment.train.snapshot_samples, run.experiment.train.epochs
    data = load(run.experiment.data)
    held = judge.judged(data.validation.x.float() / 255)[0]
    floor = float(frechet_distance(held, judge.judged(data.train.x[:samples].float() / 255)[0]))
    protocol = (
        f"fd-digits of {samples:,} samples at the end of {passes:g} passes against {len(held):,} training images held out "
        "for the trials, one training"
    )
    for t in ranked:
        if t.distance is not None:
            study.measure("trial_fd_digits", t.distance, n=samples, protocol=protocol, recipe=run.experiment.name, floor=floor,
                          **dict(zip(("lr", "discriminator_lr", "beta_1", "batch_size", "critic_steps"), t.settings)))  # fmt: skip
    own = _settings(chosen)
    rows = [
        [*(kit.Cell(f"{value:g}") for value in t.settings), kit.Cell("–" if t.steps is None else f"{t.steps:,}"),
         kit.Cell("–" if t.distance is None else f"{t.distance:.3g}"), study.pick("yes", "آری") if t.settings == own else ""]
        for t in ranked
    ]  # fmt: skip
    study.table(
        [*(study.word(name) for name in (*SETTINGS, "generator's steps")), "fd-digits", study.pick("the recipe's", "از آنِ دستور")], rows,
        f"All {len(ranked)} trials, the nearest first: {protocol}; the test part chose nothing. Real training images in the "
        f"place of the samples reach {floor:.2g}. A dash: the training failed.",
        f"هر {len(ranked)} آزمایش، از نزدیک‌ترین: ‏fd-digits برای {samples:,} نمونه در پایان {passes:g} دور در برابر {len(held):,} تصویر آموزشی که برای "
        f"آزمایش‌ها کنار گذاشته شد، هر کدام یک آموزش؛ بخش آزمون چیزی را انتخاب نکرد. تصویرهای واقعی آموزش به جای نمونه‌ها به {floor:.2g} می‌رسند. "
        "خط تیره: آموزش شکست خورد.",
    )  # fmt: skip
    sound = [t for t in ranked if t.distance is not None]
    study.figure(
        _figure(sound), "trials", "Every finished trial against each of its settings; a triangle is farther away than the axis reaches.",
        "هر آزمایشِ پایان‌یافته در برابر هر یک از تنظیم‌هایش؛ مثلث دورتر از آن است که محور نشان می‌دهد.",
    )  # fmt: skip
    study.table(
        [study.pick("setting", "تنظیم"), study.pick("value", "مقدار"), study.pick("median fd-digits", "میانهٔ fd-digits")],
        [[study.word(name), kit.Cell(f"{v:g}"), kit.Cell(f"{m:.3g}")]
         for at, name in enumerate(SETTINGS) for v, m in medians(ranked, at).items()],
        "Median distance at each value of a setting, over those settings of the others that were tried, and finished, "
        "with all of its values.",
        "میانهٔ فاصله در هر مقدارِ هر تنظیم، روی آن تنظیم‌های دیگر که با همهٔ مقدارهای آن آزموده شدند و به پایان رسیدند.",
    )  # fmt: skip
    told(study, ranked, own, passes, chosen.experiment.train.epochs)


def _figure(sound: Sequence[Trial]) -> Figure:
    """The distance of each finished trial against each of its settings, values at equal steps."""
    columns = dict(zip(SETTINGS, zip(*(t.settings for t in sound))))
    options = {name: sorted(set(column)) for name, column in columns.items()}
    figure = trial_parameters(
        {name: [options[name].index(v) for v in column] for name, column in columns.items()},
        [t.distance for t in sound], ["finished"] * len(sound), ylabel="fd-digits",
        categories={name: range(len(values)) for name, values in options.items()},
    )  # fmt: skip
    for panel, values in zip(figure.axes, options.values()):
        panel.set_xticks(range(len(values)), [f"{v:g}" for v in values])
    return figure


def medians(trials: Sequence[Trial], at: int) -> dict[float, float]:
    """Median distance at each value of setting `at`, over those settings of the others at which every value of it was
    tried and finished; empty where there are none."""
    groups: dict[tuple[float, ...], dict[float, float]] = {}
    for t in trials:
        group = groups.setdefault(t.settings[:at] + t.settings[at + 1 :], {})
        group[t.settings[at]] = inf if t.distance is None else t.distance
    values = sorted({v for group in groups.values() if len(group) > 1 for v in group})
    whole = [group for group in groups.values() if [*sorted(group)] == values and inf not in group.values()]
    return {v: float(np.median([group[v] for group in whole])) for v in values} if whole else {}


def at_edge(trials: Sequence[Trial]) -> list[str]:
    """The settings with three values or more of which the nearest trial has the smallest or the largest one."""
    tried = zip(SETTINGS, zip(*(t.settings for t in trials)), trials[0].settings)
    return [name for name, values, best in tried if len({*values}) > 2 and best in (min(values), max(values))]


def told(study: Study, ranked: Sequence[Trial], own: tuple[float, ...], passes: float, whole: float) -> None:
    """What the trials of `passes` passes show, the nearest first: the best, the place of the settings `own` of a recipe
    of `whole` passes, and how the steps of the generator go with the distance."""
    sound = [t for t in ranked if t.distance is not None]
    best, mine = sound[0], next((t for t in sound if t.settings == own), None)
    value = [kit.ltr(f"{v:g}") for v in best.settings]
    en = [
        f"**The trials.** The nearest samples, {best.distance:.3g}, come from rates {value[0]} (generator) and {value[1]} "
        f"(discriminator), a generator's β₁ of {value[2]}, batches of {value[3]} and {value[4]} step{'s' * (best.settings[4] > 1)} of the discriminator to one of "
        "the generator."
    ]  # fmt: skip
    fa = [
        f"**آزمایش‌ها.** نزدیک‌ترین نمونه‌ها، با فاصلهٔ {best.distance:.3g}، از نرخ {value[0]} (مولد) و {value[1]} (تمایزگر)، {kit.ltr('β₁')} برابر {value[2]} برای مولد، "
        f"دستهٔ {value[3]}تایی و {value[4]} گام تمایزگر برای هر گام مولد می‌آیند."
    ]  # fmt: skip
    edges = at_edge(ranked)
    if edges:
        en.append(f"That is the end of the values tried of the {' and the '.join(edges)}: the best may lie beyond.")
        fa.append(
            f"این کرانهٔ مقدارهای آزموده‌شدهٔ {' و '.join(map(study.word, edges))} است و بهترین شاید فراتر از آن باشد."
        )
    if mine:
        place = sum(t.distance < mine.distance for t in sound) + 1
        en.append(
            f"The recipe's own settings have place {place} of {len(ranked)}, with {mine.distance:.3g}; these trials did not choose them."
        )
        fa.append(
            f"تنظیم‌های خود دستور با {mine.distance:.3g} در جای {place} از {len(ranked)} است؛ این آزمایش‌ها آن را انتخاب نکرده‌اند."
        )
    alike = [t for t in sound if t.settings[:2] == own[:2]]
    if len(alike) > 3 and len({t.steps for t in alike}) > 1:
        rank = spearmanr([t.steps for t in alike], [t.distance for t in alike]).statistic
        least, most = min(t.steps for t in alike), max(t.steps for t in alike)
        en.append(
            f"Equal passes are unequal numbers of steps: of the {len(alike)} trials at the recipe's rates the generator took "
            f"{least:,} to {most:,}, and the rank correlation of steps and distance is {kit.ltr(f'{rank:.2f}')}; batch and discriminator's steps differ in that too. "
            f"Trials of {passes:g} passes reward speed, where the recipe has {whole:g}."
        )  # fmt: skip
        fa.append(
            f"دورهای برابر، گام‌های نابرابرند: در {len(alike)} آزمایش با نرخ‌های دستور، مولد {least:,} تا {most:,} گام برداشته و همبستگی رتبه‌ای گام‌ها و فاصله "
            f"{kit.ltr(f'{rank:.2f}')} است؛ اندازهٔ دسته و گام‌های تمایزگر از این نظر هم با هم فرق دارند. آزمایش‌های {passes:g}دوری سرعت را پاداش می‌دهند، اما دستور {whole:g} دور دارد."
        )  # fmt: skip
    en.append("One training each: another seed may order them otherwise.")
    fa.append("هر آزمایش یک آموزش است: بذر دیگر می‌تواند ترتیب را عوض کند.")
    study.say(" ".join(en), " ".join(fa))
