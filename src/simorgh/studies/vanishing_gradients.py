# ---
# simorgh:
#   title: {en: "Vanishing gradients: activation, initialisation, depth, and what helps", fa: "محوشدن گرادیان: فعال‌سازی، مقداردهی آغازین، عمق، و درمان‌ها"}
#   answers: [E1.d]
# ---

# %% [markdown] lang="en"
# ## Question
# Where do gradients vanish, and what helps? The answer of the assignment names four causes (the slopes of sigmoid and
# tanh, the initial weights, depth, old optimisers) and two cures (ReLU and its kin, Adam). Each is measured here; two
# cures that it does not name, residual connections and normalisation, are added.
#
# ## Derivation
# A net of $L$ layers of width $n$: $h^l = W^l \phi(h^{l-1})$, entries of $W^l$ independent with mean 0 and variance
# $\frac{\sigma_w^2}{n}$.
# 1. **Backward.** $\frac{\partial \mathcal L}{\partial h^{l-1}} = \phi'(h^{l-1}) \odot (W^l)^T \frac{\partial \mathcal L}{\partial h^l}$. For wide layers
#    the mean square of the gradient is multiplied at each layer by
#    $$\chi = \sigma_w^2\, E[\phi'(h)^2], \qquad h \sim N(0, q).$$
# 2. **Forward.** The variance $q$ of the sums moves as $q^{l} = \sigma_w^2\, E[\phi(\sqrt{q^{l-1}} z)^2]$ to a fixed point.
# 3. **Depth makes it exponential.** After $L$ layers the norm is multiplied by $\chi^{L/2}$: it vanishes for $\chi < 1$ and
#    explodes for $\chi > 1$. Nothing but $\chi = 1$ survives great depth.
# 4. **Slopes.** $\sigma' \le \frac14$, so a sigmoid needs $\sigma_w > 4$ for $\chi = 1$ at best; with the usual weights
#    ($\sigma_w \approx 1$) it loses a factor of more than 4 at each layer. $\tanh' \le 1$ with equality at 0 only. For ReLU
#    $E[\phi'^2] = \frac12$ whatever $q$ is, so $\sigma_w^2 = 2$ gives exactly $\chi = 1$ (He et al. 2015).
# 5. **Adam** divides each gradient by its own size, so a small gradient moves weights as far as a large one. A factor
#    that is common to a layer is thus undone; what the backward pass has *lost* is not brought back.
# 6. **A residual connection** $h + f(h)$ has the slope $1 + f'$: the gradient has a way on which nothing is multiplied.
#    Normalising each layer's sums holds $q$ where the slopes are large.
# %% [markdown] lang="fa"
# ## پرسش
# گرادیان کجا محو می‌شود و چه چیزی کمک می‌کند؟ پاسخ تمرین چهار سبب نام می‌برد (شیب سیگموید و tanh، وزن‌های آغازین، عمق، بهینه‌سازهای قدیمی) و دو
# درمان (ReLU و خویشانش، Adam). این‌جا هر کدام اندازه گرفته می‌شود و دو درمان دیگر، اتصال باقی‌مانده و نرمال‌سازی، افزوده می‌شود.
#
# ## استنتاج
# شبکه‌ای با $L$ لایه به پهنای $n$: $h^l = W^l \phi(h^{l-1})$، درایه‌های $W^l$ مستقل با میانگین ۰ و واریانس $\frac{\sigma_w^2}{n}$.
#
# ۱. **پس‌رو.** $\frac{\partial \mathcal L}{\partial h^{l-1}} = \phi'(h^{l-1}) \odot (W^l)^T \frac{\partial \mathcal L}{\partial h^l}$. برای لایه‌های پهن، میانگین
# مربع گرادیان در هر لایه در این ضرب می‌شود:
# $$\chi = \sigma_w^2\, E[\phi'(h)^2], \qquad h \sim N(0, q).$$
#
# ۲. **پیش‌رو.** واریانس مجموع‌ها، $q$، با $q^{l} = \sigma_w^2\, E[\phi(\sqrt{q^{l-1}} z)^2]$ به نقطه‌ای ثابت می‌رود.
#
# ۳. **عمق آن را نمایی می‌کند.** پس از $L$ لایه نُرم در $\chi^{L/2}$ ضرب شده است: با $\chi < 1$ محو و با $\chi > 1$ منفجر می‌شود. از عمق زیاد تنها
# $\chi = 1$ جان به در می‌برد.
#
# ۴. **شیب‌ها.** $\sigma' \le \frac14$، پس سیگموید در بهترین حالت برای $\chi = 1$ به $\sigma_w > 4$ نیاز دارد؛ با وزن‌های معمول ($\sigma_w \approx 1$) در هر
# لایه گرادیان بیش از چهار برابر کوچک می‌شود. $\tanh' \le 1$ و برابری تنها در صفر است. برای ReLU هر $q$ که باشد $E[\phi'^2] = \frac12$، پس $\sigma_w^2 = 2$
# دقیقاً $\chi = 1$ می‌دهد (He et al. 2015).
#
# ۵. **Adam** هر گرادیان را بر اندازهٔ خودش تقسیم می‌کند، پس گرادیان کوچک وزن‌ها را به همان دوری می‌برد که گرادیان بزرگ. ضریبی که در یک لایه مشترک
# است از میان می‌رود؛ اما آنچه گذر پس *از دست داده* بازنمی‌گردد.
#
# ۶. **اتصال باقی‌مانده** $h + f(h)$ شیب $1 + f'$ دارد: گرادیان راهی دارد که در آن در چیزی ضرب نمی‌شود. نرمال‌سازیِ مجموع‌های هر لایه $q$ را جایی نگه
# می‌دارد که شیب‌ها بزرگ‌اند.
# %%
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn
from torch.nn.functional import cross_entropy, leaky_relu

