"""Distances between known distributions: Kullback-Leibler, Jensen-Shannon and Wasserstein, all in float64.

    KL(p, q) = E_p log p / q                                            (Kullback and Leibler 1951)
    JS(p, q) = KL(p, m) / 2 + KL(q, m) / 2,  m = (p + q) / 2            (Lin 1991), at most log 2
    W1(p, q) = min over couplings of E d(x, y)                          (Kantorovich 1942)
             = max over 1-Lipschitz f of E_p f - E_q f                  (Kantorovich and Rubinstein 1958)
    W2(p, q)^2 = min over couplings of E |x - y|^2

KL and JS are in nats, W1 and W2 in the units of the distance. A density is given by its logarithm at the nodes of
`quadrature`; a discrete distribution by the logarithms of its masses and weights of one.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment, linprog

from simorgh.contracts import UserError


class Transport(NamedTuple):
    """The least cost, and the plan (n, m): how much mass goes from place i to place j."""

    value: float
    plan: np.ndarray


class Potential(NamedTuple):
    """The largest difference of means, and the function (n,) that attains it; its value at the first place is 0."""

    value: float
    function: np.ndarray


class Assignment(NamedTuple):
    """The mean squared distance of partners, and the partner (n,) of each row."""

    value: float
    partner: np.ndarray


def quadrature(edges: ArrayLike, order: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of Gauss-Legendre of `order` between each two neighbours of the ascending `edges` (k,).

    Each is ((k - 1) * order,). Exact on every panel for polynomials of degree 2 order - 1: put an edge wherever
    an integrand changes its scale.
    """
    edges = _vector(edges, "edges")
    if len(edges) < 2 or (np.diff(edges) < 0).any() or order < 1:
        raise UserError("panels need at least two ascending edges and an order of one or more.")
    nodes, weights = np.polynomial.legendre.leggauss(order)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (nodes + 1)).ravel(), (half * weights).ravel()


def kl_gaussians(mean_p: float, mean_q: float, sigma_p: float, sigma_q: float) -> float:
    """KL(N(mean_p, sigma_p^2), N(mean_q, sigma_q^2)) in nats; for equal widths (mean_p - mean_q)^2 / (2 sigma^2).

    UserError for widths that are not positive.
    """
    if min(sigma_p, sigma_q) <= 0:
        raise UserError(f"widths {sigma_p} and {sigma_q} make no densities: both should be above 0.")
    ratio, gap = sigma_p / sigma_q, (mean_p - mean_q) / sigma_q
    return float((ratio**2 + gap**2 - 1) / 2 - np.log(ratio))


def kl(log_p: ArrayLike, log_q: ArrayLike, weights: ArrayLike | float = 1.0) -> float:
    """KL(p, q) = sum_i w_i p_i (log p_i - log q_i) from the logarithms (n,); inf where q has no mass and p has."""
    log_p, log_q, weights = _pair(log_p, log_q, weights)
    mass = weights * np.exp(log_p)
    held = mass > 0
    return float(mass[held] @ (log_p[held] - log_q[held]))


def js(log_p: ArrayLike, log_q: ArrayLike, weights: ArrayLike | float = 1.0) -> float:
    """JS(p, q) in nats, from 0 to log 2, by the mean of the two logarithms (n,); zero masses are allowed."""
    log_p, log_q, weights = _pair(log_p, log_q, weights)
    log_m = np.logaddexp(log_p, log_q) - np.log(2)
    return (kl(log_p, log_m, weights) + kl(log_q, log_m, weights)) / 2


def w1_cdf(cdf_p: ArrayLike, cdf_q: ArrayLike, weights: ArrayLike) -> float:
    """W1 on the line as the area between two distribution functions (n,), given at the nodes of a quadrature.

    Vallender 1974, "Calculation of the Wasserstein distance between probability distributions on the line".
    """
    cdf_p, cdf_q, weights = (_vector(part, "distribution functions") for part in (cdf_p, cdf_q, weights))
    if not len(cdf_p) == len(cdf_q) == len(weights):
        raise UserError("two distribution functions are compared at the same nodes: give three equally long lists.")
    return float(weights @ np.abs(cdf_p - cdf_q))


