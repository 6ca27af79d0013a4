# ---
# simorgh:
#   title:
#     en: "ControlVAE: a KL that is held at a set point"
#     fa: "ControlVAE: واگرایی KL که روی مقدار خواسته نگه داشته می‌شود"
#   answers: [B1.1, B1.2, B1.3, B1.4, B1.5, B1.6, B1.7, B1.8, B1.9, B1.10, B1.12, B1.13, B1.14, B1.15, B1.16]
#   runs: {vae-sprites: 3, control-vae-8: 3, control-vae-14: 3}
# ---
# %% [markdown] lang="en"
# ## Question
# The weight of the KL term decides what a VAE learns, and nobody knows a good one beforehand. ControlVAE (Shao et al.
# 2020) asks for the KL instead and lets a controller find the weight. Does it hold 8 and 14 nats on sprites, and which
# of the two gives better reconstructions and better samples?
# %% [markdown] lang="fa"
# ## پرسش
# وزن جملهٔ KL تعیین می‌کند که VAE چه بیاموزد و هیچ‌کس از پیش مقدار خوب آن را نمی‌داند. ControlVAE (Shao و همکاران، ۲۰۲۰) به جای وزن، خود
# KL را می‌پرسد و یافتن وزن را به یک کنترل‌کننده می‌سپارد. آیا روی اسپرایت‌ها ۸ و ۱۴ نات را نگه می‌دارد، و کدام‌یک بازسازی و نمونهٔ بهتری می‌دهد؟

# %%
from math import exp, log

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from simorgh.contracts import SampleNoise
from simorgh.data import load
from simorgh.data.sprites import FACTORS, SIZES
from simorgh.evaluate import generate
from simorgh.metrics.control import control, forced_mismatch, reachability
from simorgh.metrics.intervals import mean_interval
from simorgh.nn.controller import PIController
from simorgh.report.figures import block_diagram, curves, image_grid
from simorgh.report.style import LINES
from simorgh.studies import kit

study = kit.current()
titles = {"VAE": "vae-sprites", "ControlVAE, 8": "control-vae-8", "ControlVAE, 14": "control-vae-14"}
targets = {"ControlVAE, 8": 8.0, "ControlVAE, 14": 14.0}
runs = {title: study.runs(key) for title, key in titles.items()}
vae = runs["VAE"][0]
data = load(vae.experiment.data)
images = len(data.train)
study.warn_if_small()

# %% [markdown] lang="en"
# ## Card: the idea
# A VAE minimises reconstruction $+\ \beta\,\mathrm{KL}$. With a fixed $\beta$ the KL ends wherever it ends: at
# $\beta = 1$ codes carry all they can, at a large $\beta$ they go silent. The two aims of the paper, sharp images and a
# varied prior, are thus traded blindly. ControlVAE closes a loop round the training: measure the KL of each batch,
# compare it with the set point, $e(t) = \mathrm{KL}^* - \mathrm{KL}(t)$, and set
#
# $$ \beta(t) = \frac{K_p}{1 + \exp e(t)} - K_i \sum_{s \le t} e(s) + \beta_{\min}. $$
#
# The first term answers at once but never by more than $K_p$; the sum remembers, and stops only where the error is zero
# on average. Quality then follows from a KL that is large enough, variety from one that is not larger.
# %% [markdown] lang="fa"
# ## کارت: ایده
# ‏VAE مجموع بازسازی و $\beta\,\mathrm{KL}$ را کمینه می‌کند. با $\beta$ ثابت، KL هر جا که شد می‌ایستد: در $\beta = 1$ کدها هرچه بتوانند حمل
# می‌کنند و در $\beta$ بزرگ خاموش می‌شوند؛ پس دو هدف مقاله، تصویر روشن و پیشینِ متنوع، کورکورانه معامله می‌شوند. ControlVAE دور آموزش یک
# حلقه می‌بندد: KL هر دسته را اندازه بگیر، با مقدار خواسته بسنج، $e(t) = \mathrm{KL}^* - \mathrm{KL}(t)$، و قرار بده
#
# $$ \beta(t) = \frac{K_p}{1 + \exp e(t)} - K_i \sum_{s \le t} e(s) + \beta_{\min}. $$
#
# جملهٔ نخست بی‌درنگ پاسخ می‌دهد اما هرگز بیش از $K_p$ نیست؛ جمع حافظه دارد و تنها جایی می‌ایستد که خطا به طور میانگین صفر باشد. کیفیت از KLِ
# به‌اندازهٔ کافی بزرگ می‌آید و تنوع از آن‌که بزرگ‌تر از آن نباشد.

