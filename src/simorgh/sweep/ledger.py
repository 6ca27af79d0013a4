"""The study of a sweep as several processes share it: who works on which trial, and what is left to do.

Optuna keeps the trials, in a journal file or a database. Beside the journal, or in the directory of the sweep, a
folder <name>.workers holds locks that the operating system takes back from a process that dies, however it dies:

    claims.lock    held while a trial is claimed, so that processes of one machine do so one after the other
    <worker>.lock  held by a worker for as long as it lives; who can take it knows that the worker is gone

A trial whose worker is gone becomes FAIL, and the same parameters are queued once more: training goes on from the
checkpoint. Only the second attempt counts. Workers on other machines share nothing but a database; they are
missed by their heartbeat, and where two of them act at the same moment the lower number counts.
"""

import json
import os
import platform
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

try:
    import optuna
    from filelock import FileLock, Timeout
except ModuleNotFoundError as error:
    from simorgh.errors import UserError

    raise UserError("A search, or a study with a grid, needs Optuna: pip install 'simorgh[sweep]'.") from error

from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage, RDBStorage, fail_stale_trials
from optuna.storages.journal import JournalFileBackend, JournalStorage
from optuna.trial import FrozenTrial, TrialState

from simorgh.contracts import UserError
from simorgh.noise import philox
from simorgh.sweep.space import Plan
from simorgh.train import Run

HEARTBEAT, GRACE = 20, 120
"""Seconds between two signs of life in a database, and without any before a worker counts as gone."""

STARTUP = 4
"""Finished trials before any is cut off."""

optuna.logging.set_verbosity(optuna.logging.ERROR)


class _JournalLock:
    """Optuna's own locks outlive a killed process, and are broken by force after a while; this one does neither."""

    def __init__(self, path: Path):
        self._lock = FileLock(path)

    def acquire(self) -> bool:
        self._lock.acquire()
        return True

    def release(self) -> None:
        self._lock.release()


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the warning that a part of Optuna may change; its version is pinned."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield


NO_JOURNAL = "{} is no journal of a sweep, or damaged: name another file."


def _check_journal(path: Path) -> None:
    """UserError where a file holds something else, which Optuna would add its records to."""
    if not path.is_file() or not path.stat().st_size:
        return
    with path.open("rb") as file:
        first = file.readline()
    try:
        record = json.loads(first)
    except ValueError as error:
        raise UserError(NO_JOURNAL.format(path)) from error
    if not isinstance(record, dict) or "op_code" not in record:
        raise UserError(NO_JOURNAL.format(path))


def _storage(address: str, journal: Path | None) -> BaseStorage:
    if journal:
        journal.parent.mkdir(parents=True, exist_ok=True)
        return JournalStorage(JournalFileBackend(str(journal), _JournalLock(journal.with_name(f"{journal.name}.lock"))))
    scheme = address.split("://")[0]
    # SQLite otherwise gives up where another process has been writing for five seconds.
    settings = {"connect_args": {"timeout": 60}} if scheme.startswith("sqlite") else None
    try:
        with _quietly():
            return RDBStorage(address, settings, heartbeat_interval=HEARTBEAT, grace_period=GRACE)
    except Exception as error:  # a missing driver, an unknown host, a wrong password: each library has its own
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise UserError(f"The {scheme} database of --storage cannot be opened: {lines[0].rstrip('.')}.") from error