from simorgh.data import DataConfig, load
from simorgh.metrics.intervals import mean_interval
from simorgh.noise import philox
from simorgh.report.style import LINES, use_style
from simorgh.studies import kit

study = kit.current()
use_style()
if study.small:
    study.say("**The `smoke` preset**: narrow nets and a few steps; its trainings say nothing.", "**اندازهٔ `smoke`**: شبکه‌های باریک و چند گام؛ آموزش‌هایش چیزی نمی‌گویند.")
ACTIVATIONS = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "ReLU": torch.relu, "leaky ReLU": lambda t: leaky_relu(t, 0.01)}
STARTS = {"small, 0.01": None, "Xavier": 1.0, "He": 2.0}  # standard deviation 0.01, or the variance sigma_w^2 times 1 / n
DEPTHS = (4, 16, 64)
WIDTH, SEEDS = (64, 2) if study.small else (256, 5)

# %% [markdown] lang="en"
# ## Norms of the gradient, layer by layer
# Four activations, three initialisations, three depths, in float64 (in float32 the smallest would be zero outright). The
# prediction follows steps 1 to 3 through every layer by quadrature.
# %% [markdown] lang="fa"
# ## نُرم گرادیان، لایه به لایه
# چهار فعال‌سازی، سه مقداردهی آغازین، سه عمق، با دقت دوگانه (با دقت ساده کوچک‌ترین‌ها یکسره صفر می‌شدند). پیش‌بینی گام‌های ۱ تا ۳ را با انتگرال عددی
# لایه به لایه دنبال می‌کند.

# %%
def variance(start, n):
    """sigma_w^2 of an initialisation at width n."""
    return 0.01**2 * n if start is None else start


def norms(name, start, depth, seed):
    """Root mean square, over 32 inputs, of the gradient norm at the sums of each layer, first layer first."""
    draw, phi = philox("vanishing", name, start, depth, seed), ACTIVATIONS[name]
    scale = (variance(start, WIDTH) / WIDTH) ** 0.5
    h = torch.from_numpy(draw.standard_normal((32, WIDTH))).requires_grad_()
    sums = [h]
    for _ in range(depth):
        h = phi(h) @ torch.from_numpy(scale * draw.standard_normal((WIDTH, WIDTH)))
        sums.append(h)
    grads = torch.autograd.grad((h * torch.from_numpy(draw.standard_normal(h.shape))).sum(), sums)
    return np.array([float(g.square().sum(1).mean().sqrt()) for g in grads])


nodes, mass = np.polynomial.hermite_e.hermegauss(200)  # none at 0, where ReLU has no slope
mass = torch.from_numpy(mass / mass.sum())


