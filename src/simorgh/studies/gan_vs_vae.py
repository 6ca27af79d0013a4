# ---
# simorgh:
#   title:
#     en: "A GAN against a VAE: who draws the better digit, and who decides?"
#     fa: "GAN در برابر VAE: کدام رقم بهتری می‌کشد، و داور کیست؟"
#   answers: [D5.1, D5.2, D5.3, D5.4, D5.5, D5.6]
#   runs: {vae-dense: 3, gan-dense: 3}
# ---
# %% [markdown] lang="en"
# ## Question
# A dense VAE and a dense GAN learn from the same 50,000 digits. Which of them draws the better new ones? The eye is
# easily bribed by sharp edges, and the GAN's own discriminator is a party; so a judge is trained anew for each.
# %% [markdown] lang="fa"
# ## پرسش
# یک VAE و یک GAN با لایه‌های تمام‌متصل از همان ۵۰٬۰۰۰ رقم می‌آموزند. کدام‌یک رقم تازهٔ بهتری می‌کشد؟ چشم به‌آسانی فریب لبه‌های تیز را
# می‌خورد و تمایزگرِ خود GAN ذی‌نفع است؛ پس برای هرکدام داوری از نو آموزش داده می‌شود.

# %%
import numpy as np
import torch

from simorgh.data import load
from simorgh.evaluate import generate, judge
from simorgh.evaluate.two_sample import two_sample
from simorgh.metrics.frechet import frechet_distance
from simorgh.metrics.prdc import prdc
from simorgh.report.figures import curves, image_grid
from simorgh.studies import _games as games
from simorgh.studies import kit

study = kit.current()
titles = {"VAE": "vae-dense", "GAN": "gan-dense"}
runs = {title: study.runs(key) for title, key in titles.items()}
first = {title: group[0] for title, group in runs.items()}
data = load(first["GAN"].experiment.data)
held_out = data.validation.x.float() / 255
seeds = len(runs["GAN"])
study.warn_if_small()

# %% [markdown] lang="en"
# ## Data and networks
# %% [markdown] lang="fa"
# ## داده و شبکه‌ها

# %%
study.say(
    f"MNIST's training part is cut into {len(data.train):,} images to learn from and {len(data.validation):,} to compare on; grey values in [{data.spec.value_range[0]:g}, {data.spec.value_range[1]:g}]. The test part is not used for any choice.",
    f"بخش آموزش MNIST به {len(data.train):,} تصویر برای آموختن و {len(data.validation):,} تصویر برای مقایسه بریده می‌شود؛ مقدار خاکستری در بازهٔ <bdi dir=\"ltr\">[{data.spec.value_range[0]:g}, {data.spec.value_range[1]:g}]</bdi>. بخش آزمون در هیچ انتخابی به کار نمی‌رود.",
)
rows = []
for title, names in (("VAE", ("encoder", "decoder")), ("GAN", ("generator", "discriminator"))):
    for name in names:
        part = getattr(first[title].model(), name)
        rows.append([f"{title} {name}", kit.widths(part), sum(p.numel() for p in part.parameters())])
study.table(study.pick(["network", "widths", "parameters"], ["شبکه", "پهنای لایه‌ها", "پارامتر"]), rows, "The four dense networks.", "چهار شبکهٔ تمام‌متصل.")

# %% [markdown] lang="en"
# ## Training, pass by pass
# %% [markdown] lang="fa"
# ## آموزش، دور به دور

