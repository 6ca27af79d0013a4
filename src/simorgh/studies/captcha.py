# ---
# simorgh:
#   title:
#     en: "Captchas by diffusion: from noise to a text that was asked for"
#     fa: "کپچا با مدل انتشاری: از نوفه تا متنِ خواسته‌شده"
#   answers: [D6.1, D6.2, D6.3, D6.4, D6.5, D6.6, D6.7, D6.8, D6.9, D6.10, D6.11]
#   runs: {ddpm-captcha: 1, captcha-text: 1}
# ---
# %% [markdown] lang="en"
# ## Question
# Build a DDPM for images of captchas from its blocks, train it, and show its way from noise to image. Then build a model
# that is told the text, draw five captchas of one text, and say how good they are, where good means that all five
# signs can be read in order.
#
# ## Assumptions
# Images in $[-1, 1]$, $t = 1 \dots 1000$, $\beta_t$ linear from $10^{-4}$ to $0.02$, $\bar\alpha_t = \prod_{s \le t} (1 - \beta_s)$.
# "Can be read" is decided by a reader that is trained on drawn captchas and never changes. The theory of the
# same model is answered on MNIST in `ddpm`.
# %% [markdown] lang="fa"
# ## پرسش
# یک DDPM برای تصویرهای کپچا را از بلوک‌هایش بسازید، آموزش دهید و راه آن را از نوفه تا تصویر نشان دهید. سپس مدلی بسازید که متن را به آن
# بگوییم، پنج کپچا از یک متن بکشید و بگویید چقدر خوب‌اند؛ خوب یعنی هر پنج نویسه به ترتیب خوانده شود.
#
# ## فرض‌ها
# تصویر در بازهٔ $[-1, 1]$ است؛ $t = 1 \dots 1000$ و $\beta_t$ خطی از $10^{-4}$ تا $0.02$ و $\bar\alpha_t = \prod_{s \le t} (1 - \beta_s)$. «خوانده
# می‌شود» را خواننده‌ای تعیین می‌کند که با کپچاهای کشیده‌شده آموزش دیده است و دیگر عوض نمی‌شود. نظریهٔ همین مدل روی MNIST در `ddpm` پاسخ داده شده است.

# %%
from collections import Counter
from dataclasses import replace
from string import ascii_lowercase, digits

import numpy as np
import torch

from simorgh.contracts import UserError
from simorgh.data import load
from simorgh.data.captcha import LENGTH, SIGNS, signs_of, spell
from simorgh.data.captcha_sets import drawn
from simorgh.diffusion.denoiser import levels, noised
from simorgh.evaluate.captcha import read, reader_rate
from simorgh.evaluate.generate import generate
from simorgh.metrics.intervals import mean_interval, paired_difference
from simorgh.noise import Noise, philox
from simorgh.recipes.captcha_text import ASSIGNMENT, SMALL
from simorgh.report.figures import curves, image_grid
from simorgh.studies import _blocks as blocks
from simorgh.studies import _captcha_tables as tables
from simorgh.studies import _captchas as lab
from simorgh.studies import _costs as costing
from simorgh.studies import kit
from simorgh.studies._chains import Chain
from simorgh.studies._denoising import DEVICE, along, inward
from simorgh.train.experiment import override, to_dict

study = kit.current()
runs = {key: study.runs(key)[0] for key in ("ddpm-captcha", "captcha-text")}
free, told = runs.values()
free_model, told_model = free.model().to(DEVICE), told.model().to(DEVICE)
data, path = load(told.experiment.data), free.experiment.model.path
if "".join(data.spec.vocabulary or ()) != SIGNS:
    raise UserError(f"The reader of this study knows the signs {SIGNS} only, and {data.name} has others.")
study.warn_if_small()

# %% [markdown] lang="en"
# ## The data
# The public set (Wilhelmy & Rosas 2013) has about 1,070 pictures of 50 × 200 pixels. Each shows five signs out of 19,
# digits 2 to 8 and twelve letters (`bcdefgmnpwxy`): none that is taken for another, such as `0` and `o`. They are dark grey on a light
# ground that changes from side to side, bent by a wave, of two or three typefaces, with a thick curved line through them and a
# little blur. The name of a file is its text, as in `2b827.png`. The assignment brings them to 64 × 256 and $[-1, 1]$.
#
# None of them is used here, since nothing has to be downloaded: captchas are *drawn* in that manner, as many as we like,
# each a pure function of its number. At `cpu` models learn from the same drawings in grey at half the size; `paper` takes
# the full size. Your own folder is used by `simorgh study captcha --data captcha:PATH`.
# %% [markdown] lang="fa"
# ## داده
# مجموعهٔ عمومی (Wilhelmy & Rosas 2013) نزدیک به ۱٬۰۷۰ تصویر <bdi dir="ltr">50 × 200</bdi> دارد. هر تصویر پنج نویسه از ۱۹ نویسه نشان می‌دهد: رقم‌های
# ۲ تا ۸ و دوازده حرف (`bcdefgmnpwxy`)؛ هیچ‌کدام با دیگری اشتباه نمی‌شود، آن‌گونه که `0` و `o` می‌شوند. نویسه‌ها خاکستری تیره‌اند روی زمینه‌ای روشن که
# از یک سو به سوی دیگر عوض می‌شود، با موجی خم شده‌اند، دو سه گونه قلم دارند و خطی خمیده و ضخیم از میانشان می‌گذرد و کمی محوند. نام هر پرونده متن آن
# است، مانند `2b827.png`. تکلیف آن‌ها را به <bdi dir="ltr">64 × 256</bdi> و بازهٔ $[-1, 1]$ می‌برد.
#
# هیچ‌یک از آن‌ها در این‌جا به کار نرفته است، چون لازم نیست چیزی بارگیری شود: کپچاها به همان شیوه *کشیده* می‌شوند، هر چند تا که بخواهیم، و هر کدام
# تابعی از شمارهٔ خودش است. در اندازهٔ `cpu` مدل‌ها از همین نقش‌ها در خاکستری و با نصف اندازه می‌آموزند و `paper` اندازهٔ کامل را می‌گیرد. پوشهٔ خودتان با
# <bdi dir="ltr">`simorgh study captcha --data captcha:PATH`</bdi> به کار می‌رود.

