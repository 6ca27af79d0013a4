"""Molecules: tokens that join to what was cut, cleaning that counts what it drops, spellings of one molecule."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simorgh.contracts import PAD, UserError
from simorgh.data import DataConfig, SmilesConfig, batches, bbbp, describe, load, stream
from simorgh.data.chemistry import canonical, fingerprints, parse, respell, scaffold, writing
from simorgh.data.labels import in_order
from simorgh.data.molecule_card import area, card
from simorgh.data.molecules import clean, read_csv
from simorgh.data.tokens import SPECIAL, UNKNOWN, atoms, decode, encode, kinds, renumber

TOKENS = ["C", "N", "O", "Cl", "Br", "c", "n", "o", "s", "S", "B", "F", "(", ")", "=", "#", "/", "\\", "1", "2", "%12",
          "[C@@H]", "[nH]", "[O-]", "[13CH3+]", "[Se]", ".", "-", ":", "*"]  # fmt: skip
CSV = """Name,SMILES,p_np
aspirin,CC(=O)Oc1ccccc1C(=O)O,1
again,OC(=O)c1ccccc1OC(C)=O,1
phenol,Oc1ccccc1,0
torn,CCO,0
torn,OCC,1
broken,C1CC,1
chlorine,ClCCBr,0
"five, bonds",C(C)(C)(C)(C)C,0
none,,1
unlabelled,CCCC,
named,CCC propane,1
"""


def table(path: Path, text: str = CSV) -> Path:
    file = path / "some.csv"
    file.write_text(text)
    return file


# tokens


@given(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=30))
@settings(deadline=None)
def test_atoms_join_to_what_was_cut_and_no_bracket_or_halogen_is_torn(parts: list[str]):
    """Every row of these tokens has one reading but for B followed by r, which none of them is, and C by l."""
    text = "".join(parts)
    assert atoms(text) == parts
    assert "".join(atoms(text)) == text


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("CClBr", ["C", "Cl", "Br"]),
        ("C%12CC%12", ["C", "%12", "C", "C", "%12"]),
        ("C12", ["C", "1", "2"]),
        ("[C@@H](Cl)[NH3+]", ["[C@@H]", "(", "Cl", ")", "[NH3+]"]),
        ("Sc1cccn1", ["S", "c", "1", "c", "c", "c", "n", "1"]),
        ("[Na+].[Cl-]", ["[Na+]", ".", "[Cl-]"]),
        ("[Fe]<-[NH3]", ["[Fe]", "<", "-", "[NH3]"]),
    ],
)
def test_atoms_by_hand(text, tokens):
    assert atoms(text) == tokens


@pytest.mark.parametrize(("text", "place"), [("CXC", 2), ("C[C", 2), ("C C", 2), ("CCl!", 4), ("C%1", 2), ("C[]", 2)])
def test_what_is_no_token_is_named_with_its_place(text, place):
    with pytest.raises(UserError, match=f"at place {place} "):
        atoms(text)


@given(st.lists(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=9), min_size=1, max_size=5))
def test_numbers_decode_to_the_strings(rows):
    vocabulary = kinds(rows)
    x = encode(rows, vocabulary, length=12)
    assert decode(x, vocabulary) == ["".join(row) for row in rows]
    assert ((x == PAD).sum(1) == [12 - len(row) for row in rows]).all()
    assert x.min() >= 0
    assert UNKNOWN not in x


def test_unknown_tokens_and_new_numbers():
    old, new = kinds(["CNO"]), kinds(["CO"])
    assert new == (*SPECIAL, "C", "O")
    x = encode([list("CNO"), list("O")], old)
    assert renumber(x, old, new).tolist() == [[2, UNKNOWN, 3], [3, PAD, PAD]]
    assert encode([list("CNO"), list("O")], new).tolist() == [[2, UNKNOWN, 3], [3, PAD, PAD]]
    with pytest.raises(ValueError, match="3 tokens does not fit"):
        encode([list("CNO")], new, length=2)


# chemistry


@pytest.mark.parametrize(
    "text", ["CC(=O)Oc1ccccc1C(=O)O", "C[C@H](N)C(=O)O", "F/C=C/Cl", "[Na+].[Cl-]", "c1ccc2[nH]ccc2c1"]
)
def test_random_spellings_spell_the_same_molecule(text):
    own = canonical(parse(text))
    found = respell(own, 30, 3)
    assert {canonical(parse(other)) for other in found} == {own}
    assert len(set(found)) > (1 if "." in text else 3)
    assert found[:10] == respell(own, 10, 3), "the i-th depends on its own number only"
    assert found != respell(own, 30, 4)


def test_canonical_with_and_without_stereo():
    left, right = parse("C[C@H](N)C(=O)O"), parse("C[C@@H](N)C(=O)O")
    assert canonical(left) != canonical(right)
    assert canonical(left, stereo=False) == canonical(right, stereo=False) == "CC(N)C(=O)O"


@pytest.mark.parametrize("text", ["", "  ", "C(C)(C)(C)(C)C", "C1CC", "c1cccc1", "hello"])
def test_what_is_no_molecule_is_none(text):
    assert parse(text) is None


def test_scaffolds_by_hand():
    assert scaffold("CC(=O)Oc1ccccc1C(=O)O") == "c1ccccc1"
    assert scaffold("O=C(Nc1ccccc1)C1CC1") == "O=C(Nc1ccccc1)C1CC1", "what links two rings belongs to them"
    assert scaffold("CCO") == ""


def test_fingerprints_count_neighbourhoods():
    """Methane is one atom without neighbours: one bit. Ethane has two equal atoms: an atom, and an atom with its
    neighbour."""
    bits = fingerprints(["C", "CC", "CC"])
    assert bits.shape == (3, 2048)
    assert bits.sum(1).tolist() == [1, 2, 2]
    assert (bits[1] == bits[2]).all()


@pytest.mark.parametrize(
    ("text", "way"),
    [("c1ccccc1", "lower case"), ("C1=CC=CC=C1", "Kekulé"), ("C1CCCCC1", "not aromatic"), ("[nH]1cccc1", "lower case"),
     ("[NH]1C=CC=C1", "Kekulé"), ("C[Se]C", "not aromatic"), ("[13cH]1ccccc1", "lower case")],
)  # fmt: skip
def test_writing_of_rings(text, way):
    assert writing(parse(text), text) == way


# cleaning


def test_cleaning_counts_every_row(tmp_path: Path):
    found = clean(read_csv(table(tmp_path)))
    assert found.canonical == ("CC(=O)Oc1ccccc1C(=O)O", "Oc1ccccc1", "ClCCBr")
    assert found.written == ("CC(=O)Oc1ccccc1C(=O)O", "Oc1ccccc1", "ClCCBr")
    assert found.y.tolist() == [1, 0, 0]
    assert found.lines == (2, 4, 8)
    assert found.merged == 1
    assert found.contradictory == (1, 2)
    assert [(r.line, r.reason) for r in found.rejected] == [
        (7, "not a SMILES that RDKit can read"), (9, "not a SMILES that RDKit can read"), (10, "no SMILES"),
        (11, "no label"), (12, "more than a SMILES in its cell"),
    ]  # fmt: skip
    assert len(found) + found.merged + found.contradictory[1] + len(found.rejected) == 11, "a row was lost"


def test_pixels_of_molecules_are_not_binarised(tmp_path: Path):
    with pytest.raises(UserError, match="leave it out for molecules"):
        load(DataConfig(mine(tmp_path), binarise="dynamic"))


def test_a_class_of_nothing_but_contradictions_is_none(tmp_path: Path):
    found = clean(read_csv(table(tmp_path, "smiles,label\nC,0\nCC,1\nCCO,2\nOCC,0\n")))
    assert found.labels == ("0", "1")
    assert found.y.tolist() == [0, 1]
    with pytest.raises(UserError, match="take 1 values"):
        clean(read_csv(table(tmp_path, "smiles,label\nC,0\nCC,0\nCCO,1\nOCC,0\n")))


def test_what_is_tested_on_is_not_trained_on_under_a_spelling_that_two_molecules_share(tmp_path: Path):
    """Without stereo marks mirror images are one string."""
    pairs = [f"C[C@{way}H](N){'C' * n}O,{n % 2}" for n in range(1, 9) for way in ("", "@")]
    name = f"smiles:{table(tmp_path, chr(10).join(['smiles,label', *pairs]))}"
    found = bbbp.molecules(name)
    assert len(found) == 16
    lost = 0
    for fold in range(4):
        config = SmilesConfig(spelling="flat", folds=4, fold=fold)
        partition, texts = bbbp.folds(name, config), np.array(bbbp.spellings(found, "flat"))
        train, test = bbbp.training(found, partition, config), partition.held_out(fold)
        assert not set(texts[train]) & set(texts[test])
        part = bbbp.source(name, config).train
        assert len(part) == len(train)
        lost += len(partition.training(fold)) - len(train)
    assert lost > 0
    whole = replace(config, spelling="canonical")
    assert np.array_equal(bbbp.training(found, partition, whole), partition.training(fold))


def test_a_table_without_labels_keeps_its_rows(tmp_path: Path):
    found = clean(read_csv(table(tmp_path, "id;Canonical_SMILES\n1;CCO\n2;OCC\n3;nonsense\n"), labelled=False))
    assert found.canonical == ("CCO",)
    assert found.y is None
    assert [r.line for r in found.rejected] == [4]


def test_a_label_that_is_no_number_is_no_label(tmp_path: Path):
    found = clean(read_csv(table(tmp_path, "smiles,label\nC,1\nCC,nan\nCCC,0\nCCCC,NaN\nCO,NA\nCN,n/a\nCS, ? \n")))
    assert found.labels == ("0", "1")
    assert [(r.line, r.reason) for r in found.rejected] == [(line, "no label") for line in (3, 5, 6, 7, 8)]
    assert in_order({"0.5", "0.50", "x", "9"}) == in_order(["x", "0.50", "9", "0.5"]) == ["0.5", "0.50", "9", "x"]
    assert in_order(["nan", "10", "2", "cats"]) == in_order(["cats", "2", "10", "nan"]) == ["2", "10", "cats", "nan"]


@pytest.mark.parametrize(
    ("text", "labels"),
    [("smiles,label\nC,1.0\nCC,0\n", ("0", "1")), ("smiles\tclass\nC\tBBB+\nCC\tBBB-\n", ("BBB+", "BBB-")),
     ("\ufeffSMILES,Y\nC,10\nCC,9\nCCC,10\n", ("9", "10")),
     ("smiles,label\nC,True\nCC,FALSE\nCCC,true\n", ("false", "true")), ("smiles,label\rC,1\rCC,0\r", ("0", "1")),
     ("smiles,label\nC,+\nCC,-\n", ("+", "-")), ("smiles,activity\nC,none\nCC,weak\n", ("none", "weak")),
     ("smiles,label\nC,1\nCC,0\nCCC,None\nCO,-\n", ("0", "1")),
     ("smiles,label\nC,True\nCC,False\nCCC,None\nCO,+nan\nCN,<NA>\n", ("false", "true")),
     ("smiles,label\nC,1_2\nCC,12\n", ("12", "1_2")),
     (f"smiles,label\nC,{2**53 + 1}\nCC,{2**53}\nCCC,1e308\n", (f"{2**53}", f"{2**53 + 1}", "1e308")),
     ('"name, as printed, in full";smiles;label\n"a, b";C;1\n"c, d";CC;0\n', ("0", "1"))],
)  # fmt: skip
def test_labels_are_named_in_their_own_order(tmp_path: Path, text, labels):
    assert clean(read_csv(table(tmp_path, text))).labels == labels


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,p_np\nC,1\n", "no column of SMILES"),
        ("smiles,colour\nC,1\n", "no column of labels"),
        ("smiles,label\n", "no rows"),
        ("", "no column of SMILES"),
        (f"smiles,label{'x' * 200_000}\nC,1\n", "not a CSV file"),
        ("smiles,label\nC,1\nCC,1\n", "labels take 1 values"),
        ("smiles,label\n" + "".join(f"{'C' * i},{i}\n" for i in range(1, 30)), "labels take 29 values"),
        ("smiles,label\nxyz,1\nxyy,0\n", r"not a SMILES that RDKit can read \(2 of 2 rows, the first in line 2"),
        ("smiles,label\nC,\nCC,na\n!,1\n", r"no label \(2 of 3 rows, the first in line 2"),
    ],
)
def test_tables_that_cannot_be_used_are_refused_in_one_sentence(tmp_path: Path, text, said):
    with pytest.raises(UserError, match=said):
        clean(read_csv(table(tmp_path, text)))


def test_bytes_that_are_no_text_and_missing_files(tmp_path: Path):
    (tmp_path / "some.csv").write_bytes(b"smiles,label\n\xff\xfe,1\n")
    with pytest.raises(UserError, match="UTF-8"):
        read_csv(tmp_path / "some.csv")
    for name in (f"smiles:{tmp_path}/nothing.csv", "smiles:"):
        with pytest.raises(UserError, match="There is no file"):
            load(DataConfig(name))


# as a data set


def mine(path: Path, n: int = 40) -> str:
    """Alkanes of class 1 and alcohols of class 0; the longest is the only one with a fluorine."""
    rows = "".join(f"{'C' * (i + 1)},1\n{'C' * (i + 1)}O,0\n" for i in range(n // 2)) + "F" + "C" * 60 + "Cl,1\n"
    return f"smiles:{table(path, 'smiles,label' + chr(10) + rows)}"


def test_a_csv_is_a_data_set(tmp_path: Path):
    data = load(DataConfig(mine(tmp_path), smiles=SmilesConfig(folds=4)))
    assert data.spec.kind == "tokens"
    assert data.spec.classes == 2
    assert len(data.train) + len(data.test) == 41
    batch = next(batches(data.test, DataConfig(mine(tmp_path)), 5))
    assert batch.x.dtype == torch.int64
    assert torch.equal(batch.mask, batch.x != PAD)
    again = stream(data.train, DataConfig(mine(tmp_path)), 8, 0)(3)
    assert torch.equal(again.mask, again.x != PAD)
    assert torch.equal(data.train.batch(torch.tensor([1])).x[0], data.train.x[1].long())


def test_vocabulary_and_length_are_those_of_the_training_part(tmp_path: Path):
    """In the fold that holds out the longest molecule, the model hears nothing of its length and its fluorine."""
    seen = []
    for fold in range(4):
        data = load(DataConfig(mine(tmp_path), smiles=SmilesConfig(folds=4, fold=fold)))
        held = data.test.x.shape[1] == 62
        seen.append(held)
        assert data.spec.shape == ((21,) if held else (62,))
        assert ("F" in data.spec.vocabulary) == (not held)
        assert held == bool((data.test.x == UNKNOWN).any())
        assert not (data.train.x == UNKNOWN).any()
    assert sum(seen) == 1


def test_validation_molecules_are_taken_out_with_all_their_spellings(tmp_path: Path):
    smiles = SmilesConfig(folds=4, extra=3)
    name = mine(tmp_path)
    data = load(DataConfig(name, validation=6, smiles=smiles))
    assert len(data.train) == 4 * (41 - len(data.test) - 6)
    assert len(data.validation) == 6
    assert data.spellings.shape[:2] == (len(data.test), 4)
    texts = [decode(part.numpy(), data.spec.vocabulary) for part in (data.train.x, data.validation.x, data.test.x)]
    trained, checked, tested = ({canonical(parse(text)) for text in some if "<" not in text} for some in texts)
    assert not trained & checked
    assert not trained & tested
    assert not checked & tested
    first = data.spellings[:, 0, : data.test.x.shape[1]]
    assert torch.equal(first, data.test.x)
    limited = load(DataConfig(name, limit=5, smiles=smiles))
    assert len(limited.train) == 20


def test_folds_of_one_repeat_share_a_partition_and_each_molecule_is_tested_once(tmp_path: Path):
    name = mine(tmp_path)
    sets = [load(DataConfig(name, smiles=SmilesConfig(folds=4, fold=fold))) for fold in range(4)]
    assert len({data.checksums for data in sets}) == 1
    tested = [decode(d.spellings[:, 0].numpy(), d.spec.vocabulary) for d in sets]
    assert sum(map(len, tested)) == 41
    other = load(DataConfig(name, smiles=SmilesConfig(folds=4, repeat=1)))
    assert other.checksums[0] == sets[0].checksums[0]
    assert other.checksums[1] != sets[0].checksums[1]


@pytest.mark.parametrize(
    ("smiles", "said"),
    [(SmilesConfig(fold=5), "no fold 5"), (SmilesConfig(folds=1), "1 folds"), (SmilesConfig(extra=-1), "negative"),
     (SmilesConfig(split="time"), "can be random, scaffold"), (SmilesConfig(folds=99), "99 folds")],
)  # fmt: skip
def test_settings_that_no_table_can_meet(tmp_path: Path, smiles, said):
    with pytest.raises(UserError, match=said):
        load(DataConfig(mine(tmp_path), smiles=smiles))


# the real file: counts made by others, see the file's own notes


@pytest.mark.bbbp
def test_bbbp_has_the_known_defects():
    rows = dict(describe(DataConfig("bbbp")))
    assert rows["rejected rows"].startswith("11, on lines 61, 63, 393, 616")
    assert rows["contradictory molecules"] == "10 (20 rows) left out"
    assert rows["molecules of each class"] == "0: 465, 1: 1,500"
    assert rows["rows of several fragments"].startswith("105 ")
    assert rows["stereo chemistry"] == "1,280 rows may have it, 721 leave some of it open"
    assert rows["rings: Kekulé"].startswith("844 rows, 99.1%")
    assert rows["rings: lower case"].startswith("777 rows, 51.9%")
    assert float(rows["AUC of length alone"]) == pytest.approx(0.69, abs=0.005)
    assert float(rows["AUC of place in the file alone"]) == pytest.approx(0.79, abs=0.006)
    assert float(rows["AUC of writing of aromatic rings alone"]) == pytest.approx(0.82, abs=0.01)


@pytest.mark.bbbp
def test_bbbp_folds_are_even_and_scaffolds_stay_together():
    found = bbbp.molecules("bbbp")
    assert len(found) == 1965
    groups = np.array(bbbp.scaffolds(found))
    for split in ("random", "scaffold"):
        folds = bbbp.folds("bbbp", SmilesConfig(split=split))
        assert np.bincount(folds.of).tolist() == [393] * 5
        assert np.bincount(folds.of, found.y).tolist() == [300] * 5
    assert all(len(set(folds.of[groups == group])) == 1 for group in set(groups.tolist()))
    assert len(set(groups.tolist())) == 1020


def test_area_by_hand():
    assert area([3, 1, 2, 2], np.array([1, 0, 0, 1])) == (1 + 1 + 1 + 0.5) / 4


def test_classes_of_the_card_are_those_of_the_data(tmp_path: Path):
    """Numbers in their own order, "2.0" being "2": class 1 is 10 there too, and not the 2 that "10" sorts before."""
    path = tmp_path / "numbers.csv"
    path.write_text("smiles,label\nC1=CC=CC=C1,2\nc1ccccc1O,10\nCCO,2.0\nCCN,10\n")
    table = read_csv(path)
    found = card(table)
    assert clean(table).labels == ("2", "10")
    assert found.classes.tolist() == [0, 1, 0, 1]
    assert found.writings["Kekulé"] == (1, 0)
