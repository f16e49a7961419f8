"""Sensitive columns, as users have them, are read as what critics guard here.

`read_sensitive` turns the columns into group codes and normal scores.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
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
