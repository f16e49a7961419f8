"""A task is what z must keep: the classes of y, a continuous y, or X itself."""

from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from .._inputs.encoding import TableEncoder
from .._inputs.groups import quantile_bins
from .._inputs.labels import positive_or_none
from .._utils.types import Codes, Floats
from ..nn._module import RowLoss, absolute_error, cross_entropy, squared_error

LOSSES: dict[str, RowLoss] = {
    "classification": cross_entropy,
    "regression": squared_error,
    "median regression": absolute_error,
    "reconstruction": squared_error,
}
# The losses of a regression, by scikit-learn's names, and the kinds of task.
REGRESSIONS = {"squared_error": "regression", "absolute_error": "median regression"}
# A criterion that looks at y has a stratum for each tenth of a continuous y, or for
# larger parts where these would have fewer rows.
N_STRATA, MIN_STRATUM_ROWS = 10, 100


@dataclass(frozen=True)
class Task:
    """What z must keep: the target of each row, and what it is a target of."""

    kind: str  # a key of LOSSES
    target: NDArray
    n_outputs: int
    classes: NDArray | None = None  # what the codes in the target stand for
    positive: int | None = None  # the code whose rates are compared; None is each
    values: Floats | None = None  # a continuous y as it came
    mean: float = 0.0  # of these, which the target is in standard deviations from
    scale: float = 1.0

    @property
    def labels(self) -> NDArray | None:
        return self.target if self.kind == "classification" else None

    def named_labels(self) -> tuple[NDArray, NDArray]:
        """The classes, and y as it came; of a classification task."""
        if self.classes is None:
            raise TypeError(f"A {self.kind} task has no classes.")
        return self.classes, self.classes[self.target]

    @property
    def given(self) -> NDArray:
        """y as it came: labels, or numbers."""
        return self.named_labels()[1] if self.values is None else self.values

    def strata(self) -> tuple[Codes, int] | None:
        """The class, or the part of a continuous y, that each row is of; how many.

        Of several classes of which one is positive, this and the rest, as gaps have it.
        """
        if self.values is not None:
            n_strata = int(np.clip(len(self.values) // MIN_STRATUM_ROWS, 2, N_STRATA))
            codes, names = quantile_bins(self.values, n_strata)
            return codes, len(names)
        if self.labels is None:
            return None
        if self.n_outputs > 2 and self.positive is not None:
            return (self.labels == self.positive).astype(np.int64), 2
        return self.labels, self.n_outputs

    def rows(self, rows: Codes) -> "Task":
        """The task of some of the rows."""
        values = None if self.values is None else self.values[rows]
        return replace(self, target=self.target[rows], values=values)


def classification_task(y: NDArray, pos_label: Any = None) -> Task:
    """The task of predicting the classes of y, of which ``pos_label`` is positive."""
    check_classification_targets(y)
    classes, labels = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y has only one class, {classes.tolist()[0]!r}; at least 2 classes are "
            "required."
        )
    positive = positive_or_none(classes, pos_label)
    code = None if positive is None else classes.tolist().index(positive)
    return Task("classification", labels, len(classes), classes, code)


def regression_task(y: NDArray, loss: str = "squared_error") -> Task:
    """The task of predicting a continuous y, which is standardised."""
    with np.errstate(over="ignore"):
        mean, scale = float(y.mean()), float(y.std())
    if y.min() == y.max():
        raise ValueError(
            f"y is {y[0]:g} in all {len(y)} rows; expected numbers that differ."
        )
    if not 0 < scale < np.inf:
        raise ValueError(
            f"y goes from {y.min():g} to {y.max():g}, and its variance is beyond what "
            "a float holds; expected numbers of another unit."
        )
    scores = ((y - mean) / scale).astype(np.float32)
    return Task(REGRESSIONS[loss], scores[:, None], 1, values=y, mean=mean, scale=scale)


def reconstruction_task(raw: Any, encoder: TableEncoder) -> Task:
    """The task of reconstructing X, as `read_table` returns it."""
    coded = encoder.fit(raw).code(raw)
    if encoder.passes:
        coded = coded.reshape(len(raw), -1)
    return Task("reconstruction", coded, encoder.n_features)


def task_of(y: NDArray, pos_label: Any = None) -> Task:
    """The task that the values of y speak of: classes, or a continuous y."""
    if type_of_target(y, input_name="y") == "continuous":
        check_no_positive(pos_label, "a continuous y")
        return regression_task(y)
    return classification_task(y, pos_label)


def check_no_positive(pos_label: Any, got: str) -> None:
    """Raise where a positive class is named, and there are no classes."""
    if pos_label is not None:
        raise ValueError(
            f"pos_label={pos_label!r} names a class of y; got {got}. Leave it None."
        )


def task_weight(class_weight: Any, task: Task, row_weight: Floats) -> Floats:
    """Weight of each row in the task loss: its own, times that of its class."""
    if class_weight is None:
        return row_weight
    if task.classes is None:
        raise ValueError(f"class_weight needs class labels y; got a {task.kind} task.")
    _, labels = task.named_labels()
    if not isinstance(class_weight, str):
        _check_class_weights(class_weight)
    weight = row_weight * compute_sample_weight(class_weight, labels)
    if not weight.any():
        raise ValueError(
            f"class_weight={class_weight!r} leaves no row a weight above 0."
        )
    return weight


def _check_class_weights(class_weight: dict) -> None:
    for label, weight in class_weight.items():
        if not (isinstance(weight, Real) and 0 <= float(weight) < np.inf):
            raise ValueError(
                f"class_weight has {weight!r} for the class {label!r}; expected a "
                "finite number of at least 0."
            )
