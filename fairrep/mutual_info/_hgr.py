"""Maximal correlation: the largest that any functions of two variables have.

In [0, 1], and 0 exactly if they are independent: A. Rényi, "On measures of dependence",
Acta Mathematica Hungarica 10, 1959, after Hirschfeld (1935) and Gebelein (1941).
"""

import numpy as np
from scipy.linalg import cholesky, solve_triangular, svd
from sklearn.model_selection import KFold

from .._utils.types import Codes, Floats
from ._method import Measured, Method, Settings, need_rows
from ._variable import Variable, smooth_columns

# Weight of a ridge, in rows: what few rows show is shrunk.
RIDGE_ROWS = 3.0
ROWS_PER_FOLD = 10
# Functions of two folds are found on rows that are mostly the same, so that the mean of
# independent variables spreads more than its rows say: 1.5 times, in simulations.
WIDENING = 1.5


class MaximalCorrelation(Method):
    """The correlation of f(X) and g(S) on held-out rows, in [0, 1].

    f and g are sums of cubic splines of the columns, found on the other folds as those
    of the largest correlation there (a canonical correlation; compare L. Breiman and
    J. H. Friedman, "Estimating optimal transformations for multiple regression and
    correlation", JASA 80, 1985). What columns of X tell only together is not found.
    """

    takes = "X and S of numbers"
    unit = "correlation"
    is_lower_bound = True
    conditions = False

    def accepts(self, x: Variable, s: Variable) -> bool:
        return not x.text and not s.text

    def check_rows(self, x: Variable, s: Variable, n_folds: int, where: str) -> None:
        need_rows(len(x), ROWS_PER_FOLD * n_folds, f"X{where}")

    def measure(
        self, x: Variable, s: Variable, strata: list[Codes], settings: Settings
    ) -> Measured:
        a, b = smooth_columns(x), smooth_columns(s)
        f, g = np.empty(len(a)), np.empty(len(b))
        cut = KFold(settings.n_folds, shuffle=True, random_state=settings.rng)
        for train, test in cut.split(a):
            of_x, of_s = _functions(a[train], b[train])
            f[test], g[test] = _scores(a[test] @ of_x), _scores(b[test] @ of_s)
        value = float(np.mean(f * g))
        # The correlation's influence function, on Fisher's scale.
        influence = f * g - value * (f**2 + g**2) / 2
        error = WIDENING * influence.std(ddof=1) / np.sqrt(len(f))
        error /= max(1 - value**2, 1e-12)
        centre, reach = np.arctanh(np.clip(value, -1, 1 - 1e-12)), settings.reach
        low, high = np.tanh([centre - reach * error, centre + reach * error])
        return Measured(value, float(low), float(high))


def _functions(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Weights of the first pair of canonical variables, with a ridge."""
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    root_a, root_b = (
        cholesky(m.T @ m + RIDGE_ROWS * np.eye(m.shape[1])) for m in (a, b)
    )
    between = solve_triangular(root_a, a.T @ b, trans="T")
    between = solve_triangular(root_b, between.T, trans="T").T
    left, _, right = svd(between, full_matrices=False)
    return (
        solve_triangular(root_a, left[:, 0]),
        solve_triangular(root_b, right[0]),
    )


def _scores(values: Floats) -> Floats:
    """Of mean 0 and variance 1; a function that is constant there stays at 0."""
    centred = values - values.mean()
    spread = centred.std()
    return centred / spread if spread > 0 else centred
