"""SSGAN: residual players with spectral norm, and a discriminator that also tells by how much an image was turned.

simorgh train ssgan --preset cpu     3 passes, about 6 minutes on two cores; 16 channels in place of 256 and 128
simorgh train ssgan --preset paper   100 passes at the full width of tables 4 to 7

At full width a step takes seconds on two cores, hence the narrow players of `cpu`. Requirements B4.1 to B4.6.
"""

from simorgh.models.ssgan import SSGANConfig
from simorgh.nn.players import Players
from simorgh.recipes._parts import adversarial as _adversarial
from simorgh.train import Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    width, critic = (256, 128) if preset == "paper" else (16, 16)
    return _adversarial(
        preset,
        SSGANConfig(players=Players("residual", width=width, critic_width=critic, spectral=True)),
        epochs={"cpu": 3, "paper": 100},
        optimiser=OptimiserConfig(lr=1e-3, schedule="cosine", betas=(0.0, 0.9)),
        batch_size=64,
    )
