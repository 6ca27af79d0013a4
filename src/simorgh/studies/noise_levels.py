# ---
# simorgh:
#   title:
#     en: "How many noise levels? 3, 10, 40, 80 or 95, and how large"
#     fa: "چند تراز نوفه؟ ۳، ۱۰، ۴۰، ۸۰ یا ۹۵ تا، و چه اندازه"
#   answers: [D1.c]
#   runs: {ncsnv2: 1, ddpm: 1}
# ---

# %% [markdown] lang="en"
# ## Question
# What do the size of the noise and the number of steps do? If a diffusion model uses 40 steps, what happens with 3 larger ones, or with 80 smaller ones? Three answers: one from
# theory; one with the *exact* score of 2,000 images, where only the sampler can err; one with trained networks (NCSNv2 and DDPM).
#
# ## Assumptions
# - "Larger" and "smaller" steps: the two end levels stay as they are, $\sigma_1 = 16$ and $\sigma_L = 0.01$ for images in [0, 1] (DDPM: the same terminal signal-to-noise ratio). More levels between them are then smaller steps.
# - Langevin: $T = 5$ steps a level with $r$ = step/$\sigma^2$ = 0.11, and a last denoising, unless said; an evaluation is one call of the score for one sample.
# - The exact law is those images and nothing else: each of its samples ends on one of them, so it shows proportions and variety, but no blur; blur and generalisation are the network's part.

# %% [markdown] lang="fa"
# ## پرسش
# اندازهٔ نوفه و تعداد گام‌ها چه اثری دارد؟ اگر مدل انتشاری ۴۰ گام داشته باشد، با ۳ گام بزرگ‌تر یا ۸۰ گام کوچک‌تر چه می‌شود؟ سه پاسخ: یکی از نظریه؛ یکی با امتیاز *دقیق*
# ۲٬۰۰۰ تصویر که در آن تنها نمونه‌گیر می‌تواند خطا کند؛ و یکی با شبکه‌های آموزش‌دیده (NCSNv2 و DDPM).
#
# ## فرض‌ها
# - گام «بزرگ‌تر» و «کوچک‌تر» یعنی دو تراز انتهایی ثابت می‌مانند: $\sigma_1 = 16$ و $\sigma_L = 0.01$ برای تصویرهای بازهٔ $[0, 1]$ (در DDPM: همان نسبت سیگنال به نوفهٔ پایانی). ترازهای بیشتر میان آن‌ها یعنی گام‌های کوچک‌تر.
# - لانژون: در هر تراز $T = 5$ گام با $r = 0.11$ (گام تقسیم بر $\sigma^2$) و یک نوفه‌زدایی پایانی، مگر آنکه گفته شود؛ «ارزیابی» یعنی یک بار پرسیدن امتیاز برای یک نمونه.
# - توزیع دقیق همان تصویرهاست و دیگر هیچ: هر نمونه‌اش سرانجام روی یکی از آن‌ها می‌نشیند؛ پس نسبت‌ها و تنوع را نشان می‌دهد، نه تاری را. تاری و تعمیم سهم شبکه است.

# %%
from dataclasses import replace

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy import stats

from simorgh.data import load
from simorgh.diffusion import ladder
from simorgh.diffusion.exact import Mixture
from simorgh.diffusion.grid import Grid
from simorgh.diffusion.path import VE, VPLinear, remaining_signal
from simorgh.diffusion.sampler import Sampler
from simorgh.diffusion.steps import DDIM, Ancestral, DPMpp2M, Heun, Langevin
from simorgh.metrics.intervals import mean_interval, paired_difference
from simorgh.report.figures import image_grid
from simorgh.report.style import LINES, use_style
from simorgh.studies import _levels as scale
from simorgh.studies import kit

study = kit.current()
use_style()
score_run, ddpm_run = study.runs("ncsnv2")[0], study.runs("ddpm")[0]
data = load(score_run.experiment.data)
D = data.spec.shape[0] * data.spec.shape[1] * data.spec.shape[2]
top, last, COUNTS = 16.0, 0.01, (3, 10, 40, 80, 95)
device = "cuda" if torch.cuda.is_available() else "cpu"
if study.small:
    study.say("**The `smoke` preset**: at most 20 samples, 200 images, networks after a few steps. Its numbers say nothing.", "**اندازهٔ `smoke`**: حداکثر ۲۰ نمونه، ۲۰۰ تصویر و شبکه‌هایی پس از چند گام؛ اعداد آن چیزی نمی‌گوید.")
if data.name != "mnist":
    study.say(f"**Data: {data.name}**, {D} pixels an image; digits are told by the nearest real image.", f"**داده: <bdi>{data.name}</bdi>** با {D} پیکسل؛ رقم هر نمونه همان رقم نزدیک‌ترین تصویر واقعی است.")

# %% [markdown] lang="en"
# ## Theory: neighbours must overlap
# Noise of size $\sigma$ in $D$ dimensions does not fill a ball: $|\sigma \varepsilon| = \sqrt{D} \sigma$ within about $\sigma / \sqrt 2$, a thin *shell*. Langevin dynamics at the next level starts well only where chains already are, so
# shells of neighbouring levels should share mass. With ratio $\gamma = \sigma_{i} / \sigma_{i+1}$ the share is (Song & Ermon 2020, proposition 2)
# $$ C(\gamma) = \Phi\big(\sqrt{2D}\,(\gamma - 1) + 3\gamma\big) - \Phi\big(\sqrt{2D}\,(\gamma - 1) - 3\gamma\big), $$
# which their rule wants at about 0.5. As $D$ grows the allowed ratio goes to 1 like $1 + c/\sqrt{2D}$: more pixels need more levels. And $\sigma_1$ should be about the largest distance of two images, or separate digits never meet.

