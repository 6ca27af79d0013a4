"""Scores of classifiers against hand-made cases, other ways to compute them, and simulated truth."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simorgh.contracts import UserError
from simorgh.metrics.bins import along, assign
from simorgh.metrics.classification import accuracy, auc, balanced_accuracy, brier, placements, reliability
from simorgh.metrics.folds import corrected_t, fold_interval


def example(rng: np.random.Generator, n: int, shift: float = 1.0, share: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and probabilities by a normal score that classes shift: the true area is Phi(shift / sqrt 2)."""
    y = (rng.random(n) < share).astype(int)
    return y, stats.norm.cdf(rng.normal(size=n) + shift * y)


# area under the curve


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=4, max_size=30))
@settings(deadline=None)
def test_area_is_the_share_of_pairs_in_order(rows):
    y, p = np.array(rows).T
    p = p / 5
    if len(set(y)) < 2:
        with pytest.raises(UserError, match="both classes"):
            auc(y, p)
        return
    pairs = [(a > b) + (a == b) / 2 for a in p[y == 1] for b in p[y == 0]]
    found = auc(y, p)
    assert found.value == pytest.approx(np.mean(pairs))
    assert 0 <= found.low <= found.value <= found.high <= 1


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_placements_by_counting(ones, zeros):
    ones, zeros = np.array(ones, float), np.array(zeros, float)
    above, below = placements(ones, zeros)
    assert above == pytest.approx([np.mean((one > zeros) + (one == zeros) / 2) for one in ones])
    assert below == pytest.approx([np.mean((ones > zero) + (ones == zero) / 2) for zero in zeros])


def test_the_interval_of_the_area_holds_the_truth_in_95_of_100_sets():
    """1,000 sets of 80 examples: a binomial of 0.95 stays above 0.928 in 999 of 1,000 cases."""
    rng, truth = np.random.default_rng(0), stats.norm.cdf(1.5 / 2**0.5)
    held = 0
    for _ in range(1000):
        found = auc(*example(rng, 80, 1.5))
        held += found.low <= truth <= found.high
    assert 928 <= held <= 975


def test_a_perfect_order_still_has_an_interval():
    """Of 3 pairs all in order, Clopper and Pearson: 0.025^(1/3) = 0.2924."""
    found = auc([1, 1, 1, 1, 0, 0, 0], [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3])
    assert found[:3] == pytest.approx((1.0, 0.2924, 1.0), abs=1e-4)
    found = auc([0, 0, 0, 1, 1, 1, 1], [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3])
    assert found[:3] == pytest.approx((0.0, 0.0, 1 - 0.2924), abs=1e-4)


def test_one_example_of_a_class_has_a_wide_interval():
    found = auc([1, 1, 1, 1, 0], [0.9, 0.8, 0.7, 0.2, 0.3])
    assert found.value == 0.75
    assert found.high - found.low > 0.5


# decisions


def test_accuracies_by_hand():
    y, p = [1, 1, 1, 1, 0, 0], [0.9, 0.8, 0.6, 0.2, 0.7, 0.1]
    assert accuracy(y, p).value == pytest.approx(4 / 6)
    assert balanced_accuracy(y, p).value == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert balanced_accuracy(y, [0.9] * 6).value == 0.5
    found = balanced_accuracy(y, p)
    low = [stats.binomtest(k, n).proportion_ci(method="wilson").low for k, n in ((3, 4), (1, 2))]
    expected = found.value - ((0.75 - low[0]) ** 2 + (0.5 - low[1]) ** 2) ** 0.5 / 2
    assert found.low == pytest.approx(expected)
    with pytest.raises(UserError, match="both classes"):
        balanced_accuracy([1, 1], [0.2, 0.3])


def test_brier_by_hand_and_from_tensors():
    assert brier(torch.tensor([1, 0]), torch.tensor([0.5, 0.25])).value == pytest.approx((0.25 + 0.0625) / 2)
    assert brier([1, 1, 0, 1], [0.75] * 4).value == pytest.approx(0.75 * 0.25)


@pytest.mark.parametrize(
    ("y", "p", "said"),
    [([0, 1], [0.5], "do not fit"), ([0, 2], [0.1, 0.2], "0 or 1"), ([0, 1], [0.1, 1.2], "lie in"),
     ([0, 1], [0.1, np.nan], "lie in"), ([1], [0.3], "do not fit")],
)  # fmt: skip
def test_what_is_no_probability_is_refused(y, p, said):
    for metric in (auc, accuracy, balanced_accuracy, brier, reliability):
        with pytest.raises(UserError, match=said):
            metric(y, p)


# calibration


def test_calibration_error_by_hand():
    """Two bins: said 0.2 on average and found 1/2; said 0.9 and found 1."""
    found = reliability([1, 0, 1, 1], [0.1, 0.3, 0.8, 1.0], bins=2)
    assert found.said == pytest.approx([0.2, 0.9])
    assert found.found == pytest.approx([0.5, 1.0])
    assert found.n.tolist() == [2, 2]
    assert found.error == pytest.approx((0.3 + 0.1) / 2)


