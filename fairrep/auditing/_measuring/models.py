"""A fitted model is asked for all that an audit looks at."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..._inputs.fingerprint import MOST
from ..._inputs.labels import named_positive
from ..._inputs.tables import as_indexable
from ..._utils.types import Codes, Floats
from ...metrics._report import other_word
from .subjects import Subject, label_values, read_predictions, read_view, some_of

# Of a column's spread: by how much requests for the same rows differ; and by how much
# a representation must answer to be called noisy.
JITTER, NOISY = 1e-4, 1e-2


def positive_of(models: Mapping[str, Any]) -> Any:
    """The positive class that the models were told of; None where none was.

    Raises
    ------
    ValueError
        If they were told of different ones, whose rates cannot be compared.
    """
    told = {name: named_positive(model) for name, model in models.items()}
    told = {name: label for name, label in told.items() if label is not None}
    if not told:
        return None
    first, *others = told.values()
    if any(other != first for other in others):
        named = ", ".join(f"{label!r} ({name})" for name, label in told.items())
        raise ValueError(
            f"The models have different positive classes: {named}. Set pos_label of "
            "audit to the one whose rates are to be compared."
        )
    return first


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
            f"{name} has neither predict nor transform; expected a fitted classifier "
            "or transformer, or a pipeline that ends in one. Predictions of your own "
            "go to AuditReport.from_predictions, a representation to audit(Z, ...)."
        )
    if y is None and hasattr(model, "predict"):
        raise ValueError(
            f"{name} predicts, so y is needed, the true labels of X; got None. Only a "
            "transformer can be audited without, for its representation."
        )
    released: dict[str, Any] = {"made_by": type(model).__name__}
    if encoder is not None:
        transform, trained = encoder
        view = read_view(transform(X), np.shape(X)[0])
        if hasattr(trained, "mi_estimate_"):
            released["mi_estimate"] = float(trained.mi_estimate_)
        if hasattr(trained, "fingerprint_"):
            released["share_seen"] = _share_seen(name, model, trained, X)
        fitted = getattr(trained, "_fitted", None)  # parameters may be set since
        if fitted is not None and fitted.spec.is_discrete:
            released |= _codes(transform, view)
        else:
            released |= {
                "representation": view,
                "requests": _requests(transform, X, view),
                "represent": lambda rows: read_view(transform(rows), None),
            }
    if not hasattr(model, "predict"):
        return Subject(name, **released)
    labels = np.asarray(model.classes_).tolist() if hasattr(model, "classes_") else None
    true = label_values(y)
    if labels is not None:
        unseen = sorted({*np.asarray(true).ravel().tolist()} - {*labels}, key=str)
        if unseen:
            raise ValueError(
                f"y has labels that {name} never saw: {some_of(np.array(unseen))}; it "
                f"was fitted on {labels}."
            )
        if pos_label is None and len(labels) == 2:
            pos_label = labels[1]
            released["other_word"] = other_word(labels, None, pos_label)
    if needed := _needed_to_predict(model):
        raise TypeError(
            f"{name} needs {', '.join(needed)} to predict, which an audit does not "
            "hand on. Predict yourself, and pass labels and scores to "
            "AuditReport.from_predictions."
        )
    subject = read_predictions(
        name, true, model.predict(X), _scores(model, X), None, labels, pos_label
    )
    return replace(subject, **released)


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


def _codes(transform: Callable[[Any], Any], view: Floats) -> dict[str, Any]:
    """The codes, of one-hot columns or one of indices; one-hot for attackers."""

    def codes_of(view: Floats) -> Codes:
        return (
            view[:, 0].astype(np.int64) if view.shape[1] == 1 else view.argmax(axis=1)
        )

    codes = codes_of(view)
    seen = np.arange(codes.max() + 1)

    def represent(rows: Any) -> Floats:
        return np.equal.outer(codes_of(read_view(transform(rows), None)), seen) * 1.0

    one_hot = np.eye(len(seen))[codes]
    return {"codes": codes, "representation": one_hot, "represent": represent}


def _share_seen(name: str, model: Any, trained: Any, X: Any) -> float:
    """Share of the rows that were in the fit, with a warning where it is most."""
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
    return float(seen)


def _encoder(model: Any) -> tuple[Callable[[Any], Any], Any] | None:
    """From X to what a model releases of it, and the estimator that makes it.

    Of a classifier that is fairrep's part; a transformer releases what it gives.
    """
    steps = [step for _, step in model.steps] if hasattr(model, "steps") else [model]
    for i, step in reversed([*enumerate(steps)]):
        if hasattr(step, "mi_estimate_") and hasattr(step, "transform"):
            return (model[: i + 1] if len(steps) > 1 else step).transform, step
    if hasattr(model, "transform") and not hasattr(model, "predict"):
        return model.transform, model
    return None


def _requests(
    transform: Callable[[Any], Any], X: Any, view: Floats
) -> Callable[[int], Floats] | None:
    """How to ask again for the representation of the same rows; None if that is vain.

    Noise that is a function of the row comes out the same for the same row. So each
    request moves the numbers in X a little, as anyone could.
    """

    def request(seed: int) -> Floats:
        return read_view(transform(_jittered(X, seed)), None)

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
