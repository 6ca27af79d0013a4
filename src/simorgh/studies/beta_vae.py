# ---
# simorgh:
#   title: {en: "beta-VAE: the price of a nat, and how disentanglement is measured", fa: "beta-VAE: بهای هر نات، و سنجش گره‌گشایی"}
#   answers: [B1.3, C4.a, C4.b]
#   runs: {vae-sprites@b1: 1, vae-sprites@b2: 1, vae-sprites@b4: 1, vae-sprites@b8: 1, vae-sprites@b16: 1, beta-vae-sprites: 3, factor-vae: 3, control-vae: 3, beta-tcvae: 1}
#   overrides:
#     vae-sprites@b1: {train.epochs: 4.5}
#     vae-sprites@b2: {train.epochs: 4.5, model.beta: 2.0}
#     vae-sprites@b4: {train.epochs: 4.5, model.beta: 4.0}
#     vae-sprites@b8: {train.epochs: 4.5, model.beta: 8.0}
#     vae-sprites@b16: {train.epochs: 4.5, model.beta: 16.0}
# ---
# %% [markdown] lang="en"
# ## Question
# A beta-VAE (Higgins et al. 2017) is a VAE whose KL term weighs $\beta > 1$ times as much. What does the weight buy, why
# should codes then follow the factors of the data one by one, and how is it *measured* whether they do? How far can that
# measure be trusted, and what do beta-VAE, FactorVAE and ControlVAE reach under it on all of dSprites?
#
# ## Assumptions
# Nats per image: sums over pixels and latents, means over images, Bernoulli pixels. The prior is $N(0, I)$, the
# posterior a Gaussian with diagonal covariance, the code of an image its mean. Models are tested on sprites that they
# have seen, for the grid of factors is the whole law. *Disentangled* means: each latent follows one factor.
# %% [markdown] lang="fa"
# ## پرسش
# ‏beta-VAE (Higgins و همکاران، ۲۰۱۷) همان VAE است که جملهٔ KL آن $\beta > 1$ برابر وزن دارد. این وزن چه می‌خرد، چرا باید کدها یکی‌یکی به دنبال
# عامل‌های داده بروند، و از کجا *اندازه* می‌گیریم که رفته‌اند (گره‌گشایی، disentanglement)؟ به این سنجه تا کجا می‌توان اعتماد کرد، و beta-VAE و FactorVAE و ControlVAE با آن
# روی همهٔ dSprites به کجا می‌رسند؟
#
# ## فرض‌ها
# نات بر تصویر: جمع روی پیکسل‌ها و نهفته‌ها، میانگین روی تصویرها، پیکسل برنولی. پیشین $N(0, I)$ است، پسین گاوسی با کوواریانس قطری، و کد هر
# تصویر میانگینِ پسین آن. مدل‌ها روی اسپرایت‌هایی آزموده می‌شوند که دیده‌اند، زیرا جدول کامل عامل‌ها خودِ توزیع داده است. *گره‌گشوده* یعنی هر متغیر
# نهفته یک عامل را دنبال کند.

# %%
from math import log

import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression

from simorgh.data import batches, load
from simorgh.data.files import local
from simorgh.data.sprites import SHAPES, SIZES, agreement, draw, grid
from simorgh.metrics.disentanglement import disentanglement, mig
from simorgh.noise import philox
from simorgh.report.figures import image_grid, reconstruction_pairs
from simorgh.report.style import LINES
from simorgh.studies import kit
from simorgh.studies._disentangling import Linear, dots, how_it_works, lines, points, rate_distortion, split, turned
from simorgh.train import initialise

study = kit.current()
if study.small:
    study.say("**The `smoke` preset**: a few steps on 512 images. Its numbers say nothing about the models.",
              "**اندازهٔ `smoke`**: چند گام روی ۵۱۲ تصویر؛ اعداد آن چیزی دربارهٔ مدل‌ها نمی‌گوید.")

# %% [markdown] lang="en"
# ## 1. The idea: a budget of nats, and its price
# **From VAE to beta-VAE.** Ask for the best reconstruction whose codes cost at most $\varepsilon$ nats:
#
# $$ \min_{\theta, \phi} D \quad \text{with} \quad R \le \varepsilon, \qquad D = -E\, \log p_\theta(x \mid z), \quad R = E\, \mathrm{KL}(q_\phi(z \mid x) \,\Vert\, p(z)). $$
#
# Its Lagrangian is $D + \beta (R - \varepsilon)$, and the conditions of Karush, Kuhn and Tucker say: no slope is left,
# $\nabla D + \beta \nabla R = 0$; $\beta \ge 0$; and $\beta (R - \varepsilon) = 0$, so that either the budget is used up
# or a nat is worth nothing. The term $\beta \varepsilon$ has no gradient; without it this is the beta-VAE,
#
# $$ L_\beta = D + \beta R, \qquad \frac{\mathrm{d} D^*}{\mathrm{d} \varepsilon} = -\beta . $$
#
# $\beta$ is the *price of a nat*: a model buys information as long as a nat saves more than $\beta$ nats of
# reconstruction. A VAE is the case $\beta = 1$, the only one in which $L_\beta$ is the bound $-\mathrm{ELBO} \ge -\log p$;
# for $\beta > 1$ it is a looser bound, for $\beta < 1$ none.
#
# **Computed.** For Gaussian data of variances $\lambda_i$ along its axes and a linear beta-VAE with pixel variance
# $\sigma^2$ all is known: rate-distortion theory (reverse water-filling) gives $R_i = \tfrac12 \log \lambda_i / \beta\sigma^2$
# where that is above 0, and nothing elsewhere. So as $\beta$ rises latents fall silent one by one, the weakest first.
# %% [markdown] lang="fa"
# ## ۱. ایده: بودجه‌ای از نات و بهای آن
# **از VAE به beta-VAE.** بهترین بازسازی را بخواهید به شرط آنکه کدها حداکثر $\varepsilon$ نات هزینه داشته باشند:
#
# $$ \min_{\theta, \phi} D \quad \text{with} \quad R \le \varepsilon, \qquad D = -E\, \log p_\theta(x \mid z), \quad R = E\, \mathrm{KL}(q_\phi(z \mid x) \,\Vert\, p(z)). $$
#
# لاگرانژین آن $D + \beta (R - \varepsilon)$ است و شرط‌های کاروش، کون و تاکر می‌گویند: شیبی نمی‌ماند، $\nabla D + \beta \nabla R = 0$؛
# $\beta \ge 0$؛ و $\beta (R - \varepsilon) = 0$، یعنی یا بودجه تا آخر خرج می‌شود یا نات ارزشی ندارد. جملهٔ $\beta \varepsilon$ گرادیان ندارد و
# بی آن همان beta-VAE به دست می‌آید:
#
# $$ L_\beta = D + \beta R, \qquad \frac{\mathrm{d} D^*}{\mathrm{d} \varepsilon} = -\beta . $$
#
# پس $\beta$ *بهای هر نات* است: مدل تا جایی اطلاعات می‌خرد که هر نات بیش از $\beta$ نات از بازسازی کم کند. VAE حالت $\beta = 1$ است، تنها حالتی
# که $L_\beta$ همان کران $-\mathrm{ELBO} \ge -\log p$ است؛ برای $\beta > 1$ کرانی سست‌تر است و برای $\beta < 1$ کران نیست.
#
# **محاسبه.** برای دادهٔ گاوسی با واریانس‌های $\lambda_i$ و beta-VAE خطی با واریانس پیکسل $\sigma^2$ همه چیز معلوم است: نظریهٔ نرخ-اعوجاج (پر کردن
# وارونهٔ آب) می‌گوید $R_i = \tfrac12 \log \lambda_i / \beta\sigma^2$ هر جا که مثبت باشد و جای دیگر صفر. پس با بالا رفتن $\beta$ متغیرهای نهفته
# یکی‌یکی خاموش می‌شوند، ضعیف‌ترین زودتر.

