"""What the study of captions asks of a model beside its samples: templates, spread, and where cross-attention looks."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from simorgh.contracts import UserError
from simorgh.data.captions import KEPT_BACK, LANGUAGES, TRAINED
from simorgh.report.style import use_style

Template = tuple[str, bool, str]
"""Language, whether the training part has it, and the text with its {fields}."""


def templates() -> list[Template]:
    """The template of each of data.captions.captions(), in their order: ten digits, and two weights where it has one."""
    return [
        (language, known, template)
        for known, group in ((True, TRAINED), (False, KEPT_BACK))
        for language in LANGUAGES
        for template in group[language]
        for _ in range(20 if "{weight}" in template else 10)
    ]


def spread(features: Tensor, digits: Tensor) -> float:
    """Total variance of features (N, d) within the images of one of `digits` (N,), mean over the digits."""
    return float(torch.stack([features[digits == d].var(0).sum() for d in digits.unique()]).mean())


def cross_attention(network: nn.Module, evaluate: Callable[[], object]) -> Tensor:
    """(evaluations, L) shares of the L tokens in the first cross-attention of `network` while `evaluate` runs; the mean
    over examples, heads and positions. UserError where the network has none."""
    part = next((m for name, m in network.named_modules() if name.rpartition(".")[2] == "cross"), None)
    if part is None:
        raise UserError("This network has no cross-attention to look at.")
    seen = []

    def record(module: nn.Module, inputs: tuple[Tensor, Tensor, Tensor | None]) -> None:
        x, memory, visible = inputs
        q, k = (v.unflatten(2, (module.heads, -1)).transpose(1, 2) for v in (module.query(x), module.key(memory)))
        scores = q @ k.mT / q.shape[-1] ** 0.5
        if visible is not None:
            scores = scores.masked_fill(~visible[:, None, None, :], -torch.inf)
        seen.append(scores.softmax(-1).mean((0, 1, 2)))

    hook = part.register_forward_pre_hook(record)
    try:
        evaluate()
    finally:
        hook.remove()
    return torch.stack(seen)


class Focus(NamedTuple):
    """Share of the attention that a word gets at the first and at the last evaluation, and its share of all tokens."""

    first: float
    final: float
    even: float


def focus(shares: Tensor, text: str, words: Sequence[str]) -> list[Focus]:
    """For each of `words` of `text`, from shares (evaluations, 1 + signs). ValueError for a word that it has not."""
    found = []
    for word in words:
        start = 1 + f" {text} ".index(f" {word} ")  # behind the start token
        part = shares[:, start : start + len(word)].sum(1)
        found.append(Focus(float(part[0]), float(part[-1]), len(word) / shares.shape[1]))
    return found


def attention_figure(shares: Sequence[Tensor], texts: Sequence[str], leftward: Sequence[bool]) -> Figure:
    """One panel a text: shares (evaluations, 1 + signs) of its start and its signs; `leftward` texts run to the left."""
    use_style()
    figure = Figure(figsize=(8.6, 2.2 * len(texts)))
    for axes, share, text, turned in zip(figure.subplots(len(texts), 1, squeeze=False)[:, 0], shares, texts, leftward):
        picture = axes.imshow(share, aspect="auto", cmap="viridis", vmin=0)
        axes.set_xticks(range(len(text) + 1), ["▸", *("␣" if sign == " " else sign for sign in text)], fontsize=10)
        axes.set_yticks([0, len(share) - 1], [1, len(share)])
        axes.set_ylabel("evaluation")
        axes.grid(False)
        if turned:
            axes.invert_xaxis()
        figure.colorbar(picture, ax=axes, label="share")
    return figure
