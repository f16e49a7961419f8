"""y, as users have it, is read as one array here."""

from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import column_or_1d

from .._utils.types import Floats
from .tables import as_pandas


def read_target(y: Any, n_rows: int, owner: str) -> NDArray:
    """y as a 1-d array without missing values, of the length of X."""
    if y is None:
        raise ValueError(f"{owner} requires y to be passed, but the target y is None.")
    y = as_pandas(y)
    if isinstance(y, pd.Series) and isinstance(y.dtype, pd.CategoricalDtype):
        y = y.astype(object).infer_objects()  # categories of numbers are numbers
    values = column_or_1d(np.asarray(y), warn=True)
    n_missing = int(pd.isna(values).sum())
    if n_missing:
        raise ValueError(
            f"Input y contains NaN: {n_missing} missing values; expected none. Drop "
            "these rows of X, y and sensitive_features."
        )
    if values.dtype == object:
        check_one_kind(values, "y")
    if values.dtype.kind == "f":
        assert_all_finite(values, input_name="y")
    if len(values) != n_rows:
        raise ValueError(
            f"y has {len(values)} rows and X has {n_rows}; expected the same number, "
            "in the same order."
        )
    return values


def read_numbers(y: Any, n_rows: int, owner: str) -> Floats:
    """y as a 1-d array of finite numbers, of the length of X."""
    values = read_target(y, n_rows, owner)
    if values.dtype.kind == "O" and all(isinstance(v, (Real, Decimal)) for v in values):
        values = np.asarray(values, dtype=np.float64)
    if values.dtype.kind not in "biuf":
        what = "text" if isinstance(values[0], str) else str(values.dtype)
        raise ValueError(
            f"y holds {what}, such as {values.tolist()[0]!r}; {owner} predicts "
            "numbers. Of classes there is MIDebiasedClassifier."
        )
    numbers = values.astype(np.float64)
    assert_all_finite(numbers, input_name="y")
    return numbers


def positive_class(labels: list[Any], pos_label: Any) -> Any:
    """The class whose rates are figures: ``pos_label``, or the greater of two labels.

    Raises
    ------
    ValueError
        If ``pos_label`` is none of the labels, or None and there are more than two.
    """
    if pos_label is None:
        if set(labels) <= {0, 1} or set(labels) <= {-1, 1}:
            return isinstance(labels[0], bool) or 1
        if len(labels) != 2:
            raise ValueError(
                "pos_label=None needs two labels, or labels in {0, 1} or {-1, 1}; the "
                f"labels are {labels}. Set pos_label to the positive one."
            )
        return max(labels)
    # As in scikit-learn, labels that are all of one class may be all negative.
    if len(labels) > 1 and pos_label not in labels:
        raise ValueError(f"pos_label={pos_label!r} is none of the labels {labels}.")
    return pos_label


def positive_classes(labels: list[Any], pos_label: Any) -> tuple[Any, ...]:
    """The classes whose rates are figures: of more than two all, or the one named."""
    if pos_label is None and len(labels) > 2:
        return tuple(labels)
    return (positive_class(labels, pos_label),)


def positive_or_none(classes: NDArray, pos_label: Any) -> Any:
    """The one class whose rates are figures; None where each has its own."""
    positives = positive_classes(classes.tolist(), pos_label)
    return positives[0] if len(positives) == 1 else None


def named_positive(model: Any) -> Any:
    """The ``pos_label`` that a model, a search or the end of a pipeline was given."""
    model = getattr(model, "best_estimator_", model)
    if hasattr(model, "steps"):
        model = model.steps[-1][1]
    return getattr(model, "pos_label", None)


def check_one_kind(values: NDArray, name: str) -> None:
    """Raise where labels are of kinds that have no order, such as text and numbers."""
    try:
        np.unique(values)
    except TypeError as error:
        first = values[0]
        for other in values:
            try:
                np.unique(np.array([first, other], dtype=object))
            except TypeError:
                break
        raise TypeError(
            f"{name} holds labels of two kinds, such as {first!r} and {other!r}; "
            "expected one, say all of them text."
        ) from error
