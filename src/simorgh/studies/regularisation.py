# ---
# simorgh:
#   title: {en: "Three false sentences on regularisation", fa: "سه جملهٔ نادرست دربارهٔ منظم‌سازی"}
#   answers: [E2.a, E2.b, E2.c]
# ---

# %% [markdown] lang="en"
# ## Question
# The questions are not printed, only that all three are *false* and why. From the answers they must have said about this:
# (a) regularisation such as L1 or L2 cannot improve a model; (b) adding many features protects from overfitting; (c) a
# larger coefficient of regularisation makes overfitting worse. Each is refuted in general, then by polynomials and a net.
#
# ## Derivation
# Data $y = X w + e$ with $N$ rows, noise of variance $\sigma^2$; ridge: $\hat w = (X^T X + \lambda I)^{-1} X^T y$. In the singular
# directions of $X$ (values $d_i$, true coefficients $\alpha_i$) each estimate is $\frac{d_i^2}{d_i^2 + \lambda}$ times that of least squares.
# 1. **(a) Some $\lambda > 0$ is always better than none.** Variance and squared bias of $\hat w$ add up to
#    $$R(\lambda) = \sum_i \frac{\sigma^2 d_i^2 + \lambda^2 \alpha_i^2}{(d_i^2 + \lambda)^2}, \qquad R'(0) = -2 \sigma^2 \sum_i d_i^{-4} < 0$$
#    (Hoerl & Kennard 1970, theorem 4.3): the variance falls in first order, the bias rises in second order only.
# 2. **(b) Each further feature costs variance.** With $p$ normal features the expected squared error of least squares on
#    a new point is exactly
#    $$\sigma^2 \left(1 + \frac{p}{N - p - 1}\right) \qquad (p < N - 1),$$
#    once the needed features are among them: it only rises with $p$, while the training error $\sigma^2 (1 - \frac{p}{N})$ only
#    falls. A feature pays if what it explains is more than that price.
# 3. **(c) A larger coefficient restrains.** With $A(\lambda)$ the training error and $B(\lambda) = \|\hat w\|^2$ at the
#    minimum of $A + \lambda B$, add the two inequalities of optimality at $\lambda < \mu$:
#    $(\mu - \lambda)(B(\mu) - B(\lambda)) \le 0$. So the norm never rises and therefore the training error never falls, for
#    *any* model and penalty. At $\lambda \to \infty$ ridge gives $\hat w = 0$: it underfits.
# %% [markdown] lang="fa"
# ## پرسش
# متن پرسش‌ها چاپ نشده، تنها این‌که هر سه *نادرست*‌اند و چرا. از پاسخ‌ها برمی‌آید که چنین چیزی بوده‌اند: (آ) منظم‌سازی مانند L1 و L2 نمی‌تواند مدل را بهتر
# کند؛ (ب) افزودن ویژگی‌های بسیار از بیش‌برازش جلوگیری می‌کند؛ (ج) ضریب بزرگ‌ترِ منظم‌سازی بیش‌برازش را بدتر می‌کند. هر کدام به طور کلی رد می‌شود، سپس با
# چندجمله‌ای‌ها و یک شبکه.
#
# ## استنتاج
# داده $y = X w + e$ با $N$ سطر و نوفه‌ای با واریانس $\sigma^2$ است؛ رگرسیون ستیغی: $\hat w = (X^T X + \lambda I)^{-1} X^T y$. در راستاهای تکین $X$
# (مقدارهای $d_i$، ضریب‌های راستین $\alpha_i$) هر برآورد $\frac{d_i^2}{d_i^2 + \lambda}$ برابر برآورد کمترین مربعات است.
#
# ۱. **(آ) همیشه $\lambda > 0$یی هست که از هیچ بهتر است.** جمع واریانس و مربع اریبی $\hat w$:
# $$R(\lambda) = \sum_i \frac{\sigma^2 d_i^2 + \lambda^2 \alpha_i^2}{(d_i^2 + \lambda)^2}, \qquad R'(0) = -2 \sigma^2 \sum_i d_i^{-4} < 0$$
# (Hoerl & Kennard 1970، قضیهٔ ۴٫۳): واریانس در مرتبهٔ اول می‌کاهد و اریبی تنها در مرتبهٔ دوم می‌افزاید.
#
# ۲. **(ب) هر ویژگی تازه بهایی از واریانس دارد.** با $p$ ویژگی نرمال، امید مربع خطای کمترین مربعات روی نقطه‌ای تازه دقیقاً
# $$\sigma^2 \left(1 + \frac{p}{N - p - 1}\right) \qquad (p < N - 1)$$
# است، وقتی ویژگی‌های لازم در میانشان باشند: با $p$ فقط بالا می‌رود، و خطای آموزش $\sigma^2 (1 - \frac{p}{N})$ فقط پایین می‌آید. ویژگی وقتی می‌ارزد که
# بیش از این بها توضیح دهد.
#
# ۳. **(ج) ضریب بزرگ‌تر مهار می‌کند.** $A(\lambda)$ خطای آموزش و $B(\lambda) = \|\hat w\|^2$ در کمینهٔ $A + \lambda B$ است؛ دو نابرابری بهینگی در
# $\lambda < \mu$ را جمع کنید: $(\mu - \lambda)(B(\mu) - B(\lambda)) \le 0$. پس نُرم هرگز بالا نمی‌رود و از این رو خطای آموزش هرگز پایین نمی‌آید، برای
# *هر* مدل و جریمه‌ای. در $\lambda \to \infty$ رگرسیون ستیغی $\hat w = 0$ می‌دهد: کم‌برازش.
# %%
import warnings

