"""The plug-in formula: mutual information of a table, and of counts less their bias.

Whoever counts asks here: certificates, the table of codes, proxies and `estimate`.
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import chndtr, rel_entr

from .._utils.types import Codes, Floats
from ._method import Measured, Method, Settings, need_rows
from ._variable import Variable

# A plug-in value below is that of a table that is exactly independent.
ROUNDING = 1e-12


def table_information(table: Floats) -> float:
    """Mutual information of the rows and columns of a table, in nats.

    Of counts it is the sample's own, which lies above that of the population.

    Parameters
    ----------
    table : ndarray of shape (n, m)
        Counts or probabilities; need not be normalised.
    """
    p = table / table.sum()
    product = p.sum(axis=1, keepdims=True) * p.sum(axis=0)
    return float(rel_entr(p, product).sum())


def count_table(a: Codes, b: Codes) -> Floats:
    """How many rows have each pair of codes, (n_codes of a, n_codes of b)."""
    shape = int(a.max()) + 1, int(b.max()) + 1
    counts = np.bincount(a * shape[1] + b, minlength=shape[0] * shape[1])
    return counts.reshape(shape).astype(np.float64)


def degrees_of_freedom(table: Floats) -> int:
    """Those of the G-test of independence, without empty rows and columns."""
    n_rows, n_columns = ((table.sum(axis=axis) > 0).sum() for axis in (1, 0))
    return int((n_rows - 1) * (n_columns - 1))


def corrected_information(table: Floats) -> float:
    """Plug-in information of counts less its bias, and not below 0, in nats.

    The bias is about (n - 1)(m - 1) / 2 for each row counted (G. A. Miller, "Note on
    the bias of information estimates", Information Theory in Psychology, 1955).
    """
    bias = degrees_of_freedom(table) / (2 * table.sum())
    return max(0.0, table_information(table) - bias)


class Counts(Method):
    """The plug-in formula less its bias, for two variables of groups.

    The interval is that of the G-test: 2n times the plug-in value is about a
    non-central chi-squared whose non-centrality is 2n I, scaled to the variance of the
    rows' nats. Near independence it is that of the test, far from it the normal one.
    """

    takes = "X and S of groups"

    def accepts(self, x: Variable, s: Variable) -> bool:
        return x.groups is not None and s.groups is not None

    def check_rows(self, x: Variable, s: Variable, n_folds: int, where: str) -> None:
        n_cells = len(x.labels) * len(s.labels)
        # Fewer rows than cells: the bias is no longer what the formula says.
        need_rows(len(x), n_cells, f"the table of X and S{where}")

    def measure(
        self, x: Variable, s: Variable, strata: list[Codes], settings: Settings
    ) -> Measured:
        terms, freedom = np.zeros(len(x)), 0
        for rows in strata:
            of_x, of_s = x.take(rows).groups, s.take(rows).groups
            assert of_x is not None
            assert of_s is not None
            table = count_table(of_x, of_s)
            product = table.sum(axis=1, keepdims=True) * table.sum(axis=0)
            ratio = table * len(rows) / product
            terms[rows] = np.log(ratio[of_x, of_s])
            freedom += degrees_of_freedom(table)
        n_rows = len(terms)
        # 1 near independence, where the variance of the terms is twice their mean.
        mean = float(terms.mean())
        scale = float(terms.var()) / (2 * mean) if mean > ROUNDING else 1.0
        value = mean - freedom / (2 * n_rows)
        if freedom == 0 or scale <= ROUNDING:
            return Measured(value, value, value)
        statistic = max(0.0, 2 * n_rows * value / scale + freedom)
        tail = (1 - settings.confidence) / 2
        # A table more regular than chance makes it shows no more than a usual one.
        low, high = (
            scale / (2 * n_rows) * _non_centrality(seen, freedom, level)
            for seen, level in [
                (statistic, 1 - tail),
                (max(statistic, freedom), tail),
            ]
        )
        return Measured(value, low, high)


def _non_centrality(statistic: float, freedom: int, level: float) -> float:
    """That at which a non-central chi-squared is below `statistic` so often."""

    def excess(centre: float) -> float:
        return float(chndtr(statistic, freedom, centre)) - level

    if excess(0.0) <= 0:
        return 0.0
    upper = statistic + 10 * np.sqrt(statistic + 1) + 50
    return float(brentq(excess, 0.0, upper))
