# ---
# simorgh:
#   title:
#     en: "VQ-VAE: images as a few whole numbers"
#     fa: "VQ-VAE: تصویر به صورت چند عدد صحیح"
#   answers: [A4.1, A4.2, A4.3, A4.4, A4.5, A4.6, A4.7, A4.8, A4.9, A4.10, A4.11, A4.12, A4.13, A4.14, A4.15, A4.16]
#   runs: {vq-3x2: 3, vq-vae: 1, vq-3x2@k3: 1, vq-3x2@k5: 1, vq-3x2@k10: 1, vq-3x2@k20: 1, vq-3x2@k50: 1, vq-3x2@d5: 1, vq-3x2@d10: 1, vq-3x2@d20: 1, vq-3x2@d50: 1, vq-3x2@rgb3: 1, vq-3x2@rgb5: 1, vq-3x2@rgb10: 1, vq-3x2@rgb20: 1, vq-3x2@rgb50: 1, vq-3x2@rgbd5: 1, vq-3x2@rgbd10: 1, vq-3x2@rgbd20: 1, vq-3x2@rgbd50: 1, vq-3x2@nomix: 1, vq-3x2@film: 1, ae-mlp@20: 1, vae-mlp@20: 1}
#   overrides:
#     vq-3x2@k3: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500}
#     vq-3x2@k5: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500, model.codebook.codes: 5}
#     vq-3x2@k10: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500, model.codebook.codes: 10}
#     vq-3x2@k20: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500, model.codebook.codes: 20}
#     vq-3x2@k50: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500, model.codebook.codes: 50}
#     vq-3x2@d5: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500, model.codebook.dim: 5}
#     vq-3x2@d10: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500, model.codebook.dim: 10}
#     vq-3x2@d20: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500, model.codebook.dim: 20}
#     vq-3x2@d50: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500, model.codebook.dim: 50}
#     vq-3x2@rgb3: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500, data.name: mnist-rgb}
#     vq-3x2@rgb5: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500, data.name: mnist-rgb, model.codebook.codes: 5}
#     vq-3x2@rgb10: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500, data.name: mnist-rgb, model.codebook.codes: 10}
#     vq-3x2@rgb20: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500, data.name: mnist-rgb, model.codebook.codes: 20}
#     vq-3x2@rgb50: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500, data.name: mnist-rgb, model.codebook.codes: 50}
#     vq-3x2@rgbd5: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500, data.name: mnist-rgb, model.codebook.dim: 5}
#     vq-3x2@rgbd10: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500, data.name: mnist-rgb, model.codebook.dim: 10}
#     vq-3x2@rgbd20: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500, data.name: mnist-rgb, model.codebook.dim: 20}
#     vq-3x2@rgbd50: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500, data.name: mnist-rgb, model.codebook.dim: 50}
#     vq-3x2@nomix: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500, model.network.mixing: 0}
#     vq-3x2@film: {model.prior_from: 1.0, train.epochs: 2.0, evaluate.samples: 500, train.snapshots: 60}
#     ae-mlp@20: {model.latent_dim: 20}
#     vae-mlp@20: {model.latent_dim: 20, evaluate.importance_samples: 0}
# ---
# %% [markdown] lang="en"
# ## Question
# A VQ-VAE writes an image as a small map of whole numbers. What do three codes of two dimensions keep of a digit, what
# does a larger codebook add, what does a longer code add, and how does one draw new images from such a model?
#
# ## Assumptions
# - The sheet prints the first term of the loss with a plus and `detach` as a product; the term is minimised with a minus,
#   and `detach` is a call that stops the gradient.
# - The variance-scaled error is the mean squared error of all test images over the variance of all training pixels;
#   coloured images have their own variance, so their errors stand beside one another only.
# - Numbers with three seeds have Student's interval over them; those of one seed an interval over test images, which knows
#   nothing of what another seed would give.
# %% [markdown] lang="fa"
# ## پرسش
# ‏VQ-VAE تصویر را به صورت نقشهٔ کوچکی از عددهای صحیح می‌نویسد. سه کد دوبعدی از یک رقم چه نگه می‌دارند، کتاب کد بزرگ‌تر چه می‌افزاید، کد
# بلندتر چه می‌افزاید، و چگونه از چنین مدلی تصویر تازه می‌کشند؟
#
# ## فرض‌ها
# - صورت تمرین جملهٔ نخست هزینه را با علامت مثبت و `detach` را به شکل ضرب چاپ کرده است؛ آن جمله با علامت منفی کمینه می‌شود و `detach` فراخوانی‌ای است که
#   گرادیان را بند می‌آورد.
# - خطای مقیاس‌شده میانگین مربع خطای همهٔ تصویرهای آزمون بر واریانس همهٔ پیکسل‌های آموزش است؛ تصویر رنگی واریانس خودش را دارد، پس خطاهایش فقط
#   کنار هم معنا دارند.
# - عددهای سه‌بذری بازهٔ استیودنت روی بذرها دارند و عددهای تک‌بذری بازه‌ای روی تصویرهای آزمون که از بذرِ دیگر چیزی نمی‌داند.

# %%
from itertools import product
from math import log, prod

import numpy as np
import torch
from matplotlib.figure import Figure

from simorgh.contracts import Batch, Noise, Tick
from simorgh.data import load
from simorgh.evaluate import generate
from simorgh.metrics.intervals import mean_interval, paired_difference
from simorgh.nn.quantise import straight_through
from simorgh.noise import philox
from simorgh.report.figures import block_diagram, curves, image_grid, reconstruction_pairs
from simorgh.report.style import LINES
from simorgh.studies import kit
from simorgh.studies._codes import Nearest, straight
from simorgh.studies._codebooks import layers, longer, more, plane, travelled, walked
from simorgh.studies._silence import ENTROPY, heard

study = kit.current()
three = study.runs("vq-3x2")
run = three[0]
model, data = run.model(), load(run.experiment.data)
study.warn_if_small()

