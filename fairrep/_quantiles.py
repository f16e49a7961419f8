"""Continuous values -> groups by their quantiles."""

import numpy as np
import pandas as pd

N_QUANTILES = 4


def quantile_groups(values: pd.Series, n_quantiles: int = N_QUANTILES) -> pd.Series:
    """Groups of about equal size, at least two, as ordered categories.

    Parameters
    ----------
    values : Series of float
        Of at least two different values; missing ones have no group.
    n_quantiles : int
        Groups, of which ties may leave fewer.

    Returns
    -------
    groups : Series of categories
        Named by their limits, from "up to 30" to "above 50".
    """
    bins = quantile_intervals(values, n_quantiles)
    edges = [(interval.left, interval.right) for interval in bins.cat.categories]
    names = [f"{left:g} to {right:g}" for left, right in edges]
    names[0] = f"up to {edges[0][1]:g}"
    names[-1] = f"above {edges[-1][0]:g}"
    if len(set(names)) < len(names):  # alike in the digits that are shown
        names = [f"quantile {i + 1}" for i in range(len(names))]
    return bins.cat.rename_categories(names)


def quantile_intervals(values: pd.Series, n_quantiles: int = N_QUANTILES) -> pd.Series:
    """The same groups, as `pandas.Interval`, each without its left limit."""
    bins = pd.qcut(values, n_quantiles, duplicates="drop")
    if len(bins.cat.categories) < 2:
        # Most rows share one value, so that no quantile parts them.
        below_largest = values[values < values.max()].max()
        edge = min(values.median(), below_largest)
        bins = pd.cut(values, [-np.inf, edge, np.inf])
    return bins.cat.remove_unused_categories()
