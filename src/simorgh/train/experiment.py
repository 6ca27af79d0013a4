"""An experiment in full: what is learnt from, which model, how it is trained, from which seed.

Frozen dataclasses all the way down; `to_dict` and `from_dict` turn them into plain values and back, so that a
run directory can be opened by anybody. Unknown keys and impossible values are refused with one sentence.
"""

import hashlib
import json
import types
import typing
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from math import ceil
from typing import Any, Literal

from simorgh.contracts import Config, UserError, check_least
from simorgh.data import DataConfig, SmilesConfig
from simorgh.data.config import is_text
from simorgh.errors import hint


@dataclass(frozen=True)
class OptimiserConfig:
    """An optimiser and its learning-rate path.

    Attributes:
        kind: which rule; "muon" (Jordan et al. 2024; steps as long as AdamW's, Liu et al. 2025, arXiv 2502.16982) takes
            the weights of linear layers, and "adamw" what is left.
        lr: the largest learning rate of the path.
        schedule: "constant"; "cosine" to zero; "one-cycle" (Smith & Topin 2017: cosine from lr/25 up during the
            first `warmup` of training, then down to lr/10,000); "burda" (10^(-i/7) for 3^i parts, i = 0..7,
            Burda et al. 2015, section 5).
        warmup: share of training with a rising rate ("constant" and "cosine" rise linearly); 0 of "one-cycle" is 0.3.
        betas, eps, weight_decay: as in the rule's paper; decay applies to matrices only.
        clip: largest global gradient norm, 0 for none.
    """

    kind: Literal["adam", "adamw", "muon", "rmsprop", "sgd"] = "adam"
    lr: float = 1e-3
    schedule: Literal["constant", "cosine", "one-cycle", "burda"] = "constant"
    warmup: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    clip: float = 0.0

    def __post_init__(self) -> None:
        check_least("optimiser", self, lr=0, eps=0, weight_decay=0, clip=0, betas=0, warmup=0)
        if max(self.betas) >= 1 or self.warmup > 1:
            raise UserError(f"optimiser.betas {self.betas} should lie below 1, and warmup {self.warmup} not above 1.")


@dataclass(frozen=True)
class TrainConfig:
    """How long and how to train. Lengths are in passes over the training part or in examples, never both.

    Attributes:
        epochs: passes over the training part.
        batch_size: examples a step, over all processes and micro-batches together.
        micro_batches: parts in which a process computes its share of a batch (memory).
        optimiser: used for every objective that `optimisers` does not name.
        ema_half_life: examples after which an averaged weight forgets half; 0 keeps no average.
        keep: "last" weights, or those with the "best" validation loss (needs data.validation > 0).
        precision: "fp32"; "bf16" autocast; "auto" for bf16 where the hardware multiplies it and else fp32 (the run's
            environment.json says whether it does). On an NVIDIA card torch lets convolutions of "fp32" round their
            factors to TF32; products of matrices and all of a CPU are in full.
        compile: hand the model's networks to torch.compile.
        snapshots: how often along training a few samples from one fixed noise are stored.
        snapshot_samples: how many samples each of them holds.
        log_every: steps between two lines of history.jsonl.
        checkpoint_seconds: a kill costs the work since the first line of history.jsonl after so many seconds.
    """

    epochs: float = 10.0
    batch_size: int = 128
    micro_batches: int = 1
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    optimisers: Mapping[str, OptimiserConfig] = field(default_factory=dict)
    ema_half_life: float = 0.0
    keep: Literal["last", "best"] = "last"
    precision: Literal["fp32", "bf16", "auto"] = "fp32"
    compile: bool = False
    snapshots: int = 10
    snapshot_samples: int = 10
    log_every: int = 50
    checkpoint_seconds: float = 10.0

    def steps(self, examples: int) -> int:
        """Steps of the whole training on so many examples."""
        return ceil(self.epochs * examples / self.batch_size)


