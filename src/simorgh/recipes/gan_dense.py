"""Dense GAN on 50,000 of the MNIST images, 10,000 held out, at the rate 3e-4 of the assignment.

simorgh train gan-dense --preset cpu     10 passes, about 4 minutes on two cores, in fp32
simorgh train gan-dense --preset paper   100 passes, as asked, 34 minutes on one thread: seed 0 ends on nine of the ten
                                         digits, 41 % of its samples one of them, and at fd-digits 42.9, where 10 passes
                                         have 13: more training did harm

Requirements D5.2, D5.3, D5.4 (GAN half), D5.5: a snapshot after every pass.
"""

from simorgh.data import DataConfig
from simorgh.models.gan import GANConfig
from simorgh.nn.players import Players
from simorgh.recipes._parts import adversarial as _adversarial
from simorgh.train import Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    passes = {"cpu": 10, "paper": 100}
    return _adversarial(
        preset,
        GANConfig(players=Players("dense", width=256)),
        data=DataConfig("mnist", validation=10_000),
        epochs=passes,
        optimiser=OptimiserConfig(lr=3e-4, schedule="cosine", betas=(0.5, 0.99)),
        batch_size=64,
        precision="fp32",
        snapshots=passes.get(preset, 2),
    )
