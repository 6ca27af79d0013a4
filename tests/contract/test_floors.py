"""The house has floors: a file imports only from its own floor or lower ones, and nothing goes round in circles."""

import ast
import re
from pathlib import Path

import pytest

import simorgh
from simorgh.models import MODELS

ROOT = Path(simorgh.__file__).parent
FLOORS = (
    "errors", "files", "noise", "contracts", "data", "nn", "diffusion", "models", "train", "metrics", "evaluate",
    "report", "recipes", "sweep", "studies", "arguments", "cli",
)  # fmt: skip
# metrics are arrays in, numbers out: they know the contracts and nothing between.
FORBIDDEN = {"metrics": {"data", "nn", "models", "train"}, "report": {"models", "nn"}}
# A saved experiment names its model by a word; the one list is asked for it when a run is opened.
EXCEPTIONS = {("train", "models"): {"train/experiment.py"}}


def imports(path: Path) -> set[str]:
    """The floors that a file imports, wherever in the file it does so."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"simorgh.{a.name}" for a in node.names] if node.module == "simorgh" else [node.module or ""]
        found |= {name.split(".")[1] for name in names if name.startswith("simorgh.")}
    return found & set(FLOORS)


def files() -> list[Path]:
    return [p for p in sorted(ROOT.rglob("*.py")) if p.name not in ("__main__.py",) and p != ROOT / "__init__.py"]


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down(path: Path):
    inside = path.relative_to(ROOT)
    floor = inside.parts[0].removesuffix(".py")
    assert floor in FLOORS, f"{inside} stands on no floor"
    for other in imports(path):
        assert FLOORS.index(other) <= FLOORS.index(floor), f"{inside} reaches up to {other}"
        assert other not in FORBIDDEN.get(floor, ()), f"{inside} must not know {other}"


def test_training_knows_no_model():
    knowing = {str(p.relative_to(ROOT)) for p in (ROOT / "train").glob("*.py") if "models" in imports(p)}
    assert knowing == EXCEPTIONS["train", "models"]


def test_evaluation_names_a_model_only_in_the_judges():
    knowing = {p.name for p in (ROOT / "evaluate").glob("*.py") if "models" in imports(p)}
    assert knowing == {"judge.py", "two_sample.py"}


def test_training_evaluation_and_report_name_no_model():
    words = re.compile(
        rf"\b({'|'.join(re.escape(k) for k in MODELS if k not in ('autoencoder', 'classifier'))})\b", re.I
    )
    for folder in ("train", "evaluate", "report"):
        for path in (ROOT / folder).rglob("*.py"):
            assert not words.search(path.read_text()), f"{path.name} names a model"
