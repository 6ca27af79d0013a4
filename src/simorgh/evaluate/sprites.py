"""Groups of measurements on images whose factors are known: what codes say of them, and how near samples come."""

import torch
from torch import Tensor

from simorgh.contracts import Encodes, Measurement, Model, ReadsFactors, Samples
from simorgh.data import Dataset, batches
from simorgh.evaluate import judge
from simorgh.evaluate.generate import drawn, told
from simorgh.evaluate.measure import context, measurement, untested
from simorgh.metrics.disentanglement import disentanglement
from simorgh.metrics.frechet import frechet_distance
from simorgh.metrics.modes import proportion
from simorgh.noise import philox
from simorgh.train import Run

UPRIGHT = "dsprites-upright"
CODES = 20_000
"""Images whose codes are scored, where there are more."""


def reading(run: Run, model: Model, data: Dataset, device: str) -> list[Measurement]:
    """reading_<factor>, reading_all: shares of test images whose factors a reader finds."""
    if not isinstance(model, ReadsFactors) or data.test.factors is None:
        return []
    right = torch.cat([
        torch.stack([p.argmax(1) == f for p, f in zip(model.read(b.x), b.factors.T)], 1).cpu()
        for b in batches(data.test, run.experiment.data, 500, device)
    ])  # fmt: skip
    columns = {**dict(zip(data.factors, right.T)), "all": right.all(1)}
    protocol = f"{len(right)} {run.experiment.data.name} test images, most probable value of each factor"
    return [
        measurement(f"reading_{name}", proportion(int(hits.sum()), len(hits)), "share", protocol, context=context(run))
        for name, hits in columns.items()
    ]  # fmt: skip


def sprites(run: Run, model: Model, data: Dataset, device: str) -> list[Measurement]:
    """fd_sprites: Fréchet distance of samples to real upright sprites, on features of the reader of factors, as a share
    of the total variance of the real ones (features of a reader have no natural unit)."""
    if not isinstance(model, Samples) or run.experiment.data.name != UPRIGHT:
        return []
    n = min(run.experiment.evaluate.samples, len(data.test))
    images, _ = drawn(run, n, device)
    real = _features(data.test.take(slice(0, n)).batch(torch.arange(n)).x, device)
    value = distance(real, _features(images, device))
    protocol = f"{n} samples against the first {n} of 5,000 stored sprites, features of {judge.SPRITES_NAME}, seed 0"
    sampler, about = told(model)
    return [measurement("fd_sprites", value, "of the real variance", f"Fréchet distance, {protocol}{sampler}", n=n,
                        floor=_floor(n, data, real), context=context(run, split="test", **about))]  # fmt: skip


_floors: dict[tuple[int, int, int], float] = {}


def _floor(n: int, data: Dataset, real: Tensor) -> float:
    """What `n` training sprites that are not among the test sprites, drawn at random, reach in the place of samples."""
    key = n, len(data.train), len(data.test)
    if key not in _floors:
        order = philox("sprites", "floor").permutation(len(data.train))
        others = untested(data.train, data.test, n, order.tolist())
        _floors[key] = distance(real, _features(data.train.batch(others).x))
    return _floors[key]


def distance(real: Tensor, fake: Tensor) -> float:
    """The Fréchet distance of features (n, d) as a share of the total variance of the real ones."""
    return frechet_distance(real, fake) / float(real.double().var(0).sum())


@torch.no_grad()
def _features(images: Tensor, device: str = "cpu") -> Tensor:
    model = judge.sprites_judge().to(device)
    return torch.cat([model.features(part.to(device)).cpu() for part in images.split(250)])


def disentangled(run: Run, model: Model, data: Dataset, device: str) -> list[Measurement]:
    """disentanglement_<score>: the scores of metrics/disentanglement of the codes of training images."""
    if not isinstance(model, Encodes) or data.train.factors is None or len(data.train) < 1000:
        return []
    chosen = torch.from_numpy(philox("disentanglement", len(data.train)).permutation(len(data.train))[:CODES])
    part = data.train.take(chosen)
    codes = torch.cat([model.encode(b.x, b.y).cpu() for b in batches(part, run.experiment.data, 500, device)])
    if codes.shape[1] < 2:  # scores compare codes with one another
        return []
    which = f"codes of {len(codes)} {run.experiment.data.name} images"
    return [
        measurement(f"disentanglement_{name}", score.result, "score from 0 to 1", f"{score.protocol} ({which})",
                    n=len(codes), context=context(run))
        for name, score in disentanglement(codes, part.factors, data.factors).items()
    ]  # fmt: skip
