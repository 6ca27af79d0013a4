"""A small network that reads the factors which an image was drawn from: the judge whose features give `fd-sprites`,
and the one that reads captchas, whose factors are their signs.

For sprites the encoder of Shao et al. 2020 (arXiv 2004.05988, table 6), narrower, and a linear layer for each factor
over its values. Trained by the sum of their cross-entropies, in nats per image: an image x (B, C, H, W) in [0, 1] gives
features (B, features), and from them probabilities of every value of every factor. A network that must read every
factor off its features keeps all there is to say about an image, and nothing of how its pixels were written.
"""

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, relu

from simorgh.contracts import Batch, Config, DataSpec, Model, Objective, Terms, Tick, UserError, check_least
from simorgh.nn.networks import Network
from simorgh.noise import Noise


@dataclass(frozen=True)
class FactorReaderConfig(Config):
    """Settings of the reader.

    Attributes:
        network: its encoder.
        features: numbers that describe an image.
        shift: largest move of the training images to the left or right, in pixels, their edges being repeated; for
            factors that do not depend on the position.
    """

    network: Network = field(default_factory=lambda: Network("deep-conv", (16, 16, 32, 32, 128), "relu"))
    features: int = 64
    shift: int = 0

    def build(self, spec: DataSpec) -> "FactorReader":
        return FactorReader(self, spec)


class FactorReader(Model):
    """One head for each factor on shared features."""

    def __init__(self, config: FactorReaderConfig, spec: DataSpec):
        super().__init__()
        self.config = config
        if not spec.factors:
            raise UserError("A reader of factors needs images whose factors are known, such as dsprites-upright.")
        check_least("model", config, features=1, shift=0)
        self.trunk = config.network.encoder(spec, config.features)
        self.heads = nn.ModuleList(nn.Linear(config.features, values) for values in spec.factors)

    def objectives(self) -> tuple[Objective, ...]:
        return (Objective("cross_entropy", list(self.parameters()), self.loss),)

    def loss(self, batch: Batch, tick: Tick) -> Terms:
        return self._terms(replace(batch, x=self.moved(batch.x, tick.noise)) if self.config.shift else batch)

    def validate(self, batch: Batch, tick: Tick) -> Terms:
        return self._terms(batch)

    def _terms(self, batch: Batch) -> Terms:
        features, losses, right = self.features(batch.x), [], True
        for head, values in zip(self.heads, batch.factors.T):
            logits = head(features)
            losses.append(cross_entropy(logits, values))
            right = right & (logits.argmax(1) == values)
        return Terms(sum(losses), len(batch), {"all_right": right.float().mean()})

    def moved(self, x: Tensor, noise: Noise) -> Tensor:
        """Each image moved sideways by its own whole number of pixels, -shift to shift, all equally likely."""
        width, most = x.shape[-1], self.config.shift
        by = (noise.uniform(len(x), name="shift") * (2 * most + 1)).long().clamp_max(2 * most) - most
        columns = (torch.arange(width, device=x.device) - by[:, None]).clamp(0, width - 1)
        return x.gather(-1, columns[:, None, None, :].expand_as(x))

    def features(self, x: Tensor) -> Tensor:
        return relu(self.trunk(x))

    def read(self, x: Tensor) -> list[Tensor]:
        """For each factor the probabilities of its values, (B, values)."""
        features = self.features(x)
        return [head(features).softmax(1) for head in self.heads]