# %% [markdown] lang="en"
# ## Card: what is gained over a VAE
# In a VAE each image pays its own KL, and where the decoder is strong enough to do without the code, the cheapest
# posterior is the prior: the code goes silent (posterior collapse). In a VQ-VAE the posterior is one map of codes with
# probability 1, so that under a uniform prior its KL is the same for every image,
#
# $$ \mathrm{KL}(q(k \mid x) \,\Vert\, p(k)) = \sum_k q(k \mid x) \log \frac{q(k \mid x)}{K^{-hw}} = h w \log K, $$
#
# a constant without a gradient: nothing in the loss pulls the code towards silence. And the code is made of symbols, as
# language and phonemes are.
# %% [markdown] lang="fa"
# ## کارت: برتری بر VAE
# در VAE هر تصویر KL خودش را می‌پردازد و هر جا رمزگشا آن‌قدر قوی باشد که بی کد هم بتواند، ارزان‌ترین پسین همان پیشین است: کد خاموش می‌شود
# (فروپاشی پسین). در VQ-VAE پسین یک نقشهٔ کد با احتمال ۱ است؛ پس زیر پیشین یکنواخت KL برای همهٔ تصویرها یکی است،
#
# $$ \mathrm{KL}(q(k \mid x) \,\Vert\, p(k)) = \sum_k q(k \mid x) \log \frac{q(k \mid x)}{K^{-hw}} = h w \log K, $$
#
# ثابتی بی‌گرادیان: هیچ چیز در هزینه کد را به خاموشی نمی‌کشد. و کد از نماد ساخته شده است، همان‌گونه که زبان و واج‌ها.

# %%
maps = model.codes(data.test.x[:1000] / 255)
places, k = prod(maps.shape[1:]), model.code_count
one_hot = torch.nn.functional.one_hot(maps.flatten(1), k).double()
kl = torch.special.xlogy(one_hot, one_hot * k).sum((1, 2))
assert torch.allclose(kl, torch.full_like(kl, places * log(k)))
study.say(f"Computed over 1,000 test images: every KL is {places} log {k} = {places * log(k):.3f} nats = {places * log(k) / log(2):.1f} bits.",
          f"محاسبه روی ۱٬۰۰۰ تصویر آزمون: همهٔ KLها برابر <bdi dir=\"ltr\">{places} log {k} = {places * log(k):.3f}</bdi> نات، یعنی {places * log(k) / log(2):.1f} bit است.")

# %% [markdown] lang="en"
# That nothing pulls a quantised code towards silence is derived; that a Gaussian one does fall silent is to be seen. Rows of
# 32 pixels, each like the one before it with probability 0.9, are learnt by pairs of small networks: a Gaussian code or
# four places of a codebook of eight, before a decoder that takes the pixels for independent given the code, and before one
# that also reads the pixels before its own (MADE, Germain et al. 2015), and so can do without any code. No expected loss can be
# below the entropy of the rows, $\log 2 + 31\, h(0.9)$ with $h(p) = -p \log p - (1 - p) \log(1 - p)$.
# %% [markdown] lang="fa"
# این‌که هیچ چیز کد کوانتیده را به خاموشی نمی‌کشد از محاسبه برمی‌آید؛ این‌که کد گاوسی خاموش می‌شود باید دیده شود. جفت‌هایی از شبکه‌های کوچک
# ردیف‌هایی از ۳۲ پیکسل را می‌آموزند که هر پیکسلشان با احتمال ۰٫۹ مانند پیکسل پیشین است: کد گاوسی یا چهار جا از کتابی با هشت کد، همراهِ یک رمزگشا که
# پیکسل‌ها را به شرط کد مستقل می‌گیرد، و همراهِ یکی که پیکسل‌های پیشین را هم می‌خواند (MADE از Germain و همکاران ۲۰۱۵) و از این رو بی هیچ کدی هم از
# عهده برمی‌آید. میانگین هیچ هزینه‌ای از آنتروپی ردیف‌ها کمتر نمی‌شود: $\log 2 + 31\, h(0.9)$ با $h(p) = -p \log p - (1 - p) \log(1 - p)$.

# %%
steps, tries = (200, 1) if study.small else (6000, 3)
pairs = {"Gaussian code, pixels alone": (False, False), "Gaussian code, pixels in order": (False, True),
         "quantised code, pixels alone": (True, False), "quantised code, pixels in order": (True, True)}
listened = {}
for (name, pair), seed in study.track([*product(pairs.items(), range(tries))], "pairs of codes and decoders"):
    listened.setdefault(name, []).append(heard(*pair, steps, seed))
rule = f"10,000 test rows of the chain, {steps:,} steps of 128 fresh rows, {tries} seed{'s' * (tries > 1)}"
found = {}
for name, seen in listened.items():
    over = {"kl": [float(h.kl.mean()) for h in seen], "code_gain": [float(h.gain.mean()) for h in seen], "excess_nats": [float(h.excess.mean()) for h in seen]}
    found[name] = {what: study.measure(what, *kit.interval(values), n=tries, unit="nats/row", protocol=rule, pair=name) for what, values in over.items()}
study.table(study.pick(["code and decoder", "KL", "gain by one's own code", "loss above the true nats"], ["کد و رمزگشا", "KL", "سود کد خودی", "هزینهٔ افزون بر نات‌های واقعی"]),
            [[study.word(name), *(kit.ends(m, 2) for m in row.values())] for name, row in found.items()],
            f"Nats a row, {rule}. The gain is by how much a row is likelier with its own code than with that of another row; the true nats are -log p of the same rows under the chain itself, {ENTROPY:.2f} on average.",
            f"نات بر ردیف، ۱۰٬۰۰۰ ردیف آزمون، {steps:,} گام با ۱۲۸ ردیف تازه، {tries} بذر. سود یعنی ردیف با کد خودش چه‌قدر محتمل‌تر است تا با کد ردیفی دیگر؛ نات‌های واقعی یعنی {kit.ltr('-log p')} همان ردیف‌ها زیر خود زنجیره، به طور میانگین {ENTROPY:.2f}.")
