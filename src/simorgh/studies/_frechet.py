"""Parts of the study `fid`: sets with known moments, routes to the distance, its bias."""

import contextlib
import io
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import integrate, stats
from scipy.linalg import sqrtm

from simorgh.metrics.divergences import assignment
from simorgh.metrics.frechet import frechet_distance, frechet_from_moments
from simorgh.metrics.intervals import Interval, mean_interval
from simorgh.noise import philox


def root(matrix: np.ndarray, power: float = 0.5) -> np.ndarray:
    """A power of a symmetric matrix with positive eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * values**power) @ vectors.T


def covariance(x: np.ndarray) -> np.ndarray:
    return np.cov(x, rowvar=False)


def random_covariance(d: int, *key: object) -> np.ndarray:
    mixing = philox("covariance", d, *key).standard_normal((d, d)) / d**0.5 + 0.5 * np.eye(d)
    return mixing @ mixing.T


def exactly(n: int, mean: np.ndarray, cov: np.ndarray, *key: object, base: np.ndarray | None = None) -> np.ndarray:
    """n draws (those of `base`, if given) whose *sample* mean and covariance (n - 1) are the given ones to rounding."""
    x = philox("exact moments", *key).standard_normal((n, len(mean))) if base is None else base
    x = x - x.mean(0)
    return x @ root(covariance(x), -0.5) @ root(cov) + mean


PLANE = random_covariance(2, "p"), random_covariance(2, "q")
"""Two covariances of the plane that do not commute."""
DELTA = np.linspace(-1, 1, 8)
"""Between the means of two Gaussians in 8 dimensions."""


def known_cases() -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]]:
    """Mean, covariance, mean, covariance and the distance by a closed form."""
    zero, S = np.zeros(8), random_covariance(8)
    a, b = np.linspace(0.1, 2, 8), np.linspace(3, 0.2, 8)
    P, Q = PLANE
    planar = np.trace(P @ Q) + 2 * np.sqrt(np.linalg.det(P) * np.linalg.det(Q))
    return {
        "equal": (zero, S, zero, S, 0.0),
        "mean shifted": (zero, S, DELTA, S, DELTA @ DELTA),
        "covariance times 1.5²": (zero, S, zero, 2.25 * S, 0.25 * np.trace(S)),
        "diagonal": (zero, np.diag(a), zero, np.diag(b), ((a**0.5 - b**0.5) ** 2).sum()),
        "plane, not commuting": (np.zeros(2), P, np.zeros(2), Q, np.trace(P) + np.trace(Q) - 2 * np.sqrt(planar)),
    }


def optimal_map(S1: np.ndarray, S2: np.ndarray) -> np.ndarray:
    """The symmetric T with T S1 T = S2."""
    h = root(S1)
    return np.linalg.inv(h) @ root(h @ S2 @ h) @ np.linalg.inv(h)


class Certificate(NamedTuple):
    """The formula, the cost of the straight map T, and the bound for every plan."""

    formula: float
    by_map: float
    by_bound: float
    T: np.ndarray


def certificate(S1: np.ndarray, S2: np.ndarray) -> Certificate:
    """Three routes to the distance of N(0, S1) from N(0, S2)."""
    zero, one, T = np.zeros(len(S1)), np.eye(len(S1)), optimal_map(S1, S2)
    by_map = np.trace((one - T) @ S1 @ (one - T).T)
    by_bound = np.trace(S1) - np.trace(T @ S1) + np.trace(S2) - np.trace(np.linalg.inv(T) @ S2)
    return Certificate(frechet_from_moments(zero, S1, zero, S2), by_map, by_bound, T)


def best_random_plan(S1: np.ndarray, S2: np.ndarray, draws: int) -> float:
    """The least cost of `draws` plans with cross-covariance S1^(1/2) K S2^(1/2), K a random contraction."""
    d, h, rng = len(S1), root(S1), philox("contractions")
    best = np.inf
    for _ in range(draws):
        left, _, right = np.linalg.svd(rng.standard_normal((d, d)))
        K = left @ np.diag(rng.random(d) ** 0.2) @ right
        best = min(best, np.trace(S1) + np.trace(S2) - 2 * np.trace(h @ K @ root(S2)))
    return best


def by_quantiles(a: np.ndarray, b: np.ndarray, delta: np.ndarray) -> float:
    """The distance of variances a (d,) from b with means delta apart: one optimal transport an axis, by quantiles."""

    def gap(t, i):
        return ((b[i] ** 0.5 - a[i] ** 0.5) * stats.norm.ppf(t) + delta[i]) ** 2

    return sum(integrate.quad(gap, 0, 1, args=(i,), limit=500)[0] for i in range(len(a)))


def transport_excess(P: np.ndarray, Q: np.ndarray, n: int, repeats: int) -> list[float]:
    """Transport cost of n draws of each plane Gaussian, less the Fréchet distance of their moments (divisor n)."""
    values = []
    for trial in range(repeats):
        r = philox("assignment", n, trial)
        x, y = r.standard_normal((n, 2)) @ root(P), r.standard_normal((n, 2)) @ root(Q) + 1
        first, second = ((part.mean(0), np.cov(part, rowvar=False, ddof=0)) for part in (x, y))
        values.append(assignment(x, y).value - frechet_from_moments(*first, *second))
    return values


class BySqrtm(NamedTuple):
    """`imaginary` is the largest imaginary part of the root; `seconds` are those of the root alone."""

    value: float
    imaginary: float
    warned: bool
    seconds: float


def by_sqrtm(x: np.ndarray, y: np.ndarray) -> BySqrtm:
    """The usual route, by scipy.linalg.sqrtm."""
    S1, S2 = covariance(x), covariance(y)
    with warnings.catch_warnings(record=True) as said, contextlib.redirect_stdout(io.StringIO()) as printed:
        warnings.simplefilter("always")
        began = time.perf_counter()
        product_root = sqrtm(S1 @ S2)
        seconds = time.perf_counter() - began
    value = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(S1 + S2) - 2 * np.trace(product_root).real
    return BySqrtm(value, float(np.abs(np.imag(product_root)).max()), bool(said or printed.getvalue()), seconds)


def by_ours(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Our route from the same covariances, and its seconds."""
    S1, S2 = covariance(x), covariance(y)
    began = time.perf_counter()
    value = frechet_from_moments(x.mean(0), S1, y.mean(0), S2)
    return value, time.perf_counter() - began


