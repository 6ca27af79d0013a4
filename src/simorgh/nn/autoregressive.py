r"""An autoregressive law over maps of codes: one code after the other, in the order of reading.

    log p(k_1, ..., k_N | y) = sum_i log p(k_i | k_1, ..., k_{i-1}, y)

by a causal transformer. Position i reads the code at i - 1 and knows its own row and column; position 1 reads a start
token, one a class where there are labels. An untrained one is uniform: N log K nats a map, whatever the map.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from simorgh.contracts import UserError
from simorgh.nn.causal import Cache, CausalBlock
from simorgh.noise import SampleNoise


@dataclass(frozen=True)
class Autoregressive:
    """Shape of the transformer.

    Attributes:
        width: dimensions of a position.
        layers: attention and feed-forward pairs.
        heads: of attention; they divide `width`.
    """

    width: int = 64
    layers: int = 3
    heads: int = 4

    def build(self, codes: int, grid: tuple[int, int], classes: int = 0) -> "CausalTransformer":
        if min(self.layers, self.heads, self.width) < 1 or self.width % self.heads:
            raise UserError(
                f"prior.width {self.width} should be a multiple of prior.heads {self.heads}, with {self.layers} "
                "layers, at least 1."
            )
        return CausalTransformer(self, codes, grid, classes)


class CausalTransformer(nn.Module):
    """p(maps | label) for maps (B, h, w) of `codes` codes."""

    def __init__(self, settings: Autoregressive, codes: int, grid: tuple[int, int], classes: int):
        super().__init__()
        width = settings.width
        self.codes, self.grid = codes, grid
        self.start = nn.Parameter(torch.randn(max(classes, 1), width) * 0.02)
        self.token = nn.Embedding(codes, width)
        self.row, self.column = (nn.Parameter(torch.randn(side, width) * 0.02) for side in grid)
        self.blocks = nn.ModuleList(CausalBlock(width, settings.heads) for _ in range(settings.layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, codes)
        nn.init.normal_(self.token.weight, std=0.02)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def nats(self, maps: Tensor, y: Tensor | None = None) -> Tensor:
        """(B,) -log p(map | label), in nats, of int64 maps (B, h, w)."""
        flat = maps.flatten(1)
        h = torch.cat([self._first(len(flat), y), self.token(flat[:, :-1])], 1) + self._places()
        for block in self.blocks:
            h = block(h)
        logits = self.head(self.norm(h))
        return cross_entropy(logits.flatten(0, 1), flat.flatten(), reduction="none").view(flat.shape).sum(1)

    @torch.no_grad()
    def sample(self, n: int, noise: SampleNoise, y: Tensor | None = None) -> Tensor:
        """(n, h, w) maps; the i-th depends on its own noise and label only. Keys and values are kept, so that each
        code costs one position."""
        places = self._places()
        cache = Cache(len(self.blocks), len(places))
        uniform, maps = noise.uniform(n, len(places)), []
        h = self._first(n, y)
        for i, place in enumerate(places):
            h = h + place
            for layer, block in enumerate(self.blocks):
                h = block(h, cache, layer)
            cache.done = i + 1
            reach = self.head(self.norm(h[:, 0])).double().softmax(1).cumsum(1)
            drawn = torch.searchsorted(reach, uniform[:, i : i + 1].double() * reach[:, -1:], right=True)
            maps.append(drawn.clamp(max=self.codes - 1))
            h = self.token(maps[-1])
        return torch.cat(maps, 1).unflatten(1, self.grid)

    def _places(self) -> Tensor:
        """(N, width) what tells one position from another, in the order of reading."""
        return (self.row[:, None] + self.column).flatten(0, 1)

    def _first(self, n: int, y: Tensor | None) -> Tensor:
        if y is None and len(self.start) > 1:
            raise UserError("This prior is told the class of each map, and none is given.")
        start = self.start[:1].expand(n, -1) if y is None else self.start[y]
        return start[:, None]
