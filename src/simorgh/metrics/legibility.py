"""Whether pictures of a text show that text: by a reader's opinion of them, sign by sign and as a whole.

A picture counts as right when every sign that is read from it is the one that was asked for, at its own place. Who
guesses uniformly among K signs is right with probability 1 / K about a sign and 1 / K^T about a text of T signs.
"""

from typing import NamedTuple

import numpy as np
from torch import Tensor

from simorgh.contracts import UserError
from simorgh.metrics.intervals import Interval, wilson


class Legibility(NamedTuple):
    """How far n texts that were read agree with those that were asked for.

    Attributes:
        exact: share of pictures with every sign right.
        sign: share of all signs that are right; its interval allows for signs of one picture that fail together.
        places: the same at each place of the text.
        exact_chance, sign_chance: what uniform guessing reaches.
    """

    exact: Interval
    sign: Interval
    places: tuple[Interval, ...]
    exact_chance: float
    sign_chance: float


def legibility(read: Tensor | np.ndarray, asked: Tensor | np.ndarray, signs: int) -> Legibility:
    """Agreement of the signs `read` and `asked`, both (n, T) whole numbers below `signs`, with Wilson's intervals.

    UserError for arrays that are no texts.
    """
    read, asked = (a.detach().cpu().numpy() if isinstance(a, Tensor) else np.asarray(a) for a in (read, asked))
    if read.shape != asked.shape or read.ndim != 2 or 0 in read.shape:
        raise UserError(f"texts of shape {read.shape} and {asked.shape} cannot be compared: give two of (n, signs).")
    if any(a.dtype.kind not in "iu" or a.min() < 0 or a.max() >= signs for a in (read, asked)):
        raise UserError(f"texts of {signs} signs should be whole numbers from 0 to {signs - 1}.")
    right = read == asked
    n, length = right.shape
    return Legibility(
        wilson(right.all(1).mean(), n),
        _over_places(right),
        tuple(wilson(share, n) for share in right.mean(0)),
        float(signs) ** -length,
        1 / signs,
    )


def _over_places(right: np.ndarray) -> Interval:
    """The share of right (n, T) signs with Wilson's interval at the effective number of signs.

    Signs of one picture are not independent: n T is divided by the design effect, the variance of the means of the
    pictures over what it would be for independent signs (Kish 1965, section 8.2), held between 1, where they are, and
    T, where a picture is right or wrong as a whole. Where all or none are right the effect is not known and T is taken.
    """
    n, length = right.shape
    share = float(right.mean())
    expected = share * (1 - share) / length
    found = right.mean(1).var(ddof=1) if n > 1 else 0.0
    effect = float(np.clip(found / expected, 1, length)) if expected and n > 1 else float(length)
    return wilson(share, n * length / effect)._replace(n=n)
