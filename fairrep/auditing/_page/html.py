"""An audit becomes one page of HTML, which needs nothing from outside."""

import base64
import json
from typing import Any

import pandas as pd

from ..._utils.plain import plain_tree
from .._measuring.findings import Findings
from .._measuring.rates.groups import GroupFigures
from .._measuring.verdicts import Verdict
from .._showing.comparison import comparison, comparison_labels
from .._showing.proxies_display import ProxyDisplay
from .._showing.proxy_table import proxy_cells, proxy_sentences, proxy_table
from .._showing.sentences import next_steps, summary, verdict_numbers, verdict_of
from .._showing.words import METRIC_NAMES, NOT_COVERED, WEIGHED, number, percent, share
from .changes_display import ChangesDisplay
from .of_model import part_of_model
from .pictures import Pictures


def render(
    report: Findings,
    content: dict[str, Any],
    *,
    changes: pd.DataFrame | None = None,
    tradeoff: pd.DataFrame | None = None,
) -> str:
    """The page.

    Parameters
    ----------
    report : Findings
    content : dict
        What `AuditReport.to_dict` gives, to be downloaded from the page.
    changes : DataFrame, default=None
        What moved since a former report.
    tradeoff : DataFrame, default=None
        Score and gap by lambda.
    """
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
    environment.filters.update(number=number, percent=percent, share=share)
    pictures = Pictures()
    models = [
        part_of_model(model, report, pictures) for model in report.models.values()
    ]
    return environment.get_template("report.html.j2").render(
        report=report,
        summary=summary(report),
        verdicts=[_verdict(verdict) for verdict in verdict_of(report)],
        next_steps=next_steps(report),
        facts=_facts(report),
        json_address=_as_address(content),
        not_covered=NOT_COVERED,
        weighed=WEIGHED,
        classes=dict.fromkeys(
            repr(figures.pos_label)
            for model in report.models.values()
            for figures in model.figures
        ),
        side_by_side=_side_by_side(report) if len(models) > 1 else None,
        before_and_after=_before_and_after(report, pictures),
        changes=None if changes is None else _moved(changes),
        tradeoff=None if tradeoff is None else _tradeoff(tradeoff),
        models=models,
        proxies=[_proxies(report, name, pictures) for name in report.proxies],
    )


def _verdict(verdict: Verdict) -> dict[str, str]:
    value, limits, limit = verdict_numbers(verdict)
    about = "" if verdict.pos_label is None else f", class {verdict.pos_label!r}"
    return {
        "outcome": verdict.outcome,
        "figure": verdict.figure.replace("_", " "),
        "of": f"{verdict.model}{about}, by {verdict.sensitive}",
        "value": value,
        "interval": limits,
        "limit": f"at {'least' if verdict.is_least else 'most'} {limit}",
    }


def _facts(report: Findings) -> list[tuple[str, str]]:
    """Where the report comes from, line by line."""
    source = report.provenance
    versions = ", ".join(f"{name} {v}" for name, v in source.versions.items())
    models = "; ".join(
        f"{name}: {entry['class']}, outputs {entry['outputs']}"
        for name, entry in source.models.items()
    )
    options = ", ".join(f"{name}={value!r}" for name, value in source.options.items())
    return [
        ("made", source.made_at),
        *source.about.items(),
        ("rows", f"{report.n_rows:,}, fingerprint {source.rows}"),
        ("models", models),
        ("made with", versions),
        ("options", options),
    ]


def _as_address(content: dict[str, Any]) -> str:
    """The report as JSON, in an address that a link can hold."""
    text = json.dumps(plain_tree(content), allow_nan=False)
    return f"data:application/json;base64,{base64.b64encode(text.encode()).decode()}"


# -- several models, and former reports -------------------------------------------


def _side_by_side(report: Findings) -> list[tuple[str, list[str]]]:
    table = comparison(report)
    rows = table.to_numpy().tolist()
    return [*zip(comparison_labels(table.index), rows, strict=True)]


def _before_and_after(report: Findings, pictures: Pictures) -> list[dict[str, Any]]:
    """A picture for each class and attribute that several models have figures of."""
    by_key: dict[tuple[str, str], list[tuple[str, GroupFigures]]] = {}
    for name, model in report.models.items():
        for figures in model.figures:
            key = (repr(figures.pos_label), figures.attribute)
            by_key.setdefault(key, []).append((name, figures))
    found = []
    for (_, attribute), pairs in by_key.items():
        names = [name for name, _ in pairs]
        found_of = [figures for _, figures in pairs]
        if len(names) < 2 or len({tuple(f.groups) for f in found_of}) > 1:
            continue
        listed = "; ".join(
            f"{group}: "
            + ", ".join(
                f"{name} {share(f.value.loc[group, 'selection_rate'])}"
                for name, f in pairs
            )
            for group in found_of[0].groups
        )
        alt = f"Share of each group predicted {found_of[0].pos_label!r}. {listed}."
        picture = pictures.draw(ChangesDisplay(found_of, names), alt)
        found.append({"attribute": attribute, "picture": picture})
    return found


def _moved(changes: pd.DataFrame) -> list[dict[str, str]]:
    """Gaps, and what of the rest moved beyond its interval."""
    shown = changes[(changes["group"] == "") | (changes["moved"] != "not surely")]
    return [
        {
            "what": " ".join(
                part
                for part in (
                    METRIC_NAMES.get(row["figure"], row["figure"].replace("_", " ")),
                    f"of {row['group']}" if row["group"] else "",
                    f"by {row['sensitive']}, {row['model']}",
                )
                if part
            ),
            "before": number(row["before"]),
            "now": number(row["now"]),
            "moved": row["moved"],
        }
        for _, row in shown.iterrows()
    ]


def _tradeoff(table: pd.DataFrame) -> dict[str, Any]:
    """Points of a curve of score against gap, in the units of its picture."""
    if missing := {"lambda_mi", "score", "gap"} - {*table}:
        raise ValueError(
            f"tradeoff lacks the columns {', '.join(sorted(missing))}; expected those "
            "of MIDebiasedClassifierCV.path_."
        )
    gap, score = table["gap"].to_numpy(), table["score"].to_numpy()
    top, bottom = score.max(), score.min()
    height = max(top - bottom, 1e-9)
    points = [
        {
            "x": round(60 + 520 * g / max(gap.max(), 1e-9), 1),
            "y": round(20 + 180 * (top - s) / height, 1),
            "lambda": f"{lambda_mi:.3g}",
            "score": share(s),
            "gap": f"{100 * g:.1f}",
        }
        for lambda_mi, s, g in zip(table["lambda_mi"], score, gap, strict=True)
    ]
    return {
        "points": points,
        "widest": f"{100 * gap.max():.1f}",
        "top": share(top),
        "bottom": share(bottom),
    }


# -- proxies ------------------------------------------------------------------


def _proxies(report: Findings, name: str, pictures: Pictures) -> dict[str, Any]:
    table = proxy_table(report, name)
    titles, rows = proxy_cells(table)
    picture = pictures.draw(ProxyDisplay(table, name), _proxies_alt(name, table))
    return {
        "attribute": name,
        "titles": titles,
        "rows": rows,
        "n_more": len(table) - len(rows),
        "sentences": proxy_sentences(report, name),
        "picture": picture,
    }


def _proxies_alt(attribute: str, table: Any) -> str:
    listed = "; ".join(
        f"{column} {number(row['mutual_info'])}"
        for column, row in table.head(5).iterrows()
    )
    return f"What each column tells of {attribute} in nats, the first: {listed}."
