# ---
# simorgh:
#   title: {en: "The Fréchet distance: how FID is computed, and what it does not see", fa: "فاصلهٔ فرشه: FID چگونه محاسبه می‌شود و چه چیزی را نمی‌بیند"}
#   answers: [B1.11]
# ---

# %% [markdown] lang="en"
# ## Question
# What is the Fréchet Inception Distance (FID), where does its formula come from, how is it computed without trouble, and
# what may one conclude from it? No generative model is trained: the formula is checked where the answer is known, then
# tried on real digits and on digits that are spoiled on purpose.
#
# ## The recipe in five lines
# 1. Send the real and the generated images through a frozen network and keep a late layer: $d$ numbers an image. FID
#    takes InceptionV3 trained on ImageNet ($d = 2048$); on this page it is `judge-mnist`, a small digit classifier with
#    $d = 64$, because ImageNet features are made for photographs, not for digits.
# 2. Take the mean $m$ and the covariance $S$ of each set of features (divisor $n - 1$).
# 3. Put them into
#    $$FD = \| m_1 - m_2 \|^2 + tr(S_1 + S_2 - 2 (S_1 S_2)^{1/2}).$$
# 4. Smaller is nearer; 0 means equal means and covariances. The unit is the square of the features' unit: values of two
#    networks cannot be compared.
# 5. Write down the network, the resizing, both numbers of images and which images they were.
#
# ## Assumptions
# Everything is computed in float64 from the features on. MNIST is needed; the spoiled images come from its test part.
# %% [markdown] lang="fa"
# ## پرسش
# فاصلهٔ فرشه-اینسپشن (FID) چیست، رابطه‌اش از کجا می‌آید، چگونه بی‌دردسر محاسبه می‌شود و از آن چه می‌توان نتیجه گرفت؟ هیچ مدل
# مولدی آموزش نمی‌بیند: رابطه در جایی که پاسخ معلوم است وارسی و سپس روی رقم‌های واقعی و رقم‌هایی که عمداً خراب شده‌اند آزموده می‌شود.
#
# ## دستور در پنج سطر
# ۱. تصویرهای واقعی و ساختگی را از شبکه‌ای ثابت بگذران و لایه‌ای نزدیک به پایان را نگه دار: $d$ عدد برای هر تصویر. ‏FID شبکهٔ InceptionV3
# آموزش‌دیده روی ImageNet را می‌گیرد ($d = 2048$)؛ در این صفحه `judge-mnist` است، رده‌بند کوچک رقم‌ها با $d = 64$، زیرا ویژگی‌های ImageNet
# برای عکس ساخته شده‌اند نه برای رقم.
#
# ۲. میانگین $m$ و کوواریانس $S$ هر دسته ویژگی را حساب کن (مقسوم‌علیه $n - 1$).
#
# ۳. آن‌ها را در این رابطه بگذار:
# $$FD = \| m_1 - m_2 \|^2 + tr(S_1 + S_2 - 2 (S_1 S_2)^{1/2}).$$
#
# ۴. کوچک‌تر یعنی نزدیک‌تر؛ صفر یعنی میانگین و کوواریانس برابر. واحدش مربع واحد ویژگی‌هاست: مقدارهای دو شبکهٔ متفاوت را نمی‌توان سنجید.
#
# ۵. شبکه، شیوهٔ تغییر اندازه، شمار تصویرهای هر دو دسته و این‌که کدام تصویرها بوده‌اند را بنویس.
#
# ## فرض‌ها
# از ویژگی‌ها به بعد همه چیز با دقت دوگانه است. MNIST لازم است؛ تصویرهای خراب‌شده از بخش آزمون آن‌اند.

# %%
import numpy as np
import torch

from simorgh.data import DataConfig, load
from simorgh.evaluate.judge import NAME, judged, reference
from simorgh.metrics.divergences import assignment
from simorgh.metrics.frechet import expected_bias, frechet_distance, frechet_from_moments
from simorgh.metrics.intervals import mean_interval
from simorgh.noise import philox
from simorgh.report.figures import image_grid
from simorgh.studies import _frechet as parts
from simorgh.studies import _frechet_figures as figures
from simorgh.studies import _frechet_limits as limits
from simorgh.studies import kit
from simorgh.studies.kit import signed, tiny

study = kit.current()
pool = {"smoke": 400, "cpu": 5000, "paper": 10000}[study.preset]
spoiled = {"smoke": 100, "cpu": 1000, "paper": 2000}[study.preset]
repeats = 3 if study.small else 8
# %% [markdown] lang="en"
# ## Where the answer is known
# - Equal means and covariances: 0.
# - Same covariance, means $\Delta$ apart: $\| \Delta \|^2$.
# - Same mean, $S_2 = c^2 S_1$: $(c - 1)^2\, tr\, S_1$.
# - Diagonal (or commuting) covariances with variances $a_i$, $b_i$: $\sum_i (\sqrt{a_i} - \sqrt{b_i})^2$.
# - Two dimensions, any covariances: a $2 \times 2$ matrix $M$ with eigenvalues $\lambda, \mu \ge 0$ has
#   $(\sqrt \lambda + \sqrt \mu)^2 = tr\, M + 2 \sqrt{\det M}$, so $tr (S_1 S_2)^{1/2} = \sqrt{tr(S_1 S_2) + 2 \sqrt{\det S_1 \det S_2}}$.
# %% [markdown] lang="fa"
# ## جایی که پاسخ معلوم است
# - میانگین و کوواریانس برابر: صفر.
# - کوواریانس یکسان و میانگین‌هایی به فاصلهٔ $\Delta$: برابر $\| \Delta \|^2$.
# - میانگین یکسان و $S_2 = c^2 S_1$: برابر $(c - 1)^2\, tr\, S_1$.
# - کوواریانس‌های قطری (یا جابه‌جاشونده) با واریانس‌های $a_i$ و $b_i$: برابر $\sum_i (\sqrt{a_i} - \sqrt{b_i})^2$.
# - دو بعد با هر کوواریانسی: ماتریس $2 \times 2$ با ویژه‌مقدارهای $\lambda, \mu \ge 0$ دارد
#   $(\sqrt \lambda + \sqrt \mu)^2 = tr\, M + 2 \sqrt{\det M}$، پس $tr (S_1 S_2)^{1/2} = \sqrt{tr(S_1 S_2) + 2 \sqrt{\det S_1 \det S_2}}$.

# %%
WORD = {"equal": "برابر", "mean shifted": "میانگین جابه‌جا", "covariance times 1.5²": "کوواریانس ضرب‌در ۱٫۵ به توان ۲", "diagonal": "قطری", "plane, not commuting": "صفحه، ناجابه‌جایی"}
cases, (P, Q) = parts.known_cases(), parts.PLANE
rows, case_error = [], 0.0
for name, (m1, S1, m2, S2, exact) in cases.items():
    moments = frechet_from_moments(m1, S1, m2, S2)
    samples = frechet_distance(parts.exactly(200, m1, S1, "left"), parts.exactly(300, m2, S2, "right"))
    case_error = max(case_error, abs(moments - exact), abs(samples - exact))
    rows.append([study.pick(name, WORD[name]), *(kit.Cell(f"{abs(value) if abs(value) < 1e-12 else value:.10f}") for value in (exact, moments, samples))])