# %%
large = drawn("test", 12)
study.figure(image_grid(large.x / 255, 4, 3, titles=[spell(signs) for signs in large.factors.tolist()], cell=1.9), "contact",
             "Twelve drawn captchas of the test part at 3 × 64 × 256, each below its text.", "دوازده کپچای کشیده‌شده از بخش آزمون با اندازهٔ <bdi dir=\"ltr\">3 × 64 × 256</bdi>، هر کدام زیر متن خودش.")
low, high = map(float, inward(data.test.x).aminmax())
assert -1 <= low < high <= 1
own = lab.through_a_folder(large.x, large.factors)
assert lab.texts_of(own.train.factors, own.test.factors) == lab.texts_of(large.factors)
assert own.spec.shape == (3, 64, 256)
ANY = len(ascii_lowercase + digits)  # what the assignment lets a sign be
seen = {tuple(signs) for signs in data.train.factors.tolist()}
known = sum(tuple(signs) in seen for signs in data.test.factors.tolist())
study.table(study.pick(["set", "training", "test", "shape", "signs", "test texts that occur in training"], ["مجموعه", "آموزش", "آزمون", "اندازه", "نویسه‌ها", "متن‌های آزمون که در آموزش آمده‌اند"]),
            [[data.name.split(":")[0], len(data.train), len(data.test), kit.ltr(" × ".join(map(str, data.spec.shape))), len(data.spec.vocabulary), known]],
            f"What is learnt from. {len(SIGNS)} signs at {LENGTH} places make {len(SIGNS) ** LENGTH:,} texts.", f"آنچه از آن آموخته می‌شود. {len(SIGNS)} نویسه در {LENGTH} جا <bdi dir=\"ltr\">{len(SIGNS) ** LENGTH:,}</bdi> متن می‌سازد.")
study.say(f"Twelve drawings were brought to 50 × 200, saved under their texts and read back as a folder: {len(own.train)} to train on, {len(own.test)} to test on, 3 × 64 × 256, and every text is the name of its file. The network sees values from {low:.2f} to {high:.2f}. The assignment lets a sign be any of {ANY} letters and digits and counts {LENGTH}^{ANY} texts; it is the other way round, for each of {LENGTH} places has {ANY} choices: {ANY}^{LENGTH} = {ANY**LENGTH:,}, of which the {len(SIGNS)} signs in use make up {(len(SIGNS) / ANY) ** LENGTH:.1%}.",
          f"دوازده نقش به <bdi dir=\"ltr\">50 × 200</bdi> برده، به نام متنشان ذخیره و چون یک پوشه بازخوانده شد: {len(own.train)} تا برای آموزش و {len(own.test)} تا برای آزمون، <bdi dir=\"ltr\">3 × 64 × 256</bdi>، و هر متن همان نام پرونده است. شبکه مقدارهایی از <bdi dir=\"ltr\">{low:.2f}</bdi> تا <bdi dir=\"ltr\">{high:.2f}</bdi> می‌بیند. تکلیف برای هر نویسه {ANY} حرف و رقم روا می‌دارد و شمار متن‌ها را <bdi dir=\"ltr\">{LENGTH}^{ANY}</bdi> می‌گیرد؛ وارونه است، چون هر یک از {LENGTH} جا {ANY} انتخاب دارد: <bdi dir=\"ltr\">{ANY}^{LENGTH} = {ANY**LENGTH:,}</bdi>، و {len(SIGNS)} نویسهٔ به‌کاررفته {(len(SIGNS) / ANY) ** LENGTH:.1%} آن را می‌سازد.")

# %% [markdown] lang="en"
# ## The blocks
# **Residual block**: norm, SiLU, convolution, twice; a linear layer of the code of $t$ is added between; the shortcut is a
# 1 × 1 convolution where the number of channels changes; dropout, if any, stands before the second convolution.
#
# **Attention block**: norm, multi-head attention, norm, feed-forward, with a residual around each half. Positions are the tokens.
# The model that is told a text has a third part between them: attention from the positions *to the five signs*.
#
# **Code of $t$**: cosines and sines of $t$ at frequencies from 1 down to $10^{-4}$ in equal ratios, then two linear layers.
# %% [markdown] lang="fa"
# ## بلوک‌ها
# **بلوک باقی‌مانده**: نرمال‌سازی، SiLU، پیچش، دو بار؛ در میان آن‌ها لایه‌ای خطی از کد $t$ افزوده می‌شود؛ هر جا شمار کانال‌ها عوض شود، میان‌بر پیچشی
# <bdi dir="ltr">1 × 1</bdi> است؛ دراپ‌اوت، اگر باشد، پیش از پیچش دوم می‌ایستد.
#
# **بلوک توجه**: نرمال‌سازی، توجه چندسر، نرمال‌سازی، شبکهٔ پیش‌خور، با یک میان‌بر گرد هر نیمه. مکان‌های تصویر توکن‌ها هستند. مدلی که متن را می‌داند
# میان این دو بخش سومی دارد: توجه از مکان‌ها *به پنج نویسه*.
#
# **کد $t$**: کسینوس و سینوس $t$ در بسامدهایی از ۱ تا $10^{-4}$ با نسبت‌های برابر، و سپس دو لایهٔ خطی.

# %%
tables.draw_blocks(study)
rng = philox("blocks")
residual_gap, attention_gap = blocks.residual_block_gap(rng), blocks.attention_block_gap(rng)
assert max(residual_gap, attention_gap) < 1e-12
for name, gap in (("residual", residual_gap), ("attention", attention_gap)):
    study.measure(f"{name}_block_gap", gap, n=1, protocol=f"largest difference of the {name} block from the same formula by torch's own functions and equal weights, float64")
