r"""Guidance: a denoiser out of two.

One convention: x0 = x0_null + scale (x0_cond - x0_null), and eps alike; scale 1 is no guidance and costs one
evaluation. The paper's w is scale - 1 (Ho & Salimans 2022, arXiv 2207.12598, equation 6); both are printed.
"""

from dataclasses import dataclass
from math import inf
from typing import Literal

from torch import Tensor

from simorgh.contracts import UserError
from simorgh.diffusion.denoiser import Denoiser
from simorgh.diffusion.target import Prediction


@dataclass(frozen=True)
class Guidance:
    """How the conditional answer is pushed away from another.

    Attributes:
        scale: see above.
        kind: "cfg", classifier-free; "cfg++", which renews the noise with the unconditional eps (Chung et al. 2024,
            arXiv 2406.08070), its lambda being `scale`, in [0, 1]; "auto", away from a weaker model under the same
            condition (Karras et al. 2024, arXiv 2406.02507).
        low, high: the levels q between which it acts (Kynkäänniemi et al. 2024, arXiv 2404.07724).
    """

    scale: float = 1.0
    kind: Literal["cfg", "cfg++", "auto"] = "cfg"
    low: float = 0.0
    high: float = inf

    def __post_init__(self) -> None:
        if self.kind == "cfg++" and self.scale > 1:
            raise UserError(f"guidance of kind cfg++ has a scale from 0 to 1, not {self.scale}.")
        if not 0 <= self.scale < inf or not 0 <= self.low < self.high:
            raise UserError(
                f"guidance needs a scale of 0 or more and levels low < high, not {self.scale}, {self.low}, {self.high}."
            )

    @property
    def idle(self) -> bool:
        """Whether it changes nothing."""
        return self.scale == 1 and self.kind != "cfg++"

    def join(self, conditional: Denoiser, other: Denoiser) -> Denoiser:
        """`other` is unconditional, or the weaker model of "auto"."""
        if self.idle:
            return conditional

        def guided(u: Tensor, q: Tensor) -> Prediction:
            level = float(q[0])  # a sampler walks with one level for all
            if not self.low <= level <= self.high:
                return conditional(u, q)
            own, null = conditional(u, q), other(u, q)
            x0, eps = (b + self.scale * (a - b) for a, b in zip(own, null))
            return Prediction(x0, null.eps if self.kind == "cfg++" else eps)

        return guided
