"""A folder of images as a data set: `folder:PATH`."""

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import ExifTags, Image

from simorgh.contracts import UserError
from simorgh.data.labels import in_order
from simorgh.data.parts import Part, Source, content_hash, split

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
# What Pillow raises on damaged files, and on those that would unpack to enormous images.
UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)
FEWEST = 4  # images; fewer leave nothing to test on
_Turn = Image.Transpose
UPRIGHT = {
    2: _Turn.FLIP_LEFT_RIGHT, 3: _Turn.ROTATE_180, 4: _Turn.FLIP_TOP_BOTTOM, 5: _Turn.TRANSPOSE,
    6: _Turn.ROTATE_270, 7: _Turn.TRANSVERSE, 8: _Turn.ROTATE_90,
}  # fmt: skip
"""By the tag Orientation of Exif, what makes an image upright that a turned camera has stored lying."""


def folder(path: str) -> Source:
    """The images of one size under `path`, nine tenths of each class to train on and one to test on.

    Images directly in the folder have no labels; images in subfolders have the name of the first subfolder as
    their label, in alphabetical order behind names that are numbers, of which 2 comes before 10. Grey images give one
    channel; where any image has colour, all are given three. UserError for anything that cannot be taken as it is.
    """
    root, files = pictures(path, "folder:pictures")
    owners = [f.relative_to(root).parts[0] if f.parent != root else None for f in files]
    if None in owners and any(owners):
        loose = files[owners.index(None)]
        raise UserError(f"{path} has images both in subfolders and beside them ({loose.name}): move those into one.")
    labels = () if None in owners else tuple(in_order(owners))
    y = torch.tensor([labels.index(owner) for owner in owners]) if labels else None
    part = Part(_stack(files), y)
    train, test = split(part, 0.1, "folder")
    if not len(test):
        raise UserError(f"Every label of {path} has a single image; at least one needs two, to test on.")
    origin = f"{len(files):,} images in the folder {root.name or root}, one tenth held out to test on"
    return Source(train, test, origin, (("pixels and labels", content_hash(part)),), labels)


def pictures(path: str, example: str) -> tuple[Path, list[Path]]:
    """The folder called `path` and the image files under it in alphabetical order. UserError where they are too few,
    or where there is no such folder: then with `example`, a name of a data set that would do."""
    root = Path(path).expanduser()
    if not path or not root.is_dir():
        raise UserError(f"There is no folder {path!r}: give an existing one, as in {example}.")
    files = sorted(f for f in _walk(root) if f.suffix.lower() in SUFFIXES)
    if len(files) < FEWEST:
        raise UserError(f"{path} holds {len(files)} png, jpg or bmp images; at least {FEWEST} are needed.")
    return root, files


def _walk(root: Path) -> Iterator[Path]:
    """Every file under `root` that is not hidden, through links to folders too: each folder once a class, and none that
    holds `root` itself."""
    seen, home = set(), os.path.realpath(root)
    for folder, inner, names in os.walk(root, followlinks=True):
        owner, real = Path(folder).relative_to(root).parts[:1], os.path.realpath(folder)
        if (owner, real) in seen or (owner and f"{home}{os.sep}".startswith(f"{real.rstrip(os.sep)}{os.sep}")):
            inner.clear()
            continue
        seen.add((owner, real))
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        yield from (Path(folder, name) for name in names if not name.startswith("."))


def _stack(files: list[Path]) -> torch.Tensor:
    """(N, C, H, W) uint8."""
    images = [read(file) for file in files]
    first = images[0].shape[:2]
    for file, image in zip(files, images):
        if image.shape[:2] != first:
            here, there = (f"{w} x {h}" for h, w in (image.shape[:2], first))
            raise UserError(f"{file} is {here} pixels but {files[0]} is {there}: make all images one size.")
    channels = max(image.shape[2] for image in images)
    stacked = np.stack([np.broadcast_to(image, (*first, channels)) for image in images])
    return torch.from_numpy(np.ascontiguousarray(stacked.transpose(0, 3, 1, 2)))


def read(file: Path) -> np.ndarray:
    """(H, W, 1 or 3) uint8. Only decoders of the named formats are let near the file. UserError for a bad one."""
    try:
        with Image.open(file, formats=("PNG", "JPEG", "BMP")) as image:
            image.load()
            image = _upright(image)
            if image.mode.startswith(("I", "F")):
                raise UserError(f"{file} has more than 8 bits a channel: save it with 8.")
            if image.has_transparency_data and image.convert("RGBA").getextrema()[3][0] < 255:
                raise UserError(f"{file} has transparent pixels: save it without transparency.")
            grey = image.mode in ("1", "L", "LA")
            pixels = np.asarray(image.convert("L" if grey else "RGB"))
    except UNREADABLE as error:
        raise UserError(f"{file} cannot be read as an image: repair it or take it out of the folder.") from error
    return pixels.reshape(*pixels.shape[:2], -1)


def _upright(image: Image.Image) -> Image.Image:
    try:
        turn = UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation))
    except Exception:  # damaged tags, of which Pillow raises anything, say nothing about the pixels
        return image
    return image if turn is None else image.transpose(turn)
