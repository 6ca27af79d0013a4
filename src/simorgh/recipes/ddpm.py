"""The denoising diffusion model of Ho et al. 2020 on MNIST.

simorgh train ddpm --preset cpu     6 passes, about 11 minutes on two free cores (20 on one, beside other work)
simorgh train ddpm --preset paper   200 passes of a network of 29 million parameters in place of 1.1

1,000 steps with beta from 1e-4 to 0.02, noise as the target, its plain squared error. Samples by DDIM in 50 steps; the
1,000 of the paper are --model.sampler.steps 1000 model.sampler.step:ancestral. Requirements D3, D6.1, D6.6.
"""

from simorgh.diffusion.levels import Levels
from simorgh.models.diffusion import DiffusionConfig
from simorgh.recipes._parts import denoising as _denoising
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return _denoising(preset, DiffusionConfig(levels=Levels("ladder", 1000)), epochs={"cpu": 6, "paper": 200})
