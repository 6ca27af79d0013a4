# ---
# simorgh:
#   title: {en: "Why a Gaussian code, and what else is used", fa: "چرا کد گاوسی، و چه توزیع‌های دیگری به کار می‌روند"}
#   answers: [C3.a, C3.b]
#   runs: {vae-mlp: 3, prior-laplace: 3, prior-student: 3, prior-vmf: 3, prior-mixture: 3, prior-categorical: 3}
# ---

# %% [markdown] lang="en"
# ## Question
# Why is the code of a variational autoencoder assumed to be Gaussian, apart from easy algebra? And are other
# distributions used in practice? The first part takes five reasons in turn. Each is derived, then *computed*, and held
# against other distributions, for several reasons turn out not to be the Gaussian's alone. The second part trains the
# same network on MNIST with six latent distributions and measures what changes.
#
# ## Assumptions
# Natural logarithms (nats). The distributions of part (a) are brought to mean 0 and variance 1 wherever that can be
# done. In part (b) all models have the same hidden layers, data, optimiser and number of passes; only the prior and the
# family of the posterior differ. Pixels are grey values under a Bernoulli score, as in the study *vae_cvae*.
# %% [markdown] lang="fa"
# ## پرسش
# چرا در خودرمزگذار وردشی کد را گاوسی می‌گیرند، جز برای سادگی محاسبه؟ و آیا در عمل توزیع‌های دیگری هم به کار می‌روند؟ بخش
# نخست پنج دلیل را یکی‌یکی بررسی می‌کند. هر کدام استنتاج و سپس *محاسبه* و با توزیع‌های دیگر سنجیده می‌شود، زیرا چند دلیل
# ویژهٔ گاوسی از کار درنمی‌آیند. بخش دوم یک شبکهٔ یکسان را با شش توزیع نهان روی MNIST آموزش می‌دهد و اندازه می‌گیرد چه عوض
# می‌شود.
#
# ## فرض‌ها
# لگاریتم طبیعی است (نات). توزیع‌های بخش (آ) تا جایی که شدنی است میانگین صفر و واریانس یک دارند. در بخش (ب) لایه‌های پنهان،
# داده، بهینه‌ساز و شمار دورها یکسان است و تنها توزیع پیشین و خانوادهٔ پسین فرق می‌کند. پیکسل‌ها مقدار خاکستری با امتیاز
# برنولی‌اند، مانند مطالعهٔ *vae_cvae*.

# %%
from math import log

import numpy as np
import torch
from scipy import stats

from simorgh.data import load
from simorgh.evaluate.generate import generate
from simorgh.evaluate.judge import judged as read
from simorgh.noise import philox
from simorgh.report.figures import curves, image_grid
from simorgh.studies import _laws as laws
from simorgh.studies import _prior_figures as figures
from simorgh.studies import kit
from simorgh.studies._laws import GAUSSIAN_ENTROPY, LAWS, ROUND_STUDENT, expect
from simorgh.studies._priors import Coded, clear_differences, common_bound, listed

study = kit.current()
rng = philox("latent priors")
persian = {"Gaussian": "گاوسی", "logistic": "لجستیک", "Student, ν = 5": "استیودنت، ν = 5", "Laplace": "لاپلاس", "uniform": "یکنواخت", "two bumps": "دوقله‌ای",
           "Student, round": "استیودنت گرد", "von Mises-Fisher": "فون میزس–فیشر", "mixture": "آمیخته", "categorical": "رده‌ای", "Student": "استیودنت"}
called = {name: study.pick(name, word) for name, word in persian.items()}

# %% [markdown] lang="en"
# ## (a.1) Maximum entropy for given variance
# 1. Let $p$ have mean 0 and variance 1, and let $\varphi$ be the standard Gaussian. Since $\log \varphi(x)$ is a
#    quadratic, $-E_p \log \varphi = \tfrac12 \log 2\pi + \tfrac12 E_p x^2$ depends on $p$ through its variance only, so
#    it equals the entropy $h(\varphi)$.
# 2. Therefore $KL(p \,\|\, \varphi) = h(\varphi) - h(p) \ge 0$: among all laws of this variance the Gaussian has the
#    largest entropy. It says nothing about the code beyond its scale.
# 3. The same line has a second reading. $-E_p \log c$ is what codes drawn from $p$ cost under the prior $c$. Under the
#    Gaussian prior the cost is the *same* for every shape of $p$; under any other prior some shape costs more (codes that
#    are Gaussian do, for $-E_\varphi \log c = h(\varphi) + KL(\varphi \,\|\, c)$). Whoever does not know the shape of the
#    codes in advance is safest with the Gaussian.
# %% [markdown] lang="fa"
# ## (آ.۱) بیشترین آنتروپی برای واریانس معین
# ۱. فرض کنید $p$ میانگین صفر و واریانس یک دارد و $\varphi$ گاوسی استاندارد است. چون $\log \varphi(x)$ درجهٔ دوم است،
# $-E_p \log \varphi = \tfrac12 \log 2\pi + \tfrac12 E_p x^2$ تنها از راه واریانس به $p$ بستگی دارد و با آنتروپی
# $h(\varphi)$ برابر است.
#
# ۲. پس $KL(p \,\|\, \varphi) = h(\varphi) - h(p) \ge 0$: میان همهٔ توزیع‌های هم‌واریانس، گاوسی بیشترین آنتروپی را دارد و دربارهٔ
# کد جز مقیاس آن چیزی نمی‌گوید.
#
# ۳. همین رابطه خوانش دومی دارد. $-E_p \log c$ هزینهٔ کدهایی است که از $p$ می‌آیند و با پیشین $c$ رمز می‌شوند. این هزینه زیر
# پیشین گاوسی برای *هر* شکل $p$ یکسان است و زیر هر پیشین دیگری شکلی هست که گران‌تر تمام شود (مثلاً خود گاوسی، زیرا
# $-E_\varphi \log c = h(\varphi) + KL(\varphi \,\|\, c)$). هر که شکل کدها را از پیش نمی‌داند، با گاوسی کمترین خطر را می‌کند.

# %%
priors = {name: LAWS[name] for name in ("Gaussian", "Student, ν = 5", "Laplace")}
entropy = {name: expect(law, lambda x, law=law: -law.logpdf(x)) for name, law in LAWS.items()}
divergence = {name: expect(law, lambda x, law=law: law.logpdf(x) - stats.norm.logpdf(x)) for name, law in LAWS.items()}
cost = {name: {c: expect(law, lambda x, c=c: -priors[c].logpdf(x)) for c in priors} for name, law in LAWS.items()}
identity = max(abs(entropy["Gaussian"] - divergence[n] - entropy[n]) for n in LAWS)
assert identity < 1e-7
assert all(abs(entropy[n] - float(law.entropy())) < 1e-6 for n, law in LAWS.items() if n != "two bumps"), "SciPy disagrees"
assert max(entropy, key=entropy.get) == "Gaussian"
assert max(abs(cost[n]["Gaussian"] - entropy["Gaussian"]) for n in LAWS) < 1e-7
worst = {c: max(cost[n][c] for n in LAWS) for c in priors}
assert min(worst, key=worst.get) == "Gaussian"
for name in LAWS:
    study.measure("entropy", entropy[name], n=1, unit="nats", protocol="differential entropy at variance 1, adaptive quadrature", family=name)
