"""The frozen digit classifier that is part of the package, and the reference features it gives."""

import hashlib
from functools import lru_cache
from importlib.resources import as_file, files

import torch
from torch import Tensor

from simorgh.contracts import DataSpec, Model, UserError
from simorgh.data import DataConfig, Part, load
from simorgh.models.classifier import ClassifierConfig
from simorgh.train.run import load_weights

SHA256 = "8b7013c8aa44891997053598373919952a2c0890c46b38d1125d04c7a8c00c4c"
"""Of weights/judge-mnist.safetensors, trained by the recipe judge-mnist."""

NAME = f"judge-mnist {SHA256[:8]}"
SHAPE = (1, 28, 28)


@lru_cache(maxsize=1)
def judge() -> Model:
    """The classifier in eval mode. UserError where its file is missing or altered."""
    with as_file(files("simorgh") / "weights" / "judge-mnist.safetensors") as path:
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
            raise UserError(f"{path} is missing or altered: install the package again.")
        model = ClassifierConfig().build(DataSpec("image", SHAPE, classes=10))
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
        features.append(model.features(part).cpu())
        probabilities.append(model.predict(part).cpu())
    return torch.cat(features), torch.cat(probabilities)


def _images(part: Part, n: int) -> Tensor:
    return part.x[:n].float() / 255


@lru_cache(maxsize=4)
def reference(n: int, part: str) -> Tensor:
    """Features of the first `n` MNIST images of the "train" or "test" part."""
    return judged(_images(getattr(load(DataConfig("mnist")), part), n))[0]
