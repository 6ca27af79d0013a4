"""What one experiment has and another has not: settings and networks, found by comparing the two, never written down."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from simorgh.contracts import Model
from simorgh.report.style import ltr
from simorgh.studies.kit import Study
from simorgh.train import Experiment, Run
from simorgh.train.experiment import to_dict

NAMES = ("name", "preset", "seed")
"""Settings that say which experiment it is, and not how it works."""


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """The leaves of nested tables by dotted path; a list is a leaf, and so is an empty table."""
    if not isinstance(value, Mapping) or not value:
        return {path: value}
    return {k: v for key, inner in value.items() for k, v in flat(inner, f"{path}.{key}" if path else key).items()}


def changed(before: Mapping[str, Any], after: Mapping[str, Any], moved: tuple[str, str] | None = None) -> list[tuple]:
    """(path in `after`, value before, value after) of the settings that differ; None where there is no such setting.

    `moved` are two prefixes of paths: what stood under the first before stands under the second afterwards.
    """
    old = dict(before)
    if moved:
        old = {moved[1] + k.removeprefix(moved[0]) if k.startswith(moved[0]) else k: v for k, v in old.items()}
    order = list(dict.fromkeys([*after, *old]))
    return [(k, old.get(k), after.get(k)) for k in order if k not in NAMES and old.get(k) != after.get(k)]


def owner(experiment: Experiment, path: str) -> str | None:
    """The file that declares the setting at `path`; None where the experiment has no such setting."""
    value, file = experiment, None
    for part in path.split("."):
        if not is_dataclass(value) or part not in {f.name for f in fields(value)} | {"kind"}:
            return None
        file = _file(type(value))
        value = getattr(value, part, None)
    return file


def kinds(model: Model) -> dict[str, tuple[int, int]]:
    """By "file: class", how many networks of this package's classes the model holds, and their parameters."""
    found: dict[str, tuple[int, int]] = {}
    for module in model.modules():
        if type(module).__module__.startswith("simorgh."):
            name = f"{_file(type(module))}: {type(module).__name__}"
            count, size = found.get(name, (0, 0))
            found[name] = count + 1, size + sum(p.numel() for p in module.parameters())
    return found


def tables(study: Study, before: Run, after: Run, moved: tuple[str, str] | None = None) -> list[tuple]:
    """Two tables, settings and networks that differ between the runs; returns the settings' rows, see `changed`."""
    old, new = flat(to_dict(before.experiment)), flat(to_dict(after.experiment))
    found = changed(old, new, moved)
    names = before.experiment.name, after.experiment.name
    same = len(new) - len(NAMES) - sum(path in new for path, _, _ in found)
    rows = [[ltr(path), *(_shown(v) for v in values), ltr(owner(after.experiment, path) or owner(before.experiment, path) or "–")]
            for path, *values in found]  # fmt: skip
    study.table(
        [study.pick("setting", "تنظیم"), *map(ltr, names), study.pick("declared in", "تعریف در")], rows,
        f"The two recipes compared, setting by setting: {len(found)} differ, {same} are equal.",
        f"مقایسهٔ تنظیم به تنظیمِ دو دستور: {len(found)} تنظیم فرق دارد و {same} تنظیم برابر است.",
    )  # fmt: skip
    old, new = kinds(before.model()), kinds(after.model())
    rows = []
    for kind in sorted({*old, *new}):
        (a, p), (b, q) = old.get(kind, (0, 0)), new.get(kind, (0, 0))
        if (a, p) != (b, q):
            rows.append([ltr(kind), a, b, f"{p:,}", f"{q:,}"])
    study.table(
        [study.pick("file and class", "فایل و کلاس"), *(study.pick(f"how many, {n}", f"تعداد، {ltr(n)}") for n in names),
         *(study.pick(f"parameters, {n}", f"پارامتر، {ltr(n)}") for n in names)], rows,
        "The two trained models compared, class by class: networks that came, went or changed size. A network counts with what is inside it.",
        "مقایسهٔ کلاس به کلاسِ دو مدل آموزش‌دیده: شبکه‌هایی که آمدند، رفتند یا اندازه‌شان عوض شد. هر شبکه با آنچه درون آن است شمرده می‌شود.",
    )  # fmt: skip
    return found


def _file(kind: type) -> str:
    return kind.__module__.removeprefix("simorgh.").replace(".", "/") + ".py"


def _shown(value: Any) -> str:
    return "–" if value is None else ltr(str(value))
