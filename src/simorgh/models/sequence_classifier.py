r"""A classifier of strings: tokens, perhaps a recurrent net over them, and a head that turns all into one vector.

    x (B, T) tokens, PAD on the right -> vectors (B, T, D) -> states (B, T, H) -> head (B, F) -> dense layers
    -> features (B, d) -> logits (B, classes)

The recurrent net is an LSTM (Hochreiter & Schmidhuber 1997) in one direction or both (Graves & Schmidhuber 2005). It
reads each string to its own end and no further, and no head looks at a pad: what stands behind a string changes
nothing. Without a recurrent net the states are the vectors themselves, and with one-hot vectors and the head
"flatten" this is a fully connected net on the one-hot string. Loss: cross-entropy in nats per string.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot, pad, relu

from simorgh.contracts import PAD, Batch, Config, DataSpec, Model, Objective, Terms, Tick, UserError, check_share
from simorgh.nn.networks import named_dropout
from simorgh.nn.recurrent import LSTM
from simorgh.noise import Noise

SPECIAL = 2
"""The pad and the unknown token come first in every vocabulary. Both are the zero vector: nothing is learnt of them."""


@dataclass(frozen=True)
class SequenceClassifierConfig(Config):
    """Settings of the classifier.

    Attributes:
        recurrent: "lstm", or "none" for no more than the head.
        hidden: units of the LSTM in each direction.
        layers: LSTM layers.
        bidirectional: read from both ends. Nothing else changes with it.
        equal_parameters: in one direction, with as many hidden units as make the number of parameters nearest to that
            of two directions of `hidden` units.
        embedding: numbers that describe a token; 0 takes the one-hot vector as it is.
        head: "flatten" joins the states of all places (B, T H), as long as the longest training string; what is
            beyond is cut off. "last" takes the state after the last token of each direction, "pooled" mean and
            maximum over the string (Howard & Ruder 2018, section 3.3), "attention" a mean with learnt weights (Yang
            et al. 2016, equations 5 to 7).
        dense: sizes of the fully connected layers before the logits.
        dropout: share of the values that are dropped in training before the dense layers and between them.
        token_dropout: share of the tokens that are read as unknown in training.
    """

    recurrent: Literal["lstm", "none"] = "lstm"
    hidden: int = 64
    layers: int = 1
    bidirectional: bool = False
    equal_parameters: bool = False
    embedding: int = 32
    head: Literal["flatten", "last", "pooled", "attention"] = "flatten"
    dense: tuple[int, ...] = (64,)
    dropout: float = 0.0
    token_dropout: float = 0.0

    def build(self, spec: DataSpec) -> "SequenceClassifier":
        return SequenceClassifier(self, spec)


class SequenceClassifier(Model):
    """Reads a string and says its class."""

    def __init__(self, config: SequenceClassifierConfig, spec: DataSpec):
        super().__init__()
        _check(config, spec)
        if config.equal_parameters:
            config = replace(config, hidden=matching_width(config, spec), equal_parameters=False)
        self.config, self.length, self.tokens = config, spec.shape[0], len(spec.vocabulary) - SPECIAL
        width = config.embedding or self.tokens
        self.embedding = nn.Linear(self.tokens, width, bias=False) if config.embedding else nn.Identity()
        self.lstm = None
        if config.recurrent == "lstm":
            both = config.bidirectional
            self.lstm = LSTM(width, config.hidden, config.layers, both)
            width = config.hidden * (1 + both)
        self.attention = Attention(width) if config.head == "attention" else None
        joined = {"flatten": self.length * width, "pooled": 2 * width}.get(config.head, width)
        sizes = [joined, *config.dense]
        self.dense = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.output = nn.Linear(sizes[-1], spec.classes)

    def objectives(self) -> tuple[Objective, ...]:
        return (Objective("cross_entropy", list(self.parameters()), self.loss),)

    def loss(self, batch: Batch, tick: Tick) -> Terms:
        x = batch.x
        if self.config.token_dropout:
            dropped = (
                tick.noise.uniform(len(x), self.length, name="tokens")[:, : x.shape[1]] < self.config.token_dropout
            )
            x = x.masked_fill(dropped & (x != PAD), 1)
        return self._terms(self.output(self._features(x, tick.noise)), batch.y)

    def validate(self, batch: Batch, tick: Tick) -> Terms:
        return self._terms(self.output(self.features(batch.x)), batch.y)

    def _terms(self, logits: Tensor, y: Tensor) -> Terms:
        return Terms(cross_entropy(logits, y), len(y), {"accuracy": (logits.argmax(1) == y).float().mean()})

    def predict(self, x: Tensor) -> Tensor:
        return self.output(self.features(x)).softmax(1)

    def features(self, x: Tensor) -> Tensor:
        return self._features(x, None)

    def vectors(self, x: Tensor) -> Tensor:
        """(B, T, D) what the net reads: zero for pads and unknown tokens."""
        return self.embedding(one_hot(x, self.tokens + SPECIAL)[..., SPECIAL:].float())

    def _features(self, x: Tensor, noise: Noise | None) -> Tensor:
        return self.read(self.vectors(x), x != PAD, noise)

    def read(self, vectors: Tensor, mask: Tensor, noise: Noise | None = None) -> Tensor:
        """(B, d) features of `vectors` (B, T, D), of which those count where `mask` (B, T) is true; every string has
        at least one. `noise` drops values at random."""
        states, last = self._states(vectors, mask)
        h = self._head(states, last, mask)
        for i, layer in enumerate(self.dense):
            h = relu(layer(self._drop(h, noise, f"dropout {i}")))
        return self._drop(h, noise, "dropout")

    def _states(self, vectors: Tensor, mask: Tensor) -> tuple[Tensor, Tensor | None]:
        """(B, T, H) states, zero behind the end of each string, and (B, H) those after the last token read."""
        if self.lstm is None:
            return vectors * mask[..., None], None
        return self.lstm(vectors, mask.sum(1))

    def _head(self, states: Tensor, last: Tensor | None, mask: Tensor) -> Tensor:
        head = self.config.head
        if head == "flatten":
            return pad(states, (0, 0, 0, self.length - states.shape[1])).flatten(1)  # a negative pad cuts off
        if head == "last":
            return last
        if head == "attention":
            return (self.attention(states, mask)[..., None] * states).sum(1)
        mean = states.sum(1) / mask.sum(1, keepdim=True)
        return torch.cat([mean, states.masked_fill(~mask[..., None], -torch.inf).amax(1)], 1)

    def _drop(self, h: Tensor, noise: Noise | None, name: str) -> Tensor:
        if noise is None or not self.config.dropout:
            return h
        return named_dropout(h, self.config.dropout, noise, name)


class Attention(nn.Module):
    """Weights (B, T) of the places of a string, which sum to one over those that count."""

    def __init__(self, width: int):
        super().__init__()
        self.inner, self.context = nn.Linear(width, width), nn.Linear(width, 1, bias=False)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        scores = self.context(self.inner(states).tanh()).squeeze(-1)
        return scores.masked_fill(~mask, -torch.inf).softmax(1)


def parameters(config: SequenceClassifierConfig, spec: DataSpec) -> int:
    """How many numbers the classifier learns, without making them."""
    with torch.device("meta"):
        return sum(p.numel() for p in config.build(spec).parameters())


def matching_width(config: SequenceClassifierConfig, spec: DataSpec) -> int:
    """Hidden units of one direction whose number of parameters is nearest to that of two directions of
    config.hidden units."""
    one = replace(config, equal_parameters=False, bidirectional=False)
    wanted = parameters(replace(one, bidirectional=True), spec)

    def gaps() -> Iterator[tuple[int, int]]:
        for hidden in range(config.hidden, 4 * config.hidden):
            count = parameters(replace(one, hidden=hidden), spec)
            yield abs(count - wanted), hidden
            if count > wanted:
                return

    return min(gaps())[1]


def _check(config: SequenceClassifierConfig, spec: DataSpec) -> None:
    if spec.kind != "tokens" or not spec.classes:
        raise UserError("The sequence classifier needs labelled strings, such as --data bbbp.")
    if config.recurrent == "none" and (config.bidirectional or config.equal_parameters or config.head == "last"):
        raise UserError("model.recurrent none has no directions and no last state: take lstm, or another head.")
    if config.bidirectional and config.equal_parameters:
        raise UserError("model.equal_parameters is for one direction: leave out one of it and model.bidirectional.")
    check_share("model", config, "dropout", "token_dropout")
    if min((config.hidden, config.layers, *config.dense)) < 1 or config.embedding < 0:
        raise UserError("model.hidden, model.layers and model.dense count units and layers: give at least 1 of each.")
