# ---
# simorgh:
#   title:
#     en: "A text as the condition: what does text_encoder([\"\", prompt]) do, and which modules change?"
#     fa: "متن به جای برچسب: text_encoder([\"\", prompt]) چه می‌کند و کدام بخش‌های کد تغییر می‌کنند؟"
#   answers: [D4.c]
#   runs: {text-mnist: 1, flow: 1}
# ---
# %% [markdown] lang="en"
# ## Question
# A diffusion model that is told a class draws that class. Which parts of it change when it is told a sentence, in
# English or in Persian; and does it then read the sentence, or only recognise sentences that it has seen?
#
# ## Assumptions
# The sheet asks for changes of "the code" behind a link that is lost. What is changed here is this laboratory's own
# conditional model, `flow`.
# %% [markdown] lang="fa"
# ## پرسش
# مدل انتشاری که برچسب به آن گفته شود، همان رده را می‌کشد. اگر به جای برچسب جمله‌ای انگلیسی یا فارسی بشنود کدام بخش‌هایش تغییر می‌کند؟ و آیا
# جمله را می‌خواند یا فقط جمله‌هایی را که پیش‌تر دیده است بازمی‌شناسد؟
#
# ## فرض‌ها
# صورت تمرین تغییرِ «کد» پشت پیوندی را می‌خواهد که گم شده است. آنچه این‌جا تغییر می‌کند مدل شرطیِ خودِ این آزمایشگاه، `flow`، است.

# %%
from dataclasses import replace

import numpy as np
import torch

from simorgh.data import load
from simorgh.data.captions import DIGITS, LANGUAGES, NUMERALS, TRAINED, captions, ink
from simorgh.diffusion.denoiser import levels
from simorgh.diffusion.guidance import Guidance
from simorgh.evaluate import judge
from simorgh.metrics.intervals import mean_interval, paired_difference, wilson
from simorgh.noise import SampleNoise, philox
from simorgh.report.figures import bars, image_grid
from simorgh.studies import _changes, _costs, _reading, kit

study = kit.current()
run, classes = study.runs("text-mnist")[0], study.runs("flow")[0]
model, data = run.model(), load(run.experiment.data)
told, steps = model.told, 3 if study.small else 15
solver = replace(model.config.sampler, steps=steps)
if study.small:
    study.say("**The `smoke` preset**: sixteen steps on 512 images. Its numbers say nothing about the model.",
              "**اندازهٔ `smoke`**: شانزده گام روی ۵۱۲ تصویر؛ اعداد آن چیزی دربارهٔ مدل نمی‌گوید.")

# %% [markdown] lang="en"
# ## What `text_encoder(["", prompt])` does
# Guidance needs two answers of the network to one noisy image: with the condition, and without any. The list of two
# strings fetches both conditions in one call. The empty string is *the sentence that says nothing*: it is what a share
# of the training examples was told in place of its caption (here `condition.drop`), and for that reason alone the network
# knows what to do with it. The noisy images are then doubled, one pass of the network answers both, and
#
# $$ \hat x = \hat x_{\varnothing} + s\,(\hat x_{\mathrm{prompt}} - \hat x_{\varnothing}), $$
#
# where $s = 1$ is no guidance (the paper's $w$ is $s - 1$). Another string in the place of the empty one is called a
# *negative prompt*: the answer is then pushed away from what that string describes.
# %% [markdown] lang="fa"
# ## تابع `text_encoder(["", prompt])` چه می‌کند
# هدایت به دو پاسخ شبکه به یک تصویر نوفه‌ای نیاز دارد: با شرط و بی هیچ شرطی. فهرستِ دو رشته‌ای هر دو شرط را با یک فراخوانی می‌آورد. رشتهٔ تهی
# *جمله‌ای است که هیچ نمی‌گوید*: در آموزش به سهمی از نمونه‌ها به جای شرحشان همین گفته شده است (این‌جا `condition.drop`) و تنها به همین دلیل
# شبکه می‌داند با آن چه کند. سپس تصویرهای نوفه‌ای دو برابر می‌شوند، یک بار گذر از شبکه هر دو پاسخ را می‌دهد و
#
# $$ \hat x = \hat x_{\varnothing} + s\,(\hat x_{\mathrm{prompt}} - \hat x_{\varnothing}) $$
#
# که در آن $s = 1$ یعنی بدون هدایت (نماد $w$ در مقاله برابر $s - 1$ است). اگر رشتهٔ دیگری به جای رشتهٔ تهی بنشیند آن را *متن منفی* (negative
# prompt) می‌نامند: پاسخ از آنچه آن رشته می‌گوید دور می‌شود.

# %%
def text_encoder(texts):
    """Tokens (B, L, dim) and mask (B, L), true where a token counts, of a list of texts."""
    return told(told.ids(texts))


