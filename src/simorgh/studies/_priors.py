"""Parts of the study `latent_priors`: what is measured on trained models with two-dimensional or symbolic codes."""

from collections.abc import Mapping, Sequence
from math import log, pi
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from simorgh.contracts import Measurement
from simorgh.data import Dataset
from simorgh.evaluate import importance_weighted
from simorgh.metrics.intervals import Interval, mean_interval, paired_difference
from simorgh.metrics.likelihood import quadrature
from simorgh.nn.latent import Categorical, VonMisesFisher
from simorgh.noise import Noise
from simorgh.studies.kit import Study
from simorgh.train import Run


class Fit(NamedTuple):
    """Of a trained model, in nats: KL of the average posterior to the prior, information of the code about the image,
    mean of -log p(x), gap of the ELBO with its median, and mean change of log p on a grid 1.5 times coarser."""

    mismatch: Interval
    information: Interval
    neg_log_p: float
    gap: Interval
    median: float
    coarse: float


class Coded:
    """A trained model and its posteriors for images (N, 1, H, W)."""

    def __init__(self, model, images: Tensor):
        self.model, self.latent, self.images = model, model.latent, images
        with torch.no_grad():
            self.posterior = model.infer(images, None)

    @torch.no_grad()
    def marginal_kl(self, draws: int) -> tuple[np.ndarray, np.ndarray]:
        """log(average posterior / prior) and log(own posterior / average posterior), (draws,) each: one draw for each
        of so many images, evenly spaced."""
        own = self.posterior
        z = own.sample(Noise(0, "average"), 1)[0]
        picked = torch.linspace(0, len(z) - 1, draws).long()
        log_average = torch.cat([
            own.log_prob(part[:, None].expand(-1, len(z), -1)).double().logsumexp(1) - log(len(z))
            for part in z[picked].split(50)
        ])  # fmt: skip
        log_own = own.log_prob(z[None])[0][picked].double()
        return (log_average - self.latent.log_prior(z[picked])).numpy(), (log_own - log_average).numpy()

    @torch.no_grad()
    def neg_log_p(self, some: int, spacing: float) -> Tensor:
        """-log p(x) of the first images, (some,): over symbols, over the sphere, or over the plane."""
        x = self.images[:some].flatten(1)

        def log_likelihood(z):
            eta = self.model.generate(z, None).flatten(1)
            return eta @ x.T - softplus(eta).sum(1, keepdim=True)

        if isinstance(self.latent, Categorical):
            z = torch.eye(self.latent.features)
            return -(log_likelihood(z).double() - log(len(z))).logsumexp(0)
        if isinstance(self.latent, VonMisesFisher):
            z = sphere_points(int(4 * pi / spacing**2))
            sums = torch.stack([log_likelihood(part).double().logsumexp(0) for part in z.split(4096)])
            return -(sums.logsumexp(0) - log(len(z)))
        reach = float(self.posterior.mean[:some].abs().max()) + 2
        return -quadrature(log_likelihood, self.latent.log_prior, reach, 2 * round(reach / spacing) + 1)

    @torch.no_grad()
    def neg_elbo(self, some: int, draws: int = 50) -> Tensor:
        """-ELBO of the first images, (some,), mean over the draws."""
        x = self.images[:some]
        return torch.stack([self.model.bound(x, None, Noise(i, "gap"))["neg_elbo"] for i in range(draws)]).mean(0)

    def fit(self, draws: int, some: int, spacing: float) -> Fit:
        """The first two parts by so many draws, the others on the first `some` images with nodes `spacing` apart."""
        mismatch, information = (mean_interval(v, kind="normal") for v in self.marginal_kl(draws))
        exact = self.neg_log_p(some, spacing)
        coarse = float((exact - self.neg_log_p(some, 1.5 * spacing)).abs().mean())
        missed = (self.neg_elbo(some) - exact).double().numpy()
        gap = mean_interval(missed, kind="normal")
        return Fit(mismatch, information, float(exact.mean()), gap, float(np.median(missed)), coarse)

    @torch.no_grad()
    def swing(self, angles: np.ndarray) -> np.ndarray:
        """Change of the mean log-prior of the codes (plane) when they are turned about the origin."""
        z = self.posterior.sample(Noise(0, "turn"), 1)[0]
        turned = [float(self.latent.log_prior(z @ _rotation(t)).mean()) for t in angles]
        return np.array(turned) - turned[0]

    @torch.no_grad()
    def posterior_on(self, x: Tensor, keep: Tensor, low: Tensor, high: Tensor, side: int) -> tuple[Tensor, Tensor]:
        """Nodes (side^2, 2) of a box and the probabilities there of p(z | the kept pixels of x), Gaussian prior."""
        axes = [torch.linspace(float(a), float(b), side) for a, b in zip(low, high)]
        nodes = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).view(-1, 2)
        eta = torch.cat([self.model.generate(part, None).flatten(1)[:, keep] for part in nodes.split(4096)])
        score = (eta @ x[keep] - softplus(eta).sum(1)).double() + self.latent.log_prior(nodes).double()
        return nodes.double(), torch.softmax(score, 0)

    def missing_entropy(self, i: int, keep: Tensor, side: int) -> float:
        """KL of the posterior of image i, of which the pixels `keep` are seen, to the Gaussian with its moments: from a
        coarse box around the prior, made finer three times."""
        x, low, high = self.images[i].flatten(), torch.full((2,), -5.0), torch.full((2,), 5.0)
        for _ in range(3):
            mean, covariance = moments(*self.posterior_on(x, keep, low, high, side))
            reach = 6 * covariance.diagonal().sqrt() + 2 * ((high - low) / side)
            low, high = mean - reach, mean + reach
        nodes, p = self.posterior_on(x, keep, low, high, side)
        covariance = moments(nodes, p)[1]
        area = float(((high - low) / (side - 1)).prod())
        entropy = float(-(p * (p.clamp(min=1e-300) / area).log()).sum())
        return 1 + log(2 * pi) + 0.5 * float(torch.linalg.slogdet(covariance)[1]) - entropy


