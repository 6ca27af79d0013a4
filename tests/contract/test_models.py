"""What every member of the list of models promises. A new model earns these by one entry in members.py."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace

import pytest
import torch
from members import MEMBERS, Member, examples, halves

from simorgh.contracts import (
    Batch,
    BoundsLikelihood,
    Config,
    Encodes,
    Model,
    Noise,
    Objective,
    Recalibrates,
    Reconstructs,
    SampleNoise,
    Samples,
    Tick,
    Traces,
    UserError,
)  # fmt: skip
from simorgh.models import MODELS
from simorgh.train import conditions_in_turn
from simorgh.train.engine import Engine
from simorgh.train.experiment import OptimiserConfig, TrainConfig, from_dict, to_dict
from simorgh.train.loop import Loop, gradients

TICK = Tick(3, 24, 0.5, Noise(1, "train", 3, 0, 8))


@pytest.fixture(params=MEMBERS, name="member")
def _member(request) -> Member:
    return MEMBERS[request.param]


@pytest.fixture(name="model")
def _model(member: Member) -> Model:
    torch.manual_seed(0)
    return member.config.build(member.spec)


@pytest.fixture(name="batch")
def _batch(member: Member) -> Batch:
    return examples(member.spec)


def test_every_model_of_the_list_is_a_member():
    assert {member.kind for member in MEMBERS.values()} == set(MODELS)


def test_config_keeps_the_words_of_its_contract(member: Member):
    """A setting of the same name would take the place of what every model is asked for."""
    assert {"recipe", "preset", "seed", "data", "split"}.isdisjoint(member.config.marks())
    assert not {"build", "start", "settle", "marks", "unlike_losses"} & {f.name for f in fields(member.config)}


def test_config_round_trips(member: Member):
    assert MODELS[member.kind] is type(member.config)
    assert from_dict(Config, to_dict(member.config)) == member.config


def numbers(config: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of every number among the settings of `config`, those of tuples by their first entry."""
    for f in fields(config):
        value = getattr(config, f.name)
        if is_dataclass(value):
            yield from numbers(value, (*path, f.name))
            continue
        first = value[0] if value and isinstance(value, tuple) else value
        if isinstance(first, int | float) and not isinstance(first, bool):
            yield (*path, f.name)


def changed(config: object, path: tuple[str, ...], value: float) -> object:
    name, *rest = path
    old = getattr(config, name)
    new = changed(old, rest, value) if rest else (value, *old[1:]) if isinstance(old, tuple) else value
    return replace(config, **{name: new})


def test_a_number_out_of_range_is_one_sentence(member: Member):
    """0 and -1 in the place of every number: a model, or a UserError."""
    for path in numbers(member.config):
        for value in (0, -1):
            try:
                changed(member.config, path, value).build(member.spec)
            except UserError:
                continue
            except Exception as error:
                pytest.fail(f"{'.'.join(path)} = {value}: {type(error).__name__}: {error}")


def test_docstring_names_its_source_and_shapes(member: Member):
    text = inspect.getmodule(type(member.config)).__doc__
    assert re.search(r"(19|20)\d\d", text), "no year of a paper"
    assert "(B, " in text, "no shape"
    assert "nats" in text, "no unit"


def test_terms_are_finite_and_cover_the_batch(model: Model, batch: Batch):
    for objective in model.objectives():
        terms = objective.loss(batch, TICK)
        assert terms.loss.ndim == 0
        tokens = batch.mask is not None and batch.y is None  # a model of texts counts symbols, a classifier texts
        assert terms.weight == (int(batch.mask[:, 1:].sum()) if tokens else len(batch))
        assert torch.isfinite(terms.loss)
        for value in (*terms.logs.values(), *terms.stats.values()):
            assert torch.isfinite(value).all()
            assert not value.requires_grad


def test_half_precision_stays_inside_the_networks(model: Model, batch: Batch):
    with torch.autocast("cpu", torch.bfloat16):
        for objective in model.objectives():
            _, terms = gradients(objective, batch, TICK, 1)
            if objective.after is not None:
                with torch.no_grad():
                    objective.after(terms)
            for name, value in (("loss", terms.loss), *terms.logs.items(), *terms.stats.items()):
                assert value.dtype == torch.float32, name
    assert all(torch.isfinite(p).all() for p in model.parameters())


