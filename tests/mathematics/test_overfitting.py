"""The detector of overfitting: hand-made courses of the validation loss."""

from math import inf, nan

import pytest

from simorgh.contracts import UserError
from simorgh.metrics.overfitting import best_pass, overfits


@pytest.mark.parametrize(
    ("losses", "patience", "found"),
    [
        ([5, 4, 3, 2, 1], 1, None),
        ([3, 2, 1, 2], 1, 4),
        ([3, 2, 1, 2, 3], 2, 5),
        ([3, 2, 1, 2, 0.5, 0.4], 2, None),  # one bad pass is forgiven
        ([3, 2, 1, 1, 1], 2, 5),  # standing still is not getting better
        ([3, 1, 2, 1.5, 1.2], 3, 5),  # falling again is not enough: the best counts, not the pass before
        ([nan, nan], 2, 2),
        ([2, inf, inf], 2, 3),
        ([], 1, None),
    ],
)
def test_fires_when_the_best_is_not_beaten_for_so_long(losses, patience, found):
    assert overfits(losses, patience) == found


def test_best_pass():
    assert best_pass([3, 1, 2, 1]) == 2
    assert best_pass([nan, 5, nan]) == 2
    with pytest.raises(UserError, match="is a number"):
        best_pass([nan])
    with pytest.raises(UserError, match="patience of 0"):
        overfits([1], 0)
