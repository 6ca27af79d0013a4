r"""Interchangeable latent parts: a prior p(z) and the family of the posterior q(z | x) that goes with it.

    name              q(z | x)                                 p(z)                            KL(q || p)
    gaussian          N(mu, diag sigma^2)                      N(0, I)                         closed
    laplace           Laplace(mu_j, b_j), independent          Laplace(0, 1), independent      closed
    student           mu_j + s_j t_nu, independent             t_nu, independent               by sampling
    von-mises-fisher  vMF(m, kappa) on the sphere S^2          uniform on S^2                  closed
    mixture           N(mu, diag sigma^2)                      learned mixture of K Gaussians  by sampling
    categorical       `dim` independent one-hot variables      uniform                         closed

A part is told the number of intrinsic dimensions, `dim`. It says how many values the encoder must give per
example (`outputs`) and how wide the code is that the decoder receives (`features`). Logarithms are natural
(nats); densities are with respect to Lebesgue measure, to area on the sphere, or are probabilities of symbols.

Scales come as a log-variance (or the logarithm of a squared scale), so that any real output of an encoder is
legal. Draws are functions of noise with a gradient (Kingma & Welling 2013, section 2.4), and noise in the shape
(k, B, ...) has its row axis at 1.
"""

from simorgh.contracts import UserError, check_name
from simorgh.nn.latent.base import Latent, Posterior
from simorgh.nn.latent.categorical import Categorical
from simorgh.nn.latent.gaussian import Gaussian, Mixture
from simorgh.nn.latent.heavy import Laplace, Student
from simorgh.nn.latent.sphere import VonMisesFisher

__all__ = [
    "PRIORS", "Categorical", "Gaussian", "Laplace", "Latent", "Mixture", "Posterior", "Student", "VonMisesFisher",
    "make_latent",
]  # fmt: skip

PRIORS: dict[str, type[Latent]] = {
    "gaussian": Gaussian,
    "laplace": Laplace,
    "student": Student,
    "von-mises-fisher": VonMisesFisher,
    "mixture": Mixture,
    "categorical": Categorical,
}


def make_latent(name: str, dim: int) -> Latent:
    """The latent part `name` of PRIORS with `dim` intrinsic dimensions.

    "student:3", "mixture:50" and "categorical:10" set the degrees of freedom, the components, the classes.
    UserError, with the nearest names, for an unknown one.
    """
    family, colon, setting = name.partition(":")
    check_name(family, PRIORS, "prior")
    kind = PRIORS[family]
    if not colon:
        return kind(dim)
    if kind.setting is None:
        raise UserError(f"The prior {family} has no setting: write {family} in place of {name!r}.")
    try:
        value = kind.setting(setting)
    except ValueError as error:
        raise UserError(f"{setting!r} in the prior {name!r} is not a number of the kind that it takes.") from error
    return kind(dim, value)
