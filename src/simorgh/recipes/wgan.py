"""WGAN with clipped weights: a critic in a box, RMSprop, five critic steps to one of the generator.

simorgh train wgan --preset cpu     6 passes of the critic, about 5 minutes on two cores; fast settings in place of
                                    the published ones: rate 5e-4 falling to zero, c = 0.03, no long phases
simorgh train wgan --preset paper   500 passes of the critic: rate 5e-5, c = 0.01, phases of 100 critic steps

With the published settings five minutes are 600 generator steps at a tiny rate, and the samples are still one blot
(fd-digits 46). Players as in `gan`. Requirements B3.2, B3.3.
"""

from simorgh.models.wgan import WGANConfig
from simorgh.recipes._parts import adversarial as _adversarial
from simorgh.train import Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    paper = preset == "paper"
    return _adversarial(
        preset,
        WGANConfig() if paper else WGANConfig(clip=0.03, long_phases=False),
        epochs={"cpu": 6, "paper": 500},
        optimiser=OptimiserConfig("rmsprop", lr=5e-5)
        if paper
        else OptimiserConfig("rmsprop", lr=5e-4, schedule="cosine"),
        batch_size=64,
    )
