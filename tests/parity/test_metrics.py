"""Metrics against independent implementations and closed forms."""

import numpy as np
import pytest
import torch
from prdc import compute_prdc
from scipy import stats
from scipy.linalg import sqrtm
from torchmetrics.image.kid import poly_mmd

from simorgh.contracts import UserError
from simorgh.metrics.frechet import frechet_distance, frechet_from_moments
from simorgh.metrics.intervals import jackknife, mean_interval, paired_difference
from simorgh.metrics.kid import kernel_distance, kid
from simorgh.metrics.leakage import leakage
from simorgh.metrics.prdc import prdc
from simorgh.noise import philox


def gaussian(n: int, d: int, name: str, scale: float = 1.0, shift: float = 0.0) -> np.ndarray:
    rng = philox("test metrics", name)
    mixing = rng.standard_normal((d, d)) / d**0.5 + np.eye(d)
    return scale * rng.standard_normal((n, d)) @ mixing + shift


def moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x.mean(0), np.cov(x, rowvar=False)


def frechet_by_scipy(x: np.ndarray, y: np.ndarray) -> float:
    (mean_x, cov_x), (mean_y, cov_y) = moments(x), moments(y)
    root = sqrtm(cov_x @ cov_y)
    return float(((mean_x - mean_y) ** 2).sum() + np.trace(cov_x + cov_y - 2 * np.real(root)))


@pytest.mark.parametrize("d", [64, 512])
def test_frechet_equals_scipy(d):
    x, y = gaussian(3 * d, d, "x"), gaussian(2 * d + 7, d, "y", scale=1.3, shift=0.2)
    expected = frechet_by_scipy(x, y)
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-9)
    assert frechet_from_moments(*moments(x), *moments(y)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("n", "m"), [(30, 45), (30, 400), (400, 30)])
def test_frechet_with_fewer_samples_than_features(n, m):
    """Both sets live in a 20-dimensional subspace, where the covariances have full rank and SciPy's formula holds."""
    low_x, low_y = gaussian(n, 20, "x"), gaussian(m, 20, "y", scale=0.5, shift=1.0)
    basis = np.linalg.qr(philox("basis").standard_normal((100, 20)))[0]
    expected = frechet_by_scipy(low_x, low_y)
    assert frechet_distance(low_x @ basis.T, low_y @ basis.T) == pytest.approx(expected, rel=1e-9)


def test_frechet_of_full_rank_samples_fewer_than_features():
    """With n < d the non-zero eigenvalues of Sx Sy are those of the small matrix (Yc Xc^T)(Xc Yc^T)."""
    x, y = gaussian(25, 80, "x"), gaussian(60, 80, "y", shift=0.3)
    xc, yc = ((part - part.mean(0)) / (len(part) - 1) ** 0.5 for part in (x, y))
    gram = xc @ yc.T
    root = np.sqrt(np.linalg.eigvalsh(gram @ gram.T).clip(0)).sum()
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + (xc**2).sum() + (yc**2).sum() - 2 * root
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-7)  # one zero eigenvalue e shows as sqrt(e)
    assert frechet_from_moments(*moments(x), *moments(y)) == pytest.approx(expected, rel=1e-6)


def test_frechet_of_two_lines():
    """n = m = 2: each covariance is a a^T with a the half difference times sqrt 2; tr (..)^(1/2) = |a . b|."""
    x, y = np.array([[1.0, 0, 0, 0], [-1, 0, 0, 0]]), np.array([[3.0, 4, 0, 0], [-3, -4, 0, 0]])
    assert frechet_distance(x, y) == pytest.approx(2 + 50 - 2 * 2 * 3, rel=1e-12)


