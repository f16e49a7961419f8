"""sensitive_features as users have them -> what an audit compares.

Each column is one attribute; several columns make one more, their combinations.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .._inputs import Codes, Floats
from .._quantiles import quantile_groups
from .._sensitive import (
    MAX_NUMERIC_GROUPS,
    _factorize,
    is_continuous,
    sensitive_frame,
)
from ..metrics._report import group_names

ALL = "all rows"  # in tables by group, the last row


@dataclass
class Attribute:
    """One way to divide the rows into groups."""

    name: str
    groups: list[str]
    titles: list[str]  # of the groups where the attribute is not at hand: "sex=f"
    codes: Codes  # (n_rows,), of `groups`
    values: Floats | None = None  # of a continuous column
    crossed: bool = False  # made of several columns

    @property
    def series(self) -> pd.Series:
        """The values of a continuous column, of any other the groups, by row."""
        return self.labels if self.values is None else pd.Series(self.values)

    @property
    def labels(self) -> pd.Series:
        """The group of each row by name."""
        return pd.Series(np.array(self.groups, dtype=object)[self.codes])


def present_rows(sensitive_features: Any, n_rows: int, missing: str) -> Codes:
    """Rows that have every sensitive value; raises if some don't, unless told to drop.

    Raises
    ------
    ValueError
        If values are missing and `missing` is "raise", or no row has all of them.
    """
    frame = sensitive_frame(sensitive_features, n_rows)
    absent = frame.isna()
    if missing == "raise" and absent.to_numpy().any():
        counts = ", ".join(
            f"{n} in {name!r}" for name, n in absent.sum().items() if n > 0
        )
        raise ValueError(
            f"sensitive_features has missing values: {counts}, of {n_rows} rows. Set "
            "missing='drop' to audit the other rows, or name a group for them."
        )
    rows = np.flatnonzero(~absent.any(axis=1).to_numpy())
    if len(rows) == 0:
        raise ValueError("Every row of sensitive_features has a missing value.")
    return rows


def read_attributes(
    sensitive_features: Any, rows: Codes, n_rows: int, n_quantiles: int
) -> list[Attribute]:
    """The attributes of `rows`: one by one, then crossed.

    Raises
    ------
    ValueError
        If a column has a single value, is an identifier, or holds infinity.
    """
    frame = sensitive_frame(sensitive_features, n_rows).iloc[rows]
    columns = [_read_column(frame[name], name, n_quantiles) for name in frame]
    if len(columns) == 1:
        return columns
    return [*columns, _cross(columns)]


def _read_column(column: pd.Series, name: Hashable, n_quantiles: int) -> Attribute:
    column = column.reset_index(drop=True).infer_objects()
    n_values = column.nunique()
    if n_values < 2:
        raise ValueError(
            f"sensitive_features column {name!r} has a single group, "
            f"{column.iloc[0]!r}, in all {len(column)} rows; at least 2 groups are "
            "required."
        )
    if is_continuous(column):
        return _by_quantiles(column, name, n_quantiles)
    if n_values > max(MAX_NUMERIC_GROUPS, len(column) / 2):
        raise ValueError(
            f"sensitive_features column {name!r} has {n_values} different values in "
            f"{len(column)} rows: an identifier, not a group."
        )
    codes, found = _factorize(column)
    groups = group_names(found)
    return Attribute(str(name), groups, _titles(name, groups), codes)


def _titles(name: Hashable, groups: list[str]) -> list[str]:
    return [f"{name}={group}" for group in groups]


def _by_quantiles(column: pd.Series, name: Hashable, n_quantiles: int) -> Attribute:
    values = column.to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"sensitive_features column {name!r} contains infinity.")
    bins = quantile_groups(pd.Series(values), n_quantiles).cat
    codes, groups = bins.codes.to_numpy(dtype=np.int64), [*bins.categories]
    return Attribute(str(name), groups, _titles(name, groups), codes, values)


def _cross(columns: list[Attribute]) -> Attribute:
    """The observed combinations; those without rows are no groups."""
    table = np.stack([column.codes for column in columns], axis=1)
    observed, codes = np.unique(table, axis=0, return_inverse=True)

    def joined(names: list[list[str]]) -> list[str]:
        return [
            ", ".join(of_column[i] for of_column, i in zip(names, row, strict=True))
            for row in observed
        ]

    name = " x ".join(column.name for column in columns)
    groups = joined([column.groups for column in columns])
    titles = joined([column.titles for column in columns])
    return Attribute(name, groups, titles, codes.ravel(), crossed=True)