# %% [markdown] lang="fa"
# ## نظریه: ترازهای همسایه باید هم‌پوشان باشند
# نوفهٔ به اندازهٔ $\sigma$ در $D$ بُعد گوی را پر نمی‌کند: $|\sigma \varepsilon|$ برابر $\sqrt{D} \sigma$ با پراکندگی حدود $\sigma / \sqrt 2$ است، یعنی *پوسته‌ای* نازک. لانژون در تراز بعد تنها از جایی خوب آغاز می‌کند که زنجیره‌ها پیش‌تر آن‌جا
# باشند؛ پس پوسته‌های همسایه باید جرم مشترک داشته باشند. با نسبت $\gamma = \sigma_{i} / \sigma_{i+1}$ این سهم چنین است (Song & Ermon 2020، گزارهٔ ۲):
# $$ C(\gamma) = \Phi\big(\sqrt{2D}\,(\gamma - 1) + 3\gamma\big) - \Phi\big(\sqrt{2D}\,(\gamma - 1) - 3\gamma\big) $$
# و قاعدهٔ آن‌ها حدود ۰٫۵ می‌خواهد. با بزرگ‌شدن $D$ نسبت مجاز مانند $1 + c/\sqrt{2D}$ به ۱ می‌رود: پیکسل بیشتر، تراز بیشتر. و $\sigma_1$ باید حدود بیشترین فاصلهٔ دو تصویر باشد، وگرنه رقم‌های جدا هرگز به هم نمی‌رسند.

# %%
some = data.train.x[:1000].flatten(1).float() / 255
pairs = torch.pdist(some)
share, rows = {}, []
for count in COUNTS:
    cell = [count]
    for start in (top, 1.0):
        gamma = (start / last) ** (1 / (count - 1))
        share[count, start] = ladder.overlap(gamma, D)
        centre, half = gamma * D**0.5, 3 * gamma / 2**0.5  # three deviations of the upper shell, in units of the lower sigma
        exact = float(stats.chi.cdf(centre + half, D) - stats.chi.cdf(centre - half, D))
        cell += [kit.Cell(f"{gamma:.3f}"), kit.Cell(f"{share[count, start]:.3f}"), kit.Cell(f"{exact:.3f}")]
        if D > 500:
            assert abs(exact - share[count, start]) < 0.02
    rows.append([*cell, kit.Cell(f"{ladder.step_ratio((top / last) ** (1 / (count - 1)), 5):.2f}")])
    study.measure("overlap", share[count, top], n=D, unit="share", protocol="C(gamma) of Song & Ermon 2020, levels from 16 to 0.01", levels=count)
study.table(study.pick(["levels", "γ from 16", "C", "exact", "γ from 1", "C", "exact", "r by rule, from 16"], ["ترازها", "‏γ از ۱۶", "C", "دقیق", "‏γ از ۱", "C", "دقیق", "r به قاعده، از ۱۶"]), rows,
            f"Ratio of neighbours, their overlap C(γ), the same from the exact law of the radius (chi with {D} degrees of freedom), and the step ratio that technique 4 gives for T = 5.",
            f"نسبت ترازهای همسایه، هم‌پوشانی C(γ)، همان از توزیع دقیق شعاع (کی با {D} درجهٔ آزادی)، و نسبت گامی که قاعدهٔ چهارم برای $T = 5$ می‌دهد.")
figure = Figure(figsize=(7.6, 2.1))
figure.get_layout_engine().set(wspace=0.08)  # or the last tick of a panel runs into the first of the next
for panel, count in zip(figure.subplots(1, 4), (10, 40, 80, 95)):
    gamma = (top / last) ** (1 / (count - 1))
    thick = 4 / (2 * D) ** 0.5
    radius = np.linspace((1 - thick) / gamma, (1 + thick) * gamma, 2000)
    for i, power in enumerate((-1, 0, 1)):
        sigma = gamma**power
        panel.fill_between(radius, stats.chi.pdf(radius * D**0.5 / sigma, D) / sigma, color=LINES[i], alpha=0.6, linewidth=0)
    panel.set(title=f"{count}: γ = {gamma:.2f}, C = {share[count, top]:.2f}", yticks=[], xlabel="radius / √D σ")
    panel.grid(False)
study.figure(figure, "shells", "Where the noise of three neighbouring levels lies: densities of its radius, for four ladders from 16 to 0.01.", "نوفهٔ سه تراز همسایه کجاست: چگالی شعاع آن برای چهار نردبان از ۱۶ تا ۰٫۰۱.")
needed = ladder.count_of_levels(top, last, D)
classes = [[c for c in COUNTS if low <= share[c, top] < high] for low, high in ((0, 0.1), (0.1, 0.45), (0.45, 1.1))]
said = [", ".join(map(str, group)) or "–" for group in classes]
study.say(f"Two images of this set lie {float(pairs.median()):.1f} apart (median of 1,000) and at most {float(pairs.max()):.1f}: σ₁ should be about the latter; 16 is that for MNIST, and 1 is {float(pairs.max()):.0f} times too small. From 16, neighbours share {share[3, top]:.3f} with 3 levels, {share[40, top]:.3f} with 40, {share[80, top]:.2f} with 80 and {share[95, top]:.2f} with 95; the rule asks for {needed} levels. **Prediction:** too few levels: {said[0]}; near enough: {said[1]}; enough: {said[2]}. Beyond {needed} nothing should be gained but cost.",
          f"فاصلهٔ دو تصویر این مجموعه {float(pairs.median()):.1f} (میانهٔ ۱٬۰۰۰ تصویر) و حداکثر {float(pairs.max()):.1f} است: $\\sigma_1$ باید حدود این دومی باشد؛ ۱۶ برای MNIST چنین است و ۱ حدود {float(pairs.max()):.0f} برابر کوچک‌تر از آن است. از ۱۶، سهم مشترک همسایه‌ها با ۳ تراز {share[3, top]:.3f}، با ۴۰ تراز {share[40, top]:.3f}، با ۸۰ تراز {share[80, top]:.2f} و با ۹۵ تراز {share[95, top]:.2f} است؛ قاعده {needed} تراز می‌خواهد. **پیش‌بینی:** کم: {kit.ltr(said[0])}؛ کمابیش بس: {kit.ltr(said[1])}؛ بس: {kit.ltr(said[2])}. بیش از {needed} تراز نباید چیزی جز هزینه بیفزاید.")

