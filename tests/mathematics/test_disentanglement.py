"""Scores of disentanglement on codes whose score is known: by hand, in closed form, or by construction."""

import time
from itertools import product
from math import log

import numpy as np
import pytest
import torch
from scipy.stats import entropy, norm
from sklearn.metrics import mutual_info_score

from simorgh.contracts import UserError
from simorgh.metrics.disentanglement import (
    beta_vae_score,
    completeness_of,
    dci,
    disentanglement,
    disentanglement_of,
    factor_vae_score,
    mig,
    modularity,
    modularity_of,
    sap,
)
from simorgh.metrics.disentanglement.mig import discretised
from simorgh.metrics.disentanglement.shared import batches
from simorgh.metrics.intervals import Interval
from simorgh.noise import philox

NAMES = ("shape", "scale", "x", "y")
GRID = np.array(list(product(range(3), range(6), range(8), range(8))))
TRUTH = (GRID - GRID.mean(0)) / GRID.std(0)
TEN = philox("ten factors").integers(10, size=(3000, 10))
SMALL = {"train": 2000, "test": 1000}


def normal(n: int, d: int, name: str) -> np.ndarray:
    return philox("test disentanglement", name).standard_normal((n, d))


def rotation(d: int) -> np.ndarray:
    return np.linalg.qr(normal(d, d, "rotation"))[0]


def shuffled(x: np.ndarray) -> np.ndarray:
    """The rows in another order: the same codes, knowing nothing of the factors."""
    return x[philox("shuffled").permutation(len(x))]


def values(codes: np.ndarray, factors: np.ndarray, seed: int = 0, **more: float) -> dict[str, float]:
    names = [str(i) for i in range(factors.shape[1])]
    return {name: score.value for name, score in disentanglement(codes, factors, names, seed, **more).items()}


SCORES = (
    "beta-vae", "factor-vae", "mig", "dci-disentanglement", "dci-completeness", "dci-informativeness", "sap",
    "modularity",
)  # fmt: skip


# Codes with a known score


def test_truth_is_disentangled():
    found = values(TRUTH, GRID)
    assert tuple(found) == SCORES
    ceiling = np.mean([1 - 1 / k for k in (3, 6, 8, 8)])
    assert found.pop("sap") == pytest.approx(ceiling, abs=0.03)
    assert found == pytest.approx(dict.fromkeys(found, 1.0), abs=1e-12)


def test_truth_of_ten_factors_in_any_order_unit_and_sign_is_disentangled():
    found = values(-np.geomspace(0.1, 1000, 10) * TEN[:, ::-1], TEN)
    assert found["factor-vae"] == 1
    assert min(found.values()) > 0.88
    assert found["sap"] == pytest.approx(0.9, abs=0.02)


def test_more_values_than_bins_cost_what_the_bins_lose():
    """32 values in 20 bins of equal width: 12 bins hold two values and lose ln 2 for 24 of 32 images."""
    factors = np.array(list(product(range(32), range(2), range(2))))
    expected = (1 - 24 / 32 * log(2) / log(32) + 1 + 1) / 3
    assert mig(factors.astype(float), factors).value == pytest.approx(expected, abs=1e-12)


def test_rotated_truth_is_not():
    """The beta-VAE score hardly minds, as its critics say: a linear classifier reads the rotation."""
    codes = TRUTH @ rotation(4)
    found = values(codes, GRID)
    assert found["mig"] < 0.2
    assert found["sap"] < 0.2
    assert found["dci-disentanglement"] < 0.4
    assert found["dci-completeness"] < 0.4
    assert found["beta-vae"] > 0.8


def test_rotation_by_45_degrees_leaves_no_gap():
    factors = np.array(list(product(range(8), range(8))) * 4)
    codes = np.stack([factors.sum(1), factors[:, 0] - factors[:, 1]], axis=1).astype(float)
    found = values(codes, factors)
    assert found["mig"] == pytest.approx(0, abs=1e-12)
    assert found["modularity"] == pytest.approx(0, abs=1e-12)
    assert found["sap"] < 0.05
    assert found["dci-disentanglement"] < 0.1
    assert found["dci-completeness"] < 0.1


def test_all_zero_codes_know_nothing():
    found = values(np.zeros((len(TEN), 5)), TEN)
    informative, chance = found.pop("dci-informativeness"), found.pop("beta-vae")
    assert informative == pytest.approx(0.1, abs=0.03)
    assert chance == pytest.approx(0.1, abs=0.03)
    assert found == dict.fromkeys(found, 0.0)


