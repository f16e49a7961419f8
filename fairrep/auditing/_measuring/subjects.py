"""A subject is what is audited: the outputs of a model, or predictions."""

import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, is_regressor
from sklearn.utils.validation import check_is_fitted

from ..._inputs.fingerprint import MOST
from ..._inputs.groups import Groups
from ..._inputs.tables import as_indexable, as_pandas
from ..._utils.types import Codes, Floats
from ...metrics._regression import (
    RegressionReport,
    measure_regression,
)
from ...metrics._regression import read_predictions as read_numbers
from ...metrics._report import positive_class, read_labels
from .groups import GroupFigures, measure_groups

REPRESENTATION = "representation"
# Of a column's spread: by how much requests for the same rows differ; and by how much
# a representation must answer to be called noisy.
JITTER, NOISY = 1e-4, 1e-2


@dataclass
class Subject:
    """The outputs of one model for the rows audited."""

    name: str
    y_true: NDArray | None = None
    y_pred: NDArray | None = None
    score: Floats | None = None  # (n_rows, n_labels), or of the positive class alone
    labels: list[Any] | None = None
    pos_labels: tuple[Any, ...] = ()
    representation: Floats | None = None
    requests: Callable[[int], Floats] | None = None
    mi_estimate: float | None = None
    codes: Codes | None = None  # where the representation is discrete
    has_numbers: bool = False  # whether y is a number, and has no labels

    def __len__(self) -> int:
        part = self.representation if self.y_true is None else self.y_true
        return 0 if part is None else len(part)

    def take(self, rows: Codes) -> "Subject":
        """The same of some of the rows."""
        parts = ("y_true", "y_pred", "score", "representation", "codes")
        taken = {
            part: getattr(self, part)[rows]
            for part in parts
            if getattr(self, part) is not None
        }
        if (requests := self.requests) is not None:
            taken["requests"] = lambda seed: requests(seed)[rows]
        return replace(self, **taken)

    def figures(
        self, attribute: Groups, pos_label: Any, **options: Any
    ) -> GroupFigures:
        """Group figures of one class against the rest."""
        assert self.y_true is not None
        return measure_groups(
            (self.y_true == pos_label).astype(np.int64),
            (self.y_pred == pos_label).astype(np.int64),
            self._score_of(pos_label),
            attribute,
            pos_label=pos_label,
            **options,
        )

    def regression(
        self, attribute: Groups, confidence: float, left_out: Collection[str]
    ) -> RegressionReport:
        """What a regressor predicts by group."""
        assert self.y_true is not None
        assert self.y_pred is not None
        return measure_regression(
            self.y_true, self.y_pred, attribute, [attribute], confidence, left_out
        )

    def _score_of(self, pos_label: Any) -> Floats | None:
        if self.score is None or self.score.ndim == 1:
            return self.score
        assert self.labels is not None
        return self.score[:, self.labels.index(pos_label)]

    def views(self) -> dict[str, tuple[Floats, Callable[[int], Floats] | None]]:
        """What an attacker can be shown: by name a view, and how to ask for another."""
        found: dict[str, tuple[Floats, Callable[[int], Floats] | None]] = {}
        if self.has_numbers and self.y_pred is not None:
            found["prediction"] = (self.y_pred[:, None], None)
        elif self.score is not None:
            binary = self.labels is not None and len(self.labels) == 2
            score = self._score_of(self.pos_labels[0]) if binary else self.score
            assert score is not None
            found["score"] = (score.reshape(len(score), -1), None)
        elif self.y_pred is not None:
            found["prediction"] = (
                pd.get_dummies(self.y_pred).to_numpy(dtype=np.float64),
                None,
            )
        if self.representation is not None:
            found[REPRESENTATION] = (self.representation, self.requests)
        return found


# -- predictions as they come ----------------------------------------------------


def read_predictions(
    name: str,
    y_true: Any,
    y_pred: Any,
    y_score: Any,
    representation: Any,
    labels: Any,
    pos_label: Any,
) -> Subject:
    """Check predictions, scores and representation against each other.

    Raises
    ------
    ValueError
        If they do not fit together, or there is nothing to audit.
    """
    if (y_true is None) != (y_pred is None):
        raise ValueError(
            "y_true and y_pred go together; got only "
            f"{'y_pred' if y_true is None else 'y_true'}."
        )
    if y_true is None:
        if representation is None:
            raise ValueError(
                "Nothing to audit: expected y_true and y_pred, a representation, or "
                "all of them."
            )
        return Subject(name, representation=_read_view(representation, None))
    true, pred = read_labels(_values(y_true), _values(y_pred))
    found = np.unique(np.concatenate([true, pred])).tolist()
    if not np.isin(pred, true).any():
        raise ValueError(
            f"y_pred holds {_some(np.unique(pred))}, none of which is a label of "
            f"y_true, {_some(np.unique(true))}. Expected predicted labels; pass scores "
            "as y_score."
        )
    known = found if labels is None else np.asarray(labels).tolist()
    if unknown := [label for label in found if label not in known]:
        raise ValueError(f"labels={known} lacks {unknown}, found in y_true or y_pred.")
    positives = _pos_labels(known, pos_label)
    score = None
    if y_score is not None:
        score = _read_scores(y_score, len(true), known, pos_label)
    view = None
    if representation is not None:
        view = _read_view(representation, len(true))
    return Subject(name, true, pred, score, known, positives, view)


