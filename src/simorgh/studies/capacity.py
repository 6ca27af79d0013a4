# ---
# simorgh:
#   title: {en: "How many hidden neurons? Capacity, overfitting and a second descent", fa: "چند نورون پنهان؟ ظرفیت، بیش‌برازش و فرودی دوباره"}
#   answers: [E1.c]
# ---

# %% [markdown] lang="en"
# ## Question
# A net with one hidden layer of two neurons does not separate two classes. Should 2, 256 or 1,000,000 neurons be added?
# The answer of the assignment: 4 are too few, 258 may do, a million risks overfitting; a net of two layers can represent
# any function. The problem's picture is not given; here the classes are two spirals, 200 points to train on, without and
# with 15 % of the labels flipped.
#
# ## Derivation
# 1. **What one hidden layer can represent.** On $[a, b]$ let $f$ be twice differentiable and $s$ the broken line through
#    $f$ at $h + 1$ equally spaced knots. Then $s(x) = f(a) + \sum_{i=1}^{h} c_i \max(x - t_i, 0)$, where $c_i$ is the change of
#    slope at the knot $t_i$: a net of $h$ ReLU units. Between two knots the error is that of linear interpolation, so
#    $$\max |f - s| \le \frac{(b - a)^2}{8 h^2} \max |f''|.$$
# 2. **The theorem and its conditions.** A hidden layer with a continuous activation that is not a polynomial comes
#    arbitrarily close to any *continuous* function on a *compact* set (Leshno et al. 1993). It does not say how many
#    units, that descent will find them, or what happens between the data. "Any function" is too much: near a jump of
#    height 1 a continuous net is wrong by at least $\frac12$ somewhere, whatever its width.
# 3. **When everything can be learnt by heart.** With random hidden weights, $N$ points give the $N \times h$ matrix $A$ of
#    hidden outputs. For $h \ge N$ its rank is $N$ in general, and $A c = t$ has a solution for *every* labelling, noise too.
# 4. **Why it is worst at $h = N$.** Of all solutions take the shortest, $c = A^+ t$. Noise of variance $\sigma^2$ in $t$ adds
#    $\sigma^2 \sum_i s_i^{-2}$ to $E \|c\|^2$, where $s_i$ are the singular values. The smallest of a square random matrix
#    is nearly zero; with $h > N$ it moves away from zero again. So the error has a peak at $h = N$ and falls once more
#    beyond it: *double descent* (Belkin et al. 2019).
# %% [markdown] lang="fa"
# ## پرسش
# شبکه‌ای با یک لایهٔ پنهانِ دو نورونی دو رده را جدا نمی‌کند. ۲، ۲۵۶ یا ۱٬۰۰۰٬۰۰۰ نورون افزوده شود؟ پاسخ تمرین: ۴ تا کم است، ۲۵۸ تا شاید بس باشد، یک
# میلیون خطر بیش‌برازش دارد؛ شبکهٔ دولایه هر تابعی را نمایش می‌دهد. تصویر مسئله در دست نیست؛ این‌جا رده‌ها دو مارپیچ‌اند با ۲۰۰ نقطهٔ آموزش، یک بار
# با برچسب درست و یک بار با ۱۵٪ برچسب وارونه.
#
# ## استنتاج
# ۱. **یک لایهٔ پنهان چه نمایش می‌دهد.** روی $[a, b]$ تابع $f$ دو بار مشتق‌پذیر و $s$ خط شکستهٔ گذرنده از $f$ در $h + 1$ گرهِ هم‌فاصله است. آنگاه
# $s(x) = f(a) + \sum_{i=1}^{h} c_i \max(x - t_i, 0)$ که $c_i$ تغییر شیب در گره $t_i$ است: شبکه‌ای با $h$ واحد ReLU. میان دو گره خطا همان خطای
# درون‌یابی خطی است، پس
# $$\max |f - s| \le \frac{(b - a)^2}{8 h^2} \max |f''|.$$
#
# ۲. **قضیه و شرط‌هایش.** لایهٔ پنهان با فعال‌سازی پیوستهٔ غیرچندجمله‌ای به هر تابع *پیوسته* روی مجموعه‌ای *فشرده* به دلخواه نزدیک می‌شود (Leshno
# et al. 1993). قضیه نمی‌گوید چند واحد لازم است، فرود آن‌ها را می‌یابد یا نه، و میان داده‌ها چه می‌شود. «هر تابعی» زیاده‌گویی است: کنار پرشی به بلندی
# ۱، شبکهٔ پیوسته با هر پهنایی جایی دست‌کم $\frac12$ خطا دارد.
#
# ۳. **کِی همه چیز را می‌توان از بر کرد.** با وزن‌های پنهان تصادفی، $N$ نقطه ماتریس $N \times h$ خروجی‌های پنهان، $A$، را می‌دهند. با $h \ge N$
# رتبه‌اش در حالت کلی $N$ است و $A c = t$ برای *هر* برچسب‌گذاری جواب دارد، برای نوفه هم.
#
# ۴. **چرا در $h = N$ از همه بدتر است.** از میان جواب‌ها کوتاه‌ترین را بگیرید، $c = A^+ t$. نوفه‌ای با واریانس $\sigma^2$ در $t$ به $E \|c\|^2$
# مقدار $\sigma^2 \sum_i s_i^{-2}$ می‌افزاید که $s_i$ مقدارهای تکین‌اند. کوچک‌ترینِ آن‌ها برای ماتریس تصادفی مربع نزدیک صفر است و با $h > N$ دوباره از
# صفر دور می‌شود. پس خطا در $h = N$ قله دارد و پس از آن باز پایین می‌آید: *فرود دوگانه* (Belkin et al. 2019).
# %%
import numpy as np
import torch
from matplotlib.figure import Figure
from torch.nn.functional import binary_cross_entropy_with_logits

