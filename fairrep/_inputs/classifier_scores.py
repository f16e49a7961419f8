"""The scores of scikit-learn classifiers are inputs of the encoder.

One predicts y, and is a regressor where y is a number; others infer S: each part of S
its groups, or the quartiles of its values. All see X alone.

On the rows that trained it a classifier's scores are too good, and the encoder would
trust them more than they deserve. So these rows get the scores of fits that left them
out; all other rows get those of the classifier fitted on all of these.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import cross_val_predict
from sklearn.utils import _safe_indexing
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from .._utils.types import Codes, Floats
from .._utils.warnings import warn_user
from ..nn._lookup import Layout
from .doubts import warn_of_seen_rows
from .encoding import TableEncoder, restored_table, table_state
from .splits import even_folds, stratified_folds

# The logarithm of 0 is no input.
SMALLEST_PROBABILITY = 1e-6
# Of fewer rows no group is inferred: each fold should have one.
MIN_GROUP_ROWS = 5


@dataclass(frozen=True)
class Scorers:
    """Classifiers whose scores are inputs.

    Parameters
    ----------
    estimator : estimator or None
        Predicts y.
    of_sensitive : tuple of estimator
        One that infers S for each part of it, or none.
    """

    estimator: Any = None
    of_sensitive: tuple[Any, ...] = ()

    @property
    def all(self) -> list[Any]:
        first = [] if self.estimator is None else [self.estimator]
        return [*first, *self.of_sensitive]


class ScoredInputs:
    """The columns of a table's encoder, followed by those of classifiers' scores."""

    def __init__(
        self, table: TableEncoder, scorers: Scorers, scores: TableEncoder
    ) -> None:
        self.table = table
        self.scorers = scorers
        self.scores = scores

    def code(self, X: Any) -> NDArray[np.float32]:
        return self.join(X, np.hstack([scores_of(s, X) for s in self.scorers.all]))

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Shape of one coded row."""
        return (self.table.row_shape[0] + self.scores.row_shape[0],)

    @property
    def layout(self) -> Layout | None:
        """What the columns of a coded row are."""
        return joined_layout(self.table, self.scores)

    def join(self, X: Any, scores: Floats) -> NDArray[np.float32]:
        return np.hstack([self.table.code(X), self.scores.code(scores)])


def joined_layout(table: TableEncoder, scores: TableEncoder | None) -> Layout | None:
    """That of the columns of X, and of the scores beside them."""
    if scores is None or table.layout is None or scores.layout is None:
        return table.layout
    return table.layout + scores.layout


