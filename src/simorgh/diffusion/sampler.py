"""A sampler in whole: which steps along which levels, how guided, whether clipped."""

from dataclasses import dataclass, field, replace
from math import hypot, isinf

from torch import Tensor

from simorgh.contracts import SampleNoise, UserError, check_least
from simorgh.diffusion.denoiser import Counted, Denoiser
from simorgh.diffusion.grid import Grid
from simorgh.diffusion.guidance import Guidance
from simorgh.diffusion.path import Path
from simorgh.diffusion.steps import DDIM, STEPS, Ancestral, AnyStep, walk
from simorgh.diffusion.target import Prediction


@dataclass(frozen=True)
class Sampler:
    """Settings of a sampler.

    Attributes:
        step: the move from one level to the next.
        steps: number of moves.
        grid: the levels between them.
        guidance: how strongly a condition is followed.
        clip: whether each estimate of x0 is clamped to the range of the data.
    """

    step: AnyStep = field(default_factory=DDIM)
    steps: int = 50
    grid: Grid = field(default_factory=Grid)
    guidance: Guidance = field(default_factory=Guidance)
    clip: bool = False

    def __post_init__(self) -> None:
        check_least("sampler", self, steps=1)
        if self.guidance.kind == "cfg++" and not isinstance(self.step, DDIM | Ancestral):
            raise UserError(f"cfg++ renews the noise of a step, as ddim and ancestral do; {self.step.kind} has none.")

    def altered(self, step: str | None = None, steps: int | None = None, guidance: float | None = None) -> "Sampler":
        """This sampler with what is not None in the place of its own. UserError for a step that there is not."""
        new = self
        if step is not None:
            if step not in STEPS:
                raise UserError(f"There is no sampler {step!r}; there are {', '.join(STEPS)}.")
            new = replace(new, step=STEPS[step]())
        if steps is not None:
            new = replace(new, steps=steps)
        return new if guidance is None else replace(new, guidance=replace(new.guidance, scale=guidance))

    @property
    def protocol(self) -> str:
        """All that decides what it gives, in words."""
        parts = [f"{self.step}, {self.steps} steps, {self.grid.kind} grid"]
        if not self.guidance.idle:
            scale = self.guidance.scale
            # In CFG++ the number is the paper's lambda, and w has no meaning.
            number = f"lambda {scale}" if self.guidance.kind == "cfg++" else f"{scale} (w = {scale - 1:g})"
            parts.append(f"{self.guidance.kind} guidance {number}")
            if self.guidance.low > 0 or not isinf(self.guidance.high):
                parts.append(f"for q in [{self.guidance.low}, {self.guidance.high}]")
        return ", ".join([*parts, *(["x0 clipped"] if self.clip else [])])

    def evaluations(self, path: Path) -> int:
        """How often the network is asked for each sample, counted on one number: both answers of a guided step, and the
        one of a step at which guidance rests."""
        asked = Counted(lambda u, q: Prediction(u, u))
        self.draw(self.guidance.join(asked, asked), path, (1,), SampleNoise(0, 1))
        return asked.calls

    def draw(self, denoise: Denoiser, path: Path, shape: tuple[int, ...], noise: SampleNoise, watch=None) -> Tensor:
        """(n, *shape) x0; sample i depends on its own noise only. `watch` as in `walk`."""
        grid = self.grid.levels(path, self.steps)
        n = len(noise)
        start = noise.normal(n, *shape) * (1.0 if isinf(grid[0]) else grid[0] / hypot(1, grid[0]))
        return walk(self.step, denoise, start, grid, lambda: noise.normal(n, *shape), watch)
