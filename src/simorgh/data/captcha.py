"""Captchas of our own: five signs, drawn with Pillow from the outlines of the DejaVu fonts that matplotlib ships.

They are made to look like the public set of Wilhelmy and Rosas (2013, "Captcha dataset"; about 1,070 images of 50 x 200
pixels, five of 19 signs, dark on a light gradient, bent, with a thick wavy line through them), enlarged to 64 x 256.
None of its images is used.

A captcha is drawn from its signs and a generator of random numbers, in this order: a typeface and a size for all signs;
for each sign a size, a slant, a turn and a height; a wave that bends all outlines; one thick line across the text and
two thin ones; ink, ground and grain. Outlines are bent as curves and filled once at four times the size, so that no
pixel is ever resampled.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from simorgh.contracts import UserError

SIGNS = "2345678bcdefgmnpwxy"  # those of the public set: none that is taken for another, such as 0 and o
LENGTH = 5
HEIGHT, WIDTH = 64, 256  # pixels
MARGIN = 5  # pixels above and below that signs leave free before they are bent
FACES = ("DejaVuSans-Bold", "DejaVuSans", "DejaVuSerif-Bold", "DejaVuSansMono-Bold")

_FINE = 4  # times the size at which outlines are filled
_STEP = 0.08  # longest straight piece of an outline in em, so that straight strokes bend too
_GREY = np.array([299, 587, 114])  # thousandths of red, green and blue that make the luma of ITU-R BT.601


def draw(signs: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """(3, 64, 256) uint8 picture of the five `signs`, positions in SIGNS: a pure function of them and `rng`."""
    if len(signs) != LENGTH or not all(0 <= sign < len(SIGNS) for sign in signs):
        raise ValueError(f"a captcha shows {LENGTH} signs, each from 0 to {len(SIGNS) - 1}, not {signs}")
    bend = _wave(rng)
    canvas = Image.new("L", (WIDTH * _FINE, HEIGHT * _FINE))
    pen = ImageDraw.Draw(canvas)
    for outline, ink in _text(signs, rng):
        pen.polygon((bend(outline) * _FINE).ravel().tolist(), fill=255 * ink)
    for line, shade in _lines(rng):
        pen.polygon((line * _FINE).ravel().tolist(), fill=shade)
    soft = canvas.reduce(_FINE).filter(ImageFilter.BoxBlur(rng.uniform(0.2, 0.6)))
    return _coloured(np.asarray(soft), rng)


def small(image: np.ndarray) -> np.ndarray:
    """(..., 1, H / 2, W / 2) uint8: the luma of pictures (..., 3, H, W), averaged over squares of two by two pixels."""
    *batch, channels, height, width = image.shape
    squares = image.reshape(*batch, channels, height // 2, 2, width // 2, 2).astype(np.int64)
    luma = np.tensordot(_GREY, squares.sum((-3, -1)), (0, len(batch)))
    return ((luma + 2000) // 4000).astype(np.uint8)[..., None, :, :]


def spell(signs: Sequence[int], alphabet: Sequence[str] = SIGNS) -> str:
    """The text of positions in `alphabet`."""
    return "".join(alphabet[sign] for sign in signs)


def signs_of(text: str, alphabet: Sequence[str] = SIGNS, length: int = LENGTH) -> list[int]:
    """The position in `alphabet` of each sign of `text`. UserError where it is not `length` signs of it."""
    if len(text) != length or any(sign not in alphabet for sign in text):
        raise UserError(f"{text!r} is not a text of {length} signs out of {''.join(alphabet)}.")
    return [alphabet.index(sign) for sign in text]


def _wave(rng: np.random.Generator):
    """Bends points (n, 2): up and down along the text, left and right along its height."""
    height, shear = rng.uniform(0.5, 3.5), rng.uniform(0.5, 2.5)
    turns, phase = 2 * np.pi / rng.uniform((90, 50), (220, 110)), rng.uniform(0, 2 * np.pi, 2)

    def bend(points: np.ndarray) -> np.ndarray:
        x, y = points.T
        return np.column_stack([
            x + shear * np.sin(turns[1] * y + phase[1]), y + height * np.sin(turns[0] * x + phase[0])
        ])  # fmt: skip

    return bend


def _text(signs: Sequence[int], rng: np.random.Generator) -> Iterator[tuple[np.ndarray, bool]]:
    """Outlines (n, 2) in pixels from the upper left corner, each with whether it is filled or cut out."""
    face = _face(FACES[rng.integers(len(FACES))])
    size = rng.uniform(43, 51) * rng.uniform(0.92, 1.08, LENGTH)
    slant, turn = rng.uniform(-0.25, 0.25, LENGTH), rng.uniform(-0.2, 0.2, LENGTH)
    gaps, heights = rng.uniform(1, 7, LENGTH - 1), rng.uniform(-4, 4, LENGTH)
    widths = np.array([face[sign][1] for sign in signs]) * size
    squeeze = min(1.0, (WIDTH - 28) / (widths.sum() + gaps.sum()))
    widths, gaps = widths * squeeze, gaps * squeeze
    free = WIDTH - widths.sum() - gaps.sum()
    x = free * rng.uniform(0.3, 0.7) + widths / 2 + np.concatenate([[0], (widths[:-1] + gaps).cumsum()])
    for i, sign in enumerate(signs):
        cos, sin = np.cos(turn[i]), np.sin(turn[i])
        shape = np.array([[1, 0], [slant[i], 1]]) @ np.array([[cos, sin], [-sin, cos]]) * size[i]
        shape[:, 0] *= squeeze
        outlines = [(points @ shape, ink) for points, ink in face[sign][0]]
        top, bottom = (f(f(points[:, 1]) for points, _ in outlines) for f in (min, max))
        y = np.clip(HEIGHT / 2 + heights[i], MARGIN - top, HEIGHT - MARGIN - bottom)
        place = np.array([x[i], y])
        yield from ((points + place, ink) for points, ink in outlines)


def _lines(rng: np.random.Generator) -> Iterator[tuple[np.ndarray, int]]:
    """Outlines of waving lines with their darkness, 0 to 255: a thick one through the text, two thin ones anywhere."""
    thick = (rng.uniform(1.6, 2.8), rng.uniform(20, 44), 255)
    thin = ((rng.uniform(0.7, 1.2), rng.uniform(6, 58), 150) for _ in range(2))
    for width, middle, shade in (thick, *thin):
        start, end = rng.uniform(4, 60), rng.uniform(WIDTH - 60, WIDTH - 4)
        x = np.linspace(start, end, 40)
        y = middle + rng.uniform(-12, 12) * (x - WIDTH / 2) / WIDTH
        y = y + rng.uniform(2, 7) * np.sin(2 * np.pi * x / rng.uniform(70, 200) + rng.uniform(0, 2 * np.pi))
        half = width / 2
        yield np.concatenate([np.column_stack([x, y - half]), np.column_stack([x, y + half])[::-1]]), shade


def _coloured(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(3, H, W) uint8 of the darkness (H, W) uint8: tinted ink on a light ground that changes from corner to corner."""
    corners = (rng.uniform(200, 250, (2, 2)) + rng.uniform(-8, 8, (3, 1, 1))).astype(np.float32)
    pigment = (rng.uniform(15, 70) + rng.uniform(-15, 30, (3, 1, 1))).astype(np.float32)
    down, along = (np.stack([1 - t, t]) for t in (np.linspace(0, 1, n, dtype=np.float32) for n in ink.shape))
    picture = down.T @ corners @ along
    picture += (pigment - picture) * (ink * np.float32(1 / 255))
    picture += rng.integers(-5, 6, ink.shape, dtype=np.int8)
    return np.rint(np.clip(picture, 0, 255, out=picture), out=picture).astype(np.uint8)


