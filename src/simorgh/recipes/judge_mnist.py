"""The digit classifier whose features give fd-digits; its trained weights are part of the package.

simorgh train judge-mnist --preset cpu     6 passes, about 6 minutes on two cores; test accuracy at least 99.3 %
"""

from simorgh.models.classifier import ClassifierConfig
from simorgh.recipes._parts import experiment as _experiment
from simorgh.train import Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    optimiser = OptimiserConfig(kind="adamw", lr=3e-3, schedule="one-cycle", warmup=0.2, weight_decay=0.01)
    return _experiment(preset, ClassifierConfig(), epochs={"cpu": 6, "paper": 30}, optimiser=optimiser)
