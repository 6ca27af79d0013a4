"""The loop, the run directory and the processes: nothing is lost, nothing is done twice."""

import copy
import fcntl
import json
import multiprocessing
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import replace
from functools import partialmethod
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from simorgh.cli import main
from simorgh.contracts import Batch, Diverged, Model, Objective, Terms, Tick, UserError
from simorgh.data import DataConfig, batches, load, stream
from simorgh.errors import Notice
from simorgh.evaluate import evaluate
from simorgh.models.vae import VAE
from simorgh.nn.spectral import spectral
from simorgh.nn.unet import UNet
from simorgh.recipes import recipe
from simorgh.report.page import run_report
from simorgh.train import Run, fit, initialise
from simorgh.train.ema import EMA
from simorgh.train.engine import Engine
from simorgh.train.experiment import Experiment, OptimiserConfig, TrainConfig, from_dict, override, to_dict
from simorgh.train.loop import Loop, validate
from simorgh.train.optim import Optimiser, learning_rate
from simorgh.train.run import alone, environment

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["simorgh.train", "simorgh.recipes"])  # imported once, and not at each start

SMALL = ["--data.limit", "256", "--train.epochs", "6", "--train.batch-size", "32", "--train.log-every", "2"]


def small(**train) -> Experiment:
    base = recipe("digits-vae", "smoke")
    return replace(base, train=replace(base.train, **{"epochs": 2.0, "batch_size": 32, "log_every": 2, **train}))


def command(out: Path, *more: str, name: str = "digits-vae") -> list[str]:
    return [sys.executable, "-m", "simorgh", "train", name, "--preset", "smoke", "--out", str(out), "--quiet",
            *(SMALL if name == "digits-vae" else ()), *more]  # fmt: skip


def test_a_finished_experiment_is_opened_and_not_trained_again(tmp_path: Path):
    first = fit(small(), tmp_path, progress=False)
    stamp = (first.path / "model.safetensors").stat().st_mtime_ns
    assert fit(small(), tmp_path, progress=False).path == first.path
    assert (first.path / "model.safetensors").stat().st_mtime_ns == stamp
    environment = (first.path / "environment.json").read_bytes()
    fewer = replace(small(), evaluate=replace(small().evaluate, samples=70))
    assert fit(fewer, tmp_path, progress=False).experiment.evaluate.samples == 70
    assert Run.open(first.path).experiment == replace(first.experiment, evaluate=fewer.evaluate)
    assert (first.path / "environment.json").read_bytes() == environment


@pytest.mark.parametrize(("images", "said"), [(500, True), (40, False)])
def test_labels_of_few_images_are_left_unread(tmp_path: Path, images: int, said: bool):
    """Folds need some of every class; with fewer images the other measurements are still made."""
    base = small()
    run = fit(replace(base, evaluate=replace(base.evaluate, images=images, samples=20)), tmp_path, progress=False)
    names = {m.name for m in evaluate(run)}
    assert "neg_elbo" in names
    assert ("leakage_linear" in names) == said


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_a_run_names_its_commit_and_that_the_sources_have_changed(tmp_path: Path, monkeypatch):
    source = tmp_path / "src" / "simorgh" / "train" / "run.py"
    source.parent.mkdir(parents=True)
    source.write_text("1\n")

    def git(*command):
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        asked = ["git", "-C", str(tmp_path), *who, *command]
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    git("tag", "v1")
    monkeypatch.setattr(import_module("simorgh.train.run"), "__file__", str(source))
    made = git("rev-parse", "--short=12", "HEAD")
    assert environment()["commit"] == made
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "new").write_text("what a run writes is no change of the sources\n")
    assert environment()["commit"] == made
    source.write_text("2\n")
    assert environment()["commit"] == f"{made}-dirty"


