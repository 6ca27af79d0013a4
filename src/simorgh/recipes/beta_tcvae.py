"""beta-TCVAE (beta 6) on all sprites.

simorgh train beta-tcvae --preset cpu     0.4 passes, 7 minutes on one core
simorgh train beta-tcvae --preset paper   130 passes, 1.5 million steps

Requirements C4.a, C4.b.
"""

from simorgh.models.beta_tcvae import BetaTCVAEConfig
from simorgh.recipes._parts import TABLE_6
from simorgh.recipes._parts import sprites as _sprites
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return _sprites(
        preset,
        BetaTCVAEConfig(network=TABLE_6),
        data="dsprites",
        epochs={"cpu": 0.4, "paper": 130},
    )
