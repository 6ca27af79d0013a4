"""Scores of disentanglement against numbers worked out by hand, closed forms and other libraries."""

from itertools import product
from math import log

import numpy as np
import pytest
from known_codes import GRID, SMALL, TRUTH, normal, rotation
from scipy.stats import entropy, norm, t
from sklearn.metrics import mutual_info_score

from simorgh.metrics.disentanglement import (
    beta_vae_score,
    completeness_of,
    dci,
    disentanglement_of,
    factor_vae_score,
    mig,
    modularity_of,
    sap,
)
from simorgh.metrics.disentanglement.mig import discretised
from simorgh.metrics.disentanglement.shared import batches
from simorgh.noise import philox


def test_dci_of_the_diagonal():
    assert disentanglement_of(np.diag([1.0, 2.0, 3.0])) == pytest.approx(1, abs=1e-15)
    assert completeness_of(np.diag([1.0, 2.0, 3.0])) == pytest.approx(1, abs=1e-15)
    assert disentanglement_of(np.ones((4, 4))) == pytest.approx(0, abs=1e-15)


def test_dci_of_codes_that_serve_two_factors_each():
    table = np.repeat(np.eye(5), 2, axis=1)
    assert table.shape == (5, 10)
    assert disentanglement_of(table) == pytest.approx(1 - log(2) / log(10), abs=1e-12)
    assert completeness_of(table) == pytest.approx(1, abs=1e-12)
    assert completeness_of(table.T) == pytest.approx(0.699, abs=5e-4)
    assert disentanglement_of(table.T) == pytest.approx(1, abs=1e-12)


def test_dci_gives_importances_to_the_codes_that_have_them():
    order = [2, 0, 3, 1]
    table = dci(TRUTH[:, order], GRID, "tree")["disentanglement"].table
    assert table == pytest.approx(np.eye(4)[order], abs=1e-12)


def test_dci_weighs_codes_by_their_importance_and_ignores_dead_ones():
    table = np.array([[3.0, 0.0], [0.5, 0.5], [0.0, 0.0]])
    assert disentanglement_of(table) == pytest.approx(3 / 4)
    mixed = np.array([[0.25, 0.75], [0.0, 2.0]])
    expected = 1 / 3 * (1 - entropy([0.25, 0.75], base=2)) + 2 / 3
    assert disentanglement_of(mixed) == pytest.approx(expected, abs=1e-12)


def test_modularity_by_hand():
    assert modularity_of(np.diag([1.0, 2.0, 0.5])) == 1
    assert modularity_of(np.diag([1.0, 2.0, 0.0])) == 1  # 2 / 3 where dead codes count as 0
    one = np.zeros((1, 10))
    one[0, [2, 7]] = 0.4
    assert modularity_of(one) == pytest.approx(8 / 9)
    assert modularity_of(np.array([[1.0, 0.5, 0.0], [0.0, 0.0, 3.0]])) == pytest.approx((1 - 0.25 / 2 + 1) / 2)
    assert modularity_of(np.ones((3, 4))) == 0
    assert modularity_of(np.zeros((3, 4))) == 0


