"""Gaps between groups and scores on held-out rows, with confidence limits."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import fairlearn.metrics
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_regressor
from sklearn.metrics import get_scorer
from sklearn.utils import _safe_indexing
from sklearn.utils.metaestimators import available_if

from .._inputs.groups import given_groups
from .._inputs.splits import cells
from .._problem.criterion import CRITERIA, GAPS
from .._utils.types import Codes, Floats
from ._intervals import Counts, gap_intervals, proportion_interval
from ._regression import REGRESSION_GAPS, regression_gap

Gap = str | Callable[..., float]


def asked_gap(gap: Gap | None, criterion: str) -> Gap:
    """The gap as it was given, or that of the criterion.

    One that is fairlearn's function goes by its name: its limits take no resampling.
    """
    gap = gap or CRITERIA[criterion].gap
    for name in GAPS:
        if gap is getattr(fairlearn.metrics, name, None):
            return name
    return gap


@dataclass
class Measured:
    """A figure and its confidence limits, each of which holds by itself."""

    value: float
    low: float
    high: float

    def columns(self, name: str) -> dict[str, float]:
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high}


def labels_for_gap(y: NDArray, pos_label: Any) -> NDArray:
    """y as fairlearn's metrics expect it: the positive class, if there is one, is 1."""
    return y if pos_label is None else (y == pos_label).astype(int)


def mean_interval(intervals: list[Measured], overlap: float) -> Measured:
    """Give the mean over splits its limits; their errors are independent.

    Rows that come up in ``overlap`` splits each tell no more than once.
    """
    value = np.mean([i.value for i in intervals])
    shrink = np.sqrt(overlap / len(intervals))
    below, above = (
        shrink * np.sqrt(np.mean([reach(i) ** 2 for i in intervals]))
        for reach in (lambda i: i.value - i.low, lambda i: i.high - i.value)
    )
    return Measured(float(value), float(value - below), float(value + above))


def check_cells(
    gap: Gap, y: NDArray, groups: pd.DataFrame, rows: Codes, pos_label: Any
) -> None:
    """Raise where the rows hold none of a group, or of a label of it that counts.

    With a positive class the others count as one; with None each counts.
    """
    cell = groups.set_axis(range(groups.shape[1]), axis=1).reset_index(drop=True)
    columns = [*groups]
    if not callable(gap) and GAPS[gap].needs_labels:
        columns = [*columns, "label"]
        cell["label"] = y
        if pos_label is not None:
            others = np.unique(y[y != pos_label])
            if len(others) > 1:
                cell["label"] = np.where(y == pos_label, pos_label, f"not {pos_label}")
            if not GAPS[gap].by_label:
                cell = cell[y == pos_label]
    there = cell[cell.index.isin(rows)]
    known, seen = (
        set(part.dropna().itertuples(index=False, name=None)) for part in (cell, there)
    )
    if missing := sorted(known - seen, key=str):
        names = ", ".join(f"{n}={v}" for n, v in zip(columns, missing[0], strict=True))
        raise ValueError(
            f"None of the {len(rows)} held-out rows is of {names} "
            f"({(cell == list(missing[0])).all(axis=1).sum()} of all rows are), so its "
            "rate there is unknown. Hold out more (validation_fraction, cv), merge the "
            "group with another, or leave it missing with missing_sensitive='mask'."
        )


def gap_interval(
    gap: Gap,
    y_true: NDArray,
    y_pred: NDArray,
    groups: pd.DataFrame,
    *,
    confidence: float,
    n_bootstrap: int,
    seed: int,
) -> Measured:
    """The gap and its limits, each of which holds with ``confidence``.

    Rows with a missing group take no part. With more than two classes a gap named by a
    string is that of the worst class against the rest. For a callable the limits are
    percentiles of a bootstrap within the groups, whose upper one errs to the safe side.
    """
    rows = _with_groups(y_true, y_pred, groups)
    if not callable(gap) and gap in REGRESSION_GAPS:
        y, predicted, present = rows
        # Of the two limits together.
        of_numbers = regression_gap(
            gap, y, predicted, given_groups(present), 2 * confidence - 1
        )
        return Measured(of_numbers.value, of_numbers.low, of_numbers.high)
    if callable(gap):
        value = float(gap(rows[0], rows[1], sensitive_features=rows[2]))
        draws = _resampled_rows(gap, *rows, n_bootstrap, seed)
        return _interval(value, draws, confidence)
    families = _rates(gap, *rows)
    if not families:  # one group alone has no gap
        return Measured(np.nan, np.nan, np.nan)
    value = _largest(families)
    intervals = gap_intervals(
        families,
        n_bootstrap=n_bootstrap,
        confidence=2 * confidence - 1,  # of the two limits together
    )
    return Measured(value, *intervals["difference"])


def gap_value(
    gap: Gap, y_true: NDArray, y_pred: NDArray, groups: pd.DataFrame
) -> float:
    """The gap without its limits, which take most of the time of `gap_interval`."""
    rows = _with_groups(y_true, y_pred, groups)
    if callable(gap):
        return float(gap(rows[0], rows[1], sensitive_features=rows[2]))
    families = _rates(gap, *rows)
    return _largest(families) if families else np.nan


def _largest(families: list[Counts]) -> float:
    return float(max(np.ptp(counts.rates) for counts in families))


