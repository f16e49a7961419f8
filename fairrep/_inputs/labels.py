"""y, as users have it, is read as one array here."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import column_or_1d

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
        _check_one_type(values)
    if values.dtype.kind == "f":
        assert_all_finite(values, input_name="y")
    if len(values) != n_rows:
        raise ValueError(
            f"y has {len(values)} rows and X has {n_rows}; expected the same number, "
            "in the same order."
        )
    return values


def _check_one_type(values: NDArray) -> None:
    """Raise where some labels are text and others are not: they have no order."""
    is_text = np.array([isinstance(value, str) for value in values], dtype=bool)
    if is_text.any() and not is_text.all():
        raise TypeError(
            f"y holds labels that are text, such as {values[is_text][0]!r}, and others "
            f"that are not, such as {values[~is_text][0]!r}; expected labels of one "
            "kind, say y.astype(str)."
        )
