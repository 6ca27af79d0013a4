"""Studies of one's own: what their headers may hold, and what happens to their reports."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simorgh.errors import UserError
from simorgh.report.notebook import StudyError
from simorgh.studies.header import FOLDER, find, studies
from simorgh.studies.kit import Study
from simorgh.studies.runner import run_study

TITLE = "title: {en: A, fa: B}"


def study(folder: Path, header: str, code: str = "1 + 1") -> str:
    lines = "".join(f"#   {line}\n" for line in header.split("\n"))
    path = folder / "mine.py"
    path.write_text(f"# ---\n# simorgh:\n{lines}# ---\n# %%\n{code}\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("title: A", "needs a title in en and fa"),
        ("title: {en: 1, fa: B}", "titles should be text"),
        (f"{TITLE}\nruns: [vae-mlp]", "RECIPE: SEEDS"),
        (f"{TITLE}\nruns: vae-mlp", "RECIPE: SEEDS"),
        (f"{TITLE}\nruns: {{vae-mlp: 0}}", "RECIPE: SEEDS"),
        (f"{TITLE}\nruns: {{vae-mlp: true}}", "RECIPE: SEEDS"),
        (f"{TITLE}\nanswers: D4.a", "list of ids"),
        (f"{TITLE}\nanswers: 4", "list of ids"),
        (f"{TITLE}\nruns: {{vae-mlp: 1}}\noverrides: {{vae-mlp: 3}}", "a table of settings"),
        (f"{TITLE}\nruns: {{vae-mlp: 1}}\noverrides: {{vae-mpl: {{}}}}", "did you mean vae-mlp"),
        (f"{TITLE}\nsweeps: [x]", "sweeps should be a table"),
        (f"{TITLE}\nsweeps: {{x: {{recipe: a, set: b=1, metric: c, seeds: 1}}}}", "the sweep x needs"),
        (f"{TITLE}\ncolour: red", "There is no entry"),
        (f"{TITLE}\non: 1", "There is no entry .* 'True'"),
        (f"{TITLE}\nruns: {{5: 1}}", "RECIPE: SEEDS"),
        (f"{TITLE}\nruns: {{vae-mlp: 1}}\noverrides: {{7: {{}}}}", "overrides should be a table"),
        (f"{TITLE}\nruns: {{vae-mlp: 1}}\noverrides: {{vae-mlp: {{5: 1}}}}", "a table of settings"),
        (f"{TITLE}\nsweeps: {{a: {{recipe: 5, set: [a=1], metric: valid/loss, seeds: 1}}}}", "needs recipe, set"),
    ],
)
def test_a_wrong_header_is_one_sentence(tmp_path: Path, header: str, said: str):
    with pytest.raises(UserError, match=said):
        find(study(tmp_path, header))


def test_a_study_saved_by_an_editor_with_a_mark_of_order(tmp_path: Path):
    path = Path(study(tmp_path, TITLE))
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert find(str(path)).name == "mine"
    with pytest.raises(UserError, match="There is no file"):
        find(str(tmp_path / "other.py"))


def test_a_file_does_not_pass_for_a_study_of_the_house(tmp_path: Path):
    path = tmp_path / "vae_cvae.py"
    path.write_text((FOLDER / "vae_cvae.py").read_text())
    with pytest.raises(UserError, match="There is a study vae_cvae already"):
        find(str(path))
    assert find("vae_cvae").path == FOLDER / "vae_cvae.py"
    with pytest.raises(UserError, match="There is no file"):
        find(str(tmp_path / "nothing.py"))


def test_what_a_study_writes_besides_belongs_to_its_report(tmp_path: Path):
    """It may be written again; a file of the user's may not be lost."""
    write = "from simorgh.studies import kit\n(kit.current().out / 'table.csv').write_text('1')"
    name, out = study(tmp_path, TITLE, write), tmp_path / "out"
    for _ in range(2):
        run_study(name, out=out, runs=tmp_path / "runs", progress=False)
    assert (out / "table.csv").read_text() == "1"
    (out / ".ipynb_checkpoints").mkdir()
    (out / "mine.txt").write_text("keep me")
    with pytest.raises(UserError, match="holds other files than a report"):
        run_study(name, out=out, runs=tmp_path / "runs", progress=False)
    assert (out / "mine.txt").read_text() == "keep me"


