"""A data set ready for use: its parts, and what a model may know about them."""

from dataclasses import dataclass, replace
from typing import Literal, get_args, get_origin, get_type_hints

import numpy as np
import torch
from torch import Tensor

from simorgh.contracts import PAD, DataSpec, UserError
from simorgh.data.bbbp import content, is_molecules
from simorgh.data.bbbp import source as molecules
from simorgh.data.config import DataConfig, is_text
from simorgh.data.molecule_card import card, rows
from simorgh.data.molecules import parse_csv
from simorgh.data.parts import Part, Source
from simorgh.data.pretrained import settle_tokeniser
from simorgh.data.sources import find
from simorgh.data.tokens import SPECIAL, renumber
from simorgh.data.verse import describe_text, load_text, text_file

MOST_CLASSES = 20  # whose counts are listed one by one


@dataclass(frozen=True)
class Dataset:
    """Parts of a set. `spec` is computed from `train` only; `source` says where it was found, with its SHA-256.

    `factors` names the columns of the parts' factors, () where there are none; `checksums` are
    pairs of what was hashed and its SHA-256 in hex. `captions` are the texts of all parts by their index;
    `spec.captions` are those that the training part may have, and come first. `spellings` (N, S, T) are the molecules
    of the test part, in its order, each in several spellings.
    """

    name: str
    source: str
    train: Part
    validation: Part | None
    test: Part
    spec: DataSpec
    checksums: tuple[tuple[str, str], ...] = ()
    factors: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    spellings: Tensor | None = None


def load(config: DataConfig) -> Dataset:
    """The set that `config` names, split as it says. UserError for a setting that the set cannot meet, and where the
    set is not the one whose content `config` names."""
    data = _load(config)
    check_content(config, data.checksums[0][1])
    return data


def check_content(config: DataConfig, found: str) -> None:
    """UserError where `config` names the content of its set and that is not the one `found`."""
    if config.content and config.content != found:
        raise UserError(f"{config.name} does not hold any more what this run was trained on: put that back.")


def settle(config: DataConfig) -> DataConfig:
    """`config` with the checksums of what it reads from a folder or a file of one's own."""
    config = settle_tokeniser(config)
    if ":" not in config.name or config.content:
        return config
    if is_text(config.name):  # without the tokeniser, which takes its time
        return replace(config, content=text_file(config.name.removeprefix("text:")).checksum)
    return replace(config, content=_load(config).checksums[0][1])


def _load(config: DataConfig) -> Dataset:
    check(config)
    if is_text(config.name):
        text = load_text(config)
        found = f"{text.verse.origin}; content SHA-256 {text.verse.checksum}"
        checksums = (("the content", text.verse.checksum),)
        return Dataset(config.name, found, text.train, text.validation, text.test, text.spec, checksums=checksums)
    if is_molecules(config.name) and config.binarise != "none":
        raise UserError("data.binarise is for images; leave it out for molecules.")
    source = molecules(config.name, config.smiles) if is_molecules(config.name) else find(config.name)
    n = len(source.train)
    if config.validation >= n:
        noun = "images" if source.train.x.dtype == torch.uint8 else "molecules"
        raise UserError(f"data.validation is {config.validation}, but {config.name} has only {n:,} {noun} to train on.")
    kept = n - config.validation
    train = source.train.take(slice(0, kept if config.limit is None else min(kept, config.limit)))
    validation = source.train.take(slice(kept, n)) if config.validation else None
    if source.train.x.dtype != torch.uint8:
        return _tokens(config.name, source, train, validation)
    spec = DataSpec(
        "image",
        tuple(train.x.shape[1:]),
        classes=len(source.labels),
        labels=source.labels,
        binary=source.binary or config.binarise != "none",
        vocabulary=source.vocabulary or None,
        factors=_sizes(train, source),
        captions=() if source.train.caption is None else source.captions[: int(source.train.caption.max()) + 1],
        mean=tuple(pixel_means(train, config.binarise).tolist()),
    )
    parts = (train, validation, source.test)
    names = (source.checksums, source.factors, source.captions)
    return Dataset(config.name, _line(source), *parts, spec, *names)


def _sizes(train: Part, source: Source) -> tuple[int, ...]:
    """Number of values of each factor: those of the vocabulary, or as many as the training part shows."""
    if train.factors is None:
        return ()
    if source.vocabulary:
        return (len(source.vocabulary),) * len(source.factors)
    return tuple((train.factors.amax(0) + 1).tolist())


def _line(source: Source) -> str:
    return f"{source.origin}; content SHA-256 {source.checksums[0][1]}"


