"""Moving pictures: a list of arrays or figures becomes one looping GIF."""

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from PIL import Image

from simorgh.errors import UserError
from simorgh.files import replaced
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


def write_gif(path: Path | str, frames: Iterable[ArrayLike | Figure], seconds: float = 0.1, scale: int = 1) -> Path:
    """Write a GIF that loops for ever.

    Args:
        frames: arrays (H, W), (H, W, 3) or (1 or 3, H, W), uint8 or floats in [0, 1], or figures; all of one size.
        seconds: how long a frame stays (GIF counts in hundredths; equal neighbours are merged, times added).
        scale: every pixel of an array becomes scale x scale pixels.
    """
    path, pictures = Path(path), [_frame(frame, scale) for frame in frames]
    if not pictures:
        raise UserError(f"{path.name} has no frames.")
    if len({p.size for p in pictures}) > 1:
        raise UserError(f"the frames of {path.name} have different sizes; all must be equal.")
    how = {"save_all": True, "append_images": pictures[1:], "duration": max(20, round(seconds * 1000)), "loop": 0}
    with replaced(path) as temporary:
        pictures[0].save(temporary, "GIF", **how)
    return path
