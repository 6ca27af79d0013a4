"""Judges of samples against closed forms, SciPy and scikit-learn: copies, modes, bias, fresh judges."""

from math import log, pi, sqrt

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import rel_entr
from sklearn.neighbors import NearestNeighbors

from simorgh.contracts import UserError
from simorgh.data import DataConfig, load
from simorgh.evaluate import two_sample as judges
from simorgh.evaluate.two_sample import train_on_synthetic, two_sample
from simorgh.metrics import prdc
from simorgh.metrics.extrapolation import frechet_extrapolated
from simorgh.metrics.frechet import frechet_distance
from simorgh.metrics.intervals import jackknife
from simorgh.metrics.memorisation import _near, _ratio, copied, mann_whitney, memorisation
from simorgh.metrics.modes import (
    collapse,
    expected_covered,
    expected_kl,
    mode_coverage,
    near_duplicates,
    proportion,
)  # fmt: skip
from simorgh.metrics.prdc import nearest
from simorgh.noise import philox


def normal(n: int, d: int, *name: object) -> np.ndarray:
    return philox("test judges", *name).standard_normal((n, d))


# Nearest neighbours


@pytest.mark.parametrize(("n", "d", "far"), [(700, 1, 0.0), (700, 5, 0.0), (300, 784, 0.0), (700, 5, 1e3)])
def test_nearest_is_that_of_scikit_learn(n, d, far):
    a, b = normal(211, d, "a") + far, normal(n, d, "b") + far
    distance, index = nearest(torch.from_numpy(a), torch.from_numpy(b), chunk=50)
    expected, places = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(b - far).kneighbors(a - far)
    np.testing.assert_allclose(distance.numpy(), expected[:, 0], rtol=1e-6, atol=1e-9)
    assert np.array_equal(index.numpy(), places[:, 0])


def test_nearest_in_itself_leaves_out_the_row_itself_only():
    x = normal(400, 20, "x")
    x[17] = x[230]
    distance, index = nearest(torch.from_numpy(x), torch.from_numpy(x), skip=torch.arange(400), chunk=64)
    expected, places = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(x).kneighbors(x)
    pair = np.isin(np.arange(400), (17, 230))
    np.testing.assert_allclose(distance.numpy()[~pair], expected[~pair, 1], rtol=1e-9)
    assert np.array_equal(index.numpy()[~pair], places[~pair, 1])
    assert distance[[17, 230]].tolist() == [0, 0]
    assert index[[17, 230]].tolist() == [230, 17]


def test_nearest_is_exact_where_float32_is_not(monkeypatch):
    """Two far clusters of points a millionth apart; then products coarser than any float32."""
    b = np.zeros((100, 3))
    b[:50, 0], b[50:, 0] = -100, 100
    b[:, 1] = 1e-6 * np.tile(np.arange(50), 2)
    for row, sign in ((0, -1), (49, 1), (99, 1)):
        distance, index = nearest(torch.from_numpy(b[[row]] + np.array([0, sign * 1e-3, 0])), torch.from_numpy(b))
        assert index.tolist() == [row]
        assert float(distance) == pytest.approx(1e-3, rel=1e-9)
    a, b = (torch.from_numpy(normal(n, 64, "coarse", n)) for n in (200, 3000))
    truth = nearest(a, b)
    shortlist = prdc._shortlisted

    def coarse(part, b, part32, b32, hidden):
        return shortlist(part, b, (2 * part32).round() / 2, (2 * b32).round() / 2, hidden)

    monkeypatch.setattr(prdc, "_shortlisted", coarse)
    assert torch.equal(nearest(a, b)[1], truth[1])


# Memorisation


def test_fresh_draws_of_the_law_are_no_copies():
    found = memorisation(normal(3000, 10, "train"), normal(1500, 10, "test"), normal(1200, 10, "fake"))
    assert found.ratio.low < 1 < found.ratio.high
    assert found.near.low < 0.05 < found.near.high
    assert found.farther.low < 0.5 < found.farther.high
    assert abs(found.z) < 3
    assert found.authenticity.low < found.authenticity_floor.high
    assert found.authenticity_floor.low < found.authenticity.high
    assert found.near_floor == pytest.approx(0.05, abs=1e-3)


def test_exact_copies_are_seen():
    train, test = normal(2000, 10, "train"), normal(500, 10, "test")
    found = memorisation(train, test, train[:400])
    assert found.ratio == (0, 0, 0, 400)
    assert found.near.value == 1
    assert found.farther.value == 0
    assert found.authenticity.value == 0
    assert found.z < -20


