"""Flow matching on MNIST, told the class: straight lines from noise to digits.

simorgh train flow --preset cpu     8 passes, 12 minutes on two cores: 97.8 % of 2,000 digits read as asked
simorgh train flow --preset paper   200 passes of a network of 33 million parameters in place of 1.3

Velocity, times drawn with a preference for the middle (logit-normal), ancestral steps; solvers of the ODE are as good
(docs/choosing-a-sampler.md). Requirements D4.a, D4.b.
"""

from simorgh.diffusion.condition import Condition
from simorgh.diffusion.levels import Levels
from simorgh.diffusion.path import Line
from simorgh.diffusion.sampler import Sampler
from simorgh.diffusion.steps import Ancestral
from simorgh.models.diffusion import DiffusionConfig
from simorgh.recipes._parts import denoising as _denoising
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    model = DiffusionConfig(
        path=Line(),
        target="velocity",
        levels=Levels("logit-normal", stratified=True),
        condition=Condition("class"),
        sampler=Sampler(Ancestral(), 25),
    )
    return _denoising(preset, model, epochs={"cpu": 8, "paper": 200})
