"""A variable, as users have it, is read here: as groups, as numbers, or as both."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.stats import norm, rankdata
from sklearn.preprocessing import SplineTransformer

from .._inputs.categories import column_kind
from .._inputs.groups import (
    check_finite,
    check_present,
    factorize,
    is_continuous,
    quantile_bins,
)
from .._inputs.splits import cells
from .._inputs.tables import as_pandas, with_text_as_frame
from .._utils.types import Codes, Floats

# A continuous variable that is conditioned on is cut into so many quantile bins.
N_BINS = 5
# Of splines, in standard deviations: normal scores need no others.
KNOTS = (-2.0, -1.0, 0.0, 1.0, 2.0)
SPLINE_SCALE = 3.0  # one in the middle has a spread of about a third


@dataclass(frozen=True)
class Variable:
    """One or more columns of the same rows.

    Parameters
    ----------
    name : str
        Of the argument that they came as.
    numbers : ndarray of shape (n_rows, n_numbers)
        Columns of numbers as normal scores: no map that keeps the order of a column's
        values, and can be undone, changes mutual information.
    categories : ndarray of shape (n_rows, n_categories)
        The other columns, one-hot.
    groups : ndarray of shape (n_rows,) or None
        The combination of values of each row; None if a column is continuous.
    labels : list of str
        Of the groups.
    text : list of str
        Columns that hold no numbers.
    continuous : list of str
        Columns of numbers that are too many, or too fractional, to be groups.
    """

    name: str
    numbers: Floats
    categories: Floats
    groups: Codes | None
    labels: list[str]
    text: list[str]
    continuous: list[str]

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def columns(self) -> Floats:
        """What networks and classifiers see, (n_rows, n_columns)."""
        return np.hstack([self.numbers, self.categories])

    @property
    def is_constant(self) -> bool:
        """Whether all rows are alike."""
        return bool((np.ptp(self.columns, axis=0) == 0).all())

    def take(self, rows: Codes) -> "Variable":
        """Some of the rows, without the columns that are constant there."""
        numbers, categories = self.numbers[rows], self.categories[rows]
        groups, labels = self.groups, self.labels
        if groups is not None:
            found, groups = np.unique(groups[rows], return_inverse=True)
            labels = [labels[i] for i in found]
        return replace(
            self,
            numbers=numbers[:, np.ptp(numbers, axis=0) > 0],
            categories=categories[:, np.ptp(categories, axis=0) > 0],
            groups=groups,
            labels=labels,
        )


def read_variable(values: Any, name: str) -> Variable:
    """Read an array, a frame, a series or a list of one or more columns.

    Raises
    ------
    ValueError
        If it has no rows, no columns, more than two dimensions, a missing or an
        infinite value, or a column of a single value.
    TypeError
        If it is sparse, or a column holds neither numbers nor categories.
    """
    frame = _frame(values, name)
    numbers, categories, codes, labels = [], [], [], []
    text, continuous = [], []
    for column_name, column in frame.items():
        what = f"column {column_name!r} of {name}"
        kind = _checked_kind(column, name, what)
        if kind == "numeric":
            as_floats = column.to_numpy(dtype=np.float64)
            check_finite(as_floats, what)
            numbers.append(normal_scores(as_floats))
        else:
            text.append(str(column_name))
        if is_continuous(column):
            continuous.append(str(column_name))
            continue
        of_column, groups = factorize(column)
        if kind != "numeric":
            categories.append(np.eye(len(groups))[of_column])
        codes.append(of_column)
        labels.append([str(group) for group in groups])
    crossed, names = (None, []) if continuous else _crossed(codes, labels)
    none = np.empty((len(frame), 0))
    return Variable(
        name,
        np.column_stack([none, *numbers]),
        np.hstack([none, *categories]),
        crossed,
        names,
        text,
        continuous,
    )


def read_strata(values: Any, name: str) -> Codes:
    """What is conditioned on, as one code a row: continuous columns in quantile bins.

    Raises
    ------
    ValueError, TypeError
        As `read_variable` does.
    """
    codes = []
    for column_name, column in _frame(values, name).items():
        what = f"column {column_name!r} of {name}"
        _checked_kind(column, name, what)
        if is_continuous(column):
            as_floats = column.to_numpy(dtype=np.float64)
            check_finite(as_floats, what)
            codes.append(quantile_bins(as_floats, N_BINS)[0])
        else:
            codes.append(factorize(column)[0])
    return cells(*codes)


def normal_scores(values: Floats) -> Floats:
    """The normal quantile of each value's rank; ties share one."""
    return norm.ppf(rankdata(values) / (len(values) + 1))


def _frame(values: Any, name: str) -> pd.DataFrame:
    table = with_text_as_frame(as_pandas(values))
    if sparse.issparse(table):
        raise TypeError(f"{name} is sparse; expected dense columns: pass .toarray().")
    if isinstance(table, pd.Series):
        table = table.to_frame(name if table.name in (None, "") else table.name)
    elif not isinstance(table, pd.DataFrame):
        if np.ndim(table) not in (1, 2):
            raise ValueError(
                f"{name} must hold one value, or one row of values, for each row; got "
                f"{np.ndim(table)} dimensions."
            )
        if np.ndim(table) == 1:
            table = pd.Series(table).to_frame(name)
        else:
            table = pd.DataFrame(table)
            table = table.set_axis([f"{name}[{i}]" for i in table], axis=1)
    if 0 in table.shape:
        raise ValueError(
            f"{name} has shape {table.shape}; expected at least 1 row and 1 column."
        )
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise ValueError(f"{name} has two columns named {twice!r}.")
    return table.reset_index(drop=True).infer_objects()


def _checked_kind(column: pd.Series, name: str, what: str) -> str:
    check_present(
        int(column.isna().sum()),
        what,
        f" in {len(column)} rows; drop these rows, or give missing values a category.",
    )
    kind = column_kind(column, name)
    if column.nunique() < 2:
        raise ValueError(
            f"{what} has a single value, {column.tolist()[0]!r}, in all {len(column)} "
            "rows: it tells nothing. Drop it."
        )
    return kind


def _crossed(codes: list[Codes], labels: list[list[str]]) -> tuple[Codes, list[str]]:
    if len(codes) == 1:
        return codes[0], labels[0]
    crossed = cells(*codes)
    first = np.unique(crossed, return_index=True)[1]
    names = [
        ", ".join(of[code[row]] for of, code in zip(labels, codes, strict=True))
        for row in first
    ]
    return crossed, names


def smooth_columns(variable: Variable) -> Floats:
    """Columns of numbers as cubic splines beside the categories, all of mean 0.

    Splines of the middle have a spread of about 1, those of the tails, which few rows
    show, a smaller one: what shrinks weights alike shrinks them more.
    """
    numbers = variable.numbers
    categories = variable.categories - variable.categories.mean(axis=0)
    if numbers.shape[1] == 0:
        return categories
    knots = np.repeat(np.array(KNOTS)[:, None], numbers.shape[1], axis=1)
    splines = SplineTransformer(
        knots=knots, extrapolation="linear", include_bias=False
    ).set_output(transform="default")
    features = splines.fit_transform(numbers)
    spread = SPLINE_SCALE * (features - features.mean(axis=0))
    return np.hstack([spread, categories])
