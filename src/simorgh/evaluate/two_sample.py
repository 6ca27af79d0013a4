"""Judges that are trained anew for every question: can a network tell fakes from real images, or learn from them?

    two_sample: the classifier two-sample test of Lopez-Paz and Oquab 2017 (arXiv 1610.06545)
    train_on_synthetic: the classification accuracy score of Ravuri and Vinyals 2019 (arXiv 1905.10887)

Both train the small convolutional classifier of simorgh.models.classifier, without its random moves and label
smoothing. Pixels are first rounded to 256 grey levels, which is what real images have: otherwise the judge would
only have to look whether they are whole numbers.
"""

from typing import NamedTuple

import numpy as np
import torch
from scipy import stats
from sklearn.metrics import roc_auc_score
from torch import Tensor

from simorgh.contracts import DataSpec, Model, UserError
from simorgh.data import DataConfig, Part, stream
from simorgh.metrics.intervals import Interval
from simorgh.metrics.modes import proportion
from simorgh.models.classifier import ClassifierConfig
from simorgh.noise import philox
from simorgh.train import OptimiserConfig, TrainConfig
from simorgh.train.engine import Engine
from simorgh.train.loop import Loop

WIDTH = 8
BATCH = 64
OPTIMISER = OptimiserConfig(kind="adamw", lr=3e-3, schedule="one-cycle", warmup=0.2, weight_decay=0.01)


class TwoSample(NamedTuple):
    """What the judge sees in images that it was not trained on, half of them real.

    Attributes:
        accuracy: share judged rightly, with its 95 % interval (Wilson); 0.5 where it sees no difference.
        auc: chance that a fake looks more like a fake than a real image does, ties for half.
        p: probability of such an accuracy or a better one if both sets had one law (exact binomial test).
    """

    accuracy: Interval
    auc: float
    p: float


class Synthetic(NamedTuple):
    """Accuracy on real test images of a classifier trained on fakes, `ceiling` of one trained on as many real images
    (None where none were given); 95 % intervals (Wilson) for these classifiers. `classes` (K,) is the accuracy of
    each class, NaN where there is no test image of it."""

    accuracy: Interval
    ceiling: Interval | None
    classes: np.ndarray


