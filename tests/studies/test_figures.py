"""What figures compute before they draw."""

import numpy as np

from simorgh.report.figures import curves, latent_scatter, smooth


def test_smoothing_by_hand():
    found = smooth([0, 0, 1, 0, 0], 0.5)
    sums = np.array([1.9375, 2.375, 2.5, 2.375, 1.9375])
    np.testing.assert_allclose(found, np.array([0.25, 0.5, 1, 0.5, 0.25]) / sums, rtol=1e-12)


def test_a_spike_does_not_press_a_curve_into_a_line():
    history = [{"step": i, "samples": i, "loss": 100 / (1 + i / 50)} for i in range(1, 400)]
    low, high = curves({"even": history}, "loss").axes[0].get_ylim()
    assert low < history[-1]["loss"] < history[0]["loss"] < high
    history[200]["loss"] = 1e6
    axes = curves({"spiked": history}, "loss").axes[0]
    low, high = axes.get_ylim()
    assert axes.lines[1].get_ydata().max() < 200, "the smoothed line follows the spike"
    assert low < history[-1]["loss"] < history[10]["loss"] < high < 200


def test_a_short_history_is_drawn_as_it_is():
    history = [{"step": i, "samples": i, "loss": 1 / i} for i in range(1, 31)]
    raw, smoothed = curves({"short": history}, "loss").axes[0].lines
    np.testing.assert_array_equal(raw.get_ydata(), smoothed.get_ydata())


def test_smoothing_moves_no_trend():
    """Far from its ends a straight line stays where it is, as it does not under an average of the past alone."""
    line = np.arange(300.0)
    np.testing.assert_allclose(smooth(line, 0.9)[120:180], line[120:180], atol=1e-3)
    np.testing.assert_array_equal(smooth(line, 0.0), line)


def test_codes_carry_the_names_of_their_classes():
    """Where the classes are called "1" and "2", the first must not be shown as 0."""
    codes, labels = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 2
    shown = latent_scatter(codes, labels, names=("1", "two")).axes[0]
    assert [text.get_text() for text in shown.get_legend().get_texts()] == ["1", "two"]
    assert [text.get_text() for text in shown.texts] == ["1", "two"]
    assert [text.get_text() for text in latent_scatter(codes, labels).axes[0].texts] == ["0", "1"]
    shown = latent_scatter(codes, labels, names=("_rest", "two")).axes[0]
    assert [text.get_text() for text in shown.get_legend().get_texts()] == ["_rest", "two"]
