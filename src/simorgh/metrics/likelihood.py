"""The marginal log-likelihood log p(x) = log of the integral of p(x, z) over z, in nats per image, in three ways.

- importance_bound: a lower bound in expectation, for any number of latents (Burda et al. 2016, eq. 8);
- exact_log_likelihood: quadrature, for two latents: the truth that the other two are held against;
- annealed_importance_sampling: for many latents, where plain importance weights degenerate (Neal 2001).

Each works per image and takes its logarithm before any average over images: averaging weights over images first
would give another, larger and meaningless number. Sums of exponentials are streamed in float64.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import log

import torch
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.noise import Noise

RIM = 0.9
"""The quadrature calls the part of its square outside this share of its radius the rim."""


class LogMeanExp:
    """log of the mean over the first axis of exp(values), for blocks (k, B) that come one after another."""

    def __init__(self):
        self.count, self.total = 0, None

    def add(self, values: Tensor) -> None:
        block = values.detach().double().logsumexp(0)
        self.total = block if self.total is None else torch.logaddexp(self.total, block)
        self.count += len(values)

    def value(self) -> Tensor:
        """(B,) float64."""
        return self.total - log(self.count)


def importance_bound(log_weights: Callable[[int, int], Tensor], k: int, chunk: int = 100) -> Tensor:
    """(B,) float64: log (1/k) sum_i exp(log w_i), the k-sample bound of each image (Burda et al. 2016, eq. 8).

    Args:
        log_weights: (k_chunk, chunk_number) -> (k_chunk, B) of log p(x, z) - log q(z | x), z drawn from q(z | x).
            Give every chunk number its own noise, or the chunks repeat each other.
        k: number of weights in all. In expectation the bound rises with k towards log p(x).
        chunk: how many at a time; changes memory, not the estimate.
    """
    if k < 1 or chunk < 1:
        raise UserError(f"k = {k} weights in chunks of {chunk} give no bound: choose both at least 1.")
    mean = LogMeanExp()
    with torch.no_grad():
        for number, start in enumerate(range(0, k, chunk)):
            mean.add(log_weights(min(chunk, k - start), number))
    return mean.value()


@dataclass(frozen=True)
class Quadrature:
    """`log_prob` (B,) in nats, and its evidence: the grid, the largest change at the last doubling in nats, and the
    largest share of an image's mass in the rim of the square."""

    log_prob: Tensor
    radius: float
    points: int
    change: float
    rim: float


def quadrature(
    log_likelihood: Callable[[Tensor], Tensor],
    log_prior: Callable[[Tensor], Tensor],
    radius: float = 6.0,
    points: int = 401,
    chunk: int = 4096,
    device: torch.device | str = "cpu",
) -> Tensor:
    """(B,) float64: log p(x) for two latents by the trapezoid rule on points x points nodes of [-radius, radius]^2.

    Args:
        log_likelihood: float32 codes (m, 2) -> (m, B) of log p(x_b | z_m) in nats.
        log_prior: codes (m, 2) -> (m,) of log p(z_m).

    For a smooth integrand that vanishes at the border the rule converges faster than any power of the spacing h:
    for a Gaussian of deviation s the relative error is near 4 exp(-2 (pi s / h)^2), 1e-8 at h = s.
    """
    return _integrate(log_likelihood, log_prior, radius, points, chunk, device)[0]


def exact_log_likelihood(
    log_likelihood: Callable[[Tensor], Tensor],
    log_prior: Callable[[Tensor], Tensor],
    radius: float = 6.0,
    points: int = 201,
    tolerance: float = 1e-3,
    most: int = 4001,
    chunk: int = 4096,
    device: torch.device | str = "cpu",
) -> Quadrature:
    """`quadrature` with the spacing halved until no image changes by more than `tolerance` nats, and the square
    enlarged while its rim holds more than `tolerance` of an image's mass."""
    before, change, spacing = None, float("inf"), 2 * radius / (points - 1)
    while points <= most:
        value, rim = _integrate(log_likelihood, log_prior, radius, points, chunk, device)
        share = float((rim - value).exp().max())
        if share > tolerance:
            radius, before = 1.5 * radius, None
        else:
            if before is not None:
                change = float((value - before).abs().max())
                if change <= tolerance:
                    return Quadrature(value, radius, points, change, share)
            before, spacing = value, spacing / 2
        points = round(2 * radius / spacing) + 1
    raise UserError(
        f"the integral over the plane still changes by more than {tolerance} nats with {most} points a side: "
        "allow more points, or use the importance-weighted bound."
    )


