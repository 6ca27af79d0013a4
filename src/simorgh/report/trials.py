"""Figures of a sweep: values of its trials by number, by parameter and along training. Every function returns a
matplotlib Figure."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from simorgh.report.style import LINES, QUIET, WRONG, class_colour, use_style


def trial_values(
    numbers: Sequence[int], values: Sequence[float | None], states: Sequence[str], ylabel: str = "value"
) -> Figure:
    """Values of the trials of a sweep by their number, and the best finished one so far as a line.

    `states` are "finished", "pruned" (hollow, with the value at which it was cut off) or "failed" (a cross on the
    axis). One value far above the others does not flatten them: the axis ends at 1.5 interquartile ranges.
    """
    use_style()
    figure = Figure(figsize=(5.6, 3.0))
    axes = figure.subplots()
    marks = {"finished": (LINES[0], LINES[0], "o"), "pruned": ("none", LINES[1], "o"), "failed": (WRONG, WRONG, "x")}
    known = np.array([v for v in values if v is not None])
    low, high = (known.min(), _fence(known)) if len(known) else (0.0, 1.0)
    best, line, pad = np.inf, [], 0.06 * (high - low or 1.0)
    for number, value, state in sorted(zip(numbers, values, states), key=lambda row: row[0]):
        best = min(best, value) if state == "finished" and value is not None else best
        line.append((number, best if np.isfinite(best) else np.nan))
        face, edge, mark = marks[state]
        y = low - 2 * pad if value is None else min(value, high + pad)
        colours = {"color": edge} if mark == "x" else {"facecolors": face, "edgecolors": edge}
        mark = "^" if value is not None and value > high else mark
        axes.scatter([number], [y], marker=mark, s=26, zorder=3, **colours)
    axes.step(*zip(*line), where="post", color=QUIET, linewidth=1.2, label="best so far", zorder=1)
    for state in dict.fromkeys(states):
        face, edge, mark = marks[state]
        axes.plot([], [], mark, color=edge, markerfacecolor=face, markersize=5, label=state)
    axes.set(xlabel="trial", ylabel=ylabel, ylim=(low - 3 * pad, high + 2 * pad))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _fence(values: np.ndarray) -> float:
    """Where the values that stand apart above begin: the largest one within 1.5 interquartile ranges (Tukey 1977)."""
    lower, upper = np.quantile(values, [0.25, 0.75])
    return float(values[values <= upper + 1.5 * (upper - lower)].max())


def trial_parameters(
    parameters: Mapping[str, Sequence[object]],
    values: Sequence[float],
    states: Sequence[str],
    log: Sequence[str] = (),
    categories: Mapping[str, Sequence[object]] | None = None,
    ylabel: str = "value",
) -> Figure:
    """One panel a parameter, three in a row: the value of each trial against it, pruned trials hollow.

    Args:
        parameters: by name, the value in each trial.
        log: names with a logarithmic axis.
        categories: by name, the values that were to choose from; they stand side by side in this order.
    """
    use_style()
    cols = min(3, len(parameters))
    rows = -(-len(parameters) // cols)
    figure = Figure(figsize=(2.5 * cols + 0.6, 2.5 * rows))
    panels = figure.subplots(rows, cols, sharey=True, squeeze=False).ravel()
    y, cut = np.asarray(values, dtype=float), np.array([s != "finished" for s in states])
    pad = 0.06 * ((high := _fence(y)) - y.min() or 1.0)
    for panel, (name, x) in zip(panels, parameters.items()):
        options = (categories or {}).get(name)
        places = np.array([list(options).index(v) for v in x] if options is not None else x, dtype=float)
        for mine, face, edge in ((~cut, LINES[0], LINES[0]), (cut, "none", LINES[1])):
            for far, mark in ((y > high, "^"), (y <= high, "o")):
                some = mine & far
                panel.scatter(places[some], np.minimum(y[some], high + pad), s=22, marker=mark, facecolors=face,
                              edgecolors=edge)  # fmt: skip
        panel.set(xlabel=name, ylim=(y.min() - pad, high + 2 * pad))
        if name in log:  # whole decades, so that there are two labels at least and none collide
            ends = np.floor(np.log10(places.min())), np.floor(np.log10(places.max())) + 1
            panel.set(xscale="log", xlim=10.0 ** np.array(ends))
            panel.xaxis.set_minor_formatter(NullFormatter())
        if options is not None:
            panel.set_xticks(range(len(options)), [str(o) for o in options])
            panel.set_xlim(-0.5, len(options) - 0.5)
    for panel in panels[::cols]:
        panel.set_ylabel(ylabel)
    for panel in panels[len(parameters) :]:
        panel.set_visible(False)
    return figure


def trial_curves(
    curves: Mapping[int, Sequence[tuple[float, float]]], states: Sequence[str], xlabel: str, ylabel: str
) -> Figure:
    """The values of trials along their training, (place, value) by number: finished ones solid, others dashed."""
    use_style()
    figure = Figure(figsize=(5.6, 3.4))
    axes = figure.subplots()
    high = _fence(np.array([v for points in curves.values() for _, v in points]))
    low = min(v for points in curves.values() for _, v in points)
    for i, ((number, points), state) in enumerate(zip(curves.items(), states)):
        style = "-" if state == "finished" else "--"
        axes.plot(*zip(*points), style, color=class_colour(i), marker=".", markersize=4, linewidth=1.2,
                  label=f"{number}{'' if state == 'finished' else f' ({state})'}")  # fmt: skip
    pad = 0.06 * (high - low or 1.0)
    axes.set(xlabel=xlabel, ylabel=ylabel, ylim=(low - pad, high + pad))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(title="trial", loc="upper left", bbox_to_anchor=(1, 1), ncols=-(-len(curves) // 16))
    return figure