def test_copies_are_told_by_their_pixels():
    """Also where a float is a little off the level that it stands for."""
    train = torch.from_numpy(philox(0, "pixels").integers(0, 256, (50, 1, 6, 6)).astype(np.uint8))
    exact = train[:30] / 255
    other = exact.clone()
    other[:, 0, 3, 3] = (train[:30, 0, 3, 3].int() ^ 1) / 255  # one level off in one pixel
    assert copied(exact, train) == copied(exact + 1e-4, train) == 1
    assert copied(other, train) == 0
    assert copied(torch.cat([exact, other]), train) == 0.5


def test_noisy_copies_are_seen_by_degrees():
    train, test, noise = normal(2000, 10, "train"), normal(500, 10, "test"), normal(400, 10, "noise")
    found = [memorisation(train, test, train[:400] + s * noise) for s in (0.01, 0.1, 0.3)]
    assert all(f.z < -3 and f.authenticity.high < f.authenticity_floor.low for f in found)
    for name in ("ratio", "farther", "authenticity"):
        values = [getattr(f, name).value for f in found]
        assert values == sorted(values)
        assert values[0] < values[2]
    half = memorisation(train, test, np.concatenate([train[:200], normal(200, 10, "fresh")]))
    assert 0.4 < half.ratio.value < 0.6


def test_a_swap_of_fakes_and_test_examples_turns_the_signs():
    train, test, fake = normal(1000, 6, "train"), normal(400, 6, "test"), 0.8 * normal(300, 6, "fake")
    one, two = memorisation(train, test, fake), memorisation(train, fake, test)
    assert one.z == pytest.approx(-two.z, rel=1e-12)
    assert one.farther.value == pytest.approx(1 - two.farther.value, rel=1e-12)
    assert one.ratio.value == pytest.approx(1 / two.ratio.value, rel=1e-12)
    assert one.authenticity == two.authenticity_floor


@pytest.mark.parametrize(("d", "mutual"), [(1, 2 / 3), (2, 6 * pi / (8 * pi + 3 * sqrt(3))), (3, 16 / 27)])
def test_authenticity_of_fresh_draws_is_the_chance_of_not_being_mutual_neighbours(d, mutual):
    """A fresh point and its nearest training point are mutual nearest neighbours with these probabilities (Pickard
    1982, Schilling 1986), up to the border of the cube."""
    rng = philox("test judges", "mutual", d)
    train, fake = rng.random((6000, d)), rng.random((6000, d)) * 0.8 + 0.1
    found = memorisation(train, rng.random((50, d)), fake, draws=10).authenticity
    assert found.value == pytest.approx(1 - mutual, abs=4 * sqrt(0.25 / 6000))


@given(
    n=st.integers(2, 40), m=st.integers(2, 40), levels=st.sampled_from([3, 10, 10**6]), shift=st.integers(0, 2),
    seed=st.integers(0, 999),
)  # fmt: skip
@settings(deadline=None)
def test_mann_whitney_is_that_of_scipy(n, m, levels, shift, seed):
    rng = philox("test judges", "ranks", seed)
    a, b = rng.integers(levels, size=n) + shift, rng.integers(levels, size=m)
    share, z = mann_whitney(a, b)
    if len(np.unique(np.concatenate([a, b]))) == 1:
        assert z == 0
        return
    for side, p in (("greater", stats.norm.sf(z)), ("less", stats.norm.cdf(z))):
        expected = stats.mannwhitneyu(a, b, alternative=side, use_continuity=False, method="asymptotic")
        assert share.value * n * m == pytest.approx(expected.statistic, rel=1e-12, abs=1e-9)
        assert p == pytest.approx(expected.pvalue, rel=1e-9)