prompt = "the digit three"
tokens, mask = text_encoder(["", prompt])
empty, alone = text_encoder([""]), text_encoder([prompt])
assert torch.equal(told.ids([""])[0], told.null)  # the empty string is what a dropped caption was replaced by
assert torch.allclose(tokens[0, :1], empty[0][0], atol=1e-5)
assert torch.allclose(tokens[1], alone[0][0], atol=1e-5)
study.table(study.pick(["text", "ids", "tokens that count", "shape of its tokens"], ["متن", "شناسه‌ها", "توکن‌های شمرده‌شده", "ابعاد توکن‌ها"]),
            [[kit.ltr(repr(text)), kit.ltr(" ".join(map(str, ids[: int(m.sum())].tolist()))), int(m.sum()), kit.ltr(str(tuple(t.shape)))]
             for text, ids, m, t in zip(["", prompt], told.ids(["", prompt]), mask, tokens)],
            "The two rows of the batch. Id 0 starts every text, so the empty string has one token and not none; the mask hides the filling of the shorter row.",
            "دو سطر دسته. شناسهٔ ۰ آغاز هر متن است؛ پس رشتهٔ تهی یک توکن دارد و نه هیچ. ماسک، پرکنندهٔ سطر کوتاه‌تر را پنهان می‌کند.")

scale, q = 3.0, 1.0
u = SampleNoise(0, 4).normal(4, *model.shape)
both = told.ids([""] * 4 + [prompt] * 4)
null, given = model.denoiser(both)(torch.cat([u, u]), levels(q, both)).x0.chunk(2)  # one pass over a doubled batch
by_hand = null + scale * (given - null)
guided = Guidance(scale).join(model.denoiser(told.ids([prompt] * 4)), model.denoiser(None))(u, levels(q, u)).x0
assert torch.allclose(by_hand, guided, atol=1e-4)
effect = float((given - null).norm() / null.norm())
study.measure("prompt_effect", effect, n=4, unit="of the unconditional estimate", protocol="|x0(prompt) - x0(empty)| / |x0(empty)| at q = 1 on pure noise, one caption", recipe="text-mnist")
study.say(f"Computed above: `\"\"` and a dropped caption are the same ids; each text has the same tokens alone and beside the other; and the doubled batch gives what the sampler's own guidance gives (largest difference {float((by_hand - guided).abs().max()):.1e}). On pure noise the prompt moves the estimate of the image by {effect:.1%} of its norm. In training {run.experiment.model.condition.drop:.0%} of the examples were told nothing.",
          f"در سلول بالا حساب شد: رشتهٔ تهی و شرحِ حذف‌شده شناسه‌های یکسان دارند؛ توکن‌های هر متن، تنها یا کنار دیگری، یکی است؛ و دستهٔ دو برابر همان را می‌دهد که هدایتِ خود نمونه‌گیر می‌دهد (بزرگ‌ترین تفاوت {float((by_hand - guided).abs().max()):.1e}). روی نوفهٔ خالص، متن برآورد تصویر را به اندازهٔ {effect:.1%} نُرم آن جابه‌جا می‌کند. در آموزش به {run.experiment.model.condition.drop:.0%} نمونه‌ها هیچ گفته نشد.")

# %% [markdown] lang="en"
# ## Which modules change
# Both tables are made by comparing the class-conditional recipe `flow` with `text-mnist`, and their trained models.
# %% [markdown] lang="fa"
# ## کدام بخش‌ها تغییر می‌کنند
# هر دو جدول از مقایسهٔ دستور `flow`، که برچسب می‌گیرد، با `text-mnist` و مدل‌های آموزش‌دیدهٔ آن‌ها ساخته شده‌اند.

# %%
found = _changes.tables(study, classes, run)
core = ("model.path", "model.target", "model.weight", "model.levels", "model.sampler", "train.")
touched = [path for path, _, _ in found if path.startswith(core)]
study.say(
    "In words: the **data** bring a caption with every image (`data/captions.py`); the **condition** is a list of signs that a small transformer, trained with the rest, turns into tokens (`diffusion/condition.py`, `nn/text.py`); the **network** reads tokens by cross-attention, queries from the image and keys and values from the text (`nn/attention.py`). "
    + ("Path, target, weight, levels, sampler, guidance and training are the same to the last setting." if not touched else f"Besides, these were set otherwise: {', '.join(touched)}."),
    "به زبان ساده: **داده** با هر تصویر یک شرح می‌آورد (`data/captions.py`)؛ **شرط** فهرستی از نشانه‌هاست که یک ترنسفورمر کوچک، آموزش‌دیده همراه بقیه، آن را به توکن تبدیل می‌کند (`diffusion/condition.py` و `nn/text.py`)؛ **شبکه** توکن‌ها را با توجه متقاطع می‌خواند: پرس‌وجو از تصویر، کلید و مقدار از متن (`nn/attention.py`). "
    + ("مسیر، هدف، وزن، ترازها، نمونه‌گیر، هدایت و آموزش تا آخرین تنظیم یکسان‌اند." if not touched else f"افزون بر این، این‌ها هم جور دیگری تنظیم شده‌اند: <bdi dir=\"ltr\">{', '.join(touched)}</bdi>."),
)

# %% [markdown] lang="en"
# ## Samples for given captions
# %% [markdown] lang="fa"
# ## نمونه برای شرح‌های داده‌شده

