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

# %% [markdown] lang="en"
# ## Assumptions
# - The three models have the players of tables 2 and 3; only loss, clip or penalty, optimiser and calendar differ.
# - Each model has one setting, not the best of a search, and its own length: neither steps nor time are equal.
# - Distances along training are of the weights as they were; grids and the table of quality are of the averaged
#   generator, its batch statistics taken anew. All are fd-digits, on features of this laboratory's classifier of digits.
# - Intervals are Student's over seeds; where two overlap, nothing is said about which is better.
# %% [markdown] lang="fa"
# ## فرض‌ها
# - هر سه مدل بازیکنان جدول‌های ۲ و ۳ را دارند؛ تنها هزینه، برش یا جریمه، بهینه‌ساز و تقویم فرق می‌کند.
# - هر مدل یک تنظیم دارد، نه بهترینِ یک جست‌وجو، و طول آموزش خود را: نه گام‌ها برابرند و نه زمان.
# - فاصله‌های طول آموزش از وزن‌های همان لحظه‌اند؛ تصویرهای سه مرحله و جدول کیفیت از مولدِ میانگین‌گرفته‌اند که آماره‌های دسته‌اش از نو
#   محاسبه شده است. همه fd-digits هستند، روی ویژگی‌های رده‌بند رقم همین آزمایشگاه.
# - بازه‌ها بازهٔ استیودنت روی بذرها هستند؛ هر جا دو بازه هم‌پوشانی دارند گفته نمی‌شود کدام بهتر است.

# %%
import numpy as np

from simorgh.models.wgan import WGANConfig
from simorgh.models.wgan_gp import WGANGPConfig
from simorgh.studies import _game_quality as standing
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
seconds = games.settings(study, runs)
box = max(float(p.abs().max()) for run in runs["WGAN"] for p in run.model().discriminator.parameters())
model = runs["WGAN"][0].experiment.model
assert box <= model.clip + 1e-6
penalised = runs["WGAN-GP"][0].experiment.model
published, published_gp = WGANConfig(), WGANGPConfig()
phases = study.pick("with the long phases", "با مرحله‌های بلند") if model.long_phases else study.pick("without the long phases", "بدون مرحله‌های بلند")
slow, fast = (pick(seconds, key=lambda t: seconds[t].value) for pick in (max, min))
times = {t: f"{m.value:,.0f} s" for t, m in seconds.items()}
study.say(
    f"Trained here: for WGAN c = {model.clip:g} (published {published.clip:g}), {phases} (published with them), {model.critic_steps} critic steps to one of the generator (published {published.critic_steps}); for WGAN-GP {penalised.critic_steps} critic steps to one (published {published_gp.critic_steps}), weight of the penalty {penalised.penalty:g} (published {published_gp.penalty:g}). The `paper` preset has the published settings and needs hours. The largest weight of a trained critic is {box:.4g}: the box holds.\n\n"
    f"The three were given neither equal steps nor equal time: the mean training times are {', '.join(f'{t} {text}' for t, text in times.items())}; {slow} took {seconds[slow].value / seconds[fast].value:.1f} times as long as {fast}.",
    f"آنچه این‌جا آموزش دید: برای WGAN {kit.ltr(f'c = {model.clip:g}')} (در مقاله {published.clip:g})، {phases} (در مقاله با آن‌ها)، {model.critic_steps} گام منتقد برای هر گام مولد (در مقاله {published.critic_steps})؛ برای WGAN-GP {penalised.critic_steps} گام منتقد برای هر گام مولد (در مقاله {published_gp.critic_steps}) و وزن جریمهٔ {penalised.penalty:g} (در مقاله {published_gp.penalty:g}). تنظیم‌های مقاله در اندازهٔ `paper` است که ساعت‌ها زمان می‌خواهد. بزرگ‌ترین وزن منتقدِ آموزش‌دیده {box:.4g} است: جعبه سر جایش است.\n\n"
    f"به این سه نه گام برابر داده شد و نه زمان برابر: میانگین زمان یک آموزش {'، '.join(kit.ltr(f'{t} {text}') for t, text in times.items())} بود؛ <bdi>{slow}</bdi> به اندازهٔ {seconds[slow].value / seconds[fast].value:.1f} برابر <bdi>{fast}</bdi>.",
)

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
staged = {title: runs[title][0] for title in ("WGAN", "WGAN-GP")}
for title, run in staged.items():
    games.stages(study, run, title)
