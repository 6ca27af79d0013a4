# ---
# simorgh:
#   title: {en: "Classifier-free guidance: how a condition is learnt, told and pushed", fa: "هدایت بی‌رده‌بند: شرط چگونه آموخته، گفته و تقویت می‌شود"}
#   answers: [D4.a, D4.b]
#   runs: {cfg-mnist: 1, flow: 1, cfg-mnist@add: 1, cfg-mnist@scale-shift: 1, cfg-mnist@concat: 1, cfg-mnist@cross: 1, cfg-mnist@tokens: 1}
#   overrides:
#     cfg-mnist@add: {train.epochs: 2.0, evaluate.samples: 500, evaluate.density_images: 0, model.network.inject: add}
#     cfg-mnist@scale-shift: {train.epochs: 2.0, evaluate.samples: 500, evaluate.density_images: 0, model.network.inject: scale-shift}
#     cfg-mnist@concat: {train.epochs: 2.0, evaluate.samples: 500, evaluate.density_images: 0, model.network.inject: concat}
#     cfg-mnist@cross: {train.epochs: 2.0, evaluate.samples: 500, evaluate.density_images: 0, model.network.inject: cross}
#     cfg-mnist@tokens: {train.epochs: 2.0, evaluate.samples: 500, evaluate.density_images: 0, model.network.inject: tokens}
# ---
# %% [markdown] lang="en"
# ## Question
# A diffusion model that is told a digit should draw it. What is classifier-free guidance, where does it stand in the code,
# what does a larger scale buy and what does it cost? How does the condition enter the network, and how else could it? And
# how few evaluations of the network do good samples need?
#
# ## Assumptions
# One convention in the code, $s$ with $s = 1$ for no guidance; the paper's $w = s - 1$ stands beside it. Accuracy, distance,
# precision and coverage are those of the frozen judge of digits. Sets of different size cannot be compared: each table
# names its own. The sheet speaks of "the code" behind a link that is lost; it is taken to be the widely used teaching
# script TeaPearce/Conditional_Diffusion_MNIST, whose method `cfg-mnist` repeats, and the lines pointed at are those of
# this laboratory.
# %% [markdown] lang="fa"
# ## پرسش
# مدل انتشاری‌ای که رقمی به آن گفته می‌شود باید همان را بکشد. هدایت بی‌رده‌بند (classifier-free guidance) چیست، در کجای کد است، مقیاس بزرگ‌تر چه
# می‌خرد و چه بهایی دارد؟ شرط از چه راهی وارد شبکه می‌شود و چه راه‌های دیگری هست؟ و نمونهٔ خوب به چند ارزیابی شبکه نیاز دارد؟
#
# ## فرض‌ها
# در کد یک قرارداد هست: $s$، که $s = 1$ یعنی بی‌هدایت؛ $w = s - 1$ مقاله در کنارش می‌آید. دقت و فاصله و precision و coverage از داور ثابت رقم‌ها
# گرفته می‌شوند. مجموعه‌های با اندازهٔ متفاوت مقایسه‌پذیر نیستند: هر جدول اندازهٔ خود را می‌گوید. صورت تمرین از «کد» پشت پیوندی سخن می‌گوید که گم
# شده است؛ آن را برنامهٔ آموزشی پرکاربردِ <bdi dir="ltr">TeaPearce/Conditional_Diffusion_MNIST</bdi> گرفته‌ایم که `cfg-mnist` روش آن را تکرار می‌کند، و سطرهایی که نشان
# داده می‌شود از همین آزمایشگاه‌اند.

# %%
from dataclasses import replace

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy import stats

from simorgh.data import load
from simorgh.diffusion.condition import Condition, ToldClass
from simorgh.diffusion.denoiser import Counted, noised
from simorgh.diffusion.exact import Mixture
from simorgh.diffusion.grid import Grid
from simorgh.diffusion.guidance import Guidance
from simorgh.diffusion.path import VE
from simorgh.diffusion.sampler import Sampler
from simorgh.diffusion.steps import DDIM, Ancestral, DPMpp2M, Heun, UniPC
from simorgh.evaluate.two_sample import train_on_synthetic
from simorgh.models.diffusion import Diffusion
from simorgh.nn.attention import ImageAttention
from simorgh.nn.residual import ResidualBlock
from simorgh.nn.unet import UNetModule
from simorgh.noise import Noise, SampleNoise
from simorgh.report.figures import image_grid
from simorgh.report.style import LINES
from simorgh.studies import _denoising as lab
from simorgh.studies import kit

study = kit.current()
run, flow = (study.runs(key)[0] for key in ("cfg-mnist", "flow"))
model, settings = run.model().to(lab.DEVICE), run.experiment.model
data = load(run.experiment.data)
study.warn_if_small()