# %%
toy, rows = Linear(np.array([4.0, 2.0, 1.0, 0.5]), 0.25), []
for beta in (0.5, 1, 2, 4, 8):
    rate, distortion, active = toy.filled(beta)
    r, d, truth = toy.minimised(beta)
    price = (toy.bought(rate - 0.01) - toy.bought(rate + 0.01)) / 0.02
    elbo, loss = d + r, d + beta * r
    assert np.allclose([r, d, toy.bought(rate)], [rate, distortion, distortion], atol=1e-3)
    assert abs(price - beta) < 0.01 * beta
    assert truth - 1e-6 < elbo <= loss if beta >= 1 else loss < truth < elbo
    rows.append([beta, *(kit.Cell(f"{v:.3f}") for v in (rate, r, price)), active, *(kit.Cell(f"{v:.3f}") for v in (truth, elbo, loss))])
study.table(study.pick(["beta", "R, closed form", "R, minimised", "price -dD/dR at that budget", "latents in use", "-log p", "-ELBO", "D + beta R"],
                       ["beta", "R، فرمول", "R، کمینه‌سازی", kit.ltr("-dD/dR") + " در آن بودجه", "نهفته‌های فعال", kit.ltr("-log p"), kit.ltr("-ELBO"), kit.ltr("D + beta R")]), rows,
            "A linear beta-VAE on four Gaussian variables of variance 4, 2, 1 and 0.5. R is the rate of L_beta, minimised freely; the price is the slope of the constrained problem solved at that budget: it is beta. The bound holds from beta = 1 on, where it is tight.",
            "‏beta-VAE خطی روی چهار متغیر گاوسی با واریانس ۴، ۲، ۱ و ۰٫۵. R نرخِ کمینهٔ آزاد L_beta است و بها شیب مسئلهٔ مقید در همان بودجه: برابر beta. کران از <bdi dir=\"ltr\">beta = 1</bdi> به بالا برقرار و در خود آن چسبان است.")

# %% [markdown] lang="en"
# **What is being paid for.** With $q(z) = E_x\, q(z \mid x)$, the law of the codes of all images together,
#
# $$ R = \underbrace{I(x; z)}_{\text{information}} + \underbrace{\mathrm{KL}\big(q(z) \Vert \textstyle\prod_j q(z_j)\big)}_{\text{total correlation}} + \underbrace{\textstyle\sum_j \mathrm{KL}(q(z_j) \Vert p(z_j))}_{\text{each latent against its prior}} . $$
#
# So $I(x; z) \le R$: the budget bounds the information, whatever the encoder does, and of $N$ images there are at most
# $\log N$ nats to know. A large $\beta$ presses on all three terms; only the second is about independence. FactorVAE and
# beta-TCVAE weigh that one alone and let the information live; ControlVAE keeps the sum and sets $R$ in place of $\beta$.
#
# **Why one by one.** The prior does not know axes: a rotation of $z$ leaves it as it is, so a full covariance would leave
# the directions of the latents free. The *diagonal* posterior does not. For a linear decoder $W$ the best posterior has the
# precision $P = I + W^T W / \beta\sigma^2$, and with a diagonal one $\beta$ times $\tfrac12 (\sum_j \log P_{jj} - \log \det P)$
# is lost (Rolinek et al. 2019). By Hadamard's inequality this is 0 only where $P$ is diagonal: each latent along one
# direction in which images vary by a strength of its own.
# %% [markdown] lang="fa"
# **بها برای چه پرداخت می‌شود.** با $q(z) = E_x\, q(z \mid x)$، قانون کدهای همهٔ تصویرها با هم،
#
# $$ R = \underbrace{I(x; z)}_{\text{information}} + \underbrace{\mathrm{KL}\big(q(z) \Vert \textstyle\prod_j q(z_j)\big)}_{\text{total correlation}} + \underbrace{\textstyle\sum_j \mathrm{KL}(q(z_j) \Vert p(z_j))}_{\text{each latent against its prior}} . $$
#
# پس $I(x; z) \le R$: بودجه، هر چه رمزگذار بکند، اطلاعات را کران‌دار می‌کند؛ و از $N$ تصویر بیش از $\log N$ نات دانستنی نیست. $\beta$ بزرگ هر سه جمله
# را می‌فشارد و تنها جملهٔ دوم دربارهٔ استقلال است. FactorVAE و beta-TCVAE فقط به همان وزن می‌دهند و اطلاعات را آزاد می‌گذارند؛ ControlVAE مجموع را
# نگه می‌دارد و به جای $\beta$ خودِ $R$ را تعیین می‌کند.
#
# **چرا یکی‌یکی.** پیشین محور نمی‌شناسد: چرخش $z$ آن را عوض نمی‌کند، پس با کوواریانس کامل جهت متغیرهای نهفته آزاد می‌ماند. با پسین *قطری* چنین
# نیست. برای رمزگشای خطی $W$ دقتِ بهترین پسین $P = I + W^T W / \beta\sigma^2$ است و با پسین قطری $\beta$ برابرِ
# $\tfrac12 (\sum_j \log P_{jj} - \log \det P)$ از دست می‌رود (Rolinek و همکاران، ۲۰۱۹). بنا بر نابرابری آدامار این مقدار تنها وقتی صفر است که $P$ قطری باشد:
# هر متغیر نهفته در راستای یک جهت که تصویرها در آن با شدتی ویژهٔ خود تغییر می‌کنند.

