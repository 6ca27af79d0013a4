"""Time a codebook, forward and backward, beside vector-quantize-pytorch, in one process and in turn.

    pip install vector-quantize-pytorch        (a part of `.[dev]`)
    OMP_NUM_THREADS=1 python benchmarks/quantise.py [--codes 512] [--dim 64] [--images 32] [--rounds 30] [--record]

Both learn 512 codes of 64 dimensions on 32 maps of 7 x 7 vectors, once by gradient and once by running means, with the
paper's settings (decay 0.99, beta 0.25, a straight-through copy). A round is the forward pass, the loss of a decoder
that asks for the mean square, its gradients, and for running means their step. Both begin with the same codes, and
their first indices must be the same. The median of the rounds' ratios is compared. Exits with code 1 when ours takes
longer or an index differs.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from importlib import metadata

import torch
from torch import Tensor
from vector_quantize_pytorch import VectorQuantize

from record import record, timing
from simorgh.nn.codebook import Codebook, Rows
from simorgh.noise import Noise

Step = Callable[[Tensor], Tensor]
"""One round on vectors (N, 49, D); gives the indices (N, 49) that it chose."""


def ours(kind: str, vectors: Tensor) -> Step:
    book = Codebook(*vectors.shape, kind, restart=0.0, start="uniform").build()
    book.vectors.data.copy_(vectors)
    if kind == "ema":
        book.use.fill_(1 / len(vectors))
        book.mass.copy_(vectors / len(vectors))

    def step(z: Tensor) -> Tensor:
        q = book(z)
        loss = q.values.square().mean() + q.codebook.mean() + 0.25 * q.commitment.mean()
        torch.autograd.grad(loss, [z, *book.parameters()])
        if kind == "ema":
            book.follow(book.observe(z, q.indices, Rows(1, 0, len(z))))
        return q.indices

    return step


def theirs(kind: str, vectors: Tensor) -> Step:
    codes, dim = vectors.shape
    learn = {"ema_update": False, "learnable_codebook": True} if kind == "gradient" else {}
    book = VectorQuantize(dim, codes, decay=0.99, commitment_weight=0.25, rotation_trick=False, **learn).train()
    book._codebook.embed.data.copy_(vectors[None])

    def step(z: Tensor) -> Tensor:
        values, indices, loss = book(z)
        torch.autograd.grad(values.square().mean() + loss.sum(), [z, *book.parameters()])
        return indices

    return step


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--codes", type=int, default=512)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--images", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--record", action="store_true", help="write results/benchmarks/quantise.json")
    asked = parser.parse_args()
    z = Noise(0).normal(asked.images, 49, asked.dim).requires_grad_()
    vectors = Noise(0).normal(asked.codes, asked.dim, name="codes")
    bad, found = False, []
    for kind in ("gradient", "ema"):
        routes = {"ours": ours(kind, vectors), "theirs": theirs(kind, vectors)}
        seconds: dict[str, list[float]] = {name: [] for name in routes}
        first = [step(z) for step in routes.values()]
        same = torch.equal(*first)
        for i in range(asked.rounds + 3):
            for name, step in routes.items():
                start = time.perf_counter()
                step(z)
                if i >= 3:
                    seconds[name].append(time.perf_counter() - start)
        ratios = [mine / other for mine, other in zip(*seconds.values())]
        bad |= not same or statistics.median(ratios) > 1
        mine, other = (1e3 * statistics.median(each) for each in seconds.values())
        print(f"{kind:9s} ours {mine:.2f} ms, theirs {other:.2f} ms, ratio {statistics.median(ratios):.2f}, "
              f"{'the same indices' if same else 'INDICES DIFFER'}")  # fmt: skip
        learnt = "running means" if kind == "ema" else "by gradient"
        peer = f"vector-quantize-pytorch {metadata.version('vector-quantize-pytorch')}"
        parts = "forward, loss, gradients" + (" and the step of running means" if kind == "ema" else "")
        how = (
            f"{parts}, {asked.codes} codes of {asked.dim} dimensions on {asked.images} x 49 vectors; ours over {peer}, "
            "which chose the same codes"
        )
        words = f"codebook of {asked.codes} codes, {learnt}: time over that of vector-quantize-pytorch"
        found.append(timing(words, ratios, how))
    if asked.record and not bad:
        record(__file__, found)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