def test_intervals_of_memorisation_hold_the_truth_as_often_as_they_say():
    """Distances with known laws: ratio 3/2 and P(a > b) = 3/5 of two exponentials, 5 % of the law itself."""
    hits = np.zeros(3)
    for i in range(300):
        rng = philox("test judges", "intervals", i)
        a, b = rng.exponential(3, 300), rng.exponential(2, 60)
        ratio, share = _ratio(a, b), mann_whitney(a, b)[0]
        near = _near(a, rng.exponential(3, 300), 0.05, 200, i)
        hits += [ratio.low < 1.5 < ratio.high, share.low < 0.6 < share.high, near.low <= 0.05 <= near.high]
    assert (hits >= 270).all(), hits


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"test": normal(5, 4, "x")}, "3 and 4 features"),
        ({"fake": normal(5, 4, "x")}, "4 and 3 features"),
        ({"test": normal(50, 3, "train")[:20]}, "every test example"),
        ({"fake": np.full((5, 3), np.nan)}, "not finite"),
        ({"quantile": 1.0}, "share of 1.0"),
    ],
)
def test_memorisation_refuses(change, words):
    given = {"train": normal(50, 3, "train"), "test": normal(20, 3, "test"), "fake": normal(20, 3, "fake"), **change}
    with pytest.raises(UserError, match=words):
        memorisation(**given)


# Modes


@pytest.mark.parametrize(("modes", "n"), [(10, 40), (10, 1000), (50, 30)])
def test_floors_are_the_mean_of_ideal_samples(modes, n):
    counts = philox("test judges", "floor", modes, n).multinomial(n, np.full(modes, 1 / modes), 20_000)
    covered, kl = (counts > 0).sum(1), rel_entr(counts / n, 1 / modes).sum(1)
    for values, expected in ((covered, expected_covered(modes, n)), (kl, expected_kl(modes, n))):
        assert abs(values.mean() - expected) <= 5 * values.std() / 20_000**0.5 + 1e-12


def test_floor_of_the_usual_protocol():
    """25,600 samples of 1,000 modes: all are covered, and KL is its first-order bias with a small correction."""
    assert expected_covered(1000, 25_600) == pytest.approx(1000, abs=1e-6)
    assert expected_kl(1000, 25_600) == pytest.approx(999 / 51_200, rel=0.02)
    assert expected_kl(10, 10**6) == pytest.approx(9 / 2e6, rel=1e-4)
    found = mode_coverage(philox("test judges", "usual").integers(1000, size=25_600), 1000)
    assert found.covered.value == 1000
    assert found.kl_floor.low < found.kl.value < found.kl_floor.high
    assert found.kl.low < found.kl_floor.value < found.kl.high
    assert collapse(found) is None


def test_shares_and_divergence_of_known_labels():
    found = mode_coverage(torch.tensor([0, 0, 0, 2, 2, 3]), 4)
    assert found.shares.tolist() == [0.5, 0, 1 / 3, 1 / 6]
    assert found.covered.value == 3
    assert found.kl.value == pytest.approx(stats.entropy([3, 0, 2, 1], [1, 1, 1, 1]), rel=1e-12)
    assert found.covered.n == 6
    one = mode_coverage(np.zeros(1000, dtype=int), 10)
    assert one.covered == (1, 1, 1, 1000)
    assert one.kl.value == one.kl.low == one.kl.high == pytest.approx(log(10), rel=1e-12)


def zipf(modes: int) -> np.ndarray:
    return 1 / np.arange(1, modes + 1) / (1 / np.arange(1, modes + 1)).sum()


@pytest.mark.parametrize(("law", "n"), [(zipf(10), 400), (zipf(300), 600), (np.full(300, 1 / 300), 300)])
def test_intervals_hold_the_expectation_and_the_shares(law, n):
    """200 sample sets: each interval holds what it is for about as often as it says."""
    modes = len(law)
    drawn = [philox("test judges", "law", modes, i).choice(modes, n, p=law) for i in range(200)]
    found = [mode_coverage(labels, modes, draws=300, seed=i) for i, labels in enumerate(drawn)]
    covered = (1 - (1 - law) ** n).sum()
    kl = rel_entr(philox("test judges", "kl").multinomial(n, law, 4000) / n, 1 / modes).sum(1).mean()
    assert np.mean([f.covered.low - 1e-3 <= covered <= f.covered.high + 1e-3 for f in found]) > 0.9
    assert np.mean([f.kl.low <= kl <= f.kl.high for f in found]) > 0.88
    assert np.mean([((f.low <= law) & (law <= f.high)).all() for f in found]) > 0.93


