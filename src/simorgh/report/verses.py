"""Generated beyts for people: on the terminal, as a table of text, and as a page that reads from right to left."""

import html
from collections.abc import Sequence
from pathlib import Path

from simorgh.data.tokenisers import Beyt
from simorgh.evaluate.continuing import Said
from simorgh.report.export import save_text

HEADER = ("hemistich_1", "hemistich_2", "rhymes", "scans", "hemistichs_copied", "ended")
_HEADINGS = ("مصراع نخست", "مصراع دوم", "قافیه دارد", "وزن دارد", "مصراع‌های رونوشت", "به پایان رسید")
_STYLE = """
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; line-height: 2; color: #1c1c1e; background: #fff;
  font-family: Vazirmatn, "Noto Naskh Arabic", "Geeza Pro", "Segoe UI", Tahoma, "DejaVu Sans", sans-serif; }
table { border-collapse: collapse; width: 100%; border-block: 1.5px solid; }
th, td { padding: .2rem .8rem; text-align: start; }
th { border-bottom: 1px solid; font-size: .85rem; }
th small { display: block; font-weight: normal; color: #66666e; }
.half { white-space: nowrap; }
.mark { text-align: center; }
"""


def halves(said: Said) -> tuple[str, str]:
    """Both hemistichs, each on one line: pieces of bytes can spell a tab or a line end."""
    first, second = (" ".join(half.split()) for half in said.beyt)
    return first, second


def marks(said: Said) -> tuple[str, ...]:
    """yes, no, or how many hemistichs; a dash where that cannot be known."""
    answer = {True: "yes", False: "no"}
    copied = "–" if said.copied is None else str(said.copied)
    return answer[said.rhymes], answer[said.scans], copied, answer[said.ended]


def as_text(said: Sequence[Said]) -> str:
    """A tab-separated table with a header, one answer a line."""
    return "".join("\t".join(row) + "\n" for row in [HEADER, *((*halves(s), *marks(s)) for s in said)])


def as_page(prompt: Beyt | None, said: Sequence[Said], title: str) -> str:
    """One HTML page from right to left, which fetches nothing: the prompt, then a row an answer."""
    signs = {"yes": "✓", "no": "✗"}
    escape = html.escape
    asked = f"<p>{escape(prompt[0])}<br>{escape(prompt[1])}</p>\n" if prompt else ""
    headings = [f'<th class="{"mark" if i > 1 else "half"}">{fa}<small dir="ltr">{en.replace("_", " ")}</small></th>'
                for i, (fa, en) in enumerate(zip(_HEADINGS, HEADER))]  # fmt: skip
    rows = []
    for s in said:
        cells = [f'<td class="half">{escape(half)}</td>' for half in halves(s)]
        cells += [f'<td class="mark">{signs.get(mark, mark)}</td>' for mark in marks(s)]
        rows.append(f"<tr>{''.join(cells)}</tr>\n")
    return (
        '<!DOCTYPE html>\n<html lang="fa" dir="rtl">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'<p dir="ltr">{escape(title)}</p>\n{asked}<table>\n<thead><tr>{"".join(headings)}</tr></thead>\n'
        f"<tbody>\n{''.join(rows)}</tbody>\n</table>\n</body>\n</html>\n"
    )


def save_verses(path: Path, prompt: Beyt | None, said: Sequence[Said], title: str) -> tuple[Path, Path]:
    """Write `path`, a .txt, and the page of the same name beside it, an .html."""
    return save_text(path, as_text(said)), save_text(path.with_suffix(".html"), as_page(prompt, said, title))


def show_verses(said: Sequence[Said]) -> None:
    """Print each answer, and below it what is true of it. Its letters stand alone on their line: no mark beside them
    for a terminal to put into another order."""
    for s in said:
        rhymes, scans = ("rhymes" if s.rhymes else "no rhyme"), ("scans" if s.scans else "does not scan")
        copied = "" if s.copied is None else f", {s.copied} of 2 hemistichs copied from training"
        print(f"{' / '.join(halves(s))}\n    {rhymes}, {scans}{copied}{'' if s.ended else ', cut off'}")
