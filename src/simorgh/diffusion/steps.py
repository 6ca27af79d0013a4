r"""From one level to the next: every sampler is a step, repeated along a grid.

A step takes u at level q to level r < q with a denoiser, fresh noise and what it remembers of the steps before; q may
be infinite, r may be 0. Formulas are in z = x0 + q eps, where the paths coincide; d(z) = eps dq is the probability-flow
ODE (Karras et al. 2022, equation 1 with sigma = q). A new sampler is one class here and its name in `AnyStep`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from math import exp, hypot, inf, isinf, log, sqrt
from typing import Any, Literal, get_args

from torch import Tensor

from simorgh.contracts import UserError
from simorgh.diffusion.denoiser import Denoiser, levels
from simorgh.diffusion.target import Prediction

Normal = Callable[[], Tensor]
"""Fresh standard normal noise of the shape of u, each example from its own seed."""


class Step(ABC):
    """One move of a sampler."""

    @abstractmethod
    def move(self, denoise: Denoiser, u: Tensor, q: float, r: float, normal: Normal, memory: Any) -> tuple[Tensor, Any]:
        """u at level r, and what the next step should know; `memory` is None in the first."""


def _at(x0: Tensor, noise: Tensor, r: float) -> Tensor:
    """u at level r of a signal and a noise already of size r: (x0 + noise) / sqrt(1 + r^2)."""
    return (x0 + noise) / hypot(1, r)


def _z(u: Tensor, q: float) -> Tensor:
    return u * hypot(1, q)


def _redraw(found: Prediction, r: float, spread: float, normal: Normal) -> Tensor:
    """x0 with noise of size r, of which `spread` is fresh."""
    noise = sqrt(max(r**2 - spread**2, 0.0)) * found.eps
    return _at(found.x0, noise + spread * normal() if spread else noise, r)


@dataclass(frozen=True)
class DDIM(Step):
    """z' = x0 + sqrt(r^2 - s^2) eps + s n, s = eta r sqrt(1 - r^2 / q^2) (Song et al. 2021, arXiv 2010.02502, eq. 12).

    eta 0 is Euler's step along the ODE on every path; eta 1 is ancestral sampling with the small variance.
    """

    eta: float = 0.0
    kind: Literal["ddim"] = "ddim"

    def __post_init__(self) -> None:
        if not 0 <= self.eta <= 1:
            raise UserError(f"eta is {self.eta}; it goes from 0, no noise, to 1, ancestral steps.")

    def move(self, denoise, u, q, r, normal, memory):
        return _redraw(denoise(u, levels(q, u)), r, self.eta * r * sqrt(1 - (r / q) ** 2), normal), None


@dataclass(frozen=True)
class Ancestral(Step):
    """The reverse chain of Ho et al. 2020, algorithm 2, with a named variance of its noise:

    "small"   beta tilde, the variance of the posterior given x0: s^2 = r^2 (1 - r^2 / q^2)
    "large"   beta, that of the forward step: s^2 = (1 - r^2 / q^2) (1 + r^2) / (1 + q^-2), in units of z
    Ten steps with one or the other differ by a factor of 9 in the published distances (Song et al. 2021, table 1).
    The mean is the same, and the last step draws no noise.
    """

    variance: Literal["small", "large"] = "small"
    kind: Literal["ancestral"] = "ancestral"

    def move(self, denoise, u, q, r, normal, memory):
        found = denoise(u, levels(q, u))
        kept = 1 - (r / q) ** 2
        small = r * sqrt(kept)
        if self.variance == "small" or r == 0:
            return _redraw(found, r, small, normal), None
        mean = _redraw(found, r, small, lambda: 0 * u)
        return mean + sqrt(kept / (1 + q**-2)) * normal(), None


@dataclass(frozen=True)
class Euler(Step):
    """z' = z + (r - q) eps; from q = inf, where z is not defined, as DDIM."""

    kind: Literal["euler"] = "euler"

    def move(self, denoise, u, q, r, normal, memory):
        found = denoise(u, levels(q, u))
        if isinf(q):
            return _at(found.x0, r * found.eps, r), None
        return (_z(u, q) + (r - q) * found.eps) / hypot(1, r), None