def predicted(name, start, depth):
    """log10 of the factor by which mean-field theory multiplies the norm from the last layer to the first."""
    q, total, s2 = 1.0, 0.0, variance(start, WIDTH)
    for _ in range(depth):
        at = torch.from_numpy(np.sqrt(q) * nodes).requires_grad_()
        value = ACTIVATIONS[name](at)
        (slope,) = torch.autograd.grad(value.sum(), at)
        total += 0.5 * np.log10(s2 * float(mass @ slope.square()))
        q = s2 * float(mass @ value.detach().square())
    return total


found, theory, traces = {}, {}, {}
for name in ACTIVATIONS:
    for label, start in STARTS.items():
        for depth in DEPTHS:
            runs = np.stack([norms(name, start, depth, s) for s in range(SEEDS)])
            traces[name, label, depth] = np.exp(np.log(runs).mean(0))
            found[name, label, depth] = float(np.log10(runs[:, 0] / runs[:, -1]).mean())
            theory[name, label, depth] = predicted(name, start, depth)
off = {k: abs(found[k] - theory[k]) / k[2] for k in found}
worst = max(off.values())
assert worst < (0.06 if study.small else 0.03)  # decades a layer
assert all(found["sigmoid", k, d] < d * (np.log10(variance(s, WIDTH) ** 0.5 / 4) + 0.03) for k, s in STARTS.items() for d in DEPTHS)  # step 4
assert abs(found["ReLU", "He", 64]) < 1 < abs(found["ReLU", "Xavier", 64])
study.table([study.pick("activation", "فعال‌سازی"), study.pick("initial weights", "وزن‌های آغازین"), *(study.pick(f"{d} layers", f"{d} لایه") for d in DEPTHS)],
            [[name, label, *(kit.Cell(f"{found[name, label, d]:+.1f} ({theory[name, label, d]:+.1f})") for d in DEPTHS)] for name in ACTIVATIONS for label in STARTS],
            en=f"Powers of ten by which the gradient norm changes from the last layer to the first: measured (predicted). Width {WIDTH}, mean of {SEEDS} draws.",
            fa=f"توان‌های ده که نُرم گرادیان از لایهٔ آخر تا اول تغییر می‌کند: اندازه‌گیری‌شده (پیش‌بینی‌شده). پهنای {WIDTH}، میانگین {SEEDS} قرعه.")
study.measure("mean_field_error", worst, n=len(off), unit="decades a layer", protocol=f"largest difference of measured and mean-field change of the gradient norm over 36 nets of width {WIDTH}")
study.measure("decades_sigmoid_xavier_16", found["sigmoid", "Xavier", 16], n=SEEDS, unit="decades", protocol="change of the gradient norm from the last of 16 sigmoid layers to the first, Xavier weights")
_ = study.measure("decades_relu_he_64", found["ReLU", "He", 64], n=SEEDS, unit="decades", protocol="change of the gradient norm from the last of 64 ReLU layers to the first, He weights")

# %%
figure = Figure(figsize=(9, 2.9))
for panel, label in zip(figure.subplots(1, 3, sharey=True), STARTS):
    for i, name in enumerate(ACTIVATIONS):
        trace = traces[name, label, 16]
        panel.semilogy(range(17), np.maximum(trace / trace[-1], 1e-40), "--" if name == "leaky ReLU" else "-", color=LINES[i], label=name)
    panel.set(title=label, xlabel="layer (gradients flow to the left)", ylim=(1e-40, 1e2))
figure.axes[0].set_ylabel("norm relative to the last layer")
figure.axes[2].legend(loc="lower right")
study.figure(figure, "layers", en="16 layers: the norm of the gradient at each layer for three initialisations.", fa="۱۶ لایه: نُرم گرادیان در هر لایه برای سه مقداردهی آغازین.")

# %% [markdown] lang="en"
# ## What helps in training
# 8 x 8 digits, 1,000 to train on, width 64, 12 hidden layers, full batches. The same net with sigmoid, and what changes
# it: the optimiser, the activation, a residual connection, layer normalisation.
# %% [markdown] lang="fa"
# ## چه چیزی در آموزش کمک می‌کند
# رقم‌های ۸ در ۸، هزار تا برای آموزش، پهنای ۶۴، ۱۲ لایهٔ پنهان، دستهٔ کامل. همان شبکه با سیگموید، و آنچه عوضش می‌کند: بهینه‌ساز، فعال‌سازی، اتصال
# باقی‌مانده، نرمال‌سازی لایه.

# %%
DEEP, STEPS, TRIES = (12, 10, 1) if study.small else (12, 300, 3)
digits = load(DataConfig("digits"))
inputs, labels = digits.train.x.flatten(1).float() / 255 - 0.3, digits.train.y


