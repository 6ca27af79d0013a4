"""Estimators of log p(x) against models whose log p(x) is known in closed form."""

from math import log, pi

import pytest
import torch
from torch.distributions import MultivariateNormal

from simorgh.contracts import UserError
from simorgh.metrics.likelihood import (
    annealed_importance_sampling,
    exact_log_likelihood,
    importance_bound,
    quadrature,
)
from simorgh.metrics.proposal import Mixture, fit_proposal
from simorgh.noise import Noise

IMAGES = 6


class LinearGaussian:
    """z ~ N(0, I_2), x = W z + c + s e: everything about it is Gaussian and known."""

    def __init__(self, deviation: float):
        noise = Noise(3)
        self.w, self.c, self.s = noise.normal(5, 2, name="w"), noise.normal(5, name="c"), deviation
        self.x = noise.normal(IMAGES, 2, name="z") @ self.w.T + self.c + deviation * noise.normal(IMAGES, 5, name="e")
        covariance = self.w.double() @ self.w.T.double() + deviation**2 * torch.eye(5, dtype=torch.float64)
        self.truth = MultivariateNormal(self.c.double(), covariance).log_prob(self.x.double())
        precision = torch.eye(2) + self.w.T @ self.w / deviation**2
        mean = (self.x - self.c) @ self.w @ torch.linalg.inv(precision) / deviation**2
        self.posterior = MultivariateNormal(mean, precision_matrix=precision)

    def log_prior(self, z):
        return -z.square().sum(-1) / 2 - log(2 * pi)

    def log_likelihood(self, z):
        """(..., 2) against every image: (..., B); z (C, B, 2) goes through log_joint instead."""
        gap = (self.x - (z @ self.w.T + self.c)[..., None, :]) / self.s
        return -gap.square().sum(-1) / 2 - 5 * log(self.s) - 2.5 * log(2 * pi)

    def log_joint(self, z):
        gap = (self.x - z @ self.w.T - self.c) / self.s
        return -gap.square().sum(-1) / 2 - 5 * log(self.s) - 2.5 * log(2 * pi) + self.log_prior(z)

    def widened(self, factor: float) -> MultivariateNormal:
        return MultivariateNormal(self.posterior.mean, self.posterior.covariance_matrix * factor**2)


@pytest.fixture(scope="module")
def model() -> LinearGaussian:
    return LinearGaussian(0.1)


def draws(q: MultivariateNormal, k: int, name: str) -> torch.Tensor:
    return q.mean + torch.einsum("bij,kbj->kbi", q.scale_tril, Noise(0).normal(k, IMAGES, 2, name=name, axis=1))


def weights(model: LinearGaussian, q: MultivariateNormal):
    def log_weights(k: int, number: int) -> torch.Tensor:
        z = draws(q, k, f"chunk {number}")
        return model.log_joint(z) - q.log_prob(z)

    return log_weights


def test_one_weight_of_the_true_posterior_is_exact(model):
    bound = importance_bound(weights(model, model.posterior), k=1)
    torch.testing.assert_close(bound, model.truth, atol=1e-3, rtol=0)


def test_importance_bound_approaches_the_truth_from_any_wide_proposal(model):
    bound = importance_bound(weights(model, model.widened(1.5)), k=20_000, chunk=3_000)
    torch.testing.assert_close(bound, model.truth, atol=0.03, rtol=0)  # five standard errors


def test_importance_bound_is_streamed_per_image():
    values = 300 * Noise(1).normal(50, 4)  # far outside what exp can hold
    chunks = values.split(7)
    bound = importance_bound(lambda k, number: chunks[number], k=50, chunk=7)
    torch.testing.assert_close(bound, values.double().logsumexp(0) - log(50))


def test_more_weights_give_a_higher_bound_on_average(model):
    start = MultivariateNormal(model.posterior.mean + 0.05, model.posterior.covariance_matrix)
    log_weights = weights(model, start)(5_000, 0).double()
    bounds = [(log_weights.reshape(-1, k, IMAGES).logsumexp(1) - log(k)).mean() for k in (1, 5, 50)]
    assert bounds[0] < bounds[1] < bounds[2] < model.truth.mean() + 0.01


def test_quadrature_equals_the_closed_form(model):
    value = quadrature(model.log_likelihood, model.log_prior, radius=6, points=401, chunk=5_000)
    torch.testing.assert_close(value, model.truth, atol=1e-3, rtol=0)


def test_quadrature_of_a_plane_is_its_volume():
    """The trapezoid rule is exact for linear functions, borders and all: the mean of 3 + a + b over [-1, 1]^2 is 3."""
    value = quadrature(lambda z: (3 + z.sum(1, keepdim=True)).log(), lambda z: 0 * z[:, 0], radius=1, points=7, chunk=5)
    torch.testing.assert_close(value.exp(), torch.tensor([12.0], dtype=torch.float64), rtol=1e-6, atol=0)


def test_quadrature_refines_until_it_is_right():
    model = LinearGaussian(0.03)  # a posterior deviation near 0.01
    result = exact_log_likelihood(model.log_likelihood, model.log_prior, radius=5, points=101, chunk=20_000)
    torch.testing.assert_close(result.log_prob, model.truth, atol=1e-3, rtol=0)
    assert result.points > 101
    assert result.change <= 1e-3


def test_quadrature_enlarges_a_square_that_cuts_a_posterior_off():
    model = LinearGaussian(0.3)
    result = exact_log_likelihood(model.log_likelihood, model.log_prior, radius=1.0, points=51, chunk=20_000)
    assert result.radius > 1
    torch.testing.assert_close(result.log_prob, model.truth, atol=2e-3, rtol=0)


