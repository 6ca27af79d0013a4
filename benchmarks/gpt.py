"""Training throughput of our GPT beside transformers' GPT-2 of the same shape and weights.

    python benchmarks/gpt.py [--rounds 5] [--steps 5] [--preset cpu] [--device cuda]

One process, in turn: each round times `--steps` steps (loss, gradients, fused AdamW) of one and then of the other on
the same batches. Only ratios within a run mean anything on a busy machine, so the time a process itself had on a CPU is
shown too; the medians are compared. Both count the answers only. Target: at least equal.
"""

import argparse
import statistics
import time
from importlib import metadata

import torch
from transformers import GPT2Config, GPT2LMHeadModel

from record import record, timing
from simorgh.contracts import Batch, DataSpec
from simorgh.models.gpt import gpt2_weights
from simorgh.recipes import recipe
from simorgh.train.engine import Engine


def pair(config, spec: DataSpec, attention: str):
    """Ours and theirs, with the same weights."""
    dropped = dict.fromkeys(("embd_pdrop", "attn_pdrop", "resid_pdrop"), config.dropout)
    shape = GPT2Config(
        vocab_size=len(spec.vocabulary), n_positions=spec.shape[0], n_embd=config.width, n_layer=config.layers,
        n_head=config.heads, use_cache=False, bos_token_id=1, eos_token_id=2, attn_implementation=attention, **dropped,
    )  # fmt: skip
    theirs, ours = GPT2LMHeadModel(shape), config.build(spec)
    ours.load_state_dict(gpt2_weights(theirs.state_dict()))
    return ours.train(), theirs.train()


def seconds(loss, model, batches, device: str) -> tuple[float, float, float]:
    """Wall clock and processor seconds of a step over each batch, and the last loss."""
    parameters = list(model.parameters())
    optimiser = torch.optim.AdamW(parameters, 1e-4, fused=True)
    wait = torch.cuda.synchronize if device == "cuda" else (lambda: None)
    wait()
    wall, own = time.perf_counter(), time.process_time()
    for batch in batches:
        value = loss(batch)
        for parameter, grad in zip(parameters, torch.autograd.grad(value, parameters)):
            parameter.grad = grad
        optimiser.step()
    wait()
    return time.perf_counter() - wall, time.process_time() - own, float(value.detach())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--preset", default="cpu")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--attention", default="sdpa", help="of transformers: sdpa or eager")
    parser.add_argument("--symbols", type=int, default=135, help="of a window")
    parser.add_argument("--record", action="store_true", help="write results/benchmarks/gpt.json")
    asked = parser.parse_args()
    Engine()  # chooses how float32 matrices are multiplied, for both sides
    experiment = recipe("verse-scratch", asked.preset)
    size, rows = experiment.data.text.vocabulary, experiment.train.batch_size
    spec = DataSpec("tokens", (asked.symbols,), vocabulary=tuple(map(str, range(size))))
    ours, theirs = (m.to(asked.device) for m in pair(experiment.model, spec, asked.attention))
    generator = torch.Generator().manual_seed(0)
    batches = []
    for _ in range(asked.steps):
        x = torch.randint(5, size, (rows, asked.symbols), generator=generator)
        mask = torch.arange(asked.symbols).expand(rows, -1) > asked.symbols // 5  # the first beyt is the prompt
        batches.append(Batch(x, mask=mask).to(asked.device))
    labels = [b.x.masked_fill(~b.mask, -100) for b in batches]
    pairs = [Batch(b.x, mask=l) for b, l in zip(batches, labels)]
    sides = {
        "ours": (ours, lambda b: ours.loss(b).loss, batches),
        "transformers": (theirs, lambda b: theirs(b.x, labels=b.mask).loss, pairs),
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    counted = asked.steps * rows * asked.symbols
    for _ in range(asked.rounds):
        last = {}
        for name, (model, loss, given) in sides.items():
            wall, own, last[name] = seconds(loss, model, given, asked.device)
            times[name].append((wall, own))
        shown = ", ".join(f"{n} {counted / t[-1][0]:,.0f} ({counted / t[-1][1]:,.0f})" for n, t in times.items())
        gap = abs(last["ours"] - last["transformers"])
        print(f"symbols a second (of own processor time): {shown}; losses differ by {gap:.1e}", flush=True)
    found = []
    for i, clock in enumerate(("wall clock", "own processor time")):
        ratios = [b[i] / a[i] for a, b in zip(times["ours"][1:], times["transformers"][1:])]
        print(f"median ratio of speeds, ours / transformers, {clock}: {statistics.median(ratios):.2f}")
        steps = f"{asked.steps} steps of verse-scratch, preset {asked.preset}, windows of {asked.symbols}"
        peer = f"transformers {metadata.version('transformers')} ({asked.attention})"
        how = f"{steps}, {asked.device}, {clock}; symbols a second over those of {peer}"
        words = f"GPT of verse, {clock}: symbols a second over those of transformers"
        found.append(timing(words, ratios, how, name="speed_ratio"))
    if asked.record:
        record(__file__, found)