def test_without_git_a_run_is_of_no_known_commit(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert environment()["commit"] is None


@pytest.mark.parametrize("asked", ["fp32", "bf16", "auto"])
def test_a_run_knows_in_what_products_it_was_trained(tmp_path: Path, asked: str):
    run = Run.create(tmp_path, small(precision=asked), load(DataConfig("digits")).spec)
    for multiplies, found in ((True, "bf16"), (False, "fp32")):
        told = {"gpu": None, "torch_threads": 1, "processor_cores": 2, "multiplies_bf16": multiplies}
        (tmp_path / "environment.json").write_text(json.dumps(told))
        assert run.precision() == (found if asked == "auto" else asked)


def test_a_model_that_has_stopped_learning_is_named(tmp_path: Path, monkeypatch):
    """Dead units leave a finite loss and a gradient of 0. The command says so and goes on."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Notice)
        fit(small(), tmp_path / "alive", progress=False)
    monkeypatch.setattr(torch.nn.utils, "get_total_norm", lambda grads: torch.zeros(()))
    with pytest.warns(Notice, match="The gradient of elbo was exactly 0"):
        run = fit(small(), tmp_path / "dead", progress=False)
    assert (run.path / "model.safetensors").is_file()
    main(["--version"])  # from then on in this process
    assert warnings.formatwarning(Notice("Said."), Notice, "file.py", 3) == "simorgh: Said.\n"
    assert "file.py:3: UserWarning: Said." in warnings.formatwarning(UserWarning("Said."), UserWarning, "file.py", 3)


def test_a_disk_without_room_for_a_checkpoint_is_one_sentence(tmp_path: Path):
    """A limit of 64 KiB on the size of a file stands for the full disk."""
    train = " ".join(command(tmp_path))
    answer = subprocess.run(["bash", "-c", f"ulimit -f 64; {train}"], capture_output=True, text=True)
    assert answer.returncode == 2, answer.stderr
    assert answer.stderr.splitlines()[-1].endswith("/state.pt: File too large.")
    assert not [*tmp_path.rglob(".*.tmp*")]


def test_compiling_reaches_networks_that_stand_in_a_list(tmp_path: Path, monkeypatch):
    """A list of blocks has no forward of its own: compiling it would change nothing."""
    compiled = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self: compiled.append(self))
    base = recipe("mlp-corrected", "smoke")
    data = DataConfig("digits", limit=64, validation=32)
    fit(replace(base, data=data, train=replace(base.train, epochs=1, compile=True)), tmp_path, progress=False)
    assert compiled
    assert all(isinstance(part, torch.nn.Linear) for part in compiled)


def test_a_loss_with_gradients_of_gradients_is_not_compiled(tmp_path: Path, monkeypatch):
    """By the part of the compiler that takes the gradients; what writes machine code needs a C++ compiler."""
    monkeypatch.setattr(torch.nn.Module, "compile", partialmethod(torch.nn.Module.compile, backend="aot_eager"))
    base = recipe("r3gan", "smoke")
    data = DataConfig("digits", limit=64)
    players = replace(base.model.players, width=8)
    experiment = replace(base, data=data, model=replace(base.model, players=players),
                         train=replace(base.train, compile=True, snapshots=0))  # fmt: skip
    with pytest.raises(UserError, match="takes gradients of gradients"):
        fit(experiment, tmp_path, progress=False)


def test_any_seed_can_be_trained_from():
    Engine().seed(20_260_101 * 1_000_003**2)
    Engine().seed(0)
    experiment = replace(small(), seed=2**64)
    initialise(experiment, load(experiment.data).spec)


def test_an_optimiser_for_no_objective_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match="did you mean elbo"):
        fit(small(optimisers={"elboo": OptimiserConfig(lr=5.0)}), tmp_path, progress=False)


def test_what_a_kill_left_of_a_write_is_not_read(tmp_path: Path):
    run = fit(small(epochs=1.0), tmp_path, progress=False)
    whole = run.snapshots()
    left = run.path / "samples" / ".0000004.4711.tmp.npz"
    left.write_bytes(b"PK half of a file")
    assert [step for step, _ in run.snapshots()] == [step for step, _ in whole]
    (run.path / "model.safetensors").unlink()  # so that training begins once more
    fit(small(epochs=1.0), tmp_path, progress=False)
    assert not left.exists()


def test_weights_that_are_no_numbers_are_not_kept():
    """A finite loss may leave weights behind that are not."""
    experiment = small()
    data = load(experiment.data)
    source = stream(data.train, experiment.data, experiment.train.batch_size, 0)
    loop = Loop(initialise(experiment, data.spec), source, experiment.train, len(data.train), 0, Engine())
    loop.advance()
    loop.check_weights()
    with torch.no_grad():
        next(loop.model.parameters()).view(-1)[3] = torch.inf
    with pytest.raises(Diverged, match="not finite after step 1"):
        loop.check_weights()


def test_a_whole_number_in_the_place_of_a_float_is_the_same_experiment():
    assert small(epochs=2).hash == small(epochs=2.0).hash != small(epochs=2.5).hash


def test_two_at_once_train_it_once(tmp_path: Path):
    """The second command waits for the first and opens what it left."""
    both = [subprocess.Popen(command(tmp_path), stdout=subprocess.PIPE, text=True) for _ in range(2)]
    paths = {process.communicate()[0].splitlines()[-1] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    (path,) = paths
    steps = [line["step"] for line in Run.open(path).history()]
    assert steps == sorted(set(steps))
    created = [file for file in Path(path).iterdir() if file.name == "experiment.yaml"]
    assert created[0].stat().st_mtime <= (Path(path) / "model.safetensors").stat().st_mtime


def test_run_directory_holds_what_it_promises(tmp_path: Path):
    run = Run.open(fit(small(ema_half_life=100.0), tmp_path, progress=False).path)
    names = {p.name for p in run.path.iterdir()}
    expected = {"experiment.yaml", "environment.json", "history.jsonl", "model.safetensors", "ema.safetensors"}
    assert expected | {"state.pt", "samples"} <= names
    assert not [path for path in run.path.rglob("*") if ".tmp" in path.name]
    assert run.experiment == small(ema_half_life=100.0)
    steps = [line["step"] for line in run.history()]
    assert steps == sorted(set(steps))
    assert not run.model().training


def test_killed_runs_end_in_the_same_bits(tmp_path: Path):
    """Kill -9 ten times at moments drawn by chance, each while steps are being made."""
    experiment = small(epochs=120.0, checkpoint_seconds=0.05)
    whole = fit(experiment, tmp_path / "calm", progress=False).path
    rng, kills = random.Random(0), 0
    path = tmp_path / "killed" / whole.name
    history = path / "history.jsonl"
    while not (path / "model.safetensors").exists():
        before = history.stat().st_mtime_ns if history.exists() else 0
        process = PROCESSES.Process(target=fit, args=(experiment, tmp_path / "killed", False))
        process.start()
        if kills < 10:
            while process.is_alive() and not (history.exists() and history.stat().st_mtime_ns > before):
                time.sleep(0.005)
            time.sleep(rng.uniform(0.0, 0.25))
            if process.is_alive():
                process.kill()
                kills += 1
        process.join()
    assert kills == 10, "the run ended before it could be killed often enough"
    ours, theirs = load_file(path / "model.safetensors"), load_file(whole / "model.safetensors")
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    lines, undisturbed = Run.open(path).history(), Run.open(whole).history()
    assert [line["step"] for line in lines] == [line["step"] for line in undisturbed]
    assert [line["elbo/loss"] for line in lines] == [line["elbo/loss"] for line in undisturbed]


def test_an_interrupted_run_drops_and_keeps_what_an_undisturbed_one_does(tmp_path: Path):
    """Dropout of torch's own layers, whose generator is no part of a checkpoint, and the best weights so far."""
    base = recipe("digits-flow", "smoke")
    network = UNet((8, 8), patch=1, group=4, attention=(False, False), dropout=0.5)
    settings = {"keep": "best", "epochs": 6.0, "batch_size": 32, "log_every": 1, "checkpoint_seconds": 0.0,
                "optimiser": OptimiserConfig(lr=0.3), "ema_half_life": 0, "snapshots": 0}  # fmt: skip
    experiment = replace(base, model=replace(base.model, network=network),
                         data=replace(base.data, limit=96, validation=32),
                         train=replace(base.train, **settings))  # fmt: skip
    calm = fit(experiment, tmp_path / "calm", progress=False)
    losses = {line["step"]: line["valid/loss"] for line in calm.history() if "valid/loss" in line}
    best = min(losses, key=losses.get)
    assert best < max(losses), "choose a rate at which the last weights are not the best"

    class Stopped(Exception):
        pass

    def stop(run: Run, line: dict[str, float]) -> None:
        if line["step"] in stops:
            stops.remove(line["step"])
            raise Stopped

    stops = [2, best + 1, best + 2]
    while stops:
        with pytest.raises(Stopped):
            fit(experiment, tmp_path / "stopped", False, stop)
    again = fit(experiment, tmp_path / "stopped", progress=False)
    for name in ("model", "best"):
        ours, theirs = (load_file(run.path / f"{name}.safetensors") for run in (again, calm))
        assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    held_out = list(batches(load(experiment.data).validation, experiment.data, 64))
    first, second = (validate(again.model().train(mode), iter(held_out), 0)["valid/loss"] for mode in (True, False))
    assert first == second, "something was dropped while the loss was compared"


def test_the_rate_of_an_objective_follows_its_own_span():
    class Two(Model):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))

        def objectives(self) -> tuple[Objective, ...]:
            return tuple(
                Objective(name, [p], lambda batch, tick, p=p: Terms(-p.sum(), len(batch)), span=span)
                for name, p, span in (("one", self.first, (0.0, 0.25)), ("two", self.second, (0.25, 1.0)))
            )

        def validate(self, batch: Batch, tick: Tick) -> Terms:
            raise NotImplementedError

    rule = OptimiserConfig(kind="sgd", lr=1.0, schedule="cosine")
    config = TrainConfig(epochs=16.0, batch_size=4, optimiser=rule, ema_half_life=0)
    model = Two()
    loop = Loop(model, lambda step: Batch(torch.zeros(4, 1)), config, 4, 0, Engine())
    for _ in range(16):
        loop.advance()
    whole = [learning_rate(rule, i / n) for n in (4, 12) for i in range(n)]
    assert model.first.item() == pytest.approx(sum(whole[:4]))
    assert model.second.item() == pytest.approx(sum(whole[4:]))