study.say(f"Attention is written out in `nn/attention.py`: $\\mathrm{{softmax}}(q k^\\top / \\sqrt d)\\, v$. With the same weights in torch's `MultiheadAttention`, the whole attention block (self-attention and attention to signs) differs by {attention_gap:.0e}; the residual block, done again with torch's functions, by {residual_gap:.0e}.",
          f"توجه در `nn/attention.py` از پایه نوشته شده است: $\\mathrm{{softmax}}(q k^\\top / \\sqrt d)\\, v$. با همان وزن‌ها در `MultiheadAttention` کتابخانهٔ torch، کل بلوک توجه (توجه به خود و توجه به نویسه‌ها) <bdi dir=\"ltr\">{attention_gap:.0e}</bdi> اختلاف دارد؛ بلوک باقی‌مانده که با تابع‌های torch دوباره حساب شد <bdi dir=\"ltr\">{residual_gap:.0e}</bdi>.")

# %% [markdown] lang="en"
# ## The U-Net
# The assignment's widths are 128-128-256-256-512-512, two residual blocks a level on the way down and three up, attention at
# the fifth level; its template lacks one block on the way up, so that a smaller image leaves than enters. Ours is whole. At `cpu`
# the same class is narrower and has fewer levels. Both are counted on a device without memory.
# %% [markdown] lang="fa"
# ## شبکهٔ U-Net
# پهناهای تکلیف <bdi dir="ltr">128-128-256-256-512-512</bdi> است، با دو بلوک باقی‌مانده در هر سطح به پایین و سه بلوک به بالا و توجه در سطح پنجم؛ قالب آن در راه
# بالا یک بلوک کم دارد، پس تصویری که وارد می‌شود کوچک‌تر بیرون می‌آید. شبکهٔ ما کامل است. در اندازهٔ `cpu` همین کلاس باریک‌تر است و سطح‌های کمتری دارد.
# هر دو روی دستگاهی بدون حافظه شمرده شده‌اند.

# %%
full, big = (3, 64, 256), replace(ASSIGNMENT, inject="scale-shift")
context = (LENGTH, told.experiment.model.condition.dim)
small, small_told = free.experiment.model.network, told.experiment.model.network
costs = {study.pick("assignment", "تکلیف"): (big, costing.cost(big, full)), study.pick("assignment, told the text", "تکلیف، با متن"): (ASSIGNMENT, costing.cost(ASSIGNMENT, full, context)),
         "ddpm-captcha": (small, costing.cost(small, free.spec.shape)), "captcha-text": (small_told, costing.cost(small_told, told.spec.shape, context))}
rows = [[title, kit.ltr("-".join(map(str, network.channels))), kit.ltr(", ".join(f"{h}×{w}" for _, h, w in costing.resolutions(counted.stages))), len(counted.stages), kit.Cell(f"{counted.parameters / 1e6:.2f} M"), kit.Cell(f"{counted.operations / 1e9:.2f}")]
        for title, (network, counted) in costs.items()]
study.table(study.pick(["network", "channels", "positions of its levels", "residual blocks", "parameters", "10⁹ operations an image"], ["شبکه", "کانال‌ها", "مکان‌های سطح‌ها", "بلوک باقی‌مانده", "پارامتر", "۱۰⁹ عمل برای هر تصویر"]), rows,
            "The network of the assignment and those trained here. An operation is a multiplication or an addition of one forward pass.", "شبکهٔ تکلیف و شبکه‌هایی که این‌جا آموزش دیدند. هر عمل یک ضرب یا جمع در یک گذر رو به جلوست.")
levels_of = tables.assignment_levels(study, big, full)
(_, whole), (_, counted) = costs[study.pick("assignment", "تکلیف")], costs["ddpm-captcha"]
assert len(whole.stages) == 6 * 2 + 2 + 6 * 3
assert [len(one.blocks) for one in levels_of] == [2] * 6 + [2] + [3] * 6
assert sum(p.numel() for p in free_model.network.parameters()) == counted.parameters
study.measure("assignment_parameters", whole.parameters, n=1, protocol="parameters of the U-Net 128-128-256-256-512-512 with two blocks a level down and three up, attention at the fifth level, 3 x 64 x 256")
factor = whole.operations / counted.operations
study.say(f"The whole network has 12 blocks down, 2 in the middle and 18 up. One image costs it {factor:,.0f} times as much as the network trained here"
          + (", which is why a machine without an accelerator gets the small one." if factor > 10 else "."),
          f"شبکهٔ کامل ۱۲ بلوک به پایین، ۲ بلوک در میانه و ۱۸ بلوک به بالا دارد. هر تصویر برای آن {factor:,.0f} برابر شبکهٔ آموزش‌دیدهٔ این‌جا هزینه دارد"
          + ("؛ از این رو ماشینِ بی‌شتاب‌دهنده شبکهٔ کوچک را می‌گیرد." if factor > 10 else "."))

# %% [markdown] lang="en"
# ## Forward
# $$ q(x_t \mid x_{t-1}) = N(\sqrt{1 - \beta_t}\, x_{t-1},\, \beta_t I) \quad\Rightarrow\quad
# x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon, \qquad L = E\, \lVert \epsilon - \epsilon_\theta(x_t, t) \rVert^2. $$
# One draw of noise takes an image to any step; a training step does this for each image at its own random $t$.
# %% [markdown] lang="fa"
# ## فرایند رو به جلو
# $$ q(x_t \mid x_{t-1}) = N(\sqrt{1 - \beta_t}\, x_{t-1},\, \beta_t I) \quad\Rightarrow\quad
# x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon, \qquad L = E\, \lVert \epsilon - \epsilon_\theta(x_t, t) \rVert^2. $$
# یک بار کشیدن نوفه تصویر را به هر گامی می‌برد؛ هر گام آموزش همین کار را برای هر تصویر در $t$ تصادفی خودش می‌کند.

