"""Classifiers that predict one class for nearly all rows, where y is not like that."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

# Of the rows that are not of the class predicted most: predicting fewer is a collapse.
COLLAPSED_SHARE = 0.05


def is_collapsed(y: NDArray, predicted: NDArray) -> bool:
    """Whether nearly all predictions are of one class, where y is not."""
    values, counts = np.unique(predicted, return_counts=True)
    others = 1 - counts.max() / len(predicted)
    return bool(others < COLLAPSED_SHARE * (y != values[counts.argmax()]).mean())


def warn_of_collapse(y: NDArray, predicted: NDArray) -> None:
    """Warn of a collapse on the rows that were fitted."""
    if not is_collapsed(y, predicted):
        return
    values, counts = np.unique(predicted, return_counts=True)
    mode = values.tolist()[counts.argmax()]
    _warn(
        f": it predicts {mode!r} for {counts.max() / len(y):.1%} of the rows of X, "
        f"where it holds for {(y == mode).mean():.1%}",
        "try a smaller lambda_mi or learning_rate, or class_weight='balanced'",
    )


def warn_of_collapse_at(lambdas: list[float]) -> None:
    """Warn of the lambdas of a path at which there is a collapse, if any."""
    if not lambdas:
        return
    names = ", ".join(f"{lambda_mi:g}" for lambda_mi in lambdas)
    _warn(
        f" at lambda_mi = {names}: it predicts the same class for nearly all rows",
        "choose a smaller lambda_mi",
    )


def _warn(what: str, advice: str) -> None:
    warnings.warn(
        f"The classifier has collapsed{what}. Such a model is trivially fair and "
        f"useless; {advice}.",
        ConvergenceWarning,
        stacklevel=5,
    )