def test_true_probabilities_have_the_error_of_the_floor_and_wrong_ones_more():
    rng = np.random.default_rng(1)
    p = rng.random(2000)
    y = (rng.random(2000) < p).astype(int)
    honest, boastful = reliability(y, p), reliability(y, np.where(p > 0.5, 1 - (1 - p) / 4, p / 4))
    assert honest.floor.low <= honest.error <= honest.floor.high
    assert boastful.error > 4 * boastful.floor.high
    assert honest.floor.value > 0
    assert reliability(y, p).floor == honest.floor
    assert honest.n.tolist() == [200] * 10


def test_the_order_of_examples_with_one_probability_means_nothing():
    found = reliability([1] * 50 + [0] * 50, [0.5] * 100)
    assert found.error == 0 <= found.floor.low
    assert found.floor.value < 0.06  # that of one bin of 100: no more than the deviation of their mean
    y, p = np.array([1, 1, 1, 0, 0, 0, 1, 0]), np.array([0.2, 0.6, 0.6, 0.6, 0.6, 0.2, 0.9, 0.9])
    orders = [np.arange(8), np.arange(8)[::-1], np.array([3, 1, 7, 5, 0, 2, 4, 6])]
    errors = [reliability(y[o], p[o], bins=3).error for o in orders]
    assert errors == [pytest.approx(errors[0])] * 3


def test_more_bins_than_examples_are_refused():
    with pytest.raises(UserError, match="cannot fill 10 bins"):
        reliability([0, 1], [0.2, 0.4])


# folds


def test_without_the_correction_it_is_the_ordinary_test():
    a, b = np.random.default_rng(0).normal(size=(2, 12))
    ordinary = stats.ttest_rel(a, b)
    assert corrected_t(a, b, 1e-12).p == pytest.approx(ordinary.pvalue, rel=1e-6)
    low, high = ordinary.confidence_interval()
    assert corrected_t(a, b, 1e-12).difference[1:3] == pytest.approx((low, high))


def test_correction_by_hand():
    """Five folds, differences 1 to 5: mean 3, variance 2.5; 2.5 (1/5 + 1/4) = 1.125, so t = 2.8284 with 4 degrees."""
    found = corrected_t([2, 4, 6, 8, 10], [1, 2, 3, 4, 5], 1 / 5)
    assert found.difference.value == 3
    assert found.p == pytest.approx(2 * stats.t.sf(3 / 1.125**0.5, 4))
    assert found.difference.high == pytest.approx(3 + 2.776445 * 1.125**0.5, rel=1e-5)
    assert fold_interval([1, 2, 3, 4, 5], 1 / 5)[:3] == pytest.approx(found.difference[:3])


def test_it_keeps_its_level_on_correlated_folds_where_the_ordinary_test_does_not():
    """Differences of folds that share a fifth of their variance, which is what the correction supposes: J values with
    correlation rho = n_test / (n_test + n_train) have a mean of variance s^2 (1/J + rho / (1 - rho))."""
    rng, rho, J = np.random.default_rng(0), 0.2, 15
    wrong = {"corrected": 0, "ordinary": 0}
    for _ in range(2000):
        d = rho**0.5 * rng.normal() + (1 - rho) ** 0.5 * rng.normal(size=J)
        wrong["corrected"] += corrected_t(d, np.zeros(J), rho).p < 0.05
        wrong["ordinary"] += stats.ttest_1samp(d, 0).pvalue < 0.05
    assert wrong["corrected"] / 2000 == pytest.approx(0.05, abs=0.02)
    assert wrong["ordinary"] / 2000 > 0.25


def test_folds_that_agree_and_folds_that_cannot_be_paired():
    assert corrected_t([0.5, 0.6], [0.5, 0.6], 0.2).p == 1
    assert corrected_t([1.5, 2.5], [1, 2], 0.2).p == 0
    with pytest.raises(UserError, match="cannot be paired"):
        corrected_t([1, 2], [1, 2, 3], 0.2)
    with pytest.raises(UserError, match="1 / k"):
        corrected_t([1, 2], [1, 2], 5)


# bins


@given(st.lists(st.integers(1, 40), min_size=10, max_size=200), st.integers(1, 10))
def test_quantile_bins_keep_equal_values_together_and_in_order(values, count):
    values = np.array(values)
    bins = assign(values, count)
    assert set(bins) == set(range(bins.max() + 1))
    assert bins.max() < count
    assert all(len(set(bins[values == v])) == 1 for v in values)
    assert (np.diff(bins[np.argsort(values, kind="stable")]) >= 0).all()
    if len(set(values)) == len(values):
        sizes = np.bincount(bins)
        assert sizes.max() - sizes.min() <= 1


def test_bins_of_one_width_by_hand():
    assert assign(np.array([0, 1, 4, 5, 10]), 2, "width").tolist() == [0, 0, 0, 1, 1]


def test_bins_show_base_rate_and_scores_of_their_own():
    values = np.arange(40)
    y = np.array([1] * 20 + [0, 1] * 10)
    p = np.where(y == 1, 0.9, 0.2)
    first, second = along(values, y, p, 2)
    assert (first.low, first.high, first.n) == (0, 19, 20)
    assert (first.base_rate.value, first.majority, first.auc, first.balanced_accuracy) == (1.0, 1.0, None, None)
    assert (second.base_rate.value, second.majority, second.auc.value) == (0.5, 0.5, 1.0)
    assert second.accuracy.value == 1.0
    with pytest.raises(UserError, match="cannot fill"):
        along(values[:3], y[:3], p[:3], 10)
