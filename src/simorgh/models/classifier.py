"""A small convolutional classifier of grey digits: the judge whose features give `fd-digits`.

Plain convolutional blocks with group normalisation (Wu & He 2018: no statistics of the batch, so train and eval
mode agree), three resolutions, average pooling, a dense layer to `features` numbers, one linear layer. Trained by
cross-entropy on images that are moved, turned, scaled and sheared a little by chance, so that its features
describe shape and not position on the grid.

x (B, 1, H, W) in [0, 1] -> features (B, features) -> probabilities (B, classes). Loss in nats per image.
"""

from dataclasses import dataclass
from math import pi

import torch
from torch import Tensor, nn
from torch.nn.functional import affine_grid, cross_entropy, grid_sample

from simorgh.contracts import (
    Batch,
    Config,
    DataSpec,
    Model,
    Objective,
    Terms,
    Tick,
    UserError,
    check_least,
    check_share,
)
from simorgh.noise import Noise


@dataclass(frozen=True)
class ClassifierConfig(Config):
    """Settings of the classifier.

    Attributes:
        width: channels at full resolution; doubled at each halving.
        features: numbers that describe an image.
        turn: largest rotation in degrees of the training images.
        shift: largest move, as a share of the side.
        scale: largest change of size (and shear), as a share.
        smoothing: label smoothing (Szegedy et al. 2016, section 7).
    """

    width: int = 24
    features: int = 64
    turn: float = 10.0
    shift: float = 0.08
    scale: float = 0.1
    smoothing: float = 0.05

    def build(self, spec: DataSpec) -> "Classifier":
        return Classifier(self, spec)


GROUPS = 8  # of channels that are normalised together


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.GroupNorm(GROUPS, outputs), nn.ReLU(inplace=True)
    )


class Classifier(Model):
    """Three resolutions of convolutions, pooled to a feature vector."""

    def __init__(self, config: ClassifierConfig, spec: DataSpec):
        super().__init__()
        if spec.kind != "image" or not spec.classes:
            raise UserError("The classifier needs labelled images.")
        if min(spec.shape[1:]) < 4:
            raise UserError(f"The classifier halves images twice: {spec.shape[1:]} pixels are too few.")
        check_least("model", config, width=1, features=1, turn=0, shift=0, scale=0)
        check_share("model", config, "smoothing")
        if config.width % GROUPS or config.features % GROUPS:
            raise UserError(
                f"model.width {config.width} and model.features {config.features} should divide by {GROUPS}."
            )
        self.config = config
        w = config.width
        self.trunk = nn.Sequential(
            _block(spec.shape[0], w), _block(w, w), nn.MaxPool2d(2),
            _block(w, 2 * w), _block(2 * w, 2 * w), nn.MaxPool2d(2),
            _block(2 * w, 2 * w), _block(2 * w, config.features), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
            nn.Linear(4 * config.features, config.features), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(config.features, spec.classes)

    def objectives(self) -> tuple[Objective, ...]:
        return (Objective("cross_entropy", list(self.parameters()), self.loss),)

    def loss(self, batch: Batch, tick: Tick) -> Terms:
        logits = self.head(self.trunk(self.disturb(batch.x, tick.noise)))
        loss = cross_entropy(logits, batch.y, label_smoothing=self.config.smoothing)
        return Terms(loss, len(batch), {"accuracy": (logits.argmax(1) == batch.y).float().mean()})

    def validate(self, batch: Batch, tick: Tick) -> Terms:
        logits = self.head(self.trunk(batch.x))
        accuracy = (logits.argmax(1) == batch.y).float().mean()
        return Terms(cross_entropy(logits, batch.y), len(batch), {"accuracy": accuracy})

    def disturb(self, x: Tensor, noise: Noise) -> Tensor:
        """Each image under its own random affine map (rotation, scale, shear, move), bilinear, zeros outside."""
        c, u = self.config, noise.uniform(len(x), 6, name="disturb") * 2 - 1
        angle, scale, shear = u[:, 0] * c.turn * pi / 180, 1 + c.scale * u[:, 1:3], c.scale * u[:, 3]
        cos, sin = angle.cos() * scale[:, 0], angle.sin() * scale[:, 1]
        wide = x.shape[3] / x.shape[2]  # the map below counts in half sides
        top = torch.stack([cos, (-sin + shear) / wide, 2 * c.shift * u[:, 4]], 1)
        bottom = torch.stack([angle.sin() * scale[:, 0] * wide, angle.cos() * scale[:, 1], 2 * c.shift * u[:, 5]], 1)
        grid = affine_grid(torch.stack([top, bottom], 1), list(x.shape), align_corners=False)
        return grid_sample(x, grid, align_corners=False)

    def predict(self, x: Tensor) -> Tensor:
        return self.read(self.features(x))

    def features(self, x: Tensor) -> Tensor:
        return self.trunk(x)

    def read(self, features: Tensor) -> Tensor:
        """(N, classes) probabilities from features (N, F)."""
        return self.head(features).softmax(1)
