"""Figures by group: rates, calibration and the disparities between groups.

Values are fairlearn's, read off its `MetricFrame`; intervals are those of `_intervals`.
"""

import math
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from fairlearn.metrics import MetricFrame
from numpy.typing import NDArray
from sklearn.metrics import precision_score

from ..._inputs.groups import Groups
from ..._problem.criterion import CRITERIA
from ..._utils.plain import plain
from ..._utils.types import Codes, Floats
from ...metrics._intervals import (
    GAPS,
    UNKNOWN,
    Counts,
    gap_intervals,
    proportion_interval,
)
from ...metrics._report import DISPARITIES, METRICS, ODDS, FairnessReport, metric_frame
from .parity_limits import ParityLimits, parity_limits
from .score_figures import (
    ALL,
    associate,
    calibration_bins,
    calibration_error,
    is_probability,
)

RATES = [*(name for name in METRICS if name != "count"), "precision"]
CALIBRATION = "calibration_error"
# The rate that is compared among the rows of a label; None is all rows.
RATE_AMONG = {None: "selection_rate", 1: ODDS[0], 0: ODDS[1]}
# The rates that each criterion compares.
COMPARED = {
    name: [RATE_AMONG[label] for label in criterion.compared]
    for name, criterion in CRITERIA.items()
}
# Names that say nothing by themselves: beside classes of the same name, a riddle.
BARE = re.compile(r"yes|no|true|false|y|n|[-+]?\d+(\.\d+)?", re.IGNORECASE)
PARITY_KIND = "demographic_parity"  # a key of COMPARED
CONDITIONS = {ODDS[0]: "positives", ODDS[1]: "negatives"}


