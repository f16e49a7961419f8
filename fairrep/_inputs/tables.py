"""X, as users have it, is read as a frame or an array here.

The rest of the package never asks what kind of table it has.
"""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import narwhals.stable.v1 as nw
import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import (
    validate_data,
)

from .._utils.types import Codes


def as_pandas(table: Any) -> Any:
    """Frames and series of other libraries as pandas; anything else as it is.

    Columns of several levels are named by tuples, and numbers are in the byte order of
    the machine, as pandas needs them.
    """
    if isinstance(table, pd.DataFrame):
        if isinstance(table.columns, pd.MultiIndex):
            table = table.set_axis(table.columns.to_flat_index(), axis=1)
        if any(_is_foreign(dtype) for dtype in table.dtypes):
            native = [_in_native_order(column) for _, column in table.items()]
            names = table.columns
            return pd.DataFrame(dict(enumerate(native))).set_axis(names, axis=1)
        return table
    if isinstance(table, (pd.Series, np.ndarray)):
        return _in_native_order(table)
    native = nw.from_native(table, pass_through=True, allow_series=True)
    if isinstance(native, nw.DataFrame):
        columns = {name: _column(native[name]) for name in native.columns}
        return pd.DataFrame(columns)
    if isinstance(native, nw.Series):
        return pd.Series(_column(native), name=native.name)
    if isinstance(native, nw.LazyFrame):
        raise TypeError(
            f"got a lazy frame, {type(table).__name__}, which holds no rows yet; pass "
            "what its collect() returns."
        )
    return table


def as_indexable(table: Any) -> Any:
    """The table as something whose rows can be taken: pandas, an array or sparse."""
    table = as_pandas(table)
    if sparse.issparse(table):
        return table.tocsr()
    if isinstance(table, pd.DataFrame):
        return table
    array = np.asarray(table)
    # A number beside text in a list must not become text.
    has_text = isinstance(table, list) and array.dtype.kind in "US"
    return np.asarray(table, dtype=object) if has_text else array


def take_rows(X: Any, rows: Codes) -> Any:
    """Some rows of a table of any kind."""
    X = as_pandas(X)
    if isinstance(X, pd.DataFrame):
        return X.iloc[rows].reset_index(drop=True)
    return (X.toarray() if sparse.issparse(X) else as_indexable(X))[rows]


def check_row_order(**tables: Any) -> None:
    """Raise where two tables have the same index, in another order: one was shuffled.

    Rows match by position, so indices may differ as they like. One that was numbered
    anew, from 0, tells nothing where others are left. Of a dict each column has one.
    """
    for name, table in [*tables.items()]:
        if isinstance(table, Mapping) and not sparse.issparse(table):
            del tables[name]
            tables |= {f"{name}[{key!r}]": table[key] for key in table}
    indices = {
        name: table.index
        for name, table in tables.items()
        if isinstance(table, (pd.DataFrame, pd.Series)) and table.index.is_unique
    }
    kept = {
        name: index
        for name, index in indices.items()
        if not index.equals(pd.RangeIndex(len(index)))
    }
    for (name, index), (other, its_index) in combinations(
        (kept if len(kept) > 1 else indices).items(), 2
    ):
        if index.equals(its_index) or len(index) != len(its_index):
            continue
        if index.isin(its_index).all():
            raise ValueError(
                f"{other} has the index of {name} in another order: label "
                f"{index[0]!r} is in row 0 of {name} and in row "
                f"{its_index.get_loc(index[0])} of {other}. Rows are matched by "
                f"position; pass {other}.loc[{name}.index]. If they do match by "
                f"position, drop an index: {other}.reset_index(drop=True)."
            )


def _is_foreign(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and not dtype.isnative


def _in_native_order(values: Any) -> Any:
    if not _is_foreign(values.dtype):
        return values
    return values.astype(values.dtype.newbyteorder("="))


def _column(series: nw.Series) -> pd.Series:
    if series.dtype.is_numeric() or series.dtype == nw.Boolean:
        return pd.Series(series.to_numpy())
    if series.dtype in (nw.Categorical, nw.Enum):
        return pd.Series(series.to_list(), dtype="category")
    return pd.Series(series.to_list(), dtype=object)


def with_text_as_frame(X: Any) -> Any:
    """Rows that hold text as a frame, in which each column has a kind of its own."""
    if isinstance(X, list) and all(isinstance(row, (list, tuple)) for row in X):
        # Not by way of an array, in which a number beside text is text.
        has_text = any(isinstance(value, (str, bytes)) for row in X for value in row)
        return pd.DataFrame(X) if has_text else X
    if type(X) is np.ndarray and X.ndim == 2 and X.dtype.kind in "OUS":
        return pd.DataFrame(X).infer_objects()
    return X


def read_table(estimator: BaseEstimator, X: Any, *, reset: bool) -> Any:
    """X as a DataFrame or a numeric array, its columns checked against those of fit.

    Arrays of more than two dimensions are taken where the estimator has an `encoder`
    of the user's; their rows must then keep the shape that they had in fit.
    """
    X = with_text_as_frame(as_pandas(X))
    if isinstance(X, pd.DataFrame):
        if not X.columns.is_unique:
            twice = X.columns[X.columns.duplicated()][0]
            raise ValueError(f"X has two columns named {twice!r}.")
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        for n, what in zip(X.shape, ["sample", "feature"], strict=True):
            if n == 0:
                raise ValueError(f"X has 0 {what}(s); a minimum of 1 is required.")
        return X
    X = validate_data(
        estimator,
        X,
        reset=reset,
        accept_sparse=("csr", "csc"),
        dtype="numeric",
        ensure_all_finite="allow-nan",
        allow_nd=estimator.encoder is not None,
        ensure_min_samples=2 if reset else 1,
    )
    return X.toarray() if sparse.issparse(X) else X
