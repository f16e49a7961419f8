"""A table becomes float32, column by column; what codes it is written and read again.

The state of an encoder is plain numbers and strings. One that is read is checked, and
transforms to the same bits.
"""

import math
from collections.abc import Iterable, Iterator
from math import prod
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from ..nn._lookup import Features, Layout, n_features, without_bins
from .categories import column_kind
from .columns import Category, Column, Number

# Bins of all columns, but of none fewer than the least: where columns are many, finer
# bins take time and tell nothing more.
MAX_BINS, MIN_BINS = 2048, 4
# Of a row, as a state may declare; it would take 64 MB.
MAX_FEATURES = 2**24


class TableEncoder(TransformerMixin, BaseEstimator):
    """A table as float32: numbers standardised, categories as codes or one-hot.

    Coded, each column is one of float32, which takes little memory and is what the
    networks get. `transform` gives the features that a code stands for: with
    ``n_bins``, a number is followed by its piecewise-linear encoding. Missing numbers
    become the column's mean, with an indicator where fit saw some missing. Missing
    categories are a category. Rare categories are pooled, and those that fit never saw
    are among them, or all zero. Arrays of more than two dimensions pass as they are.

    Parameters
    ----------
    n_bins : int or None
    min_frequency : int, float, "auto" or None
        Rows, or the share of the rows, that a category needs not to be pooled.
    max_categories : int or None
        Categories that a column may have, the pool among them.
    """

    def __init__(
        self,
        n_bins: int | None = None,
        min_frequency: Any = "auto",
        max_categories: int | None = 100,
    ) -> None:
        self.n_bins = n_bins
        self.min_frequency = min_frequency
        self.max_categories = max_categories

    def fit(self, X: Any, y: None = None) -> "TableEncoder":
        self.row_shape_ = np.shape(X)[1:]
        self.columns_ = [] if self.passes else [*self._fit_columns(_as_frame(X))]
        return self

    def _fit_columns(self, frame: pd.DataFrame) -> Iterator[Column]:
        # By position: names may be missing, numbers, or differ from those of fit.
        kinds = [column_kind(column) for _, column in frame.items()]
        n_bins = self.n_bins
        if n_bins:
            n_of_each = max(MIN_BINS, MAX_BINS // max(1, kinds.count("numeric")))
            n_bins = min(n_bins, n_of_each)
        for kind, (_, column) in zip(kinds, frame.items(), strict=True):
            if kind == "numeric":
                yield Number.of(column, n_bins)
            else:
                yield Category.of(column, self.min_frequency, self.max_categories)

    def transform(self, X: Any) -> NDArray[np.float32]:
        """The features of the rows, (n_rows, n_features)."""
        coded = self.code(X)
        if self.layout is None:
            return coded
        return Features(self.layout, "cpu")(torch.from_numpy(coded)).numpy()

    def code(self, X: Any) -> NDArray[np.float32]:
        """The coded rows, (n_rows, n_columns)."""
        if np.shape(X)[1:] != self.row_shape_:
            raise ValueError(
                f"Rows of X have shape {np.shape(X)[1:]}; they had {self.row_shape_} "
                "in fit."
            )
        if self.passes:
            images = np.asarray(X, dtype=np.float32)
            if not np.isfinite(images).all():
                raise ValueError(
                    "X of more than two dimensions contains NaN or infinity."
                )
            return images
        frame = _as_frame(X)
        coded = np.empty(frame.shape, dtype=np.float32)
        for i, (encoder, (_, column)) in enumerate(
            zip(self.columns_, frame.items(), strict=True)
        ):
            coded[:, i] = encoder.code(column)
        return coded

    @property
    def passes(self) -> bool:
        """Whether rows are no columns but arrays, which are not encoded."""
        return len(self.row_shape_) > 1

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Shape of one coded row."""
        return self.row_shape_

    @property
    def layout(self) -> Layout | None:
        """What the columns of a coded row are; None of arrays that pass."""
        if self.passes:
            return None
        return tuple(column.layout for column in self.columns_)

    @property
    def n_features(self) -> int:
        """Features that a row has without bins."""
        if self.layout is None:
            return prod(self.row_shape_)
        return n_features(without_bins(self.layout))

    def __getstate__(self) -> Any:
        is_fitted = hasattr(self, "row_shape_")
        return {"encoder": table_state(self)} if is_fitted else vars(self)

    def __setstate__(self, state: Any) -> None:
        if "encoder" in state:
            state = vars(restored_table(state["encoder"]))
        self.__dict__.update(state)


def _as_frame(X: Any) -> pd.DataFrame:
    return X if isinstance(X, pd.DataFrame) else pd.DataFrame(X)


# -- state -----------------------------------------------------------------------


def table_state(encoder: TableEncoder) -> dict[str, Any]:
    """What `restored_table` needs, column by column."""
    return {
        "params": encoder.get_params(),
        "row_shape": list(encoder.row_shape_),
        "columns": [_column_state(column) for column in encoder.columns_],
    }


def _column_state(column: Column) -> dict[str, Any]:
    if isinstance(column, Category):
        return {"kind": "categorical", **vars(column)}
    knots = None if column.knots is None else column.knots.tolist()
    return {"kind": "numeric", **vars(column), "knots": knots}


def restored_table(state: dict[str, Any]) -> TableEncoder:
    """The encoder that `table_state` described: it transforms to the same bits.

    Raises
    ------
    ValueError, KeyError, TypeError
        If the state is none that `table_state` gives.
    """
    encoder = TableEncoder(**state["params"])
    encoder.row_shape_ = tuple(state["row_shape"])
    _require(all(type(n) is int and n > 0 for n in encoder.row_shape_), "row_shape")
    encoder.columns_ = [_restored_column(column) for column in state["columns"]]
    n_columns = 0 if encoder.passes else encoder.row_shape_[0]
    _require(len(encoder.columns_) == n_columns, "the number of columns")
    n_wide = 0 if encoder.layout is None else n_features(encoder.layout)
    _require(n_wide <= MAX_FEATURES, "the number of features")
    return encoder


def _restored_column(state: dict[str, Any]) -> Column:
    fields = {name: state[name] for name in state if name != "kind"}
    if state["kind"] == "categorical":
        return _checked_category(Category(**fields))
    _require(state["kind"] == "numeric", "the kind of a column")
    knots = fields.pop("knots")
    if knots is not None:
        _require(_are_numbers(knots) and len(knots) > 0, "knots")
        knots = np.array(knots, dtype=np.float64)
        # As the networks take them, which divide by the distance of any two.
        steps = np.diff(knots.astype(np.float32))
        _require(bool((steps > 0).all()), "the order of knots")
    number = Number(**fields, knots=knots)
    _require(_are_numbers([number.mean, number.scale]), "a mean or a scale")
    _require(number.scale > 0, "a scale")
    _require(type(number.has_missing) is bool, "what is missing")
    return number


def _checked_category(category: Category) -> Category:
    named = [label for label in category.labels if label is not None]
    _require(all(type(label) is str for label in named), "categories")
    in_order: list[str | None] = [*sorted(set(named))]
    if None in category.labels:
        in_order.append(None)
    _require(category.labels == in_order, "the order of categories")
    _require(_are_numbers([category.pooled]), "a pooled share")
    _require(0 <= category.pooled <= 1, "a pooled share")
    _require(category.layout.n_features > 0, "the number of categories")
    return category


def _are_numbers(values: Iterable[Any]) -> bool:
    return all(type(value) is float and math.isfinite(value) for value in values)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(f"the encoding of X has {what} that no fit gives")
