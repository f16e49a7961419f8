"""Figures by group: rates, calibration and the disparities between groups.

Values are fairlearn's, read off its `MetricFrame`; intervals are those of `_intervals`.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...._inputs.groups import Groups
from ...._utils.plain import plain
from ...._utils.types import Codes, Floats
from ....metrics._intervals import Counts
from ....metrics._report import DISPARITIES
from .parity_limits import ParityLimits
from .score_figures import (
    ALL,
    associate,
    calibration_bins,
    calibration_error,
    histogram,
    is_probability,
    scoring_rates,
)
from .table import Table

CALIBRATION = "calibration_error"
SCORING = "scoring_rate"
# Names that say nothing by themselves: beside classes of the same name, a riddle.
BARE = re.compile(r"yes|no|true|false|y|n|[-+]?\d+(\.\d+)?", re.IGNORECASE)


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
    bins = cells = None
    value, low, high = table.rates(confidence)
    columns = {"value": value, "low": low, "high": high}
    if score is not None:
        for name, column in scoring_rates(score, attribute, confidence).items():
            columns[name][SCORING] = column
    if probability is not None:
        bins = calibration_bins(positive, probability, attribute)
        cells = histogram(positive, probability, attribute)
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
        cells,
        association,
        int(positive.sum()),
        dict(zip(attribute.names, attribute.titles, strict=True)),
        table.parity(disparities, left_out),
    )
