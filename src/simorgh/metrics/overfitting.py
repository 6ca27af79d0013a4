"""When a training begins to overfit: by the validation loss of each pass (early stopping, Prechelt 1998)."""

from collections.abc import Sequence
from math import isnan

from simorgh.contracts import UserError


def overfits(losses: Sequence[float], patience: int = 3) -> int | None:
    """The pass, counted from 1, at which the validation loss has not gone below its best for `patience` passes in a
    row; None where that never happens. NaN counts as not below. UserError for a patience below 1."""
    if patience < 1:
        raise UserError(f"A patience of {patience} passes cannot be waited for: it should be at least 1.")
    best, waited = float("inf"), 0
    for number, loss in enumerate(losses, 1):
        if loss < best:
            best, waited = loss, 0
        else:
            waited += 1
        if waited == patience:
            return number
    return None


def best_pass(losses: Sequence[float]) -> int:
    """The pass, counted from 1, with the smallest validation loss. UserError where there is none that is a number."""
    sound = [(loss, number) for number, loss in enumerate(losses, 1) if not isnan(loss)]
    if not sound:
        raise UserError("No pass has a validation loss that is a number.")
    return min(sound)[1]