@dataclass
class GroupFigures:
    """What one attribute's groups are given by the predictions of one class.

    Parameters
    ----------
    attribute : str
        Name of the sensitive column, or of the columns crossed.
    pos_label : object
        The class that counts as positive; any other is negative.
    value, low, high : DataFrame of shape (n_groups + 1, n_metrics)
        Figures of each group and, in the last row, of all rows; the limits of their
        intervals. NaN where nothing was counted, or the metric has no interval.
    disparities : DataFrame
        By name: "value", "low", "high", and "lowest" and "highest", the groups that set
        a difference.
    left_out : list of dict
        "group", "from" (the disparities that it has no part in) and "why".
    calibration : DataFrame or None
        By group and bin of the score: "count", "score" (mean) and "rate" of positives.
    association : dict or None
        Of a continuous attribute: "rank_correlation" (Spearman's, of it and the score)
        with "low" and "high", and "mutual_info" in nats.
    n_positive : int
        Rows whose true label is `pos_label`.
    titles : dict of str to str
        Names of the groups that say what they are groups of: "sex=f".
    limits : ParityLimits
        What demographic parity costs at least, from groups and labels alone.
    """

    attribute: str
    pos_label: Any
    value: pd.DataFrame
    low: pd.DataFrame
    high: pd.DataFrame
    disparities: pd.DataFrame
    left_out: list[dict[str, Any]]
    calibration: pd.DataFrame | None
    association: dict[str, float] | None
    n_positive: int
    titles: dict[str, str]
    limits: ParityLimits

    @property
    def groups(self) -> list[str]:
        """Names of the groups, without the row of all."""
        return list(self.value.index[:-1])

    def left_out_of(self, kind: str) -> list[str]:
        """Groups that have no part in a disparity, by the criterion that it is of."""
        return [entry["group"] for entry in self.left_out if kind in entry["from"]]

    @property
    def labels(self) -> dict[str, str]:
        """Names of the groups in a picture: their titles, where names say nothing."""
        parts = (part for name in self.titles for part in name.split(", "))
        if any(BARE.fullmatch(part) for part in parts):
            return self.titles
        return {name: name for name in self.titles}

    def order(self, disparity: str) -> str:
        """The groups that set a disparity, the one with the higher rate first."""
        row = self.disparities.loc[disparity]
        if pd.isna(row["lowest"]):  # None is NaN in a column of pandas 3
            return ""
        level = row["value"] == (1 if disparity.endswith("ratio") else 0)
        between = "level with" if level else "above"
        return f"{self.titles[row['highest']]} {between} {self.titles[row['lowest']]}"

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The three tables by name."""
        return {"value": self.value, "low": self.low, "high": self.high}

    def to_frame(self) -> pd.DataFrame:
        """One row a figure: "group", "metric", "value", "low" and "high"."""
        rows = [
            {"group": group, "metric": metric}
            | {name: table.loc[group, metric] for name, table in self.tables.items()}
            for group in self.value.index
            for metric in self.value
        ]
        for name, row in self.disparities.iterrows():
            limits = row[["value", "low", "high"]].to_dict()
            rows.append({"group": "", "metric": name, **limits})
        if (found := self.association) is not None:
            rank = {"value": found["rank_correlation"]} | {
                limit: found[limit] for limit in ("low", "high")
            }
            nats = {"value": found["mutual_info"], "low": np.nan, "high": np.nan}
            rows.append({"group": "", "metric": "rank_correlation", **rank})
            rows.append({"group": "", "metric": "mutual_info", **nats})
        unlimited = {"low": np.nan, "high": np.nan}
        rows += [row | unlimited for row in self.limits.to_rows()]
        frame = pd.DataFrame(rows)
        numbers = ["value", "low", "high"]
        return frame.astype(dict.fromkeys(numbers, float))

    def to_dict(self) -> dict[str, Any]:
        """Return dicts, lists, strings and numbers; None for what is not known."""

        def cell(group: str, metric: str) -> dict[str, Any]:
            return {
                name: plain(table.loc[group, metric])
                for name, table in self.tables.items()
            }

        return {
            "sensitive": self.attribute,
            "pos_label": plain(self.pos_label),
            "by_group": {
                group: {metric: cell(group, metric) for metric in self.value}
                for group in self.value.index
            },
            "disparities": {
                str(name): {key: plain(value) for key, value in row.items()}
                for name, row in self.disparities.iterrows()
            },
            "left_out": self.left_out,
            "association": self.association
            and {key: plain(value) for key, value in self.association.items()},
            "limits": self.limits.to_dict(),
        }


def measure_groups(
    positive: Codes,
    predicted: Codes,
    score: Floats | None,
    attribute: Groups,
    *,
    pos_label: Any,
    min_group_size: int = 30,
    not_compared: Collection[str] = (),
    n_bootstrap: int = 200,
    confidence: float = 0.95,
    random_state: np.random.RandomState,
) -> GroupFigures:
    """Measure the figures of each group of an attribute and their intervals.

    Parameters
    ----------
    positive, predicted : ndarray of shape (n_rows,)
        1 where a row is, or is predicted to be, of the positive class, else 0.
    score : ndarray of shape (n_rows,) or None
        Score of the positive class. In [0, 1] it is taken for a probability, and
        calibration is measured.
    attribute : Groups
    pos_label : object
        Name of the positive class.
    min_group_size : int, default=30
        Groups of fewer rows are left out of the disparities, and out of those of the
        true (false) positive rate also groups with less than a third as many positives
        (negatives).
    not_compared : collection of str
        Names of groups, or of a column's part in crossed ones, that are left out of
        all disparities.
    n_bootstrap, confidence, random_state
        Of the intervals.
    """
    rng = random_state
    table = _Table(positive, predicted, attribute)
    probability = score if score is not None and is_probability(score) else None
    bins = None
    value, low, high = table.rates(confidence)
    if probability is not None:
        bins = calibration_bins(positive, probability, attribute)
        columns = {"value": value, "low": low, "high": high}
        for group in value.index:
            error, interval = calibration_error(
                bins.loc[group], n_bootstrap, confidence, rng
            )
            for frame, number in zip(columns.values(), (error, *interval), strict=True):
                frame.loc[group, CALIBRATION] = number
    disparities, left_out = table.disparities(
        min_group_size, not_compared, n_bootstrap, confidence
    )
    association = None
    if attribute.values is not None:
        scores = score if score is not None else predicted.astype(float)
        association = associate(scores, attribute.values, confidence, rng)
    apart = {e["group"] for e in left_out if PARITY_KIND in e["from"]}
    limits = parity_limits(
        table.counts.sum(axis=2),
        attribute.names,
        np.flatnonzero([name not in apart for name in attribute.names]),
        float(disparities.loc[f"{PARITY_KIND}_difference", "value"]),
    )
    return GroupFigures(
        attribute.name,
        pos_label,
        value,
        low,
        high,
        disparities,
        left_out,
        bins,
        association,
        int(positive.sum()),
        dict(zip(attribute.names, attribute.titles, strict=True)),
        limits,
    )


class _Table:
    """Labels and predictions by group, and the counts that they come down to."""

    def __init__(self, positive: Codes, predicted: Codes, attribute: Groups) -> None:
        self.attribute = attribute
        n_groups = len(attribute.names)
        cell = (attribute.codes * 2 + positive) * 2 + predicted
        counts = np.bincount(cell, minlength=4 * n_groups).reshape(n_groups, 2, 2)
        self.counts = counts  # by group, label and prediction

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
        }

    def rates(self, confidence: float) -> tuple[pd.DataFrame, ...]:
        """Value, low and high of the rates of each group and of all rows."""
        groups, label, prediction, weight = self._cells(range(len(self.counts)))
        frame = MetricFrame(
            metrics={rate: METRICS.get(rate, _precision) for rate in RATES},
            y_true=label,
            y_pred=prediction,
            sensitive_features=groups,
            sample_params={rate: {"sample_weight": weight} for rate in RATES},
        )
        names = [*self.attribute.names, ALL]
        table = np.vstack([frame.by_group[RATES], frame.overall[RATES]])
        value = pd.DataFrame(table.astype(float), index=names, columns=RATES)
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
            for group, name in enumerate(self.attribute.names)
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
                why = f"{totals[group]} {what}, {least} needed"
                found.setdefault(int(group), why)
        return found

    def _left_out(self, reasons: dict[str, dict[int, str]]) -> list[dict[str, Any]]:
        """One entry for each group and reason, in the order of the groups."""
        merged: dict[tuple[int, str], list[str]] = {}
        for kind, groups in reasons.items():
            for group, why in groups.items():
                merged.setdefault((group, why), []).append(kind)
        return [
            {"group": self.attribute.names[group], "from": kinds, "why": why}
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
        if len(kept) < 2:
            unknown = {"value": np.nan, "low": np.nan, "high": np.nan}
            return {
                name: {**unknown, "lowest": None, "highest": None} for name in names
            }
        outcomes = self.outcomes(self.counts[kept])
        families = [Counts(*outcomes[rate]) for rate in rates]
        limits = gap_intervals(families, n_bootstrap=n_bootstrap, confidence=confidence)
        report = self._report(rates, kept)
        groups = [self.attribute.names[g] for g in kept]
        found = {}
        for name in names:
            if name not in DISPARITIES:
                continue
            value = getattr(report, name)
            comparison = name.rsplit("_", 1)[1]
            low, high = limits[comparison]
            widest = max((counts.rates for counts in families), key=GAPS[comparison])
            if np.isnan(value):
                low, high = UNKNOWN
            found[name] = {
                "value": value,
                "low": low,
                "high": high,
                "lowest": groups[int(widest.argmin())],
                # The last of equal ones, so that it is not the lowest as well.
                "highest": groups[len(widest) - 1 - int(widest[::-1].argmax())],
            }
        return found

    def _report(self, rates: list[str], kept: list[int]) -> FairnessReport:
        groups, label, prediction, weight = self._cells(kept)
        frame = metric_frame(label, prediction, 1, groups, weight, rates)
        return FairnessReport(frame, 1)

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


def _precision(y_true: NDArray, y_pred: NDArray, sample_weight: NDArray) -> float:
    return float(
        precision_score(
            y_true, y_pred, sample_weight=sample_weight, zero_division=np.nan
        )
    )
