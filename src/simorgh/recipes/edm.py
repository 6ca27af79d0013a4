"""The preconditioned model of Karras et al. 2022 on MNIST, told the class.

simorgh train edm --preset cpu     8 passes, about 14 minutes on two cores
simorgh train edm --preset paper   200 passes of a network of 33 million parameters in place of 1.3

sigma from 0.002 to 80, log-normal levels (-1.2, 1.2), their weight and Heun's steps on their grid; the deviation of
MNIST in [-1, 1] is 0.62. Requirement D3.
"""

from simorgh.diffusion.condition import Condition
from simorgh.diffusion.grid import Grid
from simorgh.diffusion.levels import Levels
from simorgh.diffusion.path import VE
from simorgh.diffusion.sampler import Sampler
from simorgh.diffusion.steps import Heun
from simorgh.models.diffusion import DiffusionConfig
from simorgh.recipes._parts import denoising as _denoising
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    model = DiffusionConfig(
        path=VE(0.002, 80.0),
        target="edm",
        weight="edm",
        levels=Levels("log-normal", mean=-1.2, deviation=1.2),
        deviation=0.62,
        condition=Condition("class"),
        sampler=Sampler(Heun(), 18, Grid("karras")),
    )
    return _denoising(preset, model, epochs={"cpu": 8, "paper": 200})
