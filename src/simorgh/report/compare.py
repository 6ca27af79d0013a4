"""Runs side by side. A ranking is given only where it means something, else one sentence says why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass

from simorgh.contracts import Measurement
from simorgh.errors import UserError
from simorgh.train import Run

SMALLER = {
    "neg_elbo", "neg_elbo_same_images", "iwae_bound", "fd_digits", "fd_sprites", "fid", "kid", "mse", "bits_per_dim",
    "bits_per_char", "bits_per_beyt", "perplexity", "brier", "kid_inception", "fd_digits_extrapolated",
    "variance_scaled_error", "calibration_error", "bits_per_char_pair", "modes_kl",
}  # fmt: skip
LARGER = {
    "precision", "recall", "density", "coverage", "judge_accuracy", "tstr_accuracy", "accuracy", "balanced_accuracy",
    "auc", "smallest_class_share", "exact_match", "sign_accuracy", "modes_covered", "rhyme_rate", "scan_rate", "bleu",
    "chrf",
}  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """One measurement over several runs.

    Attributes:
        name: of the measurement.
        rows: (run, measurement, rank), best first where ranked; equal ranks where intervals overlap that of the
            first with this rank, rank None where there is no ranking.
        larger: whether larger is better, None where the name has no better.
        reason: one sentence that says why nothing is ranked, "" where it is.
    """

    name: str
    rows: tuple[tuple[str, Measurement, int | None], ...]
    larger: bool | None
    reason: str = ""


def compare(runs: Sequence[Run]) -> list[Comparison]:
    """A Comparison of every measurement that at least two of the runs hold.

    Measurements are ranked only under one protocol: the same number under another protocol is another quantity.
    A run shares the rank of a better one where it cannot be told from the best of that rank, that is where the
    intervals of 95 % overlap. UserError where a run holds no results or nothing is held by two.
    """
    if len(runs) < 2:
        raise UserError("A comparison needs at least two runs.")
    held: dict[str, list[tuple[str, Measurement]]] = {}
    for run, label in zip(runs, _labels(runs)):
        results = run.results()
        if not results:
            raise UserError(f"{run.path} holds no results yet: simorgh evaluate {run.path} measures it.")
        for m in results:
            held.setdefault(m.name, []).append((label, m))
    found = [_compare(name, rows) for name, rows in held.items() if len(rows) > 1]
    if not found:
        raise UserError("These runs share no measurement: evaluate them with the same metrics.")
    return found


def _labels(runs: Sequence[Run]) -> list[str]:
    names = [f"{r.experiment.name} {r.experiment.preset} seed {r.experiment.seed}" for r in runs]
    return [f"{name} ({r.path.name})" if names.count(name) > 1 else name for name, r in zip(names, runs)]


def _compare(name: str, rows: list[tuple[str, Measurement]]) -> Comparison:
    larger = True if name in LARGER or name.startswith("reading_") else False if name in SMALLER else None
    protocols = list(dict.fromkeys(m.protocol for _, m in rows))
    reason = ""
    if len({m.protocol_hash for _, m in rows}) > 1:
        shown = f'"{protocols[0]}" and "{protocols[1]}"' if len(protocols) > 1 else "different units or names"
        reason = f"Not ranked: {name} was measured under different protocols ({shown})."
    elif larger is None:
        reason = f"Not ranked: nothing here says whether more or less of {name} is better."
    if reason:
        return Comparison(name, tuple((label, m, None) for label, m in rows), larger, reason)
    rows = sorted(rows, key=lambda row: row[1].value, reverse=larger)
    ranked: list[tuple[str, Measurement, int | None]] = []
    rank, first = 0, None
    for place, (label, m) in enumerate(rows, 1):
        if first is None or not _overlap(first, m):
            rank, first = place, m
        ranked.append((label, m, rank))
    return Comparison(name, tuple(ranked), larger)


def _overlap(a: Measurement, b: Measurement) -> bool:
    """Whether the intervals overlap; a number without an interval is a point."""
    ends = [(m.value if m.low is None else m.low, m.value if m.high is None else m.high) for m in (a, b)]
    return ends[0][0] <= ends[1][1] and ends[1][0] <= ends[0][1]
