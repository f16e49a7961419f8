"""What the page shows of one model: rates, gaps, thresholds, attackers."""

import json
from typing import Any

import numpy as np
import pandas as pd

from ...metrics._report import DISPARITIES
from .._measuring.findings import Findings
from .._measuring.rates.groups import GroupFigures
from .._measuring.rates.impact import UNKNOWN, impact_ratios
from .._measuring.rates.score_figures import ALL, N_CELLS
from .._showing.calibration_display import CalibrationByGroupDisplay
from .._showing.groups_display import GroupsDisplay
from .._showing.leakage_display import LeakageDisplay
from .._showing.parity import parity_sentences
from .._showing.words import (
    LEAKAGE_NAMES,
    MAIN_METRICS,
    METRIC_NAMES,
    interval,
    luck,
    number,
    pair_share,
    range_of,
    share,
    surest_share,
    told,
)
from .pictures import Pictures

# What each disparity compares, for readers who meet it here first.
MEANINGS = {
    "demographic_parity_difference": "largest less smallest selection rate, in "
    "percentage points; 0 is parity",
    "demographic_parity_ratio": "smallest selection rate over the largest; 1 is parity",
    "equalized_odds_difference": "the larger of the gaps in true and in false positive "
    "rate, in percentage points; 0 is parity",
    "equalized_odds_ratio": "smaller of the ratios of true and of false positive "
    "rates; 1 is parity",
    "equal_opportunity_difference": "largest less smallest true positive rate, in "
    "percentage points; 0 is parity",
}
ATTACKER_COLUMNS = {
    **LEAKAGE_NAMES,
    "mi": "nats",
    "mi_low": "nats, lower limit",
    "mi_high": "nats, upper limit",
}
# Thresholds in the table that stands where no script runs.
SHOWN_THRESHOLDS = np.arange(1, 10) / 10


def part_of_model(model: Any, report: Findings, pictures: Pictures) -> dict[str, Any]:
    return {
        "name": model.name,
        "groups": [_groups(f, report, pictures) for f in model.figures],
        "leakage": [
            {
                "attribute": name,
                "sentences": [
                    f"From the {found.name}: {told(found)}; {luck(found)}."
                    for found in views
                ],
                "rows": _leakage_rows(views),
                "attackers": [_attackers(found) for found in views],
                "surest": [
                    f"From the {found.name}, of the tenth of rows that an attacker is "
                    f"surest of, {surest_share(found.surest)}."
                    for found in views
                ],
                "pairs": [
                    f"From the {found.name}, the two groups told apart best are "
                    f"{pair_share(found.pair)}."
                    for found in views
                    if found.pair is not None
                ],
                "notes": dict.fromkeys(note for found in views for note in found.notes),
                "picture": pictures.draw(
                    LeakageDisplay(views, name), _leakage_alt(name, views)
                ),
            }
            for name, views in model.leakage.items()
        ],
        "certificates": list(model.certificates.items()),
        "mi_estimate": None if model.mi_estimate is None else number(model.mi_estimate),
    }


def _groups(
    figures: GroupFigures, report: Findings, pictures: Pictures
) -> dict[str, Any]:
    calibration = None
    if figures.calibration is not None:
        calibration = pictures.draw(
            CalibrationByGroupDisplay(figures), _calibration_alt(figures)
        )
    main = [name for name in MAIN_METRICS if name in figures.value]
    return {
        "attribute": figures.attribute,
        "pos_label": repr(figures.pos_label),
        "rates": _rates(figures, main),
        "more_rates": _rates(figures, [n for n in figures.value if n not in main]),
        "disparities": [_disparity(figures, name) for name in DISPARITIES],
        "least_squares": None
        if figures.least_squares is None
        else [_disparity(figures.least_squares, name) for name in DISPARITIES],
        "impact": _impact(figures, report),
        "left_out": [
            {**entry, "from": ", ".join(k.replace("_", " ") for k in entry["from"])}
            for entry in figures.left_out
        ],
        "association": figures.association,
        "parity": parity_sentences(figures),
        "picture": pictures.draw(
            GroupsDisplay(figures, confidence=report.confidence), _groups_alt(figures)
        ),
        "calibration": calibration,
        "thresholds": None if figures.histogram is None else _thresholds(figures),
    }


def _rates(figures: GroupFigures, metrics: list[str]) -> dict[str, Any]:
    """A table of rates, a row a group."""
    small = {entry["group"] for entry in figures.left_out}
    return {
        "metrics": [METRIC_NAMES[name] for name in metrics],
        "rows": [
            {
                "group": group,
                "small": group in small,
                "cells": [_cell(figures, group, name) for name in metrics],
            }
            for group in figures.value.index
        ],
    }


def _cell(figures: GroupFigures, group: str, metric: str) -> tuple[str, str]:
    """Value and interval, as text."""
    value = figures.value.loc[group, metric]
    if metric == "count":
        return f"{value:,.0f}", ""
    limits = (table.loc[group, metric] for table in (figures.low, figures.high))
    return share(value), range_of(*limits)


