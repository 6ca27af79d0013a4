"""Training: `fit(experiment, out)` gives a finished Run, whatever happened before."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from simorgh.contracts import DataSpec, Diverged, Model, UserError, check_least
from simorgh.data import Dataset, batches, load, settle, stream
from simorgh.errors import Notice
from simorgh.train import loop as _loop
from simorgh.train.engine import Engine
from simorgh.train.experiment import EvaluateConfig, Experiment, OptimiserConfig, TrainConfig
from simorgh.train.loop import conditions_in_turn
from simorgh.train.progress import Progress
from simorgh.train.run import Run, alone

__all__ = [
    "EvaluateConfig", "Experiment", "OptimiserConfig", "Run", "TrainConfig", "conditions_in_turn", "fit", "initialise",
    "settled",
]  # fmt: skip


def initialise(experiment: Experiment, spec: DataSpec) -> Model:
    """The untrained model, its first weights fixed by the seed; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(experiment.seed % 2**63)  # what a generator takes
        return experiment.model.start(experiment.model.build(spec), spec)


def fit(
    experiment: Experiment,
    out: Path | str = "runs",
    progress: bool = True,
    observe: Callable[[Run, Mapping[str, float]], None] | None = None,
) -> Run:
    """Train `experiment` in `out`/<name>-<hash>; open it where it is finished, continue it where it was cut off.

    While another program trains the same experiment there, this one waits. `observe` is shown the run and each line of
    its history once it is written; what it raises ends the training.
    UserError for settings that do not fit the data; Diverged where the loss stops being finite.
    """
    experiment.evaluate.check()
    experiment = settled(experiment)
    path = Path(out) / f"{experiment.name}-{experiment.hash}"
    if (path / "model.safetensors").is_file():
        return _finished(path, experiment)
    loop, data = _prepared(experiment)  # settings that do not fit are refused before anything is written
    with alone(path):
        # Somebody else was at it meanwhile; only the first process knows, for it alone has waited.
        if loop.engine.agree((path / "model.safetensors").is_file()):
            loop.engine.close()
            return _finished(path, experiment)
        return _fit(loop, data, experiment, path, progress, observe)


def settled(experiment: Experiment) -> Experiment:
    """With what the files at hand decide filled in, such as checksums."""
    return replace(experiment, data=settle(experiment.data), model=experiment.model.settle())


def _finished(path: Path, experiment: Experiment) -> Run:
    """A run that needs no more training; how it is to be evaluated may have changed since."""
    run = Run.open(path)
    if run.experiment.evaluate != experiment.evaluate:
        run = run.evaluated_by(experiment.evaluate)
    return run


def _prepared(experiment: Experiment) -> tuple[_loop.Loop, Dataset]:
    config = experiment.train
    check_least("train", config, epochs=0, batch_size=1, micro_batches=1, snapshots=0, snapshot_samples=1, log_every=1,
                ema_half_life=0, checkpoint_seconds=0)  # fmt: skip
    if config.keep == "best" and not experiment.data.validation:
        raise UserError("train.keep best needs held-out images: set --data.validation above 0.")
    if config.keep == "best" and experiment.model.unlike_moments:
        raise UserError("train.keep best would compare what the discriminators of different moments say: take last.")
    engine = Engine(config.precision)
    data = load(experiment.data)
    if config.batch_size % engine.size:
        raise UserError(f"train.batch_size {config.batch_size} does not divide by {engine.size} processes.")
    model = engine.place(initialise(experiment, data.spec))
    if config.compile:
        for part in model.children():
            for network in part if isinstance(part, nn.ModuleList) else [part]:
                network.compile()
    source = stream(
        data.train, experiment.data, config.batch_size, experiment.seed, engine.rank, engine.size, engine.device
    )
    return _loop.Loop(model, source, config, len(data.train), experiment.seed, engine), data


def _tell_of_the_dead(loop: _loop.Loop, run: Run) -> None:
    """A Notice of each objective whose gradient had become exactly 0: units that answer 0 to everything, as behind a
    ReLU, do not come back by themselves, and the loss stays finite."""
    history = run.history()
    dead = [o.name for o in loop.objectives if history and history[-1].get(f"{o.name}/grad_norm") == 0]
    for name in dead:
        said = f"The gradient of {name} was exactly 0 at the end of {run.path}: it had stopped learning. "
        warnings.warn(f"{said}Try a smaller rate (--{loop.rule(name)}.lr) or another seed.", Notice, stacklevel=2)


def _fit(
    loop: _loop.Loop, data: Dataset, experiment: Experiment, path: Path, progress: bool, observe: Callable | None
) -> Run:
    config, engine = experiment.train, loop.engine
    run = Run.create(path, experiment, data.spec) if engine.is_main else Run(path, experiment, data.spec)
    engine.barrier()
    held_out = data.validation and (lambda: batches(data.validation, experiment.data, 1000, engine.device))
    with Progress(experiment.name, loop.steps, config.batch_size, progress and engine.is_main) as bar:

        def show(step: int, line: dict[str, float]) -> None:
            bar.show(step, line)
            if observe and engine.is_main:
                observe(run, line)

        try:
            _loop.train(loop, run, experiment, held_out, show)
        except Diverged as error:
            if (run.path / "state.pt").is_file():
                raise Diverged(f"{error} The last good weights are kept in {run.path}.") from error
            raise
        except RuntimeError as error:
            if config.compile and "double backward" in str(error):
                raise UserError(
                    f"The loss of {experiment.name} takes gradients of gradients, which compiled networks do not have: "
                    "train it without train.compile."
                ) from error
            raise
    if engine.is_main:
        _loop.finish(loop, run, config)
        _tell_of_the_dead(loop, run)
    engine.barrier()
    engine.close()
    return run
