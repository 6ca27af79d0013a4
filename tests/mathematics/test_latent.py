"""The latent parts: densities, divergences, draws and gradients against closed forms, quadrature and SciPy."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from scipy.stats import kstest
from torch import Tensor
from torch.autograd import gradcheck

from simorgh.contracts import Noise, SampleNoise, UserError
from simorgh.nn.latent import PRIORS, Categorical, Latent, Mixture, Student, VonMisesFisher, make_latent
from simorgh.nn.latent.sphere import tangents

NOISE = Noise(7, "test")
LINE = ("gaussian", "laplace", "student")  # location and scale, coordinates independent
PLANE = (*LINE, "mixture")
MANY = 200_000


def part(name: str, dim: int = 2) -> Latent:
    return make_latent(name, 1 if name == "categorical" else dim)


def encoded(latent: Latent, *rows: list[float]) -> Tensor:
    """Rows of encoder outputs in float64; without rows, three examples from fixed noise."""
    if rows:
        return torch.tensor(rows, dtype=torch.float64)
    return NOISE.normal(3, latent.outputs, name="encoder").double()


def plane(centre: Tensor, scale: float, n: int = 400) -> tuple[Tensor, Tensor]:
    """Points (n^2, 2) of the whole plane and their areas: the square (-1, 1)^2 under u / (1 - u^2)."""
    u = (torch.arange(n, dtype=torch.float64) + 0.5) * 2 / n - 1
    z, weight = scale * u / (1 - u**2), scale * (1 + u**2) / (1 - u**2) ** 2 * 2 / n
    x, y = torch.meshgrid(z, z, indexing="ij")
    return torch.stack([x, y], -1).reshape(-1, 2) + centre, torch.outer(weight, weight).reshape(-1)


def sphere(n: int = 400) -> tuple[Tensor, float]:
    """Points (2 n^2, 3) of equal area on the unit sphere, and that area."""
    height = (torch.arange(n, dtype=torch.float64) + 0.5) * 2 / n - 1
    angle = (torch.arange(2 * n, dtype=torch.float64) + 0.5) * math.pi / n
    h, a = (t.reshape(-1) for t in torch.meshgrid(height, angle, indexing="ij"))
    r = (1 - h**2).sqrt()
    return torch.stack([r * a.cos(), r * a.sin(), h], -1), 4 * math.pi / (2 * n * n)


# densities


@pytest.mark.parametrize("name", PLANE)
def test_densities_of_the_plane_integrate_to_one(name: str):
    latent = part(name)
    q = latent.double().posterior(encoded(latent, [0.7, -1.2, 0.3, -0.8]))
    z, area = plane(q.mean[0], 1.0)
    assert float((q.log_prob(z[:, None])[:, 0].exp() * area).sum()) == pytest.approx(1, abs=2e-4)
    z, area = plane(torch.zeros(2), 1.0)
    assert float((latent.log_prior(z).detach().exp() * area).sum()) == pytest.approx(1, abs=2e-4)


@pytest.mark.parametrize("c", [-20.0, 0.0, 5.0, 40.0])
def test_densities_of_the_sphere_integrate_to_one(c: float):
    latent = VonMisesFisher(2)
    z, area = sphere()
    q = latent.posterior(encoded(latent, [0.3, -2.0, 0.9, c]))
    assert float(q.log_prob(z[:, None]).exp().sum() * area) == pytest.approx(1, abs=1e-3)
    assert float(latent.log_prior(z).exp().sum() * area) == pytest.approx(1, abs=1e-9)


def test_probabilities_of_symbols_sum_to_one():
    latent = Categorical(2, classes=3)
    q = latent.posterior(encoded(latent))
    eye = torch.eye(3, dtype=torch.float64)
    codes = torch.stack([torch.cat([a, b]) for a in eye for b in eye])
    assert torch.allclose(q.log_prob(codes[:, None].expand(9, 3, 6)).exp().sum(0), torch.ones(3).double())
    assert float(latent.log_prior(codes).exp().sum()) == pytest.approx(1)


@pytest.mark.parametrize("name", LINE)
def test_log_densities_are_scipys(name: str):
    latent = part(name, 1)
    law = {"gaussian": stats.norm, "laplace": stats.laplace, "student": stats.t(5)}[name]
    z = torch.linspace(-8, 8, 41, dtype=torch.float64)
    ours = latent.posterior(encoded(latent, [0.5, -1.4])).log_prob(z[:, None, None])[:, 0]
    scale = math.exp(-0.7)
    np.testing.assert_allclose(ours, law.logpdf((z.numpy() - 0.5) / scale) - math.log(scale), rtol=1e-10)
    np.testing.assert_allclose(latent.log_prior(z[:, None]), law.logpdf(z.numpy()), rtol=1e-10)


def test_log_density_of_the_sphere_is_scipys():
    latent, z = VonMisesFisher(2), sphere(20)[0]
    q = latent.posterior(encoded(latent, [1.0, 2.0, -2.0, 3.0]))
    theirs = stats.vonmises_fisher(q.mean[0].numpy(), float(q.kappa[0])).logpdf(z.numpy())
    np.testing.assert_allclose(q.log_prob(z[:, None])[:, 0], theirs, rtol=1e-9)


# divergences


def quadrature_kl(latent: Latent, q) -> float:
    """KL of one-dimensional q and p by adaptive quadrature of q (log q - log p)."""

    def integrand(value: float) -> float:
        z = torch.tensor([[[value]]], dtype=torch.float64)
        log_q = float(q.log_prob(z).detach())
        return math.exp(log_q) * (log_q - float(latent.log_prior(z).detach()))

    centre = float(q.mean[0, 0])
    edges = sorted({centre - 300, centre - 3, centre, 0.0, centre + 3, centre + 300})
    return sum(integrate.quad(integrand, a, b, limit=200)[0] for a, b in pairwise(edges))


@pytest.mark.parametrize("h", [[0.0, 0.0], [1.5, -3.0], [-0.4, 1.2], [3.0, 0.5]])
@pytest.mark.parametrize("name", ["gaussian", "laplace"])
def test_closed_kl_is_the_integral(name: str, h: list[float]):
    latent = part(name, 1)
    q = latent.posterior(encoded(latent, h))
    assert float(q.kl(q.mean[None])) == pytest.approx(quadrature_kl(latent, q), abs=1e-7)


@pytest.mark.parametrize("name", ["student", "mixture"])
def test_sampled_kl_is_the_integral_within_its_error(name: str):
    latent = part(name, 1).double()
    q = latent.posterior(encoded(latent, [1.5, -2.0]))
    z = q.sample(NOISE, MANY).detach()
    error = float((q.log_prob(z) - latent.log_prior(z)).detach().std()) / MANY**0.5
    assert float(q.kl(z).detach()) == pytest.approx(quadrature_kl(latent, q), abs=4 * error)


@pytest.mark.parametrize("c", [-20.0, -1.0, 2.0, 30.0, 60.0])
def test_kl_on_the_sphere_is_the_integral(c: float):
    latent = VonMisesFisher(2)
    q = latent.posterior(encoded(latent, [0.0, 0.0, 1.0, c]))

    def integrand(w: float) -> float:
        z = torch.tensor([[[math.sqrt(1 - w * w), 0.0, w]]], dtype=torch.float64)
        log_q = float(q.log_prob(z))
        return 2 * math.pi * math.exp(log_q) * (log_q + math.log(4 * math.pi))

    truth = sum(integrate.quad(integrand, a, b, limit=200)[0] for a, b in [(-1, 0), (0, 0.9), (0.9, 1)])
    assert float(q.kl(q.mean[None])) == pytest.approx(truth, abs=1e-6)


def test_kl_of_symbols_is_the_sum():
    latent = Categorical(3, classes=5)
    q = latent.posterior(encoded(latent))
    p = q.log_p.exp().numpy()
    truth = (p * np.log(p * 5)).sum((1, 2))
    np.testing.assert_allclose(q.kl(q.mean[None]), truth, rtol=1e-10)


def test_a_mixture_of_one_standard_component_is_the_gaussian():
    one, gaussian = Mixture(2, components=1), make_latent("gaussian", 2)
    torch.nn.init.zeros_(one.means)
    h = encoded(one)
    z = one.posterior(h).sample(NOISE, 4000)
    assert torch.allclose(one.log_prior(z), gaussian.log_prior(z))
    closed = gaussian.posterior(h).kl(z)
    assert torch.allclose(one.posterior(h).kl(z), closed, atol=0.15)


# weights


@pytest.mark.parametrize("name", PRIORS)
def test_weights_vanish_where_posterior_and_prior_agree(name: str):
    """log p(z) - log q(z) is 0 for every draw, not only on average; the sphere keeps kappa = 0.01."""
    latent = Mixture(2, components=1) if name == "mixture" else part(name)
    h = torch.zeros(4, latent.outputs)
    if name == "mixture":
        h[:, :2] = latent.means.detach()
    if name == "von-mises-fisher":
        h = torch.tensor([[0.0, 3.0, 0.0, -50.0]]).repeat(4, 1)
    q = latent.posterior(h)
    z = q.sample(NOISE, 50)
    log_w = (latent.log_prior(z) - q.log_prob(z)).detach()
    assert log_w.shape == (50, 4)
    assert float(log_w.detach().abs().max()) < (0.0101 if name == "von-mises-fisher" else 1e-5)
    assert float(q.kl(z).detach().abs().max()) < 1e-4


@pytest.mark.parametrize("name", PRIORS)
def test_importance_weights_average_to_one(name: str):
    """E_q[p(z) / q(z)] = 1: ties draws, log q and log p together. Wide posteriors keep the variance finite."""
    latent = part(name).double()
    h = {"von-mises-fisher": [0.5, -1.0, 0.2, 1.0], "categorical": NOISE.normal(64, name="logits").tolist()}
    wide = [0.4, -0.3, 1.5, 1.2] if name == "mixture" else [0.4, -0.3, 0.6, 0.9]
    q = latent.posterior(encoded(latent, h.get(name, wide)))
    z = q.sample(NOISE, MANY).detach()
    w = (latent.log_prior(z) - q.log_prob(z)).detach().exp()
    assert float(w.mean()) == pytest.approx(1, abs=4 * float(w.std()) / MANY**0.5)


# draws


@pytest.mark.parametrize("name", LINE)
def test_draws_follow_their_law(name: str):
    latent = part(name)
    law = {"gaussian": stats.norm, "laplace": stats.laplace, "student": stats.t(5)}[name]
    z = latent.posterior(encoded(latent, [1.0, -2.0, 0.5, -1.5])).sample(NOISE, 20_000)[:, 0].numpy()
    for j, (mean, log_square) in enumerate([(1.0, 0.5), (-2.0, -1.5)]):
        assert kstest((z[:, j] - mean) / math.exp(log_square / 2), law.cdf).pvalue > 1e-3
    assert abs(stats.spearmanr(*z.T).statistic) < 0.03
    prior = latent.sample_prior(20_000, NOISE).numpy()
    assert kstest(prior[:, 1], law.cdf).pvalue > 1e-3


@pytest.mark.parametrize("c", [-4.0, 3.0, 200.0])
def test_draws_on_the_sphere_follow_their_law(c: float):
    latent = VonMisesFisher(2)
    q = latent.posterior(encoded(latent, [0.4, 0.1, -1.0, c]))
    z = q.sample(NOISE, 20_000)[:, 0]
    assert torch.allclose(z.norm(dim=-1), torch.ones(20_000).double(), atol=1e-6)
    kappa, w = float(q.kappa[0]), (z @ q.mean[0]).numpy()
    assert kstest(w, lambda v: (np.exp(kappa * (v - 1)) - math.exp(-2 * kappa)) / -math.expm1(-2 * kappa)).pvalue > 1e-3
    one, two = tangents(q.mean[0])
    around = np.arctan2((z @ two).numpy(), (z @ one).numpy())
    assert kstest(around, stats.uniform(-math.pi, 2 * math.pi).cdf).pvalue > 1e-3
    coth = 1 / math.tanh(kappa)
    assert w.mean() == pytest.approx(coth - 1 / kappa, abs=4 * w.std() / 20_000**0.5)


def test_prior_of_the_sphere_is_uniform():
    z = VonMisesFisher(2).sample_prior(20_000, NOISE)
    for axis in z.T.numpy():
        assert kstest(axis, stats.uniform(-1, 2).cdf).pvalue > 1e-3
    assert float((z.T @ z / 20_000 - torch.eye(3) / 3).abs().max()) < 0.01


def test_prior_of_the_mixture_draws_its_components():
    latent = Mixture(1, components=3)
    with torch.no_grad():
        latent.means.copy_(torch.tensor([[-30.0], [0.0], [30.0]]))
        latent.log_variances.copy_(torch.tensor([[0.0], [2.0], [-2.0]]))
        latent.logits.copy_(torch.tensor([0.2, 0.5, 0.3]).log())
    z = latent.sample_prior(20_000, NOISE).detach()[:, 0]
    for centre, share, scale in [(-30, 0.2, 1), (0, 0.5, math.e), (30, 0.3, 1 / math.e)]:
        mine = z[(z - centre).abs() < 15]
        assert len(mine) / 20_000 == pytest.approx(share, abs=0.015)
        assert float(mine.std()) == pytest.approx(scale, rel=0.05)


def test_symbols_are_drawn_with_their_probabilities():
    latent = Categorical(2, classes=4)
    q = latent.posterior(encoded(latent))
    z = q.sample(NOISE, 20_000).detach()
    assert set(z.unique().tolist()) == {0.0, 1.0}
    counts = z.sum(0).unflatten(-1, (2, 4))
    for seen, expected in zip(counts.flatten(0, 1), (q.log_p.exp() * 20_000).flatten(0, 1)):
        assert stats.chisquare(seen.numpy(), expected.numpy()).pvalue > 1e-3
    prior = latent.sample_prior(20_000, NOISE).sum(0)
    assert stats.chisquare(prior[:4].numpy()).pvalue > 1e-3


@pytest.mark.parametrize("name", PRIORS)
def test_a_prior_draw_is_the_same_alone_and_in_a_batch(name: str):
    latent = part(name)
    crowd = latent.sample_prior(6, SampleNoise(3, 6))
    assert crowd.shape == (6, latent.features)
    assert torch.equal(crowd[4:5], latent.sample_prior(1, SampleNoise(3, 1, first=4)))
    assert not torch.equal(crowd[0], crowd[1])


@pytest.mark.parametrize("name", PRIORS)
def test_posterior_draws_do_not_depend_on_the_split_of_a_batch(name: str):
    latent = part(name)
    h = NOISE.normal(6, latent.outputs, name="encoder")
    whole = latent.posterior(h).sample(NOISE, 3)
    part_of_it = latent.posterior(h[2:5]).sample(NOISE.rows(2, 6), 3)
    assert whole.shape == (3, 6, latent.features)
    assert torch.allclose(whole[:, 2:5], part_of_it, atol=1e-6)
    assert torch.unique(whole.detach(), dim=0).shape[0] > 1


@pytest.mark.parametrize("name", PRIORS)
def test_every_draw_has_its_own_name(name: str):
    """Equal names would give equal draws: an angle tied to its height, a component to its place."""
    asked: list[str] = []

    class Listening(Noise):
        def _draw(self, draw, shape, name, axis):
            asked.append(name)
            return super()._draw(draw, shape, name, axis)

    latent = part(name)
    latent.posterior(encoded(latent).float()).sample(Listening(0), 2)
    latent.sample_prior(5, Listening(0))
    assert asked
    assert len(asked) == len(set(asked))


# gradients


@pytest.mark.parametrize("name", PRIORS)
def test_gradients_of_draws_densities_and_kl_are_finite_differences(name: str):
    latent = part(name).double()
    h = encoded(latent).requires_grad_()
    if name != "categorical":
        assert gradcheck(lambda h: latent.posterior(h).sample(NOISE, 2), h, atol=1e-6)
    z = latent.posterior(h).sample(NOISE, 2).detach()
    assert gradcheck(lambda h: latent.posterior(h).log_prob(z), h, atol=1e-6)
    assert gradcheck(lambda h: latent.posterior(h).kl(z), h, atol=1e-6)


@pytest.mark.parametrize(("name", "unit_variance"), [("gaussian", 1.0), ("laplace", 2.0), ("student", 5 / 3)])
def test_pathwise_gradients_of_moments(name: str, unit_variance: float):
    """d E[z] / d mu = 1, and with s^2 = exp(h): E[z^2] = mu^2 + v s^2, so d E[z^2] / d h = v s^2."""
    latent = part(name, 1)
    h = encoded(latent, [0.8, -0.6]).requires_grad_()
    z = latent.posterior(h).sample(NOISE, MANY)
    (first,) = torch.autograd.grad(z.mean(), h, retain_graph=True)
    (second,) = torch.autograd.grad(z.square().mean(), h)
    assert float(first[0, 0]) == pytest.approx(1, abs=1e-6)
    assert float(second[0, 0]) == pytest.approx(2 * 0.8, abs=0.02)
    assert float(second[0, 1]) == pytest.approx(unit_variance * math.exp(-0.6), rel=0.05)


@pytest.mark.parametrize("c", [0.5, 4.0, 50.0])
def test_pathwise_gradient_of_the_mean_resultant_length(c: float):
    """E[m.z] = coth(kappa) - 1 / kappa, whose derivative is 1 / kappa^2 - 1 / sinh(kappa)^2."""
    latent = VonMisesFisher(2)
    h = encoded(latent, [0.3, 0.5, -0.2, c]).requires_grad_()
    q = latent.posterior(h)
    w = q.sample(NOISE, MANY)[:, 0] @ q.mean[0].detach()
    (got,) = torch.autograd.grad(w.mean(), q.kappa)
    kappa = float(q.kappa.detach())
    assert float(got) == pytest.approx(1 / kappa**2 - 1 / math.sinh(kappa) ** 2, rel=0.03)


def test_straight_through_gradient_is_that_of_the_relaxed_draw():
    latent = Categorical(1, classes=4)
    h = encoded(latent, [0.1, -0.3, 0.9, 0.0]).requires_grad_()
    value = torch.tensor([1.0, -2.0, 0.5, 3.0], dtype=torch.float64)
    (got,) = torch.autograd.grad((latent.posterior(h).sample(NOISE, 1) * value).sum(), h)
    u = NOISE.uniform(1, 1, 1, 4, name="z", axis=1)
    soft = torch.softmax((torch.log_softmax(h, -1) - torch.log(-torch.log(u[0, 0]))) / latent.temperature, -1)
    (expected,) = torch.autograd.grad((soft * value).sum(), h)
    assert torch.allclose(got, expected)


# float32 at the edges


@pytest.mark.parametrize("extreme", [-20.0, 20.0, -60.0, 60.0])
@pytest.mark.parametrize("name", PRIORS)
def test_extreme_encoder_outputs_stay_finite(name: str, extreme: float):
    latent = part(name)
    h = NOISE.normal(32, latent.outputs, name="encoder")
    h[:, latent.outputs // 2 :] = extreme
    h[:16, 0] = 100.0
    if name == "von-mises-fisher":
        h[:, :3] = NOISE.normal(32, 3, name="direction") * 100
        h[31, :3] = 0.0
    h.requires_grad_()
    q = latent.posterior(h)
    z = q.sample(NOISE, 200)
    log_q, log_p, kl = q.log_prob(z), latent.log_prior(z), q.kl(z)
    for values in (z, log_q, log_p, kl, q.mean):
        assert torch.isfinite(values).all()
    assert float(kl.detach().min()) > -1e-3 or name in ("student", "mixture")
    (grad,) = torch.autograd.grad(z.sum() + log_q.mean() + kl.sum(), h)
    assert torch.isfinite(grad).all()


@pytest.mark.parametrize("ends", [[0.0, 1 - 2**-24], [0.0], [1 - 2**-24]])
def test_the_ends_of_the_uniform_law_are_no_infinities(ends: list[float]):
    """The smallest and the largest value that Noise.uniform can give."""

    class Edge(Noise):
        def uniform(self, *shape: int, name: str = "", axis: int = 0) -> Tensor:
            return torch.tensor(ends).repeat(math.prod(shape))[: math.prod(shape)].reshape(shape)

    for name in ("laplace", "von-mises-fisher", "categorical"):
        latent = part(name)
        h = torch.full((2, latent.outputs), 0.3, requires_grad=True)
        z = latent.posterior(h).sample(Edge(0), 4)
        (grad,) = torch.autograd.grad(z.square().sum(), h)
        assert torch.isfinite(z).all()
        assert torch.isfinite(grad).all()
        assert torch.isfinite(latent.sample_prior(4, Edge(0))).all()


def test_a_sharp_posterior_on_the_sphere_keeps_its_digits():
    """At kappa = 10^5, float32 gives log q within 0.001 of float64: m.z - 1 is not formed by subtraction."""
    latent, h = VonMisesFisher(2), torch.tensor([[0.6, 0.0, 0.8, 1e5]])
    q, exact = latent.posterior(h), latent.posterior(h.double())
    z = q.sample(NOISE, 1000)
    assert float((q.log_prob(z) - exact.log_prob(exact.sample(NOISE, 1000))).abs().max()) < 0.001


def test_frames_are_orthonormal_everywhere():
    m = torch.cat([torch.eye(3), -torch.eye(3), torch.nn.functional.normalize(NOISE.normal(500, 3), dim=-1)])
    frame = torch.stack([m, *tangents(m)], -1)
    assert torch.allclose(frame.mT @ frame, torch.eye(3).expand(506, 3, 3), atol=1e-6)


# the list


def test_settings_follow_the_name():
    assert make_latent("student:3", 2).nu == 3
    assert make_latent("mixture:7", 2).means.shape == (7, 2)
    assert make_latent("categorical:10", 3).features == 30
    assert isinstance(make_latent("student", 2), Student)


@pytest.mark.parametrize(
    ("name", "dim", "says"),
    [
        ("gausian", 2, "did you mean gaussian"), ("von-mises-fisher", 3, "dimension 2"), ("gaussian", 0, "at least 1"),
        ("laplace:3", 2, "no setting"), ("mixture:many", 2, "not a number"), ("mixture:0", 2, "at least 1"),
        ("student:-1", 2, "above 0"), ("student:nan", 2, "above 0"), ("categorical:1", 1, "2 or more"),
    ],
)  # fmt: skip
def test_wrong_names_and_settings_are_explained(name: str, dim: int, says: str):
    with pytest.raises(UserError, match=says):
        make_latent(name, dim)
