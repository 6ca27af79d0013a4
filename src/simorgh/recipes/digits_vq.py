"""VQ-VAE on scikit-learn's 8x8 digits, four codes an image: no file needed.

simorgh train digits-vq --preset cpu     60 passes, half of them for the prior, about 20 s on two cores
simorgh train digits-vq --preset paper   300 passes
"""

from simorgh.data import DataConfig
from simorgh.models.vq_vae import VQVAEConfig
from simorgh.nn.autoregressive import Autoregressive
from simorgh.nn.codebook import Codebook
from simorgh.nn.grids import GridNetwork
from simorgh.recipes._parts import discrete as _discrete
from simorgh.train import EvaluateConfig, Experiment


def experiment(preset: str) -> Experiment:
    prior = Autoregressive(width=32, layers=2)
    return _discrete(
        preset,
        VQVAEConfig(Codebook(codes=32, dim=8), GridNetwork(hidden=32, residual=16, blocks=1), prior=prior),
        data=DataConfig("digits"),
        epochs={"cpu": 60, "paper": 300},
        evaluate=EvaluateConfig(importance_samples=0, samples=360),
        batch_size=64,
        log_every=20,
    )
