"""Warnings tell of what is no feature, and of rows that were seen or never were."""

import re
from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import cross_val_predict

from .._utils.types import Codes, Floats
from .._utils.warnings import warn_user
from .sensitive import ROUNDING
from .splits import stratified_folds

# Of fewer rows it cannot be told.
MIN_ROWS_OF_IDENTIFIER = 100
# Share of the rows, of so many, that have a category of their own in an identifier.
MOST_DIFFERENT = 0.5
# Pairs of equal numbers that are expected where rows are drawn at random; where there
# is none all the same, by a chance of exp(-7), each number was given once.
EXPECTED_PAIRS = 7
# Share of a column's values, in so many rows, beyond which it is another column.
MOST_UNKNOWN, MIN_ROWS_TO_WARN = 0.9, 10
# Different dates of a column of which each is no category of its own.
MIN_DATES = 20
# 2024-06-13, 13.06.2024, 6/13/24, each with a time behind it or not.
DATE = re.compile(
    r"\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2}))"
    r"([T\s].*)?"
)

# On new rows, scores are rarely too timid by more than this factor.
TIMID_FACTOR = 1.25
# In standard errors.
CERTAINTY = 3.0


# -- columns -------------------------------------------------------------------


def warn_of_identifier(column: pd.Series, values: NDArray, codes: Codes) -> None:
    """Warn of categories of which nearly every row has its own."""
    n_rows = int((codes >= 0).sum())
    if n_rows < MIN_ROWS_OF_IDENTIFIER or len(values) <= MOST_DIFFERENT * n_rows:
        return
    warn_user(
        f"Column {column.name!r} of X has {len(values)} different values in "
        f"{n_rows} rows, such as {values[0]!r}, as an id or free text has. The rare "
        "values are pooled, so that hardly anything of the column is left. Drop it, or "
        "make numbers or a few categories of it."
    )


def warn_of_dates(column: pd.Series, values: NDArray) -> bool:
    """Warn of dates that are text; say whether they are."""
    are_dates = len(values) >= MIN_DATES and all(
        isinstance(value, str) and DATE.fullmatch(value) for value in values
    )
    if are_dates:
        warn_user(
            f"Column {column.name!r} of X holds dates as text, such as {values[0]!r}: "
            "each is a category of its own, without an order. Make a number of it (an "
            "age, a month, a year), or drop the column."
        )
    return are_dates


def warn_of_key(column: pd.Series, known: Floats) -> None:
    """Warn of whole numbers that each stand once: they number the rows."""
    n_rows = len(known)
    if n_rows < MIN_ROWS_OF_IDENTIFIER or (known % 1).any():
        return
    ordered = np.sort(known)
    if (np.diff(ordered) == 0).any():
        return
    in_order = (np.diff(known) > 0).all()
    span = ordered[-1] - ordered[0]
    if in_order or n_rows**2 > 2 * EXPECTED_PAIRS * span:
        warn_user(
            f"Column {column.name!r} of X has a whole number for each of {n_rows} "
            f"rows, from {ordered[0]:.0f} to {ordered[-1]:.0f}, none of them twice: it "
            "seems to number the rows. Such a key is no feature, and where the rows "
            "are in some order it tells of what orders them. Drop the column."
        )


def warn_of_unknown(
    column: pd.Series,
    codes: Codes,
    values: NDArray,
    is_known: NDArray[np.bool_],
    known: Collection[str],
) -> None:
    """Warn of a column of which hardly any value is one that fit saw.

    Parameters
    ----------
    column : Series
    codes : ndarray of shape (n_rows,)
        -1 of missing values.
    values : ndarray
        What the codes stand for.
    is_known : ndarray of bool
        Whether fit saw each of the values.
    known : collection of str
        What fit saw.
    """
    codes = codes[codes >= 0]
    if len(codes) < MIN_ROWS_TO_WARN:
        return
    share = 1 - is_known[codes].mean()
    if share > MOST_UNKNOWN:
        seen = ", ".join(map(repr, sorted(known)[:3]))
        warn_user(
            f"Column {column.name!r} of X: {share:.0%} of its values, such as "
            f"{str(values[~is_known][0])!r}, were never seen in fit, which saw such as "
            f"{seen}. They count as unknown. Check how the column is read and written."
        )


def warn_of_probabilities(frame: pd.DataFrame) -> None:
    """Warn of sensitive columns that seem to be one attribute's probabilities."""
    numeric = frame.infer_objects().select_dtypes(["number", "bool"], ["timedelta"])
    fractions = numeric.loc[:, (numeric.astype("Float64") % 1 != 0).any()]
    for columns in (numeric, fractions):
        values = columns.to_numpy(dtype=np.float64, na_value=np.nan)
        are_probabilities = (
            columns.shape[1] > 1
            and bool((values >= 0).all())
            and bool((np.abs(values.sum(axis=1) - 1) <= ROUNDING).all())
        )
        if are_probabilities:
            names = ", ".join(map(repr, columns))
            warn_user(
                f"The columns {names} of sensitive_features sum to 1 in each row, as "
                "the probabilities of one attribute's groups do, but each is taken for "
                "an attribute of its own. If they are probabilities, pass them as "
                "sensitive_probabilities."
            )
            return


# -- scores of a classifier ------------------------------------------------------


def warn_of_seen_rows(scores: Floats, y: NDArray, x: NDArray[np.float32]) -> None:
    """Warn where scores fit y better than they themselves expect and x allows.

    A model is too timid about the rows that trained it, as it has seen their y. A
    shrunken one is timid about all rows, and one of many more rows is better than a new
    fit; for both at once, having seen the rows is the one reason left.
    """
    labels = np.unique(y, return_inverse=True)[1]
    logits = np.hstack([-scores / 2, scores / 2]) if scores.shape[1] == 1 else scores
    if not _are_timid(logits, labels):
        return
    model = HistGradientBoostingClassifier(random_state=0, early_stopping=False)
    rivals = cross_val_predict(model, x, labels, cv=stratified_folds(labels, 0))
    hits = (logits.argmax(axis=1) == labels).astype(float)
    rivals_hits = (rivals == labels).astype(float)
    if _z_score(hits - rivals_hits) > CERTAINTY:
        warn_user(
            "The frozen estimator seems to have been trained on these rows: it is "
            f"right about {hits.mean():.1%} of them, and boosted trees that have not "
            f"seen a row about {rivals_hits.mean():.1%}. Such scores are too good, and "
            "the debiased model will trust those of new rows more than they deserve. "
            "Fit on rows that the estimator has not seen, or pass it without "
            "FrozenEstimator and it is fitted again, out of fold."
        )


def _are_timid(logits: Floats, labels: NDArray) -> bool:
    """Whether the log loss falls when the logits are made more than so much larger."""
    larger = TIMID_FACTOR * logits
    rows = np.arange(len(labels))
    # The slope of each row's log loss in the factor.
    slopes = (softmax(larger, axis=1) * logits).sum(axis=1) - logits[rows, labels]
    return _z_score(-slopes) > CERTAINTY


def _z_score(values: Floats) -> float:
    """The mean in its standard errors."""
    spread = values.std() / np.sqrt(len(values))
    return float(values.mean() / spread) if spread else 0.0
