"""What the studies of codebooks share: layers, who is moved by which term, k-means in the plane, stages of a sweep, and
what a code stands for."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, one_hot, pad

from simorgh.contracts import Measurement
from simorgh.metrics.intervals import Interval, jackknife
from simorgh.models.vq_vae import VQVAE
from simorgh.nn.codebook import Codebook, Rows, VectorCodebook
from simorgh.nn.grids import GridNetwork, Mixing, ResidualBlock
from simorgh.nn.quantise import nearest_codes, sums
from simorgh.report.style import CLASSES, LINES
from simorgh.studies._codes import Nearest
from simorgh.studies._layers import shapes

PARTS = ("encoder", "codebook", "decoder")


@torch.no_grad()
def layers(model: VQVAE, x: Tensor) -> list[tuple[str, str, str, int]]:
    """Part, layer, shape behind it (channels first) and parameters of all that has weights, in the order in which
    images x (1, C, H, W) pass."""
    parts = {m: part for part in ("encoder", "decoder") for m in getattr(model, part).layers}
    given = shapes((m for m in parts if not isinstance(m, nn.ReLU)), lambda: model.reconstruct(x))
    rows = [(parts[m], _name(m), shape, sum(p.numel() for p in m.parameters())) for m, shape in given.items()]
    book = model.codebook
    first = next(i for i, row in enumerate(rows) if row[0] == "decoder")
    rows.insert(
        first,
        ("codebook", f"nearest of {book.codes}", " x ".join(map(str, (book.dim, *model.grid))), book.codes * book.dim),
    )
    return rows


def _name(layer: nn.Module) -> str:
    if isinstance(layer, ResidualBlock):
        return f"residual: conv 3x3 to {layer.layers[1].out_channels}, conv 1x1"
    if isinstance(layer, Mixing):
        return (
            f"mixing: {layer.layers[0].in_features} → {layer.layers[0].out_features} → {layer.layers[2].out_features}"
        )
    kind = "transposed" if isinstance(layer, nn.ConvTranspose2d) else "conv"
    side, stride = layer.kernel_size[0], layer.stride[0]
    return f"{kind} {side}x{side}" + (f" / {stride}" if stride > 1 else "")


def ties(found: Sequence[Measurement]) -> list[int]:
    """The stages of a falling sweep that do not lie below the one before them, ends of intervals included."""
    return [i for i, (a, b) in enumerate(zip(found, found[1:]), 1) if b.high >= a.low]


def travelled(places: Sequence[np.ndarray], share: float = 0.9) -> int:
    """Which of `places` (each (K, D)) is the first with at least `share` of the way of all codes behind it."""
    steps = np.array([np.linalg.norm(b - a, axis=1).sum() for a, b in zip(places, places[1:])])
    return int(np.argmax(steps.cumsum() >= share * steps.sum())) + 1


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


def beside(difference: float, seeds: Sequence[float]) -> tuple[str, str]:
    """What the errors of several `seeds` of one run say of a relative difference between single seeds, in both
    languages."""
    if len(seeds) < 2:
        return " One seed each.", " از هرکدام یک بذر."
    apart = (max(seeds) - min(seeds)) / float(np.mean(seeds))
    chance = difference < apart
    return (
        f" One seed each: the {len(seeds)} seeds of the first run above, trained longer, lie {apart:.1%} apart, the smallest difference named here is {difference:.1%}"
        + (" and may be chance." if chance else "."),
        f" از هرکدام یک بذر: {len(seeds)} بذرِ نخستین اجرا که بلندتر آموزش دیده {apart:.1%} از هم فاصله دارند و کوچک‌ترین اختلافِ نام‌برده {difference:.1%} است"
        + ("، پس شاید اتفاقی باشد." if chance else "."),
    )


def more(found: Sequence[Measurement], labels: Sequence[str], seeds: Sequence[float]) -> tuple[str, str]:
    """What growing codebooks do to the error, in both languages; `labels` begin with that of the inputs."""
    tied, steps = [labels[i + 1] for i in ties(found)], [abs(b.value / a.value - 1) for a, b in zip(found, found[1:])]
    ratio, seed = found[0].value / found[-1].value, beside(min(steps), seeds)
    return (
        f"From {labels[1]} to {labels[-1]} the error goes from {found[0].value:.3f} to {found[-1].value:.3f}, a factor of {ratio:.1f}. "
        + (
            "Each stage lies below the one before it, beyond both intervals over test images."
            if not tied
            else f"Not below the stage before it, beyond both intervals: {', '.join(tied)}."
        )
        + seed[0],
        f'از <bdi dir="ltr">{labels[1]}</bdi> تا <bdi dir="ltr">{labels[-1]}</bdi> خطا از {found[0].value:.3f} به {found[-1].value:.3f} می‌رسد، با ضریب {ratio:.1f}. '
        + (
            "هر مرحله، فراتر از هر دو بازه روی تصویرهای آزمون، زیر مرحلهٔ پیش است."
            if not tied
            else f'این‌ها فراتر از هر دو بازه زیر مرحلهٔ پیش نیستند: <bdi dir="ltr">{", ".join(tied)}</bdi>.'
        )
        + seed[1],
    )


def longer(found: Sequence[Measurement], labels: Sequence[str], seeds: Sequence[float]) -> tuple[str, str]:
    """What longer codes do to the error, against two dimensions; as `more`."""
    better, worse = [
        [label for label, m in zip(labels[2:], found[1:]) if (m.high < found[0].low if up else m.low > found[0].high)]
        for up in (True, False)
    ]
    named = [abs(m.value / found[0].value - 1) for label, m in zip(labels[2:], found[1:]) if label in better + worse]
    seed, values = beside(min(named), seeds) if named else beside(0.0, ()), ", ".join(f"{m.value:.3f}" for m in found)
    texts = (
        [
            (
                f"smaller than with two dimensions, beyond both intervals: {', '.join(better)}",
                f'کوچک‌تر از خطای دو بُعد، فراتر از هر دو بازه: <bdi dir="ltr">{", ".join(better)}</bdi>',
            )
        ]
        if better
        else [
            (
                "length did not help, for no longer code has an error that lies below that of two dimensions, beyond both intervals",
                "طول کمکی نکرد، زیرا خطای هیچ کد بلندتری فراتر از هر دو بازه زیر خطای دو بُعد نیست",
            )
        ]
    )
    texts += [(f"larger: {', '.join(worse)}", f'بزرگ‌تر: <bdi dir="ltr">{", ".join(worse)}</bdi>')] if worse else []
    return (
        f"With {', '.join(labels[1:])} the error is {values}: " + "; ".join(en for en, _ in texts) + "." + seed[0],
        f'با <bdi dir="ltr">{", ".join(labels[1:])}</bdi> خطا <bdi dir="ltr">{values}</bdi> است: '
        + "؛ ".join(fa for _, fa in texts)
        + "."
        + seed[1],
    )


def plane(points: np.ndarray, vectors: np.ndarray, step: int, limit: float) -> Figure:
    """The codes (K, 2) among the vectors (N, 2) that they stand for, on axes from -limit to limit."""
    figure = Figure(figsize=(3.6, 3.6), dpi=80)
    axes = figure.subplots()
    axes.scatter(*vectors.T, s=3, color="#9A9AA2", alpha=0.5, linewidths=0)
    for i, point in enumerate(points):
        axes.scatter(*point, s=90, color=LINES[i % len(LINES)], edgecolor="black", zorder=3)
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit), title=f"step {step:,}")
    return figure


@torch.no_grad()
def walked(model: VQVAE, ends: Tensor, part: Tensor, nearest: Nearest) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The segments between the maps of vectors of pairs of images `ends` (N, 2, C, H, W), at the shares `part` (T,) of the
    way: codes (N, T, h, w), images (N T, C, H, W), and of each the distance to the nearest training image and the judge's
    confidence, both (N, T)."""
    a, b = (model.encoder(ends[:, i])[:, None] for i in (0, 1))
    codes = model.codebook(a + part.view(1, -1, 1, 1, 1) * (b - a)).indices
    images = model.decode_codes(codes.flatten(0, 1))
    return codes, images, *(values.unflatten(0, codes.shape[:2]) for values in nearest(images))


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


