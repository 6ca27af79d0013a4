# ---
# simorgh:
#   title: {en: "KL, Jensen-Shannon and Wasserstein: why a GAN stalls or explodes", fa: "واگرایی KL، ینسن-شانون و واسرشتاین: چرا GAN می‌ایستد یا منفجر می‌شود"}
#   answers: [D2.a, D2.b, D2.c, D2.d, B3.1]
# ---

# %% [markdown] lang="en"
# ## Question
# A generator draws from $p_g = N(\theta, \epsilon^2)$, the data come from $p_{data} = N(\theta_0, \epsilon^2)$, and both
# become narrow. What do three distances between them say, what does a generator feel that descends on each, and which
# fault of the GAN does the Wasserstein GAN cure? Everything is exact here: no network is trained, each claim is derived,
# then computed in float64 by a second route and *asserted*.
#
# ## Assumptions
# - Natural logarithms (nats). $\theta \ne \theta_0$.
# - The printed limit of part (b), "$\theta \to 0$", is read as $\epsilon \to 0$: the sentence before it says that both
#   distributions have their mass in a very small part of the line, and nothing special happens at $\theta = 0$.
# - "The gradient that the generator gets" is that of one training step: the discriminator is held fixed and a sample
#   $x = \theta + \epsilon z$, $z \sim N(0, 1)$, moves with $\theta$.
# %% [markdown] lang="fa"
# ## پرسش
# مولد از $p_g = N(\theta, \epsilon^2)$ نمونه می‌کشد، داده از $p_{data} = N(\theta_0, \epsilon^2)$ می‌آید و هر دو باریک می‌شوند. سه فاصله
# دربارهٔ این دو چه می‌گویند، مولدی که روی هر کدام پایین می‌رود چه گرادیانی می‌گیرد، و Wasserstein GAN کدام عیب GAN را برطرف می‌کند؟
# این‌جا همه چیز دقیق است: شبکه‌ای آموزش نمی‌بیند؛ هر ادعا استنتاج و سپس از راهی دیگر با دقت دوگانه محاسبه و *وارسی* می‌شود.
#
# ## فرض‌ها
# - لگاریتم طبیعی است (نات) و $\theta \ne \theta_0$.
# - حدِ چاپ‌شده در بخش (ب)، «$\theta \to 0$»، به صورت $\epsilon \to 0$ خوانده می‌شود: جملهٔ پیش از آن می‌گوید جرم هر دو توزیع در بخش بسیار
#   کوچکی از خط است، و در $\theta = 0$ اتفاق خاصی نمی‌افتد.
# - «گرادیانی که مولد می‌گیرد» یعنی گرادیان یک گام آموزش: تمایزگر (discriminator) ثابت است و نمونهٔ $x = \theta + \epsilon z$ با
#   $z \sim N(0, 1)$ همراه $\theta$ جابه‌جا می‌شود.

# %%
import numpy as np
import sympy as sp
from scipy import stats

from simorgh.metrics.divergences import kl_gaussians, lipschitz_dual, transport
from simorgh.studies import _divergence_figures as figures
from simorgh.studies import kit
from simorgh.studies._two_gaussians import (
    LOSSES, Pair, descend, felt, felt_by_autograd, gap_to_log2, gap_to_log2_by_scipy, segments, steepest, trained,
)
from simorgh.studies.kit import tiny

study = kit.current()
log2 = float(np.log(2))

# %% [markdown] lang="en"
# ## (a) The KL divergence of two Gaussians of one width
# The steps below are done by a computer algebra system; each line is its output.
# %% [markdown] lang="fa"
# ## (آ) واگرایی KL دو گاوسی هم‌پهنا
# گام‌های زیر را یک سامانهٔ جبر نمادین برمی‌دارد؛ هر سطر خروجی آن است.

# %%
x_, theta, theta0 = sp.symbols("x theta theta_0", real=True)
eps_ = sp.symbols("epsilon", positive=True)
density = sp.exp(-((x_ - theta) ** 2) / (2 * eps_**2)) / (eps_ * sp.sqrt(2 * sp.pi))
log_ratio = sp.collect(sp.expand(((x_ - theta0) ** 2 - (x_ - theta) ** 2) / (2 * eps_**2)), x_)
mean = sp.simplify(sp.integrate(x_ * density, (x_, -sp.oo, sp.oo)))
whole = sp.simplify(sp.integrate(density, (x_, -sp.oo, sp.oo)))
linear = log_ratio.coeff(x_, 1)
by_steps = sp.factor(linear * mean + log_ratio.coeff(x_, 0) * whole)
at_once = sp.factor(sp.simplify(sp.integrate(density * log_ratio, (x_, -sp.oo, sp.oo))))
claimed = (theta - theta0) ** 2 / (2 * eps_**2)
slope = sp.factor(sp.diff(at_once, theta))
assert sp.simplify(by_steps - claimed) == 0
assert sp.simplify(at_once - claimed) == 0
assert sp.simplify(slope - (theta - theta0) / eps_**2) == 0
study.say(
    en="1. The normalisers are equal and cancel; the quadratic terms in $x$ cancel too, because the widths are equal. What is left is linear in $x$:\n$$\\log \\frac{p_g(x)}{p_{data}(x)} = " + sp.latex(log_ratio) + "$$\n"
    "2. So only two integrals are needed: $E_{p_g}[1] = " + sp.latex(whole) + "$ and $E_{p_g}[x] = " + sp.latex(mean) + "$.\n\n"
    "3. Put in:\n$$KL(p_g \\,\\|\\, p_{data}) = " + sp.latex(by_steps) + "$$\n"
    "4. Its derivative:\n$$\\frac{\\partial}{\\partial \\theta} KL = " + sp.latex(slope) + "$$\n"
    "The same integral done in one piece gives the same expression. The divergence is symmetric here; that is a feature of equal widths, not of KL.",
    fa="۱. بهنجارکننده‌ها برابرند و حذف می‌شوند؛ جمله‌های درجه‌دوم $x$ نیز، چون پهناها برابرند. آنچه می‌ماند در $x$ خطی است:\n$$\\log \\frac{p_g(x)}{p_{data}(x)} = " + sp.latex(log_ratio) + "$$\n"
    "۲. پس تنها دو انتگرال لازم است: $E_{p_g}[1] = " + sp.latex(whole) + "$ و $E_{p_g}[x] = " + sp.latex(mean) + "$.\n\n"
    "۳. با جای‌گذاری:\n$$KL(p_g \\,\\|\\, p_{data}) = " + sp.latex(by_steps) + "$$\n"
    "۴. مشتق آن:\n$$\\frac{\\partial}{\\partial \\theta} KL = " + sp.latex(slope) + "$$\n"
    "همین انتگرال وقتی یکجا گرفته شود همان عبارت را می‌دهد. واگرایی در این‌جا متقارن است؛ این ویژگیِ پهنای برابر است، نه ویژگی KL.")

