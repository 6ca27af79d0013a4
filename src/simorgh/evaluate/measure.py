"""From a value to a Measurement: its protocol in words, and the hash that says which numbers may be compared."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

import torch
from torch import Tensor

from simorgh.contracts import Measurement, Model, Samples, UserError
from simorgh.data import Dataset
from simorgh.data.parts import Part
from simorgh.metrics.intervals import Interval, mean_interval
from simorgh.train import Run


def measurement(
    name: str,
    value: Interval | float,
    unit: str,
    protocol: str,
    *,
    n: int | None = None,
    floor: float | None = None,
    context: dict | None = None,
) -> Measurement:
    """A Measurement of a plain number over `n` examples, or of an Interval, which brings its own n."""
    if isinstance(value, Interval):
        value, low, high, n = float(value.value), float(value.low), float(value.high), n or value.n
    elif n is None:
        raise ValueError(f"{name} is a plain number: it needs the number of its examples.")
    else:
        value, low, high = float(value), None, None
    floor = None if floor is None else float(floor)
    digest = hashlib.sha256(f"{name}|{unit}|{protocol}".encode()).hexdigest()[:12]
    return Measurement(name, value, low, high, int(n or 0), unit, protocol, digest, floor, dict(context or {}))


def context(run: Run, **more: str | int | float | bool | None) -> dict:
    """What a number belongs to: recipe, preset, seed, data, and what its model puts beside them."""
    e = run.experiment
    return {"recipe": e.name, "preset": e.preset, "seed": e.seed, "data": e.data.name, **e.model.marks(), **more}


def named(run: Run) -> str:
    """The data set of a run in words; a set of one's own, whose files may change, with the start of its checksum."""
    data = run.experiment.data
    return f"{data.name} ({data.content[:8]})" if data.content else data.name


def tested(run: Run, data: Dataset) -> str:
    """The test images that a measurement is taken on, in words; `data` holds no others."""
    e = run.experiment
    return f"{'' if e.evaluate.images is None else f'first {len(data.test)} '}{named(run)} test images"


def given(model: Model) -> str:
    """What a model was told beside an image, in words: such numbers are those of another question."""
    return ", given their labels" if isinstance(model, Samples) and model.conditional else ""


def untested(train: Part, test: Part, n: int, order: Iterable[int] | None = None) -> Tensor:
    """(n,) places of the first training images, in `order`, that are not among the test images: the floor of a distance
    to these. Images with the same factors are the same; a set without factors has none twice."""
    places = range(len(train)) if order is None else order
    if train.factors is not None:
        known = {tuple(row) for row in test.factors.tolist()}
        places = (i for i in places if tuple(train.factors[i].tolist()) not in known)
    return torch.tensor([*islice(places, n)])


def over_seeds(measurements: Sequence[Measurement]) -> Measurement:
    """Mean over runs that differ in their seed, with the 95 % Student interval; n counts the seeds.

    UserError where the protocols differ, or with no measurement at all. One seed keeps its own interval.
    """
    if not measurements:
        raise UserError("There is nothing to average: no run holds this measurement.")
    first = measurements[0]
    if len({m.protocol_hash for m in measurements}) > 1:
        raise UserError(
            f"{first.name} was measured under different protocols: these numbers cannot be averaged. "
            "Where all runs should be alike, evaluate each of them again."
        )
    if len(measurements) == 1:
        return first
    mean = mean_interval([m.value for m in measurements])
    shared = {k: v for k, v in first.context.items() if all(m.context.get(k) == v for m in measurements)}
    floors = [m.floor for m in measurements if m.floor is not None]
    return replace(
        first,
        value=mean.value,
        low=mean.low,
        high=mean.high,
        n=mean.n,
        floor=sum(floors) / len(floors) if floors else None,
        context={**shared, "seeds": mean.n, "examples": first.n},
    )