def w1_quantiles(x: ArrayLike, y: ArrayLike) -> float:
    """W1 on the line of two lists (n,) of quantiles at equal levels, or of equally many samples in any order."""
    x, y = _vector(x, "quantiles"), _vector(y, "quantiles")
    if len(x) != len(y) or not len(x):
        raise UserError(f"{len(x)} and {len(y)} quantiles cannot be paired: give equally many, at least one.")
    return float(np.abs(np.sort(x) - np.sort(y)).mean())


def assignment(x: ArrayLike, y: ArrayLike) -> Assignment:
    """The squared 2-Wasserstein distance of two sets (n, d) of equally many samples: each is sent to one of the other.

    Some plan of least cost is such a permutation (Birkhoff 1946). Time grows like n^3, memory like n^2 d.
    UserError for sets of different shapes.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.ndim != 2 or x.shape != y.shape or not len(x):
        raise UserError(f"sets of shapes {x.shape} and {y.shape} cannot be assigned: give two of one shape (n, d).")
    cost = ((x[:, None] - y) ** 2).sum(-1)
    rows, partner = linear_sum_assignment(cost)
    return Assignment(float(cost[rows, partner].mean()), partner)


def transport(cost: ArrayLike, p: ArrayLike, q: ArrayLike) -> Transport:
    """The optimal transport of the masses p (n,) to the masses q (m,) under cost (n, m): a linear programme.

    It minimises sum_ij cost_ij plan_ij over plans >= 0 with rows summing to p and columns to q (Kantorovich 1942).
    UserError where the shapes or the total masses differ.
    """
    cost, p, q = _masses(cost, p, q)
    n, m = cost.shape
    rows, columns = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    found = linprog(cost.ravel(), A_eq=np.vstack([rows, columns]), b_eq=np.concatenate([p, q]), method="highs")
    if not found.success:
        raise UserError(f"the transport has no solution: {found.message}")
    return Transport(float(found.fun), found.x.reshape(n, m))


def lipschitz_dual(distance: ArrayLike, p: ArrayLike, q: ArrayLike) -> Potential:
    """The dual of `transport` for two distributions on the same n places with the metric `distance` (n, n).

    It maximises sum_i f_i (p_i - q_i) over |f_i - f_j| <= distance_ij (Kantorovich and Rubinstein 1958).
    """
    distance, p, q = _masses(distance, p, q)
    n, m = distance.shape
    if n != m or not np.allclose(distance, distance.T):
        raise UserError("the dual needs both distributions on the same places and a symmetric distance.")
    first, second = np.nonzero(~np.eye(n, dtype=bool))
    steps = np.zeros((len(first), n))
    steps[np.arange(len(first)), first], steps[np.arange(len(first)), second] = 1, -1
    bounds = [(0, 0)] + [(None, None)] * (n - 1)  # a constant added to f changes nothing
    found = linprog(q - p, A_ub=steps, b_ub=distance[first, second], bounds=bounds, method="highs")
    if not found.success:
        raise UserError(f"the dual has no solution: {found.message}")
    return Potential(float(-found.fun), found.x)


def _vector(values: ArrayLike, name: str) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1:
        raise UserError(f"{name} of shape {values.shape} are no list of numbers.")
    return values


def _pair(log_p: ArrayLike, log_q: ArrayLike, weights: ArrayLike | float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    log_p, log_q = _vector(log_p, "log-probabilities"), _vector(log_q, "log-probabilities")
    if log_p.shape != log_q.shape or np.shape(weights) not in ((), log_p.shape):
        raise UserError("two distributions are compared at the same nodes: give equally long log-probabilities.")
    return log_p, log_q, np.broadcast_to(np.asarray(weights, dtype=np.float64), log_p.shape)


def _masses(cost: ArrayLike, p: ArrayLike, q: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    cost, p, q = np.asarray(cost, dtype=np.float64), _vector(p, "masses"), _vector(q, "masses")
    if cost.shape != (len(p), len(q)):
        raise UserError(f"costs of shape {cost.shape} do not belong to {len(p)} and {len(q)} masses.")
    if min(p.min(), q.min()) < 0 or not np.isclose(p.sum(), q.sum()):
        raise UserError("mass can neither be negative nor be lost on the way: give two sets with the same total.")
    return cost, p, q