# %%
def draw(texts, scale=1.0, seed=0, against=None, chunk=200):
    """(n, 1, 28, 28) images, one a text; the i-th has the same noise whatever the texts are. `against` is a negative prompt."""
    ids, parts = told.ids(texts), []
    with torch.no_grad():
        for first in range(0, len(ids), chunk):
            some, sampler = ids[first : first + chunk], replace(solver, guidance=Guidance(scale))
            noise = SampleNoise(seed, len(some), first)
            if against is None:
                parts.append(model.sample(len(some), noise, some, sampler))
                continue
            away = sampler.guidance.join(model.denoiser(some), model.denoiser(told.ids([against] * len(some))))
            parts.append(model.outward(sampler.draw(away, model.config.path, model.shape, noise)))
    return torch.cat(parts)


shown = ("the digit three", "a handwritten eight", "a thin four", "the digit two in bold strokes", "7", "a picture of the digit five", "a picture of the digit nine",
         "رقم سه", "رقم دست‌نویس هشت", "رقم چهار با خط نازک", "عدد دو که ضخیم نوشته شده است", "۷", "تصویر رقم پنج", "تصویر رقم نه")
trained = {c.text for c in captions() if c.trained}
study.figure(image_grid(draw([text for text in shown for _ in range(12)]), len(shown), 12, row_labels=[text if text in trained else f"{text} †" for text in shown], cell=0.42), "captions",
             f"Twelve samples for each caption, none selected, no guidance, {steps} steps. † marks templates that the training part never had; how often they are read over all ten digits follows.",
             f"برای هر شرح دوازده نمونه، بی‌گزینش و بی‌هدایت، با {steps} گام. نشانهٔ † یعنی این قالب در بخش آموزش نبوده است؛ در ادامه می‌آید که روی هر ده رقم چقدر درست خوانده می‌شود.")

# %% [markdown] lang="en"
# ## Does it read?
# Every caption is drawn several times and the frozen judge names the digit. A template counts as *known* where the
# training part has it, and as *kept back* where only the test part does. The judge's own rate on real images
# stands beside it.
# %% [markdown] lang="fa"
# ## آیا می‌خواند؟
# هر شرح چند بار کشیده می‌شود و داور ثابت رقم را نام می‌برد. قالبی که در بخش آموزش آمده *آشنا* و قالبی که فقط در بخش آزمون آمده
# *کنارگذاشته* است. نرخ خود داور روی تصویرهای واقعی کنار آن آمده است.

# %%
table, groups = captions(), _reading.templates()
assert [(c.language, c.trained) for c in table] == [g[:2] for g in groups]
repeats = 1 if study.small else 10
asked = [c for c in table for _ in range(repeats)]  # repeats of a caption stand together
of = [g for g in groups for _ in range(repeats)]
images = draw([c.text for c in asked])
right = (judge.judged(images)[1].argmax(1) == torch.tensor([c.digit for c in asked])).numpy()
own = judge.judged(data.test.x[:2000].float() / 255)[1].argmax(1)
ceiling = float((own == data.test.y[:2000]).double().mean())
protocol = f"every caption {repeats} times, {solver.protocol}, no guidance, read by {judge.NAME}, Wilson interval"
rows, rates = [], {}
for known in (True, False):
    for language in LANGUAGES:
        mine = right[[g[:2] == (language, known) for g in of]]
        rates[language, known] = m = study.measure("caption_accuracy", *wilson(mine.mean(), len(mine))[:3], n=len(mine), unit="share", protocol=protocol, floor=ceiling, language=language, templates="known" if known else "kept back")
        rows.append([study.pick(*{"en": ("English", "انگلیسی"), "fa": ("Persian", "فارسی")}[language]), study.pick(*(("known", "آشنا") if known else ("kept back", "کنارگذاشته"))), len(mine), m])
study.table(study.pick(["language", "templates", "samples", "read as asked"], ["زبان", "قالب‌ها", "نمونه‌ها", "سهم درست"]), rows,
            f"Share of samples that the judge reads as asked, with the 95 % interval of Wilson; its floor entry, {ceiling:.3f}, is the judge's rate on real test images.",
            f"سهم نمونه‌هایی که داور همان رقمِ خواسته می‌خواند، با بازهٔ ۹۵ درصد ویلسون؛ عددی که در جدول «کف» نام دارد، {ceiling:.3f}، نرخ داور روی تصویرهای واقعی آزمون است.")

names, shares = [], []
for group in dict.fromkeys(groups):
    mine = right[[g == group for g in of]]
    language, known, template = group
    text = template.format(digit=DIGITS[language][3], numeral=NUMERALS[language][3], weight={"en": "thin", "fa": "نازک"}[language])
    names.append(text if known else f"{text} †")
    shares.append(wilson(mine.mean(), len(mine)))
    study.measure("template_accuracy", *shares[-1][:3], n=len(mine), unit="share", protocol=protocol, floor=ceiling, language=language, template=template, templates="known" if known else "kept back")
study.figure(bars(names, [s.value for s in shares], [s.low for s in shares], [s.high for s in shares], "read as asked", reference=ceiling, zero=False), "templates",
             "Each template, written with the digit three (and thin) as an example, over all ten digits. Dashed: the judge on real images. † marks templates kept back.",
             "هر قالب، که برای نمونه با رقم سه (و خط نازک) نوشته شده، روی هر ده رقم. خط‌چین: داور روی تصویر واقعی. نشانهٔ † یعنی قالبِ کنارگذاشته.")
