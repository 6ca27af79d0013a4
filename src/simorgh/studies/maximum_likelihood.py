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
# میان دو تصویر را کمینه می‌کنند؟ هر ادعا گام‌به‌گام استنتاج و سپس با دقت دوگانه محاسبه و *وارسی* می‌شود: اگر یکی
# نادرست بود، این دفترچه به پایان نمی‌رسید. هیچ شبکهٔ آموزش‌دیده‌ای لازم نیست.
#
# ## فرض‌ها
# لگاریتم طبیعی است (نات). داده‌ها نمونه‌های مستقل‌اند. «تصویر» یعنی پیکسل خاکستری در $[0, 1]$؛ اگر فایل‌های MNIST در دسترس
# باشند همان، وگرنه رقم‌های ۸ در ۸ scikit-learn (متن می‌گوید کدام).

# %%
import contextlib
import io

import numpy as np
import torch
from sklearn.datasets import load_digits

from simorgh.contracts import UserError
from simorgh.data import DataConfig, load
from simorgh.metrics.likelihood import importance_bound
from simorgh.nn.likelihood import Bernoulli, Gaussian
from simorgh.noise import philox
from simorgh.studies import _likelihoods as lab
from simorgh.studies import kit

study = kit.current()
rng = philox("maximum likelihood")
torch.set_default_dtype(torch.float64)

# %% [markdown] lang="en"
# ## (a) Why the sum of log-probabilities
# 1. Under the model with parameters $\theta$ independent data have the probability $\prod_i p_\theta(x_i)$.
# 2. The logarithm is increasing, so the same $\theta$ maximises $\sum_i \log p_\theta(x_i)$; a sum neither underflows
#    nor needs all data at once, so a random part of it gives an unbiased gradient.
# 3. With the empirical distribution $\hat p$ the mean negative log-likelihood is
#    $$-\frac{1}{n}\sum_i \log p_\theta(x_i) = H(\hat p) + KL(\hat p \,\|\, p_\theta),$$
#    and $H(\hat p)$ does not depend on $\theta$: maximum likelihood seeks the model nearest to the data in KL. For
#    densities the same holds in the limit of many data, with the entropy and the law they were drawn from.

# %% [markdown] lang="fa"
# ## (آ) چرا جمع لگاریتم احتمال‌ها
# ۱. زیر مدلی با پارامتر $\theta$ احتمال داده‌های مستقل $\prod_i p_\theta(x_i)$ است.
#
# ۲. لگاریتم صعودی است، پس همان $\theta$ جمع $\sum_i \log p_\theta(x_i)$ را بیشینه می‌کند؛ جمع نه زیرریز می‌شود و نه همهٔ
# داده‌ها را یکجا می‌خواهد، و بخشی تصادفی از آن گرادیان نااریب می‌دهد.
#
# ۳. با توزیع تجربی $\hat p$ میانگین منفی لگاریتم درست‌نمایی برابر است با
# $$-\frac{1}{n}\sum_i \log p_\theta(x_i) = H(\hat p) + KL(\hat p \,\|\, p_\theta),$$
# و $H(\hat p)$ به $\theta$ بستگی ندارد: بیشینهٔ درست‌نمایی نزدیک‌ترین مدل به داده را در معنای KL می‌جوید. برای
# چگالی‌ها همین در حدِ دادهٔ بسیار برقرار است، با آنتروپی و قانونی که داده‌ها از آن آمده‌اند.

# %%
coins = (rng.random(200) < 0.3).astype(float)
p_hat = coins.mean()
found = lab.best_coin(coins)
grid = np.linspace(0.05, 0.95, 181)
entropy = -(p_hat * np.log(p_hat) + (1 - p_hat) * np.log(1 - p_hat))
kl = p_hat * np.log(p_hat / grid) + (1 - p_hat) * np.log((1 - p_hat) / (1 - grid))
nll = np.array([lab.bernoulli_nll(p, coins) for p in grid])
identity_error = np.abs(nll - entropy - kl).max()
assert identity_error < 1e-12
assert abs(found - p_hat) < 1e-6
heights = 1.7 + 0.4 * rng.standard_normal(300)
best, closed = lab.best_gaussian(heights), (heights.mean(), heights.std())
assert np.allclose(best, closed, rtol=0, atol=1e-5)
study.figure(lab.likelihoods(grid, nll, entropy + kl, p_hat, heights), "likelihood", en="Left: the mean negative log-likelihood is entropy plus KL. Right: the surface of a Gaussian; the cross is the closed form.",
             fa="چپ: میانگین منفی لگاریتم درست‌نمایی برابر آنتروپی به‌علاوهٔ KL است. راست: سطح گاوسی؛ علامت جمع، پاسخ بسته است.")
