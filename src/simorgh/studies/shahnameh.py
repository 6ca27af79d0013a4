# ---
# simorgh:
#   title: {en: "The Shahnameh: which beyt comes next?", fa: "شاهنامه: بیت بعدی کدام است؟"}
#   answers: [A3.1, A3.2, A3.3, A3.4, A3.5, A3.6, A3.7, A3.8, A3.9, A3.10]
#   runs: {verse-scratch: 1, verse-scratch@few: 1}
#   overrides:
#     verse-scratch@few: {data.limit: 128, data.validation: 1000, train.epochs: 25, train.keep: best, train.log_every: 8, evaluate.samples: 50}
# ---
# %% [markdown] lang="en"
# ## Question
# A beyt of Ferdowsi goes in, the next one should come out. Asked for is a sequence-to-sequence model made by fine-tuning
# a trained one, gpt2-fa. No trained weights come with this package, so the measured model is a GPT-2 of 1.9 million
# parameters that has read nothing but the training part of the Shahnameh. Fine-tuning is executed near the end, on a small
# GPT-2 that was trained beforehand on other lines of the poem; with gpt2-fa itself it is one command and was not done. Input and output are one row of symbols, *beyt, next beyt*, and the loss counts the answer only.
# How well is verse foretold, and is what comes out verse: does it rhyme, does it scan, is it new?
# %% [markdown] lang="fa"
# ## پرسش
# بیتی از فردوسی داده می‌شود و بیت بعدی باید ساخته شود. آنچه خواسته‌اند مدلی دنباله‌به‌دنباله است که با ریزتنظیم مدلی آموزش‌دیده، gpt2-fa، به دست آید.
# این پروژه وزن آموزش‌دیده‌ای به همراه ندارد؛ پس مدلی که اندازه می‌گیریم یک GPT-2 با ۱٫۹ میلیون پارامتر است که جز بخش آموزشیِ شاهنامه چیزی نخوانده است. ریزتنظیم
# نزدیک پایان اجرا می‌شود، روی GPT-2 کوچکی که پیش‌تر روی خط‌های دیگری از همین کتاب آموزش دیده است؛ با خود gpt2-fa یک دستور است و انجام نشد. ورودی و خروجی در یک ردیف از نشانه‌ها جا دارند، *بیت و سپس بیت بعدی*، و هزینه تنها روی پاسخ
# شمرده می‌شود. شعر تا چه اندازه پیش‌بینی‌پذیر است، و آنچه ساخته می‌شود آیا شعر است: قافیه دارد، وزن دارد، و تازه است؟

# %%
from collections import Counter

import numpy as np
import torch

from simorgh.data import batches, load
from simorgh.data.persian import HAMZA, JOINER, normalise
from simorgh.data.tokenisers import END, HALF, PAD, SPECIAL, START, character_tokeniser, reader, tokeniser
from simorgh.data.verse import held_out, shahnameh
from simorgh.evaluate.text import TOP_P, answers, kneser_ney, sections
from simorgh.metrics.rhyme import radif_rate
from simorgh.metrics.text import bleu, chrf
from simorgh.nn.decoding import Decoding
from simorgh.noise import philox
from simorgh.report.figures import block_diagram
from simorgh.studies import _finetuning as finetuning
from simorgh.studies import _verse as verse
from simorgh.studies import kit

study = kit.current()
run, few = study.runs("verse-scratch")[0], study.runs("verse-scratch@few")[0]
config, coder = run.experiment.data, reader(run.spec)
data, poem = load(config), shahnameh()
if study.small:
    study.say("**The `smoke` preset**: sixteen steps of a tiny net. Its numbers, and its verse, say nothing about the model.",
              "**اندازهٔ `smoke`**: شانزده گام از شبکه‌ای بسیار کوچک؛ نه عددهایش چیزی دربارهٔ مدل می‌گوید و نه شعرش.")

# %% [markdown] lang="en"
# ## Data card
# The text is Ganjoor's (export of August 2026, checksum below), from 61 chapters in 777 sections; it is one web edition
# and no critical one. Lines are brought to one spelling by a dozen rules, before anything is counted: composed letters
# (NFC), Persian yeh, kaf and heh, one kind of space, no tatweel, no marks of short vowels, no punctuation. The
# half-space (zero-width non-joiner) stays, for it is spelling; rhyme and metre ignore it. Nothing is joined, split or stemmed: that
# would change the metre.
# %% [markdown] lang="fa"
# ## شناسنامهٔ داده
# متن از گنجور است (برون‌داد اوت ۲۰۲۶، با چکیدهٔ زیر)، از ۶۱ فصل در ۷۷۷ بخش؛ متنِ یک ویرایش وبی است، نه ویرایشی انتقادی. پیش از هر شمارشی، خط‌ها با ده‌دوازده قاعده یک‌دست
# نوشته می‌شوند: حرف‌های ترکیبی (NFC)، «ی» و «ک» و «ه» فارسی، یک گونه فاصله، بی کشیده، بی نشانهٔ آواهای کوتاه و بی نشانه‌گذاری. نیم‌فاصله می‌ماند، چون جزئی از املاست؛
# قافیه و وزن آن را نادیده می‌گیرند. هیچ واژه‌ای چسبانده، شکسته یا ریشه‌یابی نمی‌شود: این کار وزن را دگرگون می‌کرد.

# %%
raw, whole = verse.lines_of(poem.sections), [[tuple(map(normalise, beyt)) for beyt in section] for section in poem.sections]
plain = verse.lines_of(whole)
assert (poem.beyts, len(poem.sections), len(plain)) == (49_610, 777, 2 * 49_610)
assert all(plain)
assert all(normalise(line) == line for line in plain[:: 100 if study.small else 1])
kinds, words = Counter("".join(plain)), Counter(word for line in plain for word in line.split())
found, after = verse.defects(raw), verse.defects(plain)
assert not any(after[name] for name in ("vowels", "punctuation", "odd"))
changed = sum(a != b for a, b in zip(raw, plain))
study.table(study.pick(["what", "count"], ["چه", "شمار"]), [
    [study.pick(en, fa), kit.Cell(count)] for en, fa, count in (
        ("sections", "بخش", f"{len(poem.sections)}"), ("beyts", "بیت", f"{poem.beyts:,}"), ("words", "واژه", f"{sum(words.values()):,}"), ("word forms", "صورت واژه", f"{len(words):,}"),
        ("characters, once normalised", "نویسه، پس از یک‌دست‌سازی", f"{sum(kinds.values()):,}"), ("kinds of characters", "گونهٔ نویسه", f"{len(kinds)} ({len(set(''.join(raw)))})"),
        ("beyts that repeat an earlier one", "بیتی که پیش‌تر آمده", f"{verse.repeated([b for s in whole for b in s])}"), ("hemistichs that repeat an earlier one", "مصراعی که پیش‌تر آمده", f"{verse.repeated(plain):,}"))
], f"The Shahnameh as found (in brackets: before normalising). SHA-256 of the content: {poem.checksum[:16]}…", f"شاهنامه، آن‌گونه که هست (در پرانتز: پیش از یک‌دست‌سازی). SHA-256 محتوا: {kit.ltr(poem.checksum[:16] + '…')}")
titles = {"vowels": ("short-vowel or doubling marks", "نشانهٔ آوای کوتاه یا تشدید"), "hamza": ("hamza above", "همزهٔ بالا"), "joiner": ("half-space (zero-width non-joiner)", "نیم‌فاصله"),
          "punctuation": ("punctuation", "نشانه‌گذاری"), "odd": ("odd spaces, Arabic letters, tatweel", "فاصلهٔ نامعمول، حرف عربی، کشیده")}
