"""Repeated k-fold cross-validation of classifiers of molecules, all on the same folds.

Every fold has a model of its own: made anew from its seed, trained on the other folds, asked once about the molecules
it has not seen, and thrown away. No weight passes from one fold to the next, or the second would have been trained on
what the first held out. Where training is to stop early, the validation part is cut from the training folds.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from simorgh.contracts import Diverged, Measurement, Model, UserError
from simorgh.data import Dataset, SmilesConfig, batches, load, stream
from simorgh.data.bbbp import folds, molecules, spellings, training
from simorgh.evaluate.measure import measurement
from simorgh.files import write
from simorgh.metrics.classification import accuracy, auc, balanced_accuracy, brier, reliability
from simorgh.metrics.folds import fold_interval
from simorgh.train import Experiment, initialise
from simorgh.train.engine import Engine
from simorgh.train.experiment import to_dict
from simorgh.train.loop import NO_BEST, Loop, validate

SCORES: dict[str, Callable] = {
    "auc": auc,
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "brier": brier,
}

Learner = Callable[[SmilesConfig], np.ndarray]
"""From the fold that a SmilesConfig names to the probabilities (n,) of class 1 of its held-out molecules, ascending."""


class Predictor(Protocol):
    def predict(self, texts: Sequence[str]) -> Tensor:
        """(B, classes) probabilities."""
        ...


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """What was predicted for molecules that the model had not seen.

    Attributes:
        y: (N,) labels.
        p: (repeats, N) probability of class 1, each from the one fold that held the molecule out.
        fold: (repeats, N) that fold.
        hashes: (repeats,) SHA-256 of the partitions; equal ones make scores comparable fold by fold.
    """

    y: np.ndarray
    p: np.ndarray
    fold: np.ndarray
    hashes: tuple[str, ...]

    @property
    def held_out(self) -> float:
        """The share of the molecules that a fold tests on."""
        return 1 / (int(self.fold.max()) + 1)

    def scores(self, name: str) -> np.ndarray:
        """(repeats * folds,) the score of each fold, in one order for every model."""
        folds = range(int(self.fold.max()) + 1)
        parts = [(p, fold == f) for p, fold in zip(self.p, self.fold) for f in folds]
        return np.array([SCORES[name](self.y[part], p[part]).value for p, part in parts])

    def first(self, repeats: int) -> "CrossValidation":
        """The first `repeats` partitions alone, to be compared with a model that was asked for no more."""
        return CrossValidation(self.y, self.p[:repeats], self.fold[:repeats], self.hashes[:repeats])

    @property
    def mean(self) -> np.ndarray:
        """(N,) the mean probability over the repeats: a small ensemble, for looking at single molecules."""
        return self.p.mean(0)


def cross_validate(
    name: str,
    config: SmilesConfig,
    learner: Learner,
    repeats: int = 3,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> CrossValidation:
    """Every molecule of the set `name` predicted once in each of `repeats` partitions by `learner`.

    UserError for other than two classes. ValueError where a learner answers for other molecules than it was asked.
    """
    table = molecules(name)
    if len(table.labels) != 2:
        raise UserError(f"{name} has {len(table.labels)} classes; cross-validation here is for two.")
    partitions = [folds(name, replace(config, repeat=repeat)) for repeat in range(repeats)]
    p = np.full((repeats, len(table)), np.nan)
    for repeat, partition in enumerate(partitions):
        for fold in range(config.folds):
            places = partition.held_out(fold)
            said = np.asarray(learner(replace(config, repeat=repeat, fold=fold)))
            if said.shape != places.shape or not np.isnan(p[repeat, places]).all():
                raise ValueError(f"{said.shape} probabilities for {len(places)} molecules held out")
            p[repeat, places] = said
            progress(repeat * config.folds + fold + 1, repeats * config.folds)
    return CrossValidation(table.y, p, np.stack([f.of for f in partitions]), tuple(f.hash for f in partitions))


def network(experiment: Experiment, averaged: bool = True) -> Learner:
    """Trains the model of `experiment` afresh for each fold, whose number decides its seed. With `averaged` its answer
    is the mean over all the spellings of a molecule that the data have."""

    def learn(config: SmilesConfig) -> np.ndarray:
        data = replace(experiment.data, smiles=config)
        seed = (experiment.seed * 1000 + config.repeat) * 1000 + config.fold
        here = replace(experiment, data=data, seed=seed)
        found = load(data)
        model = trained(here, found)
        x = found.spellings if averaged else found.spellings[:, :1]
        return answers(model, x)[:, 1].numpy()

    return learn


def fitted(fit: Callable[[Sequence[str], np.ndarray, int], Predictor], name: str) -> Learner:
    """Fits to the strings of each fold of the set `name`: `fit` takes texts, labels and a seed."""

    def learn(config: SmilesConfig) -> np.ndarray:
        table, partition = molecules(name), folds(name, config)
        texts = spellings(table, config.spelling)
        train, test = training(table, partition, config), partition.held_out(config.fold)
        model = fit([texts[i] for i in train], table.y[train], config.repeat * config.folds + config.fold)
        return model.predict([texts[i] for i in test])[:, 1].numpy()

    return learn


def kept(learner: Learner, folder: Path, name: str, what: str) -> Learner:
    """`learner` with its answers written into `folder`, a file for each fold, and read from there the next time: what
    was killed goes on where it was. `what` says what learns, such as the hash of an experiment; it, the set `name` and
    the partition decide which file an answer belongs to."""

    def learn(config: SmilesConfig) -> np.ndarray:
        said = json.dumps([what, to_dict(config), name, folds(name, config).hash], sort_keys=True)
        path = folder / f"{hashlib.sha256(said.encode()).hexdigest()[:16]}.json"
        if path.is_file():
            return np.array(json.loads(path.read_text(encoding="utf-8")))
        answer = learner(config)
        write(path, json.dumps(answer.tolist()) + "\n")
        return answer

    return learn


def trained(experiment: Experiment, data: Dataset) -> Model:
    """A fresh model after the training that `experiment` describes, in eval mode; nothing is written.

    With train.keep best it has the weights of the smallest validation loss, looked at after each pass. The global
    generators are left as they were.
    """
    config, engine = experiment.train, Engine(experiment.train.precision)
    if config.keep == "best" and data.validation is None:
        raise UserError("train.keep best needs held-out examples: set --data.validation above 0.")
    with torch.random.fork_rng(list(range(torch.cuda.device_count()))), torch.enable_grad():
        model = engine.place(initialise(experiment, data.spec))
        source = stream(data.train, experiment.data, config.batch_size, experiment.seed, device=engine.device)
        loop = Loop(model, source, config, len(data.train), experiment.seed, engine)
        best, kept = float("inf"), None
        each = max(1, round(loop.steps / max(config.epochs, 1)))
        model.train()
        while loop.step < loop.steps:
            loop.advance()
            if config.keep == "best" and (loop.step % each == 0 or loop.step == loop.steps):
                held_out = batches(data.validation, experiment.data, 500, engine.device)
                loss = validate(loop.shown(), held_out, experiment.seed)["valid/loss"]
                if loss < best:
                    best = loss
                    kept = {k: v.clone() for k, v in loop.shown().state_dict().items()}
        loop.logged()  # Diverged where the loss is not finite
        model = loop.shown()
        if config.keep == "best" and loop.step:
            if kept is None:
                raise Diverged(NO_BEST)
            model.load_state_dict(kept)
    return model.eval()


@torch.no_grad()
def answers(model: Model, x: Tensor, chunk: int = 250) -> Tensor:
    """(N, classes) float64 mean probabilities of tokens x (N, S, T), S spellings of each molecule, on the CPU."""
    device = next(model.parameters()).device
    said = [model.predict(part.to(device).long()).double().cpu() for part in x.flatten(0, 1).split(chunk)]
    return torch.cat(said).view(*x.shape[:2], -1).mean(1)


def measure(found: CrossValidation, context: dict, spellings: int = 1) -> list[Measurement]:
    """Means over the folds of each of SCORES with the corrected interval and, in the context, the deviation over
    folds; the calibration error of all held-out answers, repeat by repeat. `spellings`: how many of a molecule each
    answer is the mean over, which the protocol names."""
    repeats, n = found.p.shape
    count = round(1 / found.held_out)
    protocol = (
        f"{count} folds, {repeats} repeats, fresh weights in each, partitions {'+'.join(h[:6] for h in found.hashes)}"
    )
    if spellings > 1:
        protocol += f", answers averaged over {spellings} spellings"
    units = {"auc": "chance", "accuracy": "share", "balanced_accuracy": "share", "brier": "squared probability"}
    rows = []
    for name, unit in units.items():
        values = found.scores(name)
        interval = fold_interval(values, found.held_out)
        more = {**context, "deviation": float(values.std(ddof=1)), "folds": len(values)}
        rows.append(measurement(name, interval, unit, protocol, n=n, context=more))
    parts = [reliability(found.y, p) for p in found.p]
    error, least = (float(np.mean(v)) for v in ([r.error for r in parts], [r.floor.value for r in parts]))
    where = f"{protocol}, 10 bins of equal count"
    rows.append(measurement("calibration_error", error, "probability", where, n=n, floor=least, context=context))
    return rows


def same_folds(results: Sequence[CrossValidation]) -> None:
    """UserError unless all were made on the same partitions."""
    if len({result.hashes for result in results}) > 1:
        raise UserError("These predictions were made on different folds: they cannot be paired.")
