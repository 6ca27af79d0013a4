"""What `simorgh sample` does: images as a grid or arrays, the beyts of a model of verse as text and as a page."""

import sys
from pathlib import Path

from simorgh.errors import UserError
from simorgh.evaluate import continuing
from simorgh.evaluate.generate import chosen_sampler, generate
from simorgh.report.export import GRID, check_ending, save_samples
from simorgh.report.sample_arguments import SampleArguments
from simorgh.report.verses import save_verses, show_verses
from simorgh.train import Run


def draw(run: Run, asked: SampleArguments, device: str = "cpu") -> tuple[Path, ...]:
    """Draw what was asked for from `run` and write it; returns the files. What the model of this run is not made for
    is refused, by its ability."""
    return (_beyts if continuing.is_asked(run) else _images)(run, asked, device)


def _images(run: Run, asked: SampleArguments, device: str) -> tuple[Path, ...]:
    names = ("prompt", "temperature", "top_p", "beams", "greedy", "verse")
    _refuse(asked, names, f"{run.experiment.name} is no model of text")
    out = asked.out or Path("samples.png")
    check_ending(out, GRID)  # before anything is drawn
    sampler = None
    if any(given is not None for given in (asked.sampler, asked.steps, asked.guidance)):
        sampler = chosen_sampler(run, asked.sampler, asked.steps, asked.guidance)
    n = 64 if asked.n is None else asked.n
    images, labels = generate(run, n, asked.seed, asked.condition, device, sampler=sampler)
    return (save_samples(out, images, labels),)


def _beyts(run: Run, asked: SampleArguments, device: str) -> tuple[Path, ...]:
    _refuse(asked, ("condition", "sampler", "steps", "guidance"), f"{run.experiment.name} is a model of text")
    how = continuing.decoding(asked.temperature, asked.top_p, asked.beams, asked.greedy)
    prompt = None if asked.prompt is None else continuing.read_prompt(run, asked.prompt)
    n = asked.n if asked.n is not None else 1 if asked.greedy or asked.beams else 5
    out = asked.out or Path("samples.txt")
    check_ending(out, {".txt": "beyts; a page that ends in .html is written beside it"})
    known = continuing.known_lines(run)
    said = continuing.say(run, prompt, n, how, asked.seed, asked.verse, device, known)
    written = save_verses(out, prompt, said, f"{run.path.name}, seed {asked.seed}")
    show_verses(said)
    if len(said) < n:
        print(f"simorgh: {n - len(said)} of {n} answers are left out: none of {continuing.TRIES} draws rhymed and "
              "scanned.", file=sys.stderr)  # fmt: skip
    if known is None:
        print("simorgh: the training data are not here, so nothing was searched for copies.", file=sys.stderr)
    return written


def _refuse(asked: SampleArguments, names: tuple[str, ...], why: str) -> None:
    given = [f"--{name.replace('_', '-')}" for name in names if getattr(asked, name) not in (None, False)]
    if given:
        raise UserError(f"{why}: leave out {', '.join(given)}.")
