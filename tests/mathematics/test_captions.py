"""Captions: each is true of its image, fixed, in two languages, and some are for testing only."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simorgh.contracts import Batch
from simorgh.data import DataConfig, batches, describe, load, stream
from simorgh.data.captions import (
    DIGITS,
    NUMERALS,
    WEIGHTS,
    captions,
    choose,
    draws,
    mnist_captions,
    thirds,
    weights,
)  # fmt: skip
from simorgh.data.parts import Part
from simorgh.train.experiment import from_dict, to_dict

TABLE = captions()


def test_every_caption_is_written_once_and_says_what_it_is_about():
    texts = [c.text for c in TABLE]
    assert len(set(texts)) == len(texts)
    for c in TABLE:
        said = [d for d in range(10) if {DIGITS[c.language][d], NUMERALS[c.language][d]} & set(c.text.split())]
        assert said == [c.digit], c
        words = {"thin": ("thin", "نازک"), "bold": ("bold", "ضخیم")}
        assert [w for w in words if any(word in c.text.split() for word in words[w])] == [c.weight] * bool(c.weight)
        persian = any("\u0600" <= letter <= "\u06ff" for letter in c.text)
        latin = any("a" <= letter <= "z" or "0" <= letter <= "9" for letter in c.text)
        assert (persian, latin) == (c.language == "fa", c.language == "en")
        assert "{" not in c.text
        assert c.text == " ".join(c.text.split())


def test_the_table_begins_with_what_is_trained_on_and_every_digit_has_as_many():
    assert [c.trained for c in TABLE] == sorted((c.trained for c in TABLE), reverse=True)
    for trained, each in ((True, 18), (False, 6)):
        counts = np.bincount([c.digit for c in TABLE if c.trained == trained])
        assert counts.tolist() == [each] * 10


@given(n=st.integers(1, 300), seed=st.integers(0, 99), kept_back=st.booleans())
@settings(deadline=None)
def test_a_chosen_caption_is_true_of_its_image(n, seed, kept_back):
    rng = np.random.default_rng(seed)
    y, w = (torch.from_numpy(rng.integers(k, size=n)) for k in (10, 3))
    for i, digit, weight in zip(choose(y, w, rng.random((n, 2)), kept_back).tolist(), y.tolist(), w.tolist()):
        assert TABLE[i].digit == digit
        assert TABLE[i].weight in ("", WEIGHTS[weight])
        assert TABLE[i].trained or kept_back


def test_all_true_captions_are_equally_frequent_within_a_language():
    """Of a thin three: seven captions a language on training images, nine on test images."""
    n = 40_000
    for kept_back, each in ((False, 7), (True, 9)):
        u = np.random.default_rng(5).random((n, 2))
        found = choose(torch.full((n,), 3), torch.zeros(n, dtype=torch.int64), u, kept_back)
        counts = np.unique(found.numpy(), return_counts=True)[1]
        assert len(counts) == 2 * each
        expected = n / 2 / each
        assert abs(((counts - expected) ** 2 / expected).sum() - (2 * each - 1)) < 5 * (2 * (2 * each - 1)) ** 0.5


def test_thirds_are_by_ink_within_a_digit():
    """Digit d has images of ink 1000 d + 0, ..., 98: 33 of each are thin, 33 bold, whatever the other digits weigh."""
    y = torch.arange(10).repeat_interleave(99)
    mass = 1000 * y + torch.arange(99).repeat(10)
    x = torch.zeros(990, 1, 40, 1, dtype=torch.uint8)
    for row, total in zip(x[:, 0, :, 0], mass.tolist()):
        row[: total // 255] = 255
        row[-1] = total % 255
    part = Part(x, y)
    found = weights(part, thirds(part)).reshape(10, 99)
    assert torch.equal(found, torch.tensor([0, 1, 2]).repeat_interleave(33).expand(10, 99))


@given(n=st.integers(1, 2000), part=st.sampled_from(["train", "test"]))
@settings(deadline=None)
def test_the_draws_of_an_image_do_not_depend_on_how_many_there_are(n, part):
    assert np.array_equal(draws(part, n), draws(part, 2000)[:n])
    assert not np.array_equal(draws("train", n), draws("test", n))


def test_a_batch_carries_its_captions_through_every_change():
    part = Part(torch.zeros(7, 1, 2, 2, dtype=torch.uint8), torch.arange(7), caption=10 * torch.arange(7))
    config = DataConfig("mnist-captions")
    given = [stream(part, config, 5, 0)(3), *batches(part, config, 3), part.batch(torch.tensor([4, 1]))]
    for batch in given:
        assert torch.equal(batch.caption, 10 * batch.y)
        assert torch.equal(batch.to("cpu").caption, batch.caption)
        assert torch.equal(torch.cat([half.caption for half in batch.split(2)]), batch.caption)
    assert Batch(part.x).caption is None


@pytest.fixture(scope="module", name="source")
def _source():
    return mnist_captions()


@pytest.mark.mnist
def test_the_images_of_a_weight_are_a_third_and_look_it(source):
    for name, part in (("train", source.train), ("test", source.test)):
        mass = part.x.flatten(1).sum(1, dtype=torch.int64).double()
        said = [TABLE[i] for i in part.caption.tolist()]
        assert [c.digit for c in said] == part.y.tolist()
        for digit in range(10):
            here = part.y == digit
            thin, bold = (mass[here & torch.tensor([c.weight == w for c in said])] for w in ("thin", "bold"))
            assert thin.max() < bold.min(), f"a thin {digit} of the {name} part has more ink than a bold one"
            assert ((mass[here] <= thin.max()).double().mean() - 1 / 3).abs() < 0.07
        assert abs(np.mean([c.language == "fa" for c in said]) - 0.5) < 0.025


@pytest.mark.mnist
def test_everybody_has_the_same_captions_and_some_are_kept_back(source):
    again = mnist_captions()
    assert torch.equal(again.train.caption, source.train.caption)
    assert again.checksums == source.checksums
    data = load(DataConfig("mnist-captions", limit=300, validation=100))
    assert data.captions == source.captions == tuple(c.text for c in TABLE)
    assert data.spec.captions == tuple(c.text for c in TABLE if c.trained), "whatever part of the images is trained on"
    assert data.train.caption.max() < len(data.spec.captions)
    assert data.test.caption.unique().tolist() == list(range(len(TABLE)))
    assert data.spec.classes == 10
    assert (
        dict(describe(DataConfig("mnist-captions", limit=300)))["captions"] == "180 to train on and 60 to test on only"
    )
    assert from_dict(type(data.spec), to_dict(data.spec)) == data.spec