def _values(labels: Any) -> Any:
    labels = as_pandas(labels)
    if isinstance(labels, pd.DataFrame) and labels.shape[1] == 1:
        labels = labels.iloc[:, 0]
    if isinstance(labels, pd.Series):
        return labels.astype(object).to_numpy()
    return labels


def _some(values: NDArray) -> str:
    listed = values[:5].tolist()
    return f"{listed}{' and others' if len(values) > 5 else ''}"


def _pos_labels(labels: list[Any], pos_label: Any) -> tuple[Any, ...]:
    if pos_label is None and len(labels) > 2:
        return tuple(labels)
    return (positive_class(labels, pos_label),)


def _read_scores(
    y_score: Any, n_rows: int, labels: list[Any], pos_label: Any
) -> Floats:
    try:
        score = np.asarray(as_pandas(y_score), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"y_score must hold numbers: {error}.") from error
    if score.ndim == 2 and score.shape[1] == 1:
        score = score[:, 0]
    if score.shape[:1] != (n_rows,):
        n_scores = len(np.atleast_1d(score))
        raise ValueError(f"y_score has {n_scores} rows and y_true has {n_rows}.")
    if not np.isfinite(score).all():
        raise ValueError(
            f"y_score holds {(~np.isfinite(score)).sum()} values that are NaN or "
            "infinite; expected none."
        )
    if score.ndim == 1 and (len(labels) <= 2 or pos_label is not None):
        return score
    if score.shape[1:] != (len(labels),):
        raise ValueError(
            f"y_score has shape {score.shape}; expected one column for each of the "
            f"labels {labels}" + (", or one score a row." if len(labels) == 2 else ".")
        )
    return score


def _read_view(representation: Any, n_rows: int | None) -> Floats:
    if sparse.issparse(representation):
        representation = representation.toarray()
    view = np.asarray(as_pandas(representation), dtype=np.float64)
    if view.ndim < 1 or (n_rows is not None and len(view) != n_rows):
        raise ValueError(
            f"representation has shape {view.shape}; expected {n_rows} rows."
        )
    view = view.reshape(len(view), -1)
    if not np.isfinite(view).all():
        raise ValueError("representation holds NaN or infinity.")
    return view


# -- models --------------------------------------------------------------------


def read_model(name: str, model: Any, X: Any, y: Any, pos_label: Any) -> Subject:
    """Ask a fitted model for all that an audit looks at.

    Raises
    ------
    ValueError
        If the model predicts and there is no y, or y has labels that it never saw.
    TypeError
        If the model neither predicts nor has a representation.
    """
    model = getattr(model, "best_estimator_", model)
    if isinstance(model, BaseEstimator):  # others cannot tell
        check_is_fitted(model)
    encoder = _encoder(model)
    if encoder is None and not hasattr(model, "predict"):
        raise TypeError(
            f"{name} has no predict and is no transformer of fairrep; expected a "
            "fitted classifier, or a pipeline that ends in one. For a representation "
            "of your own, use AuditReport.from_predictions."
        )
    if y is None and hasattr(model, "predict"):
        raise ValueError(
            f"{name} predicts, so y is needed, the true labels of X; got None. Only a "
            "transformer of fairrep can be audited without, for its representation."
        )
    released: dict[str, Any] = {}
    if encoder is not None:
        transform, trained = encoder
        view = _read_view(transform(X), np.shape(X)[0])
        released = {"mi_estimate": float(trained.mi_estimate_)}
        if hasattr(trained, "fingerprint_"):
            _warn_of_training_rows(name, model, trained, X)
        fitted = getattr(trained, "_fitted", None)  # parameters may be set since
        if fitted is not None and fitted.spec.is_discrete:
            released |= _codes(view)
        else:
            requests = _requests(transform, X, view)
            released |= {"representation": view, "requests": requests}
    if not hasattr(model, "predict"):
        return Subject(name, **released)
    if isinstance(model, BaseEstimator) and is_regressor(model):
        _check_predicts(name, model)
        y, predicted = read_numbers(_values(y), model.predict(X))
        return Subject(name, y, predicted, has_numbers=True, **released)
    labels = np.asarray(model.classes_).tolist() if hasattr(model, "classes_") else None
    true = _values(y)
    if labels is not None:
        unseen = sorted({*np.asarray(true).ravel().tolist()} - {*labels}, key=str)
        if unseen:
            raise ValueError(
                f"y has labels that {name} never saw: {_some(np.array(unseen))}; it "
                f"was fitted on {labels}."
            )
        if pos_label is None and len(labels) == 2:
            pos_label = labels[1]
    _check_predicts(name, model)
    subject = read_predictions(
        name, true, model.predict(X), _scores(model, X), None, labels, pos_label
    )
    return replace(subject, **released)


