# ---
# simorgh:
#   title:
#     en: "Stable Diffusion in small: diffusion behind an autoencoder, and what it changes in the code"
#     fa: "Stable Diffusion در اندازهٔ کوچک: انتشار پشت یک خودرمزگذار، و آنچه در کد تغییر می‌کند"
#   answers: [D4.d]
#   runs: {latent-mnist: 1, flow: 1}
# ---
# %% [markdown] lang="en"
# ## Question
# What is Stable Diffusion, which parts of a diffusion model change on the way to it, and what is bought with an
# autoencoder in front: speed, quality, or neither on images as small as digits?
#
# ## Assumptions
# The sheet asks for changes of "the code" behind a link that is lost. What is changed here is this laboratory's own
# conditional model, `flow`.
# %% [markdown] lang="fa"
# ## پرسش
# ‏Stable Diffusion چیست، در راه رسیدن به آن کدام بخش‌های یک مدل انتشار تغییر می‌کند، و خودرمزگذارِ جلوی آن چه می‌آورد: سرعت، کیفیت، یا برای
# تصویرهایی به کوچکی رقم هیچ‌کدام؟
#
# ## فرض‌ها
# صورت تمرین تغییرِ «کد» پشت پیوندی را می‌خواهد که گم شده است. آنچه این‌جا تغییر می‌کند مدل شرطیِ خودِ این آزمایشگاه، `flow`، است.

# %%
from dataclasses import replace
from statistics import median
from time import perf_counter

import numpy as np
import torch

from simorgh.contracts import Batch, Tick
from simorgh.data import load
from simorgh.data.captions import captions
from simorgh.diffusion.denoiser import levels
from simorgh.evaluate import judge
from simorgh.metrics.frechet import frechet_distance
from simorgh.metrics.intervals import jackknife, wilson
from simorgh.nn.unet import UNet
from simorgh.noise import Noise, SampleNoise, philox
from simorgh.report.figures import block_diagram, image_grid, reconstruction_pairs
from simorgh.studies import _changes, _costs, kit
from simorgh.train.experiment import override, to_dict

study = kit.current()
run, pixels = study.runs("latent-mnist")[0], study.runs("flow")[0]
model, direct, data = run.model(), pixels.model(), load(run.experiment.data)
inner, config = model.diffusion, run.experiment.model
n, steps = (100, 3) if study.small else (500, 15)
solver = replace(config.diffusion.sampler, steps=steps)
labels = torch.arange(n) % 10
study.warn_if_small()

# %% [markdown] lang="en"
# ## What it is
# Three parts, trained in two stages (Rombach et al. 2022):
#
# 1. **an autoencoder** that brings an image to a small map with a few channels and back. Its posterior is kept near a
#    normal by a faint KL term (or its map is quantised); it is trained first and then rests.
# 2. **a diffusion model of the maps**, each brought to deviation 1. Path, loss, guidance and sampler know nothing of it.
# 3. **a text encoder**, whose tokens the network reads through cross-attention; it is trained with the second part, or
#    taken ready.
#
# Stable Diffusion has maps of 64 x 64 x 4 for 512 x 512 pixels, 860 million parameters in the U-Net and CLIP's frozen text
# encoder. Here: maps of 7 x 7 x 4 for 28 x 28 pixels and a class by cross-attention; the text is a change of two settings.
# %% [markdown] lang="fa"
# ## چیست
# سه بخش که در دو مرحله آموزش می‌بینند (Rombach و همکاران، ۲۰۲۲):
#
# ۱. **خودرمزگذار** که تصویر را به نقشه‌ای کوچک با چند کانال می‌برد و بازمی‌گرداند. جملهٔ KL کم‌رنگی پسینش را نزدیک نرمال نگه می‌دارد (یا نقشه
#    کوانتیده (quantised) می‌شود)؛ نخست آموزش می‌بیند و سپس ثابت می‌ماند.
#
# ۲. **مدل انتشارِ نقشه‌ها** که هرکدام به انحراف معیار ۱ رسانده شده‌اند. مسیر، هزینه، هدایت و نمونه‌گیر از این جابه‌جایی خبر ندارند.
#
# ۳. **رمزگذار متن** که شبکه توکن‌هایش را با توجه متقاطع می‌خواند؛ همراه بخش دوم آموزش می‌بیند یا آماده گرفته می‌شود.
#
# در Stable Diffusion نقشه‌ها برای ۵۱۲ در ۵۱۲ پیکسل ۶۴ در ۶۴ در ۴ هستند، U-Net هشتصد و شصت میلیون پارامتر دارد و رمزگذار متن، CLIP ثابت
# است. این‌جا: نقشهٔ ۷ در ۷ در ۴ برای ۲۸ در ۲۸ پیکسل و برچسب با توجه متقاطع؛ متن فقط تغییر دو تنظیم است.

