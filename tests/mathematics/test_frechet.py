"""The bias of the Fréchet distance against its closed form for a standard Gaussian and against simulation."""

import numpy as np
import pytest

from simorgh.metrics.frechet import expected_bias, frechet_distance
from simorgh.noise import philox


@pytest.mark.parametrize("d", [1, 7, 64])
def test_expected_bias_of_a_standard_gaussian(d):
    assert expected_bias(np.ones(d), 50) == pytest.approx(d * (d + 5) / 100, rel=1e-12)


def test_expected_bias_agrees_with_simulation_and_ignores_empty_directions():
    n, eigenvalues = 400, np.array([4.0, 1.0, 0.25, 0.0])
    rng = philox("bias of unequal variances")
    draws = rng.standard_normal((600, 2, n, 4)) * eigenvalues**0.5
    found = np.array([frechet_distance(*pair) for pair in draws])
    error = found.std() / len(found) ** 0.5
    assert abs(found.mean() - expected_bias(eigenvalues, n)) < 4 * error
    assert error < 0.03 * found.mean()
    assert expected_bias(eigenvalues, n) == expected_bias(eigenvalues[:3], n)
