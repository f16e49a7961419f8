"""An audit is told in words: its findings, and a table for the terminal."""

from textwrap import fill
from typing import Any

import pandas as pd

from ...metrics._collapse import is_rare
from ...metrics._regression import RegressionReport
from ...metrics._report import DISPARITIES
from .._measuring.findings import Findings
from .._measuring.groups import GroupFigures
from .._measuring.score_figures import ALL
from .comparison import comparison, comparison_labels, comparison_sentences
from .words import (
    LEAKAGE_NAMES,
    METRIC_NAMES,
    NOT_COVERED,
    PARITY,
    interval,
    number,
    percent,
    share,
    surest_share,
)

WIDTH = 88
# Above this p-value the order of the rows is taken for one that tells nothing.
NO_ORDER = 1e-3


# -- findings ------------------------------------------------------------------


def summary(report: Findings) -> list[str]:
    """One finding a model, class and attribute, then one for what leaks.

    Of several models, then how the gaps of each compare with those of the first.
    """
    sentences = []
    for model in report.models.values():
        owner = f"{model.name}: " if len(report.models) > 1 else ""
        for figures in model.figures:
            sentences.append(owner + _gap_sentence(figures, report.confidence))
        for regression in model.regressions.values():
            sentences.append(owner + _regression_sentence(regression))
        for attribute, views in model.leakage.items():
            sentences += [owner + leakage_sentence(attribute, found) for found in views]
        sentences += [
            f"{owner}Certified: by {attribute}, no decision that sees only the code "
            f"differs by more than {number(certificate.demographic_parity)} in "
            f"selection rate ({percent(certificate.confidence)}, if these rows neither "
            "trained nor chose the model)."
            for attribute, certificate in model.certificates.items()
        ]
    first, *others = report.models.values()
    for other in others:
        sentences += comparison_sentences(first, other)
    sentences += [
        f"The order of the rows tells {attribute} (p < 0.001): shuffle the rows before "
        "you hand out anything in this order."
        for attribute, p_value in report.order.items()
        if p_value < NO_ORDER
    ]
    if report.n_dropped:
        sentences.append(
            f"{report.n_dropped:,} of {report.n_rows + report.n_dropped:,} rows miss a "
            "sensitive value and were dropped."
        )
    return sentences


def _gap_sentence(figures: GroupFigures, confidence: float) -> str:
    gap = figures.disparities.loc[PARITY]
    if pd.isna(gap["value"]):
        return (
            f"By {figures.attribute}, fewer than two groups are large enough to be "
            "compared."
        )
    limits = f"{percent(confidence)} interval {interval(gap['low'], gap['high'])}"
    rates = figures.value["selection_rate"]
    lowest, highest = (
        f"for {share(rates[group])} of {figures.titles[group]}"
        for group in gap[["lowest", "highest"]]
    )
    sentence = (
        f"By {figures.attribute}, {figures.pos_label!r} is predicted {lowest} and "
        f"{highest}: a difference of {gap['value']:.3f} ({limits})"
    )
    if gap["low"] <= 0:
        sentence += ", which chance alone could make"
    if left_out := figures.left_out_of("demographic_parity"):
        sentence += f"; not compared: {'; '.join(left_out)}"
    return f"{sentence}.{_collapse_sentence(figures)}"


def _regression_sentence(report: RegressionReport) -> str:
    gap = report.gaps.loc["mean_difference"]
    if pd.isna(gap["value"]):
        return (
            f"By {report.sensitive}, fewer than two groups are large enough to be "
            "compared."
        )
    means = report.by_group["mean_prediction"]
    lowest, highest = (
        f"{means[group]:.4g} for {report.sensitive}={group}"
        for group in gap[["lowest", "highest"]]
    )
    sentence = (
        f"By {report.sensitive}, the mean prediction is {lowest} and {highest}: a "
        f"difference of {gap['value']:.4g} ({percent(report.confidence)} interval "
        f"{gap['low']:.4g} to {gap['high']:.4g})"
    )
    if gap["low"] <= 0:
        sentence += ", which chance alone could make"
    return f"{sentence}. R2 is {report.overall['r2']:.3f}."


