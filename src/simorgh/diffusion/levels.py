"""Which levels a training step looks at: one time t in [0, 1] an example."""

from dataclasses import dataclass
from math import inf
from typing import Literal

import torch
from torch import Tensor
from torch.special import ndtri

from simorgh.contracts import UserError
from simorgh.diffusion.path import Path
from simorgh.noise import Noise


@dataclass(frozen=True)
class Levels:
    """A law over times.

    Attributes:
        kind: "uniform" in t; "ladder", one of `count` equal steps t = i / count, i from 1 (for a VE path: its levels,
            from t = 0, `count` of them); "logit-normal", t = sigmoid(mean + deviation n) (Esser et al. 2024,
            arXiv 2403.03206); "log-normal", ln q = mean + deviation n (Karras et al. 2022, table 1).
        count: rungs of the ladder.
        mean, deviation: of the normal laws.
        stratified: spread the batch evenly over the law: row i of B draws from its i-th part. Lowers the variance.
    """

    kind: Literal["uniform", "ladder", "logit-normal", "log-normal"] = "uniform"
    count: int = 1000
    mean: float = 0.0
    deviation: float = 1.0
    stratified: bool = False

    def __post_init__(self) -> None:
        if self.count < 1 or not 0 < self.deviation < inf:
            raise UserError(
                f"levels need a count of at least 1 and a deviation above 0, not {self.count}, {self.deviation}."
            )

    def draw(self, path: Path, n: int, noise: Noise) -> tuple[Tensor, Tensor]:
        """Times t and levels q, (n,) float64 each."""
        p = noise.uniform(n, name="level").double()
        if self.stratified:
            total = noise.total or n
            p = (torch.arange(noise.start, noise.start + n, device=p.device, dtype=p.dtype) + p) / total
        p = p.clamp(1e-6, 1 - 1e-6)
        if self.kind == "log-normal":
            q = (self.mean + self.deviation * ndtri(p)).exp().clamp(path.first, path.last)  # a time for each
            return path.time(q), q
        if self.kind == "logit-normal":
            t = torch.sigmoid(self.mean + self.deviation * ndtri(p))
        elif self.kind == "uniform":
            t = p
        else:
            t = self.rungs(path).to(p.device)[(p * self.count).long()]
        return t, path.q(t)

    def rungs(self, path: Path) -> Tensor:
        """(count,) float64 times of the ladder, from little noise to much."""
        if path.scale == "ve":
            return torch.linspace(0, 1, self.count, dtype=torch.float64)
        return torch.arange(1, self.count + 1, dtype=torch.float64) / self.count
