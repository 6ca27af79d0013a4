"""The command line: stable words, quick help, and one sentence with exit code 2 for whatever a user does wrong."""

import os
import resource
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from simorgh.arguments import SweepArguments, parse
from simorgh.cli import main
from simorgh.errors import UserError
from simorgh.recipes import recipe
from simorgh.report import sampling
from simorgh.report.export import save_run
from simorgh.report.terminal import show_rows
from simorgh.train import Run, fit


def simorgh(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "simorgh", *arguments], capture_output=True, text=True)


def test_help_comes_at_once():
    """Seconds of processor time, which a busy machine does not stretch."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = simorgh("--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert answer.returncode == 0
    assert "simorgh COMMAND" in answer.stdout
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
def test_a_full_disk_is_one_sentence_and_exit_2():
    for argument in ("--help", "--version"):
        with open("/dev/full", "w") as full:
            answer = subprocess.run(
                [sys.executable, "-m", "simorgh", argument], stdout=full, stderr=subprocess.PIPE, text=True
            )
        assert (answer.returncode, answer.stderr) == (2, "simorgh: No space left on device.\n")


def test_help_imports_no_torch():
    """Of the whole command and of each of its commands, in one process, since imports stay."""
    code = """
import sys
from simorgh.cli import COMMANDS, main
for words in ([], *([name] for name in COMMANDS)):
    try:
        main([*words, "--help"])
    except SystemExit:
        pass
    assert "torch" not in sys.modules, words
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count("usage: simorgh sample") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["trian"], "did you mean train"),
        (["train"], "recipe is missing"),
        (["train", "vae-mpl"], "did you mean vae-mlp"),
        (["train", "digits-vae", "--preset", "huge"], "There is no preset"),
        (["train", "digits-vae", "--model.laten-dim", "3"], "laten-dim, 3: did you mean --model.latent-dim? See"),
        (["train", "digits-vae", "--model.latent-dim", "x"], "--model.latent-dim: 'x' is not a whole number. See"),
        (["train", "digits-vae", "--train.epochs", "x"], "--train.epochs: 'x' is not a number. See"),
        (["train", "digits-vae", "--train.optimiser.betas", "1", "b"], "betas: '1', 'b' are not what it takes. See"),
        (["train", "digits-vae", "--train.optimiser.betas", "1"], "Values it takes: 2. See"),
        (["sample", "run", "-n=abc"], "--n: 'abc' is not a whole number. See"),
        (["sample", "run", "--guidance", "y"], "--guidance: 'y' is not a number. See"),
        (["predict", "run"], "--input PATH"),
        (["evaluate", "run", "--resize", "clean"], "--inception FILE, which is missing"),
        (["train", "digits-vae", "--model.prior", "gausian"], "did you mean gaussian"),
        (["train", "digits-vae", "--model.network.hidden", "9", "9", "9", "9", "9"], "2 to 4"),
        (["train", "digits-vae", "--data", "nosuch"], "nosuch"),
        (["train", "digits-vae", "--data", "folder:/no/such/place"], "/no/such/place"),
        (["train", "digits-vae", "--train.log-every", "0"], "at least 1"),
        (["train", "digits-vae", "--train.micro-batches", "0"], "at least 1"),
        (["train", "digits-vae", "--train.epochs", "-1"], "at least 0"),
        (["train", "digits-vae", "--train.optimiser.clip", "-1"], "optimiser.clip is -1"),
        (["train", "digits-vae", "--train.optimiser.lr", "nan"], "optimiser.lr is nan"),
        (["train", "digits-vae", "--train.optimiser.betas", "0.9", "1"], "below 1"),
        (["train", "digits-vae", "--data=nosuch"], "nosuch"),
        (["train", "judge-mnist", "--model.width", "20"], "divide by 8"),
        (["train", "digits-vae", "--data", "text:verse.txt"], "rows of symbols"),
        (["train", "digits-vae", "--out", "verse.txt/runs"], "verse.txt"),
        (["sample", "/no/such/run"], "not a run directory"),
        (["evaluate", "/no/such/run"], "not a run directory"),
        (["report", "/no/such/run"], "not a run directory"),
        (["compare", "/no/such/run", "/nor/this"], "not a run directory"),
        (["export", "/no/such/run"], "not a run directory"),
        (["study", "nosuch"], "no study"),
        (["study", "first_flight", "--lang", "de"], "de"),
        (["data", "describe", "nosuch"], "nosuch"),
        (["data", "fetch", "mnist"], "There is no data command"),
        (["list", "everything"], "There is no list"),
        (["train", "digits-vae", "--preset", "smoke", "--out", "x" * 300], "File name too long"),
        (["list", "data", "more"], "'more' is not an argument"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_2(arguments, said, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    beyts = (f"{i} یک\t{i} دو\n" + "\n" * (i % 4 == 3) for i in range(60))
    (tmp_path / "verse.txt").write_text("".join(beyts), encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("simorgh: ")
    assert said in lines[0]
    assert not (tmp_path / "runs").exists(), "a refused training leaves nothing behind"


@pytest.mark.parametrize(
    ("command", "flag"),
    [
        ("train digits-vae", "--model.latent-dim"),
        ("train digits-vae --seed 3", "--model.latent-dim"),
        ("sweep digits-vae", "--trials"),
        ("list recipes", "studies"),
        ("sample", "--guidance"),
        ("evaluate", "--inception"),
        ("predict", "--vectors"),
        ("report", "--lang"),
        ("study", "--data"),
        ("pack", "--consulted"),
        ("export", "--out"),
        ("sweep", "--trials"),
        ("train", "settings"),
        ("compare", "RUN RUN"),
    ],
)
def test_help_shows_every_argument(command, flag, capsys):
    for asked in ("-h", "--help"):
        with pytest.raises(SystemExit) as stop:
            main([*command.split(), asked])
        assert not stop.value.code
        said = capsys.readouterr().out
        assert said.startswith(f"usage: simorgh {command.split()[0]} ")
        assert flag in said


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--trails", "3"], "Unrecognized options: --trails, 3: did you mean --trials? See"),
        (["--gird"], "Unrecognized options: --gird: did you mean --grid? See"),
        (["--trials", "x"], "--trials: 'x' is not a whole number. See"),
    ],
)
def test_complaints_read_the_same_on_a_terminal(arguments, said, terminal, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal, raising=False)
    with pytest.raises(UserError) as error:
        parse(SweepArguments, arguments, "simorgh sweep")
    assert said in str(error.value)
    assert "\x1b" not in str(error.value)


@pytest.mark.parametrize("where", [0, 2])
def test_a_part_that_can_be_chosen_may_stand_before_or_after_settings(where, monkeypatch):
    asked = []
    monkeypatch.setattr("simorgh.train.fit", lambda experiment, *_, **__: asked.append(experiment) or Run)
    monkeypatch.setattr(Run, "path", "", raising=False)
    words = ["--seed", "3"]
    words.insert(where, "model.ramp:ramp")
    main(["train", "control-vae-8", "--preset", "smoke", *words])
    assert asked[0].seed == 3
    assert asked[0].model.ramp.every == 5000


def test_a_wrong_ending_is_seen_before_anything_is_drawn(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run = fit(recipe("digits-vae", "smoke"), progress=False)
    for count in ("-n3", "-n=3", "--n=3"):
        main(["sample", str(run.path), count, "--out", "few.npz"])
        assert len(np.load("few.npz")["images"]) == 3
    monkeypatch.setattr(sampling, "generate", lambda *_, **__: pytest.fail("it was drawn"))
    with pytest.raises(SystemExit) as stop:
        main(["sample", str(run.path), "--out", "grid.gif"])
    assert stop.value.code == 2
    assert "grid.gif should end in .png (a grid) or .npz (arrays)." in capsys.readouterr().err


@pytest.mark.minutes(1)
def test_train_sample_evaluate_report_compare(tmp_path: Path):
    paths = []
    for seed in ("0", "1"):
        done = simorgh("train", "digits-cvae", "--preset", "smoke", "--seed", seed, "--out", str(tmp_path), "--quiet")
        assert done.returncode == 0, done.stderr
        paths.append(done.stdout.strip().splitlines()[-1])
        assert Path(paths[-1]).is_dir()
    for out in ("grid.png", "arrays.npz"):
        made = simorgh("sample", paths[0], "-n", "6", "--condition", "3", "--out", str(tmp_path / out))
        assert made.returncode == 0, made.stderr
        assert (tmp_path / out).stat().st_size > 200
    assert simorgh("sample", paths[0], "-n", "2", "--condition", "11").returncode == 2
    for path in paths:
        assert simorgh("evaluate", path).returncode == 0
    compared = simorgh("compare", *paths)
    assert compared.returncode == 0, compared.stderr
    assert "neg_elbo" in compared.stdout
    page = simorgh("report", paths[0], "--lang", "fa")
    assert page.returncode == 0, page.stderr
    written = Path(page.stdout.strip().splitlines()[-1]).read_text(encoding="utf-8")
    assert 'lang="fa"' in written[:200]
    assert "تنظیمات" in written
    assert "data.binarise" in written
    assert "data.smiles" in written
    assert "data.smiles.tokens" not in written, "no settings of molecules in the report of a model of images"


def test_an_exported_run_opens_wherever_it_is_unzipped(tmp_path: Path, monkeypatch, capsys):
    """With the averaged weights, which it draws with, and without what only a training needs."""
    monkeypatch.chdir(tmp_path)
    plain = recipe("digits-vae", "smoke")
    run = fit(replace(plain, train=replace(plain.train, ema_half_life=500.0)), tmp_path / "runs", progress=False)
    assert (run.path / "ema.safetensors").is_file()
    main(["export", str(run.path)])
    archive = tmp_path / capsys.readouterr().out.strip()
    assert archive.name == f"{run.path.name}.zip"
    with zipfile.ZipFile(archive) as file:
        file.extractall(tmp_path / "elsewhere")
    folder = tmp_path / "elsewhere" / run.path.name
    names = {path.name for path in folder.iterdir()}
    assert {"experiment.yaml", "environment.json", "history.jsonl", "model.safetensors", "README.txt"} <= names
    assert not {"state.pt", "ema.safetensors", "lock"} & names
    here, there = (r.model().state_dict() for r in (run, Run.open(folder)))
    assert here.keys() == there.keys()
    assert all(torch.equal(here[name], there[name]) for name in here)
    main(["sample", str(folder), "-n", "4", "--out", "grid.png"])
    first = archive.read_bytes()
    main(["export", str(run.path)])
    assert archive.read_bytes() == first
    monkeypatch.chdir(run.path)
    for _ in range(2):
        main(["export", "."])
        assert (run.path / archive.name).read_bytes() == first, "an archive must not hold the one before it"
    (run.path / archive.name).unlink()
    monkeypatch.chdir(tmp_path)
    (run.path / "gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match="cannot be copied"):
        save_run(archive, run)
    (run.path / "gone").unlink()
    (run.path / "model.safetensors").unlink()  # a kill between the two sets of weights leaves the averaged ones
    for arguments, said in (([], "is not finished"), (["--out", "model.tar"], "should end in .zip")):
        with pytest.raises(SystemExit) as stop:
            main(["export", str(run.path), *arguments])
        assert stop.value.code == 2
        assert said in capsys.readouterr().err
    assert archive.read_bytes() == first, "a refused export leaves what was there"


@pytest.mark.parametrize("what", ["recipes", "data", "studies", "metrics"])
def test_list(what, capsys):
    main(["list", what])
    assert len(capsys.readouterr().out.splitlines()) > 2


def test_brackets_in_names_are_no_markup(capsys):
    show_rows("folder:cats [old]", {"[small]": "3 [/x]"})
    said = capsys.readouterr().out
    assert "folder:cats [old]" in said
    assert "[small]" in said
    assert "3 [/x]" in said


def test_too_little_memory_is_one_sentence_and_exit_2(tmp_path: Path):
    asked = ("train", "digits-vae", "--preset", "smoke", "--out", str(tmp_path / "run"))
    answer = simorgh(*asked, "--model.network.hidden", "10000000", "10000000")
    assert answer.returncode == 2
    assert "not enough memory" in answer.stderr.splitlines()[-1]
    assert "Traceback" not in answer.stderr


def test_persian_that_cannot_be_shown_is_no_traceback():
    narrow = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    ask = [sys.executable, "-c", "from simorgh.cli import main; main(['عدد'])"]
    answer = subprocess.run(ask, capture_output=True, env=narrow)
    assert answer.returncode == 2
    shown = "import sys; from simorgh import cli; cli.COMMANDS['say'] = lambda a: print('بیت'); cli.main(['say'])"
    answer = subprocess.run([sys.executable, "-c", shown], capture_output=True, env=narrow)
    assert (answer.returncode, answer.stdout.strip()) == (0, b"???"), answer.stderr
