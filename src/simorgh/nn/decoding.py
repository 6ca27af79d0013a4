"""From a law over the next symbol to rows of symbols: greedy, sampled from a nucleus, or by beam search.

A law is anything with `begin(prompts) -> logits, memory` and `follow(symbols, memory) -> logits`, whose memory can
`take(rows)`. An answer is what comes after a prompt, up to its first stop. Rows of a prompt are numbers of symbols,
0 (a pad) behind their end: shorter prompts of a batch are read on while longer ones still are, so nothing is padded
on the left and every row stands at its own positions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Protocol

import torch
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.data.tokenisers import END, PAD
from simorgh.noise import SampleNoise


class Memory(Protocol):
    def take(self, rows: Tensor) -> None: ...


class Law(Protocol):
    def begin(self, x: Tensor) -> tuple[Tensor, Memory]: ...

    def follow(self, x: Tensor, cache: Memory) -> Tensor: ...


@dataclass(frozen=True)
class Decoding:
    """How symbols are chosen.

    Attributes:
        temperature: logits are divided by it; 0 takes the likeliest symbol (greedy).
        top_p: sample from the smallest set of symbols that holds this share of probability (Holtzman et al. 2020,
            arXiv 1904.09751); 1 for all.
        beams: rows kept by a beam search, which looks for the likeliest answer; 0 samples.
        most: symbols of an answer at most.
        stop: the symbol that ends an answer.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    beams: int = 0
    most: int = 100
    stop: int = END

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < inf or not 0 < self.top_p <= 1 or self.beams < 0 or self.most < 1:
            raise UserError(
                f"temperature {self.temperature} should be at least 0, top-p {self.top_p} in (0, 1], beams "
                f"{self.beams} at least 0 and the length of an answer {self.most} at least 1."
            )


def choose(logits: Tensor, uniform: Tensor, temperature: float = 1.0, top_p: float = 1.0) -> Tensor:
    """(B,) symbols of logits (B, V) by draws (B,) from [0, 1); as Decoding says. Never a pad."""
    logits = logits.double().index_fill(1, torch.tensor([PAD], device=logits.device), -torch.inf)
    if temperature == 0:
        return logits.argmax(1)
    p, order = (logits / temperature).softmax(1).sort(dim=1, descending=True, stable=True)
    reach = p.cumsum(1)
    kept = p.masked_fill(reach - p >= top_p, 0.0).cumsum(1)  # a symbol stays where those before it fall short
    at = torch.searchsorted(kept, uniform.double()[:, None] * kept[:, -1:], right=True)
    last = (kept < kept[:, -1:]).sum(1, keepdim=True)  # rounding must not lead beyond the nucleus
    return order.gather(1, torch.minimum(at, last))[:, 0]


@torch.no_grad()
def proceed(law: Law, prompts: Tensor, noise: "SampleNoise | _Drawn | None", how: Decoding) -> Tensor:
    """(B, most) answers to prompts (B, N), pads behind their stop. Row i depends on its own prompt and noise only;
    greedy and beam search need none."""
    n, device = len(prompts), prompts.device
    lengths = (prompts != PAD).sum(1)
    shortest = int(lengths.min())
    if shortest < 1:
        raise UserError("A prompt needs at least one symbol.")
    if how.beams:
        return _search(law, prompts, how)
    drawn = torch.zeros(n, how.most) if noise is None else noise.uniform(n, how.most)
    drawn, answers = drawn.to(device), prompts.new_full((n, how.most), PAD)
    rows, done = torch.arange(n, device=device), torch.zeros(n, dtype=torch.bool, device=device)
    logits, memory = law.begin(prompts[:, :shortest])
    position = shortest
    while True:
        place = position - lengths
        draw = drawn[rows, place.clamp(0, how.most - 1)]
        chosen = choose(logits, draw, how.temperature, how.top_p)
        answering = (place >= 0) & (place < how.most) & ~done
        answers[rows[answering], place[answering]] = chosen[answering]
        done |= answering & ((chosen == how.stop) | (place == how.most - 1))
        if bool(done.all()):
            return answers
        if position < prompts.shape[1]:
            chosen = torch.where(place < 0, prompts[:, position], chosen)
        logits = law.follow(chosen, memory)
        position += 1


