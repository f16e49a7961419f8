"""A column of X becomes one of float32: a number its score, a category its code."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .._utils.types import Codes, Floats
from ..nn._lookup import CategoryColumn, NumberColumn
from .categories import check_hashable, is_unicode, label_of, no_text
from .doubts import warn_of_dates, warn_of_identifier, warn_of_key, warn_of_unknown

# In standard deviations: much further off, float32 would turn to infinity.
MAX_DEVIATION = 1e6
# Of a quantile bin: with fewer rows its weight learns their noise.
MIN_ROWS_OF_BIN = 100
# Bins are cut by the quantiles of so many rows at most.
MAX_ROWS_OF_KNOTS = 200_000
# In rounding errors of the mean: a spread below is that of a constant.
SPREAD_OF_A_CONSTANT = 10 * np.finfo(np.float64).eps
# "auto" pools the categories of fewer rows than this, of few rows those of fewer than
# a hundredth.
MIN_ROWS_OF_CATEGORY, MIN_SHARE_OF_CATEGORY = 10, 0.01
# A column of which so much was pooled in fit says nothing by values that are new.
MOST_POOLED = 0.5


@dataclass(frozen=True)
class Number:
    """A column of numbers: standardised, NaN where it is missing.

    Parameters
    ----------
    mean, scale : float
    has_missing : bool
        Whether fit saw missing values, which have a feature then; they are the mean.
    knots : ndarray or None
        Of the bins, in standard deviations from the mean; None without bins. Columns of
        at most two values have a single one, and no bins.
    """

    mean: float
    scale: float
    has_missing: bool
    knots: Floats | None

    @classmethod
    def of(cls, column: pd.Series, n_bins: int | None) -> "Number":
        """Fitted on a column, of which it warns where it numbers the rows."""
        values = _as_numbers(column)
        missing = np.isnan(values)
        known = values[~missing]
        warn_of_key(column, known)
        mean = float(known.mean()) if len(known) else 0.0
        spread = float(known.std()) if len(known) else 0.0
        scale = spread if spread > SPREAD_OF_A_CONSTANT * abs(mean) else 1.0
        number = cls(mean, scale, bool(missing.any()), None)
        if not n_bins:
            return number
        scores = np.nan_to_num(number._scores(values), nan=0.0)
        knots = _knots(_sampled(scores.astype(np.float64)), n_bins)
        return cls(mean, scale, number.has_missing, knots)

    @property
    def layout(self) -> NumberColumn:
        """What the coded column is to the networks."""
        if self.knots is None or len(self.knots) == 1:
            return NumberColumn(self.has_missing)
        return NumberColumn(self.has_missing, tuple(self.knots.tolist()))

    def code(self, column: pd.Series) -> NDArray[np.float32]:
        """The coded column, (n_rows,)."""
        scores = self._scores(_as_numbers(column))
        return scores if self.has_missing else np.nan_to_num(scores, nan=0.0)

    def _scores(self, values: Floats) -> NDArray[np.float32]:
        scores = (values - self.mean) / self.scale
        # Zero is added as minus zero is no other value.
        clipped = np.clip(scores, -MAX_DEVIATION, MAX_DEVIATION) + 0.0
        return clipped.astype(np.float32)


def _sampled(values: Floats) -> Floats:
    """The values, of many a part that is the same each time, with both ends."""
    if len(values) <= MAX_ROWS_OF_KNOTS:
        return values
    part = np.random.RandomState(0).randint(len(values), size=MAX_ROWS_OF_KNOTS)
    return np.concatenate([values[part], [values.min(), values.max()]])


def _knots(values: Floats, n_bins: int) -> Floats:
    """Quantiles of the values; one that many rows share is a knot of its own.

    Were it left among the rest, most quantiles of a column of zeros with a tail would
    be zero.
    """
    n_bins = max(1, min(n_bins, len(values) // MIN_ROWS_OF_BIN))
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= 2:
        return distinct[:1]
    is_atom = counts * n_bins > len(values)
    rest = np.repeat(distinct[~is_atom], counts[~is_atom])
    knots = [distinct[[0, -1]], distinct[is_atom]]
    if len(rest):
        n_quantiles = max(2, n_bins + 1 - is_atom.sum())
        levels = np.linspace(0, 1, n_quantiles)
        knots.append(np.quantile(rest, levels, method="nearest"))
    return np.unique(np.concatenate(knots))


def _as_numbers(column: pd.Series) -> Floats:
    try:
        if pd.api.types.is_datetime64_any_dtype(column.infer_objects()):
            raise TypeError  # numpy would count nanoseconds
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Column {column.name!r} of X was numeric in fit; now it holds values that "
            f"are no numbers (dtype {column.dtype})."
        ) from error
    # To the precision of the networks, so that float32 and float64 are one content.
    with np.errstate(over="ignore"):
        values = values.astype(np.float32).astype(np.float64)
    if np.isinf(values).any():
        raise ValueError(
            f"Column {column.name!r} of X contains infinity, or numbers beyond the "
            "range of float32; expected finite ones, or NaN where a value is missing."
        )
    return values


@dataclass(frozen=True)
class Category:
    """A column of categories: codes, the rare ones pooled, the unknown among them.

    Parameters
    ----------
    labels : list of str or None
        The categories that have a code of their own, sorted, from 0; None, last, is
        the missing value.
    pooled : float
        Share of the rows of fit whose category was too rare for one. The code after
        the last is theirs, and also that of categories that fit never saw. Where
        nothing was pooled in fit it stands for no feature.
    """

    labels: list[str | None]
    pooled: float

    @classmethod
    def of(
        cls, column: pd.Series, min_frequency: Any, max_categories: int | None
    ) -> "Category":
        """Fitted on a column, of which it warns where its values are no categories."""
        codes, values = _factorized(column)
        if not warn_of_dates(column, values):
            warn_of_identifier(column, values, codes)
        texts = [label_of(value) for value in values]
        for text in texts:
            if not is_unicode(text):
                raise no_text(column, text)
        labels: list[str | None] = [*sorted(set(texts)), None]
        places = {label: place for place, label in enumerate(labels)}
        # Codes of missing values are -1: the last place is theirs.
        place = np.array([places[label] for label in [*texts, None]])[codes]
        counts = np.bincount(place, minlength=len(labels))
        kept = _frequent(counts, min_frequency, max_categories)
        pooled = 1 - counts[kept].sum() / len(column)
        return cls([labels[i] for i in kept], float(pooled))

    @property
    def layout(self) -> CategoryColumn:
        """What the coded column is to the networks."""
        return CategoryColumn(len(self.labels) + (self.pooled > 0))

    def code(self, column: pd.Series) -> NDArray[np.float32]:
        """The coded column, (n_rows,)."""
        codes, values = _factorized(column)
        places = {label: place for place, label in enumerate(self.labels)}
        unknown = len(self.labels)  # the code of the pool, if there is one
        known = {label for label in self.labels if label is not None}
        own = [places.get(label_of(value, known), unknown) for value in values]
        is_known = np.array([place < unknown for place in own], dtype=bool)
        # Where most were too rare in fit, they will be rare again.
        if known and self.pooled < MOST_POOLED:
            warn_of_unknown(column, codes, values, is_known, known)
        own.append(places.get(None, unknown))
        return np.array(own, dtype=np.float32)[codes]


def _frequent(
    counts: Codes, min_frequency: Any, max_categories: int | None
) -> list[int]:
    """Places of the categories that are not pooled, in order."""
    kept = np.flatnonzero(counts >= _least_rows(min_frequency, int(counts.sum())))
    is_pooled = counts[kept].sum() < counts.sum()
    if max_categories is not None and len(kept) + is_pooled > max_categories:
        commonest = np.argsort(-counts[kept], kind="stable")
        kept = np.sort(kept[commonest[: max_categories - 1]])
    return [*map(int, kept)]


def _least_rows(min_frequency: Any, n_rows: int) -> float:
    """The rows that a category needs to be no rare one."""
    if min_frequency is None:
        return 1
    if min_frequency == "auto":
        return max(1, min(MIN_ROWS_OF_CATEGORY, MIN_SHARE_OF_CATEGORY * n_rows))
    if isinstance(min_frequency, Integral):
        return max(1, int(min_frequency))
    return max(1, min_frequency * n_rows)


def _factorized(column: pd.Series) -> tuple[Codes, NDArray]:
    """Codes, -1 of missing values, and the different values."""
    try:
        codes, values = pd.factorize(column)
    except TypeError:
        check_hashable(column, f"Column {column.name!r} of X")
        raise
    return codes, np.asarray(values, dtype=object)


# What encodes one column, fitted on it.
Column: TypeAlias = Number | Category
