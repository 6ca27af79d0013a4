"""Every model of the list at smoke size, with the data it declares to fit, and how well it must learn by heart."""

from dataclasses import dataclass, replace

import torch

from simorgh.contracts import PAD, Batch, Config, DataSpec
from simorgh.data.tokenisers import SPECIAL
from simorgh.diffusion.condition import Condition
from simorgh.diffusion.levels import Levels
from simorgh.diffusion.path import VE, Line
from simorgh.diffusion.sampler import Sampler
from simorgh.diffusion.steps import DPMpp2M, Heun, Langevin
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
from simorgh.nn.autoregressive import Autoregressive
from simorgh.nn.codebook import Codebook
from simorgh.nn.dit import DiT
from simorgh.nn.grids import GridNetwork
from simorgh.nn.networks import Network
from simorgh.nn.players import Players
from simorgh.nn.text import TextEncoder
from simorgh.nn.unet import UNet

IMAGE = DataSpec(
    "image", (1, 8, 8), (0.0, 1.0), classes=3, factors=(3, 2), captions=("one", "a two", "سه"), mean=(0.3,) * 64
)
TOKENS = DataSpec("tokens", (12,), (0.0, 6.0), classes=3, vocabulary=("<pad>", "<unknown>", *"CNO=("))
TEXT = DataSpec("tokens", (16,), (0.0, 10.0), vocabulary=(*SPECIAL, *"ابپتثج"))
SMALL = Network(hidden=(32, 16))
CONV = Network(kind="conv", hidden=(4, 8, 16))
GLIMPSES = Network("glimpses", (8, 8, 16), "relu")
SHUFFLE = Players(width=16)
DENSE = Players("dense", width=16)
DEEP = Network("deep-conv", (8, 16))
GRID = GridNetwork(hidden=16, residual=8, blocks=1)
PRIOR = Autoregressive(width=16, layers=1, heads=2)
UNET = UNet((8, 16), attention=(False, True), heads=2, group=4, patch=1)
LADDER = Levels("ladder", 10)
RESIDUAL = Players("residual", width=8, critic_width=8, spectral=True)


@dataclass(frozen=True)
class Member:
    """`kind` is its word in MODELS; `memorises` the loss it must go below on eight examples, `rate` how fast."""

    kind: str
    config: Config
    spec: DataSpec
    memorises: float
    rate: float = 1e-2
    steps: int = 400
    betas: tuple[float, float] = (0.9, 0.999)


def _codes(
    memorises: float, *, kind: str = "gradient", levels: tuple[int, ...] = (), rate: float = 0.0, **settings
) -> Member:
    """Nine codes for halves of images; `memorises` as for `_game`."""
    book = Codebook(codes=9, dim=2, kind=kind, levels=levels, rate=rate)
    config = VQVAEConfig(book, GRID, prior=PRIOR, **settings)
    return Member("vq-vae", config, IMAGE, memorises, 5e-3)


def _game(kind: str, config: Config, memorises: float, steps: int = 400) -> Member:
    """A model of two players: `memorises` is the mean squared distance of its samples to the nearest of `halves`,
    which is about 16 where nothing has been learnt."""
    return Member(kind, config, IMAGE, memorises, 2e-3, steps, (0.5, 0.9))


def _denoiser(memorises: float, **settings) -> Member:
    return Member("diffusion", DiffusionConfig(**{"network": UNET, **settings}), IMAGE, memorises, 1e-2, 200)


def _strings(**settings) -> Member:
    config = SequenceClassifierConfig(**{"hidden": 8, "embedding": 4, "dense": (8,), **settings})
    return Member("sequence-classifier", config, TOKENS, 0.1)


