# ---
# simorgh:
#   title:
#     en: "Score matching and Langevin dynamics: from a density's gradient to digits"
#     fa: "تطبیق امتیاز و پویایی لانژون: از گرادیان چگالی تا رقم"
#   answers: [D1.a, D1.b]
#   runs: {ncsn: 1}
# ---

# %% [markdown] lang="en"
# ## Question
# The noise-conditional score network (NCSN, Song & Ermon 2019) generates images without ever computing a probability.
# (a) How does the method work, and what does Langevin dynamics do in it? (b) Data lie on a thin set and leave most of
# space empty: how does noise overcome both? Each step is derived, then *computed* where the score is known in closed
# form; the last part looks at a network that was trained on MNIST.
#
# ## Assumptions
# - $\sigma$ is the size of the noise added to data, $z = x + \sigma \varepsilon$, with density $p_\sigma$.
# - A Langevin step is named by the dimensionless $r$ = step / $\sigma^2$ in $z \leftarrow z + r \sigma^2 s(z) +
#   \sqrt{2 r}\, \sigma n$. The paper's text has $r = 0.1$; its code leaves the halves out and has $r = 0.2$. The NCSN below uses the latter.
# - The phrase "multiple assumption" of the question is read as *manifold* assumption.

# %% [markdown] lang="fa"
# ## پرسش
# شبکهٔ امتیازِ مشروط به نوفه (NCSN، ‏Song & Ermon 2019) بی‌آنکه هرگز احتمالی حساب کند تصویر می‌سازد. (آ) این روش چگونه کار می‌کند و
# پویایی لانژون در آن چه نقشی دارد؟ (ب) داده روی مجموعه‌ای نازک می‌نشیند و بیشتر فضا را خالی می‌گذارد: نوفه چگونه هر دو مشکل را حل
# می‌کند؟ هر گام نخست استنتاج و سپس آن‌جا که امتیاز به صورت بسته معلوم است *محاسبه* می‌شود؛ بخش پایانی به شبکه‌ای می‌پردازد که روی
# MNIST آموزش دیده است.
#
# ## فرض‌ها
# - $\sigma$ اندازهٔ نوفه‌ای است که به داده افزوده می‌شود، $z = x + \sigma \varepsilon$، و چگالی آن $p_\sigma$ است.
# - گام لانژون با عدد بی‌بُعد $r$ (گام تقسیم بر $\sigma^2$) نامیده می‌شود: $z \leftarrow z + r \sigma^2 s(z) + \sqrt{2 r}\, \sigma n$. متن مقاله
#   $r = 0.1$ دارد؛ کد آن ضریب‌های یک‌دوم را ندارد و $r = 0.2$ است. ‏NCSN پایین دومی را به کار می‌برد.
# - عبارت «multiple assumption» در صورت پرسش، فرض خمینه (*manifold*) خوانده می‌شود.

# %%
from dataclasses import replace
from math import hypot, log, sqrt

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.stats import binom, binomtest

from simorgh.data import load
from simorgh.diffusion.denoiser import levels
from simorgh.diffusion.exact import Mixture
from simorgh.diffusion.steps import Langevin, walk
from simorgh.metrics.intervals import mean_interval
from simorgh.noise import SampleNoise, philox
from simorgh.report.figures import image_grid
from simorgh.report.style import LINES, use_style
from simorgh.studies import _game_quality as standing
from simorgh.studies import _levels as scale
from simorgh.studies import kit
from simorgh.studies._toys import OnALine, carried, cells, circle_objective, learnt_error, manifold, normals, score, spiral, step_sizes, tensor, truth, variation, what_it_does, widths

study = kit.current()
use_style()
if study.small:
    study.say("**The `smoke` preset**: few chains and a network after a few steps. Its numbers say nothing.",
              "**اندازهٔ `smoke`**: زنجیره‌های اندک و شبکه‌ای پس از چند گام؛ اعداد آن چیزی نمی‌گوید.")

# %% [markdown] lang="en"
# ## (a.1) The score, and why it needs no normaliser
# 1. A flexible model gives an energy: $p(x) = e^{-E(x)} / Z$. Likelihood needs $Z = \int e^{-E}$, which nobody can compute
#    for images.
# 2. The **score** $s(x) = \nabla_x \log p(x) = -\nabla E(x) - \nabla \log Z$ does not: $Z$ is no function of $x$, so its
#    gradient is zero. A network may answer with any vector field.
# 3. *Score matching* would minimise $\tfrac12 E\, |s_\theta(x) - \nabla \log p(x)|^2$, whose target is unknown. Integrating by
#    parts gives $E[\tfrac12 |s_\theta|^2 + \nabla\!\cdot s_\theta]$ up to a constant (Hyvärinen 2005): data suffice, but the divergence
#    costs a pass of the network per pixel.
# 4. **Denoising score matching** (Vincent 2011). Since $\nabla p_\sigma(z) = \int p(x)\, p_\sigma(z|x)\, \nabla_z \log p_\sigma(z|x)\, dx$,
#    $$ \nabla \log p_\sigma(z) = E\left[\nabla_z \log p_\sigma(z|x) \,\middle|\, z\right] = E\left[-\varepsilon / \sigma \,\middle|\, z\right] = \frac{E[x|z] - z}{\sigma^2}. $$
#    A conditional mean is what least squares finds. So the regression of $-\varepsilon / \sigma$ on $z$ has the score of the noised data as its minimiser,
#    and for *every* function $s$
#    $$ \tfrac12 E\, |s(z) + \varepsilon / \sigma|^2 - \tfrac12 E\, |s(z) - \nabla \log p_\sigma(z)|^2 = \tfrac12 \left( D / \sigma^2 - E\, |\nabla \log p_\sigma|^2 \right), $$
#    which does not contain $s$.
# 5. The target grows like $1/\sigma$. With weight $\sigma^2$ every level has a loss of the same order, and the task reads "find
#    $\varepsilon$": the algebra that makes NCSN and DDPM one model.

