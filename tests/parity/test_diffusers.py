"""Samplers against the schedulers of diffusers, on the same answers of one fixed network, float64."""

import numpy as np
import pytest
import torch

from simorgh.diffusion.denoiser import FromNetwork
from simorgh.diffusion.path import VPLinear
from simorgh.diffusion.steps import DDIM, Ancestral, DPMpp2M, Heun, UniPC

diffusers = pytest.importorskip("diffusers", reason="diffusers is a development dependency")

PATH = VPLinear()
SHAPE = (3, 2, 4, 4)


def network(x: torch.Tensor) -> torch.Tensor:
    """A smooth made-up eps that mixes pixels; it does not know the level, so both sides can call it."""
    return torch.tanh(0.7 * x + 0.2 * x.flip(-1)) + 0.1 * x


def start() -> torch.Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def levels(timesteps) -> list[float]:
    """q at their time steps, counted from 0, and 0 at the end."""
    t = (torch.as_tensor(np.asarray(timesteps)).double() + 1) / 1000
    return [*PATH.q(t).tolist(), 0.0]


def theirs(scheduler, x: torch.Tensor, **extra) -> torch.Tensor:
    for t in scheduler.timesteps:
        x = scheduler.step(network(scheduler.scale_model_input(x, t)), t, x, **extra).prev_sample
    return x


def ours(step, x: torch.Tensor, grid: list[float], normal=None) -> torch.Tensor:
    denoise = FromNetwork(lambda x, t: network(x), PATH, "eps")
    u, memory = x, None
    for q, r in zip(grid, grid[1:]):
        u, memory = step.move(denoise, u, q, r, normal, memory)
    return u


def make(kind: str, steps: int, **settings):
    scheduler = getattr(diffusers, kind)(
        num_train_timesteps=1000, beta_start=1e-4, beta_end=0.02, beta_schedule="linear", **settings
    )
    scheduler.set_timesteps(steps)
    return scheduler


def close(a: torch.Tensor, b: torch.Tensor) -> None:
    assert float((a - b).abs().max()) < 1e-5 * max(1.0, float(b.abs().max()))


@pytest.mark.parametrize("spacing", ["leading", "trailing"])
@pytest.mark.parametrize("steps", [5, 50])
def test_ddim(steps, spacing):
    scheduler = make("DDIMScheduler", steps, clip_sample=False, timestep_spacing=spacing, set_alpha_to_one=True)
    close(ours(DDIM(), start(), levels(scheduler.timesteps)), theirs(scheduler, start()))


@pytest.mark.parametrize(("name", "variance"), [("fixed_small", "small"), ("fixed_large", "large")])
def test_ddpm(name, variance, monkeypatch):
    """The whole chain, with the noise of both taken from one list. Their product of a thousand factors is float32: here
    it is replaced by one in float64."""
    scheduler = make("DDPMScheduler", 1000, clip_sample=False, variance_type=name)
    scheduler.alphas_cumprod = (1 - PATH.betas).cumprod(0)
    rng = torch.Generator().manual_seed(1)
    draws = [torch.randn(SHAPE, generator=rng, dtype=torch.float64) for _ in range(1000)]
    module = __import__("diffusers.schedulers.scheduling_ddpm", fromlist=["randn_tensor"])
    first, second = iter(draws), iter(draws)
    monkeypatch.setattr(module, "randn_tensor", lambda *a, **k: next(first))
    expected = theirs(scheduler, start())
    close(ours(Ancestral(variance), start(), levels(scheduler.timesteps), lambda: next(second)), expected)


@pytest.mark.parametrize("steps", [6, 20])
def test_dpm_solver(steps):
    scheduler = make(
        "DPMSolverMultistepScheduler", steps, algorithm_type="dpmsolver++", solver_order=2, final_sigmas_type="zero",
        timestep_spacing="trailing",
    )  # fmt: skip
    close(ours(DPMpp2M(), start(), levels(scheduler.timesteps)), theirs(scheduler, start()))


@pytest.mark.parametrize("steps", [6, 20])
def test_unipc(steps):
    scheduler = make(
        "UniPCMultistepScheduler", steps, solver_order=2, solver_type="bh2", final_sigmas_type="zero",
        timestep_spacing="trailing",
    )  # fmt: skip
    close(ours(UniPC(), start(), levels(scheduler.timesteps)), theirs(scheduler, start()))


def test_heun():
    """Theirs walks in z and scales what the network sees to u, as ours does."""
    scheduler = make("HeunDiscreteScheduler", 12, timestep_spacing="trailing")
    sigmas = scheduler.sigmas
    grid = [float(sigmas[0]), *[float(s) for s in sigmas[1::2]]]
    z = start() * (1 + grid[0] ** 2) ** 0.5
    close(ours(Heun(), start(), grid), theirs(scheduler, z))