MEMBERS = {
    "autoencoder": Member("autoencoder", AutoencoderConfig(network=SMALL), IMAGE, 2.0),
    "autoencoder-noisy": Member("autoencoder", AutoencoderConfig(network=SMALL, noise=0.05), IMAGE, 20.0),
    "autoencoder-conv": Member("autoencoder", AutoencoderConfig(latent_dim=4, network=CONV), IMAGE, 10.0),
    "vae": Member("vae", VAEConfig(network=SMALL), IMAGE, 8.0),
    "vae-conv": Member("vae", VAEConfig(latent_dim=4, network=CONV), IMAGE, 20.0),
    "vae-beta": Member("vae", VAEConfig(latent_dim=4, network=SMALL, beta=2.0, warmup=0.5), IMAGE, 14.0),
    "vae-gaussian": Member("vae", VAEConfig(network=SMALL, likelihood="gaussian-learned"), IMAGE, 20.0),
    "vae-laplace": Member("vae", VAEConfig(network=SMALL, prior="laplace"), IMAGE, 12.0),
    "vae-student": Member("vae", VAEConfig(network=SMALL, prior="student"), IMAGE, 12.0),
    "vae-von-mises-fisher": Member("vae", VAEConfig(network=SMALL, prior="von-mises-fisher", beta=0.1), IMAGE, 10.0),
    "vae-mixture": Member("vae", VAEConfig(network=SMALL, prior="mixture"), IMAGE, 12.0),
    "vae-categorical": Member("vae", VAEConfig(latent_dim=1, network=SMALL, prior="categorical"), IMAGE, 24.0),
    "cvae": Member("cvae", CVAEConfig(network=SMALL), IMAGE, 8.0),
    "cvae-auxiliary": Member("cvae", CVAEConfig(network=SMALL, auxiliary=1.0), IMAGE, 10.0),
    "vae-deep": Member("vae", VAEConfig(latent_dim=4, network=DEEP), IMAGE, 20.0),
    "beta-tcvae": Member("beta-tcvae", BetaTCVAEConfig(4, SMALL, beta=2.0), IMAGE, 14.0),
    "factor-vae": Member("factor-vae", FactorVAEConfig(4, SMALL, gamma=1.0, discriminator=(16, 16)), IMAGE, 14.0),
    "control-vae": Member("control-vae", ControlVAEConfig(4, SMALL, target=2.0), IMAGE, 14.0),
    "iwae": Member("iwae", IWAEConfig(latent_dim=4, network=SMALL, draws=5), IMAGE, 12.0),
    "iwae-doubly": Member("iwae", IWAEConfig(4, SMALL, draws=5, chosen=2, doubly=True), IMAGE, 12.0),
    "classifier": Member("classifier", ClassifierConfig(width=8, features=16, smoothing=0.0), IMAGE, 0.1, 3e-3, 200),
    "factor-reader": Member("factor-reader", FactorReaderConfig(DEEP, 8), IMAGE, 0.1),
    "factor-reader-glimpses": Member("factor-reader", FactorReaderConfig(GLIMPSES, 8, shift=1), IMAGE, 0.1),
    "mlp": Member("mlp", MLPConfig((16, 8)), IMAGE, 0.1),
    "mlp-nll": Member("mlp", MLPConfig((16, 8), "leaky-relu", "nll"), IMAGE, 0.1),
    "mlp-dropout": Member("mlp", MLPConfig((16, 8), "sigmoid", dropout=0.2), IMAGE, 0.3),
    "gan": _game("gan", GANConfig(8, SHUFFLE), 6.0),
    "gan-saturating": _game("gan", GANConfig(8, SHUFFLE, saturating=True), 12.0, 800),
    "gan-dense": _game("gan", GANConfig(8, replace(DENSE, output="linear")), 6.0),
    "gan-conditional": _game("gan", GANConfig(8, SHUFFLE, conditional=True), 6.0),
    "vq-vae": _codes(2.0),
    "vq-vae-ema": _codes(2.0, kind="ema"),
    "vq-vae-rate": _codes(2.0, kind="ema", rate=1e-3),
    "vq-vae-fsq": _codes(2.0, kind="fsq", levels=(3, 3)),
    "vq-vae-bernoulli": _codes(2.0, reconstruction="bernoulli", conditional=True),
    "diffusion": _denoiser(0.3),
    "diffusion-conditional": _denoiser(0.3, condition=Condition("class", 8), sampler=Sampler(DPMpp2M(), 8)),
    "diffusion-score": _denoiser(
        0.6, path=VE(0.01, 5), target="score", levels=LADDER, centred=False, sampler=Sampler(Langevin(), 5)
    ),
    "diffusion-edm": _denoiser(
        0.7,
        path=VE(0.002, 80),
        target="edm",
        weight="edm",
        deviation=1.0,
        levels=Levels("log-normal"),
        sampler=Sampler(Heun(), 6),
    ),
    "diffusion-caption": _denoiser(0.3, condition=Condition("caption", 8, text=TextEncoder(8, 1, 2, 8))),
    "diffusion-signs": _denoiser(0.3, condition=Condition("signs", 8)),
    "diffusion-dit": _denoiser(0.4, network=DiT(16, 2, 2)),
    "latent-diffusion": Member(
        "latent-diffusion",
        LatentDiffusionConfig(DiffusionConfig(replace(UNET, channels=(16,), attention=(False,))), GRID, beta=0.001),
        IMAGE,
        6.0,
        5e-3,
    ),
    "diffusion-flow": _denoiser(1.2, path=Line(), target="velocity"),
    "wgan": _game("wgan", WGANConfig(8, DENSE, clip=0.1, critic_steps=2, long_phases=False), 6.0),
    "wgan-gp": _game("wgan-gp", WGANGPConfig(8, SHUFFLE, critic_steps=2), 6.0),
    "r3gan": _game("r3gan", R3GANConfig(8, Players(width=16, norm=False)), 6.0),
    "sequence-classifier": _strings(),
    "sequence-classifier-dense": _strings(recurrent="none", embedding=0),
    "sequence-classifier-both": _strings(bidirectional=True, head="last", layers=2),
    "sequence-classifier-equal": _strings(equal_parameters=True, head="pooled"),
    "sequence-classifier-attention": _strings(head="attention", dropout=0.1, token_dropout=0.1),
    "gpt": Member("gpt", GPTConfig(16, 2, 2), TEXT, 0.2),
    "gpt-pretrained": Member("gpt-pretrained", PretrainedGPTConfig(16, 2, 2, 0.0, 16), TEXT, 0.2),
    "ssgan": _game("ssgan", SSGANConfig(8, RESIDUAL), 6.0, 100),
    "ssgan-softplus": _game("ssgan", SSGANConfig(8, RESIDUAL, True, adversarial="non-saturating"), 6.0, 100),
}


