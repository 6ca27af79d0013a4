"""VQ-VAE with residual networks and 512 running-mean codes of 64 dimensions, on coloured MNIST.

simorgh train vq-res --preset cpu     4 passes, half of them for the prior, with 32 channels in place of 128, about 4
                                      minutes on one core: 0.05 s a step, then 0.14 s
simorgh train vq-res --preset paper   128 passes: 15,000 updates of the autoencoder at batch 256 and Adam 1e-3, then as
                                      many of the prior

Requirements C6.1 to C6.8.
"""

from dataclasses import replace

from simorgh.data import DataConfig
from simorgh.models.vq_vae import VQVAEConfig
from simorgh.nn.codebook import Codebook
from simorgh.nn.grids import GridNetwork
from simorgh.recipes._parts import discrete as _discrete
from simorgh.train import Experiment, OptimiserConfig

NETWORK = GridNetwork(hidden=128, residual=32, blocks=2)


def experiment(preset: str) -> Experiment:
    paper = preset == "paper"
    network = NETWORK if paper else replace(NETWORK, hidden=32, residual=16)
    book = Codebook(codes=512, dim=64, kind="ema", commitment=0.25, decay=0.99)
    return _discrete(
        preset,
        VQVAEConfig(book, network),
        data=DataConfig("mnist-rgb"),
        epochs={"cpu": 4, "paper": 128},
        **({"optimiser": OptimiserConfig(lr=1e-3), "batch_size": 256} if paper else {}),
    )
