"""Figures by group where groups are known as probabilities alone.

Their tables are those of known groups, with sums of probabilities in place of counts.
There is no calibration by group here, nor do attackers have anything to be judged by.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from ...._inputs.sensitive import ProbableGroups
from ...._utils.types import Codes
from ....metrics._intervals import Counts, proportion_interval
from ....metrics._probable import (
    Estimator,
    cell_sums,
    least_squares_rates,
    weighted_rates,
)
from .groups import GroupFigures
from .score_figures import ALL
from .table import RATES, Table


def measure_probable(
    positive: Codes,
    predicted: Codes,
    attribute: ProbableGroups,
    *,
    pos_label: Any,
    min_group_size: int,
    not_compared: Collection[str],
    confidence: float,
) -> GroupFigures:
    """Measure the figures of each group by weights, and beside them by least squares.

    Parameters
    ----------
    positive, predicted : ndarray of shape (n_rows,)
        1 where a row is, or is predicted to be, of the positive class, else 0.
    attribute : ProbableGroups
    pos_label : object
        Name of the positive class.
    min_group_size, not_compared, confidence
        As in `measure_groups`; the size of a group is the sum of its probabilities.
    """
    found = {}
    for estimate in (least_squares_rates, weighted_rates):
        table = _ProbableTable(positive, predicted, attribute, estimate)
        value, low, high = table.rates(confidence)
        disparities, left_out = table.disparities(
            min_group_size, not_compared, n_bootstrap=0, confidence=confidence
        )
        found[estimate] = GroupFigures(
            attribute.name,
            pos_label,
            value,
            low,
            high,
            disparities,
            left_out,
            calibration=None,
            histogram=None,
            association=None,
            n_positive=int(positive.sum()),
            titles=dict(zip(attribute.names, attribute.titles, strict=True)),
            parity=table.parity(disparities, left_out),
        )
    weighted = found[weighted_rates]
    weighted.least_squares = found[least_squares_rates]
    weighted.selection = table.estimates_of_all["selection_rate"]
    return weighted


class _ProbableTable(Table):
    """Sums of probabilities, and rates whose errors are correlated."""

    def __init__(
        self,
        positive: Codes,
        predicted: Codes,
        attribute: ProbableGroups,
        estimate: Estimator,
    ) -> None:
        weights = attribute.weights
        super().__init__(attribute.names, cell_sums(weights, positive, predicted))
        label, prediction = positive == 1, predicted == 1
        everyone = np.ones(len(label), dtype=bool)
        outcomes = {
            "accuracy": (label == prediction, everyone),
            "selection_rate": (prediction, everyone),
            "true_positive_rate": (prediction, label),
            "false_positive_rate": (prediction, ~label),
            "precision": (label, prediction),
            "false_negative_rate": (~prediction, label),
            "false_omission_rate": (label, ~prediction),
        }
        self.estimates_of_all = {
            rate: estimate(weights, *rows) for rate, rows in outcomes.items()
        }

    def estimates(self, rate: str, kept: list[int]) -> Counts:
        """A rate of some groups, as what its intervals are made of."""
        return self.estimates_of_all[rate].take(np.array(kept, dtype=int))

    def rates(self, confidence: float) -> tuple[pd.DataFrame, ...]:
        """Value, low and high of the rates of each group and of all rows."""
        everyone = np.rint(self.counts.sum(axis=0)).astype(np.int64)  # to whole rows
        of_all = self.outcomes(everyone)
        sizes = [*self.counts.sum(axis=(1, 2)), everyone.sum()]
        unknown = np.full(len(sizes), np.nan)
        tables: list[dict[str, Any]] = [
            {"count": numbers} for numbers in (sizes, unknown, unknown)
        ]
        for rate in RATES:
            groups, (hits, total) = self.estimates_of_all[rate], of_all[rate]
            overall = (
                hits / total if total else np.nan,
                *proportion_interval(hits, total, confidence),
            )
            by_group = groups.rates, *groups.limits(confidence)
            for table, numbers, last in zip(tables, by_group, overall, strict=True):
                table[rate] = [*numbers, last]
        index = [*self.names, ALL]
        value, low, high = (pd.DataFrame(table, index=index) for table in tables)
        return value, low, high

    def gap_values(
        self, kind: str, rates: list[str], kept: list[int]
    ) -> dict[str, float]:
        """Difference and ratio between groups, as fairlearn defines them."""
        families = [self.estimates(rate, kept).rates for rate in rates]
        ratios = [f.min() / f.max() if f.max() > 0 else np.nan for f in families]
        return {
            f"{kind}_difference": max(float(np.ptp(f)) for f in families),
            f"{kind}_ratio": float(min(ratios)),
        }