# %% [markdown] lang="fa"
# ## (آ.۱) امتیاز، و چرا به بهنجارکننده نیاز ندارد
# ۱. مدل انعطاف‌پذیر یک انرژی می‌دهد: $p(x) = e^{-E(x)} / Z$. درست‌نمایی به $Z = \int e^{-E}$ نیاز دارد که برای تصویر محاسبه‌شدنی نیست.
#
# ۲. **امتیاز** (score) یعنی $s(x) = \nabla_x \log p(x) = -\nabla E(x) - \nabla \log Z$ به آن نیاز ندارد: $Z$ تابع $x$ نیست و گرادیانش صفر است. شبکه
# می‌تواند هر میدان برداری‌ای پاسخ دهد.
#
# ۳. *تطبیق امتیاز* باید $\tfrac12 E\, |s_\theta(x) - \nabla \log p(x)|^2$ را کمینه کند که هدفش نامعلوم است. انتگرال‌گیری جزءبه‌جزء آن را تا یک ثابت به
# $E[\tfrac12 |s_\theta|^2 + \nabla\!\cdot s_\theta]$ بدل می‌کند (Hyvärinen 2005): داده کافی است، اما محاسبهٔ واگرایی برای هر پیکسل یک بار اجرای شبکه می‌خواهد.
#
# ۴. **تطبیق امتیاز با نوفه‌زدایی** (Vincent 2011). چون $\nabla p_\sigma(z) = \int p(x)\, p_\sigma(z|x)\, \nabla_z \log p_\sigma(z|x)\, dx$ است،
# $$ \nabla \log p_\sigma(z) = E\left[\nabla_z \log p_\sigma(z|x) \,\middle|\, z\right] = E\left[-\varepsilon / \sigma \,\middle|\, z\right] = \frac{E[x|z] - z}{\sigma^2}. $$
# میانگین شرطی همان است که کمترین مربعات می‌یابد. پس رگرسیون $-\varepsilon / \sigma$ روی $z$ در امتیاز دادهٔ نوفه‌دار کمینه می‌شود و برای *هر* تابع $s$
# $$ \tfrac12 E\, |s(z) + \varepsilon / \sigma|^2 - \tfrac12 E\, |s(z) - \nabla \log p_\sigma(z)|^2 = \tfrac12 \left( D / \sigma^2 - E\, |\nabla \log p_\sigma|^2 \right) $$
# که $s$ در آن نیست.
#
# ۵. هدف مانند $1/\sigma$ بزرگ می‌شود. با وزن $\sigma^2$ هزینهٔ همهٔ ترازها هم‌مرتبه می‌شود و مسئله به «یافتن $\varepsilon$» بدل می‌شود: همان جبری که NCSN و
# DDPM را یک مدل می‌کند.

# %%
line = OnALine()
z, exact, sigma = line.z, line.exact, line.sigma
gap, gap_z = (float(np.abs(other - exact).max() / np.abs(exact).max()) for other in (line.minimiser, line.unnormalised))
trials = {"s = 0": 0 * z, "s = −z": -z, "s = 5 sin 3z": 5 * np.sin(3 * z), "s = sign z": np.sign(z), study.pick("the score itself", "خود امتیاز"): exact}
rows, constants = [], []
for title, s in trials.items():
    explicit, denoising = line.objectives(s)
    constants.append(denoising - explicit)
    rows.append([title, kit.Cell(f"{explicit:.6f}"), kit.Cell(f"{denoising:.6f}"), kit.Cell(f"{constants[-1]:.12f}")])
spread = max(abs(c - line.constant()) for c in constants)
assert gap < 1e-10
assert gap_z < 1e-10
assert spread < 1e-10
study.table(study.pick(["function", "against the score", "against −ε/σ", "difference"], ["تابع", "در برابر امتیاز", "در برابر نوفه", "تفاضل"]), rows,
            f"Half the mean square distance of five functions from the score, and from the target that needs no density; three points on the line, σ = {sigma}, by quadrature in float64.",
            f"نصف میانگین مربع فاصلهٔ پنج تابع از امتیاز و از هدفی که چگالی نمی‌خواهد؛ سه نقطه روی خط، $\\sigma = {sigma}$، انتگرال عددی با دقت دوگانه.")
_ = study.measure("dsm_minimiser_error", gap, n=len(z), protocol="largest difference of the minimiser of denoising score matching from the derivative of the log-density, over its largest value; 3 points, sigma 0.4, float64")

# %%
counts = [1000, 10_000] if study.small else [1000, 10_000, 100_000, 1_000_000]
fits = {n: line.fit(n) for n in counts}
error = {n: line.error(s) for n, s in fits.items()}
figure = Figure(figsize=(7.4, 2.7))
left, right_ = figure.subplots(1, 2)
left.plot(z, exact, color="black", label="exact score")
left.plot(z, fits[counts[0]], "--", label=f"fit, {counts[0]:,} draws")
left.plot(z, fits[counts[-1]], "--", label=f"fit, {counts[-1]:,} draws")
left.fill_between(z, -9, -9 + 8 * line.density, color="#DDDDDD", label="density")
left.set(xlabel="z", ylim=(-9, 9), xlim=(-2.6, 3.1))
left.legend(fontsize=7)
right_.loglog(counts, list(error.values()), "o-")
right_.axhline(line.error(line.best()), color="black", linewidth=0.8, linestyle="--")
right_.set(xlabel="noisy draws", ylabel="relative squared error")
study.figure(figure, "dsm", "Least squares of −ε/σ on 40 bumps of z, from noisy draws alone. Left: the fit finds the score. Right: its error under the density; dashed: the best that 40 bumps can do.",
             "کمترین مربعات $-\\varepsilon/\\sigma$ روی ۴۰ تابع زنگوله‌ای از $z$، تنها از روی نمونه‌های نوفه‌دار. چپ: برازش امتیاز را پیدا می‌کند. راست: خطای آن زیر چگالی؛ خط‌چین: بهترین کاری که از ۴۰ زنگوله برمی‌آید.")
study.measure("dsm_fit_error", error[counts[-1]], n=counts[-1], protocol="squared error of a least-squares fit of -eps/sigma on 40 bumps relative to the score's second moment, 3 points on the line, sigma 0.4")
study.say(f"The minimiser equals the derivative of the log-density to {gap:.0e}, multiplying the density by a million changes the score by {gap_z:.0e} (rounding), and the difference of both objectives is the predicted constant to {spread:.0e}, whatever the function. From draws the relative squared error falls from {error[counts[0]]:.2g} ({counts[0]:,} draws) to {error[counts[-1]]:.2g} ({counts[-1]:,}). It is largest where few draws land, and outside of them nothing holds the fit: keep that in mind for (b).",
          f"کمینه‌کننده تا {gap:.0e} با مشتق لگاریتم چگالی برابر است، ضرب چگالی در یک میلیون امتیاز را تنها {gap_z:.0e} (گردکردن) تغییر می‌دهد، و تفاضل دو هدف برای هر تابعی تا {spread:.0e} همان ثابت پیش‌بینی‌شده است. با نمونه‌گیری، خطای نسبی از {error[counts[0]]:.2g} (با {counts[0]:,} نمونه) به {error[counts[-1]]:.2g} (با {counts[-1]:,} نمونه) می‌رسد. خطا جایی بزرگ‌تر است که کمتر نمونه‌ای می‌افتد، و بیرون از نمونه‌ها هیچ چیز برازش را نگه نمی‌دارد: این را برای (ب) به یاد داشته باشید.")