# %%
chain = Chain(path)
kept, at = chain.kept, chain.at
chain.check_published()
stops = (100, 200, 500, 700, 900)
x0 = inward(large.x[:1])
eps = Noise(0, "strip").normal(*x0.shape)
strip = torch.cat([x0] + [noised(x0, eps, levels(at(t), x0)) for t in stops])
study.figure(image_grid((strip + 1) / 2, 2, 3, titles=[f"t = {t}" for t in (0, *stops)], cell=1.9), "forward", "One image at the steps asked for, with one and the same noise.", "یک تصویر در گام‌های خواسته‌شده، همه با یک نوفه.")
held = tables.readable(study, free_model, data.test, chain, (0, *stops), 20 if study.small else 100)
chain.check_steps_back((2, 300, 1000))  # as Ho et al. 2020, algorithm 2, write it, with both variances
clear, lost = ([t for t in stops if side(held[t][1])] for side in (lambda i: i.low > 0.5, lambda i: i.high < 0.5))
early, late = (min(lost), max(clear)) if clear and lost else (None, None)  # most signs are chosen between these steps
study.say("The step back of the sampler is $x_{t-1} = (x_t - \\frac{\\beta_t}{\\sqrt{1 - \\bar\\alpha_t}} \\epsilon_\\theta) / \\sqrt{1 - \\beta_t} + s_t\\, n$, checked here with both variances, $s_t^2 = \\tilde\\beta_t$ and $\\beta_t$. "
          + (f"At t = {early} the network's guess holds {100 * held[early][1].value:.0f} % of the signs, at t = {late} {100 * held[late][1].value:.0f} %. On the way back most signs of a text are therefore chosen between these two, and below t = {late} they are only drawn sharp." if early else "Between which of these steps a text is chosen cannot be said here: none has most of the signs, or none has few."),
          "گام بازگشت نمونه‌گیر $x_{t-1} = (x_t - \\frac{\\beta_t}{\\sqrt{1 - \\bar\\alpha_t}} \\epsilon_\\theta) / \\sqrt{1 - \\beta_t} + s_t\\, n$ است که این‌جا با هر دو واریانس، $s_t^2 = \\tilde\\beta_t$ و $\\beta_t$، سنجیده شد. "
          + (f"در <bdi dir=\"ltr\">t = {early}</bdi> حدس شبکه {100 * held[early][1].value:.0f} ٪ نویسه‌ها را دارد و در <bdi dir=\"ltr\">t = {late}</bdi> {100 * held[late][1].value:.0f} ٪. پس در راه بازگشت بیشترِ نویسه‌ها میان این دو گام برگزیده می‌شوند و پایین‌تر از <bdi dir=\"ltr\">t = {late}</bdi> فقط واضح‌تر کشیده می‌شوند." if early else "این‌جا نمی‌توان گفت متن میان کدام گام‌ها برگزیده می‌شود: هیچ گامی بیشترِ نویسه‌ها را ندارد، یا هیچ گامی کم ندارد."))

# %% [markdown] lang="en"
# ## Training
# Adam, a rate that rises over the first twentieth and falls by a cosine, gradients clipped at norm 1, and an average of the weights, which
# is what is sampled from. Ten times along training the same noise is sent through the model of that moment.
# %% [markdown] lang="fa"
# ## آموزش
# بهینه‌ساز Adam با نرخی که در یک‌بیستم نخست بالا می‌رود و سپس کسینوسی پایین می‌آید، گرادیان با نُرم بریده در ۱، و میانگینی از وزن‌ها که نمونه‌ها از آن کشیده
# می‌شوند. ده بار در طول آموزش همان نوفه از مدلِ همان لحظه گذرانده می‌شود.

