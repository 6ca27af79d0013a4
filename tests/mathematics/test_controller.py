"""The PI controller on toy plants, each a KL that relaxes with a lag towards a falling function of beta."""

from math import exp

import numpy as np
import pytest
import torch

from simorgh.contracts import UserError
from simorgh.metrics.control import control
from simorgh.nn.controller import PIController, Ramp
from simorgh.noise import philox

PLAIN = 25.4
"""KL of a plain VAE on dSprites, in nats (published training log of YannDubs/disentangling-vae)."""


def sprites(beta: float) -> float:
    """Passes the published 25.4 nats at beta 1 and 15.35 at beta 4."""
    return PLAIN * beta**-0.363


def faces(beta: float) -> float:
    """120 nats at beta 1 and 300 at beta 0."""
    return 300 / (1 + 1.5 * beta)


def drive(controller: PIController, steps: int, plant=sprites, kl: float = 0.0, lag: float = 100, noise: float = 0.0):
    """The KL and the beta of each step, (steps,) both; the controller sees the KL with Gaussian noise."""
    rng, trace = philox("controller", noise), np.empty((2, steps))
    for i in range(steps):
        seen = kl + noise * rng.standard_normal()
        beta = float(controller.step(seen))
        trace[:, i] = seen, beta
        kl += (plant(beta) - kl) / lag
    return trace


def by_hand(kls: list[float], target: float, kp: float, ki: float, low: float, high: float) -> list[float]:
    """Algorithm 1 with a sign-aware freeze, in plain Python."""
    integral, output, betas = 0.0, low, []
    for kl in kls:
        e = target - kl
        if not ((output <= low and e > 0) or (output >= high and e < 0)):
            integral -= ki * e
        output = kp / (1 + exp(e)) + integral + low
        betas.append(min(max(output, low), high))
    return betas


def test_steps_are_those_of_algorithm_1():
    kls = list(philox("kls").normal(8, 6, size=300))
    controller = PIController(8, kp=0.05, ki=0.02, beta_min=1.0, beta_max=1.3)
    betas = [float(controller.step(kl)) for kl in kls]
    expected = by_hand(kls, 8, 0.05, 0.02, 1.0, 1.3)
    np.testing.assert_allclose(betas, expected, rtol=1e-12)
    assert {1.0, 1.3} < set(betas)


def test_first_step_from_a_set_point_that_is_met():
    controller = PIController(8)
    assert float(controller.beta) == 1
    assert float(controller.step(torch.tensor(8.0))) == pytest.approx(1 + 0.01 / 2, abs=1e-15)
    assert float(controller.integral) == 0


@pytest.mark.parametrize(("target", "steps"), [(8, 35_000), (9.9, 20_000), (10.1, 20_000), (14, 10_000)])
def test_settles_at_a_constant_set_point(target, steps):
    """The lower the set point the flatter the plant: 8 nats come within 5 % after 11,600 steps, 14 after 1,400."""
    kl, beta = drive(PIController(target), steps)
    assert kl[-1] == pytest.approx(target, abs=0.05)
    assert beta[-1] == pytest.approx((PLAIN / target) ** (1 / 0.363), rel=0.02)
    assert control(kl, target).settled is not None


@pytest.mark.parametrize("target", [10.1, 14])
def test_published_freeze_latches(target):
    controller = PIController(target, anti_windup="published")
    kl, beta = drive(controller, 6000)
    assert (beta == 1).all()
    assert kl[-1] == pytest.approx(PLAIN, abs=1e-6)
    assert float(controller.integral) == pytest.approx(-0.001 * target)


def test_published_freeze_works_below_the_boundary():
    kl, _ = drive(PIController(9.9, anti_windup="published"), 15_000)
    assert kl[-1] == pytest.approx(9.9, abs=0.05)


@pytest.mark.parametrize("first", [0.0, 3.0, 7.5])
@pytest.mark.parametrize(("kp", "ki"), [(0.01, 0.001), (0.02, 0.004)])
@pytest.mark.parametrize("beside", [-0.1, 0.1])
def test_published_freeze_latches_iff_the_first_error_exceeds_kp_over_ki(first, kp, ki, beside):
    controller = PIController(first + kp / ki + beside, kp, ki, anti_windup="published")
    _, beta = drive(controller, 1500, kl=first)
    assert (beta == 1).all() == (beside > 0)


def test_ramp_of_the_authors_avoids_the_latch():
    ramp = Ramp(0.5, 0.15, every=60)
    kl, _ = drive(PIController(14, anti_windup="published", ramp=ramp), 20_000)
    assert kl[-1] == pytest.approx(14, abs=0.1)


