"""How good the samples were along training, from the snapshots that a run left behind."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

from simorgh.contracts import UserError
from simorgh.evaluate import judge
from simorgh.metrics.frechet import frechet_distance
from simorgh.train import Run


@dataclass(frozen=True)
class Moment:
    """One snapshot: its step, fd-digits of its samples, and the mean of every history entry since the one before."""

    step: int
    distance: float
    history: Mapping[str, float]


def along(run: Run, samples: str = "samples_raw") -> list[Moment]:
    """The snapshots of a run on MNIST, the first (untrained) one left out.

    The distance is taken against as many test images as a snapshot has samples, always the same ones: compare it
    with itself only. `samples` names the array: "samples_raw" are those of the weights as they were, "samples" those
    of the average where one was kept. UserError for other data, or where no snapshot has enough samples.
    """
    shots = [(step, arrays.get(samples, arrays.get("samples"))) for step, arrays in run.snapshots()]
    if run.experiment.data.name != "mnist" or not shots or shots[0][1] is None or len(shots[0][1]) < 50:
        raise UserError(f"{run.path} holds no snapshots of MNIST samples to measure (train.snapshot_samples).")
    lines, found = run.history(), []
    for (before, _), (step, pixels) in pairwise(shots):
        features, _ = judge.judged(torch.from_numpy(pixels).float() / 255)
        within = [line for line in lines if before < line["step"] <= step]
        keys = {key for line in within for key in line}
        means = {key: float(np.mean([line[key] for line in within if key in line])) for key in sorted(keys)}
        found.append(Moment(step, float(frechet_distance(judge.reference(len(pixels), "test"), features)), means))
    return found
