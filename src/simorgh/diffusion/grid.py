"""The levels that a sampler visits: falling, and 0 at the end."""

from dataclasses import dataclass
from math import exp, inf, log
from typing import Literal

import torch

from simorgh.contracts import UserError
from simorgh.diffusion.path import Path


@dataclass(frozen=True)
class Grid:
    """A recipe for levels.

    Attributes:
        kind: "time", equal steps of the path's own time from t = 1; "karras", q^(1/rho) falls evenly (Karras et al.
            2022, equation 5); "log", ln q falls evenly.
        smallest, largest: bounds of q for "karras" and "log", within those of the path.
        rho: of "karras".
    """

    kind: Literal["time", "karras", "log"] = "time"
    smallest: float = 0.002
    largest: float = 80.0
    rho: float = 7.0

    def __post_init__(self) -> None:
        if not self.rho > 0 or not 0 < self.smallest < self.largest:
            raise UserError(
                f"a grid needs levels 0 < smallest < largest and rho above 0, not {self.smallest}, {self.largest}, "
                f"{self.rho}."
            )

    def levels(self, path: Path, steps: int) -> tuple[float, ...]:
        """`steps` levels above 0, falling, and 0; fewer where steps of equal time meet one level twice."""
        if steps < 1:
            raise UserError(f"{steps} steps were asked of a sampler; at least one is needed.")
        if self.kind == "time":
            t = torch.arange(steps, 0, -1, dtype=torch.float64) / steps
            if path.scale == "ve":  # whose t = 0 is a level above 0
                t = torch.linspace(1, 0, steps, dtype=torch.float64)
            return (*dict.fromkeys(path.q(t).tolist()), 0.0)  # a path may rest at its end: one step is enough there
        low, high = max(self.smallest, path.first), min(self.largest, path.last)
        if not low < high < inf:
            raise UserError(f"no grid of kind {self.kind} goes from {high} down to {low}.")
        share = [i / max(steps - 1, 1) for i in range(steps)]
        if self.kind == "log":
            return (*(exp(log(high) + s * (log(low) - log(high))) for s in share), 0.0)
        start, end = high ** (1 / self.rho), low ** (1 / self.rho)
        return (*((start + s * (end - start)) ** self.rho for s in share), 0.0)
