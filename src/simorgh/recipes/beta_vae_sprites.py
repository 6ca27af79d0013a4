"""beta-VAE (beta 4) on all sprites.

simorgh train beta-vae-sprites --preset cpu     0.4 passes, 7 minutes on one core
simorgh train beta-vae-sprites --preset paper   130 passes, 1.5 million steps

Requirements C4.a, C4.b.
"""

from simorgh.models.vae import VAEConfig
from simorgh.recipes._parts import TABLE_6
from simorgh.recipes._parts import sprites as _sprites
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return _sprites(
        preset,
        VAEConfig(latent_dim=10, network=TABLE_6, beta=4.0),
        data="dsprites",
        epochs={"cpu": 0.4, "paper": 130},
    )
