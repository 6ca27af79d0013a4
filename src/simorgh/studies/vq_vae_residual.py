# ---
# simorgh:
#   title:
#     en: "VQ-VAE with residual networks: who moves the codebook"
#     fa: "VQ-VAE با شبکه‌های باقی‌مانده‌ای: چه کسی کتاب کد را حرکت می‌دهد"
#   answers: [C6.a, C6.b, C6.c, C6.1, C6.2, C6.3, C6.4, C6.5, C6.6, C6.7, C6.8]
#   runs: {vq-res: 1, vq-res@ema: 3, vq-res@gradient: 3, vq-res@fsq: 3, vq-res@plain: 1}
#   overrides:
#     vq-res@ema: {model.prior_from: 1.0}
#     vq-res@gradient: {model.prior_from: 1.0, model.codebook.kind: gradient}
#     vq-res@fsq: {model.prior_from: 1.0, model.codebook.kind: fsq, model.codebook.dim: 3, model.codebook.levels: [8, 8, 8]}
#     vq-res@plain: {model.prior_from: 1.0, model.codebook.start: uniform, model.codebook.restart: 0.0}
# ---
# %% [markdown] lang="en"
# ## Question
# 512 codes of 64 dimensions, residual networks, colour. Which term of the loss moves what, how does the codebook find
# its place, what do its vectors come to mean, and is a running mean a better teacher for them than a gradient? For
# three codes that can be watched, sweeps of size and length, and why their KL cannot collapse see the study `vq_vae`.
# %% [markdown] lang="fa"
# ## پرسش
# ‏۵۱۲ کد ۶۴بُعدی، شبکه‌های باقی‌مانده‌ای، و رنگ. هر جملهٔ هزینه چه چیزی را حرکت می‌دهد، کتاب کد چگونه جای خود را می‌یابد، بردارهایش چه معنایی
# می‌گیرند، و آیا میانگین متحرک برای آن‌ها آموزگار بهتری از گرادیان است؟ سه کدی که می‌توان تماشا کرد، روبش اندازه و طول، و این‌که چرا KL آن‌ها فرو نمی‌پاشد در
# مطالعهٔ `vq_vae` است.

# %%
import warnings
from math import log

import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from torch.nn.functional import one_hot

from simorgh.contracts import SampleNoise
from simorgh.data import load
from simorgh.evaluate import generate, judge
from simorgh.metrics.codes import pixel_variance
from simorgh.metrics.frechet import frechet_distance
from simorgh.metrics.intervals import mean_interval
from simorgh.nn.quantise import nearest_codes, perplexity, shares, sums
from simorgh.noise import philox
from simorgh.recipes import recipe
from simorgh.report.figures import block_diagram, curves, image_grid, reconstruction_pairs
from simorgh.studies import kit
from simorgh.studies._codebooks import cells, flow, follow, look, parameters, patches, prototypes, read, toy

study = kit.current()
run = study.runs("vq-res")[0]
model, data, book = run.model(), load(run.experiment.data), run.experiment.model.codebook
titles = {"vq-res@ema": study.pick("running means", "میانگین متحرک"), "vq-res@gradient": study.pick("gradient", "گرادیان"),
          "vq-res@fsq": study.pick("rounding (FSQ)", "گرد کردن (FSQ)"), "vq-res@plain": study.pick("running means, plain", "میانگین متحرک، ساده")}
few = data.test.x[:500] / 255
channels, side = few.shape[1], few.shape[2]
study.warn_if_small()

# %% [markdown] lang="en"
# ## Card: three terms
# With $z$ the encoder's vector, $e$ the nearest code and $\mathrm{sg}$ a stop for gradients,
#
# $$ -\log p(x \mid e) \;+\; \Vert \mathrm{sg}[z] - e \Vert^2 \;+\; \beta\, \Vert z - \mathrm{sg}[e] \Vert^2 . $$
#
# The **reconstruction** teaches the decoder to paint from codes and, straight through, the encoder which code would
# have been the better one. The **codebook** term draws a code to the vectors that chose it. The **commitment** keeps the
# vectors near their code: without it nothing stops an encoder from moving faster than its codes can follow. The last
# two have one value and differ only in who is moved; here they are means over places times $HWC$, so that a vector weighs as much as the value of a pixel. Norms are squared and the log-likelihood has a minus; sheets that
# print neither would have the images made *less* likely, and codes that never come to rest (see the pitfalls).
# %% [markdown] lang="fa"
# ## کارت: سه جمله
# با $z$ بردار رمزگذار، $e$ نزدیک‌ترین کد و $\mathrm{sg}$ بندآورِ گرادیان،
#
# $$ -\log p(x \mid e) \;+\; \Vert \mathrm{sg}[z] - e \Vert^2 \;+\; \beta\, \Vert z - \mathrm{sg}[e] \Vert^2 . $$
#
# **بازسازی** به رمزگشا می‌آموزد از روی کد نقاشی کند و با عبور مستقیم به رمزگذار می‌گوید کدام کد بهتر می‌بود. جملهٔ **کتاب کد** هر کد را به سوی
# بردارهایی می‌کشد که آن را برگزیده‌اند. **تعهد** بردارها را نزدیک کدشان نگه می‌دارد: بی آن هیچ چیز مانع نمی‌شود که رمزگذار تندتر از کدهایش حرکت
# کند. دو جملهٔ آخر یک مقدار دارند و فقط در این‌که چه کسی حرکت می‌کند فرق دارند؛ این‌جا میانگین روی جاها ضرب در $HWC$ هستند، تا هر بردار به اندازهٔ مقدار یک پیکسل وزن داشته باشد. نرم‌ها مربع‌اند و لگاریتم درست‌نمایی علامت منفی دارد؛ صورتی که این دو را
# ننوشته باشد تصویر را *کم‌احتمال‌تر* می‌کند و کدهایش هرگز آرام نمی‌گیرند (بخش دام‌ها را ببینید).


