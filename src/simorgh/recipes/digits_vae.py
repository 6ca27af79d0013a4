"""VAE with a two-dimensional code on scikit-learn's 8x8 digits: no file needed.

simorgh train digits-vae     60 passes, about 10 s on two cores
"""

from simorgh.data import DataConfig
from simorgh.models.vae import VAEConfig
from simorgh.nn.networks import Network
from simorgh.recipes._parts import experiment as _experiment
from simorgh.train import EvaluateConfig, Experiment


def experiment(preset: str) -> Experiment:
    return _experiment(
        preset,
        VAEConfig(latent_dim=2, network=Network(hidden=(256, 128))),
        data=DataConfig("digits"),
        epochs={"cpu": 60, "paper": 300},
        evaluate=EvaluateConfig(importance_samples=1000, importance_images=360, samples=360),
        batch_size=64,
        log_every=20,
    )
