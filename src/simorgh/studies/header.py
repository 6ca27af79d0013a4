"""What a study says about itself: the YAML header of its file. Reading it imports neither torch nor a notebook library."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from simorgh.errors import UserError, check_name

FOLDER = Path(__file__).parent
_NOT_STUDIES = {"__init__", "header", "kit", "pack", "runner"}


@dataclass(frozen=True)
class StudyHeader:
    """What a study says about itself.

    Attributes:
        name: its file's name; `path` the file.
        title: by language.
        answers: ids of the questions that it answers.
        runs: number of seeds by recipe; a key "recipe@variant" is the recipe with the overrides of that key.
        overrides: by key of `runs`, settings by dotted path, such as {"model.beta": 4}.
        sweeps: by name, a grid: {"recipe": NAME, "set": [PATH=a,b, ...], "metric": KEY, "seeds": N}.
    """

    name: str
    path: Path
    title: Mapping[str, str]
    answers: tuple[str, ...] = ()
    runs: Mapping[str, int] = field(default_factory=dict)
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sweeps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def read_header(path: Path) -> StudyHeader:
    """The YAML header of a study file. UserError where file or header are missing or wrong."""
    try:
        found = re.match(r"# ---\n((?:#.*\n)*?)# ---\n", path.read_text(encoding="utf-8-sig"))
        text = "\n".join(line[2:] for line in found[1].splitlines()) if found else ""
        header = (yaml.safe_load(text) or {}).get("simorgh")
    except FileNotFoundError as error:
        raise UserError(f"There is no file {path}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as a study.") from error
    except (yaml.YAMLError, AttributeError) as error:
        raise UserError(f"The header of {path.name} cannot be read as YAML.") from error
    if not isinstance(header, Mapping):
        raise UserError(f"{path.name} does not begin with a study header (# ---, # simorgh:, ..., # ---).")
    empty = {"title": {}, "answers": [], "runs": {}, "overrides": {}, "sweeps": {}}
    for key in map(str, header):
        check_name(key, empty, f"entry in the header of {path.name}:")
    entries = {key: header.get(key) or nothing for key, nothing in empty.items()}
    title, answers, runs, overrides, sweeps = entries.values()

    def should(right: bool, what: str) -> None:
        if not right:
            raise UserError(f"The header of {path.name} is wrong: {what}.")

    should(isinstance(title, Mapping) and set(title) == {"en", "fa"}, "it needs a title in en and fa")
    should(all(isinstance(text, str) for text in title.values()), "the titles should be text")
    should(_texts(answers), "answers should be a list of ids")
    should(_table(runs) and all(map(_seeds, runs.values())), "runs should be RECIPE: SEEDS, one or more")
    should(_table(overrides), "overrides should be a table")
    for key, changes in overrides.items():
        check_name(key, runs, f"run in the header of {path.name} for the overrides")
        should(_table(changes), f"the overrides of {key} should be a table of settings")
    should(_table(sweeps), "sweeps should be a table")
    for name, grid in sweeps.items():
        right = _table(grid) and set(grid) == {"recipe", "set", "metric", "seeds"}
        right = right and _texts(grid["set"]) and _texts([grid["recipe"], grid["metric"]]) and _seeds(grid["seeds"])
        should(right, f"the sweep {name} needs recipe, set (a list), metric and seeds (one or more)")
    return StudyHeader(path.stem, path, title, tuple(answers), runs, overrides, sweeps)


def _table(value: Any) -> bool:
    return isinstance(value, Mapping) and _texts(list(value))


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _seeds(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def studies() -> list[StudyHeader]:
    """Every study of this package, by name."""
    files = sorted(p for p in FOLDER.glob("*.py") if p.stem not in _NOT_STUDIES and not p.stem.startswith("_"))
    return [read_header(path) for path in files]


def find(name: str) -> StudyHeader:
    """The study called `name`, or the one in the file `name`. UserError where there is none."""
    known = {study.name: study for study in studies()}
    if name.endswith(".py"):
        own = read_header(Path(name))
        if own.name in known and own.path.resolve() != known[own.name].path.resolve():
            raise UserError(f"There is a study {own.name} already: give the file {name} another name.")
        return own
    check_name(name, known, "study")
    return known[name]