def test_shares_have_the_exact_interval_of_scipy():
    """Of two modes at the level that Bonferroni asks for; a mode with no sample or with all has an end at 0 or 1."""
    found = mode_coverage(np.repeat([0, 1], [13, 37]), 2)
    expected = stats.binomtest(13, 50).proportion_ci(0.975, "exact")
    assert (found.low[0], found.high[0]) == pytest.approx((expected.low, expected.high), rel=1e-9)
    none = mode_coverage(np.zeros(50, dtype=int), 2)
    assert (none.high[0], none.low[1]) == (1, 0)
    assert none.low[0] == pytest.approx(stats.binomtest(50, 50).proportion_ci(0.975, "exact").low, rel=1e-9)


def test_proportion_is_the_interval_of_wilson():
    centre, z = (13 + 1.96**2 / 2) / (50 + 1.96**2), 1.959964
    half = z / (50 + z**2) * sqrt(13 * 37 / 50 + z**2 / 4)
    assert proportion(13, 50) == pytest.approx((0.26, centre - half, centre + half, 50), abs=1e-5)
    assert proportion(0, 50).low == 0
    with pytest.raises(UserError, match="3 of 2"):
        proportion(3, 2)


def test_collapse_names_what_is_wrong():
    rng = philox("test judges", "collapse")
    ideal = rng.integers(10, size=10_000)
    assert collapse(mode_coverage(ideal, 10)) is None
    lost = collapse(mode_coverage(ideal[ideal != 4], 10))
    assert "9 of 10 modes" in lost
    rare = collapse(mode_coverage(np.concatenate([ideal[ideal != 4], np.full(300, 4)]), 10))
    assert rare == "Collapsed: mode 4 is nearly lost, with 3.2% of the samples instead of 10%."
    many = collapse(mode_coverage(np.concatenate([ideal, np.full(1500, 7)]), 10))
    assert many.startswith("Collapsed: mode 7 is dominant, with 22% ")
    one = collapse(mode_coverage(np.full(10_000, 1), 10))
    assert "hit 1 of 10 modes, where an ideal generator hits 10" in one
    same = collapse(mode_coverage(ideal, 10), duplicates=0.97)
    assert "97% of the samples are near-duplicates" in same
    some = collapse(mode_coverage(rng.choice(rng.permutation(1000)[:693], 25_600), 1000))
    assert "25,600 samples hit 693 of 1,000 modes" in some
    counts = np.full(1000, 100)
    counts[236] = 0
    gone = collapse(mode_coverage(np.repeat(np.arange(1000), counts), 1000))
    assert gone == "Collapsed: mode 236 is lost, with 0% of the samples instead of 0.1%."
    for sentence in (lost, rare, many, one, same, some):
        assert sentence.count(".") - sentence.count(".", 0, -1) == 1
        assert "\n" not in sentence


@pytest.mark.parametrize("modes", [2, 10, 1000])
@pytest.mark.parametrize("n", [20, 100, 5000])
def test_an_ideal_generator_seldom_looks_collapsed(modes, n):
    """A share of 0 among 20 samples is chance. At most one set in 13 lies outside one of the two 95 % ranges."""
    labels = [philox("test judges", "seldom", modes, n, i).integers(modes, size=n) for i in range(40)]
    assert sum(collapse(mode_coverage(y, modes, draws=100)) is not None for y in labels) <= 7


def test_near_duplicates_of_images():
    real, other = normal(600, 30, "real"), normal(500, 30, "other")
    assert near_duplicates(other, real) == 0
    assert near_duplicates(np.repeat(other[:1], 500, 0), real) == 1
    assert near_duplicates(np.concatenate([other[:250], other[250:375], other[250:375] + 1e-3]), real) == 0.5
    assert near_duplicates(other, real, closeness=1.0) == pytest.approx(0.01, abs=0.02)


@pytest.mark.parametrize(
    ("labels", "modes", "words"),
    [
        ([1, 2, 10], 10, "from 1 to 10"),
        ([-1, 2], 10, "from -1 to 2"),
        ([0.5, 1], 10, "2 or more integers"),
        ([[1, 2]], 10, "2 or more integers"),
        ([0, 0], 1, "1 modes"),
    ],
)
def test_coverage_refuses(labels, modes, words):
    with pytest.raises(UserError, match=words):
        mode_coverage(np.array(labels), modes)


# Extrapolation