def _integrate(
    log_likelihood: Callable, log_prior: Callable, radius: float, points: int, chunk: int, device: torch.device | str
) -> tuple[Tensor, Tensor]:
    """log of the integral over the square, and over its rim alone; both (B,)."""
    if points < 3 or radius <= 0:
        raise UserError(f"{points} points on a radius of {radius} make no grid: give 3 or more and a positive radius.")
    nodes = torch.linspace(-radius, radius, points, dtype=torch.float64, device=device)
    weights = torch.full_like(nodes, 2 * radius / (points - 1))
    weights[[0, -1]] /= 2
    total = outer = None
    with torch.no_grad():
        for index in torch.arange(points * points, device=device).split(chunk):
            row, column = index // points, index % points
            plane = torch.stack([nodes[row], nodes[column]], 1)
            z = plane.float()
            values = log_likelihood(z).double() + log_prior(z).double()[:, None]
            values += (weights[row] * weights[column]).log()[:, None]
            rim = plane.abs().amax(1) > RIM * radius
            sums = values.logsumexp(0), values[rim].logsumexp(0)
            total, outer = sums if total is None else map(torch.logaddexp, (total, outer), sums)
    return total, outer


@dataclass(frozen=True)
class Annealed:
    """What annealed importance sampling found.

    Attributes:
        log_prob: (B,) float64, log-mean-exp of the weights over chains; exp of it is unbiased for p(x), so that
            the logarithm is below log p(x) on average, by about half the relative variance of the mean weight.
        log_weights: (chains, B) float64.
        acceptance: (B,) mean acceptance of the transitions.
        effective: (B,) effective number of chains, (sum w)^2 / sum w^2; near 1 the estimate is not to be trusted.
    """

    log_prob: Tensor
    log_weights: Tensor
    acceptance: Tensor
    effective: Tensor


def annealed_importance_sampling(
    log_start: Callable[[Tensor], Tensor],
    log_joint: Callable[[Tensor], Tensor],
    draws: Tensor,
    noise: Noise,
    steps: int = 400,
    leapfrog: int = 2,
    pilot: int = 4,
    sharpness: float = 1000.0,
) -> Annealed:
    """log p(x) of B images by annealing from `log_start` to `log_joint` (Neal 2001), with Hamiltonian transitions.

        log f_t = (1 - b_t) log_start + b_t log_joint,   b_t = ((1 + s)^(t / T) - 1) / s,   s = sharpness
        log w = sum_t (b_t - b_(t-1)) (log_joint - log_start)(z_(t-1))                    (Neal 2001, section 2)

    The start may be any distribution with known normalised density: the prior, or a widened posterior of the
    encoder (better mixed with some prior, so that no mode is out of reach). A nearer start needs fewer steps.

    Args:
        log_start, log_joint: z (chains, B, d) -> (chains, B) in nats, differentiable in z.
        draws: (pilot + chains, B, d) independent draws from the start.
        noise: momenta, jitter and acceptances; images are its rows, so a batch may be split.
        steps: T, the number of temperatures. More of them narrow the weights.
        leapfrog: leapfrog moves in a transition, one gradient each.
        pilot: the first chains tune the step size of every temperature and image to 0.8 acceptance and are thrown
            away: with steps tuned by its own past, a chain would not leave f_t invariant and exp(log w) be biased.
        sharpness: about how many times narrower (in variance) the posterior is than the start; spreads the
            temperatures evenly in the logarithm of the precision. Small values mean evenly spaced.
    """
    if draws.ndim != 3 or not 1 <= pilot < len(draws):
        raise UserError(
            f"{tuple(draws.shape)} draws with {pilot} for the pilot leave no chain: give (pilot + chains, images, d)."
        )
    if steps < 1 or leapfrog < 1 or sharpness <= 0:
        raise UserError(f"steps {steps}, leapfrog {leapfrog} and sharpness {sharpness} must be positive.")
    exponent = torch.linspace(0, 1, steps + 1, dtype=torch.float64) * log(1 + sharpness)
    betas = [*(exponent.expm1() / sharpness).tolist()[:-1], 1.0]
    chain = _Chains(log_start, log_joint, leapfrog, noise)
    sizes = chain.tune(draws[:pilot], betas)
    log_weights, acceptance = chain.run(draws[pilot:], betas, sizes)
    total = log_weights.logsumexp(0)
    effective = (2 * total - (2 * log_weights).logsumexp(0)).exp()
    return Annealed(total - log(len(log_weights)), log_weights, acceptance, effective)


