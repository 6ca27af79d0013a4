"""What goes wrong by the user's hand, and how it is said. Imports nothing, so that help stays fast."""

import difflib
from collections.abc import Iterable
from math import inf


class UserError(Exception):
    """A mistake that the user can mend. The command line prints its one sentence and exits with code 2."""


class Diverged(UserError):
    """A loss stopped being finite."""


class Notice(UserWarning):
    """Something that the user should know of what was done; the command line prints its sentence and goes on."""


def check_name(name: str, known: Iterable[str], noun: str) -> None:
    """UserError with the nearest names unless `name` is one of `known`."""
    known = list(known)
    if name not in known:
        raise UserError(f"There is no {noun} {name!r}; {hint(name, known)}")


def hint(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about a name that is not `known`: the nearest ones, or all where none is near."""
    known = list(known)
    near = difflib.get_close_matches(name, known, 3)
    return f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(known) or 'none'}."


def check_least(where: str, settings: object, **least: float) -> None:
    """UserError unless every named setting, or every entry of one that is a tuple, is a number of at least so much."""
    for name, low in least.items():
        value = getattr(settings, name)
        if not all(low <= part < inf for part in (value if isinstance(value, tuple) else (value,))):
            raise UserError(f"{where}.{name} is {value}; it should be a number of at least {low}.")


def check_share(where: str, settings: object, *names: str) -> None:
    """UserError unless every named setting is at least 0 and below 1."""
    for name in names:
        if not 0 <= getattr(settings, name) < 1:
            raise UserError(f"{where}.{name} is {getattr(settings, name)}; it is a share from 0 to below 1.")