# %%
size = " x ".join(map(str, (*inner.shape[1:], inner.shape[0])))
study.figure(block_diagram([["image", "encoder", f"map {size}", "add noise", "U-Net", "velocity"],
                            ["noise ", "U-Net ", "solver step", f"map {size} ", "decoder", "new image"],
                            ["class or text", "tokens", "cross-attention in the U-Net"]],
                           ["encoder", "decoder", f"map {size}", f"map {size} ", "cross-attention in the U-Net"], [("solver step", "U-Net ")]),
             "overview", "Above: training. In the middle: sampling, the decoder once at the end. Below: the condition. In colour what differs from diffusion on pixels.",
             "بالا: آموزش. میانه: نمونه‌گیری، با یک بار رمزگشایی در پایان. پایین: شرط. رنگی: آنچه با انتشار روی پیکسل فرق دارد.")

# %% [markdown] lang="en"
# ## Which modules change
# Made by comparing the recipe `flow` (pixels) with `latent-mnist`, and their trained models. The whole of the first model's
# settings stand under `model.diffusion` in the second.
# %% [markdown] lang="fa"
# ## کدام بخش‌ها تغییر می‌کنند
# از مقایسهٔ دستور `flow` (روی پیکسل) با `latent-mnist` و مدل‌های آموزش‌دیدهٔ آن‌ها. همهٔ تنظیم‌های مدل نخست در دومی زیر `model.diffusion` است.

# %%
found = _changes.tables(study, pixels, run, moved=("model.", "model.diffusion."))
core = tuple(f"model.diffusion.{part}" for part in ("path", "target", "weight", "levels", "sampler"))
touched = [path for path, _, _ in found if path.startswith(core)]
texts = tuple(c.text for c in captions() if c.trained)
small_sd = override(run.experiment, {"data.name": "mnist-captions", "model.diffusion.condition.kind": "caption"})
with torch.random.fork_rng(devices=[]):
    torch.manual_seed(0)
    built = small_sd.model.build(replace(run.spec, captions=texts)).eval()
answer = built.sample(2, SampleNoise(0, 2), built.diffusion.told.ids(["", "the digit three"]), replace(solver, steps=2))
assert answer.shape == (2, *run.spec.shape)
both = _changes.changed(_changes.flat(to_dict(run.experiment)), _changes.flat(to_dict(small_sd)))
assert len(both) == 2  # as the first part says
study.say(
    "In words: what the **data** give is encoded on the way in (`models/latent_diffusion.py`, `nn/grids.py`); the **network** has as many channels as a map and reads the condition by cross-attention (`nn/unet.py`, `nn/attention.py`); the **output** is decoded, once; and the model itself says that its examples have mean 0, deviation 1 and no bounds. "
    + ("Path, target, weight, levels and sampler are the same to the last setting. " if not touched else f"Set otherwise within the diffusion itself: {', '.join(touched)}. ")
    + f"With text it is Stable Diffusion's design in full, and takes {len(both)} further settings: {'; '.join(f'`{path}` from {a} to {b}' for path, a, b in both)}. Built here ({sum(p.numel() for p in built.parameters()):,} parameters) and asked for `[\"\", \"the digit three\"]`, untrained, it answers two images; training of a text condition is the subject of `text_condition`.",
    "به زبان ساده: **داده** در ورود رمزگذاری می‌شود (`models/latent_diffusion.py` و `nn/grids.py`)؛ **شبکه** به تعداد کانال‌های نقشه کانال دارد و شرط را با توجه متقاطع می‌خواند (`nn/unet.py` و `nn/attention.py`)؛ **خروجی** یک بار رمزگشایی می‌شود؛ و مدل خود می‌گوید که نمونه‌هایش میانگین ۰، انحراف معیار ۱ و بی‌کران‌اند. "
    + ("مسیر، هدف، وزن، ترازها و نمونه‌گیر تا آخرین تنظیم یکسان‌اند. " if not touched else f"در خود انتشار این‌ها جور دیگری تنظیم شده‌اند: <bdi dir=\"ltr\">{', '.join(touched)}</bdi>. ")
    + f"با متن، طرح کامل Stable Diffusion به دست می‌آید و {len(both)} تنظیم دیگر می‌خواهد: {'؛ '.join(f'`{path}` از {a} به {b}' for path, a, b in both)}. این مدل این‌جا ساخته شد ({sum(p.numel() for p in built.parameters()):,} پارامتر) و بی آموزش به <bdi dir=\"ltr\">`[\"\", \"the digit three\"]`</bdi> با دو تصویر پاسخ داد؛ آموزشِ شرط متنی موضوع `text_condition` است.",
)

