"""A warning tells of scores that look like those of the rows that trained."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import cross_val_predict

from .._utils.types import Floats
from .._utils.warnings import warn_user
from .splits import stratified_folds

# On new rows, scores are rarely too timid by more than this factor.
TIMID_FACTOR = 1.25
# In standard errors.
CERTAINTY = 3.0


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
