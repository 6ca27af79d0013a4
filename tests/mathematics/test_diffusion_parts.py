"""Paths, targets, weights and levels against their formulas."""

from itertools import pairwise
from math import inf, isinf, nan

import numpy as np
import pytest
import torch

from simorgh.contracts import UserError
from simorgh.diffusion.denoiser import FromNetwork, clamped, noised
from simorgh.diffusion.exact import Mixture
from simorgh.diffusion.grid import Grid
from simorgh.diffusion.guidance import Guidance
from simorgh.diffusion.levels import Levels
from simorgh.diffusion.path import VE, Cosine, Line, Sigmoid, VPLinear, remaining_signal
from simorgh.diffusion.sampler import Sampler
from simorgh.diffusion.steps import DDIM, PredictorCorrector
from simorgh.diffusion.target import row, solve
from simorgh.diffusion.weight import output_weight
from simorgh.noise import Noise

PATHS = [VPLinear(), VPLinear(400), VPLinear(100, rescale=True), VPLinear(zero_terminal=True), Cosine(), Sigmoid(),
         VE(), VE(0.002, 80), Line()]  # fmt: skip
TARGETS = ("eps", "x0", "v", "score", "velocity", "edm")


@pytest.mark.parametrize("path", PATHS, ids=repr)
def test_time_and_level_are_inverse_and_rise(path):
    t = torch.linspace(0, 1, 501, dtype=torch.float64)
    q = path.q(t)
    assert (q.diff() > 0).all()
    assert q[0] >= 0
    torch.testing.assert_close(path.time(q), t, atol=1e-9, rtol=0)


@pytest.mark.parametrize("path", PATHS, ids=repr)
def test_factors_keep_their_scale_up_to_infinity(path):
    q = torch.tensor([0.01, 1.0, 7.0, *([] if path.scale == "ve" else [inf])], dtype=torch.float64)
    alpha, sigma = path.alpha_sigma(q)
    kept = {"vp": alpha**2 + sigma**2, "line": alpha + sigma, "ve": alpha}[path.scale]
    torch.testing.assert_close(kept, torch.ones_like(q))
    torch.testing.assert_close(sigma / alpha, q)


def test_linear_path_is_the_product_of_its_betas():
    """Amplitudes left at T = 1000, 400 and 100: 0.6 %, 13 % and 60 % (published schedule, betas not rescaled)."""
    beta = np.linspace(1e-4, 0.02, 1000)
    alpha = np.sqrt(np.cumprod(1 - beta))
    t = torch.tensor([1, 250, 1000]) / 1000
    mine, _ = VPLinear().alpha_sigma(VPLinear().q(t))
    np.testing.assert_allclose(mine, alpha[[0, 249, 999]], rtol=1e-6)
    assert [round(remaining_signal(VPLinear(n)), 3) for n in (1000, 400, 100)] == [0.006, 0.132, 0.603]
    assert remaining_signal(VPLinear(100, rescale=True)) < 0.007


def test_zero_terminal_keeps_the_first_step_and_loses_all_in_the_last():
    path = VPLinear(zero_terminal=True)
    assert isinf(path.last)
    assert remaining_signal(path) == 0
    assert path.first == pytest.approx(VPLinear().first, rel=1e-9)


def test_cosine_path_is_equation_17():
    t = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
    alpha, _ = Cosine().alpha_sigma(Cosine().q(t))
    f = lambda t: np.cos((t + 0.008) / 1.008 * np.pi / 2)  # noqa: E731
    np.testing.assert_allclose(alpha, f(t.numpy()) / f(0), rtol=1e-9)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("path", [VPLinear(), Cosine(), VE(), Line()], ids=lambda p: p.kind)
def test_a_row_gives_both_parts_back(path, target):
    rng = torch.Generator().manual_seed(0)
    x0, eps = torch.randn(2, 5, 3, generator=rng, dtype=torch.float64)
    q = path.q(torch.linspace(0.1, 0.9, 5, dtype=torch.float64))
    alpha, sigma = (part[:, None] for part in path.alpha_sigma(q))
    a, b = row(target, alpha, sigma, 0.6)
    found = solve(alpha * x0 + sigma * eps, a * x0 + b * eps, alpha, sigma, a, b)
    torch.testing.assert_close(found.x0, x0)
    torch.testing.assert_close(found.eps, eps)


