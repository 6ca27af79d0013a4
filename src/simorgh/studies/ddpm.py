# ---
# simorgh:
#   title: {en: "DDPM: noise by a closed form, its removal by a network", fa: "DDPM: نوفه با رابطه‌ای بسته، زدودنش با شبکه"}
#   answers: [D3.a, D3.b, D3.c, D3.d, D6.1, D6.3, D6.4, D6.5, D6.6, D6.7, D6.8, D6.9]
#   runs: {ddpm: 1, ddpm-cosine-v: 1, ddpm@short: 1, ddpm@noskips: 1, ddpm@noattention: 1, ddpm@plain: 1}
#   overrides:
#     ddpm@short: &short {train.epochs: 2.0, train.optimiser.lr: 0.002, evaluate.samples: 500, evaluate.density_images: 0, model.network.channels: [40, 80], model.network.blocks: 1, model.network.attention: [false, false], model.network.patch: 2, model.network.dropout: 0.0}
#     ddpm@noskips: {<<: *short, model.network.skips: false, model.network.channels: [48, 84]}
#     ddpm@noattention: {<<: *short, model.network.middle_attention: false, model.network.channels: [44, 82]}
#     ddpm@plain: {<<: *short, model.network.skips: false, model.network.middle_attention: false, model.network.channels: [78], model.network.blocks: 2, model.network.attention: [false]}
# ---
# %% [markdown] lang="en"
# ## Question
# A denoising diffusion model (Ho et al. 2020) destroys an image by a thousand small steps of noise and learns to walk
# back. Why does the way forward need no network and has a closed form? Why can the way back not be computed? Which traits
# of the U-Net made the authors choose it, and what does each of them buy? How many steps does the way back need?
#
# ## Assumptions
# Images in $[-1, 1]$; $t = 1 \dots 1000$, $\beta_t$ linear from $10^{-4}$ to $0.02$, $\alpha_t = 1 - \beta_t$,
# $\bar\alpha_t = \prod_{s \le t} \alpha_s$, noise $\epsilon \sim N(0, I)$. The printed sentence of the third part breaks off;
# it is read as "why $p(x_{t-1} \mid x_t)$ cannot be computed directly".
# %% [markdown] lang="fa"
# ## پرسش
# مدل انتشاری نوفه‌زدا (Ho و همکاران، ۲۰۲۰) تصویر را با هزار گام کوچکِ نوفه از میان می‌برد و راه بازگشت را می‌آموزد. چرا راه رفت به شبکه نیاز ندارد و
# رابطه‌ای بسته دارد؟ چرا راه بازگشت را نمی‌توان مستقیم حساب کرد؟ کدام ویژگی‌های U-Net نویسندگان را به سوی آن برد و هر کدام چه سودی دارد؟
# بازگشت به چند گام نیاز دارد؟
#
# ## فرض‌ها
# تصویر در بازهٔ $[-1, 1]$ است؛ $t = 1 \dots 1000$ و $\beta_t$ خطی از $10^{-4}$ تا $0.02$، $\alpha_t = 1 - \beta_t$،
# $\bar\alpha_t = \prod_{s \le t} \alpha_s$ و نوفه $\epsilon \sim N(0, I)$. جملهٔ چاپ‌شدهٔ بخش سوم ناتمام است؛ آن را چنین می‌خوانیم: «چرا
# $p(x_{t-1} \mid x_t)$ را نمی‌توان مستقیم حساب کرد».

# %%
from dataclasses import replace

import numpy as np
import sympy as sp
import torch
from matplotlib.figure import Figure
from scipy import stats

from simorgh.data import load
from simorgh.diffusion.denoiser import levels, noised
from simorgh.diffusion.exact import Mixture
from simorgh.diffusion.steps import DDIM, Ancestral
from simorgh.metrics.divergences import kl
from simorgh.metrics.intervals import paired_difference
from simorgh.nn.unet import UNet
from simorgh.noise import Noise, SampleNoise, philox
from simorgh.report.figures import block_diagram, curves, image_grid
from simorgh.report.style import LINES
from simorgh.studies import _blocks as blocks
from simorgh.studies import _costs as costing
from simorgh.studies import _denoising as lab
from simorgh.studies import _traits as traits
from simorgh.studies import kit
from simorgh.studies._chains import Chain

study = kit.current()
run, cosine = study.runs("ddpm")[0], study.runs("ddpm-cosine-v")[0]
model, path = run.model().to(lab.DEVICE), run.experiment.model.path
data = load(run.experiment.data)
chain = Chain(path)
betas, kept, at = chain.betas, chain.kept, chain.at  # kept: the product of alphas, (1000,)
chain.check_published()
study.warn_if_small()

# %% [markdown] lang="en"
# ## (a) Forward
# $$ q(x_t \mid x_{t-1}) = N(\sqrt{1 - \beta_t}\, x_{t-1},\; \beta_t I) $$
# A step draws noise of variance $\beta_t$ and, before it, *shrinks* the image by $\sqrt{1 - \beta_t}$: a variance of 1
# becomes $(1 - \beta_t) \cdot 1 + \beta_t = 1$. What enters the network has the same size at every level, and the end of
# the way is $N(0, I)$, from which we can draw. Nothing here is learnt; large $t$ takes larger steps, since little is left to lose.
# %% [markdown] lang="fa"
# ## (آ) راه رفت
# $$ q(x_t \mid x_{t-1}) = N(\sqrt{1 - \beta_t}\, x_{t-1},\; \beta_t I) $$
# هر گام نوفه‌ای با واریانس $\beta_t$ می‌افزاید و پیش از آن تصویر را با ضریب $\sqrt{1 - \beta_t}$ *کوچک* می‌کند: واریانس ۱ می‌شود
# $(1 - \beta_t) \cdot 1 + \beta_t = 1$. آنچه وارد شبکه می‌شود در همهٔ سطح‌ها یک اندازه دارد و پایان راه $N(0, I)$ است که از آن می‌توان نمونه کشید.
# در این‌جا چیزی آموخته نمی‌شود؛ در $t$ بزرگ گام‌ها بزرگ‌ترند، چون چیز کمی برای از دست رفتن مانده است.

