"""R3GAN on stacked MNIST, three digits in three channels: 1,000 modes to be drawn.

simorgh train r3gan-stacked --preset cpu     5 passes, about 12 minutes of one core: 993 modes
simorgh train r3gan-stacked --preset paper   20 passes, about an hour of one core: 1,000 modes of 1,000

`simorgh evaluate RUN --metrics modes` reads the digits of 10,000 samples (25,600 at paper) with the frozen judge.
In fp32, in which these modes were counted.
"""

from simorgh.data import DataConfig
from simorgh.models.r3gan import R3GANConfig
from simorgh.nn.players import Players
from simorgh.recipes._parts import adversarial as _adversarial
from simorgh.train import EvaluateConfig, Experiment, OptimiserConfig


def experiment(preset: str) -> Experiment:
    return _adversarial(
        preset,
        R3GANConfig(gamma=0.2, players=Players()),
        data=DataConfig("stacked-mnist"),
        epochs={"cpu": 5, "paper": 20},
        optimiser=OptimiserConfig(lr=1e-3, schedule="cosine", betas=(0.0, 0.9)),
        batch_size=64,
        precision="fp32",
        snapshots=5,
        snapshot_samples=100,
        evaluate=EvaluateConfig(samples=25_600 if preset == "paper" else 10_000),
    )