@dataclass(frozen=True)
class _Drawn:
    """Draws of some rows, already made."""

    values: Tensor

    def uniform(self, *shape: int) -> Tensor:
        return self.values


def persist(
    law: Law, prompts: Tensor, noise: SampleNoise, how: Decoding, accept: Callable[[int, Tensor], bool], tries: int
) -> tuple[Tensor, Tensor]:
    """Answers (B, most) drawn again and again until `accept(row, answer)`, and the number of tries (B,) each took.

    That is the law itself under the condition that the answer is accepted. Where `tries` do not suffice, the last
    answer is given and its number is 0. Row i depends on its own prompt and noise only.
    """
    if tries < 1 or how.beams or how.temperature == 0:
        raise UserError("Answers can be drawn again only by sampling, at least once: no beams, temperature above 0.")
    answers, taken = prompts.new_full((len(prompts), how.most), PAD), prompts.new_zeros(len(prompts))
    open_rows = torch.arange(len(prompts))
    for attempt in range(1, tries + 1):
        drawn = noise.uniform(len(prompts), how.most)  # of all rows: those that are done must not shift the others
        answers[open_rows] = proceed(law, prompts[open_rows], _Drawn(drawn[open_rows]), how)
        found = torch.tensor([accept(row, answers[row]) for row in open_rows.tolist()], dtype=torch.bool)
        taken[open_rows[found]] = attempt
        open_rows = open_rows[~found]
        if not len(open_rows):
            break
    return answers, taken


def _search(law: Law, prompts: Tensor, how: Decoding) -> Tensor:
    """Beam search, among prompts of one length at a time."""
    lengths, answers = (prompts != PAD).sum(1), prompts.new_full((len(prompts), how.most), PAD)
    for length in lengths.unique().tolist():
        rows = (lengths == length).nonzero()[:, 0]
        answers[rows] = _search_alike(law, prompts[rows, :length], how)
    return answers


def _search_alike(law: Law, prompts: Tensor, how: Decoding) -> Tensor:
    """(G, most) the likeliest answers found; a stopped beam stays among the others and grows by pads, at no cost."""
    g, w, device = len(prompts), how.beams, prompts.device
    logits, memory = law.begin(prompts)
    score = torch.zeros(g, 1, dtype=torch.float64, device=device)
    stopped = torch.zeros(g, 1, dtype=torch.bool, device=device)
    found = prompts.new_zeros(g, 1, 0)
    base = torch.arange(g, device=device)[:, None]
    for step in range(how.most):
        log_p = logits.double().index_fill(1, torch.tensor([PAD], device=device), -torch.inf).log_softmax(1)
        log_p = log_p.view(g, score.shape[1], -1)
        symbols = log_p.shape[2]
        only_pad = torch.full_like(log_p, -torch.inf)
        only_pad[:, :, PAD] = 0
        total = (score[:, :, None] + torch.where(stopped[:, :, None], only_pad, log_p)).flatten(1)
        score, at = total.topk(min(w, total.shape[1]), 1)
        beam, symbol = at // symbols, at % symbols
        found = torch.cat([found.gather(1, beam[:, :, None].expand(-1, -1, step)), symbol[:, :, None]], 2)
        stopped = stopped.gather(1, beam) | (symbol == how.stop)
        if bool(stopped[:, 0].all()) or step == how.most - 1:  # a beam that goes on can only become less likely
            break
        memory.take((base * (len(logits) // g) + beam).flatten())
        logits = law.follow(symbol.flatten(), memory)
    best = found[:, 0]
    return torch.nn.functional.pad(best, (0, how.most - best.shape[1]))
