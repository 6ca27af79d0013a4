"""ControlVAE that holds the KL at 8 nats, on upright sprites.

simorgh train control-vae-8 --preset cpu     20 passes, about 8 minutes on two cores
simorgh train control-vae-8 --preset paper   5000 passes, 1.44 million steps (1.5 published)

A constant set point, as the assignment has it; model.ramp:ramp takes the authors' slow rise. The published gains are
meant for 1.5 million steps: with them 8 nats are met after some 10,000, so the shorter presets take them fourfold, 0.04
and 0.004 in place of 0.01 and 0.001.
Requirements B1.13 to B1.16.
"""

from simorgh.models.control_vae import ControlVAEConfig
from simorgh.recipes._parts import TABLE_6
from simorgh.recipes._parts import sprites as _sprites
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    gains = {} if preset == "paper" else {"kp": 0.04, "ki": 0.004}
    return _sprites(
        preset,
        ControlVAEConfig(network=TABLE_6, target=8, **gains),
        data="dsprites-upright",
        epochs={"cpu": 20, "paper": 5000},
    )
