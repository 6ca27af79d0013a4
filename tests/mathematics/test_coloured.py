"""Sets in colour: MNIST times random colours, CIFAR-10 from a local copy, and what a pickle may ask for."""

import hashlib
import io
import pickle
import tarfile

import numpy as np
import pytest
import torch

from simorgh.contracts import UserError
from simorgh.data import DataConfig, Part, cifar, describe, load
from simorgh.data.coloured import colours, mnist_rgb, paint
from simorgh.data.dataset import class_counts
from simorgh.data.mnist import mnist

# Coloured MNIST


def test_colours_are_uniform_fixed_and_independent():
    drawn = colours("train", 60_000)
    assert drawn.shape == (60_000, 3)
    assert torch.equal(drawn[:100], colours("train", 100))
    assert not torch.equal(drawn[:100], colours("test", 100))
    assert 0 <= drawn.min() <= drawn.max() < 1
    counts = torch.stack([(20 * column).long().bincount(minlength=20) for column in drawn.T]).double()
    # Chi-square of 20 equally likely cells: mean 19, standard deviation 6.2.
    assert (((counts - 3000) ** 2 / 3000).sum(1) < 19 + 5 * 6.2).all()
    correlation = torch.corrcoef(drawn.double().T) - torch.eye(3)
    assert correlation.abs().max() < 5 / 60_000**0.5


def test_paint_multiplies_each_channel():
    grey = Part(torch.tensor([[0, 100], [255, 7]], dtype=torch.uint8).reshape(2, 1, 1, 2), torch.tensor([3, 4]))
    part = paint(grey, torch.tensor([[0.5, 0.0, 0.999], [0.25, 0.1, 1.0]]))
    assert part.x.tolist() == [[[[0, 50]], [[0, 0]], [[0, 100]]], [[[64, 2]], [[26, 1]], [[255, 7]]]]
    assert part.y.tolist() == [3, 4]
    assert part.x.dtype == torch.uint8


@pytest.mark.mnist
def test_every_image_is_its_digit_times_its_colours():
    """Within half a grey level; so a digit in grey can be had back from the brightest channel."""
    grey, source = mnist(), mnist_rgb()
    for name, before, after in (("train", grey.train, source.train), ("test", grey.test, source.test)):
        assert torch.equal(before.y, after.y)
        for rows in (slice(0, 500), slice(-500, None)):
            exact = before.x[rows].double() * colours(name, len(before))[rows, :, None, None].double()
            assert (after.x[rows] - exact).abs().max() <= 0.5 + 1e-4
    assert source.checksums[0][1].startswith("d6a8d19e"), "everybody has the same colours"
    assert source.train.x.shape == (60_000, 3, 28, 28)


@pytest.mark.mnist
def test_the_coloured_set_describes_itself():
    rows = dict(describe(DataConfig("mnist-rgb", limit=100)))
    assert rows["source"].startswith("coloured from four idx files")
    assert rows["shape"].startswith("3 x 28 x 28")


# CIFAR-10


def batch(seed: int, n: int = 4) -> bytes:
    rng = np.random.default_rng(seed)
    data = rng.integers(0, 256, (n, 3072), dtype=np.uint8)
    content = {b"data": data, b"labels": rng.integers(0, 10, n).tolist(), b"batch_label": b"one", b"filenames": [b"a"]}
    return pickle.dumps(content, protocol=2)


@pytest.fixture(name="copy")
def _copy(tmp_path, monkeypatch):
    """A tiny copy in $SIMORGH_DATA/cifar-10, of six files with four images each."""
    folder = tmp_path / "cifar-10" / cifar.FOLDER
    folder.mkdir(parents=True)
    for name, seed in zip((*cifar.TRAIN, *cifar.TEST), range(6)):
        (folder / name).write_bytes(batch(seed))
    for sums in ("TRAIN", "TEST"):
        known = {name: hashlib.md5((folder / name).read_bytes()).hexdigest() for name in getattr(cifar, sums)}
        monkeypatch.setattr(cifar, sums, known)
    monkeypatch.setenv("SIMORGH_DATA", str(tmp_path))
    return folder


