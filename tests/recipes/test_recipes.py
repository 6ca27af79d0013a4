"""Every recipe trains a few steps at the smoke preset, is measured, sampled, and says what to expect."""

import ast
from importlib.resources import files
from pathlib import Path

import pytest

from simorgh.contracts import Samples, UserError
from simorgh.data import load
from simorgh.evaluate import evaluate, evaluated
from simorgh.evaluate.generate import generate
from simorgh.recipes import recipe, recipes
from simorgh.train import Run, fit
from simorgh.train.experiment import override


def _marks(name: str) -> tuple:
    """The files that the recipe's data need."""
    data = recipe(name, "smoke").data.name
    return tuple(getattr(pytest.mark, files) for files in ("mnist", "bbbp", "shahnameh") if files in data)


NAMES = [pytest.param(n, marks=_marks(n)) for n in recipes()]


@pytest.mark.parametrize("name", NAMES)
def test_trains_and_is_measured(name: str, smoke_runs: Path, request: pytest.FixtureRequest, monkeypatch):
    if name == "verse-finetune":  # which is nothing without a folder of the user's
        monkeypatch.setenv("SIMORGH_GPT2", str(request.getfixturevalue("gpt2_folder")))
    run = Run.open(fit(recipe(name, "smoke"), smoke_runs, progress=False).path)
    history = run.history()
    losses = [key for key in history[0] if key.endswith("/loss") and not key.startswith("valid")]
    if len(losses) == 1:  # of two players neither loss need fall
        seen = [line[losses[0]] for line in history if losses[0] in line]  # a stage may end before training does
        assert seen[-1] < seen[0]
    if not evaluated(run):  # by the test of a study
        evaluate(run)
    found = run.results()
    for m in found:
        assert m.protocol
        assert m.n > 0
        assert m.low is None or m.low <= m.value <= m.high
    assert {m.name for m in found} >= {"seconds"}
    if isinstance(run.model(), Samples):
        images, _ = generate(run, 3)
        assert images.shape == (3, *run.spec.shape)


def test_measured_on_the_images_asked_for(tmp_path: Path):
    """The first 50 only, and words that say so: such numbers must not meet those of all images."""
    whole = override(recipe("digits-vq", "smoke"), {"evaluate.images": None})
    few = override(whole, {"evaluate.images": 50})
    fit(few, tmp_path, progress=False)
    held = {}
    for experiment in (whole, few):
        run = Run(tmp_path / f"{few.name}-{few.hash}", experiment, load(few.data).spec)
        held[experiment.evaluate.images] = {m.name: m for m in evaluate(run, ("reconstruction", "codes"))}
    test, model = load(few.data).test.x / 255, run.model()
    for n, found in held.items():
        x = test[:n]
        assert found["mse"].n == found["prior_bits"].n == len(x)
        assert found["mse"].value == pytest.approx(float((model.reconstruct(x) - x).square().mean()), rel=1e-5)
    assert held[50]["mse"].protocol.startswith("first 50 digits test images")
    assert held[50]["mse"].protocol_hash != held[None]["mse"].protocol_hash
    assert held[50]["code_entropy"].protocol_hash != held[None]["code_entropy"].protocol_hash
    with pytest.raises(UserError, match=r"evaluate\.images is 0"):
        evaluate(Run(run.path, override(few, {"evaluate.images": 0}), run.spec))


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
        narrower = "in place of" in " ".join(recipes_text(name).split())
        assert (cpu.model != paper.model) == narrower, f"{name} says nothing of its narrower cpu preset"


def test_density_of_digits(smoke_runs: Path):
    """Bits a dimension of a barely trained model: finite, near the 8 of uniform pixels or above, solver error told."""
    experiment = override(recipe("digits-flow", "smoke"), {"evaluate.density_images": 5})
    run = fit(experiment, smoke_runs, progress=False)
    run = Run(run.path, experiment, run.spec)
    found = {m.name: m for m in evaluate(run, ("density",))}
    assert found["bits_per_dim"].n == 5
    assert 0 < found["bits_per_dim"].value < 12
    assert 0 <= found["bits_per_dim_solver_error"].value < 0.01
