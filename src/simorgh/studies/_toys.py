"""Parts of the study `langevin`: laws of a few points whose score is exact, what is measured on them, figures."""

from math import sqrt

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.spatial import cKDTree
from torch import Tensor

from simorgh.diffusion.exact import Mixture
from simorgh.metrics.divergences import quadrature
from simorgh.noise import philox
from simorgh.report.style import LINES, WRONG

EDGES = np.linspace(-3.5, 3.5, 15)


def tensor(values) -> Tensor:
    return torch.as_tensor(np.asarray(values), dtype=torch.float64)


def normals(*key: object):
    """Fresh float64 noise, shape by shape, from one named stream."""
    rng = philox("langevin", *key)
    return lambda *shape: torch.from_numpy(rng.standard_normal(shape))


def score(law: Mixture, z: Tensor, q: float) -> Tensor:
    """The gradient of the log-density of `law` with noise of size q at z (B, D)."""
    return law.score(z, torch.full((len(z),), q, dtype=torch.float64))


def truth(law: Mixture, q: float, n: int, *key: object) -> Tensor:
    """(n, D) independent draws of `law` with noise of size q."""
    rng = philox("truth", *key)
    picked = law.points[rng.choice(len(law.points), n, p=law.weights.numpy())]
    return picked + q * torch.from_numpy(rng.standard_normal(picked.shape))


class OnALine:
    """Three points on the line with noise sigma: both objectives of a score by quadrature, and fits from draws.

    Attributes:
        z, mass: nodes, and density times weight at them.
        exact: derivative of the log-density, by autograd.
        minimiser: of denoising score matching, at every node a weighted mean of three targets.
        unnormalised: the derivative for a density multiplied by a million.
    """

    places, weights, sigma = np.array([-1.0, 0.2, 1.5]), np.array([0.5, 0.2, 0.3]), 0.4
    centres = np.linspace(-3, 3.5, 40)

    def __init__(self):
        self.z, dz = quadrature(np.linspace(-5, 6, 81))
        apart = self.z[:, None] - self.places
        height = np.exp(-(apart**2) / (2 * self.sigma**2)) / (self.sigma * sqrt(2 * np.pi))
        self.joint = self.weights * height  # p(x) p(z | x)
        self.target = -apart / self.sigma**2
        self.density = self.joint.sum(1)
        self.dz, self.mass = dz, self.density * dz
        self.minimiser = (self.joint * self.target).sum(1) / self.density
        law = Mixture(tensor(self.places)[:, None], tensor(self.weights))
        self.exact = self._slope(lambda z: law.log_density(z, torch.full((len(z),), self.sigma, dtype=z.dtype)))
        self.unnormalised = self._slope(self._log_of_a_million)

    def _log_of_a_million(self, z: Tensor) -> Tensor:
        bumps = torch.exp(-((z - tensor(self.places)) ** 2) / (2 * self.sigma**2))
        return (1e6 * bumps @ tensor(self.weights)).log()

    def _slope(self, log_density) -> np.ndarray:
        z = tensor(self.z)[:, None].requires_grad_()
        return torch.autograd.grad(log_density(z).sum(), z)[0][:, 0].numpy()

    def objectives(self, s: np.ndarray) -> tuple[float, float]:
        """Half the mean squared distance of `s` from the score, and from the targets of denoising score matching."""
        explicit = float(self.mass @ (s - self.exact) ** 2) / 2
        return explicit, float(self.dz @ (self.joint * (s[:, None] - self.target) ** 2).sum(1)) / 2

    def constant(self) -> float:
        """What the two should differ by."""
        return (1 / self.sigma**2 - float(self.mass @ self.exact**2)) / 2

    def error(self, s: np.ndarray) -> float:
        """Squared error relative to the score's second moment."""
        return float(self.mass @ (s - self.exact) ** 2 / (self.mass @ self.exact**2))

    def _bumps(self, z: np.ndarray) -> np.ndarray:
        return np.exp(-((z[:, None] - self.centres) ** 2) / (2 * 0.25**2))

    def best(self) -> np.ndarray:
        """The best that 40 bumps can do."""
        root = np.sqrt(self.mass)
        features = self._bumps(self.z)
        return features @ np.linalg.lstsq(features * root[:, None], self.exact * root, rcond=1e-12)[0]

    def fit(self, n: int) -> np.ndarray:
        """Least squares of -eps / sigma on 40 bumps from `n` noisy draws."""
        rng = philox("dsm", n)
        noise = rng.standard_normal(n)
        seen = self.places[rng.choice(3, n, p=self.weights)] + self.sigma * noise
        gram, right = np.zeros((40, 40)), np.zeros(40)
        for part in np.array_split(np.arange(n), max(1, n // 50_000)):
            some = self._bumps(seen[part])
            gram, right = gram + some.T @ some, right + some.T @ (-noise[part] / self.sigma)
        return self._bumps(self.z) @ np.linalg.solve(gram + 1e-6 * n * np.eye(40), right)


def cells(points: Tensor) -> np.ndarray:
    """Shares of `points` (N, 2) in 16 x 16 cells, the outer ones without end."""
    where = [np.digitize(points[:, i].numpy(), EDGES) for i in (0, 1)]
    return np.bincount(where[0] * 16 + where[1], minlength=256) / len(points)


def variation(p: np.ndarray, q: np.ndarray) -> float:
    return 0.5 * float(np.abs(p - q).sum())


def carried(r: float, variance: float, steps: int) -> float:
    """Variance about one point after Langevin steps, both in units of sigma^2."""
    kept, k = (1 - r) ** (2 * steps), 1 / (1 - r / 2)
    return kept * (variance - k) + k


def widths(points: Tensor, law: Mixture) -> tuple[Tensor, Tensor]:
    """Shares of the nearest point of `law`, and the mean squared distance to it per axis, (N,)."""
    nearest = torch.cdist(points, law.points).argmin(1)
    shares = nearest.bincount(minlength=len(law.points)).double() / len(points)
    return shares, (points - law.points[nearest]).square().mean(1)


def circle_objective(taus: np.ndarray, sigma: float, n: int = 20_000) -> np.ndarray:
    """E[|s|^2 / 2 + div s] of s = (pi(x) - x) / tau^2 for x on the unit circle with noise sigma."""
    rng = philox("circle")
    angle = rng.random(n) * 2 * np.pi
    x = np.stack([np.cos(angle), np.sin(angle)], 1) + sigma * rng.standard_normal((n, 2))
    rho = np.linalg.norm(x, axis=1)
    return np.array([np.mean((1 - rho) ** 2 / (2 * t**4) + ((1 - rho) / rho - 1) / t**2) for t in taus])


def spiral(n: int = 800) -> Mixture:
    turn = np.linspace(0, 1, n)
    radius, angle = 0.4 + 1.4 * turn, 3 * np.pi * turn
    return Mixture(tensor(np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)))


def learnt_error(curve: Mixture, plane: np.ndarray, q: float, n: int, near: int = 40) -> np.ndarray:
    """Error of the mean target of the `near` nearest of n noisy points at `plane` (P, 2), in eps = -q score, relative
    where |eps| is above 1."""
    rng = philox("curve", q)
    noise = rng.standard_normal((n, 2))
    noisy = curve.points.numpy()[rng.integers(len(curve.points), size=n)] + q * noise
    guess = noise[cKDTree(noisy).query(plane, near)[1]].mean(1)
    eps = -q * score(curve, tensor(plane), q).numpy()
    return np.linalg.norm(guess - eps, axis=1) / np.maximum(np.linalg.norm(eps, axis=1), 1)


def what_it_does(law: Mixture, q: float, ends: dict[str, Tensor], reach: float = 3.4) -> Figure:
    """The score of `law` at level q as arrows, then where the chains of each title ended; a cross at their start."""
    figure = Figure(figsize=(7.6, 2.3))
    panels = figure.subplots(1, 1 + len(ends))
    coarse, fine = (np.meshgrid(*[np.linspace(-reach, reach, k)] * 2) for k in (15, 90))
    at, where = (tensor(np.stack([part.ravel() for part in grid], 1)) for grid in (coarse, fine))
    height = law.log_density(where, torch.full((len(where),), q, dtype=torch.float64)).exp().view(90, 90)
    panels[0].quiver(*coarse, *score(law, at, q).numpy().T, scale=110, width=0.006, color="#555555")
    panels[0].set_title("score")
    for panel, (title, points) in zip(panels[1:], ends.items()):
        panel.scatter(*points[:1500].T, s=1, color=LINES[1], alpha=0.4)
        panel.set_title(title)
    for panel in panels:
        panel.contour(*fine, height, 5, colors=LINES[0], linewidths=0.7)
        panel.plot(-2.5, 2.5, "k+", markersize=8)
        panel.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=[], yticks=[], aspect="equal")
        panel.grid(False)
    return figure


