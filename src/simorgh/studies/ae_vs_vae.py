# ---
# simorgh:
#   title: {en: "Autoencoder, noisy autoencoder and VAE as generators", fa: "خودرمزگذار ساده، نوفه‌دار و وردشی در مقام مولد"}
#   answers: [C1.a, C1.b, C1.c, C1.d, A4.1]
#   runs: {ae-mlp: 3, ae-noisy: 3, ae-noisy-each: 3, vae-mlp: 3}
# ---

# %% [markdown] lang="en"
# ## Question
# Can the decoder of a plain autoencoder, fed with a random code, draw digits? What is wrong with that, does noise on
# the code help, and what does a variational autoencoder have beyond it? All four models share the same dense nets and
# a code of two dimensions; only what happens to the code in training differs.
#
# ## Assumptions
# - "Like the data" is measured in the features of a frozen digit classifier (`judge-mnist`): an image is *typical* when
#   its distance to the nearest of 10,000 training images is below the value that 95 % of test images stay under.
# - A "uniform random point" is uniform in the bounding box of the codes of the training images.
# - Pixels are grey values under a Bernoulli score; numbers over three seeds where an interval stands, else seed 0.

# %% [markdown] lang="fa"
# ## پرسش
# آیا رمزگشای یک خودرمزگذار ساده با کد تصادفی رقم می‌کشد؟ ایرادش چیست، نوفه روی کد کمکی می‌کند، و خودرمزگذار وردشی چه دارد که
# این‌ها ندارند؟ هر چهار مدل همان شبکه‌های تمام‌متصل و کد دوبعدی را دارند؛ تنها رفتار با کد در آموزش فرق می‌کند.
#
# ## فرض‌ها
# - «شبیه داده» را در ویژگی‌های یک رده‌بند ثابت (`judge-mnist`) می‌سنجیم: تصویر *نوعی* است اگر فاصله‌اش تا نزدیک‌ترین تصویر از
#   ۱۰٬۰۰۰ تصویر آموزش از مقداری کمتر باشد که ۹۵ درصد تصویرهای آزمون زیر آن‌اند.
# - «نقطهٔ تصادفی یکنواخت» یعنی یکنواخت در جعبهٔ دربرگیرندهٔ کدهای آموزش.
# - پیکسل‌ها مقدار خاکستری با امتیاز برنولی‌اند؛ هر جا بازه‌ای هست سه دانه، وگرنه دانهٔ صفر.

# %%
import tempfile
from dataclasses import replace

import numpy as np
import torch
from matplotlib.figure import Figure

from simorgh.contracts import Noise
from simorgh.data import DataConfig, batches, load
from simorgh.evaluate.judge import judged, reference
from simorgh.noise import philox
from simorgh.recipes import recipe
from simorgh.report.figures import bars, curves, image_grid, latent_scatter
from simorgh.report.style import use_style
from simorgh.studies import kit
from simorgh.train import fit

study = kit.current()
use_style()
torch.set_grad_enabled(False)
names = {"ae-mlp": "AE", "ae-noisy": "AE, noise 0.5 R total", "ae-noisy-each": "AE, noise 0.5 R each", "vae-mlp": "VAE"}
data = load(DataConfig("mnist"))
n = 100 if study.small else 2000
models = {k: study.runs(k)[0].model() for k in names}
codes = {k: torch.cat([m.encode(b.x, b.y) for b in batches(data.train.take(slice(0, 10000)), DataConfig("mnist"), 1000)]) for k, m in models.items()}
real = reference(10000, "train")


def nearest(images):
    """Distance of each image to the nearest of 10,000 training images, in the judge's features."""
    features, probabilities = judged(images)
    return torch.cdist(features, real).min(1).values, probabilities.max(1).values


limit = float(torch.cdist(reference(2000, "test"), real).min(1).values.quantile(0.95))


