"""A local folder of a trained GPT-2: read as transformers and tokenizers read it, trained on, and never mixed up."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from simorgh.contracts import UserError
from simorgh.data import DataConfig, TextConfig, load, settle
from simorgh.data.pretrained import read_pieces
from simorgh.data.tokenisers import HALF, SPECIAL, Tokeniser, reader
from simorgh.evaluate import evaluate
from simorgh.evaluate.continuing import decoding, read_prompt, say
from simorgh.models.pretrained_gpt import PretrainedGPTConfig
from simorgh.train import EvaluateConfig, Experiment, OptimiserConfig, Run, TrainConfig, fit, initialise

transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")
LINES = ["توانا بود هر که دانا بود", "ز دانش دل پیر برنا بود", "می\u200cرود (love) 12!", "فروزنده\u0654 ماه", ""]


@pytest.fixture(name="folder")
def _folder(gpt2_folder: Path, tmp_path: Path, monkeypatch) -> Path:
    """A copy that may be changed, named by SIMORGH_GPT2."""
    copy = tmp_path / "folder"
    shutil.copytree(gpt2_folder, copy)
    monkeypatch.setenv("SIMORGH_GPT2", str(copy))
    return copy


@pytest.fixture(name="experiment")
def _experiment(folder: Path, tmp_path: Path) -> Experiment:
    poems = tmp_path / "poems.txt"
    lines = [f"{a}\t{b}" for a, b in [LINES[:2], LINES[1::-1]] * 3]
    poems.write_text("\n\n".join(["\n".join(lines)] * 24), encoding="utf-8")
    data = DataConfig(f"text:{poems}", text=TextConfig("folder", beyts=3))
    rule = OptimiserConfig("adamw", 1e-3)
    train = TrainConfig(2, 8, optimiser=rule, snapshots=0, log_every=1, checkpoint_seconds=0.0)
    return Experiment("tuned", "smoke", data, PretrainedGPTConfig(dropout=0.0), train, EvaluateConfig(samples=20))


def test_lines_are_read_as_the_folders_own_tokeniser_reads_them(folder: Path):
    pieces, theirs = read_pieces(folder), tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    ours = Tokeniser(pieces.vocabulary, pieces.merges)
    for line in LINES:
        assert [pieces.rows[n] for n in ours.encode(line)] == theirs.encode(" " + line).ids
        assert ours.decode(ours.encode(line)) == line
    beyts = [(LINES[0], LINES[1]), (LINES[2], LINES[3])]
    assert ours.decode_beyts([n for beyt in beyts for n in ours.encode_beyt(beyt)]) == beyts
    names = [sorted(theirs.get_vocab(), key=theirs.get_vocab().get)[row] for row in pieces.rows[: len(SPECIAL)]]
    assert names == ["<pad>", "<|startoftext|>", "</s>", "<sep>", "<unk>"]
    assert sorted(pieces.rows) == list(range(theirs.get_vocab_size()))


def test_both_layouts_of_a_tokeniser_are_the_same(folder: Path):
    whole = read_pieces(folder)
    (folder / "tokenizer.json").unlink()
    assert read_pieces(folder) == whole
    (folder / "vocab.json").unlink()
    with pytest.raises(UserError, match="has no tokeniser"):
        read_pieces(folder)


@torch.no_grad()
@pytest.mark.parametrize("binary", [False, True])
def test_logits_are_those_of_transformers(folder: Path, experiment: Experiment, binary: bool):
    theirs = transformers.GPT2LMHeadModel.from_pretrained(folder).eval()
    for parameter in theirs.parameters():  # weights as large as trained ones
        parameter.add_(0.2 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    (folder / "model.safetensors").unlink()
    if binary:
        torch.save(theirs.state_dict(), folder / "pytorch_model.bin")
    else:
        theirs.save_pretrained(folder)
    settled = replace(experiment, data=settle(experiment.data), model=experiment.model.settle())
    data, rows = load(settled.data), torch.tensor(read_pieces(folder).rows)
    ours = initialise(settled, data.spec).eval()
    assert (settled.model.width, settled.model.layers, settled.model.heads, settled.model.context) == (32, 2, 2, 640)
    x = data.train.x[:4].long()
    expected = theirs(rows[x]).logits[..., rows]
    assert expected.std() > 0.5, "weights too small to tell anything"
    torch.testing.assert_close(ours.logits(ours(x)), expected, rtol=1e-5, atol=1e-5)


def test_marks_that_the_folder_lacks_are_new_and_average(folder: Path, experiment: Experiment):
    found = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    for table in (found["added_tokens"], [found["model"]["vocab"]]):
        for entry in table:
            if entry.get("content") == "<sep>":
                entry["content"] = "<other>"
            if "<sep>" in entry:
                entry["<other>"] = entry.pop("<sep>")
    (folder / "tokenizer.json").write_text(json.dumps(found), encoding="utf-8")
    pieces = read_pieces(folder)
    assert pieces.rows[HALF] == -1
    assert len(pieces.vocabulary) == max(pieces.rows) + 2
    settled = replace(experiment, data=settle(experiment.data), model=experiment.model.settle())
    vectors = initialise(settled, load(settled.data).spec).token.weight
    others = torch.cat([vectors[:HALF], vectors[HALF + 1 :]])
    torch.testing.assert_close(vectors[HALF], others.mean(0))


def test_training_lowers_the_loss_and_a_run_needs_no_folder_to_be_opened(
    folder: Path, experiment: Experiment, tmp_path
):
    run = fit(experiment, tmp_path / "runs", progress=False)
    losses = [line["symbols/loss"] for line in run.history()]
    assert losses[1] < losses[0]
    assert losses[-1] < losses[0] - 0.1
    assert len(run.experiment.model.checksum) == len(run.experiment.data.text.checksum) == 64
    assert "folder: ''" in (run.path / "experiment.yaml").read_text(), "a path of a machine stands in the run"
    names = {m.name for m in evaluate(run)}
    assert {"bits_per_char", "bits_per_beyt", "perplexity", "bleu"} <= names
    shutil.rmtree(folder)
    run = Run.open(run.path)
    (said,) = say(run, read_prompt(run, f"{LINES[0]} / {LINES[1]}"), 1, decoding(None, None, None, True))
    assert isinstance(said.beyt[0], str)
    coder = reader(run.spec)
    assert coder.decode(coder.encode(LINES[0])) == LINES[0]
    assert run.model().token.weight.shape[0] == len(run.spec.vocabulary)


def test_a_training_that_was_cut_off_goes_on_bit_for_bit(folder: Path, experiment: Experiment, tmp_path: Path):
    class Killed(Exception):
        pass

    def kill(run, line):
        if line["step"] == 3:
            raise Killed

    whole = fit(experiment, tmp_path / "whole", progress=False)
    with pytest.raises(Killed):
        fit(experiment, tmp_path / "cut", progress=False, observe=kill)
    resumed = fit(experiment, tmp_path / "cut", progress=False)
    assert resumed.path.name == whole.path.name
    for name, value in whole.model().state_dict().items():
        assert torch.equal(value, resumed.model().state_dict()[name]), name


def test_another_folder_is_another_run_wherever_it_lies(folder: Path, experiment: Experiment, tmp_path, monkeypatch):
    first = fit(experiment, tmp_path / "runs", progress=False)
    moved = folder.rename(tmp_path / "moved")
    monkeypatch.delenv("SIMORGH_GPT2")
    named = replace(experiment, data=replace(experiment.data, text=replace(experiment.data.text, folder=str(moved))),
                    model=replace(experiment.model, folder=str(moved)))  # fmt: skip
    assert fit(named, tmp_path / "runs", progress=False).path == first.path
    other = transformers.GPT2LMHeadModel.from_pretrained(moved)
    other.transformer.wpe.weight.data += 0.01
    other.save_pretrained(moved)
    assert fit(named, tmp_path / "runs", progress=False).path != first.path
    (moved / "tokenizer.json").unlink()
    merges = (moved / "merges.txt").read_text(encoding="utf-8").splitlines()
    (moved / "merges.txt").write_text("\n".join(merges[:-1]), encoding="utf-8")
    monkeypatch.setenv("SIMORGH_GPT2", str(moved))
    with pytest.raises(UserError, match="not the one that this run was trained with"):
        evaluate(first, ("surprise",))


def _break(folder: Path, name: str, content: str | None) -> None:
    (folder / name).unlink() if content is None else (folder / name).write_text(content, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("config.json", None, "it has no config.json"),
        ("config.json", "{", "cannot be read as JSON"),
        ("config.json", '{"model_type": "bert"}', "its model_type is 'bert'"),
        ("config.json", '{"model_type": "gpt2"}', "its sizes are missing"),
        ("model.safetensors", None, "holds no weights"),
        ("model.safetensors", "abc", "damaged or holds no weights"),
        ("tokenizer.json", "[]", "no tokeniser of the usual form"),
        ("tokenizer.json", '{"model": {"type": "BPE", "vocab": {}, "merges": []}}', "cut and merge lines as a GPT-2"),
        ("tokenizer.json", '{"pre_tokenizer": {"type": "ByteLevel"}, "model": {"vocab": {"a": 0}, "merges": []}}',
         "does not merge bytes"),
    ],
)  # fmt: skip
def test_a_wrong_folder_is_one_sentence(folder: Path, experiment: Experiment, tmp_path: Path, name, content, said):
    _break(folder, name, content)
    with pytest.raises(UserError, match=said) as raised:
        fit(experiment, tmp_path / "runs", progress=False)
    assert "\n" not in str(raised.value)
    assert not list((tmp_path / "runs").rglob("model.safetensors"))


def test_parts_that_do_not_fit_are_refused(folder: Path, experiment: Experiment, tmp_path: Path, monkeypatch):
    with pytest.raises(UserError, match="not read with the tokeniser"):
        fit(replace(experiment, data=replace(experiment.data, text=TextConfig(beyts=3))), tmp_path, progress=False)
    found = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**found, "n_layer": 1}), encoding="utf-8")
    with pytest.raises(UserError, match="does not hold the weights"):
        fit(experiment, tmp_path, progress=False)
    monkeypatch.delenv("SIMORGH_GPT2")
    with pytest.raises(UserError, match="let SIMORGH_GPT2 name its folder"):
        fit(experiment, tmp_path, progress=False)
