"""Captions as tokens of a context: a small transformer over characters, in any script.

    captions -> ids (B, L) int64, mask (B, L) bool -> (B, L, dim)

Every caption begins with a start token, so that the empty string is one token: what a network is told when it is told
nothing (Ho and Salimans 2022, section 3.2, with the empty string as null).
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from simorgh.contracts import UserError, check_least, check_share
from simorgh.nn.attention import Attention
from simorgh.nn.timecode import sinusoidal, waves

START, UNKNOWN = 0, 1
"""Ids before those of the signs: the start of a caption (it also fills the end), and signs not in the alphabet."""


@dataclass(frozen=True)
class Alphabet:
    """The signs that captions are written in, by index; ids 0 and 1 are the start and an unknown sign.

    Strings are compared in Unicode's form NFC, in which a letter and its mark are one sign where such a sign exists.
    """

    signs: str

    def __post_init__(self) -> None:
        if len(set(self.signs)) != len(self.signs):
            raise UserError("An alphabet names every sign once.")

    @classmethod
    def of(cls, captions: Sequence[str]) -> "Alphabet":
        """All signs of these captions, in the order of Unicode."""
        return cls("".join(sorted(set("".join(_normal(c) for c in captions)))))

    def __len__(self) -> int:
        """Number of ids."""
        return len(self.signs) + 2

    def unknown(self, caption: str) -> str:
        """The signs of a caption that this alphabet has not, each once."""
        return "".join(dict.fromkeys(sign for sign in _normal(caption) if sign not in self.signs))

    def encode(self, captions: Sequence[str], length: int) -> tuple[Tensor, Tensor]:
        """ids (B, L) int64 and mask (B, L) bool of captions, L the longest of them with its start.

        Raises:
            UserError: where a caption has more than `length` - 1 signs.
        """
        index = {sign: i for i, sign in enumerate(self.signs, 2)}
        rows = [[START, *(index.get(sign, UNKNOWN) for sign in _normal(c))] for c in captions]
        longest = max(map(len, rows), default=1)
        if longest > length:
            raise UserError(f"A caption has {longest - 1} signs; the text encoder reads at most {length - 1}.")
        ids = torch.tensor([row + [START] * (longest - len(row)) for row in rows], dtype=torch.int64)
        mask = torch.arange(longest) < torch.tensor([len(row) for row in rows])[:, None]
        return ids, mask


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


@dataclass(frozen=True)
class TextEncoder:
    """Shape of the transformer.

    Attributes:
        dim: dimensions of a token, a multiple of `heads` and even.
        depth: attention and feed-forward pairs.
        heads: of the attention.
        length: most tokens of a caption, with its start.
        dropout: of what a block adds.
    """

    dim: int = 64
    depth: int = 2
    heads: int = 4
    length: int = 64
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_least("text", self, length=1)
        check_share("text", self, "dropout")

    def build(self, vocabulary: int) -> "TextModule":
        """The network for ids from 0 to `vocabulary` - 1."""
        if self.dim % 2 or self.depth < 1 or vocabulary < 1:
            raise UserError(f"text.dim {self.dim} should be even and text.depth {self.depth} at least 1.")
        return TextModule(self, vocabulary)


class TextBlock(nn.Module):
    """h + attention(norm(h)), then h + feed-forward(norm(h)), in both directions along the caption."""

    def __init__(self, dim: int, heads: int, dropout: float):
        super().__init__()
        self.before, self.attention = nn.LayerNorm(dim), Attention(dim, heads)
        self.after = nn.LayerNorm(dim)
        self.think = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))
        self.drop = nn.Dropout(dropout)

    def forward(self, h: Tensor, mask: Tensor) -> Tensor:
        h = h + self.drop(self.attention(self.before(h), mask=mask))
        return h + self.drop(self.think(self.after(h)))


class TextModule(nn.Module):
    """ids (B, L), mask (B, L) -> (B, L, dim); zero where the mask is false."""

    def __init__(self, settings: TextEncoder, vocabulary: int):
        super().__init__()
        dim = settings.dim
        self.vocabulary, self.length = vocabulary, settings.length
        self.token = nn.Embedding(vocabulary, dim)
        # Waves of amplitude 1, and tokens of the same size, so that neither drowns the other.
        self.register_buffer("places", waves(torch.arange(settings.length), sinusoidal(dim)), persistent=False)
        self.blocks = nn.ModuleList(TextBlock(dim, settings.heads, settings.dropout) for _ in range(settings.depth))
        self.norm = nn.LayerNorm(dim)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(B, L, dim) from ids (B, L) int64 and mask (B, L) bool, true where a token counts."""
        if ids.shape[1] > self.length:
            raise UserError(f"A caption has {ids.shape[1]} tokens; the text encoder reads at most {self.length}.")
        h = self.token(ids) + self.places[: ids.shape[1]]
        for block in self.blocks:
            h = block(h, mask)
        return self.norm(h).masked_fill(~mask[:, :, None], 0.0)
