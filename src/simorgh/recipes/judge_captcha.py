"""The reader of captchas, which says whether generated ones show the text that was asked for; its trained weights are
part of the package.

simorgh train judge-captcha --preset cpu     RESULT

It reads grey images of 32 x 128 pixels, to which larger ones are reduced, each sign in its own glimpse by one head that
all places share. It learns from other captchas than any generator: of 5,000 images it had known 98 % of the texts, and
93 % of those of others.
"""

from simorgh.data import DataConfig
from simorgh.models.factor_reader import FactorReaderConfig
from simorgh.nn.networks import Network
from simorgh.recipes._parts import experiment as _experiment
from simorgh.train import Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    return _experiment(
        preset,
        FactorReaderConfig(Network("glimpses", (16, 32, 64, 64), "relu"), features=320, shift=4, shared=True),
        data=DataConfig("captcha-many"),
        epochs={"cpu": 6, "paper": 40},
        optimiser=OptimiserConfig(kind="adamw", lr=2e-3, schedule="one-cycle", warmup=0.2, weight_decay=0.01),
        batch_size=64,
        snapshots=2,
    )