# %% [markdown] lang="en"
# ## (a) What it is
# Bayes for the score at one level of noise: $\nabla \log p(x \mid y) = \nabla \log p(x) + \nabla \log p(y \mid x)$. To insist on the label, multiply
# the last term by $s$. *Classifier guidance* takes it from a classifier trained on noisy images. *Classifier-free* guidance (Ho & Salimans
# 2022) takes it from the diffusion model itself, as a difference of two of its answers:
# $$ \nabla \log p(x) + s\, \nabla \log p(y \mid x) = \nabla \log p(x) + s\,\big(\nabla \log p(x \mid y) - \nabla \log p(x)\big). $$
# With $\epsilon = -\sigma \nabla \log p$: $\hat\epsilon = \epsilon_\varnothing + s(\epsilon_y - \epsilon_\varnothing) = (1 + w)\,\epsilon_y - w\,\epsilon_\varnothing$, $w = s - 1$.
# Both answers come from **one network**: in training, the label of one example in ten is replaced by a null token $\varnothing$; in sampling the
# network is asked twice, with $y$ and with $\varnothing$.
#
# $s = 0$ ignores the label, $s = 1$ is the conditional model itself, $s > 1$ overshoots. Papers and code count differently: $s = 2$ and
# $w = 1$ are the same sampler.
# %% [markdown] lang="fa"
# ## (آ) چیست
# بیز برای امتیاز (score) در یک تراز نوفه: $\nabla \log p(x \mid y) = \nabla \log p(x) + \nabla \log p(y \mid x)$. برای پافشاری بر برچسب، جملهٔ آخر را در $s$
# ضرب می‌کنیم. *هدایت با رده‌بند* این جمله را از رده‌بندی می‌گیرد که روی تصویرهای نوفه‌دار آموزش دیده است. هدایت *بی‌رده‌بند* (Ho & Salimans ۲۰۲۲) آن را از
# خود مدل انتشار می‌گیرد، به صورت تفاضل دو پاسخ آن:
# $$ \nabla \log p(x) + s\, \nabla \log p(y \mid x) = \nabla \log p(x) + s\,\big(\nabla \log p(x \mid y) - \nabla \log p(x)\big). $$
# با $\epsilon = -\sigma \nabla \log p$ داریم $\hat\epsilon = \epsilon_\varnothing + s(\epsilon_y - \epsilon_\varnothing) = (1 + w)\,\epsilon_y - w\,\epsilon_\varnothing$ و $w = s - 1$.
# هر دو پاسخ از **یک شبکه** می‌آیند: در آموزش، برچسب یکی از هر ده نمونه با نشانهٔ تهی $\varnothing$ عوض می‌شود؛ در نمونه‌گیری از شبکه دو بار می‌پرسیم، با $y$ و با
# $\varnothing$.
#
# مقدار $s = 0$ برچسب را نادیده می‌گیرد، $s = 1$ خود مدل شرطی است و $s > 1$ از آن فراتر می‌رود. مقاله‌ها و کدها شمارش‌های متفاوتی دارند: $s = 2$ و $w = 1$ یک
# نمونه‌گیرند.

# %%
x = torch.linspace(-1, 1, 40).view(20, 2)
q = torch.full((20,), 1.3, dtype=torch.float64)
conditional, null = Mixture(torch.tensor([[1.0, 0.0]]), deviation=0.5), Mixture(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]), deviation=0.5)
for s in (0.0, 1.0, 2.0, 5.0):
    asked = Counted(conditional), Counted(null)
    guided, w = Guidance(s).join(*asked)(x, q), s - 1
    for name in ("x0", "eps"):
        c, n = getattr(conditional(x, q), name), getattr(null(x, q), name)
        assert torch.allclose(getattr(guided, name), (1 + w) * c - w * n, atol=1e-5)
    assert (asked[0].calls, asked[1].calls) == ((1, 0) if s == 1 else (1, 1))
# The label is dropped example by example, not batch by batch.
dropped = settings.condition.dropped(torch.zeros(20_000, dtype=torch.long), 10, Noise(0, "drop")) == 10
share, together = float(dropped.double().mean()), float(dropped.view(-1, 100).double().mean(1).std())
assert abs(share - settings.condition.drop) < 0.01
assert together < 0.05
places = [
    (study.pick("training: the label is dropped, example by example", "آموزش: حذف برچسب، نمونه به نمونه"), Condition.dropped, "torch.where("),
    (study.pick("training: where the loss does it", "آموزش: جایی که هزینه آن را انجام می‌دهد"), Diffusion.loss, "condition.dropped("),
    (study.pick("the null token, a class of its own", "نشانهٔ تهی، رده‌ای جدا"), ToldClass, "nn.Embedding(spec.classes + 1"),
    (study.pick("sampling: the unconditional denoiser", "نمونه‌گیری: نوفه‌زدای بی‌شرط"), Diffusion.denoiser, "self.told.nothing("),
    (study.pick("sampling: the two are joined", "نمونه‌گیری: پیوند آن دو"), Diffusion.draw, "guidance.join("),
    (study.pick("sampling: the doubled evaluation", "نمونه‌گیری: ارزیابیِ دوتایی"), Guidance.join, "own, null ="),
    (study.pick("sampling: the combination", "نمونه‌گیری: ترکیب"), Guidance.join, "self.scale * (a - b)"),
]
study.table(study.pick(["what", "file and line", "line"], ["چه", "پرونده و سطر", "سطر"]), [[what, *map(kit.ltr, lab.where(thing, text))] for what, thing, text in places],
            f"Where guidance stands in this package; lines are looked up while the report is made. Measured: {100 * share:.1f} % of 20,000 labels dropped.",
            f"جای هدایت در این بسته؛ سطرها هنگام ساختن گزارش جسته می‌شوند. اندازه‌گیری: {100 * share:.1f}٪ از ۲۰٬۰۰۰ برچسب حذف شد.")
study.say("In the widely used teaching script (TeaPearce/Conditional_Diffusion_MNIST) the same three places are a Bernoulli mask over the labels in `DDPM.forward`, a batch that is doubled in `DDPM.sample`, and there `eps = (1 + guide_w) * eps1 - guide_w * eps2`: the convention of $w$. Its null is a one-hot vector set to zero; ours is an eleventh class with a vector of its own.",
          "در اسکریپت آموزشی پرکاربرد (TeaPearce/Conditional_Diffusion_MNIST) همین سه جا چنین است: ماسکی برنولی روی برچسب‌ها در `DDPM.forward`، دسته‌ای که در `DDPM.sample` دو برابر می‌شود، و همان‌جا `eps = (1 + guide_w) * eps1 - guide_w * eps2`، با قرارداد $w$. تهیِ آن بردار تک‌داغِ صفرشده است؛ تهیِ ما ردهٔ یازدهمی با بردار خود.")