@torch.no_grad()
def prototypes(
    model: VQVAE, x: Tensor, dark: float = 0.1
) -> tuple[dict[str, Interval], dict[str, tuple[float, float]]]:
    """What the code of a place tells of the pixels there.

    First, of the variance of the 4 x 4 pixels of a place ("piece") and of the ring of two pixels around them ("ring"),
    the share that the code alone explains: each code answers with its mean over the first half of x, and is judged on
    the second, whose images give the interval. Then, by kind of a code's mean piece over all of x, its share of the codes in use and of the places:
    "ground" where the brightest channel is below `dark` on average, "edge" where the 16 pixels differ by more than half
    of their maximum, "stroke" for the rest.
    """
    chosen = model.codes(x).flatten()
    around = pad(x, (2, 2, 2, 2)).unfold(2, 8, 4).unfold(3, 8, 4).permute(0, 2, 3, 1, 4, 5).flatten(0, 2)
    inside = torch.zeros(8, 8, dtype=torch.bool)
    inside[2:6, 2:6] = True
    half, explained = len(chosen) // 2, {}
    for name, where in (("piece", inside), ("ring", ~inside)):
        pixels = around[..., where].flatten(1)
        means, seen = _means(pixels[:half], chosen[:half], model.code_count)
        means[seen == 0] = pixels[:half].mean(0)
        rest, places = pixels[half:], model.grid[0] * model.grid[1]
        errors = [
            (rest - told).square().sum(1).unflatten(0, (-1, places)).sum(1)
            for told in (means[chosen[half:]], rest.mean(0))
        ]
        explained[name] = jackknife(lambda left, whole: 1 - float(left.sum() / whole.sum()), *errors)
    pieces, use = _means(around[..., inside].flatten(1), chosen, model.code_count)
    bright = pieces[use > 0].unflatten(1, (x.shape[1], 16)).amax(1)
    low, high = bright.min(1).values, bright.max(1).values
    kind = torch.where(bright.mean(1) < dark, 0, torch.where(high - low > high / 2, 1, 2))
    weight = use[use > 0] / use.sum()
    hot = one_hot(kind, 3).double()
    names = ("ground", "edge", "stroke")
    return explained, {n: (float(hot[:, i].mean()), float((hot[:, i] * weight).sum())) for i, n in enumerate(names)}


def _means(values: Tensor, chosen: Tensor, codes: int) -> tuple[Tensor, Tensor]:
    """(codes, M) mean of the values (N, M) of each code, and how often each was chosen."""
    use = chosen.bincount(minlength=codes)
    return sums(values, chosen, codes) / use.clamp(min=1)[:, None], use
