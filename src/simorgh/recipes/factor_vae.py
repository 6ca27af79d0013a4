"""FactorVAE (gamma 10) on all sprites.

simorgh train factor-vae --preset cpu     0.4 passes, 11 minutes on one core
simorgh train factor-vae --preset paper   26 passes, the published 300,000 steps

Requirements C4.a, C4.b.
"""

from simorgh.models.factor_vae import FactorVAEConfig
from simorgh.recipes._parts import TABLE_6
from simorgh.recipes._parts import sprites as _sprites
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return _sprites(
        preset,
        FactorVAEConfig(network=TABLE_6),
        data="dsprites",
        epochs={"cpu": 0.4, "paper": 26},
    )
