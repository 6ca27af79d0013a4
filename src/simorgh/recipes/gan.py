"""GAN with the convolutional players of the assignment (PixelShuffle against strides) on MNIST.

simorgh train gan --preset cpu     3 passes, about 3 minutes on two cores
simorgh train gan --preset paper   100 passes

Tables 2 and 3 of the assignment, 1,654,121 and 1,640,033 parameters, non-saturating loss on logits. The table names
no last activation; tanh is added, for without it (--model.players.output linear) the fakes give themselves away by
grey levels beyond black. Requirements B2.2 to B2.7.
"""

from simorgh.models.gan import GANConfig
from simorgh.recipes._parts import adversarial as _adversarial
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return _adversarial(preset, GANConfig(), epochs={"cpu": 3, "paper": 100})
