"""dSprites: the drawing against real frames and against a polygon filler, the files it may come from, its factors."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.path import Path as Outline

from simorgh.contracts import UserError
from simorgh.data import DataConfig, Part, batches, describe, dsprites, load, sources
from simorgh.data.parts import content_hash
from simorgh.data.sprites import FACTORS, SIZES, Agreement, agreement, draw, grid

FRAMES = Path(os.environ.get("SIMORGH_DATA", "")).expanduser() / "dsprites" / "reference_frames.npz"
real = pytest.mark.skipif(
    "SIMORGH_DATA" not in os.environ or not FRAMES.is_file(),
    reason="SIMORGH_DATA names no folder with dsprites/reference_frames.npz",
)

UPRIGHT = (*SIZES[:2], 1, *SIZES[3:])
SMALL = (3, 6, 2, 4, 5)  # a corner of the grid, in place of all of it

# Drawing


def animated() -> np.ndarray:
    """(160, 5) factors of the frames: the animation runs through one factor after the other; every second is kept."""
    pulse = [(scale, 0, 0, 0) for scale in (0, 2, 4, 5, 3, 1)]
    turn = [(5, turn, 0, 0) for turn in range(0, 40, 2)]
    ends = [(5, 0, 0, 0), (3, 0, 0, 0), (1, 0, 0, 0)]
    edge = range(0, 32, 2)
    square = [*((0, i) for i in edge), *((i, 31) for i in edge)]
    square += [*((31, 31 - i) for i in edge), *((31 - i, 0) for i in edge)]
    hearts = [*pulse, *pulse[:3], *turn, *((5, 0, x, y) for x, y in square), *ends]
    rest = [*pulse, *pulse[:3], *turn, *ends]
    return np.array([(shape, *f) for shape, fs in ((2, hearts), (1, rest), (0, rest)) for f in fs])


@real
def test_real_frames_are_drawn_nearly_exactly():
    """160 frames of the published set with the factors that their order in the animation gives them."""
    found = agreement(np.load(FRAMES)["frames"], animated())
    assert found.share(0.02) >= 0.98
    assert found.share(0.01) == 1
    assert found.share(0) >= 0.95
    assert found.differing.sum() <= 10
    outline = found.factors[:, 0] == 2
    assert not found.differing[~outline].any(), "squares and ellipses are exact"


@real
def test_the_search_finds_a_match_at_least_as_good():
    """Without being told the factors; only a square may look the same with others."""
    frames, told = np.load(FRAMES)["frames"][::4], animated()[::4]
    found = agreement(frames)
    assert (found.differing <= agreement(frames, told).differing).all()
    assert (found.factors == told).all(1).mean() > 0.95


@real
def test_no_whole_pixel_shift_explains_the_real_positions():
    """Moving the first heart by rounded steps misses most of the frames that the drawing meets."""
    frames, factors = np.load(FRAMES)["frames"], animated()
    moving = np.flatnonzero((factors[:, 0] == 2) & (factors[:, 1] == 5) & (factors[:, 2] == 0))
    first = frames[moving[0]]
    steps = np.rint(32 * factors[moving, 3:] / 31).astype(int)
    shifted = np.stack([np.roll(first, (y, x), (0, 1)) for x, y in steps])
    assert (shifted != frames[moving]).any((1, 2)).mean() > 0.5
    assert agreement(frames[moving], factors[moving]).share(0) > 0.85


def outline(shape: int) -> np.ndarray:
    """(N, 2) x and y of a fine polygon round the origin, y downwards."""
    t = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    if shape == 0:
        return 9.598 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    if shape == 1:
        return np.stack([12.766 * np.cos(t), 7.214 * np.sin(t)], 1)
    height = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([9.598 * np.sin(t) ** 3, -1.438 - 0.662 * height], 1)


@given(st.tuples(*(st.integers(0, size - 1) for size in SIZES)))
@settings(deadline=None, max_examples=40)
def test_drawing_fills_the_outline_that_the_factors_place(factors):
    """Matplotlib fills the turned, scaled and moved polygon; pixels whose centre is on its edge may differ."""
    shape, scale, turn, x, y = factors
    angle = -2 * np.pi * turn / 39  # on the screen, where y points down, counter-clockwise
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = np.linspace(0.5, 1, 6)[scale] * outline(shape) @ rotation.T
    points += 16 + 32 * np.linspace(0, 1, 32)[[x, y]]
    centres = np.stack(np.meshgrid(np.arange(64) + 0.5, np.arange(64) + 0.5), -1).reshape(-1, 2)
    expected = Outline(points).contains_points(centres).reshape(64, 64)
    assert (draw(np.array([factors]))[0] != expected).sum() <= 1


def test_the_grid_is_in_the_published_order():
    factors = grid()
    assert factors.shape == (737_280, 5)
    assert factors[[0, 1, 32, 1024, 40 * 1024, -1]].tolist() == [
        [0, 0, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 1, 0], [0, 0, 1, 0, 0], [0, 1, 0, 0, 0], [2, 5, 39, 31, 31],
    ]  # fmt: skip
    x, y = draw(np.array([[0, 0, 0, 31, 0], [0, 0, 0, 0, 31]]))
    assert x[:32, 32:].sum() == x.sum() == 100, "x goes to the right"
    assert y[32:, :32].sum() == y.sum() == 100, "y goes down"


def test_the_first_and_last_orientation_are_the_same():
    every = grid((*SIZES[:3], 1, 1))
    first, last = (draw(every[every[:, 2] == turn]) for turn in (0, 39))
    assert np.array_equal(first, last)


@pytest.mark.parametrize("factors", [[[0, 0, 0, 0, 32]], [[3, 0, 0, 0, 0]], [[-1, 0, 0, 0, 0]], [[0, 0, 0, 0]], []])
def test_factors_off_the_grid_are_refused(factors):
    with pytest.raises(ValueError, match="whole numbers"):
        draw(np.array(factors))


def test_the_search_finds_every_image_of_the_grid():
    rng = np.random.default_rng(0)
    factors = np.column_stack([rng.integers(size, size=60) for size in SIZES])
    assert not agreement(draw(factors)).differing.any()


def test_agreement_counts_pixels():
    factors = np.array([[0, 5, 0, 9, 9], [2, 3, 7, 20, 1], [1, 5, 30, 4, 25]])
    frames = draw(factors)
    spoilt = frames.copy()
    assert not spoilt[1, 30, 36:39].any()
    assert not spoilt[2, 60, 20]
    spoilt[1, 30, 36:39] = 1
    spoilt[2, 60, 20] = 1
    found = agreement(255 * spoilt)
    assert found.factors[1:].tolist() == factors[1:].tolist()
    assert found.differing.tolist() == [0, 3, 1]
    assert found.lit.tolist() == [frames[0].sum(), frames[1].sum() + 3, frames[2].sum() + 1]
    assert Agreement(factors, np.array([1, 2, 3]), np.array([100, 100, 100])).share(0.02) == 2 / 3
    assert agreement(np.zeros((1, 64, 64))).differing[0] > 0
    with pytest.raises(ValueError, match="frames should be"):
        agreement(frames[0])


# Files


@pytest.fixture(name="home")
def _home(tmp_path, monkeypatch):
    """An empty $SIMORGH_DATA/dsprites and a small grid."""
    monkeypatch.setenv("SIMORGH_DATA", str(tmp_path))
    monkeypatch.setattr(dsprites, "SIZES", SMALL)
    (tmp_path / "dsprites").mkdir()
    return tmp_path / "dsprites"


def publish(home: Path, **changed) -> None:
    """A file as the authors', of the small grid. One pixel of each image differs from the drawing."""
    factors = grid(SMALL)
    images = draw(factors)
    images[:, 0, 0] = 1
    classes = np.column_stack([np.zeros(len(factors), int), factors])
    arrays = {"imgs": images, "latents_classes": classes, "metadata": np.array({"no": "matter"}, object)} | changed
    np.savez_compressed(home / dsprites.PUBLISHED, **arrays)


