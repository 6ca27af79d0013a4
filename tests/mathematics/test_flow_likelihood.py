"""The likelihood by the probability-flow ODE against laws whose density is known."""

from math import log, pi

import pytest
import torch

from simorgh.contracts import UserError
from simorgh.diffusion.exact import Mixture
from simorgh.diffusion.likelihood import log_likelihood
from simorgh.diffusion.target import Prediction
from simorgh.noise import philox

HIGH = 500.0


def signs(n: int, *shape: int) -> torch.Tensor:
    return torch.from_numpy(philox("signs", n).choice([-1.0, 1.0], (n, *shape)))


def test_gaussian():
    """x ~ N(0, 0.5^2) in 3 dimensions, where every sign vector gives the divergence exactly. Equation (1) starts from
    N(0, q_high^2) in the place of N(0, q_high^2 + 0.25)."""
    z = torch.from_numpy(philox("z").normal(size=(6, 3)))
    low = 0.1
    found = log_likelihood(Mixture(torch.zeros(1, 3).double(), deviation=0.5), z, low, HIGH, signs(6, 3), 1e-5)
    variance = 0.25 + low**2
    truth = -(z**2).sum(1) / (2 * variance) - 1.5 * log(2 * pi * variance)
    torch.testing.assert_close(found.nats, truth, atol=5e-4, rtol=0)
    assert float(found.error.max()) < 1e-4


def test_mixture_in_one_dimension():
    mixture = Mixture(torch.tensor([[-1.0], [0.7]]).double(), torch.tensor([0.4, 0.6]).double(), 0.3)
    z = torch.linspace(-2, 2, 9).double()[:, None]
    low = torch.full((9,), 0.05, dtype=torch.float64)
    found = log_likelihood(mixture, z, 0.05, HIGH, signs(9, 1), 1e-5)
    torch.testing.assert_close(found.nats, mixture.log_density(z, low), atol=5e-4, rtol=0)


def test_the_sign_vector_is_unbiased():
    """Two dimensions that depend on each other: the mean over all four sign vectors is the exact answer."""
    mixture = Mixture(torch.tensor([[-1.0, -1.0], [1.0, 1.0]]).double(), deviation=0.4)
    z = torch.tensor([[0.2, 0.5]]).double().expand(4, 2)
    every = torch.tensor([[1, 1], [1, -1], [-1, 1], [-1, -1]]).double()
    found = log_likelihood(mixture, z, 0.05, HIGH, every, 1e-5)
    truth = mixture.log_density(z[:1], torch.tensor([0.05]).double())
    assert float(found.nats.std()) > 0.05
    assert float(found.nats.mean()) == pytest.approx(float(truth), abs=5e-3)


def test_one_that_does_not_settle_is_refused():
    wild = lambda u, q: Prediction(u, torch.sin(300 * u))  # noqa: E731
    with pytest.raises(UserError, match="did not settle"):
        log_likelihood(wild, torch.ones(2, 3).double(), 0.01, 10.0, signs(2, 3), 1e-6, steps=4, most=16)
