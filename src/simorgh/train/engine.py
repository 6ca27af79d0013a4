"""Processes and devices. One process needs nothing; several are started by torchrun (gloo or NCCL).

No wrapper stands around the model: the loop hands over gradients, and they are averaged here in one flat
reduction, weighted by the number of units each process saw.
"""

import ctypes
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from functools import cache
from hashlib import sha256

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from simorgh.contracts import Terms, UserError


def multiplies_bf16(device: torch.device) -> bool:
    """Whether the hardware itself multiplies bfloat16: a recent GPU, or a CPU with AMX or AVX512-BF16."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and (torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


@cache
def use_fast_matmul() -> None:
    """Let oneDNN multiply float32 matrices on the CPU where that costs no precision.

    torch gives float32 products to MKL unless told that "medium" precision will do; then oneDNN takes them. On a
    CPU with bfloat16 matrix units (AMX) that means rounding to bfloat16. On any other it computes in full float32,
    and on AMD processors about twice as fast as MKL. So it is asked for, checked against float64, and taken back
    where it rounds.
    """
    if torch.get_float32_matmul_precision() != "highest":
        return  # somebody has already chosen
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(256, 256, generator=generator) for _ in range(2))
    torch.set_float32_matmul_precision("medium")
    exact = a.double() @ b.double()
    if float(((a @ b).double() - exact).abs().max() / exact.abs().max()) > 1e-5:
        torch.set_float32_matmul_precision("highest")


@cache
def keep_freed_memory() -> None:
    """Let the C library keep what tensors free, for the next ones.

    glibc hands large blocks back to the system at once and asks for them again a moment later, page by page; on some
    virtual machines that takes longer than the arithmetic. Other C libraries have no such setting and go on as ever.
    """
    trim_threshold, mmap_max = -1, -4  # malloc.h
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(mmap_max, 0)
        libc.mallopt(trim_threshold, -1)


def flush_subnormals() -> None:
    """Let the CPU take float32 numbers below 1.2e-38 for 0, where it can.

    Adam's mean gradient of a weight that gets none any more (behind a dead ReLU, of a pixel or a symbol that hardly
    ever occurs) shrinks by a tenth a step; some 700 steps later it is such a number, and rounding keeps it there for
    ever. Arithmetic with them takes many times as long: dense networks with ReLU lose a fifth of their speed.
    A thread inherits this from the thread that starts it, so the workers that torch has already started, in a notebook
    say, are ended here; it starts others when it needs them.
    """
    for kind in (np.float32, np.float64):
        np.finfo(kind)  # NumPy before 2.3 looks at subnormals the first time, and warns where it finds none
    if torch.set_flush_denormal(True) and _a_worker_keeps_subnormals():
        hard = 2  # omp_pause_hard of OpenMP 5.0
        with suppress(OSError, AttributeError):  # workers of another kind stay as they are, at the price of speed
            ctypes.CDLL(torch._C.__file__).omp_pause_resource_all(hard)


def _a_worker_keeps_subnormals() -> bool:
    grain = 2**15  # torch gives a thread no fewer numbers than that
    smallest = torch.ones(grain * torch.get_num_threads(), dtype=torch.int32).view(torch.float32)
    return bool((smallest * 1.0).view(torch.int32).any())


def settle_cpu() -> None:
    """The settings of a process that computes on the CPU."""
    flush_subnormals()
    use_fast_matmul()
    keep_freed_memory()


class Engine:
    """Where this process computes and how it agrees with the others."""

    def __init__(self, precision: str = "fp32"):
        self.size = int(os.environ.get("WORLD_SIZE", 1))
        self.rank = int(os.environ.get("RANK", 0))
        local = int(os.environ.get("LOCAL_RANK", 0))
        if torch.cuda.is_available() and local >= torch.cuda.device_count():
            raise UserError(f"process {local} has no GPU of its own: start at most {torch.cuda.device_count()} here.")
        self.device = torch.device("cuda", local) if torch.cuda.is_available() else torch.device("cpu")
        if self.device.type == "cuda":
            torch.cuda.set_device(self.device)
        if self.size > 1 and not dist.is_initialized():
            try:
                dist.init_process_group("nccl" if self.device.type == "cuda" else "gloo")
            except ValueError as error:  # a variable that torchrun sets is missing
                raise UserError(
                    f"WORLD_SIZE is {self.size}, but torchrun did not start this process: use it, or unset WORLD_SIZE."
                ) from error
        if precision == "bf16" and not multiplies_bf16(self.device):
            raise UserError("precision bf16 needs a GPU, or a CPU with AMX or AVX512-BF16; use fp32 or auto here.")
        if precision == "auto":
            precision = "bf16" if multiplies_bf16(self.device) else "fp32"
        self._precision = precision
        if self.device.type == "cpu":
            settle_cpu()

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def place(self, model: nn.Module) -> nn.Module:
        return model.to(self.device)

    def autocast(self) -> AbstractContextManager:
        if self._precision == "fp32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def seed(self, seed: int) -> None:
        """Fix the global generators, for layers that cannot take a generator (dropout)."""
        seed %= 2**63  # what generators take; a large seed of an experiment goes beyond
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def average(self, grads: Sequence[Tensor], terms: Terms) -> tuple[Sequence[Tensor], Terms]:
        """Means over all processes, weighted by `terms.weight`; the identity on one process."""
        if self.size == 1:
            return grads, terms
        values = [*grads, terms.loss.detach(), *terms.logs.values(), *terms.stats.values()]
        flat = torch.cat([v.detach().flatten().float() * terms.weight for v in values])
        flat = torch.cat([flat, flat.new_tensor([terms.weight])])
        dist.all_reduce(flat)
        total = flat[-1]
        parts = (flat[:-1] / total).split([v.numel() for v in values])
        means = [part.view_as(v).to(v.dtype) for part, v in zip(parts, values)]
        grads, (loss, *rest) = means[: len(grads)], means[len(grads) :]
        logs = dict(zip(terms.logs, rest))
        stats = dict(zip(terms.stats, rest[len(logs) :]))
        return grads, replace(terms, loss=loss, weight=float(total), logs=logs, stats=stats)

    def agree(self, flag: bool) -> bool:
        """What the main process thinks of `flag`, on every process."""
        if self.size == 1:
            return flag
        shared = torch.tensor([int(flag)], device=self.device)
        dist.broadcast(shared, 0)
        return bool(shared.item())

    def barrier(self) -> None:
        if self.size > 1:
            dist.barrier()

    def check_equal(self, model: nn.Module) -> None:
        """Raise when the processes hold different weights, to the bit: something was not averaged."""
        if not self.same(b"".join(p.detach().cpu().numpy().tobytes() for p in model.parameters())):
            raise RuntimeError(f"process {self.rank} holds other weights than process 0")

    def same(self, content: bytes) -> bool:
        """Whether this process holds the same as process 0."""
        if self.size == 1:
            return True
        mine = torch.frombuffer(bytearray(sha256(content).digest()), dtype=torch.uint8).to(self.device)
        main = mine.clone()
        dist.broadcast(main, 0)
        return torch.equal(mine, main)

    def close(self) -> None:
        if self.size > 1 and dist.is_initialized():
            dist.destroy_process_group()