# %% [markdown] lang="en"
# ## (a.2) What Langevin dynamics is, and does
# $$ z \leftarrow z + r \sigma^2\, s(z) + \sqrt{2r}\, \sigma\, n, \qquad n \sim N(0, I) $$
# is a discretised diffusion whose stationary density is $p_\sigma$: in $\partial_t p = -\nabla\!\cdot(p\, s) + \nabla^2 p$ both terms cancel exactly when
# $s = \nabla \log p$. The **drift** walks uphill to the nearest peak; the **noise** alone spreads without end; together they stay as long in every place as
# its density asks for. In NCSN it is the sampler: the only thing that it asks of the model is the score.

# %% [markdown] lang="fa"
# ## (آ.۲) پویایی لانژون چیست و چه می‌کند
# $$ z \leftarrow z + r \sigma^2\, s(z) + \sqrt{2r}\, \sigma\, n, \qquad n \sim N(0, I) $$
# گسستهٔ یک فرایند پخش است که چگالی مانایش $p_\sigma$ است: در $\partial_t p = -\nabla\!\cdot(p\, s) + \nabla^2 p$ دو جمله درست وقتی یکدیگر را حذف می‌کنند که
# $s = \nabla \log p$ باشد. **رانش** به سوی نزدیک‌ترین قله بالا می‌رود؛ **نوفه** به‌تنهایی بی‌پایان پخش می‌شود؛ با هم در هر جا به اندازه‌ای می‌مانند که چگالی‌اش
# می‌خواهد. در NCSN لانژون همان نمونه‌گیر است و از مدل تنها امتیاز را می‌پرسد.

# %%
three = Mixture(tensor([[-1.2, -0.7], [1.2, -0.7], [0.0, 1.3]]), tensor([0.5, 0.3, 0.2]))
wide, chains, marks = 0.7, (500 if study.small else 5000), ([0, 10, 100] if study.small else [0, 10, 100, 1000])
ideal = cells(truth(three, wide, 400_000, "ideal"))
floor = float(np.mean([variation(cells(truth(three, wide, chains, "floor", i)), ideal) for i in range(5)]))
kinds = {"drift": (1, 0), "noise": (0, 1), "Langevin": (1, 1)}
words = {"drift": study.pick("drift only", "تنها رانش"), "noise": study.pick("noise only", "تنها نوفه"), "Langevin": study.pick("Langevin", "لانژون")}
ends, apart_at = {}, {}
for title, (pull, shake) in kinds.items():
    normal, r = normals("kinds"), 0.1
    place = tensor([-2.5, 2.5]) + 0.3 * normal(chains, 2)
    for step in range(marks[-1] + 1):
        if step in marks:
            apart_at[title, step] = variation(cells(place), ideal)
        place = place + pull * r * wide**2 * score(three, place, wide) + shake * sqrt(2 * r) * wide * normal(chains, 2)
    ends[title] = place
figure = what_it_does(three, wide, ends)
study.figure(figure, "what-it-does", "The exact score of a mixture in the plane (σ = 0.7), and where chains from the cross end with only one of the two terms, and with both.",
             "امتیاز دقیق یک آمیختهٔ صفحه‌ای ($\\sigma = 0.7$) و جایی که زنجیره‌های آغازشده از علامت + تنها با یکی از دو جمله یا با هر دو می‌رسند.")
study.table([study.pick("steps", "گام‌ها"), *words.values()], [[m, *(kit.Cell(f"{apart_at[t, m]:.3f}") for t in kinds)] for m in marks],
            f"Total variation from the density over 256 cells, {chains:,} chains, r = 0.1. As many exact draws reach {floor:.3f}.", f"واریاسیون کل تا چگالی روی ۲۵۶ خانه، {chains:,} زنجیره، $r = 0.1$. همین تعداد نمونهٔ دقیق به {floor:.3f} می‌رسد.")
_ = study.measure("langevin_total_variation", apart_at["Langevin", marks[-1]], n=chains, unit="share", floor=floor, protocol=f"total variation over 256 cells between chains after {marks[-1]} Langevin steps with the exact score and the density, r = 0.1, sigma 0.7, three components in the plane")

# %% [markdown] lang="en"
# ### How long may a step be?
# Near one isolated point the score is $-(z - x)/\sigma^2$, so a step multiplies the error by $1 - r$ and adds variance $2r\sigma^2$. After $T$ steps the variance,
# in units of $\sigma^2$, is $v_T = a^T (v_0 - k) + k$ with $a = (1 - r)^2$ and $k = \frac{1}{1 - r/2}$: too wide by half of $r$ at small $r$, infinite at $r = 2$.
# Beyond it errors grow by the factor $r - 1$ a step.

# %% [markdown] lang="fa"
# ### گام تا چه اندازه می‌تواند بلند باشد؟
# نزدیک یک نقطهٔ تنها امتیاز $-(z - x)/\sigma^2$ است؛ پس هر گام خطا را در $1 - r$ ضرب می‌کند و واریانس $2r\sigma^2$ می‌افزاید. پس از $T$ گام واریانس بر حسب
# $\sigma^2$ برابر $v_T = a^T (v_0 - k) + k$ است با $a = (1 - r)^2$ و $k = \frac{1}{1 - r/2}$: برای $r$ کوچک به اندازهٔ نصف $r$ پهن‌تر، و در $r = 2$ بی‌نهایت. برای $r$ بزرگ‌تر از ۲
# خطا در هر گام $r - 1$ برابر می‌شود.

