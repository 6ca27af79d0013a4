"""What a network is told besides its image: tokens of a context, and the ways in which they are read.

A context is (B, L, D) numbers, one token for a class and many for a caption, with a mask (B, L) bool, true where a
token counts (None: all count). The ways to inject it, by name:

add          its pooled code is added to the code of the noise level
scale-shift  its pooled code multiplies and shifts normalised features (FiLM: Perez et al. 2018, arXiv 1709.07871)
concat       its pooled code becomes further channels of the image, equal at all positions
cross        the positions of the image attend to its tokens (Rombach et al. 2022, arXiv 2112.10752)
tokens       its tokens join those that the positions of the image attend to
"""

from typing import Literal, NamedTuple

from torch import Tensor, nn

from simorgh.contracts import UserError
from simorgh.nn.networks import mlp

Inject = Literal["add", "scale-shift", "concat", "cross", "tokens"]


class Given(NamedTuple):
    """What every block of a network may read.

    Attributes:
        code: (B, width) of the noise level.
        pooled: (B, width) of the context, None where no block reads it.
        tokens: (B, L, D) the context itself, None where there is none.
        mask: (B, L) bool, true where a token counts, None where all do.
    """

    code: Tensor
    pooled: Tensor | None = None
    tokens: Tensor | None = None
    mask: Tensor | None = None


def mean_token(tokens: Tensor, mask: Tensor | None = None) -> Tensor:
    """(B, D) mean over the tokens (B, L, D) that count; zero where none does."""
    if mask is None:
        return tokens.mean(1)
    counts = mask.to(tokens.dtype)
    # Replaced before they are summed: zero times what stands at a hidden place could be NaN.
    kept = tokens.masked_fill(~mask[:, :, None], 0.0)
    return kept.sum(1) / counts.sum(1, keepdim=True).clamp(min=1)


class Pooled(nn.Module):
    """The mean token through a small network: (B, width)."""

    def __init__(self, context_dim: int, width: int):
        super().__init__()
        self.layers = mlp((context_dim, width, width), "silu")

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        return self.layers(mean_token(tokens, mask))


def check_context(context: Tensor | None, context_dim: int | None) -> None:
    """UserError where a network that was built for a context is called without one, or the other way round."""
    if (context is None) != (context_dim is None):
        wants = "without a context" if context_dim is None else f"for contexts (B, L, {context_dim})"
        raise UserError(f"The network was built {wants} and called {'without' if context is None else 'with'} one.")
    if context is not None and (context.ndim != 3 or context.shape[2] != context_dim):
        raise UserError(f"The network was built for contexts (B, L, {context_dim}), not {tuple(context.shape)}.")