def sphere_points(count: int) -> Tensor:
    """(count, 3) Fibonacci points of the unit sphere: equal areas."""
    i = torch.arange(count, dtype=torch.float64) + 0.5
    height, angle = 1 - 2 * i / count, pi * (1 + 5**0.5) * i
    radius = (1 - height.square()).sqrt()
    return torch.stack([radius * angle.cos(), radius * angle.sin(), height], 1).float()


def _rotation(t: float) -> Tensor:
    return torch.tensor([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]], dtype=torch.float32)


def moments(nodes: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (2,) and covariance (2, 2) of probabilities p (n,) at nodes (n, 2)."""
    mean = p @ nodes
    return mean, (nodes - mean).T @ ((nodes - mean) * p[:, None])


def common_bound(study: Study, key: str, data: Dataset, n: int) -> Measurement:
    """The importance-weighted bound over the seeds of a recipe on the first n test images, measured anew where the
    evaluation took more."""
    runs = study.runs(key)
    held = [next(m for m in run.results() if m.name == "iwae_bound") for run in runs]
    if all(m.n == n for m in held):
        return study.results(key, "iwae_bound")
    k = runs[0].experiment.evaluate.importance_samples
    values = [-float(importance_weighted(run, run.model(), data, k, n).mean()) for run in runs]
    mean, low, high, count = mean_interval(values) if len(values) > 1 else (values[0], None, None, n)
    protocol = held[0].protocol.replace(f"first {held[0].n}", f"first {n}")
    return study.measure("iwae_bound", mean, low, high, n=count, unit="nats/image", protocol=protocol, recipe=key)


def clear_differences(runs: Mapping[str, Sequence[Run]], name: str, base: str) -> dict[str, Interval]:
    """Differences of a measurement from that of the recipe `base`, seeds paired, whose 95 % intervals leave out 0."""

    def values(key):
        return [next(m.value for m in run.results() if m.name == name) for run in runs[key]]

    found = {key: paired_difference(values(key), values(base)) for key in runs if key != base and len(runs[key]) > 1}
    return {key: d for key, d in found.items() if d.low > 0 or d.high < 0}


def listed(differences: Mapping[str, Interval], names: Mapping[str, str], words: tuple[str, str], comma: str) -> str:
    """Differences in words; `words` says lower and higher."""
    ends = {key: sorted((abs(d.low), abs(d.high))) for key, d in differences.items()}
    return comma.join(
        f"{names[key]} {abs(d.value):.2f} [{ends[key][0]:.2f}, {ends[key][1]:.2f}] {words[d.value > 0]}"
        for key, d in differences.items()
    )