# %% [markdown] lang="en"
# ## The exact score of 2,000 images
# $E[x|z]$ is a softmax-weighted mean of the images (`diffusion/exact.py`), so every error below is the sampler's. Three seeds; Fréchet distance in the leading principal components; total variation between
# the shares of the ten digits (a sample has the digit of its nearest image).

# %% [markdown] lang="fa"
# ## امتیاز دقیق ۲٬۰۰۰ تصویر
# ‏$E[x|z]$ میانگین تصویرها با وزن softmax است (`diffusion/exact.py`)؛ پس هر خطای زیر از نمونه‌گیر است. سه بذر؛ فاصلهٔ فرشه در مؤلفه‌های اصلی نخست؛ واریاسیون کل میان سهم ده رقم (رقم هر نمونه همان
# رقم نزدیک‌ترین تصویر است).

# %%
points, seeds, n = (200, 1, 20) if study.small else (2000, 3, 256)
law_x, law_y = data.test.x[:points].float() / 255, data.test.y[:points]
points = len(law_x)
law, yardstick = Mixture(law_x), scale.by_components(law_x, law_y)
path, T5 = VE(last, top), Langevin(0.11, 5)
floor_fd, floor_tv = scale.floors(yardstick, law_x, min(n, points))


def rule(count):
    """Technique 4: the r for five steps a level that carries the least variance over."""
    return Langevin(round(ladder.step_ratio((top / last) ** (1 / (count - 1)), 5), 3), 5)


def procedures(counts):
    return {f"{c} levels": (Sampler(T5, c), path) for c in counts}


plan = procedures(COUNTS)
plan |= {f"{c} levels, r = {rule(c).ratio:g}": (Sampler(rule(c), c), path) for c in (3, 10, 40)}
plan |= {"3 levels, T = 100": (Sampler(replace(T5, repeats=10 if study.small else 100), 3), path)}
plan |= {f"{c} levels from 1": (Sampler(T5, c), VE(last, 1.0)) for c in (10, 40)}
plan |= {"40 levels to 0.3": (Sampler(T5, 40), VE(0.3, top))}
karras = Grid("karras", last, top)
plan |= {f"{type(s).__name__}, {c} steps": (Sampler(s, c, karras), path) for s, counts in ((DDIM(), (3, 10, 40, 80)), (DPMpp2M(), (3, 10, 40)), (Heun(), (3, 10, 40))) for c in counts}
exact = {}
for title, (sampler, walked) in study.track(plan.items(), "exact score"):
    found = [scale.draw(sampler, law, walked, data.spec.shape, n, seed) for seed in range(seeds)]
    exact[title] = [(yardstick.distance(x), yardstick.variation(x), seconds) for x, seconds in found]


def asked(row):
    """How often a sampler on its path asks for each sample."""
    return row[0].evaluations(row[1])


def over(title, which):
    """Mean and interval over the seeds of one of (distance, variation, seconds)."""
    values = [row[which] for row in exact[title]]
    m = mean_interval(values) if len(values) > 1 else None
    return (float(np.mean(values)), *((m.low, m.high) if m else (None, None)))


def written(value, low, high, form=".2f"):
    return kit.Cell(f"{value:{form}}" if low is None else f"{value:{form}} ± {(high - low) / 2:{form}}")


rows = []
for title, (sampler, walked) in plan.items():
    fd, tv, seconds = (over(title, i) for i in range(3))
    study.measure("exact_fd", *fd, n=seeds, unit="squared grey level (0 to 1)", floor=floor_fd, protocol=f"Fréchet distance in the {yardstick.name} between {n} samples and {points} images whose exact score is used, {scale.named(sampler, walked)}, Student interval over seeds", sampler=title, evaluations=sampler.evaluations(walked))
    study.measure("exact_tv", *tv, n=seeds, unit="share", floor=floor_tv, protocol=f"total variation of the shares of digits between {n} samples and {points} images whose exact score is used, {scale.named(sampler, walked)}, Student interval over seeds", sampler=title, evaluations=sampler.evaluations(walked))
    rows.append([kit.ltr(title), sampler.evaluations(walked), written(*fd), written(*tv, ".3f"), kit.Cell(f"{1000 * seconds[0]:.1f}")])
