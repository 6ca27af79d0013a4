"""WGAN with a gradient penalty where the first one clips weights; players as in `gan`.

simorgh train wgan-gp --preset cpu     5 passes of the critic, about 5 minutes on two cores; 3 critic steps in place
                                       of 5
simorgh train wgan-gp --preset paper   500 passes of the critic

Requirements B3.2, B3.3.
"""

from simorgh.models.wgan_gp import WGANGPConfig
from simorgh.recipes._parts import adversarial as _adversarial
from simorgh.train import Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    return _adversarial(
        preset,
        WGANGPConfig(critic_steps=5 if preset == "paper" else 3),
        epochs={"cpu": 5, "paper": 500},
        optimiser=OptimiserConfig(lr=1e-3, schedule="cosine", betas=(0.0, 0.9)),
        batch_size=64,
    )
