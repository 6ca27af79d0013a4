"""VAE of Burda et al. 2015: 784-200-200 tanh nets, 50 dimensions, MNIST binarised anew for every batch.

simorgh train vae-50 --preset cpu     10 passes at batch 100, about 25 s on two cores: -log p 94.9 (5,000 draws)
simorgh train vae-50 --preset paper   3,280 passes at batch 20, as published: -log p 86.76 (5,000 draws)
"""

from simorgh.data import DataConfig
from simorgh.models.vae import VAEConfig
from simorgh.nn.networks import Network
from simorgh.recipes._parts import FAST
from simorgh.recipes._parts import experiment as _experiment
from simorgh.train import Experiment, OptimiserConfig

NETWORK = Network(hidden=(200, 200), activation="tanh")
SCHEDULE = OptimiserConfig(lr=1e-3, eps=1e-4, schedule="burda")


def experiment(preset: str) -> Experiment:
    paper = preset == "paper"
    return _experiment(
        preset,
        VAEConfig(latent_dim=50, network=NETWORK),
        data=DataConfig("mnist", binarise="dynamic"),
        epochs={"cpu": 10, "paper": 3280},
        optimiser=SCHEDULE if paper else FAST,
        batch_size=20 if paper else 100,
    )