# %%
rows, errors = [], []
for gap, eps in ((0.1, 1.0), (0.5, 0.5), (1.0, 0.5), (1.0, 0.1), (2.0, 0.1), (1.0, 0.01)):
    pair, closed, steep = Pair(gap, eps), kl_gaussians(gap, 0, eps, eps), gap / eps**2
    value = pair.kl()
    off = [abs(value - closed) / closed, abs(pair.kl_by_scipy() - closed) / closed, abs(pair.kl_slope() - steep) / steep]
    errors += off
    rows.append([gap, eps, closed, kit.Cell(f"{value:.10g}"), *(kit.Cell(tiny(part)) for part in off[:2]), steep, kit.Cell(tiny(off[2]))])
kl_error = max(errors)
assert kl_error < 1e-6
study.table(study.pick(["θ − θ₀", "ε", "KL, formula", "KL, integral", "error", "error, SciPy", "slope", "error"], ["θ − θ₀", "ε", "‏KL، رابطه", "‏KL، انتگرال", "خطا", "خطا، SciPy", "شیب", "خطا"]), rows,
            en="The formula, its numerical integral on fixed panels, the relative error of that and of SciPy's adaptive integral, and the same for the derivative. Errors below 1e-15 are shown as 1e-15.",
            fa="رابطه، انتگرال عددی آن روی بازه‌های ثابت، خطای نسبی آن و خطای نسبی انتگرال انطباقی SciPy، و همین‌ها برای مشتق. خطای کمتر از 1e-15 با 1e-15 نشان داده شده است.")
study.measure("kl_relative_error", kl_error, n=len(rows), protocol="largest relative difference between (theta - theta0)^2 / (2 eps^2) or its derivative and numerical integrals, 6 cases, float64")
study.say(en=f"The largest relative difference is {kl_error:.1e}.", fa=f"بزرگ‌ترین اختلاف نسبی {kl_error:.1e} است.")

# %% [markdown] lang="en"
# ## (b) Both become narrow
# With $\theta - \theta_0 \ne 0$ fixed, KL and its derivative are a constant times $\epsilon^{-2}$: both go to infinity, and on
# two logarithmic axes both are straight lines of slope $-2$.
# %% [markdown] lang="fa"
# ## (ب) هر دو باریک می‌شوند
# با $\theta - \theta_0 \ne 0$ ثابت، KL و مشتقش ضریبی ثابت از $\epsilon^{-2}$ هستند: هر دو به بی‌نهایت می‌روند و روی دو محور لگاریتمی
# خط راستی با شیب $-2$ می‌شوند.

# %%
widths = np.logspace(0, -4, 9 if study.small else 25)
values = {("kl", gap): [Pair(gap, eps).kl() for eps in widths] for gap in (1.0, 0.3)}
values |= {("kl_slope", gap): [Pair(gap, eps).kl_slope() for eps in widths] for gap in (1.0, 0.3)}
fitted = {key: float(np.polyfit(np.log(widths), np.log(found), 1)[0]) for key, found in values.items()}
power_error = max(abs(v + 2) for v in fitted.values())
assert power_error < 1e-6
study.figure(figures.narrow(widths, values, fitted, 1 if study.small else 2), "narrow", en="KL and its derivative as the width goes to zero. Marks: numerical integrals with their fitted slope; black lines: the formulas.",
             fa="‏KL و مشتق آن وقتی پهنا به صفر می‌رود. نشانه‌ها: انتگرال عددی و شیب برازش‌شده؛ خط‌های سیاه: رابطه‌ها.")
study.measure("kl_power_of_eps", fitted["kl", 1.0], n=len(widths), protocol="slope of log KL over log eps, eps from 1 to 1e-4, |theta - theta0| = 1, numerical integrals")
study.measure("kl_slope_power_of_eps", fitted["kl_slope", 1.0], n=len(widths), protocol="slope of log dKL/dtheta over log eps, eps from 1 to 1e-4, |theta - theta0| = 1, numerical integrals")
study.say(en=f"The fitted slopes differ from −2 by at most {tiny(power_error)}. What it means for descent: a step of size η takes θ − θ₀ to (1 − η/ε²)(θ − θ₀), which comes nearer only while η < 2ε². A learning rate that is right for one width explodes for a width smaller by some factor. "
          f"**The limit as printed**, θ → 0, would leave KL at θ₀²/(2ε²), for instance {kl_gaussians(0, 1, 0.5, 0.5):g} nats at θ₀ = 1 and ε = 0.5: a finite number, with nothing to discuss.",
          fa=f"اختلاف شیب‌های برازش‌شده با {kit.ltr('−2')} حداکثر {tiny(power_error)} است. معنایش برای کاهش گرادیانی: گامی با اندازهٔ η فاصلهٔ $\\theta - \\theta_0$ را به {kit.ltr('(1 − η/ε²)(θ − θ₀)')} می‌برد که تنها با {kit.ltr('η < 2ε²')} نزدیک‌تر می‌شود. نرخ یادگیری‌ای که برای یک پهنا درست است برای پهنای کوچک‌تر منفجر می‌شود. "
          f"**حد به همان صورت چاپ‌شده**، $\\theta \\to 0$، مقدار KL را {kit.ltr('θ₀²/(2ε²)')} می‌گذارد؛ مثلاً با $\\theta_0 = 1$ و $\\epsilon = 0.5$ برابر {kl_gaussians(0, 1, 0.5, 0.5):g} نات: عددی متناهی که بحثی ندارد.")

