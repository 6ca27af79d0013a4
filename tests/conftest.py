"""Settings of the whole suite: tests marked `mnist`, `bbbp` or `shahnameh` need real files and are skipped without."""

import os
from pathlib import Path

import pytest

MNIST = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]


NEEDED = {
    "mnist": (MNIST, "the four MNIST files"),
    "bbbp": (["BBBP.csv"], "BBBP.csv"),
    "shahnameh": (["shahnameh.tsv"], "shahnameh.tsv.gz"),
}


@pytest.fixture(name="smoke_runs", scope="session")
def _smoke_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where runs of the smoke preset lie, for all tests of all workers: each is trained once."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "smoke-runs"


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
