r"""Codebooks: K codes e_k (D,), how a vector is replaced by one, and how the codes are learnt.

gradient   the codes are parameters, moved by ||sg[z] - e||^2 (van den Oord et al. 2017, equation 3; sg stops the
           gradient).
ema        the codes are running means of the vectors that chose them (their appendix A.1). With n_k the share of a
           batch's vectors that chose code k, s_k their sum over the number of all vectors, and decay gamma,
               N_k <- gamma N_k + (1 - gamma) n_k,    m_k <- gamma m_k + (1 - gamma) s_k,
               e_k <- (m_k + tiny e_k) / (N_k + tiny).                                                           (1)
           tiny only keeps a code that nobody chooses where it is (Laplace smoothing would pull it to the origin).
fsq        no codes are learnt: coordinate i is rounded to one of L_i levels (Mentzer et al. 2023, arXiv 2309.15505),
           K = L_1 ... L_D. It has neither codebook nor commitment term.

Where codes that are seldom chosen cost more, the same error takes fewer nats to tell. With `rate` lambda above 0, the
code of a vector z is that of entropy-constrained quantisation (Chou, Lookabaugh & Gray 1989),
               argmin_k ||z - e_k||^2 - lambda ln p_k,                                                           (2)
where p_k is the running share of the vectors that chose code k, at least TINY; that of a restarted code begins at 1/K,
without the others being made smaller.

A forward pass changes nothing. `observe` collects what a step has seen as tensors that may be averaged over
micro-batches and processes, `follow` moves the state by these means; what it holds stands in buffers. Vectors that
must travel whole (candidates for a restart, the first sample for k-means) are picked by their number in the global
batch, and whoever holds one sends it enlarged by the size of the batch over its own, the others zeros: the mean of all
is the vector.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import prod
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from simorgh.contracts import UserError, check_least, check_share
from simorgh.nn.quantise import k_means, nearest_codes, shares, straight_through, sums

TINY = 1e-8
"""In equation (1), as a share of all vectors: a ten-thousandth of one vector where a step sees ten thousand."""

GOLDEN = 0.6180339887498949
SAMPLE = 64
"""K-means starts from so many vectors a code, and at least 4,096, where the first batch has them."""


@dataclass(frozen=True)
class Codebook:
    """Settings of a codebook.

    Attributes:
        codes: K.
        dim: D, dimensions of a code.
        kind: how codes are learnt, see above.
        commitment: beta, the weight of ||z - sg[e]||^2.
        decay: gamma, the share of a running mean that one step keeps ("ema", and the use that restarts look at).
        restart: a code whose running use falls below so many times 1/K is dead and becomes a vector of the batch; 0
            for never. A new code has ln(1 / restart) / (1 - decay) steps to prove itself (460 by default).
        rate: lambda of (2); 0 for the nearest code. Above 0 uneven use is what is asked for, and no collapse is told
            as long as a tenth of the codes occurs.
        start: "kmeans" of the first batch, or "uniform" in [-1/K, 1/K].
        levels: of "fsq", one number for each dimension; their product is `codes`.
    """

    codes: int = 512
    dim: int = 64
    kind: Literal["gradient", "ema", "fsq"] = "gradient"
    commitment: float = 0.25
    decay: float = 0.99
    restart: float = 0.01
    rate: float = 0.0
    start: Literal["kmeans", "uniform"] = "kmeans"
    levels: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.codes < 2 or self.dim < 1:
            raise UserError(f"codebook.codes is {self.codes} and dim {self.dim}; at least 2 codes of dimension 1.")
        check_least("codebook", self, commitment=0, rate=0)
        check_share("codebook", self, "decay", "restart")

    def build(self) -> "Quantiser":
        """UserError for settings that do not go together."""
        if self.kind == "fsq":
            if self.rate:
                raise UserError(f"codebook.rate {self.rate} means nothing to kind fsq: its codes are not chosen.")
            return FiniteScalar(self)
        if self.levels:
            raise UserError(f"codebook.levels {self.levels} mean something to kind fsq only, not to {self.kind}.")
        return GradientCodebook(self) if self.kind == "gradient" else MovingCodebook(self)


class Quantised(NamedTuple):
    """What a codebook makes of vectors z (..., D).

    Attributes:
        values: (..., D) the codes, with the gradient of z.
        indices: (...) int64.
        codebook: (...) ||sg[z] - e||^2, or zeros where the codes are not learnt by gradient.
        commitment: (...) ||z - sg[e]||^2, or zeros for "fsq".
    """

    values: Tensor
    indices: Tensor
    codebook: Tensor
    commitment: Tensor


class Rows(NamedTuple):
    """Which rows of a global batch of `total` these are, from `first` on, and the `step` they belong to."""

    step: int
    first: int
    total: int


class Quantiser(nn.Module, ABC):
    """A codebook of `codes` codes of `dim` dimensions."""

    def __init__(self, settings: Codebook):
        super().__init__()
        self.codes, self.dim, self.rate = settings.codes, settings.dim, settings.rate

    @abstractmethod
    def forward(self, z: Tensor) -> Quantised:
        """z (..., D)."""

    @abstractmethod
    def lookup(self, indices: Tensor) -> Tensor:
        """(..., D) codes of int64 indices (...)."""

    def observe(self, z: Tensor, indices: Tensor, rows: Rows) -> dict[str, Tensor]:
        """Statistics of z (B, ..., D) and its indices (B, ...), in means over examples: `use` (K,) shares, and what
        else `follow` reads."""
        return {"use": shares(indices, self.codes)}

    def follow(self, stats: dict[str, Tensor]) -> None:
        """Move the state by the statistics of the global batch."""


class VectorCodebook(Quantiser):
    """Free codes (K, D): nearest neighbour, running use, restarts. Abstract: a member says how codes move."""

    vectors: Tensor
    use: Tensor

    def __init__(self, settings: Codebook):
        super().__init__(settings)
        self.decay, self.restart, self.start = settings.decay, settings.restart, settings.start
        self.register_buffer("use", torch.full((self.codes,), 1 / self.codes))

    def start_vectors(self) -> Tensor:
        return (torch.rand(self.codes, self.dim) * 2 - 1) / self.codes

    def choose(self, z: Tensor) -> Tensor:
        """Equation (2): int64 indices (...) for vectors z (..., D)."""
        return nearest_codes(z, self.vectors, -self.rate * self.use.clamp(min=TINY).log() if self.rate else None)

    def lookup(self, indices: Tensor) -> Tensor:
        return embedding(indices, self.vectors)

    def observe(self, z: Tensor, indices: Tensor, rows: Rows) -> dict[str, Tensor]:
        stats, z = super().observe(z, indices, rows), z.detach().to(self.vectors.dtype)
        n = rows.total * z[0, ..., 0].numel()
        if self.start == "kmeans" and rows.step == 0:
            count = min(n, max(SAMPLE * self.codes, 4096))
            stats["sample"] = picked(z, torch.arange(count, device=z.device) * n // count, rows)
        elif self.restart:
            # A golden-ratio sequence: spread over the batch, and other places at each step.
            turn = torch.arange(self.codes, device=z.device, dtype=torch.float64) + rows.step * self.codes
            stats["candidates"] = picked(z, (turn * GOLDEN % 1 * n).long(), rows)
        return stats

    def follow(self, stats: dict[str, Tensor]) -> None:
        if "sample" in stats:
            centres, use = k_means(stats["sample"], self.codes)
            self.place(torch.ones_like(use, dtype=torch.bool), centres, use)
            return
        self.use.lerp_(stats["use"], 1 - self.decay)
        self.move(stats)
        if "candidates" in stats:
            dead = self.use < self.restart / self.codes
            self.place(dead, stats["candidates"], torch.full_like(self.use, 1 / self.codes))

    def place(self, which: Tensor, vectors: Tensor, use: Tensor) -> None:
        """Put the codes `which` (K,) at `vectors` (K, D), all that is remembered of them included."""
        self.vectors.copy_(torch.where(which[:, None], vectors, self.vectors))
        self.use.copy_(torch.where(which, use, self.use))

    @abstractmethod
    def move(self, stats: dict[str, Tensor]) -> None:
        """Move the codes by the statistics of a step; `use` has been brought up to date."""


class GradientCodebook(VectorCodebook):
    """Codes that an optimiser moves."""

    def __init__(self, settings: Codebook):
        super().__init__(settings)
        self.vectors = nn.Parameter(self.start_vectors())

    def forward(self, z: Tensor) -> Quantised:
        with torch.autocast(z.device.type, enabled=False):
            z = z.to(self.vectors.dtype)
            indices = self.choose(z)
            e = self.lookup(indices)
            fixed = e.detach()
            values = straight_through(z, fixed)
            return Quantised(values, indices, _distance(z.detach(), e), _distance(z, fixed))

    def move(self, stats: dict[str, Tensor]) -> None:
        """Nothing: the optimiser has done it."""


class MovingCodebook(VectorCodebook):
    """Codes of equation (1); `use` is N and `mass` is m."""

    mass: Tensor

    def __init__(self, settings: Codebook):
        super().__init__(settings)
        self.register_buffer("vectors", self.start_vectors())
        self.register_buffer("mass", self.vectors / self.codes)

    def forward(self, z: Tensor) -> Quantised:
        with torch.autocast(z.device.type, enabled=False):
            z = z.to(self.vectors.dtype)
            indices = self.choose(z)
            e = self.lookup(indices)
            commitment = _distance(z, e)
            return Quantised(straight_through(z, e), indices, torch.zeros_like(commitment), commitment)

    def observe(self, z: Tensor, indices: Tensor, rows: Rows) -> dict[str, Tensor]:
        z = z.detach().to(self.vectors.dtype)
        mass = sums(z, indices, self.codes) / indices.numel()
        return {**super().observe(z, indices, rows), "mass": mass}

    def move(self, stats: dict[str, Tensor]) -> None:
        self.mass.lerp_(stats["mass"], 1 - self.decay)
        self.vectors.copy_((self.mass + TINY * self.vectors) / (self.use + TINY)[:, None])

    def place(self, which: Tensor, vectors: Tensor, use: Tensor) -> None:
        super().place(which, vectors, use)
        self.mass.copy_(torch.where(which[:, None], self.vectors * self.use[:, None], self.mass))


class FiniteScalar(Quantiser):
    """Coordinate i is bounded by a tanh and rounded to L_i whole numbers around 0, given back in [-1, 1].

    Even L_i have their levels at -L_i/2, ..., L_i/2 - 1: tanh is shifted so that z = 0 stays 0. The index of a code
    counts its first coordinate fastest.
    """

    def __init__(self, settings: Codebook):
        super().__init__(settings)
        levels = settings.levels
        if len(levels) != self.dim or prod(levels) != self.codes or min(levels) < 3:
            raise UserError(
                f"codebook.levels {levels} make {prod(levels)} codes of {len(levels)} dimensions, not "
                f"{self.codes} of {self.dim}; each should be at least 3, for two levels lie far to one side."
            )
        self.register_buffer("levels", torch.tensor(levels), persistent=False)
        self.register_buffer("basis", torch.tensor([prod(levels[:i]) for i in range(len(levels))]), persistent=False)

    def forward(self, z: Tensor) -> Quantised:
        with torch.autocast(z.device.type, enabled=False):
            z = z.float() if z.dtype in (torch.float16, torch.bfloat16) else z
            half = (self.levels - 1) * (1 + 1e-3) / 2  # a little more, so that both end levels can be reached
            offset = (self.levels + 1) % 2 / 2
            bounded = (z + (offset / half).atanh()).tanh() * half - offset
            whole = bounded.detach().round()
            indices = ((whole.long() + self.levels // 2) * self.basis).sum(-1)
            nothing = z.new_zeros(indices.shape)
            return Quantised(straight_through(bounded, whole) / (self.levels // 2), indices, nothing, nothing)

    def lookup(self, indices: Tensor) -> Tensor:
        whole = indices[..., None] // self.basis % self.levels - self.levels // 2
        return whole / (self.levels // 2)


def _distance(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).square().sum(-1)


def picked(z: Tensor, picks: Tensor, rows: Rows) -> Tensor:
    """(P, D) the vectors number `picks` (P,) of the global batch, of which z (B, ..., D) are some rows: what lies
    elsewhere is zero, the rest enlarged, so that the mean over all parts of the batch is whole."""
    flat = z.reshape(-1, z.shape[-1])
    mine = picks - rows.first * (len(flat) // len(z))
    inside = (mine >= 0) & (mine < len(flat))
    return flat[mine.clamp(0, len(flat) - 1)] * (inside * (rows.total / len(z)))[:, None]