study.measure("ml_identity_error", identity_error, n=len(grid), unit="nats", protocol="largest |mean NLL - entropy - KL| over 181 Bernoulli models, float64")
study.table(study.pick(["model", "numerical maximiser", "closed form"], ["مدل", "بیشینه‌کنندهٔ عددی", "پاسخ بسته"]),
            [[study.pick("Bernoulli p", "برنولی، p"), f"{found:.8f}", f"{p_hat:.8f}"], [study.pick("Gaussian μ", "گاوسی، μ"), f"{best[0]:.8f}", f"{closed[0]:.8f}"], [study.pick("Gaussian σ", "گاوسی، σ"), f"{best[1]:.8f}", f"{closed[1]:.8f}"]],
            en="A numerical search finds the closed forms: relative frequency, mean, and deviation with divisor n.", fa="جست‌وجوی عددی همان پاسخ‌های بسته را می‌یابد: فراوانی نسبی، میانگین، و انحراف با مقسوم‌علیه n.")
study.say(en=f"The identity holds to {identity_error:.1e}. **Pitfall.** The maximum-likelihood σ divides by n and is too small on average; and a model that gives one datum probability zero has an infinite loss, however well it fits the rest.",
          fa=f"اتحاد تا {identity_error:.1e} برقرار است. **دام.** σ بیشینهٔ درست‌نمایی بر n تقسیم می‌شود و به طور میانگین کوچک است؛ و مدلی که به یک داده احتمال صفر دهد هزینهٔ بی‌نهایت دارد، هر قدر هم بقیه را خوب برازد.")

# %% [markdown] lang="en"
# ## (b) Cross-entropy is maximum likelihood
# 1. A classifier gives the probabilities $q_c(x)$. The cross-entropy with a target distribution $t$ is
#    $-\sum_c t_c \log q_c$.
# 2. For the one-hot target of a label $y$ only one term is left: $-\log q_y(x)$, the negative log-likelihood of $y$.
# 3. The mean over the data is $-\frac{1}{n} \sum_i \log q_{y_i}(x_i)$: the same function of the parameters up to its
#    sign, so minimiser, gradients and every step of training are the same.
# 4. By (a) it is also $H(\hat p) + KL(\hat p \,\|\, q)$, so a model that is free to give any probabilities ends at the
#    relative frequencies.

# %% [markdown] lang="fa"
# ## (ب) آنتروپی متقاطع همان بیشینهٔ درست‌نمایی است
# ۱. رده‌بند احتمال‌های $q_c(x)$ را می‌دهد. آنتروپی متقاطع با توزیع هدف $t$ برابر $-\sum_c t_c \log q_c$ است.
#
# ۲. برای هدف تک‌داغ (one-hot) برچسب $y$ تنها یک جمله می‌ماند: $-\log q_y(x)$، یعنی منفی لگاریتم درست‌نمایی $y$.
#
# ۳. میانگین روی داده‌ها $-\frac{1}{n} \sum_i \log q_{y_i}(x_i)$ است: همان تابع از پارامترها، تنها با علامت مخالف؛ پس
# کمینه‌کننده، گرادیان و تک‌تک گام‌های آموزش یکسان‌اند.
#
# ۴. بنا بر (آ) این مقدار $H(\hat p) + KL(\hat p \,\|\, q)$ نیز هست؛ پس مدلی که هر احتمالی را بتواند بدهد به فراوانی‌های نسبی
# می‌رسد.

# %%
digits, labels = (torch.from_numpy(np.asarray(a)) for a in load_digits(return_X_y=True))
digits = digits / 16
seen, held = slice(0, 1297), slice(1297, None)
start = torch.from_numpy(0.01 * rng.standard_normal((64, 10)))
w_library, library, g_library = lab.descend(torch.nn.functional.cross_entropy, start, digits[seen], labels[seen])
w_own, own, g_own = lab.descend(lambda scores, y: -lab.log_likelihood(scores, y), start, digits[seen], labels[seen])
gap, gradient_gap = np.abs(library - own).max(), float((g_library - g_own).abs().max())
weight_gap = float((w_library - w_own).abs().max())
accuracy = float(((digits[held] @ w_library).argmax(1) == labels[held]).double().mean())
assert max(gap, gradient_gap) < 1e-12
assert weight_gap < 1e-10
rows, columns = torch.from_numpy(rng.integers(0, 3, 3000)), torch.from_numpy(rng.integers(0, 4, 3000))
table, frequency = lab.free_table(rows, columns, (3, 4))
frequency_gap = float((table - frequency).abs().max())
assert frequency_gap < 1e-6
study.figure(lab.cross_entropies(library, -own, frequency, table), "cross_entropy", en="Left: a softmax classifier on 1,297 digits; the two training curves are mirror images. Right: a table free to give any probabilities ends at the relative frequencies.",
             fa="چپ: رده‌بند سافت‌مکس روی ۱٬۲۹۷ رقم؛ دو منحنی آموزش آینهٔ یکدیگرند. راست: جدولی که هر احتمالی را می‌تواند بدهد به فراوانی‌های نسبی می‌رسد.")
