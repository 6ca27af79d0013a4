"""The perceptron: its size as reported, which losses are one, and what raw scores do to "nll"."""

import math

import pytest
import torch

from simorgh.contracts import Batch, DataSpec, Tick, UserError
from simorgh.models.mlp import MLPConfig
from simorgh.nn.networks import named_dropout
from simorgh.noise import Noise

MNIST = DataSpec("image", (1, 28, 28), (0.0, 1.0), classes=10)


def batch(n: int = 40) -> Batch:
    generator = torch.Generator().manual_seed(0)
    return Batch(torch.rand(n, 1, 28, 28, generator=generator), torch.arange(n) % 10)


def loss(batch: Batch, **settings) -> float:
    torch.manual_seed(0)
    return MLPConfig(**settings).build(MNIST).loss(batch, Tick(0, 0, 0.0, Noise(0))).loss.item()


def test_parameters_of_the_reported_net():
    assert sum(p.numel() for p in MLPConfig().build(MNIST).parameters()) == 84_060


def test_cross_entropy_is_nll_of_log_probabilities_to_the_bit():
    assert loss(batch()) == loss(batch(), loss="nll")
    assert loss(batch(), log_softmax=False) == loss(batch())
    assert abs(loss(batch()) - math.log(10)) < 0.2
    assert loss(batch(), loss="nll", log_softmax=False) < 1


def test_raw_scores_have_no_lower_bound():
    """-s_y falls by one for each unit that all scores rise by; the likelihood does not see a common shift."""
    moved = []
    for settings in ({"log_softmax": False}, {}):
        model = MLPConfig(loss="nll", **settings).build(MNIST)
        scores = torch.randn(40, 10, dtype=torch.float64)
        moved.append(float(model.criterion(scores + 1000, batch().y) - model.criterion(scores, batch().y)))
    assert moved[0] == pytest.approx(-1000)
    assert moved[1] == pytest.approx(0, abs=1e-9)


def test_dropout_zeroes_its_share_in_training_only():
    torch.manual_seed(0)
    model = MLPConfig(dropout=0.2).build(MNIST)
    h = torch.ones(2000, 50)
    dropped = named_dropout(h, 0.2, Noise(0))
    assert set(dropped.unique().tolist()) == {0.0, 1.25}
    assert abs((dropped == 0).float().mean() - 0.2) < 5 * (0.2 * 0.8 / h.numel()) ** 0.5
    tick = Tick(0, 0, 0.0, Noise(0))
    assert model.train().loss(batch(), tick).loss != model.validate(batch(), tick).loss
    assert model.eval().loss(batch(), tick).loss == model.validate(batch(), tick).loss


def test_validation_names_error_and_mean_loss():
    model = MLPConfig(loss="nll", log_softmax=False).build(MNIST)
    terms = model.validate(batch(), Tick(0, 0, 1.0, Noise(0)))
    predicted = model.predict(batch().x)
    assert terms.logs["error"] == pytest.approx((predicted.argmax(1) != batch().y).float().mean().item())
    true = -predicted[torch.arange(40), batch().y].log().mean().item()
    assert terms.logs["cross_entropy"].item() == pytest.approx(true, rel=1e-5)
    assert terms.loss.item() != pytest.approx(true, rel=1e-2)


@pytest.mark.parametrize("settings", [{"dropout": 1.0}, {"dropout": -0.1}, {"hidden": ()}, {"hidden": (3, 0)}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(UserError, match=r"it should|it is a share"):
        MLPConfig(**settings).build(MNIST)
    with pytest.raises(UserError, match="labelled"):
        MLPConfig().build(DataSpec("image", (1, 8, 8)))
