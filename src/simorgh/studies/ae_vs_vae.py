# ---
# simorgh:
#   title: {en: "Autoencoder, noisy autoencoder and VAE as generators", fa: "خودرمزگذار ساده، نوفه‌دار و وردشی در مقام مولد"}
#   answers: [C1.a, C1.b, C1.c, C1.d, A4.1]
#   runs: {ae-mlp: 3, ae-noisy: 3, ae-noisy-each: 3, vae-mlp: 3, ae-mlp@20: 1, ae-noisy@20: 1, ae-noisy-each@20: 1, vae-mlp@20: 1}
#   overrides:
#     ae-mlp@20: {model.latent_dim: 20}
#     ae-noisy@20: {model.latent_dim: 20}
#     ae-noisy-each@20: {model.latent_dim: 20}
#     vae-mlp@20: {model.latent_dim: 20, evaluate.importance_samples: 0}
# ---

# %% [markdown] lang="en"
# ## Question
# Can the decoder of a plain autoencoder, fed with a random code, draw digits? What is wrong with that, does noise on
# the code help, and what does a variational autoencoder have beyond it? All four models share the same dense nets and
# a code of two dimensions; only what happens to the code in training differs.
#
# ## Assumptions
# - "Like the data" is measured in the features of a frozen digit classifier (`judge-mnist`): an image is *typical* when
#   its distance to the nearest of 10,000 training images is below the value that 95 % of 2,000 test images stay under.
#   The same is said of the plain distance of pixels where noise is judged, for which a classifier is no good judge.
# - A "uniform random point" is uniform in the bounding box of the codes of the training images.
# - Pixels are grey values under a Bernoulli score; intervals are over three seeds, except
#   where a caption says seed 0: there they are over the images.
# - No gradient tells the codes that the noise follows them, so they may drift outwards without end. Under noise the
#   decoder therefore reads $(z - c) / \sqrt{R}$, with $c$ the centre of the codes: no drift reaches it.

# %% [markdown] lang="fa"
# ## پرسش
# آیا رمزگشای یک خودرمزگذار ساده با کد تصادفی رقم می‌کشد؟ ایرادش چیست، نوفه روی کد کمکی می‌کند، و خودرمزگذار وردشی چه دارد که
# این‌ها ندارند؟ هر چهار مدل همان شبکه‌های تمام‌متصل و کد دوبعدی را دارند؛ تنها رفتار با کد در آموزش فرق می‌کند.
#
# ## فرض‌ها
# - «شبیه داده» را در ویژگی‌های یک رده‌بند ثابت (`judge-mnist`) می‌سنجیم: تصویر *نوعی* است اگر فاصله‌اش تا نزدیک‌ترین تصویر از
#   ۱۰٬۰۰۰ تصویر آموزش از مقداری کمتر باشد که ۹۵ درصد ۲٬۰۰۰ تصویر آزمون زیر آن‌اند. هنگام داوری دربارهٔ نوفه همین را با فاصلهٔ سادهٔ
#   پیکسل‌ها هم می‌گوییم، چون رده‌بند برای نوفه داور خوبی نیست.
# - «نقطهٔ تصادفی یکنواخت» یعنی یکنواخت در جعبهٔ دربرگیرندهٔ کدهای آموزش.
# - پیکسل‌ها مقدار خاکستری با امتیاز برنولی‌اند؛ بازه‌ها روی سه بذرند، جز جایی که زیرنویس «بذر صفر» می‌گوید:
#   آن‌جا روی تصویرهایند.
# - هیچ گرادیانی به کدها نمی‌گوید که نوفه به دنبالشان می‌آید، پس ممکن است بی‌پایان به بیرون برانند. از این رو زیر نوفه رمزگشا
#   $(z - c) / \sqrt{R}$ را می‌خواند که $c$ مرکز کدهاست: رانش به رمزگشا نمی‌رسد.

# %%
import tempfile
from dataclasses import replace

import numpy as np
import torch
from matplotlib.figure import Figure

from simorgh.contracts import Noise
from simorgh.data import DataConfig, batches, load
from simorgh.metrics.intervals import Interval, mean_interval, paired_difference, wilson
from simorgh.noise import philox
from simorgh.recipes import recipe
from simorgh.report.figures import bars, curves, image_grid
from simorgh.report.style import use_style
from simorgh.studies import _codes as parts
from simorgh.studies import kit
from simorgh.train import fit

study = kit.current()
study.warn_if_small()
use_style()
torch.set_grad_enabled(False)
names = {"ae-mlp": "AE", "ae-noisy": "AE, noise 0.5 R total", "ae-noisy-each": "AE, noise 0.5 R each", "vae-mlp": "VAE"}
data = load(DataConfig("mnist"))
n = 100 if study.small else 2000
nearest = parts.Nearest()
limit = nearest.limit


def coded(model, count=10_000):
    """Codes of the first training images."""
    return torch.cat([model.encode(b.x) for b in batches(data.train.take(slice(0, count)), DataConfig("mnist"), 1000)])


def over(values):
    """Mean over seeds with its interval, which a single seed does not have."""
    return Interval(*kit.interval(values), len(values))


trained = {k: [run.model() for run in study.runs(k)] for k in names}
models = {k: seeds[0] for k, seeds in trained.items()}
codes = {k: [coded(model) for model in seeds] for k, seeds in trained.items()}

# %% [markdown] lang="en"
# ## Training

# %% [markdown] lang="fa"
# ## آموزش

# %%
study.figure(curves({names[k]: [r.history() for r in study.runs(k)] for k in list(names)[:3]}, ["reconstruction/loss", "reconstruction/spread"], epoch=len(load(study.runs("ae-mlp")[0].experiment.data).train)), "curves",
             en="Left: reconstruction loss of the three autoencoders. Right: R, the mean squared distance of the codes from their centre, which the noise follows.",
             fa="چپ: هزینهٔ بازسازی سه خودرمزگذار. راست: R، میانگین مربع فاصلهٔ کدها از مرکزشان، که نوفه از آن پیروی می‌کند.")
