"""The rows that an audit measures, and the ways in which they divide into groups."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd

from ..._inputs.doubts import warn_of_probabilities
from ..._inputs.groups import (
    Groups,
    check_missing,
    crossed,
    read_groups,
    renamed,
    sensitive_frame,
)
from ..._inputs.sensitive import ProbableGroups, read_probabilities
from ..._utils.types import Codes
from .provenance import fingerprint

G = TypeVar("G", Groups, ProbableGroups)


@dataclass(frozen=True)
class Attribute(Generic[G]):
    """A sensitive attribute, of the rows that have a value there.

    Parameters
    ----------
    groups : Groups or ProbableGroups
        Of a column, or of all columns crossed; or those that are known as
        probabilities. Of those rows alone.
    rows : ndarray of int
        Positions of the rows among all that were given.
    """

    groups: G
    rows: Codes

    @property
    def name(self) -> str:
        return self.groups.name


@dataclass(frozen=True)
class Rows:
    """All rows given, and each way in which some of them divide into groups.

    Parameters
    ----------
    n_rows : int
    attributes : list of Attribute
        A row without a value in one column is left out of what is measured by that
        column alone.
    probable : list of Attribute
        Attributes that are known as probabilities.
    fingerprint : str
        Of all that was given of S.
    """

    n_rows: int
    attributes: list[Attribute[Groups]]
    probable: list[Attribute[ProbableGroups]]
    fingerprint: str

    @classmethod
    def read(
        cls,
        sensitive_features: Any,
        sensitive_probabilities: Any,
        n_rows: int,
        *,
        missing: str,
        n_quantiles: int,
        group_names: Mapping[str, Mapping[Any, str]],
        not_compared: Collection[str],
    ) -> "Rows":
        """Read and check `sensitive_features` and `sensitive_probabilities`."""
        if sensitive_features is None and sensitive_probabilities is None:
            raise ValueError(
                "Neither sensitive_features nor sensitive_probabilities is given; "
                "expected one of them, or both."
            )
        columns: list[Attribute[Groups]] = []
        probable: list[Attribute[ProbableGroups]] = []
        seen: list[Any] = []
        if sensitive_features is not None:
            frame = sensitive_frame(sensitive_features, n_rows)
            check_missing(frame, missing)
            warn_of_probabilities(frame)
            columns = _read_columns(frame, n_quantiles, group_names)
            seen.append(frame)
        if sensitive_probabilities is not None:
            probable = _read_probable(sensitive_probabilities, n_rows, missing)
            seen += [attribute.groups.weights for attribute in probable]
        read: list[Attribute] = [*columns, *probable]
        _check_names(read, group_names, not_compared)
        whole = _rows_of_all(columns)
        several = []
        if len(columns) > 1 and len(whole) > 0:
            parts = [
                replace(c.groups, codes=c.groups.codes[np.searchsorted(c.rows, whole)])
                for c in columns
            ]
            several = [Attribute(crossed(parts), whole)]
        return cls(n_rows, [*columns, *several], probable, fingerprint(*seen))

    @property
    def singles(self) -> list[Attribute[Groups]]:
        """The columns one by one."""
        return [a for a in self.attributes if not a.groups.crossed]

    @property
    def n_audited(self) -> int:
        """Rows with a value in at least one of the columns."""
        read: list[Attribute] = [*self.singles, *self.probable]
        return len(np.unique(np.concatenate([a.rows for a in read])))

    @property
    def n_unknown(self) -> dict[str, int]:
        """By column, the rows without a value there."""
        read: list[Attribute] = [*self.attributes, *self.probable]
        return {a.name: self.n_rows - len(a.rows) for a in read}


def _read_columns(
    frame: pd.DataFrame,
    n_quantiles: int,
    group_names: Mapping[str, Mapping[Any, str]],
) -> list[Attribute[Groups]]:
    columns = []
    for name in frame:
        rows = np.flatnonzero(frame[name].notna().to_numpy())
        (groups,) = read_groups(frame.iloc[rows][[name]], n_quantiles)
        groups = renamed(groups, group_names.get(groups.name, {}))
        columns.append(Attribute(groups, rows))
    return columns


def _read_probable(
    sensitive_probabilities: Any, n_rows: int, missing: str
) -> list[Attribute[ProbableGroups]]:
    found = []
    for groups in read_probabilities(sensitive_probabilities, n_rows, missing):
        rows = np.flatnonzero(~np.isnan(groups.weights).any(axis=1))
        found.append(Attribute(groups.take(rows), rows))
    return found


def _check_names(
    read: Sequence[Attribute],
    group_names: Mapping[str, Any],
    not_compared: Collection[str],
) -> None:
    """Raise where attributes share a name, or an option names what is not there."""
    names = [attribute.name for attribute in read]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(
            "sensitive_features and sensitive_probabilities both have an attribute "
            f"named {twice[0]!r}; rename one."
        )
    columns = [a.name for a in read if isinstance(a.groups, Groups)]
    if unknown := [name for name in group_names if name not in columns]:
        raise ValueError(
            f"group_names has {unknown[0]!r}, which is no sensitive column; they are "
            f"{', '.join(columns)}."
        )
    known = [name for attribute in read for name in attribute.groups.names]
    if unknown := [name for name in not_compared if name not in known]:
        raise ValueError(
            f"not_compared names {unknown[0]!r}, which is no group of these rows; they "
            f"are {', '.join(dict.fromkeys(known))}."
        )


def _rows_of_all(columns: list[Attribute[Groups]]) -> Codes:
    """The rows that have a value in every column."""
    if not columns:
        return np.array([], dtype=np.int64)
    return reduce(np.intersect1d, [column.rows for column in columns])
