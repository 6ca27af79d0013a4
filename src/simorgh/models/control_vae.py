r"""The ControlVAE (Shao et al. 2020, "ControlVAE: controllable variational autoencoder", arXiv 2004.05988).

A VAE whose weight of the KL term is not chosen but ruled: whoever trains it says how many nats the code may carry,

    loss = mean over images of (reconstruction + beta(t) kl),                                               (1)

and a controller raises beta(t) while the KL lies above its set point and lowers it while the KL lies below (their
equation 6 and algorithm 1, here nn/controller.py). The KL that is measured is the mean over the whole batch of step
t, and the weight that follows from it is used at step t + 1: the authors use it within step t, which would make the
weight depend on how a batch is split between micro-batches and processes.

Images (B, *shape), codes (B, latent_dim); nats per image.
"""

from dataclasses import dataclass, field

from torch import Tensor

from simorgh.contracts import Batch, Config, DataSpec, Objective, Terms, Tick
from simorgh.models.vae import VAE, VAEConfig
from simorgh.nn.controller import AntiWindup, PIController, Ramp
from simorgh.nn.networks import Network


@dataclass(frozen=True)
class ControlVAEConfig(Config):
    """As VAEConfig, with a controller in the place of `beta` and `warmup`, and without `input_noise`.

    Attributes:
        target: the set point of the KL, in nats per image.
        kp, ki, beta_min, beta_max, anti_windup, ramp: see PIController.
    """

    unlike_losses = ("likelihood",)

    latent_dim: int = 10
    network: Network = field(default_factory=Network)
    likelihood: str = "bernoulli"
    prior: str = "gaussian"
    target: float = 14.0
    kp: float = 0.01
    ki: float = 0.001
    beta_min: float = 1.0
    beta_max: float | None = None
    anti_windup: AntiWindup = "conditional"
    ramp: Ramp | None = None

    def build(self, spec: DataSpec) -> "ControlVAE":
        return ControlVAE(self, spec)

    def marks(self) -> dict[str, float]:
        return {"set_point": self.target}


class ControlVAE(VAE):
    """Equation (1)."""

    def __init__(self, config: ControlVAEConfig, spec: DataSpec):
        super().__init__(VAEConfig(config.latent_dim, config.network, config.likelihood, config.prior), spec)
        bounds = config.beta_min, config.beta_max
        self.controller = PIController(config.target, config.kp, config.ki, *bounds, config.anti_windup, config.ramp)

    def objectives(self) -> tuple[Objective, ...]:
        return (Objective("elbo", list(self.parameters()), self.loss, after=self.after_step),)

    def weight(self, tick: Tick) -> Tensor:
        return self.controller.beta.float()

    def loss(self, batch: Batch, tick: Tick) -> Terms:
        terms = super().loss(batch, tick)
        now = {"beta": self.controller.beta.float(), "set_point": self.controller.set_point.float()}
        return Terms(terms.loss, terms.weight, {**terms.logs, **now})

    def after_step(self, terms: Terms) -> None:
        self.controller.step(terms.logs["kl"])
