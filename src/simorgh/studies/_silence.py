r"""Parts of the study `vq_vae`: does a code fall silent before a decoder that can do without it?

Rows of 32 pixels, of which each is like the one before it with probability 0.9: a Markov chain, whose entropy

    H = log 2 + 31 h(0.9),    h(p) = -p log p - (1 - p) log(1 - p),                                         (1)

is what no model's expected loss can be below. Two codes stand before two decoders. The decoders have the same layers and the
same number of weights; what differs is which weights a mask lets through:

    alone       log p(x | z) = sum_i log p(x_i | z)                       the pixels are independent given the code
    in order    log p(x | z) = sum_i log p(x_i | x_1, ..., x_{i-1}, z)    the decoder can do without the code

the latter as in MADE (Germain et al. 2015, equations 8 and 9, with direct connections). The code is a Gaussian one that pays its KL, or some
places of a codebook, whose KL is constant. Chen et al. 2016 ("Variational lossy autoencoder", section 2.2) say why the
first falls silent: what the decoder models by itself costs nothing, and every nat of the code costs one.
"""

from dataclasses import dataclass
from math import log

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, relu

from simorgh.nn.codebook import Codebook, Rows
from simorgh.nn.latent import make_latent
from simorgh.nn.likelihood import Bernoulli
from simorgh.nn.networks import mlp
from simorgh.noise import Noise, philox

PIXELS, LIKE, HIDDEN = 32, 0.9, 128
DIMENSIONS, PLACES, CODES = 8, 4, 8
"""Of either code; the quantised one is that many places of a codebook: 4 log 8 = 8.3 nats."""
BATCH, PEAK = 128, 1e-2

ENTROPY = log(2) - (PIXELS - 1) * (LIKE * log(LIKE) + (1 - LIKE) * log(1 - LIKE))
"""Equation (1), in nats."""


def chains(n: int, *key: object) -> Tensor:
    """(n, 32) rows of zeros and ones."""
    rng = philox("chains", *key)
    other = rng.random((n, PIXELS)) >= LIKE
    other[:, 0] = rng.random(n) < 0.5
    return torch.from_numpy(other.cumsum(1) % 2).float()


def true_nats(x: Tensor) -> Tensor:
    """-log p of rows x (N, 32) under the chain itself, (N,); its mean over all rows is the entropy."""
    like = x[:, 1:] == x[:, :-1]
    return log(2) - torch.where(like, log(LIKE), log(1 - LIKE)).sum(1)


class Decoder(nn.Module):
    """Logits (B, 32) of pixels x (B, 32) given codes z (B, 8); `in_order` they also read the pixels before."""

    def __init__(self, in_order: bool):
        super().__init__()
        self.hidden, self.code = nn.Linear(PIXELS, HIDDEN), nn.Linear(DIMENSIONS, HIDDEN, bias=False)
        self.out, self.direct = nn.Linear(HIDDEN, PIXELS), nn.Linear(PIXELS + DIMENSIONS, PIXELS, bias=False)
        pixel, last = torch.arange(PIXELS), torch.arange(HIDDEN) % (PIXELS - 1)  # of those that a unit reads
        reads, feeds, before = last[:, None] >= pixel, pixel[:, None] > last, pixel[:, None] > pixel
        if not in_order:
            reads, feeds, before = torch.zeros_like(reads), torch.ones_like(feeds), torch.zeros_like(before)
        self.register_buffer("reads", reads.float())
        self.register_buffer("feeds", feeds.float())
        self.register_buffer("before", torch.cat([before.float(), torch.ones(PIXELS, DIMENSIONS)], 1))

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        h = relu(linear(x, self.hidden.weight * self.reads, self.hidden.bias) + self.code(z))
        straight = linear(torch.cat([x, z], 1), self.direct.weight * self.before)
        return linear(h, self.out.weight * self.feeds, self.out.bias) + straight


class Pair(nn.Module):
    """An encoder of one kind of code and a decoder of one kind."""

    def __init__(self, quantised: bool, in_order: bool):
        super().__init__()
        self.latent = make_latent("gaussian", DIMENSIONS)
        settings = Codebook(CODES, DIMENSIONS // PLACES, "ema")
        self.codebook, self.commitment = settings.build() if quantised else None, settings.commitment
        self.encoder = mlp((PIXELS, HIDDEN, DIMENSIONS if quantised else 2 * DIMENSIONS), "relu")
        self.decoder = Decoder(in_order)

    def code(self, x: Tensor, noise: Noise) -> tuple[Tensor, Tensor, Tensor]:
        """Codes (B, 8), their KL to the prior (B,) in nats, and what else is to be paid while training (B,)."""
        h = self.encoder(x)
        if self.codebook is None:
            q = self.latent.posterior(h)
            z = q.sample(noise, 1)
            return z[0], q.kl(z), h.new_zeros(len(h))
        z = h.unflatten(1, (PLACES, -1))
        q = self.codebook(z)
        if self.training:
            self.codebook.follow(self.codebook.observe(z.detach(), q.indices, Rows(noise.step, 0, len(x))))
        return q.values.flatten(1), h.new_full((len(h),), PLACES * log(CODES)), self.commitment * q.commitment.sum(1)

    def log_p(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x | z) (B,) in nats."""
        return Bernoulli().log_prob(x, self.decoder(x, z))


@dataclass(frozen=True)
class Heard:
    """Of test rows, (N,) each, in nats.

    Attributes:
        kl: what the code costs.
        gain: by how much a row is likelier with its own code than with that of the row before.
        excess: -log p(x | z) + kl, the negative ELBO, above the nats that the row has under the chain itself.
        course: lines with `step` and the `KL` of its batch while the pair was trained.
    """

    kl: Tensor
    gain: Tensor
    excess: Tensor
    course: list[dict[str, float]]


def heard(quantised: bool, in_order: bool, steps: int, seed: int, n: int = 10_000) -> Heard:
    """What a pair, trained for `steps` on rows that are drawn afresh at each, says of `n` others."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        pair = Pair(quantised, in_order)
    optimiser = torch.optim.Adam(pair.parameters(), PEAK)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK, total_steps=steps)
    course = []
    for step in range(steps):
        x = chains(BATCH, seed, step)
        z, kl, more = pair.code(x, Noise(seed, "silence", step))
        optimiser.zero_grad()
        (kl + more - pair.log_p(x, z)).mean().backward()
        optimiser.step()
        rate.step()
        if step % max(1, steps // 100) == 0:
            course.append({"step": step, "KL": float(kl.detach().mean())})
    pair.eval()
    with torch.no_grad():
        x = chains(n, "test", seed)
        z, kl, _ = pair.code(x, Noise(seed, "silence, test"))
        own, others = pair.log_p(x, z), pair.log_p(x, z.roll(1, 0))
    return Heard(kl, own - others, kl - own - true_nats(x), course)
