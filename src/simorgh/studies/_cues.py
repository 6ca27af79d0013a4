"""What the study of molecules asks of its nets besides the folds: small trials on held-out molecules, AUC in pairs, and
whether a cue is heard wherever in the string it stands."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy import stats

from simorgh.data import SmilesConfig, load
from simorgh.data.chemistry import parse
from simorgh.data.tokens import atoms, encode
from simorgh.evaluate.cross_validation import Learner, answers, trained
from simorgh.metrics.bins import assign
from simorgh.metrics.classification import placements
from simorgh.metrics.intervals import Interval, mean_interval
from simorgh.noise import philox
from simorgh.report.style import LINES, QUIET, use_style
from simorgh.studies._molecules import atom_places
from simorgh.train import Experiment, Run
from simorgh.train.experiment import override

ACID = "[CX3](=O)[OX2H1,OX1-]"
"""A carboxylic acid or its salt."""


# a small search


def trials(base: Experiment) -> list[Experiment]:
    """`base` first, then with other rates, spellings and widths, each with about as many strings seen; where `base` has
    one spelling of a molecule only, with one other rate."""
    extra, rate, hidden = base.data.smiles.extra, base.train.optimiser.lr, base.model.hidden
    if not extra:
        return [base, override(base, {"train.optimiser.lr": rate / 3})]
    found = []
    for times in (1, 1 / 3, 3):
        for spellings in (1 + extra, 1):
            changes = {"train.optimiser.lr": float(f"{rate * times:.3g}"), "data.smiles.extra": spellings - 1,
                       "train.epochs": base.train.epochs * (1 + extra) / spellings}  # fmt: skip
            found.append(override(base, changes))
    return found + [override(base, {"model.hidden": width}) for width in (hidden // 2, 2 * hidden)]


def watched(experiment: Experiment) -> Learner:
    """Trains on a fold's training part and answers for its `data.validation` last molecules, which are held out of
    it: the fold's own test part is not looked at."""

    def learn(config: SmilesConfig) -> np.ndarray:
        here = replace(experiment, data=replace(experiment.data, smiles=config))
        found = load(here.data)
        return answers(trained(here, found), found.validation.x[:, None])[:, 1].numpy()

    return learn


# areas under the curve


def gap(y: np.ndarray, a: np.ndarray, b: np.ndarray) -> Interval:
    """AUC of probabilities a minus that of b for the same labels, with the interval of DeLong et al. 1988 for pairs;
    without ends where a class has fewer than two examples."""
    parts = [[p[y == c] for c in (1, 0)] for p in (a, b)]
    (up, down), (over, under) = (placements(*part) for part in parts)
    value = float(up.mean() - over.mean())
    if min(len(up), len(down)) < 2:
        return Interval(value, float("nan"), float("nan"), len(y))
    error = (float((up - over).var(ddof=1)) / len(up) + float((down - under).var(ddof=1)) / len(down)) ** 0.5
    reach = float(stats.norm.isf(0.025)) * error
    return Interval(value, value - reach, value + reach, len(y))


def gaps(values: np.ndarray, y: np.ndarray, a: np.ndarray, b: np.ndarray, count: int = 10) -> list[Interval]:
    """`gap` in each of the bins that metrics.bins.along makes of `values`; nothing for a bin of one class."""
    bins = assign(values, count)
    members = [bins == k for k in range(bins.max() + 1)]
    return [gap(y[m], a[m], b[m]) if 0 < y[m].sum() < m.sum() else None for m in members if m.sum() > 1]


def mean_of(parts: Sequence[Interval]) -> Interval:
    """The mean of independent estimates with intervals."""
    known = [p for p in parts if p is not None and np.isfinite(p.low)]
    if not known:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    value = float(np.mean([p.value for p in known]))
    reach = float(sum(((p.high - p.low) / 2) ** 2 for p in known)) ** 0.5 / len(known)
    return Interval(value, value - reach, value + reach, sum(p.n for p in known))


def apart(a: Interval, b: Interval) -> Interval:
    """a - b for independent estimates with intervals."""
    value, reach = a.value - b.value, np.hypot(a.high - a.low, b.high - b.low) / 2
    return Interval(value, value - float(reach), value + float(reach), a.n + b.n)


def signed(i: Interval, digits: int = 3) -> str:
    """An estimate that may be negative, with its interval."""
    return f"{i.value:+.{digits}f} [{i.low:+.{digits}f}, {i.high:+.{digits}f}]"


def sure(i: Interval) -> int:
    """1 or -1 where the interval lies above or below zero, 0 where it holds zero."""
    return int(i.low > 0) - int(i.high < 0)


def beside(others: np.ndarray) -> tuple[float, float]:
    """Where one more value like `others` lies in 95 % of cases, were all drawn from one Gaussian."""
    n = len(others)
    if n < 2:
        return -np.inf, np.inf
    reach = float(stats.t.isf(0.025, n - 1) * others.std(ddof=1) * (1 + 1 / n) ** 0.5)
    return float(others.mean()) - reach, float(others.mean()) + reach


