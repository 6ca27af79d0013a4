# ---
# simorgh:
#   title: {en: "Two linear layers are one", fa: "دو لایهٔ خطی همان یک لایه‌اند"}
#   answers: [E1.a]
# ---

# %% [markdown] lang="en"
# ## Question
# Why does a net of several layers need an activation function between them?
#
# ## Derivation
# Rows of $X$ are examples; $W^1$ is $n \times h$, $W^2$ is $h \times m$.
# 1. **Composition.** Multiply out:
#    $$(X W^1 + b^1) W^2 + b^2 = X\, W^1 W^2 + (b^1 W^2 + b^2) = X W + b.$$
#    One layer with $W = W^1 W^2$ and $b = b^1 W^2 + b^2$ gives the same output for every input. By induction so do any
#    number of layers.
# 2. **Rank.** The rows of $W^1 W^2$ are combinations of the $h$ rows of $W^2$, so
#    $$\mathrm{rank}(W^1 W^2) \le \min(\mathrm{rank}\, W^1, \mathrm{rank}\, W^2) \le h.$$
#    For $h \ge \min(n, m)$ nothing is lost: each $W$ is $W \cdot I$ or $I \cdot W$. For a smaller $h$ two linear layers can do
#    *less* than one: only maps of rank at most $h$.
# 3. **What no such net can do.** Each affine map keeps parallelograms: $f(0,0) + f(1,1) = f(1,0) + f(0,1)$. Exclusive or
#    asks for $0 + 0$ on the left and $1 + 1$ on the right. So the errors at the four corners, right ones minus left ones,
#    sum to $d = -2$ for every affine $f$, and by Cauchy and Schwarz their squares sum to at least $\frac{d^2}{4} = 1$: a
#    mean of $\frac14$, which the constant $\frac12$ reaches.
# 4. **With an activation between them it can.** With $r(t) = \max(t, 0)$ two hidden units are enough:
#    $$f(x) = r(x_1 + x_2) - 2\, r(x_1 + x_2 - 1).$$
# %% [markdown] lang="fa"
# ## پرسش
# چرا شبکهٔ چندلایه میان لایه‌هایش به تابع فعال‌سازی نیاز دارد؟
#
# ## استنتاج
# سطرهای $X$ نمونه‌ها هستند؛ $W^1$ ماتریسی $n \times h$ و $W^2$ ماتریسی $h \times m$ است.
#
# ۱. **ترکیب.** ضرب را باز کنید:
# $$(X W^1 + b^1) W^2 + b^2 = X\, W^1 W^2 + (b^1 W^2 + b^2) = X W + b.$$
# یک لایه با $W = W^1 W^2$ و $b = b^1 W^2 + b^2$ برای هر ورودی همان خروجی را می‌دهد. با استقرا، هر شمار لایه‌ای نیز چنین است.
#
# ۲. **رتبه.** سطرهای $W^1 W^2$ ترکیب $h$ سطر $W^2$ هستند، پس
# $$\mathrm{rank}(W^1 W^2) \le \min(\mathrm{rank}\, W^1, \mathrm{rank}\, W^2) \le h.$$
# با $h \ge \min(n, m)$ چیزی از دست نمی‌رود: هر $W$ برابر $W \cdot I$ یا $I \cdot W$ است. با $h$ کوچک‌تر، دو لایهٔ خطی *کمتر* از یک لایه
# می‌توانند: تنها نگاشت‌های با رتبهٔ حداکثر $h$.
#
# ۳. **کاری که از هیچ‌کدام برنمی‌آید.** هر نگاشت آفین متوازی‌الاضلاع را نگه می‌دارد: $f(0,0) + f(1,1) = f(1,0) + f(0,1)$. «یای انحصاری» در سمت چپ
# $0 + 0$ و در سمت راست $1 + 1$ می‌خواهد. پس برای هر $f$ آفین، خطاهای سمت راست منهای خطاهای سمت چپ برابر $d = -2$ است و بنا بر نابرابری
# کوشی-شوارتز جمع مربع خطاها دست‌کم $\frac{d^2}{4} = 1$ است: میانگین $\frac14$، که ثابتِ $\frac12$ به آن می‌رسد.
#
# ۴. **با فعال‌سازی در میان، شدنی است.** با $r(t) = \max(t, 0)$ دو واحد پنهان بس است:
# $$f(x) = r(x_1 + x_2) - 2\, r(x_1 + x_2 - 1).$$
# %%
import numpy as np
from matplotlib.figure import Figure

