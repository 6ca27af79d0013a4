"""Parts of the study `captcha`: a folder of captchas, what is read on the way forward and back, strips along a short
training, texts that are asked for, and which signs are mistaken."""

import hashlib
import io
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image
from scipy.stats import binomtest
from torch import Tensor

from simorgh.data import DataConfig, Dataset, load, stream
from simorgh.data.captcha import SIGNS, spell
from simorgh.diffusion.denoiser import levels, noised
from simorgh.diffusion.guidance import Guidance
from simorgh.diffusion.sampler import Sampler
from simorgh.diffusion.steps import Ancestral
from simorgh.evaluate.captcha import judged, read
from simorgh.files import write
from simorgh.metrics.legibility import Legibility, legibility
from simorgh.models.diffusion import Diffusion
from simorgh.noise import Noise, SampleNoise, philox
from simorgh.report.style import use_style
from simorgh.studies._denoising import DEVICE, inward
from simorgh.studies.kit import Cell
from simorgh.train import Experiment, initialise
from simorgh.train.engine import Engine
from simorgh.train.loop import Loop

MOMENTS = 1000
"""Steps of the chain that t counts."""


def through_a_folder(images: Tensor, signs: Tensor) -> Dataset:
    """What is read back of images (N, 3, H, W) uint8 that are saved at 50 x 200 as files named by their signs (N, 5)."""
    with tempfile.TemporaryDirectory() as folder:
        for image, text in zip(images, signs.tolist()):
            picture = Image.fromarray(image.permute(1, 2, 0).numpy())
            picture.resize((200, 50)).save(Path(folder) / f"{spell(text)}.png")
        return load(DataConfig(f"captcha:{folder}"))


def texts_of(*signs: Tensor) -> list[str]:
    """The texts of signs (N, 5), sorted."""
    return sorted(spell(text) for part in signs for text in part.tolist())


def read_on_the_way(model: Diffusion, clean: Tensor, signs: Tensor, t: int, q: float) -> tuple[Legibility, Legibility]:
    """What can be read of images `clean` (N, C, H, W) in [-1, 1] with noise of size q at step t, and of the answer of an
    unconditional `model` to them; at t = 0 both are of the images themselves."""
    direct = guessed = clean
    if t > 0:
        q = levels(q, clean)
        direct = noised(clean, Noise(0, "readable", t).normal(*clean.shape).to(clean.device), q)
        with torch.no_grad():
            answers = [model.denoiser()(u, level).x0 for u, level in zip(direct.split(50), q.split(50))]
        guessed = torch.cat(answers)
    direct, guessed = (judged(model.outward(images).cpu(), signs) for images in (direct, guessed))
    return direct, guessed


class Strip(NamedTuple):
    """`states` and the network's `guesses` of the image, both (steps, n, C, H, W) in [-1, 1], and `seconds` it took."""

    states: Tensor
    guesses: Tensor
    seconds: float


def strip(model: Diffusion, n: int, shown: Sequence[int], steps: int, seed: int = 0) -> Strip:
    """The way of n samples from noise to image by ancestral sampling in `steps`, at the steps `shown` of the chain."""
    states, guesses = {}, {}
    start = time.perf_counter()

    def watch(u: Tensor, q: float, found: object) -> None:
        t = round(MOMENTS * float(model.config.path.time(torch.tensor(q, dtype=torch.float64))))
        if t in shown:
            states[t] = u
            guesses[t] = model.denoiser()(u, levels(q, u)).x0 if q > 0 else u

    model.sample(n, SampleNoise(seed, n, device=DEVICE), sampler=Sampler(Ancestral(), steps), watch=watch)
    assert set(states) == set(shown)
    ordered = (torch.stack([part[t] for t in shown]).cpu() for part in (states, guesses))
    return Strip(*ordered, time.perf_counter() - start)


class Along(NamedTuple):
    """The averaged weights after each of `passes`: `states` and `guesses` (stages, steps, C, H, W) of one sample from
    always the same noise, and squared errors of the noise that is guessed in test images, `errors` (stages, images)."""

    passes: tuple[int, ...]
    states: Tensor
    guesses: Tensor
    errors: Tensor


def strips_along(
    experiment: Experiment, kept: Path, passes: tuple[int, ...], shown: tuple[int, ...], steps: int, images: int,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> Along:  # fmt: skip
    """Train `experiment` for the last of `passes` and look at it after each of them: a run keeps finished samples of the
    middle of its training, but no weights. What was seen is stored in the folder `kept` and read from there next time."""
    experiment = replace(experiment, train=replace(experiment.train, epochs=float(passes[-1])))
    key = hashlib.sha256(repr((experiment.hash, passes, shown, steps, images)).encode()).hexdigest()[:12]
    path = kept / f"strips-{key}.npz"
    if not path.is_file():
        data, engine, config = load(experiment.data), Engine(experiment.train.precision), experiment.train
        model = engine.place(initialise(experiment, data.spec))
        source = stream(data.train, experiment.data, config.batch_size, experiment.seed, device=engine.device)
        loop, found = Loop(model, source, config, len(data.train), experiment.seed, engine), ([], [], [])
        for done in passes:
            while loop.step < round(done * loop.steps / passes[-1]):
                loop.model.train()
                loop.advance()
                advance(loop.step, loop.steps)
            now = loop.shown().eval()
            one = strip(now, 1, shown, steps)
            for part, value in zip(found, (one.states[:, 0], one.guesses[:, 0], _errors(now, data.test.x[:images]))):
                part.append(value.numpy())
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **{name: np.stack(part) for name, part in zip(Along._fields[1:], found)})
        write(path, buffer.getvalue())
    with np.load(path) as stored:
        return Along(passes, *(torch.from_numpy(stored[name]) for name in Along._fields[1:]))