# %%
rows = []
for key in ("vq-res@gradient", "vq-res@ema"):
    values, moved = flow(study.runs(key)[0].model(), few[:64])
    rows += [[titles[key], study.word(term), value, *(moved[term, part] for part in ("encoder", "codebook", "decoder"))] for term, value in values.items()]
    assert {pair for pair, norm in moved.items() if norm} == {
        ("reconstruction", "encoder"), ("reconstruction", "decoder"), ("commitment", "encoder"),
        *([("codebook", "codebook")] if key == "vq-res@gradient" else [])}
study.table([study.pick("codes learnt by", "آموزش کدها با"), study.pick("term", "جمله"), study.pick("value, nats an image", "مقدار، نات بر تصویر"), "encoder", "codebook", "decoder"], rows,
            "Length of the gradient of each term in each network on 64 test images, by autograd; a dash where none arrives. Running means leave the codebook term out: they move the codes themselves.",
            "طول گرادیان هر جمله در هر شبکه روی ۶۴ تصویر آزمون، با autograd؛ خط تیره یعنی گرادیانی نمی‌رسد. میانگین متحرک جملهٔ کتاب کد را ندارد: خودش کدها را حرکت می‌دهد.")

# %% [markdown] lang="en"
# ## Card: detach and straight through
# `detach()` is a call on a tensor and no product: the same numbers, without a past. Three ways to write "the code":
# %% [markdown] lang="fa"
# ## کارت: detach و عبور مستقیم
# ‏`detach()` فراخوانی روی تانسور است و نه ضرب: همان اعداد، بی گذشته. سه راه نوشتنِ «کد»:

# %%
a = model.encoder(few[:8]).double().requires_grad_()
f = model.codebook.lookup(model.codes(few[:8])).double().requires_grad_()
weights = torch.from_numpy(philox("weights").standard_normal(a.shape))
forms = {"A + (f(A) - A).detach()": a + (f - a).detach(), "A + (f(A) - A)": a + (f - a), "f(A).detach()": f.detach()}
rows, slopes = [], {}
for name, value in forms.items():
    assert torch.allclose(value, f, rtol=0, atol=1e-12)
    grads = torch.autograd.grad((value * weights).sum(), (a, f), allow_unused=True) if value.requires_grad else (None, None)
    slopes[name] = [0.0 if g is None else float((g * weights).sum() / weights.square().sum()) for g in grads]
    rows.append([kit.ltr(name), *(kit.Cell(f"{s:.0f}") for s in slopes[name])])
assert np.allclose(list(slopes.values()), [[1, 0], [0, 1], [0, 0]])
study.table([study.pick("form", "شکل"), study.pick("slope in A", "شیب در A"), study.pick("slope in f(A)", "شیب در f(A)")], rows,
            "All three have the value f(A). Only the first hands the gradient to the encoder; the second cancels A, the third stops everything.",
            "هر سه مقدار f(A) را دارند. فقط نخستین گرادیان را به رمزگذار می‌دهد؛ دومی A را حذف می‌کند و سومی همه چیز را بند می‌آورد.")
z = model.encoder(few[:64])
near = z + 1e-5 * SampleNoise(0, 64).normal(*z.shape)
with torch.no_grad():
    kept = (model.codebook(z).indices == model.codebook(near).indices).flatten(1).all(1)
    change = (model.error(few[:64], model.codebook(near).values) - model.error(few[:64], model.codebook(z).values))[kept].abs()
live = z.clone().requires_grad_()
q = model.codebook(live)
q.values.retain_grad()
model.error(few[:64], q.values).mean().backward()
assert torch.equal(live.grad, q.values.grad)
assert not change.any()
study.say(f"In the model itself the gradients at $z$ and at $e$ are equal to the last bit, while the true slope is 0: vectors moved by 0.00001 kept all their codes in {int(kept.sum())} of 64 images, whose errors did not change at all. The gradient is thus a wish, not a derivative: it says where the decoder would rather have had the code.",
          f"در خود مدل گرادیان در $z$ و $e$ تا آخرین بیت برابر است، حال آن‌که شیب واقعی صفر است: با جابه‌جایی بردارها به اندازهٔ <bdi dir=\"ltr\">0.00001</bdi> همهٔ کدهای {int(kept.sum())} تصویر از ۶۴ تصویر سر جایشان ماندند و خطایشان هیچ تغییری نکرد. پس این گرادیان آرزوست و نه مشتق: می‌گوید رمزگشا کد را کجا بهتر می‌پسندید.")

# %% [markdown] lang="en"
# ## Card: a codebook is k-means on moving ground
# Nearest code by squared distance: the codes cut the space into Voronoi cells. The codebook term has the gradient
# $2 s_k (e_k - \bar z_k)$, with $s_k$ the share of vectors that chose code $k$ and $\bar z_k$ their mean: it vanishes
# where each code is the mean of its cell, which is where Lloyd's algorithm for k-means stops. Gradient descent takes a
# step of size proportional to $s_k$, so rare codes crawl (Adam, which moves the codes here, divides that out); a running mean with decay $\gamma$ takes the same part
# $1 - \gamma$ of the way for all whose use is steady, and with $\gamma = 0$ on a fixed batch it *is* Lloyd's step.
# %% [markdown] lang="fa"
# ## کارت: کتاب کد همان k-means روی زمین متحرک است
# نزدیک‌ترین کد با مربع فاصله: کدها فضا را به خانه‌های ورونوی می‌برند. گرادیان جملهٔ کتاب کد $2 s_k (e_k - \bar z_k)$ است که $s_k$ سهم بردارهایی است
# که کد $k$ را برگزیده‌اند و $\bar z_k$ میانگینشان: جایی صفر می‌شود که هر کد میانگین خانهٔ خود باشد، همان جا که الگوریتم لوید برای k-means می‌ایستد. گام
# کاهش گرادیان با $s_k$ متناسب است، پس کدهای کم‌کاربرد می‌خزند (Adam، که این‌جا کدها را حرکت می‌دهد، این ضریب را از میان می‌برد)؛ میانگین متحرک با ضریب $\gamma$ برای هر کدی که کاربردش ثابت باشد همان بخشِ $1 - \gamma$ از
# راه را می‌رود، و با $\gamma = 0$ روی دستهٔ ثابت *خودِ* گام لوید است.

