"""What is asked of RDKit, and nothing else: reading, writing, scaffolds and fingerprints of molecules.

A SMILES (Weininger 1988) spells a molecule as a walk over its atoms; one molecule has many spellings, of which the
canonical one is fixed by RDKit's ranking of atoms (so it may change with the version of RDKit).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from simorgh.contracts import UserError
from simorgh.noise import philox

if TYPE_CHECKING:
    from rdkit.Chem import Mol

MISSING = "Molecules need RDKit: pip install 'simorgh[mol]'."


def parse(text: str) -> "Mol | None":
    """The molecule that `text` spells; None where it is empty, not SMILES, or breaks the rules of valence."""
    try:
        from rdkit import Chem, rdBase
    except ImportError as error:
        raise UserError(MISSING) from error
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(text.strip())
    return mol if mol is not None and mol.GetNumAtoms() else None


def canonical(mol: "Mol", stereo: bool = True) -> str:
    """The canonical SMILES, with or without the marks of stereo chemistry."""
    from rdkit import Chem

    return Chem.MolToSmiles(mol, isomericSmiles=stereo)


def scaffold(smiles: str) -> str:
    """Canonical SMILES of the rings and what links them (Bemis & Murcko 1996), without stereo; "" without rings."""
    from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles

    return MurckoScaffoldSmiles(mol=_sound(smiles), includeChirality=False)


def respell(smiles: str, count: int, *key: object) -> list[str]:
    """`count` random spellings of the molecule, the i-th a pure function of (smiles, key, i).

    Its atoms are numbered anew by a permutation and the walk follows their numbers (Bjerrum 2017, arXiv 1703.07076).
    Some may be equal: small molecules have few spellings.
    """
    from rdkit import Chem

    mol, texts = _sound(smiles), []
    for i in range(count):
        order = philox("spelling", smiles, *key, i).permutation(mol.GetNumAtoms())
        texts.append(Chem.MolToSmiles(Chem.RenumberAtoms(mol, order.tolist()), canonical=False))
    return texts


def fingerprints(texts: Sequence[str], radius: int = 2, bits: int = 2048) -> np.ndarray:
    """(N, bits) uint8: which circular neighbourhoods of atoms each molecule holds (Morgan fingerprint, hashed; Rogers
    & Hahn 2010). Radius 2 is ECFP4."""
    from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

    generator = GetMorganGenerator(radius=radius, fpSize=bits)
    found = [generator.GetFingerprintAsNumPy(_sound(text)) for text in texts]
    return np.stack(found) if found else np.zeros((0, bits), np.uint8)


def writing(mol: "Mol", text: str) -> Literal["not aromatic", "lower case", "Kekulé"]:
    """How `text` writes the aromatic rings of its molecule: lower-case atoms, or alternating bonds as Kekulé did."""
    from simorgh.data.tokens import atoms

    if not any(atom.GetIsAromatic() for atom in mol.GetAtoms()):
        return "not aromatic"
    symbols = (token.lstrip("[0123456789") for token in atoms(text))
    return "lower case" if any(symbol[:1].islower() for symbol in symbols) else "Kekulé"


def open_stereo(mol: "Mol") -> tuple[int, int]:
    """How many stereo elements the molecule may have, and how many of them are left unspecified."""
    from rdkit.Chem import FindPotentialStereo, StereoSpecified

    found = [element.specified for element in FindPotentialStereo(mol)]
    return len(found), sum(specified == StereoSpecified.Unspecified for specified in found)


def _sound(smiles: str) -> "Mol":
    mol = parse(smiles)
    if mol is None:
        raise UserError(f"{smiles!r} is not a SMILES that RDKit can read.")
    return mol