# %%
means, deviations = np.array([[-1.5, -0.5], [1, -1], [0.4, 1.6], [-0.6, 0.3]]), np.array([[0.5, 0.4], [0.3, 0.6], [0.5, 0.5], [0.4, 0.3]])
terms, rate = split(means, deviations)
assert abs(sum(terms) - rate) < 1e-9
assert terms[0] < min(rate, log(4))
study.table(study.pick(["information", "total correlation", "latents against the prior", "sum", "R, closed form", "log N"],
                       ["اطلاعات", "همبستگی کل", "نهفته‌ها در برابر پیشین", "مجموع", "R، فرمول", kit.ltr("log N")]),
            [[kit.Cell(f"{v:.4f}") for v in (*terms, sum(terms), rate, log(4))]],
            "The three terms for four images with Gaussian posteriors in the plane, integrated on a grid; nats.", "سه جمله برای چهار تصویر با پسین گاوسی در صفحه، با انتگرال روی شبکه؛ نات.")

angle, lost = np.linspace(0, 90, 181), {}
for strengths, beta in (((4, 1), 1), ((4, 1), 4), ((4, 4), 1)):
    nats = lost[f"strengths {strengths[0]} and {strengths[1]}, beta {beta}"] = turned(np.radians(angle), strengths, beta, 0.25)
    assert nats.min() > -1e-9
    assert np.ptp(nats) < 1e-9 if strengths[0] == strengths[1] else nats.argmax() == 90
study.figure(lines(angle, lost, "angle between latents and directions, degrees", "nats lost"), "axes", "What a diagonal posterior costs when two latents are turned against the two directions in which data vary. Unequal strengths pull the latents into the axes; equal ones leave them free. The columns and rows of sprites are such a pair: nothing but the corners of the grid holds x and y apart.",
             "بهای پسین قطری وقتی دو متغیر نهفته نسبت به دو جهتِ تغییر داده چرخیده باشند. شدت‌های نابرابر نهفته‌ها را به محورها می‌کشند؛ شدت‌های برابر آزادشان می‌گذارند. ستون و سطر اسپرایت‌ها چنین جفتی‌اند: جز گوشه‌های شبکه چیزی x و y را از هم جدا نگه نمی‌دارد.")

# %% [markdown] lang="en"
# ## 2. A sweep of beta on upright sprites
# The same network (table 6 of Shao et al. 2020), seed and length, 4.5 passes, at five prices. If every run is the best
# for its own price, then between two neighbours the slope of $D$ against $R$ lies between their two prices: each would
# lose by taking the other's place. So the curve can be checked without knowing the optimum.
# %% [markdown] lang="fa"
# ## ۲. روبش beta روی اسپرایت‌های ایستاده
# یک شبکه (جدول ۶ مقالهٔ Shao و همکاران، ۲۰۲۰)، یک بذر و یک طول آموزش، ۴٫۵ دور، با پنج بها. اگر هر مدل برای بهای خودش بهترین باشد، شیب $D$ در
# برابر $R$ میان دو همسایه بین دو بهای آن‌ها می‌افتد: هر کدام با نشستن به جای دیگری زیان می‌کند. پس منحنی را بی دانستن بهینه می‌توان وارسی کرد.

# %%
keys = {b: f"vae-sprites@b{b}" for b in (1, 2, 4, 8, 16)}
sweep = {b: study.runs(key)[0] for b, key in keys.items()}
assert all(run.experiment.model.beta == b for b, run in sweep.items())
config = sweep[1].experiment.data
data = load(config)
test = data.test.take(slice(0, 500 if study.small else len(data.test)))
study.figure(image_grid(data.test.x[:30] / 255, 3, 10), "data", f"Thirty of {len(data.train):,} sprites with the factors {', '.join(data.factors)}.",
             f"سی تا از {len(data.train):,} اسپرایت با عامل‌های <bdi dir=\"ltr\">{', '.join(data.factors)}</bdi>.")
found = {b: {n: study.results(key, n) for n in ("reconstruction", "kl", "neg_elbo")} for b, key in keys.items()}
R, D = (np.array([found[b][n].value for b in keys]) for n in ("kl", "reconstruction"))
models, spent, codes = {b: run.model() for b, run in sweep.items()}, {}, {}
for b, model in models.items():
    q = [model.infer(batch.x) for batch in batches(test, config, 500)]
    mean, log_variance = (torch.cat([getattr(p, n) for p in q]).double() for n in ("mean", "log_variance"))
    each = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)
    spent[b], codes[b] = each.mean(0).numpy(), mean.numpy()
    measured = each[: sweep[b].experiment.evaluate.images].sum(1).mean()
    assert abs(measured - found[b]["kl"].value) < 1e-3 * (1 + measured)
used = {b: int((kl > 0.1).sum()) for b, kl in spent.items()}
order = list(keys)
slopes = [(D[i + 1] - D[i]) / (R[i] - R[i + 1]) for i in range(len(order) - 1)]
winner = [order[int((D + b * R).argmin())] for b in order]
study.table(study.pick(["beta", "KL", "reconstruction", "-ELBO", "latents above 0.1 nats", "slope to the next", "cheapest run at this price"],
                       ["beta", "KL", "بازسازی", kit.ltr("-ELBO"), "نهفته‌های بالای ۰٫۱ نات", "شیب تا بعدی", "ارزان‌ترین مدل با این بها"]),
            [[b, *(kit.Cell(kit.short(found[b][n])) for n in ("kl", "reconstruction", "neg_elbo")), used[b], kit.Cell(f"{slopes[i]:.2f}") if i < 4 else None, winner[i]] for i, b in enumerate(order)],
            f"The sweep on {len(test):,} test images, nats per image; intervals over images, one training each.", f"روبش روی {len(test):,} تصویر آزمون، نات بر تصویر؛ بازه روی تصویرها، هرکدام یک آموزش.")

