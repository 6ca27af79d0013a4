# ---
# simorgh:
#   title: {en: "Backpropagation by hand: one pass forward, one back, one step", fa: "پس‌انتشار با دست: یک گذر پیش، یک گذر پس، یک گام"}
#   answers: [E3.a, E3.b, E3.c]
# ---

# %% [markdown] lang="en"
# ## Question
# A net of two inputs, two hidden units and one output, all sigmoid and without biases, is given with its six weights.
# (a) What does each node give? (b) What is the derivative of the loss by each weight? (c) Which weights follow from one
# step of gradient descent with rate 1? All numbers that the solution prints are computed here again by routes that share
# no code, and *asserted*.
#
# ## Assumptions
# - Inputs and weights are those of the figure; the loss is $(y - y_5)^2$, without a factor of one half.
# - **The target is not printed.** It is recovered below from each of the six printed derivatives: all say $y = 0.5$.
#
# ## Derivation
# 1. Forward: $H_3 = x_1 w_{13} + x_2 w_{23}$, $H_4 = x_1 w_{14} + x_2 w_{24}$, $y_3 = \sigma(H_3)$, $y_4 = \sigma(H_4)$,
#    $O_5 = y_3 w_{35} + y_4 w_{45}$, $y_5 = \sigma(O_5)$ with $\sigma(t) = \frac{1}{1 + e^{-t}}$.
# 2. The slope of a sigmoid is known from its value: $\sigma' = \frac{e^{-t}}{(1 + e^{-t})^2} = \sigma (1 - \sigma)$. So the pass
#    back needs nothing but what the pass forward has left in the nodes.
# 3. Let $\delta$ be the derivative of the loss by the sum in front of a sigmoid. At the output
#    $$\delta_5 = -2 (y - y_5)\, y_5 (1 - y_5),$$
#    and one layer down, because $H_j$ acts on the loss through $y_j w_{j5}$ only, $\delta_j = \delta_5\, w_{j5}\, y_j (1 - y_j)$.
# 4. Each weight multiplies one number $a$ in one sum, so its derivative is $\delta \cdot a$:
#    $$\frac{\partial L}{\partial w_{j5}} = \delta_5\, y_j, \qquad \frac{\partial L}{\partial w_{ij}} = \delta_j\, x_i.$$
#    Six derivatives cost three values of $\delta$: the common factors are computed once. That is all of backpropagation.
# %% [markdown] lang="fa"
# ## پرسش
# شبکه‌ای با دو ورودی، دو واحد پنهان و یک خروجی، همه با سیگموید و بدون بایاس، همراه شش وزنش داده شده است. (آ) هر گره چه می‌دهد؟ (ب) مشتق
# هزینه نسبت به هر وزن چیست؟ (ج) پس از یک گام کاهش گرادیانی با نرخ ۱ وزن‌ها چه می‌شوند؟ همهٔ عددهایی که در پاسخ چاپ شده‌اند این‌جا از راه‌هایی
# که کد مشترکی ندارند دوباره محاسبه و *وارسی* می‌شوند.
#
# ## فرض‌ها
# - وزن‌ها و ورودی‌ها همان‌هایی‌اند که در شکل آمده‌اند؛ هزینه $(y - y_5)^2$ است، بدون ضریب یک‌دوم.
# - **مقدار هدف چاپ نشده است.** در زیر از هر یک از شش مشتق چاپ‌شده بازیابی می‌شود: همه می‌گویند $y = 0.5$.
#
# ## استنتاج
# ۱. گذر پیش: $H_3 = x_1 w_{13} + x_2 w_{23}$، $H_4 = x_1 w_{14} + x_2 w_{24}$، $y_3 = \sigma(H_3)$، $y_4 = \sigma(H_4)$،
# $O_5 = y_3 w_{35} + y_4 w_{45}$ و $y_5 = \sigma(O_5)$ با $\sigma(t) = \frac{1}{1 + e^{-t}}$.<br>
# ۲. شیب سیگموید از مقدار خودش به دست می‌آید: $\sigma' = \frac{e^{-t}}{(1 + e^{-t})^2} = \sigma (1 - \sigma)$. پس گذر پس به چیزی جز آنچه گذر پیش
# در گره‌ها گذاشته است نیاز ندارد.<br>
# ۳. بگذارید $\delta$ مشتق هزینه نسبت به مجموعِ پیش از سیگموید باشد. در خروجی
# $$\delta_5 = -2 (y - y_5)\, y_5 (1 - y_5)$$
# و یک لایه پایین‌تر، چون $H_j$ تنها از راه $y_j w_{j5}$ بر هزینه اثر دارد، $\delta_j = \delta_5\, w_{j5}\, y_j (1 - y_j)$.
#
# ۴. هر وزن در یک مجموع در یک عدد $a$ ضرب می‌شود، پس مشتقش $\delta \cdot a$ است:
# $$\frac{\partial L}{\partial w_{j5}} = \delta_5\, y_j, \qquad \frac{\partial L}{\partial w_{ij}} = \delta_j\, x_i.$$
# شش مشتق به بهای سه مقدار $\delta$ به دست می‌آیند: عامل‌های مشترک یک بار حساب می‌شوند. همهٔ پس‌انتشار همین است.
# %%
from math import exp, floor