class Deep(nn.Module):
    """12 layers of width 64; `residual` adds each layer's input to its output, `norm` normalises its sums."""

    def __init__(self, name, residual=False, norm=False):
        super().__init__()
        self.phi, self.residual = ACTIVATIONS[name], residual
        self.first, self.last = nn.Linear(64, 64), nn.Linear(64, 10)
        self.layers = nn.ModuleList(nn.Linear(64, 64) for _ in range(DEEP))
        self.norms = nn.ModuleList(nn.LayerNorm(64) if norm else nn.Identity() for _ in range(DEEP))
        for layer in (self.first, *self.layers):
            (nn.init.kaiming_normal_ if "ReLU" in name else nn.init.xavier_normal_)(layer.weight)

    def forward(self, x):
        x = self.first(x)
        for layer, norm in zip(self.layers, self.norms):
            new = self.phi(norm(layer(x)))
            x = x + new if self.residual else new
        return self.last(x)


def accuracy(rule, **settings):
    """Share of 1,000 training digits right after the best of two rates, for each try; and the first gradient ratio."""
    scores = []
    for seed in range(TRIES):
        best = 0.0
        for rate in (0.03, 0.3) if rule is torch.optim.SGD else (1e-3, 1e-2):
            torch.manual_seed(seed)
            net = Deep(**settings)
            optimiser = rule(net.parameters(), lr=rate)
            for _ in range(STEPS):
                optimiser.zero_grad()
                cross_entropy(net(inputs[:1000]), labels[:1000]).backward()
                optimiser.step()
            best = max(best, float((net(inputs[:1000]).argmax(1) == labels[:1000]).float().mean()))
        scores.append(best)
    return scores


sgd, adam = torch.optim.SGD, torch.optim.Adam
CURES = {("sigmoid", "SGD"): (sgd, {"name": "sigmoid"}), ("sigmoid", "Adam"): (adam, {"name": "sigmoid"}), ("tanh", "SGD"): (sgd, {"name": "tanh"}), ("ReLU, He", "SGD"): (sgd, {"name": "ReLU"}),
         ("sigmoid, residual", "SGD"): (sgd, {"name": "sigmoid", "residual": True}), ("sigmoid, layer norm", "SGD"): (sgd, {"name": "sigmoid", "norm": True}),
         ("sigmoid, layer norm", "Adam"): (adam, {"name": "sigmoid", "norm": True}), ("sigmoid, residual, layer norm", "SGD"): (sgd, {"name": "sigmoid", "residual": True, "norm": True})}
scores = {key: accuracy(rule, **settings) for key, (rule, settings) in CURES.items()}
torch.manual_seed(0)
plain = Deep("sigmoid").double()
signal = plain.first(inputs[:1000].double()).detach()
told = []  # how much of the layer's output tells the digits apart: deviation over inputs against its mean size
for layer in plain.layers:
    signal = torch.sigmoid(layer(signal)).detach()
    told.append(float(signal.std(0).mean() / signal.mean()))
assert told[-1] < 1e-4 < 1e-2 < told[0]
rows = []
for (net, rule), values in scores.items():
    m = mean_interval(values) if len(values) > 1 else None
    if m:
        study.measure("training_accuracy", m.value, m.low, m.high, n=len(values), unit="share", protocol=f"1,000 training digits, 12 layers, {STEPS} full-batch steps, best of two rates", net=net, optimiser=rule)
    rows.append([net, rule, kit.Cell(", ".join(f"{v:.2f}" for v in values))])
study.table(study.pick(["net", "optimiser", "training accuracy, each seed"], ["شبکه", "بهینه‌ساز", "دقت آموزش، هر بذر"]), rows,
            en=f"After {STEPS} full-batch steps, best of two rates; chance is about 0.10.", fa=f"پس از {STEPS} گام با دستهٔ کامل، بهترینِ دو نرخ؛ دقتِ حدسِ تصادفی حدود ۰٫۱۰ است.")
mean = {k: float(np.mean(v)) for k, v in scores.items()}
if not study.small:
    assert max(mean["sigmoid", "SGD"], mean["sigmoid", "Adam"], mean["sigmoid, layer norm", "SGD"]) < 0.3
    assert min(mean[k] for k in (("tanh", "SGD"), ("ReLU, He", "SGD"), ("sigmoid, residual", "SGD"), ("sigmoid, layer norm", "Adam"))) > 0.9
