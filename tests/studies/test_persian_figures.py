"""The words of figures on a Persian page."""

import ast
import re
from pathlib import Path

import pytest
from matplotlib.figure import Figure

import simorgh
from simorgh.report.style import ltr, use_style
from simorgh.studies._persian import STUDIES

SOURCES = [*Path(simorgh.__file__).parent.glob("studies/*.py"), *Path(simorgh.__file__).parent.glob("report/**/*.py")]
PLACES = {"xlabel", "ylabel", "title", "label", "row_labels", "col_labels", "reference_label"}
CALLS = {"set_xlabel", "set_ylabel", "set_title", "text", "annotate", "block_diagram"}
NAMES = {
    "WGAN", "VAE", "BCE", "LSTM", "logits", "conv", "fd-digits", "beta", "log", "fd", "nll", "SiLU", "GELU", "norm",
    "Pixel", "Shuffle", "Net", "att", "loss", "dropout", "tanh", "n-grams", "ddpm", "all",
}  # fmt: skip
"""Names and signs of formulas, alike in both languages."""


def labels(node: ast.AST) -> list[str]:
    """The constant texts below `node`, but for those that a study says in both languages."""
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "pick":
        return []
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr | ast.Subscript):
        return []
    return [text for child in ast.iter_child_nodes(node) for text in labels(child)]


def written() -> dict[str, str]:
    """Every label that a figure of the studies is given as a constant, and the file that it stands in."""
    found = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                given = [k.value for k in node.keywords if k.arg in PLACES] + (node.args if name in CALLS else [])
                given += node.args[:1] if name == "figure" else []  # words that a function is handed for its picture
                found |= {text: path.name for value in given for text in labels(value)}
    return found


def test_every_label_has_its_persian():
    unknown = {
        text: name
        for text, name in written().items()
        if STUDIES.persian(text) == text
        and not re.fullmatch(r"\w+/\w+|[a-z]+([-_][a-z]+)+", text)  # keys of a history, names of recipes and metrics
        and {*re.findall(r"[A-Za-z][a-z-]{2,}", text)} - NAMES
    }
    assert not unknown, f"labels of figures that neither persian.py nor _persian.py knows: {unknown}"


def test_no_word_is_kept_for_nobody():
    said = {
        node.value.strip()
        for path in Path(simorgh.__file__).parent.rglob("*.py")
        if path.name not in ("persian.py", "_persian.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    unused = {*STUDIES.words} - said
    assert not unused, f"persian.py and _persian.py translates what no figure says: {unused}"


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("step", "گام"),
        (" encoder ", "رمزگذار"),
        ("seed 3", f"بذر {ltr('3')}"),
        ("KL, nats", f"{ltr('KL')}، نات"),
        ("d = 8: slope 1.02", f"{ltr('d = 8')}: شیب {ltr('1.02')}"),
        ("elbo/kl", "elbo/kl"),
        ("CCO\nclass 1", f"{ltr('CCO')}\nردهٔ {ltr('1')}"),
        ("by atom", "به تفکیک اتم"),
        ("$z_1$", "$z_1$"),
    ],
)
def test_words_by_hand(label, expected):
    assert STUDIES.persian(label) == expected


def test_all_parts_of_a_figure_are_translated(tmp_path):
    use_style()
    figure = Figure()
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1], label="training")
    left.set(xlabel="step", ylabel="nats", title="WGAN")
    left.legend()
    left.text(0, 0, "D rejects\nthe sample")
    right.barh(["floor", "flow"], [1, 2])
    right.set_xticks([0, 1], ["input", "0.5"])
    STUDIES.translate(figure)
    figure.savefig(tmp_path / "figure.png")
    assert [left.get_xlabel(), left.get_ylabel(), left.get_title()] == ["گام", "نات", "WGAN"]
    assert left.get_legend().get_texts()[0].get_text() == "آموزش"
    assert left.texts[0].get_text() == f"{ltr('D')} نمونه را\nرد می‌کند"
    assert [t.get_text() for t in right.get_yticklabels()] == ["کف", "flow"]
    assert [t.get_text() for t in right.get_xticklabels()] == ["ورودی", "0.5"]


def test_numbers_on_an_axis_stay(tmp_path):
    figure = Figure()
    axes = figure.subplots()
    axes.plot([1, 1000], [0, 1])
    axes.set_xscale("log")
    before = axes.xaxis.get_major_formatter()
    STUDIES.translate(figure)
    assert axes.xaxis.get_major_formatter() is before


def test_braces_stand_in_pairs():
    assert all(re.sub(r"\{[^{}]+\}", "", word).isascii() is False for word in STUDIES.words.values())
    assert not [word for word in STUDIES.words.values() if {*re.sub(r"\{[^{}]+\}", "", word)} & {*"{}"}]
