"""An audit becomes one page of HTML, which needs nothing from outside."""

import re
from io import StringIO
from typing import Any

from ..._utils.plotting import COLORS, INK
from ...metrics._regression import RegressionReport
from ...metrics._report import DISPARITIES
from .._measuring.findings import Findings
from .._measuring.groups import GroupFigures
from .._measuring.score_figures import ALL
from .calibration_display import CalibrationByGroupDisplay
from .comparison import comparison, comparison_labels
from .groups_display import GroupsDisplay
from .leakage_display import LeakageDisplay
from .proxies_display import ProxyDisplay
from .text import summary
from .words import (
    LEAKAGE_NAMES,
    METRIC_NAMES,
    NOT_COVERED,
    interval,
    number,
    percent,
    surest_share,
)

# What each disparity compares, for readers who meet it here first.
MEANINGS = {
    "demographic_parity_difference": "gap in selection rate; 0 is parity",
    "demographic_parity_ratio": "smallest selection rate over the largest; 1 is parity",
    "equalized_odds_difference": "larger of the gaps in true and in false positive "
    "rate; 0 is parity",
    "equalized_odds_ratio": "smaller of the ratios of true and of false positive "
    "rates; 1 is parity",
    "equal_opportunity_difference": "gap in true positive rate; 0 is parity",
}

ATTACKER_COLUMNS = {
    **LEAKAGE_NAMES,
    "mi": "mutual information, nats",
    "mi_low": "nats, lower limit",
    "mi_high": "nats, upper limit",
}


