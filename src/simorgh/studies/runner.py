"""Runs a study: trains and measures what its header names, executes its notebook in a fresh process, writes the page.

Reading the list of studies imports neither torch nor the notebook libraries.
"""

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from simorgh.errors import UserError, check_name

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from simorgh.train import Experiment

FOLDER = Path(__file__).parent
CONTEXT, AGAIN = "context.json", "again"
"""In the folder of a report: what the runner told its notebook, with paths from there; and where the notebook writes
when it is executed by hand."""
PRODUCTS = {"report.html", "report.ipynb", "results.json", "environment.json", "figures", CONTEXT, AGAIN}
_NOT_STUDIES = {"__init__", "kit", "pack", "runner"}


@dataclass(frozen=True)
class StudyHeader:
    """What a study says about itself.

    Attributes:
        name: its file's name; `path` the file.
        title: by language.
        answers: ids of the questions that it answers.
        runs: number of seeds by recipe; a key "recipe@variant" is the recipe with the overrides of that key.
        overrides: by key of `runs`, settings by dotted path, such as {"model.beta": 4}.
        sweeps: by name, a grid: {"recipe": NAME, "set": [PATH=a,b, ...], "metric": KEY, "seeds": N}.
    """

    name: str
    path: Path
    title: Mapping[str, str]
    answers: tuple[str, ...] = ()
    runs: Mapping[str, int] = field(default_factory=dict)
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sweeps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def read_header(path: Path) -> StudyHeader:
    """The YAML header of a study file. UserError where file or header are missing or wrong."""
    try:
        found = re.match(r"# ---\n((?:#.*\n)*?)# ---\n", path.read_text(encoding="utf-8"))
        text = "\n".join(line[2:] for line in found[1].splitlines()) if found else ""
        header = (yaml.safe_load(text) or {}).get("simorgh")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as a study.") from error
    except (yaml.YAMLError, AttributeError) as error:
        raise UserError(f"The header of {path.name} cannot be read as YAML.") from error
    if not isinstance(header, Mapping):
        raise UserError(f"{path.name} does not begin with a study header (# ---, # simorgh:, ..., # ---).")
    empty = {"title": {}, "answers": [], "runs": {}, "overrides": {}, "sweeps": {}}
    for key in header:
        check_name(key, empty, f"entry in the header of {path.name}:")
    entries = {key: header.get(key) or nothing for key, nothing in empty.items()}
    title, answers, runs, overrides, sweeps = entries.values()

    def should(right: bool, what: str) -> None:
        if not right:
            raise UserError(f"The header of {path.name} is wrong: {what}.")

    should(isinstance(title, Mapping) and set(title) == {"en", "fa"}, "it needs a title in en and fa")
    should(all(isinstance(text, str) for text in title.values()), "the titles should be text")
    should(_texts(answers), "answers should be a list of ids")
    should(isinstance(runs, Mapping) and all(map(_seeds, runs.values())), "runs should be RECIPE: SEEDS, one or more")
    should(isinstance(overrides, Mapping), "overrides should be a table")
    for key, changes in overrides.items():
        check_name(key, runs, f"run in the header of {path.name} for the overrides")
        should(isinstance(changes, Mapping), f"the overrides of {key} should be a table of settings")
    should(isinstance(sweeps, Mapping), "sweeps should be a table")
    for name, grid in sweeps.items():
        right = isinstance(grid, Mapping) and set(grid) == {"recipe", "set", "metric", "seeds"}
        right = right and _texts(grid["set"]) and _seeds(grid["seeds"])
        should(right, f"the sweep {name} needs recipe, set (a list), metric and seeds (one or more)")
    return StudyHeader(path.stem, path, title, tuple(answers), runs, overrides, sweeps)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _seeds(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def studies() -> list[StudyHeader]:
    """Every study of this package, by name."""
    files = sorted(p for p in FOLDER.glob("*.py") if p.stem not in _NOT_STUDIES and not p.stem.startswith("_"))
    return [read_header(path) for path in files]


def find(name: str) -> StudyHeader:
    """The study called `name`, or the one in the file `name`. UserError where there is none."""
    known = {study.name: study for study in studies()}
    if name.endswith(".py"):
        own = read_header(Path(name))
        if own.name in known and own.path.resolve() != known[own.name].path.resolve():
            raise UserError(f"There is a study {own.name} already: give the file {name} another name.")
        return own
    check_name(name, known, "study")
    return known[name]


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
    out = Path(out or Path("reports") / header.name)
    _check_empty(out)
    notebook = _notebook(header, lang)
    say = (lambda text: print(text, file=sys.stderr, flush=True)) if progress else (lambda text: None)
    trained = _train(header, preset, Path(runs), data, progress, say)
    swept = _sweep(header, preset, Path(runs), data, progress, say)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as private:
        made = Path(private) / "report"
        (made / "figures").mkdir(parents=True)
        _execute(header, notebook, preset, lang, made, trained, swept, Path(runs), data, out, progress)
        _exchange(made, out, Path(private) / "before")
    return out / "report.html"


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


def _train(
    header: StudyHeader, preset: str, runs: Path, data: str | None, progress: bool, say: Callable[[str], None]
) -> dict[str, list[Path]]:
    """Run directories by key, one a seed, trained and evaluated where that has not been done before."""
    if not header.runs:
        return {}
    import torch

    from simorgh.evaluate import evaluate
    from simorgh.train import fit

    device = "cuda" if torch.cuda.is_available() else "cpu"

    plan = [(key, seed) for key, n in header.runs.items() for seed in range(1 if preset == "smoke" else n)]
    trained: dict[str, list[Path]] = {key: [] for key in header.runs}
    for i, (key, seed) in enumerate(plan, 1):
        say(f"[{i}/{len(plan)}] {key}, seed {seed}")
        run = fit(_experiment(header, key, preset, seed, data), runs, progress)
        if not (run.path / "results.json").is_file():
            say(f"[{i}/{len(plan)}] {key}, seed {seed}: measuring")
            evaluate(run, device=device)
        trained[key].append(run.path.resolve())
    return trained


def _sweep(
    header: StudyHeader, preset: str, runs: Path, data: str | None, progress: bool, say: Callable[[str], None]
) -> dict[str, Path]:
    """The trials.json of each grid by name, its trainings done where they have not been before."""
    if not header.sweeps:
        return {}
    from simorgh.sweep import sweep

    found = {}
    for name, grid in header.sweeps.items():
        seeds = 1 if preset == "smoke" else grid["seeds"]
        say(f"grid {name} of {grid['recipe']}: {', '.join(grid['set'])}, {seeds} seeds")
        found[name] = sweep(
            grid["recipe"], grid["set"], preset=preset, data=data, metric=grid["metric"], seeds=seeds, runs=runs,
            page=False, progress=progress,
        ).resolve()  # fmt: skip
    return found


def _experiment(header: StudyHeader, key: str, preset: str, seed: int, data: str | None) -> "Experiment":
    """The recipe with the study's overrides, read back through the same checks as a saved experiment; those of length
    and of what is measured are not for the `smoke` preset, whose own are shorter."""
    from simorgh.recipes import recipe
    from simorgh.train.experiment import override

    changes = header.overrides.get(key, {})
    if preset == "smoke":
        changes = {k: v for k, v in changes.items() if k != "train.epochs" and not k.startswith("evaluate.")}
    experiment = override(recipe(key.split("@")[0], preset, seed), changes)
    return replace(experiment, data=replace(experiment.data, name=data)) if data else experiment


def _notebook(header: StudyHeader, lang: str) -> "NotebookNode":
    """The study's notebook, read before anything is trained for it."""
    from simorgh.report.notebook import build

    return build(header.path.read_text(encoding="utf-8"), lang)


def _execute(
    header: StudyHeader,
    notebook: "NotebookNode",
    preset: str,
    lang: str,
    made: Path,
    trained: Mapping[str, list[Path]],
    swept: Mapping[str, Path],
    runs: Path,
    data: str | None,
    out: Path,
    progress: bool,
) -> None:
    """Execute the notebook and write all products into `made`."""
    from rich.console import Console
    from rich.progress import Progress

    from simorgh.report.notebook import StudyError, execute, save, to_html
    from simorgh.train.run import environment

    within = made.parent / "progress.json"

    def context(folder: Path, out: str, progress: str | None = None) -> str:
        """What the notebook is told, with paths from `folder`."""

        def there(path: Path) -> str:
            try:
                return Path(os.path.relpath(path.resolve(), folder.parent.resolve() / folder.name)).as_posix()
            except ValueError:  # another drive of Windows
                return path.resolve().as_posix()

        told = {"name": header.name, "title": header.title, "answers": header.answers, "preset": preset, "lang": lang, "data": data, "out": out, "progress": progress,
                "kept": there(runs / "kept" / header.name),
                "runs": {key: [there(path) for path in paths] for key, paths in trained.items()},
                "sweeps": {key: there(path) for key, path in swept.items()},
                "products": sorted(path.name for path in made.iterdir())}  # fmt: skip
        return json.dumps(told, indent=1, ensure_ascii=False) + "\n"

    path = made.parent / CONTEXT
    path.write_text(context(path.parent, made.name, within.name if progress else None), encoding="utf-8")
    try:
        with Progress(console=Console(stderr=True), disable=not progress) as bar:
            task = bar.add_task(f"{header.name}: executing", total=len(notebook.cells))
            inner = bar.add_task("", total=None, visible=False)

            def watch() -> None:
                """Shows how far a loop inside a cell is, where the cell says so (Study.track)."""
                with suppress(OSError):  # there is none yet, or Windows is just replacing it
                    said = json.loads(within.read_text(encoding="utf-8"))
                    bar.update(inner, visible=bool(said), **said)

            execute(notebook, {"SIMORGH_STUDY": str(path)}, lambda done: bar.update(task, completed=done), watch)
            bar.update(inner, visible=False)
            bar.update(task, completed=len(notebook.cells))
        page = to_html(notebook, header.title[lang], lang, f"{header.name} · {preset}")
    except StudyError as error:
        kept = save(notebook, out.with_name(f"{out.name}.failed.ipynb"))
        raise StudyError(f"{str(error).rstrip('.')}; what was executed is kept in {kept}.") from error
    if not (made / "results.json").is_file():
        (made / "results.json").write_text("[]\n", encoding="utf-8")
    (made / "environment.json").write_text(json.dumps(environment(), indent=2) + "\n", encoding="utf-8")
    if header.path.parent != FOLDER:  # whoever gets the report may want to make it anew
        shutil.copy2(header.path, made)
    (made / CONTEXT).write_text(context(out, AGAIN), encoding="utf-8")
    save(notebook, made / "report.ipynb")
    save(page, made / "report.html")


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