def test_extrapolation_removes_the_bias():
    """d = 16, N = 1,000: the plain distance of equal laws is far above 0, the intercept is not."""
    x, y = normal(1000, 16, "x"), normal(1000, 16, "y")
    found = frechet_extrapolated(x, y)
    plain = frechet_distance(x, y)
    assert plain > 0.08
    assert found.values[-1] == pytest.approx(plain, rel=1e-12)
    assert found.slope > 0
    assert abs(found.intercept.value) < plain / 4
    assert found.intercept.low < 0 < found.intercept.high
    assert len(found.sizes) == 15
    assert (found.sizes[0], found.sizes[-1]) == (500, 1000)
    shifted = frechet_extrapolated(x, y + 0.5)
    assert shifted.intercept.low < 16 * 0.25 < shifted.intercept.high
    assert frechet_distance(x, 2 * y) > 16 > frechet_extrapolated(x, 2 * y).intercept.low


def test_extrapolation_intervals_hold_the_truth_as_often_as_they_say():
    """60 pairs of sets whose true distance is 4 * 0.3^2 + 4 (1.2 - 1)^2 = 0.52."""
    hits, plain = [], []
    for i in range(60):
        x, y = normal(400, 4, "covers", i, "x"), 1.2 * normal(400, 4, "covers", i, "y") + 0.3
        found = frechet_extrapolated(x, y, points=8).intercept
        hits.append(found.low <= 0.52 <= found.high)
        plain.append(frechet_distance(x, y))
    assert sum(hits) >= 52, sum(hits)
    assert np.mean(plain) > 0.52 + 2 * np.std(plain) / 60**0.5


def test_extrapolation_is_fixed_by_its_seed_and_refuses_small_sets():
    x, y = normal(300, 5, "x"), normal(350, 5, "y")
    one, two, other = (frechet_extrapolated(x, y, seed=s) for s in (0, 0, 1))
    assert one.intercept == two.intercept != other.intercept
    with pytest.raises(UserError, match="20 rows are too few to extrapolate distances of 10 features"):
        frechet_extrapolated(normal(20, 10, "x"), normal(20, 10, "y"))
    with pytest.raises(UserError, match="fit no line"):
        frechet_extrapolated(x, y, points=2)


# Judges that are trained anew


def bars(n: int, *name: object, upright: bool = True) -> torch.Tensor:
    """Grey images (n, 1, 12, 12) with a bar two pixels wide at a random place, and some noise."""
    rng = philox("test judges", "bars", *name)
    images = rng.random((n, 1, 12, 12)) * 0.3
    for image, at in zip(images, rng.integers(1, 10, n)):
        image[0, :, at : at + 2] += 0.6
    return torch.from_numpy(images if upright else images.swapaxes(2, 3)).float()


def test_one_law_gives_one_half():
    found = [two_sample(bars(150, "a", s), bars(170, "b", s), seed=s, epochs=3) for s in range(3)]
    assert sum(f.accuracy.low < 0.5 < f.accuracy.high for f in found) >= 2
    assert all(f.accuracy.n == 150 and 0.3 < f.auc < 0.7 for f in found)
    assert max(f.p for f in found) > 0.05


def test_two_laws_are_told_apart_also_without_gradients():
    state = torch.random.get_rng_state()
    with torch.no_grad():
        found = two_sample(bars(100, "a"), bars(100, "b", upright=False), epochs=20)
        again = two_sample(bars(100, "a"), bars(100, "b", upright=False), epochs=20)
    assert torch.equal(state, torch.random.get_rng_state()), "the global generator was disturbed"
    assert found == again
    assert found.accuracy.value > 0.95
    assert found.auc > 0.98
    assert found.p < 1e-15


def test_pale_fakes_are_seen_thanks_to_the_white_channel(monkeypatch):
    """Without it the normalisation of the judge hides an image's contrast."""
    real, fake = bars(200, "a"), 0.7 * bars(200, "b")
    assert two_sample(real, fake, epochs=15).accuracy.value > 0.9
    monkeypatch.setattr(judges, "_framed", lambda images: images)
    assert two_sample(real, fake, epochs=15).accuracy.value < 0.75


def test_grey_levels_do_not_give_fakes_away():
    """Real images have 256 levels, fakes all: after rounding nothing is left to see."""
    real, fake = bars(30, "a"), bars(30, "a")
    rounded = (real * 255).round() / 255
    assert torch.equal(judges._part(rounded, torch.zeros(30)).x, judges._part(fake, torch.zeros(30)).x)