study.figure(rate_distortion(order, R, D, log(18_432)), "rate-distortion", "Rate and distortion on the test images. Short lines have the slope -beta: on the best curve they would be tangents. Dashed: ln 18,432 = 9.82 nats, all that there is to know of an image; what the KL has beyond it is mismatch between codes and prior.",
             "نرخ و اعوجاج روی تصویرهای آزمون. شیب پاره‌خط‌ها منهای beta است: روی بهترین منحنی مماس می‌بودند. خط‌چین: <bdi dir=\"ltr\">ln 18,432 = 9.82</bdi> نات، همهٔ آنچه از یک تصویر دانستنی است؛ هر چه KL بیش از آن دارد ناهماهنگی کدها با پیشین است.")
figure = Figure(figsize=(8.4, 2.1))
for ax, (b, kl) in zip(figure.subplots(1, 5, sharey=True), spent.items()):
    ax.bar(range(1, 11), np.sort(kl)[::-1], color=LINES[0])
    ax.set(title=f"beta = {b}", xticks=(1, 5, 10), xlabel="latent by rank", ylabel="KL, nats" if b == 1 else "")
study.figure(figure, "latents", "The KL of each latent, largest first.", "‏KL هر متغیر نهفته، بزرگ‌ترین نخست.")

for b in (1, 16):
    known = mig(codes[b], test.factors, bins=20).table
    share = known / [np.log(len(np.unique(f))) for f in test.factors.numpy().T]
    five = np.argsort(-spent[b])[:5]
    z = torch.from_numpy(codes[b][7]).float().repeat(5, 9, 1)
    for row, j in enumerate(five):
        z[row, :, j] = torch.linspace(-2.4, 2.4, 9)
    labels = [f"{spent[b][j]:.1f} nats, {data.factors[share[j].argmax()]} {share[j].max():.0%}" for j in five]
    study.figure(image_grid(models[b].decode(z.flatten(0, 1)), 5, 9, labels, [f"{v:+.1f}" for v in np.linspace(-2.4, 2.4, 9)]), f"traversal-{b}",
                 f"Beta {b}: one latent a row, moved from -2.4 to 2.4 while the others stay. Left: its KL, and the factor of which it knows most, with the share of that factor's entropy.",
                 f"<bdi dir=\"ltr\">beta = {b}</bdi>: هر سطر یک متغیر نهفته که از <bdi dir=\"ltr\">-2.4</bdi> تا <bdi dir=\"ltr\">2.4</bdi> می‌رود و بقیه می‌مانند. چپ: KL آن و عاملی که بیش از همه می‌شناسد، با سهم از آنتروپی آن عامل.")
right = sum(a <= s <= b for s, a, b in zip(slopes, order, order[1:]))
own = sum(w == b for w, b in zip(winner, order))
study.say(f"From beta 1 to 16 the KL goes from {R[0]:.1f} to {R[-1]:.1f} nats, the reconstruction from {D[0]:.1f} to {D[-1]:.1f}, and {used[1]} latents in use become {used[16]}. {right} of 4 slopes lie between their two prices, and {own} of 5 runs are the cheapest at their own: " + ("the points lie on a curve of optima as far as this check can tell." if right == 4 else "the rest stand off the curve of optima."),
          f"از beta برابر ۱ تا ۱۶، KL از {R[0]:.1f} به {R[-1]:.1f} نات و بازسازی از {D[0]:.1f} به {D[-1]:.1f} می‌رسد و از {used[1]} متغیر نهفتهٔ فعال {used[16]} می‌ماند. از ۴ شیب، {right} تا میان دو بهای خود است و از ۵ مدل، {own} تا با بهای خود ارزان‌ترین است: " + ("تا جایی که این وارسی می‌گوید نقطه‌ها روی منحنی بهینه‌اند." if right == 4 else "بقیه روی منحنی بهینه نیستند."))

# %% [markdown] lang="en"
# ## 3. The metric
# **Why one is needed.** Traversals are looked at, latent by latent, and chosen; two models cannot be compared so, nor can
# a setting be searched for. The likelihood cannot help: turn all codes by a rotation and let the decoder turn them back,
# and no reconstruction changes while every latent now mixes all factors (the last rows of the table below). What is
# wanted is a number for *independent and interpretable*: a latent should stay where it is while its factor does, and the
# factor should be readable from the latents by a rule too weak to untangle them.
#
# **The steps** (Higgins et al. 2017, section 3; the assignment's "section 2"). (1) Draw one of $K$ factors. (2) Draw $L$
# pairs of images, the two of a pair alike in that factor and free in all others. (3) Encode them and take
# $\bar{z} = \tfrac1L \sum_l |\mu(x_{l,1}) - \mu(x_{l,2})|$: the latent that follows the fixed factor is the one near 0. (4)
# A linear classifier tells the factor from $\bar{z}$; its accuracy on fresh points is the score, between chance $1/K$
# and 1. Linear and low in capacity, so that it cannot do the disentangling itself.
# %% [markdown] lang="fa"
# ## ۳. سنجه
# **چرا لازم است.** پیمایش‌ها را نهفته به نهفته نگاه می‌کنند و برمی‌گزینند؛ این‌گونه نه دو مدل را می‌توان سنجید و نه تنظیمی را جست. درست‌نمایی هم
# کمکی نمی‌کند: همهٔ کدها را بچرخانید و بگذارید رمزگشا برگرداند؛ هیچ بازسازی عوض نمی‌شود و حال آنکه هر متغیر نهفته اکنون همهٔ عامل‌ها را در هم می‌آمیزد
# (سطرهای آخر جدول زیر). عددی می‌خواهیم برای *مستقل و تفسیرپذیر*: متغیر نهفته تا عاملش ثابت است بماند، و عامل را با قاعده‌ای بتوان از نهفته‌ها
# خواند که خودش توان باز کردن گره را نداشته باشد.
#
# **گام‌ها** (Higgins و همکاران، ۲۰۱۷، بخش ۳؛ در صورت سؤال «بخش ۲»). (۱) از $K$ عامل یکی را قرعه بزنید. (۲) $L$ جفت تصویر بکشید که دو تای هر جفت در آن
# عامل یکسان و در بقیه آزاد باشند. (۳) کدشان کنید و $\bar{z} = \tfrac1L \sum_l |\mu(x_{l,1}) - \mu(x_{l,2})|$ را بگیرید: نهفته‌ای که به دنبال عاملِ ثابت است
# نزدیک صفر می‌ماند. (۴) یک رده‌بند خطی عامل را از $\bar{z}$ می‌گوید؛ دقتش روی نقطه‌های تازه امتیاز است، از شانس $1/K$ تا ۱. خطی و کم‌توان، تا خودش
# گره را باز نکند.

