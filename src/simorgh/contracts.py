"""The nouns that every floor of the house shares. Read this file first.

A batch flows one way: source -> Batch -> Objective.loss -> Terms -> loop -> Run directory -> abilities
-> arrays -> metrics -> Measurement -> page. Nothing here knows a model, a data set or a file format.

Units: losses and likelihoods are in nats **per example** (sum over pixels and latents, mean over
examples); progress is counted in examples seen.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from simorgh.errors import Diverged, UserError, check_least, check_name, check_share
from simorgh.noise import Noise, SampleNoise

__all__ = [
    "PAD", "Batch", "BoundsLikelihood", "Config", "Continues", "DataSpec", "Diverged", "Encodes", "HasDensity",
    "Measurement", "Model", "NamesSampler", "Noise", "Objective", "Predicts", "ProposesConditions", "Quantises",
    "ReadsFactors", "Recalibrates", "Reconstructs", "SampleNoise", "Samples", "Stream", "Terms", "Tick", "Traces",
    "UserError", "check_least", "check_name", "check_share",
]  # fmt: skip


PAD = 0
"""The number that fills up rows of tokens."""


@dataclass(frozen=True)
class DataSpec:
    """What a model may know about its data, computed from the training part of a split only.

    Attributes:
        kind: "image" (C, H, W), "vector" (D,) or "tokens" (T,).
        shape: shape of one example, without the batch axis.
        value_range: smallest and largest possible value of `x`.
        classes: number of labels, 0 where there are none; `labels` are their names, by index.
        vocabulary: the symbols, by index, of "tokens" data, where PAD fills up rows shorter than T, or of the text that
            the factors of an image spell.
        factors: number of values of each factor that the examples were drawn from, () where none are known.
        binary: True where every value is one end of `value_range` (a Bernoulli likelihood is then proper).
        merges: of a vocabulary of merged bytes, the pairs that were merged, in order, each "left right"; () elsewhere.
        captions: the texts that examples of the training part have, by index, () where they have none.
        mean: the average training value of each entry, flattened row-major; () where not meaningful.
    """

    kind: Literal["image", "tokens", "vector"]
    shape: tuple[int, ...]
    value_range: tuple[float, float] = (0.0, 1.0)
    classes: int = 0
    vocabulary: tuple[str, ...] | None = None
    binary: bool = False
    factors: tuple[int, ...] = ()
    merges: tuple[str, ...] = field(default=(), repr=False)
    captions: tuple[str, ...] = field(default=(), repr=False)
    labels: tuple[str, ...] = field(default=(), repr=False)
    mean: tuple[float, ...] = field(default=(), repr=False)

    @property
    def size(self) -> int:
        """Number of values in one example."""
        return int(torch.tensor(self.shape).prod())


@dataclass(frozen=True)
class Batch:
    """Examples `x` (B, *shape), labels `y` (B,) int64 or None, `mask` (B, T), true where a token counts, the `factors`
    (B, F) int64 that each example was drawn from, None where they are not known, and the index (B,) int64 of its
    `caption`, None where examples have none."""

    x: Tensor
    y: Tensor | None = None
    mask: Tensor | None = None
    factors: Tensor | None = None
    caption: Tensor | None = None

    def __len__(self) -> int:
        return len(self.x)

    def map(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        """The batch with `change` applied to every tensor that is present."""
        return Batch(*(None if part is None else change(part) for part in self._parts()))

    def to(self, device: torch.device | str) -> "Batch":
        return self.map(lambda part: part.to(device, non_blocking=True))

    def split(self, parts: int) -> list["Batch"]:
        """At most `parts` batches of nearly equal size, in order."""
        if parts == 1:
            return [self]
        columns = [[None] * parts if c is None else c.tensor_split(parts) for c in self._parts()]
        return [Batch(*row) for row in zip(*columns) if len(row[0])]

    def _parts(self) -> tuple[Tensor | None, ...]:
        return self.x, self.y, self.mask, self.factors, self.caption


class Stream(Protocol):
    """A pure function of (seed, rank, step): the same call gives the same batch, whatever came before."""

    def __call__(self, step: int) -> Batch: ...


@dataclass(frozen=True)
class Tick:
    """One step of the clock: its number, examples seen so far, progress in [0, 1], and its noise."""

    step: int
    samples: int
    progress: float
    noise: Noise


@dataclass(frozen=True)
class Terms:
    """What a loss returns.

    Attributes:
        loss: mean over `weight` units (examples, or tokens that count).
        weight: how many units that mean covers; micro-batches and processes are combined by it.
        logs: detached scalars to be written down, each a mean over the same units.
        stats: detached tensors that `Objective.after` needs averaged over all processes.
    """

    loss: Tensor
    weight: float
    logs: Mapping[str, Tensor] = field(default_factory=dict)
    stats: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Objective:
    """Something that a model minimises, over exactly these parameters.

    `every` is a period in steps, or a function of the step that says whether it is due. `after` receives the averaged
    Terms once the optimiser has stepped (controllers, codebooks, clipping) and may return more scalars to be written
    down, such as are no means over examples. `span` is the part of training, from and up to which share of it, in which
    the objective is minimised: stages that build on one another have spans that follow one another. The path of its
    learning rate fills its span.
    """

    name: str
    parameters: Sequence[nn.Parameter]
    loss: Callable[[Batch, Tick], Terms]
    every: int | Callable[[int], bool] = 1
    after: Callable[[Terms], Mapping[str, Tensor] | None] | None = None
    span: tuple[float, float] = (0.0, 1.0)

    def due(self, step: int, progress: float | None = None) -> bool:
        """Whether it is minimised in this step; without `progress`, the share of training done, if it ever is."""
        if progress is not None and not self.span[0] <= progress < self.span[1]:
            return False
        return self.every(step) if callable(self.every) else step % self.every == 0

    def progress(self, progress: float) -> float:
        """Share of its own span that is done when `progress` of the training is."""
        first, last = self.span
        return (progress - first) / (last - first)


class Model(nn.Module, ABC):
    """A model says what it optimises; the loop does it."""

    @abstractmethod
    def objectives(self) -> tuple[Objective, ...]:
        """The objectives, in the order in which a step walks them; () where nothing is trained."""

    @abstractmethod
    def validate(self, batch: Batch, tick: Tick) -> Terms:
        """The quantity that is compared on held-out data; smaller is better. Called in eval mode."""


class Config(ABC):
    """Hyper-parameters of a model: a frozen dataclass that builds its object.

    Attributes:
        unlike_losses: the settings that decide what a validation loss is, so that losses under two values of one of
            them cannot be compared.
        unlike_moments: whether two validation losses cannot be compared at all, not even those of one training, as in
            a game, where each is by the discriminator of its moment.
    """

    unlike_losses: ClassVar[tuple[str, ...]] = ()
    unlike_moments: ClassVar[bool] = False

    @abstractmethod
    def build(self, spec: DataSpec) -> Model:
        """A freshly initialised model for data of this kind; UserError where the two do not fit."""

    def settle(self) -> "Config":
        """These settings with what can be found out only where training begins, such as a checksum."""
        return self

    def marks(self) -> Mapping[str, str | int | float]:
        """What of these settings belongs into the context of every measurement, such as a set point."""
        return {}

    def start(self, model: Model, spec: DataSpec) -> Model:
        """A model just built, with the weights that training begins with where those of `build` are not meant. Called
        before training only: a run that is opened has weights of its own."""
        return model


# Abilities: found by isinstance, never by the name of a family. x (B, *shape) lies in spec.value_range.


@runtime_checkable
class Samples(Protocol):
    conditional: bool  # whether `condition` means anything to it

    def sample(self, n: int, noise: SampleNoise, condition: Tensor | None = None) -> Tensor:
        """(n, *shape) examples in value_range; the i-th depends on its own seed only. `condition` is (n,) labels, or
        what ProposesConditions says."""
        ...


@runtime_checkable
class ProposesConditions(Protocol):
    def conditions(self, first: int, n: int) -> Tensor:
        """(n, ...) conditions for the samples `first` to `first` + n - 1: an even walk through what can be asked for,
        where that is not just the labels."""
        ...

    def condition(self, words: str) -> Tensor:
        """(...) the condition that somebody's words stand for; UserError where they stand for none."""
        ...


