r"""The rules of Song & Ermon 2020 (arXiv 2006.09011) for the levels and steps of annealed Langevin dynamics.

Technique 1: the largest level is about the largest distance between two examples.
Technique 2: in D dimensions noise of size sigma lies at a distance N(sqrt(D) sigma, sigma^2 / 2) from its centre, so
two neighbouring levels with ratio gamma share the mass

    C(gamma) = Phi(sqrt(2 D) (gamma - 1) + 3 gamma) - Phi(sqrt(2 D) (gamma - 1) - 3 gamma),                      (1)

which should be about 0.5. Technique 4: with T steps of r sigma^2 at each level, the variance that comes from the level
before is, in units of sigma^2,

    v(r) = (1 - r)^(2T) (gamma^2 - k) + k,   k = 2 r / (1 - (1 - r)^2),                                          (2)

and r is chosen so that it is nearest to 1.
"""

from math import ceil, log, sqrt

from scipy.optimize import brentq, minimize_scalar
from scipy.stats import norm


def overlap(gamma: float, dimensions: int) -> float:
    """C(gamma) of equation (1), in [0, 1]."""
    shift = sqrt(2 * dimensions) * (gamma - 1)
    return float(norm.cdf(shift + 3 * gamma) - norm.cdf(shift - 3 * gamma))


def ratio_of_levels(dimensions: int, share: float = 0.5) -> float:
    """The gamma above 1 with C(gamma) = `share`."""
    return float(brentq(lambda gamma: overlap(gamma, dimensions) - share, 1.0, 3.0))


def count_of_levels(first: float, last: float, dimensions: int, share: float = 0.5) -> int:
    """How many levels from `first` down to `last` have neighbours that share at least `share`."""
    return ceil(log(first / last) / log(ratio_of_levels(dimensions, share)) - 1e-9) + 1


def carried_variance(r: float, gamma: float, steps: int) -> float:
    """v(r) of equation (2)."""
    k = 2 * r / (1 - (1 - r) ** 2)
    return (1 - r) ** (2 * steps) * (gamma**2 - k) + k


def step_ratio(gamma: float, steps: int) -> float:
    """The r in (0, 1) that brings v(r) nearest to 1; a step is r sigma^2 long."""
    found = minimize_scalar(
        lambda r: (carried_variance(r, gamma, steps) - 1) ** 2, bounds=(1e-6, 0.9), method="bounded",
        options={"xatol": 1e-10},
    )  # fmt: skip
    return float(found.x)
