"""dSprites as data sets: all 737,280 images, or the 18,432 of orientation 0.

Looked for in $SIMORGH_DATA/dsprites and never downloaded: the authors' file; for the upright images also a file that
was cut out of it; and where none of them is there, the images are drawn (see `sprites`). `origin` says which it was.

There is no published split, and none would mean much: the grid of factors is the whole law of these images, so
whoever learns it learns all of them. All images are trained on, in a fixed random order, so that the first or the
last so many (`limit`, `validation`) are a fair choice. The test part is a fixed random choice of 5,000 of them:
models are evaluated on images that they have seen.
"""

import zipfile
import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np
import torch

from simorgh.contracts import UserError
from simorgh.data.files import local
from simorgh.data.parts import Part, Source, content_hash
from simorgh.data.sprites import FACTORS, SHAPES, SIDE, SIZES, agreement, draw, grid
from simorgh.noise import philox

PUBLISHED = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
SLICE = "sh3_sc6_y32_x32_imgs.npz"
TEST = 5_000
COMPARED = 20_000  # images of a file that are compared with the drawing, at a second
DRAWN = "drawn on the factor grid of dSprites, no file of it being in $SIMORGH_DATA/dsprites"
UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
)


def dsprites() -> Source:
    """All images with the factors (shape, scale, orientation, x, y), labelled by shape. They fill 3 GB of memory.

    Reading or drawing them takes about half a minute. UserError where the file is damaged or another one.
    """
    if path := local("dsprites", PUBLISHED):
        return _source("dsprites", SIZES, _published(path, SIZES), path)
    return _source("dsprites", SIZES, _drawn(SIZES))


def dsprites_upright() -> Source:
    """The images of orientation 0 with the factors (shape, scale, x, y), labelled by shape. UserError as `dsprites`."""
    sizes = (*SIZES[:2], 1, *SIZES[3:])
    if path := local("dsprites", PUBLISHED):
        every = _published(path, SIZES)
        upright = (block for i, block in enumerate(every) if i % SIZES[2] == 0)
        return _source("dsprites-upright", sizes, upright, path)
    if path := local("dsprites", SLICE):
        return _source("dsprites-upright", sizes, _sliced(path, sizes), path)
    return _source("dsprites-upright", sizes, _drawn(sizes))


def _source(name: str, sizes: tuple[int, ...], blocks: Iterator[np.ndarray], path: Path | None = None) -> Source:
    """The set whose images come in the order of `grid(sizes)`, as blocks (n, 64, 64) of 0 and 1, from `path`."""
    factors = grid(sizes)
    order = philox(name, "order").permutation(len(factors))
    place = np.argsort(order)
    x = np.empty((len(factors), 1, SIDE, SIDE), np.uint8)
    start = 0
    for block in blocks:
        x[place[start : start + len(block)], 0] = 255 * block
        start += len(block)
    factors = factors[order]
    origin = _compared(x[:COMPARED, 0], factors[:COMPARED], path) if path else DRAWN
    varied = [i for i, size in enumerate(sizes) if size > 1]
    train = Part(torch.from_numpy(x), *(torch.from_numpy(a.copy()) for a in (factors[:, 0], factors[:, varied])))
    test = train.take(torch.from_numpy(philox(name, "test").permutation(len(train))[:TEST]))
    return Source(
        train,
        test,
        f"{origin}; all images are trained on, {len(test):,} of them make the test part",
        (("pixels, labels and factors", content_hash(train)),),
        SHAPES,
        tuple(FACTORS[i] for i in varied),
        binary=True,
    )


def _compared(images: np.ndarray, factors: np.ndarray, path: Path) -> str:
    """Where the images were found and how well the drawing meets them. UserError where it does not at all."""
    share = agreement(images, factors).share()
    if share < 0.5:
        raise UserError(f"{path} does not hold the images of dSprites in their order: put a sound {path.name} there.")
    which = "all" if len(images) < COMPARED else f"{len(images):,}"
    return f"{path.name} in $SIMORGH_DATA/dsprites ({share:.1%} of {which} images are within 2 % of our drawing)"


def _drawn(sizes: tuple[int, ...]) -> Iterator[np.ndarray]:
    factors = grid(sizes)
    return (draw(factors[start : start + 1024]) for start in range(0, len(factors), 1024))


def _published(path: Path, sizes: tuple[int, ...]) -> Iterator[np.ndarray]:
    """The images of the authors' file, one block for each shape, scale and orientation."""
    factors, size, start = grid(sizes), sizes[3] * sizes[4], 0
    n = len(factors)
    for classes in _rows(path, "latents_classes", [(n, 6)], 1, size):
        if not np.array_equal(classes[:, 1:], factors[start : start + size]):
            raise UserError(f"{path} has latents_classes in another order than dSprites: put a sound copy there.")
        start += size
    for block in _rows(path, "imgs", [(n, SIDE, SIDE)], 2, size):
        yield _binary(block, path)


def _sliced(path: Path, sizes: tuple[int, ...]) -> Iterator[np.ndarray]:
    """The images of the file of upright ones, in one block.

    Its name puts y before x, where the authors' order is x before y. Whether its rows follow its name or the authors'
    file cannot be known from their shape: the order that agrees with the drawing is taken.
    """
    outer, x, y = sizes[:2], *sizes[3:]
    shapes = [(prod(sizes), SIDE, SIDE), (*outer, x, y, SIDE, SIDE), (*outer, y, x, SIDE, SIDE)]
    images = _binary(np.concatenate(list(_rows(path, "imgs", shapes, 2, 1024))), path)
    swapped = images.reshape(*outer, y, x, SIDE, SIDE).swapaxes(2, 3).reshape(images.shape)
    factors = grid(sizes)
    yield max(images, swapped, key=lambda order: agreement(order, factors).share())


def _rows(path: Path, key: str, shapes: list[tuple[int, ...]], axes: int, size: int) -> Iterator[np.ndarray]:
    """The array `key` of an npz file as blocks of `size` rows, each row being its last `axes` axes.

    The array has one of `shapes`, and is never held as a whole. UserError for anything else.
    """
    remedy = f"put a sound {path.name} in its place"
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as stream:
            header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            shape, fortran, dtype = header[np.lib.format.read_magic(stream)](stream)
            if shape not in shapes or fortran or dtype.kind not in "biuf":
                wanted = " or ".join(map(str, shapes))
                raise UserError(f"{path} holds {key} as {dtype} {shape} instead of numbers {wanted}: {remedy}.")
            row = shape[len(shape) - axes :]
            width, left = prod(row) * dtype.itemsize, prod(shape[: len(shape) - axes])
            while left:
                content = stream.read(min(size, left) * width)
                if len(content) < min(size, left) * width:
                    raise EOFError("it ends early")
                left -= min(size, left)
                yield np.frombuffer(content, dtype).reshape(-1, *row)
            stream.read(1)  # the check sum is verified only once the end has been seen
    except UNREADABLE as error:
        raise UserError(f"{path} cannot be read ({type(error).__name__}: {error}): {remedy}.") from error


def _binary(images: np.ndarray, path: Path) -> np.ndarray:
    """`images` as uint8 of 0 and 1. UserError where they are of more than black and one other value."""
    lit = images == images.max()
    if (images[~lit] != 0).any() or images.max() <= 0:
        raise UserError(f"{path} has images with more than two values, or none: put a sound {path.name} in its place.")
    return lit.astype(np.uint8)