def uniform_points(key, count, seed=0):
    low, high = codes[key].min(0).values, codes[key].max(0).values
    return low + (high - low) * torch.from_numpy(philox("box", seed).random((count, 2), dtype=np.float32))


def share(hits):
    """Share of true values and its 95 % Wilson interval."""
    p, m, z = float(np.mean(hits)), len(hits), 1.96
    centre, half = (p + z * z / (2 * m)) / (1 + z * z / m), z * np.sqrt(p * (1 - p) / m + z * z / (4 * m * m)) / (1 + z * z / m)
    return p, max(0.0, min(p, centre - half)), max(p, centre + half)

# %% [markdown] lang="en"
# ## Training

# %% [markdown] lang="fa"
# ## آموزش

# %%
study.figure(curves({names[k]: [r.history() for r in study.runs(k)] for k in list(names)[:3]}, ["reconstruction/loss", "reconstruction/spread"], epoch=60000), "curves",
             en="Left: reconstruction loss of the three autoencoders. Right: R, the mean squared distance of the codes from their centre, which the noise follows.",
             fa="چپ: هزینهٔ بازسازی سه خودرمزگذار. راست: R، میانگین مربع فاصلهٔ کدها از مرکزشان، که نوفه از آن پیروی می‌کند.")
spreads = {k: [r.history()[-1]["reconstruction/spread"] for r in study.runs(k)] for k in list(names)[:3]}
study.table(study.pick(["model", "R at the end, each seed", "noise variance per coordinate", "signal to noise per coordinate"],
                       ["مدل", "R در پایان، هر دانه", "واریانس نوفهٔ هر مختصه", "سیگنال به نوفه در هر مختصه"]),
            [[names["ae-mlp"], ", ".join(f"{v:.3g}" for v in spreads["ae-mlp"]), "0", study.pick("infinite", "بی‌نهایت")],
             [names["ae-noisy"], ", ".join(f"{v:.3g}" for v in spreads["ae-noisy"]), kit.ltr("0.5 R / 2"), kit.ltr("(R / 2) / (0.5 R / 2) = 2")],
             [names["ae-noisy-each"], ", ".join(f"{v:.3g}" for v in spreads["ae-noisy-each"]), kit.ltr("0.5 R"), kit.ltr("(R / 2) / (0.5 R) = 2 / d = 1")]],
            en="The two readings of 'variance 0.5 R'. Read per coordinate, twenty dimensions would leave a ratio of 0.1.", fa="دو خوانش «واریانس 0.5 R». با خوانش هر مختصه، در بیست بُعد نسبت به 0.1 می‌رسد.")

# %% [markdown] lang="en"
# ## (a) A random code against a random image

# %% [markdown] lang="fa"
# ## (آ) کد تصادفی در برابر تصویر تصادفی

# %%
points = uniform_points("ae-mlp", n)
decoded = models["ae-mlp"].decode(points)
noise_images = torch.from_numpy(philox("pixels").random((n, 1, 28, 28), dtype=np.float32))
study.figure(image_grid(torch.cat([decoded[:20], noise_images[:20]]), 4, 10, cell=0.45), "random",
             en="Above: the plain AE's decoder at uniform random codes. Below: uniform random pixels.", fa="بالا: رمزگشای AE ساده در کدهای تصادفی یکنواخت. پایین: پیکسل‌های تصادفی یکنواخت.")
persian = {"random code, plain AE": "کد تصادفی، AE ساده", "random pixels": "پیکسل‌های تصادفی", "test images": "تصویرهای آزمون"}
rows, typical = [], {}
for label, images in (("random code, plain AE", decoded), ("random pixels", noise_images), ("test images", data.test.x[:n].float() / 255)):
    distance, confidence = nearest(images)
    typical[label] = share((distance < limit).numpy())
    rows.append([study.pick(label, persian[label]), float(distance.median()), f"{typical[label][0]:.3f} [{typical[label][1]:.3f}, {typical[label][2]:.3f}]", float(confidence.median())])