assert case_error < 1e-9
study.measure("closed_form_error", case_error, n=len(cases), protocol="largest |computed - closed form| over five cases, from moments and from samples with exactly these moments, float64")
study.table(study.pick(["case", "closed form", "from moments", "from samples"], ["حالت", "رابطهٔ بسته", "از گشتاورها", "از نمونه‌ها"]), rows,
            en="Closed forms in 8 (last row: 2) dimensions. The samples were whitened, so that their moments are exactly the wanted ones.", fa="رابطه‌های بسته در ۸ بعد (سطر آخر ۲ بعد). نمونه‌ها سفید شده‌اند تا گشتاورهایشان دقیقاً همان باشد که می‌خواهیم.")
study.say(en=f"The largest error is {case_error:.0e}.", fa=f"بزرگ‌ترین خطا {case_error:.0e} است.")

# %% [markdown] lang="en"
# ## Where the formula comes from
# FD is a transport cost: the squared 2-Wasserstein distance $W_2^2 = \min E \| x - y \|^2$ between two Gaussians, over all
# ways to draw $x \sim N(m_1, S_1)$ and $y \sim N(m_2, S_2)$ together (Dowson & Landau 1982).
#
# 1. With the cross-covariance $C = Cov(x, y)$: $E \| x - y \|^2 = \| m_1 - m_2 \|^2 + tr\, S_1 + tr\, S_2 - 2\, tr\, C$. Only $tr\, C$ is free.
# 2. The joint covariance must be positive semi-definite, which says exactly that $C = S_1^{1/2} K S_2^{1/2}$ with a matrix
#    $K$ whose singular values are at most 1.
# 3. $tr\, C = tr(K S_2^{1/2} S_1^{1/2})$ is at most the sum of the singular values of $S_2^{1/2} S_1^{1/2}$, and some $K$ attains it.
# 4. That sum is $tr (S_1^{1/2} S_2 S_1^{1/2})^{1/2}$, written $tr (S_1 S_2)^{1/2}$ because $S_1 S_2$ has the same eigenvalues.
# 5. The best plan is a linear map: $y = m_2 + T (x - m_1)$ with
#    $T = S_1^{-1/2} (S_1^{1/2} S_2 S_1^{1/2})^{1/2} S_1^{-1/2}$, symmetric and positive, and $T S_1 T = S_2$.
# 6. Steps 1 to 3 used no more than two moments. So for *any* distributions with these moments $W_2^2 \ge FD$
#    (Gelbrich 1990): FD is the least that the moments allow, and exact for Gaussians.
#
# A certificate from the other side: $2 x \cdot y \le x^T T x + y^T T^{-1} y$ for all $x, y$, so for centred variables
# $E \| x - y \|^2 \ge E(\| x \|^2 - x^T T x) + E(\| y \|^2 - y^T T^{-1} y)$ for *every* plan, and this bound is the same number.
# %% [markdown] lang="fa"
# ## رابطه از کجا می‌آید
# ‏FD هزینهٔ جابه‌جایی است: مربع فاصلهٔ ۲-واسرشتاین، $W_2^2 = \min E \| x - y \|^2$، میان دو گاوسی، روی همهٔ راه‌های کشیدن همزمان
# $x \sim N(m_1, S_1)$ و $y \sim N(m_2, S_2)$ (Dowson & Landau 1982).
#
# ۱. با کوواریانس متقابل $C = Cov(x, y)$ داریم $E \| x - y \|^2 = \| m_1 - m_2 \|^2 + tr\, S_1 + tr\, S_2 - 2\, tr\, C$. تنها $tr\, C$ آزاد است.
#
# ۲. کوواریانس توأم باید نیمه‌معین مثبت باشد، و این درست یعنی $C = S_1^{1/2} K S_2^{1/2}$ با ماتریس $K$ که مقدارهای تکینش از ۱ بیشتر نیست.
#
# ۳. $tr\, C = tr(K S_2^{1/2} S_1^{1/2})$ حداکثر جمع مقدارهای تکین $S_2^{1/2} S_1^{1/2}$ است و $K$‌ای هست که به آن برسد.
#
# ۴. این جمع $tr (S_1^{1/2} S_2 S_1^{1/2})^{1/2}$ است که $tr (S_1 S_2)^{1/2}$ نوشته می‌شود، چون ویژه‌مقدارهای $S_1 S_2$ همان‌هاست.
#
# ۵. بهترین نقشه نگاشتی خطی است: $y = m_2 + T (x - m_1)$ با $T = S_1^{-1/2} (S_1^{1/2} S_2 S_1^{1/2})^{1/2} S_1^{-1/2}$ که متقارن و مثبت
# است و $T S_1 T = S_2$.
#
# ۶. گام‌های ۱ تا ۳ بیش از دو گشتاور به کار نبردند. پس برای *هر* دو توزیع با این گشتاورها $W_2^2 \ge FD$ (Gelbrich 1990): ‏FD کمترینی است
# که گشتاورها اجازه می‌دهند و برای گاوسی دقیق است.
#
# گواهی از سوی دیگر: برای همهٔ $x, y$ داریم $2 x \cdot y \le x^T T x + y^T T^{-1} y$، پس برای متغیرهای مرکزی‌شده و *هر* نقشه‌ای
# $E \| x - y \|^2 \ge E(\| x \|^2 - x^T T x) + E(\| y \|^2 - y^T T^{-1} y)$، و این کران همان عدد است.

# %%
d = 8
S1, S2 = parts.random_covariance(d, "first"), parts.random_covariance(d, "second")
formula, by_map, by_bound, T = parts.certificate(S1, S2)
push, apart = np.abs(T @ S1 @ T - S2).max(), max(abs(by_map - formula), abs(by_bound - formula))
best_random = parts.best_random_plan(S1, S2, 200)
m1, V1, m2, V2, _ = cases["diagonal"]
axes_gap = abs(parts.by_quantiles(V1.diagonal(), V2.diagonal(), parts.DELTA) - frechet_from_moments(m1, V1, parts.DELTA, V2))
assert push < 1e-10
assert np.linalg.eigvalsh(T).min() > 0
assert best_random >= formula
assert max(apart / 1e-9, axes_gap / 1e-6) < 1
# On the very sample: sending every point by T must be the best of all assignments.
cloud = philox("cloud").standard_normal((200 if study.small else 600, d)) @ parts.root(S1)
assert (assignment(cloud, cloud @ T).partner == np.arange(len(cloud))).all()
excess = {n: parts.transport_excess(P, Q, n, repeats) for n in ([50, 100, 200] if study.small else [50, 100, 200, 400, 800])}
assert all(min(values) > 0 for values in excess.values())
study.table(study.pick(["route, 8 dimensions", "value", "difference"], ["راه، ۸ بعد", "مقدار", "اختلاف"]),
            [[study.pick("formula", "رابطه"), kit.Cell(f"{formula:.12f}"), kit.Cell("–")],
             [study.pick("cost of the linear map T", "هزینهٔ نگاشت خطی T"), kit.Cell(f"{by_map:.12f}"), kit.Cell(tiny(abs(by_map - formula)))],
             [study.pick("lower bound by the certificate", "کران پایین گواهی"), kit.Cell(f"{by_bound:.12f}"), kit.Cell(tiny(abs(by_bound - formula)))],
             [study.pick("best of 200 random plans", "بهترینِ ۲۰۰ نقشهٔ تصادفی"), kit.Cell(f"{best_random:.12f}"), kit.Cell(f"{best_random - formula:.2g}")]],
            en="The formula is the cost of a plan and at the same time a lower bound for every plan.", fa="رابطه هزینهٔ یک نقشه است و همزمان کران پایین همهٔ نقشه‌ها.")
