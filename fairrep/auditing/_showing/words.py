"""Names and numbers as a reader of an audit finds them."""

from typing import Any

import pandas as pd

PARITY = "demographic_parity_difference"
METRIC_NAMES = {
    "count": "count",
    "accuracy": "accuracy",
    "selection_rate": "selection rate",
    "true_positive_rate": "true positive rate",
    "false_positive_rate": "false positive rate",
    "precision": "precision",
    "calibration_error": "calibration error",
    "false_negative_rate": "false negative rate",
    "false_omission_rate": "false omission rate",
    "scoring_rate": "scoring rate",
}
# Those of the first table; the others say the same from another side.
MAIN_METRICS = [*METRIC_NAMES][:7]
LEAKAGE_NAMES = {
    "auc": "AUC",
    "balanced_accuracy": "balanced accuracy",
    "rank_correlation": "rank correlation",
}

# What "no attacker read it" leaves open, in the report wherever attacks are.
NOT_COVERED = (
    "Not tried: what only several releases or columns tell together, such as a hash or "
    "the sum of digits; decimals beyond the twelfth; fewer than about one row in a "
    "hundred; any order of rows but a trend and what neighbours tell."
)

# What groups that are known as probabilities ask for, wherever their figures are.
WEIGHED = (
    "Groups are known only as probabilities, which weigh the rows. This is right where "
    "labels and predictions tell no more of the group than the probabilities do; "
    "otherwise it usually shows too small a gap. Least squares is right where, within "
    "a group, the probabilities tell nothing of labels and predictions; otherwise it "
    "usually shows too large a gap. Intervals know of chance, not of what the "
    "probabilities get wrong. Calibration, attacks, proxies and certificates need "
    "groups that are known: they are left out."
)


def number(value: float) -> str:
    """Three digits; a dash for what is not known."""
    return "-" if pd.isna(value) else f"{value:.3f}"


def interval(low: float, high: float) -> str:
    """Both limits, or nothing where there are none."""
    limits = f"{low:.3f} to {high:.3f}"
    if limits == "0.000 to 1.000":
        return "not determined"
    return "" if pd.isna(low) else limits


def with_interval(value: float, low: float, high: float) -> str:
    """A value and, where they are known, its limits."""
    limits = interval(low, high)
    return f"{number(value)} ({limits})" if limits else number(value)


def percent(confidence: float) -> str:
    """A confidence level as read aloud."""
    return f"{100 * confidence:g} %"


def share(rate: float) -> str:
    """A part of the rows as read aloud."""
    return "-" if pd.isna(rate) else f"{100 * rate:.1f} %"


def points(difference: float) -> str:
    """A difference of two rates as read aloud."""
    return "-" if pd.isna(difference) else f"{100 * difference:.1f} percentage points"


def range_of(low: float, high: float) -> str:
    """Limits of rates or of their difference, in percent or points; maybe none."""
    limits = f"{100 * low:.1f} to {100 * high:.1f}"
    if limits == "0.0 to 100.0":
        return "not determined"
    return "" if pd.isna(low) else limits


def told(found: Any) -> str:
    """What the best attacker tells, with its interval, in a reader's words."""
    if found.metric == "rank_correlation":
        return (
            f"what an attacker expects has a rank correlation of {found.value:.3f} "
            f"with it ({interval(found.low, found.high)}; 0 is nothing, 1 everything)"
        )
    limits = range_of(found.low, found.high)
    if found.metric == "auc":
        return (
            "of one row of each group, an attacker tells which is which "
            f"{100 * found.value:.1f} times in 100 ({limits}; guessing: 50)"
        )
    return (
        "counting each group equally, an attacker names the right group of "
        f"{share(found.value)} of the rows ({limits}; guessing: "
        f"{share(1 / len(found.groups))})"
    )


def luck(found: Any) -> str:
    """What the best attacker reaches where nothing is to be told."""
    if found.metric == "rank_correlation":
        return f"by luck: {found.null_value:.3f}, at most {found.null_high:.3f}"
    unit = "" if found.metric == "auc" else " %"
    usual, most = (100 * null for null in (found.null_value, found.null_high))
    return f"by luck: {usual:.1f}, at most {most:.1f}{unit}"


def surest_share(surest: Any) -> str:
    """What an attacker tells of the rows that it is surest of."""
    return (
        f"{share(surest.value)} are told rightly (guessing by the groups' shares: "
        f"{share(surest.chance)}; by luck at most {share(surest.high)})"
    )


def pair_share(pair: Any) -> str:
    """What an attacker tells of the two groups that it tells apart best."""
    return (
        f"{pair.groups[0]} and {pair.groups[1]} {100 * pair.value:.1f} times in 100 "
        f"(guessing: 50; by luck at most {100 * pair.high:.1f})"
    )