study.table(study.pick(["images", "median distance to the nearest training image", "typical share", "judge's median confidence"],
                       ["تصویرها", "میانهٔ فاصله تا نزدیک‌ترین تصویر آموزش", "سهم نوعی", "میانهٔ اطمینان داور"]), rows,
            en=f"{n} images of each kind, judge features, seed 0.", fa=f"از هر گونه {n} تصویر، ویژگی‌های داور، دانهٔ صفر.")
for label in list(typical)[:2]:
    p, low, high = typical[label]
    study.measure("typical_share", p, low, high, n=n, unit="share", protocol=f"{label}: nearest of 10,000 training images in judge features below the 95 % quantile of test images", source=label)
study.say(
    en=f"A random code is far likelier to give something like a digit: {typical['random code, plain AE'][0]:.1%} of its images are typical, against {typical['random pixels'][0]:.1%} of random pixel images (upper limit {typical['random pixels'][2]:.2%}). The decoder can only produce images on a two-dimensional surface that training has laid through the data; the 784-dimensional cube of pixels is almost empty of digits. Confidence alone would mislead: the judge is {rows[1][3]:.2f} sure of pure noise.",
    fa=f"کد تصادفی با احتمال بسیار بیشتری چیزی شبیه رقم می‌دهد: {typical['random code, plain AE'][0]:.1%} تصویرهایش نوعی‌اند، در برابر {typical['random pixels'][0]:.1%} تصویرهای پیکسل تصادفی (کران بالا {typical['random pixels'][2]:.2%}). رمزگشا تنها می‌تواند تصویرهایی روی یک رویهٔ دوبعدی بسازد که آموزش از میان داده گذرانده است؛ مکعب ۷۸۴بعدی پیکسل‌ها تقریباً از رقم تهی است. اطمینان داور به تنهایی گمراه می‌کند: او از نوفهٔ خالص هم {rows[1][3]:.2f} مطمئن است.")

# %% [markdown] lang="en"
# ## (b) What is wrong with it, and how the VAE cures it

# %% [markdown] lang="fa"
# ## (ب) ایرادها و درمان VAE

# %%
figure = Figure(figsize=(8.6, 3.9))
panels = figure.subplots(1, 2)
for panel, key in zip(panels, ("ae-mlp", "vae-mlp")):
    latent_scatter(codes[key][:3000], data.train.y[:3000], axes=panel, contours=False, legend=False)
    panel.set_title(names[key])
study.figure(figure, "codes", en="Codes of 3,000 training images. The scale of the AE's plane is its own choice; the VAE's is that of its prior.", fa="کدهای ۳٬۰۰۰ تصویر آموزش. مقیاس صفحهٔ AE را خودش برگزیده؛ مقیاس VAE از پیشین می‌آید.")
boxes = {k: [] for k in ("ae-mlp", "vae-mlp")}
for key in boxes:
    for run in study.runs(key):
        z = torch.cat([run.model().encode(b.x) for b in batches(data.test.take(slice(0, 2000)), DataConfig("mnist"), 1000)])
        boxes[key].append((z.max(0).values - z.min(0).values).prod().sqrt().item())


def steepness(key):
    """Largest change of the image over a step of a hundredth of the codes' deviation, relative to the mean: roughness of the map."""
    z = codes[key][:500]
    step = 0.01 * codes[key].std(0) * torch.from_numpy(philox("direction").standard_normal((500, 2), dtype=np.float32))
    change = (models[key].decode(z + step) - models[key].decode(z)).flatten(1).norm(dim=1) / step.norm(dim=1) * codes[key].std()
    return change


rough = {k: steepness(k) for k in ("ae-mlp", "vae-mlp")}
holes = {}
for key in ("ae-mlp", "vae-mlp"):
    z = points if key == "ae-mlp" else torch.from_numpy(philox("prior").standard_normal((n, 2), dtype=np.float32))
    holes[key] = 1 - share((nearest(models[key].decode(z))[0] < limit).numpy())[0]
