"""A report beside a former one: which gaps and rates moved, beyond their intervals."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ...metrics._intervals import compared

COLUMNS = ["model", "class", "sensitive", "group", "figure", "before", "now", "moved"]


def read_baseline(baseline: Any) -> dict[str, Any]:
    """The content of a former report: a report's dict, or a file of its JSON.

    Raises
    ------
    ValueError
        If it is no report of fairrep.
    """
    content = baseline
    if hasattr(baseline, "to_dict"):
        content = baseline.to_dict()
    elif not isinstance(baseline, Mapping):
        try:
            content = json.loads(Path(baseline).read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{baseline} is no JSON: {error}.") from error
    if not isinstance(content, Mapping) or "models" not in content:
        raise ValueError(
            f"baseline={baseline!r} is no report of fairrep; expected what "
            "AuditReport.to_json wrote, or its to_dict."
        )
    return dict(content)


def changes_since(now: Mapping[str, Any], before: Mapping[str, Any]) -> pd.DataFrame:
    """The table of `AuditReport.changes_since`, of two reports' content."""
    rows = []
    for name, model in now["models"].items():
        old = _model_of(before, name, alone=len(now["models"]) == 1)
        for figures in model["groups"]:
            former = _figures_of(old, figures)
            about = {
                "model": name,
                "class": figures["pos_label"],
                "sensitive": figures["sensitive"],
            }
            for group, figure, new in _cells(figures):
                seen = former.get((group, figure))
                if seen is not None:
                    rows.append({**about, **_moved(group, figure, seen, new)})
    return pd.DataFrame(rows, columns=COLUMNS)


def _model_of(content: Mapping[str, Any], name: str, *, alone: bool) -> Any:
    """The model of that name, or the only one there where this is the only one here."""
    models = content["models"]
    if name not in models and alone and len(models) == 1:
        return next(iter(models.values()))
    return models.get(name, {"groups": []})


def _figures_of(
    model: Mapping[str, Any], like: Mapping[str, Any]
) -> dict[tuple[str, str], Any]:
    for figures in model["groups"]:
        if all(figures[key] == like[key] for key in ("sensitive", "pos_label")):
            return {(group, name): cell for group, name, cell in _cells(figures)}
    return {}


def _cells(figures: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """By group, which is empty of gaps, and figure: its value and limits, if known."""
    rates = [
        (group, name, cell)
        for group, cells in figures["by_group"].items()
        for name, cell in cells.items()
    ]
    gaps = [("", name, row) for name, row in figures["disparities"].items()]
    return [
        cell
        for cell in gaps + rates
        if None not in (cell[2]["value"], cell[2]["low"], cell[2]["high"])
    ]


def _moved(
    group: str, figure: str, before: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, Any]:
    limits = ["value", "low", "high"]
    moved = compared([now[k] for k in limits], [before[k] for k in limits])
    return {
        "group": group,
        "figure": figure,
        "before": before["value"],
        "now": now["value"],
        "moved": moved or "not surely",
    }