study.table(study.pick(["law, variance 1", "entropy", "KL to Gaussian", *(f"cost under {c}" for c in priors)],
                       ["توزیع، واریانس ۱", "آنتروپی", "KL تا گاوسی", *(f"هزینه با پیشین {persian[c]}" for c in priors)]),
            [[called[n], f"{entropy[n]:.4f}", f"{divergence[n]:.4f}", *(f"{cost[n][c]:.4f}" for c in priors)] for n in LAWS],
            en="Entropies, and what codes of each law cost under three priors, in nats.", fa="آنتروپی‌ها، و هزینهٔ کدهای هر توزیع با سه پیشین، بر حسب نات.")
study.say(en=f"The identity of step 2 holds to {identity:.0e}, and the column of the Gaussian prior is constant to the last digit. The dearest shape in the list costs {worst['Gaussian']:.3f} nats a dimension under the Gaussian prior, {worst['Student, ν = 5']:.3f} under Student's and {worst['Laplace']:.3f} under Laplace's; a uniform prior would cost infinitely much as soon as one code fell outside. **Pitfall.** High entropy of the prior is no virtue in itself: where the shape of the codes *is* known, another prior is cheaper (codes of the Laplace law under the Laplace prior), and the learned mixture of part (b) makes use of that.",
          fa=f"اتحاد گام ۲ تا {identity:.0e} برقرار است و ستون پیشین گاوسی تا آخرین رقم ثابت. گران‌ترین شکل این فهرست زیر پیشین گاوسی {worst['Gaussian']:.3f} نات بر بُعد هزینه دارد، زیر استیودنت {worst['Student, ν = 5']:.3f} و زیر لاپلاس {worst['Laplace']:.3f}؛ پیشین یکنواخت به محض آنکه کدی بیرون بیفتد هزینهٔ بی‌نهایت دارد. **دام.** آنتروپی زیاد به خودی خود هنر نیست: جایی که شکل کدها *معلوم* باشد پیشین دیگری ارزان‌تر است (کدهای لاپلاس با پیشین لاپلاس) و آمیختهٔ آموختنی بخش (ب) از همین سود می‌برد.")

# %% [markdown] lang="en"
# ## (a.2) Rotation symmetry
# 1. Suppose that two coordinates are independent with density $f$ and that the joint density depends on the radius only:
#    $f(x) f(y) = g(x^2 + y^2)$.
# 2. With $u = x^2$, $v = y^2$ and $F(u) = \log f(\sqrt u)$ this reads $F(u) + F(v) = G(u + v)$. Putting $v = 0$ gives
#    $G(u) = F(u) + F(0)$, hence $F(u + v) - F(0) = (F(u) - F(0)) + (F(v) - F(0))$: Cauchy's equation, whose continuous
#    solutions are linear. So $\log f(x) = a - b x^2$: only the Gaussian is left (Maxwell 1860, Herschel 1850).
# 3. For a VAE this means: no axis of the code is preferred by the prior, and yet the prior is a product over
#    dimensions. With any other product prior the axes are special; with any other round prior the coordinates depend on
#    each other.
#
# The dependence of $U = X \cos\theta + Y \sin\theta$ and $V = -X \sin\theta + Y \cos\theta$ is measured by their mutual
# information $h(U) + h(V) - h(X) - h(Y)$, since a rotation keeps the joint entropy.
# %% [markdown] lang="fa"
# ## (آ.۲) تقارن چرخشی
# ۱. فرض کنید دو مختصه با چگالی $f$ مستقل باشند و چگالی توأم تنها به شعاع بستگی داشته باشد: $f(x) f(y) = g(x^2 + y^2)$.
#
# ۲. با $u = x^2$ و $v = y^2$ و $F(u) = \log f(\sqrt u)$ داریم $F(u) + F(v) = G(u + v)$. با $v = 0$ به دست می‌آید
# $G(u) = F(u) + F(0)$ و از آن‌جا $F(u + v) - F(0) = (F(u) - F(0)) + (F(v) - F(0))$: معادلهٔ کوشی که پاسخ‌های پیوسته‌اش
# خطی‌اند. پس $\log f(x) = a - b x^2$ و تنها گاوسی می‌ماند (ماکسول ۱۸۶۰، هرشل ۱۸۵۰).
#
# ۳. معنایش برای VAE این است: پیشین هیچ محوری از کد را برتر نمی‌شمارد و با این همه حاصل‌ضرب بُعدهاست. با هر پیشین
# حاصل‌ضربی دیگر محورها ویژه‌اند و با هر پیشین گرد دیگر مختصه‌ها به هم وابسته‌اند.
#
# وابستگی $U = X \cos\theta + Y \sin\theta$ و $V = -X \sin\theta + Y \cos\theta$ را با اطلاعات متقابل
# $h(U) + h(V) - h(X) - h(Y)$ می‌سنجیم، زیرا چرخش آنتروپی توأم را نگه می‌دارد.

# %%
information = {name: laws.dependence(law) for name, law in LAWS.items()}
ripple = {name: laws.ripple(law) for name, law in LAWS.items()}
assert np.abs(information["Gaussian"]).max() < 1e-5
assert ripple["Gaussian"] < 1e-12
assert all(information[n][9] > 1e-3 for n in LAWS if n != "Gaussian")
study.figure(figures.rotation(information), "rotation", en="Left: level lines of the Gaussian (circles) and of the product of Laplace laws (squares on their tip). Right: dependence of the coordinates after a rotation.",
             fa="چپ: خط‌های تراز گاوسی (دایره) و حاصل‌ضرب لاپلاس (مربع‌های روی رأس). راست: وابستگی مختصه‌ها پس از چرخش.")
rows = [[called[n], f"{information[n][0]:.5f}", f"{max(0, information[n][9]):.5f}", f"{ripple[n]:.3f}"] for n in LAWS]
study.table(study.pick(["law", "information at 0°", "at 45°", "ripple on the circle"], ["توزیع", "اطلاعات متقابل در ۰°", "در ۴۵°", "ناهمواری روی دایره"]),
            [*rows, [called["Student, round"], f"{ROUND_STUDENT:.5f}", f"{ROUND_STUDENT:.5f}", "0.000"]],
            en="Independent coordinates (first column 0) and round level lines (last column 0) meet in one row only. Nats; ripple: range of the log-density on the circle of radius 2.",
            fa="استقلال مختصه‌ها (ستون نخست صفر) و گردی خط‌های تراز (ستون آخر صفر) تنها در یک سطر با هم می‌آیند. نات؛ ناهمواری: دامنهٔ لگاریتم چگالی روی دایرهٔ شعاع ۲.")
for name in LAWS:
    study.measure("rotation_information", information[name][9], n=1, unit="nats", protocol="mutual information of two independent coordinates of variance 1 after rotation by 45 degrees, Fourier grid of step 0.004", family=name)
