"""VAE with a twenty-dimensional code and dense layers on MNIST (the second course's size: batch 128, 20 passes).

simorgh train vae-fc --preset cpu     20 passes, about 90 s on two cores; negative ELBO on the test images below 98
simorgh train vae-fc --preset paper   100 passes

Requirements C5.1, C5.3, C5.4.
"""

from simorgh.models.vae import VAEConfig
from simorgh.recipes._parts import experiment as _experiment
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return _experiment(preset, VAEConfig(latent_dim=20), epochs={"cpu": 20, "paper": 100})
