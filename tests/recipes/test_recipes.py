"""Every recipe trains a few steps at the smoke preset, is measured, sampled, and says what to expect."""

import ast
from importlib.resources import files
from pathlib import Path

import pytest

from simorgh.contracts import Samples
from simorgh.evaluate import evaluate
from simorgh.evaluate.generate import generate
from simorgh.recipes import recipe, recipes
from simorgh.train import Run, fit


def _marks(name: str) -> tuple:
    """The files that the recipe's data need."""
    data = recipe(name, "smoke").data.name
    return tuple(getattr(pytest.mark, files) for files in ("mnist", "shahnameh") if files in data)


NAMES = [pytest.param(n, marks=_marks(n)) for n in recipes()]


@pytest.mark.parametrize("name", NAMES)
def test_trains_and_is_measured(name: str, tmp_path: Path):
    run = Run.open(fit(recipe(name, "smoke"), tmp_path, progress=False).path)
    history = run.history()
    losses = [key for key in history[0] if key.endswith("/loss") and not key.startswith("valid")]
    if len(losses) == 1:  # of two players neither loss need fall
        seen = [line[losses[0]] for line in history if losses[0] in line]  # a stage may end before training does
        assert seen[-1] < seen[0]
    for m in evaluate(run):
        assert m.protocol
        assert m.n > 0
        assert m.low is None or m.low <= m.value <= m.high
    assert {m.name for m in run.results()} >= {"seconds"}
    if isinstance(run.model(), Samples):
        images, _ = generate(run, 3)
        assert images.shape == (3, *run.spec.shape)


def recipes_text(name: str) -> str:
    path = files("simorgh") / "recipes" / f"{name.replace('-', '_')}.py"
    return ast.get_docstring(ast.parse(path.read_text())) or ""


@pytest.mark.parametrize("name", recipes())
def test_says_command_and_time(name: str):
    text = recipes_text(name)
    assert f"simorgh train {name}" in text
    assert "passes" in text or "pass at" in text
    assert text.split("\n")[0].endswith(".")


def test_presets_differ_in_length_only_where_they_say_so():
    for name in recipes():
        cpu, paper = recipe(name, "cpu"), recipe(name, "paper")
        assert cpu.train.epochs <= paper.train.epochs
        narrower = "in place of" in recipes_text(name)
        assert (cpu.model != paper.model) == narrower, f"{name} says nothing of its narrower cpu preset"