@pytest.mark.parametrize(("codes", "df"), [(normal(len(TEN), 10, "noise"), None), (shuffled(TEN).astype(float), 9 * 9)])
def test_noise_and_shuffled_rows_know_nothing(codes, df):
    """Modularity is not 0: 2 N times the plug-in information of 10 bins and 10 values is chi-square with 81 degrees."""
    assert mig(codes, TEN).value < 0.01
    assert sap(codes, TEN).value < 0.05
    assert beta_vae_score(codes, TEN).value < 0.15
    assert factor_vae_score(codes, TEN).value < 0.2
    trees = {name: score.value for name, score in dci(codes, TEN, estimator="tree").items()}
    assert max(trees.values()) < 0.15
    if df is not None:
        expected = modularity_of(philox("chi-square").chisquare(df, (5000, 10)))
        assert modularity(codes, TEN).value == pytest.approx(expected, abs=0.08)


def test_codes_permuted_within_each_row_serve_all_factors_alike():
    factors = philox("permuted").integers(10, size=(20_000, 10))
    codes = philox("permuted codes").permuted(factors, axis=1).astype(float)
    assert mig(codes, factors).value < 0.01
    assert modularity(codes, factors).value < 0.2
    trees = dci(codes, factors, estimator="tree")
    assert trees["disentanglement"].value < 0.1
    assert trees["completeness"].value < 0.1


def test_duplicates_leave_no_gap_but_stay_modular():
    twice = np.hstack([TRUTH, TRUTH])
    found = values(twice, GRID)
    assert found["mig"] == 0
    assert found["sap"] == 0
    assert found["modularity"] == pytest.approx(1, abs=1e-12)
    assert found["factor-vae"] == 1
    assert found["dci-disentanglement"] == pytest.approx(1, abs=1e-12)
    assert found["dci-completeness"] == pytest.approx(1 - log(2) / log(8), abs=0.02)


@pytest.mark.parametrize("prune", [0.0, 0.05])
@pytest.mark.parametrize("constant", [0.0, 0.1, -3e7])
def test_a_constant_unit_changes_nothing(constant, prune):
    """Its normalised variance is 0 / 0; 0.1 and -3e7 have deviations that round to something else than 0."""
    more = np.hstack([np.full((len(GRID), 1), constant), TRUTH])
    found, before = values(more, GRID, prune=prune), values(TRUTH, GRID, prune=prune)
    assert found["factor-vae"] == 1
    assert found["modularity"] == pytest.approx(1, abs=1e-12)
    assert found.pop("sap") == pytest.approx(before.pop("sap"), abs=0.03)  # the constant is the best of the guessers
    assert found == pytest.approx(before, abs=1e-9)


def test_a_nearly_constant_unit_is_pruned_by_the_published_threshold():
    codes = np.hstack([TRUTH, 0.049 * normal(len(GRID), 1, "nearly")])
    assert "(4 of 5 left)" in factor_vae_score(codes, GRID).protocol
    assert "(5 of 5 left)" in factor_vae_score(codes, GRID, prune=0.0).protocol
    assert modularity(codes, GRID).value == pytest.approx(1, abs=1e-12)
    assert modularity(codes, GRID, prune=0.0).value < 1 - 0.05


def test_one_code_for_two_factors():
    """A factor without a code of its own: no vote, no gap; FactorVAE's rule can then name one of the two only."""
    factors = np.array(list(product(range(4), range(4), range(4))) * 8)
    codes = np.stack([4.0 * factors[:, 0] + factors[:, 1], factors[:, 2]], axis=1)
    score = mig(codes, factors, bins=16)
    assert score.table == pytest.approx(np.array([[log(4), log(4), 0], [0, 0, log(4)]]), abs=1e-12)
    assert score.value == pytest.approx(1, abs=1e-12)
    assert modularity(codes, factors, bins=16).value == pytest.approx((1 / 2 + 1) / 2, abs=1e-12)
    assert factor_vae_score(codes, factors, **SMALL).value == pytest.approx(2 / 3, abs=0.05)


# Numbers by hand


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
    expected = 1.96 * influence.std(ddof=1) / 120**0.5
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


# Invariance


MIXED = np.hstack([TRUTH @ rotation(4), 0.3 * normal(len(GRID), 2, "mixed"), TRUTH[:, :1]])


@pytest.fixture(scope="module")
def before() -> dict[str, float]:
    return values(MIXED, GRID)


