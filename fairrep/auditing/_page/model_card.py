"""A model and its audit become one page of Markdown, with the headings of a model card.

Mitchell et al. (2019), Model cards for model reporting, FAT*, has the headings.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ..._certificates.from_counts import Certificate
from ..._version import __version__
from ...metrics._report import DISPARITIES
from .._measuring.findings import Findings, ModelAudit
from .._measuring.rates.groups import GroupFigures
from .._showing.sentences import model_sentences
from .._showing.words import (
    LEAKAGE_NAMES,
    METRIC_NAMES,
    NOT_COVERED,
    interval,
    number,
    percent,
    with_interval,
)
from .of_model import MEANINGS

NOT_SAID = "*Not said: fill in by hand.*"
# What Markdown takes for more than it is.
SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


@dataclass(frozen=True)
class Details:
    """What a card says of a model, as plain data; None where there is none.

    Parameters
    ----------
    model_class, package : str
        And of which package, with its version.
    params : dict of str to str
        Parameters that differ from their defaults, as they are written in code.
    classes : list or None
    sensitive : list of str
        Names of the sensitive columns of the fit.
    criterion, lambda_mi, n_features : str, float, int or None
    certificates : dict of str to Certificate
        Those of the fit itself, by sensitive column, or by "" of all crossed.
    """

    model_class: str
    package: str
    params: dict[str, str]
    classes: list[Any] | None = None
    sensitive: list[str] = field(default_factory=list)
    criterion: str | None = None
    lambda_mi: float | None = None
    n_features: int | None = None
    certificates: dict[str, Certificate] = field(default_factory=dict)


def as_markdown(
    details: Details, report: Findings, audited: ModelAudit, said: dict[str, str | None]
) -> str:
    """The card; ``said`` is what the author says, by parameter of `model_card`."""
    sections = {
        "Model details": _model_details(details, audited, said["authors"]),
        "Intended use": _intended_use(said),
        "Factors": _factors(audited),
        "Metrics": _metrics(details, report, audited),
        "Evaluation data": _evaluation_data(report, audited, said["evaluation_data"]),
        "Training data": [plain_or_not_said(said["training_data"])],
        "Quantitative analyses": _analyses(report, audited),
        "Certificates": _certificates(details, audited),
        "Caveats and recommendations": _caveats(report, audited, said["caveats"]),
    }
    blocks = [f"# Model card: {escaped(said['title'] or audited.name)}"]
    for title, section in sections.items():
        if section:
            blocks += [f"## {title}", *section]
    source = "A model card after Mitchell et al. (2019)"
    blocks.append(f"*{source}, made by fairrep {__version__}.*")
    return "\n\n".join(blocks) + "\n"


def escaped(text: Any) -> str:
    """Text that Markdown shows as it is, in one line."""
    return SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def plain_or_not_said(text: str | None) -> str:
    """What the author wrote, Markdown of their own, or that there is nothing."""
    return NOT_SAID if text is None else text.strip()


def _code(text: str) -> str:
    """Text as code, in one line."""
    return f"`` {' '.join(text.split())} ``"


def _list(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(head: list[str], rows: list[list[str]]) -> str:
    """Numbers stand at the right, the first column at the left."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    lines = [head, rule, *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


# -- of the model --------------------------------------------------------------


def _model_details(
    details: Details, audited: ModelAudit, authors: str | None
) -> list[str]:
    lines = [
        f"Class: {_code(details.model_class)} of {details.package}",
        f"Authors: {plain_or_not_said(authors)}",
    ]
    if details.classes is not None:
        lines.append(f"Predicts: {escaped(', '.join(map(repr, details.classes)))}")
    if details.n_features is not None:
        lines.append(f"Columns that it reads: {details.n_features}")
    if details.sensitive:
        names = escaped(", ".join(details.sensitive))
        lines.append(f"Sensitive attribute of the fit: {names}")
    if details.criterion is not None:
        what = f"Criterion: {details.criterion.replace('_', ' ')}"
        lines.append(f"{what}, `lambda_mi` = {details.lambda_mi:g}")
    if audited.mi_estimate is not None and not pd.isna(audited.mi_estimate):
        lines.append(
            "Estimate from training of the mutual information that is left: "
            f"{number(audited.mi_estimate)} nats, a lower bound"
        )
    params = [_code(f"{name}={value}") for name, value in details.params.items()]
    lines.append(f"Parameters other than the defaults: {', '.join(params) or 'none'}")
    return [_list(lines)]


def _intended_use(said: dict[str, str | None]) -> list[str]:
    lines = [f"Purpose: {plain_or_not_said(said['intended_use'])}"]
    if said["out_of_scope"] is not None:
        lines.append(f"Not for: {said['out_of_scope'].strip()}")
    return [_list(lines)]


# -- of the audit --------------------------------------------------------------


def _attributes(audited: ModelAudit) -> dict[str, GroupFigures]:
    """The figures of each attribute, of the first class where there are several."""
    found: dict[str, GroupFigures] = {}
    for figures in audited.figures:
        found.setdefault(figures.attribute, figures)
    return found


def _factors(audited: ModelAudit) -> list[str]:
    found = _attributes(audited)
    lines = []
    for figures in found.values():
        counts = figures.value["count"]
        groups = [f"{name} ({counts[name]:,.0f} rows)" for name in figures.groups]
        lines.append(f"{escaped(figures.attribute)}: {escaped(', '.join(groups))}")
    lines += [escaped(name) for name in audited.leakage if name not in found]
    return ["Figures are by these attributes and groups:", _list(lines)]


