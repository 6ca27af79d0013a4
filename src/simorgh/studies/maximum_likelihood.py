# ---
# simorgh:
#   title: {en: "Maximum likelihood, cross-entropy and the ELBO", fa: "بیشینهٔ درست‌نمایی، آنتروپی متقاطع و ELBO"}
#   answers: [C2.a, C2.b, C2.c.i, C2.c.ii, C2.eq]
# ---

# %% [markdown] lang="en"
# ## Question
# Why does one maximise a sum of logarithms, what has cross-entropy to do with it, and why do so many variational
# autoencoders minimise the cross-entropy between two pictures? Each claim is derived in steps, then computed in
# float64 and *asserted*: were a claim false, this notebook would not have finished. No trained network is needed.
#
# ## Assumptions
# Natural logarithms (nats). Data are independent draws. "Image" means grey pixels in $[0, 1]$; MNIST where the files
# are at hand, else the 8 x 8 digits of scikit-learn (the text says which).

# %% [markdown] lang="fa"
# ## پرسش
# چرا جمع لگاریتم‌ها را بیشینه می‌کنیم، آنتروپی متقاطع چه ربطی به آن دارد، و چرا این همه خودرمزگذار وردشی آنتروپی متقاطع
# میان دو تصویر را کمینه می‌کنند؟ هر ادعا گام‌به‌گام استنتاج و سپس با دقت دوگانه حساب و *ادعا* می‌شود: اگر ادعایی نادرست
# بود این دفترچه به پایان نمی‌رسید. هیچ شبکهٔ آموزش‌دیده‌ای لازم نیست.
#
# ## فرض‌ها
# لگاریتم طبیعی است (نات). داده‌ها قرعه‌های مستقل‌اند. «تصویر» یعنی پیکسل خاکستری در $[0, 1]$؛ اگر فایل‌های MNIST در دسترس
# باشند همان، وگرنه رقم‌های ۸ در ۸ scikit-learn (متن می‌گوید کدام).

# %%
import numpy as np
import sympy as sp
import torch
from matplotlib.figure import Figure
from scipy import integrate, optimize
from sklearn.datasets import load_digits

from simorgh.contracts import UserError
from simorgh.data import DataConfig, load
from simorgh.metrics.likelihood import importance_bound
from simorgh.nn.likelihood import Bernoulli, ContinuousBernoulli, Gaussian, continuous_bernoulli_log_normaliser
from simorgh.noise import Noise, philox
from simorgh.report.style import use_style
from simorgh.studies import kit

study = kit.current()
use_style()
rng = philox("maximum likelihood")
torch.set_default_dtype(torch.float64)

# %% [markdown] lang="en"
# ## (a) Why the sum of log-probabilities
# 1. Under the model with parameters $\theta$ independent data have the probability $\prod_i p_\theta(x_i)$.
# 2. The logarithm is increasing, so the same $\theta$ maximises $\sum_i \log p_\theta(x_i)$; a sum neither underflows
#    nor needs all data at once, so a random part of it gives an unbiased gradient.
# 3. With the empirical distribution $\hat p$ the mean negative log-likelihood is
#    $$-\frac{1}{n}\sum_i \log p_\theta(x_i) = H(\hat p) + KL(\hat p \,\|\, p_\theta),$$
#    and $H(\hat p)$ does not depend on $\theta$: maximum likelihood seeks the model nearest to the data in KL.

# %% [markdown] lang="fa"
# ## (آ) چرا جمع لگاریتم احتمال‌ها
# ۱. زیر مدلی با پارامتر $\theta$ احتمال داده‌های مستقل $\prod_i p_\theta(x_i)$ است.
#
# ۲. لگاریتم صعودی است، پس همان $\theta$ جمع $\sum_i \log p_\theta(x_i)$ را بیشینه می‌کند؛ جمع نه زیرریز می‌شود و نه همهٔ
# داده‌ها را یکجا می‌خواهد، و بخشی تصادفی از آن گرادیان نااریب می‌دهد.
#
# ۳. با توزیع تجربی $\hat p$ میانگین منفی لگاریتم درست‌نمایی برابر است با
# $$-\frac{1}{n}\sum_i \log p_\theta(x_i) = H(\hat p) + KL(\hat p \,\|\, p_\theta),$$
# و $H(\hat p)$ به $\theta$ بستگی ندارد: بیشینهٔ درست‌نمایی نزدیک‌ترین مدل به داده را در معنای KL می‌جوید.