study.table(study.pick(["check", "largest difference"], ["وارسی", "بزرگ‌ترین اختلاف"]),
            [[study.pick("cross_entropy against −log-likelihood, all steps", "cross_entropy در برابر منفی لگاریتم درست‌نمایی، همهٔ گام‌ها"), f"{gap:.1e}"],
             [study.pick("their gradients, all steps", "گرادیان‌های آن دو، همهٔ گام‌ها"), f"{gradient_gap:.1e}"],
             [study.pick("weights after 300 steps", "وزن‌ها پس از ۳۰۰ گام"), f"{weight_gap:.1e}"],
             [study.pick("minimiser against relative frequencies", "کمینه‌کننده در برابر فراوانی نسبی"), f"{frequency_gap:.1e}"]],
            en="A softmax classifier trained on digits by torch's cross_entropy and by the explicit log-likelihood, and a table of 3 x 4 whose optimum is known.",
            fa="رده‌بند سافت‌مکس که یک بار با cross_entropy و یک بار با لگاریتم درست‌نمایی صریح آموزش دیده است، و جدولی ۳ در ۴ که بهینه‌اش معلوم است.")
study.measure("cross_entropy_gap", gradient_gap, n=1297, protocol="largest gradient difference over 300 steps of gradient descent, torch cross_entropy against the explicit log-likelihood, softmax classifier on the first 1,297 scikit-learn digits, float64")
study.say(en=f"After 300 steps both classifiers have the same weights to {weight_gap:.0e} and are right on {accuracy:.1%} of the 500 digits kept aside. **Pitfalls.** The equality needs raw scores to go through *one* softmax: a loss that applies it again to probabilities is another function. And where the classes can be separated by a plane the likelihood has no maximiser: the loss goes to 0 and the weights to infinity, so training must be stopped or the weights held back.",
          fa=f"پس از ۳۰۰ گام وزن‌های دو رده‌بند تا {weight_gap:.0e} یکی است و هر دو {accuracy:.1%} از ۵۰۰ رقم کنارگذاشته را درست می‌شناسند. **دام‌ها.** برابری تنها وقتی است که امتیازها از *یک* سافت‌مکس بگذرند؛ هزینه‌ای که آن را دوباره روی احتمال‌ها بزند تابع دیگری است. و اگر رده‌ها با صفحه‌ای جداشدنی باشند، درست‌نمایی بیشینه‌کننده ندارد: هزینه به صفر و وزن‌ها به بی‌نهایت می‌روند؛ پس باید آموزش را متوقف یا وزن‌ها را مهار کرد.")

# %% [markdown] lang="en"
# ## (c.i) KL is not negative, and so there is a lower bound
# 1. Jensen's inequality for the concave logarithm, $E \log Y \le \log E\, Y$, with $Y = p / q$ where $q > 0$:
#    $$-KL(q \,\|\, p) = E_q \log \frac{p}{q} \le \log \sum_{q > 0} q\, \frac{p}{q} = \log \sum_{q > 0} p \le \log 1 = 0.$$
# 2. The logarithm is *strictly* concave: the first step is an equality only where $p / q$ is constant, the second only
#    where $p$ has no mass outside $q$. Both together mean $p = q$. For densities the sums are integrals, and the
#    equality holds almost everywhere.
# 3. In the ELBO identity, equation (1) of the question and derived below,
#    $$\log p(x) - KL(q(z|x) \,\|\, p(z|x)) = E_q \log p(x|z) - KL(q(z|x) \,\|\, p(z)),$$
#    the left side is therefore at most $\log p(x)$: the right side is a lower bound, exact where $q$ is the posterior.
# 4. The same inequality on an average of $k$ weights $w = p(x, z) / q(z|x)$ gives the importance-weighted bound
#    $E \log \frac{1}{k} \sum_j w_j \le \log p(x)$. The logarithm of an average over a group is at least the average of the
#    logarithms over its parts, so the bound grows with $k$.
#
# A linear-Gaussian model, where everything is known in closed form, shows the gaps.

