"""The loop. It walks a list of objectives and knows no model.

A checkpoint is written only on steps that also log, so nothing but weights, optimisers and counters has to be
kept: noise and batches are functions of the step, the learning rate of progress, the log window starts afresh.
"""

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import isfinite

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from simorgh.contracts import (
    Batch,
    DataSpec,
    Diverged,
    Model,
    Objective,
    ProposesConditions,
    Recalibrates,
    Reconstructs,
    Samples,
    Stream,
    Terms,
    Tick,
    Traces,
    UserError,
    check_name,
)  # fmt: skip
from simorgh.files import write
from simorgh.noise import Noise, SampleNoise
from simorgh.train.ema import EMA
from simorgh.train.engine import Engine
from simorgh.train.experiment import Experiment, TrainConfig
from simorgh.train.optim import Optimiser
from simorgh.train.run import Run


def gradients(objective: Objective, batch: Batch, tick: Tick, parts: int) -> tuple[list[Tensor], Terms]:
    """Mean gradients and Terms over `batch`, taken in `parts` micro-batches that are combined by their weights."""
    if parts == 1:
        terms = objective.loss(batch, tick)
        return _grad(terms.loss, objective), terms
    weight, sums, grads, row = 0.0, None, None, tick.noise.start
    for part in batch.split(parts):
        noise = tick.noise.rows(row, tick.noise.total or len(batch))
        terms = objective.loss(part, replace(tick, noise=noise))
        more = [g * terms.weight for g in _grad(terms.loss, objective)]
        seen = {("loss", ""): terms.loss.detach()}
        seen |= {("logs", k): v for k, v in terms.logs.items()} | {("stats", k): v for k, v in terms.stats.items()}
        seen = {k: v * terms.weight for k, v in seen.items()}
        grads = more if grads is None else torch._foreach_add(grads, more)
        sums = seen if sums is None else {k: sums[k] + v for k, v in seen.items()}
        weight, row = weight + terms.weight, row + len(part)
    means = {k: v / weight for k, v in sums.items()}
    logs = {k: v for (group, k), v in means.items() if group == "logs"}
    stats = {k: v for (group, k), v in means.items() if group == "stats"}
    return [g / weight for g in grads], Terms(means["loss", ""], weight, logs, stats)


def _grad(loss: Tensor, objective: Objective) -> list[Tensor]:
    grads = torch.autograd.grad(loss, objective.parameters, allow_unused=True)
    if any(g is None for g in grads):
        missing = [tuple(p.shape) for p, g in zip(objective.parameters, grads) if g is None]
        raise RuntimeError(f"objective {objective.name} does not reach its parameters of shapes {missing}")
    return list(grads)


