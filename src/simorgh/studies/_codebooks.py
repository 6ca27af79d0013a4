"""What the studies of codebooks share: who is moved by which term, k-means in the plane, and what a code stands for."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

from simorgh.models.vq_vae import VQVAE
from simorgh.nn.codebook import Codebook, Rows, VectorCodebook
from simorgh.nn.grids import GridNetwork
from simorgh.nn.quantise import nearest_codes
from simorgh.report.style import CLASSES

PARTS = ("encoder", "codebook", "decoder")


def flow(model: VQVAE, x: Tensor) -> tuple[dict[str, float], dict[tuple[str, str], float | None]]:
    """By term of the loss, as it stands there, its value on images x; by term and part the length of its gradient,
    None where none arrives."""
    model.requires_grad_(True)
    q = model.quantise(x)
    terms = {
        "reconstruction": model.error(x, q.values).mean(),
        "codebook": model.values * q.codebook.mean(),
        "commitment": model.beta * model.values * q.commitment.mean(),
    }
    found = {}
    for term, value in terms.items():
        for part in PARTS:
            weights, grads = list(getattr(model, part).parameters()), ()
            if weights and value.requires_grad:
                grads = torch.autograd.grad(value, weights, retain_graph=True, allow_unused=True)
            length = sum(float(g.square().sum()) for g in grads if g is not None) ** 0.5
            found[term, part] = length or None
    model.requires_grad_(False)
    return {term: float(value.detach()) for term, value in terms.items()}, found


@torch.no_grad()
def toy(kind: str, points: Tensor, decay: float = 0.0, codes: int = 8) -> VectorCodebook:
    """A codebook in the plane whose codes begin at the first of `points` (N, 2), without restarts."""
    made = Codebook(codes, 2, kind, decay=decay, restart=0.0, start="uniform").build()
    made.place(torch.ones(codes, dtype=torch.bool), points[:codes], torch.full((codes,), 1 / codes))
    return made


@torch.no_grad()
def follow(book: VectorCodebook, points: Tensor, steps: int) -> tuple[list[Tensor], list[float]]:
    """The codes before the first and after each of `steps` on one batch of points (N, 2), and the mean squared
    distance before each."""
    places, distances = [book.vectors.detach().clone()], []
    for step in range(1, steps + 1):
        q = book(points[:, None])
        book.follow(book.observe(points[:, None], q.indices, Rows(step, 0, len(points))))
        places.append(book.vectors.detach().clone())
        distances.append(float(q.commitment.mean()))
    return places, distances


def cells(points: Tensor, places: Mapping[int, Tensor], traces: Mapping[str, Sequence[float]]) -> Figure:
    """The Voronoi cells of the codes `places` (K <= 10, 2) at each step among `points`; in the last panel `traces`."""
    figure = Figure(figsize=(9.4, 2.7))
    *panels, last = figure.subplots(1, len(places) + 1)
    limit = 1.08 * float(points.abs().max())
    u = torch.linspace(-limit, limit, 240)
    plane = torch.stack(torch.meshgrid(u, u, indexing="xy"), 2)
    rgb = np.array([[int(c[j : j + 2], 16) / 255 for j in (1, 3, 5)] for c in CLASSES])
    for panel, (step, codes) in zip(panels, places.items()):
        panel.imshow(0.35 * rgb[nearest_codes(plane, codes)] + 0.65, origin="lower", extent=(-limit, limit) * 2)
        panel.scatter(*points.T, s=1, color="#66666E", linewidths=0)
        panel.scatter(*codes.T, s=42, c=rgb[: len(codes)], edgecolor="black", zorder=3)
        panel.set(title=f"after {step} step{'s' * (step != 1)}", xticks=[], yticks=[])
        panel.grid(False)
    for label, trace in traces.items():
        last.plot(range(1, len(trace) + 1), trace, label=label)
    last.set(xscale="log", xlabel="step", title="squared distance")
    last.legend()
    return figure


def parameters(net: GridNetwork, channels: int, dim: int) -> tuple[int, int]:
    """Weights and biases of encoder and decoder, counted from their layers by hand."""
    wide, half = net.hidden, net.hidden // 2
    blocks = net.blocks * (9 * wide * net.residual + net.residual + net.residual * wide + wide)
    encoder = 16 * channels * half + half + 16 * half * wide + wide + 9 * wide**2 + wide + blocks + wide * dim + dim
    return encoder, 9 * dim * wide + wide + blocks + 16 * wide * half + half + 16 * half * channels + channels


@torch.no_grad()
def look(model: VQVAE, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Of all places of all maps of x: vectors (M, D), indices (M,), the mean colour (M, C) of the 4 x 4 pixels that
    each stands for, and codes (M, D)."""
    z = model.encoder(x)
    q = model.codebook(z)
    colour = avg_pool2d(x, 4).permute(0, 2, 3, 1)
    return z.flatten(0, 2), q.indices.flatten(), colour.flatten(0, 2), q.values.flatten(0, 2)


def read(values: Tensor, colour: Tensor) -> float:
    """R^2 of `colour` (M, C) read linearly from `values` (M, D): fitted on the first half, taken on the second."""
    v, c, half = pad(values, (0, 1), value=1.0).double().numpy(), colour.double().numpy(), len(values) // 2
    weights = np.linalg.lstsq(v[:half], c[:half], rcond=None)[0]
    return float(1 - np.square(c[half:] - v[half:] @ weights).sum() / np.square(c[half:] - c[half:].mean(0)).sum())


@torch.no_grad()
def patches(model: VQVAE, x: Tensor, codes: Sequence[int], count: int = 9) -> Tensor:
    """(len(codes) (1 + count), C, 8, 8): what the decoder paints at the middle of a map of one code alone, and the
    pixels around the `count` vectors of x nearest to it, which that code must have."""
    z, indices, _, _ = look(model, x)
    (h, w), framed, pictures = model.grid, pad(x, (2, 2, 2, 2)), []
    for k in codes:
        mine = (indices == k).nonzero()[:, 0]
        code = model.codebook.lookup(torch.tensor(k))
        best = mine[(z[mine] - code).square().sum(1).argsort()[:count]].tolist()
        alone = pad(model.decode_codes(torch.full((1, h, w), k)), (2, 2, 2, 2))
        spots = [(alone[0], h // 2, w // 2), *((framed[i // (h * w)], i // w % h, i % w) for i in best)]
        pictures += [image[:, 4 * r : 4 * r + 8, 4 * c : 4 * c + 8] for image, r, c in spots]
    return torch.stack(pictures)