# %%
draw = philox("codebook in the plane")
points = torch.from_numpy(1.6 * draw.standard_normal((12, 2))[draw.integers(12, size=1500)] + 0.35 * draw.standard_normal((1500, 2))).float()
places, distances = follow(toy("ema", points), points, 40)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    lloyd = KMeans(8, init=points[:8].numpy(), n_init=1, max_iter=1, algorithm="lloyd").fit(points.numpy())
gap = float(np.abs(places[1].numpy() - lloyd.cluster_centers_).max())
assert gap < 1e-5
assert all(b <= a * (1 + 1e-6) for a, b in zip(distances, distances[1:]))

plain = toy("gradient", points)
q = plain(points)
(slope,) = torch.autograd.grad(q.codebook.mean(), plain.vectors)
use = shares(q.indices, 8)[:, None]
means = sums(points, q.indices, 8) / (use * len(points))
assert torch.allclose(slope, 2 * use * (plain.vectors - means), atol=1e-6)

traces = {f"decay {d:g}": follow(toy("ema", points, d), points, 300)[1] for d in (0.0, 0.9, 0.99)}
study.figure(cells(points, {step: places[step] for step in (0, 1, 40)}, traces), "voronoi", "Eight codes in the plane and the cells of what is nearest to each, at the start, after one and after forty steps with decay 0; right: the mean squared distance for three decays.",
             "هشت کد در صفحه و خانهٔ آنچه به هرکدام نزدیک‌تر است، در آغاز و پس از یک و چهل گام با ضریب ۰؛ راست: میانگین مربع فاصله برای سه ضریب.")
study.say(f"One step with decay 0 differs from one Lloyd step of scikit-learn by {gap:.0e}, rounding in float32, and the distance never rises; the gradient equals its formula. Training is the same with moving points: the vectors of each batch come from an encoder that learns.",
          f"یک گام با ضریب ۰ با یک گام لویدِ scikit-learn به اندازهٔ <bdi dir=\"ltr\">{gap:.0e}</bdi> فرق دارد (گرد کردن float32) و فاصله هرگز بالا نمی‌رود؛ گرادیان نیز با فرمولش برابر است. آموزش همین است با نقطه‌های متحرک: بردارهای هر دسته از رمزگذاری می‌آیند که خود می‌آموزد.")

# %% [markdown] lang="en"
# ## Data and architecture
# Digits times three random numbers, one a channel. The practical takes CIFAR-10: with your own copy in place,
# `simorgh study vq_vae_residual --data cifar-10` runs all of this on it.
# %% [markdown] lang="fa"
# ## داده و معماری
# رقم‌ها ضرب در سه عدد تصادفی، یکی برای هر کانال. تمرین CIFAR-10 می‌خواهد: اگر نسخهٔ خودتان سر جایش باشد،
# <bdi dir="ltr">`simorgh study vq_vae_residual --data cifar-10`</bdi> همهٔ این‌ها را روی آن اجرا می‌کند.

# %%
variance = pixel_variance(data.train.x)
part = data.train.x[:2000].double() / 255
assert torch.isclose(part.var(), (part - 0.5).var(), rtol=1e-12)
study.say(f"{len(data.train):,} images of {channels} x {side} x {few.shape[3]} to train on. The variance of their pixels is {variance:.4f}: an error divided by it is 1 for one grey for all images. Taking 0.5 off each pixel, as the practical does, changes neither variance nor error; here pixels stay in [0, 1], where black is the 0 that convolutions see beyond the border.",
          f"{len(data.train):,} تصویر <bdi dir=\"ltr\">{channels} x {side} x {few.shape[3]}</bdi> برای آموزش. واریانس پیکسل‌ها {variance:.4f} است: خطایی که بر آن تقسیم شود برای یک خاکستری یکسان برابر ۱ است. کم کردن <bdi dir=\"ltr\">0.5</bdi> از هر پیکسل، چنان‌که تمرین می‌کند، نه واریانس را عوض می‌کند و نه خطا را؛ این‌جا پیکسل‌ها در <bdi dir=\"ltr\">[0, 1]</bdi> می‌مانند که سیاهش همان صفری است که کانولوشن بیرون مرز می‌بیند.")
study.figure(image_grid(few[:20], 2, 10), "data", "Twenty test images.", "بیست تصویر آزمون.")

full = recipe("vq-res", "paper")
net, wide = run.experiment.model.network, full.model.network
h, w = model.grid
study.figure(block_diagram([[f"image {side} x {few.shape[3]}", "conv 4x4 / 2", "conv 4x4 / 2", "conv 3x3", f"residual x {net.blocks}", "conv 1x1", f"map {h} x {w} x {book.dim}"],
                            [f"map {h} x {w}", f"nearest of {book.codes}", "conv 3x3", f"residual x {net.blocks}", "transposed 4x4 / 2", "transposed 4x4 / 2", "image"],
                            ["nearest code", "use and sum of its vectors", "running means", "new code"]],
                           [f"nearest of {book.codes}", "nearest code"], [("new code", "nearest code")]),
             "network", f"Encoder, quantiser with decoder, and the round of the running means. A residual block adds ReLU, conv 3x3 to {net.residual} channels, ReLU, conv 1x1 back to {net.hidden} to its input.",
             f"رمزگذار، کوانتیده‌ساز با رمزگشا، و چرخهٔ میانگین متحرک. بلوک باقی‌مانده‌ای ReLU، کانولوشن ۳ در ۳ به {net.residual} کانال، ReLU و کانولوشن ۱ در ۱ به {net.hidden} کانال را به ورودی‌اش می‌افزاید.")