# %%
study.figure(block_diagram([["image", "encoder", "code z", "decoder", "reconstruction"],
                            ["set point", "error", "PI controller", "beta", "step of the VAE on error + beta KL", "KL of the batch"]],
                           ["error", "PI controller", "beta"], [("KL of the batch", "error")]),
             "loop", "Above the VAE; below the loop: the KL of each batch goes back into the error that sets the next weight.",
             "بالا VAE؛ پایین حلقه: KL هر دسته به خطایی برمی‌گردد که وزن بعدی را تعیین می‌کند.")


def plant(rule, target, steps=12_000, plain=25.4, lag=200.0):
    """The KL and the weight of a toy: the KL moves towards plain / beta with a lag, ruled by a controller."""
    controller = PIController(target, anti_windup=rule)
    kl, trace = 0.0, []
    for _ in range(steps):
        beta = float(controller.step(kl))
        trace.append((kl, beta))
        kl += (plain / beta - kl) / lag
    return np.array(trace)


rules = {"conditional": study.pick("ours", "از ما"), "published": study.pick("published", "منتشرشده")}
figure = Figure(figsize=(8.4, 3.0))
axes = figure.subplots(1, 2)
ends = {}
for i, rule in enumerate(rules):
    for target, style in ((8, "--"), (14, "-")):
        trace = plant(rule, target)
        ends[rule, target] = trace[-1]
        for ax, column, name in zip(axes, trace.T, ("KL, nats", "beta")):
            ax.plot(column, style, color=LINES[i], label=f"{rule}, {target}")
            ax.set(xlabel="step", ylabel=name)
axes[0].legend()
study.figure(figure, "plant",
             "A toy whose KL follows 25.4 / beta with a lag of 200 steps, from a KL of 0. The published rule freezes its sum whenever the output lies below beta_min: at set point 8 it works, at 14 it stays at beta = 1 for ever.",
             "یک دستگاه ساختگی که KL آن با تأخیر ۲۰۰ گام به دنبال <bdi dir=\"ltr\">25.4 / beta</bdi> می‌رود و از صفر آغاز می‌کند. قاعدهٔ منتشرشده هر وقت خروجی زیر کران باشد جمع را منجمد می‌کند: با مقدار ۸ کار می‌کند و با ۱۴ برای همیشه در <bdi dir=\"ltr\">beta = 1</bdi> می‌ماند.")
assert abs(ends["conditional", 14][0] - 14) < 0.1
assert abs(ends["conditional", 8][0] - 8) < 0.1
assert ends["published", 14][1] == 1
assert abs(ends["published", 8][0] - 8) < 0.5
study.table(study.pick(["rule", "set point", "KL at the end", "beta at the end"], ["قاعده", "مقدار خواسته", "KL پایانی", "beta پایانی"]),
            [[rules[rule], target, float(kl), float(beta)] for (rule, target), (kl, beta) in ends.items()],
            "Where the toy ends. A cold start latches the published rule if the set point minus the first KL exceeds Kp / Ki = 10 nats; the authors let the set point rise slowly from 0.5 and never met it. Ours freezes the sum only while the output stands at a bound and the error pushes further out.",
            "پایان دستگاه ساختگی. اگر مقدار خواسته منهای نخستین KL از <bdi dir=\"ltr\">Kp / Ki = 10</bdi> بیشتر باشد قاعدهٔ منتشرشده قفل می‌شود؛ نویسندگان مقدار خواسته را آرام از ۰٫۵ بالا می‌برند و به آن برنخوردند. قاعدهٔ ما جمع را فقط وقتی منجمد می‌کند که خروجی روی کران باشد و خطا به بیرون هل بدهد.")