def render(report: Findings) -> str:
    """The page."""
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
        from matplotlib.figure import Figure  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"A page needs jinja2 and matplotlib, and {error.name} is missing: "
            'pip install "fairrep[report]".'
        ) from error
    environment = Environment(
        loader=PackageLoader("fairrep.auditing", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number, percent=percent)
    pictures = _Pictures()
    return environment.get_template("report.html.j2").render(
        report=report,
        summary=summary(report),
        not_covered=NOT_COVERED,
        classes=dict.fromkeys(
            repr(figures.pos_label)
            for model in report.models.values()
            for figures in model.figures
        ),
        side_by_side=_side_by_side(report) if len(report.models) > 1 else None,
        models=[_model(model, report, pictures) for model in report.models.values()],
        proxies=[
            {
                "attribute": name,
                "rows": [
                    (str(column), number(row["mutual_info"]), f"{row['share']:.0%}")
                    for column, row in table.head(10).iterrows()
                ],
                "n_more": max(0, len(table) - 10),
                "picture": pictures.draw(
                    ProxyDisplay(table, name), _proxies_alt(name, table)
                ),
            }
            for name, table in report.proxies.items()
        ],
    )


def _side_by_side(report: Findings) -> list[tuple[str, list[str]]]:
    table = comparison(report)
    rows = table.to_numpy().tolist()
    return [*zip(comparison_labels(table.index), rows, strict=True)]


def _model(model: Any, report: Findings, pictures: "_Pictures") -> dict[str, Any]:
    return {
        "name": model.name,
        "groups": [_groups(f, report, pictures) for f in model.figures],
        "regressions": [_regression(one) for one in model.regressions.values()],
        "leakage": [
            {
                "attribute": name,
                "rows": _leakage_rows(views),
                "attackers": [_attackers(found) for found in views],
                "surest": [
                    f"From the {found.name}, of the tenth of rows that an attacker is "
                    f"surest of, {surest_share(found.surest)}."
                    for found in views
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


def _regression(report: RegressionReport) -> dict[str, Any]:
    return {
        "attribute": report.sensitive,
        "metrics": [*map(_words, report.by_group)],
        "rows": [
            (group, [f"{value:.4g}" for value in row])
            for group, row in zip(
                [*report.groups, ALL], report.to_frame().to_numpy(), strict=True
            )
        ],
        "gaps": [
            (
                _words(str(name)),
                f"{row['value']:.4g}",
                f"{row['low']:.4g} to {row['high']:.4g}",
                f"{row['highest']} above {row['lowest']}",
            )
            for name, row in report.gaps.iterrows()
        ],
        "ranks": report.rank_correlations.to_dict("index"),
    }


def _words(name: str) -> str:
    return name.replace("_", " ")


def _groups(
    figures: GroupFigures, report: Findings, pictures: "_Pictures"
) -> dict[str, Any]:
    small = {entry["group"] for entry in figures.left_out}
    calibration = None
    if figures.calibration is not None:
        calibration = pictures.draw(
            CalibrationByGroupDisplay(figures), _calibration_alt(figures)
        )
    return {
        "attribute": figures.attribute,
        "pos_label": repr(figures.pos_label),
        "metrics": [METRIC_NAMES[name] for name in figures.value],
        "rows": [
            {"group": group, "small": group in small, "cells": _cells(figures, group)}
            for group in figures.value.index
        ],
        "disparities": [_disparity(figures, name) for name in DISPARITIES],
        "left_out": [
            {**entry, "from": ", ".join(k.replace("_", " ") for k in entry["from"])}
            for entry in figures.left_out
        ],
        "association": figures.association,
        "picture": pictures.draw(
            GroupsDisplay(figures, confidence=report.confidence), _groups_alt(figures)
        ),
        "calibration": calibration,
    }


def _cells(figures: GroupFigures, group: str) -> list[tuple[str, str]]:
    """Value and interval of each metric of a group, as text."""
    found = []
    for name in figures.value:
        value = figures.value.loc[group, name]
        limits = (table.loc[group, name] for table in (figures.low, figures.high))
        text = f"{value:,.0f}" if name == "count" else number(value)
        found.append((text, interval(*limits)))
    return found


def _disparity(figures: GroupFigures, name: str) -> dict[str, str]:
    row = figures.disparities.loc[name]
    return {
        "name": name.replace("_", " "),
        "meaning": MEANINGS[name],
        "value": number(row["value"]),
        "interval": interval(row["low"], row["high"]),
        "between": figures.order(name),
    }


def _leakage_rows(views: list[Any]) -> list[dict[str, str]]:
    """The views, each with what it would be without any relation, and then X."""
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
        rows.append(row(f"{found.name}, were there no relation", *null))
    for name, mark in views[0].references.items():
        what = f"{name} itself, for comparison"
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


# -- pictures ------------------------------------------------------------------


class _Pictures:
    """Displays as SVG that takes its colours from the page, light or dark."""

    def __init__(self) -> None:
        self.n_drawn = 0

    def draw(self, display: Any, alt: str) -> dict[str, str]:
        import matplotlib as mpl
        from matplotlib.figure import Figure

        self.n_drawn += 1
        settings = {
            "svg.fonttype": "none",
            # A salt a picture, so that no two have an id in common.
            "svg.hashsalt": f"fairrep-{self.n_drawn}",
            "font.family": "sans-serif",
            "text.color": INK,
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            # Names of groups and columns are text, not mathematics.
            "text.parse_math": False,
        }
        with mpl.rc_context(settings):
            figure = Figure(figsize=(7.2, _height(display)), layout="constrained")
            display.plot(ax=figure.subplots())
            file = StringIO()
            figure.savefig(
                file, format="svg", transparent=True, metadata={"Date": None}
            )
        return {"svg": _for_page(file.getvalue()), "alt": alt}


def _height(display: Any) -> float:
    if isinstance(display, GroupsDisplay):
        return 1.3 + 0.42 * len(display.figures.value)
    if isinstance(display, LeakageDisplay):
        n_marks = 1 + len(display.views[0].references)
        return 1.1 + 0.5 * (len(display.views) + n_marks)
    if isinstance(display, ProxyDisplay):
        return 1.1 + 0.33 * min(10, len(display.table))
    return 4.2


def _for_page(svg: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)  # the same in every picture
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    # The picture beside it is named in the page: a screen reader shall not spell this.
    svg = svg.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1)
    svg = re.sub(r"font: [\d.]+px [^;\"]*", lambda m: _font(m.group()), svg)
    for i, color in enumerate(COLORS):
        svg = re.sub(color, f"var(--series-{i + 1})", svg, flags=re.IGNORECASE)
    return re.sub(INK, "currentColor", svg, flags=re.IGNORECASE)


def _font(style: str) -> str:
    size = style.split()[1]
    return f"font: {size} system-ui, sans-serif"


# -- alt texts: what the picture shows, in numbers --------------------------------


def _groups_alt(figures: GroupFigures) -> str:
    rates = [
        f"{group} {number(value)}"
        for group, value in figures.value["selection_rate"].items()
    ]
    return (
        f"Rates by {figures.attribute} with intervals. Selection rate: "
        f"{'; '.join(rates)}. All numbers are in the table."
    )


def _calibration_alt(figures: GroupFigures) -> str:
    errors = figures.value["calibration_error"].drop(ALL)
    listed = "; ".join(f"{group} {number(error)}" for group, error in errors.items())
    return (
        f"Share of positives against mean score by {figures.attribute}, a curve a "
        f"group. Mean distance from the diagonal: {listed}."
    )


def _leakage_alt(attribute: str, views: list[Any]) -> str:
    listed = "; ".join(
        f"from the {found.name} {number(found.value)}, without any relation "
        f"{interval(found.null_low, found.null_high)}"
        for found in views
    )
    name = LEAKAGE_NAMES[views[0].metric]
    return f"{name} of the best attacker on {attribute}: {listed}."


def _proxies_alt(attribute: str, table: Any) -> str:
    listed = "; ".join(
        f"{column} {number(row['mutual_info'])}"
        for column, row in table.head(5).iterrows()
    )
    return f"Mutual information with {attribute} in nats, the first columns: {listed}."
