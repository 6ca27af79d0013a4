"""Longer answers of the study of molecules, as tables, figures and text that follows them: the data card, the search on
held-out molecules, and the fold that was chosen on."""

from collections.abc import Mapping, Sequence

import numpy as np

from simorgh.data.molecule_card import QUANTILES, RARE, Card
from simorgh.data.molecules import Molecules
from simorgh.metrics.classification import auc
from simorgh.studies import _cues as cues
from simorgh.studies import _molecules as mol
from simorgh.studies import kit
from simorgh.train import Experiment


def card(study: kit.Study, table: Molecules, facts: Card) -> None:
    """What should be known of the data before any training."""
    lengths = np.array([len(text) for text in table.canonical])
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
    _tokens(study, facts, lengths)


def _tokens(study: kit.Study, facts: Card, lengths: np.ndarray) -> None:
    """Which tokens occur how often in either cut, and what `lengths` mean for a flattened input."""
    t = facts.tokens
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
            ["نرخ", "املا", "دور", "واحد", "AUC روی کنارگذاشته‌ها", "منهای خود دستور"],
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
        f"بزرگ‌ترین AUC روی مولکول‌های کنارگذاشته، {scored[top].value:.3f}، از آنِ {'خود دستور' if not top else f'نرخ {search[top].train.optimiser.lr:g} با {1 + search[top].data.smiles.extra} املا و {search[top].model.hidden} واحد'} است"
        + (f"، با اختلاف {kit.ltr(cues.signed(over[top]))} از دستور" if top else "")
        + f". از {len(search) - 1} تنظیم دیگر، {above} تنظیم بالاتر از دستور و {under} تنظیم پایین‌تر از آن است، هر بار با بازه‌ای که صفر را در بر ندارد"
        + (
            "؛ تنها بر پایهٔ مولکول‌های کنارگذاشته دلیل مطمئنی برای تنظیم دیگری نیست."
            if not above
            else "؛ تنها بر پایهٔ مولکول‌های کنارگذاشته تنظیم دیگری برگزیده می‌شد."
        )
        + " بازه‌ها تنها تصادفِ نمونه‌گیری مولکول‌ها را در بر دارند، نه تصادفِ یک آموزش را. دستور همان می‌ماند که بود.",
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
            "پس آن انتخاب نمرهٔ این بخش را بالا برده است."
            if odd["LSTM − n-grams"] and each["LSTM − n-grams"][0] > rest["LSTM − n-grams"][0]
            else "پس خوش‌بینی در این‌جا از تصادف بازشناختنی نیست، هرچند ممکن است باشد."
        )
        + f" سهم آن در میانگین همهٔ بخش‌ها {kit.ltr(format(cost, '+.4f'))} است: میانگین با بودنِ این بخش همین‌قدر تغییر می‌کند.",
    )
