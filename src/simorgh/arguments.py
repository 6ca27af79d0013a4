"""What the commands take: a dataclass for the arguments of each, and what reads a command line into it.

The arguments of `sample` stand beside the drawing (report/sample_arguments.py), those of `train` are the recipe's own
settings. Heavy imports wait, as in cli.py.
"""

import contextlib
import io
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from simorgh.errors import UserError


def parse(kind: type, argv: list[str], prog: str) -> Any:
    """`kind` (a dataclass) filled from the arguments by tyro; its boxed complaints become one sentence."""
    import tyro

    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(kind, args=argv, prog=prog, config=(tyro.conf.CascadeSubcommandArgs,))
    except SystemExit as stop:
        if not stop.code:
            raise
        raise UserError(f"{_sentence(complaint.getvalue())} See {prog} --help.") from None


PLAIN = {
    r"invalid literal for int\(\) with base 10: ('.*')": r"\1 is not a whole number",
    r"could not convert string to float: ('.*')": r"\1 is not a number",
    r"no type matching \{None\}\|INT could be instantiated from \[('.*')\]": r"\1 is not a whole number",
    r"no type matching \{None\}\|FLOAT could be instantiated from \[('.*')\]": r"\1 is not a number",
    r"Could not parse arguments \[(.*)\] into tuple type .*": r"\1 are not what it takes",
    r"Expected (\d+) values": r"Values it takes: \1",
    r"'None', |, 'None'": "",
}
"""What Python and tyro say, in words for those who write no Python."""


def _sentence(box: str) -> str:
    """What stands in a boxed complaint of tyro: the title, perhaps a rule, the complaint, and after rules advice, of
    which the names that come near are kept. Where a terminal has no lines to draw with, rules are hyphens."""
    box = re.sub(r"\x1b\[[\d;]*m", "", box)  # colours of a terminal
    lines = [re.sub(r"^-+$", "", line.strip(" │╭╮╰╯─|+")) for line in box.splitlines()[1:]]
    said = "\n".join(lines).strip().split("\n\n")[0]
    sentence = " ".join(said.split()).replace(" .", ".").rstrip(".")
    for jargon, plain in PLAIN.items():
        sentence = re.sub(jargon, plain, sentence)
    advice = re.split("Perhaps you meant|Arguments similar to", box, maxsplit=1)[1:]
    near = re.findall(r"^[│| ] {5}(--[\w.-]+)", "".join(advice), re.M)  # deeper stand their descriptions
    return f"{sentence}: did you mean {' or '.join(near[:3])}?" if near else f"{sentence}."


def positional(
    argv: list[str], noun: str, usage: str, kind: type | None = None, alone: bool = False
) -> tuple[str, list[str]]:
    """The leading argument and the rest; help where it is asked for, with the arguments of `kind` where there are.
    A command that is `alone` has no parser after this, so help may be asked for anywhere."""
    asked = {"-h", "--help"} & set(argv if alone else argv[:1])
    if asked and kind:
        parse(kind, ["--help"], re.split(r" \[| --", usage)[0])
    if asked:
        print(f"usage: {usage}")
        sys.exit(0)
    if not argv or argv[0].startswith("-"):
        raise UserError(f"The {noun} is missing: {usage}")
    return argv[0], argv[1:]


def take(argv: list[str], flag: str, default: str) -> tuple[str, list[str]]:
    """The value of one flag, and the arguments without it."""
    joined = [part for a in argv for part in (a.split("=", 1) if a.startswith(flag + "=") else [a])]
    if flag not in joined:
        return default, joined
    at = joined.index(flag)
    if at + 1 == len(joined):
        raise UserError(f"{flag} needs a value.")
    return joined[at + 1], joined[:at] + joined[at + 2 :]


def take_all(argv: list[str], flag: str) -> tuple[list[str], list[str]]:
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


def nothing_left(argv: list[str], usage: str) -> None:
    if argv:
        raise UserError(f"{argv[0]!r} is not an argument here: {usage}")


@dataclass
class EvaluateArguments:
    """Measure a trained model; the result is stored in the run's results.json.

    Attributes:
        metrics: which groups (simorgh list metrics); all quick ones that fit the model where none is named.
        inception: the public file pt_inception-2015-12-05-6726825d.pth; with it FID is measured (slow on a CPU).
        resize: how images are enlarged for it, tf1 by default; numbers under different rules cannot be compared.
    """

    metrics: tuple[str, ...] = ()
    inception: Path | None = None
    resize: Literal["tf1", "half-pixel", "clean"] | None = None


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


@dataclass
class ReportArguments:
    """Write report.html and report.ipynb into a run directory.

    Attributes:
        lang: language of the report.
    """

    lang: Literal["en", "fa"] = "en"


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


@dataclass
class ExportArguments:
    """Write a finished run as one .zip to hand on: it opens as a run wherever it is unzipped. Paths of your own data
    stand in its settings, as you gave them to train.

    Attributes:
        out: the archive; left out, the name of the run with .zip, here.
    """

    out: Path | None = None


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
