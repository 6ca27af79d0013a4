"""Parts of the study `maximum_likelihood`: fits whose answer is known, a model with a closed posterior, one without, and
figures. Everything is in float64 and in nats."""

from collections.abc import Callable
from itertools import product
from math import exp, pi, sin
from typing import NamedTuple

import numpy as np
import sympy as sp
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import integrate, optimize, special
from torch import Tensor
from torch.distributions import MultivariateNormal, Normal

from simorgh.nn.likelihood import ContinuousBernoulli, continuous_bernoulli_log_normaliser
from simorgh.noise import Noise, philox


def bernoulli_nll(p: float, coins: np.ndarray) -> float:
    """Mean negative log-likelihood of coins (n,) in {0, 1}."""
    return -(coins * np.log(p) + (1 - coins) * np.log1p(-p)).mean()


def gaussian_nll(mu: float, log_sigma: float, values: np.ndarray) -> float:
    """Mean negative log-likelihood of values (n,)."""
    return (0.5 * ((values - mu) / np.exp(log_sigma)) ** 2 + log_sigma + 0.5 * np.log(2 * np.pi)).mean()


def best_coin(coins: np.ndarray) -> float:
    """The p that a numerical search finds."""
    limits, how = (1e-6, 1 - 1e-6), {"xatol": 1e-12}
    return optimize.minimize_scalar(bernoulli_nll, args=(coins,), bounds=limits, method="bounded", options=how).x


def best_gaussian(values: np.ndarray) -> tuple[float, float]:
    """The mean and deviation that a numerical search finds."""
    mu, log_sigma = optimize.minimize(lambda theta: gaussian_nll(*theta, values), [0.0, 0.0], tol=1e-12).x
    return mu, np.exp(log_sigma)


def log_likelihood(scores: Tensor, labels: Tensor) -> Tensor:
    """Mean log-probability of the labels (n,) under scores (n, C), written out."""
    return (scores[torch.arange(len(labels)), labels] - torch.logsumexp(scores, 1)).mean()


def descend(
    loss: Callable[[Tensor, Tensor], Tensor], start: Tensor, x: Tensor, y: Tensor, steps: int = 300, rate: float = 0.2
) -> tuple[Tensor, np.ndarray, Tensor]:
    """Gradient descent on loss(x @ weights, y) from `start`: the last weights, loss and gradient at each step."""
    weights, losses, gradients = start.clone().requires_grad_(), [], []
    for _ in range(steps):
        value = loss(x @ weights, y)
        (gradient,) = torch.autograd.grad(value, weights)
        weights = (weights.detach() - rate * gradient).requires_grad_()
        losses.append(float(value.detach()))
        gradients.append(gradient)
    return weights.detach(), np.array(losses), torch.stack(gradients)


