"""Rows that neither train nor choose anything, and the certificate they give."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _check_sample_weight, _num_samples

from ._codes import check_discrete, groups_of_fit, quartile_groups
from ._inputs import as_indexable, cells, hold_out, read_target
from ._problem.criterion import CRITERIA
from ._sensitive import sensitive_frame

if TYPE_CHECKING:
    from ._base import BaseMIEstimator
    from .auditing import Certificate

# X, y, sensitive features and weights of rows
Data = tuple[Any, Any, Any, Any]


class NoCertificate:
    """Stands for a ``certificate_`` that is not there: an error says how to get it.

    One that is there is an attribute of the instance, which comes first.
    """

    def __init__(self) -> None:
        self.__doc__ = "The certificate of the codes, where there is one."

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        raise AttributeError(
            f"This {owner.__name__} has no certificate_: set bottleneck='discrete' and "
            "calibration_fraction, the share of the rows to be set apart, and fit it."
        )


@dataclass
class Calibration:
    """Rows set apart from all of a fit, even from the encoding of X."""

    X: Any  # as it came, or encoded by the fit
    y: NDArray | None  # class labels
    sensitive: pd.DataFrame
    separate: bool

    def certificate(
        self, estimator: "BaseMIEstimator", confidence: float = 0.95
    ) -> "Certificate | dict[str, Certificate]":
        """That of the estimator's codes: of S crossed, or of each column by itself."""
        codes = estimator._codes(self.X)
        groups = groups_of_fit(
            self.sensitive, len(self.sensitive), estimator.sensitive_categories_
        )
        if self.separate:
            return {
                str(name): self._certify(codes, groups[[name]], confidence)
                for name in groups
            }
        return self._certify(codes, groups, confidence)

    def _certify(
        self, codes: NDArray, groups: pd.DataFrame, confidence: float
    ) -> "Certificate":
        from .auditing import certify

        known = groups.notna().all(axis=1).to_numpy()
        y = None if self.y is None else self.y[known]
        return certify(codes[known], groups[known], y=y, confidence=confidence)

    def check(self, needs_y: bool) -> None:
        """Raise where a group is too small; leave y out where only its cells are."""
        self._check(None)
        if self.y is None:
            return
        try:
            self._check(self.y)
        except ValueError:
            if needs_y:
                raise
            self.y = None

    def _check(self, y: NDArray | None) -> None:
        from .auditing._certificate import check_groups

        groups = quartile_groups(self.sensitive, len(self.sensitive))
        columns = [groups[[name]] for name in groups] if self.separate else [groups]
        for part in columns:
            known = part.notna().all(axis=1).to_numpy()
            check_groups(part[known], None if y is None else y[known])


def set_apart(
    params: "BaseMIEstimator", data: Data, owner: str
) -> tuple[Data, Calibration | None]:
    """The rows to fit on, and those for the certificate, if any are asked for.

    They are drawn within the groups of S alone: given its group, each is a random row.
    """
    check_discrete(params)
    if params.calibration_fraction == 0:
        return data, None
    X, y, sensitive_features, sample_weight = data
    if sensitive_features is None:
        raise ValueError(
            "calibration_fraction is for a certificate of what codes tell of S, which "
            "needs sensitive_features; got None."
        )
    X = as_indexable(X)
    n_rows = _num_samples(X)
    sensitive = quartile_groups(sensitive_features, n_rows)
    cell = cells(*(pd.factorize(sensitive[name])[0] for name in sensitive))
    rng = np.random.RandomState(params._random_state().randint(2**31))
    rest, apart = hold_out(params.calibration_fraction, cell, rng)
    labels = None if y is None else read_target(y, n_rows, owner)
    weight = None
    if sample_weight is not None:
        weight = _check_sample_weight(sample_weight, X)[rest]
    given = sensitive_frame(sensitive_features, n_rows)
    calibration = Calibration(
        _safe_indexing(X, apart),
        None if labels is None or _is_continuous(labels) else labels[apart],
        given.iloc[apart].reset_index(drop=True),
        params.sensitive_combination == "separate",
    )
    try:
        calibration.check(needs_y=CRITERIA[params.criterion].needs_labels)
    except ValueError as error:
        raise ValueError(
            f"calibration_fraction={params.calibration_fraction} sets {len(apart)} of "
            f"{n_rows} rows apart. {error}"
        ) from error
    rows = _safe_indexing(X, rest), None if labels is None else labels[rest]
    return (*rows, given.iloc[rest], weight), calibration


def _is_continuous(labels: NDArray) -> bool:
    return type_of_target(labels) == "continuous"
