"""A choice takes one lambda of a path, and is told of where it is of little use."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .._utils.types import Floats
from ..metrics._collapse import accuracies, collapse_seen, collapsed, commonest
from .curve import Curve
from .figures import Split

# lambda -> what shows that the classifier there is of no use; None if it is of some.
Useless = Callable[[float], str | None]


def within(figures: pd.DataFrame, max_gap: float, training_gaps: Floats) -> NDArray:
    """Which lambdas are shown to keep the limit, by tests in a fixed sequence.

    They are tested one after another, the smallest gap on training rows first, and the
    first that is not within the limit ends the tests. The rows that test had no part in
    the order, so one that is over the limit is let through no more often than by one
    test, however many there are.

    Parameters
    ----------
    figures : DataFrame
        Of the rows that choose, a row for each lambda.
    max_gap : float
    training_gaps : ndarray of shape (n_lambdas,)

    Returns
    -------
    kept : ndarray of shape (n_lambdas,), bool

    References
    ----------
    .. [1] A. N. Angelopoulos et al., "Learn then Test: Calibrating Predictive
           Algorithms to Achieve Risk Control", 2021. https://arxiv.org/abs/2110.01052
    """
    # Of equal gaps that of the larger lambda is the safer.
    order = np.lexsort([-np.arange(len(figures)), training_gaps])
    passed = figures["gap_high"].to_numpy()[order] <= max_gap
    kept = np.empty(len(figures), dtype=bool)
    kept[order] = np.logical_and.accumulate(passed)
    return kept


def choose(figures: pd.DataFrame, kept: NDArray) -> int:
    """The best score of those kept; where none is, the smallest upper limit."""
    if kept.any():
        return int(figures["score"].where(kept).idxmax())
    return int(figures["gap_high"].idxmin())


def words_of_choice(
    figures: pd.DataFrame,
    chosen: int,
    useless: Useless,
    *,
    max_gap: float,
    found: bool,
    more_by_cv: bool,
) -> list[str]:
    """What is to be said of a choice beyond the limit, or of no use.

    Parameters
    ----------
    figures : DataFrame
        Of the rows that chose, a row for each lambda.
    chosen : int
        The row that is taken.
    useless : callable
    max_gap : float
    found : bool
        Whether any lambda is shown to keep the limit.
    more_by_cv : bool
        Whether more rows could choose, in a cross-validation.
    """
    words = []
    taken = figures.iloc[chosen]
    seen = useless(taken["lambda_mi"])
    if not found:
        at_end = chosen == len(figures) - 1 and not seen
        words.append(_that_none_is_fair(taken, max_gap, at_end, more_by_cv))
    if seen:
        way_out = _way_out(figures, useless, max_gap, more_by_cv)
        words.append(
            f"The classifier {seen}. A small gap of such a model is no achievement; "
            f"{way_out}."
        )
    return words


def words_of_refit(lambda_mi: float, lambdas: NDArray, seen_at: Useless) -> str | None:
    """What is to be said where the net of all rows has collapsed; else None."""
    if not (seen := seen_at(lambda_mi)):
        return None
    smaller = lambdas[lambdas < lambda_mi][::-1]
    better = next((value for value in smaller if not seen_at(value)), None)
    advice = "try class_weight='balanced'"
    if better is not None:
        advice = f"set_lambda({better:.3g}) takes the next smaller that has not"
    where = f" at lambda_mi={lambda_mi:.3g} when fitted on all rows"
    note = f"{seen} (training rows; path_ is of the nets of the folds)"
    return collapsed(where, note, advice)


def collapse_on(curve: Curve, X: Any, y: NDArray) -> Useless:
    """Whether what a net predicts of these rows shows a collapse."""
    table = curve.encode(X)
    return lambda lambda_mi: collapse_seen(y, curve.at(lambda_mi).predict(table))


def useless_on(splits: list[Split], *, by_accuracy: bool) -> Useless:
    """Whether what the nets of the splits predict there is as good as a constant."""
    tables = [curve.encode(X) for curve, X, _, _ in splits]
    y = np.concatenate([labels for _, _, labels, _ in splits])

    def seen_at(lambda_mi: float) -> str | None:
        predicted = np.concatenate(
            [
                curve.at(lambda_mi).predict(table)
                for (curve, *_), table in zip(splits, tables, strict=True)
            ]
        )
        return no_use(y, predicted, by_accuracy=by_accuracy)

    return seen_at


def no_use(y: NDArray, predicted: NDArray, *, by_accuracy: bool) -> str | None:
    """What shows a collapse, or that the score does not justify the choice."""
    if seen := collapse_seen(y, predicted):
        return f"has collapsed at the lambda_mi chosen: {seen}"
    if by_accuracy and (predicted == y).mean() <= commonest(y)[1]:
        return (
            "chosen is no better than a constant on the rows that chose it: "
            f"{accuracies(y, predicted)}"
        )
    return None


def _way_out(
    figures: pd.DataFrame, useless: Useless, max_gap: float, more_by_cv: bool
) -> str:
    """The lambda of use whose upper limit is the smallest, and how to get it."""
    for _, point in figures.sort_values("gap_high").iterrows():
        if not useless(point["lambda_mi"]):
            break
    else:
        return "no lambda of the path does better; try class_weight='balanced'"
    number = f"{point['lambda_mi']:.3g}"
    ways = [f"set_lambda({number}) takes it"]
    if point["gap_high"] > max_gap:
        enough = min(1.0, math.ceil(100 * point["gap_high"]) / 100)
        ways.append(f"or ask for max_gap={enough:g}")
        if more_by_cv:
            ways.append("or let more rows choose with cv=5")
    return (
        f"of the lambda_mi of more use, {number} comes nearest to the limit: score "
        f"{point['score']:.3f}, gap {point['gap']:.3f} (upper limit "
        f"{point['gap_high']:.3f}). {', '.join(ways)}"
    )


def _that_none_is_fair(
    taken: pd.Series, max_gap: float, at_end: bool, more_by_cv: bool
) -> str:
    rows = "More held-out rows (cv=5)" if more_by_cv else "More rows"
    advice = f"{rows} bring the limit closer to the gap."
    end = taken["lambda_mi"]
    if at_end and end > 0:
        grid = f"[0, {end / 4:.2g}, {end:.2g}, {4 * end:.2g}]"
        advice += f" It is the largest of lambdas: try more, such as {grid}."
    if taken["gap_high"] <= max_gap:
        advice = (
            "It is not counted, as the lambda whose gap on training rows is the "
            f"smallest is tested first and is above the limit. {advice}"
        )
    return (
        f"No lambda is shown to keep the gap within max_gap={max_gap}: the smallest "
        f"upper limit is {taken['gap_high']:.3f} (gap {taken['gap']:.3f}), at "
        f"lambda_mi={taken['lambda_mi']:.3g}, which is taken. {advice}"
    )
