"""Rows that neither train nor choose anything give the certificate."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _check_sample_weight, _num_samples

from .._inputs.groups import (
    Groups,
    given_groups,
    groups_of_fit,
    quartile_groups,
    sensitive_frame,
)
from .._inputs.labels import positive_class, read_target
from .._inputs.splits import cells, hold_out
from .._inputs.tables import as_indexable
from .._utils.types import Codes
from .from_counts import Certificate, check_sizes, count_rows, from_counts

# One of S crossed, or one by sensitive column.
Certified = Certificate | dict[str, Certificate]
CROSSED = ""


class Data(NamedTuple):
    """What fit is given, row by row."""

    X: Any
    y: Any
    sensitive_features: Any
    sample_weight: Any


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


@dataclass(frozen=True)
class Calibration:
    """Rows set apart from all of a fit, even from the encoding of X."""

    X: Any  # as it came, or encoded by the fit
    y: NDArray | None  # class labels
    sensitive: pd.DataFrame
    separate: bool

    def certificate(
        self,
        codes: Codes,
        categories: list[NDArray | None],
        confidence: float = 0.95,
    ) -> Certified:
        """The certificate of the rows' codes: of S crossed, or of each column alone.

        Parameters
        ----------
        codes : ndarray of shape (n_rows,)
            In the order of the rows.
        categories : list
            The groups of each sensitive column, as the fit found them.
        confidence : float, default=0.95
        """
        groups = groups_of_fit(self.sensitive, len(self.sensitive), categories)
        certificates = {}
        for name, part in self._parts(groups).items():
            known, found = _known_groups(part)
            y = None if self.y is None else self.y[known]
            counts = count_rows(codes[known], found, y)
            certificates[name] = from_counts(counts, confidence=confidence)
        return certificates if self.separate else certificates[CROSSED]

    def checked(self, needs_y: bool) -> "Calibration":
        """The rows, without y where only the groups within a label are too small.

        Raises
        ------
        ValueError
            If a group is too small for a certificate; within a label if ``needs_y``.
        """
        self._check(None)
        if self.y is None:
            return self
        try:
            self._check(self.y)
        except ValueError:
            if needs_y:
                raise
            return replace(self, y=None)
        return self

    def _check(self, y: NDArray | None) -> None:
        groups = quartile_groups(self.sensitive, len(self.sensitive))
        for part in self._parts(groups).values():
            known, found = _known_groups(part)
            no_codes = np.zeros(len(found.codes), dtype=np.int64)
            counts = count_rows(no_codes, found, None if y is None else y[known])
            check_sizes(counts, 0.95)

    def _parts(self, groups: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """The columns that a certificate is of: each, or all of them crossed."""
        if self.separate:
            return {str(name): groups[[name]] for name in groups}
        return {CROSSED: groups}


def _known_groups(columns: pd.DataFrame) -> tuple[NDArray[np.bool_], Groups]:
    """The rows whose group is known, and the groups of these."""
    known = columns.notna().all(axis=1).to_numpy()
    return known, given_groups(columns[known])


def set_apart(
    data: Data,
    *,
    fraction: float,
    separate: bool,
    needs_y: bool,
    pos_label: Any,
    has_classes: bool = True,
    random_state: np.random.RandomState,
    owner: str,
) -> tuple[Data, Calibration | None]:
    """The rows to fit on, and those for the certificate, if any are asked for.

    They are drawn within the groups of S alone: given its group, each is a random row.
    Where ``pos_label`` is one of several classes, limits given y are for this and the
    rest, as the gaps are.
    """
    if fraction == 0:
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
    rng = np.random.RandomState(random_state.randint(2**31))
    rest, apart = hold_out(fraction, cell, rng)
    labels = None if y is None else read_target(y, n_rows, owner)
    known = None
    if has_classes and labels is not None and not _is_continuous(labels):
        known = labels[apart]
        if pos_label is not None and len(classes := np.unique(labels)) > 2:
            known = known == positive_class(classes.tolist(), pos_label)
    weight = None
    if sample_weight is not None:
        weight = _check_sample_weight(sample_weight, X)[rest]
    given = sensitive_frame(sensitive_features, n_rows)
    calibration = Calibration(
        _safe_indexing(X, apart),
        known,
        given.iloc[apart].reset_index(drop=True),
        separate,
    )
    try:
        calibration = calibration.checked(needs_y)
    except ValueError as error:
        raise ValueError(
            f"calibration_fraction={fraction} sets {len(apart)} of "
            f"{n_rows} rows apart. {error}"
        ) from error
    y = None if labels is None else labels[rest]
    return Data(_safe_indexing(X, rest), y, given.iloc[rest], weight), calibration


def _is_continuous(labels: NDArray) -> bool:
    return type_of_target(labels) == "continuous"
