"""The loss of a model is made of the parts it writes down: the one term that makes it what it is, by hand."""

import sys
from dataclasses import replace
from math import log
from pathlib import Path

import pytest
import torch

from simorgh.contracts import Batch, DataSpec, Noise, SampleNoise, Tick, UserError
from simorgh.diffusion.condition import Condition
from simorgh.diffusion.guidance import Guidance
from simorgh.diffusion.sampler import Sampler
from simorgh.models.cvae import CVAEConfig
from simorgh.models.diffusion import DiffusionConfig
from simorgh.models.factor_vae import FactorVAEConfig
from simorgh.models.gan import GANConfig
from simorgh.models.iwae import IWAEConfig
from simorgh.models.latent_diffusion import LatentDiffusionConfig
from simorgh.models.vae import VAEConfig
from simorgh.nn.grids import GridNetwork
from simorgh.nn.networks import Network
from simorgh.nn.players import Players
from simorgh.nn.unet import UNet

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
from members import examples

SPEC = DataSpec("image", (1, 8, 8), (0.0, 1.0), classes=3, mean=(0.3,) * 64)
NET = Network(hidden=(32, 16))
UNET = UNet((8, 16), attention=(False, True), heads=2, group=4, patch=1)


def tick(progress: float = 0.5) -> Tick:
    return Tick(3, 24, progress, Noise(1, "train", 3, 0, 8))


def built(config, seed: int = 0):
    torch.manual_seed(seed)
    model = config.build(SPEC)
    with torch.no_grad():  # so that nothing that starts at zero hides a term
        for p in model.parameters():
            p.add_(0.1 * torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel())))
    return model


def first(model, progress: float = 0.5):
    terms = model.objectives()[0].loss(examples(SPEC), tick(progress))
    return float(terms.loss.detach()), {k: float(v) for k, v in terms.logs.items()}


def test_beta_and_warmup_weigh_the_kl():
    loss, parts = first(built(VAEConfig(2, NET, beta=3.0)))
    assert loss == pytest.approx(parts["reconstruction"] + 3 * parts["kl"], rel=1e-5)
    loss, parts = first(built(VAEConfig(2, NET, warmup=0.8)), 0.2)
    assert loss == pytest.approx(parts["reconstruction"] + 0.25 * parts["kl"], rel=1e-5)


def test_a_vae_begins_at_the_mean_image():
    model = VAEConfig(2, NET).build(SPEC)
    bias = [p for name, p in model.decoder.named_parameters() if name.endswith("bias")][-1]
    torch.testing.assert_close(bias.sigmoid(), torch.full_like(bias, 0.3))


def test_a_cvae_adds_its_class_head():
    loss, parts = first(built(CVAEConfig(2, NET, beta=2.0, auxiliary=5.0)))
    assert parts["auxiliary"] > 0
    assert loss == pytest.approx(parts["reconstruction"] + 2 * parts["kl"] + 5 * parts["auxiliary"], rel=1e-5)


def test_factor_vae_pays_for_total_correlation():
    model = built(FactorVAEConfig(2, NET, discriminator=(8,), gamma=7.0))
    loss, parts = first(model)
    assert abs(parts["tc"]) > 1e-3
    assert loss == pytest.approx(parts["reconstruction"] + parts["kl"] + 7 * parts["tc"], rel=1e-5)


class Tied:
    """Codes whose two latents are equal."""

    def sample(self, noise: Noise, k: int) -> torch.Tensor:
        return noise.normal(k, 256, 1, name="tied").expand(-1, -1, 2)


def test_the_discriminator_of_factor_vae_is_positive_on_codes_that_hang_together(monkeypatch):
    """Equation (3): D is the log ratio of the law of codes to that of permuted ones."""
    model = built(FactorVAEConfig(2, NET, discriminator=(16,)))
    monkeypatch.setattr(model, "infer", lambda x: Tied())
    discriminator = model.objectives()[1]
    optimiser = torch.optim.Adam(discriminator.parameters, 0.02)
    for i in range(150):
        noise = Noise(1, "train", i, 0, 256)
        loss = discriminator.loss(examples(SPEC, 256), replace(tick(), noise=noise)).loss
        for p, g in zip(discriminator.parameters, torch.autograd.grad(loss, discriminator.parameters)):
            p.grad = g
        optimiser.step()
    together, apart = torch.tensor([[1.0, 1.0], [-1.0, -1.0]]), torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    with torch.no_grad():
        assert float(model.discriminator(together).min()) > 0 > float(model.discriminator(apart).max())