built = {"full": full.model.build(data.spec), "here": model}
counts = {name: [sum(p.numel() for p in getattr(m, part).parameters()) for part in ("encoder", "decoder")] for name, m in built.items()}
assert counts == {"full": [*parameters(wide, channels, book.dim)], "here": [*parameters(net, channels, book.dim)]}
rows = [[study.word(part), counts["full"][i], counts["here"][i]] for i, part in enumerate(("encoder", "decoder"))]
rows += [[study.word("codebook"), full.model.codebook.codes * full.model.codebook.dim, book.codes * book.dim]]
rows += [[study.pick("together", "روی هم"), *(sum(row[i] for row in rows) for i in (1, 2))]]
study.table(study.pick(["part", f"published size ({wide.hidden} and {wide.residual} channels)", f"this run ({net.hidden} and {net.residual} channels)"],
                       ["بخش", f"اندازهٔ منتشرشده ({wide.hidden} و {wide.residual} کانال)", f"این اجرا ({net.hidden} و {net.residual} کانال)"]), rows,
            "Parameters, counted from the layers by hand and in the networks.", "شمار پارامترها، با دست از روی لایه‌ها و در خود شبکه‌ها.")
steps = {name: [round(e.train.epochs * s * len(data.train) / e.train.batch_size) for s in (e.model.prior_from, 1 - e.model.prior_from)] for name, e in (("full", full), ("here", run.experiment))}
pull = [e.model.codebook.commitment * e.model.codebook.dim / variance for e in (full, run.experiment)]
with torch.no_grad():  # the practical: error / variance, and a mean over places and dimensions
    z = model.encoder(few[:64])
    assert np.isclose(float(model.beta * model.codebook(z).commitment.mean()) / variance, pull[1] * float((z - model.codebook.lookup(model.codes(few[:64]))).square().mean()), rtol=1e-4)
settings = [["codes x dimensions", "512 x 64", *(f"{e.model.codebook.codes} x {e.model.codebook.dim}" for e in (full, run.experiment))],
            [study.pick("beta; decay", "beta؛ ضریب"), "0.25; 0.99", *(f"{e.model.codebook.commitment:g}; {e.model.codebook.decay:g}" for e in (full, run.experiment))],
            ["effective commitment", "0.25", *(f"{p:.0f}" for p in pull)],
            ["Adam, batch", "1e-3, 256", *(f"{e.train.optimiser.lr:g} {e.train.optimiser.schedule}, {e.train.batch_size}" for e in (full, run.experiment))],
            ["updates of the autoencoder", "15,000", *(f"{steps[name][0]:,}" for name in steps)],
            ["updates of the prior", "–", *(f"{steps[name][1]:,}" for name in steps)]]
study.table(study.pick(["setting", "practical", "preset paper", "this run"], ["تنظیم", "تمرین", "اندازهٔ paper", "این اجرا"]), [[study.word(name), *map(kit.ltr, cells)] for name, *cells in settings],
            f"Settings. The runs of the comparison below have no prior and give all their updates to the autoencoder. Effective commitment: the weight in the practical's terms, a mean over {book.dim} dimensions beside the error over the variance. Here the sum over dimensions stands beside the summed error, so that the same beta weighs {pull[1] / book.commitment:,.0f} times as much.",
            f"تنظیم‌ها. اجراهای مقایسهٔ پایین پیشین ندارند و همهٔ گام‌هایشان برای خودرمزگذار است. «تعهد مؤثر»: وزن به زبان تمرین، یعنی میانگین روی {book.dim} بُعد در کنار خطا بر واریانس. این‌جا جمعِ بُعدها در کنار جمعِ خطا می‌نشیند، پس همان beta به اندازهٔ {pull[1] / book.commitment:,.0f} برابر وزن دارد.")

z, codes = model.encoder(few[:200]).flatten(0, 2).double(), model.codebook.vectors.double()
direct = torch.stack([(z - e).square().sum(1) for e in codes], 1)
chosen = direct.argmin(1)
hot = one_hot(chosen, book.codes).double()
q = model.codebook(model.encoder(few[:200]))
assert torch.allclose(direct.gather(1, nearest_codes(z, codes)[:, None]), direct.min(1).values[:, None], atol=1e-9)  # codes may coincide
assert torch.allclose(hot @ codes, codes[chosen], atol=1e-12)
share = hot.mean(0)
by_definition = float((-(share[share > 0] * share[share > 0].log()).sum()).exp())
assert np.isclose(float(perplexity(shares(chosen, book.codes).double())), by_definition, rtol=1e-5)
other = q.indices.flatten() != chosen
excess = (direct.gather(1, q.indices.flatten()[:, None])[:, 0] - direct.min(1).values)[other] / direct.min(1).values.mean()
study.say(f"Indices, one-hot product and perplexity ({by_definition:.1f} on {len(z):,} vectors) equal those of the plain definition. In float32, where $\\Vert z \\Vert^2 - 2 z^\\top e + \\Vert e \\Vert^2$ saves memory and loses digits, {int(other.sum())} of {len(z):,} vectors take another code" + (f", farther by at most {float(excess.max()):.1e} of the mean squared distance." if other.any() else "."),
          f"شماره‌ها، حاصل‌ضرب تک‌داغ و سرگشتگی ({by_definition:.1f} روی {len(z):,} بردار) با تعریف ساده برابرند. در <bdi>float32</bdi> که $\\Vert z \\Vert^2 - 2 z^\\top e + \\Vert e \\Vert^2$ حافظه را کم می‌کند و رقم از دست می‌دهد، {int(other.sum())} بردار از {len(z):,} کد دیگری می‌گیرند" + (f"، حداکثر <bdi dir=\"ltr\">{float(excess.max()):.1e}</bdi> میانگین مربع فاصله دورتر." if other.any() else "."))

