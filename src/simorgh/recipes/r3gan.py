"""R3GAN: relativistic pairs and two gradient penalties, on the players of `gan`.

simorgh train r3gan --preset cpu     4 passes, about 6 minutes on two cores
simorgh train r3gan --preset paper   200 passes
"""

from simorgh.models.r3gan import R3GANConfig
from simorgh.recipes._parts import adversarial as _adversarial
from simorgh.train import Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    return _adversarial(
        preset,
        R3GANConfig(),
        epochs={"cpu": 4, "paper": 200},
        optimiser=OptimiserConfig(lr=5e-4, betas=(0.0, 0.9)),
    )
