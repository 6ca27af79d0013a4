"""The command line: one function a command, and nothing else happens here.

Heavy imports wait until a command needs them, so that help comes at once. Whatever a user can do wrong ends in
one sentence on standard error and exit code 2.
"""

import io
import os
import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import field, make_dataclass
from pathlib import Path

from simorgh.arguments import (
    EvaluateArguments,
    ExportArguments,
    PackArguments,
    PredictArguments,
    ReportArguments,
    StudyArguments,
    SweepArguments,
    nothing_left,
    parse,
    positional,
    take,
    take_all,
)
from simorgh.errors import Notice, UserError, check_name

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
  export RUN [--out FILE.zip]           a trained model as one file that opens as a run elsewhere
  sweep RECIPE --set PATH=VALUES ...    search hyper-parameters on held-out images; resumes (simorgh[sweep])
  data get|describe NAME                fetch or describe a data set

simorgh COMMAND --help shows the arguments; simorgh train RECIPE --help shows every setting of a recipe.
Several processes: torchrun --nproc-per-node 2 -m simorgh train RECIPE
"""


def main(argv: list[str] | None = None) -> None:
    """Run one command; exits with 0, or 2 and one sentence."""
    argv = sys.argv[1:] if argv is None else argv
    warnings.formatwarning = _warning
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # Persian, where whoever reads takes no Persian letters
    try:
        if not argv or argv[0] in ("-h", "--help"):
            print(HELP, end="")
        elif argv[0] == "--version":
            from simorgh import __version__

            print(f"simorgh {__version__}")
        else:
            check_name(argv[0], tuple(COMMANDS), "command")
            COMMANDS[argv[0]](argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("simorgh: stopped; a training goes on from its last checkpoint by the same command.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except UserError as error:
        print(f"simorgh: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:  # a full disk, a folder that nobody may write to
        about = f"{error.filename}: " if error.filename is not None else ""
        print(f"simorgh: {about}{error.strerror or error}.", file=sys.stderr)
        sys.exit(2)
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not re.search("can't allocate memory|out of memory", str(error)):
            raise
        print("simorgh: there is not enough memory for this: take a smaller batch (--train.batch-size), split it "
              "(--train.micro-batches), or take a smaller network.", file=sys.stderr)  # fmt: skip
        sys.exit(2)


_any_warning = warnings.formatwarning


def _warning(message: Warning | str, category: type[Warning], *where: object, **more: object) -> str:
    """A Notice as one sentence, every other warning as Python has it."""
    return f"simorgh: {message}\n" if issubclass(category, Notice) else _any_warning(message, category, *where, **more)


def device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def list_(argv: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    usage = "simorgh list [recipes|data|studies|metrics]"
    what, rest = positional(argv or ["recipes"], "word", usage, alone=True)
    check_name(what, ("recipes", "data", "studies", "metrics"), "list")
    nothing_left(rest, usage)
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

    return {name: " ".join((metric.__doc__ or "").split("\n\n")[0].split()) for name, metric in METRICS.items()}


def train(argv: list[str]) -> None:
    usage = "simorgh train RECIPE [--preset smoke|cpu|paper] [--seed N] [--out DIR] [settings]"
    name, rest = positional(argv, "recipe", usage)
    preset, rest = take(rest, "--preset", "cpu")
    rest = [f"--data.name{a.removeprefix('--data')}" if re.match("--data(=|$)", a) else a for a in rest]
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


def sample(argv: list[str]) -> None:
    usage = 'simorgh sample RUN [-n 64] [--condition 3] [--prompt "... / ..."] [--seed 0] [--out FILE]'
    from simorgh.report.sample_arguments import SampleArguments

    path, rest = positional(argv, "run directory", usage, SampleArguments)
    rest = ["--n" if a == "-n" else re.sub(r"^-n(=|(?=\d))", "--n=", a) for a in rest]
    asked = parse(SampleArguments, rest, "simorgh sample RUN")
    from simorgh.report.sampling import draw
    from simorgh.train import Run

    print(*draw(Run.open(path), asked, device()))


def evaluate(argv: list[str]) -> None:
    usage = "simorgh evaluate RUN [--metrics likelihood samples ...] [--inception FILE]"
    path, rest = positional(argv, "run directory", usage, EvaluateArguments)
    asked = parse(EvaluateArguments, rest, "simorgh evaluate RUN")
    from simorgh.evaluate import evaluate as measure
    from simorgh.report.terminal import show_measurements
    from simorgh.train import Run

    if asked.resize and not asked.inception:
        raise UserError("--resize says how images are enlarged for --inception FILE, which is missing.")
    found = measure(Run.open(path), asked.metrics, device(), asked.inception, asked.resize or "tf1")
    show_measurements(found)
    for sentence in {m.context["collapse"] for m in found if m.context.get("collapse")}:
        print(f"simorgh: {sentence}", file=sys.stderr)


def predict(argv: list[str]) -> None:
    usage = "simorgh predict RUN --input FILE [--out FILE] [--vectors FILE]"
    path, rest = positional(argv, "run directory", usage, PredictArguments)
    asked = parse(PredictArguments, rest, "simorgh predict RUN")
    from simorgh.evaluate import predict_table
    from simorgh.report.export import ARRAYS, check_ending, save_arrays, save_text
    from simorgh.train import Run

    run = Run.open(path)
    for file in filter(None, (asked.out, asked.vectors)):
        if file.resolve() == asked.input.resolve():
            raise UserError(f"{file} is the table that is read: let the answers go to another file.")
    if asked.vectors:
        check_ending(asked.vectors, ARRAYS)
    answers = predict_table.predict_file(run, asked.input, asked.spellings, device())
    text = predict_table.as_csv(answers, run.spec.labels)
    if asked.vectors:
        save_arrays(asked.vectors, predict_table.vectors(answers))
    if asked.out:
        print(save_text(asked.out, text))
    else:
        print(text, end="")
    missing, rows = sum(not a.p for a in answers), "1 row" if len(answers) == 1 else f"{len(answers)} rows"
    print(f"simorgh: {rows}, {missing} of them without a prediction.", file=sys.stderr)


def report(argv: list[str]) -> None:
    path, rest = positional(argv, "run directory", "simorgh report RUN [--lang en|fa]", ReportArguments)
    asked = parse(ReportArguments, rest, "simorgh report RUN")
    from simorgh.report.page import run_report
    from simorgh.train import Run

    print(run_report(Run.open(path), asked.lang))


def compare(argv: list[str]) -> None:
    positional(argv, "first run directory", "simorgh compare RUN RUN ...", alone=True)
    from simorgh.report.terminal import show_comparison
    from simorgh.train import Run

    show_comparison([Run.open(path) for path in argv])


def study(argv: list[str]) -> None:
    usage = "simorgh study NAME [--preset smoke|cpu|paper] [--lang en|fa] [--out DIR]"
    name, rest = positional(argv, "study", usage, StudyArguments)
    asked = parse(StudyArguments, rest, f"simorgh study {name}")
    from simorgh.studies.runner import run_study

    print(run_study(name, **vars(asked)))


def pack(argv: list[str]) -> None:
    usage = "simorgh pack REPORT ... --name HW4-Name-StudentNumber [--check]"
    first, rest = positional(argv, "folder of a report", usage, PackArguments)
    reports = [first]
    while rest and not rest[0].startswith("-"):
        reports.append(rest.pop(0))
    asked = parse(PackArguments, rest, "simorgh pack REPORT ...")
    from simorgh.studies.pack import pack as packed

    print(packed(reports, **vars(asked), say=lambda text: print(text, file=sys.stderr, flush=True)))


def export(argv: list[str]) -> None:
    path, rest = positional(argv, "run directory", "simorgh export RUN [--out FILE.zip]", ExportArguments)
    asked = parse(ExportArguments, rest, "simorgh export RUN")
    from simorgh.report.export import save_run
    from simorgh.train import Run

    run = Run.open(path)
    print(save_run(asked.out or Path(f"{run.path.resolve().name}.zip"), run))


def sweep(argv: list[str]) -> None:
    usage = "simorgh sweep RECIPE --set PATH=VALUES ... [--trials 12] [--workers 2]"
    name, rest = positional(argv, "recipe", usage, SweepArguments)
    texts, rest = take_all(rest, "--set")
    asked = vars(parse(SweepArguments, rest, f"simorgh sweep {name}"))
    del asked["set"]
    seeds, grid = asked.pop("seeds"), asked.pop("grid")
    if seeds < 1 or (seeds > 1 and not grid):
        raise UserError(f"--seeds {seeds} cannot be run: it goes with --grid and should be at least 1.")
    from simorgh.sweep import sweep as search

    print(search(name, texts, seeds=seeds if grid else 0, **asked))


def data(argv: list[str]) -> None:
    usage = "simorgh data get|describe NAME"
    what, rest = positional(argv, "word get or describe", usage, alone=True)
    check_name(what, ("get", "describe"), "data command")
    name, rest = positional(rest, "data set", usage)
    nothing_left(rest, usage)
    from simorgh.data import DataConfig, describe, get
    from simorgh.report.terminal import show_rows

    if what == "get":
        get(name)
    show_rows(name, describe(DataConfig(name)))


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
    "export": export,
    "sweep": sweep,
    "data": data,
}
