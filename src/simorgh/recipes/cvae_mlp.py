"""CVAE with a two-dimensional code and dense layers on MNIST, the label one-hot at encoder and decoder.

simorgh train cvae-mlp --preset cpu     10 passes, about 45 s on two cores; negative ELBO on the test images below 131
simorgh train cvae-mlp --preset paper   100 passes, about 6 minutes; 127.6 (seed 0), and 121 on the training images

Requirements A2.2 to A2.4.
"""

from simorgh.models.cvae import CVAEConfig
from simorgh.recipes._parts import FAST, LONG
from simorgh.recipes._parts import experiment as _experiment
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return _experiment(
        preset,
        CVAEConfig(latent_dim=2),
        epochs={"cpu": 10, "paper": 100},
        optimiser=LONG if preset == "paper" else FAST,
    )
