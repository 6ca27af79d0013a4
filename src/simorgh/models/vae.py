r"""The variational autoencoder.

Kingma & Welling 2013, "Auto-encoding variational Bayes" (arXiv 1312.6114); Rezende et al. 2014; the weight
beta: Higgins et al. 2017, "beta-VAE".

A code z is drawn from a prior p(z), an image x (B, *shape) from a decoder p(x | z). The likelihood of an image,

    log p(x) = log \int p(x | z) p(z) dz,                                                                   (1)

cannot be summed up over all z, so an encoder q(z | x) proposes the z that could have made x. Since

    log p(x) - KL(q(z | x) || p(z | x)) = E_q[log p(x | z)] - KL(q(z | x) || p(z)) =: ELBO(x)                (2)

and KL >= 0, the right side is a lower bound, and both of its parts can be computed:

    -ELBO(x) = reconstruction + kl,    reconstruction = -E_q[log p(x | z)],    kl = KL(q(z | x) || p(z)).   (3)

The expectation is estimated with a draw written as a function of noise, z = g(noise, q) (for a Gaussian
z = mu + sigma * eps), so that gradients reach the encoder (the reparameterisation of section 2.4). Training
minimises

    loss = mean over images of (reconstruction + beta * kl),                                                (4)

where beta = 1 is the VAE and beta > 1 the beta-VAE. Drawing k codes gives the importance weights

    w_i = p(x, z_i) / q(z_i | x),    log (1/k) sum_i w_i  <=  log p(x)  in expectation,                      (5)

a bound that tightens with k (Burda et al. 2015, eq. 8 and theorem 1).

Shapes: images (B, *shape), codes (k, B, features) with k draws an image. Units: nats per image, that is sums
over pixels and latents and means over images, so that beta does not depend on either.
"""

from abc import abstractmethod
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from simorgh.contracts import Batch, Config, DataSpec, Model, Objective, Terms, Tick, UserError, check_least
from simorgh.nn.latent import Latent, Posterior, make_latent
from simorgh.nn.likelihood import Likelihood, make_likelihood
from simorgh.nn.networks import Network
from simorgh.noise import Noise, SampleNoise