study.table(study.pick(["sampler", "evaluations", "distance", "TV of digits", "ms a sample"], ["نمونه‌گیر", "ارزیابی‌ها", "فاصله", "TV رقم‌ها", "میلی‌ثانیه برای هر نمونه"]), rows,
            f"Exact score of {points:,} images, {n} samples a seed, mean over {seeds} seeds ± half of the 95 % Student interval. Langevin with r = 0.11 and T = 5 unless said; others on a Karras grid (ρ = 7) between the same ends. {n} of the images themselves: {floor_fd:.2f} and {floor_tv:.3f}. Times are of this machine, under whatever else it did.",
            f"امتیاز دقیق {points:,} تصویر، در هر بذر {n} نمونه، میانگین {seeds} بذر ± نیم‌بازهٔ ۹۵ درصدی استیودنت. لانژون با {kit.ltr('r = 0.11')} و {kit.ltr('T = 5')} مگر آنکه گفته شود؛ بقیه روی ترازهای Karras ({kit.ltr('ρ = 7')}) میان همان دو انتها. خود تصویرها با همین تعداد: {floor_fd:.2f} و {floor_tv:.3f}. زمان‌ها از این ماشین‌اند.")


def change(a, b, which=0):
    """Mean over seeds of the distance (which = 0) or the variation (1) of plan b less that of plan a, and its interval."""
    values = [[row[which] for row in exact[title]] for title in (a, b)]
    if seeds < 2:
        return values[1][0] - values[0][0], None, None
    d = paired_difference(values[1], values[0])
    return d.value, d.low, d.high


def wording(d, en=True):
    value, low, high = d
    if low is None:
        return "not told apart by one seed" if en else "با یک بذر داوری‌پذیر نیست"
    if low <= 0 <= high:
        return "not different beyond chance" if en else "تفاوتی بیش از تصادف ندارد"
    return ("worse" if value > 0 else "better") if en else ("بدتر است" if value > 0 else "بهتر است")


def signed(d, form=".2f"):
    return kit.ltr(f"{d[0]:+{form}}" if d[1] is None else f"{d[0]:+{form}} [{d[1]:+{form}}, {d[2]:+{form}}]")


def told(d, larger, smaller, neither):
    """The sentence that the sign of a change bears: `neither` where its interval has both, or where there is none."""
    return neither if d[1] is None or d[1] <= 0 <= d[2] else larger if d[0] > 0 else smaller


few, many, full = (change(f"{a} levels", f"{b} levels") for a, b in ((40, 3), (40, 80), (80, 95)))
waited, low, coarse = change("40 levels", "3 levels, T = 100"), change("40 levels", "40 levels from 1", which=1), change("40 levels", "40 levels to 0.3")
for (a, b), d in {("40 levels", "3 levels"): few, ("40 levels", "80 levels"): many, ("80 levels", "95 levels"): full, ("40 levels", "3 levels, T = 100"): waited, ("40 levels", "40 levels to 0.3"): coarse}.items():
    study.measure("exact_fd_change", *d, n=seeds, unit="squared grey level (0 to 1)", protocol=f"exact_fd with {b} minus that with {a}, paired by seed, Student interval", sampler=b)
_ = study.measure("exact_tv_change", *low, n=seeds, unit="share", protocol="exact_tv with 40 levels from 1 minus that with 40 levels, paired by seed, Student interval", sampler="40 levels from 1")

# %%
def against_cost(groups, floor, ylabel, spread):
    """Quality against evaluations, one line a group of (evaluations, value, low, high)."""
    figure = Figure(figsize=(5.6, 3.2))
    axes = figure.subplots()
    for i, (name, line) in enumerate(groups.items()):
        line = sorted(line)
        x, y = [p[0] for p in line], [p[1] for p in line]
        axes.plot(x, y, "o-", markersize=4, color=LINES[i], label=name)
        if spread:
            for e, _, low, high in line:
                if low is not None:
                    axes.plot([e, e], [low, high], color=LINES[i], linewidth=1)
    axes.axhline(floor, color="black", linestyle="--", linewidth=0.8)
    axes.set(xscale="log", yscale="log", xlabel="evaluations a sample", ylabel=ylabel)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


kinds = {"Langevin, r = 0.11": [f"{c} levels" for c in COUNTS], "Langevin, r by rule": [f"{c} levels, r = {rule(c).ratio:g}" for c in (3, 10, 40)], "Langevin from σ = 1": [f"{c} levels from 1" for c in (10, 40)],
         "DDIM": [f"DDIM, {c} steps" for c in (3, 10, 40, 80)], "DPM-Solver++ 2M": [f"DPMpp2M, {c} steps" for c in (3, 10, 40)], "Heun": [f"Heun, {c} steps" for c in (3, 10, 40)]}
study.figure(against_cost({k: [(asked(plan[t]), *over(t, 0)) for t in titles] for k, titles in kinds.items()}, floor_fd, "Fréchet distance", True), "exact",
             "Exact score: distance against evaluations; bars are 95 % intervals over seeds, dashed is what as many real images reach.", "امتیاز دقیق: فاصله در برابر ارزیابی‌ها؛ میله‌ها بازهٔ ۹۵ درصدی روی بذرها و خط‌چین همان تعداد تصویر واقعی است.")
