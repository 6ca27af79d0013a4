"""The games: printed formulas, tables of layers, signs, penalties of known value, rotations that are rotations."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
import torch
from scipy import special
from torch import nn

from simorgh.contracts import Batch, DataSpec, Diverged, Noise, SampleNoise, Terms, Tick, UserError
from simorgh.evaluate import evaluate, generate, judge
from simorgh.evaluate.along import along
from simorgh.metrics.frechet import frechet_distance
from simorgh.models.adversarial import AdversarialModel, squared_slope
from simorgh.models.gan import GANConfig
from simorgh.models.r3gan import R3GANConfig
from simorgh.models.ssgan import SSGANConfig, turned
from simorgh.models.wgan import WGANConfig
from simorgh.models.wgan_gp import WGANGPConfig
from simorgh.nn.players import Players, crop, enlarge
from simorgh.nn.spectral import refine, spectral
from simorgh.recipes import recipe
from simorgh.train import OptimiserConfig, fit

MNIST = DataSpec("image", (1, 28, 28), classes=10)
TINY = DataSpec("image", (1, 8, 8), classes=3)
SMALL = Players(width=8)
TICK = Tick(0, 0, 0.0, Noise(3))


def count(part: nn.Module) -> int:
    return sum(p.numel() for p in part.parameters())


@pytest.mark.parametrize(
    ("config", "generator", "discriminator"),
    [
        (GANConfig(), 1_654_121, 1_640_033),
        (WGANConfig(), 1_654_121, 1_640_033),
        (SSGANConfig(), 4_082_945, 1_084_805),
    ],
)
def test_parameters_of_the_tables(config, generator, discriminator):
    model = config.build(MNIST)
    assert (count(model.generator), count(model.discriminator)) == (generator, discriminator)


def test_layers_of_tables_2_and_3():
    model = GANConfig(players=Players(output="linear")).build(MNIST)
    shapes = [tuple(p.shape) for p in model.generator.parameters() if p.ndim > 1]
    assert shapes == [(512, 64), (3136, 512), (32, 16, 3, 3), (1, 8, 3, 3)]
    shapes = [tuple(p.shape) for p in model.discriminator.parameters() if p.ndim > 1]
    assert shapes == [(32, 1, 4, 4), (64, 32, 4, 4), (512, 3136), (1, 512)]


class Fixed(nn.Module):
    """A discriminator whose scores are read off the first pixel."""

    def forward(self, x: torch.Tensor, y: torch.Tensor | None = None) -> torch.Tensor:
        return x[:, 0, 0, 0] * 3


def game(config, scores=Fixed) -> AdversarialModel:
    torch.manual_seed(0)
    model = config.build(TINY)
    model.discriminator = scores()
    return model


REAL, FAKE = (torch.rand(50, 1, 8, 8, generator=torch.Generator().manual_seed(s)) * 4 - 2 for s in (1, 2))


def sigma(x: torch.Tensor) -> np.ndarray:
    return 1 / (1 + np.exp(-3 * x[:, 0, 0, 0].double().numpy()))


def test_gan_losses_are_the_printed_sums():
    real, fake = sigma(REAL), sigma(FAKE)
    expected = -np.log(real).mean() - np.log(1 - fake).mean()
    ours = game(GANConfig(players=SMALL))
    assert float(ours.discriminator_play(REAL, FAKE, None, TICK.noise)[0]) == pytest.approx(expected, rel=1e-5)
    assert float(ours.generator_play(REAL, FAKE, None, TICK.noise)[0]) == pytest.approx(-np.log(fake).mean(), rel=1e-5)
    saturating = game(GANConfig(players=SMALL, saturating=True))
    value = float(saturating.generator_play(REAL, FAKE, None, TICK.noise)[0])
    assert value == pytest.approx(np.log(1 - fake).mean(), rel=1e-5)


def test_losses_survive_scores_without_a_finite_logarithm():
    model = game(GANConfig(players=SMALL))
    loss, _ = model.generator_play(REAL, torch.full_like(FAKE, -1e4), None, TICK.noise)
    assert float(loss) == pytest.approx(3e4)


def test_estimate_of_the_best_discriminator_is_the_jensen_shannon_divergence():
    """Two coins, p = 0.9 and q = 0.3: D* = log(p / q) on heads, its estimate JS(p, q)."""
    p, q = np.array([0.9, 0.1]), np.array([0.3, 0.7])
    m = (p + q) / 2
    js = 0.5 * (p * np.log(p / m)).sum() + 0.5 * (q * np.log(q / m)).sum()
    scores = torch.tensor(np.log(p / q))
    real, fake = (scores.repeat_interleave(torch.tensor(1000 * law).round().long()) for law in (p, q))
    assert float(GANConfig(players=SMALL).build(TINY).estimate(real, fake)) == pytest.approx(js, abs=1e-9)
    worse = GANConfig(players=SMALL).build(TINY).estimate(real * 0.5, fake * 0.5)
    assert float(worse) < js


def test_hinge_estimate_of_the_best_discriminator_is_the_total_variation():
    p, q = np.array([0.9, 0.1]), np.array([0.3, 0.7])
    scores = torch.tensor(np.sign(p - q))
    real, fake = (scores.repeat_interleave(torch.tensor(1000 * law).round().long()) for law in (p, q))
    model = SSGANConfig(8, Players("residual", width=8)).build(TINY)
    assert float(model.estimate(real, fake)) == pytest.approx(np.abs(p - q).sum() / 2, abs=1e-9)


@pytest.mark.parametrize("config", [GANConfig, WGANConfig, WGANGPConfig, R3GANConfig])
def test_a_generator_step_makes_fakes_look_more_real(config):
    """The sign of the generator's loss: down this slope the score of the fakes goes up."""
    model = game(config(players=SMALL))
    fake = FAKE.clone().requires_grad_()
    loss, _ = model.generator_play(REAL, fake, None, TICK.noise)
    (slope,) = torch.autograd.grad(loss, fake)
    assert (slope[:, 0, 0, 0] < 0).all()
    with torch.enable_grad():
        scores = [nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(()))]
        estimate = model.estimate(scores[0].expand(5), scores[1].expand(5))
        up = torch.autograd.grad(estimate, scores)
    assert up[0] > 0 > up[1]


