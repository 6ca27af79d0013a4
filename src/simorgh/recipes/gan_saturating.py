"""GAN whose generator plays the zero-sum game of the original paper: its gradient fades where it is beaten.

simorgh train gan-saturating --preset cpu     3 passes, about 2 minutes on two cores
simorgh train gan-saturating --preset paper   100 passes

Requirement B2.1: beside the first passes of `gan`.
"""

from simorgh.models.gan import GANConfig
from simorgh.recipes._parts import adversarial as _adversarial
from simorgh.recipes.gan import SLOWER
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return _adversarial(preset, GANConfig(saturating=True), epochs={"cpu": 3, "paper": 100}, optimisers=SLOWER)
