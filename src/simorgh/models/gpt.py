r"""GPT-2: a causal transformer over rows of symbols, one after the other.

Radford et al. 2019, "Language models are unsupervised multitask learners"; the transformer is that of Vaswani et al.
2017 (arXiv 1706.03762), with the normalisation before each part. For a row x_1, ..., x_T of symbols,

    log p(x_2, ..., x_T | x_1) = sum_t log p(x_t | x_1, ..., x_{t-1}),                                          (1)
    h_0 = E[x] + P,    a_l = h_l + attention(norm(h_l)),    h_{l+1} = a_l + mlp(norm(a_l)),                      (2)
    p(x_{t+1} = v | x_1, ..., x_t) = softmax_v(norm(h_L)_t . E[v]),                                            (3)

with one table E of symbols (V, width) for reading and writing, a table P of positions (T, width), a feed-forward part
of four widths with the tanh form of GELU, and biases throughout: the same numbers as transformers' GPT-2 of the same
weights. Weights start from N(0, 0.02^2), those that end in a sum over layers divided by the root of 2 L.

The loss is the mean of -log p(x_t | ...) in nats **per symbol that counts**: those where `mask` (B, T) is true, which
are the answers and their ends, never a prompt or a pad. `Terms.weight` is the number of such symbols, so micro-batches
and processes with answers of other lengths are combined as one sum over one count. A perplexity is exp of this mean and
depends on what a symbol is; bits per character, (1) over log 2 and the characters, does not.
"""

from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, dropout

from simorgh.contracts import Batch, Config, DataSpec, Model, Objective, Terms, Tick, UserError, check_share
from simorgh.data.tokenisers import PAD, START
from simorgh.nn.causal import Cache, CausalBlock
from simorgh.nn.decoding import Decoding, proceed
from simorgh.noise import SampleNoise

ROWS = 64  # at a time where no gradient is kept


@dataclass(frozen=True)
class GPTConfig(Config):
    """Shape of a GPT-2; that of the smallest published one is 768, 12, 12, 1024.

    Attributes:
        width: dimensions of a position.
        layers: attention and feed-forward pairs.
        heads: of attention; they divide `width`.
        dropout: share of values dropped after the tables, in attention and after each part, in training.
        context: positions; 0 for as many as the longest window of the data has.
    """

    width: int = 192
    layers: int = 4
    heads: int = 4
    dropout: float = 0.0
    context: int = 0

    def build(self, spec: DataSpec) -> "GPT":
        return GPT(self, spec)


