"""One column of X at a time is replaced, for what an attacker loses by it.

A value is replaced by that of a row which is alike in the other columns. What a column
says again of what others say stays as it is, and no row comes about that could not be.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ...._inputs.tables import take_rows
from ...._utils.types import Codes, Floats

# Of more columns those are replaced that tell most alone.
MAX_COLUMNS = 50
# Rows whose values are replaced, and how often each.
MAX_ROWS, N_DRAWS = 3000, 8
# Rows are alike that end in the same leaf of a tree, which has so many leaves at most
# and so many rows in each: small leaves would fit the column's own noise.
MAX_LEAVES, MIN_LEAF = 32, 20
# Columns of more values are numbers to the tree, those of fewer are classes.
MAX_CLASSES = 20


@dataclass(frozen=True, eq=False)
class Replaced:
    """Views of some rows, with one column of X at a time replaced.

    Parameters
    ----------
    rows : ndarray of shape (n_some,)
        Positions of the rows.
    views : iterable of (name, ndarray of shape (n_draws, n_some, n_columns))
        By column of X what is seen of the rows, as often as there are draws.
    """

    rows: Codes
    views: Iterable[tuple[Hashable, Floats]]

    def take(self, rows: Codes) -> "Replaced":
        """The same among some of all rows, whose positions ascend."""
        kept = np.flatnonzero(np.isin(self.rows, rows))
        views = ((name, view[:, kept]) for name, view in self.views)
        return Replaced(np.searchsorted(rows, self.rows[kept]), views)

    def among(self, attacked: Codes) -> tuple[Codes, Codes]:
        """Those of the rows that are attacked.

        Their positions among ``attacked``, which ascends, and among ``rows``.
        """
        kept = np.flatnonzero(np.isin(self.rows, attacked))
        return np.searchsorted(attacked, self.rows[kept]), kept


@dataclass(frozen=True, eq=False)
class Donors:
    """Of some rows, whose value of a column each of them takes.

    Parameters
    ----------
    rows : ndarray of shape (n_some,)
        Positions of the rows in X.
    by_column : dict of column name to ndarray of shape (n_draws, n_some)
        For each draw, positions among ``rows``.
    positions : dict of column name to int
        Where the columns stand in X.
    """

    rows: Codes
    by_column: dict[Hashable, Codes]
    positions: dict[Hashable, int]

    def replaced(self, X: Any, view_of: Callable[[Any], Floats]) -> Replaced:
        """The views of the rows with each column replaced; made as they are asked for.

        A second time they are not there.
        """
        return Replaced(self.rows, self._views(X, view_of))

    def _views(
        self, X: Any, view_of: Callable[[Any], Floats]
    ) -> Iterator[tuple[Hashable, Floats]]:
        for name, donors in self.by_column.items():
            n_draws, n_some = donors.shape
            again = np.tile(self.rows, n_draws)
            changed = _with_column(
                take_rows(X, again),
                self.positions[name],
                take_rows(X, self.rows[donors.ravel()]),
            )
            yield name, view_of(changed).reshape(n_draws, n_some, -1)


def find_donors(
    coded: NDArray, names: Sequence[Hashable], strongest: Sequence[Hashable], seed: int
) -> Donors:
    """Draw donors for all columns, or for the first of the strongest.

    Parameters
    ----------
    coded : ndarray of shape (n_rows, n_columns)
        X as numbers without NaN.
    names : sequence of length n_columns
    strongest : sequence
        The names in order.
    seed : int
        Of the rows and the draws.
    """
    rng = np.random.RandomState(seed)
    rows = np.sort(rng.permutation(len(coded))[:MAX_ROWS])
    part = coded[rows]
    first = {*strongest[:MAX_COLUMNS]}
    positions = {name: j for j, name in enumerate(names) if name in first}
    by_column = {name: _draws(part, j, rng) for name, j in positions.items()}
    return Donors(rows, by_column, positions)


def _draws(part: NDArray, column: int, rng: np.random.RandomState) -> Codes:
    """Permutations of the rows within the leaves of a tree, (n_draws, n_rows)."""
    # By rank, so that a few large numbers do not take all of the leaves.
    values = np.unique(part[:, column], return_inverse=True)[1]
    others = np.delete(part, column, axis=1)
    leaf = np.zeros(len(part), dtype=np.int64)
    if others.shape[1]:
        is_number = values.max() >= MAX_CLASSES
        tree = DecisionTreeRegressor if is_number else DecisionTreeClassifier
        fitted = tree(
            max_leaf_nodes=MAX_LEAVES, min_samples_leaf=MIN_LEAF, random_state=rng
        ).fit(others, values)
        leaf = fitted.apply(others)
    in_order = np.argsort(leaf, kind="stable")
    draws = np.empty((N_DRAWS, len(part)), dtype=np.int64)
    for draw in draws:
        shuffled = rng.permutation(len(part))
        draw[in_order] = shuffled[np.argsort(leaf[shuffled], kind="stable")]
    return draws


def _with_column(X: Any, position: int, source: Any) -> Any:
    """X with a column of another table of as many rows."""
    if isinstance(X, pd.DataFrame):
        X.isetitem(position, source.iloc[:, position])
    else:
        X[:, position] = source[:, position]
    return X
