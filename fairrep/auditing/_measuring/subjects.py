"""A subject is what is audited: the outputs of a model, or predictions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from ..._inputs.groups import Groups
from ..._inputs.labels import positive_classes
from ..._inputs.sensitive import ProbableGroups
from ..._inputs.tables import as_pandas
from ..._utils.types import Codes, Floats
from ...metrics._report import other_word, read_labels
from .provenance import fingerprint
from .rates.groups import GroupFigures, measure_groups
from .rates.probable import measure_probable

REPRESENTATION = "representation"


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
        return Subject(name, representation=read_view(representation, None))
    true, pred = read_labels(label_values(y_true), label_values(y_pred))
    found = np.unique(np.concatenate([true, pred])).tolist()
    if not np.isin(pred, true).any():
        raise ValueError(
            f"y_pred holds {some_of(np.unique(pred))}, none of which is a label of "
            f"y_true, {some_of(np.unique(true))}. Expected predicted labels; pass "
            "scores as y_score."
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
        view = read_view(representation, len(true))
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
    return Subject(REPRESENTATION, representation=read_view(representation, None))


def label_values(labels: Any) -> Any:
    """Labels as they come, one a row."""
    labels = as_pandas(labels)
    if isinstance(labels, pd.DataFrame) and labels.shape[1] == 1:
        labels = labels.iloc[:, 0]
    if isinstance(labels, pd.Series):
        return labels.astype(object).to_numpy()
    return labels


def some_of(values: NDArray) -> str:
    """The first values, for a message."""
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


def read_view(representation: Any, n_rows: int | None) -> Floats:
    """A representation as numbers, one row of them a row."""
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