spreads = {k: [r.history()[-1]["reconstruction/spread"] for r in study.runs(k)] for k in list(names)[:3]}
study.table(study.pick(["model", "R at the end, each seed", "noise variance per coordinate", "signal to noise per coordinate"],
                       ["مدل", "R در پایان، هر بذر", "واریانس نوفهٔ هر مختصه", "سیگنال به نوفه در هر مختصه"]),
            [[study.word(names["ae-mlp"]), ", ".join(f"{v:.3g}" for v in spreads["ae-mlp"]), "0", study.pick("infinite", "بی‌نهایت")],
             [study.word(names["ae-noisy"]), ", ".join(f"{v:.3g}" for v in spreads["ae-noisy"]), kit.ltr("0.5 R / 2"), kit.ltr("(R / 2) / (0.5 R / 2) = 2")],
             [study.word(names["ae-noisy-each"]), ", ".join(f"{v:.3g}" for v in spreads["ae-noisy-each"]), kit.ltr("0.5 R"), kit.ltr("(R / 2) / (0.5 R) = 2 / d = 1")]],
            en="The two readings of 'variance 0.5 R', the ratios on average over coordinates. Read per coordinate, twenty dimensions leave a ratio of 0.1.", fa=f"دو خوانش «واریانس {kit.ltr('0.5 R')}»؛ نسبت‌ها میانگین مختصه‌هایند. با خوانش هر مختصه، در بیست بُعد نسبت به 0.1 می‌رسد.")

# %% [markdown] lang="en"
# ## (a) A random code against a random image

# %% [markdown] lang="fa"
# ## (آ) کد تصادفی در برابر تصویر تصادفی

# %%
points = parts.in_box(codes["ae-mlp"][0], n)
decoded = models["ae-mlp"].decode(points)
noise_images = torch.from_numpy(philox("pixels").random((n, 1, 28, 28), dtype=np.float32))
study.figure(image_grid(torch.cat([decoded[:20], noise_images[:20]]), 4, 10, cell=0.45), "random",
             en="Above: the plain AE's decoder at uniform random codes. Below: uniform random pixels.", fa="بالا: رمزگشای AE ساده در کدهای تصادفی یکنواخت. پایین: پیکسل‌های تصادفی یکنواخت.")
persian = {"random code, plain AE": "کد تصادفی، AE ساده", "random pixels": "پیکسل‌های تصادفی", "test images": "تصویرهای آزمون"}
rows, typical, near = [], {}, {}
real = data.train.x[:10_000].float() / 255
pixel_limit = float(parts.pixel_distance(data.test.x[:2000].float() / 255, real).quantile(0.95))
for label, images in (("random code, plain AE", decoded), ("random pixels", noise_images), ("test images", data.test.x[2000 : 2000 + n].float() / 255)):
    distance, confidence = nearest(images)
    apart = parts.pixel_distance(images, real)
    typical[label], near[label] = (wilson(float((far < most).float().mean()), n) for far, most in ((distance, limit), (apart, pixel_limit)))
    rows.append([study.pick(label, persian[label]), float(distance.median()), kit.ends(typical[label]), float(apart.median()), kit.ends(near[label]), float(confidence.median())])
study.table(study.pick(["images", "median distance, judge features", "typical share", "median distance, pixels", "typical share by pixels", "judge's median confidence"],
                       ["تصویرها", "میانهٔ فاصله، ویژگی‌های داور", "سهم نوعی", "میانهٔ فاصله، پیکسل‌ها", "سهم نوعی با پیکسل‌ها", "میانهٔ اطمینان داور"]), rows,
            en=f"Distance to the nearest of 10,000 training images; {n} images of each kind, seed 0. The test images of the last row are not those that set the limits ({limit:.3g} and {pixel_limit:.3g}).", fa=f"فاصله تا نزدیک‌ترین تصویر از ۱۰٬۰۰۰ تصویر آموزش؛ از هر گونه {n} تصویر، بذر صفر. تصویرهای آزمونِ سطر آخر همان‌ها نیستند که مرزها ({limit:.3g} و {pixel_limit:.3g}) را معین کرده‌اند.")
for space, found in (("judge features", typical), ("pixels", near)):
    for label, one in found.items():
        study.measure("typical_share", *one[:3], n=n, unit="share", protocol=f"{label}: nearest of 10,000 training images in {space} below the 95 % quantile of the first 2,000 test images", source=label, space=space)
guesses = nearest.read(noise_images)
(code, pure), (code_px, pure_px) = ([found[label] for label in list(found)[:2]] for found in (typical, near))
likelier = code.low > pure.high and code_px.low > pure_px.high
study.say(
    en=f"{'A random code is likelier to give something like a digit than random pixels are' if likelier else 'By these numbers a random code is not clearly likelier to give something like a digit than random pixels are'}: {code.value:.1%} of its images are typical by the judge's features and {code_px.value:.1%} by pixels, against {pure.value:.1%} and {pure_px.value:.1%} (upper limit {pure_px.high:.2%}) of random pixel images. The decoder can only produce images on a two-dimensional surface that training has laid through the data; the 784-dimensional cube of pixels is almost empty of digits. The judge's confidence alone would mislead: it takes {float(guesses.max()):.0%} of the noise for the digit {int(guesses.argmax())}, with a median confidence of {rows[1][5]:.2f}. Plain pixels have a weakness of their own: a blur lies near many images, and {code_px.value:.1%} stands beside {near['test images'].value:.1%} of the test images.",
    fa=f"{'کد تصادفی با احتمال بیشتری از پیکسل‌های تصادفی چیزی شبیه رقم می‌دهد' if likelier else 'با این عددها کد تصادفی آشکارا بیش از پیکسل‌های تصادفی چیزی شبیه رقم نمی‌دهد'}: {code.value:.1%} تصویرهایش با ویژگی‌های داور و {code_px.value:.1%} با پیکسل‌ها نوعی‌اند، در برابر {pure.value:.1%} و {pure_px.value:.1%} (کران بالا {pure_px.high:.2%}) از تصویرهای پیکسل تصادفی. رمزگشا تنها می‌تواند تصویرهایی روی یک رویهٔ دوبعدی بسازد که آموزش از میان داده گذرانده است؛ مکعب ۷۸۴بعدی پیکسل‌ها تقریباً از رقم تهی است. اطمینان داور به تنهایی گمراه می‌کند: {float(guesses.max()):.0%} از نوفه را رقم {int(guesses.argmax())} می‌خواند، با میانهٔ اطمینان {rows[1][5]:.2f}. فاصلهٔ سادهٔ پیکسل‌ها هم ضعفی دارد: تصویر تار به تصویرهای بسیاری نزدیک است و {code_px.value:.1%} در کنار {near['test images'].value:.1%} از تصویرهای آزمون می‌نشیند.")