from simorgh.noise import philox
from simorgh.report.style import LINES, use_style
from simorgh.studies import kit

study = kit.current()
use_style()
CASES = ((5, 8, 3), (8, 8, 8), (8, 3, 8), (20, 2, 10), (4, 64, 4))


def relu(t):
    return np.maximum(t, 0)


def net(n, h, m, seed=0):
    """Weights and biases of two layers n -> h -> m."""
    draw = philox(seed, "two linear layers", n, h, m)
    return draw.standard_normal((n, h)) / np.sqrt(n), draw.standard_normal(h), draw.standard_normal((h, m)) / np.sqrt(h), draw.standard_normal(m)


def unexplained(x, y):
    """Share of the variance of y (N, m) that is left by the best affine map of x (N, n)."""
    a = np.column_stack([x, np.ones(len(x))])
    rest = y - a @ np.linalg.lstsq(a, y, rcond=None)[0]
    return float((rest**2).sum() / ((y - y.mean(0)) ** 2).sum())


# %% [markdown] lang="en"
# ## Computed
# For five shapes: the two layers against the one layer, the rank of the product, and how much of each output the best
# *affine* map of the input leaves unexplained on 2,000 points, without and with ReLU between the layers.
# %% [markdown] lang="fa"
# ## محاسبه
# برای پنج شکل: دو لایه در برابر یک لایه، رتبهٔ حاصل‌ضرب، و این‌که بهترین نگاشت *آفینِ* ورودی روی ۲٬۰۰۰ نقطه چه سهمی از خروجی را توضیح نمی‌دهد، بی
# ReLU و با ReLU در میان لایه‌ها.

# %%
rows, worst, left_linear, left_relu = [], 0.0, 0.0, 1.0
for n, h, m in CASES:
    w1, b1, w2, b2 = net(n, h, m)
    x = philox("points", n).standard_normal((2000, n))
    two, one = (x @ w1 + b1) @ w2 + b2, x @ (w1 @ w2) + (b1 @ w2 + b2)
    bent = relu(x @ w1 + b1) @ w2 + b2
    rank = int(np.linalg.matrix_rank(w1 @ w2))
    gap = float(np.abs(two - one).max())
    assert rank == min(n, h, m)
    rows.append([kit.ltr(f"{n} → {h} → {m}"), rank, kit.Cell(f"{gap:.0e}"), kit.Cell(f"{unexplained(x, two):.0e}"), kit.Cell(f"{unexplained(x, bent):.3f}")])
    worst, left_linear, left_relu = max(worst, gap), max(left_linear, unexplained(x, two)), min(left_relu, unexplained(x, bent))
assert worst < 1e-12
assert left_linear < 1e-24
assert left_relu > 0.05
corners = np.array([[0, 0], [1, 1], [1, 0], [0, 1]], float)
wanted = np.array([0, 0, 1, 1], float)
design = np.column_stack([corners, np.ones(4)])
best = np.linalg.lstsq(design, wanted, rcond=None)[0]
error = float(((design @ best - wanted) ** 2).mean())
solved = relu(corners.sum(1)) - 2 * relu(corners.sum(1) - 1)
assert abs(error - 0.25) < 1e-12
assert np.allclose(best, [0, 0, 0.5], atol=1e-12)
assert (solved == wanted).all()
study.table(study.pick(["shape", "rank of the product", "two layers − one layer", "left by an affine map, linear", "the same, with ReLU"], ["شکل", "رتبهٔ حاصل‌ضرب", "دو لایه منهای یک لایه", "توضیح‌نداده، خطی", "همان، با ReLU"]), rows,
            en="Largest difference in 2,000 × m outputs; share of the variance that is left.", fa="بزرگ‌ترین اختلاف در همهٔ خروجی‌ها؛ سهم واریانسی که می‌ماند.")
