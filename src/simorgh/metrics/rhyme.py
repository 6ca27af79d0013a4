"""Whether two hemistichs rhyme, told from their letters.

The rhyme of a masnavi is that of the two hemistichs of a beyt. Whole words that end both alike are the radif; the
rhyme proper stands before it. Letters are not sounds: unwritten vowels are not seen, so equal last letters are needed
for a rhyme and do not always suffice.
"""

from collections.abc import Sequence

JOINER = "\u200c"


def words(line: str) -> list[str]:
    """The words of a normalised line; a joiner is no letter."""
    return line.replace(JOINER, "").split()


def without_radif(first: str, second: str) -> tuple[str, str, tuple[str, ...]]:
    """The last word of each line before the words that end both, "" where none is left, and those words in order."""
    a, b = words(first), words(second)
    radif: list[str] = []
    while a and b and a[-1] == b[-1]:
        radif.insert(0, a.pop())
        b.pop()
    return a[-1] if a else "", b[-1] if b else "", tuple(radif)


def rhyming_letters(first: str, second: str) -> int:
    """How many letters the two lines end with alike, before their radif; 0 is no rhyme."""
    a, b, _ = without_radif(first, second)
    count = 0
    while count < min(len(a), len(b)) and a[-1 - count] == b[-1 - count]:
        count += 1
    return count


def rhyme_rate(beyts: Sequence[tuple[str, str]], letters: int = 1) -> float:
    """The share of `beyts` whose hemistichs end in at least `letters` equal letters before their radif."""
    return sum(rhyming_letters(*beyt) >= letters for beyt in beyts) / len(beyts)


def radif_rate(beyts: Sequence[tuple[str, str]]) -> float:
    """The share of `beyts` that have a radif."""
    return sum(bool(without_radif(*beyt)[2]) for beyt in beyts) / len(beyts)
