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


@pytest.mark.parametrize("kind", ["adam", "adamw"])
def test_every_setting_reaches_the_rule(kind):
    """Betas, eps, clipping, decay of matrices alone, and the rate of this moment, against torch with all of it."""
    generator = torch.Generator().manual_seed(0)
    start = [torch.randn(3, 2, generator=generator), torch.randn(3, generator=generator)]
    mine, truth = ([nn.Parameter(t.clone()) for t in start] for _ in range(2))
    config = OptimiserConfig(
        kind=kind, lr=0.02, schedule="cosine", betas=(0.0, 0.9), eps=1e-3, weight_decay=0.1, clip=0.5
    )
    ours = Optimiser(config, mine)
    groups = [{"params": truth[:1], "weight_decay": 0.1}, {"params": truth[1:], "weight_decay": 0.0}]
    plain = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[kind](groups, lr=0.02, betas=(0.0, 0.9), eps=1e-3)
    for progress, rate in ((0.0, 0.02), (0.5, 0.01), (0.75, 0.02 * (1 - 0.5**0.5) / 2)):
        grads = [torch.randn(t.shape, generator=generator) for t in start]
        ours.step([g.clone() for g in grads], progress)
        for parameter, grad in zip(truth, grads):
            parameter.grad = grad
        nn.utils.clip_grad_norm_(truth, 0.5)
        for group in plain.param_groups:
            group["lr"] = rate
        plain.step()
        torch.testing.assert_close(mine, truth)
