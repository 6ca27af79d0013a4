"""DDPM with the cosine path and v as its target, on MNIST.

simorgh train ddpm-cosine-v --preset cpu     6 passes, about 11 minutes on two cores
simorgh train ddpm-cosine-v --preset paper   200 passes of a network of 29 million parameters in place of 1.1

Nichol & Dhariwal 2021; Salimans & Ho 2022. Requirement D3.
"""

from simorgh.diffusion.path import Cosine
from simorgh.recipes import ddpm
from simorgh.recipes._parts import vary
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return vary(ddpm.experiment(preset), path=Cosine(), target="v")