class Window:
    """Sums of everything logged since the last line; kept as tensors, so that no step waits for the device."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, ...], tuple[Tensor, float]] = {}

    def add(self, name: str, terms: Terms) -> None:
        keys = tuple(f"{name}/{key}" for key in ("loss", *terms.logs))
        values = torch.stack([terms.loss, *terms.logs.values()]).detach().double() * terms.weight
        total, weight = self._sums.get(keys, (0.0, 0.0))
        self._sums[keys] = values + total, weight + terms.weight

    def __contains__(self, key: str) -> bool:
        return any(key in keys for keys in self._sums)

    def means(self) -> dict[str, float]:
        sums: dict[str, list[float]] = {}
        for keys, (totals, weight) in self._sums.items():
            for key, total in zip(keys, totals.tolist()):
                so_far = sums.setdefault(key, [0.0, 0.0])
                so_far[0] += total
                so_far[1] += weight
        self._sums = {}
        return {key: total / weight for key, (total, weight) in sums.items()}


def _weight(layer: nn.Module) -> nn.Parameter:
    """What is trained of the weight of a layer, be it one that is computed from another."""
    return layer.parametrizations.weight.original if is_parametrized(layer, "weight") else layer.weight


class Loop:
    """Trains `model` from `stream` by the settings of `config`.

    Attributes:
        step: number of finished steps; `steps` in all.
    """

    def __init__(self, model: Model, stream: Stream, config: TrainConfig, examples: int, seed: int, engine: Engine):
        self.model, self.stream, self.config, self.engine = model, stream, config, engine
        self.objectives = model.objectives()
        for name in config.optimisers:
            check_name(name, [o.name for o in self.objectives], "objective of this model for train.optimisers:")
        rules = [config.optimisers.get(o.name, config.optimiser) for o in self.objectives]
        looked_up = {id(_weight(m)) for m in model.modules() if isinstance(m, nn.Embedding)}
        linear = {id(_weight(m)) for m in model.modules() if isinstance(m, nn.Linear)} - looked_up
        self.optimisers = {o.name: Optimiser(rule, o.parameters, linear) for o, rule in zip(self.objectives, rules)}
        self.ema = EMA(model, config.ema_half_life) if config.ema_half_life else None
        self.steps = config.steps(examples) if self.objectives else 0
        self.step = 0
        self._seed = seed
        first = engine.rank * config.batch_size // engine.size
        self._noise = Noise(seed, "train", 0, first, config.batch_size, engine.device)
        self._window = Window()

    def tick(self) -> Tick:
        batch = self.config.batch_size
        return Tick(self.step, self.step * batch, self.step / max(self.steps, 1), self._noise.at(self.step))

    def advance(self) -> None:
        """One step: every objective that is due."""
        tick, batch = self.tick(), None
        for index, objective in enumerate(self.objectives):
            if not objective.due(self.step, tick.progress):
                continue
            if batch is None:
                batch = self.stream(self.step)
            self.engine.seed((self._seed * 1_000_003 + self.engine.rank) * 1_000_003 + self.step * 16 + index)
            with self.engine.autocast():
                grads, terms = gradients(objective, batch, tick, self.config.micro_batches)
            grads, terms = self.engine.average(grads, terms)
            self.optimisers[objective.name].step(grads, objective.progress(tick.progress))
            if objective.after is not None:
                with torch.no_grad():
                    more = objective.after(terms)
                terms = replace(terms, logs={**terms.logs, **(more or {})})
            if f"{objective.name}/grad_norm" not in self._window:  # once a line of the history is enough
                norm = torch.nn.utils.get_total_norm(grads)
                terms = replace(terms, logs={**terms.logs, "grad_norm": norm})
            self._window.add(objective.name, terms)
        self.step += 1
        if self.ema:
            self.ema.update(self.model, self.config.batch_size, self.step * self.config.batch_size)

    def shown(self, averaged: bool = True) -> Model:
        """The model as it stands, ready to be looked at: its average where one is kept and asked for."""
        model = ((averaged and self.ema) or self).model
        if isinstance(model, Recalibrates):
            model.recalibrate()
        return model

    def rule(self, objective: str) -> str:
        """The setting that holds the optimiser of `objective`."""
        return f"train.optimisers.{objective}" if objective in self.config.optimisers else "train.optimiser"

    def advice(self, objective: str) -> str:
        """What to try where `objective` diverged."""
        rule = self.rule(objective)
        return f"Try a smaller learning rate (--{rule}.lr) or clipping (--{rule}.clip 1)."

    def logged(self) -> dict[str, float]:
        """Means since the last call. Diverged when one of them is not finite."""
        means = self._window.means()
        for key, value in means.items():
            if not isfinite(value):
                raise Diverged(
                    f"Training diverged: {key} became {value} before step {self.step}. "
                    f"{self.advice(key.partition('/')[0])}"
                )
        return means

    def check_weights(self) -> None:
        """Diverged where a weight is not finite: the loss of a step says nothing of what that step left behind."""
        for name, weight in self.model.named_parameters():
            if not torch.isfinite(weight).all():
                owner = next((o.name for o in self.objectives if any(p is weight for p in o.parameters)), "")
                raise Diverged(f"Training diverged: {name} is not finite after step {self.step}. {self.advice(owner)}")

    def state_dict(self) -> dict:
        return {
            "step": self.step,
            "model": self.model.state_dict(),
            "ema": self.ema.model.state_dict() if self.ema else None,
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
        }

    def load_state_dict(self, state: dict) -> None:
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        if self.ema:
            self.ema.model.load_state_dict(state["ema"])
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])


@torch.no_grad()
def validate(model: Model, batches: Iterator[Batch], seed: int) -> dict[str, float]:
    """Means of `model.validate` over held-out batches, in eval mode, with noise that is the same every time."""
    mode, window = model.training, Window()
    model.eval()
    for index, batch in enumerate(batches):
        noise = Noise(seed, "validate", index, device=batch.x.device)
        window.add("valid", model.validate(batch, Tick(index, 0, 1.0, noise)))
    model.train(mode)
    return window.means()


def conditions_in_turn(model: Samples, spec: DataSpec, n: int) -> Tensor:
    """(n, ...) what a conditional model may be asked for, in turn: its own walk, or the labels."""
    return model.conditions(0, n) if isinstance(model, ProposesConditions) else torch.arange(n) % spec.classes


@torch.no_grad()
def snapshot(run: Run, loop: Loop, few: Batch) -> None:
    """Store what the model can show of itself as uint8 pixels in samples/<step>.npz: `samples` from always the same
    noise (of each class in turn where the model takes labels), beside those of the averaged weights `samples_raw` of
    the others, and `originals` and `reconstructions` of `few` examples. What a model traces is stored as it is."""
    if run.spec.kind != "image":
        return
    shown, traced, count, device = {}, {}, loop.config.snapshot_samples, few.x.device
    for name, averaged in (("samples", True), ("samples_raw", False)) if loop.ema else (("samples", True),):
        model = loop.shown(averaged)
        mode = model.training
        model.eval()
        if isinstance(model, Samples):
            condition = conditions_in_turn(model, run.spec, count).to(device) if model.conditional else None
            chunks = range(0, count, 500)
            shown[name] = torch.cat([
                model.sample(n, SampleNoise(0, n, i, device), None if condition is None else condition[i : i + n])
                for i in chunks for n in [min(500, count - i)]
            ])  # fmt: skip
        if isinstance(model, Reconstructs) and averaged:
            shown |= {"originals": few.x, "reconstructions": model.reconstruct(few.x, few.y)}
        if isinstance(model, Traces) and averaged:
            traced = {name: values.float().cpu().numpy() for name, values in model.trace(few.x).items()}
        model.train(mode)
    if not shown and not traced:
        return
    low, high = run.spec.value_range
    pixels = {k: ((v - low) / (high - low) * 255).clamp(0, 255).round().byte().cpu().numpy() for k, v in shown.items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **pixels, **traced)
    write(run.path / "samples" / f"{loop.step:07d}.npz", buffer.getvalue())


def train(
    loop: Loop,
    run: Run,
    experiment: Experiment,
    validation: Callable[[], Iterator[Batch]] | None,
    show: Callable[[int, dict[str, float]], None],
) -> None:
    """Run `loop` to its end, logging, validating and checkpointing into `run`; continues where `run` stopped."""
    config, engine = experiment.train, loop.engine
    best, before = float("inf"), 0.0
    if state := run.load_state():
        try:
            loop.load_state_dict(state)
            best, before = state["best"], state["seconds"]
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            where = run.path / "state.pt"
            raise UserError(f"{where} does not fit this training: delete it to train from the start.") from error
    if not engine.same(str(loop.step).encode()):
        raise UserError("The processes begin at different steps: machines that train together need one shared folder.")
    if engine.is_main:
        run.cut_history(loop.step)
    marks = {round(i * loop.steps / config.snapshots) for i in range(config.snapshots)} if config.snapshots else set()
    few = loop.stream(0).map(lambda part: part[:4])
    passes = max(1, round(loop.steps / max(config.epochs, 1)))
    start = saved = time.monotonic()
    while loop.step < loop.steps:
        if engine.is_main and loop.step in marks:
            snapshot(run, loop, few)
        loop.model.train()
        loop.advance()
        last = loop.step == loop.steps
        if loop.step % config.log_every and not last:
            continue
        line = {"step": loop.step, "samples": loop.step * config.batch_size, **loop.logged()}
        line["seconds"] = round(before + time.monotonic() - start, 3)
        # The first logged step of each pass validates: a function of the step alone, whatever was resumed.
        if validation and (last or loop.step // passes != (loop.step - config.log_every) // passes):
            line |= validate(loop.shown(), validation(), experiment.seed)
            if config.keep == "best" and line["valid/loss"] < best:
                best = line["valid/loss"]
                if engine.is_main:
                    run.save_weights("best", (loop.ema or loop).model.state_dict())
        if engine.is_main:
            run.append_history(line)
        show(loop.step, line)
        if engine.agree(time.monotonic() - saved > config.checkpoint_seconds or last):
            loop.check_weights()
            engine.check_equal(loop.model)
            if engine.is_main:
                run.save_state({**loop.state_dict(), "best": best, "seconds": line["seconds"]})
            saved = time.monotonic()
    if engine.is_main and config.snapshots:
        snapshot(run, loop, few)


NO_BEST = "No validation loss of the whole training was finite: there are no best weights. Lower the learning rate."


def finish(loop: Loop, run: Run, config: TrainConfig) -> None:
    """Leave the weights behind; model.safetensors is written last and marks the run as finished."""
    if config.keep == "best" and loop.step:
        if not (run.path / "best.safetensors").is_file():
            raise Diverged(NO_BEST)
        write(run.path / "model.safetensors", (run.path / "best.safetensors").read_bytes())
        return
    if loop.ema:
        run.save_weights("ema", loop.shown().state_dict())
    run.save_weights("model", loop.shown(averaged=False).state_dict())
