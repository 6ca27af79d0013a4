"""How a measured number is written: as many digits as its interval justifies, with interval, unit and floor."""

import math
from dataclasses import dataclass

from simorgh.contracts import Measurement


@dataclass(frozen=True)
class Cell:
    """A number of a table that has been written out already: right-aligned, left to right, in one piece."""

    text: str

    def __str__(self) -> str:
        return self.text


def digits(value: float, spread: float | None = None) -> str:
    """`value` with as many decimals as its interval of width `spread` justifies (two digits of the width)."""
    if isinstance(value, int) or not math.isfinite(value):
        return str(value)
    if spread and math.isfinite(spread):
        return f"{value:z.{min(6, max(0, 1 - math.floor(math.log10(spread))))}f}"
    return f"{value:z.4g}" if abs(value) < 1e4 else f"{value:.0f}" if abs(value) < 1e7 else f"{value:.3e}"


def number(m: Measurement, unit: bool = True, floor: bool = True) -> str:
    """A measurement in words: "141.32 [141.10, 141.55] nats"; the floor follows where there is one."""
    known = m.low is not None and m.high is not None
    spread = m.high - m.low if known else None
    text = digits(m.value, spread)
    if known:
        text += f" [{digits(m.low, spread)}, {digits(m.high, spread)}]"
    if unit and m.unit:
        text += f" {m.unit}"
    return f"{text} (floor {digits(m.floor, spread)})" if floor and m.floor is not None else text
