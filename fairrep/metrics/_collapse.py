"""Classifiers that hardly ever predict what y often is: fair, and of no use."""

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from .._utils.types import Codes
from .._utils.warnings import warn_user

# Of the share of rows that are not of the class predicted most: predicting fewer is a
# collapse.
COLLAPSED_SHARE = 0.2
# Of the other classes: of fewer rows a sound classifier too may predict none.
MIN_ROWS = 4


def is_rare(n_predicted: float, n_true: float) -> bool:
    """Whether hardly any rows are predicted to be what many are."""
    return bool(n_true >= MIN_ROWS and n_predicted < COLLAPSED_SHARE * n_true)


def collapse_seen(y: NDArray, predicted: NDArray) -> str | None:
    """What shows a collapse, in words; None where there is none.

    All classes but the one predicted most count as one, so that of several classes the
    rarest may go without a prediction.
    """
    values, counts = np.unique(predicted, return_counts=True)
    mode = values[counts.argmax()]
    others, true_others = predicted != mode, y != mode
    if not is_rare(others.sum(), true_others.sum()):
        return None
    names = np.unique(y[true_others]).tolist()
    what = (
        repr(names[0])
        if len(names) == 1
        else f"other classes than {values.tolist()[counts.argmax()]!r}"
    )
    return (
        f"it predicts {what} for {others.mean():.1%} of the rows, where "
        f"{true_others.mean():.1%} are; {accuracies(y, predicted)}"
    )


def telling_rows(y: NDArray, held_out: Codes) -> Codes:
    """The rows that tell of a collapse: those held out, or all where they are few."""
    are_enough = (y[held_out] != commonest(y)[0]).sum() >= MIN_ROWS
    return held_out if are_enough else np.arange(len(y))


def warn_of_collapse(y: NDArray, predicted: NDArray) -> None:
    """Warn of a collapse that these rows show."""
    if seen := collapse_seen(y, predicted):
        advice = "try a smaller lambda_mi or learning_rate, or class_weight='balanced'"
        warn_user(collapsed("", seen, advice), ConvergenceWarning)


def warn_of_collapse_at(seen: dict[float, str]) -> None:
    """Warn of the lambdas of a path at which a collapse is seen, if any."""
    if not seen:
        return
    names = ", ".join(f"{lambda_mi:g}" for lambda_mi in seen)
    first, *others = seen
    at_first = f" (at {first:g})" if others else ""
    advice = "choose a smaller lambda_mi"
    if first == 0:
        advice = "y is hard to predict even at 0; try class_weight='balanced'"
    where = f" at lambda_mi = {names}"
    message = collapsed(where, f"{seen[first]}{at_first}", advice)
    warn_user(message, ConvergenceWarning)


def collapsed(where: str, seen: str, advice: str) -> str:
    return (
        f"The classifier has collapsed{where}: {seen}. A small gap of such a model is "
        f"no achievement; {advice}."
    )


def commonest(y: NDArray) -> tuple[object, float]:
    """The commonest class and its share, which is the accuracy of a constant."""
    values, counts = np.unique(y, return_counts=True)
    return values.tolist()[counts.argmax()], counts.max() / len(y)


def accuracies(y: NDArray, predicted: NDArray) -> str:
    mode, share = commonest(y)
    return (
        f"its accuracy is {(predicted == y).mean():.3f}, that of always predicting "
        f"{mode!r} {share:.3f}"
    )