# %%
tables.training(study, runs, {title: costs[title][1] for title in runs})
states = costing.states(whole.parameters, averaged=True)
fit = int((16e9 - states) // whole.kept)
pieces = next(k for k in (1, 2, 4, 8, 16, 32, 64) if 64 / k <= fit)
study.say(f"Free Colab and Kaggle lend a card of 16 GB. The assignment's network with batches of 64 would take {(states + 64 * whole.kept) / 2**30:.0f} GiB in float32, since each image keeps {whole.kept / 2**20:.0f} MiB; it fits there with `--train.micro_batches {pieces}`, which changes no gradient. A pass over 1,070 images is {3 * 1070 * whole.operations / 1e15:.2f} × 10¹⁵ operations, {3 * 1070 * whole.operations / 8.1e12 / 60:.1f} minutes at least on a T4 (at most 8.1 × 10¹² a second); a run that is cut off continues when the same command is given again.",
          f"کولب و کگلِ رایگان کارتی با ۱۶ گیگابایت حافظه می‌دهند. شبکهٔ تکلیف با دسته‌های ۶۴تایی در float32 به {(states + 64 * whole.kept) / 2**30:.0f} گیبی‌بایت نیاز دارد، چون هر تصویر {whole.kept / 2**20:.0f} مبی‌بایت نگه می‌دارد؛ با <bdi dir=\"ltr\">`--train.micro_batches {pieces}`</bdi> در آن جا می‌گیرد و هیچ گرادیانی عوض نمی‌شود. یک دور روی ۱٬۰۷۰ تصویر <bdi dir=\"ltr\">{3 * 1070 * whole.operations / 1e15:.2f} × 10¹⁵</bdi> عمل است و روی T4 (حداکثر <bdi dir=\"ltr\">8.1 × 10¹²</bdi> در ثانیه) دست‌کم {3 * 1070 * whole.operations / 8.1e12 / 60:.1f} دقیقه طول می‌کشد؛ آموزشی که بریده شود با همان فرمان ادامه می‌یابد.")
histories = {title: run.history() for title, run in runs.items()}
study.figure(curves(histories, "denoising/error", ylabel="squared error a pixel", log=True, epoch=len(data.train)), "loss",
             "Loss history: mean squared error of what each network is asked for, noise in the one and velocity in the other, so that only their courses can be compared.",
             "تاریخچهٔ هزینه: میانگین مربع خطای آنچه از هر شبکه خواسته می‌شود، نوفه در یکی و سرعت در دیگری؛ پس تنها روندشان را می‌توان مقایسه کرد.")
for title, run in runs.items():
    per = run.experiment.train.batch_size / len(data.train)
    picked = along(run, 5)
    images = np.concatenate([shown["samples"][:3] for _, shown in picked]) / 255
    study.figure(image_grid(images, len(picked), 3, row_labels=[f"pass {step * per:.0f}" for step, _ in picked], cell=1.6), f"along-{title}",
                 f"`{title}`: samples from the same noise along training, by the averaged weights.", f"دستور `{title}`: نمونه‌ها از یک نوفهٔ ثابت در طول آموزش، با میانگین وزن‌ها.")
ends = {title: lab.course([line["denoising/error"] for line in history]) for title, history in histories.items()}
study.say("From the first tenth of training to the last the error goes " + " and ".join(f"from {a:.4f} to {b:.4f} (`{title}`, {done:.0f} % of the way after a fifth of the steps)" for title, (a, b, done) in ends.items()) + ". The error is a mean over all levels of noise, and the few levels at which signs take shape weigh little in it: compare the pictures above, not the last digits of the loss.",
          "از یک‌دهم نخست آموزش تا یک‌دهم آخر، خطا " + " و ".join(f"از {a:.4f} به {b:.4f} (`{title}`، پس از یک‌پنجم گام‌ها {done:.0f} ٪ از این راه)" for title, (a, b, done) in ends.items()) + " می‌رسد. خطا میانگین همهٔ سطح‌های نوفه است و چند سطحی که نویسه‌ها در آن‌ها شکل می‌گیرند در آن وزن کمی دارند: تصویرهای بالا را مقایسه کنید، نه رقم‌های آخر هزینه را.")

# %% [markdown] lang="en"
# ### The way from noise, every ten passes
# A run keeps finished samples of the middle of its training and no weights, so for this a smaller network is trained here: half the
# channels, the first 1,070 images (the size of the public set), 30 passes. After each ten the same noise goes the way back.
# %% [markdown] lang="fa"
# ### راه بازگشت، هر ده دور یک بار
# هر اجرا از میانهٔ آموزش نمونه‌های پایان‌یافته را نگه می‌دارد و وزنی نگه نمی‌دارد؛ پس برای این کار شبکهٔ کوچک‌تری همین‌جا آموزش می‌بیند: نیمی از
# کانال‌ها، ۱٬۰۷۰ تصویر نخست (به اندازهٔ مجموعهٔ عمومی) و ۳۰ دور. پس از هر ده دور، همان نوفه راه بازگشت را می‌رود.

# %%
narrow = {"data.limit": min(1070, len(data.train)), "model.network": to_dict(replace(SMALL, channels=(8, 16, 16) if study.small else (16, 32, 48), inject="scale-shift")), "train.batch_size": 32, "train.ema_half_life": 4000.0, "train.micro_batches": 1}
passes, shown, steps = (1, 2) if study.small else (10, 20, 30), (1000, 800, 600, 400, 300, 200, 100, 0), 20 if study.small else 100
way = lab.strips_along(override(free.experiment, narrow), study.kept, passes, shown, steps, 20 if study.small else 200, lambda done, total: study.advance("strips", done, total))
tables.strips(study, way, shown, steps, narrow["data.limit"])
errors = [mean_interval(part, kind="normal") for part in way.errors]
last = paired_difference(way.errors[-1], way.errors[-2], kind="normal")
study.say("The squared error of the noise in test images is " + ", ".join(f"{m.value:.4f} after {p}" for p, m in zip(passes, errors)) + f" passes. Over the last of these stretches it changes by {last.value:+.4f} [{last.low:+.4f}, {last.high:+.4f}], image by image: " + ("it still falls." if last.high < 0 else "it rises, so the network has begun to know its images by heart." if last.low > 0 else "no change that these images could show."),
          "مربع خطای نوفه در تصویرهای آزمون " + "، ".join(f"پس از {p} دور {m.value:.4f}" for p, m in zip(passes, errors)) + f" است. در آخرین بازهٔ میان آن‌ها، تصویر به تصویر، {kit.ltr(f'{last.value:+.4f} [{last.low:+.4f}, {last.high:+.4f}]')} عوض می‌شود: " + ("هنوز پایین می‌آید." if last.high < 0 else "بالا می‌رود، پس شبکه به از بر کردن تصویرهایش افتاده است." if last.low > 0 else "تغییری که این تصویرها نشان بدهند نیست."))

# %% [markdown] lang="en"
# ## From noise to image
# The chain of Ho et al. 2020, all its steps; `strip` shows as many of them as one likes. On its right stands what the
# network takes the image to be at that moment.
# %% [markdown] lang="fa"
# ## از نوفه تا تصویر
# زنجیرهٔ Ho و همکاران (۲۰۲۰) با همهٔ گام‌هایش؛ تابع `strip` هر چند گام را که بخواهیم نشان می‌دهد. در همان سطر و در سمت راست آن، تصویری آمده است که
# شبکه در آن لحظه گمان می‌برد.

# %%
shown, steps = (1000, 900, 700, 500, 300, 100, 50, 0), 20 if study.small else 1000
strip = lab.strip(free_model, 2, shown, steps)
order = torch.stack([strip.states, strip.guesses], 1).flatten(0, 1)  # (steps x {state, guess}, n, C, H, W)
study.figure(image_grid((order.flatten(0, 1) + 1) / 2, len(shown), 4, row_labels=[f"t = {t}" for t in shown], col_labels=["x_t, first", "second", "E[x₀ | x_t], first", "second"], cell=1.6), "reverse",
             f"Two samples of `ddpm-captcha` at eight of {steps:,} steps: the state, and the network's guess of the image.", f"دو نمونه از `ddpm-captcha` در هشت گام از {steps:,} گام: حالت، و حدس شبکه از تصویر.")
unasked, quick = generate(free, 12, seed=1, device=DEVICE)[0], free_model.config.sampler
study.figure(image_grid(unasked, 4, 3, titles=[spell(signs) for signs in read(unasked).tolist()], cell=2.0), "unasked",
             f"Twelve samples of `ddpm-captcha` by its quick sampler ({type(quick.step).__name__}, {quick.steps} steps), below what the reader makes of them. No text was asked for, so none of it is right or wrong.",
             f"دوازده نمونهٔ `ddpm-captcha` با نمونه‌گیر تندش (<bdi dir=\"ltr\">{type(quick.step).__name__}</bdi>، {quick.steps} گام)، زیر آنچه خواننده از آن‌ها می‌خواند. متنی خواسته نشده بود، پس درست و نادرستی در کار نیست.")
study.say(f"Two samples by {steps:,} steps took {strip.seconds:.0f} s.",
          f"دو نمونه با {steps:,} گام {strip.seconds:.0f} ثانیه طول کشید.")

# %% [markdown] lang="en"
# ## A model that is told the text
# Three things are added to the network, and nothing is taken away:
#
# 1. a table of vectors for each place, a row a sign, and one row for "nothing said": five tokens;
# 2. in every attention block, attention from the positions of the image to those five tokens;
# 3. in training each image has its text replaced by nothing with probability 0.1, so that one network knows both laws. Sampling
#    goes beyond the conditional answer by the *guidance scale* $s$: $\hat x_0 = \hat x_0^{\varnothing} + s\,(\hat x_0^{\text{text}} - \hat x_0^{\varnothing})$;
#    $s = 1$ is none (the paper's $w$ is $s - 1$).
#
# The signs are not told where they stand in the picture: attention has to find out. Noise is removed along straight lines (flow
# matching), which takes 25 steps in place of 1,000; the loss is otherwise the same.
# %% [markdown] lang="fa"
# ## مدلی که متن را به آن می‌گوییم
# سه چیز به شبکه افزوده می‌شود و چیزی کم نمی‌شود:
#
# ۱. برای هر جای متن جدولی از بردارها، هر نویسه یک سطر، و یک سطر برای «چیزی گفته نشد»: پنج توکن؛
#
# ۲. در هر بلوک توجه، توجهی از مکان‌های تصویر به این پنج توکن؛
#
# ۳. در آموزش، متنِ هر تصویر با احتمال ۰٫۱ با «هیچ» عوض می‌شود تا یک شبکه هر دو قانون را بداند. نمونه‌گیری با *ضریب هدایت* $s$ از پاسخ شرطی فراتر می‌رود:
# $\hat x_0 = \hat x_0^{\varnothing} + s\,(\hat x_0^{\text{text}} - \hat x_0^{\varnothing})$؛ مقدار $s = 1$ یعنی بی‌هدایت ($w$ مقاله برابر $s - 1$ است).
#
# جای نویسه‌ها در تصویر به مدل گفته نمی‌شود؛ توجه باید خودش آن را بیابد. نوفه در راستای خط‌های راست زدوده می‌شود (flow matching) که به جای ۱٬۰۰۰ گام ۲۵ گام
# می‌خواهد؛ هزینه از جهات دیگر همان است.

# %%
text, asking = "b2n4x", told_model.config.sampler
how = f"s = {asking.guidance.scale:g}, {type(asking.step).__name__}, {asking.steps}"
wanted = torch.tensor([signs_of(text)] * 5)
five, seconds = lab.ask(told_model, wanted)
answers = read(five)
right = (answers == wanted).all(1).tolist()
study.figure(image_grid(five, 5, 1, titles=[spell(signs) for signs in answers.tolist()], correct=right, cell=2.6), "five",
             f"Five samples of the text {text} ({how} steps), below what the reader makes of each: green where it is the text.", f"پنج نمونه از متن <bdi>{text}</bdi> (<bdi dir=\"ltr\">{how}</bdi> گام)، زیر آنچه خواننده از هر کدام می‌خواند: سبز یعنی همان متن.")
distance = float(torch.pdist(five.flatten(1).double()).mean() / five[0].numel() ** 0.5)
real = data.test.x[:50].flatten(1).double() / 255
unlike = float(torch.pdist(real).mean() / real.shape[1] ** 0.5)
study.measure("five_apart", distance, n=5, unit="of the grey range", protocol="root mean square difference of the pixels, mean over pairs of five samples of one text", floor=unlike, text=text)
various = ("They are five captchas and not one", "پنج کپچاست و نه یکی") if distance > 0.1 * unlike else ("They are all but one captcha", "کمابیش یک کپچاست")
training_copy = tuple(signs_of(text)) in seen
study.say(f"{sum(right)} of the five read {text}, {int((answers == wanted).sum())} of their 25 signs are right ({seconds / 5:.1f} s a sample). {various[0]}: two of them differ by {distance:.3f} of the grey range a pixel (root mean square), two real ones of different texts by {unlike:.3f}. The text {'occurs' if training_copy else 'does not occur'} among the {len(data.train):,} training images.",
          f"از این پنج تا {sum(right)} تا <bdi>{text}</bdi> خوانده می‌شود و {int((answers == wanted).sum())} نویسه از ۲۵ نویسه درست است (هر نمونه {seconds / 5:.1f} ثانیه). {various[1]}: هر دو تایشان در هر پیکسل {distance:.3f} از بازهٔ خاکستری فرق دارند (ریشهٔ میانگین مربع) و دو کپچای واقعی با متن‌های گوناگون {unlike:.3f}. این متن در میان <bdi dir=\"ltr\">{len(data.train):,}</bdi> تصویر آموزش {'آمده است' if training_copy else 'نیامده است'}.")

# %% [markdown] lang="en"
# ## Can they be read?
# A captcha counts as good where all five signs are read in order. The reader is not perfect, so its own rate on real (drawn)
# test images stands beside every number.
# %% [markdown] lang="fa"
# ## آیا خوانده می‌شوند؟
# کپچایی خوب به شمار می‌آید که هر پنج نویسه‌اش به ترتیب خوانده شود. خواننده بی‌خطا نیست؛ پس نرخ خودش روی تصویرهای واقعی (کشیده‌شدهٔ) آزمون کنار هر
# عدد می‌ایستد.

# %%
exact, sign = study.results("captcha-text", "exact_match"), study.results("captcha-text", "sign_accuracy")
best = reader_rate(1000)
study.table(study.pick(["", "all five signs", "each sign", "at places 1 to 5"], ["", "هر پنج نویسه", "هر نویسه", "جاهای ۱ تا ۵"]), [
    [study.pick(f"{exact.n:,} texts asked of `captcha-text`", f"{exact.n:,} متن خواسته از `captcha-text`").replace("`", ""), kit.percent(exact), kit.percent(sign), None],
    [study.pick("the reader on 1,000 drawn test images", "خواننده روی ۱٬۰۰۰ تصویر کشیده‌شدهٔ آزمون"), kit.percent(best.exact), kit.percent(best.sign), lab.places(best)],
    [study.pick("guessing", "حدس"), kit.Cell(f"{100 * best.exact_chance:.5f} %"), kit.Cell(f"{100 * best.sign_chance:.1f} %"), None],
], f"Share of captchas that read as the text asked for ({how} steps), with 95 % intervals.", f"سهم کپچاهایی که متنِ خواسته‌شده از آن‌ها خوانده می‌شود (<bdi dir=\"ltr\">{how}</bdi> گام)، با بازهٔ ۹۵ درصد.")
independent = sign.value**LENGTH
together = exact.low > independent  # fewer captchas fail than if their signs failed apart
study.say(f"{100 * exact.value:.1f} % are read exactly, where the reader reaches {100 * exact.floor:.1f} % on real ones. Were mistakes independent, {100 * sign.value:.1f} % a sign would give {100 * independent:.1f} % a text: "
          + ("they cluster, and some captchas fail as a whole." if together else "the interval holds that, so signs may well fail one by one." if exact.high >= independent else "fewer than that are right."),
          f"{100 * exact.value:.1f} ٪ درست خوانده می‌شود و خواننده روی واقعی‌ها به {100 * exact.floor:.1f} ٪ می‌رسد. اگر خطاها مستقل بودند، {100 * sign.value:.1f} ٪ برای هر نویسه به {100 * independent:.1f} ٪ برای متن می‌رسید: "
          + ("خطاها کنار هم می‌آیند و بعضی کپچاها یکجا خراب می‌شوند." if together else "بازه آن را در بر دارد، پس شاید نویسه‌ها یکی‌یکی خراب شوند." if exact.high >= independent else "کمتر از این درست است."))

# %% [markdown] lang="en"
# ### Guidance
# The same random texts and the same noise at three scales.
# %% [markdown] lang="fa"
# ### هدایت
# همان متن‌های تصادفی و همان نوفه با سه ضریب.

# %%
texts = torch.from_numpy(philox("texts asked for").integers(len(SIGNS), size=(8 if study.small else 96, LENGTH)))
new = sum(tuple(signs) not in seen for signs in texts.tolist())
found = [lab.guided(told_model, texts, scale, data.test.x[: len(texts)] / 255) for scale in study.track((1.0, 2.0, 3.0), "guidance")]
tables.guidance(study, found, texts, new, best)
images, answers = (torch.cat([part[:4] for part in parts]) for parts in ([g.images for g in found], [g.answer for g in found]))
study.figure(image_grid(images, len(found), 4, row_labels=[f"s = {g.scale:g}" for g in found], col_labels=[spell(signs) for signs in texts[:4].tolist()], titles=[spell(signs) for signs in answers.tolist()],
                        correct=(answers == texts[:4].repeat(len(found), 1)).all(1).tolist(), cell=2.0), "guidance",
             "Four texts (below the columns) at three scales, from the same noise.", "چهار متن (زیر ستون‌ها) با سه ضریب، از یک نوفه.")
best_guided, other = sorted(found[1:], key=lambda g: -g.legible.exact.value)
top, (gained, lost, chance), (*_, between) = best_guided.scale, lab.sign_test(found[0], best_guided, texts), lab.sign_test(other, best_guided, texts)
study.say(f"With guidance {top:g} {gained} texts are right that fail without, and {lost} the other way round (sign test: p = {chance:.2g}{'' if chance < 0.05 else ', so it may be chance'}). Guidance {top:g} and {other.scale:g} are {'told apart' if between < 0.05 else 'not told apart'} by these texts (p = {between:.2g}). Guidance costs a second answer of the network at every step.",
          f"با ضریب {top:g}، {gained} متن درست شد که بی‌هدایت خراب می‌شد و {lost} متن برعکس (آزمون علامت: {kit.ltr(f'p = {chance:.2g}')}{'' if chance < 0.05 else '، پس شاید تصادف باشد'}). این متن‌ها ضریب‌های {top:g} و {other.scale:g} را از هم جدا {'می‌کنند' if between < 0.05 else 'نمی‌کنند'} ({kit.ltr(f'p = {between:.2g}')}). هدایت در هر گام یک پاسخ دیگر از شبکه می‌خواهد.")

# %% [markdown] lang="en"
# ### Which signs are mistaken
# %% [markdown] lang="fa"
# ### کدام نویسه‌ها اشتباه می‌شوند

# %%
made = sum((lab.mistakes(texts, g.answer) for g in found), Counter())
on_real = lab.mistakes(data.test.factors, read(data.test.x / 255))
study.figure(lab.matrix(made), "confusion", f"Signs asked for and what was read in their place, over {len(found)} × {len(texts)} texts.", f"نویسهٔ خواسته‌شده و آنچه به جایش خوانده شد، روی <bdi dir=\"ltr\">{len(found)} × {len(texts)}</bdi> متن.")
total, total_real = sum(made.values()), sum(on_real.values())
worst = {sign: share for sign, share in lab.hardest(made, texts, len(found)).items() if share} or {"–": 0.0}
alike = sum(n for pair, n in made.items() if pair in on_real)
study.say(f"{total} of {texts.numel() * len(found):,} signs were read otherwise; most often {lab.pairs(made) or 'none'}. Hardest to draw: " + ", ".join(f"{a} ({100 * share:.0f} % wrong)" for a, share in worst.items())
          + f". On real images the reader makes {total_real} mistakes in {data.test.factors.numel():,} signs ({lab.pairs(on_real) or 'none'}); {alike} of the {total} above are of a pair that it also mistakes there, so they may be its own.",
          f"{total} نویسه از <bdi dir=\"ltr\">{texts.numel() * len(found):,}</bdi> نویسه چیز دیگری خوانده شد؛ بیشتر <bdi dir=\"ltr\">{lab.pairs(made) or '–'}</bdi>. سخت‌ترین‌ها برای کشیدن: " + "، ".join(f"<bdi>{a}</bdi> ({100 * share:.0f} ٪ خطا)" for a, share in worst.items())
          + f". خواننده روی تصویرهای واقعی {total_real} خطا در <bdi dir=\"ltr\">{data.test.factors.numel():,}</bdi> نویسه دارد (<bdi dir=\"ltr\">{lab.pairs(on_real) or '–'}</bdi>)؛ {alike} خطا از {total} خطای بالا از جفتی است که آن‌جا هم اشتباه می‌شود و شاید از خود او باشد.")

# %% [markdown] lang="en"
# ## Pitfalls
# - Images in $[0, 1]$ with noise of variance 1 have half the signal of those in $[-1, 1]$, a fourth of the signal-to-noise ratio at every step: the schedule is another one.
# - Tables of $\bar\alpha$ start at index 0, steps at 1: shifted by one, the chain ends with noise on the image. The last step draws none.
# - "Nothing said" drawn once a batch and not once an image: then some batches teach nothing of the text.
# - $s$ and $w = s - 1$ both are called guidance scale; say which.
# - Samples of the weights of the moment flicker; the average over training does not. But an average over too many examples is still full of the first ones.
# - A reader trained on few captchas knows them by heart. The one used here learnt from 35,000 that no generator has seen.
# - A judge that is shown the generator's own training texts rewards copies. Ask for texts that do not occur there.
# %% [markdown] lang="fa"
# ## لغزش‌گاه‌ها
# - تصویر در $[0, 1]$ با نوفهٔ واریانس ۱ نیمی از سیگنالِ $[-1, 1]$ را دارد و در هر گام یک‌چهارمِ نسبت سیگنال به نوفه: یعنی زمان‌بندی دیگری است.
# - جدول $\bar\alpha$ از خانهٔ ۰ آغاز می‌شود و گام‌ها از ۱: با یک خانه جابه‌جایی، زنجیره با نوفه‌ای روی تصویر پایان می‌یابد. گام آخر نوفه‌ای نمی‌کشد.
# - «چیزی گفته نشد» یک بار برای هر دسته کشیده شود و نه برای هر تصویر: آن‌گاه بعضی دسته‌ها از متن چیزی یاد نمی‌دهند.
# - هم $s$ و هم $w = s - 1$ را ضریب هدایت می‌نامند؛ بگویید کدام.
# - نمونه‌های وزنِ لحظه‌ای می‌لرزند و نمونه‌های میانگین نه. اما میانگین روی نمونه‌های بسیار زیاد هنوز پر از وزن‌های نخستین است.
# - خواننده‌ای که با کپچاهای کم آموزش ببیند آن‌ها را از بر می‌کند. خوانندهٔ این‌جا از ۳۵٬۰۰۰ تصویر آموخته که هیچ مولدی ندیده است.
# - داوری که متن‌های آموزشِ خود مولد را ببیند به رونوشت پاداش می‌دهد. متنی بخواهید که در آن‌جا نیامده است.

# %% [markdown] lang="en"
# ## Sources
# Ho, Jain & Abbeel 2020 (arXiv 2006.11239); Ronneberger et al. 2015 (arXiv 1505.04597); Vaswani et al. 2017 (arXiv 1706.03762);
# Ho & Salimans 2022 (arXiv 2207.12598); Lipman et al. 2023 (arXiv 2210.02747); Lu et al. 2022 (DPM-Solver++, arXiv 2211.01095);
# Rombach et al. 2022 (attention to a text, arXiv 2112.10752); Wilhelmy & Rosas 2013 (Captcha dataset). The same model on MNIST, its derivation and
# the ablation of the U-Net: `ddpm`.
# %% [markdown] lang="fa"
# ## منابع
# Ho, Jain & Abbeel 2020 (arXiv 2006.11239)؛ Ronneberger et al. 2015 (arXiv 1505.04597)؛ Vaswani et al. 2017 (arXiv 1706.03762)؛
# Ho & Salimans 2022 (arXiv 2207.12598)؛ Lipman et al. 2023 (arXiv 2210.02747)؛ Lu et al. 2022 (DPM-Solver++, arXiv 2211.01095)؛
# Rombach et al. 2022 (توجه به متن، arXiv 2112.10752)؛ Wilhelmy & Rosas 2013 (Captcha dataset). همین مدل روی MNIST، اشتقاق آن و حذف بخش‌های U-Net در
# `ddpm` است.