@dataclass(frozen=True)
class Heun(Step):
    """z' = z + (r - q) (eps(z, q) + eps(z_Euler, r)) / 2 (Karras et al. 2022, algorithm 1); a step to 0 is Euler's."""

    kind: Literal["heun"] = "heun"

    def move(self, denoise, u, q, r, normal, memory):
        found = denoise(u, levels(q, u))
        straight = _at(found.x0, r * found.eps, r)
        if r == 0 or isinf(q):
            return straight, None
        again = denoise(straight, levels(r, u))
        return (_z(u, q) + (r - q) * (found.eps + again.eps) / 2) / hypot(1, r), None


@dataclass(frozen=True)
class DPMpp2M(Step):
    """DPM-Solver++ (2M) (Lu et al. 2022, arXiv 2211.01095, algorithm 2), in z with h = ln(q / r):

    z' = (r / q) z + (1 - r / q) D,    D = x0 + (h / (2 h_before)) (x0 - x0_before)

    The first step and the one to 0 have D = x0.
    """

    kind: Literal["dpmpp-2m"] = "dpmpp-2m"

    def move(self, denoise, u, q, r, normal, memory):
        found = denoise(u, levels(q, u))
        towards = found.x0
        if memory is not None and r > 0 and not isinf(memory[0]):
            before, x0 = memory
            towards = found.x0 + log(q / r) / (2 * log(before / q)) * (found.x0 - x0)
        if isinf(q):
            return _at(found.x0, r * found.eps, r), (q, found.x0)
        return ((r / q) * _z(u, q) + (1 - r / q) * towards) / hypot(1, r), (q, found.x0)


@dataclass(frozen=True)
class UniPC(Step):
    """UniPC-2, B(h) = e^h - 1, data prediction (Zhao et al. 2023, arXiv 2302.04867, algorithms 7 and 8).

    The evaluation at q first corrects the step that led there, then predicts the next: no evaluation is added. With
    h = ln(q / r) > 0, m the prediction of x0 and D = (m_before - m) / ratio, ratio = -h_before / h:

    predictor   z' = (r / q) z + (1 - r / q) (m + D / 2)
    corrector   z  = (q / p) z_p + (1 - q / p) (m_p + c_1 D_p + c_2 (m - m_p)) for the step from p to q
    """

    kind: Literal["unipc"] = "unipc"

    def move(self, denoise, u, q, r, normal, memory):
        found = denoise(u, levels(q, u))
        if isinf(q):
            return _at(found.x0, r * found.eps, r), None
        z, m, history = _z(u, q), found.x0, []
        if memory is not None:
            z, history = self._corrected(q, m, *memory), memory[2]
        towards = m
        if r > 0 and memory is not None:
            before, x0 = memory[0], memory[2][-1][1]
            ratio = log(q / before) / log(q / r)
            towards = m + (x0 - m) / ratio / 2
        return ((r / q) * z + (1 - r / q) * towards) / hypot(1, r), (q, z, [*history[-1:], (q, m)])

    @staticmethod
    def _corrected(q: float, m: Tensor, p: float, z: Tensor, history: list) -> Tensor:
        """The step from p to q once more, now that x0 at q is known to be m. `history` ends with (p, x0 at p)."""
        last = history[-1][1]
        towards = last + (m - last) / 2
        if len(history) > 1:
            h = log(p / q)
            ratio = log(p / history[-2][0]) / h
            # Weights c solve R c = b with rows (1, 1), (ratio, 1) and b_k = k! phi_{k+1}(-h) / (1 - e^-h), as h phi_1.
            slope = -h
            phi = (exp(slope) - 1) / slope - 1
            b1 = phi / (exp(slope) - 1)
            b2 = 2 * (phi / slope - 1 / 2) / (exp(slope) - 1)
            c1 = (b2 - b1) / (ratio - 1)
            towards = last + c1 * (history[-2][1] - last) / ratio + (b1 - c1) * (m - last)
        return (q / p) * z + (1 - q / p) * towards


