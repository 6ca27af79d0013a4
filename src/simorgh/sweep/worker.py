"""One process of a sweep: claims trials and trains them until there is none to be had.

python -m simorgh.sweep.worker OUT TRIALS, started by `simorgh sweep`; the storage comes in SIMORGH_SWEEP_STORAGE,
for a database address may hold a password and arguments can be read by everybody.
"""

import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from math import isfinite
from pathlib import Path

import numpy as np
import torch

from simorgh.contracts import Diverged, UserError
from simorgh.data import DataConfig, load
from simorgh.evaluate.judge import judged
from simorgh.metrics.frechet import frechet_distance
from simorgh.sweep.ledger import Ledger, optuna
from simorgh.sweep.space import read_plan
from simorgh.train import Experiment, Run, fit, settled
from simorgh.train.experiment import override
from simorgh.train.run import SNAPSHOTS


class Validations:
    """A held-out number of the history, by the pass over the training part that it was taken in."""

    def __init__(self, metric: str):
        self._metric = metric

    def due(self, run: Run, line: Mapping[str, float]) -> bool:
        """Whether there is a new value."""
        return self._metric in line

    def __call__(self, run: Run) -> list[tuple[int, float]]:
        """(place, value) so far; of two values in one pass, as where log_every is long, the later one stands."""
        examples = _examples(run.experiment.data)
        found = {round(line["samples"] / examples): line[self._metric] for line in run.history() if self.due(run, line)}
        return sorted(found.items())

    def kept(self, run: Run) -> float:
        """The value of the weights that train.keep best kept, those of the smallest valid/loss."""
        return min((line for line in run.history() if self.due(run, line)), key=lambda line: line["valid/loss"])[
            self._metric
        ]


class Distances:
    """fd_digits of the snapshots, numbered from 1 (the untrained one is left out), against the validation images."""

    def __init__(self) -> None:
        self._known: dict[int, float] = {}

    def due(self, run: Run, line: Mapping[str, float]) -> bool:
        return any(path.name not in self._known for path in self._files(run))

    def __call__(self, run: Run) -> list[tuple[int, float]]:
        for path in self._files(run):
            if path.name not in self._known:
                with np.load(path, allow_pickle=False) as arrays:
                    pixels = torch.from_numpy(arrays["samples"])
                features, _ = judged(pixels.float() / 255, _device())
                real = _real_features(run.experiment.data)
                self._known[path.name] = float(frechet_distance(real, features))
        return [(place, self._known[path.name]) for place, path in enumerate(self._files(run), 1)]

    @staticmethod
    def _files(run: Run) -> list[Path]:
        return [path for path in sorted((run.path / "samples").glob(SNAPSHOTS)) if int(path.stem)]


@cache
def _examples(config: DataConfig) -> int:
    return len(load(config).train)


@cache
def _real_features(config: DataConfig) -> torch.Tensor:
    return judged(load(config).validation.x.float() / 255, _device())[0]


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


class _Lost(Exception):
    """A trial that did not end in a number; its record says why."""


class Worker:
    """Works on `ledger` for as long as its parent lives."""

    def __init__(self, ledger: Ledger):
        self._ledger, self._plan, self._parent = ledger, ledger.plan, os.getppid()
        self._space = ledger.plan.space

    def work(self) -> None:
        """Claim and train until all trials are taken."""
        ledger = self._ledger
        self._me, alive = ledger.alive()
        with alive:
            while os.getppid() == self._parent:
                ledger.claims.acquire()
                try:
                    if not ledger.prepare():
                        return
                    ledger.study.optimize(self._objective, n_trials=1, catch=(_Lost,))
                finally:
                    ledger.claims.release(force=True)

    def _objective(self, trial: "optuna.Trial") -> float:
        start, path = time.monotonic(), None
        try:
            try:
                experiment = self._claim(trial)
            finally:
                self._ledger.claims.release(force=True)
            path = self._ledger.out / trial.user_attrs["run"]
            return self._train(trial, experiment)
        except (optuna.TrialPruned, _Lost):
            raise
        except Exception as error:  # one trial must not end the others, whatever is wrong with it
            sentence = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
            trial.set_user_attr("error", " ".join(sentence.split()))
            raise _Lost from error
        finally:
            history = Run.open(path).history() if path and (path / "experiment.yaml").is_file() else []
            seconds = history[-1]["seconds"] if history else time.monotonic() - start
            trial.set_user_attr("seconds", round(seconds, 3))

    def _claim(self, trial: "optuna.Trial") -> Experiment:
        """The experiment of a trial. The same parameters a second time are trained from the next seed, so that no
        two trials share a run directory and none is wasted."""
        trial.set_user_attr("worker", self._me)
        if self._ledger.is_surplus(trial.number):
            trial.set_user_attr("surplus", True)
            raise _Lost
        params = {path: dimension.suggest(trial, path) for path, dimension in self._space.items()}
        base = self._plan.experiment
        seed = trial.user_attrs.get("seed", base.seed + self._ledger.repetitions(trial.number, params))
        experiment = settled(replace(override(base, params), seed=seed))
        trial.set_user_attr("seed", seed)
        trial.set_user_attr("run", f"runs/{experiment.name}-{experiment.hash}")
        return experiment

    def _train(self, trial: "optuna.Trial", experiment: Experiment) -> float:
        """The value of the trained run; TrialPruned where the others are better at the same place."""
        points = Distances() if self._plan.metric == "fd_digits" else Validations(self._plan.metric)
        reported: set[int] = set()
        length = experiment.train.epochs * _examples(experiment.data)

        def report(run: Run) -> None:
            for place, value in points(run):
                if not isfinite(value):
                    raise Diverged(f"Training diverged: {self._plan.metric} became {value}.")
                if place not in reported:
                    reported.add(place)
                    trial.report(value, place)

        def observe(run: Run, line: Mapping[str, float]) -> None:
            if points.due(run, line):
                report(run)
                # The last line leaves nothing to save.
                if line["samples"] < length and trial.should_prune():
                    raise optuna.TrialPruned

        run = fit(experiment, self._ledger.out / "runs", progress=False, observe=observe)
        report(run)
        values = [value for _, value in points(run)]
        if not values:
            raise UserError(f"{run.path} holds no {self._plan.metric}: nothing was trained.")
        best = experiment.train.keep == "best" and isinstance(points, Validations)
        return points.kept(run) if best else values[-1]


def main(out: str, trials: str) -> None:
    """Work on the sweep in the directory `out`, of which there are to be `trials` trials."""
    # Ctrl-C ends a worker like any other death, so that its trial is taken up again.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    plan = read_plan(Path(out) / "sweep.json")
    Worker(Ledger(plan, Path(out), os.environ["SIMORGH_SWEEP_STORAGE"], int(trials))).work()


if __name__ == "__main__":
    main(*sys.argv[1:])