class GPT(Model):
    """p(row of symbols), by (2) and (3)."""

    conditional = False

    def __init__(self, config: GPTConfig, spec: DataSpec):
        super().__init__()
        if spec.kind != "tokens" or spec.vocabulary is None:
            raise UserError("A GPT reads rows of symbols: give it a text, such as --data shahnameh or text:FILE.")
        if min(config.layers, config.heads, config.width) < 1 or config.width % config.heads:
            raise UserError(
                f"model.width {config.width} should be a multiple of model.heads {config.heads}, with model.layers "
                f"{config.layers} at least 1."
            )
        check_share("model", config, "dropout")
        self.length = spec.shape[0]
        self.context = config.context or self.length
        if self.context < self.length:
            raise UserError(f"model.context is {self.context}, but windows of the data have {self.length} symbols.")
        self.token = nn.Embedding(len(spec.vocabulary), config.width)
        self.place = nn.Embedding(self.context, config.width)
        self.blocks = nn.ModuleList(
            CausalBlock(config.width, config.heads, config.dropout, gelu="tanh") for _ in range(config.layers)
        )
        self.norm = nn.LayerNorm(config.width)
        self.dropout = config.dropout
        self._start(config.layers)

    @torch.no_grad()
    def _start(self, layers: int) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)
        for block in self.blocks:
            for last in (block.answer, block.think[-1]):
                last.weight.div_(sqrt(2 * layers))

    def objectives(self) -> tuple[Objective, ...]:
        return (Objective("symbols", list(self.parameters()), self.loss),)

    def forward(self, x: Tensor) -> Tensor:
        """norm(h_L) (B, T, width) of symbols x (B, T) int64."""
        h = self.token(x) + self.place.weight[: x.shape[1]]
        h = dropout(h, self.dropout, self.training)
        for block in self.blocks:
            h = block(h)
        return self.norm(h)

    def logits(self, h: Tensor) -> Tensor:
        """(..., V) of (3) from (..., width)."""
        return h @ self.token.weight.T

    def loss(self, batch: Batch, tick: Tick | None = None) -> Terms:
        """The mean of (1) over the symbols that count, all but pads where there is no mask."""
        counted = (batch.x != PAD if batch.mask is None else batch.mask)[:, 1:]
        h = self(batch.x[:, :-1])[counted]  # the other positions need no logits
        nats = cross_entropy(self.logits(h), batch.x[:, 1:][counted], reduction="sum")
        count = len(h)
        return Terms(nats / max(count, 1), count)

    def validate(self, batch: Batch, tick: Tick) -> Terms:
        """The same, few rows at a time."""
        terms = [self.loss(part) for part in batch.split(-(-len(batch) // ROWS))]
        count = sum(t.weight for t in terms)
        return Terms(torch.stack([t.loss * t.weight for t in terms]).sum() / max(count, 1), count)

    @torch.no_grad()
    def nats(self, x: Tensor) -> Tensor:
        """(B, T) -log p of each symbol of x (B, T) given those before it; 0 for the first."""
        parts = []
        for rows in x.split(ROWS):
            logits = self.logits(self(rows[:, :-1]))
            parts.append(
                cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten(), reduction="none").view_as(rows[:, 1:])
            )
        return nn.functional.pad(torch.cat(parts), (1, 0))

    @torch.no_grad()
    def begin(self, x: Tensor) -> tuple[Tensor, Cache]:
        """Logits (B, V) of what comes after the prompts x (B, N), and what has to be remembered of them."""
        cache = Cache(len(self.blocks), self.context)
        return self._on(x, cache), cache

    @torch.no_grad()
    def follow(self, x: Tensor, cache: Cache) -> Tensor:
        """Logits (B, V) of what comes after one more symbol x (B,) in each row."""
        return self._on(x[:, None], cache)

    def _on(self, x: Tensor, cache: Cache) -> Tensor:
        after = cache.done + x.shape[1]
        if after > self.context:
            raise UserError(f"A prompt and its answer of {after} symbols do not fit into a context of {self.context}.")
        h = self.token(x) + self.place.weight[cache.done : after]
        for layer, block in enumerate(self.blocks):
            h = block(h, cache, layer)
        cache.done = after
        return self.logits(self.norm(h[:, -1]))

    def sample(self, n: int, noise: SampleNoise, condition: Tensor | None = None) -> Tensor:
        """(n, T) openings: what comes after <start>, up to the first <end>, with pads behind it."""
        prompts = torch.full((n, 1), START, device=self.token.weight.device)
        answers = proceed(self, prompts, noise, Decoding(most=self.length - 1))
        rows = torch.cat([prompts, answers], 1)
        return nn.functional.pad(rows, (0, self.length - rows.shape[1]))


def gpt2_weights(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of GPT under the names and in the layout of transformers' GPT-2, turned into ours.

    Its matrices act from the right, so they are transposed; the prefix "transformer.", the tied head and stored masks
    are dropped. UserError for a name that is not known.
    """
    ours = {"wte.weight": "token.weight", "wpe.weight": "place.weight", "ln_f": "norm"}
    parts = {"ln_1": "before", "ln_2": "between", "attn.c_attn": "ask", "attn.c_proj": "answer",
             "mlp.c_fc": "think.0", "mlp.c_proj": "think.2"}  # fmt: skip
    found = {}
    for name, value in state.items():
        short = name.removeprefix("transformer.")
        if short == "lm_head.weight" or short.endswith((".attn.bias", ".attn.masked_bias")):
            continue
        head, _, kind = short.rpartition(".")
        if short in ours:
            found[ours[short]] = value
        elif head in ours:
            found[f"{ours[head]}.{kind}"] = value
        else:
            _, _, rest = head.partition("h.")
            layer, _, part = rest.partition(".")
            if part not in parts:
                raise UserError(f"{name} is no weight of a GPT-2.")
            matrix = kind == "weight" and not part.startswith("ln")
            found[f"blocks.{layer}.{parts[part]}.{kind}"] = value.T.contiguous() if matrix else value
    return found