def rows(part: Part) -> dict[tuple[int, ...], bytes]:
    return {tuple(f): x.numpy().tobytes() for f, x in zip(part.factors.tolist(), part.x)}


def test_the_published_file_is_read_where_it_is(home):
    drawn = load(DataConfig("dsprites"))
    assert drawn.source.startswith("drawn on the factor grid")
    publish(home)
    data, upright = load(DataConfig("dsprites")), load(DataConfig("dsprites-upright"))
    for found in (data, upright):
        assert found.source.startswith(f"{dsprites.PUBLISHED} in $SIMORGH_DATA/dsprites (")
    assert data.train.x.shape == (len(grid(SMALL)), 1, 64, 64)
    assert torch.equal(data.train.factors, drawn.train.factors)
    assert (data.train.x[:, 0, 0, 0] == 255).all()
    assert torch.equal(data.train.x[:, :, 1:], drawn.train.x[:, :, 1:])
    every = rows(data.train)
    assert {(a, b, 0, c, d): x for (a, b, c, d), x in rows(upright.train).items()}.items() <= every.items()
    assert len(upright.train) == len(every) / SMALL[2]


@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize("y_first", [True, False])
def test_the_upright_file_is_read_in_either_order(home, flat, y_first):
    """Its name says y before x; the pixels decide. Both shapes are taken."""
    sizes = (*SMALL[:2], 1, *SMALL[3:])
    images = draw(grid(sizes)).reshape(*SMALL[:2], *SMALL[3:], 64, 64)
    if y_first:
        images = images.swapaxes(2, 3)
    expected = rows(load(DataConfig("dsprites-upright")).train)
    np.savez(home / dsprites.SLICE, imgs=images.reshape(-1, 64, 64) if flat else images)
    data = load(DataConfig("dsprites-upright"))
    assert data.source.startswith(f"{dsprites.SLICE} in $SIMORGH_DATA/dsprites (100.0% of all images")
    assert rows(data.train) == expected
    publish(home)
    assert load(DataConfig("dsprites-upright")).source.startswith(dsprites.PUBLISHED), "the authors' file comes first"


