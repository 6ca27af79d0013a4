"""The settings of a data set, and the names there are. Plain Python, so that `--help` stays quick."""

from dataclasses import dataclass, field
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
    "bbbp": "1,965 molecules as SMILES, which of them pass the blood-brain barrier (Martins et al. 2012); your copy",
    "shahnameh": "49,610 beyts of Ferdowsi in 777 sections (Ganjoor); 5,018 held out; your own copy, never downloaded",
    "folder:PATH": "your own png, jpg or bmp images of one size; subfolders, where there are any, are the labels",
    "smiles:FILE": "your own CSV of molecules: a column of SMILES and one of labels, found by their names",
    "text:FILE": "your own verse: two lines a beyt, or one with a tab between; a blank line parts poems",
}


def is_text(name: str) -> bool:
    """Whether the set of that name holds lines and not images."""
    return name == "shahnameh" or name.startswith("text:")


@dataclass(frozen=True)
class TextConfig:
    """How lines are cut and read; means nothing to images.

    Attributes:
        tokeniser: "character"; "bpe", merged pieces of characters; or "folder", that of a trained GPT-2.
        vocabulary: symbols of "bpe", five special ones included.
        beyts: of a window, the first of which is the prompt of those after it; 2 makes pairs of beyts.
        split: whole sections are held out, or single beyts ("line": their neighbours are trained on, which flatters).
        marks: keep the marks of short vowels and doubling.
        punctuation: keep punctuation.
        folder: of "folder"; the one that SIMORGH_GPT2 names where it is left out.
        checksum: SHA-256 of what "folder" reads there, filled in when training begins.
    """

    tokeniser: Literal["character", "bpe", "folder"] = "character"
    vocabulary: int = 512
    beyts: int = 2
    split: Literal["section", "line"] = "section"
    marks: bool = False
    punctuation: bool = False
    folder: str = ""
    checksum: str = ""


@dataclass(frozen=True)
class SmilesConfig:
    """How molecules become examples; of no meaning for other sets.

    Attributes:
        tokens: "atom" keeps an atom in one token, "character" cuts every character.
        spelling: "canonical" SMILES, those "as-written" in the file, or canonical ones without stereo marks
            ("flat"; what is then spelt like a held-out molecule is not trained on).
        extra: random spellings of each training molecule beside that one, a fixed set drawn by `repeat`.
        split: "random" keeps the share of each class in every fold, "scaffold" also keeps molecules of one Murcko
            scaffold in one fold.
        folds: number of folds.
        fold: which of them is held out to test on, from 0.
        repeat: which partition; another number shuffles anew.
    """

    tokens: Literal["atom", "character"] = "atom"
    spelling: Literal["canonical", "as-written", "flat"] = "canonical"
    extra: int = 0
    split: Literal["random", "scaffold"] = "random"
    folds: int = 5
    fold: int = 0
    repeat: int = 0


@dataclass(frozen=True)
class DataConfig:
    """What is learnt from.

    Attributes:
        name: "digits", "mnist", "stacked-mnist", "mnist-rgb", "mnist-captions", "dsprites-upright", "dsprites" (3 GB in
            memory), "cifar-10", "captcha", "captcha-small", "captcha-many", "captcha:PATH", "folder:PATH", "bbbp",
            "smiles:FILE", "shahnameh" or "text:FILE". The images of the two dsprites are all trained on; 5,000 of the
            same images make their test part, because their factors are all there is to learn.
        binarise: pixels stay in [0, 1] ("none"), become 1 with their grey value as probability, drawn anew at each
            step ("dynamic", Salakhutdinov & Murray 2008), or become 1 from one half on ("threshold").
        validation: examples held out from the end of the training part; of a text, about so many beyts.
        limit: train on the first so many of the examples, or windows of a text, that are left only (for trial runs).
        shuffle: whether each pass over the training part has an order of its own, or always that of the file.
        smiles: how molecules become examples.
        text: how a text is read.
        content: SHA-256 of what a set of one's own (a name with a colon) holds, filled in when training begins.
    """

    name: str = "mnist"
    binarise: Literal["none", "dynamic", "threshold"] = "none"
    validation: int = 0
    limit: int | None = None
    shuffle: bool = True
    smiles: SmilesConfig = field(default_factory=SmilesConfig)
    text: TextConfig = field(default_factory=TextConfig)
    content: str = ""
