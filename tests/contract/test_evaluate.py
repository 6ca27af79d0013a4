"""Signs and units of what evaluation publishes, from models that are known by construction."""

import warnings
from dataclasses import replace
from importlib import import_module
from math import log
from pathlib import Path

import pytest
import torch

from simorgh.contracts import UserError
from simorgh.data import DataConfig, load
from simorgh.data.parts import Part
from simorgh.errors import Notice
from simorgh.evaluate import METRICS, evaluate, evaluated, judge, measurement, over_seeds
from simorgh.evaluate.measure import context, named, untested
from simorgh.evaluate.prediction import _what
from simorgh.metrics.kid import kid
from simorgh.models.control_vae import ControlVAEConfig
from simorgh.models.gpt import GPTConfig
from simorgh.models.vq_vae import VQVAEConfig
from simorgh.nn.codebook import Codebook
from simorgh.recipes import recipe
from simorgh.report.compare import compare
from simorgh.train import Run, fit, initialise


def prepared(name: str, path: Path):
    """A run that was never trained, its model and its data."""
    experiment = recipe(name, "smoke")
    data = load(experiment.data)
    return Run(path, experiment, data.spec), initialise(experiment, data.spec).eval(), data


def test_a_constant_weight_is_the_bound(tmp_path: Path, monkeypatch):
    run, model, data = prepared("digits-vae", tmp_path)
    monkeypatch.setattr(model, "log_weights", lambda x, y, k, noise: torch.full((k, len(x)), -42.0))
    with torch.no_grad():
        found = {m.name: m for m in METRICS["likelihood"](run, model, data, "cpu")}
    assert found["iwae_bound"].value == pytest.approx(42)


def test_chunks_of_the_bound_have_noise_of_their_own(tmp_path: Path, monkeypatch):
    run, model, data = prepared("digits-vae", tmp_path)
    run = Run(
        tmp_path, replace(run.experiment, evaluate=replace(run.experiment.evaluate, importance_samples=4000)), data.spec
    )

    def weights(x, y, k, noise):
        return noise.normal(k, len(x), name="weights", axis=1)

    monkeypatch.setattr(model, "log_weights", weights)
    with torch.no_grad():
        found = {m.name: m for m in METRICS["likelihood"](run, model, data, "cpu")}
    # E exp of a standard normal is sqrt e; chunks of equal draws would leave the noise of one chunk.
    assert found["iwae_bound"].value == pytest.approx(-0.5, abs=0.03)


@pytest.mark.parametrize("priced", [False, True])
def test_uneven_codes_are_told_as_a_collapse_where_they_have_no_price(tmp_path: Path, priced: bool):
    class Uneven:
        """One code for nearly everything, the other 63 now and then."""

        code_count, codes_priced = 64, priced

        def codes(self, x):
            maps = torch.zeros(len(x), 1, 10, dtype=torch.int64)
            maps[:, 0, 0] = torch.arange(len(x)) % 64
            return maps

        def decode_codes(self, codes):
            raise NotImplementedError

        def code_nats(self, codes, y=None):
            return torch.zeros(len(codes))

    run, _, data = prepared("digits-vae", tmp_path)
    found = METRICS["codes"](run, Uneven(), data, "cpu")
    assert found, "such a model has codes"
    assert [m.context["collapse"] is None for m in found] == [priced] * len(found)


@pytest.mark.mnist
@pytest.mark.parametrize("right", [True, False])
def test_a_classifier_that_knows_has_accuracy_one(tmp_path: Path, monkeypatch, right: bool):
    run, model, data = prepared("mlp-corrected", tmp_path)
    said = iter(data.test.y.split(1000))

    def predict(x):
        y = next(said)[: len(x)]
        return torch.nn.functional.one_hot(y if right else (y + 1) % 10, 10).float()

    monkeypatch.setattr(model, "predict", predict)
    found = {m.name: m for m in METRICS["prediction"](run, model, data, "cpu")}
    assert found["accuracy"].value == (1 if right else 0)
    assert found["accuracy"].low < found["accuracy"].high, "an interval of no width at 100 %"


@pytest.mark.mnist
def test_real_digits_in_the_place_of_samples_are_read_as_asked(tmp_path: Path, monkeypatch):
    run, model, data = prepared("cvae-mlp", tmp_path)
    n = run.experiment.evaluate.samples
    x, y = data.train.x[:n].float() / 255, data.train.y[:n]
    monkeypatch.setattr(import_module("simorgh.evaluate.samples"), "_labelled", lambda *_: (x, y))
    found = {m.name: m for m in METRICS["samples"](run, model, data, "cpu")}
    assert found["judge_accuracy"].value > 0.97
    real, fake = judge.reference(n, "test"), judge.judged(x)[0]
    assert found["kid"].value == pytest.approx(1000 * kid(real, fake, size=n).value, abs=1e-6)
    assert found["smallest_class_share"].value <= 0.1 <= found["largest_class_share"].value