unknown = ("these seeds do not tell them apart", "این بذرها آن دو را از هم جدا نمی‌کنند")
patience = told(waited, ("patience at a level does not replace levels", "صبر در یک تراز جای تراز را نمی‌گیرد"), ("here patience replaces levels", "این‌جا صبر جای تراز را می‌گیرد"), unknown)
low_start = told(low, ("fine rungs do not help a ladder that starts too low", "پله‌های ریز به نردبانی که از پایین آغاز می‌شود کمکی نمی‌کند"), ("here the lower start did good", "این‌جا آغاز پایین‌تر سودمند بود"), unknown)
early_end = told(coarse, ("the detail of the last levels is missed", "جزئیاتِ ترازهای آخر کم می‌آید"), ("here the last levels do harm", "این‌جا ترازهای آخر زیان می‌زنند"), unknown)
study.say(f"**Number of steps.** From 40 to 3 levels the distance changes by {signed(few)} ({wording(few)}), from 40 to 80 by {signed(many)} ({wording(many)}), from 80 to 95 by {signed(full)} ({wording(full)}). Twenty times as many Langevin steps at each of 3 levels give {over('3 levels, T = 100', 0)[0]:.2f} at {asked(plan['3 levels, T = 100'])} evaluations, where 40 levels with 5 have {over('40 levels', 0)[0]:.2f} at {asked(plan['40 levels'])}, {signed(waited)}: {patience[0]}. With the r of technique 4: 3 levels {over('3 levels', 0)[0]:.2f} → {over(f'3 levels, r = {rule(3).ratio:g}', 0)[0]:.2f}, 10 levels {over('10 levels', 0)[0]:.2f} → {over(f'10 levels, r = {rule(10).ratio:g}', 0)[0]:.2f}.\n\n"
          f"**Size of the noise.** Starting at σ = 1 in place of 16 gives a total variation of the digits' shares of {over('40 levels from 1', 1)[0]:.3f} against {over('40 levels', 1)[0]:.3f} at 40 levels, though by C(γ) that ladder is the finer one ({share[40, 1.0]:.3f} against {share[40, top]:.3f}); change {signed(low, '.3f')}: {low_start[0]}. Ending at σ = 0.3 in place of {last:g} takes the distance from {over('40 levels', 0)[0]:.2f} to {over('40 levels to 0.3', 0)[0]:.2f}, {signed(coarse)}: {early_end[0]}.\n\n"
          f"**Langevin is not the only way down.** DDIM with 10 evaluations reaches {over('DDIM, 10 steps', 0)[0]:.2f}, the Langevin ladder with {asked(plan['40 levels'])} reaches {over('40 levels', 0)[0]:.2f}: a deterministic step of the probability flow need not wait for a chain to settle.",
          f"**تعداد گام‌ها.** از ۴۰ به ۳ تراز فاصله {signed(few)} تغییر می‌کند ({wording(few, False)})، از ۴۰ به ۸۰ به اندازهٔ {signed(many)} ({wording(many, False)}) و از ۸۰ به ۹۵ به اندازهٔ {signed(full)} ({wording(full, False)}). بیست برابر گام لانژون در هر یک از ۳ تراز با {asked(plan['3 levels, T = 100'])} ارزیابی به {over('3 levels, T = 100', 0)[0]:.2f} می‌رسد، حال آنکه ۴۰ تراز پنج‌گامی با {asked(plan['40 levels'])} ارزیابی {over('40 levels', 0)[0]:.2f} دارد، تفاوت {signed(waited)}: {patience[1]}. با مقدار $r$ از قاعدهٔ چهارم فاصله چنین تغییر می‌کند: ۳ تراز از {over('3 levels', 0)[0]:.2f} به {over(f'3 levels, r = {rule(3).ratio:g}', 0)[0]:.2f} و ۱۰ تراز از {over('10 levels', 0)[0]:.2f} به {over(f'10 levels, r = {rule(10).ratio:g}', 0)[0]:.2f}.\n\n"
          f"**اندازهٔ نوفه.** با آغاز از $\\sigma = 1$ به جای ۱۶، واریاسیون کل سهم رقم‌ها با ۴۰ تراز {over('40 levels from 1', 1)[0]:.3f} است در برابر {over('40 levels', 1)[0]:.3f}، هرچند بنا بر C(γ) آن نردبان ریزتر است ({share[40, 1.0]:.3f} در برابر {share[40, top]:.3f})؛ تفاوت {signed(low, '.3f')}: {low_start[1]}. با پایان در $\\sigma = 0.3$ به جای {last:g} فاصله از {over('40 levels', 0)[0]:.2f} به {over('40 levels to 0.3', 0)[0]:.2f} می‌رود، {signed(coarse)}: {early_end[1]}.\n\n"
          f"**لانژون تنها راه پایین‌آمدن نیست.** ‏DDIM با ۱۰ ارزیابی به {over('DDIM, 10 steps', 0)[0]:.2f} می‌رسد و نردبان لانژون با {asked(plan['40 levels'])} ارزیابی به {over('40 levels', 0)[0]:.2f}: گام قطعیِ جریان احتمال نیازی ندارد که منتظر آرام‌گرفتن زنجیره بماند.")

# %% [markdown] lang="en"
# ## The same ladders with a trained network
# NCSNv2 has seen 95 levels from 16 to 0.01; a ladder with fewer visits some of the same range. The network's error now adds to the sampler's. Distance is taken in the features of a frozen classifier.

# %% [markdown] lang="fa"
# ## همان نردبان‌ها با شبکهٔ آموزش‌دیده
# ‏NCSNv2 ترازهای ۹۵گانه از ۱۶ تا ۰٫۰۱ را دیده است؛ نردبان کوتاه‌تر چند جا از همان بازه را می‌بیند. اکنون خطای شبکه بر خطای نمونه‌گیر افزوده می‌شود. فاصله در ویژگی‌های یک رده‌بند ثابت سنجیده می‌شود.

# %%
drawn = 10 if study.small else 160
judge = scale.by_judge(data, 2000)
judge_fd, judge_tv = scale.floors(judge, data.train.x[:10_000].float() / 255, drawn)


