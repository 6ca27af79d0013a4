# ---
# simorgh:
#   title: {en: "Dropout: what it does in training, and nothing at test time", fa: "دراپ‌اوت: در آموزش چه می‌کند، و در آزمون هیچ"}
#   answers: [E1.b1, E1.b2]
# ---

# %% [markdown] lang="en"
# ## Question
# A layer has the outputs $(-4.5, -0.75, 3, 6, 1.5)$ and dropout draws a mask that removes the second and the fourth. What
# leaves the layer in training, at rate 0.5 and at rate 0.4? And what leaves it at test time?
#
# ## Assumptions
# *Inverted* dropout, as in all present libraries: the division happens in training. The *rate* $p$ is the probability of
# removal; the first paper writes $p$ for the probability of keeping.
#
# ## Derivation
# 1. **Training.** With $m_i = 1$ with probability $1 - p$ and $0$ otherwise, independent, the layer gives
#    $$\tilde x_i = \frac{m_i}{1 - p}\, x_i.$$
# 2. **Why divide.** $E[m_i] = 1 - p$, so $E[\tilde x_i] = x_i$: what comes after the layer meets the same mean in training
#    as at test time, where **nothing is done at all**.
# 3. **The price is noise.** $\mathrm{Var}[\tilde x_i] = \frac{x_i^2 (1 - p)}{(1 - p)^2} - x_i^2 = \frac{p}{1 - p}\, x_i^2$. It
#    grows with the size of the unit, which is why dropout weighs like a penalty on large contributions.
# 4. **How far the test-time net is the mean over masks.** Exactly, for the layer and for everything linear after it. For
#    a softmax of $W \tilde x$ exactly in another sense: the *geometric* mean over masks, normalised, because
#    $$\sum_m P(m) \log \mathrm{softmax}(W \tilde x)_k = (W x)_k - \mathrm{const},$$
#    where the constant (the mean of $\log \sum_j e^{(W \tilde x)_j}$) does not depend on the class $k$. For a net with
#    hidden activations the test-time pass is an approximation only.
# %% [markdown] lang="fa"
# ## پرسش
# خروجی‌های لایه‌ای $(-4.5, -0.75, 3, 6, 1.5)$ است و دراپ‌اوت ماسکی می‌کشد که دومی و چهارمی را حذف می‌کند. در آموزش با نرخ ۰٫۵ و با نرخ ۰٫۴ از لایه
# چه بیرون می‌آید؟ و در آزمون چه؟
#
# ## فرض‌ها
# دراپ‌اوت *وارون*، همان‌گونه که در همهٔ کتابخانه‌های امروز است: تقسیم در زمان آموزش انجام می‌شود. *نرخ* $p$ احتمال حذف است؛ نخستین مقاله $p$ را
# برای احتمال نگه‌داشتن به کار می‌برد.
#
# ## استنتاج
# ۱. **آموزش.** با $m_i = 1$ به احتمال $1 - p$ و وگرنه $0$، مستقل از هم، لایه این را می‌دهد:
# $$\tilde x_i = \frac{m_i}{1 - p}\, x_i.$$
#
# ۲. **چرا تقسیم.** $E[m_i] = 1 - p$، پس $E[\tilde x_i] = x_i$: آنچه پس از لایه می‌آید در آموزش همان میانگینی را می‌بیند که در آزمون، و در آزمون
# **هیچ کاری انجام نمی‌شود**.
#
# ۳. **بهایش نوفه است.** $\mathrm{Var}[\tilde x_i] = \frac{x_i^2 (1 - p)}{(1 - p)^2} - x_i^2 = \frac{p}{1 - p}\, x_i^2$. با بزرگی واحد رشد می‌کند؛ از
# همین رو دراپ‌اوت مانند جریمه‌ای بر سهم‌های بزرگ عمل می‌کند.
#
# ۴. **شبکهٔ زمان آزمون تا کجا میانگین ماسک‌هاست.** برای خود لایه و هر چه پس از آن خطی است، دقیقاً. برای softmax روی $W \tilde x$ به معنایی دیگر
# دقیق است: میانگین *هندسیِ* بهنجارشده روی ماسک‌ها، زیرا
# $$\sum_m P(m) \log \mathrm{softmax}(W \tilde x)_k = (W x)_k - \mathrm{const}$$
# و ثابت (میانگین $\log \sum_j e^{(W \tilde x)_j}$) به ردهٔ $k$ بستگی ندارد. برای شبکه‌ای با فعال‌سازی‌های پنهان، گذرِ آزمون تنها تقریب است.
# %%
from itertools import product

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.special import log_softmax, softmax

