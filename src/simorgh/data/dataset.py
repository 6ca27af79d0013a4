"""A data set ready for use: its parts, and what a model may know about them."""

from dataclasses import dataclass, replace
from typing import get_args, get_type_hints

import torch
from torch import Tensor

from simorgh.contracts import DataSpec, UserError
from simorgh.data.config import DataConfig, is_text
from simorgh.data.parts import Part
from simorgh.data.sources import find
from simorgh.data.verse import describe_text, load_text

MOST_CLASSES = 20  # whose counts are listed one by one


@dataclass(frozen=True)
class Dataset:
    """Parts of a set. `spec` is computed from `train` only; `source` says where it was found, with its SHA-256.

    `labels` names the classes and `factors` the columns of the parts' factors, () where there are none; `checksums`
    are pairs of what was hashed and its SHA-256 in hex.
    """

    name: str
    source: str
    train: Part
    validation: Part | None
    test: Part
    spec: DataSpec
    labels: tuple[str, ...] = ()
    checksums: tuple[tuple[str, str], ...] = ()
    factors: tuple[str, ...] = ()


def load(config: DataConfig) -> Dataset:
    """The set that `config` names, split as it says. UserError for a setting that the set cannot meet."""
    check(config)
    if is_text(config.name):
        text = load_text(config)
        found = f"{text.verse.origin}; content SHA-256 {text.verse.checksum}"
        checksums = (("the content", text.verse.checksum),)
        return Dataset(config.name, found, text.train, text.validation, text.test, text.spec, checksums=checksums)
    source = find(config.name)
    n = len(source.train)
    if config.validation >= n:
        raise UserError(f"data.validation is {config.validation}, but {config.name} has only {n:,} images to train on.")
    kept = n - config.validation
    train = source.train.take(slice(0, kept if config.limit is None else min(kept, config.limit)))
    validation = source.train.take(slice(kept, n)) if config.validation else None
    spec = DataSpec(
        "image",
        tuple(train.x.shape[1:]),
        classes=len(source.labels),
        binary=source.binary or config.binarise != "none",
        factors=() if train.factors is None else tuple((train.factors.amax(0) + 1).tolist()),
        mean=tuple(pixel_means(train, config.binarise).tolist()),
    )
    found = f"{source.origin}; content SHA-256 {source.checksums[0][1]}"
    parts = (train, validation, source.test)
    return Dataset(config.name, found, *parts, spec, source.labels, source.checksums, source.factors)


def check(config: DataConfig) -> None:
    """UserError for a value that no set can meet."""
    choices = get_args(get_type_hints(DataConfig)["binarise"])
    if config.binarise not in choices:
        raise UserError(f"data.binarise is {config.binarise!r}; it can be {', '.join(choices)}.")
    if config.validation < 0:
        raise UserError(f"data.validation is {config.validation}; it counts images and cannot be negative.")
    if config.limit is not None and config.limit < 1:
        raise UserError(f"data.limit is {config.limit}; it should be at least 1, or left out to train on all images.")


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
    data = load(config)
    channels, height, width = data.spec.shape
    parts = [("training", data.train), ("validation", data.validation), ("test", data.test)]
    parts = [(name, part) for name, part in parts if part is not None]
    rows = [("name", data.name), ("source", data.source.split("; content")[0])]
    rows += [(f"SHA-256 of {what}", digest) for what, digest in data.checksums]
    rows.append(("shape", f"{channels} x {height} x {width} (channels, height, width)"))
    rows += [(f"{name} images", f"{len(part):,}") for name, part in parts]
    rows += [(f"{name} images of each class", class_counts(part, data.labels)) for name, part in parts if data.labels]
    if data.factors:
        counts = [len(column.unique()) for column in data.train.factors.T]
        listed = ", ".join(f"{name}: {n}" for name, n in zip(data.factors, counts))
        rows.append(("values of each factor", listed))
    low, high = (int(f(p.x)) for f, p in ((torch.min, data.train), (torch.max, data.train)))
    stored = f"{low} and {high} only" if data.spec.binary and config.binarise == "none" else f"{low} to {high}"
    rows.append(("values", f"stored as whole numbers, {stored}, given to models as value / 255"))
    mean = pixel_means(data.train).mean().item()
    rows.append(("mean training value", f"{mean:.4f} in [0, 1]"))
    return rows


def class_counts(part: Part, labels: tuple[str, ...]) -> str:
    """Images of each class in words: one by one up to MOST_CLASSES, by their range above."""
    counts = part.y.bincount(minlength=len(labels)).tolist()
    if len(labels) > MOST_CLASSES:
        return f"{min(counts):,} to {max(counts):,} of each of {len(labels):,} classes"
    return ", ".join(f"{c}: {n:,}" for c, n in zip(labels, counts))


def get(name: str) -> str:
    """Make sure that the set called `name` is here and sound, downloading it where needed; returns its source line."""
    return load(replace(DataConfig(), name=name)).source
