"""The sweep: what may be searched, on which images, and that no death of a process loses or doubles a trial."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch

pytest.importorskip("optuna")

from optuna.trial import TrialState

import simorgh.sweep.worker
from simorgh.cli import main
from simorgh.contracts import UserError
from simorgh.data import DataConfig, batches, load
from simorgh.evaluate.judge import judged
from simorgh.metrics.frechet import frechet_distance
from simorgh.recipes import recipe
from simorgh.report.trials import trial_curves, trial_parameters, trial_values
from simorgh.sweep import sweep
from simorgh.sweep.ledger import Ledger, records
from simorgh.sweep.space import Choice, Plan, Range, _decides_the_loss, make_plan, parse_space, read_plan
from simorgh.sweep.worker import Worker
from simorgh.train import OptimiserConfig, Run
from simorgh.train.experiment import override, to_dict
from simorgh.train.loop import validate

BASE = recipe("digits-vae", "smoke")
LR = "train.optimiser.lr=1e-4:1e-2:log"


def ledger(out: Path, *texts: str, trials: int, address: str | None = None, **more) -> Ledger:
    plan = make_plan(BASE, texts or (LR,), **more)
    return Ledger(plan, out, address or str(out / "journal.log"), trials)


# what may be searched


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("model.latent_dim=2,4,8", Choice((2, 4, 8))),
        ("model.latent_dim = 2 , 4", Choice((2, 4))),
        ("model.beta=0.5,4", Choice((0.5, 4.0))),
        ("train.batch_size=32:256", Range(32, 256)),
        ("train.optimiser.lr=1e-4:1e-2:log", Range(1e-4, 1e-2, True)),
        ("train.optimiser.kind=adam,sgd", Choice(("adam", "sgd"))),
        ("train.optimiser.betas.0=0:0.9", Range(0.0, 0.9)),
        ("train.optimisers.elbo.lr=1e-4:1e-2", Range(1e-4, 1e-2)),
        ("model.network.hidden.1=16,32", Choice((16, 32))),
        ("train.compile=true,false", Choice((True, False))),
        ("data.limit=100,none", Choice((100, None))),
    ],
)
def test_dimensions(text: str, found: Choice | Range):
    (dimension,) = parse_space(BASE, [text]).values()
    assert dimension == found
    ends = dimension.values if isinstance(dimension, Choice) else (dimension.low, dimension.high)
    reference = found.values if isinstance(found, Choice) else (found.low, found.high)
    assert [type(e) for e in ends] == [type(e) for e in reference]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([], "something to search"),
        (["model.latent_dim"], "not of the form"),
        (["model.latent_dim="], "not of the form"),
        (["model.laten_dim=2"], "did you mean latent_dim"),
        (["modle.latent_dim=2"], "cannot be searched"),
        (["model.latent_dim=2,x"], "whole number"),
        (["model.latent_dim=2,,4"], "whole number"),
        (["train.batch_size=32:64.5"], "whole number"),
        (["train.batch_size=64:32"], "empty range"),
        (["train.batch_size=32:64:lin"], "low:high:log"),
        (["train.batch_size=32:64,128"], "whole number"),
        (["train.optimiser.lr=0:1:log"], "above 0"),
        (["train.optimiser.lr=nan,1"], "a number"),
        (["train.optimiser.kind=adamm"], "adamw"),
        (["train.optimiser.betas=0.5,0.9"], "betas.0"),
        (["train.optimiser=adam"], "not a single value"),
        (["model.latent_dim=2,2"], "twice"),
        (["model.latent_dim=2", "model.latent_dim=4"], "twice"),
        (["train.optimisers.nobody.lr=0.1,0.2"], "no objective"),
        (["data.validation=10,20"], "same images"),
        (["data.name=mnist,digits"], "same images"),
        (["seed=0,1"], "cannot be searched"),
        (["data.text.vocabulary=100,200"], "unlike symbols"),
        (["data.smiles.fold=0,1"], "same molecules"),
        (["evaluate.samples=10,20"], "cannot be searched"),
        ([LR, "--metric", "train/loss"], "valid/"),
        ([LR, "--metric", "valid/los"], "did you mean valid/loss"),
        ([LR, "--metric", "fd_digits"], "MNIST"),
        ([LR, "--trials", "0"], "at least 1"),
        ([LR, "--workers", "x"], "--workers"),
        ([LR, "--data", "nosuch"], "nosuch"),
        ([LR, "--storage", "nosuch://place"], "nosuch database"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_2(texts, said, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    flags = [part for text in texts for part in (("--set", text) if "=" in text or "." in text else (text,))]
    with pytest.raises(SystemExit) as stop:
        main(["sweep", "digits-vae", "--preset", "smoke", *flags])
    assert stop.value.code == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert said in lines[0]


def test_a_share_that_should_rise_is_not_searched_downwards():
    base = override(recipe("judge-mnist", "smoke"), {"data.name": "digits"})
    with pytest.raises(UserError, match=r"smallest valid/accuracy.*valid/loss"):
        make_plan(base, ["train.optimiser.lr=0.1,0.3"], metric="valid/accuracy")


def test_without_optuna_one_sentence_names_the_command(capsys, monkeypatch):
    for name in [n for n in sys.modules if n.startswith("simorgh.sweep")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(SystemExit) as stop:
        main(["sweep", "digits-vae", "--set", LR])
    assert stop.value.code == 2
    assert "pip install 'simorgh[sweep]'" in capsys.readouterr().err


def test_settings_by_dotted_path():
    changed = override(BASE, {"train.optimisers.elbo.lr": 1, "train.optimiser.clip": 5, "train.optimiser.betas.1": 0.9})
    assert changed.train.optimiser.clip == 5.0
    assert changed.train.optimiser.betas == (0.9, 0.9)
    assert changed.train.optimisers == {"elbo": replace(changed.train.optimiser, lr=1.0)}
    one = override(BASE, {"train.optimisers.elbo.betas.0": 0.5})
    assert one.train.optimisers["elbo"].betas[0] == 0.5
    assert one.train.optimiser == BASE.train.optimiser, "an objective's betas are those of all"
    named = replace(BASE, train=replace(BASE.train, optimisers={"elbo": OptimiserConfig("sgd", lr=3.0)}))
    assert override(named, {"train.optimisers.elbo.lr": 2.0}).train.optimisers["elbo"] == OptimiserConfig("sgd", lr=2.0)
    assert override(BASE, {}) == BASE
    for path in (
        "model.nothing",
        "train.optimiser.betas.2",
        "train.optimiser.lr.x",
        "",
        "train.optimisers.elbo.nothing",
    ):
        with pytest.raises(UserError, match="has no setting"):
            override(BASE, {path: 1})


def test_a_plan_survives_its_file_and_does_not_depend_on_the_order():
    plan = make_plan(BASE, [LR, "model.latent_dim=2,4"])
    assert Plan.from_dict(json.loads(json.dumps(plan.to_dict()))).name == plan.name
    assert make_plan(BASE, ["model.latent_dim=2,4", LR]).name == plan.name
    assert make_plan(BASE, [LR]).name != plan.name
    assert make_plan(replace(BASE, seed=1), [LR, "model.latent_dim=2,4"]).name != plan.name


# on which images


class _Forbidden:
    """Stands in the place of the test part: whatever is asked of it fails."""

    def __getattribute__(self, name: str):
        raise AssertionError(f"the test part was asked for {name}")

    def __len__(self) -> int:
        raise AssertionError("the test part was counted")


def test_only_validation_images_are_looked_at(monkeypatch, tmp_path):
    whole = load(DataConfig("digits"))
    assert BASE.data.validation == 0
    from simorgh.data import dataset

    find = dataset.find
    monkeypatch.setattr(dataset, "find", lambda name: replace(find(name), test=_Forbidden()))
    mine = ledger(tmp_path, "model.latent_dim=2", trials=1)
    Worker(mine).work()
    (row,) = records(mine)
    run = Run.open(tmp_path / row["run"])
    assert row["state"] == "finished"
    assert row["value"] == run.history()[-1]["valid/loss"] == row["intermediate"][-1][1]
    held_out = load(run.experiment.data).validation
    assert torch.equal(held_out.x, whole.train.x[-143:])
    assert "143 validation examples" in mine.plan.protocol
    assert "test part is not used" in mine.plan.protocol


def test_best_weights_count_with_their_own_value(tmp_path):
    base = replace(BASE, data=replace(BASE.data, validation=50), train=replace(BASE.train, keep="best", epochs=5))
    plan = make_plan(base, ["train.optimiser.lr=0.05"], prune=False)
    mine = Ledger(plan, tmp_path, str(tmp_path / "journal.log"), 1)
    Worker(mine).work()
    (row,) = records(mine)
    values = [value for _, value in row["intermediate"]]
    assert len(values) == 5
    assert row["value"] == min(values)
    assert "least valid/loss" in plan.protocol


def test_of_two_validations_in_one_pass_the_kept_weights_may_be_the_earlier(tmp_path):
    train = replace(BASE.train, keep="best", epochs=3.0, batch_size=32, log_every=7)
    base = replace(BASE, data=replace(BASE.data, validation=50, limit=256), train=train)
    mine = Ledger(make_plan(base, ["train.optimiser.lr=0.02"], prune=False), tmp_path, str(tmp_path / "journal.log"), 1)
    Worker(mine).work()
    (row,) = records(mine)
    (run,) = (Run.open(path) for path in (tmp_path / "runs").iterdir())
    lines = {line["step"]: line["valid/loss"] for line in run.history() if "valid/loss" in line}
    assert len({round(step * 32 / 256) for step in lines}) < len(lines), "no two of them fall into one pass"
    assert row["value"] == min(lines.values())
    assert validate(run.model(), batches(load(base.data).validation, base.data, 1000), base.seed)["valid/loss"] == (
        pytest.approx(row["value"], rel=1e-5)
    )


def test_trials_whose_numbers_mean_unlike_things_are_refused():
    with pytest.raises(UserError, match="best of another"):
        make_plan(BASE, ["train.keep=last,best"])
    latent = recipe("latent-mnist", "smoke").model
    for model, path in ((BASE.model, "model.likelihood"), (latent, "model.diffusion.levels.mean")):
        assert _decides_the_loss(model, path)
    for name, path in (("iwae-50", "draws"), ("vq-vae", "reconstruction"), ("latent-mnist", "beta")):
        assert _decides_the_loss(recipe(name, "smoke").model, f"model.{path}")
    assert not _decides_the_loss(recipe("control-vae", "smoke").model, "model.target")
    with pytest.raises(UserError, match="decides what a validation loss is"):
        make_plan(BASE, ["model.likelihood=bernoulli,gaussian"])


def test_a_plan_of_verse_counts_windows(tmp_path):
    poems = ["\n".join(f"سر {a} {b}\tبر {a} {b}" for b in "ابپتثجچح") for a in "دذرزژسشصضطظعغفقکگلمن"]
    file = tmp_path / "poems.txt"
    file.write_text("\n\n".join(poems), encoding="utf-8")
    base = recipe("verse-scratch", "smoke")
    base = replace(base, data=replace(base.data, name=f"text:{file}", limit=None))
    plan = make_plan(base, [LR])
    data = load(plan.experiment.data)
    assert f"on {len(data.validation):,} validation examples" in plan.protocol
    whole = load(replace(base.data, validation=0)).train
    assert f"held out of the {len(whole):,} to train on" in plan.protocol
    path = tmp_path / "sweep.json"
    path.write_text(json.dumps(plan.to_dict()))
    assert read_plan(path) == plan


@pytest.mark.parametrize("text", ["three\nlines\nof notes\n", "one line\n", "one line", '{"op": 3}\n', "\n\n"])
def test_a_file_that_is_no_journal_is_refused_and_left_alone(tmp_path, text):
    file = tmp_path / "notes.txt"
    file.write_text(text)
    with pytest.raises(UserError, match="is no journal of a sweep"):
        ledger(tmp_path, trials=1, address=str(file))
    assert file.read_text() == text


def test_molecules_are_counted_and_not_their_spellings(tmp_path):
    table = tmp_path / "some.csv"
    rows = "".join(f"{'C' * n},1\n{'C' * n}O,0\n" for n in range(1, 26))
    table.write_text(f"smiles,label\n{rows}")
    base = recipe("bbbp-lstm", "cpu")
    plan = make_plan(replace(base, data=replace(base.data, name=f"smiles:{table}")), [LR])
    assert plan.images == 40
    assert plan.experiment.data.validation == 4


def test_a_discriminator_does_not_rank_trials():
    with pytest.raises(UserError, match="searched by --metric fd_digits, on MNIST"):
        make_plan(recipe("digits-gan", "smoke"), [LR])


@pytest.mark.mnist
def test_distance_of_samples_to_validation_images(tmp_path):
    plan = make_plan(recipe("gan-dense", "smoke"), ["train.optimiser.lr=1e-3"], "fd_digits")
    assert plan.experiment.train.snapshot_samples == 200
    assert make_plan(recipe("gan-dense", "cpu"), [LR], "fd_digits").experiment.train.snapshot_samples == 2000
    mine = Ledger(plan, tmp_path, str(tmp_path / "journal.log"), 1)
    Worker(mine).work()
    (row,) = records(mine)
    path = max((tmp_path / row["run"] / "samples").glob("*.npz"))
    fake = torch.from_numpy(np.load(path)["samples"]).float() / 255
    real = load(DataConfig("mnist")).train.x[-plan.experiment.data.validation :].float() / 255
    assert fake.shape == (200, 1, 28, 28)
    assert row["value"] == pytest.approx(float(frechet_distance(judged(real)[0], judged(fake)[0])), rel=1e-6)
    assert [place for place, _ in row["intermediate"]] == [1, 2]


# how trials end


def test_equal_settings_are_trained_from_the_next_seed_and_bad_ones_are_cut_off(tmp_path):
    mine = ledger(tmp_path, "train.optimiser.lr=1e-9:1e-2:log", "train.epochs=4", trials=5)
    for lr in (5e-3, 5e-3, 4e-3, 5e-3, 1e-9):
        mine.study.enqueue_trial({"train.optimiser.lr": lr, "train.epochs": 4.0})
    Worker(mine).work()
    rows = {row["number"]: row for row in records(mine)}
    assert [rows[i]["state"] for i in range(5)] == ["finished"] * 4 + ["pruned"]
    assert [rows[i]["seed"] for i in range(5)] == [0, 1, 0, 2, 0]
    assert len({row["run"] for row in rows.values()}) == 5
    assert len(rows[4]["intermediate"]) == 1
    assert not Run.open(tmp_path / rows[4]["run"]).finished
    assert rows[4]["value"] == rows[4]["intermediate"][0][1]
    assert records(mine)[-1]["number"] == 4
    unpruned = make_plan(BASE, mine.plan.texts, prune=False)
    assert unpruned.name != mine.plan.name


def test_a_trial_that_fails_is_recorded_with_its_sentence_and_counts(tmp_path):
    mine = ledger(tmp_path, "train.optimiser.lr=1e-3:1e12:log", "train.batch_size=0:64", trials=3)
    for lr, size in ((1e12, 64), (1e-3, 0), (1e-3, 64)):
        mine.study.enqueue_trial({"train.optimiser.lr": lr, "train.batch_size": size})
    Worker(mine).work()
    rows = {row["number"]: row for row in records(mine)}
    assert [rows[i]["state"] for i in range(3)] == ["failed", "failed", "finished"]
    assert "diverged" in rows[0]["error"].lower()
    assert "at least 1" in rows[1]["error"]
    assert rows[2]["error"] is None


def test_an_unexpected_error_ends_one_trial_only(monkeypatch, tmp_path):
    def fit(experiment, *rest, **more):
        raise MemoryError("no\nroom")

    monkeypatch.setattr(simorgh.sweep.worker, "fit", fit)
    mine = ledger(tmp_path, trials=2)
    Worker(mine).work()
    assert [row["error"] for row in records(mine)] == ["MemoryError: no room"] * 2
    with pytest.raises(UserError, match="All 2 trials failed; the first says: MemoryError"):
        sweep("digits-vae", [LR], preset="smoke", trials=2, out=tmp_path)


# a grid

GRID = ["model.latent_dim=2,4", "train.optimiser.kind=adam,sgd"]


def test_a_grid_trains_every_combination_from_every_seed_once(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(simorgh.sweep, "_page", lambda *_: None)
    flags = ["--preset", "smoke", "--out", str(tmp_path)]
    main(["sweep", "digits-vae", "--set", *GRID, "--grid", "--seeds", "2", *flags])
    rows = json.loads((tmp_path / "trials.json").read_text())["trials"]
    wanted = {(d, k, s) for d in (2, 4) for k in ("adam", "sgd") for s in (0, 1)}
    found = [(*row["params"].values(), row["seed"]) for row in rows]
    assert len(found) == 8
    assert set(found) == wanted
    for row in rows:
        assert row["state"] == "finished"
        experiment = Run.open(tmp_path / row["run"]).experiment
        assert (experiment.model.latent_dim, experiment.train.optimiser.kind, experiment.seed) in wanted
    said = " ".join(capsys.readouterr().out.split())
    assert "every combination from seeds 0 to 1" in said
    assert "TPE" not in said


def test_a_grid_that_was_half_laid_out_is_completed(monkeypatch, tmp_path):
    plan = make_plan(BASE, GRID, seeds=2)
    mine = Ledger(plan, tmp_path, str(tmp_path / "journal.log"), len(plan.cells))
    enqueue, count = mine.study.enqueue_trial, iter(range(3))

    def few(*args, **more):
        next(count)
        enqueue(*args, **more)

    monkeypatch.setattr(mine.study, "enqueue_trial", few)
    with pytest.raises(StopIteration):
        mine.lay_out()
    monkeypatch.undo()
    for _ in range(2):
        mine.lay_out()
    assert mine.room() == 8
    Worker(mine).work()
    rows = records(mine)
    assert len({row["run"] for row in rows}) == 8
    assert len({(*row["params"].values(), row["seed"]) for row in rows}) == 8


def test_a_grid_is_another_plan_and_takes_no_range():
    assert make_plan(BASE, GRID).name != make_plan(BASE, GRID, seeds=1).name != make_plan(BASE, GRID, seeds=2).name
    plan = make_plan(BASE, GRID, seeds=2)
    assert Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    assert not plan.prune
    with pytest.raises(UserError, match="a grid needs"):
        make_plan(BASE, [LR], seeds=1)
    for flags in (["--seeds", "2"], ["--grid", "--seeds", "0"]):
        with pytest.raises(SystemExit):
            main(["sweep", "digits-vae", "--set", *GRID, *flags])


# who dies


def test_a_trial_of_a_dead_worker_is_tried_once_more(tmp_path):
    mine = ledger(tmp_path, trials=2)
    gone = {"host": "here", "pid": 1, "start": 1.0}
    alive, lock = mine.alive()

    def claim(worker: dict) -> int:
        trial = mine.study.ask()
        mine.plan.space["train.optimiser.lr"].suggest(trial, "train.optimiser.lr")
        trial.set_user_attr("worker", worker)
        trial.set_user_attr("seed", 7)
        return trial.number

    with lock:
        first, second = claim(gone), claim(alive)
        for _ in range(2):  # a second look changes nothing
            mine.recover()
        states = {t.number: t.state for t in mine.counted()}
        assert states == {second: TrialState.RUNNING, 2: TrialState.WAITING}
        assert mine.room() == 1
        again = claim(gone)
        trials = mine.study.trials
        assert again == 2
        assert trials[again].params == trials[first].params
        assert trials[again].user_attrs["seed"] == 7
        mine.recover()
        assert mine.room() == 0
        (row,) = records(mine)
        assert row["number"] == first
        assert row["state"] == "failed"
        assert "died twice" in row["error"]
    mine.recover()
    assert mine.study.trials[second].state == TrialState.FAIL
    assert mine.room() == 1


def test_claims_that_come_too_late_do_not_count(tmp_path):
    mine = ledger(tmp_path, trials=2)
    numbers = [mine.study.ask().number for _ in range(4)]
    assert [mine.is_surplus(n) for n in numbers] == [False, False, True, True]
    mine.study.enqueue_trial({}, user_attrs={"retry": {"of": 0, "number": 0, "step": 0}})
    mine.study.enqueue_trial({}, user_attrs={"retry": {"of": 0, "number": 0, "step": 0}})
    assert [mine.is_surplus(n) for n in (1, 4, 5)] == [False, False, True]


def _watch(mine: Ledger, victims: list[int]) -> None:
    """Kill the first worker that is seen in the middle of a training."""
    while not victims:
        for trial in mine.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            run = mine.out / trial.user_attrs.get("run", "none") / "history.jsonl"
            if not run.is_file() or not run.read_text():
                continue
            os.kill(trial.user_attrs["worker"]["pid"], signal.SIGSTOP)
            if mine.study.trials[trial.number].state == TrialState.RUNNING:
                victims.append(trial.number)
                os.kill(trial.user_attrs["worker"]["pid"], signal.SIGKILL)
                return
            os.kill(trial.user_attrs["worker"]["pid"], signal.SIGCONT)
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_killed_worker_loses_and_doubles_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(simorgh.sweep, "_page", lambda *_: None)
    texts = [LR, "model.latent_dim=2,4,8", "train.epochs=12"]
    victims: list[int] = []
    watcher = Thread(target=_watch, args=(ledger(tmp_path, *texts, trials=12, prune=False), victims), daemon=True)
    watcher.start()
    sweep("digits-vae", texts, preset="smoke", out=tmp_path, prune=False, progress=False)
    assert victims, "no worker was killed"
    mine = ledger(tmp_path, *texts, trials=12, prune=False)
    rows = json.loads((tmp_path / "trials.json").read_text())["trials"]
    assert sorted(row["number"] for row in rows) == list(range(12))
    assert all(row["state"] == "finished" for row in rows)
    assert len({row["run"] for row in rows}) == len(list((tmp_path / "runs").iterdir())) == 12
    trials = mine.study.trials
    assert len(trials) == 13
    assert trials[victims[0]].state == TrialState.FAIL
    (retry,) = [t for t in trials if "retry" in t.user_attrs]
    assert retry.user_attrs["retry"]["of"] == victims[0]
    assert retry.params == trials[victims[0]].params
    for row in rows:
        run = Run.open(tmp_path / row["run"])
        assert run.finished
        assert row["value"] == run.history()[-1]["valid/loss"]
        assert run.experiment.model.latent_dim == row["params"]["model.latent_dim"]


def _done(out: Path) -> list[Path]:
    return [path.parent for path in (out / "runs").glob("*/model.safetensors")]


@pytest.mark.skipif(sys.platform == "win32", reason="no process groups")
def test_the_same_command_goes_on_after_everything_was_killed(capsys, monkeypatch, tmp_path):
    texts = [LR, "train.epochs=8"]
    command = [sys.executable, "-m", "simorgh", "sweep", "digits-vae", "--preset", "smoke", "--trials", "4",
               "--set", *texts, "--no-prune", "--out", str(tmp_path)]  # fmt: skip
    first = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while first.poll() is None and not _done(tmp_path):
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    before = {p: (p / "model.safetensors").stat().st_mtime_ns for p in _done(tmp_path)}
    assert 1 <= len(before) < 4
    same = {"preset": "smoke", "out": tmp_path, "prune": False, "trials": 4, "progress": False}
    for again in range(2):  # the second time there is nothing left to do
        main(command[3:]) if again else sweep("digits-vae", texts, **same)
        rows = json.loads((tmp_path / "trials.json").read_text())["trials"]
        assert sorted(row["number"] for row in rows) == [0, 1, 2, 3]
        assert {row["run"] for row in rows} == {f"runs/{p.name}" for p in (tmp_path / "runs").iterdir()}
        assert before == {p: (p / "model.safetensors").stat().st_mtime_ns for p in before}
        monkeypatch.setattr(simorgh.sweep, "execute", None)
    page, said = tmp_path / "report.html", capsys.readouterr().out
    assert "valid/loss" in said
    assert said.strip().splitlines()[-1] == str(page)
    assert page.read_text().count("<img") >= 3
    with pytest.raises(UserError, match="another sweep"):
        sweep("digits-vae", texts, seed=1, **same)


@pytest.mark.filterwarnings("ignore:Heartbeat of storage")
def test_a_database_keeps_a_study_too(tmp_path):
    address = f"sqlite:///{tmp_path / 'sweep.db'}"
    mine = ledger(tmp_path, trials=2, address=address)
    trial = mine.study.ask()
    mine.plan.space["train.optimiser.lr"].suggest(trial, "train.optimiser.lr")
    trial.set_user_attr("worker", {"host": "another machine", "pid": 1, "start": 1.0})
    mine.recover()
    assert mine.study.trials[0].state == TrialState.RUNNING, "only its heartbeat may tell"
    trial.set_user_attr("worker", {**mine.alive()[0], "start": 1.0})
    Worker(mine).work()
    rows = records(mine)
    assert sorted(row["number"] for row in rows) == [0, 1]
    assert all(row["state"] == "finished" for row in rows)


# what is shown


def test_figures_take_every_kind_of_trial():
    numbers, values = [0, 1, 2, 3], [1.0, 2.0, None, 900.0]
    states = ["finished", "pruned", "failed", "finished"]
    for figure in (
        trial_values(numbers, values, states),
        trial_parameters({"a": [1, 2, 3], "b": ["x", None, "x"]}, [1.0, 2.0, 900.0], ["finished"] * 3, ["a"],
                         {"b": ["x", None]}),
        trial_curves({0: [(1, 2.0), (2, 1.0)], 1: [(1, 2.0)]}, ["finished", "pruned"], "pass", "value"),
    ):  # fmt: skip
        figure.canvas.draw()
    assert to_dict(BASE)["name"] == "digits-vae"
