"""The noise-conditional score network of Song & Ermon 2019 on MNIST.

simorgh train ncsn --preset cpu     6 passes, about 11 minutes on two cores
simorgh train ncsn --preset paper   200 passes of a network of 29 million parameters in place of 1.1

Ten levels from 1 to 0.01 for images in [0, 1], a hundred Langevin steps at each, a fifth of sigma^2 long as in their
code (their text halves that), and a last denoising. Requirements D1.a to D1.c.
"""

from simorgh.diffusion.levels import Levels
from simorgh.diffusion.path import VE
from simorgh.diffusion.sampler import Sampler
from simorgh.diffusion.steps import Langevin
from simorgh.models.diffusion import DiffusionConfig
from simorgh.recipes._parts import denoising as _denoising
from simorgh.train import EvaluateConfig, Experiment


def experiment(preset: str) -> Experiment:
    model = DiffusionConfig(
        path=VE(0.01, 1.0),
        target="score",
        levels=Levels("ladder", 10),
        deviation=0.31,
        centred=False,
        sampler=Sampler(Langevin(ratio=0.2, repeats=5 if preset == "smoke" else 100), 10),
    )
    # A sample costs a thousand evaluations of the network: a hundred at each snapshot would take as long as training.
    few = {"evaluate": EvaluateConfig(importance_samples=0, samples=500), "snapshot_samples": 20}
    short = few if preset == "cpu" else {}
    return _denoising(preset, model, epochs={"cpu": 6, "paper": 200}, snapshots=4, **short)