# a cue that moves along the string


class Walks(NamedTuple):
    """Spellings of molecules that hold a cue once.

    Attributes:
        texts: the spellings.
        molecule: (M,) the place of each one's molecule in the list that was given.
        tenth: (M,) in which tenth of its tokens the middle of the cue stands, 0 to 9.
    """

    texts: list[str]
    molecule: np.ndarray
    tenth: np.ndarray


def walks(smiles: Sequence[str], pattern: str, each: int = 2) -> Walks:
    """`each` random spellings from every atom of every molecule that holds `pattern` exactly once, made as the random
    spellings of the training data are."""
    from rdkit import Chem

    wanted = Chem.MolFromSmarts(pattern)
    texts, molecule, tenth = [], [], []
    for i, text in enumerate(smiles):
        mol = parse(text)
        found = mol.GetSubstructMatches(wanted)
        if len(found) != 1:
            continue
        rng, n = philox("study", "walks", text), mol.GetNumAtoms()
        for root in np.repeat(np.arange(n), each):
            order = rng.permutation(n)
            order = [int(root), *order[order != root].tolist()]
            turned = Chem.RenumberAtoms(mol, order)
            spelt = Chem.MolToSmiles(turned, canonical=False)
            tokens, out = atoms(spelt), list(turned.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"])
            places = atom_places(tokens)
            if len(places) != n:  # a hydrogen that is written out
                continue
            middle = np.mean([places[out.index(order.index(atom))] for atom in found[0]])
            texts.append(spelt)
            molecule.append(i)
            tenth.append(int(10 * middle / len(tokens)))
    return Walks(texts, np.array(molecule), np.array(tenth))


@torch.no_grad()
def log_odds(run: Run, texts: Sequence[str], vocabulary: Sequence[str]) -> np.ndarray:
    """(M,) what a net says for class 1, as the logarithm of its odds."""
    model, x = run.model(), torch.from_numpy(encode([atoms(text) for text in texts], vocabulary)).long()
    logits = torch.cat([model.output(model.features(part)) for part in x.split(250)])
    return (logits[:, 1] - logits[:, 0]).double().numpy()


def by_tenth(values: np.ndarray, made: Walks, least: int = 5) -> list[Interval | None]:
    """The mean of `values` (M,) with the cue in each tenth of the string: over spellings, then over molecules, whose
    spread gives the interval; None for fewer than `least` molecules."""
    found = []
    for k in range(10):
        inside = made.tenth == k
        means = [values[inside & (made.molecule == i)].mean() for i in np.unique(made.molecule[inside])]
        found.append(mean_interval(means, kind="normal") if len(means) >= least else None)
    return found


def relative(values: np.ndarray, made: Walks) -> np.ndarray:
    """(M,) `values` less the mean of their molecule over all its spellings."""
    means = {i: values[made.molecule == i].mean() for i in np.unique(made.molecule)}
    return values - np.array([means[i] for i in made.molecule])


def early_less_late(values: np.ndarray, made: Walks, tenths: int = 3) -> np.ndarray:
    """(molecules,) the mean of `values` with the cue in the first `tenths` less that with it in the last ones, for all
    molecules of `made` in order; NaN where a molecule never has it there."""
    found = []
    for i in np.unique(made.molecule):
        mine = made.molecule == i
        early, late = values[mine & (made.tenth < tenths)], values[mine & (made.tenth >= 10 - tenths)]
        found.append(early.mean() - late.mean() if len(early) and len(late) else np.nan)
    return np.array(found)


def spread(values: np.ndarray) -> Interval:
    """Mean of the numbers among `values` with a normal interval over them."""
    return mean_interval(values[np.isfinite(values)], kind="normal")


def along_the_string(panels: dict[str, dict[str, list[Interval | None]]]) -> Figure:
    """A panel for each word on a vertical axis: what each net has with the cue in each tenth of the string."""
    use_style()
    figure = Figure(figsize=(8.4, 2.9))
    for panel, (word, nets) in zip(figure.subplots(1, len(panels)), panels.items()):
        for k, (name, held) in enumerate(nets.items()):
            at = [i for i, v in enumerate(held) if v is not None]
            values = [held[i] for i in at]
            reach = np.array([[v.value - v.low, v.high - v.value] for v in values]).T.reshape(2, -1)
            panel.errorbar(np.array(at) + 1 + 0.2 * k - 0.1, [v.value for v in values], reach, fmt="o-", markersize=3.5,
                           linewidth=1, color=LINES[k + 1], label=name)  # fmt: skip
        panel.set(xlabel="tenth of the string where the cue stands", ylabel=word, xticks=range(1, 11))
        if min(v.low for held in nets.values() for v in held if v is not None) < 0:
            panel.axhline(0, color=QUIET, linestyle="--", linewidth=1)
    figure.legend(*panel.get_legend_handles_labels(), ncols=len(nets), loc="outside upper center")
    return figure
