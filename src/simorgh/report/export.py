"""Samples, arrays, tables and whole runs as files: a .png grid to look at, .npz arrays to go on with, text, a .zip.

Each file is replaced as a whole; UserError where it cannot be written.
"""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from math import ceil, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from simorgh.errors import UserError
from simorgh.files import replaced, zipped
from simorgh.report.figures import array, mosaic
from simorgh.train import Run

LEFT_OUT = ("state.pt", "best.safetensors", "lock", "*.lock", "*.log", "*.workers", "*.zip", ".*")
"""Of a run or a sweep: it can be read and drawn from without them, and some name the machine."""

PAGES = ("report.html", "report.ipynb")
"""Of a run: made anew by `simorgh report`, and they repeat paths of the machine."""

NOTE = """A model trained by Simorgh: recipe {recipe}, preset {preset}, seed {seed}.

Where Simorgh is installed this folder is a run like any other, after unzipping:

    simorgh sample {name}
    simorgh report {name}        (this and the next look for the data {data})
    simorgh evaluate {name}

or, in Python: Run.open("{name}").model(), with Run from simorgh.train. The state of the optimisers is left out, so the
training cannot be continued from here. experiment.yaml says how it was trained, environment.json by which versions.
"""

GRID = {".png": "a grid", ".npz": "arrays"}
ARRAYS = {".npz": "arrays"}


def check_ending(path: Path, kinds: Mapping[str, str]) -> None:
    """UserError unless `path` ends as one of `kinds` does; for asking before the work, not after it."""
    if path.suffix not in kinds:
        raise UserError(f"{path.name} should end in {' or '.join(f'{end} ({what})' for end, what in kinds.items())}.")


def save_samples(path: Path | str, images: ArrayLike, labels: ArrayLike | None = None) -> Path:
    """Write images (N, C, H, W) in [0, 1] and their labels (N,) or None.

    A .png holds a grid, ten in a row where there are labels (of ten classes a column each), else nearly square, each
    pixel enlarged so that the picture is at least about 500 wide; missing cells at the end stay white. A .npz
    holds `images` float32 and, where there are any, `labels` int64.
    """
    path, x = Path(path), array(images)
    check_ending(path, GRID)
    if path.suffix == ".npz":
        named = {} if labels is None else {"labels": array(labels).astype(np.int64)}
        return save_arrays(path, {"images": x.astype(np.float32), **named})
    cols = min(len(x), ceil(sqrt(len(x))) if labels is None else 10)
    rows = ceil(len(x) / cols)
    white = np.ones((rows * cols - len(x), *x.shape[1:]))
    picture = mosaic(np.concatenate([x, white]), rows, cols)
    scale = max(1, ceil(500 / picture.shape[1]))
    pixels = np.round(picture * 255).astype(np.uint8).repeat(scale, 0).repeat(scale, 1)
    return _replaced(path, lambda temporary: Image.fromarray(pixels).save(temporary))


def save_arrays(path: Path | str, arrays: Mapping[str, ArrayLike]) -> Path:
    """Write named arrays as a compressed .npz."""
    path = Path(path)
    check_ending(path, ARRAYS)
    return _replaced(path, lambda temporary: np.savez_compressed(temporary, **arrays))


def save_text(path: Path | str, text: str) -> Path:
    """Write `text` as UTF-8, its line ends as they are."""
    return _replaced(Path(path), lambda temporary: temporary.write_bytes(text.encode()))


def save_run(path: Path | str, run: Run) -> Path:
    """Write a finished run as a .zip that opens as a run wherever it is unzipped: settings, environment, history,
    snapshots, results and the weights that it draws with; no optimiser, no second set of weights, no pages. Paths of
    your own data stand in its settings, as you gave them to train.

    UserError for a run that is not finished, or whose weights are damaged.
    """
    path = Path(path)
    check_ending(path, {".zip": "an archive"})
    if not run.finished:
        raise UserError(f"{run.path} is not finished: run the same train command again, it resumes by itself.")
    run.model()
    name, made = run.path.resolve().name, run.experiment
    with tempfile.TemporaryDirectory() as private:
        folder = Path(private) / name
        try:
            shutil.copytree(run.path, folder, ignore=shutil.ignore_patterns(*LEFT_OUT, *PAGES))
        except OSError as error:
            why = error.strerror or "a file of it cannot be read"
            raise UserError(f"{run.path} cannot be copied ({why}).") from error
        averaged = folder / "ema.safetensors"
        if averaged.is_file():
            averaged.replace(folder / "model.safetensors")
        told = {"recipe": made.name, "preset": made.preset, "seed": made.seed, "data": made.data.name, "name": name}
        (folder / "README.txt").write_text(NOTE.format(**told), encoding="utf-8")
        return _replaced(path, lambda temporary: zipped(folder, temporary))


def _replaced(path: Path, write: Callable[[Path], object]) -> Path:
    try:
        with replaced(path) as temporary:
            write(temporary)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}).") from error
    return path
