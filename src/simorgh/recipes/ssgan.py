"""SSGAN: residual players with spectral norm, and a discriminator that also tells by how much an image was turned.

simorgh train ssgan --preset cpu     2.2 passes, about 6 minutes on two cores; 16 and 32 channels in place of 256
                                     and 128, beta_2 = 0.99
simorgh train ssgan --preset paper   100 passes at the full width of tables 4 to 7

At full width a step takes seconds on two cores, hence the narrow players of `cpu`. In equal time a discriminator of 32
channels did better than one of 16, by 10,000 samples of seed 1 against 5,000 held-out training images: 4.1 in place of
4.7, and the most frequent digit fell from 17.9 % to 15.3 % of the samples; 4.4 and 14.2 % with beta_2 = 0.99. Another
rate of the discriminator, 4e-4 or 2e-3, left 5.8 or 6.2. Requirements B4.1 to B4.6.
"""

from simorgh.models.ssgan import SSGANConfig
from simorgh.nn.players import Players
from simorgh.recipes._parts import adversarial as _adversarial
from simorgh.train import Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    width, critic = (256, 128) if preset == "paper" else (16, 32)
    return _adversarial(
        preset,
        SSGANConfig(players=Players("residual", width=width, critic_width=critic, spectral=True)),
        epochs={"cpu": 2.2, "paper": 100},
        optimiser=OptimiserConfig(lr=1e-3, schedule="cosine", betas=(0.0, 0.9 if preset == "paper" else 0.99)),
        batch_size=64,
    )
