"""Tables of a page that is read from right to left."""

import base64
import re
from dataclasses import replace

import nbformat
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from simorgh.contracts import Measurement, UserError
from simorgh.report import paper
from simorgh.report.animate import gif
from simorgh.report.notebook import to_html
from simorgh.report.paper import Paper
from simorgh.report.style import ltr
from simorgh.studies._persian import STUDIES


@pytest.fixture
def shown(monkeypatch):
    """The HTML of what a paper shows, in order."""
    pages = []
    monkeypatch.setattr(paper, "display", lambda data, **_: pages.append(data.get("text/html", "")))
    return pages


@pytest.mark.parametrize("lang", ["en", "fa"])
def test_an_animation_loops_and_speaks_the_language_of_its_page(lang, shown, tmp_path):
    """Three frames of 0.2 s, one of them twice: a viewer reads 0.4 s there, and no end."""
    frames = []
    for step in (1, 1, 500, 2000):
        figure = Figure(figsize=(2, 2))
        figure.subplots().set_title(f"step {step:,}")
        frames.append(figure)
    Paper(lang, tmp_path, STUDIES).animation(frames, "walk", "Codes on their way.", "کدها در راه.", seconds=0.2)
    said = [frame.axes[0].get_title() for frame in frames]
    assert ("step 500" in said[2]) == (lang == "en")
    path = tmp_path / "figures" / "walk.gif"
    with Image.open(path) as gif:
        assert gif.info["loop"] == 0
        durations = [(gif.seek(i), gif.info["duration"])[1] for i in range(gif.n_frames)]
    assert durations == [400, 200, 200]
    assert base64.b64encode(path.read_bytes()).decode() in shown[0]


def test_frames_that_make_no_animation_are_refused():
    with pytest.raises(UserError, match="at least one"):
        gif([])
    with pytest.raises(UserError, match="different sizes"):
        gif([np.zeros((2, 2)), np.zeros((2, 3))])


def cells(page: str) -> list[str]:
    return re.findall(r"<t[dh]\b[^>]*>.*?</t[dh]>", page)


def test_what_is_not_persian_keeps_its_order_in_a_persian_table(shown):
    """An interval as text: without the isolation its ends and brackets change places."""
    row = ["191.0 [188.2, 193.8]", "VAE 2-D", "زیر ۱ نات", f"{ltr('−log p(x)')} یا کمتر", 3]
    Paper("fa").table(["مدل", *["−log p, k = 5"] * 4], [row], en="", fa="")
    *head, interval, name, persian, mixed, number = cells(shown[-1])
    assert head[0] == '<th class="word">مدل</th>'
    assert head[1] == '<th class="word"><bdi dir="ltr">−log p, k = 5</bdi></th>'
    assert interval == '<td><bdi dir="ltr">191.0 [188.2, 193.8]</bdi></td>'
    assert name == '<td><bdi dir="ltr">VAE 2-D</bdi></td>'
    assert persian == '<td dir="rtl">زیر ۱ نات</td>'
    assert mixed.startswith('<td dir="rtl">'), "what is isolated says nothing about the text around it"
    assert number == '<td class="num"><bdi dir="ltr">3</bdi></td>'


@pytest.mark.parametrize(
    ("lang", "expected"), [("fa", '<td dir="rtl">{}</td>'), ("en", '<td><bdi dir="ltr">{}</bdi></td>')]
)
def test_a_persian_sentence_may_begin_with_a_latin_name(shown, lang, expected):
    Paper(lang).table(["a"], [["AUC تنها از طول رشته"]], en="", fa="")
    assert cells(shown[-1])[1] == expected.format("AUC تنها از طول رشته")


def test_figures_and_headers_speak_the_language_of_the_page(shown):
    for lang, word, header in (("en", "step", "setting"), ("fa", "گام", "تنظیم")):
        figure = Figure()
        figure.subplots().set_xlabel("step")
        page = Paper(lang)
        page.figure(figure, "curve", en="", fa="")
        assert figure.axes[0].get_xlabel() == word
        page.table(["setting"], [["step"]], en="", fa="")
        assert header in cells(shown[-1])[0]
        assert "step" in cells(shown[-1])[1], "what stands in a table is no label"


def test_measurements_have_their_unit_and_floor_in_persian(shown):
    m = Measurement("fd_digits", 22.27, 21.0, 23.5, 200, "squared feature units", "", "", floor=0.1472)
    for lang, expected in (
        ("en", '<td class="num"><bdi dir="ltr">22.3 [21.0, 23.5] squared feature units (floor 0.1)</bdi></td>'),
        ("fa", f'<td class="num" dir="rtl">{ltr("22.3 [21.0, 23.5]")} مربع واحد ویژگی (کف {ltr("0.1")})</td>'),
    ):
        Paper(lang).table(["a"], [[m]], en="", fa="")
        assert cells(shown[-1])[1] == expected
    Paper("fa").table(["a"], [[replace(m, unit="10^-3 MMD^2", floor=None)]], en="", fa="")
    assert ltr("22.3 [21.0, 23.5] 10^-3 MMD^2") in cells(shown[-1])[1], "a unit without Persian stays with its number"


def test_labels_in_cells_are_put_into_persian_where_asked():
    assert [Paper(lang).word("seed 3") for lang in ("en", "fa")] == ["seed 3", f"بذر {ltr('3')}"]
    assert Paper("fa").word("WGAN") == "WGAN"


@pytest.mark.parametrize(
    ("title", "lang", "expected"),
    [("VQ-VAE و کدها", "fa", "rtl"), ("vae-mlp (seed 0)", "fa", "ltr"), ("Codes of VQ-VAE", "en", "ltr")],
)
def test_a_persian_title_may_begin_with_a_latin_name(title, lang, expected):
    page = to_html(nbformat.v4.new_notebook(), title, lang)
    assert f'<h1><bdi dir="{expected}">{title}</bdi></h1>' in page


def test_a_row_that_does_not_fit_the_header_is_refused():
    with pytest.raises(UserError, match="2 cells and the header 1"):
        Paper().table(["a"], [["b", "c"]], en="", fa="")