# %% [markdown] lang="en"
# ## (c) Is that a problem for a GAN with the printed loss?
# $$L_G(\theta; \phi) = E_{x \sim p_g}[\log(1 - D_\phi(x))] - E_{x \sim p_g}[\log D_\phi(x)]$$
# 1. **Optimal discriminator.** $D$ maximises $E_{data} \log D + E_{p_g} \log(1 - D)$. At every $x$ this is
#    $a \log D + b \log(1 - D)$ with $a = p_{data}(x)$, $b = p_g(x)$; its derivative $a/D - b/(1 - D)$ vanishes at
#    $D^* = \frac{a}{a + b}$ alone, and the second derivative is negative. As a logit, $D = \sigma(h)$:
#    $h^* = \log \frac{p_{data}}{p_g}$ (Goodfellow et al. 2014, proposition 1).
# 2. **The printed loss is KL.** $\log(1 - D) - \log D = -h$ for every $D$, so $L_G = -E_{p_g}[h]$, and with $h^*$
#    $$L_G = E_{p_g} \log \frac{p_g}{p_{data}} = KL(p_g \,\|\, p_{data}).$$
#    So yes: by (b) its value and its gradient go to infinity as the distributions become narrow.
# 3. **The gradient of one step.** For equal widths $h^*$ is a straight line of slope $-\frac{\theta - \theta_0}{\epsilon^2}$ in
#    $x$. With $D$ held, $\frac{\partial L_G}{\partial \theta} = -E[h'(x)] = \frac{\theta - \theta_0}{\epsilon^2}$: exactly the derivative of (a).
# 4. **Against the two usual losses.** What a sample passes back to its logit is
#    $$\frac{d}{dh} \log(1 - D) = -D, \qquad \frac{d}{dh}(-\log D) = -(1 - D), \qquad \frac{d}{dh}(-h) = -1.$$
#    The original ("saturating") loss sends back nothing when $D$ rejects a sample surely; the non-saturating one sends
#    back everything then. The printed loss is their sum: it *never* saturates, and is never bounded either.
# 5. With $D^*$ the three gradients with respect to $\theta$ are
#    $$\frac{\theta - \theta_0}{\epsilon^2} E_{p_g}[D^*], \qquad \frac{\theta - \theta_0}{\epsilon^2} E_{p_g}[1 - D^*], \qquad \frac{\theta - \theta_0}{\epsilon^2},$$
#    the derivatives of $2 JS$, of $KL - 2 JS$ (Arjovsky & Bottou 2017, theorem 2.5) and of $KL$.
# %% [markdown] lang="fa"
# ## (ج) آیا این برای GAN با تابع هزینهٔ چاپ‌شده مشکل است؟
# $$L_G(\theta; \phi) = E_{x \sim p_g}[\log(1 - D_\phi(x))] - E_{x \sim p_g}[\log D_\phi(x)]$$
# ۱. **تمایزگر بهینه.** $D$ مقدار $E_{data} \log D + E_{p_g} \log(1 - D)$ را بیشینه می‌کند. در هر $x$ این عبارت $a \log D + b \log(1 - D)$ است
# با $a = p_{data}(x)$ و $b = p_g(x)$؛ مشتقش $a/D - b/(1 - D)$ تنها در $D^* = \frac{a}{a + b}$ صفر می‌شود و مشتق دوم منفی است. بر حسب لوجیت،
# $D = \sigma(h)$، یعنی $h^* = \log \frac{p_{data}}{p_g}$ (Goodfellow et al. 2014، گزارهٔ ۱).
#
# ۲. **هزینهٔ چاپ‌شده همان KL است.** برای هر $D$ داریم $\log(1 - D) - \log D = -h$، پس $L_G = -E_{p_g}[h]$ و با $h^*$
# $$L_G = E_{p_g} \log \frac{p_g}{p_{data}} = KL(p_g \,\|\, p_{data}).$$
# پس آری: بنا بر (ب) با باریک‌شدن توزیع‌ها هم مقدار و هم گرادیانش به بی‌نهایت می‌رود.
#
# ۳. **گرادیان یک گام.** برای پهنای برابر، $h^*$ در $x$ خط راستی با شیب $-\frac{\theta - \theta_0}{\epsilon^2}$ است. با $D$ ثابت،
# $\frac{\partial L_G}{\partial \theta} = -E[h'(x)] = \frac{\theta - \theta_0}{\epsilon^2}$: درست همان مشتق (آ).
#
# ۴. **در برابر دو هزینهٔ معمول.** آنچه یک نمونه به لوجیت خود پس می‌فرستد:
# $$\frac{d}{dh} \log(1 - D) = -D, \qquad \frac{d}{dh}(-\log D) = -(1 - D), \qquad \frac{d}{dh}(-h) = -1.$$
# هزینهٔ نخستین («اشباع‌شونده») وقتی $D$ نمونه‌ای را با اطمینان رد کند چیزی پس نمی‌فرستد؛ هزینهٔ اشباع‌نشونده درست همان وقت همه را پس
# می‌فرستد. هزینهٔ چاپ‌شده جمع این دو است: *هرگز* اشباع نمی‌شود، و هرگز کران‌دار هم نیست.
#
# ۵. با $D^*$ سه گرادیان نسبت به $\theta$ چنین‌اند:
# $$\frac{\theta - \theta_0}{\epsilon^2} E_{p_g}[D^*], \qquad \frac{\theta - \theta_0}{\epsilon^2} E_{p_g}[1 - D^*], \qquad \frac{\theta - \theta_0}{\epsilon^2},$$
# یعنی مشتق $2 JS$، مشتق $KL - 2 JS$ (Arjovsky & Bottou 2017، قضیهٔ ۲٫۵) و مشتق $KL$.

# %%
a_, b_, d_ = sp.symbols("a b D", positive=True)
value = a_ * sp.log(d_) + b_ * sp.log(1 - d_)
best = sp.solve(sp.diff(value, d_), d_)
assert best == [a_ / (a_ + b_)]
assert sp.simplify(sp.diff(value, d_, 2).subs(d_, best[0]) + (a_ + b_) ** 3 / (a_ * b_)) == 0
WORDS = {"saturating": study.pick("log(1 − D), saturating", f"{kit.ltr('log(1 − D)')}، اشباع‌شونده"), "non-saturating": study.pick("−log D, non-saturating", f"{kit.ltr('−log D')}، اشباع‌نشونده"),
         "printed": study.pick("printed: their sum", "چاپ‌شده: جمع آن دو"), "wgan": "WGAN"}
