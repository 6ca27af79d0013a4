"""Parts of the studies of likelihoods, digits and verse, against hand-made cases."""

from math import log

import numpy as np
import pytest
import torch
from torch import nn

from simorgh.noise import philox
from simorgh.studies import _digits as digits
from simorgh.studies import _layers as layers
from simorgh.studies import _likelihoods as likelihoods
from simorgh.studies import _silence as silence
from simorgh.studies import _verse as verse


@pytest.fixture
def double():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.usefixtures("double")
def test_probabilistic_pca_has_its_elbo_below_log_p_by_the_kl_to_the_posterior():
    model = likelihoods.ProbabilisticPCA(philox("test of pca"), n=4, data=3)
    assert torch.allclose(model.elbo(model.mean, model.cov), model.exact)
    q = model.mean + 0.3, 2 * model.cov
    assert torch.allclose(model.exact - model.elbo(*q), model.posterior_kl(*q))
    weights = model.log_weights(20_000, 0)
    assert torch.allclose(weights.logsumexp(0) - np.log(20_000), model.exact, atol=0.05)


@pytest.mark.usefixtures("double")
def test_a_free_table_ends_at_relative_frequencies():
    rows, columns = torch.tensor([0, 0, 0, 1, 1]), torch.tensor([0, 0, 1, 1, 0])
    table, frequency = likelihoods.free_table(rows, columns, (2, 2))
    assert torch.allclose(frequency, torch.tensor([[2 / 3, 1 / 3], [0.5, 0.5]]))
    assert torch.allclose(table, frequency, atol=1e-6)


def test_planes_run_from_the_upper_left_corner():
    box = digits.box_plane(np.array([[0.0, 1.0], [2.0, 5.0]]), 3)
    assert box.tolist()[:4] == [[0, 5], [1, 5], [2, 5], [0, 3]]
    plane = digits.quantile_plane(3)
    assert plane[4].tolist() == pytest.approx([0, 0])
    assert plane[0].tolist() == pytest.approx([-1.88079, 1.88079], abs=1e-5)  # the quantiles of 3 % and 97 %


def test_the_judge_of_digits_by_hand():
    x = torch.tensor([0.0, 0.1, 0.9, 1.0]).view(4, 1, 1, 1)
    judge = digits.Judge(x, torch.tensor([0, 0, 1, 1]))
    assert judge.accuracy(torch.tensor([0.05, 0.95, 0.02, 0.97]).view(4, 1, 1, 1), torch.tensor([0, 1, 1, 1])) == 0.75
    assert judge.distance(torch.tensor([0.3, 2.0]).view(2, 1, 1, 1)) == pytest.approx((0.2 + 1) / 2)


def test_lines_that_change_most_come_first_and_equals_in_their_order():
    raw, plain = ["ab!!c", "x!c", "y?c", "same", "end!"], ["abc", "xc", "yc", "same", "end"]
    assert verse.most_changed(raw, plain, 3) == [("ab!!c", "abc"), ("x!c", "xc"), ("y?c", "yc")]


def test_parameters_of_the_published_gpt2():
    """The smallest GPT-2 of Radford et al. 2019: 50,257 symbols, 1,024 places, 12 layers of 768."""
    assert verse.gpt_parameters(768, 12, 50_257, 1024) == 124_439_808


@pytest.mark.parametrize("in_order", [False, True])
def test_a_decoder_reads_no_pixel_that_it_is_to_say(in_order: bool):
    generator = torch.Generator().manual_seed(0)
    decoder = silence.Decoder(in_order).double()
    x, z = (torch.rand(3, n, generator=generator, dtype=torch.float64) for n in (silence.PIXELS, silence.DIMENSIONS))
    slopes = torch.autograd.functional.jacobian(lambda x: decoder(x, z).sum(0), x).abs().sum(1)  # (pixel, read)
    assert bool(slopes.tril(-1).any()) is in_order
    assert not slopes.triu().any()
    assert torch.autograd.functional.jacobian(lambda z: decoder(x, z).sum(0), z).abs().sum(1).all(), "each hears it"


def test_rows_of_a_chain_have_the_entropy_that_is_said():
    rows = silence.chains(20_000, "test of the entropy")
    nats = silence.true_nats(rows).double()
    assert abs(float(nats.mean()) - silence.ENTROPY) < 4 * float(nats.std()) / len(nats) ** 0.5
    assert abs(float(rows.mean()) - 0.5) < 0.02
    short = torch.zeros(2, silence.PIXELS)
    short[1, 5:] = 1
    by_hand = log(2) - (silence.PIXELS - 1) * log(0.9), log(2) - (silence.PIXELS - 2) * log(0.9) - log(0.1)
    assert torch.allclose(silence.true_nats(short), torch.tensor(by_hand))


def test_a_gaussian_code_is_heard_less_where_the_decoder_reads_in_order():
    alone, ordered = (silence.heard(False, in_order, steps=400, seed=0) for in_order in (False, True))
    kept = silence.heard(True, True, steps=400, seed=0)
    assert float(ordered.gain.mean()) < 0.5 * float(alone.gain.mean()) < float(kept.gain.mean())
    assert float(ordered.kl.mean()) < 0.7 * float(alone.kl.mean())
    assert torch.equal(kept.kl, torch.full_like(kept.kl, silence.PLACES * log(silence.CODES)))
    assert min(float(h.excess.mean()) for h in (alone, ordered, kept)) > 0


def test_layers_stand_in_the_order_of_the_pass_with_the_shapes_that_they_give():
    class Crossed(nn.Module):
        """Its layers are named in another order than they are passed in."""

        def __init__(self):
            super().__init__()
            self.last = nn.Linear(16, 3)
            self.norm = nn.BatchNorm2d(2)
            self.first = nn.ConvTranspose2d(1, 2, 4, 2, 1)
            self.never = nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(self.norm(self.first(x)).flatten(1))

    network, x = Crossed().eval(), torch.zeros(1, 1, 1, 2)
    assert layers.layers(network, x) == [
        ("ConvTranspose2d, stride 2, padding 1", "1 x 2 x 4 x 4", "2 x 2 x 4", 34),
        ("BatchNorm2d", "2", "2 x 2 x 4", 4),
        ("Linear", "3 x 16", "3", 51),
    ]
    assert layers.chain(network, x) == ["convᵀ 2×2×4", "linear 3"]
