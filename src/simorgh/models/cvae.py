r"""The conditional variational autoencoder (Sohn et al. 2015; Kingma et al. 2014, model M2 with labels given).

The label y, one-hot, joins the image at the encoder and the code at the decoder; everything of vae.py holds
with q(z | x, y), p(x | z, y) and p(z | y) = p(z). Its ELBO bounds log p(x | y), and Bayes' rule says how much
a label can give one and the same model of images:

    log p(x | y) - log p(x) = log p(y | x) - log p(y)  <=  log C   for C equally frequent labels,           (1)

2.30 nats for ten digits. A larger gain over a VAE means that the VAE was too narrow for its data.

`auxiliary` adds that weight times the cross-entropy of a linear label head on the encoder's output. It is not
needed, for the encoder is handed the label; some courses ask for it, so it can be tried.
Shapes and units as in vae.py: images (B, *shape), labels (B,), codes (k, B, features), nats per image.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from simorgh.contracts import Batch, Config, DataSpec, Objective, Terms, Tick, UserError, check_least
from simorgh.models.vae import LatentVariableModel, start_at_mean
from simorgh.nn.latent import Posterior, make_latent
from simorgh.nn.likelihood import make_likelihood
from simorgh.nn.networks import Network, one_hot
from simorgh.noise import SampleNoise


@dataclass(frozen=True)
class CVAEConfig(Config):
    """As VAEConfig without `warmup`; `auxiliary` is the weight of the label head, 0 for none."""

    unlike_losses = ("likelihood",)

    latent_dim: int = 2
    network: Network = field(default_factory=Network)
    likelihood: str = "bernoulli"
    prior: str = "gaussian"
    beta: float = 1.0
    auxiliary: float = 0.0
    input_noise: float = 0.0

    def build(self, spec: DataSpec) -> "CVAE":
        return CVAE(self, spec)


class CVAE(LatentVariableModel):
    """A VAE of images given their labels."""

    conditional = True

    def __init__(self, config: CVAEConfig, spec: DataSpec):
        super().__init__()
        if not spec.classes:
            raise UserError("A conditional model needs labelled data; this data set has no labels.")
        check_least("model", config, beta=0, auxiliary=0, input_noise=0)
        self.classes = spec.classes
        self.latent = make_latent(config.prior, config.latent_dim)
        self.likelihood = make_likelihood(config.likelihood)
        self.encoder = config.network.encoder(spec, self.latent.outputs, side=spec.classes)
        self.decoder = config.network.decoder(spec, self.latent.features + spec.classes)
        start_at_mean(self.decoder, spec)
        self.head = nn.Linear(self.latent.outputs, spec.classes) if config.auxiliary else None
        self.beta, self.auxiliary, self.input_noise = config.beta, config.auxiliary, config.input_noise

    def infer(self, x: Tensor, y: Tensor | None) -> Posterior:
        return self.latent.posterior(self.encoder(x, self._label(y)))

    def generate(self, z: Tensor, y: Tensor | None) -> Tensor:
        label = self._label(y)
        return self.decoder(torch.cat([z, label.expand(*z.shape[:-1], self.classes)], -1))

    def _label(self, y: Tensor | None) -> Tensor:
        if y is None:
            raise UserError("A conditional model needs a label for each example (--condition 3, or a labelled set).")
        # On a GPU looking would make every step wait, and one_hot there stops by itself.
        if y.device.type == "cpu" and len(y) and not 0 <= int(y.min()) <= int(y.max()) < self.classes:
            raise UserError(f"A label lies outside 0 to {self.classes - 1}.")
        return one_hot(y, self.classes)

    def sample(self, n: int, noise: SampleNoise, condition: Tensor | None = None) -> Tensor:
        """As in vae.py; without a condition the labels are drawn uniformly, each from its sample's own noise."""
        z = self.latent.sample_prior(n, noise)
        if condition is None:
            condition = (noise.uniform(n, 1)[:, 0] * self.classes).long()
        return self.decode(z, condition)

    def objectives(self) -> tuple[Objective, ...]:
        return (Objective("elbo", list(self.parameters()), self.loss),)

    def validate(self, batch: Batch, tick: Tick) -> Terms:
        return self.mean_elbo(batch, tick)

    def loss(self, batch: Batch, tick: Tick) -> Terms:
        """Mean of reconstruction + beta kl (+ auxiliary cross-entropy), in nats per image."""
        terms = self.terms(batch, tick)
        loss = terms["reconstruction"] + self.beta * terms["kl"]
        if self.head is not None:
            logits = self.head(self.encoder(batch.x, self._label(batch.y)))
            terms["auxiliary"] = nn.functional.cross_entropy(logits, batch.y)
            loss = loss + self.auxiliary * terms["auxiliary"]
        return Terms(loss, len(batch), {k: v.detach() for k, v in terms.items()})
