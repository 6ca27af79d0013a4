"""What is handed in can be read, checked and executed again by somebody who has nothing else."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from simorgh.cli import main
from simorgh.errors import UserError
from simorgh.report.notebook import StudyError
from simorgh.studies.pack import Report, pack, readme
from simorgh.studies.runner import run_study

OWN = """# ---
# simorgh:
#   title: {en: "Counting sheep", fa: "شمردن گوسفند"}
# ---
# %%
from simorgh.studies import kit
study = kit.current()
study.measure("sheep", sum(1 for _ in study.track("abc", "sheep")), n=1, protocol="counted")
# %% [markdown]
# ## Sources
# A shepherd, in a letter.
"""


@pytest.fixture(name="reports", scope="module")
def _reports(tmp_path_factory: pytest.TempPathFactory, smoke_runs: Path) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    run_study("first_flight", "smoke", "en", folder / "first_flight", smoke_runs, progress=False)
    run_study("backprop_by_hand", "cpu", "fa", folder / "backprop_by_hand", smoke_runs, progress=False)
    (folder / "sheep.py").write_text(OWN, encoding="utf-8")
    run_study(str(folder / "sheep.py"), out=folder / "sheep", runs=smoke_runs, progress=False)
    return folder


def test_a_pack_stands_alone(reports: Path, tmp_path: Path):
    """Unpacked elsewhere, its notebooks run, and find their models in it and nowhere else."""
    names = ("first_flight", "backprop_by_hand", "sheep")
    archive = pack([reports / name for name in names], "HW4-Rostam-99123", tmp_path, "Zal")
    with zipfile.ZipFile(archive) as file:
        packed = file.namelist()
        file.extractall(tmp_path / "elsewhere")
    assert {name.split("/")[0] for name in packed} == {"HW4-Rostam-99123"}
    assert not [name for name in packed if name.endswith(("state.pt", "lock"))]
    there, told = tmp_path / "elsewhere" / "HW4-Rostam-99123", {}
    for name in names:
        told[name] = json.loads((there / name / "context.json").read_text())
    for paths in told["first_flight"]["runs"].values():
        assert all((there / "first_flight" / path).resolve().is_relative_to(there) for path in paths)
    page = (there / "README.md").read_text()
    assert "Zal" in page
    assert "E3.a, E3.b, E3.c" in page
    assert "Counting sheep" in page
    assert "`simorgh study sheep/sheep.py --preset cpu --lang en`" in page
    assert (there / "sheep" / "sheep.py").read_text() == OWN
    assert "A shepherd, in a letter." in page
    assert "Auto-Encoding Variational Bayes" in page
    (there / "first_flight" / "again").mkdir()
    (there / "first_flight" / "again" / "results.json").write_text("of an execution before")
    code = "from simorgh.studies import kit; s = kit.current(); print(s.out, len(s.runs('digits-vae')[0].history()))"
    quiet = {k: v for k, v in os.environ.items() if k != "SIMORGH_STUDY"}
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=there / "first_flight", env=quiet, capture_output=True, text=True
    )
    assert said.stdout.split()[0] == str(there / "first_flight" / "again"), said.stderr
    assert not (there / "first_flight" / "again").exists()
    assert int(said.stdout.split()[1]) > 0


def test_check_executes_the_notebooks_where_they_are_packed(reports: Path, tmp_path: Path):
    first = pack([reports / "backprop_by_hand"], "a", tmp_path, check=True)
    for made in ("report.ipynb", "results.json"):
        assert (tmp_path / "a" / "backprop_by_hand" / made).read_bytes() == (
            reports / "backprop_by_hand" / made
        ).read_bytes()
    assert first.read_bytes() == pack([reports / "backprop_by_hand"], "a", tmp_path / "b").read_bytes()
    spoilt = tmp_path / "spoilt"
    shutil.copytree(reports / "backprop_by_hand", spoilt)
    notebook = json.loads((spoilt / "report.ipynb").read_text())
    next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")["source"] = ["raise ValueError('no')"]
    (spoilt / "report.ipynb").write_text(json.dumps(notebook))
    with pytest.raises(StudyError, match=r"spoilt cannot be executed again: .*no"):
        pack([spoilt], "c", tmp_path, check=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "a.zip", "b", "spoilt"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: (f / "context.json").unlink(), "lacks context.json"),
        (lambda f: _edit(f, lambda cell: cell.update(execution_count=None)), "not executed from top to bottom"),
        (lambda f: _edit(f, lambda cell: cell["outputs"].append(ERROR)), "holds an error"),
        (lambda f: (f / "figures" / "graph.png").write_bytes(b"another picture"), "graph.png is not in the notebook"),
    ],
)
def test_unsound_reports_are_refused(reports: Path, tmp_path: Path, spoil, said: str):
    shutil.copytree(reports / "backprop_by_hand", tmp_path / "report")
    spoil(tmp_path / "report")
    with pytest.raises(UserError, match=said):
        pack([tmp_path / "report"], "a", tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["report"]


ERROR = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []}


def _edit(folder: Path, change) -> None:
    notebook = json.loads((folder / "report.ipynb").read_text())
    change(next(cell for cell in notebook["cells"] if cell["cell_type"] == "code"))
    (folder / "report.ipynb").write_text(json.dumps(notebook))


def fake(reports: Path, folder: Path, **told) -> Path:
    """A sound report in `folder` that says `told` besides."""
    shutil.copytree(reports / "sheep", folder)
    context = json.loads((folder / "context.json").read_text())
    (folder / "context.json").write_text(json.dumps(context | told))
    return folder


def test_grids_and_what_a_study_keeps_are_packed_too(reports: Path, tmp_path: Path):
    for name in ("runs/sweeps/grid/trials.json", "runs/sweeps/grid/vae-1/model.safetensors", "runs/kept/sheep/wool",
                 "runs/sweeps/grid/journal.log", "runs/sweeps/grid/vae-1/state.pt"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    told = {"sweeps": {"grid": "../runs/sweeps/grid/trials.json"}, "kept": "../runs/kept/sheep"}
    main(["pack", str(fake(reports, tmp_path / "a b", **told)), "--name", "علی\u200cرضا ۹۹", "--out", str(tmp_path)])
    there = tmp_path / "علی\u200cرضا ۹۹"
    context = json.loads((there / "a b" / "context.json").read_text())
    assert (there / "a b" / context["sweeps"]["grid"]).read_text() == "runs/sweeps/grid/trials.json"
    assert (there / "a b" / context["kept"] / "wool").is_file()
    assert (there / "runs" / "grid" / "vae-1" / "model.safetensors").is_file()
    assert not [p for p in there.rglob("*") if p.name in ("journal.log", "state.pt")]
    assert "(a%20b/report.html)" in (there / "README.md").read_text()


def test_two_runs_of_one_name_are_not_taken_for_one(reports: Path, tmp_path: Path):
    both = []
    for name in ("a", "b"):
        (tmp_path / name / "runs" / "vae-1").mkdir(parents=True)
        (tmp_path / name / "runs" / "vae-1" / "model.safetensors").write_text(name)
        both.append(fake(reports, tmp_path / name / f"report-{name}", runs={"vae": ["../runs/vae-1"]}))
    with pytest.raises(UserError, match="have one name and are not one"):
        pack(both, "c", tmp_path)
    assert not (tmp_path / "c").exists()
    shutil.rmtree(tmp_path / "b" / "runs")
    with pytest.raises(UserError, match="is gone"):
        pack(both[1:], "c", tmp_path)


def test_a_damaged_report_is_refused(reports: Path, tmp_path: Path):
    for name, text in (
        ("context.json", "{"),
        ("context.json", "[]"),
        ("context.json", '{"name": "sheep"}'),
        ("report.ipynb", "no"),
        ("environment.json", ""),
    ):
        folder = fake(reports, tmp_path / f"{name}-{len(text)}")
        (folder / name).write_text(text)
        with pytest.raises(UserError, match="is damaged"):
            pack([folder], "d", tmp_path)


def test_nothing_is_overwritten_and_names_are_names(reports: Path, tmp_path: Path):
    (tmp_path / "a.zip").write_text("mine")
    for name, said in (("a", "is there already"), ("../a", "cannot be the name"), ("", "cannot be the name")):
        with pytest.raises(UserError, match=said):
            pack([reports / "backprop_by_hand"], name, tmp_path)
    with pytest.raises(UserError, match="one name"):
        pack([reports / "backprop_by_hand"] * 2, "b", tmp_path)
    assert (tmp_path / "a.zip").read_text() == "mine"


@pytest.mark.parametrize(("lang", "written"), [("fa", '<bdi dir="ltr">{}</bdi>'), ("en", "{}")])
def test_latin_lines_of_a_persian_readme_run_from_left_to_right(lang, written, tmp_path):
    title = {"en": "Sheep", "fa": "گوسفند"}
    told = {"name": "sheep", "title": title, "answers": ["E3.a"], "preset": "cpu", "lang": lang, "data": ""}
    made = {"packages": {"simorgh": "0.1.0", "torch": "2.13.0+cpu"}, "python": "3.11.7", "commit": "abc"}
    said = readme([Report(tmp_path / "sheep", told, made, nbformat.v4.new_notebook())], "HW", "")
    assert written.format("Simorgh 0.1.0 (abc), Python 3.11.7, PyTorch 2.13.0+cpu.") in said.splitlines()
    assert f"| {written.format(f'`simorgh study sheep --preset cpu --lang {lang}`')} |" in said
