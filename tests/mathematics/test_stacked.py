"""Stacked MNIST: labels that tell what the channels show, fixed images, training and test digits kept apart."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simorgh.contracts import UserError
from simorgh.data import DATASETS, DataConfig, describe, load
from simorgh.data.mnist import mnist
from simorgh.data.parts import Part
from simorgh.data.stacked import TEST, TRAIN, draws, label, stack, stacked_mnist


@given(n=st.integers(1, 30), count=st.integers(1, 40), seed=st.integers(0, 99))
@settings(deadline=None)
def test_the_decimal_digits_of_a_label_are_those_of_the_channels(n, count, seed):
    """Images whose every pixel is 25 times their digit: what the channels show can be read without a judge."""
    y = torch.randint(10, (n,), generator=torch.Generator().manual_seed(seed))
    digits = Part((25 * y).byte()[:, None, None, None].expand(n, 1, 4, 5).contiguous(), y)
    part = stack(digits, draws(n, count, f"some {seed}"))
    assert part.x.shape == (count, 3, 4, 5)
    assert part.x.dtype == torch.uint8
    shown = part.x[:, :, 0, 0].long() // 25
    assert torch.equal(part.x.long(), (25 * shown)[:, :, None, None].expand(count, 3, 4, 5))
    assert [f"{y:03}" for y in part.y.tolist()] == ["".join(map(str, row)) for row in shown.tolist()]


def test_labels_are_hundreds_tens_and_ones():
    assert label(torch.tensor([[0, 0, 0], [9, 9, 9], [1, 2, 3], [7, 0, 5]])).tolist() == [0, 999, 123, 705]


@given(n=st.integers(1, 60_000), count=st.integers(1, 200), part=st.sampled_from(["train", "test"]))
@settings(deadline=None)
def test_draws_are_a_pure_function_inside_the_part(n, count, part):
    positions = draws(n, count, part)
    assert torch.equal(positions, draws(n, count, part))
    assert positions.shape == (count, 3)
    assert positions.dtype == torch.int64
    assert 0 <= positions.min() <= positions.max() < n


def test_draws_are_uniform_and_differ_by_part_and_channel():
    """Chi-square of 100 equally likely cells in each channel: mean 99, standard deviation 14."""
    train, test = draws(100, 50_000, "train"), draws(100, 50_000, "test")
    assert not torch.equal(train, test)
    for channel in range(3):
        counts = train[:, channel].bincount(minlength=100).double()
        assert abs(float(((counts - 500) ** 2 / 500).sum()) - 99) < 5 * 14
    for a, b in ((0, 1), (0, 2), (1, 2)):
        pairs = (10 * (train[:, a] // 10) + train[:, b] // 10).bincount(minlength=100).double()
        assert abs(float(((pairs - 500) ** 2 / 500).sum()) - 99) < 5 * 14, "two channels depend on each other"


def test_the_set_is_on_the_list():
    assert "stacked-mnist" in DATASETS
    with pytest.raises(UserError, match="did you mean stacked-mnist"):
        load(DataConfig("stacked-mnits"))


@pytest.fixture(scope="module", name="sources")
def _sources():
    return mnist(), stacked_mnist()


@pytest.mark.mnist
def test_every_channel_is_a_digit_of_its_own_part(sources):
    grey, stacked = sources
    for digits, part, count in ((grey.train, stacked.train, TRAIN), (grey.test, stacked.test, TEST)):
        assert part.x.shape == (count, 3, 28, 28)
        assert part.y.shape == (count,)
        known = {image.numpy().tobytes(): int(y) for image, y in zip(digits.x, digits.y)}
        for i in range(0, count, 97):
            read = "".join(str(known[channel.numpy().tobytes()]) for channel in part.x[i])
            assert int(read) == part.y[i]


@pytest.mark.mnist
def test_all_modes_are_trained_on_as_often_as_the_digits_allow(sources):
    grey, stacked = sources
    counts = stacked.train.y.bincount(minlength=1000).double()
    assert len(counts) == 1000
    assert counts.min() > 0
    shares = grey.train.y.bincount(minlength=10).double() / len(grey.train)
    expected = TRAIN * torch.einsum("a,b,c->abc", shares, shares, shares).flatten()
    assert abs(float(((counts - expected) ** 2 / expected).sum()) - 999) < 5 * (2 * 999) ** 0.5
    assert 0.0007 < expected.min() / TRAIN < expected.max() / TRAIN < 0.00145
    assert stacked.labels[705] == "705"


@pytest.mark.mnist
def test_everybody_has_the_same_images(sources):
    """The hash of pixels and labels is part of what a number measured on this set means."""
    again = stacked_mnist()
    assert again.checksums == sources[1].checksums
    assert torch.equal(again.train.x, sources[1].train.x)
    assert again.checksums[0][1].startswith("bce7dc19")


@pytest.mark.mnist
def test_it_describes_itself():
    rows = dict(describe(DataConfig("stacked-mnist", limit=1000)))
    assert rows["shape"] == "3 x 28 x 28 (channels, height, width)"
    assert rows["training images"] == "1,000"
    assert rows["test images"] == "10,000"
    assert len(rows["SHA-256 of pixels and labels of both parts"]) == 64
