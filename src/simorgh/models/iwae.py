r"""The importance-weighted autoencoder (Burda, Grosse & Salakhutdinov 2015, arXiv 1509.00519).

Same nets as a VAE, but trained on the tighter bound of vae.py, equation (5), with k draws an image:

    loss = -mean over images of log (1/k) sum_i w_i,    w_i = p(x, z_i) / q(z_i | x).        (their eq. 8)

Autograd through the log-mean-exp is their gradient estimator (13): each draw counts by its normalised weight. Nearly
all of the k weights are small, so instead a few draws may be chosen by these weights and the gradient of their log w
alone be taken: its mean is the same, and the others cost a forward pass only (their section 3). And as early steps
need no tight bound, k may grow along training, by the same factor at every step.
Images are (B, *shape), codes (k, B, latent_dim); the logarithm is taken per image, before the mean over images.
Units: nats per image.
"""

from dataclasses import dataclass, field, replace
from math import log

import torch
from torch import Tensor

from simorgh.contracts import Batch, Config, DataSpec, Objective, Terms, Tick, UserError
from simorgh.models.vae import LatentVariableModel, start_at_mean
from simorgh.nn.latent import Posterior, make_latent
from simorgh.nn.likelihood import make_likelihood
from simorgh.nn.networks import Network


@dataclass(frozen=True)
class IWAEConfig(Config):
    """As VAEConfig, and

    Attributes:
        draws: k.
        first: the number of draws at the first step, which grows to k at the last; 0 takes k throughout.
        chosen: how many draws are chosen by their weights, with replacement, to take the gradient of; 0 takes all.
    """

    latent_dim: int = 50
    network: Network = field(default_factory=Network)
    likelihood: str = "bernoulli"
    prior: str = "gaussian"
    draws: int = 50
    first: int = 0
    chosen: int = 0

    def build(self, spec: DataSpec) -> "IWAE":
        return IWAE(self, spec)


class IWAE(LatentVariableModel):
    """A VAE that is trained on the importance-weighted bound."""

    conditional = False

    def __init__(self, config: IWAEConfig, spec: DataSpec):
        super().__init__()
        if config.draws < 1:
            raise UserError(f"model.draws is {config.draws}; the bound needs at least one draw.")
        if not 0 <= config.first <= config.draws:
            raise UserError(f"model.first is {config.first}; the draws grow to {config.draws}, so it is 0 to that.")
        if config.chosen < 0:
            raise UserError(f"model.chosen is {config.chosen}; it counts draws: 0 takes the gradient of all.")
        self.latent = make_latent(config.prior, config.latent_dim)
        self.likelihood = make_likelihood(config.likelihood)
        self.encoder = config.network.encoder(spec, self.latent.outputs)
        self.decoder = config.network.decoder(spec, self.latent.features)
        start_at_mean(self.decoder, spec)
        self.draws, self.first, self.chosen = config.draws, config.first or config.draws, config.chosen

    def infer(self, x: Tensor, y: Tensor | None = None) -> Posterior:
        return self.latent.posterior(self.encoder(x))

    def generate(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.decoder(z)

    def objectives(self) -> tuple[Objective, ...]:
        return (Objective("bound", list(self.parameters()), self.loss),)

    def validate(self, batch: Batch, tick: Tick) -> Terms:
        return self._terms(self.log_weights(batch.x, batch.y, self.draws, tick.noise))

    def loss(self, batch: Batch, tick: Tick) -> Terms:
        k = self.draws_at(tick.progress)
        if not self.chosen or k <= self.chosen:
            return self._terms(self.log_weights(batch.x, batch.y, k, tick.noise))
        q = self.infer(batch.x)
        z = q.sample(tick.noise, k)
        with torch.no_grad():
            joint = [self.log_joint(batch.x, some) for some in z.split(5)]  # in parts that a core's cache holds
            log_w = torch.cat(joint) - q.log_prob(z)
            ends = log_w.softmax(0).cumsum(0)
            u = tick.noise.uniform(self.chosen, len(batch), name="chosen", axis=1)
            which = (ends[:-1] <= u[:, None]).sum(1)
        z = z.gather(0, which[..., None].expand(-1, -1, z.shape[2]))
        through = -(self.log_joint(batch.x, z) - q.log_prob(z)).mean()
        terms = self._terms(log_w)
        return replace(terms, loss=terms.loss + (through - through.detach()))  # the bound's value

    def draws_at(self, progress: float) -> int:
        """k at a share of training."""
        return round(self.first * (self.draws / self.first) ** progress)

    def _terms(self, log_w: Tensor) -> Terms:
        loss = -(log_w.logsumexp(0) - log(len(log_w))).mean()
        return Terms(loss, log_w.shape[1], {"neg_elbo": -log_w.detach().mean()})