# %%
coins = (rng.random(200) < 0.3).astype(float)
p_hat = coins.mean()


def bernoulli_nll(p):
    return -(coins * np.log(p) + (1 - coins) * np.log1p(-p)).mean()


found = optimize.minimize_scalar(bernoulli_nll, bounds=(1e-6, 1 - 1e-6), method="bounded", options={"xatol": 1e-12}).x
grid = np.linspace(0.05, 0.95, 181)
entropy = -(p_hat * np.log(p_hat) + (1 - p_hat) * np.log(1 - p_hat))
kl = p_hat * np.log(p_hat / grid) + (1 - p_hat) * np.log((1 - p_hat) / (1 - grid))
nll = np.array([bernoulli_nll(p) for p in grid])
identity_error = np.abs(nll - entropy - kl).max()
assert identity_error < 1e-12
assert abs(found - p_hat) < 1e-6
heights = 1.7 + 0.4 * rng.standard_normal(300)


def gaussian_nll(theta):
    mu, log_sigma = theta
    return (0.5 * ((heights - mu) / np.exp(log_sigma)) ** 2 + log_sigma + 0.5 * np.log(2 * np.pi)).mean()


best = optimize.minimize(gaussian_nll, [0.0, 0.0], tol=1e-12).x
closed = heights.mean(), heights.std()
assert abs(best[0] - closed[0]) < 1e-5
assert abs(np.exp(best[1]) - closed[1]) < 1e-5
figure = Figure(figsize=(7.4, 3))
left, right = figure.subplots(1, 2)
left.plot(grid, nll, label="mean −log-likelihood")
left.plot(grid, entropy + kl, "--", label="entropy + KL(data, model)")
left.axvline(p_hat, color="black", linewidth=0.8)
left.set(xlabel="p", ylabel="nats", title="Bernoulli")
left.legend()
mus, sigmas = np.meshgrid(np.linspace(1.5, 1.9, 60), np.linspace(0.3, 0.6, 60))
surface = np.log(sigmas) + 0.5 * np.log(2 * np.pi) + (heights.var() + (heights.mean() - mus) ** 2) / (2 * sigmas**2)
right.contour(mus, sigmas, surface, 18)
right.plot(*closed, "k+", markersize=12)
right.set(xlabel="μ", ylabel="σ", title="Gaussian")
study.figure(figure, "likelihood", en="Left: the mean negative log-likelihood is entropy plus KL. Right: the surface of a Gaussian; the cross is the closed form.",
             fa="چپ: میانگین منفی لگاریتم درست‌نمایی برابر آنتروپی به‌علاوهٔ KL است. راست: سطح گاوسی؛ علامت بعلاوه پاسخ بسته است.")
study.measure("ml_identity_error", identity_error, n=len(grid), unit="nats", protocol="largest |mean NLL - entropy - KL| over 181 Bernoulli models, float64")
study.table(["model", "numerical maximiser", "closed form"],
            [["Bernoulli p", f"{found:.8f}", f"{p_hat:.8f}"], ["Gaussian μ", f"{best[0]:.8f}", f"{closed[0]:.8f}"], ["Gaussian σ", f"{np.exp(best[1]):.8f}", f"{closed[1]:.8f}"]],
            en="A numerical search finds the closed forms: relative frequency, mean, and deviation with divisor n.", fa="جست‌وجوی عددی همان پاسخ‌های بسته را می‌یابد: فراوانی نسبی، میانگین، و انحراف با مقسوم‌علیه n.")
study.say(en=f"The identity holds to {identity_error:.1e}. **Pitfall.** The maximum-likelihood σ divides by n and is too small on average; and a model that gives one datum probability zero has an infinite loss, however well it fits the rest.",
          fa=f"اتحاد تا {identity_error:.1e} برقرار است. **دام.** σ بیشینهٔ درست‌نمایی بر n تقسیم می‌شود و به طور میانگین کوچک است؛ و مدلی که به یک داده احتمال صفر دهد هزینهٔ بی‌نهایت دارد، هر قدر هم بقیه را خوب برازد.")

# %% [markdown] lang="en"
# ## (b) Cross-entropy is maximum likelihood
# For one-hot targets $t$ and model probabilities $q$ the cross-entropy is $-\sum_c t_c \log q_c = -\log q_y$: the
# negative log-likelihood of the label. Averaged over data, minimising one is maximising the other, gradient by gradient.

