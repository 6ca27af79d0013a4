"""VAE with the networks of ControlVAE's table 6 on upright sprites.

simorgh train vae-sprites --preset cpu     20 passes, about 8 minutes on two cores
simorgh train vae-sprites --preset paper   5000 passes, 1.44 million steps (1.5 published)

The plain VAE whose KL says which set points a controller can reach. Requirements B1.5 to B1.10.
"""

from simorgh.models.vae import VAEConfig
from simorgh.recipes._parts import TABLE_6
from simorgh.recipes._parts import sprites as _sprites
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return _sprites(
        preset,
        VAEConfig(latent_dim=10, network=TABLE_6),
        data="dsprites-upright",
        epochs={"cpu": 20, "paper": 5000},
    )