# %% [markdown] lang="fa"
# ## (ج.۱) ‏KL نامنفی است، پس کران پایینی هست
# ۱. نابرابری ینسن برای لگاریتم مقعر، $E \log Y \le \log E\, Y$، با $Y = p / q$ در جایی که $q > 0$ است:
# $$-KL(q \,\|\, p) = E_q \log \frac{p}{q} \le \log \sum_{q > 0} q\, \frac{p}{q} = \log \sum_{q > 0} p \le \log 1 = 0.$$
#
# ۲. لگاریتم *اکیداً* مقعر است: گام نخست تنها وقتی برابری است که $p / q$ ثابت باشد و گام دوم تنها وقتی که $p$ بیرون از $q$
# جرمی نداشته باشد. این دو با هم یعنی $p = q$. برای چگالی‌ها جمع‌ها انتگرال‌اند و برابری تقریباً همه‌جا برقرار است.
#
# ۳. در اتحاد ELBO، رابطهٔ (۱) پرسش که در ادامه به دست می‌آید،
# $$\log p(x) - KL(q(z|x) \,\|\, p(z|x)) = E_q \log p(x|z) - KL(q(z|x) \,\|\, p(z)),$$
# پس سمت چپ از $\log p(x)$ بیشتر نیست: سمت راست کران پایین است و وقتی $q$ همان پسین باشد دقیق.
#
# ۴. همین نابرابری روی میانگین $k$ وزن $w = p(x, z) / q(z|x)$ کران وزن‌دار
# $E \log \frac{1}{k} \sum_j w_j \le \log p(x)$ را می‌دهد. لگاریتمِ میانگین یک گروه از میانگین لگاریتم‌های بخش‌هایش کمتر نیست؛
# پس این کران با $k$ بزرگ می‌شود.
#
# مدل خطی-گاوسی که همه چیزش پاسخ بسته دارد این فاصله‌ها را نشان می‌دهد.

# %%
pairs = rng.dirichlet(np.ones(6), size=(10000, 2))
divergence = (pairs[:, 0] * np.log(pairs[:, 0] / pairs[:, 1])).sum(1)
assert divergence.min() > 0
assert np.abs((pairs[:, 0] * np.log(pairs[:, 0] / pairs[:, 0])).sum(1)).max() == 0
model = lab.ProbabilisticPCA(rng)
exact = float(model.exact.mean())
tight = float((model.elbo(model.mean, model.cov) - model.exact).abs().max())
shifts = np.linspace(0, 1, 11)
moved = [(model.mean + s, (1 + s) * model.cov) for s in shifts]
gaps = [float((model.exact - model.elbo(*q)).mean()) for q in moved]
predicted = [float(model.posterior_kl(*q).mean()) for q in moved]
assert tight < 1e-3
assert np.abs(np.array(gaps) - predicted).max() < 1e-9
# One set of 50,000 weights an example, cut into groups of k: as each k divides the next, Jensen orders the bounds
# for every example without any statistical error.
draws = [1, 5, 50, 500, 5000, 50000]
weights = torch.cat([model.log_weights(1000, chunk) for chunk in range(50)])
per_example = torch.stack([(weights.view(-1, k, 50).logsumexp(1) - np.log(k)).mean(0) for k in draws])
assert (per_example.diff(dim=0) >= -1e-12).all()
bounds = per_example.mean(1).tolist()
assert abs(bounds[-1] - float(importance_bound(model.log_weights, draws[-1], 1000).mean())) < 1e-9
last_gap = exact - bounds[-1]
assert abs(last_gap) < 1e-3
study.figure(lab.gaps(shifts, gaps, predicted, dict(zip(draws, bounds)), exact), "elbo_gap", en=f"Probabilistic PCA. Left: the gap of the ELBO is the KL to the true posterior. Right: more draws close the gap of the importance-weighted bound, here from {exact - bounds[0]:.2f} to {last_gap:.0e} nats.",
             fa=f"‏PCA احتمالاتی. چپ: فاصلهٔ ELBO همان KL تا پسین درست است. راست: نمونه‌های بیشتر فاصلهٔ کران وزن‌دار را می‌بندد، این‌جا از {exact - bounds[0]:.2f} به <bdi dir=\"ltr\">{last_gap:.0e}</bdi> نات.")
study.measure("elbo_exact_gap", tight, n=50, unit="nats", protocol="largest |ELBO at the true posterior - log p|, probabilistic PCA 5-D from 2-D, float64")
study.measure("iwae_exact_gap", last_gap, n=50, unit="nats", protocol="mean log p - bound at k = 50,000, proposal moved by half a deviation and of twice the variance, probabilistic PCA")
study.say(en=f"Of 10,000 random pairs the smallest KL is {divergence.min():.4f}, and 0 for equal pairs. At the true posterior the ELBO equals log p to {tight:.1e} nats; off it the gap is the KL to the posterior to 1e-9. The importance-weighted bound grows with k for each of the 50 examples. **Pitfalls.** A bound tells nothing about its own looseness: a higher ELBO may mean a better model or a better q. A finite average of sampled weights is a bound in expectation only: one lucky draw may lie above log p.",
          fa=f"کوچک‌ترین KL در ۱۰٬۰۰۰ جفت تصادفی {divergence.min():.4f} است و برای جفت‌های برابر صفر. در پسین درست ELBO تا {tight:.1e} نات با log p برابر است و بیرون از آن، فاصله همان KL تا پسین است (با خطای کمتر از 1e-9). کران وزن‌دار برای هر ۵۰ نمونه با k بزرگ می‌شود. **دام‌ها.** کران از سستی خود چیزی نمی‌گوید: ELBO بالاتر شاید نشانهٔ مدل بهتر باشد و شاید نشانهٔ q بهتر. میانگین متناهی وزن‌ها تنها در امید ریاضی کران است: یک قرعهٔ خوش‌اقبال می‌تواند از log p بالاتر بنشیند.")