@dataclass(frozen=True)
class EvaluateConfig:
    """What `simorgh evaluate` does with the finished run.

    Attributes:
        importance_samples: posterior draws of the importance-weighted bound; 0 leaves it out.
        importance_images: test images that bound is taken on.
        samples: generated images compared with as many test images.
        density_images: test images whose density is computed, by models that can; 0 leaves it out.
        images: the first so many test images are looked at; None for all. Comparisons take all, trial runs need few.
    """

    importance_samples: int = 5000
    importance_images: int = 1000
    samples: int = 10000
    density_images: int = 0
    images: int | None = None

    def check(self) -> None:
        """UserError for a value that cannot be met."""
        if self.images is not None and self.images < 2:
            raise UserError(f"evaluate.images is {self.images}; it should be at least 2, or left out to look at all.")
        check_least("evaluate", self, importance_samples=0, importance_images=2, samples=10, density_images=0)


@dataclass(frozen=True)
class Experiment:
    """Everything that decides a result. `name` is the recipe, `preset` its size."""

    name: str
    preset: str
    data: DataConfig
    model: Config
    train: TrainConfig
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    seed: int = 0

    @property
    def hash(self) -> str:
        """Eight hex digits that change when anything about the training changes (evaluation does not count). That 5 was
        written where a float stands is no change."""
        whole = to_dict(from_dict(Experiment, to_dict(self)))
        content = {k: v for k, v in whole.items() if k != "evaluate"}
        if self.data.smiles == SmilesConfig():  # a setting that came later: older runs are still found
            del content["data"]["smiles"]
        if self.data.shuffle:  # this one too
            del content["data"]["shuffle"]
        if not self.data.content:  # and this one
            del content["data"]["content"]
        if not is_text(self.data.name):  # how lines are read is nothing to images
            del content["data"]["text"]
        for table in (content["model"], content["data"].get("text", {})):
            if table.get("checksum"):  # where a folder lies is not what it holds
                del table["folder"]
        if is_text(self.data.name) and self.data.text.tokeniser != "folder":  # these settings came later as well
            del content["data"]["text"]["folder"], content["data"]["text"]["checksum"]
        content["train"] = {k: v for k, v in content["train"].items() if k != "checkpoint_seconds"}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]


def to_dict(value: Any) -> Any:
    """Plain dictionaries, lists and scalars; a model's Config carries its `kind`."""
    if is_dataclass(value):
        plain = {f.name: to_dict(getattr(value, f.name)) for f in fields(value)}
        return {"kind": _kind(value), **plain} if isinstance(value, Config) else plain
    if isinstance(value, Mapping):
        return {k: to_dict(v) for k, v in value.items()}
    return [to_dict(v) for v in value] if isinstance(value, tuple | list) else value


def from_dict(kind: Any, value: Any, where: str = "experiment") -> Any:
    """The inverse of `to_dict` for the annotation `kind`. UserError names the faulty entry by its dotted path."""
    if isinstance(kind, type) and issubclass(kind, Config):
        named, value = _config_class(value, where)
        if not issubclass(named, kind):
            raise UserError(f"{where} should be settings of {kind.__name__}, not of {named.__name__}.")
        kind = named
    if is_dataclass(kind):
        return _dataclass(kind, value, where)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return from_dict(_member([a for a in arguments if a is not type(None)], value, where), value, where)
    if origin is Literal:
        if value not in arguments:
            raise UserError(f"{where} is {brief(value)}; it can be {', '.join(map(str, arguments))}.")
        return value
    if origin is tuple and isinstance(value, list | tuple):
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else arguments
        if len(kinds) == len(value):
            return tuple(from_dict(k, v, f"{where}[{i}]") for i, (k, v) in enumerate(zip(kinds, value)))
    elif origin is not None and issubclass(origin, Mapping) and isinstance(value, Mapping):
        return {k: from_dict(arguments[1], v, f"{where}.{k}") for k, v in value.items()}
    elif kind is float and _is_number(value):
        return float(value)
    elif isinstance(kind, type) and type(value) is kind:
        return value
    raise UserError(f"{where} is {brief(value)}, which is not {getattr(kind, '__name__', kind)}.")


