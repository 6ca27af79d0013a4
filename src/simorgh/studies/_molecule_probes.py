"""Probes of the study of molecules, as tables, figures and text that follows them: the bins of length, and whether both
ends of a string count alike."""

from collections.abc import Mapping, Sequence

import numpy as np
from rdkit import Chem
from scipy.stats import spearmanr

from simorgh.data.chemistry import parse
from simorgh.data.molecules import Molecules
from simorgh.evaluate.cross_validation import CrossValidation
from simorgh.metrics.bins import Bin, along
from simorgh.metrics.intervals import Interval
from simorgh.studies import _cues as cues
from simorgh.studies import _molecules as mol
from simorgh.studies import kit

BETWEEN = "LSTM − BiLSTM"


def by_length(study: kit.Study, long: np.ndarray, found: Mapping[str, CrossValidation]) -> None:
    """The nets in ten bins of the length `long` (N,) of a molecule's string, first repeat."""
    bins = {k: along(long, cv.y, cv.p[0]) for k, cv in found.items()}
    bins["length"] = along(long, found["FC"].y, 1 / (1 + long))  # short strings said to pass
    better = cues.gaps(long, found["FC"].y, *(found[k].p[0] for k in ("LSTM", "FC")))
    rows = []
    for i, first in enumerate(bins["FC"]):
        inside = long[(long >= first.low) & (long <= first.high)]
        scores = [bins[k][i].auc for k in found]
        rows.append(
            [
                kit.Cell(f"{first.low:.0f}–{first.high:.0f}"),
                first.n,
                kit.Cell(f"{first.base_rate.value:.2f}"),
                kit.Cell(f"{1 - inside.mean() / long.max():.2f}"),
                *(None if s is None else kit.ends(s, 2) for s in scores),
                better[i] and kit.Cell(cues.signed(better[i], 2)),
                bins["length"][i].auc and kit.Cell(f"{bins['length'][i].auc.value:.2f}"),
            ]
        )
    study.table(
        study.pick(
            [
                "characters",
                "molecules",
                "share of class 1",
                "share of pads",
                *(f"AUC {k}" for k in found),
                "LSTM − FC",
                "AUC of length alone",
            ],
            [
                "نویسه",
                "مولکول",
                "سهم ردهٔ ۱",
                "سهم خانهٔ خالی",
                *(f"AUC {k}" for k in found),
                "LSTM − FC",
                "AUC تنها از طول",
            ],
        ),
        rows,
        "Ten bins of length: counts, base rate, padding, and AUC with 95 % intervals (DeLong; for the difference in pairs).",
        "ده دستهٔ طول: شمار، نرخ پایه، خانهٔ خالی و AUC با بازهٔ ۹۵ درصد (DeLong؛ برای اختلاف، جفتی).",
    )
    alone = bins.pop("length")
    study.figure(
        mol.by_length(bins, ("characters", "AUC", "accuracy", "majority")),
        "by-length",
        "Each net in each bin, with 95 % intervals. The step line is what a constant answer gets in its bin.",
        "هر شبکه در هر دسته، با بازهٔ ۹۵ درصد. خط پله‌ای دقت پاسخ ثابت در همان دسته است.",
    )
    cv, short = found["LSTM"], long <= np.median(long)
    _told_along(study, bins, cv.y[short & ((cv.p[0] > 0.5) != cv.y)])
    second = cues.gaps(long, found["FC"].y, *(found[k].p[0] for k in ("BiLSTM", "FC")))
    _told_gap(study, better, second, [b.auc for b in alone])