@dataclass(frozen=True)
class Langevin(Step):
    """Annealed Langevin dynamics (Song & Ermon 2019, algorithm 1; 2020, arXiv 2006.09011, algorithm 1):

    z <- z + ratio q^2 score + q sqrt(2 ratio) n,   score = -eps / q

    `repeats` times at each level, then on to the next with z as it is. `ratio` is the step over q^2: the 2019 paper's
    text 0.1, its code 0.2. Near a point of the data one step multiplies the distance by 1 - ratio, so it lies in
    (0, 2). At the end, where `denoise`, z is replaced by the estimate of x0: without it noise of the size of the last
    level stays.
    """

    ratio: float = 0.11
    repeats: int = 5
    denoise: bool = True
    kind: Literal["langevin"] = "langevin"

    def __post_init__(self) -> None:
        if not self.ratio > 0 or self.repeats < 1:
            raise UserError(f"Langevin steps need a ratio above 0 and a repeat, not {self.ratio} and {self.repeats}.")

    def move(self, denoise, u, q, r, normal, memory):
        if isinf(q):
            raise UserError("Langevin dynamics needs a level that is finite: choose a grid that starts below infinity.")
        for _ in range(self.repeats):
            u = langevin(denoise, u, q, self.ratio, normal)
        if r == 0:
            return denoise(u, levels(q, u)).x0 if self.denoise else _z(u, q), None
        return _z(u, q) / hypot(1, r), None


def langevin(denoise: Denoiser, u: Tensor, q: float, ratio: float, normal: Normal) -> Tensor:
    """One Langevin step at level q, `ratio` q^2 long."""
    eps = denoise(u, levels(q, u)).eps
    return u + (-ratio * q * eps + q * sqrt(2 * ratio) * normal()) / hypot(1, q)


@dataclass(frozen=True)
class PredictorCorrector(Step):
    """An ancestral step, then `repeats` Langevin steps at the level reached (Song et al. 2021, arXiv 2011.13456,
    algorithm 1). `ratio` as in Langevin: theirs is 2 snr^2."""

    ratio: float = 0.1
    repeats: int = 1
    kind: Literal["predictor-corrector"] = "predictor-corrector"

    def __post_init__(self) -> None:
        if not self.ratio > 0 or self.repeats < 0:
            raise UserError(f"a corrector needs a ratio above 0 and repeats, not {self.ratio} and {self.repeats}.")

    def move(self, denoise, u, q, r, normal, memory):
        u, _ = Ancestral().move(denoise, u, q, r, normal, None)
        for _ in range(self.repeats if r > 0 else 0):
            u = langevin(denoise, u, r, self.ratio, normal)
        return u, None


AnyStep = DDIM | Ancestral | Euler | Heun | DPMpp2M | UniPC | Langevin | PredictorCorrector
STEPS = {step().kind: step for step in get_args(AnyStep)}


def walk(
    step: Step,
    denoise: Denoiser,
    u: Tensor,
    grid: tuple[float, ...],
    normal: Normal,
    watch: Callable[[Tensor, float, Prediction | None], None] | None = None,
) -> Tensor:
    """x0 (B, *shape): `step` along the levels of `grid`, from u at its first. `watch(u, q, None)` sees every stop."""
    if len(grid) < 2 or any(a <= b for a, b in zip(grid, grid[1:])) or grid[-1] < 0 or grid[0] > inf:
        raise UserError("a sampler needs at least two levels that fall.")
    memory = None
    for q, r in zip(grid, grid[1:]):
        if watch is not None:
            watch(u, q, None)
        u, memory = step.move(denoise, u, q, r, normal, memory)
    if watch is not None:
        watch(u, grid[-1], None)
    return u
