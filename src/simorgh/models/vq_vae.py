r"""The VQ-VAE: an autoencoder whose code is a map of whole numbers, and a law over such maps.

van den Oord, Vinyals & Kavukcuoglu 2017, "Neural discrete representation learning" (arXiv 1711.00937).

An encoder turns an image x (B, C, H, W) into a map z(x) (B, h, w, D) of vectors, h = H/4 and w = W/4. Each vector is
replaced by the nearest of K codes e_1, ..., e_K (their equations 1 and 2),

    k(x) = argmin_k ||z(x) - e_k||^2 at each position,    q(x) = e_k(x),                                     (1)

(where codes have a price, by equation (2) of nn/codebook.py), and a decoder reads q(x). Equation (1) has no slope, so
the gradient at q is handed to z as it is: straight-through, q = z + sg[q - z], where sg stops gradients. Training
minimises (their equation 3)

    loss = reconstruction + codebook + beta * commitment,                                                    (2)
    reconstruction = -log p(x | q(x)),    codebook = ||sg[z(x)] - q(x)||^2,    commitment = ||z(x) - sg[q(x)]||^2.

Only the first term moves the decoder, only the second the codes (with kind "ema" a running mean moves them and the
term is 0, see nn/codebook.py), the first and third move the encoder.

Unit: (2) is in nats per image, a mean over images. The reconstruction is a sum over the H W C values of an image:
for "bernoulli" the cross-entropy, for "mse" the squared error, which is -log p of a Gaussian about the decoder's output
with variance 1/2, its constant left out. The two others are means over the positions of a map, times H W C. So the
error of one pixel stands against that of one vector, as in the authors' code (which divides by D besides), and sizes
of batch, image and map do not change the balance. It matters: where vectors weigh less, an encoder grows its z until
codes that move by a learning rate a step cannot follow.

The prior is fitted afterwards, as in the paper: in the first `prior_from` of training (2) is minimised, then the
autoencoder rests and a transformer learns the maps of the training images,

    prior loss = -log p(k(x)), in nats per image; / (h w) it is logged as nats per code, at most log K untrained.  (3)

A new image is a map drawn from it, decoded. As k is a function of x, KL(q(k | x) || p(k)) = -log p(k(x)), and

    -log p(x)  <=  reconstruction + prior loss,                                                              (4)

the negative ELBO. That is what `validate` gives: under "bernoulli" comparable with the negative ELBO of a VAE, and for
any K, D and beta; under "mse" with other "mse" runs only (plus H W C / 2 log pi it bounds a density).
"""

from dataclasses import dataclass, field
from math import prod
from typing import Literal

import torch
from torch import Tensor

from simorgh.contracts import Batch, Config, DataSpec, Model, Objective, Terms, Tick, UserError
from simorgh.nn.autoregressive import Autoregressive
from simorgh.nn.codebook import Codebook, Quantised, Rows
from simorgh.nn.grids import GridNetwork
from simorgh.nn.likelihood import Bernoulli
from simorgh.nn.quantise import perplexity
from simorgh.noise import SampleNoise


@dataclass(frozen=True)
class VQVAEConfig(Config):
    """Settings of a VQ-VAE.

    Attributes:
        codebook: the codes, how they are learnt, and beta.
        network: encoder and mirrored decoder.
        reconstruction: "mse" or "bernoulli", the first term of (2).
        prior: the law over maps.
        prior_from: share of training after which the autoencoder rests and the prior learns; 1 for no prior, whose
            samples then come from codes drawn alike.
        conditional: the prior knows the label (the autoencoder does not).
    """

    unlike_losses = ("reconstruction",)

    codebook: Codebook = field(default_factory=Codebook)
    network: GridNetwork = field(default_factory=GridNetwork)
    reconstruction: Literal["mse", "bernoulli"] = "mse"
    prior: Autoregressive = field(default_factory=Autoregressive)
    prior_from: float = 0.5
    conditional: bool = False

    def build(self, spec: DataSpec) -> "VQVAE":
        return VQVAE(self, spec)

    def marks(self) -> dict[str, int]:
        return {"dimension": self.codebook.dim}


