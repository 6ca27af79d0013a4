"""Autoencoder with Gaussian noise on its code, 0.5 R in each coordinate, on MNIST.

simorgh train ae-noisy-each --preset cpu     10 passes, about 45 s on two cores

Requirement C1.c, the second reading.
"""

from simorgh.recipes import ae_mlp
from simorgh.recipes._parts import vary
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return vary(ae_mlp.experiment(preset), noise=0.5, reading="per-coordinate")
