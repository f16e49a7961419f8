"""Counts by group, label and prediction, and the rates and gaps they come down to."""

import math
from collections.abc import Callable, Collection, Iterable
from typing import Any

import numpy as np
import pandas as pd
from fairlearn.metrics import MetricFrame, false_negative_rate
from numpy.typing import NDArray
from sklearn.metrics import precision_score

from ...._problem.criterion import CRITERIA
from ...._utils.types import Codes, Floats
from ....metrics._intervals import (
    GAPS,
    UNKNOWN,
    Counts,
    gap_intervals,
    proportion_interval,
    surest_pair,
)
from ....metrics._report import (
    DISPARITIES,
    METRICS,
    ODDS,
    RATE_AMONG,
    FairnessReport,
    metric_frame,
)
from .parity_limits import ParityLimits, parity_limits
from .score_figures import ALL

# The rates that each criterion compares.
COMPARED = {
    name: [RATE_AMONG[label] for label in criterion.compared]
    for name, criterion in CRITERIA.items()
}
# The groups that set a disparity, and those that set its lower limit.
PAIRS = ["lowest", "highest", "surely_above", "surely_below"]
PARITY_KIND = "demographic_parity"  # a key of COMPARED
CONDITIONS = {ODDS[0]: "positives", ODDS[1]: "negatives"}