games.shown(study, runs, staged)

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
    rows.append([title, study.pick(what, {"estimate": "برآورد", "generator loss": "هزینهٔ مولد"}[what]), kit.Cell(f"{value:.3f}" if low is None else f"{value:.3f} [{low:.3f}, {high:.3f}]"), kit.ltr(", ".join(f"{v:.2f}" for v in values)), count])
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


def follows(title):
    """Whether the estimate of a model says by itself how near its samples are: the sentence, in both languages."""
    value, low, high = kit.interval(rho[title, "estimate"])
    shown = f"{value:.2f}" + ("" if low is None else f" [{max(low, -1.0):.2f}, {min(high, 1.0):.2f}]")
    case = 3 if low is None else 2 if low <= 0 <= high else 0 if low > 0 else 1
    return (f"{title} {('yes', 'no, it goes the other way', 'not shown: the interval holds zero', 'one seed shows nothing')[case]} ({shown})",
            f"<bdi>{title}</bdi> {('آری', 'نه، وارونه می‌رود', 'نشان داده نشد، بازه صفر را در بر دارد', 'یک بذر چیزی نشان نمی‌دهد')[case]} ({kit.ltr(shown)})")


alone = [follows(title) for title in ("GAN", "WGAN", "WGAN-GP")]
study.say(
    "Does the estimate of a model, by itself, follow the distance of its samples? " + "; ".join(en for en, _ in alone) + ".\n\n"
    "The claim, measured against the GAN: " + "; ".join(f"the estimate of {t} follows the distance {lines[t, w][1]} than the GAN's {w if w != 'estimate' else 'own estimate'} ({lines[t, w][0]}{lines[t, w][3]})" for t, w in lines)
    + ". The GAN's generator loss is the signal that a beginner watches; its estimate is the one the theory of the GAN offers. A correlation over the snapshots of one training owes much to its trend: where the distance falls, a signal that falls too is flattered and one that rises is punished. What counts is the comparison under one protocol.",
    "آیا برآورد هر مدل به‌تنهایی فاصلهٔ نمونه‌هایش را دنبال می‌کند؟ " + "؛ ".join(fa for _, fa in alone) + ".\n\n"
    "ادعا، با اندازه‌گیری در برابر GAN: " + "؛ ".join(f"برآورد <bdi>{t}</bdi> فاصله را {lines[t, w][2]} از {'هزینهٔ مولد' if w != 'estimate' else 'برآورد خود'} GAN دنبال می‌کند (<bdi dir=\"ltr\">{lines[t, w][0]}</bdi>{lines[t, w][4]})" for t, w in lines)
    + ". هزینهٔ مولدِ GAN نشانه‌ای است که تازه‌کار به آن نگاه می‌کند و برآوردش همان است که نظریهٔ GAN پیشنهاد می‌کند. همبستگی روی عکس‌های یک آموزش بیشتر از روند آن می‌آید: هر جا فاصله پایین می‌آید، نشانه‌ای که با آن پایین بیاید سود می‌برد و نشانه‌ای که بالا برود زیان. آنچه به حساب می‌آید مقایسه با یک قرارداد است.",
)

# %% [markdown] lang="en"
# ## Is the game steadier?
# %% [markdown] lang="fa"
# ## آیا بازی پایدارتر است؟

