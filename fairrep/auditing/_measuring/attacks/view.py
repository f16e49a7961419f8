"""A view is what an attacker sees of the rows: its numbers, and their traces.

Traces are what numbers carry beside their size: their digits, their lowest bits, which
of a column's repeated values they are, and how often the row repeats. Whoever hides S
there changes no number by much, and models that cut or weigh numbers do not see it.
"""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...._utils.types import Codes, Floats

# The digits of 10^0, 10^-1, ..., 10^-12.
N_DECIMALS = 12
# So many values has a trace at most: a digit has 10, the lowest four bits have 16.
N_TRACE_VALUES = 16
# Above this, floats of 64 bits are whole numbers with gaps: what follows is no digit.
LARGEST_EXACT = 2.0**53


class View:
    """What an attacker sees of the rows.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        Finite.
    """

    def __init__(self, values: Floats) -> None:
        self.values = values

    def take(self, rows: Codes) -> "View":
        return View(self.values[rows])

    @cached_property
    def traces(self) -> NDArray[np.uint8]:
        """Traces of each column, and last how often the row occurs, (n_rows, n)."""
        digits = [_digit(self.values, place) for place in range(N_DECIMALS + 1)]
        return np.hstack(
            [
                *digits,
                _low_bits(self.values),
                *map(_commonest, self.values.T),
                _repeats(self.values),
            ]
        )


def read_view(view: Any, name: str, n_rows: int) -> View:
    """The view as finite numbers; ``name`` is what an error calls it."""
    array = np.asarray(view, dtype=np.float64)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or len(array) != n_rows or not array.shape[1]:
        raise ValueError(
            f"{name} has shape {np.shape(view)}; expected one row for each of the "
            f"{n_rows} values of S."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} contains NaN or infinity; expected finite numbers.")
    return View(array)


def _digit(values: Floats, place: int) -> NDArray[np.uint8]:
    scaled = np.abs(values) * 10.0**place
    # 0.29 * 100 is 28.999999999999996: what is next to a whole number is meant as one.
    scaled = np.where(scaled < LARGEST_EXACT, scaled, 0.0) + 1e-3
    return (scaled % 10).astype(np.uint8)


def _low_bits(values: Floats) -> NDArray[np.uint8]:
    """The lowest four bits of the significands, in 32 bits where the values fit."""
    with np.errstate(over="ignore"):
        short = values.astype(np.float32)
    if (short == values).all():
        return (short.view(np.uint32) & 15).astype(np.uint8)
    return (np.ascontiguousarray(values).view(np.uint64) & 15).astype(np.uint8)


def _commonest(column: Floats) -> NDArray[np.uint8]:
    """Which of the column's commonest values each is; 0 for all others."""
    _, value, counts = np.unique(column, return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), dtype=np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(1, len(counts) + 1)
    common = (rank < N_TRACE_VALUES) & (counts > 1)
    return np.where(common, rank, 0)[value].astype(np.uint8)[:, None]


def _repeats(values: Floats) -> NDArray[np.uint8]:
    _, row, counts = np.unique(values, axis=0, return_inverse=True, return_counts=True)
    repeats = np.minimum(counts, N_TRACE_VALUES) - 1
    return repeats[row.reshape(-1)].astype(np.uint8)[:, None]
