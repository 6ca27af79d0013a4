"""Divergences against closed forms, torch and SciPy; the primal and the dual of transport against each other."""

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import jensenshannon

from simorgh.contracts import UserError
from simorgh.metrics.divergences import (
    assignment,
    js,
    kl,
    kl_gaussians,
    lipschitz_dual,
    quadrature,
    transport,
    w1_cdf,
    w1_quantiles,
)
from simorgh.noise import philox


def normal_pair(gap: float, sigma: float, tau: float | None = None):
    """Nodes, weights and the two log-densities of N(gap, sigma^2) and N(0, tau^2)."""
    tau = tau or sigma
    edges = np.union1d(np.linspace(gap - 12 * sigma, gap + 12 * sigma, 49), np.linspace(-12 * tau, 12 * tau, 49))
    x, w = quadrature(edges)
    return x, w, stats.norm.logpdf(x, gap, sigma), stats.norm.logpdf(x, 0, tau)


def test_quadrature_is_exact_for_polynomials():
    x, w = quadrature([-1.0, 0.3, 2.0], order=4)
    assert w @ x**7 == pytest.approx((2**8 - 1) / 8, rel=1e-13)
    assert len(x) == len(w) == 8


@pytest.mark.parametrize(
    ("gap", "sigma", "tau"), [(0.0, 1.0, 1.0), (1.3, 0.2, 0.2), (-0.7, 0.5, 2.0), (1.0, 0.01, 0.01)]
)
def test_kl_of_gaussians_equals_torch_and_the_integral(gap, sigma, tau):
    pair = torch.tensor([[gap, sigma], [0.0, tau]], dtype=torch.float64)
    first, second = (torch.distributions.Normal(*part) for part in pair)
    expected = float(torch.distributions.kl_divergence(first, second))
    assert kl_gaussians(gap, 0.0, sigma, tau) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    _, w, log_p, log_q = normal_pair(gap, sigma, tau)
    assert kl(log_p, log_q, w) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_kl_of_equal_widths_is_the_formula_of_the_question():
    assert kl_gaussians(1.7, 0.2, 0.3, 0.3) == pytest.approx(1.5**2 / (2 * 0.3**2), rel=1e-12)


def test_discrete_divergences_equal_scipy():
    p, q = philox("masses").dirichlet(np.ones(7), size=2)
    assert kl(np.log(p), np.log(q)) == pytest.approx(stats.entropy(p, q), rel=1e-12)
    assert js(np.log(p), np.log(q)) == pytest.approx(jensenshannon(p, q) ** 2, rel=1e-12)


def test_disjoint_supports():
    with np.errstate(divide="ignore"):
        p, q = np.log([0.5, 0.5, 0.0]), np.log([0.0, 0.0, 1.0])
    assert kl(p, q) == np.inf
    assert js(p, q) == pytest.approx(np.log(2), abs=1e-15)
    assert kl(p, p) == js(p, p) == 0


@pytest.mark.parametrize("gap", [0.1, 1.0, 3.0, 40.0])
def test_js_of_gaussians_equals_its_one_dimensional_form(gap):
    """JS = log 2 - E log(1 + exp(-(u^2 / 2 + u z))), z standard normal, u the gap in widths."""
    z, v = np.polynomial.hermite_e.hermegauss(180)
    expected = np.log(2) - (v / v.sum()) @ np.logaddexp(0, -(gap**2 / 2 + gap * z))
    for sigma in (1.0, 0.01):
        _, w, log_p, log_q = normal_pair(gap * sigma, sigma)
        assert js(log_p, log_q, w) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("sigma", [1.0, 0.1, 0.001])
def test_w1_of_gaussians_is_the_distance_of_the_means(sigma):
    x, w, _, _ = normal_pair(0.8, sigma)
    assert w1_cdf(stats.norm.cdf(x, 0.8, sigma), stats.norm.cdf(x, 0, sigma), w) == pytest.approx(0.8, rel=1e-9)
    level = (np.arange(999) + 0.5) / 999
    p, q = stats.norm.ppf(level, 0.8, sigma), stats.norm.ppf(level, 0, sigma)
    assert w1_quantiles(p, q[::-1]) == pytest.approx(0.8, rel=1e-12)


