"""The optimisers of the loop against torch's plain ones."""

import pytest
import torch
from torch import nn

from simorgh.train.experiment import OptimiserConfig
from simorgh.train.optim import Optimiser

PLAIN = {
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, foreach=False, fused=False),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.0, foreach=False, fused=False),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, eps=1e-8, foreach=False),
    "sgd": lambda p: torch.optim.SGD(p, lr=0.01, foreach=False, fused=False),
}


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize("inner", [False, True], ids=["weights contiguous", "weights channels last"])
def test_gradients_in_another_memory_layout_move_their_own_weights(kind, inner):
    """As a convolution on channels-last images gives them; three steps, so that the moments are in it too."""
    start = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    layouts = (torch.channels_last, torch.contiguous_format)
    own, other = layouts if inner else layouts[::-1]
    mine, truth = (nn.Parameter(start.clone(memory_format=own)) for _ in range(2))
    ours, plain = Optimiser(OptimiserConfig(kind=kind, lr=0.01), [mine]), PLAIN[kind]([truth])
    for i in range(3):
        grad = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(1 + i))
        ours.step([grad.contiguous(memory_format=other)], 0.0)
        truth.grad = grad.contiguous(memory_format=own)
        plain.step()
    torch.testing.assert_close(mine, truth)