# %% [markdown] lang="en"
# ## Running means, gradient, rounding
# The same networks, no prior, all updates for the autoencoder. FSQ (Mentzer et al. 2023) learns no codes: it rounds
# three coordinates to eight levels each, 512 codes again. "Plain" are running means with neither k-means at the start
# nor a new place for codes that nobody chooses.
# %% [markdown] lang="fa"
# ## میانگین متحرک، گرادیان، گرد کردن
# همان شبکه‌ها، بی پیشین، همهٔ گام‌ها برای خودرمزگذار. FSQ (Mentzer و همکاران ۲۰۲۳) کدی نمی‌آموزد: سه مختصه را هرکدام به هشت سطح گرد می‌کند، باز ۵۱۲ کد. «ساده»
# یعنی میانگین متحرک بی k-means در آغاز و بی جای تازه برای کدهایی که کسی برنمی‌گزیند.

# %%
histories = {title: [[{"step": line["step"], "scaled error": line["autoencoder/reconstruction"] / (model.values * variance),
                       "perplexity of a batch": line["autoencoder/perplexity"]} for line in r.history()] for r in study.runs(key)] for key, title in zip(titles, ("running means", "gradient", "FSQ", "plain"))}
study.figure(curves(histories, ["scaled error", "perplexity of a batch"], ylabel="", log=True), "updates",
             "Reconstruction error over the variance of the data, and perplexity of the codes, over updates; one line a seed.", "خطای بازسازی بر واریانس داده، و سرگشتگی کدها، در طول گام‌ها؛ هر خط یک بذر.")

many = data.test.x[:2000] / 255
names = ("variance_scaled_error", "code_perplexity", "codes_used")
own = {"colour_error": "mean |error| of the mean of each channel over the mean of the pixels, first 500 test images",
       "colour_r2": "R^2 of the mean colour of 4 x 4 pixels, linear in the code, fitted on 1,000 test images and taken on 1,000 others"}
found, rows = {}, []
for key, title in titles.items():
    seeds = {name: [] for name in (*names, *own)}
    for r in study.runs(key):
        m, back = r.model(), r.model().reconstruct(few)
        _, _, colour, values = look(m, many)
        seeds["colour_error"].append(float((back.mean((2, 3)) - few.mean((2, 3))).abs().mean() / few.mean()))
        seeds["colour_r2"].append(read(values, colour))
        for name in names:
            seeds[name].append(next(x.value for x in r.results() if x.name == name))
    measured = [study.results(key, name) for name in names]
    for name, protocol in own.items():
        i = mean_interval(seeds[name]) if len(seeds[name]) > 1 else None
        measured.append(study.measure(name, float(np.mean(seeds[name])), i and i.low, i and i.high, n=len(seeds[name]), protocol=protocol, recipe=key))
    found[key] = seeds
    used = measured[names.index("codes_used")]  # Student's interval knows nothing of the end of the scale
    written = f"{used.value:.0f}" if used.low is None else f"{used.value:.0f} [{used.low:.0f}, {min(used.high, book.codes):.0f}]"
    rows.append([title, *(kit.Cell(written if c is used else kit.short(c)) for c in measured)])
study.table(study.pick(["codes by", "variance-scaled error", "perplexity", "codes used", "error of the mean colour", "colour read from the code, R^2"],
                       ["کدها با", "خطای مقیاس‌شده", "سرگشتگی", "کدهای استفاده‌شده", "خطای رنگ میانگین", "رنگِ خوانده از کد، R^2"]), rows,
            "All test images, mean over seeds and half of the 95 % interval (over images where there is one seed). Public runs on CIFAR-10 with the full-size network, 15,000 updates and running means reach 0.052 to 0.054 at a perplexity of about 400 (another data set, another variance).",
            "همهٔ تصویرهای آزمون، میانگین بذرها و نیم بازهٔ ۹۵ درصد (با یک بذر، روی تصویرها). اجراهای عمومی روی CIFAR-10 با شبکهٔ کامل، ۱۵٬۰۰۰ گام و میانگین متحرک به ۰٫۰۵۲ تا ۰٫۰۵۴ با سرگشتگی حدود ۴۰۰ می‌رسند (دادهٔ دیگر، واریانس دیگر).")


def gain(key, name):
    """What changes from running means to `key`, paired by seed, in words."""
    d = [b - a for a, b in zip(found["vq-res@ema"][name], found[key][name])]
    i = mean_interval(d) if len(d) > 1 else None
    return f"{np.mean(d):+.3g}" + ("" if i is None else f" [{i.low:+.3g}, {i.high:+.3g}]")