points = ((0.5, 1.0), (1.0, 0.5), (1.0, 0.2))
by_autograd = max(abs(felt(*at)[k] / felt_by_autograd(*at)[k] - 1) for at in points for k in LOSSES)
by_js = max(abs(felt(*at)["saturating"] - 2 * Pair(*at).js_slope()) for at in points)
loss_is_kl = abs(Pair(1.0, 0.5).printed_loss() - kl_gaussians(1, 0, 0.5, 0.5))
assert max(by_autograd, by_js, loss_is_kl) < 1e-6
study.measure("saturating_gradient", felt(1.0, 0.1)["saturating"], n=1, unit="nats per unit", protocol="d/dtheta of E log(1 - D) with the optimal D held, |theta - theta0| = 1, eps = 0.1")
study.measure("printed_gradient", felt(1.0, 0.1)["printed"], n=1, unit="nats per unit", protocol="d/dtheta of E log(1 - D) - log D with the optimal D held, |theta - theta0| = 1, eps = 0.1")
study.table(study.pick(["check", "largest difference"], ["وارسی", "بزرگ‌ترین اختلاف"]),
            [[study.pick("printed loss with D* against the KL of (a)", "هزینهٔ چاپ‌شده با تمایزگر بهینه در برابر KL بخش (آ)"), kit.Cell(f"{loss_is_kl:.1e}")],
             [study.pick("three gradients: formula against automatic differentiation (relative)", "سه گرادیان: رابطه در برابر مشتق‌گیری خودکار (نسبی)"), kit.Cell(f"{by_autograd:.1e}")],
             [study.pick("saturating gradient against twice the slope of JS", "گرادیان اشباع‌شونده در برابر دو برابر شیب JS"), kit.Cell(f"{by_js:.1e}")]],
            en="The claims of the steps above, computed.", fa="ادعاهای گام‌های بالا، محاسبه‌شده.")
study.table(["ε", *WORDS.values()], [[e, *[kit.Cell(f"{felt(1.0, e)[k]:.3g}") for k in LOSSES], kit.Cell("1")] for e in (1.0, 0.5, 0.2, 0.1, 0.05)],
            en=r"Gradient that the generator gets from the optimal discriminator at $|\theta - \theta_0| = 1$ (WGAN: from the optimal 1-Lipschitz critic, part d).",
            fa=r"گرادیانی که مولد در $|\theta - \theta_0| = 1$ از تمایزگر بهینه می‌گیرد (WGAN: از منتقد بهینهٔ ۱-لیپشیتس، بخش د).")

# %%
study.figure(figures.saturation(0.1), "saturation", en="Left: what one sample passes back to its logit; the saturating loss is silent where the discriminator is sure that the sample is fake. Right: the gradient with respect to θ under the optimal discriminator.",
             fa="چپ: آنچه یک نمونه به لوجیت خود پس می‌فرستد؛ هزینهٔ اشباع‌شونده جایی خاموش است که تمایزگر از ساختگی‌بودن نمونه مطمئن است. راست: گرادیان نسبت به θ زیر تمایزگر بهینه.")
paths = {(name, eps): descend(name, eps) for eps in (0.2, 0.05) for name in (*LOSSES, "wgan")}
study.figure(figures.descent(paths), "descent", en="Gradient descent with rate 0.02 and the exact gradients. At ε = 0.2 the printed and the non-saturating loss arrive at once. At ε = 0.05 the same rate throws both out of the picture, the saturating loss does not move, and WGAN walks as before.",
             fa="کاهش گرادیانی با نرخ 0.02 و گرادیان دقیق. در $\\epsilon = 0.2$ هزینهٔ چاپ‌شده و اشباع‌نشونده فوراً می‌رسند. در $\\epsilon = 0.05$ همان نرخ هر دو را از تصویر بیرون می‌اندازد، هزینهٔ اشباع‌شونده تکان نمی‌خورد و WGAN مانند پیش راه می‌رود.")
moved = 80 * 0.02 * felt(1.0, 0.05)["saturating"]
assert abs(1 - paths["saturating", 0.05][-1]) < 1e-15
assert abs(paths["printed", 0.05][-1]) > 20
assert abs(paths["wgan", 0.05][-1]) < 0.021

# %% [markdown] lang="en"
# ### No discriminator is optimal
# In training $D$ has seen a finite number of steps. For this pair the optimal logit is a straight line, so $D$ is a
# logistic regression $h = \alpha x + \beta$; below it is trained by gradient ascent on the exact population objective
# (rate 1). Its slope $|\alpha|$ is the gradient that the printed loss gives the generator.
# %% [markdown] lang="fa"
# ### هیچ تمایزگری بهینه نیست
# در آموزش، $D$ شمار محدودی گام دیده است. برای این جفت لوجیت بهینه خط راست است، پس $D$ رگرسیون لجستیک $h = \alpha x + \beta$ است؛
# در زیر با افزایش گرادیانی روی هدف دقیق جمعیت (نرخ ۱) آموزش می‌بیند. شیب آن، $|\alpha|$، همان گرادیانی است که هزینهٔ چاپ‌شده به مولد می‌دهد.

# %%
ends = [10, 100, 1000] if study.small else [10, 100, 1000, 10000]
slopes = {eps: trained(eps, ends) for eps in (1.0, 0.3, 0.1, 0.03)}
assert abs(slopes[1.0][-1] - 1) < 1e-3  # the optimum is reached where the distributions overlap
study.table([study.pick("steps of D", "گام‌های D"), *(f"ε = {e}" for e in slopes)],
            [[k, *(kit.Cell(f"{slopes[e][i]:.4g}") for e in slopes)] for i, k in enumerate(ends)] + [[study.pick("optimum 1/ε²", f"بهینه {kit.ltr('1/ε²')}"), *(kit.Cell(f"{1 / e**2:.4g}") for e in slopes)]],
            en="Gradient that the printed loss gives the generator after so many steps of the discriminator, |θ − θ₀| = 1.", fa=f"گرادیانی که هزینهٔ چاپ‌شده پس از این شمار گام تمایزگر به مولد می‌دهد، {kit.ltr('|θ − θ₀| = 1')}.")
