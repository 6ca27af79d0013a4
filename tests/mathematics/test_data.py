"""Data: splits without overlap, streams that are pure functions, files that are what they claim to be."""

import gzip
import hashlib
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from simorgh.contracts import DataSpec, UserError
from simorgh.data import DATASETS, DataConfig, Part, batches, describe, get, load, mnist, sources, stream
from simorgh.data.config import is_text
from simorgh.data.dataset import pixel_means
from simorgh.data.folder import read
from simorgh.data.labels import asked_class
from simorgh.data.streams import values
from simorgh.diffusion.condition import Condition

PLAIN, DYNAMIC, THRESHOLD = (DataConfig("digits", b) for b in ("none", "dynamic", "threshold"))


def numbered(n: int, size: int = 2) -> Part:
    """`n` images of all grey levels whose labels are their positions."""
    x = torch.from_numpy(np.random.default_rng(n).integers(0, 256, (n, 1, size, size), dtype=np.uint8))
    return Part(x, torch.arange(n))


# Streams


@given(n=st.integers(1, 40), size=st.integers(1, 50), epochs=st.integers(1, 4), seed=st.integers(0, 9))
@settings(deadline=None)
def test_each_example_comes_once_an_epoch(n, size, epochs, seed):
    """Whatever the batch size, the rows numbered e * n, ..., (e + 1) * n - 1 are a permutation of the examples."""
    step = stream(numbered(n), PLAIN, size, seed)
    seen = [step(i) for i in range(-(-epochs * n // size))]
    assert all(len(batch) == size for batch in seen)
    rows = torch.cat([batch.y for batch in seen])[: epochs * n].reshape(epochs, n)
    assert torch.equal(rows.sort(1).values, torch.arange(n).expand(epochs, n))


@given(
    n=st.integers(1, 30),
    size=st.integers(1, 40),
    steps=st.lists(st.integers(0, 60), min_size=1, max_size=6),
    config=st.sampled_from([PLAIN, DYNAMIC, THRESHOLD]),
)
@settings(deadline=None)
def test_a_step_does_not_depend_on_the_steps_before(n, size, steps, config):
    part = numbered(n)
    used = stream(part, config, size, 1)
    for i in steps:
        fresh, again = stream(part, config, size, 1)(i), used(i)
        assert torch.equal(fresh.x, again.x)
        assert torch.equal(fresh.y, again.y)


@given(
    n=st.integers(1, 30),
    size=st.integers(1, 40),
    ranks=st.integers(1, 7),
    i=st.integers(0, 50),
    config=st.sampled_from([PLAIN, DYNAMIC, THRESHOLD]),
)
@settings(deadline=None)
def test_processes_together_see_what_one_sees(n, size, ranks, i, config):
    part, ranks = numbered(n), min(ranks, size)
    whole = stream(part, config, size, 2)(i)
    shares = [stream(part, config, size, 2, rank, ranks)(i) for rank in range(ranks)]
    assert [len(s) for s in shares] == [(r + 1) * size // ranks - r * size // ranks for r in range(ranks)]
    assert torch.equal(torch.cat([s.x for s in shares]), whole.x)
    assert torch.equal(torch.cat([s.y for s in shares]), whole.y)


def test_epochs_and_seeds_differ_in_order():
    part = numbered(100)
    first, second = stream(part, PLAIN, 100, 0)(0).y, stream(part, PLAIN, 100, 0)(1).y
    other = stream(part, PLAIN, 100, 1)(0).y
    assert not torch.equal(first, second)
    assert not torch.equal(first, other)


def test_without_shuffling_every_epoch_is_in_the_order_of_the_file():
    step = stream(numbered(10), replace(PLAIN, shuffle=False), 4, seed=3)
    found = torch.cat([step(i).y for i in range(5)])
    assert found.tolist() == [*range(10), *range(10)]


def test_values_are_exactly_x_over_255():
    part = Part(torch.arange(256, dtype=torch.uint8).reshape(256, 1, 1, 1), torch.arange(256))
    for batch in (
        stream(part, PLAIN, 256, 0)(0),
        part.batch(torch.arange(255, -1, -1)),
        next(batches(part, PLAIN, 256)),
    ):
        assert batch.x.dtype == torch.float32
        expected = (batch.y.numpy().astype(np.float64) / 255).astype(np.float32)
        assert np.array_equal(batch.x.flatten().numpy(), expected)


def test_threshold_is_one_from_one_half_on():
    part = Part(torch.tensor([0, 127, 128, 255], dtype=torch.uint8).reshape(4, 1, 1, 1))
    batch = next(batches(part, THRESHOLD, 4))
    assert batch.x.flatten().tolist() == [0.0, 0.0, 1.0, 1.0]
    assert batch.y is None


def test_dynamic_binarisation_has_the_pixels_as_its_mean():
    """Mean of m Bernoulli(p) draws: within 5 standard errors of p at every level, and exactly at 0 and 255."""
    part = Part(torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16))
    m, p = 4000, part.x.double().flatten() / 255
    step = stream(part, DYNAMIC, 100, 0)
    drawn = torch.cat([step(i).x for i in range(m // 100)])
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    mean = drawn.double().mean(0).flatten()
    assert ((mean - p).abs() <= 5 * (p * (1 - p) / m).sqrt()).all()
    halves = drawn.reshape(2, -1)
    assert not torch.equal(halves[0], halves[1])


def test_dynamic_binarisation_is_right_at_the_ends_of_the_uniform_range():
    """u = 0 must not light a black pixel, and u = 1 - 2^-24, the largest float32 draw, must light a white one."""
    x = torch.tensor([0, 1, 254, 255], dtype=torch.uint8)
    assert values(x, "dynamic", torch.zeros).tolist() == [0.0, 1.0, 1.0, 1.0]
    assert values(x, "dynamic", lambda *shape: torch.full(shape, 1 - 2**-24)).tolist() == [0.0, 0.0, 0.0, 1.0]


@given(n=st.integers(1, 250), size=st.integers(1, 260), config=st.sampled_from([PLAIN, DYNAMIC]))
@settings(deadline=None, max_examples=30)
def test_batches_are_in_order_and_do_not_depend_on_their_size(n, size, config):
    part = numbered(n)
    found = list(batches(part, config, size))
    assert [len(b) for b in found] == [size] * (n // size) + [n % size] * (n % size > 0)
    assert torch.equal(torch.cat([b.y for b in found]), torch.arange(n))
    assert torch.equal(torch.cat([b.x for b in found]), next(batches(part, config, n)).x)


def test_evaluation_draws_differ_by_seed_and_position():
    grey = Part(torch.full((300, 1, 4, 4), 128, dtype=torch.uint8))
    one, two = (next(batches(grey, DYNAMIC, 300, seed=seed)).x for seed in (0, 1))
    assert not torch.equal(one, two)
    assert len(one.flatten(1).unique(dim=0)) > 290


def test_a_batch_smaller_than_the_processes_is_refused():
    with pytest.raises(UserError, match="cannot be shared"):
        stream(numbered(5), PLAIN, 2, 0, rank=0, ranks=3)


# Named sets, splits, settings


def test_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    data = load(DataConfig("digits"))
    x, y = torch.cat([data.train.x, data.test.x]), torch.cat([data.train.y, data.test.y])
    ink = (x.double() / 255 * 16).flatten(1)
    assert (ink - ink.round()).abs().max() <= 16 / 510 + 1e-12
    ours = np.column_stack([ink.round().numpy(), y.numpy()])
    theirs = np.column_stack(load_digits(return_X_y=True))
    assert np.array_equal(ours[np.lexsort(ours.T)], theirs[np.lexsort(theirs.T)])


def test_digits_split_is_fixed_and_stratified():
    data, again = load(DataConfig("digits")), load(DataConfig("digits"))
    assert torch.equal(data.test.x, again.test.x)
    total = data.train.y.bincount() + data.test.y.bincount()
    assert ((data.test.y.bincount() - 0.2 * total).abs() <= 0.5 + 1e-9).all()
    assert data.spec.shape == (1, 8, 8)
    assert data.spec.classes == 10
    assert not data.spec.binary


def test_validation_comes_from_the_end_and_limit_from_the_start():
    full, held = load(DataConfig("digits")), load(DataConfig("digits", validation=100, limit=50))
    assert torch.equal(held.validation.x, full.train.x[-100:])
    assert torch.equal(held.train.x, full.train.x[:50])
    assert torch.equal(held.test.x, full.test.x)
    assert len(load(DataConfig("digits", limit=10**6)).train) == len(full.train)


@pytest.mark.parametrize("binarise", ["none", "dynamic", "threshold"])
def test_spec_is_computed_from_the_training_part_only(binarise):
    data = load(DataConfig("digits", binarise, validation=200, limit=300))
    x = data.train.x.double() / 255
    expected = (x >= 0.5).double() if binarise == "threshold" else x
    np.testing.assert_allclose(data.spec.mean, expected.mean(0).flatten().numpy(), atol=1e-12)
    assert data.spec.binary == (binarise != "none")


def test_pixel_means_are_exact_over_chunks():
    part = Part(torch.full((5000, 1, 1, 2), 255, dtype=torch.uint8))
    assert pixel_means(part, chunk=999).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (DataConfig("mnits"), "did you mean mnist"),
        (DataConfig("no such thing"), "known are digits"),
        (DataConfig("digits", validation=-1), "data.validation is -1"),
        (DataConfig("digits", validation=1438), "only 1,438"),
        (DataConfig("digits", limit=0), "data.limit is 0"),
        (DataConfig("digits", "sometimes"), "none, dynamic, threshold"),
    ],
)
def test_impossible_settings_are_refused(config, words):
    with pytest.raises(UserError, match=words):
        load(config)


def test_describe_counts_add_up():
    rows = dict(describe(DataConfig("digits", validation=100)))
    counts = [int(rows[f"{part} images"].replace(",", "")) for part in ("training", "validation", "test")]
    assert sum(counts) == 1797
    assert len(rows["SHA-256 of pixels and labels"]) == 64
    assert get("digits").endswith(rows["SHA-256 of pixels and labels"])
    named = {name for name in DATASETS if ":" not in name and not is_text(name)}
    assert named == {*sources._NAMED, "bbbp"}


def test_importing_the_package_imports_no_torch():
    code = "import sys, simorgh.data as d; d.DataConfig(); sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# MNIST files


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Four well-formed idx files of 6 + 3 images in a SIMORGH_DATA folder; no network."""
    rng, files = np.random.default_rng(0), []
    home = tmp_path / "data" / "mnist"
    home.mkdir(parents=True)
    for file, n in zip(mnist.FILES, (6, 6, 3, 3)):
        shape = (n, *file.shape[1:])
        sizes = b"".join(size.to_bytes(4, "big") for size in shape)
        content = bytes([0, 0, 8, len(shape)]) + sizes + rng.integers(0, 10, shape, dtype=np.uint8).tobytes()
        (home / f"{file.name}.gz").write_bytes(gzip.compress(content))
        files.append(replace(file, shape=shape, sha256=hashlib.sha256(content).hexdigest()))
    monkeypatch.setattr(mnist, "FILES", tuple(files))
    monkeypatch.setenv("SIMORGH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SIMORGH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("pooch.retrieve", lambda *_, **__: (_ for _ in ()).throw(OSError("no network")))
    return home


def test_idx_files_are_read_packed_or_not(tiny):
    data = load(DataConfig("mnist"))
    assert data.train.x.shape == (6, 1, 28, 28)
    assert data.source.startswith("four idx files in $SIMORGH_DATA/mnist; content SHA-256 ")
    for path in list(tiny.iterdir()):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    assert torch.equal(load(DataConfig("mnist")).train.x, data.train.x)
    last = np.frombuffer((tiny / "t10k-images-idx3-ubyte").read_bytes()[-784:], np.uint8)
    assert np.array_equal(data.test.x[-1].flatten().numpy(), last)


def truncate(packed: bytes) -> bytes:
    return packed[: len(packed) // 2]


def alter(packed: bytes) -> bytes:
    content = bytearray(gzip.decompress(packed))
    content[-1] ^= 1
    return gzip.compress(bytes(content))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (truncate, "cannot be read"),
        (lambda packed: b"<html>not found</html>", "cannot be read"),
        (lambda packed: b"", "0 bytes"),
        (lambda packed: packed[:40] + bytes(40) + packed[80:], "cannot be read|SHA-256"),
        (alter, "other content than it should"),
        (lambda packed: gzip.compress(gzip.decompress(packed)[:-5]), "bytes of content instead of"),
        (lambda packed: gzip.compress(bytes(10**7)), "more than"),
    ],
)
def test_damaged_files_are_named(tiny, damage, words):
    load(DataConfig("mnist"))  # what was read once is kept, and must not hide what the file holds now
    path = tiny / "train-images-idx3-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match=words) as error:
        load(DataConfig("mnist"))
    assert str(path) in str(error.value)


def test_a_failed_download_says_which_file_goes_where(tiny, tmp_path):
    (tiny / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(UserError) as error:
        load(DataConfig("mnist"))
    said = str(error.value)
    assert "t10k-labels-idx1-ubyte.gz" in said
    assert "train" not in said
    assert str(tmp_path / "cache" / "mnist") in said
    assert "\n" not in said


def test_a_download_is_kept_only_if_its_content_is_right(tiny, tmp_path, monkeypatch):
    """The first mirror gives a damaged copy, the second a good one that was packed anew."""
    path = tiny / "train-labels-idx1-ubyte.gz"
    good, asked = path.read_bytes(), []
    path.unlink()

    def retrieve(url, known_hash, fname, path, downloader):
        asked.append(url)
        path.mkdir(parents=True, exist_ok=True)
        content = alter(good) if len(asked) == 1 else gzip.compress(gzip.decompress(good), 1)
        (path / fname).write_bytes(content)

    monkeypatch.setattr("pooch.retrieve", retrieve)
    data = load(DataConfig("mnist"))
    assert data.source.startswith("four idx files in $SIMORGH_DATA/mnist and the cache")
    assert asked == [mirror + path.name for mirror in mnist.MIRRORS[:2]]
    assert [p.name for p in (tmp_path / "cache" / "mnist").iterdir()] == [path.name]
    load(DataConfig("mnist"))
    assert len(asked) == 2


@pytest.mark.mnist
def test_real_mnist():
    """The MD5 sums are those of the original set; the mean is the one that everybody normalises with, 0.1307."""
    data = load(DataConfig("mnist", validation=10_000))
    train = torch.cat([data.train.x, data.validation.x])
    assert train.shape == (60_000, 1, 28, 28)
    header = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (60_000, 28, 28))
    digest = hashlib.md5(header + train.numpy().tobytes()).hexdigest()
    assert digest == "6bbc9ace898e44ae57da46a324031adb"
    assert data.test.y[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert pixel_means(Part(train)).mean().item() == pytest.approx(0.1307, abs=5e-5)


# Folders


def save(path, size=(5, 4), mode="L", value=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value).save(path)


def test_a_labelled_folder(tmp_path):
    for i in range(20):
        save(tmp_path / "a" / f"{i}.png", value=i)
    for i in range(10):
        save(tmp_path / "b" / "deeper" / f"{i}.bmp", value=100 + i)
    (tmp_path / "notes.txt").write_text("not an image")
    save(tmp_path / ".hidden" / "c.png")
    data = load(DataConfig(f"folder:{tmp_path}"))
    assert data.spec.shape == (1, 4, 5)
    assert data.spec.classes == 2
    assert data.spec.labels == ("a", "b")
    assert data.test.y.bincount().tolist() == [2, 1]
    assert data.train.y.bincount().tolist() == [18, 9]
    for part in (data.train, data.test):
        assert torch.equal(part.x[:, 0, 0, 0] >= 100, part.y == 1)
    every = torch.cat([data.train.x, data.test.x])[:, 0, 0, 0]
    assert every.sort().values.tolist() == [*range(20), *range(100, 110)]
    again = load(DataConfig(f"folder:{tmp_path}"))
    assert again.source == data.source
    assert torch.equal(again.train.x, data.train.x)


def test_a_link_to_a_folder_is_a_class_and_one_to_above_no_circle(tmp_path):
    for name in ("here/a", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
        for i in range(4):
            Image.fromarray(np.full((4, 4), i, np.uint8)).save(tmp_path / name / f"{i}.png")
    (tmp_path / "here" / "b").symlink_to(tmp_path / "elsewhere")
    for name in ("elsewhere/again", "here/a/root", "elsewhere/.hidden"):
        (tmp_path / name).symlink_to(tmp_path / "here")
    (tmp_path / "here" / "a" / "twice").symlink_to(tmp_path / "here" / "a")
    (tmp_path / "here" / "up").symlink_to(tmp_path)
    data = load(DataConfig(f"folder:{tmp_path}/here"))
    assert data.spec.labels == ("a", "b")
    assert len(data.train) + len(data.test) == 8


def test_classes_are_asked_for_by_the_names_of_their_folders(tmp_path):
    for name, value in (("2", 20), ("10", 100), ("1", 10)):
        for i in range(4):
            save(tmp_path / "numbers" / name / f"{i}.png", value=value)
    assert load(DataConfig(f"folder:{tmp_path}/numbers")).spec.labels == ("1", "2", "10")
    assert [asked_class(name, ("1", "2", "10"), 3) for name in ("1", "2", "10")] == [0, 1, 2]
    assert [asked_class(name, ("cats", "dogs"), 2) for name in ("dogs", "0")] == [1, 0]
    assert asked_class("3", (), 4) == 3
    spec = DataSpec("image", (1, 4, 4), (0.0, 1.0), 2, labels=("1", "2"))
    assert [int(Condition("class").build(spec).parse(name)) for name in ("1", "2")] == [0, 1]
    assert [asked_class(name, ("000", "007", "010"), 3) for name in ("7", "007", "10")] == [1, 1, 2]
    for name, names, said in (("0", ("1", "2"), "classes are 1, 2"), ("2", ("cats", "dogs"), "cats, dogs"),
                              ("4", (), "the numbers from 0 to 3"), ("-1", (), "no class '-1'"),
                              ("0", ("0.5", "1.5"), "classes are 0.5"), ("7", ("07", "007"), "are 07")):  # fmt: skip
        with pytest.raises(UserError, match=said):
            asked_class(name, names, len(names) or 4)


def test_photographs_of_a_turned_camera_are_upright(tmp_path):
    lying = np.zeros((6, 8), np.uint8)
    lying[:, 0] = 200  # the left side as stored, the top as seen
    turned = Image.Exif()
    turned[274] = 6
    Image.fromarray(lying).save(tmp_path / "photo.png", exif=turned)
    upright = read(tmp_path / "photo.png")
    assert upright.shape == (8, 6, 1)
    assert (upright[0] == 200).all()
    assert (upright[1:] == 0).all()
    uneven = np.arange(48, dtype=np.uint8).reshape(6, 8)
    for orientation in range(10):  # 0 and 9 mean nothing
        turned[274] = orientation
        Image.fromarray(uneven).save(tmp_path / "photo.png", exif=turned)
        with Image.open(tmp_path / "photo.png") as image:
            expected = np.asarray(ImageOps.exif_transpose(image))
        assert np.array_equal(read(tmp_path / "photo.png")[..., 0], expected)
    Image.fromarray(lying).save(tmp_path / "damaged.png", exif=bytes(20))
    assert np.array_equal(read(tmp_path / "damaged.png")[..., 0], lying)


def test_a_colour_folder_without_labels(tmp_path):
    for i in range(9):
        save(tmp_path / f"{i}.png", mode="RGB", value=(i, 20, 30))
    save(tmp_path / "grey.png", value=7)
    data = load(DataConfig(f"folder:{tmp_path}"))
    assert data.spec.shape == (3, 4, 5)
    assert data.spec.classes == 0
    assert data.train.y is None
    assert (len(data.train), len(data.test)) == (9, 1)
    colours = torch.cat([data.train.x, data.test.x])[:, :, 0, 0].tolist()
    assert sorted(colours) == sorted([[i, 20, 30] for i in range(9)] + [[7, 7, 7]])
    batch = stream(data.train, DataConfig(), 4, 0)(0)
    assert batch.x.shape == (4, 3, 4, 5)
    assert batch.y is None
    assert "training images of each class" not in dict(describe(DataConfig(f"folder:{tmp_path}")))


def truncated(path):
    noise = np.random.default_rng(0).integers(0, 256, (4, 5), dtype=np.uint8)
    Image.fromarray(noise).save(path / "odd.png")
    (path / "odd.png").write_bytes((path / "odd.png").read_bytes()[:-30])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda p: save(p / "odd.png", size=(6, 4)), "odd.png is 6 x 4 pixels but .* is 5 x 4"),
        (lambda p: (p / "odd.png").write_bytes(b"no image"), "odd.png cannot be read"),
        (lambda p: (p / "odd.jpg").write_bytes(b""), "odd.jpg cannot be read"),
        (truncated, "odd.png cannot be read"),
        (lambda p: save(p / "odd.png", mode="I;16"), "odd.png has more than 8 bits"),
        (lambda p: save(p / "odd.png", mode="RGBA", value=(1, 2, 3, 4)), "odd.png has transparent pixels"),
        (lambda p: save(p / "sub" / "odd.png"), "both in subfolders and beside them"),
        (lambda p: [f.unlink() for f in p.glob("[2-9].png")], "holds 2 png"),
    ],
)
def test_folders_that_cannot_be_taken_are_refused(tmp_path, spoil, words):
    for i in range(10):
        save(tmp_path / f"{i}.png", value=i)
    load(DataConfig(f"folder:{tmp_path}"))
    spoil(tmp_path)
    with pytest.raises(UserError, match=words) as error:
        load(DataConfig(f"folder:{tmp_path}"))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["folder:", "folder:/no/such/folder"])
def test_a_missing_folder_is_refused(name):
    with pytest.raises(UserError, match="There is no folder"):
        load(DataConfig(name))


def test_opaque_alpha_is_no_transparency(tmp_path):
    for i in range(4):
        save(tmp_path / f"{i}.png", mode="RGBA", value=(i, 2, 3, 255))
    assert load(DataConfig(f"folder:{tmp_path}")).spec.shape == (3, 4, 5)


def test_labels_with_one_image_each_leave_nothing_to_test_on(tmp_path):
    for i in range(5):
        save(tmp_path / str(i) / "only.png", value=i)
    with pytest.raises(UserError, match="single image"):
        load(DataConfig(f"folder:{tmp_path}"))
