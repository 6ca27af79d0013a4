"""CVAE with a two-dimensional code and dense layers on MNIST, the label one-hot at encoder and decoder.

simorgh train cvae-mlp --preset cpu     10 passes, about 45 s on two cores; negative ELBO on the test images below 131
simorgh train cvae-mlp --preset paper   100 passes, 10 minutes on one core; 125.2 over three seeds

In the long run the encoder sees noisy pixels in place of clean ones, as that of `vae-mlp` does (127.6 without).

Requirements A2.2 to A2.4.
"""

from simorgh.models.cvae import CVAEConfig
from simorgh.recipes._parts import FAST, LONG
from simorgh.recipes._parts import experiment as _experiment
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return _experiment(
        preset,
        CVAEConfig(latent_dim=2, input_noise=0.3 if preset == "paper" else 0.0),
        epochs={"cpu": 10, "paper": 100},
        optimiser=LONG if preset == "paper" else FAST,
    )
