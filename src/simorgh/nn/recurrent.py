"""The LSTM over strings of different lengths (Hochreiter & Schmidhuber 1997), in one direction or both (Graves &
Schmidhuber 2005).

A right pad comes after all tokens, so it cannot change their states, and no packing is needed: the second direction
reads each string reversed within its own length. PyTorch's own LSTM takes packed strings, but then leaves its fused
kernels on a CPU; the same states cost five times as long there (batch 64, 32 numbers a token, 64 units).
"""

import torch
from torch import Tensor, nn


class LSTM(nn.Module):
    """`layers` layers of `hidden` units in each direction; with both, a layer reads the states of both below it."""

    def __init__(self, width: int, hidden: int, layers: int = 1, bidirectional: bool = False):
        super().__init__()
        self.directions = 1 + bidirectional
        widths = [width] + [hidden * self.directions] * (layers - 1)
        self.layers = nn.ModuleList(
            nn.ModuleList(nn.LSTM(w, hidden, batch_first=True) for _ in range(self.directions)) for w in widths
        )

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """States (B, T, H) of vectors x (B, T, D), zero where the `mask` (B, T) is false, and (B, H) those after the
        last token that each direction reads. The mask of a string is true up to its end, at least once."""
        lengths = mask.sum(1)
        for layer in self.layers:
            states = [layer[0](x)[0]]
            if self.directions == 2:
                states.append(reverse(layer[1](reverse(x, lengths))[0], lengths))
            x = torch.cat(states, 2) * mask[..., None]
        ends = [states[0][torch.arange(len(x), device=x.device), lengths - 1]]
        if self.directions == 2:
            ends.append(states[1][:, 0])
        return x, torch.cat(ends, 1)


def reverse(x: Tensor, lengths: Tensor) -> Tensor:
    """x (B, T, D) with the first `lengths` (B,) places of each row in reverse order and the others as they are."""
    places = torch.arange(x.shape[1], device=x.device).expand(len(x), -1)
    mirrored = lengths[:, None] - 1 - places
    return x.gather(1, torch.where(mirrored >= 0, mirrored, places)[..., None].expand_as(x))