study.measure("collapse_error", worst, n=len(CASES), protocol="largest difference between two linear layers and the composed one, 2,000 normal inputs for each of five shapes, float64")
study.measure("relu_unexplained", left_relu, n=len(CASES), unit="share", protocol="smallest share of output variance that the best affine map leaves of two layers with ReLU, over five shapes")
study.measure("xor_linear_error", error, n=4, protocol="mean squared error of the best affine map on exclusive or, least squares")
study.say(en=f"Two layers equal one to {worst:.0e} and the rank is min(n, h, m) each time. With ReLU at least {left_relu:.1%} of the variance is out of reach of *every* affine map. On exclusive or the best affine map is the constant 1/2 with error {error:.2f}; two hidden ReLU units are exact.",
          fa=f"دو لایه تا {kit.ltr(f'{worst:.0e}')} با یک لایه برابرند و رتبه هر بار {kit.ltr('min(n, h, m)')} است. با ReLU دست‌کم {kit.ltr(f'{left_relu:.1%}')} واریانس از دسترس *هر* نگاشت آفین بیرون است. روی یای انحصاری بهترین نگاشت آفین ثابتِ یک‌دوم با خطای {error:.2f} است؛ دو واحد پنهان ReLU دقیق‌اند.")

# %% [markdown] lang="en"
# ## The same functions, another descent
# Equal as functions does not mean equal in training. On the line, $y = s x$ with $E x^2 = 1$: one weight $w$ follows
# $\dot w = s - w$; two weights with equal start follow $\dot a = b (s - ab)$, so their product $u$ obeys
# $$\dot u = 2 u (s - u), \qquad u(t) = \frac{s}{1 + (s / u_0 - 1) e^{-2 s t}},$$
# a long plateau and then a quick rise (Saxe et al. 2014, equation 8). Large $s$ is learnt first, small $s$ much later.
# %% [markdown] lang="fa"
# ## همان تابع‌ها، فرودی دیگر
# برابری تابع‌ها برابری آموزش نیست. روی خط، $y = s x$ با $E x^2 = 1$: یک وزن $w$ از $\dot w = s - w$ پیروی می‌کند؛ دو وزن با آغاز برابر از
# $\dot a = b (s - ab)$، پس حاصل‌ضربشان $u$ چنین است:
# $$\dot u = 2 u (s - u), \qquad u(t) = \frac{s}{1 + (s / u_0 - 1) e^{-2 s t}},$$
# درنگی بلند و سپس خیزی تند (Saxe et al. 2014، رابطهٔ ۸). $s$ بزرگ نخست آموخته می‌شود و $s$ کوچک بسیار دیرتر.

# %%
rate, steps, start = 0.01, 1500, 1e-3
times = rate * np.arange(steps + 1)
paths = {}
for s in (2.0, 0.5):
    a = b = np.sqrt(start)
    w, two_path, one_path = start, [start], [start]
    for _ in range(steps):
        a, b, w = a + rate * b * (s - a * b), b + rate * a * (s - a * b), w + rate * (s - w)
        two_path.append(a * b)
        one_path.append(w)
    closed = s / (1 + (s / start - 1) * np.exp(-2 * s * times))
    paths[s] = np.array(two_path), np.array(one_path), closed
    assert np.abs(paths[s][0] - closed).max() < 0.06 * s  # steps of finite length against the flow