import numpy as np
import sympy as sp
import torch
from matplotlib.figure import Figure
from numpy.polynomial.legendre import legvander
from sklearn.linear_model import Lasso

from simorgh.metrics.intervals import paired_difference
from simorgh.noise import philox
from simorgh.report.style import LINES, use_style
from simorgh.studies import kit

study = kit.current()
use_style()
DRAWS = 400 if study.small else 4000

# %% [markdown] lang="en"
# ## The three laws, computed
# %% [markdown] lang="fa"
# ## سه قانون، محاسبه‌شده

# %%
lam, sigma, alpha, d = sp.symbols("lambda sigma alpha d", positive=True)
risk_term = (sigma**2 * d**2 + lam**2 * alpha**2) / (d**2 + lam) ** 2
assert sp.simplify(sp.diff(risk_term, lam).subs(lam, 0) + 2 * sigma**2 / d**4) == 0
assert sp.simplify(sp.diff(risk_term, lam).subs(lam, sigma**2 / alpha**2)) == 0  # the best coefficient of one direction

draw = philox("regularisation", "ridge")
x, w = draw.standard_normal((30, 10)) * np.logspace(0, -1, 10), np.ones(10)
u, s, vt = np.linalg.svd(x, full_matrices=False)
coefficients = np.logspace(-3, 2, 41)


def risk(lam, sigma=1.0):
    return float(((sigma**2 * s**2 + lam**2 * (vt @ w) ** 2) / (s**2 + lam) ** 2).sum())


noise = draw.standard_normal((DRAWS, 30))
drawn = {lam: (((x @ w + noise) @ x @ np.linalg.inv(x.T @ x + lam * np.eye(10)) - w) ** 2).sum(1) for lam in (1e-3, 0.1, 1.0, 10.0)}
risk_error = max(abs(v.mean() - risk(lam)) / (v.std() / np.sqrt(DRAWS)) for lam, v in drawn.items())
best = min(coefficients, key=risk)
assert risk_error < 4.5  # standard errors
assert risk(best) < 0.5 * risk(0)

N, PRICE = 40, {}
for p in (2, 5, 10, 20, 30):
    draw = philox("regularisation", "price", p)
    errors = []
    for _ in range(DRAWS):
        a, e, new = draw.standard_normal((N, p)), draw.standard_normal(N), draw.standard_normal(p)
        c = np.linalg.lstsq(a, e, rcond=None)[0]  # the true coefficients drop out of the error
        errors.append((1 + (new @ c) ** 2, ((e - a @ c) ** 2).mean()))
    errors = np.array(errors)
    PRICE[p] = errors.mean(0), errors.std(0) / np.sqrt(DRAWS), (1 + p / (N - p - 1), 1 - p / N)
