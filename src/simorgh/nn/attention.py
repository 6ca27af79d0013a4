r"""Attention (Vaswani et al. 2017, arXiv 1706.03762), written out, and the block of it that reads an image.

    attention(q, k, v) = softmax(q k' / sqrt(d)) v,

in `heads` parts of d = width / heads dimensions. Queries come from x (B, N, width); keys and values from x itself, or
from another sequence, the memory (B, M, memory), of which a mask (B, M) says what counts.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from simorgh.contracts import UserError


def attend(q: Tensor, k: Tensor, v: Tensor, visible: Tensor | None = None) -> Tensor:
    """softmax(q k' / sqrt(d)) v for q (..., N, d), k (..., M, d), v (..., M, e) over the `visible` (..., N, M), which
    may be broadcast; zero where nothing is visible."""
    scores = q * q.shape[-1] ** -0.5 @ k.mT
    if visible is None:
        return scores.softmax(-1) @ v
    # The lowest finite number, since a row of -inf alone would be NaN; a hidden place then weighs exactly nothing.
    scores = scores.masked_fill(~visible, torch.finfo(scores.dtype).min)
    return scores.softmax(-1).masked_fill(~visible, 0.0) @ v


class Attention(nn.Module):
    """Multi-head attention, of x to itself or to a memory.

    Args:
        width: dimensions of x and of the result.
        heads: how many; they divide `width`.
        memory: dimensions of the memory, `width` where it is None.
        fused: whether torch's own kernel computes softmax(q k' / sqrt(d)) v. It keeps no N x M weights, which is
            faster for long sequences; on a CPU the written-out form is faster for short ones.
    """

    def __init__(self, width: int, heads: int, memory: int | None = None, fused: bool = False):
        super().__init__()
        if heads < 1 or width % heads:
            raise UserError(f"Attention of width {width} cannot have {heads} heads; heads should divide the width.")
        self.heads, self.fused = heads, fused
        self.query, self.out = nn.Linear(width, width), nn.Linear(width, width)
        # A bias of the keys would add one number to all scores of a query, which the softmax takes away again.
        self.key = nn.Linear(memory or width, width, bias=False)
        self.value = nn.Linear(memory or width, width)

    def forward(self, x: Tensor, memory: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """(B, N, width) from x (B, N, width), memory (B, M, memory), x where it is None, and mask (B, M) bool, true
        where the memory counts."""
        memory = x if memory is None else memory
        q, k, v = self._split(self.query(x)), self._split(self.key(memory)), self._split(self.value(memory))
        visible = None if mask is None else mask[:, None, None, :]
        seen = scaled_dot_product_attention(q, k, v, attn_mask=visible) if self.fused else attend(q, k, v, visible)
        return self.out(seen.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        """(B, heads, N, width / heads)"""
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)


class ImageAttention(nn.Module):
    """h + attention(norm(h)), then h + feed-forward(norm(h)), with the positions of an image as tokens.

    Args:
        width, heads, fused: as of Attention.
        context: dimensions of the tokens of a context, None where there is none.
        joined: whether those tokens join the keys and values of the self-attention. Otherwise a cross-attention to
            them, h + cross(norm(h), tokens), stands between the two parts (Rombach et al. 2022, arXiv 2112.10752).
    """

    def __init__(self, width: int, heads: int, context: int | None = None, joined: bool = False, fused: bool = False):
        super().__init__()
        self.before, self.attention = nn.LayerNorm(width), Attention(width, heads, fused=fused)
        self.token = nn.Linear(context, width) if context and joined else None
        self.between = self.cross = None
        if context and not joined:
            self.between, self.cross = nn.LayerNorm(width), Attention(width, heads, context, fused)
        self.after = nn.LayerNorm(width)
        self.think = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor, tokens: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """(B, width, H, W) from x of that shape, tokens (B, L, context) and mask (B, L) bool, true where they count."""
        h = x.flatten(2).transpose(1, 2)
        seen = self.before(h)
        if self.token is None:
            h = h + self.attention(seen)
        else:
            joined = torch.cat([seen, self.token(tokens)], 1)
            if mask is not None:
                mask = torch.cat([mask.new_ones(seen.shape[:2]), mask], 1)
            h = h + self.attention(seen, joined, mask)
        if self.cross is not None:
            h = h + self.cross(self.between(h), tokens, mask)
        h = h + self.think(self.after(h))
        return h.transpose(1, 2).unflatten(2, x.shape[2:])
