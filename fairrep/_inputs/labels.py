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