# %%
upright = grid((*SIZES[:2], 1, *SIZES[3:]))[:, [0, 1, 3, 4]]
sizes, centre, scale = np.array([SIZES[i] for i in (0, 1, 3, 4)]), upright.mean(0), upright.std(0)
turn, rng = np.linalg.qr(philox("beta vae", "turn").standard_normal((4, 4)))[0], philox("beta vae", "noise")
laws = {"truth": lambda v: (v - centre) / scale, "truth, turned": lambda v: (v - centre) / scale @ turn, "without y": lambda v: ((v - centre) / scale)[..., :3],
        "noise": lambda v: rng.standard_normal(v.shape)}
words = {"truth": "حقیقت", "truth, turned": "حقیقتِ چرخانده", "without y": "بدون y", "noise": "نوفه", "evenly mixed": "آمیختهٔ یکدست", "x and y by 45 degrees": "x و y، ۴۵ درجه", "every code twice": "هر کد دو بار"}

accuracy, tables = {name: {} for name in laws}, {}
for name, law in laws.items():
    for pairs in (1, 4, 16, 64, 256):
        (y, x), (truth, fresh) = (points(law, sizes, n, pairs, purpose) for n, purpose in ((1500, "fit"), (750, "test")))
        accuracy[name][pairs] = float((LogisticRegression(max_iter=1000).fit(x, y).predict(fresh) == truth).mean())
        if pairs == 64 and name != "noise":
            tables[name] = np.stack([x[y == k].mean(0) for k in range(4)])
study.figure(how_it_works(tables, data.factors, accuracy), "steps", "Steps 2 and 3: mean absolute differences by the factor that was held (rows) and the code (columns), 64 pairs. Right: step 4 against the number of pairs. The truth has zeros where they belong; without a code for y, the row of y is the one without a zero; the turned truth has no zero at all, yet its rows differ, and enough pairs make them readable.",
             "گام‌های ۲ و ۳: میانگین قدر مطلق اختلاف‌ها بر حسب عاملِ ثابت (سطر) و کد (ستون)، ۶۴ جفت. راست: گام ۴ در برابر شمار جفت‌ها. حقیقت صفرها را سر جایشان دارد؛ بی کدی برای y سطر y همان سطرِ بی صفر است؛ حقیقتِ چرخانده هیچ صفری ندارد اما سطرهایش فرق دارند و با جفتِ کافی خوانده می‌شوند.")
assert accuracy["truth"][64] == 1
assert min(accuracy[name][256] for name in ("without y", "truth, turned")) > 0.97 > 0.35 > accuracy["noise"][64]

# %% [markdown] lang="en"
# **Its weakness** (Kim & Mnih 2018): codes that hold only $K - 1$ factors still score 100 %, since "none of the others" is
# a rule that a linear classifier can state; and a turned truth, which no one would call disentangled, is read as well.
# The other scores ask something else: FactorVAE for the *one* latent that varies least (no combination), MIG and SAP
# for a gap between the best and the second best latent of a factor, DCI for importances that are not spread, modularity
# for latents that know one factor. Each has a blind spot of its own, so all are reported, with their protocols.
# %% [markdown] lang="fa"
# **ضعف آن** (Kim و Mnih، ۲۰۱۸): کدهایی که تنها $K - 1$ عامل را دارند باز هم ۱۰۰ درصد می‌گیرند، زیرا «هیچ‌کدام از بقیه» قاعده‌ای است که رده‌بند
# خطی می‌تواند بگوید؛ و حقیقتِ چرخانده هم که کسی گره‌گشوده‌اش نمی‌خواند خوانده می‌شود. امتیازهای دیگر چیز دیگری می‌پرسند: FactorVAE *یک* نهفته را
# می‌خواهد که کمتر از همه تغییر کند (بی ترکیب)، MIG و SAP فاصلهٔ بهترین و دومین نهفتهٔ هر عامل را، DCI اهمیت‌هایی که پخش نباشند، و modularity
# نهفته‌هایی که یک عامل را بشناسند. هرکدام جای کوری از خود دارد؛ پس همه با قراردادشان گزارش می‌شوند.

# %%
NAMES = ("beta-vae", "factor-vae", "mig", "dci-disentanglement", "dci-completeness", "dci-informativeness", "sap", "modularity")
TITLES = ("beta-VAE", "FactorVAE", "MIG", "DCI", "DCI completeness", "DCI informativeness", "SAP", "modularity")
rows = philox("beta vae", "rows").permutation(len(upright))[: 2_000 if study.small else None]
truth, eighth = laws["truth"](upright[rows]), np.array([[1, 1], [-1, 1]]) / 2**0.5
made = {"truth": truth, "truth, turned": truth @ turn, "evenly mixed": truth @ np.kron(eighth, eighth), "x and y by 45 degrees": np.hstack([truth[:, :2], truth[:, 2:] @ eighth]),
        "without y": truth[:, :3], "every code twice": np.hstack([truth, truth]), "noise": laws["noise"](truth)}
scores = {name: disentanglement(z, upright[rows], data.factors) for name, z in made.items()}


def coded(model):
    """(N, 10) codes of the training images."""
    return torch.cat([model.encode(b.x).detach() for b in batches(data.train, config, 500)]).double()


