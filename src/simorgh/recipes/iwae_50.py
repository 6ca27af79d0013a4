"""IWAE of Burda et al. 2015 with 50 draws: 784-200-200 tanh nets, 50 dimensions, MNIST binarised anew.

simorgh train iwae-50 --preset cpu     5 passes at batch 100, about 4 minutes on two cores: -log p 96.5 (5,000 draws)
simorgh train iwae-50 --preset paper   3,280 passes at batch 20, as published: -log p 84.78 (5,000 draws)
"""

from simorgh.data import DataConfig
from simorgh.models.iwae import IWAEConfig
from simorgh.recipes._parts import FAST
from simorgh.recipes._parts import experiment as _experiment
from simorgh.recipes.vae_50 import NETWORK, SCHEDULE
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    paper = preset == "paper"
    return _experiment(
        preset,
        IWAEConfig(latent_dim=50, network=NETWORK, draws=50),
        data=DataConfig("mnist", binarise="dynamic"),
        epochs={"cpu": 5, "paper": 3280},
        optimiser=SCHEDULE if paper else FAST,
        batch_size=20 if paper else 100,
    )
