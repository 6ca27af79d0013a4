"""The networks of the diffusion models: sizes, what they are told, what they must not see, and how large they are."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from simorgh.contracts import UserError
from simorgh.nn.context import Given, mean_token
from simorgh.nn.dit import DiT, places
from simorgh.nn.residual import ResidualBlock, group_norm
from simorgh.nn.timecode import TimeCode, sinusoidal, waves
from simorgh.nn.unet import UNet

SMALL = UNet(channels=(8, 8, 16), attention=(False, False, True), heads=2, group=4, patch=1)
WAYS = ("add", "scale-shift", "concat", "cross", "tokens")
DITS = {"dit": DiT(16, 2, 2), "dit-tokens": DiT(16, 2, 2, inject="tokens")}
TOLD = {**{way: replace(SMALL, inject=way) for way in WAYS}, **DITS}
EVERY = {"alone": SMALL, "patch": replace(SMALL, channels=(8, 16), attention=(False, True), patch=2), **TOLD}
UNTOLD = ("alone", "patch")
SHAPE, TOKENS = (1, 12, 10), 6


def draws(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def built(name: str, shape=SHAPE) -> nn.Module:
    """The network with every zero that it starts from replaced by a draw."""
    torch.manual_seed(0)
    module = EVERY[name].build(shape, context_dim=None if name in UNTOLD else TOKENS)
    for parameter in module.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.3)
    return module


def told(name: str, rows: int) -> tuple[torch.Tensor, torch.Tensor] | tuple[()]:
    """A context of four tokens for each row, of which one to four count."""
    if name in UNTOLD:
        return ()
    return draws(rows, 4, TOKENS, seed=1), torch.arange(4) <= torch.arange(rows)[:, None] % 4


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 8, 8), (3, 32, 32), (3, 64, 64), (3, 16, 64), (2, 7, 9)])
@pytest.mark.parametrize("name", EVERY)
def test_shapes(name, shape):
    out = built(name, shape)(draws(2, *shape), torch.rand(2), *told(name, 2))
    assert out.shape == (2, *shape)
    assert torch.isfinite(out).all()


def test_other_channels_come_out():
    for settings in (SMALL, DITS["dit"]):
        assert settings.build((3, 8, 8), 6)(draws(2, 3, 8, 8), torch.rand(2)).shape == (2, 6, 8, 8)


@pytest.mark.parametrize("name", EVERY)
def test_an_untrained_network_answers_zero(name):
    module = EVERY[name].build(SHAPE, context_dim=None if name in UNTOLD else TOKENS)
    assert not module(draws(3, *SHAPE), torch.rand(3), *told(name, 3)).any()


@pytest.mark.parametrize("name", EVERY)
def test_every_parameter_has_a_gradient(name):
    module = built(name)
    out = module(draws(4, *SHAPE), torch.rand(4) * 5, *told(name, 4))
    names, parameters = zip(*module.named_parameters())
    grads = torch.autograd.grad((out * draws(*out.shape, seed=3)).sum(), parameters)
    assert [n for n, g in zip(names, grads) if not g.abs().max() > 1e-5] == []


@pytest.mark.parametrize("name", EVERY)
def test_a_row_alone_equals_the_row_in_a_batch(name):
    module, x, level = built(name).double(), draws(3, *SHAPE).double(), torch.tensor([0.1, 2.0, -3.0]).double()
    context = [part.double() if part.is_floating_point() else part for part in told(name, 3)]
    whole = module(x, level, *context)
    for i in range(3):
        row = slice(i, i + 1)
        alone = module(x[row], level[row], *(part[row] for part in context))
        torch.testing.assert_close(alone, whole[row], rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", EVERY)
def test_the_level_changes_the_output(name):
    module, x = built(name), draws(2, *SHAPE)
    first, second = (module(x, torch.full((2,), level), *told(name, 2)) for level in (0.2, 0.9))
    assert (first - second).abs().amax((1, 2, 3)).min() > 1e-3


@pytest.mark.parametrize("name", TOLD)
def test_the_context_changes_the_output(name):
    module, x, level = built(name), draws(2, *SHAPE), torch.rand(2)
    context, mask = told(name, 2)
    first, second = (module(x, level, c, mask) for c in (context, -context))
    assert (first - second).abs().amax((1, 2, 3)).min() > 1e-3


@pytest.mark.parametrize("name", TOLD)
def test_hidden_tokens_have_no_influence(name):
    module, x, level = built(name).double(), draws(3, *SHAPE).double(), torch.rand(3).double()
    context, mask = told(name, 3)
    context = context.double()
    other = torch.where(mask[:, :, None], context, 100.0)
    expected = module(x, level, context, mask)
    torch.testing.assert_close(module(x, level, other, mask), expected, rtol=0, atol=1e-9)
    # The first row counts one token only: it is the same without the others.
    torch.testing.assert_close(module(x[:1], level[:1], context[:1, :1]), expected[:1], rtol=0, atol=1e-9)
    with pytest.raises(AssertionError):
        torch.testing.assert_close(module(x, level, other), expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", ["scale-shift", "dit"])
def test_a_context_is_wanted_where_the_network_was_built_for_one(name):
    x, level = draws(1, *SHAPE), torch.rand(1)
    with pytest.raises(UserError, match="called without one"):
        built(name)(x, level)
    with pytest.raises(UserError, match="without a context and called with one"):
        built("alone")(x, level, draws(1, 1, TOKENS))
    with pytest.raises(UserError, match=r"not \(1, 1, 5\)"):
        built(name)(x, level, draws(1, 1, 5))


def test_padding_is_symmetric_and_is_taken_away_again():
    module = built("alone", (1, 6, 7))
    assert module.frame == (8, 8)
    x, level = draws(2, 1, 6, 7), torch.rand(2)
    framed = torch.zeros(2, 1, 8, 8)
    framed[:, :, 1:7, :7] = x
    whole = built("alone", (1, 8, 8))
    whole.load_state_dict(module.state_dict())
    torch.testing.assert_close(module(x, level), whole(framed, level)[:, :, 1:7, :7])


def test_without_skips_only_the_lowest_level_is_read():
    torch.manual_seed(0)
    nets = {skips: replace(SMALL, skips=skips).build((1, 8, 8)) for skips in (True, False)}
    for skips, net in nets.items():
        nn.init.normal_(net.last[-1].weight)
        # The way down's last feature map is all that a middle without input leaves to the way up.
        net.middle[0].register_forward_hook(lambda module, given, out: torch.zeros_like(out))
        first, second = (net(draws(1, 1, 8, 8, seed=seed), torch.zeros(1)) for seed in (1, 2))
        assert torch.equal(first, second) is not skips


# Parameters, by hand


def residual(inputs: int, outputs: int, code: int) -> int:
    """Two norms, two 3 x 3 convolutions, a projection of the code, and a 1 x 1 shortcut where the width changes."""
    count = 2 * inputs + (9 * inputs + 1) * outputs + (code + 1) * outputs
    count += 2 * outputs + (9 * outputs + 1) * outputs
    return count + (0 if inputs == outputs else (inputs + 1) * outputs)


def attention(width: int) -> int:
    """Two norms, four square matrices of which one has no bias, and a feed-forward of four times the width."""
    return 2 * 2 * width + 4 * width**2 + 3 * width + (width + 1) * 4 * width + (4 * width + 1) * width


def test_parameters_of_the_captcha_network():
    # Six levels 128 128 256 256 512 512, two blocks each and three on the way up, attention at the fifth and in the
    # middle; 64 x 256 is halved five times, to 2 x 8, and doubled five times.
    unet = UNet((128, 128, 256, 256, 512, 512), 2, (False,) * 4 + (True, False), heads=8, patch=1)
    code = 512
    count = (128 * 512 + 512) + (512 * 512 + 512)  # the two layers behind the waves
    count += 3 * 9 * 128 + 128  # first convolution
    down = [(128, 128)] * 2 + [(128, 128)] * 2 + [(128, 256), (256, 256)] + [(256, 256)] * 2
    down += [(256, 512), (512, 512)] + [(512, 512)] * 2
    middle = [(512, 512)] * 2
    # What the way down leaves, read from the last to the first: 512 512 512 | 512 512 256 | 256 256 256 |
    # 256 256 128 | 128 128 128 | 128 128 128, by levels from the lowest.
    up = [(1024, 512)] * 3 + [(1024, 512), (1024, 512), (768, 512)] + [(768, 256), (512, 256), (512, 256)]
    up += [(512, 256), (512, 256), (384, 256)] + [(384, 128), (256, 128), (256, 128)] + [(256, 128)] * 3
    assert (len(down), len(up)) == (12, 18)
    count += sum(residual(a, b, code) for a, b in down + middle + up)
    count += (2 + 1 + 3) * attention(512)
    halvings, doublings = [128, 128, 256, 256, 512], [512, 512, 256, 256, 128]
    count += sum((9 * w + 1) * w for w in halvings + doublings)
    count += 2 * 128 + 9 * 128 * 3 + 3  # last norm and convolution
    assert unet.count((3, 64, 256)) == count
    assert unet.build((3, 64, 256)).frame == (64, 256)


def test_parameters_of_a_dit():
    # adaLN-zero, as in table 1 of the paper: DiT-S/2 on 32 x 32 x 4 latents with 384 dimensions and 12 blocks.
    dim, depth = 384, 12
    block = 4 * dim**2 + 3 * dim + 8 * dim**2 + 5 * dim + 6 * dim**2 + 6 * dim
    count = depth * block + (256 * dim + dim) + (dim**2 + dim) + 17 * dim + 2 * dim**2 + 2 * dim + (dim + 1) * 32
    with torch.device("meta"):
        module = DiT(dim, depth, 6).build((4, 32, 32), 8)
    assert sum(p.numel() for p in module.parameters()) == count
    assert count / 1e6 == pytest.approx(33, abs=1)  # the paper says 33 M, with a table of 1001 labels


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (replace(SMALL, attention=(True,)), "as many entries"),
        (replace(SMALL, blocks=0), "unet.blocks is 0"),
        (replace(SMALL, heads=3), "cannot have 3 heads"),
        (replace(SMALL, inject="cross", attention=(False,) * 3, middle_attention=False), "needs attention"),
        (DiT(18, 2, 2), "multiple of 4"),
    ],
)
def test_what_cannot_be_built_is_said(settings, sentence):
    with pytest.raises(UserError, match=sentence):
        settings.build(SHAPE, None, TOKENS)


# Parts


def test_residual_block_by_its_parts():
    torch.manual_seed(0)
    block = ResidualBlock(8, 12, 5, group=4, film=True)
    x, code, pooled = draws(2, 8, 4, 4), draws(2, 5, seed=1), draws(2, 5, seed=2)
    conv, conv2 = block.before[2], block.after[2]
    h = nn.functional.conv2d(nn.functional.silu(block.before[0](x)), conv.weight, conv.bias, padding=1)
    h = h + (code @ block.time.weight.T + block.time.bias).view(2, 12, 1, 1)
    groups = h.view(2, 3, 4 * 16)
    normed = (groups - groups.mean(2, keepdim=True)) / (groups.var(2, correction=0, keepdim=True) + 1e-5).sqrt()
    scale, shift = (pooled @ block.film.weight.T + block.film.bias).view(2, 24, 1, 1).split(12, 1)
    h = (1 + scale) * normed.view(2, 12, 4, 4) + shift
    h = nn.functional.conv2d(nn.functional.silu(h), conv2.weight, conv2.bias, padding=1)
    expected = h + nn.functional.conv2d(x, block.shortcut.weight, block.shortcut.bias)
    torch.testing.assert_close(block(x, Given(code, pooled)), expected)


def test_groups_of_at_least_so_many_channels():
    assert [group_norm(c, 16).num_groups for c in (8, 16, 24, 32, 80, 100, 128)] == [1, 1, 1, 2, 5, 5, 8]


def test_waves_of_the_level():
    found = waves(torch.tensor([0.0, 2.0]), sinusoidal(8))
    w = torch.tensor([1, 0.1, 0.01, 0.001])
    expected = torch.stack([torch.cat([(t * w).cos(), (t * w).sin()]) for t in (0.0, 2.0)])
    torch.testing.assert_close(found, expected)


def test_levels_near_each_other_have_codes_near_each_other():
    torch.manual_seed(0)
    code = TimeCode(32, 16)
    a, b, c = code(torch.tensor([0.5, 0.5001, 2.5]))
    assert (a - b).norm() < 0.05 * (a - c).norm()
    assert sum(p.numel() for p in code.parameters()) == 33 * 16 + 17 * 16


def test_places_of_the_patches_differ():
    found = places(3, 5, 8)
    assert found.shape == (15, 8)
    assert torch.cdist(found, found).add(torch.eye(15) * 9).min() > 0.1
    # Row-major: the sixth patch is the first of the second row.
    torch.testing.assert_close(found[5, :4], waves(torch.tensor([1]), sinusoidal(4))[0])
    torch.testing.assert_close(found[5, 4:], waves(torch.tensor([0]), sinusoidal(4))[0])


def test_an_untrained_dit_block_changes_nothing_and_patches_stay_in_place():
    torch.manual_seed(0)
    module = DiT(16, 1, 2, patch=2).build((1, 6, 8))
    nn.init.normal_(module.last.weight)
    x, level = draws(1, 1, 6, 8), torch.zeros(1)
    other = x.clone()
    other[:, :, 2:4, 4:6] += 1
    # The gates are shut, so that only the patch that was changed answers otherwise.
    changed = (module(x, level) != module(other, level))[0, 0]
    expected = torch.zeros(6, 8, dtype=torch.bool)
    expected[2:4, 4:6] = True
    assert torch.equal(changed, expected)


def test_mean_token_over_what_counts():
    tokens = torch.tensor([[[1.0], [3.0], [float("nan")]], [[5.0], [7.0], [9.0]]])
    mask = torch.tensor([[True, True, False], [False, False, False]])
    assert mean_token(tokens, mask).tolist() == [[2.0], [0.0]]
