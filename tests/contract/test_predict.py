"""simorgh predict: a row out for every row in, what cannot be read kept with its reason, unusable files refused."""

import csv
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from simorgh.cli import main
from simorgh.contracts import DataSpec
from simorgh.data import DataConfig, SmilesConfig
from simorgh.data.chemistry import canonical, parse
from simorgh.data.tokens import atoms, encode, kinds
from simorgh.evaluate import predict_table
from simorgh.models.sequence_classifier import SequenceClassifierConfig
from simorgh.noise import philox
from simorgh.train import Experiment, OptimiserConfig, Run, TrainConfig, fit


@pytest.fixture(scope="module", name="run")
def _run(tmp_path_factory) -> Run:
    """A net that has learnt to find chlorine, in molecules of C, O, N and Cl."""
    rng, rows = philox("predict"), {}
    while len(rows) < 60:
        chain = "C" + "".join(rng.choice(["C", "N", "CO"], size=rng.integers(2, 7)))
        label = ("without", "with")[len(rows) % 2]
        rows.setdefault(canonical(parse(chain + ("Cl" if label == "with" else "C"))), label)
    folder = tmp_path_factory.mktemp("predict")
    file = folder / "chains.csv"
    file.write_text("smiles,label\n" + "".join(f"{text},{label}\n" for text, label in rows.items()))
    model = SequenceClassifierConfig(hidden=8, embedding=4, dense=(), head="pooled")
    data = DataConfig(f"smiles:{file}", smiles=SmilesConfig(extra=1, folds=3))
    train = TrainConfig(epochs=15.0, batch_size=16, optimiser=OptimiserConfig(lr=2e-2), snapshots=0)
    return fit(Experiment("chains", "smoke", data, model, train), folder / "runs", progress=False)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def asked(run: Run, tmp_path: Path, content: str, *arguments: str) -> list[dict[str, str]]:
    (tmp_path / "in.csv").write_text(content)
    out = tmp_path / "out.csv"
    main(["predict", str(run.path), "--input", str(tmp_path / "in.csv"), "--out", str(out), *arguments])
    return table(out.read_text())


CONTENT = """name,SMILES
chlorine,ClCCCO
broken,C1CCO
plain,OCCCC
empty,
"two words","CCO ethanol"
ring,C1CC1
"""


def test_no_row_is_lost_and_bad_ones_say_why(run, tmp_path, capsys):
    rows = asked(run, tmp_path, CONTENT)
    assert [row["line"] for row in rows] == ["2", "3", "4", "5", "6", "7"]
    assert [row["smiles"] for row in rows] == ["ClCCCO", "C1CCO", "OCCCC", "", "CCO ethanol", "C1CC1"]
    assert [bool(row["prediction"]) for row in rows] == [True, False, True, False, False, True]
    assert [row["note"] for row in rows] == [
        "", "not a SMILES that RDKit can read", "", "no SMILES", "more than a SMILES in its cell",
        "not seen in training: 1",
    ]  # fmt: skip
    for row in rows:
        assert (row["p with"] == "") == (row["prediction"] == "")
    assert "6 rows, 3 of them without a prediction" in capsys.readouterr().err


def test_a_row_of_nothing_but_delimiters_is_a_row(run, tmp_path, capsys):
    rows = asked(run, tmp_path, "name,smiles\n,\n\n")
    assert [(row["line"], row["note"]) for row in rows] == [("2", "no SMILES")]
    assert "1 row, 1 of them" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--out", "--vectors"])
def test_the_table_that_is_read_is_not_written_over(run, tmp_path, flag, capsys):
    (tmp_path / "in.csv").write_text(CONTENT)
    with pytest.raises(SystemExit) as stop:
        main(
            ["predict", str(run.path), "--input", str(tmp_path / "in.csv"), flag, str(tmp_path / "x" / ".." / "in.csv")]
        )
    assert stop.value.code == 2
    assert "another file" in capsys.readouterr().err
    assert (tmp_path / "in.csv").read_text() == CONTENT


