"""Figures of the study `fid`."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simorgh.metrics.frechet import expected_bias
from simorgh.metrics.intervals import Interval
from simorgh.noise import philox
from simorgh.report.style import LINES
from simorgh.studies._frechet import optimal_map, root


def plan_and_excess(P: np.ndarray, Q: np.ndarray, excess: Mapping[int, Interval]) -> Figure:
    """The optimal plan between Gaussians of the plane with covariances P and Q; excess of a transport by n."""
    figure = Figure(figsize=(7.4, 3.1))
    left, right = figure.subplots(1, 2)
    x = philox("drawn").standard_normal((45, 2)) @ root(P)
    y = x @ optimal_map(P, Q) + np.array([0.5, 2.5])
    for start, end in zip(x, y):
        left.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": "#BBBBBB", "lw": 0.7})
    left.plot(*x.T, "o", markersize=3, label="x")
    left.plot(*y.T, "s", markersize=3, label="y = m + T x")
    left.set(aspect="equal", title="optimal plan of two Gaussians")
    left.legend(loc="upper right")
    sizes, found = list(excess), list(excess.values())
    spread = np.array([[m.value - m.low, m.high - m.value] for m in found]).T
    label = "transport − FD, same samples"
    right.errorbar(sizes, [m.value for m in found], yerr=spread, fmt="o-", capsize=3, label=label)
    right.set(xscale="log", yscale="log", xlabel="n", ylabel="squared distance")
    _ticks(right, sizes)
    right.legend()
    return figure


def _ticks(panel: Axes, values: Sequence[int]) -> None:
    panel.set_xticks(values, values)
    panel.xaxis.minorticks_off()


def bias(counts: Sequence[int], tables: Mapping[int, np.ndarray], infinite: Mapping[int, Interval]) -> Figure:
    """Distances of equal Gaussians, (repeats, counts) and the intercept by dimension, with the first-order formula."""
    figure = Figure(figsize=(7.6, 3.1))
    left, right = figure.subplots(1, 2)
    for mark, colour, (d, table) in zip("os", LINES, tables.items()):
        means, theory = table.mean(0), [expected_bias(np.ones(d), n) for n in counts]
        power = float(np.polyfit(np.log(counts), np.log(means), 1)[0])
        left.loglog(counts, means, mark, markersize=5, color=colour, label=f"d = {d}: slope {power:.3f}")
        left.loglog(counts, theory, color=colour, linewidth=0.9)
        right.plot(1 / np.array(counts), means / d, mark, markersize=5, color=colour, label=f"d = {d}")
        right.plot([0, 1 / counts[0]], [infinite[d].value / d, theory[0] / d], color=colour, linewidth=0.9)
    left.set(xlabel="N in each set", ylabel="FD of equal Gaussians")
    _ticks(left, counts)
    left.legend()
    right.set(xlabel="1 / N", ylabel="FD / d", xlim=(0, None), ylim=(0, None))
    right.legend()
    return figure


def bias_of_digits(counts: Sequence[int], means: Mapping[str, np.ndarray], infinite: Mapping[str, Interval]) -> Figure:
    """Mean distances by 1 / N with their straight lines, one colour a pair of sets."""
    figure = Figure(figsize=(5.2, 3.1))
    panel = figure.subplots()
    inverse, ends = 1 / np.array(counts), [0, 1 / counts[0]]
    for mark, colour, (name, values) in zip("os^", LINES, means.items()):
        panel.plot(inverse, values, mark, color=colour, markersize=5, label=name)
        panel.plot(ends, np.polyval(np.polyfit(inverse, values, 1, w=counts), ends), color=colour, linewidth=0.9)
    low = min(0, min(v.value for v in infinite.values())) * 1.1
    panel.set(xlabel="1 / N", ylabel="fd-digits", xlim=(0, None), ylim=(low, None))
    panel.legend()
    return figure


_STRENGTH = {"noise": "σ of the noise", "blur": "σ of the blur, pixels", "shift": "shift, pixels",
             "missing classes": "classes removed"}  # fmt: skip


def sensitivity(strengths: Mapping[str, Sequence[float]], values: Mapping[str, Sequence[float]]) -> Figure:
    """Distance by the strength of each fault; the first value, dashed, is that of clean images."""
    figure = Figure(figsize=(7.8, 2.9))
    panels = figure.subplots(1, 4, sharey=True)
    for panel, colour, (name, found) in zip(panels, LINES, values.items()):
        panel.semilogy([0, *strengths[name]], found, "o-", color=colour)
        panel.axhline(found[0], color="black", linewidth=0.8, linestyle="--")
        panel.set(title=name, xlabel=_STRENGTH[name])
    panels[0].set_ylabel("fd-digits (log)")
    return figure


def blind(shapes: Mapping[str, np.ndarray], real: np.ndarray, replaced: np.ndarray) -> Figure:
    """Clouds (n, 2) of equal moments, and the liveliest feature of real (m, d) beside the Gaussian in its place."""
    figure = Figure(figsize=(7.8, 2.6))
    panels = figure.subplots(1, 4)
    for panel, name in zip(panels, ("Gaussian", "skewed", "ring")):
        panel.plot(*shapes[name][:: len(shapes[name]) // 200].T, ".", markersize=3)
        ticks = [-3, 0, 3]
        panel.set(title=name, xlim=(-4, 5), ylim=(-4, 5), xticks=ticks, yticks=ticks, aspect="equal")
    unit, last = int(np.cov(real, rowvar=False).diagonal().argmax()), panels[3]
    both = [real[:, unit], replaced[:, unit]]
    last.hist(both, bins=24, histtype="step", density=True, label=["digits", "Gaussian"])
    last.set(title="one feature", xlabel=f"feature {unit}")
    last.margins(y=0.35)
    last.legend(loc="upper right")
    return figure


def grids(tf1: np.ndarray, middle: np.ndarray, digit: np.ndarray, moved: np.ndarray) -> Figure:
    """Where the first 36 output pixels of both resizing rules read the source; a digit (H, W), moved, and what differs."""
    figure = Figure(figsize=(7.4, 2.7))
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    for source in range(4):
        left.axvspan(source - 0.5, source + 0.5, color="#F3F3F5" if source % 2 == 0 else "white", zorder=0)
    left.plot(tf1[:36], np.full(36, 1), "o", markersize=3, label="TF1 rule")
    left.plot(middle[:36], np.full(36, 0), "s", markersize=3, label="half-pixel rule")
    for one, other in zip(tf1[:36:9], middle[:36:9]):
        left.plot([one, other], [1, 0], color="#999999", linewidth=0.8)
    left.set(xlabel="place in the source image, pixels", yticks=[], ylim=(-0.5, 2.1), xlim=(-0.55, 3.4))
    left.legend(loc="upper right", ncols=2)
    right.imshow(np.concatenate([digit, moved, np.abs(digit - moved)], 1), vmin=0, vmax=1)
    right.set(xticks=[14, 42, 70], yticks=[], title="")
    right.set_xticklabels(["image", "moved", "|difference|"], fontsize=8)
    right.grid(False)
    return figure