figure = Figure(figsize=(8.6, 2.9))
ranks, planes, descent = figure.subplots(1, 3)
for i, h in enumerate((8, 5, 3, 1)):
    w1, _, w2, _ = net(8, h, 8)
    ranks.semilogy(range(1, 9), np.maximum(np.linalg.svd(w1 @ w2, compute_uv=False), 1e-17), "o-", markersize=3, color=LINES[i], label=f"h = {h}")
ranks.set(xlabel="number of the singular value", ylabel="singular value of W¹W²", ylim=(1e-18, 30))
ranks.legend(loc="center right")
grid = np.linspace(-0.3, 1.3, 161)
xx, yy = np.meshgrid(grid, grid)
planes.contourf(xx, yy, relu(xx + yy) - 2 * relu(xx + yy - 1), [-9, 0.5, 9], colors=["#DDEEF5", "#F5DFE2"])
planes.scatter(*corners.T, c=[LINES[0] if v == 0 else LINES[1] for v in wanted], s=40, zorder=3)
planes.set(xlabel="x₁", ylabel="x₂", title="exclusive or, two ReLU units", aspect="equal")
planes.grid(False)
for i, (s, (two_path, one_path, closed)) in enumerate(paths.items()):
    descent.plot(times, two_path / s, color=LINES[i], label=f"two layers, s = {s:g}")
    descent.plot(times[::100], closed[::100] / s, ".", color=LINES[i])
    descent.plot(times, one_path / s, "--", color=LINES[i], linewidth=0.9)
descent.set(xlabel="rate × steps", ylabel="learnt share of s", ylim=(-0.05, 1.3))
descent.legend(loc="upper right", ncols=1, fontsize=7)
study.figure(figure, "collapse", en="Left: singular values of the product for a hidden width h; beyond h they are rounding. Middle: regions above and below 1/2 of the two-unit net. Right: descent on the slope s by two layers (solid; dots: closed form) and by one (dashed, the same for both s).",
             fa="چپ: مقدارهای تکین حاصل‌ضرب برای پهنای پنهان h؛ پس از h خطای گردکردن‌اند. میانه: ناحیه‌های بالا و پایین یک‌دوم در شبکهٔ دوواحدی. راست: فرود روی شیب s با دو لایه (پیوسته؛ نقطه‌ها: رابطهٔ بسته) و با یک لایه (خط‌چین، برای هر دو s یکی).")

# %% [markdown] lang="en"
# ## Pitfalls
# - A narrow linear layer does make a difference: it limits the rank. Low-rank adapters and principal components rest on
#   that.
# - The argument is about what can be represented. Depth without activations still changes what descent finds first.
# - An activation *after* the last layer does not help: $\sigma(XW + b)$ still cuts the plane by one straight line.
#
# ## Sources
# Minsky & Papert 1969, *Perceptrons* (exclusive or); Baldi & Hornik 1989 (Neural Networks 2, 53); Saxe, McClelland &
# Ganguli 2014 (arXiv 1312.6120).
# %% [markdown] lang="fa"
# ## لغزشگاه‌ها
# - لایهٔ خطی باریک بی‌اثر نیست: رتبه را محدود می‌کند. سازگارسازهای کم‌رتبه (low-rank adapters) و مؤلفه‌های اصلی بر همین
#   استوارند.
# - سخن دربارهٔ چیزی است که بازنمودنی است. عمقِ بی‌فعال‌سازی همچنان تعیین می‌کند که فرود نخست چه بیابد.
# - فعال‌سازی *پس از* لایهٔ آخر کمکی نمی‌کند: $\sigma(XW + b)$ هنوز صفحه را با یک خط راست می‌بُرد.
#
# ## منابع
# Minsky & Papert 1969، کتاب *Perceptrons* (یای انحصاری)؛ Baldi & Hornik 1989 (Neural Networks 2, 53)؛ Saxe, McClelland & Ganguli 2014
# (arXiv 1312.6120).