# %% [markdown] lang="en"
# ## (b) What is wrong with it, and how the VAE cures it

# %% [markdown] lang="fa"
# ## (ب) ایرادها و درمان VAE

# %%
study.figure(parts.faults({names[k]: models[k] for k in ("ae-mlp", "vae-mlp")}, {names[k]: codes[k] for k in ("ae-mlp", "vae-mlp")}, nearest, 12 if study.small else 40), "faults",
             en="The four faults, panel by panel: support and scale of the codes; places that decode to no digit (red: above the limit of the typical); places where the image jumps (red: steep); the codes beside the law that samples are drawn from (ellipses hold 50 % and 95 % of it): a Gaussian fitted afterwards for the AE, the prior for the VAE.",
             fa="چهار ایراد، یکی در هر ستون: دامنه و مقیاس کدها؛ جاهایی که به رقم رمزگشایی نمی‌شوند (سرخ: بالای مرز نوعی)؛ جاهایی که تصویر می‌پرد (سرخ: پرشیب)؛ کدها در کنار قانونی که نمونه‌ها از آن کشیده می‌شوند (بیضی‌ها ۵۰ و ۹۵ درصد آن را در بر دارند): برای AE گاوسیِ پسابرازش و برای VAE پیشین.")
sides = {k: [float((z.max(0).values - z.min(0).values).prod().sqrt()) for z in codes[k]] for k in ("ae-mlp", "vae-mlp")}
rough = {k: over([parts.roughness(m, z[:500]) for m, z in zip(trained[k], codes[k])]) for k in sides}
wide = {k: study.runs(f"{k}@20")[0].model() for k in names}
wide_codes = {k: coded(model) for k, model in wide.items()}
drawn = {"AE, uniform in the box of its codes": (models["ae-mlp"].decode(points), wide["ae-mlp"].decode(parts.in_box(wide_codes["ae-mlp"], n))),
         "AE, Gaussian fitted to its codes": tuple(m.sample(n, Noise(0, "fitted")) for m in (models["ae-mlp"], wide["ae-mlp"])),
         "VAE, prior": tuple(m.sample(n, Noise(0, "prior")) for m in (models["vae-mlp"], wide["vae-mlp"]))}
farsi = {"AE, uniform in the box of its codes": "‏AE، یکنواخت در جعبهٔ کدها", "AE, Gaussian fitted to its codes": "‏AE، گاوسیِ برازیده بر کدها", "VAE, prior": "‏VAE، پیشین"}
holes = {who: [nearest.typical(images) for images in pair] for who, pair in drawn.items()}
for who, found in holes.items():
    for d, one in zip((2, 20), found):
        study.measure("typical_share_drawn", *one[:3], n=n, unit="share", protocol="nearest of 10,000 training images in judge features below the 95 % quantile of test images, seed 0", source=who, latent_dim=d)
for k, one in rough.items():
    study.measure("roughness", *one[:3], n=one.n, protocol="steepness of the decoder at codes of 500 training images: 99 % quantile over median, over seeds", recipe=k)
steep = {k: parts.roughness(wide[k], wide_codes[k][:500]) for k in sides}
study.table(study.pick(["random codes", "typical, 2 dimensions", "typical, 20 dimensions"], ["کدهای تصادفی", "نوعی، ۲ بُعد", "نوعی، ۲۰ بُعد"]),
            [[study.pick(who, farsi[who]), *(kit.ends(one) for one in found)] for who, found in holes.items()],
            en=f"Holes: share of typical images among {n} random codes, seed 0.", fa=f"شکاف‌ها: سهم تصویرهای نوعی میان {n} کد تصادفی، بذر صفر.")
study.table(study.pick(["fault", "measured as", "AE", "VAE"], ["ایراد", "آنچه سنجیده شد", "AE", "VAE"]),
            [[*study.pick(("unknown support and scale", "side of the box of the codes, each seed"), ("دامنه و مقیاس نامعلوم", "ضلع جعبهٔ کدها، هر بذر")), *(", ".join(f"{v:.1f}" for v in sides[k]) for k in sides)],
             [*study.pick(("rough map", "steepness: 99 % quantile over median"), ("نگاشت ناهموار", "شیب: چندک ۹۹٪ بر میانه")), *(kit.ends(rough[k], 2) for k in sides)],
             [*study.pick(("rough map", "the same in 20 dimensions"), ("نگاشت ناهموار", "همان در ۲۰ بُعد")), *(kit.Cell(f"{steep[k]:.2f}") for k in sides)],
             [*study.pick(("no density", "what −log p(x) is, without a law added"), ("بدون چگالی", f"مقدار {kit.ltr('−log p(x)')}، بی افزودن قانونی")), study.pick("undefined", "تعریف‌نشده"), kit.ltr(kit.number(study.results("vae-mlp", "neg_elbo"), unit=False, floor=False)) + study.pick(" nats/image at most", " نات بر تصویر یا کمتر")]],
            en="The other three faults, over seeds.", fa="سه ایراد دیگر، روی بذرها.")


def against(a, b, better, worse, same):
    """One of three words for interval a beside interval b."""
    known = a.low is not None and b.low is not None
    return better if known and a.low > b.high else worse if known and a.high < b.low else same