# %%
rows, setback, ends, between = [], {}, {}, {}
for title, group in moments.items():
    late = [[m.distance for m in run[len(run) // 2 :]] for run in group]
    rise = [float(np.mean([max(0.0, b / a - 1) for a, b in zip(run, run[1:])])) for run in late if len(run) > 1]
    ends[title] = [run[-1] for run in late]
    between[title] = games.moves(runs[title][0])[1] / max(1, runs[title][0].experiment.train.snapshots)
    ratio, cell = max(ends[title]) / min(ends[title]), None
    if len(ends[title]) > 1:
        study.measure("worst_seed_over_best", ratio, n=len(ends[title]), protocol=f"largest over smallest fd-digits of the last snapshot of {title} over seeds, weights as they are, 2,000 samples", recipe=titles[title])
    if rise:
        value, low, high = kit.interval(rise)
        setback[title] = study.measure("setback", value, None if low is None else max(0.0, low), high, n=len(rise), unit="share", protocol=f"mean rise of fd-digits of {title} from one snapshot to the next, falls counted as 0, second half of training, mean over seeds", recipe=titles[title])
        cell = kit.Cell(f"{100 * value:.1f} %") if low is None else kit.percent(setback[title])
    rows.append([title, kit.Cell(", ".join(f"{v:.2f}" for v in ends[title])), kit.Cell(f"{ratio:.2f}"), cell])
study.table(study.pick(["model", "fd-digits at the end, each seed", "worst seed over best", "mean setback between snapshots, second half"], ["مدل", "fd-digits پایانی هر بذر", "بدترین بذر به بهترین", "پسرفت میانگین میان عکس‌ها، نیمهٔ دوم"]), rows,
            f"Raw weights against the same 2,000 test images: larger numbers than with 10,000, by the bias of the distance ({games.floor_at(2000):.3g} for as many training images). A setback is a rise of the distance from one snapshot to the next; in brackets the 95 % interval over seeds.", f"وزن‌های بی‌میانگین در برابر همان ۲٬۰۰۰ تصویر آزمون: به سبب اریبی فاصله، عددها از حالت ۱۰٬۰۰۰تایی بزرگ‌ترند ({games.floor_at(2000):.3g} برای همین تعداد تصویر آموزش). پسرفت یعنی بالا رفتن فاصله از یک عکس تا عکس بعد؛ در کروشه بازهٔ ۹۵ درصد روی بذرها.")
words = {-1: ("smaller", "کوچک‌تر"), 1: ("larger", "بزرگ‌تر"), 0: ("not to be told apart", "تمایزناپذیر")}
steady, en, fa = {}, [], []
for title in ("WGAN", "WGAN-GP"):
    spread = games.spread_ratio(ends[title], ends["GAN"])
    wide = 0 if spread is None else -1 if spread.high < 1 else 1 if spread.low > 1 else 0
    back = standing.compare(setback[title], setback["GAN"]) if {title, "GAN"} <= {*setback} else 0
    steady[title] = back, wide
    times_gan = ""
    if spread is not None:
        study.measure("spread_over_seeds", spread.value, spread.low, spread.high, n=spread.n, protocol=f"standard deviation of the logarithm of the last fd-digits of {title} over seeds, divided by that of the GAN; interval by Fisher's F", recipe=titles[title])
        times_gan = kit.ltr(f"{spread.value:.2f} [{spread.low:.2f}, {spread.high:.2f}]")
    en.append(f"{title}: setbacks {words[back][0]}; spread over seeds {f'{times_gan} times that of the GAN, ' if times_gan else ''}{words[wide][0]}")
    fa.append(f"<bdi>{title}</bdi>: پسرفت‌ها {words[back][1]}؛ پراکندگی روی بذرها {f'{times_gan} برابر GAN، ' if times_gan else ''}{words[wide][1]}")
both = [t for t, senses in steady.items() if senses == (-1, -1)]
one = [t for t, senses in steady.items() if -1 in senses and 1 not in senses and t not in both]
steps = ", ".join(f"{t} {n:.0f}" for t, n in between.items())
study.say(
    f"Against the GAN, decided by intervals. {'. '.join(en)}. The spread is the standard deviation of the logarithm of the final distance. "
    + (f"So {' and '.join(both)} {'is' if len(both) == 1 else 'are'} steadier than the GAN by both measures. " if both else "")
    + (f"{'And' if both else 'So'} {' and '.join(one)} {'is' if len(one) == 1 else 'are'} steadier by one measure, and the other does not decide. " if one else "")
    + (f"So these {seeds} seeds do not show a steadier game. " if seeds > 1 and not (both or one) else "")
    + (f"A spread over {seeds} seeds is a rough number. " if seeds > 1 else "One seed has no spread, so nothing is decided. ")
    + f"A generator that moves less has less to lose: between two snapshots it takes so many steps: {steps}.",
    f"در برابر GAN و با داوری بازه‌ها. {'. '.join(fa)}. پراکندگی یعنی انحراف معیار لگاریتم فاصلهٔ پایانی. "
    + (f"پس <bdi>{'، '.join(both)}</bdi> با هر دو سنجه پایدارتر از GAN است. " if both else "")
    + (f"{'و' if both else 'پس'} <bdi>{'، '.join(one)}</bdi> با یک سنجه پایدارتر است و سنجهٔ دیگر حکمی نمی‌دهد. " if one else "")
    + (f"پس این {seeds} بذر بازیِ پایدارتری نشان نمی‌دهند. " if seeds > 1 and not (both or one) else "")
    + (f"پراکندگی روی {seeds} بذر عددی تقریبی است. " if seeds > 1 else "یک بذر پراکندگی ندارد و حکمی داده نمی‌شود. ")
    + f"مولدی که کمتر حرکت می‌کند چیز کمتری برای از دست دادن دارد: شمار گام‌هایش میان دو عکس چنین است: {kit.ltr(steps)}.",
)

# %% [markdown] lang="en"
# ## Distance to real digits
# %% [markdown] lang="fa"
# ## فاصله تا رقم واقعی

# %%
held = standing.quality(study, titles)
standing.verdicts(study, titles)
en, fa = standing.ranking(held)
study.say(
    f"{en} Each model has one setting, and the trainings lasted {', '.join(f'{t} {text}' for t, text in times.items())}. In a search over a hundred settings of each model (Lucic et al. 2018) the clipped WGAN and the non-saturating GAN ended level on MNIST, and WGAN-GP behind both. A clipped critic is a slow one, and its generator moves once in several steps; an order of such short trainings is an order of speeds as much as of ends.",
    f"{fa} هر مدل یک تنظیم دارد و آموزش‌ها {'، '.join(kit.ltr(f'{t} {text}') for t, text in times.items())} طول کشیدند. در جست‌وجویی روی صد تنظیم از هر مدل (Lucic و همکاران، ۲۰۱۸) WGAN بریده و GAN اشباع‌نشونده روی MNIST برابر شدند و WGAN-GP پشت سر هر دو ماند. منتقدِ بریده کند است و مولدش از هر چند گام یک بار حرکت می‌کند؛ ترتیبِ آموزش‌هایی چنین کوتاه همان‌قدر ترتیب سرعت‌هاست که ترتیب پایان‌ها.",
)

# %% [markdown] lang="en"
# ## Sources
# Arjovsky, Chintala & Bottou 2017 (arXiv 1701.07875) and the authors' code; Gulrajani et al. 2017 (arXiv 1704.00028);
# Lucic et al. 2018 (arXiv 1711.10337). Which fault of the GAN the Wasserstein distance cures is shown in `divergences`.
# %% [markdown] lang="fa"
# ## منابع
# Arjovsky, Chintala & Bottou 2017 (arXiv 1701.07875) و کد نویسندگان؛ Gulrajani et al. 2017 (arXiv 1704.00028)؛
# Lucic et al. 2018 (arXiv 1711.10337). این‌که فاصلهٔ واسرشتاین کدام ایراد GAN را درمان می‌کند در `divergences` آمده است.
