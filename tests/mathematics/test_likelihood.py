"""Likelihoods against closed forms, numerical integrals and float64 gradients."""

from math import log, pi

import pytest
import torch
from scipy import integrate

from simorgh.contracts import Noise, UserError
from simorgh.nn.likelihood import (
    LIKELIHOODS, Bernoulli, ContinuousBernoulli, Gaussian, continuous_bernoulli_log_normaliser, make_likelihood,
)  # fmt: skip

ETAS = (-30.0, -5.0, -0.051, -0.049, -1e-4, 0.0, 1e-4, 0.049, 0.051, 2.0, 30.0)


@pytest.fixture(name="pair")
def _pair() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(3, 1, 2, 2, generator=generator, dtype=torch.float64)
    return x, 3 * torch.randn(4, 3, 1, 2, 2, generator=generator, dtype=torch.float64)


def test_bernoulli_is_minus_the_cross_entropy(pair):
    x, eta = pair
    bce = torch.nn.functional.binary_cross_entropy_with_logits(eta, x.expand_as(eta), reduction="none")
    torch.testing.assert_close(Bernoulli().log_prob(x, eta), -bce.flatten(2).sum(2), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_gradients(name, pair):
    x, eta = pair
    likelihood = make_likelihood(name).double()
    assert torch.autograd.gradcheck(lambda e: likelihood.log_prob(x, e), eta.requires_grad_())


def test_bernoulli_refuses_a_second_derivative(pair):
    x, eta = pair
    eta.requires_grad_()
    (grad,) = torch.autograd.grad(Bernoulli().log_prob(x, eta).sum(), eta, create_graph=True)
    with pytest.raises(RuntimeError):
        torch.autograd.grad(grad.sum(), eta)


@pytest.mark.parametrize("eta", ETAS)
def test_continuous_bernoulli_is_a_density_with_its_mean(eta):
    point = torch.full((1, 1), eta, dtype=torch.float64)

    def density(x: float) -> float:
        return float(ContinuousBernoulli().log_prob(torch.full_like(point, x), point).exp())

    total = integrate.quad(density, 0, 1, epsabs=1e-12, limit=200)[0]
    mean = integrate.quad(lambda x: x * density(x), 0, 1, epsabs=1e-12, limit=200)[0]
    assert total == pytest.approx(1, abs=1e-8)
    assert float(ContinuousBernoulli().mean(point)) == pytest.approx(mean, abs=1e-8)


def test_normaliser_is_smooth_in_float32():
    eta = torch.linspace(-0.2, 0.2, 2001, requires_grad=True)
    value = continuous_bernoulli_log_normaliser(eta)
    (slope,) = torch.autograd.grad(value.sum(), eta)
    assert torch.isfinite(slope).all()
    torch.testing.assert_close(slope, eta.detach() / 6, atol=2e-4, rtol=0.05)
    assert float(value.detach().min()) == pytest.approx(log(2), abs=1e-5)


@pytest.mark.parametrize("eta", [-8.0, -1e-4, 0.5, 20.0])
def test_draws_have_the_right_mean(eta):
    point = torch.full((20000, 1), eta)
    for likelihood in (Bernoulli(), ContinuousBernoulli(), Gaussian()):
        draws = likelihood.sample(point, Noise(0))
        error = 5 * float(draws.std()) / 20000**0.5 + 1e-6
        assert float(draws.mean()) == pytest.approx(float(likelihood.mean(point[:1])), abs=error)


def test_gaussian_has_its_constant():
    x, eta = torch.zeros(1, 3), torch.zeros(1, 3)
    expected = -3 * (0.25 / (2 * 0.01) + log(0.1) + log(2 * pi) / 2)
    assert float(Gaussian(0.1).log_prob(x, eta)) == pytest.approx(expected, rel=1e-5)


def test_unknown_name():
    with pytest.raises(UserError, match="did you mean bernoulli"):
        make_likelihood("bernouli")