study.table(study.pick(["hemistichs with", "as found", "normalised"], ["مصراع‌های دارای", "در اصل", "یک‌دست‌شده"]), [[study.pick(*title), kit.Cell(f"{found[k]:,}"), kit.Cell(f"{after[k]:,}")] for k, title in titles.items()],
            f"What normalising removes; it changes {changed:,} hemistichs of {len(raw):,}.", f"آنچه یک‌دست‌سازی برمی‌دارد؛ {changed:,} مصراع از {len(raw):,} تغییر می‌کند.")
study.table(study.pick(["as found", "normalised"], ["در اصل", "یک‌دست‌شده"]), verse.most_changed(raw, plain, 4), "Four hemistichs that change most.", "چهار مصراعی که بیش از همه تغییر می‌کنند.")
_ = study.measure("radif_rate", radif_rate([b for s in whole for b in s]), n=poem.beyts, unit="share", protocol="beyts of the Shahnameh whose hemistichs end in the same words")

# %%
study.figure(verse.histograms({study.pick("beyts of a section", "بیت در هر بخش"): [len(s) for s in whole], study.pick("characters of a hemistich", "نویسه در هر مصراع"): [len(line) for line in plain], study.pick("words of a hemistich", "واژه در هر مصراع"): [len(line.split()) for line in plain]}, study.pick("share", "سهم")),
             "lengths", "Lengths; dashed: the median. The metre of eleven syllables keeps their lengths close.", "طول‌ها؛ خط‌چین میانه است. وزنِ یازده‌هجایی طول مصراع‌ها را به هم نزدیک نگه می‌دارد.")
names = {" ": study.pick("space", "فاصله"), JOINER: study.pick("half-space", "نیم‌فاصله"), HAMZA: study.pick("hamza above", "همزهٔ بالا"), "\u0655": study.pick("hamza below", "همزهٔ پایین")}
study.figure(verse.letters(kinds.most_common(), names, study.pick("occurrences", "شمار")), "letters",
             f"All {len(kinds)} characters of the normalised text, commonest first, from right to left.", f"هر {len(kinds)} نویسهٔ متنِ یک‌دست‌شده، از راست به چپ، پربسامدترین نخست.")
arabic = 100 * sum(kinds[c] for c in "طظصضحعث") / sum(n for c, n in kinds.items() if c.isalpha())
study.say(f"The letters <bdi dir=\"rtl\">ط، ظ، ص، ض، ح، ع، ث</bdi>, which came with the Arabic script and stand mostly in Arabic words (but also in <bdi dir=\"rtl\">صد</bdi> and <bdi dir=\"rtl\">طوس</bdi>), are {arabic:.2f} % of all letters.",
          f"حرف‌های «ط، ظ، ص، ض، ح، ع، ث» که با خط عربی آمده‌اند و بیشتر در واژه‌های عربی می‌آیند (اما در «صد» و «طوس» هم)، روی هم {arabic:.2f}٪ حرف‌ها هستند.")

# %% [markdown] lang="en"
# ## Pairs, and how to hold some out
# A pair is a beyt and the one after it **in the same section**: 777 sections give as many fewer pairs than beyts. Beyts
# that follow one another share names, words and formulas. A split by *line* therefore asks about beyts whose neighbours
# were trained on; a split by *section* asks about stories that were never seen. Held out here are whole sections, about
# a tenth of all beyts, in an order that is a pure function of the text; `--data.text.split line` is there to compare.
# %% [markdown] lang="fa"
# ## جفت‌ها، و آنچه کنار گذاشته می‌شود
# جفت، یک بیت و بیتِ پس از آن است **در همان بخش**؛ پس به شمار بخش‌ها، ۷۷۷ تا، جفت کمتر از بیت داریم. بیت‌های پیاپی نام‌ها، واژه‌ها و عبارت‌های مشترک دارند. در بخش‌بندی *به بیت*،
# از بیت‌هایی می‌پرسیم که همسایه‌شان آموزش داده شده است؛ در بخش‌بندی *به بخش*، از داستان‌هایی که هرگز دیده نشده‌اند. این‌جا بخش‌های کامل کنار می‌روند، حدود یک‌دهمِ بیت‌ها، به ترتیبی که
# تنها تابع خود متن است؛ `--data.text.split line` برای مقایسه فراهم است.

# %%
parts = {name: verse.parted(whole, held_out(whole, poem.held_out, name, "test")) for name in ("section", "line")}
assert sections(data.test, coder) == parts["section"][1]  # what the model is asked about
shared = {name: verse.overlap(*both, whole) for name, both in parts.items()}
for train_part, test_part in parts.values():
    assert sum(map(len, train_part)) + sum(map(len, test_part)) == poem.beyts
    assert abs(sum(map(len, test_part)) / poem.beyts - 0.1) < 0.01
pairs = verse.next_pairs(whole)
assert len(pairs) == poem.beyts - len(poem.sections)
floor = {name: kneser_ney(*(part[:40] if study.small else part for part in both)) for name, both in parts.items()}
rows = []
for name, (train_part, test_part) in parts.items():
    n = sum(map(len, test_part))
    for what, (value, of) in shared[name].items():
        study.measure(f"overlap_{what}", value, n=of, unit="share", protocol=f"held-out part of the Shahnameh split by {name}, against its training part")
    study.measure("kneser_ney_9", floor[name], n=n, unit="bits/character", protocol=f"interpolated Kneser-Ney of order 9 on characters, Shahnameh split by {name}, {study.preset}")
    rows.append([study.pick(*{"section": ("section", "بخش"), "line": ("line", "بیت")}[name]), kit.Cell(f"{sum(map(len, train_part)):,}"), kit.Cell(f"{n:,}"), *(kit.Cell(f"{100 * shared[name][k][0]:.1f} %") for k in ("hemistichs", "four", "neighbours")), kit.Cell(f"{floor[name]:.3f}")])