# %%
stops = (100, 200, 500, 700, 900)
first = [int((data.test.y == digit).nonzero()[0]) for digit in (3, 5, 8)]
x0 = lab.inward(data.test.x[first])
eps = Noise(0, "strip").normal(*x0.shape)
strip = [x0] + [noised(x0, eps, torch.full((3,), at(t))) for t in stops]
study.figure(image_grid((torch.stack(strip, 1).flatten(0, 1) + 1) / 2, 3, 6, col_labels=[f"t = {t}" for t in (0, *stops)], cell=0.9), "forward",
             "Three test images on the way forward, one noise for each row, at the five steps asked for.", "سه تصویر آزمون در راه رفت، در هر سطر یک نوفه، در همان پنج گام خواسته‌شده.")
many = lab.inward(data.test.x[:1000]).double()
many = (many - many.mean()) / many.std()
noise = Noise(0, "variance").normal(*many.shape).double()
rows, off = [], []
for t in stops:
    measured = float(noised(many, noise, torch.full((len(many),), at(t))).var())
    grown = float((many + betas[:t].sum().sqrt() * noise).var())
    off.append(abs(measured - 1))
    rows.append([t, *(kit.Cell(f"{v:.3f}") for v in (kept[t - 1].sqrt(), (1 - kept[t - 1]).sqrt(), 10 * (kept[t - 1] / (1 - kept[t - 1])).log10(), measured, grown))])
assert max(off) < 0.01
study.table(["t", "√ᾱ", "√(1 − ᾱ)", study.pick("signal to noise, dB", "سیگنال به نوفه، dB"), study.pick("variance", "واریانس"), study.pick("variance without shrinking", "واریانس بدون کوچک‌کردن")], rows,
            "1,000 test images brought to mean 0 and variance 1. Without the factor the variance grows to that of all the noise.", "۱٬۰۰۰ تصویر آزمون با میانگین ۰ و واریانس ۱. بدون آن ضریب، واریانس به اندازهٔ همهٔ نوفه رشد می‌کند.")
_ = study.measure("variance_off_one", max(off), n=1000, protocol="largest |variance - 1| of standardised test images at steps 100, 200, 500, 700, 900")

# %% [markdown] lang="en"
# ## (b) All steps in one
# **Claim.** $x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon$. *Induction.* For $t = 1$ it is the step itself.
# If it holds at $t - 1$ with $A = \bar\alpha_{t-1}$, one step makes
# $$ x_t = \sqrt{\alpha_t}\,(\sqrt A\, x_0 + \sqrt{1 - A}\, e_1) + \sqrt{1 - \alpha_t}\, e_2. $$
# $e_1$ and $e_2$ are independent, so their sum is Gaussian with the sum of the variances. An algebra system does the rest:
# %% [markdown] lang="fa"
# ## (ب) همهٔ گام‌ها در یکی
# **ادعا.** $x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon$. *استقرا.* برای $t = 1$ همان یک گام است. اگر در $t - 1$ با
# $A = \bar\alpha_{t-1}$ درست باشد، یک گام دیگر می‌دهد
# $$ x_t = \sqrt{\alpha_t}\,(\sqrt A\, x_0 + \sqrt{1 - A}\, e_1) + \sqrt{1 - \alpha_t}\, e_2. $$
# چون $e_1$ و $e_2$ مستقل‌اند، جمعشان گاوسی است و واریانس‌ها با هم جمع می‌شوند. بقیه را جبر نمادین انجام می‌دهد:

# %%
a, A, b = sp.symbols("alpha A beta", positive=True)
x_, y_, e1, e2 = sp.symbols("x_0 x_t e_1 e_2", real=True)
step = sp.expand(sp.sqrt(a) * (sp.sqrt(A) * x_ + sp.sqrt(1 - A) * e1) + sp.sqrt(1 - a) * e2)
variance = sp.factor(step.coeff(e1) ** 2 + step.coeff(e2) ** 2)
assert sp.simplify(step.coeff(x_) - sp.sqrt(a * A)) == 0
assert sp.simplify(variance - (1 - a * A)) == 0
coefficient, spread, walked = 1.0, 0.0, np.full(50_000, 0.7)
rng, rows, worst, scores = philox("walk"), [], 0.0, []
for t in range(1, 1001):
    beta = float(betas[t - 1])
    coefficient, spread = np.sqrt(1 - beta) * coefficient, (1 - beta) * spread + beta
    walked = np.sqrt(1 - beta) * walked + np.sqrt(beta) * rng.standard_normal(len(walked))
    keep = float(kept[t - 1])
    worst = max(worst, abs(coefficient - keep**0.5), abs(spread - (1 - keep)))
    if t in (*stops, 1000):
        n, mean, var = len(walked), 0.7 * keep**0.5, 1 - keep
        z = [(walked.mean() - mean) / np.sqrt(var / n), (walked.var(ddof=1) / var - 1) / np.sqrt(2 / n)]
        scores += z
        rows.append([t, *(kit.Cell(f"{v:.4f}") for v in (mean, walked.mean(), var, walked.var(ddof=1))), kit.Cell(f"{z[0]:+.2f}, {z[1]:+.2f}")])
