# ---
# simorgh:
#   title: {en: "Twelve perceptrons on MNIST, as reported and as corrected", fa: "دوازده پرسپترون روی MNIST، آن‌گونه که گزارش شده و پس از اصلاح"}
#   answers: [E4.1, E4.2, E4.3, E4.4, E4.5, E4.6, E4.7, E4.8, E4.9, E4.10]
#   sweeps:
#     reported: {recipe: mlp-reported, seeds: 5, metric: valid/error, set: ["model.activation=relu,leaky-relu,sigmoid", "model.loss=cross-entropy,nll", "train.optimiser.kind=sgd,adam"]}
#     shuffled: {recipe: mlp-reported, seeds: 5, metric: valid/error, set: ["model.activation=sigmoid", "model.loss=cross-entropy", "train.optimiser.kind=adam", "data.shuffle=true"]}
#     sgd: {recipe: mlp-corrected, seeds: 5, metric: valid/error, set: ["model.activation=relu,leaky-relu,sigmoid", "train.optimiser.kind=sgd", "train.optimiser.lr=0.1"]}
#     adam: {recipe: mlp-corrected, seeds: 5, metric: valid/error, set: ["model.activation=relu,leaky-relu,sigmoid", "train.optimiser.kind=adam", "train.optimiser.lr=0.001"]}
#     rates: {recipe: mlp-corrected, seeds: 1, metric: valid/error, set: ["model.activation=relu,leaky-relu,sigmoid", "train.optimiser.kind=adam", "train.optimiser.lr=0.0001,0.001,0.01,0.1"]}
# ---
# %% [markdown] lang="en"
# ## Question
# A course solution trains a perceptron 784-100-50-10 on MNIST in twelve variants: ReLU, LeakyReLU or sigmoid; cross-entropy
# or negative log-likelihood (NLL); SGD or Adam, both with rate 0.1. It reports that only four end below an error of 0.1:
# all three activations with cross-entropy and SGD, and the sigmoid with cross-entropy and Adam. Is that so from five
# seeds, why does each of the others fail, and what remains of the comparison once the program is corrected?
# %% [markdown] lang="fa"
# ## پرسش
# یک پاسخ تمرین پرسپترونی با لایه‌های ۷۸۴-۱۰۰-۵۰-۱۰ را روی MNIST در دوازده حالت آموزش می‌دهد: ReLU، LeakyReLU یا سیگموید؛ آنتروپی متقاطع یا منفیِ
# لگاریتمِ درست‌نمایی (NLL)؛ SGD یا Adam، هر دو با نرخ ۰٫۱. گزارش می‌کند که تنها چهار حالت به خطای زیر ۰٫۱ می‌رسند: هر سه فعال‌سازی با آنتروپی متقاطع و SGD،
# و سیگموید با آنتروپی متقاطع و Adam. آیا با پنج بذر هم چنین است، هر یک از بقیه چرا شکست می‌خورد، و پس از اصلاح برنامه از مقایسه چه می‌ماند؟

# %%
import tempfile

import numpy as np
import torch
from matplotlib.figure import Figure
from torch.nn.functional import cross_entropy

from simorgh.contracts import Diverged
from simorgh.data import batches, load
from simorgh.metrics.intervals import mean_interval, wilson
from simorgh.metrics.overfitting import best_pass, overfits
from simorgh.recipes import recipe
from simorgh.report.figures import block_diagram, image_grid
from simorgh.report.style import LINES, use_style
from simorgh.studies import kit
from simorgh.train import Run, fit, initialise
from simorgh.train.experiment import override

study = kit.current()
use_style()
NAMES = {"relu": "ReLU", "leaky-relu": "LeakyReLU", "sigmoid": "Sigmoid", "cross-entropy": "CE", "nll": "NLL", "sgd": "SGD", "adam": "Adam"}
PRINTED = {("relu", "cross-entropy", "sgd"), ("leaky-relu", "cross-entropy", "sgd"), ("sigmoid", "cross-entropy", "sgd"), ("sigmoid", "cross-entropy", "adam")}
base = recipe("mlp-reported", study.preset)
data = load(base.data)
pixels, truth = data.test.x / 255, data.test.y
if study.small:
    study.say("**The `smoke` preset**: sixteen steps on 512 images from one seed. Its numbers say nothing about the twelve variants.",
              "**اندازهٔ `smoke`**: شانزده گام روی ۵۱۲ تصویر از یک بذر؛ اعداد آن چیزی دربارهٔ دوازده حالت نمی‌گوید.")


def label(cell):
    return " + ".join(NAMES[part] for part in cell)


# %% [markdown] lang="en"
# ## Net, data, and the faults of the program
# The activation is a setting of the net, as in the solution. Dropout of 0.2 stands before the last layer; the solution
# declares it and never calls it.
# %% [markdown] lang="fa"
# ## شبکه، داده، و خطاهای برنامه
# فعال‌سازی یکی از تنظیم‌های شبکه است، همان‌گونه که در پاسخ. دراپ‌اوتِ ۰٫۲ پیش از لایهٔ آخر جا دارد؛ پاسخ آن را تعریف می‌کند و هرگز فرانمی‌خواند.

# %%
net = initialise(base, data.spec)
count = sum(p.numel() for p in net.parameters())
assert count == 84_060
study.figure(block_diagram([["28 x 28", "linear 100", "activation", "linear 50", "activation", "(dropout 0.2)", "linear 10"]], ["activation", "(dropout 0.2)"]),
             "net", f"The net: {count:,} parameters.", f"شبکه: {count:,} پارامتر.")
