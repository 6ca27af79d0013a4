"""VQ-VAE with 128 codes of 16 dimensions on MNIST, 49 codes an image, and a transformer over them that draws new ones.

simorgh train vq-vae --preset cpu     10 passes, half of them for the prior, about 6 minutes on two cores
simorgh train vq-vae --preset paper   100 passes; at most 0.0444 and 50.6 nats an image for the prior wanted (keras-io:
                                      30 passes, on the training images)

As with three codes, many steps help: after two passes the error of the training images was 0.048 with batches of 128 at
the rate 2e-3 and 0.027 with 32 at 3e-3. Requirements A4.3 to A4.8.
"""

from simorgh.models.vq_vae import VQVAEConfig
from simorgh.nn.codebook import Codebook
from simorgh.nn.grids import GridNetwork
from simorgh.recipes._parts import discrete as _discrete
from simorgh.train import Experiment


def experiment(preset: str) -> Experiment:
    model = VQVAEConfig(Codebook(codes=128, dim=16), GridNetwork(hidden=64, residual=32, blocks=1))
    return _discrete(preset, model, epochs={"cpu": 10, "paper": 100}, lr=3e-3, batch_size=32)