study.measure("trained_slope", slopes[0.03][-1], n=ends[-1], unit="nats per unit", protocol=f"slope of the logit of a logistic regression after {ends[-1]} steps of gradient ascent of rate 1, |theta - theta0| = 1, eps = 0.03; optimum {1 / 0.03**2:.0f}")
study.say(
    en=f"**Answer to (c).** Yes. With a discriminator at its optimum the printed loss equals KL: at ε = 0.1 and distance 1 it is {kl_gaussians(1, 0, 0.1, 0.1):g} nats with gradient {felt(1.0, 0.1)['printed']:g}, and both grow as ε⁻². It is the opposite of the well-known fault: the *saturating* loss leaves {felt(1.0, 0.1)['saturating']:.1e} there (at ε = 0.05 the 80 steps of the figure add up to {moved:.0e}: nothing in float64). Where the discriminator is *not* at its optimum, and for narrow distributions it never is, the gradient tells how long the discriminator has been trained rather than how far θ is: after {ends[-1]:,} steps it is {slopes[0.03][-1]:.3g} in place of {1 / 0.03**2:.0f} at ε = 0.03, hardly different from {slopes[0.1][-1]:.3g} at ε = 0.1. So an untuned training meets either an explosion or an arbitrary number.\n\n"
    "**What is worth noting.** The printed loss is −E[h], minus the mean of an unbounded output: it already *is* the generator loss of the Wasserstein GAN, with the logit as critic. What is missing is not another loss for the generator but a bound on the slope of h. "
    "**Pitfall.** A gradient that does not vanish is not yet a good one: it must also point the right way by an amount that means something.",
    fa=f"**پاسخ (ج).** آری. با تمایزگر بهینه هزینهٔ چاپ‌شده برابر KL است: در $\\epsilon = 0.1$ و فاصلهٔ ۱ مقدارش {kl_gaussians(1, 0, 0.1, 0.1):g} نات و گرادیانش {felt(1.0, 0.1)['printed']:g} است و هر دو مانند {kit.ltr('ε⁻²')} بزرگ می‌شوند. این عکس عیب مشهور است: هزینهٔ *اشباع‌شونده* آن‌جا {felt(1.0, 0.1)['saturating']:.1e} می‌دهد (در $\\epsilon = 0.05$ هر ۸۰ گام شکل روی هم {moved:.0e} می‌شود که در دقت دوگانه هیچ است). جایی که تمایزگر بهینه *نیست*، و برای توزیع‌های باریک هرگز نیست، گرادیان به جای دوری θ می‌گوید تمایزگر چقدر آموزش دیده است: پس از {ends[-1]:,} گام در $\\epsilon = 0.03$ به جای {1 / 0.03**2:.0f} برابر {slopes[0.03][-1]:.3g} است که با {slopes[0.1][-1]:.3g} در $\\epsilon = 0.1$ چندان فرقی ندارد. پس آموزشِ تنظیم‌نشده یا با انفجار روبه‌رو می‌شود یا با عددی دلخواه.\n\n"
    f"**نکتهٔ درخور.** هزینهٔ چاپ‌شده {kit.ltr('−E[h]')} است، یعنی منفی میانگین یک خروجی بی‌کران: این *همان* هزینهٔ مولد در Wasserstein GAN است که لوجیت جای منتقد نشسته. آنچه کم است هزینهٔ دیگری برای مولد نیست، بلکه کرانی برای شیب h است. "
    "**دام.** گرادیانی که محو نمی‌شود هنوز گرادیان خوبی نیست: باید به سوی درست و به اندازه‌ای معنادار هم باشد.")

# %% [markdown] lang="en"
# ## (d) KL, JS and W1 in the same limit
# Let $u = |\theta - \theta_0| / \epsilon$.
#
# 1. **KL** $= u^2 / 2 \to \infty$.
# 2. **JS.** With $x = \theta + \epsilon z$ the log-ratio is $u^2/2 + uz$, so
#    $JS = \log 2 - E_z \log(1 + e^{-(u^2/2 + uz)})$. As $0 \le \log(1 + t) \le \sqrt t$, the gap to $\log 2$ is at most
#    $E_z\, e^{-(u^2/2 + uz)/2} = e^{-u^2/8}$: JS goes to $\log 2$. Its derivative is
#    $\frac{\theta - \theta_0}{2 \epsilon^2} E_{p_g}[D^*] \le \frac{u}{4 \epsilon} e^{-u^2/8} \to 0$, as $\sigma(-t) \le \frac12 e^{-t/2}$.
# 3. **W1.** On the line the optimal coupling joins equal quantiles: $\theta + \epsilon \Phi^{-1}(t)$ with
#    $\theta_0 + \epsilon \Phi^{-1}(t)$. Their difference is $\theta - \theta_0$ at every level, so
#    $W_1 = |\theta - \theta_0|$ for every width, with slope $\pm 1$.
# %% [markdown] lang="fa"
# ## (د) ‏KL، JS و W1 در همان حد
# بگذارید $u = |\theta - \theta_0| / \epsilon$.
#
# ۱. **‏KL:** برابر $u^2 / 2$ است و به بی‌نهایت می‌رود.
#
# ۲. **‏JS:** با $x = \theta + \epsilon z$ لگاریتم نسبت $u^2/2 + uz$ است، پس $JS = \log 2 - E_z \log(1 + e^{-(u^2/2 + uz)})$. چون
# $0 \le \log(1 + t) \le \sqrt t$، فاصله تا $\log 2$ حداکثر $E_z\, e^{-(u^2/2 + uz)/2} = e^{-u^2/8}$ است: JS به $\log 2$ می‌رود. مشتقش
# $\frac{\theta - \theta_0}{2 \epsilon^2} E_{p_g}[D^*] \le \frac{u}{4 \epsilon} e^{-u^2/8} \to 0$ است، زیرا $\sigma(-t) \le \frac12 e^{-t/2}$.
#
# ۳. **‏W1:** روی خط، جفت‌سازی بهینه چندک‌های هم‌تراز را به هم می‌رساند: $\theta + \epsilon \Phi^{-1}(t)$ با $\theta_0 + \epsilon \Phi^{-1}(t)$. تفاضل
# آن دو در هر تراز $\theta - \theta_0$ است، پس برای هر پهنا $W_1 = |\theta - \theta_0|$ با شیب $\pm 1$.

