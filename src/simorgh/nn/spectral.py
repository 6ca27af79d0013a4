"""Spectral normalisation (Miyato et al. 2018, arXiv 1802.05957, algorithm 1): a layer's weight divided by its
largest singular value.

torch's own version takes a step of the power iteration inside every forward pass in train mode, so that the same
input gives two outputs and the number of passes matters. Here a forward pass changes nothing; `refine` takes the step.
Under autocast both work in float32.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.utils import parametrize

_START = 20
"""Power iterations for a freshly drawn weight."""


class _Divide(nn.Module):
    """W / (u' W v), W flattened to (outputs, rest); u and v are the running guess of the first singular vectors."""

    u: Tensor
    v: Tensor

    def __init__(self, weight: Tensor):
        super().__init__()
        matrix = weight.detach().flatten(1)
        self.register_buffer("u", normalize(torch.randn(matrix.shape[0]), dim=0))
        self.register_buffer("v", normalize(torch.randn(matrix.shape[1]), dim=0))
        self.iterate(weight, _START)

    def forward(self, weight: Tensor) -> Tensor:
        with torch.autocast(weight.device.type, enabled=False):
            return weight / (self.u @ weight.flatten(1) @ self.v)

    @torch.no_grad()
    def iterate(self, weight: Tensor, times: int = 1) -> None:
        matrix = weight.flatten(1)
        with torch.autocast(weight.device.type, enabled=False):
            for _ in range(times):
                # Fresh tensors, not changes in place: a graph may still hold the old ones.
                self.v = normalize(matrix.T @ self.u, dim=0)
                self.u = normalize(matrix @ self.v, dim=0)


def spectral(layer: nn.Module) -> nn.Module:
    """`layer` (linear or convolution) with its weight normalised."""
    parametrize.register_parametrization(layer, "weight", _Divide(layer.weight))
    return layer


def refine(model: nn.Module) -> None:
    """One step of the power iteration for every normalised layer of `model`."""
    for layer in model.modules():
        if parametrize.is_parametrized(layer, "weight"):
            part = layer.parametrizations.weight
            for divide in part:
                if isinstance(divide, _Divide):
                    divide.iterate(part.original)