box, fitted, prior = holes.values()
said_en = [against(prior[i], other[i], "more often", "less often", "no more and no less often, as far as this can tell,") for other in (box, fitted) for i in (0, 1)]
said_fa = [against(prior[i], other[i], "بیشتر", "کمتر", "تا جایی که این سنجش می‌گوید به همان اندازه") for other in (box, fitted) for i in (0, 1)]
emptied = against(prior[1], box[1], True, False, False) and not against(prior[0], box[0], True, False, False)
crowded = study.pick(" So the faults hardly show in a plane, which is small enough to be crowded with codes, and do in twenty dimensions, where most of the box is far from all of them." if emptied else "",
                     " پس ایرادها در صفحه، که آن‌قدر کوچک است که از کد پر شود، کم پیدایند و در بیست بُعد، که بیشترِ جعبه از همهٔ کدها دور است، پیدا." if emptied else "")
uneven = {k: max(found) / min(found) for k, found in sides.items()}
smoother = against(rough["ae-mlp"], rough["vae-mlp"], study.pick("smoother than", "هموارتر از"), study.pick("rougher than", "ناهموارتر از"), study.pick("not clearly smoother or rougher than", "نه آشکارا هموارتر و نه ناهموارتر از"))
study.say(
    en=f"What the VAE is built to cure: the KL term pulls the codes to a *known* law, from which one can then draw; drawing a code anew at each step makes the decoder answer for the surroundings of a code too; and together they make a bound on log p(x). What is measured: the longest side of a box of codes among the seeds is {uneven['ae-mlp']:.2f} times the shortest with the AE and {uneven['vae-mlp']:.2f} times with the VAE. The VAE's map is {smoother} the AE's in two dimensions. Codes from its prior decode to something typical {said_en[0]} than uniform codes of the AE in two dimensions ({prior[0].value:.1%} against {box[0].value:.1%}) and {said_en[1]} in twenty ({prior[1].value:.1%} against {box[1].value:.1%}); and {said_en[2]} than codes from a Gaussian fitted afterwards in two ({fitted[0].value:.1%}), {said_en[3]} in twenty ({fitted[1].value:.1%}).{crowded}",
    fa=f"آنچه VAE برای درمانش ساخته شده: جملهٔ KL کدها را به سوی قانونی *معلوم* می‌کشد که می‌توان از آن قرعه کشید؛ قرعهٔ تازهٔ کد در هر گام رمزگشا را وامی‌دارد برای اطراف کد هم پاسخ داشته باشد؛ و این دو با هم کرانی برای log p(x) می‌سازند. آنچه سنجیده شد: بلندترین ضلعِ جعبهٔ کدها در میان بذرها {uneven['ae-mlp']:.2f} برابر کوتاه‌ترین آن در AE است و {uneven['vae-mlp']:.2f} برابر در VAE. در دو بُعد نگاشت VAE ‏{smoother} نگاشت AE است. کدهای پیشین VAE در دو بُعد {said_fa[0]} از کدهای یکنواخت AE به تصویر نوعی می‌رسند ({prior[0].value:.1%} در برابر {box[0].value:.1%}) و در بیست بُعد {said_fa[1]} ({prior[1].value:.1%} در برابر {box[1].value:.1%})؛ و در قیاس با گاوسیِ پسابرازش در دو بُعد {said_fa[2]} ({fitted[0].value:.1%}) و در بیست بُعد {said_fa[3]} ({fitted[1].value:.1%}).{crowded}")

# %% [markdown] lang="en"
# ## (c) Noise on the code

# %% [markdown] lang="fa"
# ## (ج) نوفه روی کد

# %%
fd = {k: study.results(k, "fd_digits") for k in names}
shares = {k: [nearest.typical(m.decode(parts.in_box(z, n, 1))).value for m, z in zip(trained[k], codes[k])] for k in names}
typical = {k: over(v) for k, v in shares.items()}
gain = {k: over(np.subtract(shares[k], shares["ae-mlp"])) for k in ("ae-noisy", "ae-noisy-each")}
for k, one in typical.items():
    study.measure("typical_share_uniform", *one[:3], n=one.n, unit="share", protocol=f"{n} uniform points of the code box, decoded, over seeds", recipe=k)
for k, one in gain.items():
    study.measure("typical_share_gain", *one[:3], n=one.n, unit="share", protocol="typical share at uniform points minus that of ae-mlp of the same seed", recipe=k)
study.table(study.pick(["model", "typical share at uniform points, each seed", "against the plain AE, paired", "fd-digits of its own samples", "reconstruction error"],
                       ["مدل", "سهم نوعی در نقاط یکنواخت، هر بذر", "در برابر AE ساده، جفت‌شده", "fd-digits نمونه‌های خودش", "خطای بازسازی"]),
            [[study.word(names[k]), ", ".join(f"{v:.3f}" for v in shares[k]), kit.ends(gain.get(k)), replace(fd[k], unit=""), kit.number(study.results(k, "mse"), unit=False, floor=False)] for k in names],
            en="Random codes and samples of the four models. AE samples come from a Gaussian fitted to the codes, VAE samples from the prior.", fa="کدهای تصادفی و نمونه‌های چهار مدل. نمونهٔ AE از گاوسیِ برازیده بر کدها و نمونهٔ VAE از پیشین است.")
study.figure(image_grid(torch.cat([models[k].decode(parts.in_box(codes[k][0], 10, 2)) for k in names]), 4, 10, row_labels=list(names.values()), cell=0.5), "uniform",
             en="Ten uniform random codes through each decoder.", fa="ده کد تصادفی یکنواخت از هر رمزگشا.")
laws = {k: [nearest.typical(images) for images in (m.decode(parts.in_box(wide_codes[k], n, 1)), m.sample(n, Noise(0, "twenty")))] for k, m in wide.items()}
for k, found in laws.items():
    for law, one in zip(("uniform points of the code box", "its own law of codes"), found):
        study.measure("typical_share_twenty", *one[:3], n=n, unit="share", protocol=f"{law}, decoded, code of 20 dimensions, seed 0", recipe=k)
