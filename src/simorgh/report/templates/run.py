# %%
import json
import os
import re
from html import escape

import numpy as np
import torch

from simorgh.contracts import Encodes, Reconstructs, Samples
from simorgh.data import batches, load
from simorgh.data.bbbp import is_molecules
from simorgh.data.config import is_text
from simorgh.evaluate import generate
from simorgh.report.figures import curves, image_grid, latent_scatter, reconstruction_pairs
from simorgh.report.paper import Paper
from simorgh.train import Run
from simorgh.train.experiment import to_dict

asked = json.loads(os.environ["SIMORGH_RUN"])
paper, run = Paper(asked["lang"]), Run.open(asked["run"])
experiment, model = run.experiment, run.model()
data = load(experiment.data)
batch = next(batches(data.test, experiment.data, 2000))

# %% [markdown] lang="en"
# ## Settings
# %% [markdown] lang="fa"
# ## تنظیمات


# %%
def flat(value, path=""):
    if isinstance(value, dict) and value:
        return [row for key, part in value.items() for row in flat(part, f"{path}.{key}" if path else key)]
    return [[path, str(value)]]


settings = to_dict(experiment)
# What molecules or texts would be asked for says nothing about a run on other data.
idle = [k for k, has in (("smiles", is_molecules), ("text", is_text)) if not has(experiment.data.name)]
settings["data"] = {k: v for k, v in settings["data"].items() if k not in idle}
named = ", ".join(f"`data.{k}`" for k in idle)
paper.table(["setting", "value"], flat(settings), "Everything that decides the result.",
            "همهٔ تنظیماتی که نتیجه را تعیین می‌کنند.")
paper.say(f"Left out, for they mean nothing to this data set: {named}.",
          f"در جدول نیامده است، چون برای این داده معنایی ندارد: {named}.")
parameters = sum(p.numel() for p in model.parameters())
source = escape(data.source)  # it may carry the name of a folder
paper.say(f"Data: {source}. The model has {parameters:,} parameters.",
          f"داده: <bdi dir=\"ltr\">{source}</bdi>. مدل {parameters:,} پارامتر دارد.")

# %% [markdown] lang="en"
# ## Training
# %% [markdown] lang="fa"
# ## آموزش

# %%
history = run.history()
keys = [k for k in dict.fromkeys(k for line in history for k in line) if re.fullmatch(r"(?!valid/)[\w.-]+/[\w./-]+", k)]
losses = [k for k in keys if k.endswith("/loss")] + [k for k in keys if not k.endswith("/loss")]
if losses:
    paper.figure(curves({experiment.name: history}, losses[:3], epoch=len(data.train)), "training",
                 "Training, raw (faint) and smoothed (strong) lines; rare values far beyond all others are not shown.",
                 "روند آموزش؛ خط کم‌رنگ مقدار خام و خط پررنگ مقدار هموارشده است؛ مقدارهای کمیابِ بسیار دور از بقیه "
                 "نشان داده نشده‌اند.")
    last = history[-1]
    if run.lacks_its_end(len(data.train)):
        paper.say("**The history was cut off**: its last lines are gone, what follows is not of all of the training.",
                  "**تاریخچه بریده شده است**: سطرهای آخرش نیست و آنچه می‌آید از همهٔ آموزش نیست.")
    # A loss of one stage of training is in the lines of that stage only.
    parts = {k: [line[k] for line in history if k in line] for k in losses[:3] if k.endswith("/loss")}
    changes = {k: f"{values[0]:.4g} → {values[-1]:.4g}" for k, values in parts.items()}
    paper.say(f"Over {last['samples']:,} examples in {last['seconds']:.1f} s: "
              + "; ".join(f"`{k}` {change}" for k, change in changes.items()) + ".",
              f"با دیدن {last['samples']:,} نمونه در {last['seconds']:.1f} ثانیه: "
              + "؛ ".join(f"`{k}` <bdi dir=\"ltr\">{change}</bdi>" for k, change in changes.items()) + ".")
else:
    paper.say("This model has nothing to train, so there is no curve.", "این مدل آموزشی ندارد و منحنی‌ای در کار نیست.")

# %%
if isinstance(model, Samples) and run.spec.kind == "image":
    images, labels = generate(run, 60)
    low, high = run.spec.value_range
    told = labels is not None and labels.ndim == 1
    columns = told and bool((labels.view(6, 10) == labels[:10]).all())
    names = [run.spec.labels[label] if run.spec.labels else label for label in labels.tolist()] if told else None
    paper.figure(image_grid((images - low) / (high - low), 6, 10, col_labels=names[:10] if columns else None,
                            titles=names if told and not columns else None), "samples",
                 "Sixty unselected samples, seed 0." + (" A column is a class." if columns else ""),
                 "شصت نمونهٔ گزینش‌نشده با بذر ۰." + (" هر ستون یک رده است." if columns else ""))

# %%
if isinstance(model, Reconstructs) and run.spec.kind == "image":
    y = None if batch.y is None else batch.y[:12]
    with torch.no_grad():
        output = model.reconstruct(batch.x[:12], y)
    low, high = run.spec.value_range
    paper.figure(reconstruction_pairs((batch.x[:12] - low) / (high - low), (output - low) / (high - low)), "pairs",
                 "The first twelve test images, their reconstructions, and the absolute difference (dark is large).",
                 "دوازده تصویر نخست آزمون، بازسازی آن‌ها و قدر مطلق تفاوت (تیره یعنی زیاد).")

# %%
if isinstance(model, Encodes) and model.latent_dim == 2 and batch.y is not None:
    with torch.no_grad():
        codes = model.encode(batch.x, batch.y)
    paper.figure(latent_scatter(np.asarray(codes), np.asarray(batch.y), names=run.spec.labels), "codes",
                 f"Codes of {len(codes):,} test images; contours enclose 50 % and 90 % of each class.",
                 f"کد {len(codes):,} تصویر آزمون؛ خط‌های تراز ۵۰ و ۹۰ درصد هر رده را در بر می‌گیرند.")

# %% [markdown] lang="en"
# ## Results
# %% [markdown] lang="fa"
# ## نتایج

# %%
results = run.results()
if results:
    paper.table(["name", "value [95 % interval]", "n", "protocol"], [[m.name, m, m.n, m.protocol] for m in results],
                "Measurements. A floor is a reference under the same protocol: what real data reach against real data "
                "where that can be had, else what chance or a simple baseline does.",
                "اندازه‌گیری‌ها. «کف» مرجعی با همین قرارداد است: هر جا بتوان، مقدار دادهٔ واقعی در برابر دادهٔ واقعی؛ "
                "وگرنه مقداری که تصادف یا روشی ساده به دست می‌آورد.")
else:
    paper.say("Not measured yet: `simorgh evaluate` measures this run.",
              "هنوز اندازه‌گیری نشده است؛ دستور `simorgh evaluate` این کار را انجام می‌دهد.")
if experiment.preset == "smoke":
    paper.say("This is a `smoke` run: it shows that everything works, and its numbers say nothing about the model.",
              "این اجرا با اندازهٔ `smoke` است؛ فقط نشان می‌دهد همه‌چیز کار می‌کند و اعداد آن دربارهٔ مدل چیزی نمی‌گویند.")
