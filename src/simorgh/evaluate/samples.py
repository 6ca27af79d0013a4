"""Groups of measurements that look at samples only: how near to real digits, how varied, how new."""

import warnings
from collections.abc import Iterable
from functools import lru_cache

import torch
from torch import Tensor

from simorgh.contracts import Measurement, Model, Samples
from simorgh.data import DataConfig, Dataset, load
from simorgh.errors import Notice
from simorgh.evaluate import judge
from simorgh.evaluate.generate import drawn, told
from simorgh.evaluate.measure import context, measurement
from simorgh.evaluate.two_sample import train_on_synthetic, two_sample
from simorgh.metrics.extrapolation import frechet_extrapolated
from simorgh.metrics.frechet import frechet_distance
from simorgh.metrics.intervals import jackknife
from simorgh.metrics.kid import kid
from simorgh.metrics.memorisation import copied, memorisation
from simorgh.metrics.modes import collapse, mode_coverage, near_duplicates, proportion
from simorgh.metrics.prdc import prdc
from simorgh.train import Run

DIGITS = ("mnist", "mnist-captions")
"""Data sets whose images are those of MNIST."""

LEAST = 10
"""Samples that a comparison takes: the jackknife leaves out one tenth at a time."""


def _labelled(run: Run, data: Dataset, n: int, device: str) -> tuple[Tensor, Tensor | None]:
    """n samples and the digit that each was asked to be: its label, or that of the images with its caption. Those whose
    caption no image of the data has (trial runs on few) are left out."""
    images, asked = drawn(run, n, device)
    if asked is None or data.train.caption is None:
        return images, asked
    digit = torch.full((max(int(p.caption.max()) for p in (data.train, data.test)) + 1,), -1)
    for part in (data.test, data.train):
        digit[part.caption] = part.y
    asked = digit[torch.arange(n) % len(run.spec.captions)]
    return images[asked >= 0], asked[asked >= 0]


def _too_few(n: int) -> bool:
    if n < LEAST:
        warnings.warn(f"{n} samples are too few to be compared with digits: it takes {LEAST}.", Notice, stacklevel=3)
    return n < LEAST


@lru_cache(maxsize=2)
def floors(n: int) -> dict[str, float]:
    """What the first `n` training images of MNIST reach in the place of samples against as many test images, and
    the judge's accuracy on these."""
    real, train = judge.reference(n, "test"), judge.reference(n, "train")
    test = load(DataConfig("mnist")).test
    right = judge.judged(test.x[:n].float() / 255)[1].argmax(1) == test.y[:n]
    return {
        "judge_accuracy": float(right.double().mean()),
        "fd_digits": frechet_distance(real, train),
        "kid": kid(real, train, size=min(1000, n)).value * 1000,
        **prdc(real, train)._asdict(),
    }


def samples(run: Run, model: Model, data: Dataset, device: str) -> list[Measurement]:
    """fd_digits, its value without bias, kid, precision, recall, density, coverage; judge_accuracy; class shares."""
    if not isinstance(model, Samples) or run.experiment.data.name not in DIGITS:
        return []
    n = min(run.experiment.evaluate.samples, len(data.test))
    images, labels = _labelled(run, data, n, device)
    n = len(images)
    if _too_few(n):
        return []
    fake, probabilities = judge.judged(images, device)
    real, reached = judge.reference(n, "test"), floors(n)
    sampler, about = told(model)
    protocol = f"{n} samples against the first {n} MNIST test images, features of {judge.NAME}, seed 0{sampler}"
    here = context(run, split="test", **about)
    size = min(1000, n)
    found = [
        measurement("fd_digits", jackknife(frechet_distance, real, fake), "squared feature units",
                    f"Fréchet distance, {protocol}", n=n, floor=reached["fd_digits"], context=here),
        measurement("kid", kid(real, fake, size=size).value * 1000, "10^-3 MMD^2", f"100 subsets of {size}, {protocol}",
                    n=n, floor=reached["kid"], context=here),
    ]  # fmt: skip
    if n >= 1000:
        endless = frechet_extrapolated(real, fake).intercept
        found.append(measurement("fd_digits_extrapolated", endless, "squared feature units",
                                 f"Fréchet distance at an endless number of samples, {protocol}", n=n, floor=0.0,
                                 context=here))  # fmt: skip
    ours = prdc(real, fake)
    found += [
        measurement(name, getattr(ours, name), "share", f"k = {k}, {protocol}", n=n, floor=reached[name],
                    context=here)
        for name, k in (("precision", 3), ("recall", 3), ("density", 5), ("coverage", 5))
    ]  # fmt: skip
    guessed = probabilities.argmax(1)
    if labels is not None:
        right = proportion(int((guessed == labels).sum()), n)
        each = [(guessed[labels == digit] == digit).double().mean() for digit in range(10)]
        found.append(measurement("judge_accuracy", right, "share", f"labels in turn, {protocol}",
                                 floor=reached["judge_accuracy"],
                                 context={**here, "by_class": _listed(each)}))  # fmt: skip
    shares, own = (y.bincount(minlength=10).double() / n for y in (guessed, data.test.y[:n]))
    sentence = collapse(mode_coverage(guessed, 10), near_duplicates(fake, real))
    found += [
        measurement(f"{name}_class_share", value, "share", f"by the judge's reading, {protocol}", n=n, floor=best,
                    context={**here, "collapse": sentence, "shares": _listed(shares)})
        for name, value, best in (("smallest", shares.min(), own.min()), ("largest", shares.max(), own.max()))
    ]  # fmt: skip
    return found