@lru_cache(maxsize=len(FACES))
def _face(name: str) -> list[tuple[list[tuple[np.ndarray, bool]], float]]:
    """For each of SIGNS its outlines in em, y downwards, about the middle of its box, and the width of that box."""
    import matplotlib
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    font = FontProperties(fname=Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf")
    # Signs share a line to stand on: all are centred on the middle of the height of an x.
    middle = TextPath((0, 0), "x", 100, prop=font).get_extents().y1 / 2
    found = []
    for sign in SIGNS:
        loops = [loop / 100 for loop in TextPath((0, 0), sign, 100, prop=font).to_polygons()]
        every = np.concatenate(loops)
        left, right = every[:, 0].min(), every[:, 0].max()
        centre = np.array([(left + right) / 2, (middle / 100 + every[:, 1].mean()) / 2])
        outlines = [(_finer(loop - centre) * (1, -1), _area(loop)) for loop in loops]
        outer = max((area for _, area in outlines), key=abs)
        outlines.sort(key=lambda pair: -pair[1] * outer)  # what is cut out comes after what it is cut from
        found.append(([(points, bool(area * outer > 0)) for points, area in outlines], float(right - left)))
    return found


def _area(loop: np.ndarray) -> float:
    """Of a closed polygon (n, 2), its sign telling which way round it runs."""
    x, y = loop.T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def _finer(loop: np.ndarray) -> np.ndarray:
    """The same closed polygon with points at most _STEP apart."""
    pieces = []
    for a, b in zip(loop, np.roll(loop, -1, 0)):
        n = max(1, int(np.ceil(np.hypot(*(b - a)) / _STEP)))
        pieces.append(a + (b - a) * np.arange(n)[:, None] / n)
    return np.concatenate(pieces)
