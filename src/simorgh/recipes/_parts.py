"""What many recipes share."""

from dataclasses import replace
from typing import Any

from simorgh.contracts import Config
from simorgh.data import DataConfig, SmilesConfig
from simorgh.models.diffusion import DiffusionConfig
from simorgh.nn.networks import Network
from simorgh.nn.unet import UNet
from simorgh.train import EvaluateConfig, Experiment, OptimiserConfig, TrainConfig

FAST = OptimiserConfig(kind="adam", lr=4e-3, schedule="one-cycle", warmup=0.3)
LONG = OptimiserConfig(kind="adam", lr=2e-3, schedule="one-cycle", warmup=0.1, clip=200.0)
"""For a hundred passes: FAST stays at its highest rate for so long that a VAE was seen to diverge there. Norms of the
gradient lie near 100, so the clip touches accidents only."""

QUICK = EvaluateConfig(importance_images=200)
"""For models whose likelihood is not what their study is about."""

NO_BOUND = EvaluateConfig(importance_samples=0)
"""Where 5,000 decodings of a large image would take longer than the training."""


def experiment(
    preset: str,
    model: Config,
    *,
    data: DataConfig | None = None,
    epochs: dict[str, float],
    optimiser: OptimiserConfig = FAST,
    evaluate: EvaluateConfig | None = None,
    **train: Any,
) -> Experiment:
    """The Experiment of a preset; `smoke` is always 512 training images, two passes and small evaluations."""
    data = data or DataConfig("mnist")
    evaluate = evaluate or EvaluateConfig()
    if preset == "smoke":
        data = replace(data, limit=512, validation=min(data.validation, 128))
        evaluate = EvaluateConfig(importance_samples=20, importance_images=20, samples=200, images=300)
        train |= {"batch_size": min(train.get("batch_size", 128), 64), "log_every": 4, "snapshots": 2}
        train |= {"snapshot_samples": min(train.get("snapshot_samples", 10), 100)}
    length = epochs.get(preset, 2.0)
    return Experiment("", preset, data, model, TrainConfig(epochs=length, optimiser=optimiser, **train), evaluate)


def adversarial(
    preset: str,
    model: Config,
    *,
    epochs: dict[str, float],
    data: DataConfig | None = None,
    optimiser: OptimiserConfig | None = None,
    **train: Any,
) -> Experiment:
    """A game of two players: Adam without momentum, an averaged generator, many snapshots of samples, so that a
    distance can be followed along training.

    Rate, betas and batch are the best of 14 trials of `simorgh sweep gan` (results/sweeps/gan.json). No trial with
    beta_1 0.5 came below twice the distance of the best, but none differs from another in nothing else; in the grids
    of `simorgh study gan_mnist`, where the generator's alone is moved, it makes no such difference. The rate falls to
    zero: at a constant 1e-3 the GAN on MNIST was seen to be best after 1,500 steps and four times worse after 7,500,
    digits being lost one by one.

    bfloat16 products took 0.5 to 0.85 of the time where the processor has them; the times of recipes that do not ask
    for "fp32" are with them, and a processor without needs up to twice as long.
    """
    return experiment(
        preset,
        model,
        data=data,
        epochs=epochs,
        optimiser=optimiser or OptimiserConfig(lr=1.1e-3, schedule="cosine", betas=(0.0, 0.999)),
        **{
            "batch_size": 128, "ema_half_life": 20_000.0, "precision": "auto", "snapshots": 20,
            "snapshot_samples": 2000, **train,
        },
    )  # fmt: skip


TABLE_6 = Network("deep-conv", (32, 32, 64, 64, 256), "relu")
"""Encoder and decoder of Shao et al. 2020 (arXiv 2004.05988), table 6: 763,285 parameters with ten latents."""


def sprites(preset: str, model: Config, *, data: str, epochs: dict[str, float], **train: Any) -> Experiment:
    """A model with TABLE_6 on binary 64 x 64 sprites: Adam, batch 64; 1e-4 as published at `paper`, and 5e-4 at `cpu`,
    where minutes must do. `smoke` takes the upright ones, for all of them fill 3 GB."""
    return experiment(
        preset,
        model,
        data=DataConfig("dsprites-upright" if preset == "smoke" else data),
        epochs=epochs,
        optimiser=OptimiserConfig(lr=1e-4 if preset == "paper" else 5e-4),
        **{"batch_size": 64, "evaluate": NO_BOUND, "snapshots": 20, **train},
    )


