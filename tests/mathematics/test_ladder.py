"""Levels and steps by the rules of NCSNv2, against the released configurations."""

import pytest

from simorgh.diffusion.ladder import carried_variance, count_of_levels, overlap, ratio_of_levels, step_ratio


def test_mnist_from_16_to_0_01():
    """95 levels, gamma 1.082, and for five steps a length of 1.1e-5 at the last level, 0.11 of its square."""
    assert ratio_of_levels(784) == pytest.approx(1.082, abs=5e-4)
    assert count_of_levels(16, 0.01, 784) == pytest.approx(95, abs=1)
    assert step_ratio((16 / 0.01) ** (1 / 94), 5) * 0.01**2 == pytest.approx(1.1e-5, rel=0.02)


@pytest.mark.parametrize(
    ("first", "levels", "steps", "eps"), [(50, 232, 5, 6.2e-6), (90, 500, 5, 3.3e-6), (348, 2311, 3, 9e-7)]
)
def test_released_step_sizes(first, levels, steps, eps):
    """CIFAR-10, CelebA and FFHQ 256 (ermongroup/ncsnv2), to the two digits that are given."""
    gamma = (first / 0.01) ** (1 / (levels - 1))
    assert step_ratio(gamma, steps) * 0.01**2 == pytest.approx(eps, rel=0.02)


def test_released_ladders_overlap_alike():
    """All three share 0.567; the ladder of 2019, ratio 1.668, shares nothing."""
    for first, levels, size in ((50, 232, 32), (90, 500, 64), (348, 2311, 256)):
        assert overlap((first / 0.01) ** (1 / (levels - 1)), 3 * size**2) == pytest.approx(0.567, abs=0.003)
    assert overlap(100 ** (1 / 9), 784) < 1e-3


def test_variance_that_is_carried_over_is_that_of_the_chain():
    """Langevin steps x <- (1 - r) x + sqrt(2 r) n from variance gamma^2, by recursion."""
    variance, r, gamma = 1.3**2, 0.2, 1.3
    for _ in range(7):
        variance = (1 - r) ** 2 * variance + 2 * r
    assert carried_variance(r, gamma, 7) == pytest.approx(variance, rel=1e-12)