# %% [markdown] lang="fa"
# ## (ب) آنتروپی متقاطع همان بیشینهٔ درست‌نمایی است
# برای هدف یک‌داغ $t$ و احتمال‌های مدل $q$ آنتروپی متقاطع $-\sum_c t_c \log q_c = -\log q_y$ است: منفی لگاریتم
# درست‌نمایی برچسب. پس کمینه‌کردن یکی بیشینه‌کردن دیگری است، گرادیان به گرادیان.

# %%
digits, labels = (torch.from_numpy(np.asarray(a)) for a in load_digits(return_X_y=True))
digits = digits / 16
weights = torch.from_numpy(0.01 * rng.standard_normal((64, 10))).requires_grad_()
library = torch.nn.functional.cross_entropy(digits @ weights, labels)
logits = digits @ weights
own = -(logits[torch.arange(len(labels)), labels] - torch.logsumexp(logits, 1)).mean()
(g_library,), (g_own,) = (torch.autograd.grad(loss, weights) for loss in (library, own))
gap, gradient_gap = float((library - own).abs()), float((g_library - g_own).abs().max())
assert gap < 1e-12
assert gradient_gap < 1e-12
table = torch.zeros(3, 4, requires_grad=True)
rows, columns = torch.from_numpy(rng.integers(0, 3, 3000)), torch.from_numpy(rng.integers(0, 4, 3000))
optimiser = torch.optim.LBFGS([table], max_iter=200, tolerance_grad=1e-12, tolerance_change=1e-16, line_search_fn="strong_wolfe")


def closure():
    optimiser.zero_grad()
    loss = torch.nn.functional.cross_entropy(table[rows], columns)
    loss.backward()
    return loss


optimiser.step(closure)
frequency = torch.stack([columns[rows == r].bincount(minlength=4).double() / (rows == r).sum() for r in range(3)])
frequency_gap = float((table.detach().softmax(1) - frequency).abs().max())
assert frequency_gap < 1e-6
study.table(["check", "largest difference"], [["cross_entropy against −log-likelihood", f"{gap:.1e}"], ["their gradients", f"{gradient_gap:.1e}"], ["minimiser against relative frequencies", f"{frequency_gap:.1e}"]],
            en="A softmax classifier on 1,797 digits, and a table of 3 x 4 whose optimum is known.", fa="رده‌بند سافت‌مکس روی ۱٬۷۹۷ رقم، و جدولی ۳ در ۴ که بهینه‌اش معلوم است.")
study.measure("cross_entropy_gap", gradient_gap, n=len(labels), protocol="largest gradient difference, torch cross_entropy against the explicit log-likelihood, float64")
study.say(en="**Pitfall.** The equality needs raw scores to go through *one* softmax: a loss that applies it again to probabilities is no longer a likelihood.", fa="**دام.** برابری تنها وقتی است که امتیازها از *یک* سافت‌مکس بگذرند؛ هزینه‌ای که دوباره آن را روی احتمال‌ها بزند دیگر درست‌نمایی نیست.")

# %% [markdown] lang="en"
# ## (c.i) KL is not negative, and so there is a lower bound
# By Jensen's inequality, for the concave logarithm,
# $$-KL(q \,\|\, p) = E_q \log \frac{p}{q} \le \log E_q \frac{p}{q} = \log \sum p = 0,$$
# with equality only where $p / q$ is constant, that is $p = q$. In the ELBO identity
# $$\log p(x) - KL(q(z|x) \,\|\, p(z|x)) = E_q \log p(x|z) - KL(q(z|x) \,\|\, p(z))$$
# the left side is then at most $\log p(x)$. A linear-Gaussian model, where everything is closed, shows the gap.

# %% [markdown] lang="fa"
# ## (ج.۱) ‏KL نامنفی است، پس کران پایینی هست
# بنا بر نابرابری ینسن برای لگاریتم مقعر
# $$-KL(q \,\|\, p) = E_q \log \frac{p}{q} \le \log E_q \frac{p}{q} = \log \sum p = 0,$$
# و برابری تنها وقتی است که $p / q$ ثابت باشد، یعنی $p = q$. در اتحاد ELBO
# $$\log p(x) - KL(q(z|x) \,\|\, p(z|x)) = E_q \log p(x|z) - KL(q(z|x) \,\|\, p(z))$$
# پس سمت چپ از $\log p(x)$ بیشتر نیست. مدل خطی-گاوسی که همه چیزش بسته است فاصله را نشان می‌دهد.

