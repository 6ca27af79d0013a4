"""Classifier-free guidance on MNIST, after a widely used teaching script (TeaPearce/Conditional_Diffusion_MNIST).

simorgh train cfg-mnist --preset cpu     8 passes, about 14 minutes on two cores
simorgh train cfg-mnist --preset paper   200 passes of a network of 33 million parameters in place of 1.3

Its facts: 400 steps, beta from 1e-4 to 0.02 (13 % of the signal is left at the end), noise as the target, one label in
ten dropped, the class multiplies and shifts features. Ours: the U-Net, images in [-1, 1], an average of the weights, 50
steps of DDIM for its 400 ancestral ones. Requirements D4.a, D4.b.
"""

from simorgh.diffusion.condition import Condition
from simorgh.diffusion.levels import Levels
from simorgh.diffusion.path import VPLinear
from simorgh.models.diffusion import DiffusionConfig
from simorgh.recipes._parts import denoising as _denoising
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    model = DiffusionConfig(path=VPLinear(400), levels=Levels("ladder", 400), condition=Condition("class"))
    return _denoising(preset, model, epochs={"cpu": 8, "paper": 200})
