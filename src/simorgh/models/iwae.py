r"""The importance-weighted autoencoder (Burda, Grosse & Salakhutdinov 2015, arXiv 1509.00519).

Same nets as a VAE, but trained on the tighter bound of vae.py, equation (5), with k draws an image:

    loss = -mean over images of log (1/k) sum_i w_i,    w_i = p(x, z_i) / q(z_i | x).        (their eq. 8)

Autograd through the log-mean-exp is their gradient estimator (13): each draw counts by its normalised weight.
Images are (B, *shape), codes (k, B, latent_dim); the logarithm is taken per image, before the mean over images.
Units: nats per image.
"""

from dataclasses import dataclass, field
from math import log

from torch import Tensor

from simorgh.contracts import Batch, Config, DataSpec, Objective, Terms, Tick, UserError
from simorgh.models.vae import LatentVariableModel, start_at_mean
from simorgh.nn.latent import Posterior, make_latent
from simorgh.nn.likelihood import make_likelihood
from simorgh.nn.networks import Network


@dataclass(frozen=True)
class IWAEConfig(Config):
    """As VAEConfig; `draws` is k."""

    latent_dim: int = 50
    network: Network = field(default_factory=Network)
    likelihood: str = "bernoulli"
    prior: str = "gaussian"
    draws: int = 50

    def build(self, spec: DataSpec) -> "IWAE":
        return IWAE(self, spec)


class IWAE(LatentVariableModel):
    """A VAE that is trained on the importance-weighted bound."""

    conditional = False

    def __init__(self, config: IWAEConfig, spec: DataSpec):
        super().__init__()
        if config.draws < 1:
            raise UserError(f"model.draws is {config.draws}; the bound needs at least one draw.")
        self.latent = make_latent(config.prior, config.latent_dim)
        self.likelihood = make_likelihood(config.likelihood)
        self.encoder = config.network.encoder(spec, self.latent.outputs)
        self.decoder = config.network.decoder(spec, self.latent.features)
        start_at_mean(self.decoder, spec)
        self.draws = config.draws

    def infer(self, x: Tensor, y: Tensor | None = None) -> Posterior:
        return self.latent.posterior(self.encoder(x))

    def generate(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.decoder(z)

    def objectives(self) -> tuple[Objective, ...]:
        return (Objective("bound", list(self.parameters()), self.loss),)

    def validate(self, batch: Batch, tick: Tick) -> Terms:
        return self.loss(batch, tick)

    def loss(self, batch: Batch, tick: Tick) -> Terms:
        log_w = self.log_weights(batch.x, batch.y, self.draws, tick.noise)
        loss = -(log_w.logsumexp(0) - log(self.draws)).mean()
        return Terms(loss, len(batch), {"neg_elbo": -log_w.detach().mean()})