# %%
pairs = rng.dirichlet(np.ones(6), size=(10000, 2))
divergence = (pairs[:, 0] * np.log(pairs[:, 0] / pairs[:, 1])).sum(1)
assert divergence.min() > 0
assert np.abs((pairs[:, 0] * np.log(pairs[:, 0] / pairs[:, 0])).sum(1)).max() == 0
# x = W z + b + sigma e (probabilistic PCA, Tipping & Bishop 1999)
W, b, sigma = torch.from_numpy(rng.standard_normal((5, 2))), torch.from_numpy(rng.standard_normal(5)), 0.6
x = (torch.from_numpy(rng.standard_normal((50, 2))) @ W.T + b + sigma * torch.from_numpy(rng.standard_normal((50, 5))))
exact = torch.distributions.MultivariateNormal(b, W @ W.T + sigma**2 * torch.eye(5)).log_prob(x)
M = torch.linalg.inv(torch.eye(2) + W.T @ W / sigma**2)
posterior_mean = (x - b) @ W @ M / sigma**2


def elbo(mean, cov):
    """Closed ELBO of q = N(mean, cov), (n,)."""
    residual = ((x - b - mean @ W.T) ** 2).sum(1) + torch.trace(W @ cov @ W.T)
    likelihood = -residual / (2 * sigma**2) - 2.5 * np.log(2 * np.pi * sigma**2)
    return likelihood - 0.5 * (torch.trace(cov) + (mean**2).sum(1) - 2 - torch.logdet(cov))


def posterior_kl(mean, cov):
    """KL(q, p(z | x)), (n,)."""
    return 0.5 * (torch.trace(torch.linalg.solve(M, cov)) + torch.einsum("ni,ij,nj->n", mean - posterior_mean, torch.linalg.inv(M), mean - posterior_mean) - 2 + torch.logdet(M) - torch.logdet(cov))


tight = float((elbo(posterior_mean, M) - exact).abs().max())
shifts = np.linspace(0, 1, 11)
gaps = [float((exact - elbo(posterior_mean + s, (1 + s) * M)).mean()) for s in shifts]
predicted = [float(posterior_kl(posterior_mean + s, (1 + s) * M).mean()) for s in shifts]
assert tight < 1e-3
assert np.abs(np.array(gaps) - predicted).max() < 1e-9
root = torch.linalg.cholesky(2 * M)
moved = 0.5 * torch.linalg.cholesky(M).sum(1)
proposal = torch.distributions.MultivariateNormal(torch.zeros(2), 2 * M)


def log_weights(k, chunk):
    eps = Noise(3, "pca", chunk).normal(k, 50, 2, axis=1).double() @ root.T
    z = posterior_mean + moved + eps
    joint = torch.distributions.Normal(z @ W.T + b, sigma).log_prob(x).sum(-1) + torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1)
    return joint - proposal.log_prob(eps)


draws = [1, 3, 10, 30, 100, 1000, 50000]
bounds = [float(importance_bound(log_weights, k, 1000).mean()) for k in draws]
last_gap = float(exact.mean()) - bounds[-1]
assert abs(last_gap) < 1e-3
figure = Figure(figsize=(7.4, 3))
left, right = figure.subplots(1, 2)
left.plot(shifts, gaps, "o", label="log p(x) − ELBO")
left.plot(shifts, predicted, label="KL(q(z|x), p(z|x))")
left.set(xlabel="how far q is moved off the posterior", ylabel="nats")
left.legend()
right.semilogx(draws, bounds, "o-", label="importance-weighted bound")
right.axhline(float(exact.mean()), color="black", linewidth=0.8, label="log p(x)")
right.set(xlabel="draws k", ylabel="nats per example")
right.legend()
study.figure(figure, "elbo_gap", en="Probabilistic PCA. Left: the gap of the ELBO is the KL to the true posterior. Right: more draws close the gap of the importance-weighted bound.",
             fa="‏PCA احتمالاتی. چپ: فاصلهٔ ELBO همان KL تا پسین درست است. راست: قرعه‌های بیشتر فاصلهٔ کران وزن‌دار را می‌بندد.")
