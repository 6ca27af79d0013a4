"""R3GAN: relativistic pairs and two gradient penalties, on the players of `gan`.

simorgh train r3gan --preset cpu     3 passes, about 4 minutes on two cores
simorgh train r3gan --preset paper   200 passes

The published networks have no normalisation; on these players batch normalisation in the generator saves most of the
first pass, and gamma 0.2 suits 28 x 28 grey pixels.
"""

from simorgh.models.r3gan import R3GANConfig
from simorgh.nn.players import Players
from simorgh.recipes._parts import adversarial as _adversarial
from simorgh.train import Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    return _adversarial(
        preset,
        R3GANConfig(gamma=0.2, players=Players()),
        epochs={"cpu": 3, "paper": 200},
        optimiser=OptimiserConfig(lr=1e-3, schedule="cosine", betas=(0.0, 0.9)),
        batch_size=64,
    )