kept_back = {True: [], False: []}  # by whether the training part has a digit in the same place, after the same words
for (language, known, template), m in zip(dict.fromkeys(groups), shares):
    if not known:
        familiar = any(t.startswith(template.split("{digit}")[0] + "{digit}") for t in TRAINED[language])
        missing = sorted({*template.replace("{digit}", "").replace("{weight}", "")} - {*told.alphabet.signs})
        kept_back[familiar].append((template.replace("{digit}", "…").replace("{weight}", "…"), m, " ".join(missing)))
apart = bool(kept_back[True] and kept_back[False]) and min(m.low for _, m, _ in kept_back[True]) > max(m.high for _, m, _ in kept_back[False])

missed = bool(kept_back[False]) and max(m.high for _, m, _ in kept_back[False]) < 0.5
mixed = all({bool(new) for *_, new in kind} == {True, False} for kind in kept_back.values())


def listed(familiar, en=True):
    """The kept-back templates of one kind with their rates and the signs that training never showed."""
    none = "no sign is new" if en else "نشانهٔ تازه ندارد"
    some = "new signs: {}" if en else "نشانهٔ تازه: {}"
    mark = (lambda text: f"“{text}”") if en else (lambda text: f"«<bdi>{text}</bdi>»")
    return ("; " if en else "؛ ").join(f"{mark(text)} {kit.ltr(f'{m.value:.2f} [{m.low:.2f}, {m.high:.2f}]')} ({some.format(new) if new else none})" for text, m, new in kept_back[familiar])


def verdict(language):
    a, b = rates[language, True], rates[language, False]
    en = f"{a.value:.1%} on known templates and {b.value:.1%} on kept-back ones" + (", a loss beyond both intervals" if a.low > b.high else ", no loss beyond the intervals")
    fa = f"{a.value:.1%} روی قالب‌های آشنا و {b.value:.1%} روی کنارگذاشته‌ها" + ("، افتی بیرون از هر دو بازه" if a.low > b.high else "، بی افتی بیرون از بازه‌ها")
    return en, fa


(en_1, fa_1), (en_2, fa_2) = map(verdict, LANGUAGES)
study.say(
    f"English: {en_1}. Persian: {en_2}. The kept-back templates differ among themselves. With the digit where the training part has one, after the same words: {listed(True)}. With the digit in a new place: {listed(False)}. " + ("All of the first kind lie above all of the second" + (", which are misread in more than half of their samples" if missed else "") + f": with {sum(map(len, kept_back.values()))} templates this suggests that a digit is read where sentences of training had it, behind words that they had. {'Templates with and without new signs are found in both kinds, so new signs alone do not explain it' if mixed else 'Whether new signs explain it, so few templates cannot say'}. " if apart else "The intervals of the two kinds do not lie apart. ") + "A sign that training never showed is one unknown id whose vector was never trained.",
    f"انگلیسی: {fa_1}. فارسی: {fa_2}. قالب‌های کنارگذاشته خود یکسان نیستند. آن‌ها که رقم در جایی آشنا و پس از همان واژه‌ها می‌آید: {listed(True, False)}. آن‌ها که رقم در جایی تازه است: {listed(False, False)}. " + ("همهٔ گونهٔ نخست بالاتر از همهٔ گونهٔ دوم است" + ("، و گونهٔ دوم در بیش از نیمی از نمونه‌ها نادرست خوانده می‌شود" if missed else "") + f": با {sum(map(len, kept_back.values()))} قالب، این نشان از آن دارد که رقم در جایی خوانده می‌شود که جمله‌های آموزش آن را پس از همان واژه‌ها داشته‌اند. {'قالبِ با نشانهٔ تازه و بی آن در هر دو گونه هست، پس نشانه‌های تازه به تنهایی دلیل آن نیست' if mixed else 'این‌که نشانه‌های تازه دلیل آن باشد یا نه، با این چند قالب گفتنی نیست'}. " if apart else "بازه‌های این دو گونه از هم جدا نیستند. ") + "نشانه‌ای که در آموزش نیامده شناسه‌ای ناشناخته است که بردارش هرگز آموزش ندیده است.",
)

# %% [markdown] lang="en"
# ## Thin and bold
# A caption may name the weight of the pen. Ink is the mean grey level of an image; the last column is its mean over the
# training images whose caption has that word, or none: a word may stand only with the third of the images of a digit that it fits. The last three rows ask for no
# weight and use a negative prompt instead.
# %% [markdown] lang="fa"
# ## نازک و ضخیم
# شرح می‌تواند از کلفتی قلم هم بگوید. مرکب یعنی میانگین روشنایی تصویر؛ ستون آخر میانگین آن روی تصویرهای آموزشی است که شرحشان همان واژه را دارد، یا
# هیچ‌کدام را: هر واژه تنها با آن یک سوم از تصویرهای هر رقم می‌آید که درخور آن است. سه سطر آخر کلفتی نمی‌خواهند و به جای آن متن منفی دارند.