class Ledger:
    """The trials of `plan`, of which there are to be `trials`, kept in `address` (a journal file or a database).

    Attributes:
        study: Optuna's.
        folder: where locks and logs are.
        claims: the lock around a claim.
    """

    def __init__(self, plan: Plan, out: Path, address: str, trials: int):
        self.plan, self.out, self.trials = plan, out, trials
        journal = None if "://" in address else Path(address)
        self._journal = journal is not None
        self.folder = ((journal.parent if journal else out) / f"{plan.name}.workers").absolute()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.claims = FileLock(self.folder / "claims.lock")
        pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=plan.warm_up)
        if journal:
            _check_journal(journal)
        try:  # a journal is read as soon as it is opened
            storage = _storage(address, journal)
            self.study = optuna.create_study(
                study_name=plan.name,
                storage=storage,
                pruner=pruner if plan.prune else optuna.pruners.NopPruner(),
                load_if_exists=True,
            )
        except (ValueError, KeyError, TypeError) as error:  # what reading a file of another kind ends in
            if not journal:
                raise
            raise UserError(NO_JOURNAL.format(journal)) from error

    # looking

    def counted(self) -> list[FrozenTrial]:
        """The trials that count, by number: no attempt that was made again, and none beyond the number asked for."""
        every = [t for t in self.study.get_trials(deepcopy=False) if not t.user_attrs.get("surplus")]
        again = {t.user_attrs["retry"]["of"] for t in every if "retry" in t.user_attrs}
        return [t for t in every if t.number not in again]

    def finished(self) -> list[FrozenTrial]:
        return [t for t in self.counted() if t.state.is_finished()]

    def room(self) -> int:
        """How many trials can be claimed now."""
        counted = self.counted()
        return max(0, self.trials - len(counted)) + sum(t.state == TrialState.WAITING for t in counted)

    # claiming

    def lay_out(self) -> None:
        """With `claims` held: queue the cells of a grid that are not there yet."""
        there = {t.user_attrs.get("cell") for t in self.study.get_trials(deepcopy=False)}
        for number, (params, seed) in enumerate(self.plan.cells):
            if number not in there:
                self.study.enqueue_trial(params, user_attrs={"cell": number, "seed": seed})

    def alive(self) -> tuple[dict[str, Any], FileLock]:
        """Who this process is, to be written into its trials, and the lock to be held for as long as it lives."""
        me = {"host": platform.node(), "pid": os.getpid(), "start": round(time.time(), 3)}
        return me, FileLock(self._lock_of(me))

    def prepare(self) -> bool:
        """With `claims` held: whether a trial is to be had. Its parameters will depend on the seed of the sweep and
        on the trials so far, not on which worker asks."""
        self.recover()
        if not self.room():
            return False
        place = "" if self._journal else platform.node()
        seed = philox(self.plan.experiment.seed, "sweep", len(self.study.get_trials(deepcopy=False)), place)
        with _quietly():
            self.study.sampler = optuna.samplers.TPESampler(seed=int(seed.integers(2**31)), constant_liar=True)
        return True

    def is_surplus(self, number: int) -> bool:
        """Whether a claim came too late, where other machines claimed at the same moment."""
        counted = {t.number: t for t in self.counted()}
        retry = counted[number].user_attrs.get("retry") if number in counted else None
        if retry is None:
            return sum(n < number for n in counted) >= self.trials
        return any(n < number and t.user_attrs.get("retry", {}).get("of") == retry["of"] for n, t in counted.items())

    def repetitions(self, number: int, params: Mapping[str, Any]) -> int:
        """How many trials before `number` have these parameters."""
        return sum(t.params == params for t in self.counted() if t.number < number)

    # repairing

    def recover(self) -> None:
        """With `claims` held: queue the parameters of workers that are gone once more."""
        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if self._is_gone(trial.user_attrs.get("worker")):
                with suppress(ValueError):  # it ended by itself meanwhile
                    self.study.tell(trial.number, state=TrialState.FAIL)
        with _quietly():
            fail_stale_trials(self.study)
        for trial in self.counted():
            # A trial that failed by itself says why.
            if trial.state == TrialState.FAIL and "error" not in trial.user_attrs and self._may_retry(trial):
                retry = {"of": trial.number, "number": first_number(trial), "step": self._step(trial)}
                kept = {k: trial.user_attrs[k] for k in ("seed", "run") if k in trial.user_attrs}
                self.study.enqueue_trial(trial.params, user_attrs={**kept, "retry": retry})

    def _is_gone(self, worker: Mapping[str, Any] | None) -> bool:
        if not self._journal and (worker is None or worker["host"] != platform.node()):
            return False  # another machine's: its heartbeat tells
        if worker is None or not (path := self._lock_of(worker)).is_file():
            return True  # it died while claiming, and `claims` is ours now
        try:
            with FileLock(path, timeout=0):
                return True
        except Timeout:
            return False

    def _may_retry(self, trial: FrozenTrial) -> bool:
        """Once; and again only where the last attempt got further than the one before it."""
        retry = trial.user_attrs.get("retry")
        return retry is None or self._step(trial) > retry["step"]

    def _step(self, trial: FrozenTrial) -> int:
        path = self.out / trial.user_attrs.get("run", "none")
        history = Run.open(path).history() if (path / "experiment.yaml").is_file() else []
        return history[-1]["step"] if history else 0

    def _lock_of(self, worker: Mapping[str, Any]) -> Path:
        return self.folder / f"{worker['host']}-{worker['pid']}-{worker['start']:.3f}.lock"


def first_number(trial: FrozenTrial) -> int:
    """The number of the first attempt at this trial."""
    return trial.user_attrs.get("retry", {}).get("number", trial.number)


def records(ledger: Ledger) -> list[dict[str, Any]]:
    """Plain values of the finished trials, best first: finished ones by value, those cut off by value, failed ones.

    They are numbered from 0 without gaps, as if nothing had ever been interrupted; `attempt` is Optuna's number.
    """
    states = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
    numbers = {t.number: i for i, t in enumerate(sorted(ledger.counted(), key=first_number))}
    order, rows = list(states), []
    for trial in sorted(ledger.finished(), key=lambda t: (order.index(t.state), t.value or 0.0, t.number)):
        attrs = trial.user_attrs
        failed = trial.state == TrialState.FAIL
        rows.append({
            "number": numbers[trial.number],
            "attempt": trial.number,
            "state": states[trial.state],
            "value": trial.value,
            "params": dict(sorted(trial.params.items())),
            "seed": attrs.get("seed"),
            "intermediate": sorted(trial.intermediate_values.items()),
            "run": attrs.get("run"),
            "seconds": attrs.get("seconds"),
            "error": attrs.get("error", "Its process died twice at the same place.") if failed else None,
        })  # fmt: skip
    return rows


def importance(ledger: Ledger) -> dict[str, float]:
    """Share of each parameter in the variance of the value (functional ANOVA: Hutter, Hoos & Leyton-Brown 2014);
    {} before two trials have finished with different values."""
    done = [t for t in ledger.finished() if t.state == TrialState.COMPLETE]
    if len({t.value for t in done}) < 2:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    try:
        return dict(optuna.importance.get_param_importances(ledger.study, evaluator=evaluator))
    except (ValueError, RuntimeError):  # nothing varies, or too little to grow a tree on
        return {}
