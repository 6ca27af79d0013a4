"""What a sweep searches and by which number: settings of an experiment by dotted path, on held-out images only."""

import hashlib
import json
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import ceil, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from simorgh.contracts import Samples, UserError, check_name
from simorgh.data import batches, load
from simorgh.report.compare import LARGER
from simorgh.train import Experiment, initialise, settled
from simorgh.train.experiment import from_dict, override, setting, to_dict
from simorgh.train.loop import validate

if TYPE_CHECKING:
    from optuna import Trial

VALIDATION = 5000
"""Images held out where a recipe holds none out; a tenth of the training part where that is less."""

SNAPSHOT, SNAPSHOT_SMOKE = 2000, 200
"""Samples of a snapshot that fd_digits is taken on."""

RISING = LARGER | {"rotation_accuracy", "all_right"}
"""What a larger value is better of: measurements, and what only training logs."""

FOLD = ("split", "folds", "fold", "repeat")
_PARTS = ("data", "model", "train")
_FIXED = {
    "data.name": "the trials would not be compared on the same images",
    "data.validation": "the trials would not be compared on the same images",
    "data.binarise": "the trials would not be compared on the same images",
    "data.text": "nats of unlike symbols or beyts cannot be compared",
    **{f"data.smiles.{part}": "the trials would not be compared on the same molecules" for part in FOLD},
    "train.snapshot_samples": "distances of unlike numbers of samples cannot be compared",
    "train.keep": "the last value of one trial would be compared with the best of another",
    "train.checkpoint_seconds": "it does not change what is learnt",
}


