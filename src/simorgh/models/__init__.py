"""The one list of models: the word that an experiment uses, and the config that builds it."""

from simorgh.models.autoencoder import AutoencoderConfig
from simorgh.models.classifier import ClassifierConfig
from simorgh.models.cvae import CVAEConfig
from simorgh.models.iwae import IWAEConfig
from simorgh.models.vae import VAEConfig

MODELS = {
    "autoencoder": AutoencoderConfig,
    "classifier": ClassifierConfig,
    "cvae": CVAEConfig,
    "iwae": IWAEConfig,
    "vae": VAEConfig,
}