fd = {k: study.results(k, "fd_digits") for k in names}
study.table(study.pick(["fault", "measured as", "AE", "VAE"], ["ایراد", "آنچه سنجیده شد", "AE", "VAE"]),
            [[*study.pick(("unknown support and scale", "side of the box of the codes, each seed"), ("دامنه و مقیاس نامعلوم", "ضلع جعبهٔ کدها، هر دانه")), ", ".join(f"{v:.1f}" for v in boxes["ae-mlp"]), ", ".join(f"{v:.1f}" for v in boxes["vae-mlp"])],
             [*study.pick(("holes", "share of atypical images (AE: uniform in the box, VAE: from the prior)"), ("شکاف‌ها", "سهم تصویرهای نانوعی (AE: یکنواخت در جعبه، VAE: از پیشین)")), f"{holes['ae-mlp']:.3f}", f"{holes['vae-mlp']:.3f}"],
             [*study.pick(("rough map", "image change per deviation of code, 99 % quantile over median"), ("نگاشت ناهموار", "تغییر تصویر به ازای هر انحراف کد، چندک ۹۹٪ بر میانه")), f"{float(rough['ae-mlp'].quantile(0.99) / rough['ae-mlp'].median()):.2f}", f"{float(rough['vae-mlp'].quantile(0.99) / rough['vae-mlp'].median()):.2f}"],
             [*study.pick(("no density", "what −log p(x) is", "undefined"), ("بدون چگالی", f"مقدار {kit.ltr('−log p(x)')}", "تعریف‌نشده")), kit.ltr(kit.number(study.results("vae-mlp", "neg_elbo"), floor=False)) + study.pick(" at most", " یا کمتر")]],
            en="Four faults of the plain AE as a generator, and the VAE beside it.", fa="چهار ایراد AE ساده در مقام مولد، و VAE در کنارش.")
study.say(
    en="The KL term cures the first fault by pulling the codes to a *known* law, from which one can then draw; drawing a code anew at each step fills the holes between codes and forbids the decoder to jump; and together they make a bound on log p(x). Where the measured column does not favour the VAE, two dimensions are the reason: the plane is crowded, so that its classes still touch.",
    fa="جملهٔ KL ایراد نخست را با کشیدن کدها به سوی قانونی *معلوم* درمان می‌کند که می‌توان از آن قرعه کشید؛ قرعهٔ تازهٔ کد در هر گام شکاف‌های میان کدها را پر می‌کند و رمزگشا را از پرش بازمی‌دارد؛ و این دو با هم کرانی برای log p(x) می‌سازند. هر جا ستون اندازه‌گیری به سود VAE نیست، سبب دوبعدی بودن است: صفحه شلوغ است و رده‌ها همچنان به هم می‌رسند.")

# %% [markdown] lang="en"
# ## (c) Noise on the code

# %% [markdown] lang="fa"
# ## (ج) نوفه روی کد

# %%
rows, shares = [], {}
for key in names:
    per_seed = []
    for run in study.runs(key):
        model = run.model()
        z = torch.cat([model.encode(b.x) for b in batches(data.train.take(slice(0, 10000)), DataConfig("mnist"), 1000)])
        low, high = z.min(0).values, z.max(0).values
        random = low + (high - low) * torch.from_numpy(philox("box", 1).random((n, 2), dtype=np.float32))
        per_seed.append(float((nearest(model.decode(random))[0] < limit).float().mean()))
    shares[key] = per_seed
    mse = study.results(key, "mse")
    rows.append([names[key], ", ".join(f"{v:.3f}" for v in per_seed), kit.number(fd[key], unit=False), kit.number(mse, unit=False, floor=False)])
    study.measure("typical_share_uniform", float(np.mean(per_seed)), n=n, unit="share", protocol="uniform points of the code box, decoded, mean over seeds", recipe=key)
