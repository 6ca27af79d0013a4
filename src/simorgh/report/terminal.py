"""Tables for the terminal, on standard output."""

import sys
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simorgh.contracts import Measurement
from simorgh.report.compare import Comparison, compare
from simorgh.report.numbers import digits, number
from simorgh.train import Run


def _console() -> Console:
    # A pipe has no width of its own: wide enough that no line of a protocol is cut.
    return Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False)


def show_measurements(measurements: Sequence[Measurement]) -> None:
    """One line a measurement: value with interval and unit, n, floor, protocol."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name, justify in (
        ("name", "left"),
        ("value", "right"),
        ("n", "right"),
        ("floor", "right"),
        ("protocol", "left"),
    ):
        table.add_column(name, justify=justify, overflow="fold")
    for m in measurements:
        floor = "" if m.floor is None else digits(m.floor)
        table.add_row(m.name, number(m, floor=False), str(m.n), floor, m.protocol)
    _console().print(table)


def show_comparison(runs: Sequence[Run]) -> None:
    """Every measurement that the runs hold, ranked where that is allowed, else with the reason why not."""
    console = _console()
    for comparison in compare(runs):
        table = Table(title=_title(comparison), title_justify="left", box=None, padding=(0, 2, 0, 0))
        table.add_column("rank", justify="right")
        table.add_column("run")
        table.add_column("value", justify="right")
        table.add_column("protocol", overflow="fold")
        for label, m, rank in comparison.rows:
            table.add_row(str(rank or ""), label, number(m), m.protocol)
        console.print(table)
        if comparison.reason:
            console.print(comparison.reason)
        console.print()


def _title(comparison: Comparison) -> str:
    better = {True: " (larger is better)", False: " (smaller is better)", None: ""}[comparison.larger]
    return comparison.name + better


def show_rows(title: str, rows: Mapping[str, object] | Sequence[tuple[str, object]]) -> None:
    """Two columns: a word and what it says."""
    table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in rows.items() if isinstance(rows, Mapping) else rows:
        table.add_row(Text(name, style="bold"), str(value))
    _console().print(table)
