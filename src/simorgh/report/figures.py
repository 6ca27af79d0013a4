"""Figures from arrays: nothing here knows a run, a model or a file. Every function returns a matplotlib Figure.

Images are (N, C, H, W) with C = 1 or 3 and values in [0, 1]; codes are (N, 2); anything that NumPy can read
(tensors too) is taken. The caption belongs to the report, not into the figure.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import ArrayLike
from scipy.signal import lfilter
from scipy.stats import gaussian_kde

from simorgh.errors import UserError
from simorgh.report.style import LINES, QUIET, RIGHT, WRONG, class_colour, use_style

History = Sequence[Mapping[str, float]]
EDGE = "#66666E"
"""Of boxes and arrows."""


def array(values: ArrayLike) -> np.ndarray:
    """A NumPy array of `values`; tensors are detached and brought to the CPU."""
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


def mosaic(images: ArrayLike, rows: int, cols: int, gap: int = 1) -> np.ndarray:
    """(rows (H + gap) - gap, cols (W + gap) - gap, 3) picture of exactly rows x cols images, row by row."""
    x = array(images).astype(np.float64)
    if x.ndim != 4 or x.shape[1] not in (1, 3):
        raise UserError(f"images of shape {x.shape} cannot be shown; give (N, 1 or 3, height, width).")
    if len(x) != rows * cols:
        raise UserError(f"{len(x)} images do not fill a grid of {rows} x {cols} = {rows * cols}.")
    n, _, h, w = x.shape
    cells = np.ones((n, h + gap, w + gap, 3))
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
    side = min(x.shape[2:])
    gap = max(1, side // 12) if titles is None else max(2, round(side * 0.34))
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


def reconstruction_pairs(x: ArrayLike, y: ArrayLike) -> Figure:
    """Three rows: the images x (N, C, H, W), their reconstructions y, and the absolute difference (dark is large)."""
    x, y = array(x), array(y)
    rows = np.concatenate([x, y, 1 - np.abs(x - y)])
    return image_grid(rows, 3, len(x), ["input", "output", "|difference|"])


def smooth(values: ArrayLike, keep: float = 0.8) -> np.ndarray:
    """Averages of `values` with weights keep^|i - j|, normalised. They look ahead as far as back: the average of the
    past alone would draw a falling loss late."""

    def both_ways(x: np.ndarray) -> np.ndarray:
        return lfilter([1], [1, -keep], x) + lfilter([1], [1, -keep], x[::-1])[::-1] - x

    values = array(values).astype(np.float64)
    return both_ways(values) / both_ways(np.ones_like(values))


def curves(
    runs: Mapping[str, History | Sequence[History]],
    keys: str | Sequence[str],
    axis: str = "step",
    epoch: int | None = None,
    keep: float = 0.8,
    ylabel: str = "nats per image",
    log: bool = False,
) -> Figure:
    """Training curves: the raw line faint, the smoothed line strong; one panel a key, one colour a run. The hundredth
    part of the values at either end leaves the panel, where they would press all others into a line.

    Args:
        runs: label -> history (lines of history.jsonl), or label -> several histories (seeds share the colour).
        keys: entries of the history lines; a line without the key is left out.
        axis: "step", "samples", "seconds", or "epoch" (then `epoch`, examples in an epoch, is needed).
        epoch: with axis "step" a second axis above counts epochs.
        keep: weight of each next neighbour in the moving average, 0 for none; less in histories below 200 lines.
    """
    use_style()
    keys = [keys] if isinstance(keys, str) else list(keys)
    if axis == "epoch" and not epoch:
        raise UserError("an epoch axis needs `epoch`, the number of examples in one pass over the training part.")
    figure = Figure(figsize=(4.1 * len(keys) + 0.4, 3.1))
    for axes, key in zip(figure.subplots(1, len(keys), squeeze=False)[0], keys):
        drawn = []
        for i, (label, histories) in enumerate(runs.items()):
            histories = [histories] if histories and isinstance(histories[0], Mapping) else histories
            for j, history in enumerate(histories):
                lines = [line for line in history if line.get(key) is not None]
                x = [line["samples"] / epoch if axis == "epoch" else line[axis] for line in lines]
                y = [line[key] for line in lines]
                if not lines:
                    continue
                drawn.append((x, y, LINES[i % len(LINES)], label if j == 0 else None))
        low, high = (None, None) if log else _most([value for _, y, *_ in drawn for value in y])
        for x, y, colour, label in drawn:
            axes.plot(x, y, color=colour, alpha=0.25, linewidth=0.8)
            # A history of forty lines is not smoothed at all: neighbours lie too far apart to say the same.
            near = min(keep, max(0.0, 1 - 40 / len(y)))
            axes.plot(x, smooth(y if low is None else np.clip(y, low, high), near), color=colour, label=label)
        axes.set(xlabel=axis, ylabel=ylabel, title=key, yscale="log" if log else "linear")
        axes.locator_params(axis="x", nbins=5)  # numbers of six digits would run into each other
        if low is not None:
            axes.set_ylim(low - 0.08 * (high - low), high + 0.08 * (high - low))
        if axis == "step" and epoch:
            _epochs_above(axes, runs, epoch)
        if len(axes.get_legend_handles_labels()[0]) > 1:
            axes.legend()
    return figure


def _most(values: Sequence[float]) -> tuple[float, float] | tuple[None, None]:
    """Between which values all but a hundredth at either end lie; None where the others are not far from them."""
    if not values:
        return None, None
    low, high = np.quantile(values, (0.01, 0.99))
    return (low, high) if np.ptp(values) > 4 * (high - low) > 0 else (None, None)


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
    names: Sequence[str] = (),
) -> Figure:
    """The codes (N, 2) coloured by class, contours around 50 % and 90 % of each class, a legend of all classes.

    `names` are those of the classes, by label; without them the labels stand for themselves. `limits` sets both axes
    to [-limits, limits]; without it outliers beyond the 0.2 % quantiles may be cut. `axes` draws into a panel of a
    figure of yours.
    """
    use_style()
    z, y, xlim, ylim = _codes(codes, labels, limits)
    if axes is None:
        axes = Figure(figsize=(4.9, 4.1)).subplots()
    signs, known = [], []
    for label in np.unique(y):
        mine, colour = z[y == label], class_colour(label)
        name = names[label].replace("$", r"\$") if names else str(label)
        axes.scatter(*mine.T, s=5, alpha=0.35, color=colour, linewidths=0)
        signs.append(axes.scatter([], [], s=24, color=colour, label=name))
        known.append(name)
        if contours:
            _contours(axes, mine, colour)
        spot = np.median(mine, axis=0)
        shape = "circle,pad=0.18" if len(name) < 3 else "round,pad=0.25"
        axes.text(*spot, name, color="white", weight="bold", ha="center", va="center", fontsize=8, clip_on=True,
                  bbox={"boxstyle": shape, "facecolor": colour, "edgecolor": "white"})  # fmt: skip
    axes.set(xlim=xlim, ylim=ylim, xlabel="$z_1$", ylabel="$z_2$")
    if legend:
        # By hand: a legend that gathers its labels leaves out names that begin with an underscore.
        axes.legend(signs, known, title="class", loc="center left", bbox_to_anchor=(1, 0.5))
    return axes.figure


def latent_panels(codes: ArrayLike, labels: ArrayLike, limits: float | None = None) -> Figure:
    """One panel a class, five in a row: that class in colour, all others grey, with the circles that hold 50 % and
    95 % of a standard normal in the plane (radius sqrt(-2 ln(1 - share)))."""
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
        for share in (0.5, 0.95):
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


def block_diagram(
    chains: Sequence[Sequence[str]], highlight: Sequence[str] = (), loops: Sequence[tuple[str, str]] = ()
) -> Figure:
    """One row of boxes joined by arrows for each chain of names, left to right; names in `highlight` are coloured.

    Each of `loops` is a later and an earlier name of one chain: an arrow leads back from the one to the other, below
    their row. UserError where no chain holds the two in this order.
    """
    use_style()
    # A box is about as wide as its text; places run on by what stands before, so that long names do not collide.
    widths = [[0.085 * len(name) + 0.55 for name in chain] for chain in chains]
    widest = max(map(sum, widths))
    back = [[] for _ in chains]
    for late, early in loops:
        row = next((i for i, c in enumerate(chains) if {late, early} <= {*c} and c.index(early) < c.index(late)), None)
        if row is None:
            raise UserError(f"no chain has {early!r} before {late!r}, so no loop leads back from one to the other.")
        back[row].append((late, early))
    depth = np.array([0.45 * len(pairs) for pairs in back])
    rows = np.arange(len(chains)) + np.concatenate([[0.0], depth.cumsum()[:-1]])
    figure = Figure(figsize=(max(2.0, min(8.5, widest)), 0.6 * (len(chains) + depth.sum()) + 0.1))
    letters = 8 * min(1.0, 11 / widest)
    axes = figure.subplots()
    axes.set(xlim=(0, widest), ylim=(rows[-1] + depth[-1] + 0.55, -0.55))
    axes.axis("off")
    for y, chain, sizes, pairs in zip(rows, chains, widths, back):
        places = np.cumsum(sizes) - np.array(sizes) / 2
        boxes = [_box(axes, x, y, name, name in highlight, letters) for x, name in zip(places, chain)]
        for (x0, start), (x1, end) in pairwise(zip(places, boxes)):
            _arrow(axes, (x0, y), (x1, y), end, start)
        for level, (late, early) in enumerate(pairs, 1):
            i, j, low = chain.index(late), chain.index(early), y + 0.15 + 0.4 * level
            axes.plot([places[i], places[i], places[j]], [y, low, low], color=EDGE, linewidth=1.0, zorder=1)
            _arrow(axes, (places[j], low), (places[j], y), boxes[j])
    return figure


def _box(axes: Axes, x: float, y: float, name: str, coloured: bool, letters: float) -> Text:
    face = "#CFE8F5" if coloured else "#F3F3F5"
    box = {"boxstyle": "round,pad=0.35", "facecolor": face, "edgecolor": EDGE, "linewidth": 0.8}
    return axes.text(x, y, name, ha="center", va="center", fontsize=letters, bbox=box)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], to: Text, of: Text | None = None) -> None:
    """An arrow that ends at the box `to`, and begins at the box `of` where one is given."""
    ends = {"patchB": to.get_bbox_patch(), "shrinkB": 1, "shrinkA": 0}
    ends |= {} if of is None else {"patchA": of.get_bbox_patch(), "shrinkA": 1}
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": EDGE, **ends})
