"""The settings of a data set, and the names there are. Plain Python, so that `--help` stays quick."""

from dataclasses import dataclass
from typing import Literal

DATASETS = {
    "digits": "1,797 handwritten digits, 8 x 8, 17 grey levels (scikit-learn's copy of the UCI set); needs no file",
    "mnist": "70,000 handwritten digits, 28 x 28, 256 grey levels (LeCun, Cortes, Burges); 60,000 to train on",
    "stacked-mnist": "70,000 images, 3 x 28 x 28, of three MNIST digits each: 1,000 classes to count modes with",
    "mnist-rgb": "70,000 images, 3 x 28 x 28: MNIST digits times three random numbers, one for each colour channel",
    "mnist-captions": "MNIST with a caption for each digit in English or Persian, which may tell the weight of its ink",
    "dsprites-upright": "18,432 black and white images, 64 x 64: shape, scale and position vary; drawn without a file",
    "dsprites": "737,280 images: the same with 40 orientations, 3 GB in memory (Matthey et al.); drawn without a file",
    "cifar-10": "60,000 photographs of ten kinds, 3 x 32 x 32 (Krizhevsky); your own copy, never downloaded",
    "captcha": "6,000 drawn captchas, 3 x 64 x 256, five of 19 signs, which are their factors; needs no file",
    "captcha-small": "the same at half the size in grey, 1 x 32 x 128: for models that learn within minutes on a CPU",
    "captcha-many": "35,000 others of that size to train on, for the reader of captchas; drawing them takes a minute",
    "captcha:PATH": "your own captchas, brought to 3 x 64 x 256; the name of each file is its text of five signs",
    "folder:PATH": "your own png, jpg or bmp images of one size; subfolders, where there are any, are the labels",
}


@dataclass(frozen=True)
class DataConfig:
    """What is learnt from.

    Attributes:
        name: "digits", "mnist", "stacked-mnist", "mnist-rgb", "mnist-captions", "dsprites-upright", "dsprites" (3 GB in
            memory), "cifar-10", "captcha", "captcha-small", "captcha-many", "captcha:PATH" or "folder:PATH". The images
            of the two dsprites are all trained on; 5,000 of the same images make their test part, because their factors
            are all there is to learn.
        binarise: pixels stay in [0, 1] ("none"), become 1 with their grey value as probability, drawn anew at each
            step ("dynamic", Salakhutdinov & Murray 2008), or become 1 from one half on ("threshold").
        validation: images held out from the end of the training part.
        limit: train on the first so many of the images that are left only (for trial runs).
    """

    name: str = "mnist"
    binarise: Literal["none", "dynamic", "threshold"] = "none"
    validation: int = 0
    limit: int | None = None
