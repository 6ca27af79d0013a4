"""Likelihoods of two-dimensional models that are as good as exact, and the estimators held against them.

With a code of two dimensions the integral over codes is a sum over a fine grid. That is the truth that the
importance-weighted bound and annealed importance sampling are checked with; both are given a proposal fitted to
each image, for the encoder itself misses the posterior of a few images by far.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from simorgh.contracts import Noise, UserError
from simorgh.data import batches, load
from simorgh.metrics.likelihood import (
    LogMeanExp,
    annealed_importance_sampling,
    exact_log_likelihood,
    importance_bound,
)
from simorgh.metrics.proposal import Mixture, fit_proposal
from simorgh.models.vae import LatentVariableModel
from simorgh.train import Run


@dataclass(frozen=True)
class Estimates:
    """log p of the first n test images by several routes, each (n,) in nats; None where a route was not asked for."""

    elbo: Tensor
    encoder: Tensor
    fitted: Tensor
    annealed: Tensor | None = None
    exact: Tensor | None = None


def estimates(run: Run, n: int = 100, k: int = 5000, exact: bool = False) -> Estimates:
    """The ELBO and k-sample bounds with the encoder and with a fitted proposal; with `exact` also AIS and quadrature
    over the plane. UserError where the model has no such latent or likelihood.

    AIS has 1,500 chains of 5 temperatures: what a fitted start leaves to chance is the mode that a chain is in, which
    more temperatures do not change and more chains average.
    """
    model = run.model()
    if not isinstance(model, LatentVariableModel) or run.experiment.model.prior != "gaussian":
        raise UserError(f"{run.experiment.name} has no Gaussian code: these estimates need one.")
    data = load(run.experiment.data)
    (batch,) = batches(data.test.take(slice(0, n)), run.experiment.data, n)
    x, y, noise = batch.x, batch.y, Noise(0, "exact")

    def log_joint(z: Tensor) -> Tensor:
        return model.log_joint(x, z, y)

    with torch.no_grad():
        elbo = torch.stack([-model.bound(x, y, noise.at(i))["neg_elbo"] for i in range(20)]).mean(0).double()
        encoder = importance_bound(lambda k, i: model.log_weights(x, y, k, noise.at(i)), k)
        q = model.infer(x, y)
        start = Mixture.around(q.mean, q.sample(noise, 400).std(0))
        proposal = fit_proposal(log_joint, start, noise)

        def weights(k: int, i: int) -> Tensor:
            z = proposal.draw(k, noise, f"chunk {i}")
            return log_joint(z) - proposal.log_prob(z)

        fitted = importance_bound(weights, k)
    if not exact:
        return Estimates(elbo, encoder, fitted)
    annealed = LogMeanExp()
    for i in range(5):  # 300 chains at a time
        draws = proposal.draw(4 + 300, noise, f"start {i}")
        annealed.add(annealed_importance_sampling(
            proposal.log_prob, log_joint, draws, noise.at(i), steps=5, leapfrog=1, sharpness=10
        ).log_weights)  # fmt: skip
    return Estimates(elbo, encoder, fitted, annealed.value(), _integral(model, x))


@torch.no_grad()
def _integral(model: LatentVariableModel, x: Tensor) -> Tensor:
    """log p(x) by quadrature, for a Bernoulli model without labels and a code of two dimensions."""
    if model.conditional or model.latent_dim != 2:
        raise UserError("Quadrature over the plane needs a model without labels and a code of two dimensions.")
    flat = x.flatten(1)

    def log_likelihood(z: Tensor) -> Tensor:
        eta = model.generate(z, None).flatten(1)
        return eta @ flat.T - softplus(eta).sum(1, keepdim=True)

    return exact_log_likelihood(log_likelihood, model.latent.log_prior, radius=7.5, points=301).log_prob
