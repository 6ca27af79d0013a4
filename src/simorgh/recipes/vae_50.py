"""VAE of Burda et al. 2015: 784-200-200 tanh nets, 50 dimensions, MNIST binarised anew for every batch.

simorgh train vae-50 --preset cpu     10 passes at batch 100, about 25 s on two cores: -log p 94.9 (5,000 draws, the
                                      first 1,000 test images, which are easier by 0.9 than all)
simorgh train vae-50 --preset paper   500 passes at batch 100, 50 minutes on one core: -log p 87.07 (5,000 draws, all
                                      test images)

The published table has -log p 86.76 (5,000 draws, all test images) after 3,280 passes at batch 20, whose rates are
--train.optimiser.schedule burda; a rate that rises and falls comes within a third of a nat in a seventh of the passes.
"""

from simorgh.data import DataConfig
from simorgh.models.vae import VAEConfig
from simorgh.nn.networks import Network
from simorgh.recipes._parts import FAST, LONG
from simorgh.recipes._parts import experiment as _experiment
from simorgh.train import EvaluateConfig, Experiment

NETWORK = Network(hidden=(200, 200), activation="tanh")


def experiment(preset: str) -> Experiment:
    paper = preset == "paper"
    return _experiment(
        preset,
        VAEConfig(latent_dim=50, network=NETWORK),
        data=DataConfig("mnist", binarise="dynamic"),
        epochs={"cpu": 10, "paper": 500},
        optimiser=LONG if paper else FAST,
        evaluate=EvaluateConfig(importance_images=10_000) if paper else None,
        batch_size=100,
    )
