"""The classifier of strings: what stands behind a string changes nothing, and each part is what its paper says."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from simorgh.contracts import PAD, Batch, DataSpec, Noise, Tick, UserError
from simorgh.models.sequence_classifier import SequenceClassifier, SequenceClassifierConfig, matching_width, parameters
from simorgh.train.loop import gradients

SPEC = DataSpec("tokens", (9,), (0.0, 6.0), classes=2, vocabulary=("<pad>", "<unknown>", *"CNO=("))
TICK = Tick(0, 0, 0.0, Noise(1))
HEADS = ("flatten", "last", "pooled", "attention")
KINDS = [{"head": h} for h in HEADS] + [{"head": h, "bidirectional": True, "layers": 2} for h in HEADS]
KINDS += [{"head": h, "recurrent": "none"} for h in HEADS if h != "last"]
KINDS += [{"recurrent": "none", "embedding": 0}, {"embedding": 0, "head": "pooled"}]
each = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(str, kind.values())))


def model(**settings) -> SequenceClassifier:
    torch.manual_seed(3)
    config = SequenceClassifierConfig(**{"hidden": 5, "embedding": 4, "dense": (16,), **settings})
    return config.build(SPEC).eval()


def strings(lengths: list[int], width: int, seed: int = 0) -> Tensor:
    x = torch.randint(2, 7, (len(lengths), width), generator=torch.Generator().manual_seed(seed))
    return x * (torch.arange(width) < torch.tensor(lengths)[:, None])


@each
def test_pads_change_no_prediction_no_loss_and_no_gradient(kind):
    """The same strings in rows of 7 and of 9, and each string alone in a row of its own length."""
    net, lengths = model(**kind), [1, 4, 7, 2]
    x, y = strings(lengths, 7), torch.tensor([0, 1, 1, 0])
    wide = torch.nn.functional.pad(x, (0, 2), value=PAD)
    torch.testing.assert_close(net.predict(wide), net.predict(x))
    alone = torch.cat([net.predict(row[None, :n]) for row, n in zip(x, lengths)])
    torch.testing.assert_close(net.predict(wide), alone)
    (objective,) = net.objectives()
    (short, terms), (long, more) = (gradients(objective, Batch(v, y), TICK, 1) for v in (x, wide))
    torch.testing.assert_close(terms.loss, more.loss)
    for a, b in zip(short, long):
        torch.testing.assert_close(a, b)


@each
def test_every_token_of_a_string_is_read(kind):
    """The counterpart: a change of any token changes the prediction (maxima may hide it from one head)."""
    net = model(**kind)
    x = strings([6], 8)
    seen = 0
    for place in range(6):
        other = x.clone()
        other[0, place] = 2 + (x[0, place] - 1) % 5
        seen += not torch.allclose(net.features(other), net.features(x), atol=1e-7)
    assert seen == 6


def test_strings_longer_than_the_training_part_are_cut_by_flatten_only():
    x = strings([14, 9], 14)
    other = x.clone()
    other[0, 9:] = 2 + (x[0, 9:] - 1) % 5
    flat = model(head="flatten")
    assert torch.equal(flat.predict(other), flat.predict(x))
    for head in ("last", "pooled", "attention"):
        net = model(head=head)
        assert not torch.equal(net.predict(other)[0], net.predict(x)[0])


def test_the_dense_net_is_a_linear_map_of_the_one_hot_string():
    net = model(recurrent="none", embedding=0, dense=(6,))
    x = strings([3, 9], 9)
    hot = np.zeros((2, 9, 5))
    for row, place in zip(*np.nonzero(x.numpy())):
        hot[row, place, x[row, place] - 2] = 1
    w, b, v, c = (p.detach().double().numpy() for p in net.parameters())
    logits = np.maximum(hot.reshape(2, -1) @ w.T + b, 0) @ v.T + c
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(net.predict(x).detach().numpy(), expected, rtol=1e-5)


def test_the_states_are_those_of_hochreiter_and_schmidhuber():
    """The recurrence written out, with the gates of the fully trained cell (Gers et al. 2000)."""
    net = model(head="last", dense=(), embedding=0)
    x = strings([5], 5)
    w, u, b, d = (p.detach().double() for p in net.lstm.parameters())
    h = c = torch.zeros(5, dtype=torch.float64)
    for token in x[0]:
        hot = torch.eye(5, dtype=torch.float64)[token - 2]
        i, f, g, o = (w @ hot + u @ h + b + d).split(5)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
    torch.testing.assert_close(net.features(x)[0].double(), h, rtol=1e-5, atol=1e-6)


def test_attention_weights_are_a_mean_over_the_string():
    net = model(head="attention", dense=())
    x = strings([1, 6], 9)
    states, _ = net._states(net.vectors(x), x != PAD)
    weights = net.attention(states, x != PAD)
    torch.testing.assert_close(weights.sum(1), torch.ones(2))
    assert torch.equal(weights > 0, x != PAD)
    torch.testing.assert_close(net.features(x)[0], states[0, 0]), "a string of one token is its only state"


def test_pooled_is_mean_and_maximum_by_hand():
    net = model(recurrent="none", embedding=0, head="pooled", dense=())
    x = torch.tensor([[2, 2, 3, 0, 0], [4, 4, 4, 4, 4]])
    expected = [[2 / 3, 1 / 3, 0, 0, 0, 1, 1, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0, 1, 0, 0]]
    torch.testing.assert_close(net.features(x), torch.tensor(expected))


def test_an_unknown_token_is_a_zero_vector():
    for embedding in (0, 4):
        vectors = model(embedding=embedding).vectors(torch.tensor([[1, 0, 3]]))
        assert (vectors[0, :2] == 0).all()
        assert (vectors[0, 2] != 0).any()


def test_token_dropout_reads_unknown_tokens_and_never_touches_pads():
    net = model(token_dropout=0.999, head="last")
    x = strings([4, 9], 9)
    unknown = (x != PAD).long()
    expected = net.validate(Batch(unknown, torch.tensor([0, 1])), TICK).loss
    torch.testing.assert_close(net.loss(Batch(x, torch.tensor([0, 1])), TICK).loss, expected)
    assert torch.equal(net.predict(x), model(head="last").predict(x)), "a prediction drops nothing"


def test_dropout_keeps_the_mean_and_comes_from_the_tick():
    net = model(dropout=0.5, head="last", dense=())
    x = strings([9], 9).expand(4000, 9)
    kept = net._features(x, Noise(0))
    torch.testing.assert_close(kept.mean(0), net.features(x[:1])[0], rtol=0.1, atol=1e-3)
    assert 0.45 < float((kept == 0).float().mean()) < 0.55
    assert torch.equal(kept, net._features(x, Noise(0)))
    assert not torch.equal(kept, net._features(x, Noise(1)))


@pytest.mark.parametrize("head", HEADS)
def test_the_control_has_as_many_parameters_as_two_directions(head):
    config = SequenceClassifierConfig(hidden=16, embedding=8, dense=(12,), head=head)
    both = sum(p.numel() for p in replace(config, bidirectional=True).build(SPEC).parameters())
    control = replace(config, equal_parameters=True).build(SPEC)
    count = sum(p.numel() for p in control.parameters())
    width = matching_width(config, SPEC)
    assert control.config.hidden == width > 16
    gaps = [abs(parameters(replace(config, hidden=width + step), SPEC) - both) for step in (-1, 0, 1)]
    assert abs(count - both) == gaps[1] == min(gaps)
    assert abs(count - both) < 0.03 * both
    assert control.lstm.directions == 1


def test_one_switch_changes_the_direction_alone():
    one, both = model(), model(bidirectional=True)
    assert replace(one.config, bidirectional=True) == both.config
    names = {name for name, _ in both.named_parameters()} - {name for name, _ in one.named_parameters()}
    assert names
    assert all(name.startswith("lstm.layers.0.1.") for name in names)


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"recurrent": "none", "head": "last"}, "no last state"),
     ({"recurrent": "none", "bidirectional": True}, "no directions"),
     ({"bidirectional": True, "equal_parameters": True}, "one direction"), ({"dropout": 1.0}, "below 1"),
     ({"token_dropout": -0.1}, "from 0"), ({"hidden": 0}, "at least 1"), ({"dense": (0,)}, "at least 1")],
)  # fmt: skip
def test_settings_that_make_no_net(settings, said):
    with pytest.raises(UserError, match=said):
        model(**settings)
    with pytest.raises(UserError, match="labelled strings"):
        SequenceClassifierConfig().build(DataSpec("image", (1, 8, 8), classes=2))
