"""CIFAR-10 (Krizhevsky 2009) from the user's own copy of the "python version", as a folder or packed.

Looked for in $SIMORGH_DATA/cifar-10 and never downloaded. The files are pickles, which may run anything when opened,
so each must have the known MD5 sum, and only the few names that arrays consist of are let through.
"""

import hashlib
import io
import pickle
import tarfile
import zlib
from pathlib import Path

import numpy as np
import torch

from simorgh.contracts import UserError
from simorgh.data.files import local
from simorgh.data.parts import Part, Source, content_hash

FOLDER, ARCHIVE = "cifar-10-batches-py", "cifar-10-python.tar.gz"
MISSING = (
    f"CIFAR-10 is not downloaded: put {ARCHIVE}, or the folder {FOLDER} that it unpacks to, into a folder cifar-10 "
    "inside the one that SIMORGH_DATA names."
)
# The sums that torchvision checks its copies by.
TRAIN = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
}
TEST = {"test_batch": "40351d587109b95175f43aff81a1287e"}
LABELS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
LARGEST = 40_000_000  # bytes; a batch has 31 million
UNREADABLE = (OSError, EOFError, KeyError, tarfile.TarError, zlib.error)


def cifar10() -> Source:
    """Images (3, 32, 32), 50,000 to train on and 10,000 to test on. UserError without a sound copy of each file."""
    path = local("cifar-10", FOLDER) or local("cifar-10", ARCHIVE)
    if path is None:
        raise UserError(MISSING)
    contents = _contents(path, (*TRAIN, *TEST))
    train, test = (_part(contents, sums, path) for sums in (TRAIN, TEST))
    whole = hashlib.sha256((content_hash(train) + content_hash(test)).encode()).hexdigest()
    checksums = (("pixels and labels of both parts", whole),)
    return Source(train, test, f"{path.name} in $SIMORGH_DATA/cifar-10", checksums, LABELS)


def _contents(path: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """The files called `names` in a folder or archive, no more than LARGEST bytes of each."""
    try:
        if path.is_dir():
            return {name: _read((path / name).open("rb")) for name in names}
        with tarfile.open(path) as archive:
            return {name: _read(archive.extractfile(f"{FOLDER}/{name}")) for name in names}
    except UNREADABLE as error:
        raise UserError(f"{path} cannot be read ({error}): put a sound copy of {ARCHIVE} or {FOLDER} there.") from error


def _read(stream: io.BufferedIOBase | None) -> bytes:
    if stream is None:
        raise KeyError("a folder stands where a file should")
    with stream:
        return stream.read(LARGEST)


def _part(contents: dict[str, bytes], sums: dict[str, str], path: Path) -> Part:
    for name, md5 in sums.items():
        if hashlib.md5(contents[name], usedforsecurity=False).hexdigest() != md5:
            raise UserError(f"{path} has a {name} with other content than the published one: put a sound copy there.")
    batches = [unpickle(contents[name]) for name in sums]
    x = np.concatenate([batch[b"data"] for batch in batches]).reshape(-1, 3, 32, 32)
    y = np.concatenate([batch[b"labels"] for batch in batches])
    return Part(torch.from_numpy(x), torch.from_numpy(y.astype(np.int64)))


def unpickle(content: bytes) -> dict:
    """A pickled dictionary of bytes, numbers, lists and NumPy arrays; UserError where it asks for anything else."""
    try:
        return _Restricted(io.BytesIO(content), encoding="bytes").load()
    except pickle.UnpicklingError as error:
        raise UserError(f"A file of CIFAR-10 is not what it should be: {error}.") from error


class _Restricted(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        module = module.replace("numpy._core", "numpy.core")  # its home from NumPy 2 on
        if (module, name) == ("numpy.core.multiarray", "_reconstruct"):
            return np.empty(0).__reduce__()[0]  # the same under a name that NumPy does not change
        if (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return getattr(np, name)
        if (module, name) == ("_codecs", "encode"):  # how Python 3 writes bytes for Python 2
            return lambda text, encoding: text.encode("latin1")
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no array needs")
