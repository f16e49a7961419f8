"""Names and numbers as a reader of an audit finds them."""

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


def share(rate: float) -> str:
    """A part of the rows as read aloud."""
    return f"{100 * rate:.1f} %"