# %%
study.figure(curves({"VAE": [r.history() for r in runs["VAE"]]}, ["elbo/loss", "valid/loss"], axis="epoch", epoch=len(data.train)), "curves-vae", "VAE: training and validation loss.", "‏VAE: هزینهٔ آموزش و اعتبارسنجی.")
games.players(study, {"GAN": runs["GAN"]}, "gan-dense")
for title, run in first.items():
    shots = [s for s in run.snapshots() if s[0]]
    shots = shots[:: max(1, len(shots) // 10)]
    per_pass = len(data.train) / run.experiment.train.batch_size
    if title == "VAE":
        cells = np.concatenate([np.concatenate([a["originals"][:4], a["reconstructions"][:4]]) for _, a in shots]) / 255
        columns = ["in"] * 4 + ["out"] * 4
    else:
        cells, columns = np.concatenate([a["samples"][:8] for _, a in shots]) / 255, None
    study.figure(image_grid(cells, len(shots), 8, row_labels=[f"{s / per_pass:.0f}" for s, _ in shots], col_labels=columns, ylabel="passes", cell=0.42), f"strip-{title.lower()}",
                 "VAE: four images and their reconstructions along training." if title == "VAE" else "GAN: eight samples from the same noise along training.",
                 "‏VAE: چهار تصویر و بازسازی آن‌ها در طول آموزش." if title == "VAE" else "‏GAN: هشت نمونه از یک نوفهٔ ثابت در طول آموزش.")

# %% [markdown] lang="en"
# ## Side by side
# %% [markdown] lang="fa"
# ## کنار هم

# %%
few = {title: generate(run, 50)[0] for title, run in first.items()}
study.figure(image_grid(torch.cat([x.view(5, 10, 1, 28, 28) for x in (few["VAE"], held_out[:50], few["GAN"])], 1).reshape(150, 1, 28, 28), 5, 30, cell=0.27), "side-by-side",
             "Ten columns each: VAE, real held-out images, GAN. None is selected.", "هرکدام ده ستون: VAE، تصویرهای واقعی کنارگذاشته، GAN. هیچ‌یک برگزیده نیست.")

# %% [markdown] lang="en"
# ## Numbers against the held-out images
# Fréchet distance, precision and coverage on the features of the frozen judge; and a *classifier two-sample test*: a
# new classifier learns "real or drawn" on one half of real held-out and drawn images and answers on the other half.
# Half right means that it cannot tell; the floor row gives it real training images in place of drawn ones.
# %% [markdown] lang="fa"
# ## عددها در برابر تصویرهای کنارگذاشته
# فاصلهٔ فرشه، دقت و پوشش روی ویژگی‌های داور ثابت؛ و *آزمون دونمونه‌ای با رده‌بند*: رده‌بندی تازه روی نیمی از تصویرهای واقعی و ساختگی
# «واقعی یا ساختگی» را می‌آموزد و روی نیم دیگر پاسخ می‌دهد. نیمی درست یعنی نمی‌تواند تشخیص دهد؛ سطر کف به جای ساختگی، تصویر واقعی
# آموزش به او می‌دهد.

# %%
n = 300 if study.small else len(held_out)
tested = min(n, 5000)
real = judge.judged(held_out[:n])[0]


def measured(images, seed):
    features, probabilities = judge.judged(images)
    found = prdc(real, features)
    guess = two_sample(held_out[:tested], images[:tested], seed=seed)
    return {"fd-digits": float(frechet_distance(real, features)), "precision": found.precision, "coverage": found.coverage,
            "smallest class share": float(probabilities.argmax(1).bincount(minlength=10).min()) / len(images), "two-sample accuracy": guess.accuracy.value}


values = {title: [measured(generate(run, n)[0], run.experiment.seed) for run in group] for title, group in runs.items()}
values["floor"] = [measured(data.train.x[:n].float() / 255, 0)]
rows = []
for title, group in values.items():
    row = [title if title != "floor" else study.pick("real training images (floor)", "تصویر واقعی آموزش (کف)")]
    for name in group[0]:
        value, low, high = kit.interval([g[name] for g in group])
        row.append(kit.Cell(f"{value:.3f}" if low is None else f"{value:.3f} ± {(high - low) / 2:.3f}"))
        if title != "floor":
            study.measure(name.replace("-", "_").replace(" ", "_"), value, low, high, n=len(group), protocol=f"{n} samples against {n} held-out MNIST images ({tested} each for the two-sample test, fresh classifier), mean over seeds", recipe=titles[title], floor=values["floor"][0][name])
    rows.append(row)
study.table([study.pick("images", "تصویرها"), *values["GAN"][0]], rows, f"Against {n:,} held-out images, mean of {seeds} seeds ± half of the 95 % interval.", f"در برابر {n:,} تصویر کنارگذاشته، میانگین {seeds} بذر ± نیم‌بازهٔ ۹۵ درصد.")
mean = {title: {name: float(np.mean([g[name] for g in group])) for name in group[0]} for title, group in values.items()}
better = min(("VAE", "GAN"), key=lambda t: mean[t]["fd-digits"])
fooled = min(("VAE", "GAN"), key=lambda t: mean[t]["two-sample accuracy"])
wider = max(("VAE", "GAN"), key=lambda t: mean[t]["coverage"])
study.say(
    f"By the Fréchet distance the {better} is nearer ({mean[better]['fd-digits']:.2f} against {mean['GAN' if better == 'VAE' else 'VAE']['fd-digits']:.2f}, floor {mean['floor']['fd-digits']:.3f}). The fresh judge tells the {fooled}'s images from real ones less surely ({mean[fooled]['two-sample accuracy']:.1%} right against {mean['GAN' if fooled == 'VAE' else 'VAE']['two-sample accuracy']:.1%}; real against real {mean['floor']['two-sample accuracy']:.1%}). The {wider} covers more of the held-out images ({mean[wider]['coverage']:.1%}). "
    "The VAE gives the mean of what a code could mean, so its strokes are soft, which a classifier sees at once; the GAN's strokes are sharp, and it pays in variety. Neither comes near the floor: a classifier with a minute of training unmasks both.",
    f"با فاصلهٔ فرشه <bdi>{better}</bdi> نزدیک‌تر است ({mean[better]['fd-digits']:.2f} در برابر {mean['GAN' if better == 'VAE' else 'VAE']['fd-digits']:.2f}، کف {mean['floor']['fd-digits']:.3f}). داور تازه تصویرهای <bdi>{fooled}</bdi> را با اطمینان کمتری از واقعی جدا می‌کند ({mean[fooled]['two-sample accuracy']:.1%} درست در برابر {mean['GAN' if fooled == 'VAE' else 'VAE']['two-sample accuracy']:.1%}؛ واقعی در برابر واقعی {mean['floor']['two-sample accuracy']:.1%}). <bdi>{wider}</bdi> بخش بیشتری از تصویرهای کنارگذاشته را می‌پوشاند ({mean[wider]['coverage']:.1%}). "
    "‏VAE میانگین آنچه یک کد می‌تواند معنا دهد را می‌کشد و خطش نرم است و رده‌بند این را فوراً می‌بیند؛ خط GAN تیز است و بهایش را با تنوع می‌پردازد. هیچ‌یک به کف نزدیک نمی‌شود: رده‌بندی با یک دقیقه آموزش هر دو را می‌شناسد.",
)

# %% [markdown] lang="en"
# ## Sources
# Kingma & Welling 2013 (arXiv 1312.6114); Goodfellow et al. 2014 (arXiv 1406.2661); Lopez-Paz & Oquab 2017
# (arXiv 1610.06545), the classifier two-sample test.
# %% [markdown] lang="fa"
# ## منابع
# Kingma & Welling 2013 (arXiv 1312.6114)؛ Goodfellow et al. 2014 (arXiv 1406.2661)؛ Lopez-Paz & Oquab 2017
# (arXiv 1610.06545)، آزمون دونمونه‌ای با رده‌بند.