def other_order(home):
    publish(home, latents_classes=np.roll(np.column_stack([np.zeros(len(grid(SMALL)), int), grid(SMALL)]), 1, 0))


def cut(home):
    publish(home)
    path = home / dsprites.PUBLISHED
    path.write_bytes(path.read_bytes()[:-500])


def doubtful(home):
    """All bytes are there, but the archive names another check sum for them."""
    publish(home)
    path = home / dsprites.PUBLISHED
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    assert content[entry + 46 : entry + 54] == b"imgs.npy"
    content[entry + 16] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (other_order, "another order"),
        (cut, "cannot be read"),
        (doubtful, "cannot be read .*CRC"),
        (lambda home: (home / dsprites.PUBLISHED).write_bytes(b"no archive"), "cannot be read"),
        (lambda home: publish(home, imgs=draw(grid(SMALL))[1:]), "instead of numbers"),
        (lambda home: publish(home, imgs=draw(grid(SMALL)).astype(object)), "instead of numbers"),
        (lambda home: publish(home, imgs=np.asfortranarray(draw(grid(SMALL)))), "instead of numbers"),
        (lambda home: publish(home, imgs=draw(grid(SMALL)).cumsum(1, dtype=np.uint8)), "more than two values"),
        (lambda home: publish(home, imgs=np.zeros_like(draw(grid(SMALL)))), "more than two values, or none"),
        (lambda home: publish(home, imgs=draw(grid(SMALL))[::-1].copy()), "does not hold the images of dSprites"),
        (lambda home: np.savez(home / dsprites.PUBLISHED, pictures=draw(grid(SMALL))), "cannot be read"),
    ],
)
def test_files_that_are_not_dsprites_are_refused(home, spoil, words):
    spoil(home)
    with pytest.raises(UserError, match=words) as error:
        load(DataConfig("dsprites"))
    assert str(home / dsprites.PUBLISHED) in str(error.value)


# The sets


@pytest.fixture(scope="module", name="upright")
def _upright():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SIMORGH_DATA", raising=False)
        yield sources.find("dsprites-upright")


def test_every_upright_image_is_trained_on_once(upright):
    part = upright.train
    assert part.x.shape == (18_432, 1, 64, 64)
    assert ((part.x == 0) | (part.x == 255)).all()
    assert upright.factors == ("shape", "scale", "x", "y")
    known = np.insert(part.factors.numpy(), 2, 0, axis=1)
    assert np.array_equal(known[np.lexsort(known.T[::-1])], grid(UPRIGHT))
    assert np.array_equal(part.x[:500, 0].numpy(), 255 * draw(known[:500]))
    assert torch.equal(part.y, part.factors[:, 0])
    assert upright.labels == ("square", "ellipse", "heart")


def test_the_test_part_is_a_fixed_choice_of_the_same_images(upright):
    test, every = upright.test, rows(upright.train)
    chosen = rows(test)
    assert len(chosen) == len(test) == 5000
    assert chosen.items() <= every.items()
    assert upright.checksums[0][1].startswith("b383dcfa"), "everybody has the same images in the same order"
    assert test.factors[:3].tolist() == [[1, 4, 8, 29], [0, 5, 8, 5], [1, 5, 9, 5]]


def test_first_and_last_images_are_a_fair_choice(upright):
    """`limit` and `validation` take them: all values of all factors should be among a thousand, about evenly."""
    for some in (upright.train.factors[:1000], upright.train.factors[-1000:]):
        for column, size in zip(some.T, (3, 6, 32, 32)):
            counts = column.bincount(minlength=size).double()
            expected = 1000 / size
            assert float(((counts - expected) ** 2 / expected).sum()) < size + 5 * (2 * size) ** 0.5


def test_it_describes_itself(monkeypatch):
    monkeypatch.delenv("SIMORGH_DATA", raising=False)
    config = DataConfig("dsprites-upright", validation=1000, limit=5000)
    described, data = dict(describe(config)), load(config)
    assert described["training images of each class"].startswith("square: ")
    assert described["values of each factor"] == "shape: 3, scale: 6, x: 32, y: 32"
    assert described["values"].startswith("stored as whole numbers, 0 and 255 only")
    assert described["test images"] == "5,000"
    assert data.spec.binary
    assert data.spec.classes == 3
    assert data.factors == FACTORS[:2] + FACTORS[3:]
    assert len(data.validation.factors) == 1000
    assert next(batches(data.test, config, 10)).x.unique().tolist() == [0, 1]


# Factors of a part


def test_factors_follow_their_images_and_change_no_other_hash():
    x = torch.arange(6, dtype=torch.uint8).reshape(6, 1, 1, 1)
    part = Part(x, torch.arange(6), torch.arange(12).reshape(6, 2))
    some = part.take([4, 1]).to("cpu")
    assert some.x.flatten().tolist() == some.y.tolist() == [4, 1]
    assert some.factors.tolist() == [[8, 9], [2, 3]]
    plain = Part(x, torch.arange(6))
    assert plain.take([0]).factors is None
    assert content_hash(plain) != content_hash(part)
    assert content_hash(plain) == "a6778afaeee115188754739cd73707b086f736b399f307c1afa1a68ccfc1aa32"
