"""Dense VAE on 50,000 of the MNIST images, 10,000 held out, at the rate 1e-4 of the assignment.

simorgh train vae-dense --preset cpu     10 passes, about 45 s on two cores
simorgh train vae-dense --preset paper   100 passes, as asked

Requirements D5.1, D5.3, D5.4 (VAE half), D5.5: a snapshot after every pass.
"""

from simorgh.data import DataConfig
from simorgh.models.vae import VAEConfig
from simorgh.recipes._parts import QUICK
from simorgh.recipes._parts import experiment as _experiment
from simorgh.train import Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    passes = {"cpu": 10, "paper": 100}
    return _experiment(
        preset,
        VAEConfig(latent_dim=8),
        data=DataConfig("mnist", validation=10_000),
        epochs=passes,
        evaluate=QUICK,
        optimiser=OptimiserConfig(lr=1e-4),
        keep="best",
        snapshots=passes.get(preset, 2),
    )
