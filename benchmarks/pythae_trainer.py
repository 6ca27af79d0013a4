"""Training throughput of an MLP VAE beside pythae's own trainer, in turn.

    pip install pythae==0.1.2        (with its needs; it is no dependency of this project)
    python benchmarks/pythae_trainer.py

pythae 0.1.2's default MLP VAE is 784-512-2 and back, ReLU, sigmoid outputs; batch 128, Adam 1e-3, fp32, on the same
MNIST images. Ours has the same shape, rate and activation: once with torch's own choice for float32 products, which
pythae gets, and once as every run has them ("eager": on a CPU by oneDNN, still in full float32, see
`use_fast_matmul`); then with the settings our recipes use by default (SiLU, one-cycle rate), and with these and
products in bfloat16 where the processor has an instruction for them, which is no default of a VAE. Images a second of
the training loop with its logging, snapshots and checkpoints. Every training has a process of its own, because settings
of a process (which products, what becomes of freed memory) would otherwise carry over to the next.
Trained for one pass over the images, and for ten as a recipe does: from about 700 steps on the moments of weights
behind dead ReLUs are subnormal numbers, which slow pythae's steps down (see `flush_subnormals`).
Target: at least 1.9 times eager and 2.2 with our defaults. How far any loop can come on a machine says "bare": the same
network in plain torch with nothing around it.
"""

import argparse
import contextlib
import io
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from importlib import metadata

import torch
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VAEConfig
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from torch import nn

from record import record, timing
from simorgh.data import DataConfig, load
from simorgh.models.vae import VAEConfig as OurConfig
from simorgh.nn.networks import Network
from simorgh.recipes import recipe
from simorgh.train import OptimiserConfig, fit
from simorgh.train.engine import settle_cpu


def theirs(limit: int, passes: int, folder: str) -> float:
    train = load(DataConfig("mnist")).train
    x, y = train.x[:limit].float() / 255, train.y[:limit]
    model = VAE(VAEConfig(input_dim=(1, 28, 28), latent_dim=2, reconstruction_loss="bce"))
    config = BaseTrainerConfig(
        output_dir=folder, num_epochs=passes, learning_rate=1e-3, per_device_train_batch_size=128, optimizer_cls="Adam",
        no_cuda=True,
    )  # fmt: skip
    trainer = BaseTrainer(model, BaseDataset(x, y), training_config=config)
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        trainer.train()
    return passes * len(x) / (time.perf_counter() - start)


def ours(
    limit: int, passes: int, folder: str, default: bool = False, fast: bool = True, precision: str = "fp32"
) -> float:
    """With `default` settings, else the peer's; `fast` float32 products by oneDNN, as every run has them."""
    base = recipe("vae-mlp", "cpu")
    network = Network(hidden=(512,), activation="silu" if default else "relu")
    optimiser = base.train.optimiser if default else OptimiserConfig(lr=1e-3)
    train = replace(base.train, epochs=float(passes), optimiser=optimiser, precision=precision)
    experiment = replace(
        base, data=DataConfig("mnist", limit=limit), model=OurConfig(latent_dim=2, network=network), train=train
    )
    if not fast:
        settle_cpu()  # remembered as done, and then undone
        torch.set_float32_matmul_precision("highest")
    run = fit(experiment, folder, progress=False)
    return passes * limit / run.history()[-1]["seconds"]


def bare(limit: int, passes: int, folder: str) -> float:
    """No trainer at all: network, loss and fused Adam in plain torch, batches by an index, nothing logged or stored."""
    settle_cpu()
    x = load(DataConfig("mnist")).train.x[:limit].flatten(1).float() / 255
    encoder = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 4))
    decoder = nn.Sequential(nn.Linear(2, 512), nn.ReLU(), nn.Linear(512, 784))
    optimiser = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 1e-3, fused=True)
    start = time.perf_counter()
    for rows in torch.cat([torch.randperm(len(x)) for _ in range(passes)]).split(128):
        batch = x[rows]
        mean, log_variance = encoder(batch).chunk(2, 1)
        logits = decoder(mean + (log_variance / 2).exp() * torch.randn_like(mean))
        reconstruction = nn.functional.binary_cross_entropy_with_logits(logits, batch, reduction="sum")
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum()
        optimiser.zero_grad()
        ((reconstruction + kl) / len(batch)).backward()
        optimiser.step()
    return passes * len(x) / (time.perf_counter() - start)


TRAININGS = {
    "pythae": theirs,
    "bare": bare,
    "torch's products": partial(ours, fast=False),
    "eager": ours,
    "default": partial(ours, default=True),
    "bf16": partial(ours, default=True, precision="auto"),
}

SAID = {
    "bare": "no trainer at all, in plain torch",
    "eager": "the peer's settings",
    "default": "our settings",
    "bf16": "our settings and --train.precision auto",
}


def compared(images: int, passes: int, rounds: int) -> dict[str, list[float]]:
    """Images a second of each training over those of pythae's, round by round."""
    ratios = {name: [] for name in TRAININGS if name != "pythae"}
    for _ in range(rounds):
        speed = {}
        for name in TRAININGS:
            size = ["--images", str(images), "--passes", str(passes)]
            command = [sys.executable, __file__, "--one", name, *size]
            speed[name] = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])
        for name, seen in ratios.items():
            seen.append(speed[name] / speed["pythae"])
        now = ", ".join(f"{k} {v[-1]:.2f}x" for k, v in ratios.items())
        print(f"pythae {speed['pythae']:,.0f} images a second; {now}", flush=True)
    return ratios


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--passes", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--record", action="store_true", help="write results/benchmarks/pythae_trainer.json")
    parser.add_argument("--one", choices=TRAININGS, help="only this training, in this process")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    if asked.one:
        with tempfile.TemporaryDirectory() as folder:
            print(TRAININGS[asked.one](asked.images, asked.passes[0], folder))
        sys.exit()
    found = []
    for passes in asked.passes:
        ratios = compared(asked.images, passes, asked.rounds)
        length = f"{passes} {'pass' if passes == 1 else 'passes'}"
        print(f"{length}, median: " + ", ".join(f"{k} {statistics.median(v):.2f}x" for k, v in ratios.items()))
        threads = f"{torch.get_num_threads()} threads"
        how = (
            f"784-512-2, batch 128, {length} over {asked.images:,} images, a process for each training, {threads}, "
            f"images a second over those of the trainer of pythae {metadata.version('pythae')}, "
        )
        words = f"MLP VAE, {{}}, {length}, {threads}: images a second over those of pythae's trainer"
        found += [timing(words.format(w), ratios[k], how + w, name="speed_ratio") for k, w in SAID.items()]
    if asked.record:
        record(__file__, found)