def _disparity(figures: GroupFigures, name: str) -> dict[str, str]:
    row = figures.disparities.loc[name]
    is_ratio = name.endswith("ratio")
    value = number(row["value"]) if is_ratio else f"{100 * row['value']:.1f}"
    limits = (interval if is_ratio else range_of)(row["low"], row["high"])
    return {
        "name": name.replace("_", " "),
        "meaning": MEANINGS[name],
        "value": "-" if pd.isna(row["value"]) else value,
        "interval": limits,
        "between": figures.order(name),
    }


def _impact(figures: GroupFigures, report: Findings) -> list[dict[str, str]]:
    """The table of selection rates and impact ratios, a row a group."""
    table = impact_ratios(
        [figures],
        rate="selection_rate",
        reference_group=None,
        min_group_share=0.0,
        n_unknown=report.n_unknown,
        confidence=report.confidence,
    )
    rows = []
    for (_, group), row in table.iterrows():
        ratio = row["impact_ratio"]
        mark = ""
        if row["below_four_fifths"]:
            chance = pd.isna(row["p_value"]) or row["p_value"] >= 1 - report.confidence
            mark = "below 4/5" + (", may be chance" if chance else "")
        rows.append(
            {
                "group": str(group),
                "count": f"{row['count']:,.0f}",
                "share": share(row["share"]),
                "rate": "-" if group == UNKNOWN else share(row["selection_rate"]),
                "ratio": number(ratio),
                "interval": interval(row["low"], row["high"]),
                "mark": mark,
            }
        )
    return rows


def _thresholds(figures: GroupFigures) -> dict[str, Any]:
    """Rows of each group by score, and the rates at other thresholds."""
    assert figures.histogram is not None
    by_group = {
        group: figures.histogram.loc[group].to_numpy() for group in figures.groups
    }

    def rate(group: str, threshold: float) -> str:
        counts = by_group[group].sum(axis=0)
        return share(counts[round(threshold * N_CELLS) :].sum() / counts.sum())

    return {
        "data": json.dumps({g: counts.tolist() for g, counts in by_group.items()}),
        "n_cells": N_CELLS,
        "histograms": [
            {"group": group, "bars": _bars(counts.sum(axis=0))}
            for group, counts in by_group.items()
        ],
        "columns": [f"{threshold:.1f}" for threshold in SHOWN_THRESHOLDS],
        "rows": [
            (group, [rate(group, threshold) for threshold in SHOWN_THRESHOLDS])
            for group in by_group
        ],
    }


def _bars(counts: Any) -> list[float]:
    """Heights of a histogram, the highest 40."""
    return np.round(40 * counts / max(counts.max(), 1), 1).tolist()


# -- leakage -----------------------------------------------------------


def _leakage_rows(views: list[Any]) -> list[dict[str, str]]:
    """The views, each with what it would be by luck, and then X."""
    metric = LEAKAGE_NAMES[views[0].metric]

    def row(what: str, value: float, low: float, high: float, nats: str = "") -> dict:
        return {
            "what": what,
            "metric": metric,
            "value": number(value),
            "interval": interval(low, high),
            "nats": nats,
        }

    rows = []
    for found in views:
        nats = f"{number(found.mi)} ({interval(found.mi_low, found.mi_high)})"
        nats = f"{nats} of {number(found.entropy)}"
        rows.append(row(found.name, found.value, found.low, found.high, nats))
        if found.averaging is not None:
            what = (
                f"{found.name}, averaged over requests that differ in the last digits"
            )
            rows.append(row(what, found.averaging, float("nan"), float("nan")))
        null = (found.null_value, found.null_low, found.null_high)
        rows.append(row(f"{found.name}, by luck alone", *null))
    for name, mark in views[0].references.items():
        what = f"{name}, all columns, for comparison"
        rows.append(row(what, mark.value, mark.low, mark.high, number(mark.mi)))
    return rows


def _attackers(found: Any) -> dict[str, Any]:
    return {
        "view": found.name,
        "columns": [ATTACKER_COLUMNS[column] for column in found.attackers],
        "rows": [
            {
                "name": str(name),
                "best": name == found.best,
                "cells": [number(value) for value in row],
            }
            for name, row in found.attackers.iterrows()
        ],
    }


# -- alt texts: what the picture shows, in numbers --------------------------------


def _groups_alt(figures: GroupFigures) -> str:
    rates = [
        f"{group} {share(value)}"
        for group, value in figures.value["selection_rate"].items()
    ]
    return (
        f"Rates by {figures.attribute} with intervals. Selection rate: "
        f"{'; '.join(rates)}. All numbers are in the table."
    )


def _calibration_alt(figures: GroupFigures) -> str:
    errors = figures.value["calibration_error"].drop(ALL)
    listed = "; ".join(f"{group} {share(error)}" for group, error in errors.items())
    return (
        f"Share of positives against mean score by {figures.attribute}, a curve a "
        f"group. Mean distance from the diagonal: {listed}."
    )


def _leakage_alt(attribute: str, views: list[Any]) -> str:
    listed = "; ".join(
        f"from the {found.name} {number(found.value)}, by luck alone "
        f"{interval(found.null_low, found.null_high)}"
        for found in views
    )
    name = LEAKAGE_NAMES[views[0].metric]
    return f"{name} of the best attacker on {attribute}: {listed}."