study.say(en=f"A rotation by 45° makes the coordinates of the Laplace law share {information['Laplace'][9]:.4f} nats, of the uniform law {information['uniform'][9]:.4f}; of the Gaussian {abs(information['Gaussian'][9]):.0e}. The round Student law is symmetric but its coordinates share {ROUND_STUDENT:.4f} nats from the start. **Pitfall.** Symmetry has a price: under a Gaussian prior a model and its turned twin have the same log p(x), so *the likelihood* does not say that one coordinate should mean one factor of variation. The ELBO agrees only where the posterior may have a full covariance; the diagonal posterior alone prefers axes (study *beta_vae*).",
          fa=f"چرخش ۴۵ درجه مختصه‌های لاپلاس را به اندازهٔ {information['Laplace'][9]:.4f} نات به هم وابسته می‌کند، یکنواخت را {information['uniform'][9]:.4f} و گاوسی را {abs(information['Gaussian'][9]):.0e}. استیودنت گرد متقارن است ولی مختصه‌هایش از آغاز {ROUND_STUDENT:.4f} نات به هم وابسته‌اند. **دام.** تقارن بهایی دارد: زیر پیشین گاوسی، مدل و همزاد چرخیده‌اش یک log p(x) دارند؛ پس *درست‌نمایی* نمی‌گوید هر مختصه باید یک عامل تغییر باشد. ‏ELBO تنها وقتی یکی است که پسین کوواریانس کامل داشته باشد؛ فقط پسین قطری است که محورها را برتر می‌شمارد (مطالعهٔ *beta_vae*).")

# %% [markdown] lang="en"
# ## (a.3) A strong decoder makes the choice harmless
# 1. If $z$ has the continuous distribution function $G$ then $G(z)$ is uniform, and $F^{-1}(G(z))$ has the distribution
#    function $F$, whatever $F$ is. In several dimensions the same is done coordinate after coordinate (Rosenblatt 1952).
# 2. So a decoder that can represent this map makes any distribution of images from Gaussian codes; the simple prior does
#    not limit the model. The map $z \mapsto z/10 + z/\lVert z \rVert$ turns a Gaussian cloud into a ring (Doersch 2016).
# 3. Step 1 used nothing Gaussian: *any* continuous prior will do. The reason says that a Gaussian costs nothing, not that
#    it is better. A network of finite width adds an error, measured here as the Wasserstein distance $W_1$.
# %% [markdown] lang="fa"
# ## (آ.۳) رمزگشای توانا انتخاب را بی‌زیان می‌کند
# ۱. اگر $z$ تابع توزیع پیوستهٔ $G$ داشته باشد، $G(z)$ یکنواخت است و $F^{-1}(G(z))$ تابع توزیع $F$ دارد، هر چه $F$ باشد. در چند
# بُعد همین کار مختصه به مختصه انجام می‌شود (روزنبلات ۱۹۵۲).
#
# ۲. پس رمزگشایی که این نگاشت را بتواند بسازد، هر توزیعی از تصویر را از کد گاوسی درمی‌آورد و پیشین ساده مدل را محدود
# نمی‌کند. نگاشت $z \mapsto z/10 + z/\lVert z \rVert$ ابر گاوسی را حلقه می‌کند (Doersch 2016).
#
# ۳. گام ۱ هیچ ویژگی گاوسی را به کار نبرد: *هر* پیشین پیوسته‌ای همین است. این دلیل می‌گوید گاوسی زیانی ندارد، نه آنکه بهتر
# است. شبکهٔ با پهنای محدود خطایی می‌افزاید که این‌جا با فاصلهٔ واسرشتاین $W_1$ سنجیده می‌شود.

# %%
widths, draws, rows, made = (1, 4, 16), 20_000, [], {}
noise_floor = laws.of_draws(None, draws, rng)
for name in ("Gaussian", "Laplace", "Student, ν = 5", "uniform"):
    law = LAWS[name]
    exact_map = laws.of_draws(law, draws, rng)
    made[name] = {w: laws.fitted(law, w) for w in widths}
    errors = [laws.to_target(made[name][w]) for w in widths]
    between = float(((made[name][16] > -0.3) & (made[name][16] < 0.5)).mean())
    rows.append([called[name], f"{exact_map:.4f}", *(f"{e:.4f}" for e in errors), f"{between:.4f}"])
    study.measure("wasserstein", exact_map, n=draws, protocol="W1 between 20,000 draws through the inverse distribution function and the target, mean of 100 repetitions", floor=noise_floor, family=name)
    assert exact_map < 1.3 * noise_floor
    assert errors[-1] < errors[0]
gap_mass = float(np.interp(0.5, laws.FINE, laws.TARGET_CDF) - np.interp(-0.3, laws.FINE, laws.TARGET_CDF))
study.table(study.pick(["law of the code", "exact map, 20,000 draws", *(f"network, width {w}" for w in widths), "mass in the gap, width 16"],
                       ["توزیع کد", "نگاشت دقیق، ۲۰٬۰۰۰ نمونه", *(f"شبکه، پهنای {w}" for w in widths), "جرم در شکاف، پهنای 16"]), rows,
            en=f"W1 to a target with two parts; draws of the target itself are {noise_floor:.4f} away, and its mass in the gap (−0.3, 0.5) is {gap_mass:.4f}.",
            fa=f"فاصلهٔ W1 تا هدفی دوپاره؛ نمونه‌های خود هدف {noise_floor:.4f} فاصله دارند و جرم هدف در شکاف {kit.ltr('(−0.3, 0.5)')} برابر {gap_mass:.4f} است.")
study.figure(figures.universality(made["Gaussian"], rng.standard_normal((1500, 2))), "universality", en="Left: what decoders of three widths make of Gaussian codes. Right: a Gaussian cloud and the ring that a fixed map makes of it.",
             fa="چپ: آنچه رمزگشاهایی با سه پهنا از کد گاوسی می‌سازند. راست: ابر گاوسی و حلقه‌ای که نگاشتی ثابت از آن می‌سازد.")
study.say(en="The exact map reaches the sampling floor from every law of the code, and wider networks come nearer to it. **Pitfall.** A continuous decoder cannot tear: the image of a connected support is connected. So some codes always land in the gap between two kinds of data, and samples from there look like neither; the last column is the mass that the width-16 network leaves there.",
          fa="نگاشت دقیق از هر توزیعِ کد به کف نمونه‌گیری می‌رسد و شبکه‌های پهن‌تر به آن نزدیک‌تر می‌شوند. **دام.** رمزگشای پیوسته نمی‌تواند پاره کند: تصویر یک تکیه‌گاه همبند، همبند است. پس همواره چند کد در شکاف میان دو گونه داده می‌افتند و نمونهٔ آن‌ها به هیچ‌یک نمی‌ماند؛ ستون آخر جرمی است که شبکهٔ پهنای ۱۶ آن‌جا می‌گذارد.")

