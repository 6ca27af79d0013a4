"""Multilayer perceptron that names the class of an example (Rumelhart, Hinton & Williams 1986), with the choices that
are commonly compared: activation, loss, dropout.

    h_l = act(W_l h_{l-1} + b_l),  scores s = W h_L + b (raw, unbounded),  p(k | x) = softmax(s)_k

x (B, *shape) in [0, 1] -> scores (B, classes). Loss in nats per example: -log p(y | x). With `log_softmax` off, "nll"
takes raw scores for log-probabilities: its loss -s_y has no lower bound, and is no longer a likelihood.
Weights and biases start uniform in +-1 / sqrt(inputs), the default of torch's linear layer.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, leaky_relu, nll_loss

from simorgh.contracts import Batch, Config, DataSpec, Model, Objective, Terms, Tick, UserError, check_share
from simorgh.nn.networks import named_dropout

ACTIVATIONS = {"relu": torch.relu, "leaky-relu": leaky_relu, "sigmoid": torch.sigmoid}


@dataclass(frozen=True)
class MLPConfig(Config):
    """Settings of the perceptron.

    Attributes:
        hidden: width of each hidden layer.
        activation: after every hidden layer; "leaky-relu" has slope 0.01 below zero.
        loss: "cross-entropy" of the scores, or the negative log-likelihood "nll" of log-probabilities.
        log_softmax: whether scores are made log-probabilities before "nll"; then both losses are the same number.
        dropout: share of the last hidden layer that is zeroed in training (inverted: the rest is divided by 1 - it).
    """

    hidden: tuple[int, ...] = (100, 50)
    activation: Literal["relu", "leaky-relu", "sigmoid"] = "relu"
    loss: Literal["cross-entropy", "nll"] = "cross-entropy"
    log_softmax: bool = True
    dropout: float = 0.0

    def build(self, spec: DataSpec) -> "MLP":
        return MLP(self, spec)


class MLP(Model):
    """Linear layers with one activation, read by one linear layer."""

    def __init__(self, config: MLPConfig, spec: DataSpec):
        super().__init__()
        if not spec.classes:
            raise UserError("The perceptron needs labelled examples.")
        if spec.kind == "tokens":
            raise UserError("The perceptron learns from images, and these data are rows of symbols.")
        if not config.hidden or min(config.hidden) < 1:
            raise UserError(f"model.hidden is {config.hidden}; it should name one width or more, each at least 1.")
        check_share("model", config, "dropout")
        self.config, self.act = config, ACTIVATIONS[config.activation]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise((spec.size, *config.hidden)))
        self.head = nn.Linear(config.hidden[-1], spec.classes)

    def objectives(self) -> tuple[Objective, ...]:
        return (Objective("classify", list(self.parameters()), self.loss),)

    def loss(self, batch: Batch, tick: Tick) -> Terms:
        h = self.features(batch.x)
        if self.training and self.config.dropout:
            h = named_dropout(h, self.config.dropout, tick.noise)
        return Terms(self.criterion(self.head(h), batch.y), len(batch))

    def validate(self, batch: Batch, tick: Tick) -> Terms:
        """Logs: `error`, the share of wrong answers; `cross_entropy` of the softmax, whatever is trained with."""
        scores = self.head(self.features(batch.x))
        error = (scores.argmax(1) != batch.y).float().mean()
        logs = {"error": error, "cross_entropy": cross_entropy(scores, batch.y)}
        return Terms(self.criterion(scores, batch.y), len(batch), logs)

    def criterion(self, scores: Tensor, y: Tensor) -> Tensor:
        """The mean loss of raw scores (B, classes)."""
        if self.config.loss == "cross-entropy":
            return cross_entropy(scores, y)
        return nll_loss(scores.log_softmax(1) if self.config.log_softmax else scores, y)

    def hidden(self, x: Tensor) -> list[Tensor]:
        """The outputs (B, width) of each hidden layer, without dropout."""
        h, outputs = x.flatten(1), []
        for layer in self.layers:
            h = self.act(layer(h))
            outputs.append(h)
        return outputs

    def predict(self, x: Tensor) -> Tensor:
        return self.head(self.features(x)).softmax(1)

    def features(self, x: Tensor) -> Tensor:
        return self.hidden(x)[-1]
