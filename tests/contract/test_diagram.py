"""Diagrams of boxes: an arrow that leads back ends where it is said to end, and meets no other row."""

from itertools import pairwise

import pytest
from matplotlib.text import Annotation

from simorgh.contracts import UserError
from simorgh.report.figures import block_diagram

CHAINS = [["first", "second", "third", "fourth"], ["below", "right of it"]]


def parts(figure) -> tuple[dict, list, list]:
    """Boxes by name, lines and the extents of arrows, in pixels from below."""
    figure.draw_without_rendering()
    axes = figure.axes[0]
    boxes = {t.get_text(): t.get_bbox_patch().get_window_extent() for t in axes.texts if t.get_text()}
    arrows = [t.arrow_patch.get_window_extent() for t in axes.texts if isinstance(t, Annotation)]
    lines = [axes.transData.transform(line.get_xydata()) for line in axes.lines]
    return boxes, lines, arrows


def test_a_loop_leads_from_below_the_later_box_to_the_earlier_one():
    boxes, (line,), arrows = parts(block_diagram(CHAINS, loops=[("third", "first")]))
    third, first, fourth, under = (boxes[name] for name in ("third", "first", "fourth", "below"))
    (x0, y0), (x1, low), (x2, end) = line
    assert third.x0 < x0 < third.x1
    assert third.y0 < y0 < third.y1
    assert x1 == x0
    assert low == end
    assert under.y1 < low < min(box.y0 for box in (first, third, fourth))
    assert len(arrows) == 3 + 1 + 1
    (up,) = (a for a in arrows if a.height > a.width)
    assert first.x0 < up.x0 < x2 < up.x1 < first.x1
    assert up.y0 == pytest.approx(low, abs=2)
    assert up.y1 == pytest.approx(first.y0, abs=6)


def test_two_loops_do_not_lie_on_each_other():
    _, lines, _ = parts(block_diagram(CHAINS, loops=[("third", "first"), ("fourth", "second")]))
    assert lines[1][1][1] < lines[0][1][1] - 5


def test_without_loops_nothing_leads_back():
    boxes, lines, arrows = parts(block_diagram(CHAINS))
    assert not lines
    assert len(arrows) == 4
    assert boxes["first"].x1 < boxes["second"].x0


def test_a_name_may_stand_twice_in_a_chain():
    figure = block_diagram([["conv", "shuffle", "conv", "shuffle"]])
    assert [t.get_text() for t in figure.axes[0].texts if t.get_text()] == ["conv", "shuffle", "conv", "shuffle"]
    assert len(parts(figure)[2]) == 3


@pytest.mark.parametrize("loop", [("first", "third"), ("third", "below"), ("third", "nowhere")])
def test_a_loop_that_leads_nowhere_back_is_refused(loop: tuple[str, str]):
    with pytest.raises(UserError, match="leads back"):
        block_diagram(CHAINS, loops=[loop])


def test_boxes_of_a_long_chain_do_not_lie_on_each_other():
    boxes, *_ = parts(block_diagram([[f"a layer of a long name {i}" for i in range(9)]]))
    assert all(a.x1 < b.x0 for a, b in pairwise(boxes.values()))
