"""Figures by group: rates, calibration and the disparities between groups.

Values are fairlearn's, read off its `MetricFrame`; intervals are those of `_intervals`.
"""

import math
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from fairlearn.metrics import MetricFrame, false_negative_rate
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
    surest_pair,
)
from ...metrics._report import DISPARITIES, METRICS, ODDS, FairnessReport, metric_frame
from .parity_limits import ParityLimits, parity_limits
from .score_figures import (
    ALL,
    associate,
    calibration_bins,
    calibration_error,
    histogram,
    is_probability,
)

CALIBRATION = "calibration_error"
SCORING = "scoring_rate"
# The rate that is compared among the rows of a label; None is all rows.
RATE_AMONG = {None: "selection_rate", 1: ODDS[0], 0: ODDS[1]}
# The rates that each criterion compares.
COMPARED = {
    name: [RATE_AMONG[label] for label in criterion.compared]
    for name, criterion in CRITERIA.items()
}
# Names that say nothing by themselves: beside classes of the same name, a riddle.
BARE = re.compile(r"yes|no|true|false|y|n|[-+]?\d+(\.\d+)?", re.IGNORECASE)
# The groups that set a disparity, and those that set its lower limit.
PAIRS = ["lowest", "highest", "surely_above", "surely_below"]
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
        By name: "value", "low", "high"; "lowest" and "highest", the groups that set a
        difference; "surely_below" and "surely_above", those that set its lower limit,
        None where that is 0.
    left_out : list of dict
        "group", "from" (the disparities that it has no part in) and "why".
    calibration : DataFrame or None
        By group and bin of the score: "count", "score" (mean) and "rate" of positives.
    histogram : DataFrame or None
        Rows by group, label (0, 1) and fiftieth of the range of a probability, so that
        rates at other thresholds can be read off.
    association : dict or None
        Of a continuous attribute: "rank_correlation" (Spearman's, of it and the score)
        with "low" and "high", and "mutual_info" in nats.
    n_positive : int
        Rows whose true label is `pos_label`.
    titles : dict of str to str
        Names of the groups that say what they are groups of: "sex=f".
    parity : ParityLimits or None
        What demographic parity costs at least, from groups and labels alone.
    least_squares : GroupFigures or None
        Of groups that are known as probabilities, whose rates are weighed by them: the
        same by least squares, which is right where these are not, and reversed.
    selection : Counts or None
        Of such groups the selection rates, with the correlation of their errors.
    """

    attribute: str
    pos_label: Any
    value: pd.DataFrame
    low: pd.DataFrame
    high: pd.DataFrame
    disparities: pd.DataFrame
    left_out: list[dict[str, Any]]
    calibration: pd.DataFrame | None
    histogram: pd.DataFrame | None
    association: dict[str, float] | None
    n_positive: int
    titles: dict[str, str]
    parity: ParityLimits | None = None
    # Where groups are known as probabilities:
    least_squares: "GroupFigures | None" = None
    selection: Counts | None = None

    @property
    def groups(self) -> list[str]:
        """Names of the groups, without the row of all."""
        return list(self.value.index[:-1])

    def left_out_of(self, kind: str) -> list[str]:
        """Groups that have no part in a disparity, by the criterion that it is of."""
        return [entry["group"] for entry in self.left_out if kind in entry["from"]]

    @property
    def compared(self) -> dict[str, list[int]]:
        """By difference, the positions of its groups, where they are two or more."""
        found = {}
        for name in DISPARITIES:
            kind, _, what = name.rpartition("_")
            left_out = self.left_out_of(kind)
            kept = [i for i, g in enumerate(self.groups) if g not in left_out]
            if what == "difference" and len(kept) > 1:
                found[name] = kept
        return found

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
        if self.parity is not None:
            unlimited = {"low": np.nan, "high": np.nan}
            rows += [row | unlimited for row in self.parity.to_rows()]
        if self.least_squares is not None:
            # Of all rows, and of their number, there is one estimate.
            other = self.least_squares.to_frame()
            other = other[(other["group"] != ALL) & (other["metric"] != "count")]
            named = other.assign(metric="least_squares_" + other["metric"])
            rows += named.to_dict("records")
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

        content = {
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
            "parity": self.parity and self.parity.to_dict(),
        }
        if self.least_squares is not None:
            content["least_squares"] = self.least_squares.to_dict()
        return content


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
    cell = (attribute.codes * 2 + positive) * 2 + predicted
    counts = np.bincount(cell, minlength=4 * len(attribute.names))
    table = Table(attribute.names, counts.reshape(-1, 2, 2))
    probability = score if score is not None and is_probability(score) else None
    bins = counts = None
    value, low, high = table.rates(confidence)
    columns = {"value": value, "low": low, "high": high}
    if score is not None:
        for name, column in table.scoring_rates(score, confidence).items():
            columns[name][SCORING] = column
    if probability is not None:
        bins = calibration_bins(positive, probability, attribute)
        counts = histogram(positive, probability, attribute)
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
    return GroupFigures(
        attribute.name,
        pos_label,
        value,
        low,
        high,
        disparities,
        left_out,
        bins,
        counts,
        association,
        int(positive.sum()),
        dict(zip(attribute.names, attribute.titles, strict=True)),
        table.parity(disparities, left_out),
    )


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

    def scoring_rates(self, score: Floats, confidence: float) -> dict[str, Floats]:
        """Share of each group, and of all, that scores above the median of all."""
        codes, n_groups = self.attribute.codes, len(self.attribute.names)
        above = np.bincount(codes, score > np.median(score), minlength=n_groups)
        sizes = np.bincount(codes, minlength=n_groups)
        hits, totals = np.append(above, above.sum()), np.append(sizes, sizes.sum())
        limits = [
            proportion_interval(hit, total, confidence)
            for hit, total in zip(hits, totals, strict=True)
        ]
        low, high = np.transpose(limits)
        return {"value": hits / totals, "low": low, "high": high}

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