from simorgh.noise import philox
from simorgh.report.style import LINES, use_style
from simorgh.studies import kit

study = kit.current()
use_style()
POINTS, FLIPPED, SEEDS = 200, 0.15, 1 if study.small else 2
WIDTHS = (2, 4, 64, 258) if study.small else (2, 4, 16, 64, 258, 1024, 4096)
STEPS = 100 if study.small else 1500
MILLION = 20_002 if study.small else 1_000_002
if study.small:
    study.say("**The `smoke` preset**: short trainings and 20,002 neurons in the place of a million.", "**اندازهٔ `smoke`**: آموزش‌های کوتاه و ۲۰٬۰۰۲ نورون به جای یک میلیون.")


def spirals(n, key):
    """(n, 2) points on two arms of 1.6 turns, labels 0 and 1 in turn."""
    draw, y = philox("spirals", key), np.arange(n) % 2
    r = np.sqrt(draw.uniform(0.02, 1, n))
    angle = 2 * np.pi * 1.6 * r + np.pi * y
    return r[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]) + 0.03 * draw.standard_normal((n, 2)), y


def flipped(y, seed):
    return np.where(philox("flip", seed).random(len(y)) < FLIPPED, 1 - y, y)


# %% [markdown] lang="en"
# ## Step 1 and 2, computed
# %% [markdown] lang="fa"
# ## گام ۱ و ۲، محاسبه‌شده

# %%
def broken_line(f, h, x, a=0.0, b=2 * np.pi):
    """The net of step 1 at the points x."""
    knots = np.linspace(a, b, h + 1)
    slopes = np.diff(f(knots)) / np.diff(knots)
    return f(knots[0]) + np.maximum(x[:, None] - knots[:-1], 0) @ np.diff(slopes, prepend=0.0)


x = np.linspace(0, 2 * np.pi, 20_011)
units = np.array([2, 4, 8, 16, 32, 64, 128, 256])
smooth = np.array([np.abs(broken_line(np.sin, h, x) - np.sin(x)).max() for h in units])
bound = (2 * np.pi) ** 2 / (8 * units**2)
jump = np.array([np.abs(broken_line(lambda t: (t > 2.5) * 1.0, h, x) - (x > 2.5)).max() for h in units])
order = float(np.polyfit(np.log(units[2:]), np.log(smooth[2:]), 1)[0])
assert (smooth <= bound * (1 + 1e-9)).all()
assert abs(order + 2) < 0.1
assert (jump >= 0.5 - 1e-2).all()  # up to the grid on which the supremum is taken
_ = study.measure("approximation_order", order, n=len(units) - 2, protocol="slope of log max error over log units, broken lines of 8 to 256 ReLU units on the sine")

# %% [markdown] lang="en"
# ## Trained nets of growing width
# %% [markdown] lang="fa"
# ## شبکه‌های آموزش‌دیده با پهنای رو به رشد

# %%
points, labels = spirals(POINTS, "train")
test_points, test_labels = spirals(2000, "test")
target = np.stack([labels] * SEEDS + [flipped(labels, s) for s in range(SEEDS)])


