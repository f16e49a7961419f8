"""Sensitive columns, as users have them, are read as what critics guard here.

`read_sensitive` turns the columns into group codes and normal scores.
`read_probabilities` reads a sensitive attribute that is known as probabilities alone.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.preprocessing import QuantileTransformer

from .._utils.types import Codes, Floats
from .groups import (
    check_finite,
    check_no_identifier,
    check_present,
    check_several,
    factorize,
    is_continuous,
    quantile_groups,
    sensitive_frame,
)
from .splits import cells
from .tables import as_pandas

# By how much the probabilities of a row may miss a sum of 1, as rounded ones do.
ROUNDING = 0.005


@dataclass
class SensitivePart:
    """What one critic guards: group codes, continuous values, or both together."""

    name: str
    groups: list[str]
    codes: Codes  # all zero where there are no groups
    values: NDArray[np.float32]  # (n_rows, n_continuous), normal scores
    present: NDArray[np.bool_]
    categories: NDArray | None = None  # of a single column: its values, as they came

    @property
    def is_categorical(self) -> bool:
        return self.values.shape[1] == 0


def cells_of(part: SensitivePart) -> Codes:
    """The group of each row; of continuous values their quartiles cut groups."""
    quartiles = [quantile_groups(pd.Series(values)) for values in part.values.T]
    return cells(part.codes, *(pd.factorize(column)[0] for column in quartiles))


@dataclass
class Sensitive:
    """The sensitive features of the rows of fit."""

    names: list[Hashable]
    categories: list[NDArray | None]  # by column; None for a continuous one
    parts: list[SensitivePart]


def read_sensitive(
    sensitive_features: Any,
    y: NDArray | None,
    n_rows: int,
    *,
    combination: str,
    missing: str,
) -> Sensitive:
    """Encode the sensitive columns, crossed into one part or as one part a column."""
    frame = sensitive_frame(sensitive_features, n_rows)
    columns = [_read_sensitive_column(frame[name], missing) for name in frame.columns]
    for column in columns:
        _check_differs_from_target(column, y)
    parts = columns if combination == "separate" else [_cross(columns)]
    for part in parts:
        _check_groups(part)
    categories = [column.categories for column in columns]
    return Sensitive(list(frame.columns), categories, parts)


def _read_sensitive_column(column: pd.Series, missing: str) -> SensitivePart:
    column = column.infer_objects()
    present = column.notna().to_numpy()
    what = f"sensitive_features column {column.name!r}"
    if missing == "raise":
        check_present(
            (~present).sum(),
            what,
            ". Drop these rows, give the missing values a group of their own, or "
            "set missing_sensitive='mask' to leave the rows out of the mutual "
            "information alone.",
        )
    known = column[present].infer_objects()
    if is_continuous(known):
        values = known.to_numpy(dtype=np.float64)
        check_finite(values, what)
        scores = np.zeros((len(column), 1), dtype=np.float32)
        scores[present] = _normal_scores(values)
        codes = np.zeros(len(column), dtype=np.int64)
        return SensitivePart(str(column.name), [], codes, scores, present)
    codes, categories = factorize(known)
    all_codes = np.zeros(len(column), dtype=np.int64)
    all_codes[present] = codes
    groups = [str(category) for category in categories]
    none = np.empty((len(column), 0), dtype=np.float32)
    return SensitivePart(str(column.name), groups, all_codes, none, present, categories)


def _normal_scores(values: Floats) -> NDArray[np.float32]:
    """Rank-based normal scores: I(Z; S) is the same for any monotone map of S."""
    scores = QuantileTransformer(
        n_quantiles=min(1000, len(values)), output_distribution="normal", subsample=None
    ).set_output(transform="default")
    return scores.fit_transform(values[:, None]).astype(np.float32)


def _cross(columns: Sequence[SensitivePart]) -> SensitivePart:
    """One part out of several columns: observed combinations are the groups."""
    present = np.logical_and.reduce([column.present for column in columns])
    name = " x ".join(column.name for column in columns)
    values = np.hstack([column.values for column in columns])
    grouped = [column for column in columns if column.is_categorical]
    if len(grouped) <= 1:
        groups = grouped[0].groups if grouped else []
        codes = grouped[0].codes if grouped else columns[0].codes
        return SensitivePart(name, groups, codes, values, present)
    cells = np.stack([column.codes for column in grouped], axis=1)
    observed, inverse = np.unique(cells[present], axis=0, return_inverse=True)
    codes = np.zeros(len(present), dtype=np.int64)
    codes[present] = inverse.ravel()
    groups = [
        ", ".join(column.groups[i] for column, i in zip(grouped, row, strict=True))
        for row in observed
    ]
    return SensitivePart(name, groups, codes, values, present)


def _check_groups(part: SensitivePart) -> None:
    what, n_rows = f"sensitive_features {part.name!r}", int(part.present.sum())
    if not n_rows:
        raise ValueError(f"{what} is missing in all rows.")
    if part.is_categorical:
        check_several(part.groups, n_rows, what)
    check_no_identifier(len(part.groups), n_rows, what)


def _check_differs_from_target(part: SensitivePart, y: NDArray | None) -> None:
    if y is None or not part.is_categorical or len(part.groups) < 2:
        return
    cells = pd.crosstab(part.codes[part.present], y[part.present]).to_numpy() > 0
    if cells.shape[0] == cells.shape[1] == cells.sum():
        raise ValueError(
            f"sensitive_features column {part.name!r} equals y: each group has one "
            "class of its own, so nothing that predicts y can be independent of it."
        )


# -- known as probabilities --------------------------------------------------------


@dataclass(frozen=True)
class ProbableGroups:
    """Groups of which each row is in one, and in which is known as probabilities.

    Parameters
    ----------
    name : str
        Of the sensitive attribute.
    names : list of str
        Of the groups, in the order of the columns.
    titles : list of str
        Of the groups where the attribute is not at hand: "race=black".
    weights : ndarray of shape (n_rows, n_groups)
        Probabilities; each row sums to 1.
    """

    name: str
    names: list[str]
    titles: list[str]
    weights: Floats

    def take(self, rows: Codes) -> "ProbableGroups":
        """The same of some of the rows.

        Raises
        ------
        ValueError
            If a group has no weight in any of them.
        """
        weights = self.weights[rows]
        for name, total in zip(self.names, weights.sum(axis=0), strict=True):
            if total == 0:
                raise ValueError(
                    f"{_what(self.name)}: group {name!r} has a probability of 0 in all "
                    f"{len(weights)} rows. Drop its column."
                )
        return ProbableGroups(self.name, self.names, self.titles, weights)


def read_probabilities(
    sensitive_probabilities: Any, n_rows: int, missing: str
) -> list[ProbableGroups]:
    """Read attributes that are known as probabilities.

    Parameters
    ----------
    sensitive_probabilities : array-like of shape (n_rows, n_groups), or dict
        One attribute; or attributes by name.
    n_rows : int
    missing : {"raise", "drop"}
        What to do with rows that miss a probability.

    Returns
    -------
    attributes : list of ProbableGroups
        Rows that miss a probability are NaN.

    Raises
    ------
    ValueError
        If there are no probabilities of at least two groups for each row.
    TypeError
        If they are sparse.
    """
    given = as_pandas(sensitive_probabilities)
    tables = {"sensitive_probabilities": given}
    if isinstance(given, Mapping) and any(_is_table(part) for part in given.values()):
        tables = {str(name): table for name, table in given.items()}
    return [
        _read_probable(name, table, n_rows, missing) for name, table in tables.items()
    ]


def _is_table(table: Any) -> bool:
    return isinstance(table, Mapping) or np.ndim(as_pandas(table)) == 2


def _what(name: str) -> str:
    """The option, and the attribute where it has a name."""
    option = "sensitive_probabilities"
    return option if name == option else f"{option}[{name!r}]"


def _read_probable(name: str, table: Any, n_rows: int, missing: str) -> ProbableGroups:
    what = _what(name)
    frame = _probability_frame(table, what)
    if len(frame) != n_rows:
        raise ValueError(
            f"{what} has {len(frame)} rows; expected {n_rows}, one for each sample in "
            "the same order."
        )
    groups = [str(group) for group in frame]
    if len(groups) < 2:
        raise ValueError(
            f"{what} has {len(groups)} columns; expected one for each group, at least "
            "2. Of a single probability p, the second column is 1 - p."
        )
    if len({*groups}) < len(groups):
        twice = next(group for group in groups if groups.count(group) > 1)
        raise ValueError(f"{what} has two columns named {twice!r}.")
    try:
        weights = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what} must hold numbers: {error}.") from error
    absent = np.isnan(weights)
    if missing == "raise" and absent.any():
        counts = ", ".join(
            f"{n} in {group!r}"
            for group, n in zip(groups, absent.sum(axis=0), strict=True)
            if n > 0
        )
        raise ValueError(
            f"{what} has missing values: {counts}, of {n_rows} rows. Set "
            "missing='drop' to audit the other rows, or give these rows the shares of "
            "the groups."
        )
    if absent.any(axis=1).all():
        raise ValueError(f"Every row of {what} has a missing value.")
    _check_probabilities(weights, groups, what)
    weights = np.clip(weights, 0, 1)
    titles = [f"{name}={group}" for group in groups]
    if name == "sensitive_probabilities":
        titles = groups
    sums = weights.sum(axis=1, keepdims=True)
    return ProbableGroups(name, groups, titles, weights / sums)


def _probability_frame(table: Any, what: str) -> pd.DataFrame:
    table = as_pandas(table)
    if sparse.issparse(table):
        raise TypeError(f"{what} is sparse; expected dense columns: pass .toarray().")
    if isinstance(table, pd.DataFrame):
        return table
    if isinstance(table, Mapping):
        columns = {name: np.asarray(as_pandas(part)) for name, part in table.items()}
        sizes = {name: len(np.atleast_1d(part)) for name, part in columns.items()}
        if len({*sizes.values()}) > 1:
            raise ValueError(f"{what} has columns of different lengths: {sizes}.")
        return pd.DataFrame(columns)
    if np.ndim(table) != 2:
        raise ValueError(
            f"{what} must have a column for each group; got {np.ndim(table)} "
            "dimensions. Of a single probability p, pass p and 1 - p."
        )
    frame = pd.DataFrame(table)
    return frame.set_axis([f"group_{i}" for i in frame.columns], axis=1)


def _check_probabilities(weights: Floats, groups: list[str], what: str) -> None:
    """Raise where a value is no probability, or a row of them does not sum to 1."""
    beyond = (weights < -ROUNDING) | (weights > 1 + ROUNDING)  # also infinity
    if beyond.any():
        row, group = np.argwhere(beyond)[0]
        raise ValueError(
            f"{what} holds {weights[row, group]:g} in row {row}, column "
            f"{groups[group]!r}; expected probabilities, from 0 to 1."
        )
    sums = weights.sum(axis=1)
    off = np.flatnonzero(np.abs(sums - 1) > ROUNDING)  # NaN is not
    if len(off):
        raise ValueError(
            f"{what}: row {off[0]} sums to {sums[off[0]]:.4g}; expected 1 in each row "
            f"(not so in {len(off)} of {len(weights)} rows)."
        )