def examples(spec: DataSpec, n: int = 8) -> Batch:
    """`n` images of black and white pixels, or strings of 1 to 12 tokens, with labels in turn; of texts, rows of other
    lengths with other prompts."""
    generator = torch.Generator().manual_seed(7)
    if spec.kind == "tokens" and spec.classes:
        x = torch.randint(2, len(spec.vocabulary), (n, *spec.shape), generator=generator)
        mask = torch.arange(spec.shape[0]) < torch.randint(1, spec.shape[0] + 1, (n, 1), generator=generator)
        return Batch(x * mask, torch.arange(n) % spec.classes, mask)
    if spec.kind == "tokens":
        x = torch.randint(len(SPECIAL), len(spec.vocabulary), (n, *spec.shape), generator=generator)
        place, turn = torch.arange(spec.shape[0]), torch.arange(n)[:, None]
        behind = place > spec.shape[0] - 1 - turn % 3
        return Batch(x.masked_fill(behind, PAD), mask=~behind & (place > 1 + turn % 4))
    x = (torch.rand(n, *spec.shape, generator=generator) < 0.4).float()
    low, high = spec.value_range
    turn = torch.arange(n)
    return Batch(low + (high - low) * x, turn % spec.classes, None, torch.stack([turn % 3, turn % 2], 1), turn % 3)


def halves(spec: DataSpec, n: int = 8) -> Batch:
    """`n` images, black but for the left, right, upper or lower half in turn: the smallest law with modes to find."""
    x = torch.zeros(n, *spec.shape)
    height, width = spec.shape[1] // 2, spec.shape[2] // 2
    for i in range(n):
        part = [(..., slice(width)), (..., slice(width, None)), (..., slice(height), slice(None)),
                (..., slice(height, None), slice(None))][i % 4]  # fmt: skip
        x[i][part] = 1
    return Batch(x, torch.arange(n) % spec.classes)