@pytest.mark.parametrize("name", ["digits-vae", pytest.param("vae-mlp", marks=pytest.mark.mnist)])
def test_two_processes_equal_one(name: str, tmp_path: Path):
    one = subprocess.run(command(tmp_path / "one", name=name), check=True, capture_output=True, text=True)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", "-m"]
    both = [*torchrun, *command(tmp_path / "two", name=name)[2:]]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(both, check=True, capture_output=True, text=True, env=environment)
    path = Path(one.stdout.strip())
    alone, together = Run.open(path).history(), Run.open(tmp_path / "two" / path.name).history()
    assert len(alone) == len(together) > 3
    for a, b in zip(alone, together):
        assert b["elbo/loss"] == pytest.approx(a["elbo/loss"], rel=1e-4)
        assert b["elbo/kl"] == pytest.approx(a["elbo/kl"], rel=1e-3, abs=1e-4)


def test_best_weights_are_those_of_the_best_validation(tmp_path: Path):
    base = small(keep="best", epochs=40.0, optimiser=OptimiserConfig(lr=0.03))
    run = fit(replace(base, data=replace(base.data, validation=64)), tmp_path, progress=False)
    losses = [line["valid/loss"] for line in run.history() if "valid/loss" in line]
    assert len(losses) >= 10
    assert losses[-1] > min(losses), "choose a rate at which the last weights are not the best"
    kept, last = load_file(run.path / "model.safetensors"), run.load_state()["model"]
    assert any(not torch.equal(kept[name], last[name]) for name in kept)
    data = load(run.experiment.data)
    held_out = batches(data.validation, run.experiment.data, 1000)
    found = validate(run.model(), held_out, run.experiment.seed)["valid/loss"]
    assert found == pytest.approx(min(losses), rel=1e-5), "these are not the weights of the smallest validation loss"
    with pytest.raises(UserError, match="needs held-out"):
        fit(small(keep="best"), tmp_path, progress=False)
    game = override(recipe("digits-gan", "smoke"), {"train.keep": "best", "data.validation": 64})
    with pytest.raises(UserError, match="take last"):
        fit(game, tmp_path, progress=False)


