"""Which lambda of a path to choose, and what is said of a choice of little use."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from ._collapse import accuracies, collapse_seen, collapsed, commonest
from ._figures import Split
from ._inputs import read_target
from ._warnings import warn_user

if TYPE_CHECKING:
    from ._cv import MIDebiasedClassifierCV

# lambda -> what shows that the classifier there is of no use; None if it is of some.
Useless = Callable[[float], str | None]


def choose(figures: pd.DataFrame, max_gap: float) -> int:
    """The best score within the limit; where none is, the smallest upper limit."""
    fair = figures["gap_high"] <= max_gap
    if fair.any():
        return int(figures["score"].where(fair).idxmax())
    return int(figures["gap_high"].idxmin())


def warn_of_choice(clf: "MIDebiasedClassifierCV", splits: list[Split]) -> None:
    """Warn of a choice beyond the limit, or of no use on the rows that chose."""
    useless = _useless_on(splits, by_accuracy=clf.scoring == "accuracy")
    seen = useless(clf.lambda_)
    if clf.path_["gap_high"][clf.best_index_] > clf.max_gap:
        _warn_that_none_is_fair(clf, could_go_on=not seen)
    if seen:
        warn_user(
            f"The classifier {seen}. A small gap of such a model is no achievement; "
            f"{_way_out(clf, useless)}.",
            ConvergenceWarning,
        )


def warn_of_refit(clf: "MIDebiasedClassifierCV", X: object, y: object) -> None:
    """Warn where the net of all rows has collapsed and those of the folds have not."""
    table = clf._table(X)
    labels = read_target(y, len(table), type(clf).__name__)
    path = clf.lambda_path_

    def seen_at(lambda_mi: float) -> str | None:
        return collapse_seen(labels, path.predict(table, lambda_mi))

    if not (seen := seen_at(clf.lambda_)):
        return
    smaller = path.lambdas[path.lambdas < clf.lambda_][::-1]
    better = next((value for value in smaller if not seen_at(value)), None)
    advice = "try class_weight='balanced'"
    if better is not None:
        advice = f"set_lambda({better:.3g}) takes the next smaller that has not"
    where = f" at lambda_mi={clf.lambda_:.3g} when fitted on all rows"
    note = f"{seen} (training rows; path_ is of the nets of the folds)"
    warn_user(collapsed(where, note, advice), ConvergenceWarning)


def _useless_on(splits: list[Split], *, by_accuracy: bool) -> Useless:
    """Whether what the nets of the splits predict there is as good as a constant."""
    tables = [path._template._table(X) for path, X, _, _ in splits]
    y = np.concatenate([labels for _, _, labels, _ in splits])

    def seen_at(lambda_mi: float) -> str | None:
        predicted = np.concatenate(
            [
                path.predict(table, lambda_mi)
                for (path, *_), table in zip(splits, tables, strict=True)
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


def _way_out(clf: "MIDebiasedClassifierCV", useless: Useless) -> str:
    """The lambda of use whose upper limit is the smallest, and how to get it."""
    for _, point in clf.path_.sort_values("gap_high").iterrows():
        if not useless(point["lambda_mi"]):
            break
    else:
        return "no lambda of the path does better; try class_weight='balanced'"
    number = f"{point['lambda_mi']:.3g}"
    ways = [f"set_lambda({number}) takes it"]
    if point["gap_high"] > clf.max_gap:
        enough = min(1.0, math.ceil(100 * point["gap_high"]) / 100)
        ways.append(f"or ask for max_gap={enough:g}")
        if clf.cv is None:
            ways.append("or let more rows choose with cv=5")
    return (
        f"of the lambda_mi of more use, {number} comes nearest to the limit: score "
        f"{point['score']:.3f}, gap {point['gap']:.3f} (upper limit "
        f"{point['gap_high']:.3f}). {', '.join(ways)}"
    )


def _warn_that_none_is_fair(clf: "MIDebiasedClassifierCV", could_go_on: bool) -> None:
    best = clf.path_.iloc[clf.best_index_]
    rows = "More held-out rows (cv=5)" if clf.cv is None else "More rows"
    advice = f"{rows} bring the limit closer to the gap."
    end = best["lambda_mi"]
    if could_go_on and clf.best_index_ == len(clf.path_) - 1 and end > 0:
        grid = f"[0, {end / 4:.2g}, {end:.2g}, {4 * end:.2g}]"
        advice += f" It is the largest of lambdas: try more, such as {grid}."
    warn_user(
        f"No lambda keeps the gap within max_gap={clf.max_gap}: the smallest "
        f"upper limit is {best['gap_high']:.3f} (gap {best['gap']:.3f}), at "
        f"lambda_mi={best['lambda_mi']:.3g}, which is taken. {advice}",
        ConvergenceWarning,
    )
