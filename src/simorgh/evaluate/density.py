"""Bits per dimension of images whose model has a density."""

import warnings
from dataclasses import replace
from math import log

import torch
from torch import Tensor

from simorgh.contracts import Batch, HasDensity, Measurement, Model, UserError
from simorgh.data import Dataset
from simorgh.errors import Notice
from simorgh.evaluate.measure import context, given, measurement, named
from simorgh.metrics.intervals import mean_interval
from simorgh.metrics.rounding import decoder, log_decoder, log_encoder, value_frequencies
from simorgh.noise import Noise, philox
from simorgh.train import Run

TOLERANCE = 0.01
"""Bits a dimension that the solver may be off by, on the mean."""
DEVIATION = 0.05
"""Of the noise on images in [0, 1]. Less, and a barely trained level speaks; more, and pixels are told one by one."""
KNOWN = 2000
"""Training images from which the decoder counts."""


def density(run: Run, model: Model, data: Dataset, device: str) -> list[Measurement]:
    """bits_per_dim of test images, by the bound of metrics/rounding.py, and the solver's error beside it; its floor is
    the same bound of pixels that know nothing of each other. [] with a warning where the solver does not settle."""
    n = min(run.experiment.evaluate.density_images, len(data.test))
    if not isinstance(model, HasDensity) or run.spec.kind != "image" or not n:
        return []
    if run.experiment.data.binarise != "none":
        warnings.warn(
            "bits_per_dim is of grey levels, and this run knows binarised pixels: left out.", Notice, stacklevel=2
        )
        return []
    known = data.train.batch(torch.arange(min(KNOWN, len(data.train))), device)
    table = decoder(_said(model, _blurred(known, Noise(0, "decoder", device=device))[0]), known.x)
    alone = value_frequencies(known.x).log()[:, None].expand_as(table)
    chosen = torch.from_numpy(philox("density", len(data.test)).permutation(len(data.test))[:n].copy())
    bits, errors, apart, most = [], [], [], 0
    for first in range(0, n, 100):
        batch = data.test.batch(chosen[first : first + 100], device)
        noise = Noise(0, "density", first, device=device)
        (seen, blur), size = _blurred(batch, noise), batch.x[0].numel()
        try:
            nats, error, evaluations = model.log_density(seen, DEVIATION, noise, TOLERANCE * log(2))
        except UserError as unsettled:  # a number that is not sure to two digits is none; the others are
            warnings.warn(f"bits_per_dim is left out. {unsettled}", Notice, stacklevel=2)
            return []
        nats = nats + log_decoder(table, _said(model, seen), batch.x) - log_encoder(blur, DEVIATION)
        most = max(most, evaluations)
        bits.append(-nats.cpu() / size / log(2))
        errors.append(error.cpu() / size / log(2))
        apart.append(-log_decoder(alone, batch.x, batch.x).cpu() / size / log(2))
    solver = float(torch.cat(errors).mean())
    protocol = (
        f"{n} {named(run)} test images, chosen at random{given(model)}, with noise of deviation {DEVIATION}, undone by "
        f"a decoder counted on {len(known.x)} training images; probability-flow ODE, one sign vector an image"
    )
    here = context(run, split="test", evaluations=most, solver_error=solver)
    mean = mean_interval(torch.cat(bits), kind="normal")
    return [
        measurement("bits_per_dim", mean, "bits/dimension", protocol, floor=float(torch.cat(apart).mean()),
                    context=here),
        measurement("bits_per_dim_solver_error", solver, "bits/dimension",
                    f"mean change at the last doubling, {protocol}", n=n, context=here),
    ]  # fmt: skip


def _blurred(batch: Batch, noise: Noise) -> tuple[Batch, Tensor]:
    n = noise.normal(*batch.x.shape, name="blur")
    return replace(batch, x=batch.x + DEVIATION * n), n


@torch.no_grad()
def _said(model: HasDensity, seen: Batch) -> Tensor:
    """What the model takes noisy images for, about a hundred at a time."""
    return torch.cat([model.denoise(part, DEVIATION) for part in seen.split(-(-len(seen) // 100))])
