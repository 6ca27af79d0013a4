# ---
# simorgh:
#   title:
#     en: "SSGAN: what a discriminator learns from turned images, and all GANs in one table"
#     fa: "SSGAN: تمایزگر از تصویرهای چرخیده چه می‌آموزد، و همهٔ GANها در یک جدول"
#   answers: [B4.1, B4.2, B4.3, B4.4, B4.5, B4.6, B4.7]
#   runs: {ssgan: 3, gan: 3, wgan: 3, wgan-gp: 3, r3gan: 3}
# ---
# %% [markdown] lang="en"
# ## Question
# A discriminator that must also say by how much an image was turned keeps features that the game alone would let it
# forget (Chen et al. 2019). How well can it answer on digits, of which some look the same upside down, and where do
# its samples stand among the GANs of this laboratory?
# %% [markdown] lang="fa"
# ## پرسش
# تمایزگری که باید مقدار چرخش تصویر را هم بگوید ویژگی‌هایی را نگه می‌دارد که بازی به تنهایی می‌گذارد فراموش شوند (Chen و همکاران، ۲۰۱۹).
# روی رقم‌هایی که بعضی وارونه‌شان همان است، تا چه اندازه درست پاسخ می‌دهد و نمونه‌هایش در میان GANهای این آزمایشگاه کجا می‌ایستند؟

# %%
import numpy as np
import torch
from torch import nn

from simorgh.contracts import DataSpec
from simorgh.data import batches, load
from simorgh.metrics.intervals import mean_interval
from simorgh.models.ssgan import SSGANConfig, turned
from simorgh.report.figures import bars, block_diagram, curves, image_grid
from simorgh.studies import _games as games
from simorgh.studies import kit

study = kit.current()
titles = {"SSGAN": "ssgan", "GAN": "gan", "WGAN": "wgan", "WGAN-GP": "wgan-gp", "R3GAN": "r3gan"}
runs = {title: study.runs(key) for title, key in titles.items()}
ssgan = runs["SSGAN"][0]
data = load(ssgan.experiment.data)
model = ssgan.model()
study.warn_if_small()

# %% [markdown] lang="en"
# ## The networks
# Tables 4 to 7, with their gaps closed: images are padded from 28 to 32 (4 doubled three times is 32), the
# generator has the batch normalisation that row 5 of table 4 leaves out, the second upsampling of table 5 belongs to
# the shortcut, the 1 x 1 convolution of table 7 takes *in_channels*, pooling has no padding (with it 32 would become
# 17), and the last two blocks have no pool. Spectral norm wraps the weight of every layer of the discriminator.
# %% [markdown] lang="fa"
# ## شبکه‌ها
# جدول‌های ۴ تا ۷ با پر کردن جاهای خالی: تصویرها از ۲۸ به ۳۲ گسترش می‌یابند، مولد نرمال‌سازی دسته‌ایِ جاافتاده در ردیف ۵ جدول ۴ را دارد،
# بالابریِ دوم جدول ۵ از آنِ میان‌بر است، کانولوشن ۱ در ۱ جدول ۷ *in_channels* می‌گیرد، تجمیع بدون حاشیه است (با حاشیه ۳۲ به ۱۷ می‌رسید) و
# دو بلوک آخر تجمیع ندارند. نُرم طیفی روی وزن همهٔ لایه‌های تمایزگر است.

# %%
full = SSGANConfig().build(DataSpec("image", (1, 28, 28), classes=10))
rows = []
for name, net in (("as asked", full), ("as trained here", model)):
    for part in ("generator", "discriminator"):
        inner = getattr(net, part)
        widths = sorted({m.out_channels for m in inner.modules() if isinstance(m, nn.Conv2d)})
        rows.append([name, part, kit.ltr(", ".join(map(str, widths))), sum(p.numel() for p in inner.parameters())])
study.table(study.pick(["size", "network", "channels of the convolutions", "parameters"], ["اندازه", "شبکه", "کانال کانولوشن‌ها", "پارامتر"]), rows,
            "Parameter counts of the networks as asked, and as trained by this preset.", "شمار پارامتر شبکه‌ها آن‌گونه که خواسته شده و آن‌گونه که در این اندازه آموزش دیده‌اند.")
