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

# %% [markdown] lang="en"
# ## Assumptions
# - Images of 28 x 28 are framed by black to 32 x 32; noise has 128 numbers. The samples shown and measured come from the
#   averaged generator, its batch statistics taken anew, and are cut back to 28 x 28.
# - The other GANs keep the smaller players of tables 2 and 3; every model has one setting and its own length, so the
#   table of all GANs compares trainings, not losses alone.
# - fd-digits is the Fréchet distance on features of this laboratory's classifier of digits, not the FID of Inception.
# - Intervals are Student's over seeds; where two overlap, nothing is said about which is better.
# %% [markdown] lang="fa"
# ## فرض‌ها
# - تصویرهای ۲۸ در ۲۸ با حاشیهٔ سیاه به ۳۲ در ۳۲ می‌رسند و نوفه ۱۲۸ عدد دارد. نمونه‌های نشان‌داده و سنجیده از مولدِ میانگین‌گرفته‌اند که
#   آماره‌های دسته‌اش از نو محاسبه شده، و دوباره به ۲۸ در ۲۸ بریده می‌شوند.
# - بقیهٔ GANها بازیکنان کوچک‌ترِ جدول‌های ۲ و ۳ را دارند؛ هر مدل یک تنظیم و طول آموزش خود را دارد، پس جدول همهٔ GANها آموزش‌ها را با هم
#   می‌سنجد، نه تنها هزینه‌ها را.
# - معیار fd-digits فاصلهٔ فرشه روی ویژگی‌های رده‌بند رقم همین آزمایشگاه است، نه FID شبکهٔ Inception.
# - بازه‌ها بازهٔ استیودنت روی بذرها هستند؛ هر جا دو بازه هم‌پوشانی دارند گفته نمی‌شود کدام بهتر است.

# %%
from math import log

import numpy as np
import torch
from torch import nn

from simorgh.contracts import DataSpec
from simorgh.data import batches, load
from simorgh.metrics.intervals import mean_interval
from simorgh.models.ssgan import SSGANConfig, turned
from simorgh.report.figures import bars, block_diagram, curves, image_grid
from simorgh.report.style import WRONG
from simorgh.studies import _game_quality as standing
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
for name, net in ((study.pick("as asked", "خواسته"), full), (study.pick("as trained here", "آموزش‌دیدهٔ این‌جا"), model)):
    for part, called in (("generator", "مولد"), ("discriminator", "تمایزگر")):
        inner = getattr(net, part)
        widths = sorted({m.out_channels for m in inner.modules() if isinstance(m, nn.Conv2d)})
        rows.append([name, study.pick(part, called), kit.ltr(", ".join(map(str, widths))), sum(p.numel() for p in inner.parameters())])
study.table(study.pick(["size", "network", "channels of the convolutions", "parameters"], ["اندازه", "شبکه", "کانال کانولوشن‌ها", "پارامتر"]), rows,
            "Parameter counts of the networks as asked, and as trained by this preset.", "شمار پارامتر شبکه‌ها آن‌گونه که خواسته شده و آن‌گونه که در این اندازه آموزش دیده‌اند.")
assert [row[3] for row in rows[:2]] == [4_082_945, 1_084_805]
if rows[1][3] != rows[3][3]:
    study.say("**Narrowed**: at full width one step takes seconds on two cores, so this preset trains the same blocks with fewer channels.",
              "**باریک‌شده**: با پهنای کامل هر گام روی دو هسته چند ثانیه می‌برد؛ پس این اندازه همان بلوک‌ها را با کانال کمتر آموزش می‌دهد.")
study.figure(block_diagram([["z (128)", "linear + BN", "4 x 4", "up block", "up block", "up block", "BN, ReLU", "conv, tanh", "32 x 32"],
                            ["32 x 32", "down block", "down block", "block", "block", "ReLU, sum", "real or fake; which turn"]], ["up block", "down block", "real or fake; which turn"]),
             "networks", "Generator (above), discriminator with its two heads (below).", "مولد (بالا) و تمایزگر با دو سر (پایین).")
