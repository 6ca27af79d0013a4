"""MNIST (LeCun, Cortes & Burges 1998): four idx files, each known by the SHA-256 of its decompressed content.

Looked for in $SIMORGH_DATA/mnist, then in $SIMORGH_CACHE/mnist (the user's cache folder where that is not set),
then downloaded to the latter. A mirror may pack the files anew: the content counts, not the archive.

idx format: a 4-byte magic number, one 4-byte size for each axis, then unsigned bytes, the last axis fastest.
"""

import gzip
import hashlib
import os
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path

import numpy as np
import torch

from simorgh.contracts import UserError
from simorgh.data.parts import Part, Source

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
)


@dataclass(frozen=True)
class File:
    """An idx file: its name without .gz, the shape of its array, the SHA-256 of its content, header included."""

    name: str
    shape: tuple[int, ...]
    sha256: str

    @property
    def header(self) -> int:
        """Bytes before the values."""
        return 4 + 4 * len(self.shape)


FILES = (
    File(
        "train-images-idx3-ubyte",
        (60_000, 28, 28),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    File(
        "train-labels-idx1-ubyte",
        (60_000,),
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    File(
        "t10k-images-idx3-ubyte",
        (10_000, 28, 28),
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    File(
        "t10k-labels-idx1-ubyte",
        (10_000,),
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)


def mnist() -> Source:
    """The set, split as its makers split it. UserError where a file is damaged, or missing and not to be had."""
    found = [_find(file) for file in FILES]
    missing = [file.name for file, place in zip(FILES, found) if place is None]
    found = [place or ("the cache", _download(file, missing)) for file, place in zip(FILES, found)]
    arrays = [torch.from_numpy(read_idx(path, file)) for file, (_, path) in zip(FILES, found)]
    images, labels = [x.unsqueeze(1) for x in arrays[::2]], [y.long() for y in arrays[1::2]]
    whole = hashlib.sha256("".join(file.sha256 for file in FILES).encode()).hexdigest()
    return Source(
        Part(images[0], labels[0]),
        Part(images[1], labels[1]),
        "four idx files in " + " and ".join(dict.fromkeys(where for where, _ in found)),
        (("the four below", whole), *((file.name, file.sha256) for file in FILES)),
        tuple("0123456789"),
    )


def read_idx(path: Path, file: File) -> np.ndarray:
    """The uint8 array (*file.shape) of an idx file, gzipped or not; UserError unless its content is that of `file`."""
    remedy = f"delete it to have it downloaded again, or put a sound {file.name}.gz in its place"
    try:
        state = path.stat()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error}): {remedy}.") from error
    content = _content(path, file, (state.st_mtime_ns, state.st_size), remedy)
    return np.frombuffer(content, np.uint8, offset=file.header).reshape(file.shape).copy()


@lru_cache(maxsize=len(FILES))  # a study asks for the set again and again, and unpacking takes longer than copying
def _content(path: Path, file: File, state: tuple[int, int], remedy: str) -> bytes:
    """What the idx file `path`, in this state (its time and size), holds; UserError unless that is `file`."""
    size = file.header + prod(file.shape)
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as stream:
            content = stream.read(size + 1)  # no further: a hostile archive may unpack to anything
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path} cannot be read ({error}): {remedy}.") from error
    if len(content) != size:
        length = f"{len(content):,}" if len(content) < size else f"more than {size:,}"
        raise UserError(f"{path} has {length} bytes of content instead of {size:,}: {remedy}.")
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.sha256:
        raise UserError(f"{path} has other content than it should (SHA-256 {digest}, not {file.sha256}): {remedy}.")
    return content


def _cache() -> Path:
    if folder := os.environ.get("SIMORGH_CACHE"):
        return Path(folder).expanduser() / "mnist"
    import pooch

    return Path(pooch.os_cache("simorgh")) / "mnist"


def _folders() -> Iterator[tuple[str, Path]]:
    if folder := os.environ.get("SIMORGH_DATA"):
        yield "$SIMORGH_DATA/mnist", Path(folder).expanduser() / "mnist"
    yield "the cache", _cache()


def _find(file: File) -> tuple[str, Path] | None:
    for where, folder in _folders():
        for path in (folder / f"{file.name}.gz", folder / file.name):
            if path.exists():
                return where, path
    return None


def _download(file: File, missing: list[str]) -> Path:
    """Fetch `file` into the cache. UserError, naming all `missing` files, when no mirror gives its content."""
    import pooch

    pooch.get_logger().setLevel("WARNING")
    folder, name = _cache(), f"{file.name}.gz"
    # Processes may fetch at the same time: each writes its own file, and only a checked one gets the real name.
    part = folder / f"{file.name}.{os.getpid()}.part.gz"
    reason = ""
    for mirror in MIRRORS:
        print(f"Downloading {mirror}{name}", file=sys.stderr)
        try:
            fetch = pooch.HTTPDownloader(timeout=15)
            pooch.retrieve(mirror + name, known_hash=None, fname=part.name, path=folder, downloader=fetch)
            read_idx(part, file)
            os.replace(part, folder / name)
            return folder / name
        except UserError:
            reason = "damaged copy"
        except (OSError, ValueError) as error:
            reason = type(error).__name__
        finally:
            part.unlink(missing_ok=True)
    files = ", ".join(f"{name}.gz" for name in missing)
    raise UserError(
        f"MNIST could not be downloaded (last mirror: {reason}): put {files} into {folder}, "
        "or into a folder mnist inside the one that SIMORGH_DATA names."
    )
