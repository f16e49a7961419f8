"""Models stand side by side, each compared with the first of them."""

from typing import Any

import pandas as pd

from ...metrics._intervals import compared
from ...metrics._report import DISPARITIES
from .._measuring.findings import Findings
from .._measuring.groups import GroupFigures
from .._measuring.score_figures import ALL
from .words import LEAKAGE_NAMES, PARITY, interval, number, share

MAX_COMPARED = 6  # groups whose rates are set side by side


def comparison(report: Findings) -> pd.DataFrame:
    """Accuracy and disparities with their intervals as text, one column a model."""
    columns = {}
    for name, model in report.models.items():
        cells = {}
        for figures in model.figures:
            which = f"class {figures.pos_label!r}"
            overall = (t.loc[ALL, "accuracy"] for t in figures.tables.values())
            cells[(which, "", "accuracy")] = _with_interval(*overall)
            if len(figures.groups) <= MAX_COMPARED:
                for group in figures.groups:
                    key = (which, figures.attribute, _rate_name(figures, group))
                    rate = (
                        table.loc[group, "selection_rate"]
                        for table in figures.tables.values()
                    )
                    cells[key] = _with_interval(*rate)
            for gap, row in figures.disparities.iterrows():
                key = (which, figures.attribute, _words(str(gap)))
                cells[key] = _with_interval(row["value"], row["low"], row["high"])
        for attribute, regression in model.regressions.items():
            cells[("numbers", "", "R2")] = number(regression.overall["r2"])
            for gap, row in regression.gaps.iterrows():
                text = f"{row['value']:.4g} ({row['low']:.4g} to {row['high']:.4g})"
                cells[("numbers", attribute, _words(str(gap)))] = text
        for attribute, views in model.leakage.items():
            for found in views:
                what = f"{LEAKAGE_NAMES[found.metric]} from the {found.name}"
                text = _with_interval(found.value, found.low, found.high)
                cells[("attackers", attribute, what)] = text
        columns[name] = cells
    keys = list(dict.fromkeys(key for cells in columns.values() for key in cells))
    index = pd.MultiIndex.from_tuples(keys, names=["about", "sensitive", "figure"])
    table = {name: [c.get(key, "-") for key in keys] for name, c in columns.items()}
    return pd.DataFrame(table, index=index)


def _rate_name(figures: GroupFigures, group: str) -> str:
    return f"selection rate of {figures.titles[group]}"


def _with_interval(value: float, low: float, high: float) -> str:
    limits = interval(low, high)
    return f"{number(value)} ({limits})" if limits else number(value)


def comparison_sentences(first: Any, other: Any) -> list[str]:
    """Say which gaps of the other model are smaller or larger, by class and S."""
    of_first = {(str(f.pos_label), f.attribute): f for f in first.figures}
    n_classes = len({pos_label for pos_label, _ in of_first})
    sentences = []
    for attribute, after in other.regressions.items():
        if attribute in first.regressions:
            gaps = first.regressions[attribute].gaps, after.gaps
            changed = _changes(*gaps, [*after.gaps.index])
            sentences.append(_changed(attribute, "", first.name, other.name, *changed))
    for figures in other.figures:
        key = str(figures.pos_label), figures.attribute
        if key not in of_first:
            continue
        which = f" for {figures.pos_label!r}" if n_classes > 1 else ""
        before = of_first[key]
        # A ratio says the same once more.
        differences = [name for name in DISPARITIES if name.endswith("difference")]
        smaller, larger = _changes(before.disparities, figures.disparities, differences)
        sentence = _changed(
            figures.attribute, which, first.name, other.name, smaller, larger
        )
        moves = _moves(before, figures, smaller + larger)
        sentences.append(f"{sentence.removesuffix('.')}{moves}.")
    return sentences


def _changed(
    attribute: str,
    which: str,
    first: str,
    other: str,
    smaller: list[str],
    larger: list[str],
) -> str:
    parts = [
        f"{size} in {', '.join(names)}"
        for size, names in [("smaller", smaller), ("larger", larger)]
        if names
    ]
    if not parts:
        return (
            f"By {attribute}, no gap{which} of {other} differs from that of {first} "
            "beyond their intervals."
        )
    return (
        f"By {attribute}, the gap{which} of {other} is {' and '.join(parts)}, compared "
        f"with {first}."
    )


def _moves(before: GroupFigures, after: GroupFigures, changed: list[str]) -> str:
    """Which groups' rates moved, and where to, if the parity of selection changed.

    A gap shrinks as well where everybody is given less.
    """
    gap = before.disparities.loc[PARITY]
    if not any(change.startswith(_words(PARITY)) for change in changed):
        return ""
    moves = []
    for group in gap[["lowest", "highest"]]:
        old, new = (f.value.loc[group, "selection_rate"] for f in (before, after))
        often = "more often" if new > old else "less often" if new < old else "as often"
        moves.append(
            f"{often} for {before.titles[group]} ({share(new)} against {share(old)})"
        )
    return f": {before.pos_label!r} is predicted {' and '.join(moves)}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _changes(
    before: pd.DataFrame, after: pd.DataFrame, names: list[str]
) -> tuple[list[str], list[str]]:
    """Gaps that shrank and that grew, each value outside the interval of the other."""
    changes: dict[str, list[str]] = {"smaller": [], "larger": []}
    for name in names:
        old, new = before.loc[name], after.loc[name]
        values = f"{new['value']:.3f} against {old['value']:.3f}"
        columns = ["value", "low", "high"]
        if how := compared(new[columns], old[columns]):
            changes[how].append(f"{_words(name)} ({values})")
    return changes["smaller"], changes["larger"]


def comparison_labels(index: pd.MultiIndex) -> list[str]:
    """The rows of `compare` in words, the class only where there are several."""
    several = len({about for about, *_ in index if about.startswith("class")}) > 1
    labels = []
    for about, sensitive, figure in index:
        named = f"{sensitive}=" in figure
        parts = (about if several else "", "" if named else sensitive, figure)
        labels.append(", ".join(part for part in parts if part))
    return labels
