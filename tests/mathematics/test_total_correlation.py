"""The total correlation against closed forms, and the two models that weigh it."""

from dataclasses import replace
from math import log

import pytest
import torch

from simorgh.contracts import Batch, DataSpec, Noise, Tick, UserError
from simorgh.models.beta_tcvae import BetaTCVAEConfig, total_correlation
from simorgh.models.factor_vae import FactorVAEConfig, permute
from simorgh.models.vae import VAEConfig
from simorgh.nn.latent.gaussian import GaussianPosterior
from simorgh.nn.networks import Network

SPEC = DataSpec("image", (1, 8, 8), mean=(0.3,) * 64)
NET = Network(hidden=(16, 8))
TICK = Tick(0, 0, 0.5, Noise(3))


def images(n: int = 6) -> Batch:
    return Batch(torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(1)))


def mixture(means: list[list[float]], copies: int = 500) -> float:
    """The estimate for narrow posteriors about these means."""
    mean = torch.tensor(means, dtype=torch.float64).repeat(copies, 1)
    q = GaussianPosterior(mean, torch.full_like(mean, -8.0))
    z = mean + torch.exp(torch.tensor(-4.0)) * torch.randn(mean.shape, generator=torch.Generator().manual_seed(0))
    return float(total_correlation(z, q))


def test_codes_that_tell_each_other_share_the_entropy_of_one():
    assert mixture([[2, 2], [-2, -2]]) == pytest.approx(log(2), abs=0.02)
    assert mixture([[2, 2, 2], [-2, -2, -2]]) == pytest.approx(2 * log(2), abs=0.03)
    assert mixture([[2, 2], [-2, -2], [0, 0]]) == pytest.approx(log(3), abs=0.02)


def test_independent_codes_have_none():
    assert mixture([[2, 2], [-2, 2], [2, -2], [-2, -2]], 250) == pytest.approx(0, abs=0.02)


def test_correlated_gaussian_codes_have_the_closed_form():
    """TC of N(0, S) in two dimensions is -log(1 - r^2) / 2, r the correlation."""
    generator = torch.Generator().manual_seed(2)
    mean = torch.randn(3000, 2, generator=generator, dtype=torch.float64)
    mean[:, 1] = 0.9 * mean[:, 0] + (1 - 0.9**2) ** 0.5 * mean[:, 1]
    variance = 0.05
    z = mean + variance**0.5 * torch.randn(3000, 2, generator=generator, dtype=torch.float64)
    r = 0.9 / (1 + variance)
    expected = -log(1 - r**2) / 2
    assert float(total_correlation(z, GaussianPosterior(mean, torch.full_like(mean, log(variance))))) == pytest.approx(
        expected, abs=0.05
    )


@pytest.mark.parametrize("blur", [0.0, 0.5])
@pytest.mark.parametrize("change", [BetaTCVAEConfig(3, NET, beta=1.0), FactorVAEConfig(3, NET, gamma=0.0)])
def test_without_their_weight_they_are_the_vae(change, blur):
    config, change = (replace(c, input_noise=blur) for c in (VAEConfig(3, NET), change))
    plain, other = config.build(SPEC), change.build(SPEC)
    other.load_state_dict(plain.state_dict(), strict=False)
    torch.testing.assert_close(other.loss(images(), TICK).loss, plain.loss(images(), TICK).loss)


def test_the_weight_counts_the_total_correlation_beyond_one():
    config = BetaTCVAEConfig(3, NET, beta=1.0)
    one, six = config.build(SPEC).double(), replace(config, beta=6.0).build(SPEC).double()
    with torch.no_grad():
        one.encoder.layers[-1].weight.mul_(100)
    six.load_state_dict(one.state_dict())
    batch = images().map(torch.Tensor.double)
    first, second = one.loss(batch, TICK), six.loss(batch, TICK)
    assert abs(float(first.logs["tc"])) > 1e-3
    torch.testing.assert_close(second.loss - first.loss, 5 * first.logs["tc"])


def test_permuting_keeps_every_column_and_parts_the_rows():
    z = torch.arange(40.0).view(10, 4)
    mixed = permute(z, Noise(1))
    assert torch.equal(mixed.sort(0).values, z)
    assert len({tuple(row) for row in (mixed // 4).int().tolist() if len(set(row)) == 1}) < 3


def test_the_discriminator_of_codes_is_trained_on_its_own():
    model = FactorVAEConfig(3, NET, discriminator=(8,)).build(SPEC)
    elbo, discriminator = model.objectives()
    assert not {id(p) for p in elbo.parameters} & {id(p) for p in discriminator.parameters}
    assert len(elbo.parameters) + len(discriminator.parameters) == len(list(model.parameters()))
    loss = discriminator.loss(images(), TICK).loss
    assert all(g is None for g in torch.autograd.grad(loss, elbo.parameters, allow_unused=True))


def test_a_discriminator_that_cannot_tell_says_log_two_and_no_correlation():
    model = FactorVAEConfig(3, NET, discriminator=(8,)).build(SPEC)
    for parameter in model.discriminator.parameters():
        torch.nn.init.zeros_(parameter)
    assert float(model.discriminator_loss(images(), TICK).loss.detach()) == pytest.approx(log(2))
    assert float(model.loss(images(), TICK).logs["tc"]) == 0


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (BetaTCVAEConfig(3, NET, prior="laplace"), "gaussian codes"),
        (FactorVAEConfig(3, NET, gamma=-1.0), "gamma is -1.0"),
        (VAEConfig(3, Network("deep-conv", (4, 8, 16))), "16 x 16 pixels"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_one_sentence(config, sentence):
    with pytest.raises(UserError, match=sentence):
        config.build(SPEC)


def test_the_network_of_table_6_has_its_number_of_parameters():
    spec = DataSpec("image", (1, 64, 64))
    network = Network("deep-conv", (32, 32, 64, 64, 256), "relu")
    model = VAEConfig(10, network).build(spec)
    count = [sum(p.numel() for p in part.parameters()) for part in (model.encoder, model.decoder)]
    assert count == [382_932, 380_353]


def test_noise_reaches_the_encoder_in_training_only():
    plain = VAEConfig(3, NET).build(SPEC)
    blurred = VAEConfig(3, NET, input_noise=2.0).build(SPEC)
    with torch.no_grad():
        plain.encoder.layers[0].weight.mul_(5)
    blurred.load_state_dict(plain.state_dict())
    first, second = plain.loss(images(), TICK).logs, blurred.loss(images(), TICK).logs
    assert abs(float(first["kl"] - second["kl"])) > 1e-4
    noise = Noise(0)
    for name, values in plain.bound(images().x, None, noise).items():
        torch.testing.assert_close(blurred.bound(images().x, None, noise)[name], values)
