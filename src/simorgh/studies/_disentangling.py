"""Parts of the study `beta_vae`: a linear beta-VAE that can be solved, points of the beta-VAE score, figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import minimize
from scipy.special import rel_entr
from scipy.stats import norm

from simorgh.noise import philox
from simorgh.report.style import LINES, QUIET


@dataclass(frozen=True)
class Linear:
    """A linear beta-VAE on independent Gaussians of the given `variances`, with pixel variance `pixel`.

    Along each axis the code is a x + s noise and the output w code. Rates and distortions are in nats per example.
    """

    variances: np.ndarray
    pixel: float

    def cost(self, p: np.ndarray) -> tuple[float, float]:
        """R and D, with its constant, for p = log (a, s, w) of all axes in a row."""
        a, s, w = np.exp(np.clip(p.reshape(3, -1), -20, 5))
        rate = 0.5 * (a**2 * self.variances + s**2 - 1 - 2 * np.log(s)).sum()
        error = self.variances * (1 - w * a) ** 2 + (w * s) ** 2
        return float(rate), float((error / self.pixel + log(2 * np.pi * self.pixel)).sum() / 2)

    def filled(self, beta: float) -> tuple[float, float, int]:
        """R, D and the axes in use at the optimum for beta: reverse water-filling (Cover & Thomas 2006, 10.3.3)."""
        level = np.minimum(beta * self.pixel, self.variances)
        distortion = (level / self.pixel + log(2 * np.pi * self.pixel)).sum() / 2
        return float(0.5 * np.log(self.variances / level).sum()), float(distortion), int((level < self.variances).sum())

    def minimised(self, beta: float) -> tuple[float, float, float]:
        """R and D where D + beta R is least, found numerically; and the mean -log p(x) of that model."""
        found = minimize(
            lambda p: self.cost(p)[1] + beta * self.cost(p)[0], self._start(), options={"gtol": 1e-8, "maxiter": 5000}
        )
        total = np.exp(found.x.reshape(3, -1)[2]) ** 2 + self.pixel
        return *self.cost(found.x), float(0.5 * (np.log(2 * np.pi * total) + self.variances / total).sum())

    def bought(self, budget: float) -> float:
        """The least D with R at most `budget`, by sequential quadratic programming."""
        within = {"type": "ineq", "fun": lambda p: budget - self.cost(p)[0]}
        options = {"maxiter": 500, "ftol": 1e-13}
        return float(minimize(lambda p: self.cost(p)[1], self._start(), constraints=within, options=options).fun)

    def _start(self) -> np.ndarray:
        return np.full(3 * len(self.variances), -0.3)


def split(means: np.ndarray, deviations: np.ndarray) -> tuple[list[float], float]:
    """Information, total correlation and divergence of single latents from N(0, 1); and R, which is their sum.

    For N images with posteriors N(means, deviations^2), both (N, 2), in nats; integrated over a grid, R in closed form.
    """
    axis, step = np.linspace(-7, 7, 1401, retstep=True)
    each = [np.outer(*(norm.pdf(axis, m, s) for m, s in zip(*pair))) for pair in zip(means, deviations)]
    every = np.mean(each, 0)
    margins = every.sum(1) * step, every.sum(0) * step
    information = np.mean([rel_entr(q, every).sum() for q in each]) * step**2
    correlation = rel_entr(every, np.outer(*margins)).sum() * step**2
    alone = sum(rel_entr(m, norm.pdf(axis)).sum() for m in margins) * step
    rate = 0.5 * (means**2 + deviations**2 - 1 - 2 * np.log(deviations)).sum(1).mean()
    return [float(information), float(correlation), float(alone)], float(rate)


def turned(angles: np.ndarray, strengths: tuple[float, float], beta: float, pixel: float) -> np.ndarray:
    """Nats that the best diagonal posterior loses to a full one when two latents stand at `angles` (n,) in radians to
    the directions of a linear decoder with these squared `strengths`."""
    cos, sin = np.cos(angles), np.sin(angles)
    turn = np.stack([cos, -sin, sin, cos], 1).reshape(-1, 2, 2)
    precision = np.eye(2) + turn @ np.diag(strengths) @ turn.swapaxes(1, 2) / (beta * pixel)
    diagonal = np.diagonal(precision, axis1=1, axis2=2)
    return beta / 2 * (np.log(diagonal).sum(1) - np.linalg.slogdet(precision)[1])


def points(
    law: Callable[[np.ndarray], np.ndarray], sizes: Sequence[int], n: int, pairs: int, purpose: str
) -> tuple[np.ndarray, np.ndarray]:
    """Steps 1 to 3 of Higgins et al. 2017, section 3: which factor was fixed (n,), mean absolute differences (n, d).

    `law` gives codes (..., d) for factors (..., F) of `sizes` values. A pair shares its value of the fixed factor,
    which may differ from pair to pair.
    """
    rng = philox("beta vae", purpose)
    which = rng.integers(len(sizes), size=n)
    one, other = (rng.integers(0, sizes, (n, pairs, len(sizes))) for _ in range(2))
    other = np.where(np.arange(len(sizes)) == which[:, None, None], one, other)
    return which, np.abs(law(one) - law(other)).mean(1)


def lines(x: np.ndarray, ys: Mapping[str, np.ndarray], xlabel: str, ylabel: str) -> Figure:
    """Lines by name over one axis."""
    figure = Figure(figsize=(6.4, 2.6))
    axes = figure.subplots()
    for i, (name, y) in enumerate(ys.items()):
        axes.plot(x, y, color=LINES[i], label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def rate_distortion(betas: Sequence[float], rates: np.ndarray, distortions: np.ndarray, known: float) -> Figure:
    """The curve, each point with its beta and a piece of the line of slope -beta; `known` is a dashed rate."""
    figure = Figure(figsize=(5.4, 3.4))
    axes = figure.subplots()
    axes.plot(rates, distortions, "o-", color=LINES[0])
    for beta, rate, distortion in zip(betas, rates, distortions):
        half = min(0.06 * np.ptp(rates), 0.12 * np.ptp(distortions) / beta)
        ends = [rate - half, rate + half], [distortion + beta * half, distortion - beta * half]
        axes.plot(*ends, color=LINES[1], linewidth=1.2, zorder=3)
        axes.annotate(f"beta = {beta}", (rate, distortion), (7, 5), textcoords="offset points", fontsize=8)
    axes.axvline(known, color=QUIET, linestyle="--", linewidth=1)
    axes.set(xlabel="rate: KL, nats", ylabel="distortion: reconstruction, nats")
    axes.margins(x=0.15, y=0.1)
    return figure


def how_it_works(
    tables: Mapping[str, np.ndarray], factors: Sequence[str], accuracy: Mapping[str, Mapping[int, float]]
) -> Figure:
    """Tables (F, d) of mean absolute differences by title, and accuracies against the number of pairs by title."""
    figure = Figure(figsize=(9.2, 2.5))
    *panels, last = figure.subplots(1, len(tables) + 1, width_ratios=[1] * len(tables) + [1.3])
    for i, (panel, (title, table)) in enumerate(zip(panels, tables.items())):
        panel.imshow(table, cmap="Blues", vmin=0, vmax=2)
        for (k, j), value in np.ndenumerate(table):
            panel.text(j, k, f"{value:.2f}", ha="center", va="center", fontsize=7)
        panel.set(title=title, xlabel="code", xticks=range(table.shape[1]), yticks=range(len(factors)))
        panel.set_yticklabels(factors if i == 0 else [])
        panel.grid(False)
    for i, (title, line) in enumerate(accuracy.items()):
        last.plot(list(line), list(line.values()), "o-", markersize=3, color=LINES[i], label=title)
    last.set(xscale="log", xlabel="pairs a point, L", title="accuracy", ylim=(0, 1.05))
    last.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def dots(
    scores: Mapping[str, Mapping[str, Sequence[float]]], marks: Mapping[str, Mapping[str, Sequence[float]]]
) -> Figure:
    """One panel a score: a dot for each training of each model, and black lines at its `marks`."""
    figure = Figure(figsize=(2.8 * len(scores), 2.5))
    for axes, (score, models) in zip(figure.subplots(1, len(scores), sharey=True, squeeze=False)[0], scores.items()):
        for i, (model, values) in enumerate(models.items()):
            axes.plot([i] * len(values), values, "o", color=LINES[i], alpha=0.8)
            for mark in marks[score].get(model, ()):
                axes.plot([i - 0.3, i + 0.3], [mark, mark], color="black", linewidth=1)
        axes.set(title=score, xticks=range(len(models)), ylim=(0, 1), xlim=(-0.6, len(models) - 0.4))
        axes.set_xticklabels([model.replace(", ", "\n") for model in models], fontsize=7)
    return figure
