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
from simorgh.studies import _game_quality as standing
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
rows, called = [], {"encoder": "رمزگذار", "decoder": "رمزگشا", "generator": "مولد", "discriminator": "تمایزگر"}
for title, names in (("VAE", ("encoder", "decoder")), ("GAN", ("generator", "discriminator"))):
    for name in names:
        part = getattr(first[title].model(), name)
        rows.append([study.pick(f"{title} {name}", f"{called[name]} {title}"), kit.widths(part), sum(p.numel() for p in part.parameters())])
study.table(study.pick(["network", "widths", "parameters"], ["شبکه", "پهنای لایه‌ها", "پارامتر"]), rows, "The four dense networks.", "چهار شبکهٔ تمام‌متصل.")

# %% [markdown] lang="en"
# ## Settings, asked and here
# %% [markdown] lang="fa"
# ## تنظیم‌ها، خواسته و این‌جا

# %%
train = {title: run.experiment.train for title, run in first.items()}
took = {title: kit.interval([run.history()[-1]["seconds"] for run in group]) for title, group in runs.items()}
for title, (value, low, high) in took.items():
    study.measure("training_seconds", value, None if low is None else max(0.0, low), high, n=seeds, unit="s", protocol="wall-clock time of a training, other work of the machine included, mean over seeds", recipe=titles[title])
rules = {"VAE": train["VAE"].optimiser, "GAN": games.player_rule(first["GAN"], "generator")}
assert games.player_rule(first["GAN"], "discriminator") == rules["GAN"], "the table has one column for both players"
path = {"constant": study.pick("constant", "ثابت"), "cosine": study.pick("falls as a cosine to 0", "کسینوسی تا صفر")}
asked_passes, asked_rates = 100, {"VAE": 1e-4, "GAN": 3e-4}
assert all(rules[title].lr == rate for title, rate in asked_rates.items())
free = study.pick("not said", "گفته نشده")
last = {title: study.pick("best pass by validation loss", "بهترین دور با هزینهٔ اعتبارسنجی") if t.keep == "best" else study.pick(f"average, half-life {t.ema_half_life:,.0f} images", f"میانگین، نیمه‌عمر {t.ema_half_life:,.0f} تصویر") if t.ema_half_life else study.pick("last", "آخرین") for title, t in train.items()}
study.table(
    study.pick(["setting", "asked", "VAE here", "GAN here"], ["تنظیم", "خواسته", "‏VAE این‌جا", "‏GAN این‌جا"]),
    [
        [study.pick("passes", "دور"), f"{asked_passes}", *(f"{t.epochs:g}" for t in train.values())],
        [study.pick("pictures along training", "تصویر در طول آموزش"), study.pick("after every pass", "پس از هر دور"), *(study.pick(f"{t.snapshots}, evenly", f"{t.snapshots} بار با فاصلهٔ برابر") for t in train.values())],
        [study.pick("rate", "نرخ"), kit.ltr(", ".join(f"{rate:g} ({title})" for title, rate in asked_rates.items())), *(study.pick(f"{o.lr:g}, {path.get(o.schedule, o.schedule)}", f"{o.lr:g}، {path.get(o.schedule, o.schedule)}") for o in rules.values())],
        [study.pick("optimiser and betas", "بهینه‌ساز و ضریب‌ها"), free, *(kit.ltr(f"{o.kind}, {o.betas[0]:g} and {o.betas[1]:g}") for o in rules.values())],
        [study.pick("batch", "دسته"), free, *(str(t.batch_size) for t in train.values())],
        [study.pick("weights kept", "وزن‌های نگه‌داشته"), free, *last.values()],
        [study.pick("seconds, mean over seeds", "ثانیه، میانگین بذرها"), "–", *(f"{value:,.0f}" for value, *_ in took.values())],
    ],
    "What the assignment asks and what was trained here, read from the runs. Both players of the GAN have the same optimiser. The seconds are wall-clock time, other work of the machine included.",
    "آنچه تمرین می‌خواهد و آنچه این‌جا آموزش دید، خوانده از خود اجراها. هر دو بازیکن GAN یک بهینه‌ساز دارند. ثانیه‌ها زمان ساعت دیواری‌اند و کارهای دیگر ماشین هم در آن است.",
)
longer = (", which need not be better: the one GAN that was trained so long collapsed (results/paper/gan-dense.json in the repository)",
          f"، که لزوماً بهتر نیست: تنها آموزشِ GAN که چنین دراز بود به فروپاشی رسید ({kit.ltr('results/paper/gan-dense.json')} در مخزن)")
