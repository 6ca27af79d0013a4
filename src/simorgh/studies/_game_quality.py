"""What studies of adversarial models say of finished models: the table of quality, shares of digits, order, collapse."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from matplotlib.figure import Figure

from simorgh.contracts import Measurement, UserError
from simorgh.report.style import LINES, use_style
from simorgh.studies import kit
from simorgh.studies.kit import Study
from simorgh.train import Run

QUALITY = (
    "fd_digits",
    "fd_digits_extrapolated",
    "kid",
    "precision",
    "recall",
    "density",
    "coverage",
    "authenticity",
    "smallest_class_share",
    "largest_class_share",
)


def compare(a: Measurement, b: Measurement) -> int:
    """-1 where `a` is surely the smaller one, 1 where it is the larger one, 0 where their intervals overlap or one of
    them has none."""
    if a.low is None or b.low is None:
        return 0
    return -1 if a.high < b.low else 1 if a.low > b.high else 0


def ranking(held: Mapping[str, Mapping[str, Measurement]]) -> tuple[str, str]:
    """The order of the models by fd-digits and the pairs that their intervals tell apart, in both languages."""
    order = sorted(held, key=lambda title: held[title]["fd_digits"].value)
    pairs = list(combinations(order, 2))
    sure = [f"{a} < {b}" for a, b in pairs if compare(held[a]["fd_digits"], held[b]["fd_digits"]) < 0]
    en = f"By the means of fd-digits the order is {', '.join(order)}"
    fa = f"ترتیب میانگین‌های fd-digits چنین است: <bdi>{', '.join(order)}</bdi>"
    if not sure:
        return (
            f"{en}; but all intervals overlap, and no two can be told apart.",
            f"{fa}؛ اما همهٔ بازه‌ها هم‌پوشانی دارند و هیچ دوتایی را نمی‌توان از هم بازشناخت.",
        )
    rest = len(pairs) - len(sure)
    en += f". The intervals tell apart {', '.join(sure)}" + (
        f"; those of the other {rest} pair{'s' * (rest > 1)} overlap." if rest else "."
    )
    fa += f". بازه‌ها این جفت‌ها را از هم جدا می‌کنند: {kit.ltr(', '.join(sure))}" + (
        f"؛ بازه‌های {rest} جفت دیگر هم‌پوشانی دارند." if rest else "."
    )
    return en, fa


def quality(study: Study, keys: Mapping[str, str]) -> dict[str, dict[str, object]]:
    """Table of every model (title -> recipe), best first by fd-digits, with the floor in the last row."""
    found = {title: {m: study.results(key, m) for m in QUALITY} for title, key in keys.items()}
    held = {title: row for title, row in found.items() if row["fd_digits"] is not None}
    order = sorted(held, key=lambda title: held[title]["fd_digits"].value)
    if not order:
        return {}
    columns = [m for m in QUALITY if not m.endswith("class_share")]  # those stand in the figure below
    rows = [[study.word(title), *(_cell(held[title][m]) for m in columns)] for title in order]
    floor = [None if held[order[0]][m] is None else held[order[0]][m].floor for m in columns]
    rows.append(
        [
            study.pick("real images (floor)", "تصویر واقعی (کف)"),
            *(None if f is None else kit.Cell(f"{f:.3f}") for f in floor),
        ]
    )
    first = held[order[0]]["fd_digits"]
    count = first.context.get("examples", first.n)
    study.table(
        [study.pick("model", "مدل"), *(m.replace("_", " ") + (" / 10⁻³" if m == "kid" else "") for m in columns)], rows,
        f"{count:,} samples against as many test images, best first; mean over seeds ± half of the 95 % interval (over "
        "samples where there is one seed). KID has no bias, so it may be negative; extrapolated is the distance at an endless "
        "number of samples. Authenticity is the share of samples that lie farther from the nearest training image than "
        "that one from its own nearest. In the last row training images take the place of samples; there the extrapolated "
        "distance is 0 by definition, and authenticity, of at most 2,000 samples, is that of the test images.",
        f"{count:,} نمونه در برابر همان تعداد تصویر آزمون، بهترین در بالا؛ میانگین بذرها ± نیم‌بازهٔ ۹۵ درصد (روی نمونه‌ها "
        "اگر یک بذر باشد). ‏KID نااریب است و می‌تواند منفی باشد؛ extrapolated همان فاصله با شمار بی‌پایان نمونه است و authenticity "
        "سهم نمونه‌هایی که از نزدیک‌ترین تصویر آموزش دورترند تا آن تصویر از نزدیک‌ترین همسایهٔ خود. در سطر آخر تصویرهای آموزش جای "
        "نمونه‌ها را گرفته‌اند؛ آن‌جا فاصلهٔ extrapolated بنا بر تعریف صفر است و authenticity، که روی حداکثر ۲٬۰۰۰ نمونه است، از آنِ "
        "تصویرهای آزمون.",
    )  # fmt: skip
    by_class(study, {title: keys[title] for title in order})
    return held


def each_class(run: Run, name: str, entry: str) -> list[float]:
    """The ten values that stand in the context of a measurement of `run`, one for each digit."""
    for m in run.results():
        if m.name == name and entry in m.context:
            return [float(value) for value in m.context[entry].split()]
    raise UserError(
        f"{run.path} was measured before digits were told apart: simorgh evaluate {run.path} does it again."
    )


def by_class(study: Study, keys: Mapping[str, str]) -> None:
    """Figure of the share of every digit among the samples of each model (title -> recipe), and the numbers, recorded."""
    use_style()
    figure = Figure(figsize=(1.9 * len(keys) + 0.4, 2.2))
    for axes, (title, key) in zip(figure.subplots(1, len(keys), sharey=True, squeeze=False)[0], keys.items()):
        shares = np.array([each_class(run, "smallest_class_share", "shares") for run in study.runs(key)])
        for digit, column in enumerate(shares.T):
            study.measure("class_share", *kit.interval(column), n=len(column), unit="share", recipe=key, digit=digit,
                          protocol=f"samples that the judge reads as {digit}, mean over seeds")  # fmt: skip
        axes.bar(range(10), shares.mean(0), color=LINES[0], alpha=0.5)
        for row in shares:
            axes.plot(range(10), row, "o", ms=2.5, color=LINES[0])
        for level in (0.05, 0.15):
            axes.axhline(level, color="black", linestyle="--", linewidth=0.8)
        axes.set(title=title, xlabel="digit", xticks=range(10))
    figure.axes[0].set_ylabel("share of the samples")
    study.figure(
        figure, f"classes-{'-'.join(sorted(keys.values()))}",
        "Share of every digit among the samples, as the judge reads them: bars are means over seeds, points the seeds; dashed "
        "at 5 and 15 %, beyond which a digit counts as nearly lost or dominant.",
        "سهم هر رقم در نمونه‌ها به خوانش داور: میله میانگین بذرها و نقطه هر بذر است؛ خط‌چین‌ها در ۵ و ۱۵ درصد، که فراتر از آن‌ها رقم "
        "تقریباً ازدست‌رفته یا چیره به شمار می‌آید.",
    )  # fmt: skip


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
