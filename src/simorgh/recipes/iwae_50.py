"""IWAE of Burda et al. 2015 with 50 draws: 784-200-200 tanh nets, 50 dimensions, MNIST binarised anew.

simorgh train iwae-50 --preset cpu     5 passes at batch 100, about 4 minutes on two cores: -log p 96.5 (5,000 draws,
                                       the first 1,000 test images, which are easier by 0.9 than all)
simorgh train iwae-50 --preset paper   60 passes at batch 100, about 45 minutes on one core

The published table has -log p 84.78 (5,000 draws, all test images) after 3,280 passes at batch 20. Here the gradient
goes through four draws, chosen by their weights, in place of all 50 (their section 3), and Muon steps, which cost
little beside 50 decodings of each image.
"""

from simorgh.data import DataConfig
from simorgh.models.iwae import IWAEConfig
from simorgh.recipes._parts import FAST
from simorgh.recipes._parts import experiment as _experiment
from simorgh.recipes.vae_50 import NETWORK
from simorgh.train import EvaluateConfig, Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    paper = preset == "paper"
    slow = OptimiserConfig(kind="muon", lr=3e-3, schedule="one-cycle", warmup=0.1)
    return _experiment(
        preset,
        IWAEConfig(latent_dim=50, network=NETWORK, draws=50, chosen=4 if paper else 0),
        data=DataConfig("mnist", binarise="dynamic"),
        epochs={"cpu": 5, "paper": 60},
        optimiser=slow if paper else FAST,
        evaluate=EvaluateConfig(importance_images=10_000) if paper else None,
        batch_size=100,
    )
