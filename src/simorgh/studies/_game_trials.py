"""Trials of a GAN's settings: what was tried, how far the samples ended from real images, and what made the difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

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
    """The settings of a training in the order of SETTINGS, and its distance; None where it diverged."""

    settings: tuple[float, ...]
    distance: float | None
    run: Run


def _settings(run: Run) -> tuple[float, ...]:
    g, d = (games.player_rule(run, player) for player in ("generator", "discriminator"))
    return g.lr, d.lr, g.betas[0], run.experiment.train.batch_size, run.experiment.model.critic_steps


def trials(study: Study, keys: Sequence[str], chosen: Run) -> None:
    """Table and figure of all trials of the header's grids `keys` of one recipe, recorded, and where the settings of
    its run `chosen` stand among them. A trial that stands in two grids is shown once."""
    found: dict[tuple[float, ...], Trial] = {}
    for row in (row for key in keys for row in study.sweep(key)):
        run = Run.open(row["run"])
        found.setdefault(_settings(run), Trial(_settings(run), row["value"], run))
    ranked = sorted(found.values(), key=lambda t: inf if t.distance is None else t.distance)
    run = ranked[0].run
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
        [*(kit.Cell(f"{value:g}") for value in t.settings), kit.Cell("–" if t.distance is None else f"{t.distance:.3g}"),
         study.pick("yes", "آری") if t.settings == own else ""] for t in ranked
    ]  # fmt: skip
    study.table(
        [*(study.word(name) for name in SETTINGS), "fd-digits", study.pick("the recipe's", "از آنِ دستور")], rows,
        f"All {len(ranked)} trials, the nearest first: {protocol}; the test part chose nothing. Real training images in the "
        f"place of the samples reach {floor:.2g}. A dash: diverged.",
        f"هر {len(ranked)} آزمایش، از نزدیک‌ترین: ‏fd-digits برای {samples:,} نمونه در پایان {passes:g} دور در برابر {len(held):,} تصویر آموزشی که برای "
        f"آزمایش‌ها کنار گذاشته شد، هر کدام یک آموزش؛ بخش آزمون چیزی را انتخاب نکرد. تصویرهای واقعی آموزش به جای نمونه‌ها به {floor:.2g} می‌رسند. "
        "خط تیره: واگرا شد.",
    )  # fmt: skip
    sound = [t for t in ranked if t.distance is not None]
    columns = dict(zip(SETTINGS, zip(*(t.settings for t in sound))))
    options = {name: sorted(set(column)) for name, column in columns.items()}
    figure = trial_parameters(
        {name: [options[name].index(v) for v in column] for name, column in columns.items()},
        [t.distance for t in sound], ["finished"] * len(sound), ylabel="fd-digits",
        categories={name: range(len(values)) for name, values in options.items()},
    )  # fmt: skip
    for panel, values in zip(figure.axes, options.values()):
        panel.set_xticks(range(len(values)), [f"{v:g}" for v in values])
    study.figure(
        figure, "trials", "Every trial against each of its settings; a triangle is farther away than the axis reaches.",
        "هر آزمایش در برابر هر یک از تنظیم‌هایش؛ مثلث دورتر از آن است که محور نشان می‌دهد.",
    )  # fmt: skip
    _said(study, sound, own, len(ranked))


def _said(study: Study, sound: Sequence[Trial], own: tuple[float, ...], count: int) -> None:
    """What the trials show: the best, the chosen one's place, and the median at each value of a setting where it was
    tried with all combinations of the others."""
    best = sound[0]
    mine = next((t for t in sound if t.settings == own), None)
    told = [kit.ltr(f"{v:g}") for v in best.settings]
    parts = []
    for at, name in enumerate(SETTINGS):
        pairs: dict[tuple[float, ...], dict[float, float]] = {}
        for t in sound:
            pairs.setdefault(t.settings[:at] + t.settings[at + 1 :], {})[t.settings[at]] = t.distance
        values = sorted({v for group in pairs.values() if len(group) > 1 for v in group})
        medians = {v: float(np.median([g[v] for g in pairs.values() if len(g) > 1 and v in g])) for v in values}
        if medians:
            numbers = kit.ltr(", ".join(f"{v:g}: {m:.3g}" for v, m in medians.items()))
            parts.append((f"{name} {numbers}", f"{study.word(name)} {numbers}"))
    place = "" if mine is None else sum(t.distance < mine.distance for t in sound) + 1
    study.say(
        f"**The trials.** The nearest samples, {best.distance:.3g}, come from rates {told[0]} (generator) and {told[1]} "
        f"(discriminator), a generator's β₁ of {told[2]}, batches of {told[3]} and {told[4]} step{'s' * (best.settings[4] > 1)} of the discriminator to one of "
        "the generator. " + (f"The recipe's own settings come {place} of {count}, with {mine.distance:.3g}. " if mine else "")
        + f"Median distance by setting, where the others were alike: {'; '.join(en for en, _ in parts)}. One training each: "
        "another seed would order neighbours differently.",
        f"**آزمایش‌ها.** نزدیک‌ترین نمونه‌ها، با فاصلهٔ {best.distance:.3g}، از نرخ {told[0]} (مولد) و {told[1]} (تمایزگر)، {kit.ltr('β₁')} برابر {told[2]} برای مولد، "
        f"دستهٔ {told[3]}تایی و {told[4]} گام تمایزگر برای هر گام مولد می‌آیند. "
        + (f"تنظیم‌های خود دستور با {mine.distance:.3g} در جای {place} از {count} است. " if mine else "")
        + f"میانهٔ فاصله بر حسب هر تنظیم، جایی که بقیه یکسان بوده‌اند: {'؛ '.join(fa for _, fa in parts)}. هر آزمایش یک آموزش است: بذر دیگر "
        "ترتیبِ آزمایش‌های نزدیک به هم را عوض می‌کند.",
    )  # fmt: skip
