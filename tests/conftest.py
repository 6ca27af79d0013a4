"""Settings of the whole suite: tests marked `mnist` or `bbbp` need real files and are skipped where they are not."""

import os
from pathlib import Path

import pytest

MNIST = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]


@pytest.fixture(name="smoke_runs", scope="session")
def _smoke_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where runs of the smoke preset lie, for all tests of all workers: each is trained once."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "smoke-runs"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "mnist: needs the four MNIST files in $SIMORGH_DATA/mnist")
    config.addinivalue_line("markers", "bbbp: needs BBBP.csv in $SIMORGH_DATA/bbbp")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = Path(os.environ.get("SIMORGH_DATA", "")).expanduser() / "mnist"
    missing = [n for n in MNIST if not (folder / n).is_file() and not (folder / f"{n}.gz").is_file()]
    if "SIMORGH_DATA" not in os.environ or missing:
        skip = pytest.mark.skip(reason="SIMORGH_DATA names no folder with the four MNIST files in mnist/")
        for item in items:
            if item.get_closest_marker("mnist"):
                item.add_marker(skip)
    if not (folder.parent / "bbbp" / "BBBP.csv").is_file():
        skip = pytest.mark.skip(reason="SIMORGH_DATA names no folder with bbbp/BBBP.csv")
        for item in items:
            if item.get_closest_marker("bbbp"):
                item.add_marker(skip)
