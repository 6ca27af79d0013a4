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
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import nbformat

from simorgh.errors import UserError
from simorgh.files import replaced, zipped
from simorgh.report.export import LEFT_OUT, PAGES
from simorgh.report.notebook import StudyError, execute
from simorgh.studies.runner import AGAIN, CONTEXT, products

TOLD = {"name", "title", "answers", "preset", "lang", "data", "kept", "runs", "sweeps"}
"""What is read of context.json."""

PLACES = ("SIMORGH_DATA", "SIMORGH_CACHE")
"""Variables of the environment that hold a path."""

README = {
    "en": """# {name}

Computed by Simorgh. Where your course asks for work of your own, say what is yours.

| study | questions | report | notebook | made by |
| --- | --- | --- | --- | --- |
{rows}

## To run it again

Open a notebook in its own folder, where Simorgh is installed, and execute it from top to bottom. Trained models that it \
needs are in `runs/`; its figures and numbers go to `{again}/` beside it. The commands of the table train everything \
afresh. Data sets are not in this folder: `simorgh data get NAME` says which file belongs where.

{versions}
""",
    "fa": """<div dir="rtl" lang="fa">

# {name}

محاسبه با Simorgh. اگر درس کارِ خودتان را می‌خواهد، بنویسید کدام بخش از شماست.

| مطالعه | پرسش‌ها | گزارش | نوت‌بوک | فرمان |
| --- | --- | --- | --- | --- |
{rows}

## اجرای دوباره

جایی که Simorgh نصب است، نوت‌بوک را در پوشهٔ خودش باز و از بالا تا پایین اجرا کنید. مدل‌های آموزش‌دیده‌ای که لازم دارد در \
<bdi>`runs/`</bdi> است؛ شکل‌ها و عددهایش در <bdi>`{again}/`</bdi> کنار آن می‌نشیند. فرمان‌های جدول همه چیز را از نو آموزش \
می‌دهند. مجموعه‌داده‌ها در این پوشه نیستند: <bdi>`simorgh data get NAME`</bdi> می‌گوید کدام پرونده کجا باید باشد.

{versions}
""",
}
HEADINGS = {"en": ("People consulted", "Sources"), "fa": ("افرادی که با آن‌ها مشورت شد", "منابع")}


