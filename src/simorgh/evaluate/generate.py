"""Samples of a trained model, by ability and not by family."""

import torch
from torch import Tensor

from simorgh.contracts import Samples, UserError
from simorgh.noise import SampleNoise
from simorgh.train import Run, conditions_in_turn


@torch.no_grad()
def generate(
    run: Run, n: int, seed: int = 0, condition: int | None = None, device: str = "cpu", chunk: int = 1000
) -> tuple[Tensor, Tensor | None]:
    """(n, *shape) samples in spec.value_range and, for a conditional model, what each was asked to be: labels (n,), or
    conditions of the model's own (n, ...).

    Without a condition a conditional model is given all of them in turn, so that each is equally frequent.
    """
    model = run.model()
    if not isinstance(model, Samples):
        raise UserError(f"{run.experiment.name} cannot be sampled from: it has no distribution over its data.")
    if n < 1:
        raise UserError(f"{n} samples were asked for; at least one is needed.")
    labels = None
    if model.conditional:
        labels = conditions_in_turn(model, run.spec, n) if condition is None else torch.full((n,), condition)
    elif condition is not None:
        raise UserError(f"{run.experiment.name} takes no condition: it was trained without labels.")
    model.to(device)
    parts = []
    for first in range(0, n, chunk):
        size = min(chunk, n - first)
        asked = None if labels is None else labels[first : first + size].to(device)
        parts.append(model.sample(size, SampleNoise(seed, size, first, device), asked).cpu())
    return torch.cat(parts), labels
