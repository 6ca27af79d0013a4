"""Longer answers of the study of molecules, as tables, figures and text that follows them: the data card, the search on
held-out molecules, the fold that was chosen on, the bins of length, and whether both ends of a string count alike."""

from collections.abc import Mapping, Sequence

import numpy as np
from rdkit import Chem
from scipy.stats import spearmanr

from simorgh.data.chemistry import parse
from simorgh.data.molecule_card import QUANTILES, RARE, Card
from simorgh.data.molecules import Molecules
from simorgh.evaluate.cross_validation import CrossValidation
from simorgh.metrics.bins import along
from simorgh.metrics.classification import auc
from simorgh.studies import _cues as cues
from simorgh.studies import _molecules as mol
from simorgh.studies import kit
from simorgh.train import Experiment


def card(study: kit.Study, table: Molecules, facts: Card) -> None:
    """What should be known of the data before any training."""
    t, lengths = facts.tokens, np.array([len(text) for text in table.canonical])
    study.table(
        study.pick(["fact", "value"], ["ویژگی", "مقدار"]),
        [[study.pick(*name), value] for name, value in mol.card_rows(facts, table)],
        "Data card.",
        "شناسنامهٔ داده.",
    )
    leak = {way: (count, ones / count) for way, (count, ones) in facts.writings.items()}
    study.table(
        study.pick(["aromatic rings are", "rows", "share of class 1"], ["حلقهٔ آروماتیک", "سطرها", "سهم ردهٔ ۱"]),
        [
            [
                study.pick(
                    way, {"not aromatic": "ندارد", "lower case": "با حروف کوچک", "Kekulé": "به شیوهٔ ککوله"}[way]
                ),
                count,
                kit.Cell(f"{share:.1%}"),
            ]
            for way, (count, share) in leak.items()
        ],
        "The same rings, written in two ways: the writing knows the label.",
        "حلقه‌های یکسان با دو شیوهٔ نوشتن: خودِ نوشتن برچسب را می‌داند.",
    )
    groups = {"all": lengths, "class 0": lengths[table.y == 0], "class 1": lengths[table.y == 1]}
    persian = {"all": "همه", "class 0": "ردهٔ ۰", "class 1": "ردهٔ ۱"}
    study.table(
        study.pick(
            ["characters", *QUANTILES],
            ["شمار نویسه", "کمینه", "چارک نخست", "میانه", "چارک سوم", "۹۵٪", "۹۹٪", "بیشینه"],
        ),
        [
            [study.pick(name, persian[name]), *(kit.Cell(f"{np.percentile(v, q):.0f}") for q in QUANTILES.values())]
            for name, v in groups.items()
        ],
        "Lengths of the canonical strings.",
        "طول رشته‌های کانونی.",
    )
    study.figure(
        mol.lengths_of(
            {k: v for k, v in groups.items() if k != "all"},
            ("characters of the canonical SMILES", "share of the class"),
        ),
        "lengths",
        "Lengths by class. Long strings are rare, and class 0 has more of them.",
        "طول رشته به تفکیک رده. رشتهٔ بلند کم است و سهم ردهٔ ۰ در آن بیشتر.",
    )
    study.figure(
        mol.frequencies({f"by {k}": t[k].most_common() for k in ("character", "atom")}, "occurrences"),
        "tokens",
        "How often each token occurs in the file, cut by character and by atom (logarithmic).",
        "بسامد هر نشانه در پرونده، با برش نویسه‌ای و اتمی (محور لگاریتمی).",
    )
    study.table(
        study.pick(
            ["rank", "character", "count", "share", "atom token", "count", "share"],
            ["رتبه", "نویسه", "شمار", "سهم", "نشانهٔ اتمی", "شمار", "سهم"],
        ),
        mol.common_tokens(facts),
        "The fifteen most frequent tokens of the file in either cut.",
        "پانزده نشانهٔ پربسامد پرونده در هر دو برش.",
    )
    rare = {k: [token for token, n in t[k].most_common() if n <= RARE] for k in ("character", "atom")}
    study.say(
        f"Half of the strings have at most {np.median(lengths):.0f} characters and the longest {lengths.max()}, so in a flattened input {1 - lengths.mean() / lengths.max():.0%} of the places are pads. Tokens that occur at most twice: "
        + " ".join(f"`{x}`" for x in rare["atom"])
        + ". The atom-wise cut (Schwaller et al. 2019) keeps Cl and Br and whole brackets together; the character cut turns Cl into a carbon and an l.",
        f"نیمی از رشته‌ها حداکثر {np.median(lengths):.0f} نویسه دارند و بلندترین {lengths.max()}؛ پس در ورودی مسطح {100 * (1 - lengths.mean() / lengths.max()):.0f}٪ خانه‌ها خالی است. نشانه‌هایی که حداکثر دو بار آمده‌اند: "
        + " ".join(f"`{x}`" for x in rare["atom"])
        + ". برش اتمی (Schwaller و همکاران، ۲۰۱۹) Cl و Br و هر کروشه را یکپارچه نگه می‌دارد؛ برش نویسه‌ای Cl را به یک کربن و یک l می‌شکند.",
    )


