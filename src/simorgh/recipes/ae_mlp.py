"""Plain autoencoder with a two-dimensional code and the nets of vae-mlp, on MNIST.

simorgh train ae-mlp --preset cpu     10 passes, about 45 s on two cores
simorgh train ae-mlp --preset paper   100 passes

At `cpu`, three seeds: squared error 0.036 a pixel of the test images, fd-digits 19.8 with a Gaussian fitted to codes.

Requirements C1.a, C1.b, A4.1.
"""

from simorgh.models.autoencoder import AutoencoderConfig
from simorgh.recipes._parts import experiment as _experiment
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return _experiment(preset, AutoencoderConfig(latent_dim=2), epochs={"cpu": 10, "paper": 100})
