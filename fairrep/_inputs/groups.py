"""Sensitive columns, as users have them, are read as groups of rows here.

The only reader of S as groups: what a fit guards, what a gap compares, what an audit or
a certificate is of, all ask here. What may be wrong with a column is checked here too,
each check once.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from .._utils.types import Codes, Floats
from .categories import check_hashable, is_unicode
from .tables import as_pandas

# A numeric column with more distinct values than this is continuous; with fractions
# among them, such as rates, already above two.
MAX_NUMERIC_GROUPS = 20
MAX_NUMERIC_BINARY = 2
# A continuous column is compared by its quartiles.
N_QUANTILES = 4


# -- columns -------------------------------------------------------------------


def sensitive_frame(sensitive_features: Any, n_rows: int) -> pd.DataFrame:
    """One column a sensitive feature, unnamed ones named as fairlearn does.

    Rows match by position: an index of pandas is not used.
    """
    table = as_pandas(sensitive_features)
    if sparse.issparse(table):
        raise TypeError(
            "sensitive_features is sparse; expected dense columns: pass .toarray()."
        )
    if isinstance(table, pd.Series):
        unnamed = table.name is None or table.name == ""  # polars has no None
        name = "sensitive_feature_0" if unnamed else table.name
        frame = table.to_frame(name)
    elif isinstance(table, pd.DataFrame):
        frame = table
    elif isinstance(table, Mapping):
        frame = _frame_of_columns(table)
    elif np.ndim(table) in (1, 2):
        frame = pd.DataFrame(table)
        frame = frame.set_axis(
            [f"sensitive_feature_{i}" for i in frame.columns], axis=1
        )
    else:
        raise ValueError(
            "sensitive_features must hold one value, or one row of values, for each "
            f"row; got {np.ndim(table)} dimensions.{_hint_at_names(table)}"
        )
    for name, column in frame.items():
        _check_cells(column, f"sensitive_features column {name!r}")
    frame = frame.apply(_enums_as_text)
    if frame.shape[1] == 0:
        raise ValueError("sensitive_features has no columns; expected at least 1.")
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ValueError(f"sensitive_features has two columns named {twice!r}.")
    if len(frame) != n_rows:
        raise ValueError(
            f"sensitive_features has {len(frame)} rows; expected {n_rows}, one for "
            f"each sample in the same order.{_hint_at_names(table)}"
        )
    return frame.reset_index(drop=True)


def _check_cells(column: pd.Series, what: str) -> None:
    """Raise where a column holds what is no group: complex numbers, or lists."""
    if column.dtype == object:
        _check_objects(column, what)
    if pd.api.types.is_complex_dtype(column.infer_objects()):
        raise TypeError(f"{what} holds complex numbers; expected real ones, or groups.")


def _check_objects(column: pd.Series, what: str) -> None:
    try:
        values = column.dropna().unique()
    except TypeError:
        check_hashable(column, what)
        raise
    texts: dict[str, Any] = {}
    for value in values:
        text = str(value)
        other = texts.setdefault(text, value)
        if other is not value:
            raise ValueError(
                f"{what} has two groups that are both written {text!r}: one is a "
                f"{type(other).__name__}, one a {type(value).__name__}. Expected one "
                "kind of value."
            )
        if not is_unicode(text):
            raise ValueError(
                f"{what} has the group {text!r}, which is no valid Unicode: decode it "
                "anew, with errors='replace'."
            )


def _enums_as_text(column: pd.Series) -> pd.Series:
    """Members of an Enum, which have no order, by their text."""
    if column.dtype != object:
        return column
    # By value, which are few, and not by row.
    members = {v: str(v) for v in column.unique() if isinstance(v, Enum)}
    return column.map(lambda value: members.get(value, value)) if members else column


def _frame_of_columns(table: Mapping) -> pd.DataFrame:
    """A dict of columns as a frame, each read as it would be alone."""
    columns = {}
    for name, values in table.items():
        values = as_pandas(values)
        if not isinstance(values, pd.Series):
            # Not as an array first, where a missing value among strings is "nan".
            values = pd.Series(
                values if isinstance(values, np.ndarray) else list(values),
            )
        columns[name] = values.reset_index(drop=True)
    sizes = {name: len(values) for name, values in columns.items()}
    if len({*sizes.values()}) > 1:
        raise ValueError(
            f"sensitive_features has columns of different lengths: {sizes}."
        )
    return pd.DataFrame(columns)


def _hint_at_names(table: Any) -> str:
    """What to do, where columns seem to be named instead of given."""
    names = [table] if isinstance(table, str) else table
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        return ""
    columns = repr(names[0]) if len(names) == 1 else repr(names)
    return f" Names of columns are not taken; pass the columns: X[{columns}]."


def is_continuous(column: pd.Series) -> bool:
    """Whether a column is of numbers too many, or too fractional, to be groups."""
    types = pd.api.types
    if not types.is_numeric_dtype(column) or types.is_bool_dtype(column):
        return False
    values = column.dropna().unique()
    if len(values) <= MAX_NUMERIC_BINARY:
        return False
    values = np.asarray(values, dtype=np.float64)
    is_fraction = values[np.isfinite(values)] % 1 != 0
    return len(values) > MAX_NUMERIC_GROUPS or bool(is_fraction.any())


def factorize(values: pd.Series) -> tuple[Codes, NDArray]:
    """Codes, and the sorted categories that they stand for."""
    codes, categories = pd.factorize(values.astype(object))
    try:
        order = sorted(range(len(categories)), key=categories.__getitem__)
    except TypeError:  # values of several types, which have no order of their own
        order = sorted(range(len(categories)), key=lambda i: str(categories[i]))
    return np.argsort(order)[codes], np.asarray(categories)[order]


def group_names(groups: Iterable[Any]) -> list[str]:
    """Groups as text; numbers in six digits, unless these do not tell them apart."""
    groups = [*groups]
    names = [
        f"{g:g}" if isinstance(g, (float, np.floating)) else str(g) for g in groups
    ]
    return names if len({*names}) == len(names) else [*map(str, groups)]


# -- checks --------------------------------------------------------------------


def check_present(n_missing: int, what: str, advice: str) -> None:
    """Raise where values are missing."""
    if n_missing:
        raise ValueError(f"{what} has {n_missing} missing values{advice}")


def check_finite(values: Floats, what: str) -> None:
    """Raise where a continuous column holds infinity."""
    if not np.isfinite(values).all():
        raise ValueError(f"{what} contains infinity.")


def check_several(groups: Any, n_rows: int, what: str) -> None:
    """Raise where all rows are of one group."""
    if len(groups) == 0:
        raise ValueError(f"{what} has no row with a group.")
    if len(groups) < 2:
        raise ValueError(
            f"{what} has a single group, {groups[0]!r}, in all {n_rows} rows; at least "
            "2 groups are required. Name another column, or take rows of others too."
        )


def check_no_identifier(n_values: int, n_rows: int, what: str) -> None:
    """Raise where nearly every row has a value of its own."""
    if n_values > max(MAX_NUMERIC_GROUPS, n_rows / 2):
        raise ValueError(
            f"{what} has {n_values} different values in {n_rows} rows: an identifier, "
            "not a group."
        )


# -- continuous columns --------------------------------------------------------


def quantile_intervals(values: pd.Series, n_quantiles: int = N_QUANTILES) -> pd.Series:
    """Groups of about equal size, at least two, as `pandas.Interval`.

    Parameters
    ----------
    values : Series of float
        Of at least two different values; missing ones have no group.
    n_quantiles : int
        Groups, of which ties may leave fewer.
    """
    bins = pd.qcut(values, n_quantiles, duplicates="drop")
    if len(bins.cat.categories) < 2:
        # Most rows share one value, so that no quantile parts them.
        below_largest = values[values < values.max()].max()
        edge = min(values.median(), below_largest)
        bins = pd.cut(values, [-np.inf, edge, np.inf])
    return bins.cat.remove_unused_categories()


def quantile_groups(values: pd.Series, n_quantiles: int = N_QUANTILES) -> pd.Series:
    """The same groups by name, from "up to 30" to "above 50"."""
    bins = quantile_intervals(values, n_quantiles)
    edges = [(interval.left, interval.right) for interval in bins.cat.categories]
    names = [f"{left:g} to {right:g}" for left, right in edges]
    names[0] = f"up to {edges[0][1]:g}"
    names[-1] = f"above {edges[-1][0]:g}"
    if len(set(names)) < len(names):  # alike in the digits that are shown
        names = [f"quantile {i + 1}" for i in range(len(names))]
    return bins.cat.rename_categories(names)


def quantile_bins(values: Floats, n_bins: int) -> tuple[Codes, list[str]]:
    """Finer groups, for attackers: a value of many rows has a bin of its own."""
    edges = np.quantile(values, np.arange(1, n_bins) / n_bins)
    # The last bin is open to the left of the maximum, so that it is never empty.
    edges = np.unique(np.minimum(edges, np.unique(values)[-2]))
    bins = pd.cut(values, [-np.inf, *edges, np.inf])
    return bins.codes.astype(np.int64), [*map(str, bins.categories)]


# -- ways to ask ---------------------------------------------------------------


@dataclass(frozen=True)
class Groups:
    """One way to divide rows into groups.

    Parameters
    ----------
    name : str
        Of the sensitive column, or of those that are crossed.
    names : list of str
        Of the groups, sorted.
    titles : list of str
        Of the groups where the column is not at hand: "sex=f".
    codes : ndarray of shape (n_rows,)
        The group of each row.
    values : ndarray of shape (n_rows,) or None
        Of a continuous column, whose groups are its quantiles.
    crossed : bool
        Whether the groups are combinations of several columns'.
    """

    name: str
    names: list[str]
    titles: list[str]
    codes: Codes
    values: Floats | None = None
    crossed: bool = False

    @property
    def labels(self) -> pd.Series:
        """The group of each row by name."""
        return pd.Series(np.array(self.names, dtype=object)[self.codes])

    @property
    def series(self) -> pd.Series:
        """The values of a continuous column, of any other the groups, by row."""
        return self.labels if self.values is None else pd.Series(self.values)


def read_groups(frame: pd.DataFrame, n_quantiles: int = N_QUANTILES) -> list[Groups]:
    """The groups of each column of a `sensitive_frame` without missing values.

    Raises
    ------
    ValueError
        If a column has a single value, is an identifier, or holds infinity.
    """
    return [_read_column(frame[name], name, n_quantiles) for name in frame]


def _read_column(column: pd.Series, name: Hashable, n_quantiles: int) -> Groups:
    column = column.reset_index(drop=True).infer_objects()
    what = f"sensitive_features column {name!r}"
    check_several(column.unique().tolist(), len(column), what)
    if is_continuous(column):
        values = column.to_numpy(dtype=np.float64)
        check_finite(values, what)
        bins = quantile_groups(pd.Series(values), n_quantiles).cat
        codes, names = bins.codes.to_numpy(dtype=np.int64), [*bins.categories]
        return Groups(str(name), names, _titles(name, names), codes, values)
    check_no_identifier(column.nunique(), len(column), what)
    codes, found = factorize(column)
    names = group_names(found)
    return Groups(str(name), names, _titles(name, names), codes)


def _titles(name: Hashable, groups: list[str]) -> list[str]:
    return [f"{name}={group}" for group in groups]


def given_groups(frame: pd.DataFrame) -> Groups:
    """Groups of columns whose values are groups as they stand; several are crossed.

    Only what they come to is checked: of several columns one may have a single value.
    """
    columns = []
    for name in frame:
        codes, found = factorize(frame[name].reset_index(drop=True).infer_objects())
        names = group_names(found)
        columns.append(Groups(str(name), names, _titles(name, names), codes))
    groups = crossed(columns)
    what = f"sensitive_features {groups.name!r}"
    check_several(groups.names, len(groups.codes), what)
    if len({*groups.names}) < len(groups.names):
        twice = next(n for n in groups.names if groups.names.count(n) > 1)
        raise ValueError(
            f"{what} has two groups that are both written {twice!r}; rename one."
        )
    return groups


def renamed(groups: Groups, names: Mapping[Any, str]) -> Groups:
    """The same groups under names of the user's, by the values that they stand for.

    Raises
    ------
    ValueError
        If a value is no group, or two groups would have the same name.
    """
    new = {str(value): str(name) for value, name in names.items()}
    if unknown := [value for value in new if value not in groups.names]:
        raise ValueError(
            f"group_names of {groups.name!r} has {unknown[0]!r}, which is no group "
            f"there; they are {', '.join(groups.names)}."
        )
    found = [new.get(name, name) for name in groups.names]
    if len({*found}) < len(found):
        twice = next(name for name in found if found.count(name) > 1)
        raise ValueError(f"group_names of {groups.name!r} names two groups {twice!r}.")
    # A name that was given says what it is a group of.
    given = {*new.values()}
    titles = [
        name if name in given else title
        for name, title in zip(found, _titles(groups.name, found), strict=True)
    ]
    return replace(groups, names=found, titles=titles)


def crossed(columns: list[Groups]) -> Groups:
    """The observed combinations of several columns' groups; a single column's as it is.

    A combination without rows is no group.
    """
    if len(columns) == 1:
        return columns[0]
    table = np.stack([column.codes for column in columns], axis=1)
    observed, codes = np.unique(table, axis=0, return_inverse=True)

    def joined(names: list[list[str]]) -> list[str]:
        return [
            ", ".join(of_column[i] for of_column, i in zip(names, row, strict=True))
            for row in observed
        ]

    name = " x ".join(column.name for column in columns)
    names = joined([column.names for column in columns])
    titles = joined([column.titles for column in columns])
    return Groups(name, names, titles, codes.ravel(), crossed=True)


def check_missing(frame: pd.DataFrame, missing: str) -> None:
    """Raise where sensitive values are missing, unless told to drop their rows.

    Raises
    ------
    ValueError
        If values are missing and `missing` is "raise", or all of a column are.
    """
    absent = frame.isna()
    if missing == "raise" and absent.to_numpy().any():
        counts = ", ".join(
            f"{n} in {name!r}" for name, n in absent.sum().items() if n > 0
        )
        raise ValueError(
            f"sensitive_features has missing values: {counts}, of {len(frame)} rows. "
            "Set missing='drop' to leave each out of its column's figures, or name a "
            "group for them."
        )
    if empty := [name for name in frame if absent[name].all()]:
        raise ValueError(
            f"sensitive_features column {empty[0]!r} has no value in any row; expected "
            "a group for each, or for some with missing='drop'."
        )


def comparable_groups(sensitive_features: Any, n_rows: int) -> pd.DataFrame:
    """The sensitive columns as text, continuous ones cut at their quartiles."""

    def as_text(column: pd.Series) -> pd.Series:
        column = column.infer_objects()
        if is_continuous(column):
            column = quantile_groups(column)
        return column.astype(str).where(column.notna(), None).astype(object)

    frame = sensitive_frame(sensitive_features, n_rows).rename(columns=str)
    return frame.apply(as_text)


def quartile_groups(sensitive_features: Any, n_rows: int) -> pd.DataFrame:
    """The sensitive columns, continuous ones as the interval between quartiles."""

    def as_intervals(column: pd.Series) -> pd.Series:
        column = column.infer_objects()
        values = column.dropna()
        if not is_continuous(column) or np.isinf(values.to_numpy(float)).any():
            return column  # infinities are told of where S is read
        return quantile_intervals(column).astype(object)

    return sensitive_frame(sensitive_features, n_rows).apply(as_intervals)


def groups_of_fit(
    sensitive_features: Any, n_rows: int, categories: list[NDArray | None]
) -> pd.DataFrame:
    """The groups of other rows, by the quartiles that `fit` found."""
    frame = sensitive_frame(sensitive_features, n_rows)
    columns = {
        name: _as_in_fit(frame[name].infer_objects(), known)
        for name, known in zip(frame, categories, strict=True)
    }
    return pd.DataFrame(columns)


def _as_in_fit(column: pd.Series, known: NDArray | None) -> pd.Series:
    if known is None or not pd.api.types.is_numeric_dtype(column):
        return column
    if isinstance(known[0], pd.Interval):
        inner = [interval.right for interval in known[:-1]]
        number = np.searchsorted(inner, column.to_numpy(float))
        return pd.Series(known[number], column.index).where(column.notna())
    return column