few, encoded, blank = data.train.factors.numpy(), coded(models[16]), coded(initialise(sweep[1].experiment, sweep[1].spec))
spin = torch.from_numpy(np.linalg.qr(philox("beta vae", "spin").standard_normal((10, 10)))[0])
straight, back = (models[16].decode(z[:64].float()) for z in (encoded, (encoded @ spin) @ spin.T))
assert float((straight - back).abs().max()) < 1e-3
trained = {"untrained encoder": (blank - blank.mean(0)) / blank.std(0), "beta = 1": coded(models[1]), "beta = 16": encoded, "beta = 16, turned": encoded @ spin}
words |= {"untrained encoder": "رمزگذار آموزش‌ندیده", "beta = 1": kit.ltr("beta = 1"), "beta = 16": kit.ltr("beta = 16"), "beta = 16, turned": kit.ltr("beta = 16") + "، چرخانده"}
scores |= {name: disentanglement(z, few, data.factors) for name, z in trained.items()}
for name, n in ((name, n) for name in scores for n in NAMES):
    study.measure(f"disentanglement_{n}", scores[name][n].value, n=len(made.get(name, few)), unit="score from 0 to 1", protocol=scores[name][n].protocol, representation=name, data="dsprites-upright")
study.table([study.pick("codes", "کدها"), *TITLES], [[study.pick(n, words[n]), *(kit.Cell(f"{held[s].value:.3f}") for s in NAMES)] for n, held in scores.items()],
            f"All scores on the four factors of upright sprites: constructed codes above ({len(rows):,} rows of the grid), codes of images below ({len(few):,}). Untrained codes are brought to deviation 1.",
            f"همهٔ امتیازها روی چهار عاملِ اسپرایت‌های ایستاده: بالا کدهای ساختگی ({len(rows):,} سطر شبکه)، پایین کدِ تصویرها ({len(few):,}). کدهای آموزش‌ندیده به انحراف معیار ۱ آورده شده‌اند.")
value = {name: {n: held[n].value for n in NAMES} for name, held in scores.items()}
assert value["without y"]["beta-vae"] > 0.99 > 0.8 > value["without y"]["factor-vae"]
assert abs(value["truth, turned"]["beta-vae"] - accuracy["truth, turned"][64]) < 0.06
assert value["truth, turned"]["mig"] < 0.5 < value["truth"]["mig"]
study.say(f"Without y the beta-VAE score stays at {value['without y']['beta-vae']:.0%} while FactorVAE's falls to {value['without y']['factor-vae']:.0%} and MIG from {value['truth']['mig']:.2f} to {value['without y']['mig']:.2f}. The turned truth keeps {value['truth, turned']['beta-vae']:.0%}, and {value['truth, turned']['factor-vae']:.0%} of FactorVAE's score, at a MIG of {value['truth, turned']['mig']:.2f}; where every code mixes all factors evenly (a Hadamard matrix) the score is {value['evenly mixed']['beta-vae']:.0%}. MIG in turn gives every code twice {value['every code twice']['mig']:.2f}, which modularity calls {value['every code twice']['modularity']:.2f}. From beta 1 to 16, one training each, MIG goes from {value['beta = 1']['mig']:.2f} to {value['beta = 16']['mig']:.2f} and DCI from {value['beta = 1']['dci-disentanglement']:.2f} to {value['beta = 16']['dci-disentanglement']:.2f}. An encoder that has never been trained reaches {value['untrained encoder']['beta-vae']:.0%} where chance is 25 %: compare with that, not with chance. Turning the codes of the beta = 16 run and turning them back changes no pixel by as much as 0.001, but MIG goes from {value['beta = 16']['mig']:.2f} to {value['beta = 16, turned']['mig']:.2f}: likelihood and reconstruction know nothing of disentanglement.",
          f"بدون y امتیاز beta-VAE در {value['without y']['beta-vae']:.0%} می‌ماند، در حالی که FactorVAE به {value['without y']['factor-vae']:.0%} می‌افتد و MIG از {value['truth']['mig']:.2f} به {value['without y']['mig']:.2f}. حقیقتِ چرخانده با MIG برابر {value['truth, turned']['mig']:.2f} همچنان {value['truth, turned']['beta-vae']:.0%} دارد و از امتیاز FactorVAE هم {value['truth, turned']['factor-vae']:.0%}؛ جایی که هر کد همهٔ عامل‌ها را یکدست می‌آمیزد (ماتریس آدامار) امتیاز {value['evenly mixed']['beta-vae']:.0%} است. در عوض MIG به «هر کد دو بار» {value['every code twice']['mig']:.2f} می‌دهد که modularity آن را {value['every code twice']['modularity']:.2f} می‌خواند. از beta برابر ۱ تا ۱۶، با یک آموزش از هرکدام، MIG از {value['beta = 1']['mig']:.2f} به {value['beta = 16']['mig']:.2f} و DCI از {value['beta = 1']['dci-disentanglement']:.2f} به {value['beta = 16']['dci-disentanglement']:.2f} می‌رسد. رمزگذاری که هرگز آموزش ندیده به {value['untrained encoder']['beta-vae']:.0%} می‌رسد و شانس ۲۵ درصد است: با آن بسنجید نه با شانس. چرخاندن کدهای مدل <bdi dir=\"ltr\">beta = 16</bdi> و برگرداندنشان هیچ پیکسلی را حتی به اندازهٔ ۰٫۰۰۱ عوض نمی‌کند، اما MIG از {value['beta = 16']['mig']:.2f} به {value['beta = 16, turned']['mig']:.2f} می‌رود: درست‌نمایی و بازسازی از گره‌گشایی خبر ندارند.")
study.table([study.pick("score", "امتیاز"), study.pick("protocol", "قرارداد")], [[t, kit.ltr(scores["truth"][n].protocol)] for t, n in zip(TITLES, NAMES) if " " not in t],
            "What each score did (for the truth; rows differ below).", "هر امتیاز چه کرد (برای حقیقت؛ شمار سطرها در پایین جدول فرق دارد).")

# %% [markdown] lang="en"
# ## 4. All of dSprites: three models, three seeds
# 737,280 images with five factors, the same networks and equally many steps, 20,000 codes scored. Beside them the
# published numbers of far longer runs. Implementations of the scores differ, from ours and from each other: ControlVAE's
# MIG is of samples and leaves the shape out, and the SAP printed there is on another scale and left out here.
# %% [markdown] lang="fa"
# ## ۴. همهٔ dSprites: سه مدل، سه بذر
# ‏۷۳۷٬۲۸۰ تصویر با پنج عامل، همان شبکه‌ها و گام‌های برابر، امتیاز روی ۲۰٬۰۰۰ کد. کنار آن‌ها عددهای منتشرشدهٔ آموزش‌های بسیار درازتر. پیاده‌سازی امتیازها
# با ما و با یکدیگر فرق دارد: MIG در ControlVAE با نمونه‌ها و بی شکل حساب شده است، و SAP آن‌جا مقیاس دیگری دارد و این‌جا نیامده.

