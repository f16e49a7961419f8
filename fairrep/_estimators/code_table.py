"""What the codes of a discrete representation mean, in a table for people."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .._inputs.sensitive import SensitivePart
from .._problem.task import Task
from .._utils.types import Codes, Floats
from ..mutual_info._counts import table_information

N_COLUMNS = 5
N_BINS = 10
N_VALUES = 2  # of a column of categories, the most frequent ones


def code_table(
    codes: Codes,
    n_codes: int,
    X: Any,
    task: Task,
    parts: list[SensitivePart],
) -> pd.DataFrame:
    """Who has each code: its share, by group too, its rate of y, and ranges of X.

    The columns of X are those that tell most of the code.
    """
    total = np.bincount(codes, minlength=n_codes)
    columns: dict[str, Any] = {"share": total / len(codes)}
    for part in parts:
        for i, group in enumerate(part.groups):
            members = codes[part.present & (part.codes == i)]
            of_group = np.bincount(members, minlength=n_codes)
            columns[f"share of {group}"] = of_group / max(1, len(members))
    columns |= _rates(codes, total, task)
    frame = X if isinstance(X, pd.DataFrame) else _array_frame(X)
    for name in _telling(codes, frame):
        values = frame[name]
        # A column of X may be called as one of the table's own.
        title = f"column {name}" if str(name) in columns else str(name)
        columns[title] = [_range(values[codes == c]) for c in range(n_codes)]
    return pd.DataFrame(columns, index=pd.Index(np.arange(n_codes), name="code"))


def _rates(codes: Codes, total: NDArray, task: Task) -> dict[str, Floats]:
    """The rate of the positive class, or of each of several; or the mean of y."""
    if task.kind == "reconstruction":
        return {}
    columns = {"mean of standardised y": task.target.ravel()}
    if task.classes is not None:
        every = range(len(task.classes)) if task.positive is None else [task.positive]
        columns = {
            f"rate of {task.classes[code]}": task.target == code for code in every
        }
    with np.errstate(invalid="ignore"):  # a code of no row has no rate
        return {
            name: np.bincount(codes, values, minlength=len(total)) / total
            for name, values in columns.items()
        }


def _array_frame(X: Any) -> pd.DataFrame:
    if np.ndim(X) != 2:  # images and the like have no columns to speak of
        return pd.DataFrame(index=range(len(X)))
    frame = pd.DataFrame(X)
    return frame.set_axis([f"x{i}" for i in frame], axis=1)


def _telling(codes: Codes, frame: pd.DataFrame) -> list[Any]:
    nats = {name: _information(codes, frame[name]) for name in frame}
    return sorted(nats, key=lambda name: -nats[name])[:N_COLUMNS]


def _information(codes: Codes, values: pd.Series) -> float:
    """Plug-in mutual information of the code and the column, in bins if of numbers."""
    if _is_number(values):
        values = pd.qcut(values, N_BINS, labels=False, duplicates="drop")
    joint = pd.crosstab(codes, values.astype(object).fillna("missing").to_numpy())
    return table_information(joint.to_numpy())


def _range(values: pd.Series) -> str:
    """The middle four fifths of numbers, the most frequent of other values."""
    values = values.dropna()
    if values.empty:
        return ""
    if _is_number(values):
        low, high = values.astype(float).quantile([0.1, 0.9])
        return f"{low:.4g} to {high:.4g}"
    shares = values.astype(str).value_counts(normalize=True).head(N_VALUES)
    return ", ".join(f"{value} {share:.0%}" for value, share in shares.items())


def _is_number(values: pd.Series) -> bool:
    is_bool = pd.api.types.is_bool_dtype(values)
    return bool(pd.api.types.is_numeric_dtype(values) and not is_bool)
