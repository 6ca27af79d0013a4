"""Cross-validation: one answer a molecule from a model that has not seen it, fresh weights, equal folds for all."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from simorgh.contracts import UserError
from simorgh.data import DataConfig, SmilesConfig, load
from simorgh.data.bbbp import folds, molecules
from simorgh.data.chemistry import canonical, parse
from simorgh.evaluate import cross_validation
from simorgh.evaluate.cross_validation import (
    CrossValidation,
    answers,
    cross_validate,
    fitted,
    kept,
    measure,
    network,
    same_folds,
    trained,
)  # fmt: skip
from simorgh.metrics.classification import auc
from simorgh.models.molecule_floors import FLOORS
from simorgh.models.sequence_classifier import SequenceClassifierConfig
from simorgh.noise import philox
from simorgh.train import Experiment, OptimiserConfig, TrainConfig

FOUR = SmilesConfig(folds=4)


@pytest.fixture(scope="module", name="name")
def _name(tmp_path_factory) -> str:
    """Chains of carbon and oxygen, of class 1 where they hold a chlorine: an easy question with one token to find."""
    rng, rows = philox("chains"), {}
    while len(rows) < 80:
        chain = "C" + "".join(rng.choice(["C", "N", "CO"], size=rng.integers(2, 7)))
        label = len(rows) % 2
        text = canonical(parse(chain + ("Cl" if label else "C")))
        rows.setdefault(text, label)
    path = tmp_path_factory.mktemp("molecules") / "chains.csv"
    path.write_text("smiles,label\n" + "".join(f"{text},{label}\n" for text, label in rows.items()))
    return f"smiles:{path}"


@pytest.fixture(scope="module", name="noise")
def _noise(name: str) -> str:
    """The same molecules with labels drawn by chance: nothing can be learnt but by heart."""
    path = Path(name.removeprefix("smiles:"))
    lines = path.read_text().splitlines()[1:]
    drawn = philox("chance").permutation(np.arange(len(lines)) % 2)
    other = path.with_name("noise.csv")
    other.write_text("smiles,label\n" + "".join(f"{line.split(',')[0]},{y}\n" for line, y in zip(lines, drawn)))
    return f"smiles:{other}"


def experiment(name: str, epochs: float = 10.0, **train) -> Experiment:
    model = SequenceClassifierConfig(hidden=8, embedding=4, dense=(), head="pooled")
    train = {"batch_size": 16, "optimiser": OptimiserConfig(lr=2e-2), **train}
    return Experiment("", "smoke", DataConfig(name), model, TrainConfig(epochs=epochs, **train))


def test_a_network_learns_and_every_molecule_is_answered_once_a_repeat(name):
    found = cross_validate(name, FOUR, network(experiment(name)), repeats=2)
    assert found.p.shape == (2, 80)
    assert not np.isnan(found.p).any()
    assert found.scores("auc").shape == (8,)
    assert found.scores("auc").mean() > 0.9
    assert len(set(found.hashes)) == 2
    assert found.held_out == 0.25


def test_no_weight_passes_from_fold_to_fold(noise):
    """With labels by chance an honest protocol stays at one half. One that goes on with the weights of the fold before
    has learnt by heart what it is asked next: the same nets, trained on, are shown to be right far too often."""
    base = experiment(noise, 60.0, optimiser=OptimiserConfig(lr=1e-2))
    model = SequenceClassifierConfig(recurrent="none", embedding=0, dense=(32,))
    base = replace(base, model=model)
    honest = cross_validate(noise, FOUR, network(base), repeats=1)
    assert auc(honest.y, honest.p[0]).value < 0.65

    kept: dict = {}
    make = cross_validation.initialise

    def initialise(here, spec):
        fresh = make(here, spec)
        if kept:
            fresh.load_state_dict(kept)
        return fresh

    def keeping(config):
        here = replace(base, data=replace(base.data, smiles=config))
        data = load(here.data)
        data = replace(data, spec=replace(data.spec, shape=(24,)))  # nets of all folds are of one size
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cross_validation, "initialise", initialise)
            net = trained(here, data)
        kept.update(net.state_dict())
        return answers(net, data.spellings)[:, 1].numpy()

    leaky = cross_validate(noise, FOUR, keeping, repeats=1)
    assert auc(leaky.y, leaky.p[0]).value > 0.8


def test_a_fold_alone_has_the_bits_of_the_same_fold_after_others(name):
    learner, last = network(experiment(name, 2.0)), replace(FOUR, fold=3)
    alone = learner(last)
    whole = cross_validate(name, FOUR, learner, repeats=1)
    assert np.array_equal(whole.p[0, folds(name, FOUR).held_out(3)], alone)


def test_training_sees_no_held_out_molecule(name, monkeypatch):
    seen = []
    real = cross_validation.stream

    def spy(part, *rest, **more):
        seen.append(part.x)
        return real(part, *rest, **more)

    monkeypatch.setattr(cross_validation, "stream", spy)
    early = experiment(name, 1.0, keep="best")
    early = replace(early, data=replace(early.data, validation=8))
    network(early)(replace(FOUR, fold=1))
    data = load(DataConfig(name, validation=8, smiles=replace(FOUR, fold=1)))
    (trained_on,) = seen
    assert len(trained_on) == 80 - 20 - 8
    assert torch.equal(trained_on, data.train.x)
    rows = {tuple(t for t in row if t) for row in trained_on.tolist()}
    for held_out in (data.validation, data.test):
        assert not rows & {tuple(t for t in row if t) for row in held_out.x.tolist()}


def test_early_stopping_keeps_the_weights_of_the_best_validation(noise):
    """On labels by chance the validation loss rises as soon as nets learn by heart."""
    base = replace(experiment(noise, 60.0), model=SequenceClassifierConfig(recurrent="none", embedding=0, dense=(32,)))
    base = replace(base, data=replace(base.data, validation=16))
    data = load(base.data)
    last, best = trained(base, data), trained(replace(base, train=replace(base.train, keep="best")), data)
    x, y = data.validation.x.long(), data.validation.y
    losses = [torch.nn.functional.nll_loss(m.predict(x).log(), y).item() for m in (last, best)]
    assert losses[1] < losses[0] - 0.1
    with pytest.raises(UserError, match="needs held-out"):
        trained(replace(experiment(noise, keep="best")), load(DataConfig(noise)))


def test_the_global_generator_is_left_alone(name):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    network(experiment(name, 0.5))(FOUR)
    assert torch.equal(torch.rand(3), expected)


def test_answers_are_means_over_spellings(name):
    config = replace(FOUR, extra=3)
    base = experiment(name, 1.0)
    data = load(replace(base.data, smiles=config))
    net = trained(replace(base, data=replace(base.data, smiles=config)), data)
    each = torch.stack([net.predict(data.spellings[:, s].long()) for s in range(4)]).mean(0)
    torch.testing.assert_close(answers(net, data.spellings, chunk=7), each.double(), atol=1e-6, rtol=1e-5)
    first = network(base, averaged=False)(config)
    assert first.shape == (20,)
    assert not np.allclose(first, network(base)(config))


@pytest.mark.parametrize("kind", FLOORS)
def test_floors_answer_as_networks_do(kind, name):
    found = cross_validate(name, FOUR, fitted(FLOORS[kind], name), repeats=1)
    assert found.scores("auc").mean() > 0.95
    again = cross_validate(name, FOUR, fitted(FLOORS[kind], name), repeats=1)
    assert np.array_equal(found.p, again.p)
    table = molecules(name)
    floor = FLOORS[kind](table.canonical, table.y, 0)
    assert floor.predict(table.canonical[:3]).sum(1) == pytest.approx([1, 1, 1])
    assert floor.features(table.canonical[:3]).shape[0] == 3


def test_floors_learn_from_the_training_folds_only(noise):
    for fit in FLOORS.values():
        found = cross_validate(noise, FOUR, fitted(fit, noise), repeats=1)
        assert auc(found.y, found.p[0]).value < 0.7


def test_a_learner_that_answers_for_others_is_caught(name):
    with pytest.raises(ValueError, match="20 molecules held out"):
        cross_validate(name, FOUR, lambda config: np.zeros(19))


def test_folds_that_are_done_are_not_done_again(name, noise, tmp_path):
    """Killed in the second fold, the same call asks for what is left; another learner, set or protocol begins anew."""
    asked, fatal = [], 1

    def learner(config: SmilesConfig) -> np.ndarray:
        if config.fold == fatal:
            raise KeyboardInterrupt
        asked.append(config.fold)
        return np.linspace(0, 1, 20)

    with pytest.raises(KeyboardInterrupt):
        cross_validate(name, FOUR, kept(learner, tmp_path, name, "a"), repeats=1)
    fatal = None
    found = cross_validate(name, FOUR, kept(learner, tmp_path, name, "a"), repeats=1)
    assert asked == [0, 1, 2, 3]
    assert np.array_equal(np.sort(found.p[0]), np.sort(np.tile(np.linspace(0, 1, 20), 4)))
    for other in ((name, "b", FOUR), (noise, "a", FOUR), (name, "a", replace(FOUR, spelling="flat"))):
        asked.clear()
        cross_validate(other[0], other[2], kept(learner, tmp_path, *other[:2]), repeats=1)
        assert asked == [0, 1, 2, 3]
    assert len(found.first(1).p) == 1


def test_three_classes_are_refused(tmp_path):
    path = tmp_path / "three.csv"
    path.write_text("smiles,label\nC,0\nCC,1\nCCC,2\n")
    with pytest.raises(UserError, match="3 classes"):
        cross_validate(f"smiles:{path}", FOUR, lambda config: np.zeros(1))


def test_scores_are_those_of_each_fold_and_measurements_say_so():
    y = np.array([0, 1] * 4)
    fold = np.array([[0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 0, 0, 1, 1]])
    p = np.array([[0.1, 0.9, 0.2, 0.8, 0.9, 0.1, 0.3, 0.8], [0.6, 0.4, 0.1, 0.9, 0.2, 0.9, 0.4, 0.3]])
    found = CrossValidation(y, p, fold, ("a" * 64, "b" * 64))
    assert found.scores("auc").tolist() == [1.0, 0.25, 0.75, 0.75]
    assert found.scores("accuracy").tolist() == [1.0, 0.5, 0.5, 0.75]
    assert found.mean.tolist() == pytest.approx(p.mean(0).tolist())
    same_folds([found, replace(found, p=p[::-1])])
    with pytest.raises(UserError, match="different folds"):
        same_folds([found, replace(found, hashes=("a", "c"))])


def test_measurements_have_intervals_deviations_and_a_floor(name):
    found = cross_validate(name, FOUR, fitted(FLOORS["ngram"], name), repeats=2)
    rows = {m.name: m for m in measure(found, {"split": "random"})}
    assert set(rows) == {"auc", "accuracy", "balanced_accuracy", "brier", "calibration_error"}
    for m in rows.values():
        assert m.n == 80
        assert m.context["split"] == "random"
    values = found.scores("brier")
    assert rows["brier"].value == pytest.approx(values.mean())
    assert rows["brier"].low < rows["brier"].value < rows["brier"].high
    assert rows["brier"].context["deviation"] == pytest.approx(values.std(ddof=1))
    assert rows["calibration_error"].floor > 0
    for m, over in zip(rows.values(), measure(found, {"split": "random"}, spellings=7)):
        assert "spellings" not in m.protocol
        assert "averaged over 7 spellings" in over.protocol
        assert over.protocol_hash != m.protocol_hash