alpha_, sigma_ = path.alpha_sigma(path.q(torch.arange(1, 1001, dtype=torch.float64) / 1000))
worst = max(worst, float((alpha_ - kept.sqrt()).abs().max()), float((sigma_**2 + kept - 1).abs().max()))
assert worst < 1e-9
assert max(map(abs, scores)) < 4
study.table(study.pick(["t", "mean, formula", "mean, 50,000 walks", "variance, formula", "variance, walks", "off by, in standard errors"], ["t", "میانگین، رابطه", "میانگین، ۵۰٬۰۰۰ راه", "واریانس، رابطه", "واریانس، راه‌ها", "اختلاف، به خطای معیار"]), rows,
            "A pixel of value 0.7, walked step by step, against the closed form.", "پیکسلی با مقدار ۰٫۷ که گام به گام رفته است، در برابر رابطهٔ بسته.")
study.measure("closed_form_error", worst, n=1000, protocol="largest difference of mean factor or variance between the recursion over 1,000 steps, the cumulative product and the path of the package, float64")
study.say(f"The new factor of $x_0$ is ${sp.latex(sp.sqrt(a * A))}$ and the new variance ${sp.latex(sp.simplify(variance))}$: the claim at $t$. Over all 1,000 steps recursion, product and code differ by at most {worst:.0e}. So training draws any $t$ at once: `noised` is the whole forward way.",
          f"ضریب تازهٔ $x_0$ برابر ${sp.latex(sp.sqrt(a * A))}$ و واریانس تازه ${sp.latex(sp.simplify(variance))}$ است: همان ادعا در $t$. در همهٔ ۱٬۰۰۰ گام، بازگشت و حاصل‌ضرب و کد حداکثر <bdi dir=\"ltr\">{worst:.0e}</bdi> اختلاف دارند. پس آموزش هر $t$ را یک‌باره می‌کشد: تابع `noised` همهٔ راه رفت است.")

# %% [markdown] lang="en"
# ## (c) Backward: why a network
# By Bayes, $p(x_{t-1} \mid x_t) = q(x_t \mid x_{t-1})\, p(x_{t-1}) / p(x_t)$, and $p(x_{t-1}) = \int q(x_{t-1} \mid x_0)\, p(x_0)\, dx_0$
# holds the law of the data, which is what we are looking for. Only *given* $x_0$ is the step back known:
# $$ q(x_{t-1} \mid x_t, x_0) = N(\tilde\mu, \tilde\beta_t I), \qquad
# \tilde\mu = \frac{\sqrt{\bar\alpha_{t-1}}\, \beta_t}{1 - \bar\alpha_t} x_0 + \frac{\sqrt{\alpha_t}\,(1 - \bar\alpha_{t-1})}{1 - \bar\alpha_t} x_t, \qquad
# \tilde\beta_t = \frac{1 - \bar\alpha_{t-1}}{1 - \bar\alpha_t} \beta_t. $$
# Averaged over $x_0$, the mean of the step back needs one unknown only, $E[x_0 \mid x_t]$, or what is the same,
# $E[\epsilon \mid x_t]$: this conditional mean is the minimiser of a squared error, so a network can learn it by
# $\lVert \epsilon - \epsilon_\theta(x_t, t) \rVert^2$. For small $\beta_t$ a Gaussian with that mean is nearly all there is to know.
# %% [markdown] lang="fa"
# ## (ج) بازگشت: چرا شبکه
# بنا بر بیز $p(x_{t-1} \mid x_t) = q(x_t \mid x_{t-1})\, p(x_{t-1}) / p(x_t)$، و در $p(x_{t-1}) = \int q(x_{t-1} \mid x_0)\, p(x_0)\, dx_0$ قانون داده
# نشسته است، یعنی همان چیزی که در پی آنیم. گام بازگشت تنها *به شرط* $x_0$ معلوم است:
# $$ q(x_{t-1} \mid x_t, x_0) = N(\tilde\mu, \tilde\beta_t I), \qquad
# \tilde\mu = \frac{\sqrt{\bar\alpha_{t-1}}\, \beta_t}{1 - \bar\alpha_t} x_0 + \frac{\sqrt{\alpha_t}\,(1 - \bar\alpha_{t-1})}{1 - \bar\alpha_t} x_t, \qquad
# \tilde\beta_t = \frac{1 - \bar\alpha_{t-1}}{1 - \bar\alpha_t} \beta_t. $$
# با میانگین‌گیری روی $x_0$، میانگین گام بازگشت تنها یک مجهول دارد، $E[x_0 \mid x_t]$ یا هم‌ارز آن $E[\epsilon \mid x_t]$: این میانگین شرطی
# کمینه‌کنندهٔ خطای مربعی است، پس شبکه‌ای می‌تواند آن را با $\lVert \epsilon - \epsilon_\theta(x_t, t) \rVert^2$ بیاموزد. برای $\beta_t$ کوچک، گاوسی با
# همین میانگین تقریباً همهٔ دانستنی است.

# %%
exponent = sp.expand((y_ - sp.sqrt(1 - b) * e1) ** 2 / b + (e1 - sp.sqrt(A) * x_) ** 2 / (1 - A))  # e1 stands for x_{t-1}
tilde = sp.simplify(1 / exponent.coeff(e1, 2))
centre = sp.simplify(-exponent.coeff(e1, 1) / 2 * tilde)
whole = 1 - (1 - b) * A
assert sp.simplify(tilde - (1 - A) / whole * b) == 0
assert sp.simplify(centre - (sp.sqrt(A) * b / whole * x_ + sp.sqrt(1 - b) * (1 - A) / whole * y_)) == 0
chain.check_steps_back((2, 10, 300, 1000))  # the sampler against these formulas and algorithm 2, with both variances