# %%
far = Mixture(tensor([[-20.0, 0.0], [20.0, 0.0], [0.0, 34.6]]), tensor([0.6, 0.3, 0.1]))
ratios, T = (0.005, 0.02, 0.05, 0.11, 0.2, 0.5, 1.0, 1.5, 1.9, 2.1), 50
first, rungs, repeats = 60.0, 20, 5
grid = (*np.geomspace(first, 1.0, rungs).tolist(), 0.0)
alone, one, ladder, rows = Mixture(tensor([[0.0, 0.0]])), {}, {}, []
for r in ratios:
    normal = normals("step size", r)
    place, sizes = 2 * normal(chains, 2), []  # variance 4
    for _ in range(T):
        place = place + r * score(alone, place, 1.0) + sqrt(2 * r) * normal(chains, 2)
        sizes.append(float(place.square().mean().log() / 2))
    one[r] = mean_interval(place.square().mean(1), kind="normal")
    growth = float(np.polyfit(np.arange(20), sizes[-20:], 1)[0])  # of the last ratio, the only one beyond 2
    start = first * normal(chains, 2) / hypot(1, first)
    share, variance = widths(walk(Langevin(r, repeats, denoise=False), far, start, grid, lambda normal=normal: normal(chains, 2)), far)
    ladder[r] = (variation(share.numpy(), far.weights.numpy()), float(variance.median() / log(2)))
    rows.append([r, kit.Cell(f"{carried(r, 4.0, T):.4g}"), kit.Cell(f"{one[r].value:.4g} [{one[r].low:.4g}, {one[r].high:.4g}]"), kit.Cell(f"{ladder[r][0]:.3f}"), kit.Cell(f"{ladder[r][1]:.3g}")])
    study.measure("variance_ratio", one[r].value, one[r].low, one[r].high, n=chains, unit="sigma^2", protocol=f"variance about one point after {T} Langevin steps from variance 4, exact score", r=r, theory=carried(r, 4.0, T))
assert all(abs(one[r].value / carried(r, 4.0, T) - 1) < (0.25 if study.small else 0.08) for r in ratios)
mixing_floor = float(np.mean([variation(philox("mix", i).multinomial(chains, far.weights.numpy()) / chains, far.weights.numpy()) for i in range(200)]))
study.table(study.pick(["r", "variance, theory", "variance, measured", "ladder: weights, TV", "ladder: variance"], ["r", "واریانس، نظری", "واریانس، اندازه‌گیری", "نردبان: TV وزن‌ها", "نردبان: واریانس"]), rows,
            f"Left: {T} steps at one level about a single point, from variance 4, in units of σ², with 95 % intervals. Right: three points 40 apart with weights 0.6, 0.3 and 0.1, a ladder of {rungs} levels from {first:g} to 1 with {repeats} steps each: error of the three mixing weights (a perfect sampler: {mixing_floor:.3f}) and typical variance (median over log 2).",
            f"چپ: {T} گام در یک تراز پیرامون نقطه‌ای تنها، از واریانس ۴، بر حسب $\\sigma^2$ با بازه‌های ۹۵ درصد. راست: سه نقطه به فاصلهٔ ۴۰ با وزن‌های ۰٫۶، ۰٫۳ و ۰٫۱ و نردبانی با {rungs} تراز از {first:g} تا ۱ و هر کدام {repeats} گام: خطای سه وزن آمیختگی (نمونه‌گیر بی‌نقص: {mixing_floor:.3f}) و واریانس معمول (میانه تقسیم بر {kit.ltr('log 2')}).")
figure = step_sizes({r: v.value for r, v in one.items() if r < 2}, {r: v[0] for r, v in ladder.items() if r < 2}, T, f"ladder of {rungs} x {repeats} steps", mixing_floor)
study.figure(figure, "step-size", "Left: variance about a point against theory; the dashed red line is r = 2. Right: error of the mixing weights after annealing; dashed: a perfect sampler with as many draws.",
             "چپ: واریانس پیرامون یک نقطه در برابر نظریه؛ خط‌چین سرخ $r = 2$ است. راست: خطای وزن‌های آمیختگی پس از نردبان؛ خط‌چین: نمونه‌گیر بی‌نقص با همین تعداد نمونه.")
study.measure("growth_beyond_two", growth, n=chains, unit="per step", protocol=f"slope of the log of the root mean square distance over the last 20 of {T} Langevin steps at r = 2.1, exact score; theory log 1.1 = 0.0953")
stable = [r for r in ratios if r < 2]
low_r, high_r, best_r = stable[0], stable[-1], min(stable, key=lambda r: ladder[r][0])
inside = sum(one[r].low <= carried(r, 4.0, T) <= one[r].high for r in stable)
apart = max(abs(one[r].value / carried(r, 4.0, T) - 1) for r in stable)
study.say(f"**Predicted and measured.** The variance differs from theory by at most {apart:.0%} at the {len(stable)} stable r, and theory lies in {inside} of the 95 % intervals: {one[0.2].value:.3f} for {carried(0.2, 4.0, T):.3f} at r = 0.2, {one[1.5].value:.2f} for {carried(1.5, 4.0, T):.2f} at r = 1.5. Beyond 2 chains explode: at r = 2.1 they grow by {growth:.4f} in the logarithm a step, where theory says log 1.1 = 0.0953. **Two faults, one on each side.** At r = {low_r} the chain has not forgotten its start after {T} steps (variance {one[low_r].value:.2f} of a start of 4), and along the ladder the weights are wrong by {ladder[low_r][0]:.2f}: it lags behind the falling noise. At r = {high_r} the samples are {ladder[high_r][1]:.1f} times as wide as they should be, in variance, and the weights are wrong by {ladder[high_r][0]:.2f}. They are least wrong at r = {best_r}, by {ladder[best_r][0]:.3f} (a perfect sampler: {mixing_floor:.3f}).",
          f"**پیش‌بینی و اندازه‌گیری.** واریانس در {len(stable)} اندازهٔ پایدار $r$ حداکثر {apart:.0%} با نظریه فرق دارد و نظریه در {inside} بازهٔ ۹۵ درصدی می‌افتد: در $r = 0.2$ برابر {one[0.2].value:.3f} به جای {carried(0.2, 4.0, T):.3f} و در $r = 1.5$ برابر {one[1.5].value:.2f} به جای {carried(1.5, 4.0, T):.2f}. از ۲ به بعد زنجیره‌ها منفجر می‌شوند: در $r = 2.1$ لگاریتم اندازه در هر گام {growth:.4f} بزرگ می‌شود و نظریه {kit.ltr('log 1.1 = 0.0953')} می‌گوید. **دو عیب در دو سو.** در {kit.ltr(f'r = {low_r}')} زنجیره پس از {T} گام هنوز آغازش را فراموش نکرده است (واریانس {one[low_r].value:.2f} از ۴ آغازین) و در نردبان وزن‌ها به اندازهٔ {ladder[low_r][0]:.2f} نادرست‌اند: زنجیره از کاهش نوفه عقب می‌ماند. در {kit.ltr(f'r = {high_r}')} واریانس نمونه‌ها {ladder[high_r][1]:.1f} برابر مقدار درست و خطای وزن‌ها {ladder[high_r][0]:.2f} است. کمترین خطای وزن‌ها در {kit.ltr(f'r = {best_r}')} و برابر {ladder[best_r][0]:.3f} است (نمونه‌گیر بی‌نقص: {mixing_floor:.3f}).")

