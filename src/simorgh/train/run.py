"""The run directory: everything that a finished or interrupted training leaves behind.

experiment.yaml, environment.json, history.jsonl, model.safetensors, ema.safetensors, state.pt, samples/,
results.json, measured.json (which metric groups those are), report.html, report.ipynb, lock (empty). Every write is to
a temporary file that is then renamed; only history.jsonl grows in place, and a resumed run cuts it back to its
checkpoint.
"""

import io
import json
import os
import platform
import subprocess
import warnings
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import cached_property
from importlib import metadata
from pathlib import Path
from types import NoneType
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from simorgh.contracts import DataSpec, Measurement, Model, UserError
from simorgh.errors import Notice
from simorgh.files import write
from simorgh.train.engine import multiplies_bf16
from simorgh.train.experiment import EvaluateConfig, Experiment, from_dict, to_dict

try:
    import fcntl
except ImportError:
    fcntl = None

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C where there is one: a vocabulary may have tens of thousands of symbols."""

MACHINE = {"gpu", "torch_threads", "processor_cores"}
"""What is read of every environment.json again."""

COUNTED = ("step", "samples", "seconds")
"""What every line of history.jsonl has."""

SNAPSHOTS = "[0-9]*.npz"
"""Pattern of the files in samples/. A kill in the middle of a write leaves files that begin with a dot."""


def _check_shape(text: str) -> None:
    """YAMLError for what no run has written: nesting so deep that the parser in C would run out of its stack, and
    aliases, by which a few lines become gigabytes."""
    depth = 0
    for event in yaml.parse(text, LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > 50 or isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("nested too deep, or with aliases")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep others out of the run directory `path` while it is written: who comes second waits. A program that dies
    leaves nothing locked. Processes of one run, started by torchrun, are not others: the first locks for all.

    Where the system has no such locks (Windows), nobody waits."""
    if fcntl is None or int(os.environ.get("RANK", 0)):
        yield
        return
    path.mkdir(parents=True, exist_ok=True)
    with open(path / "lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            warnings.warn(f"Another program works on {path}: this one waits until it is done.", Notice, stacklevel=3)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def environment() -> dict[str, Any]:
    """Versions, machine and commit, for the record."""
    packages = ("simorgh", "torch", "numpy", "scipy", "scikit-learn")
    return {
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in packages},
        "machine": f"{platform.system()} {platform.machine()}",
        "processor_cores": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "multiplies_bf16": multiplies_bf16(torch.device("cuda" if torch.cuda.is_available() else "cpu")),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "commit": _commit(),
    }


def _commit() -> str | None:
    """The commit of these sources, with "-dirty" where files that it holds have changed since; None where git is
    absent, or where they only lie in somebody else's repository."""
    here = Path(__file__).resolve().parents[1]

    def git(*command: str) -> str:
        asked = ["git", "-C", str(here), *command]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.rstrip("\n")

    try:
        if here != Path(git("rev-parse", "--show-toplevel")) / "src" / "simorgh":
            return None
        return git("describe", "--always", "--exclude=*", "--abbrev=12", "--dirty")
    except (OSError, subprocess.CalledProcessError):
        return None


