"""From the density of noisy images to bits of discrete ones, against laws whose entropy is known."""

from math import log

import pytest
import torch
from torch.distributions import Normal

from simorgh.metrics.rounding import log_rounding, value_frequencies
from simorgh.noise import philox


def blurred(z: torch.Tensor, points: torch.Tensor, shares: torch.Tensor, deviation: float) -> torch.Tensor:
    """(B,) log density of sum_k shares_k N(points_k, deviation^2), points (K, D) in [0, 1]."""
    inside = Normal(points, deviation).log_prob(z[:, None].double()).sum(-1)
    return (inside + shares.log()).logsumexp(1)


@pytest.mark.parametrize("deviation", [1e-4, 0.01, 0.3])
def test_independent_pixels_are_told_exactly(deviation: float):
    """With p = m the bound is sum log pi(x), whatever the noise."""
    x = torch.from_numpy(philox("x").choice(256, (40, 2, 3, 3), p=[0.7] + [0.3 / 255] * 255).astype("uint8"))
    pi = value_frequencies(x)
    pixels = x.double() / 255
    z = pixels + deviation * torch.from_numpy(philox("n").standard_normal(x.shape))
    values = torch.arange(256).double()[:, None] / 255
    density = sum(
        blurred(z[:, c].reshape(-1, 1), values, pi[c], deviation).view(40, -1).sum(1) for c in range(2)
    )  # of independent pixels
    truth = sum(pi[c].log()[x[:, c].long()].flatten(1).sum(1) for c in range(2))
    torch.testing.assert_close(density + log_rounding(z, pixels, pi, deviation), truth, atol=1e-6, rtol=0)


@pytest.mark.parametrize(("deviation", "loss"), [(1e-4, 0.0), (0.05, log(2) / 2)])
def test_a_bound_that_is_tight_for_little_noise(deviation: float, loss: float):
    """Two pixels, always equal: 0 or 100 or 102, of probabilities 1/2, 1/4, 1/4. The mean of log P(x) is -1.5 log 2.
    Noise under which 100 and 102 are one hides that they are equal: half of the pairs then tell a bit twice."""
    values, shares = torch.tensor([0, 100, 102]), torch.tensor([0.5, 0.25, 0.25]).double()
    drawn = torch.from_numpy(philox("pairs").choice(3, 20_000, p=shares.numpy()))
    x = (values[drawn].double() / 255)[:, None, None, None].expand(-1, 1, 1, 2)
    pi = torch.zeros(1, 256).double()
    pi[0, values] = shares
    z = x + deviation * torch.from_numpy(philox("blur").standard_normal(x.shape))
    points = (values.double() / 255)[:, None].expand(-1, 2)
    bound = blurred(z.flatten(1), points, shares, deviation) + log_rounding(z, x, pi, deviation)
    truth = float((shares * shares.log()).sum())
    assert truth == pytest.approx(-1.5 * log(2))
    missing = truth - float(bound.mean())
    assert missing == pytest.approx(loss, abs=0.02)


def test_a_value_never_seen_is_still_possible():
    pi = value_frequencies(torch.zeros(5, 1, 2, 2, dtype=torch.uint8))
    assert pi.shape == (1, 256)
    assert float(pi[0, 0]) == pytest.approx(21 / 276)
    assert float(pi[0, 200]) == pytest.approx(1 / 276)
    assert float(pi.sum()) == pytest.approx(1)