study.measure("elbo_exact_gap", tight, n=50, unit="nats", protocol="largest |ELBO at the true posterior - log p|, probabilistic PCA 5-D from 2-D, float64")
study.measure("iwae_exact_gap", last_gap, n=50, unit="nats", protocol="mean log p - bound at k = 50,000, proposal moved by half a deviation and of twice the variance, probabilistic PCA")
study.say(en=f"Of 10,000 random pairs the smallest KL is {divergence.min():.4f}, and 0 for equal pairs. At the true posterior the ELBO equals log p to {tight:.1e} nats. **Pitfall.** A bound tells nothing about its own looseness: a higher ELBO may mean a better model or a better q.",
          fa=f"کوچک‌ترین KL در ۱۰٬۰۰۰ جفت تصادفی {divergence.min():.4f} است و برای جفت‌های برابر صفر. در پسین درست ELBO تا {tight:.1e} نات با log p برابر است. **دام.** کران از سستی خود چیزی نمی‌گوید: ELBO بالاتر شاید مدل بهتر باشد و شاید q بهتر.")

# %% [markdown] lang="en"
# ## (1) The ELBO identity, symbolically and by integration
# For scalars $z \sim N(0, 1)$, $x | z \sim N(wz, s^2)$ and any Gaussian $q = N(m, v)$ both sides are expanded by a
# computer algebra system; then a two-dimensional code with a *non-linear* decoder is integrated numerically.

# %% [markdown] lang="fa"
# ## (۱) اتحاد ELBO، نمادین و با انتگرال‌گیری
# برای اسکالرهای $z \sim N(0, 1)$ و $x | z \sim N(wz, s^2)$ و هر گاوسی $q = N(m, v)$ دو سوی اتحاد را سامانهٔ جبری باز می‌کند؛
# سپس کدی دوبعدی با رمزگشای *غیرخطی* عددی انتگرال گرفته می‌شود.

# %%
X, w, m = sp.symbols("x w m", real=True)
s, v = sp.symbols("s v", positive=True)
total = w**2 + s**2
post_mean, post_var = w * X / total, s**2 / total
log_px = -sp.log(2 * sp.pi * total) / 2 - X**2 / (2 * total)
kl_post = (v / post_var + (m - post_mean) ** 2 / post_var - 1 + sp.log(post_var) - sp.log(v)) / 2
expected = -sp.log(2 * sp.pi * s**2) / 2 - ((X - w * m) ** 2 + w**2 * v) / (2 * s**2)
kl_prior = (v + m**2 - 1 - sp.log(v)) / 2
residue = sp.simplify(sp.expand_log(log_px - kl_post - expected + kl_prior, force=True))
assert residue == 0, residue
axis = np.linspace(-7, 7, 561)
zz = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1)
area = (axis[1] - axis[0]) ** 2
centre = np.stack([np.sin(zz[..., 0]) + zz[..., 1], zz[..., 0] * zz[..., 1] / 2], -1)
target = np.array([0.7, -0.4])
log_lik = -((target - centre) ** 2).sum(-1) / (2 * 0.25) - np.log(2 * np.pi * 0.25)
log_prior = -(zz**2).sum(-1) / 2 - np.log(2 * np.pi)
mean, var = np.array([0.4, -0.2]), np.array([0.5, 0.3])
log_q = -((zz - mean) ** 2 / var).sum(-1) / 2 - np.log(2 * np.pi) - np.log(var).sum() / 2
q = np.exp(log_q)
log_p = np.log((np.exp(log_lik + log_prior)).sum() * area)
left_side = log_p - (q * (log_q - (log_lik + log_prior - log_p))).sum() * area
right_side = (q * log_lik).sum() * area - (q * (log_q - log_prior)).sum() * area
elbo_gap = abs(left_side - right_side)
assert elbo_gap < 1e-9
study.measure("elbo_identity_error", elbo_gap, n=561**2, unit="nats", protocol="|left - right| of the identity, 2-D non-linear decoder, trapezoid 561 x 561 on +-7, float64")
study.say(en=f"Symbolically the difference simplifies to exactly 0; numerically both sides are {left_side:.6f} and {right_side:.6f}, where log p(x) = {log_p:.6f}: the difference to it, {log_p - left_side:.3f} nats, is the KL between q and the true posterior.",
          fa=f"تفاضل نمادین دقیقاً صفر می‌شود؛ عددی دو سو {left_side:.6f} و {right_side:.6f} است و log p(x) = {log_p:.6f}: اختلاف با آن، {log_p - left_side:.3f} نات، همان KL میان q و پسین درست است.")