# %% [markdown] lang="en"
# ### What it is not
# At each level the guided score belongs to $p(x)\, p(y \mid x)^s$ of *that* level, and these are not one law with noise added. So a
# guided sampler does not draw from $p(x)\, p(y \mid x)^s$ of clean data. On a line with the exact scores of two classes, $N(\pm 1, 0.5^2)$:
# %% [markdown] lang="fa"
# ### چه نیست
# امتیازِ هدایت‌شده در هر سطح از آنِ $p(x)\, p(y \mid x)^s$ *همان* سطح است و این‌ها یک قانونِ نوفه‌دارشده نیستند. پس نمونه‌گیر هدایت‌شده از
# $p(x)\, p(y \mid x)^s$ دادهٔ پاک نمونه نمی‌کشد. روی خط، با امتیاز دقیق دو ردهٔ $N(\pm 1, 0.5^2)$:

# %%
one, two = Mixture(torch.tensor([[1.0]]), deviation=0.5), Mixture(torch.tensor([[1.0], [-1.0]]), deviation=0.5)
line, drawn, rows = np.linspace(-4, 6, 2001), 1000 if study.small else 4000, []
own, other = stats.norm.logpdf(line, 1, 0.5), stats.norm.logpdf(line, -1, 0.5)
figure = Figure(figsize=(8.2, 2.3))
for panel, s in zip(figure.subplots(1, 4, sharey=True), (1, 2, 4, 8)):
    sampler = Sampler(Heun(), 60, Grid("karras"))
    points = sampler.draw(Guidance(float(s)).join(one, two), VE(0.002, 80), (1,), SampleNoise(0, drawn)).flatten().numpy()
    tilted = np.exp(own + (s - 1) * (own - np.logaddexp(own, other)))
    tilted /= tilted.sum() * (line[1] - line[0])
    centre = float((tilted * line).sum() * (line[1] - line[0]))
    width = float(((tilted * (line - centre) ** 2).sum() * (line[1] - line[0])) ** 0.5)
    panel.hist(points, 60, range=(-1, 4), density=True, color=LINES[4], label="guided samples")
    panel.plot(line, np.exp(own), color="black", linewidth=0.9, label="p(x | y)")
    panel.plot(line, tilted, "--", color=LINES[1], label="p(x) p(y | x)^s")
    panel.set(title=f"s = {s}", xlim=(-1, 4), xlabel="x")
    rows.append([s, *(kit.Cell(f"{v:.3f}") for v in (points.mean(), points.std(), centre, width))])
    if s == 1:
        assert abs(points.mean() - 1) < 0.05
        assert abs(points.std() - 0.5) < 0.03
figure.axes[0].legend(fontsize=7, loc="upper right")
study.figure(figure, "line", "Guided samples of an exact model: they move away from the other class further than the tilted law asks, and leave the middle of their own.", "نمونه‌های هدایت‌شدهٔ مدلی دقیق: بیش از آنچه قانون خم‌شده می‌خواهد از ردهٔ دیگر دور می‌شوند و میانهٔ ردهٔ خود را رها می‌کنند.")
study.table(study.pick(["s", "mean of samples", "deviation of samples", "mean of p(x) p(y|x)^s", "its deviation"], ["s", "میانگین نمونه‌ها", "انحراف نمونه‌ها", kit.ltr("p(x) p(y|x)^s") + "، میانگین", "انحراف آن"]), rows,
            f"{drawn:,} samples by exact scores; the class itself has mean 1 and deviation 0.5.", f"{drawn:,} نمونه با امتیاز دقیق؛ خود رده میانگین ۱ و انحراف ۰٫۵ دارد.")

# %% [markdown] lang="en"
# ## Is the network listening?
# The same noisy test images, all ten labels: how far apart are the answers? A model whose condition is cut off somewhere would
# train without complaint and ignore its label, so zero here stops the study.
# %% [markdown] lang="fa"
# ## شبکه گوش می‌دهد؟
# همان تصویرهای نوفه‌دار آزمون با هر ده برچسب: پاسخ‌ها چقدر از هم دورند؟ مدلی که شرطش جایی قطع شده باشد بی‌شکایت آموزش می‌بیند و برچسب را نادیده
# می‌گیرد؛ پس مقدار صفر در این‌جا مطالعه را متوقف می‌کند.

# %%
asked = 10 if study.small else 50


@torch.no_grad()
def sensitivity(one, t):
    """Standard deviation over the labels of E[x0 | x_t, y], a pixel of [-1, 1], and the distance of the null from their mean."""
    told, path = one.model().to(lab.DEVICE), one.experiment.model.path
    clean = told.inward(data.test.x[:asked].float() / 255)
    q = path.q(torch.full((asked,), t, dtype=torch.float64))
    u = noised(clean, Noise(0, "probe").normal(*clean.shape), q).to(lab.DEVICE)
    q = q.to(lab.DEVICE)
    answers = torch.stack([told.denoiser(torch.full((asked,), k, device=lab.DEVICE))(u, q).x0 for k in range(10)])
    nothing = told.denoiser()(u, q).x0
    return float(answers.var(0).mean().sqrt()), float((answers.mean(0) - nothing).square().mean().sqrt())


rows, heard = [], {}
for t in (0.1, 0.25, 0.5, 0.75, 1.0):
    heard[t], away = sensitivity(run, t)
    assert heard[t] > 0, "the output does not change with the label"
    rows.append([f"{t:g}", kit.Cell(f"{float(settings.path.q(torch.tensor(t))):.2f}"), kit.Cell(f"{heard[t]:.4f}"), kit.Cell(f"{away:.4f}")])