# %% [markdown] lang="en"
# ## (1) The ELBO identity, by hand, symbolically and by integration
# 1. Bayes' rule holds at every $z$: $\log p(x) = \log p(x|z) + \log p(z) - \log p(z|x)$.
# 2. Add and subtract $\log q(z|x)$:
#    $$\log p(x) = \log p(x|z) - \log \frac{q(z|x)}{p(z)} + \log \frac{q(z|x)}{p(z|x)}.$$
# 3. Take the expectation under $q$. The left side does not depend on $z$; the two quotients become
#    $KL(q(z|x) \,\|\, p(z))$ and $KL(q(z|x) \,\|\, p(z|x))$. Moving the last one to the left gives (1), for *any* $q$.
#
# Checked twice: for scalars $z \sim N(0, 1)$, $x | z \sim N(wz, s^2)$ and any Gaussian $q = N(m, v)$ both sides are expanded
# by a computer algebra system; then a two-dimensional code with a *non-linear* decoder is integrated numerically.

# %% [markdown] lang="fa"
# ## (۱) اتحاد ELBO: با دست، نمادین و با انتگرال‌گیری
# ۱. قاعدهٔ بیز در هر $z$ برقرار است: $\log p(x) = \log p(x|z) + \log p(z) - \log p(z|x)$.
#
# ۲. $\log q(z|x)$ را می‌افزاییم و می‌کاهیم:
# $$\log p(x) = \log p(x|z) - \log \frac{q(z|x)}{p(z)} + \log \frac{q(z|x)}{p(z|x)}.$$
#
# ۳. امید ریاضی زیر $q$ می‌گیریم. سمت چپ به $z$ بستگی ندارد و دو کسر به $KL(q(z|x) \,\|\, p(z))$ و
# $KL(q(z|x) \,\|\, p(z|x))$ بدل می‌شوند. با بردن دومی به سمت چپ، رابطهٔ (۱) برای *هر* $q$ به دست می‌آید.
#
# دو بار وارسی می‌شود: برای اسکالرهای $z \sim N(0, 1)$ و $x | z \sim N(wz, s^2)$ و هر گاوسی $q = N(m, v)$ سامانهٔ جبر نمادین
# دو سو را باز می‌کند؛ سپس برای کدی دوبعدی با رمزگشای *غیرخطی* انتگرال عددی گرفته می‌شود.

# %%
assert lab.symbolic_difference() == 0
curved = lab.curved_decoder()
elbo_gap, posterior_kl = abs(curved.left - curved.right), curved.log_px - curved.left
assert elbo_gap < 1e-9
study.figure(lab.posterior(curved), "posterior", en=f"The posterior of the non-linear decoder (grey) and the Gaussian q of the check (red lines). The KL between them is {posterior_kl:.3f} nats.",
             fa=f"پسین رمزگشای غیرخطی (خاکستری) و گاوسی q که وارسی با آن انجام شده است (خط‌های سرخ). KL میان آن دو {posterior_kl:.3f} نات است.")
study.measure("elbo_identity_error", elbo_gap, n=561**2, unit="nats", protocol="|left - right| of the identity, 2-D non-linear decoder, sums over 561 x 561 points on +-7, log p(x) by adaptive quadrature, float64")
study.say(en=f"Symbolically the difference simplifies to exactly 0; numerically both sides are {curved.left:.6f} and {curved.right:.6f}, where log p(x) = {curved.log_px:.6f}: the difference to it, {posterior_kl:.3f} nats, is the KL between q and the true posterior. **Pitfall.** The identity holds for every q, so the encoder alone cannot change log p(x): it moves only the gap. But the decoder is trained on the bound, not on log p(x), and drifts towards models whose posterior q can imitate.",
          fa=f"تفاضل نمادین دقیقاً صفر می‌شود؛ عددی دو سو {curved.left:.6f} و {curved.right:.6f} است و log p(x) = {curved.log_px:.6f}: اختلاف با آن، {posterior_kl:.3f} نات، همان KL میان q و پسین درست است. **دام.** اتحاد برای هر q برقرار است؛ پس رمزگذار به‌تنهایی log p(x) را تغییر نمی‌دهد و تنها فاصله را جابه‌جا می‌کند. اما رمزگشا با کران آموزش می‌بیند نه با log p(x)، و به سوی مدل‌هایی می‌رود که q بتواند پسینشان را تقلید کند.")

