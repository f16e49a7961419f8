"""What the columns of X tell of S, in X and in what models make of it, as a table."""

import pandas as pd

from .._measuring.findings import Findings
from .._measuring.subjects import REPRESENTATION
from .words import number

N_SHOWN = 10
# What a column adds to the others, in nats, from which on it counts as telling S; and
# the part of it below which a model's representation counts as not using it.
TELLING, UNUSED = 0.01, 0.1
TITLES = {
    "mutual_info": "alone",
    "share": "alone, of H(S)",
    "given_others": "given the others",
}


def proxy_table(report: Findings, attribute: str) -> pd.DataFrame:
    """The proxies of an attribute, with a column "in z of ..." for each model of one.

    It is what the column adds to the others where an attacker sees z and not X.
    """
    table = report.proxies[attribute]
    found = {
        f"in z of {model.name}": [leak.given_others.get(name) for name in table.index]
        for model in report.models.values()
        for leak in model.leakage.get(attribute, [])
        if leak.name == REPRESENTATION and leak.given_others
    }
    return table.assign(**found)


def joint_information(report: Findings, attribute: str) -> float | None:
    """What all columns of X together tell of an attribute, in nats, where measured."""
    for model in report.models.values():
        for leak in model.leakage.get(attribute, []):
            if "X" in leak.references:
                return leak.references["X"].mi
    return None


def proxy_cells(table: pd.DataFrame, n: int = N_SHOWN) -> tuple[list[str], list[tuple]]:
    """Titles, and of the first columns of X the name and the cells as text."""
    rows = [
        (
            str(name),
            [
                f"{value:.0%}" if column == "share" else number(value)
                for column, value in row.items()
            ],
        )
        for name, row in table.head(n).iterrows()
    ]
    return [TITLES.get(column, column) for column in table.columns], rows


def proxy_sentences(report: Findings, attribute: str) -> list[str]:
    """What the columns tell together, and which of them a model no longer uses."""
    table = proxy_table(report, attribute)
    sentences = []
    joint = joint_information(report, attribute)
    if joint is not None:
        sentences.append(
            f"All columns together tell at least {number(joint)} nats of {attribute}, "
            "by boosted trees."
        )
    if "given_others" not in table:
        return sentences
    telling = table[table["given_others"] >= TELLING]
    for column in table.columns.difference([*TITLES], sort=False):
        is_unused = telling[column] < UNUSED * telling["given_others"]
        if is_unused.any():
            names = ", ".join(map(str, telling.index[is_unused]))
            model = column.removeprefix("in z of ")
            sentences.append(
                f"What these columns add of {attribute} the representation of {model} "
                f"no longer uses: {names}."
            )
    return sentences