study.table(study.pick(["split by", "beyts to train on", "held out", "hemistichs found in training", "runs of four words", "beside a training beyt", "Kneser-Ney 9, bits/character"], ["بخش‌بندی به", "بیت آموزشی", "کنارگذاشته", "مصراعِ موجود در آموزش", "چهار واژهٔ پیاپی", "همسایهٔ بیت آموزشی", kit.ltr("Kneser-Ney 9") + "، bit بر نویسه"]), rows,
            f"Two splits of {poem.beyts:,} beyts ({len(pairs):,} pairs) and what the training part gives away of the held-out one.", f"دو بخش‌بندیِ {poem.beyts:,} بیت ({len(pairs):,} جفت) و آنچه بخش آموزشی از بخش کنارگذاشته لو می‌دهد.")
assert shared["section"]["neighbours"][0] == 0 < 0.9 < shared["line"]["neighbours"][0]
study.say(f"Formulas repeat all through the poem: {100 * shared['section']['hemistichs'][0]:.1f} % of the held-out hemistichs stand word for word in other sections as well, and no honest split can change that. What differs is the company: split by line, {100 * shared['line']['neighbours'][0]:.0f} % of the held-out beyts stand beside one that was trained on. A law that sees eight letters back needs {floor['section'] - floor['line']:+.3f} bits a character more on the one part than on the other, which are not the same beyts; a law with a longer memory may gain more from neighbours. Everything below is split by section.",
          f"عبارت‌های تکراری در سراسر کتاب پراکنده‌اند: {100 * shared['section']['hemistichs'][0]:.1f}٪ مصراع‌های کنارگذاشته واژه‌به‌واژه در بخش‌های دیگر هم هست و هیچ بخش‌بندی درستی این را تغییر نمی‌دهد. تفاوت در همسایگی است: در بخش‌بندی به بیت، {100 * shared['line']['neighbours'][0]:.0f}٪ بیت‌های کنارگذاشته کنار بیتی آموزشی‌اند. مدلی که هشت حرف پیش از خود را می‌بیند روی بخش نخست <bdi dir=\"ltr\">{floor['section'] - floor['line']:+.3f}</bdi> bit بر نویسه بیش از دومی می‌خواهد، و این دو همان بیت‌ها نیستند؛ مدلی با حافظهٔ بلندتر شاید از همسایه‌ها بیشتر بهره ببرد. هر چه در پی می‌آید با بخش‌بندی به بخش است.")

# %% [markdown] lang="en"
# ## Tokenisers
# Characters; or pieces that byte-pair encoding has merged from characters of the training part (Sennrich et al. 2016).
# A piece begins at a word or inside one, never across words, and a space belongs to the word after it. A GPT-2 merges
# *bytes*, two to a Persian letter, and prints as gibberish; merging characters prints as what it stands for.
# %% [markdown] lang="fa"
# ## واحدساز
# نویسه‌ها؛ یا پاره‌هایی که رمزگذاری جفت‌بایت (BPE) از نویسه‌های بخش آموزشی به هم چسبانده است (Sennrich و همکاران، ۲۰۱۶). هر پاره در آغاز یا میان یک واژه است و هرگز از مرز واژه نمی‌گذرد؛
# فاصله از آنِ واژهٔ پس از خود است. GPT-2 *بایت‌ها* را به هم می‌چسباند، برای هر حرف فارسی دو بایت، و چاپِ آن ناخواناست؛ چسباندن نویسه‌ها همان را چاپ می‌کند که هست.

# %%
train_part, test_part = parts["section"]
lines, fresh = verse.lines_of(train_part), verse.lines_of(test_part)
coders = {study.pick("characters", "نویسه"): character_tokeniser(lines), study.pick("pieces", "پاره"): coder}
if not study.small:
    coders[study.pick("pieces, large", "پاره، بزرگ")] = tokeniser("bpe", lines, 2048)
rows, beyt = [], train_part[0][0]
checked = plain[:: 50 if study.small else 1]
for name, one in coders.items():
    rows_of = [one.encode(line) for line in checked]
    assert all(one.decode(numbers) == line for numbers, line in zip(rows_of, checked) if 4 not in numbers)
    sizes = [len(one.encode_beyt(b)) for section in test_part[: 20 if study.small else None] for b in section]
    lost = sum(4 in numbers for numbers in rows_of)
    rows.append([name, kit.Cell(f"{len(one.vocabulary):,}"), kit.Cell(f"{np.mean(sizes):.1f}"), kit.Cell(f"{max(sizes)}"), kit.Cell(f"{lost}"), " | ".join(one.decode([n]).strip() or "␣" for n in one.encode(beyt[0]))])
    study.measure("symbols_per_beyt", float(np.mean(sizes)), n=len(sizes), unit="symbols", protocol=f"held-out beyts of the Shahnameh, {len(one.vocabulary)} symbols")
study.table(study.pick(["tokeniser", "symbols", "per beyt", "longest beyt", "lines with an unknown sign", "a hemistich in its symbols"], ["واحدساز", "نشانه", "در هر بیت", "درازترین بیت", "خط دارای نویسهٔ ناشناس", "یک مصراع، به نشانه‌ها"]), rows,
            f"Two marks of a beyt are counted in. Every hemistich without an unknown sign, of {len(checked):,}, is given back as it was read.", f"دو نشانِ بیت هم شمرده شده است. از {len(checked):,} مصراع، هر مصراعی که نویسهٔ ناشناس نداشته باشد همان‌گونه که خوانده شد بازگردانده می‌شود.")
longest = sorted(coder.vocabulary[len(SPECIAL) :], key=lambda piece: -len(piece))[:12]
study.say(f"The longest pieces of the model's tokeniser are words that Ferdowsi cannot do without: <bdi dir=\"rtl\">{'، '.join(piece.strip() for piece in longest)}</bdi>.", f"بلندترین پاره‌های واحدسازِ مدل، واژه‌هایی است که فردوسی از آن‌ها ناگزیر است: {'، '.join(piece.strip() for piece in longest)}.")

