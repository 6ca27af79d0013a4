"""Scores of disentanglement on codes whose score is known by construction, and what must not change a score."""

import time
from itertools import product
from math import log

import numpy as np
import pytest
import torch
from known_codes import GRID, NAMES, SMALL, TRUTH, normal, rotation

from simorgh.contracts import UserError
from simorgh.metrics.disentanglement import (
    beta_vae_score,
    dci,
    disentanglement,
    factor_vae_score,
    mig,
    modularity,
    modularity_of,
    sap,
)
from simorgh.metrics.disentanglement.shared import PRUNE, active
from simorgh.metrics.intervals import Interval
from simorgh.noise import philox

TEN = philox("ten factors").integers(10, size=(3000, 10))


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
    assert active(codes, PRUNE).tolist() == [True] * 4 + [False]
    assert active(codes, 0.0).all()
    assert modularity(codes, GRID).value == pytest.approx(1, abs=1e-12)
    assert modularity(codes, GRID, prune=0.0).value < 1 - 0.05


def test_how_many_codes_are_dead_is_no_part_of_a_protocol():
    """Seeds of one recipe differ in it, and their scores are averaged under one protocol."""
    alive = np.hstack([TRUTH, normal(len(GRID), 1, "alive")])
    dead = np.hstack([TRUTH, np.zeros((len(GRID), 1))])
    for score in (factor_vae_score, modularity):
        assert score(alive, GRID).protocol == score(dead, GRID).protocol


def test_one_code_for_two_factors():
    """A factor without a code of its own: no vote, no gap; FactorVAE's rule can then name one of the two only."""
    factors = np.array(list(product(range(4), range(4), range(4))) * 8)
    codes = np.stack([4.0 * factors[:, 0] + factors[:, 1], factors[:, 2]], axis=1)
    score = mig(codes, factors, bins=16)
    assert score.table == pytest.approx(np.array([[log(4), log(4), 0], [0, 0, log(4)]]), abs=1e-12)
    assert score.value == pytest.approx(1, abs=1e-12)
    assert modularity(codes, factors, bins=16).value == pytest.approx((1 / 2 + 1) / 2, abs=1e-12)
    assert factor_vae_score(codes, factors, **SMALL).value == pytest.approx(2 / 3, abs=0.05)


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
