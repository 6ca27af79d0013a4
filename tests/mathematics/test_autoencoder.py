"""The noisy autoencoder: the size of its noise in both readings, and that drifting codes do not kill its decoder."""

from dataclasses import replace

import pytest
import torch

from simorgh.contracts import Batch, DataSpec, Noise, Tick
from simorgh.models.autoencoder import AutoencoderConfig
from simorgh.nn.networks import Network
from simorgh.recipes import recipe
from simorgh.train import OptimiserConfig, fit

SPEC = DataSpec("image", (1, 2, 2), mean=(0.5,) * 4)


@pytest.mark.parametrize(("reading", "expected"), [("total", 2.0), ("per-coordinate", 2 / 5)])
def test_signal_to_noise_ratio(reading, expected):
    """Var(code) / Var(noise) per coordinate is 2 for the total reading and 2 / d per coordinate, d = 5."""
    torch.manual_seed(0)
    config = AutoencoderConfig(latent_dim=5, network=Network(hidden=(8,)), noise=0.5, reading=reading, memory=0.0)
    model = config.build(SPEC)
    batch = Batch(torch.rand(4000, 1, 2, 2))
    (objective,) = model.objectives()
    tick = Tick(0, 0, 0.0, Noise(0))
    objective.after(objective.loss(batch, tick))
    heard = []
    model.decoder.register_forward_pre_hook(lambda _, inputs: heard.append(inputs[0]))
    objective.loss(batch, tick)
    clean = model.standard(model.encoder(batch.x))
    noise = heard[0] - clean
    assert float(clean.detach().square().sum(1).mean()) == pytest.approx(1.0, rel=1e-4)
    assert float((clean.var(0).sum() / noise.var(0).sum()).detach()) == pytest.approx(expected, rel=0.03)


def test_noise_does_not_kill_the_decoder(tmp_path):
    """With R as a lagging number and raw codes, R ran to 10^7 and the loss stayed at that of the mean image."""
    base = recipe("digits-ae", "cpu")
    noisy = replace(base.model, noise=0.5)
    train = replace(base.train, epochs=60.0, optimiser=OptimiserConfig(lr=4e-3, schedule="one-cycle"))
    run = fit(replace(base, model=noisy, train=train), tmp_path, progress=False)
    losses = [line["reconstruction/loss"] for line in run.history()]
    assert losses[-1] < losses[0] - 1.5
    assert losses[-1] < min(losses) + 0.6
