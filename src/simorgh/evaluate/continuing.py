"""What a model of verse says after a beyt of one's own, with marks: does it rhyme, does it scan, is it copied?

Asked for by ability: whatever Continues can be asked.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

import torch

from simorgh.contracts import Continues, UserError
from simorgh.data import load
from simorgh.data.persian import normalise
from simorgh.data.tokenisers import END, START, UNKNOWN, Beyt, Tokeniser, reader
from simorgh.evaluate.text import TOP_P, is_verse, read_beyt, sections
from simorgh.metrics.metre import scans
from simorgh.metrics.rhyme import rhyming_letters
from simorgh.nn.decoding import Decoding, persist, proceed
from simorgh.noise import SampleNoise
from simorgh.train import Run

TRIES = 64
"""Draws of each answer until it rhymes and scans."""

NEXT = "توانا بود هر که دانا بود / ز دانش دل پیر برنا بود"


@dataclass(frozen=True)
class Said:
    """An answer: two hemistichs and what is true of them. `copied` counts its hemistichs that stand in the training
    part word for word; None where that part is not here. `ended` is False where it was cut off."""

    beyt: Beyt
    rhymes: bool
    scans: bool
    copied: int | None
    ended: bool


def is_asked(run: Run) -> bool:
    """Whether the model of `run` continues a text."""
    return run.spec.kind == "tokens" and isinstance(run.model(), Continues)


def decoding(temperature: float | None, top_p: float | None, beams: int | None, greedy: bool) -> Decoding:
    """Sampled from the nucleus of TOP_P unless something else is asked for. UserError for two ways at once."""
    sampled = temperature is not None or top_p is not None
    if bool(beams) + greedy + sampled > 1:
        raise UserError("An answer is drawn (temperature, top-p), greedy or searched for (beams): ask for one of them.")
    if beams is not None and beams < 1:
        raise UserError(f"A search keeps at least one row, not {beams}.")
    if greedy or beams:
        return Decoding(temperature=0.0, beams=beams or 0)
    if temperature is not None and temperature <= 0:
        raise UserError(f"The temperature is {temperature}; it should be above 0, or ask for the greedy answer.")
    return Decoding(1.0 if temperature is None else temperature, TOP_P if top_p is None else top_p)


def read_prompt(run: Run, text: str) -> Beyt:
    """The beyt that somebody has typed, in the spelling that `run` was trained on. UserError where it is none, holds
    letters that the run has never seen, or leaves no room for an answer."""
    config, coder = run.experiment.data.text, reader(run.spec)
    halves = [normalise(half, config.marks, config.punctuation) for half in re.split(r"[/\t\n]", text)]
    halves = [half for half in halves if half]
    if len(halves) != 2:
        raise UserError(
            f"A prompt is one beyt, two hemistichs with a slash, tab or line end between, such as {NEXT!r}; this one "
            f"has {len(halves)}."
        )
    unknown = [c for c in dict.fromkeys("".join(halves)) if UNKNOWN in coder.encode(c)]
    if unknown:
        raise UserError(f"The prompt has signs that this run was not trained on: {' '.join(map(repr, unknown))}.")
    beyt = (halves[0], halves[1])
    symbols, room = 1 + len(coder.encode_beyt(beyt)), run.model().context - longest_beyt(run)
    if symbols > room:
        raise UserError(
            f"The prompt has {symbols} symbols; to leave room for an answer in the context of this run, at most {room} "
            "can be read."
        )
    return beyt


def longest_beyt(run: Run) -> int:
    """Symbols of a window for each of the `beyts` that it may hold: about those of the longest, or less where all
    poems are shorter than that."""
    return -(-run.spec.shape[0] // run.experiment.data.text.beyts)


@torch.no_grad()
def say(
    run: Run, prompt: Beyt | None, n: int, how: Decoding, seed: int = 0, verse: bool = False, device: str = "cpu",
    known: Collection[str] | None = None,
) -> list[Said]:  # fmt: skip
    """`n` next beyts after `prompt`, or openings of a section without one; those drawn are told apart by the seed.

    With `verse` each is drawn up to TRIES times until it rhymes and scans, and left out where it never does. `known`
    are the hemistichs of the training part.
    """
    drawn = how.temperature > 0 and not how.beams
    if n < 1 or (n > 1 and not drawn):
        raise UserError(f"{n} answers cannot be had: at least 1, and no more of a greedy one or of a search.")
    if verse and not drawn:
        raise UserError("Only drawn answers can be kept until they rhyme and scan: no beams, not greedy.")
    coder, model = reader(run.spec), run.model().to(device)
    row = [START] if prompt is None else [END, *coder.encode_beyt(prompt)]
    x = torch.tensor([row] * n, device=device)
    # Windows hold fewer beyts than they might where all poems are short; then the prompt knows better.
    how = replace(how, most=min(max(longest_beyt(run), len(row)) * 3 // 2, model.context - len(row)))
    noise = SampleNoise(seed, n, device=device)
    if verse:
        rows, tries = persist(model, x, noise, how, lambda i, row: is_verse(read_beyt(coder, row)), TRIES)
        rows = rows[tries > 0]
    else:
        rows = proceed(model, x, noise, how)
    return [_judged(coder, row, known) for row in rows.cpu()]


def known_lines(run: Run) -> set[str] | None:
    """All hemistichs that `run` was trained on; None where its data are not here."""
    try:
        data = load(run.experiment.data)
    except UserError:
        return None
    poems = sections(data.train, reader(data.spec))
    return {half for poem in poems for beyt in poem for half in beyt}


def _judged(coder: Tokeniser, row: torch.Tensor, known: Collection[str] | None) -> Said:
    beyt = read_beyt(coder, row)
    copied = None if known is None else sum(half in known for half in beyt)
    return Said(beyt, rhyming_letters(*beyt) > 0, all(map(scans, beyt)), copied, bool((row == END).any()))
