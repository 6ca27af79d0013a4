"""Every study runs at the smoke preset: recipes trained, notebook executed, page, figures and results written."""

import json
from pathlib import Path

import pytest

from simorgh.studies.runner import run_study, studies

FREE = {"first_flight", "maximum_likelihood"}  # need no file


@pytest.mark.parametrize(
    "name", [pytest.param(s.name, marks=() if s.name in FREE else pytest.mark.mnist) for s in studies()]
)
def test_study(name: str, tmp_path: Path):
    page = run_study(name, "smoke", "en", tmp_path / name, tmp_path / "runs", progress=False)
    text = page.read_text(encoding="utf-8")
    assert "<img" in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert list((page.parent / "figures").iterdir())
    assert json.loads((page.parent / "results.json").read_text())
    notebook = json.loads((page.parent / "report.ipynb").read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in code)


def test_persian_page_is_right_to_left(tmp_path: Path):
    page = run_study("maximum_likelihood", "smoke", "fa", tmp_path / "fa", tmp_path / "runs", progress=False)
    text = page.read_text(encoding="utf-8")
    assert 'dir="rtl"' in text
    assert "شکل" in text
    assert "Figure 1" not in text
