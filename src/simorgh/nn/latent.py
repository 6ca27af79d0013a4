import torch
from math import log, pi
from torch import nn
from simorgh.contracts import check_name
class Latent(nn.Module): pass
class Posterior: pass
class _G(Posterior):
    def __init__(self, mu, lv): self.mean, self.lv = mu, lv
    def sample(self, noise, k): return self.mean + (self.lv / 2).exp() * noise.normal(k, *self.mean.shape, name="z", axis=1)
    def log_prob(self, z): return -0.5 * (self.lv + log(2 * pi) + (z - self.mean) ** 2 / self.lv.exp()).sum(-1)
    def kl(self, z): return 0.5 * (self.mean**2 + self.lv.exp() - 1 - self.lv).sum(-1)
class Gaussian(Latent):
    def __init__(self, dim): super().__init__(); self.dim = self.features = dim; self.outputs = 2 * dim
    def posterior(self, h): return _G(*h.chunk(2, -1))
    def log_prior(self, z): return -0.5 * (log(2 * pi) + z**2).sum(-1)
    def sample_prior(self, n, noise): return noise.normal(n, self.dim)
def make_latent(name, dim): check_name(name, ["gaussian"], "prior"); return Gaussian(dim)
