"""Sets of molecules: `bbbp`, and a CSV of the user's own as `smiles:FILE`.

BBBP (Martins et al. 2012, J. Chem. Inf. Model. 52(6), 1686-1697; the file of MoleculeNet, Wu et al. 2018): 2,050 rows
of SMILES and whether the molecule passes the blood-brain barrier. Cleaning leaves 1,965 molecules, 1,500 of class 1.
The way a SMILES is written there gives away the label (`molecule_card`), so canonical spellings are the default.

Looked for in $SIMORGH_DATA/bbbp and never downloaded.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from simorgh.contracts import UserError
from simorgh.data.chemistry import canonical, parse, respell, scaffold
from simorgh.data.config import SmilesConfig
from simorgh.data.files import local
from simorgh.data.folds import Folds, grouped, stratified
from simorgh.data.molecules import Molecules, cleaned
from simorgh.data.parts import Part, Source
from simorgh.data.tokens import TOKENISERS, encode, kinds

NAME = "bbbp"
SHA256 = "d07a38487aeac5cee5508413e468043ef3097451d2a112701c2d60be9ec6b662"
MISSING = (
    "BBBP is not downloaded: put BBBP.csv, the file of MoleculeNet, into a folder bbbp inside the one that "
    "SIMORGH_DATA names."
)
LABELS = ("kept out", "passes")


def is_molecules(name: str) -> bool:
    """Whether the data set called `name` is one of molecules."""
    return name == NAME or name.startswith("smiles:")


def content(name: str) -> tuple[bytes, str]:
    """The bytes of the file behind `name`, and where it was found. UserError where it is missing or altered."""
    if name == NAME:
        path = local("bbbp", "BBBP.csv")
        if path is None:
            raise UserError(MISSING)
        found = path.read_bytes()
        if hashlib.sha256(found).hexdigest() != SHA256:
            raise UserError(f"{path} has other content than the published BBBP.csv: put a sound copy there.")
        return found, "BBBP.csv in $SIMORGH_DATA/bbbp"
    path = Path(name.removeprefix("smiles:")).expanduser()
    if not path.is_file():
        raise UserError(f"There is no file {str(path)!r}: give an existing one, as in smiles:molecules.csv.")
    return path.read_bytes(), f"the file {path.name}"


def molecules(name: str) -> Molecules:
    """The cleaned molecules of `bbbp` or `smiles:FILE`."""
    found, where = content(name)
    return cleaned(found, where)


def folds(name: str, config: SmilesConfig) -> Folds:
    """The partition that `config` asks for: a pure function of the cleaned molecules, `split`, `folds`, `repeat`."""
    table = molecules(name)
    key = ("molecules", config.repeat)
    if config.split == "random":
        return stratified(table.y, config.folds, *key, data=table.hash)
    return grouped(scaffolds(table), table.y, config.folds, *key, data=table.hash, split="scaffold")


def scaffolds(table: Molecules) -> list[str]:
    """The Murcko scaffold of each; all molecules without rings share the empty one."""
    return [_scaffold(text) for text in table.canonical]


_scaffold = lru_cache(maxsize=20_000)(scaffold)


def spellings(table: Molecules, spelling: str) -> tuple[str, ...]:
    """One spelling of each molecule, as SmilesConfig names them."""
    if spelling == "flat":
        return tuple(canonical(parse(text), stereo=False) for text in table.canonical)
    return table.written if spelling == "as-written" else table.canonical


@lru_cache(maxsize=4)
def _numbered(table: Molecules, spelling: str, extra: int, repeat: int, tokens: str) -> tuple[np.ndarray, tuple]:
    """(N, 1 + extra, T) tokens of each molecule's own spelling and `extra` random ones, and their vocabulary."""
    texts = [[text, *respell(text, extra, repeat)] for text in spellings(table, spelling)]
    rows = [TOKENISERS[tokens](text) for spelt in texts for text in spelt]
    vocabulary = kinds(rows)
    return encode(rows, vocabulary).reshape(len(table), 1 + extra, -1), vocabulary


def training(table: Molecules, partition: Folds, config: SmilesConfig) -> np.ndarray:
    """Places of the molecules to train on: the other folds, without those that are spelt like a held-out one, as
    mirror images are where stereo marks are left out ("flat")."""
    places, texts = partition.training(config.fold), np.array(spellings(table, config.spelling))
    return places[~np.isin(texts[places], texts[partition.held_out(config.fold)])]


def source(name: str, config: SmilesConfig) -> Source:
    """One fold to test on and the others to train on; (N, 1 + extra, T) spellings of each molecule.

    Numbers of tokens are those of a vocabulary of all parts; `load` keeps what the training part knows. The test part
    has random spellings too, for whoever wants to average over them.
    """
    table, partition = molecules(name), folds(name, config)
    x, vocabulary = _numbered(table, config.spelling, config.extra, config.repeat, config.tokens)
    whole = Part(torch.from_numpy(x), torch.from_numpy(table.y))
    places = training(table, partition, config), partition.held_out(config.fold)
    train, test = (whole.take(torch.from_numpy(np.ascontiguousarray(p))) for p in places)
    where = f"{content(name)[1]}, fold {config.fold} of {config.folds} ({config.split}, repeat {config.repeat})"
    checksums = (("cleaned molecules and labels", table.hash), ("the folds", partition.hash))
    labels = LABELS if name == NAME else table.labels
    return Source(train, test, where, checksums, labels, vocabulary=vocabulary)