@dataclass(frozen=True)
class Choice:
    """One of `values`."""

    values: tuple[Any, ...]

    def suggest(self, trial: "Trial", path: str) -> Any:
        return trial.suggest_categorical(path, self.values)


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, both included: whole numbers where both are; even on a log axis where `log`."""

    low: float
    high: float
    log: bool = False

    def suggest(self, trial: "Trial", path: str) -> float:
        whole = isinstance(self.low, int)
        return (trial.suggest_int if whole else trial.suggest_float)(path, self.low, self.high, log=self.log)


def parse_space(experiment: Experiment, texts: Sequence[str]) -> dict[str, Choice | Range]:
    """The dimensions of PATH=a,b,c and PATH=low:high[:log], by path. UserError for what cannot be searched."""
    if not texts:
        raise UserError("A sweep needs something to search: --set PATH=a,b,c or --set PATH=low:high[:log].")
    space: dict[str, Choice | Range] = {}
    for text in texts:
        path, equals, values = (part.strip() for part in text.partition("="))
        if not path or not equals or not values:
            raise UserError(f"--set {text} is not of the form PATH=a,b,c or PATH=low:high[:log].")
        if path in space:
            raise UserError(f"{path} is set twice: give all its values in one --set.")
        space[path] = _dimension(experiment, path, values)
    return space


def _dimension(experiment: Experiment, path: str, text: str) -> Choice | Range:
    if path.split(".")[0] not in _PARTS or "." not in path:
        raise UserError(f"{path} cannot be searched: name a setting of data, model or train, such as train.batch_size.")
    for fixed, why in _FIXED.items():
        if path == fixed or path.startswith(f"{fixed}."):
            raise UserError(f"{path} cannot be searched: {why}.")
    value, kind = setting(experiment, path)
    options = [a for a in typing.get_args(kind) if a is not type(None)]
    optional = typing.get_origin(kind) in (typing.Union, types.UnionType)
    kind = options[0] if optional else kind
    if kind not in (bool, int, float, str) and typing.get_origin(kind) is not Literal:
        entry = f"one of its entries, such as {path}.0" if isinstance(value, tuple) else "a setting inside it"
        raise UserError(f"{path} is not a single value and cannot be searched: name {entry}.")
    if kind in (int, float) and ":" in text:
        found = _range(kind, path, text)
        ends = (found.low, found.high)
    else:
        ends = tuple(None if optional and part.strip() == "none" else _value(kind, path, part)
                     for part in text.split(","))  # fmt: skip
        if len(set(ends)) < len(ends):
            raise UserError(f"{path}={text} names a value twice.")
        found = Choice(ends)
    for end in ends:
        override(experiment, {path: end})
    return found


def _range(kind: type, path: str, text: str) -> Range:
    low, high, *rest = text.split(":")
    if rest not in ([], ["log"]):
        raise UserError(f"{path}={text} is not a range of the form low:high or low:high:log.")
    low, high = _value(kind, path, low), _value(kind, path, high)
    if low >= high:
        raise UserError(f"{path}={text} is an empty range: the first number should be the smaller one.")
    if rest and low <= 0:
        raise UserError(f"{path}={text} begins at {low}: a log range needs numbers above 0.")
    return Range(low, high, bool(rest))


def _value(kind: Any, path: str, text: str) -> Any:
    text = text.strip()
    if typing.get_origin(kind) is Literal:
        known = {str(option): option for option in typing.get_args(kind)}
    elif kind is bool:
        known = {"true": True, "false": False}
    else:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or text == "" or (kind is float and not isfinite(value)):
            noun = {int: "a whole number", float: "a number"}.get(kind, "a value")
            raise UserError(f"{path} takes {noun}, not {text!r}.")
        return value
    if text not in known:
        raise UserError(f"{path} is {text!r}; it can be {', '.join(known)}.")
    return known[text]


@dataclass(frozen=True)
class Plan:
    """A sweep, without where it is kept and how many trials it has.

    Attributes:
        experiment: what every trial starts from; its seed is the seed of the sweep.
        texts: the dimensions as they were written.
        metric: a key of the history that begins with valid/, or fd_digits; smaller is better.
        prune: whether trials worse than the median of the others are cut off.
        images: examples to train on before any are held out.
        seeds: of a grid, how many seeds each combination is trained from; 0 where the settings are searched.
        held_out: how many examples are held out, where that is not data.validation (of a text, which counts beyts); 0
            where it is.
    """

    experiment: Experiment
    texts: tuple[str, ...]
    metric: str
    prune: bool
    images: int
    seeds: int = 0
    held_out: int = 0

    @property
    def cells(self) -> list[tuple[dict[str, Any], int]]:
        """Of a grid, every combination of settings with every seed, the seeds of one combination side by side."""
        names, last = [*self.space], self.experiment.seed + self.seeds
        values = product(*(dimension.values for dimension in self.space.values()))
        return [(dict(zip(names, row)), seed) for row in values for seed in range(self.experiment.seed, last)]

    @property
    def space(self) -> dict[str, Choice | Range]:
        return parse_space(self.experiment, self.texts)

    @property
    def name(self) -> str:
        """<recipe>-<eight hex digits>, which change when anything about the search changes. Experiments count by their
        hash, so that a setting which comes later loses no sweep."""
        content = {**self.to_dict(), "experiment": self.experiment.hash}
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        return f"{self.experiment.name}-{digest[:8]}"

    @property
    def warm_up(self) -> int:
        """Passes, or snapshots for fd_digits, before a trial may be cut off: a quarter of them, at least one."""
        train = self.experiment.train
        return max(1, ceil((train.snapshots if self.metric == "fd_digits" else train.epochs) / 4))

    @property
    def protocol(self) -> str:
        """What a value of this sweep is, in one sentence."""
        e, held_out = self.experiment, self.held_out or self.experiment.data.validation
        when = "at the least valid/loss" if e.train.keep == "best" else "last"
        what = {
            True: f"fd_digits of {e.train.snapshot_samples:,} samples of the last snapshot against",
            False: f"{self.metric}, {when} of a training, on",
        }[self.metric == "fd_digits"]
        cut = f", median pruner after {self.warm_up}" if self.prune else ""
        how = f"TPE from seed {e.seed}{cut}"
        if self.seeds:
            how = f"every combination from seeds {e.seed} to {e.seed + self.seeds - 1}"
        return (
            f"{what} {held_out:,} validation examples of {e.data.name} (held out of the {self.images:,} to train on; "
            f"the test part is not used), {e.name} {e.preset}, {how}; "
            "smaller is better"
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "experiment": to_dict(self.experiment),
            "set": list(self.texts),
            "metric": self.metric,
            "prune": self.prune,
            "images": self.images,
            **({"seeds": self.seeds} if self.seeds else {}),
            **({"held_out": self.held_out} if self.held_out else {}),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Plan":
        base = from_dict(Experiment, plain["experiment"])
        rest = plain["metric"], plain["prune"], plain["images"], plain.get("seeds", 0), plain.get("held_out", 0)
        return cls(base, tuple(plain["set"]), *rest)


def _decides_the_loss(part: Any, path: str) -> bool:
    """Whether the setting at `path`, which begins with "model.", decides what the loss of the model `part` is."""
    for name in path.removeprefix("model.").split(".") if path.startswith("model.") else ():
        if name in getattr(part, "unlike_losses", ()):
            return True
        part = getattr(part, name, None)
    return False


def read_plan(path: Path) -> Plan:
    """The plan in a sweep.json. UserError where the file is damaged."""
    try:
        return Plan.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is missing or damaged: name a new directory with --out.") from error


def make_plan(
    base: Experiment, texts: Sequence[str], metric: str = "valid/loss", prune: bool = True, seeds: int = 0
) -> Plan:
    """The plan of a sweep from `base`, which is given validation images where it has none; of a grid with `seeds`.

    The model is built once and looked at with a few of them, so that a mistake is found before any trial begins.
    UserError for a setting, objective or metric that there is not.
    """
    whole = replace(base.data, limit=None, validation=0, smiles=replace(base.data.smiles, extra=0))
    images = len(load(whole).train)
    if not base.data.validation:
        base = replace(base, data=replace(base.data, validation=min(VALIDATION, max(1, images // 10))))
    if metric == "fd_digits":
        base = override(base, {"train.snapshot_samples": SNAPSHOT_SMOKE if base.preset == "smoke" else SNAPSHOT})
    base = from_dict(Experiment, to_dict(settled(base)))  # as it will be read back: 60 is 60.0 where that is a float
    data = load(base.data)
    other = len(data.validation) if len(data.validation) != base.data.validation else 0
    plan = Plan(base, tuple(sorted(texts)), metric, prune and not seeds, images, seeds, other)
    space = plan.space
    for path, dimension in space.items():
        if metric != "fd_digits" and _decides_the_loss(base.model, path):
            raise UserError(f"{path} decides what a validation loss is: its values cannot be compared by {metric}.")
        if seeds and isinstance(dimension, Range):
            raise UserError(f"{path} is a range, which has no end of values: a grid needs {path}=a,b,c.")
    model = initialise(base, data.spec)
    for path in space:
        if path.startswith("train.optimisers."):
            check_name(path.split(".")[2], [o.name for o in model.objectives()], f"objective of {base.name}")
    if metric == "fd_digits":
        if base.data.name != "mnist" or not isinstance(model, Samples) or not base.train.snapshots:
            raise UserError("fd_digits needs MNIST, a model that can be sampled from and train.snapshots above 0.")
    elif metric.startswith("valid/") and base.model.unlike_moments:
        raise UserError(
            f"{metric} of {base.name} is what a trial's own discriminator says: games are searched by "
            "--metric fd_digits, on MNIST."
        )
    elif metric.startswith("valid/"):
        few = next(batches(data.validation, base.data, 8))
        check_name(metric, validate(model, iter([few]), base.seed), "metric")
        if metric.removeprefix("valid/") in RISING:
            raise UserError(f"A sweep looks for the smallest {metric}, and the best is the largest: take valid/loss.")
    else:
        raise UserError(f"--metric {metric} cannot be searched on: take fd_digits or a key that begins with valid/.")
    return plan
