"""Samplers with exact denoisers: known laws, orders of accuracy, limits of stability."""

from dataclasses import replace
from math import inf, log

import pytest
import torch

from simorgh.contracts import DataSpec, UserError
from simorgh.diffusion.condition import Condition
from simorgh.diffusion.denoiser import Counted, noised
from simorgh.diffusion.exact import Mixture
from simorgh.diffusion.grid import Grid
from simorgh.diffusion.guidance import Guidance
from simorgh.diffusion.path import VE, Line, VPLinear
from simorgh.diffusion.sampler import Sampler
from simorgh.diffusion.steps import (
    DDIM,
    Ancestral,
    DPMpp2M,
    Euler,
    Heun,
    Langevin,
    PredictorCorrector,
    UniPC,
    walk,
)  # fmt: skip
from simorgh.diffusion.target import Prediction
from simorgh.models.diffusion import DiffusionConfig
from simorgh.nn.text import TextEncoder
from simorgh.nn.unet import UNet
from simorgh.noise import SampleNoise, philox

ALL = [
    DDIM(), DDIM(eta=1.0), Ancestral(), Ancestral("large"), Euler(), Heun(), DPMpp2M(), UniPC(), Langevin(),
    PredictorCorrector(),
]  # fmt: skip
CLOUD = Mixture(torch.tensor([[1.5], [-0.5]]).double(), torch.tensor([0.3, 0.7]).double(), 0.4)
GAUSS = Mixture(torch.zeros(1, 1).double(), deviation=0.5)


def log_grid(steps: int, low: float = 0.02, high: float = 20.0) -> tuple[float, ...]:
    return Grid("log", low, high).levels(VE(low, high), steps)


def normals(n: int, seed: int = 0):
    rng = philox(seed)
    return lambda: torch.from_numpy(rng.standard_normal((n, 1)))


def ids(step) -> str:
    return repr(step)


@pytest.mark.parametrize(
    ("step", "order"), [(DDIM(), 1), (Euler(), 1), (Heun(), 2), (DPMpp2M(), 2), (UniPC(), 3)], ids=ids
)
def test_order_of_accuracy(step, order):
    """Doubling the steps of a smooth grid divides the error by 2^order. The law is N(0, 0.5^2), whose ODE is solved by
    z(q) = z(q_1) sqrt((q^2 + 0.25) / (q_1^2 + 0.25)). The corrector of UniPC-2 adds an order (their theorem 3.1)."""
    u, high, low = torch.tensor([[0.8]]).double(), 10.0, 0.1
    truth = u * (1 + high**2) ** 0.5 * ((low**2 + 0.25) / (high**2 + 0.25)) ** 0.5

    def error(steps: int) -> float:
        grid = tuple(float(x) for x in torch.logspace(1, -1, steps + 1).double())
        return float((walk(step, GAUSS, u, grid, normals(1)) * (1 + low**2) ** 0.5 - truth).abs())

    slopes = [log(error(n) / error(2 * n)) / log(2) for n in (40, 80, 160)]
    assert slopes[-1] == pytest.approx(order, abs=0.25)


@pytest.mark.parametrize("step", ALL, ids=ids)
def test_every_sampler_reaches_the_law_of_the_data(step):
    """Share of the right-hand mode and both moments of a mixture, 4,000 samples, within four standard errors and the
    sampler's own error."""
    n, grid = 4000, log_grid(120)
    normal = normals(n)
    x = walk(step, CLOUD, normal(), grid, normal)
    slack = 0.03 if isinstance(step, Ancestral | Langevin | PredictorCorrector) else 0.01
    assert float(x.mean()) == pytest.approx(0.3 * 1.5 - 0.7 * 0.5, abs=4 * 1.0 / n**0.5 + slack)
    variance = 0.16 + 0.3 * 0.7 * 2.0**2
    assert float(x.var()) == pytest.approx(variance, rel=0.1 + slack)
    assert float((x > 0.5).double().mean()) == pytest.approx(0.3, abs=0.04 + slack)


