"""What goes wrong by the user's hand, and how it is said. Imports nothing, so that help stays fast."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake that the user can mend. The command line prints its one sentence and exits with code 2."""


class Diverged(UserError):
    """A loss stopped being finite; the last good weights are kept in the run directory."""


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