# %% [markdown] lang="en"
# ## (a.4) Drawing by location and scale
# 1. Training needs the gradient of $E_{q}[f(z)]$ by the parameters $\phi$ of $q$. In general one has the score form
#    $\nabla_\phi E_q f = E_q[f(z)\, \nabla_\phi \log q(z)]$.
# 2. Where $z = \mu + \sigma \epsilon$ with $\epsilon$ free of parameters, the gradient passes through the draw:
#    $\nabla_\mu E f = E[f'(\mu + \sigma \epsilon)]$. The pathwise form knows the slope of $f$, the score form only values.
# 3. Both are unbiased. For $f(z) = \sum_j (z_j - 1)^2$ in $d$ dimensions the pathwise form of $\partial / \partial \mu_1$
#    has the variance $4 \sigma^2$ in every dimension; the score form carries the noise of *all* coordinates of $f$.
# 4. Location and scale are shared by Laplace and Student; the sphere has a path too. Symbols have none: the
#    straight-through gradient of the Gumbel-softmax is biased. What is special to the Gaussian here is that sums and
#    conditionals stay Gaussian.
# %% [markdown] lang="fa"
# ## (آ.۴) نمونه‌گیری با مکان و مقیاس
# ۱. آموزش به گرادیان $E_{q}[f(z)]$ نسبت به پارامترهای $\phi$ِ $q$ نیاز دارد. شکل همگانی آن گرادیان امتیاز است:
# $\nabla_\phi E_q f = E_q[f(z)\, \nabla_\phi \log q(z)]$.
#
# ۲. اگر $z = \mu + \sigma \epsilon$ و $\epsilon$ بی‌پارامتر باشد، گرادیان از درون نمونه می‌گذرد:
# $\nabla_\mu E f = E[f'(\mu + \sigma \epsilon)]$. شکل مسیری شیب $f$ را می‌داند و شکل امتیازی تنها مقدارش را.
#
# ۳. هر دو نااریب‌اند. برای $f(z) = \sum_j (z_j - 1)^2$ در $d$ بُعد، واریانس شکل مسیری $\partial / \partial \mu_1$ همیشه
# $4 \sigma^2$ است؛ شکل امتیازی نوفهٔ *همهٔ* مختصه‌های $f$ را با خود دارد.
#
# ۴. لاپلاس و استیودنت هم مکان و مقیاس دارند و کره نیز مسیر دارد. نمادها مسیر ندارند: گرادیان عبور مستقیم (straight-through)
# در Gumbel-softmax اریب است. ویژگی خاص گاوسی در این‌جا آن است که جمع‌ها و شرطی‌هایش گاوسی می‌مانند.

# %%
N = 20_000 if study.small else 100_000
cases = laws.gradient_cases()
found = {name: laws.gradients(latent, h, f, N) for name, (latent, h, f, _) in cases.items()}
rows = []
for name, estimates in found.items():
    rows.append([called[name], f"{cases[name][-1]:+.4f}", *(f"{float(e.mean()):+.4f} ({float(e.std()):.3f})" for e in estimates), f"{estimates.ratio():.1f}"])
    study.measure("gradient_variance_ratio", estimates.ratio(), n=N, protocol=f"variance of the score gradient over that of the pathwise one, first encoder output, {N} draws, seed 0", family=name)
    for e in estimates[name == "categorical" : 2]:  # the straight-through estimator is biased
        assert abs(float(e.mean()) - cases[name][-1]) < 5 * float(e.std()) / N**0.5, f"{name}: biased"
study.table(study.pick(["family", "exact", "pathwise", "score", "score, baseline", "variance ratio"], ["خانواده", "دقیق", "مسیری", "امتیازی", "امتیازی با خط پایه", "نسبت واریانس"]), rows,
            en=f"One derivative by {N:,} single draws: mean (standard deviation of one draw). For the categorical family “pathwise” is the straight-through estimator.",
            fa=f"یک مشتق با {N:,} نمونهٔ تک: میانگین (انحراف معیار یک نمونه). برای خانوادهٔ رده‌ای «مسیری» همان برآوردگر عبور مستقیم است.")
