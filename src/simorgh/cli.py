"""The command line: one function a command, and nothing else happens here.

Heavy imports wait until a command needs them, so that help comes at once. Whatever a user can do wrong ends in
one sentence on standard error and exit code 2.
"""

import contextlib
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, make_dataclass
from pathlib import Path
from typing import Any, Literal

from simorgh.errors import UserError, check_name

HELP = """\
usage: simorgh COMMAND [ARGUMENTS]

Simorgh: a laboratory for deep generative models and sequence models.

commands
  list [recipes|data|studies|metrics]   what there is
  train RECIPE [--preset cpu]           train a recipe; the same command resumes and reopens
  sample RUN -n 64 --out grid.png       draw from a trained model (.png grid or .npz arrays)
  sample RUN --prompt "... / ..."       the next beyts of a model of verse (.txt and .html)
  evaluate RUN [--metrics ...]          measure a trained model, with protocol, interval and floor
  predict RUN --input FILE [--out FILE] ask a classifier about the molecules of a CSV file, row by row
  report RUN [--lang fa]                write report.html and report.ipynb into a run directory
  compare RUN RUN ...                   put runs side by side; refuses to rank unlike protocols
  study NAME [--preset cpu] [--lang fa] answer one question: train, measure, explain, write the report
  study FILE.py                         the same for a study of your own
  pack REPORT ... --name NAME           a folder and a zip of finished reports, for handing in
  sweep RECIPE --set PATH=VALUES ...    search hyper-parameters on held-out images; resumes (simorgh[sweep])
  data get|describe NAME                fetch or describe a data set

simorgh COMMAND --help shows the arguments; simorgh train RECIPE --help shows every setting of a recipe.
Several processes: torchrun --nproc-per-node 2 -m simorgh train RECIPE
"""


