"""Evaluation: a finished run and a protocol in, Measurements out. It asks for abilities, never for families.

Every group of metrics is a function (run, model, data, device) -> list of Measurements, or [] where the model
lacks the ability or the data the property that the group needs.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from simorgh.contracts import (
    BoundsLikelihood,
    Encodes,
    Measurement,
    Model,
    Quantises,
    Reconstructs,
    Samples,
    UserError,
    check_name,
)
from simorgh.data import Dataset, batches, load
from simorgh.errors import Notice
from simorgh.evaluate.captcha import captchas
from simorgh.evaluate.codes import codes
from simorgh.evaluate.density import density
from simorgh.evaluate.generate import drawn, generate
from simorgh.evaluate.inception import fid, load_inception
from simorgh.evaluate.measure import context, given, measurement, named, over_seeds, tested
from simorgh.evaluate.prediction import prediction
from simorgh.evaluate.samples import fresh_judge, memory, modes, samples
from simorgh.evaluate.sprites import disentangled, reading, sprites
from simorgh.evaluate.text import surprise, verse
from simorgh.metrics.codes import pixel_variance, scaled_error
from simorgh.metrics.intervals import mean_interval
from simorgh.metrics.leakage import leakage
from simorgh.metrics.likelihood import importance_bound
from simorgh.noise import Noise
from simorgh.train import Run
from simorgh.train.engine import settle_cpu

__all__ = ["METRICS", "Measurement", "evaluate", "generate", "measurement", "over_seeds"]


def training(run: Run, model: Model, data: Dataset, device: str) -> list[Measurement]:
    """seconds: time of the training loop, with its logging and snapshots."""
    history = run.history()
    if not history:
        return []
    if run.lacks_its_end(len(data.train)):
        warnings.warn(f"{run.path / 'history.jsonl'} was cut off: its seconds are left out.", Notice, stacklevel=2)
        return []
    made = run.environment()
    where = f"wall clock of the training loop, {'cuda' if made['gpu'] else 'cpu'}, {made['torch_threads']} threads"
    return [measurement("seconds", history[-1]["seconds"], "s", where, n=history[-1]["samples"], context=context(run))]


def likelihood(run: Run, model: Model, data: Dataset, device: str) -> list[Measurement]:
    """neg_elbo, reconstruction, kl; iwae_bound and the ELBO of the same images beside it. Nats per test image."""
    if not isinstance(model, BoundsLikelihood):
        return []
    config = run.experiment.data
    pixels = (
        f"binarised {config.binarise}" if config.binarise != "none" else "0 or 1" if run.spec.binary else "in [0, 1]"
    )
    # The densities of two likelihoods differ in kind, so their numbers are of different protocols.
    law = getattr(run.experiment.model, "likelihood", "bernoulli")
    pixels += "" if law == "bernoulli" else f", {law} likelihood"
    what = f"{tested(run, data)}, pixels {pixels}{given(model)}"
    parts: dict[str, list[Tensor]] = {}
    for index, batch in enumerate(batches(data.test, config, 1000, device)):
        for name, values in model.bound(batch.x, batch.y, Noise(0, "bound", index, device=device)).items():
            parts.setdefault(name, []).append(values.cpu().double())
    protocol = f"{what}, one posterior draw an image"
    every = {name: torch.cat(values) for name, values in parts.items()}
    found = [
        measurement(name, mean_interval(values, kind="normal"), "nats/image", protocol, context=context(run))
        for name, values in every.items()
    ]
    k, n = run.experiment.evaluate.importance_samples, run.experiment.evaluate.importance_images
    if k:
        bound = -importance_weighted(run, model, data, k, n, device)
        n = len(bound)
        first = f"first {n} {named(run)} test images, pixels {pixels}{given(model)}"
        here = mean_interval(every["neg_elbo"][:n], kind="normal")
        bound = mean_interval(bound, kind="normal")
        protocol = f"{first}, k = {k} posterior draws, -log mean exp per image"
        found += [
            measurement("iwae_bound", bound, "nats/image", protocol, context=context(run, k=k)),
            measurement(
                "neg_elbo_same_images", here, "nats/image", f"{first}, one posterior draw", context=context(run)
            ),
        ]
    return found


def importance_weighted(
    run: Run, model: BoundsLikelihood, data: Dataset, k: int, n: int, device: str = "cpu"
) -> Tensor:
    """(n,) k-sample lower bound of log p of the first `n` test images, in nats."""
    bounds = []
    for index, batch in enumerate(batches(data.test.take(slice(0, n)), run.experiment.data, 100, device)):

        def draw(k: int, chunk: int, batch=batch, index=index) -> Tensor:
            return model.log_weights(batch.x, batch.y, k, Noise(chunk, "importance", index, device=device))

        bounds.append(importance_bound(draw, k, chunk=50).cpu())
    return torch.cat(bounds)


def latents(run: Run, model: Model, data: Dataset, device: str) -> list[Measurement]:
    """leakage_linear, leakage_neighbours: how well the label is read from the code of a test image."""
    if not isinstance(model, Encodes) or data.test.y is None:
        return []
    counts = data.test.y.unique(return_counts=True)[1]
    if len(counts) < 2 or counts.min() < FOLDS or len(data.test) < FOLDS * NEIGHBOURS:
        return []  # too few to hold any of a class out
    codes = torch.cat([model.encode(b.x, b.y).cpu() for b in batches(data.test, run.experiment.data, 1000, device)])
    found = leakage(codes, data.test.y, FOLDS, NEIGHBOURS)
    protocol = f"label from the code of {len(codes)} {named(run)} test images, {FOLDS} folds"
    return [
        measurement(f"leakage_{name}", value, "share", f"{protocol}, {reader}", n=len(codes), floor=found.chance,
                    context=context(run))
        for name, value, reader in (
            ("linear", found.logistic, "logistic regression"),
            ("neighbours", found.neighbours, f"{NEIGHBOURS} neighbours"))
    ]  # fmt: skip


def reconstruction(run: Run, model: Model, data: Dataset, device: str) -> list[Measurement]:
    """mse: mean squared error per pixel of the reconstructed test images; variance_scaled_error: as a share of the
    variance of the training pixels."""
    if not isinstance(model, Reconstructs):
        return []
    errors = [
        (model.reconstruct(b.x, b.y) - b.x).square().flatten(1).mean(1).cpu()
        for b in batches(data.test, run.experiment.data, 1000, device)
    ]
    errors = torch.cat(errors).double()
    error = mean_interval(errors, kind="normal")
    binarise = run.experiment.data.binarise
    pixels = "" if binarise == "none" else f", pixels binarised {binarise}"
    told = given(model) if isinstance(model, BoundsLikelihood) else ""  # a codec under a conditional prior knows none
    how = "the nearest codes" if isinstance(model, Quantises) else "the mean code"
    protocol = f"{tested(run, data)}{pixels}{told}, decoded from {how}"
    found = [measurement("mse", error, "squared grey level (0 to 1)", protocol, context=context(run))]
    if not run.spec.binary:
        scaled = scaled_error(errors, pixel_variance(data.train.x))
        found.append(measurement("variance_scaled_error", scaled, "of the variance of all training pixels", protocol,
                                 context=context(run)))  # fmt: skip
    return found


FOLDS, NEIGHBOURS = 5, 15  # of the readers of labels

METRICS: dict[str, Callable[[Run, Model, Dataset, str], list[Measurement]]] = {
    "training": training,
    "likelihood": likelihood,
    "density": density,
    "samples": samples,
    "captchas": captchas,
    "modes": modes,
    "memory": memory,
    "fresh-judge": fresh_judge,
    "latents": latents,
    "reconstruction": reconstruction,
    "codes": codes,
    "prediction": prediction,
    "reading": reading,
    "sprites": sprites,
    "disentanglement": disentangled,
    "surprise": surprise,
    "verse": verse,
}

ON_REQUEST = {"fresh-judge"}
"""Groups that take minutes; measured only where they are named."""


@torch.no_grad()
def evaluate(
    run: Run, metrics: Sequence[str] = (), device: str = "cpu", inception: Path | None = None, resize: str = "tf1"
) -> list[Measurement]:
    """Measure `run` by the named groups, without a name by all but those ON_REQUEST, and store each at once.

    With the weight file `inception` fid is measured too, under the named `resize` rule. Measurements of other groups
    that the run already holds are kept. UserError for an unknown group, or too few images to look at.
    """
    for name in metrics:
        check_name(name, METRICS, "metric")
    run.experiment.evaluate.check()
    if inception is not None:
        load_inception(inception)  # a wrong file is to be found now
    if device == "cpu":
        settle_cpu()
    asked = metrics or [name for name in METRICS if name not in ON_REQUEST]
    model, data = run.model().to(device), load(run.experiment.data)
    data = replace(data, test=data.test.take(slice(0, run.experiment.evaluate.images)))
    if data.spec.vocabulary != run.spec.vocabulary:
        raise UserError(f"{run.experiment.data.name} is cut into other symbols than when {run.path} was trained on it.")
    by_characters = data.spec.kind == "tokens" and data.test.y is None
    if len(data.test) < 2 and not by_characters:
        raise UserError(f"{run.experiment.data.name} has {len(data.test)} example to test on; an interval needs 2.")
    drawn.cache_clear()
    groups = {name: partial(METRICS[name], run, model, data, device) for name in asked}
    if inception is not None:
        groups["fid"] = partial(fid, run, inception, resize, device)
    found, new, last = [], {}, [*groups][-1]
    for name, measure in groups.items():
        new[name] = measure()
        if not new[name] and name in metrics:
            warnings.warn(f"{run.path} has nothing that {name} could measure as it is set.", Notice, stacklevel=2)
        if new[name] or name == last:  # what has nothing to say is stored with the next that has
            run.save_results(new)
            found += new[name]
            new = {}
    if not metrics and isinstance(model, Samples) and {m.name for m in found} <= {"seconds"}:
        said = f"No distance of samples to {run.experiment.data.name} is known here"
        hint = ": evaluate --inception FILE, the weights of Inception, measures FID" if run.spec.kind == "image" else ""
        warnings.warn(f"{said}{hint}.", Notice, stacklevel=2)
    return found


def evaluated(run: Run) -> bool:
    """Whether all groups but those ON_REQUEST have been measured by the settings that `run` has now."""
    return METRICS.keys() - ON_REQUEST <= run.measured()