def trained(run, plan):
    """Per title: distance with its interval, total variation, seconds a sample, and ten images."""
    model = run.model().to(device)
    found = {}
    for title, (sampler, walked) in study.track(plan.items(), run.experiment.name):
        z, seconds = scale.draw(sampler, model.denoiser(clip=sampler.clip), walked, run.spec.shape, drawn, 0, device)
        x = model.outward(z)
        d = judge.distance_interval(x)
        found[title] = (d, judge.variation(x), seconds, x[:10])
        study.measure("fd_digits", d.value, d.low, d.high, n=drawn, unit="squared feature units", floor=judge_fd, protocol=f"Fréchet distance of {drawn} samples from {len(judge.digits)} test images, {judge.name}, {scale.named(sampler, walked)}, jackknife", recipe=run.experiment.name, sampler=title, evaluations=sampler.evaluations(walked))
        study.measure("tv_digits", found[title][1], n=drawn, unit="share", floor=judge_tv, protocol=f"total variation of the shares of digits between {drawn} samples and {len(judge.digits)} test images, {judge.name}, {scale.named(sampler, walked)}", recipe=run.experiment.name, sampler=title, evaluations=sampler.evaluations(walked))
    return found


def shown(found, plan, en, fa, name, picture_en, picture_fa):
    study.table(study.pick(["sampler", "evaluations", "distance", "TV of digits", "ms a sample"], ["نمونه‌گیر", "ارزیابی‌ها", "فاصله", "TV رقم‌ها", "میلی‌ثانیه برای هر نمونه"]),
                [[kit.ltr(t), asked(plan[t]), kit.ends(d, 1), kit.Cell(f"{tv:.3f}"), kit.Cell(f"{1000 * s:.0f}")] for t, (d, tv, s, _) in found.items()],
                f"{en}, {drawn} samples against {len(judge.digits):,} test images; distance with its 95 % jackknife interval. As many training images: {judge_fd:.1f} and {judge_tv:.3f}.",
                f"{fa}، {drawn} نمونه در برابر {len(judge.digits):,} تصویر آزمون؛ فاصله با بازهٔ ۹۵ درصدی جک‌نایف. همین تعداد تصویر آموزش: {judge_fd:.1f} و {judge_tv:.3f}.")
    study.figure(image_grid(torch.cat([images for *_, images in found.values()]), len(found), 10, row_labels=list(found), cell=0.42), name, picture_en, picture_fa)


walks = procedures(COUNTS)
walks |= {f"{c} levels, r = {rule(c).ratio:g}": (Sampler(rule(c), c), path) for c in (3, 10)}
walks |= {"40 levels from 1": (Sampler(T5, 40, Grid("log", last, 1.0)), path), "40 levels to 0.3": (Sampler(T5, 40, Grid("log", 0.3, top)), path)}
score_found = trained(score_run, walks)
shown(score_found, walks, "Trained NCSNv2", "‏NCSNv2 آموزش‌دیده", "ncsnv2", "Ten samples a ladder from the trained network; in each column the same noise at the start.", "ده نمونه از شبکهٔ آموزش‌دیده با هر نردبان؛ در هر ستون نوفهٔ آغازین یکی است.")

# %% [markdown] lang="en"
# ## DDPM with 3, 40, 80 and 1,000 steps
# Two ways to take fewer steps. *Recomputing* $\beta$ from $10^{-4}$ to 0.02 for $N$ steps leaves signal at the end, so that sampling from pure noise starts wrong. *Striding* keeps the trained path and visits $N$ of its levels: the terminal
# signal-to-noise ratio is the same for every $N$. The second is done here. With few steps the variance of the reverse step matters as much as their number, so it is named: DDIM (none), small ($\tilde\beta$), large ($\beta$).

# %% [markdown] lang="fa"
# ## ‏DDPM با ۳، ۴۰، ۸۰ و ۱۰۰۰ گام
# گام کمتر را دو جور می‌توان برداشت. *محاسبهٔ دوبارهٔ* $\beta$ از $10^{-4}$ تا ۰٫۰۲ برای $N$ گام در پایان سیگنال به جا می‌گذارد و نمونه‌گیری از نوفهٔ خالص از جای نادرست آغاز می‌شود. *پرش* مسیر آموزش‌دیده را نگه می‌دارد و $N$ تراز آن را می‌بیند: نسبت سیگنال به
# نوفهٔ پایانی برای هر $N$ یکی است. این‌جا دومی انجام می‌شود. با گام‌های کم، واریانس گام وارون همان‌قدر مهم است که تعدادشان؛ پس نامش گفته می‌شود: DDIM (بی‌نوفه)، کوچک ($\tilde\beta$)، بزرگ ($\beta$).

# %%
ddpm_path = ddpm_run.experiment.model.path
study.table(study.pick(["steps", "β recomputed", "β times 1000/N", "strided"], ["گام‌ها", "‏β از نو", f"‏{kit.ltr('β × 1000/N')}", "پرش"]),
            [[N, kit.Cell(f"{remaining_signal(VPLinear(N)):.4f}"), kit.Cell(f"{remaining_signal(VPLinear(N, rescale=True)):.4f}") if N > 20 else None, kit.Cell(f"{(1 + Grid().levels(ddpm_path, N)[0] ** 2) ** -0.5:.4f}")] for N in (3, 40, 80, 1000)],
            "Amplitude of the signal that is left at the largest level. With N ≤ 20 the stretched β reaches or exceeds 1.", "دامنهٔ سیگنالی که در بزرگ‌ترین تراز می‌ماند. برای $N \\le 20$ مقدار کشیدهٔ $\\beta$ به ۱ می‌رسد یا از آن می‌گذرد.")