def free_table(rows: Tensor, columns: Tensor, shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Probabilities of a table of free scores that minimise the cross-entropy of `columns` given `rows` (both (n,)), and
    the relative frequencies in each row."""
    table = torch.zeros(shape, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [table], max_iter=200, tolerance_grad=1e-12, tolerance_change=1e-16, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(table[rows], columns)
        loss.backward()
        return loss

    optimiser.step(closure)
    counts = [columns[rows == r].bincount(minlength=shape[1]).double() / (rows == r).sum() for r in range(shape[0])]
    return table.detach().softmax(1), torch.stack(counts)


class ProbabilisticPCA:
    """x = W z + b + sigma e for standard normal z and e (Tipping & Bishop 1999), and n draws x (n, D) of it.

    Attributes:
        exact: log p(x), (n,).
        mean, cov: of the posterior, (n, d) and (d, d).
    """

    def __init__(self, rng: np.random.Generator, n: int = 50, data: int = 5, latents: int = 2, sigma: float = 0.6):
        normal = lambda *shape: torch.from_numpy(rng.standard_normal(shape))  # noqa: E731
        self.W, self.b, self.sigma = normal(data, latents), normal(data), sigma
        self.x = normal(n, latents) @ self.W.T + self.b + sigma * normal(n, data)
        self.exact = MultivariateNormal(self.b, self.W @ self.W.T + sigma**2 * torch.eye(data)).log_prob(self.x)
        self.cov = torch.linalg.inv(torch.eye(latents) + self.W.T @ self.W / sigma**2)
        self.mean = (self.x - self.b) @ self.W @ self.cov / sigma**2

    def elbo(self, mean: Tensor, cov: Tensor) -> Tensor:
        """Closed ELBO of q = N(mean, cov), (n,)."""
        (data, latents), variance = self.W.shape, self.sigma**2
        residual = ((self.x - self.b - mean @ self.W.T) ** 2).sum(1) + torch.trace(self.W @ cov @ self.W.T)
        likelihood = -residual / (2 * variance) - data / 2 * np.log(2 * np.pi * variance)
        return likelihood - 0.5 * (torch.trace(cov) + (mean**2).sum(1) - latents - torch.logdet(cov))

    def posterior_kl(self, mean: Tensor, cov: Tensor) -> Tensor:
        """KL(q, p(z | x)) of q = N(mean, cov), (n,)."""
        off = mean - self.mean
        distance = torch.einsum("ni,ij,nj->n", off, torch.linalg.inv(self.cov), off)
        spread = torch.trace(torch.linalg.solve(self.cov, cov))
        return 0.5 * (spread + distance - len(cov) + torch.logdet(self.cov) - torch.logdet(cov))

    def log_weights(self, k: int, chunk: int) -> Tensor:
        """(k, n) of log p(x, z) - log q(z), q the posterior moved by half a deviation and of twice the variance."""
        root = torch.linalg.cholesky(2 * self.cov)
        moved = 0.5 * torch.linalg.cholesky(self.cov).sum(1)
        eps = Noise(3, "pca", chunk).normal(k, *self.mean.shape, axis=1).double() @ root.T
        z = self.mean + moved + eps
        likelihood = Normal(z @ self.W.T + self.b, self.sigma).log_prob(self.x).sum(-1)
        joint = likelihood + Normal(0.0, 1.0).log_prob(z).sum(-1)
        return joint - MultivariateNormal(torch.zeros(len(root)), 2 * self.cov).log_prob(eps)


def symbolic_difference() -> sp.Expr:
    """The two sides of the ELBO identity for z ~ N(0, 1), x | z ~ N(w z, s^2), q = N(m, v), subtracted and simplified."""
    x, w, m = sp.symbols("x w m", real=True)
    s, v = sp.symbols("s v", positive=True)
    total = w**2 + s**2
    post_mean, post_var = w * x / total, s**2 / total
    log_px = -sp.log(2 * sp.pi * total) / 2 - x**2 / (2 * total)
    kl_post = (v / post_var + (m - post_mean) ** 2 / post_var - 1 + sp.log(post_var) - sp.log(v)) / 2
    expected = -sp.log(2 * sp.pi * s**2) / 2 - ((x - w * m) ** 2 + w**2 * v) / (2 * s**2)
    kl_prior = (v + m**2 - 1 - sp.log(v)) / 2
    return sp.simplify(sp.expand_log(log_px - kl_post - expected + kl_prior, force=True))


class Curved(NamedTuple):
    """A two-dimensional code with a non-linear decoder: log p(x) by adaptive quadrature; both sides of the ELBO identity,
    the posterior in them normalised by its own sum over the grid `axis` x `axis`; its density and that of q there."""

    axis: np.ndarray
    log_px: float
    left: float
    right: float
    posterior: np.ndarray
    q: np.ndarray


def curved_decoder() -> Curved:
    """x = (0.7, -0.4) has the mean (sin z1 + z2, z1 z2 / 2) and the variance 0.25; q = N((0.4, -0.2), (0.5, 0.3))."""
    axis = np.linspace(-7, 7, 561)
    z = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1)
    area = (axis[1] - axis[0]) ** 2
    centre = np.stack([np.sin(z[..., 0]) + z[..., 1], z[..., 0] * z[..., 1] / 2], -1)
    log_lik = -((np.array([0.7, -0.4]) - centre) ** 2).sum(-1) / (2 * 0.25) - np.log(2 * np.pi * 0.25)
    log_prior = -(z**2).sum(-1) / 2 - np.log(2 * np.pi)
    mean, var = np.array([0.4, -0.2]), np.array([0.5, 0.3])
    log_q = -((z - mean) ** 2 / var).sum(-1) / 2 - np.log(2 * np.pi) - np.log(var).sum() / 2
    q = np.exp(log_q)
    joint = log_lik + log_prior
    log_posterior = joint - np.log(np.exp(joint).sum() * area)

    def density(z2: float, z1: float) -> float:
        off = (0.7 - sin(z1) - z2) ** 2 + (-0.4 - z1 * z2 / 2) ** 2
        return exp(-2 * off - (z1 * z1 + z2 * z2) / 2) / (pi**2)  # (2 pi 0.25) (2 pi) = pi^2

    log_px = np.log(integrate.dblquad(density, -7, 7, -7, 7, epsabs=1e-11, epsrel=1e-11)[0])
    left = log_px - (q * (log_q - log_posterior)).sum() * area
    right = (q * log_lik).sum() * area - (q * (log_q - log_prior)).sum() * area
    return Curved(axis, log_px, left, right, np.exp(log_posterior), q)


def grey_and_coins(pixels: int = 8, pictures: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Scores log of the integral of p(z) p(x | z) of random grey pictures x under a Bernoulli decoder of a code of two
    dimensions, and the mean log-likelihood of their coin tosses, over all 2^pixels of them; (pictures,) each."""
    rng = philox("grey and coins")
    axis = np.linspace(-6, 6, 121)
    z = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    logits = np.tanh(z @ rng.standard_normal((2, 16))) @ rng.standard_normal((16, pixels))
    log_weight = -(z**2).sum(1) / 2 - np.log(2 * np.pi) + 2 * np.log(axis[1] - axis[0])

    def score(x: np.ndarray) -> np.ndarray:
        return special.logsumexp(log_weight + x @ logits.T - np.logaddexp(0, logits).sum(1), axis=1)

    grey = rng.random((pictures, pixels))
    tosses = np.array(list(product((0.0, 1.0), repeat=pixels)))
    chance = np.where(tosses == 1, grey[:, None], 1 - grey[:, None]).prod(-1)
    return score(grey), chance @ score(tosses)


def integral(logit: float) -> float:
    """Of the continuous Bernoulli density over [0, 1]."""
    point = torch.full((1, 1), logit)
    density = lambda t: float(ContinuousBernoulli().log_prob(torch.full((1, 1), t), point).exp())  # noqa: E731
    return integrate.quad(density, 0, 1, epsabs=1e-12, limit=200)[0]


def missing_normaliser(images: Tensor, clamp: float) -> Tensor:
    """(n,) sums over pixels of log C at the logits of `images` (n, ...) themselves, clamped that far from 0 and 1."""
    return continuous_bernoulli_log_normaliser(images.flatten(1).clamp(clamp, 1 - clamp).logit()).sum(1)


# pictures


def _two_panels() -> tuple[Figure, tuple[Axes, Axes]]:
    figure = Figure(figsize=(7.4, 3))
    return figure, figure.subplots(1, 2)


def likelihoods(grid: np.ndarray, nll: np.ndarray, entropy_and_kl: np.ndarray, p: float, values: np.ndarray) -> Figure:
    """Two curves over the Bernoulli models `grid` with a line at p, and the surface of Gaussians fitted to `values`."""
    figure, (left, right) = _two_panels()
    left.plot(grid, nll, label="mean −log-likelihood")
    left.plot(grid, entropy_and_kl, "--", label="entropy + KL(data, model)")
    left.axvline(p, color="black", linewidth=0.8)
    left.set(xlabel="p", ylabel="nats", title="Bernoulli")
    left.legend()
    mus, sigmas = np.meshgrid(np.linspace(1.5, 1.9, 60), np.linspace(0.3, 0.6, 60))
    surface = np.log(sigmas) + 0.5 * np.log(2 * np.pi) + (values.var() + (values.mean() - mus) ** 2) / (2 * sigmas**2)
    right.contour(mus, sigmas, surface, 18)
    right.plot(values.mean(), values.std(), "k+", markersize=12)
    right.set(xlabel="μ", ylabel="σ", title="Gaussian")
    return figure


def cross_entropies(losses: np.ndarray, likelihood: np.ndarray, frequency: Tensor, table: Tensor) -> Figure:
    """Two training curves, and the probabilities of a free table beside the relative frequencies, both (R, C)."""
    figure, (left, right) = _two_panels()
    left.plot(losses, label="cross-entropy (minimised)")
    left.plot(likelihood, "--", label="mean log-likelihood (maximised)")
    left.axhline(0, color="black", linewidth=0.8)
    left.set(xlabel="step", ylabel="nats per image")
    left.legend()
    place = np.arange(table.numel())
    names = [f"{c}|{r}" for r in range(len(table)) for c in range(table.shape[1])]
    right.bar(place, frequency.flatten(), color="#BBBBBB", label="relative frequency")
    right.plot(place, table.flatten(), "x", label="minimiser of cross-entropy")
    right.set(xticks=place, xticklabels=names, xlabel="class | row", ylabel="probability", ylim=(0, 0.36))
    right.legend()
    return figure


def gaps(
    shifts: np.ndarray, found: list[float], predicted: list[float], bounds: dict[int, float], exact: float
) -> Figure:
    """The gap of the ELBO by how far q is moved, and importance-weighted bounds by number of draws."""
    figure, (left, right) = _two_panels()
    left.plot(shifts, found, "o", label="log p(x) − ELBO")
    left.plot(shifts, predicted, label="KL(q(z|x), p(z|x))")
    left.set(xlabel="how far q is moved off the posterior", ylabel="nats")
    left.legend()
    right.semilogx(*zip(*bounds.items()), "o-", label="importance-weighted bound")
    right.axhline(exact, color="black", linewidth=0.8, label="log p(x)")
    right.set(xlabel="draws k", ylabel="nats per example")
    right.legend()
    return figure


def posterior(found: Curved) -> Figure:
    """The posterior as filled contours, q as lines."""
    figure = Figure(figsize=(4.2, 3.4))
    panel = figure.subplots()
    panel.contourf(found.axis, found.axis, found.posterior.T, 12, cmap="Greys")
    panel.contour(found.axis, found.axis, found.q.T, 5, colors="#CC6677")
    panel.set(xlim=(-2.5, 2.5), ylim=(-3, 3), xlabel="$z_1$", ylabel="$z_2$")
    return figure


def grey_densities() -> Figure:
    """The normaliser of a grey pixel by its logit, and densities with it (lines) and without (dashed)."""
    figure, (left, right) = _two_panels()
    etas = torch.linspace(-12, 12, 400)
    left.plot(etas, continuous_bernoulli_log_normaliser(etas))
    left.set(xlabel="logit η", ylabel="log C(η), nats per pixel")
    t = torch.linspace(0, 1, 200)[:, None]
    for value in (0.1, 0.3, 0.5, 0.9):
        e = torch.logit(torch.tensor(value))
        right.plot(t[:, 0], (t[:, 0] * e - torch.nn.functional.softplus(e)).exp(), "--", color="grey")
        right.plot(t[:, 0], ContinuousBernoulli().log_prob(t, e.expand(200, 1)).exp(), label=f"λ = {value}")
    right.set(xlabel="pixel x", ylabel="density (dashed: Bernoulli formula)")
    right.legend()
    return figure