def test_rows_are_the_published_targets():
    alpha, sigma = torch.tensor(0.8, dtype=torch.float64), torch.tensor(0.6, dtype=torch.float64)
    assert [float(x) for x in row("v", alpha, sigma, 1)] == pytest.approx([-0.6, 0.8])
    # Karras et al.: F = (x0 - c_skip z) / c_out has unit variance where x0 and eps have deviations 0.5 and 1.
    for q in (0.1, 0.5, 3.0):
        a, b = row("edm", torch.tensor(1.0), torch.tensor(q), 0.5)
        assert float(0.25 * a**2 + b**2) == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("weight", ["snr", "min-snr", "edm", "x0"])
def test_a_loss_does_not_depend_on_the_target(weight):
    """The same error of x0 costs the same, whatever the network is asked for."""
    q = torch.tensor([0.2, 1.0, 6.0], dtype=torch.float64)
    alpha, sigma = Cosine().alpha_sigma(q)
    x0, eps, error = torch.randn(3, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x = alpha * x0 + sigma * eps
    wrong = x0 + error, (x - alpha * (x0 + error)) / sigma
    costs = []
    for target in TARGETS:
        a, b = row(target, alpha, sigma, 0.6)
        off = a * wrong[0] + b * wrong[1] - (a * x0 + b * eps)
        costs.append(output_weight(weight, q, alpha, sigma, a, b, 0.6) * off**2)
    for cost in costs[1:]:
        torch.testing.assert_close(cost, costs[0])
    expected = {"snr": q**-2, "min-snr": (q**-2).clamp(max=5), "edm": (q**2 + 0.36) / (0.36 * q**2), "x0": 1 + 0 * q}
    torch.testing.assert_close(costs[0], expected[weight] * error**2)


def test_the_edm_weight_makes_every_level_count_alike():
    q = torch.logspace(-2, 2, 9, dtype=torch.float64)
    one = torch.ones_like(q)
    a, b = row("edm", one, q, 0.5)
    torch.testing.assert_close(output_weight("edm", q, one, q, a, b, 0.5), one)


@pytest.mark.parametrize("kind", ["uniform", "ladder", "logit-normal", "log-normal"])
@pytest.mark.parametrize("stratified", [False, True])
def test_levels_follow_their_law_and_split_with_the_batch(kind, stratified):
    levels, path = Levels(kind, count=10, mean=-0.5, deviation=0.8, stratified=stratified), VE(0.001, 200)
    t, q = levels.draw(path, 4000, Noise(3))
    torch.testing.assert_close(path.q(t), q)
    half = levels.draw(path, 2000, Noise(3).rows(2000, 4000))[0]
    torch.testing.assert_close(half, t[2000:])
    if kind == "uniform":
        assert float(t.mean()) == pytest.approx(0.5, abs=0.02)
    if kind == "ladder":
        assert t.unique().tolist() == pytest.approx([i / 9 for i in range(10)])
    if kind == "log-normal":
        assert float(q.log().mean()) == pytest.approx(-0.5, abs=0.05)
        assert float(q.log().std()) == pytest.approx(0.8, abs=0.05)
    if kind == "logit-normal":
        assert float(t.logit().std()) == pytest.approx(0.8, abs=0.05)


def test_a_level_beyond_the_path_is_not_told_as_another():
    path = VE(0.01, 2.0)
    t, q = Levels("log-normal", deviation=2.0).draw(path, 1000, Noise(3))
    assert float(q.max()) == path.last
    torch.testing.assert_close(path.q(t), q)


def test_a_discrete_path_is_trained_on_its_own_steps():
    t, q = Levels("ladder", count=400).draw(VPLinear(400), 5000, Noise(0))
    assert float(t.min()) == pytest.approx(1 / 400)
    assert float(t.max()) == 1
    assert float(q.min()) == pytest.approx(VPLinear(400).first)


def test_grids_fall_to_zero():
    assert Grid().levels(VPLinear(), 1000)[0] == pytest.approx(VPLinear().last)
    assert len(Grid().levels(VPLinear(), 1000)) == 1001
    karras = Grid("karras", 0.002, 80).levels(VE(0.002, 80), 18)
    i = np.arange(18)
    np.testing.assert_allclose(
        karras[:-1], (80 ** (1 / 7) + i / 17 * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7, rtol=1e-9
    )
    geometric = np.array(Grid().levels(VE(0.01, 16), 10)[:-1])
    np.testing.assert_allclose(geometric[1:] / geometric[:-1], (0.01 / 16) ** (1 / 9), rtol=1e-9)
    with pytest.raises(UserError, match="at least one"):
        Grid().levels(VE(), 0)


@pytest.mark.parametrize("target", ["eps", "x0", "v", "velocity", "edm"])
@pytest.mark.parametrize("path", [VPLinear(), VE(), Line()], ids=lambda p: p.kind)
def test_a_perfect_network_is_the_exact_denoiser(path, target):
    points = torch.randn(6, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    exact = Mixture(points)

    def network(x, t):
        q = path.q(t)
        alpha, sigma = (part[:, None] for part in path.alpha_sigma(q))
        found = exact(x / (alpha**2 + sigma**2).sqrt(), q)
        a, b = row(target, alpha, sigma, 0.5)
        return a * found.x0 + b * found.eps

    q = torch.tensor([0.3, 0.9, 2.0], dtype=torch.float64)
    u = noised(points[:3], torch.ones(3, 2, dtype=torch.float64), q)
    ours, truth = FromNetwork(network, path, target, 0.5)(u, q), exact(u, q)
    torch.testing.assert_close(ours.x0, truth.x0, atol=1e-7, rtol=1e-6)
    torch.testing.assert_close(ours.eps, truth.eps, atol=1e-7, rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Cosine(offset=-1.0), "cosine path"),
        (lambda: Cosine(largest=0.0), "cosine path"),
        (lambda: Sigmoid(temperature=0.0), "sigmoid path"),
        (lambda: Sigmoid(start=3.0), "sigmoid path"),
        (lambda: Grid(rho=0.0), "a grid needs"),
        (lambda: Grid(smallest=0.0), "a grid needs"),
        (lambda: DDIM(eta=3.0), "eta is 3"),
        (lambda: PredictorCorrector(ratio=-1.0), "a corrector needs"),
        (lambda: Guidance(5.0, "cfg++"), "from 0 to 1"),
        (lambda: Guidance(nan), "a scale of 0 or more"),
        (lambda: Guidance(inf), "a scale of 0 or more"),
        (lambda: Levels(deviation=nan), "a deviation above 0"),
        (lambda: Sampler(steps=0), "sampler.steps is 0"),
    ],
)
def test_parts_that_would_give_nonsense_are_refused(make, said):
    with pytest.raises(UserError, match=said):
        make()


@pytest.mark.parametrize("path", [Cosine(), Sigmoid(0.0, 3.0, 0.3)])
def test_no_level_of_a_grid_comes_twice(path):
    """Cosine rests at its end from 1,560 steps on, for its authors took 4,000."""
    levels = Grid().levels(path, 4000)
    assert len(levels) > 3900
    assert all(high > low for high, low in pairwise(levels))


def test_clipping_keeps_u():
    q = torch.tensor([0.5, 2.0], dtype=torch.float64)
    u = torch.tensor([[3.0], [-2.0]], dtype=torch.float64)
    denoise = clamped(FromNetwork(lambda x, t: 5 + 0 * x, VPLinear(), "x0"), -1.0, 1.0)
    found = denoise(u, q)
    assert found.x0.flatten().tolist() == [1, 1]
    torch.testing.assert_close(noised(found.x0, found.eps, q), u)


def test_the_exact_score_is_the_gradient_of_the_density():
    mixture = Mixture(torch.tensor([[0.0, 1.0], [2.0, -1.0]]).double(), torch.tensor([0.3, 0.7]).double(), 0.2)
    z = torch.tensor([[0.4, 0.1], [1.5, -2.0]], dtype=torch.float64, requires_grad=True)
    q = torch.tensor([0.7, 0.7], dtype=torch.float64)
    (gradient,) = torch.autograd.grad(mixture.log_density(z, q).sum(), z)
    torch.testing.assert_close(mixture.score(z, q), gradient)
    eps = mixture((z / (1 + q**2).sqrt()[:, None]).detach(), q).eps
    torch.testing.assert_close(-q[:, None] * gradient, eps)  # score = -eps / q holds for the posterior mean too
    far = mixture(torch.randn(3, 2).double(), torch.full((3,), inf, dtype=torch.float64))
    torch.testing.assert_close(far.x0, torch.tensor([1.4, -0.4]).double().expand(3, 2))