# %% [markdown] lang="en"
# ## The codec
# %% [markdown] lang="fa"
# ## رمزگذار و رمزگشا

# %%
x = data.test.x[:2000].float() / 255
with torch.no_grad():
    maps = torch.cat([model.maps(part, Noise(0, "study", i)) for i, part in enumerate(x.split(500))])
    spread = torch.cat([model.posterior(part)[1].exp() for part in x.split(500)]).mean((0, 1, 2)).sqrt()
    back = model.reconstruct(x[:10])
study.figure(reconstruction_pairs(x[:10], back), "reconstructions", "Ten test images, their way through encoder and decoder, and the difference.", "ده تصویر آزمون، رفت و برگشتشان از رمزگذار و رمزگشا، و تفاوت.")
cells = [x[:10], *(((maps[:10, c : c + 1] + 3) / 6).clamp(0, 1).repeat_interleave(4, 2).repeat_interleave(4, 3) for c in range(config.channels))]
study.figure(image_grid(torch.cat(cells), len(cells), 10, row_labels=["image", *(f"z{c}" for c in range(config.channels))]), "maps",
             "The same images and the channels of their maps, from 3 deviations below the mean (black) to 3 above (white).",
             "همان تصویرها و کانال‌های نقشه‌شان، از منفی ۳ انحراف معیار (سیاه) تا مثبت ۳ (سفید).")
error = study.results("latent-mnist", "mse")
if error:
    study.say(f"Mean squared error of the reconstructed test images: {kit.number(error)}.", f"میانگین مربع خطای بازسازی تصویرهای آزمون: <bdi dir=\"ltr\">{kit.number(error, unit=False)}</bdi> (سطح خاکستری از ۰ تا ۱).")

# %% [markdown] lang="en"
# ## Why 0.18215 must not be copied
# Stable Diffusion multiplies its maps by 0.18215, because 1 / 0.18215 = 5.49 was the deviation of **its** autoencoder's
# maps, so that their deviation becomes 1. The noise has deviation 1 by definition; a level of noise means something only
# beside the size of the signal. Maps of deviation $s$ see every level $q$ as if it were $q / s$. Here mean and deviation of
# every channel were measured while the codec was trained.
# %% [markdown] lang="fa"
# ## چرا ۰٫۱۸۲۱۵ را نباید رونویسی کرد
# ‏Stable Diffusion نقشه‌ها را در ۰٫۱۸۲۱۵ ضرب می‌کند، چون انحراف معیار نقشه‌های خودرمزگذارِ **خودش** یک بر ۰٫۱۸۲۱۵، یعنی ۵٫۴۹ بود و با این ضرب ۱
# می‌شود. انحراف معیار نوفه بنا به تعریف ۱ است و تراز نوفه فقط در کنار اندازهٔ سیگنال معنا دارد. نقشه‌ای با انحراف معیار $s$ هر تراز $q$ را
# مانند $q / s$ می‌بیند. این‌جا میانگین و انحراف معیار هر کانال در طول آموزش خودرمزگذار سنجیده شده است.

# %%
COPIED = 0.18215
held_mean, held = model.mean, model.deviation
rows = [[kit.ltr(f"z{c}"), *(kit.Cell(f"{float(v):.3f}") for v in (held_mean[c], held[c], spread[c], maps[:, c].mean(), maps[:, c].std(), COPIED * maps[:, c].std() * held[c]))] for c in range(config.channels)]
study.table(study.pick(["channel", "mean held", "deviation held", "the encoder's own noise", "test maps: mean", "test maps: deviation", "deviation under 0.18215"],
                       ["کانال", "میانگین ثبت‌شده", "انحراف ثبت‌شده", "نوفهٔ خود رمزگذار", "نقشه‌های آزمون: میانگین", "نقشه‌های آزمون: انحراف", "انحراف با ۰٫۱۸۲۱۵"]), rows,
            "What the model holds and the encoder's noise, in the codec's own units; what 2,000 test images have after that scaling (0 and 1 would be exact), and what the copied constant would give.", "آنچه مدل ثبت کرده و نوفهٔ رمزگذار، به یکای خود خودرمزگذار؛ آنچه ۲٬۰۰۰ تصویر آزمون پس از آن مقیاس دارند (۰ و ۱ دقیق است) و آنچه ثابتِ رونویسی‌شده می‌داد.")