# %% [markdown] lang="en"
# ### A case where it *can* be computed
# Let the training images be the whole law. Then $E[x_0 \mid x_t] = \sum_i r_i x_i$, $r = \mathrm{softmax}(-\lVert z - x_i \rVert^2 / 2 q^2)$
# with $z = x_t / \sqrt{\bar\alpha_t}$, $q^2 = (1 - \bar\alpha_t) / \bar\alpha_t$: exact, and each answer reads every image.
# %% [markdown] lang="fa"
# ### حالتی که *می‌توان* حساب کرد
# بگذارید تصویرهای آموزش همهٔ قانون باشند. آن‌گاه $E[x_0 \mid x_t] = \sum_i r_i x_i$ با $r = \mathrm{softmax}(-\lVert z - x_i \rVert^2 / 2 q^2)$ و
# $z = x_t / \sqrt{\bar\alpha_t}$ و $q^2 = (1 - \bar\alpha_t) / \bar\alpha_t$: دقیق است و هر پاسخ همهٔ تصویرها را می‌خواند.

# %%
points = lab.inward(data.train.x)
exact, queries = Mixture(points), 20 if study.small else 100
seen, unseen = points[:queries], lab.inward(data.test.x[:queries])
rows, shown, result = [], [], {}
steps = (20, 50, 100, 200, 300, 500, 700, 900)
for t in steps:
    line, q = [], torch.full((queries,), at(t), dtype=torch.float64)
    for name, clean in (("seen", seen), ("unseen", unseen)):
        u = noised(clean, Noise(0, "query", t).normal(*clean.shape, name=name), q)
        flat, flats = (u * (1 + at(t) ** 2) ** 0.5).flatten(1), points.flatten(1)
        r = ((flat @ flats.T - (flats**2).sum(1) / 2) / at(t) ** 2).softmax(1)
        by_hand, known = (r @ flats).view_as(u), exact(u, q).x0
        assert float((by_hand - known).abs().max()) < 0.005  # 3e-4 was seen: float32 sums over all images
        with torch.no_grad():
            learnt = model.denoiser()(u.to(lab.DEVICE), q.to(lab.DEVICE)).x0.cpu()
        count = float(torch.special.entr(r).sum(1).exp().mean())
        before, now, beta = float(kept[t - 2]), float(kept[t - 1]), float(betas[t - 1])
        weight = before**0.5 * beta / (1 - now) / ((1 - before) / (1 - now) * beta) ** 0.5
        result[name, t] = [float((guess - clean).square().mean().sqrt()) for guess in (known, learnt)]
        line += [kit.Cell(f"{v:.3f}") for v in result[name, t]]
        if name == "unseen":
            between = float((known - learnt).square().mean().sqrt())
            gap = weight * between
            shown.append([part[1:2] for part in (u, known, learnt)])
    rows.append([t, kit.Cell(f"{count:,.1f}"), *line, kit.Cell(f"{gap:.3f}")])
study.table(study.pick(["t", "images that count", "seen: exact", "seen: network", "unseen: exact", "unseen: network", "gap of the means / √β̃"], ["t", "تصویرهای مؤثر", "دیده: دقیق", "دیده: شبکه", "نادیده: دقیق", "نادیده: شبکه", "فاصلهٔ میانگین‌ها / √β̃"]), rows,
            f"Root-mean-square error of $E[x_0 \\mid x_t]$ on {queries} training and {queries} test images, by the exact law of {len(points):,} training images and by the network. Images that count: exponential of the entropy of $r$ for test images. Last column: distance of the two means of $x_{{t-1}}$, a pixel, in standard deviations of the step.",
            f"ریشهٔ میانگین مربع خطای $E[x_0 \\mid x_t]$ روی {queries} تصویر آموزش و {queries} تصویر آزمون، با قانون دقیق {len(points):,} تصویر آموزش و با شبکه. تصویرهای مؤثر: نمایی آنتروپی $r$ برای تصویرهای آزمون. ستون آخر: فاصلهٔ دو میانگینِ $x_{{t-1}}$ در هر پیکسل، بر حسب انحراف معیار گام.")
panels = torch.cat([torch.cat(column) for column in zip(*shown)])
study.figure(image_grid((panels + 1) / 2, 3, len(steps), ["x_t", "exact", "network"], [f"t = {t}" for t in steps], cell=0.75), "exact",
             "One test image with noise, its mean under the exact law of the training images, and the network's.", "یک تصویر آزمون با نوفه، میانگینش زیر قانون دقیق تصویرهای آموزش، و میانگین شبکه.")
for name in ("seen", "unseen"):
    for who, value in zip(("exact", "network"), result[name, 50]):
        study.measure(f"rmse_{who}_{name}", value, n=queries, unit="of the range [-1, 1]", protocol=f"root-mean-square error of E[x0 | x_t] at t = 50, {queries} images {name} in training, law of {len(points)} training images", recipe="ddpm")
(ks, ns), (ku, nu) = result["seen", 50], result["unseen", 50]
study.say(f"So it is feasible here, at a price: one answer reads {len(points):,} × 784 = {len(points) * 784 / 1e6:.2g} million numbers, against {sum(p.numel() for p in model.parameters()) / 1e6:.2f} million weights of the network, and grows with the data. And it is not what we want: at $t = 50$ its error is {ks:.3f} on training images and {ku:.3f} on unseen ones, for it can only return what it holds; walking back with it would print training images. The network's are {ns:.3f} and {nu:.3f}, "
          + ("nearly equal: what it cannot store it has to generalise." if nu < 1.25 * ns else "which here differ too."),
          f"پس در این‌جا شدنی است، اما به بهایی: هر پاسخ <bdi dir=\"ltr\">{len(points):,} × 784</bdi>، یعنی {len(points) * 784 / 1e6:.2g} میلیون عدد می‌خواند، در برابر {sum(p.numel() for p in model.parameters()) / 1e6:.2f} میلیون وزن شبکه، و با داده رشد می‌کند. و آن چیزی نیست که می‌خواهیم: در $t = 50$ خطایش روی تصویرهای آموزش {ks:.3f} و روی نادیده‌ها {ku:.3f} است، چون تنها آنچه را در خود دارد پس می‌دهد؛ بازگشت با آن تصویرهای آموزش را چاپ می‌کند. خطاهای شبکه {ns:.3f} و {nu:.3f} است، "
          + ("تقریباً برابر: آنچه را نمی‌تواند انبار کند باید تعمیم دهد." if nu < 1.25 * ns else "که این‌جا آن‌ها هم فرق دارند."))