import numpy as np
import sympy as sp
import torch
from matplotlib.figure import Figure

from simorgh.report.style import LINES, use_style
from simorgh.studies import kit

study = kit.current()
use_style()
X = {"x1": 0.35, "x2": 0.9}
W = {"w35": 0.3, "w45": 0.9, "w13": 0.1, "w23": 0.8, "w14": 0.4, "w24": 0.6}
# As printed in the solution of the assignment.
FORWARD = {"H3": 0.755, "H4": 0.68, "y3": 0.6802671966986485, "y4": 0.6637386974043528, "O5": 0.801444986673512, "y5": 0.6902834929076443}
DERIVATIVES = {"w35": 0.055348069877435735, "w45": 0.05400327398201483, "w13": 0.0018581423216193194, "w23": 0.004778080255592536, "w14": 0.005720151544890908, "w24": 0.014708961115433766}
UPDATED = {"w35": "0.24", "w45": "0.84", "w13": "0.09", "w23": "0.79", "w14": "0.39", "w24": "0.58"}

# %% [markdown] lang="en"
# ## (a) The pass forward, traced
# A node remembers what it was computed from and the slope towards each of those. Nothing else is needed to go back.
# %% [markdown] lang="fa"
# ## (آ) گذر پیش، گره به گره
# هر گره به یاد دارد که از چه محاسبه شده و شیبش به سوی هر کدام چقدر است. برای بازگشت به چیز دیگری نیاز نیست.
# %%
class Node:
    """A number, what it was computed from as pairs (node, local slope), and in the end its derivative."""

    def __init__(self, name, value, parents=()):
        self.name, self.value, self.parents, self.derivative = name, value, parents, 0.0

def weigh(name, *pairs):
    """The sum of a b over pairs (a, b); the slope towards a is b, and the other way round."""
    slopes = [half for a, b in pairs for half in ((a, b.value), (b, a.value))]
    return Node(name, sum(a.value * b.value for a, b in pairs), slopes)

def sigmoid(name, node):
    value = 1 / (1 + exp(-node.value))
    return Node(name, value, [(node, value * (1 - value))])

def forward(inputs, weights, target):
    """All nodes by name, in the order in which they are computed; the loss L is the last."""
    n = {k: Node(k, v) for k, v in {**inputs, **weights}.items()}
    for j in "34":
        n[f"H{j}"] = weigh(f"H{j}", (n["x1"], n[f"w1{j}"]), (n["x2"], n[f"w2{j}"]))
        n[f"y{j}"] = sigmoid(f"y{j}", n[f"H{j}"])
    n["O5"] = weigh("O5", (n["y3"], n["w35"]), (n["y4"], n["w45"]))
    n["y5"] = sigmoid("y5", n["O5"])
    error = target - n["y5"].value
    return {**n, "L": Node("L", error**2, [(n["y5"], -2 * error)])}