study.table(study.pick(["model, 20 dimensions", "signal to noise per coordinate", "typical at uniform points", "typical of its own samples", "reconstruction error"],
                       ["مدل، ۲۰ بُعد", "سیگنال به نوفه در هر مختصه", "نوعی در نقاط یکنواخت", "نوعی میان نمونه‌های خودش", "خطای بازسازی"]),
            [[study.word(names[k]), kit.Cell({"ae-noisy": "2", "ae-noisy-each": f"{2 / wide[k].latent_dim:g}"}.get(k, "–")), *(kit.ends(one) for one in found), kit.number(study.results(f"{k}@20", "mse"), unit=False, floor=False)] for k, found in laws.items()],
            en=f"The same four models with twenty dimensions, where the two readings of the noise lie far apart; {n} codes, seed 0.", fa=f"همان چهار مدل با بیست بُعد، که دو خوانش نوفه در آن بسیار از هم دورند؛ {n} کد، بذر صفر.")
factors, seeds = (0.0, 0.03, 0.125, 0.5, 2.0), range(2 if study.small else 3)
x = data.test.x[:2000].float() / 255
sweep = {factor: [] for factor in factors}
with tempfile.TemporaryDirectory() as folder, torch.enable_grad():
    for factor, seed in study.track([(factor, seed) for factor in factors for seed in seeds], "sweep of the noise"):
        base = recipe("ae-mlp", study.preset, seed)
        short = base if study.small else replace(base, data=replace(base.data, limit=10000), train=replace(base.train, epochs=8.0))
        model = fit(replace(short, model=replace(base.model, noise=factor)), folder, progress=False).model()
        with torch.no_grad():
            share = nearest.typical(model.decode(parts.in_box(coded(model, 5000), n, 3))).value
            sweep[factor].append((share, float((model.reconstruct(x) - x).square().mean())))
swept = {factor: [mean_interval(column) for column in zip(*found)] for factor, found in sweep.items()}
best_factor = max(swept, key=lambda f: swept[f][0].value)
over_none = {f: paired_difference([a for a, _ in sweep[f]], [a for a, _ in sweep[0.0]]) for f in factors[1:]}
for f, (share, error) in swept.items():
    study.measure("sweep_typical_share", *share[:3], n=len(seeds), unit="share", protocol="uniform points of the code box, 10,000 training images, 8 passes, over seeds", noise=f)
    study.measure("sweep_mse", *error[:3], n=len(seeds), protocol="mean squared error on 2,000 test images, over seeds", noise=f)
study.table(study.pick(["noise factor (total)", "typical share at uniform points", "against no noise, paired", "reconstruction error"], ["ضریب نوفه (در جمع)", "سهم نوعی در نقاط یکنواخت", "در برابر بی‌نوفه، جفت‌شده", "خطای بازسازی"]),
            [[kit.Cell(f"{f:g}"), kit.ends(share), kit.ends(over_none.get(f)), kit.ends(error, 4)] for f, (share, error) in swept.items()],
            en=f"A sweep of the factor on short trainings (10,000 images, 8 passes, {len(seeds)} seeds).", fa=f"روبش ضریب با آموزش‌های کوتاه (۱۰٬۰۰۰ تصویر، ۸ دور، {len(seeds)} بذر).")
wide_en, wide_fa = ([[against(laws[k][i], laws["ae-mlp"][i], *words) for i in (0, 1)] for k in gain] for words in (("helps", "harms", "makes no clear difference"), ("کمک می‌کند", "زیان می‌زند", "فرق آشکاری ندارد")))
blur = [study.results(f"{k}@20", "mse").value for k in ("ae-mlp", "ae-noisy", "ae-noisy-each")]
helps = [study.pick("helps", "کمک می‌کند") if (g.low or 0) > 0 else study.pick("harms", "زیان می‌زند") if (g.high or 0) < 0 else study.pick("makes no clear difference", "فرق آشکاری ندارد") for g in gain.values()]
good, bad = ([f for f, d in over_none.items() if (d.low > 0 if wanted else d.high < 0)] for wanted in (True, False))
listed = {True: ", ".join(f"{f:g}" for f in good) or study.pick("none", "هیچ‌کدام"), False: ", ".join(f"{f:g}" for f in bad) or study.pick("none", "هیچ‌کدام")}
grew = min(spreads["ae-noisy"]) > max(spreads["ae-mlp"])
blurred = (", and with the most noise of the sweep that average is less often like a digit than without noise", "، و با بیشترین نوفهٔ روبش این میانگین کمتر از حالت بی‌نوفه به رقم می‌ماند") if factors[-1] in bad else ("", "")
drift = study.pick(f"Because R is measured anew at each step, scaling the codes up earns the encoder nothing; {'that they grow all the same (R in the first table) is the drift of which the assumptions speak' if grew else 'here R did not grow beyond that of the plain AE'}.",
                   f"چون R در هر گام از نو سنجیده می‌شود بزرگ کردن کدها سودی به رمزگذار نمی‌رساند؛ {'اینکه با این حال بزرگ می‌شوند (R در جدول نخست) همان رانشی است که در فرض‌ها آمد' if grew else 'در این‌جا R از AE ساده بزرگ‌تر نشده است'}.")