def test_a_training_without_one_finite_validation_has_no_best_weights(tmp_path: Path, monkeypatch):
    base = small(keep="best", epochs=2.0)
    monkeypatch.setattr(VAE, "validate", lambda *_: Terms(torch.tensor(float("nan")), 1))
    with pytest.raises(Diverged, match="no best weights"):
        fit(replace(base, data=replace(base.data, validation=64)), tmp_path, progress=False)


def test_divergence_stops_with_a_sentence_and_keeps_good_weights(tmp_path: Path):
    """The rate rises until it is too large, so that checkpoints are there by then."""
    rising = OptimiserConfig(kind="sgd", lr=30.0, schedule="cosine", warmup=0.9)
    wild = small(optimiser=rising, checkpoint_seconds=0.0, epochs=20.0, log_every=1)
    with pytest.raises(Diverged, match="last good weights"):
        fit(wild, tmp_path, progress=False)
    (path,) = tmp_path.iterdir()
    state = Run.open(path).load_state()
    assert state["step"] > 0
    assert all(torch.isfinite(v).all() for v in state["model"].values())
    assert not (path / "model.safetensors").exists()


def test_a_training_that_diverges_before_a_checkpoint_promises_no_weights(tmp_path: Path):
    with pytest.raises(Diverged, match="diverged") as error:
        fit(small(optimiser=OptimiserConfig("sgd", lr=1e6), log_every=1), tmp_path, progress=False)
    assert "kept" not in str(error.value)
    assert not list(tmp_path.glob("*/*.pt"))