price_error = max(float(np.abs((m - f) / e).max()) for m, e, f in PRICE.values())
assert price_error < 4.5
study.table(study.pick(["features p", "new point", "formula", "training", "formula"], ["ویژگی‌ها p", "نقطهٔ تازه", "رابطه", "آموزش", "رابطه"]),
            [[p, *(kit.Cell(f"{v:.3f}") for v in (m[0], f[0], m[1], f[1]))] for p, (m, _, f) in PRICE.items()],
            en=f"Least squares with N = {N}, noise of variance 1: mean of {DRAWS:,} draws.", fa=f"کمترین مربعات با {kit.ltr(f'N = {N}')} و نوفه‌ای با واریانس ۱: میانگین {DRAWS:,} قرعه.")
study.measure("ridge_risk_ratio", risk(best) / risk(0), n=DRAWS, protocol="expected squared error of ridge coefficients at the best of 41 lambdas over that of least squares, 30 x 10, exact; checked on drawn noise")
_ = study.measure("price_of_30_features", float(PRICE[30][0][0]), n=DRAWS, protocol="expected squared error on a new point of least squares with 30 normal features, N = 40, noise variance 1", floor=None)

# %% [markdown] lang="en"
# ## Polynomials and a net
# 20 points of a sine with noise of deviation 0.3. Polynomials in Legendre's basis; L2 with exact solution, L1 by
# coordinate descent; and a net of one hidden layer of tanh units: 64 whose squared weights are charged, then 1 to 128
# without a charge.
# %% [markdown] lang="fa"
# ## چندجمله‌ای‌ها و یک شبکه
# ۲۰ نقطه از یک سینوس با نوفه‌ای به انحراف ۰٫۳. چندجمله‌ای‌ها در پایهٔ لژاندر؛ L2 با جواب دقیق، L1 با کاهش مختصاتی؛ و شبکه‌ای با یک لایهٔ پنهان از واحدهای
# tanh: نخست ۶۴ واحد که مربع وزن‌هایشان جریمه می‌شود، سپس ۱ تا ۱۲۸ واحد بی‌جریمه.

# %%
SAMPLES = 10 if study.small else 100  # data sets
DEGREE, STEPS = 15, 200 if study.small else 4000
grid = np.linspace(-1, 1, 201)


def truth(t):
    return np.sin(np.pi * t)


def data(key):
    draw = philox("regularisation", "data", key)
    t = np.sort(draw.uniform(-1, 1, 20))
    return t, truth(t) + 0.3 * draw.standard_normal(20)


def ridge(t, y, degree, lam):
    """(training, test) mean squared error and the squared norm; the test is against the truth on a grid."""
    a = legvander(t, degree)
    c = np.linalg.lstsq(np.vstack([a, np.sqrt(lam) * np.eye(degree + 1)]), np.concatenate([y, np.zeros(degree + 1)]), rcond=None)[0]
    return ((a @ c - y) ** 2).mean(), ((legvander(grid, degree) @ c - truth(grid)) ** 2).mean(), c @ c


degrees = np.arange(0, 19)
by_degree = np.array([[ridge(*data(k), p, 0.0)[:2] for p in degrees] for k in range(SAMPLES)])
lambdas = np.logspace(-6, 4, 31)
by_lambda = np.array([[ridge(*data(k), DEGREE, v) for v in lambdas] for k in range(SAMPLES)])
rounding = 1e-9
assert (np.diff(by_degree[:, :, 0], axis=1) < rounding).all()  # (b): more features, never a larger training error
assert (np.diff(by_lambda[:, :, 0], axis=1) > -rounding).all()  # (c): more lambda, never a smaller one
assert (np.diff(by_lambda[:, :, 2], axis=1) < rounding * by_lambda[:, :-1, 2]).all()
degree_curve, lambda_curve = np.median(by_degree, 0), np.median(by_lambda, 0)
good_degree, good_lambda = int(degree_curve[:, 1].argmin()), int(lambda_curve[:, 1].argmin())
assert good_degree < 8 < 18
assert degree_curve[18, 1] > 10 * degree_curve[good_degree, 1]
assert 0 < good_lambda < 30
assert lambda_curve[good_lambda, 1] < 0.5 * min(lambda_curve[0, 1], lambda_curve[-1, 1])

