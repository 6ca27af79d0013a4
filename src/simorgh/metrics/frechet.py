"""The Fréchet distance between two sets of features, seen as Gaussians, without a matrix square root.

    d^2 = |mu_x - mu_y|^2 + tr Sx + tr Sy - 2 tr (Sx Sy)^(1/2)      (Dowson and Landau 1982; Heusel et al. 2017)

The last trace is the sum of the square roots of the eigenvalues of Sx Sy. With Sx = H H^T these are the
eigenvalues of the symmetric H^T Sy H; with Sx = Xc^T Xc and Sy = Yc^T Yc (samples centred and divided by
sqrt(n - 1)) their roots are the singular values of Xc Yc^T, so that the trace is its nuclear norm (Mathiasen
and Hvilshøj 2020, arXiv 2009.14075). All in float64, with n - 1 in the covariance and with nothing added to it.

The value is biased upward, by an amount that falls like 1/n and depends on the model (Chong and Forsyth 2020,
arXiv 1911.07023): compare only values of equal n, and show what real data against real data gives.
"""

import numpy as np
import torch
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.metrics.arrays import feature_pair

DEFINITE = 1e-10
"""A Cholesky factor counts as full rank when its smallest pivot is above this share of its largest. Below it a
rounding error e of an eigenvalue would show as sqrt(e) in the trace."""


def frechet_distance(x: Tensor | np.ndarray, y: Tensor | np.ndarray) -> float:
    """The squared Fréchet distance of the features x (n, d) and y (m, d); in squared units of the features.

    Rounding may leave a value like -1e-13 for equal sets: it is returned as it is.
    """
    x, y = feature_pair(x, y)
    dimension = x.shape[1]
    mean_gap = (x.mean(0) - y.mean(0)).square().sum()
    x, y = (_centred(part) for part in (x, y))
    factor = None
    if len(x) > dimension and len(y) > dimension:
        factor = _cholesky(x.T @ x)
    root = _nuclear_norm(x, y) if factor is None else _root_trace(factor, y.T @ y)
    return float(mean_gap + x.square().sum() + y.square().sum() - 2 * root)


def frechet_from_moments(
    mean_x: Tensor | np.ndarray, cov_x: Tensor | np.ndarray, mean_y: Tensor | np.ndarray, cov_y: Tensor | np.ndarray
) -> float:
    """The same from means (d,) and covariances (d, d), for statistics that were stored or are known exactly.

    Singular covariances are allowed, at the price of about eight correct digits; samples keep more.
    """
    mean_x, cov_x, mean_y, cov_y = (
        torch.as_tensor(part).detach().cpu().to(torch.float64) for part in (mean_x, cov_x, mean_y, cov_y)
    )
    d = len(mean_x) if mean_x.ndim == 1 else -1
    if mean_y.shape != (d,) or cov_x.shape != (d, d) or cov_y.shape != (d, d):
        shapes = ", ".join(str(tuple(part.shape)) for part in (mean_x, cov_x, mean_y, cov_y))
        raise UserError(f"moments of shapes {shapes} do not belong together: give (d,), (d, d), (d,), (d, d).")
    if not all(torch.isfinite(part).all() for part in (mean_x, cov_x, mean_y, cov_y)):
        raise UserError("the moments hold values that are not finite: recompute them from finite features.")
    factor = _cholesky(cov_x)
    if factor is None:
        values, vectors = torch.linalg.eigh(cov_x)
        factor = vectors * values.clamp(min=0).sqrt()
    root = _root_trace(factor, cov_y)
    return float((mean_x - mean_y).square().sum() + cov_x.trace() + cov_y.trace() - 2 * root)


def expected_bias(eigenvalues: np.ndarray, n: int) -> float:
    r"""The mean distance, to first order in 1/n, of two independent sets of n draws from one Gaussian.

        (1/n) (2 sum_i l_i + sum_ij l_i l_j (1 + delta_ij) / (l_i + l_j)),   l = eigenvalues (d,) of the covariance

    For l = 1 it is d (d + 5) / (2 n). It is the second-order term of the distance in the errors of both means and
    covariances, whose variances are those of Gaussian samples; eigenvalues that are zero to rounding are left out.
    """
    l = np.asarray(eigenvalues)
    l = l[l > 1e-12 * l.max()]
    pairs = l[:, None] * l / (l[:, None] + l)
    return float((2 * l.sum() + pairs.sum() + np.trace(pairs)) / n)


def _centred(x: Tensor) -> Tensor:
    """Xc with Xc^T Xc equal to the unbiased covariance."""
    return (x - x.mean(0)) / (len(x) - 1) ** 0.5


def _cholesky(covariance: Tensor) -> Tensor | None:
    """The lower factor, or None where the matrix is not safely positive definite."""
    factor, failed = torch.linalg.cholesky_ex(covariance)
    pivots = factor.diagonal().square()
    return None if failed or pivots.min() <= DEFINITE * pivots.max() else factor


def _root_trace(h: Tensor, covariance: Tensor) -> Tensor:
    """tr (H H^T S)^(1/2) from the eigenvalues of H^T S H."""
    return torch.linalg.eigvalsh(h.T @ covariance @ h).clamp(min=0).sqrt().sum()


def _nuclear_norm(x: Tensor, y: Tensor) -> Tensor:
    """The sum of the singular values of x y^T, for x (n, d) and y (m, d).

    A factor with more rows than columns is replaced by the triangle of its QR decomposition, which changes no
    singular value: the matrix to decompose has at most min(n, d) rows and min(m, d) columns.
    """
    x, y = (torch.linalg.qr(part, mode="r")[1] if len(part) > part.shape[1] else part for part in (x, y))
    return torch.linalg.svdvals(x @ y.T).sum()
