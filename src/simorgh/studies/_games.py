"""What the studies of adversarial models share: stages from one noise, players' curves, quality, distance along training."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from scipy.stats import spearmanr

from simorgh.evaluate.along import Moment, along
from simorgh.report.figures import curves, image_grid
from simorgh.report.style import LINES, use_style
from simorgh.studies import kit
from simorgh.studies.kit import Study
from simorgh.train import Run

QUALITY = (
    "fd_digits",
    "kid",
    "precision",
    "recall",
    "density",
    "coverage",
    "smallest_class_share",
    "largest_class_share",
)


def stages(study: Study, run: Run, title: str, count: int = 100) -> None:
    """Three 10 x 10 grids from the same noise: the first snapshot after some training, a middle one, the last."""
    shots = run.snapshots()
    batch = run.experiment.train.batch_size
    places = (("early", "ابتدایی", 1), ("middle", "میانی", len(shots) // 2), ("final", "پایانی", len(shots) - 1))
    for en, fa, at in places:
        step, arrays = shots[at]
        study.figure(
            image_grid(arrays["samples"][:count] / 255, 10, count // 10, cell=0.34),
            f"{run.experiment.name}-{en}",
            f"{title}, {en} stage: {step * batch:,} images seen. Place by place the same noise in all three stages.",
            f"<bdi>{title}</bdi>، مرحلهٔ {fa}: پس از دیدن {step * batch:,} تصویر. نوفهٔ هر خانه در هر سه مرحله یکی است.",
        )  # fmt: skip


def players(study: Study, runs: Mapping[str, Sequence[Run]], name: str) -> None:
    """Losses of both players, the critic's estimate and both gradient norms along training."""
    histories = {title: [run.history() for run in group] for title, group in runs.items()}
    keys = ["discriminator/loss", "generator/loss", "discriminator/estimate"]
    study.figure(
        curves(histories, keys, axis="samples", ylabel=""), f"losses-{name}",
        "Loss of the discriminator, loss of the generator, and the discriminator's estimate of the distance between data "
        "and samples, against images seen; one line a seed, faint lines are single log steps.",
        "هزینهٔ تمایزگر، هزینهٔ مولد و برآورد تمایزگر از فاصلهٔ داده و نمونه در برابر تعداد تصویرهای دیده‌شده؛ هر خط یک بذر است و "
        "خط‌های کم‌رنگ تک‌گام‌های ثبت‌شده‌اند.",
    )  # fmt: skip
    study.figure(
        curves(histories, ["discriminator/grad_norm", "generator/grad_norm"], axis="samples", ylabel="", log=True),
        f"gradients-{name}",
        "Norm of the gradient of each player.", "نُرم گرادیان هر بازیکن.",
    )  # fmt: skip


def quality(study: Study, keys: Mapping[str, str]) -> dict[str, dict[str, object]]:
    """Table of every model (title -> recipe), best first by fd-digits, with the floor in the last row."""
    found = {title: {m: study.results(key, m) for m in QUALITY} for title, key in keys.items()}
    held = {title: row for title, row in found.items() if row["fd_digits"] is not None}
    order = sorted(held, key=lambda title: held[title]["fd_digits"].value)
    if not order:
        return {}
    rows = [[title, *(_cell(held[title][m]) for m in QUALITY)] for title in order]
    floor = [held[order[0]][m].floor for m in QUALITY]
    rows.append(
        [
            study.pick("real images (floor)", "تصویر واقعی (کف)"),
            *(None if f is None else kit.Cell(f"{f:.3f}") for f in floor),
        ]
    )
    first = held[order[0]]["fd_digits"]
    count = first.context.get("examples", first.n)
    study.table(
        [study.pick("model", "مدل"), *(m.replace("_", " ") + (" / 10⁻³" if m == "kid" else "") for m in QUALITY)], rows,
        f"{count:,} samples against as many test images, best first; mean over seeds ± half of the 95 % interval (over "
        "samples where there is one seed). KID has no bias, so it may be negative. In the last row training images take the "
        "place of samples.",
        f"{count:,} نمونه در برابر همان تعداد تصویر آزمون، بهترین در بالا؛ میانگین بذرها ± نیم‌بازهٔ ۹۵ درصد (روی نمونه‌ها "
        "اگر یک بذر باشد). ‏KID بی‌اریبی است و می‌تواند منفی باشد. در سطر آخر تصویرهای آموزش جای نمونه‌ها را گرفته‌اند.",
    )  # fmt: skip
    return held


def _cell(m) -> kit.Cell | None:
    if m is None:
        return None
    return kit.Cell(f"{m.value:.3f}" if m.low is None else f"{m.value:.3f} ± {(m.high - m.low) / 2:.3f}")


def verdicts(study: Study, keys: Mapping[str, str]) -> list[str]:
    """The sentences by which evaluation named collapsed runs, written into the report; [] where all are healthy."""
    named = [
        f"{title}, seed {run.experiment.seed}: {sentence}"
        for title, key in keys.items()
        for run in study.runs(key)
        for sentence in {m.context["collapse"] for m in run.results() if m.context.get("collapse")}
    ]
    if named:
        study.say(
            "**Named by the evaluation:** " + " ".join(named),
            "**به تشخیص ارزیابی:** <bdi>" + " ".join(named) + "</bdi>",
        )
    else:
        study.say("No run is named as collapsed: every digit has its share of the samples.",
                  "هیچ اجرایی فروپاشیده شناخته نشد: هر رقم سهم خود را در نمونه‌ها دارد.")  # fmt: skip
    return named


def follow(runs: Mapping[str, Sequence[Run]]) -> dict[str, list[list[Moment]]]:
    """Snapshots with their distance, for every seed of every model."""
    return {title: [along(run) for run in group] for title, group in runs.items()}


def correlations(moments: Mapping[str, list[list[Moment]]], keys: Mapping[str, str]) -> dict[str, list[float]]:
    """Spearman's rank correlation of a history entry with fd-digits along training, one a seed."""
    return {
        title: [
            float(spearmanr([m.history[keys[title]] for m in run], [m.distance for m in run]).statistic)
            for run in group
        ]
        for title, group in moments.items()
    }


def against_distance(
    moments: Mapping[str, list[list[Moment]]], keys: Mapping[str, str], labels: Mapping[str, str]
) -> Figure:
    """One panel a model: a history entry against the distance of the samples at the same time; colour is the seed."""
    use_style()
    figure = Figure(figsize=(3.1 * len(moments) + 0.3, 2.9))
    for axes, (title, group) in zip(figure.subplots(1, len(moments), squeeze=False)[0], moments.items()):
        for seed, run in enumerate(group):
            axes.plot(
                [m.history[keys[title]] for m in run],
                [m.distance for m in run],
                "o-",
                ms=3,
                lw=0.6,
                color=LINES[seed % len(LINES)],
                label=f"seed {seed}",
            )
        values = [m.history[keys[title]] for run in group for m in run]
        # A critic's estimate falls by decades; a loss that changes sign has no logarithm.
        wide = min(values) > 0 and max(values) > 10 * min(values)
        axes.set(
            xlabel=labels[title], ylabel="fd-digits", xscale="log" if wide else "linear", yscale="log", title=title
        )
    axes.legend()
    return figure