study.say(f"Against running means, codes moved by a gradient change the scaled error by {gain('vq-res@gradient', names[0])} and the perplexity by {gain('vq-res@gradient', names[1])}; rounding changes them by {gain('vq-res@fsq', names[0])} and {gain('vq-res@fsq', names[1])}. An interval that holds 0 says that these seeds do not tell the two apart.",
          f"نسبت به میانگین متحرک، کدهایی که گرادیان حرکت می‌دهد خطای مقیاس‌شده را <bdi dir=\"ltr\">{gain('vq-res@gradient', names[0])}</bdi> و سرگشتگی را <bdi dir=\"ltr\">{gain('vq-res@gradient', names[1])}</bdi> تغییر می‌دهند؛ گرد کردن <bdi dir=\"ltr\">{gain('vq-res@fsq', names[0])}</bdi> و <bdi dir=\"ltr\">{gain('vq-res@fsq', names[1])}</bdi>. بازه‌ای که صفر را در بر دارد می‌گوید این بذرها آن دو را از هم جدا نمی‌کنند.")
best = study.runs("vq-res@ema")[0].model()
study.figure(reconstruction_pairs(few[:12], best.reconstruct(few[:12])), "pairs", "Test images, what running means make of them, and the difference.", "تصویرهای آزمون، آنچه میانگین متحرک از آن‌ها می‌سازد، و اختلاف.")

# %% [markdown] lang="en"
# ## What a code means
# %% [markdown] lang="fa"
# ## معنای یک کد

# %%
z, indices, colour, _ = look(best, many)
use = indices.bincount(minlength=book.codes)
ranked = [k for k in use.argsort(descending=True).tolist() if use[k] >= 9]
shown = [ranked[i] for i in np.unique(np.linspace(0, len(ranked) - 1, 8).round().astype(int))]
study.figure(image_grid(patches(best, many, shown), len(shown), 10, row_labels=[f"{float(use[k]) / len(z):.2%}" for k in shown], col_labels=["alone", *range(1, 10)], ylabel="use"), "patches",
             "One code a row, from the most used to the rarest: what the decoder paints from a map of it alone, and the 8 x 8 pixels around the nine vectors nearest to it in 2,000 test images.",
             "هر سطر یک کد، از پرکاربردترین تا کم‌کاربردترین: آنچه رمزگشا از نقشه‌ای فقط از همین کد می‌کشد، و ۸ در ۸ پیکسلِ گرد نُه برداری که در ۲٬۰۰۰ تصویر آزمون به آن نزدیک‌ترند.")
explained = [prototypes(r.model(), many) for r in study.runs("vq-res@ema")]
(piece, ring), kinds = explained[0][0].values(), explained[0][1]
for name, m in explained[0][0].items():
    study.measure("pixels_explained", m.value, m.low, m.high, n=m.n, unit="share of the variance", protocol="pixels of other test images told by the mean of each code, seed 0, interval over images", recipe="vq-res@ema", pixels=name)
local = 0 if piece.low > ring.high else 1 if piece.high < ring.low else 2
span = [f"{f(e[0]['piece'].value for e in explained):.0%}" for f in (min, max)]
study.say(f"A code stands for {('a prototype of the 4 x 4 pixels at its place, and less for what lies around them', 'what lies around its place more than for the 4 x 4 pixels there', 'the 4 x 4 pixels at its place no more than for what lies around them')[local]}: its mean piece alone explains {piece.value:.0%} [{piece.low:.0%}, {piece.high:.0%}] of the variance of these pixels in other images and {ring.value:.0%} [{ring.low:.0%}, {ring.high:.0%}] of that of the two pixels around (over seeds, {span[0]} to {span[1]} of the piece), while the decoder, which reads the neighbours too, leaves {found['vq-res@ema'][names[0]][0]:.0%} of the variance of all pixels. By their mean piece {kinds['ground'][0]:.0%} of the codes in use are dark ground ({kinds['ground'][1]:.0%} of the places), {kinds['edge'][0]:.0%} edges of a stroke ({kinds['edge'][1]:.0%}) and {kinds['stroke'][0]:.0%} its inside ({kinds['stroke'][1]:.0%}): ground is below 0.1 in its brightest channel, an edge differs within its 16 pixels by more than half of its maximum.",
          f"هر کد {('پیش‌نمونهٔ ۴ در ۴ پیکسلِ جای خود است و کمتر از آنِ پیرامونش', 'بیشتر از پیرامونِ جای خود می‌گوید تا از ۴ در ۴ پیکسلِ آن', 'از ۴ در ۴ پیکسلِ جای خود بیش از پیرامونش نمی‌گوید')[local]}: تکهٔ میانگینش به‌تنهایی <bdi dir=\"ltr\">{piece.value:.0%} [{piece.low:.0%}, {piece.high:.0%}]</bdi> واریانس این پیکسل‌ها در تصویرهای دیگر را توضیح می‌دهد و <bdi dir=\"ltr\">{ring.value:.0%} [{ring.low:.0%}, {ring.high:.0%}]</bdi> واریانس دو پیکسلِ گرد آن را (روی بذرها {span[0]} تا {span[1]} برای تکه)، حال آن‌که رمزگشا که همسایه‌ها را هم می‌خواند {found['vq-res@ema'][names[0]][0]:.0%} واریانس همهٔ پیکسل‌ها را به جا می‌گذارد. از روی تکهٔ میانگین، {kinds['ground'][0]:.0%} کدهای به‌کاررفته زمینهٔ تاریک‌اند ({kinds['ground'][1]:.0%} جاها)، {kinds['edge'][0]:.0%} لبهٔ خط ({kinds['edge'][1]:.0%}) و {kinds['stroke'][0]:.0%} درون آن ({kinds['stroke'][1]:.0%}): زمینه در روشن‌ترین کانال زیر ۰٫۱ است و لبه در ۱۶ پیکسلش بیش از نیمِ بیشینه‌اش تفاوت دارد.")

