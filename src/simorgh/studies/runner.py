"""Runs a study: trains and measures what its header names, executes its notebook in a fresh process, writes the page."""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from simorgh.errors import UserError, check_name
from simorgh.studies.header import FOLDER, StudyHeader, find

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from rich.progress import Progress

    from simorgh.train import Experiment

CONTEXT, AGAIN = "context.json", "again"
"""In the folder of a report: what the runner told its notebook, with paths from there; and where the notebook writes
when it is executed by hand."""
PRODUCTS = {"report.html", "report.ipynb", "results.json", "environment.json", "figures", CONTEXT, AGAIN}


@dataclass(frozen=True)
class _Job:
    """A study and how it is wanted, see `run_study`."""

    header: StudyHeader
    preset: str
    lang: str
    out: Path
    runs: Path
    data: str | None
    progress: bool

    def say(self, text: str) -> None:
        if self.progress:
            print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class _Trained:
    """Run directories by key of the header, one a seed, and the trials.json of its grids by name."""

    runs: Mapping[str, list[Path]]
    sweeps: Mapping[str, Path]


def run_study(
    name: str,
    preset: str = "cpu",
    lang: str = "en",
    out: Path | str | None = None,
    runs: Path | str = "runs",
    data: str | None = None,
    progress: bool = True,
) -> Path:
    """Train, measure, execute, write; returns the path of report.html.

    Trained models stand in `runs` and are used again; report.html, report.ipynb, results.json, environment.json,
    context.json and figures/ appear in `out` (reports/NAME by default) together, once all has succeeded. The notebook
    can be opened there and executed by hand.

    Args:
        name: a study of this package, or a file of your own that ends in .py.
        preset: "smoke" trains one seed of each recipe, the others as many as the header says.
        data: a data set in place of the recipes' own, such as "cifar-10" or "folder:PATH".
        progress: bars and messages on standard error.

    Raises:
        UserError: for an unknown name, preset or language, a file that is no study, or where `out` holds files of another kind.
        StudyError: names the cell that failed; what was executed so far is kept beside `out`.
    """
    header = find(name)
    check_name(preset, ("smoke", "cpu", "paper"), "preset")
    check_name(lang, ("en", "fa"), "language")
    job = _Job(header, preset, lang, Path(out or Path("reports") / header.name), Path(runs), data, progress)
    _check_empty(job.out)
    notebook = _notebook(job)
    _check_grids(job)
    trained = _Trained(_train(job), _sweep(job))
    job.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=job.out.parent, prefix=f".{job.out.name}-") as private:
        made = Path(private) / "report"
        (made / "figures").mkdir(parents=True)
        _execute(job, notebook, trained, made)
        _exchange(made, job.out, Path(private) / "before")
    return job.out / "report.html"


def _check_empty(out: Path) -> None:
    """`out` is replaced as a whole, so it must not hold anything that is not ours. Names that begin with a dot are what
    editors leave behind."""
    if out.exists() and (not out.is_dir() or {p.name for p in out.iterdir() if p.name[0] != "."} - products(out)):
        raise UserError(f"{out} holds other files than a report: name a new or empty directory with --out.")


def products(out: Path) -> set[str]:
    """The names that belong to the report in `out`: ours, and what its study wrote besides."""
    try:
        told = json.loads((out / CONTEXT).read_text(encoding="utf-8"))
        return PRODUCTS | set(told["products"])
    except (OSError, ValueError, TypeError, KeyError):
        return PRODUCTS


def _notebook(job: _Job) -> "NotebookNode":
    """The study's notebook, read before anything is trained for it."""
    from simorgh.report.notebook import build

    return build(job.header.path.read_text(encoding="utf-8-sig"), job.lang)


def _check_grids(job: _Job) -> None:
    """A grid that cannot be trained, or whose library is missing, is told before hours of training."""
    if job.header.sweeps:
        from simorgh.sweep import planned

        for grid in job.header.sweeps.values():
            planned(grid["recipe"], grid["set"], job.preset, job.data, grid["metric"], 0, True, grid["seeds"])


def _train(job: _Job) -> dict[str, list[Path]]:
    """What the header names, trained and evaluated where that has not been done before."""
    if not job.header.runs:
        return {}
    import torch

    from simorgh.evaluate import evaluate, evaluated
    from simorgh.train import fit

    device = "cuda" if torch.cuda.is_available() else "cpu"
    plan = [(key, seed) for key, n in job.header.runs.items() for seed in range(1 if job.preset == "smoke" else n)]
    trained: dict[str, list[Path]] = {key: [] for key in job.header.runs}
    for i, (key, seed) in enumerate(plan, 1):
        job.say(f"[{i}/{len(plan)}] {key}, seed {seed}")
        run = fit(_experiment(job, key, seed), job.runs, job.progress)
        if not evaluated(run):
            job.say(f"[{i}/{len(plan)}] {key}, seed {seed}: measuring")
            evaluate(run, device=device)
        trained[key].append(run.path.resolve())
    return trained


