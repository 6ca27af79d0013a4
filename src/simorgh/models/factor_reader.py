"""A small network that reads the factors which an image was drawn from: the judge whose features give `fd-sprites`.

The encoder of Shao et al. 2020 (arXiv 2004.05988, table 6), narrower, and a linear layer for each factor over its
values. Trained by the sum of their cross-entropies, in nats per image: an image x (B, C, H, W) in [0, 1] gives features
(B, features), and from them probabilities of every value of every factor. A network that must read every factor off
its features keeps all there is to say about an image, and nothing of how its pixels were written.
"""

from dataclasses import dataclass, field

from torch import Tensor, nn
from torch.nn.functional import cross_entropy, relu

from simorgh.contracts import Batch, Config, DataSpec, Model, Objective, Terms, Tick, UserError
from simorgh.nn.networks import Network


@dataclass(frozen=True)
class FactorReaderConfig(Config):
    """Settings of the reader.

    Attributes:
        network: its encoder.
        features: numbers that describe an image.
    """

    network: Network = field(default_factory=lambda: Network("deep-conv", (16, 16, 32, 32, 128), "relu"))
    features: int = 64

    def build(self, spec: DataSpec) -> "FactorReader":
        return FactorReader(self, spec)


class FactorReader(Model):
    """One head for each factor on shared features."""

    def __init__(self, config: FactorReaderConfig, spec: DataSpec):
        super().__init__()
        if not spec.factors:
            raise UserError("A reader of factors needs images whose factors are known, such as dsprites-upright.")
        self.trunk = config.network.encoder(spec, config.features)
        self.heads = nn.ModuleList(nn.Linear(config.features, values) for values in spec.factors)

    def objectives(self) -> tuple[Objective, ...]:
        return (Objective("cross_entropy", list(self.parameters()), self.loss),)

    def loss(self, batch: Batch, tick: Tick) -> Terms:
        features, losses, right = self.features(batch.x), [], True
        for head, values in zip(self.heads, batch.factors.T):
            logits = head(features)
            losses.append(cross_entropy(logits, values))
            right = right & (logits.argmax(1) == values)
        return Terms(sum(losses), len(batch), {"all_right": right.float().mean()})

    def validate(self, batch: Batch, tick: Tick) -> Terms:
        return self.loss(batch, tick)

    def features(self, x: Tensor) -> Tensor:
        return relu(self.trunk(x))

    def read(self, x: Tensor) -> list[Tensor]:
        """For each factor the probabilities of its values, (B, values)."""
        features = self.features(x)
        return [head(features).softmax(1) for head in self.heads]
