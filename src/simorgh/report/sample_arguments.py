"""What may be asked of `simorgh sample`, apart from what draws: its help needs no model."""

from dataclasses import dataclass
from pathlib import Path


@dataclass
class SampleArguments:
    """Draw from a trained model: images, or the next beyts of a model of verse.

    Attributes:
        n: how many; 64 images or 5 beyts without it.
        condition: what the samples should be: a label, a caption or the text of a captcha, as the model was trained
            (without it, all that can be asked for in turn).
        seed: sample i of a seed is always the same.
        out: a .png grid or .npz arrays; of beyts a .txt, with an .html beside it. samples.png or samples.txt.
        sampler: of a model that draws in many steps, the rule of a step: ddim, ancestral, euler, heun, dpmpp-2m, unipc,
            langevin or predictor-corrector.
        steps: how many of them.
        guidance: how strongly the condition is followed; 1 is not guided.
        prompt: a beyt to go on from, its hemistichs parted by a slash; without it a poem is opened.
        temperature: of drawn symbols; 1 is the model's own law.
        top_p: draw from the likeliest symbols that hold this share; 0.9 without it.
        beams: look for the likeliest answer, so many rows at a time.
        greedy: take the likeliest symbol each time.
        verse: keep only answers whose hemistichs rhyme and scan.
    """

    n: int | None = None
    condition: str | None = None
    seed: int = 0
    out: Path | None = None
    sampler: str | None = None
    steps: int | None = None
    guidance: float | None = None
    prompt: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    beams: int | None = None
    greedy: bool = False
    verse: bool = False
