"""A trained GPT-2 as Hugging Face lays it out in a folder: where it lies, and its tokeniser.

Such a tokeniser merges bytes, not characters (Radford et al. 2019): each of the 256 bytes is written as a character of
its own, and lines are cut before words, numbers and punctuation. Files: tokenizer.json, or vocab.json and merges.txt.

Ours have five symbols at fixed numbers, SPECIAL. Each takes the place of a mark that the folder has for the same
thing, whose trained vector it thereby gets, or is new.
"""

import hashlib
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

from simorgh.contracts import UserError
from simorgh.data.config import DataConfig
from simorgh.data.tokenisers import SPECIAL

ROLES = (
    ("<pad>", "[PAD]", "<|pad|>"),
    ("<start>", "<|startoftext|>", "[BOS]", "<bos>", "<s>"),
    ("<end>", "</s>", "[EOS]", "<eos>", "<|endoftext|>"),
    ("<half>", "<sep>", "[SEP]", "<|sep|>"),
    ("<unknown>", "<unk>", "[UNK]"),
)
"""Names of marks for each of SPECIAL; the first that a folder has is taken."""

_PLAIN = {None, "NFC"}
"""Normalisers that leave our lines as they are."""


@dataclass(frozen=True)
class Pieces:
    """A tokeniser of a folder under our numbers.

    Attributes:
        vocabulary: SPECIAL, then the other symbols of the folder in its order.
        merges: pairs, "left right", in the order in which they are merged.
        rows: the folder's number of each of `vocabulary`, -1 for a new symbol.
    """

    vocabulary: tuple[str, ...]
    merges: tuple[str, ...]
    rows: tuple[int, ...]

    @property
    def checksum(self) -> str:
        """SHA-256 in hex of all three."""
        return hashlib.sha256(json.dumps([self.vocabulary, self.merges, self.rows]).encode()).hexdigest()


def find_folder(folder: str) -> Path:
    """`folder`, or what SIMORGH_GPT2 names for "". UserError where it is no folder with a config.json."""
    path = Path(folder or os.environ.get("SIMORGH_GPT2", "")).expanduser()
    if not folder and not os.environ.get("SIMORGH_GPT2"):
        raise UserError(
            "A trained GPT-2 is needed: let SIMORGH_GPT2 name its folder (config.json, weights and tokeniser as "
            "Hugging Face lays them out), or train from nothing with the recipe verse-scratch."
        )
    if not (path / "config.json").is_file():
        raise UserError(f"{path} is not the folder of a trained GPT-2: it has no config.json.")
    return path


def read_pieces(path: Path) -> Pieces:
    """The tokeniser in a folder. UserError where it has none, or none that merges bytes."""
    if (path / "tokenizer.json").is_file():
        numbers, merges = _one_file(path / "tokenizer.json")
    elif (path / "vocab.json").is_file() and (path / "merges.txt").is_file():
        numbers = _json(path / "vocab.json")
        if (path / "added_tokens.json").is_file():
            numbers = {**numbers, **_json(path / "added_tokens.json")}
        lines = _text(path / "merges.txt").splitlines()
        merges = [line for line in lines if line and not line.startswith("#version")]
    else:
        raise UserError(f"{path} has no tokeniser: neither tokenizer.json nor vocab.json with merges.txt.")
    named = isinstance(numbers, dict) and all(isinstance(n, int) for n in numbers.values())
    if not named or not set(_alphabet()) <= numbers.keys() or any(line.count(" ") != 1 for line in merges):
        raise UserError(f"The tokeniser in {path} does not merge bytes, as that of a GPT-2 does.")
    roles = [next((name for name in names if name in numbers), None) for names in ROLES]
    others = [name for name in sorted(numbers, key=numbers.get) if name not in roles]
    rows = [-1 if name is None else numbers[name] for name in roles] + [numbers[name] for name in others]
    return Pieces((*SPECIAL, *others), tuple(merges), tuple(rows))


def _one_file(path: Path) -> tuple[dict[str, int], list[str]]:
    """Numbers and merges of a tokenizer.json."""
    found = _json(path)
    try:
        model, normaliser, cutter = found["model"], found.get("normalizer"), found.get("pre_tokenizer") or {}
        added = {token["content"]: token["id"] for token in found.get("added_tokens") or ()}
        numbers, merges = {**model["vocab"], **added}, model["merges"]
        kinds = (model.get("type", "BPE"), cutter.get("type"), normaliser and normaliser["type"])
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is no tokeniser of the usual form.") from error
    if kinds[:2] != ("BPE", "ByteLevel") or kinds[2] not in _PLAIN or not cutter.get("use_regex", True):
        raise UserError(f"{path} does not cut and merge lines as a GPT-2 does.")
    return numbers, [merge if isinstance(merge, str) else " ".join(merge) for merge in merges]


def _alphabet() -> list[str]:
    try:
        from tokenizers.pre_tokenizers import ByteLevel
    except ImportError as error:
        raise UserError("Merged pieces need the library tokenizers: pip install 'simorgh[text]'.") from error
    return ByteLevel.alphabet()


def read_shape(path: Path) -> dict[str, int]:
    """width, layers, heads and context from config.json. UserError for another kind of model."""
    found = _json(path / "config.json")
    names = {"width": "n_embd", "layers": "n_layer", "heads": "n_head", "context": "n_positions"}
    usual = {"model_type": "gpt2", "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
             "scale_attn_weights": True, "scale_attn_by_inverse_layer_idx": False, "add_cross_attention": False,
             "n_inner": None}  # fmt: skip
    given = found if isinstance(found, dict) else {}
    if given.get("n_inner") == 4 * given.get("n_embd", 0):
        given = {**given, "n_inner": None}
    odd = [
        name for name, value in usual.items() if given.get(name, "gpt2?" if name == "model_type" else value) != value
    ]
    if odd or not all(isinstance(given.get(name), int) for name in names.values()):
        why = f"its {odd[0]} is {given.get(odd[0])!r}" if odd else "its sizes are missing"
        raise UserError(f"{path / 'config.json'} is not that of a GPT-2 of the usual form: {why}.")
    return {ours: given[theirs] for ours, theirs in names.items()}


def settle_tokeniser(config: DataConfig) -> DataConfig:
    """`config` with the checksum of the tokeniser that it takes from a folder."""
    text = config.text
    if text.tokeniser != "folder" or text.checksum:
        return config
    return replace(config, text=replace(text, checksum=read_pieces(find_folder(text.folder)).checksum))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as text.") from error


def _json(path: Path) -> dict:
    try:
        return json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise UserError(f"{path} cannot be read as JSON.") from error