short_by = [title for title, t in train.items() if t.epochs < asked_passes]
study.say(
    f"The assignment asks for {asked_passes} passes at the rate 1e-4 (VAE) and 3e-4 (GAN) with pictures after every pass. "
    + (f"This size trains {' and '.join(f'the {title} for {train[title].epochs:g}' for title in short_by)}, so its numbers are those of short trainings; the `paper` preset trains {asked_passes}{longer[0] if 'GAN' in short_by else ''}. " if short_by else "That many are trained here. ")
    + (f"The rate asked for is where the {' and the '.join(t for t in rules if rules[t].schedule != 'constant')} begins, not a constant." if any(o.schedule != "constant" for o in rules.values()) else ""),
    f"تمرین {asked_passes} دور با نرخ {kit.ltr('1e-4')} (VAE) و {kit.ltr('3e-4')} (GAN) و تصویر پس از هر دور می‌خواهد. "
    + (f"این اندازه {' و '.join(f'{title} را {train[title].epochs:g} دور' for title in short_by)} آموزش می‌دهد، پس عددهایش از آموزشی کوتاه‌اند؛ اندازهٔ `paper` همان {asked_passes} دور را می‌رود{longer[1] if 'GAN' in short_by else ''}. " if short_by else "این‌جا همین تعداد دور آموزش دیده است. ")
    + (f"نرخ خواسته‌شده نقطهٔ آغاز {' و '.join(t for t in rules if rules[t].schedule != 'constant')} است، نه مقداری ثابت." if any(o.schedule != "constant" for o in rules.values()) else ""),
)

# %% [markdown] lang="en"
# ## Training, pass by pass
# %% [markdown] lang="fa"
# ## آموزش، دور به دور