@torch.no_grad()
def _errors(model: Diffusion, images: Tensor) -> Tensor:
    """(N,) mean squared error of the noise in uint8 images (N, C, H, W), each at its own step, the same for any model."""
    t = torch.from_numpy(philox("errors along").integers(1, MOMENTS + 1, len(images)))
    q = model.config.path.q(t.double() / MOMENTS).to(DEVICE)
    clean = inward(images).to(DEVICE)
    eps = Noise(0, "errors along").normal(*clean.shape).to(DEVICE)
    parts = zip(noised(clean, eps, q).split(50), q.split(50))
    guessed = torch.cat([model.denoiser()(u, level).eps for u, level in parts])
    return (guessed - eps).square().flatten(1).mean(1).cpu()


def ask(model: Diffusion, signs: Tensor, scale: float | None = None, seed: int = 0) -> tuple[Tensor, float]:
    """Captchas of signs (N, 5), guided by the model's own sampler or with another scale, and the seconds they took."""
    own = model.config.sampler
    sampler = own if scale is None else replace(own, guidance=Guidance(scale))
    start, parts = time.perf_counter(), []
    for first in range(0, len(signs), 100):
        part = signs[first : first + 100].to(DEVICE)
        parts.append(model.sample(len(part), SampleNoise(seed, len(part), first, DEVICE), part, sampler).cpu())
    return torch.cat(parts), time.perf_counter() - start


class Guided(NamedTuple):
    """Captchas of texts that were asked for with guidance `scale`.

    Attributes:
        images, answer: (N, C, H, W) in [0, 1], and the signs (N, 5) that are read from them.
        legible: how far they agree with those asked for.
        spread: deviation of a pixel over images, mean of all pixels, as a share of that of real images.
        seconds: an image.
    """

    scale: float
    images: Tensor
    answer: Tensor
    legible: Legibility
    spread: float
    seconds: float


def guided(model: Diffusion, signs: Tensor, scale: float, real: Tensor) -> Guided:
    """Captchas of signs (N, 5), held against as many real ones."""
    images, seconds = ask(model, signs, scale)
    answer = read(images)
    spread = float(images.double().std(0).mean() / real.double().std(0).mean())
    return Guided(scale, images, answer, legibility(answer, signs, len(SIGNS)), spread, seconds / len(signs))


def places(found: Legibility, digits: int = 1) -> Cell:
    """Shares of right signs at each place, in percent."""
    return Cell(", ".join(f"{100 * place.value:.{digits}f}" for place in found.places))


def course(errors: Sequence[float]) -> tuple[float, float, float]:
    """Mean error over the first tenth of training and over the last, and how much of the way between them, in percent,
    is behind after a fifth of it."""
    errors = np.array(errors)
    tenth = max(1, len(errors) // 10)
    first, early, last = errors[:tenth].mean(), errors[len(errors) // 5 :][:tenth].mean(), errors[-tenth:].mean()
    return first, last, 100 * (first - early) / (first - last)


def hardest(found: Counter, asked: Tensor, times: int, most: int = 3) -> dict[str, float]:
    """The signs that were mistaken most often and the share of each that was, over texts `asked` (N, 5) so many times."""
    wrong = {a: sum(n for (sign, _), n in found.items() if sign == a) for a in SIGNS}
    share = {a: wrong[a] / max(1, int((asked == SIGNS.index(a)).sum()) * times) for a in SIGNS}
    return {a: share[a] for a in sorted(SIGNS, key=share.get, reverse=True)[:most]}


def mistakes(asked: Tensor, read: Tensor) -> Counter:
    """How often each sign (the first of a pair) was read as another, over texts (N, 5) of positions in SIGNS."""
    wrong = asked != read
    return Counter((SIGNS[a], SIGNS[b]) for a, b in zip(asked[wrong].tolist(), read[wrong].tolist()))


def matrix(found: Counter) -> Figure:
    """Mistakes as a picture: a row for the sign that was asked for, a column for what was read."""
    use_style()
    counts = np.array([[found[a, b] for b in SIGNS] for a in SIGNS])
    figure = Figure(figsize=(4.2, 4.0))
    axes = figure.subplots()
    axes.imshow(counts, cmap="Blues", vmin=0, vmax=max(1, counts.max()))
    top = max(1, counts.max())
    for i, j in zip(*np.nonzero(counts)):
        axes.text(
            j,
            i,
            counts[i, j],
            ha="center",
            va="center",
            fontsize=6,
            color="white" if counts[i, j] > top / 2 else "black",
        )
    axes.set_xticks(range(len(SIGNS)), SIGNS)
    axes.set_yticks(range(len(SIGNS)), SIGNS)
    axes.tick_params(length=0, labelsize=7)
    axes.grid(False)
    axes.set(xlabel="read", ylabel="asked for")
    return figure


def sign_test(a: Guided, b: Guided, asked: Tensor) -> tuple[int, int, float]:
    """How many of the texts `asked` (N, 5) b reads and a does not, how many the other way round, and the chance of that
    between equals."""
    one, two = ((g.answer == asked).all(1) for g in (a, b))
    gained, lost = int((~one & two).sum()), int((one & ~two).sum())
    return gained, lost, binomtest(gained, gained + lost).pvalue if gained + lost else 1.0


def pairs(found: Counter, most: int = 6) -> str:
    """The most frequent mistakes in words: "g→8 (3), ..."."""
    return ", ".join(f"{a}→{b} ({n})" for (a, b), n in found.most_common(most))
