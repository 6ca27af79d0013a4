# ---
# simorgh:
#   title:
#     en: "WGAN: does the critic's loss say how good the samples are?"
#     fa: "WGAN: آیا هزینهٔ منتقد کیفیت نمونه‌ها را نشان می‌دهد؟"
#   answers: [B3.2, B3.3, D2.0]
#   runs: {gan: 3, wgan: 3, wgan-gp: 3}
# ---
# %% [markdown] lang="en"
# ## Question
# The Wasserstein GAN promises a loss that follows the quality of the samples, and a steadier game (Arjovsky et al.
# 2017, section 4). With the same players and the same data: does its estimate follow the distance of the samples more
# closely than the losses of a GAN do, and are its samples better?
# %% [markdown] lang="fa"
# ## پرسش
# ‏WGAN وعده می‌دهد که هزینه‌اش با کیفیت نمونه‌ها همراه باشد و بازی پایدارتر شود (Arjovsky و همکاران، ۲۰۱۷، بخش ۴). با همان بازیکنان و
# همان داده: آیا برآورد آن فاصلهٔ نمونه‌ها را نزدیک‌تر از هزینه‌های GAN دنبال می‌کند، و آیا نمونه‌هایش بهترند؟

# %%
import numpy as np

from simorgh.studies import _games as games
from simorgh.studies import kit

study = kit.current()
titles = {"GAN": "gan", "WGAN": "wgan", "WGAN-GP": "wgan-gp"}
runs = {title: study.runs(key) for title, key in titles.items()}
seeds = len(runs["GAN"])
study.warn_if_small()

# %% [markdown] lang="en"
# ## What changes in the code
# Three lines of loss, a clip, and a calendar. With scores $D(x)$ without a sigmoid
#
# $$ L_D = \frac1m \sum D(G(z_i)) - \frac1m \sum D(x_i), \qquad L_G = -\frac1m \sum D(G(z_i)), \qquad
# w \leftarrow \mathrm{clip}(w, -c, c). $$
#
# - **WGAN**: $c = 0.01$ after every critic step (so that no loss sees an unclipped critic), RMSprop at $5 \cdot 10^{-5}$
#   without momentum, five critic steps to one of the generator, a hundred during its first 25 steps and at every 500th.
# - **WGAN-GP**: no clip; instead $\lambda\,\mathbb E(\lVert \nabla D(\hat x) \rVert - 1)^2$ with $\lambda = 10$ on points
#   between real and fake images, Adam.
# - $-L_D$ is the *estimate*: at most $K\,W_1$ for a $K$-Lipschitz critic. Its unit is the score, so levels of two
#   models cannot be compared, only how each moves. For the GAN the estimate is $\log 2 - L_D/2$, a bound on the
#   Jensen-Shannon divergence.
# %% [markdown] lang="fa"
# ## چه چیزی در کد تغییر می‌کند
# سه خط هزینه، یک برش و یک تقویم. با نمره‌های $D(x)$ بدون سیگموید
#
# $$ L_D = \frac1m \sum D(G(z_i)) - \frac1m \sum D(x_i), \qquad L_G = -\frac1m \sum D(G(z_i)), \qquad
# w \leftarrow \mathrm{clip}(w, -c, c). $$
#
# - **WGAN**: برش با $c = 0.01$ پس از هر گام منتقد (تا هیچ هزینه‌ای منتقدِ بریده‌نشده نبیند)، RMSprop با نرخ $5 \cdot 10^{-5}$ و بدون
#   تکانه، پنج گام منتقد برای هر گام مولد و صد گام در ۲۵ گام نخست مولد و هر پانصدمین گام آن.
# - **WGAN-GP**: بدون برش؛ به جای آن جریمهٔ $\lambda\,\mathbb E(\lVert \nabla D(\hat x) \rVert - 1)^2$ با $\lambda = 10$ در نقطه‌هایی میان
#   تصویر واقعی و ساختگی، با Adam.
# - مقدار $-L_D$ همان *برآورد* است: برای منتقد $K$-لیپشیتس حداکثر $K\,W_1$. یکای آن نمره است؛ پس سطح دو مدل را نمی‌توان مقایسه کرد و
#   فقط روند هرکدام معنا دارد. برای GAN برآورد $\log 2 - L_D/2$ است که واگرایی ینسن-شانون را از پایین کران می‌زند.