study.table(study.pick(["model", "typical share at uniform points, each seed", "fd-digits of its own samples", "reconstruction error"],
                       ["مدل", "سهم نوعی در نقاط یکنواخت، هر دانه", "fd-digits نمونه‌های خودش", "خطای بازسازی"]), rows,
            en="Random codes and samples of the four models. AE samples come from a Gaussian fitted to the codes, VAE samples from the prior.", fa="کدهای تصادفی و نمونه‌های چهار مدل. نمونهٔ AE از گاوسیِ برازیده بر کدها و نمونهٔ VAE از پیشین است.")
study.figure(image_grid(torch.cat([models[k].decode(uniform_points(k, 10, 2)) for k in names]), 4, 10, row_labels=list(names.values()), cell=0.5), "uniform",
             en="Ten uniform random codes through each decoder.", fa="ده کد تصادفی یکنواخت از هر رمزگشا.")
sweep = []
with tempfile.TemporaryDirectory() as folder, torch.enable_grad():
    for factor in (0.0, 0.125, 0.5, 2.0):
        base = recipe("ae-mlp", study.preset)
        short = base if study.small else replace(base, data=replace(base.data, limit=10000), train=replace(base.train, epochs=4.0))
        short = replace(short, model=replace(base.model, noise=factor))
        model = fit(short, folder, progress=False).model()
        with torch.no_grad():
            z = torch.cat([model.encode(b.x) for b in batches(data.train.take(slice(0, 5000)), DataConfig("mnist"), 1000)])
            low, high = z.min(0).values, z.max(0).values
            random = low + (high - low) * torch.from_numpy(philox("box", 3).random((n, 2), dtype=np.float32))
            test = data.test.x[:2000].float() / 255
            sweep.append([factor, float((nearest(model.decode(random))[0] < limit).float().mean()), float((model.reconstruct(test) - test).square().mean())])
study.table(study.pick(["noise factor (total)", "typical share at uniform points", "reconstruction error"], ["ضریب نوفه (در جمع)", "سهم نوعی در نقاط یکنواخت", "خطای بازسازی"]), [[f"{a:g}", f"{b:.3f}", f"{c:.4f}"] for a, b, c in sweep],
            en="A sweep of the factor on short trainings (10,000 images, 4 passes, one seed).", fa="روبش ضریب با آموزش‌های کوتاه (۱۰٬۰۰۰ تصویر، ۴ دوره، یک دانه).")
better = np.mean(shares["ae-noisy"]) > np.mean(shares["ae-mlp"])
study.say(
    en=f"At uniform points {np.mean(shares['ae-noisy']):.3f} of the noisy AE's images are typical (0.5 R in total), {np.mean(shares['ae-noisy-each']):.3f} with the noise per coordinate, and {np.mean(shares['ae-mlp']):.3f} of the plain AE's: the noise {'helps' if better else 'does not help by this measure'}. Every code has to serve for its neighbourhood too, so that holes are filled and the map is smoothed; the price is a blurred answer, an average over the neighbourhood, and with so much noise in two dimensions that average is seldom a digit. Because R is measured anew at each step, scaling the codes up (as the R in Table 1 shows they do) earns the encoder nothing.",
    fa=f"در نقاط یکنواخت {np.mean(shares['ae-noisy']):.3f} از تصویرهای AE نوفه‌دار (0.5 R در جمع) نوعی‌اند، با نوفهٔ هر مختصه {np.mean(shares['ae-noisy-each']):.3f} و در AE ساده {np.mean(shares['ae-mlp']):.3f}: نوفه {'کمک می‌کند' if better else 'با این معیار کمکی نمی‌کند'}. هر کد باید برای همسایگی‌اش هم کار کند، پس شکاف‌ها پر و نگاشت هموار می‌شود؛ بهایش پاسخی تار است، میانگینی بر همسایگی، که با این همه نوفه در دو بُعد کمتر به رقم می‌ماند. چون R در هر گام از نو سنجیده می‌شود، بزرگ‌کردن کدها (که R جدول ۱ نشانش می‌دهد) سودی به رمزگذار نمی‌رساند.")