# %%
mass, real = images.flatten(1).mean(1).numpy(), ink(data.train) / (255 * 784)
said = np.array([c.weight for c in table])[data.train.caption.numpy()]
meant = {word: real[said == word].mean() for word in ("thin", "", "bold")}
rows, means, pushed = [], {}, {}
for language in LANGUAGES:
    for word, fa in (("thin", "نازک"), ("", "بی واژه"), ("bold", "ضخیم")):
        mine = mass[[c.trained and c.language == language and c.weight == word for c in asked]]
        means[language, word] = m = mean_interval(mine, kind="normal")
        study.measure("caption_ink", *m[:3], n=m.n, unit="mean grey level", protocol=f"mean ink of samples by the weight that their caption names, known templates, {steps} steps", floor=float(meant[word]), language=language, word=word or "none")
        rows.append([study.pick(*{"en": ("English", "انگلیسی"), "fa": ("Persian", "فارسی")}[language]), study.pick(word or "no word", fa), kit.Cell(f"{m.value:.4f} ± {(m.high - m.low) / 2:.4f}"), kit.Cell(f"{meant[word]:.4f}")])
plain = [f"the digit {name}" for name in DIGITS["en"] for _ in range(2 if study.small else 15)]
for label, fa, against in (("against nothing", "در برابر هیچ", ""), ("against “bold strokes”", "در برابر «ضخیم»", "the digit {} in bold strokes"), ("against “thin strokes”", "در برابر «نازک»", "the digit {} in thin strokes")):
    per = len(plain) // 10
    parts = [draw(plain[i * per : (i + 1) * per], 2.0, seed=i, against=against.format(name)) for i, name in enumerate(DIGITS["en"])]
    pushed[label] = torch.cat(parts).flatten(1).mean(1)
    m = mean_interval(pushed[label], kind="normal")
    rows.append([study.pick(f"“the digit …”, scale 2, {label}", f"متن انگلیسی، ضریب ۲، {fa}"), study.pick("no word", "بی واژه"), kit.Cell(f"{m.value:.4f} ± {(m.high - m.low) / 2:.4f}"), None])
study.table(study.pick(["asked in", "weight", "ink of the samples", "ink in training"], ["زبان", "کلفتی", "مرکب نمونه‌ها", "مرکب در آموزش"]), rows,
            "Mean grey level of the samples, with half of the 95 % interval.", "میانگین روشنایی نمونه‌ها با نیم‌بازهٔ ۹۵ درصد.")
ordered = {language: means[language, "thin"].high < means[language, ""].low and means[language, ""].high < means[language, "bold"].low for language in LANGUAGES}
contrast = {language: (means[language, "bold"].value - means[language, "thin"].value) / (meant["bold"] - meant["thin"]) for language in LANGUAGES}
push = paired_difference(pushed["against “thin strokes”"], pushed["against “bold strokes”"], kind="normal")
study.measure("negative_prompt_ink", *push[:3], n=push.n, unit="mean grey level", protocol=f"ink of samples pushed away from thin minus away from bold, scale 2, the same noise, {solver.protocol}", recipe="text-mnist")
study.say(
    "; ".join(f"{'English' if k == 'en' else 'Persian'}: thin, plain and bold are {'in order, their intervals apart' if ordered[k] else 'not apart'}, and bold minus thin is {contrast[k]:.0%} of what it is in the training part" for k in LANGUAGES) + f". From the same noise, away from thin has {push.value:+.4f} [{push.low:+.4f}, {push.high:+.4f}] more ink than away from bold" + (", as a negative prompt should." if push.low > 0 else ": no push the right way that this many samples could show."),
    "؛ ".join(f"{'انگلیسی' if k == 'en' else 'فارسی'}: نازک، بی‌واژه و ضخیم {'به ترتیب‌اند و بازه‌هایشان جداست' if ordered[k] else 'از هم جدا نیستند'} و اختلاف ضخیم و نازک {contrast[k]:.0%} اختلاف در بخش آموزش است" for k in LANGUAGES) + f". با همان نوفه، دور شدن از نازک <bdi dir=\"ltr\">{push.value:+.4f} [{push.low:+.4f}, {push.high:+.4f}]</bdi> بیش از دور شدن از ضخیم مرکب دارد" + ("؛ کاری که از متن منفی انتظار می‌رود." if push.low > 0 else "؛ این تعداد نمونه رانشی در جهت درست نشان نمی‌دهد."),
)

# %% [markdown] lang="en"
# ## The guidance scale
# The same captions and the same noise at three scales. Spread is the variance of the judge's features within a digit, as
# a share of that of real images: what guidance costs.
# %% [markdown] lang="fa"
# ## ضریب هدایت
# همان شرح‌ها و همان نوفه با سه ضریب. پراکندگی یعنی واریانس ویژگی‌های داور درون هر رقم، نسبت به تصویرهای واقعی: بهای هدایت.

