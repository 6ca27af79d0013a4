"""What the study of captchas counts, against hand-made cases."""

from collections import Counter

import pytest
import torch

from simorgh.studies import _captchas as lab


def test_mistakes_are_pairs_of_what_was_asked_and_read():
    asked = torch.tensor([[0, 1, 2, 3, 4], [0, 1, 2, 3, 4]])
    read = torch.tensor([[0, 1, 2, 3, 5], [1, 1, 2, 3, 5]])
    assert lab.mistakes(asked, read) == {("6", "7"): 2, ("2", "3"): 1}
    assert lab.pairs(lab.mistakes(asked, read), 1) == "6→7 (2)"
    assert not lab.mistakes(asked, asked)


def test_the_hardest_signs_are_shares_of_how_often_they_were_asked_for():
    """Of two texts of sign 0 and one of sign 1, drawn twice: sign 0 fails once in 20, sign 1 twice in 10."""
    asked = torch.tensor([[0] * 5, [0] * 5, [1] * 5])
    found = Counter({("2", "3"): 1, ("3", "2"): 1, ("3", "4"): 1})
    assert lab.hardest(found, asked, times=2, most=2) == {"3": 0.2, "2": 0.05}


def test_the_course_of_a_training_by_hand():
    """Twenty errors: the first tenth is 10, the tenth behind a fifth 4, the last 2, so 75 % of the way is gone."""
    assert lab.course([10, 10, 9, 9, 4, 4, *[3] * 12, 2, 2]) == pytest.approx((10, 2, 75))