study.say(
    en=f"Is the decoder of the noisy AE better at random codes? At uniform points {typical['ae-noisy'].value:.3f} of its images are typical (0.5 R in total; by this measure the noise {helps[0]}), {typical['ae-noisy-each'].value:.3f} with the noise per coordinate ({helps[1]}), and {typical['ae-mlp'].value:.3f} of the plain AE's. In twenty dimensions, where the plain AE reaches {laws['ae-mlp'][0].value:.3f} at uniform points and {laws['ae-mlp'][1].value:.3f} with its fitted Gaussian, the noise in total reaches {laws['ae-noisy'][0].value:.3f} ({wide_en[0][0]}) and {laws['ae-noisy'][1].value:.3f} ({wide_en[0][1]}), the noise per coordinate {laws['ae-noisy-each'][0].value:.3f} ({wide_en[1][0]}) and {laws['ae-noisy-each'][1].value:.3f} ({wide_en[1][1]}); one training each, and typical says nothing of variety: the error of reconstruction is {blur[0]:.4f}, {blur[1]:.4f} and {blur[2]:.4f}. In the sweep, in two dimensions again, these factors are clearly better than no noise: {listed[True]}; these clearly worse: {listed[False]}; the best mean is at {best_factor:g}, while the reconstruction error goes from {swept[0.0][1].value:.4f} to {swept[2.0][1].value:.4f}. What noise is meant to do: a code has to serve for its surroundings too, so that less of the plane is left without an answer. Its price: the answer becomes an average over those surroundings{blurred[0]}. {drift}",
    fa=f"آیا رمزگشای AE نوفه‌دار در کدهای تصادفی بهتر است؟ در نقاط یکنواخت {typical['ae-noisy'].value:.3f} از تصویرهایش نوعی‌اند ({kit.ltr('0.5 R')} در جمع؛ با این معیار نوفه {helps[0]})، با نوفهٔ هر مختصه {typical['ae-noisy-each'].value:.3f} ({helps[1]}) و در AE ساده {typical['ae-mlp'].value:.3f}. در بیست بُعد، که AE ساده در نقاط یکنواخت به {laws['ae-mlp'][0].value:.3f} و با گاوسیِ برازیده به {laws['ae-mlp'][1].value:.3f} می‌رسد، نوفه در جمع به {laws['ae-noisy'][0].value:.3f} ({wide_fa[0][0]}) و {laws['ae-noisy'][1].value:.3f} ({wide_fa[0][1]}) و نوفهٔ هر مختصه به {laws['ae-noisy-each'][0].value:.3f} ({wide_fa[1][0]}) و {laws['ae-noisy-each'][1].value:.3f} ({wide_fa[1][1]}) می‌رسد؛ هر کدام یک آموزش، و نوعی بودن از تنوع چیزی نمی‌گوید: خطای بازسازی به ترتیب {blur[0]:.4f} و {blur[1]:.4f} و {blur[2]:.4f} است. در روبش، باز در دو بُعد، این ضریب‌ها آشکارا بهتر از بی‌نوفه‌اند: {listed[True]}؛ و این‌ها آشکارا بدتر: {listed[False]}؛ بهترین میانگین در {best_factor:g} است و خطای بازسازی از {swept[0.0][1].value:.4f} به {swept[2.0][1].value:.4f} می‌رسد. کاری که از نوفه می‌خواهیم: هر کد باید برای اطرافش هم پاسخ باشد تا جای کمتری از صفحه بی‌پاسخ بماند. بهایش: پاسخ میانگینی بر آن اطراف می‌شود{blurred[1]}. {drift}")

# %% [markdown] lang="en"
# ## (d) What the VAE has beyond noise

# %% [markdown] lang="fa"
# ## (د) آنچه VAE افزون بر نوفه دارد

# %%
deviations = models["vae-mlp"].infer(x).sample(Noise(0), 200).std(0).mean(1)
noisy = parts.own_deviation(models["ae-noisy"]) / float(codes["ae-noisy"][0].std())
figure = Figure(figsize=(5.6, 2.8))
axes = figure.subplots()
axes.hist((deviations / codes["vae-mlp"][0].std()).numpy(), bins=60)
axes.axvline(noisy, color="black", linestyle="--", label="noisy AE: one for all")
axes.set(xlabel="deviation of the noise / deviation of the codes", ylabel="test images")
axes.legend()
study.figure(figure, "deviations", en="Posterior deviations of the VAE, image by image, beside the single one of the noisy AE.", fa="انحراف پسین VAE برای هر تصویر، در کنار تنها انحراف AE نوفه‌دار.")
study.figure(bars([names[k] for k in names], [fd[k].value for k in names], [fd[k].low for k in names], [fd[k].high for k in names], "fd-digits (smaller is better)", fd["vae-mlp"].floor), "fd",
             en="Fréchet distance of each model's own samples; the dashed line is real against real.", fa="فاصلهٔ فرشهٔ نمونه‌های هر مدل؛ خط‌چین واقعی در برابر واقعی است.")

# %% [markdown] lang="en"
# **Bounds on the likelihood.** A noisy AE has all that a bound needs, though it was not trained on one: a posterior
# $N(f(x), s^2 I)$, with $s$ the deviation of its noise, a decoder, and for a prior the Gaussian of its noisy codes. A
# plain AE lacks $s$; we choose the single best one afterwards, on training images. In two dimensions $-\log p$ under the
# same laws is known by quadrature.

# %% [markdown] lang="fa"
# **کران درست‌نمایی.** ‏AE نوفه‌دار، هرچند با کرانی آموزش ندیده، هر چه کران می‌خواهد دارد: پسین $N(f(x), s^2 I)$ که $s$ انحراف نوفهٔ آن است،
# رمزگشا، و به جای پیشین گاوسیِ کدهای نوفه‌دارش. ‏AE ساده $s$ ندارد و بهترین مقدار یگانه را پس از آموزش، روی تصویرهای آموزش، برمی‌گزینیم. در دو بُعد
# $-\log p$ زیر همین قانون‌ها با انتگرال عددی معلوم است.