figure = Figure(figsize=(8.4, 4.0))
spread = {}
for panel, key in zip(figure.subplots(1, 2), ("vq-res@ema", "vq-res@gradient")):
    m = study.runs(key)[0].model()
    _, chosen, colour, _ = look(m, many)
    count = chosen.bincount(minlength=book.codes)
    vectors = m.codebook.vectors.double()
    seen = vectors[count > 0]
    _, s, axes = torch.linalg.svd(seen - seen.mean(0))
    spread[key] = float(s[:2].square().sum() / s.square().sum().clamp(min=1e-30))
    flat = ((vectors - seen.mean(0)) @ axes[:2].T).numpy()
    mean = (sums(colour, chosen, book.codes) / count.clamp(min=1)[:, None]).clamp(min=0).expand(-1, 3).numpy()
    used = (count > 0).numpy()
    panel.scatter(*flat[~used].T, s=14, marker="x", color="#BBBBBB", linewidths=0.8)
    panel.scatter(*flat[used].T, s=10 + 400 * (count.numpy()[used] / len(chosen)) ** 0.5, c=mean[used] / max(mean.max(), 1e-9), edgecolor="#66666E", linewidths=0.4)
    panel.set(title=f"{'running means' if key == 'vq-res@ema' else 'gradient'}: {spread[key]:.0%} of the spread", xlabel="first component", ylabel="second")
study.figure(figure, "map", "The codebook on its first two principal components, running means and gradient; each code in the mean colour of the 4 x 4 pixels that it stands for (all brightened alike), larger where more used, a cross where not at all.",
             "کتاب کد روی دو مؤلفهٔ اصلی نخست، میانگین متحرک و گرادیان؛ هر کد به رنگ میانگین ۴ در ۴ پیکسلی که به جای آن‌هاست (همه به یک نسبت روشن‌تر)، بزرگ‌تر هرجا بیشتر به کار رود و ضربدر هرجا هیچ.")
r2 = {key: np.mean(found[key]["colour_r2"]) for key in ("vq-res@ema", "vq-res@fsq")}
rounding = gain("vq-res@fsq", "colour_r2")
study.say(f"The plane holds {spread['vq-res@ema']:.0%} of the spread of the codes of running means: the rest of a distance is not seen in it. What a code says of colour can be measured: of the variance of the mean colour of a patch a linear reader finds {r2['vq-res@ema']:.0%} in the 64 numbers of its code, and {r2['vq-res@fsq']:.0%} in the three that rounding leaves (difference {rounding}; an interval that holds 0 does not tell them apart).",
          f"این صفحه {spread['vq-res@ema']:.0%} پراکندگی کدهای میانگین متحرک را در بر دارد و باقی فاصله‌ها در آن دیده نمی‌شود. آنچه کد از رنگ می‌گوید اندازه‌گرفتنی است: از واریانس رنگ میانگین یک تکه، خوانندهٔ خطی {r2['vq-res@ema']:.0%} را در ۶۴ عدد کدش می‌یابد و {r2['vq-res@fsq']:.0%} را در سه عددی که گرد کردن می‌گذارد (اختلاف <bdi dir=\"ltr\">{rounding}</bdi>؛ بازه‌ای که صفر را در بر دارد این دو را از هم جدا نمی‌کند).")

# %% [markdown] lang="en"
# ## New images
# %% [markdown] lang="fa"
# ## تصویر تازه

# %%
scaled = study.results("vq-res", names[0])
study.say(f"A prior needs an autoencoder that rests: in the run with one, the codes learnt for its first half only ({run.experiment.model.prior_from:.0%} of the updates). Its scaled error is {scaled.value:.3f}, where running means above reach {np.mean(found['vq-res@ema'][names[0]]):.3f}; how much of that is not colour, the distance of brightness below tells. All that follows is of this run.",
          f"پیشین به خودرمزگذاری نیاز دارد که دیگر تغییر نکند: در اجرایی که پیشین دارد، کدها تنها در بخش نخست ({run.experiment.model.prior_from:.0%} به‌روزرسانی‌ها) آموخته‌اند. خطای مقیاس‌شدهٔ آن {scaled.value:.3f} است، حال آنکه میانگین متحرک در بالا به {np.mean(found['vq-res@ema'][names[0]]):.3f} می‌رسد؛ این‌که چه اندازه از آن رنگ نیست، از فاصلهٔ روشنایی در پایین پیداست. هرچه در پی می‌آید از این اجراست.")
n = min(run.experiment.evaluate.samples, 2000)
maps = model.codes(data.test.x[n : 2 * n].float() / 255)  # not those that the distances below are taken from
order = torch.from_numpy(np.stack([philox("places", i).permutation(n) for i in range(h * w)], 1))
mixed = maps.flatten(1).gather(0, order).view_as(maps)
any_code = (SampleNoise(0, n).uniform(n, h, w) * book.codes).long()
drawn = {"codes alike": model.decode_codes(any_code), "each place alone": model.decode_codes(mixed), "prior": generate(run, n)[0], "reconstructions": model.decode_codes(maps)}
study.figure(image_grid(torch.cat([*(drawn[k][:12] for k in ("codes alike", "each place alone")), drawn["prior"][:48]]), 6, 12, row_labels=["codes alike", "each place alone", "prior", "", "", ""]), "samples",
             "Codes drawn alike; codes of test images, each place from another image; maps drawn by the transformer.", "کدهای هم‌احتمال؛ کد تصویرهای آزمون، هر جا از تصویری دیگر؛ نقشه‌هایی که ترنسفورمر کشیده است.")
cost = [study.results("vq-res", name) for name in ("code_entropy", "prior_nats_per_code", "prior_bits")]
study.say(f"A code costs log {book.codes} = {log(book.codes):.2f} nats where codes are drawn alike, {cost[0].value:.2f} where its frequency is known, {cost[1].value:.2f} to the transformer, which knows the places before: {cost[2].value:.0f} bits an image in place of {h * w * log(book.codes) / log(2):.0f}.",
          f"هر کد <bdi dir=\"ltr\">log {book.codes} = {log(book.codes):.2f}</bdi> نات می‌ارزد اگر کدها یکنواخت باشند، {cost[0].value:.2f} اگر فراوانی‌اش را بدانیم و {cost[1].value:.2f} برای ترنسفورمر که جاهای پیشین را می‌داند: {cost[2].value:.0f} bit هر تصویر به جای {h * w * log(book.codes) / log(2):.0f}.")
