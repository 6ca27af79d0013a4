"""Bits per dimension of images whose model has a density."""

from dataclasses import replace
from math import log

import torch

from simorgh.contracts import HasDensity, Measurement, Model
from simorgh.data import Dataset
from simorgh.evaluate.measure import context, measurement
from simorgh.metrics.intervals import mean_interval
from simorgh.metrics.rounding import log_rounding, value_frequencies
from simorgh.noise import Noise, philox
from simorgh.train import Run

TOLERANCE = 0.01
"""Bits a dimension that the solver may be off by, on the mean."""
DEVIATION = 0.025
"""Of the noise on images in [0, 1]. Less, and a barely trained level speaks; more, and pixels are told one by one:
a class-conditional flow on MNIST had 1.26 bits at 0.01, 1.16 at 0.025, 1.19 at 0.05, 1.34 at 0.15."""
KNOWN = 10_000
"""Training images whose values are counted."""


def density(run: Run, model: Model, data: Dataset, device: str) -> list[Measurement]:
    """bits_per_dim of test images, by the bound of metrics/rounding.py, and the solver's error beside it; its floor is
    the same bound of pixels that know nothing of each other."""
    n = min(run.experiment.evaluate.density_images, len(data.test))
    if not isinstance(model, HasDensity) or run.spec.kind != "image" or not n:
        return []
    frequencies = value_frequencies(data.train.x[:KNOWN])
    chosen = torch.from_numpy(philox("density", len(data.test)).permutation(len(data.test))[:n].copy())
    bits, errors, apart, most = [], [], [], 0
    for first in range(0, n, 100):
        batch = data.test.batch(chosen[first : first + 100], device)
        noise = Noise(0, "density", first, device=device)
        z = batch.x + DEVIATION * noise.normal(*batch.x.shape, name="blur")
        size = z[0].numel()
        nats, error, evaluations = model.log_density(replace(batch, x=z), DEVIATION, noise, TOLERANCE * log(2))
        most = max(most, evaluations)
        told = log_rounding(z, batch.x, frequencies, DEVIATION).cpu()
        bits.append(-(nats.cpu() + told) / size / log(2))
        errors.append(error.cpu() / size / log(2))
        alone = frequencies.log()[:, None, None].expand(*batch.x.shape[1:], -1)
        values = (255 * batch.x.cpu()).round().long()[..., None]
        apart.append(-torch.stack([alone.gather(-1, one).mean() for one in values]) / log(2))
    solver = float(torch.cat(errors).mean())
    protocol = (
        f"{n} {run.experiment.data.name} test images, chosen at random, with noise of deviation {DEVIATION}, undone by "
        f"a decoder that knows how often values occur in training; probability-flow ODE, one sign vector an image, at "
        f"most {most} evaluations of the network"
    )
    here = context(run, split="test", evaluations=most, solver_error=solver)
    mean = mean_interval(torch.cat(bits), kind="normal")
    return [
        measurement("bits_per_dim", mean, "bits/dimension", protocol, floor=float(torch.cat(apart).mean()),
                    context=here),
        measurement("bits_per_dim_solver_error", solver, "bits/dimension",
                    f"mean change at the last doubling, {protocol}", n=n, context=here),
    ]  # fmt: skip