# %% [markdown] lang="en"
# ## (c.ii) Why the cross-entropy between two pictures
# The decoder's output is read as a distribution of pixels.
# - **Bernoulli**: $-\log p(x|z) = -\sum_j x_j \log \lambda_j + (1 - x_j) \log(1 - \lambda_j)$ *is* the binary
#   cross-entropy between $x$ and $\lambda$. For black-and-white pixels it is an exact likelihood.
# - **Gaussian** of width $\sigma$: squared error divided by $2\sigma^2$, plus a constant. A bare sum of squares means
#   $\sigma^2 = 1/2$; a *mean* over $D$ pixels means $\sigma^2 = D/2$, and the KL term outweighs the image.
# - **Grey pixels** are no coin tosses: the Bernoulli formula does not integrate to one over $[0, 1]$. The missing factor
#   is $C(\eta) = \eta / \tanh(\eta / 2)$ at the logit $\eta$ (Loaiza-Ganem & Cunningham 2019). Minimising cross-entropy
#   still has the right optimum, $\lambda = E[x]$, which is why it works in practice; but its value is no likelihood.

# %% [markdown] lang="fa"
# ## (ج.۲) چرا آنتروپی متقاطع میان دو تصویر
# خروجی رمزگشا را توزیع پیکسل‌ها می‌خوانیم.
# - **برنولی**: $-\log p(x|z) = -\sum_j x_j \log \lambda_j + (1 - x_j) \log(1 - \lambda_j)$ *همان* آنتروپی متقاطع دودویی میان $x$ و
#   $\lambda$ است و برای پیکسل سیاه‌وسفید درست‌نمایی دقیق.
# - **گاوسی** با پهنای $\sigma$: مربع خطا بخش بر $2\sigma^2$ به‌علاوهٔ ثابت. جمع سادهٔ مربع‌ها یعنی $\sigma^2 = 1/2$؛ *میانگین* روی
#   $D$ پیکسل یعنی $\sigma^2 = D/2$ و آن‌گاه KL بر تصویر می‌چربد.
# - **پیکسل خاکستری** سکه نیست: فرمول برنولی روی $[0, 1]$ انتگرال یک ندارد. عامل جاافتاده در لوجیت $\eta$ برابر
#   $C(\eta) = \eta / \tanh(\eta / 2)$ است (Loaiza-Ganem & Cunningham 2019). کمینهٔ آنتروپی متقاطع باز هم بهینهٔ درست
#   $\lambda = E[x]$ را دارد و برای همین در عمل کار می‌کند؛ اما مقدارش درست‌نمایی نیست.

# %%
pictures = torch.from_numpy((rng.random((20, 1, 8, 8)) < 0.4).astype(float))
eta = torch.from_numpy(3 * rng.standard_normal((20, 1, 8, 8)))
bce = torch.nn.functional.binary_cross_entropy_with_logits(eta, pictures, reduction="none").flatten(1).sum(1)
bce_gap = float((bce + Bernoulli().log_prob(pictures, eta)).abs().max())
squares = ((pictures - eta.sigmoid()) ** 2).flatten(1).sum(1)
gaussian = Gaussian(sigma=0.5**0.5).double()
mse_gap = float((squares + 32 * np.log(np.pi) + gaussian.log_prob(pictures, eta)).abs().max())
assert bce_gap < 1e-12
assert mse_gap < 1e-9
normalised = []
for value in (-30.0, -3.0, -1e-3, 0.0, 1e-3, 0.04, 0.06, 3.0, 30.0):
    point = torch.full((1, 1), value)

    def density(t, point=point):
        return float(ContinuousBernoulli().log_prob(torch.full((1, 1), t), point).exp())

    normalised.append(integrate.quad(density, 0, 1, epsabs=1e-12, limit=200)[0])
normal_gap = float(np.abs(np.array(normalised) - 1).max())
assert normal_gap < 1e-8
try:
    data, source = load(DataConfig("mnist")), "MNIST"
except UserError:
    data, source = load(DataConfig("digits")), "digits"
