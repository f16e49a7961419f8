"""Rows are held out by cells of group and label, and split for validation."""

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import KFold, StratifiedKFold, check_cv

from .._utils.types import Codes


def cells(*labels: NDArray) -> Codes:
    """One code for each observed combination of the labels."""
    _, codes = np.unique(np.stack(labels, axis=1), axis=0, return_inverse=True)
    return codes.ravel()


def stratified_folds(labels: NDArray, seed: int) -> StratifiedKFold:
    """Five folds, or as many as leave each a row of every class."""
    rarest = int(np.unique(labels, return_counts=True)[1].min())
    return StratifiedKFold(min(5, rarest), shuffle=True, random_state=seed)


def even_folds(n_rows: int, seed: int) -> KFold:
    """Five folds of rows whose y is a number, or as many as there are rows."""
    return KFold(min(5, n_rows), shuffle=True, random_state=seed)


def hold_out(
    fraction: float, cell: Codes, rng: np.random.RandomState
) -> tuple[Codes, Codes]:
    """Rows to train on and rows to hold out, each cell in proportion.

    Systematic sampling from the rows sorted by cell: it works for cells of any size,
    and the only row of a cell is trained on.
    """
    order = rng.permutation(len(cell))
    order = order[np.argsort(cell[order], kind="stable")]
    candidates = order[np.bincount(cell)[cell[order]] > 1]
    n_held = min(round(fraction * len(cell)), len(candidates) // 2)
    if n_held == 0:
        return np.arange(len(cell)), np.empty(0, dtype=np.int64)
    picks = (np.arange(n_held) + rng.uniform()) * len(candidates) / n_held
    held = rng.permutation(candidates[picks.astype(np.int64)])
    return np.setdiff1d(order, held), held


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