# %% [markdown] lang="en"
# ## (c.ii) Why the cross-entropy between two pictures
# 1. The term $E_z[\log p(x|z)]$ is estimated by one draw $z = \mu + \sigma \epsilon$ of the encoder an image, an unbiased
#    estimate of the term and, by the reparametrisation, of its gradient. Given $z$ the pixels are taken as independent,
#    so $\log p(x|z)$ is a sum over pixels. What is summed depends on how the decoder's output is read.
# 2. **Bernoulli**, the output is the probability $\lambda_j$ that a pixel is white:
#    $$-\log p(x|z) = -\sum_j \left( x_j \log \lambda_j + (1 - x_j) \log(1 - \lambda_j) \right),$$
#    which *is* the binary cross-entropy between $x$ and $\lambda$. For black-and-white pixels it is an exact likelihood.
# 3. **Gaussian** of width $\sigma$ around the output:
#    $$-\log p(x|z) = \frac{1}{2 \sigma^2} \sum_j (x_j - \lambda_j)^2 + \frac{D}{2} \log(2 \pi \sigma^2).$$
#    So the squared error is a likelihood too, but its weight against the KL term is a choice of $\sigma$: a bare sum of
#    squares means $\sigma^2 = 1/2$, a *mean* over the $D$ pixels means $\sigma^2 = D/2$.
# 4. **Grey pixels** are no coin tosses. The cross-entropy is linear in $x_j$: it is the expected cost of a random
#    black-and-white picture whose pixels are white with probability $x_j$. Its minimum over $\lambda_j$ is at $\lambda_j = x_j$
#    for one image, and at the mean for many, which is why it works in practice. But at that minimum it is not 0 but the
#    entropy of the grey values, and as a density of $x$ it is not normalised:
#    $$\int_0^1 \lambda^x (1 - \lambda)^{1 - x} dx = \frac{\tanh(\eta / 2)}{\eta}, \qquad \eta = \log \frac{\lambda}{1 - \lambda}.$$
#    The missing factor is $C(\eta) = \eta / \tanh(\eta / 2)$ (Loaiza-Ganem & Cunningham 2019), at least 2 for every pixel.

# %% [markdown] lang="fa"
# ## (ج.۲) چرا آنتروپی متقاطع میان دو تصویر
# ۱. جملهٔ $E_z[\log p(x|z)]$ با یک نمونهٔ $z = \mu + \sigma \epsilon$ از رمزگذار برای هر تصویر برآورد می‌شود؛ این برآورد نااریب است و
# به یاری بازپارامتری‌کردن، گرادیانش نیز. با دانستن $z$ پیکسل‌ها مستقل فرض می‌شوند، پس $\log p(x|z)$ جمعی روی پیکسل‌هاست.
# این‌که چه چیزی جمع می‌شود به معنایی بستگی دارد که به خروجی رمزگشا می‌دهیم.
#
# ۲. **برنولی**: خروجی، احتمال $\lambda_j$ سفیدبودن پیکسل است:
# $$-\log p(x|z) = -\sum_j \left( x_j \log \lambda_j + (1 - x_j) \log(1 - \lambda_j) \right),$$
# و این *همان* آنتروپی متقاطع دودویی میان $x$ و $\lambda$ است؛ برای پیکسل سیاه‌وسفید درست‌نمایی دقیق.
#
# ۳. **گاوسی** با پهنای $\sigma$ پیرامون خروجی:
# $$-\log p(x|z) = \frac{1}{2 \sigma^2} \sum_j (x_j - \lambda_j)^2 + \frac{D}{2} \log(2 \pi \sigma^2).$$
# پس مربع خطا هم درست‌نمایی است، اما وزن آن در برابر جملهٔ KL انتخاب $\sigma$ است: جمع سادهٔ مربع‌ها یعنی $\sigma^2 = 1/2$ و
# *میانگین* روی $D$ پیکسل یعنی $\sigma^2 = D/2$.
#
# ۴. **پیکسل خاکستری** پرتاب سکه نیست. آنتروپی متقاطع در $x_j$ خطی است: هزینهٔ چشم‌داشتی تصویر سیاه‌وسفیدی تصادفی است که هر
# پیکسلش با احتمال $x_j$ سفید است. کمینه‌اش روی $\lambda_j$ برای یک تصویر در $\lambda_j = x_j$ و برای چند تصویر در میانگین است و برای
# همین در عمل کار می‌کند. اما در آن کمینه مقدارش صفر نیست، بلکه آنتروپی مقدارهای خاکستری است؛ و چون چگالیِ $x$ خوانده شود
# بهنجار نیست:
# $$\int_0^1 \lambda^x (1 - \lambda)^{1 - x} dx = \frac{\tanh(\eta / 2)}{\eta}, \qquad \eta = \log \frac{\lambda}{1 - \lambda}.$$
# عامل جاافتاده $C(\eta) = \eta / \tanh(\eta / 2)$ است (Loaiza-Ganem & Cunningham 2019) که برای هر پیکسل دست‌کم ۲ است.