study.figure(figures.plan_and_excess(P, Q, {n: mean_interval(values) for n, values in excess.items()}), "transport", en="Left: the optimal plan sends each point by one linear map. Right: n independent samples of each Gaussian of the plane. Their optimal transport costs more than the FD of their moments, as step 6 says, and ever less so as they fill the Gaussian (95 % intervals over repetitions).",
             fa="چپ: نقشهٔ بهینه هر نقطه را با یک نگاشت خطی می‌برد. راست: n نمونهٔ مستقل از هر گاوسی صفحه. جابه‌جایی بهینهٔ آن‌ها، چنان که گام ۶ می‌گوید، از FD گشتاورهایشان بیشتر است و هر چه نمونه‌ها گاوسی را بیشتر پر کنند اختلاف کمتر می‌شود (بازهٔ ۹۵ درصد روی تکرارها).")
study.measure("map_and_bound_gap", apart, n=d, protocol="larger of |cost of the optimal map - formula| and |dual bound - formula|, two random 8-D covariances, float64")
study.measure("quantile_route_gap", axes_gap, n=d, protocol="|sum over axes of the integral of squared quantile differences - formula|, commuting 8-D covariances")
study.say(en=f"T carries S1 to S2 to {tiny(push)}, is positive, and its cost equals the formula and the lower bound to {tiny(apart)}. For diagonal covariances the quantile integrals of each axis add up to the formula to {tiny(axes_gap)}. When {len(cloud)} points are sent by T, the best of all {len(cloud)}! assignments is to leave each point with its own image.",
          fa=f"‏T کوواریانس نخست را تا {tiny(push)} به دومی می‌برد، مثبت است، و هزینه‌اش تا {tiny(apart)} با رابطه و با کران پایین برابر است. برای کوواریانس قطری جمع انتگرال چندک‌های محورها تا {tiny(axes_gap)} با رابطه می‌خواند. وقتی {len(cloud)} نقطه با T برده شوند، بهترینِ همهٔ جفت‌سازی‌ها همان است که هر نقطه با تصویر خود بماند.")

# %% [markdown] lang="en"
# ## No matrix square root is needed
# Only the *trace* of $(S_1 S_2)^{1/2}$ enters, the sum of the square roots of the eigenvalues of $S_1 S_2$. With any factor
# $S_1 = H H^T$ these are the eigenvalues of the **symmetric** matrix $H^T S_2 H$: real, and found by the most reliable routine
# there is. With the centred samples themselves, $S_1 = X_c^T X_c$ and $S_2 = Y_c^T Y_c$, the roots are the singular values
# of $X_c Y_c^T$ (Mathiasen & Hvilshøj 2020), which also holds when there are fewer images than features. A general matrix square root (`scipy.linalg.sqrtm`) of the
# unsymmetric product is slower for many features, and a singular product need not even have a root: users have met imaginary parts,
# to be thrown away by hand, and small numbers added to the diagonal, which change the result.
# %% [markdown] lang="fa"
# ## ریشهٔ ماتریس لازم نیست
# تنها *اثر* $(S_1 S_2)^{1/2}$ به کار می‌آید: جمع ریشهٔ ویژه‌مقدارهای $S_1 S_2$. با هر تجزیهٔ $S_1 = H H^T$ این‌ها ویژه‌مقدارهای ماتریس **متقارن**
# $H^T S_2 H$ هستند: حقیقی، و یافتنی با مطمئن‌ترین روش موجود. با خود نمونه‌های مرکزی‌شده، $S_1 = X_c^T X_c$ و $S_2 = Y_c^T Y_c$، ریشه‌ها مقدارهای
# تکین $X_c Y_c^T$ اند (Mathiasen & Hvilshøj 2020)، که وقتی تصویرها از ویژگی‌ها کمترند هم درست است. گرفتن ریشهٔ ماتریسیِ عمومی (`scipy.linalg.sqrtm`)
# برای حاصل‌ضرب نامتقارن، وقتی ویژگی‌ها زیادند، کندتر است و ماتریس تکین شاید اصلاً ریشه نداشته باشد: کاربران به بخش موهومی برخورده‌اند که دستی دور ریخته
# می‌شود، و به عددهای کوچکی که به قطر افزوده می‌شود و نتیجه را عوض می‌کند.

