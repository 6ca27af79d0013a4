"""What many recipes share."""

from dataclasses import replace
from typing import Any

from simorgh.contracts import Config
from simorgh.data import DataConfig
from simorgh.train import EvaluateConfig, Experiment, OptimiserConfig, TrainConfig

FAST = OptimiserConfig(kind="adam", lr=4e-3, schedule="one-cycle", warmup=0.3)
LONG = OptimiserConfig(kind="adam", lr=2e-3, schedule="one-cycle", warmup=0.1, clip=200.0)
"""For a hundred passes: FAST stays at its highest rate for so long that a VAE was seen to diverge there. Norms of the
gradient lie near 100, so the clip touches accidents only."""

QUICK = EvaluateConfig(importance_images=200)
"""For models whose likelihood is not what their study is about."""


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
        evaluate = EvaluateConfig(importance_samples=20, importance_images=20, samples=200)
        train |= {"batch_size": min(train.get("batch_size", 128), 64), "log_every": 4, "snapshots": 2}
        train |= {"snapshot_samples": min(train.get("snapshot_samples", 10), 100)}
    length = epochs.get(preset, 2.0)
    return Experiment("", preset, data, model, TrainConfig(epochs=length, optimiser=optimiser, **train), evaluate)


def adversarial(
    preset: str,
    model: Config,
    *,
    epochs: dict[str, float],
    lr: float = 1e-3,
    data: DataConfig | None = None,
    optimiser: OptimiserConfig | None = None,
    **train: Any,
) -> Experiment:
    """A game of two players: Adam with little momentum, an averaged generator, many snapshots of samples, so that a
    distance can be followed along training. The rate falls to zero: at a constant 1e-3 the GAN on MNIST was seen to
    be best after 1,500 steps (fd-digits 3) and four times worse after 7,500, digits being lost one by one."""
    return experiment(
        preset,
        model,
        data=data,
        epochs=epochs,
        optimiser=optimiser or OptimiserConfig(lr=lr, schedule="cosine", betas=(0.5, 0.99)),
        **{"batch_size": 64, "ema_half_life": 20_000.0, "snapshots": 20, "snapshot_samples": 2000, **train},
    )


def vary(base: Experiment, **model: Any) -> Experiment:
    """`base` with other settings of its model."""
    return replace(base, model=replace(base.model, **model))
