"""The factor grid of dSprites (Matthey et al. 2017, github.com/deepmind/dsprites-dataset), drawn from its law.

An image is 64 x 64 and binary, and five factors say all about it: the shape (square, ellipse, heart), 6 scales from
0.5 to 1, 40 orientations from 0 to 2 pi, the first and the last alike, and 32 positions from 0 to 1 in x and in y.

The authors publish the images, not the program. What stands here was fitted to 160 of their frames:

- The centre lies at (16 + 32 x, 16 + 32 y) in pixels from the upper left corner, so steps are 32 / 31 pixels: every
  image is drawn afresh at its own fraction of a pixel, none is another one shifted by whole pixels.
- A pixel is lit where its centre lies inside the outline; there is no smoothing.
- Orientation turns the shape counter-clockwise as seen on the screen, about that centre; scale multiplies its size.
- At scale 1 the square has the half-side 9.598 and the ellipse the half-axes 12.766 and 7.214. The heart is the curve
  x = 9.598 sin^3 t, y = -1.438 - 0.662 (13 cos t - 5 cos 2t - 2 cos 3t - cos 4t), y downwards. (Very likely they were
  meant to be 9.6, or 0.15 of the image, 12.8, 7.2, and 19.2 / 29; the fitted numbers also hold what the authors'
  renderer did to the outlines.)

`agreement` measures how close this comes to any given images.
"""

from dataclasses import dataclass

import numpy as np

FACTORS = ("shape", "scale", "orientation", "x", "y")
SIZES = (3, 6, 40, 32, 32)  # values of each factor, in the order of FACTORS
SHAPES = ("square", "ellipse", "heart")
SIDE = 64  # pixels

HALF_SIDE = 9.598
ELLIPSE = (12.766, 7.214)
HEART_WIDTH, HEART_HEIGHT, HEART_TOP = 9.598, 0.662, -1.438

_REACH = 13.6  # pixels from the centre to the farthest point of any outline, a corner of the square
_CHUNK = 1024


def grid(sizes: tuple[int, ...] = SIZES) -> np.ndarray:
    """(N, 5) int64 factors of all images in the published order, the last factor (y) fastest.

    `sizes` says how many of the first values of each factor are wanted: orientation 1 gives the upright images.
    """
    return np.indices(sizes).reshape(len(sizes), -1).T.copy()


def draw(factors: np.ndarray) -> np.ndarray:
    """(N, 64, 64) uint8 images of 0 and 1, rows downwards, of the integer factors (N, 5) in the order of FACTORS."""
    factors = np.asarray(factors)
    sizes = np.array(SIZES)
    if factors.ndim != 2 or factors.shape[1] != len(sizes) or ((factors < 0) | (factors >= sizes)).any():
        raise ValueError(f"factors should be (N, 5) whole numbers below {SIZES}")
    images = np.zeros((len(factors), SIDE, SIDE), np.uint8)
    for start in range(0, len(factors), _CHUNK):
        _draw(factors[start : start + _CHUNK], images[start : start + _CHUNK])
    return images


def _draw(factors: np.ndarray, images: np.ndarray) -> None:
    """Light pixels of the black `images`, looking only at a window round each centre."""
    centre = 16 + 32 * factors[:, 3:] / 31
    scale, angle = (5 + factors[:, 1]) / 10, 2 * np.pi * factors[:, 2] / 39
    reach = int(_REACH * scale.max() + 0.5)
    window = np.floor(centre).astype(np.int64)[:, :, None] + np.arange(-reach, reach + 1)
    x, y = (window + 0.5 - centre[:, :, None]).transpose(1, 0, 2)
    cos, sin = ((f(angle) / scale)[:, None, None] for f in (np.cos, np.sin))
    across, down = x[:, None, :], y[:, :, None]
    u, v = cos * across - sin * down, sin * across + cos * down
    lit = np.empty(u.shape, bool)
    for shape, inside in enumerate((_in_square, _in_ellipse, _in_heart)):
        rows = factors[:, 0] == shape
        if rows.any():
            lit[rows] = inside(u[rows], v[rows])
    images[np.arange(len(images))[:, None, None], window[:, 1, :, None], window[:, 0, None, :]] = lit


