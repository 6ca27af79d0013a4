"""From the density of noisy images to bits of discrete ones, against laws whose entropy is known."""

from math import log
from types import SimpleNamespace

import pytest
import torch
from torch.distributions import Normal

from simorgh.contracts import DataSpec
from simorgh.data import Part
from simorgh.evaluate.density import density
from simorgh.metrics.rounding import decoder, log_decoder, log_encoder, value_frequencies
from simorgh.noise import philox
from simorgh.recipes import recipe
from simorgh.train.experiment import override


def bound(points: list[int], shares: list[float], deviation: float, n: int = 20_000) -> float:
    """The mean of (1) in nats for images of two pixels, both of the same of `points`, under the exact density and the
    exact mean of images given noisy ones."""
    known, p = torch.tensor(points).double() / 255, torch.tensor(shares).double()
    drawn = torch.from_numpy(philox("pairs").choice(len(points), n, p=p.numpy()))
    x = known[drawn][:, None, None, None].expand(-1, 1, 1, 2)
    blur = torch.from_numpy(philox("blur").standard_normal(x.shape))
    z = x + deviation * blur
    inside = Normal(known, deviation).log_prob(z.flatten(1)[..., None]).sum(1) + p.log()
    said = (inside.softmax(1) @ known)[:, None, None, None].expand_as(x)
    half = n // 2  # the decoder is counted on the first, the bound taken on the second
    table = decoder(said[:half], x[:half])
    told = inside.logsumexp(1) + log_decoder(table, said, x) - log_encoder(blur, deviation)
    return float(told[half:].mean())


@pytest.mark.parametrize("deviation", [1e-4, 0.03, 0.1])
def test_values_far_apart_cost_their_entropy(deviation: float):
    assert bound([0, 255], [0.75, 0.25], deviation) == pytest.approx(0.75 * log(0.75) + 0.25 * log(0.25), abs=0.02)


def test_what_pixels_only_say_together_is_lost_and_no_more():
    """0, 100 or 102, of probabilities 1/2, 1/4, 1/4. Under noise that makes 100 and 102 one, a decoder that looks at
    pixels one by one tells for both of them which it was: log 2 twice in half of the pairs. In truth it is one bit."""
    truth = -1.5 * log(2)
    assert bound([0, 100, 102], [0.5, 0.25, 0.25], 0.1) == pytest.approx(truth - log(2) / 2, abs=0.02)
    assert bound([0, 100, 102], [0.5, 0.25, 0.25], 1e-4) < truth + 0.01


def test_the_decoder_is_a_law_over_values():
    x = torch.zeros(5, 2, 2, 2)
    x[:, 1] = 200 / 255
    table = decoder(x, x)
    assert table.shape == (2, 256, 256)
    torch.testing.assert_close(table.exp().sum(-1), torch.ones(2, 256).double())
    assert bool(table.isfinite().all())
    assert int(table[1, 200].argmax()) == 200
    seen = value_frequencies(x)
    assert seen.shape == (2, 256)
    assert float(seen[0, 0]) == pytest.approx(21 / 276)
    assert float(seen[0, 200]) == pytest.approx(1 / 276)


def test_the_encoder_is_a_gaussian():
    n = torch.tensor([[0.5, -1.0, 2.0]])
    assert float(log_encoder(n, 0.1)) == pytest.approx(float(Normal(0, 0.1).log_prob(0.1 * n).sum()), rel=1e-6)


class TwoPictures:
    """All black or all white, one of four white: its exact density under noise, and what noisy ones were."""

    shares = torch.tensor([0.75, 0.25]).double().log()

    def _inside(self, x: torch.Tensor, deviation: float) -> torch.Tensor:
        pictures = torch.stack([torch.zeros_like(x[0]), torch.ones_like(x[0])]).double()
        return Normal(pictures, deviation).log_prob(x[:, None].double()).flatten(2).sum(2) + self.shares

    def log_density(self, batch, deviation, noise, tolerance):
        return self._inside(batch.x, deviation).logsumexp(1), torch.zeros(len(batch.x)), 1

    def denoise(self, batch, deviation):
        white = self._inside(batch.x, deviation).softmax(1)[:, 1].float()
        return white[:, None, None, None].expand_as(batch.x)


def test_bits_of_an_exact_model_are_the_entropy():
    """The parts joined as `evaluate` joins them: 0.811 bits an image over its four pixels; apart, 0.811 each."""
    base = recipe("digits-flow", "smoke")
    white = torch.from_numpy(philox("pictures").random(4000) < 0.25)
    pictures = Part((255 * white[:, None, None, None].expand(-1, 1, 2, 2)).to(torch.uint8))
    data = SimpleNamespace(train=pictures, test=pictures)
    run = SimpleNamespace(
        experiment=override(base, {"evaluate.density_images": 4000}), spec=DataSpec("image", (1, 2, 2))
    )
    found = {m.name: m for m in density(run, TwoPictures(), data, "cpu")}
    entropy = -(0.75 * log(0.75) + 0.25 * log(0.25)) / log(2)
    assert found["bits_per_dim"].value == pytest.approx(entropy / 4, abs=0.01)
    assert found["bits_per_dim"].floor == pytest.approx(entropy, abs=0.03)
    binarised = SimpleNamespace(experiment=override(run.experiment, {"data.binarise": "threshold"}), spec=run.spec)
    with pytest.warns(UserWarning, match="binarised pixels"):
        assert density(binarised, TwoPictures(), data, "cpu") == []
