"""Factors and codes of which the scores of disentanglement are known: a small grid of sprites, read perfectly."""

from itertools import product

import numpy as np

from simorgh.noise import philox

NAMES = ("shape", "scale", "x", "y")
GRID = np.array(list(product(range(3), range(6), range(8), range(8))))
TRUTH = (GRID - GRID.mean(0)) / GRID.std(0)
SMALL = {"train": 2000, "test": 1000}


def normal(n: int, d: int, name: str) -> np.ndarray:
    return philox("test disentanglement", name).standard_normal((n, d))


def rotation(d: int) -> np.ndarray:
    return np.linalg.qr(normal(d, d, "rotation"))[0]
