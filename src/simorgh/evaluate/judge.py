"""The frozen networks that are part of the package, and the reference features they give: a classifier of digits, a
reader of the factors of sprites and a reader of captchas."""

import hashlib
from functools import lru_cache
from importlib.resources import as_file, files

import torch
from torch import Tensor

from simorgh.contracts import DataSpec, Model, UserError
from simorgh.data import DataConfig, Part, load
from simorgh.models.classifier import ClassifierConfig
from simorgh.models.factor_reader import FactorReaderConfig
from simorgh.nn.networks import Network
from simorgh.train.run import load_weights

SHA256 = "8b7013c8aa44891997053598373919952a2c0890c46b38d1125d04c7a8c00c4c"
"""Of weights/judge-mnist.safetensors, trained by the recipe judge-mnist."""

SPRITES_SHA256 = "284a0f027922b30095269214fb06915441391c0662a7cdbd251055907a07c2dd"
"""Of weights/judge-sprites.safetensors, trained by the recipe judge-sprites."""

CAPTCHA_SHA256 = "ee0eb4f3c050936d46d88680b9ad9aabe933b7a0b751c5fb44aa437552d6c3c9"
"""Of weights/judge-captcha.safetensors, trained by the recipe judge-captcha."""

NAME = f"judge-mnist {SHA256[:8]}"
SPRITES_NAME = f"judge-sprites {SPRITES_SHA256[:8]}"
CAPTCHA_NAME = f"judge-captcha {CAPTCHA_SHA256[:8]}"
SHAPE = (1, 28, 28)


@lru_cache(maxsize=1)
def judge() -> Model:
    """The classifier in eval mode. UserError where its file is missing or altered."""
    return _shipped("judge-mnist", SHA256, ClassifierConfig().build(DataSpec("image", SHAPE, classes=10)))


@lru_cache(maxsize=1)
def sprites_judge() -> Model:
    """The reader of shape, scale, x and y of upright sprites (1, 64, 64), in eval mode. UserError as `judge`."""
    spec = DataSpec("image", (1, 64, 64), classes=3, factors=(3, 6, 32, 32))
    return _shipped("judge-sprites", SPRITES_SHA256, FactorReaderConfig().build(spec))


@lru_cache(maxsize=1)
def captcha_judge() -> Model:
    """The reader of the five signs of grey captchas (1, 32, 128), in eval mode. UserError as `judge`."""
    spec = DataSpec("image", (1, 32, 128), factors=(19,) * 5)
    network = Network("glimpses", (16, 32, 64, 64), "relu")
    return _shipped("judge-captcha", CAPTCHA_SHA256, FactorReaderConfig(network, 320, shift=4).build(spec))


def _shipped(name: str, digest: str, model: Model) -> Model:
    with as_file(files("simorgh") / "weights" / f"{name}.safetensors") as path:
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise UserError(f"{path} is missing or altered: install the package again.")
        load_weights(model, path)
    return model.eval().requires_grad_(False)


@torch.no_grad()
def judged(images: Tensor, device: str = "cpu", chunk: int = 200) -> tuple[Tensor, Tensor]:
    """Features (N, 64) and class probabilities (N, 10) of images (N, 1, 28, 28) in [0, 1].

    Pixels are first rounded to 256 grey levels, which is what the real images have.
    """
    model = judge().to(device)
    features, probabilities = [], []
    for part in images.split(chunk):
        part = (part.to(device) * 255).round() / 255
        found = model.features(part)
        features.append(found.cpu())
        probabilities.append(model.read(found).cpu())
    return torch.cat(features), torch.cat(probabilities)


def _images(part: Part, n: int) -> Tensor:
    return part.x[:n].float() / 255


@lru_cache(maxsize=4)
def reference(n: int, part: str) -> Tensor:
    """Features of the first `n` MNIST images of the "train" or "test" part."""
    return judged(_images(getattr(load(DataConfig("mnist")), part), n))[0]
