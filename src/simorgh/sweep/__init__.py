"""Hyper-parameter search with Optuna: trials in several processes, on held-out images, resumable at any moment.

    sweep("digits-vae", ["train.optimiser.lr=1e-4:1e-2:log"], trials=12, workers=2)    path of report.html
    sweep("digits-vae", ["model.latent_dim=2,4", "model.beta=1,4"], seeds=3)           every combination, three seeds

A directory holds the sweep: sweep.json (what is searched), journal.log (the trials as Optuna keeps them), runs/ (a run
directory a trial), <name>.workers/ (locks and logs), trials.json (plain values), report.html and report.ipynb.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from simorgh.contracts import UserError
from simorgh.files import write
from simorgh.recipes import recipe as find_recipe
from simorgh.report.notebook import build, execute, save, to_html
from simorgh.report.numbers import digits
from simorgh.sweep.ledger import Ledger, importance, records
from simorgh.sweep.space import Choice, Plan, Range, make_plan, read_plan

__all__ = ["sweep"]

_SOURCE = Path(__file__).parents[1] / "report" / "templates" / "sweep.py"
STRIKES = 3
"""Workers in a row that may die before they have claimed anything."""


def sweep(
    recipe: str,
    texts: Sequence[str],
    *,
    preset: str = "cpu",
    data: str | None = None,
    metric: str = "valid/loss",
    trials: int = 12,
    workers: int = 2,
    storage: str | None = None,
    out: Path | str | None = None,
    seed: int = 0,
    prune: bool = True,
    seeds: int = 0,
    page: bool = True,
    lang: str = "en",
    runs: Path | str = "runs",
    progress: bool = True,
) -> Path:
    """Search the settings `texts` of a recipe until `trials` trials have ended; returns the path of report.html.

    The same call goes on where it was stopped; with more trials it adds to a finished sweep.

    Args:
        texts: PATH=a,b,c or PATH=low:high[:log], by dotted path.
        data: a data set in place of the recipe's own.
        metric: a key of the history that begins with valid/, or fd_digits; smaller is better.
        storage: a journal file (journal.log in `out` by default) or a database URL, which several machines may share.
        out: <runs>/sweeps/<recipe>-<hash> by default.
        prune: cut off trials that are worse than the median of the others at the same place.
        seeds: train every combination of the settings from so many seeds, and search nothing; `trials` and `prune`
            then mean nothing. 0 searches.
        page: without it report.html is not written, and the path is that of trials.json.
        lang: language of the report, "en" or "fa".

    Raises:
        UserError: for a setting, metric or storage that cannot be used, or where `out` holds another sweep.
    """
    if trials < 1 or workers < 1:
        raise UserError(f"A sweep of {trials} trials by {workers} workers cannot be run: both should be at least 1.")
    if seeds < 0:
        raise UserError(f"A grid from {seeds} seeds cannot be run: there should be at least 1.")
    if int(os.environ.get("WORLD_SIZE", 1)) > 1:
        raise UserError("simorgh sweep starts its own processes: run it without torchrun.")
    plan = planned(recipe, texts, preset, data, metric, seed, prune, seeds)
    trials = len(plan.cells) if seeds else trials
    out = Path(out or Path(runs) / "sweeps" / plan.name)
    _keep(plan, out)
    address = storage or str(out / "journal.log")
    ledger = Ledger(plan, out, address, trials)
    if seeds:
        with ledger.claims:
            ledger.lay_out()
    if len(ledger.finished()) < trials:
        _Team(ledger, address, min(workers, trials)).work(progress)
    return _publish(ledger, lang if page else None)


def planned(
    recipe: str, texts: Sequence[str], preset: str, data: str | None, metric: str, seed: int, prune: bool, seeds: int
) -> Plan:
    """What `sweep` will do with these of its arguments. UserError for what cannot be done; nothing is written."""
    base = find_recipe(recipe, preset, seed)
    if data:
        base = replace(base, data=replace(base.data, name=data))
    return make_plan(base, texts, metric, prune, seeds)


def _keep(plan: Plan, out: Path) -> None:
    """sweep.json, from which workers read what they do."""
    path = out / "sweep.json"
    if not path.is_file():
        write(path, json.dumps(plan.to_dict(), indent=1) + "\n")
    elif read_plan(path).name != plan.name:
        raise UserError(f"{out} holds another sweep: name a new directory with --out, or leave it out.")


@dataclass
class _Member:
    """A worker's process, its log, and how many trials there were when it began."""

    process: subprocess.Popen
    log: Path
    claimed: int


