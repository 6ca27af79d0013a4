"""One word for one thing: the Persian of all reports keeps to the terms that the figures use."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXTS = [*sorted((ROOT / "src" / "simorgh").rglob("*.py")), ROOT / "README.fa.md"]

INSTEAD = {
    "آنجا": "آن‌جا",
    "انتروپی": "آنتروپی",
    "اینجا": "این‌جا",
    "باقیمانده": "باقی‌مانده",
    "بازخوانی": "بازیابی (recall)",
    "بهنجارسازی": "نرمال‌سازی",
    "بیت‌اند": "bit است، چون بیت دو مصراع است",
    "پروتکل": "قرارداد",
    "تک‌روشن": "تک‌داغ",
    "جارو": "روبش",
    "خودگردان": "بوت‌استرپ",
    "دانه": "بذر",
    "بذر\u200c": "بذرها، بی نیم‌فاصله: ر به حرف پس از خود نمی‌چسبد",
    "دسته‌بند": "رده‌بند",
    "سیگموئید": "سیگموید",
    "شیوه‌نامه": "قرارداد",
    "مستقیم‌گذر": "عبور مستقیم",
    "ممیز": "تمایزگر",
    "نقاب": "ماسک",
    "یک‌داغ": "تک‌داغ",
}


@pytest.mark.parametrize("word", INSTEAD)
def test_one_thing_has_one_word(word: str):
    start = re.compile(rf"(?<![\u0600-\u06ff\u200c]){word}")
    found = [
        f"{path.name}:{number}"
        for path in TEXTS
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if start.search(line)
    ]
    assert not found, f"say {INSTEAD[word]}"
