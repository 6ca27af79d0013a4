"""FID with the weights that everybody else uses, where the user has them."""

import hashlib
from functools import lru_cache
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor

from simorgh.contracts import Measurement, UserError
from simorgh.data import DataConfig, load
from simorgh.evaluate.generate import drawn, told
from simorgh.evaluate.measure import context, measurement, named, untested
from simorgh.metrics.frechet import frechet_distance
from simorgh.metrics.kid import kid
from simorgh.nn.inception import Inception, prepare
from simorgh.train import Run

PUBLIC = "6726825d"
"""First digits of the SHA-256 of the public file, which also stand at the end of its name."""


@lru_cache(maxsize=1)
def load_inception(path: Path, digest: str = PUBLIC) -> Inception:
    """The network with the weights of `path`, in eval mode. Read as tensors only, never as code.

    UserError where the file is missing, is not the public one (SHA-256 beginning with `digest`) or does not fit.
    """
    wanted = "pt_inception-2015-12-05-6726825d.pth of the project pytorch-fid"
    if not path.is_file():
        raise UserError(f"{path} does not exist: give the file {wanted}.")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if not found.startswith(digest):
        raise UserError(f"{path} has the SHA-256 {found[:8]}..., not {digest}...: give the file {wanted}, undamaged.")
    network = Inception()
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        missing, unexpected = network.load_state_dict(weights, strict=False)
    except Exception as error:
        raise UserError(f"{path} cannot be read as the weights of Inception: give the file {wanted}.") from error
    # The port leaves out the counters of batch normalisation, which nothing reads.
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise UserError(f"{path} lacks {len(missing)} and adds {len(unexpected)} weights: give the file {wanted}.")
    return network.eval().requires_grad_(False)


@torch.no_grad()
def inception_features(
    images: Tensor, network: Inception, resize: str = "tf1", device: str = "cpu", chunk: int = 50, title: str = ""
) -> Tensor:
    """(N, 2048) float64 features of images (N, 1 or 3, H, W) in [0, 1]; with a `title` a bar on standard error."""
    network = network.to(device)
    parts = track(images.split(chunk), title, console=Console(stderr=True), disable=not title)
    return torch.cat([network(prepare(part.to(device), resize)).double().cpu() for part in parts])


def protocol(resize: str) -> str:
    """The words that two numbers must share to be comparable."""
    return (
        f"pool3 of the Inception network of 2015-12-05 (weights {PUBLIC}), resize rule {resize} to 299 x 299, "
        "one channel repeated three times, pixels rounded to 256 levels"
    )


def fid(run: Run, file: Path, resize: str = "tf1", device: str = "cpu") -> list[Measurement]:
    """fid and kid_inception of a run's samples against as many test images, with the floor of training images.

    About a second an image on two cores; UserError where the run cannot be sampled from.
    """
    network, data = load_inception(file), load(DataConfig(run.experiment.data.name))
    looked_at = len(data.test.take(slice(0, run.experiment.evaluate.images)))
    n = min(run.experiment.evaluate.samples, looked_at)
    test = data.test.take(slice(0, n))
    sets = {
        "test images": test.batch(torch.arange(n)).x,
        "training images": data.train.batch(untested(data.train, test, n)).x,
        "samples": drawn(run, n, device)[0],
    }
    real, train, fake = (inception_features(x, network, resize, device, title=name) for name, x in sets.items())
    sampler, about = told(run.model())
    words = f"{n} samples against the first {n} {named(run)} test images, {protocol(resize)}, seed 0{sampler}"
    here, size = context(run, split="test", **about), min(1000, n)
    return [
        measurement("fid", frechet_distance(real, fake), "squared feature units", words, n=n,
                    floor=frechet_distance(real, train), context=here),
        measurement("kid_inception", kid(real, fake, size=size).value * 1000, "10^-3 MMD^2",
                    f"100 subsets of {size}, {words}", n=n, floor=kid(real, train, size=size).value * 1000,
                    context=here),
    ]  # fmt: skip
