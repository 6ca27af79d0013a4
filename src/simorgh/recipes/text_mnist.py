"""MNIST from captions in English and Persian, with a text encoder that is trained beside the network.

simorgh train text-mnist --preset cpu     8 passes, about 15 minutes on two free cores (50 on one, beside other work)
simorgh train text-mnist --preset paper   200 passes of a network of 30 million parameters in place of 1.2

Flow matching as in `flow`; what differs is the data, the condition (characters through a transformer, the empty string
for nothing) and the injection (cross-attention). Requirement D4.c.
"""

from dataclasses import replace

from simorgh.diffusion.condition import Condition
from simorgh.recipes import flow
from simorgh.recipes._parts import vary
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    base = flow.experiment(preset)
    network = replace(base.model.network, inject="cross")
    evaluate = replace(base.evaluate, density_images=0)  # a fifth of the test captions were never trained on
    base = replace(base, data=replace(base.data, name="mnist-captions"), evaluate=evaluate)
    return vary(base, network=network, condition=Condition("caption"))
