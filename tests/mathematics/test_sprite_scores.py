"""The reader of sprites and what is measured with it."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from simorgh.data import DataConfig, Dataset, load
from simorgh.evaluate import judge
from simorgh.evaluate.generate import drawn
from simorgh.evaluate.sprites import disentangled, sprites
from simorgh.models.vae import VAEConfig
from simorgh.noise import SampleNoise
from simorgh.recipes import recipe
from simorgh.train import Run, fit


@pytest.fixture(scope="module", name="data")
def _data() -> Dataset:
    return load(DataConfig("dsprites-upright"))


@pytest.fixture(scope="module", name="run")
def _run(tmp_path_factory) -> Run:
    """A run on sprites that has hardly been trained; what is measured are models put in its place."""
    base = recipe("vae-sprites", "smoke")
    short = replace(base, train=replace(base.train, epochs=0.2), evaluate=replace(base.evaluate, samples=3000))
    return fit(short, tmp_path_factory.mktemp("sprites"), progress=False)


class Copies(torch.nn.Module):
    """A generator that hands out the images it holds (N, 1, 64, 64), and encodes by their factors."""

    conditional = False
    latent_dim = 4

    def __init__(self, images: Tensor, turn: Tensor | None = None, data: Dataset | None = None):
        super().__init__()
        self.images, self.turn = images, turn
        self.of = {} if data is None else dict(zip(map(bytes, data.train.x.numpy()), data.train.factors))

    def sample(self, n: int, noise: SampleNoise, condition: Tensor | None = None) -> Tensor:
        self.images, found = self.images[n:], self.images[:n]
        return found

    def encode(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        factors = torch.stack([self.of[bytes(image)] for image in (x * 255).to(torch.uint8).numpy()]).float()
        codes = (factors - factors.new_tensor([1, 2.5, 15.5, 15.5])) / factors.new_tensor([1, 2, 10, 10])
        return codes @ self.turn

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        raise AssertionError("nothing here looks at decoded codes")


def distance(monkeypatch, run: Run, data: Dataset, images: Tensor) -> tuple[float, float]:
    monkeypatch.setattr(Run, "model", lambda self: Copies(images))
    drawn.cache_clear()
    (found,) = sprites(run, Copies(images), data, "cpu")
    return found.value, found.floor


def test_the_reader_is_right_about_every_image(data: Dataset):
    part = data.train.take(slice(None, None, 37))
    read = judge.sprites_judge().read(part.x / 255)
    assert torch.equal(torch.stack([p.argmax(1) for p in read], 1), part.factors)


def test_real_sprites_come_as_near_as_the_floor_and_worse_ones_do_not(monkeypatch, run: Run, data: Dataset):
    order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(0))
    images, shapes = data.train.x[order] / 255, data.train.y[order]
    near, floor = distance(monkeypatch, run, data, images)
    assert near < 2 * floor
    hearts, _ = distance(monkeypatch, run, data, images[shapes == 2])
    assert hearts > 5 * floor, "a missing shape must show"
    blurred, _ = distance(monkeypatch, run, data, torch.nn.functional.avg_pool2d(images[:3000], 5, 1, 2))
    assert blurred > 4 * floor, "so must a blur"


def test_each_set_of_sprites_has_a_floor_of_its_own(monkeypatch, run: Run, data: Dataset):
    """A floor is kept for later runs in the process: it must not be that of other test or training sprites."""
    order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(1))
    images, few, more = data.train.x[order] / 255, data.test.take(slice(0, 40)), data.test.take(slice(0, 400))
    hearts = data.train.take((data.train.y == 2).nonzero().flatten())
    sets = [replace(data, test=few), replace(data, test=more), replace(data, test=more, train=hearts)]
    whole, other, lopsided, again = (distance(monkeypatch, run, part, images)[1] for part in (*sets, sets[0]))
    assert whole > 1.5 * other, "few sprites tell less of the law, so their floor is higher"
    assert lopsided > 1.5 * other, "a missing shape shows"
    assert again == whole


def test_codes_that_are_the_factors_score_high_and_turned_ones_low(run: Run, data: Dataset):
    straight = {m.name: m.value for m in disentangled(run, Copies(data.train.x, torch.eye(4), data), data, "cpu")}
    assert len(straight) == 8
    assert min(straight[f"disentanglement_{name}"] for name in ("mig", "factor-vae", "modularity")) > 0.8
    q, _ = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(1)))
    turned = {m.name: m.value for m in disentangled(run, Copies(data.train.x, q, data), data, "cpu")}
    assert turned["disentanglement_mig"] < 0.5 * straight["disentanglement_mig"]


def test_models_of_other_images_are_left_alone(run: Run, data: Dataset):
    assert sprites(run, torch.nn.Linear(1, 1), data, "cpu") == []
    other = replace(data, train=replace(data.train, factors=None))
    assert disentangled(run, VAEConfig().build(data.spec), other, "cpu") == []