wide, narrow = games.layers(full), games.layers(model)
for part in ("generator", "discriminator"):
    assert sum(row[3] for row in wide if row[0] == part) == games.size(getattr(full, part)), "a layer is missing from the table"
parts = {"generator": "مولد", "discriminator": "تمایزگر", "first up block": "بلوک بالابر نخست", "first down block": "بلوک پایین‌بر نخست", "second down block": "بلوک پایین‌بر دوم"}
study.table(
    study.pick(["network", "layer", "output, as asked", "parameters, as asked", "output, here", "parameters, here"], ["شبکه", "لایه", "خروجی، خواسته", "پارامتر، خواسته", "خروجی، این‌جا", "پارامتر، این‌جا"]),
    [[study.pick(part, parts[part]), kit.ltr(layer), kit.ltr(shape), count, kit.ltr(here), few] for (part, layer, shape, count), (_, _, here, few) in zip(wide, narrow)],
    "Tables 4 and 6 layer by layer, then tables 5 and 7 with one block of each kind opened: shapes and parameters read off a forward pass of one image through the networks at full width and through those trained here. Doubling and pooling have no weights and no row; the first down block has no ReLU before its first convolution, the third and fourth are the second without a pool.",
    "جدول‌های ۴ و ۶ لایه به لایه، سپس جدول‌های ۵ و ۷ با باز کردن یک بلوک از هر نوع: شکل‌ها و پارامترها از گذر یک تصویر از شبکه‌های پهن و از شبکه‌های آموزش‌دیدهٔ این‌جا خوانده شده‌اند. دوبرابر کردن و تجمیع وزن ندارند و سطری ندارند؛ بلوک پایین‌بر نخست پیش از کانولوشن اولش ReLU ندارد و بلوک سوم و چهارم همان دومی بدون تجمیع‌اند.",
)

# %% [markdown] lang="en"
# ## The second question
# Every fourth image of a batch is turned into all four positions. The discriminator learns the turn of *real* images
# (weight 1.0), the generator is rewarded when the turn of *its own* images can be read (weight 0.2), and the question
# "real or fake" is asked of upright images only. Turning is rotation: transposing would give mirror images, which no
# turn gives; a test walks three marked corners around each of the four and holds their sense against each other.
#
# With the score $D(x)$, the turns $r$ of 0, 90, 180 and 270 degrees, $x^r$ the turned image and $Q(r \mid x^r)$ the
# softmax of the second head, the two losses are the hinge of the paper and a cross-entropy in nats, $\beta = 1.0$ and
# $\alpha = 0.2$:
#
# $$ L_D = \mathbb E_x \max(0, 1 - D(x)) + \mathbb E_z \max(0, 1 + D(G(z))) - \beta\, \mathbb E_{x, r} \log Q(r \mid x^r), $$
#
# $$ L_G = -\mathbb E_z D(G(z)) - \alpha\, \mathbb E_{z, r} \log Q(r \mid G(z)^r). $$
#
# The hinge asks for a score above 1 of real and below -1 of drawn images and no more. A discriminator that cannot tell
# has a hinge loss of 2, so the *estimate* is 1 minus half of it, a bound on the total variation distance; guessing a
# turn costs $\ln 4 = 1.386$ nats.
# %% [markdown] lang="fa"
# ## پرسش دوم
# از هر چهار تصویر دسته یکی به هر چهار حالت چرخانده می‌شود. تمایزگر چرخش تصویرهای *واقعی* را می‌آموزد (وزن ۱)، مولد وقتی پاداش می‌گیرد که
# چرخش تصویر *خودش* خواندنی باشد (وزن ۰٫۲) و پرسش «واقعی یا ساختگی» تنها از تصویرهای راست پرسیده می‌شود. چرخاندن یعنی دوران: ترانهاده
# کردن تصویر آینه‌ای می‌دهد که هیچ چرخشی آن را نمی‌دهد؛ آزمونی سه گوشهٔ نشان‌دار را در هر چهار حالت دور می‌زند و جهت گردش را می‌سنجد.
#
# اگر $D(x)$ نمره، $r$ یکی از چرخش‌های ۰ و ۹۰ و ۱۸۰ و ۲۷۰ درجه، $x^r$ تصویر چرخیده و $Q(r \mid x^r)$ سافت‌مکسِ سر دوم باشد، دو هزینه همان
# هزینهٔ لولاییِ (hinge) مقاله و یک آنتروپی متقاطع به نات‌اند، با $\beta = 1.0$ و $\alpha = 0.2$:
#
# $$ L_D = \mathbb E_x \max(0, 1 - D(x)) + \mathbb E_z \max(0, 1 + D(G(z))) - \beta\, \mathbb E_{x, r} \log Q(r \mid x^r), $$
#
# $$ L_G = -\mathbb E_z D(G(z)) - \alpha\, \mathbb E_{z, r} \log Q(r \mid G(z)^r). $$
#
# هزینهٔ لولایی از تصویر واقعی نمرهٔ بالای $1$ و از ساختگی نمرهٔ زیر $-1$ می‌خواهد و نه بیشتر. تمایزگری که هیچ نتواند تشخیص دهد هزینهٔ لولایی $2$
# دارد؛ پس *برآورد* یک منهای نیمی از آن است، کرانی برای فاصلهٔ تغییرات کل؛ و حدس زدن چرخش $\ln 4 = 1.386$ نات هزینه دارد.

