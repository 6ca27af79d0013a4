"""Parts of the study `latent_priors`: laws of variance 1 on the line, decoders of their draws, gradients through draws."""

from collections.abc import Callable
from math import log, pi, sqrt
from typing import NamedTuple

import numpy as np
import torch
from scipy import integrate, stats
from torch import Tensor

from simorgh.metrics.divergences import w1_quantiles
from simorgh.nn.latent import Categorical, VonMisesFisher, make_latent
from simorgh.noise import Noise, philox


class TwoBumps(stats.rv_continuous):
    """Equal parts of N(-0.9, 0.19) and N(0.9, 0.19): mean 0, variance 0.81 + 0.19 = 1."""

    def _pdf(self, x):
        return 0.5 * (stats.norm.pdf(x, -0.9, sqrt(0.19)) + stats.norm.pdf(x, 0.9, sqrt(0.19)))

    def _cdf(self, x):
        return 0.5 * (stats.norm.cdf(x, -0.9, sqrt(0.19)) + stats.norm.cdf(x, 0.9, sqrt(0.19)))


LAWS = {
    "Gaussian": stats.norm(),
    "logistic": stats.logistic(scale=sqrt(3) / pi),
    "Student, ν = 5": stats.t(5, scale=sqrt(3 / 5)),
    "Laplace": stats.laplace(scale=1 / sqrt(2)),
    "uniform": stats.uniform(-sqrt(3), 2 * sqrt(3)),
    "two bumps": TwoBumps()(),
}
SUMMANDS = {n: LAWS[n] for n in ("uniform", "Laplace", "two bumps", "Student, ν = 5")} | {
    "exponential": stats.expon(-1)
}
GAUSSIAN_ENTROPY = 0.5 * log(2 * pi * np.e)
ANGLES = np.deg2rad(np.arange(0, 91, 5))
ROUND_STUDENT = 2 * float(stats.t(5).entropy()) - float(stats.multivariate_t(np.zeros(2), np.eye(2), df=5).entropy())
"""Mutual information of both coordinates of the Student law of the plane with round level lines."""
_EDGES = [-np.inf, -sqrt(3), 0, sqrt(3), np.inf]
_STEP, _COUNT = 0.004, 2**15
_AXIS = (np.arange(_COUNT) - _COUNT // 2) * _STEP


def expect(law, value: Callable) -> float:
    """E[value(x)] under `law` by adaptive quadrature, cut where the uniform law ends and the Laplace law has its tip."""

    def integrand(x):
        p = law.pdf(x)
        return p * value(x) if p > 0 else 0.0

    return sum(integrate.quad(integrand, a, b, limit=200, epsabs=1e-11)[0] for a, b in zip(_EDGES, _EDGES[1:]))


def spectrum(law, scale: float) -> np.ndarray:
    """Fourier transform of the density of scale * X, from exact cell probabilities on the axis."""
    cells = np.diff(law.cdf(np.concatenate([_AXIS - _STEP / 2, [_AXIS[-1] + _STEP / 2]]) / scale))
    return np.fft.fft(np.fft.ifftshift(cells))


def entropy_of(transform: np.ndarray) -> float:
    """Differential entropy of the density with this Fourier transform."""
    cells = np.clip(np.fft.ifft(transform).real, 1e-300, None)
    return float(-(cells * np.log(cells / _STEP)).sum())


def entropy_of_sum(law, terms: int) -> float:
    """Of the standardised sum of so many independent draws."""
    return entropy_of(spectrum(law, 1.0) ** terms) - 0.5 * log(terms)


def dependence(law) -> np.ndarray:
    """Mutual information in nats of two coordinates of a product law after rotation by each of the ANGLES."""
    own = entropy_of(spectrum(law, 1.0))
    turned = [
        own if min(c, s) < 1e-9 else entropy_of(spectrum(law, c) * spectrum(law, s))
        for c, s in zip(np.cos(ANGLES), np.sin(ANGLES))
    ]
    # The laws are symmetric, so V at the angle t is distributed as U at 90 degrees - t.
    return np.array(turned) + np.array(turned)[::-1] - 2 * own


def ripple(law) -> float:
    """Largest minus smallest log-density of the product law on the circle of radius 2."""
    circle = np.linspace(0, 2 * pi, 361)
    with np.errstate(divide="ignore"):
        values = law.logpdf(2 * np.cos(circle)) + law.logpdf(2 * np.sin(circle))
    return float(values.max() - values.min())


FINE = np.linspace(-4, 6, 40001)
TARGET_CDF = 0.6 * stats.norm.cdf(FINE, -1.5, 0.3) + 0.4 * stats.norm.cdf(FINE, 2.5, 0.6)
"""The target 0.6 N(-1.5, 0.3^2) + 0.4 N(2.5, 0.6^2)."""


def target(u: np.ndarray) -> np.ndarray:
    """Its quantiles at the levels u."""
    return np.interp(u, TARGET_CDF, FINE)


def levels(n: int) -> np.ndarray:
    return (np.arange(n) + 0.5) / n


def to_target(x: np.ndarray) -> float:
    """W1 between the empirical law of x (n,) and the target."""
    return w1_quantiles(x, target(levels(len(x))))


def of_draws(law, draws: int, rng: np.random.Generator, repeats: int = 100) -> float:
    """Mean W1 to the target of draws of `law` sent through the exact map; without a law, of draws of the target."""
    return np.mean([
        to_target(target(rng.random(draws) if law is None else law.cdf(law.rvs(draws, random_state=rng))))
        for _ in range(repeats)
    ])  # fmt: skip


def fitted(law, width: int, n: int = 20_000) -> np.ndarray:
    """(n,) quantiles of `law` sent through a tanh network with one hidden layer, fitted to the exact map."""
    u = levels(2000)
    z, goal = (torch.from_numpy(a)[:, None] for a in (law.ppf(u), target(u)))
    start = philox("decoder", width)
    shapes = ((1, width), (width,), (width, 1), (1,))
    weights = [torch.from_numpy(start.standard_normal(s)).requires_grad_() for s in shapes]
    optimiser = torch.optim.LBFGS(weights, max_iter=300, line_search_fn="strong_wolfe", tolerance_change=1e-12)

    def decode(z):
        return torch.tanh(z @ (3 * weights[0]) + weights[1]) @ weights[2] + weights[3]

    def closure():
        optimiser.zero_grad()
        loss = (decode(z) - goal).square().mean()
        loss.backward()
        return loss

    optimiser.step(closure)
    return decode(torch.from_numpy(law.ppf(levels(n)))[:, None]).detach().numpy()[:, 0]


class Gradients(NamedTuple):
    """Estimates (n,) of one derivative, by single draws; `baseline` is the score form less the mean of f."""

    pathwise: Tensor
    score: Tensor
    baseline: Tensor

    def ratio(self) -> float:
        """The variance of the score form over that of the pathwise one."""
        return float(self.score.var() / self.pathwise.var())


def gradients(latent, h: Tensor, f: Callable[[Tensor], Tensor], n: int) -> Gradients:
    """Of E f(z) by the first encoder output h[0, 0]."""
    h = h.double().expand(n, -1).clone().requires_grad_()
    q = latent.posterior(h)
    z = q.sample(Noise(0, "gradient"), 1)
    (path,) = torch.autograd.grad(f(z[0]).sum(), h, retain_graph=True)
    (score,) = torch.autograd.grad(q.log_prob(z.detach()).sum(), h)
    value = f(z[0].detach())
    return Gradients(path[:, 0], value * score[:, 0], (value - value.mean()) * score[:, 0])


def off_centre(z: Tensor) -> Tensor:
    return (z - 1).square().sum(-1)


def gaussian_gradients(d: int, n: int) -> Gradients:
    """For `off_centre` of a Gaussian code of d dimensions with mean 0 and log-variance -1."""
    h = torch.cat([torch.zeros(d), torch.full((d,), -1.0)])[None]
    return gradients(make_latent("gaussian", d), h, off_centre, n)


def gradient_cases() -> dict[str, tuple]:
    """A latent law, an encoder output h (1, outputs), a function f of codes, and the exact d E f / d h[0, 0]."""
    line = torch.tensor([[0.4, -0.3, -1.0, -1.0]])
    direction = torch.tensor([[0.3, 0.2, 0.9, 3.0]], dtype=torch.float64)
    logits = torch.linspace(1, -1, 8, dtype=torch.float64)[None]
    worth = torch.linspace(-1, 1, 8, dtype=torch.float64).square()
    sphere = VonMisesFisher(2)

    def toward(z):
        return z @ torch.tensor([1.0, 0.5, -0.5], dtype=torch.float64)

    def mean_on_sphere(h):
        q = sphere.posterior(h)
        return (1 / torch.tanh(q.kappa) - 1 / q.kappa) * toward(q.mean)

    def mean_of_symbols(h):
        return torch.softmax(h, -1) @ worth

    flat = {
        name: (make_latent(name.lower(), 2), line, off_centre, 2 * (0.4 - 1))
        for name in ("Gaussian", "Laplace", "Student")
    }
    return flat | {
        "von Mises-Fisher": (sphere, direction, toward, _slope(mean_on_sphere, direction)),
        "categorical": (Categorical(1, 8), logits, lambda z: z @ worth, _slope(mean_of_symbols, logits)),
    }


def _slope(value: Callable[[Tensor], Tensor], h: Tensor) -> float:
    h = h.clone().requires_grad_()
    return float(torch.autograd.grad(value(h).sum(), h)[0][0, 0])