def test_order_and_units_of_codes_do_not_matter(before):
    assert 0.02 < min(before.values()) < 0.9
    order = philox("order").permutation(MIXED.shape[1])
    assert values(MIXED[:, order], GRID) == pytest.approx(before, abs=1e-9)
    units = np.array([3.7, 0.4, 1e3, 12.0, 1.9, 0.77, 41.0])
    assert values(MIXED * units + 1e6, GRID) == pytest.approx(before, abs=2e-3)


def test_the_seed_alone_decides(before):
    """The same number from tensors, and from other labels for the values of the factors."""
    again = disentanglement(torch.from_numpy(MIXED), torch.from_numpy(10 * GRID - 7), NAMES)
    assert {name: score.value for name, score in again.items()} == before
    for score in (beta_vae_score, factor_vae_score, sap):
        found = [score(MIXED, GRID, seed=seed).result for seed in (3, 3, 4)]
        assert found[0] == found[1] != found[2]
    found = [dci(MIXED, GRID, "tree", seed=seed)["completeness"].value for seed in (3, 3, 4)]
    assert found[0] == found[1] != found[2]


def test_the_fast_trees_agree_with_the_forest():
    slow, fast = dci(MIXED, GRID), dci(MIXED, GRID, estimator="tree")
    for name in ("disentanglement", "completeness"):
        assert fast[name].value == pytest.approx(slow[name].value, abs=0.1)
    assert "20 bagged" in slow["completeness"].protocol
    assert "1 bagged" in fast["completeness"].protocol


# What a score says of itself


def test_scores_name_their_protocol_and_have_honest_intervals():
    scores = disentanglement(MIXED, GRID, NAMES)
    needed = {
        "beta-vae": ("64 pairs", "logistic regression", "10,000", "5,000"),
        "factor-vae": ("64", "0.05", "10,000", "5,000", "1,152"),
        "mig": ("20 bins of equal width", "1,152"),
        "dci-disentanglement": ("20 bagged", "768", "384"),
        "sap": ("thresholds", "768", "384"),
        "modularity": ("20 bins", "0.05"),
    }
    for name, words in needed.items():
        for word in words:
            assert word in scores[name].protocol, (name, word)
    for name, score in scores.items():
        if name in ("dci-disentanglement", "dci-completeness", "modularity"):
            assert isinstance(score.result, float)
        else:
            assert isinstance(score.result, Interval)
            assert 0 <= score.result.low <= score.value <= score.result.high <= 1
    for name in ("mig", "sap", "factor-vae", "modularity", "dci-completeness"):
        assert scores[name].table.shape == (7, 4)


def test_all_six_are_fast_enough_for_the_sprites():
    grid = np.array(list(product(range(3), range(6), range(32), range(32))))
    truth = (grid - grid.mean(0)) / grid.std(0)
    codes = np.hstack([truth, normal(len(grid), 6, "sprites")]) @ rotation(10)
    start = time.process_time()  # some 10 s on a core of its own
    disentanglement(codes, grid, NAMES)
    assert time.process_time() - start < 60


# What is refused


@pytest.mark.parametrize(
    ("codes", "factors", "names", "word"),
    [
        (TRUTH, np.hstack([GRID[:, :3], np.full((len(GRID), 1), 7)]), NAMES, "y has the same value"),
        (TRUTH, GRID + 0.5, NAMES, "whole numbers"),
        (TRUTH, GRID[:-1], NAMES, "whole numbers"),
        (TRUTH, GRID[:, 0], NAMES, "whole numbers"),
        (TRUTH[:, :1], GRID, NAMES, "at least 2"),
        (TRUTH, GRID[:, :1], ("shape",), "at least 2"),
        (TRUTH, GRID, NAMES[:3], "3 names"),
        (np.full_like(TRUTH, np.nan), GRID, NAMES, "not finite"),
        (TRUTH[:, 0], GRID, NAMES, "matrix"),
    ],
)
def test_refuses_what_cannot_be_scored(codes, factors, names, word):
    with pytest.raises(UserError, match=word):
        disentanglement(codes, factors, names)


def test_refuses_single_rows_and_senseless_settings():
    odd = GRID.copy()
    odd[0, 0] = 99
    with pytest.raises(UserError, match="one row only"):
        factor_vae_score(TRUTH, odd)
    for call in (
        lambda: mig(TRUTH, GRID, bins=1),
        lambda: factor_vae_score(TRUTH, GRID, prune=-1),
        lambda: factor_vae_score(TRUTH, GRID, size=1),
        lambda: dci(TRUTH, GRID, estimator="boosting"),
    ):
        with pytest.raises(UserError):
            call()