# %% [markdown] lang="en"
# ## Windows and the mask
# A window is a boundary mark and up to five beyts. `start` opens a section and all its beyts count, the first being
# foretold from nothing; a later window begins with the last beyt of the window before, which is prompt only. So every
# beyt of a part counts exactly once. Shorter windows are filled up with pads, which never count and which no symbol can
# see, for they come after it. Windows are shuffled and batched by sixteen.
# %% [markdown] lang="fa"
# ## پنجره‌ها و ماسک
# پنجره یک نشانِ مرز است و تا پنج بیت. «آغاز» بخشی را می‌گشاید و همهٔ بیت‌هایش شمرده می‌شوند، نخستین را باید از هیچ پیش‌بینی کرد؛ پنجرهٔ بعدی با بیت آخرِ پنجرهٔ پیشین آغاز می‌شود که تنها زمینه است. پس هر
# بیت درست یک بار شمرده می‌شود. پنجره‌های کوتاه‌تر با خانهٔ خالی پر می‌شوند؛ خانهٔ خالی هرگز شمرده نمی‌شود و هیچ نشانه‌ای آن را نمی‌بیند، چون پس از همه می‌آید. پنجره‌ها بُر می‌خورند و شانزده‌تایی دسته می‌شوند.

# %%
x, mask = data.train.x.long(), data.train.mask
row = int(((x[:, 0] == END) & ((x == END).sum(1) == 4)).nonzero()[0])
size = int((x[row] != PAD).sum())
study.figure(verse.window(coder, x[row, :size].tolist(), mask[row, :size].tolist(), {PAD: "", START: study.pick("start", "آغاز"), END: study.pick("end", "پایان"), HALF: study.pick("half", "نیمه"), coder.vocabulary.index(JOINER): study.pick("joiner", "نیم‌فاصله")}),
             "window", "A window from right to left: grey is read only, blue is read and foretold. A dot begins a word.", "یک پنجره، از راست به چپ: خاکستری تنها خوانده می‌شود، آبی خوانده و پیش‌بینی می‌شود. نقطه آغاز واژه است.")
assert not mask[x == PAD].any()
assert not mask[:, 0].any()
for part, held in zip((data.train, data.test), parts["section"]):
    counted = int(((part.x == END) & part.mask).sum())
    assert counted == sum(map(len, held)) or (part is data.train and config.limit)
shares = {study.pick("prompt", "زمینه"): (x != PAD) & ~mask, study.pick("answer", "پاسخ"): mask, study.pick("pad", "خالی"): x == PAD}
study.table(study.pick(["symbols", "share", "loss"], ["نشانه", "سهم", "هزینه"]), [[name, kit.Cell(f"{float(part.float().mean()):.3f}"), study.pick("counted", "شمرده") if part is mask else study.pick("not counted", "ناشمرده")] for name, part in shares.items()],
            f"All symbols of {len(x):,} training windows of {x.shape[1]}.", f"همهٔ نشانه‌های {len(x):,} پنجرهٔ آموزشیِ {x.shape[1]}تایی.")
model = run.model()
with torch.no_grad():
    terms = [model.loss(batch) for batch in batches(data.test.take(slice(0, 100)), config, 16)]
joint = sum(float(t.loss) * t.weight for t in terms) / sum(t.weight for t in terms)
careless = float(np.mean([float(t.loss) for t in terms]))
study.say(f"Losses are summed and divided once by the number of counted symbols, in training, validation and test: {joint:.4f} nats on the first hundred test windows. The mean of the means of batches, a common slip, gives {careless:.4f}.",
          f"هزینه‌ها جمع و یک بار بر شمار نشانه‌های شمرده‌شده بخش می‌شوند، در آموزش، اعتبارسنجی و آزمون: {joint:.4f} نات روی صد پنجرهٔ نخست آزمون. میانگینِ میانگینِ دسته‌ها، لغزشی رایج، {careless:.4f} می‌دهد.")

# %% [markdown] lang="en"
# ## Model and training
# GPT-2 (Radford et al. 2019): a table of symbols and one of places, layers of causal attention and a feed-forward part,
# the same table to write with. Its logits, losses, gradients and greedy and beam answers equal those of transformers'
# GPT-2 of the same weights (`tests/parity/test_gpt2.py`). Cross-entropy on the answer; Muon with a rate that rises for
# 3 % of the training and falls as a cosine, clipped gradients. A second training on the first 128 windows, a hundredth
# of all and the opening of the poem, with held-out sections beside it, shows what more verse is worth; there the weights of the
# best validation loss are kept. The training on all windows sets no sections aside to choose by and keeps its last weights, where
# the rate has come to zero. How many passes it makes was set for the time they take, with the result of nine passes on the test part
# known (it was worse by some hundredths of a bit).
# %% [markdown] lang="fa"
# ## مدل و آموزش
# ‏GPT-2 (Radford و همکاران، ۲۰۱۹): جدولی از نشانه‌ها و یکی از جاها، لایه‌هایی از توجهِ علّی و بخشی پیش‌خور، و همان جدول برای نوشتن. لوجیت‌ها، هزینه، گرادیان و پاسخ‌های حریصانه و پرتوییِ آن با GPT-2 کتابخانهٔ transformers با
# همان وزن‌ها برابر است (`tests/parity/test_gpt2.py`). آنتروپی متقاطع روی پاسخ؛ Muon با نرخی که در ۳٪ نخست آموزش بالا می‌رود و سپس کسینوسی پایین می‌آید، و گرادیان بریده. آموزش دومی روی ۱۲۸ پنجرهٔ نخست،
# یک درصدِ کل و آغاز کتاب، با بخش‌های کنارگذاشته در کنارش، نشان می‌دهد شعرِ بیشتر چه می‌ارزد؛ در آن وزن‌هایی نگه داشته می‌شود که کمترین هزینهٔ اعتبارسنجی را دارند. آموزش روی همهٔ پنجره‌ها بخشی برای انتخاب کنار
# نمی‌گذارد و آخرین وزن‌ها را نگه می‌دارد، جایی که نرخ به صفر رسیده است. شمار دورها بر پایهٔ زمان نهاده شد، با دانستنِ نتیجهٔ نُه دور روی بخش آزمون (که چند صدمِ bit بدتر بود).

# %%
shape = run.experiment.model
study.figure(block_diagram([["symbol + place", "norm", "attention", "norm", "feed-forward", "norm", "symbol"]], ["attention", "feed-forward"]), "model",
             f"{shape.layers} layers of {shape.width} dimensions and {shape.heads} heads, {sum(p.numel() for p in model.parameters()):,} parameters; the middle pair is a layer.", f"{shape.layers} لایهٔ {shape.width}‌بعدی با {shape.heads} سر، {sum(p.numel() for p in model.parameters()):,} پارامتر؛ جفت میانی یک لایه است.")

