"""Packs finished reports for handing in: one folder and one zip that hold all that somebody else needs to read them,
and to execute their notebooks again.

    NAME/README.md                what is inside, how to run it again, sources, who was consulted
    NAME/STUDY/                   the report: page, notebook, figures, numbers, context.json
    NAME/runs/RUN/                its trained models, without the states of their optimisers
    NAME.zip                      the same

A notebook is refused that was not executed to its end, in order and without an error, or that lacks a figure of its
report. The notebooks find their models by the relative paths of context.json; what they compute anew goes to a folder
`again` beside them, so that the report stays as it is.
"""

import base64
import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import nbformat

from simorgh import __version__
from simorgh.errors import UserError
from simorgh.files import replaced
from simorgh.report.notebook import StudyError, execute
from simorgh.studies.runner import AGAIN, CONTEXT, PRODUCTS

LEFT_OUT = ("state.pt", "lock", ".*", "report.html", "report.ipynb")
"""Of a run: it can be read and drawn from without them."""

README = {
    "en": """# {name}

Answers computed by Simorgh {version}. Where your course asks for work of your own, say what is yours.

| study | questions | size | report | notebook |
| --- | --- | --- | --- | --- |
{rows}

## To run it again

Made with Simorgh {version}{commit}, Python {python} and PyTorch {torch}. Where Simorgh is installed, open a notebook in its own folder and execute it from top to bottom: its trained models lie in `runs/`, what it computes goes to `{again}/` beside it. `simorgh study NAME` trains everything afresh.{data}

## People consulted

{consulted}

## Sources

{sources}
""",
    "fa": """<div dir="rtl" lang="fa">

# {name}

پاسخ‌ها را <bdi>Simorgh {version}</bdi> محاسبه کرده است. اگر درس کارِ خودتان را می‌خواهد، بنویسید کدام بخش از شماست.

| مطالعه | پرسش‌ها | اندازه | گزارش | نوت‌بوک |
| --- | --- | --- | --- | --- |
{rows}

## اجرای دوباره

ساخته‌شده با <bdi>Simorgh {version}{commit}</bdi>، <bdi>Python {python}</bdi> و <bdi>PyTorch {torch}</bdi>. جایی که Simorgh نصب است، نوت‌بوک را در پوشهٔ خودش باز و از بالا تا پایین اجرا کنید: مدل‌های آموزش‌دیده در `runs/` است و آنچه محاسبه می‌شود در `{again}/` کنار آن می‌نشیند. فرمان `simorgh study NAME` همه چیز را از نو آموزش می‌دهد.{data}

## افرادی که با آن‌ها مشورت شد

{consulted}

## منابع

{sources}

</div>
""",
}
DATA = {
    "en": " The data sets are not in this folder; `simorgh data get NAME` says which file belongs where.",
    "fa": " مجموعه‌داده‌ها در این پوشه نیستند؛ `simorgh data get NAME` می‌گوید کدام پرونده کجا باید باشد.",
}
NOBODY = {"en": "Nobody.", "fa": "هیچ‌کس."}


class Report(NamedTuple):
    """A finished report: its folder, what the runner wrote about it, and the notebook."""

    folder: Path
    context: dict
    notebook: nbformat.NotebookNode


