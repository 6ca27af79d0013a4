"""Time the Fréchet distance against SciPy's matrix square root, in one process and in turn.

    OMP_NUM_THREADS=1 python benchmarks/frechet.py [--dimension 2048] [--samples 3000] [--rounds 1] [--record]

Both routes get the same two covariances; ours from samples, which also has to make them, is timed beside. Exits
with code 1 when our route takes more than a sixth of SciPy's time or when the values differ by over 1e-9.
"""

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
from scipy.linalg import sqrtm

from record import record, timing
from simorgh.metrics.frechet import frechet_distance, frechet_from_moments
from simorgh.noise import philox

WANTED = 1 / 6


def by_scipy(mean_x: np.ndarray, cov_x: np.ndarray, mean_y: np.ndarray, cov_y: np.ndarray) -> float:
    root = np.real(sqrtm(cov_x @ cov_y))
    return float(((mean_x - mean_y) ** 2).sum() + np.trace(cov_x) + np.trace(cov_y) - 2 * np.trace(root))


def timed(function: Callable[..., float], *arguments: np.ndarray) -> tuple[float, float]:
    start = time.perf_counter()
    value = function(*arguments)
    return time.perf_counter() - start, value


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dimension", type=int, default=2048)
    parser.add_argument("--samples", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--record", action="store_true", help="write results/benchmarks/frechet.json")
    options = parser.parse_args()
    n, d = options.samples, options.dimension
    rng = philox("benchmark frechet")
    x = rng.standard_normal((n, d)) * np.linspace(0.1, 2, d)
    y = rng.standard_normal((n, d)) * np.linspace(2, 0.1, d) + 0.1
    moments = x.mean(0), np.cov(x, rowvar=False), y.mean(0), np.cov(y, rowvar=False)
    frechet_distance(x[:300, :200], y[:300, :200])  # wakes the libraries

    routes = {
        "ours, moments": (frechet_from_moments, moments),
        "SciPy sqrtm, moments": (by_scipy, moments),
        "ours, samples": (frechet_distance, (x, y)),
    }
    seconds, values = {name: [] for name in routes}, {}
    for _ in range(options.rounds):
        for name, (function, arguments) in routes.items():
            took, values[name] = timed(function, *arguments)
            seconds[name].append(took)
    reference = "SciPy sqrtm, moments"
    print(f"d = {d}, n = {n}, best of {options.rounds}")
    for name in routes:
        ratio = min(seconds[name]) / min(seconds[reference])
        print(f"{name:22s} {min(seconds[name]):8.2f} s   ratio {ratio:6.3f}   value {values[name]:.12f}")
    ratio = min(seconds["ours, moments"]) / min(seconds[reference])
    gap = abs(values["ours, moments"] / values[reference] - 1)
    print(f"ratio {ratio:.3f} (wanted at most {WANTED:.3f}), relative difference {gap:.1e}")
    if options.record:
        found = [
            timing(f"Fréchet distance at d = {d} from {given}: time over SciPy's sqrtm of the moments",
                   [a / b for a, b in zip(seconds[f"ours, {given}"], seconds[reference])],
                   f"d = {d}, {n} samples a side, ours from {given} over SciPy's sqrtm from moments")
            for given in ("moments", "samples")
        ]  # fmt: skip
        record(__file__, found)
    return int(ratio > WANTED or gap > 1e-9)


if __name__ == "__main__":
    sys.exit(main())
