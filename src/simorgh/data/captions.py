"""MNIST with captions: every image has a text from templates, in English or in Persian.

A caption names the digit, and for some images how heavily it is written: "thin" and "bold" are the lower and the upper
third of the images of the same digit by their ink, the sum of all grey levels, as the training part has it. Images in
between are never given a weight. Nothing else is said, because nothing else was looked at.

Some templates are kept back: the test part has them and the training part does not, so that it can be measured whether
a model reads a text or remembers which it was.
"""

import hashlib
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from simorgh.data.mnist import mnist
from simorgh.data.parts import Part, Source, content_hash
from simorgh.noise import philox

NAME = "mnist-captions"
LANGUAGES = ("en", "fa")
WEIGHTS = ("thin", "", "bold")  # by third of the ink; the middle one has no word
DIGITS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "fa": ("صفر", "یک", "دو", "سه", "چهار", "پنج", "شش", "هفت", "هشت", "نه"),
}
NUMERALS = {"en": "0123456789", "fa": "۰۱۲۳۴۵۶۷۸۹"}
WORDS = {"en": {"thin": "thin", "bold": "bold"}, "fa": {"thin": "نازک", "bold": "ضخیم"}}
TRAINED = {
    "en": ("the digit {digit}", "the number {digit}", "a handwritten {digit}", "{digit}", "{numeral}",
           "a {weight} {digit}", "the digit {digit} in {weight} strokes"),
    "fa": ("رقم {digit}", "عدد {digit}", "رقم دست‌نویس {digit}", "{digit}", "{numeral}",
           "رقم {digit} با خط {weight}", "عدد {digit} که {weight} نوشته شده است"),
}  # fmt: skip
KEPT_BACK = {
    "en": ("a picture of the digit {digit}", "the number {digit} with {weight} lines"),
    "fa": ("تصویر رقم {digit}", "رقم {digit} با قلم {weight}"),
}


class Caption(NamedTuple):
    """A text and what it says: its language, the digit, "thin", "bold" or "" where it names no weight, and whether
    the training part may have it."""

    text: str
    language: str
    digit: int
    weight: str
    trained: bool


def captions() -> tuple[Caption, ...]:
    """All captions there are, those of the training part first; an image has its caption by position here."""
    return tuple(
        Caption(
            template.format(
                digit=DIGITS[language][digit],
                numeral=NUMERALS[language][digit],
                weight=WORDS[language].get(weight, ""),
            ),
            language,
            digit,
            weight,
            templates is TRAINED,
        )
        for templates in (TRAINED, KEPT_BACK)
        for language in LANGUAGES
        for template in templates[language]
        for weight in (("thin", "bold") if "{weight}" in template else ("",))
        for digit in range(10)
    )


def mnist_captions() -> Source:
    """MNIST's own images, order, split and labels, with a caption each. UserError as `mnist`."""
    source, table = mnist(), captions()
    edges = thirds(source.train)
    train, test = (
        Part(p.x, p.y, caption=choose(p.y, weights(p, edges), draws(name, len(p)), kept_back=name == "test"))
        for name, p in (("train", source.train), ("test", source.test))
    )
    whole = hashlib.sha256((content_hash(train) + content_hash(test)).encode()).hexdigest()
    return Source(
        train,
        test,
        f"captions from templates for {source.origin}",
        (("pixels, labels and captions of both parts", whole), ("the four MNIST files", source.checksums[0][1])),
        source.labels,
        captions=tuple(caption.text for caption in table),
    )


def ink(part: Part) -> np.ndarray:
    """(N,) int64 sum of the grey levels of each image."""
    return part.x.flatten(1).sum(1, dtype=torch.int64).numpy()


def thirds(part: Part) -> np.ndarray:
    """(10, 2) ink that a third and two thirds of the images of each digit in `part` do not exceed."""
    mass, y = ink(part), part.y.numpy()
    return np.array([np.quantile(mass[y == digit], (1 / 3, 2 / 3)) for digit in range(10)])


def weights(part: Part, edges: np.ndarray) -> Tensor:
    """(N,) int64 position in WEIGHTS of each image, by the `edges` (10, 2) of its digit."""
    return torch.from_numpy((ink(part)[:, None] > edges[part.y.numpy()]).sum(1))


def draws(part: str, n: int) -> np.ndarray:
    """(n, 2) uniform draws from [0, 1) for the first n images of `part`; those of an image do not depend on n."""
    return philox(NAME, part).random((n, 2))


def choose(digits: Tensor, weights: Tensor, uniform: np.ndarray, kept_back: bool) -> Tensor:
    """(N,) int64 positions in `captions()` of a true caption for each image.

    The first column of `uniform` (N, 2) says its language, the second which of the captions of that language that are
    true of it: those of its digit with no weight or, where it is thin or bold, with its own.
    """
    table = [(i, c) for i, c in enumerate(captions()) if c.trained or kept_back]
    chosen = torch.full((len(digits),), -1)
    first = torch.from_numpy(uniform[:, 0] < 0.5)
    for digit in range(10):
        for place, weight in enumerate(WEIGHTS):
            for language, speaks in zip(LANGUAGES, (first, ~first)):
                true = [i for i, c in table if (c.language, c.digit) == (language, digit) and c.weight in ("", weight)]
                rows = (digits == digit) & (weights == place) & speaks
                chosen[rows] = torch.tensor(true)[(uniform[rows.numpy(), 1] * len(true)).astype(np.int64)]
    return chosen