images = data.test.x.double() / 255
share = torch.from_numpy(np.asarray(data.spec.mean)).clamp(1e-3, 1 - 1e-3)
at_mean = continuous_bernoulli_log_normaliser(share.logit()).sum()
sharp = continuous_bernoulli_log_normaliser(images.flatten(1).clamp(1e-3, 1 - 1e-3).logit()).sum(1)
grey = float(((images > 0.02) & (images < 0.98)).double().mean())
etas = torch.linspace(-12, 12, 400)
figure = Figure(figsize=(7.4, 3))
left, right = figure.subplots(1, 2)
left.plot(etas, continuous_bernoulli_log_normaliser(etas))
left.set(xlabel="logit η", ylabel="log C(η), nats per pixel")
t = torch.linspace(0, 1, 200)[:, None]
for value in (0.1, 0.3, 0.5, 0.9):
    e = torch.logit(torch.tensor(value))
    right.plot(t[:, 0], (t[:, 0] * e - torch.nn.functional.softplus(e)).exp(), "--", color="grey")
    right.plot(t[:, 0], ContinuousBernoulli().log_prob(t, e.expand(200, 1)).exp(), label=f"λ = {value}")
right.set(xlabel="pixel x", ylabel="density (dashed: Bernoulli formula)")
right.legend()
study.figure(figure, "normaliser", en="Left: the missing normaliser per pixel. Right: densities of grey pixels; the dashed Bernoulli curves do not enclose the area one.",
             fa="چپ: بهنجارکنندهٔ جاافتاده بر پیکسل. راست: چگالی پیکسل خاکستری؛ سطح زیر خط‌چین‌های برنولی یک نیست.")
study.measure("normaliser_at_mean", float(at_mean), n=1, unit="nats/image", protocol=f"sum over pixels of log C at the logits of the {source} training means, clamped to 0.001")
study.measure("normaliser_sharp", float(sharp.mean()), n=len(images), unit="nats/image", protocol=f"sum over pixels of log C at the logits of each {source} test image itself, clamped to 0.001, mean")
study.table(["check", "largest difference"], [["Bernoulli −log p against BCE", f"{bce_gap:.1e}"], ["Gaussian with σ² = 1/2 against the sum of squares", f"{mse_gap:.1e}"], ["integral of the continuous Bernoulli against 1", f"{normal_gap:.1e}"]],
            en="Likelihoods against the losses that they are called by.", fa="درست‌نمایی‌ها در برابر هزینه‌هایی که به نامشان خوانده می‌شوند.")
study.say(
    en=f"On {source} {grey:.1%} of the pixels are truly grey. A decoder that answers with the average image would owe a normaliser of {float(at_mean):.0f} nats, one that reproduces each image up to 0.001 {float(sharp.mean()):.0f} nats per image: far more than models differ by. So numbers such as '140 nats' on grey pixels compare *scores* under one convention; as likelihoods of grey images they are wrong by an amount that itself depends on the model. **Pitfalls.** Averaging over pixels in place of summing divides the image's weight by {images[0].numel()} against the KL; feeding grey pixels to a Bernoulli makes −log p look small without being a likelihood.",
    fa=f"روی {source} تنها {grey:.1%} پیکسل‌ها به‌راستی خاکستری‌اند. رمزگشایی که تصویر میانگین را پاسخ دهد {float(at_mean):.0f} نات بهنجارکننده بدهکار است و رمزگشایی که هر تصویر را تا 0.001 بازسازد {float(sharp.mean()):.0f} نات بر تصویر: بسیار بیش از تفاوت مدل‌ها. پس عددهایی چون «۱۴۰ نات» روی پیکسل خاکستری *امتیازهایی* با یک قرارداد را می‌سنجند؛ به عنوان درست‌نمایی، خطایشان خود به مدل بستگی دارد. **دام‌ها.** میانگین روی پیکسل‌ها به جای جمع، وزن تصویر را در برابر KL بر {images[0].numel()} بخش می‌کند؛ و پیکسل خاکستری در برنولی −log p را کوچک می‌نماید بی آنکه درست‌نمایی باشد.")

# %% [markdown] lang="en"
# ## Sources
# Kingma & Welling 2013 (arXiv 1312.6114), eq. 1 to 3; Tipping & Bishop 1999, probabilistic principal component analysis;
# Burda, Grosse & Salakhutdinov 2015 (arXiv 1509.00519); Loaiza-Ganem & Cunningham 2019 (arXiv 1907.06845).

# %% [markdown] lang="fa"
# ## منابع
# Kingma & Welling 2013 (arXiv 1312.6114)، رابطه‌های ۱ تا ۳؛ Tipping & Bishop 1999؛ Burda, Grosse & Salakhutdinov 2015 (arXiv 1509.00519)؛ Loaiza-Ganem & Cunningham 2019 (arXiv 1907.06845).