# %%
rows = []
for title, group in runs.items():
    e, history = group[0].experiment, group[0].history()
    moves = sum("generator/loss" in line for line in history)
    steps = history[-1]["step"]
    due = sum(group[0].model().objectives()[1].due(step) for step in range(steps))
    o = e.train.optimiser
    rows.append([title, kit.ltr(f"{o.kind}, {o.lr:g}" + (f", betas {o.betas}" if o.kind == "adam" else "")), steps, due, f"{e.train.epochs:g}"])
study.table(study.pick(["model", "optimiser", "critic steps", "generator steps", "passes of the critic"], ["مدل", "بهینه‌ساز", "گام‌های منتقد", "گام‌های مولد", "دور منتقد"]), rows,
            "Settings as trained. The three were given about the same time, not the same number of steps.", "تنظیم‌ها. به هر سه تقریباً زمان برابر داده شد، نه تعداد گام برابر.")
box = max(float(p.abs().max()) for run in runs["WGAN"] for p in run.model().discriminator.parameters())
model = runs["WGAN"][0].experiment.model
assert box <= model.clip + 1e-6
phases = study.pick("with the long phases", "با مرحله‌های بلند") if model.long_phases else study.pick("without the long phases", "بدون مرحله‌های بلند")
study.say(f"Trained here: c = {model.clip:g}, {phases}; the published settings are those of the `paper` preset, which needs hours. The largest weight of a trained critic is {box:.4g}: the box holds.",
          f"آنچه اینجا آموزش دید: <bdi dir=\"ltr\">c = {model.clip:g}</bdi>، {phases}؛ تنظیم‌های مقاله در اندازهٔ `paper` است که ساعت‌ها زمان می‌خواهد. بزرگ‌ترین وزن منتقدِ آموزش‌دیده {box:.4g} است: جعبه سر جایش است.")

# %% [markdown] lang="en"
# ## Training
# %% [markdown] lang="fa"
# ## آموزش

# %%
for title in titles:
    games.players(study, {title: runs[title]}, titles[title])

# %% [markdown] lang="en"
# ## Three stages
# %% [markdown] lang="fa"
# ## سه مرحله

# %%
games.stages(study, runs["WGAN"][0], "WGAN")
games.stages(study, runs["WGAN-GP"][0], "WGAN-GP")

# %% [markdown] lang="en"
# ## Does the loss follow the samples?
# At every snapshot fd-digits is taken between its samples (of the weights as they are, not of their average) and the
# same test images, and set against the mean of each loss since the snapshot before. Spearman's rank correlation asks
# only whether both move together.
# %% [markdown] lang="fa"
# ## آیا هزینه با نمونه‌ها همراه است؟
# در هر عکس‌برداری، fd-digits میان نمونه‌ها (از وزن‌های همان لحظه، نه میانگین آن‌ها) و همان تصویرهای آزمون حساب می‌شود و در برابر میانگین
# هر هزینه از عکس قبلی تا آن لحظه قرار می‌گیرد. همبستگی رتبه‌ای اسپیرمن فقط می‌پرسد که آیا این دو با هم حرکت می‌کنند.

# %%
moments = games.follow(runs)
estimates = dict.fromkeys(titles, "discriminator/estimate")
study.figure(games.against_distance(moments, estimates, {"GAN": "log 2 - L_D / 2", "WGAN": "-L_D", "WGAN-GP": "estimate of W₁"}), "follows",
             "The critic's estimate against the distance of the samples at the same time, from the first snapshot to the last.",
             "برآورد منتقد در برابر فاصلهٔ نمونه‌ها در همان زمان، از نخستین عکس تا آخرین.")