def test_w1_of_unequal_widths():
    """The quantiles differ by 0.7 z alone, so W1 = 0.7 E|z| = 0.7 sqrt(2 / pi)."""
    edges = np.linspace(-15, 15, 61)
    x, w = quadrature(edges)
    found = w1_cdf(stats.norm.cdf(x, 0, 1.2), stats.norm.cdf(x, 0, 0.5), w)
    assert found == pytest.approx(0.7 * np.sqrt(2 / np.pi), rel=1e-9)


def test_samples_transport_and_dual_agree_with_scipy():
    rng = philox("places")
    place, p, q = np.sort(rng.random(9)), *rng.dirichlet(np.ones(9), size=2)
    distance = np.abs(place[:, None] - place)
    expected = stats.wasserstein_distance(place, place, p, q)
    moved, dual = transport(distance, p, q), lipschitz_dual(distance, p, q)
    assert moved.value == pytest.approx(expected, rel=1e-9)
    assert dual.value == pytest.approx(expected, rel=1e-9)
    assert moved.plan.sum(1) == pytest.approx(p)
    assert moved.plan.sum(0) == pytest.approx(q)
    f = dual.function
    assert (np.abs(f[:, None] - f) <= distance + 1e-9).all()
    carried = moved.plan > 1e-12
    assert (f[:, None] - f)[carried] == pytest.approx(distance[carried], abs=1e-9)  # complementary slackness
    x, y = rng.random(30), rng.random(30)
    assert w1_quantiles(x, y) == pytest.approx(stats.wasserstein_distance(x, y), rel=1e-12)


def test_transport_of_equal_masses_is_an_assignment():
    x, y = philox("clouds").standard_normal((2, 12, 2))
    cost = ((x[:, None] - y) ** 2).sum(-1)
    rows, columns = linear_sum_assignment(cost)
    found = transport(cost, np.full(12, 1 / 12), np.full(12, 1 / 12))
    assert found.value == pytest.approx(cost[rows, columns].mean(), rel=1e-9)


def test_transport_takes_unlike_numbers_of_places():
    assert transport([[1.0], [3.0]], [0.25, 0.75], [1.0]).value == pytest.approx(2.5)


def test_assignment_is_the_transport_of_equal_masses():
    x, y = philox("assignment").standard_normal((2, 9, 3))
    masses = np.full(9, 1 / 9)
    found = assignment(x, y)
    cost = ((x[:, None] - y) ** 2).sum(-1)
    assert found.value == pytest.approx(transport(cost, masses, masses).value, rel=1e-9)
    assert sorted(found.partner) == list(range(9))
    assert cost[np.arange(9), found.partner].mean() == pytest.approx(found.value, rel=1e-12)


def test_assignment_finds_a_shifted_and_shuffled_set_again():
    r = philox("shuffled")
    x, order = r.standard_normal((20, 2)), r.permutation(20)
    found = assignment(x, x[order] + [3.0, -4.0])
    assert found.value == pytest.approx(25, rel=1e-12)  # W2 of a shift is its length
    assert (order[found.partner] == np.arange(20)).all()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: quadrature([1.0]),
        lambda: quadrature([1.0, 0.0]),
        lambda: kl_gaussians(0, 0, 1, 0),
        lambda: kl([0.0], [0.0, 0.0]),
        lambda: js([[0.0]], [[0.0]]),
        lambda: w1_cdf([0.0], [0.0], [1.0, 1.0]),
        lambda: w1_quantiles([1.0], [1.0, 2.0]),
        lambda: assignment(np.zeros((3, 2)), np.zeros((4, 2))),
        lambda: assignment(np.zeros(3), np.zeros(3)),
        lambda: transport(np.zeros((2, 2)), [1.0, 0.0], [0.5, 0.6]),
        lambda: transport(np.zeros((2, 2)), [1.5, -0.5], [0.5, 0.5]),
        lambda: transport(np.zeros((2, 3)), [1.0, 0.0], [0.5, 0.5]),
        lambda: lipschitz_dual([[0.0, 1.0], [2.0, 0.0]], [1.0, 0.0], [0.5, 0.5]),
        lambda: lipschitz_dual(np.zeros((2, 1)), [0.5, 0.5], [1.0]),
    ],
)
def test_wrong_input_is_named(wrong):
    with pytest.raises(UserError):
        wrong()