by_dimension = {d: laws.gaussian_gradients(d, N // 10) for d in (1, 2, 5, 10, 20, 50)}
study.figure(figures.gradient_variance(by_dimension), "gradient_variance", en="Gaussian code: variance of the gradient by the first mean against the dimension.", fa="کد گاوسی: واریانس گرادیان نسبت به نخستین میانگین در برابر بُعد.")
through, truth = found["categorical"].pathwise, cases["categorical"][-1]
bias, error = float(through.mean()) - truth, 1.96 * float(through.std()) / N**0.5
study.say(en=f"The score form has {found['Gaussian'].ratio():.0f} times the variance of the pathwise form for the Gaussian in two dimensions, and {by_dimension[50].ratio():.0f} times in fifty; a baseline helps but does not remove the growth. Laplace and Student enjoy the same path. The straight-through gradient misses the truth by {bias:+.4f} ± {error:.4f}{', which no number of draws removes' if abs(bias) > error else ': by theory it is biased, by less than these draws can tell'}.",
          fa=f"در دو بُعد واریانس شکل امتیازی برای گاوسی {found['Gaussian'].ratio():.0f} برابر شکل مسیری است و در پنجاه بُعد {by_dimension[50].ratio():.0f} برابر؛ خط پایه کمک می‌کند ولی رشد را از میان نمی‌برد. لاپلاس و استیودنت هم همین مسیر را دارند. گرادیان عبور مستقیم {kit.ltr(f'{bias:+.4f} ± {error:.4f}')} از مقدار درست دور است{' و هیچ شماری از نمونه‌ها این خطا را نمی‌زداید' if abs(bias) > error else '؛ بنا بر نظریه اریب است، کمتر از آنچه این نمونه‌ها بازشناسند'}.")

# %% [markdown] lang="en"
# ## (a.5) The central limit theorem
# 1. If a coordinate of the code collects many small independent causes, its standardised sum tends to a Gaussian.
# 2. The entropy of the standardised sum rises at each step (Artstein, Ball, Barthe & Naor 2004) towards the maximum of
#    (a.1): the limit theorem and maximum entropy are one statement.
# 3. There is a version for the *posterior* (Bernstein and von Mises): with more and more pixels that each say a little
#    about $z$, $p(z \mid x)$ tends to a Gaussian. It is checked on the trained model below.
# %% [markdown] lang="fa"
# ## (آ.۵) قضیهٔ حد مرکزی
# ۱. اگر یک مختصهٔ کد از علت‌های کوچک و مستقل بسیاری گرد آید، جمع استانداردشدهٔ آن‌ها به گاوسی میل می‌کند.
#
# ۲. آنتروپی جمع استانداردشده در هر گام بالا می‌رود (Artstein, Ball, Barthe & Naor 2004) و به بیشینهٔ (آ.۱) می‌رسد: قضیهٔ حد و
# بیشترین آنتروپی یک سخن‌اند.
#
# ۳. همین برای *پسین* هم هست (برنشتاین و فون میزس): با پیکسل‌های بیشتر که هر یک اندکی از $z$ می‌گویند، $p(z \mid x)$ به گاوسی
# میل می‌کند. این را پایین‌تر روی مدل آموزش‌دیده می‌آزماییم.

# %%
terms = np.array([1, 2, 3, 4, 6, 8, 12, 16])
rising = {n: [laws.entropy_of_sum(law, k) for k in terms] for n, law in laws.SUMMANDS.items()}
for name, values in rising.items():
    assert all(a <= b + 1e-6 for a, b in zip(values, values[1:])), f"{name}: the entropy fell"
    assert values[-1] < GAUSSIAN_ENTROPY + 1e-6
study.figure(figures.central_limit(terms, rising), "central_limit", en="Entropy that the standardised sum of independent causes lacks to a Gaussian; every curve falls.", fa="آنتروپی‌ای که جمع استانداردشدهٔ علت‌های مستقل تا گاوسی کم دارد؛ همهٔ منحنی‌ها پایین می‌روند.")
study.say(en=f"Eight uniform causes already lack only {GAUSSIAN_ENTROPY - rising['uniform'][5]:.4f} nats; skewed ones take longer (exponential: {GAUSSIAN_ENTROPY - rising['exponential'][5]:.4f}). **Pitfall.** The theorem needs *many* causes of like weight. Two numbers that hold a digit's class, slant and width are no such sum: what a two-dimensional VAE does with its plane is drawn in part b. The prior shapes the code, not the other way round.",
          fa=f"هشت علت یکنواخت تنها {GAUSSIAN_ENTROPY - rising['uniform'][5]:.4f} نات کم دارند؛ علت‌های چوله دیرتر می‌رسند (نمایی: {GAUSSIAN_ENTROPY - rising['exponential'][5]:.4f}). **دام.** قضیه علت‌های *بسیار* و هم‌وزن می‌خواهد. دو عددی که رده و شیب و پهنای یک رقم را نگه می‌دارند چنین جمعی نیستند: کاری که VAE دوبعدی با صفحه‌اش می‌کند در بخش ب کشیده شده است. این پیشین است که به کد شکل می‌دهد و نه برعکس.")

# %% [markdown] lang="en"
# ## (b) Other distributions in practice
#
# | latent law | why | where |
# | --- | --- | --- |
# | Laplace | sparse codes, special axes | Barello, Charles & Pillow 2018 |
# | Student | outliers may lie far out | Abiri & Ohlsson 2020 |
# | von Mises-Fisher | directions; no centre that pulls | Davidson et al. 2018; Xu & Durrett 2018 (text) |
# | learned mixture, VampPrior | follow the codes instead of shaping them | Dilokthanakul et al. 2016; Tomczak & Welling 2018 |
# | categorical | classes, symbols | Jang et al. 2017; Maddison et al. 2017; discrete VAE of DALL-E, Ramesh et al. 2021 |
# | codebook | images, sound as tokens | van den Oord et al. 2017 (VQ-VAE) |
# | hyperbolic | trees, hierarchies | Mathieu et al. 2019; Nagano et al. 2019 |
# | flows on top of a Gaussian | any shape | Rezende & Mohamed 2015; Kingma et al. 2016; Chen et al. 2017 |
#
# Large image models still keep Gaussian parts: in hierarchies (Vahdat & Kautz 2020) or as a weak Gaussian penalty under a
# diffusion prior (Rombach et al. 2022). Below the first five are trained: the same hidden layers, two intrinsic
# dimensions (for the categorical code one symbol out of 64).
# %% [markdown] lang="fa"
# ## (ب) توزیع‌های دیگر در عمل
#
# | توزیع نهان | چرا | کجا |
# | --- | --- | --- |
# | لاپلاس | کد تُنُک، محورهای ویژه | Barello, Charles & Pillow 2018 |
# | استیودنت | داده‌های پرت می‌توانند دور بیفتند | Abiri & Ohlsson 2020 |
# | فون میزس–فیشر | جهت‌ها؛ مرکزی نیست که کدها را بکشد | Davidson et al. 2018؛ Xu & Durrett 2018 (متن) |
# | آمیختهٔ آموختنی، VampPrior | پیروی از کدها به جای شکل دادن به آن‌ها | Dilokthanakul et al. 2016؛ Tomczak & Welling 2018 |
# | رده‌ای | رده‌ها و نمادها | Jang et al. 2017؛ Maddison et al. 2017؛ VAE گسستهٔ DALL-E، ‏Ramesh et al. 2021 |
# | کتاب کد | تصویر و صدا به شکل نشانه | van den Oord et al. 2017 (VQ-VAE) |
# | هذلولوی | درخت‌ها و سلسله‌مراتب | Mathieu et al. 2019؛ Nagano et al. 2019 |
# | جریان روی گاوسی | هر شکلی | Rezende & Mohamed 2015؛ Kingma et al. 2016؛ Chen et al. 2017 |
#
# مدل‌های بزرگ تصویر هنوز بخش‌های گاوسی دارند: در سلسله‌مراتب (Vahdat & Kautz 2020) یا به شکل جریمهٔ گاوسی ضعیفی زیر یک پیشین
# انتشاری (Rombach et al. 2022). در ادامه پنج توزیع نخست آموزش داده می‌شوند: همان لایه‌های پنهان و دو بُعد ذاتی (برای کد
# رده‌ای یک نماد از ۶۴ نماد).

# %%
names = {"vae-mlp": "Gaussian", "prior-laplace": "Laplace", "prior-student": "Student", "prior-vmf": "von Mises-Fisher", "prior-mixture": "mixture", "prior-categorical": "categorical"}
runs = {key: study.runs(key) for key in names}
data = load(runs["vae-mlp"][0].experiment.data)
images, classes = data.test.x[:10_000].float() / 255, data.test.y[:10_000]
coded = {key: Coded(found[0].model(), images) for key, found in runs.items()}
study.say(en=f"**Data.** {data.source}: {len(data.train):,} training and {len(data.test):,} test images. **Models.** The encoder ends in {', '.join(f'{m.latent.outputs} ({names[k]})' for k, m in coded.items())} values and the decoder takes {', '.join(str(m.latent.features) for m in coded.values())}; the hidden layers are the same. The Student law has ν = 5, the mixture 20 components. **Training.** {runs['vae-mlp'][0].experiment.train.epochs:g} passes, {len(runs['vae-mlp'])} seed(s) each.",
          fa=f"**داده.** {kit.ltr(data.source)}: {len(data.train):,} تصویر آموزش و {len(data.test):,} تصویر آزمون. **مدل‌ها.** خروجی رمزگذار به ترتیب {'، '.join(str(m.latent.outputs) for m in coded.values())} عدد و ورودی رمزگشا {'، '.join(str(m.latent.features) for m in coded.values())} عدد است؛ لایه‌های پنهان یکسان‌اند. استیودنت ν = 5 و آمیخته ۲۰ مؤلفه دارد. **آموزش.** {runs['vae-mlp'][0].experiment.train.epochs:g} دور، هر کدام با {len(runs['vae-mlp'])} بذر.")
study.figure(curves({names[k]: [r.history() for r in runs[k]] for k in names}, ["elbo/loss", "elbo/kl"], epoch=len(data.train)), "curves",
             en="Training loss and KL term per image, all seeds.", fa="هزینهٔ آموزش و جملهٔ KL بر تصویر، همهٔ بذرها.")

# %% [markdown] lang="en"
# ## Results: likelihood and samples
# %% [markdown] lang="fa"
# ## نتیجه‌ها: درست‌نمایی و نمونه‌ها

# %%
common = min(m.n for found in runs.values() for r in found for m in r.results() if m.name == "iwae_bound")
value = {k: {**{m: study.results(k, m) for m in ("neg_elbo", "reconstruction", "kl")}, "iwae_bound": common_bound(study, k, data, common)} for k in names}
study.table(study.pick(["prior", "−ELBO", "reconstruction", "KL", "−log p, importance-weighted"], ["پیشین", kit.ltr("−ELBO"), "بازسازی", "KL", f"{kit.ltr('−log p')} با وزن اهمیت"]),
            [[called[names[k]], *kit.cells(value[k].values())] for k in names],
            en=f"Nats per test image; mean over seeds with the 95 % Student interval. Last column: the first {common} test images only.", fa=f"نات بر تصویر آزمون؛ میانگین روی بذرها با بازهٔ ۹۵ درصد استیودنت. ستون آخر: تنها {common} تصویر نخست آزمون.")
quality = ("fd_digits", "kid", "precision", "recall", "coverage", "leakage_neighbours")
judged = {k: {m: study.results(k, m) for m in quality} for k in names}
best = next(iter(judged.values()))
floors = [None if best[m] is None or best[m].floor is None else kit.Cell(kit.digits(best[m].floor)) for m in quality]
study.table([study.pick("prior", "پیشین"), *("KID / 10⁻³" if m == "kid" else m.replace("_", " ") for m in quality)], [*([called[names[k]], *(kit.Cell(kit.short(m)) for m in judged[k].values())] for k in names), [study.pick("floor", "کف"), *floors]],
            en="Samples against test images, and how well fifteen neighbours read the label off the code; mean over seeds ± half of the 95 % interval. Floor: training images in place of samples, and guessing for the last column.", fa="نمونه‌ها در برابر تصویرهای آزمون، و این‌که پانزده همسایه برچسب را چه اندازه از کد می‌خوانند؛ میانگین بذرها ± نیم‌بازهٔ ۹۵ درصد. کف: تصویر آموزش به جای نمونه، و برای ستون آخر حدس کور.")
for key in names:
    if key == "prior-categorical":
        study.figure(image_grid(coded[key].model.decode(torch.eye(64)), 4, 16, cell=0.4), "samples_categorical", en="Categorical prior: all 64 symbols, decoded. The model can draw no other picture.", fa="پیشین رده‌ای: هر ۶۴ نماد، رمزگشایی‌شده. این مدل تصویر دیگری نمی‌تواند بکشد.")
    else:
        study.figure(image_grid(generate(runs[key][0], 64)[0], 4, 16, cell=0.4), f"samples_{names[key].split()[0].lower()}",
                     en=f"{names[key]} prior: 64 samples, not selected.", fa=f"پیشین {persian[names[key]]}: ‏۶۴ نمونهٔ برنگزیده.")

# %% [markdown] lang="en"
# ## Results: where the codes lie
# %% [markdown] lang="fa"
# ## نتیجه‌ها: جای کدها

# %%
study.figure(figures.codes({names[key]: one for key, one in coded.items()}, classes, 3000), "codes", en="Codes of 3,000 test images by class, with the prior behind them: shades hold 50, 90 and 99 % of its mass in the picture. The sphere is unrolled so that areas are kept (longitude and height), hence its prior is flat. Categorical: symbols used by the test images, coloured by class; the prior is the dashed line.",
             fa="کد ۳٬۰۰۰ تصویر آزمون به تفکیک رده، با پیشین در پشت: سایه‌ها ۵۰، ۹۰ و ۹۹ درصد جرم آن در تصویر را دارند. کره چنان باز شده که مساحت‌ها بمانند (طول و ارتفاع)، پس پیشینش هموار است. رده‌ای: نمادهایی که تصویرهای آزمون به کار می‌برند، به رنگ رده؛ خط‌چین پیشین است.")

# %% [markdown] lang="en"
# ## Analysis: what the KL pays for, and how far each posterior misses
# The KL term of the ELBO has two parts (Hoffman & Johnson 2016): with the average posterior
# $\bar q(z) = \frac1n \sum_i q(z|x_i)$,
#
# $$ \frac1n \sum_i KL(q(z|x_i) \,\|\, p) = I(x; z) + KL(\bar q \,\|\, p). $$
#
# The first is what the code says about the image. The second is the mismatch between where codes lie and where samples
# are drawn: prior draws in the holes of $\bar q$ give bad images. With two dimensions $\log p(x)$ can also be had by
# integration over the plane or the sphere, or by a sum over 64 symbols, so the gap of the ELBO, which is
# $KL(q(z|x) \,\|\, p(z|x))$, shows how well the encoder's q fits the true posterior: the family of q and the encoder
# that chooses its numbers miss it together (Cremer, Li & Duvenaud 2018, arXiv 1801.03558).
# %% [markdown] lang="fa"
# ## تحلیل: ‏KL خرج چه می‌شود و هر پسین تقریبی چه اندازه خطا دارد
# جملهٔ KL در ELBO دو بخش دارد (Hoffman & Johnson 2016): با پسین میانگین $\bar q(z) = \frac1n \sum_i q(z|x_i)$،
#
# $$ \frac1n \sum_i KL(q(z|x_i) \,\|\, p) = I(x; z) + KL(\bar q \,\|\, p). $$
#
# نخستین، چیزی است که کد از تصویر می‌گوید. دومی ناسازگاری جای کدها با جای نمونه‌گیری است: نمونه‌های پیشین که در حفره‌های $\bar q$
# بیفتند تصویر بد می‌دهند. در دو بُعد $\log p(x)$ را هم می‌توان با انتگرال روی صفحه یا کره، یا جمع روی ۶۴ نماد به دست آورد؛ پس
# شکاف ELBO، یعنی $KL(q(z|x) \,\|\, p(z|x))$، نشان می‌دهد q رمزگذار تا چه اندازه به پسین درست می‌خورد: خطای خانوادهٔ q و خطای
# رمزگذاری که عددهای آن را برمی‌گزیند با هم در آن است (Cremer, Li & Duvenaud 2018, arXiv 1801.03558).

# %%
M, SOME = (200, 20) if study.small else (2000, 100)
fits = {key: one.fit(M, SOME, 0.1 if study.small else 0.015 if key == "prior-vmf" else 0.04) for key, one in coded.items()}
rows = []
for key, fit in fits.items():
    here = {"recipe": key, "seed": 0, "family": names[key]}
    made = [study.measure("marginal_kl", *fit.mismatch[:3], n=M, unit="nats", protocol=f"log of the average posterior of 10,000 test images over the prior, {M} draws", **here),
            study.measure("code_information", *fit.information[:3], n=M, unit="nats", protocol=f"log of the own over the average posterior of 10,000 test images, {M} draws", **here),
            study.measure("neg_log_p", fit.neg_log_p, n=SOME, unit="nats/image", protocol=f"sum or quadrature over all codes, first {SOME} test images", **here),
            study.measure("elbo_gap", *fit.gap[:3], n=SOME, unit="nats/image", protocol=f"-ELBO (50 draws) minus -log p by quadrature, first {SOME} test images", **here)]
    rows.append([called[names[key]], *kit.cells(made), f"{fit.median:.2f}", f"{fit.coarse:.3f}"])
study.table(study.pick(["prior", "KL(average q, p)", "I(x; z)", "−log p, exact", "gap of the ELBO", "its median", "change on a coarser grid"], ["پیشین", "KL پسین میانگین تا پیشین", kit.ltr("I(x; z)"), f"{kit.ltr('−log p')} دقیق", "شکاف ELBO", "میانهٔ آن", "تغییر با شبکهٔ درشت‌تر"]), rows,
            en=f"Seed 0, nats. The first two columns by {M} draws; the others on the first {SOME} test images. Last column: mean change of log p when the grid is 1.5 times coarser.",
            fa=f"بذر صفر، نات. دو ستون نخست با {M} نمونه و بقیه روی {SOME} تصویر نخست آزمون. ستون آخر: تغییر میانگین log p با شبکه‌ای ۱٫۵ برابر درشت‌تر.")

# %% [markdown] lang="en"
# Two claims of part (a) can now be looked at in trained models. *Rotation*: how the mean log-prior of the codes changes
# when they are turned about the origin. *Posterior*: how far $p(z|x)$ of the Gaussian model is from the Gaussian with
# the same moments when only some pixels, drawn at random, are seen.
# %% [markdown] lang="fa"
# اکنون می‌توان دو ادعای بخش (آ) را در مدل‌های آموزش‌دیده دید. *چرخش*: میانگین لگاریتم پیشینِ کدها با چرخاندن آن‌ها گرد مبدأ چه
# اندازه عوض می‌شود. *پسین*: ‏$p(z|x)$ در مدل گاوسی تا گاوسی هم‌گشتاورش چه اندازه فاصله دارد، وقتی تنها چند پیکسل تصادفی دیده
# شود.

# %%
turn, flat_priors = np.deg2rad(np.arange(0, 181, 5)), ("vae-mlp", "prior-laplace", "prior-student", "prior-mixture")
swing = {key: coded[key].swing(turn) for key in flat_priors}
assert np.abs(swing["vae-mlp"]).max() < 1e-3
counts, few, cells_a_side = (4, 16, 64, 256, 784), 4 if study.small else 16, 41 if study.small else 81
mask_order = torch.from_numpy(rng.permutation(784))
lack = np.array([[coded["vae-mlp"].missing_entropy(i, mask_order[:count], cells_a_side) for count in counts] for i in range(few)])
for count, column in zip(counts, lack.T):
    study.measure("posterior_missing_entropy", float(np.median(column)), n=few, unit="nats", protocol=f"KL of p(z | {count} random pixels) to the Gaussian of its moments, median over the first {few} test images, quadrature", recipe="vae-mlp", seed=0, pixels=count)
study.figure(figures.checks(turn, {names[key]: values for key, values in swing.items()}, counts, lack), "checks", en="Left: how much the prior minds a rotation of the codes. Right: distance of the true posterior from a Gaussian, against the number of pixels seen; grey lines are single images.",
             fa="چپ: پیشین تا چه اندازه به چرخش کدها حساس است. راست: فاصلهٔ پسین درست از گاوسی در برابر شمار پیکسل‌های دیده‌شده؛ خط‌های خاکستری تصویرهای تکی‌اند.")

# %%
median = np.median(lack, 0)
peak = int(median.argmax())
bend = study.pick("bend it away and many bring it back" if peak < len(counts) - 1 else "bend it away, and here many do not bring it back", "آن را از گاوسی دور می‌کنند و پیکسل‌های بسیار بازش می‌گردانند" if peak < len(counts) - 1 else "آن را از گاوسی دور می‌کنند و این‌جا پیکسل‌های بسیار هم بازش نمی‌گردانند")
adapted = min(flat_priors, key=lambda k: fits[k].mismatch.value) == "prior-mixture"
adapts = study.pick("and so it has" if adapted else "but here it has not", "و چنین است" if adapted else "ولی این‌جا چنین نیست")
clear = clear_differences(runs, "neg_elbo", "vae-mlp")
ranked = sorted((k for k in names if judged[k]["fd_digits"] is not None), key=lambda k: judged[k]["fd_digits"].value)
by_hole = sorted(fits, key=lambda k: fits[k].mismatch.value)
small = study.pick(" The smoke preset trains for seconds: these numbers show only that the pipeline runs.", " پیکربندی smoke تنها چند ثانیه آموزش می‌دهد: این عددها فقط نشان می‌دهند که زنجیره کار می‌کند.") if study.small else ""
elbo_en = f"Against the Gaussian, with seeds paired, the negative ELBO differs clearly for {listed(clear, names, ('lower', 'higher'), ', ')} (nats); the other differences are within the 95 % interval of {len(runs['vae-mlp'])} seeds." if clear else "With these seeds no difference of the negative ELBO from the Gaussian is clear of its 95 % interval."
elbo_fa = f"در برابر گاوسی و با جفت کردن بذرها، {kit.ltr('−ELBO')} در این مدل‌ها آشکارا فرق دارد (نات): {listed(clear, {k: persian[name] for k, name in names.items()}, ('کمتر', 'بیشتر'), '، ')}؛ اختلاف‌های دیگر درون بازهٔ ۹۵ درصد {len(runs['vae-mlp'])} بذرند." if clear else f"با این بذرها هیچ اختلافی از {kit.ltr('−ELBO')} گاوسی بیرون از بازهٔ ۹۵ درصد خود نیست."
fd_en = f" By the mean Fréchet distance, best first: {', '.join(names[k] for k in ranked)}; where the intervals of the table overlap this order is not settled." if ranked else ""
fd_fa = f" بنا بر میانگین فاصلهٔ فرشه، از بهترین: {'، '.join(persian[names[k]] for k in ranked)}؛ هر جا بازه‌های جدول هم‌پوشانی دارند این ترتیب قطعی نیست." if ranked else ""
limit = value["prior-categorical"]["kl"]
with torch.no_grad():
    likely = read(coded["prior-categorical"].model.decode(torch.eye(64)))[1].max(1).values
clearly, hits = float((likely > 0.9).float().mean()), judged["prior-categorical"]["recall"]
drawn_en = f"the judge is more than 90 % sure of {clearly:.0%} of them" + ("" if hits is None else f", but the draws repeat them, so the balls that recall draws around samples have the radius 0 and hold {'no test image' if hits.value == 0 else f'{hits.value:.1%} of the test images'}. Precision alone would hide that")
drawn_fa = f"داور از {kit.ltr(f'{clearly:.0%}')} آن‌ها بیش از ۹۰ درصد مطمئن است" + ("" if hits is None else f"، ولی قرعه‌ها آن‌ها را تکرار می‌کنند؛ پس گوی‌هایی که recall گرد نمونه‌ها می‌کشد شعاع صفر دارند و {'هیچ تصویر آزمونی' if hits.value == 0 else kit.ltr(f'{hits.value:.1%}') + ' تصویرهای آزمون'} را در بر نمی‌گیرند. دقت (precision) به‌تنهایی این را پنهان می‌کند")
study.say(
    en=f"**Likelihood.** {elbo_en}{fd_en}\n\n"
    f"**Holes.** The average posterior lies nearest to the {names[by_hole[0]]} prior ({fits[by_hole[0]].mismatch.value:.2f} nats) and farthest from the {names[by_hole[-1]]} prior ({fits[by_hole[-1]].mismatch.value:.2f}). A learned mixture moves to the codes, so it should have the smallest mismatch among the four priors on the plane, {adapts}: {fits['prior-mixture'].mismatch.value:.2f} against {fits['vae-mlp'].mismatch.value:.2f} for the Gaussian. The order by mismatch is {', '.join(names[k] for k in by_hole)}.\n\n"
    f"**Fit of the posterior.** The gap of the ELBO has a mean of {', '.join(f'{fits[k].gap.value:.2f} ({names[k]})' for k in names)}; the medians are {', '.join(f'{fits[k].median:.2f}' for k in names)} in this order (a median far below its mean says that few images make most of the gap). The posterior of the mixture model is Gaussian, so it differs from the first by its prior only. With no pixel the true posterior is the prior, itself Gaussian; a few pixels {bend}: the median distance to a Gaussian is largest at {counts[peak]} pixels, {median[peak]:.3f} nats, and {median[-1]:.3f} with all {counts[-1]}.\n\n"
    f"**Axes.** Turning the codes changes the mean log-prior of the Gaussian model by {np.abs(swing['vae-mlp']).max():.1g} nats at most, of the Laplace model by {np.abs(swing['prior-laplace']).max():.2f}: there the axes are part of the model.\n\n"
    f"**Symbols.** One symbol out of 64 can say at most ln 64 = {log(64):.2f} nats and costs {limit.value:.2f} here; the two numbers of the Gaussian code cost {value['vae-mlp']['kl'].value:.2f}. Its samples are the 64 pictures above: {drawn_en}.{small}",
    fa=f"**درست‌نمایی.** {elbo_fa}{fd_fa}\n\n"
    f"**حفره‌ها.** پسین میانگین از همه به پیشین {persian[names[by_hole[0]]]} نزدیک‌تر ({fits[by_hole[0]].mismatch.value:.2f} نات) و از پیشین {persian[names[by_hole[-1]]]} از همه دورتر است ({fits[by_hole[-1]].mismatch.value:.2f}). آمیختهٔ آموختنی به سوی کدها می‌رود، پس میان چهار پیشینِ صفحه باید کمترین ناسازگاری را داشته باشد، {adapts}: {fits['prior-mixture'].mismatch.value:.2f} در برابر {fits['vae-mlp'].mismatch.value:.2f} برای گاوسی. ترتیب بر پایهٔ ناسازگاری: {'، '.join(persian[names[k]] for k in by_hole)}.\n\n"
    f"**برازش پسین.** میانگین شکاف ELBO چنین است: {'، '.join(f'{persian[names[k]]} {fits[k].gap.value:.2f}' for k in names)}؛ میانه‌ها به همین ترتیب {'، '.join(f'{fits[k].median:.2f}' for k in names)} نات‌اند (میانه‌ای بسیار کمتر از میانگین یعنی چند تصویر بیشترِ شکاف را می‌سازند). پسین مدل آمیخته گاوسی است و تنها پیشین آن با مدل نخست فرق دارد. بی هیچ پیکسلی پسین درست همان پیشین و خود گاوسی است؛ چند پیکسل {bend}: میانهٔ فاصله تا گاوسی در {counts[peak]} پیکسل از همه بیشتر است، {median[peak]:.3f} نات، و با همهٔ {counts[-1]} پیکسل {median[-1]:.3f}.\n\n"
    f"**محورها.** چرخاندن کدها میانگین لگاریتم پیشین را در مدل گاوسی حداکثر {np.abs(swing['vae-mlp']).max():.1g} نات و در مدل لاپلاس {np.abs(swing['prior-laplace']).max():.2f} نات عوض می‌کند: آن‌جا محورها بخشی از مدل‌اند.\n\n"
    f"**نمادها.** یک نماد از ۶۴ نماد حداکثر ln 64 = {log(64):.2f} نات می‌گوید و هزینه‌اش این‌جا {limit.value:.2f} است؛ دو عدد کد گاوسی {value['vae-mlp']['kl'].value:.2f} نات هزینه دارند. نمونه‌هایش همان ۶۴ تصویر بالا هستند: {drawn_fa}.{small}")

# %% [markdown] lang="en"
# ## Sources
# Kingma & Welling 2013 (arXiv 1312.6114); Rosenblatt 1952; Doersch 2016 (arXiv 1606.05908); Artstein, Ball, Barthe & Naor
# 2004; Hoffman & Johnson 2016, "ELBO surgery"; Davidson et al. 2018 (arXiv 1804.00891); Tomczak & Welling 2018 (arXiv
# 1705.07120); Jang, Gu & Poole 2017 (arXiv 1611.01144); Maddison, Mnih & Teh 2017 (arXiv 1611.00712).
# Of the table in (b): Barello, Charles & Pillow 2018; Abiri & Ohlsson 2020; Xu & Durrett 2018 (arXiv 1808.10805);
# Dilokthanakul et al. 2016 (arXiv 1611.02648); Ramesh et al. 2021 (arXiv 2102.12092); van den Oord, Vinyals &
# Kavukcuoglu 2017 (arXiv 1711.00937); Mathieu et al. 2019 (arXiv 1901.06033); Nagano et al. 2019 (arXiv 1902.02992);
# Rezende & Mohamed 2015 (arXiv 1505.05770); Kingma et al. 2016 (arXiv 1606.04934); Chen et al. 2017 (arXiv 1611.02731);
# Vahdat & Kautz 2020 (arXiv 2007.03898); Rombach et al. 2022 (arXiv 2112.10752).
# %% [markdown] lang="fa"
# ## منابع
# Kingma & Welling 2013 (arXiv 1312.6114)؛ Rosenblatt 1952؛ Doersch 2016 (arXiv 1606.05908)؛ Artstein, Ball, Barthe & Naor
# 2004؛ Hoffman & Johnson 2016, "ELBO surgery"؛ Davidson et al. 2018 (arXiv 1804.00891)؛ Tomczak & Welling 2018 (arXiv
# 1705.07120)؛ Jang, Gu & Poole 2017 (arXiv 1611.01144)؛ Maddison, Mnih & Teh 2017 (arXiv 1611.00712).
# از جدول (ب): Barello, Charles & Pillow 2018؛ Abiri & Ohlsson 2020؛ Xu & Durrett 2018 (arXiv 1808.10805)؛
# Dilokthanakul et al. 2016 (arXiv 1611.02648)؛ Ramesh et al. 2021 (arXiv 2102.12092)؛ van den Oord, Vinyals &
# Kavukcuoglu 2017 (arXiv 1711.00937)؛ Mathieu et al. 2019 (arXiv 1901.06033)؛ Nagano et al. 2019 (arXiv 1902.02992)؛
# Rezende & Mohamed 2015 (arXiv 1505.05770)؛ Kingma et al. 2016 (arXiv 1606.04934)؛ Chen et al. 2017 (arXiv 1611.02731)؛
# Vahdat & Kautz 2020 (arXiv 2007.03898)؛ Rombach et al. 2022 (arXiv 2112.10752).