def trained(h):
    """Shares of wrong answers of nets 2 -> h -> 1 with ReLU after full-batch Adam: on what each was trained on, and on
    clean test points; (2, SEEDS) each, clean labels first. The nets are computed side by side."""
    draw, n = philox("net", h), len(target)
    start = [2 * draw.standard_normal((n, 2, h)), draw.standard_normal((n, 1, h)), draw.standard_normal((n, h, 1)) / np.sqrt(h), np.zeros((n, 1, 1))]
    w, b, v, c = parts = [torch.tensor(p, dtype=torch.float32, requires_grad=True) for p in start]
    rule, y = torch.optim.Adam(parts, lr=0.03), torch.tensor(target, dtype=torch.float32)[:, :, None]
    inside, outside = (torch.tensor(p, dtype=torch.float32) for p in (points, test_points))
    for _ in range(STEPS):
        rule.zero_grad()
        binary_cross_entropy_with_logits(torch.relu(inside @ w + b) @ v + c, y, reduction="none").mean((1, 2)).sum().backward()
        rule.step()
    with torch.no_grad():
        wrong = [((torch.relu(p @ w + b) @ v + c > 0)[:, :, 0].numpy() != q).mean(1).reshape(2, SEEDS) for p, q in ((inside, target), (outside, test_labels))]
    return wrong


nets = {h: trained(h) for h in WIDTHS}

# %% [markdown] lang="en"
# ## Up to a million: random neurons, the shortest solution
# Only the output weights are fitted, so the fit is exact linear algebra. A million neurons fit into memory by way of
# $A A^T$, which is summed over blocks of neurons. $N = 120$ points.
# %% [markdown] lang="fa"
# ## تا یک میلیون: نورون‌های تصادفی، کوتاه‌ترین جواب
# تنها وزن‌های خروجی برازش می‌شوند، پس برازش جبر خطی دقیق است. یک میلیون نورون از راه $A A^T$ در حافظه جا می‌شود که روی دسته‌های نورون جمع می‌شود.
# $N = 120$ نقطه.

# %%
N = 120
few, few_labels = spirals(N, "train")
many, many_labels = spirals(1000, "test")
signs = np.stack([2.0 * few_labels - 1, 2.0 * flipped(few_labels, 0) - 1], axis=1)
truth = 2.0 * many_labels - 1


def hidden(x, h, key):
    draw = philox("random neurons", *key)
    angle = draw.uniform(0, 2 * np.pi, h)
    return np.maximum(x @ np.array([np.cos(angle), np.sin(angle)]) - draw.uniform(-1, 1, h), 0)


def direct(h, seed):
    a = hidden(few, h, (seed, h)) / np.sqrt(h)
    return a, hidden(many, h, (seed, h)) / np.sqrt(h) @ np.linalg.lstsq(a, signs, rcond=1e-12)[0]


def by_kernel(h, seed, block=8192):
    inner, outer = np.zeros((N, N)), np.zeros((len(many), N))
    for first in range(0, h, block):
        size = min(block, h - first)
        key = (seed, h) if h <= block else (seed, h, first)
        a = hidden(few, size, key)
        inner += a @ a.T / h
        outer += hidden(many, size, key) @ a.T / h
    return outer @ np.linalg.solve(inner, signs)


gap = float(np.abs(direct(2048, 0)[1] - by_kernel(2048, 0)).max())
assert gap < 1e-5
ladder = (2, 4, 8, 16, 32, 64, 90, 105, 120, 135, 160, 258, 512, 1024, 4096)
spectrum, curve = [], {}
for h in ladder:
    fits = [direct(h, s) for s in range(3 if study.small else 9)]
    spectrum.append(np.median([np.linalg.svd(a, compute_uv=False)[-1] for a, _ in fits]))
    curve[h] = np.median([((f > 0) != (truth[:, None] > 0)).mean(0) for _, f in fits], axis=0)
curve[MILLION] = ((by_kernel(MILLION, 0) > 0) != (truth[:, None] > 0)).mean(0)
noisy = {h: float(v[1]) for h, v in curve.items()}
peak, best = max((h for h in ladder if h >= 16), key=noisy.get), min(noisy, key=noisy.get)
assert 90 <= peak <= 160
assert best < N
assert noisy[best] < noisy[MILLION] < noisy[peak]
assert curve[MILLION][0] < 0.02
assert spectrum[ladder.index(120)] < min(spectrum[ladder.index(32)], spectrum[ladder.index(4096)])
for name, h in (("best", best), ("peak", peak), ("million", MILLION)):
    study.measure(f"test_error_{name}", noisy[h], n=len(many), unit="share", protocol=f"clean test points that {h:,} random ReLU neurons with the shortest output weights get wrong, {N} training points, 15 % flipped", neurons=h)