def _collapse_sentence(figures: GroupFigures) -> str:
    """A reminder, where hardly any or nearly all rows are predicted to be positive."""
    n_rows = figures.value.loc[ALL, "count"]
    n_predicted = figures.value.loc[ALL, "selection_rate"] * n_rows
    n_true = figures.n_positive
    if is_rare(n_predicted, n_true):
        seldom = "hardly ever"
    elif is_rare(n_rows - n_predicted, n_rows - n_true):
        seldom = "nearly always"
    else:
        return ""
    return (
        f" But {figures.pos_label!r} is {seldom} predicted, for "
        f"{share(n_predicted / n_rows)} of all rows, where it is true of "
        f"{share(n_true / n_rows)}: a small gap is then no achievement."
    )


def leakage_sentence(attribute: str, found: Any) -> str:
    """What the best attacker reads, against where nothing is to be read."""
    name = LEAKAGE_NAMES[found.metric]
    null = interval(found.null_low, found.null_high)
    scores = f"{name} {found.value:.3f} (interval {interval(found.low, found.high)})"
    if found.value > found.null_high:
        sentence = (
            f"From the {found.name}, {attribute} can be read with {scores}; without "
            f"any relation it would be {null}."
        )
    elif found.metric == "rank_correlation" and found.mi_low > 0:
        sentence = (
            f"From the {found.name}, {attribute} can be read, though not whether it is "
            f"low or high: at least {number(found.mi)} nats (interval "
            f"{interval(found.mi_low, found.mi_high)}) at {scores}."
        )
    elif found.surest.found:
        sentence = (
            f"From the {found.name}, {attribute} can be read of some rows, though not "
            "of all: of the tenth that an attacker is surest of, "
            f"{surest_share(found.surest)}; of all rows {scores}, within the {null} of "
            "no relation."
        )
    elif found.low > found.null_value:
        sentence = (
            f"What attackers read of {attribute} from the {found.name} cannot be told "
            f"from chance with these rows: {scores}, within the {null} of no relation."
        )
    else:
        sentence = (
            f"No attacker read {attribute} from the {found.name}: {scores}, within the "
            f"{null} of no relation. That none did is no proof that none can."
        )
    if found.averaging is not None and found.averaging > found.high:
        sentence += (
            " Whoever asks again with the last digits changed, and averages, reads it "
            f"with {name} {found.averaging:.3f}."
        )
    return sentence


# -- text ----------------------------------------------------------------------


def as_text(report: Findings) -> str:
    """The whole report for a terminal."""
    title = (
        f"Audit of {report.n_rows:,} rows; {percent(report.confidence)} intervals, "
        f"{report.n_bootstrap} draws"
    )
    blocks = [title, "\n".join(_wrap(f"- {line}") for line in summary(report))]
    if len(report.models) > 1:
        blocks.append(f"Side by side\n\n{_comparison_text(report)}")
    for model in report.models.values():
        blocks.append(f"{model.name}\n{'=' * len(model.name)}")
        blocks += [_figures_text(figures) for figures in model.figures]
        blocks += [str(regression) for regression in model.regressions.values()]
        if model.leakage:
            blocks.append(leakage_text(model))
        blocks += [
            f"Codes, by {attribute}\n{certificate}"
            for attribute, certificate in model.certificates.items()
        ]
    for attribute, table in report.proxies.items():
        blocks.append(_proxies_text(attribute, table))
    return "\n\n".join(blocks)


def _comparison_text(report: Findings) -> str:
    table = comparison(report)
    table = table.set_axis(comparison_labels(table.index))
    return "\n".join(map(str.rstrip, table.to_string(line_width=WIDTH).splitlines()))


def _wrap(text: str) -> str:
    return fill(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _figures_text(figures: GroupFigures) -> str:
    table = figures.value.rename(columns=METRIC_NAMES)
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
                f"({interval(found.low, found.high)}) by {found.best}; no relation "
                f"{interval(found.null_low, found.null_high)}"
            )
            lines.append(
                f"  at least {number(found.mi)} nats "
                f"({interval(found.mi_low, found.mi_high)}) of H(S) = "
                f"{number(found.entropy)}"
            )
            lines.append(f"  of the surest tenth, {surest_share(found.surest)}")
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


def _proxies_text(attribute: str, table: pd.DataFrame, n: int = 10) -> str:
    lines = [f"Columns of X that tell {attribute}, in nats and share of H(S)"]
    width = max((len(str(name)) for name in table.index[:n]), default=0)
    for name, row in table.head(n).iterrows():
        lines.append(f"{name!s:{width}}  {row['mutual_info']:.3f}  {row['share']:.0%}")
    if len(table) > n:
        lines.append(f"and {len(table) - n} more")
    return "\n".join(lines)
