"""A transformer's step in which a position sees those before it only, and what it remembers of them.

    a = h + attention(norm(h)),    h' = a + feed-forward(norm(a)),

of Vaswani et al. 2017 (arXiv 1706.03762) with the normalisation before each part, as Radford et al. 2019 ("Language
models are unsupervised multitask learners").
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, scaled_dot_product_attention


class CausalBlock(nn.Module):
    """One step.

    Args:
        width: dimensions of a position.
        heads: of attention; they divide `width`.
        drop: share of values dropped in attention and after each part, in training.
        gelu: "none" for GELU itself, "tanh" for its approximation.
    """

    def __init__(self, width: int, heads: int, drop: float = 0.0, gelu: Literal["none", "tanh"] = "none"):
        super().__init__()
        self.heads, self.drop = heads, drop
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask, self.answer = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.think = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(gelu), nn.Linear(4 * width, width))

    def forward(self, h: Tensor, cache: "Cache | None" = None, layer: int = 0) -> Tensor:
        """(B, N, width) of h (B, N, width); position i sees those up to i, and those that the cache holds of `layer`.
        Whoever keeps the cache moves its `done` on once all layers have seen the new positions."""
        q, k, v = self.ask(self.before(h)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        if cache is not None:
            k, v = cache.extend(layer, k, v)
        share = self.drop if self.training else 0.0
        seen = causal_attention(q, k, v, share).transpose(1, 2).flatten(2)
        h = h + dropout(self.answer(seen), share)
        return h + dropout(self.think(self.between(h)), share)


def causal_attention(q: Tensor, k: Tensor, v: Tensor, share: float = 0.0) -> Tensor:
    """softmax(q k' / sqrt(d)) v (B, heads, N, d), the N queries being the last of the M positions of k and v.

    On a CPU it is written out: torch's fused kernel took a third more time for a hundred positions of some fifty
    dimensions.
    """
    if q.is_cuda and q.shape[2] == k.shape[2]:
        return scaled_dot_product_attention(q, k, v, dropout_p=share, is_causal=True)
    scores = q * q.shape[-1] ** -0.5 @ k.mT
    if q.shape[2] > 1:
        later = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=q.device).triu(1 + k.shape[2] - q.shape[2])
        scores = scores.masked_fill(later, -torch.inf)
    return dropout(scores.softmax(-1), share) @ v


class Cache:
    """Keys and values of the positions `done`, (B, heads, done, d) for each layer, of at most `context`."""

    def __init__(self, layers: int, context: int):
        self.done, self._context = 0, context
        self._kept: list[tuple[Tensor, Tensor] | None] = [None] * layers

    def extend(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """All keys and values (B, heads, done + N, d) of a layer: k and v (B, heads, N, d) behind those it has."""
        if self._kept[layer] is None:
            room = (*k.shape[:2], self._context, k.shape[3])
            self._kept[layer] = (k.new_empty(room), v.new_empty(room))
        after = self.done + k.shape[2]
        for room, new in zip(self._kept[layer], (k, v)):
            room[:, :, self.done : after] = new
        keys, values = self._kept[layer]
        return keys[:, :, :after], values[:, :, :after]

    def take(self, rows: Tensor) -> None:
        """Go on with these rows (B',) int64, in this order."""
        self._kept = [None if kept is None else (kept[0][rows], kept[1][rows]) for kept in self._kept]