study.table(study.pick(["time", "q = σ/α", "spread over the labels", "null from their mean"], ["زمان", "q = σ/α", "پراکندگی روی برچسب‌ها", "تهی تا میانگین آن‌ها"]), rows,
            f"Root mean square a pixel over {asked} test images. By theory the label adds nothing to an image without noise and is all there is where there is nothing but noise.",
            f"ریشهٔ میانگین مربع در هر پیکسل روی {asked} تصویر آزمون. بنا بر نظریه برچسب به تصویر بی‌نوفه چیزی نمی‌افزاید و جایی که جز نوفه نیست همه‌چیز است.")
study.measure("label_sensitivity", heard[0.75], n=asked, unit="of the range [-1, 1]", protocol="standard deviation over ten labels of E[x0 | x_t, y] at t = 0.75, root mean square over pixels of test images", recipe="cfg-mnist")
short = replace(settings.sampler, steps=3 if study.small else 25)
same = [lab.draw(run, 1, replace(short, guidance=Guidance(2.0)), seed, torch.tensor([k])).images for seed in range(3) for k in range(10)]
study.figure(image_grid(torch.cat(same), 3, 10, col_labels=range(10), cell=0.55), "labels", "One noise for each row, ten labels, s = 2 (w = 1).",
             "در هر سطر یک نوفه و ده برچسب، <bdi dir=\"ltr\">s = 2 (w = 1)</bdi>.")

# %% [markdown] lang="en"
# ## The sweep
# %% [markdown] lang="fa"
# ## روبش مقیاس

# %%
count = {"smoke": 60, "cpu": 500, "paper": 2000}[study.preset]
floor, found, rows, pictures = lab.floors(count), {}, [], []
HEAD = study.pick(["scale s (w)", "evaluations", "judge accuracy", "fd-digits", "precision", "coverage", "pixel spread", "out of range, %", "diversity"],
                  ["مقیاس s (w)", "ارزیابی", "دقت داور", "fd-digits", "precision", "coverage", "پراکندگی پیکسل", "بیرون بازه، ٪", "گوناگونی"])


def row(title, sampler, s):
    return [title, sampler.evaluations(settings.path), lab.cell(s.accuracy), lab.cell(s.fd, 2), lab.cell(s.precision), lab.cell(s.coverage), kit.Cell(f"{s.spread:.3f}"), kit.Cell(f"{100 * s.beyond:.2f}"), lab.cell(s.diversity, 2)]


def keep(sampler, s):
    """Record what the table shows."""
    shared = {"n": count, "recipe": "cfg-mnist", "guidance_scale": sampler.guidance.scale, "guidance": sampler.guidance.kind}
    how = f"{count} samples, labels in turn, against the first {count} MNIST test images, {sampler.protocol}, seed 0"
    for name, value in (("judge_accuracy", s.accuracy), ("fd_digits", s.fd), ("precision", s.precision), ("coverage", s.coverage)):
        study.measure(name, value.value, value.low, value.high, protocol=how, floor=floor[name.removeprefix("judge_").removesuffix("_digits")], **shared)
    study.measure("pixel_spread", s.spread, protocol=how + ", before the clamp, as a share of the test images'", **shared)
    if s.diversity is not None:
        study.measure("feature_diversity", s.diversity, protocol=how + ", variance within a digit of the samples read as asked, as a share of that of the test images read rightly", **shared)


SCALES = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
for s in study.track(SCALES, "scales"):
    sampler = replace(short, guidance=Guidance(s))
    drawn = lab.draw(run, count, sampler)
    found[s] = lab.scores(run, drawn)
    pictures.append(drawn.images[:10])
    keep(sampler, found[s])
    rows.append(row(kit.ltr(f"{s:g} ({s - 1:g})"), sampler, found[s]))
rows.append([study.pick("real images", "تصویر واقعی"), None, lab.cell(floor["accuracy"]), lab.cell(floor["fd"], 2), lab.cell(floor["precision"]), lab.cell(floor["coverage"]), None, None, None])
study.table(HEAD, rows, f"{count:,} samples a row from the same noise, {short.steps} DDIM steps, one seed, half of the 95 % interval over samples. Pixel spread and range are taken before the clamp, as shares of the test images'; diversity is the variance of the judge's features within a digit, over the samples read as asked. Last row: training images in the place of samples, and the judge's accuracy on test images.",
            f"هر سطر {count:,} نمونه از همان نوفه، {short.steps} گام DDIM، یک بذر، نیم‌بازهٔ ۹۵ درصد روی نمونه‌ها. پراکندگی و بازهٔ پیکسل پیش از بریدن و نسبت به تصویرهای آزمون است؛ گوناگونی واریانس ویژگی‌های داور درون هر رقم است، روی نمونه‌هایی که همان رقمِ خواسته خوانده می‌شوند. سطر آخر: تصویر آموزش به جای نمونه، و دقت داور روی تصویرهای آزمون.")
study.figure(image_grid(torch.cat(pictures), len(SCALES), 10, [f"s = {s:g}" for s in SCALES], cell=0.55), "scales", "The same noise in every row, scale growing downwards.", "نوفهٔ همهٔ سطرها یکی است و مقیاس به سوی پایین بزرگ می‌شود.")
figure = Figure(figsize=(8.4, 4.4))
for panel, (name, title) in zip(figure.subplots(2, 3).ravel(), {"accuracy": "judge accuracy", "fd": "fd-digits", "precision": "precision", "coverage": "coverage", "spread": "pixel spread", "diversity": "diversity within a digit"}.items()):
    values = [float("nan") if getattr(found[s], name) is None else getattr(found[s], name) for s in SCALES]
    middle = [getattr(v, "value", v) for v in values]
    panel.plot(SCALES, middle, "o-", markersize=3.5)
    if name not in ("spread", "diversity"):
        panel.fill_between(SCALES, [v.low for v in values], [v.high for v in values], alpha=0.2)
    panel.axhline(floor.get(name, 1.0), color="black", linestyle="--", linewidth=0.8)
    panel.set(title=title, xlabel="s = w + 1")