def backward(nodes):
    """Derivatives of the last node by all others: in reverse order, each hands on its own times the local slope."""
    order = list(nodes.values())
    order[-1].derivative = 1.0
    for node in reversed(order):
        for parent, slope in node.parents:
            parent.derivative += node.derivative * slope

nodes = forward(X, W, 0.5)
# The independent route: exact fractions, a computer algebra system, fifty digits.
w = {k: sp.Symbol(k, positive=True) for k in W}
exact = {w[k]: sp.Rational(str(v)) for k, v in W.items()}
x1, x2 = (sp.Rational(str(v)) for v in X.values())
e = {f"H{j}": x1 * w[f"w1{j}"] + x2 * w[f"w2{j}"] for j in "34"}
e |= {f"y{j}": 1 / (1 + sp.exp(-e[f"H{j}"])) for j in "34"}
e["O5"] = e["y3"] * w["w35"] + e["y4"] * w["w45"]
e["y5"] = 1 / (1 + sp.exp(-e["O5"]))
loss = (sp.Rational(1, 2) - e["y5"]) ** 2
true = {k: float(e[k].subs(exact).evalf(50)) for k in FORWARD}
forward_error = max(max(abs(nodes[k].value - true[k]), abs(printed - true[k])) for k, printed in FORWARD.items())
assert forward_error < 1e-12
study.table(study.pick(["node", "formula", "traced", "printed", "largest difference from 50 digits"], ["گره", "رابطه", "ردیابی‌شده", "چاپ‌شده", "بیشترین اختلاف با ۵۰ رقم"]),
            [[kit.ltr(k), kit.ltr(text), kit.Cell(f"{nodes[k].value:.16g}"), kit.Cell(f"{FORWARD[k]:.16g}"), kit.Cell(f"{max(abs(nodes[k].value - true[k]), abs(FORWARD[k] - true[k])):.0e}")]
             for k, text in {"H3": "x1 w13 + x2 w23", "H4": "x1 w14 + x2 w24", "y3": "σ(H3)", "y4": "σ(H4)", "O5": "y3 w35 + y4 w45", "y5": "σ(O5)"}.items()],
            en="The pass forward.", fa="گذر پیش.")
study.measure("forward_error", forward_error, n=len(FORWARD), protocol="largest absolute difference of six node values, traced and printed, from 50-digit arithmetic")
study.say(en=f"All six agree to {forward_error:.0e}. One line of the solution reads 0.68 × 0.3 + 0.66 × 0.9; with these rounded factors it would be {0.68 * 0.3 + 0.66 * 0.9:.4f}, not 0.8014. The printed result belongs to the unrounded ones: shorten what is shown, never what is carried on.",
          fa=f"هر شش عدد تا {kit.ltr(f'{forward_error:.0e}')} یکی‌اند. یک سطر پاسخ {kit.ltr('0.68 × 0.3 + 0.66 × 0.9')} است؛ با این عامل‌های گردشده حاصل {0.68 * 0.3 + 0.66 * 0.9:.4f} می‌شد، نه ۰٫۸۰۱۴. نتیجهٔ چاپ‌شده از عددهای گردنشده است: آنچه نشان می‌دهید را کوتاه کنید، نه آنچه با آن ادامه می‌دهید.")

# %% [markdown] lang="en"
# ## (b) The pass back
# First the target: each printed derivative is $-2 (y - y_5)$ times factors that part (a) knows, so each gives $y$.
# %% [markdown] lang="fa"
# ## (ب) گذر پس
# نخست هدف: هر مشتق چاپ‌شده حاصل‌ضرب $-2 (y - y_5)$ در عامل‌هایی است که بخش (آ) می‌شناسد، پس هر یک $y$ را می‌دهد.

