"""What parity costs at least is told in sentences, for text and page alike."""

import pandas as pd

from .._measuring.rates.groups import GroupFigures
from .words import number, points, share

# Of more groups only those of the lowest and of the highest rate are named.
MAX_NAMED = 6
LOST = "demographic parity must destroy the task"


def parity_sentences(figures: GroupFigures) -> list[str]:
    """Base rates, the floor under the error, and the nats; none of a single group."""
    limits = figures.parity
    if limits is None or pd.isna(limits.floor_at_parity):
        return []
    rates = pd.Series(limits.base_rates).sort_values(kind="stable").dropna()
    if len(rates) > MAX_NAMED:
        rates = rates.iloc[[0, -1]]
    listed = ", ".join(
        f"{share(rate)} of {figures.titles[group]}" for group, rate in rates.items()
    )
    label = repr(figures.pos_label)
    nats = (
        f"The group tells {number(limits.mutual_info)} nats, I(Y; S), of the "
        f"{number(limits.entropy)} that there are to know of the label; "
        f"{number(limits.conditional_entropy)}, H(Y | S), are left to a representation "
        "that tells nothing of the group."
    )
    return [
        f"The label is {label} for {listed}.",
        "So any classifier with equal selection rates errs on at least "
        f"{share(limits.floor_at_parity)} of these rows, even one that knows the "
        f"label; one with a gap of {points(limits.gap)}, as here, on at least "
        f"{share(limits.floor_at_gap)}. Equal true and false positive rates ask for "
        "no error.",
        nats + (f" So {LOST}." if limits.is_lost else ""),
    ]


def lost_sentence(figures: GroupFigures) -> str | None:
    """A finding, where the label and the group share too much for parity."""
    limits = figures.parity
    if limits is None or not limits.is_lost:
        return None
    return (
        f"{figures.attribute} tells {share(limits.mutual_info / limits.entropy)} of "
        f"what there is to know of the label {figures.pos_label!r}: {LOST}. With equal "
        f"selection rates any classifier errs on at least "
        f"{share(limits.floor_at_parity)} of the rows."
    )
