"""The thousand steps of Ho et al. 2020 (arXiv 2006.11239), as the studies of diffusion write them."""

from collections.abc import Sequence

import numpy as np
import torch

from simorgh.diffusion.denoiser import consistent, levels
from simorgh.diffusion.path import VPLinear
from simorgh.diffusion.steps import Ancestral
from simorgh.noise import philox


class Chain:
    """The steps t = 1 ... of a path: `betas` (steps,) and `kept`, the product of 1 - beta up to each of them (steps,)."""

    def __init__(self, path: VPLinear):
        self.path, self.betas = path, path.betas
        self.kept = (1 - self.betas).cumprod(0)

    def at(self, t: int) -> float:
        """The ratio of noise to signal at step t."""
        return float(((1 - self.kept[t - 1]) / self.kept[t - 1]).sqrt()) if t else 0.0

    def check_published(self) -> None:
        """AssertionError unless there are 1,000 steps with betas from 1e-4 to 0.02 and the path's signal and noise are
        what they leave of an image and add to it."""
        assert len(self.betas) == 1000
        assert np.allclose([self.betas[0], self.betas[-1]], [1e-4, 0.02])
        alpha, sigma = self.path.alpha_sigma(self.path.q(torch.arange(1, 1001, dtype=torch.float64) / 1000))
        assert float((alpha - self.kept.sqrt()).abs().max()) < 1e-9
        assert float((sigma**2 + self.kept - 1).abs().max()) < 1e-9

    def check_steps_back(self, steps: Sequence[int]) -> None:
        """AssertionError unless the ancestral sampler goes back from each of `steps` as algorithm 2 and equation 7 of
        the paper say, with both variances."""
        u, guess = torch.from_numpy(philox("posterior").standard_normal((2, 4, 5)))
        for t in steps:
            before, now, beta = float(self.kept[t - 2]), float(self.kept[t - 1]), float(self.betas[t - 1])
            found = consistent(guess, u, levels(self.at(t), u))
            mean = (u - beta / (1 - now) ** 0.5 * found.eps) / (1 - beta) ** 0.5
            posterior = before**0.5 * beta / (1 - now) * guess + (1 - beta) ** 0.5 * (1 - before) / (1 - now) * u
            assert torch.allclose(posterior, mean)
            for kind, variance in (("small", (1 - before) / (1 - now) * beta), ("large", beta)):
                moved, _ = Ancestral(kind).move(
                    lambda u, q, found=found: found, u, self.at(t), self.at(t - 1), lambda: torch.ones_like(u), None
                )
                assert torch.allclose(moved, mean + variance**0.5)
