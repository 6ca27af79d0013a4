"""From a percent-format Python file to an executed notebook to one self-contained page.

The file is what people edit; notebook and page are made from it. Cells marked lang="en" or lang="fa" appear in
that language only. Execution happens in a fresh process of this very interpreter, all outputs are stored, and any
error stops the build. The page fetches nothing: pictures are embedded, formulas become MathML (LaTeX is kept in
the notebook), and there is no script in it.
"""

import asyncio
import copy
import os
import re
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from html import escape
from pathlib import Path

import jupytext
import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from latex2mathml.converter import convert
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter

from simorgh.errors import UserError
from simorgh.files import write
from simorgh.report.persian import is_persian

LANGUAGES = ("en", "fa")
_CODE = {"en": "code", "fa": "کد"}


class StudyError(UserError):
    """A study that cannot be built: a cell failed, or its text cannot be read."""


class _ThisPython(AsyncKernelManager):
    """A kernel of the running interpreter, whatever kernels the user has installed under the name python3."""

    @property
    def kernel_spec(self) -> KernelSpec:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python", name="python3")


def _kernel(private: Path) -> _ThisPython:
    """Reached through sockets in a private folder, which no other user can read; through TCP where there are none."""
    if sys.platform == "win32":
        return _ThisPython()
    return _ThisPython(transport="ipc", ip=str(private / "kernel"))


def build(source: str, lang: str) -> NotebookNode:
    """The notebook of a percent-format text in one language, not yet executed. The YAML header is left out."""
    if lang not in LANGUAGES:
        raise UserError(f"the language {lang!r} is not known; it can be {' or '.join(LANGUAGES)}.")
    body = re.sub(r"\A# ---\n(?:#.*\n)*?# ---\n", "", source)
    notebook = jupytext.reads(body, fmt="py:percent")
    cells = []
    for i, cell in enumerate(notebook.cells):
        mark = cell.metadata.get("lang")
        if mark is not None and mark not in LANGUAGES:
            raise StudyError(f"cell {i + 1} is marked lang={mark!r}; it can be {' or '.join(LANGUAGES)}.")
        if mark not in (None, lang) or not cell.source.strip():
            continue
        if lang == "fa" and cell.cell_type == "markdown":
            cell.source = f'<div dir="rtl" lang="fa">\n\n{cell.source}\n\n</div>'
        cells.append(cell)
    made = nbformat.v4.new_notebook(cells=cells)
    for i, cell in enumerate(made.cells):
        cell["id"] = f"cell-{i + 1}"
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made.metadata["language_info"] = {"name": "python"}
    return made


def execute(
    notebook: NotebookNode,
    environment: Mapping[str, str] | None = None,
    on_cell: Callable[[int], None] | None = None,
    watch: Callable[[], None] | None = None,
    folder: Path | None = None,
) -> NotebookNode:
    """Execute all cells in order in a fresh process; outputs are stored in the cells.

    Args:
        environment: added to the variables of that process.
        on_cell: called with the number of cells done.
        watch: called twice a second meanwhile.
        folder: working directory of that process, ours by default.

    Raises:
        StudyError: names the first cell that failed and its error; the cells so far keep their outputs.
    """
    with tempfile.TemporaryDirectory() as private:
        # The user's own IPython start-up files and history must neither change a study nor be changed by it.
        quiet = {"IPYTHONDIR": private, "MPLBACKEND": "Agg", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        client = NotebookClient(notebook, km=_kernel(Path(private)), timeout=None, allow_errors=False)
        client.resources = {"metadata": {"path": str(folder or Path.cwd())}}
        client.on_notebook_start = _leave_interrupts_to_us
        if on_cell:
            client.on_cell_complete = lambda cell, cell_index: on_cell(cell_index + 1)
        try:
            asyncio.run(_run(client, {**os.environ, **quiet, **(environment or {})}, watch))
        except CellExecutionError as error:
            raise StudyError(_failure(notebook, f"{error.ename}: {error.evalue}")) from error
        except DeadKernelError as error:
            raise StudyError(_failure(notebook, "the process died (often: out of memory)")) from error
    return notebook


def _leave_interrupts_to_us(notebook: NotebookNode) -> None:
    """The client takes Ctrl-C for the end of its kernel, which would then look like a process that died."""
    with suppress(NotImplementedError, RuntimeError, ValueError):  # Windows; a thread that gets no signals
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)


