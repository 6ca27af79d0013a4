"""Figures of the study `latent_priors`."""

from collections.abc import Mapping, Sequence
from math import pi

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats
from torch import Tensor

from simorgh.nn.latent import Categorical, VonMisesFisher
from simorgh.report.style import class_colour
from simorgh.studies._laws import ANGLES, FINE, GAUSSIAN_ENTROPY, LAWS, ROUND_STUDENT, TARGET_CDF, Gradients
from simorgh.studies._priors import Coded


def rotation(information: Mapping[str, np.ndarray]) -> Figure:
    """Level lines of two product laws; dependence of the coordinates of each law by the angle of rotation."""
    figure = Figure(figsize=(7.6, 3.1))
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.5])
    plane = np.linspace(-3, 3, 161)
    for law, colour in ((LAWS["Laplace"], "#CC6677"), (stats.norm, "#332288")):
        height = np.add.outer(law.logpdf(plane), law.logpdf(plane))
        left.contour(plane, plane, height, np.arange(-7, 0), colors=colour, linewidths=1, linestyles="solid")
    left.set(aspect="equal", xlabel="$z_1$", ylabel="$z_2$", title="log-density: Gaussian, Laplace")
    for name, values in information.items():
        right.plot(np.rad2deg(ANGLES), values, label=name)
    right.axhline(ROUND_STUDENT, color="black", linestyle=":", label="Student, round")
    right.set(xlabel="rotation, degrees", ylabel="mutual information, nats")
    right.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def universality(made: Mapping[int, np.ndarray], cloud: np.ndarray) -> Figure:
    """What decoders of each width made of a Gaussian; a cloud (n, 2) and the ring made of it."""
    figure = Figure(figsize=(7.6, 2.7))
    left, right = figure.subplots(1, 2, width_ratios=[2, 1])
    left.plot(FINE[::40], np.gradient(TARGET_CDF, FINE)[::40], color="black", label="target")
    for width, values in made.items():
        left.hist(values, 120, range=(-3, 5), density=True, histtype="step", label=f"width {width}")
    left.set(xlabel="x", ylabel="density", ylim=(0, 1.2))
    left.legend()
    right.scatter(*cloud.T, s=2, color="#BBBBBB", label="z")
    ring = cloud / 10 + cloud / np.linalg.norm(cloud, axis=1, keepdims=True)
    right.scatter(*ring.T, s=2, label="z/10 + z/|z|")
    right.set(aspect="equal", xlim=(-3, 3), ylim=(-3, 3))
    right.legend(loc="upper right")
    return figure


def gradient_variance(found: Mapping[int, Gradients]) -> Figure:
    """Variance of one draw of each estimator by the dimension of a Gaussian code."""
    figure = Figure(figsize=(4.6, 3))
    panel = figure.subplots()
    for i, label in enumerate(("pathwise", "score", "score, baseline")):
        panel.plot(list(found), [float(estimates[i].var()) for estimates in found.values()], "o-", label=label)
    panel.axhline(4 * np.exp(-1), color="black", linestyle=":", label="4 σ²")
    panel.set(xscale="log", yscale="log", xlabel="dimensions of the code", ylabel="variance of one gradient draw")
    panel.legend()
    return figure


def central_limit(terms: np.ndarray, entropies: Mapping[str, Sequence[float]]) -> Figure:
    """What the entropy of a standardised sum lacks to a Gaussian's, by the number of terms."""
    figure = Figure(figsize=(5, 3))
    panel = figure.subplots()
    for name, values in entropies.items():
        panel.plot(terms, GAUSSIAN_ENTROPY - np.array(values), "o-", label=name)
    panel.set(xscale="log", yscale="log", xlabel="independent causes in the sum", ylabel="missing entropy, nats",
              xticks=terms, xticklabels=terms)  # fmt: skip
    panel.legend()
    return figure


def codes(coded: Mapping[str, Coded], classes: Tensor, shown: int) -> Figure:
    """One panel a model: mean codes of the first images by class, the prior behind; symbols as bars of their use."""
    figure = Figure(figsize=(8.4, 5.4))
    for panel, (name, one) in zip(figure.subplots(2, 3).flat, coded.items()):
        panel.set_title(name)
        panel.grid(False)
        means, y = one.posterior.mean[:shown], classes[:shown]
        if isinstance(one.latent, Categorical):
            _symbols(panel, one.posterior.mean.argmax(-1), classes)
            continue
        if isinstance(one.latent, VonMisesFisher):
            means = torch.stack([torch.atan2(means[:, 1], means[:, 0]), means[:, 2]], 1)
            panel.set(xlim=(-pi, pi), ylim=(-1, 1), xlabel="longitude", ylabel="height", facecolor="#DDDDDD")
        else:
            _prior(panel, one.latent, 1.15 * float(means.abs().quantile(0.995)))
        for c in range(10):
            panel.scatter(*means[y == c].T, s=2, alpha=0.5, color=class_colour(c), linewidths=0, label=str(c))
    figure.legend(*figure.axes[0].get_legend_handles_labels(), ncols=10, loc="outside lower center", markerscale=4)
    return figure


def _symbols(panel: Axes, symbol: Tensor, classes: Tensor) -> None:
    table = torch.stack([(symbol[classes == c]).bincount(minlength=64) for c in range(10)]) / len(symbol)
    order, floor = table.sum(0).argsort(descending=True), torch.zeros(64)
    for c in range(10):
        panel.bar(range(64), table[c][order], 1.0, bottom=floor, color=class_colour(c))
        floor = floor + table[c][order]
    panel.axhline(1 / 64, color="black", linewidth=1, linestyle="--")
    panel.set(xlabel="symbol, by frequency", ylabel="share of test images")


@torch.no_grad()
def _prior(panel: Axes, latent, limit: float) -> None:
    """Shades that hold 50, 90 and 99 % of the prior's mass in the picture [-limit, limit]^2."""
    nodes = torch.linspace(-limit, limit, 301)
    density = latent.log_prior(torch.stack(torch.meshgrid(nodes, nodes, indexing="xy"), -1)).exp()
    order = density.flatten().sort(descending=True).values
    levels = [float(order[(order.cumsum(0) < share * order.sum()).sum()]) for share in (0.99, 0.9, 0.5)]
    shades = ["#E8E8E8", "#D2D2D2", "#B4B4B4"]
    panel.contourf(nodes, nodes, density, [*levels, float(order[0]) * 1.01], colors=shades)
    panel.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal", xlabel="$z_1$", ylabel="$z_2$")


def checks(angles: np.ndarray, swing: Mapping[str, np.ndarray], counts: Sequence[int], lack: np.ndarray) -> Figure:
    """Change of the log-prior by the angle of rotation; missing entropy lack (images, counts) by pixels seen."""
    figure = Figure(figsize=(7.8, 3))
    left, right = figure.subplots(1, 2)
    for name, values in swing.items():
        left.plot(np.rad2deg(angles), values, label=name)
    left.set(xlabel="rotation of the codes, degrees", ylabel="change of the mean log-prior, nats")
    left.legend()
    right.plot(counts, np.median(lack, 0), "o-", color="black", label="median")
    right.plot(counts, lack.T, color="#BBBBBB", linewidth=0.6)
    right.set(xscale="log", yscale="log", xlabel="pixels seen", ylabel="KL to a Gaussian, nats", xticks=counts,
              xticklabels=counts)  # fmt: skip
    right.minorticks_off()
    right.legend()
    return figure
