"""The reader of factors whose features give fd-sprites; its trained weights are part of the package.

simorgh train judge-sprites --preset cpu     30 passes, about 2 minutes on two cores; all four factors right for every
                                             image

Images are the upright sprites, all of which it sees: it is a measuring device for pictures of them, not a model that
should generalise.
"""

from simorgh.data import DataConfig
from simorgh.models.factor_reader import FactorReaderConfig
from simorgh.recipes._parts import experiment as _experiment
from simorgh.train import Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    return _experiment(
        preset,
        FactorReaderConfig(),
        data=DataConfig("dsprites-upright"),
        epochs={"cpu": 30, "paper": 100},
        optimiser=OptimiserConfig(kind="adamw", lr=3e-3, schedule="one-cycle", warmup=0.2, weight_decay=0.01),
    )