assert [row[3] for row in rows[:2]] == [4_082_945, 1_084_805]
if rows[1][3] != rows[3][3]:
    study.say("**Narrowed**: at full width one step takes seconds on two cores, so this preset trains the same blocks with fewer channels.",
              "**باریک‌شده**: با پهنای کامل هر گام روی دو هسته چند ثانیه می‌برد؛ پس این اندازه همان بلوک‌ها را با کانال کمتر آموزش می‌دهد.")
study.figure(block_diagram([["z (128)", "linear + BN", "4 x 4", "up block", "up block", "up block", "BN, ReLU", "conv, tanh", "32 x 32"],
                            ["32 x 32", "down block", "down block", "block", "block", "ReLU, sum", "real or fake; which turn"]], ["up block", "down block", "real or fake; which turn"]),
             "networks", "Generator (above), discriminator with its two heads (below).", "مولد (بالا) و تمایزگر با دو سر (پایین).")

# %% [markdown] lang="en"
# ## The second question
# Every fourth image of a batch is turned into all four positions. The discriminator learns the turn of *real* images
# (weight 1.0), the generator is rewarded when the turn of *its own* images can be read (weight 0.2), and the question
# "real or fake" is asked of upright images only. Turning is rotation: transposing would give mirror images, which no
# turn gives; a test walks three marked corners around each of the four and holds their sense against each other.
# %% [markdown] lang="fa"
# ## پرسش دوم
# از هر چهار تصویر دسته یکی به هر چهار حالت چرخانده می‌شود. تمایزگر چرخش تصویرهای *واقعی* را می‌آموزد (وزن ۱)، مولد وقتی پاداش می‌گیرد که
# چرخش تصویر *خودش* خواندنی باشد (وزن ۰٫۲) و پرسش «واقعی یا ساختگی» تنها از تصویرهای راست پرسیده می‌شود. چرخاندن یعنی دوران: ترانهاده
# کردن تصویر آینه‌ای می‌دهد که هیچ چرخشی آن را نمی‌دهد؛ آزمونی سه گوشهٔ نشان‌دار را در هر چهار حالت دور می‌زند و جهت گردش را می‌سنجد.

# %%
first = data.test.x[:6].float() / 255
study.figure(image_grid(turned(first), 4, 6, row_labels=["0°", "90°", "180°", "270°"]), "turned", "Six test images in the four positions.", "شش تصویر آزمون در چهار حالت.")
study.figure(curves({"SSGAN": [r.history() for r in runs["SSGAN"]]}, ["discriminator/rotation_accuracy", "generator/rotation_accuracy", "discriminator/rotation"], axis="samples", ylabel=""), "rotation",
             "Left: share of right answers on turned real images. Middle: on turned samples. Right: cross-entropy of the first, nats.",
             "چپ: سهم پاسخ درست برای تصویرهای واقعیِ چرخیده. میانه: برای نمونه‌های چرخیده. راست: آنتروپی متقاطع اولی به نات.")

# %%
n = 500 if study.small else 10_000
truth = torch.arange(4)
per_run, by_digit = [], []
for run in runs["SSGAN"]:
    net, right, labels = run.model(), [], []
    for batch in batches(data.test.take(slice(0, n)), run.experiment.data, 500):
        with torch.no_grad():
            said = net.predict_rotation(turned(batch.x)).argmax(1).view(4, -1)
        right.append((said == truth[:, None]).float().mean(0))
        labels.append(batch.y)
    right, labels = torch.cat(right).numpy(), torch.cat(labels).numpy()
    per_run.append(float(right.mean()))
    by_digit.append([float(right[labels == d].mean()) for d in range(10)])
shares = np.bincount(labels, minlength=10) / len(labels)
symmetric = [0, 1, 8]
ceiling = 1 - 0.5 * float(shares[symmetric].sum())
held_out = mean_interval(per_run) if len(per_run) > 1 else None
study.measure("rotation_accuracy", float(np.mean(per_run)), held_out and held_out.low, held_out and held_out.high, n=len(per_run), unit="share",
              protocol=f"four turns of the first {n} MNIST test images, head of the averaged discriminator, mean over seeds", recipe="ssgan", floor=ceiling)