def test_wgan_critic_never_leaves_its_box():
    model = WGANConfig(players=SMALL, clip=0.02).build(TINY)
    assert max(float(p.detach().abs().max()) for p in model.discriminator.parameters()) <= 0.02
    with torch.no_grad():
        for p in model.discriminator.parameters():
            p.add_(1.0)
    model.objectives()[0].after(Terms(torch.zeros(()), 1))
    assert all(torch.equal(p, torch.full_like(p, 0.02)) for p in model.discriminator.parameters())


@pytest.mark.parametrize("conditional", [False, True])
def test_scores_far_from_zero_keep_their_differences_in_half_precision(conditional):
    players = Players("dense", width=16)
    model = WGANConfig(players=players, conditional=conditional, clip=1.0).build(TINY).requires_grad_(False)
    x, y = Noise(0).normal(64, 1, 8, 8, name="x"), torch.arange(64) % 3 if conditional else None
    near = model.discriminator(x, y)
    model.discriminator.head.bias += 150
    with torch.autocast("cpu", torch.bfloat16):
        far = model.discriminator(x, y) - 150
    assert far.dtype == torch.float32
    error = (far - near - (far - near).mean()).std() / near.std()
    assert error < 0.02, "steps of bfloat16 at 150 are 1"


def test_rotations_are_told_apart_in_full_precision():
    model = SSGANConfig(players=Players("residual", width=8, spectral=True)).build(TINY).requires_grad_(False)
    features = Noise(0).normal(4, 4, name="x")
    want = model.rotation(features, 4, TICK.noise)[0]
    model.discriminator.rotation.bias += 150
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(model.rotation(features, 4, TICK.noise)[0], want, rtol=1e-4, atol=1e-4)


def test_wgan_generator_moves_as_in_the_authors_code():
    model = WGANConfig(players=SMALL).build(TINY)
    critic, moves = 0, []
    for step in range(2500 + 5 * 475 + 100 + 10):
        critic += 1
        if model.objectives()[1].due(step):
            moves.append(critic)
            critic = 0
    assert moves[:26] == [100] * 25 + [5]
    assert moves[499:502] == [5, 100, 5]
    again = WGANConfig(players=SMALL).build(TINY).objectives()[1]
    assert [again.due(s) for s in (99, 98, 2504, 2503)] == [True, False, True, False]


class Linear(nn.Module):
    """A discriminator of slope `w` everywhere."""

    def __init__(self):
        super().__init__()
        self.w = torch.linspace(-1, 1, 64) / 4

    def forward(self, x: torch.Tensor, y: torch.Tensor | None = None) -> torch.Tensor:
        return x.flatten(1) @ self.w