def test_damaged_files_are_refused_in_one_sentence(tmp_path: Path):
    run = fit(small(), tmp_path, progress=False)
    (run.path / "model.safetensors").write_bytes(b"nothing like weights")
    with pytest.raises(UserError, match="damaged"):
        Run.open(run.path).model()
    (run.path / "experiment.yaml").write_text("experiment: {model: {kind: gan-of-the-future}}\nspec: {}\n")
    with pytest.raises(UserError, match=r"experiment\.name is missing|kind should name"):
        Run.open(run.path)
    (run.path / "experiment.yaml").write_text("experiment: {name: a, model: {kind: [vae]}}\nspec: {}\n")
    with pytest.raises(UserError, match=r"is missing|kind should name"):
        Run.open(run.path)
    (run.path / "experiment.yaml").write_text("!!python/object/apply:os.system ['true']")
    with pytest.raises(UserError, match="YAML"):
        Run.open(run.path)
    (run.path / "state.pt").write_bytes(b"PK not a checkpoint")
    with pytest.raises(UserError, match="damaged"):
        run.load_state()
    (run.path / "history.jsonl").write_bytes(b"\xff\xfe\n")
    with pytest.raises(UserError, match="not JSON"):
        run.history()
    (run.path / "history.jsonl").write_text("[1]\n")
    with pytest.raises(UserError, match="without numbers for step"):
        run.history()
    for spoil in (lambda path: path.write_text("{"), Path.unlink):
        spoil(run.path / "environment.json")
        with pytest.raises(UserError, match="missing or damaged"):
            run.environment()


