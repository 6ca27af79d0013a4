"""The encoder that reads a line of signs, and the moves of the images that a reader is trained on."""

import pytest
import torch

from simorgh.contracts import DataSpec, UserError
from simorgh.models.factor_reader import FactorReaderConfig
from simorgh.nn.networks import Network
from simorgh.noise import Noise

SPEC = DataSpec("image", (1, 32, 128), factors=(19,) * 5)
NETWORK = Network("glimpses", (8, 8, 16, 16), "relu")


def test_glimpses_begin_evenly_from_left_to_right():
    encoder = NETWORK.encoder(SPEC, 10)
    attention = encoder.where(encoder.columns(torch.rand(3, 1, 32, 128))).softmax(-1)
    assert attention.shape == (3, 5, 32)
    centres = (attention * (torch.arange(32) + 0.5)).sum(-1) / 32
    assert torch.allclose(centres, 1 / 6 + 2 / 3 * (torch.arange(5) + 0.5) / 5, atol=0.06)


def test_the_outputs_of_a_glimpse_come_from_the_columns_it_looks_at():
    """Where glimpse g looks at column t only, its outputs are those of that column, whatever stands elsewhere."""
    encoder = NETWORK.encoder(SPEC, 15).eval()
    with torch.no_grad():
        encoder.where[-2].weight.zero_()
        encoder.where[-2].bias.fill_(-1e9)
        for glimpse, column in enumerate((3, 8, 16, 24, 30)):
            encoder.where[-2].bias[32 * glimpse + column] = 0
        x = torch.rand(2, 1, 32, 128)
        found, seen = encoder(x), encoder.what(encoder.columns(x))
    expected = torch.stack([seen[:, :, t] for t in (3, 8, 16, 24, 30)], 1).flatten(1)
    assert torch.allclose(found, expected, atol=1e-6)


def test_columns_see_their_surroundings_and_no_more():
    """Of an untrained encoder without normalisation, which alone looks at the whole image."""
    encoder = NETWORK.encoder(SPEC, 10)
    layers = torch.nn.Sequential(*(m for m in encoder.columns if not isinstance(m, torch.nn.GroupNorm)))
    x = torch.rand(1, 1, 32, 128)
    changed = x.clone()
    changed[..., 64] += 1
    differ = (layers(x) != layers(changed)).any(1)[0].nonzero().flatten()
    assert len(differ)
    assert (differ - 16).abs().max() <= 4


@pytest.mark.parametrize(
    ("network", "spec", "outputs"),
    [
        (NETWORK, DataSpec("image", (1, 28, 128), factors=(2, 2)), 10),
        (NETWORK, DataSpec("image", (1, 32, 126), factors=(2, 2)), 10),
        (Network("glimpses", (8, 8)), SPEC, 10),
        (NETWORK, DataSpec("vector", (32,), factors=(2, 2)), 10),
        (NETWORK, SPEC, 12),
        (NETWORK, DataSpec("image", (1, 32, 128)), 10),
    ],
)
def test_images_that_do_not_fit_are_refused(network, spec, outputs):
    with pytest.raises(UserError, match=r"network\.kind glimpses"):
        network.encoder(spec, outputs)


def test_there_is_no_decoder():
    with pytest.raises(UserError, match="cannot draw"):
        NETWORK.decoder(SPEC, 10)


def test_moves_are_whole_pixels_sideways_all_equally_likely():
    reader = FactorReaderConfig(NETWORK, 10, shift=3).build(SPEC)
    x = torch.arange(128.0).expand(7000, 1, 2, 128)
    moved = reader.moved(x, Noise(0))
    by = 64 - moved[:, 0, 0, 64]
    assert torch.equal(moved[:, 0, 0], moved[:, 0, 1])
    assert torch.equal(moved[:, 0, 0], (torch.arange(128) - by[:, None]).clamp(0, 127))
    counts = (by.long() + 3).bincount(minlength=7).double()
    assert len(counts) == 7
    assert float((counts - 1000).square().sum() / 1000) < 30, "chi-square of 7 cells: mean 6, deviation 3.5"