# %% [markdown] lang="en"
# ## (d) What the VAE has beyond noise

# %% [markdown] lang="fa"
# ## (د) آنچه VAE افزون بر نوفه دارد

# %%
x = data.test.x[:2000].float() / 255
deviations = models["vae-mlp"].infer(x).sample(Noise(0), 200).std(0).mean(1)
noisy = float((0.5 * models["ae-noisy"].spread / 2).sqrt() / codes["ae-noisy"].std())
figure = Figure(figsize=(5.6, 2.8))
axes = figure.subplots()
axes.hist((deviations / codes["vae-mlp"].std()).numpy(), bins=60)
axes.axvline(noisy, color="black", linestyle="--", label="noisy AE: one for all")
axes.set(xlabel="deviation of the noise / deviation of the codes", ylabel="test images")
axes.legend()
study.figure(figure, "deviations", en="Posterior deviations of the VAE, image by image, beside the single one of the noisy AE.", fa="انحراف پسین VAE برای هر تصویر، در کنار تنها انحراف AE نوفه‌دار.")
study.figure(bars([names[k] for k in names], [fd[k].value for k in names], [fd[k].low for k in names], [fd[k].high for k in names], "fd-digits (smaller is better)", fd["vae-mlp"].floor), "fd",
             en="Fréchet distance of each model's own samples; the dashed line is real against real.", fa="فاصلهٔ فرشهٔ نمونه‌های هر مدل؛ خط‌چین واقعی در برابر واقعی است.")
study.say(
    en=f"A code with signal-to-noise ratio 2 in each of two coordinates carries at most (2/2) ln(1 + 2) = {np.log(3):.2f} nats (Shannon's bound for a Gaussian channel), with ratio 1 at most {np.log(2):.2f}, whatever the encoder does; the VAE's code uses {study.results('vae-mlp', 'kl').value:.2f} nats. The VAE *learns* how precise each code is: its deviations run from {float(deviations.min()):.3f} to {float(deviations.max()):.3f} (median {float(deviations.median()):.3f}), where the noisy AE has one relative size for all images. And its codes are pulled to a prior that is known beforehand, so that drawing is part of the model: fd-digits {fd['vae-mlp'].value:.2f} against {fd['ae-noisy'].value:.2f} (noisy AE, Gaussian fitted afterwards) and {fd['ae-mlp'].value:.2f} (plain AE). Only the VAE has a bound on log p(x). The key difference: noise that the model chooses and pays for, and a known law of codes, against fixed noise and an unknown law.",
    fa=f"کدی با نسبت سیگنال به نوفهٔ ۲ در هر یک از دو مختصه حداکثر (2/2) ln(1 + 2) = {np.log(3):.2f} نات می‌برد (کران شانون برای کانال گاوسی) و با نسبت ۱ حداکثر {np.log(2):.2f}، هر چه رمزگذار بکند؛ کد VAE ‏{study.results('vae-mlp', 'kl').value:.2f} نات به کار می‌گیرد. ‏VAE *می‌آموزد* هر کد چقدر دقیق باشد: انحراف‌هایش از {float(deviations.min()):.3f} تا {float(deviations.max()):.3f} است (میانه {float(deviations.median()):.3f})، در حالی که AE نوفه‌دار برای همهٔ تصویرها یک اندازهٔ نسبی دارد. کدهایش هم به پیشینی از پیش معلوم کشیده می‌شوند و قرعه‌کشی بخشی از مدل است: fd-digits برابر {fd['vae-mlp'].value:.2f} در برابر {fd['ae-noisy'].value:.2f} (AE نوفه‌دار با گاوسیِ پسابرازش) و {fd['ae-mlp'].value:.2f} (AE ساده). تنها VAE کرانی برای log p(x) دارد. تفاوت کلیدی: نوفه‌ای که مدل برمی‌گزیند و بهایش را می‌دهد و قانون معلوم کدها، در برابر نوفهٔ ثابت و قانون نامعلوم.")