means = np.mean(by_digit, 0)
study.figure(bars([str(d) for d in range(10)], list(means), xlabel="share of right answers, chance 0.25", reference=0.5), "by-digit",
             "Right answers about the turn by digit, mean over seeds; the dashed line is what an exactly symmetric digit allows.",
             "پاسخ درست دربارهٔ چرخش برای هر رقم، میانگین بذرها؛ خط‌چین همان است که رقمی دقیقاً متقارن اجازه می‌دهد.")


def centre(images):
    """(B, 2) centres of mass in pixels from the middle of images (B, 1, H, W)."""
    at = torch.arange(images.shape[-1]) - (images.shape[-1] - 1) / 2
    return torch.stack([(images.sum((1, 3)) * at).sum(1), (images.sum((1, 2)) * at).sum(1)], 1) / images.sum((1, 2, 3))[:, None]


real = data.test.x[:n].float() / 255
places = centre(turned(real)).view(4, -1, 2)
nearest = torch.cdist(places.flatten(0, 1), places.mean(1)).argmin(1).view(4, -1)
by_mass = float((nearest == truth[:, None]).float().mean())
# The mean of each pixel with its right and lower neighbours moves the mass by half a pixel, back to the middle.
recentred = torch.nn.functional.avg_pool2d(torch.nn.functional.pad(real, (0, 1, 0, 1)), 2, 1)
assert centre(recentred).mean(0).abs().max() < 0.1
with torch.no_grad():
    moved = [float((torch.cat([run.model().predict_rotation(part).argmax(1) for part in turned(recentred).split(500)]).view(4, -1) == truth[:, None]).float().mean()) for run in runs["SSGAN"]]
study.measure("rotation_by_centre_of_mass", by_mass, n=n, unit="share", protocol=f"four turns of the first {n} MNIST test images, nearest mean centre of mass", recipe="ssgan")
study.measure("rotation_accuracy_recentred", float(np.mean(moved)), n=len(moved), unit="share", protocol="as rotation_accuracy, images first moved by half a pixel to the middle (mean of 2 x 2 pixels), mean over seeds", recipe="ssgan", floor=ceiling)
offset = places[0].mean(0)
above = np.mean(per_run) > ceiling
study.say(
    f"On {n:,} test images the head is right in {np.mean(per_run):.1%} of cases (chance 25 %). If 0, 1 and 8 looked exactly the same after half a turn, two of their four positions could not be told apart, and 50% would be the best on them: with their share of {shares[symmetric].sum():.1%} the ceiling of a perfect head is {ceiling:.1%}. On these three digits the head reaches {means[symmetric].mean():.1%}, on the other seven {np.delete(means, symmetric).mean():.1%}; on 6 and 9, which turn into each other, {means[6]:.1%} and {means[9]:.1%}.\n\n"
    + ("**It is above its ceiling, so it must see something else.** " if above else "")
    + f"MNIST was centred by the centre of mass of each digit, at pixel 14 of 28: ({float(offset[0]):+.2f}, {float(offset[1]):+.2f}) pixels from the middle that an image is turned about. A turn carries this offset to another corner. Nothing but the centre of mass, without any idea of digits, tells the turn in {by_mass:.1%} of cases. With the images moved back to the middle by half a pixel the head is right in {np.mean(moved):.1%}. The self-supervised task can thus be answered on MNIST by half a pixel in place of the shape.",
    f"روی {n:,} تصویر آزمون، این سر در {np.mean(per_run):.1%} موارد درست می‌گوید (شانس ۲۵ درصد). اگر ۰ و ۱ و ۸ پس از نیم‌دور دقیقاً همان می‌شدند، دو حالت از چهار حالتشان تمایزپذیر نبود و بهترین نتیجه روی آن‌ها ۵۰ درصد بود: با سهم {shares[symmetric].sum():.1%} آن‌ها، سقف یک سر کامل {ceiling:.1%} است. روی این سه رقم {means[symmetric].mean():.1%} و روی هفت رقم دیگر {np.delete(means, symmetric).mean():.1%} درست است؛ روی ۶ و ۹ که به یکدیگر می‌چرخند {means[6]:.1%} و {means[9]:.1%}.\n\n"
    + ("**از سقف خود بالاتر است؛ پس چیز دیگری می‌بیند.** " if above else "")
    + f"تصویرهای MNIST بر پایهٔ مرکز جرمِ رقم، روی پیکسل ۱۴ از ۲۸، وسط‌چین شده‌اند: <bdi dir=\"ltr\">({float(offset[0]):+.2f}, {float(offset[1]):+.2f})</bdi> پیکسل دور از میانه‌ای که تصویر گرد آن می‌چرخد، و چرخش این فاصله را به گوشه‌ای دیگر می‌برد. تنها مرکز جرم، بی هیچ تصوری از رقم، در {by_mass:.1%} موارد چرخش را می‌گوید. اگر تصویر را نیم‌پیکسل به میانه برگردانیم، سر در {np.mean(moved):.1%} موارد درست می‌گوید. پس وظیفهٔ خودنظارتی را روی MNIST می‌توان با نیم‌پیکسل پاسخ داد، به جای شکل.",
)