def test_a_reader_that_leaves_is_no_fault(run, tmp_path):
    (tmp_path / "in.csv").write_text(CONTENT)
    command = f"'{sys.executable}' -m simorgh predict '{run.path}' --input '{tmp_path / 'in.csv'}'"
    done = subprocess.run(
        ["bash", "-c", f"{command} | true; exit ${{PIPESTATUS[0]}}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_the_answers_are_those_of_the_model(run, tmp_path):
    """With the molecule's canonical spelling alone: the same numbers as the model on tokens made by hand."""
    rows = asked(run, tmp_path, CONTENT, "--spellings", "0", "--vectors", str(tmp_path / "v.npz"))
    texts = [canonical(parse(text)) for text in ("ClCCCO", "OCCCC", "C1CC1")]
    x = torch.from_numpy(encode([atoms(text) for text in texts], run.spec.vocabulary)).long()
    held = [row for row in rows if row["prediction"]]
    # Classes in the order of their names: "with" comes first.
    found = [[float(row["p with"]), float(row["p without"])] for row in held]
    np.testing.assert_allclose(found, run.model().predict(x).numpy(), atol=1e-6)
    assert [row["prediction"] for row in held[:2]] == ["with", "without"]
    with np.load(tmp_path / "v.npz") as made:
        assert made["lines"].tolist() == [2, 4, 7]
        np.testing.assert_allclose(made["vectors"], run.model().features(x).numpy(), atol=1e-6)


def test_one_molecule_has_one_answer_however_it_is_spelt(run, tmp_path):
    rows = asked(run, tmp_path, "smiles\nOCCNCCl\nClCNCCO\nC(Cl)NCCO\n")
    assert len({row["p with"] for row in rows}) == 1


def test_standard_output_holds_the_table_alone(run, tmp_path, capsys):
    (tmp_path / "in.csv").write_text("smiles;x\nCCO;1\nCCCl;2\n")
    main(["predict", str(run.path), "--input", str(tmp_path / "in.csv")])
    rows = table(capsys.readouterr().out)
    assert [row["smiles"] for row in rows] == ["CCO", "CCCl"]


def test_a_flattened_net_says_what_it_cuts_off(tmp_path):
    vocabulary = kinds([["C", "O"]])
    spec = DataSpec("tokens", (5,), (0.0, 3.0), 2, vocabulary, labels=("0", "1"))
    model = SequenceClassifierConfig(hidden=2, embedding=2, dense=())
    experiment = Experiment("short", "smoke", DataConfig("smiles:gone.csv"), model, TrainConfig())
    run = Run.create(tmp_path / "run", experiment, spec)
    run.save_weights("model", model.build(spec).state_dict())
    rows = asked(run, tmp_path, "smiles\nCCCCCCCO\nCCCC\n", "--spellings", "0")
    assert [row["note"] for row in rows] == ["only the first 5 of 8 tokens are read", ""]


def test_random_spellings_are_of_what_the_net_was_told(run, tmp_path, monkeypatch):
    """A net of flat SMILES has no symbol for the stereo of the molecule as it was written."""
    seen = []
    monkeypatch.setattr(predict_table, "_answers", lambda run, model, texts, device: seen.extend(texts) or [])
    data = run.experiment.data
    flat = replace(data, smiles=replace(data.smiles, spelling="flat"))
    (tmp_path / "in.csv").write_text("smiles\nC[C@H](N)C(=O)O\n")
    told = Run(run.path, replace(run.experiment, data=flat), run.spec)
    predict_table.predict_file(told, tmp_path / "in.csv", spellings=3)
    assert len(seen[0]) == 4
    assert not any("@" in text for text in seen[0])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        (b"", "no column of SMILES"),
        (b"name,weight\nx,3\n", "no column of SMILES"),
        (b"smiles\n", "a header and no rows"),
        (b"\xff\xfe\x00s\x00m", "not UTF-8"),
        (b"CCO\nCCN\n", "no column of SMILES"),
    ],
)
def test_unusable_files_are_one_sentence_and_exit_2(run, tmp_path, content, said, capsys):
    file = tmp_path / "in.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SystemExit) as stop:
        main(["predict", str(run.path), "--input", str(file)])
    assert stop.value.code == 2
    answer = capsys.readouterr()
    assert answer.out == ""
    assert len(answer.err.strip().splitlines()) == 1
    assert said in answer.err


def test_a_run_answers_where_its_training_data_are_gone(run, tmp_path, capsys):
    file = Path(run.experiment.data.name.removeprefix("smiles:"))
    file.rename(away := file.with_suffix(".away"))
    try:
        (row,) = asked(run, tmp_path, "smiles\nCCCl\n")
        assert row["prediction"] in ("with", "without")
        assert float(row[f"p {row['prediction']}"]) >= 0.5
    finally:
        away.rename(file)


def test_a_run_without_names_of_classes_says_so(run, tmp_path, capsys):
    shutil.copytree(run.path, tmp_path / "old")
    shown = tmp_path / "old" / "experiment.yaml"
    held = yaml.safe_load(shown.read_text())
    assert held["spec"].pop("labels") == ["with", "without"]
    shown.write_text(yaml.safe_dump(held))
    (tmp_path / "in.csv").write_text("smiles\nCCO\n")
    with pytest.raises(SystemExit) as stop:
        main(["predict", str(tmp_path / "old"), "--input", str(tmp_path / "in.csv")])
    assert stop.value.code == 2
    assert "delete it and train it again" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_a_sentence(run, tmp_path, capsys):
    (tmp_path / "in.csv").write_text("smiles\nCCO\n")
    with pytest.raises(SystemExit) as stop:
        main(["predict", str(run.path), "--input", str(tmp_path / "in.csv"), "--out", str(tmp_path / "in.csv" / "x")])
    assert stop.value.code == 2
    assert "cannot be written" in capsys.readouterr().err