def test_quadrature_says_when_it_cannot():
    model = LinearGaussian(0.001)
    with pytest.raises(UserError, match="allow more points"):
        exact_log_likelihood(model.log_likelihood, model.log_prior, points=21, most=81)


def test_annealing_from_the_prior(model):
    z = Noise(5).normal(4 + 250, IMAGES, 2, name="start", axis=1)
    result = annealed_importance_sampling(model.log_prior, model.log_joint, z, Noise(5), steps=300)
    torch.testing.assert_close(result.log_prob, model.truth, atol=0.15, rtol=0)  # three standard errors
    assert abs(float((result.log_prob - model.truth).mean())) < 0.05
    assert (result.acceptance - 0.8).abs().max() < 0.1


def test_annealing_from_a_widened_posterior_needs_few_steps(model):
    start = model.widened(2.0)
    z = draws(start, 4 + 250, "start")
    result = annealed_importance_sampling(start.log_prob, model.log_joint, z, Noise(6), steps=40, sharpness=4)
    torch.testing.assert_close(result.log_prob, model.truth, atol=0.08, rtol=0)
    assert result.effective.min() > 0.6 * 250


def test_more_temperatures_narrow_the_weights(model):
    z = Noise(5).normal(4 + 64, IMAGES, 2, name="start", axis=1)
    spreads = [
        annealed_importance_sampling(model.log_prior, model.log_joint, z, Noise(5), steps=steps).log_weights.std(0)
        for steps in (50, 400)
    ]
    assert (spreads[1] < spreads[0] / 2).all()


def test_annealing_is_exact_where_start_and_target_are_proportional(model):
    z = draws(model.posterior, 5, "start")
    result = annealed_importance_sampling(model.posterior.log_prob, model.log_joint, z, Noise(7), steps=3)
    torch.testing.assert_close(result.log_prob, model.truth, atol=1e-3, rtol=0)


def test_annealing_finds_two_narrow_modes():
    modes = torch.tensor([[1.0, 0.5], [-0.7, -1.0]])

    def log_likelihood(z):
        squared = ((z[..., None, :] - modes) / 0.03).square().sum(-1)
        return (-squared / 2 + torch.tensor([0.3, 0.7]).log()).logsumexp(-1)

    def log_prior(z):
        return -z.square().sum(-1) / 2 - log(2 * pi)

    truth = quadrature(lambda z: log_likelihood(z)[:, None], log_prior, radius=5, points=501, chunk=50_000)
    z = Noise(8).normal(4 + 500, 4, 2, name="start", axis=1)
    result = annealed_importance_sampling(
        log_prior, lambda z: log_likelihood(z) + log_prior(z), z, Noise(8), steps=150, leapfrog=3
    )
    torch.testing.assert_close(result.log_prob, truth.expand(4), atol=0.2, rtol=0)


def test_annealing_of_a_part_equals_the_part_of_the_whole(model):
    z = Noise(5).normal(6, IMAGES, 2, name="start", axis=1)
    whole = annealed_importance_sampling(model.log_prior, model.log_joint, z, Noise(5), steps=10, pilot=2)
    part = LinearGaussian(0.1)
    part.x = part.x[2:4]
    some = annealed_importance_sampling(
        part.log_prior, part.log_joint, z[:, 2:4], Noise(5).rows(2, IMAGES), steps=10, pilot=2
    )
    torch.testing.assert_close(some.log_prob, whole.log_prob[2:4], atol=1e-3, rtol=0)


def test_annealing_refuses_a_lack_of_chains(model):
    with pytest.raises(UserError, match="leave no chain"):
        annealed_importance_sampling(model.log_prior, model.log_joint, torch.zeros(4, IMAGES, 2), Noise(0))


def test_a_mixture_draws_from_the_density_that_it_states(model):
    mixture = Mixture.around(model.posterior.mean, torch.full((IMAGES, 2), 0.2), widths=(1.0, 3.0))
    grid = torch.cartesian_prod(*[torch.linspace(-8, 8, 321)] * 2)
    mass = mixture.log_prob(grid[:, None].expand(-1, IMAGES, 2)).exp().sum(0) * 0.05**2
    torch.testing.assert_close(mass, torch.ones(IMAGES), atol=1e-3, rtol=0)
    z = mixture.draw(20_000, Noise(2))
    torch.testing.assert_close(z.mean(0), 2 / 3 * model.posterior.mean, atol=0.03, rtol=0)
    second = (z.square().mean(0), (2 * model.posterior.mean.square() + 0.04 + 0.36 + 1) / 3)
    torch.testing.assert_close(*second, atol=0.06, rtol=0)


def test_a_fitted_proposal_repairs_an_encoder_that_is_beside_the_posterior(model):
    """Ten standard deviations off and half as wide: plain weights miss by nats, fitted ones do not."""
    deviation = model.posterior.variance.sqrt()
    q = MultivariateNormal(model.posterior.mean + 10 * deviation, scale_tril=torch.diag_embed(deviation / 2))
    assert (importance_bound(weights(model, q), k=2_000) < model.truth - 1).all()
    start = Mixture.around(q.mean, deviation / 2)
    fitted = fit_proposal(model.log_joint, start, Noise(9))

    def log_weights(k: int, number: int) -> torch.Tensor:
        z = fitted.draw(k, Noise(9), f"chunk {number}")
        return model.log_joint(z) - fitted.log_prob(z)

    bound = importance_bound(log_weights, k=5_000, chunk=1_000)
    torch.testing.assert_close(bound, model.truth, atol=0.05, rtol=0)
    z = fitted.draw(4 + 128, Noise(9), "start")
    annealed = annealed_importance_sampling(fitted.log_prob, model.log_joint, z, Noise(9), steps=30, sharpness=10)
    torch.testing.assert_close(annealed.log_prob, model.truth, atol=0.1, rtol=0)