class VQVAE(Model):
    """Encoder, codebook, decoder; and a prior over maps of codes."""

    def __init__(self, config: VQVAEConfig, spec: DataSpec):
        super().__init__()
        if not 0 < config.prior_from <= 1:
            raise UserError(f"model.prior_from is {config.prior_from}; it is a share of training above 0 and up to 1.")
        if config.conditional and not spec.classes:
            raise UserError("model.conditional needs labelled images, and these have no labels.")
        self.grid = config.network.grid(spec)
        self.conditional, self.prior_from, self.beta = config.conditional, config.prior_from, config.codebook.commitment
        self.encoder = config.network.encoder(spec, config.codebook.dim)
        self.codebook = config.codebook.build()
        self.decoder = config.network.decoder(spec, config.codebook.dim)
        self.prior = config.prior.build(self.code_count, self.grid, spec.classes if config.conditional else 0)
        self.values, self.range, self.squared = spec.size, spec.value_range, config.reconstruction == "mse"
        self.bernoulli = Bernoulli()
        if spec.mean:
            self.start_at_mean(torch.tensor(spec.mean).unflatten(0, spec.shape).mean((1, 2)))

    @torch.no_grad()
    def start_at_mean(self, channels: Tensor) -> None:
        """Let an untrained decoder answer with the average (C,) of each channel."""
        self.decoder.layers[-1].bias.copy_(channels if self.squared else channels.clamp(0.01, 0.99).logit())

    @property
    def code_count(self) -> int:
        return self.codebook.codes

    @property
    def codes_priced(self) -> bool:
        return self.codebook.rate > 0

    def objectives(self) -> tuple[Objective, ...]:
        autoencoder = [p for part in (self.encoder, self.codebook, self.decoder) for p in part.parameters()]
        return (
            Objective("autoencoder", autoencoder, self.loss, after=self.follow, span=(0.0, self.prior_from)),
            Objective("prior", list(self.prior.parameters()), self.prior_loss, span=(self.prior_from, 1.0)),
        )

    def loss(self, batch: Batch, tick: Tick) -> Terms:
        """Equation (2)."""
        z = self.encoder(batch.x)
        q = self.codebook(z)
        terms = {
            "reconstruction": self.error(batch.x, q.values).mean(),
            "codebook": self.values * q.codebook.mean(),
            "commitment": self.values * q.commitment.mean(),
        }
        loss = terms["reconstruction"] + terms["codebook"] + self.beta * terms["commitment"]
        rows = Rows(tick.step, tick.noise.start, tick.noise.total or len(batch))
        stats = self.codebook.observe(z, q.indices, rows)
        return Terms(loss, len(batch), {k: v.detach() for k, v in terms.items()}, stats)

    def error(self, x: Tensor, q: Tensor) -> Tensor:
        """(B,) the first term of (2) for maps q (B, h, w, D)."""
        eta = self.decoder(q)
        if self.squared:
            return (x - eta).square().flatten(1).sum(1)
        return -self.bernoulli.log_prob(x, eta)

    def follow(self, terms: Terms) -> dict[str, Tensor]:
        self.codebook.follow(terms.stats)
        use = terms.stats["use"]  # of the whole batch: a mean over its parts of their perplexity would be too small
        return {"perplexity": perplexity(use), "used_codes": (use > 0).sum().float()}

    def prior_loss(self, batch: Batch, tick: Tick) -> Terms:
        """Equation (3), on codes that no gradient reaches."""
        loss = self.code_nats(self.codes(batch.x), batch.y).mean()
        return Terms(loss, len(batch), {"nats_per_code": loss.detach() / prod(self.grid)})

    def validate(self, batch: Batch, tick: Tick) -> Terms:
        """Equation (4)."""
        q = self.quantise(batch.x)
        reconstruction = self.error(batch.x, q.values).mean()
        prior = self.code_nats(q.indices, batch.y).mean()
        return Terms(reconstruction + prior, len(batch), {"reconstruction": reconstruction, "prior": prior})

    def quantise(self, x: Tensor) -> Quantised:
        return self.codebook(self.encoder(x))

    @torch.no_grad()
    def codes(self, x: Tensor) -> Tensor:
        return self.quantise(x).indices

    def decode_codes(self, codes: Tensor) -> Tensor:
        eta = self.decoder(self.codebook.lookup(codes))
        return eta.clamp(*self.range) if self.squared else self.bernoulli.mean(eta)

    def code_nats(self, codes: Tensor, y: Tensor | None = None) -> Tensor:
        return self.prior.nats(codes, y if self.conditional else None)

    def trace(self, x: Tensor) -> dict[str, Tensor]:
        """The codes (K, D), and the vectors (N, D) of all positions of x that they stand for."""
        everyone = torch.arange(self.code_count, device=x.device)
        return {"codes": self.codebook.lookup(everyone), "vectors": self.encoder(x).flatten(0, -2)}

    def reconstruct(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.decode_codes(self.codes(x))

    def sample(self, n: int, noise: SampleNoise, condition: Tensor | None = None) -> Tensor:
        return self.decode_codes(self.prior.sample(n, noise, condition if self.conditional else None))