def test_penalties_of_a_linear_discriminator():
    norm = float(Linear().w.norm())
    model = game(WGANGPConfig(players=SMALL), Linear)
    _, logs = model.discriminator_play(REAL, FAKE, None, TICK.noise)
    assert float(logs["penalty"]) == pytest.approx((norm - 1) ** 2, rel=1e-5)
    model = game(R3GANConfig(players=SMALL, gamma=2.0), Linear)
    loss, logs = model.discriminator_play(REAL.clone(), FAKE, None, TICK.noise)
    assert float(logs["r1"]) == pytest.approx(norm**2, rel=1e-5)
    assert float(loss) == pytest.approx(log(2) - float(logs["estimate"]) + 2 * norm**2, rel=1e-5)


def test_slope_penalty_reaches_the_weights():
    """d/dw of |grad_x (w x)|^2 = 2 w: a penalty computed without a second derivative would leave the weights alone."""
    w = nn.Parameter(torch.tensor([1.0, -2.0]))
    x = torch.ones(1, 2, requires_grad=True)
    (grad,) = torch.autograd.grad(squared_slope(x @ w, x).sum(), w)
    torch.testing.assert_close(grad, 2 * w.detach())


def test_wgan_gp_penalises_between_the_images():
    """On |x| the slope is one off zero: between images on both sides of zero it is one as well, at neither is it."""
    seen = []

    class Watching(Fixed):
        def forward(self, x, y=None):
            seen.append(x.detach())
            return super().forward(x)

    game(WGANGPConfig(players=SMALL), Watching).discriminator_play(REAL, FAKE, None, TICK.noise)
    between = seen[-1]
    share = ((between - REAL) / (FAKE - REAL)).flatten(1)
    torch.testing.assert_close(share.amin(1), share.amax(1), rtol=1e-2, atol=1e-2)
    assert share.min() >= 0
    assert share.max() <= 1
    assert share.mean(1).std() > 0.2


def test_rotations_are_rotations_and_not_mirror_images():
    """A rotation keeps the sense of a turn: three marked corners, walked clockwise, stay clockwise in all four."""
    x = torch.zeros(1, 1, 9, 9)
    for value, (row, column) in enumerate([(0, 0), (0, 8), (8, 8)], 1):
        x[0, 0, row, column] = value
    four = turned(x)
    assert len(four) == 4
    for image in four[:, 0]:
        places = [(image == value).nonzero()[0].tolist() for value in (1, 2, 3)]
        (ay, ax), (by, bx), (cy, cx) = places
        assert (bx - ax) * (cy - by) - (by - ay) * (cx - bx) > 0, "the corners now run the other way: a mirror image"
    assert len({tuple(i.flatten().tolist()) for i in four}) == 4
    for k, image in enumerate(four):
        np.testing.assert_array_equal(image[0].numpy(), np.rot90(x[0, 0].numpy(), k))
    mirrored = x.flip(3)[0, 0]
    assert not any(torch.equal(image[0], mirrored) for image in four)
    assert not any(torch.equal(image[0], x[0, 0].T) for image in four)


def _ssgan(**changes) -> AdversarialModel:
    torch.manual_seed(0)
    return SSGANConfig(8, Players("residual", width=8, critic_width=8), **changes).build(TINY)


def test_ssgan_adversarial_loss_sees_upright_images_only():
    """Without the rotation terms nothing of the turned images is left in either loss."""
    real, fake = REAL.clamp(-1, 1), FAKE.clamp(-1, 1)
    model = _ssgan(real_rotations=0.0, fake_rotations=0.0)
    at_real, at_fake = model.discriminator(real), model.discriminator(fake)
    expected = (1 - at_real).relu().mean() + (1 + at_fake).relu().mean()
    torch.testing.assert_close(model.discriminator_play(real, fake, None, TICK.noise)[0], expected)
    torch.testing.assert_close(model.generator_play(real, fake, None, TICK.noise)[0], -at_fake.mean())


def test_ssgan_weights_and_who_learns_rotations_from_whom():
    real, fake = REAL.clamp(-1, 1), FAKE.clamp(-1, 1)
    model = _ssgan()
    plain = _ssgan(real_rotations=0.0, fake_rotations=0.0)

    def by_hand(x):
        some = x[::4]
        logits = model.discriminator.rotation(model.discriminator.trunk(turned(some)))
        target = torch.arange(4).repeat_interleave(len(some))
        return nn.functional.cross_entropy(logits, target)

    for player, images, weight in (("discriminator_play", real, 1.0), ("generator_play", fake, 0.2)):
        loss, logs = getattr(model, player)(real, fake, None, TICK.noise)
        without = getattr(plain, player)(real, fake, None, TICK.noise)[0]
        torch.testing.assert_close(loss - without, weight * by_hand(images))
        torch.testing.assert_close(logs["rotation"], by_hand(images))


