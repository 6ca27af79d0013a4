r"""Paths from data to noise: time t in [0, 1] (0 is data) to the level q, and the scale of what a network sees.

    x_t = alpha x0 + sigma eps,    q = sigma / alpha

Three scales serve all: "vp", alpha^2 + sigma^2 = 1; "ve", alpha = 1; "line", alpha + sigma = 1. Levels are float64.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import inf, log, pi
from typing import Literal

import torch
from torch import Tensor

from simorgh.contracts import UserError

Scale = Literal["vp", "ve", "line"]


class Path(ABC):
    """t <-> q is strictly increasing, with q(0) >= 0; q(1) may be infinite, where no signal is left."""

    scale: Scale = "vp"

    @abstractmethod
    def q(self, t: Tensor) -> Tensor:
        """float64 levels of times t in [0, 1], any shape."""

    @abstractmethod
    def time(self, q: Tensor) -> Tensor:
        """float64 times of levels q, the inverse of `q`; clamped to [0, 1] for levels that the path does not reach."""

    def alpha_sigma(self, q: Tensor) -> tuple[Tensor, Tensor]:
        """The factors of signal and noise at levels q, float64, finite for q = inf unless the scale is "ve"."""
        q = q.double()
        if self.scale == "ve":
            return torch.ones_like(q), q
        if self.scale == "vp":
            return 1 / (1 + q**2).sqrt(), 1 / (1 + q**-2).sqrt()
        return 1 / (1 + q), 1 / (1 + 1 / q)

    @property
    def last(self) -> float:
        """The largest level, q(1)."""
        return float(self.q(torch.ones((), dtype=torch.float64)))

    @property
    def first(self) -> float:
        """The smallest level that training meets, q(0) or that of the first of discrete steps."""
        return float(self.q(torch.zeros((), dtype=torch.float64)))


class _Angles(Path):
    """A path given by phi = atan q at equal times; between them phi is linear, so 0 and infinity are both fine."""

    def angles(self) -> Tensor:
        """(N,) float64, increasing, from t = 0 to t = 1."""
        raise NotImplementedError

    def q(self, t: Tensor) -> Tensor:
        phi = self.angles().to(t.device)
        level = torch.tan(_interpolate(t.double() * (len(phi) - 1), phi))
        return torch.where(level.abs() < 1e15, level, inf)  # tan is large and of either sign around pi / 2

    def time(self, q: Tensor) -> Tensor:
        phi = self.angles().to(q.device)
        angle = q.double().atan().clamp(phi[0], phi[-1])
        after = torch.searchsorted(phi, angle).clamp(1, len(phi) - 1)
        low, high = phi[after - 1], phi[after]
        return (after - 1 + (angle - low) / (high - low)) / (len(phi) - 1)


def _interpolate(place: Tensor, values: Tensor) -> Tensor:
    before = place.floor().long().clamp(0, len(values) - 2)
    return torch.lerp(values[before], values[before + 1], place - before)


@dataclass(frozen=True)
class VPLinear(_Angles):
    """Discrete steps with variances beta_i from `start` to `end` (Ho et al. 2020, arXiv 2006.11239, section 4).

    Step i of `steps` is t = i / steps, with alpha_i^2 the product of 1 - beta_1 to 1 - beta_i. The published betas
    are meant for 1,000 steps; `rescale` multiplies them by 1000 / steps, without which 100 steps leave 60 % of the
    signal. `zero_terminal` shifts and stretches alpha so that none is left (Lin et al. 2024, arXiv 2305.08891).
    """

    steps: int = 1000
    start: float = 1e-4
    end: float = 0.02
    rescale: bool = False
    zero_terminal: bool = False
    kind: Literal["vp-linear"] = "vp-linear"

    def __post_init__(self) -> None:
        top = self.end * (1000 / max(self.steps, 1) if self.rescale else 1)
        if self.steps < 2 or not 0 < self.start <= self.end or top >= 1:
            raise UserError(
                f"a linear path of {self.steps} steps with beta from {self.start} to {self.end} is not one: beta "
                "should rise within (0, 1) over at least 2 steps."
            )

    @property
    def betas(self) -> Tensor:
        """(steps,) float64 variances added step by step."""
        beta = torch.linspace(self.start, self.end, self.steps, dtype=torch.float64)
        return beta * (1000 / self.steps) if self.rescale else beta

    @property
    def first(self) -> float:
        return float(self.angles()[1].tan())

    def angles(self) -> Tensor:
        alpha = torch.cat([torch.ones(1, dtype=torch.float64), (1 - self.betas).cumprod(0).sqrt()])
        if self.zero_terminal:
            alpha[1:] = (alpha[1:] - alpha[-1]) * alpha[1] / (alpha[1] - alpha[-1])
        return alpha.acos()


@dataclass(frozen=True)
class Cosine(Path):
    """alpha = cos((t + s) / (1 + s) pi / 2) / cos(s / (1 + s) pi / 2), s = `offset` (Nichol & Dhariwal 2021,
    arXiv 2102.09672, equation 17).

    `largest` stands where their clip of beta at 0.999 does: q ends there, and not at infinity.
    """

    offset: float = 0.008
    largest: float = 1000.0
    kind: Literal["cosine"] = "cosine"

    def __post_init__(self) -> None:
        if not self.offset >= 0 or not 0 < self.largest < inf:
            raise UserError(f"a cosine path needs offset >= 0 and largest > 0, not {self.offset} and {self.largest}.")

    def q(self, t: Tensor) -> Tensor:
        alpha = self._cos(t.double()) / self._cos(torch.zeros_like(t, dtype=torch.float64))
        return (1 / alpha.clamp(1e-12, 1) ** 2 - 1).sqrt().clamp(max=self.largest)

    def time(self, q: Tensor) -> Tensor:
        alpha = 1 / (1 + q.double() ** 2).sqrt()
        angle = (alpha * self._cos(torch.zeros_like(alpha))).acos()
        t = (angle * 2 / pi * (1 + self.offset) - self.offset).clamp(0, 1)
        return torch.where(q < self.largest, t, 1.0)

    def _cos(self, t: Tensor) -> Tensor:
        return torch.cos((t + self.offset) / (1 + self.offset) * pi / 2)


@dataclass(frozen=True)
class Sigmoid(_Angles):
    """alpha^2 falls like a logistic curve from `start` to `end` over `temperature` (Jabri et al. 2023,
    arXiv 2212.11972, algorithm 1). Tabulated at 1,000 steps; `smallest` is the least alpha^2."""

    start: float = -3.0
    end: float = 3.0
    temperature: float = 1.0
    smallest: float = 1e-6
    kind: Literal["sigmoid"] = "sigmoid"

    def __post_init__(self) -> None:
        if not self.start < self.end or not self.temperature > 0 or not 0 < self.smallest < 1:
            raise UserError(
                f"a sigmoid path needs start < end, temperature above 0 and smallest in (0, 1), not {self.start}, "
                f"{self.end}, {self.temperature}, {self.smallest}."
            )

    def angles(self) -> Tensor:
        t = torch.linspace(0, 1, 1001, dtype=torch.float64)
        curve = torch.sigmoid((t * (self.end - self.start) + self.start) / self.temperature)
        return ((curve[-1] - curve) / (curve[-1] - curve[0])).clamp(self.smallest, 1).sqrt().acos()

    @property
    def first(self) -> float:
        return float(self.angles()[1].tan())


@dataclass(frozen=True)
class VE(Path):
    """sigma = sigma_min (sigma_max / sigma_min)^t, nothing is scaled down (Song & Ermon 2019, arXiv 1907.05600; with
    0.002 and 80 the levels of Karras et al. 2022)."""

    sigma_min: float = 0.01
    sigma_max: float = 16.0
    kind: Literal["ve"] = "ve"
    scale = "ve"

    def __post_init__(self) -> None:
        if not 0 < self.sigma_min < self.sigma_max < inf:
            raise UserError(
                f"sigma cannot go from {self.sigma_min} to {self.sigma_max}: choose 0 < sigma_min < sigma_max."
            )

    def q(self, t: Tensor) -> Tensor:
        return self.sigma_min * (self.sigma_max / self.sigma_min) ** t.double()

    def time(self, q: Tensor) -> Tensor:
        reach = log(self.sigma_max / self.sigma_min)
        return ((q.double() / self.sigma_min).log() / reach).clamp(0, 1)


@dataclass(frozen=True)
class Line(Path):
    """x_t = (1 - t) x0 + t eps, the straight line (Liu et al. 2023, arXiv 2209.03003; Lipman et al. 2023)."""

    kind: Literal["line"] = "line"
    scale = "line"

    def q(self, t: Tensor) -> Tensor:
        t = t.double()
        return t / (1 - t)

    def time(self, q: Tensor) -> Tensor:
        return 1 / (1 + 1 / q.double())


AnyPath = VPLinear | Cosine | Sigmoid | VE | Line


def remaining_signal(path: Path) -> float:
    """The share of a unit-variance signal's amplitude that is left at t = 1: 0 where sampling starts right."""
    return 1 / (1 + path.last**2) ** 0.5 if path.last < inf else 0.0
