"""Inception against an implementation that shares nothing with it: NumPy, from the published list of layers."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image
from torch import nn

from simorgh.contracts import UserError
from simorgh.evaluate import evaluate
from simorgh.evaluate.inception import inception_features, load_inception, protocol
from simorgh.nn.inception import RESIZE, Inception, prepare
from simorgh.recipes import recipe
from simorgh.train import Run, fit


@pytest.fixture(scope="module", name="network")
def _network() -> Inception:
    """Random weights of lively size, and batch statistics that are not those of a fresh layer."""
    generator = torch.Generator().manual_seed(0)
    network = Inception()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                fan = module.weight[0].numel()
                module.weight.copy_(torch.randn(module.weight.shape, generator=generator) * (2 / fan) ** 0.5)
            if isinstance(module, nn.BatchNorm2d):
                for part, low in ((module.weight, 0.7), (module.running_var, 0.6)):
                    part.copy_(low + 0.6 * torch.rand(part.shape, generator=generator))
                for part in (module.bias, module.running_mean):
                    part.copy_(0.2 * torch.randn(part.shape, generator=generator))
    return network.eval().requires_grad_(False)


class ByHand:
    """The published graph, layer by layer, on arrays (C, H, W) in float64."""

    def __init__(self, weights: dict[str, torch.Tensor]):
        self.w = {k: v.double().numpy() for k, v in weights.items()}

    def conv(self, x, name, stride=1, pad=(0, 0)):
        kernel = self.w[f"{name}.conv.weight"]
        x = np.pad(x, ((0, 0), (pad[0], pad[0]), (pad[1], pad[1])))
        windows = sliding_window_view(x, kernel.shape[2:], (1, 2))[:, ::stride, ::stride]
        y = np.einsum("chwij,ocij->ohw", windows, kernel, optimize=True)
        g, b, m, v = (self.w[f"{name}.bn.{p}"] for p in ("weight", "bias", "running_mean", "running_var"))
        y = (y - m[:, None, None]) / np.sqrt(v + 1e-3)[:, None, None] * g[:, None, None] + b[:, None, None]
        return np.maximum(y, 0)

    @staticmethod
    def max3(x, stride, pad=0):
        x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)), constant_values=-np.inf)
        return sliding_window_view(x, (3, 3), (1, 2))[:, ::stride, ::stride].max((3, 4))

    @staticmethod
    def mean3(x):
        one = np.pad(np.ones_like(x), ((0, 0), (1, 1), (1, 1)))
        x = np.pad(x, ((0, 0), (1, 1), (1, 1)))
        return sliding_window_view(x, (3, 3), (1, 2)).sum((3, 4)) / sliding_window_view(one, (3, 3), (1, 2)).sum((3, 4))

    def a(self, x, n):
        p, q = (1, 1), (2, 2)
        five = self.conv(self.conv(x, f"{n}.branch5x5_1"), f"{n}.branch5x5_2", 1, q)
        three = self.conv(self.conv(x, f"{n}.branch3x3dbl_1"), f"{n}.branch3x3dbl_2", 1, p)
        three = self.conv(three, f"{n}.branch3x3dbl_3", 1, p)
        pool = self.conv(self.mean3(x), f"{n}.branch_pool")
        return np.concatenate([self.conv(x, f"{n}.branch1x1"), five, three, pool])

    def b(self, x, n):
        double = self.conv(self.conv(x, f"{n}.branch3x3dbl_1"), f"{n}.branch3x3dbl_2", 1, (1, 1))
        double = self.conv(double, f"{n}.branch3x3dbl_3", 2)
        return np.concatenate([self.conv(x, f"{n}.branch3x3", 2), double, self.max3(x, 2)])

    def c(self, x, n):
        row, column = (0, 3), (3, 0)
        seven = self.conv(self.conv(x, f"{n}.branch7x7_1"), f"{n}.branch7x7_2", 1, row)
        seven = self.conv(seven, f"{n}.branch7x7_3", 1, column)
        double = self.conv(self.conv(x, f"{n}.branch7x7dbl_1"), f"{n}.branch7x7dbl_2", 1, column)
        double = self.conv(double, f"{n}.branch7x7dbl_3", 1, row)
        double = self.conv(self.conv(double, f"{n}.branch7x7dbl_4", 1, column), f"{n}.branch7x7dbl_5", 1, row)
        pool = self.conv(self.mean3(x), f"{n}.branch_pool")
        return np.concatenate([self.conv(x, f"{n}.branch1x1"), seven, double, pool])

    def d(self, x, n):
        three = self.conv(self.conv(x, f"{n}.branch3x3_1"), f"{n}.branch3x3_2", 2)
        seven = self.conv(self.conv(x, f"{n}.branch7x7x3_1"), f"{n}.branch7x7x3_2", 1, (0, 3))
        seven = self.conv(self.conv(seven, f"{n}.branch7x7x3_3", 1, (3, 0)), f"{n}.branch7x7x3_4", 2)
        return np.concatenate([three, seven, self.max3(x, 2)])

    def e(self, x, n, pooled):
        three = self.conv(x, f"{n}.branch3x3_1")
        double = self.conv(self.conv(x, f"{n}.branch3x3dbl_1"), f"{n}.branch3x3dbl_2", 1, (1, 1))
        forks = [
            self.conv(h, f"{n}.{name}", 1, pad)
            for h, name, pad in (
                (three, "branch3x3_2a", (0, 1)), (three, "branch3x3_2b", (1, 0)),
                (double, "branch3x3dbl_3a", (0, 1)), (double, "branch3x3dbl_3b", (1, 0)),
            )
        ]  # fmt: skip
        return np.concatenate([self.conv(x, f"{n}.branch1x1"), *forks, self.conv(pooled, f"{n}.branch_pool")])

    def __call__(self, x):
        x = self.conv(self.conv(x, "Conv2d_1a_3x3", 2), "Conv2d_2a_3x3")
        x = self.max3(self.conv(x, "Conv2d_2b_3x3", 1, (1, 1)), 2)
        x = self.max3(self.conv(self.conv(x, "Conv2d_3b_1x1"), "Conv2d_4a_3x3"), 2)
        for n in ("Mixed_5b", "Mixed_5c", "Mixed_5d"):
            x = self.a(x, n)
        x = self.b(x, "Mixed_6a")
        for n in ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"):
            x = self.c(x, n)
        x = self.d(x, "Mixed_7a")
        x = self.e(x, "Mixed_7b", self.mean3(x))
        x = self.e(x, "Mixed_7c", self.max3(x, 1, 1))
        return x.mean((1, 2))


def test_features_equal_the_independent_implementation(network):
    x = torch.randn(2, 3, 107, 91, generator=torch.Generator().manual_seed(1))
    by_hand = ByHand(network.state_dict())
    expected = np.stack([by_hand(image.double().numpy()) for image in x])
    ours = network(x).double().numpy()
    assert ours.shape == (2, 2048)
    assert np.abs(expected).mean() > 1e-3, "dead features would prove nothing"
    np.testing.assert_allclose(ours, expected, rtol=2e-3, atol=1e-4 * np.abs(expected).max())


def test_parameters_and_names_are_those_of_the_public_file(network):
    state = network.state_dict()
    assert sum(p.numel() for p in network.parameters()) == 21_785_568 + 2_065_392
    assert sum(name.endswith("conv.weight") for name in state) == 94
    for name, shape in (
        ("Conv2d_1a_3x3.conv.weight", (32, 3, 3, 3)), ("Mixed_5b.branch_pool.conv.weight", (32, 192, 1, 1)),
        ("Mixed_6b.branch7x7dbl_4.conv.weight", (128, 128, 7, 1)), ("Mixed_7a.branch7x7x3_4.bn.bias", (192,)),
        ("Mixed_7c.branch3x3dbl_3b.conv.weight", (384, 384, 3, 1)), ("fc.weight", (1008, 2048)),
    ):  # fmt: skip
        assert tuple(state[name].shape) == shape


def ramp(n: int = 28) -> torch.Tensor:
    return (torch.arange(n) / 255).expand(1, 1, n, n)


def test_tf1_rule_pixel_by_pixel():
    x = (torch.rand(1, 1, 28, 20, generator=torch.Generator().manual_seed(2)) * 255).round()
    ours, image = RESIZE["tf1"][0](x)[0, 0].numpy(), x[0, 0].numpy()
    for row, column in ((0, 0), (1, 298), (150, 77), (298, 298), (297, 3)):
        y, z = row * 28 / 299, column * 20 / 299
        top, left = int(y), int(z)
        bottom, right = min(top + 1, 27), min(left + 1, 19)
        v, u = y - top, z - left
        above = image[top, left] * (1 - u) + image[top, right] * u
        below = image[bottom, left] * (1 - u) + image[bottom, right] * u
        assert ours[row, column] == pytest.approx(above * (1 - v) + below * v, rel=1e-5)


def test_the_two_bilinear_rules_lie_half_a_pixel_apart():
    """In the middle of a ramp of slope one the difference is the distance of the places read: (1 - 28 / 299) / 2."""
    x = ramp() * 255
    apart = (RESIZE["tf1"][0](x) - RESIZE["half-pixel"][0](x))[0, 0, 150, 40:-40]
    torch.testing.assert_close(apart, torch.full_like(apart, 0.5 * (1 - 28 / 299)), rtol=1e-4, atol=1e-4)
    assert float(apart.mean()) == pytest.approx(0.453, abs=1e-3)


def test_half_pixel_and_clean_rules_are_those_of_torch_and_pil():
    x = torch.rand(2, 3, 28, 28, generator=torch.Generator().manual_seed(3))
    levels = (x * 255).round()
    theirs = nn.functional.interpolate(levels / 255, (299, 299), mode="bilinear", align_corners=False) * 2 - 1
    torch.testing.assert_close(prepare(x, "half-pixel"), theirs, rtol=1e-5, atol=1e-5)
    plane = Image.fromarray(levels[1, 2].numpy().astype(np.float32)).resize((299, 299), Image.Resampling.BICUBIC)
    expected = (np.clip(np.asarray(plane), 0, 255) - 128) / 128
    np.testing.assert_allclose(prepare(x, "clean")[1, 2].numpy(), expected, rtol=1e-6, atol=1e-6)


def test_white_and_black_by_rule():
    ends = torch.stack([torch.zeros(1, 8, 8), torch.ones(1, 8, 8)])
    assert prepare(ends, "tf1").amax((1, 2, 3)).tolist() == pytest.approx([-1.0, 127 / 128])
    assert prepare(ends, "half-pixel").amax((1, 2, 3)).tolist() == pytest.approx([-1.0, 1.0])


def test_grey_is_repeated_pixels_are_rounded_and_batches_do_not_matter(network):
    x = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(4))
    together = inception_features(x, network)
    assert together.dtype == torch.float64
    torch.testing.assert_close(
        inception_features(x[1:2].repeat(1, 3, 1, 1), network)[0], together[1], rtol=1e-4, atol=1e-4
    )
    moved = ((x * 255).round() + 0.3) / 255
    torch.testing.assert_close(inception_features(moved, network, chunk=1), together, rtol=1e-4, atol=1e-4)


def test_weight_files(tmp_path, network):
    path = tmp_path / "inception.pth"
    with pytest.raises(UserError, match="does not exist"):
        load_inception(path)
    state = {k: v for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    torch.save(state, path)
    with pytest.raises(UserError, match="SHA-256"):
        load_inception(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    loaded = load_inception(path, digest[:8])
    assert not loaded.training
    assert torch.equal(loaded.state_dict()["fc.weight"], state["fc.weight"])
    torch.save({k: v for k, v in state.items() if k != "fc.bias"}, path)
    with pytest.raises(UserError, match="lacks 1"):
        load_inception(path, hashlib.sha256(path.read_bytes()).hexdigest())
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UserError, match="cannot be read"):
        load_inception(path, hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.mark.mnist
def test_fid_of_a_run_with_a_file_of_weights(tmp_path, network, monkeypatch):
    experiment = recipe("gan", "smoke")
    experiment = replace(experiment, evaluate=replace(experiment.evaluate, samples=10))
    run = fit(experiment, tmp_path / "runs", progress=False)
    path = tmp_path / "weights.pth"
    torch.save(network.state_dict(), path)
    with pytest.raises(UserError, match="SHA-256"):
        evaluate(run, ("training",), inception=path)
    for place in ("simorgh.evaluate.inception", "simorgh.evaluate"):
        monkeypatch.setattr(f"{place}.load_inception", lambda file: network)
    found = {m.name: m for m in evaluate(run, ("training",), inception=path, resize="half-pixel")}
    assert found["fid"].value > found["fid"].floor > 0
    assert "half-pixel" in found["fid"].protocol
    other = next(m for m in evaluate(run, ("training",), inception=path, resize="tf1") if m.name == "fid")
    assert other.protocol_hash != found["fid"].protocol_hash
    few = Run(run.path, replace(experiment, evaluate=replace(experiment.evaluate, images=8)), run.spec)
    less = {m.name: m for m in evaluate(few, ("training",), inception=path)}
    assert less["fid"].n == 8, "no more test images than are looked at"
    assert "the first 8 mnist test images" in less["fid"].protocol


def test_unknown_rules_and_shapes_are_refused():
    with pytest.raises(UserError, match="no resize rule"):
        prepare(torch.rand(1, 1, 8, 8), "nearest")
    with pytest.raises(UserError, match="1 or 3"):
        prepare(torch.rand(1, 2, 8, 8))
    assert len({protocol(rule) for rule in RESIZE}) == len(RESIZE)