def _interval(value: float, draws: Floats, confidence: float) -> Measured:
    low, high = np.quantile(draws, [1 - confidence, confidence])
    return Measured(value, float(min(low, value)), float(max(high, value)))


def _with_groups(
    y_true: NDArray, y_pred: NDArray, groups: pd.DataFrame
) -> tuple[NDArray, NDArray, pd.DataFrame]:
    present = groups.notna().all(axis=1).to_numpy()
    return y_true[present], y_pred[present], groups[present]


def _codes(groups: pd.DataFrame) -> Codes:
    return cells(*(pd.factorize(groups[name])[0] for name in groups))


def _rates(
    gap: str, y_true: NDArray, y_pred: NDArray, groups: pd.DataFrame
) -> list[Counts]:
    """The rates by group that the gap compares, for each class that counts as one."""
    codes = _codes(groups)
    n_groups = codes.max() + 1
    classes = np.unique(np.concatenate([y_true, y_pred]))
    families = []
    for positive in classes[-1:] if len(classes) <= 2 else classes:
        for label in GAPS[gap].compared:
            among = np.ones(len(codes), dtype=bool)
            if label is not None:
                among = (y_true == positive) == bool(label)
            hits = among & (y_pred == positive)
            totals = np.bincount(codes[among], minlength=n_groups)
            known = totals > 0
            if known.sum() > 1:
                counts = np.bincount(codes[hits], minlength=n_groups)
                families.append(Counts(counts[known], totals[known]))
    return families


def _resampled_rows(
    gap: Callable[..., float],
    y_true: NDArray,
    y_pred: NDArray,
    groups: pd.DataFrame,
    n_bootstrap: int,
    seed: int,
) -> Floats:
    rng = np.random.default_rng(seed)
    codes = _codes(groups)
    members = [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]
    draws = np.empty(n_bootstrap)
    for i in range(n_bootstrap):
        rows = np.concatenate([rng.choice(group, len(group)) for group in members])
        draws[i] = gap(y_true[rows], y_pred[rows], sensitive_features=groups.iloc[rows])
    return draws


def score_interval(
    scorer: Callable,
    estimator: Any,
    X: Any,
    y: NDArray,
    encoded: Any = None,
    *,
    confidence: float,
    n_bootstrap: int,
    seed: int,
) -> Measured:
    """The score and its limits, each of which holds with ``confidence``.

    Accuracy has Wilson's limits. For any other score rows are resampled, and with them
    the shares of the classes, where y has some; none of these is ever without a row,
    since many a score is then undefined.

    Where X is ``encoded``, this is what the estimator predicts from, unless the scorer
    is a function that asks the estimator itself.
    """
    has_numbers = is_regressor(estimator)
    if hasattr(scorer, "_score_func"):  # made by make_scorer: it only predicts X
        rows = X if encoded is None else encoded
        as_known = _PredictedNumbers if has_numbers else _Predicted
        estimator, X = as_known(estimator, rows, y), np.arange(len(y))
    value = float(scorer(estimator, X, y))
    if is_accuracy(scorer):
        hits = (estimator.predict(X) == y).sum()
        # Of the two limits together.
        limits = proportion_interval(hits, len(y), 2 * confidence - 1)
        return Measured(value, *limits)
    rng = np.random.default_rng(seed)
    all_rows = [np.arange(len(y))]
    of_classes = (np.flatnonzero(y == label) for label in np.unique(y))
    members = all_rows if has_numbers else [*of_classes]
    shares = [len(label) / len(y) for label in members]
    draws = np.empty(n_bootstrap)
    for i in range(n_bootstrap):
        counts = np.maximum(rng.multinomial(len(y), shares), 1)
        rows = np.concatenate(
            [rng.choice(*drawn) for drawn in zip(members, counts, strict=True)]
        )
        draws[i] = scorer(estimator, _safe_indexing(X, rows), y[rows])
    return _interval(value, draws, confidence)


def is_accuracy(scorer: Callable) -> bool:
    """Whether it is scikit-learn's own, as it comes."""
    accuracy = get_scorer("accuracy")
    return isinstance(scorer, type(accuracy)) and vars(scorer) == vars(accuracy)


class _KnownRows(BaseEstimator):
    """A fitted model whose rows are known: X is their numbers."""

    def __init__(self, estimator: Any, X: Any, y: NDArray) -> None:
        self.estimator = estimator
        self.X = X
        self.y = y

    @cached_property
    def _predictions(self) -> NDArray:
        return self.estimator.predict(self.X)

    def predict(self, rows: Codes) -> NDArray:
        return self._predictions[rows]


class _PredictedNumbers(RegressorMixin, _KnownRows):
    """A regressor of known rows."""


class _Predicted(ClassifierMixin, _KnownRows):
    """A classifier of known rows."""

    @cached_property
    def classes_(self) -> NDArray:
        return getattr(self.estimator, "classes_", np.unique(self.y))

    @cached_property
    def _probabilities(self) -> NDArray:
        return self.estimator.predict_proba(self.X)

    @cached_property
    def _scores(self) -> NDArray:
        return self.estimator.decision_function(self.X)

    @available_if(lambda self: hasattr(self.estimator, "decision_function"))
    def decision_function(self, rows: Codes) -> NDArray:
        return self._scores[rows]

    @available_if(lambda self: hasattr(self.estimator, "predict_proba"))
    def predict_proba(self, rows: Codes) -> NDArray:
        return self._probabilities[rows]
