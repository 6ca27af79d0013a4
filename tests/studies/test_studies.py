"""Every study runs at the smoke preset: recipes trained, notebook executed, page, figures and results written."""

import json
from pathlib import Path

import nbformat
import pytest

from simorgh.report.notebook import to_html
from simorgh.studies.header import studies
from simorgh.studies.runner import run_study

FREE = {  # need no file
    "backprop_by_hand", "beta_vae", "capacity", "control_vae", "divergences", "dropout", "first_flight",
    "maximum_likelihood", "regularisation", "two_linear_layers", "vanishing_gradients",
}  # fmt: skip
MARKS = {**dict.fromkeys(FREE, ()), "bbbp": (pytest.mark.bbbp,), "shahnameh": (pytest.mark.shahnameh,)}


MINUTES = {"vq_vae": 2, "shahnameh": 1.5, "ddpm": 1, "gan_mnist": 1}
"""Of the studies that take longest; of the others half of one at most."""


def marks(name: str) -> tuple[pytest.MarkDecorator, ...]:
    """What it needs, MNIST where nothing else is said, and how long it takes."""
    return (*MARKS.get(name, (pytest.mark.mnist,)), pytest.mark.minutes(MINUTES.get(name, 0.5)))


@pytest.mark.parametrize("name", [pytest.param(s.name, marks=marks(s.name)) for s in studies()])
def test_study(name: str, tmp_path: Path, smoke_runs: Path):
    page = run_study(name, "smoke", "en", tmp_path / name, smoke_runs, progress=False)
    text = page.read_text(encoding="utf-8")
    assert "<img" in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert list((page.parent / "figures").iterdir())
    assert json.loads((page.parent / "results.json").read_text())
    notebook = json.loads((page.parent / "report.ipynb").read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in code)


def test_persian_page_is_right_to_left(tmp_path: Path, smoke_runs: Path):
    page = run_study("maximum_likelihood", "smoke", "fa", tmp_path / "fa", smoke_runs, progress=False)
    text = page.read_text(encoding="utf-8")
    assert 'dir="rtl"' in text
    assert "شکل" in text
    assert "Figure 1" not in text


def test_marks_of_direction_and_formulas_reach_the_page():
    """Inline tags were once parsed one by one and closed at once; a formula may stand before a Persian letter."""
    cell = nbformat.v4.new_markdown_cell('دقت <bdi dir="ltr">0.91 ± 0.02</bdi> با دسته‌های $m$تایی و $5 و $6')
    page = to_html(nbformat.v4.new_notebook(cells=[cell]), "آزمون", "fa")
    assert '<bdi dir="ltr">0.91 ± 0.02</bdi>' in page
    assert "<mi>m</mi>" in page
    assert "$5 و $6" in page
