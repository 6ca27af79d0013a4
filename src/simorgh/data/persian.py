"""One spelling for Persian text: the dozen rules that verse needs, and no more.

The same letter is written with several code points: an Arabic or a Persian yeh, a letter and its mark or the two in
one. A reader sees no difference, a model sees other symbols. Full normalisers (hazm, parsivar, shekar) also join and
split affixes, which can change the metre of a line; nothing of that is done here. Unicode 16 names the code points.
"""

import re
import unicodedata

JOINER = "\u200c"
"""The zero-width non-joiner, which parts two letters inside a word. Part of the spelling, not of rhyme and metre."""

HAMZA = "\u0654"
"""Hamza above: on a silent heh it stands for a ye, so it is a sound and no mark."""

_LETTERS = str.maketrans({
    "ي": "ی", "ى": "ی", "ې": "ی", "ے": "ی", "ك": "ک", "ڪ": "ک", "ہ": "ه", "ھ": "ه", "ە": "ه", "ة": "ه",
    "ٱ": "ا", "\u0640": "",
    **{chr(0x660 + digit): chr(0x6F0 + digit) for digit in range(10)},
    # no-break, thin and narrow spaces; the joiner's cousins of zero width; marks of direction
    **dict.fromkeys(map(chr, (0xA0, 0x2009, 0x202F)), " "),
    **dict.fromkeys(map(chr, (0xAD, 0x200B, 0x200D, 0x200E, 0x200F, 0xFEFF, *range(0x202A, 0x202F))), ""),
})  # fmt: skip
_MARKS = re.compile("[\u064b-\u0652\u0670]")
_PUNCTUATION = re.compile(r"[،؛؟۔٪٫٬…«»“”‘’‹›–—!-/:-@\[-`{-~]")
_HAMZA = re.compile(f"ی([\u064b-\u0652\u0670]*){HAMZA}")
_JOINERS = re.compile(f"{JOINER}+")
_SPACES = re.compile(rf"{JOINER}*\s[\s{JOINER}]*")


def normalise(text: str, marks: bool = False, punctuation: bool = False) -> str:
    """`text` on one line in one spelling; doing it twice changes nothing more.

    NFC; Persian yeh, kaf and heh and Persian digits in place of their Arabic and Urdu cousins; tatweel, marks of
    direction and spaces of zero width out; every white space one plain space, none at the ends; one joiner at a time,
    none beside a space. The marks of short vowels and doubling stay where `marks` says so, punctuation where
    `punctuation` does (without it, a space takes its place).
    """
    # Taken apart first: a mark between a letter and its hamza must not keep the two from being composed.
    text = unicodedata.normalize("NFD", text).translate(_LETTERS)
    if not marks:
        text = _MARKS.sub("", text)
    if not punctuation:
        text = _PUNCTUATION.sub(" ", text)
    text = _HAMZA.sub(r"ئ\1", unicodedata.normalize("NFC", text))
    text = _SPACES.sub(" ", _JOINERS.sub(JOINER, text))
    return text.strip(f" {JOINER}")
