"""Likelihoods of images against torch's losses and distributions, quadrature, and finite differences."""

from math import log, pi

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch import Tensor
from torch.distributions import ContinuousBernoulli as TorchContinuousBernoulli
from torch.nn.functional import binary_cross_entropy_with_logits

from simorgh.contracts import UserError
from simorgh.nn.likelihood import (
    LIKELIHOODS,
    Bernoulli,
    ContinuousBernoulli,
    Gaussian,
    continuous_bernoulli_log_normaliser,
    make_likelihood,
)
from simorgh.noise import Noise, SampleNoise, philox

LOGITS = (-30.0, -3.0, -0.0501, -0.0499, -1e-4, 0.0, 1e-9, 0.0499, 0.0501, 3.0, 30.0)


def images(*lead: int, scale: float = 3.0) -> tuple[Tensor, Tensor]:
    """x (4, 1, 3, 2) in [0, 1] and eta (*lead, 4, 1, 3, 2), float64."""
    rng = philox("test likelihood", lead)
    return torch.from_numpy(rng.random((4, 1, 3, 2))), torch.from_numpy(
        scale * rng.standard_normal((*lead, 4, 1, 3, 2))
    )


def test_bernoulli_is_minus_the_cross_entropy():
    x, eta = images(5, scale=15)  # beyond 20, where torch's softplus drops e^-eta
    bce = binary_cross_entropy_with_logits(eta, x.expand_as(eta), reduction="none").sum((-3, -2, -1))
    assert eta.abs().max() > 30
    torch.testing.assert_close(Bernoulli().log_prob(x, eta), -bce, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", LIKELIHOODS)
@pytest.mark.parametrize("lead", [(), (3,), (2, 3)], ids=str)
def test_gradients_are_those_of_finite_differences(name: str, lead: tuple[int, ...]):
    x, eta = images(*lead)
    likelihood = make_likelihood(name).double()
    assert likelihood.log_prob(x, eta).shape == (*lead, 4)
    assert torch.autograd.gradcheck(likelihood.log_prob, (x.requires_grad_(), eta.requires_grad_()))


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_leading_axes_are_so_many_calls(name: str):
    x, eta = images(3)
    likelihood = make_likelihood(name).double()
    one_by_one = torch.stack([likelihood.log_prob(x, part) for part in eta])
    torch.testing.assert_close(likelihood.log_prob(x, eta), one_by_one, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_second_derivatives_are_those_of_finite_differences(name: str):
    x, eta = images(2)
    likelihood = make_likelihood(name).double()
    assert torch.autograd.gradgradcheck(likelihood.log_prob, (x.requires_grad_(), eta.requires_grad_()))


@pytest.mark.parametrize("value", LOGITS)
def test_continuous_bernoulli_integrates_to_one_and_has_its_mean(value: float):
    eta = torch.full((1, 1), value, dtype=torch.float64)
    grid, weights = (torch.from_numpy(a) for a in np.polynomial.legendre.leggauss(60))
    x, weights = (grid[:, None] + 1) / 2, weights / 2
    density = ContinuousBernoulli().log_prob(x, eta.expand(60, 1)).exp()
    assert float(weights @ density) == pytest.approx(1, abs=1e-12)
    assert float(weights @ (density * x[:, 0])) == pytest.approx(float(ContinuousBernoulli().mean(eta)), abs=1e-12)


@pytest.mark.parametrize("value", LOGITS)
def test_log_normaliser_is_that_of_quadrature_and_its_slope_exact(value: float):
    area, _ = integrate.quad(lambda x: np.exp(x * value - np.logaddexp(0, value)), 0, 1, epsabs=1e-13, epsrel=1e-13)
    eta = torch.tensor(value, dtype=torch.float64, requires_grad=True)
    log_normaliser = continuous_bernoulli_log_normaliser(eta)
    assert float(log_normaliser.detach()) == pytest.approx(-log(area), abs=1e-12)
    (slope,) = torch.autograd.grad(log_normaliser, eta)
    # d log C / d eta = sigmoid(eta) - E[x], for the score x - E[x] has mean zero
    assert float(slope) == pytest.approx(float((eta.sigmoid() - ContinuousBernoulli().mean(eta)).detach()), abs=1e-12)


def test_continuous_bernoulli_equals_torch_distributions():
    x, eta = images(scale=2)
    theirs = TorchContinuousBernoulli(logits=eta)
    ours = ContinuousBernoulli()
    # theirs goes over to its own series within 0.001 of 1/2, where it is exact to about 1e-6 only
    torch.testing.assert_close(ours.log_prob(x, eta), theirs.log_prob(x).flatten(1).sum(1), rtol=0, atol=1e-6)
    torch.testing.assert_close(ours.mean(eta), theirs.mean, rtol=0, atol=1e-6)


@pytest.mark.parametrize("value", [-30.0, -2.0, -1e-3, 0.0, 1e-3, 2.0, 30.0])
def test_continuous_bernoulli_draws_have_its_distribution(value: float):
    eta = torch.full((200, 100), value)
    x = ContinuousBernoulli().sample(eta, Noise(0))
    assert x.isfinite().all()
    assert x.min() >= 0
    assert x.max() <= 1
    cdf = (lambda t: np.expm1(t * value) / np.expm1(value)) if value else (lambda t: t)
    assert stats.kstest(x.flatten().double().numpy(), cdf).pvalue > 1e-3


def test_float32_stays_near_float64():
    eta = torch.linspace(-30, 30, 60_001, dtype=torch.float64)
    narrow = continuous_bernoulli_log_normaliser(eta.float()).double()
    torch.testing.assert_close(narrow, continuous_bernoulli_log_normaliser(eta), rtol=1e-6, atol=2e-6)


def test_slope_of_the_normaliser_is_smooth_in_float32():
    eta = torch.linspace(-0.2, 0.2, 2001, requires_grad=True)
    (slope,) = torch.autograd.grad(continuous_bernoulli_log_normaliser(eta).sum(), eta)
    torch.testing.assert_close(slope, eta.detach() / 6, atol=2e-4, rtol=0.05)


@pytest.mark.parametrize("learned", [False, True])
def test_gaussian_is_that_of_torch_distributions(learned: bool):
    x, eta = images(3)
    ours = Gaussian(sigma=0.25, learned=learned).double()
    theirs = torch.distributions.Normal(eta.sigmoid(), 0.25).log_prob(x).flatten(2).sum(2)
    torch.testing.assert_close(ours.log_prob(x, eta), theirs, rtol=0, atol=1e-5 if learned else 1e-11)
    assert len(list(ours.parameters())) == learned


def test_plain_sum_of_squares_means_half_a_variance():
    x, eta = images()
    squares = (x - eta.sigmoid()).square().flatten(1).sum(1)
    ours = Gaussian(sigma=0.5**0.5).log_prob(x, eta)
    torch.testing.assert_close(ours, -squares - 3 * log(pi), rtol=0, atol=1e-12)


def test_learned_sigma_is_the_root_mean_square_error():
    x, eta = images()
    ours = Gaussian(learned=True).double()
    optimiser = torch.optim.LBFGS(
        ours.parameters(), max_iter=100, tolerance_grad=1e-12, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = -ours.log_prob(x, eta).mean()
        value.backward()
        return value

    optimiser.step(loss)
    rms = (x - eta.sigmoid()).square().mean().sqrt()
    assert float(ours.log_sigma.detach().exp()) == pytest.approx(float(rms), rel=1e-6)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_draws_have_the_mean_they_promise_and_one_seed_each(name: str):
    likelihood = make_likelihood(name)
    eta = torch.tensor([-4.0, -0.5, 0.0, 0.02, 1.5, 8.0]).expand(20_000, 6)
    draws = likelihood.sample(eta, Noise(1))
    assert draws.dtype == eta.dtype
    error = draws.mean(0) - likelihood.mean(eta[0])
    assert (error.abs() < 4.5 * draws.std(0) / 20_000**0.5 + 1e-6).all()
    few = likelihood.sample(eta[:5], SampleNoise(7, 5))
    torch.testing.assert_close(few[3:4], likelihood.sample(eta[:1], SampleNoise(7, 1, first=3)), rtol=0, atol=0)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_mean_lies_in_range_even_for_extreme_logits(name: str):
    eta = torch.tensor([-1e4, -300.0, -89.0, 0.0, 89.0, 300.0, 1e4])
    mean = make_likelihood(name).mean(eta)
    assert mean.isfinite().all()
    assert ((mean >= 0) & (mean <= 1)).all()
    assert (mean.diff() >= 0).all()


def test_wrong_settings_are_told():
    with pytest.raises(UserError, match="did you mean bernoulli"):
        make_likelihood("bernouli")
    with pytest.raises(UserError, match="sigma"):
        Gaussian(sigma=0.0)
