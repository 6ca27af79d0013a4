"""Where half precision ends."""

import torch
from torch import Tensor


def full(x: Tensor) -> Tensor:
    """What a network says under autocast, in float32: sums over pixels, divergences and running means need the digits
    that bfloat16 has not. Other precisions stay as they are."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
