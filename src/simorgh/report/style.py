"""One look for every figure: colour-blind safe, readable in print, the same on every machine.

Colours are Paul Tol's "muted" scheme (nine hues and a grey that stay apart for the common colour-vision
deficiencies, personal.sron.nl/~pault), so ten classes have ten colours. Persian labels are shaped and ordered by
matplotlib itself from 3.11 on; keep a Latin term inside them in one piece with `ltr`.
"""

import matplotlib

CLASSES = (
    "#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255", "#AA4499", "#777777",
)  # fmt: skip
LINES = ("#332288", "#CC6677", "#117733", "#DDCC77", "#88CCEE", "#AA4499", "#999933", "#44AA99")
RIGHT, WRONG, QUIET = "#117733", "#AA1133", "#BBBBBB"

_SETTINGS = {
    "figure.dpi": 110,
    "savefig.dpi": 160,
    "savefig.bbox": "tight",
    "figure.constrained_layout.use": True,
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.min_exponent": 3,  # 2, 4, 10 on a logarithmic axis, where 2 x 10^0 would run into its neighbour
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "image.cmap": "gray",
    "image.interpolation": "nearest",
}


def use_style() -> None:
    """Set the style for the whole process, and the Agg backend: no window is ever opened."""
    matplotlib.use("Agg")
    matplotlib.rcParams.update(_SETTINGS)
    matplotlib.rcParams["axes.prop_cycle"] = matplotlib.cycler(color=LINES)


def class_colour(label: int) -> str:
    """The colour of a class; an eleventh class starts again."""
    return CLASSES[int(label) % len(CLASSES)]


def ltr(text: str) -> str:
    """`text` kept left to right in one piece inside right-to-left text (Unicode isolates U+2066, U+2069)."""
    return f"\u2066{text}\u2069"