# %%
first, seen = x[: 5 if study.small else 100], data.train.x[:1000].float() / 255
rows, bounds = [], {"vae-mlp": study.results("vae-mlp", "neg_elbo")}
for k in study.track(list(names), "bounds"):
    if k == "vae-mlp":
        deviation, terms = study.pick("learned", "آموخته"), [study.results(k, m) for m in ("reconstruction", "kl")]
        truth = parts.exact(models[k], first)
    else:
        chosen = [parts.own_deviation(m) or parts.best_deviation(m, seen) for m in trained[k]]
        found = [[float(t.mean()) for t in parts.bound(m, x, s)] for m, s in zip(trained[k], chosen)]
        total, *terms = (over(column) for column in zip(*found))
        bounds[k] = study.measure("neg_elbo_afterwards", *total[:3], n=total.n, unit="nats/image", protocol=f"posterior N(f(x), s^2 I), prior the Gaussian of the noisy codes, 5 draws, first {len(x):,} test images, over seeds", recipe=k)
        deviation, truth = f"{chosen[0] / float(models[k].code_variance.mean().sqrt()):.3f}", parts.exact(models[k], first, chosen[0])
    if truth is not None:
        study.measure("neg_log_p_exact", float(truth.mean()), n=len(first), unit="nats/image", protocol=f"quadrature over the plane, first {len(first)} test images, seed 0", recipe=k)
    rows.append([study.word(names[k]), kit.Cell(deviation), kit.ends(bounds[k], 1), *(kit.ends(t, 1) for t in terms), None if truth is None else kit.Cell(f"{float(truth.mean()):.1f}")])
study.table(study.pick(["model", "s / deviation of the codes", "−ELBO", "reconstruction", "KL", "−log p, exact"], ["مدل", "نسبت s به انحراف کدها", kit.ltr("−ELBO"), "بازسازی", "KL", f"{kit.ltr('−log p')}، دقیق"]), rows,
            en=f"Nats per test image. −ELBO over seeds (2,000 test images; the VAE 10,000); the last column is seed 0 on the first {len(first)} test images; a dash: the integral did not settle.", fa=f"نات بر تصویر آزمون. ‏{kit.ltr('−ELBO')} روی بذرها (۲٬۰۰۰ تصویر آزمون و برای VAE ‏۱۰٬۰۰۰)؛ ستون آخر بذر صفر روی {len(first)} تصویر نخست آزمون؛ خط تیره: انتگرال آرام نگرفت.")
nearer = [[against(fd[k], fd["vae-mlp"], *words) for k in ("ae-noisy", "ae-mlp")]
          for words in (("the VAE is nearer", "the VAE is farther", "the intervals overlap"), ("VAE نزدیک‌تر است", "VAE دورتر است", "بازه‌ها هم‌پوشانی دارند"))]
behind = {k: bounds[k].value - bounds["vae-mlp"].value for k in names if k != "vae-mlp"}
best = all(against(bounds[k], bounds["vae-mlp"], True, False, False) for k in behind)
study.say(
    en=f"A code with signal-to-noise ratio 2 in each of two coordinates carries at most (2/2) ln(1 + 2) = {np.log(3):.2f} nats (Shannon's bound for a Gaussian channel), with ratio 1 at most {np.log(2):.2f}, whatever the encoder does; the VAE's code uses {study.results('vae-mlp', 'kl').value:.2f} nats. The VAE *learns* how precise each code is: its deviations run from {float(deviations.min()):.3f} to {float(deviations.max()):.3f} (median {float(deviations.median()):.3f}), where the noisy AE has one relative size for all images. And its codes are pulled to a prior that is known beforehand, so that drawing is part of the model: fd-digits {fd['vae-mlp'].value:.2f} against {fd['ae-noisy'].value:.2f} (noisy AE, Gaussian fitted afterwards; {nearer[0][0]}) and {fd['ae-mlp'].value:.2f} (plain AE; {nearer[0][1]}). Only the VAE is *trained* on a bound on log p(x); given one afterwards, the others lie {behind['ae-mlp']:.1f} (plain), {behind['ae-noisy']:.1f} and {behind['ae-noisy-each']:.1f} nats (noisy) behind it (their first 2,000 test images against its 10,000){'' if best else ', but not all of their intervals lie apart from it'}. The key difference: noise that the model chooses and pays for, and a known law of codes, against fixed noise and an unknown law.",
    fa=f"کدی با نسبت سیگنال به نوفهٔ ۲ در هر یک از دو مختصه حداکثر {kit.ltr(f'(2/2) ln(1 + 2) = {np.log(3):.2f}')} نات می‌برد (کران شانون برای کانال گاوسی) و با نسبت ۱ حداکثر {np.log(2):.2f}، هر چه رمزگذار بکند؛ کد VAE ‏{study.results('vae-mlp', 'kl').value:.2f} نات به کار می‌گیرد. ‏VAE *می‌آموزد* هر کد چقدر دقیق باشد: انحراف‌هایش از {float(deviations.min()):.3f} تا {float(deviations.max()):.3f} است (میانه {float(deviations.median()):.3f})، در حالی که AE نوفه‌دار برای همهٔ تصویرها یک اندازهٔ نسبی دارد. کدهایش هم به پیشینی از پیش معلوم کشیده می‌شوند و قرعه‌کشی بخشی از مدل است: fd-digits برابر {fd['vae-mlp'].value:.2f} در برابر {fd['ae-noisy'].value:.2f} (AE نوفه‌دار با گاوسیِ پسابرازش؛ {nearer[1][0]}) و {fd['ae-mlp'].value:.2f} (AE ساده؛ {nearer[1][1]}). تنها VAE *با* کرانی برای log p(x) آموزش دیده است؛ اگر به بقیه پس از آموزش کرانی بدهیم {behind['ae-mlp']:.1f} (ساده) و {behind['ae-noisy']:.1f} و {behind['ae-noisy-each']:.1f} نات (نوفه‌دار) از آن عقب‌اند (۲٬۰۰۰ تصویر نخست آزمون در برابر ۱۰٬۰۰۰ تصویر آن){'' if best else '، ولی بازهٔ همه از آن جدا نیست'}. تفاوت کلیدی: نوفه‌ای که مدل برمی‌گزیند و بهایش را می‌دهد و قانون معلوم کدها، در برابر نوفهٔ ثابت و قانون نامعلوم.")

# %% [markdown] lang="en"
# ## The segment between two codes
# Does a straight segment between two codes pass through digits? The same pairs under a VQ-VAE, whose codes are discrete,
# stand in the study *vq_vae*.

