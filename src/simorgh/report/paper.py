"""What a notebook writes: numbered figures with captions below, numbered tables with titles above, analysis text.

Used inside an executed notebook; every call shows its result as an output of the current cell, so that a figure
in the report is always in the notebook too.
"""

import base64
import html
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from IPython.display import display
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from simorgh.contracts import Measurement
from simorgh.errors import UserError
from simorgh.files import write
from simorgh.report.animate import gif
from simorgh.report.numbers import Cell, digits, number
from simorgh.report.persian import REPORTS, UNITS, Vocabulary, is_persian
from simorgh.report.style import ltr, use_style

WORDS = {"en": {"figure": "Figure", "table": "Table"}, "fa": {"figure": "شکل", "table": "جدول"}}


class Paper:
    """Numbers figures and tables, and speaks one language.

    Args:
        lang: "en" or "fa". In Persian text numbers and formulas stay left to right in one piece.
        out: folder that receives figures/<name>.png and results.json; None keeps nothing.
        vocabulary: the Persian of the words in figures and in headers of tables.
    """

    def __init__(
        self,
        lang: str = "en",
        out: Path | str | None = None,
        vocabulary: Vocabulary = REPORTS,
    ):
        if lang not in WORDS:
            raise UserError(f"the language {lang!r} is not known; it can be {' or '.join(WORDS)}.")
        self.lang, self.out, self.vocabulary = lang, None if out is None else Path(out), vocabulary
        self._figures = self._tables = 0
        use_style()

    def pick(self, en: Any, fa: Any) -> Any:
        """The one of the two (texts, or lists of them) that this report is written in."""
        return fa if self.lang == "fa" else en

    def word(self, label: str) -> str:
        """A label as figures say it: in Persian on a Persian page, where the vocabulary knows it."""
        return self.pick(label, self.vocabulary.persian(label))

    def figure(self, figure: Figure, name: str, en: str, fa: str) -> None:
        """Save `figure` as figures/<name>.png and show it, its words in this report's language, with a numbered
        caption (markdown) below."""
        import matplotlib.pyplot as plt

        self._figures += 1
        buffer = io.BytesIO()
        if self.lang == "fa":
            self.vocabulary.translate(figure)
        figure.savefig(buffer, format="png")
        # Figures made by pyplot are closed, so that nothing shows them a second time.
        plt.close(figure)
        if self.out is not None:
            write(self.out / "figures" / f"{name}.png", buffer.getvalue())
        alt = self._alternative(en, fa)
        width = round(figure.get_figwidth() * 96 * 1.15)
        data = {"image/png": buffer.getvalue(), "text/plain": alt}
        display(data, raw=True, metadata={"image/png": {"alt": alt, "width": width}})
        self._markdown(self._numbered("figure", self._figures, en, fa), "caption")

    def animation(
        self, frames: Iterable[ArrayLike | Figure], name: str, en: str, fa: str, seconds: float = 0.1, scale: int = 1
    ) -> None:
        """Save `frames` as figures/<name>.gif, which loops, and show it as `figure` does; the last two arguments are
        those of `animate.gif`. It stands in the page as HTML, for exporters leave image/gif out."""
        self._figures += 1
        frames = list(frames)
        if self.lang == "fa":
            for frame in frames:
                if isinstance(frame, Figure):
                    self.vocabulary.translate(frame)
        content = gif(frames, seconds, scale)
        if self.out is not None:
            write(self.out / "figures" / f"{name}.gif", content)
        alt = self._alternative(en, fa)
        source = f"data:image/gif;base64,{base64.b64encode(content).decode()}"
        data = {"text/html": f'<img src="{source}" alt="{_escape(alt)}">', "text/plain": alt}
        display(data, raw=True, metadata={"simorgh": "animation"})
        self._markdown(self._numbered("figure", self._figures, en, fa), "caption")

    def _alternative(self, en: str, fa: str) -> str:
        """The caption in plain letters, for those who do not see the picture."""
        return re.sub(r"[$*]|</?bdi[^>]*>", "", self.pick(en, fa))

    def table(self, header: Sequence[str], rows: Sequence[Sequence[object]], en: str, fa: str) -> None:
        """Show a table with a numbered title (markdown) above. Cells are text, numbers, Measurements (value with
        interval and unit) or None (a dash); numbers are right-aligned and read left to right."""
        for row in rows:
            if len(row) != len(header):
                raise UserError(f"table {en!r}: a row has {len(row)} cells and the header {len(header)}.")
        if self.lang == "fa":
            header = [self.vocabulary.persian(title) for title in header]
        self._tables += 1
        self._markdown(self._numbered("table", self._tables, en, fa), "title")
        numeric = [rows and all(_is_number(row[i]) for row in rows) for i in range(len(header))]
        kinds = ["num" if n else "word" for n in numeric]
        head = "".join(f'<th class="{kind}">{self._piece(_escape(h))}</th>' for h, kind in zip(header, kinds))
        body = "".join(f"<tr>{''.join(self._cell(c) for c in row)}</tr>\n" for row in rows)
        table = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>"
        plain = "\n".join("\t".join(self._text(c) for c in row) for row in [header, *rows])
        display({"text/html": table, "text/plain": plain}, raw=True, metadata={"simorgh": "table"})

    def say(self, en: str, fa: str) -> None:
        """Analysis text (markdown), written from measured numbers."""
        self._markdown(self.pick(en, fa), "text")

    def _cell(self, cell: object) -> str:
        text = _escape(self._text(cell))
        if self._is_persian(text) and _is_number(cell):
            return f'<td class="num" dir="rtl">{text}</td>'
        if _is_number(cell):
            return f'<td class="num"><bdi dir="ltr">{text}</bdi></td>'
        return f'<td dir="rtl">{text}</td>' if self._is_persian(text) else f"<td>{self._piece(text)}</td>"

    def _text(self, cell: object) -> str:
        if cell is None:
            return "–"
        if isinstance(cell, Measurement) and self.lang == "fa":
            spread = cell.high - cell.low if None not in (cell.low, cell.high) else None
            known = cell.unit in UNITS
            text = ltr(number(cell, unit=not known, floor=False)) + (f" {UNITS[cell.unit]}".rstrip() if known else "")
            return text if cell.floor is None else f"{text} (کف {ltr(digits(cell.floor, spread))})"
        if isinstance(cell, Measurement):
            return number(cell)
        return digits(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else str(cell)

    def _piece(self, text: str) -> str:
        """`text` of a cell; left to right and in one piece, unless it is Persian. Without that the brackets and the
        ends of an interval change places on a Persian page."""
        return text if self._is_persian(text) else f'<bdi dir="ltr">{text}</bdi>'

    def _is_persian(self, text: str) -> bool:
        """Whether a cell is written from right to left. On a Persian page one Persian letter will do, for a sentence
        may begin with a Latin name; on an English one the first letter decides. Isolated pieces do not count."""
        said = re.sub(f"{ltr('.*?')}", "", text)
        strong = [c for c in said if unicodedata.bidirectional(c) in ("L", "R", "AL")]
        return is_persian(said if self.lang == "fa" else "".join(strong[:1]))

    def _numbered(self, kind: str, count: int, en: str, fa: str) -> str:
        return f"**{WORDS[self.lang][kind]} {count}.** {self.pick(en, fa)}"

    def _markdown(self, text: str, role: str) -> None:
        plain, text = text, f'<div dir="rtl" lang="fa">\n\n{text}\n\n</div>' if self.lang == "fa" else text
        display({"text/markdown": text, "text/plain": plain}, raw=True, metadata={"simorgh": role})


def _is_number(cell: object) -> bool:
    return cell is None or isinstance(cell, int | float | Measurement | Cell)


def _escape(text: object) -> str:
    return html.escape(str(text), quote=False)