study.figure(figure, "sweep", "Every measure against the scale, with 95 % bands; dashed: real images.", "هر سنجه در برابر مقیاس با نوار ۹۵ درصد؛ خط‌چین: تصویر واقعی.")
best_fd, best_cover, best_hit = (pick(SCALES, key=lambda s: getattr(found[s], name).value) for pick, name in ((min, "fd"), (max, "coverage"), (max, "accuracy")))
a, z = found[1.0], found[7.0]
study.say(f"Accuracy is largest at s = {best_hit:g} ({found[best_hit].accuracy.value:.3f}), the distance smallest at s = {best_fd:g} ({found[best_fd].fd.value:.2f}; {a.fd.value:.2f} without guidance), coverage largest at s = {best_cover:g}. From s = 1 to 7 diversity within a digit goes from {lab.cell(a.diversity, 2) or '–'} to {lab.cell(z.diversity, 2) or '–'}, coverage from {a.coverage.value:.3f} to {z.coverage.value:.3f}, pixels out of range from {100 * a.beyond:.2f} to {100 * z.beyond:.2f} %. No single number tells this: accuracy alone would pick the most typical digits, so fidelity and coverage stand side by side. Neighbouring scales whose intervals overlap are not ordered by this table.",
          f"دقت در <bdi dir=\"ltr\">s = {best_hit:g}</bdi> بیشینه است ({found[best_hit].accuracy.value:.3f})، فاصله در <bdi dir=\"ltr\">s = {best_fd:g}</bdi> کمینه ({found[best_fd].fd.value:.2f}؛ بی‌هدایت {a.fd.value:.2f}) و coverage در <bdi dir=\"ltr\">s = {best_cover:g}</bdi> بیشینه. از $s = 1$ تا $7$ گوناگونی درون رقم از {lab.cell(a.diversity, 2) or '–'} به {lab.cell(z.diversity, 2) or '–'} می‌رود، coverage از {a.coverage.value:.3f} به {z.coverage.value:.3f} و پیکسل‌های بیرون بازه از {100 * a.beyond:.2f} به {100 * z.beyond:.2f} درصد. این را یک عدد نمی‌گوید: دقت به‌تنهایی معمولی‌ترین رقم‌ها را برمی‌گزیند، پس وفاداری و پوشش کنار هم می‌آیند. مقیاس‌های همسایه‌ای که بازه‌هایشان هم‌پوشان است با این جدول مرتب نمی‌شوند.")

# %% [markdown] lang="en"
# ### Two repairs
# **CFG++** (Chung et al. 2024) takes $x_0$ from the guided answer, with $\lambda \in [0, 1]$, and puts back the noise of the *unconditional* one: the
# sample stays nearer to what the model knows. **Interval guidance** (Kynkäänniemi et al. 2024) guides only at middle levels of noise: harmful
# above, useless below. The interval is one of $q = \sigma / \alpha$, not of step numbers.
# %% [markdown] lang="fa"
# ### دو ترمیم
# ‏**CFG++** (Chung و همکاران ۲۰۲۴) $x_0$ را از پاسخ هدایت‌شده با $\lambda \in [0, 1]$ می‌گیرد و نوفهٔ پاسخ *بی‌شرط* را برمی‌گرداند: نمونه به آنچه مدل می‌شناسد
# نزدیک‌تر می‌ماند. **هدایت بازه‌ای** (Kynkäänniemi و همکاران ۲۰۲۴) تنها در سطح‌های میانی نوفه هدایت می‌کند: بالاتر زیان‌بار و پایین‌تر بی‌اثر است. بازه بر
# حسب $q = \sigma / \alpha$ است، نه شمارهٔ گام.

# %%
repairs = {f"CFG++, λ = {v:g}": Guidance(v, "cfg++") for v in (0.3, 0.6, 1.0)} | {f"s = {v:g}, q in [0.3, 3]": Guidance(v, low=0.3, high=3.0) for v in (3.0, 5.0)}
rows = [row(f"s = {s:g}", replace(short, guidance=Guidance(s)), found[s]) for s in (1.0, 3.0, 5.0)]
for title, guidance in study.track(repairs.items(), "repairs"):
    sampler = replace(short, guidance=guidance)
    found[title] = lab.scores(run, lab.draw(run, count, sampler))
    keep(sampler, found[title])
    rows.append(row(kit.ltr(title), sampler, found[title]))
study.table(HEAD, rows, f"As above, {count:,} samples a row. Inside its interval a guided step costs two evaluations, outside one.", f"مانند بالا، هر سطر {count:,} نمونه. گامِ هدایت‌شده درون بازه دو ارزیابی می‌خواهد و بیرون یکی.")
gain = {s: found[f"s = {s:g}, q in [0.3, 3]"] for s in (3.0, 5.0)}
study.say("Limiting guidance to the interval moves " + " and ".join(f"coverage at s = {s:g} from {found[s].coverage.value:.3f} to {g.coverage.value:.3f}, accuracy from {found[s].accuracy.value:.3f} to {g.accuracy.value:.3f}" for s, g in gain.items()) + ".",
          "محدودکردن هدایت به بازه، " + " و ".join(f"در <bdi dir=\"ltr\">s = {s:g}</bdi> مقدار coverage را از {found[s].coverage.value:.3f} به {g.coverage.value:.3f} و دقت را از {found[s].accuracy.value:.3f} به {g.accuracy.value:.3f}" for s, g in gain.items()) + " می‌برد.")

