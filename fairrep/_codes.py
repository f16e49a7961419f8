"""What the discrete bottleneck asks of the parameters and of S."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ._quantiles import quantile_intervals
from ._sensitive import is_continuous, sensitive_frame

if TYPE_CHECKING:
    from ._parameters import MIParameters


def check_discrete(params: "MIParameters") -> None:
    """Raise where a parameter has no meaning with, or without, codes."""
    if params.bottleneck != "discrete":
        if params.calibration_fraction > 0:
            raise ValueError(
                "calibration_fraction holds out rows for a certificate of the codes; "
                f"expected bottleneck='discrete', got {params.bottleneck!r}."
            )
        return
    if params.mi_estimator != "auto":
        raise ValueError(
            f"mi_estimator={params.mi_estimator!r} is a critic, and what a code tells "
            "is a formula that needs none; expected 'auto' with bottleneck='discrete'."
        )
    if params.mi_target != "representation":
        raise ValueError(
            "With bottleneck='discrete' the code is guarded, and so all that is made "
            "of it; expected mi_target='representation', got "
            f"{params.mi_target!r}. For the decision alone use n_codes=2."
        )


def check_n_codes(n_codes: int, n_rows: int) -> None:
    """Raise where not even every code could be that of a row."""
    if n_codes > n_rows:
        raise ValueError(
            f"n_codes={n_codes} is more than the {n_rows} rows that X has to train on; "
            "expected many rows for each code."
        )


def quartile_groups(sensitive_features: Any, n_rows: int) -> pd.DataFrame:
    """The sensitive columns, continuous ones as the interval between quartiles."""
    return sensitive_frame(sensitive_features, n_rows).apply(_quartiles)


def _quartiles(column: pd.Series) -> pd.Series:
    column = column.infer_objects()
    if not is_continuous(column) or np.isinf(column.dropna().to_numpy(float)).any():
        return column  # infinities are told of where S is read
    return quantile_intervals(column).astype(object)


def groups_of_fit(
    sensitive_features: Any, n_rows: int, categories: list[NDArray | None]
) -> pd.DataFrame:
    """The groups of other rows, by the quartiles that `fit` found."""
    frame = sensitive_frame(sensitive_features, n_rows)
    columns = {
        name: _as_in_fit(frame[name].infer_objects(), known)
        for name, known in zip(frame, categories, strict=True)
    }
    return pd.DataFrame(columns)


def _as_in_fit(column: pd.Series, known: NDArray | None) -> pd.Series:
    if known is None or not pd.api.types.is_numeric_dtype(column):
        return column
    if isinstance(known[0], pd.Interval):
        inner = [interval.right for interval in known[:-1]]
        number = np.searchsorted(inner, column.to_numpy(float))
        return pd.Series(known[number], column.index).where(column.notna())
    return column
