"""GAN on 8x8 digits that come with scikit-learn: no file needed.

simorgh train digits-gan --preset cpu     60 passes, about 20 s on two cores
simorgh train digits-gan --preset paper   200 passes

In fp32: products as small as these gain nothing from bfloat16.
"""

from simorgh.data import DataConfig
from simorgh.models.gan import GANConfig
from simorgh.nn.players import Players
from simorgh.recipes._parts import adversarial as _adversarial
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return _adversarial(
        preset,
        GANConfig(latent_dim=16, players=Players(width=32)),
        data=DataConfig("digits"),
        epochs={"cpu": 60, "paper": 200},
        batch_size=64,
        precision="fp32",
        snapshot_samples=100,
    )