# %%
z_, u_ = sp.symbols("z u", real=True)
t_ = sp.symbols("t", positive=True)
normal = sp.exp(-(z_**2) / 2) / sp.sqrt(2 * sp.pi)
bound = sp.simplify(sp.integrate(normal * sp.exp(-(u_**2 / 2 + u_ * z_) / 2), (z_, -sp.oo, sp.oo)))
assert sp.simplify(bound - sp.exp(-(u_**2) / 8)) == 0
small = sp.series(sp.log(1 + sp.exp(-(u_**2 / 2 + u_ * z_))), u_, 0, 9).removeO()  # then the moments of z, term by term
even = {k: sp.factorial2(k - 1) if k % 2 == 0 else 0 for k in range(9)}
js_series = sp.expand(sp.log(2) - sum(c * even[k] for (k,), c in sp.Poly(sp.expand(small), z_).terms()))
level = sp.erfinv(2 * t_ - 1) * sp.sqrt(2)
w1_symbolic = sp.integrate(sp.Abs(sp.expand((theta + eps_ * level) - (theta0 + eps_ * level))), (t_, 0, 1))
apart_ = sp.symbols("delta", positive=True)  # a Piecewise: its two cases are the two signs of theta - theta0
assert all(sp.simplify(w1_symbolic.subs(theta, theta0 + sign * apart_) - apart_) == 0 for sign in (1, -1))
near = [(u, float(js_series.subs(u_, u)), Pair(u, 1.0).js()) for u in (0.05, 0.1, 0.2)]
series_error = max(abs(s - n) for _, s, n in near)
assert series_error < 1e-6
ways = {(g, e): Pair(g, e).w1_five_ways() for g, e in ((1.0, 0.5), (0.6, 0.1), (1.0, 0.1))}
w1_error = max(abs(found - g) for (g, e), many in ways.items() for found in many.values())
assert w1_error < 1e-6
study.measure("w1_error", w1_error, n=5 * len(ways), protocol="largest |W1 - |theta - theta0|| over five routes and three cases, float64")
study.measure("js_series_error", series_error, n=len(near), unit="nats", protocol="largest |JS by quadrature - its series to u^8| at u = 0.05, 0.1, 0.2")
study.say(en="From the algebra system: the bound is $" + sp.latex(bound) + "$, $W_1 = " + sp.latex(sp.Abs(theta - theta0)) + "$, and for small distances $JS = " + sp.latex(js_series) + " + \\ldots$",
          fa="از سامانهٔ جبر نمادین: کران برابر $" + sp.latex(bound) + "$ است، $W_1 = " + sp.latex(sp.Abs(theta - theta0)) + "$، و برای فاصلهٔ کم $JS = " + sp.latex(js_series) + " + \\ldots$")
study.table(study.pick(["θ − θ₀", "ε", "area between CDFs", "quantiles", "SciPy", "LP, plan", "LP, dual"], ["θ − θ₀", "ε", "سطح میان CDFها", "چندک‌ها", "SciPy", "LP، نقشه", "LP، دوگان"]),
            [[g, e, *(kit.Cell(f"{value:.9f}") for value in many.values())] for (g, e), many in ways.items()],
            en="W1 by five routes; the linear programmes (LP) see the Gaussians on a grid of step ε/2.", fa="‏W1 از پنج راه؛ برنامه‌های خطی (LP) گاوسی‌ها را روی شبکه‌ای با گام ε/2 می‌بینند.")

# %%
rows, limit_gaps = [], {}
for eps in (1.0, 0.3, 0.1, 0.03, 0.01, 0.001):
    pair, gap_to_limit = Pair(1.0, eps), gap_to_log2(eps)
    assert abs(log2 - gap_to_limit - pair.js()) < 1e-9
    assert gap_to_limit <= np.exp(-1 / (8 * eps**2)) + 1e-300
    assert eps < 0.02 or abs(gap_to_log2_by_scipy(eps) / gap_to_limit - 1) < 1e-6
    tilt = felt(1.0, eps)["saturating"] / 2
    w1_slope = (pair.w1(1e-3 * eps) - pair.w1(-1e-3 * eps)) / (2e-3 * eps)
    limit_gaps[eps] = gap_to_limit
    rows.append([eps, kit.Cell(f"{pair.kl():.4g}"), kit.Cell(f"{1 / eps**2:.4g}"), kit.Cell(f"{pair.js():.6f}"), kit.Cell(f"{gap_to_limit:.1e}" if gap_to_limit else "0"),
                 kit.Cell(f"{tilt:.1e}" if tilt else "0"), kit.Cell(f"{pair.w1():.6f}"), kit.Cell(f"{w1_slope:.4f}")])
rows.append([study.pick("→ 0", kit.ltr("→ 0")), kit.Cell("∞"), kit.Cell("∞"), kit.Cell("log 2"), kit.Cell("0"), kit.Cell("0"), kit.Cell("1"), kit.Cell("1")])
study.table(study.pick(["ε", "KL", "slope", "JS", "log 2 − JS", "slope", "W1", "slope"], ["ε", "KL", "شیب", "JS", "log 2 − JS", "شیب", "W1", "شیب"]), rows,
            en="Three distances and their slopes in θ at |θ − θ₀| = 1. Below 1e-308 float64 holds nothing: such an entry shows as 0.", fa=f"سه فاصله و شیب آن‌ها نسبت به θ در {kit.ltr('|θ − θ₀| = 1')}. زیر 1e-308 دقت دوگانه چیزی نگه نمی‌دارد و چنین خانه‌ای صفر دیده می‌شود.")
grid = np.linspace(-1, 1, 81 if study.small else 201)
pairs = {eps: [Pair(gap, eps) for gap in grid] for eps in (0.3, 0.1, 0.03)}
distances = {"KL": Pair.kl, "JS": Pair.js, "W1": Pair.w1}
values = {(name, eps): [distance(pair) for pair in many] for name, distance in distances.items() for eps, many in pairs.items()}
study.figure(figures.three_distances(grid, values), "three_distances", en="The three distances over θ for three widths. KL rises without bound, JS becomes a plateau with a hole, W1 is the same curve for every width.",
             fa="سه فاصله بر حسب θ برای سه پهنا. ‏KL بی‌کران بالا می‌رود، JS سکویی با یک چاه می‌شود، و W1 برای هر پهنا همان منحنی است.")
