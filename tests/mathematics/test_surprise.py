"""The bits of held-out verse, against the model's own nats."""

from math import log
from pathlib import Path

import pytest
import torch

from simorgh.data import DataConfig, TextConfig, load
from simorgh.data.tokenisers import reader
from simorgh.evaluate.text import sections, surprise
from simorgh.models.gpt import GPTConfig
from simorgh.train import Experiment, Run, TrainConfig, initialise


@pytest.mark.parametrize("split", ["section", "line"])
def test_surprise_reads_what_the_data_hold(tmp_path: Path, split: str):
    """A model is asked for each held-out beyt after the beyts that really stand before it, whatever the split."""
    poems = [[(f"{a} {b}", f"{b} {a}") for b in "ابپتثجچح"] for a in "دذرزژسشص"]
    file = tmp_path / "poems.txt"
    file.write_text("\n\n".join("\n".join("\t".join(beyt) for beyt in poem) for poem in poems), encoding="utf-8")
    text = TextConfig("character", beyts=3, split=split)
    experiment = Experiment("a", "smoke", DataConfig(f"text:{file}", text=text), GPTConfig(16, 1, 2), TrainConfig())
    data = load(experiment.data)
    model = initialise(experiment, data.spec).eval()
    with torch.no_grad():
        found = {m.name: m for m in surprise(Run(tmp_path, experiment, data.spec), model, data, "cpu")}
        nats = float((model.nats(data.test.x.long()) * data.test.mask).sum())
    count = sum(sum(map(len, beyt)) + 2 for poem in sections(data.test, reader(data.spec)) for beyt in poem)
    assert found["bits_per_char"].value == pytest.approx(nats / count / log(2), rel=1e-5)
    assert ("bits_per_char_pair" in found) == (split == "section")
