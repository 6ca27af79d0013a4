"""What the studies of adversarial models share: settings, stages from one noise, players' curves, distance along training."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy import stats
from torch import nn

from simorgh.contracts import Measurement
from simorgh.data import DataConfig, load
from simorgh.evaluate import judge
from simorgh.evaluate.along import Moment, along
from simorgh.evaluate.samples import floors
from simorgh.metrics.frechet import frechet_distance
from simorgh.metrics.intervals import Interval
from simorgh.models.adversarial import AdversarialModel
from simorgh.report.figures import curves, image_grid
from simorgh.report.style import LINES, use_style
from simorgh.studies import kit
from simorgh.studies._layers import shapes
from simorgh.studies.kit import Study
from simorgh.train import OptimiserConfig, Run

SURE = 0.9
"""The judge reads a sample with confidence from this probability on."""


def rule(o: OptimiserConfig) -> str:
    """An optimiser in one line, "adam 0.0011, betas 0 and 0.999, cosine"."""
    betas = "" if o.kind in ("rmsprop", "sgd") else f", betas {o.betas[0]:g} and {o.betas[1]:g}"
    clip = f", clip {o.clip:g}" if o.clip else ""
    return kit.ltr(f"{o.kind} {o.lr:g}{betas}, {o.schedule}{clip}")


def player_rule(run: Run, player: str) -> OptimiserConfig:
    """The optimiser of "discriminator" or "generator", which may have one of its own."""
    train = run.experiment.train
    return train.optimisers.get(player, train.optimiser)


def moves(run: Run) -> tuple[int, int]:
    """How many steps the discriminator and the generator took."""
    steps, model = run.history()[-1]["step"], run.model()
    return steps, sum(model.generator_due(step) for step in range(steps))


def settings(study: Study, runs: Mapping[str, Sequence[Run]]) -> dict[str, Measurement]:
    """Table of how every model was trained, read from its runs; the seconds of a training, recorded, by title."""
    rows, seconds = [], {}
    for title, group in runs.items():
        run, e = group[0], group[0].experiment
        taken = [r.history()[-1]["seconds"] for r in group]
        value, low, high = kit.interval(taken)
        seconds[title] = study.measure(
            "training_seconds", value, None if low is None else max(0.0, low), high, n=len(taken), unit="s",
            protocol="wall-clock time of a training, other work of the machine included, mean over seeds", recipe=e.name,
        )  # fmt: skip
        span = f" ({min(taken):,.0f} – {max(taken):,.0f})" if len(taken) > 1 else ""
        rules = [rule(player_rule(run, player)) for player in ("discriminator", "generator")]
        rows.append([study.word(title), *rules, e.train.batch_size, e.model.critic_steps, *moves(run), f"{e.train.epochs:g}",
                     kit.Cell(f"{value:,.0f}{span}")])  # fmt: skip
    products = " / ".join(sorted({run.precision() for group in runs.values() for run in group}))
    study.table(
        study.pick(
            ["model", "discriminator", "generator", "batch", "discriminator's steps to one of the generator", "discriminator's steps",
             "generator's steps", "passes", "seconds"],
            ["مدل", "تمایزگر", "مولد", "دسته", "گام تمایزگر برای هر گام مولد", "گام‌های تمایزگر", "گام‌های مولد", "دور", "ثانیه"],
        ), rows,
        "Settings as trained, read from the runs: the optimiser, largest rate, betas, path of the rate of each player and, where it is clipped, the largest norm of its gradient. "
        "Seconds are wall-clock time, mean over seeds and the fastest and slowest of them; what else the machine did counts "
        f"in. A pass is one of the discriminator over the training images. Products were computed in {products}, weights are fp32.",
        "تنظیم‌های آموزش، خوانده از خود اجراها: بهینه‌ساز، بیشترین نرخ، ضریب‌ها و مسیر نرخ هر بازیکن و، اگر گرادیانش بریده شده، بیشترین نُرم آن. ثانیه‌ها زمان ساعت دیواری است: "
        "میانگین بذرها و کوتاه‌ترین و بلندترین آن‌ها؛ کارهای دیگر ماشین هم در آن است. دور یعنی یک بار گذر تمایزگر از تصویرهای آموزش. "
        f"ضرب‌ها با دقت {kit.ltr(products)} و وزن‌ها با {kit.ltr('fp32')} محاسبه شده‌اند.",
    )  # fmt: skip
    return seconds


def layers(model: AdversarialModel) -> list[tuple[str, str, str, int]]:
    """Rows (network, layer, shape of what it gives, parameters) of residual players, read off one forward pass of one
    image: both networks with closed blocks, then one up block and two down blocks opened."""
    generator, tail = model.generator, []
    if isinstance(generator[0], nn.Sequential):  # with tanh after it
        generator, *tail = generator
    trunk = model.discriminator.trunk
    blocks = list(trunk.blocks)
    parts = [("generator", "", m) for m in (*generator, *tail)]
    parts += [("discriminator", "", m) for m in (*blocks, trunk)]
    parts += [
        ("discriminator", "head: ", model.discriminator.head),
        ("discriminator", "turn: ", model.discriminator.rotation),
    ]
    up = next(m for m in generator if hasattr(m, "shortcut"))
    for name, block in {"first up block": up, "first down block": blocks[0], "second down block": blocks[1]}.items():
        parts += [(name, "shortcut: " if m is block.shortcut else "", m) for m in _leaves(block)]

    def forward() -> None:
        features = trunk(model.generator(torch.zeros(1, model.latent_dim)))
        for head in (model.discriminator.head, model.discriminator.rotation):
            head(features)

    was = model.training
    model.eval()  # a batch of one image has no statistics
    given = shapes({m for *_, m in parts}, forward)
    model.train(was)
    return [(name, what + _layer(m, trunk), given[m], 0 if m is trunk else size(m)) for name, what, m in parts]


def size(module: nn.Module) -> int:
    """How many parameters."""
    return sum(p.numel() for p in module.parameters())


def _leaves(module: nn.Module) -> list[nn.Module]:
    """The layers inside a block, in its order; what normalises a weight is none of them."""
    inner = [m for name, m in module.named_children() if name != "parametrizations"]
    return [leaf for m in inner for leaf in _leaves(m)] if inner else [module]


def _layer(module: nn.Module, trunk: nn.Module) -> str:
    if module is trunk:
        return "sum over positions"
    name = type(module).__name__.removeprefix("Parametrized")
    if hasattr(module, "kernel_size"):
        name += " {} x {}".format(*module.kernel_size)
    if hasattr(module, "pool"):
        name += ", pool" if module.pool else ", no pool"
    return name + (", spectral norm" if hasattr(module, "parametrizations") else "")


def places(shots: Sequence) -> tuple[int, int, int]:
    """Of the snapshots: the first after some training, a middle one, the last."""
    return 1, len(shots) // 2, len(shots) - 1


def stages(study: Study, run: Run, title: str, count: int = 100) -> None:
    """Three 10 x 10 grids from the same noise, at the `places`."""
    shots = run.snapshots()
    batch = run.experiment.train.batch_size
    named = (("early", "ابتدایی"), ("middle", "میانی"), ("final", "پایانی"))
    for (en, fa), at in zip(named, places(shots)):
        step, arrays = shots[at]
        study.figure(
            image_grid(arrays["samples"][:count] / 255, 10, count // 10, cell=0.34),
            f"{run.experiment.name}-{en}",
            f"{title}, {en} stage: {step * batch:,} images seen. Place by place the same noise in all three stages.",
            f"{_titled(study, title)}، مرحلهٔ {fa}: پس از دیدن {step * batch:,} تصویر. نوفهٔ هر خانه در هر سه مرحله یکی است.",
        )  # fmt: skip


def _titled(study: Study, title: str) -> str:
    """A model's title within a Persian sentence. Left to itself, HTML lets its first Latin letter turn it around."""
    return f'<bdi dir="rtl">{study.word(title)}</bdi>'