signals = {
    ("GAN", "estimate"): "discriminator/estimate", ("GAN", "generator loss"): "generator/loss",
    ("WGAN", "estimate"): "discriminator/estimate", ("WGAN", "generator loss"): "generator/loss",
    ("WGAN-GP", "estimate"): "discriminator/estimate", ("WGAN-GP", "generator loss"): "generator/loss",
}
rho = {}
for (title, what), key in signals.items():
    present = {title: [[m for m in run if key in m.history] for run in moments[title]]}
    rho[title, what] = games.correlations(present, {title: key})[title]
rows = []
for (title, what), values in rho.items():
    value, low, high = kit.interval(values)
    low, high = (None, None) if low is None else (max(low, -1.0), min(high, 1.0))  # no correlation lies outside
    count = sum(len(run) for run in moments[title])
    if np.isfinite(value):
        study.measure("loss_distance_correlation", value, low, high, n=len(values), protocol=f"Spearman correlation of the {what} of {title} with fd-digits over the snapshots of a run, mean over seeds", recipe=titles[title])
    rows.append([title, what, kit.Cell(f"{value:.3f}" if low is None else f"{value:.3f} [{low:.3f}, {high:.3f}]"), kit.ltr(", ".join(f"{v:.2f}" for v in values)), count])
study.table(study.pick(["model", "signal", "rank correlation with fd-digits", "each seed", "snapshots"], ["مدل", "نشانه", "همبستگی رتبه‌ای با fd-digits", "هر بذر", "عکس‌ها"]), rows,
            f"Mean over {seeds} seeds with the 95 % Student interval. One would mean: the signal ranks the snapshots as the distance does.",
            f"میانگین {seeds} بذر با بازهٔ ۹۵ درصد استیودنت. مقدار یک یعنی نشانه، عکس‌ها را مانند فاصله رتبه‌بندی می‌کند.")
differences = {}
for title in ("WGAN", "WGAN-GP"):
    for what in ("estimate", "generator loss"):
        d = [a - b for a, b in zip(rho[title, "estimate"], rho["GAN", what])]
        differences[title, what] = kit.interval(d)
        if np.isfinite(differences[title, what][0]):
            value, low, high = differences[title, what]
            study.measure("correlation_gain", value, low, high, n=len(d), protocol=f"correlation of the estimate of {title} with fd-digits minus that of the {what} of the GAN, paired by seed", recipe=titles[title])


def verdict(title, what):
    value, low, high = differences[title, what]
    sure = low is not None and (low > 0 or high < 0)
    text = f"{value:+.2f}" + ("" if low is None else f" [{low:+.2f}, {high:+.2f}]")
    en = "more closely" if value > 0 else "less closely"
    fa = "نزدیک‌تر" if value > 0 else "دورتر"
    return text, en, fa, "" if sure else ", an interval that holds zero", "" if sure else "، بازه صفر را در بر دارد"


lines = {(t, w): verdict(t, w) for t in ("WGAN", "WGAN-GP") for w in ("estimate", "generator loss")}
study.say(
    "The claim, measured: " + "; ".join(f"the estimate of {t} follows the distance {lines[t, w][1]} than the GAN's {w if w != 'estimate' else 'own estimate'} ({lines[t, w][0]}{lines[t, w][3]})" for t, w in lines)
    + ". The GAN's generator loss is the signal that a beginner watches; its estimate is the one the theory of the GAN offers. A correlation with so many snapshots from one descent is flattered by the descent itself: both fall from start to end. What counts is the comparison under one protocol.",
    "ادعا، با اندازه‌گیری: " + "؛ ".join(f"برآورد <bdi>{t}</bdi> فاصله را {lines[t, w][2]} از {'هزینهٔ مولد' if w != 'estimate' else 'برآورد خود'} GAN دنبال می‌کند (<bdi dir=\"ltr\">{lines[t, w][0]}</bdi>{lines[t, w][4]})" for t, w in lines)
    + ". هزینهٔ مولدِ GAN نشانه‌ای است که تازه‌کار به آن نگاه می‌کند و برآوردش همان است که نظریهٔ GAN پیشنهاد می‌کند. همبستگی روی عکس‌های یک فرود از خودِ فرود سود می‌برد، چون هر دو از آغاز تا پایان پایین می‌آیند؛ آنچه به حساب می‌آید مقایسه با یک قرارداد است.",
)