longest = 50 if study.small else 1000
moves = {"DDIM": DDIM(), "small": Ancestral("small"), "large": Ancestral("large")}
strides = {f"{name}, {N} steps": (Sampler(step, N, clip=True), ddpm_path) for name, step in moves.items() for N in (3, 40, 80)}
strides |= {f"large, {longest} steps": (Sampler(moves["large"], longest, clip=True), ddpm_path)}
ddpm_found = trained(ddpm_run, strides)
shown(ddpm_found, strides, "Trained DDPM, strided, estimates of x clipped to the range of the data", "‏DDPM آموزش‌دیده با پرش، برآوردهای $x$ بریده به بازهٔ داده", "ddpm", "Ten samples of each way from the trained DDPM.", "ده نمونه از هر روش با DDPM آموزش‌دیده.")
lines = {f"DDPM, {name}": [(asked(strides[t]), ddpm_found[t][0].value, ddpm_found[t][0].low, ddpm_found[t][0].high) for t in strides if t.startswith(name)] for name in moves}
lines["NCSNv2, Langevin"] = [(asked(walks[f"{c} levels"]), *ddpm[:3]) for c in COUNTS for ddpm in [score_found[f"{c} levels"][0]]]
study.figure(against_cost(lines, judge_fd, "Fréchet distance of digits", True), "trained", "Trained networks: distance against evaluations, with 95 % jackknife intervals; dashed: as many training images.", "شبکه‌های آموزش‌دیده: فاصله در برابر ارزیابی‌ها با بازهٔ ۹۵ درصدی جک‌نایف؛ خط‌چین: همان تعداد تصویر آموزش.")

# %% [markdown] lang="en"
# ## Answer: 40 steps, 3 larger ones or 80 smaller ones
# %% [markdown] lang="fa"
# ## پاسخ: ۴۰ گام، ۳ گام بزرگ‌تر یا ۸۰ گام کوچک‌تر

# %%
def triple(found, name="{} levels"):
    return ", ".join(f"{found[name.format(c)][0].value:.1f}" for c in (3, 40, 80))


def separate(found, a, b, name):
    """Whether two intervals lie apart."""
    one, two = found[name.format(a)][0], found[name.format(b)][0]
    return one.high < two.low or two.high < one.low


best = min(moves, key=lambda m: ddpm_found[f"{m}, 3 steps"][0].value)
third = ladder.overlap((top / 0.3) ** (1 / 39), D)
whole, cut = score_found["40 levels"], score_found["40 levels to 0.3"]
spans = [f"{one[0].value:.1f} [{one[0].low:.1f}, {one[0].high:.1f}]" for one in (whole, cut)]
as_said = (", as the theory says", ", against the theory", ", the intervals overlap"), ("، چنان‌که نظریه می‌گوید", "، خلاف نظریه", "، بازه‌ها هم‌پوشانی دارند")
end_half = 0 if cut[0].low > whole[0].high else 1 if cut[0].high < whole[0].low else 2
against = end_half == 1
twofold = (f"The shorter ladders also have finer rungs (C(γ) {share[40, top]:.3f}, {share[40, 1.0]:.3f} from 1, {third:.3f} to 0.3), so two changes are compared at once, with a network that is not exact besides{': the trained model does not confirm the theory' if against else ''}. The tests without the error of a network are those with the exact score above, where the rungs are finer as well.",
           f"نردبان‌های کوتاه‌تر پله‌های ریزتر هم دارند (C(γ) برابر {share[40, top]:.3f}، از ۱ برابر {share[40, 1.0]:.3f} و تا ۰٫۳ برابر {third:.3f})؛ پس دو تغییر با هم سنجیده می‌شود، آن هم با شبکه‌ای که دقیق نیست{'؛ مدل آموزش‌دیده نظریه را تأیید نمی‌کند' if against else ''}. آزمون‌های بی‌خطای شبکه همان امتیاز دقیق بالاست، که پله‌ها آن‌جا هم ریزترند.")
unseen = ("; that 40 are too few, as C(γ) predicts, the exact score does not show", "؛ امتیاز دقیق کم‌بودنِ ۴۰ تراز را، که C(γ) پیش‌بینی می‌کند، نشان نمی‌دهد") if many[1] is not None and many[1] <= 0 <= many[2] else ("", "")
apart = [separate(score_found, 40, 80, "{} levels"), *(separate(ddpm_found, 40, 80, f"{m}, {{}} steps") for m in moves)]
study.table(study.pick(["", "3", "40", "80"], ["", "۳", "۴۰", "۸۰"]),
            [[study.pick("exact score, Langevin", "امتیاز دقیق، لانژون"), *(written(*over(f"{c} levels", 0)) for c in (3, 40, 80))],
             [study.pick("exact score, DDIM", "امتیاز دقیق، DDIM"), *(written(*over(f"DDIM, {c} steps", 0)) for c in (3, 40, 80))],
             [study.pick("NCSNv2, Langevin", "‏NCSNv2، لانژون"), *(kit.Cell(f"{score_found[f'{c} levels'][0].value:.1f}") for c in (3, 40, 80))],
             *[[f"DDPM, {m}", *(kit.Cell(f"{ddpm_found[f'{m}, {c} steps'][0].value:.1f}") for c in (3, 40, 80))] for m in moves]],
            "Distances with 3, 40 and 80 steps between equal ends: the first two rows in grey values of pixels, the others in features of the judge; smaller is better, rows of the two kinds do not compare.",
            "فاصله با ۳، ۴۰ و ۸۰ گام میان دو انتهای یکسان: دو سطر نخست بر حسب سطح خاکستری پیکسل و بقیه در ویژگی‌های داور؛ کمتر بهتر است و این دو گونه سطر با هم مقایسه نمی‌شوند.")