def search(study: kit.Study, search: Sequence[Experiment], said: Sequence[np.ndarray], truth: np.ndarray) -> None:
    """The trials of `cues.trials`, with what each said of the held-out molecules whose labels are `truth`."""
    watching = len(truth)
    scored, over = [auc(truth, p) for p in said], [cues.gap(truth, p, said[0]) for p in said]
    for e, score in zip(search, scored):
        study.measure(
            "held_out_auc",
            *score[:3],
            n=watching,
            unit="chance",
            protocol=f"AUC on {watching} molecules held out of the training part of the first fold, one training, {study.preset}",
            rate=e.train.optimiser.lr,
            spellings=1 + e.data.smiles.extra,
            hidden=e.model.hidden,
        )
    study.table(
        study.pick(
            ["rate", "spellings", "passes", "units", "held-out AUC", "minus the recipe's own"],
            ["نرخ", "املا", "دور", "واحد", "AUC کنارگذاشته", "منهای خود دستور"],
        ),
        [
            [
                kit.Cell(f"{e.train.optimiser.lr:g}"),
                1 + e.data.smiles.extra,
                kit.Cell(f"{e.train.epochs:g}"),
                e.model.hidden,
                kit.ends(score),
                kit.Cell(cues.signed(d)) if i else None,
            ]
            for i, (e, score, d) in enumerate(zip(search, scored, over))
        ],
        f"All {len(search)} trials, the recipe's own settings first, on {watching} held-out molecules.",
        f"هر {len(search)} آزمایش، نخست تنظیم‌های خود دستور، روی {watching} مولکول کنارگذاشته.",
    )
    top, above, under = (
        int(np.argmax([score.value for score in scored])),
        sum(cues.sure(d) > 0 for d in over[1:]),
        sum(cues.sure(d) < 0 for d in over[1:]),
    )
    study.say(
        f"The largest held-out AUC, {scored[top].value:.3f}, is that of {'the recipe itself' if not top else f'the rate {search[top].train.optimiser.lr:g} with {1 + search[top].data.smiles.extra} spellings and {search[top].model.hidden} units, {cues.signed(over[top])} against the recipe'}. Of the {len(search) - 1} other settings {above} lie above the recipe by more than the interval and {under} below it"
        + (
            "; on held-out molecules alone there is no sure reason for other settings."
            if not above
            else "; on held-out molecules alone other settings would have been chosen."
        )
        + " The intervals count the molecules, not the luck of one training. The recipe is left as it is.",
        f"بزرگ‌ترین AUC کنارگذاشته، {scored[top].value:.3f}، از آنِ {'خود دستور' if not top else f'نرخ {search[top].train.optimiser.lr:g} با {1 + search[top].data.smiles.extra} املا و {search[top].model.hidden} واحد'} است"
        + (f"، با اختلاف {kit.ltr(cues.signed(over[top]))} از دستور" if top else "")
        + f". از {len(search) - 1} تنظیم دیگر، {above} تا بیش از بازه بالاتر از دستور و {under} تا پایین‌تر از آن است"
        + (
            "؛ تنها بر پایهٔ مولکول‌های کنارگذاشته دلیل مطمئنی برای تنظیم دیگری نیست."
            if not above
            else "؛ تنها بر پایهٔ مولکول‌های کنارگذاشته تنظیم دیگری برگزیده می‌شد."
        )
        + " بازه‌ها مولکول‌ها را می‌شمارند، نه بختِ یک آموزش را. دستور همان می‌ماند که بود.",
    )


