"""Time a codebook, forward and backward, beside vector-quantize-pytorch, in one process and in turn.

    pip install vector-quantize-pytorch        (a part of `.[dev]`)
    OMP_NUM_THREADS=1 python benchmarks/quantise.py [--codes 512] [--dim 64] [--images 32] [--rounds 30]

Both learn 512 codes of 64 dimensions on 32 maps of 7 x 7 vectors, once by gradient and once by running means, with the
paper's settings (decay 0.99, beta 0.25, a straight-through copy). A round is the forward pass, the loss of a decoder
that asks for the mean square, its gradients, and for running means their step. The median of each is compared. Exits
with code 1 when ours takes longer.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor
from vector_quantize_pytorch import VectorQuantize

from simorgh.nn.codebook import Codebook, Rows
from simorgh.noise import Noise


def ours(kind: str, codes: int, dim: int) -> Callable[[Tensor], None]:
    book = Codebook(codes, dim, kind, restart=0.0).build()

    def step(z: Tensor) -> None:
        q = book(z)
        loss = q.values.square().mean() + q.codebook.mean() + 0.25 * q.commitment.mean()
        torch.autograd.grad(loss, [z, *book.parameters()])
        if kind == "ema":
            book.follow(book.observe(z, q.indices, Rows(1, 0, len(z))))

    return step


def theirs(kind: str, codes: int, dim: int) -> Callable[[Tensor], None]:
    learn = {"ema_update": False, "learnable_codebook": True} if kind == "gradient" else {}
    book = VectorQuantize(dim, codes, decay=0.99, commitment_weight=0.25, rotation_trick=False, **learn).train()

    def step(z: Tensor) -> None:
        values, _, loss = book(z)
        torch.autograd.grad(values.square().mean() + loss.sum(), [z, *book.parameters()])

    return step


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--codes", type=int, default=512)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--images", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=30)
    asked = parser.parse_args()
    z = Noise(0).normal(asked.images, 49, asked.dim).requires_grad_()
    slower = False
    for kind in ("gradient", "ema"):
        routes = {"ours": ours(kind, asked.codes, asked.dim), "theirs": theirs(kind, asked.codes, asked.dim)}
        seconds: dict[str, list[float]] = {name: [] for name in routes}
        for i in range(asked.rounds + 3):
            for name, step in routes.items():
                start = time.perf_counter()
                step(z)
                if i >= 3:
                    seconds[name].append(time.perf_counter() - start)
        mine, other = (statistics.median(seconds[name]) for name in routes)
        slower |= mine > other
        print(f"{kind:9s} ours {mine * 1e3:.2f} ms, theirs {other * 1e3:.2f} ms, ratio {mine / other:.2f}")
    return int(slower)


if __name__ == "__main__":
    sys.exit(main())
