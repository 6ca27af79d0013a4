"""The reader of captchas, which says whether generated ones show the text that was asked for; its trained weights are
part of the package.

simorgh train judge-captcha --preset cpu     24 passes, about 3 minutes on two cores; 98.5 % of the signs of test images
                                             right, and all five of an image for 93 %

It reads grey images of 32 x 128 pixels, to which larger ones are reduced. On training images it is right about 98 % of
the texts: what it lacks is more drawn captchas, not more passes.
"""

from simorgh.data import DataConfig
from simorgh.models.factor_reader import FactorReaderConfig
from simorgh.nn.networks import Network
from simorgh.recipes._parts import experiment as _experiment
from simorgh.train import Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    return _experiment(
        preset,
        FactorReaderConfig(Network("glimpses", (16, 32, 64, 64), "relu"), features=160, shift=4),
        data=DataConfig("captcha-small"),
        epochs={"cpu": 24, "paper": 60},
        optimiser=OptimiserConfig(kind="adamw", lr=2e-3, schedule="one-cycle", warmup=0.2, weight_decay=0.01),
        batch_size=64,
        snapshots=2,
    )
