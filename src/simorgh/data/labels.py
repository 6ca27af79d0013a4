"""Names of classes: which are numbers, their order, and the one that a person asks for."""

from collections.abc import Iterable

from simorgh.contracts import UserError


def number(text: str) -> float | None:
    """The number that `text` is; None for a word, "nan" and Python's "1_2" among them."""
    try:
        value = float(text)
    except ValueError:
        return None
    return None if value != value or "_" in text else value


def in_order(labels: Iterable[str]) -> list[str]:
    """The different labels, those that are numbers in their own order before words."""
    return sorted(set(labels), key=lambda name: (0, number(name), name) if number(name) is not None else (1, 0.0, name))


def plain(text: str) -> str:
    """ "1.0" is the class "1", and "TRUE" is "true". A number too large for a float to tell from the next stays as
    it is written."""
    if text.lower() in ("true", "false"):
        return text.lower()
    value = number(text)
    return str(int(value)) if value is not None and value % 1 == 0 and abs(value) < 2**53 else text


def asked_class(words: str, names: tuple[str, ...], classes: int) -> int:
    """The class of that name, where numbers may be written in any way; or of that place from 0, where no class has a
    number for its name."""
    if words in names:
        return names.index(words)
    numbers, asked = [number(name) for name in names], number(words)
    if asked is not None and numbers.count(asked) == 1:
        return numbers.index(asked)
    if numbers.count(None) == len(names) and words.isascii() and words.isdigit() and int(words) < classes:
        return int(words)
    known = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    known = known or f"the numbers from 0 to {classes - 1}"
    raise UserError(f"There is no class {words!r}; classes are {known}.")