def test_a_set_point_and_a_size_of_codes_stand_with_every_number(tmp_path: Path):
    """So that numbers of two set points are told apart by more than a recipe's name."""
    spec = load(DataConfig("digits")).spec
    for config, more in ((ControlVAEConfig(target=3.5), {"set_point": 3.5}),
                         (VQVAEConfig(Codebook(codes=5, dim=7)), {"dimension": 7}), (GPTConfig(), {})):  # fmt: skip
        experiment = replace(recipe("digits-vae", "smoke"), model=config)
        known = {"recipe": "digits-vae", "preset": "smoke", "seed": 0, "data": "digits"}
        assert context(Run(tmp_path, experiment, spec), split="test") == {**known, **more, "split": "test"}


def test_a_group_is_stored_when_it_is_measured_and_replaces_all_of_its_own(tmp_path: Path, monkeypatch):
    run = fit(recipe("digits-vae", "smoke"), tmp_path, progress=False)
    evaluate(run, ("reconstruction",))
    assert run.measured() == {"reconstruction"}
    assert not evaluated(run)

    def fails(*_):
        raise UserError("no such luck")

    monkeypatch.setitem(METRICS, "density", fails)
    with pytest.raises(UserError, match="no such luck"):
        evaluate(run)
    assert {"training", "likelihood", "reconstruction"} == run.measured()
    assert {m.name for m in run.results()} >= {"mse", "neg_elbo", "iwae_bound", "seconds"}
    monkeypatch.undo()
    evaluate(run)
    assert evaluated(run)
    plain = run.evaluated_by(replace(run.experiment.evaluate, importance_samples=0))
    assert not evaluated(plain), "measured by other settings"
    evaluate(plain, ("likelihood",))
    names = [m.name for m in plain.results()]
    assert "neg_elbo" in names
    assert "iwae_bound" not in names, "a number of an evaluation before, which nobody asked for again"
    assert len(names) == len(set(names))


def test_too_few_images_are_refused_before_anything_is_measured(tmp_path: Path):
    run = fit(recipe("digits-vae", "smoke"), tmp_path, progress=False)
    with pytest.raises(UserError, match=r"evaluate\.samples is 5"):
        evaluate(run.evaluated_by(replace(run.experiment.evaluate, samples=5)))
    with pytest.raises(UserError, match="does not exist"):
        evaluate(run, inception=tmp_path / "typo.pth")
    assert not run.measured()


def test_targets_that_were_binarised_are_another_protocol(tmp_path: Path):
    base, found = recipe("digits-vae", "smoke"), []
    for binarise in ("none", "threshold"):
        run = fit(replace(base, data=replace(base.data, binarise=binarise)), tmp_path, progress=False)
        found += [m for m in evaluate(run, ("reconstruction",)) if m.name == "mse"]
    assert found[0].protocol_hash != found[1].protocol_hash


def test_likelihoods_that_differ_in_kind_are_of_different_protocols(tmp_path: Path):
    """A Gaussian density and a Bernoulli probability of the same pixels are no better or worse than each other."""
    base, found = recipe("digits-vae", "smoke"), {}
    for law in ("bernoulli", "gaussian"):
        run = fit(replace(base, model=replace(base.model, likelihood=law)), tmp_path, progress=False)
        found[law] = {m.name: m for m in evaluate(run, ("likelihood",))}
    for name, m in found["bernoulli"].items():
        assert m.protocol_hash != found["gaussian"][name].protocol_hash
        assert "likelihood" not in m.protocol, "the hashes of before"
        assert "gaussian likelihood" in found["gaussian"][name].protocol


def test_a_set_of_ones_own_is_named_by_its_content_too():
    base = recipe("digits-ae", "smoke")
    own = replace(base, data=DataConfig("folder:pictures", content="0123456789abcdef"))
    assert named(Run(Path("run"), own, None)) == "folder:pictures (01234567)"
    assert named(Run(Path("run"), base, None)) == "digits"


def test_a_metric_that_was_asked_for_and_has_nothing_to_say_is_named(tmp_path: Path):
    run = fit(recipe("digits-ae", "smoke"), tmp_path, progress=False)
    with pytest.warns(Notice, match="nothing that prediction could measure"):
        assert not evaluate(run, ("prediction",))
    with warnings.catch_warnings():
        warnings.simplefilter("error", Notice)
        evaluate(run)


