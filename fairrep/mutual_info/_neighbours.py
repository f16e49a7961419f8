"""Distances to nearest neighbours give the information of numbers, with no model."""

import numpy as np
from scipy.special import digamma
from sklearn.neighbors import KDTree, NearestNeighbors

from .._utils.types import Codes, Floats
from ._method import Method, Settings, need_rows, need_rows_of_groups
from ._variable import Variable

N_NEIGHBOURS = 3  # scikit-learn's default, and that of the papers
# Ties are broken by noise of this size, as in scikit-learn; columns have a spread of 1.
NOISE = 1e-10


class Neighbours(Method):
    """The estimator of Kraskov et al., for groups that of Ross.

    scikit-learn's `mutual_info_regression` and `mutual_info_classif` are the same for a
    single column of X; here X is one point of all its columns, by the largest distance
    in any of them.
    """

    takes = "X of numbers, and S of groups or of numbers"

    def accepts(self, x: Variable, s: Variable) -> bool:
        return not x.text and (s.groups is not None or not s.text)

    def check_rows(self, x: Variable, s: Variable, n_folds: int, where: str) -> None:
        need_rows(len(x), 10, f"X{where}")
        need_rows_of_groups(s, N_NEIGHBOURS + 1, where)

    def saturation(self, n_rows: int, settings: Settings) -> float | None:
        return float(digamma(n_rows) - digamma(N_NEIGHBOURS))

    def terms(self, x: Variable, s: Variable, settings: Settings) -> Floats:
        points = _without_ties(x.numbers, settings.rng)
        if s.groups is not None:
            return _of_groups(points, s.groups)
        return _of_numbers(points, _without_ties(s.numbers, settings.rng))


def _without_ties(points: Floats, rng: np.random.RandomState) -> Floats:
    return points + NOISE * rng.normal(size=points.shape)


def _of_numbers(x: Floats, s: Floats) -> Floats:
    """A. Kraskov et al., "Estimating mutual information", Phys. Rev. E 69, 2004."""
    radius = _distance(np.hstack([x, s]), N_NEIGHBOURS)
    told = digamma(len(x)) + digamma(N_NEIGHBOURS)
    return np.asarray(told - sum(digamma(_n_within(p, radius)) for p in (x, s)))


def _of_groups(x: Floats, s: Codes) -> Floats:
    """B. C. Ross, "Mutual information between discrete and continuous data sets", 2014.

    PLoS ONE 9(2).
    """
    radius = np.empty(len(x))
    for group in np.unique(s):
        radius[s == group] = _distance(x[s == group], N_NEIGHBOURS)
    own = np.bincount(s)[s]
    told = digamma(len(x)) + digamma(N_NEIGHBOURS)
    return np.asarray(told - digamma(own) - digamma(_n_within(x, radius)))


def _distance(points: Floats, n_neighbours: int) -> Floats:
    """To the k-th other point, less one bit: those within are then nearer."""
    search = NearestNeighbors(n_neighbors=n_neighbours, metric="chebyshev")
    return np.nextafter(search.fit(points).kneighbors()[0][:, -1], 0)


def _n_within(points: Floats, radius: Floats) -> Codes:
    """Points within the radius of each, itself among them."""
    tree = KDTree(points, metric="chebyshev")
    return np.asarray(tree.query_radius(points, radius, count_only=True))