def test_iwae_takes_the_logarithm_of_the_mean_weight():
    model = built(IWAEConfig(2, NET, draws=5))
    batch = examples(SPEC)
    weights = model.log_weights(batch.x, batch.y, 5, tick().noise).detach()
    loss, parts = first(model)
    assert loss == pytest.approx(-float((weights.double().logsumexp(0) - log(5)).mean()), rel=1e-5)
    assert loss < parts["neg_elbo"] - 1e-3, "the bound is no tighter than the ELBO"


def test_draws_chosen_by_their_weights_have_the_gradient_of_all_in_the_mean():
    batch = examples(SPEC)
    grads, losses = {}, {}
    for chosen in (0, 1, 2_000):
        model = built(IWAEConfig(2, NET, draws=5, chosen=chosen))
        terms = model.loss(batch, tick())
        losses[chosen] = terms.loss.item()
        grads[chosen] = torch.cat([g.flatten() for g in torch.autograd.grad(terms.loss, list(model.parameters()))])
    assert losses[1] == losses[2_000] == pytest.approx(losses[0], rel=1e-6)
    away = {chosen: float((g - grads[0]).norm() / grads[0].norm()) for chosen, g in grads.items()}
    assert away[2_000] < 0.03
    assert away[1] > 0.2, "one draw cannot know the gradient of all"
    with pytest.raises(UserError, match=r"model\.chosen is -1"):
        built(IWAEConfig(2, NET, draws=5, chosen=-1))


def gradient(model, batch: Batch, noise: Noise, parameters) -> torch.Tensor:
    loss = model.loss(batch, Tick(3, 24, 0.5, noise)).loss
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(parameters))])


@pytest.mark.parametrize("chosen", [0, 2])
def test_the_doubly_reparameterised_gradient_has_the_same_mean_and_less_noise(chosen):
    image = examples(SPEC).x[:1]
    many = Batch(image.expand(20_000, -1, -1, -1))
    means, spread = {}, {}
    for doubly in (False, True):
        model = built(IWAEConfig(2, NET, draws=5, chosen=chosen, doubly=doubly))
        each = [gradient(model, Batch(image), Noise(i, "one"), model.encoder.parameters()) for i in range(50)]
        spread[doubly] = float(torch.stack(each).std(0).norm())
        with torch.no_grad():  # so that a code says much of the image
            for p in model.decoder.parameters():
                p.mul_(3)
        means[doubly] = gradient(model, many, Noise(1, "mean"), model.encoder.parameters())
    assert float((means[True] - means[False]).norm() / means[False].norm()) < 0.03
    assert spread[True] < 0.1 * spread[False]
    with pytest.raises(UserError, match="symbols are not"):
        built(IWAEConfig(2, NET, prior="categorical:4", doubly=True))


def test_an_exact_posterior_leaves_the_doubly_reparameterised_gradient_nothing():
    """x = W z + noise with orthonormal columns: q(z | x) = N(W' x / 2, I / 2), and no draw says anything of phi."""
    batch = examples(SPEC)
    w = torch.linalg.qr(torch.randn(64, 2, generator=torch.Generator().manual_seed(0)))[0]
    for doubly in (False, True):
        model = built(IWAEConfig(2, NET, draws=5, doubly=doubly))
        linear = torch.nn.Linear(64, 4)
        with torch.no_grad():
            linear.weight.copy_(torch.cat([w.T / 2, torch.zeros(2, 64)]))
            linear.bias.copy_(torch.tensor([0, 0, log(0.5), log(0.5)]))
        model.encoder = torch.nn.Sequential(torch.nn.Flatten(), linear)
        model.log_joint = lambda x, z, latent=model.latent: (
            latent.log_prior(z) - 0.5 * (x.flatten(1) - z @ w.T).square().sum(-1)
        )
        size = float(gradient(model, batch, tick().noise, linear.parameters()).norm())
        assert (size < 1e-4) == doubly