# %% [markdown] lang="en"
# ## (b.1) The manifold assumption
# Data that lie on a thin set have *no density* in the surrounding space, hence no score. Two ways to see it.
# 1. **The score blows up.** At distance $d$ off a set, $|\nabla \log p_\sigma| \approx d / \sigma^2$: no limit as $\sigma \to 0$.
# 2. **Score matching has no minimum.** On a circle take the field $s_\tau(x) = (\pi(x) - x) / \tau^2$ that points to the nearest point $\pi(x)$ of the circle. On the data
#    $s_\tau = 0$ and $\nabla\!\cdot s_\tau = -1/\tau^2$, so $E[\tfrac12 |s|^2 + \nabla\!\cdot s] = -1/\tau^2 \to -\infty$. With noise $\sigma$ the first term is about $\frac{\sigma^2}{2 \tau^4}$ and
#    the minimum stands at $\tau = \sigma$, value $-\frac{1}{2\sigma^2}$.

# %% [markdown] lang="fa"
# ## (ب.۱) فرض خمینه
# داده‌ای که روی مجموعه‌ای نازک می‌نشیند در فضای پیرامون *چگالی ندارد*، پس امتیاز هم ندارد. این را از دو راه می‌توان دید.
#
# ۱. **امتیاز منفجر می‌شود.** در فاصلهٔ $d$ از مجموعه $|\nabla \log p_\sigma| \approx d / \sigma^2$ است و با $\sigma \to 0$ حدی ندارد.
#
# ۲. **تطبیق امتیاز کمینه ندارد.** روی دایره میدان $s_\tau(x) = (\pi(x) - x) / \tau^2$ را بگیرید که به نزدیک‌ترین نقطهٔ دایره، $\pi(x)$، اشاره می‌کند. روی داده $s_\tau = 0$ و
# $\nabla\!\cdot s_\tau = -1/\tau^2$، پس $E[\tfrac12 |s|^2 + \nabla\!\cdot s] = -1/\tau^2 \to -\infty$. با نوفهٔ $\sigma$ جملهٔ نخست حدود $\frac{\sigma^2}{2 \tau^4}$ است و کمینه در $\tau = \sigma$ با مقدار
# $-\frac{1}{2\sigma^2}$ می‌نشیند.

# %%
curve = spiral()
outside = tensor([[2.0, 2.0], [0.0, 0.0], [-2.0, 0.5]])
tiny = [0.1, 0.03, 0.01, 0.003, 0.001]
sizes = {q: score(curve, outside, q).norm(dim=1) for q in tiny}
power = float(np.polyfit(np.log(tiny), np.log([float(sizes[q].mean()) for q in tiny]), 1)[0])
distance = torch.cdist(outside, curve.points).min(1).values
assert float((sizes[tiny[-1]] * tiny[-1] ** 2 / distance - 1).abs().max()) < 1e-3
taus, circle_noise = np.geomspace(0.02, 1, 60), (0.0, 0.05, 0.15)
flat = {s: circle_objective(taus, s) for s in circle_noise}
lowest = {s: float(taus[flat[s].argmin()]) for s in circle_noise}
at = torch.tensor([[0.7, 0.9]], dtype=torch.float64)
jacobian = torch.autograd.functional.jacobian(lambda x: (x / x.norm() - x) / 0.3**2, at[0])
assert abs(float(jacobian.trace()) - ((1 - float(at.norm())) / float(at.norm()) - 1) / 0.3**2) < 1e-10

seen_n, curve_levels = (2000 if study.small else 20_000), (0.02, 0.1, 0.3, 0.6)
plane = np.stack([part.ravel() for part in np.meshgrid(np.linspace(-2.4, 2.4, 80), np.linspace(-2.4, 2.4, 80))], 1)
maps, covered = {}, {}
for q in curve_levels:
    maps[q] = learnt_error(curve, plane, q, seen_n)
    covered[q] = float((maps[q] < 0.3).mean())
    study.measure("plane_with_a_score", covered[q], n=len(plane), unit="share", protocol=f"share of the square [-2.4, 2.4]^2 where the mean of -eps over the 40 nearest of {seen_n} noisy points is within 30 % of the score, data on a spiral", sigma=q)
study.measure("score_power_of_sigma", power, n=len(tiny), protocol="slope of log |score| over log sigma at three points off a spiral, sigma from 0.1 to 0.001, exact score")
figure = manifold(maps, curve, {s: (taus, v) for s, v in flat.items()})
study.figure(figure, "manifold", f"Data on a curve (white). Maps: how far the mean of $-\\varepsilon$ over the 40 nearest of {seen_n:,} noisy points, the plainest estimator, is from $\\sigma$ times the score, as a share of its length where that is above 1; black is right, bright is wrong. With little noise only a ribbon is known. Right: the objective of score matching on a circle has no minimum without noise.",
             f"داده روی یک خم (سفید). نقشه‌ها: فاصلهٔ میانگین $-\\varepsilon$ روی ۴۰ نقطهٔ نزدیک‌تر از {seen_n:,} نقطهٔ نوفه‌دار، که ساده‌ترین برآوردگر است، از $\\sigma$ برابرِ امتیاز، نسبت به طول آن اگر از ۱ بیشتر باشد؛ سیاه درست و روشن نادرست است. با نوفهٔ کم تنها نواری معلوم است. راست: هدف تطبیق امتیاز روی دایره بی‌نوفه کمینه ندارد.")
study.say(f"Off the curve the exact score grows as σ to the power {power:.3f} (theory −2) and equals d/σ². On the circle the objective is lowest at τ = {lowest[0.05]:.3f} for σ = 0.05 and at {lowest[0.15]:.3f} for σ = 0.15; without noise it falls to the end of the scale. What this estimator learns: the score is within 30 % on {covered[0.02]:.0%} of the square at σ = 0.02 and on {covered[0.6]:.0%} at σ = 0.6. **So noise overcomes the manifold**: $p_\\sigma$ is positive everywhere, its score is smooth and bounded on any bounded set, and training meets the places where a sampler will start.",
          f"بیرون از خم امتیاز دقیق با توان {kit.ltr(f'{power:.3f}')} از $\\sigma$ بزرگ می‌شود (نظریه: {kit.ltr('−2')}) و برابر $d/\\sigma^2$ است. روی دایره هدف برای $\\sigma = 0.05$ در {kit.ltr(f'τ = {lowest[0.05]:.3f}')} و برای $\\sigma = 0.15$ در {kit.ltr(f'τ = {lowest[0.15]:.3f}')} کمینه است؛ بی‌نوفه تا ته مقیاس پایین می‌رود. آنچه این برآوردگر می‌آموزد: امتیاز با $\\sigma = 0.02$ در {100 * covered[0.02]:.0f} درصد مربع و با $\\sigma = 0.6$ در {100 * covered[0.6]:.0f} درصد آن تا ۳۰ درصد درست است. **پس نوفه مشکل خمینه را حل می‌کند**: $p_\\sigma$ همه‌جا مثبت است، امتیازش هموار و روی هر ناحیهٔ کران‌دار کران‌دار است، و آموزش همان جاهایی را می‌بیند که نمونه‌گیر از آن‌ها آغاز می‌کند.")

