"""Trials of a GAN's settings: what is said of them, and what is not."""

import pytest

from simorgh.studies._game_trials import SETTINGS, Trial, at_edge, medians, told, trials

OWN = (2.0, 1.0, 0.0, 128, 1)


class Heard:
    """Stands for a study."""

    def word(self, text: str) -> str:
        return f"<{text}>"

    def say(self, en: str, fa: str) -> None:
        self.en, self.fa = en, fa


def grid(distance, rates=(1.0, 2.0, 4.0)) -> list[Trial]:
    """Three rates by two batches, nearest first; `distance` of (rate, batch), None for a training that failed."""
    settings = [(rate, 1.0, 0.0, batch, 1) for rate in rates for batch in (64, 128)]
    trials = [Trial(s, distance(s[0], s[3]), 6400 // s[3]) for s in settings]
    return sorted(trials, key=lambda t: float("inf") if t.distance is None else t.distance)


def test_a_median_compares_alike_trials_only():
    """The rate has no effect here; where one batch at one rate failed, what is left of it must not be held against
    both batches of the others."""
    tried = grid(lambda rate, batch: None if (rate, batch) == (4.0, 128) else {64: 1.0, 128: 10.0}[batch])
    assert medians(tried, 0) == {1.0: 1.0, 2.0: 1.0, 4.0: 1.0}
    assert medians(tried, 3) == {64: 1.0, 128: 10.0}
    assert medians(tried, 1) == {}
    assert medians([t for t in tried if t.distance is None or t.settings[3] == 128], 0) == {}


def test_a_best_value_at_the_end_of_those_tried_is_named():
    assert at_edge(grid(lambda rate, batch: 1 / rate + batch)) == [SETTINGS[0]]
    assert at_edge(grid(lambda rate, batch: abs(rate - 2) + batch)) == []


def test_trials_that_all_failed_say_so():
    study = Heard()
    study.sweep = lambda key: [{"number": 0, "run": None, "value": None}]
    trials(study, ["rates"], chosen=None)
    assert "All of them failed" in study.en
    assert "شکست" in study.fa


@pytest.mark.parametrize(("best", "edge"), [(4.0, True), (2.0, False)])
def test_what_is_told_of_trials(best: float, edge: bool):
    study = Heard()
    told(study, grid(lambda rate, batch: 1 + abs(rate - best) + batch / 1000), OWN, 2, 7)
    assert ("the best may lie beyond" in study.en) == edge
    assert ("فراتر" in study.fa) == edge
    assert f"have place {4 if edge else 2} of 6" in study.en
    assert "rank correlation" not in study.en  # of two trials at the recipe's rates

    steps = [Trial((2.0, 1.0, 0.0, 64, n), 10.0 - n, 100 * n) for n in (5, 4, 3, 2)]
    told(study, steps, OWN, 2, 7)
    assert "have place" not in study.en
    assert "the generator took 200 to 500" in study.en
    assert "-1.00" in study.en
    assert "-1.00" in study.fa
