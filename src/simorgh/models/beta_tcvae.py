r"""The beta-TCVAE (Chen, Li, Grosse & Duvenaud 2018, arXiv 1802.04942).

With q(z) = E_x q(z | x), the codes of all images together, the KL term of a VAE has three parts (their equation 2):

    E_x KL(q(z | x) || p(z)) = I(x; z) + KL(q(z) || prod_j q(z_j)) + sum_j KL(q(z_j) || p(z_j)).            (1)

The second one, the total correlation TC, is what entangles the code. It alone is weighed up:

    loss = mean over images of (reconstruction + kl) + (beta - 1) TC,                                       (2)

their equation 4 with alpha = gamma = 1. kl is taken in closed form where there is one. TC is estimated on the batch,

    log q(z_i) ~ log 1/M sum_k q(z_i | x_k),    log q(z_ij) ~ log 1/M sum_k q(z_ij | x_k),                  (3)

the minibatch-weighted estimator of their section 3.1 up to a constant, (D - 1) log of the number of training images,
which moves no weight: what is logged is the total correlation of the batch's own mixture. Each image is part of the
mixture that its neighbours are measured by, so micro-batches and processes change this term.

Images (B, *shape), codes (B, D); nats per image.
"""

from dataclasses import dataclass
from math import log

from torch import Tensor

from simorgh.contracts import Batch, DataSpec, Terms, Tick, UserError
from simorgh.models.vae import VAE, VAEConfig
from simorgh.nn.latent.gaussian import GaussianPosterior, gaussian_log_prob


@dataclass(frozen=True)
class BetaTCVAEConfig(VAEConfig):
    """As VAEConfig, but `beta` weighs TC only."""

    latent_dim: int = 10
    beta: float = 6.0

    def build(self, spec: DataSpec) -> "BetaTCVAE":
        if self.prior != "gaussian":
            raise UserError(f"model.prior is {self.prior}; the total correlation is computed for gaussian codes.")
        return BetaTCVAE(self, spec)


class BetaTCVAE(VAE):
    """Equation (2)."""

    def loss(self, batch: Batch, tick: Tick) -> Terms:
        q = self.infer(self.seen(batch.x, tick.noise))
        z = q.sample(tick.noise, 1)
        reconstruction = -self.likelihood.log_prob(batch.x, self.generate(z, None)).mean()
        terms = {"reconstruction": reconstruction, "kl": q.kl(z).mean(), "tc": total_correlation(z[0], q)}
        loss = reconstruction + terms["kl"] + (self.weight(tick) - 1) * terms["tc"]
        return Terms(loss, len(batch), {k: v.detach() for k, v in terms.items()})


def total_correlation(z: Tensor, q: GaussianPosterior) -> Tensor:
    """KL(q(z) || prod_j q(z_j)) in nats by equation (3), from one draw z (B, D) of each posterior of the batch."""
    density = gaussian_log_prob(z[:, None, :, None], q.mean[..., None], q.log_variance[..., None])
    joint, apart = density.sum(2).logsumexp(1), density.logsumexp(1).sum(1)
    return (joint - apart).mean() + (z.shape[1] - 1) * log(len(z))
