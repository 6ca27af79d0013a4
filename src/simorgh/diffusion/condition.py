"""What a model is told: something of each example, as numbers, into tokens of a context.

A tenth or so of the training examples are told nothing (the draw is one an example, not one a batch), so that one
network knows both the conditional and the unconditional law, and guidance can tell them apart (Ho & Salimans 2022).

Conditions are int64, one row an example:
    class     (B,) labels
    caption   (B, L) ids of signs, a start and fillers among them; the empty string is being told nothing
    signs     (B, F) the factors of each example, such as the five signs of a captcha
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from simorgh.contracts import Batch, DataSpec, UserError, check_least, check_share
from simorgh.data.labels import asked_class
from simorgh.nn.text import START, Alphabet, TextEncoder
from simorgh.noise import Noise


@dataclass(frozen=True)
class Condition:
    """What the network is told besides the image and its level.

    Attributes:
        kind: see above; "none" for nothing.
        dim: dimensions of a token of the context.
        drop: share of the training examples that are told nothing; at 0 the model never learns to draw unguided
            by a condition, so that it can neither be guided nor asked for nothing.
        text: the encoder of captions; its width is `dim`, whatever it says.
    """

    kind: Literal["none", "class", "caption", "signs"] = "none"
    dim: int = 64
    drop: float = 0.1
    text: TextEncoder = field(default_factory=TextEncoder)

    def build(self, spec: DataSpec) -> "Told | None":
        check_share("condition", self, "drop")
        check_least("condition", self, dim=1)
        if self.kind == "none":
            return None
        has = {"class": spec.classes, "caption": spec.captions, "signs": spec.factors}[self.kind]
        if not has:
            raise UserError(f"condition.kind is {self.kind}, but the data have none.")
        return {"class": ToldClass, "caption": ToldCaption, "signs": ToldSigns}[self.kind](self, spec)

    def dropped(self, told: Tensor, null: Tensor, noise: Noise) -> Tensor:
        """Conditions (B, ...) with a share `drop` of the rows replaced by `null` (...)."""
        drop = noise.uniform(len(told), name="drop") < self.drop
        return torch.where(drop.view(-1, *(1,) * (told.ndim - 1)), null, told)


class Told(nn.Module, ABC):
    """Conditions as tokens. `null` is the condition that says nothing."""

    null: Tensor

    @abstractmethod
    def of(self, batch: Batch) -> Tensor:
        """The conditions of a batch."""

    @abstractmethod
    def forward(self, condition: Tensor) -> tuple[Tensor, Tensor | None]:
        """Tokens (B, L, dim) and a mask (B, L) bool, or None where all count."""

    @abstractmethod
    def turn(self, first: int, n: int) -> Tensor:
        """Conditions number `first` to `first` + n - 1 of an even walk through what can be told."""

    @abstractmethod
    def parse(self, words: str) -> Tensor:
        """The condition (...) that words stand for; UserError where they stand for none."""

    def nothing(self, n: int) -> Tensor:
        """n times the null."""
        return self.null.expand(n, *self.null.shape)


class ToldClass(Told):
    """One token a class, and one for no class."""

    def __init__(self, settings: Condition, spec: DataSpec):
        super().__init__()
        self.classes, self.labels = spec.classes, spec.labels
        self.token = nn.Embedding(spec.classes + 1, settings.dim)
        self.register_buffer("null", torch.tensor(spec.classes), persistent=False)

    def of(self, batch: Batch) -> Tensor:
        return batch.y

    def forward(self, condition: Tensor) -> tuple[Tensor, None]:
        return self.token(condition)[:, None], None

    def turn(self, first: int, n: int) -> Tensor:
        return torch.arange(first, first + n) % self.classes

    def parse(self, words: str) -> Tensor:
        return torch.tensor(asked_class(words, self.labels, self.classes))


class ToldSigns(Told):
    """A token a sign and place: what it is, plus where it stands."""

    def __init__(self, settings: Condition, spec: DataSpec):
        super().__init__()
        self.sizes, self.alphabet = spec.factors, spec.vocabulary or ()
        self.sign = nn.ModuleList(nn.Embedding(size + 1, settings.dim) for size in spec.factors)
        self.register_buffer("null", torch.tensor(spec.factors), persistent=False)

    def of(self, batch: Batch) -> Tensor:
        return batch.factors

    def forward(self, condition: Tensor) -> tuple[Tensor, None]:
        return torch.stack([sign(condition[:, i]) for i, sign in enumerate(self.sign)], 1), None

    def turn(self, first: int, n: int) -> Tensor:
        """Every value of every factor is equally frequent, and no two factors walk alike."""
        i = torch.arange(first, first + n)
        return torch.stack([(i * (k + 1) + i // size * k) % size for k, size in enumerate(self.sizes)], 1)

    def parse(self, words: str) -> Tensor:
        """A text of the signs of the vocabulary, one a factor; without a vocabulary, numbers with commas between."""
        parts = list(words) if self.alphabet else words.split(",")
        known = {sign: i for i, sign in enumerate(self.alphabet or map(str, range(max(self.sizes))))}
        if len(parts) != len(self.sizes) or any(known.get(p, size) >= size for p, size in zip(parts, self.sizes)):
            raise UserError(
                f"{words!r} cannot be asked for: give {len(self.sizes)} signs out of {' '.join(known)}"
                f"{'' if self.alphabet else ', with commas between'}."
            )
        return torch.tensor([known[p] for p in parts])


class ToldCaption(Told):
    """Captions through a transformer that is trained with the network."""

    def __init__(self, settings: Condition, spec: DataSpec):
        super().__init__()
        self.alphabet, self.length = Alphabet.of(spec.captions), settings.text.length
        self.encoder = replace(settings.text, dim=settings.dim).build(len(self.alphabet))
        self.register_buffer("table", self.ids(spec.captions), persistent=False)
        self.register_buffer("null", torch.full((self.length,), START), persistent=False)

    def ids(self, captions: Sequence[str]) -> Tensor:
        """(B, length) conditions of captions, filled up with the start sign. UserError where one is too long."""
        ids, _ = self.alphabet.encode(captions, self.length)
        return pad(ids, (0, self.length - ids.shape[1]), value=START)

    def of(self, batch: Batch) -> Tensor:
        if batch.caption.device.type == "cpu" and int(batch.caption.max()) >= len(self.table):
            raise UserError("These images have captions that no image of the training part has.")
        return self.table[batch.caption]

    def forward(self, condition: Tensor) -> tuple[Tensor, Tensor]:
        used = (condition != START).long()
        last = (used * torch.arange(condition.shape[1], device=condition.device)).amax(1)
        longest = int(last.max()) + 1
        mask = torch.arange(longest, device=condition.device) <= last[:, None]
        return self.encoder(condition[:, :longest], mask), mask

    def turn(self, first: int, n: int) -> Tensor:
        return self.table[torch.arange(first, first + n) % len(self.table)].cpu()

    def parse(self, words: str) -> Tensor:
        if strange := self.alphabet.unknown(words):
            raise UserError(
                f"{words!r} cannot be asked for: no caption of the training part has {', '.join(map(repr, strange))}."
            )
        return self.ids([words])[0]