# %%
pictures = torch.from_numpy((rng.random((20, 1, 8, 8)) < 0.4).astype(float))
eta = torch.from_numpy(3 * rng.standard_normal((20, 1, 8, 8)))
bce = torch.nn.functional.binary_cross_entropy_with_logits(eta, pictures, reduction="none").flatten(1).sum(1)
bce_gap = float((bce + Bernoulli().log_prob(pictures, eta)).abs().max())
squares = ((pictures - eta.sigmoid()) ** 2).flatten(1).sum(1)
gaussian = Gaussian(sigma=0.5**0.5).double()
mse_gap = float((squares + 32 * np.log(np.pi) + gaussian.log_prob(pictures, eta)).abs().max())
grey_pixels, logits = philox("grey pixels").random((20, 1, 8, 8))[0].reshape(64, 1), eta[0].reshape(64, 1)
coin = torch.from_numpy(grey_pixels)
white, black = (Bernoulli().log_prob(torch.full((64, 1), v), logits) for v in (1.0, 0.0))
grey_gap = float((Bernoulli().log_prob(coin, logits) - coin[:, 0] * white - (1 - coin[:, 0]) * black).abs().max())
integrals = [lab.integral(logit) for logit in (-30.0, -3.0, -1e-3, 0.0, 1e-3, 0.04, 0.06, 3.0, 30.0)]
normal_gap = float(np.abs(np.array(integrals) - 1).max())
assert max(grey_gap, bce_gap) < 1e-12
assert mse_gap < 1e-9
assert normal_gap < 1e-8
grey_scores, coin_scores = lab.grey_and_coins()
assert (grey_scores < coin_scores).all(), "a grey picture scores better than its coin tosses"
try:
    with contextlib.redirect_stderr(io.StringIO()):  # messages of a download do not belong into the report
        data, source = load(DataConfig("mnist")), "MNIST"
except UserError:
    data, source = load(DataConfig("digits")), "digits"
images = data.test.x.double() / 255
average = torch.from_numpy(np.asarray(data.spec.mean))
at_mean = float(lab.missing_normaliser(average[None], 1e-3))
sharp, sharper = (float(lab.missing_normaliser(images, clamp).mean()) for clamp in (1e-3, 1e-6))
own_entropy = float(-(torch.xlogy(images, images) + torch.xlogy(1 - images, 1 - images)).flatten(1).sum(1).mean())
D = images[0].numel()
rms = float((images.flatten(1) - average).square().mean().sqrt())
grey = float(((images > 0.02) & (images < 0.98)).double().mean())
study.figure(lab.grey_densities(), "normaliser", en="Left: the missing normaliser per pixel. Right: densities of grey pixels; the dashed Bernoulli curves do not enclose the area one.",
             fa="چپ: بهنجارکنندهٔ جاافتاده بر پیکسل. راست: چگالی پیکسل خاکستری؛ سطح زیر خط‌چین‌های برنولی یک نیست.")
study.measure("normaliser_at_mean", at_mean, n=1, unit="nats/image", protocol=f"sum over pixels of log C at the logits of the {source} training means, clamped to 0.001")
study.measure("normaliser_sharp", sharp, n=len(images), unit="nats/image", protocol=f"sum over pixels of log C at the logits of each {source} test image itself, clamped to 0.001, mean")
study.measure("grey_entropy", own_entropy, n=len(images), unit="nats/image", protocol=f"binary cross-entropy of each {source} test image with itself, summed over pixels, mean: the least that any decoder can reach")
behind = float((coin_scores - grey_scores).mean())
study.measure("grey_behind_coins", behind, n=len(grey_scores), unit="nats/image", protocol="mean log-likelihood over all coin tosses of a grey picture minus the score of the picture itself, 20 random pictures of 8 pixels, random Bernoulli decoder of a 2-D code, sums over 121 x 121 points, float64")
study.table(study.pick(["loss", "σ that it stands for", "weight of a squared error"], ["هزینه", "σ متناظر", "وزن مربع خطا"]),
            [[study.pick(f"mean of squares over {D} pixels", f"میانگین مربع‌ها روی {D} پیکسل"), (D / 2) ** 0.5, 1 / D],
             [study.pick("sum of squares", "جمع مربع‌ها"), 0.5**0.5, 1.0],
             [study.pick("Gaussian, σ by maximum likelihood around the mean image", "گاوسی با σ بیشینهٔ درست‌نمایی پیرامون تصویر میانگین"), rms, 1 / (2 * rms**2)]],
            en=f"Which Gaussian a squared error means ({source} test images for the last row).", fa=f"مربع خطا کدام گاوسی است (سطر آخر از تصویرهای آزمون {source}).")