# %%
first = data.test.x[:6].float() / 255
study.figure(image_grid(turned(first), 4, 6, row_labels=["0°", "90°", "180°", "270°"]), "turned", "Six test images in the four positions.", "شش تصویر آزمون در چهار حالت.")
asked = model.config
assert (asked.adversarial, asked.real_rotations, asked.fake_rotations) == ("hinge", 1.0, 0.2), "the formulas above are of other settings"
n = 500 if study.small else 10_000
symmetric = [0, 1, 8]
shares = torch.bincount(data.test.y[:n], minlength=10).double().numpy() / n
ceiling = 1 - 0.5 * float(shares[symmetric].sum())
figure = curves({"SSGAN": [r.history() for r in runs["SSGAN"]]}, ["discriminator/rotation_accuracy", "generator/rotation_accuracy", "discriminator/rotation"], axis="samples", ylabel="")
for axes in figure.axes[:2]:
    axes.axhline(ceiling, color=WRONG, linestyle="--", linewidth=1, label="ceiling")
    axes.legend()
study.figure(figure, "rotation",
             f"Left: share of right answers on turned real images. Middle: on turned samples. Right: cross-entropy of the first, nats. Dashed: {ceiling:.1%}, the ceiling of a head that goes by shape, if 0, 1 and 8 look the same after half a turn (with the shares of these digits among the test images).",
             f"چپ: سهم پاسخ درست برای تصویرهای واقعیِ چرخیده. میانه: برای نمونه‌های چرخیده. راست: آنتروپی متقاطع اولی به نات. خط‌چین: {ceiling:.1%}، سقف سری که با شکل پاسخ می‌دهد، اگر ۰ و ۱ و ۸ پس از نیم‌دور همان باشند (با سهم این رقم‌ها در تصویرهای آزمون).")