def test_spectral_norm_is_the_largest_singular_value_and_a_forward_pass_changes_nothing():
    torch.manual_seed(0)
    for layer, x in ((nn.Linear(20, 12), torch.randn(3, 20)), (nn.Conv2d(3, 8, 3), torch.randn(2, 3, 9, 9))):
        free = layer.weight.detach().clone()
        spectral(layer)
        for _ in range(200):
            refine(layer)
        assert float(torch.linalg.matrix_norm(layer.weight.flatten(1), 2)) == pytest.approx(1.0, rel=1e-4)
        with torch.autocast("cpu", torch.bfloat16):
            halved = layer.weight
        assert torch.equal(halved, layer.weight)
        theirs = free / torch.linalg.matrix_norm(free.flatten(1), 2)
        torch.testing.assert_close(layer.weight, theirs, rtol=1e-3, atol=1e-5)
        layer.train()
        before = {k: v.clone() for k, v in layer.state_dict().items()}
        assert torch.equal(layer(x), layer(x))
        assert all(torch.equal(v, before[k]) for k, v in layer.state_dict().items())


def test_recalibrated_statistics_are_those_of_the_generator_at_work():
    torch.manual_seed(0)
    model = GANConfig(8, SMALL).build(TINY)
    with torch.no_grad():
        for p in model.generator.parameters():
            p.add_(0.1 * torch.randn_like(p))
    model.recalibrate()
    model.eval()
    first = next(m for m in model.generator.modules() if isinstance(m, nn.BatchNorm1d))
    linear = next(m for m in model.generator.modules() if isinstance(m, nn.Linear))
    # z is standard normal, so a dense layer has mean b and variance |w|^2.
    torch.testing.assert_close(first.running_mean, linear.bias.detach(), rtol=0, atol=0.05)
    torch.testing.assert_close(first.running_var, linear.weight.detach().square().sum(1), rtol=0.12, atol=0.02)


def test_projection_reads_the_label():
    torch.manual_seed(0)
    model = GANConfig(8, SMALL, conditional=True).build(TINY).eval()
    x, z = torch.rand(6, 1, 8, 8), SampleNoise(0, 6)
    one, two = (torch.full((6,), c) for c in (0, 1))
    assert not torch.equal(model.discriminator(x, one), model.discriminator(x, two))
    assert not torch.equal(model.sample(6, z, one), model.sample(6, SampleNoise(0, 6), two))


def test_images_come_back_from_the_frame_as_they_went_in():
    model = SSGANConfig(8, Players("residual", width=8)).build(MNIST)
    x = torch.rand(3, 1, 28, 28)
    assert model.enter(x).shape == (3, 1, 32, 32)
    assert float(model.enter(x)[:, :, 0].max()) == -1.0
    torch.testing.assert_close(model.leave(model.enter(x)), x)
    torch.testing.assert_close(crop(enlarge(x, (33, 31), 0.0), 28, 28), x)


@pytest.mark.parametrize(
    ("config", "estimate"),
    [
        (GANConfig(players=SMALL), lambda p, q: log(2) + (np.log(p).mean() + np.log(1 - q).mean()) / 2),
        (WGANConfig(players=SMALL), lambda p, q: special.logit(p).mean() - special.logit(q).mean()),
    ],
)
def test_validation_is_the_estimate_on_what_it_is_given(config, estimate):
    model = game(config).eval()
    x = torch.rand(20, 1, 8, 8)
    fake = model.draw(20, None, TICK.noise, "validate z")
    terms = model.validate(Batch(x), TICK)
    assert terms.weight == 20
    assert float(terms.loss.detach()) == pytest.approx(estimate(sigma(2 * x - 1), sigma(fake.detach())), rel=1e-5)
    again = model.validate(Batch(torch.ones(20, 1, 8, 8)), TICK)
    assert float(again.loss.detach()) > float(terms.loss.detach()), "brighter images have larger scores here"