penalties = np.logspace(-3, 0, 10)
L1_SETS = 3 if study.small else 10
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the smallest penalties need more rounds than they are worth
    by_l1 = [[Lasso(alpha=v, max_iter=20_000).fit(legvander(t, DEGREE)[:, 1:], y) for v in penalties] for t, y in map(data, range(L1_SETS))]
kept = [int((m.coef_ != 0).sum()) for m in by_l1[0]]
l1_test = np.array([[((m.predict(legvander(grid, DEGREE)[:, 1:]) - truth(grid)) ** 2).mean() for m in group] for group in by_l1])
lasso_test, plain_test = l1_test[0].tolist(), np.array([ridge(*data(k), DEGREE, 0.0)[1] for k in range(L1_SETS)])
good_penalty = int(np.median(l1_test, 0).argmin())
assert kept[0] > kept[5] >= kept[-1]

charges, units = [0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0], [1, 2, 4, 8, 16, 32, 64, 128]
NETS = 3 if study.small else 10  # data sets
points = [torch.tensor(np.stack(part), dtype=torch.float32)[..., None] for part in zip(*map(data, range(NETS)))]


def nets(widths, charges):
    """(settings, data sets) training and test error of a net for each width and charge on each data set, all trained
    side by side; a unit beyond the width of its net is masked."""
    wide, draw = max(widths), philox("regularisation", "net")
    mask = torch.tensor([[k < width for k in range(wide)] for width in widths]).float()[:, None, None]
    first = [3 * draw.standard_normal(wide), draw.standard_normal(wide), draw.standard_normal(wide)]
    shape = (len(widths), NETS, 1, wide)
    parts = [torch.tensor(np.broadcast_to(v, shape).copy(), dtype=torch.float32) for v in first]
    parts[2] = (parts[2] / torch.tensor(widths).view(-1, 1, 1, 1) ** 0.5).mT.contiguous()
    parts, cost = [p.requires_grad_(True) for p in parts], torch.tensor(charges)[:, None]
    rule, (inside, wanted) = torch.optim.Adam(parts, lr=0.01), points

    def net(at):
        return torch.tanh(at @ parts[0] + parts[1]) * mask @ parts[2]

    for _ in range(STEPS):
        rule.zero_grad()
        norm = (parts[0] * mask).square().sum((2, 3)) + (parts[2] * mask.mT).square().sum((2, 3))
        ((net(inside) - wanted).square().mean((2, 3)) + cost * norm).sum().backward()
        rule.step()
    with torch.no_grad():
        far = net(torch.tensor(grid, dtype=torch.float32)[:, None])[..., 0].numpy() - truth(grid)
        return (net(inside) - wanted).square().mean((2, 3)).numpy(), (far**2).mean(2)


def ratio(a, b):
    """Geometric mean over the data sets of a / b with its Student interval, both (data sets,)."""
    return [float(np.exp(v)) for v in paired_difference(np.log(a), np.log(b))[:3]]


by_charge, by_units = nets([64] * len(charges), charges), nets(units, [0.0] * len(units))
(net_train, net_test), (unit_train, unit_test) = ([np.median(v, 1) for v in part] for part in (by_charge, by_units))
good_charge, good_units = int(net_test.argmin()), int(unit_test.argmin())
if not study.small:
    assert net_train[-1] > net_train[0]
    assert net_test[1:-1].min() < min(net_test[0], net_test[-1])

# %%
figure = Figure(figsize=(9, 5.6))
one, two, three, four = figure.subplots(2, 2).ravel()
for panel, at, curve in ((one, lambdas, lambda_curve), (two, degrees + 1, degree_curve)):
    panel.semilogy(at, curve[:, 0], "--", color=LINES[0], label="training")
    panel.semilogy(at, curve[:, 1], color=LINES[1], label="test")
