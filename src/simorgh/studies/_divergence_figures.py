"""Figures of the study `divergences`."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure

from simorgh.report.style import LINES
from simorgh.studies._two_gaussians import LOSSES, Segments, felt

LABELS = {"saturating": "log(1 − D)", "non-saturating": "−log D", "printed": "printed: sum", "wgan": "WGAN"}
_COLOUR = dict(zip(LABELS, LINES))
_LOG2 = float(np.log(2))


def narrow(
    widths: np.ndarray,
    values: Mapping[tuple[str, float], Sequence[float]],
    fitted: Mapping[tuple[str, float], float],
    every: int,
) -> Figure:
    """KL and its slope by width, values and fitted powers by (quantity, gap); every so many marks are shown."""
    figure = Figure(figsize=(7.4, 3))
    words = {"kl": "KL, nats", "kl_slope": "∂KL/∂θ, nats per unit"}
    panels = dict(zip(words, figure.subplots(1, 2)))
    marks = iter("osos")
    for (quantity, gap), found in values.items():
        panel, label = panels[quantity], f"|θ − θ₀| = {gap}: slope {fitted[quantity, gap]:.6f}"
        panel.loglog(widths, found, next(marks), markersize=4, markevery=every, label=label)
        exact = (gap**2 / 2 if quantity == "kl" else gap) / widths**2
        panel.loglog(widths, exact, color="black", linewidth=0.8)
    for quantity, panel in panels.items():
        panel.set(xlabel="ε", ylabel=words[quantity])
        panel.legend()
    return figure


def saturation(eps: float) -> Figure:
    """What each loss passes back to the logit of one sample; its gradient by theta under the optimal discriminator."""
    figure = Figure(figsize=(7.4, 3.1))
    left, right = figure.subplots(1, 2)
    h = torch.linspace(-8, 8, 200, dtype=torch.float64, requires_grad=True)
    for name, loss in LOSSES.items():
        (passed,) = torch.autograd.grad(loss(h).sum(), h)
        left.plot(h.detach(), passed.abs(), color=_COLOUR[name], label=LABELS[name])
    left.axvspan(-8, -4, color="#F3F3F5", zorder=0)
    left.text(-7.8, 0.5, "D rejects\nthe sample", fontsize=8, va="center")
    left.set(xlabel="logit h of D(G(z))", ylabel="|d loss / d h|", ylim=(-0.03, 1.32))
    left.legend(loc="upper center", ncols=3, fontsize=7, columnspacing=1)
    gaps = np.linspace(0.005, 1.2, 120)
    for name in LOSSES:
        line, gradients = _dashed(name), [felt(gap, eps)[name] for gap in gaps]
        right.semilogy(gaps, gradients, line, color=_COLOUR[name], label=LABELS[name])
    right.axhline(1, color=_COLOUR["wgan"], label="WGAN")
    right.set(xlabel=f"|θ − θ₀|, ε = {eps}", ylabel="|d loss / d θ|", ylim=(1e-9, 1e5))
    right.legend(ncols=2, loc="lower left")
    return figure


def descent(paths: Mapping[tuple[str, float], np.ndarray]) -> Figure:
    """Paths of theta by (loss, width), one panel a width."""
    figure = Figure(figsize=(7.4, 3))
    widths = list(dict.fromkeys(eps for _, eps in paths))
    panels = dict(zip(widths, figure.subplots(1, len(widths), sharey=True)))
    for (name, eps), path in paths.items():
        panels[eps].plot(path, _dashed(name), color=_COLOUR[name], label=LABELS[name])
    for eps, panel in panels.items():
        panel.axhline(0, color="black", linewidth=0.8)
        panel.set(xlabel="step", title=f"ε = {eps}", ylim=(-1.6, 1.75), xlim=(-2, 82))
    figure.axes[0].set_ylabel("θ − θ₀")
    figure.axes[0].legend(loc="lower right", ncols=2)
    return figure


def _dashed(name: str) -> str:
    """The printed loss runs over the non-saturating one."""
    return "--" if name == "printed" else "-"


def three_distances(grid: np.ndarray, values: Mapping[tuple[str, float], Sequence[float]]) -> Figure:
    """Values over the gaps of `grid` by (distance, width), one panel a distance: KL, JS, W1."""
    figure = Figure(figsize=(7.8, 2.9))
    panels = dict(zip(("KL", "JS", "W1"), figure.subplots(1, 3)))
    for name, panel in panels.items():
        lines = {eps: found for (other, eps), found in values.items() if other == name}
        for (eps, found), colour, style in zip(lines.items(), LINES, ("-", "--", ":")):
            panel.plot(grid, found, color=colour, linestyle=style, label=f"ε = {eps}")
        panel.set(xlabel="θ − θ₀", title=name)
    panels["KL"].set(yscale="log", ylim=(1e-3, 1e3), ylabel="nats")
    panels["JS"].axhline(_LOG2, color="black", linewidth=0.8)
    panels["JS"].set(ylim=(0, 0.9), ylabel="nats")
    panels["JS"].text(-1, _LOG2 + 0.02, "log 2", fontsize=8)
    panels["W1"].set_ylabel("units of x")
    panels["W1"].legend(loc="upper center")
    return figure


def plan_and_critic(lines: Mapping[float, Segments], chosen: float) -> Figure:
    """The plan and the critic of the segments at `chosen` and 0; three distances over all places of the segment."""
    figure = Figure(figsize=(7.6, 3))
    left, right = figure.subplots(1, 2)
    places, plan, f = lines[chosen].places, lines[chosen].plan.plan, lines[chosen].critic.function
    arrow = {"arrowstyle": "->", "color": "#999999", "lw": 0.9, "shrinkA": 4, "shrinkB": 4}
    for i, j in zip(*np.nonzero(plan > 1e-9)):
        left.annotate("", places[j], places[i], arrowprops=arrow)
    dots = left.scatter(*places.T, c=f - f.min(), s=26, cmap="viridis", zorder=3)
    figure.colorbar(dots, ax=left).set_label("critic f")
    left.set(xlabel="first coordinate", ylabel="second coordinate", xlim=(-0.15, chosen + 0.15), ylim=(0, 1))
    thetas, found = np.array(list(lines)), list(lines.values())
    apart = thetas != 0
    right.plot(thetas, [one.plan.value for one in found], label="W1, plan (LP)")
    right.plot(thetas, [one.critic.value for one in found], "x", color="black", markersize=4, label="W1, critic (LP)")
    jensen = [one.js for one in found]
    right.plot(np.where(apart, thetas, np.nan), jensen, "o", markersize=3, color=LINES[1], label="JS")
    right.plot([0], [lines[0.0].js], "o", markersize=3, color=LINES[1])
    right.plot(thetas[apart], np.full(apart.sum(), 1.2), "^", markersize=4, color=LINES[2], label="KL = ∞")
    right.plot([0], [0], "^", markersize=4, color=LINES[2])
    right.set(xlabel="θ", ylabel="distance", ylim=(-0.05, 1.85))
    right.legend(loc="upper center", ncols=2)
    return figure