def without_scores(inputs: "Inputs", x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Coded rows without the scores, of which those that trained have others."""
    return x[:, : inputs.table.row_shape[0]] if isinstance(inputs, ScoredInputs) else x


# Raw rows -> coded rows.
Inputs: TypeAlias = TableEncoder | ScoredInputs


def inputs_state(inputs: Inputs) -> dict[str, Any]:
    """What `restored_inputs` needs, but for the estimator."""
    if isinstance(inputs, ScoredInputs):
        return {
            "table": table_state(inputs.table),
            "scores": table_state(inputs.scores),
        }
    return {"table": table_state(inputs), "scores": None}


def restored_layout(state: dict[str, Any]) -> Layout | None:
    """The layout of the inputs that `inputs_state` described; raises as they do."""
    scores = None if state["scores"] is None else restored_table(state["scores"])
    return joined_layout(restored_table(state["table"]), scores)


def restored_inputs(state: dict[str, Any], scorers: Scorers) -> Inputs:
    """The inputs that `inputs_state` described.

    Raises
    ------
    ValueError, KeyError, TypeError
        If the state is none that `inputs_state` gives.
    """
    table = restored_table(state["table"])
    if (state["scores"] is None) == bool(scorers.all):
        raise ValueError("the inputs and the estimator contradict each other")
    if not scorers.all:
        return table
    return ScoredInputs(table, scorers, restored_table(state["scores"]))


def cross_fit(
    wanted: Scorers,
    table: TableEncoder,
    X: Any,
    y: NDArray,
    groups: Sequence[Codes],
    train: Codes,
    fit_params: Mapping[str, NDArray],
    rng: np.random.RandomState,
) -> tuple[ScoredInputs, NDArray[np.float32]]:
    """The inputs with the scores of classifiers, and the rows of X in them.

    Rows that are not in ``train`` have no part in any fit.

    Parameters
    ----------
    wanted : Scorers
        Not fitted, but for a frozen one of y.
    table : TableEncoder
    X, y : DataFrame or ndarray, ndarray of shape (n_rows,)
    groups : sequence of ndarray of shape (n_rows,)
        Of each part of S the group of each row, -1 where it is unknown.
    train : ndarray
    fit_params : mapping
        Of the fit of y.
    rng : RandomState
    """
    if np.ndim(X) > 2:
        raise ValueError(
            f"estimator needs X with rows of columns; got {np.ndim(X)} dimensions."
        )
    of_y, of_sensitive, columns = wanted.estimator, [], []
    if isinstance(of_y, FrozenEstimator):
        check_is_fitted(of_y)
        if _method(of_y) != "predict":
            _check_classes(of_y, y)
        columns.append(scores_of(of_y, X))
        if _method(of_y) == "predict_proba":
            warn_of_seen_rows(columns[0], y, table.code(X))
    elif of_y is not None:
        if _method(of_y) != "predict":
            _check_rows(y[train])
        of_y, found = _cross_fitted(of_y, X, y, train, fit_params, rng)
        columns.append(found)
    for estimator, codes in zip(wanted.of_sensitive, groups, strict=True):
        known = train[np.isin(codes[train], _frequent(codes[train]))]
        fitted, found = _cross_fitted(estimator, X, codes, known, {}, rng)
        of_sensitive.append(fitted)
        columns.append(found)
    scores = np.hstack(columns)
    encoder = TableEncoder(table.n_bins).fit(scores)
    inputs = ScoredInputs(table, Scorers(of_y, tuple(of_sensitive)), encoder)
    return inputs, inputs.join(X, scores)


def _cross_fitted(
    estimator: Any,
    X: Any,
    target: NDArray,
    train: Codes,
    fit_params: Mapping[str, NDArray],
    rng: np.random.RandomState,
) -> tuple[Any, Floats]:
    """A fitted clone, and the scores of all rows, those of ``train`` out of fold."""
    estimator = _seeded(clone(estimator), rng)
    data = _safe_indexing(X, train), target[train]
    fit_params = {name: values[train] for name, values in fit_params.items()}
    try:
        out_of_fold = _out_of_fold(estimator, *data, fit_params, rng)
        estimator.fit(*data, **fit_params)
    except Exception as error:
        error.add_note(
            f"Raised by estimator={type(estimator).__name__}, which gets X as it "
            "was passed to fit: columns of strings or missing values may need a "
            "pipeline with an encoder or imputer before it."
        )
        raise
    scores = scores_of(estimator, X)
    scores[train] = out_of_fold
    _check_finite(scores, estimator)
    return estimator, scores


def _frequent(codes: Codes) -> Codes:
    """The groups that have enough rows to be inferred."""
    groups, counts = np.unique(codes[codes >= 0], return_counts=True)
    frequent: Codes = groups[counts >= MIN_GROUP_ROWS]
    if len(frequent) < 2:
        raise ValueError(
            "sensitive_estimator infers the group of a row, for which at least two "
            f"groups need {MIN_GROUP_ROWS} training rows; here {len(frequent)} has."
        )
    return frequent


def scores_of(classifier: Any, X: Any) -> Floats:
    """Log-odds, or what the classifier decides by, of shape (n_samples, n_scores)."""
    return _log_odds(getattr(classifier, _method(classifier))(X), _method(classifier))


def fit_params_for(
    owner: Any, weight: Floats, weight_was_given: bool
) -> dict[str, NDArray]:
    """The weights of the rows as the owner's ``estimator`` takes them in its fit."""
    estimator = owner.estimator
    if isinstance(estimator, FrozenEstimator) or np.ptp(weight) == 0:
        return {}
    if get_config()["enable_metadata_routing"]:
        # Of the owner's own making are the weights of classes: no request is due.
        routed = {"sample_weight": weight} if weight_was_given else {}
        return dict(process_routing(owner, "fit", **routed).estimator.fit)
    if has_fit_parameter(estimator, "sample_weight"):
        return {"sample_weight": weight}
    warn_user(
        f"estimator={type(estimator).__name__} takes no sample_weight in its fit: the "
        "weights hold for the debiased model, and not for the scores it starts from. "
        "Of a pipeline, metadata routing can hand them to the last step."
    )
    return {}


def _method(classifier: Any) -> str:
    has_probabilities = hasattr(classifier, "predict_proba")
    if has_probabilities or hasattr(classifier, "decision_function"):
        return "predict_proba" if has_probabilities else "decision_function"
    return "predict"


def _log_odds(values: NDArray, method: str) -> Floats:
    scores = np.asarray(values, dtype=np.float64)
    if method != "predict_proba":
        return scores.reshape(len(scores), -1)
    log = np.log(np.clip(scores, SMALLEST_PROBABILITY, None))
    if log.shape[1] == 2:
        return log[:, 1:] - log[:, :1]
    return log - log.mean(axis=1, keepdims=True)


def _out_of_fold(
    estimator: Any,
    X: Any,
    y: NDArray,
    fit_params: dict[str, NDArray],
    rng: np.random.RandomState,
) -> Floats:
    method, seed = _method(estimator), rng.randint(2**31)
    are_numbers = method == "predict"
    folds = even_folds(len(y), seed) if are_numbers else stratified_folds(y, seed)
    values = cross_val_predict(
        estimator, X, y, cv=folds, method=method, params=fit_params
    )
    return _log_odds(values, method)


def _seeded(estimator: Any, rng: np.random.RandomState) -> Any:
    """Set a seed wherever None stands, which is numpy's global random state."""
    params = estimator.get_params(deep=True)
    unset = [
        name
        for name in sorted(params)
        if name.split("__")[-1] == "random_state" and params[name] is None
    ]
    return estimator.set_params(**{name: int(rng.randint(2**31)) for name in unset})


def _check_rows(y: NDArray) -> None:
    classes, counts = np.unique(y, return_counts=True)
    if counts.min() < 2:
        raise ValueError(
            "estimator is fitted on a part of the rows and scores the others, for "
            "which each class needs at least 2 training rows; class "
            f"{classes.tolist()[counts.argmin()]!r} has {counts.min()}."
        )


def _check_classes(frozen: FrozenEstimator, y: NDArray) -> None:
    expected, got = np.unique(y).tolist(), np.asarray(frozen.classes_).tolist()
    if expected != got:
        raise ValueError(
            f"The frozen estimator was fitted for the classes {got}; y has {expected}."
        )


def _check_finite(scores: Floats, estimator: Any) -> None:
    if not np.isfinite(scores).all():
        raise ValueError(
            f"estimator={type(estimator).__name__} gave scores that are not finite, "
            f"for {(~np.isfinite(scores).all(axis=1)).sum()} of {len(scores)} rows."
        )
