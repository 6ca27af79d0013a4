"""The one list of models: the word that an experiment uses, and the config that builds it."""

from simorgh.models.autoencoder import AutoencoderConfig
from simorgh.models.beta_tcvae import BetaTCVAEConfig
from simorgh.models.classifier import ClassifierConfig
from simorgh.models.control_vae import ControlVAEConfig
from simorgh.models.cvae import CVAEConfig
from simorgh.models.diffusion import DiffusionConfig
from simorgh.models.factor_reader import FactorReaderConfig
from simorgh.models.factor_vae import FactorVAEConfig
from simorgh.models.gan import GANConfig
from simorgh.models.gpt import GPTConfig
from simorgh.models.iwae import IWAEConfig
from simorgh.models.latent_diffusion import LatentDiffusionConfig
from simorgh.models.mlp import MLPConfig
from simorgh.models.pretrained_gpt import PretrainedGPTConfig
from simorgh.models.r3gan import R3GANConfig
from simorgh.models.sequence_classifier import SequenceClassifierConfig
from simorgh.models.ssgan import SSGANConfig
from simorgh.models.vae import VAEConfig
from simorgh.models.vq_vae import VQVAEConfig
from simorgh.models.wgan import WGANConfig
from simorgh.models.wgan_gp import WGANGPConfig

MODELS = {
    "autoencoder": AutoencoderConfig,
    "beta-tcvae": BetaTCVAEConfig,
    "classifier": ClassifierConfig,
    "control-vae": ControlVAEConfig,
    "cvae": CVAEConfig,
    "diffusion": DiffusionConfig,
    "factor-reader": FactorReaderConfig,
    "factor-vae": FactorVAEConfig,
    "gan": GANConfig,
    "gpt": GPTConfig,
    "gpt-pretrained": PretrainedGPTConfig,
    "iwae": IWAEConfig,
    "latent-diffusion": LatentDiffusionConfig,
    "mlp": MLPConfig,
    "r3gan": R3GANConfig,
    "sequence-classifier": SequenceClassifierConfig,
    "ssgan": SSGANConfig,
    "vae": VAEConfig,
    "vq-vae": VQVAEConfig,
    "wgan": WGANConfig,
    "wgan-gp": WGANGPConfig,
}