def players(study: Study, runs: Mapping[str, Sequence[Run]], name: str) -> None:
    """Losses of both players, the critic's estimate and both gradient norms along training."""
    histories = {title: [run.history() for run in group] for title, group in runs.items()}
    keys = ["discriminator/loss", "generator/loss", "discriminator/estimate"]
    en, fa = " and ".join(runs), " و ".join(_titled(study, title) for title in runs)
    study.figure(
        curves(histories, keys, axis="samples", ylabel=""), f"losses-{name}",
        f"{en}: loss of the discriminator, loss of the generator, and the discriminator's estimate of the distance "
        "between data and samples, against images seen; one line a seed, faint lines are single log steps.",
        f"{fa}: هزینهٔ تمایزگر، هزینهٔ مولد و برآورد تمایزگر از فاصلهٔ داده و نمونه در برابر تعداد تصویرهای دیده‌شده؛ هر خط یک بذر است و "
        "خط‌های کم‌رنگ تک‌گام‌های ثبت‌شده‌اند.",
    )  # fmt: skip
    study.figure(
        curves(histories, ["discriminator/grad_norm", "generator/grad_norm"], axis="samples", ylabel="", log=True),
        f"gradients-{name}",
        f"{en}: norm of the gradient of each player.", f"{fa}: نُرم گرادیان هر بازیکن.",
    )  # fmt: skip