def _metrics(details: Details, report: Findings, audited: ModelAudit) -> list[str]:
    lines = []
    if audited.figures:
        labels = dict.fromkeys(repr(figures.pos_label) for figures in audited.figures)
        several = ", each against the rest" if len(labels) > 1 else ""
        lines.append(f"Rates are those of class {escaped(', '.join(labels))}{several}.")
        lines += [f"{_named(name)}: {MEANINGS[name]}." for name in DISPARITIES]
        lines.append(
            f"Intervals are at {percent(report.confidence)}, each by itself: Wilson's "
            "of rates, and of disparities by an inverted bootstrap of "
            f"{report.n_bootstrap} draws."
        )
    if details.criterion is not None:
        gap = f"{details.criterion}_difference"
        lines.append(f"What the fit was to close: {_named(gap).lower()}.")
    if audited.leakage:
        lines.append(
            "Leakage is what the best of five attackers, cross-fitted on the audited "
            "rows, reads of an attribute; *by luck* is what the same attackers "
            "reach where there is nothing to read."
        )
    return [_list(lines)]


def _named(disparity: str) -> str:
    return disparity.replace("_", " ").capitalize()


def _evaluation_data(
    report: Findings, audited: ModelAudit, evaluation_data: str | None
) -> list[str]:
    lines = [f"{report.n_rows:,} rows"]
    if report.n_dropped:
        lines[0] += f", and {report.n_dropped:,} dropped that miss a sensitive value"
    seen = audited.share_seen
    if seen is None or pd.isna(seen):
        lines.append(
            "The model keeps nothing that tells whether it knows these rows: its "
            "author has to know that they neither trained nor chose it."
        )
    else:
        lines.append(
            f"By the model's fingerprint of its training rows, {seen:.0%} of these "
            "rows, or rows equal to them, were in the fit."
        )
    return [plain_or_not_said(evaluation_data), _list(lines)]


def _analyses(report: Findings, audited: ModelAudit) -> list[str]:
    sentences = model_sentences(audited, report.confidence)
    blocks = [_list([escaped(sentence) for sentence in sentences])]
    for figures in audited.figures:
        title = f"Class {figures.pos_label!r} by {figures.attribute}"
        blocks += [f"### {escaped(title)}", _rates(figures), _disparities(figures)]
    if audited.leakage:
        blocks += ["### What attackers read", _leakage(audited)]
        notes = [
            escaped(f"{attribute} from the {found.name}: {note}")
            for attribute, views in audited.leakage.items()
            for found in views
            for note in found.notes
        ]
        blocks += [_list(notes)] if notes else []
    return blocks


def _rates(figures: GroupFigures) -> str:
    head = ["", *(METRIC_NAMES[name] for name in figures.value)]
    rows = []
    for group, row in figures.value.iterrows():
        cells = [escaped(group), f"{row['count']:,.0f}"]
        for name in figures.value.columns[1:]:
            limits = figures.low.loc[group, name], figures.high.loc[group, name]
            cells.append(with_interval(row[name], *limits))
        rows.append(cells)
    return _table(head, rows)


def _disparities(figures: GroupFigures) -> str:
    rows = []
    for name in DISPARITIES:
        row = figures.disparities.loc[name]
        between = "not defined" if pd.isna(row["value"]) else figures.order(name)
        limits = with_interval(row["value"], row["low"], row["high"])
        rows.append([name.replace("_", " "), limits, escaped(between)])
    return _table(["", "value (interval)", "between"], rows)


def _leakage(audited: ModelAudit) -> str:
    rows = [
        [
            escaped(f"{attribute} from the {found.name}"),
            LEAKAGE_NAMES[found.metric],
            with_interval(found.value, found.low, found.high),
            interval(found.null_low, found.null_high),
            with_interval(found.mi, found.mi_low, found.mi_high),
            number(found.entropy),
        ]
        for attribute, views in audited.leakage.items()
        for found in views
    ]
    head = ["", "metric", "best attacker", "by luck", "nats at least", "H(S), nats"]
    return _table(head, rows)


def _certificates(details: Details, audited: ModelAudit) -> list[str]:
    found = {
        f"From rows that `fit` set apart{', ' + escaped(name) if name else ''}": it
        for name, it in details.certificates.items()
    } | {
        f"From the audited rows, {escaped(name)}": it
        for name, it in audited.certificates.items()
    }
    blocks = []
    for title, certificate in found.items():
        blocks += [f"{title}:", f"```text\n{certificate}\n```"]
    return blocks


def _caveats(report: Findings, audited: ModelAudit, said: str | None) -> list[str]:
    lines = [
        "The figures hold for people drawn as the audited rows were, and only if these "
        "rows neither trained nor chose the model: not for another population, nor a "
        "later time.",
        "Each interval holds by itself: of many, some do not hold what they are for.",
        "Figures by group say nothing of whether two people who are alike are treated "
        "alike, why rates differ, or whether the labels are right.",
        "Of attributes, and crossings of them, that are not named above nothing is "
        "known.",
    ]
    if audited.leakage:
        lines.append(NOT_COVERED)
    else:
        lines.append(
            "What can be read of the attributes from the output was not tried."
        )
    for figures in _attributes(audited).values():
        for entry in figures.left_out:
            kinds = ", ".join(kind.replace("_", " ") for kind in entry["from"])
            what = f"By {figures.attribute}, {entry['group']} is not compared"
            lines.append(escaped(f"{what}, {kinds}: {entry['why']}."))
    return [*([said.strip()] if said else []), _list(lines)]