def test_p_and_interval_are_those_of_the_binomial(monkeypatch):
    """A judge that knows 60 of 100 answers."""

    def predict(model, x):
        right = torch.arange(100) % 10 < 6
        y = torch.arange(100) >= 50
        return torch.stack([(y != right).float(), (y == right).float()], 1) * 0.5 + 0.25

    monkeypatch.setattr(judges, "_predict", predict)
    monkeypatch.setattr(judges, "_trained", lambda *_: None)
    found = two_sample(bars(100, "a"), bars(100, "b"))
    assert found.accuracy.value == 0.6
    assert found.p == pytest.approx(stats.binom.sf(59, 100, 0.5), rel=1e-9)
    assert found.auc == pytest.approx(0.6, rel=1e-9)
    assert found.accuracy.low < 0.6 < found.accuracy.high


def test_learning_from_fakes():
    """Fakes of the true law teach as much as real images; fakes with exchanged labels teach the opposite."""
    y = torch.arange(120) % 2

    def images(name: str) -> torch.Tensor:
        both = bars(120, name), bars(120, name, "other", upright=False)
        return torch.where(y[:, None, None, None] == 0, *both)

    real, test = images("real"), images("test")
    good = train_on_synthetic(images("fake"), y, test, y, epochs=20, real_train=(real, y))
    assert good.accuracy.value > 0.95
    assert good.ceiling.value > 0.95
    assert good.classes.mean() == pytest.approx(good.accuracy.value)
    bad = train_on_synthetic(images("fake"), 1 - y, test, y, epochs=20)
    assert bad.accuracy.value < 0.05
    assert bad.ceiling is None
    with pytest.raises(UserError, match="60 real images are no ceiling for 120 fakes"):
        train_on_synthetic(images("fake"), y, test, y, real_train=(real[:60], y[:60]))


@pytest.mark.parametrize(
    ("real", "fake", "words"),
    [
        (bars(30), bars(30)[:, :, 1:], "give one size"),
        (bars(30), bars(10), "10 images of each kind"),
        (bars(30), bars(30) * 2 - 1, r"values in \[0, 1\]"),
        (bars(30), bars(30) * torch.nan, r"values in \[0, 1\]"),
    ],
)
def test_the_judge_refuses(real, fake, words):
    with pytest.raises(UserError, match=words):
        two_sample(real, fake)


@pytest.mark.mnist
def test_judges_of_real_digits():
    """500 digits a side from one shuffled set, then with the strokes made thinner; and what 500 digits teach."""
    data = load(DataConfig("mnist"))
    some = data.train.take(torch.from_numpy(philox("test judges", "digits").permutation(60_000)[:1500]))
    x = some.x.float() / 255
    same = two_sample(x[:500], x[500:1000], epochs=4)
    assert same.accuracy.low < 0.5 < same.accuracy.high
    thin = -torch.nn.functional.max_pool2d(-x[500:1000], 2, 1, padding=1)[:, :, 1:, 1:]
    assert two_sample(x[:500], thin, epochs=8).accuracy.value > 0.8
    learnt = train_on_synthetic(x[:500], some.y[:500], x[1000:], some.y[1000:], epochs=8)
    assert learnt.accuracy.value > 0.6


def test_the_jackknife_holds_a_mean_as_often_as_it_says():
    rng = torch.Generator().manual_seed(0)
    found = [jackknife(lambda x: float(x.mean()), torch.randn(100, generator=rng)) for _ in range(1500)]
    held = sum(i.low < 0 < i.high for i in found) / len(found)
    assert 0.935 < held < 0.965  # 0.91 with the normal quantile


def test_the_interval_of_a_distance_does_not_depend_on_labels_that_come_in_turn():
    """Leaving out every tenth sample once left out a whole class: 0.19 came with an interval from -5 to 5."""
    rng = torch.Generator().manual_seed(0)
    centres = 10 * torch.randn(10, 8, generator=rng)
    in_turn = centres[torch.arange(2000) % 10] + torch.randn(2000, 8, generator=rng)
    mixed = centres[torch.randint(10, (2000,), generator=rng)] + torch.randn(2000, 8, generator=rng)
    endless = frechet_extrapolated(mixed, in_turn, points=5).intercept
    assert endless.high - endless.low < 10
    found = jackknife(frechet_distance, mixed, in_turn)
    assert found.low <= found.value <= found.high
    assert found.high - found.low < 4 * (found.value + 1)
    shuffled = jackknife(frechet_distance, mixed, in_turn[torch.randperm(2000, generator=rng)])
    assert found.high - found.low == pytest.approx(shuffled.high - shuffled.low, rel=1.0)