# %% [markdown] lang="fa"
# ## پاره‌خط میان دو کد
# آیا پاره‌خط میان دو کد از رقم‌ها می‌گذرد؟ همین جفت‌ها با VQ-VAE، که کدهایش گسسته‌اند، در مطالعهٔ *vq_vae* می‌آید.

# %%
ends = [(int((data.test.y == a).nonzero()[0]), int((data.test.y == b).nonzero()[0])) for a, b in ((3, 8), (1, 7), (0, 6))]
part = torch.linspace(0, 1, 11)[:, None]
lines = []
for a, b in ends:
    for key in ("ae-mlp", "vae-mlp"):
        za, zb = models[key].encode(data.test.x[[a, b]].float() / 255)
        lines.append(models[key].decode(za + part * (zb - za)))
study.figure(image_grid(torch.cat(lines), 6, 11, row_labels=["AE", "VAE"] * 3, cell=0.42), "segments", en="From one digit to another along a straight segment of codes.", fa="از رقمی به رقم دیگر روی پاره‌خطی از کدها.")
pairs = philox("pairs").integers(0, 2000, (20 if study.small else 200, 2))
pairs = pairs[(data.test.y[pairs[:, 0]] != data.test.y[pairs[:, 1]]).numpy()]
along, sure, figure = {}, {}, Figure(figsize=(7.4, 2.8))
panels = figure.subplots(1, 2, sharey=True)
for panel, (d, sized) in zip(panels, {2: models, 20: wide}.items()):
    for key in ("ae-mlp", "vae-mlp"):
        along[d, key], sure[d, key] = parts.straight(sized[key], x[pairs], part, nearest)
        panel.plot(part[:, 0], along[d, key].mean(0), "o-", label=names[key])
    panel.axhline(limit, color="black", linestyle="--", linewidth=0.8)
    panel.set(xlabel="place on the segment", title=f"d = {d}")
panels[0].set_ylabel("distance to the nearest image")
panels[0].legend()
study.figure(figure, "along", en=f"Mean over {len(pairs)} pairs of test images of different classes, judge features, codes of two and of twenty dimensions; dashed: limit of typical images.", fa=f"میانگین روی {len(pairs)} جفت تصویر آزمون از رده‌های متفاوت، ویژگی‌های داور، کدهای دوبعدی و بیست‌بعدی؛ خط‌چین: مرز تصویرهای نوعی.")
middle = {which: mean_interval(distance[:, 5], kind="normal") for which, distance in along.items()}
closer = {d: paired_difference(along[d, "ae-mlp"][:, 5], along[d, "vae-mlp"][:, 5], kind="normal") for d in (2, 20)}
for (d, k), one in middle.items():
    study.measure("segment_distance", *one[:3], n=len(pairs), unit="judge feature units", protocol="distance of the middle of a segment between codes of different classes to the nearest of 10,000 training images, seed 0", recipe=k, latent_dim=d)
for d, one in closer.items():
    study.measure("segment_gain", *one[:3], n=len(pairs), unit="judge feature units", protocol="segment_distance of ae-mlp minus that of vae-mlp, the same pairs, seed 0", latent_dim=d)
certain = [float(sure[d, key][:, 5].mean()) for d in (2, 20) for key in ("ae-mlp", "vae-mlp")]
said_en = [f"{g.value:+.2f} [{g.low:.2f}, {g.high:.2f}]: " + ("the VAE stays closer to the data" if g.low > 0 else "the AE stays closer to the data" if g.high < 0 else "the two cannot be told apart") for g in closer.values()]
said_fa = [kit.ltr(f"{g.value:+.2f} [{g.low:.2f}, {g.high:.2f}]") + "، " + ("‏VAE به داده نزدیک‌تر می‌ماند" if g.low > 0 else "‏AE به داده نزدیک‌تر می‌ماند" if g.high < 0 else "این دو بازشناختنی نیستند") for g in closer.values()]
study.say(
    en=f"In the middle of the segment the AE's image is {middle[2, 'ae-mlp'].value:.2f} from the nearest real one and the VAE's {middle[2, 'vae-mlp'].value:.2f} with two dimensions, {middle[20, 'ae-mlp'].value:.2f} and {middle[20, 'vae-mlp'].value:.2f} with twenty, where {limit:.2f} is the limit of the typical; the judge is {certain[0]:.2f} and {certain[1]:.2f} sure of them in the plane, {certain[2]:.2f} and {certain[3]:.2f} in twenty dimensions. The paired difference is {said_en[0]} in the plane; {said_en[1]} in twenty dimensions. Between two classes any continuous path has to cross images that are neither.",
    fa=f"در میانهٔ پاره‌خط تصویر AE با دو بُعد {middle[2, 'ae-mlp'].value:.2f} و تصویر VAE ‏{middle[2, 'vae-mlp'].value:.2f} از نزدیک‌ترین تصویر واقعی دور است و با بیست بُعد {middle[20, 'ae-mlp'].value:.2f} و {middle[20, 'vae-mlp'].value:.2f}؛ مرز نوعی {limit:.2f} است. داور در صفحه {certain[0]:.2f} و {certain[1]:.2f} و در بیست بُعد {certain[2]:.2f} و {certain[3]:.2f} از آن‌ها مطمئن است. تفاضل جفت‌شده در صفحه {said_fa[0]}؛ در بیست بُعد {said_fa[1]}. میان دو رده هر مسیر پیوسته ناچار از تصویرهایی می‌گذرد که هیچ‌کدام نیستند.")

# %% [markdown] lang="en"
# ## Sources
# Hinton & Salakhutdinov 2006; Kingma & Welling 2013 (arXiv 1312.6114); Ghosh et al. 2020 (ex-post density estimation).

# %% [markdown] lang="fa"
# ## منابع
# Hinton & Salakhutdinov 2006؛ Kingma & Welling 2013 (arXiv 1312.6114)؛ Ghosh et al. 2020.