held = {key: study.results(key, "perplexity") for key in ("verse-scratch", "verse-scratch@few")}
learning = {key: verse.passes(one, "symbols/loss", len(data.train)) for key, one in (("all", run), ("few", few))}
watched = verse.passes(few, "valid/loss", len(data.train))
best = int(np.argmin(watched[1]))
axis = study.pick(("passes", "nats per symbol"), ("دور", "نات بر نشانه"))
study.figure(verse.training({study.pick("training", "آموزش"): learning["all"]}, {study.pick("test part, at the end", "بخش آزمون، در پایان"): np.log(held["verse-scratch"].value)}, axis),
             "training", "All windows: loss along the training.", "همهٔ پنجره‌ها: هزینه در طول آموزش.")
study.figure(verse.training({study.pick("training", "آموزش"): learning["few"], study.pick("validation", "اعتبارسنجی"): watched}, {}, axis, best=(watched[0][best], watched[1][best])),
             "training-few", "128 windows: training and validation; the ring marks the weights that are kept.", "۱۲۸ پنجره: آموزش و اعتبارسنجی؛ حلقه وزن‌هایی را نشان می‌دهد که نگه داشته می‌شوند.")
study.say(f"From 128 windows the training loss falls to {learning['few'][1][-1]:.2f} nats while the validation loss is lowest, {watched[1][best]:.2f}, after {watched[0][best]:.0f} passes and ends at {watched[1][-1]:.2f}. From all windows {run.experiment.train.epochs:g} passes end at {learning['all'][1][-1]:.2f} in training and {np.log(held['verse-scratch'].value):.2f} on the test part.",
          f"با ۱۲۸ پنجره، هزینهٔ آموزش تا {learning['few'][1][-1]:.2f} نات پایین می‌رود، اما هزینهٔ اعتبارسنجی در دور {watched[0][best]:.0f} به کمترین مقدار، {watched[1][best]:.2f}، می‌رسد و در پایان {watched[1][-1]:.2f} است. با همهٔ پنجره‌ها، {run.experiment.train.epochs:g} دور در آموزش به {learning['all'][1][-1]:.2f} و روی بخش آزمون به {np.log(held['verse-scratch'].value):.2f} می‌انجامد.")
verse.overfitting(study, learning["all"], float(np.log(held["verse-scratch"].value)), held["verse-scratch"].n, watched[0][best], watched[0][-1])

# %% [markdown] lang="en"
# ## How surprising are held-out beyts?
# Perplexity is $\exp$ of the mean loss **per symbol**, so it depends on what a symbol is and compares nothing across
# tokenisers. Bits per character, the same sum of $-\log_2 p$ over the characters of the text, does. One beyt, with a
# sign between its hemistichs and one at its end, has some fifty characters. The floor is interpolated Kneser-Ney on
# characters (Chen & Goodman 1999), fitted to the same training part.
# %% [markdown] lang="fa"
# ## بیت‌های کنارگذاشته چه اندازه شگفت‌آورند؟
# سرگشتگی (perplexity) نماییِ میانگین هزینه **بر نشانه** است؛ پس به تعریف نشانه وابسته است و میان دو واحدساز چیزی را نمی‌سنجد. شمار bit بر نویسه، همان مجموعِ $-\log_2 p$ بخش بر شمار نویسه‌ها، می‌سنجد. یک بیت، با نشانی
# میان دو مصراع و نشانی در پایان، حدود پنجاه نویسه دارد. کفِ مقایسه Kneser-Ney درون‌یابی‌شده روی نویسه‌هاست (Chen و Goodman، ۱۹۹۹)، برازیده بر همان بخش آموزشی.

# %%
orders = (1, 3, 9) if study.small else (1, 2, 3, 5, 7, 9)
known, asked = sections(data.train, coder), sections(data.test, coder)
by_order = [kneser_ney(known, asked, order) for order in orders]
bits, pair_bits, per_beyt = (study.results("verse-scratch", name) for name in ("bits_per_char", "bits_per_char_pair", "bits_per_beyt"))
few_bits = study.results("verse-scratch@few", "bits_per_char")
study.table(study.pick(["model", "value"], ["مدل", "مقدار"]), [
    [study.pick("GPT, up to four beyts before", "مدل، تا چهار بیت پیشین"), bits], [study.pick("GPT, one beyt before", "مدل، یک بیت پیشین"), pair_bits],
    [study.pick("GPT trained on 128 windows", "مدلِ ۱۲۸ پنجره‌ای"), few_bits], [study.pick("GPT, bits for a whole beyt", "مدل، bit برای هر بیت"), per_beyt],
    [study.pick(f"GPT, perplexity of {len(coder.vocabulary)} symbols", f"مدل، سرگشتگی با {len(coder.vocabulary)} نشانه"), held["verse-scratch"]],
], f"{bits.n} held-out sections, with 95 % intervals of a bootstrap over them; the floor is Kneser-Ney of order 9 on the same training part.", f"{bits.n} بخش کنارگذاشته، با بازهٔ ۹۵ درصدِ بوت‌استرپ (bootstrap) روی آن‌ها؛ کف، Kneser-Ney مرتبهٔ ۹ روی همان بخش آموزشی است.")
study.figure(verse.floors_and_model(orders, by_order, {study.pick("GPT, up to four beyts before", "مدل، تا چهار بیت پیشین"): bits.value}, study.pick(("order", "bits per character", "Kneser-Ney"), ("مرتبه", "شمار bit بر نویسه", "Kneser-Ney"))),
             "bits", "Kneser-Ney by its order, and the GPT.", "Kneser-Ney به تفکیک مرتبه، و GPT.")
