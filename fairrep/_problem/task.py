"""A task is what z must keep: the classes of y, a continuous y, or X itself."""

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from .._inputs.encoding import TableEncoder
from .._inputs.labels import positive_or_none
from .._utils.types import Floats
from ..nn._module import RowLoss, cross_entropy, squared_error

LOSSES: dict[str, RowLoss] = {
    "classification": cross_entropy,
    "regression": squared_error,
    "reconstruction": squared_error,
}


@dataclass(frozen=True)
class Task:
    """What z must keep: the target of each row, and what it is a target of."""

    kind: str  # a key of LOSSES
    target: NDArray
    n_outputs: int
    classes: NDArray | None = None  # what the codes in the target stand for
    positive: int | None = None  # the code whose rates are compared; None is each

    @property
    def labels(self) -> NDArray | None:
        return self.target if self.kind == "classification" else None

    def named_labels(self) -> tuple[NDArray, NDArray]:
        """The classes, and y as it came; of a classification task."""
        if self.classes is None:
            raise TypeError(f"A {self.kind} task has no classes.")
        return self.classes, self.classes[self.target]


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


def regression_task(y: NDArray) -> Task:
    """The task of predicting a continuous y, which is standardised."""
    scores = ((y - y.mean()) / (y.std() or 1.0)).astype(np.float32)
    return Task("regression", scores[:, None], 1)


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