# %%
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
    f"On {n:,} test images the head is right in {np.mean(per_run):.1%} of cases (chance 25 %). If 0, 1 and 8 looked exactly the same after half a turn, their four positions would be two pairs that cannot be told apart, and 50 % would be the best on them: with their share of {shares[symmetric].sum():.1%} the ceiling of a perfect head is {ceiling:.1%}. On these three digits the head reaches {means[symmetric].mean():.1%}, on the other seven {np.delete(means, symmetric).mean():.1%}; on 6 and 9, which turn into each other, {means[6]:.1%} and {means[9]:.1%}.\n\n"
    + ("**It is above its ceiling, so it must see something else.** " if above else "")
    + f"MNIST was centred by the centre of mass of each digit, at pixel 14 of 28: ({float(offset[0]):+.2f}, {float(offset[1]):+.2f}) pixels from the middle that an image is turned about. A turn carries this offset to another corner. Nothing but the centre of mass, without any idea of digits, tells the turn in {by_mass:.1%} of cases. With the images moved back to the middle by half a pixel (a mean of 2 x 2 pixels, which also blurs them) the head is right in {np.mean(moved):.1%}. The self-supervised task can thus be answered on MNIST by half a pixel in place of the shape.",
    f"روی {n:,} تصویر آزمون، این سر در {np.mean(per_run):.1%} موارد درست می‌گوید (شانس ۲۵ درصد). اگر ۰ و ۱ و ۸ پس از نیم‌دور دقیقاً همان می‌شدند، چهار حالتشان دو جفت تمایزناپذیر بود و بهترین نتیجه روی آن‌ها ۵۰ درصد بود: با سهم {shares[symmetric].sum():.1%} آن‌ها، سقف یک سر کامل {ceiling:.1%} است. روی این سه رقم {means[symmetric].mean():.1%} و روی هفت رقم دیگر {np.delete(means, symmetric).mean():.1%} درست است؛ روی ۶ و ۹ که به یکدیگر می‌چرخند {means[6]:.1%} و {means[9]:.1%}.\n\n"
    + ("**از سقف خود بالاتر است؛ پس چیز دیگری می‌بیند.** " if above else "")
    + f"تصویرهای MNIST بر پایهٔ مرکز جرمِ رقم، روی پیکسل ۱۴ از ۲۸، وسط‌چین شده‌اند: <bdi dir=\"ltr\">({float(offset[0]):+.2f}, {float(offset[1]):+.2f})</bdi> پیکسل دور از میانه‌ای که تصویر گرد آن می‌چرخد، و چرخش این فاصله را به گوشه‌ای دیگر می‌برد. تنها مرکز جرم، بی هیچ تصوری از رقم، در {by_mass:.1%} موارد چرخش را می‌گوید. اگر تصویر را نیم‌پیکسل به میانه برگردانیم (میانگین ۲ در ۲ پیکسل، که آن را کمی تار هم می‌کند)، سر در {np.mean(moved):.1%} موارد درست می‌گوید. پس وظیفهٔ خودنظارتی را روی MNIST می‌توان با نیم‌پیکسل پاسخ داد، به جای شکل.",
)

# %% [markdown] lang="en"
# ## Training and three stages
# %% [markdown] lang="fa"
# ## آموزش و سه مرحله