one.semilogy(penalties * 40, lasso_test, ":", color=LINES[2], label="test, L1")
one.set(xscale="log", xlabel="coefficient λ, 16 features", ylabel="mean squared error", ylim=(1e-3, 10))
two.set(xlabel="features, no penalty", ylim=(1e-3, 1e4))
three.loglog(charges[1:], net_train[1:], "--o", markersize=3, color=LINES[0], label="training")
three.loglog(charges[1:], net_test[1:], "-o", markersize=3, color=LINES[1], label="test")
three.axhline(net_test[0], color=LINES[1], linewidth=0.8, linestyle=":", label="test, no penalty")
three.set(xlabel="coefficient, net of 64 units")
four.loglog(units, unit_train, "--o", markersize=3, color=LINES[0], label="training")
four.loglog(units, unit_test, "-o", markersize=3, color=LINES[1], label="test")
four.set(xlabel="units of the net, no penalty")
for panel in (one, two, three, four):
    panel.legend()
study.figure(figure, "curves", en=f"Medians over {SAMPLES} data sets (polynomials, above) and {NETS} (nets, below); L1: one data set. Training error is against the noisy points, test error against the noiseless sine.",
             fa=f"میانهٔ {SAMPLES} مجموعه‌داده (چندجمله‌ای‌ها، بالا) و {NETS} مجموعه‌داده (شبکه‌ها، پایین)؛ L1: یک مجموعه‌داده. خطای آموزش در برابر نقطه‌های نوفه‌دار است و خطای آزمون در برابر سینوس بی‌نوفه.")
study.measure("test_error_best_lambda", float(lambda_curve[good_lambda, 1]), n=SAMPLES, unit="squared", protocol="median test error of ridge of degree 15 at the best of 31 lambdas, 20 points", coefficient=float(lambdas[good_lambda]))
study.measure("test_error_degree_18", float(degree_curve[18, 1]), n=SAMPLES, unit="squared", protocol="median test error of least squares of degree 18, 20 points")
for name, at, errors in (("charge", charges, by_charge), ("units", units, by_units)):
    chosen = (0, good_charge, len(at) - 1) if name == "charge" else (0, good_units, len(at) - 1)
    for k in dict.fromkeys(chosen):
        for what, values in zip(("train", "test"), errors):
            study.measure(f"net_{what}_error", float(np.median(values[k])), n=NETS, unit="squared", protocol=f"median {what} error over the data sets of a tanh net with {'64 units' if name == 'charge' else 'no charge'} at {name} {at[k]:g}, {STEPS:,} steps", **{name: at[k]})
helped, harmed, widened = ratio(by_charge[1][good_charge], by_charge[1][0]), ratio(by_charge[1][-1], by_charge[1][good_charge]), ratio(by_units[1][-1], by_units[1][good_units])
for name, values, what in (("net_ratio_charge", helped, f"charge {charges[good_charge]:g} over none"), ("net_ratio_too_much", harmed, f"charge 1 over charge {charges[good_charge]:g}"), ("net_ratio_units", widened, f"{units[-1]} units over {units[good_units]}, no charge")):
    study.measure(name, *values, n=NETS, protocol=f"test error of a tanh net, {what}, geometric mean over data sets; the best was chosen on the same data sets")
sparse = ratio(l1_test[:, good_penalty], plain_test)
study.measure("l1_ratio", *sparse, n=L1_SETS, protocol=f"test error of L1 with λ = {40 * penalties[good_penalty]:.2g} over that of least squares, degree {DEGREE}, geometric mean over data sets; λ was chosen on the same data sets")
between = lambda r: f"{r[0]:.2g} [{r[1]:.2g}, {r[2]:.2g}]"  # noqa: E731
table = [[study.pick(en, fa), *(kit.Cell(f"{v:.3g}") for v in (tr[k], te[k]))] for en, fa, (tr, te), k in (
    ("64 units, no charge", "۶۴ واحد، بی‌جریمه", (net_train, net_test), 0), (f"64 units, charge {charges[good_charge]:g} (best)", f"۶۴ واحد، جریمهٔ {kit.ltr(f'{charges[good_charge]:g}')} (بهترین)", (net_train, net_test), good_charge), ("64 units, charge 1", "۶۴ واحد، جریمهٔ ۱", (net_train, net_test), -1),
    ("1 unit, no charge", "۱ واحد، بی‌جریمه", (unit_train, unit_test), 0), (f"{units[good_units]} units, no charge (best)", f"{units[good_units]} واحد، بی‌جریمه (بهترین)", (unit_train, unit_test), good_units), (f"{units[-1]} units, no charge", f"{units[-1]} واحد، بی‌جریمه", (unit_train, unit_test), -1))]