def _told_along(study: kit.Study, bins: Mapping[str, Sequence[Bin]], wrong: np.ndarray) -> None:
    """How accuracy and rank go along the bins of each net; `wrong` are the labels that the LSTM missed in the shorter
    half."""
    follow = {
        k: float(spearmanr([b.accuracy.value for b in held], [b.majority for b in held]).statistic)
        for k, held in bins.items()
    }
    gain = {k: float(np.mean([b.accuracy.value - b.majority for b in held])) for k, held in bins.items()}
    ranks = {
        k: [
            float(np.mean([b.auc.value for b in part if b.auc]))
            for part in (held[: len(held) // 2], held[len(held) // 2 :])
        ]
        for k, held in bins.items()
    }
    listed = lambda form: ", ".join(f"{k} {form(k)}" for k in bins)  # noqa: E731
    study.say(
        f"Along the bins the rank correlation of accuracy with the share of the larger class is {listed(lambda k: f'{follow[k]:.2f}')}. Above the constant answer of the bin lie, on average, {listed(lambda k: f'{gain[k]:+.3f}')}. Most short molecules pass, so there is little to find out; of the LSTM's {len(wrong)} wrong answers in the shorter half {np.mean(wrong == 0):.0%} are a missed class 0. AUC does not depend on that share: its mean in the shorter and the longer half is {listed(lambda k: f'{ranks[k][0]:.2f} and {ranks[k][1]:.2f}')}.",
        f'در طول دسته‌ها همبستگی رتبه‌ای دقت با سهم ردهٔ بزرگ‌تر <bdi dir="ltr">{listed(lambda k: f"{follow[k]:.2f}")}</bdi> است. فاصله از پاسخ ثابتِ هر دسته به طور میانگین <bdi dir="ltr">{listed(lambda k: f"{gain[k]:+.3f}")}</bdi> است. بیشتر مولکول‌های کوتاه عبور می‌کنند: چیز چندانی برای کشف نیست؛ از {len(wrong)} پاسخ نادرست LSTM در نیمهٔ کوتاه‌تر {100 * np.mean(wrong == 0):.0f}٪ یک ردهٔ ۰ ازدست‌رفته است. ‏AUC به این سهم بسته نیست: میانگین آن در نیمهٔ کوتاه‌تر و بلندتر <bdi dir="ltr">{listed(lambda k: f"{ranks[k][0]:.2f}, {ranks[k][1]:.2f}")}</bdi> است.',
    )


def _told_gap(
    study: kit.Study,
    better: Sequence[Interval | None],
    second: Sequence[Interval | None],
    alone: Sequence[Interval | None],
) -> None:
    """Whether what the LSTM has before the baseline, `better` in each bin, and the BiLSTM, `second`, grows with length;
    `alone` is the AUC of length itself."""
    last = max(1, round(0.3 * len(better)))
    near, far = cues.mean_of(better[:-last]), cues.mean_of(better[-last:])
    grows, told = (
        cues.apart(far, near),
        [cues.mean_of(part) for part in (alone[:-last], alone[-last:])],
    )
    verdict, both = cues.sure(grows), [cues.mean_of(part) for part in (second[:-last], second[-last:])]
    for d, where in ((near, "all but the longest"), (far, "the longest")):
        study.measure(
            "auc_gap",
            *d[:3],
            n=d.n,
            unit="chance",
            protocol=f"mean over the bins of AUC of LSTM minus FC, {where} {last} of {len(better)} bins of length, random split, first repeat",
        )
    study.say(
        f"The baseline has weights for each place, and few training strings reach the late ones: were that what parts it from the LSTM, their gap would grow with length. It is {near.value:+.3f} on average in the shorter bins and {far.value:+.3f} in the {last} longest, a change of {cues.signed(grows)}: "
        + {
            1: "it grows, as that account says.",
            -1: "it shrinks, against that account.",
            0: "no growth that could be told from chance, so that account finds no support here.",
        }[verdict]
        + f" Of the BiLSTM the gap is {both[0].value:+.3f} in the shorter bins and {both[1].value:+.3f} in the longest, a change of {cues.signed(cues.apart(both[1], both[0]))}."
        + (
            " A cause that would show in short strings as well, and is not tested here: the baseline lacks all sharing. What it learns of a fragment at one place it does not know at the next, while the LSTM reads it with the same weights everywhere."
            if verdict <= 0
            else ""
        )
        + f" Length, which pads show to both nets, ranks with an AUC of {told[0].value:.2f} inside the shorter bins and {told[1].value:.2f} in the longest"
        + f"; 0.5 would tell nothing, and the two differ by {cues.signed(cues.apart(told[1], told[0]))}.",
        f"مدل پایه برای هر جا وزن جدا دارد و رشته‌های آموزشیِ کمی به جاهای آخر می‌رسند؛ اگر همین آن را از LSTM جدا می‌کرد، فاصله‌شان با طول بیشتر می‌شد. این فاصله در دسته‌های کوتاه‌تر به طور میانگین {kit.ltr(format(near.value, '+.3f'))} و در {last} دستهٔ بلندتر {kit.ltr(format(far.value, '+.3f'))} است، تغییری به اندازهٔ {kit.ltr(cues.signed(grows))}: "
        + {
            1: "بیشتر می‌شود، چنان که آن توضیح می‌گوید.",
            -1: "کمتر می‌شود، برخلاف آن توضیح.",
            0: "رشدی که از تصادف بازشناختنی باشد نیست؛ پس آن توضیح در این‌جا پشتوانه‌ای ندارد.",
        }[verdict]
        + f" این فاصله برای BiLSTM در دسته‌های کوتاه‌تر {kit.ltr(format(both[0].value, '+.3f'))} و در بلندترین‌ها {kit.ltr(format(both[1].value, '+.3f'))} است، تغییری به اندازهٔ {kit.ltr(cues.signed(cues.apart(both[1], both[0])))}."
        + (
            " علتی که در رشته‌های کوتاه هم خود را نشان می‌دهد و این‌جا آزموده نشده: مدل پایه هیچ وزنی را میان جاها تقسیم نمی‌کند. آنچه از یک پاره در یک جا می‌آموزد در جای بعد نمی‌داند؛ اما LSTM آن را همه جا با همان وزن‌ها می‌خواند."
            if verdict <= 0
            else ""
        )
        + f" طول رشته، که خانه‌های خالی آن را به هر دو شبکه نشان می‌دهند، درون دسته‌های کوتاه‌تر با AUC برابر {told[0].value:.2f} و در بلندترین‌ها {told[1].value:.2f} رتبه‌بندی می‌کند"
        + f"؛ ۰٫۵ یعنی هیچ اطلاعی، و اختلاف این دو {kit.ltr(cues.signed(cues.apart(told[1], told[0])))} است.",
    )


def ends(
    study: kit.Study, table: Molecules, odds: Mapping[str, np.ndarray], right: Mapping[str, np.ndarray],
    tenths: Mapping[str, np.ndarray], made: cues.Walks,
) -> None:  # fmt: skip
    """Whether the recurrent nets treat both ends of a string alike: log-odds and right answers of the spellings `made`,
    and shares of the saliency in each of `tenths`."""
    parts = {
        "share of saliency": ({k: tenths[k][:, 0] - tenths[k][:, -1] for k in odds}, 1),
        "log-odds": ({k: cues.early_less_late(v, made, 1) for k, v in odds.items()}, 1),
        "log-odds, three tenths": ({k: cues.early_less_late(v, made) for k, v in odds.items()}, 3),
        "right answers, three tenths": ({k: cues.early_less_late(v, made) for k, v in right.items()}, 3),
    }
    lean = {}
    for what, (values, wide) in parts.items():
        lean[what] = {
            **{k: cues.spread(v) for k, v in values.items()},
            BETWEEN: cues.spread(values["LSTM"] - values["BiLSTM"]),
        }
        for k, d in lean[what].items():
            study.measure(
                "first_less_last",
                *d[:3],
                n=d.n,
                unit=what.split(",")[0],
                protocol=f"{what.split(',')[0]} in the first less the last {wide} tenths of the string, {'test molecules' if 'saliency' in what else 'test molecules with one carboxylic acid, by the place of the acid in random spellings'}, one training",
                model=k,
            )
    _table_of_ends(study, table, lean)
    _told_ends(study, lean, {k: v.mean(0) for k, v in tenths.items()})


def _table_of_ends(study: kit.Study, table: Molecules, lean: Mapping[str, Mapping[str, Interval]]) -> None:
    acid = np.array([parse(text).HasSubstructMatch(Chem.MolFromSmarts(cues.ACID)) for text in table.canonical])
    study.table(
        study.pick(
            [
                "first less last",
                "share of saliency, a tenth",
                "log-odds, the acid in a tenth",
                "log-odds, in three tenths",
                "right answers, in three tenths",
            ],
            [
                "ابتدا منهای انتها",
                "سهم حساسیت، یک دهم",
                "لگاریتم بخت، اسید در یک دهم",
                "لگاریتم بخت، در سه دهم",
                "پاسخ درست، در سه دهم",
            ],
        ),
        [
            [kit.ltr(k), *(kit.Cell(cues.signed(column[k])) for column in lean.values())]
            for k in next(iter(lean.values()))
        ],
        f"The beginning of the string against its end, with 95 % intervals over molecules; of twelve such intervals one may well miss by chance. Acids: {table.y[acid].mean():.0%} of their molecules pass, of the others {table.y[~acid].mean():.0%}.",
        f"ابتدای رشته در برابر انتهای آن، با بازهٔ ۹۵ درصد روی مولکول‌ها؛ از دوازده بازه از این دست، یکی ممکن است تنها به تصادف خطا کند. از مولکول‌های دارای اسید {kit.ltr(f'{table.y[acid].mean():.0%}')} عبور می‌کنند و از بقیه {kit.ltr(f'{table.y[~acid].mean():.0%}')}.",
    )


def _told_ends(study: kit.Study, lean: Mapping[str, Mapping[str, Interval]], shares: Mapping[str, np.ndarray]) -> None:
    """What of `lean` could be told from chance; `shares` of the saliency in each tenth."""
    nets = next(iter(lean.values()))
    uneven = {k: [i for i, column in enumerate(lean.values()) if cues.sure(column[k])] for k in nets}
    listed = lambda form: ", ".join(f"{k} {form(k)}" for k in shares)  # noqa: E731
    names = list(
        zip(
            (
                "share of saliency",
                "log-odds between the outer tenths",
                "log-odds between the outer three tenths",
                "right answers between the outer three tenths",
            ),
            (
                "سهم حساسیت",
                "لگاریتم بخت میان دهم‌های کناری",
                "لگاریتم بخت میان سه‌دهم‌های کناری",
                "پاسخ درست میان سه‌دهم‌های کناری",
            ),
        )
    )

    def which(k: str, side: int) -> str:
        return ("; ", "؛ ")[side].join(names[i][side] for i in uneven[k])

    ends = {k: (s[0], s[-1]) for k, s in shares.items()}
    study.say(
        f"First and last tenth of the string hold {listed(lambda k: f'{ends[k][0]:.2f} and {ends[k][1]:.2f}')} of the saliency. Structure lets one expect a difference: a forward LSTM reads a token knowing only what came before (a ring's first digit without its partner, a branch without its end), and an early token reaches all later outputs, a late one few; a BiLSTM reads from both ends. "
        + (
            f"**The BiLSTM does not treat both ends alike** ({which('BiLSTM', 0)}). That is no contradiction: only its reading is symmetric. The flattened head has weights of its own for each place counted from the beginning, strings end at different places, and a late place is seen in few of them."
            if uneven["BiLSTM"]
            else "In none of these measures is the BiLSTM uneven by more than chance."
        )
        + (f" The LSTM is uneven in: {which('LSTM', 0)}." if uneven["LSTM"] else " The LSTM is uneven in none.")
        + (
            f" The two differ in: {which(BETWEEN, 0)}."
            if uneven[BETWEEN]
            else " **The two cannot be told apart in any of them.**"
        ),
        f'دهمِ نخست و آخر رشته این سهم از حساسیت را دارند: <bdi dir="ltr">{listed(lambda k: f"{ends[k][0]:.2f}, {ends[k][1]:.2f}")}</bdi>. ساختار انتظار اختلافی را پیش می‌آورد: LSTM روبه‌جلو هر نشانه را تنها با دانستن پیش از آن می‌خواند (رقم نخست حلقه بی‌جفت، شاخه بی‌پایان)، و نشانهٔ نخستین به همهٔ خروجی‌های بعد می‌رسد و نشانهٔ آخر به کمتر جایی؛ BiLSTM از دو سو می‌خواند. '
        + (
            f"**‏BiLSTM با دو سر رشته یکسان رفتار نمی‌کند** ({which('BiLSTM', 1)}). این تناقضی ندارد: تنها خواندنِ آن متقارن است. سرِ مسطح برای هر جا، شمرده از ابتدا، وزن جدا دارد، رشته‌ها در جاهای گوناگون پایان می‌یابند و جاهای آخر در کمتر رشته‌ای دیده می‌شوند."
            if uneven["BiLSTM"]
            else "در هیچ‌یک از این سنجه‌ها BiLSTM بیش از تصادف نامتقارن نیست."
        )
        + (
            f" نامتقارن بودن LSTM در این‌هاست: {which('LSTM', 1)}."
            if uneven["LSTM"]
            else " LSTM در هیچ‌یک نامتقارن نیست."
        )
        + (
            f" فرق این دو در این‌هاست: {which(BETWEEN, 1)}."
            if uneven[BETWEEN]
            else " **این دو در هیچ‌یک بازشناختنی نیستند.**"
        ),
    )
