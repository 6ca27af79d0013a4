"""GPT-2 that begins with weights somebody has trained: those of a local folder, as Hugging Face lays them out.

The law over rows (B, T) of symbols, and the loss in nats per symbol that counts, are those of `gpt.py` (Radford et al.
2019); only the weights before the first step are others. The suggested folder is HooshvareLab's gpt2-fa (2021; 42,001
symbols, 118,099,200 parameters), fine-tuned as usual: all weights are trained on, at a small rate.

Vectors of symbols are brought into our order, see data/pretrained.py. A symbol that is new, such as a mark between
hemistichs where the folder has none, begins with the mean of all vectors (Hewitt 2021): its logit is then as large as
that of other symbols on average.
"""

import hashlib
import pickle
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from simorgh.contracts import DataSpec, UserError
from simorgh.data.pretrained import find_folder, read_pieces, read_shape
from simorgh.models.gpt import GPT, GPTConfig, gpt2_weights


@dataclass(frozen=True)
class PretrainedGPTConfig(GPTConfig):
    """The shape of the published gpt2-fa; when training begins it becomes that of the folder.

    Attributes:
        folder: with config.json and model.safetensors or pytorch_model.bin; the one that SIMORGH_GPT2 names where it
            is left out.
        checksum: SHA-256 of the weights, filled in when training begins.
    """

    width: int = 768
    layers: int = 12
    heads: int = 12
    dropout: float = 0.1
    context: int = 1024
    folder: str = ""
    checksum: str = ""

    def settle(self) -> "PretrainedGPTConfig":
        if self.checksum:
            return self
        path = find_folder(self.folder)
        return replace(self, **read_shape(path), checksum=checksum(weight_file(path)))

    def start(self, model: GPT, spec: DataSpec) -> GPT:
        """UserError where the weights do not fit, or the data were read with another tokeniser."""
        path = find_folder(self.folder)
        file, pieces = weight_file(path), read_pieces(path)
        if checksum(file) != self.checksum:
            raise UserError(f"{file} has changed since this training was set up: give the same command again.")
        if (spec.vocabulary, spec.merges) != (pieces.vocabulary, pieces.merges):
            raise UserError(
                f"The data were not read with the tokeniser in {path}: train with --data.text.tokeniser folder, and "
                "the same folder for data.text.folder and model.folder."
            )
        weights = gpt2_weights(read_weights(file))
        weights["token.weight"] = in_order(weights.get("token.weight", torch.empty(0, 0)), pieces.rows, path)
        expected = {name: value.shape for name, value in model.state_dict().items()}
        if expected != {name: value.shape for name, value in weights.items()}:
            raise UserError(f"{file} does not hold the weights that {path / 'config.json'} speaks of.")
        model.load_state_dict(weights)
        return model


def in_order(vectors: Tensor, rows: tuple[int, ...], path: Path) -> Tensor:
    """(V, width) the vector of each symbol: `rows` of `vectors` (N, width), their mean for -1."""
    if max(rows) >= len(vectors):
        raise UserError(
            f"The tokeniser in {path} numbers {max(rows) + 1:,} symbols; its weights have {len(vectors):,}."
        )
    found = vectors[torch.tensor(rows).clamp(min=0)].clone()
    found[torch.tensor(rows) < 0] = vectors.mean(0)
    return found


def weight_file(path: Path) -> Path:
    """The file of weights in a folder. UserError for none."""
    for name in ("model.safetensors", "pytorch_model.bin"):
        if (path / name).is_file():
            return path / name
    raise UserError(f"{path} holds no weights: neither model.safetensors nor pytorch_model.bin.")


def read_weights(file: Path) -> dict[str, Tensor]:
    """Named tensors in float32; nothing in a .bin but tensors is read. UserError for a damaged file."""
    try:
        safe = file.suffix == ".safetensors"
        found = load_file(file) if safe else torch.load(file, map_location="cpu", weights_only=True)
        return {name: value.float() if value.is_floating_point() else value for name, value in found.items()}
    except (SafetensorError, OSError, RuntimeError, EOFError, AttributeError, pickle.UnpicklingError) as error:
        raise UserError(f"{file} is damaged or holds no weights.") from error


def checksum(file: Path) -> str:
    """SHA-256 in hex of a file."""
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
