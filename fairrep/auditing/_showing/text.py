"""An audit as text for a terminal: its findings, and the tables behind them."""

from textwrap import fill
from typing import Any

import pandas as pd

from ...metrics._report import DISPARITIES
from .._measuring.findings import Findings
from .._measuring.rates.groups import GroupFigures
from .comparison import comparison, comparison_labels
from .parity import parity_sentences
from .proxy_table import proxy_cells, proxy_sentences, proxy_table
from .sentences import summary, verdict_of, verdict_sentence
from .words import (
    LEAKAGE_NAMES,
    MAIN_METRICS,
    METRIC_NAMES,
    NOT_COVERED,
    WEIGHED,
    interval,
    number,
    pair_share,
    percent,
    surest_share,
)

WIDTH = 88


def as_text(report: Findings) -> str:
    """The whole report for a terminal."""
    title = (
        f"Audit of {report.n_rows:,} rows; {percent(report.confidence)} intervals, "
        f"{report.n_bootstrap} draws"
    )
    blocks = [title]
    if judged := verdict_of(report):
        several = len(report.models) > 1
        lines = (verdict_sentence(verdict, several=several) for verdict in judged)
        blocks.append("\n".join(_wrap(f"- {line}") for line in lines))
    blocks.append("\n".join(_wrap(f"- {line}") for line in summary(report)))
    if len(report.models) > 1:
        blocks.append(f"Side by side\n\n{_comparison_text(report)}")
    for model in report.models.values():
        blocks.append(f"{model.name}\n{'=' * len(model.name)}")
        blocks += [_figures_text(figures) for figures in model.figures]
        if model.leakage:
            blocks.append(leakage_text(model))
        blocks += [
            f"Codes, by {attribute}\n{certificate}"
            for attribute, certificate in model.certificates.items()
        ]
    blocks += [_proxies_text(report, attribute) for attribute in report.proxies]
    return "\n\n".join(blocks)


def _comparison_text(report: Findings) -> str:
    table = comparison(report)
    table = table.set_axis(comparison_labels(table.index))
    return "\n".join(map(str.rstrip, table.to_string(line_width=WIDTH).splitlines()))


def _wrap(text: str) -> str:
    return fill(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _figures_text(figures: GroupFigures) -> str:
    shown = figures.value[[name for name in MAIN_METRICS if name in figures.value]]
    table = shown.rename(columns=METRIC_NAMES)
    # Names in two lines keep the table narrow.
    head = [name.rsplit(" ", 1) if " " in name else ["", name] for name in table]
    cells = [
        [f"{row.iloc[0]:.0f}", *map(number, row.iloc[1:])]
        for _, row in table.iterrows()
    ]
    rows = [*zip(*head, strict=True), *cells]
    names = ["", "", *table.index]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    first = max(len(name) for name in names)
    lines = [
        "  ".join(
            [
                f"{name:{first}}",
                *(f"{c:>{w}}" for c, w in zip(row, widths, strict=True)),
            ]
        )
        for name, row in zip(names, rows, strict=True)
    ]
    parts = [
        f"Class {figures.pos_label!r} by {figures.attribute}",
        *(line.rstrip() for line in lines),
        "",
        *_disparity_lines(figures),
    ]
    if figures.least_squares is not None:
        parts += ["", "By least squares", *_disparity_lines(figures.least_squares)]
        parts += ["", _wrap(f"! {WEIGHED}")]
    for entry in figures.left_out:
        kinds = ", ".join(kind.replace("_", " ") for kind in entry["from"])
        parts.append(
            _wrap(f"! {entry['group']}: not compared, {kinds} ({entry['why']})")
        )
    if (found := figures.association) is not None:
        parts.append(
            f"rank correlation with the score {number(found['rank_correlation'])} "
            f"({interval(found['low'], found['high'])}); "
            f"I(score; S) {number(found['mutual_info'])} nats"
        )
    if told := parity_sentences(figures):
        parts += ["", "What cannot be had", *(_wrap(f"- {line}") for line in told)]
    return "\n".join(parts)


def _disparity_lines(figures: GroupFigures) -> list[str]:
    lines = []
    for name in DISPARITIES:
        row = figures.disparities.loc[name]
        words = name.replace("_", " ")
        limits = interval(row["low"], row["high"])
        between = "not defined" if pd.isna(row["value"]) else figures.order(name)
        lines.append(
            f"{words:30}{number(row['value']):>6}  {limits:16}  {between}".rstrip()
        )
    return lines


def leakage_text(model: Any) -> str:
    """What attackers read, a line a view."""
    lines = ["What attackers read"]
    for attribute, views in model.leakage.items():
        for found in views:
            name = LEAKAGE_NAMES[found.metric]
            lines.append(
                f"{attribute} from {found.name}: {name} {number(found.value)} "
                f"({interval(found.low, found.high)}) by {found.best}; by luck "
                f"{interval(found.null_low, found.null_high)}"
            )
            lines.append(
                f"  at least {number(found.mi)} nats "
                f"({interval(found.mi_low, found.mi_high)}) of H(S) = "
                f"{number(found.entropy)}"
            )
            lines.append(f"  of the surest tenth, {surest_share(found.surest)}")
            if found.pair is not None:
                lines.append(f"  best told apart are {pair_share(found.pair)}")
            for name_, other in found.references.items():
                lines.append(f"  from {name_} itself: {name} {number(other.value)}")
            if found.averaging is not None:
                lines.append(
                    "  averaged over requests that differ in the last digits: "
                    f"{name} {number(found.averaging)}"
                )
            lines += [f"  ! {note}" for note in found.notes]
    lines += _wrap(NOT_COVERED).splitlines()
    if model.mi_estimate is not None:
        lines.append(
            f"estimate from training: {number(model.mi_estimate)} nats (of what its "
            "criterion names; a lower bound)"
        )
    return "\n".join(lines)


def _proxies_text(report: Findings, attribute: str) -> str:
    table = proxy_table(report, attribute)
    titles, rows = proxy_cells(table)
    names = ["", *(name for name, _ in rows)]
    cells = pd.DataFrame([titles, *(cells for _, cells in rows)], index=names)
    lines = [f"Columns of X that tell {attribute}, in nats"]
    text = cells.to_string(header=False, line_width=WIDTH)
    lines += [line.rstrip() for line in text.splitlines()]
    if len(table) > len(rows):
        lines.append(f"and {len(table) - len(rows)} more")
    lines += [_wrap(f"- {line}") for line in proxy_sentences(report, attribute)]
    return "\n".join(lines)
