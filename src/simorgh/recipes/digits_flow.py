"""Flow matching on the 8 x 8 digits that come with scikit-learn: no file needed.

simorgh train digits-flow --preset cpu     120 passes, about a minute on two cores

Requirement D4.a, in little.
"""

from dataclasses import replace

from simorgh.data import DataConfig
from simorgh.nn.unet import UNet
from simorgh.recipes import flow
from simorgh.recipes._parts import vary
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    base = vary(flow.experiment(preset), network=UNet((24, 48), patch=1, attention=(False, False), heads=2))
    data = DataConfig("digits", limit=base.data.limit)
    return replace(base, data=data, train=replace(base.train, epochs=2 if preset == "smoke" else 120))