study.measure("js_gap_to_log2", limit_gaps[0.1], n=1, unit="nats", protocol="log 2 - JS at |theta - theta0| = 1, eps = 0.1")
study.say(
    en=f"At ε = 0.1 JS is within {limit_gaps[0.1]:.1e} of log 2, only {limit_gaps[0.1] / 2**-24:.0f} steps of float32, and at 0.03 within {limit_gaps[0.03]:.0e}. The series and the integral of JS agree to {tiny(series_error)}, the five values of W1 to {tiny(w1_error)}. "
    "In the limit: **KL** is infinite wherever θ ≠ θ₀, so it cannot tell near from far; **JS** is log 2 everywhere and tells nothing either, but without any warning in the gradient; **W1** keeps the distance, with slope one. Only W1 is continuous in θ. **Pitfall.** Slope one right up to the target means that fixed steps end in a to-and-fro of the size of a step (seen in the last steps of the descent above): the rate has to be lowered or averaged.",
    fa=f"در $\\epsilon = 0.1$ مقدار JS تا {limit_gaps[0.1]:.1e} و در 0.03 تا {limit_gaps[0.03]:.0e} به {kit.ltr('log 2')} رسیده است؛ اولی تنها {limit_gaps[0.1] / 2**-24:.0f} گام float32 است. سری و انتگرال JS تا {tiny(series_error)} و پنج مقدار W1 تا {tiny(w1_error)} با هم می‌خوانند. "
    f"در حد: **KL** هر جا $\\theta \\ne \\theta_0$ باشد بی‌نهایت است و دور و نزدیک را از هم نمی‌شناسد؛ **JS** همه جا {kit.ltr('log 2')} است و باز چیزی نمی‌گوید، بی آن‌که گرادیان هشداری بدهد؛ **W1** فاصله را با شیب یک نگه می‌دارد. تنها W1 در θ پیوسته است. **دام.** شیب یک تا خودِ هدف یعنی گام‌های ثابت به رفت‌وبرگشتی به اندازهٔ یک گام ختم می‌شوند (در گام‌های پایانی شکل بالا پیداست): نرخ را باید کم کرد یا میانگین گرفت.")

# %% [markdown] lang="en"
# ## Which fault the Wasserstein GAN cures, and how
# **The fault.** Images lie near a surface of few dimensions in a space of many, and so do the images of a generator: two
# such surfaces as a rule do not overlap. Then a perfect discriminator exists, JS is $\log 2$ and the gradient of the
# original loss is zero, whether the generator is near or far. The loss curve says nothing about quality, the
# discriminator must not be trained too well, and the balance between the two nets becomes an art.
#
# **The cure** replaces JS by
# $$W_1(p, q) = \min_{\text{plans}} E \| x - y \| = \max_{\| f \|_L \le 1} E_p f - E_q f$$
# (Kantorovich and Rubinstein). The right side can be trained: a *critic* $f$, a discriminator without its sigmoid,
# maximises a difference of means while its slope is kept bounded; the generator minimises $-E f(G(z))$.
#
# Example 1 of Arjovsky et al. 2017 shows both: $P_0$ is uniform on the segment $\{0\} \times [0, 1]$ of the plane, $P_\theta$ on
# $\{\theta\} \times [0, 1]$. For $\theta \ne 0$ they share no point: $KL = \infty$, $JS = \log 2$, but $W_1 = |\theta|$. Below, the
# segments are cut into points and both sides of the duality are solved as linear programmes.
# %% [markdown] lang="fa"
# ## ‏Wasserstein GAN کدام عیب را برطرف می‌کند و چگونه
# **عیب.** تصویرها نزدیک رویه‌ای کم‌بعد در فضایی پربعد می‌نشینند و تصویرهای مولد نیز؛ دو رویهٔ چنین معمولاً هم‌پوشانی ندارند. پس تمایزگر
# بی‌خطا وجود دارد، JS برابر $\log 2$ و گرادیان هزینهٔ نخستین صفر است، چه مولد نزدیک باشد و چه دور. منحنی هزینه از کیفیت چیزی نمی‌گوید،
# تمایزگر را نباید زیاد خوب آموزش داد، و تعادل میان دو شبکه به هنر بدل می‌شود.
#
# **درمان** به جای JS می‌گذارد:
# $$W_1(p, q) = \min_{\text{plans}} E \| x - y \| = \max_{\| f \|_L \le 1} E_p f - E_q f$$
# (کانتوروویچ و روبنشتین). سمت راست آموختنی است: *منتقد* (critic) $f$، یعنی تمایزگری بی سیگموید، تفاضل دو میانگین را بیشینه می‌کند در حالی
# که شیبش کران‌دار نگه داشته می‌شود؛ مولد $-E f(G(z))$ را کمینه می‌کند.
#
# مثال ۱ از Arjovsky et al. 2017 هر دو را نشان می‌دهد: $P_0$ روی پاره‌خط $\{0\} \times [0, 1]$ صفحه یکنواخت است و $P_\theta$ روی
# $\{\theta\} \times [0, 1]$. برای $\theta \ne 0$ نقطهٔ مشترکی ندارند: $KL = \infty$ و $JS = \log 2$، اما $W_1 = |\theta|$. در زیر پاره‌خط‌ها به
# نقطه‌ها بریده و دو سوی دوگانی با برنامه‌ریزی خطی حل می‌شوند.

# %%
n = 6 if study.small else 12
thetas = np.linspace(-1, 1, 9 if study.small else 21)
lines = {t: segments(t, n) for t in thetas}
for at, found in lines.items():
    assert found.kl == (0 if at == 0 else np.inf)
    assert abs(found.js - (0 if at == 0 else log2)) < 1e-12
line_error = max(max(abs(found.plan.value - abs(t)), abs(found.critic.value - abs(t))) for t, found in lines.items())
slope_of_critic = max(steepest(found.critic.function, found.distance) for found in lines.values())
assert line_error < 1e-6
assert slope_of_critic < 1 + 1e-6
study.measure("segments_w1_error", line_error, n=len(thetas), protocol=f"largest |W1 - |theta||, plan and critic by linear programmes, {n} points a segment")
chosen = thetas[-3]
study.figure(figures.plan_and_critic(lines, chosen), "segments", en=f"Left: the optimal plan from the segment at θ = {chosen:g} to that at 0 (arrows) and the optimal critic (colour): it falls with slope one along the arrows. Right: only W1 shrinks as the segments approach.",
             fa=f"چپ: نقشهٔ بهینه از پاره‌خط θ = {chosen:g} به پاره‌خط صفر (پیکان‌ها) و منتقد بهینه (رنگ) که در راستای پیکان‌ها با شیب یک پایین می‌آید. راست: تنها W1 با نزدیک‌شدن پاره‌خط‌ها کم می‌شود.")

