# %%
import json
import os
from pathlib import Path

from simorgh.report.figures import bars
from simorgh.report.numbers import digits
from simorgh.report.paper import Paper
from simorgh.report.trials import trial_curves, trial_parameters, trial_values

asked = json.loads(os.environ["SIMORGH_SWEEP"])
paper, sweep = Paper(asked["lang"]), json.loads(Path(asked["trials"]).read_text(encoding="utf-8"))
trials, metric, space = sweep["trials"], sweep["metric"], sweep["space"]
valued = [t for t in trials if t["value"] is not None]


def tail(path, others):
    """The last words of a path, as many as tell it from the others; an index is never alone."""
    words = path.split(".")
    ends = [".".join(words[i:]) for i in range(len(words) - 1, -1, -1) if not words[i].isdigit()]
    return next((end for end in ends if not any(f".{o}".endswith(f".{end}") for o in others if o != path)), path)


short = {path: tail(path, space) for path in space}
counts = {state: sum(t["state"] == state for t in trials) for state in ("finished", "pruned", "failed")}

# %% [markdown] lang="en"
# ## Protocol
# %% [markdown] lang="fa"
# ## قرارداد

# %%
paper.say(f"The value of a trial is {sweep['protocol']}.",
          f"مقدار هر آزمایش چنین تعریف شده است: <bdi dir=\"ltr\">{sweep['protocol']}</bdi>.")
paper.table(["setting", "short name", "values"], [[path, short[path], text] for path, text in space.items()],
            "What was searched.", "آنچه جست‌وجو شد.")

# %% [markdown] lang="en"
# ## Trials
# %% [markdown] lang="fa"
# ## آزمایش‌ها

# %%
best = trials[0]
total = sum(t["seconds"] or 0 for t in trials)
if best["state"] == "finished":
    chosen = ", ".join(f"`{k}` = {digits(v) if isinstance(v, float) else v}" for k, v in best["params"].items())
    paper.say(f"Of {len(trials)} trials {counts['finished']} finished, {counts['pruned']} were cut off and "
              f"{counts['failed']} failed, in {total:,.0f} s of training. The best is trial {best['number']} with "
              f"{digits(best['value'])}: {chosen}. It was picked as the smallest of several numbers, so its value is "
              "a little too good: measure it on the test part, over several seeds, before it is compared.",
              f"از {len(trials)} آزمایش {counts['finished']} تا به پایان رسید، {counts['pruned']} تا زودتر قطع شد و "
              f"{counts['failed']} تا شکست خورد؛ همه با هم {total:,.0f} ثانیه آموزش. بهترین، آزمایش شمارهٔ "
              f"{best['number']} با مقدار {digits(best['value'])} است: <bdi dir=\"ltr\">{chosen}</bdi>. این مقدار "
              "کوچک‌ترینِ چند عدد است و برای همین کمی خوش‌بینانه است؛ پیش از مقایسه، آن را با چند بذر و روی بخش آزمون "
              "اندازه بگیرید.")
seeds = ["seed"] if len({t["seed"] for t in trials}) > 1 else []
rows = [[t["number"], t["state"], t["value"], *[t["params"].get(path) for path in space], *[t[key] for key in seeds],
         t["seconds"], (t["run"] or "").rsplit("-", 1)[-1]] for t in trials]
paper.table(["trial", "state", metric, *short.values(), *seeds, "seconds", "run"], rows,
            f"All trials, best first. The run directories are runs/{sweep['recipe']}-... with the letters of the last "
            "column. The same settings a second time are trained from the next seed.",
            "همهٔ آزمایش‌ها، از بهترین. نام پوشهٔ هر اجرا "
            f"<bdi dir=\"ltr\">runs/{sweep['recipe']}-...</bdi> با حروف ستون آخر است. تنظیماتی که دوباره پیش بیاید با "
            "بذر بعدی آموزش می‌بیند.")
if counts["failed"]:
    paper.table(["trial", "reason"], [[t["number"], t["error"]] for t in trials if t["error"]],
                "Trials that failed.", "آزمایش‌هایی که شکست خوردند.")

# %%
if valued:
    paper.figure(trial_values([t["number"] for t in trials], [t["value"] for t in trials],
                              [t["state"] for t in trials], metric), "trials",
                 "Value by trial; a hollow mark is where a trial was cut off, a triangle lies above the axis.",
                 "مقدار هر آزمایش؛ نشان توخالی جایی است که آزمایش قطع شده و مثلث یعنی مقدار بالاتر از محور است.")

# %% [markdown] lang="en"
# ## Settings
# %% [markdown] lang="fa"
# ## تنظیمات

# %%
if valued:
    paper.figure(trial_parameters({short[path]: [t["params"].get(path) for t in valued] for path in space},
                                  [t["value"] for t in valued], [t["state"] for t in valued],
                                  [short[path] for path in sweep["log"]],
                                  {short[path]: options for path, options in sweep["choices"].items()}, metric),
                 "parameters", "Value against each setting; hollow trials were cut off.",
                 "مقدار در برابر هر تنظیم؛ آزمایش‌های توخالی زودتر قطع شده‌اند.")

# %%
if sweep["importance"]:
    names = list(sweep["importance"])
    paper.figure(bars(names, [sweep["importance"][n] for n in names], xlabel="share of the variance of the value"),
                 "importance", "Importance of each setting over the searched space (functional ANOVA of a random "
                 f"forest, Hutter, Hoos and Leyton-Brown 2014), from {counts['finished']} finished trials.",
                 "اهمیت هر تنظیم در فضای جست‌وجو (تحلیل واریانس تابعی با جنگل تصادفی؛ هوتر، هوس و لیتون‌براون ۲۰۱۴)، "
                 f"از {counts['finished']} آزمایش پایان‌یافته.")
    if counts["finished"] < 20:
        paper.say("From so few trials the order of these shares is a hint, not a finding.",
                  "با این تعداد کم، ترتیب این سهم‌ها فقط یک سرنخ است، نه یک یافته.")
else:
    paper.say("Too few trials finished to say which setting matters.",
              "تعداد آزمایش‌های پایان‌یافته برای سنجش اهمیت تنظیمات کم است.")

# %% [markdown] lang="en"
# ## Along training
# %% [markdown] lang="fa"
# ## در طول آموزش

# %%
drawn = [t for t in sorted(trials, key=lambda t: t["number"]) if t["intermediate"]]
if drawn:
    paper.figure(trial_curves({t["number"]: t["intermediate"] for t in drawn}, [t["state"] for t in drawn],
                              "snapshot" if metric == "fd_digits" else "pass over the training part", metric), "curves",
                 "Values along training; dashed trials were cut off or failed.",
                 "مقدارها در طول آموزش؛ خط‌چین یعنی آزمایش قطع شده یا شکست خورده است.")
if sweep["preset"] == "smoke":
    paper.say("This is a `smoke` sweep: it shows that everything works, and its numbers say nothing about the model.",
              "این جست‌وجو با اندازهٔ `smoke` است؛ فقط نشان می‌دهد همه‌چیز کار می‌کند و اعداد آن دربارهٔ مدل چیزی نمی‌گویند.")