def _in_square(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(u), np.abs(v)) <= HALF_SIDE


def _in_ellipse(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return (u / ELLIPSE[0]) ** 2 + (v / ELLIPSE[1]) ** 2 <= 1


def _in_heart(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Each |u| below the width belongs to two points of the right half of the curve: those with cos t = c and -c."""
    sine = np.cbrt(np.minimum(np.abs(u) / HEART_WIDTH, 1))
    c2 = 1 - sine * sine
    c = np.sqrt(c2)
    # By the double angles, 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t = odd + even in powers of cos t.
    odd, even = c * (19 - 8 * c2), 4 - 2 * c2 - 8 * c2 * c2
    height = (HEART_TOP - v) / HEART_HEIGHT - even
    return (np.abs(u) <= HEART_WIDTH) & (np.abs(height) <= odd)


@dataclass(frozen=True)
class Agreement:
    """How given images and drawn ones differ: `factors` (N, 5) drawn, pixels `differing` (N,) and `lit` (N,) given."""

    factors: np.ndarray
    differing: np.ndarray
    lit: np.ndarray

    def share(self, tolerance: float = 0.02) -> float:
        """The share in [0, 1] of images whose differing pixels are at most `tolerance` of their lit ones."""
        return float(np.mean(self.differing <= tolerance * self.lit))


def agreement(frames: np.ndarray, factors: np.ndarray | None = None) -> Agreement:
    """Compare `frames` (N, 64, 64), lit where not 0, with what `draw` gives for `factors` (N, 5).

    Without `factors`, each frame is compared with the grid's best match. It is searched among the images whose shape
    and scale give an area within a fifth of the frame's lit pixels, and whose centre of gravity lies within one step
    of the frame's in x and y; so what is found may be worse than the best of the whole grid, and never better.
    """
    frames = np.asarray(frames) != 0
    if frames.ndim != 3 or frames.shape[1:] != (SIDE, SIDE):
        raise ValueError(f"frames should be (N, {SIDE}, {SIDE}), not {frames.shape}")
    if factors is None:
        factors = _best(frames)
    pairs = ((frames[i : i + _CHUNK], factors[i : i + _CHUNK]) for i in range(0, len(frames), _CHUNK))
    differing = [np.count_nonzero(some != draw(of), axis=(1, 2)) for some, of in pairs]
    lit = np.count_nonzero(frames, axis=(1, 2))
    return Agreement(np.asarray(factors), np.concatenate(differing or [np.zeros(0, int)]), lit)


def _best(frames: np.ndarray) -> np.ndarray:
    """(N, 5) factors of the best match of each frame; of equal ones the first in the order of the grid."""
    patterns = grid((*SIZES[:3], 1, 1))
    lit, middle = _moments(draw(patterns))
    area = lit.reshape(-1, SIZES[2]).mean(1).repeat(SIZES[2])  # at one position, pixels may be a fifth off it
    offset = middle - 16
    nearby = grid((2, 2))
    found = []
    for frame, count, gravity in zip(frames, *_moments(frames)):
        gap = np.abs(area - count)
        like = gap <= max(0.2 * count, gap.min())
        position = np.floor((gravity - offset[like] - 16) * 31 / 32).astype(np.int64)
        position = np.clip(position[:, None] + nearby, 0, 31).reshape(-1, 2)
        tried = np.column_stack([patterns[like, :3].repeat(len(nearby), 0), position])
        found.append(tried[np.count_nonzero(draw(tried) != frame, axis=(1, 2)).argmin()])
    return np.array(found).reshape(-1, len(FACTORS))


def _moments(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lit pixels (N,) and centre of gravity (N, 2) as x and y in pixels from the upper left corner."""
    columns, rows = (np.count_nonzero(images, axis=axis) for axis in (1, 2))
    lit = rows.sum(1)
    at = np.arange(SIDE) + 0.5
    return lit, np.column_stack([columns @ at, rows @ at]) / np.maximum(lit, 1)[:, None]
