"""Encoders and decoders: plain networks between an example and a vector, without losses.

Encoder: x (B, *shape), optional side information (B, e) -> (B, outputs).
Decoder: vectors (..., features) -> (..., *shape), unbounded values that a likelihood reads.

Under autocast both answer in float32.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Literal

import torch
from torch import Tensor, nn

from simorgh.contracts import DataSpec, UserError, check_least
from simorgh.nn.precision import full
from simorgh.noise import Noise

ACTIVATIONS = {"relu": nn.ReLU, "silu": nn.SiLU, "gelu": nn.GELU, "tanh": nn.Tanh, "leaky-relu": nn.LeakyReLU}


def mlp(sizes: Sequence[int], activation: str) -> nn.Sequential:
    """Linear layers sizes[0] -> sizes[1] -> ..., the activation between them (not after the last)."""
    layers: list[nn.Module] = []
    for wide, narrow in pairwise(sizes):
        layers += [nn.Linear(wide, narrow), ACTIVATIONS[activation]()]
    return nn.Sequential(*layers[:-1])


def named_dropout(h: Tensor, share: float, noise: Noise, name: str = "dropout") -> Tensor:
    """h (...) with a `share` in [0, 1) of its values zeroed by named noise and the others divided by 1 - share
    (Srivastava et al. 2014, in its inverted form)."""
    return h * (noise.uniform(*h.shape, name=name) >= share) / (1 - share)


@dataclass(frozen=True)
class Network:
    """Shape of an encoder and of the mirrored decoder.

    Attributes:
        kind: "mlp" takes any shape; "conv" takes images whose sides divide by 4; "deep-conv" takes square ones that
            n halvings bring down to 4 x 4; "glimpses" takes images of a line of signs, one for each factor, whose
            width divides by 4 and whose height by 2^n, and has no decoder.
        hidden: widths of the hidden layers from the example to the code: dense layers of "mlp"; the two strided 4x4
            convolutions and then one dense layer of "conv"; the n strided 4x4 convolutions of "deep-conv" and then
            a last one, which covers the 4 x 4 that are left; the n strided convolutions of "glimpses" and
            then a last one, which covers the height that is left, all of them multiples of 8.
        activation: after every hidden layer.
    """

    kind: Literal["mlp", "conv", "deep-conv", "glimpses"] = "mlp"
    hidden: tuple[int, ...] = (512, 256)
    activation: Literal["relu", "silu", "gelu", "tanh", "leaky-relu"] = "silu"

    def __post_init__(self) -> None:
        check_least("network", self, hidden=1)

    @property
    def layers(self) -> int:
        """Number of layers of the encoder (and of the decoder) that carry weights."""
        return len(self.hidden) + 1

    def encoder(self, spec: DataSpec, outputs: int, side: int = 0) -> nn.Module:
        if self.kind == "glimpses":
            return GlimpseEncoder(self, spec, outputs, side)
        return self._kind(Encoder, ConvEncoder, DeepEncoder, spec)(self, spec, outputs, side)

    def decoder(self, spec: DataSpec, features: int) -> nn.Module:
        if self.kind == "glimpses":
            raise UserError("network.kind glimpses reads images and cannot draw any: choose conv or deep-conv.")
        return self._kind(Decoder, ConvDecoder, DeepDecoder, spec)(self, spec, features)

    def _kind(self, dense: type, conv: type, deep: type, spec: DataSpec) -> type:
        if spec.kind == "tokens":
            raise UserError("This model learns from images, and these data are rows of symbols.")
        if self.kind == "deep-conv":
            side = 4 * 2 ** (len(self.hidden) - 1)
            if spec.kind != "image" or spec.shape[1:] != (side, side) or len(self.hidden) < 2:
                raise UserError(
                    f"network.kind deep-conv with {len(self.hidden)} widths needs images of {side} x {side} pixels, "
                    f"not {spec.shape}."
                )
            return deep
        if not 2 <= self.layers <= 4:
            raise UserError(f"network.hidden {self.hidden} gives {self.layers} layers; encoders have 2 to 4.")
        if self.kind == "mlp":
            return dense
        if spec.kind != "image" or any(side % 4 for side in spec.shape[1:]):
            raise UserError(f"network.kind conv needs images with sides that divide by 4, not {spec.shape}.")
        if len(self.hidden) != 3:
            raise UserError(f"network.kind conv takes three hidden widths (conv, conv, dense), not {self.hidden}.")
        return conv


class Encoder(nn.Module):
    """Flattens x, joins the side information, and maps through dense layers."""

    def __init__(self, network: Network, spec: DataSpec, outputs: int, side: int = 0):
        super().__init__()
        self.layers = mlp((spec.size + side, *network.hidden, outputs), network.activation)

    def forward(self, x: Tensor, side: Tensor | None = None) -> Tensor:
        x = x.flatten(1)
        return full(self.layers(x if side is None else torch.cat([x, side], 1)))


class Decoder(nn.Module):
    """Dense layers from a vector to the shape of an example."""

    def __init__(self, network: Network, spec: DataSpec, features: int):
        super().__init__()
        self.shape = spec.shape
        self.layers = mlp((features, *network.hidden[::-1], spec.size), network.activation)

    def forward(self, z: Tensor) -> Tensor:
        return full(self.layers(z)).unflatten(-1, self.shape)


class ConvEncoder(nn.Module):
    """Two 4x4 convolutions of stride 2, then two dense layers; the side information joins the first dense one."""

    def __init__(self, network: Network, spec: DataSpec, outputs: int, side: int = 0):
        super().__init__()
        channels, height, width = spec.shape
        first, second, dense = network.hidden
        act = ACTIVATIONS[network.activation]
        self.conv = nn.Sequential(
            nn.Conv2d(channels, first, 4, 2, 1), act(), nn.Conv2d(first, second, 4, 2, 1), act(), nn.Flatten()
        )
        self.dense = mlp((second * height * width // 16 + side, dense, outputs), network.activation)

    def forward(self, x: Tensor, side: Tensor | None = None) -> Tensor:
        h = self.conv(x)
        return full(self.dense(h if side is None else torch.cat([h, side], 1)))


class ConvDecoder(nn.Module):
    """The mirror of ConvEncoder, with transposed convolutions."""

    def __init__(self, network: Network, spec: DataSpec, features: int):
        super().__init__()
        channels, height, width = spec.shape
        first, second, dense = network.hidden
        act = ACTIVATIONS[network.activation]
        small = (second, height // 4, width // 4)
        self.layers = nn.Sequential(
            *mlp((features, dense, prod(small)), network.activation), act(), nn.Unflatten(1, small),
            nn.ConvTranspose2d(second, first, 4, 2, 1), act(), nn.ConvTranspose2d(first, channels, 4, 2, 1),
        )  # fmt: skip

    def forward(self, z: Tensor) -> Tensor:
        return full(self.layers(z.flatten(0, -2))).unflatten(0, z.shape[:-1])


class DeepEncoder(nn.Module):
    """4x4 convolutions of stride 2 down to 4 x 4, one over all of that, and a dense layer to the outputs: the encoder
    of Shao et al. 2020 (arXiv 2004.05988, table 6), where hidden is (32, 32, 64, 64, 256) and images are 64 x 64.

    The table's last row has two dense layers, one for the means and one for the log-variances; they are the upper and
    the lower half of this one. Weights begin as in the authors' code: He normal, biases zero.
    """

    def __init__(self, network: Network, spec: DataSpec, outputs: int, side: int = 0):
        super().__init__()
        *strided, last = network.hidden
        act = ACTIVATIONS[network.activation]
        layers: list[nn.Module] = []
        for wide, narrow in pairwise((spec.shape[0], *strided)):
            layers += [nn.Conv2d(wide, narrow, 4, 2, 1), act()]
        self.conv = nn.Sequential(*layers, nn.Conv2d(strided[-1], last, 4), act(), nn.Flatten())
        self.dense = nn.Linear(last + side, outputs)
        self.apply(he_normal)

    def forward(self, x: Tensor, side: Tensor | None = None) -> Tensor:
        h = self.conv(x)
        return full(self.dense(h if side is None else torch.cat([h, side], 1)))


class DeepDecoder(nn.Module):
    """The mirror of DeepEncoder, with transposed convolutions (which keep torch's own first weights)."""

    def __init__(self, network: Network, spec: DataSpec, features: int):
        super().__init__()
        *strided, last = network.hidden
        act = ACTIVATIONS[network.activation]
        layers: list[nn.Module] = [nn.Linear(features, last), act(), nn.Unflatten(1, (last, 1, 1))]
        layers += [nn.ConvTranspose2d(last, strided[-1], 4), act()]
        for narrow, wide in pairwise((*strided[::-1], spec.shape[0])):
            layers += [nn.ConvTranspose2d(narrow, wide, 4, 2, 1), act()]
        self.layers = nn.Sequential(*layers[:-1])
        self.apply(he_normal)

    def forward(self, z: Tensor) -> Tensor:
        return full(self.layers(z.flatten(0, -2))).unflatten(0, z.shape[:-1])


class GlimpseEncoder(nn.Module):
    """Reads a line of signs: one glimpse for each factor of the images, from left to right.

    Strided convolutions, each with group normalisation (Wu & He 2018), halve the height n times and the width twice,
    and a last one takes all height that is left: columns h_t, a description of 4 pixels of the width with their
    surroundings. For each glimpse g all columns together decide, by a hidden layer and a softmax over t, where to look
    (a linear layer alone cannot count signs, and was seen to learn half as fast); the weighted mean of what is seen
    there (soft attention, Bahdanau et al. 2015, section 3.1) gives its share of the outputs, which are the glimpses in
    order and not negative. At first they are spread evenly over the middle two thirds of the width.
    """

    def __init__(self, network: Network, spec: DataSpec, outputs: int, side: int = 0):
        super().__init__()
        *widths, last = network.hidden
        glimpses, halvings = len(spec.factors), len(widths)
        if spec.kind != "image" or spec.shape[1] % 2**halvings or spec.shape[2] % 4 or halvings < 2:
            raise UserError(
                f"network.kind glimpses with {len(network.hidden)} widths needs 3 or more of them, and images whose "
                f"width divides by 4 and whose height by {2**halvings}, not {spec.shape}."
            )
        if any(width % 8 for width in network.hidden):
            raise UserError(f"network.kind glimpses needs widths that divide by 8, not {network.hidden}.")
        if not glimpses or outputs % glimpses or side:
            raise UserError(f"network.kind glimpses cannot share {outputs} outputs among {glimpses} factors of images.")
        channels, height, width = spec.shape
        act = ACTIVATIONS[network.activation]
        layers: list[nn.Module] = []
        for i, (wide, narrow) in enumerate(pairwise((channels, *widths))):
            kernel, stride = (4, 2) if i < 2 else ((4, 3), (2, 1))
            layers += [nn.Conv2d(wide, narrow, kernel, stride, 1), nn.GroupNorm(8, narrow), act()]
        layers += [nn.Conv2d(widths[-1], last, (height // 2**halvings, 3), padding=(0, 1))]
        self.columns = nn.Sequential(*layers, nn.GroupNorm(8, last), act(), nn.Flatten(2))
        columns, share = width // 4, outputs // glimpses
        self.where = nn.Sequential(
            nn.Conv1d(last, 16, 1), act(), nn.Flatten(), nn.Linear(16 * columns, 4 * columns), act(),
            nn.Linear(4 * columns, glimpses * columns), nn.Unflatten(1, (glimpses, columns)),
        )  # fmt: skip
        # Normalised, so that no glimpse can go blind: without, all outputs were seen to be 0 after 300 steps.
        self.what = nn.Sequential(nn.Conv1d(last, share, 3, padding=1), nn.GroupNorm(1, share), nn.ReLU())
        self.apply(he_normal)
        aim = 1 / 6 + 2 / 3 * (torch.arange(glimpses)[:, None] + 0.5) / glimpses
        gap = (torch.arange(columns) + 0.5) / columns - aim
        with torch.no_grad():
            self.where[-2].weight.mul_(0.1)
            self.where[-2].bias.copy_(-(gap * 3 * glimpses).square().flatten() / 2)

    def forward(self, x: Tensor, side: Tensor | None = None) -> Tensor:
        columns = self.columns(x)
        attention = self.where(columns).softmax(-1)
        return torch.einsum("bgt,bct->bgc", attention, self.what(columns)).flatten(1)


def he_normal(layer: nn.Module) -> None:
    """Weights N(0, 2 / inputs), biases 0 (He et al. 2015), for dense layers and convolutions."""
    if isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight)
        nn.init.zeros_(layer.bias)


def one_hot(y: Tensor, classes: int) -> Tensor:
    """(B,) labels as (B, classes) float32."""
    return nn.functional.one_hot(y, classes).float()