# %%
places = np.array([0.0, 1.0, 2.0, 4.0, 7.0])
p, q = np.array([5, 3, 0, 2, 0]) / 10, np.array([1, 0, 4, 2, 3]) / 10
distance = np.abs(places[:, None] - places)
plan, potential = transport(distance, p, q), lipschitz_dual(distance, p, q)
f = potential.function
area = float(np.abs(np.cumsum(p - q))[:-1] @ np.diff(places))
duality_gap = max(abs(plan.value - potential.value), abs(plan.value - area), abs(plan.value - stats.wasserstein_distance(places, places, p, q)))
carried = plan.plan > 1e-9
slack = float(np.abs((f[:, None] - f) - distance)[carried].max())
lipschitz = steepest(f, distance)
assert duality_gap < 1e-6
assert slack < 1e-6
assert lipschitz < 1 + 1e-9
header = [study.pick("place", "جا"), "p", "q", *(study.pick(f"to {t:g}", f"به {t:g}") for t in places), study.pick("critic f", "منتقد f")]
study.table(header, [[kit.Cell(f"{place:g}"), float(p[i]), float(q[i]), *(kit.Cell(f"{m:.1f}" if m > 1e-9 else "·") for m in plan.plan[i]), kit.Cell(f"{f[i]:.0f}")] for i, place in enumerate(places)],
            en="Five places on a line: the masses, the optimal plan (row: from, column: to) and the optimal critic.", fa="پنج جا روی یک خط: جرم‌ها، نقشهٔ بهینه (سطر: از، ستون: به) و منتقد بهینه.")
study.measure("duality_gap", duality_gap, n=len(places), protocol="largest difference between plan, critic, area between the distribution functions and SciPy, five places on a line")
study.say(
    en=f"**Five places.** The cheapest plan costs {plan.value:.6f}, the best critic earns {potential.value:.6f}, the area between the distribution functions is {area:.6f}: equal to {tiny(duality_gap)}. The critic's steepest slope is {lipschitz:.6f}, and wherever mass is carried it falls by exactly the distance (to {tiny(slack)}): that is why its gradient shows each sample where to go. **Segments.** W1 equals |θ| on both sides to {tiny(line_error)}; the critic's steepest slope is {slope_of_critic:.6f}.\n\n"
    "**How a Wasserstein GAN keeps the slope bounded.** The first version clips every weight to [−c, c] after each step, which bounds the slope by *some* unknown K: the critic then estimates K·W1, and much of its capacity is lost at the clipping ends. WGAN-GP asks in place of it for a gradient norm of one between real and generated samples, spectral normalisation for a bounded norm of each layer. Because the critic cannot saturate, it may be trained close to its optimum: several critic steps a generator step help rather than harm, and the loss estimates a distance.\n\n"
    "**What it does not cure.** A critic below its optimum gives a lower bound only; with K unknown two trainings cannot be compared by their loss; W1 from finite samples is biased in many dimensions; and the duality says nothing about whether training converges. Whether the loss follows sample quality in practice is a question for trained models, not for this page.",
    fa=f"**پنج جا.** ارزان‌ترین نقشه {plan.value:.6f} هزینه دارد، بهترین منتقد {potential.value:.6f} به دست می‌آورد و سطح میان توابع توزیع {area:.6f} است: برابر با خطای {tiny(duality_gap)}. تندترین شیب منتقد {lipschitz:.6f} است و هر جا جرمی برده شود درست به اندازهٔ فاصله پایین می‌آید (با خطای {tiny(slack)})؛ برای همین گرادیانش به هر نمونه نشان می‌دهد کجا برود. **پاره‌خط‌ها.** ‏W1 در دو سوی دوگانی تا {tiny(line_error)} با $|\\theta|$ برابر است و تندترین شیب منتقد {slope_of_critic:.6f}.\n\n"
    f"**چگونه Wasserstein GAN شیب را کران‌دار نگه می‌دارد.** نسخهٔ نخست پس از هر گام همهٔ وزن‌ها را به بازهٔ {kit.ltr('[−c, c]')} می‌بُرد و شیب را به K نامعلومی محدود می‌کند: پس منتقد {kit.ltr('K·W1')} را برآورد می‌کند و بخش بزرگی از توانش در دو سر بازه هدر می‌رود. ‏WGAN-GP به جایش از اندازهٔ گرادیان میان نمونهٔ واقعی و ساختگی می‌خواهد یک باشد، و نرمال‌سازی طیفی اندازهٔ هر لایه را محدود می‌کند. چون منتقد اشباع نمی‌شود می‌توان آن را تا نزدیکی بهینه آموزش داد: چند گام منتقد برای هر گام مولد سودمند است نه زیان‌بار، و هزینه برآوردی از فاصله است.\n\n"
    "**آنچه درمان نمی‌کند.** منتقدی پایین‌تر از بهینه تنها کران پایین می‌دهد؛ با K نامعلوم دو آموزش را نمی‌توان با هزینه‌شان سنجید؛ ‏W1 از نمونهٔ محدود در بعد بالا اریب است؛ و دوگانی دربارهٔ همگرایی آموزش چیزی نمی‌گوید. این‌که هزینه در عمل دنبال کیفیت نمونه می‌رود یا نه پرسشی برای مدل‌های آموزش‌دیده است، نه برای این صفحه.")

# %% [markdown] lang="en"
# ## Sources
# Goodfellow et al. 2014, Generative adversarial nets (arXiv 1406.2661), proposition 1; Arjovsky & Bottou 2017, Towards
# principled methods for training GANs (arXiv 1701.04862), theorems 2.4 and 2.5; Arjovsky, Chintala & Bottou 2017,
# Wasserstein GAN (arXiv 1701.07875), example 1; Gulrajani et al. 2017 (arXiv 1704.00028); Miyato et al. 2018
# (arXiv 1802.05957); Lin 1991, Divergence measures based on the Shannon entropy; Villani 2009, Optimal transport, ch. 5.
# %% [markdown] lang="fa"
# ## منابع
# Goodfellow et al. 2014 (arXiv 1406.2661)، گزارهٔ ۱؛ Arjovsky & Bottou 2017 (arXiv 1701.04862)، قضیه‌های ۲٫۴ و ۲٫۵؛
# Arjovsky, Chintala & Bottou 2017 (arXiv 1701.07875)، مثال ۱؛ Gulrajani et al. 2017 (arXiv 1704.00028)؛ Miyato et al. 2018
# (arXiv 1802.05957)؛ Lin 1991؛ Villani 2009، فصل ۵.
