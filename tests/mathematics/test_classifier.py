"""The classifier's disturbed images: how far each kind goes, and that only training sees them."""

from math import atan2, degrees, hypot, log

import pytest
import torch
from torch.nn.functional import cross_entropy

from simorgh.contracts import Batch, DataSpec, Tick, UserError
from simorgh.models.classifier import Classifier, ClassifierConfig
from simorgh.noise import Noise

MNIST = DataSpec("image", (1, 28, 28), classes=10)


def classifier(**settings: float) -> Classifier:
    still = {"turn": 0.0, "shift": 0.0, "scale": 0.0, "smoothing": 0.0}
    return ClassifierConfig(8, 8, **{**still, **settings}).build(MNIST)


def places(config: Classifier, x: float, y: float, n: int = 2000) -> torch.Tensor:
    """(n, 2) where a dot `x` to the right of the middle and `y` below it goes, in pixels from the middle."""
    across = torch.arange(28) - 13.5
    dot = torch.exp(-((across - x) ** 2 + (across[:, None] - y) ** 2) / 4)
    moved = config.disturb(dot.expand(n, 1, 28, 28), Noise(0)).squeeze(1)
    mass = moved.sum((1, 2))
    return torch.stack([(moved * across).sum((1, 2)) / mass, (moved * across[:, None]).sum((1, 2)) / mass], 1)


def test_a_turn_keeps_distances_where_sides_differ():
    model = ClassifierConfig(8, 8, 40.0, 0.0, 0.0, 0.0).build(DataSpec("image", (1, 20, 60), classes=10))
    down, across = torch.arange(20) - 9.5, torch.arange(60) - 29.5
    dot = torch.exp(-((across - 6) ** 2 + down[:, None] ** 2) / 4)
    moved = model.disturb(dot.expand(500, 1, 20, 60), Noise(0)).squeeze(1)
    mass = moved.sum((1, 2))
    x, y = (moved * across).sum((1, 2)) / mass, (moved * down[:, None]).sum((1, 2)) / mass
    assert float(((x**2 + y**2).sqrt() - 6).abs().max()) < 0.2
    assert float(y.abs().max()) > 3


def test_images_stay_as_they_are_without_a_setting():
    x = Noise(0).uniform(5, 1, 28, 28)
    torch.testing.assert_close(classifier().disturb(x, Noise(1)), x)


def test_moves_are_uniform_up_to_a_share_of_the_side():
    found = places(classifier(shift=0.2), 0, 0)
    assert float(found.abs().max()) <= 0.2 * 28 + 0.01
    torch.testing.assert_close(found.mean(0), torch.zeros(2), rtol=0, atol=0.3)
    torch.testing.assert_close(found.std(0), torch.full((2,), 0.2 * 28 / 3**0.5), rtol=0.05, atol=0)
    assert abs(float(torch.corrcoef(found.T)[0, 1])) < 0.1


def test_turns_keep_the_distance_from_the_middle():
    found = places(classifier(turn=30.0), 8, 0)
    angles = torch.tensor([degrees(atan2(y, x)) for x, y in found.tolist()])
    assert 29 < float(angles.abs().max()) < 30.5
    assert float(angles.std()) == pytest.approx(30 / 3**0.5, rel=0.05)
    torch.testing.assert_close(found.norm(dim=1), torch.full((2000,), 8.0), rtol=0, atol=0.05)


def test_sizes_change_in_both_directions_and_lean():
    found = places(classifier(scale=0.2), 6, 6)
    x, y = found.T
    assert 6 / 1.25 < float(y.min()) < 6 / 1.15
    assert 6 / 0.85 < float(y.max()) < 6 / 0.75
    assert float(x.max()) > 6 / 0.8 + 0.3, "nothing leans"
    assert hypot(*found.mean(0).tolist()) == pytest.approx(hypot(6, 6), rel=0.05)


def test_training_sees_disturbed_images_and_validation_those_given():
    torch.manual_seed(0)
    model, tick = classifier(shift=0.3, smoothing=0.1), Tick(0, 0, 0.0, Noise(3))
    batch = Batch(Noise(0).uniform(32, 1, 28, 28), torch.arange(32) % 10)
    seen = model.head(model.features(model.disturb(batch.x, tick.noise)))
    expected = cross_entropy(seen, batch.y, label_smoothing=0.1)
    torch.testing.assert_close(model.loss(batch, tick).loss, expected)
    still = cross_entropy(model.head(model.features(batch.x)), batch.y)
    torch.testing.assert_close(model.validate(batch, tick).loss, still)
    assert abs(float(expected.detach() - still.detach())) > 1e-5
    assert float(still.detach()) == pytest.approx(log(10), abs=1), "an untrained net knows nothing"


def test_images_too_small_to_be_halved_twice_are_refused():
    with pytest.raises(UserError, match="halves images twice"):
        ClassifierConfig().build(DataSpec("image", (1, 3, 8), classes=2))
