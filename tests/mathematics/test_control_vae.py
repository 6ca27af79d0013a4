"""ControlVAE: the weight that a controller rules, held on a model that learns."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from simorgh.contracts import Batch, DataSpec, Noise, Tick
from simorgh.models.control_vae import ControlVAEConfig
from simorgh.models.vae import VAEConfig
from simorgh.nn.networks import Network
from simorgh.recipes import recipe
from simorgh.train import OptimiserConfig, fit

SPEC = DataSpec("image", (1, 8, 8), mean=(0.3,) * 64)
NET = Network(hidden=(16, 8))
TICK = Tick(0, 0, 0.5, Noise(3))


def images() -> Batch:
    return Batch(torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(1)))


def test_it_starts_as_the_vae_with_the_smallest_weight():
    plain, ruled = VAEConfig(3, NET, beta=2.5).build(SPEC), ControlVAEConfig(3, NET, beta_min=2.5).build(SPEC)
    ruled.load_state_dict(plain.state_dict(), strict=False)
    torch.testing.assert_close(ruled.loss(images(), TICK).loss, plain.loss(images(), TICK).loss)


def test_a_kl_above_the_set_point_raises_the_weight_of_the_next_step():
    model = ControlVAEConfig(3, NET, target=1e-4, ki=1.0).build(SPEC)
    with torch.no_grad():
        model.encoder.layers[-1].bias.fill_(1.0)
    (objective,) = model.objectives()
    first = model.loss(images(), TICK)
    objective.after(first)
    second = model.loss(images(), TICK)
    assert float(first.logs["beta"]) == 1.0
    error = 1e-4 - float(first.logs["kl"])
    expected = 0.01 * torch.sigmoid(torch.tensor(-error)) - error + 1
    torch.testing.assert_close(second.logs["beta"], expected)
    gain = (expected - 1) * first.logs["kl"]
    torch.testing.assert_close((second.loss - first.loss).detach(), gain, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("target", [0.7, 1.4])
def test_training_ends_at_a_set_point_within_reach(tmp_path: Path, target: float):
    history = trained(tmp_path, target)
    last = [line["elbo/kl"] for line in history[-len(history) // 10 :]]
    assert sum(last) / len(last) == pytest.approx(target, abs=0.1)
    assert history[-1]["elbo/beta"] > 1.05


def test_a_set_point_beyond_the_plain_vae_leaves_the_weight_at_its_bound(tmp_path: Path):
    assert {line["elbo/beta"] for line in trained(tmp_path, 20.0)} == {1.0}


def trained(path: Path, target: float) -> list[dict]:
    """The history of 480 steps on digits, where the plain VAE ends near 2.4 nats."""
    base = recipe("digits-vae", "smoke")
    model = ControlVAEConfig(4, Network(hidden=(64, 32)), target=target, ki=0.04)
    train = replace(base.train, epochs=60.0, log_every=1, optimiser=OptimiserConfig(lr=1e-2))
    return fit(replace(base, model=model, train=train), path, progress=False).history()


def test_the_controller_is_saved_with_the_weights(tmp_path: Path):
    run = fit(replace(recipe("digits-vae", "smoke"), model=ControlVAEConfig(4, NET, target=2.0, ki=0.01)), tmp_path,
              progress=False)  # fmt: skip
    state = run.model().controller
    assert int(state.steps) == run.history()[-1]["step"]
    assert float(state.integral) != 0