# %%
def chain(node, leaf):
    """The pairs (name, slope) along the one path from `node` down to `leaf`; None where there is none."""
    if node.name == leaf:
        return []
    for parent, slope in node.parents:
        if (rest := chain(parent, leaf)) is not None:
            return [(f"∂{node.name}/∂{parent.name}", slope), *rest]
    return None

backward(nodes)
p = FORWARD
inner = {"w35": p["y3"], "w45": p["y4"], **{f"w{i}{j}": W[f"w{j}5"] * p[f"y{j}"] * (1 - p[f"y{j}"]) * X[f"x{i}"] for j in "34" for i in "12"}}
targets = {k: p["y5"] - DERIVATIVES[k] / (2 * p["y5"] * (1 - p["y5"]) * inner[k]) for k in W}
target_error = max(abs(t - 0.5) for t in targets.values())
assert target_error < 1e-12
study.measure("target", float(np.mean(list(targets.values()))), n=6, protocol="the target solved from each of six printed derivatives, mean; they agree to 1e-12")

def value(weights):
    """The loss in plain float64, written a second time."""
    s = [1 / (1 + exp(-(X["x1"] * weights[f"w1{j}"] + X["x2"] * weights[f"w2{j}"]))) for j in "34"]
    return (0.5 - 1 / (1 + exp(-(s[0] * weights["w35"] + s[1] * weights["w45"])))) ** 2

def difference(name, h):
    """Central differences at h and 2 h, joined so that the error is of order h^4 (Richardson)."""
    slope = [(value({**W, name: W[name] + s}) - value({**W, name: W[name] - s})) / (2 * s) for s in (h, 2 * h)]
    return (4 * slope[0] - slope[1]) / 3

# At fifty digits a step of 1e-15 leaves an error of 1e-30: no rounding blurs the difference quotient.
tiny = sp.Rational(1, 10**15)
fine = {k: float(((loss.subs({**exact, w[k]: exact[w[k]] + tiny}) - loss.subs({**exact, w[k]: exact[w[k]] - tiny})) / (2 * tiny)).evalf(50, maxn=200)) for k in W}
parameters = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in W.items()}
hidden = [torch.sigmoid(X["x1"] * parameters[f"w1{j}"] + X["x2"] * parameters[f"w2{j}"]) for j in "34"]
(0.5 - torch.sigmoid(hidden[0] * parameters["w35"] + hidden[1] * parameters["w45"])).square().backward()
rows, worst, worst_float = [], 0.0, 0.0
for k, printed in DERIVATIVES.items():
    traced, symbolic = nodes[k].derivative, float(sp.diff(loss, w[k]).subs(exact).evalf(50))
    others = {"printed": printed, "torch": float(parameters[k].grad), "symbolic": symbolic, "difference": fine[k]}
    worst = max(worst, *(abs(traced - other) for other in others.values()))
    worst_float = max(worst_float, abs(traced - difference(k, 3e-3)))
    assert abs(np.prod([s for _, s in chain(nodes["L"], k)]) - traced) < 1e-15
    rows.append([kit.ltr(k), kit.Cell(f"{traced:.16f}"), kit.Cell(f"{printed:.16f}"), kit.Cell(f"{fine[k]:.16f}"), kit.Cell(f"{targets[k]:.12f}")])
assert worst < 1e-12
assert worst_float < 1e-10
study.table(study.pick(["weight", "own reverse mode", "printed", "differences, 50 digits", "target that follows"], ["وزن", "گذر پس خودمان", "چاپ‌شده", "تفاضل، ۵۰ رقم", "هدفی که نتیجه می‌شود"]), rows,
            en="The six derivatives, and the target that each printed one implies.", fa="شش مشتق، و هدفی که هر مشتق چاپ‌شده نتیجه می‌دهد.")