def pack(folder):
    with tarfile.open(folder.parent / cifar.ARCHIVE, "w:gz") as archive:
        archive.add(folder, cifar.FOLDER)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def test_a_folder_and_the_archive_give_the_same(copy):
    data = load(DataConfig("cifar-10"))
    assert data.train.x.shape == (20, 3, 32, 32)
    assert data.test.x.shape == (4, 3, 32, 32)
    assert data.spec.classes == 10
    assert data.spec.labels[6] == "frog"
    third = np.random.default_rng(2)
    pixels = third.integers(0, 256, (4, 3072), dtype=np.uint8)
    assert np.array_equal(data.train.x[8:12].flatten(1).numpy(), pixels)
    assert data.train.y[8:12].tolist() == third.integers(0, 10, 4).tolist()
    assert data.source.startswith("cifar-10-batches-py in $SIMORGH_DATA/cifar-10")
    pack(copy)
    packed = load(DataConfig("cifar-10"))
    assert packed.source.startswith("cifar-10-python.tar.gz in $SIMORGH_DATA/cifar-10")
    assert packed.checksums == data.checksums
    assert torch.equal(packed.train.x, data.train.x)


@pytest.mark.parametrize("data", [None, "", "some"])
def test_a_missing_copy_says_which_file_goes_where(tmp_path, monkeypatch, data):
    monkeypatch.delenv("SIMORGH_DATA", raising=False)
    if data is not None:
        monkeypatch.setenv("SIMORGH_DATA", data and str(tmp_path))
    with pytest.raises(
        UserError, match=r"put cifar-10-python.tar.gz, or the folder .* into a folder cifar-10"
    ) as error:
        load(DataConfig("cifar-10"))
    assert str(error.value).count(".") == 3, "one sentence, and the two dots of the file's name"


def alter(copy):
    path = copy / "data_batch_3"
    path.write_bytes(path.read_bytes()[:-9] + b"x" + path.read_bytes()[-8:])


def cut(copy):
    pack(copy)
    path = copy.parent / cifar.ARCHIVE
    path.write_bytes(path.read_bytes()[:-3000])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (alter, "has a data_batch_3 with other content"),
        (lambda copy: (copy / "test_batch").unlink(), "cannot be read .*test_batch"),
        (lambda copy: [(copy / "test_batch").unlink(), (copy / "test_batch").mkdir()], "cannot be read"),
        (lambda copy: [(copy / "data_batch_5").unlink(), pack(copy)], "cannot be read .*data_batch_5"),
        (cut, "cannot be read"),
        (lambda copy: [pack(copy), (copy.parent / cifar.ARCHIVE).write_bytes(b"no archive")], "cannot be read"),
    ],
)
def test_damaged_copies_are_refused(copy, spoil, words):
    spoil(copy)
    with pytest.raises(UserError, match=words):
        load(DataConfig("cifar-10"))


class Evil:
    """Unpickled without a guard, it would run what it names."""

    def __reduce__(self):
        return (print, ("this must never be printed",))


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_pickle_can_ask_for_arrays_only(protocol, capsys):
    for content in ({b"data": Evil()}, Evil(), {b"data": np.array([Evil()], object)}):
        with pytest.raises(UserError, match="it asks for"):
            cifar.unpickle(pickle.dumps(content, protocol=protocol))
    assert capsys.readouterr().out == ""
    for name in ("os.system", "builtins.eval", "numpy.load", "numpy.core.multiarray.fromfile", "builtins.getattr"):
        module, _, attribute = name.rpartition(".")
        with pytest.raises(pickle.UnpicklingError, match=name):
            cifar._Restricted(io.BytesIO()).find_class(module, attribute)


def test_the_pickles_of_python_2_are_read():
    """By hand, as Python 2 wrote them: byte strings without a type, NumPy under its old name."""
    content = (
        b"\x80\x02}q\x00(U\x04dataq\x01cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\nq\x03K\x00\x85U\x01b"
        b"\x87Rq\x04(K\x01K\x01K\x03\x86cnumpy\ndtype\nq\x05U\x02u1K\x00K\x01\x87Rq\x06(K\x03U\x01|NNNJ\xff\xff\xff\xff"
        b"J\xff\xff\xff\xffK\x00tb\x89U\x03\x05\x06\xfftbU\x06labelsq\x07]q\x08(K\x03K\x09eu."
    )
    read = cifar.unpickle(content)
    assert read[b"data"].tolist() == [[5, 6, 255]]
    assert read[b"data"].dtype == np.uint8
    assert read[b"labels"] == [3, 9]


# Counts in words


def test_many_classes_are_counted_by_their_range():
    y = torch.arange(1000).repeat_interleave(torch.arange(1000) % 3 + 1)
    part = Part(torch.zeros(len(y), 1, 1, 1, dtype=torch.uint8), y)
    assert class_counts(part, tuple(map(str, range(1000)))) == "1 to 3 of each of 1,000 classes"
    assert class_counts(part.take(slice(0, 6)), ("a", "b", "c")) == "a: 1, b: 2, c: 3"
