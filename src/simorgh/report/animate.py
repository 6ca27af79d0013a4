"""Moving pictures: a list of arrays or figures becomes one looping GIF."""

import io
from collections.abc import Iterable

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from PIL import Image

from simorgh.errors import UserError
from simorgh.report.figures import array


def _frame(picture: ArrayLike | Figure, scale: int) -> Image.Image:
    if isinstance(picture, Figure):
        buffer = io.BytesIO()
        # A tight box would give every frame another size, and the picture would jump.
        picture.savefig(buffer, format="png", dpi=100, bbox_inches=None)
        return Image.open(buffer).convert("RGB")
    x = array(picture)
    if x.ndim == 3 and x.shape[0] in (1, 3) and x.shape[-1] not in (1, 3):
        x = x.transpose(1, 2, 0)
    if x.ndim not in (2, 3) or (x.ndim == 3 and x.shape[-1] not in (1, 3)):
        raise UserError(f"a frame of shape {x.shape} cannot be shown; give (H, W), (H, W, 3) or (1 or 3, H, W).")
    x = x if x.dtype == np.uint8 else np.round(np.clip(x, 0, 1) * 255).astype(np.uint8)
    x = x.repeat(scale, 0).repeat(scale, 1)
    return Image.fromarray(x[..., 0] if x.ndim == 3 and x.shape[-1] == 1 else x).convert("RGB")


def gif(frames: Iterable[ArrayLike | Figure], seconds: float = 0.1, scale: int = 1) -> bytes:
    """The content of a GIF file that loops for ever. UserError for no frames, or frames of different sizes.

    Args:
        frames: arrays (H, W), (H, W, 3) or (1 or 3, H, W), uint8 or floats in [0, 1], or figures; all of one size.
        seconds: how long a frame stays (GIF counts in hundredths; equal neighbours are merged, times added).
        scale: every pixel of an array becomes scale x scale pixels.
    """
    pictures = [_frame(frame, scale) for frame in frames]
    if not pictures:
        raise UserError("a GIF needs at least one frame.")
    if len({p.size for p in pictures}) > 1:
        raise UserError("the frames of a GIF have different sizes; all must be equal.")
    how = {"save_all": True, "append_images": pictures[1:], "duration": max(20, round(seconds * 1000)), "loop": 0}
    buffer = io.BytesIO()
    pictures[0].save(buffer, "GIF", **how)
    return buffer.getvalue()
