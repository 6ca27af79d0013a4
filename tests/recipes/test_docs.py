"""The examples of the documents are executed, and give what is known or printed there."""

import re
from pathlib import Path

import pytest
from sklearn.decomposition import PCA

from simorgh.data import DataConfig, load
from simorgh.models import MODELS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "adding-a-model.md"


def test_adding_a_model(tmp_path: Path):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names = {"out": tmp_path, "__name__": "adding_a_model"}
    try:
        exec(compile("\n".join(blocks), str(PAGE), "exec"), names)  # the page itself is what is under test
    finally:
        MODELS.pop("linear", None)
    data = load(DataConfig("digits"))
    train, test = (part.x.flatten(1).double() / 255 for part in (data.train, data.test))
    pca = PCA(10).fit(train)
    best = ((pca.inverse_transform(pca.transform(test)) - test.numpy()) ** 2).mean()
    assert names["error"] == pytest.approx(best, rel=0.05)


def test_choosing_a_sampler():
    """The table of the document is what its code gives."""
    text = (DOCS / "choosing-a-sampler.md").read_text()
    names = {"__name__": "choosing_a_sampler"}
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(compile("\n".join(blocks), "choosing-a-sampler.md", "exec"), names)  # the page itself is what is under test
    printed = re.findall(r"^\| `([\w-]+)`[^|]*\| ([\d.]+) \| ([\d.]+) \|$", text, re.MULTILINE)
    assert len(printed) == len(names["table"]) // 2
    for kind, ten, forty in printed:
        assert [float(ten), float(forty)] == pytest.approx([names["table"][kind, n][0] for n in (10, 40)], abs=0.002)
    assert f"{names['floor']:.3f} away" in text