@dataclass(frozen=True)
class _State:
    """Positions z (C, B, d), both log densities there (2, C, B) and their gradients (2, C, B, d)."""

    z: Tensor
    logs: Tensor
    gradients: Tensor

    def log(self, beta: float) -> Tensor:
        return torch.lerp(self.logs[0], self.logs[1], beta)

    def gradient(self, beta: float) -> Tensor:
        return torch.lerp(self.gradients[0], self.gradients[1], beta)

    def where(self, accepted: Tensor, other: "_State") -> "_State":
        """The other state where accepted (C, B)."""
        return _State(
            torch.where(accepted[..., None], other.z, self.z),
            torch.where(accepted, other.logs, self.logs),
            torch.where(accepted[..., None], other.gradients, self.gradients),
        )


@dataclass(frozen=True)
class _Chains:
    """Hamiltonian chains between two densities (Neal 2011, handbook of Markov chain Monte Carlo, section 5.3)."""

    log_start: Callable[[Tensor], Tensor]
    log_joint: Callable[[Tensor], Tensor]
    leapfrog: int
    noise: Noise
    target: float = 0.8
    gain: float = 0.5
    warm_up: int = 30

    def at(self, z: Tensor) -> _State:
        z = z.detach()
        logs, gradients = [], []
        for density in (self.log_start, self.log_joint):
            with torch.enable_grad():
                inner = z.requires_grad_()
                value = density(inner)
                gradients.append(torch.autograd.grad(value.sum(), inner)[0])
            logs.append(value.detach())
        return _State(z.detach(), torch.stack(logs), torch.stack(gradients))

    def tune(self, draws: Tensor, betas: list[float]) -> list[Tensor]:
        """A step size (B,) for every temperature, led towards the target by the chains' mean acceptance."""
        size = torch.full(draws.shape[1:2], 0.1, dtype=draws.dtype, device=draws.device)
        state, sizes = self.at(draws), []
        for t, beta in enumerate([0.0] * self.warm_up + betas[1:]):
            sizes.append(size)
            state, accepted = self.move(state, beta, size, f"pilot {t}")
            size = size * ((accepted.mean(0) - self.target) * self.gain).exp()
        return sizes[self.warm_up :]

    def run(self, draws: Tensor, betas: list[float], sizes: list[Tensor]) -> tuple[Tensor, Tensor]:
        """The log weights (C, B) and the mean acceptance (B,)."""
        state = self.at(draws)
        log_weights = torch.zeros(draws.shape[:2], dtype=torch.float64, device=draws.device)
        acceptance = torch.zeros_like(log_weights[0])
        for t, (before, beta) in enumerate(pairwise(betas)):
            log_weights += (beta - before) * (state.logs[1].double() - state.logs[0].double())
            if beta < 1:  # what moves after the last weight changes nothing
                state, accepted = self.move(state, beta, sizes[t], f"chain {t}")
                acceptance += accepted.mean(0) / max(1, len(sizes) - 1)
        return log_weights, acceptance

    def move(self, state: _State, beta: float, size: Tensor, name: str) -> tuple[_State, Tensor]:
        """One transition that leaves f_t invariant, and its acceptance probabilities (C, B)."""
        chains, images, dimension = state.z.shape
        draw = self.noise
        momentum = draw.normal(chains, images, dimension, name=f"{name} momentum", axis=1).to(state.z)
        jitter = draw.uniform(chains, images, name=f"{name} jitter", axis=1).to(state.z)
        step = (size * (0.8 + 0.4 * jitter))[..., None]  # a fixed length may return an orbit to where it began
        energy = state.log(beta) - momentum.square().sum(-1) / 2
        there = state
        momentum = momentum + step / 2 * there.gradient(beta)
        for i in range(self.leapfrog):
            there = self.at(there.z + step * momentum)
            momentum = momentum + (step if i < self.leapfrog - 1 else step / 2) * there.gradient(beta)
        change = there.log(beta) - momentum.square().sum(-1) / 2 - energy
        acceptance = change.clamp(max=0).exp().nan_to_num(0.0)  # an orbit that left the numbers is refused
        level = draw.uniform(chains, images, name=f"{name} accept", axis=1).to(acceptance)
        return state.where(level < acceptance, there), acceptance