def two_sample(real: Tensor, fake: Tensor, seed: int = 0, epochs: float = 2.0) -> TwoSample:
    """Trains a judge on half of `real` and `fake` (N, C, H, W) in [0, 1] and tests it on the other half.

    Of both sets equally many are used, chosen by `seed`. The floor is this function with other real images in the
    place of fakes; no image may be in both sets. Under one law the number of right answers varies at most as a
    binomial with probability 1/2, so that p is safe. An accuracy near 0.5 says that this judge, with this much
    training, sees nothing; a stronger one might. UserError for fewer than 20 images of a kind.
    """
    if real.shape[1:] != fake.shape[1:] or real.ndim != 4:
        raise UserError(f"images of shapes {tuple(real.shape)} and {tuple(fake.shape)} do not compare: give one size.")
    n = min(len(real), len(fake))
    if n < 20:
        raise UserError(f"{n} images of each kind are too few to train and test a judge: give at least 20.")
    halves = [], []
    for name, images, label in (("real", real, 0), ("fake", fake, 1)):
        chosen = torch.from_numpy(philox(seed, "two-sample", name).permutation(len(images))[:n])
        part = _part(_framed(images[chosen.to(images.device)]), torch.full((n,), label))
        for half, rows in zip(halves, (slice(n // 2), slice(n // 2, n))):
            half.append(part.take(rows))
    train, test = (Part(torch.cat([p.x for p in half]), torch.cat([p.y for p in half])) for half in halves)
    probabilities = _predict(_trained(train, 2, seed, epochs), test.x)
    right = int((probabilities.argmax(1) == test.y).sum())
    return TwoSample(
        proportion(right, len(test)),
        float(roc_auc_score(test.y.numpy(), probabilities[:, 1].numpy())),
        float(stats.binomtest(right, len(test), 0.5, alternative="greater").pvalue),
    )


def train_on_synthetic(
    fake: Tensor,
    labels: Tensor,
    real_test: Tensor,
    real_labels: Tensor,
    seed: int = 0,
    epochs: float = 2.0,
    real_train: tuple[Tensor, Tensor] | None = None,
) -> Synthetic:
    """Trains a classifier on `fake` (N, C, H, W) in [0, 1] with its `labels` (N,), tests it on real images (M, ...).

    `real_train` holds real images and labels, disjoint from the test images; the first N of them train the ceiling.
    Everything else is equal. UserError for shapes that do not fit, or for fewer real training images than fakes.
    """
    pairs = [(fake, labels), (real_test, real_labels), *([] if real_train is None else [real_train])]
    for images, y in pairs:
        fits = images.ndim == 4 and images.shape[1:] == fake.shape[1:] and y.shape == images.shape[:1]
        if not fits or not len(y) or y.min() < 0:
            raise UserError(
                f"images {tuple(images.shape)} and labels {tuple(y.shape)} do not fit fakes of shape "
                f"{tuple(fake.shape)}: give (N, C, H, W) and (N,), from 0 on."
            )
    if real_train is not None and len(real_train[1]) < len(labels):
        raise UserError(f"{len(real_train[1])} real images are no ceiling for {len(labels)} fakes: give as many.")
    classes, test = int(max(y.max() for _, y in pairs)) + 1, _part(real_test, real_labels)
    sources = [pairs[0], *pairs[2:]]
    right = [
        _predict(_trained(_part(x[: len(fake)], y[: len(fake)]), classes, seed, epochs), test.x).argmax(1) == test.y
        for x, y in sources
    ]
    accuracies = [proportion(int(r.sum()), len(r)) for r in right]
    each = [float(right[0][test.y == c].double().mean()) for c in range(classes)]
    return Synthetic(accuracies[0], accuracies[1] if real_train is not None else None, np.array(each))


def _framed(images: Tensor) -> Tensor:
    """With one more channel that is white all over. The normalisation of the classifier divides an image by its own
    contrast: without something to compare with, fakes that are only too pale would pass for real."""
    return torch.cat([images, torch.ones_like(images[:, :1])], 1)


def _part(images: Tensor, labels: Tensor) -> Part:
    if not torch.isfinite(images).all() or images.min() < 0 or images.max() > 1:
        raise UserError("the judges look at images with values in [0, 1]: scale or clip these first.")
    return Part((images.detach().cpu() * 255).round().byte(), labels.detach().cpu().long())


def _trained(part: Part, classes: int, seed: int, epochs: float) -> Model:
    """A fresh classifier after `epochs` passes over `part`, in eval mode; the global generators are left as they
    were. Gradients are asked for, since measurements are usually taken without."""
    spec = DataSpec("image", tuple(part.x.shape[1:]), classes=classes)
    engine, config = Engine(), TrainConfig(epochs=epochs, batch_size=min(BATCH, len(part)), optimiser=OPTIMISER)
    gpus = list(range(torch.cuda.device_count()))
    with torch.random.fork_rng(gpus), torch.enable_grad():
        engine.seed(seed)
        model = ClassifierConfig(width=WIDTH, turn=0.0, shift=0.0, scale=0.0, smoothing=0.0).build(spec)
        batches = stream(part, DataConfig(), config.batch_size, seed, device=engine.device)
        loop = Loop(engine.place(model), batches, config, len(part), seed, engine)
        while loop.step < loop.steps:
            loop.advance()
    loop.logged()
    return loop.shown().eval()


@torch.no_grad()
def _predict(model: Model, x: Tensor, chunk: int = 1000) -> Tensor:
    """(N, classes) probabilities of uint8 images, on the CPU."""
    device = next(model.parameters()).device
    return torch.cat([model.predict(part.to(device) / 255).cpu() for part in x.split(chunk)])