far, q_far = steps[-1], at(steps[-1])  # `gap` and `between` are of this step
exact_far, net_far = result["unseen", far]
off, calm = net_far > 1.25 * exact_far, gap < 0.1
study.say(f"At $t = {far}$ the network's estimate of the image is off by {net_far:.2f} on unseen images, where the exact one is off by {exact_far:.2f}" + (": Figure 2 shows little but noise there. " if off else ". ") + f"The network is taught $\\epsilon$, and an error of $\\epsilon$ is multiplied by $\\sqrt{{(1 - \\bar\\alpha_t) / \\bar\\alpha_t}}$ = {q_far:.0f} in $x_0$: from the exact answer it differs by {between:.2f} in the image, but by {between / q_far:.3f} in the noise, whose deviation is 1. "
          + (f"The step back does not suffer, for it takes that little of $x_0$: the last column is {gap:.3f} there." if calm else f"The step back suffers too: the last column is {gap:.2f} there."),
          f"در <bdi dir=\"ltr\">t = {far}</bdi> خطای برآورد شبکه از تصویر، روی تصویرهای نادیده، {net_far:.2f} و خطای پاسخ دقیق {exact_far:.2f} است" + ("؛ شکل ۲ در آن‌جا کمابیش تنها نوفه نشان می‌دهد. " if off else ". ") + f"شبکه $\\epsilon$ را می‌آموزد و خطای $\\epsilon$ در $x_0$ در $\\sqrt{{(1 - \\bar\\alpha_t) / \\bar\\alpha_t}}$ یعنی {q_far:.0f} ضرب می‌شود: فاصله‌اش با پاسخ دقیق در تصویر {between:.2f} است اما در نوفه، که انحراف معیارش ۱ است، {between / q_far:.3f}. "
          + (f"گام بازگشت آسیبی نمی‌بیند، چون از $x_0$ همان‌قدر کم برمی‌دارد: ستون آخر در آن‌جا {gap:.3f} است." if calm else f"گام بازگشت هم آسیب می‌بیند: ستون آخر در آن‌جا {gap:.2f} است."))

# %% [markdown] lang="en"
# ### Why a Gaussian is enough, if the steps are small
# On a line: $x_{t-1}$ is one of two narrow Gaussians, $\pm 0.97$ with deviation $0.25$. $p(x_{t-1} \mid x_t)$ is computed on a
# grid and compared with the Gaussian of its own mean and variance.
# %% [markdown] lang="fa"
# ### چرا با گام‌های کوچک، گاوسی بس است
# روی خط: $x_{t-1}$ یکی از دو گاوسی باریک در <bdi dir="ltr">$\pm 0.97$</bdi> با انحراف <bdi dir="ltr">$0.25$</bdi> است. $p(x_{t-1} \mid x_t)$ روی شبکه‌ای از نقطه‌ها حساب و با گاوسیِ هم‌میانگین و
# هم‌واریانسش مقایسه می‌شود.

# %%
grid = np.linspace(-4, 4, 8001)
width = grid[1] - grid[0]
prior = np.logaddexp(stats.norm.logpdf(grid, 0.97, 0.25), stats.norm.logpdf(grid, -0.97, 0.25)) - np.log(2)
figure = Figure(figsize=(8.4, 2.3))
for panel, beta in zip(figure.subplots(1, 4), (0.01, 0.1, 0.5, 0.9)):
    log_p, log_g, _ = lab.step_back(prior, grid, beta, 0.2 * np.sqrt(1 - beta))
    panel.plot(grid, np.exp(log_p), label="exact")
    panel.plot(grid, np.exp(log_g), "--", color=LINES[1], label="Gaussian")
    panel.set(title=f"β = {beta}: {kl(log_p, log_g, width):.2g} nats", xlim=(-1.6, 1.6) if beta > 0.01 else (-0.4, 0.8), xlabel="x before the step")
panel.legend(fontsize=7)
study.figure(figure, "backward", "The exact law of the step back from one point, and the Gaussian of its mean and variance; above, the KL between them.", "قانون دقیق گام بازگشت از یک نقطه و گاوسیِ هم‌میانگین و هم‌واریانسش؛ بالا، KL میان آن دو.")
small_betas, ys = (0.001, 0.002, 0.004), np.linspace(-2.5, 2.5, 61)
lost = {}
for beta in (*small_betas, 0.01, 0.5):
    parts = [lab.step_back(prior, grid, beta, y) for y in ys]
    weights = np.exp([part[2] for part in parts])
    lost[beta] = float(weights @ [kl(p, g, width) for p, g, _ in parts] / weights.sum())
power = float(np.polyfit(np.log(small_betas), [np.log(lost[v]) for v in small_betas], 1)[0])
assert 2.8 < power < 3.1
study.measure("gaussian_step_power_of_beta", power, n=len(small_betas), protocol="slope of log mean KL(exact step back || Gaussian of its moments) over log beta, beta 0.001 to 0.004, two Gaussians on a line")
study.say(f"On average over $x_t$ the Gaussian loses {lost[0.5]:.2g} nats a step at β = 0.5 and {lost[0.01]:.1e} at β = 0.01: it falls like $\\beta^{{{power:.2f}}}$ (theory: the third cumulant gives $\\beta^3$). With $T$ steps of $\\beta \\propto 1/T$ the sum falls like $1/T^2$. This is why the chain has many small steps; with few large ones the loss a step is the larger.",
          f"به طور میانگین روی $x_t$، گاوسی در $\\beta = 0.5$ هر گام {lost[0.5]:.2g} نات می‌بازد و در $\\beta = 0.01$ تنها <bdi dir=\"ltr\">{lost[0.01]:.1e}</bdi>: مانند $\\beta^{{{power:.2f}}}$ پایین می‌آید (نظریه: کومولان سوم $\\beta^3$ می‌دهد). با $T$ گامِ $\\beta \\propto 1/T$ مجموع مانند $1/T^2$ کم می‌شود. از این رو زنجیر گام‌های کوچک بسیار دارد؛ با چند گام بزرگ باخت هر گام بیشتر است.")