# %% [markdown] lang="en"
# ## Data
# dSprites with the orientation held at its first value, a fortieth of the set.
# %% [markdown] lang="fa"
# ## داده
# ‏dSprites با جهتِ ثابت در نخستین مقدار، یک‌چهلم مجموعه.

# %%
study.table(study.pick(["factor", "values"], ["عامل", "مقدارها"]), [[name, int(size)] for name, size in zip(FACTORS, SIZES) if name != "orientation"],
            f"{images:,} images of 64 x 64 black and white pixels: every combination once. Source: {data.source.split('; content')[0]}.",
            f"{images:,} تصویر ۶۴ در ۶۴ سیاه و سفید: هر ترکیب یک بار. منبع: <bdi dir=\"ltr\">{data.source.split('; content')[0]}</bdi>.")
study.figure(image_grid(data.test.x[:50] / 255, 5, 10), "data", "Fifty of them.", "پنجاه تصویر از آن‌ها.")

# %% [markdown] lang="en"
# ## The network of table 6
# The table's last encoder row reads "two fully connected layers", one for the means and one for the log-variances. One
# layer of twenty outputs, cut in two, is the same: rows of a weight matrix do not know each other.
# %% [markdown] lang="fa"
# ## شبکهٔ جدول ۶
# سطر آخرِ کدگذار در جدول «دو لایهٔ تمام‌متصل» است، یکی برای میانگین‌ها و یکی برای لگاریتم واریانس‌ها. یک لایه با بیست خروجی که دو نیم شود همان
# است: سطرهای ماتریس وزن از هم خبر ندارند.

# %%
model = vae.model()
rows = []
for part, net in (("encoder", model.encoder), ("decoder", model.decoder)):
    for layer in net.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            rows.append([part, kit.ltr(type(layer).__name__), kit.ltr(" x ".join(map(str, layer.weight.shape))), sum(p.numel() for p in layer.parameters())])
    rows.append([part, study.pick("all", "همه"), "", sum(p.numel() for p in net.parameters())])
study.table(study.pick(["part", "layer", "weight", "parameters"], ["بخش", "لایه", "وزن", "پارامتر"]), rows,
            "The layers as built: 763,285 parameters.", "لایه‌ها آن‌گونه که ساخته شد: ۷۶۳٬۲۸۵ پارامتر.")
assert sum(p.numel() for p in model.parameters()) == 763_285

one = nn.Linear(256, 20).double()
two = nn.Linear(256, 10).double(), nn.Linear(256, 10).double()
for half, part in zip(two, (slice(10), slice(10, 20))):
    half.weight.data, half.bias.data = one.weight.data[part].clone(), one.bias.data[part].clone()
h = torch.randn(5, 256, dtype=torch.float64)
together, apart = one(h), torch.cat([half(h) for half in two], 1)
weights = torch.randn(5, 20, dtype=torch.float64)
(of_one,) = torch.autograd.grad((together * weights).sum(), one.weight)
of_two = torch.cat(torch.autograd.grad((apart * weights).sum(), [half.weight for half in two]))
gap = max(float((together - apart).abs().max()), float((of_one - of_two).abs().max()))
assert gap < 1e-12
study.say(f"Outputs and gradients of the two forms differ by {gap:.1e} in float64: rounding.",
          f"خروجی و گرادیانِ دو شکل در <bdi>float64</bdi> به اندازهٔ <bdi dir=\"ltr\">{gap:.1e}</bdi> اختلاف دارند: گرد کردن.")

