"""VAE with a spherical (von Mises-Fisher) prior on two intrinsic dimensions (vae-mlp with another latent part).

simorgh train prior-vmf --preset cpu     10 passes, about 45 s on two cores

At `paper` its encoder sees noisy pixels in place of clean ones, as that of `vae-mlp` does.

Negative ELBO at `cpu`: 140.3 nats per test image over three seeds.

Requirement C3.b.
"""

from simorgh.recipes import vae_mlp
from simorgh.recipes._parts import QUICK, vary
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    return vary(vae_mlp.experiment(preset, QUICK), prior="von-mises-fisher")
