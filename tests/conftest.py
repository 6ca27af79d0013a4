"""Settings of the whole suite: tests marked `mnist` or `shahnameh` need the real files and are skipped without."""

import os
from pathlib import Path

import pytest

MNIST = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]


NEEDED = {
    "mnist": (MNIST, "the four MNIST files"),
    "shahnameh": (["shahnameh.tsv"], "shahnameh.tsv.gz"),
}


def pytest_configure(config: pytest.Config) -> None:
    for name, (_, what) in NEEDED.items():
        config.addinivalue_line("markers", f"{name}: needs {what} in $SIMORGH_DATA/{name}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for name, (files, what) in NEEDED.items():
        folder = Path(os.environ.get("SIMORGH_DATA", "")).expanduser() / name
        missing = [n for n in files if not (folder / n).is_file() and not (folder / f"{n}.gz").is_file()]
        if "SIMORGH_DATA" not in os.environ or missing:
            skip = pytest.mark.skip(reason=f"SIMORGH_DATA names no folder with {what} in {name}/")
            for item in items:
                if item.get_closest_marker(name):
                    item.add_marker(skip)