# %% [markdown] lang="en"
# ## (b.2) Low density: wrong mixing weights
# Let $p = \pi p_1 + (1 - \pi) p_2$ with separated parts. Where $p_1$ lives $\nabla \log p = \nabla \log p_1$: the weight $\pi$ is a factor, and its logarithm has no gradient. It
# stands only in the empty gap, where no data teach it and no chain passes. So Langevin at one small level returns the shares of its *start*. At a large level
# both parts overlap and the weights are in the score; from there chains are carried down.

# %% [markdown] lang="fa"
# ## (ب.۲) چگالی کم: وزن‌های آمیختگیِ نادرست
# فرض کنید $p = \pi p_1 + (1 - \pi) p_2$ با دو بخش جدا. جایی که $p_1$ هست $\nabla \log p = \nabla \log p_1$ است: وزن $\pi$ ضریبی ثابت است و لگاریتمش گرادیان ندارد. تنها در
# شکاف خالی دیده می‌شود که نه داده‌ای آن را می‌آموزد و نه زنجیره‌ای از آن می‌گذرد. پس لانژون در یک تراز کوچک سهم *نقطهٔ آغاز* را پس می‌دهد. در تراز بزرگ دو بخش روی هم
# می‌افتند و وزن‌ها در امتیاز حضور دارند؛ زنجیره‌ها از آن‌جا پایین آورده می‌شوند.

# %%
figure = Figure(figsize=(7.4, 2.5))
axis = torch.linspace(-9, 9, 400, dtype=torch.float64)
pair = {w: Mixture(tensor([[-5.0, -5.0], [5.0, 5.0]]), tensor([1 - w, w])) for w in (0.5, 0.8, 0.95)}
along = torch.stack([axis, axis], 1)
for panel, q in zip(figure.subplots(1, 2), (1.0, 8.0)):
    for w, law in pair.items():
        panel.plot(axis, score(law, along, q)[:, 0], label=f"weights {1 - w:.2g}, {w}")
    panel.set(xlabel="place on the diagonal", title=f"score at σ = {q:g}")
panel.legend(fontsize=7)
study.figure(figure, "weights-in-the-score", "The score of two points on the diagonal for three pairs of weights. At σ = 1 the curves differ in a narrow place in the middle only; at σ = 8 everywhere.",
             "امتیاز دو نقطه روی قطر برای سه جفت وزن. در $\\sigma = 1$ منحنی‌ها تنها در جای باریکی در میانه فرق دارند؛ در $\\sigma = 8$ همه‌جا.")