def test_frechet_closed_forms():
    x = gaussian(300, 30, "x")
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-10)
    assert frechet_distance(x, x + 0.5) == pytest.approx(30 * 0.25, rel=1e-10)
    assert frechet_distance(x, 3 * (x - x.mean(0)) + x.mean(0)) == pytest.approx(
        4 * np.trace(np.cov(x, rowvar=False)), rel=1e-10
    )
    a, b = np.array([1.0, 4, 9, 0]), np.array([4.0, 4, 1, 2])  # one variance is zero: no Cholesky factor
    value = frechet_from_moments(np.zeros(4), np.diag(a), np.ones(4), np.diag(b))
    assert value == pytest.approx(4 + ((a**0.5 - b**0.5) ** 2).sum(), rel=1e-12)


def test_frechet_with_dead_and_repeated_features():
    x, y = gaussian(300, 20, "x"), gaussian(400, 20, "y", scale=1.5)
    expected = frechet_distance(x, y)
    dead = [np.hstack([part, np.zeros((len(part), 5))]) for part in (x, y)]
    assert frechet_distance(*dead) == pytest.approx(expected, rel=1e-10)
    twice = [np.hstack([part, part]) for part in (x, y)]
    assert frechet_distance(*twice) == pytest.approx(2 * expected, rel=1e-10)


def test_frechet_is_symmetric_and_exact_for_large_means():
    x, y = gaussian(200, 16, "x"), gaussian(150, 16, "y", shift=0.1)
    assert frechet_distance(y, x) == pytest.approx(frechet_distance(x, y), rel=1e-10)
    assert frechet_distance(x + 1e4, y + 1e4) == pytest.approx(frechet_distance(x, y), rel=1e-7)


@pytest.mark.parametrize("bad", [np.zeros((1, 4)), np.zeros(4), np.full((5, 4), np.nan), np.zeros((5, 3))])
def test_bad_features_end_in_a_sentence(bad):
    with pytest.raises(UserError):
        frechet_distance(gaussian(10, 4, "x"), bad)


def test_kernel_distance_equals_torchmetrics():
    x, y = gaussian(150, 32, "x"), gaussian(150, 32, "y", shift=0.3)
    expected = float(poly_mmd(torch.from_numpy(x), torch.from_numpy(y)))
    assert kernel_distance(x, y, chunk=40).value == pytest.approx(expected, rel=1e-9)
    whole = kid(x, y, subsets=2, size=150)
    assert whole.value == pytest.approx(expected, rel=1e-6)
    assert whole.spread == pytest.approx(0, abs=1e-12)


def test_kid_equals_torchmetrics_on_the_same_subsets():
    x, y = gaussian(300, 16, "x"), gaussian(200, 16, "y", shift=0.2)
    values = []
    for i in range(5):
        rng = philox(7, "kid", i)
        rows = rng.choice(300, 50, replace=False), rng.choice(200, 50, replace=False)
        values.append(float(poly_mmd(torch.from_numpy(x[rows[0]]), torch.from_numpy(y[rows[1]]))))
    value, spread = kid(x, y, subsets=5, size=50, seed=7)
    assert value == pytest.approx(np.mean(values), rel=1e-6)
    assert spread == pytest.approx(np.std(values, ddof=1), rel=1e-6)


def test_kernel_distance_is_unbiased_and_its_error_is_honest():
    rng = philox("kernel")
    null = [kernel_distance(rng.standard_normal((20, 3)), rng.standard_normal((30, 3))).value for _ in range(400)]
    assert abs(np.mean(null)) < 4 * np.std(null) / 20
    assert min(null) < 0
    shifted = [kernel_distance(rng.standard_normal((60, 3)), rng.standard_normal((60, 3)) + 0.7) for _ in range(300)]
    values, errors = zip(*shifted)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.2)