study.table(study.pick(["neurons", "clean labels", "15 % flipped"], ["نورون", "برچسب درست", "۱۵٪ وارونه"]), [[h, *(kit.Cell(f"{v:.3f}") for v in curve[h])] for h in (2, 4, 16, 32, 64, 120, 258, 1024, MILLION)],
            en="Random neurons: share of wrong answers on 1,000 clean test points (median over draws; one draw of the largest).", fa="نورون‌های تصادفی: سهم پاسخ نادرست روی ۱٬۰۰۰ نقطهٔ آزمون با برچسب درست (میانهٔ قرعه‌ها؛ برای بزرگ‌ترین، یک قرعه).")

# %%
figure = Figure(figsize=(9, 3))
left, middle, right = figure.subplots(1, 3)
left.loglog(units, smooth, "o", color=LINES[0], label="sine")
left.loglog(units, bound, color="black", linewidth=0.8, label="bound of step 1")
left.loglog(units, jump, "s", color=LINES[1], markersize=4, label="a jump of height 1")
left.set(xlabel="ReLU units", ylabel="largest error")
left.legend()
for i, what in enumerate(("clean labels", "15 % flipped")):
    for j, (style, part) in enumerate((("--", "training"), ("-", "test"))):
        middle.semilogx(list(nets), [nets[h][j][i].mean() for h in nets], style, marker="o", markersize=3, color=LINES[i], label=f"{what}, {part}")
    right.semilogx(list(curve), [v[i] for v in curve.values()], "-o", markersize=3, color=LINES[i], label=what)
middle.set(xlabel="trained hidden neurons", ylabel="share of wrong answers", ylim=(-0.02, 0.55))
middle.legend(fontsize=7, handlelength=3.2)
right.axvline(N, color="black", linewidth=0.8, linestyle=":")
right.set(xlabel="random hidden neurons (dotted: N)", ylabel="wrong answers, clean test", ylim=(-0.02, 0.55))
right.legend()
study.figure(figure, "width", en="Left: broken lines of ReLU units. Middle: nets trained by Adam; flipped labels count as right answers in their training error. Right: random neurons with the shortest output weights.",
             fa="چپ: خط شکسته از واحدهای ReLU. میانه: شبکه‌هایی که Adam آموزش داده؛ در خطای آموزش، برچسب وارونه پاسخ درست به شمار می‌آید. راست: نورون‌های تصادفی با کوتاه‌ترین وزن‌های خروجی.")
said = {h: [float(part[i].mean()) for i in (0, 1) for part in nets[h]] for h in (4, 258)}
study.table(study.pick(["trained neurons", "clean, training", "clean, test", "15 % flipped, training", "15 % flipped, test"], ["نورون آموزش‌دیده", "درست، آموزش", "درست، آزمون", "۱۵٪ وارونه، آموزش", "۱۵٪ وارونه، آزمون"]),
            [[h, *(kit.Cell(f"{part[i].mean():.3f}") for i in (0, 1) for part in nets[h])] for h in nets],
            en=f"Trained nets: share of wrong answers, mean over {SEEDS} seeds; the test labels are clean, flipped training labels count as right answers.", fa=f"شبکه‌های آموزش‌دیده: سهم پاسخ نادرست، میانگین {SEEDS} بذر؛ برچسب‌های آزمون درست‌اند و برچسب وارونهٔ آموزش پاسخ درست به شمار می‌آید.")
widest = max(nets)
for h in nets:
    for what, part in zip(("clean", "flipped"), nets[h][1]):
        study.measure("trained_test_error", float(part.mean()), n=SEEDS, unit="share", protocol=f"clean test points that a net of {h} ReLU neurons trained by Adam gets wrong, {what} training labels, mean over seeds", neurons=h, labels=what)