def chosen_fold(study: kit.Study, each: dict[str, np.ndarray], titles: Mapping[str, str], count: int) -> None:
    """How far the first of `count` folds, on which settings were chosen, lies from the others: AUC of each fold of all
    repeats, by model."""
    each = each | {f"{k} − n-grams": each[k] - each["ngram"] for k in ("LSTM", "BiLSTM")}
    rest = {k: (v[1:count].mean(), *cues.beside(v[1:count])) for k, v in each.items()}
    study.table(
        study.pick(
            [
                "AUC",
                "first fold",
                "mean of the others",
                "where one more would lie",
                "mean of all repeats",
                "without the first fold",
            ],
            ["AUC", "بخش نخست", "میانگین بخش‌های دیگر", "جای یک بخش دیگر", "میانگین همهٔ تکرارها", "بی بخش نخست"],
        ),
        [
            [
                titles.get(k, kit.ltr(k)),
                kit.Cell(f"{v[0]:.3f}"),
                kit.Cell(f"{rest[k][0]:.3f}"),
                kit.Cell(f"[{rest[k][1]:.3f}, {rest[k][2]:.3f}]"),
                kit.Cell(f"{v.mean():.3f}"),
                kit.Cell(f"{v[1:].mean():.3f}"),
            ]
            for k, v in each.items()
        ],
        f"The fold on which the LSTM's settings were chosen, beside the other {count - 1} of its partition (random split).",
        f"بخشی که تنظیم‌های LSTM روی آن برگزیده شد، در کنار {count - 1} بخش دیگر همان بخش‌بندی (تصادفی).",
    )
    for k, v in each.items():
        study.measure(
            "chosen_fold_above_others",
            float(v[0] - rest[k][0]),
            n=count,
            unit="chance",
            protocol=f"AUC of the first of {count} random folds minus the mean of the others, first repeat",
            model=k,
        )
    cost, odd = (
        each["LSTM"].mean() - each["LSTM"][1:].mean(),
        {k: not rest[k][1] <= each[k][0] <= rest[k][2] for k in ("LSTM", "LSTM − n-grams")},
    )
    study.say(
        f"On the fold of its choice the LSTM has {each['LSTM'][0]:.3f}, {each['LSTM'][0] - rest['LSTM'][0]:+.3f} against the mean of the others, {'outside' if odd['LSTM'] else 'inside'} the range of one more fold; the n-grams, which were not tuned with it, move by {each['ngram'][0] - rest['ngram'][0]:+.3f} there. What is left once the fold's own difficulty is taken off is {each['LSTM − n-grams'][0] - rest['LSTM − n-grams'][0]:+.3f}, {'outside' if odd['LSTM − n-grams'] else 'inside'} its range. "
        + (
            "So the choice did flatter this fold."
            if odd["LSTM − n-grams"] and each["LSTM − n-grams"][0] > rest["LSTM − n-grams"][0]
            else "So no flattery can be told from chance here, though some may be there."
        )
        + f" In the mean over all folds it would count for {cost:+.4f}: that much the mean changes by having this fold in it.",
        f"در بخشی که انتخاب روی آن بود LSTM به {each['LSTM'][0]:.3f} می‌رسد، {kit.ltr(format(each['LSTM'][0] - rest['LSTM'][0], '+.3f'))} نسبت به میانگین بخش‌های دیگر، {'بیرون' if odd['LSTM'] else 'درون'} بازهٔ یک بخش دیگر؛ n-gramها که با آن تنظیم نشده‌اند در آن‌جا {kit.ltr(format(each['ngram'][0] - rest['ngram'][0], '+.3f'))} جابه‌جا می‌شوند. پس از کنار گذاشتن دشواری خود بخش، {kit.ltr(format(each['LSTM − n-grams'][0] - rest['LSTM − n-grams'][0], '+.3f'))} می‌ماند که {'بیرون' if odd['LSTM − n-grams'] else 'درون'} بازه‌اش است. "
        + (
            "پس آن انتخاب این بخش را خوش‌بین کرده است."
            if odd["LSTM − n-grams"] and each["LSTM − n-grams"][0] > rest["LSTM − n-grams"][0]
            else "پس خوش‌بینی در این‌جا از تصادف بازشناختنی نیست، هرچند ممکن است باشد."
        )
        + f" سهم آن در میانگین همهٔ بخش‌ها {kit.ltr(format(cost, '+.4f'))} است: میانگین با بودنِ این بخش همین‌قدر تغییر می‌کند.",
    )


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
    follow = {
        k: float(spearmanr([b.accuracy.value for b in held], [b.majority for b in held]).statistic)
        for k, held in bins.items()
    }
    gain = {k: float(np.mean([b.accuracy.value - b.majority for b in held])) for k, held in bins.items()}
    half = len(rows) // 2
    cv, short = found["LSTM"], long <= np.median(long)
    wrong = cv.y[short & ((cv.p[0] > 0.5) != cv.y)]
    ranks = {
        k: [float(np.mean([b.auc.value for b in part if b.auc])) for part in (held[:half], held[half:])]
        for k, held in bins.items()
    }
    listed = lambda form: ", ".join(f"{k} {form(k)}" for k in found)  # noqa: E731
    last = max(1, round(0.3 * len(rows)))
    near, far = cues.mean_of(better[:-last]), cues.mean_of(better[-last:])
    grows, told = (
        cues.apart(far, near),
        [cues.mean_of([b.auc for b in part]) for part in (alone[:-last], alone[-last:])],
    )
    for d, where in ((near, "all but the longest"), (far, "the longest")):
        study.measure(
            "auc_gap",
            *d[:3],
            n=d.n,
            unit="chance",
            protocol=f"mean over the bins of AUC of LSTM minus FC, {where} {last} of {len(rows)} bins of length, random split, first repeat",
        )
    study.say(
        f"Along the bins accuracy goes with the share of the larger class: their rank correlation is {listed(lambda k: f'{follow[k]:.2f}')}. Above the constant answer of the bin lie, on average, {listed(lambda k: f'{gain[k]:+.3f}')}. Short molecules are small and fat-soluble and mostly pass: there is little to find out; of the LSTM's {len(wrong)} wrong answers in the shorter half {np.mean(wrong == 0):.0%} are a missed class 0. Ranking tells it apart: mean AUC in the shorter and the longer half is {listed(lambda k: f'{ranks[k][0]:.2f} and {ranks[k][1]:.2f}')}. The baseline has weights for each place, and few training strings reach the late ones: were that what parts it from the LSTM, their gap would grow with length. It is {near.value:+.3f} on average in the shorter bins and {far.value:+.3f} in the {last} longest, a change of {cues.signed(grows)}: "
        + {
            1: "it grows, as that account says.",
            -1: "it shrinks, against that account.",
            0: "no growth that could be told from chance, so that account finds no support here.",
        }[cues.sure(grows)]
        + f" A likelier cause is that the baseline lacks all sharing: what it learns of a fragment at one place it does not know at the next, in short strings as well, while the LSTM reads it with the same weights everywhere. Length, which pads show to both nets, ranks with an AUC of {told[0].value:.2f} inside the shorter bins and {told[1].value:.2f} in the longest"
        + (
            ": there the baseline has something to go by without reading a fragment."
            if cues.sure(cues.apart(told[1], told[0])) > 0
            else ", so it is not what helps the baseline there."
            if cues.sure(cues.apart(told[1], told[0])) < 0
            else ", which cannot be told apart, so length gives neither net more to go by there."
        ),
        f'در طول دسته‌ها دقت با سهم ردهٔ بزرگ‌تر همراه است: همبستگی رتبه‌ای این دو <bdi dir="ltr">{listed(lambda k: f"{follow[k]:.2f}")}</bdi> است. فاصله از پاسخ ثابتِ هر دسته به طور میانگین <bdi dir="ltr">{listed(lambda k: f"{gain[k]:+.3f}")}</bdi> است. مولکول‌های کوتاه، کوچک و چربی‌دوست‌اند و بیشترشان عبور می‌کنند: چیز چندانی برای کشف نیست؛ از {len(wrong)} پاسخ نادرست LSTM در نیمهٔ کوتاه‌تر {100 * np.mean(wrong == 0):.0f}٪ یک ردهٔ ۰ ازدست‌رفته است. رتبه‌بندی این دو را جدا می‌کند: میانگین AUC در نیمهٔ کوتاه‌تر و بلندتر <bdi dir="ltr">{listed(lambda k: f"{ranks[k][0]:.2f}, {ranks[k][1]:.2f}")}</bdi> است. مدل پایه برای هر جا وزن جدا دارد و کمتر رشتهٔ آموزشی به جاهای آخر می‌رسد؛ اگر همین آن را از LSTM جدا می‌کرد، فاصله‌شان با طول بیشتر می‌شد. این فاصله در دسته‌های کوتاه‌تر به طور میانگین {kit.ltr(format(near.value, "+.3f"))} و در {last} دستهٔ بلندتر {kit.ltr(format(far.value, "+.3f"))} است، تغییری به اندازهٔ {kit.ltr(cues.signed(grows))}: '
        + {
            1: "بیشتر می‌شود، چنان که آن توضیح می‌گوید.",
            -1: "کمتر می‌شود، برخلاف آن توضیح.",
            0: "رشدی که از تصادف بازشناختنی باشد نیست؛ پس آن توضیح در این‌جا پشتوانه‌ای ندارد.",
        }[cues.sure(grows)]
        + f" علتِ محتمل‌تر این است که مدل پایه هیچ وزنی را میان جاها تقسیم نمی‌کند: آنچه از یک پاره در یک جا می‌آموزد در جای بعد نمی‌داند، در رشته‌های کوتاه هم؛ اما LSTM آن را همه جا با همان وزن‌ها می‌خواند. طول رشته، که خانه‌های خالی آن را به هر دو شبکه نشان می‌دهند، درون دسته‌های کوتاه‌تر با AUC برابر {told[0].value:.2f} و در بلندترین‌ها {told[1].value:.2f} رتبه‌بندی می‌کند"
        + (
            "؛ آن‌جا مدل پایه بی خواندنِ پاره‌ها هم چیزی در دست دارد."
            if cues.sure(cues.apart(told[1], told[0])) > 0
            else "؛ پس آنچه به مدل پایه کمک می‌کند طول نیست."
            if cues.sure(cues.apart(told[1], told[0])) < 0
            else "؛ این دو بازشناختنی نیستند، پس طول در آن‌جا چیز بیشتری به هیچ‌یک نمی‌دهد."
        ),
    )