# %% [markdown] lang="en"
# ## (b) How the condition enters, and how else
# In the teaching script the label's vector *multiplies* the features of two stages of the decoder and the time's vector is added; the encoder is told
# nothing. That is one way among many. Here five are a switch of the same U-Net, `model.network.inject`, with $c$ the vector of the label:
#
# - **add**: $c$ is added to the code of $t$, which every block adds to its features.
# - **scale-shift** (FiLM, adaptive norm): every block has $\mathrm{norm}(h)(1 + \gamma(c)) + \beta(c)$.
# - **concat**: $c$ becomes constant planes beside the image, at the input only.
# - **cross**: positions of the image attend to the tokens of the condition; made for sequences such as captions.
# - **tokens**: the tokens join those of the image in its self-attention, as in a transformer.
#
# Others: the gradient of a classifier while sampling (no training of the diffusion model), an image concatenated for image-to-image tasks, and side
# networks for a model that is already trained.
# %% [markdown] lang="fa"
# ## (ب) شرط چگونه وارد می‌شود و چه راه‌های دیگری هست
# در آن اسکریپت آموزشی بردار برچسب در ویژگی‌های دو مرحلهٔ رمزگشا *ضرب* و بردار زمان افزوده می‌شود؛ به رمزگذار چیزی گفته نمی‌شود. این یکی از راه‌هاست. در این‌جا پنج راه با
# یک کلید در همان U-Net، یعنی `model.network.inject`، برگزیده می‌شوند و $c$ بردار برچسب است:
#
# - **add**: $c$ با کد $t$ جمع می‌شود که هر بلوک آن را به ویژگی‌هایش می‌افزاید.
# - **scale-shift** (FiLM، نرمال‌سازی تطبیقی): هر بلوک $\mathrm{norm}(h)(1 + \gamma(c)) + \beta(c)$ دارد.
# - **concat**: $c$ صفحه‌هایی ثابت در کنار تصویر می‌شود، تنها در ورودی.
# - **cross**: مکان‌های تصویر به نشانه‌های شرط توجه می‌کنند؛ برای دنباله‌هایی مانند شرح تصویر ساخته شده است.
# - **tokens**: نشانه‌ها در خودتوجهی به نشانه‌های تصویر می‌پیوندند، مانند ترنسفورمر.
#
# راه‌های دیگر: گرادیان رده‌بند هنگام نمونه‌گیری (بی آموزش مدل انتشار)، تصویری پیوسته به ورودی برای تبدیل تصویر به تصویر، و شبکه‌های کناری برای مدلی که
# آموزشش تمام شده است.

# %%
ways = {"add": (UNetModule._given, "code + pooled"), "scale-shift": (ResidualBlock.forward, "torch.addcmul"), "concat": (UNetModule.forward, "torch.cat([h, planes]"),
        "cross": (ImageAttention.forward, "self.cross("), "tokens": (ImageAttention.forward, "torch.cat([seen, self.token(")}
rows, measured = [], {}
for name, place in ways.items():
    key = f"cfg-mnist@{name}"
    one = study.runs(key)[0]
    assert one.experiment.model.network.inject == name
    heard[name] = sensitivity(one, 0.75)[0]
    assert heard[name] > 0, f"the output does not change with the label under {name}"
    measured[name] = {m: study.results(key, m) for m in ("judge_accuracy", "fd_digits")}
    rows.append([name, kit.ltr(lab.where(*place)[0]), sum(p.numel() for p in one.model().parameters()), kit.Cell(f"{lab.milliseconds(one):.2f}"), kit.Cell(f"{heard[name]:.3f}"), *measured[name].values()])
    study.measure("label_sensitivity", heard[name], n=asked, unit="of the range [-1, 1]", protocol="standard deviation over ten labels of E[x0 | x_t, y] at t = 0.75, root mean square over pixels of test images", run=key)
examples = measured["add"]["fd_digits"].n
study.table(study.pick(["inject", "file and line", "parameters", "ms an image", "spread over the labels", "judge accuracy", "fd-digits"], ["تزریق", "پرونده و سطر", "پارامتر", "ms هر تصویر", "پراکندگی روی برچسب‌ها", "دقت داور", "fd-digits"]), rows,
            f"Five ways, {study.runs('cfg-mnist@add')[0].experiment.train.epochs:g} passes each, one seed, without guidance (s = 1, w = 0), {examples:,} samples; intervals over samples, not over seeds.", f"پنج راه، هر کدام {study.runs('cfg-mnist@add')[0].experiment.train.epochs:g} دور، یک بذر، بی‌هدایت <bdi dir=\"ltr\">(s = 1, w = 0)</bdi>، {examples:,} نمونه؛ بازه‌ها روی نمونه‌هاست، نه بذرها.")
order = sorted(ways, key=lambda name: -measured[name]["judge_accuracy"].value)
top, last = (measured[order[i]]["judge_accuracy"] for i in (0, -1))
apart = top.low > last.high
silent = [name for name in order if measured[name]["judge_accuracy"].low <= 0.1]
deaf = (f" {', '.join(silent)} is read no better than by chance: after so few passes the label changes the answer, but not enough to decide the digit. " if silent else " ",
        f" نمونه‌های {kit.ltr(', '.join(silent))} بهتر از شانس خوانده نمی‌شوند: پس از این چند دور، برچسب پاسخ را عوض می‌کند، ولی نه آن‌قدر که رقم را تعیین کند." if silent else "")