wrong = float((COPIED * maps.std((0, 2, 3)) * held).mean())
study.measure("latent_deviation", float(held.mean()), n=config.channels, protocol="deviation of the maps' channels held by the model, mean over channels", recipe="latent-mnist")


def decoded(z, scale, shift):
    """Images of maps z that stand for raw maps scale z + shift."""
    with torch.no_grad():
        return torch.cat([model.likelihood.mean(model.decoder(part.permute(0, 2, 3, 1) * scale + shift)) for part in z.split(250)])


def drawn(diffusion, sampler):
    """(n, d, h, w) maps, the classes in turn."""
    with torch.no_grad():
        return torch.cat([diffusion.draw(len(part), SampleNoise(0, len(part), int(part[0])), labels[part], sampler) for part in torch.arange(n).split(250)])


def trained(scale, shift, length=8 if study.small else 300):
    """A small diffusion model of the maps (raw - shift) / scale of the first training images: few steps, but the same for any constant."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        spec = replace(run.spec, shape=inner.shape, mean=(), binary=False)
        small = replace(inner.config, network=UNet((32, 48), attention=(True, False), inject="cross", patch=1)).build(spec)
        train = data.train.take(slice(0, 10_000))
        raw = torch.cat([model.maps(part.float() / 255, Noise(1, "study", i)) for i, part in enumerate(train.x.split(500))]) * held[:, None, None] + held_mean[:, None, None]
    z, optimiser = (raw - torch.as_tensor(shift).view(-1, 1, 1)) / torch.as_tensor(scale).view(-1, 1, 1), torch.optim.Adam(small.parameters(), 2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, length)
    for step in range(length):
        rows = torch.from_numpy(philox("constant", step).integers(0, len(z), 64))
        loss = small.loss(Batch(z[rows], train.y[rows]), Tick(step, 64 * step, step / length, Noise(0, "constant", step))).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return small.eval()


z = drawn(inner, solver)
clipped = drawn(inner, replace(solver, clip=True))
cases = {
    ("as measured", "سنجیده‌شده"): decoded(z, held, held_mean),
    ("decoded by 1 / 0.18215", "رمزگشایی با ۱ بر ۰٫۱۸۲۱۵"): decoded(z, 1 / COPIED, 0.0),
    ("x0 clipped to [0, 1] in the sampler", "برش x0 به ۰ تا ۱ در نمونه‌گیر"): decoded(clipped, held, held_mean),
    ("small net, trained on maps as measured", "شبکهٔ کوچک، آموزش با ثابت سنجیده"): decoded(drawn(trained(held, held_mean), solver), held, held_mean),
    ("small net, trained and decoded with 0.18215", "شبکهٔ کوچک، آموزش و رمزگشایی با ۰٫۱۸۲۱۵"): decoded(drawn(trained(1 / COPIED, 0.0), solver), 1 / COPIED, 0.0),
}
real = judge.reference(n, "test")
floor = frechet_distance(real, judge.reference(n, "train"))
rows, marks = [], {}
for names, images in cases.items():
    features, guessed = judge.judged(images)
    right = wilson(float((guessed.argmax(1) == labels).double().mean()), n)
    distance = jackknife(frechet_distance, real, features)
    marks[names[0]] = right, distance
    protocol = f"{n} samples, classes in turn, {solver.protocol}, no guidance, {judge.NAME}"
    study.measure("constant_accuracy", *right[:3], n=n, unit="share", protocol=protocol, case=names[0])
    study.measure("constant_fd_digits", *distance[:3], n=n, unit="squared feature units", protocol=f"{protocol}, against {n} test images", floor=floor, case=names[0])
    rows.append([study.pick(*names), kit.ends(right), kit.ends(distance, 2)])
rows.append([study.pick("real training images (floor)", "تصویر واقعی آموزش (کف)"), None, kit.Cell(f"{floor:.2f}")])
study.table(study.pick(["maps", "judge accuracy", "fd-digits"], ["نقشه‌ها", "دقت داور", "fd-digits"]), rows, f"{n} samples each, from the same noise; {steps} steps. The two small nets had the same few steps of training and are to be compared with each other only.",
            f"هرکدام {n} نمونه از نوفه‌های یکسان، با {steps} گام. دو شبکهٔ کوچک همان چند گام آموزش را دیده‌اند و فقط با یکدیگر سنجیدنی‌اند.")
study.figure(image_grid(torch.cat([images[:12] for images in cases.values()]), len(cases), 12, row_labels=[study.pick(*names) for names in cases], cell=0.42), "constants", "The same noise and classes in every row, one way of scaling or clipping a row.", "نوفه و رده در همهٔ سطرها یکی است؛ هر سطر یک شیوهٔ مقیاس یا برش.")
def grey(images):
    """Share of the pixels with ink that are neither black nor white."""
    inked = images[images > 0.05]
    return float((inked < 0.95).double().mean())


good, bad = marks["small net, trained on maps as measured"], marks["small net, trained and decoded with 0.18215"]
(_, first), (_, worst) = marks["as measured"], marks["decoded by 1 / 0.18215"]
clipped_distance = marks["x0 clipped to [0, 1] in the sampler"][1].value
farther, ruined, misread = bad[1].low > good[1].high, worst.low > first.high, bad[0].high < good[0].low
greys = [grey(cases[key]) for key in list(cases)[:2]]
study.say(
    f"Under the copied constant the maps have deviation {wrong:.2f} in place of 1. Trained so, the small net {'is further from real digits, beyond both intervals,' if farther else 'cannot be told to be further from real digits'} than with measured numbers: fd-digits {bad[1].value:.1f} against {good[1].value:.1f}; it is {'read as asked less often, beyond both intervals' if misread else 'not read measurably less often as asked'}: {bad[0].value:.1%} against {good[0].value:.1%} (one training each). Decoding the trained model's maps with it {'makes them worse, beyond both intervals' if ruined else 'does not make them measurably worse'}: {worst.value:.1f} against {first.value:.1f}{'' if ruined else f' (the likely reason: convolutions and ReLUs answer a map that is too large with logits that are too large, of the same sign; {greys[1]:.0%} of the pixels with ink are grey in place of {greys[0]:.0%}, and the judge reads shapes)'}. The last mistake, x0 clamped as if maps were pixels: {clipped_distance:.1f}; of the numbers in real maps {float(((maps < 0) | (maps > 1)).double().mean()):.0%} lie outside [0, 1].",
    f"با ثابتِ رونویسی‌شده انحراف معیار نقشه‌ها به جای ۱ برابر {wrong:.2f} است. شبکهٔ کوچکی که چنین آموزش ببیند {'بیرون از هر دو بازه از رقم واقعی دورتر است' if farther else 'نمی‌توان گفت از رقم واقعی دورتر است'} تا با عددهای سنجیده: ‏fd-digits برابر {bad[1].value:.1f} در برابر {good[1].value:.1f} ؛ و {'بیرون از هر دو بازه کمتر' if misread else 'نه به طور سنجش‌پذیر کمتر'} همان خوانده می‌شود که خواسته شد: {bad[0].value:.1%} در برابر {good[0].value:.1%} (از هرکدام یک آموزش). رمزگشایی نقشه‌های مدل آموزش‌دیده با آن {'بیرون از هر دو بازه بدترشان می‌کند' if ruined else 'به طور سنجش‌پذیر بدترشان نمی‌کند'}: {worst.value:.1f} در برابر {first.value:.1f}{'' if ruined else f' (دلیل محتمل: پیچش و ReLU به نقشه‌ای بیش از اندازه بزرگ با لوجیتی بیش از اندازه بزرگ و هم‌علامت پاسخ می‌دهند؛ {greys[1]:.0%} پیکسل‌های دارای مرکب به جای {greys[0]:.0%} خاکستری‌اند، و داور شکل را می‌خواند)'}. خطای آخر، برش x0 چنان‌که گویی نقشه پیکسل است: {clipped_distance:.1f}؛ از عددهای نقشه‌های واقعی {float(((maps < 0) | (maps > 1)).double().mean()):.0%} بیرون از بازهٔ صفر تا یک است.",
)

# %% [markdown] lang="en"
# ## What it costs
# Times are taken in turn, so that whatever else the machine does slows all alike. The last row puts the very network of
# the maps on the pixels: that is the saving which Stable Diffusion is about.
# %% [markdown] lang="fa"
# ## هزینه
# زمان‌ها به نوبت گرفته شده‌اند تا هر کار دیگرِ ماشین همه را یکسان کند کند. سطر آخر همان شبکهٔ نقشه‌ها را روی پیکسل می‌گذارد: صرفه‌جویی Stable
# Diffusion همین است.

# %%
large = config.diffusion.network.build(run.spec.shape, context_dim=config.diffusion.condition.dim).eval()
count, few = (10, 2) if study.small else (100, 4)
told = inner.told(labels[:few])[0]
work = {
    "pixel": lambda: direct.answer(torch.zeros(few, *direct.shape), torch.full((few,), 0.5), labels[:few]),
    "latent": lambda: inner.answer(torch.zeros(few, *inner.shape), torch.full((few,), 0.5), labels[:few]),
    "large": lambda: large(torch.zeros(few, *run.spec.shape), torch.full((few,), 500.0), told),
    "pixel, whole": lambda: direct.sample(count, SampleNoise(0, count), labels[:count], solver),
    "latent, whole": lambda: model.sample(count, SampleNoise(0, count), labels[:count], solver),
    "decoder": lambda: model.decode(z[:count]),
}
taken = {name: [] for name in work}
with torch.no_grad():
    for _ in range(1 if study.small else 3):
        for name, do in work.items():
            start = perf_counter()
            do()
            taken[name].append(perf_counter() - start)
ms = {name: 1000 * median(taken[name]) / few for name in ("pixel", "latent", "large")}
whole = {name: 100 * median(taken[f"{name}, whole"]) / count for name in ("pixel", "latent")}
parameters = {"pixel": direct.network, "latent": inner.network, "large": large}
rows = []
for name, (title, fa) in {"pixel": ("flow, pixels", "flow، پیکسل"), "latent": ("latent-mnist, maps", "latent-mnist، نقشه"), "large": ("the network of the maps, on pixels", "شبکهٔ نقشه‌ها روی پیکسل")}.items():
    values = int(np.prod(inner.shape if name == "latent" else run.spec.shape))
    rows.append([study.pick(title, fa), values, sum(p.numel() for p in parameters[name].parameters()), kit.Cell(f"{ms[name]:.2f}"), solver.evaluations(config.diffusion.path), kit.Cell(f"{whole[name]:.1f}" if name in whole else "–")])
    study.measure("evaluation_ms", ms[name], n=few, unit="ms", protocol=f"median wall clock of one evaluation of the network for one image, batches of {few}, in turn with the others, {torch.get_num_threads()} threads", what=name)
    if name in whole:
        study.measure("sampling_seconds", whole[name], n=count, unit="s per 100 samples", protocol=f"median wall clock, {solver.protocol}, decoding included, in turn, {torch.get_num_threads()} threads", what=name)
study.table(study.pick(["model", "numbers an example", "parameters of the network", "ms an evaluation and image", "evaluations", "seconds for 100 samples"], ["مدل", "تعداد عدد هر نمونه", "پارامتر شبکه", "میلی‌ثانیه برای هر ارزیابی و تصویر", "ارزیابی‌ها", "ثانیه برای ۱۰۰ نمونه"]), rows, f"Cost of sampling, measured in this run of the study: one evaluation in batches of {few}, whole samples in batches of {count}.", f"هزینهٔ نمونه‌گیری، سنجیده در همین اجرا: یک ارزیابی در دسته‌های {few}تایی و نمونهٔ کامل در دسته‌های {count}تایی.")
reach = {name: [100 * pick(taken[f"{name}, whole"]) / count for pick in (min, max)] for name in ("pixel", "latent")}
cheaper, slower = reach["latent"][1] < reach["pixel"][0], reach["latent"][0] > reach["pixel"][1]
share = 100 * median(taken["decoder"]) / count / whole["latent"]
study.say(
    f"The same network is {ms['large'] / ms['latent']:.1f} times cheaper on maps than on pixels, in batches of {few}. " + ("So the latent model samples faster than the pixel one here" if cheaper else "Yet here the latent model samples slower than the pixel one" if slower else "Yet here the latent and the pixel model cannot be told apart in speed") + f" ({whole['latent']:.1f} against {whole['pixel']:.1f} seconds for a hundred, in all {len(taken['decoder'])} timings {reach['latent'][0]:.1f} to {reach['latent'][1]:.1f} against {reach['pixel'][0]:.1f} to {reach['pixel'][1]:.1f}): its network has {rows[1][2] / rows[0][2]:.1f} times the parameters of the other, which sees squares of {direct.config.network.patch} x {direct.config.network.patch} pixels as one position. The decoder takes {share:.1%} of the time.",
    f"همان شبکه در دسته‌های {few}تایی روی نقشه {ms['large'] / ms['latent']:.1f} برابر ارزان‌تر از پیکسل است. " + ("پس این‌جا مدل نهفته تندتر از مدل پیکسلی نمونه می‌گیرد" if cheaper else "با این همه این‌جا مدل نهفته کندتر از مدل پیکسلی نمونه می‌گیرد" if slower else "با این همه این‌جا سرعت مدل نهفته و مدل پیکسلی از هم جدا نیست") + f" ({whole['latent']:.1f} در برابر {whole['pixel']:.1f} ثانیه برای صد نمونه، در همهٔ {len(taken['decoder'])} سنجش {reach['latent'][0]:.1f} تا {reach['latent'][1]:.1f} در برابر {reach['pixel'][0]:.1f} تا {reach['pixel'][1]:.1f}): شبکه‌اش {rows[1][2] / rows[0][2]:.1f} برابر پارامترهای دیگری را دارد و آن دیگری هم خود هر مربع {direct.config.network.patch} در {direct.config.network.patch} پیکسل را یک جایگاه می‌بیند. رمزگشا {share:.1%} زمان را می‌گیرد.",
)

# %% [markdown] lang="en"
# ## Quality
# %% [markdown] lang="fa"
# ## کیفیت

# %%
held_out = {title: {name: study.results(key, name) for name in ("judge_accuracy", "fd_digits", "precision", "recall", "coverage", "seconds")} for title, key in (("flow", "flow"), ("latent-mnist", "latent-mnist"))}
rows = [[title, *row.values()] for title, row in held_out.items()]
study.table([study.pick("model", "مدل"), *study.pick(["judge accuracy", "fd-digits", "precision", "recall", "coverage", "training"], ["دقت داور", "fd-digits", "دقت (precision)", "بازیابی", "پوشش", "آموزش"])], rows, "Both models as the evaluation of their runs measured them; the floor is what real images reach in the same place.", "هر دو مدل، آن‌گونه که ارزیابی اجراهایشان سنجیده است؛ کف مقداری است که تصویر واقعی در همان جا می‌گیرد.")
a, b = (held_out[key]["fd_digits"] for key in ("flow", "latent-mnist"))
apart = a.high < b.low or b.high < a.low
nearer = "flow" if a.value < b.value else "latent-mnist"
right, other = (held_out[key]["judge_accuracy"] for key in ("flow", "latent-mnist"))
misread = right.low > other.high or other.low > right.high
clock_en, clock_fa = _costs.clock_said({"flow": pixels, "latent-mnist": run})
study.say(f"By fd-digits ({a.value:.2f} for flow, {b.value:.2f} for latent-mnist, floor {a.floor:.2f}) " + (f"{nearer} is nearer to real digits, beyond both intervals" if apart else "the two cannot be told apart") + f"; as read by the judge ({right.value:.1%} and {other.value:.1%}) they {'differ beyond both intervals' if misread else 'cannot be told apart'}. One run each, so no statement about other seeds. "
          + "On images as small as digits the autoencoder in front buys " + ("speed" if cheaper else "") + (" and " if cheaper and apart and nearer == "latent-mnist" else "") + ("quality" if apart and nearer == "latent-mnist" else "") + ("neither speed nor quality that these numbers could show" if not cheaper and not (apart and nearer == "latent-mnist") else "") + f"; what it buys is a network {ms['large'] / ms['latent']:.1f} times cheaper than the same one on pixels, which counts where images are large. " + clock_en,
          f"بر پایهٔ <bdi>fd-digits</bdi> ({a.value:.2f} برای flow و {b.value:.2f} برای latent-mnist، کف {a.floor:.2f}) " + (f"مدل <bdi>{nearer}</bdi> بیرون از هر دو بازه به رقم واقعی نزدیک‌تر است" if apart else "این دو از هم جدا نیستند") + f"؛ و در خواندن داور ({right.value:.1%} و {other.value:.1%}) {'بیرون از هر دو بازه فرق دارند' if misread else 'از هم جدا نیستند'}. از هر کدام یک اجراست، پس دربارهٔ بذرهای دیگر چیزی نمی‌گوید. "
          + "برای تصویرهایی به کوچکی رقم، خودرمزگذارِ جلوی مدل " + ("سرعت" if cheaper else "") + (" و " if cheaper and apart and nearer == "latent-mnist" else "") + ("کیفیت" if apart and nearer == "latent-mnist" else "") + ("نه سرعتی می‌آورد و نه کیفیتی که این اعداد نشان بدهند" if not cheaper and not (apart and nearer == "latent-mnist") else " می‌آورد") + f"؛ آنچه می‌آورد شبکه‌ای است {ms['large'] / ms['latent']:.1f} برابر ارزان‌تر از همان شبکه روی پیکسل، که در تصویرهای بزرگ به کار می‌آید. " + clock_fa)

# %% [markdown] lang="en"
# ## From noise to digit, decoded on the way
# %% [markdown] lang="fa"
# ## از نوفه تا رقم، رمزگشایی در میان راه

# %%
stops, few = [], torch.tensor([3, 7, 8])
with torch.no_grad():
    inner.draw(len(few), SampleNoise(5, len(few)), few, solver, lambda u, q, _: stops.append((u, q)))
    told = inner.denoiser(few)
    chosen = [stops[i] for i in sorted({round(i) for i in np.linspace(0, len(stops) - 1, 8)})]
    states = [model.decode(u) for u, _ in chosen]
    guesses = [model.decode(told(u, levels(q, u)).x0 if q > 0 else u) for u, q in chosen]
strip = torch.cat([torch.stack([image[i] for image in images]) for i in range(len(few)) for images in (states, guesses)])
study.figure(image_grid(strip, 2 * len(few), len(chosen), row_labels=study.pick(["noisy map", "estimate"], ["نقشهٔ نوفه‌ای", "برآورد"]) * len(few), col_labels=[f"t = {1 - 1 / (1 + q):.2f}" for _, q in chosen], cell=0.62), "strip",
             "Three classes. For each: above, the noisy map put through the decoder as it is; below, the model's estimate of the clean map at that time, decoded. In training the decoder saw no more noise than the encoder's own.",
             "سه رده. برای هرکدام بالا نقشهٔ نوفه‌ای که همان‌گونه رمزگشایی شده و پایین برآورد مدل از نقشهٔ پاک در آن لحظه. رمزگشا در آموزش نوفه‌ای بیش از نوفهٔ خود رمزگذار ندیده است.")

# %% [markdown] lang="en"
# ## Pitfalls
# - **A copied constant**: measure mean and deviation of your own codec's maps once it has stopped learning, or over its last steps, as here, and check (Table 3).
# - **Clipping or thresholding x0** belongs to pixels, whose range is known. Maps have none.
# - **A codec that goes on learning** moves the data under the diffusion model; and a decoder that never saw the noise of
#   the posterior may answer a small error of a sample with a large one.
# - **A strong KL term** is a VAE's, not a codec's: it blurs first and the diffusion model cannot win that back.
# - **A fast sampler does not make a fast model**: compare evaluations times milliseconds, decoder included.
# %% [markdown] lang="fa"
# ## دام‌ها
# - **ثابتِ رونویسی‌شده**: میانگین و انحراف معیار نقشه‌های خودرمزگذار خودتان را پس از پایان آموزش آن بسنجید، یا مانند این‌جا در آخرین گام‌هایش، و وارسی کنید (جدول ۳).
# - **برش x0** از آنِ پیکسل است که بازه‌اش معلوم است. نقشه بازه‌ای ندارد.
# - **خودرمزگذاری که همچنان بیاموزد** داده را زیر پای مدل انتشار جابه‌جا می‌کند؛ و رمزگشایی که نوفهٔ پسین را هرگز ندیده باشد شاید به خطای کوچکِ یک
#   نمونه با خطایی بزرگ پاسخ دهد.
# - **جملهٔ KL قوی** کار VAE است و نه خودرمزگذار: نخست تار می‌کند و مدل انتشار نمی‌تواند جبرانش کند.
# - **نمونه‌گیر تند مدل را تند نمی‌کند**: تعداد ارزیابی ضرب در میلی‌ثانیه را، با رمزگشا، مقایسه کنید.

# %% [markdown] lang="en"
# ## Sources
# Rombach et al. 2022 (arXiv 2112.10752), latent diffusion; Kingma & Welling 2013 (arXiv 1312.6114); Liu et al. 2023
# (arXiv 2209.03003), the straight path; Ho et al. 2020 (arXiv 2006.11239), ancestral steps.
# %% [markdown] lang="fa"
# ## منابع
# Rombach et al. 2022 (arXiv 2112.10752)، انتشار نهفته؛ Kingma & Welling 2013 (arXiv 1312.6114)؛ Liu et al. 2023
# (arXiv 2209.03003)، مسیر راست؛ Ho et al. 2020 (arXiv 2006.11239)، گام‌های نیایی.