study.measure("derivative_error", worst, n=6, protocol="largest absolute difference of own reverse mode from the printed six, torch, symbolic derivatives and central differences in 50 digits")
lines = "\n".join(f"- `∂L/∂{k} = {' · '.join(n for n, _ in chain(nodes['L'], k))} = {' · '.join(f'{s:.6g}' for _, s in chain(nodes['L'], k))} = {nodes[k].derivative:.9f}`" for k in W)
study.say(en=f"Each derivative is one path through the graph, the product of the slopes along it:\n\n{lines}\n\nReverse mode, the printed numbers, torch, symbolic derivatives and difference quotients agree to {worst:.0e}; difference quotients in float64 alone to {worst_float:.0e}.",
          fa=f"هر مشتق یک مسیر در گراف است، حاصل‌ضرب شیب‌های روی آن:\n\n<div dir=\"ltr\">\n\n{lines}\n\n</div>\n\nگذر پس، عددهای چاپ‌شده، torch، مشتق نمادین و خارج‌قسمت تفاضل تا {kit.ltr(f'{worst:.0e}')} یکی‌اند؛ خارج‌قسمت تفاضل در دقت دوگانه به‌تنهایی تا {kit.ltr(f'{worst_float:.0e}')}.")

# %%
PLACES = {"x1": (0, 1.5), "x2": (0, 0), "y3": (1.5, 1.5), "y4": (1.5, 0), "y5": (3, 0.75)}
figure = Figure(figsize=(8.6, 3.3))
left, right = figure.subplots(1, 2, width_ratios=(1.35, 1))
left.set(xlim=(-0.35, 3.45), ylim=(-0.45, 1.95))
left.axis("off")
for k, (a, b, at) in {"w13": ("x1", "y3", 0.5), "w23": ("x2", "y3", 0.3), "w14": ("x1", "y4", 0.3), "w24": ("x2", "y4", 0.5), "w35": ("y3", "y5", 0.5), "w45": ("y4", "y5", 0.5)}.items():
    (xa, ya), (xb, yb) = PLACES[a], PLACES[b]
    left.plot([xa, xb], [ya, yb], color="#888890", linewidth=0.6 + 60 * nodes[k].derivative, zorder=1)
    left.text(xa + at * (xb - xa), ya + at * (yb - ya), f"{k} = {W[k]}\n{nodes[k].derivative:.4f}", fontsize=7, ha="center", va="center", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
for k, (x, y) in PLACES.items():
    left.text(x, y, f"{k}\n{nodes[k].value:.4g}", ha="center", va="center", fontsize=8, bbox={"boxstyle": "circle,pad=0.3", "facecolor": "#CFE8F5", "edgecolor": "#66666E"})
steps = np.logspace(-13, 0, 53)
for i, k in enumerate(("w35", "w13")):
    right.loglog(steps, [max(abs((value({**W, k: W[k] + h}) - value({**W, k: W[k] - h})) / (2 * h) / fine[k] - 1), 1e-16) for h in steps], color=LINES[i], label=k)
right.loglog(steps[20:], 0.1 * steps[20:] ** 2, "--", color="black", linewidth=0.8, label="order h²")
right.set(xlabel="step h", ylabel="relative error of the difference", ylim=(1e-14, 10))
right.legend()
study.figure(figure, "graph", en="Left: values in the nodes, weights and their derivatives on the edges (thicker: larger). Right: a central difference in float64 against its step. Too long a step sees the curvature, too short a step sees rounding.",
             fa="چپ: مقدارها در گره‌ها، وزن‌ها و مشتق‌هایشان روی یال‌ها (ضخیم‌تر: بزرگ‌تر). راست: تفاضل مرکزی با دقت دوگانه در برابر گام آن. گام بلند خمیدگی را می‌بیند و گام کوتاه خطای گردکردن را.")

# %% [markdown] lang="en"
# ## (c) One step with rate 1
# $w \leftarrow w - \frac{\partial L}{\partial w}$, all six at once, with derivatives taken before any weight moves.
# %% [markdown] lang="fa"
# ## (ج) یک گام با نرخ ۱
# $w \leftarrow w - \frac{\partial L}{\partial w}$ برای هر شش وزن با هم، با مشتق‌هایی که پیش از حرکت هر وزنی گرفته شده‌اند.
# %%
after = {k: W[k] - nodes[k].derivative for k in W}
for k, expected in {"w35": 0.244652, "w45": 0.845997, "w13": 0.098142, "w23": 0.795222, "w14": 0.394280, "w24": 0.585291}.items():
    assert round(after[k], 6) == expected
cut = {k: f"{floor(v * 100) / 100:.2f}" for k, v in after.items()}
nearest = {k: f"{v:.2f}" for k, v in after.items()}
differ = sum(cut[k] != nearest[k] for k in W)
assert cut == UPDATED
assert differ == 4
before_loss, after_loss = nodes["L"].value, forward(X, after, 0.5)["L"].value
assert round(before_loss, 6) == 0.036208
assert round(after_loss, 6) == 0.030159
study.table(study.pick(["weight", "before", "after", "printed", "cut", "rounded"], ["وزن", "پیش", "پس", "چاپ‌شده", "بریده", "گردشده"]),
            [[kit.ltr(k), W[k], kit.Cell(f"{after[k]:.6f}"), kit.Cell(UPDATED[k]), kit.Cell(cut[k]), kit.Cell(nearest[k])] for k in W],
            en="The weights after one step.", fa="وزن‌ها پس از یک گام.")
study.measure("loss_after", after_loss, n=1, protocol="(0.5 - y5)^2 after one step of gradient descent with rate 1")
study.say(en=f"The printed weights are these, **cut** after two decimals and not rounded; rounding would change four of the six. The loss falls from {before_loss:.6f} to {after_loss:.6f}; with the cut weights it would be {value({k: float(v) for k, v in cut.items()}):.6f}, so a second step from the printed numbers would start from another point.",
          fa=f"عددهای چاپ‌شده همین‌ها هستند که پس از دو رقم اعشار **بریده** شده‌اند، نه گرد؛ گردکردن چهار تا از شش عدد را عوض می‌کرد. هزینه از {before_loss:.6f} به {after_loss:.6f} می‌رسد؛ با وزن‌های بریده {value({k: float(v) for k, v in cut.items()}):.6f} می‌شد، پس گام دوم از عددهای چاپ‌شده از نقطهٔ دیگری آغاز می‌کند.")
# %% [markdown] lang="en"
# ## Pitfalls
# - With $\frac12 (y - y_5)^2$ every derivative is half of these: say which loss is meant.
# - $w_{35}$ must not be moved before $w_{13}$ is differentiated: $\delta_3$ contains the old $w_{35}$.
# - A plain difference quotient in float64 confirms about ten digits, never sixteen (figure, right).
#
# ## Sources
# Rumelhart, Hinton & Williams 1986 (Nature 323, 533), equations 4 to 7; Griewank & Walther 2008, *Evaluating
# Derivatives*, chapter 3 (reverse mode).
# %% [markdown] lang="fa"
# ## لغزشگاه‌ها
# - با $\frac12 (y - y_5)^2$ همهٔ مشتق‌ها نصف می‌شوند: بگویید کدام هزینه منظور است.
# - پیش از مشتق‌گیری نسبت به $w_{13}$ نباید $w_{35}$ را حرکت داد: $\delta_3$ مقدار قدیم $w_{35}$ را در خود دارد.
# - خارج‌قسمت سادهٔ تفاضل در دقت دوگانه حدود ده رقم را تأیید می‌کند و هرگز شانزده رقم را (شکل، راست).
#
# ## منابع
# Rumelhart, Hinton & Williams 1986 (Nature 323, 533)، رابطه‌های ۴ تا ۷؛ Griewank & Walther 2008، کتاب *Evaluating Derivatives*، فصل ۳.
