"""How readable captchas are, by the reader that is part of the package."""

from functools import lru_cache

import torch
from torch import Tensor

from simorgh.contracts import Measurement, Model, ProposesConditions, Samples, UserError
from simorgh.data import DataConfig, Dataset, load
from simorgh.data.captcha import HEIGHT, LENGTH, SIGNS, WIDTH, small
from simorgh.evaluate import judge
from simorgh.evaluate.generate import generate, told
from simorgh.evaluate.measure import context, measurement
from simorgh.metrics.legibility import Legibility, legibility
from simorgh.train import Run

LARGE, SMALL = (3, HEIGHT, WIDTH), (1, HEIGHT // 2, WIDTH // 2)


@torch.no_grad()
def read(images: Tensor, device: str = "cpu", chunk: int = 250) -> Tensor:
    """(N, 5) int64 signs, positions in SIGNS, that the reader finds in images (N, 3, 64, 256) or (N, 1, 32, 128) in
    [0, 1].

    Pixels are first rounded to 256 levels, which is what drawn images have; the larger ones are reduced to the smaller
    by the rule that makes `captcha-small` of `captcha`. UserError for images of another shape.
    """
    if images.ndim != 4 or tuple(images.shape[1:]) not in (LARGE, SMALL):
        raise UserError(f"images of shape {tuple(images.shape)} are no captchas: they are {LARGE} or {SMALL}.")
    model, found = judge.captcha_judge().to(device), []
    for part in images.split(chunk):
        levels = (part * 255).round().clamp(0, 255).byte()
        if tuple(part.shape[1:]) == LARGE:
            levels = torch.from_numpy(small(levels.cpu().numpy()))
        found.append(torch.stack([p.argmax(1) for p in model.read(levels.to(device) / 255)], 1).cpu())
    return torch.cat(found) if found else torch.empty((0, LENGTH), dtype=torch.int64)


def judged(images: Tensor, asked: Tensor, device: str = "cpu") -> Legibility:
    """How far `images` (N, ...) show the signs (N, 5) that were asked for. UserError as `read` and `legibility`."""
    return legibility(read(images, device), asked, len(SIGNS))


@lru_cache(maxsize=2)
def reader_rate(n: int) -> Legibility:
    """What the reader makes of the first `n` test images of `captcha-small`: the best that any generator can reach."""
    test = load(DataConfig("captcha-small")).test.take(slice(0, n))
    return judged(test.x / 255, test.factors)


def captchas(run: Run, model: Model, data: Dataset, device: str) -> list[Measurement]:
    """exact_match and sign_accuracy of captchas whose text was asked for, where their signs are those of the reader."""
    if not isinstance(model, ProposesConditions) or not isinstance(model, Samples) or not model.conditional:
        return []
    if not run.experiment.data.name.startswith("captcha") or "".join(run.spec.vocabulary or ()) != SIGNS:
        return []
    images, asked = generate(run, run.experiment.evaluate.samples, seed=0, device=device, chunk=250)
    sampler, about = told(model)
    return captcha_measurements(images, asked, context(run, split="test", **about), device, sampler)


def captcha_measurements(
    images: Tensor, asked: Tensor, about: dict, device: str = "cpu", sampler: str = ""
) -> list[Measurement]:
    """exact_match, sign_accuracy: shares of generated captchas, and of their signs, that read as the text asked for.
    `sampler` are words on how they were drawn, for the protocol."""
    found, best = judged(images, asked, device), reader_rate(1000)
    protocol = f"{len(images)} texts asked for, read by {judge.CAPTCHA_NAME}; floor: {best.exact.n} drawn test images"
    protocol += sampler
    chance = {**about, "chance": found.exact_chance}
    return [
        measurement("exact_match", found.exact, "share", f"all five signs in order, {protocol}",
                    floor=best.exact.value, context=chance),
        measurement("sign_accuracy", found.sign, "share", f"each sign at its place, {protocol}",
                    floor=best.sign.value, context={**about, "chance": found.sign_chance}),
    ]  # fmt: skip
