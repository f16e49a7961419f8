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
}
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


def percent(confidence: float) -> str:
    """A confidence level as read aloud."""
    return f"{100 * confidence:g} %"


def surest_share(surest: Any) -> str:
    """What an attacker tells of the rows that it is surest of."""
    return (
        f"{share(surest.value)} are told rightly, by chance {share(surest.chance)} "
        f"(no relation: below {share(surest.high)})"
    )


def share(rate: float) -> str:
    """A part of the rows as read aloud."""
    return f"{100 * rate:.1f} %"
