"""The words of figures and tables in Persian.

Figures are drawn once, in English; a Vocabulary then puts Persian in the place of their labels, titles, legends and
ticks, and of the headers of tables. Names of models and metrics, symbols and numbers stay as they are.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text

from simorgh.report.style import ltr


def is_persian(text: str) -> bool:
    """Whether some letter of `text` is written from right to left."""
    return any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)


@dataclass(frozen=True)
class Vocabulary:
    """What is said in Persian.

    Attributes:
        words: whole labels. Spaces around one, by which diagrams tell equal names apart, do not count. What stands in
            braces is isolated, so that it keeps its own order.
        forms: patterns (regular expressions) of labels with a part that changes; the groups of the pattern, isolated
            or, where they are words themselves, in Persian, stand in the braces, in order.
    """

    words: Mapping[str, str]
    forms: Mapping[str, str]

    def persian(self, text: str) -> str:
        """`text` in Persian if its words are known, else as it is."""
        word = text.strip()
        if word in self.words:
            return re.sub(r"\{(.*?)\}", lambda piece: ltr(piece[1]), self.words[word])
        for pattern, form in self.forms.items():
            if found := re.fullmatch(pattern, word):
                return form.format(*(self.words.get(part, ltr(part)) for part in found.groups()))
        return text

    def translate(self, figure: Figure) -> None:
        """Put Persian in the place of all labels of `figure` that are known."""
        for axes in figure.axes:
            for axis in (axes.xaxis, axes.yaxis):
                self._ticks(axis)
        for label in figure.findobj(Text):
            label.set_text(self.persian(label.get_text()))

    def _ticks(self, axis: Axis) -> None:
        """Ticks are written anew at every drawing, so their words are set on the axis."""
        held = [tick.get_text() for tick in axis.get_ticklabels()]
        words = [self.persian(text) for text in held]
        if words != held:
            axis.set_ticks(axis.get_ticklocs(), words)


REPORTS = Vocabulary(
    words={
        "step": "گام",
        "samples": "نمونه‌های دیده‌شده",
        "epoch": "دور",
        "nats": "نات",
        "nats per image": "نات برای هر تصویر",
        "input": "ورودی",
        "output": "خروجی",
        "|difference|": "قدر مطلق تفاوت",
        "class": "رده",
        "training": "آموزش",
        "validation": "اعتبارسنجی",
        "trial": "آزمایش",
        "best so far": "بهترین تا این‌جا",
        "value": "مقدار",
        "setting": "تنظیم",
        "short name": "نام کوتاه",
        "values": "مقدارها",
        "state": "وضعیت",
        "finished": "تمام",
        "pruned": "قطع‌شده",
        "failed": "شکست‌خورده",
        "seconds": "ثانیه",
        "seed": "بذر",
        "run": "اجرا",
        "name": "نام",
        "protocol": "قرارداد",
        "reason": "دلیل",
        "value [95 % interval]": "مقدار [بازهٔ ۹۵ درصد]",
        "share of the variance of the value": "سهم از واریانس مقدار",
        "snapshot": "برداشت",
        "pass over the training part": "دور روی بخش آموزش",
    },
    forms={
        r"seed (\d+)": "بذر {}",
        r"class (\S+)": "ردهٔ {}",
    },
)
"""What the figures and tables of every report say."""

UNITS = {
    "nats": "نات",
    "nats/image": "نات بر تصویر",
    "nats/code": "نات بر کد",
    "nats/symbol": "نات بر نشانه",
    "bits/image": "bit بر تصویر",
    "bits/dimension": "bit بر بُعد",
    "bits/character": "bit بر نویسه",
    "bits/beyt": "bit بر بیت",
    "squared feature units": "مربع واحد ویژگی",
    "judge feature units": "واحد ویژگی داور",
    "share": "",
    "chance": "",
    "probability": "",
    "score from 0 to 1": "امتیاز از ۰ تا ۱",
    "codes": "کد",
    "symbols": "نشانه",
    "modes": "مد",
    "images": "تصویر",
    "steps": "گام",
    "s": "ثانیه",
    "ms": "میلی‌ثانیه",
    "squared grey level (0 to 1)": "مربع سطح خاکستری (۰ تا ۱)",
    "standard deviations": "انحراف معیار",
    "of the test images' distance": "از فاصلهٔ تصویرهای آزمون",
    "of the variance of all training pixels": "از واریانس همهٔ پیکسل‌های آموزش",
    "of the real variance": "از واریانس واقعی",
    "share of the variance": "سهم از واریانس",
}
"""Units of measurements; the others stand as they are, and a number from 0 to 1 needs none. A bit stays Latin, for its
Persian spelling is a couplet."""