def _listed(values: Iterable[Tensor]) -> str:
    """A share for each digit, in one text."""
    return " ".join(f"{float(value):.4f}" for value in values)


def modes(run: Run, model: Model, data: Dataset, device: str) -> list[Measurement]:
    """modes_covered and modes_kl of stacked digits, each channel read by the judge."""
    if not isinstance(model, Samples) or run.experiment.data.name != "stacked-mnist":
        return []
    n = run.experiment.evaluate.samples
    images, _ = drawn(run, n, device)
    channels = torch.stack([judge.judged(images[:, c : c + 1], device)[1].argmax(1) for c in range(3)], 1)
    found = mode_coverage(channels @ torch.tensor([100, 10, 1]), 1000)
    sampler, about = told(model)
    protocol = f"{n} samples, three digits read by {judge.NAME}, 1,000 modes, seed 0{sampler}"
    here = context(run, split="test", collapse=collapse(found), **about)
    return [
        measurement("modes_covered", found.covered, "modes", protocol, floor=found.covered_floor.value, context=here),
        measurement("modes_kl", found.kl, "nats", f"KL(shares || uniform), {protocol}", floor=found.kl_floor.value,
                    context=here),
    ]  # fmt: skip


def memory(run: Run, model: Model, data: Dataset, device: str) -> list[Measurement]:
    """train_distance_ratio, near_train, copying_z, authenticity, copied: whether samples are training images."""
    if not isinstance(model, Samples) or run.experiment.data.name not in DIGITS:
        return []
    whole = min(run.experiment.evaluate.samples, len(data.test))
    n = min(whole, 2000)
    if _too_few(n):
        return []
    images = drawn(run, whole, device)[0][:n]
    # The training part begins where MNIST's does, whatever is held out or left out at its end.
    train, test = judge.reference(min(10 * n, len(data.train)), "train"), judge.reference(n, "test")
    digits = load(DataConfig("mnist")).train
    found = memorisation(train, test, judge.judged(images, device)[0])
    sampler, about = told(model)
    protocol = f"{n} samples and {n} test images against {len(train)} training images, features of {judge.NAME}, seed 0"
    protocol, here = protocol + sampler, context(run, split="train", **about)
    return [
        measurement("train_distance_ratio", found.ratio, "of the test images' distance", protocol, floor=1.0,
                    context=here),
        measurement("near_train", found.near, "share", protocol, floor=found.near_floor, context=here),
        measurement("copying_z", found.z, "standard deviations", protocol, n=n, floor=0.0, context=here),
        measurement("authenticity", found.authenticity, "share", protocol, floor=found.authenticity_floor.value,
                    context=here),
        measurement("copied", copied(images, digits.x[: len(train)]), "share",
                    f"equal to one of {len(train)} training images in all pixels of 256 levels, {n} samples, seed 0"
                    f"{sampler}", n=n, floor=0.0, context=here),
    ]  # fmt: skip


@lru_cache(maxsize=2)
def _real_against_real(n: int) -> float:
    data = load(DataConfig("mnist"))
    return two_sample(data.test.x[:n].float() / 255, data.train.x[:n].float() / 255).accuracy.value


def fresh_judge(run: Run, model: Model, data: Dataset, device: str) -> list[Measurement]:
    """two_sample_accuracy; tstr_accuracy of conditional models: classifiers trained for the question (minutes)."""
    if not isinstance(model, Samples) or run.experiment.data.name not in DIGITS:
        return []
    n = min(run.experiment.evaluate.samples, len(data.test))
    images, labels = _labelled(run, data, n, device)
    n = len(images)
    sampler, about = told(model)
    test, here = data.test.x[:n].float() / 255, context(run, split="test", **about)
    protocol = f"{n} samples and {n} MNIST test images, a fresh classifier, 2 passes over one half, tested on the other"
    protocol += sampler
    found = [
        measurement("two_sample_accuracy", two_sample(test, images).accuracy, "share", protocol,
                    floor=_real_against_real(n), context=here)
    ]  # fmt: skip
    if labels is not None:
        known = data.train.x[:n].float() / 255, data.train.y[:n]
        learnt = train_on_synthetic(images, labels, test, data.test.y[:n], real_train=known)
        protocol = f"a fresh classifier, 2 passes over {n} labelled samples, tested on {n} MNIST test images{sampler}"
        found.append(
            measurement("tstr_accuracy", learnt.accuracy, "share", protocol, floor=learnt.ceiling.value, context=here)
        )
    return found