# %%
data = load(DataConfig("mnist"))
train = reference(pool, "train").double().numpy()
half = min(pool // 2, 5000)
chosen = torch.cat([torch.arange(half), torch.arange(len(data.test.x) - half, len(data.test.x))])
test_images, test_labels = data.test.x[chosen].float() / 255, data.test.y[chosen].numpy()
test = judged(test_images)[0].double().numpy()
routes = {f"{d}, {3 * d}": (parts.fake(3 * d, d, "x"), parts.fake(3 * d, d, "y", 1.2)) for d in ((32, 64, 128) if study.small else (64, 256, 512))}
routes["64, 30"] = parts.fake(30, 64, "x"), parts.fake(30, 64, "y", 1.2)
routes[f"digits 64, {pool}"] = train, test
found = {name: parts.three_routes(*sets) for name, sets in routes.items()}
rows = [[kit.Cell(name), kit.Cell(f"{r.best:.9f}"), kit.Cell(f"{r.theirs - r.best:+.0e}"), kit.Cell(f"{r.imaginary:.0e}" if r.imaginary else "0"), study.pick("yes" if r.warned else "no", "آری" if r.warned else "نه"),
         kit.Cell(f"{r.ours - r.best:+.0e}"), kit.Cell(f"{r.ratio:.1f}")] for name, r in found.items()]
*regular, few_images, digits_off = found.values()
route_gap, speed = max(max(abs(r.theirs / r.best - 1), abs(r.ours / r.best - 1)) for r in regular), regular[-1].ratio
assert route_gap < 1e-9
alive = int((train.std(0) > 0).sum())
study.measure("route_gap", route_gap, n=3, protocol="largest relative difference of scipy.linalg.sqrtm and of the symmetric route from moments to the route from samples, full-rank covariances")
study.measure("sqrtm_time_ratio", speed, n=3, unit="times", protocol=f"best of 3: time of scipy.linalg.sqrtm over the time of the whole symmetric route, d = {128 if study.small else 512}, {torch.get_num_threads()} threads")
study.table(study.pick(["d, n", "samples", "sqrtm − samples", "imaginary part", "SciPy warns", "moments − samples", "time ratio"], ["d, n", "از نمونه", "اختلاف sqrtm", "بخش موهومی", "هشدار SciPy", "اختلاف از گشتاور", "نسبت زمان"]), rows,
            en="Three routes to one number: from the samples (ours), by a matrix square root, from the moments (ours). The last column is the time of the square root over that of our route from moments.",
            fa="سه راه به یک عدد: از نمونه‌ها (راه ما)، با ریشهٔ ماتریس، و از گشتاورها (راه ما). ستون آخر نسبت زمان ریشهٔ ماتریس به راه ما از گشتاورهاست.")
study.say(en=f"Where both covariances have full rank the routes agree to {tiny(route_gap)}, and the symmetric one is {speed:.1f} times as fast at d = {128 if study.small else 512}. With 30 images for 64 features the matrix square root is off by {few_images.off:.0e} and has an imaginary part of {few_images.imaginary:.0e}; our route from moments is off by {few_images.off_ours:.0e}. The real features are not of full rank either: {64 - alive} of the 64 units never fire on these digits. There the matrix square root is off by {tiny(digits_off.off)}{', with a warning of SciPy that the matrix is singular' if digits_off.warned else ''}, and our route from moments by {digits_off.off_ours:.0e}: a rounding error e of a zero eigenvalue enters as $\\sqrt e$ wherever one starts from a covariance. The route from the samples has no such step, so it is the one to use.",
          fa=f"وقتی هر دو کوواریانس رتبهٔ کامل دارند راه‌ها تا {tiny(route_gap)} با هم می‌خوانند و راه متقارن در d = {128 if study.small else 512} به اندازهٔ {speed:.1f} برابر سریع‌تر است. با ۳۰ تصویر برای ۶۴ ویژگی، ریشهٔ ماتریس {few_images.off:.0e} خطا و بخش موهومی {few_images.imaginary:.0e} دارد؛ خطای راه ما از گشتاورها {few_images.off_ours:.0e} است. ویژگی‌های واقعی هم رتبهٔ کامل ندارند: {64 - alive} تا از ۶۴ واحد روی این رقم‌ها هرگز روشن نمی‌شوند. آن‌جا خطای ریشهٔ ماتریس {tiny(digits_off.off)} است{'، همراه هشدار SciPy که ماتریس تکین است' if digits_off.warned else ''}، و خطای راه ما از گشتاورها {digits_off.off_ours:.0e}: هر جا از کوواریانس آغاز شود، خطای گردکردن e در ویژه‌مقدار صفر به صورت $\\sqrt e$ وارد می‌شود. راه از نمونه‌ها چنین گامی ندارد و همان را باید به کار برد.")

# %% [markdown] lang="en"
# ## The bias: more images, smaller FD
# Two sets of $N$ draws from **one** Gaussian have unequal sample moments, and FD counts that as distance. To first order
# (step 3 above, differentiated) for independent sets of $N$ with covariance eigenvalues $\lambda_i$
# $$E[FD] \approx \frac{1}{N} \left( 2 \sum_i \lambda_i + \sum_{i,j} \frac{\lambda_i \lambda_j (1 + \delta_{ij})}{\lambda_i + \lambda_j} \right),$$
# for $S = I$ simply $d (d + 5) / (2 N)$. So the bias grows with the square of the number of features, falls like $1/N$, and
# depends on the covariance, that is, on the model (Chong & Forsyth 2020). A straight line in $1/N$, followed to $1/N = 0$,
# gives the unbiased $FD_\infty$.
# %% [markdown] lang="fa"
# ## اریبی: تصویر بیشتر، FD کمتر
# دو دستهٔ $N$‌تایی از **یک** گاوسی گشتاورهای نمونه‌ای نابرابر دارند و FD این را فاصله می‌شمارد. تا مرتبهٔ نخست (گام ۳ بالا و مشتق آن)
# برای دسته‌های مستقل $N$‌تایی با ویژه‌مقدارهای کوواریانس $\lambda_i$
# $$E[FD] \approx \frac{1}{N} \left( 2 \sum_i \lambda_i + \sum_{i,j} \frac{\lambda_i \lambda_j (1 + \delta_{ij})}{\lambda_i + \lambda_j} \right),$$
# و برای $S = I$ به‌سادگی $d (d + 5) / (2 N)$. پس اریبی با مربع شمار ویژگی‌ها بزرگ می‌شود، مانند $1/N$ کم می‌شود، و به کوواریانس، یعنی به مدل،
# بستگی دارد (Chong & Forsyth 2020). خطی راست بر حسب $1/N$ که تا $1/N = 0$ دنبال شود $FD_\infty$ نااریب را می‌دهد.

# %%
counts = [250, 500, 1000] if study.small else [250, 500, 1000, 2000, 4000, 8000]
dims = (16, 64) if study.small else (64, 256)
tables = {d: parts.of_one_gaussian(d, counts, repeats) for d in dims}
powers = {d: float(np.polyfit(np.log(counts), np.log(table.mean(0)), 1)[0]) for d, table in tables.items()}
infinite = {d: parts.intercept(counts, table) for d, table in tables.items()}
rows = []
for d, table in tables.items():
    means = [mean_interval(column) for column in table.T]
    rows.append([d, *(kit.Cell(f"{m.value:.3f}") for m in means), kit.Cell(f"{round(infinite[d].value, 3) + 0.0:.3f} ± {(infinite[d].high - infinite[d].low) / 2:.3f}")])
    study.measure("bias_power", powers[d], n=len(counts), protocol=f"slope of log FD over log N for two sets from one Gaussian, d = {d}, N = {counts[0]} to {counts[-1]}", features=d)
    study.measure("fd_infinity_gaussian", infinite[d].value, infinite[d].low, infinite[d].high, n=repeats, protocol=f"intercept of FD over 1/N for two sets from one standard Gaussian, d = {d}, N = {counts[0]} to {counts[-1]}", floor=0.0, features=d)
assert all(abs(p + 1) < (0.3 if study.small else 0.03) for p in powers.values())
study.table([kit.ltr("d \\ N"), *map(str, counts), kit.ltr("→ ∞")], rows,
            en="FD between two sets from one standard Gaussian, whose true distance is 0 (mean over repetitions; last column: intercept in 1/N).", fa="‏FD میان دو دسته از یک گاوسی استاندارد که فاصلهٔ درستش صفر است (میانگین تکرارها؛ ستون آخر: عرض از مبدأ بر حسب $1/N$).")
study.figure(figures.bias(counts, tables, infinite), "bias", en="Two sets from one Gaussian. Marks: measured; lines: the first-order formula. Left: slope −1. Right: straight in 1/N, through 0.", fa="دو دسته از یک گاوسی. نشانه‌ها: اندازه‌گیری؛ خط‌ها: رابطهٔ مرتبهٔ نخست. چپ: شیب $-1$. راست: خط راست بر حسب $1/N$ که از صفر می‌گذرد.")

# %% [markdown] lang="en"
# ### The bias can turn a ranking round
# Two "models" against the same real $N(0, I)$, $d = 64$: A draws from $N(0, 0.8^2 I)$ (too little variety, true FD
# $0.04\, d = 2.56$), B from a Gaussian that is only shifted (true FD 2.2). B is the better one.
# %% [markdown] lang="fa"
# ### اریبی می‌تواند رتبه‌بندی را وارونه کند
# دو «مدل» در برابر یک دادهٔ واقعی $N(0, I)$ با $d = 64$: الف از $N(0, 0.8^2 I)$ می‌کشد (تنوع کم، FD درست $0.04\, d = 2.56$) و ب از گاوسی‌ای که
# تنها جابه‌جا شده است (FD درست 2.2). پس ب بهتر است.

# %%
flips = [250, 500, 1000] if study.small else [250, 500, 1000, 2000, 4000, 8000]
models = {"A": lambda z: 0.8 * z, "B": lambda z: z + (2.2 / 64) ** 0.5}
ranked = parts.ranking(models, flips, repeats)
endless = {name: parts.intercept(flips, table) for name, table in ranked.items()}
study.table([study.pick("model \\ N", "مدل \\ N"), *map(str, flips), kit.ltr("→ ∞"), study.pick("true", "درست")],
            [[study.pick(name, {"A": "الف", "B": "ب"}[name]), *(kit.Cell(f"{v:.2f}") for v in ranked[name].mean(0)), kit.Cell(f"{endless[name].value:.2f}"), kit.Cell({"A": "2.56", "B": "2.20"}[name])] for name in models],
            en="FD of two models at equal N. With few images the worse model looks better.", fa="‏FD دو مدل با N برابر. با تصویر کم مدل بدتر بهتر می‌نماید.")
wins = [n for n, x, y in zip(flips, ranked["A"].mean(0), ranked["B"].mean(0)) if x < y]
assert 250 in wins
for name, true in (("A", 2.56), ("B", 2.2)):
    study.measure("fd_infinity_model", endless[name].value, endless[name].low, endless[name].high, n=repeats, protocol=f"intercept of FD over 1/N, model {name} of the ranking example, N = {flips[0]} to {flips[-1]}, true value {true}", model=name)
study.say(en=f"A looks better at N = {', '.join(map(str, wins))}; the intercepts, {endless['A'].value:.2f} and {endless['B'].value:.2f}, {'have it right' if endless['A'].value > endless['B'].value else 'have it wrong here too'}. Equal N for all models is needed, but it is not enough.",
          fa=f"الف در N = {'، '.join(map(str, wins))} بهتر می‌نماید؛ عرض از مبدأها، {endless['A'].value:.2f} و {endless['B'].value:.2f}، {'درست می‌گویند' if endless['A'].value > endless['B'].value else 'این‌جا هم نادرست می‌گویند'}. N برابر برای همهٔ مدل‌ها لازم است ولی کافی نیست.")

# %% [markdown] lang="en"
# ### The same on real digits
# Features of `judge-mnist` on the first training images and on test images, half of them from the beginning and half from
# the end of the test part (these two halves come from different writers). Subsets of $N$ images are drawn without
# replacement: two disjoint subsets of the training features, training against test, and the two ends of the test part.
# %% [markdown] lang="fa"
# ### همان روی رقم‌های واقعی
# ویژگی‌های `judge-mnist` روی نخستین تصویرهای آموزش و روی تصویرهای آزمون، نیمی از آغاز و نیمی از پایان بخش آزمون (این دو نیمه از نویسندگان
# متفاوت‌اند). زیردسته‌های $N$‌تایی بی‌جای‌گذاری کشیده می‌شوند: دو زیردستهٔ جدا از آموزش، آموزش در برابر آزمون، و دو سر بخش آزمون.

# %%
tries = 5 if study.small else 40
real_counts = [100, 150, 200] if study.small else [250, 500, 1000, 1500, 2500]
meets = {"train, train": (train, None), "train, test": (train, test), "two ends of test": (test[:half], test[half:])}
FA = {"train, train": "آموزش، آموزش", "train, test": "آموزش، آزمون", "two ends of test": "دو سر آزمون"}
tables = {name: np.array([[frechet_distance(*parts.subsets(x, y, n, k)) for n in real_counts] for k in range(tries)]) for name, (x, y) in meets.items()}
means = {name: table.mean(0) for name, table in tables.items()}
real_infinity = {name: parts.intercept(real_counts, table) for name, table in tables.items()}
rows = []
for name, found in real_infinity.items():
    rows.append([study.pick(name, FA[name]), *(kit.Cell(f"{v:.3f}") for v in means[name]), kit.Cell(f"{found.value:.3f}")])
    study.measure("fd_infinity_digits", found.value, found.low, found.high, n=tries, protocol=f"{NAME}, intercept of FD over 1/N, random subsets of {real_counts[0]} to {real_counts[-1]} of {len(meets[name][0])} real features, {name}", pair=name)
# The two ends once more with equally many images of every class, for proportions of classes count as distance too.
each = 10 if study.small else 150
ends, alike = parts.balanced_ends(test, test_labels, each, tries)
study.measure("fd_writers", ends.value, ends.low, ends.high, n=tries, protocol=f"{NAME}, first against last {half} images of the chosen test images, {each} of each class; floor: the same from all of them mixed", floor=alike.value)
apart = ends.low is not None and ends.low > (alike.value if alike.high is None else alike.high)
same, eigenvalues = means["train, train"], np.linalg.eigvalsh(parts.covariance(train))
expected = [expected_bias(eigenvalues, n) for n in real_counts]
rows.append([study.pick("first order, if Gaussian", "مرتبهٔ نخست، اگر گاوسی بود"), *(kit.Cell(f"{v:.3f}") for v in expected), kit.Cell("0")])
study.table([study.pick("pair \\ N", "جفت \\ N"), *map(str, real_counts), kit.ltr("→ ∞")], rows,
            en="FD between sets of real digits, mean over random subsets.", fa="‏FD میان دسته‌های رقم واقعی، میانگین روی زیردسته‌های تصادفی.")
study.figure(figures.bias_of_digits(real_counts, means, real_infinity), "bias_digits", en="Real digits against real digits: straight lines in 1/N.", fa="رقم واقعی در برابر رقم واقعی: خط راست بر حسب $1/N$.")
study.say(en=f"The largest N here gives {same[-1]:.3f} for two halves of one data set, whose true distance is 0; the intercept is {real_infinity['train, train'].value:.3f}. Training against test has {real_infinity['train, test'].value:.3f} left, and the two ends of the test part {real_infinity['two ends of test'].value:.3f}; with {each} images of *every* class from each end it is {ends.value:.3f}, against {alike.value:.3f} when the ends are mixed first. {'So other writers are a real difference, and' if apart else 'That writers make a difference is not clear here; still,'} \"which images\" belongs to the protocol. The features are not Gaussian, and yet the first-order formula foretells the bias to {max(abs(s / e - 1) for s, e in zip(same, expected)):.0%}. **Consequence.** Every FD should stand beside the value that real images of the same number give: that is its floor. (Subsets of one pool overlap from one repetition to the next, so the recorded intervals are somewhat too narrow; an intercept below 0 is noise, not a distance.)",
          fa=f"بزرگ‌ترین N در این‌جا برای دو نیمهٔ یک مجموعه، که فاصلهٔ درستشان صفر است، {same[-1]:.3f} می‌دهد؛ عرض از مبدأ {signed(real_infinity['train, train'].value, '.3f')} است. برای آموزش در برابر آزمون {signed(real_infinity['train, test'].value, '.3f')} می‌ماند و برای دو سر بخش آزمون {signed(real_infinity['two ends of test'].value, '.3f')}؛ با {each} تصویر از *هر* رده از هر سر {ends.value:.3f} است، در برابر {alike.value:.3f} وقتی دو سر نخست درآمیخته شوند. {'پس نویسندگان دیگر تفاوتی واقعی‌اند و' if apart else 'این‌جا روشن نیست که نویسندگان تفاوتی می‌سازند؛ با این حال'} «کدام تصویرها» جزئی از قرارداد است. ویژگی‌ها گاوسی نیستند، با این همه رابطهٔ مرتبهٔ نخست اریبی را تا {100 * max(abs(s / e - 1) for s, e in zip(same, expected)):.0f} درصد پیش‌گویی می‌کند. **نتیجه.** هر FD باید کنار مقداری بیاید که همان شمار تصویر واقعی می‌دهد: کف آن. (زیردسته‌های یک مخزن در تکرارها هم‌پوشانی دارند، پس بازه‌های ثبت‌شده کمی باریک‌اند؛ عرض از مبدأ منفی نوفه است، نه فاصله.)")

# %% [markdown] lang="en"
# ## What it reacts to
# Test images, spoiled at growing strength, against the training features. The first value of each curve is the floor: the same
# images, unspoiled. Missing classes keep the number of images: the others fill the gap.
# %% [markdown] lang="fa"
# ## به چه چیزهایی حساس است
# تصویرهای آزمون با شدت فزاینده خراب و با ویژگی‌های آموزش سنجیده می‌شوند. نخستین مقدار هر منحنی کف است: همان تصویرها، سالم. در حذف رده
# شمار تصویرها ثابت می‌ماند: بقیه جای خالی را پر می‌کنند.

# %%
order = philox("spoiled").permutation(len(test))
base, clean = test_images[order[:spoiled]], test[order[:spoiled]]
floor, removed = limits.distances(clean, train), [1, 2, 4, 6]
measured = {name: [floor, *(limits.distances(judged(change(base, s))[0], train) for s in strengths)] for name, (strengths, change) in limits.SPOIL.items()}
measured["missing classes"] = [floor, *(limits.distances(test[limits.without(count, test_labels, order, spoiled)], train) for count in removed)]
examples = torch.cat([torch.cat([base[i : i + 1], *(change(base[i : i + 1], s) for s in strengths)]) for i, (strengths, change) in enumerate(limits.SPOIL.values())])
study.figure(image_grid(examples, 3, 5, row_labels=list(limits.SPOIL), col_labels=["clean", "1", "2", "3", "4"], cell=0.75), "spoiled", en="One image for each fault at its four strengths.", fa="یک تصویر برای هر عیب با چهار شدت.")
for name, values in measured.items():
    study.measure("fd_spoiled", values[-1][0], n=spoiled, protocol=f"{NAME}, {spoiled} spoiled test images against {len(train)} training images, strongest {name}", floor=floor[0], fault=name)
strengths = {name: found for name, (found, _) in limits.SPOIL.items()} | {"missing classes": removed}
study.figure(figures.sensitivity(strengths, {name: [v[0] for v in values] for name, values in measured.items()}), "sensitivity", en=f"fd-digits of {spoiled} spoiled test images against {len(train)} training images; dashed: the floor, {floor[0]:.2f}.", fa=f"fd-digits برای {spoiled} تصویر خراب‌شدهٔ آزمون در برابر {len(train)} تصویر آموزش؛ خط‌چین: کف، {floor[0]:.2f}.")
FAULTS = {"noise": "نوفه", "blur": "تارشدن", "shift": "جابه‌جایی", "missing classes": "ردهٔ حذف‌شده"}
study.table([study.pick("fault", "عیب"), study.pick("clean", "سالم"), "1", "2", "3", "4", study.pick("KID × 1000, clean", "‏KID × 1000، سالم"), study.pick("at 4", "در 4")],
            [[study.pick(name, FAULTS[name]), *(kit.Cell(f"{v[0]:.2f}") for v in values), kit.Cell(f"{1000 * values[0][1]:.1f}"), kit.Cell(f"{1000 * values[-1][1]:.0f}")] for name, values in measured.items()],
            en="fd-digits at four strengths, and the kernel distance KID, which has no bias and may be below 0.", fa="‏fd-digits در چهار شدت، و فاصلهٔ هسته‌ای KID که اریب نیست و می‌تواند منفی باشد.")
rising = [name for name, values in measured.items() if np.all(np.diff([v[0] for v in values]) > 0)]
assert study.small or len(rising) == 4
mild = {name: values[1][0] / floor[0] for name, values in measured.items()}
ignores = 3 * (max(mild["noise"], mild["blur"]) - 1) < mild["missing classes"] - 1
study.say(en=f"The distance rises with every step for {len(rising)} of the 4 faults, but not evenly. The mildest steps multiply the floor by {mild['noise']:.2f} (noise 0.05), {mild['blur']:.2f} (blur 0.5), {mild['shift']:.2f} (one pixel) and {mild['missing classes']:.1f} (one class missing). A digit classifier has learnt to ignore what does not change the class: {'slight blur and noise are nearly invisible to it, whereas a missing class is not' if ignores else 'yet here what slight blur and noise add is not less than a third of what a missing class adds'}. Another network would give another order. **Pitfall.** A small distance means \"alike for this network\", not \"alike\".",
          fa=f"فاصله برای {len(rising)} عیب از ۴ عیب در هر گام بالا می‌رود، اما نه یکنواخت. ملایم‌ترین گام‌ها کف را {mild['noise']:.2f} برابر (نوفهٔ ۰٫۰۵)، {mild['blur']:.2f} برابر (تارشدن ۰٫۵)، {mild['shift']:.2f} برابر (یک پیکسل) و {mild['missing classes']:.1f} برابر (حذف یک رده) می‌کنند. رده‌بند رقم یاد گرفته آنچه را رده را عوض نمی‌کند نادیده بگیرد: {'تاری و نوفهٔ کم برایش تقریباً نادیدنی است ولی ردهٔ حذف‌شده نه' if ignores else 'با این حال آنچه تاری و نوفهٔ کم این‌جا می‌افزایند از یک‌سوم آنچه ردهٔ حذف‌شده می‌افزاید کمتر نیست'}. شبکه‌ای دیگر ترتیبی دیگر می‌دهد. **دام.** فاصلهٔ کم یعنی «برای این شبکه همانند»، نه «همانند».")

# %% [markdown] lang="en"
# ## What it does not see
# Only two moments enter. Three pairs with *equal* mean and covariance but unlike shape: FD is 0 for all. KID compares
# moments up to the third (its kernel is a cubic polynomial), so it sees a skewed cloud; a ring has the same
# third moments as a Gaussian, so KID is blind to it too, and only a transport of the points themselves tells them apart.
# %% [markdown] lang="fa"
# ## چه چیزی را نمی‌بیند
# تنها دو گشتاور به کار می‌رود. سه جفت با میانگین و کوواریانس *برابر* و شکل متفاوت: ‏FD همه صفر است. ‏KID گشتاورها را تا سومی می‌سنجد (هستهٔ آن
# چندجمله‌ای درجه‌سوم است)، پس ابر چوله را می‌بیند؛ حلقه گشتاور سوم گاوسی را دارد، پس KID هم آن را نمی‌بیند و تنها جابه‌جایی خود نقطه‌ها جدایشان می‌کند.

# %%
n, few = (400, 200) if study.small else (4000, 1000)
clouds, normal_digits = limits.clouds(n), limits.gaussian_like(test)
shapes = {name: (clouds["Gaussian"], other) for name, other in clouds.items() if name != "Gaussian"} | {"features of digits": (normal_digits, test)}
WORD = {"second draw": "قرعهٔ دوم", "skewed": "چوله", "ring": "حلقه", "features of digits": "ویژگی رقم‌ها"}
blind = {name: limits.blind(x, y, few) for name, (x, y) in shapes.items()}
study.table(study.pick(["Gaussian against", "FD", "KID", "its error", "transport W2²"], ["گاوسی در برابر", "FD", "KID", "خطای آن", "جابه‌جایی W2²"]),
            [[study.pick(name, WORD[name]), kit.Cell(f"{abs(fd):.0e}"), kit.Cell(f"{k.value:.4f}"), kit.Cell(f"{k.spread:.4f}"), kit.Cell(f"{w2:.4f}")] for name, (fd, k, w2) in blind.items()],
            en=f"Pairs with equal sample moments, {n} points each ({len(test)} for the digits; transport: {few} of them). The first row says what two draws of one Gaussian give; the small negative values stand there because the unbiased KID subtracts a scatter of the moments that was taken away here.",
            fa=f"جفت‌هایی با گشتاور نمونه‌ای برابر، هر کدام {n} نقطه ({len(test)} برای رقم‌ها؛ جابه‌جایی: {few} تا از آن‌ها). سطر نخست می‌گوید دو قرعه از یک گاوسی چه می‌دهد؛ مقدارهای منفی کوچک از آن‌جاست که KID نااریب پراکندگی گشتاورها را کم می‌کند و این‌جا آن پراکندگی برداشته شده است.")
assert max(abs(found[0]) for found in blind.values()) < 1e-9
if not study.small:
    assert blind["skewed"][1].value > 3 * blind["skewed"][1].spread
    assert blind["features of digits"][1].value > 10 * blind["features of digits"][1].spread
    assert abs(blind["ring"][1].value) < 0.01
assert blind["ring"][2] > 2 * blind["second draw"][2]
for name, (fd, k, _) in blind.items():
    study.measure("fd_equal_moments", fd, n=len(shapes[name][0]), protocol=f"FD of a Gaussian against {name} with equal sample moments, {len(shapes[name][0])} points each", pair=name)
    study.measure("kid_equal_moments", k.value, n=len(shapes[name][0]), protocol=f"MMD^2, cubic kernel, a Gaussian against {name} with equal sample moments", pair=name)
study.figure(figures.blind(clouds, test, normal_digits), "blind", en="Distributions that FD cannot tell apart: mean 0 and covariance I for the three clouds; right, one feature of the real digits and of the Gaussian that replaces them.",
             fa="توزیع‌هایی که FD از هم بازنمی‌شناسد: میانگین صفر و کوواریانس همانی برای سه ابر؛ راست، یک ویژگی رقم‌های واقعی و گاوسی‌ای که جایشان را گرفته است.")
negative = float((normal_digits < 0).mean())
size = min(half, 2500)
copied, fresh = frechet_distance(train[:size], train), frechet_distance(parts.subsets(test, None, size, 0)[0], train)
study.measure("fd_of_a_copy", copied, n=size, protocol=f"{NAME}, the first {size} training images against all {len(train)} of which they are a part", floor=fresh)
some = test[philox("some").permutation(len(test))[:few]]
transport_digits = frechet_distance(some, train[:few])
true_transport = assignment(some, train[:few]).value
assert true_transport > transport_digits
study.say(en=f"The Gaussian that replaces the digits has FD {abs(blind['features of digits'][0]):.0e} to them although {negative:.0%} of its entries are negative, which no feature behind a ReLU can be. KID finds {blind['skewed'][1].value:.3f} for the skewed cloud (the squared difference of the third moments over d³ is 1) and {blind['features of digits'][1].value:.3f} for the digits; for the ring its {blind['ring'][1].value:.4f} lies beside the {blind['second draw'][1].value:.4f} of a second draw, while the transport cost is {blind['ring'][2]:.3f} against {blind['second draw'][2]:.3f}. Between test and training digits ({few} each) W2² is {true_transport:.2f} and FD {transport_digits:.2f}: the lower bound of step 6 (much of the former is the sparseness of the samples).\n\n"
          f"**Copying is rewarded.** Training images handed in as \"generated\" get {copied:.3f}, fresh real images {fresh:.3f}{': memorising looks better than being real' if copied < fresh else ''}. FD has to stand beside a test for copies.",
          fa=f"گاوسی‌ای که جای رقم‌ها را گرفته تا آن‌ها FD برابر {abs(blind['features of digits'][0]):.0e} دارد، با آن‌که {100 * negative:.0f} درصد از درایه‌هایش منفی است و هیچ ویژگی پس از ReLU نمی‌تواند چنین باشد. ‏KID برای ابر چوله {blind['skewed'][1].value:.3f} (مربع اختلاف گشتاورهای سوم بخش بر d³ برابر ۱ است) و برای رقم‌ها {blind['features of digits'][1].value:.3f} می‌دهد؛ برای حلقه مقدار {signed(blind['ring'][1].value, '.4f')} کنار {signed(blind['second draw'][1].value, '.4f')} قرعهٔ دوم می‌نشیند، در حالی که هزینهٔ جابه‌جایی {blind['ring'][2]:.3f} در برابر {blind['second draw'][2]:.3f} است. میان رقم‌های آزمون و آموزش ({few} از هر کدام) W2² برابر {true_transport:.2f} و FD برابر {transport_digits:.2f} است: همان کران پایین گام ۶ (بخش بزرگی از اولی از تُنُکی نمونه‌هاست).\n\n"
          f"**رونویسی پاداش می‌گیرد.** تصویرهای آموزش که به نام «ساختگی» داده شوند {copied:.3f} می‌گیرند و تصویرهای واقعی تازه {fresh:.3f}{': ازبرکردن بهتر از واقعی‌بودن می‌نماید' if copied < fresh else ''}. ‏FD باید کنار آزمونی برای رونوشت بایستد.")

# %% [markdown] lang="en"
# ## Resizing and other small print
# InceptionV3 wants 299 x 299 pixels. Two bilinear rules are in use for sending output pixel $i$ to a place in the source:
# the old TensorFlow rule $i \cdot s$ and the half-pixel rule $(i + \frac12) s - \frac12$, with $s = 28 / 299$ for MNIST. They differ by
# $\frac12 (1 - s)$ for *every* pixel: a shift of the whole image. As real and generated images shift together, both rules
# are usable, but statistics of one must never meet features of the other.
#
# The main implementations differ in such details (as read in their source code):
# %% [markdown] lang="fa"
# ## تغییر اندازه و ریزه‌کاری‌های دیگر
# ‏InceptionV3 تصویر ۲۹۹ در ۲۹۹ می‌خواهد. دو قاعدهٔ دوخطی برای جای پیکسل خروجی $i$ در تصویر مبدأ رایج است: قاعدهٔ قدیمی TensorFlow یعنی
# $i \cdot s$ و قاعدهٔ نیم‌پیکسل $(i + \frac12) s - \frac12$، با $s = 28 / 299$ برای MNIST. اختلافشان برای *همهٔ* پیکسل‌ها $\frac12 (1 - s)$ است: جابه‌جایی
# کل تصویر. چون واقعی و ساختگی با هم جابه‌جا می‌شوند هر دو قاعده به کار می‌آیند، اما آمارهٔ یکی هرگز نباید با ویژگی‌های دیگری روبه‌رو شود.
#
# پیاده‌سازی‌های اصلی در چنین جزئیاتی فرق دارند (آن‌گونه که در کد آن‌ها خوانده شد):

# %%
study.table(study.pick(["implementation", "resize to 299", "pixel scaling", "divisor", "root"], ["پیاده‌سازی", "تغییر اندازه به 299", "مقیاس پیکسل", "مقسوم‌علیه", "ریشه"]), limits.implementations(study.pick),
            en="Who does what. Numbers of two rows should not be compared to the last digit.", fa="هر که چه می‌کند. عددهای دو سطر را نباید تا رقم آخر با هم سنجید.")
scale = 28 / 299
tf1, middle = limits.sampling_places(28, 299)
inside = (middle > 0) & (middle < 27)
assert np.abs(limits.torch_places(28, 299) - middle)[inside].max() < 1e-12
offset = float((tf1 - middle).mean())
assert np.ptp(tf1 - middle) < 1e-12
cut, rounded = limits.grey_levels_changed()
slid = limits.moved(base, offset)
mixed, both, divisor = frechet_distance(judged(slid)[0], clean), frechet_distance(clean, train), limits.divisor_effect(clean, train)
study.measure("grid_offset", offset, n=299, unit="source pixels", protocol="sampling place of the TF1 rule minus that of the half-pixel rule, 28 -> 299")
study.measure("fd_of_grid_offset", mixed, n=spoiled, protocol=f"{NAME}, {spoiled} test images against the same images moved by the offset of the two resizing rules on both axes, bilinear", floor=0.0)
study.figure(figures.grids(tf1, middle, base[0, 0].numpy(), slid[0, 0].numpy()), "grids", en="Left: where the first 36 output pixels of both rules read the source (bands: source pixels). Right: what a shift by that offset does to a digit.", fa="چپ: ۳۶ پیکسل نخست خروجی در هر قاعده کجای مبدأ را می‌خوانند (نوارها: پیکسل‌های مبدأ). راست: جابه‌جایی به همین اندازه با رقم چه می‌کند.")
study.say(en=f"The two grids stand {offset:.3f} source pixels apart ({offset / scale:.2f} output pixels), everywhere. In the judge's features the same {spoiled} images, moved by as much, are {mixed:.3f} apart from themselves: that is what mixing statistics of two rules would cost, where {both:.3f} is the whole distance between {spoiled} test images and the training images. Two more details: going from 256 grey levels to [−1, 1] in float32 and back by *cutting off* changes {cut} of the 256 levels, by rounding {rounded}; and the divisor n in place of n − 1 moves that distance by {divisor:+.0e}.\n\n"
          "**What to report**: network and its weights, resizing rule, scaling, both numbers of images and how they were chosen, the floor (real against real with the same numbers), and beside FD a distance without bias (KID), one for variety (precision and recall) and a test for copies.",
          fa=f"دو شبکهٔ نمونه‌برداری همه جا {offset:.3f} پیکسل مبدأ ({offset / scale:.2f} پیکسل خروجی) از هم فاصله دارند. در ویژگی‌های داور همان {spoiled} تصویر، اگر به همین اندازه جابه‌جا شوند، از خودشان {mixed:.3f} فاصله می‌گیرند: بهای آمیختن آماره‌های دو قاعده، در حالی که کل فاصلهٔ {spoiled} تصویر آزمون تا تصویرهای آموزش {both:.3f} است. دو نکتهٔ دیگر: رفتن از ۲۵۶ سطح خاکستری به {kit.ltr('[−1, 1]')} در float32 و برگشتن با *بریدن* اعشار {cut} سطح از ۲۵۶ سطح را عوض می‌کند و با گردکردن {rounded} سطح را؛ و مقسوم‌علیه n به جای {kit.ltr('n − 1')} آن فاصله را {signed(divisor, '+.0e')} جابه‌جا می‌کند.\n\n"
          "**چه باید گزارش کرد**: شبکه و وزن‌هایش، قاعدهٔ تغییر اندازه، مقیاس پیکسل، شمار هر دو دسته تصویر و شیوهٔ برگزیدن آن‌ها، کف (واقعی در برابر واقعی با همان شمارها)، و کنار FD فاصله‌ای نااریب (KID)، سنجه‌ای برای تنوع (دقت و بازیابی) و آزمونی برای رونوشت.")

# %% [markdown] lang="en"
# ## Sources
# Heusel et al. 2017, GANs trained by a two time-scale update rule (arXiv 1706.08500); Dowson & Landau 1982, The Fréchet
# distance between multivariate normal distributions; Gelbrich 1990, On a formula for the L2 Wasserstein metric; Chong &
# Forsyth 2020, Effectively unbiased FID and Inception score (arXiv 1911.07023); Mathiasen & Hvilshøj 2020 (arXiv 2009.14075);
# Binkowski et al. 2018, Demystifying MMD GANs (arXiv 1801.01401); Parmar, Zhang & Zhu 2022, On aliased resizing (arXiv 2104.11222).
# %% [markdown] lang="fa"
# ## منابع
# Heusel et al. 2017 (arXiv 1706.08500)؛ Dowson & Landau 1982؛ Gelbrich 1990؛ Chong & Forsyth 2020 (arXiv 1911.07023)؛
# Mathiasen & Hvilshøj 2020 (arXiv 2009.14075)؛ Binkowski et al. 2018 (arXiv 1801.01401)؛ Parmar, Zhang & Zhu 2022 (arXiv 2104.11222).