# %% [markdown] lang="en"
# ## The plain VAE
# Adam, Bernoulli likelihood, sums over pixels and latents, means over images.
# %% [markdown] lang="fa"
# ## ‏VAE ساده
# ‏Adam، درست‌نمایی برنولی، جمع روی پیکسل‌ها و نهفته‌ها و میانگین روی تصویرها.

# %%
histories = {title: [run.history() for run in group] for title, group in runs.items()}
study.figure(curves({"reconstruction": [{**line, "nats": line["elbo/reconstruction"]} for line in histories["VAE"][0]],
                     "KL": [{**line, "nats": line["elbo/kl"]} for line in histories["VAE"][0]],
                     "total": [{**line, "nats": line["elbo/reconstruction"] + line["elbo/kl"]} for line in histories["VAE"][0]]}, "nats", log=True),
             "vae", "Reconstruction, KL and their sum along the training of the VAE (seed 0), on a logarithmic axis.",
             "بازسازی، KL و جمع آن‌ها در طول آموزش VAE (بذر صفر)، روی محور لگاریتمی.")
start, end = histories["VAE"][0][0], histories["VAE"][0][-1]
study.say(f"The reconstruction falls from {start['elbo/reconstruction']:.0f} to {end['elbo/reconstruction']:.1f} nats while the KL goes from {start['elbo/kl']:.2f} to {end['elbo/kl']:.1f}: every nat that codes carry about an image is paid for in KL, and is worth it as long as it saves more than one nat of reconstruction. Of a grid of {images:,} equally likely images a code can carry at most ln {images:,} = {log(images):.2f} nats; what the KL has beyond that is mismatch between codes and prior.",
          f"بازسازی از {start['elbo/reconstruction']:.0f} به {end['elbo/reconstruction']:.1f} نات می‌رسد و KL از {start['elbo/kl']:.2f} به {end['elbo/kl']:.1f}: هر ناتی که کد دربارهٔ تصویر حمل می‌کند بهایش در KL پرداخت می‌شود و تا وقتی می‌ارزد که بیش از یک نات از بازسازی کم کند. از شبکه‌ای با {images:,} تصویر هم‌احتمال، کد حداکثر <bdi dir=\"ltr\">ln {images:,} = {log(images):.2f}</bdi> نات حمل می‌کند؛ بیش از آن، ناهماهنگی کدها با پیشین است.")
means, _ = generate(vae, 50)
study.figure(image_grid(means, 5, 10), "vae-samples", "Generated by the VAE: probabilities of the pixels, 5 x 10.", "ساختهٔ VAE: احتمال پیکسل‌ها، ۵ در ۱۰.")
bits = (SampleNoise(1, len(means)).uniform(*means.shape) < means).float()
study.figure(image_grid(bits, 5, 10), "vae-bits", "The same with every pixel drawn: black or white.", "همان‌ها با قرعه برای هر پیکسل: سیاه یا سفید.")

# %% [markdown] lang="en"
# ## Two set points
# Constant set points, Kp = 0.01, Ki = 0.001, $\beta_{\min}$ = 1 and no upper bound, as in the authors' code.
# %% [markdown] lang="fa"
# ## دو مقدار خواسته
# مقدار خواستهٔ ثابت، <bdi dir="ltr">Kp = 0.01</bdi>، <bdi dir="ltr">Ki = 0.001</bdi>، $\beta_{\min}$ برابر ۱ و بدون کران بالا، مانند کد نویسندگان.

# %%
study.figure(curves(histories, ["elbo/kl", "elbo/reconstruction"]), "both",
             "KL and reconstruction of the VAE and of both set points, each in the same axes; one line a seed.",
             "‏KL و بازسازیِ VAE و هر دو مقدار خواسته، هرکدام در یک محور؛ هر خط یک بذر.")
study.figure(curves(histories, ["elbo/beta"], ylabel="beta"), "beta",
             "The weight that the controller found.", "وزنی که کنترل‌کننده یافت.")
