"""What each trait of a U-Net buys, for the study `ddpm`: errors at chosen steps, and verdicts that intervals decide."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from simorgh.contracts import Measurement
from simorgh.diffusion.denoiser import noised
from simorgh.metrics.intervals import Interval, paired_difference
from simorgh.nn.unet import UNetModule
from simorgh.noise import Noise
from simorgh.studies._denoising import DEVICE
from simorgh.studies.kit import Cell, Study, ltr
from simorgh.train import Run

VERDICTS = {
    (1, 1): ("it buys something by both measures", "با هر دو سنجه سودی دارد"),
    (1, 0): ("it buys a lower loss, and the samples cannot be told apart", "هزینه را کم می‌کند و نمونه‌ها را نمی‌توان از هم جدا دانست"),
    (0, 1): ("it buys better samples, and the losses cannot be told apart", "نمونه‌ها را بهتر می‌کند و هزینه‌ها را نمی‌توان از هم جدا دانست"),
    (0, 0): ("nothing that these numbers could show", "سودی که این اعداد نشان بدهند ندارد"),
    (-1, 0): ("it buys nothing here, for the loss is lower without it and the samples cannot be told apart", "این‌جا سودی ندارد، چون بی آن هزینه کمتر است و نمونه‌ها را نمی‌توان از هم جدا دانست"),
    (0, -1): ("it buys nothing here, for the samples are better without it and the losses cannot be told apart", "این‌جا سودی ندارد، چون بی آن نمونه‌ها بهترند و هزینه‌ها را نمی‌توان از هم جدا دانست"),
    (-1, -1): ("it costs something here by both measures", "این‌جا با هر دو سنجه زیان دارد"),
    (-1, 1): ("the measures disagree: a lower loss without it, better samples with it", "دو سنجه هم‌رأی نیستند: بی آن هزینه کمتر است و با آن نمونه‌ها بهترند"),
    (1, -1): ("the measures disagree: a lower loss with it, better samples without it", "دو سنجه هم‌رأی نیستند: با آن هزینه کمتر است و بی آن نمونه‌ها بهترند"),
}  # fmt: skip
"""By what a network without the trait is worse (1), better (-1) or not told apart (0): held-out loss, and samples."""


def sign(difference: Interval) -> int:
    """1 where a difference is above zero with its interval, -1 where it is below, else 0."""
    return int(difference.low > 0) - int(difference.high < 0)


def apart(a: Measurement, b: Measurement) -> int:
    """1 where the interval of `a` lies above that of `b`, -1 where it lies below, 0 where they overlap."""
    return int(a.low > b.high) - int(a.high < b.low)


def errors_at(run: Run, at: Callable[[int], float], steps: Sequence[int], clean: Tensor) -> dict[int, Tensor]:
    """At each of `steps` the squared error of the noise that is guessed in images `clean` (N, C, H, W) in [-1, 1], (N,);
    the same noise for every run. `at` gives the ratio of noise to signal at a step."""
    model, found = run.model().to(DEVICE), {}
    for t in steps:
        q = torch.full((len(clean),), at(t), dtype=torch.float64)
        eps = Noise(0, "traits", t).normal(*clean.shape)
        u = noised(clean, eps, q).to(DEVICE)
        with torch.no_grad():
            guessed = torch.cat(
                [model.denoiser()(a, b.to(DEVICE)).eps.cpu() for a, b in zip(u.split(100), q.split(100))]
            )
        found[t] = (guessed - eps).square().flatten(1).mean(1).double()
    return found


def by_step(
    study: Study, runs: Mapping[str, Run], at: Callable[[int], float], steps: Sequence[int], clean: Tensor
) -> dict[str, dict[int, Interval]]:
    """A table of the error at each of `steps`: the first run as it is, the others by what they have more, image by
    image. Returns those differences by title."""
    errors = {title: errors_at(run, at, steps, clean) for title, run in runs.items()}
    first, *others = errors
    more = {title: {t: paired_difference(errors[title][t], errors[first][t], kind="normal") for t in steps} for title in others}  # fmt: skip
    rows = [[first, *(Cell(f"{float(errors[first][t].mean()):.4f}") for t in steps)]]
    for title in others:
        rows.append([title, *(Cell(ltr(f"{m.value:+.4f} ± {(m.high - m.low) / 2:.4f}")) for m in more[title].values())])
        for t, m in more[title].items():
            study.measure("error_difference", *m[:3], n=m.n, recipe=runs[title].experiment.name, t=t, network=str(runs[title].experiment.model.network.channels),
                          protocol=f"squared error of eps at t = {t} minus that of the U-Net, equal noise, first {m.n} MNIST test images")  # fmt: skip
    study.table(
        [study.pick("squared error of ε at", "مربع خطای ε در"), *(ltr(f"t = {t}") for t in steps)], rows,
        f"Where on the way each network is better or worse: the U-Net's error, and below it how much more the others have, {len(clean)} test images with equal noise, 95 % intervals over images.",
        f"هر شبکه در کجای راه بهتر یا بدتر است: خطای U-Net و زیر آن، افزونی خطای دیگران؛ {len(clean)} تصویر آزمون با نوفهٔ برابر، بازهٔ ۹۵ درصد روی تصویرها.",
    )  # fmt: skip
    return more


def steps_said(differences: Mapping[int, Interval]) -> tuple[str, str]:
    """At which steps a network without a trait is worse and at which better, in English and in Persian."""
    worse, better = ([t for t, m in differences.items() if sign(m) == side] for side in (1, -1))
    en, fa = [], []
    for found, one, other in ((worse, "worse", "بدتر"), (better, "better", "بهتر")):
        if found:
            listed = ltr("t = " + ", ".join(map(str, found)))
            en.append(f"{one} at {listed}")
            fa.append(f"در {listed} {other}")
    if not en:
        return "told apart at none of the steps", "در هیچ‌یک از این گام‌ها جداشدنی نیست"
    return " and ".join(en), " و ".join(fa) + " است"


class Reasons:
    """Likely reasons, not measured ones, for what each trait of `unet` bought or did not; `stack` is the plain one."""

    def __init__(self, unet: UNetModule, stack: UNetModule):
        settings = unet.settings
        self.levels, self.stack = len(settings.channels), stack.settings.channels[0]
        self.wide = ltr(" × ".join(str(side // settings.patch) for side in unet.frame))
        self.low = ltr(" × ".join(str(side // (settings.patch * 2 ** (self.levels - 1))) for side in unet.frame))

    def skips(self, loss: int, samples: int) -> tuple[str, str]:
        if max(loss, samples) > 0:
            return (
                f"A likely reason: without them all detail has to pass through the {self.low} positions of the lowest level.",
                f"دلیل محتمل: بی آن‌ها همهٔ ریزه‌کاری‌ها باید از {self.low} مکانِ پایین‌ترین سطح بگذرد.",
            )  # fmt: skip
        return (
            f"A likely reason: the lowest of only {self.levels} levels still has {self.low} positions, so little is lost on the way.",
            f"دلیل محتمل: پایین‌ترین سطح از تنها {self.levels} سطح هنوز {self.low} مکان دارد و در راه چیز کمی گم می‌شود.",
        )  # fmt: skip

    def attention(self, loss: int, samples: int) -> tuple[str, str]:
        if max(loss, samples) > 0:
            return "A likely reason: it joins the two ends of a stroke in one step.", "دلیل محتمل: دو سر یک خط را در یک گام به هم می‌رساند."  # fmt: skip
        return (
            f"A likely reason: it stands in the middle only, on {self.low} positions that a few 3 × 3 convolutions span as well; its parameters went into wider convolutions; and two passes are few to learn it.",
            f"دلیل محتمل: تنها در میانه است، روی {self.low} مکان که چند پیچش {ltr('3 × 3')} هم آن را می‌پوشاند؛ پارامترهایش صرف پیچش‌های پهن‌تر شده است؛ و دو دور برای آموختنش کم است.",
        )  # fmt: skip

    def pyramid(self, loss: int, samples: int) -> tuple[str, str]:
        if (loss, samples) == (-1, 1):
            return (
                f"A likely reason: the stack keeps {self.stack} channels at all {self.wide} positions, which serves fine detail; where a digit takes shape it sees less of the image at once, and that is what samples show.",
                f"دلیل محتمل: پشته {self.stack} کانال را در همهٔ {self.wide} مکان نگه می‌دارد که به کار ریزه‌کاری می‌آید؛ آن‌جا که رقم شکل می‌گیرد یکجا بخش کمتری از تصویر را می‌بیند و نمونه‌ها همین را نشان می‌دهند.",
            )  # fmt: skip
        if max(loss, samples) > 0:
            return "A likely reason: it sees more of the image at once.", "دلیل محتمل: یکجا بخش بیشتری از تصویر را می‌بیند."  # fmt: skip
        return (
            f"A likely reason: {self.wide} positions are so few that a stack sees all of them.",
            f"دلیل محتمل: {self.wide} مکان آن‌قدر کم است که پشته همهٔ آن را می‌بیند.",
        )  # fmt: skip


def answer(study: Study, reasons: Reasons, found: Sequence[tuple]) -> None:
    """A verdict on each trait. `found` holds, for the networks without skips, without attention, and without any of
    the three: the difference of the held-out loss, fd-digits, that of the U-Net, and the differences by step."""
    names = (("Skips", "میان‌برها"), ("Attention", "توجه"), ("The pyramid, with skips and attention", "هرم، همراه میان‌بر و توجه"))  # fmt: skip
    why = (reasons.skips, reasons.attention, reasons.pyramid)
    said = [_verdict(name, *one, reason) for name, one, reason in zip(names, found, why)]
    study.say(
        "What each trait buys here, from one seed each, so that other seeds may say otherwise:\n\n- " + "\n- ".join(en for en, _ in said) + "\n\nThe held-out loss is a mean over all $t$; a sample passes through all of them, and a network that is worse where a digit takes shape may draw worse digits for all its lower loss. So the two measures need not agree. The plain stack has neither skips nor attention, so its numbers are not the pyramid's alone.",
        "سود هر ویژگی در این‌جا؛ از هر کدام یک بذر است، پس بذرهای دیگر شاید جز این بگویند:\n\n- " + "\n- ".join(fa for _, fa in said) + "\n\nهزینه روی دادهٔ کنارگذاشته میانگین روی همهٔ $t$هاست؛ نمونه از همهٔ آن‌ها می‌گذرد و شبکه‌ای که در شکل گرفتن رقم بدتر باشد، با همهٔ کم‌هزینگی‌اش شاید رقم‌های بدتری بکشد. پس دو سنجه لزوماً هم‌رأی نیستند. پشتهٔ ساده نه میان‌بر دارد و نه توجه، پس اعدادش تنها از آنِ هرم نیست.",
    )  # fmt: skip


def _verdict(
    name: tuple[str, str],
    loss: Interval,
    without: Measurement,
    base: Measurement,
    steps: Mapping[int, Interval],
    reason: Callable[[int, int], tuple[str, str]],
) -> tuple[str, str]:
    """A sentence on one trait in English and in Persian; `reason` is given the two signs of VERDICTS."""
    key = sign(loss), apart(without, base)
    numbers = ltr(f"{loss.value:+.4f} ± {(loss.high - loss.low) / 2:.4f}"), f"{without.value:.1f}", f"{base.value:.1f}"
    (en, fa), (why, chera), (where, koja) = VERDICTS[key], reason(*key), steps_said(steps)
    return (
        f"**{name[0]}**: left out, the loss changes by {numbers[0]} and fd-digits is {numbers[1]} against {numbers[2]}; {en}. By steps, the network without this is {where}. {why}",
        f"**{name[1]}**: بی آن، هزینه {numbers[0]} عوض می‌شود و <bdi>fd-digits</bdi> برابر {numbers[1]} در برابر {numbers[2]} است؛ {fa}. به تفکیک گام، شبکهٔ بی آن {koja}. {chera}",
    )  # fmt: skip