# %%
full = _reading.spread(judge.reference(2000, "test"), data.test.y[:2000])
few = [c for c in table for _ in range(max(1, repeats // 2))]
digits, texts = torch.tensor([c.digit for c in few]), [c.text for c in few]
known = np.array([c.trained for c in few])
rows, best, wide, readings = [], {}, {}, {}
for scale in (1.0, 2.0, 4.0):
    drawn = draw(texts, scale)
    f, p = judge.judged(drawn)
    readings[scale] = hits = (p.argmax(1) == digits).numpy()
    shares = [study.measure("guided_accuracy", *wilson(h.mean(), len(h))[:3], n=len(h), unit="share", protocol=f"every caption {max(1, repeats // 2)} times from the same noise at each scale, {steps} steps, read by {judge.NAME}", floor=ceiling, guidance_scale=scale, templates=name)
              for name, h in (("known", hits[known]), ("kept back", hits[~known]))]
    # A misread caption is no variety: it would count as spread within the digit that was asked for.
    read = torch.from_numpy(hits & known)
    best[scale], wide[scale] = shares, _reading.spread(f[read], digits[read]) / full
    rows.append([kit.ltr(f"{scale:g} ({scale - 1:g})"), replace(solver, guidance=Guidance(scale)).evaluations(model.config.path), *kit.cells(shares), kit.Cell(f"{wide[scale]:.2f}"), kit.Cell(f"{float(drawn.mean()):.4f}")])
study.table(study.pick(["scale s (w)", "evaluations", "known templates", "kept back", "spread", "ink"], ["ضریب s (w)", "ارزیابی‌ها", "قالب آشنا", "کنارگذاشته", "پراکندگی", "مرکب"]), rows,
            f"Share read as asked with Wilson's interval, {len(few)} samples a row; spread is that of the samples of known templates that are read as asked; every sample costs that many evaluations of the network.",
            f"سهم درست با بازهٔ ویلسون، {len(few)} نمونه در هر سطر؛ پراکندگی از آنِ نمونه‌های قالب‌های آشناست که درست خوانده می‌شوند؛ هر نمونه همین تعداد ارزیابی شبکه می‌خواهد.")
gains = [paired_difference(readings[4.0][some].astype(float), readings[1.0][some].astype(float), kind="normal") for some in (known, ~known)]
for name, gain in zip(("known", "kept back"), gains):
    study.measure("guidance_gain", *gain[:3], n=gain.n, unit="share", protocol=f"read as asked at scale 4 minus at scale 1, the same captions and noise, {steps} steps", recipe="text-mnist", templates=name)
(en_1, fa_1), (en_2, fa_2) = ((f"{100 * g.value:+.1f} [{100 * g.low:+.1f}, {100 * g.high:+.1f}] points ({'a gain' if g.low > 0 else 'a loss' if g.high < 0 else 'no change that could be told'})", f"{kit.ltr(f'{100 * g.value:+.1f} [{100 * g.low:+.1f}, {100 * g.high:+.1f}]')} واحد درصد ({'سود' if g.low > 0 else 'زیان' if g.high < 0 else 'بی تغییری گفتنی'})") for g in gains)
study.say(f"From scale 1 to 4, caption by caption, the accuracy moves on known templates by {en_1}, on kept-back ones by {en_2}, at twice the evaluations, while the spread within a digit goes from {wide[1.0]:.0%} to {wide[4.0]:.0%} of that of real images.",
          f"از ضریب ۱ تا ۴، شرح به شرح، دقت روی قالب‌های آشنا {fa_1} و روی کنارگذاشته‌ها {fa_2} جابه‌جا می‌شود، با دو برابر ارزیابی؛ و پراکندگی درون رقم از {wide[1.0]:.0%} به {wide[4.0]:.0%} تصویرهای واقعی می‌رسد.")

# %% [markdown] lang="en"
# ## A probe: does the output follow the caption?
# An accuracy can be high for reasons that have nothing to do with the text (a data set in order, a leak of the label).
# From one and the same noise only the caption is changed.
# %% [markdown] lang="fa"
# ## یک کاوش: آیا خروجی پیرو شرح است؟
# دقت می‌تواند به دلیل‌هایی بی‌ربط به متن بالا باشد (دادهٔ مرتب، نشت برچسب). این‌جا نوفه یکی است و فقط شرح عوض می‌شود.

# %%
n = 20 if study.small else 60
pairs = [i % 10 for i in range(n)]
others = [(d + int(k)) % 10 for d, k in zip(pairs, philox("other digits").integers(1, 10, n))]
en, fa = DIGITS["en"], DIGITS["fa"]
base = draw([f"the digit {en[d]}" for d in pairs])
cases = {("another digit", "رقم دیگر"): draw([f"the digit {en[d]}" for d in others]),
         ("the same digit, other words", "همان رقم، واژه‌های دیگر"): draw([f"a handwritten {en[d]}" for d in pairs]),
         ("the same digit, in Persian", "همان رقم، به فارسی"): draw([f"رقم {fa[d]}" for d in pairs]),
         ("the empty caption", "شرح تهی"): draw([""] * n),
         ("the same caption, other noise", "همان شرح، نوفهٔ دیگر"): draw([f"the digit {en[d]}" for d in pairs], seed=1)}
rows, moved = [], {}
for names, other in cases.items():
    moved[names[0]] = m = mean_interval((other - base).abs().flatten(1).mean(1), kind="normal")
    study.measure("caption_change", *m[:3], n=n, unit="mean grey level", protocol=f"mean |difference| of pixels from “the digit …”, {steps} steps", changed=names[0])
    rows.append([study.pick(*names), kit.Cell(f"{m.value:.4f} ± {(m.high - m.low) / 2:.4f}")])
assert moved["another digit"].value > 0
study.table(study.pick(["changed to", "mean |difference| of pixels"], ["تغییر به", "میانگین |تفاوت| پیکسل‌ها"]), rows, f"{n} noises; what changes against “the digit …” from the same noise.", f"{n} نوفه؛ تغییر نسبت به متن «the digit …» با همان نوفه.")
lines = ("the digit three", "رقم سه", "a bold three", "the digit eight", "رقم هشت", "")
study.figure(image_grid(torch.cat([draw([text] * 12) for text in lines]), len(lines), 12, row_labels=[text or study.pick("(empty)", "(تهی)") for text in lines], cell=0.42), "probe",
             "One noise a column, one caption a row.", "هر ستون یک نوفه و هر سطر یک شرح.")
digit, words, persian, empty, other = (moved[names[0]] for names in cases)
follows = digit.low > max(words.high, persian.high)
study.say(f"With the noise held, another digit changes the image {digit.value / persian.value:.1f} times as much as another language does" + (f" (at least {digit.low / persian.high:.1f} by the ends of both intervals), and more than other words do: the output follows the digit that is named, and hardly the way of naming it." if follows else ", and the intervals overlap: here the output cannot be said to follow the digit.") + (" That is not measurably less than other noise under the same caption changes." if digit.high >= other.low else ""),
          f"با نوفهٔ ثابت، رقم دیگر تصویر را {digit.value / persian.value:.1f} برابرِ زبان دیگر تغییر می‌دهد" + (f" (با سرهای هر دو بازه دست‌کم {digit.low / persian.high:.1f} برابر) و بیش از واژه‌های دیگر: خروجی پیرو رقمی است که نام برده می‌شود و کمتر پیرو شیوهٔ نام بردن." if follows else " و بازه‌ها هم‌پوشانی دارند: این‌جا نمی‌توان گفت خروجی پیرو رقم است.") + (" این به طور سنجش‌پذیر کمتر از تغییر نوفه با همان شرح نیست." if digit.high >= other.low else ""))

# %% [markdown] lang="en"
# ### Where the network looks
# The weights of the cross-attention in the middle of the network, mean over heads, positions and twenty samples.
# %% [markdown] lang="fa"
# ### شبکه به کجا نگاه می‌کند
# وزن‌های توجه متقاطع در میانهٔ شبکه، میانگین روی سرها، جایگاه‌ها و بیست نمونه.

# %%
pair = ("the digit two in bold strokes", "عدد دو که ضخیم نوشته شده است")
looks = [_reading.cross_attention(model.network, lambda text=text: draw([text] * 20)) for text in pair]
assert all(torch.allclose(share.sum(1), torch.ones(()), atol=1e-4) for share in looks)
study.figure(_reading.attention_figure(looks, pair, (False, True)), "attention", "Share of the attention that each sign of a caption gets, from the first evaluation (pure noise, above) to the last; ▸ is the start token. The Persian caption runs from right to left, its letters in their separate forms.",
             "سهم هر نشانهٔ شرح از توجه، از نخستین ارزیابی (نوفهٔ خالص، بالا) تا آخرین؛ ▸ توکن آغاز است. شرح فارسی از راست به چپ آمده و حرف‌هایش جدا نوشته شده‌اند.")

parts = [_reading.focus(look, text, (digit, weight)) for look, text, digit, weight in zip(looks, pair, ("two", "دو"), ("bold", "ضخیم"))]
for language, found in zip(LANGUAGES, parts):
    for what, one in zip(("digit", "weight"), found):
        study.measure("attention_on_word", one.first, n=20, unit="share", protocol="share of the first cross-attention on the signs of a word at the first evaluation, mean over heads, positions and samples, one caption", floor=one.even, recipe="text-mnist", language=language, word=what)
early, late = (all(one.first > one.even for found in parts for one in found), all(one.final < one.even for found in parts for one in found))
spoken = {"en": ("English", "انگلیسی"), "fa": ("Persian", "فارسی")}
study.say("; ".join(f"{spoken[k][0]}: the digit's word gets {d.first:.0%} of the attention at first and {d.final:.0%} at last ({d.even:.0%} if all signs got the same), the weight's word {w.first:.0%} and {w.final:.0%} ({w.even:.0%})" for k, (d, w) in zip(LANGUAGES, parts)) + ". "
          + ("So all of these words get more than an even share while the image is noise, and less at last." if early and late else "So all of these words get more than an even share while the image is noise." if early else "So not all of the words that say what is asked get more than an even share.") + " A token has gone through the text encoder, so it may speak for its neighbours too; this is one caption a language.",
          "؛ ".join(f"{spoken[k][1]}: واژهٔ رقم در آغاز {d.first:.0%} توجه و در پایان {d.final:.0%} را می‌گیرد (با سهم برابرِ همهٔ نشانه‌ها {d.even:.0%}) و واژهٔ کلفتی {w.first:.0%} و {w.final:.0%} (سهم برابر {w.even:.0%})" for k, (d, w) in zip(LANGUAGES, parts)) + ". "
          + ("پس همهٔ این واژه‌ها تا تصویر نوفه است بیش از سهم برابر می‌گیرند و در پایان کمتر از آن." if early and late else "پس همهٔ این واژه‌ها تا تصویر نوفه است بیش از سهم برابر می‌گیرند." if early else "پس همهٔ واژه‌هایی که خواسته را می‌گویند بیش از سهم برابر نمی‌گیرند.") + " هر توکن از رمزگذار متن گذشته است و شاید از همسایه‌هایش هم بگوید؛ و این از هر زبان تنها یک شرح است.")

# %% [markdown] lang="en"
# ## Beside the class-conditional model
# %% [markdown] lang="fa"
# ## کنار مدلی که برچسب می‌گیرد

# %%
held = {key: {name: study.results(key, name) for name in ("judge_accuracy", "fd_digits", "coverage", "seconds")} for key in ("flow", "text-mnist")}
rows = [[title, *kit.cells(held[key].values())] for title, key in ((study.pick("class (flow)", "برچسب (flow)"), "flow"), (study.pick("caption (text-mnist)", "شرح (text-mnist)"), "text-mnist"))]
study.table(study.pick(["told", "judge accuracy", "fd-digits", "coverage", "training, s"], ["شرط", "دقت داور", "fd-digits", "پوشش", "آموزش، ثانیه"]), rows, "Both models as the evaluation of their runs measured them, the second with the captions of the training part in turn.", "هر دو مدل، آن‌گونه که ارزیابی اجراهایشان سنجیده است؛ دومی با شرح‌های بخش آموزش به نوبت.")
en, fa = [], []
for name, title in (("judge_accuracy", "judge accuracy"), ("fd_digits", "fd-digits")):
    a, b = (held[key][name] for key in ("flow", "text-mnist"))
    differ = a.low > b.high or b.low > a.high
    en.append(f"By {title} the two {'differ, beyond both intervals' if differ else 'cannot be told apart'}.")
    fa.append(f"با <bdi>{title}</bdi> این دو {'بیرون از هر دو بازه فرق دارند' if differ else 'از هم جدا نیستند'}.")
clock_en, clock_fa = _costs.clock_said({"flow": classes, "text-mnist": run})
study.say(" ".join(en) + " One run each, so this says nothing of other seeds. " + clock_en, " ".join(fa) + " از هر کدام یک اجراست، پس دربارهٔ بذرهای دیگر چیزی نمی‌گوید. " + clock_fa)

# %% [markdown] lang="en"
# ## Pitfalls
# - **No caption is dropped in training.** The empty string then means nothing, and guidance subtracts an answer that was
#   never learnt.
# - **One drop for a whole batch** in place of one an example: fewer, larger jumps of the gradient.
# - **Two conventions of the scale**: $s = 1$ or $w = 0$ is no guidance. Copying a number across them shifts it by one.
# - **A filled place that is not masked** is read as text; so the tokens of a caption would depend on its neighbours.
# - **Captions that say what was not looked at**: a word can only be learnt where it is true of the image.
# %% [markdown] lang="fa"
# ## دام‌ها
# - **در آموزش هیچ شرحی حذف نشود.** آنگاه رشتهٔ تهی معنایی ندارد و هدایت پاسخی را کم می‌کند که هرگز آموخته نشده است.
# - **یک حذف برای همهٔ دسته** به جای یکی برای هر نمونه: جهش‌های کمتر و بزرگ‌ترِ گرادیان.
# - **دو قرارداد برای ضریب**: بدون هدایت یعنی $s = 1$ یا $w = 0$. عددی که از یکی به دیگری برده شود یک واحد جابه‌جا می‌شود.
# - **جای پرشده‌ای که پنهان نشود** مانند متن خوانده می‌شود و توکن‌های هر شرح به همسایه‌هایش وابسته می‌شود.
# - **شرحی که از چیزی نادیده بگوید**: واژه فقط آن‌جا آموخته می‌شود که دربارهٔ تصویر درست باشد.

# %% [markdown] lang="en"
# ## Sources
# Ho & Salimans 2022 (arXiv 2207.12598), classifier-free guidance; Rombach et al. 2022 (arXiv 2112.10752), text through
# cross-attention; Vaswani et al. 2017 (arXiv 1706.03762); Lu et al. 2022 (arXiv 2211.01095), the sampler; Wilson 1927.
# %% [markdown] lang="fa"
# ## منابع
# Ho & Salimans 2022 (arXiv 2207.12598)، هدایت بدون رده‌بند؛ Rombach et al. 2022 (arXiv 2112.10752)، متن با توجه متقاطع؛
# Vaswani et al. 2017 (arXiv 1706.03762)؛ Lu et al. 2022 (arXiv 2211.01095)، نمونه‌گیر؛ Wilson 1927.
