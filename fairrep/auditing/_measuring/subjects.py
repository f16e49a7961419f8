"""A subject is what is audited: the outputs of a model, or predictions."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..._inputs.fingerprint import MOST
from ..._inputs.groups import Groups
from ..._inputs.labels import named_positive, positive_classes
from ..._inputs.sensitive import ProbableGroups
from ..._inputs.tables import as_indexable, as_pandas
from ..._utils.types import Codes, Floats
from ...metrics._report import other_word, read_labels
from .groups import GroupFigures, measure_groups
from .probable import measure_probable
from .provenance import fingerprint

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
    made_by: str = "given"  # the class of the model
    other_word: str | None = None  # see `FairnessReport`
    share_seen: float | None = None  # of the rows, by the model's fingerprint
    # The representation of other rows, as X comes.
    represent: Callable[[Any], Floats] | None = None

    def __len__(self) -> int:
        part = self.representation if self.y_true is None else self.y_true
        return 0 if part is None else len(part)

    @property
    def provenance(self) -> dict[str, str]:
        """The class of the model and the fingerprint of what it gave."""
        outputs = fingerprint(
            self.y_true, self.y_pred, self.score, self.representation, self.codes
        )
        return {"class": self.made_by, "outputs": outputs}

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
        return measure_groups(
            *self._outcomes_of(pos_label),
            self._score_of(pos_label),
            attribute,
            pos_label=pos_label,
            **options,
        )

    def probable_figures(
        self, attribute: ProbableGroups, pos_label: Any, **options: Any
    ) -> GroupFigures:
        """The same of groups that are known as probabilities."""
        outcomes = self._outcomes_of(pos_label)
        return measure_probable(*outcomes, attribute, pos_label=pos_label, **options)

    def _outcomes_of(self, pos_label: Any) -> tuple[Codes, Codes]:
        """1 where a row is, and where it is predicted to be, of the class, else 0."""
        assert self.y_true is not None
        positive, predicted = self.y_true == pos_label, self.y_pred == pos_label
        return positive.astype(np.int64), predicted.astype(np.int64)

    def _score_of(self, pos_label: Any) -> Floats | None:
        if self.score is None or self.score.ndim == 1:
            return self.score
        assert self.labels is not None
        return self.score[:, self.labels.index(pos_label)]

    def views(self) -> dict[str, tuple[Floats, Callable[[int], Floats] | None]]:
        """What an attacker can be shown: by name a view, and how to ask for another."""
        found: dict[str, tuple[Floats, Callable[[int], Floats] | None]] = {}
        if self.score is not None:
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
    positives = positive_classes(known, pos_label)
    score = None
    if y_score is not None:
        score = _read_scores(y_score, len(true), known, pos_label)
    view = None
    if representation is not None:
        view = _read_view(representation, len(true))
    other = other_word(known, pos_label, positives[0])
    return Subject(name, true, pred, score, known, positives, view, other_word=other)


def read_array(representation: Any, y: Any) -> Subject:
    """An array, frame or list that was given in place of a model, as what is released.

    Raises
    ------
    TypeError
        If it is a model, which needs X, or there are labels, which need predictions.
    """
    if hasattr(representation, "predict") or hasattr(representation, "transform"):
        raise TypeError(
            "audit of a model needs X, the rows to audit; got None. Only an array, "
            "which is then taken for a representation, is audited by itself."
        )
    if isinstance(representation, (Mapping, str)) or y is not None:
        raise TypeError(
            "audit without X takes one array, the representation, and no y; got a "
            f"{type(representation).__name__}"
            + (" and y." if y is not None else ".")
            + " Predictions go to AuditReport.from_predictions."
        )
    return Subject(REPRESENTATION, representation=_read_view(representation, None))


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
        view = _read_view(transform(X), np.shape(X)[0])
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
                "represent": lambda rows: _read_view(transform(rows), None),
            }
    if not hasattr(model, "predict"):
        return Subject(name, **released)
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
        return np.equal.outer(codes_of(_read_view(transform(rows), None)), seen) * 1.0

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
