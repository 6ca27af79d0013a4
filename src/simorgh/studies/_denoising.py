"""What the studies of denoising models share: samples by any sampler, how near they are to digits, what a network costs,
maps of networks and of code."""

import inspect
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy import stats
from torch import Tensor, nn

import simorgh
from simorgh.contracts import Batch, Tick
from simorgh.data import DataConfig, load
from simorgh.diffusion.sampler import Sampler
from simorgh.evaluate import judge
from simorgh.evaluate.samples import floors as reached_by_images
from simorgh.metrics.frechet import frechet_distance
from simorgh.metrics.intervals import Interval, jackknife
from simorgh.metrics.modes import proportion
from simorgh.metrics.prdc import prdc
from simorgh.nn.unet import UNetModule
from simorgh.noise import Noise, SampleNoise
from simorgh.studies._costs import kept_bytes
from simorgh.studies.kit import Cell
from simorgh.train import Run

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def inward(images: Tensor) -> Tensor:
    """uint8 images in [-1, 1], as the networks of centred models see them."""
    return 2 * images.float() / 255 - 1


class Drawn(NamedTuple):
    """`images` (n, C, H, W) in [0, 1]; `raw`, the same before they are clamped, in the range that the network sees;
    `labels` (n,) where the model takes them; `seconds` it took."""

    images: Tensor
    raw: Tensor
    labels: Tensor | None
    seconds: float


class Scores(NamedTuple):
    """How near n samples are to the first n test images, in the judge's features.

    Attributes:
        fd: with a 95 % interval from leaving out each tenth of both sets.
        precision, coverage: shares of samples and of test images, with Wilson's interval given the other set.
        accuracy: share of samples read as the digit that was asked for (Wilson), None without labels.
        spread: standard deviation of all grey levels before the clamp, as a share of that of the test images.
        beyond: share of pixels more than a twentieth of the range outside it, before the clamp.
        diversity: variance of the features within a digit, over the samples that are read as asked (a misread one is
            no variety), as a share of that of the test images that are read rightly; None without labels, or with too
            few such samples.
    """

    fd: Interval
    precision: Interval
    coverage: Interval
    accuracy: Interval | None
    spread: float
    beyond: float
    diversity: float | None


def draw(run: Run, n: int, sampler: Sampler, seed: int = 0, labels: Tensor | None = None, chunk: int = 250) -> Drawn:
    """n samples, always from the same noise; a conditional model gets `labels` (n,), in turn where they are None."""
    model, parts = run.model().to(DEVICE), []
    if model.conditional and labels is None:
        labels = torch.arange(n) % run.spec.classes

    def keep(u: Tensor, q: float, found: object) -> None:
        if q == 0:
            parts.append(u.cpu())

    start = time.perf_counter()
    for first in range(0, n, chunk):
        size = min(chunk, n - first)
        asked = None if labels is None else labels[first : first + size].to(DEVICE)
        model.sample(size, SampleNoise(seed, size, first, DEVICE), asked, sampler, keep)
    raw = torch.cat(parts)
    return Drawn(model.outward(raw), raw, labels, time.perf_counter() - start)


def scores(run: Run, drawn: Drawn) -> Scores:
    """See Scores; `run` says in which range the raw samples are."""
    n = len(drawn.images)
    test = load(DataConfig("mnist")).test
    x, y = test.x[:n].float() / 255, test.y[:n]
    real, (fake, guessed) = judge.reference(n, "test"), judge.judged(drawn.images)
    guessed, model = guessed.argmax(1), run.model()
    accuracy = diversity = None
    if drawn.labels is not None:
        hit = guessed == drawn.labels
        accuracy = proportion(int(hit.sum()), n)
        known = judge.judged(x)[1].argmax(1) == y
        if int(hit.sum()) > len(drawn.labels[hit].unique()):
            diversity = _within(fake[hit], drawn.labels[hit]) / _within(real[known], y[known])
    low, high = model.inward(torch.zeros(())).item(), 1.0
    edge = (high - low) / 20
    beyond = ((drawn.raw < low - edge) | (drawn.raw > high + edge)).double().mean()
    fd, near = jackknife(frechet_distance, real, fake), prdc(real, fake)
    precision, coverage = (proportion(round(share * n), n) for share in (near.precision, near.coverage))
    spread = float(drawn.raw.double().std() / model.inward(x).double().std())
    return Scores(fd, precision, coverage, accuracy, spread, float(beyond), diversity)


def ratio_of_distances(a: Drawn, b: Drawn) -> Interval:
    """fd-digits of `a` over that of `b` against the first test images, as many. For the interval each tenth of the test
    images, and of the pairs of samples, which began from one noise, is left out."""
    real, one, two = judge.reference(len(a.images), "test"), *(judge.judged(drawn.images)[0] for drawn in (a, b))
    wide = one.shape[1]

    def ratio(real: Tensor, pairs: Tensor) -> float:
        return frechet_distance(real, pairs[:, :wide]) / frechet_distance(real, pairs[:, wide:])

    return jackknife(ratio, real, torch.cat([one, two], 1))


def floors(n: int) -> dict[str, float]:
    """What real images reach, by the names of `Scores`."""
    real = reached_by_images(n)
    return {
        "accuracy": real["judge_accuracy"],
        "fd": real["fd_digits"],
        **{k: real[k] for k in ("precision", "coverage")},
    }