budget = 100 if study.small else 1000
wide_q = 20.0  # above the distance of both points, 14.1
annealed = (*np.geomspace(wide_q, 1, 20).tolist(), 0.0)
procedures = {"small": ((1.0, 0.0), Langevin(0.1, budget, False)), "large": ((wide_q, 0.0), Langevin(0.1, budget, False)), "ladder": (annealed, Langevin(0.1, budget // 20, False))}
called = {"small": study.pick("one level, σ = 1", f"یک تراز، {kit.ltr('σ = 1')}"), "large": study.pick("one level, σ = 20", f"یک تراز، {kit.ltr('σ = 20')}"), "ladder": study.pick("20 levels from 20 to 1", "۲۰ تراز از ۲۰ تا ۱")}
rows, shares, last = [], {}, {}
begun = {}
for w, law in pair.items():
    for title, (steps, rule) in procedures.items():
        normal = normals("weights", w, title)
        start = tensor(philox("square", w).random((chains, 2))) * 16 - 8  # uniform on a square, as in the paper
        z_end = last[w, title] = walk(rule, law, start / hypot(1, steps[0]), steps, lambda normal=normal: normal(chains, 2))
        hits = int((z_end.sum(1) > 0).sum())
        begun[w] = float((start.sum(1) > 0).double().mean())
        ci = binomtest(hits, chains).proportion_ci(method="wilson")
        width = float(torch.cdist(z_end, law.points).min(1).values.square().mean() / 2)
        shares[w, title] = (hits / chains, ci.low, ci.high)
        rows.append([called[title], w, kit.Cell(f"{hits / chains:.3f} [{ci.low:.3f}, {ci.high:.3f}]"), kit.Cell(f"{width:.3g}")])
        study.measure("share_of_heavier_mode", hits / chains, ci.low, ci.high, n=chains, unit="share", protocol=f"share of chains on the side of the heavier of two points after {budget} Langevin steps, levels from {steps[0]:g} to {steps[-2]:g}, r = 0.1, uniform start, exact score, Wilson interval", weight=w)
rows.sort(key=lambda row: list(called.values()).index(row[0]))
study.table(study.pick(["sampler", "true weight", "share of chains", "variance about the nearer point"], ["نمونه‌گیر", "وزن درست", "سهم زنجیره‌ها", "واریانس پیرامون نقطهٔ نزدیک‌تر"]), rows,
            f"Two points at (−5, −5) and (5, 5); {chains:,} chains from a uniform start, {budget} evaluations of the exact score each. Wanted: the true weight, and variance 1 (the last σ²).",
            f"دو نقطه در {kit.ltr('(−5, −5)')} و {kit.ltr('(5, 5)')}؛ {chains:,} زنجیره از آغاز یکنواخت، هرکدام با {budget} ارزیابی امتیاز دقیق. خواسته: وزن درست و واریانس ۱ (همان $\\sigma^2$ پایانی).")
figure = Figure(figsize=(7.4, 2.6))
for panel, (title, points) in zip(figure.subplots(1, 4), [("data, σ = 1", truth(pair[0.8], 1.0, chains, "pair")), *((f"{t}: {shares[0.8, t][0]:.2f}", last[0.8, t]) for t in procedures)]):
    reach = 30 if title.startswith("large") else 9
    panel.scatter(*points[:1500].T, s=1, color=LINES[0], alpha=0.4)
    panel.set(title=title, xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
study.figure(figure, "mixing-weights", "Weight 0.8 above right. From the left: the noised data, Langevin at one small level, at one large level (another scale), and with a falling ladder; the number is the share above right.",
             "وزن ۰٫۸ در بالا سمت راست. از چپ: دادهٔ نوفه‌دار، لانژون در یک تراز کوچک، در یک تراز بزرگ (با مقیاسی دیگر) و با نردبان کاهنده؛ عدد سهم بالا سمت راست است.")
missed = sum(not shares[w, 'ladder'][1] <= w <= shares[w, 'ladder'][2] for w in pair)
within = {t: max(abs(shares[w, t][0] - w) for w in pair) for t in procedures}
drawn_in = all(shares[w, "ladder"][0] < w for w in (0.8, 0.95))
middle = shares[0.5, "ladder"]
offset = kit.signed(middle[0] - 0.5, "+.3f")
astray = not middle[1] <= 0.5 <= middle[2]
luck = float(binom.sf(missed - 1, len(pair), 0.05))
biased = luck < 0.05
why = ((f", outside the 95 % interval for {missed} of {len(pair)} weights, which chance alone does in {luck:.2g} of cases" + (f": a small bias is left{', and the two unequal shares are drawn towards one half, as a remembered start would have it' if drawn_in else ''}{f'; that of 0.5 is off by {middle[0] - 0.5:+.3f}, which a start does not explain' if astray else ''}" if biased else ""),
        f"، بیرون از بازهٔ ۹۵ درصدی برای {missed} وزن از {len(pair)}، که تصادف به‌تنهایی با احتمال {luck:.2g} چنین می‌کند" + (f": اریبی کوچکی می‌ماند{' و دو سهم نابرابر به سوی یک‌دوم کشیده شده‌اند، چنان‌که یادِ آغاز می‌کند' if drawn_in else ''}{f'؛ سهم ۰٫۵ به اندازهٔ {offset} خطا دارد که از آغاز نمی‌آید' if astray else ''}" if biased else ""))
       if missed else (" (all true weights inside the 95 % intervals)", " (هر سه وزن درست درون بازه‌های ۹۵ درصدی‌اند)"))
gained = within["ladder"] < 0.2 * min(within["small"], within["large"])
moral = (("**So many levels do what none does alone" + (", all but a rest of bias:** " if biased else ":** "), "**پس ترازهای بسیار کاری می‌کنند که از هیچ‌کدام به‌تنهایی برنمی‌آید" + ("، جز اریبیِ اندکی که می‌ماند:** " if biased else ":** "))
         if gained else ("**Here many levels do not do clearly better than one.** What they are meant for: ", "**این‌جا ترازهای بسیار آشکارا بهتر از یکی نیستند.** کاری که از آن‌ها می‌خواهیم: "))
study.say(f"One small level: shares of {shares[0.5, 'small'][0]:.2f}, {shares[0.8, 'small'][0]:.2f} and {shares[0.95, 'small'][0]:.2f} for weights of 0.5, 0.8 and 0.95, from starts with shares of {begun[0.5]:.2f}, {begun[0.8]:.2f} and {begun[0.95]:.2f}; wrong by up to {within['small']:.2f}. The ladder is wrong by at most {within['ladder']:.3f} with as many evaluations{why[0]}. One large level is off by up to {within['large']:.2f}, and rightly so: at that noise the two parts overlap, and it samples this blur, not the data. {moral[0]}large noise joins the parts and sets the proportions, small noise restores the detail, and each level hands the next a start that is already near.",
          f"یک تراز کوچک: برای وزن‌های ۰٫۵، ۰٫۸ و ۰٫۹۵ سهم‌های {shares[0.5, 'small'][0]:.2f}، {shares[0.8, 'small'][0]:.2f} و {shares[0.95, 'small'][0]:.2f}، از آغازهایی با سهم {begun[0.5]:.2f}، {begun[0.8]:.2f} و {begun[0.95]:.2f}؛ با خطایی تا {within['small']:.2f}. نردبان با همان شمار ارزیابی حداکثر {within['ladder']:.3f} خطا دارد{why[1]}. یک تراز بزرگ تا {within['large']:.2f} فاصله دارد و حق هم دارد: در آن نوفه دو بخش روی هم می‌افتند و از همین تصویر تار نمونه می‌گیرد، نه از داده. {moral[1]}نوفهٔ بزرگ بخش‌ها را به هم می‌پیوندد و نسبت‌ها را درست می‌کند، نوفهٔ کوچک جزئیات را برمی‌گرداند، و هر تراز به بعدی آغازی نزدیک می‌دهد.")

# %% [markdown] lang="en"
# ## (a.3) The whole method on MNIST
# NCSN is now one sentence: one network $s_\theta(z, \sigma)$ is trained by denoising score matching at all levels, with weight $\sigma^2$, and sampled by Langevin dynamics along the falling
# levels. A last step replaces $z$ by the network's estimate $E[x|z] = z + \sigma_L^2 s_\theta(z, \sigma_L)$ (Jolicoeur-Martineau et al. 2021).

# %% [markdown] lang="fa"
# ## (آ.۳) کل روش روی MNIST
# اکنون NCSN یک جمله است: یک شبکه $s_\theta(z, \sigma)$ در همهٔ ترازها با تطبیق امتیازِ نوفه‌زدا و وزن $\sigma^2$ آموزش می‌بیند و با پویایی لانژون در ترازهای کاهنده از آن نمونه گرفته
# می‌شود. گام پایانی به جای $z$ برآورد شبکه، $E[x|z] = z + \sigma_L^2 s_\theta(z, \sigma_L)$، را می‌گذارد (Jolicoeur-Martineau et al. 2021).

# %%
run = study.runs("ncsn")[0]
data, config = load(run.experiment.data), run.experiment.model
device = "cuda" if torch.cuda.is_available() else "cpu"
model = run.model().to(device)
rule = replace(config.sampler.step, denoise=False)
n = 20 if study.small else 100
stops = []
with torch.no_grad():
    raw = replace(config.sampler, step=rule).draw(model.denoiser(), config.path, run.spec.shape, SampleNoise(0, n, device=device), lambda u, q, _: stops.append((q, (u[:8] * hypot(1, q)).cpu())))
    end = stops[-2][0]
    clean = model.denoiser()(raw / hypot(1, end), levels(end, raw)).x0
raw, clean = raw.cpu(), clean.cpu()
columns = [*(z.clamp(0, 1) for _, z in stops), clean[:8].clamp(0, 1)]
study.figure(image_grid(torch.stack(columns, 1).flatten(0, 1), 8, len(columns), col_labels=[*(f"{q:.2g}" for q, _ in stops[:-1]), "end", "denoised"], cell=0.55), "ladder",
             f"Eight chains, one a row. Columns: on arrival at the level σ that stands below, after the last level, and after the final denoising; {rule.repeats} Langevin steps a level, r = {rule.ratio:g}.",
             f"هشت زنجیره، هر سطر یکی. ستون‌ها: هنگام رسیدن به تراز $\\sigma$ که زیر آن نوشته شده، پس از تراز پایانی، و پس از نوفه‌زدایی نهایی؛ {rule.repeats} گام لانژون در هر تراز، {kit.ltr(f'r = {rule.ratio:g}')}.")
study.figure(image_grid(clean.clamp(0, 1), n // 10, 10, cell=0.38), "samples", "Samples of the trained network, not selected.", "نمونه‌های شبکهٔ آموزش‌دیده، بی‌گزینش.")

# %%
dark = (data.train.x.amax(0) == 0).flatten()
left_over, after = (float(part.flatten(1)[:, dark].square().mean().sqrt()) for part in (raw, clean))
steps_ = [q for q, _ in stops[:-1]]
v = 1.0
for before, q in zip([steps_[0], *steps_], steps_):
    v = carried(rule.ratio, v * (before / q) ** 2, rule.repeats)
doubt = 2 * end * sqrt(v) / sqrt(2 * n * int(dark.sum()))  # two standard errors of a root mean square of normal draws
met = (("the first agrees, and what is left after the last step is the network's error", "اولی سازگار است و آنچه پس از گام پایانی می‌ماند خطای شبکه است") if abs(left_over - end * sqrt(v)) <= doubt
       else ("what differs beyond that is the network's error", "تفاوتِ بیش از این خطای شبکه است"))
yardstick = scale.by_judge(data, 2000)
distances = {title: yardstick.distance_interval(part.clamp(0, 1)) for title, part in (("without", raw), ("with", clean))}
floor_fd, _ = scale.floors(yardstick, data.train.x[:10_000].float() / 255, n)
study.measure("residue_without_denoising", left_over, n=n, unit="grey value", protocol="root mean square of samples on pixels that are black in all training images, before the last denoising", floor=0.0, predicted=end * sqrt(v))
for title, d in distances.items():
    study.measure("fd_last_denoising", d.value, d.low, d.high, n=n, unit="squared feature units", floor=floor_fd, protocol=f"Fréchet distance, {n} samples {title} the last denoising against {len(yardstick.digits)} test images, {yardstick.name}, jackknife", recipe="ncsn")
study.table(study.pick(["last denoising", "rms on pixels that are always black", "Fréchet distance"], ["نوفه‌زدایی پایانی", "‏rms روی پیکسل‌های همیشه سیاه", "فاصلهٔ فرشه"]),
            [[study.pick("without", "بدون"), kit.Cell(f"{left_over:.5f}"), kit.ends(distances['without'], 1)],
             [study.pick("with", "با"), kit.Cell(f"{after:.5f}"), kit.ends(distances['with'], 1)]],
            f"The same {n} chains with and without the last step; distance by {yardstick.name} from {len(yardstick.digits):,} test images, 95 % jackknife interval; {n} training images reach {floor_fd:.1f}.",
            f"همان {n} زنجیره با گام پایانی و بی آن؛ فاصله با {kit.ltr(yardstick.name)} از {len(yardstick.digits):,} تصویر آزمون، بازهٔ ۹۵ درصدی جک‌نایف؛ {n} تصویر آموزش به {floor_fd:.1f} می‌رسد.")
standing.quality(study, {"NCSN": "ncsn"})
study.say(f"**Answer to (a).** On pixels that are black in every image the samples have an rms of {left_over:.5f} before the last step and {after:.5f} after it. With a perfect score the recursion of the step-size study predicts σ_L √v = {end * sqrt(v):.5f} before (± {doubt:.5f} by chance), and 0 after; {met[0]}. What happens along the ladder is visible in the columns. Langevin dynamics is the engine: it turns a field of directions into samples, at the price of {config.sampler.evaluations(config.path):,} evaluations of the network an image. "
          "**Pitfalls.** The 2019 ladder starts at σ = 1 though two MNIST digits lie about 10 apart: by (b.2) the shares of its digits may owe something to its start (`noise_levels` measures this). And a step is meaningless without its convention: name r.",
          f"**پاسخ (آ).** روی پیکسل‌هایی که در همهٔ تصویرها سیاه‌اند، ‏rms نمونه‌ها پیش از گام پایانی {left_over:.5f} و پس از آن {after:.5f} است. با امتیاز بی‌نقص، رابطهٔ بازگشتیِ بررسی گام پیش از آن {kit.ltr(f'σ_L √v = {end * sqrt(v):.5f}')} ({kit.ltr(f'± {doubt:.5f}')} از تصادف) و پس از آن صفر را پیش‌بینی می‌کند؛ {met[1]}. آنچه در طول نردبان رخ می‌دهد در ستون‌ها پیداست. پویایی لانژون موتور کار است: میدانی از جهت‌ها را به نمونه بدل می‌کند، به بهای {config.sampler.evaluations(config.path):,} ارزیابی شبکه برای هر تصویر. "
          "**دام‌ها.** نردبان سال ۲۰۱۹ از $\\sigma = 1$ آغاز می‌شود، حال آنکه دو رقم MNIST حدود ۱۰ از هم فاصله دارند: بنا بر (ب.۲) سهم رقم‌ها ممکن است تا اندازه‌ای از نقطهٔ آغاز آمده باشد (`noise_levels` این را می‌سنجد). و گام بی قرارداد معنا ندارد: $r$ را نام ببرید.")

# %% [markdown] lang="en"
# ## Sources
# Hyvärinen 2005, JMLR 6; Vincent 2011, Neural Computation 23; Song & Ermon 2019 (arXiv 1907.05600), section 3 on both obstacles and algorithm 1; Song & Ermon 2020 (arXiv 2006.09011);
# Jolicoeur-Martineau et al. 2021 (arXiv 2009.05475) on the last denoising; Roberts & Tweedie 1996, Bernoulli 2, on discretised Langevin diffusions.

# %% [markdown] lang="fa"
# ## منابع
# Hyvärinen 2005, JMLR 6؛ Vincent 2011, Neural Computation 23؛ Song & Ermon 2019 (arXiv 1907.05600)، بخش ۳ دربارهٔ هر دو مانع و الگوریتم ۱؛ Song & Ermon 2020 (arXiv 2006.09011)؛
# Jolicoeur-Martineau et al. 2021 (arXiv 2009.05475) دربارهٔ نوفه‌زدایی پایانی؛ Roberts & Tweedie 1996, Bernoulli 2، دربارهٔ گسسته‌سازی پخش لانژون.
