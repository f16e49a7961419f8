"""The findings of an audit as sentences, in plain words and one unit."""

from typing import Any

import pandas as pd

from ...metrics._collapse import is_rare
from ...metrics._report import sentence_of_class
from .._measuring.findings import Findings, ModelAudit
from .._measuring.rates.groups import GroupFigures
from .._measuring.rates.score_figures import ALL
from .._measuring.verdicts import FAILED, OPEN, PASSED, Verdict, verdicts
from .comparison import comparison_sentences
from .parity import lost_sentence
from .words import (
    LEAKAGE_NAMES,
    PARITY,
    interval,
    luck,
    number,
    pair_share,
    percent,
    points,
    range_of,
    share,
    surest_share,
    told,
)

# Above this p-value the order of the rows is taken for one that tells nothing.
NO_ORDER = 1e-3


def summary(report: Findings) -> list[str]:
    """One finding a model, class and attribute, then one for what leaks.

    Of several models, then how each compares with the first on the same rows.
    """
    sentences = []
    for model in report.models.values():
        owner = f"{model.name}: " if len(report.models) > 1 else ""
        found = model_sentences(model, report.confidence)
        sentences += [owner + sentence for sentence in found]
    first = next(iter(report.models.values()))
    if first.figures and first.other_word is not None:
        positive = first.figures[0].pos_label
        sentences.append(sentence_of_class(positive, first.other_word))
    sentences += comparison_sentences(report)
    sentences += [
        f"The order of the rows tells {attribute} (p < 0.001): shuffle the rows before "
        "you hand out anything in this order."
        for attribute, p_value in report.order.items()
        if p_value < NO_ORDER
    ]
    return sentences + _rows_left_out(report) + report.notes


def model_sentences(model: ModelAudit, confidence: float) -> list[str]:
    """The findings on one model, a sentence each."""
    sentences = []
    for figures in model.figures:
        sentences.append(_gap_sentence(figures, confidence))
        if lost := lost_sentence(figures):
            sentences.append(lost)
    for attribute, views in model.leakage.items():
        sentences += [leakage_sentence(attribute, found) for found in views]
    sentences += [
        f"Certified: by {attribute}, the selection rates of any decision that sees "
        "only the code differ by at most "
        f"{points(certificate.demographic_parity)} ({percent(certificate.confidence)} "
        "sure, if these rows neither trained nor chose the model)."
        for attribute, certificate in model.certificates.items()
    ]
    return sentences


def _rows_left_out(report: Findings) -> list[str]:
    n_rows = report.n_rows + report.n_dropped
    return [
        f"{n_unknown:,} of {n_rows:,} rows have no value for {attribute} and take no "
        "part in its figures."
        for attribute, n_unknown in report.n_unknown.items()
        if n_unknown
    ]


def _gap_sentence(figures: GroupFigures, confidence: float) -> str:
    gap = figures.disparities.loc[PARITY]
    if pd.isna(gap["value"]):
        return (
            f"By {figures.attribute}, fewer than two groups are large enough to be "
            "compared."
        )
    rates = figures.value["selection_rate"]
    lowest, highest = (
        f"{share(rates[group])} of {figures.titles[group]}"
        for group in gap[["lowest", "highest"]]
    )
    limits = f"{percent(confidence)} interval {range_of(gap['low'], gap['high'])}"
    attribute = figures.attribute
    if figures.least_squares is not None:
        attribute += ", known only as probabilities"
    sentence = (
        f"By {attribute}, {figures.pos_label!r} is predicted for {lowest} and "
        f"{highest}, {points(gap['value'])} apart ({limits})."
    )
    sentence += _certainty(figures, gap)
    if left_out := figures.left_out_of("demographic_parity"):
        sentence += f" Not compared: {'; '.join(left_out)}."
    if figures.least_squares is not None:
        sentence += _by_least_squares(figures.least_squares)
    return sentence + _collapse_sentence(figures)


def _certainty(figures: GroupFigures, gap: pd.Series) -> str:
    """Whether chance alone can have made the difference, of the groups it names."""
    named = [figures.titles[group] for group in gap[["lowest", "highest"]]]
    if gap["low"] <= 0:
        return (
            " Chance alone can make a difference of this size between "
            f"{named[0]} and {named[1]}."
        )
    sure = [figures.titles[gap[key]] for key in ("surely_below", "surely_above")]
    if sure == named:
        return ""
    return (
        f" It is {sure[0]} and {sure[1]} that surely differ, by at least "
        f"{points(gap['low'])}."
    )