def test_ramp_moves_the_set_point_in_stairs_and_stops_at_the_target():
    controller, seen = PIController(1.0, ramp=Ramp(0.5, 0.2, every=3)), []
    for _ in range(12):
        seen.append(float(controller.set_point))
        controller.step(0.0)
    assert seen == pytest.approx([0.5] * 3 + [0.7] * 3 + [0.9] * 3 + [1.0] * 3)
    falling = PIController(8, ramp=Ramp(20, -7, every=1))
    points = []
    for _ in range(4):
        points.append(float(falling.set_point))
        falling.step(0.0)
    assert points == [20, 13, 8, 8]


def test_without_anti_windup_a_saturated_controller_overshoots_more():
    """The setting of the authors' image code: beta in [0, 1], Ki 1e-4, and a KL that takes its time."""
    traces = {}
    for kind in ("conditional", "none"):
        controller = PIController(170, 0.01, 1e-4, 0.0, 1.0, anti_windup=kind)
        traces[kind] = control(drive(controller, 12_000, faces, lag=1000)[0], 170)
    assert traces["none"].overshoot > 2 * traces["conditional"].overshoot + 20
    assert traces["conditional"].settled < traces["none"].settled


@pytest.mark.parametrize(("pressed", "bound", "back"), [(0.0, 1.0, 30.0), (30.0, 3.0, 0.0)])
def test_leaves_either_bound_at_once_after_a_long_saturation(pressed, bound, back):
    controller = PIController(14, ki=0.01, beta_max=3.0)
    for _ in range(5000):
        beta = float(controller.step(pressed))
    assert beta == bound
    assert abs(float(controller.integral) - (bound - 1)) <= 0.01 * 16 + 0.01  # one step beyond the bound, no more
    for _ in range(3):
        beta = float(controller.step(back))
    assert 1 < beta < 3


def test_a_set_point_out_of_reach_rests_at_the_bound_and_comes_back():
    controller = PIController(30)
    kl, beta = drive(controller, 3000)
    assert beta[-1] == 1
    assert kl[-1] == pytest.approx(PLAIN, abs=1e-6)
    controller.target = 14
    kl, _ = drive(controller, 10_000, kl=PLAIN)
    assert kl[-1] == pytest.approx(14, abs=0.05)


def test_resumes_in_mid_flight_bit_for_bit():
    whole = PIController(14, ramp=Ramp(every=7))
    kls = philox("resume").normal(12, 3, size=400)
    straight = [float(whole.step(kl)) for kl in kls]
    first = PIController(14, ramp=Ramp(every=7))
    for kl in kls[:173]:
        first.step(kl)
    saved = {k: v.clone() for k, v in first.state_dict().items()}
    assert set(saved) == {"integral", "output", "steps"}
    assert saved["integral"].dtype == saved["output"].dtype == torch.float64
    second = PIController(14, ramp=Ramp(every=7))
    second.load_state_dict(saved)
    assert float(second.beta) == straight[172]
    assert [float(second.step(kl)) for kl in kls[173:]] == straight[173:]


def test_state_travels_with_the_model_that_holds_it():
    model = torch.nn.Module()
    model.controller = PIController(14)
    assert set(model.state_dict()) == {"controller.integral", "controller.output", "controller.steps"}


def test_noise_leaves_no_stationary_error():
    kl, beta = drive(PIController(14), 20_000, noise=1.5)
    error = control(kl, 14).error
    assert abs(error.value) < 0.15
    assert error.low < 0 < error.high
    assert beta[-2000:].std() < 0.5


def test_small_errors_add_up():
    """A float32 integral near 100 would swallow steps of 1e-6."""
    controller = PIController(14)
    controller.integral.fill_(100.0)
    controller.output.fill_(101.0)
    for _ in range(1000):
        controller.step(14.001)
    assert float(controller.integral) == pytest.approx(100.001, abs=1e-9)


def test_gives_no_gradient_and_takes_no_overflow():
    controller = PIController(14)
    beta = controller.step(torch.tensor(5.0, requires_grad=True))
    assert not beta.requires_grad
    assert float(PIController(5000, beta_min=0.0).step(0.0)) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"target": 0.0},
        {"target": 8, "ki": 0.0},
        {"target": 8, "kp": -0.1},
        {"target": 8, "beta_max": 1.0},
        {"target": 8, "beta_min": -1.0},
        {"target": 8, "anti_windup": "never"},
        {"target": 8, "ramp": Ramp(10, 0.15)},
        {"target": 8, "ramp": Ramp(every=0)},
    ],
)
def test_refuses_what_cannot_control(wrong):
    with pytest.raises(UserError):
        PIController(**wrong)