by_width = {h: float(nets[h][1][1].mean()) for h in nets}
calm = min(by_width, key=by_width.get)
learnt_noise = float(nets[widest][0][1].mean())
told = (f"**Trained, with flipped labels**: of {widest} neurons {learnt_noise:.0%} of the training labels stay unlearnt and {by_width[widest]:.1%} of the test points are wrong; the best width tried is {calm} with {by_width[calm]:.1%}" + (": the widest net has learnt most of the noise and does worse. " if learnt_noise < 0.1 and by_width[widest] > 1.2 * by_width[calm] else f": not clearly worse, with {SEEDS} seeds. "),
        f"**آموزش‌دیده با برچسب وارونه**: با {widest} نورون {kit.ltr(f'{learnt_noise:.0%}')} برچسب‌های آموزش نیاموخته می‌ماند و {kit.ltr(f'{by_width[widest]:.1%}')} نقطه‌های آزمون نادرست است؛ بهترین پهنای آزموده {calm} است با {kit.ltr(f'{by_width[calm]:.1%}')}" + ("؛ پهن‌ترین شبکه بیشترِ نوفه را آموخته و بدتر است. " if learnt_noise < 0.1 and by_width[widest] > 1.2 * by_width[calm] else f"؛ با {SEEDS} بذر آشکارا بدتر نیست. "))
few_do = said[4][0] > 2 * said[258][0] + 0.02
study.say(en=f"**4 neurons**: trained, {said[4][0]:.0%} of the clean training points stay wrong{': too few' if few_do else ''}. **258**: {said[258][0]:.0%} wrong in training and {said[258][1]:.1%} at the test with clean labels; with flipped ones {said[258][3]:.0%} at the test. {told[0]}**A million** (random neurons): with clean labels {curve[MILLION][0]:.1%} wrong, no harm to speak of; with flipped labels {noisy[MILLION]:.0%}, against {noisy[best]:.0%} at {best} neurons: overfitting, as the answer says. But it is *not* the worst: at {peak} neurons, about the number of points, {noisy[peak]:.0%} are wrong. The risk is set by the noise, by the solution that is chosen and by its distance from h = N, not by the count alone.",
          fa=f"**۴ نورون**: پس از آموزش {kit.ltr(f'{said[4][0]:.0%}')} نقطه‌های آموزش با برچسب درست نادرست می‌مانند{': کم است' if few_do else ''}. **۲۵۸**: با برچسب درست {kit.ltr(f'{said[258][0]:.0%}')} خطا در آموزش و {kit.ltr(f'{said[258][1]:.1%}')} در آزمون؛ با برچسب وارونه {kit.ltr(f'{said[258][3]:.0%}')} در آزمون. {told[1]}**یک میلیون** (نورون تصادفی): با برچسب درست {kit.ltr(f'{curve[MILLION][0]:.1%}')} خطا، زیانِ درخوری ندارد؛ با برچسب وارونه {kit.ltr(f'{noisy[MILLION]:.0%}')} در برابر {kit.ltr(f'{noisy[best]:.0%}')} با {best} نورون: بیش‌برازش، همان‌گونه که پاسخ می‌گوید. اما *بدترین* نیست: با {peak} نورون، نزدیک شمار نقطه‌ها، {kit.ltr(f'{noisy[peak]:.0%}')} نادرست است. خطر را نوفه، جوابِ برگزیده و دوری از {kit.ltr('h = N')} تعیین می‌کنند، نه شمار نورون به‌تنهایی.")

# %% [markdown] lang="en"
# ## Pitfalls
# - "Can represent" is not "will find": training from a random start may miss a small net that would do.
# - More parameters than data is not overfitting by itself; fitting the noise is.
# - The second descent needs the shortest solution. Ridge with a tuned coefficient removes the peak (`regularisation`).
#
# ## Sources
# Cybenko 1989; Leshno, Lin, Pinkus & Schocken 1993 (Neural Networks 6, 861); Belkin, Hsu, Ma & Mandal 2019 (PNAS 116,
# 15849); Nakkiran et al. 2020 (arXiv 1912.02292).
# %% [markdown] lang="fa"
# ## لغزشگاه‌ها
# - «می‌تواند نمایش دهد» یعنی «خواهد یافت» نیست: آموزش از آغاز تصادفی ممکن است شبکهٔ کوچکی را که بس است نیابد.
# - پارامترِ بیشتر از داده به خودیِ خود بیش‌برازش نیست؛ برازش نوفه هست.
# - فرود دوم کوتاه‌ترین جواب را می‌خواهد. رگرسیون ستیغی با ضریب تنظیم‌شده قله را برمی‌دارد (`regularisation`).
#
# ## منابع
# Cybenko 1989؛ Leshno, Lin, Pinkus & Schocken 1993 (Neural Networks 6, 861)؛ Belkin, Hsu, Ma & Mandal 2019 (PNAS 116, 15849)؛ Nakkiran
# et al. 2020 (arXiv 1912.02292).