courses = {name: [h.course for h in seen] for name, seen in listened.items() if name.startswith("Gaussian")}
study.figure(curves(courses | {"quantised code": listened["quantised code, pixels in order"][0].course}, "KL", ylabel="nats per row"), "silence",
             "What the code costs while the pairs are trained; a line of a Gaussian code is a seed. A quantised code costs always the same.", "هزینهٔ کد در طول آموزش؛ هر خط کد گاوسی یک بذر است. هزینهٔ کد کوانتیده همیشه یکی است.")
alone, ordered, kept = (found[name] for name in ("Gaussian code, pixels alone", "Gaussian code, pixels in order", "quantised code, pixels in order"))
silent = ordered["kl"].value < 0.5 and ordered["code_gain"].value < 1
cheapest = silent and min(found, key=lambda name: found[name]["excess_nats"].value) == "Gaussian code, pixels in order"
study.say(f"Before the decoder that reads in order the Gaussian code costs {ordered['kl'].value:.2f} nats in place of {alone['kl'].value:.2f}, and one's own code is worth {ordered['code_gain'].value:.2f} nats in place of {alone['code_gain'].value:.2f}{': it has all but fallen silent' if silent else ''}. The quantised one is worth {kept['code_gain'].value:.2f} there."
          + (f" To be silent is no mistake of the likelihood: this pair has the lowest loss of the four, {ordered['excess_nats'].value:.2f} nats above the true ones, and before the same decoder the quantised code is paid for without need, {kept['excess_nats'].value:.2f} above. What is lost is the code." if cheapest else ""),
          f"همراهِ رمزگشای به‌ترتیب، کد گاوسی به جای {alone['kl'].value:.2f} نات {ordered['kl'].value:.2f} نات هزینه دارد و سود کد خودی به جای {alone['code_gain'].value:.2f} نات {ordered['code_gain'].value:.2f} نات است{'؛ کد کم‌وبیش خاموش شده است' if silent else ''}. سود کد کوانتیده همان‌جا {kept['code_gain'].value:.2f} نات است."
          + (f" خاموشی از دید درست‌نمایی خطا نیست: این جفت کمترین هزینه را در میان هر چهار دارد، {kit.ltr(format(ordered['excess_nats'].value, '.2f'))} نات افزون بر مقدار واقعی، و همراهِ همین رمزگشا بهای کد کوانتیده بی آن‌که نیازی باشد پرداخته می‌شود، {kept['excess_nats'].value:.2f} نات افزون بر آن. آنچه از دست می‌رود خود کد است." if cheapest else ""))

# %%
study.figure(block_diagram([["image 28 x 28", "strided conv, twice", "residual + mixing, twice", "map 7 x 7 x D", "nearest code", "decoder", "image "],
                            ["transformer", "map of codes 7 x 7", "codes", "decoder ", "new image"]], ["nearest code", "codes"]),
             "overview", "Above: learning to write and to read. Below: drawing a new image from the law of the maps.",
             "بالا: آموختن نوشتن و خواندن. پایین: کشیدن تصویر تازه از قانون نقشه‌ها.")

# %% [markdown] lang="en"
# ## The networks
# Convolutions carry the image to a map of 7 x 7 vectors and back; the image is never flattened. Behind each residual block
# stands *mixing*: a perceptron over the 49 places of a map, the same for every channel. With it every code is made
# from all 49 places at once, and not only by convolutions from what lies around it; that should count where codes are
# few. A run without it stands in the table of errors below.
# %% [markdown] lang="fa"
# ## شبکه‌ها
# کانولوشن تصویر را به نقشه‌ای از ۷ در ۷ بردار می‌برد و برمی‌گرداند؛ تصویر هرگز تخت نمی‌شود. پشت هر بلوک باقی‌مانده‌ای *آمیزش* (mixing) است: پرسپترونی
# روی ۴۹ جای نقشه، برای همهٔ کانال‌ها یکسان. با آن هر کد یکجا از هر ۴۹ جا ساخته می‌شود، نه فقط با کانولوشن از پیرامون خود؛ این باید هرجا کدها کم‌اند
# به کار آید. اجرای بدون آن در جدول خطاهای پایین است.

# %%
rows = layers(model, data.test.x[:1] / 255)
assert sum(row[3] for row in rows) == sum(p.numel() for part in (model.encoder, model.codebook, model.decoder) for p in part.parameters())
study.table(study.pick(["part", "layer", "shape behind it", "parameters"], ["بخش", "لایه", "شکل پس از آن", "پارامتر"]), [[study.word(part), kit.ltr(layer), kit.ltr(shape), size] for part, layer, shape, size in rows],
            f"The layers of three codes of two dimensions, read off the network; ReLUs are left out. {sum(row[3] for row in rows):,} parameters.",
            f"لایه‌های سه کد دوبعدی، خوانده از خود شبکه؛ ReLUها نیامده‌اند. {sum(row[3] for row in rows):,} پارامتر.")

# %% [markdown] lang="en"
# ## The loss
# With $z_i$ the encoder's vector at place $i$, $e_i$ its nearest code, $\hat x$ the decoder's answer to all $e_i$ and
# $\mathrm{sg}$ a stop for gradients, an image costs
#
# $$ \Vert x - \hat x \Vert^2 + \frac{HWC}{hw} \sum_{i=1}^{hw} \left( \Vert \mathrm{sg}[z_i] - e_i \Vert^2 + \beta\, \Vert z_i - \mathrm{sg}[e_i] \Vert^2 \right) . $$
#
# The first term is $-\log p(x \mid e)$: with the plus that the sheet prints before $\log p$, images would be made *less*
# likely.
# %% [markdown] lang="fa"
# ## هزینه
# با $z_i$ بردار رمزگذار در جای $i$، $e_i$ نزدیک‌ترین کد آن، $\hat x$ پاسخ رمزگشا به همهٔ $e_i$ها و $\mathrm{sg}$ بندآورِ گرادیان، هزینهٔ هر تصویر این است:
#
# $$ \Vert x - \hat x \Vert^2 + \frac{HWC}{hw} \sum_{i=1}^{hw} \left( \Vert \mathrm{sg}[z_i] - e_i \Vert^2 + \beta\, \Vert z_i - \mathrm{sg}[e_i] \Vert^2 \right) . $$
#
# جملهٔ نخست $-\log p(x \mid e)$ است: با علامت مثبتی که صورت تمرین پیش از $\log p$ چاپ کرده، تصویرها *کم‌احتمال‌تر* می‌شدند.

