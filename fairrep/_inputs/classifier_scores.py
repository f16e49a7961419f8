"""The scores of a scikit-learn classifier are inputs of the encoder.

On the rows that trained it a classifier's scores are too good, and the encoder would
trust them more than they deserve. So these rows get the scores of fits that left them
out; all other rows get those of the classifier fitted on all of these.
"""

from collections.abc import Mapping
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
from .splits import stratified_folds

# The logarithm of 0 is no input.
SMALLEST_PROBABILITY = 1e-6


class ScoredInputs:
    """The columns of a table's encoder, followed by those of a classifier's scores."""

    def __init__(
        self, table: TableEncoder, estimator: Any, scores: TableEncoder
    ) -> None:
        self.table = table
        self.estimator = estimator
        self.scores = scores

    def code(self, X: Any) -> NDArray[np.float32]:
        return self.join(X, scores_of(self.estimator, X))

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


def restored_inputs(state: dict[str, Any], estimator: Any) -> Inputs:
    """The inputs that `inputs_state` described.

    Raises
    ------
    ValueError, KeyError, TypeError
        If the state is none that `inputs_state` gives.
    """
    table = restored_table(state["table"])
    if (state["scores"] is None) != (estimator is None):
        raise ValueError("the inputs and the estimator contradict each other")
    if estimator is None:
        return table
    return ScoredInputs(table, estimator, restored_table(state["scores"]))


def cross_fit(
    estimator: Any,
    table: TableEncoder,
    X: Any,
    y: NDArray,
    train: Codes,
    fit_params: Mapping[str, NDArray],
    rng: np.random.RandomState,
) -> tuple[ScoredInputs, NDArray[np.float32]]:
    """The inputs with a classifier's scores, and the rows of X in them.

    Rows that are not in ``train`` have no part in any fit.
    """
    _check_rows(X, y[train])
    if isinstance(estimator, FrozenEstimator):
        _check_classes(estimator, y)
        scores = scores_of(estimator, X)
        if _method(estimator) == "predict_proba":
            warn_of_seen_rows(scores, y, table.code(X))
    else:
        estimator = _seeded(clone(estimator), rng)
        data = _safe_indexing(X, train), y[train]
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
    inputs = ScoredInputs(table, estimator, TableEncoder(table.n_bins).fit(scores))
    return inputs, inputs.join(X, scores)


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
    return "predict_proba" if has_probabilities else "decision_function"


def _log_odds(values: NDArray, method: str) -> Floats:
    scores = np.asarray(values, dtype=np.float64)
    if method == "decision_function":
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
    folds = stratified_folds(y, rng.randint(2**31))
    method = _method(estimator)
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


def _check_rows(X: Any, y: NDArray) -> None:
    if np.ndim(X) > 2:
        raise ValueError(
            f"estimator needs X with rows of columns; got {np.ndim(X)} dimensions."
        )
    classes, counts = np.unique(y, return_counts=True)
    if counts.min() < 2:
        raise ValueError(
            "estimator is fitted on a part of the rows and scores the others, for "
            "which each class needs at least 2 training rows; class "
            f"{classes.tolist()[counts.argmin()]!r} has {counts.min()}."
        )


def _check_classes(frozen: FrozenEstimator, y: NDArray) -> None:
    check_is_fitted(frozen)
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
