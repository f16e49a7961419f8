"""The splits of a cross-validation, for gaps as well as for scores."""

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import check_cv

from ._inputs import Codes, cells


def check_splits(parts: list[tuple[Codes, Codes]], labels: NDArray) -> Codes:
    """All rows that are tested on, as often as they are; raises if splits are unfit."""
    if not parts:
        raise ValueError("cv gives no splits; expected at least one.")
    for i, (train, test) in enumerate(parts):
        if len(np.unique(labels[train])) < 2 or not len(labels[test]):
            raise ValueError(
                f"Split {i} of cv leaves {len(labels[train])} rows of "
                f"{len(np.unique(labels[train]))} class(es) to train on and "
                f"{len(labels[test])} to test on; expected rows of at least 2 classes, "
                "and some to test on."
            )
    rows = np.arange(len(labels))
    return np.concatenate([rows[test] for _, test in parts])


def splits_of(
    cv: Any, X: Any, labels: NDArray, groups: pd.DataFrame
) -> Iterator[tuple[Codes, Codes]]:
    """Splits of the rows, with each (group, label) cell in proportion for a number."""
    if not isinstance(cv, Integral):
        yield from check_cv(cv, labels, classifier=True).split(X, labels)
        return
    columns = [pd.factorize(groups[name])[0] for name in groups]
    cell = cells(*columns, np.unique(labels, return_inverse=True)[1])
    n_splits = int(cv)
    rare = np.bincount(cell)[cell] < n_splits  # too few for one in each split
    cell = np.where(rare, -1, cell)
    yield from check_cv(n_splits, cell, classifier=True).split(X, cell)