def discrete(preset: str, model: Config, *, epochs: dict[str, float], lr: float = 2e-3, **settings: Any) -> Experiment:
    """A codebook at the rate `lr`, then a prior over its maps at 2e-3 and a clipped gradient, each with a rate that
    rises over a tenth of its own stage and falls."""
    rule = OptimiserConfig(lr=lr, schedule="one-cycle", warmup=0.1)
    given = {"optimiser": rule, "optimisers": {"prior": replace(rule, lr=2e-3, clip=5.0)}, **settings}
    return experiment(preset, model, epochs=epochs, **given)


BACKBONE = UNet((40, 80), blocks=1, attention=(False, False))
"""On squares of 2 x 2 pixels, attention in the middle: the fastest of ten layouts of 1.1 to 1.3 million parameters."""

DDPM_BACKBONE = UNet((128, 256, 256), blocks=2, attention=(False, True, False), dropout=0.1, patch=1)
"""Near Ho et al. 2020, appendix B, for 28 x 28: attention at 14 x 14."""


def denoising(preset: str, model: DiffusionConfig, *, epochs: dict[str, float], **settings: Any) -> Experiment:
    """A diffusion model with an average of its weights; the network is BACKBONE, and DDPM_BACKBONE at `paper`.

    2,000 samples are judged at `cpu`, for each costs some fifty evaluations of the network, and the density of 100
    images is computed, for each costs some thousand.
    """
    paper = preset == "paper"
    rule = OptimiserConfig(lr=2e-4 if paper else 2e-3, schedule="cosine", warmup=0.05, clip=1.0)
    given = {
        "optimiser": rule, "ema_half_life": 50_000.0, "precision": "auto", "snapshot_samples": 100,
        "evaluate": EvaluateConfig(0, samples=10_000 if paper else 2000, density_images=1000 if paper else 100),
        **settings,
    }  # fmt: skip
    network = replace(DDPM_BACKBONE if paper else BACKBONE, inject=model.network.inject)
    if preset == "smoke":
        given["snapshot_samples"] = 10
        network = replace(network, channels=(16, 32))
        model = vary_sampler(model, steps=3)
    return experiment(preset, replace(model, network=network), epochs=epochs, **given)


def vary_sampler(model: DiffusionConfig, **sampler: Any) -> DiffusionConfig:
    """`model` with other settings of its sampler."""
    return replace(model, sampler=replace(model.sampler, **sampler))


def vary(base: Experiment, **model: Any) -> Experiment:
    """`base` with other settings of its model."""
    return replace(base, model=replace(base.model, **model))


def perceptron(preset: str, model: Config, **train: Any) -> Experiment:
    """A classifier of MNIST: SGD at 0.1, batch 128, 30 passes over the first four fifths of the training images, a
    validation at the end of each (375 steps)."""
    return experiment(
        preset,
        model,
        data=DataConfig("mnist", validation=12_000),
        epochs={"cpu": 30, "paper": 30},
        optimiser=OptimiserConfig(kind="sgd", lr=0.1),
        **{"snapshots": 0, "log_every": 75, **train},
    )


def strings(
    preset: str,
    model: Config,
    *,
    epochs: dict[str, float],
    smiles: SmilesConfig | None = None,
    lr: float = 3e-3,
    **train: Any,
) -> Experiment:
    """A classifier of molecules: batches of 64, AdamW at a rate that rises and falls, a clipped gradient. `smoke`
    learns from 512 molecules and never from more than one spelling."""
    smiles = smiles or SmilesConfig()
    return experiment(
        preset,
        model,
        data=DataConfig("bbbp", smiles=replace(smiles, extra=0) if preset == "smoke" else smiles),
        epochs=epochs,
        optimiser=OptimiserConfig(kind="adamw", lr=lr, schedule="one-cycle", warmup=0.2, weight_decay=0.01, clip=1.0),
        **{"batch_size": 64, "snapshots": 0, **train},
    )