# %% [markdown] lang="en"
# ## The segment between two codes
# A plain autoencoder gives no meaning to the segment between two codes, a VAE does; the VQ-VAE, whose codes are
# discrete, follows in a study of its own.

# %% [markdown] lang="fa"
# ## پاره‌خط میان دو کد
# خودرمزگذار ساده به پاره‌خط میان دو کد معنایی نمی‌دهد و VAE می‌دهد؛ VQ-VAE با کدهای گسسته در مطالعهٔ خودش می‌آید.

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
along = {}
for key in ("ae-mlp", "vae-mlp"):
    z = models[key].encode(x)
    path = z[pairs[:, 0]][:, None] + part[None] * (z[pairs[:, 1]] - z[pairs[:, 0]])[:, None]
    distance, confidence = nearest(models[key].decode(path.reshape(-1, 2)))
    along[key] = (distance.view(-1, 11).mean(0), confidence.view(-1, 11).mean(0))
figure = Figure(figsize=(7.4, 2.8))
left, right = figure.subplots(1, 2)
for key, (distance, confidence) in along.items():
    left.plot(part[:, 0], distance, "o-", label=names[key])
    right.plot(part[:, 0], confidence, "o-", label=names[key])
left.axhline(limit, color="black", linestyle="--", linewidth=0.8)
left.set(xlabel="place on the segment", ylabel="distance to the nearest image")
right.set(xlabel="place on the segment", ylabel="judge's confidence")
left.legend()
study.figure(figure, "along", en=f"Mean over {len(pairs)} pairs of test images of different classes; dashed: limit of typical images.", fa=f"میانگین روی {len(pairs)} جفت تصویر آزمون از رده‌های متفاوت؛ خط‌چین: مرز تصویرهای نوعی.")
middle = {k: float(v[0][5]) for k, v in along.items()}
for k, v in middle.items():
    study.measure("segment_distance", v, n=len(pairs), unit="judge feature units", protocol="distance of the middle of a segment between codes of different classes to the nearest of 10,000 training images, seed 0", recipe=k)
study.say(
    en=f"In the middle of the segment the AE's image is {middle['ae-mlp']:.2f} from the nearest real one, the VAE's {middle['vae-mlp']:.2f}, with {limit:.2f} as the limit of the typical. {'The VAE stays closer to the data' if middle['vae-mlp'] < middle['ae-mlp'] else 'In two dimensions the VAE does not stay closer to the data by this measure'}: between two classes any continuous path has to cross images that are neither.",
    fa=f"در میانهٔ پاره‌خط تصویر AE ‏{middle['ae-mlp']:.2f} از نزدیک‌ترین تصویر واقعی دور است و تصویر VAE ‏{middle['vae-mlp']:.2f}؛ مرز نوعی {limit:.2f} است. {'‏VAE به داده نزدیک‌تر می‌ماند' if middle['vae-mlp'] < middle['ae-mlp'] else 'در دو بُعد، VAE با این معیار به داده نزدیک‌تر نمی‌ماند'}: میان دو رده هر مسیر پیوسته ناچار از تصویرهایی می‌گذرد که هیچ‌کدام نیستند.")

# %% [markdown] lang="en"
# ## Sources
# Hinton & Salakhutdinov 2006; Kingma & Welling 2013 (arXiv 1312.6114); Ghosh et al. 2020 (ex-post density estimation).

# %% [markdown] lang="fa"
# ## منابع
# Hinton & Salakhutdinov 2006؛ Kingma & Welling 2013 (arXiv 1312.6114)؛ Ghosh et al. 2020.