# %% [markdown] lang="en"
# ## (d) Why a U-Net
# - Noise has the size of the image: so has the output.
# - At large $t$ the question is global (which digit?), at small $t$ local (which edge?): a pyramid of resolutions sees both, cheaply.
# - $\epsilon$ contains every fine detail of the input: **skips** carry it past the narrow middle.
# - **Attention** at low resolution joins distant parts of a stroke where positions are few.
# - The code of $t$ enters *every* block: one network for all levels.
#
# These are expectations. What skips, attention and pyramid bought *here* is measured below, by leaving them out.
# %% [markdown] lang="fa"
# ## (د) چرا U-Net
# - نوفه هم‌اندازهٔ تصویر است: خروجی هم.
# - در $t$ بزرگ پرسش سراسری است (کدام رقم؟) و در $t$ کوچک محلی (کدام لبه؟): هرمی از تفکیک‌پذیری‌ها هر دو را ارزان می‌بیند.
# - $\epsilon$ همهٔ ریزه‌کاری‌های ورودی را در خود دارد: **میان‌برها** آن را از کنار میانهٔ باریک می‌گذرانند.
# - **توجه** در تفکیک‌پذیری پایین بخش‌های دورِ یک خط را به هم می‌رساند، جایی که مکان‌ها کم‌اند.
# - کد $t$ به *همهٔ* بلوک‌ها وارد می‌شود: یک شبکه برای همهٔ سطح‌ها.
#
# این‌ها انتظار است. سودی که میان‌برها، توجه و هرم *این‌جا* داشته‌اند، پایین‌تر با کنار گذاشتنشان سنجیده می‌شود.

# %%
drawing = lab.layout(model.network, run.spec.shape)
study.figure(block_diagram(drawing, [name for line in drawing for name in line if "att." in name]), "unet",
             "The network as trained, channels × height × width after every part; one row a resolution, down, middle and up. \"m → n×h×w\" is a residual block from m channels, \"att.\" (coloured) attention behind it. On the way up m counts what comes from below and what a skip brings.",
             "شبکهٔ آموزش‌دیده با اندازهٔ خروجی هر بخش؛ هر سطر یک تفکیک‌پذیری، راه پایین و میانه و راه بالا. «<bdi dir=\"ltr\">m → n×h×w</bdi>» بلوک باقی‌مانده از m کانال است و «<bdi>att.</bdi>» (رنگی) توجه پس از آن. در راه بالا m هم آنچه را از پایین می‌آید می‌شمارد و هم آنچه را میان‌بر می‌آورد.")
attention_gap = blocks.attention_gap()
assert attention_gap < 1e-12
big = UNet((128, 128, 256, 256, 512, 512), blocks=2, attention=(False, False, False, False, True, False), patch=1)
with torch.device("meta"):
    shapes = lab.layout(big.build((3, 64, 256)), (3, 64, 256))
middle = max(i for i, line in enumerate(shapes) if "halve" in line[0]) + 1
ups = sum("→" in name for line in shapes[middle + 1 :] for name in line)
assert ups == 6 * 3
code = str(next(m for m in model.modules() if type(m).__name__ == "ResidualBlock")).replace("\n", "\n    ")
study.say(f"**The residual block** (norm, SiLU, convolution, twice; the code of $t$ added between, a 1 × 1 convolution on the shortcut where channels change):\n\n    {code}\n\n**Attention** is written out in `nn/attention.py`; with equal weights it differs from torch's `MultiheadAttention` by {attention_gap:.0e}. **The network of the assignment**, widths 128-128-256-256-512-512 for 3 × 64 × 256 with attention at the fifth level, is the same class: {big.count((3, 64, 256)) / 1e6:.0f} million parameters, two blocks a level down and three up ({ups} in all; the given template lacked one).",
          f"**بلوک باقی‌مانده** (نرمال‌سازی، SiLU، پیچش، دو بار؛ کد $t$ در میان افزوده می‌شود و هر جا شمار کانال‌ها عوض شود روی میان‌بر پیچش <bdi dir=\"ltr\">1 × 1</bdi> است):\n\n    {code}\n\n**توجه** در `nn/attention.py` از پایه نوشته شده است و با وزن‌های برابر <bdi dir=\"ltr\">{attention_gap:.0e}</bdi> با `MultiheadAttention` فرق دارد. **شبکهٔ تکلیف** با پهناهای <bdi dir=\"ltr\">128-128-256-256-512-512</bdi> برای <bdi dir=\"ltr\">3 × 64 × 256</bdi> و توجه در سطح پنجم همین کلاس است: {big.count((3, 64, 256)) / 1e6:.0f} میلیون پارامتر، در هر سطح دو بلوک به پایین و سه بلوک به بالا ({ups} روی هم؛ قالب داده‌شده یکی کم داشت).")