def _sweep(job: _Job) -> dict[str, Path]:
    """The header's grids, their trainings done where they have not been before."""
    if not job.header.sweeps:
        return {}
    from simorgh.sweep import sweep

    found = {}
    for name, grid in job.header.sweeps.items():
        seeds = 1 if job.preset == "smoke" else grid["seeds"]
        job.say(f"grid {name} of {grid['recipe']}: {', '.join(grid['set'])}, {seeds} seeds")
        found[name] = sweep(
            grid["recipe"], grid["set"], preset=job.preset, data=job.data, metric=grid["metric"], seeds=seeds,
            runs=job.runs, page=False, progress=job.progress,
        ).resolve()  # fmt: skip
    return found


def _experiment(job: _Job, key: str, seed: int) -> "Experiment":
    """The recipe with the study's overrides, read back through the same checks as a saved experiment; those of length
    and of what is measured are not for the `smoke` preset, whose own are shorter."""
    from simorgh.recipes import recipe
    from simorgh.train.experiment import override

    changes = job.header.overrides.get(key, {})
    if job.preset == "smoke":
        changes = {k: v for k, v in changes.items() if k != "train.epochs" and not k.startswith("evaluate.")}
    experiment = override(recipe(key.split("@")[0], job.preset, seed), changes)
    return replace(experiment, data=replace(experiment.data, name=job.data)) if job.data else experiment


def _execute(job: _Job, notebook: "NotebookNode", trained: _Trained, made: Path) -> None:
    """Execute the notebook and write all products into `made`."""
    from rich.console import Console
    from rich.progress import Progress

    from simorgh.report.notebook import StudyError, execute, save, to_html
    from simorgh.train.run import environment

    name, told, within = job.header.name, made.parent / CONTEXT, made.parent / "progress.json"
    here = _context(job, trained, told.parent, out=made.name, progress=within.name if job.progress else None)
    told.write_text(here, encoding="utf-8")
    try:
        with Progress(console=Console(stderr=True), disable=not job.progress) as bar:
            task, watch = bar.add_task(f"{name}: executing", total=len(notebook.cells)), _watcher(bar, within)
            execute(notebook, {"SIMORGH_STUDY": str(told)}, lambda done: bar.update(task, completed=done), watch)
            watch()
            bar.update(task, completed=len(notebook.cells))
        page = to_html(notebook, job.header.title[job.lang], job.lang, f"{name} · {job.preset}")
    except StudyError as error:
        kept = save(notebook, job.out.with_name(f"{job.out.name}.failed.ipynb"))
        raise StudyError(f"{str(error).rstrip('.')}; what was executed is kept in {kept}.") from error
    if not (made / "results.json").is_file():
        (made / "results.json").write_text("[]\n", encoding="utf-8")
    (made / "environment.json").write_text(json.dumps(environment(), indent=2) + "\n", encoding="utf-8")
    if job.header.path.parent != FOLDER:  # whoever gets the report may want to make it anew
        shutil.copy2(job.header.path, made)
    products = sorted(path.name for path in made.iterdir())
    (made / CONTEXT).write_text(_context(job, trained, job.out, out=AGAIN, products=products), encoding="utf-8")
    save(notebook, made / "report.ipynb")
    save(page, made / "report.html")


def _context(job: _Job, trained: _Trained, folder: Path, **more: object) -> str:
    """What the notebook is told, with paths from `folder`."""
    folder = folder.parent.resolve() / folder.name

    def there(path: Path) -> str:
        try:
            return Path(os.path.relpath(path.resolve(), folder)).as_posix()
        except ValueError:  # another drive of Windows
            return path.resolve().as_posix()

    told = {
        "name": job.header.name, "title": job.header.title, "answers": job.header.answers, "preset": job.preset,
        "lang": job.lang, "data": job.data, "kept": there(job.runs / "kept" / job.header.name),
        "runs": {key: [there(path) for path in paths] for key, paths in trained.runs.items()},
        "sweeps": {key: there(path) for key, path in trained.sweeps.items()},
        "progress": None, **more,
    }  # fmt: skip
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def _watcher(bar: "Progress", within: Path) -> Callable[[], None]:
    """Shows how far a loop inside a cell is, where the cell says so in the file `within` (Study.track)."""
    inner = bar.add_task("", total=None, visible=False)

    def watch() -> None:
        with suppress(OSError):  # there is none yet, or Windows is just replacing it
            said = json.loads(within.read_text(encoding="utf-8"))
            bar.update(inner, visible=bool(said), **said)

    return watch


def _exchange(made: Path, out: Path, before: Path) -> None:
    """Put `made` in the place of `out`; an old report is only removed once the new one stands."""
    try:
        _check_empty(out)
    except UserError as error:
        kept = Path(tempfile.mkdtemp(dir=out.parent, prefix=f"{out.name}-")) / out.name
        os.replace(made, kept)
        raise UserError(f"{out} has been given other files meanwhile; the report is in {kept}.") from error
    if out.exists():
        os.replace(out, before)
    try:
        os.replace(made, out)
    except OSError:
        if before.exists():
            os.replace(before, out)
        raise
    shutil.rmtree(before, ignore_errors=True)
    out.with_name(f"{out.name}.failed.ipynb").unlink(missing_ok=True)
