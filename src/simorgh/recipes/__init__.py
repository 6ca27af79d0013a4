"""Named experiments. A recipe is a file: its docstring says command, time and expected number, its function
`experiment(preset)` gives the Experiment for "smoke" (seconds, tests), "cpu" (minutes) or "paper" (full size).
"""

import ast
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from simorgh.errors import check_name

if TYPE_CHECKING:
    from simorgh.train import Experiment

PRESETS = ("smoke", "cpu", "paper")


@cache
def recipes() -> dict[str, str]:
    """Name of each recipe and the first line of its docstring, read without importing torch."""
    files = sorted(p for p in Path(__file__).parent.glob("*.py") if not p.stem.startswith("_"))
    parsed = {p.stem.replace("_", "-"): ast.parse(p.read_text(encoding="utf-8")) for p in files}
    return {name: (ast.get_docstring(module) or "").split("\n")[0] for name, module in parsed.items()}


def recipe(name: str, preset: str = "cpu", seed: int = 0) -> "Experiment":
    """The experiment of that name and size."""
    check_name(name, recipes(), "recipe")
    check_name(preset, PRESETS, "preset")
    module = import_module(f"simorgh.recipes.{name.replace('-', '_')}")
    return replace(module.experiment(preset), name=name, preset=preset, seed=seed)
