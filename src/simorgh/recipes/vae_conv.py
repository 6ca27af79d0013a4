"""VAE with convolutions and a two-dimensional code on MNIST.

simorgh train vae-conv --preset cpu     5 passes, about 2 minutes on two cores
simorgh train vae-conv --preset paper   100 passes
"""

from simorgh.models.vae import VAEConfig
from simorgh.nn.networks import Network
from simorgh.recipes._parts import QUICK
from simorgh.recipes._parts import experiment as _experiment
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    network = Network(kind="conv", hidden=(32, 64, 256))
    return _experiment(
        preset, VAEConfig(latent_dim=2, network=network), epochs={"cpu": 5, "paper": 100}, evaluate=QUICK
    )