# %%
few, config = Batch(data.test.x[:8] / 255), run.experiment.model
with torch.no_grad():
    q, whole = model.quantise(few.x), model.loss(few, Tick(1, 8, 0.0, Noise(0))).loss
    by_hand = [float(v) for v in (model.error(few.x, q.values).mean(), model.values * q.codebook.mean(), model.beta * model.values * q.commitment.mean())]
assert np.isclose(float(whole), sum(by_hand), rtol=1e-5)
first = {"mse": ("the squared error, which is $-\\log p$ of a Gaussian of variance 1/2 about the decoder's answer, up to a constant", "مربع خطاست که تا یک ثابت همان $-\\log p$ برای گاوسی با واریانس ۱/۲ گرد پاسخ رمزگشاست"),
         "bernoulli": ("the cross-entropy of Bernoulli pixels", "آنتروپی متقاطع پیکسل‌های برنولی است")}[config.reconstruction]
study.say(f"Here the first term is {first[0]}; `--model.reconstruction` has the other form. beta = {model.beta:g}, and of the loss of eight test images, {sum(by_hand):.2f} nats an image, {by_hand[0]:.2f} are error, {by_hand[1]:.2f} codebook and {by_hand[2]:.2f} commitment.",
          f"این‌جا جملهٔ نخست {first[1]}؛ شکل دیگر با <bdi dir=\"ltr\">`--model.reconstruction`</bdi> به دست می‌آید. <bdi dir=\"ltr\">beta = {model.beta:g}</bdi> و از هزینهٔ هشت تصویر آزمون، {sum(by_hand):.2f} نات بر تصویر، {by_hand[0]:.2f} خطا، {by_hand[1]:.2f} کتاب کد و {by_hand[2]:.2f} تعهد است.")

# %% [markdown] lang="en"
# ## Straight through
# The nearest code has no slope. The gradient at the code is handed to the encoder's vector as it is,
# $B = A + \mathrm{sg}[f(A) - A]$, which is $f(A)$ going forward and the identity going back.
# %% [markdown] lang="fa"
# ## عبور مستقیم
# نزدیک‌ترین کد شیب ندارد. گرادیان در کد، همان‌گونه که هست، به بردار رمزگذار داده می‌شود: $B = A + \mathrm{sg}[f(A) - A]$ که رو به جلو
# $f(A)$ است و رو به عقب همانی.

# %%
a = torch.randn(4, 2, dtype=torch.float64, requires_grad=True)
f = a.round()
b = straight_through(a, f)
weights = torch.randn(4, 2, dtype=torch.float64)
(gradient,) = torch.autograd.grad((b * weights).sum(), a)
assert torch.equal(b, f.detach())
assert torch.equal(gradient, weights)

model.requires_grad_(True)
parts = {"encoder": model.encoder, "codebook": model.codebook, "decoder": model.decoder}
q = model.quantise(few.x)
terms = {"reconstruction": model.error(few.x, q.values).mean(), "codebook": q.codebook.mean(), "commitment": q.commitment.mean()}
moved = {}
for term, value in terms.items():
    for part, net in parts.items():
        grads = torch.autograd.grad(value, list(net.parameters()), retain_graph=True, allow_unused=True)
        moved[term, part] = any(g is not None and bool(g.abs().sum() > 0) for g in grads)
study.table([study.pick("term", "جمله"), *map(study.word, parts)], [[study.word(term), *(("x" if moved[term, part] else "") for part in parts)] for term in terms],
            "Which part is moved by which term of the loss, by autograd.", "هر جملهٔ هزینه کدام بخش را حرکت می‌دهد، با autograd.")
assert [moved["reconstruction", p] for p in parts] == [True, False, True]
assert [moved["codebook", p] for p in parts] == [False, True, False]
assert [moved["commitment", p] for p in parts] == [True, False, False]

# %% [markdown] lang="en"
# ## Three codes of two dimensions
# %% [markdown] lang="fa"
# ## سه کد دوبعدی

# %%
weights = {"total": ("loss", 1.0), "reconstruction": ("reconstruction", 1.0), "codebook": ("codebook", 1.0), "beta · commitment": ("commitment", model.beta)}
histories = {name: [[{"step": line["step"], "terms of the loss": weight * line[f"autoencoder/{key}"], "perplexity": line["autoencoder/perplexity"] if key == "loss" else None}
                     for line in r.history() if "autoencoder/loss" in line] for r in three] for name, (key, weight) in weights.items()}
figure = curves(histories, ["terms of the loss", "perplexity"])
figure.axes[0].set_yscale("log")
figure.axes[0].autoscale(axis="y")
figure.axes[1].set_ylabel("codes")
study.figure(figure, "cost", "The total loss and its three terms as they stand in it, in nats per image, and the perplexity of the codes, while the autoencoder trains; one line a seed.",
             "هزینهٔ کل و سه جمله‌اش آن‌گونه که در آن می‌نشینند، به نات بر تصویر، و سرگشتگی کدها، تا وقتی خودرمزگذار آموزش می‌بیند؛ هر خط یک بذر.")