def _tokens(name: str, source: Source, train: Part, validation: Part | None) -> Dataset:
    """Every spelling of an example is an example to train on; held-out examples have one. The vocabulary is that of
    `train`, and so is the length T: parts may hold longer rows."""
    seen = np.unique(train.x[train.x >= len(SPECIAL)].numpy())
    vocabulary = (*SPECIAL, *(source.vocabulary[i] for i in seen))

    def numbered(x: Tensor) -> Tensor:
        x = torch.from_numpy(renumber(x.numpy(), source.vocabulary, vocabulary))
        used = (x != PAD).flatten(0, -2).any(0)
        return x[..., : int(used.nonzero().max()) + 1].contiguous()

    spread = train.y.repeat_interleave(train.x.shape[1])
    train = Part(numbered(train.x.flatten(0, 1)), spread)
    held_out = [None if p is None else Part(numbered(p.x[:, 0]), p.y) for p in (validation, source.test)]
    ends = (0.0, len(vocabulary) - 1.0)
    spec = DataSpec("tokens", tuple(train.x.shape[1:]), ends, len(source.labels), vocabulary, labels=source.labels)
    parts = (train, *held_out, spec, source.checksums)
    return Dataset(name, _line(source), *parts, spellings=numbered(source.test.x))


def check(config: DataConfig) -> None:
    """UserError for a value that no set can meet."""
    for owner, where in ((config, "data"), (config.smiles, "data.smiles")):
        for name, kind in get_type_hints(type(owner)).items():
            choices = get_args(kind)
            if get_origin(kind) is Literal and getattr(owner, name) not in choices:
                raise UserError(f"{where}.{name} is {getattr(owner, name)!r}; it can be {', '.join(choices)}.")
    if config.validation < 0:
        raise UserError(f"data.validation is {config.validation}; it counts examples and cannot be negative.")
    if config.limit is not None and config.limit < 1:
        raise UserError(f"data.limit is {config.limit}; it should be at least 1, or left out to train on all examples.")
    if config.smiles.extra < 0:
        raise UserError(f"data.smiles.extra is {config.smiles.extra}; it counts spellings and cannot be negative.")


def pixel_means(part: Part, binarise: str = "none", chunk: int = 4096) -> Tensor:
    """(C*H*W,) float64 expected value of each pixel over `part`, after binarising.

    Summed as whole numbers: 4096 * 255 < 2^24, so float32 sums are exact, whatever the number of threads.
    """
    total = torch.zeros(part.x[0].numel(), dtype=torch.float64)
    for x in part.x.flatten(1).split(chunk):
        total += ((x >= 128) if binarise == "threshold" else x).float().sum(0)
    return total / len(part) / (1 if binarise == "threshold" else 255)


def describe(config: DataConfig) -> list[tuple[str, str]]:
    """Rows of a table about the set: where from, checksums, shape, counts, counts of each class, range of values."""
    if is_text(config.name):
        return describe_text(config)
    if is_molecules(config.name):
        found, where = content(config.name)
        return [("name", config.name), ("source", where), *rows(card(parse_csv(found, where)))]
    data = load(config)
    channels, height, width = data.spec.shape
    parts = [("training", data.train), ("validation", data.validation), ("test", data.test)]
    parts = [(name, part) for name, part in parts if part is not None]
    listed = [("name", data.name), ("source", data.source.split("; content")[0])]
    listed += [(f"SHA-256 of {what}", digest) for what, digest in data.checksums]
    listed.append(("shape", f"{channels} x {height} x {width} (channels, height, width)"))
    listed += [(f"{name} images", f"{len(part):,}") for name, part in parts]
    listed += [
        (f"{name} images of each class", class_counts(part, data.spec.labels))
        for name, part in parts
        if data.spec.classes
    ]
    if data.factors:
        counts = [len(column.unique()) for column in data.train.factors.T]
        values = ", ".join(f"{name}: {n}" for name, n in zip(data.factors, counts))
        listed.append(("values of each factor", values))
    if data.captions:
        known = len(data.spec.captions)
        listed.append(("captions", f"{known:,} to train on and {len(data.captions) - known:,} to test on only"))
    low, high = (int(f(p.x)) for f, p in ((torch.min, data.train), (torch.max, data.train)))
    stored = f"{low} and {high} only" if data.spec.binary and config.binarise == "none" else f"{low} to {high}"
    listed.append(("values", f"stored as whole numbers, {stored}, given to models as value / 255"))
    mean = pixel_means(data.train).mean().item()
    listed.append(("mean training value", f"{mean:.4f} in [0, 1]"))
    return listed


def class_counts(part: Part, labels: tuple[str, ...]) -> str:
    """Images of each class in words: one by one up to MOST_CLASSES, by their range above."""
    counts = part.y.bincount(minlength=len(labels)).tolist()
    if len(labels) > MOST_CLASSES:
        return f"{min(counts):,} to {max(counts):,} of each of {len(labels):,} classes"
    return ", ".join(f"{c}: {n:,}" for c, n in zip(labels, counts))


def get(name: str) -> str:
    """Make sure that the set called `name` is here and sound, downloading it where needed; returns its source line."""
    return load(replace(DataConfig(), name=name)).source
