import torch
from torch import nn
from torch.nn.functional import softplus
from simorgh.contracts import check_name
class _B(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, eta):
        ctx.save_for_backward(x, eta)
        return (x * eta - softplus(eta)).flatten(eta.ndim - x.ndim + 1).sum(-1)
    @staticmethod
    def backward(ctx, g):
        x, eta = ctx.saved_tensors
        return None, (x - eta.sigmoid()) * g.reshape(*g.shape, *[1] * (x.ndim - 1))
class Likelihood(nn.Module): pass
class Bernoulli(Likelihood):
    def log_prob(self, x, eta): return _B.apply(x, eta)
    def mean(self, eta): return eta.sigmoid()
def make_likelihood(name):
    check_name(name, ["bernoulli"], "likelihood"); return Bernoulli()
