"""Captchas as data sets: drawn ones at two sizes, and the user's own from a folder.

The drawn ones are a pure function of their part and position. The five signs of an image are its factors: what the
image was drawn from, and what a conditional model is asked for. Every text is drawn uniformly among 19^5, about two and
a half million, so that hardly any text of the test part is one of the training part.
"""

from functools import lru_cache

import numpy as np
import torch
from PIL import Image

from simorgh.contracts import UserError
from simorgh.data.captcha import HEIGHT, LENGTH, SIGNS, WIDTH, draw, signs_of, small
from simorgh.data.folder import pictures, read
from simorgh.data.parts import Part, Source, content_hash, split
from simorgh.noise import philox

NAME = "captcha"
TRAIN, TEST = 5_000, 1_000
MANY = 35_000  # for a reader: as many more, none of which a generator of captchas learns from
FACTORS = tuple(f"sign_{place}" for place in range(1, LENGTH + 1))
LETTERS_AND_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
SHOWN = 3  # bad files that an error names


@lru_cache(maxsize=1)
def captcha() -> Source:
    """Drawn captchas (3, 64, 256) with their five signs as factors; 300 MB in memory.

    Kept, because training, evaluation and report each ask for it and drawing takes seconds.
    """
    return _source(drawn("train", TRAIN), drawn("test", TEST))


@lru_cache(maxsize=1)
def captcha_small() -> Source:
    """The same captchas as `captcha`, grey and at half the size (1, 32, 128)."""
    return _source(drawn("train", TRAIN, halved=True), drawn("test", TEST, halved=True))


@lru_cache(maxsize=1)
def captcha_many() -> Source:
    """As `captcha_small`, with MANY other captchas to train on, those that follow; drawing them takes a minute."""
    return _source(drawn("train", MANY, halved=True, first=TRAIN), drawn("test", TEST, halved=True))


def drawn(part: str, n: int, halved: bool = False, first: int = 0) -> Part:
    """The `n` captchas of `part`, "train" or "test", from number `first` on, of either size; each depends on its
    position only."""
    images = np.empty((n, 1, HEIGHT // 2, WIDTH // 2) if halved else (n, 3, HEIGHT, WIDTH), np.uint8)
    signs = np.empty((n, LENGTH), np.int64)
    for i in range(n):
        rng = philox(NAME, part, first + i)
        signs[i] = rng.integers(len(SIGNS), size=LENGTH)
        image = draw(signs[i].tolist(), rng)
        images[i] = small(image) if halved else image
    return Part(torch.from_numpy(images), factors=torch.from_numpy(signs))


def _source(train: Part, test: Part) -> Source:
    return Source(
        train,
        test,
        "drawn from the DejaVu fonts of matplotlib",
        (("pixels and signs of the training part", content_hash(train)),
         ("pixels and signs of the test part", content_hash(test))),
        factors=FACTORS,
        vocabulary=tuple(SIGNS),
    )  # fmt: skip


def captcha_folder(path: str) -> Source:
    """The captchas under `path`, brought to (3, 64, 256); the name of a file is its text, as in 2b827.png.

    Nine tenths are trained on, one is tested on. The vocabulary is SIGNS where it suffices, otherwise the letters and
    digits that occur. UserError, in one sentence, where files cannot be read or are not named by five signs.
    """
    root, files = pictures(path, "captcha:pictures")
    texts, images, bad = [], [], []
    for file in files:
        try:
            signs_of(file.stem, LETTERS_AND_DIGITS)
            images.append(_sized(read(file)))
            texts.append(file.stem)
        except UserError:
            bad.append(str(file.relative_to(root)))
    if bad:
        more = f" and {len(bad) - SHOWN:,} more" if len(bad) > SHOWN else ""
        raise UserError(
            f"{len(bad):,} of {len(files):,} images in {path} cannot be read or are not named by {LENGTH} lower-case "
            f"letters and digits: mend or remove {', '.join(bad[:SHOWN])}{more}."
        )
    found = set("".join(texts))
    vocabulary = SIGNS if found <= set(SIGNS) else "".join(sorted(found))
    factors = torch.tensor([signs_of(text, vocabulary) for text in texts])
    part = Part(torch.from_numpy(np.stack(images)), factors=factors)
    train, test = split(part, 0.1, NAME)
    origin = f"{len(files):,} captchas in the folder {root.name or root}, one tenth held out to test on"
    checksums = (("pixels and signs", content_hash(part)),)
    return Source(train, test, origin, checksums, factors=FACTORS, vocabulary=tuple(vocabulary))


def _sized(image: np.ndarray) -> np.ndarray:
    """(3, 64, 256) uint8 of a picture (H, W, 1 or 3), by bicubic interpolation."""
    colour = Image.fromarray(np.broadcast_to(image, (*image.shape[:2], 3)).copy())
    return np.asarray(colour.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)).transpose(2, 0, 1)