from simorgh.noise import philox
from simorgh.report.style import LINES, use_style
from simorgh.studies import kit

study = kit.current()
use_style()
X = np.array([-4.5, -0.75, 3.0, 6.0, 1.5])
KEPT = np.array([1, 0, 1, 0, 1])
PRINTED = {0.5: [-9, 0, 6, 0, 3], 0.4: [-7.5, 0, 5, 0, 2.5]}


def dropout(x, rate, mask):
    """What inverted dropout gives in training."""
    return np.where(mask, x / (1 - rate), 0.0)


# %% [markdown] lang="en"
# ## Training: the printed numbers
# %% [markdown] lang="fa"
# ## آموزش: عددهای چاپ‌شده

# %%
for rate, printed in PRINTED.items():
    assert dropout(X, rate, KEPT).tolist() == printed  # to the last bit
torch.manual_seed(0)
layer = torch.nn.Dropout(0.4)
ours = torch.from_numpy(X)
drawn = layer(ours.repeat(1000, 1))
assert torch.equal(drawn, torch.where(drawn != 0, ours / (1 - 0.4), torch.zeros(())))  # the library divides by 1 - rate too
assert torch.equal(layer.eval()(ours), ours)
study.table([study.pick("stage", "مرحله"), *(kit.ltr(f"x{i}") for i in range(1, 6))],
            [[study.pick("before", "پیش"), *X.tolist()], [study.pick("mask", "ماسک"), *KEPT.tolist()], *([study.pick(f"training, rate {rate}", f"آموزش، نرخ {rate}"), *dropout(X, rate, KEPT).tolist()] for rate in PRINTED), [study.pick("test", "آزمون"), *X.tolist()]],
            en="The five outputs, equal to the printed ones in every bit.", fa="پنج خروجی، بیت به بیت برابر عددهای چاپ‌شده.")
study.measure("first_output_at_rate_0.5", float(dropout(X, 0.5, KEPT)[0]), n=1, protocol="-4.5 kept by inverted dropout of rate 0.5")
_ = study.measure("first_output_at_rate_0.4", float(dropout(X, 0.4, KEPT)[0]), n=1, protocol="-4.5 kept by inverted dropout of rate 0.4")

# %% [markdown] lang="en"
# ## Test time: nothing, and why that is right
# The mean over all $2^5$ masks with their probabilities is taken exactly, and over 100,000 drawn masks.
# %% [markdown] lang="fa"
# ## آزمون: هیچ، و چرا همین درست است
# میانگین روی هر $2^5$ ماسک با احتمال‌هایشان دقیق گرفته می‌شود، و روی ۱۰۰٬۰۰۰ ماسکِ کشیده‌شده.

# %%
ALL = np.array(list(product((0, 1), repeat=5)))
DRAWS = 100_000
rows, means, worst = [], {}, 0.0
for rate in PRINTED:
    p = np.prod(np.where(ALL, 1 - rate, rate), axis=1)
    exact_mean = p @ dropout(X, rate, ALL)
    exact_variance = p @ dropout(X, rate, ALL) ** 2 - exact_mean**2
    assert np.abs(exact_mean - X).max() < 1e-12
    assert np.abs(exact_variance - rate / (1 - rate) * X**2).max() < 1e-12
    masks = philox("dropout", rate).random((DRAWS, 5)) >= rate
    outputs = dropout(X, rate, masks)
    means[rate] = np.cumsum(outputs, axis=0) / np.arange(1, DRAWS + 1)[:, None]
    away = (means[rate][-1] - X) / np.sqrt(exact_variance / DRAWS)
    assert np.abs(away).max() < 4.5  # standard errors; the chance of more is 1 in 15,000 for ten numbers
    worst = max(worst, float(np.abs(means[rate][-1] / X - 1).max()))
    rows += [[study.pick(f"mean over {DRAWS:,} masks, rate {rate}", f"میانگین {DRAWS:,} ماسک، نرخ {rate}"), *(kit.Cell(f"{v:.4f}") for v in means[rate][-1])],
             [study.pick("in standard errors from x", "فاصله تا x بر حسب خطای معیار"), *(kit.Cell(f"{v:+.2f}") for v in away)]]
