"""What the study of molecules needs beside its text: pictures of molecules and nets, the table of cross-validation."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from simorgh.contracts import PAD
from simorgh.data import SmilesConfig
from simorgh.data.bbbp import content, molecules
from simorgh.data.chemistry import parse
from simorgh.data.molecule_card import RARE, Card
from simorgh.data.molecules import Molecules, Table, parse_csv
from simorgh.evaluate.cross_validation import CrossValidation, same_folds
from simorgh.metrics.bins import Bin
from simorgh.metrics.classification import Reliability
from simorgh.metrics.folds import Paired, corrected_t
from simorgh.report.style import LINES, QUIET, use_style
from simorgh.studies.kit import Cell
from simorgh.train import Run

INK = "#66666E"
UP, DOWN = np.array([0.20, 0.55, 0.85]), np.array([0.86, 0.35, 0.35])
"""Atoms that speak for class 1, and against it."""


def table_of(name: str) -> Table:
    """All rows of the set, as they stand in its file."""
    return parse_csv(*content(name))


def few(name: str, folder: Path, every: int) -> str:
    """The name of a smaller set: each `every`-th molecule of `name`, in a file in `folder`."""
    whole, path = molecules(name), folder / f"{name}-every-{every}.csv"
    rows = [f"{whole.written[i]},{whole.y[i]}" for i in range(0, len(whole), every)]
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text("smiles,label\n" + "\n".join(rows) + "\n")
    return f"smiles:{path}"


def card_rows(facts: Card, table: Molecules) -> list[tuple[tuple[str, str], object]]:
    """Rows of the data card: what is counted, in English and Persian, and the count."""
    kinds = {cut: facts.tokens[cut] for cut in ("character", "atom")}
    persian = {"writing of aromatic rings": "AUC تنها از شیوهٔ نوشتن حلقه‌ها", "length": "AUC تنها از طول رشته",
               "place in the file": "AUC تنها از جای سطر در پرونده"}  # fmt: skip
    rows = [
        (("rows of the file", "سطرهای پرونده"), facts.rows),
        (("unreadable rows", "سطرهای ناخوانا"), len(table.rejected)),
        (("rows that repeat a molecule, merged", "سطرهای تکراری که ادغام شدند"), table.merged),
        (("contradictory molecules (rows), left out", "مولکول‌های متناقض (سطرها) که کنار رفتند"),
         Cell(f"{table.contradictory[0]} ({table.contradictory[1]})")),
        (("molecules after cleaning", "مولکول‌ها پس از پاک‌سازی"), len(table)),
        (("share of class 1", "سهم ردهٔ ۱"), Cell(f"{table.y.mean():.1%}")),
        (("rows of several fragments (salts, water)", "سطرهای چندتکه (نمک، آب)"), facts.salts),
        (("rows that may have stereo marks / leave some open", "سطرهای دارای امکان آرایش فضایی / بخشی نانوشته"),
         Cell(f"{facts.stereo[0]} / {facts.stereo[1]}")),
        (("kinds of characters / of atom tokens", "انواع نویسه / نشانهٔ اتمی"),
         Cell(" / ".join(str(len(counts)) for counts in kinds.values()))),
        (("kinds that occur at most twice", "انواعی که حداکثر دو بار آمده‌اند"),
         Cell(" / ".join(str(sum(n <= RARE for n in counts.values())) for counts in kinds.values()))),
    ]  # fmt: skip
    return rows + [((f"AUC of {what} alone", persian[what]), Cell(f"{v:.3f}")) for what, v in facts.giveaways.items()]


def common_tokens(facts: Card, most: int = 15) -> list[list[object]]:
    """Rows of a table: rank, then the character and the atom token of that rank, each with count and share."""
    counts = [facts.tokens[cut] for cut in ("character", "atom")]
    ranked = zip(*(count.most_common(most) for count in counts))
    return [[i, *(cell for (token, n), count in zip(pairs, counts)
                  for cell in (Cell(token), Cell(f"{n:,}"), Cell(f"{n / count.total():.1%}")))]
            for i, pairs in enumerate(ranked, 1)]  # fmt: skip


# comparisons


def against(a: CrossValidation, b: CrossValidation, score: str = "auc") -> Paired:
    """a minus b on the partitions that both were asked about. UserError where these are not the same."""
    repeats = min(len(a.p), len(b.p))
    a, b = a.first(repeats), b.first(repeats)
    same_folds([a, b])
    return corrected_t(a.scores(score), b.scores(score), a.held_out)


def spread(found: CrossValidation, score: str) -> str:
    """Mean and deviation over the folds."""
    values = found.scores(score)
    return f"{values.mean():.3f} ± {values.std(ddof=1):.3f}"


def signed(paired: Paired) -> str:
    d = paired.difference
    return f"{d.value:+.3f} [{d.low:+.3f}, {d.high:+.3f}]"


# saliency


def atom_places(tokens: Sequence[str]) -> list[int]:
    """The places of the tokens that spell an atom."""
    return [i for i, token in enumerate(tokens) if token[0].isalpha() or token[0] in "[*"]


def saliency(run: Run, x: torch.Tensor) -> np.ndarray:
    """(B, T) gradient times input of the log-odds of class 1 for tokens x (B, T): what the vector of each token adds,
    to first order (Shrikumar et al. 2016, arXiv 1605.01713). Pads have 0."""
    model = run.model()
    vectors = model.vectors(x).requires_grad_(True)
    logits = model.output(model.read(vectors, x != PAD))
    (slope,) = torch.autograd.grad((logits[:, 1] - logits[:, 0]).sum(), vectors)
    return (slope * vectors).sum(-1).detach().numpy()


def tenths_of(weights: np.ndarray, x: np.ndarray, tenths: int = 10) -> np.ndarray:
    """(N, tenths) the share of the absolute saliency (B, T) in each tenth of each string, from its first token."""
    rows = []
    for row, tokens in zip(np.abs(weights), x):
        n = int((tokens != PAD).sum())
        rows.append(np.bincount(np.arange(n) * tenths // n, row[:n] / max(row[:n].sum(), 1e-12), tenths))
    return np.array(rows)


# pictures


def picture(smiles: str, weights: Sequence[float] | None = None, size: tuple[int, int] = (420, 300)) -> np.ndarray:
    """(H, W, 3) the molecule as RDKit draws it. `weights`, one for each atom in the order of the SMILES, colour the
    atoms: blue speaks for class 1, red against it, white is no word."""
    from rdkit.Chem.Draw import rdMolDraw2D

    mol, drawer = parse(smiles), rdMolDraw2D.MolDraw2DCairo(*size)
    colours = {}
    if weights is not None:
        if len(weights) != mol.GetNumAtoms():
            raise ValueError(f"{len(weights)} weights for {mol.GetNumAtoms()} atoms")
        top = max(np.abs(weights).max(), 1e-12)
        for i, weight in enumerate(weights):
            share = min(abs(weight) / top, 1.0)
            colours[i] = tuple((1 - share) * np.ones(3) + share * (UP if weight > 0 else DOWN))
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, mol, highlightAtoms=[*colours], highlightAtomColors=colours,
                                       highlightBonds=[])  # fmt: skip
    drawer.FinishDrawing()
    return np.asarray(Image.open(io.BytesIO(drawer.GetDrawingText())).convert("RGB"))


def gallery(pictures: Sequence[np.ndarray], titles: Sequence[str], columns: int) -> Figure:
    """Pictures of molecules in rows, a line of text above each."""
    use_style()
    rows = -(-len(pictures) // columns)
    figure = Figure(figsize=(2.9 * columns, 2.3 * rows))
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel in panels:
        panel.axis("off")
    for panel, image, title in zip(panels, pictures, titles):
        panel.imshow(image, interpolation="bilinear")
        panel.set_title(title, fontsize=8)
    return figure


def unrolled(tokens: Sequence[str], both: bool) -> Figure:
    """An LSTM over `tokens`, a column a token: its cells hand their state to the right, with `both` a second row to the
    left; the outputs of all columns lie side by side in one vector, which the dense layers take."""
    use_style()
    n, rows = len(tokens), 2 if both else 1
    figure = Figure(figsize=(0.95 * (n + 3), 1.7 + 0.75 * rows))
    axes = figure.subplots()
    top = rows + 1
    axes.set(xlim=(-0.6, n + 2.4), ylim=(-0.4, top + 0.7))
    axes.axis("off")

    def box(x: float, y: float, text: str, face: str = "#F3F3F5") -> None:
        style = {"boxstyle": "round,pad=0.3", "facecolor": face, "edgecolor": INK, "linewidth": 0.8}
        axes.text(x, y, text, ha="center", va="center", fontsize=8, bbox=style, zorder=3)

    def arrow(start: tuple[float, float], end: tuple[float, float], bend: float = 0.0, gap: float = 12) -> None:
        shape = {"arrowstyle": "-|>", "color": INK, "shrinkA": gap, "shrinkB": gap, "lw": 0.9}
        axes.annotate("", end, start, arrowprops={**shape, "connectionstyle": f"arc3,rad={bend}"})

    for i, token in enumerate(tokens):
        box(i, 0, token)
        for row in range(1, rows + 1):
            box(i, row, "LSTM", "#CFE8F5" if row == 1 else "#F6DDE0")
            arrow((i, 0), (i, row), 0.0 if row == 1 else 0.35)
            arrow((i, row), (i, top), 0.0 if row == rows else 0.35)
        axes.add_patch(Rectangle((i - 0.5, top - 0.2), 1, 0.4, facecolor="#F3F3F5", edgecolor=INK, linewidth=0.8))
        axes.text(i, top, "$h$, $h'$" if both else "$h$", ha="center", va="center", fontsize=8)
        if i:
            arrow((i - 1, 1), (i, 1), gap=19)
            if both:
                arrow((i, 2), (i - 1, 2), gap=19)
    axes.text((n - 1) / 2, top + 0.4, "flattened", ha="center", fontsize=8)
    box(n + 0.4, top, "dense")
    box(n + 1.6, top, "class")
    arrow((n - 0.5, top), (n + 0.4, top), gap=2)
    axes.texts[-1].arrow_patch.shrinkB = 18
    arrow((n + 0.4, top), (n + 1.6, top), gap=19)
    return figure


def by_length(bins: dict[str, list[Bin]], words: Sequence[str]) -> Figure:
    """AUC and accuracy of each model in each bin, with intervals; the share of the majority as steps. `words` name the
    axes: length, AUC, accuracy, majority."""
    use_style()
    figure = Figure(figsize=(8.2, 5.0))
    panels = figure.subplots(2, 1, sharex=True)
    first = next(iter(bins.values()))
    place = np.arange(len(first))
    for k, (name, held) in enumerate(bins.items()):
        shift = (k - (len(bins) - 1) / 2) * 0.2
        for panel, score in zip(panels, ("auc", "accuracy")):
            at = [i for i, b in enumerate(held) if getattr(b, score) is not None]
            values = [getattr(held[i], score) for i in at]
            reach = np.array([[v.value - v.low, v.high - v.value] for v in values]).T
            panel.errorbar(np.array(at) + shift, [v.value for v in values], reach, fmt="o", markersize=3.5,
                           linewidth=1, color=LINES[k], label=name)  # fmt: skip
    panels[0].axhline(0.5, color=QUIET, linestyle="--", linewidth=1)
    panels[1].step([-0.5, *(place + 0.5)], [first[0].majority, *(b.majority for b in first)], color=INK, linewidth=1.2,
                   label=words[3])  # fmt: skip
    panels[0].set_ylabel(words[1])
    panels[1].set(xlabel=words[0], ylabel=words[2])
    panels[1].set_xticks(place, [f"{b.low:.0f}–{b.high:.0f}" for b in first])
    panels[1].set_ylim(None, 1.02)
    figure.legend(*panels[1].get_legend_handles_labels(), ncols=len(bins) + 1, loc="outside upper center")
    return figure


def calibration(found: dict[str, Reliability], words: tuple[str, str]) -> Figure:
    """What was said against what came true, a line a model."""
    use_style()
    figure = Figure(figsize=(4.4, 4.0))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=QUIET, linestyle="--", linewidth=1)
    for k, (name, r) in enumerate(found.items()):
        axes.plot(r.said, r.found, "o-", markersize=3.5, color=LINES[k], label=name)
    axes.set(xlabel=words[0], ylabel=words[1], xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.legend(loc="upper left")
    return figure


def lengths_of(per_class: dict[str, np.ndarray], words: tuple[str, str]) -> Figure:
    """Histograms of string lengths, one class over the other, each as a share of its class."""
    use_style()
    figure = Figure(figsize=(6.2, 2.8))
    axes = figure.subplots()
    edges = np.arange(0, max(v.max() for v in per_class.values()) + 10, 5)
    for k, (name, values) in enumerate(per_class.items()):
        axes.hist(values, edges, weights=np.full(len(values), 1 / len(values)), alpha=0.5, color=LINES[k], label=name)
    axes.set(xlabel=words[0], ylabel=words[1])
    axes.legend()
    return figure


def frequencies(counts: dict[str, Sequence[tuple[str, int]]], word: str) -> Figure:
    """How often each token occurs, on a logarithmic axis, a panel for each way of cutting."""
    use_style()
    figure = Figure(figsize=(9.5, 2.5 * len(counts)))
    for panel, (name, pairs) in zip(figure.subplots(len(counts), 1, squeeze=False)[:, 0], counts.items()):
        panel.bar(range(len(pairs)), [n for _, n in pairs], color=LINES[0], alpha=0.8)
        panel.set_xticks(range(len(pairs)), [t for t, _ in pairs], rotation=90, fontsize=6, family="monospace")
        panel.set(yscale="log", ylabel=word, title=name)
        panel.margins(x=0.01)
    return figure


def planes(vectors: dict[str, np.ndarray], y: np.ndarray, labels: Sequence[str]) -> Figure:
    """The vectors (N, d) of each model on their two directions of largest variance, coloured by class."""
    use_style()
    figure = Figure(figsize=(3.2 * len(vectors), 3.1))
    for panel, (name, v) in zip(figure.subplots(1, len(vectors), squeeze=False)[0], vectors.items()):
        u, s, _ = np.linalg.svd(v - v.mean(0), full_matrices=False)
        plane, share = u[:, :2] * s[:2], (s[:2] ** 2).sum() / max((s**2).sum(), 1e-12)
        for label, text in enumerate(labels):
            panel.scatter(*plane[y == label].T, s=8, alpha=0.6, color=LINES[label], label=text, linewidths=0)
        panel.set(title=f"{name} ({share:.0%})", xticks=[], yticks=[])
    figure.legend(*panel.get_legend_handles_labels(), ncols=len(labels), loc="outside upper center")
    return figure


def places(shares: dict[str, np.ndarray], words: tuple[str, str]) -> Figure:
    """Where in the string the saliency lies, a line a model; the dashed line is an even share."""
    use_style()
    figure = Figure(figsize=(4.8, 2.8))
    axes = figure.subplots()
    for k, (name, share) in enumerate(shares.items()):
        axes.plot(np.arange(len(share)) + 1, share, "o-", markersize=3.5, color=LINES[k], label=name)
    axes.axhline(1 / len(share), color=QUIET, linestyle="--", linewidth=1)
    axes.set(xlabel=words[0], ylabel=words[1], ylim=(0, None))
    axes.legend()
    return figure


def spelt(split: str, spelling: str, folds: int, like: SmilesConfig) -> SmilesConfig:
    """The protocol of one table column, with tokens and extra spellings `like` those of a recipe."""
    return SmilesConfig(like.tokens, spelling, like.extra, split, folds)
