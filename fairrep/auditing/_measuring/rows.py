"""The rows that an audit measures, and the ways in which they divide into groups."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..._inputs.groups import (
    Groups,
    check_missing,
    crossed,
    read_groups,
    renamed,
    sensitive_frame,
)
from ..._utils.types import Codes


@dataclass(frozen=True)
class Attribute:
    """A sensitive column, or all of them crossed, of the rows that have a value there.

    Parameters
    ----------
    groups : Groups
        Of those rows alone.
    rows : ndarray of int
        Positions of the rows among all that were given.
    """

    groups: Groups
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
    """

    n_rows: int
    attributes: list[Attribute]

    @classmethod
    def read(
        cls,
        sensitive_features: Any,
        n_rows: int,
        *,
        missing: str,
        n_quantiles: int,
        group_names: Mapping[str, Mapping[Any, str]],
        not_compared: Collection[str],
    ) -> "Rows":
        """Read and check `sensitive_features`."""
        frame = sensitive_frame(sensitive_features, n_rows)
        check_missing(frame, missing)
        if unknown := [name for name in group_names if name not in {*map(str, frame)}]:
            raise ValueError(
                f"group_names has {unknown[0]!r}, which is no sensitive column; they "
                f"are {', '.join(map(str, frame))}."
            )
        columns = []
        for name in frame:
            rows = np.flatnonzero(frame[name].notna().to_numpy())
            (groups,) = read_groups(frame.iloc[rows][[name]], n_quantiles)
            groups = renamed(groups, group_names.get(groups.name, {}))
            columns.append(Attribute(groups, rows))
        known = [name for column in columns for name in column.groups.names]
        if unknown := [name for name in not_compared if name not in known]:
            raise ValueError(
                f"not_compared names {unknown[0]!r}, which is no group of these rows; "
                f"they are {', '.join(dict.fromkeys(known))}."
            )
        whole = np.flatnonzero(frame.notna().all(axis=1).to_numpy())
        several = []
        if len(columns) > 1 and len(whole) > 0:
            parts = [
                replace(c.groups, codes=c.groups.codes[np.searchsorted(c.rows, whole)])
                for c in columns
            ]
            several = [Attribute(crossed(parts), whole)]
        return cls(n_rows, [*columns, *several])

    @property
    def singles(self) -> list[Attribute]:
        """The columns one by one."""
        return [a for a in self.attributes if not a.groups.crossed]

    @property
    def n_audited(self) -> int:
        """Rows with a value in at least one of the columns."""
        return len(np.unique(np.concatenate([a.rows for a in self.singles])))

    @property
    def n_unknown(self) -> dict[str, int]:
        """By column, the rows without a value there."""
        return {a.name: self.n_rows - len(a.rows) for a in self.attributes}
