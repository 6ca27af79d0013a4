"""What the study of the Shahnameh measures by itself: steps of a training curve, and what a split gives away."""

import numpy as np
import pytest

from simorgh.studies._verse import overlap, stairs


def curve(passes: int, drop: float = 0.2, fall: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """A loss that falls by `fall` from the first quarter of a pass to its last and by `drop` to the next."""
    at = np.arange(0.01, passes + 1e-9, 0.01)
    place = (at - 1e-9) % 1
    return at, 5 - (drop + fall) * np.floor(at - 1e-9) - np.interp(place, [0.33, 0.75], [0, fall])


@pytest.mark.parametrize(("passes", "seen"), [(3, 3), (5, 3), (6, 3), (9, 6)])
def test_the_steps_of_a_staircase_are_found(passes: int, seen: int):
    found = stairs(*curve(passes))
    assert found.fall.n == seen
    assert found.drop.n == seen - 1
    assert found.drop.value == pytest.approx(0.2, abs=0.01)
    assert found.fall.value == pytest.approx(0.05, abs=0.01)


def test_two_passes_show_no_stairs():
    assert stairs(*curve(2)) is None


def test_what_a_split_gives_away():
    beyts = [(f"یک دو سه {i}", f"چهار پنج شش {i}") for i in range(6)]
    formula = ("آن گفت این", "این گفت آن")
    poems = [[*beyts[:3], formula], [*beyts[3:], formula]]
    by_section = overlap(poems[:1], poems[1:], poems)
    assert by_section["neighbours"] == (0.0, 3)  # the formula is in both parts, and nobody's neighbour
    assert by_section["hemistichs"] == (2 / 8, 8)
    by_line = overlap([[poems[0][0], poems[0][2]], poems[1]], [[poems[0][1]]], poems)
    assert by_line["neighbours"] == (1.0, 1)
