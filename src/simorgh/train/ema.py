"""An exponential moving average of a model's weights, with its half-life in examples (Karras et al. 2022)."""

import copy

import torch
from torch import nn


class EMA:
    """Holds `model`, an averaged copy in eval mode. Buffers are copied, not averaged.

    The half-life is cut to a twentieth of the examples seen so far, so that the random first weights are
    forgotten soon (the ramp-up of StyleGAN2-ADA and EDM).
    """

    def __init__(self, model: nn.Module, half_life: float):
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.half_life = half_life

    @torch.no_grad()
    def update(self, model: nn.Module, examples: int, seen: int) -> None:
        """Fold in `model` after a step over `examples`, `seen` of them in all."""
        half_life = max(min(self.half_life, seen / 20), 1e-9)
        weight = 1 - 0.5 ** (examples / half_life)
        torch._foreach_lerp_(list(self.model.parameters()), list(model.parameters()), weight)
        for mine, theirs in zip(self.model.buffers(), model.buffers()):
            mine.copy_(theirs)