@pytest.mark.parametrize(
    ("config", "spec", "sentence"),
    [
        (GANConfig(), DataSpec("image", (1, 30, 30)), "divide by 4"),
        (GANConfig(conditional=True), DataSpec("image", (1, 28, 28)), "labels"),
        (GANConfig(players=Players(width=12)), MNIST, "multiple of 8"),
        (GANConfig(), DataSpec("vector", (7,)), "draw images"),
        (SSGANConfig(), DataSpec("image", (1, 32, 64)), "not square"),
        (WGANConfig(clip=0.0), MNIST, "positive"),
        (replace(WGANGPConfig(), critic_steps=0), MNIST, "critic_steps is 0"),
        (R3GANConfig(gamma=-1.0), MNIST, "gamma"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_one_sentence(config, spec, sentence):
    with pytest.raises(UserError, match=sentence):
        config.build(spec)


def test_a_diverged_game_stops_with_a_sentence(tmp_path):
    base = recipe("digits-gan", "smoke")
    wild = replace(base.train, optimiser=OptimiserConfig(kind="sgd", lr=1e12), epochs=20.0)
    with pytest.raises(Diverged, match=r"Training diverged: .* became (nan|inf|-inf).*smaller learning rate"):
        fit(replace(base, train=wild), tmp_path, progress=False)


def test_snapshots_hold_both_views_and_the_history_both_players(tmp_path):
    run = fit(recipe("digits-gan", "smoke"), tmp_path, progress=False)
    assert {
        "discriminator/loss", "generator/loss", "discriminator/estimate", "discriminator/grad_norm",
        "generator/grad_norm",
    } <= set(run.history()[-1])  # fmt: skip
    shots = run.snapshots()
    assert [step for step, _ in shots] == sorted(step for step, _ in shots)
    for _, arrays in shots:
        assert arrays["samples"].shape == arrays["samples_raw"].shape == (100, 1, 8, 8)
    assert not np.array_equal(shots[-1][1]["samples"], shots[-1][1]["samples_raw"])
    shown = generate(run, 100)[0]
    np.testing.assert_array_equal((shown.numpy() * 255).round().astype(np.uint8), shots[-1][1]["samples"])


@pytest.mark.mnist
def test_distance_along_training_is_that_of_the_stored_samples(tmp_path):
    run = fit(recipe("gan", "smoke"), tmp_path, progress=False)
    moments = along(run)
    shots = run.snapshots()
    assert [m.step for m in moments] == [step for step, _ in shots[1:]]
    features, _ = judge.judged(torch.from_numpy(shots[-1][1]["samples_raw"]).float() / 255)
    assert moments[-1].distance == pytest.approx(float(frechet_distance(judge.reference(100, "test"), features)))
    last = [line for line in run.history() if shots[-2][0] < line["step"] <= shots[-1][0]]
    assert moments[-1].history["discriminator/loss"] == pytest.approx(np.mean([x["discriminator/loss"] for x in last]))
    with pytest.raises(UserError, match="no snapshots"):
        along(fit(recipe("digits-gan", "smoke"), tmp_path, progress=False))


@pytest.mark.mnist
def test_an_untrained_generator_is_named_as_collapsed(tmp_path):
    run = fit(recipe("gan", "smoke"), tmp_path, progress=False)
    found = {m.name: m for m in evaluate(run, ("samples",))}
    assert found["fd_digits"].value > 10 * found["fd_digits"].floor
    assert found["smallest_class_share"].context["collapse"].startswith("Collapsed: ")


def test_statistics_are_taken_over_all_classes():
    """Also where there are more of them than codes at a time."""
    spec, seen = DataSpec("image", (1, 8, 8), classes=30), []
    model = GANConfig(latent_dim=4, players=Players("dense", width=8), conditional=True).build(spec)
    model.generator.register_forward_pre_hook(lambda _, given: seen.append(given[0][:, 4:].argmax(1)))
    model.recalibrate(batches=4, size=10)
    assert torch.cat(seen).bincount(minlength=30).min() >= 1


def test_one_image_at_a_time_is_refused_where_batches_are_normalised():
    model = GANConfig(latent_dim=4, players=Players("dense", width=8)).build(DataSpec("image", (1, 8, 8)))
    with pytest.raises(UserError, match="Batch normalisation needs 2"):
        model.draw(1, None, Noise(0), "z")
    assert model.eval().draw(1, None, Noise(0), "z").shape[0] == 1


@pytest.mark.parametrize("images", [1, 2, 5, 8])
def test_the_rotation_term_is_a_mean_whatever_the_batch(images: int):
    """Of all that are turned, also where the batch falls into parts of any size."""
    model, x = _ssgan(), torch.randn(images, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    whole = Noise(0, total=images)
    chosen = model.chosen(x, whole)
    logits = model.discriminator.rotation(model.discriminator.trunk(turned(chosen)))
    target = torch.arange(4).repeat_interleave(len(chosen))
    truth = float(nn.functional.cross_entropy(logits, target).detach())
    found = 0.0
    for start, end in [(0, images)] if images < 3 else [(0, 2), (2, images)]:
        here = whole.rows(start, images)
        some = model.chosen(x[start:end], here)
        if len(some):
            term, _ = model.rotation(model.discriminator.trunk(turned(some)), end - start, here)
            found += float(term.detach()) * (end - start) / images
    assert found == pytest.approx(truth, rel=1e-5)