study.table(study.pick(["net", "training error", "test error"], ["شبکه", "خطای آموزش", "خطای آزمون"]), table, en=f"The net, medians over {NETS} data sets.", fa=f"شبکه، میانهٔ {NETS} مجموعه‌داده.")
study.say(en=f"**(a) False.** At degree {DEGREE} the best λ, {lambdas[good_lambda]:.2g}, brings the test error from {lambda_curve[0, 1]:.2g} (λ = 1e-6) to {lambda_curve[good_lambda, 1]:.2g}; in the linear model the expected error of the coefficients falls to {risk(best) / risk(0):.0%} of least squares. L1 at its best λ, {40 * penalties[good_penalty]:.2g}, has a median test error of {np.median(l1_test[:, good_penalty]):.2g} where least squares without a penalty has {np.median(plain_test):.2g} ({between(sparse)} times, {L1_SETS} data sets{', so it helps as well' if sparse[2] < 1 else ''}); it keeps {kept[0]} of {DEGREE} coefficients at its weakest and {kept[5]} at λ = {40 * penalties[5]:.2g}. The net of 64 units, with the charge {charges[good_charge]:g}, has {between(helped)} times the test error that it has without (medians {net_test[good_charge]:.2g} and {net_test[0]:.2g})" + (": it is better." if helped[2] < 1 else ": no difference that these data sets could tell.") + "\n\n"
          f"**(b) False.** From {good_degree + 1} to 19 features the training error falls to {degree_curve[18, 0]:.1e} and the test error rises from {degree_curve[good_degree, 1]:.2g} to {degree_curve[18, 1]:.2g}. A net has its features as hidden units: from 1 to {units[-1]} of them, without a charge, the training error goes from {unit_train[0]:.2g} to {unit_train[-1]:.2g}; the test error is least with {units[good_units]}, {unit_test[good_units]:.2g}, and {unit_test[-1]:.2g} with {units[-1]}" + (", the largest number tried: in this net, trained for so long, more units did no harm." if good_units == len(units) - 1 else f", {between(widened)} times as large: more units made it worse." if widened[1] > 1 else f", {between(widened)} times as large: beyond the best number they neither protect nor, as far as these data sets can tell, do harm.") + "\n\n"
          f"**(c) False.** In all {SAMPLES} data sets the training error never falls and the norm never rises with λ. And the warning of the answer holds: at λ = 1e4 the test error is {lambda_curve[-1, 1]:.2g}, that of a model that says nearly nothing (the sine's mean square is 0.5). So it is for the net: from no charge to charge 1 its training error goes from {net_train[0]:.2g} to {net_train[-1]:.2g}, and its test error at charge 1 is {net_test[-1]:.2g}, {between(harmed)} times that of the best" + (": it underfits." if harmed[1] > 1 else "."),
          fa=f"**(آ) نادرست.** با درجهٔ {DEGREE} بهترین λ، یعنی {lambdas[good_lambda]:.2g}، خطای آزمون را از {lambda_curve[0, 1]:.2g} ({kit.ltr('λ = 1e-6')}) به {lambda_curve[good_lambda, 1]:.2g} می‌رساند؛ در مدل خطی امید خطای ضریب‌ها به {kit.ltr(f'{risk(best) / risk(0):.0%}')} کمترین مربعات می‌رسد. ‏L1 با بهترین λ، یعنی {40 * penalties[good_penalty]:.2g}، میانهٔ خطای آزمون {np.median(l1_test[:, good_penalty]):.2g} دارد و کمترین مربعاتِ بی‌جریمه {np.median(plain_test):.2g} ({kit.ltr(between(sparse))} برابر، {L1_SETS} مجموعه‌داده{'؛ پس آن هم کمک می‌کند' if sparse[2] < 1 else ''})؛ در ضعیف‌ترین حالت {kept[0]} ضریب از {DEGREE} را نگه می‌دارد و در {kit.ltr(f'λ = {40 * penalties[5]:.2g}')} تنها {kept[5]} ضریب را. شبکهٔ ۶۴‌واحدی با جریمهٔ {kit.ltr(f'{charges[good_charge]:g}')} خطای آزمونی {kit.ltr(between(helped))} برابر بی‌جریمه دارد (میانه‌ها {net_test[good_charge]:.2g} و {net_test[0]:.2g})" + ("؛ بهتر است." if helped[2] < 1 else "؛ تفاوتی که این مجموعه‌داده‌ها بازشناسند نیست.") + "\n\n"
          f"**(ب) نادرست.** از {good_degree + 1} تا ۱۹ ویژگی خطای آموزش به {kit.ltr(f'{degree_curve[18, 0]:.1e}')} می‌افتد و خطای آزمون از {degree_curve[good_degree, 1]:.2g} به {degree_curve[18, 1]:.2g} می‌رسد. ویژگی‌های شبکه واحدهای پنهان آن‌اند: از ۱ تا {units[-1]} واحد، بی‌جریمه، خطای آموزش از {unit_train[0]:.2g} به {unit_train[-1]:.2g} می‌رسد؛ خطای آزمون با {units[good_units]} واحد کمترین است، {unit_test[good_units]:.2g}، و با {units[-1]} واحد {unit_test[-1]:.2g}" + ("، بزرگ‌ترین شماری که آزموده شد: در این شبکه با این درازای آموزش، واحدهای بیشتر زیانی نرساندند." if good_units == len(units) - 1 else f"، {kit.ltr(between(widened))} برابر؛ واحدهای بیشتر آن را بدتر کرده‌اند." if widened[1] > 1 else f"، {kit.ltr(between(widened))} برابر؛ فراتر از بهترین شمار نه محافظتی می‌کنند و نه، تا جایی که این مجموعه‌داده‌ها بازشناسند، زیانی می‌رسانند.") + "\n\n"
          f"**(ج) نادرست.** در همهٔ {SAMPLES} مجموعه‌داده، با λ خطای آموزش هرگز پایین نمی‌آید و نُرم هرگز بالا نمی‌رود. هشدار پاسخ هم درست است: در {kit.ltr('λ = 1e4')} خطای آزمون {lambda_curve[-1, 1]:.2g} است، خطای مدلی که تقریباً چیزی نمی‌گوید (میانگین مربع سینوس ۰٫۵ است). شبکه هم چنین است: از بی‌جریمه تا جریمهٔ ۱ خطای آموزش آن از {net_train[0]:.2g} به {net_train[-1]:.2g} می‌رسد و خطای آزمونش در جریمهٔ ۱ برابر {net_test[-1]:.2g} است، {kit.ltr(between(harmed))} برابر بهترین" + ("؛ کم‌برازش." if harmed[1] > 1 else "."))