study.say(f"By accuracy the order is {', '.join(order)} ({top.value:.3f} to {last.value:.3f}); the intervals of first and last {'do not overlap' if apart else 'overlap, so the order may be chance'}.{'' if apart else ' Where accuracy does not tell them apart, cost may decide.'}{deaf[0]}Cross-attention and tokens are made for conditions that are sequences.",
          f"ترتیب بر پایهٔ دقت: <bdi dir=\"ltr\">{', '.join(order)}</bdi> (از {top.value:.3f} تا {last.value:.3f})؛ بازه‌های اول و آخر {'هم‌پوشان نیستند' if apart else 'هم‌پوشان‌اند، پس این ترتیب شاید تصادفی باشد'}.{'' if apart else ' هرجا دقت فرقی نشان ندهد، هزینه می‌تواند تصمیم بگیرد.'}{deaf[1]} توجه متقاطع و نشانه‌ها برای شرط‌هایی ساخته شده‌اند که دنباله‌اند.")

# %% [markdown] lang="en"
# ## How few steps?
# The flow model (straight path, velocity) under four solvers of the same ODE, and by ancestral steps, which draw noise anew. Heun asks
# twice a step, so at equal cost it takes half as many. A solver that is exact still ends where the network's field leads; noise that is
# drawn anew lets later steps mend what earlier ones got wrong (Karras et al. 2022, section 4), if there are enough of them.
# %% [markdown] lang="fa"
# ## چند گام بس است؟
# مدل flow (مسیر راست، سرعت) با چهار حل‌کنندهٔ یک ODE، و با گام‌های نیایی (ancestral) که هر بار نوفهٔ تازه می‌کشند. ‏Heun در هر گام دو بار
# می‌پرسد؛ پس با هزینهٔ برابر نیمی از گام‌ها را برمی‌دارد. حل‌کنندهٔ دقیق هم به همان جایی می‌رسد که میدان شبکه می‌بَرد؛ نوفهٔ تازه به گام‌های
# بعدی مجال می‌دهد خطای گام‌های پیشین را جبران کنند (Karras و همکاران، ۲۰۲۲، بخش ۴)، اگر شمارشان بس باشد.

# %%
base = flow.experiment.model.sampler
budgets = (2, 4) if study.small else (5, 10, 25, 50)
solvers = {"DDIM (Euler)": DDIM(), "Heun": Heun(), "DPM-Solver++ 2M": DPMpp2M(), "UniPC": UniPC(), "ancestral": Ancestral()}