# %% [markdown] lang="en"
# ## Is the game steadier?
# %% [markdown] lang="fa"
# ## آیا بازی پایدارتر است؟

# %%
rows = []
for title, group in moments.items():
    late = [[m.distance for m in run[len(run) // 2 :]] for run in group]
    rise = [float(np.mean([max(0.0, b / a - 1) for a, b in zip(run, run[1:])])) if len(run) > 1 else float("nan") for run in late]
    ends = [run[-1] for run in late]
    rows.append([title, kit.Cell(", ".join(f"{v:.2f}" for v in ends)), kit.Cell(f"{max(ends) / min(ends):.2f}"), kit.Cell(f"{100 * np.mean(rise):.1f} %")])
study.table(study.pick(["model", "fd-digits at the end, each seed", "worst seed over best", "mean setback between snapshots, second half"], ["مدل", "fd-digits پایانی هر بذر", "بدترین بذر به بهترین", "پسرفت میانگین میان عکس‌ها، نیمهٔ دوم"]), rows,
            "Raw weights against the same 2,000 test images: larger numbers than with 10,000, by the bias of the distance.", "وزن‌های بی‌میانگین در برابر همان ۲٬۰۰۰ تصویر آزمون: به سبب اریبی فاصله، عددها از حالت ۱۰٬۰۰۰تایی بزرگ‌ترند.")

# %% [markdown] lang="en"
# ## Distance to real digits
# %% [markdown] lang="fa"
# ## فاصله تا رقم واقعی

# %%
held = games.quality(study, titles)
games.verdicts(study, titles)
order = sorted(held, key=lambda t: held[t]["fd_digits"].value)
study.say(
    f"By fd-digits the order is {', '.join(order)}. This is at equal time on a small machine, with one setting each: in a search over settings with a hundred times the computation (Lucic et al. 2018) the clipped WGAN and the non-saturating GAN ended level on MNIST, and WGAN-GP behind both. A clipped critic is a slow one, and its generator moves once in several steps; an order at a fixed budget is an order of speeds as much as of ends.",
    f"ترتیب بر پایهٔ fd-digits: <bdi>{', '.join(order)}</bdi>. این ترتیب در زمان برابر روی ماشینی کوچک و با یک تنظیم برای هرکدام است: در جست‌وجویی با صد برابر محاسبه (Lucic و همکاران، ۲۰۱۸) WGAN بریده و GAN اشباع‌ناپذیر روی MNIST برابر شدند و WGAN-GP پشت سر هر دو ماند. منتقدِ بریده کند است و مولدش از هر چند گام یک بار حرکت می‌کند؛ ترتیب با بودجهٔ ثابت همان‌قدر ترتیب سرعت‌هاست که ترتیب پایان‌ها.",
)

# %% [markdown] lang="en"
# ## Sources
# Arjovsky, Chintala & Bottou 2017 (arXiv 1701.07875) and the authors' code; Gulrajani et al. 2017 (arXiv 1704.00028);
# Lucic et al. 2018 (arXiv 1711.10337). Which fault of the GAN the Wasserstein distance cures is shown in `divergences`.
# %% [markdown] lang="fa"
# ## منابع
# Arjovsky, Chintala & Bottou 2017 (arXiv 1701.07875) و کد نویسندگان؛ Gulrajani et al. 2017 (arXiv 1704.00028)؛
# Lucic et al. 2018 (arXiv 1711.10337). این‌که فاصلهٔ واسرشتاین کدام ایراد GAN را درمان می‌کند در `divergences` آمده است.