def _by_least_squares(figures: GroupFigures) -> str:
    """What the gap is if probabilities tell nothing of predictions within a group."""
    gap = figures.disparities.loc[PARITY]
    assumed = (
        " This holds if predictions tell no more of the group than the probabilities "
        "do. If instead the probabilities tell nothing of predictions within a group, "
    )
    if pd.isna(gap["value"]):
        return assumed + "the difference cannot be told: they are too much alike."
    limits = range_of(gap["low"], gap["high"])
    return f"{assumed}they are {points(gap['value'])} apart ({limits})."


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
    """What the best attacker tells of S, beside what luck reaches."""
    start = f"From the {found.name}, {attribute} can be told"
    name = LEAKAGE_NAMES[found.metric]
    if found.value > found.null_high:
        sentence = f"{start}: {told(found)}; {luck(found)}."
    elif found.metric == "rank_correlation" and found.mi_low > 0:
        sentence = (
            f"{start}, though not whether it is low or high: of what there is to know "
            f"of it the {found.name} holds at least "
            f"{share(found.mi_low / found.entropy)}."
        )
    elif found.pair is not None and found.pair.found:
        sentence = (
            f"{start} for two of the groups: an attacker tells apart "
            f"{pair_share(found.pair)}."
        )
    elif found.surest.found:
        sentence = (
            f"{start} of some rows, though not of all: of the tenth that an attacker "
            f"is surest of, {surest_share(found.surest)}."
        )
    else:
        what = "cannot be told by any attacker tried"
        if found.low > found.null_value:
            what = "can hardly be told, no more than by luck"
        sentence = (
            f"From the {found.name}, {attribute} {what}: {told(found)}; {luck(found)}. "
            "Another attacker may still find more."
        )
    if found.averaging is not None and found.averaging > found.high:
        sentence += (
            f" Repeated requests, averaged, raise this from {name} {found.value:.3f} "
            f"to {found.averaging:.3f}."
        )
    return sentence


# -- verdicts ------------------------------------------------------------------


def verdict_of(report: Findings) -> list[Verdict]:
    """A verdict for each limit that was set."""
    return verdicts(report.models, report.limits)


def verdict_sentence(verdict: Verdict, *, several: bool) -> str:
    """What a figure is beside its limit, and what follows."""
    owner = f" of {verdict.model}" if several else ""
    what = f"{verdict.figure.replace('_', ' ')} by {verdict.sensitive}{owner}"
    if verdict.pos_label is not None:
        what += f" (class {verdict.pos_label!r})"
    if pd.isna(verdict.value):
        return f"Not determined: the {what} could not be measured."
    value, limits, limit = verdict_numbers(verdict)
    figure = f"{value} ({limits})" if limits else value
    ends = {
        PASSED: f"within the limit of {limit} with all of its interval",
        FAILED: f"{'below' if verdict.is_least else 'above'} the limit of {limit}",
        OPEN: f"within the limit of {limit}, but not with all of its interval: more "
        "rows would tell",
    }
    outcome = verdict.outcome
    return f"{outcome.capitalize()}: the {what} is {figure}, {ends[outcome]}."


def verdict_numbers(verdict: Verdict) -> tuple[str, str, str]:
    """Value, interval and limit: of a difference in percentage points, else bare."""
    if verdict.figure.endswith("difference"):
        limits = range_of(verdict.low, verdict.high)
        return points(verdict.value), limits, f"{100 * verdict.limit:g}"
    limits = interval(verdict.low, verdict.high)
    return number(verdict.value), limits, f"{verdict.limit:g}"


# -- what to do next -----------------------------------------------------------


def next_steps(report: Findings) -> list[str]:
    """What a reader can do about the findings, the most pressing first."""
    steps = []
    models = report.models.values()
    judged = verdict_of(report)
    gaps = [f.disparities.loc[PARITY] for model in models for f in model.figures]
    if failing := [*dict.fromkeys(v.model for v in judged if v.outcome == FAILED)]:
        owner = f" by {' and '.join(failing)}" if len(report.models) > 1 else ""
        steps.append(
            f"A limit is not kept{owner}. Do not put such a model to use as it is, and "
            "decide whether one that is in use may stay: look for one that keeps the "
            "limit, or write down the reason that justifies the difference."
        )
    elif any(gap["low"] > 0 for gap in gaps):
        steps.append(
            "Rates of groups differ by more than chance explains. Why, and whether "
            "that may be, is no question of statistics: ask which rule applies, write "
            "down the reason for the difference, and look for a model that does as "
            "well with less of it."
        )
    if any(v.outcome == OPEN for v in judged) or any(
        gap["low"] <= 0 < gap["value"] for gap in gaps
    ):
        steps.append(
            "Some differences cannot be told from chance with these rows. Audit more "
            "rows before you say that there is none: four times as many make an "
            "interval half as wide."
        )
    if any(f.left_out for model in models for f in model.figures):
        steps.append(
            "Some groups are too small to be compared. Nothing is shown about them: "
            "collect more of their rows."
        )
    if any(
        found.found for model in models for v in model.leakage.values() for found in v
    ):
        steps.append(
            "What the model gives out tells the sensitive attribute. Hand out no more "
            "of it than needed: decisions rather than scores, scores rather than "
            "representations."
        )
    if not steps:
        steps.append(
            "Nothing found here calls for action. Audit again when the model, the data "
            "or the people it is used on change."
        )
    return steps