gain, context = bits.floor - bits.value, pair_bits.value - bits.value
assert by_order == sorted(by_order, reverse=True)
study.say(f"The GPT needs {bits.value:.3f} bits a character, {abs(gain):.3f} {'fewer' if gain > 0 else 'more'} than the floor of {bits.floor:.3f}: {per_beyt.value:.1f} bits a beyt. Up to three more beyts of context are worth {context:+.4f} bits a character{': little comes from further back' if context < 0.05 else ''}. The GPT of 128 windows needs {few_bits.value:.3f} [{few_bits.low:.3f}, {few_bits.high:.3f}], Kneser-Ney on the same windows {few_bits.floor:.3f}.",
          f"این GPT برای هر نویسه {bits.value:.3f} bit می‌خواهد، {abs(gain):.3f} {'کمتر' if gain > 0 else 'بیشتر'} از کفِ {bits.floor:.3f}؛ یعنی {per_beyt.value:.1f} bit برای هر بیت. تا سه بیتِ دیگرِ زمینه <bdi dir=\"ltr\">{context:+.4f}</bdi> bit بر نویسه می‌ارزد{'؛ از دورتر چیز اندکی می‌رسد' if context < 0.05 else ''}. مدلِ ۱۲۸ پنجره‌ای {few_bits.value:.3f} [{few_bits.low:.3f}, {few_bits.high:.3f}] می‌خواهد و Kneser-Ney روی همان پنجره‌ها {few_bits.floor:.3f}.")
if not study.small:
    assert bits.high < few_bits.low, "more verse should have helped"

# %% [markdown] lang="en"
# ## Is it verse?
# *Rhyme*: equal last letters of the two hemistichs before the words that they share (the radif). *Metre*: an automaton
# over all readings of the letters asks whether one of them has the eleven syllables of the motaqareb. Both are necessary
# and cheap, and neither is sufficient; so real beyts, real beyts with their words shuffled and pairs of strangers stand
# beside what is generated. *Kept* answers are drawn until they rhyme and scan, at most 64 times: the model's law, cut to
# top-p 0.9, under that condition.
# %% [markdown] lang="fa"
# ## آیا شعر است؟
# *قافیه*: برابریِ حرف‌های پایانی دو مصراع پیش از واژه‌های مشترکشان (ردیف). *وزن*: خودکاره‌ای همهٔ خوانش‌های ممکنِ حرف‌ها را دنبال می‌کند و می‌پرسد آیا یکی از آن‌ها یازده هجای متقارب را دارد. هر دو شرطِ لازم‌اند و کم‌هزینه، و هیچ‌یک کافی نیست؛ پس
# بیت‌های واقعی، بیت‌های واقعی با واژه‌های بُرخورده، و جفت مصراع‌های بیگانه کنار ساخته‌ها می‌آیند. پاسخ‌های *برگزیده* آن‌قدر از نو کشیده می‌شوند تا قافیه و وزن داشته باشند، دست‌بالا ۶۴ بار: توزیع مدل، بریده به top-p ۰٫۹، به شرطِ این‌ها.

# %%
count = 24 if study.small else 200
asked_pairs = verse.next_pairs(asked)
picked = np.sort(philox("study", "prompts").choice(len(asked_pairs), count, replace=False))
prompts = [asked_pairs[i] for i in picked]
rng, flat, learnt = philox("study", "floors"), [b for poem in known for b in poem], set(verse.lines_of(known))
real = [answer for _, answer in prompts]
strangers = [(flat[i][0], flat[j][1]) for i, j in rng.integers(len(flat), size=(count, 2))]
shuffled = [tuple(" ".join(rng.permutation(half.split())) for half in beyt) for beyt in real]
seed = run.experiment.seed
ways = {"greedy": Decoding(temperature=0.0), "beams": Decoding(beams=5), "law": Decoding(), "cool": Decoding(0.7), "free": Decoding(top_p=TOP_P), "kept": Decoding(top_p=TOP_P)}
said = {way: answers(model, coder, prompts, how, seed, tries=(2 if study.small else 64) if way == "kept" else 0) for way, how in ways.items()}
marked = {"real": real, "shuffled": shuffled, "strangers": strangers, **{way: one.beyts for way, one in said.items()}}
titles = {way: study.pick(en, fa) for way, (en, fa, _) in verse.WAYS.items()}
judged = {way: verse.rates(marked[way], learnt) for way in verse.WAYS}
rows = []
for way, found in judged.items():
    ended = kit.Cell(f"{np.mean(said[way].ended):.2f}") if way in said else None
    distinct = kit.Cell("–" if found["distinct"] is None else f"{found['distinct']:.3f}")
    rows.append([titles[way], kit.ends(found["rhyme"]), kit.ends(found["scan"]), None if way == "strangers" else kit.ends(found["copy"]), distinct, ended])
    for what in ("rhyme", "scan", "copy"):
        study.measure(f"{what}_rate", *found[what][:3], n=found[what].n, unit="share", protocol=f"{found[what].n} {'beyts' if what == 'rhyme' else 'hemistichs'} for {count} held-out prompts of the Shahnameh: {verse.WAYS[way][2]}, {study.preset}")
study.table(study.pick(["beyts", "rhyme", "hemistichs that scan", "hemistichs copied", "distinct word pairs", "ended"], ["بیت‌ها", "قافیه", "مصراع باوزن", "مصراع رونوشت", "جفت‌واژهٔ متمایز", "به‌پایان‌رسیده"]), rows,
            f"{count} held-out prompts, the same for every way; 95 % intervals (Wilson).", f"{count} بیتِ کنارگذاشته به عنوان زمینه، برای همهٔ شیوه‌ها یکی؛ بازه‌های ۹۵ درصد (Wilson).")
truth, stranger, mixed, greedy, beams, free, kept = (judged[way] for way in ("real", "strangers", "shuffled", "greedy", "beams", "free", "kept"))
tries = [t for t in said["kept"].tries if t]
tried = (f"takes {np.mean(tries):.1f} draws on average where it succeeds, {len(tries)} times of {count}",
         f"هر جا کامیاب شود به طور میانگین {np.mean(tries):.1f} بار کشیدن می‌خواهد: {len(tries)} بار از {count}") if tries else ("never succeeds", "هرگز کامیاب نمی‌شود")
if not study.small:
    assert min(kept["rhyme"].value, kept["scan"].value) >= 0.95
    assert free["rhyme"].low > stranger["rhyme"].high
    assert free["scan"].low > mixed["scan"].high