class LatentVariableModel(Model):
    """What every model with p(z), p(x | z, y) and q(z | x, y) can do. Abstract: a member says how y enters."""

    latent: Latent
    likelihood: Likelihood
    conditional: bool
    input_noise: float = 0.0

    @abstractmethod
    def infer(self, x: Tensor, y: Tensor | None) -> Posterior:
        """q(z | x, y)."""

    @abstractmethod
    def generate(self, z: Tensor, y: Tensor | None) -> Tensor:
        """What the likelihood reads, (..., B, *shape), for codes z (..., B, features)."""

    def elbo(
        self, x: Tensor, y: Tensor | None, noise: Noise, k: int = 1, seen: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Equation (3) per image (B,), in nats, the expectation by k draws; `seen` is what the encoder sees of x."""
        q = self.infer(x if seen is None else seen, y)
        z = q.sample(noise, k)
        reconstruction = -self.likelihood.log_prob(x, self.generate(z, y)).mean(0)
        kl = q.kl(z)
        return {"neg_elbo": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}

    def bound(self, x: Tensor, y: Tensor | None, noise: Noise) -> dict[str, Tensor]:
        return self.elbo(x, y, noise)

    def log_weights(self, x: Tensor, y: Tensor | None, k: int, noise: Noise) -> Tensor:
        """log w_i of equation (5), (k, B)."""
        q = self.infer(x, y)
        z = q.sample(noise, k)
        return self.log_joint(x, z, y) - q.log_prob(z)

    def log_joint(self, x: Tensor, z: Tensor, y: Tensor | None = None) -> Tensor:
        """log p(x | z, y) + log p(z), (..., B) for codes z (..., B, features)."""
        return self.likelihood.log_prob(x, self.generate(z, y)) + self.latent.log_prior(z)

    def terms(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """The bound and its parts () as training has them: with noise on the encoder's side."""
        seen = self.seen(batch.x, tick.noise)
        return {k: v.mean() for k, v in self.elbo(batch.x, batch.y, tick.noise, seen=seen).items()}

    def seen(self, x: Tensor, noise: Noise) -> Tensor:
        """What the encoder sees of x in training."""
        return x + self.input_noise * noise.normal(*x.shape, name="input") if self.input_noise else x

    def mean_elbo(self, batch: Batch, tick: Tick) -> Terms:
        """The negative ELBO and its parts, averaged over the batch."""
        terms = {k: v.mean() for k, v in self.elbo(batch.x, batch.y, tick.noise).items()}
        return Terms(terms.pop("neg_elbo"), len(batch), terms)

    @property
    def latent_dim(self) -> int:
        return self.latent.features

    def encode(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.infer(x, y).mean

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.likelihood.mean(self.generate(z, y))

    def reconstruct(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.decode(self.encode(x, y), y)

    def sample(self, n: int, noise: SampleNoise, condition: Tensor | None = None) -> Tensor:
        """Means of p(x | z), not draws from it: pixel noise is no part of what the model has learnt."""
        return self.decode(self.latent.sample_prior(n, noise), condition)


@dataclass(frozen=True)
class VAEConfig(Config):
    """Settings of a VAE.

    Attributes:
        latent_dim: dimensions of the code.
        network: encoder and mirrored decoder.
        likelihood: p(x | z): "bernoulli", "continuous-bernoulli", "gaussian" or "gaussian-learned".
        prior: p(z) and the family of q(z | x), see nn/latent/.
        beta: weight of the KL term.
        warmup: share of training over which that weight rises from 0.
        input_noise: deviation of Gaussian noise on the pixels that the encoder sees in training, which keeps it from
            learning its images by heart (amortised inference regularisation, Shu et al. 2018, arXiv 1805.08913).
    """

    unlike_losses = ("likelihood",)

    latent_dim: int = 2
    network: Network = field(default_factory=Network)
    likelihood: str = "bernoulli"
    prior: str = "gaussian"
    beta: float = 1.0
    warmup: float = 0.0
    input_noise: float = 0.0

    def build(self, spec: DataSpec) -> "VAE":
        return VAE(self, spec)


class VAE(LatentVariableModel):
    """Equations (1) to (5) without labels."""

    conditional = False

    def __init__(self, config: VAEConfig, spec: DataSpec):
        super().__init__()
        check_least("model", config, beta=0, warmup=0, input_noise=0)
        if config.warmup > 1:
            raise UserError(f"model.warmup is {config.warmup}; it is a share of the training, at most 1.")
        self.latent = make_latent(config.prior, config.latent_dim)
        self.likelihood = make_likelihood(config.likelihood)
        self.encoder = config.network.encoder(spec, self.latent.outputs)
        self.decoder = config.network.decoder(spec, self.latent.features)
        start_at_mean(self.decoder, spec)
        self.beta, self.warmup, self.input_noise = config.beta, config.warmup, config.input_noise

    def infer(self, x: Tensor, y: Tensor | None = None) -> Posterior:
        return self.latent.posterior(self.encoder(x))

    def generate(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.decoder(z)

    def objectives(self) -> tuple[Objective, ...]:
        return (Objective("elbo", list(self.parameters()), self.loss),)

    def validate(self, batch: Batch, tick: Tick) -> Terms:
        return self.mean_elbo(batch, tick)

    def loss(self, batch: Batch, tick: Tick) -> Terms:
        """Equation (4)."""
        terms = self.terms(batch, tick)
        loss = terms["reconstruction"] + self.weight(tick) * terms["kl"]
        return Terms(loss, len(batch), {k: v.detach() for k, v in terms.items()})

    def weight(self, tick: Tick) -> float | Tensor:
        """Of the KL term, at this step."""
        return self.beta * (min(1.0, tick.progress / self.warmup) if self.warmup else 1.0)


@torch.no_grad()
def start_at_mean(decoder: nn.Module, spec: DataSpec) -> None:
    """Let an untrained decoder answer near the average training image: the last bias becomes the logit of its grey
    levels, which is that image itself for every likelihood but the continuous Bernoulli."""
    bias = [p for name, p in decoder.named_parameters() if name.endswith("bias")][-1]
    if bias.numel() == len(spec.mean):
        low, high = spec.value_range
        share = (torch.tensor(spec.mean) - low) / (high - low)
        bias.copy_(share.clamp(0.01, 0.99).logit())