def at_cost(title, budget):
    """The sampler with at most so many evaluations: from pure noise Heun's first step asks once, and so does its last."""
    return replace(base, step=solvers[title], steps=budget // 2 + 1 if title == "Heun" else budget)


table, figure = {}, Figure(figsize=(6.8, 3.0))
axes = figure.subplots()
for title in study.track(solvers, "solvers"):
    for budget in budgets:
        sampler = at_cost(title, budget)
        fd = table[title, budget] = lab.scores(flow, lab.draw(flow, count, sampler)).fd
        study.measure("fd_digits", fd.value, fd.low, fd.high, n=count, unit="squared feature units", protocol=f"Fréchet distance, {count} samples against the first {count} MNIST test images, {sampler.protocol}, seed 0", floor=floor["fd"], recipe="flow", evaluations=sampler.evaluations(flow.experiment.model.path))
    line = [table[title, budget] for budget in budgets]
    beside = 1.03 ** (len(axes.containers) - len(solvers) // 2)  # bars that stand side by side can be told apart
    axes.errorbar([budget * beside for budget in budgets], [v.value for v in line], [(v.high - v.low) / 2 for v in line], marker="o", markersize=4, capsize=2, label=title)
axes.axhline(floor["fd"], color="black", linestyle="--", linewidth=0.8, label="real images")
axes.set(xscale="log", ylim=(0, None), xlabel="evaluations of the network", ylabel="fd-digits")
axes.set_xticks(budgets, budgets)
axes.minorticks_off()
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
study.figure(figure, "steps", f"Distance against the number of evaluations, {count:,} samples of one seed of `flow`, with 95 % intervals; points of one budget stand beside one another.", f"فاصله در برابر تعداد ارزیابی، {count:,} نمونه از یک بذر `flow`، با بازهٔ ۹۵ درصد؛ نقطه‌های هر بودجه کنار هم آمده‌اند.")
study.table([study.pick("steps", "گام‌ها"), *map(str, budgets)], [[title, *(lab.cell(table[title, b], 2) for b in budgets)] for title in solvers],
            "fd-digits by evaluations of the network, at most so many: those of Heun are even.", "fd-digits بر حسب تعداد ارزیابی شبکه، حداکثر همین تعداد: ارزیابی‌های Heun زوج‌اند.")
few, lots = (budgets[1], budgets[-1])
winner = min(solvers, key=lambda title: table[title, few].value)
tied = [title for title in solvers if title != winner and table[title, few].low <= table[winner, few].high]
equal = (f", not told apart from {', '.join(tied)}", f" که از <bdi>{', '.join(tied)}</bdi> جدا نیست") if tied else ("", "")
many = 2 * count
ratio = lab.ratio_of_distances(*(lab.draw(flow, many, at_cost(winner, b), 1) for b in (few, lots)))
study.measure("few_step_ratio", *ratio[:3], n=many, protocol=f"fd-digits with {few} evaluations over that with {lots}, {winner}, {many} samples from other noise than that of the choice, jackknife over tenths of images and pairs of samples", recipe="flow")
floor_many = lab.floors(many)["fd"]
verdict = ("met", "برآورده شد") if ratio.high <= 1.15 else ("missed", "برآورده نشد") if ratio.low > 1.15 else ("not decided by so many samples", "با این تعداد نمونه داوری‌پذیر نیست")
study.say(f"At {few} evaluations {winner} has the smallest distance{equal[0]}. With {many:,} other samples of the same seed of training its distance there is {ratio.value:.3f} [{ratio.low:.3f}, {ratio.high:.3f}] times that at {lots} evaluations: the aim, within 15 %, is {verdict[0]}. Both distances contain the share of a finite set ({floor_many:.2f} at {many:,}), which draws the ratio towards 1.",
          f"با {few} ارزیابی <bdi>{winner}</bdi> کمترین فاصله را دارد{equal[1]}. با {many:,} نمونهٔ دیگر از همان بذرِ آموزش، فاصله‌اش در آن‌جا <bdi dir=\"ltr\">{ratio.value:.3f} [{ratio.low:.3f}, {ratio.high:.3f}]</bdi> برابرِ فاصله با {lots} ارزیابی است: هدف، یعنی حداکثر ۱۵ درصد، {verdict[1]}. هر دو فاصله سهم محدودبودن مجموعه را در خود دارند ({floor_many:.2f} در {many:,}) که نسبت را به ۱ نزدیک می‌کند.")

# %% [markdown] lang="en"
# ## What another network learns from the samples
# A classifier is trained on samples and their labels alone and tested on real images (train on synthetic, test on real): it suffers from wrong labels *and* from variety
# that is not there. Beside it the same classifier trained on as many real images.
# %% [markdown] lang="fa"
# ## شبکهٔ دیگری از نمونه‌ها چه می‌آموزد
# رده‌بندی تنها با نمونه‌ها و برچسب‌هایشان آموزش می‌بیند و روی تصویرهای واقعی آزموده می‌شود: هم از برچسب نادرست آسیب می‌بیند و هم از گوناگونی‌ای که نیست. در کنارش همان رده‌بند با
# همان تعداد تصویر واقعی.

# %%
taught = 100 if study.small else 10_000
real, known = ((part.x[:taught].float() / 255, part.y[:taught]) for part in (data.test, data.train))
rows, learnt = [], {}
for s in study.track((1.0, 2.0), "train on synthetic"):
    sampler = replace(at_cost(winner, few), guidance=Guidance(s))
    calls, drawn = sampler.evaluations(flow.experiment.model.path), lab.draw(flow, taught, sampler, 2)
    asked_for = lab.scores(flow, drawn).accuracy
    learnt[s] = train_on_synthetic(drawn.images, drawn.labels, *real, real_train=known)
    rows.append([kit.ltr(f"{s:g} ({s - 1:g})"), calls, lab.cell(asked_for), lab.cell(learnt[s].accuracy)])
    shared = {"n": taught, "unit": "share", "recipe": "flow", "guidance_scale": s, "evaluations": calls}
    study.measure("judge_accuracy", asked_for.value, asked_for.low, asked_for.high, floor=lab.floors(taught)["accuracy"], protocol=f"{taught} samples, labels in turn, {sampler.protocol}, seed 2", **shared)
    study.measure("tstr_accuracy", learnt[s].accuracy.value, learnt[s].accuracy.low, learnt[s].accuracy.high, floor=learnt[s].ceiling.value, protocol=f"a fresh classifier, 2 passes over {taught} labelled samples, {sampler.protocol}, seed 2, tested on {len(real[1])} MNIST test images", **shared)
study.table(study.pick(["scale s (w)", "evaluations", "judge accuracy", "train on synthetic"], ["مقیاس s (w)", "ارزیابی", "دقت داور", "آموزش با نمونه‌ها"]), rows,
            f"`flow`, {winner}, {taught:,} samples of one seed; half of the 95 % interval over images. The same classifier, trained on {taught:,} real images: {lab.cell(learnt[1.0].ceiling).text}.",
            f"‏`flow`، {kit.ltr(winner)}، {taught:,} نمونه از یک بذر؛ نیم‌بازهٔ ۹۵ درصد روی تصویرها. همان رده‌بند، آموزش‌دیده با {taught:,} تصویر واقعی: {lab.cell(learnt[1.0].ceiling).text}.")

# %% [markdown] lang="en"
# ## The two models
# %% [markdown] lang="fa"
# ## دو مدل

# %%
names = ("judge_accuracy", "fd_digits", "precision", "recall", "coverage", "seconds")
rows = [[key, *(study.results(key, name) for name in names)] for key in ("cfg-mnist", "flow")]
study.table([study.pick("recipe", "دستور"), *(name.replace("_", " ") for name in names)], rows,
            "As evaluated by their own samplers without guidance, mean over seeds, intervals over samples where there is one seed.",
            "ارزیابی با نمونه‌گیر خود هر مدل و بی‌هدایت، میانگین بذرها؛ اگر یک بذر باشد بازه‌ها روی نمونه‌هایند.")

# %% [markdown] lang="en"
# ## Sources
# Ho & Salimans 2022 (arXiv 2207.12598); Dhariwal & Nichol 2021 (arXiv 2105.05233); Chung et al. 2024 (arXiv 2406.08070); Kynkäänniemi et al.
# 2024 (arXiv 2404.07724); Perez et al. 2018 (arXiv 1709.07871); Rombach et al. 2022 (arXiv 2112.10752); Peebles & Xie 2023 (arXiv 2212.09748);
# Liu et al. 2023 (arXiv 2209.03003); Lu et al. 2022 (arXiv 2211.01095); Zhao et al. 2023 (arXiv 2302.04867).
# %% [markdown] lang="fa"
# ## منابع
# Ho & Salimans 2022 (arXiv 2207.12598)؛ Dhariwal & Nichol 2021 (arXiv 2105.05233)؛ Chung et al. 2024 (arXiv 2406.08070)؛ Kynkäänniemi et al.
# 2024 (arXiv 2404.07724)؛ Perez et al. 2018 (arXiv 1709.07871)؛ Rombach et al. 2022 (arXiv 2112.10752)؛ Peebles & Xie 2023 (arXiv 2212.09748)؛
# Liu et al. 2023 (arXiv 2209.03003)؛ Lu et al. 2022 (arXiv 2211.01095)؛ Zhao et al. 2023 (arXiv 2302.04867).