study.say(f"**3 larger steps.** With the exact score the Langevin ladder is {wording(few)} ({signed(few)}); the trained NCSNv2 goes {triple(score_found)} (3, 40, 80 levels), and DDPM with 3 steps ends between {min(ddpm_found[f'{m}, 3 steps'][0].value for m in moves):.1f} and {max(ddpm_found[f'{m}, 3 steps'][0].value for m in moves):.1f} depending on the reverse variance ({best} is best), where 40 steps give {min(ddpm_found[f'{m}, 40 steps'][0].value for m in moves):.1f} to {max(ddpm_found[f'{m}, 40 steps'][0].value for m in moves):.1f}. The Gaussian reverse step is the poorer a picture of a posterior with many peaks, the larger it is.\n\n"
          f"**80 smaller steps.** Twice the evaluations. With the exact score: {wording(many)} ({signed(many)}). Of the four trained comparisons {sum(apart)} {'shows' if sum(apart) == 1 else 'show'} intervals that lie apart. Neighbours share {share[40, top]:.2f} with 40 levels and {share[80, top]:.2f} with 80, and the rule's half is reached with {needed}{unseen[0]}.\n\n"
          f"**Size of the noise.** By theory the largest level decides the proportions and the smallest the detail. Measured: starting at 1, NCSNv2 has a total variation of {score_found['40 levels from 1'][1]:.3f} in place of {whole[1]:.3f} (one seed, no interval); ending at 0.3 its distance is {spans[1]} in place of {spans[0]}{as_said[0][end_half]}. {twofold[0]} "
          "**Pitfalls.** A number of steps says nothing without the sampler's name and its reverse variance; Langevin pays T evaluations a level; and a schedule recomputed for few steps changes the end of the path as well.",
          f"**۳ گام بزرگ‌تر.** با امتیاز دقیق نردبان لانژون {wording(few, False)} ({signed(few)})؛ ‏NCSNv2 آموزش‌دیده با ۳، ۴۰ و ۸۰ تراز به ترتیب {kit.ltr(triple(score_found))} می‌دهد، و DDPM با ۳ گام بسته به واریانس وارون میان {min(ddpm_found[f'{m}, 3 steps'][0].value for m in moves):.1f} و {max(ddpm_found[f'{m}, 3 steps'][0].value for m in moves):.1f} می‌ماند (بهترین: {kit.ltr(best)})، حال آنکه ۴۰ گام {min(ddpm_found[f'{m}, 40 steps'][0].value for m in moves):.1f} تا {max(ddpm_found[f'{m}, 40 steps'][0].value for m in moves):.1f} می‌دهد. گام وارون گاوسی هرچه بزرگ‌تر باشد تصویر بدتری از پسینی با قله‌های بسیار است.\n\n"
          f"**۸۰ گام کوچک‌تر.** دو برابر ارزیابی. با امتیاز دقیق: {wording(many, False)} ({signed(many)}). از چهار مقایسهٔ آموزش‌دیده، بازه‌ها در {sum(apart)} مورد از هم جدا هستند. سهم مشترک همسایه‌ها با ۴۰ تراز {share[40, top]:.2f} و با ۸۰ تراز {share[80, top]:.2f} است و نیمهٔ قاعده با {needed} تراز به دست می‌آید{unseen[1]}.\n\n"
          f"**اندازهٔ نوفه.** بنا بر نظریه بزرگ‌ترین تراز نسبت‌ها را تعیین می‌کند و کوچک‌ترین جزئیات را. اندازه‌گیری: با آغاز از ۱ واریاسیون کل NCSNv2 به جای {whole[1]:.3f} برابر {score_found['40 levels from 1'][1]:.3f} است (یک بذر، بی‌بازه)؛ با پایان در ۰٫۳ فاصله‌اش به جای {kit.ltr(spans[0])} برابر {kit.ltr(spans[1])}{as_said[1][end_half]}. {twofold[1]} "
          "**دام‌ها.** تعداد گام بی نام نمونه‌گیر و واریانس وارونش چیزی نمی‌گوید؛ لانژون در هر تراز T ارزیابی می‌پردازد؛ و زمان‌بندی‌ای که برای گام‌های کم از نو حساب شود پایان مسیر را هم عوض می‌کند.")

# %% [markdown] lang="en"
# ## Sources
# Song & Ermon 2019 (arXiv 1907.05600); Song & Ermon 2020 (arXiv 2006.09011), propositions 1 to 3 and techniques 1, 2 and 4; Ho et al. 2020 (arXiv 2006.11239); Song, Meng & Ermon 2021 (arXiv 2010.02502), table 1 on the
# reverse variance; Karras et al. 2022 (arXiv 2206.00364); Lu et al. 2022 (arXiv 2211.01095); Lin et al. 2024 (arXiv 2305.08891) on the terminal signal-to-noise ratio.
# %% [markdown] lang="fa"
# ## منابع
# Song & Ermon 2019 (arXiv 1907.05600)؛ Song & Ermon 2020 (arXiv 2006.09011)، گزاره‌های ۱ تا ۳ و قاعده‌های ۱، ۲ و ۴؛ Ho et al. 2020 (arXiv 2006.11239)؛ Song, Meng & Ermon 2021 (arXiv 2010.02502)، جدول ۱ دربارهٔ
# واریانس وارون؛ Karras et al. 2022 (arXiv 2206.00364)؛ Lu et al. 2022 (arXiv 2211.01095)؛ Lin et al. 2024 (arXiv 2305.08891) دربارهٔ نسبت سیگنال به نوفهٔ پایانی.