def test_an_executed_notebook_is_kept_where_its_page_cannot_be_made(tmp_path: Path, capsys):
    """Its cells may have taken an hour. With bars: those of loops inside cells are read while it runs."""
    code = (
        "import time\nfrom simorgh.studies import kit\nstudy = kit.current()\n"
        "for _ in study.track(range(2), 'x'): time.sleep(0.6)\nstudy.say('$\\\\nosuchthing{x}$', '')"
    )
    with pytest.raises(StudyError, match="what was executed is kept in"):
        run_study(study(tmp_path, TITLE, code), out=tmp_path / "out", runs=tmp_path / "runs")
    assert "nosuchthing" in (tmp_path / "out.failed.ipynb").read_text()
    assert "mine: executing" in capsys.readouterr().err


def test_a_grid_without_its_library_is_told_before_anything_is_trained(tmp_path: Path, monkeypatch):
    for name in [n for n in sys.modules if n.startswith("simorgh.sweep")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "optuna", None)
    grid = '{recipe: digits-vae, set: ["model.beta=1,2"], metric: valid/loss, seeds: 1}'
    name = study(tmp_path, f"{TITLE}\nruns: {{digits-vae: 1}}\nsweeps: {{a: {grid}}}")
    with pytest.raises(UserError, match=r"simorgh\[sweep\]"):
        run_study(name, "smoke", out=tmp_path / "out", runs=tmp_path / "runs", progress=False)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("grid", "said"),
    [('recipe: digits-va, set: ["model.beta=1,2"], metric: valid/loss', "did you mean digits-vae"),
     ('recipe: digits-vae, set: ["model.beat=1,2"], metric: valid/loss', "did you mean beta"),
     ('recipe: digits-vae, set: ["model.latent_dim=1,2"], metric: valid/lss', "did you mean valid/loss")],
)  # fmt: skip
def test_a_wrong_grid_is_told_before_anything_is_trained(tmp_path: Path, grid: str, said: str):
    name = study(tmp_path, f"{TITLE}\nruns: {{digits-vae: 1}}\nsweeps: {{a: {{{grid}, seeds: 1}}}}")
    with pytest.raises(UserError, match=said):
        run_study(name, "smoke", out=tmp_path / "out", runs=tmp_path / "runs", progress=False)
    assert not (tmp_path / "runs").exists()


def test_paths_of_a_study_do_not_pass_through_its_temporary_folder(tmp_path: Path):
    told = {"name": "a", "preset": "cpu", "lang": "en", "out": "again", "progress": None, "kept": "../runs/kept/a",
            "runs": {"b": ["../runs/b-1"]}, "sweeps": {}}  # fmt: skip
    found = Study(told, tmp_path / ".a-x7f3")
    assert found.kept == (tmp_path / "runs" / "kept" / "a").resolve()
    assert found.out == (tmp_path / ".a-x7f3" / "again").resolve()


@pytest.mark.parametrize("path", [s.path for s in studies()], ids=lambda p: p.stem)
def test_no_cell_ends_in_a_measurement(path: Path):
    """A notebook prints the value of a cell's last line, and a page is no place for a raw one."""
    for cell in re.split(r"^# %%.*$", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
        last = next(reversed(ast.parse(cell).body), None)
        called = ast.unparse(last.value.func) if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call) else ""
        assert called not in ("study.measure", "study.results"), ast.unparse(last)[:80]


def test_ctrl_c_in_a_notebook_is_no_process_that_died(tmp_path: Path):
    (tmp_path / "stopped.py").write_text(
        "import nbformat\n"
        "from simorgh.report.notebook import execute\n"
        "cell = 'import os, signal, time\\nos.kill(os.getppid(), signal.SIGINT)\\ntime.sleep(60)'\n"
        "try:\n"
        "    execute(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)]))\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped')\n"
    )
    told = subprocess.run([sys.executable, tmp_path / "stopped.py"], capture_output=True, text=True, timeout=120)
    assert told.stdout == "stopped\n", told


def test_a_study_that_is_told_to_end_says_so_in_one_sentence(tmp_path: Path):
    """As by a scheduler: the client of the notebook lets go of its kernel when the signal comes."""
    (tmp_path / "ended.py").write_text(
        "import nbformat\n"
        "from simorgh.report.notebook import StudyError, execute\n"
        "cell = 'import os, signal, time\\nos.kill(os.getppid(), signal.SIGTERM)\\ntime.sleep(60)'\n"
        "try:\n"
        "    execute(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)]))\n"
        "except StudyError as error:\n"
        "    print(error)\n"
    )
    told = subprocess.run([sys.executable, tmp_path / "ended.py"], capture_output=True, text=True, timeout=120)
    assert told.stdout.startswith("Cell 1 of the notebook, which begins with `import os, signal, time`, failed: "), told