# %%
variants = {"U-Net": "ddpm@short", study.pick("no skips", "بدون میان‌بر"): "ddpm@noskips", study.pick("no attention", "بدون توجه"): "ddpm@noattention", study.pick("plain stack", "پشتهٔ ساده"): "ddpm@plain"}
batches, rows, losses, more, fds = 4 if study.small else 20, [], {}, {}, {}
sizes = {key: sum(p.numel() for p in study.runs(key)[0].model().network.parameters()) for key in variants.values()}
assert all(abs(size / sizes["ddpm@short"] - 1) < 0.02 for size in sizes.values())
for title, key in variants.items():
    variant = study.runs(key)[0]
    losses[key] = lab.held_out(variant, batches)
    more[key] = worse = None if key == "ddpm@short" else paired_difference(losses[key], losses["ddpm@short"])
    fds[key] = study.results(key, "fd_digits")
    loss = study.measure("held_out_loss", float(losses[key].mean()), n=100 * batches, protocol=f"mean squared error of eps, {100 * batches} MNIST test images, equal noise and steps t for all variants", run=key)
    if worse is not None:
        study.measure("held_out_loss_difference", worse.value, worse.low, worse.high, n=batches, protocol=f"loss minus that of ddpm@short, paired over {batches} batches of 100 test images", run=key)
    network = variant.experiment.model.network
    rows.append([title, kit.ltr("-".join(map(str, network.channels))), sizes[key], kit.Cell(f"{lab.milliseconds(variant):.2f}"), lab.cell(loss.value, 4), lab.cell(worse, 4), fds[key]])
study.table(study.pick(["network", "widths", "parameters", "ms an image", "held-out loss", "more than the U-Net", "fd-digits"], ["شبکه", "پهنا", "پارامتر", "ms هر تصویر", "هزینه (دادهٔ کنارگذاشته)", "بیش از U-Net", "fd-digits"]), rows,
            "Two passes each, parameters equal within 2 %, one seed. The loss is taken at equal noise; intervals over batches of test images, and over samples for fd-digits, not over seeds.", "هر کدام دو دور، پارامترها با اختلاف کمتر از ۲ درصد، یک بذر. هزینه با نوفهٔ برابر گرفته شده است؛ بازه‌ها روی دسته‌های آزمون و برای fd-digits روی نمونه‌هاست، نه روی بذرها.")
at_steps = traits.by_step(study, {title: study.runs(key)[0] for title, key in variants.items()}, at, (20, 100, 300, 500), lab.inward(data.test.x[: 40 if study.small else 400]))
short, stack = study.runs("ddpm@short")[0].model().network, study.runs("ddpm@plain")[0].model().network
traits.answer(study, traits.Reasons(short, stack), [(more[key], fds[key], fds["ddpm@short"], at_steps[title]) for title, key in list(variants.items())[1:]])

# %% [markdown] lang="en"
# ## Training
# $t$ uniform over the 1,000 steps, squared error of $\epsilon$, Adam with a short warm-up and a cosine to zero, an average of the weights.
# %% [markdown] lang="fa"
# ## آموزش
# $t$ یکنواخت از ۱٬۰۰۰ گام، خطای مربعی $\epsilon$، بهینه‌ساز Adam با گرم‌کردن کوتاه و کاهش کسینوسی تا صفر، و میانگین متحرک وزن‌ها.

# %%
rows = []
for key in ("ddpm", "ddpm-cosine-v"):
    one = study.runs(key)[0]
    size = sum(p.numel() for p in one.model().parameters())
    rows.append([key, f"{one.experiment.train.epochs:g}", size, study.results(key, "seconds"), kit.Cell(f"{20 * size / 2**20:.0f}"), kit.Cell(f"{lab.kept_for_backward(one, one.experiment.train.batch_size) / 2**20:.0f}"), study.results(key, "fd_digits"), study.results(key, "bits_per_dim")])
study.table(study.pick(["recipe", "passes", "parameters", "time", "weights, gradients, Adam, average: MB", "kept for the backward pass: MB", "fd-digits", "bits/dimension"], ["دستور", "دور", "پارامتر", "زمان", "وزن، گرادیان، Adam، میانگین: MB", "نگه‌داشته برای پس‌رو: MB", "fd-digits", "بیت/بعد"]), rows,
            f"Time and memory of training; samples by DDIM in {model.config.sampler.steps} steps. A dash: not measured in these runs.", f"زمان و حافظهٔ آموزش؛ نمونه‌ها با DDIM در {model.config.sampler.steps} گام. خط تیره: در این اجراها اندازه گرفته نشده است.")
study.say(*costing.clock_said({"ddpm": run, "ddpm-cosine-v": cosine}))
study.figure(curves({"ddpm": run.history(), "ddpm-cosine-v": cosine.history()}, ["denoising/loss", "denoising/grad_norm"], axis="samples", ylabel="", log=True), "history",
             "Loss and norm of the gradient along training. The losses are of ε and of v: their levels cannot be compared.", "هزینه و نُرم گرادیان در طول آموزش. هزینه‌ها از آنِ <bdi>ε</bdi> و <bdi>v</bdi> است: سطحشان مقایسه‌پذیر نیست.")
chosen = lab.along(run, 6)
epochs = [f"{step * run.experiment.train.batch_size / len(data.train.x):.1f}" for step, _ in chosen]
study.figure(image_grid(np.concatenate([arrays["samples"][:10] / 255 for _, arrays in chosen]), len(chosen), 10, epochs, ylabel=study.pick("passes", "passes"), cell=0.55), "along",
             "Samples of the averaged weights along training, always from the same noise. Strips from noise to image in the middle of a training are in `captcha`.", "نمونه‌های وزن میانگین در طول آموزش، همیشه از یک نوفه. نوارهای نوفه تا تصویر در میانهٔ آموزش در `captcha` آمده است.")

# %% [markdown] lang="en"
# ## From noise to image
# %% [markdown] lang="fa"
# ## از نوفه تا تصویر

# %%
total, many_stops = (20, 5) if study.small else (200, 9)
seen = []
model.sample(3, SampleNoise(0, 3, 0, lab.DEVICE), None, replace(model.config.sampler, step=Ancestral(), steps=total), lambda u, q, _: seen.append((u, q)))
places = [round(i * (len(seen) - 1) / (many_stops - 1)) for i in range(many_stops)]
walk, thought = [seen[i][0].cpu() for i in places], []
with torch.no_grad():
    thought = [(u if q == 0 else model.denoiser()(u, levels(q, u)).x0).cpu() for u, q in (seen[i] for i in places)]