def course(group: Sequence[Run], key: str) -> tuple[float, float, int]:
    """Mean of a history entry over the first and the last tenth of its lines, averaged over seeds; and 1 where it rose
    in every seed, -1 where it fell in every one, else 0."""
    first, last = [], []
    for run in group:
        values = [line[key] for line in run.history() if line.get(key) is not None]
        few = max(1, len(values) // 10)
        first.append(float(np.mean(values[:few])))
        last.append(float(np.mean(values[-few:])))
    signs = {int(np.sign(b - a)) for a, b in zip(first, last)}
    return float(np.mean(first)), float(np.mean(last)), signs.pop() if len(signs) == 1 else 0


def told(group: Sequence[Run], key: str) -> tuple[str, str]:
    """`course` in words, in both languages."""
    first, last, sign = course(group, key)
    every = ("", "") if len(group) == 1 else (" in every seed", "در همهٔ بذرها ")
    en = {1: f"rises{every[0]}", -1: f"falls{every[0]}", 0: "moves differently from seed to seed, on average"}[sign]
    fa = {1: f"{every[1]}بالا می‌رود،", -1: f"{every[1]}پایین می‌آید،", 0: "در بذرها یکسان حرکت نمی‌کند، میانگین آن"}[sign]
    return f"{en} from {first:.3g} to {last:.3g}", f"{fa} از {kit.signed(first, '.3g')} به {kit.signed(last, '.3g')}"


def shown(study: Study, runs: Mapping[str, Sequence[Run]], staged: Mapping[str, Run]) -> None:
    """What the curves of `runs` and the grids of `staged` show, a paragraph each; the numbers of the grids are recorded."""
    test = load(DataConfig("mnist")).test.x[:2000].float() / 255
    real = _sure(judge.judged(test)[1])
    en, fa = [], []
    for title, group in runs.items():
        estimate, slope = (told(group, key) for key in ("discriminator/estimate", "generator/grad_norm"))
        en.append(f"{title}: the estimate {estimate[0]}, the norm of the generator's gradient {slope[0]}")
        fa.append(f"<bdi>{title}</bdi>: برآورد {estimate[1]} و نُرم گرادیان مولد {slope[1]}")
    count = len(next(iter(runs.values())))
    study.say(
        f"**The curves** (first against last tenth of a training, mean of {count} seed{'s' * (count > 1)}): {'; '.join(en)}.",
        f"**منحنی‌ها** (یک‌دهم نخست در برابر یک‌دهم آخرِ آموزش، میانگین {count} بذر): {'؛ '.join(fa)}.",
    )
    en, fa = [], []
    for title, run in staged.items():
        shots, found = run.snapshots(), []
        for name, at in zip(("early", "middle", "final"), places(shots)):
            pixels = torch.from_numpy(shots[at][1]["samples"]).float() / 255
            features, odds = judge.judged(pixels)
            distance = float(frechet_distance(judge.reference(len(pixels), "test"), features))
            sure, rarest = _sure(odds), float(odds.argmax(1).bincount(minlength=10).min()) / len(pixels)
            found.append((distance, sure, rarest))
            protocol = f"{len(pixels):,} samples of the averaged generator at the {name} of three stages, seed 0"
            study.measure("stage_fd_digits", distance, n=len(pixels), protocol=protocol, recipe=run.experiment.name,
                          floor=floor_at(len(pixels)))  # fmt: skip
            study.measure(
                "stage_read_surely", sure, n=len(pixels), unit="share", recipe=run.experiment.name, floor=real,
                protocol=f"{protocol}: share in which the judge gives one digit a probability of {SURE:g} or more",
            )  # fmt: skip
        distances = kit.ltr(", ".join(f"{d:.3g}" for d, *_ in found))
        reads = kit.ltr(", ".join(f"{100 * share:.0f} %" for _, share, _ in found))
        (first, *_), (middle, *_), (last, _, rarest) = found
        done = 100 * (first - middle) / (first - last) if first > last else None
        en.append(
            f"{title}: fd-digits {distances}; {reads} read surely; {100 * rarest:.1f} % of the last are its rarest digit"
            + (f"; {done:.0f} % of the fall of the distance lies before the middle stage" if done is not None else "")
        )
        fa.append(
            f"<bdi>{title}</bdi>: fd-digits {distances}؛ خوانا با اطمینان {reads}؛ {kit.ltr(f'{100 * rarest:.1f} %')} از نمونه‌های "
            "مرحلهٔ آخر کمیاب‌ترین رقم است"
            + (f"؛ {kit.ltr(f'{done:.0f} %')} از کاهش فاصله پیش از مرحلهٔ میانی رخ داده است" if done is not None else "")
        )
    shown_real = f"{100 * real:.0f} %"
    study.say(
        f"**The grids** show the first of {len(pixels):,} samples; for all of these, from the early to the final stage: "
        + ". ".join(en)
        + f". Read surely means that the judge gives one digit a probability of {SURE:g} or more; of real test images it "
        f"reads {shown_real} so. With so few samples the distance is larger than in the table of quality: as many training images reach "
        f"{floor_at(len(pixels)):.3g}.",
        f"**تصویرهای سه مرحله** نخستین‌ها از {len(pixels):,} نمونه‌اند؛ برای همهٔ آن نمونه‌ها، از مرحلهٔ ابتدایی تا پایانی: "
        + ". ".join(fa)
        + f". خوانا با اطمینان یعنی داور به یک رقم احتمال {SURE:g} یا بیشتر می‌دهد؛ از تصویرهای واقعی آزمون {kit.ltr(shown_real)} را چنین "
        f"می‌خواند. با نمونهٔ اندک، فاصله بزرگ‌تر از جدول کیفیت است: همین تعداد تصویر آموزش به {floor_at(len(pixels)):.3g} می‌رسد.",
    )


def floor_at(n: int) -> float:
    """fd-digits of `n` training images in the place of samples."""
    return floors(n)["fd_digits"]


def _sure(odds: torch.Tensor) -> float:
    return float((odds.max(1).values >= SURE).float().mean())


def spread_ratio(a: Sequence[float], b: Sequence[float]) -> Interval | None:
    """How many times as widely the logarithms of `a` spread as those of `b`: ratio of their standard deviations with the
    95 % interval of Fisher's F. None for fewer than two values or none that differ."""
    if min(len(a), len(b)) < 2 or np.ptp(b) == 0:
        return None
    ratio = float(np.std(np.log(a), ddof=1) / np.std(np.log(b), ddof=1))
    low, high = (float(ratio / stats.f.ppf(q, len(a) - 1, len(b) - 1) ** 0.5) for q in (0.975, 0.025))
    return Interval(ratio, low, high, len(a))


def follow(runs: Mapping[str, Sequence[Run]]) -> dict[str, list[list[Moment]]]:
    """Snapshots with their distance, for every seed of every model."""
    return {title: [along(run) for run in group] for title, group in runs.items()}


def correlations(moments: Mapping[str, list[list[Moment]]], keys: Mapping[str, str]) -> dict[str, list[float]]:
    """Spearman's rank correlation of a history entry with fd-digits along training, one a seed."""
    return {
        title: [
            float(stats.spearmanr([m.history[keys[title]] for m in run], [m.distance for m in run]).statistic)
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