def test_a_floor_is_of_images_that_are_not_tested_on():
    train = Part(torch.zeros(8, 1, 2, 2, dtype=torch.uint8), factors=torch.arange(16).view(8, 2))
    test = train.take(torch.tensor([0, 1, 5]))
    assert untested(train, test, 3).tolist() == [2, 3, 4]
    assert untested(train, test, 9, range(7, -1, -1)).tolist() == [7, 6, 4, 3, 2]
    assert untested(replace(train, factors=None), test, 3).tolist() == [0, 1, 2]


def test_a_text_that_is_cut_otherwise_than_in_training_is_refused(tmp_path: Path):
    poems = [[(f"{a} {b}", f"{b} {a}") for b in "ابپتثجچح"] for a in "دذرزژسشص"]
    file = tmp_path / "poems.txt"
    file.write_text("\n\n".join("\n".join("\t".join(beyt) for beyt in poem) for poem in poems), encoding="utf-8")
    base = recipe("verse-scratch", "smoke")
    base = replace(base, data=replace(base.data, name=f"text:{file}"), train=replace(base.train, epochs=0.2))
    run = fit(base, tmp_path, progress=False)
    other = Run(run.path, run.experiment, replace(run.spec, vocabulary=(*run.spec.vocabulary[:-1], "x")))
    with pytest.raises(UserError, match="cut into other symbols"):
        evaluate(other, ["surprise"])


def test_a_part_of_the_test_molecules_is_another_protocol(tmp_path: Path):
    run, _, data = prepared("digits-vae", tmp_path)
    tokens = Run(run.path, run.experiment, replace(data.spec, kind="tokens"))
    experiment = replace(run.experiment, evaluate=replace(run.experiment.evaluate, images=None))
    whole = Run(run.path, experiment, tokens.spec)
    assert _what(tokens, data).startswith(f"first {len(data.test)} ")
    assert not _what(whole, data).startswith("first")


def test_a_plain_number_says_how_many_examples_it_is_of():
    with pytest.raises(ValueError, match="number of its examples"):
        measurement("neg_elbo", 1.0, "nats/image", "one")


def test_unlike_protocols_are_neither_averaged_nor_ranked(tmp_path: Path):
    ms = [measurement("neg_elbo", v, "nats/image", p, n=10) for v, p in ((3.0, "one"), (1.0, "one"), (2.0, "another"))]
    assert over_seeds(ms[:2]).value == 2
    with pytest.raises(UserError, match="different protocols"):
        over_seeds(ms)
    run, _, data = prepared("digits-vae", tmp_path)
    runs = []
    for i, m in enumerate(ms):
        one = Run(tmp_path / str(i), run.experiment, data.spec)
        one.path.mkdir()
        one.save_results({"likelihood": [m]})
        runs.append(one)
    (alike,) = compare(runs[:2])
    assert [(m.value, rank) for _, m, rank in alike.rows] == [(1.0, 1), (3.0, 2)]
    for one, (low, high) in zip(runs, ((1, 2), (1.9, 3), (2.9, 4))):
        one.save_results({"likelihood": [replace(ms[0], value=low, low=low, high=high)]})
    (linked,) = compare(runs)
    assert [rank for *_, rank in linked.rows] == [1, 1, 3], "the third overlaps the second, and not the best"
    for one, m in zip(runs, ms):
        one.save_results({"likelihood": [m]})
    (unlike,) = compare(runs)
    assert {rank for *_, rank in unlike.rows} == {None}
    assert "protocol" in unlike.reason


def test_perplexity_and_bits_agree_on_verse(tmp_path: Path):
    """Bits per beyt times beyts and log2 perplexity times symbols are the same surprise."""
    file = tmp_path / "poems.txt"
    poems = [[(f"{a} {b}", f"{b} {a}") for b in "ابپتثجچح"] for a in "دذرزژسشص"]
    file.write_text("\n\n".join("\n".join("\t".join(beyt) for beyt in poem) for poem in poems), encoding="utf-8")
    experiment = replace(recipe("verse-scratch", "smoke"), data=DataConfig(f"text:{file}"))
    data = load(experiment.data)
    model, run = initialise(experiment, data.spec).eval(), Run(tmp_path, experiment, data.spec)
    with torch.no_grad():
        found = {m.name: m for m in METRICS["surprise"](run, model, data, "cpu")}
    beyt, symbol = found["bits_per_beyt"], found["perplexity"]
    assert beyt.value * beyt.n == pytest.approx(log(symbol.value, 2) * symbol.n, rel=1e-6)


@pytest.mark.mnist
def test_samples_that_are_too_few_are_left_out_in_one_sentence(tmp_path: Path):
    base = recipe("vae-mlp", "smoke")
    base = replace(base, data=DataConfig("mnist", limit=64), evaluate=replace(base.evaluate, images=5))
    run = fit(base, tmp_path, progress=False)
    for name in ("samples", "memory"):
        with pytest.warns(Notice, match="5 samples are too few"):
            assert evaluate(run, (name,)) == []