def main(argv: list[str] | None = None) -> None:
    """Run one command; exits with 0, or 2 and one sentence."""
    argv = sys.argv[1:] if argv is None else argv
    if not argv or argv[0] in ("-h", "--help"):
        print(HELP, end="")
        return
    if argv[0] == "--version":
        from simorgh import __version__

        print(f"simorgh {__version__}")
        return
    try:
        check_name(argv[0], tuple(COMMANDS), "command")
        COMMANDS[argv[0]](argv[1:])
    except KeyboardInterrupt:
        print("simorgh: stopped; a training goes on from its last checkpoint by the same command.", file=sys.stderr)
        sys.exit(130)
    except UserError as error:
        print(f"simorgh: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    except (FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        print(f"simorgh: {error.filename}: {error.strerror}.", file=sys.stderr)
        sys.exit(2)


def parse(kind: type, argv: list[str], prog: str) -> Any:
    """`kind` (a dataclass) filled from the arguments by tyro; its boxed complaints become one sentence."""
    import tyro

    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(kind, args=argv, prog=prog)
    except SystemExit as stop:
        if not stop.code:
            raise
        # A title line, perhaps a rule, then the complaint up to the next rule, then advice.
        lines = [line.strip(" │╭╮╰╯─-") for line in complaint.getvalue().splitlines()[1:]]
        said = "\n".join(lines).strip().split("\n\n")[0]
        sentence = " ".join(said.split()).replace(" .", ".")
        raise UserError(f"{sentence.rstrip('.')}; see {prog} --help.") from None


def positional(argv: list[str], noun: str, usage: str) -> tuple[str, list[str]]:
    """The leading argument and the rest; help where it is asked for."""
    if argv and argv[0] in ("-h", "--help"):
        print(f"usage: {usage}")
        sys.exit(0)
    if not argv or argv[0].startswith("-"):
        raise UserError(f"The {noun} is missing: {usage}")
    return argv[0], argv[1:]


def device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


# commands


def list_(argv: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    what = argv[0] if argv and not argv[0].startswith("-") else "recipes"
    check_name(what, ("recipes", "data", "studies", "metrics"), "list")
    table = Table(title=what, title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, text in catalogue(what).items():
        table.add_row(f"[bold]{name}[/bold]", text)
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def catalogue(what: str) -> dict[str, str]:
    """Names and one-line descriptions."""
    if what == "recipes":
        from simorgh.recipes import recipes

        return recipes()
    if what == "studies":
        from simorgh.studies.header import studies

        return {study.name: study.title["en"] for study in studies()}
    if what == "data":
        from simorgh.data import DATASETS

        return dict(DATASETS)
    from simorgh.evaluate import METRICS

    return {name: (metric.__doc__ or "").split("\n")[0] for name, metric in METRICS.items()}


def train(argv: list[str]) -> None:
    usage = "simorgh train RECIPE [--preset smoke|cpu|paper] [--seed N] [--out DIR] [settings]"
    name, rest = positional(argv, "recipe", usage)
    preset, rest = _take(rest, "--preset", "cpu")
    rest = ["--data.name" if a == "--data" else a for a in rest]
    from simorgh.recipes import recipe
    from simorgh.train import fit

    base = recipe(name, preset)
    parts = ("data", "model", "train", "evaluate")
    settings = [(part, type(getattr(base, part)), field(default=getattr(base, part))) for part in parts]
    flags = [("seed", int, field(default=0)), ("out", Path, field(default=Path("runs"))), ("quiet", bool, False)]
    asked = parse(make_dataclass("Train", [*settings, *flags]), rest, f"simorgh train {name}")
    from dataclasses import replace

    changed = {part: getattr(asked, part) for part in parts}
    run = fit(replace(base, **changed, seed=asked.seed), asked.out, progress=not asked.quiet)
    print(run.path)


def _take(argv: list[str], flag: str, default: str) -> tuple[str, list[str]]:
    """The value of one flag, and the arguments without it."""
    joined = [part for a in argv for part in (a.split("=", 1) if a.startswith(flag + "=") else [a])]
    if flag not in joined:
        return default, joined
    at = joined.index(flag)
    if at + 1 == len(joined):
        raise UserError(f"{flag} needs a value.")
    return joined[at + 1], joined[:at] + joined[at + 2 :]


def sample(argv: list[str]) -> None:
    usage = 'simorgh sample RUN [-n 64] [--condition 3] [--prompt "... / ..."] [--seed 0] [--out FILE]'
    path, rest = positional(argv, "run directory", usage)
    from simorgh.report.sampling import SampleArguments, draw
    from simorgh.train import Run

    words = {"-n": "--n", "--count": "--n"}
    asked = parse(SampleArguments, [words.get(a, a) for a in rest], "simorgh sample RUN")
    print(*draw(Run.open(path), asked, device()))


@dataclass
class EvaluateArguments:
    """Measure a trained model; the result is stored in the run's results.json.

    Attributes:
        metrics: which groups (simorgh list metrics); all quick ones that fit the model where none is named.
        inception: the public file pt_inception-2015-12-05-6726825d.pth; with it FID is measured (slow on a CPU).
        resize: how images are enlarged for it; numbers under different rules cannot be compared.
    """

    metrics: tuple[str, ...] = ()
    inception: Path | None = None
    resize: Literal["tf1", "half-pixel", "clean"] = "tf1"


def evaluate(argv: list[str]) -> None:
    usage = "simorgh evaluate RUN [--metrics likelihood samples ...] [--inception FILE]"
    path, rest = positional(argv, "run directory", usage)
    asked = parse(EvaluateArguments, rest, "simorgh evaluate RUN")
    from simorgh.evaluate import evaluate as measure
    from simorgh.report.terminal import show_measurements
    from simorgh.train import Run

    found = measure(Run.open(path), asked.metrics, device(), asked.inception, asked.resize)
    show_measurements(found)
    for sentence in {m.context["collapse"] for m in found if m.context.get("collapse")}:
        print(f"simorgh: {sentence}", file=sys.stderr)


@dataclass
class PredictArguments:
    """Ask a trained classifier of molecules about a CSV file: a row comes out for every row that goes in. A SMILES that
    cannot be read leaves its row without a prediction, and the reason in it.

    Attributes:
        input: a CSV file with a header and a column of SMILES.
        out: the CSV file to write; standard output without it.
        spellings: random spellings of each molecule that are averaged over beside its own; as many as in training by
            default.
        vectors: an .npz file for the vectors that the model makes of the molecules.
    """

    input: Path
    out: Path | None = None
    spellings: int | None = None
    vectors: Path | None = None


def predict(argv: list[str]) -> None:
    path, rest = positional(argv, "run directory", "simorgh predict RUN --input FILE [--out FILE] [--vectors FILE]")
    asked = parse(PredictArguments, rest, "simorgh predict RUN")
    from simorgh.evaluate import predict_table
    from simorgh.report.export import save_arrays, save_text
    from simorgh.train import Run

    run = Run.open(path)
    names = predict_table.class_names(run)
    answers = predict_table.predict_file(run, asked.input, asked.spellings, device())
    text = predict_table.as_csv(answers, names)
    if asked.vectors:
        save_arrays(asked.vectors, predict_table.vectors(answers))
    if asked.out:
        print(save_text(asked.out, text))
    else:
        print(text, end="")
    missing = sum(not a.p for a in answers)
    print(f"simorgh: {len(answers)} rows, {missing} of them without a prediction.", file=sys.stderr)


@dataclass
class ReportArguments:
    """Write report.html and report.ipynb into a run directory.

    Attributes:
        lang: language of the report.
    """

    lang: Literal["en", "fa"] = "en"


def report(argv: list[str]) -> None:
    path, rest = positional(argv, "run directory", "simorgh report RUN [--lang en|fa]")
    asked = parse(ReportArguments, rest, "simorgh report RUN")
    from simorgh.report.page import run_report
    from simorgh.train import Run

    print(run_report(Run.open(path), asked.lang))


def compare(argv: list[str]) -> None:
    positional(argv, "first run directory", "simorgh compare RUN RUN ...")
    from simorgh.report.terminal import show_comparison
    from simorgh.train import Run

    show_comparison([Run.open(path) for path in argv])


@dataclass
class StudyArguments:
    """Answer one question: train what it needs, measure, execute the notebook, write the report.

    Attributes:
        preset: smoke (seconds), cpu (minutes) or paper (full size).
        lang: language of the report.
        out: where report.html, report.ipynb, results.json and figures/ go; reports/NAME by default.
        runs: where the trained models are kept.
        data: a data set in place of that of the study, such as cifar-10 or folder:PATH, where its models take it.
    """

    preset: Literal["smoke", "cpu", "paper"] = "cpu"
    lang: Literal["en", "fa"] = "en"
    out: Path | None = None
    runs: Path = Path("runs")
    data: str | None = None


def study(argv: list[str]) -> None:
    name, rest = positional(argv, "study", "simorgh study NAME [--preset smoke|cpu|paper] [--lang en|fa] [--out DIR]")
    asked = parse(StudyArguments, rest, f"simorgh study {name}")
    from simorgh.studies.runner import run_study

    print(run_study(name, **vars(asked)))


@dataclass
class PackArguments:
    """Pack finished reports with the models they need: a folder NAME with a README, and NAME.zip.

    Attributes:
        name: as the course wants it, such as HW4-Name-StudentNumber.
        out: where the folder and the zip go.
        consulted: the people and programs that helped you, for the README.
        check: first execute every packed notebook afresh, as a reader would; minutes a study.
    """

    name: str
    out: Path = Path()
    consulted: str = ""
    check: bool = False


def pack(argv: list[str]) -> None:
    usage = "simorgh pack REPORT ... --name HW4-Name-StudentNumber [--check]"
    first, rest = positional(argv, "folder of a report", usage)
    reports = [first]
    while rest and not rest[0].startswith("-"):
        reports.append(rest.pop(0))
    asked = parse(PackArguments, rest, "simorgh pack REPORT ...")
    from simorgh.studies.pack import pack as packed

    print(packed(reports, **vars(asked), say=lambda text: print(text, file=sys.stderr, flush=True)))


@dataclass
class SweepArguments:
    """Search hyper-parameters with Optuna, on validation images only. The same command goes on where it was stopped,
    and shows the table of a sweep that is finished.

    Attributes:
        set: what is searched, any number of times: PATH=a,b,c (one of these) or PATH=low:high[:log] (a range) of a
            setting by dotted path, such as train.optimiser.lr=1e-4:1e-2:log or train.optimiser.betas.0=0,0.5.
        preset: size of each training.
        trials: how many trainings end, over all workers together.
        workers: processes on this machine.
        metric: what is made small: a key of the history that begins with valid/ (where two players compete,
            valid/loss is the opinion of one of them), or fd_digits of the samples of a model on MNIST.
        storage: a journal file (in the directory of the sweep by default), or a database URL for several machines.
        out: directory of the sweep, runs/sweeps/RECIPE-HASH by default.
        seed: of the search and of each training.
        data: a data set in place of the recipe's own.
        prune: cut off trainings that are worse than the median of the others.
        grid: train every combination of the values of --set, in place of a search; --trials then means nothing.
        seeds: of a grid, how many seeds each combination is trained from.
        lang: language of the report.
    """

    set: tuple[str, ...] = ()
    preset: Literal["smoke", "cpu", "paper"] = "cpu"
    trials: int = 12
    workers: int = 2
    metric: str = "valid/loss"
    storage: str | None = None
    out: Path | None = None
    seed: int = 0
    data: str | None = None
    prune: bool = True
    grid: bool = False
    seeds: int = 1
    lang: Literal["en", "fa"] = "en"


def sweep(argv: list[str]) -> None:
    name, rest = positional(argv, "recipe", "simorgh sweep RECIPE --set PATH=VALUES ... [--trials 12] [--workers 2]")
    texts, rest = _take_all(rest, "--set")
    asked = vars(parse(SweepArguments, rest, f"simorgh sweep {name}"))
    del asked["set"]
    seeds, grid = asked.pop("seeds"), asked.pop("grid")
    if seeds < 1 or (seeds > 1 and not grid):
        raise UserError(f"--seeds {seeds} cannot be run: it goes with --grid and should be at least 1.")
    from simorgh.sweep import sweep as search

    print(search(name, texts, seeds=seeds if grid else 0, **asked))


def _take_all(argv: list[str], flag: str) -> tuple[list[str], list[str]]:
    """The values that follow each occurrence of a flag, and the arguments without them."""
    values, rest, inside = [], [], False
    for argument in argv:
        if argument.startswith(f"{flag}="):
            values.append(argument.removeprefix(f"{flag}="))
        elif argument == flag:
            inside = True
        elif inside and not argument.startswith("-"):
            values.append(argument)
        else:
            inside = False
            rest.append(argument)
    return values, rest


def data(argv: list[str]) -> None:
    usage = "simorgh data get|describe NAME"
    what, rest = positional(argv, "word get or describe", usage)
    check_name(what, ("get", "describe"), "data command")
    name, rest = positional(rest, "data set", usage)
    _nothing(rest, usage)
    from simorgh.data import DataConfig, describe, get
    from simorgh.report.terminal import show_rows

    if what == "get":
        get(name)
    show_rows(name, describe(DataConfig(name)))


def _nothing(argv: list[str], usage: str) -> None:
    if argv:
        raise UserError(f"{argv[0]!r} is not an argument here: {usage}")


COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "list": list_,
    "train": train,
    "sample": sample,
    "evaluate": evaluate,
    "predict": predict,
    "report": report,
    "compare": compare,
    "study": study,
    "pack": pack,
    "sweep": sweep,
    "data": data,
}