def test_objectives_reach_all_their_parameters_and_no_other(model: Model, batch: Batch):
    for objective in model.objectives():
        grads, _ = gradients(objective, batch, TICK, 1)  # raises where one is not reached
        assert all(torch.isfinite(g).all() for g in grads)
        assert all(p.grad is None for p in model.parameters()), "a loss must leave no gradient behind"
    trained = {id(p) for objective in model.objectives() for p in objective.parameters}
    assert trained == {id(p) for p in model.parameters()}, "some parameters belong to no objective"


def test_same_tick_same_loss(model: Model, batch: Batch):
    for objective in model.objectives():
        assert torch.equal(objective.loss(batch, TICK).loss, objective.loss(batch, TICK).loss)


def _without_batch_statistics(model: Model) -> None:
    """Batch normalisation sees the part of the batch it is in: of all layers it alone may tell parts from a whole."""
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.eval()


class Doubled(Noise):
    """Every draw for the first half of the rows, and once more for the second."""

    def _draw(self, draw, shape, name, axis):
        half = [size // 2 if i == axis % len(shape) else size for i, size in enumerate(shape)]
        once = super()._draw(draw, half, name, axis)
        return torch.cat([once, once], axis)


def test_a_loss_does_not_change_when_the_batch_is_doubled(model: Model, batch: Batch):
    """Sums and means mixed up would show here: twice the same images is the same mean loss in every term."""
    twice = batch.map(lambda part: torch.cat([part, part]))
    tick = replace(TICK, noise=Doubled(1, "train", 3, 0, 8))
    for objective in model.objectives():
        once, again = objective.loss(batch, TICK), objective.loss(twice, tick)
        torch.testing.assert_close(again.loss, once.loss, rtol=1e-5, atol=1e-5)
        assert again.weight == 2 * once.weight
        assert all(torch.allclose(again.logs[k], v, rtol=1e-4, atol=1e-4) for k, v in once.logs.items())


MIXING = {"beta-tcvae": "its mixture of codes is that of a batch", "factor-vae": "it permutes codes within a batch"}


@pytest.mark.parametrize("parts", [2, 3])
def test_micro_batches_equal_the_whole_batch(member: Member, model: Model, batch: Batch, parts: int):
    if member.kind in MIXING:
        pytest.skip(MIXING[member.kind])
    _without_batch_statistics(model)
    for objective in model.objectives():
        whole, whole_terms = gradients(objective, batch, TICK, 1)
        split, split_terms = gradients(objective, batch, TICK, parts)
        torch.testing.assert_close(split_terms.loss, whole_terms.loss.detach(), rtol=1e-5, atol=1e-6)
        assert split_terms.weight == whole_terms.weight
        for a, b in zip(split, whole):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
        for name, value in whole_terms.stats.items():
            torch.testing.assert_close(split_terms.stats[name], value, rtol=1e-5, atol=1e-6)


def test_state_round_trips(member: Member, model: Model, batch: Batch):
    torch.manual_seed(1)
    other = member.config.build(member.spec)
    other.load_state_dict(model.state_dict())
    assert torch.equal(model.validate(batch, TICK).loss, other.validate(batch, TICK).loss)


@torch.no_grad()
def test_sample_alone_equals_sample_in_a_crowd(member: Member, model: Model):
    if not isinstance(model, Samples):
        pytest.skip("cannot be sampled from")
    labels = conditions_in_turn(model, member.spec, 6) if model.conditional else None
    crowd = model.eval().sample(6, SampleNoise(5, 6), labels)
    alone = model.sample(1, SampleNoise(5, 1, first=4), None if labels is None else labels[4:5])
    torch.testing.assert_close(alone[0], crowd[4], rtol=1e-5, atol=1e-6)
    low, high = member.spec.value_range
    assert crowd.shape == (6, *member.spec.shape)
    assert crowd.min() >= low
    assert crowd.max() <= high
    assert not torch.equal(crowd[0], crowd[3]), "two samples are equal"


@torch.no_grad()
def test_codes_and_reconstructions_have_their_shapes(member: Member, model: Model, batch: Batch):
    if isinstance(model, Encodes):
        z = model.encode(batch.x, batch.y)
        assert z.shape == (len(batch), model.latent_dim)
        assert model.decode(z, batch.y).shape == batch.x.shape
    if isinstance(model, Reconstructs):
        assert model.reconstruct(batch.x, batch.y).shape == batch.x.shape


@torch.no_grad()
def test_bound_is_the_mean_importance_weight(member: Member, model: Model, batch: Batch):
    """E log w = ELBO, two routes to one number: closed KL and reconstruction, or log w by sampling."""
    if not isinstance(model, BoundsLikelihood):
        pytest.skip("bounds no likelihood")
    log_w = model.log_weights(batch.x, batch.y, 4000, Noise(2))
    parts = [model.bound(batch.x, batch.y, Noise(s)) for s in range(200)]
    for part in parts[:3]:
        torch.testing.assert_close(part["neg_elbo"], part["reconstruction"] + part["kl"])
    elbo = -torch.stack([p["neg_elbo"] for p in parts]).mean(0)
    error = 5 * (log_w.std(0) / 4000**0.5 + torch.stack([p["neg_elbo"] for p in parts]).std(0) / 200**0.5) + 1e-3
    assert ((log_w.mean(0) - elbo).abs() <= error).all()


@torch.no_grad()
def test_recalibration_depends_on_the_weights_alone(model: Model, batch: Batch):
    if not isinstance(model, Recalibrates):
        pytest.skip("has nothing to recalibrate")
    model.recalibrate()
    once = {k: v.clone() for k, v in model.named_buffers()}
    for objective in model.objectives():
        with torch.enable_grad():
            objective.loss(batch, TICK)  # leaves traces in the running averages
    model.recalibrate()
    for name, value in model.named_buffers():
        torch.testing.assert_close(value, once[name], msg=name)


def _loop(member: Member, steps: int, batch: Batch) -> Loop:
    rule = OptimiserConfig(lr=member.rate, betas=member.betas)
    config = TrainConfig(epochs=steps, batch_size=len(batch), optimiser=rule)
    torch.manual_seed(0)
    model = member.config.build(member.spec)
    return Loop(model, lambda step: batch, config, len(batch), 0, Engine())


def test_kill_and_resume_gives_the_same_bits(member: Member, batch: Batch):
    straight = _loop(member, 12, batch)
    for _ in range(12):
        straight.advance()
    killed = _loop(member, 12, batch)
    for _ in range(5):
        killed.advance()
    state = killed.state_dict()
    resumed = _loop(member, 12, batch)
    resumed.load_state_dict(state)
    while resumed.step < 12:
        resumed.advance()
    for name, value in straight.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name


def test_learns_eight_examples_by_heart(member: Member, model: Model, batch: Batch):
    game = len(model.objectives()) > 1  # then no loss says how good the samples are
    batch = halves(member.spec) if game else batch
    loop = _loop(member, member.steps, batch)
    for _ in range(member.steps):
        loop.advance()
    model = loop.shown().eval()
    if game:
        with torch.no_grad():
            asked = conditions_in_turn(model, member.spec, 64) if model.conditional else None
            samples = model.sample(64, SampleNoise(0, 64), asked)
        nearest = torch.cdist(samples.flatten(1), batch.x.flatten(1)).square().min(1).values
        assert nearest.mean() < member.memorises
    else:
        losses = [model.validate(batch, Tick(s, 0, 1.0, Noise(s))).loss for s in range(10)]
        assert torch.stack(losses).mean() < member.memorises


def test_an_unreached_parameter_is_reported():
    batch = examples(MEMBERS["vae"].spec)
    spare = torch.nn.Parameter(torch.zeros(3))
    lost = Objective("lost", [spare], lambda b, t: MEMBERS["vae"].config.build(MEMBERS["vae"].spec).loss(b, t))
    with pytest.raises(RuntimeError, match=r"lost does not reach .*\(3,\)"):
        gradients(lost, batch, TICK, 1)


def test_traces_are_plain_arrays_that_change_nothing(model: Model, batch: Batch):
    if not isinstance(model, Traces):
        pytest.skip("shows nothing but images")
    before = {name: values.clone() for name, values in model.state_dict().items()}
    traced = model.trace(batch.x)
    assert traced
    assert all(values.ndim and torch.isfinite(values).all() for values in traced.values())
    assert all(torch.equal(before[name], values) for name, values in model.state_dict().items())
    assert not set(traced) & {"samples", "samples_raw", "originals", "reconstructions"}