def _within(features: Tensor, labels: Tensor) -> float:
    """Variance around the mean of the own label, summed over features."""
    parts = [features[labels == k].double() for k in labels.unique()]
    return float(sum((p - p.mean(0)).square().sum() for p in parts) / (len(labels) - len(parts)))


def cell(value: Interval | float | None, digits: int = 3) -> Cell | None:
    """A number for a table, with half of its interval; a dash for None."""
    if value is None:
        return None
    if isinstance(value, Interval):
        return Cell(f"{value.value:.{digits}f} ± {(value.high - value.low) / 2:.{digits}f}")
    return Cell(f"{value:.{digits}f}")


def layout(network: UNetModule, shape: tuple[int, ...], context: Tensor | None = None) -> list[list[str]]:
    """The rows of a diagram: what every part of a U-Net makes of an image (C, H, W), read off one forward pass. Each row
    is one resolution on the way down or up, or the middle; "m → n×H×W" is a residual block of m channels."""
    rows = [["image " + _shape(shape)]]
    turns = {id(network.middle[0]), id(network.up[0])}

    def note(module: nn.Module, given: object, result: Tensor) -> None:
        made, block = _shape(result.shape[1:]), getattr(module, "block", None)
        name = f"conv {made}"
        if block is not None:
            name = f"{block.before[2].in_channels} → {made}{' att.' if module.attention is not None else ''}"
        elif module is not network.first and module is not network.last:
            name = f"{'halve' if module in network.down else 'double'} {made}"
        if id(module) in turns or name.startswith(("halve", "double")):
            rows.append([])
        rows[-1].append(name)

    parts = (network.first, *network.down, *network.middle, *network.up, network.last)
    hooks = [part.register_forward_hook(note) for part in parts]
    device = next(network.parameters()).device
    with torch.no_grad():
        network(torch.zeros(1, *shape, device=device), torch.ones(1, device=device), context)
    for hook in hooks:
        hook.remove()
    rows[-1].append("image " + _shape(shape) + " ")
    return rows


def _shape(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))


def where(thing: Callable | type, text: str) -> tuple[str, str]:
    """("file:line", the line) of the first line of `thing`'s source that holds `text`; AssertionError where none does,
    so that a map of the code cannot go stale unseen."""
    thing = inspect.unwrap(thing)  # torch.no_grad wraps what it decorates
    lines, first = inspect.getsourcelines(thing)
    for number, line in enumerate(lines, first):
        if text in line:
            path = Path(inspect.getsourcefile(thing)).relative_to(Path(simorgh.__file__).parent)
            return f"{path.as_posix()}:{number}", line.strip()
    raise AssertionError(f"{thing.__qualname__} no longer holds {text!r}")


def along(run: Run, most: int) -> list[tuple[int, dict]]:
    """At most so many of a run's snapshots (step, arrays), evenly spread and with the first and the last."""
    shots = run.snapshots()
    return [shots[i] for i in sorted({round(k * (len(shots) - 1) / (most - 1)) for k in range(most)})]


def held_out(run: Run, batches: int) -> Tensor:
    """(batches,) the loss of training on hundreds of test images; equal noise and levels for every run."""
    model, test = run.model().to(DEVICE), load(DataConfig("mnist")).test
    found = []
    for i in range(batches):
        rows = slice(100 * i, 100 * (i + 1))
        batch = Batch(test.x[rows].float() / 255, test.y[rows]).to(DEVICE)
        with torch.no_grad():
            terms = model.loss(batch, Tick(0, 0, 0.0, Noise(0, "held out", i, device=DEVICE)))
        found.append(float(terms.loss))
    return torch.tensor(found, dtype=torch.float64)


def milliseconds(run: Run, batch: int = 50) -> float:
    """Processor time of one evaluation of the network for one image, on the CPU: the best of three."""
    model, times = run.model().cpu(), []
    q = torch.ones(batch, dtype=torch.float64)
    y = torch.arange(batch) % run.spec.classes if model.conditional else None
    denoise = model.denoiser(y)
    with torch.no_grad():
        for _ in range(4):
            start = time.process_time()
            denoise(torch.zeros(batch, *run.spec.shape), q)
            times.append(time.process_time() - start)
    return 1000 * min(times[1:]) / batch


def kept_for_backward(run: Run, batch: int) -> int:
    """Bytes that a training step keeps for the backward pass of `batch` images."""
    model, x, y = run.experiment.model.build(run.spec), torch.zeros(batch, *run.spec.shape), torch.zeros(batch).long()
    return kept_bytes(model, lambda: model.loss(Batch(x, y), Tick(0, 0, 0.0, Noise(0))).loss)


def step_back(log_prior: np.ndarray, grid: np.ndarray, beta: float, y: float) -> tuple[np.ndarray, np.ndarray, float]:
    """A step of the reverse chain on a line, from log p(x_{t-1}) on an even `grid` (n,): log p(x_{t-1} | x_t = y), the
    log of the Gaussian of its moments, and log p(x_t = y)."""
    width = grid[1] - grid[0]
    joint = log_prior + stats.norm.logpdf(y, np.sqrt(1 - beta) * grid, np.sqrt(beta))
    evidence = np.logaddexp.reduce(joint) + np.log(width)
    p = np.exp(joint - evidence) * width
    mean = p @ grid
    return joint - evidence, stats.norm.logpdf(grid, mean, np.sqrt(p @ (grid - mean) ** 2)), float(evidence)