async def _run(client: NotebookClient, environment: Mapping[str, str], watch: Callable[[], None] | None = None) -> None:
    async def look() -> None:
        while watch:
            watch()
            await asyncio.sleep(0.5)

    watching, kernel = asyncio.create_task(look()), client.km  # the client forgets it where a signal ends this process
    try:
        await client.async_execute(env=environment)
    finally:
        watching.cancel()
        # The client ends only kernels that it has started by itself.
        if await kernel.is_alive():
            await kernel.shutdown_kernel(now=True)


def _failure(notebook: NotebookNode, reason: str) -> str:
    code = [(i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    failed = [(i, c) for i, c in code if any(o.output_type == "error" for o in c.outputs)]
    # A process that died leaves no error output: it died in the first cell without an execution count.
    i, cell = (failed or [(i, c) for i, c in code if not c.execution_count] or code)[0]
    first = next((line for line in cell.source.splitlines() if line.strip() and not line.startswith("#")), "")
    return f"Cell {i + 1} of the notebook, which begins with `{first.strip()[:80]}`, failed: {reason.splitlines()[0]}"


# Formulas

_MATH = re.compile(
    r"(?P<code>^```.*?^```|^~~~.*?^~~~|`[^`\n]+`)|(?<!\\)\$\$(?P<block>.+?)(?<!\\)\$\$|"
    r"(?<![\\A-Za-z0-9_$])\$(?P<inline>[^\s$](?:[^$\n]*[^\s$\\])?)\$(?![A-Za-z0-9_$])",
    re.DOTALL | re.MULTILINE,
)


def mathml(latex: str, block: bool = False) -> str:
    """MathML of a LaTeX formula. StudyError where a command is not understood: nothing is shown half-right."""
    source = re.sub(r"\\(begin|end)\{(aligned|align|split|gathered)\}", r"\\\1{align*}", latex.strip())
    try:
        made = convert(source, display="block" if block else "inline")
    except Exception as error:
        raise StudyError(f"the formula ${latex.strip()}$ cannot be read: {type(error).__name__}.") from error
    unknown = re.search(r"<m[ion]>(\\[A-Za-z]+|&)</m[ion]>", made)
    if unknown or source.count("{") != source.count("}"):
        what = f"{unknown[1]} is not known" if unknown else "its braces do not match"
        raise StudyError(f"the formula ${latex.strip()}$ cannot be read: {what}.")
    # Named functions need a thin space before an argument without brackets, as in TeX.
    made = re.sub(r"(<mi>(?:log|exp|ln|sin|cos|tanh|det|dim|max|min)</mi>)(?=<m(?:i|sub|sup|row|frac))",
                  r'\1<mspace width="0.17em" />', made)  # fmt: skip
    return made.replace("<math ", '<math dir="ltr" ', 1)


class _Formulas:
    """Takes formulas out before markdown is read, for it would meddle with them, and puts MathML in afterwards."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def take(self, text: str) -> str:
        def keep(found: re.Match) -> str:
            if found["code"]:
                return found[0]
            block = found["block"] is not None
            self.made.append(mathml(found["block"] if block else found["inline"], block))
            return f"simorghformula{len(self.made) - 1}end"

        return _MATH.sub(keep, text)

    def give(self, page: str) -> str:
        return re.sub(r"simorghformula(\d+)end", lambda found: self.made[int(found[1])], page)


def to_html(notebook: NotebookNode, title: str, lang: str, subtitle: str = "") -> str:
    """The page of an executed notebook: one file without any reference outside itself."""
    notebook, formulas = copy.deepcopy(notebook), _Formulas()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = formulas.take(cell.source)
        for output in cell.get("outputs", ()):
            for kind in ("text/markdown", "text/html"):
                if kind in output.get("data", {}):
                    output.data[kind] = formulas.take(output.data[kind])
    exporter = HTMLExporter(template_name="simorgh", extra_template_basedirs=[str(Path(__file__).parent / "templates")])
    page = {
        "title": escape(title),
        # A Persian title may begin with a Latin name, and "auto" would then turn the line round.
        "title_dir": "rtl" if lang == "fa" and is_persian(title) else "ltr",
        "subtitle": escape(subtitle),
        "lang": lang,
        "dir": "rtl" if lang == "fa" else "ltr",
        "code": _CODE[lang],
        "pygments": HtmlFormatter(style="friendly").get_style_defs(".highlight"),
        "made": date.today().isoformat(),
    }
    body, _ = exporter.from_notebook_node(notebook, resources={"page": page})
    return formulas.give(body)


def save(content: NotebookNode | str, path: Path) -> Path:
    """Replace the file `path` as a whole by a page or a notebook."""
    write(path, content if isinstance(content, str) else nbformat.writes(content))
    return path
