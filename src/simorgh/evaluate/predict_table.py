"""What a trained classifier says about the molecules of a CSV file: one row out for every row in.

A row that cannot be answered keeps its place, with empty cells and the reason.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from simorgh.contracts import Predicts, UserError
from simorgh.data.chemistry import canonical, parse, respell
from simorgh.data.molecules import read_csv, read_smiles
from simorgh.data.tokens import SPECIAL, TOKENISERS, encode
from simorgh.train import Run

BATCH = 50
"""Molecules that are read together."""


@dataclass(frozen=True)
class Answer:
    """What is said about one row.

    Attributes:
        line: its line in the file, from 1; `smiles` what stood there.
        p: the probability of each class, () where there is no answer.
        vector: (d,) what the model makes of the molecule before its last layer, None where there is no answer.
        note: why there is no answer, or what in the molecule the model could not read.
    """

    line: int
    smiles: str
    p: tuple[float, ...]
    vector: np.ndarray | None
    note: str


def predict_file(run: Run, path: Path | str, spellings: int | None = None, device: str = "cpu") -> list[Answer]:
    """An Answer for every row of the CSV file at `path`, in its order; labels in it are not looked at.

    Each molecule is spelt as those that the model was trained on. Probabilities and vectors are means over that
    spelling and `spellings` random ones, as many as in training by default. UserError for a file that cannot be read,
    and for a run that is no classifier of molecules.
    """
    smiles = run.experiment.data.smiles
    extra = smiles.extra if spellings is None else spellings
    if extra < 0:
        raise UserError(f"{extra} random spellings are none that can be made: give 0 or more.")
    model = run.model()
    if run.spec.kind != "tokens" or not isinstance(model, Predicts):
        raise UserError(f"{run.path} is no classifier of molecules: simorgh list recipes shows some to train.")
    if not run.spec.labels:
        raise UserError(
            f"{run.path} is of a time when runs did not keep the names of classes: delete it and train it again."
        )
    table = read_csv(path, labelled=False)
    found: list[Answer | None] = [None] * len(table)
    readable = []
    for row, (line, text) in enumerate(zip(table.lines, table.smiles)):
        name, reason = read_smiles(text)
        if reason:
            found[row] = Answer(line, text, (), None, reason)
        else:
            own = _spelt(text, name, smiles.spelling)
            readable.append((row, [own, *respell(own, extra, smiles.repeat)]))
    model = model.to(device)
    for start in range(0, len(readable), BATCH):
        part = readable[start : start + BATCH]
        said = _answers(run, model, [texts for _, texts in part], device)
        for (row, texts), (p, vector) in zip(part, said):
            note = _unread(run, texts[0])
            found[row] = Answer(table.lines[row], table.smiles[row], tuple(p.tolist()), vector, note)
    return found


def _spelt(text: str, name: str, spelling: str) -> str:
    """The molecule `text`, canonical SMILES `name`, as SmilesConfig names its spelling."""
    if spelling == "flat":
        return canonical(parse(name), stereo=False)
    return text if spelling == "as-written" else name


@torch.no_grad()
def _answers(run: Run, model: Predicts, texts: list[list[str]], device: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each molecule the mean probabilities (classes,) and vector (d,) over its spellings."""
    cut = TOKENISERS[run.experiment.data.smiles.tokens]
    rows = [cut(text) for spelt in texts for text in spelt]
    x = torch.from_numpy(encode(rows, run.spec.vocabulary)).long().to(device)
    shape = (len(texts), len(texts[0]), -1)
    p, vectors = (said(x).double().cpu().view(shape).mean(1).numpy() for said in (model.predict, model.features))
    return zip(p, vectors)


def _unread(run: Run, text: str) -> str:
    """What the model cannot see of `text`: tokens that are new to it, and places beyond the end of a flattened net."""
    tokens = TOKENISERS[run.experiment.data.smiles.tokens](text)
    notes = []
    if unknown := sorted(set(tokens) - set(run.spec.vocabulary[len(SPECIAL) :])):
        notes.append(f"not seen in training: {' '.join(unknown)}")
    longest = run.spec.shape[0]
    if len(tokens) > longest and getattr(run.experiment.model, "head", "") == "flatten":
        notes.append(f"only the first {longest} of {len(tokens)} tokens are read")
    return "; ".join(notes)


def as_csv(answers: Sequence[Answer], names: Sequence[str]) -> str:
    """The text of a CSV file: line, smiles, prediction, a column with the probability of each class, note."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["line", "smiles", "prediction", *(f"p {name}" for name in names), "note"])
    for a in answers:
        said = [names[int(np.argmax(a.p))], *(f"{p:.6f}" for p in a.p)] if a.p else [""] * (1 + len(names))
        writer.writerow([a.line, a.smiles, *said, a.note])
    return out.getvalue()


def vectors(answers: Sequence[Answer]) -> dict[str, np.ndarray]:
    """`lines` (M,) of the M rows that have an answer, and their `vectors` (M, d) float32."""
    held = [a for a in answers if a.vector is not None]
    stacked = np.stack([a.vector for a in held]) if held else np.zeros((0, 0))
    return {"lines": np.array([a.line for a in held], np.int64), "vectors": stacked.astype(np.float32)}