study.say(f"Drawn with top-p {TOP_P:g}, {100 * free['rhyme'].value:.0f} % of the beyts rhyme (random pairs {100 * stranger['rhyme'].value:.0f} %, real ones {100 * truth['rhyme'].value:.0f} %) and {100 * free['scan'].value:.0f} % of the hemistichs scan (shuffled {100 * mixed['scan'].value:.0f} %, real {100 * truth['scan'].value:.0f} %). Drawing again until both hold gives {100 * kept['rhyme'].value:.1f} % and {100 * kept['scan'].value:.1f} % and {tried[0]}. Greedy answers copy {100 * greedy['copy'].value:.1f} % of their hemistichs from the training part and beam search {100 * beams['copy'].value:.1f} %; real beyts share {100 * truth['copy'].value:.1f} % with it. Of word pairs {greedy['distinct'] or 0:.2f} are distinct in greedy answers, {free['distinct'] or 0:.2f} in those drawn and {truth['distinct'] or 0:.2f} in real beyts.",
          f"در کشیدن با top-p {TOP_P:g}، {100 * free['rhyme'].value:.0f}٪ بیت‌ها قافیه دارند (جفت‌های تصادفی {100 * stranger['rhyme'].value:.0f}٪، بیت‌های واقعی {100 * truth['rhyme'].value:.0f}٪) و {100 * free['scan'].value:.0f}٪ مصراع‌ها وزن دارند (بُرخورده {100 * mixed['scan'].value:.0f}٪، واقعی {100 * truth['scan'].value:.0f}٪). از نو کشیدن تا برقراریِ هر دو، به {100 * kept['rhyme'].value:.1f}٪ و {100 * kept['scan'].value:.1f}٪ می‌رسد و {tried[1]}. پاسخ‌های حریصانه {100 * greedy['copy'].value:.1f}٪ مصراع‌هایشان را از بخش آموزشی رونوشت می‌کنند و جست‌وجوی پرتویی {100 * beams['copy'].value:.1f}٪؛ بیت‌های واقعی {100 * truth['copy'].value:.1f}٪ با آن مشترک‌اند. سهم جفت‌واژه‌های متمایز در پاسخ‌های حریصانه {greedy['distinct'] or 0:.2f}، در کشیده‌ها {free['distinct'] or 0:.2f} و در بیت‌های واقعی {truth['distinct'] or 0:.2f} است.")

# %% [markdown] lang="en"
# ## BLEU and chrF, beside their floors
# Asked for is BLEU. After a beyt a hundred beyts could come, and BLEU compares with the one that did: a random beyt of
# the training part and a copy of the *prompt* show how little the number says. chrF compares runs of letters.
# %% [markdown] lang="fa"
# ## BLEU و chrF کنار کف‌هایشان
# ‏BLEU خواسته شده است. پس از یک بیت صد بیت می‌تواند بیاید و BLEU با آن یکی می‌سنجد که آمده است: بیتی تصادفی از بخش آموزشی و رونوشتِ خودِ *زمینه* نشان می‌دهند این عدد چه اندک می‌گوید. chrF پاره‌های حرفی را می‌سنجد.

# %%
compared = {study.pick("a random training beyt", "بیتی تصادفی از آموزش"): [flat[i] for i in rng.integers(len(flat), size=count)], study.pick("a copy of the prompt", "رونوشتِ زمینه"): [p for p, _ in prompts], **{titles[way]: one.beyts for way, one in said.items()}}
scores = {name: [score([" ".join(beyt) for beyt in beyts], [" ".join(beyt) for beyt in real]) for score in (bleu, chrf)] for name, beyts in compared.items()}
signatures = [score.signature for score in scores[titles["greedy"]]]
study.table(study.pick(["answers", "BLEU", "chrF2"], ["پاسخ‌ها", "BLEU", "chrF2"]), [[name, kit.Cell(f"{b.score:.2f}"), kit.Cell(f"{c.score:.1f}")] for name, (b, c) in scores.items()],
            f"Of 100, against the real next beyt, {count} prompts. sacrebleu: {signatures[0]}; {signatures[1]}", f"از ۱۰۰، در برابر بیتِ واقعیِ بعدی، {count} زمینه. sacrebleu: {kit.ltr(signatures[0])}؛ {kit.ltr(signatures[1])}")
stored = {name: study.results("verse-scratch", name) for name in ("bleu", "chrf")}
ranked = (("What a copied or a random beyt reaches as well ranks nothing.", "عددی که بیتی تصادفی یا رونوشت هم به آن می‌رسد چیزی را رتبه‌بندی نمی‌کند.") if any(m.value <= max(m.floor, m.context["of_copied_prompts"]) for m in stored.values())
          else ("Both lie above their floors; by how much the model is better is for the other measures to say.", "هر دو بالاتر از کف خودند؛ این‌که مدل چه اندازه بهتر است با سنجه‌های دیگر است."))
study.say(f"On {stored['bleu'].n} prompts the greedy answers have BLEU {stored['bleu'].value:.2f} and chrF {stored['chrf'].value:.1f}; random beyts have {stored['bleu'].floor:.2f} and {stored['chrf'].floor:.1f}, and copies of the prompt {stored['bleu'].context['of_copied_prompts']:.2f} and {stored['chrf'].context['of_copied_prompts']:.1f}. {ranked[0]}",
          f"روی {stored['bleu'].n} زمینه، پاسخ‌های حریصانه BLEU برابر {stored['bleu'].value:.2f} و chrF برابر {stored['chrf'].value:.1f} دارند؛ بیت‌های تصادفی {stored['bleu'].floor:.2f} و {stored['chrf'].floor:.1f}، و رونوشتِ زمینه {stored['bleu'].context['of_copied_prompts']:.2f} و {stored['chrf'].context['of_copied_prompts']:.1f}. {ranked[1]}")

# %% [markdown] lang="en"
# ## Twenty pairs, unselected
# %% [markdown] lang="fa"
# ## بیست جفت، بی‌گزینش
# %%
head = study.pick(["prompt", "answer", "rhymes", "scans", "copied"], ["زمینه", "پاسخ", "قافیه", "وزن", "رونوشت"])
study.table(head, verse.judged_pairs(said["free"].prompts[:20], said["free"].beyts, learnt), "The first twenty prompts with the first answer drawn, top-p 0.9. 'Copied' counts hemistichs that stand in the training part.", "بیست زمینهٔ نخست با نخستین پاسخی که کشیده شد، top-p ۰٫۹. «رونوشت» شمار مصراع‌هایی است که در بخش آموزشی هست.")
study.table(head, verse.judged_pairs(said["kept"].prompts[:10], said["kept"].beyts, learnt), "Not unselected: answers to the first ten prompts, drawn until they rhyme and scan.", "این‌ها گزیده‌اند: پاسخ به ده زمینهٔ نخست، از نو کشیده تا قافیه و وزن داشته باشند.")
study.table(study.pick(["way", "answer to the first prompt"], ["شیوه", "پاسخ به نخستین زمینه"]), [[titles[way], " / ".join(one.beyts[0])] for way, one in said.items()], f"One prompt, every way: {' / '.join(prompts[0][0])}", f"یک زمینه، همهٔ شیوه‌ها: {' / '.join(prompts[0][0])}")

