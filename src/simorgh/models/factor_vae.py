r"""The FactorVAE (Kim & Mnih 2018, arXiv 1802.05983).

A VAE whose codes are pushed towards independence: with q(z) = E_x q(z | x),

    loss = mean over images of (reconstruction + kl) + gamma TC,   TC = KL(q(z) || prod_j q(z_j))           (1)

(their equation 2). TC is read off a discriminator D that tells codes z (B, latent_dim) from codes z' whose every
dimension has been permuted over the batch on its own, which are as good as draws from prod_j q(z_j): for the best D,

    TC = mean of D(z),   D(z) = log q(z) / prod_j q(z_j),   a logit,                                        (2)

    L_D = 1/2 mean softplus(-D(z)) + 1/2 mean softplus(D(z'))                                               (3)

in nats (their equation 3 and algorithm 2, where D is a difference of two logits). z' is made of fresh draws of the
posteriors that z was drawn from, where the paper takes a second batch of images. A D that lags behind makes TC too
small: the logged value is no bound. Permuting is done within a batch, so micro-batches and processes, each of which
permutes its own rows, change it a little. Images (B, *shape); nats per image.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from simorgh.contracts import Batch, DataSpec, Objective, Terms, Tick, UserError, check_least
from simorgh.models.vae import VAE, VAEConfig
from simorgh.nn.networks import mlp
from simorgh.nn.precision import full
from simorgh.noise import Noise


@dataclass(frozen=True)
class FactorVAEConfig(VAEConfig):
    """As VAEConfig.

    Attributes:
        gamma: weight of TC.
        discriminator: widths of the hidden layers of D.
    """

    latent_dim: int = 10
    gamma: float = 10.0
    discriminator: tuple[int, ...] = (1000,) * 6

    def build(self, spec: DataSpec) -> "FactorVAE":
        return FactorVAE(self, spec)


class FactorVAE(VAE):
    """Equation (1)."""

    def __init__(self, config: FactorVAEConfig, spec: DataSpec):
        super().__init__(config, spec)
        check_least("model", config, discriminator=1, gamma=0)
        if not config.discriminator:
            raise UserError("model.discriminator has no hidden layer.")
        self._vae = list(self.parameters())
        self.gamma = config.gamma
        self.discriminator = mlp((self.latent.features, *config.discriminator, 1), "leaky-relu")

    def objectives(self) -> tuple[Objective, ...]:
        return (
            Objective("elbo", self._vae, self.loss),
            Objective("discriminator", list(self.discriminator.parameters()), self.discriminator_loss),
        )

    def loss(self, batch: Batch, tick: Tick) -> Terms:
        q = self.infer(self.seen(batch.x, tick.noise))
        z = q.sample(tick.noise, 1)
        terms = {
            "reconstruction": -self.likelihood.log_prob(batch.x, self.generate(z, None)).mean(),
            "kl": q.kl(z).mean(),
            "tc": full(self.discriminator(z[0])).mean(),
        }
        loss = terms["reconstruction"] + self.weight(tick) * terms["kl"] + self.gamma * terms["tc"]
        return Terms(loss, len(batch), {k: v.detach() for k, v in terms.items()})

    def discriminator_loss(self, batch: Batch, tick: Tick) -> Terms:
        """Equation (3)."""
        with torch.no_grad():
            z, other = self.infer(self.seen(batch.x, tick.noise)).sample(tick.noise, 2)
        at_joint, at_product = full(self.discriminator(torch.cat([z, permute(other, tick.noise)]))).chunk(2)
        return Terms((softplus(-at_joint).mean() + softplus(at_product).mean()) / 2, len(batch))


def permute(z: Tensor, noise: Noise) -> Tensor:
    """Each column of z (B, D) in an order of its own."""
    return z.gather(0, noise.uniform(*z.shape, name="permutation").argsort(0))
