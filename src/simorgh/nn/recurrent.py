"""The LSTM over strings of different lengths (Hochreiter & Schmidhuber 1997), in one direction or both (Graves &
Schmidhuber 2005).

A right pad comes after all tokens, so it cannot change their states, and no packing is needed: the second direction
reads each string reversed within its own length. PyTorch's own LSTM takes packed strings, but then leaves its fused
kernels on a CPU: at batch 64, 32 numbers a token and 64 units the same states took five times as long.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad


class LSTM(nn.Module):
    """`layers` layers of `hidden` units in each direction; with both, a layer reads the states of both below it."""

    def __init__(self, width: int, hidden: int, layers: int = 1, bidirectional: bool = False):
        super().__init__()
        self.directions = 1 + bidirectional
        widths = [width] + [hidden * self.directions] * (layers - 1)
        self.layers = nn.ModuleList(
            nn.ModuleList(nn.LSTM(w, hidden, batch_first=True) for _ in range(self.directions)) for w in widths
        )

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """States (B, T, H) of vectors x (B, T, D) up to the `lengths` (B,), at least 1, and zeros behind them; and (B,
        H) the states after the last token that each direction reads.

        On the CPU the shorter half of the batch is read apart from the longer one, each no further than to its end.
        """
        return (self._in_halves if x.device.type == "cpu" else self._states)(x, lengths)

    def _in_halves(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        order, width = lengths.argsort(), x.shape[1]
        states, ends = [], []
        for half in order.split((len(order) + 1) // 2):
            longest = int(lengths[half].max())
            some, end = self._states(x[half, :longest], lengths[half])
            states.append(pad(some, (0, 0, 0, width - longest)))
            ends.append(end)
        back = order.argsort()
        return torch.cat(states)[back], torch.cat(ends)[back]

    def _states(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        mask = torch.arange(x.shape[1], device=x.device) < lengths[:, None]
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