# %%
table = {"beta-VAE, 4": "beta-vae-sprites", "FactorVAE, 10": "factor-vae", "ControlVAE, 16": "control-vae", "beta-TCVAE, 6": "beta-tcvae"}
shown = {"factor-vae": "FactorVAE", "dci-disentanglement": "DCI", "mig": "MIG", "beta-vae": "beta-VAE", "sap": "SAP", "modularity": "modularity"}
published = {"beta-VAE": (None, 0.63, 0.41, 0.21, None, None, None), "FactorVAE, 10": (300_000, 0.83, 0.70, 0.40, 0.83, None, 0.79), "FactorVAE, 40": (300_000, 0.82, 0.74, 0.43, 0.84, None, 0.79),
             "ControlVAE, 16": (1_500_000, None, None, 0.563, None, None, None), "beta-TCVAE": (None, 0.62, 0.29, 0.45, None, None, None)}
each = {t: {n: [m.value for run in study.runs(key) for m in run.results() if m.name == f"disentanglement_{n}"] for n in shown} for t, key in table.items()}
held = {t: {n: study.results(key, name) for n, name in ({n: f"disentanglement_{n}" for n in shown} | {"kl": "kl"}).items()} for t, key in table.items()}
steps = {t: study.runs(key)[0].history()[-1]["step"] for t, key in table.items()}
# The interval of one seed is not one over seeds, so a single run shows its value only.
cells = {t: [kit.Cell(kit.short(m) if m is None or len(study.runs(table[t])) > 1 else f"{m.value:.3g}") for m in of.values()] for t, of in held.items()}
rows = [[t, str(len(study.runs(key))), steps[t], *cells[t]] for t, key in table.items()]
rows += [[study.pick(f"published: {t}", f"منتشرشده: {kit.ltr(t)}"), "", *(None if v is None else kit.Cell(f"{v:.2f}" if v < 1 else f"{v:,}") for v in line), None] for t, line in published.items()]
study.table([study.pick("model", "مدل"), study.pick("seeds", "بذر"), study.pick("steps", "گام"), *shown.values(), "KL"], rows,
            "Scores on the full factor grid: mean over seeds and half of the 95 % Student interval. A dash: not published there, or not known.",
            "امتیازها روی شبکهٔ کامل عامل‌ها: میانگین بذرها و نیم‌بازهٔ ۹۵ درصد استیودنت. خط تیره: آن‌جا منتشر نشده یا نامعلوم.")
if all(each[t]["mig"] for t in table):
    anchors = {n: {t: [line[j] for name, line in published.items() if name.split(",")[0] == t.split(",")[0] and line[j]] for t in table} for j, n in enumerate(shown, 1)}
    study.figure(dots({shown[n]: {t: each[t][n] for t in table} for n in list(shown)[:3]}, {shown[n]: anchors[n] for n in shown}), "scores", "One dot a seed; lines are the published numbers of the long runs.", "هر نقطه یک بذر؛ خط‌ها عددهای منتشرشدهٔ آموزش‌های دراز.")
    main = list(table)[:3]
    spread = {n: float(np.sqrt(np.mean([np.var(each[t][n], ddof=1) for t in main]))) for n in shown}
    for n in shown:
        study.measure("seed_deviation", spread[n], n=sum(len(each[t][n]) for t in main), unit="score", protocol="deviation over seeds, pooled over the three models", score=n)
    mean = {n: {t: float(np.mean(each[t][n])) for t in main} for n in shown}
    first = {n: max(mean[n], key=mean[n].get) for n in shown}
    apart = [n for n in shown if any(held[a][n].low > held[b][n].high for a in main for b in main)]
    noise = {n: spread[n] / max(np.std(list(mean[n].values()), ddof=1), 1e-9) for n in shown}
    held_seeds = each[main[0]][next(iter(shown))]
    best_of = "; ".join(f"{shown[n]}: {t} ({mean[n][t]:.2f})" for n, t in first.items())
    named = f" ({kit.ltr(', '.join(shown[n] for n in apart))})" if apart else ""
    study.say(f"Best of the three by each score: {best_of}; {len(set(first.values()))} model(s) share the first places. Intervals of two models lie apart in {len(apart)} of {len(shown)} scores{named}. Between the seeds of one model scores vary by {min(noise.values()):.1f} to {max(noise.values()):.1f} times as much as between the means of models; methods that do not differ at all would show about {len(held_seeds) ** 0.5:.1f}, and from 1 on one training says little of its method (Locatello et al. 2019). FactorVAE stands at a FactorVAE score of {mean['factor-vae']['FactorVAE, 10']:.2f} where 0.83 is published after {300_000 / steps['FactorVAE, 10']:.0f} times as many steps, the beta-VAE at {mean['factor-vae']['beta-VAE, 4']:.2f} where 0.63 is published, and ControlVAE at a MIG of {mean['mig']['ControlVAE, 16']:.2f} at {held['ControlVAE, 16']['kl'].value:.1f} nats where 0.56 is published after {1_500_000 / steps['ControlVAE, 16']:.0f} times as many.",
              f"بهترینِ سه مدل با هر امتیاز: <bdi dir=\"ltr\">{best_of}</bdi>؛ جایگاه‌های نخست میان {len(set(first.values()))} مدل است. بازهٔ دو مدل در {len(apart)} امتیاز از {len(shown)} از هم جداست{named}. پراکندگی میان بذرهای یک مدل {min(noise.values()):.1f} تا {max(noise.values()):.1f} برابرِ پراکندگی میان میانگین مدل‌هاست؛ روش‌هایی که هیچ فرقی نداشته باشند حدود {len(held_seeds) ** 0.5:.1f} نشان می‌دهند و از ۱ به بعد یک آموزش دربارهٔ روش خود چیز کمی می‌گوید (Locatello و همکاران، ۲۰۱۹). امتیاز FactorVAE برای مدل FactorVAE به {mean['factor-vae']['FactorVAE, 10']:.2f} رسیده که پس از {300_000 / steps['FactorVAE, 10']:.0f} برابر گام ۰٫۸۳ منتشر شده است؛ beta-VAE به {mean['factor-vae']['beta-VAE, 4']:.2f} در برابر ۰٫۶۳؛ و MIG در ControlVAE با KL برابر {held['ControlVAE, 16']['kl'].value:.1f} نات به {mean['mig']['ControlVAE, 16']:.2f} در برابر ۰٫۵۶ پس از {1_500_000 / steps['ControlVAE, 16']:.0f} برابر گام.")