plain = float(np.mean([np.mean([line["elbo/kl"] for line in h[-max(1, len(h) // 10):]]) for h in histories["VAE"]]))
rows, errors = [], {}
for title, target in targets.items():
    for run, history in zip(runs[title], histories[title]):
        kl = [line["elbo/kl"] for line in history]
        tail = kl[-max(1, len(kl) // 10):]
        errors.setdefault(title, []).append(float(np.mean(tail)) - target)
        every = history[1]["step"] - history[0]["step"] if len(history) > 1 else 1
        steps = np.repeat(kl, every)  # a line of the history is the mean of so many
        found = control(steps, target, window=100) if len(steps) >= 400 else None
        rows.append([title, run.experiment.seed, float(np.mean(tail)), history[-1]["elbo/beta"], None if found is None else found.settled, None if found is None else found.overshoot, history[-1]["elbo/reconstruction"]])
study.table(study.pick(["model", "seed", "KL, last tenth", "beta at the end", "settled at step", "overshoot, nats", "reconstruction at the end"],
                       ["مدل", "بذر", "KL در یک‌دهم پایانی", "beta پایانی", "گام استقرار", "فراجهش، نات", "بازسازی پایانی"]), rows,
            f"How the controller held its set points. The plain VAE ends at {plain:.2f} nats. Settled: from there the KL, averaged over 100 steps, stays within 5 % of the set point.",
            f"کنترل‌کننده چگونه مقدار خواسته را نگه داشت. VAE ساده در {plain:.2f} نات می‌ایستد. استقرار: از آنجا KL با میانگین ۱۰۰ گام در ۵ درصدِ مقدار خواسته می‌ماند.")
for title, values in errors.items():
    m = mean_interval(values) if len(values) > 1 else None
    study.measure("kl_error", float(np.mean(values)), None if m is None else m.low, None if m is None else m.high, n=len(values), unit="nats/image",
                  protocol="mean KL of the logged batches of the last tenth of training minus the set point, mean over seeds", recipe=titles[title])
study.say(" ".join(reachability(t, plain) for t in targets.values()),
          " ".join(f"مقدار خواستهٔ {t:g} نات در دسترس {'نیست' if t > plain else 'است'}: KL در <bdi dir=\"ltr\">beta = 1</bdi> برابر {plain:.2f} نات است." for t in targets.values()))

# %% [markdown] lang="en"
# ## Reconstruction and samples
# The distance is fd-sprites: the Fréchet distance on features of a small network that reads all four factors, between
# 5,000 samples and always the same 5,000 stored sprites. How such distances are computed, and what they hide, stands in
# the study `fid`; `simorgh evaluate RUN --inception FILE` gives the one of the 2015 network.
# %% [markdown] lang="fa"
# ## بازسازی و نمونه
# فاصله fd-sprites است: فاصلهٔ فرشه روی ویژگی‌های شبکهٔ کوچکی که هر چهار عامل را می‌خواند، میان ۵٬۰۰۰ نمونه و همیشه همان ۵٬۰۰۰ اسپرایتِ
# ذخیره‌شده. شیوهٔ محاسبهٔ چنین فاصله‌هایی و آنچه پنهان می‌کنند در مطالعهٔ `fid` است؛ فاصلهٔ شبکهٔ ۲۰۱۵ را `simorgh evaluate RUN --inception FILE` می‌دهد.

# %%
names = ("reconstruction", "kl", "neg_elbo", "iwae_bound", "fd_sprites")
held = {title: {name: study.results(key, name) for name in names} for title, key in titles.items()}
study.table([study.pick("model", "مدل"), *(name.replace("_", " ") for name in names)], [[title, *(held[title][name] for name in names)] for title in titles],
            "Mean over seeds with 95 % interval; the parts of the bound in nats per image over the 5,000 stored sprites.",
            "میانگین بذرها با بازهٔ ۹۵ درصد؛ جزءهای کران به نات بر تصویر روی ۵٬۰۰۰ اسپرایت ذخیره‌شده.")
for title in targets:
    study.figure(image_grid(generate(runs[title][0], 50)[0], 5, 10), f"{titles[title]}-samples", f"Samples of {title}.", f"نمونه‌های <bdi>{title}</bdi>.")


def gain(name):
    """Set point 14 minus set point 8, paired by seed, with its interval over seeds."""
    values = [[next(m.value for m in run.results() if m.name == name) for run in runs[title]] for title in ("ControlVAE, 14", "ControlVAE, 8")]
    d = [a - b for a, b in zip(*values)]
    return mean_interval(d) if len(d) > 1 else None, float(np.mean(d))


mismatch = {title: forced_mismatch(held[title]["kl"].value, images) for title in titles}
parts = {}
for name in ("reconstruction", "fd_sprites"):
    interval, value = gain(name)
    parts[name] = f"{value:+.3g}" + ("" if interval is None else f" [{interval.low:+.3g}, {interval.high:+.3g}]")
    study.measure(f"{name}_14_minus_8", value, None if interval is None else interval.low, None if interval is None else interval.high, n=len(runs["VAE"]),
                  protocol=f"{name} of set point 14 minus that of 8, paired by seed", recipe="control-vae-14")
better = held["ControlVAE, 14"]["fd_sprites"].value < held["ControlVAE, 8"]["fd_sprites"].value
study.say(
    f"From set point 8 to 14 the reconstruction changes by {parts['reconstruction']} nats and fd-sprites by {parts['fd_sprites']}. More nats in the code can only help reconstruction. Samples are another matter: since codes of {images:,} images carry at most {log(images):.2f} nats, a KL of {held['ControlVAE, 14']['kl'].value:.1f} forces the codes of all images together to differ from the prior by at least {mismatch['ControlVAE, 14']:.2f} nats, a KL of {held['ControlVAE, 8']['kl'].value:.1f} by {mismatch['ControlVAE, 8']:.2f}: draws from the prior then fall where no image lies (a share of at most e^-{mismatch['ControlVAE, 14']:.1f} = {exp(-mismatch['ControlVAE, 14']):.1%} of the prior would be in use if codes filled it evenly). Here the samples of set point {'14' if better else '8'} are the nearer ones to real sprites.",
    f"از مقدار ۸ به ۱۴ بازسازی <bdi dir=\"ltr\">{parts['reconstruction']}</bdi> نات و fd-sprites به اندازهٔ <bdi dir=\"ltr\">{parts['fd_sprites']}</bdi> تغییر می‌کند. ناتِ بیشتر در کد فقط می‌تواند به بازسازی کمک کند. نمونه داستان دیگری است: چون کدهای {images:,} تصویر حداکثر {log(images):.2f} نات حمل می‌کنند، KL برابر {held['ControlVAE, 14']['kl'].value:.1f} کدهای همهٔ تصویرها را ناگزیر دست‌کم {mismatch['ControlVAE, 14']:.2f} نات از پیشین دور می‌کند و KL برابر {held['ControlVAE, 8']['kl'].value:.1f} به اندازهٔ {mismatch['ControlVAE, 8']:.2f}؛ آنگاه قرعه از پیشین به جایی می‌افتد که تصویری نیست (اگر کدها پیشین را یکنواخت پر می‌کردند حداکثر {exp(-mismatch['ControlVAE, 14']):.1%} آن به کار می‌رفت). اینجا نمونه‌های مقدار {'۱۴' if better else '۸'} به اسپرایت واقعی نزدیک‌ترند.",
)

# %% [markdown] lang="en"
# ## Sources
# Shao et al. 2020 (arXiv 2004.05988) and their code; Hoffman & Johnson 2016 ("ELBO surgery"); Matthey et al. 2017
# (dSprites).
# %% [markdown] lang="fa"
# ## منابع
# Shao et al. 2020 (arXiv 2004.05988) و کد آن‌ها؛ Hoffman & Johnson 2016 ("ELBO surgery")؛ Matthey et al. 2017
# (dSprites).
