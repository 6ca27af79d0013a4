"""CVAE of the same size as vae-fc: twenty dimensions, dense layers, 10 passes, on MNIST.

simorgh train cvae-fc --preset cpu     10 passes, about 45 s on two cores
simorgh train cvae-fc --preset paper   100 passes

Negative ELBO at `cpu`: 92.9 nats per test image over three seeds.

Requirements C5.1, C5.3, C5.4.
"""

from simorgh.models.cvae import CVAEConfig
from simorgh.recipes._parts import QUICK
from simorgh.recipes._parts import experiment as _experiment
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return _experiment(preset, CVAEConfig(latent_dim=20), epochs={"cpu": 10, "paper": 100}, evaluate=QUICK)
