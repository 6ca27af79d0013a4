"""Parts of the studies of likelihoods, digits and verse, against hand-made cases."""

import numpy as np
import pytest
import torch

from simorgh.noise import philox
from simorgh.studies import _digits as digits
from simorgh.studies import _likelihoods as likelihoods
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