# %%
seconds = games.settings(study, runs)
games.players(study, {"SSGAN": runs["SSGAN"]}, "ssgan")
games.players(study, {"R3GAN": runs["R3GAN"]}, "r3gan")
loss, hinge, turn, seen, drawn = (games.told(runs["SSGAN"], key) for key in ("discriminator/loss", "discriminator/estimate", "discriminator/rotation", "discriminator/rotation_accuracy", "generator/rotation_accuracy"))
lead, lost = games.course(runs["SSGAN"], "discriminator/estimate"), games.course(runs["SSGAN"], "discriminator/rotation")
study.say(
    f"**The curves of SSGAN**, first against last tenth of the training: the discriminator's loss {loss[0]}; of that its cross-entropy on turned real images {turn[0]} nats (guessing: {log(4):.3f}), and the rest is the hinge, {2 - 2 * lead[0]:.3g} at first and {2 - 2 * lead[1]:.3g} at the end (2 where it cannot tell). The estimate {hinge[0]}: "
    + ("the discriminator gains on its generator, so at the end it tells real from drawn better than at the start. " if lead[2] > 0 else "the generator gains on the discriminator. " if lead[2] < 0 else "no player gains on the other in all seeds. ")
    + f"The share of right answers about turned real images {seen[0]}, about turned samples it {drawn[0]}, which is what the generator is rewarded for. "
    + ("The larger part of what the loss saves is the second question, not the first." if lost[0] - lost[1] > 2 * (lead[1] - lead[0]) else "The larger part of what the loss saves is the first question, not the second."),
    f"**منحنی‌های SSGAN**، یک‌دهم نخست در برابر یک‌دهم آخر آموزش: هزینهٔ تمایزگر {loss[1]}؛ سهم آنتروپی متقاطع آن روی تصویرهای واقعی چرخیده {turn[1]} نات (حدس: {log(4):.3f}) و باقی، هزینهٔ لولایی، در آغاز {2 - 2 * lead[0]:.3g} و در پایان {2 - 2 * lead[1]:.3g} است (2 یعنی هیچ تشخیصی). برآورد {hinge[1]}: "
    + ("تمایزگر از مولدش پیش می‌افتد و در پایان بهتر از آغاز واقعی را از ساختگی بازمی‌شناسد. " if lead[2] > 0 else "مولد از تمایزگر پیش می‌افتد. " if lead[2] < 0 else "هیچ بازیکنی در همهٔ بذرها از دیگری پیش نمی‌افتد. ")
    + f"سهم پاسخ درست برای تصویرهای واقعیِ چرخیده {seen[1]} و برای نمونه‌های چرخیده {drawn[1]}؛ پاداش مولد همین است. "
    + ("بخش بزرگ‌تر کاهش هزینه از پرسش دوم است، نه نخست." if lost[0] - lost[1] > 2 * (lead[1] - lead[0]) else "بخش بزرگ‌تر کاهش هزینه از پرسش نخست است، نه دوم."),
)
staged = {"SSGAN": ssgan, "R3GAN": runs["R3GAN"][0]}
for title, run in staged.items():
    games.stages(study, run, title)
games.shown(study, {title: runs[title] for title in staged}, staged)

# %% [markdown] lang="en"
# ## All GANs
# R3GAN (Huang et al. 2024) is the modern baseline: every real image is paired with a fake, only differences of scores
# count, and the discriminator's slope is held down on both (weight gamma / 2).
# %% [markdown] lang="fa"
# ## همهٔ GANها
# ‏R3GAN (Huang و همکاران، ۲۰۲۴) مبنای امروزی است: هر تصویر واقعی با یک ساختگی جفت می‌شود، فقط اختلاف نمره‌ها به حساب می‌آید و شیب تمایزگر
# روی هر دو پایین نگه داشته می‌شود (وزن gamma / 2).

# %%
held = standing.quality(study, titles)
named = standing.verdicts(study, titles)
en, fa = standing.ranking(held)
times = ", ".join(f"{t} {m.value:,.0f}" for t, m in seconds.items())
study.say(f"{en} Mean training time in seconds: {times}.", f"{fa} زمان میانگین آموزش به ثانیه: {kit.ltr(times)}.")

# %% [markdown] lang="en"
# ## Why SSGAN stands where it stands
# %% [markdown] lang="fa"
# ## چرا SSGAN آن‌جا می‌ایستد