names = ("variance_scaled_error", "code_perplexity", "codes_used")
kinds = {"vq-3x2": ("full", "کامل"), "vq-3x2@k3": ("short, no prior", "کوتاه، بی پیشین"), "vq-3x2@nomix": ("short, no prior, no mixing", "کوتاه، بی پیشین، بی آمیزش")}
errors = {key: study.results(key, names[0]) for key in kinds}
study.table(study.pick(["run", "passes", "seeds", "variance-scaled error", "perplexity", "codes used"], ["اجرا", "دور", "بذر", "خطای مقیاس‌شده", "سرگشتگی", "کدهای استفاده‌شده"]),
            [[study.pick(*title), study.runs(key)[0].experiment.train.epochs, len(study.runs(key)), kit.ends(errors[key], 4), *(study.results(key, name) for name in names[1:])] for key, title in kinds.items()],
            f"Three codes on the test images, as a share of the variance of all training pixels. In the first row {1 - config.prior_from:.0%} of the passes are the prior's. The best student value known here is 0.0836.",
            f"سه کد روی تصویرهای آزمون، به نسبت واریانس همهٔ پیکسل‌های آموزش. در سطر نخست {1 - config.prior_from:.0%} دورها از آنِ پیشین است. بهترین مقدار دانشجویی شناخته‌شده ۰٫۰۸۳۶ است.")
seeds = [next(m.value for m in r.results() if m.name == names[0]) for r in three]
apart = max(seeds) - min(seeds) if len(seeds) > 1 else float("nan")
held, bare = errors["vq-3x2@k3"], errors["vq-3x2@nomix"]
mixing = 0 if bare.low > held.high else 1 if bare.high < held.low else 2
chance = "" if len(seeds) < 2 or mixing == 2 else study.pick(f" The three seeds of the first row lie {apart:.4f} apart" + (", so that one seed each may not be enough to say so." if abs(bare.value - held.value) < apart else ", less than this difference."),
                                              f" سه بذرِ سطر نخست {apart:.4f} از هم فاصله دارند" + ("، پس شاید یک بذر از هرکدام برای این حکم بس نباشد." if abs(bare.value - held.value) < apart else "، کمتر از این اختلاف."))
study.say(f"Without mixing the error of the short run is {bare.value:.3f} in place of {held.value:.3f}: {('mixing helps, beyond both intervals', 'mixing does harm, beyond both intervals', 'the intervals overlap, and the two cannot be told apart')[mixing]}.{chance}",
          f"بی آمیزش خطای اجرای کوتاه به جای {held.value:.3f} برابر {bare.value:.3f} است: {('آمیزش، فراتر از هر دو بازه، کمک می‌کند', 'آمیزش، فراتر از هر دو بازه، زیان دارد', 'بازه‌ها روی هم می‌افتند و دو اجرا از هم جدا نمی‌شوند')[mixing]}.{chance}")

