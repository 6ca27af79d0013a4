r"""The importance-weighted autoencoder (Burda, Grosse & Salakhutdinov 2015, arXiv 1509.00519).

Same nets as a VAE, but trained on the tighter bound of vae.py, equation (5), with k draws an image:

    loss = -mean over images of log (1/k) sum_i w_i,    w_i = p(x, z_i) / q(z_i | x).        (their eq. 8)

Their gradient estimator (13) is autograd through the log-mean-exp: the gradient of each log w_i counts by the
normalised weight v_i = w_i / sum_j w_j. Three departures can be asked for. Nearly all of the v_i are small, so a few
draws may be chosen by them and the gradient of their log w alone be taken: its mean is the same, and the others cost a
forward pass only (their section 3). As early steps need no tight bound, k may grow along training, by the same factor
at every step. And the more draws, the more of the encoder's gradient is noise; the doubly reparameterised estimator
(Tucker, Lawson, Gu & Maddison 2018, arXiv 1810.04152, eq. 8) has the same mean and less of it:

    sum_i v_i^2 (d log w_i / d z_i) (d z_i / d phi)    for the encoder's weights phi.

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
from simorgh.nn.latent.categorical import Categorical
from simorgh.nn.likelihood import make_likelihood
from simorgh.nn.networks import Network


@dataclass(frozen=True)
class IWAEConfig(Config):
    """As VAEConfig without `beta`, `warmup` and `input_noise`, and

    Attributes:
        draws: k.
        first: the number of draws at the first step, which grows to k at the last; 0 takes k throughout.
        chosen: how many draws are chosen by their weights, with replacement, to take the gradient of; 0 takes all.
        doubly: whether the encoder's gradient is the doubly reparameterised one.
    """

    unlike_losses = ("likelihood", "draws", "chosen")

    latent_dim: int = 50
    network: Network = field(default_factory=Network)
    likelihood: str = "bernoulli"
    prior: str = "gaussian"
    draws: int = 50
    first: int = 0
    chosen: int = 0
    doubly: bool = False

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
        if config.doubly and isinstance(self.latent, Categorical):
            raise UserError("model.doubly needs codes that are smooth functions of their noise; symbols are not.")
        self.likelihood = make_likelihood(config.likelihood)
        self.encoder = config.network.encoder(spec, self.latent.outputs)
        self.decoder = config.network.decoder(spec, self.latent.features)
        start_at_mean(self.decoder, spec)
        self.draws, self.first = config.draws, config.first or config.draws
        self.chosen, self.doubly = config.chosen, config.doubly

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
        h = self.encoder(batch.x)
        q = self.latent.posterior(h)
        z = q.sample(tick.noise, k)
        few = 0 < self.chosen < k
        if few:
            with torch.no_grad():
                joint = [self.log_joint(batch.x, some) for some in z.split(5)]  # in parts that a core's cache holds
                all_log_w = torch.cat(joint) - q.log_prob(z)
                ends = all_log_w.softmax(0).cumsum(0)
                u = tick.noise.uniform(self.chosen, len(batch), name="chosen", axis=1)
                which = (ends[:-1] <= u[:, None]).sum(1)
            z = z.gather(0, which[..., None].expand(-1, -1, z.shape[2]))
        # Without phi in log q(z | x), its gradient comes through z alone.
        log_w = self.log_joint(batch.x, z) - (self.latent.posterior(h.detach()) if self.doubly else q).log_prob(z)
        if not few:
            if not self.doubly:
                return self._terms(log_w)
            all_log_w = log_w.detach()
        v = all_log_w.softmax(0)
        own = v.gather(0, which) if few else v
        if self.doubly:
            z.register_hook(lambda grad: grad * own[..., None])
        through = -(log_w.mean(0) if few else (v * log_w).sum(0)).mean()
        terms = self._terms(all_log_w)
        return replace(terms, loss=terms.loss + (through - through.detach()))  # the bound's value

    def draws_at(self, progress: float) -> int:
        """k at a share of training."""
        return round(self.first * (self.draws / self.first) ** progress)

    def _terms(self, log_w: Tensor) -> Terms:
        loss = -(log_w.logsumexp(0) - log(len(log_w))).mean()
        return Terms(loss, log_w.shape[1], {"neg_elbo": -log_w.detach().mean()})
