"""The agreement of texts, against hand-made cases, SciPy's interval, chance and simulated coverage."""

import numpy as np
import pytest
import torch
from scipy import stats

from simorgh.contracts import UserError
from simorgh.metrics.intervals import wilson
from simorgh.metrics.legibility import legibility


def test_a_case_worked_by_hand():
    asked = torch.tensor([[0, 1, 2], [2, 1, 0], [1, 1, 1], [0, 0, 2]])
    read = torch.tensor([[0, 1, 2], [0, 1, 2], [1, 1, 0], [0, 0, 2]])
    found = legibility(read, asked, 3)
    assert found.exact.value == 0.5
    assert found.sign.value == pytest.approx(9 / 12)
    assert [place.value for place in found.places] == [0.75, 1.0, 0.5]
    assert found.exact_chance == pytest.approx(1 / 27)
    assert found.sign_chance == pytest.approx(1 / 3)
    assert found.exact.n == found.sign.n == 4


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (7, 7), (1, 40), (13, 50), (999, 1000)])
def test_wilson_is_that_of_scipy(hits, n):
    expected = stats.binomtest(hits, n).proportion_ci(0.9, "wilson")
    found = wilson(hits / n, n, 0.9)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert found.low <= found.value <= found.high


def test_right_texts_in_a_wrong_order_are_hardly_ever_exact():
    texts = np.random.default_rng(0).integers(19, size=(20_000, 5))
    assert legibility(texts, texts, 19).exact.value == 1
    found = legibility(np.roll(texts, 1, 0), texts, 19)
    assert found.exact.high < 3e-4
    assert found.exact.low <= found.exact_chance == pytest.approx(19**-5)
    assert found.sign.low < found.sign_chance < found.sign.high
    assert legibility(texts[:, ::-1], texts, 19).exact.value < 0.01, "the order counts"


@pytest.mark.parametrize("together", [0.0, 0.5, 1.0])
def test_the_interval_of_signs_holds_the_truth_also_where_signs_fail_together(together):
    """Pictures that fail as a whole with some probability, signs that fail alone with some other: 300 sets of each."""
    rng, n, length, right = np.random.default_rng(3), 60, 5, 0.8
    hits, widths = 0, []
    for _ in range(300):
        whole = rng.random((n, 1)) < right
        alone = rng.random((n, length)) < right
        read = np.where(rng.random((n, 1)) < together, whole, alone).astype(int)
        found = legibility(read, np.ones_like(read), 2).sign
        hits += found.low <= right <= found.high
        widths.append(found.high - found.low)
    assert hits >= 0.9 * 300
    alone = 2 * 1.96 * (right * (1 - right) / (n * length)) ** 0.5
    assert np.mean(widths) == pytest.approx(alone * (1 + together * (length - 1)) ** 0.5, rel=0.15)


def test_where_all_signs_are_right_a_picture_counts_once():
    assert legibility(np.ones((30, 5), int), np.ones((30, 5), int), 2).sign.low == pytest.approx(wilson(1, 30).low)


@pytest.mark.parametrize(
    ("read", "asked", "words"),
    [
        (np.zeros((3, 5), int), np.zeros((4, 5), int), "cannot be compared"),
        (np.zeros(3, int), np.zeros(3, int), "cannot be compared"),
        (np.zeros((0, 5), int), np.zeros((0, 5), int), "cannot be compared"),
        (np.full((3, 5), 19), np.zeros((3, 5), int), "from 0 to 18"),
        (np.zeros((3, 5)), np.zeros((3, 5), int), "whole numbers"),
    ],
)
def test_what_is_no_text_is_refused(read, asked, words):
    with pytest.raises(UserError, match=words):
        legibility(read, asked, 19)


@pytest.mark.parametrize(("share", "n"), [(-0.1, 5), (1.1, 5), (0.5, 0), (float("nan"), 5)])
def test_what_is_no_proportion_is_refused(share, n):
    with pytest.raises(UserError, match="no proportion"):
        wilson(share, n)
