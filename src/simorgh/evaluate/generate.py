"""Samples of a trained model, by ability and not by family."""

from functools import lru_cache

import torch
from torch import Tensor

from simorgh.contracts import NamesSampler, ProposesConditions, Samples, UserError
from simorgh.data.labels import asked_class
from simorgh.noise import SampleNoise
from simorgh.train import Run, conditions_in_turn


@torch.no_grad()
def generate(
    run: Run,
    n: int,
    seed: int = 0,
    condition: int | str | None = None,
    device: str = "cpu",
    chunk: int = 1000,
    sampler: object = None,
) -> tuple[Tensor, Tensor | None]:
    """(n, *shape) samples in spec.value_range and, for a conditional model, what each was asked to be: labels (n,), or
    conditions of the model's own (n, ...).

    Without a condition a conditional model is given all of them in turn, so that each is equally frequent. `sampler` in
    the place of the model's own, see NamesSampler.
    """
    model = run.model()
    if not isinstance(model, Samples):
        raise UserError(f"{run.experiment.name} cannot be sampled from: it has no distribution over its data.")
    if n < 1:
        raise UserError(f"{n} samples were asked for; at least one is needed.")
    labels = None
    if model.conditional:
        labels = conditions_in_turn(model, run.spec, n) if condition is None else _asked(run, model, condition, n)
    elif condition is not None:
        raise UserError(f"{run.experiment.name} takes no condition: it was trained without labels.")
    model.to(device)
    parts = []
    for first in range(0, n, chunk):
        size = min(chunk, n - first)
        asked = None if labels is None else labels[first : first + size].to(device)
        how = {} if sampler is None else {"sampler": sampler}
        parts.append(model.sample(size, SampleNoise(seed, size, first, device), asked, **how).cpu())
    return torch.cat(parts), labels


@lru_cache(maxsize=1)
def drawn(run: Run, n: int, device: str) -> tuple[Tensor, Tensor | None]:
    """What `generate` gives for seed 0, kept for the next metric of the same evaluation, which forgets
    those of the one before: drawing is the dear part."""
    return generate(run, n, seed=0, device=device)


def told(model: Samples) -> tuple[str, dict]:
    """How a model draws, where it can be chosen: the end of a protocol, and the context of the numbers."""
    if not isinstance(model, NamesSampler):
        return "", {}
    how = model.sampling()
    return f", {how['protocol']}", {k: v for k, v in how.items() if k != "protocol"}


def _asked(run: Run, model: Samples, condition: int | str, n: int) -> Tensor:
    """(n, ...) the same condition n times."""
    if isinstance(model, ProposesConditions):
        one = model.condition(str(condition)).cpu()
        return one.expand(n, *one.shape)
    return torch.full((n,), asked_class(str(condition), run.spec.labels, run.spec.classes))


def chosen_sampler(run: Run, step: str | None, steps: int | None, guidance: float | None) -> object:
    """The sampler of a run's model with what is not None in the place of its own. UserError where it has none."""
    model = run.model()
    if not isinstance(model, NamesSampler):
        raise UserError(f"{run.experiment.name} draws its samples in one way only: leave out sampler options.")
    return model.choose_sampler(step, steps, guidance)
