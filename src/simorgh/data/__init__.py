"""What is learnt from: named sets, splits, streams. Every set describes itself with a DataSpec.

    data = load(DataConfig("mnist", validation=10_000))       Dataset: .train .validation .test .spec .source
    step = stream(data.train, config, batch_size=128, seed=0)  step(i) -> Batch, a pure function of (seed, rank, i)
    for batch in batches(data.test, config, 1000): ...         in order, for evaluation

Images live in memory as uint8 and become float32 in [0, 1] a whole batch at a time; texts are rows of numbered
symbols, int64 in a batch. Importing this package is cheap: torch and NumPy come with the first name that needs them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from simorgh.data.config import DATASETS, DataConfig, SmilesConfig, TextConfig

if TYPE_CHECKING:
    from simorgh.data.dataset import Dataset, describe, get, load, settle
    from simorgh.data.parts import Part
    from simorgh.data.streams import batches, stream

__all__ = [
    "DATASETS", "DataConfig", "Dataset", "Part", "SmilesConfig", "TextConfig", "batches", "describe", "get", "load",
    "settle", "stream",
]  # fmt: skip

_HOME = {
    "Dataset": "dataset",
    "Part": "parts",
    "batches": "streams",
    "describe": "dataset",
    "get": "dataset",
    "load": "dataset",
    "settle": "dataset",
    "stream": "streams",
}


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