study.table([study.pick("quantity", "کمیت"), *(kit.ltr(f"{v:g}") for v in X)], rows, en="Drawn masks against the test output.", fa="ماسک‌های کشیده‌شده در برابر خروجی آزمون.")
study.measure("mean_error", worst, n=DRAWS, unit="relative", protocol="largest relative difference of the mean over 100,000 drawn masks from the test output, five units, rates 0.5 and 0.4")
study.say(en=f"Over all 32 masks the mean equals the input to 1e-12 and the variance is p/(1 − p) x²; the drawn means are off by at most {worst:.2%}. So at test time the output is the input, (−4.5, −0.75, 3, 6, 1.5).",
          fa=f"روی هر ۳۲ ماسک، میانگین تا {kit.ltr('1e-12')} برابر ورودی و واریانس {kit.ltr('p/(1 − p) x²')} است؛ میانگین‌های کشیده‌شده حداکثر {kit.ltr(f'{worst:.2%}')} فاصله دارند. پس در آزمون، خروجی همان ورودی است: {kit.ltr('(−4.5, −0.75, 3, 6, 1.5)')}.")

# %% [markdown] lang="en"
# ## Beyond one layer
# With five units in front, all 32 masks can be gone through for whatever stands behind: a linear layer, a softmax, and a
# net of one hidden ReLU layer with a softmax.
# %% [markdown] lang="fa"
# ## فراتر از یک لایه
# با پنج واحد در جلو، می‌توان برای هر چه پشت آن است از همهٔ ۳۲ ماسک گذشت: لایهٔ خطی، softmax، و شبکه‌ای با یک لایهٔ پنهان ReLU و softmax.

# %%
rate, classes = 0.5, 3
p = np.prod(np.where(ALL, 1 - rate, rate), axis=1)
linear_gap = geometric_gap = 0.0
arithmetic, hidden = [], []
for case in range(200):
    draw = philox("dropout", "behind", case)
    w, v, u = draw.standard_normal((5, classes)) / 4, draw.standard_normal((5, 16)) / 4, draw.standard_normal((16, classes)) / 2
    scores = dropout(X, rate, ALL) @ w
    linear_gap = max(linear_gap, float(np.abs(p @ scores - X @ w).max()))
    geometric_gap = max(geometric_gap, float(np.abs(softmax(p @ log_softmax(scores, axis=1)) - softmax(X @ w)).max()))
    arithmetic.append(np.abs(p @ softmax(scores, axis=1) - softmax(X @ w)).max())
    deep = np.maximum(dropout(X, rate, ALL) @ v, 0) @ u
    hidden.append(np.abs(softmax(p @ log_softmax(deep, axis=1)) - softmax(np.maximum(X @ v, 0) @ u)).max())