study.say(en=f"Plain sigmoid layers stay at {mean['sigmoid', 'SGD']:.2f} with SGD, and at {mean['sigmoid', 'Adam']:.2f} with **Adam**: it rescales the gradient that arrives, but the forward signal has not arrived. Relative to its mean, the output of the first layer varies over the digits by {told[0]:.2g}, that of the twelfth by {told[-1]:.0e}, and in {STEPS} steps neither rule restored that. Layer normalisation restores the signal but not the slopes: with SGD the net still stands at {mean['sigmoid, layer norm', 'SGD']:.2f}, and *now* Adam helps, to {mean['sigmoid, layer norm', 'Adam']:.2f}. A residual connection mends both ways at once ({mean['sigmoid, residual', 'SGD']:.2f} with SGD), and so does a better slope from a fitting start (tanh {mean['tanh', 'SGD']:.2f}, ReLU {mean['ReLU, He', 'SGD']:.2f}). So Adam helped here only where the information had survived.",
          fa=f"لایه‌های سادهٔ سیگموید با SGD در {mean['sigmoid', 'SGD']:.2f} و با **Adam** در {mean['sigmoid', 'Adam']:.2f} می‌مانند: Adam گرادیانی را که می‌رسد بازمقیاس می‌کند، اما سیگنالِ پیش‌رو نرسیده است. خروجی لایهٔ نخست نسبت به میانگینش میان رقم‌ها {told[0]:.2g} تغییر می‌کند و خروجی دوازدهمی {kit.ltr(f'{told[-1]:.0e}')}، و در {STEPS} گام هیچ‌یک از دو قاعده آن را بازنگرداند. نرمال‌سازی لایه سیگنال را بازمی‌گرداند اما شیب‌ها را نه: با SGD شبکه هنوز در {mean['sigmoid, layer norm', 'SGD']:.2f} ایستاده است و *حالا* Adam کمک می‌کند، تا {mean['sigmoid, layer norm', 'Adam']:.2f}. اتصال باقی‌مانده هر دو راه را یکجا درست می‌کند ({mean['sigmoid, residual', 'SGD']:.2f} با SGD) و شیب بهتر با آغازی درخور نیز (tanh برابر {mean['tanh', 'SGD']:.2f}، ReLU برابر {mean['ReLU, He', 'SGD']:.2f}). پس Adam این‌جا تنها جایی کمک کرد که اطلاعات باقی مانده بود.")

# %% [markdown] lang="en"
# ## Pitfalls
# - ReLU alone does not cure: with Xavier weights its gradient halves in mean square at each layer. Start and activation
#   belong together. And a ReLU that is never positive has no gradient at all (`mlp_sweep` meets dead units).
# - A gradient can vanish without any saturated unit: weights that are too small are enough, for every activation.
# - Exploding is the same law with $\chi > 1$.
#
# ## Sources
# Hochreiter 1991; Glorot & Bengio 2010 (AISTATS); He et al. 2015 (arXiv 1502.01852, 1512.03385); Schoenholz et al. 2017
# (arXiv 1611.01232), equations 3 and 5; Ba, Kiros & Hinton 2016 (arXiv 1607.06450).
# %% [markdown] lang="fa"
# ## لغزشگاه‌ها
# - ‏ReLU به‌تنهایی درمان نیست: با وزن‌های Xavier میانگین مربع گرادیانش در هر لایه نصف می‌شود. آغاز و فعال‌سازی به هم تعلق دارند. و ReLUیی که هرگز مثبت
#   نیست هیچ گرادیانی ندارد (`mlp_sweep` به واحدهای مرده برمی‌خورد).
# - گرادیان می‌تواند بدون هیچ واحد اشباع‌شده‌ای محو شود: وزنِ بیش از اندازه کوچک، با هر فعال‌سازی، بس است.
# - انفجار همین قانون است با $\chi > 1$.
#
# ## منابع
# Hochreiter 1991؛ Glorot & Bengio 2010 (AISTATS)؛ He et al. 2015 (arXiv 1502.01852, 1512.03385)؛ Schoenholz et al. 2017 (arXiv
# 1611.01232)، رابطه‌های ۳ و ۵؛ Ba, Kiros & Hinton 2016 (arXiv 1607.06450).
