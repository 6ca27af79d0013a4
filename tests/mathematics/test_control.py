"""Diagnostics of a controller on traces made by hand, and the bound of the information on the KL."""

from math import ceil, exp, log, pi, sqrt

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.signal import lfilter

from simorgh.contracts import UserError
from simorgh.metrics.control import control, forced_mismatch, reachability
from simorgh.metrics.intervals import mean_interval
from simorgh.noise import philox


def step_at(start: int, steps: int = 2000, low: float = 0.0, high: float = 14.0) -> np.ndarray:
    return np.where(np.arange(steps) < start, low, high)


def test_settling_of_an_exponential_approach():
    trace = 14 * (1 - np.exp(-np.arange(2000) / 100))
    for band in (0.02, 0.05, 0.2):
        assert control(trace, 14, band=band, window=1).settled == ceil(100 * log(1 / band))


def test_settling_waits_for_the_trailing_mean():
    """From step 500 on all values are 14; 95 of 100 of them bring the mean into the band of 5 %."""
    assert control(step_at(500), 14, window=100).settled == 500 + 94
    assert control(step_at(500), 14, window=1).settled == 500
    assert control(torch.full((2000,), 14.0), 14, window=1).settled == 0


def test_settling_counts_from_the_last_time_outside():
    trace = step_at(300)
    trace[1200:1210] = 20
    assert control(trace, 14, window=1).settled == 1210
    trace[1990] = 20
    assert control(trace, 14, window=1).settled is None
    assert control(step_at(300, high=13), 14, window=1).settled is None


def test_one_noisy_step_is_not_a_departure():
    trace = step_at(300)
    trace[1200] = 20
    assert control(trace, 14, window=100).settled == 394


def test_overshoot_is_seen_from_the_start():
    trace = step_at(300)
    trace[400:600] = 17.5
    assert control(trace, 14).overshoot == pytest.approx(3.5)
    assert control(trace, 14, window=400).overshoot == pytest.approx(3.5 * 200 / 400)
    assert control(28 - trace, 14).overshoot == pytest.approx(3.5)
    assert control(step_at(300, high=13.9), 14).overshoot == 0
    assert control(step_at(300, low=28, high=14.1), 14).overshoot == 0


def test_steady_error_is_that_of_the_last_tenth_only():
    trace = np.concatenate([np.full(360, 99.0), np.tile([15.0, 16.0], 20)])
    error = control(trace, 14).error
    assert error == pytest.approx((1.5, 1.5, 1.5, 40))
    trace[-40:] = np.repeat(np.arange(20.0), 2)
    expected = mean_interval(np.arange(20.0) - 14)
    assert control(trace, 14).error[:3] == pytest.approx(expected[:3])


def test_interval_of_the_error_covers_under_autocorrelation():
    """An AR(1) trace about the set point; an interval that takes steps for independent is far too narrow."""
    rng = philox("control")
    covered = naive = 0
    for _ in range(400):
        trace = 14 + lfilter([1], [1, -0.9], rng.standard_normal(20_000))
        error = control(trace, 14).error
        plain = mean_interval(trace[-2000:] - 14, kind="normal")
        covered += error.low < 0 < error.high
        naive += plain.low < 0 < plain.high
    assert 0.90 < covered / 400 < 0.985
    assert naive / 400 < 0.6


def test_protocol_names_its_choices():
    protocol = control(step_at(3), 14, band=0.02, window=50).protocol
    for word in ("50 steps", "2%", "14 nats", "10%", "20 batch means", "2,000"):
        assert word in protocol


@pytest.mark.parametrize(
    ("trace", "point", "options"),
    [
        (np.ones(399), 14, {}),
        (np.ones((500, 2)), 14, {}),
        (np.full(500, np.nan), 14, {}),
        (np.ones(500), 0, {}),
        (np.ones(500), 14, {"band": 0}),
        (np.ones(500), 14, {"window": 501}),
    ],
)
def test_refuses_what_is_no_trace(trace, point, options):
    with pytest.raises(UserError):
        control(trace, point, **options)


def test_reachability():
    assert "can be reached" in reachability(14, 25.4)
    assert "cannot be reached" in reachability(26, 25.4)
    assert "beta 0.5" in reachability(14, 25.4, beta_min=0.5)
    with pytest.raises(UserError):
        reachability(14, float("nan"))


def test_mismatch_of_the_two_set_points():
    assert forced_mismatch(14, 18_432) == pytest.approx(4.178, abs=5e-4)
    assert forced_mismatch(8, 18_432) == 0
    with pytest.raises(UserError):
        forced_mismatch(8, 0)


@pytest.mark.parametrize(("means", "deviation"), [((-3, -1, 1, 3), 0.01), ((-3, -1, 1, 3), 0.5), ((0, 0, 1, 1), 0.1)])
def test_mean_kl_is_information_plus_mismatch(means, deviation):
    """Four one-dimensional Gaussian posteriors; both parts by quadrature, their sum from the closed form."""
    n = len(means)

    def normal(z, mean, scale):
        return exp(-((z - mean) ** 2) / (2 * scale**2)) / (scale * sqrt(2 * pi))

    def whole(z):
        return sum(normal(z, m, deviation) for m in means) / n

    def integral(f):
        points = sorted({m + k * deviation for m in means for k in (-8, -4, 0, 4, 8)})
        return sum(quad(f, a, b, epsabs=1e-11)[0] for a, b in zip(points, points[1:]))

    def plog(p, q):
        return p * log(p / q) if p > 0 else 0.0

    information = sum(integral(lambda z, m=m: plog(normal(z, m, deviation), whole(z))) for m in means) / n
    mismatch = integral(lambda z: plog(whole(z), normal(z, 0, 1)))
    kl = sum((deviation**2 + m**2 - 1) / 2 - log(deviation) for m in means) / n
    assert information + mismatch == pytest.approx(kl, rel=1e-6)
    assert forced_mismatch(kl, n) <= mismatch + 1e-9
    if len(set(means)) == n and deviation < 0.1:
        assert forced_mismatch(kl, n) == pytest.approx(mismatch, rel=1e-6)
