"""Proxies are the columns of X that tell S, one by one."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_selection import mutual_info_classif
from sklearn.metrics import mutual_info_score
from sklearn.utils import check_random_state

from ...._inputs.categories import column_kind
from ...._inputs.groups import (
    MAX_NUMERIC_GROUPS,
    check_present,
    is_continuous,
    quantile_bins,
)
from ...._inputs.tables import as_pandas
from ....mutual_info._counts import corrected_information, count_table
from .secret import N_BINS

# The estimator sorts and searches the rows of each column; more change little.
MAX_ROWS = 20_000
# Ties are broken by noise, which of few rows makes most of an estimate by neighbours:
# so many estimates are averaged, up to this many rows.
N_DRAWS, MAX_DRAWN = 20, 5_000


def proxies(
    X: Any,
    s: pd.Series,
    *,
    random_state: int | np.random.RandomState | None = None,
) -> pd.DataFrame:
    """Rank the columns of X by how much each alone tells of S.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n_rows, n_columns)
        Numbers, categories, strings or booleans. That a value is missing counts as
        information.
    s : Series of length n_rows
        Groups, or numbers, which are continuous where more than 20 differ, or more
        than 2 with fractions.
    random_state : int, RandomState or None, default=None
        For the noise that breaks ties of numbers, over which twenty estimates are
        averaged up to 5,000 rows, and for which 20,000 rows are taken of more.

    Returns
    -------
    ranking : DataFrame
        One row a column of X, the strongest first, with "mutual_info", I(column; S) in
        nats, and "share", that of H(S), in [0, 1]. For a continuous S, which has no
        finite entropy, both are of its quantile bins.

    Raises
    ------
    ValueError
        If lengths differ or S has missing values.
    TypeError
        If a column holds neither numbers nor categories, such as dates.

    Notes
    -----
    scikit-learn's estimators, which are by nearest neighbours where a number is
    involved, and by counts for two discrete variables. Estimates by counts are too high
    by about (categories - 1)(groups - 1) / 2n nats, which is subtracted [1]_. Columns
    may tell S together and not alone: what each adds to the others is for an attacker,
    and stands in an `audit`.

    References
    ----------
    .. [1] Miller (1955). Note on the bias of information estimates. Information Theory
       in Psychology.

    Examples
    --------
    >>> import pandas as pd
    >>> from fairrep.auditing._measuring.attacks.proxies import proxies
    >>> X = pd.DataFrame({"shoe": [36, 38, 37, 44, 43, 45] * 20, "day": [1, 2] * 60})
    >>> sex = pd.Series(["f", "f", "f", "m", "m", "m"] * 20)
    >>> proxies(X, sex, random_state=0).index.tolist()
    ['shoe', 'day']
    """
    X = as_pandas(X)
    X = X if isinstance(X, pd.DataFrame) else pd.DataFrame(np.asarray(X))
    if len(X) != len(s):
        raise ValueError(f"X has {len(X)} rows and S has {len(s)}; expected the same.")
    check_present(int(s.isna().sum()), f"S ({s.name!r})", "; drop them.")
    rng = check_random_state(random_state)
    if len(X) > MAX_ROWS:
        rows = rng.choice(len(X), MAX_ROWS, replace=False)
        X, s = X.iloc[rows], s.iloc[rows]
    continuous = is_continuous(s)
    groups = (
        quantile_bins(np.asarray(s), N_BINS)[0] if continuous else pd.factorize(s)[0]
    )
    entropy = mutual_info_score(groups, groups)
    nats = np.array([_mutual_info(column, groups, rng) for _, column in X.items()])
    share = np.minimum(1.0, nats / entropy) if entropy else np.zeros(len(nats))
    # Tuples stay names, and become no levels.
    names = pd.Index([*X.columns], name="column", tupleize_cols=False)
    ranking = pd.DataFrame({"mutual_info": nats, "share": share}, index=names)
    return ranking.sort_values("mutual_info", ascending=False, kind="stable")


def with_given_others(
    ranking: pd.DataFrame, given_others: Mapping[Hashable, float]
) -> pd.DataFrame:
    """The ranking with what each column adds to the others, by the larger of the two.

    Columns that tell S together and not alone are so on top as well.
    """
    added = [given_others.get(name, np.nan) for name in ranking.index]
    table = ranking.assign(given_others=added)
    most = table[["mutual_info", "given_others"]].max(axis=1)
    order = np.argsort(-most.to_numpy(), kind="stable")
    return table.iloc[order]


def _mutual_info(column: pd.Series, s: NDArray, rng: np.random.RandomState) -> float:
    """I(column; S) = I(missing; S) + P(known) I(value; S | known), in nats."""
    known = column.notna().to_numpy()
    if column_kind(column) == "categorical":
        return _by_counts(pd.factorize(column, use_na_sentinel=False)[0], s)
    values = column[known].to_numpy(dtype=np.float64)
    few = len(np.unique(values)) <= MAX_NUMERIC_GROUPS
    if few:  # as they are: a neighbour at the same value is no neighbour
        codes = np.full(len(column), -1)
        codes[known] = np.unique(values, return_inverse=True)[1]
        return _by_counts(codes + 1, s)
    told = 0.0 if known.all() else _by_counts(known.astype(np.int64), s)
    return told + known.mean() * _by_neighbours(values, s[known], rng)


def _by_neighbours(values: NDArray, s: NDArray, rng: np.random.RandomState) -> float:
    tied = len(np.unique(values)) < len(values)
    draws = [
        mutual_info_classif(values[:, None], s, random_state=rng)[0]
        for _ in range(N_DRAWS if tied and len(s) <= MAX_DRAWN else 1)
    ]
    return float(np.mean(draws))


def _by_counts(values: NDArray, s: NDArray) -> float:
    return corrected_information(count_table(values, s))
