"""Models stand side by side, each compared with the first of them."""

import pandas as pd

from ...metrics._paired import ACCURACY
from .._measuring.findings import Findings
from .._measuring.rates.groups import GroupFigures
from .._measuring.rates.score_figures import ALL
from .words import (
    LEAKAGE_NAMES,
    PARITY,
    points,
    range_of,
    share,
    with_interval,
)

MAX_COMPARED = 6  # groups whose rates are set side by side


def comparison(report: Findings) -> pd.DataFrame:
    """Accuracy and disparities with their intervals as text, one column a model."""
    columns = {}
    for name, model in report.models.items():
        cells = {}
        for figures in model.figures:
            which = f"class {figures.pos_label!r}"
            overall = (t.loc[ALL, "accuracy"] for t in figures.tables.values())
            cells[(which, "", "accuracy")] = with_interval(*overall)
            if len(figures.groups) <= MAX_COMPARED:
                for group in figures.groups:
                    key = (which, figures.attribute, _rate_name(figures, group))
                    rate = (
                        table.loc[group, "selection_rate"]
                        for table in figures.tables.values()
                    )
                    cells[key] = with_interval(*rate)
            for gap, row in figures.disparities.iterrows():
                key = (which, figures.attribute, _words(str(gap)))
                cells[key] = with_interval(row["value"], row["low"], row["high"])
        for attribute, views in model.leakage.items():
            for found in views:
                what = f"{LEAKAGE_NAMES[found.metric]} from the {found.name}"
                text = with_interval(found.value, found.low, found.high)
                cells[("attackers", attribute, what)] = text
        columns[name] = cells
    keys = list(dict.fromkeys(key for cells in columns.values() for key in cells))
    index = pd.MultiIndex.from_tuples(keys, names=["about", "sensitive", "figure"])
    table = {name: [c.get(key, "-") for key in keys] for name, c in columns.items()}
    return pd.DataFrame(table, index=index)


def _rate_name(figures: GroupFigures, group: str) -> str:
    return f"selection rate of {figures.titles[group]}"


def comparison_sentences(report: Findings) -> list[str]:
    """Say of each model after the first which figures are surely other than its."""
    first = next(iter(report.models.values()))
    of_first = {(f.pos_label, f.attribute): f for f in first.figures}
    n_classes = len({pos_label for pos_label, _ in of_first})
    sentences = []
    changes = report.changes.groupby(["sensitive", "class", "model"], sort=False)
    for (attribute, pos_label, name), rows in changes:
        rows = rows.set_index("figure")
        figures = next(
            f
            for f in report.models[name].figures
            if (f.pos_label, f.attribute) == (pos_label, attribute)
        )
        which = f" for {pos_label!r}" if n_classes > 1 else ""
        parts = [
            f"its {_words(str(figure))} is {_change(row)}"
            + _from_and_to(str(figure), of_first[pos_label, attribute], figures)
            for figure, row in rows.drop(index=ACCURACY).iterrows()
            if row["low"] > 0 or row["high"] < 0
        ]
        moves = _moves(of_first[pos_label, attribute], figures) if parts else ""
        parts = parts or ["none of its gaps is surely smaller or larger"]
        parts.append(_accuracy(rows.loc[ACCURACY]))
        sentences.append(
            f"By {attribute}{which}, {name} beside {first.name} on the same rows: "
            f"{'; '.join(parts)}.{moves}"
        )
    return sentences


def _change(row: pd.Series) -> str:
    limits = range_of(*sorted([abs(row["low"]), abs(row["high"])]))
    size = "smaller" if row["change"] < 0 else "larger"
    return f"{points(abs(row['change']))} {size} ({limits})"


def _from_and_to(gap: str, before: GroupFigures, after: GroupFigures) -> str:
    """Of a gap that has become larger both sizes, and who is now above whom."""
    old, new = (figures.disparities.loc[gap] for figures in (before, after))
    if not new["value"] > old["value"]:
        return ""
    above, below = (after.titles[new[key]] for key in ("highest", "lowest"))
    sizes = f"{100 * old['value']:.1f} to {100 * new['value']:.1f}"
    return f", from {sizes}, now with {above} above {below}"


def _accuracy(row: pd.Series) -> str:
    """What is sure of the change in accuracy."""
    if row["low"] > 0:
        return f"its accuracy is {_change(row).replace('larger', 'higher')}"
    if row["high"] < 0:
        return f"its accuracy is {_change(row).replace('smaller', 'lower')}"
    return f"its accuracy is at most {points(abs(row['low']))} lower"


def _moves(before: GroupFigures, after: GroupFigures) -> str:
    """Which groups' rates moved, and where to.

    A gap shrinks as well where everybody is given less.
    """
    gap = before.disparities.loc[PARITY]
    if pd.isna(gap["value"]):
        return ""
    moves = []
    for group in gap[["lowest", "highest"]]:
        old, new = (f.value.loc[group, "selection_rate"] for f in (before, after))
        often = "more often" if new > old else "less often" if new < old else "as often"
        moves.append(
            f"{often} for {before.titles[group]} ({share(new)} against {share(old)})"
        )
    return f" {before.pos_label!r} is predicted {' and '.join(moves)}."


def _words(name: str) -> str:
    return name.replace("_", " ")


def comparison_labels(index: pd.MultiIndex) -> list[str]:
    """The rows of `compare` in words, the class only where there are several."""
    several = len({about for about, *_ in index if about.startswith("class")}) > 1
    labels = []
    for about, sensitive, figure in index:
        named = f"{sensitive}=" in figure
        parts = (about if several else "", "" if named else sensitive, figure)
        labels.append(", ".join(part for part in parts if part))
    return labels