# %%
study.figure(curves({"VAE": [r.history() for r in runs["VAE"]]}, ["elbo/loss", "valid/loss"], axis="epoch", epoch=len(data.train)), "curves-vae", "VAE: training and validation loss.", "‏VAE: هزینهٔ آموزش و اعتبارسنجی.")
games.players(study, {"GAN": runs["GAN"]}, "gan-dense")
games.stages(study, first["GAN"], "GAN")
most = 25  # passes in one figure
for title, run in first.items():
    every = [s for s in run.snapshots() if s[0]]
    per_pass = len(data.train) / run.experiment.train.batch_size
    for part, start in enumerate(range(0, len(every), most), 1):
        shots = every[start : start + most]
        if title == "VAE":
            cells = np.concatenate([np.concatenate([a["originals"][:4], a["reconstructions"][:4]]) for _, a in shots]) / 255
            columns = ["in"] * 4 + ["out"] * 4
        else:
            cells, columns = np.concatenate([a["samples"][:8] for _, a in shots]) / 255, None
        study.figure(image_grid(cells, len(shots), 8, row_labels=[f"{s / per_pass:.0f}" for s, _ in shots], col_labels=columns, ylabel="passes", cell=0.42), f"strip-{title.lower()}" + (f"-{part}" if part > 1 else ""),
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
# Half right means that it cannot tell; the floor row gives it real training images in place of drawn ones. *Grey of
# the ink* is the share of pixels between 0.1 and 0.9 among those above 0.1: soft strokes are grey, sharp ones black.
# %% [markdown] lang="fa"
# ## عددها در برابر تصویرهای کنارگذاشته
# فاصلهٔ فرشه، دقت و پوشش روی ویژگی‌های داور ثابت؛ و *آزمون دونمونه‌ای با رده‌بند*: رده‌بندی تازه روی نیمی از تصویرهای واقعی و ساختگی
# «واقعی یا ساختگی» را می‌آموزد و روی نیم دیگر پاسخ می‌دهد. نیمی درست یعنی نمی‌تواند تشخیص دهد؛ سطر کف به جای ساختگی، تصویر واقعی
# آموزش به او می‌دهد. *خاکستری جوهر* سهم پیکسل‌های میان ۰٫۱ و ۰٫۹ در پیکسل‌های بالای ۰٫۱ است: خط نرم خاکستری است و خط تیز سیاه.

# %%
n = 300 if study.small else len(held_out)
tested = min(n, 5000)
real = judge.judged(held_out[:n])[0]


def measured(images, seed):
    features, probabilities = judge.judged(images)
    found = prdc(real, features)
    guess = two_sample(held_out[:tested], images[:tested], seed=seed)
    return {"fd-digits": float(frechet_distance(real, features)), "precision": found.precision, "coverage": found.coverage,
            "smallest class share": float(probabilities.argmax(1).bincount(minlength=10).min()) / len(images), "grey of the ink": float(((images > 0.1) & (images < 0.9)).sum() / (images > 0.1).sum()), "two-sample accuracy": guess.accuracy.value}


values = {title: [measured(generate(run, n)[0], run.experiment.seed) for run in group] for title, group in runs.items()}
values["floor"] = [measured(data.train.x[:n].float() / 255, 0)]
rows, held = [], {"VAE": {}, "GAN": {}}
for title, group in values.items():
    row = [title if title != "floor" else study.pick("real training images (floor)", "تصویر واقعی آموزش (کف)")]
    for name in group[0]:
        value, low, high = kit.interval([g[name] for g in group])
        row.append(kit.Cell(f"{value:.3f}" if low is None else f"{value:.3f} ± {(high - low) / 2:.3f}"))
        if title != "floor":
            held[title][name] = study.measure(name.replace("-", "_").replace(" ", "_"), value, low, high, n=len(group), protocol=f"{n} samples against {n} held-out MNIST images ({tested} each for the two-sample test, fresh classifier), mean over seeds", recipe=titles[title], floor=values["floor"][0][name])
    rows.append(row)
study.table([study.pick("images", "تصویرها"), *values["GAN"][0]], rows, f"Against {n:,} held-out images, mean of {seeds} seeds ± half of the 95 % interval.", f"در برابر {n:,} تصویر کنارگذاشته، میانگین {seeds} بذر ± نیم‌بازهٔ ۹۵ درصد.")
standing.verdicts(study, titles)
floor = values["floor"][0]
sides = {name: standing.compare(held["VAE"][name], held["GAN"][name]) for name in held["VAE"]}
smaller = {name: {-1: "VAE", 1: "GAN", 0: None}[side] for name, side in sides.items()}
larger = {name: {-1: "GAN", 1: "VAE", 0: None}[side] for name, side in sides.items()}


def pair(name, lead, form):
    """The two values of a measure, that of `lead` first; the VAE's where none leads."""
    a, b = ("GAN", "VAE") if lead == "GAN" else ("VAE", "GAN")
    en, fa = (f"{kit.ltr(format(held[a][name].value, form))} {word} {kit.ltr(format(held[b][name].value, form))}" for word in ("against", "در برابر"))
    return study.pick(en, fa)


real = {name: kit.ltr(f"{value:.1%}") for name, value in floor.items()}
near, fooled, covers = smaller["fd-digits"], smaller["two-sample accuracy"], larger["coverage"]
poor, soft = smaller["smallest class share"], larger["grey of the ink"]
fd, accuracy, cover, rarest, grey = (pair(*given) for given in (("fd-digits", near, ".2f"), ("two-sample accuracy", fooled, ".1%"), ("coverage", covers, ".1%"), ("smallest class share", poor, ".1%"), ("grey of the ink", soft, ".1%")))
alike = ("(VAE first; the intervals overlap)", "(نخست VAE؛ بازه‌ها هم‌پوشانی دارند)") if seeds > 1 else ("(VAE first; one seed has no interval)", "(نخست VAE؛ یک بذر بازه ندارد)")
caught = min(held[t]["two-sample accuracy"].value for t in held)
study.say(
    (f"By the Fréchet distance the {near} is nearer ({fd}" if near else f"By the Fréchet distance the two cannot be told apart: {fd} {alike[0]} (") + f"{', ' if near else ''}floor {floor['fd-digits']:.3f}). "
    + (f"The fresh judge tells the {fooled}'s images from real ones less often: {accuracy} right. " if fooled else f"The fresh judge does not tell the images of one from real ones more surely than those of the other: {accuracy} right {alike[0]}. ")
    + f"With real against real it is right in {real['two-sample accuracy']}. "
    + (f"The {covers} covers more of the held-out images, {cover}. " if covers else f"Neither covers more of the held-out images: {cover} {alike[0]}. ")
    + (f"The rarest digit has a smaller share of the {poor}'s images, {rarest}" if poor else f"The shares of the rarest digit are {rarest} {alike[0]}") + f" (real {real['smallest class share']}). "
    + (f"The ink of the {soft} is the greyer, {grey}" if soft else f"The grey of the ink is {grey} {alike[0]}") + f" (real {real['grey of the ink']}).\n\n"
    + ("A VAE draws the mean of all that a code could mean, and a mean is soft. " if soft == "VAE" else "")
    + ("The GAN's strokes are sharper and its variety is smaller, as the share of its rarest digit says. " if soft == "VAE" and poor == "GAN" else "")
    + ("That it covers more all the same is no contradiction: coverage counts real images that have a sample close by, which sharp digits of the classes it does draw provide, and does not ask how often each class is drawn. " if covers == poor == "GAN" else "")
    + (f"Neither comes near the floor: the fresh judge unmasks both, in at least {kit.ltr(f'{caught:.1%}')} of cases." if caught > 0.9 else f"The fresh judge is right in at least {kit.ltr(f'{caught:.1%}')} of cases."),
    (f"با فاصلهٔ فرشه <bdi>{near}</bdi> نزدیک‌تر است ({fd}" if near else f"با فاصلهٔ فرشه این دو بازشناختنی نیستند: {fd} {alike[1]} (") + f"{'، ' if near else ''}کف {floor['fd-digits']:.3f}). "
    + (f"داور تازه تصویرهای <bdi>{fooled}</bdi> را کمتر از واقعی جدا می‌کند: {accuracy} درست. " if fooled else f"داور تازه تصویرهای یکی را با اطمینان بیشتری از دیگری از واقعی جدا نمی‌کند: {accuracy} درست {alike[1]}. ")
    + f"با واقعی در برابر واقعی {real['two-sample accuracy']} درست می‌گوید. "
    + (f"<bdi>{covers}</bdi> بخش بیشتری از تصویرهای کنارگذاشته را می‌پوشاند، {cover}. " if covers else f"هیچ‌یک بخش بیشتری از تصویرهای کنارگذاشته را نمی‌پوشاند: {cover} {alike[1]}. ")
    + (f"سهم کمیاب‌ترین رقم در تصویرهای <bdi>{poor}</bdi> کمتر است، {rarest}" if poor else f"سهم کمیاب‌ترین رقم {rarest} است {alike[1]}") + f" (واقعی {real['smallest class share']}). "
    + (f"جوهر <bdi>{soft}</bdi> خاکستری‌تر است، {grey}" if soft else f"خاکستری جوهر {grey} است {alike[1]}") + f" (واقعی {real['grey of the ink']}).\n\n"
    + ("‏VAE میانگین همهٔ معناهای ممکنِ یک کد را می‌کشد، و میانگین نرم است. " if soft == "VAE" else "")
    + ("خط GAN تیزتر و تنوعش کمتر است؛ سهم کمیاب‌ترین رقم این را می‌گوید. " if soft == "VAE" and poor == "GAN" else "")
    + ("این‌که با این همه بیشتر می‌پوشاند تناقض نیست: پوشش تصویرهای واقعی‌ای را می‌شمارد که نمونه‌ای در نزدیکی خود دارند، و رقم‌های تیز در رده‌هایی که می‌کشد این را فراهم می‌کنند؛ پوشش نمی‌پرسد هر رده چند بار کشیده شده است. " if covers == poor == "GAN" else "")
    + (f"هیچ‌یک به کف نزدیک نمی‌شود: داور تازه هر دو را دست‌کم در {kit.ltr(f'{caught:.1%}')} موارد می‌شناسد." if caught > 0.9 else f"داور تازه دست‌کم در {kit.ltr(f'{caught:.1%}')} موارد درست می‌گوید."),
)

# %% [markdown] lang="en"
# ## Sources
# Kingma & Welling 2013 (arXiv 1312.6114); Goodfellow et al. 2014 (arXiv 1406.2661); Lopez-Paz & Oquab 2017
# (arXiv 1610.06545), the classifier two-sample test.
# %% [markdown] lang="fa"
# ## منابع
# Kingma & Welling 2013 (arXiv 1312.6114)؛ Goodfellow et al. 2014 (arXiv 1406.2661)؛ Lopez-Paz & Oquab 2017
# (arXiv 1610.06545)، آزمون دونمونه‌ای با رده‌بند.