study.table(study.pick(["check", "largest difference"], ["وارسی", "بزرگ‌ترین اختلاف"]),
            [[study.pick("Bernoulli −log p against BCE", "منفی log p برنولی در برابر BCE"), f"{bce_gap:.1e}"],
             [study.pick("cross-entropy of a grey pixel against the mean over its coin tosses", "آنتروپی متقاطع پیکسل خاکستری در برابر میانگین روی پرتاب‌های سکه‌اش"), f"{grey_gap:.1e}"],
             [study.pick("Gaussian with σ² = 1/2 against the sum of squares", "گاوسی با σ² = 1/2 در برابر جمع مربع‌ها"), f"{mse_gap:.1e}"],
             [study.pick("integral of the continuous Bernoulli against 1", "انتگرال برنولی پیوسته در برابر ۱"), f"{normal_gap:.1e}"]],
            en="Likelihoods against the losses that they are called by.", fa="درست‌نمایی‌ها در برابر هزینه‌هایی که به نامشان خوانده می‌شوند.")
study.say(
    en=f"On {source} {grey:.1%} of the pixels are truly grey (between 0.02 and 0.98). An image compared with *itself* costs {own_entropy:.1f} nats of cross-entropy: no decoder gets below, and that part of a reported loss is no error of the model. The normaliser that the score leaves out is {at_mean:.0f} nats for a decoder that answers with the mean image and {sharp:.0f} nats for one that reproduces each image up to 0.001 ({sharper:.0f} up to 0.000001: it grows without bound as λ goes to 0 or 1). Between these two decoders alone the omission differs by {sharp - at_mean:.0f} nats. So losses on grey pixels compare *scores* under one convention; they are not likelihoods of grey images, and the error depends on the model. "
    f"**Pitfalls.** Averaging over pixels in place of summing divides the weight of the image by {D} against the KL: that is a Gaussian of width {(D / 2) ** 0.5:.1f} for pixels between 0 and 1, and the KL term wins. For one and the same model the score of a grey picture is at most the mean log-likelihood of its coin tosses, because $\\log \\int p(z) \\exp(\\sum_j [x_j \\eta_j(z) - \\log(1 + e^{{\\eta_j(z)}})]) dz$ is convex in $x$: so it was for all {len(grey_scores)} random pictures under a random decoder, by {behind:.2f} nats on average. The two kinds of numbers must not stand in one table.",
    fa=f"روی {source} ‏{grey:.1%} از پیکسل‌ها به‌راستی خاکستری‌اند (میان ۰٫۰۲ و ۰٫۹۸). تصویر در برابر *خودش* {own_entropy:.1f} نات آنتروپی متقاطع دارد: هیچ رمزگشایی از آن پایین‌تر نمی‌رود و این بخش از هزینهٔ گزارش‌شده خطای مدل نیست. بهنجارکننده‌ای که امتیاز کنار می‌گذارد برای رمزگشایی که تصویر میانگین را پاسخ دهد {at_mean:.0f} نات است و برای رمزگشایی که هر تصویر را تا ۰٫۰۰۱ بازسازد {sharp:.0f} نات (تا ۰٫۰۰۰۰۰۱ برابر {sharper:.0f}: وقتی λ به ۰ یا ۱ برود بی‌کران بزرگ می‌شود). تنها میان همین دو رمزگشا مقدار کنارگذاشته {sharp - at_mean:.0f} نات فرق دارد. پس هزینه‌های پیکسل خاکستری *امتیازهایی* با یک قرارداد را می‌سنجند؛ درست‌نمایی تصویر خاکستری نیستند و خطایشان به مدل بستگی دارد. "
    f"**دام‌ها.** میانگین‌گیری روی پیکسل‌ها به جای جمع، وزن تصویر را در برابر KL بر {D} تقسیم می‌کند: یعنی گاوسی با پهنای {(D / 2) ** 0.5:.1f} برای پیکسل‌هایی میان ۰ و ۱، و جملهٔ KL چیره می‌شود. برای یک مدل یگانه امتیاز تصویر خاکستری حداکثر میانگین لگاریتم درست‌نمایی پرتاب‌های سکهٔ آن است، چون $\\log \\int p(z) \\exp(\\sum_j [x_j \\eta_j(z) - \\log(1 + e^{{\\eta_j(z)}})]) dz$ نسبت به $x$ محدب است: برای هر {len(grey_scores)} تصویر تصادفی زیر رمزگشایی تصادفی چنین بود، به طور میانگین {behind:.2f} نات. این دو گونه عدد نباید در یک جدول بنشینند.")

# %% [markdown] lang="en"
# ## Sources
# Kingma & Welling 2013 (arXiv 1312.6114), eq. 1 to 3; Tipping & Bishop 1999, probabilistic principal component analysis;
# Burda, Grosse & Salakhutdinov 2015 (arXiv 1509.00519); Loaiza-Ganem & Cunningham 2019 (arXiv 1907.06845).

# %% [markdown] lang="fa"
# ## منابع
# Kingma & Welling 2013 (arXiv 1312.6114)، رابطه‌های ۱ تا ۳؛ Tipping & Bishop 1999؛ Burda, Grosse & Salakhutdinov 2015 (arXiv 1509.00519)؛ Loaiza-Ganem & Cunningham 2019 (arXiv 1907.06845).