# %% [markdown] lang="en"
# ## Training and three stages
# %% [markdown] lang="fa"
# ## آموزش و سه مرحله

# %%
games.players(study, {"SSGAN": runs["SSGAN"]}, "ssgan")
games.stages(study, ssgan, "SSGAN")
games.stages(study, runs["R3GAN"][0], "R3GAN")

# %% [markdown] lang="en"
# ## All GANs
# R3GAN (Huang et al. 2024) is the modern baseline: every real image is paired with a fake, only differences of scores
# count, and the discriminator's slope is held down on both (weight gamma / 2).
# %% [markdown] lang="fa"
# ## همهٔ GANها
# ‏R3GAN (Huang و همکاران، ۲۰۲۴) مبنای امروزی است: هر تصویر واقعی با یک ساختگی جفت می‌شود، فقط اختلاف نمره‌ها به حساب می‌آید و شیب تمایزگر
# روی هر دو پایین نگه داشته می‌شود (وزن gamma / 2).

# %%
held = games.quality(study, titles)
named = games.verdicts(study, titles)
order = sorted(held, key=lambda t: held[t]["fd_digits"].value)
pairs = []
for a, b in zip(order, order[1:]):
    x, y = held[a]["fd_digits"], held[b]["fd_digits"]
    if x.high is not None and y.low is not None:
        pairs.append(f"{a} < {b}" if x.high < y.low else f"{a} ≈ {b}")
seconds = {t: np.mean([m.value for r in runs[t] for m in r.results() if m.name == "seconds"]) for t in titles}
study.say(
    "Order by fd-digits: " + (", ".join(pairs) if pairs else ", ".join(order)) + " (≈ where the intervals overlap). "
    + "Mean training time in seconds: " + ", ".join(f"{t} {s:.0f}" for t, s in seconds.items()) + ".",
    "ترتیب بر پایهٔ fd-digits: <bdi dir=\"ltr\">" + (", ".join(pairs) if pairs else ", ".join(order)) + "</bdi> (≈ یعنی بازه‌ها هم‌پوشانی دارند). زمان میانگین آموزش به ثانیه: "
    + "، ".join(f"<bdi dir=\"ltr\">{t} {s:.0f}</bdi>" for t, s in seconds.items()) + ".",
)

# %% [markdown] lang="en"
# ## Sources
# Chen et al. 2019 (arXiv 1811.11212) and compare_gan; Miyato et al. 2018 (arXiv 1802.05957); Huang et al. 2024
# (arXiv 2501.05441); Tran et al. 2019 on collapsed generators that answer the second question all the same.
# %% [markdown] lang="fa"
# ## منابع
# Chen et al. 2019 (arXiv 1811.11212) و compare_gan؛ Miyato et al. 2018 (arXiv 1802.05957)؛ Huang et al. 2024
# (arXiv 2501.05441)؛ Tran et al. 2019 دربارهٔ مولدهای فروپاشیده‌ای که با این همه به پرسش دوم پاسخ می‌دهند.