def noisy_channel(n: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Codes that pass a factor of K values on with probability 1 - e, else any other value; and their true MIG.

    I(z; v) = H(z) - H(z | v), where z has shares p (1 - e) + (1 - p) e / (K - 1), and H(z | v) is
    -(1 - e) ln(1 - e) - e ln(e / (K - 1)). Two factors with unequal shares p, two codes of error 0.1 and 0.3 each.
    """
    rng, gaps, codes, factors = philox("channel", n), [], [], []
    for k in (4, 7):
        p = np.arange(1, k + 1) ** 2 / (np.arange(1, k + 1) ** 2).sum()
        factor = rng.choice(k, p=p, size=n)
        factors.append(factor)
        known = []
        for e in (0.1, 0.3):
            wrong = (factor + rng.integers(1, k, size=n)) % k
            codes.append(np.where(rng.random(n) < e, wrong, factor))
            known.append(entropy(p * (1 - e) + (1 - p) * e / (k - 1)) + (1 - e) * log(1 - e) + e * log(e / (k - 1)))
        gaps.append((known[0] - known[1]) / entropy(p))
    return np.stack(codes, 1).astype(float), np.stack(factors, 1), float(np.mean(gaps))


def test_mig_of_a_noisy_channel_is_its_closed_form():
    codes, factors, truth = noisy_channel(200_000)
    score = mig(codes, factors)
    assert score.value == pytest.approx(truth, abs=0.005)
    assert abs(score.value - truth) < score.result.high - score.result.low  # about four standard errors


def test_interval_of_mig_covers():
    covered, widths, found = 0, [], []
    for i in range(200):
        codes, factors, truth = noisy_channel(1000 + i)
        result = mig(codes, factors).result
        covered += result.low < truth < result.high
        widths.append(result.high - result.low)
        found.append(result.value)
    assert 0.89 <= covered / 200 <= 0.99
    assert np.mean(widths) == pytest.approx(2 * 1.96 * np.std(found), rel=0.2)


def test_interval_of_mig_is_that_of_the_infinitesimal_jackknife():
    """Influence of a row: what the score loses when one of its 30 copies is taken away (Jaeckel 1972)."""
    codes, factors, _ = noisy_channel(120)
    whole = mig(codes, factors)
    codes, factors = np.tile(codes, (30, 1)), np.tile(factors, (30, 1))
    without = [mig(np.delete(codes, i, 0), np.delete(factors, i, 0)).value for i in range(120)]
    influence = (len(codes) - 1) * (whole.value - np.array(without))
    expected = t.ppf(0.975, 119) * influence.std(ddof=1) / 120**0.5
    assert whole.result.high - whole.value == pytest.approx(expected, rel=0.005)


@pytest.mark.parametrize("binning", ["width", "count"])
def test_information_is_that_of_scikit_learn(binning):
    codes = np.hstack([TRUTH @ rotation(4), normal(len(GRID), 2, "information") ** 3])
    score, binned = mig(codes, GRID, bins=7, binning=binning), discretised(codes, 7, binning)
    expected = [[mutual_info_score(z, v) for v in GRID.T] for z in binned.T]
    np.testing.assert_allclose(score.table, expected, atol=1e-12)
    top = np.sort(expected, axis=0)
    entropies = [entropy(np.bincount(v)) for v in GRID.T]
    assert score.value == pytest.approx(np.mean((top[-1] - top[-2]) / entropies), abs=1e-12)
    assert f"7 bins of equal {binning}" in score.protocol


def test_bins_of_equal_count_do_not_mind_an_outlier():
    codes = TRUTH.copy()
    codes[0] = 1e6
    assert mig(codes, GRID).value < 0.02
    assert mig(codes, GRID, binning="count").value > 0.95
    counts = np.bincount(discretised(normal(6000, 2, "count"), 20, "count")[:, 0])
    assert counts.tolist() == [300] * 20


def test_bins_of_equal_width_by_hand():
    codes = np.array([[0.0, 5.0], [0.25, 5.0], [0.2499, 5.0], [0.5, 5.0], [0.99, 5.0], [1.0, 5.0]])
    assert discretised(codes, 4).T.tolist() == [[0, 1, 0, 2, 3, 3], [0] * 6]
    for unit in (1.0, 0.7, 3.7, 1 / 3):
        steps = unit * np.arange(0, 1.01, 0.1)[:, None]
        assert discretised(steps, 10)[:, 0].tolist() == [*range(10), 9]


def test_sap_by_hand():
    """A code that knows one value of three: balanced accuracy 2/3. An ideal code: 1. The gap is 1/3; for the other
    factor a perfect code against one that guesses, a half: 1/2."""
    factors = np.array(list(product(range(3), range(2))) * 500)
    codes = np.stack([factors[:, 0], factors[:, 0] == 2, factors[:, 1]], axis=1).astype(float)
    score = sap(codes, factors)
    assert score.table[:, 0] == pytest.approx([1, 2 / 3, 1 / 3], abs=0.03)
    assert score.table[:, 1] == pytest.approx([1 / 2, 1 / 2, 1], abs=0.06)
    assert score.value == pytest.approx((1 / 3 + 1 / 2) / 2, abs=0.03)
    assert "ceiling for these factors is 0.583" in score.protocol


def test_sap_balances_rare_values():
    """A code that always says "common" is right for 90 % of the images and for half of the values."""
    rare = (np.arange(4000) % 10 == 0).astype(int)
    factors = np.stack([rare, philox("rare").integers(2, size=4000)], axis=1)
    codes = np.stack([factors[:, 1], np.zeros(4000)], axis=1).astype(float)
    assert sap(codes, factors).table[:, 0] == pytest.approx([0.5, 0.5], abs=0.06)


def test_sap_puts_thresholds_where_the_values_count_alike():
    """N(0, 1) for nine rows of ten and N(2, 1) for the tenth: the threshold is 1 and the accuracy Phi(1)."""
    rare = (np.arange(12_000) % 10 == 0).astype(int)
    factors = np.stack([rare, philox("rare").integers(2, size=12_000)], axis=1)
    codes = normal(12_000, 2, "thresholds")
    codes[:, 0] += 2 * rare
    assert sap(codes, factors).table[0, 0] == pytest.approx(norm.cdf(1), abs=0.04)


def test_factor_vae_votes_of_a_half_read_code():
    """Two codes for three factors: both give their votes to their own factor, and the third is guessed wrong."""
    factors = np.array(list(product(range(4), range(4), range(4))) * 8)
    score = factor_vae_score(factors[:, :2] + 0.0, factors, **SMALL)
    assert score.value == pytest.approx(2 / 3, abs=0.04)
    assert score.table[0, 0] + score.table[1, 1] == pytest.approx(2 / 3 * 2000, abs=80)
    assert score.table[0, 1] == score.table[1, 0] == 0
    assert score.table.sum() == 2000


def test_factor_vae_divides_by_the_variance_of_each_code():
    noisy = TRUTH + 0.3 * normal(len(GRID), 4, "noisy truth")
    assert factor_vae_score(noisy * [1, 10, 100, 1000], GRID, **SMALL).value > 0.98


def test_batches_share_the_fixed_value_and_nothing_else():
    factors = np.array(list(product(range(3), range(5))) * 20)
    spans = []

    def span(batch: np.ndarray) -> np.ndarray:
        spans.append(batch)
        return np.ptp(batch, axis=1)

    which, found = batches(factors + 0.0, factors, 400, 64, span, philox("batches"))
    assert (found[np.arange(400), which] == 0).all()
    assert (found[np.arange(400), 1 - which] > 0).all()
    assert np.bincount(which).min() > 150
    drawn = np.concatenate([b[:, 0] for b in spans])
    for f, k in enumerate((3, 5)):
        shares = np.bincount(drawn[:, f].astype(int), minlength=k) / len(drawn)
        assert shares == pytest.approx(np.full(k, 1 / k), abs=0.08)


@pytest.mark.parametrize("score", [beta_vae_score, factor_vae_score])
def test_accuracy_is_that_on_fresh_points(score):
    """Codes that are noise, few points to fit and much to choose from: held-out accuracy is that of chance."""
    codes = normal(len(GRID), 60, "wide")
    size = {"pairs": 2} if score is beta_vae_score else {"size": 4}
    found = score(codes, GRID, train=70, test=2000, **size)
    assert found.value == pytest.approx(0.25, abs=0.05)
    assert found.result.n == 2000


@pytest.mark.parametrize("group", [2, None])
def test_who_shares_the_value_of_the_fixed_factor(group):
    """Pairs for the beta-VAE score, whole batches for FactorVAE's."""
    factors = np.stack([np.arange(24) % 4, np.arange(24) // 8], 1)
    seen = []

    def look(batch: np.ndarray) -> np.ndarray:
        seen.append(batch)
        return batch[:, 0]

    which, _ = batches(factors.astype(float), factors, 200, 12, look, philox("share"), group=group)
    for f, batch in zip(np.unique(which), seen):
        pairs = batch[:, :, f].reshape(len(batch), 6, 2)
        assert (pairs[:, :, 0] == pairs[:, :, 1]).all()
        many = [len(np.unique(row)) for row in batch[:, :, f]]
        assert max(many) == (1 if group is None else len(np.unique(factors[:, f])))