class Report(NamedTuple):
    """A finished report: its folder, what the runner told and where it ran (environment.json), and the notebook."""

    folder: Path
    context: dict
    made: dict
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
        consulted: the people and programs that helped; the README has no word of them where it is empty.
        check: execute every packed notebook afresh, in its new place, before anything is written.
        say: told what is being done.

    Raises:
        UserError: for a folder that holds no finished report, an unsound notebook, two reports or two different runs
            of one name, or where NAME is there already.
        StudyError: where `check` finds a notebook that fails.
    """
    if not re.fullmatch(r"\w([\w\u200c.,() -]*[\w)])?", name):
        raise UserError(f"{name!r} cannot be the name of a folder: use letters, digits, spaces, '-', '_' and '.'.")
    folder, archive = Path(out) / name, Path(out) / f"{name}.zip"
    for path in (folder, archive):
        if path.exists():
            raise UserError(f"{path} is there already: choose another --name, or move it away.")
    found = [read(Path(report)) for report in reports]
    if not found:
        raise UserError("There is nothing to pack: name the folder of at least one report.")
    names = ["runs", *(report.folder.name for report in found)]
    if len(set(names)) < len(names):
        raise UserError(f"Two folders have one name among {', '.join(names)}: rename one.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{name}-") as private:
        made, taken = Path(private) / name, {}
        for report in found:
            say(f"{report.folder.name}: copying")
            copy(report, made, taken)
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
    needed = ("report.html", "report.ipynb", "results.json", "environment.json", CONTEXT)
    lacking = [name for name in needed if not (folder / name).is_file()]
    if lacking:
        raise UserError(f"{folder} holds no finished report (it lacks {lacking[0]}): run simorgh study first.")
    try:
        context, made = (json.loads((folder / n).read_text(encoding="utf-8")) for n in (CONTEXT, "environment.json"))
        notebook = nbformat.read(folder / "report.ipynb", 4)
        if TOLD - context.keys():
            raise ValueError(f"{CONTEXT} lacks {TOLD - context.keys()}")
    except (ValueError, AttributeError, nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        raise UserError(f"The report in {folder} is damaged: run simorgh study again.") from error
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
    return Report(folder, context, made, notebook)


def copy(report: Report, made: Path, taken: dict[Path, Path]) -> None:
    """The report into `made`, its runs beside it, each once for all reports; `taken` remembers from where."""
    target = made / report.folder.name
    target.mkdir(parents=True)
    wanted = products(report.folder) - {CONTEXT, AGAIN}
    for path in report.folder.iterdir():
        if path.name in wanted:
            shutil.copytree(path, target / path.name) if path.is_dir() else shutil.copy2(path, target)

    def moved(path: str) -> str:
        """A run, or the folder of a grid, in its new place; the path from the notebook to it."""
        source = (report.folder / path).resolve()
        if not source.exists():
            raise UserError(f"{source}, from which {report.folder} was made, is gone: run simorgh study again.")
        place = source if source.is_dir() else source.parent
        new = made / "runs" / place.name
        if taken.setdefault(new, place) != place:
            raise UserError(f"{place} and {taken[new]} have one name and are not one: pack their reports apart.")
        if not new.exists():
            shutil.copytree(place, new, ignore=shutil.ignore_patterns(*LEFT_OUT, *PAGES))
        inside = new if source.is_dir() else new / source.name
        return f"../{inside.relative_to(made).as_posix()}"

    context = dict(report.context)
    context["runs"] = {key: [moved(path) for path in paths] for key, paths in context["runs"].items()}
    context["sweeps"] = {key: moved(path) for key, path in context["sweeps"].items()}
    kept = report.folder / context["kept"]
    context["kept"] = moved(context["kept"]) if kept.exists() else f"../runs/{kept.name}"
    (target / CONTEXT).write_text(json.dumps(context, indent=1), encoding="utf-8")


def executed(folder: Path) -> None:
    """Executes the notebook in `folder` and forgets what it made. StudyError where a cell fails."""
    notebook = nbformat.read(folder / "report.ipynb", 4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    try:
        # Not our working directory any more, from which these may start.
        places = {k: str(Path(v).expanduser().absolute()) for k, v in os.environ.items() if k in PLACES and v}
        execute(notebook, {"SIMORGH_STUDY": "", **places}, folder=folder)
    except StudyError as error:
        raise StudyError(f"{folder.name} cannot be executed again: {error}") from error
    shutil.rmtree(folder / AGAIN, ignore_errors=True)


def readme(reports: Sequence[Report], name: str, consulted: str) -> str:
    """In the language of the first report."""
    lang, rows, versions, sources = reports[0].context["lang"], [], [], []
    latin = '<bdi dir="ltr">{}</bdi>'.format if lang == "fa" else str
    for folder, told, made, notebook in reports:
        links = (f"[{n}]({folder.name}/{n})".replace(" ", "%20") for n in ("report.html", "report.ipynb"))
        data = f" --data {told['data']}" if told["data"] else ""
        own = folder / f"{told['name']}.py"
        study = f"{folder.name}/{own.name}" if own.is_file() else told["name"]
        command = f"`simorgh study {study} --preset {told['preset']} --lang {told['lang']}{data}`"
        rows.append(
            f"| {told['title'][lang]} | {', '.join(told['answers'])} | {' | '.join(links)} | {latin(command)} |"
        )
        commit = f" ({made['commit']})" if made["commit"] else ""
        ours, torch = made["packages"]["simorgh"], made["packages"]["torch"]
        versions.append(latin(f"Simorgh {ours}{commit}, Python {made['python']}, PyTorch {torch}."))
        sources += [text for text in map(sources_of, notebook.cells) if text]
    text = README[lang].format(
        name=name, rows="\n".join(rows), again=AGAIN, versions="\n".join(dict.fromkeys(versions))
    )
    for heading, said in zip(HEADINGS[lang], (consulted, "\n\n".join(dict.fromkeys(sources)))):
        text += f"\n## {heading}\n\n{said}\n" if said else ""
    return text + ("\n</div>\n" if lang == "fa" else "")


def sources_of(cell: nbformat.NotebookNode) -> str:
    """What a markdown cell says under its heading of sources; nothing for other cells."""
    text = cell.source.removeprefix('<div dir="rtl" lang="fa">').removesuffix("</div>").strip()
    heading, _, body = text.partition("\n")
    return body.strip() if heading in ("## Sources", "## منابع") else ""
