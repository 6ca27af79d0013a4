"""Bits per dimension of images whose model has a density."""

from dataclasses import replace
from math import log

import torch

from simorgh.contracts import HasDensity, Measurement, Model
from simorgh.data import Dataset
from simorgh.evaluate.measure import context, measurement
from simorgh.metrics.intervals import mean_interval
from simorgh.noise import Noise, philox
from simorgh.train import Run

TOLERANCE = 0.01
"""Bits a dimension that the solver may be off by, on the mean."""


def density(run: Run, model: Model, data: Dataset, device: str) -> list[Measurement]:
    """bits_per_dim of test images with uniform noise in place of their rounding, and the solver's error beside it.

    With x in [0, 1] made of 256 levels, a density p(x) over D values gives log2 256 - log2 p(x) / D bits.
    """
    n = min(run.experiment.evaluate.density_images, len(data.test))
    if not isinstance(model, HasDensity) or run.spec.kind != "image" or not n:
        return []
    chosen = torch.from_numpy(philox("density", len(data.test)).permutation(len(data.test))[:n].copy())
    bits, errors, most = [], [], 0
    for first in range(0, n, 100):
        batch = data.test.batch(chosen[first : first + 100], device)
        noise = Noise(0, "density", first, device=device)
        x = (255 * batch.x + noise.uniform(*batch.x.shape, name="rounding")) / 256
        size = x[0].numel()
        nats, error, evaluations = model.log_density(replace(batch, x=x), noise, TOLERANCE * log(2))
        most = max(most, evaluations)
        bits.append(8 - nats.cpu() / size / log(2))
        errors.append(error.cpu() / size / log(2))
    solver = float(torch.cat(errors).mean())
    protocol = (
        f"{n} {run.experiment.data.name} test images, chosen at random, uniform noise for their rounding, probability-"
        f"flow ODE, one sign vector an image, at most {most} evaluations of the network"
    )
    here = context(run, split="test", evaluations=most, solver_error=solver)
    mean = mean_interval(torch.cat(bits), kind="normal")
    return [
        measurement("bits_per_dim", mean, "bits/dimension", protocol, context=here),
        measurement("bits_per_dim_solver_error", solver, "bits/dimension",
                    f"mean change at the last doubling, {protocol}", n=n, context=here),
    ]  # fmt: skip