class Routes(NamedTuple):
    """The distance from the samples, by sqrtm and from moments; `ratio` is the time of sqrtm over that of ours from
    moments, best of three each."""

    best: float
    theirs: float
    imaginary: float
    warned: bool
    ours: float
    ratio: float

    @property
    def off(self) -> float:
        return abs(self.theirs - self.best)

    @property
    def off_ours(self) -> float:
        return abs(self.ours - self.best)


def three_routes(x: np.ndarray, y: np.ndarray) -> Routes:
    theirs, imaginary, warned, slow = min((by_sqrtm(x, y) for _ in range(3)), key=lambda t: t.seconds)
    ours, quick = min((by_ours(x, y) for _ in range(3)), key=lambda t: t[1])
    return Routes(frechet_distance(x, y), theirs, imaginary, warned, ours, slow / quick)


def fake(n: int, d: int, name: str, scale: float = 1.0) -> np.ndarray:
    """(n, d) draws of one Gaussian, times `scale`."""
    return scale * philox("routes", name, n, d).standard_normal((n, d)) @ root(random_covariance(d, "routes"))


def intercept(n: Sequence[int], table: np.ndarray) -> Interval:
    """FD at infinity: the intercepts of one line in 1 / n for each repetition (rows of `table`); each value is weighted
    by n, as its error falls like 1 / n."""
    n = np.asarray(n, dtype=float)
    return mean_interval([float(np.polyfit(1 / n, line, 1, w=n)[1]) for line in table])


def of_one_gaussian(d: int, counts: Sequence[int], repeats: int) -> np.ndarray:
    """(repeats, counts) distances of two sets from one standard Gaussian."""

    def distance(n, k):
        return frechet_distance(*philox("identical", d, n, k).standard_normal((2, n, d)))

    return np.array([[distance(n, k) for n in counts] for k in range(repeats)])


def ranking(models: Mapping[str, Callable], counts: Sequence[int], repeats: int) -> dict[str, np.ndarray]:
    """(repeats, counts) distances of each model, a map of standard normal draws, from N(0, I) in 64 dimensions."""
    found = {name: np.empty((repeats, len(counts))) for name in models}
    for k in range(repeats):
        for i, n in enumerate(counts):
            real, z = philox("ranking", n, k).standard_normal((2, n, 64))
            for name, model in models.items():
                found[name][k, i] = frechet_distance(real, model(z))
    return found


def subsets(x: np.ndarray, y: np.ndarray | None, n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Random subsets of n rows of x and of y, or two disjoint ones of x."""
    r = philox("subsets", n, k)
    if y is None:
        order = r.permutation(len(x))
        return x[order[:n]], x[order[-n:]]
    return x[r.choice(len(x), n, replace=False)], y[r.choice(len(y), n, replace=False)]


def balanced_ends(x: np.ndarray, labels: np.ndarray, each: int, tries: int) -> tuple[Interval, Interval]:
    """First against last half of x (n, d) with `each` rows of every class, and the same of both halves mixed."""
    half = len(x) // 2
    ends, alike = [], []
    for k in range(tries):
        r = philox("balanced", k)
        first, second, anyone = (
            [r.permutation(np.flatnonzero(labels[part] == c)) + part.start for c in range(10)]
            for part in (slice(0, half), slice(half, 2 * half), slice(0, 2 * half))
        )
        ends.append(frechet_distance(*(x[np.concatenate([c[:each] for c in part])] for part in (first, second))))
        one, other = (np.concatenate([c[some] for c in anyone]) for some in (slice(each), slice(-each, None)))
        alike.append(frechet_distance(x[one], x[other]))
    return mean_interval(ends), mean_interval(alike)