class Run:
    """A run directory seen as an object. `Run.open(path)` for reading, `Run.create` for the loop."""

    def __init__(self, path: Path, experiment: Experiment, spec: DataSpec):
        self.path, self.experiment, self.spec = path, experiment, spec

    @classmethod
    def create(cls, path: Path, experiment: Experiment, spec: DataSpec) -> "Run":
        path.mkdir(parents=True, exist_ok=True)
        for left in path.rglob(".*.tmp*"):  # by a kill
            left.unlink()
        run = cls(path, experiment, spec)._described()
        write(path / "environment.json", json.dumps(environment(), indent=2) + "\n")
        return run

    def evaluated_by(self, config: EvaluateConfig) -> "Run":
        """This run, from now on to be measured by other settings."""
        return Run(self.path, replace(self.experiment, evaluate=config), self.spec)._described()

    def _described(self) -> "Run":
        shown = {"experiment": to_dict(self.experiment), "spec": to_dict(replace(self.spec, mean=()))}
        write(self.path / "experiment.yaml", yaml.safe_dump(shown, sort_keys=False))
        return self

    @classmethod
    def open(cls, path: Path | str) -> "Run":
        """UserError where `path` is not a run directory or its experiment cannot be read."""
        path = Path(path)
        if not (path / "experiment.yaml").is_file():
            raise UserError(f"{path} is not a run directory (it has no experiment.yaml).")
        try:
            text = (path / "experiment.yaml").read_text(encoding="utf-8")
            _check_shape(text)
            shown = yaml.load(text, LOADER)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise UserError(f"{path / 'experiment.yaml'} cannot be read as YAML.") from error
        if not isinstance(shown, Mapping) or {"experiment", "spec"} - shown.keys():
            raise UserError(f"{path / 'experiment.yaml'} lacks the tables experiment and spec.")
        experiment, spec = from_dict(Experiment, shown["experiment"]), from_dict(DataSpec, shown["spec"], "spec")
        if min(spec.shape, default=1) < 1:
            raise UserError(f"{path / 'experiment.yaml'} has examples of shape {spec.shape}; sides are at least 1.")
        return cls(path, experiment, spec)

    # weights

    @property
    def finished(self) -> bool:
        return (self.path / "model.safetensors").is_file()

    def save_weights(self, name: str, state: Mapping[str, Tensor]) -> None:
        write(self.path / f"{name}.safetensors", save({k: v.detach().cpu().contiguous() for k, v in state.items()}))

    @cached_property
    def _model(self) -> Model:
        if not self.finished:
            raise UserError(f"{self.path} is not finished: run the same train command again, it resumes by itself.")
        averaged, config = self.path / "ema.safetensors", self.experiment.train
        kept = config.ema_half_life and config.keep == "last" and (self.path / "state.pt").is_file()
        if kept and not averaged.is_file():
            raise UserError(
                f"{averaged} is missing, the averaged weights that this run stands for: delete its model.safetensors "
                "and run the same train command again, which writes both from the checkpoint."
            )
        path = averaged if averaged.is_file() else self.path / "model.safetensors"
        model = self.experiment.model.build(self.spec)
        load_weights(model, path)
        return model.eval().requires_grad_(False)

    def model(self) -> Model:
        """The trained model in eval mode; its averaged weights where the run kept them."""
        return self._model

    # checkpoint

    def save_state(self, state: dict) -> None:
        """One file, so that weights, optimisers and counters can never disagree."""
        buffer = io.BytesIO()  # where a disk is full, torch.save raises a RuntimeError that does not say so
        torch.save(state, buffer)
        write(self.path / "state.pt", buffer.getbuffer())

    def load_state(self) -> dict | None:
        path = self.path / "state.pt"
        if not path.is_file():
            return None
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            raise UserError(f"{path} is damaged or not a checkpoint: delete it to train from the start.") from error
        if not isinstance(state, dict) or not isinstance(state.get("step"), int):
            raise UserError(f"{path} is not a checkpoint of a training: delete it to train from the start.")
        return state

    # history, snapshots and results

    def environment(self) -> dict[str, Any]:
        """Versions and machine of the training, see `environment`. UserError where the file is gone or damaged."""
        path = self.path / "environment.json"
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(found, dict) and found.keys() >= MACHINE:
                return found
        except (OSError, ValueError):
            pass
        raise UserError(f"{path} is missing or damaged: train the run again.")

    def precision(self) -> str:
        """What products were trained in, "bf16" or "fp32": `auto` as the machine of the training had it."""
        asked = self.experiment.train.precision
        return asked if asked != "auto" else "bf16" if self.environment().get("multiplies_bf16") else "fp32"

    def snapshots(self) -> list[tuple[int, dict[str, np.ndarray]]]:
        """(step, arrays of uint8 pixels) along training; see `snapshot` in loop.py."""
        found = []
        for path in sorted((self.path / "samples").glob(SNAPSHOTS)):
            try:
                with np.load(path, allow_pickle=False) as arrays:
                    found.append((int(path.stem), dict(arrays)))
            except (OSError, ValueError, EOFError, TypeError, zlib.error, BadZipFile) as error:
                raise UserError(f"{path} is damaged: delete it, and the run is shown without it.") from error
        return found

    def history(self) -> list[dict[str, float]]:
        """The lines of history.jsonl; an unfinished last line (a kill in the middle of a write) is left out."""
        path = self.path / "history.jsonl"
        try:
            text = path.read_text(encoding="utf-8") if path.is_file() else ""
            lines = [json.loads(line) for line in text.split("\n")[:-1]]
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise UserError(f"{path} has a line that is not JSON.") from error
        for line in lines:
            if not isinstance(line, dict) or not all(type(line.get(k)) in (int, float) for k in COUNTED):
                raise UserError(f"{path} has a line without numbers for {', '.join(COUNTED)}.")
        return lines

    def lacks_its_end(self, examples: int) -> bool:
        """Whether the history stops before the last step of a training on `examples`: of a finished run, which has them
        all, somebody has cut the file."""
        lines = self.history()
        return bool(lines) and lines[-1]["step"] < self.experiment.train.steps(examples)

    def append_history(self, line: Mapping[str, float]) -> None:
        with open(self.path / "history.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def cut_history(self, step: int) -> None:
        """Forget the lines after `step`."""
        kept = [line for line in self.history() if line["step"] <= step]
        write(self.path / "history.jsonl", "".join(json.dumps(line) + "\n" for line in kept))

    def results(self) -> list[Measurement]:
        return read_measurements(self.path / "results.json")

    def save_results(self, found: Mapping[str, Sequence[Measurement]]) -> None:
        """Put the measurements of whole metric groups in the place of all that is held of these; others are kept."""
        settings = to_dict(self.experiment.evaluate)
        with alone(self.path):
            groups = self._groups()
            old = {m.name for new in found.values() for m in new}
            before = [groups.pop(group) for group in found if group in groups]
            if before:  # a kill from here on leaves these groups unmeasured
                old |= {name for group in before for name in group.get("names", ())}
                self._save_groups(groups)
            kept = [m for m in self.results() if m.name not in old]
            write_measurements(self.path / "results.json", kept + [m for new in found.values() for m in new])
            new = {g: {"evaluate": settings, "names": [m.name for m in ms]} for g, ms in found.items()}
            self._save_groups(groups | new)

    def measured(self) -> set[str]:
        """The metric groups that were measured by the evaluate settings that this run has."""
        settings = to_dict(self.experiment.evaluate)
        return {group for group, held in self._groups().items() if held["evaluate"] == settings}

    def _groups(self) -> dict[str, dict]:
        path = self.path / "measured.json"
        try:
            groups = json.loads(path.read_text(encoding="utf-8"))["groups"] if path.is_file() else {}
            return {k: {"evaluate": held["evaluate"], "names": held.get("names", [])} for k, held in groups.items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(f"{path} is damaged: delete it, and the run is measured again.") from error

    def _save_groups(self, groups: dict[str, dict]) -> None:
        write(self.path / "measured.json", json.dumps({"groups": groups}, indent=1) + "\n")


def load_weights(model: torch.nn.Module, path: Path) -> None:
    """Load a safetensors file into `model`. UserError where it is damaged or belongs to another model."""
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path} is damaged or not a safetensors file.") from error
    expected = {k: v.shape for k, v in model.state_dict().items()}
    if expected != {k: v.shape for k, v in weights.items()}:
        raise UserError(f"{path} holds the weights of another model than {type(model).__name__} of this size.")
    model.load_state_dict(weights)


def read_measurements(path: Path) -> list[Measurement]:
    """The flat list of a results.json; [] where there is none."""
    if not path.is_file():
        return []
    try:
        found = [Measurement(**row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError) as error:
        raise UserError(f"{path} is not a list of measurements.") from error
    for m in found:
        if type(m.value) not in (int, float) or any(type(v) not in (int, float, NoneType) for v in (m.low, m.high)):
            raise UserError(f"{path} has a measurement {m.name!r} that is not a number.")
    return found


def write_measurements(path: Path, measurements: Iterable[Measurement]) -> None:
    write(path, json.dumps([asdict(m) for m in measurements], indent=1, ensure_ascii=False) + "\n")