@pytest.mark.parametrize("chunk", [1000, 37])
def test_prdc_equals_prdc(chunk):
    real, fake = gaussian(200, 8, "real"), gaussian(260, 8, "fake", scale=0.8, shift=0.2)
    three, five = compute_prdc(real, fake, nearest_k=3), compute_prdc(real, fake, nearest_k=5)
    ours = prdc(real, fake, chunk=chunk)
    expected = three["precision"], three["recall"], five["density"], five["coverage"]
    np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_prdc_knows_which_way_round():
    """A generator that collapsed on a small part of the data is precise and covers little; a wild one the reverse."""
    rng = philox("direction")
    real = rng.standard_normal((500, 4))
    collapsed = prdc(real, 0.1 * rng.standard_normal((500, 4)))
    assert collapsed.precision > 0.9
    assert collapsed.recall < 0.1
    assert collapsed.density > 1.1
    assert collapsed.coverage < 0.3
    wild = prdc(real, 5 * rng.standard_normal((500, 4)))
    assert wild.precision < 0.3
    assert wild.recall > 0.9


def test_prdc_of_a_few_images_repeated():
    """Balls of radius zero hold nothing, not even their own centre, however far from the origin."""
    real = gaussian(300, 64, "real") + 100
    ours = prdc(real, np.repeat(real[:30], 8, axis=0), chunk=7)
    assert ours.precision == 1
    assert ours.recall == 0
    gaps = np.linalg.norm(real[:, None] - real[None], axis=2)
    assert ours.coverage == pytest.approx((gaps[:, :30].min(1) < np.sort(gaps, axis=1)[:, 5]).mean())


def test_leakage_floor_and_ceiling():
    rng = philox("leakage")
    labels = np.repeat(np.arange(4), (100, 80, 60, 60))
    nothing = leakage(rng.standard_normal((300, 3)), labels)
    assert nothing.chance == pytest.approx(1 / 3)
    assert nothing.logistic.value < 0.42
    assert nothing.neighbours.value < 0.42
    angle = labels * np.pi / 2
    everything = leakage(np.stack([np.cos(angle), np.sin(angle)], 1) + 0.05 * rng.standard_normal((300, 2)), labels)
    assert everything.logistic.value == pytest.approx(1, abs=0.01)
    assert everything.neighbours.value == pytest.approx(1, abs=0.01)
    ring = rng.standard_normal((300, 2)) * (0.05 + (labels[:, None] > 1))  # only the neighbours read a radius
    read = leakage(ring, labels > 1)
    assert read.neighbours.value > read.logistic.value + 0.2
    with pytest.raises(UserError, match="folds"):
        leakage(ring, np.zeros(300))


def test_intervals_equal_scipy():
    x, y = philox("i").normal(2, 3, size=12), philox("j").normal(1, 3, size=12)
    ours = mean_interval(x)
    expected = stats.ttest_1samp(x, 0).confidence_interval(0.95)
    np.testing.assert_allclose(ours, (x.mean(), expected.low, expected.high, 12))
    paired = stats.ttest_rel(x, y).confidence_interval(0.9)
    np.testing.assert_allclose(paired_difference(x, y, 0.9)[1:3], (paired.low, paired.high))
    assert mean_interval(torch.from_numpy(x), kind="normal") == ours, "twelve values are few"
    many = philox("k").normal(2, 3, size=400)
    normal = mean_interval(torch.from_numpy(many), kind="normal")
    assert normal.high - normal.value == pytest.approx(1.959964 * many.std(ddof=1) / 20, rel=1e-6)
    with pytest.raises(UserError):
        mean_interval([1.0])


def test_jackknife_of_a_mean_has_the_classical_standard_error():
    """With a group for each row; rows of two sets are left out together, as pairs are."""
    rng = torch.Generator().manual_seed(3)
    a, b = (torch.randn(40, 1, generator=rng, dtype=torch.float64) * s for s in (1.0, 3.0))
    found = jackknife(lambda x: float(x.mean()), a, groups=40)
    exact = mean_interval(a[:, 0])
    np.testing.assert_allclose(found[:3], exact[:3], rtol=1e-9)
    both = jackknife(lambda x, y: float(x.mean() - y.mean()), a, b, groups=40)
    np.testing.assert_allclose(both[:3], paired_difference(a[:, 0], b[:, 0])[:3], rtol=1e-9)
    with pytest.raises(UserError, match="40 rows"):
        jackknife(lambda x: 0.0, a[:39], groups=40)
