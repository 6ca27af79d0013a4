r"""Whether a hemistich can be read in the metre of the Shahnameh: fa'ulun fa'ulun fa'ulun fa'al.

The metre (motaqareb-e mosamman-e mahzuf) has eleven syllables, short (.) or long (-), the last one free:

    . - -  . - -  . - -  . -

Persian leaves short vowels unwritten, so the letters allow many readings; this automaton follows all of them at once
and asks whether one of them fits. No dictionary is used: a line that is refused cannot be read in the metre (but for
what is listed below), a line that is accepted can be, which is necessary and not sufficient. Rules of scansion after
Thiesen 1982 (A Manual of Classical Persian Prosody) and Elwell-Sutton 1976 (The Persian Metres).

A syllable is a consonant, a vowel and up to three more consonants; the last consonant before a vowel begins the next
syllable. With a short vowel: none after it makes it short, one long, two or three long and short. With a long vowel:
none makes it long, one or two long and short, but n straight after a long vowel does not count. So

    letter      may be
    consonant   itself, or itself and an unwritten short vowel
    alef        at the start of a word a short vowel, or the seat of a following vav or ye, each with a glottal stop or
                joined to the consonant before it; inside a word the long a, or a short vowel (compounds: sar-anjam)
    alef madda  the long a, with a glottal stop or joined
    vav         v, the long u, a short o, or silent after kh (khish, khab); alone, "and": o, va
    ye          y, the long i, the i that is short before a vowel (giyah)
    heh         h; at the end of a word also a short e
    hamza       itself; above heh the e of the ezafe with its y

A short vowel at the end of a word may count as long. Not followed: doubled consonants (unwritten), vowels dropped
inside a word, other contractions.

All readings are kept as one integer for each state of the syllable: bit k is set where k syllables are done.
"""

from collections.abc import Sequence

from simorgh.metrics.rhyme import JOINER

PATTERN = ".--.--.--.-"
_LAST = len(PATTERN) - 1
_SHORT = sum(1 << k for k, weight in enumerate(PATTERN) if weight == "." or k == _LAST)
_LONG = sum(1 << k for k, weight in enumerate(PATTERN) if weight == "-" or k == _LAST)
_BOTH = sum(1 << k for k in range(_LAST) if PATTERN[k : k + 2] == "-.")

# States of the syllable: nothing read; its first consonant; a short vowel and 0 to 3 consonants; a long one and so on.
_NOTHING, _ONSET, _S0, _S1, _S2, _S3, _L0, _L1, _L2, _L3 = range(10)
_AFTER_CONSONANT = {_NOTHING: _ONSET, _S0: _S1, _S1: _S2, _S2: _S3, _L0: _L1, _L1: _L2, _L2: _L3}

_BOUNDARY = f" {JOINER}"
_HAMZA = "\u0654"
States = tuple[int, ...]
_NONE: States = (0,) * 10


def _short(done: int) -> int:
    return (done & _SHORT) << 1


def _long(done: int) -> int:
    return (done & _LONG) << 1


def _overlong(done: int) -> int:
    return (done & _BOTH) << 2


def _join(*readings: States) -> States:
    out = readings[0]
    for other in readings[1:]:
        out = tuple(map(int.__or__, out, other))
    return out


def _consonant(s: States, letter: str = "") -> States:
    out = [0] * 10
    for state, after in _AFTER_CONSONANT.items():
        out[after] |= s[state]
    if letter == "ن":
        out[_L0] |= s[_L0]
    return tuple(out)


def _vowel(s: States, to: int) -> States:
    """A vowel: the last consonant becomes its own, what is left before it is a syllable done."""
    done = s[_ONSET] | _short(s[_S1]) | _long(s[_S2] | s[_L1]) | _overlong(s[_S3] | s[_L2] | s[_L3])
    return tuple(done if state == to else 0 for state in range(10))


def _sounded(s: States, letter: str) -> States:
    """A consonant, with or without an unwritten short vowel."""
    bare = _consonant(s, letter)
    return _join(bare, _vowel(bare, _S0))


def _start(s: States) -> States:
    """The first consonant of a word: it begins a syllable, and all before it are done."""
    done = s[_NOTHING] | _short(s[_S0]) | _long(s[_S0] | s[_S1] | s[_L0]) | _overlong(s[_S2] | s[_L1] | s[_L2])
    return tuple(done if state == _ONSET else 0 for state in range(10))


def _first(s: States, letter: str, after: str) -> States:
    """All readings of the first letter of a word."""
    stop = _join(s, _start(s))  # joined to the consonant before it, or with a glottal stop
    if letter == "آ":
        return _vowel(stop, _L0)
    if letter == "ا":
        return _join(_vowel(stop, _S0), stop) if after in ("و", "ی") else _vowel(stop, _S0)
    onset = _start(s)
    sounded = _join(onset, _vowel(onset, _S0))
    return _join(sounded, _vowel(s, _S0)) if letter == "و" and after in _BOUNDARY else sounded


def _next(s: States, letter: str, before: str, ends: bool) -> States:
    """All readings of a letter inside a word or at its end."""
    if letter in "آا":
        return _join(_vowel(s, _L0), _vowel(s, _S0)) if letter == "ا" else _vowel(s, _L0)
    if letter == "و":
        readings = [_sounded(s, letter), _vowel(s, _L0), _vowel(s, _S0)]
        if before == "خ":
            readings.append(s)
        return _join(*readings)
    if letter == "ی":
        return _join(_sounded(s, letter), _vowel(s, _L0), _sounded(_vowel(s, _S0), letter))
    if letter == "ه" and ends:
        return _join(_sounded(s, letter), _vowel(s, _S0))
    return _sounded(s, letter)


def scans(line: str) -> bool:
    """Whether a normalised hemistich can be read in the metre."""
    s: States = tuple(int(state == _NOTHING) for state in range(10))
    padded = f" {line} "
    for before, letter, after in zip(padded, padded[1:], padded[2:]):
        if letter in _BOUNDARY:
            continue
        if letter == _HAMZA:
            s = _join(s, _vowel(_consonant(s), _S0))
        elif before == " " or (before == JOINER and letter in "آا"):
            s = _first(s, letter, after)
        else:
            s = _next(s, letter, before, after in _BOUNDARY + _HAMZA)
        if not any(s):
            return False
    last = 0
    for state in range(_S0, len(s)):
        last |= s[state]
    return bool(last >> _LAST & 1)


def scan_rate(lines: Sequence[str]) -> float:
    """The share of `lines` that can be read in the metre."""
    return sum(map(scans, lines)) / len(lines)