def _check_predicts(name: str, model: Any) -> None:
    if needed := _needed_to_predict(model):
        raise TypeError(
            f"{name} needs {', '.join(needed)} to predict, which an audit does not "
            "hand on. Predict yourself, and pass labels and scores to "
            "AuditReport.from_predictions."
        )


def _needed_to_predict(model: Any) -> list[str]:
    """Arguments that its `predict` cannot do without, after the first."""
    try:
        parameters = [*signature(model.predict).parameters.values()]
    except (TypeError, ValueError):  # built in, and does not say
        return []
    return [
        parameter.name
        for parameter in parameters[1:]
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]


def _codes(view: Floats) -> dict[str, Any]:
    """The codes, of one-hot columns or one of indices; one-hot for attackers."""
    codes = view[:, 0].astype(np.int64) if view.shape[1] == 1 else view.argmax(axis=1)
    return {"codes": codes, "representation": np.eye(codes.max() + 1)[codes]}


def _warn_of_training_rows(name: str, model: Any, trained: Any, X: Any) -> None:
    steps = [step for _, step in model.steps] if hasattr(model, "steps") else [model]
    before = steps.index(trained)
    seen = trained._share_seen(model[:before].transform(X) if before else X)
    if seen > MOST:
        warnings.warn(
            f"{name} was fitted on about {seen:.0%} of these rows, or on rows equal "
            "to them. What an audit or a certificate says holds only for rows that "
            "trained and chose nothing.",
            UserWarning,
            stacklevel=4,
        )


def _encoder(model: Any) -> tuple[Callable[[Any], Any], Any] | None:
    """fairrep's part of a model: from X to its representation, and the estimator."""
    steps = [step for _, step in model.steps] if hasattr(model, "steps") else [model]
    for i, step in reversed([*enumerate(steps)]):
        if hasattr(step, "mi_estimate_") and hasattr(step, "transform"):
            return (model[: i + 1] if len(steps) > 1 else step).transform, step
    return None


def _requests(
    transform: Callable[[Any], Any], X: Any, view: Floats
) -> Callable[[int], Floats] | None:
    """How to ask again for the representation of the same rows; None if that is vain.

    Noise that is a function of the row comes out the same for the same row. So each
    request moves the numbers in X a little, as anyone could.
    """

    def request(seed: int) -> Floats:
        return _read_view(transform(_jittered(X, seed)), None)

    change = np.abs(request(0) - view).mean(axis=0)
    return request if (change > NOISY * view.std(axis=0)).any() else None


def _jittered(X: Any, seed: int) -> Any:
    """X with each number moved by some ten-thousandth of its column's spread.

    Other columns, and missing values, stay as they are.
    """
    rng = np.random.default_rng(seed)
    X = as_indexable(X)
    if sparse.issparse(X):
        X = X.toarray()
    if isinstance(X, pd.DataFrame):
        columns = [X.iloc[:, i] for i in range(X.shape[1])]
        moved = [_moved(column, rng) for column in columns]
        return pd.concat(moved, axis=1).set_axis(X.columns, axis=1)
    if X.dtype == object:
        columns = [_moved(column, rng) for _, column in pd.DataFrame(X).items()]
        return pd.concat(columns, axis=1).to_numpy(dtype=object)
    if X.dtype.kind in "US":
        return X
    return X + JITTER * np.nanstd(X, axis=0) * rng.normal(size=X.shape)


def _moved(column: pd.Series, rng: np.random.Generator) -> pd.Series:
    known = column.infer_objects()
    numeric = pd.api.types.is_numeric_dtype(known)
    if not numeric or pd.api.types.is_bool_dtype(known):
        return column
    values = known.to_numpy(dtype=np.float64, na_value=np.nan)
    noise = JITTER * np.nanstd(values) * rng.normal(size=len(values))
    return pd.Series(values + noise, column.index)


def _scores(model: Any, X: Any) -> Floats | None:
    if hasattr(model, "predict_proba"):
        return np.asarray(model.predict_proba(X), dtype=np.float64)
    if hasattr(model, "decision_function"):
        score = np.asarray(model.decision_function(X), dtype=np.float64)
        return np.stack([-score, score], axis=1) if score.ndim == 1 else score
    return None