# %% [markdown] lang="en"
# ## 5. Are these dSprites?
# Without the authors' file the images are drawn by a law fitted to 160 published frames.
# %% [markdown] lang="fa"
# ## ۵. آیا این‌ها dSprites‌اند؟
# اگر پروندهٔ نویسندگان نباشد، تصویرها با قانونی کشیده می‌شوند که بر ۱۶۰ فریم منتشرشده برازش شده است.

# %%
path = local("dsprites", "reference_frames.npz")
if path is None:
    study.say("The frames are not here: put `reference_frames.npz` into `$SIMORGH_DATA/dsprites` to see the comparison.",
              "فریم‌ها این‌جا نیستند: برای دیدن مقایسه `reference_frames.npz` را در `$SIMORGH_DATA/dsprites` بگذارید.")
else:
    frames = np.load(path)["frames"][:: 8 if study.small else 1]
    like = agreement(frames)
    shape, worst = like.factors[:, 0], np.argsort(-like.differing, kind="stable")[:6]
    study.table(study.pick(["shape", "frames", "identical", "most pixels that differ", "mean lit pixels"], ["شکل", "فریم", "یکسان", "بیشترین پیکسل متفاوت", "میانگین پیکسل‌های روشن"]),
                [[s, int((shape == i).sum()), int((like.differing[shape == i] == 0).sum()), int(like.differing[shape == i].max(initial=0)), kit.Cell(f"{like.lit[shape == i].mean():.0f}")] for i, s in enumerate(SHAPES) if (shape == i).any()],
                f"Published frames against our drawing of the nearest point of the grid: {like.share(0):.0%} identical, {like.share():.0%} within 2 % of the lit pixels.",
                f"فریم‌های منتشرشده در برابر ترسیم ما از نزدیک‌ترین نقطهٔ شبکه: {like.share(0):.0%} یکسان، {like.share():.0%} با اختلاف حداکثر ۲ درصدِ پیکسل‌های روشن.")
    study.figure(reconstruction_pairs(frames[worst, None], draw(like.factors[worst])[:, None]), "frames", "The six frames that differ most: published (input), drawn (output).", "شش فریم با بیشترین اختلاف: منتشرشده (ورودی)، کشیده (خروجی).")
    study.measure("drawing_identical", like.share(0), n=len(frames), unit="share", protocol="published frames that the drawing of the nearest grid point meets in every pixel")
    study.measure("drawing_within_2_percent", like.share(), n=len(frames), unit="share", protocol="published frames from which the drawing of the nearest grid point differs in at most 2 % of the lit pixels")

# %% [markdown] lang="en"
# ## 6. Pitfalls
# - **Unit of beta.** With errors averaged over 4,096 pixels and a KL averaged over ten latents, "beta 1" is 410 in the sums
#   used here, and codes go silent. Higgins et al. print $\beta\, M / N$ ($M$ latents, $N$ pixels).
# - **Silence.** A latent of no KL still has noise for a mean; without pruning its tiny variance wins FactorVAE's votes.
# - **MIG** of 20 bins of equal width on means, as here, and MIG of posterior samples are different numbers.
# - **No theorem.** Without labels or a bias of the model disentanglement cannot be identified (Locatello et al. 2019): what
#   one sees comes from axes of unequal strength and diagonal posteriors, and choosing the best seed uses labels.
#
# ## Sources
# Higgins et al. 2017 (ICLR); Burgess et al. 2018 (arXiv 1804.03599); Kim & Mnih 2018 (1802.05983); Chen et al. 2018
# (1802.04942); Hoffman & Johnson 2016; Alemi et al. 2018 (1711.00464); Rolinek et al. 2019 (1812.06775); Locatello et al.
# 2019 (1811.12359); Shao et al. 2020 (2004.05988). Published scores: table of Lin et al. 2020 (InfoGAN-CR, 1906.06034).
# %% [markdown] lang="fa"
# ## ۶. دام‌ها
# - **واحد beta.** اگر خطا روی ۴٬۰۹۶ پیکسل و KL روی ده نهفته میانگین گرفته شود، «beta برابر ۱» در جمع‌های این‌جا ۴۱۰ است و کدها خاموش می‌شوند. Higgins و
#   همکاران $\beta\, M / N$ را می‌نویسند ($M$ نهفته، $N$ پیکسل).
# - **خاموشی.** نهفتهٔ بی‌KL هم میانگینی پر از نوفه دارد؛ اگر هرس نشود، واریانس ناچیزش رأی‌های FactorVAE را می‌برد.
# - **‏MIG** با ۲۰ خانهٔ هم‌عرض روی میانگین‌ها، مانند این‌جا، با MIG روی نمونه‌های پسین یک عدد نیست.
# - **قضیه‌ای در کار نیست.** بی برچسب یا سوگیریِ مدل، گره‌گشایی شناسایی‌پذیر نیست (Locatello و همکاران، ۲۰۱۹): آنچه دیده می‌شود از محورهای با شدت
#   نابرابر و پسین قطری می‌آید، و برگزیدن بهترین بذر خودش استفاده از برچسب است.
#
# ## منابع
# Higgins et al. 2017؛ Burgess et al. 2018 (1804.03599)؛ Kim & Mnih 2018 (1802.05983)؛ Chen et al. 2018 (1802.04942)؛ Hoffman & Johnson 2016؛
# Alemi et al. 2018 (1711.00464)؛ Rolinek et al. 2019 (1812.06775)؛ Locatello et al. 2019 (1811.12359)؛ Shao et al. 2020 (2004.05988)؛ عددهای منتشرشده: جدول Lin et al. 2020 (1906.06034).