@pytest.mark.parametrize(("name", "content", "read"), [
    ("environment.json", "{}", lambda run: run.environment()),
    ("environment.json", "[]", lambda run: run.environment()),
    ("history.jsonl", '{"step": 4, "samples": 9}\n', lambda run: run.history()),
    ("history.jsonl", '{"step": "4", "samples": 9, "seconds": 1}\n', lambda run: run.history()),
    ("results.json", '[{"name": "mse"}]', lambda run: run.results()),
    ("results.json", "value", lambda run: run.results()),
    ("measured.json", '{"groups": []}', lambda run: run.measured()),
    ("measured.json", '{"groups": {"training": 5}}', lambda run: run.measured()),
    ("experiment.yaml", "seed: 2020-99-99", lambda run: Run.open(run.path)),
    ("experiment.yaml", "[" * 100_000, lambda run: Run.open(run.path)),
    ("experiment.yaml", "a: &a [1, 1]\nb: [*a, *a]\n", lambda run: Run.open(run.path)),
    ("experiment.yaml", "epochs", lambda run: Run.open(run.path)),
    ("experiment.yaml", "side", lambda run: Run.open(run.path)),
    ("state.pt", "tensor", lambda run: run.load_state()),
    ("state.pt", "empty", lambda run: run.load_state()),
    ("samples/0000003.npz", "PK cut off", lambda run: run.snapshots()),
    ("samples/0000003.npz", "spoilt", lambda run: run.snapshots()),
    ("experiment.yaml", "digits", lambda run: Run.open(run.path)),
])  # fmt: skip
def test_a_file_of_another_shape_is_refused_where_it_is_read(tmp_path: Path, name: str, content: str, read):
    """What can be parsed and is something else must not come up as a TypeError somewhere behind."""
    run = Run.create(tmp_path, small(), load(DataConfig("digits")).spec)
    good = {"name": "mse", "value": None, "low": None, "high": None, "n": 1, "unit": "", "protocol": "", "context": {}}
    settings = (tmp_path / "experiment.yaml").read_text()
    content = {
        "value": json.dumps([{**good, "protocol_hash": "", "floor": None}]),
        "epochs": settings.replace("epochs: 2.0", "epochs: 1" + "0" * 400),
        "digits": settings.replace("epochs: 2.0", "epochs: [0x" + "f" * 6000 + "]"),
        "side": settings.replace("  shape:\n  - 1\n  - 8\n", "  shape:\n  - 1\n  - -8\n"),
    }.get(content, content)
    assert content != settings
    (tmp_path / "samples").mkdir()
    (tmp_path / name).write_text(content)
    if content == "spoilt":
        np.savez_compressed(tmp_path / name, samples=np.random.default_rng(0).integers(0, 9, 5000))
        whole = bytearray((tmp_path / name).read_bytes())
        whole[len(whole) // 2] ^= 0xFF
        (tmp_path / name).write_bytes(whole)
    if name == "state.pt":
        torch.save({} if content == "empty" else torch.zeros(3), tmp_path / name)
    said = r"train\.epochs" if "0" * 400 in content or "f" * 400 in content else re.escape(name)
    with pytest.raises(UserError, match=said) as error:
        read(run)
    assert len(str(error.value)) < 400


def test_a_run_without_its_averaged_weights_is_not_another_model(tmp_path: Path):
    """The last weights would do as well by their shapes."""
    run = fit(small(ema_half_life=100.0), tmp_path, progress=False)
    averaged = (run.path / "ema.safetensors").read_bytes()
    (run.path / "ema.safetensors").unlink()
    with pytest.raises(UserError, match=r"ema\.safetensors is missing"):
        Run.open(run.path).model()
    (run.path / "model.safetensors").unlink()
    assert fit(small(ema_half_life=100.0), tmp_path, progress=False).model() is not None
    assert (run.path / "ema.safetensors").read_bytes() == averaged
    (run.path / "model.safetensors").unlink()
    with pytest.raises(UserError, match="not finished"):
        Run.open(run.path).model()


def test_a_history_that_was_cut_is_no_whole_training(tmp_path: Path):
    """Whole lines are gone, so every line that is left can be read."""
    run = fit(small(), tmp_path, progress=False)
    assert [m.name for m in evaluate(run, ("training",))] == ["seconds"]
    lines = (run.path / "history.jsonl").read_text().splitlines(keepends=True)
    (run.path / "history.jsonl").write_text("".join(lines[: len(lines) // 2]))
    with pytest.warns(Notice, match="was cut off"):
        assert not evaluate(run, ("training",))
    assert "The history was cut off" in run_report(run).read_text()


def test_who_waits_for_another_program_says_so(tmp_path: Path):
    with open(tmp_path / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        threading.Timer(5, fcntl.flock, (file, fcntl.LOCK_UN)).start()
        with pytest.warns(Notice, match="Another program works on"), alone(tmp_path):
            pass


def test_processes_that_torchrun_did_not_start_are_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="torchrun did not start"):
        Engine()


def test_advice_names_the_setting_that_the_objective_has(tmp_path: Path):
    """An objective with a rule of its own does not heed train.optimiser."""
    own = small(optimisers={"elbo": OptimiserConfig("sgd", lr=1e6)}, log_every=1)
    with pytest.raises(Diverged, match=r"\(--train\.optimisers\.elbo\.lr\)"):
        fit(own, tmp_path, progress=False)
    with pytest.raises(Diverged, match=r"\(--train\.optimiser\.lr\)"):
        fit(small(optimiser=OptimiserConfig("sgd", lr=1e6), log_every=1), tmp_path, progress=False)


def test_what_cannot_be_evaluated_is_not_trained(tmp_path: Path):
    for wrong in ({"samples": 0}, {"images": 1}, {"importance_images": 1}):
        with pytest.raises(UserError, match=f"evaluate.{next(iter(wrong))} is"):
            fit(replace(small(), evaluate=replace(small().evaluate, **wrong)), tmp_path, progress=False)
    assert not [*tmp_path.iterdir()]


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path):
    run = fit(small(), tmp_path, progress=False)
    (run.path / "model.safetensors").unlink()
    torch.save({"step": 1, "model": {}}, run.path / "state.pt")
    with pytest.raises(UserError, match="does not fit this training"):
        fit(small(), tmp_path, progress=False)


def test_foreign_weights_are_refused(tmp_path: Path):
    run = fit(small(), tmp_path, progress=False)
    other = replace(small(), model=replace(small().model, latent_dim=3))
    theirs = fit(other, tmp_path, progress=False)
    (run.path / "model.safetensors").write_bytes((theirs.path / "model.safetensors").read_bytes())
    with pytest.raises(UserError, match="another model"):
        Run.open(run.path).model()


def test_experiment_round_trips_and_refuses_unknown_keys():
    plain = json.loads(json.dumps(to_dict(small())))
    assert from_dict(Experiment, plain) == small()
    plain["train"]["optimiser"]["lr"] = "1e-3"  # as YAML reads it
    assert from_dict(Experiment, plain).train.optimiser.lr == 1e-3
    plain["train"]["optimiser"]["lr"] = "fast"
    with pytest.raises(UserError, match=r"optimiser\.lr is 'fast', which is not float"):
        from_dict(Experiment, plain)
    plain["train"]["optimiser"]["lr"] = 1e-3
    plain["train"]["batchsize"] = 3
    with pytest.raises(UserError, match="did you mean batch_size"):
        from_dict(Experiment, plain)


def test_a_set_of_ones_own_is_known_by_its_content(tmp_path: Path):
    """The same name with other beyts in it is another experiment, and an older run is not measured on them."""
    file = tmp_path / "poems.txt"
    lines = [f"{a} ب\t{a} پ\n" + "\n" * (i % 3 == 2) for i, a in enumerate("دذرزژسشصضطظعغفقکگل")]
    file.write_text("".join(lines), encoding="utf-8")
    base = recipe("verse-scratch", "smoke")
    experiment = replace(base, data=DataConfig(f"text:{file}"), train=replace(base.train, epochs=1.0, log_every=1))
    first = fit(experiment, tmp_path, progress=False)
    assert fit(experiment, tmp_path, progress=False).path == first.path
    assert first.experiment.data.content
    file.write_text("".join(lines).replace("پ", "ت"), encoding="utf-8")
    with pytest.raises(UserError, match="any more what this run was trained on"):
        evaluate(first, ("surprise",))
    assert fit(experiment, tmp_path, progress=False).path != first.path


def test_hash_changes_with_what_decides_the_result_only():
    assert small().hash != replace(small(), seed=1).hash
    assert small().hash == small(checkpoint_seconds=99.0).hash


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one-cycle", "burda"])
def test_learning_rates(schedule: str):
    config = OptimiserConfig(lr=1.0, schedule=schedule)
    rates = [learning_rate(config, i / 1000) for i in range(1001)]
    assert max(rates) == pytest.approx(1.0, abs=1e-4)
    if schedule in ("constant", "cosine"):
        assert rates[500] == pytest.approx(0.5 if schedule == "cosine" else 1.0)
        assert learning_rate(replace(config, warmup=0.2), 0.1) == pytest.approx(0.5 * rates[100])
    if schedule == "one-cycle":
        scheduler = torch.optim.lr_scheduler.OneCycleLR(
            torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 1.0), 1.0, total_steps=1001
        )
        theirs = []
        for _ in range(1001):
            theirs.append(scheduler.get_last_lr()[0])
            scheduler.optimizer.step()
            scheduler.step()
        assert rates[::100] == pytest.approx(theirs[::100], abs=0.02)
        assert rates[-1] == pytest.approx(1e-4)
    if schedule == "burda":
        assert sorted(set(rates), reverse=True) == pytest.approx([10 ** (-i / 7) for i in range(8)])
        # 3^i of 3,280 passes at the i-th rate
        assert sum(r == rates[-1] for r in rates) == pytest.approx(1000 * 3**7 / 3280, abs=2)


def test_ema_forgets_half_in_a_half_life():
    model = torch.nn.Linear(1, 1, bias=False)
    model.weight.data.fill_(0.0)
    ema = EMA(model, half_life=1000)
    model.weight.data.fill_(1.0)
    for step in range(10):
        ema.update(model, 100, seen=10**9 + step)
    assert float(ema.model.weight) == pytest.approx(0.5, abs=1e-6)


def test_ema_forgets_its_beginning_sooner_and_copies_buffers():
    model = torch.nn.BatchNorm1d(1)
    ema = EMA(model, half_life=1000)
    model.weight.data.fill_(3.0)
    model.running_mean.fill_(7.0)
    ema.update(model, 100, seen=2000)  # a half-life of a twentieth of what was seen
    assert float(ema.model.weight) == pytest.approx(1 + 2 * 0.5)
    assert float(ema.model.running_mean) == 7


def test_a_hash_of_before_is_still_that_of_today():
    """Runs are found by it: a setting that comes later must leave it alone."""
    assert recipe("digits-vae", "smoke").hash == "0ed83bde"


def test_batch_knows_its_parts():
    batch = Batch(torch.arange(7.0), torch.arange(7))
    parts = batch.split(3)
    assert [len(p) for p in parts] == [3, 2, 2]
    assert torch.equal(torch.cat([p.y for p in parts]), batch.y)
    assert len(Batch(torch.zeros(2)).split(5)) == 2


def test_muon_moves_matrices_by_orthogonal_steps_and_leaves_tables_to_adamw():
    """A Muon step is lr * 0.2 * sqrt(max(m, n)) times nearly orthogonal: its singular values lie near one another."""
    torch.manual_seed(0)
    table, layer = torch.nn.Embedding(5, 12), torch.nn.Linear(12, 20)
    parameters = [*table.parameters(), *layer.parameters()]
    before = [p.detach().clone() for p in parameters]
    config = OptimiserConfig("muon", lr=0.01)
    optimiser = Optimiser(config, parameters, {id(layer.weight)})
    grads = [torch.randn_like(p) for p in parameters]
    grads[1] = torch.outer(torch.randn(20), torch.randn(12)) + 0.1 * grads[1]  # nearly of rank one
    optimiser.step(grads, 0.0)
    moved = [p.detach() - b for p, b in zip(parameters, before)]
    size = torch.linalg.svdvals(moved[1]) / (0.01 * 0.2 * 20**0.5)
    assert 0.5 < size.min() < size.max() < 1.5
    torch.testing.assert_close(moved[0], -0.01 * grads[0].sign(), rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(moved[2], -0.01 * grads[2].sign(), rtol=1e-3, atol=1e-5)
    again = Optimiser(config, parameters, {id(layer.weight)})
    again.load_state_dict(copy.deepcopy(optimiser.state_dict()))
    kept = [p.detach().clone() for p in parameters]
    optimiser.step(grads, 0.5)
    expected = [p.detach().clone() for p in parameters]
    for p, k in zip(parameters, kept):
        p.data.copy_(k)
    again.step(grads, 0.5)
    assert all(torch.equal(p, e) for p, e in zip(parameters, expected))


def test_muon_takes_a_linear_layer_whose_weight_is_computed_from_another():
    """One with spectral norm trains `original`, which AdamW would take if only `layer.weight` were looked for."""

    class One(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.plain, self.normed = torch.nn.Linear(4, 3), spectral(torch.nn.Linear(4, 3))

        def objectives(self) -> tuple[Objective, ...]:
            return (Objective("one", list(self.parameters()), lambda b, t: Terms(torch.zeros(()), len(b))),)

        def validate(self, batch: Batch, tick: Tick) -> Terms:
            raise NotImplementedError

    model, config = One(), TrainConfig(optimiser=OptimiserConfig("muon"), ema_half_life=0)
    loop = Loop(model, lambda step: Batch(torch.zeros(4, 1)), config, 4, 0, Engine())
    adamw, muon = loop.optimisers["one"].state_dict().values()
    assert [len(group["params"]) for group in muon["param_groups"]] == [2]
    assert sum(len(group["params"]) for group in adamw["param_groups"]) == 2, "the two biases"


def test_a_checkpoint_of_one_part_is_still_read():
    weight = torch.nn.Parameter(torch.randn(3, 3))
    old = torch.optim.Adam([weight], fused=True)
    weight.grad = torch.ones_like(weight)
    old.step()
    optimiser = Optimiser(OptimiserConfig(), [weight])
    optimiser.load_state_dict(old.state_dict())
    assert torch.equal(optimiser.state_dict()["0"]["state"][0]["exp_avg"], old.state_dict()["state"][0]["exp_avg"])


def test_a_checkpoint_of_two_groups_without_decay_continues_as_it_was():
    """Matrices and vectors once had a group each, whatever the decay."""
    start = [torch.randn(3), torch.randn(3, 2)]  # the vector first, as no layer has them
    old, new = ([torch.nn.Parameter(t.clone()) for t in start] for _ in range(2))
    before = torch.optim.Adam([{"params": old[1:]}, {"params": old[:1]}], lr=0.1, fused=True)
    optimiser = Optimiser(OptimiserConfig(lr=0.1), new)
    for p in old:
        p.grad = torch.randn_like(p)
    before.step()
    optimiser.load_state_dict({"0": copy.deepcopy(before.state_dict())})
    grads = [torch.randn_like(p) for p in old]
    for p, q, grad in zip(old, new, grads):
        q.data.copy_(p.data)
        p.grad = grad
    before.step()
    optimiser.step(grads, 0.0)
    assert all(torch.equal(p, q) for p, q in zip(old, new))


def test_no_moment_rests_below_the_normal_numbers(tmp_path: Path):
    """A weight that gets no gradient any more would keep a subnormal one for ever, and slow every step down."""
    if not torch.set_flush_denormal(False):
        pytest.skip("this processor cannot flush subnormal numbers")
    base = small(epochs=150.0, log_every=50, optimiser=OptimiserConfig(lr=1e-3), snapshots=0)
    network = replace(base.model.network, hidden=(64,), activation="relu")
    base = replace(base, data=DataConfig("digits", limit=256), model=replace(base.model, network=network))
    before = fit(base, tmp_path, progress=False).load_state()["optimisers"]["elbo"]["0"]["state"]
    torch.set_flush_denormal(False)  # with it a comparison would take them for 0 as well
    moments = torch.cat([state["exp_avg"].flatten().abs() for state in before.values()])
    tiny = torch.finfo(torch.float32).tiny
    assert int((moments == 0).sum()) > 100, "no weight of this training has lost its gradient"
    assert not int(((moments > 0) & (moments < tiny)).sum())


def test_subnormals_are_flushed_by_workers_that_were_there_before():
    """In a notebook torch has computed something, in several threads, long before the first training."""
    script = """if True:
        import numpy as np, torch
        from simorgh.train.engine import settle_cpu

        assert torch.get_num_threads() == 2
        many = torch.ones(2**20)
        many + many
        if torch.set_flush_denormal(False):
            settle_cpu()
            left = (torch.from_numpy(np.ones(2**20, np.int32)).view(torch.float32) * 1.0).numpy().view(np.int32)
            print(int((left != 0).sum()))
        else:
            print(0)
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == "0"


def test_a_state_without_groups_is_refused_in_one_sentence():
    optimiser = Optimiser(OptimiserConfig(), [torch.nn.Parameter(torch.ones(2))])
    with pytest.raises(ValueError, match="group"):  # which the loop turns into the sentence
        optimiser.load_state_dict({"0": {"state": {}, "param_groups": []}})