model.requires_grad_(False)
x = data.test.x[:6] / 255
codes = model.codes(x)
figure = Figure(figsize=(8.2, 4.1))
grid = figure.subplots(3, 6)
back = model.reconstruct(x)
for i in range(6):
    grid[0, i].imshow(x[i, 0], cmap="gray", vmin=0, vmax=1)
    colours = np.array([[int(c[j : j + 2], 16) / 255 for j in (1, 3, 5)] for c in (LINES * (k // len(LINES) + 1))[:k]])
    grid[1, i].imshow(colours[codes[i].numpy()])
    grid[2, i].imshow(back[i, 0], cmap="gray", vmin=0, vmax=1)
for ax, label in zip(grid[:, 0], ("input", "codes", "output")):
    ax.set_ylabel(label)
for ax in grid.flat:
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
study.figure(figure, "codes", "Inputs, their 7 x 7 maps in one colour a code, and what the decoder makes of the maps.",
             "ورودی‌ها، نقشه‌های ۷ در ۷ با یک رنگ برای هر کد، و آنچه رمزگشا از نقشه می‌سازد.")


step, arrays = run.snapshots()[-1]
limit = 1.1 * max(float(np.abs(arrays[name]).max()) for name in ("codes", "vectors"))
study.figure(plane(arrays["codes"], arrays["vectors"], step, limit), "plane", "The three codes among the vectors of four images at the end.",
             "سه کد در میان بردارهای چهار تصویر در پایان.")
film = study.runs("vq-3x2@film")[0]
last = film.experiment.model.prior_from * film.history()[-1]["step"]  # afterwards the codes rest
shots = [(step, arrays["codes"], arrays["vectors"]) for step, arrays in film.snapshots() if step <= last]
limit = 1.1 * max(float(np.abs(np.concatenate([c, v])).max()) for _, c, v in shots)
# A frame that is shown again stays longer: the codes move most at the start.
frames = [plane(c, v, step, limit) for i, (step, c, v) in enumerate(shots) for _ in range(3 if i < len(shots) // 4 else 1)]
reached = shots[travelled([c for _, c, _ in shots])][0]
study.animation(frames, "codes", seconds=0.12, en=f"The three codes on their way, {len(shots)} pictures of a short run of its own, with the encoder's vectors of four images behind them. The axes stand still; the first quarter is shown three times slower. Nine tenths of the way of the codes lie before step {reached:,} of {last:,.0f}.",
                fa=f"سه کد در راه، {len(shots)} تصویر از اجرای کوتاهی جداگانه، با بردارهای رمزگذار برای چهار تصویر در پس‌زمینه. محورها ثابت‌اند و یک‌چهارم نخست سه بار آهسته‌تر است. نُه‌دهم راه کدها پیش از گام {reached:,} از {last:,.0f} پیموده می‌شود.")
_ = study.measure("nine_tenths_of_the_way", reached, n=len(shots), unit="steps", protocol="first snapshot with nine tenths of the way of all codes behind it, one seed", recipe="vq-3x2@film")

# %% [markdown] lang="en"
# ## More codes, or longer ones
# 49 positions of $K$ codes hold $49 \log_2 K$ bits: a sweep of $K$ is a sweep of the rate. The dimension $D$ leaves the
# rate as it is, so what it gains can come from easier learning only. Two passes each, without a prior.
# %% [markdown] lang="fa"
# ## کد بیشتر، یا کد بلندتر
# ‏۴۹ جا با $K$ کد $49 \log_2 K$ bit گنجایش دارد: روبش $K$ روبش نرخ است. بُعد $D$ نرخ را تغییر نمی‌دهد، پس سودش فقط از آسان‌تر شدن آموختن
# می‌آید. هرکدام دو دور آموزش، بدون پیشین.


# %%
def sweep(keys, what, images, colour=False):
    """One row a run: error, use and bits of its maps; the reconstructions of the first six images, their labels, and the
    errors. `colour` adds the error of the mean colour of all images."""
    rows, pictures, labels, found = [], [images[:6]], ["input"], []
    for key in keys:
        r = study.runs(key)[0]
        m, book, held = r.model(), r.experiment.model.codebook, {n: study.results(key, n) for n in ("variance_scaled_error", "code_perplexity", "codes_used", "code_entropy")}
        rows.append([book.codes, book.dim, kit.Cell(f"{places * log(book.codes) / log(2):.1f}"), kit.ends(held["variance_scaled_error"], 4), *(kit.Cell(f"{held[n].value:.4g}") for n in list(held)[1:])])
        if colour:
            off = (m.reconstruct(images).mean((2, 3)) - images.mean((2, 3))).abs().mean(1) / images.mean()
            i = mean_interval(off, kind="normal")
            rows[-1].append(kit.ends(study.measure("colour_error", i.value, i.low, i.high, n=len(images), unit="of the mean pixel", protocol=f"mean |error| of the mean of each channel over the mean of the pixels, first {len(images)} test images", recipe=key)))
        pictures.append(m.reconstruct(images[:6]))
        labels.append(f"{what} = {getattr(book, 'codes' if what == 'K' else 'dim')}")
        found.append(held["variance_scaled_error"])
    return rows, torch.cat(pictures), labels, found


header = study.pick(["codes K", "dimension D", "bits an image can hold", "variance-scaled error", "perplexity", "codes used", "entropy, nats a code"],
                    ["تعداد کد K", "بُعد D", "bit هر تصویر", "خطای مقیاس‌شده", "سرگشتگی", "کدهای استفاده‌شده", "آنتروپی هر کد، نات"])
k_rows, k_pictures, k_labels, k_found = sweep([f"vq-3x2@k{n}" for n in (3, 5, 10, 20, 50)], "K", x)
study.table(header, k_rows, "From 3 to 50 codes of two dimensions, one seed each, with the interval over test images.", "از ۳ تا ۵۰ کد دوبعدی، از هر کدام یک بذر، با بازه روی تصویرهای آزمون.")
study.figure(image_grid(k_pictures, len(k_labels), 6, row_labels=k_labels), "sweep-k", "The same test images by codebooks of growing size.", "همان تصویرهای آزمون با کتاب کدِ رو به رشد.")
study.say(*more(k_found, k_labels, seeds))
d_rows, d_pictures, d_labels, d_found = sweep(["vq-3x2@k3", *(f"vq-3x2@d{n}" for n in (5, 10, 20, 50))], "D", x)
study.table(header, d_rows, "Three codes, from 2 to 50 dimensions, one seed each, with the interval over test images.", "سه کد، از ۲ تا ۵۰ بُعد، از هر کدام یک بذر، با بازه روی تصویرهای آزمون.")
study.figure(image_grid(d_pictures, len(d_labels), 6, row_labels=d_labels), "sweep-d", "The same test images by three codes of growing length.", "همان تصویرهای آزمون با سه کدِ رو به بلندی.")
study.say(*longer(d_found, d_labels, seeds))

# %% [markdown] lang="en"
# ## Colour
# Each image times three random numbers, one for each channel: now the codes must say the colour too. The same two sweeps.
# %% [markdown] lang="fa"
# ## رنگ
# هر تصویر ضرب در سه عدد تصادفی، یکی برای هر کانال: اکنون کدها باید رنگ را هم بگویند. همان دو روبش.

# %%
coloured = load(study.runs("vq-3x2@rgb3")[0].experiment.data).test.x[:500] / 255
header = [*header, study.pick("error of the mean colour, share of the mean", "خطای رنگ میانگین به نسبت میانگین")]
k_rows, k_pictures, k_labels, k_found = sweep([f"vq-3x2@rgb{n}" for n in (3, 5, 10, 20, 50)], "K", coloured, colour=True)
study.table(header, k_rows, "Coloured digits by 3 to 50 codes of two dimensions, one seed each, with the interval over test images.", "رقم رنگی با ۳ تا ۵۰ کد دوبعدی، از هر کدام یک بذر، با بازه روی تصویرهای آزمون.")
study.figure(image_grid(k_pictures, len(k_labels), 6, row_labels=k_labels), "colour", "Coloured inputs and their reconstructions by codebooks of growing size.", "ورودی رنگی و بازسازی با کتاب کدِ رو به رشد.")
study.say(*more(k_found, k_labels, seeds))
d_rows, d_pictures, d_labels, d_found = sweep(["vq-3x2@rgb3", *(f"vq-3x2@rgbd{n}" for n in (5, 10, 20, 50))], "D", coloured, colour=True)
study.table(header, d_rows, "Coloured digits by three codes of 2 to 50 dimensions, one seed each, with the interval over test images.", "رقم رنگی با سه کدِ ۲ تا ۵۰ بُعدی، از هر کدام یک بذر، با بازه روی تصویرهای آزمون.")
study.figure(image_grid(d_pictures, len(d_labels), 6, row_labels=d_labels), "colour-d", "Coloured inputs and their reconstructions by three codes of growing length.", "ورودی رنگی و بازسازی با سه کدِ رو به بلندی.")
study.say(*longer(d_found, d_labels, seeds))

# %% [markdown] lang="en"
# ## Between two images
# On the segment between the vector maps of two digits every place changes its code at moments of its own: the path has
# steps, and nothing makes its maps maps of digits. The pairs and the distance are those of `ae_vs_vae`, where AE and VAE
# are asked the same.
# %% [markdown] lang="fa"
# ## میان دو تصویر
# روی پاره‌خط میان نقشهٔ بردارهای دو رقم، هر جا در لحظهٔ خودش کدش را عوض می‌کند: راه پله‌پله است و چیزی نقشه‌هایش را نقشهٔ رقم نمی‌کند. جفت‌ها و
# فاصله همان‌های `ae_vs_vae` است که همین را از AE و VAE می‌پرسد.

# %%
known = 1000 if study.small else 10_000
big, nearest = study.runs("vq-vae")[0].model(), Nearest(known)
limit = nearest.limit
part = torch.linspace(0, 1, 11)
few = torch.tensor([[int((data.test.y == digit).nonzero()[0]) for digit in pair] for pair in ((3, 8), (1, 7), (0, 6))])
_, between, distance, _ = walked(big, data.test.x[few] / 255, part, nearest)
study.figure(image_grid(between, 3, 11, row_labels=["3 → 8", "1 → 7", "0 → 6"], col_labels=[f"{t:.1f}" for t in part]), "between", "From one digit to another through the codes (K = 128): the first test image of each class.",
             "از رقمی به رقم دیگر از راه کدها (<bdi dir=\"ltr\">K = 128</bdi>): نخستین تصویر آزمونِ هر رده.")
pairs = philox("pairs").integers(0, 2000, (20 if study.small else 200, 2))
pairs = torch.from_numpy(pairs[(data.test.y[pairs[:, 0]] != data.test.y[pairs[:, 1]]).numpy()])
codes, _, far, sure = walked(big, data.test.x[pairs] / 255, part, nearest)
changes = (codes[:, 1:] != codes[:, :-1]).flatten(2).sum(2).double()
middle, begin = (mean_interval(far[:, i], kind="normal") for i in (5, 0))
study.measure("segment_distance", middle.value, middle.low, middle.high, n=len(pairs), unit="judge feature units", protocol=f"distance of the middle of a segment between codes of different classes to the nearest of {known:,} training images, seed 0", recipe="vq-vae")
verdict = 0 if middle.low > limit else 1 if middle.high < limit else 2
study.say(f"Over {len(pairs)} pairs of test images of different classes {float(changes.mean()):.1f} of {places} codes change at a tenth of the way{': many at once' if float(changes.mean()) > 1.5 else ''}. In the middle the image is {middle.value:.2f} [{middle.low:.2f}, {middle.high:.2f}] from the nearest of {known:,} training images in the judge's features, at the first end {begin.value:.2f}; 95 % of test images stay under {limit:.2f}: {('the middle lies outside the typical', 'on average the middle is still typical', 'the interval holds this limit, and nothing is decided')[verdict]}. The judge is {float(sure[:, 0].mean()):.2f} sure at the first end and {float(sure[:, 5].mean()):.2f} in the middle. Distances at the middles of the three rows above: {', '.join(f'{d:.2f}' for d in distance[:, 5].tolist())}.",
          f"روی {len(pairs)} جفت تصویر آزمون از رده‌های متفاوت، در هر یک‌دهم راه {float(changes.mean()):.1f} کد از {places} کد عوض می‌شود{'، یعنی بسیاری با هم' if float(changes.mean()) > 1.5 else ''}. در نقطهٔ وسط، تصویر در ویژگی‌های داور <bdi dir=\"ltr\">{middle.value:.2f} [{middle.low:.2f}, {middle.high:.2f}]</bdi> از نزدیک‌ترین تصویر از {known:,} تصویر آموزش دور است و در سر نخست {begin.value:.2f}؛ ۹۵ درصد تصویرهای آزمون زیر {limit:.2f}اند: {('نقطهٔ وسط بیرون از تصویرهای نوعی است', 'نقطهٔ وسط به طور میانگین هنوز نوعی است', 'بازه این مرز را در بر دارد و حکمی نمی‌توان داد')[verdict]}. داور در سر نخست {float(sure[:, 0].mean()):.2f} و در وسط {float(sure[:, 5].mean()):.2f} مطمئن است. فاصله‌ها در نقطهٔ وسط سه سطر بالا: <bdi dir=\"ltr\">{', '.join(f'{d:.2f}' for d in distance[:, 5].tolist())}</bdi>.")

# %%
beside = {"AE": study.runs("ae-mlp@20")[0].model(), "VAE": study.runs("vae-mlp@20")[0].model()}
found = {name: straight(other, data.test.x[pairs] / 255, part, nearest) for name, other in beside.items()} | {"VQ-VAE": (far, sure)}
rows = []
for name, (away, told) in found.items():
    values = [mean_interval(v[:, 5], kind="normal") for v in (away, told)]
    recipe = {"AE": "ae-mlp", "VAE": "vae-mlp", "VQ-VAE": "vq-vae"}[name]
    study.measure("segment_confidence", *values[1][:3], n=len(pairs), unit="probability", protocol="the judge's largest probability in the middle of a segment between codes of different classes, seed 0", recipe=recipe)
    rows.append([name, kit.ends(mean_interval(away[:, 0], kind="normal"), 2), kit.ends(values[0], 2), kit.ends(mean_interval(told[:, 0], kind="normal"), 3), kit.ends(values[1], 3)])
study.table(study.pick(["model", "distance, first end", "distance, middle", "judge's confidence, first end", "judge's confidence, middle"], ["مدل", "فاصله، سر نخست", "فاصله، وسط", "اطمینان داور، سر نخست", "اطمینان داور، وسط"]), rows,
            f"The same {len(pairs)} pairs in the AE and the VAE with twenty dimensions and in the VQ-VAE with {places} codes: distance to the nearest of {known:,} training images in the judge's features and its largest probability, one training each, intervals over pairs.",
            f"همان {len(pairs)} جفت در AE و VAE با بیست بُعد و در VQ-VAE با {places} کد: فاصله تا نزدیک‌ترین تصویر از {known:,} تصویر آموزش در ویژگی‌های داور و بیشترین احتمال داور؛ از هر کدام یک آموزش، بازه‌ها روی جفت‌ها.")
apart = {name: [paired_difference(found["VQ-VAE"][i][:, 5], found[name][i][:, 5], kind="normal") for i in (0, 1)] for name in beside}
words = study.pick(("farther from the data than", "nearer to the data than", "neither nearer to the data nor farther from it, as far as this can tell, than"), ("از داده دورتر از", "به داده نزدیک‌تر از", "تا جایی که این سنجش می‌گوید نه نزدیک‌تر و نه دورتر از"))
judged = study.pick(("surer of it", "less sure of it", "neither surer nor less sure of it"), ("مطمئن‌تر", "نامطمئن‌تر", "نه مطمئن‌تر و نه نامطمئن‌تر"))


def side(difference, answers):
    return answers[0 if difference.low > 0 else 1 if difference.high < 0 else 2]


study.say("In the middle of the way the image of the VQ-VAE lies, pair by pair, " + "; ".join(f"{side(d, words)} the {name}'s ({d.value:+.2f} [{d.low:.2f}, {d.high:.2f}]), and the judge is {side(s, judged)} ({s.value:+.3f} [{s.low:.3f}, {s.high:.3f}])" for name, (d, s) in apart.items()) + ". Its way goes by jumps from one map of codes to another, that of the others is a straight line between two vectors.",
          "در نقطهٔ وسط تصویر VQ-VAE، جفت به جفت، " + "؛ ".join(f"{side(d, words)} تصویر {name} است ({kit.ltr(f'{d.value:+.2f} [{d.low:.2f}, {d.high:.2f}]')}) و داور در آن {side(s, judged)} ({kit.ltr(f'{s.value:+.3f} [{s.low:.3f}, {s.high:.3f}]')})" for name, (d, s) in apart.items()) + ". راه آن با جهش از یک نقشهٔ کد به نقشهٔ دیگر می‌رود و راه آن دو دیگر خط راست میان دو بردار است.")

# %% [markdown] lang="en"
# ## Drawing new images
# A transformer fitted to the maps of the training images draws maps, one position after
# the other, and its cost is the length of the code that it would send.
# %% [markdown] lang="fa"
# ## کشیدن تصویر تازه
# ترنسفورمری که به نقشه‌های تصویرهای آموزش برازش شده نقشه می‌کشد، یک جا پس از دیگری، و هزینه‌اش طول کدی است که
# می‌فرستد.

# %%
rows, rate = [], study.runs("vq-vae")[0].experiment.model.codebook.rate
priced = (f" Ours have a price: the code of a vector z has the least ||z - e||² - {rate:g} ln p, with p the share of vectors that take it, so that few codes do most of the work, as asked.",
          f" کدهای ما قیمت دارند: کد بردار z آن است که <bdi dir=\"ltr\">||z - e||² - {rate:g} ln p</bdi> را کمینه کند و p سهم بردارهایی است که آن کد را برمی‌گزینند؛ پس چنان‌که خواسته‌ایم چند کد بیشترِ کار را می‌کنند.") if rate else ("", "")
for key, title in (("vq-3x2", "3 x 2"), ("vq-vae", "128 x 16")):
    m = study.runs(key)[0].model()
    scaled, used, nats, bits, distance = (study.results(key, n) for n in ("variance_scaled_error", "codes_used", "prior_nats_per_code", "prior_bits", "fd_digits"))
    rows.append([kit.Cell(title), kit.Cell(f"{log(m.code_count):.3f}"), *kit.cells([scaled]), kit.ends(used, 1), *kit.cells([nats, bits, distance])])
    study.figure(image_grid(generate(study.runs(key)[0], 50)[0], 5, 10), f"samples-{key}", f"Drawn by the prior over codes, {title}.", f"کشیدهٔ پیشینِ روی کدها، <bdi dir=\"ltr\">{title}</bdi>.")
study.table(study.pick(["codes", "log K, nats", "error, share of the variance", "codes used", "prior, nats a code", "prior, bits an image", f"fd-digits (floor {distance.floor:.2f})"],
                       ["کدها", "log K، نات", "خطا، سهم از واریانس", "کدهای استفاده‌شده", "پیشین، نات بر کد", "پیشین، bit بر تصویر", f"fd-digits (کف {distance.floor:.2f})"]), rows,
            f"Rate and distortion on the test images, and samples of the prior. A public example at K = 128, D = 16 reaches 0.0444 and 1.03 nats a code after 30 passes of each.{priced[0]}",
            f"نرخ و اعوجاج روی تصویرهای آزمون و نمونه‌های پیشین. یک نمونهٔ عمومی با <bdi dir=\"ltr\">K = 128, D = 16</bdi> پس از ۳۰ دور از هرکدام به ۰٫۰۴۴۴ و ۱٫۰۳ نات بر کد می‌رسد.{priced[1]}")
study.figure(reconstruction_pairs(x, big.reconstruct(x)), "pairs", "128 codes of 16 dimensions: inputs, outputs, differences.", "۱۲۸ کد شانزده‌بُعدی: ورودی، خروجی، اختلاف.")

# %% [markdown] lang="en"
# ## Sources
# van den Oord, Vinyals & Kavukcuoglu 2017 (arXiv 1711.00937); Bengio et al. 2013 (straight-through, arXiv 1308.3432).
# %% [markdown] lang="fa"
# ## منابع
# van den Oord, Vinyals & Kavukcuoglu 2017 (arXiv 1711.00937)؛ Bengio et al. 2013 (arXiv 1308.3432).
