"""Captchas: outlines against Pillow's own letters, pictures that are pure functions and stay inside, folders."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from simorgh.contracts import UserError
from simorgh.data import DATASETS, DataConfig, captcha, captcha_sets, describe, load
from simorgh.data.captcha import FACES, HEIGHT, LENGTH, SIGNS, WIDTH, draw, signs_of, small, spell
from simorgh.data.captcha_sets import drawn
from simorgh.noise import philox
from simorgh.train.experiment import from_dict, to_dict


def filled(outlines: list, size: int = 400, side: int = 800) -> np.ndarray:
    """(side, side) bool: the outlines of one sign, as `draw` fills them, at `size` pixels an em about the middle."""
    canvas = Image.new("L", (side, side))
    for points, ink in outlines:
        ImageDraw.Draw(canvas).polygon((points * size + side / 2).ravel().tolist(), fill=255 * ink)
    return np.asarray(canvas) > 0


@pytest.mark.parametrize("face", FACES)
def test_outlines_are_the_letters_that_pillow_writes(face):
    """FreeType fills the same letters by itself; they are laid on one another by their boxes."""
    import matplotlib

    font = ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/{face}.ttf", 400)
    for sign, (outlines, width) in zip(SIGNS, captcha._face(face)):
        canvas = Image.new("L", (800, 800))
        ImageDraw.Draw(canvas).text((200, 100), sign, font=font, fill=255)
        pair = []
        for image in (np.asarray(canvas) > 127, filled(outlines)):
            rows, columns = np.nonzero(image)
            box = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            pair.append(np.asarray(Image.fromarray(box).resize((100, 100), Image.Resampling.NEAREST)))
            assert box.shape[1] == pytest.approx(width * 400, abs=3), sign
        assert (pair[0] & pair[1]).sum() / (pair[0] | pair[1]).sum() > 0.93, f"{sign} of {face}"


def test_outlines_are_fine_enough_to_bend():
    for face in FACES:
        for outlines, _ in captcha._face(face):
            for points, _ in outlines:
                assert np.hypot(*(points - np.roll(points, 1, 0)).T).max() <= 0.08 + 1e-9


@given(signs=st.lists(st.integers(0, len(SIGNS) - 1), min_size=LENGTH, max_size=LENGTH), seed=st.integers(0, 10_000))
@settings(deadline=None, max_examples=60)
def test_signs_stand_in_order_inside_the_picture_and_can_be_told_from_its_ground(signs, seed):
    rng = philox("test captcha", seed)
    bend = captcha._wave(rng)
    outlines = [(bend(points), ink) for points, ink in captcha._text(signs, rng)]
    assert all((points >= 1).all() and (points <= (WIDTH - 1, HEIGHT - 1)).all() for points, _ in outlines)
    places = [points[:, 0].mean() for points, _ in outlines]
    counts = [len(captcha._face(FACES[0])[sign][0]) for sign in signs]  # all faces have as many outlines of a sign
    starts = np.cumsum([0, *counts])
    means = [np.mean(places[a:b]) for a, b in zip(starts, starts[1:])]
    assert len(places) == starts[-1]
    assert (np.diff(means) > 8).all(), "pixels between the middles of neighbours"
    picture = draw(signs, philox("test captcha", seed))
    dark, light = np.quantile(picture.reshape(3, -1), (0.02, 0.5), axis=1)
    assert (light - dark > 50).all()


def test_a_picture_is_a_pure_function_of_signs_and_noise():
    one, two = ([draw(signs, philox("pure", k)) for signs in ([1, 2, 3, 4, 5], [1, 2, 3, 4, 6])] for k in (0, 0))
    assert np.array_equal(one, two)
    assert not np.array_equal(one[0], one[1])
    assert one[0].shape == (3, HEIGHT, WIDTH)
    assert one[0].dtype == np.uint8
    few, more = drawn("train", 2), drawn("train", 4)
    assert torch.equal(few.x, more.x[:2])
    assert torch.equal(few.factors, more.factors[:2])
    assert not torch.equal(few.x, drawn("test", 2).x)
    assert torch.equal(drawn("train", 2, first=2).x, more.x[2:]), "the numbers go on where another set ends"


@pytest.mark.parametrize("signs", [[0] * 4, [0] * 6, [0, 0, 0, 0, 19], [0, 0, -1, 0, 0]])
def test_what_is_no_text_is_not_drawn(signs):
    with pytest.raises(ValueError, match="shows 5 signs"):
        draw(signs, philox(0))


def test_small_is_the_luma_of_squares():
    image = np.random.default_rng(0).integers(0, 256, (2, 3, 6, 10), dtype=np.uint8)
    found = small(image)
    assert found.shape == (2, 1, 3, 5)
    mean = image.astype(float).reshape(2, 3, 3, 2, 5, 2).mean((3, 5))
    luma = 0.299 * mean[:, 0] + 0.587 * mean[:, 1] + 0.114 * mean[:, 2]
    assert np.abs(found[:, 0] - luma).max() <= 0.5 + 1e-9
    plain = np.repeat(np.repeat(image[0, :, ::2, ::2], 2, 1), 2, 2)
    theirs = np.asarray(Image.fromarray(plain.transpose(1, 2, 0)).convert("L"))[::2, ::2]
    assert np.abs(small(plain)[0].astype(int) - theirs).max() <= 1


def test_texts_are_spelt_and_read_back():
    for text in ("2b827", "ywxpn"):
        assert spell(signs_of(text)) == text
    for text in ("2b82", "2b82a", "2B827", ""):
        with pytest.raises(UserError, match="not a text of 5 signs"):
            signs_of(text)


def test_signs_are_uniform_and_both_parts_share_hardly_a_text(monkeypatch):
    """Of 5,000 x 1,000 pairs of texts about two should be alike; chi-square of 19 cells: mean 18, deviation 6."""
    monkeypatch.setattr(captcha_sets, "draw", lambda signs, rng: 0)
    monkeypatch.setattr(captcha_sets, "small", lambda image: image)
    train, test = (drawn(*part, halved=True).factors for part in (("train", 5000), ("test", 1000)))
    for column in train.T:
        counts = column.bincount(minlength=19).double()
        assert abs(float((counts - 5000 / 19).square().sum() * 19 / 5000) - 18) < 5 * 6
    texts = [set(map(tuple, part.tolist())) for part in (train, test)]
    assert len(texts[0] & texts[1]) < 12


@pytest.fixture(name="few")
def _few(monkeypatch):
    """The named sets with 30 and 10 images in the place of thousands."""
    monkeypatch.setattr(captcha_sets, "TRAIN", 30)
    monkeypatch.setattr(captcha_sets, "TEST", 10)
    monkeypatch.setattr(captcha_sets, "MANY", 20)
    for name in ("captcha", "captcha_small", "captcha_many"):
        monkeypatch.setattr(f"simorgh.data.sources.{name}", getattr(captcha_sets, name).__wrapped__)
        monkeypatch.setitem(load.__globals__["find"].__globals__["_NAMED"], name.replace("_", "-"),
                            getattr(captcha_sets, name).__wrapped__)  # fmt: skip


def test_the_named_sets_are_the_same_pictures_at_two_sizes(few):
    large, little = (load(DataConfig(name)) for name in ("captcha", "captcha-small"))
    for a, b in ((large.train, little.train), (large.test, little.test)):
        assert torch.equal(torch.from_numpy(small(a.x.numpy())), b.x)
        assert torch.equal(a.factors, b.factors)
    assert large.spec.shape == (3, 64, 256)
    assert little.spec.shape == (1, 32, 128)
    assert little.spec.factors == (19,) * 5, "whatever signs a few images happen to show"
    assert "".join(little.spec.vocabulary) == SIGNS
    assert from_dict(type(little.spec), to_dict(little.spec)) == little.spec
    assert large.checksums != little.checksums
    many = load(DataConfig("captcha-many"))
    assert torch.equal(many.test.x, little.test.x)
    assert torch.equal(many.train.x, drawn("train", 50, halved=True).x[30:]), "none that a generator learns from"
    assert {"captcha", "captcha-small", "captcha-many", "captcha:PATH"} <= set(DATASETS)
    assert "sign_5: " in dict(describe(DataConfig("captcha-small")))["values of each factor"]


def save(folder, text: str, seed: int = 0, suffix: str = ".png", mode: str = "RGB") -> None:
    picture = Image.fromarray(draw(signs_of(text), philox("folder", seed)).transpose(1, 2, 0))
    picture.resize((200, 50)).convert(mode).save(folder / f"{text}{suffix}")


TEXTS = ["2b827", "ywxpn", "34567", "8bcde", "fgmnp", "wxy23", "45678", "bcdef", "gmnpw", "xy234"]


def test_a_folder_of_captchas_is_labelled_by_its_names(tmp_path):
    for i, text in enumerate(TEXTS):
        save(tmp_path, text, i, ".jpg" if i % 3 == 0 else ".png", "RGBA" if i % 3 == 1 else "L" if i == 2 else "RGB")
    data = load(DataConfig(f"captcha:{tmp_path}"))
    assert data.spec.shape == (3, 64, 256)
    assert "".join(data.spec.vocabulary) == SIGNS
    assert (len(data.train), len(data.test)) == (9, 1)
    found = {}
    for part in (data.train, data.test):
        found |= {spell(signs): image for signs, image in zip(part.factors.tolist(), part.x.numpy())}
    assert set(found) == set(TEXTS)
    for i, text in enumerate(TEXTS):
        original = draw(signs_of(text), philox("folder", i))
        assert np.abs(small(found[text]).astype(float) - small(original)).mean() < 12, "the picture of its name"
    assert torch.equal(load(DataConfig(f"captcha:{tmp_path}")).train.x, data.train.x)


def test_other_letters_and_digits_make_their_own_vocabulary(tmp_path):
    for i, text in enumerate(TEXTS[:6]):
        save(tmp_path, text, i)
    (tmp_path / "2b827.png").rename(tmp_path / "0zq1a.png")
    data = load(DataConfig(f"captcha:{tmp_path}"))
    assert data.spec.vocabulary == tuple(sorted(set("0zq1a" + "".join(TEXTS[1:6]))))
    texts = [spell(row, data.spec.vocabulary) for p in (data.train, data.test) for row in p.factors.tolist()]
    assert sorted(texts) == sorted(["0zq1a", *TEXTS[1:6]])


def test_bad_files_are_reported_in_one_sentence(tmp_path):
    for i, text in enumerate(TEXTS):
        save(tmp_path, text, i)
    (tmp_path / "2b827.png").write_bytes((tmp_path / "2b827.png").read_bytes()[:200])
    (tmp_path / "ywxpn.png").rename(tmp_path / "Captcha 1.png")
    (tmp_path / "34567.png").rename(tmp_path / "3456A.png")
    with pytest.raises(UserError, match="3 of 10 images") as caught:
        load(DataConfig(f"captcha:{tmp_path}"))
    assert all(name in str(caught.value) for name in ("2b827.png", "3456A.png", "Captcha 1.png"))
    for text in TEXTS[3:5]:
        (tmp_path / f"{text}.png").write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"5 of 10 .* and 2 more\.$") as caught:
        load(DataConfig(f"captcha:{tmp_path}"))
    assert str(caught.value).count("\n") == 0
    with pytest.raises(UserError, match="There is no folder"):
        load(DataConfig("captcha:/no/such/folder"))