strip = torch.stack([torch.stack([w[k], g[k]]) for k in range(3) for w, g in zip(walk, thought)]).unflatten(0, (3, -1)).transpose(1, 2).flatten(0, 2)
study.figure(image_grid((strip + 1) / 2, 6, many_stops, ["x", "E[x₀|x]"] * 3, [f"t = {round(1000 * (1 - i / total))}" for i in places], cell=0.72), "reverse",
             f"Three samples by {total} ancestral steps at {many_stops} chosen steps: the image as it is, and below it what the network expects behind it.", f"سه نمونه با {total} گام نیایی (ancestral) در {many_stops} گام برگزیده: خود تصویر، و زیرش آنچه شبکه پشت آن انتظار دارد.")

# %%
count = {"smoke": 60, "cpu": 500, "paper": 2000}[study.preset]
budgets = (2, 4) if study.small else (10, 20, 50, 1000) if study.preset == "paper" else (10, 20, 50)
kinds = {study.pick("DDIM (no noise)", "DDIM (بی‌نوفه)"): DDIM(), study.pick("ancestral, small variance", "نیایی، واریانس کوچک"): Ancestral("small"), study.pick("ancestral, large variance", "نیایی، واریانس بزرگ"): Ancestral("large")}
table, rows = {}, []
for key, one, names in (("ddpm", run, kinds), ("ddpm-cosine-v", cosine, list(kinds)[:1])):
    for title in study.track(names, key):
        for budget in budgets:
            sampler = replace(one.experiment.model.sampler, step=kinds[title], steps=budget)
            s = table[key, title, budget] = lab.scores(one, lab.draw(one, count, sampler))
            study.measure("fd_digits", s.fd.value, s.fd.low, s.fd.high, n=count, unit="squared feature units", protocol=f"Fréchet distance, {count} samples against the first {count} MNIST test images, {sampler.protocol}, seed 0", recipe=key, evaluations=budget)
            rows.append([key, title, budget, lab.cell(s.fd, 2), lab.cell(s.precision), lab.cell(s.coverage), kit.Cell(f"{100 * s.beyond:.2f}")])
floor = lab.floors(count)
rows.append(["–", study.pick("training images (floor)", "تصویر آموزش (کف)"), None, lab.cell(floor["fd"], 2), lab.cell(floor["precision"]), lab.cell(floor["coverage"]), None])
study.table(study.pick(["recipe", "sampler", "evaluations", "fd-digits", "precision", "coverage", "pixels out of range, %"], ["دستور", "نمونه‌گیر", "ارزیابی", "fd-digits", "precision", "coverage", "پیکسل بیرون بازه، ٪"]), rows,
            f"{count:,} samples against as many test images, one seed, the same starting noise; half of the 95 % interval. Fewer samples give larger distances: compare within this table.", f"{count:,} نمونه در برابر همان تعداد تصویر آزمون، یک بذر، نوفهٔ آغازین یکسان؛ نیم‌بازهٔ ۹۵ درصد. نمونهٔ کمتر فاصلهٔ بزرگ‌تر می‌دهد: تنها درون همین جدول مقایسه کنید.")
ddim, small_, large_ = kinds
low, high = budgets[0], budgets[-1]
ratio = table["ddpm", large_, low].fd.value / table["ddpm", ddim, low].fd.value
study.measure("variance_choice_ratio", ratio, n=count, protocol=f"fd-digits of ancestral sampling with the large variance over that of DDIM, {low} evaluations, {count} samples", recipe="ddpm")
en, fa = [], []
for k in (low, high):
    found = {title: table["ddpm", title, k].fd for title in kinds}
    top = min(found, key=lambda title: found[title].value)
    tied = [title for title in found if title != top and found[title].low <= found[top].high]
    en.append(f"With {k} evaluations the smallest distance is that of {top}" + (f", not told apart from {' and '.join(tied)}." if tied else ", apart from the others."))
    fa.append(f"با {k} ارزیابی کمترین فاصله از آنِ «{top}» است" + (f" که از {' و '.join(f'«{title}»' for title in tied)} جدا نیست." if tied else " و جدا از دیگران."))
large_fd, ddim_fd = table["ddpm", large_, low].fd, table["ddpm", ddim, low].fd
study.say(" ".join(en) + f" At {low} evaluations the distance with the large variance is {ratio:.1f} times that of DDIM, " + (f"beyond both intervals: \"DDPM at {low} steps\" says nothing unless the variance is named." if large_fd.low > ddim_fd.high else "within the intervals."),
          " ".join(fa) + f" در {low} ارزیابی فاصله با واریانس بزرگ {ratio:.1f} برابرِ DDIM است، " + (f"بیرون از هر دو بازه: «DDPM با {low} گام» بی نام‌بردن از واریانس چیزی نمی‌گوید." if large_fd.low > ddim_fd.high else "درون بازه‌ها."))

# %% [markdown] lang="en"
# ## Sources
# Ho et al. 2020 (arXiv 2006.11239); Nichol & Dhariwal 2021 (arXiv 2102.09672); Salimans & Ho 2022 (arXiv 2202.00512); Song et al. 2021 (arXiv 2010.02502); Ronneberger et al. 2015 (arXiv 1505.04597).
# %% [markdown] lang="fa"
# ## منابع
# Ho et al. 2020 (arXiv 2006.11239)؛ Nichol & Dhariwal 2021 (arXiv 2102.09672)؛ Salimans & Ho 2022 (arXiv 2202.00512)؛ Song et al. 2021 (arXiv 2010.02502)؛ Ronneberger et al. 2015 (arXiv 1505.04597).
