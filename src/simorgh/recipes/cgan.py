"""Class-conditional GAN: the label joins z, and the discriminator by projection; players as in `gan`.

simorgh train cgan --preset cpu     3 passes, about 3 minutes on two cores
simorgh train cgan --preset paper   100 passes
"""

from simorgh.models.gan import GANConfig
from simorgh.recipes._parts import adversarial as _adversarial
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return _adversarial(preset, GANConfig(conditional=True), epochs={"cpu": 3, "paper": 100})