@runtime_checkable
class Reconstructs(Protocol):
    def reconstruct(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """(B, *shape) deterministic reconstruction of x."""
        ...


@runtime_checkable
class Encodes(Protocol):
    latent_dim: int

    def encode(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """(B, latent_dim) the code of x (a posterior mean where there is a posterior)."""
        ...

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """(B, *shape) the mean image of the codes z (B, latent_dim)."""
        ...


@runtime_checkable
class BoundsLikelihood(Protocol):
    def log_weights(self, x: Tensor, y: Tensor | None, k: int, noise: Noise) -> Tensor:
        """(k, B) log p(x, z) - log q(z | x) for k posterior draws each, in nats."""
        ...

    def bound(self, x: Tensor, y: Tensor | None, noise: Noise) -> dict[str, Tensor]:
        """Per example (B,): 'neg_elbo' = 'reconstruction' + 'kl', in nats, whatever weight training used."""
        ...

    def log_joint(self, x: Tensor, z: Tensor, y: Tensor | None = None) -> Tensor:
        """(B,) log p(x | z) + log p(z), in nats."""
        ...


@runtime_checkable
class HasDensity(Protocol):
    def log_density(self, batch: Batch, deviation: float, noise: Noise, tolerance: float) -> tuple[Tensor, Tensor, int]:
        """(B,) log p(x), given what the model is told of the batch, in nats, where x are images with Gaussian noise of
        `deviation` in units of value_range and p the density of such; (B,) what the solver may have got wrong, at most
        `tolerance` nats a dimension on average or UserError; and its evaluations of the network."""
        ...

    def denoise(self, batch: Batch, deviation: float) -> Tensor:
        """(B, *shape) the mean of what such images were without their noise, given what the model is told."""
        ...


@runtime_checkable
class NamesSampler(Protocol):
    def sampling(self) -> Mapping[str, str | int | float]:
        """How `sample` draws: "protocol" in words, and what belongs into the context of a measurement."""
        ...

    def choose_sampler(self, step: str | None, steps: int | None, guidance: float | None) -> object:
        """What `sample` takes as its `sampler`: the model's own, but for what is not None. UserError for a name that
        there is not."""
        ...


@runtime_checkable
class Predicts(Protocol):
    def predict(self, x: Tensor) -> Tensor:
        """(B, classes) probabilities."""
        ...

    def features(self, x: Tensor) -> Tensor:
        """(B, d) the representation before the last layer."""
        ...


@runtime_checkable
class Quantises(Protocol):
    code_count: int
    codes_priced: bool  # seldom codes cost more, so that uneven use is what the model is after

    def codes(self, x: Tensor) -> Tensor:
        """(B, h, w) int64 map of codes, 0 to code_count - 1, of each x."""
        ...

    def decode_codes(self, codes: Tensor) -> Tensor:
        """(B, *shape) the mean image of maps (B, h, w)."""
        ...

    def code_nats(self, codes: Tensor, y: Tensor | None = None) -> Tensor:
        """(B,) -log p of maps (B, h, w) under the model's own prior over maps, in nats."""
        ...


@runtime_checkable
class Continues(Protocol):
    context: int  # symbols of a row at most

    def nats(self, x: Tensor) -> Tensor:
        """(B, T) -log p of each symbol of x (B, T) given those before it, in nats; 0 for the first."""
        ...

    def begin(self, x: Tensor) -> tuple[Tensor, Any]:
        """Logits (B, V) of what comes after prompts x (B, N), and a memory of them; see nn/decoding.py."""
        ...

    def follow(self, x: Tensor, cache: Any) -> Tensor:
        """Logits (B, V) of what comes after one more symbol x (B,) of each row."""
        ...


@runtime_checkable
class ReadsFactors(Protocol):
    def read(self, x: Tensor) -> list[Tensor]:
        """For each factor the probabilities of its values, (B, values)."""
        ...

    def features(self, x: Tensor) -> Tensor:
        """(B, d) what all of them are read from."""
        ...


@runtime_checkable
class Traces(Protocol):
    def trace(self, x: Tensor) -> dict[str, Tensor]:
        """What is worth watching along training, by name, for a few examples x (B, *shape): kept with every snapshot
        beside the images."""
        ...


@runtime_checkable
class Recalibrates(Protocol):
    def recalibrate(self) -> None:
        """Estimate anew what the weights decide but training leaves behind, such as the statistics of batch
        normalisation. A pure function of the weights; called before a model is looked at or saved."""
        ...


@dataclass(frozen=True)
class Measurement:
    """A number with its evidence. `low` and `high` bound a 95 % interval; `floor` is a reference under
    the same protocol: real data against real data where that can be had, else chance or a simple baseline; None where
    there is none."""

    name: str
    value: float
    low: float | None
    high: float | None
    n: int
    unit: str
    protocol: str
    protocol_hash: str
    floor: float | None = None
    context: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
