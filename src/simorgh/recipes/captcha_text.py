"""Captchas of a given text: five signs, each a token of the context.

simorgh train captcha-text --preset cpu     60 passes at 1 x 32 x 128, about 25 minutes on two free cores (62 on one,
                                               beside other work): 88.8 % of 1,000 texts are read as asked for
simorgh train captcha-text --preset paper   400 passes at 3 x 64 x 256, the network of the assignment in place of
                                               a narrow one

Flow matching; the signs are read by cross-attention, one in ten images is told nothing. Full-size captchas would take
hours on two cores: three passes in a quarter of an hour. Requirements D6.2, D6.10, D6.11.
"""

from dataclasses import replace

from simorgh.data import DataConfig
from simorgh.diffusion.condition import Condition
from simorgh.diffusion.guidance import Guidance
from simorgh.diffusion.sampler import Sampler
from simorgh.diffusion.steps import DPMpp2M
from simorgh.nn.unet import UNet
from simorgh.recipes import flow
from simorgh.recipes._parts import vary
from simorgh.train import Experiment

ASSIGNMENT = UNet((128, 128, 256, 256, 512, 512), 2, (False,) * 4 + (True, False), inject="cross", patch=1)
"""The U-Net of the assignment, with its missing block on the way up."""

SMALL = UNet((32, 64, 96), attention=(False, False, True), inject="cross")


def experiment(preset: str) -> Experiment:
    base = flow.experiment(preset)
    paper, smoke = preset == "paper", preset == "smoke"
    network = ASSIGNMENT if paper else replace(SMALL, channels=(8, 16, 16)) if smoke else SMALL
    data = DataConfig("captcha" if paper else "captcha-small", limit=base.data.limit)
    steps = base.model.sampler.steps
    sampler = Sampler(DPMpp2M(), steps, guidance=Guidance(2.0))
    model = vary(base, network=network, condition=Condition("signs"), sampler=sampler)
    epochs = {"cpu": 60.0, "paper": 400.0}.get(preset, base.train.epochs)
    train = replace(base.train, epochs=epochs, batch_size=64, snapshot_samples=10)
    evaluate = replace(base.evaluate, samples=min(base.evaluate.samples, 1000), density_images=0)
    return replace(model, data=data, train=train, evaluate=evaluate)