def ends(
    study: kit.Study, table: Molecules, odds: Mapping[str, np.ndarray], right: Mapping[str, np.ndarray],
    tenths: Mapping[str, np.ndarray], made: cues.Walks,
) -> None:  # fmt: skip
    """Whether the recurrent nets treat both ends of a string alike: log-odds and right answers of the spellings `made`,
    and shares of the saliency in each of `tenths`."""
    both, shares = tuple(odds), {k: v.mean(0) for k, v in tenths.items()}
    acid = np.array([parse(text).HasSubstructMatch(Chem.MolFromSmarts(cues.ACID)) for text in table.canonical])
    listed = lambda form: ", ".join(f"{k} {form(k)}" for k in tenths)  # noqa: E731
    parts = {
        "share of saliency": ({k: v[:, 0] - v[:, -1] for k, v in tenths.items() if k in both}, 1),
        "log-odds": ({k: cues.early_less_late(v, made, 1) for k, v in odds.items()}, 1),
        "log-odds, three tenths": ({k: cues.early_less_late(v, made) for k, v in odds.items()}, 3),
        "right answers, three tenths": ({k: cues.early_less_late(v, made) for k, v in right.items()}, 3),
    }
    lean = {}
    for what, (values, wide) in parts.items():
        lean[what] = {
            **{k: cues.spread(v) for k, v in values.items()},
            "LSTM − BiLSTM": cues.spread(values["LSTM"] - values["BiLSTM"]),
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
            for k in (*both, "LSTM − BiLSTM")
        ],
        f"The beginning of the string against its end, with 95 % intervals over molecules; of twelve such intervals one may well miss by chance. Acids: {table.y[acid].mean():.0%} of their molecules pass, of the others {table.y[~acid].mean():.0%}.",
        f"ابتدای رشته در برابر انتهای آن، با بازهٔ ۹۵ درصد روی مولکول‌ها؛ از دوازده بازهٔ چنین، یکی ممکن است تنها به تصادف خطا کند. از مولکول‌های دارای اسید {kit.ltr(f'{table.y[acid].mean():.0%}')} عبور می‌کنند و از بقیه {kit.ltr(f'{table.y[~acid].mean():.0%}')}.",
    )
    uneven = {
        k: [i for i, column in enumerate(lean.values()) if cues.sure(column[k])] for k in (*both, "LSTM − BiLSTM")
    }
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
            f" The two differ in: {which('LSTM − BiLSTM', 0)}."
            if uneven["LSTM − BiLSTM"]
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
            f" فرق این دو در این‌هاست: {which('LSTM − BiLSTM', 1)}."
            if uneven["LSTM − BiLSTM"]
            else " **این دو در هیچ‌یک بازشناختنی نیستند.**"
        ),
    )
