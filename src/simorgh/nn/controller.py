r"""A controller that holds the KL term of a VAE at a set point (Shao et al. 2020, "ControlVAE", arXiv 2004.05988,
algorithm 1).

    e(t)    = set point - KL(t)
    P(t)    = Kp / (1 + exp(e(t)))
    I(t)    = I(t - 1) - Ki e(t), unless frozen
    beta(t) = P(t) + I(t) + beta_min, clamped to [beta_min, beta_max]

KL in nats per image, one number a step. A KL below the set point lowers beta, one above it raises beta.

When to freeze. While beta stands at a bound and the error pushes it further out, integrating would only pile up an
error that has to be worked off later ("windup"). The authors' dSprites code freezes whatever the sign of the error.
From a first error above Kp / Ki, which is 10 nats with the published gains, the integral then falls so far in one step
that P, at most Kp, never lifts the output over the bound again: beta stays at beta_min for ever. The authors' set point
starts at 0.5 and never meets this latch. Their image code freezes under a condition that cannot hold: never.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from simorgh.contracts import UserError

AntiWindup = Literal["conditional", "published", "none"]


@dataclass(frozen=True)
class Ramp:
    """A set point that moves from `start` towards the target by `increment` nats every `every` steps, and stays there.
    The defaults are those of the authors' dSprites code."""

    start: float = 0.5
    increment: float = 0.15
    every: int = 5000


class PIController(nn.Module):
    """beta for the KL of each batch.

    Its state is three buffers (`integral`, `output` before the clamp, `steps`), so it is saved and resumed with the
    model that holds it. They are float64, for steps of 1e-6 must add up to a beta of 100.

    Arguments:
        target: the KL to be held, in nats per image, above 0. Below the KL of the plain VAE where beta_min is 1.
        kp, ki: gains per nat; the defaults are those of the paper for dSprites.
        beta_min, beta_max: bounds of beta; None is no upper bound.
        anti_windup: "conditional" freezes the integral while the output stands at a bound and the error pushes further
            out; "published" freezes while it is below beta_min, whatever the error; "none" never. The last two are
            for showing their faults.
        ramp: how the set point reaches the target; None sets it there at once.
    """

    integral: Tensor
    output: Tensor
    steps: Tensor

    def __init__(
        self,
        target: float,
        kp: float = 0.01,
        ki: float = 0.001,
        beta_min: float = 1.0,
        beta_max: float | None = None,
        anti_windup: AntiWindup = "conditional",
        ramp: Ramp | None = None,
    ):
        super().__init__()
        if not target > 0:
            raise UserError(f"a set point of {target} nats cannot be held, for no KL is 0 or less: choose above 0.")
        if not (kp >= 0 and ki > 0):
            raise UserError(f"gains kp {kp} and ki {ki} do not control: choose kp of 0 or more and ki above 0.")
        if not 0 <= beta_min < (float("inf") if beta_max is None else beta_max):
            raise UserError(f"beta cannot lie between {beta_min} and {beta_max}: choose 0 <= beta_min < beta_max.")
        if anti_windup not in get_args(AntiWindup):
            raise UserError(f"{anti_windup!r} is no anti-windup: choose one of {', '.join(get_args(AntiWindup))}.")
        if ramp is not None and (ramp.every < 1 or not ramp.increment * (target - ramp.start) > 0):
            raise UserError(f"a set point from {ramp.start} by {ramp.increment} never gets to {target}: turn the ramp.")
        self.target, self.kp, self.ki, self.ramp = target, kp, ki, ramp
        self.beta_min, self.beta_max, self.anti_windup = beta_min, beta_max, anti_windup
        self.register_buffer("integral", torch.zeros((), dtype=torch.float64))
        self.register_buffer("output", torch.tensor(beta_min, dtype=torch.float64))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    @property
    def beta(self) -> Tensor:
        """() the weight that the last step gave; beta_min before the first."""
        return self.output.clamp(self.beta_min, self.beta_max)

    @property
    def set_point(self) -> Tensor:
        """() the KL that the next step compares with, in nats."""
        if self.ramp is None:
            return torch.full_like(self.integral, self.target)
        now = self.ramp.start + self.ramp.increment * (self.steps // self.ramp.every).to(self.integral)
        return now.clamp(max=self.target) if self.ramp.increment > 0 else now.clamp(min=self.target)

    @torch.no_grad()
    def step(self, kl: Tensor | float) -> Tensor:
        """() float64 beta after a batch whose mean KL is `kl` nats; no value leaves the device."""
        error = self.set_point - torch.as_tensor(kl, dtype=self.integral.dtype, device=self.integral.device)
        integral = torch.where(self._frozen(error), self.integral, self.integral - self.ki * error)
        self.integral.copy_(integral)
        self.output.copy_(self.kp * torch.sigmoid(-error) + integral + self.beta_min)
        self.steps += 1
        return self.beta

    def _frozen(self, error: Tensor) -> Tensor:
        if self.anti_windup == "none":
            return torch.zeros_like(error, dtype=torch.bool)
        if self.anti_windup == "published":
            return self.output < self.beta_min
        low = (self.output <= self.beta_min) & (error > 0)
        return low if self.beta_max is None else low | (self.output >= self.beta_max) & (error < 0)

    def extra_repr(self) -> str:
        return f"target={self.target}, kp={self.kp}, ki={self.ki}, anti_windup={self.anti_windup}"
