"""WGAN with clipped weights: a critic in a box, RMSprop, five critic steps to one of the generator.

simorgh train wgan --preset cpu     14 passes of the critic, about 6 minutes on two cores; fast settings in place of
                                    the published ones: rates 5e-4 (critic) and 2e-3 (generator) that fall to zero,
                                    c = 0.03, no long phases
simorgh train wgan --preset paper   500 passes of the critic: rate 5e-5, c = 0.01, phases of 100 critic steps

With the published settings five minutes are 600 generator steps at a tiny rate, and the samples are still one blot
(fd-digits 46). The generator moves at every fifth step only, hence its higher rate: after 14 passes of seed 0 one rate
of 5e-4 for both left 7.0, 1.5e-3 for the generator 5.6 (2,000 samples), and 2e-3 leaves 3.9. Players as in `gan`.
Requirements B3.2, B3.3.
"""

from dataclasses import replace

from simorgh.models.wgan import WGANConfig
from simorgh.recipes._parts import adversarial as _adversarial
from simorgh.train import Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    paper = preset == "paper"
    fast = OptimiserConfig("rmsprop", lr=5e-4, schedule="cosine")
    return _adversarial(
        preset,
        WGANConfig() if paper else WGANConfig(clip=0.03, long_phases=False),
        epochs={"cpu": 14, "paper": 500},
        optimiser=OptimiserConfig("rmsprop", lr=5e-5) if paper else fast,
        optimisers={} if paper else {"generator": replace(fast, lr=2e-3)},
        batch_size=64,
    )
