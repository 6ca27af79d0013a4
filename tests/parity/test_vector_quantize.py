"""Codebooks against vector-quantize-pytorch."""

import pytest
import torch

from simorgh.nn.codebook import Codebook, Rows
from simorgh.noise import Noise

theirs = pytest.importorskip("vector_quantize_pytorch", reason="vector-quantize-pytorch is a development dependency")


def data(dim: int) -> torch.Tensor:
    return Noise(2).normal(32, 49, dim)


def pair(kind: str, codes: int = 64, dim: int = 16):
    """The same codes in both; theirs with the paper's settings, which are not its defaults."""
    ours = Codebook(codes, dim, kind, restart=0.0, start="uniform").build()
    vectors = Noise(2).normal(codes, dim, name="codes")
    ours.vectors.data.copy_(vectors)
    learn = {"ema_update": False, "learnable_codebook": True} if kind == "gradient" else {}
    other = theirs.VectorQuantize(dim, codes, decay=0.99, commitment_weight=0.25, rotation_trick=False, **learn)
    other._codebook.embed.data.copy_(vectors[None])
    return ours, other


@pytest.mark.parametrize(("codes", "dim"), [(64, 16), (512, 64)])
@pytest.mark.parametrize("kind", ["gradient", "ema"])
def test_same_indices_and_values(kind: str, codes: int, dim: int):
    ours, other = pair(kind, codes, dim)
    z = data(dim)
    found = ours(z)
    values, indices, _ = other.eval()(z)
    assert torch.equal(found.indices, indices)
    torch.testing.assert_close(found.values, values)


def test_same_running_means():
    ours, other = pair("ema")
    z = data(16)
    ours.use.fill_(1 / 64)
    ours.mass.copy_(ours.vectors / 64)
    other._codebook.cluster_size.fill_(z[..., 0].numel() / 64)
    other._codebook.embed_avg.copy_(ours.vectors[None] * z[..., 0].numel() / 64)
    other.train()
    for step in range(1, 4):
        other(z)
        ours.follow(ours.observe(z, ours(z).indices, Rows(step, 0, len(z))))
    torch.testing.assert_close(ours.vectors, other._codebook.embed[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("levels", [(5, 3), (8, 5, 5), (4, 7, 6)])
def test_same_finite_scalars(levels: tuple[int, ...]):
    other = theirs.FSQ(list(levels))
    ours = Codebook(other.codebook_size, len(levels), "fsq", levels=levels).build()
    z = data(len(levels))
    found, (values, indices) = ours(z), other(z)
    assert torch.equal(found.indices, indices.long())
    torch.testing.assert_close(found.values, values)