class Table:
    """Rows counted by group, label and prediction, and the figures that follow.

    Parameters
    ----------
    names : list of str
        Of the groups.
    counts : ndarray of shape (n_groups, 2, 2)
        By group, label and prediction.
    """

    def __init__(self, names: list[str], counts: NDArray) -> None:
        self.names = names
        self.counts = counts

    def outcomes(self, counts: NDArray) -> dict[str, tuple[Any, Any]]:
        """Hits and total of each rate, out of counts[..., label, prediction]."""
        tn, fp = counts[..., 0, 0], counts[..., 0, 1]
        fn, tp = counts[..., 1, 0], counts[..., 1, 1]
        total = tn + fp + fn + tp
        return {
            "accuracy": (tp + tn, total),
            "selection_rate": (tp + fp, total),
            "true_positive_rate": (tp, tp + fn),
            "false_positive_rate": (fp, fp + tn),
            "precision": (tp, tp + fp),
            "false_negative_rate": (fn, tp + fn),
            "false_omission_rate": (fn, tn + fn),
        }

    def estimates(self, rate: str, kept: list[int]) -> Counts:
        """A rate of some groups, as what its intervals are made of."""
        return Counts(*self.outcomes(self.counts[kept])[rate])

    def rates(self, confidence: float) -> tuple[pd.DataFrame, ...]:
        """Value, low and high of the rates of each group and of all rows."""
        groups, label, prediction, weight = self._cells(range(len(self.counts)))
        frame = MetricFrame(
            metrics=RATES,
            y_true=label,
            y_pred=prediction,
            sensitive_features=groups,
            sample_params={rate: {"sample_weight": weight} for rate in RATES},
        )
        names = [*self.names, ALL]
        rates = [*RATES]
        table = np.vstack([frame.by_group[rates], frame.overall[rates]])
        value = pd.DataFrame(table.astype(float), index=names, columns=rates)
        sizes = self.counts.sum(axis=(1, 2))
        value.insert(0, "count", [*sizes, sizes.sum()])
        low = pd.DataFrame(np.nan, index=names, columns=value.columns)
        high = low.copy()
        everyone = self.counts.sum(axis=0)
        for name, counts in zip(names, [*self.counts, everyone], strict=True):
            for rate, (hits, total) in self.outcomes(counts).items():
                if total == 0:
                    value.loc[name, rate] = np.nan  # fairlearn counts 0/0 as 0
                limits = proportion_interval(hits, total, confidence)
                low.loc[name, rate], high.loc[name, rate] = limits
        return value, low, high

    def disparities(
        self,
        min_group_size: int,
        not_compared: Collection[str],
        n_bootstrap: int,
        confidence: float,
    ) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
        as_asked = {
            group: "as asked"
            for group, name in enumerate(self.names)
            if not {name, *name.split(", ")}.isdisjoint(not_compared)
        }
        reasons = {
            kind: self._too_small(rates, min_group_size) | as_asked
            for kind, rates in COMPARED.items()
        }
        rows = {}
        for kind, rates in COMPARED.items():
            kept = [g for g in range(len(self.counts)) if g not in reasons[kind]]
            found = self._gaps(kind, rates, kept, n_bootstrap, confidence)
            rows.update(
                {name: row for name, row in found.items() if name in DISPARITIES}
            )
        table = pd.DataFrame.from_dict(rows, orient="index").loc[DISPARITIES]
        return table, self._left_out(reasons)

    def parity(
        self, disparities: pd.DataFrame, left_out: list[dict[str, Any]]
    ) -> ParityLimits:
        """What demographic parity costs at least, of the groups that are compared."""
        apart = {e["group"] for e in left_out if PARITY_KIND in e["from"]}
        return parity_limits(
            self.counts.sum(axis=2),
            self.names,
            np.flatnonzero([name not in apart for name in self.names]),
            float(disparities.loc[f"{PARITY_KIND}_difference", "value"]),
        )

    def _too_small(self, rates: list[str], min_group_size: int) -> dict[int, str]:
        """Why a group cannot be compared, for those that cannot."""
        found: dict[int, str] = {}
        outcomes = self.outcomes(self.counts)
        needed = {"rows": (outcomes["selection_rate"][1], max(1, min_group_size))}
        for rate in rates:
            if rate in CONDITIONS:
                least = max(1, math.ceil(min_group_size / 3))
                needed[CONDITIONS[rate]] = (outcomes[rate][1], least)
        for what, (totals, least) in needed.items():
            for group in np.flatnonzero(totals < least):
                why = f"{_shown(totals[group])} {what}, {least} needed"
                found.setdefault(int(group), why)
        return found

    def _left_out(self, reasons: dict[str, dict[int, str]]) -> list[dict[str, Any]]:
        """One entry for each group and reason, in the order of the groups."""
        merged: dict[tuple[int, str], list[str]] = {}
        for kind, groups in reasons.items():
            for group, why in groups.items():
                merged.setdefault((group, why), []).append(kind)
        return [
            {"group": self.names[group], "from": kinds, "why": why}
            for (group, why), kinds in sorted(merged.items())
        ]

    def _gaps(
        self,
        kind: str,
        rates: list[str],
        kept: list[int],
        n_bootstrap: int,
        confidence: float,
    ) -> dict[str, dict[str, Any]]:
        names = [f"{kind}_difference", f"{kind}_ratio"]
        families = [self.estimates(rate, kept) for rate in rates]
        if len(kept) < 2 or any((counts.totals == 0).any() for counts in families):
            unknown = {"value": np.nan, "low": np.nan, "high": np.nan}
            return {name: {**unknown, **dict.fromkeys(PAIRS)} for name in names}
        limits = gap_intervals(families, n_bootstrap=n_bootstrap, confidence=confidence)
        values = self.gap_values(kind, rates, kept)
        groups = [self.names[g] for g in kept]
        found = {}
        for name in names:
            if name not in DISPARITIES:
                continue
            value = values[name]
            comparison = name.rsplit("_", 1)[1]
            low, high = limits[comparison]
            widest = max((counts.rates for counts in families), key=GAPS[comparison])
            if np.isnan(value):
                low, high = UNKNOWN
            pair = surest_pair(families, comparison, confidence)
            found[name] = {
                "value": value,
                "low": low,
                "high": high,
                "lowest": groups[int(widest.argmin())],
                # The last of equal ones, so that it is not the lowest as well.
                "highest": groups[len(widest) - 1 - int(widest[::-1].argmax())],
                "surely_above": None if pair is None else groups[pair[0]],
                "surely_below": None if pair is None else groups[pair[1]],
            }
        return found

    def gap_values(
        self, kind: str, rates: list[str], kept: list[int]
    ) -> dict[str, float]:
        """Difference and ratio between groups, of those disparities that there are."""
        groups, label, prediction, weight = self._cells(kept)
        frame = metric_frame(label, prediction, 1, groups, weight, rates)
        report = FairnessReport(frame, 1)
        names = (f"{kind}_difference", f"{kind}_ratio")
        return {name: getattr(report, name) for name in names if name in DISPARITIES}

    def _cells(self, kept: Iterable[int]) -> tuple[Codes, Codes, Codes, Floats]:
        """Group, label, prediction and number of rows of each cell that has some.

        The rows themselves would give fairlearn the same figures, a hundred times
        slower.
        """
        cells = np.array([*kept])[:, None, None], *np.ogrid[:2, :2]
        counts = self.counts[cells[0][:, 0, 0]]
        table = [np.broadcast_to(part, counts.shape).ravel() for part in cells]
        some = counts.ravel() > 0
        group, label, prediction = (part[some] for part in table)
        return group, label, prediction, counts.ravel()[some].astype(float)


def _shown(total: float) -> str:
    """A number of rows, which is no whole one where they are weighed."""
    return f"{math.floor(10 * total) / 10}" if total % 1 else str(int(total))


def _precision(y_true: NDArray, y_pred: NDArray, sample_weight: NDArray) -> float:
    return float(
        precision_score(
            y_true, y_pred, sample_weight=sample_weight, zero_division=np.nan
        )
    )


def _false_omission_rate(
    y_true: NDArray, y_pred: NDArray, sample_weight: NDArray
) -> float:
    """Of the rows predicted negative, the share that is positive."""
    return _precision(y_true, 1 - np.asarray(y_pred), sample_weight)


RATES: dict[str, Callable[..., Any]] = {
    **{name: metric for name, metric in METRICS.items() if name != "count"},
    "precision": _precision,
    "false_negative_rate": false_negative_rate,
    "false_omission_rate": _false_omission_rate,
}
