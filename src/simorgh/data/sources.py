"""Where data come from: a name in, a Source out."""

import numpy as np
import torch

from simorgh.data.captcha_sets import captcha, captcha_folder, captcha_many, captcha_small
from simorgh.data.captions import mnist_captions
from simorgh.data.cifar import cifar10
from simorgh.data.coloured import mnist_rgb
from simorgh.data.config import DATASETS
from simorgh.data.dsprites import dsprites, dsprites_upright
from simorgh.data.folder import folder
from simorgh.data.mnist import mnist
from simorgh.data.parts import Part, Source, content_hash, split
from simorgh.data.stacked import stacked_mnist
from simorgh.errors import UserError, hint


def digits() -> Source:
    """The test part of the UCI set of handwritten digits (Alpaydin & Kaynak 1998), as scikit-learn ships it.

    Its pixels count ink from 0 to 16; they are stored as the nearest of 256 levels, so x / 255 is within 1/510
    of ink / 16. A fifth of each class is held out to test on, by a fixed permutation.
    """
    from sklearn.datasets import load_digits

    ink, labels = load_digits(return_X_y=True)
    pixels = np.rint(ink * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    part = Part(torch.from_numpy(pixels), torch.from_numpy(labels.astype(np.int64)))
    train, test = split(part, 0.2, "digits")
    checksums = (("pixels and labels", content_hash(part)),)
    return Source(train, test, "scikit-learn's copy of the UCI digits", checksums, tuple("0123456789"))


_NAMED = {
    "digits": digits,
    "mnist": mnist,
    "stacked-mnist": stacked_mnist,
    "mnist-rgb": mnist_rgb,
    "mnist-captions": mnist_captions,
    "dsprites-upright": dsprites_upright,
    "dsprites": dsprites,
    "cifar-10": cifar10,
    "captcha": captcha,
    "captcha-small": captcha_small,
    "captcha-many": captcha_many,
}


def find(name: str) -> Source:
    """The set called `name`. UserError where there is none, or where its files are missing or unsound."""
    if name.startswith("folder:"):
        return folder(name.removeprefix("folder:"))
    if name.startswith("captcha:"):
        return captcha_folder(name.removeprefix("captcha:"))
    if name not in _NAMED:
        raise UserError(f"There is no data set {name!r}; {hint(name, DATASETS)}")
    return _NAMED[name]()
