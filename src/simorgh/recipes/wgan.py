"""WGAN with clipped weights: RMSprop at 5e-5, five critic steps, the long phases of the authors' code.

simorgh train wgan --preset cpu     8 passes of the critic, about 4 minutes on two cores
simorgh train wgan --preset paper   500 passes of the critic

Players as in `gan`. Requirements B3.2, B3.3.
"""

from simorgh.models.wgan import WGANConfig
from simorgh.recipes._parts import adversarial as _adversarial
from simorgh.train import Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    return _adversarial(
        preset,
        WGANConfig(),
        epochs={"cpu": 8, "paper": 500},
        optimiser=OptimiserConfig("rmsprop", lr=5e-5),
    )
