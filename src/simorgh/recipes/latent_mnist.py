"""Latent diffusion on MNIST: maps of 7 x 7 x 4 in place of 28 x 28 pixels, the class by cross-attention.

simorgh train latent-mnist --preset cpu     10 passes, three of them for the codec, about 14 minutes on two free cores
                                             (48 on one, beside other work)
simorgh train latent-mnist --preset paper   200 passes of a network of 30 million parameters in place of 4

Flow matching as in `flow`, behind a codec of its own. Requirement D4.d.
"""

from dataclasses import replace

from simorgh.models.latent_diffusion import LatentDiffusionConfig
from simorgh.nn.grids import GridNetwork
from simorgh.nn.unet import UNet
from simorgh.recipes import flow
from simorgh.train import Experiment

SMALL = UNet((96, 128), attention=(True, False), inject="cross", patch=1)


def experiment(preset: str) -> Experiment:
    base = flow.experiment(preset)
    paper, smoke = preset == "paper", preset == "smoke"
    network = (
        replace(base.model.network, inject="cross") if paper else replace(SMALL, channels=(16, 32)) if smoke else SMALL
    )
    model = LatentDiffusionConfig(replace(base.model, network=network), GridNetwork(hidden=64, residual=32, blocks=1))
    epochs = base.train.epochs if smoke or paper else 10.0
    return replace(base, model=model, train=replace(base.train, epochs=epochs))