# %% [markdown] lang="en"
# ## Fine-tuning a folder of your own
# ```
# export SIMORGH_GPT2=/path/to/gpt2-fa
# simorgh train verse-finetune --preset cpu
# simorgh sample RUN --prompt "... / ..." --verse
# ```
# The folder is read as Hugging Face lays it out; its logits here equal those of transformers, which
# `tests/parity/test_gpt2_folder.py` checks on a small folder of that kind. The run keeps checksums of weights and
# tokeniser, so another folder is another run. What changes is in the table. No number is given for it: the weights are
# not ours to ship, gpt2-fa has read the web and may have read Ferdowsi there, and its sibling gpt2-fa-poetry surely has;
# neither can be tested on a held-out Shahnameh as if it were new to them. The training from nothing above can.
# %% [markdown] lang="fa"
# ## ریزتنظیمِ پوشهٔ خودتان
# ```
# export SIMORGH_GPT2=/path/to/gpt2-fa
# simorgh train verse-finetune --preset cpu
# simorgh sample RUN --prompt "... / ..." --verse
# ```
# پوشه همان‌گونه خوانده می‌شود که Hugging Face می‌چیند؛ لوجیت‌هایش این‌جا با transformers برابر است و `tests/parity/test_gpt2_folder.py` این را روی پوشهٔ کوچکی از همین گونه می‌آزماید. اجرا، چکیدهٔ وزن‌ها و واحدساز را نگه می‌دارد؛ پس پوشهٔ
# دیگر، اجرای دیگری است. آنچه تغییر می‌کند در جدول آمده است. عددی برایش داده نمی‌شود: وزن‌ها از آنِ ما نیست، gpt2-fa وب را خوانده و شاید فردوسی را هم آن‌جا خوانده باشد، و خواهرش gpt2-fa-poetry بی‌گمان خوانده است؛ هیچ‌یک
# را نمی‌توان با شاهنامهٔ کنارگذاشته چنان آزمود که گویی برایشان تازه است. آموزشِ از هیچ را می‌توان.

# %%
finetuning.changes(study, model, coder, shape)

# %% [markdown] lang="en"
# ## Fine-tuning, executed
# No trained weights are at hand, so they are made: half of the training sections (drawn) give their hemistichs, in random
# order, to a small GPT-2 with a tokeniser of bytes. It is written into a folder as Hugging Face lays one out, and
# `verse-finetune` reads that folder and learns from the other half. Beside it the same net from nothing: same tokeniser,
# windows and steps, three rates each, chosen on validation sections. With gpt2-fa's weights this was not executed.
# %% [markdown] lang="fa"
# ## ریزتنظیم، اجراشده
# وزن آموزش‌دیده‌ای در دست نیست، پس ساخته می‌شود: نیمی از بخش‌های آموزشی (به قرعه) مصراع‌هایشان را، به ترتیب تصادفی، به GPT-2 کوچکی با واحدسازِ بایتی می‌دهند؛ این مدل، آن‌گونه که
# ‏Hugging Face می‌چیند، در پوشه‌ای نوشته می‌شود و `verse-finetune` همان پوشه را می‌خواند و از نیمهٔ دیگر می‌آموزد. کنارش همان شبکه از هیچ: واحدساز، پنجره‌ها و گام‌ها همان، هر کدام با سه نرخ
# که با بخش‌های اعتبارسنجی برگزیده می‌شود. با وزن‌های gpt2-fa این اجرا نشد.

# %%
finetuning.report(study, train_part)

# %% [markdown] lang="en"
# ## Pitfalls
# - **Pads in the loss**: the padded input as label makes the loss look good; $\exp$ of it is no perplexity.
# - **The input as label at the same places, without a shift**: what it learns is to copy, and its answers heap up words.
# - **Pad equal to end**: then the end is masked as well, and the model never stops.
# - **A split by line**, or of poems by different copies: neighbours are trained on.
# - **Perplexities of different tokenisers** side by side, and **BLEU without its floors**.
# - **The best of many samples shown as the result**: the twenty pairs above are the first, not the best.
# %% [markdown] lang="fa"
# ## دام‌ها
# - **خانه‌های خالی در هزینه**: اگر ورودیِ پرشده برچسب باشد هزینه خوب به نظر می‌رسد؛ نماییِ آن سرگشتگی نیست.
# - **ورودی به عنوان برچسب، بی جابه‌جایی**: آنچه آموخته می‌شود رونویسی است و پاسخ‌ها واژه روی هم می‌ریزند.
# - **یکی بودنِ خالی و پایان**: آن‌گاه پایان هم ماسک می‌خورد و مدل هرگز نمی‌ایستد.
# - **بخش‌بندی به بیت**، یا میان نسخه‌های گوناگون یک شعر: همسایه‌ها آموزش داده شده‌اند.
# - **سرگشتگیِ واحدسازهای گوناگون** کنار هم، و **BLEU بدون کف**.
# - **نشان دادنِ بهترین از میان بسیار به جای نتیجه**: بیست جفتِ بالا نخستین‌ها هستند، نه بهترین‌ها.

# %% [markdown] lang="en"
# ## Sources
# Text: Ganjoor (github.com/ganjoor/ganjoor-data, commit f5fdf515). Radford et al. 2019 (GPT-2); Vaswani et al. 2017
# (arXiv 1706.03762); Sennrich et al. 2016 (arXiv 1508.07909); Chen & Goodman 1999; Holtzman et al. 2020 (arXiv
# 1904.09751); Papineni et al. 2002; Popović 2015; Post 2018 (sacrebleu); Li et al. 2016 (arXiv 1510.03055); Jordan et al.
# 2024 (Muon); Thiesen 1982 and Elwell-Sutton 1976 on Persian metre; HooshvareLab 2021 (gpt2-fa).
# %% [markdown] lang="fa"
# ## منابع
# متن: گنجور (github.com/ganjoor/ganjoor-data، کامیت f5fdf515). Radford et al. 2019 (GPT-2)؛ Vaswani et al. 2017 (arXiv 1706.03762)؛ Sennrich et al. 2016 (arXiv 1508.07909)؛ Chen & Goodman 1999؛ Holtzman et al. 2020 (arXiv 1904.09751)؛
# Papineni et al. 2002؛ Popović 2015؛ Post 2018 (sacrebleu)؛ Li et al. 2016 (arXiv 1510.03055)؛ Jordan et al. 2024 (Muon)؛ دربارهٔ وزن فارسی: Thiesen 1982 و Elwell-Sutton 1976؛ HooshvareLab 2021 (gpt2-fa).