# %% [markdown] lang="en"
# ## Pitfalls
# - "Never" in (c) is about the training error. The test error falls first and rises later: choose λ on held-out data.
# - The law of (c) is about the minimum. A net that is trained for a finite time need not obey it exactly.
# - With the shortest solution, far beyond as many features as points, the test error may fall again (`capacity`).
#
# ## Sources
# Hoerl & Kennard 1970 (Technometrics 12, 55); Tibshirani 1996 (JRSS B 58, 267); Hastie, Tibshirani & Friedman 2009,
# sections 3.4 and 7.3.
# %% [markdown] lang="fa"
# ## لغزشگاه‌ها
# - «هرگز» در (ج) دربارهٔ خطای آموزش است. خطای آزمون نخست پایین می‌آید و سپس بالا می‌رود: λ را روی دادهٔ کنارگذاشته برگزینید.
# - قانون (ج) دربارهٔ کمینه است. شبکه‌ای که زمانی محدود آموزش دیده لازم نیست دقیقاً از آن پیروی کند.
# - با کوتاه‌ترین جواب، بسیار فراتر از شمار نقطه‌ها، خطای آزمون ممکن است دوباره پایین بیاید (`capacity`).
#
# ## منابع
# Hoerl & Kennard 1970 (Technometrics 12, 55)؛ Tibshirani 1996 (JRSS B 58, 267)؛ Hastie, Tibshirani & Friedman 2009، بخش‌های ۳٫۴ و ۷٫۳.
