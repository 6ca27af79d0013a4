"""The example of docs/adding-a-model.md is executed, and reaches the optimum that is known in closed form."""

import re
from pathlib import Path

import pytest
from sklearn.decomposition import PCA

from simorgh.data import DataConfig, load
from simorgh.models import MODELS

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-model.md"


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
