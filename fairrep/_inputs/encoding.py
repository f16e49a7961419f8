"""Columns of X become float32: numbers standardised, binned; categories one-hot."""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from .._utils.types import Codes, Floats
from .._utils.warnings import warn_user
from .categories import label_of

# In standard deviations: much further off, float32 would turn to infinity.
MAX_DEVIATION = 1e6
# Of a quantile bin: with fewer rows its weight learns their noise.
MIN_ROWS_OF_BIN = 100
# Share of a column's values, in so many rows, beyond which it is another column.
MOST_UNKNOWN, MIN_ROWS_TO_WARN = 0.9, 10
# Share of the rows, of so many, that have a category of their own in an identifier.
MOST_DIFFERENT, MIN_ROWS_OF_IDENTIFIER = 0.5, 100
# What pandas calls the contents of object columns that are no categories.
NO_CATEGORIES = {"date", "datetime", "datetime64", "time", "timedelta", "complex"}


class PiecewiseLinearEncoder(TransformerMixin, BaseEstimator):
    """Adds to numeric columns how far each value has come through each of its bins.

    A column with knots b_0 < ... < b_T gets T more columns,
    clip((x - b_t) / (b_t+1 - b_t), 0, 1) [1]_: a linear layer on them is a piecewise
    linear function of x. Columns of at most two values get none.

    References
    ----------
    .. [1] Y. Gorishniy, I. Rubachev and A. Babenko, "On Embeddings for Numerical
           Features in Tabular Deep Learning", NeurIPS, 2022.
    """

    def __init__(self, n_bins: int) -> None:
        self.n_bins = n_bins

    def fit(self, X: Floats, y: None = None) -> "PiecewiseLinearEncoder":
        self.knots_ = [_knots(values, self.n_bins) for values in X.T]
        return self

    def transform(self, X: Floats) -> Floats:
        bins = [
            np.clip((values[:, np.newaxis] - knots[:-1]) / np.diff(knots), 0.0, 1.0)
            for values, knots in zip(X.T, self.knots_, strict=True)
        ]
        return np.hstack([X, *bins])