if data.name == "mnist-rgb":
    def features(images):
        """Of the judge of grey digits: brightest channel of each pixel, the brightest pixel of an image made white."""
        grey = images.amax(1, keepdim=True)
        return judge.judged(grey / grey.amax((2, 3), keepdim=True).clamp(min=1 / 255))[0]

    real = features(data.test.x[:n] / 255)
    floor = float(frechet_distance(real, features(data.test.x[n : 2 * n] / 255)))  # of the images whose codes are used
    rows = [[study.word(kind), study.measure("fd_digits_brightness", float(frechet_distance(real, features(images))), n=n, unit="squared feature units", floor=floor, source=kind,
                                 protocol=f"Fréchet distance of {n} images to the first {n} test images, brightest channel scaled to 1, features of {judge.NAME}")] for kind, images in drawn.items()]
    study.table(study.pick(["images", "distance of their brightness"], ["تصویرها", "فاصلهٔ روشنایی"]), rows,
                "fd-digits without the colour; the floor is that of the test images whose codes are reconstructed and mixed, others than those compared with.",
                "‏fd-digits بی رنگ؛ کف از آنِ همان تصویرهای آزمونی است که کدهایشان بازسازی و آمیخته می‌شود، و جز تصویرهای مرجع‌اند.")

# %% [markdown] lang="en"
# ## Pitfalls
# %% [markdown] lang="fa"
# ## دام‌ها

# %%
batch = float(np.mean([float(perplexity(shares(part, book.codes))) for part in best.codes(many).split(32)]))
whole = float(perplexity(shares(indices, book.codes)))
lengths = []
for distance in (1.0, 0.01):
    e = torch.tensor([distance, 0.0], requires_grad=True)
    lengths.append([float(torch.autograd.grad(value, e)[0].norm()) for value in (e.norm(), e.square().sum())])
assert np.allclose(lengths, [[1, 2], [1, 0.02]])
kept, died = (float(np.mean(found[key]["codes_used"])) for key in ("vq-res@ema", "vq-res@plain"))
study.say(f"""- Perplexity of a batch understates use: {batch:.0f} on average over batches of 32 images, {whole:.0f} over 2,000. Count over a whole part.
- Without k-means at the start and without new places for dead codes {died:.0f} of {book.codes} codes were in use here (one seed), with both {kept:.0f}. Two other causes were not tried apart: the codes of the plain run begin within 1/{book.codes} of zero, nearly at one point, and the commitment weighs {pull[1]:.0f} in the practical's terms in place of {book.commitment:g}, which pulls all vectors to what they first chose.
- A norm that is not squared pulls with the same length 1 at every distance (squared: 2 at distance 1, 0.02 at 0.01): codes step around a middle for ever, and that is the median of their vectors, not the mean.
- Sums over the batch in place of means tie the weight of the commitment to the batch size; here every term is a mean over places, in nats per image.
- A scaled error belongs to its data: dividing by another variance makes another number of the same picture.""",
          f"""- سرگشتگیِ یک دسته کاربرد را کم نشان می‌دهد: میانگین دسته‌های ۳۲تایی {batch:.0f} است و روی ۲٬۰۰۰ تصویر {whole:.0f}. روی همهٔ یک بخش بشمارید.
- بی k-means در آغاز و بی جای تازه برای کدهای مرده این‌جا (یک بذر) {died:.0f} کد از {book.codes} به کار رفت و با هر دو {kept:.0f}. دو علت دیگر جداگانه آزموده نشد: کدهای اجرای ساده در فاصلهٔ <bdi dir=\"ltr\">1/{book.codes}</bdi> از صفر، کم‌وبیش در یک نقطه، آغاز می‌شوند، و تعهد به زبان تمرین به جای {book.commitment:g} وزن {pull[1]:.0f} دارد که همهٔ بردارها را به سوی نخستین انتخابشان می‌کشد.
- نرمِ بی‌مربع در هر فاصله با همان طول ۱ می‌کشد (با مربع: ۲ در فاصلهٔ ۱ و ۰٫۰۲ در ۰٫۰۱): کد تا ابد گرد میانه‌ای گام برمی‌دارد که میانهٔ هندسی بردارهایش است، نه میانگینشان.
- جمع روی دسته به جای میانگین، وزن تعهد را به اندازهٔ دسته گره می‌زند؛ این‌جا هر جمله میانگین روی جاهاست، به نات بر تصویر.
- خطای مقیاس‌شده از آنِ دادهٔ خود است: تقسیم بر واریانسی دیگر از همان تصویر عدد دیگری می‌سازد.""")

# %% [markdown] lang="en"
# ## Sources
# van den Oord, Vinyals & Kavukcuoglu 2017 (arXiv 1711.00937), appendix A.1 for running means; Bengio et al. 2013
# (arXiv 1308.3432); Lloyd 1982; Mentzer et al. 2023 (arXiv 2309.15505); Krizhevsky 2009 (CIFAR-10).
# %% [markdown] lang="fa"
# ## منابع
# van den Oord, Vinyals & Kavukcuoglu 2017 (arXiv 1711.00937)، پیوست A.1 برای میانگین متحرک؛ Bengio et al. 2013
# (arXiv 1308.3432)؛ Lloyd 1982؛ Mentzer et al. 2023 (arXiv 2309.15505)؛ Krizhevsky 2009 (CIFAR-10).
