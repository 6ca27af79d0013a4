"""beta-VAE (beta 4) with a ten-dimensional code and dense layers on MNIST.

simorgh train beta-vae --preset cpu     10 passes, about 45 s on two cores
simorgh train beta-vae --preset paper   100 passes
"""

from simorgh.models.vae import VAEConfig
from simorgh.recipes._parts import QUICK
from simorgh.recipes._parts import experiment as _experiment
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return _experiment(preset, VAEConfig(latent_dim=10, beta=4.0), epochs={"cpu": 10, "paper": 100}, evaluate=QUICK)