def _knots(values: Floats, n_bins: int) -> Floats:
    """Quantiles of the values; one that many rows share is a knot of its own.

    Were it left among the rest, most quantiles of a column of zeros with a tail would
    be zero.
    """
    n_bins = max(1, min(n_bins, len(values) // MIN_ROWS_OF_BIN))
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= 2:
        return distinct[:1]
    is_atom = counts * n_bins > len(values)
    rest = np.repeat(distinct[~is_atom], counts[~is_atom])
    knots = [distinct[[0, -1]], distinct[is_atom]]
    if len(rest):
        n_quantiles = max(2, n_bins + 1 - is_atom.sum())
        levels = np.linspace(0, 1, n_quantiles)
        knots.append(np.quantile(rest, levels, method="nearest"))
    return np.unique(np.concatenate(knots))


class TableEncoder(TransformerMixin, BaseEstimator):
    """A table as float32 columns: numbers standardised, categories one-hot.

    With ``n_bins``, columns of numbers are followed by their piecewise-linear encoding.
    Missing numbers become the column's mean, with an indicator column where fit saw
    some missing. Missing categories are a category. Categories that fit never saw are
    all zero. Arrays of more than two dimensions pass as they are.
    """

    def __init__(self, n_bins: int | None = None) -> None:
        self.n_bins = n_bins

    def fit(self, X: Any, y: None = None) -> "TableEncoder":
        self.row_shape_ = np.shape(X)[1:]
        if len(self.row_shape_) > 1:
            return self
        frame = _as_frame(X)
        # By position: names may be missing, numbers, or differ from those of fit.
        self.kinds_ = [column_kind(column) for _, column in frame.items()]
        for kind, (_, column) in zip(self.kinds_, frame.items(), strict=True):
            if kind == "categorical":
                _warn_of_identifier(column)
        numeric = [i for i, kind in enumerate(self.kinds_) if kind == "numeric"]
        categorical = [i for i, kind in enumerate(self.kinds_) if kind != "numeric"]
        self.columns_ = ColumnTransformer(
            [
                (
                    "numeric",
                    make_pipeline(
                        StandardScaler(),
                        SimpleImputer(
                            strategy="constant",
                            fill_value=0.0,
                            add_indicator=True,
                            keep_empty_features=True,
                        ),
                        PiecewiseLinearEncoder(self.n_bins) if self.n_bins else None,
                    ),
                    numeric,
                ),
                (
                    "categorical",
                    OneHotEncoder(
                        handle_unknown="ignore", sparse_output=False, dtype=np.float32
                    ),
                    categorical,
                ),
            ],
            sparse_threshold=0.0,
            verbose_feature_names_out=False,
        )
        self.columns_.fit(self._prepare(frame, [None] * len(self.kinds_)))
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        if np.shape(X)[1:] != self.row_shape_:
            raise ValueError(
                f"Rows of X have shape {np.shape(X)[1:]}; they had {self.row_shape_} "
                "in fit."
            )
        if len(self.row_shape_) > 1:
            images = np.asarray(X, dtype=np.float32)
            if not np.isfinite(images).all():
                raise ValueError(
                    "X of more than two dimensions contains NaN or infinity."
                )
            return images
        frame = self._prepare(_as_frame(X), self._known_categories())
        encoded = self.columns_.transform(frame)
        encoded = np.clip(encoded, -MAX_DEVIATION, MAX_DEVIATION)
        return np.ascontiguousarray(encoded, dtype=np.float32)

    @property
    def out_shape(self) -> tuple[int, ...]:
        """Shape of one encoded row."""
        if len(self.row_shape_) > 1:
            return self.row_shape_
        parts = self.columns_.output_indices_.values()
        return (max(part.stop for part in parts),)

    def _known_categories(self) -> list[set[str] | None]:
        """The categories that fit saw of each column; None of numbers."""
        if "categorical" not in self.kinds_:
            return [None] * len(self.kinds_)
        seen = iter(self.columns_.named_transformers_["categorical"].categories_)
        return [
            None if kind == "numeric" else {*next(seen)} - {np.nan}
            for kind in self.kinds_
        ]

    def _prepare(
        self, frame: pd.DataFrame, known: list[set[str] | None]
    ) -> pd.DataFrame:
        columns: dict[int, NDArray] = {}
        for i, (kind, (_, column)) in enumerate(
            zip(self.kinds_, frame.items(), strict=True)
        ):
            if kind == "numeric":
                columns[i] = _as_numbers(column)
                continue
            columns[i] = _as_labels(column, known[i])
        return pd.DataFrame(columns, index=frame.index)


def _as_frame(X: Any) -> pd.DataFrame:
    return X if isinstance(X, pd.DataFrame) else pd.DataFrame(X)


def column_kind(column: pd.Series) -> str:
    """Whether a column of X is "numeric" or "categorical"; raises for any other."""
    # Without the missing values: pd.NA among numbers would make objects of them.
    known = column.dropna().infer_objects()
    if not len(known) or isinstance(known.dtype, pd.IntervalDtype):
        # Without any value it is one category, that of the missing.
        return "categorical"
    dtype = known.dtype
    if isinstance(dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(dtype):
        return "categorical"
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(
        dtype
    ):
        return "numeric"
    if isinstance(dtype, pd.ArrowDtype):  # such as a dictionary, which says nothing
        known = known.astype(object)
        dtype = known.dtype
    content = pd.api.types.infer_dtype(known)
    if content == "decimal":
        return "numeric"
    if content not in NO_CATEGORIES and (
        pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype)
    ):
        return "categorical"
    raise TypeError(
        f"Column {column.name!r} of X has dtype {dtype} ({content}); expected numbers, "
        "categories, strings or booleans. Turn dates into numbers (an age, a month) or "
        "drop the column."
    )


def _as_numbers(column: pd.Series) -> Floats:
    try:
        if pd.api.types.is_datetime64_any_dtype(column.infer_objects()):
            raise TypeError  # numpy would count nanoseconds
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Column {column.name!r} of X was numeric in fit; now it holds values that "
            f"are no numbers (dtype {column.dtype})."
        ) from error
    # To the precision of the networks, so that float32 and float64 are one content.
    with np.errstate(over="ignore"):
        values = values.astype(np.float32).astype(np.float64)
    if np.isinf(values).any():
        raise ValueError(
            f"Column {column.name!r} of X contains infinity, or numbers beyond the "
            "range of float32; expected finite ones, or NaN where a value is missing."
        )
    return values


def _as_labels(column: pd.Series, known: set[str] | None) -> NDArray[np.object_]:
    """Categories as text, by which equal values are the same one."""
    codes, values = pd.factorize(column)
    labels = [label_of(value, known) for value in values]
    if known:
        _warn_of_unknown(column, codes[codes >= 0], labels, known)
    return np.array([*labels, np.nan], dtype=object)[codes]


def _warn_of_identifier(column: pd.Series) -> None:
    """Warn of a column of which nearly all values differ: it is no category."""
    known = column.dropna()
    if len(known) < MIN_ROWS_OF_IDENTIFIER:
        return
    n_values = known.nunique()
    if n_values > MOST_DIFFERENT * len(known):
        warn_user(
            f"Column {column.name!r} of X has {n_values} different values in "
            f"{len(known)} rows, such as {known.iloc[0]!r}: identifiers, dates as text "
            "or free text are no categories, and a model learns its rows by heart from "
            "them. Drop the column, or make numbers or a few categories of it."
        )


def _warn_of_unknown(
    column: pd.Series, codes: Codes, labels: list[str], known: Collection[str]
) -> None:
    """Warn of a column of which hardly any value is one that fit saw."""
    unknown = [label for label in labels if label not in known]
    if not unknown or len(codes) < MIN_ROWS_TO_WARN:
        return
    share = np.array([label not in known for label in labels])[codes].mean()
    if share > MOST_UNKNOWN:
        seen = ", ".join(map(repr, sorted(known)[:3]))
        warn_user(
            f"Column {column.name!r} of X: {share:.0%} of its values, such as "
            f"{unknown[0]!r}, were never seen in fit, which saw such as {seen}. "
            "They count as unknown. Check how the column is read and written."
        )
