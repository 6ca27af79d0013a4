"""The reader of captchas, and what is measured with it."""

import pytest
import torch

from simorgh.contracts import UserError
from simorgh.data import Part
from simorgh.data.captcha_sets import drawn
from simorgh.evaluate import captcha, judge
from simorgh.evaluate.captcha import captcha_measurements, judged, read

N = 300  # images


@pytest.fixture(scope="module", name="real")
def _real() -> Part:
    """Large test images: the reader has to make them small."""
    return drawn("test", N)


def test_the_text_of_a_real_image_is_read(real: Part):
    """98.6 % of 1,000 texts and 99.7 % of their signs, as measured when the weights were shipped."""
    found = judged(real.x / 255, real.factors)
    assert found.exact.value >= 0.96
    assert found.sign.value >= 0.99
    assert min(place.value for place in found.places) >= 0.98


def test_shuffled_texts_are_hardly_ever_read(real: Part):
    found = judged(real.x / 255, real.factors.roll(1, 0))
    assert found.exact.value == 0
    assert found.sign.low < found.sign_chance < found.sign.high
    turned = judged(real.x / 255, real.factors.flip(1))
    assert turned.exact.value < 0.02, "signs in the wrong order"


def test_both_sizes_read_alike(real: Part):
    little = drawn("test", 60, halved=True).x / 255
    assert torch.equal(read(real.x[:60] / 255), read(little))
    assert torch.equal(read(real.x[:60] / 255 + 0.4 / 255), read(little)), "levels between two are rounded"


def test_what_cannot_be_read_shows(real: Part):
    noise = torch.rand(N, 1, 32, 128, generator=torch.Generator().manual_seed(0))
    assert judged(noise, real.factors).exact.value < 0.01
    mirrored = judged((real.x / 255).flip(-1), real.factors)
    assert mirrored.exact.value < 0.02


def test_measurements_stand_beside_the_readers_own_rate(real: Part, monkeypatch):
    monkeypatch.setattr(captcha, "reader_rate", lambda n: judged(real.x[:100] / 255, real.factors[:100]))
    half = torch.cat([real.factors[:100], real.factors[100:200].roll(1, 0)])
    exact, sign = captcha_measurements(real.x[:200] / 255, half, {"recipe": "none"})
    assert (exact.name, sign.name) == ("exact_match", "sign_accuracy")
    assert exact.high > 0.4
    assert exact.value <= 0.5, "half of the texts asked for are those of other images"
    assert exact.floor >= 0.95
    assert exact.n == 200
    assert exact.context == {"recipe": "none", "chance": pytest.approx(19**-5)}
    assert sign.value > exact.value


def test_other_images_are_refused():
    for shape in ((2, 1, 28, 28), (2, 3, 32, 128), (3, 64, 256)):
        with pytest.raises(UserError, match="no captchas"):
            read(torch.zeros(shape))


def test_the_weights_are_small_and_guarded(monkeypatch):
    judge.captcha_judge.cache_clear()
    monkeypatch.setattr(judge, "CAPTCHA_SHA256", "0" * 64)
    with pytest.raises(UserError, match="missing or altered"):
        judge.captcha_judge()