def test_one_update_has_many_names():
    """DDIM, Euler and the first steps of DPM-Solver++ and UniPC are the same, ancestral is DDIM with eta 1."""
    u = torch.randn(5, 1, generator=torch.Generator().manual_seed(0)).double()
    first = DDIM().move(CLOUD, u, 3.0, 1.0, normals(5), None)[0]
    for step in (Euler(), DPMpp2M(), UniPC()):
        torch.testing.assert_close(step.move(CLOUD, u, 3.0, 1.0, normals(5), None)[0], first, atol=1e-12, rtol=1e-12)
    # Euler's step on the straight line, x = z / (1 + q), dx/dt = eps - x0.
    x, t, s = u * 10**0.5 / 4, 3 / 4, 1 / 2
    found = CLOUD(u, torch.full((5,), 3.0).double())
    torch.testing.assert_close((x + (s - t) * (found.eps - found.x0)) * 2 / 2**0.5, first)
    a = walk(DDIM(1.0), CLOUD, u, log_grid(20), normals(5, 7))
    torch.testing.assert_close(a, walk(Ancestral(), CLOUD, u, log_grid(20), normals(5, 7)))


@pytest.mark.parametrize("step", [s for s in ALL if not isinstance(s, Langevin)], ids=ids)
def test_start_without_any_signal(step):
    normal = normals(50)
    x = walk(step, CLOUD, normal(), (inf, 5.0, 1.0, 0.2, 0.0), normal)
    assert torch.isfinite(x).all()
    with pytest.raises(UserError, match="finite"):
        walk(Langevin(), CLOUD, normal(), (inf, 1.0), normal)


@pytest.mark.parametrize(
    ("step", "path", "asked"),
    [
        (DDIM(), VE(0.01, 9.0), 6),
        (Ancestral(), VPLinear(50), 6),
        (DPMpp2M(), Line(), 6),
        (UniPC(), Line(), 6),
        (Heun(), VE(0.01, 9.0), 11),  # a step to 0 is Euler's
        (Heun(), Line(), 10),  # and so is one from pure noise
        (Langevin(0.1, 5), VE(0.01, 9.0), 31),
        (Langevin(0.1, 5, denoise=False), VE(0.01, 9.0), 30),
        (PredictorCorrector(repeats=2), VE(0.01, 9.0), 16),
    ],
)
def test_evaluations_are_as_announced(step, path, asked):
    sampler, denoise = Sampler(step, 6), Counted(CLOUD)
    assert sampler.evaluations(path) == asked
    sampler.draw(denoise, path, (1,), SampleNoise(0, 3))
    assert denoise.calls == asked


def test_a_guided_step_asks_twice_where_guidance_acts():
    path, plain = VE(0.1, 10.0), Sampler(Euler(), 6, Grid("log", 0.1, 10.0))
    levels = plain.grid.levels(path, 6)
    guided = replace(plain, guidance=Guidance(2.0))
    assert guided.evaluations(path) == 12
    between = replace(plain, guidance=Guidance(2.0, low=levels[3], high=levels[1]))
    assert between.evaluations(path) == 9
    assert replace(plain, guidance=Guidance(1.0)).evaluations(path) == 6
    assert replace(plain, step=DDIM(), guidance=Guidance(1.0, "cfg++")).evaluations(path) == 12


@pytest.mark.parametrize("step", ALL, ids=ids)
def test_a_sample_is_the_same_alone_and_in_a_crowd(step):
    def draw(n, first=0):
        noise = SampleNoise(5, n, first)
        normal = lambda: noise.normal(n, 1).double()  # noqa: E731
        return walk(step, CLOUD, normal(), log_grid(12), normal)

    torch.testing.assert_close(draw(7)[4:5], draw(1, 4), atol=1e-12, rtol=0)


@pytest.mark.parametrize(("ratio", "stable"), [(0.11, True), (1.0, True), (1.9, True), (2.1, False)])
def test_langevin_steps_are_stable_up_to_a_ratio_of_two(ratio, stable):
    normal = normals(100)
    point = Mixture(torch.zeros(1, 1).double())
    grid = tuple([1.0 - 1e-9 * i for i in range(400)])
    x = walk(Langevin(ratio, repeats=1), point, normal(), grid, normal)
    assert (float(x.abs().max()) < 100) == stable


def test_langevin_ends_with_noise_of_the_last_level_unless_denoised():
    normal = normals(3000)
    point = Mixture(torch.full((1, 1), 0.7).double())
    for denoise, expected in ((False, 0.01), (True, 0.0)):
        x = walk(Langevin(denoise=denoise), point, normal(), (*log_grid(60, 0.01, 10)[:-1], 0.0), normal)
        assert float(x.std()) == pytest.approx(expected, abs=0.002)


