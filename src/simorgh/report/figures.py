"""Figures from arrays: nothing here knows a run, a model or a file. Every function returns a matplotlib Figure.

Images are (N, C, H, W) with C = 1 or 3 and values in [0, 1]; codes are (N, 2); anything that NumPy can read
(tensors too) is taken. The caption belongs to the report, not into the figure.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from numpy.typing import ArrayLike
from scipy.stats import gaussian_kde

from simorgh.errors import UserError
from simorgh.report.style import LINES, QUIET, RIGHT, WRONG, class_colour, use_style

History = Sequence[Mapping[str, float]]


def array(values: ArrayLike) -> np.ndarray:
    """A NumPy array of `values`; tensors are detached and brought to the CPU."""
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


def mosaic(images: ArrayLike, rows: int, cols: int, gap: int = 1, paper: float = 1.0) -> np.ndarray:
    """(rows (H + gap) - gap, cols (W + gap) - gap, 3) picture of exactly rows x cols images, row by row."""
    x = array(images).astype(np.float64)
    if x.ndim != 4 or x.shape[1] not in (1, 3):
        raise UserError(f"images of shape {x.shape} cannot be shown; give (N, 1 or 3, height, width).")
    if len(x) != rows * cols:
        raise UserError(f"{len(x)} images do not fill a grid of {rows} x {cols} = {rows * cols}.")
    n, _, h, w = x.shape
    cells = np.full((n, h + gap, w + gap, 3), paper)
    cells[:, :h, :w] = np.clip(x, 0, 1).transpose(0, 2, 3, 1)
    whole = cells.reshape(rows, cols, h + gap, w + gap, 3).swapaxes(1, 2).reshape(rows * (h + gap), cols * (w + gap), 3)
    return whole[: rows * (h + gap) - gap, : cols * (w + gap) - gap]


def image_grid(
    images: ArrayLike,
    rows: int,
    cols: int,
    row_labels: Sequence[object] | None = None,
    col_labels: Sequence[object] | None = None,
    titles: Sequence[object] | None = None,
    correct: Sequence[bool] | None = None,
    xlabel: str = "",
    ylabel: str = "",
    cell: float = 0.5,
) -> Figure:
    """A grid of exactly rows x cols images.

    Args:
        images: (rows * cols, C, H, W) in [0, 1], row by row.
        row_labels, col_labels: one for each row / column.
        titles: one above each image; `correct` (same length) colours them green or red.
        cell: width of one image in inches.
    """
    use_style()
    x = array(images)
    gap = max(1, x.shape[-1] // 12) if titles is None else max(2, round(x.shape[-1] * 0.34))
    picture = mosaic(x, rows, cols, gap)
    h, w = x.shape[2] + gap, x.shape[3] + gap
    ratio = picture.shape[0] / picture.shape[1]
    width = max(cell * cols, 1.6)
    figure = Figure(figsize=(width + 0.5, width * ratio + 0.45))
    axes = figure.subplots()
    axes.imshow(picture, vmin=0, vmax=1)
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    centres_x, centres_y = np.arange(cols) * w + (w - gap - 1) / 2, np.arange(rows) * h + (h - gap - 1) / 2
    axes.set_xticks(centres_x if col_labels is not None else [], col_labels)
    axes.set_yticks(centres_y if row_labels is not None else [], row_labels)
    axes.tick_params(length=0, labelsize=8)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    for i, title in enumerate(titles or ()):
        colour = "black" if correct is None else RIGHT if correct[i] else WRONG
        top = (i // cols) * h - 0.5 - gap * 0.12
        axes.text(centres_x[i % cols], top, str(title), ha="center", va="bottom", fontsize=7, color=colour)
    return figure


def reconstruction_pairs(x: ArrayLike, y: ArrayLike, labels: Sequence[object] | None = None) -> Figure:
    """Three rows: the images x (N, C, H, W), their reconstructions y, and the absolute difference (dark is large)."""
    x, y = array(x), array(y)
    rows = np.concatenate([x, y, 1 - np.abs(x - y)])
    return image_grid(rows, 3, len(x), ["input", "output", "|difference|"], labels)


def smooth(values: ArrayLike, keep: float = 0.9) -> np.ndarray:
    """Exponential moving average without start-up bias: weights keep^0, keep^1, ... backwards, normalised."""
    total, weight, result = 0.0, 0.0, []
    for value in array(values):
        total, weight = keep * total + (1 - keep) * value, keep * weight + (1 - keep)
        result.append(total / weight)
    return np.array(result)


def curves(
    runs: Mapping[str, History | Sequence[History]],
    keys: str | Sequence[str],
    axis: str = "step",
    epoch: int | None = None,
    keep: float = 0.9,
    ylabel: str = "nats per image",
    log: bool = False,
    ylim: tuple[float, float] | None = None,
) -> Figure:
    """Training curves: the raw line faint, the smoothed line strong; one panel a key, one colour a run.

    Args:
        runs: label -> history (lines of history.jsonl), or label -> several histories (seeds share the colour).
        keys: entries of the history lines; a line without the key is left out.
        axis: "step", "samples", "seconds", or "epoch" (then `epoch`, examples in an epoch, is needed).
        epoch: with axis "step" a second axis above counts epochs.
        keep: weight of the past in the moving average, 0 for none.
    """
    use_style()
    keys = [keys] if isinstance(keys, str) else list(keys)
    if axis == "epoch" and not epoch:
        raise UserError("an epoch axis needs `epoch`, the number of examples in one pass over the training part.")
    figure = Figure(figsize=(4.1 * len(keys) + 0.4, 3.1))
    for axes, key in zip(figure.subplots(1, len(keys), squeeze=False)[0], keys):
        for i, (label, histories) in enumerate(runs.items()):
            histories = [histories] if histories and isinstance(histories[0], Mapping) else histories
            for j, history in enumerate(histories):
                lines = [line for line in history if line.get(key) is not None]
                x = [line["samples"] / epoch if axis == "epoch" else line[axis] for line in lines]
                y = [line[key] for line in lines]
                if not lines:
                    continue
                colour = LINES[i % len(LINES)]
                axes.plot(x, y, color=colour, alpha=0.25, linewidth=0.8)
                axes.plot(x, smooth(y, keep), color=colour, label=label if j == 0 else None)
        axes.set(xlabel=axis, ylabel=ylabel, title=key, yscale="log" if log else "linear")
        if ylim:
            axes.set_ylim(*ylim)
        if axis == "step" and epoch:
            _epochs_above(axes, runs, epoch)
        if len(axes.get_legend_handles_labels()[0]) > 1:
            axes.legend()
    return figure


def _epochs_above(axes: Axes, runs: Mapping, epoch: int) -> None:
    """A second axis that counts epochs; only where all runs take equally many examples a step."""
    histories = [h for group in runs.values() for h in ([group] if group and isinstance(group[0], Mapping) else group)]
    rates = {round(h[-1]["samples"] / h[-1]["step"]) for h in histories if h and h[-1]["step"]}
    if len(rates) == 1:
        rate = rates.pop() / epoch
        above = axes.secondary_xaxis("top", functions=(lambda s: s * rate, lambda e: e / rate))
        above.set_xlabel("epoch")


def _contours(axes: Axes, points: np.ndarray, colour: str, shares: Sequence[float] = (0.5, 0.9)) -> None:
    """Lines of a kernel density estimate that enclose these shares of `points` (N, 2)."""
    if len(points) < 10 or np.linalg.matrix_rank(np.cov(points.T)) < 2:
        return
    density = gaussian_kde(points[:600].T)
    levels = np.unique(np.quantile(density(points[:600].T), [1 - s for s in shares]))
    low, high = points.min(0), points.max(0)
    pad = 0.15 * (high - low)
    u, v = np.meshgrid(*[np.linspace(low[i] - pad[i], high[i] + pad[i], 60) for i in (0, 1)])
    axes.contour(u, v, density(np.stack([u.ravel(), v.ravel()])).reshape(u.shape), levels, colors=colour, linewidths=1)


def _codes(codes: ArrayLike, labels: ArrayLike, limits: float | None) -> tuple[np.ndarray, np.ndarray, tuple, tuple]:
    z, y = array(codes).astype(np.float64), array(labels).astype(int)
    if z.ndim != 2 or z.shape[1] != 2 or len(z) != len(y):
        raise UserError(f"codes of shape {z.shape} with {len(y)} labels cannot be drawn; give (N, 2) and (N,).")
    if limits:
        return z, y, (-limits, limits), (-limits, limits)
    low, high = np.quantile(z, 0.002, axis=0), np.quantile(z, 0.998, axis=0)
    pad = 0.08 * (high - low) + 1e-9
    return z, y, (low[0] - pad[0], high[0] + pad[0]), (low[1] - pad[1], high[1] + pad[1])


def latent_scatter(
    codes: ArrayLike,
    labels: ArrayLike,
    contours: bool = True,
    limits: float | None = None,
    axes: Axes | None = None,
    legend: bool = True,
) -> Figure:
    """The codes (N, 2) coloured by class, contours around 50 % and 90 % of each class, a legend of all classes.

    `limits` sets both axes to [-limits, limits]; without it outliers beyond the 0.2 % quantiles may be cut.
    `axes` draws into a panel of a figure of yours.
    """
    use_style()
    z, y, xlim, ylim = _codes(codes, labels, limits)
    if axes is None:
        axes = Figure(figsize=(4.9, 4.1)).subplots()
    for label in np.unique(y):
        mine, colour = z[y == label], class_colour(label)
        axes.scatter(*mine.T, s=5, alpha=0.35, color=colour, linewidths=0)
        axes.scatter([], [], s=24, color=colour, label=str(label))
        if contours:
            _contours(axes, mine, colour)
        spot = np.median(mine, axis=0)
        axes.text(*spot, str(label), color="white", weight="bold", ha="center", va="center", fontsize=8, clip_on=True,
                  bbox={"boxstyle": "circle,pad=0.18", "facecolor": colour, "edgecolor": "white"})  # fmt: skip
    axes.set(xlim=xlim, ylim=ylim, xlabel="$z_1$", ylabel="$z_2$")
    if legend:
        axes.legend(title="class", loc="center left", bbox_to_anchor=(1, 0.5))
    return axes.figure


def latent_panels(codes: ArrayLike, labels: ArrayLike, limits: float | None = None, prior: bool = True) -> Figure:
    """One panel a class, five in a row: that class in colour, all others grey. `prior` adds the circles that hold
    50 % and 95 % of a standard normal in the plane (radius sqrt(-2 ln(1 - share)))."""
    use_style()
    z, y, xlim, ylim = _codes(codes, labels, limits)
    classes = np.unique(y)
    rows = -(-len(classes) // 5)
    cols = min(5, len(classes))
    figure = Figure(figsize=(1.75 * cols, 1.85 * rows))
    panels = figure.subplots(rows, cols, sharex=True, sharey=True, squeeze=False).ravel()
    angle = np.linspace(0, 2 * np.pi, 90)
    for panel, label in zip(panels, classes):
        mine = y == label
        panel.scatter(*z[~mine].T, s=2, color=QUIET, alpha=0.3, linewidths=0)
        panel.scatter(*z[mine].T, s=5, color=class_colour(label), alpha=0.6, linewidths=0)
        for share in (0.5, 0.95) if prior else ():
            radius = np.sqrt(-2 * np.log(1 - share))
            panel.plot(radius * np.cos(angle), radius * np.sin(angle), color="black", linewidth=0.6, linestyle="--")
        panel.set(xlim=xlim, ylim=ylim, title=f"class {label}")
    for panel in panels[len(classes) :]:
        panel.set_visible(False)
    return figure


def bars(
    names: Sequence[str],
    values: Sequence[float],
    low: Sequence[float | None] | None = None,
    high: Sequence[float | None] | None = None,
    xlabel: str = "",
    reference: float | None = None,
    zero: bool = True,
) -> Figure:
    """Horizontal bars with 95 % intervals and the value written out; `reference` is a dashed line (a floor).

    `zero=False` lets the axis start near the smallest value, and shows points in place of bars, whose length
    would mislead.
    """
    use_style()
    figure = Figure(figsize=(5.6, 0.36 * len(names) + 0.9))
    axes = figure.subplots()
    ends = [(v if a is None else a, v if b is None else b) for v, a, b in zip(
        values, low or [None] * len(values), high or [None] * len(values))]  # fmt: skip
    place = np.arange(len(names))
    if zero:
        axes.barh(place, values, color=LINES[0], alpha=0.75, height=0.6)
    else:
        axes.plot(values, place, "o", color=LINES[0])
    for p, v, (a, b) in zip(place, values, ends):
        axes.plot([a, b], [p, p], color="black", linewidth=1.2, marker="|")
        axes.annotate(f"{v:.4g}", (max(v, b), p), (6, 0), textcoords="offset points", va="center", fontsize=8)
    if reference is not None:
        axes.axvline(reference, color=WRONG, linestyle="--", linewidth=1)
    axes.set_yticks(place, names)
    axes.invert_yaxis()
    axes.margins(x=0.14)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(xlabel)
    return figure


def block_diagram(chains: Sequence[Sequence[str]], highlight: Sequence[str] = ()) -> Figure:
    """One row of boxes joined by arrows for each chain of names, left to right; names in `highlight` are coloured."""
    use_style()
    # A box is about as wide as its text; places run on by what stands before, so that long names do not collide.
    widths = [[0.085 * len(name) + 0.55 for name in chain] for chain in chains]
    widest = max(map(sum, widths))
    figure = Figure(figsize=(max(2.0, min(8.5, widest)), 0.6 * len(chains) + 0.1))
    axes = figure.subplots()
    axes.set(xlim=(0, widest), ylim=(len(chains) - 0.45, -0.55))
    axes.axis("off")
    for row, (chain, sizes) in enumerate(zip(chains, widths)):
        before, x = None, 0.0
        for name, size in zip(chain, sizes):
            face = "#CFE8F5" if name in highlight else "#F3F3F5"
            box = {"boxstyle": "round,pad=0.35", "facecolor": face, "edgecolor": "#66666E", "linewidth": 0.8}
            text = axes.text(x + size / 2, row, name, ha="center", va="center", fontsize=8, bbox=box)
            if before is not None:
                patches = {"patchA": before[0].get_bbox_patch(), "patchB": text.get_bbox_patch()}
                ends = {**patches, "shrinkA": 1, "shrinkB": 1}
                axes.annotate("", (x + size / 2, row), (before[1], row),
                              arrowprops={"arrowstyle": "-|>", "color": "#66666E", **ends})  # fmt: skip
            before, x = (text, x + size / 2), x + size
    return figure


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
