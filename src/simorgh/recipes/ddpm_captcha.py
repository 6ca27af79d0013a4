"""DDPM on captchas, told nothing: the first half of the captcha assignment.

simorgh train ddpm-captcha --preset cpu     40 passes at 1 x 32 x 128, about 20 minutes on two free cores (54 on one,
                                               beside other work)
simorgh train ddpm-captcha --preset paper   400 passes at 3 x 64 x 256, the network of the assignment in place of
                                               a narrow one

1,000 steps with beta from 1e-4 to 0.02 and noise as the target, as `ddpm`. Requirements D6.1 to D6.9.
"""

from dataclasses import replace

from simorgh.recipes import captcha_text, ddpm
from simorgh.recipes._parts import vary
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    base, model = captcha_text.experiment(preset), ddpm.experiment(preset).model
    epochs = 40.0 if preset == "cpu" else base.train.epochs
    network = replace(base.model.network, inject="scale-shift")
    return vary(replace(base, model=model, train=replace(base.train, epochs=epochs)), network=network)