layers = [part for part in net.modules() if isinstance(part, torch.nn.Linear)]
sizes = [(part.weight.numel(), part.bias.numel()) for part in layers]
assert sum(map(sum, sizes)) == count
study.table(study.pick(["layer", "weights", "biases", "parameters"], ["لایه", "وزن", "بایاس", "پارامتر"]),
            [*([kit.Cell(f"{part.in_features} → {part.out_features}"), kit.Cell(f"{w:,}"), kit.Cell(f"{b}"), kit.Cell(f"{w + b:,}")] for part, (w, b) in zip(layers, sizes)),
             [study.pick("all", "همه"), *(kit.Cell(f"{n:,}") for n in (*map(sum, zip(*sizes)), count))]], "The net layer by layer.", "شبکه، لایه به لایه.")
printed_batches = -(-60_000 // 128)
cut = int(0.8 * printed_batches)
assert (printed_batches, cut) == (469, 375)
passes = {cell: 30 - i for i, cell in enumerate((a, c, o) for a in ("relu", "leaky-relu", "sigmoid") for c in ("cross-entropy", "nll") for o in ("sgd", "adam"))}
study.table(study.pick(["in the program", "consequence", "as reported, here", "corrected"], ["در برنامه", "پیامد", "«گزارش‌شده» در این‌جا", "اصلاح‌شده"]), [
    [study.pick("the loop variable is named as the number of epochs", "متغیر حلقه همنام شمار دورهاست"), study.pick("30, 29, ... 19 epochs", "۳۰، ۲۹، … ۱۹ دور"), study.pick("30; the pass where the program stopped is read from the history", "۳۰؛ دوری که برنامه در آن ایستاد از تاریخچه خوانده می‌شود"), study.pick("30", "۳۰")],
    [study.pick("NLL of raw scores", "NLL روی نمره‌های خام"), study.pick("no lower bound", "بدون کران پایین"), study.pick("kept", "نگه داشته شد"), study.pick("log-softmax first", "نخست log-softmax")],
    [study.pick("dropout is not called", "دراپ‌اوت فراخوانده نمی‌شود"), study.pick("it does not act", "اثری ندارد"), study.pick("kept", "نگه داشته شد"), study.pick("called", "فراخوانده شد")],
    [study.pick("i < 375 trains, i > 375 validates", f"{kit.ltr('i < 375')} آموزش، {kit.ltr('i > 375')} اعتبارسنجی"), study.pick("batch 375 of 469 is in neither", "دستهٔ ۳۷۵ از ۴۶۹ در هیچ‌کدام نیست"), study.pick("last 12,000 images validate", "۱۲٬۰۰۰ تصویر آخر برای اعتبارسنجی"), study.pick("the same", "همان")],
    [study.pick("batches are told apart by their number", "دسته‌ها با شماره از هم جدا می‌شوند"), study.pick("held out only if the loader never shuffles", "تنها اگر بارگذار هرگز بُر نزند کنار می‌مانند"), study.pick("one order, in every pass", "یک ترتیب، در هر دور"), study.pick("an order for each pass", "برای هر دور ترتیبی دیگر")],
    [study.pick("the last loss is stored inside the test", "هزینهٔ قبلی درون شرط ذخیره می‌شود"), study.pick("the flag cannot fire", "پرچم نمی‌تواند بالا رود"), study.pick("both rules are computed", "هر دو قاعده محاسبه می‌شود"), study.pick("patience of 3, best weights", "شکیبایی ۳، بهترین وزن‌ها")],
    [study.pick("Adam at 0.1", "‏Adam با نرخ ۰٫۱"), study.pick("units die", "واحدها می‌میرند"), study.pick("kept", "نگه داشته شد"), study.pick("0.001, from a search", "۰٫۰۰۱، از یک جست‌وجو")],
    [study.pick("share of errors called test loss", "سهم خطا «هزینهٔ آزمون» نامیده شده"), study.pick("wrong name", "نام نادرست"), study.pick("error, and mean loss", "خطا، و هزینهٔ میانگین"), study.pick("the same", "همان")],
], "What the printed program does. Batches of 128 in both.", "برنامهٔ چاپ‌شده چه می‌کند. دسته‌ها در هر دو ۱۲۸تایی‌اند.")
study.say(f"Images: {len(data.train):,} to train on, {len(data.validation):,} held out by index from the end, {len(data.test):,} to test on.",
          f"تصویرها: {len(data.train):,} برای آموزش، {len(data.validation):,} کنارگذاشته از انتها بر پایهٔ شماره، {len(data.test):,} برای آزمون.")

# %% [markdown] lang="en"
# ## As reported: twelve cells
# `simorgh sweep mlp-reported --grid --seeds 5` with the three settings of the header. Weights of a training that diverged
# are NaN in the program, and the argmax of ten NaN is class 0: its error is the share of all other classes.
# %% [markdown] lang="fa"
# ## گزارش‌شده: دوازده خانه
# `simorgh sweep mlp-reported --grid --seeds 5` با سه تنظیمِ سرآیند. وزن‌های آموزشِ واگراشده در برنامه NaN می‌شود و argmax ده NaN ردهٔ ۰ است: خطایش سهم
# همهٔ رده‌های دیگر است.

# %%
assert torch.full((3, 10), float("nan")).max(-1).indices.tolist() == [0, 0, 0]


@torch.no_grad()
def outcome(row):
    """What a trial ended in: predictions of the test images (stored in its directory), error, losses, states of units."""
    run, sound = Run.open(row["run"]), row["state"] != "failed"
    history = [line for line in run.history() if "valid/error" in line]
    found = {"run": run, "row": row, "sound": sound, "history": history, "seed": row["seed"]}
    if not sound:
        predicted = torch.zeros_like(truth)
        found |= {"scores": float("nan"), "loss": float("nan"), "dead": [float("nan")] * 2, "one_sided": [float("nan")] * 2, "flat": [float("nan")] * 2}
    else:
        model = run.model()
        layers = [torch.cat(parts) for parts in zip(*(model.hidden(b.x) for b in batches(data.test, base.data, 1000)))]
        scores = model.head(layers[-1])
        predicted = scores.argmax(1)
        found |= {"scores": float(scores.abs().max()), "loss": float(cross_entropy(scores, truth)), "dead": [float((h <= 0).all(0).float().mean()) for h in layers],
                  "one_sided": [float(((h <= 0).all(0) | (h > 0).all(0)).float().mean()) for h in layers], "flat": [float(((h < 0.01) | (h > 0.99)).float().mean()) for h in layers]}
    np.save(run.path / "predictions.npy", predicted.numpy().astype(np.uint8))
    return found | {"error": float((predicted != truth).float().mean()), "predicted": predicted}


def cells(key, *paths):
    """Outcomes by the values of `paths`, seed 0 first."""
    found = {}
    for row in study.sweep(key):
        found.setdefault(tuple(row["params"][p] for p in paths), []).append(outcome(row))
    return {cell: sorted(group, key=lambda o: o["seed"]) for cell, group in found.items()}


reported = cells("reported", "model.activation", "model.loss", "train.optimiser.kind")
assert set(reported) == set(passes)
seeds = len(reported["relu", "cross-entropy", "sgd"])


def at_stop(o, cell):
    """Validation error at the pass where the printed program stopped; that of class 0 where it had diverged."""
    held = float((data.validation.y != 0).float().mean())
    return o["history"][min(passes[cell], len(o["history"])) - 1]["valid/error"] if o["sound"] else held


rows, below, stopped = [], {}, {}
for cell, group in reported.items():
    errors = [o["error"] for o in group]
    below[cell], stopped[cell] = sum(e < 0.1 for e in errors), sum(at_stop(o, cell) < 0.1 for o in group)
    diverged, losses = sum(not o["sound"] for o in group), [o["loss"] for o in group if o["sound"]]
    if losses:
        study.measure("test_loss", float(np.mean(losses)), n=len(losses), unit="nats/image", protocol=f"mean cross-entropy of 10,000 MNIST test images, whatever was trained on, mean over the seeds that did not diverge, as reported, {study.preset}", recipe="mlp-reported", cell=label(cell))
    rows.append([kit.ltr(label(cell)), study.pick("yes", "آری") if cell in PRINTED else study.pick("no", "نه"), kit.Cell(f"{below[cell]} / {seeds}"), kit.Cell(" ".join(f"{e:.3f}" for e in errors)), kit.Cell(f"{np.mean(losses):.3g}" if losses else "NaN"), kit.Cell(f"{passes[cell]}"), kit.Cell(f"{stopped[cell]} / {seeds}"), diverged])
    i = mean_interval(errors) if seeds > 1 else None
    study.measure("error", float(np.mean(errors)), i and max(i.low, 0.0), i and min(i.high, 1.0), n=seeds, unit="share", protocol=f"share of 10,000 MNIST test images named wrongly, mean over seeds, as reported, {study.preset}", recipe="mlp-reported", cell=label(cell))
need = max(1, -(-4 * seeds // 5))
here, there = {c for c in reported if below[c] >= need}, {c for c in reported if stopped[c] >= need}
study.table(study.pick(["variant", "printed as below 0.1", "below 0.1 here", "test error after 30 passes, each seed", "mean test loss, nats", "passes of the program", "below 0.1 there, validation", "diverged"], ["حالت", "چاپ‌شده: زیر ۰٫۱", "این‌جا زیر ۰٫۱", "خطای آزمون پس از ۳۰ دور، هر بذر", "هزینهٔ میانگین آزمون، نات", "دورهای برنامه", "آن‌جا زیر ۰٫۱، اعتبارسنجی", "واگرا"]), rows,
            "The reported grid, seeds in order. The loss is the cross-entropy of the test images, mean over the seeds that did not diverge, whatever was trained on. A rate that stays constant makes the shorter trainings of the program beginnings of these.", "جدول حالت‌های گزارش‌شده، به ترتیب بذرها. هزینه، آنتروپی متقاطع تصویرهای آزمون است، میانگین بذرهایی که واگرا نشدند، هر چه که روی آن آموزش دیده باشند. چون نرخ ثابت است، آموزش‌های کوتاه‌تر برنامه آغازِ همین آموزش‌ها هستند.")
study.measure("cells_below_0.1", len(here), n=seeds, protocol=f"variants of twelve with a test error below 0.1 in at least {need} of {seeds} seeds", recipe="mlp-reported")
study.measure("cells_agreeing", sum((c in here) == (c in PRINTED) for c in reported), n=12, protocol=f"variants of twelve on which 'below 0.1 in at least {need} of {seeds} seeds' agrees with the printed list", recipe="mlp-reported")
odd = [label(c) for c in reported if (c in here) != (c in PRINTED)]
study.say(f"Below 0.1 in at least {need} of {seeds} seeds: {', '.join(label(c) for c in sorted(here)) or 'none'}. " + ("**Exactly the four that were printed**" if here == PRINTED else f"Not what was printed: {', '.join(odd)}") + f", and {'the same' if there == here else 'not the same'} at the passes where the program stopped.",
          f"زیر ۰٫۱ در دست‌کم {need} بذر از {seeds}: {kit.ltr(', '.join(label(c) for c in sorted(here))) if here else 'هیچ حالتی'}. " + ("**درست همان چهار حالتِ چاپ‌شده**" if here == PRINTED else f"با آنچه چاپ شده فرق دارد: {kit.ltr(', '.join(odd))}") + f"، و در دوری که برنامه ایستاد هم {'همان است' if there == here else 'همان نیست'}.")

open_cells = [label(c) for c in reported if 0 < below[c] < seeds]
once, once_there = (float(np.prod([counts[c] / seeds if c in PRINTED else 1 - counts[c] / seeds for c in reported])) for counts in (below, stopped))
for chance, when in ((once, "with a test error below 0.1 after 30 passes"), (once_there, "with a validation error below 0.1 at the passes of the program")):
    study.measure("chance_of_printed_list", chance, n=seeds, unit="share", protocol=f"chance that one training a variant gives exactly the printed list, from the shares of {seeds} seeds {when}", recipe="mlp-reported")
open_there = [label(c) for c in reported if 0 < stopped[c] < seeds]
study.say(f"The program trains each variant once. After 30 passes some seeds lie below 0.1 and some above in {', '.join(open_cells) or 'no variant'}; at the passes where it stopped, on validation images, in {', '.join(open_there) or 'no variant'}. With the shares of these {seeds} seeds as chances, one training a variant prints exactly the four in {once:.0%} of cases after 30 passes, and in {once_there:.0%} where the program stopped.",
          f"برنامه هر حالت را یک بار آموزش می‌دهد. پس از ۳۰ دور در {kit.ltr(', '.join(open_cells)) if open_cells else 'هیچ حالتی'} برخی بذرها زیر ۰٫۱ و برخی بالای آن‌اند؛ در دوری که برنامه ایستاد، روی تصویرهای اعتبارسنجی، در {kit.ltr(', '.join(open_there)) if open_there else 'هیچ حالتی'}. اگر سهم این {seeds} بذر را احتمال بگیریم، با یک آموزش برای هر حالت پس از ۳۰ دور در {once:.0%} موارد درست همان چهار حالت چاپ می‌شود و در دورهای برنامه در {once_there:.0%}.")

fourth = ("sigmoid", "cross-entropy", "adam")
orders = {"one": reported[fourth], "new": cells("shuffled", "data.shuffle")[(True,)]}
under = {k: wilson(sum(o["error"] < 0.1 for o in group) / len(group), len(group)) for k, group in orders.items()}
study.table(study.pick(["order of the batches", "test error, each seed", "below 0.1"], ["ترتیب دسته‌ها", "خطای آزمون، هر بذر", "زیر ۰٫۱"]),
            [[study.pick(*title), kit.Cell(" ".join(f"{o['error']:.3f}" for o in orders[k])), kit.Cell(f"{round(under[k].value * under[k].n)} / {under[k].n}")] for k, title in (("one", ("the same in every pass, as printed", "در هر دور همان، چنان که چاپ شده")), ("new", ("a new one for each pass", "در هر دور از نو")))],
            f"{label(fourth)} with one fixed order and with `data.shuffle` on; nothing else differs.", f"{kit.ltr(label(fourth))} با یک ترتیب ثابت و با `data.shuffle`؛ چیز دیگری فرق ندارد.")
for k, share in under.items():
    study.measure("share_below_0.1", *share[:3], n=share.n, unit="share", protocol=f"seeds of {label(fourth)} whose test error ends below 0.1, {'one order of batches in every pass' if k == 'one' else 'a new order for each pass'}, {study.preset}", recipe="mlp-reported")
tell = under["one"].low > under["new"].high or under["new"].low > under["one"].high
study.say(f"The fourth of the printed variants, with one more setting changed: with a fixed order of batches {round(under['one'].value * under['one'].n)} of {under['one'].n} seeds end below 0.1, with a new order for each pass {round(under['new'].value * under['new'].n)} of {under['new'].n}. " + ("That is more than the seeds can do by chance." if tell else "So few seeds do not tell the two apart, and at least one of them is not safely below 0.1." if min(i.value for i in under.values()) < 1 else "By this count the order made no difference."),
          f"چهارمین حالتِ چاپ‌شده، با تغییر یک تنظیم دیگر: با ترتیب ثابت دسته‌ها {round(under['one'].value * under['one'].n)} بذر از {under['one'].n} بذر زیر ۰٫۱ می‌مانند و با ترتیبی نو در هر دور {round(under['new'].value * under['new'].n)} بذر از {under['new'].n}. " + ("این تفاوت را نمی‌توان به تصادفِ بذرها نسبت داد." if tell else "این شمار بذر آن دو را از هم بازنمی‌شناسد، و دست‌کم یکی از آن دو با اطمینان زیر ۰٫۱ نیست." if min(i.value for i in under.values()) < 1 else "با این شمارش ترتیب فرقی نکرد."))

# %% [markdown] lang="en"
# ## Why the others fail
# **NLL of raw scores.** $-s_y$ has no lower bound: adding $c$ to every score lowers it by $c$ and says nothing about the
# class. Its gradient by the scores is $-1$ at the right class whatever the scores are, never at the others, so nothing
# ever pushes a wrong score *down*: the bias of the last layer alone grows with the counts of the classes. With SGD and
# ReLU each weight grows with the others and the scores overflow; with sigmoid and with Adam they grow steadily.
#
# **Adam at 0.1.** Each weight moves by about 0.1 in each of the first steps, whatever its gradient; 784 of them in step
# move a sum by up to $0.1 \sum_i x_i$, about ten, where it was about 0.1. A ReLU unit that is thrown below zero for all
# images has no gradient and never returns. LeakyReLU units keep a hundredth of theirs and some come back, so the net learns;
# but its scores are unbounded and steps of 0.1 too long to settle, and the error swings from pass to pass. Sigmoid units
# are thrown into their flat ends (the table says how many of their values lie there), but they are bounded: the last layer
# can settle; the tables say in how many seeds it does.
# %% [markdown] lang="fa"
# ## چرا بقیه شکست می‌خورند
# **NLL روی نمره‌های خام.** $-s_y$ کران پایین ندارد: افزودن $c$ به همهٔ نمره‌ها آن را $c$ پایین می‌آورد و چیزی دربارهٔ رده نمی‌گوید. گرادیانش نسبت به
# نمره‌ها، هر چه باشند، در ردهٔ درست $-1$ و در بقیه صفر است؛ پس هیچ‌گاه نمرهٔ نادرستی را *پایین* نمی‌برد: بایاس لایهٔ آخر به‌تنهایی با شمار نمونه‌های هر رده رشد
# می‌کند. با SGD و ReLU هر وزن با بقیه رشد می‌کند و نمره‌ها سرریز می‌شوند؛ با سیگموید و با Adam پیوسته بزرگ می‌شوند.
#
# **Adam با نرخ ۰٫۱.** در نخستین گام‌ها هر وزن، گرادیانش هر چه باشد، حدود ۰٫۱ جابه‌جا می‌شود؛ ۷۸۴ وزنِ همگام مجموعی را که حدود ۰٫۱ بود تا $0.1 \sum_i x_i$،
# نزدیک ده، می‌برند. واحد ReLUیی که برای همهٔ تصویرها به زیر صفر پرتاب شود گرادیان ندارد و هرگز بازنمی‌گردد. واحدهای LeakyReLU یک‌صدمِ گرادیانشان را نگه
# می‌دارند و برخی بازمی‌گردند، پس شبکه می‌آموزد؛ اما نمره‌هایش بی‌کران‌اند و گام ۰٫۱ برای آرام‌گرفتن بلند است و خطا از دوری به دور دیگر نوسان می‌کند. واحدهای
# سیگموید به دو سرِ تخت خود پرتاب می‌شوند (جدول می‌گوید چه سهمی از مقدارهایشان آن‌جاست)، اما کران‌دارند: لایهٔ آخر می‌تواند آرام بگیرد؛ این‌که در چند
# بذر چنین می‌شود در جدول‌هاست.

# %%
def beginning(cell):
    """Loss of each of the first steps of a variant, as far as it is a number."""
    first = override(base, {"model.activation": cell[0], "model.loss": cell[1], "train.optimiser.kind": cell[2], "train.log_every": 1, "train.epochs": 2.0 if study.small else 0.3})
    with tempfile.TemporaryDirectory() as folder:
        try:
            run = fit(first, folder, progress=False)
        except Diverged:
            run = Run.open(f"{folder}/{first.name}-{first.hash}")
        return [line["classify/loss"] for line in run.history()]


traces = {cell: beginning(cell) for cell in reported}
for cell, trace in traces.items():
    assert cell[1] == "cross-entropy" or min(trace) < 0  # no likelihood of a class is above one
figure = Figure(figsize=(8.4, 3.8))
for panel, loss in zip(figure.subplots(1, 2), ("nll", "cross-entropy")):
    for i, cell in enumerate(c for c in reported if c[1] == loss):
        # Dashes, for LeakyReLU runs on top of ReLU at first.
        panel.plot(range(1, len(traces[cell]) + 1), traces[cell], color=LINES[i], ls="--" if cell[0] == "leaky-relu" else "-", label=label(cell))
    if loss == "nll":
        panel.set(yscale="symlog", ylim=(-1e12, 10), yticks=[0, -1e3, -1e6, -1e9, -1e12])
    panel.set(xlabel="step", ylabel="-score of the right class" if loss == "nll" else "loss of the batch, nats", **{} if loss == "nll" else {"yscale": "log"})
    panel.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
study.figure(figure, "beginning", "The first steps of seed 0. Left: NLL of raw scores, which falls without end. Right: cross-entropy.",
             "نخستین گام‌های بذر ۰. چپ: NLL روی نمره‌های خام که بی‌پایان پایین می‌رود. راست: آنتروپی متقاطع.")
rows = []
for cell, group in reported.items():
    if cell in PRINTED:
        continue
    good = [o for o in group if o["sound"]]
    most = [float(o["predicted"].bincount(minlength=10).max()) / len(truth) for o in group]
    rows.append([kit.ltr(label(cell)), f"{len(group) - len(good)} / {len(group)}", kit.Cell(f"{min(traces[cell]):.3g}"), kit.Cell(f"{np.median([o['scores'] for o in good]):.2g}" if good else "NaN"),
                 *(kit.Cell(", ".join(f"{np.mean([o[what][k] for o in good]):.0%}" for k in (0, 1)) if good and (cell[0] == "sigmoid") == (what == "flat") else "–") for what in ("dead", "one_sided", "flat")), kit.Cell(f"{np.mean(most):.0%}")])
study.table(study.pick(["variant", "diverged", "lowest loss in the first steps", "largest score at the end", "units never positive, layers 1 and 2", "units on one side only", "sigmoid values below 0.01 or above 0.99", "share of the commonest answer"], ["حالت", "واگرا", "کمترین هزینه در گام‌های نخست", "بزرگ‌ترین نمره در پایان", "واحدهای هرگز مثبت، لایه‌های ۱ و ۲", "واحدهای تنها در یک سو", "مقدارهای سیگموید زیر ۰٫۰۱ یا بالای ۰٫۹۹", "سهم پرتکرارترین پاسخ"]), rows,
            "The failures, over the 10,000 test images. A unit that is never positive is dead (ReLU) or a hundredth as steep (LeakyReLU), one that always is is linear; sigmoid units have no such sides, but flat ends.",
            "شکست‌ها، روی ۱۰٬۰۰۰ تصویر آزمون. واحدی که هرگز مثبت نیست مرده (ReLU) یا با شیب یک‌صدم (LeakyReLU) است و واحدی که همیشه مثبت است خطی؛ واحدهای سیگموید چنین سویی ندارند ولی دو سرِ تخت دارند.")
adam = {a: [o for o in reported[a, "cross-entropy", "adam"] if o["sound"]] for a in ("relu", "leaky-relu", "sigmoid")}
silent = float(np.mean([o["dead"][1] for o in adam["relu"]])) if adam["relu"] else float("nan")
study.measure("dead_units", silent, n=len(adam["relu"]), unit="share", protocol="ReLU units of the second hidden layer that are never positive over 10,000 test images, Adam at 0.1, cross-entropy, mean over seeds", recipe="mlp-reported")
swing = {a: [(min(late), max(late)) for late in ([line["valid/error"] for line in o["history"][-10:]] for o in group)] for a, group in adam.items() if group}
study.table(study.pick(["Adam at 0.1 with CE", "validation error in the last ten passes, lowest to highest, each seed"], ["‏Adam با نرخ ۰٫۱ و CE", "خطای اعتبارسنجی در ده دور آخر، کمترین تا بیشترین، هر بذر"]),
            [[NAMES[a], kit.Cell(", ".join(f"{low:.3f}–{high:.3f}" for low, high in found))] for a, found in swing.items()],
            "How far the three activations have settled.", "سه فعال‌سازی تا کجا آرام گرفته‌اند.")
for a, found in swing.items():
    study.measure("swing", float(np.mean([high - low for low, high in found])), n=len(found), unit="share", protocol="largest minus smallest validation error in the last ten passes, Adam at 0.1, cross-entropy, mean over seeds", recipe="mlp-reported", activation=a)
open_ended = {a: sum(low < 0.1 < high for low, high in swing.get(a, [])) for a in ("leaky-relu", "sigmoid")}
gaps = {a: np.median([high - low for low, high in found]) for a, found in swing.items()}
study.say(f"Every NLL loss is negative within the first steps: no probability is above one, so this is no likelihood. With Adam at 0.1 and cross-entropy, {silent:.0%} of the second layer's ReLU units are never positive: {(left := round(50 * (1 - silent)))} of 50 {'is' if left == 1 else 'are'} left to tell ten classes apart. With LeakyReLU the error still swings by {gaps.get('leaky-relu', float('nan')):.3f} within ten passes (median of the seeds), with the sigmoid by {gaps.get('sigmoid', float('nan')):.3f}; in {open_ended['leaky-relu']} of {seeds} LeakyReLU and {open_ended['sigmoid']} of {seeds} sigmoid trainings the line of 0.1 lies inside the swing, and on which side they end is chance.",
          f"هزینهٔ همهٔ حالت‌های NLL در همان گام‌های نخست منفی می‌شود: هیچ احتمالی از یک بیشتر نیست، پس این درست‌نمایی نیست. با Adam و نرخ ۰٫۱ و آنتروپی متقاطع، {kit.ltr(format(silent, '.0%'))} واحدهای ReLU لایهٔ دوم هرگز مثبت نیستند: از ۵۰ واحد {50 * (1 - silent):.0f} تا برای بازشناختن ده رده می‌ماند. با LeakyReLU خطا در ده دور هنوز {gaps.get('leaky-relu', float('nan')):.3f} نوسان دارد (میانهٔ بذرها) و با سیگموید {gaps.get('sigmoid', float('nan')):.3f}؛ در {open_ended['leaky-relu']} آموزش از {seeds} آموزشِ LeakyReLU و {open_ended['sigmoid']} آموزش از {seeds} آموزشِ سیگموید مرز ۰٫۱ درون نوسان است و این‌که در کدام سو بایستند تصادفی است.")

# %% [markdown] lang="en"
# ## Corrected: six cells
# With log-softmax before it, NLL *is* cross-entropy: the first steps of each of the six pairs end in the same bits, so the
# grid of twelve has six distinct cells. Dropout acts, the best weights count, and Adam has a rate that was searched for.
# %% [markdown] lang="fa"
# ## اصلاح‌شده: شش خانه
# با log-softmax پیش از آن، NLL *همان* آنتروپی متقاطع است: گام‌های نخستِ هر یک از شش جفت به بیت‌های یکسان می‌انجامد، پس جدول دوازده‌تایی شش خانهٔ متمایز
# دارد. دراپ‌اوت عمل می‌کند، بهترین وزن‌ها به شمار می‌آید و Adam نرخی دارد که جست‌وجو شده است.

# %%
ends = set()
for activation in ("relu", "leaky-relu", "sigmoid"):
    for kind in ("sgd", "adam"):
        pair = []
        for loss in ("cross-entropy", "nll"):
            short = override(recipe("mlp-corrected", "smoke"), {"model.activation": activation, "model.loss": loss, "train.optimiser.kind": kind})
            with tempfile.TemporaryDirectory() as folder:
                pair.append(torch.cat([p.flatten() for p in fit(short, folder, progress=False).model().parameters()]))
        assert torch.equal(*pair)
        ends.add(float(pair[0].double().sum()))
assert len(ends) == 6
corrected = {(*cell, "sgd"): group for cell, group in cells("sgd", "model.activation").items()} | {(*cell, "adam"): group for cell, group in cells("adam", "model.activation").items()}
assert len(corrected) == 6
study.measure("distinct_cells", len(ends), n=12, protocol="different end weights among the twelve variants of mlp-corrected after the same short training", recipe="mlp-corrected")


def summary(values, digits=4):
    i = mean_interval(values) if len(values) > 1 else None
    return kit.Cell(f"{np.mean(values):.{digits}f}" + (f" ± {(i.high - i.low) / 2:.{digits}f}" if i else ""))


rows, fired = [], {}
for cell, group in corrected.items():
    name = f"{NAMES[cell[0]]} + {NAMES[cell[1]]}"
    losses = [[line["valid/loss"] for line in o["history"]] for o in group]
    fired[cell] = [overfits(course) for course in losses]
    errors = [o["error"] for o in group]
    i = mean_interval(errors) if len(errors) > 1 else None
    study.measure("error", float(np.mean(errors)), i and max(i.low, 0.0), i and i.high, n=len(errors), unit="share", protocol=f"share of 10,000 MNIST test images named wrongly, best validation loss, mean over seeds, {study.preset}", recipe="mlp-corrected", cell=name)
    study.measure("test_loss", float(np.mean([o["loss"] for o in group])), n=len(group), unit="nats/image", protocol="mean cross-entropy of 10,000 MNIST test images, best validation loss, mean over seeds", recipe="mlp-corrected", cell=name)
    rows.append([kit.ltr(name), kit.Cell("0.1" if cell[1] == "sgd" else "0.001"), summary(errors), summary([o["loss"] for o in group]), kit.Cell(", ".join(str(best_pass(c)) for c in losses)), kit.Cell(", ".join(str(f or "–") for f in fired[cell]))])
study.table(study.pick(["variant", "rate", "error rate", "mean loss, nats", "best pass, each seed", "overfitting told at pass"], ["حالت", "نرخ", "نرخ خطا", "هزینهٔ میانگین، نات", "بهترین دور، هر بذر", "بیش‌برازش در دورِ"]), rows,
            "The corrected grid on the test images. The solution calls the error rate \"average test loss\"; both stand here under their own names.", "جدول حالت‌های اصلاح‌شده روی تصویرهای آزمون. پاسخ، نرخ خطا را «میانگین هزینهٔ آزمون» می‌نامد؛ این‌جا هر دو با نام خود آمده‌اند.")
rates = cells("rates", "model.activation", "train.optimiser.lr")
tried = sorted({rate for _, rate in rates})
lowest = {a: [min(line["valid/loss"] for line in rates[a, r][0]["history"]) for r in tried] for a in ("relu", "leaky-relu", "sigmoid")}
study.table([study.pick("activation, Adam", "فعال‌سازی، Adam"), *(f"{r:g}" for r in tried)], [[NAMES[a], *(kit.Cell(f"{v:.4f}") for v in values)] for a, values in lowest.items()],
            "The search for Adam's rate: lowest validation loss in nats, seed 0. The test images are not looked at.", "جست‌وجوی نرخ Adam: کمترین هزینهٔ اعتبارسنجی بر حسب نات، بذر ۰. به تصویرهای آزمون نگاه نمی‌شود.")

# %% [markdown] lang="en"
# ## A detector that can fire
# The printed rule compares the validation loss, summed over images, with a number that starts at 999,999,999 and is only
# replaced *when it is exceeded*. The corrected rule fires when the best loss has not been beaten for three passes.
# %% [markdown] lang="fa"
# ## آشکارسازی که می‌تواند هشدار دهد
# قاعدهٔ چاپ‌شده هزینهٔ اعتبارسنجی را، جمع‌شده روی تصویرها، با عددی می‌سنجد که از ۹۹۹٬۹۹۹٬۹۹۹ آغاز می‌شود و تنها *وقتی از آن بگذرد* عوض می‌شود. قاعدهٔ
# اصلاح‌شده وقتی هشدار می‌دهد که سه دور بهترین هزینه شکسته نشود.

# %%
def printed_rule(losses, images):
    """Passes at which the printed program would have said that it overfits."""
    old, said = 999_999_999.0, []
    for number, loss in enumerate(losses, 1):
        if loss * images > old:
            said.append(number)
            old = loss * images
    return said


every = [*(o for group in corrected.values() for o in group), *(o for cell, group in reported.items() if cell in PRINTED for o in group)]
shouted = sum(bool(printed_rule([line["valid/loss"] for line in o["history"]], len(data.validation))) for o in every)
warned = sum(overfits([line["valid/loss"] for line in o["history"]]) is not None for o in every)
early = sum((told := overfits(course)) is not None and told < best_pass(course) for course in ([line["valid/loss"] for line in o["history"]] for o in every))
assert shouted == 0
assert study.small or warned > 0
study.measure("overfitting_told", warned, n=len(every), protocol="trainings, corrected or printed as below 0.1, whose best validation loss is not beaten for three passes", unit="trainings")
figure = Figure(figsize=(8.4, 3))
for panel, (source, cell) in zip(figure.subplots(1, 2), ((reported, ("relu", "cross-entropy", "sgd")), (corrected, ("relu", "sgd")))):
    o = source[cell][0]
    course, at = [line["valid/loss"] for line in o["history"]], range(1, len(o["history"]) + 1)
    panel.plot(at, [line["classify/loss"] for line in o["history"]], "--", color=LINES[0], label="training")
    panel.plot(at, course, color=LINES[1], label="validation")
    panel.axvline(best_pass(course), color=LINES[2], linewidth=1, label="best")
    if told := overfits(course):
        panel.axvline(told, color=LINES[1], linewidth=1, linestyle=":", label="overfitting told")
    panel.set(xlabel="pass", ylabel="cross-entropy, nats", title="as reported" if source is reported else "corrected, dropout 0.2", yscale="log")
    panel.legend()
study.figure(figure, "overfitting", "ReLU with cross-entropy and SGD, seed 0. The training loss with dropout is taken with units dropped, so it lies higher.", "ReLU با آنتروپی متقاطع و SGD، بذر ۰. هزینهٔ آموزش با دراپ‌اوت در حضور واحدهای حذف‌شده گرفته می‌شود، پس بالاتر است.")
study.say(f"Over {len(every)} trainings that learn, the printed flag is raised {shouted} times: the sum over {len(data.validation):,} images would have to pass 999,999,999. The corrected one is raised in {warned}, in {early} of them before the best pass of all: three passes without a better value are a warning, no proof.",
          f"در {len(every)} آموزشی که می‌آموزند، پرچم چاپ‌شده {shouted} بار بالا می‌رود: جمع روی {len(data.validation):,} تصویر باید از ۹۹۹٬۹۹۹٬۹۹۹ بگذرد. پرچم اصلاح‌شده در {warned} آموزش بالا می‌رود، در {early} تای آن‌ها پیش از بهترین دور: سه دور بی مقدار بهتر هشدار است، نه برهان.")

# %% [markdown] lang="en"
# ## Predictions beside targets
# %% [markdown] lang="fa"
# ## پیش‌بینی در کنار هدف

# %%
best = min(corrected, key=lambda c: np.mean([o["error"] for o in corrected[c]]))
for name, o, title in (("best", corrected[best][0], f"{NAMES[best[0]]} + {NAMES[best[1]]}"), ("failed", reported["relu", "cross-entropy", "adam"][0], label(("relu", "cross-entropy", "adam")))):
    told = o["predicted"][:20]
    study.figure(image_grid(pixels[:20], 2, 10, titles=[f"{int(p)} ({int(t)})" for p, t in zip(told, truth)], correct=(told == truth[:20]).tolist(), cell=0.75), f"{name}-predictions",
                 f"{title}: the answer and in brackets the target of the first twenty test images; {o['error']:.2%} of all are wrong.", f"{kit.ltr(title)}: پاسخ و در پرانتز هدف برای بیست تصویر نخست آزمون؛ {kit.ltr(format(o['error'], '.2%'))} همهٔ پاسخ‌ها نادرست است.")
ranked = sorted(corrected, key=lambda c: np.mean([o["error"] for o in corrected[c]]))
spread = [float(np.mean([o["error"] for o in corrected[c]])) for c in ranked]
unfinished = sum(best_pass(course) == len(course) for course in ([line["valid/loss"] for line in o["history"]] for o in corrected[ranked[-1]]))
level = spread[-1] < 0.1
slowest = f"{NAMES[ranked[-1][0]]} + {NAMES[ranked[-1][1]]}"
study.say(f"**What remains.** Corrected, all six errors lie between {spread[0]:.2%} and {spread[-1]:.2%}; the largest is that of {slowest}, which was best at its last pass in {unfinished} of {len(corrected[ranked[-1]])} seeds. {'The large differences of the printed list were not differences of activations or optimisers but of a loss that was none and a rate that was wrong for one of the optimisers' if level else 'So the corrections do not remove the differences of the printed list'}. Two things that are compared at one rate are compared at a rate that suits one of them.",
          f"**چه می‌ماند.** پس از اصلاح، هر شش خطا میان {kit.ltr(f'{spread[0]:.2%}')} و {kit.ltr(f'{spread[-1]:.2%}')} است؛ بزرگ‌ترین از آنِ {kit.ltr(slowest)} است که در {unfinished} بذر از {len(corrected[ranked[-1]])} بذر در آخرین دورش از همه بهتر بود. {'تفاوت‌های بزرگِ فهرست چاپ‌شده تفاوت فعال‌سازی‌ها یا بهینه‌سازها نبود، بلکه از هزینه‌ای بود که هزینه نبود و از نرخی که برای یکی از بهینه‌سازها نادرست بود' if level else 'پس اصلاح‌ها تفاوت‌های فهرست چاپ‌شده را از میان نمی‌برند'}. دو چیز که با یک نرخ سنجیده شوند با نرخی سنجیده می‌شوند که به یکی از آن دو می‌خورد.")

# %% [markdown] lang="en"
# ## Sources
# The course solution and its program; Kingma & Ba 2015 (arXiv 1412.6980), on the size of Adam's first steps; Prechelt 1998
# (early stopping); Srivastava et al. 2014 (dropout). Order of batches and initial draws differ from the program's.
# %% [markdown] lang="fa"
# ## منابع
# پاسخ تمرین و برنامه‌اش؛ Kingma & Ba 2015 (arXiv 1412.6980) دربارهٔ اندازهٔ گام‌های نخست Adam؛ Prechelt 1998 (توقف زودهنگام)؛ Srivastava et al.
# 2014 (دراپ‌اوت). ترتیب دسته‌ها و قرعه‌های آغازین با برنامه فرق دارد.
