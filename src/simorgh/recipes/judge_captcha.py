"""The reader of captchas, whose trained weights are part of the package: do generated ones show the text asked for.

simorgh train judge-captcha --preset cpu     10 passes over 35,000 images, about 4 minutes of one
                                             thread and one to draw them; 98.6 % of test texts are
                                             read exactly, 99.7 % of their signs

It reads grey images of 32 x 128 pixels, to which larger ones are reduced. It learns from other captchas than any
generator does: trained on their 5,000, it was right about 98 % of those texts and 93 % of others. One head for all
places, with a linear layer that decided where to look, stopped at 92 %.
"""

from simorgh.data import DataConfig
from simorgh.models.factor_reader import FactorReaderConfig
from simorgh.nn.networks import Network
from simorgh.recipes._parts import experiment as _experiment
from simorgh.train import Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    return _experiment(
        preset,
        FactorReaderConfig(Network("glimpses", (16, 32, 64, 64), "relu"), features=320, shift=4),
        data=DataConfig("captcha-small" if preset == "smoke" else "captcha-many"),
        epochs={"cpu": 10, "paper": 40},
        optimiser=OptimiserConfig(kind="adamw", lr=2e-3, schedule="one-cycle", warmup=0.2, weight_decay=0.01),
        batch_size=64,
        snapshots=2,
    )
