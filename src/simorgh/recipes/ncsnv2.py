"""NCSN with the levels and steps of Song & Ermon 2020, on MNIST.

simorgh train ncsnv2 --preset cpu     6 passes, about 11 minutes on two cores
simorgh train ncsnv2 --preset paper   200 passes of a network of 29 million parameters in place of 1.1

Their rules give 95 levels from 16, the largest distance of two digits in [0, 1], to 0.01, and for five steps at each a
length of 0.11 sigma^2 (diffusion/ladder.py). Requirements D1.a to D1.c.
"""

from simorgh.diffusion.levels import Levels
from simorgh.diffusion.path import VE
from simorgh.diffusion.sampler import Sampler
from simorgh.diffusion.steps import Langevin
from simorgh.recipes import ncsn
from simorgh.recipes._parts import vary
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return vary(
        ncsn.experiment(preset),
        path=VE(0.01, 16.0),
        levels=Levels("ladder", 95),
        sampler=Sampler(Langevin(ratio=0.11, repeats=5), 3 if preset == "smoke" else 95),
    )
