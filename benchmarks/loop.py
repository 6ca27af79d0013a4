"""What the loop costs over the same step written bare, and how fast an epoch of batches alone is.

    python benchmarks/loop.py
    python benchmarks/loop.py --recipe bbbp-lstm --steps 40

One process, in turn, several rounds; only ratios within a run mean anything on a busy machine. The median of each
is compared. Target: the loop under 1.05 times the bare step; 60,000 images under 0.1 s.
"""

import argparse
import statistics
import time

import torch

from record import record, timing
from simorgh.contracts import Tick
from simorgh.data import load, stream
from simorgh.noise import Noise
from simorgh.recipes import recipe
from simorgh.train import initialise
from simorgh.train.engine import Engine
from simorgh.train.loop import Loop
from simorgh.train.optim import learning_rate

PLAIN = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def bare(experiment, source, steps: int) -> float:
    """Seconds of `steps` plain steps: the same batches, noise, loss, fused Adam and clip, and nothing else."""
    config, size = experiment.train.optimiser, experiment.train.batch_size
    model = initialise(experiment, SPEC)
    parameters = list(model.parameters())
    optimiser = PLAIN[config.kind](parameters, config.lr, weight_decay=config.weight_decay, fused=True)
    start = time.perf_counter()
    for step in range(steps):
        tick = Tick(step, step * size, step / steps, Noise(0, "train", step))
        loss = model.loss(source(step), tick).loss
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(config, tick.progress)
        for parameter, grad in zip(parameters, torch.autograd.grad(loss, parameters)):
            parameter.grad = grad
        if config.clip:
            torch.nn.utils.clip_grad_norm_(parameters, config.clip)
        optimiser.step()
    return time.perf_counter() - start


def looped(experiment, source, steps: int) -> float:
    """Seconds of the same steps in the loop, with its logging."""
    model = initialise(experiment, SPEC)
    loop = Loop(model, source, experiment.train, EXAMPLES, 0, Engine())
    start = time.perf_counter()
    for _ in range(steps):
        loop.advance()
        if loop.step % experiment.train.log_every == 0:
            loop.logged()
    return time.perf_counter() - start


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", default="vae-mlp")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--record", action="store_true", help="write results/benchmarks/loop.json")
    asked = parser.parse_args()
    Engine()  # chooses how float32 matrices are multiplied, for both sides
    experiment = recipe(asked.recipe, "cpu")
    if experiment.train.optimiser.kind not in PLAIN or experiment.train.optimisers:
        parser.error(f"{asked.recipe} has no plain step here: one optimiser is needed, {' or '.join(PLAIN)}")
    data = load(experiment.data)
    SPEC, EXAMPLES = data.spec, len(data.train)
    source = stream(data.train, experiment.data, experiment.train.batch_size, 0)
    ratios = []
    for _ in range(asked.rounds):
        plain, ours = bare(experiment, source, asked.steps), looped(experiment, source, asked.steps)
        ratios.append(ours / plain)
        print(
            f"bare {plain / asked.steps * 1e3:.3f} ms, loop {ours / asked.steps * 1e3:.3f} ms a step, {ratios[-1]:.3f}"
        )
    print(f"median ratio loop / bare: {statistics.median(ratios):.3f}")
    steps, epochs = -(-EXAMPLES // experiment.train.batch_size), []
    for epoch in range(1, asked.rounds + 1):
        start = time.perf_counter()
        for step in range(steps):
            source(step + epoch * steps)
        epochs.append(time.perf_counter() - start)
    print(f"an epoch of batches alone, {EXAMPLES:,} examples: {statistics.median(epochs):.3f} s")
    if asked.record:
        how = f"{asked.steps} steps of {asked.recipe}, preset cpu, in the loop with its logging over the same bare"
        words = f"an epoch of batches alone, {EXAMPLES:,} examples, seconds"
        seconds = timing(words, epochs, f"batches of {asked.recipe}", "s", "epoch_seconds")
        record(
            __file__, [timing(f"the loop around {asked.recipe}: time over the same steps bare", ratios, how), seconds]
        )
