"""What a model is told: labels into tokens of a context, with a null that stands for not being told.

A tenth or so of the training examples are told nothing (the draw is one an example, not one a batch), so that one
network knows both the conditional and the unconditional law and guidance can tell them apart (Ho & Salimans 2022).
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from simorgh.contracts import DataSpec, UserError
from simorgh.noise import Noise


@dataclass(frozen=True)
class Condition:
    """What the network is told besides the image and its level.

    Attributes:
        kind: "none"; "class", the label of each example.
        dim: dimensions of a token of the context.
        drop: share of the training examples that are told nothing.
    """

    kind: Literal["none", "class"] = "none"
    dim: int = 64
    drop: float = 0.1

    def build(self, spec: DataSpec) -> "ClassTokens | None":
        if not 0 <= self.drop < 1:
            raise UserError(f"condition.drop is {self.drop}; it is a share of the examples, from 0 to below 1.")
        if self.kind == "none":
            return None
        if not spec.classes:
            raise UserError("condition.kind is class, but the data have no labels.")
        return ClassTokens(spec.classes, self.dim)

    def dropped(self, y: Tensor, null: int, noise: Noise) -> Tensor:
        """Labels y (B,) with a share `drop` of them replaced by `null`."""
        return torch.where(noise.uniform(len(y), name="drop") < self.drop, null, y)


class ClassTokens(nn.Module):
    """One token a class; the last, number `null`, is for no class."""

    def __init__(self, classes: int, dim: int):
        super().__init__()
        self.null = classes
        self.token = nn.Embedding(classes + 1, dim)

    def forward(self, y: Tensor) -> tuple[Tensor, Tensor | None]:
        """Tokens (B, 1, dim) of labels y (B,), and no mask."""
        return self.token(y)[:, None], None