def setting(experiment: Experiment, path: str) -> tuple[Any, Any]:
    """Value and annotation of the setting at a dotted path, such as "model.beta" or "train.optimiser.betas.0".

    An objective that `train.optimisers` does not name has the settings of `train.optimiser`. UserError where there
    is no such setting.
    """
    value, kind = experiment, Experiment
    for part in path.split("."):
        known: dict[str, tuple[Any, Any]] = {}
        if is_dataclass(value):
            hints = typing.get_type_hints(type(value))
            known = {f.name: (getattr(value, f.name), hints[f.name]) for f in fields(value)}
        elif isinstance(value, Mapping):
            inner = typing.get_args(kind)[1]
            known = {k: (v, inner) for k, v in value.items()}
            if value is experiment.train.optimisers and part:
                known.setdefault(part, (experiment.train.optimiser, inner))
        elif isinstance(value, tuple):
            kinds = typing.get_args(kind)
            kinds = kinds[:1] * len(value) if kinds[-1] is Ellipsis else kinds
            known = {str(i): pair for i, pair in enumerate(zip(value, kinds))}
        if part not in known:
            raise UserError(f"{experiment.name} has no setting {path}: {part!r} is not one; {hint(part, known)}")
        value, kind = known[part]
    return value, kind


def override(experiment: Experiment, settings: Mapping[str, Any]) -> Experiment:
    """`experiment` with other plain values at dotted paths (see `setting`), through the checks of `from_dict`."""
    if not settings:
        return experiment
    plain = to_dict(experiment)
    for path in sorted(settings):  # train.optimiser comes before the objectives that start from it
        setting(experiment, path)
        *parents, last = path.split(".")
        table = plain
        for parent in parents:
            if table is plain["train"]["optimisers"]:
                table.setdefault(parent, deepcopy(plain["train"]["optimiser"]))
            table = table[int(parent)] if isinstance(table, list) else table[parent]
        table[int(last) if isinstance(table, list) else last] = settings[path]
    return from_dict(Experiment, plain)


def _dataclass(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise UserError(f"{where} should be a table of settings, not {brief(value)}.")
    known = {f.name: f for f in fields(kind)}
    for key in value:
        if key not in known:
            raise UserError(f"{where}.{str(key)[:200]} is not a setting; {hint(str(key), known)}")
    for name, f in known.items():
        if name not in value and f.default is MISSING and f.default_factory is MISSING:
            raise UserError(f"{where}.{name} is missing.")
    hints = typing.get_type_hints(kind)
    return kind(**{k: from_dict(hints[k], v, f"{where}.{k}") for k, v in value.items()})


def _member(kinds: list[type], value: Any, where: str) -> type:
    """The one of several dataclasses whose `kind`, a literal of its own, the table names; the first for none."""
    if len(kinds) == 1:
        return kinds[0]
    named = {typing.get_args(typing.get_type_hints(k)["kind"])[0]: k for k in kinds}
    word = value.get("kind", next(iter(named))) if isinstance(value, Mapping) else value
    if not isinstance(word, str) or word not in named:
        raise UserError(f"{where}.kind should be one of {', '.join(named)}, not {brief(word)}.")
    return named[word]


def _config_class(value: Any, where: str) -> tuple[type, dict]:
    from simorgh.models import MODELS

    if not isinstance(value, Mapping) or not isinstance(value.get("kind"), str) or value["kind"] not in MODELS:
        raise UserError(f"{where}.kind should name one of the models {', '.join(MODELS)}.")
    return MODELS[value["kind"]], {k: v for k, v in value.items() if k != "kind"}


def _kind(config: Config) -> str:
    from simorgh.models import MODELS

    for name, kind in MODELS.items():
        if kind is type(config):
            return name
    raise UserError(f'{type(config).__name__} has no word: give it one in simorgh.models, MODELS["my-model"] = ...')


def _is_number(value: Any) -> bool:
    """Whether it is one or spells one: YAML takes 1e-3 for a word."""
    if type(value) not in (int, float, str):
        return False
    try:
        float(value)
    except (ValueError, OverflowError):
        return False
    return True


def brief(value: Any) -> str:
    """`value` as it is written in a message: of a long one the beginning."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of so many digits
        text = "a number of thousands of digits"
    return text if len(text) <= 200 else f"{text[:200]}..."
