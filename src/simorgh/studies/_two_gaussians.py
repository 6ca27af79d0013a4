"""Parts of the study `divergences`: two Gaussians of one width on the line, what a generator feels, the critic's slope."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy import integrate, stats

from simorgh.metrics.divergences import (
    Potential,
    Transport,
    js,
    kl,
    lipschitz_dual,
    quadrature,
    transport,
    w1_cdf,
    w1_quantiles,
)

LOSSES = {
    "saturating": lambda h: -torch.nn.functional.softplus(h),
    "non-saturating": lambda h: torch.nn.functional.softplus(-h),
    "printed": lambda h: -h,
}
"""Of the generator, by the logit h of the discriminator: log(1 - D), -log D, and their sum."""
# JS and the saturating gradient live at z = -u / 2, far out in the tail for narrow distributions.
Z, _weights = quadrature(np.linspace(-40, 40, 161))
MASS = _weights * stats.norm.pdf(Z)


class Pair:
    """p = N(gap, eps^2) and q = N(0, eps^2), at nodes x (n,) with weights w up to 12 widths from both means."""

    def __init__(self, gap: float, eps: float):
        self.gap, self.eps = gap, eps
        edges = np.union1d(np.linspace(gap - 12 * eps, gap + 12 * eps, 49), np.linspace(-12 * eps, 12 * eps, 49))
        self.x, self.w = quadrature(edges)
        self.log_p, self.log_q = stats.norm.logpdf(self.x, gap, eps), stats.norm.logpdf(self.x, 0, eps)

    def kl(self) -> float:
        return kl(self.log_p, self.log_q, self.w)

    def js(self) -> float:
        return js(self.log_p, self.log_q, self.w)

    def w1(self, shift: float = 0.0) -> float:
        """The area between the distribution functions, p moved by `shift`."""
        moved = stats.norm.cdf(self.x, self.gap + shift, self.eps)
        return w1_cdf(moved, stats.norm.cdf(self.x, 0, self.eps), self.w)

    def kl_slope(self) -> float:
        """The derivative of KL by the gap, since p has the derivative p (x - gap) / eps^2."""
        return float((self.w * np.exp(self.log_p) * (self.x - self.gap) / self.eps**2) @ (self.log_p - self.log_q))

    def js_slope(self, step: float = 1e-4) -> float:
        """Central difference of JS over the gap."""
        ahead, behind = (Pair(self.gap + s * step * self.eps, self.eps).js() for s in (1, -1))
        return (ahead - behind) / (2 * step * self.eps)

    def printed_loss(self) -> float:
        """E_p of log(1 - D) - log D with the optimal discriminator."""
        best = stats.logistic.cdf(self.log_q - self.log_p)
        return float((self.w * np.exp(self.log_p)) @ (np.log1p(-best) - np.log(best)))

    def kl_by_scipy(self) -> float:
        """KL by SciPy's own densities and adaptive integral, in widths from the mean of p."""
        gap, eps = self.gap, self.eps

        def integrand(t):
            at = gap + eps * t
            return (
                eps * stats.norm.pdf(at, gap, eps) * (stats.norm.logpdf(at, gap, eps) - stats.norm.logpdf(at, 0, eps))
            )

        return integrate.quad(integrand, -12, 12, epsabs=0, epsrel=1e-11, limit=400)[0]

    def w1_five_ways(self) -> dict[str, float]:
        """Area between the distribution functions; quantiles; SciPy on those; two linear programmes on a grid."""
        gap, eps = self.gap, self.eps
        t = (np.arange(4001) + 0.5) / 4001
        p, q = stats.norm.ppf(t, gap, eps), stats.norm.ppf(t, 0, eps)
        # Grid of step eps / 2, the two means on grid points: the masses are then exact shifts of each other.
        step = eps / 2
        away = round(gap / step)
        place = step * np.arange(-10, away + 11)
        bell = np.exp(-0.5 * (np.arange(-10, 11) / 2) ** 2)
        mass_q, mass_p = np.zeros(len(place)), np.zeros(len(place))
        mass_q[:21], mass_p[away : away + 21] = bell / bell.sum(), bell / bell.sum()
        distance = np.abs(place[:, None] - place)
        plan, dual = transport(distance, mass_p, mass_q), lipschitz_dual(distance, mass_p, mass_q)
        return {
            "area": self.w1(),
            "quantiles": w1_quantiles(p, q),
            "scipy": stats.wasserstein_distance(p, q),
            "plan": plan.value,
            "dual": dual.value,
        }