# %%
mine, base = held["SSGAN"], held["GAN"]
place, sharp, broad = (standing.compare(mine[m], base[m]) for m in ("fd_digits", "precision", "recall"))
count = {t: games.size(runs[t][0].model().generator) for t in ("SSGAN", "GAN")}
trained, other = ssgan.experiment.train, runs["GAN"][0].experiment.train
share = count["GAN"] / count["SSGAN"]
study.say(
    f"In fd-digits SSGAN {({1: 'lies behind the GAN', -1: 'lies before the GAN', 0: 'cannot be told apart from the GAN'})[place]} ({kit.short(mine['fd_digits'])} against {kit.short(base['fd_digits'])}). The two differ in more than the second question: SSGAN's generator has {count['SSGAN']:,} parameters, {f'1/{share:.0f}' if share > 1 else f'{1 / share:.1f} times'} of the GAN's {count['GAN']:,}; it took {games.moves(ssgan)[1]:,} steps against {games.moves(runs['GAN'][0])[1]:,}, on {trained.batch_size} images each against {other.batch_size}, in {trained.epochs:g} passes against {other.epochs:g}. "
    + f"Its precision (samples that could be real) is {({1: 'higher', -1: 'lower', 0: 'not to be told apart'})[sharp]}, {mine['precision'].value:.3f} against {base['precision'].value:.3f}, its recall (real images that could be samples) {({1: 'higher', -1: 'lower', 0: 'not to be told apart'})[broad]}, {mine['recall'].value:.3f} against {base['recall'].value:.3f}"
    + ("; so what measurably falls short are the single images" if sharp < 0 <= broad else "")
    + (". The size of the generator and the length of its training both point that way. " if place > 0 and share > 2 and trained.epochs < other.epochs else ". ")
    + "What the second question itself adds or costs, these runs cannot say: that needs the same players without it, `simorgh train ssgan --model.real-rotations 0 --model.fake-rotations 0`.",
    f"با fd-digits، SSGAN {({1: 'پشت سر GAN است', -1: 'جلوتر از GAN است', 0: 'از GAN بازشناختنی نیست'})[place]} ({kit.ltr(kit.short(mine['fd_digits']))} در برابر {kit.ltr(kit.short(base['fd_digits']))}). تفاوت این دو تنها پرسش دوم نیست: مولد SSGAN {count['SSGAN']:,} پارامتر دارد، {kit.ltr(f'1/{share:.0f}') if share > 1 else f'{1 / share:.1f} برابر'} {'از ' if share > 1 else ''}{count['GAN']:,} پارامتر GAN؛ {games.moves(ssgan)[1]:,} گام در برابر {games.moves(runs['GAN'][0])[1]:,} برداشت، هر گام با {trained.batch_size} تصویر در برابر {other.batch_size}، در {trained.epochs:g} دور در برابر {other.epochs:g}. "
    + f"دقت آن (نمونه‌هایی که ممکن بود واقعی باشند) {({1: 'بالاتر', -1: 'پایین‌تر', 0: 'بازنشناختنی'})[sharp]} است، {mine['precision'].value:.3f} در برابر {base['precision'].value:.3f}، و بازیابی آن (تصویرهای واقعی‌ای که ممکن بود نمونه باشند) {({1: 'بالاتر', -1: 'پایین‌تر', 0: 'بازنشناختنی'})[broad]}، {mine['recall'].value:.3f} در برابر {base['recall'].value:.3f}"
    + ("؛ پس آنچه به‌روشنی کم می‌آورد تک‌تک تصویرهاست" if sharp < 0 <= broad else "")
    + (". اندازهٔ مولد و طول آموزش آن هر دو به همین سو اشاره دارند. " if place > 0 and share > 2 and trained.epochs < other.epochs else ". ")
    + "این‌که خودِ پرسش دوم چه می‌افزاید یا چه می‌گیرد از این اجراها برنمی‌آید: همان بازیکنان بدون آن لازم است، `simorgh train ssgan --model.real-rotations 0 --model.fake-rotations 0`.",
)

# %% [markdown] lang="en"
# ## Sources
# Chen et al. 2019 (arXiv 1811.11212) and compare_gan; Miyato et al. 2018 (arXiv 1802.05957); Huang et al. 2024
# (arXiv 2501.05441); Tran et al. 2019 on collapsed generators that answer the second question all the same.
# %% [markdown] lang="fa"
# ## منابع
# Chen et al. 2019 (arXiv 1811.11212) و compare_gan؛ Miyato et al. 2018 (arXiv 1802.05957)؛ Huang et al. 2024
# (arXiv 2501.05441)؛ Tran et al. 2019 دربارهٔ مولدهای فروپاشیده‌ای که با این همه به پرسش دوم پاسخ می‌دهند.
