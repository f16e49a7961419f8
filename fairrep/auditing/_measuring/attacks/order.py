"""The order of the rows may tell S, whatever a model makes of each."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency, kruskal, spearmanr

from ...._inputs.groups import factorize, is_continuous

# Neighbours at these distances: rows in turns, in pairs, in blocks.
DISTANCES = (1, 2)


def order_p_value(s: pd.Series) -> float:
    """p-value of the hypothesis that the order of the rows is independent of S.

    Of a trend along the rows and of what neighbours tell of each other, the smallest,
    times the number of them (Bonferroni).
    """
    s = s.infer_objects()
    if is_continuous(s):
        found = [*_of_values(s.to_numpy(dtype=np.float64))]
    else:
        found = [*_of_groups(factorize(s)[0])]
    return float(min(1.0, len(found) * np.nanmin([1.0, *found])))


def _of_values(values: np.ndarray) -> Iterator[float]:
    yield spearmanr(np.arange(len(values)), values).pvalue
    for distance in DISTANCES:
        yield spearmanr(values[:-distance], values[distance:]).pvalue


def _of_groups(codes: np.ndarray) -> Iterator[float]:
    position = np.arange(len(codes))
    yield kruskal(*(position[codes == group] for group in np.unique(codes))).pvalue
    for distance in DISTANCES:
        pairs = pd.crosstab(codes[:-distance], codes[distance:])
        yield chi2_contingency(pairs, correction=False).pvalue