def gap_to_log2(eps: float) -> float:
    """log 2 - JS at a gap of 1, without cancellation."""
    return float(MASS @ np.logaddexp(0, -(0.5 / eps**2 + Z / eps)))


def gap_to_log2_by_scipy(eps: float) -> float:
    """The same by SciPy around the middle between the means, where the mass of this integral is."""
    u, middle = 1 / eps, -0.5 / eps

    def overlap(t):
        return np.exp(stats.norm.logpdf(t)) * np.logaddexp(0, -(u**2 / 2 + u * t))

    return integrate.quad(overlap, middle - 12, middle + 12, epsabs=0, epsrel=1e-9, limit=400, points=[middle])[0]


def felt(gap: float, eps: float) -> dict[str, float]:
    """Gradients of the three losses by theta with the optimal discriminator held, by formula; the critic's is 1."""
    u = gap / eps
    wrong = float(MASS @ stats.logistic.cdf(-(u**2 / 2 + u * Z)))  # E of D* under p_g
    right = float(MASS @ stats.logistic.cdf(u**2 / 2 + u * Z))
    steep = gap / eps**2
    return {"saturating": steep * wrong, "non-saturating": steep * right, "printed": steep, "wgan": np.sign(gap)}


def felt_by_autograd(gap: float, eps: float) -> dict[str, float]:
    """The same by torch: samples move with theta, the logit of the discriminator is a fixed function of x."""
    found = {}
    for name, loss in LOSSES.items():
        t = torch.tensor(gap, dtype=torch.float64, requires_grad=True)
        at = t + eps * torch.from_numpy(Z)
        logit = ((at - gap) ** 2 - at**2) / (2 * eps**2)  # here gap is the number that D was trained at, not t
        (torch.from_numpy(MASS) @ loss(logit)).backward()
        found[name] = float(t.grad)
    return found


def descend(loss: str, eps: float, rate: float = 0.02, steps: int = 80) -> np.ndarray:
    """The path of theta from 1 towards 0 by the gradients of `felt`; it ends where it has left for good."""
    path = [1.0]
    while len(path) <= steps and abs(path[-1]) < 20:
        path.append(path[-1] - rate * felt(path[-1], eps)[loss])
    return np.array(path)


def trained(eps: float, steps: Sequence[int]) -> list[float]:
    """|slope| of the logistic regression after each of `steps` of gradient ascent, theta = 1/2, theta0 = -1/2."""
    coarse, mass = quadrature(np.linspace(-8, 8, 17), order=6)
    mass = mass * stats.norm.pdf(coarse)
    real, fake = -0.5 + eps * coarse, 0.5 + eps * coarse
    alpha = beta = 0.0
    kept = []
    for step in range(1, max(steps) + 1):
        on_real = mass / (1 + np.exp(np.clip(alpha * real + beta, -500, 500)))  # times 1 - D
        on_fake = mass / (1 + np.exp(np.clip(-alpha * fake - beta, -500, 500)))  # times D
        alpha, beta = alpha + on_real @ real - on_fake @ fake, beta + on_real.sum() - on_fake.sum()
        if step in steps:
            kept.append(abs(alpha))
    return kept


class Segments(NamedTuple):
    """What three distances say of two segments; `places` (N, 2) are their points, `distance` (N, N) between them."""

    places: np.ndarray
    kl: float
    js: float
    plan: Transport
    critic: Potential
    distance: np.ndarray


def segments(at: float, n: int) -> Segments:
    """{at} x [0, 1] and {0} x [0, 1] of the plane, cut into n points each: divergences and both linear programmes."""
    height = (np.arange(n) + 0.5) / n
    places = np.concatenate([np.stack([np.full(n, s), height], 1) for s in (at, 0.0)])
    if at == 0:
        places = places[:n]
    p, q = np.zeros(len(places)), np.zeros(len(places))
    p[:n], q[-n:] = 1 / n, 1 / n
    distance = np.linalg.norm(places[:, None] - places, axis=-1)
    with np.errstate(divide="ignore"):
        log_p, log_q = np.log(p), np.log(q)
    plan, critic = transport(distance, p, q), lipschitz_dual(distance, p, q)
    return Segments(places, kl(log_p, log_q), js(log_p, log_q), plan, critic, distance)


def steepest(f: np.ndarray, distance: np.ndarray) -> float:
    """The largest slope of f (n,) between two places that lie `distance` (n, n) apart."""
    apart = distance > 0
    return float((np.abs(f[:, None] - f)[apart] / distance[apart]).max())