def pack(
    reports: Sequence[Path | str],
    name: str,
    out: Path | str = ".",
    consulted: str = "",
    check: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> Path:
    """Write `out`/NAME and `out`/NAME.zip; returns the path of the zip.

    Args:
        reports: folders that `simorgh study` wrote.
        name: as the course wants it, such as HW4-Name-StudentNumber.
        consulted: the people and programs that helped.
        check: execute every packed notebook afresh, in its new place, before anything is written.
        say: told what is being done.

    Raises:
        UserError: for a folder that holds no finished report, an unsound notebook, two reports of one name, or where
            NAME is there already.
        StudyError: where `check` finds a notebook that fails.
    """
    if not re.fullmatch(r"\w[\w.,() -]*", name):
        raise UserError(f"{name!r} cannot be the name of a folder: use letters, digits, spaces, '-', '_' and '.'.")
    folder, archive = Path(out) / name, Path(out) / f"{name}.zip"
    for path in (folder, archive):
        if path.exists():
            raise UserError(f"{path} is there already: choose another --name, or move it away.")
    found = [read(Path(report)) for report in reports]
    if not found:
        raise UserError("There is nothing to pack: name the folder of at least one report.")
    names = [report.folder.name for report in found]
    if len(set(names)) < len(names):
        raise UserError(f"Two reports have one name among {', '.join(names)}: pack folders of different names.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{name}-") as private:
        made = Path(private) / name
        for report in found:
            say(f"{report.folder.name}: copying")
            copy(report, made)
            if check:
                say(f"{report.folder.name}: executing its notebook afresh")
                executed(made / report.folder.name)
        (made / "README.md").write_text(readme(found, name, consulted), encoding="utf-8")
        with replaced(archive) as temporary:
            zipped(made, temporary)
        made.rename(folder)
    return archive


def read(folder: Path) -> Report:
    """The report in `folder`. UserError where there is none, or where it is not sound."""
    folder = folder.resolve()
    lacking = [n for n in ("report.html", "report.ipynb", "results.json", CONTEXT) if not (folder / n).is_file()]
    if lacking:
        raise UserError(f"{folder} holds no finished report (it lacks {lacking[0]}): run simorgh study first.")
    context = json.loads((folder / CONTEXT).read_text(encoding="utf-8"))
    notebook = nbformat.read(folder / "report.ipynb", 4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        raise UserError(f"The notebook of {folder} was not executed from top to bottom: run simorgh study again.")
    outputs = [output for cell in code for output in cell.outputs]
    if any(output.output_type == "error" for output in outputs):
        raise UserError(f"The notebook of {folder} holds an error: run simorgh study again.")
    pictures = {base64.b64decode(o.data["image/png"]) for o in outputs if "image/png" in o.get("data", {})}
    for figure in sorted((folder / "figures").glob("*.png")):
        if figure.read_bytes() not in pictures:
            raise UserError(f"{figure} is not in the notebook beside it: run simorgh study again.")
    return Report(folder, context, notebook)


def copy(report: Report, made: Path) -> None:
    """The report into `made`, its runs beside it, each once for all reports."""
    target = made / report.folder.name
    target.mkdir(parents=True)
    for path in report.folder.iterdir():
        if path.name in PRODUCTS - {CONTEXT, AGAIN}:
            shutil.copytree(path, target / path.name) if path.is_dir() else shutil.copy2(path, target)

    def moved(path: str) -> str:
        """A run, or the folder of a grid, in its new place; the path from the notebook to it."""
        source = (report.folder / path).resolve()
        if not source.exists():
            raise UserError(f"{source}, from which {report.folder} was made, is gone: run simorgh study again.")
        place = source if source.is_dir() else source.parent
        new = made / "runs" / place.name
        if not new.exists():
            shutil.copytree(place, new, ignore=shutil.ignore_patterns(*LEFT_OUT))
        inside = new if source.is_dir() else new / source.name
        return f"../{inside.relative_to(made).as_posix()}"

    context = dict(report.context)
    context["runs"] = {key: [moved(path) for path in paths] for key, paths in context["runs"].items()}
    context["sweeps"] = {key: moved(path) for key, path in context["sweeps"].items()}
    if (report.folder / context["kept"]).exists():
        context["kept"] = moved(context["kept"])
    (target / CONTEXT).write_text(json.dumps(context, indent=1), encoding="utf-8")


def executed(folder: Path) -> None:
    """Executes the notebook in `folder` and forgets what it made. StudyError where a cell fails."""
    notebook = nbformat.read(folder / "report.ipynb", 4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    try:
        execute(notebook, {"SIMORGH_STUDY": ""}, folder=folder)
    except StudyError as error:
        raise StudyError(f"{folder.name} cannot be executed again: {error}") from error
    shutil.rmtree(folder / AGAIN, ignore_errors=True)


def readme(reports: Sequence[Report], name: str, consulted: str) -> str:
    lang = reports[0].context["lang"]
    rows, sources = [], []
    for folder, context, notebook in reports:
        links = (f"[{n}]({folder.name}/{n})".replace(" ", "%20") for n in ("report.html", "report.ipynb"))
        rows.append(
            f"| {context['title'][lang]} | {', '.join(context['answers'])} | {context['preset']} | {' | '.join(links)} |"
        )
        sources += [text for text in map(sources_of, notebook.cells) if text]
    made = json.loads((reports[0].folder / "environment.json").read_text(encoding="utf-8"))
    trained = any(report.context["runs"] for report in reports)
    return README[lang].format(
        name=name, version=__version__, commit=f" ({made['commit']})" if made["commit"] else "", python=made["python"], torch=made["packages"]["torch"], rows="\n".join(rows),
        consulted=consulted or NOBODY[lang], sources="\n\n".join(dict.fromkeys(sources)) or NOBODY[lang], again=AGAIN,
        data=DATA[lang] if trained else "",
    )  # fmt: skip


def sources_of(cell: nbformat.NotebookNode) -> str:
    """What a markdown cell says under its heading of sources; nothing for other cells."""
    text = cell.source.removeprefix('<div dir="rtl" lang="fa">').removesuffix("</div>").strip()
    heading, _, body = text.partition("\n")
    return body.strip() if heading in ("## Sources", "## منابع") else ""


def zipped(folder: Path, archive: Path) -> None:
    """`folder`, its name included, file by file in order; dates are left out, so that equal content is an equal file."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix())
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            file.writestr(entry, path.read_bytes())
