"""Measurements of classifiers on the test part: accuracy for any, and for two classes how they rank, how they treat the
rarer class, and whether their probabilities are true."""

import torch

from simorgh.contracts import Measurement, Model, Predicts
from simorgh.data import Dataset, batches
from simorgh.evaluate.measure import context, measurement, named, tested
from simorgh.metrics.classification import auc, balanced_accuracy, brier, reliability
from simorgh.metrics.modes import proportion
from simorgh.train import Run


def prediction(run: Run, model: Model, data: Dataset, device: str) -> list[Measurement]:
    """accuracy on the test part; where it holds two classes also auc, balanced_accuracy, brier, calibration_error."""
    if not isinstance(model, Predicts) or data.test.y is None:
        return []
    said = [
        (model.predict(b.x).double().cpu(), b.y.cpu()) for b in batches(data.test, run.experiment.data, 1000, device)
    ]
    p, y = (torch.cat(parts) for parts in zip(*said))
    weights = {"last": "final", "best": "best"}[run.experiment.train.keep]
    protocol, where = f"{_what(run, data)}, one pass, {weights} weights", context(run, **_split(run))
    right = proportion(int((p.argmax(1) == y).sum()), len(y))
    found = [measurement("accuracy", right, "share", protocol, context=where)]
    if run.spec.classes != 2 or len(y.unique()) < 2:
        return found
    p, units = p[:, 1], {auc: "chance", balanced_accuracy: "share", brier: "squared probability"}
    found += [measurement(score.__name__, score(y, p), unit, protocol, context=where) for score, unit in units.items()]
    true = reliability(y, p, bins := min(10, len(y)))
    more = f"{protocol}, {bins} bins of equal count"
    found.append(measurement("calibration_error", true.error, "probability", more, n=len(y), floor=true.floor.value,
                             context=where))  # fmt: skip
    return found


def _what(run: Run, data: Dataset) -> str:
    smiles = run.experiment.data.smiles
    if run.spec.kind != "tokens":
        return tested(run, data)
    first = "" if run.experiment.evaluate.images is None else f"first {len(data.test)} "
    return (
        f"{first}{named(run)} test molecules, fold {smiles.fold} of {smiles.folds}, {smiles.split}, "
        f"repeat {smiles.repeat}, {smiles.spelling} SMILES"
    )


def _split(run: Run) -> dict:
    smiles = run.experiment.data.smiles
    return {"split": smiles.split, "spelling": smiles.spelling} if run.spec.kind == "tokens" else {}