assert linear_gap < 1e-12
assert geometric_gap < 1e-12
assert np.median(hidden) > 0.01
study.table(study.pick(["behind the dropout", "mean over 32 masks", "difference from the test-time pass"], ["پشت دراپ‌اوت", "میانگین ۳۲ ماسک", "اختلاف با گذر آزمون"]),
            [[study.pick("linear layer", "لایهٔ خطی"), study.pick("arithmetic", "حسابی"), kit.Cell(f"{linear_gap:.0e}")],
             ["softmax", study.pick("geometric, normalised", "هندسیِ بهنجار"), kit.Cell(f"{geometric_gap:.0e}")],
             ["softmax", study.pick("arithmetic", "حسابی"), kit.Cell(f"{np.median(arithmetic):.3f} ({max(arithmetic):.3f})")],
             [study.pick("ReLU layer, softmax", "لایهٔ ReLU، سپس softmax"), study.pick("geometric, normalised", "هندسیِ بهنجار"), kit.Cell(f"{np.median(hidden):.3f} ({max(hidden):.3f})")]],
            en="200 random sets of weights, rate 0.5. Upper rows: the largest difference. Lower rows: the median of the largest over classes, and in brackets the largest of all, as probabilities.",
            fa="۲۰۰ دستهٔ تصادفی وزن، نرخ ۰٫۵. سطرهای بالا: بزرگ‌ترین اختلاف. سطرهای پایین: میانهٔ بیشینهٔ رده‌ها، و در پرانتز بزرگ‌ترین همه، بر حسب احتمال.")
_ = study.measure("hidden_layer_gap", float(np.median(hidden)), n=200, unit="probability", protocol="median over 200 random ReLU nets of the largest difference between the test-time class probabilities and the normalised geometric mean over all 32 masks, rate 0.5")

# %%
figure = Figure(figsize=(8.2, 3))
path, spread = figure.subplots(1, 2)
count = np.arange(1, DRAWS + 1)
at = np.unique(np.logspace(0, 5, 400).astype(int)) - 1
for i in range(5):
    path.semilogx(count[at], means[0.5][at, i], color=LINES[i], label=f"x = {X[i]:g}")
    path.fill_between(count[at], X[i] - 2 * abs(X[i]) / np.sqrt(count[at]), X[i] + 2 * abs(X[i]) / np.sqrt(count[at]), color=LINES[i], alpha=0.12, linewidth=0)
path.set(xlabel="masks drawn", ylabel="mean output, rate 0.5", ylim=(-8, 10))
path.legend(ncols=2, fontsize=7)
spread.hist([arithmetic, hidden], bins=24, color=LINES[:2], label=["softmax, arithmetic mean", "ReLU layer, geometric mean"])
spread.set(xlabel="largest difference from the test-time pass", ylabel="sets of weights")
spread.legend()
study.figure(figure, "masks", en="Left: means over the masks drawn so far, with bands of two standard errors. Right: where the test-time pass is only close to the mean over masks.",
             fa="چپ: میانگین روی ماسک‌هایی که تا آن‌جا کشیده شده، با نوار دو خطای معیار. راست: جایی که گذرِ آزمون فقط به میانگین ماسک‌ها نزدیک است.")

# %% [markdown] lang="en"
# ## Pitfalls
# - The division is by $1 - p$, not by the share that the mask happens to keep: this mask keeps 3 of 5, also where the
#   rate is 0.5.
# - A net left in training mode is a random function: its test results change from call to call.
# - A dropout layer that is declared and never called does nothing; `mlp_sweep` meets one.
#
# ## Sources
# Srivastava et al. 2014 (JMLR 15, 1929), sections 4 and 7.5; Baldi & Sadowski 2013 (NeurIPS), the geometric mean.
# %% [markdown] lang="fa"
# ## لغزشگاه‌ها
# - تقسیم بر $1 - p$ است، نه بر سهمی که ماسک از قضا نگه داشته: این ماسک سه تا از پنج تا را نگه می‌دارد، حتی وقتی نرخ ۰٫۵ است.
# - شبکه‌ای که در حالت آموزش مانده تابعی تصادفی است: نتیجهٔ آزمونش با هر فراخوانی عوض می‌شود.
# - لایهٔ دراپ‌اوتی که تعریف شده و هرگز فراخوانده نمی‌شود کاری نمی‌کند؛ `mlp_sweep` به یکی برمی‌خورد.
#
# ## منابع
# Srivastava et al. 2014 (JMLR 15, 1929)، بخش‌های ۴ و ۷٫۵؛ Baldi & Sadowski 2013 (NeurIPS)، میانگین هندسی.