def step_sizes(
    variance: dict[float, float], weights: dict[float, float], steps: int, title: str, floor: float
) -> Figure:
    """Variance after `steps` from 4 by r against theory; error of the mixing weights by r against a perfect sampler."""
    figure = Figure(figsize=(7.4, 2.6))
    left, right = figure.subplots(1, 2)
    smooth = np.geomspace(0.004, 1.97, 300)
    left.loglog(smooth, [carried(r, 4.0, steps) for r in smooth], color="black", linewidth=0.9, label="theory")
    left.plot(*zip(*variance.items()), "o", markersize=4, label="measured")
    left.set(xlabel="r = step / σ²", ylabel="variance / σ²", title=f"one level, {steps} steps", ylim=(0.7, 60))
    right.semilogx(*zip(*weights.items()), "o-", label="error of the weights, TV")
    right.axhline(floor, color="black", linewidth=0.8, linestyle="--")
    right.set(xlabel="r = step / σ²", title=title, ylim=(0, None))
    for panel in (left, right):
        panel.axvline(2, color=WRONG, linestyle="--", linewidth=1)
        panel.legend()
    return figure


def manifold(maps: dict[float, np.ndarray], curve: Mixture, objectives: dict[float, tuple]) -> Figure:
    """One map of `learnt_error` on [-2.4, 2.4]^2 a level, and objectives (taus, values) on the circle by level."""
    figure = Figure(figsize=(7.8, 2.5))
    panels = figure.subplots(1, len(maps) + 1, width_ratios=[*[1] * len(maps), 1.25])
    for panel, (q, error) in zip(panels, maps.items()):
        side = int(len(error) ** 0.5)
        shown = panel.imshow(
            error.reshape(side, side), extent=(-2.4, 2.4) * 2, origin="lower", vmin=0, vmax=1, cmap="magma"
        )
        panel.scatter(*curve.points.numpy().T, s=0.4, color="white")
        panel.set(title=f"σ = {q}", xticks=[], yticks=[])
        panel.grid(False)
    words = "error of the score learnt from noisy data, relative"
    figure.colorbar(shown, ax=panels[:-1], location="bottom", shrink=0.5, aspect=40, label=words)
    for (sigma, (taus, values)), colour in zip(objectives.items(), LINES):
        panels[-1].semilogx(taus, np.clip(values, -700, None), color=colour, label=f"σ = {sigma:g}")
    panels[-1].set(ylim=(-420, 120), xlabel="τ", title="objective, circle")
    panels[-1].legend(fontsize=7)
    return figure