def test_draws_grow_along_training():
    config = IWAEConfig(2, NET, draws=50, first=2)
    model = built(config)
    assert [model.draws_at(share) for share in (0.0, 0.5, 1.0)] == [2, 10, 50]
    assert {built(replace(config, first=0)).draws_at(share) for share in (0.0, 0.5, 1.0)} == {50}
    batch = examples(SPEC)
    weights = model.log_weights(batch.x, batch.y, 10, tick().noise).detach()
    assert first(model, 0.5)[0] == pytest.approx(-float((weights.logsumexp(0) - log(10)).mean()), rel=1e-5)
    assert float(model.validate(batch, tick()).loss.detach()) < first(model, 0.0)[0], "validation has all draws"
    few = built(replace(config, chosen=10))
    assert first(few, 0.5)[0] == first(model, 0.5)[0], "where no more are drawn than chosen, all are taken"
    with pytest.raises(UserError, match=r"model\.first is 51"):
        built(replace(config, first=51))


def test_a_generator_moves_after_its_critic_steps():
    model = GANConfig(players=Players("dense", width=16), critic_steps=3).build(SPEC)
    generator = model.objectives()[1]
    assert [step for step in range(9) if generator.due(step, 0.0)] == [2, 5, 8]


@pytest.fixture
def told():
    return built(DiffusionConfig(network=UNET, condition=Condition("class", 8)))


def test_a_share_of_the_conditions_is_dropped():
    given, null = torch.arange(5000) % 3, torch.tensor(9)
    dropped = Condition("class", 8, drop=0.2).dropped(given, null, Noise(0)) == 9
    assert float(dropped.float().mean()) == pytest.approx(0.2, abs=0.02)


def test_guidance_reaches_the_samples_of_a_model(told):
    """One step of a linear rule: guided samples are the unguided ones pushed on, to the digit."""
    y, config = torch.tensor([0, 1, 2]), told.config.sampler
    one = replace(config, steps=1)

    def drawn(scale: float):
        with torch.no_grad():
            return told.draw(3, SampleNoise(0, 3), y, replace(one, guidance=Guidance(scale)))

    with torch.no_grad():
        alone = told.draw(3, SampleNoise(0, 3), None, one)
    assert not torch.allclose(drawn(1.0), alone, atol=1e-4)
    torch.testing.assert_close(drawn(3.0), alone + 3 * (drawn(1.0) - alone), rtol=1e-3, atol=1e-3)


def test_guided_estimates_are_clipped_after_guidance(told):
    told.answer = lambda x, t, y: torch.where(y[:, None, None, None] < 3, 0.9, -0.9) * x.new_ones(x.shape)
    told.config = replace(told.config, target="x0")
    for kind, scale in (("cfg", 3.0), ("cfg++", 0.6)):
        sampler = replace(told.config.sampler, steps=2, clip=True, guidance=Guidance(scale, kind))
        found = told.draw(3, SampleNoise(0, 3), torch.tensor([0, 1, 2]), sampler)
        assert float(found.abs().max()) <= 1.001, kind


def test_a_model_that_was_told_nothing_reports_no_guidance():
    model = built(DiffusionConfig(network=UNET, sampler=Sampler(steps=3, guidance=Guidance(3.0))))
    said = model.sampling()
    assert (said["guidance_scale"], said["evaluations"]) == (1.0, 3)
    assert "guidance" not in said["protocol"]


def test_clipped_estimates_stay_in_the_range(told):
    with torch.no_grad():
        free, clipped = (
            told.draw(3, SampleNoise(0, 3), torch.tensor([0, 1, 2]), replace(told.config.sampler, steps=2, clip=clip))
            for clip in (False, True)
        )
    assert float(free.abs().max()) > 1.001
    assert float(clipped.abs().max()) <= 1.001


def test_a_weight_scales_the_error_of_a_diffusion_model():
    plain, weighted = (built(DiffusionConfig(network=UNET, weight=w)) for w in ("output", "x0"))
    same, other = (first(model)[0] for model in (plain, weighted))
    assert abs(same - other) > 1e-3 * abs(same)


def test_latent_diffusion_learns_on_standardised_maps():
    grid = GridNetwork(hidden=16, residual=8, blocks=1)
    model = built(
        LatentDiffusionConfig(
            codec=grid,
            channels=2,
            beta=0.5,
            diffusion=DiffusionConfig(network=UNet((8,), attention=(False,), group=4, patch=1)),
        )
    )
    loss, parts = first(model)
    assert loss == pytest.approx(parts["reconstruction"] + 0.5 * parts["kl"], rel=1e-5)
    x = examples(SPEC).x
    raw = model.maps(x, Noise(0))
    model.mean.fill_(2.0)
    model.deviation.fill_(4.0)
    torch.testing.assert_close(model.maps(x, Noise(0)), (raw - 2) / 4)