class _Team:
    """Keeps workers at work until every trial has ended, and puts new ones in the place of those that die."""

    def __init__(self, ledger: Ledger, address: str, size: int):
        self._ledger, self._address, self._size = ledger, address, size
        self._members: dict[int, _Member] = {}
        self._strikes = 0

    def work(self, progress: bool = True) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                   TextColumn("{task.fields[best]}"))  # fmt: skip
        with Progress(*columns, console=console, disable=not progress) as bar:
            task = bar.add_task(self._ledger.plan.name, total=self._ledger.trials, best="")
            try:
                while True:
                    done = records(self._ledger)
                    best = f"best {digits(done[0]['value'])}" if done and done[0]["state"] == "finished" else ""
                    bar.update(task, completed=len(done), best=best)
                    if len(done) >= self._ledger.trials:
                        return
                    self._fill()
                    time.sleep(0.5)
            finally:
                self._dismiss()

    def _fill(self) -> None:
        """Take note of who has ended, and start as many workers as there are free places and trials for them."""
        ledger = self._ledger
        died = False
        for number, member in list(self._members.items()):
            if (code := member.process.poll()) is None:
                continue
            del self._members[number]
            died = died or code != 0
            idle = code != 0 and len(ledger.study.get_trials(deepcopy=False)) == member.claimed
            self._strikes = self._strikes + 1 if idle else 0
            if self._strikes >= STRIKES:
                raise UserError(f"The workers die before they begin: {member.log} says why.")
        if died or not self._members:
            with ledger.claims:
                ledger.recover()
        for number in range(self._size):
            if number not in self._members and ledger.room() > len(self._members) - self._busy():
                self._start(number)

    def _busy(self) -> int:
        """Members that have a trial already, as far as can be told: all that have claimed one since they began."""
        trials = (t for t in self._ledger.counted() if not t.state.is_finished())
        running = {t.user_attrs.get("worker", {}).get("pid") for t in trials}
        return sum(m.process.pid in running for m in self._members.values())

    def _start(self, number: int) -> None:
        ledger = self._ledger
        path = ledger.folder / f"{number}.log"
        command = [sys.executable, "-m", "simorgh.sweep.worker", str(ledger.out), str(ledger.trials)]
        with open(path, "w") as log:
            process = subprocess.Popen(command, env=self._environment(number), stdout=log, stderr=log)
        self._members[number] = _Member(process, path, len(ledger.study.get_trials(deepcopy=False)))

    def _environment(self, number: int) -> dict[str, str]:
        """Cores are shared out among the workers, and so are graphics cards."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        environment = {"OMP_NUM_THREADS": str(max(1, cores // self._size)), **os.environ}
        environment["SIMORGH_SWEEP_STORAGE"] = self._address
        if (cards := torch.cuda.device_count()) > 1:
            named = os.environ.get("CUDA_VISIBLE_DEVICES")
            names = named.split(",") if named else [str(i) for i in range(cards)]
            environment["CUDA_VISIBLE_DEVICES"] = names[number % len(names)]
        return environment

    def _dismiss(self) -> None:
        for member in self._members.values():
            member.process.terminate()
        for member in self._members.values():
            member.process.wait()


def _publish(ledger: Ledger, lang: str | None) -> Path:
    """trials.json; for a language, the table on standard output and the page if it is not up to date."""
    plan, rows = ledger.plan, records(ledger)
    if all(row["state"] == "failed" for row in rows):
        raise UserError(f"All {len(rows)} trials failed; the first says: {rows[0]['error']}")
    content = {
        "name": plan.name,
        "recipe": plan.experiment.name,
        "preset": plan.experiment.preset,
        "metric": plan.metric,
        "protocol": plan.protocol,
        "space": dict(sorted(text.split("=", 1) for text in plan.texts)),
        "choices": {path: list(d.values) for path, d in plan.space.items() if isinstance(d, Choice)},
        "log": [path for path, d in plan.space.items() if isinstance(d, Range) and d.log],
        "importance": importance(ledger),
        "trials": rows,
    }
    path, page = ledger.out / "trials.json", ledger.out / "report.html"
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    if not lang:
        write(path, text)
        return path
    _show(content)
    written = page.is_file() and f'lang="{lang}"' in page.read_text(encoding="utf-8")[:200]
    if not written or not path.is_file() or path.read_text(encoding="utf-8") != text:
        write(path, text)
        _page(path, page, plan, lang)
    return page


def _page(trials: Path, page: Path, plan: Plan, lang: str) -> None:
    """report.ipynb and report.html from trials.json."""
    context = json.dumps({"trials": str(trials.resolve()), "lang": lang})
    notebook = execute(build(_SOURCE.read_text(encoding="utf-8"), lang), {"SIMORGH_SWEEP": context})
    save(notebook, page.with_suffix(".ipynb"))
    title = {"en": f"Sweep of {plan.experiment.name}", "fa": f"جست‌وجوی تنظیمات {plan.experiment.name}"}[lang]
    save(to_html(notebook, title, lang, plan.experiment.preset), page)


def _show(content: dict) -> None:
    """The trials, best first."""
    paths = sorted(content["space"])
    table = Table(title=content["protocol"], title_justify="left", box=None, padding=(0, 2, 0, 0))
    for name in ("trial", "state", content["metric"], *paths, "seed"):
        table.add_column(name, justify="left" if name == "state" else "right", overflow="fold")
    table.add_column("run or reason", overflow="fold")
    for row in content["trials"]:
        value = "" if row["value"] is None else digits(row["value"])
        params = [_written(row["params"].get(path)) for path in paths]
        table.add_row(str(row["number"]), row["state"], value, *params, str(row["seed"]), row["error"] or row["run"])
    Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False).print(table)


def _written(value: object) -> str:
    return digits(value) if isinstance(value, float) else str(value)