def test_guidance_in_one_convention():
    cond, null = (lambda v: lambda u, q: Prediction(v + 0 * u, 2 * v + 0 * u))(3.0), None
    null = lambda u, q: Prediction(1 + 0 * u, 0.5 + 0 * u)  # noqa: E731
    u, q = torch.zeros(1, 1), torch.ones(1).double()
    assert Guidance(1.0).join(cond, null) is cond
    assert [float(x) for x in Guidance(2.0).join(cond, null)(u, q)] == [5.0, 11.5]
    assert [float(x) for x in Guidance(0.0).join(cond, null)(u, q)] == [1.0, 0.5]
    assert [float(x) for x in Guidance(0.5, "cfg++").join(cond, null)(u, q)] == [2.0, 0.5]
    assert [float(x) for x in Guidance(2.0, low=2.0).join(cond, null)(u, q)] == [3.0, 6.0]
    with pytest.raises(UserError, match="scale"):
        Guidance(-1.0)
    Sampler(Ancestral(), guidance=Guidance(0.5, "cfg++"))
    for step in (Euler(), Heun(), DPMpp2M(), UniPC(), Langevin()):  # they read one half of what it changes
        with pytest.raises(UserError, match="cfg"):
            Sampler(step, guidance=Guidance(0.5, "cfg++"))


def test_large_variance_is_that_of_the_forward_step():
    """One step of the DDPM chain at small noise: the spread of x_{t-1} given x_t is beta."""
    path = VPLinear()
    q, r = (float(x) for x in path.q(torch.tensor([0.5, 0.499]).double()))
    n = 40_000
    normal = normals(n)
    still = lambda u, level: Prediction(0 * u, 0 * u)  # noqa: E731
    u = Ancestral("large").move(still, torch.zeros(n, 1).double(), q, r, normal, None)[0]
    assert float(u.var()) == pytest.approx(float(path.betas[499]), rel=0.03)


def test_noised_is_equation_1():
    x0, eps = torch.tensor([[2.0], [2.0]]).double(), torch.tensor([[1.0], [1.0]]).double()
    u = noised(x0, eps, torch.tensor([0.75, inf]).double())
    torch.testing.assert_close(u, torch.tensor([[2 * 0.8 + 0.6], [1.0]]).double())


def test_autoguidance_is_not_taken_for_another():
    """One run holds no weaker model, and its unconditional answer must not stand in for one."""
    model = DiffusionConfig(UNet((8,), attention=(False,), heads=2, patch=1), condition=Condition("class", 8)).build(
        DataSpec("image", (1, 8, 8), classes=3)
    )
    with pytest.raises(UserError, match="weaker"):
        model.sample(1, SampleNoise(0, 1), torch.tensor([1]), Sampler(steps=1, guidance=Guidance(2.0, "auto")))


def test_a_model_that_was_always_told_a_condition_is_neither_guided_nor_asked_for_nothing():
    model = DiffusionConfig(
        UNet((8,), attention=(False,), heads=2, patch=1), condition=Condition("class", 8, drop=0.0)
    ).build(DataSpec("image", (1, 8, 8), classes=3))
    plain = Sampler(steps=1)
    assert model.sample(2, SampleNoise(0, 2), torch.tensor([1, 2]), plain).shape == (2, 1, 8, 8)
    for condition, sampler in ((None, plain), (torch.tensor([1, 2]), replace(plain, guidance=Guidance(2.0)))):
        with pytest.raises(UserError, match=r"condition\.drop is 0"):
            model.sample(2, SampleNoise(0, 2), condition, sampler)


def test_a_caption_with_a_sign_that_was_never_trained_is_refused():
    spec = DataSpec("image", (1, 8, 8), captions=("a three", "a four"))
    network = UNet((8,), attention=(False,), heads=2, patch=1)
    model = DiffusionConfig(network, condition=Condition("caption", 8, text=TextEncoder(8, 1, 2, 12))).build(spec)
    assert torch.equal(model.condition("a three"), model.told.ids(["a three"])[0])
    with pytest.raises(UserError, match="no caption of the training part has 'T', 'E'"):
        model.condition("a ThrEe")


@pytest.mark.parametrize("target", ["eps", "score", "edm"])
def test_what_says_nothing_where_no_signal_is_left_is_refused(target: str):
    config = DiffusionConfig(network=UNet((8,), attention=(False,), group=4), path=Line(), target=target)
    with pytest.raises(UserError, match=f"{target} says nothing"):
        config.build(DataSpec("image", (1, 8, 8), (0.0, 1.0)))
