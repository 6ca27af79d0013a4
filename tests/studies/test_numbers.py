"""As many digits as the interval of a number justifies."""

import math

import pytest

from simorgh.contracts import Measurement
from simorgh.report.numbers import digits, number


@pytest.mark.parametrize(
    ("value", "spread", "written"),
    [
        (141.31962, 0.45, "141.32"),
        (141.31962, 4.5, "141.3"),
        (141.31962, 45, "141"),
        (141.31962, 450, "141"),
        (0.00012345, 1e-9, "0.000123"),  # never more than six
        (0.5, 0.0, "0.5"),
        (0.5, math.inf, "0.5"),
        (123.456, None, "123.5"),
        (12345.6, None, "12346"),
        (1.5e8, None, "1.500e+08"),
        (12345678, None, "12345678"),  # counts are exact
        (-0.0001, 0.01, "0.000"),  # nothing is less than nothing
        (-0.0, None, "0"),
        (-0.02, 0.01, "-0.020"),
        (math.nan, 0.1, "nan"),
    ],
)
def test_digits(value: float, spread: float | None, written: str):
    assert digits(value, spread) == written


def test_a_number_with_interval_unit_and_floor():
    m = Measurement("neg_elbo", 141.3196, 141.104, 141.553, 1000, "nats", "test images", "", floor=97.0)
    assert number(m) == "141.32 [141.10, 141.55] nats (floor 97.00)"
    assert number(m, unit=False, floor=False) == "141.32 [141.10, 141.55]"
    assert number(Measurement("share", 0.25, None, None, 4, "", "halves", "")) == "0.25"
