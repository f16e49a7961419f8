"""Every way to estimate is asked in this way: it takes variables, and gives numbers."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.stats import norm

from .._utils.types import Codes, Floats
from ._variable import Variable


@dataclass(frozen=True)
class Settings:
    """What all methods are told.

    Parameters
    ----------
    n_folds : int
        Of the cross-fitting.
    confidence : float
    rng : RandomState
    """

    n_folds: int
    confidence: float
    rng: np.random.RandomState

    @property
    def reach(self) -> float:
        """Standard errors on either side of a normal interval."""
        return float(norm.ppf((1 + self.confidence) / 2))


@dataclass(frozen=True)
class Measured:
    """A value with its interval, and what the method reads at most."""

    value: float
    low: float
    high: float
    saturates_at: float | None = None


class Method:
    """One way to estimate; a subclass says what it takes, and gives nats by row.

    Without conditioning all rows are one stratum. Otherwise each stratum is estimated
    alone, and counts by its share of the rows.
    """

    takes: ClassVar[str]  # in words, for errors
    unit: ClassVar[str] = "nats"
    is_lower_bound: ClassVar[bool] = False
    conditions: ClassVar[bool] = True  # whether it takes strata

    def accepts(self, x: Variable, s: Variable) -> bool:
        """Whether it can be asked of such variables."""
        raise NotImplementedError

    def check_rows(self, x: Variable, s: Variable, n_folds: int, where: str) -> None:
        """Raise where the rows of one stratum are too few."""
        raise NotImplementedError

    def terms(self, x: Variable, s: Variable, settings: Settings) -> Floats:
        """Nats by row of one stratum, whose mean is the estimate."""
        raise NotImplementedError

    def saturation(self, n_rows: int, settings: Settings) -> float | None:
        """The most nats that it reads of so many rows, if there is a limit."""
        return None

    def measure(
        self, x: Variable, s: Variable, strata: list[Codes], settings: Settings
    ) -> Measured:
        """The mean of the rows' nats, with a normal interval."""
        terms = np.zeros(len(x))
        for rows in strata:
            # What does not vary tells nothing, and is told nothing.
            part, of_s = x.take(rows), s.take(rows)
            if not (part.is_constant or of_s.is_constant):
                terms[rows] = self.terms(part, of_s, settings)
        value = float(terms.mean())
        reach = settings.reach * float(terms.std(ddof=1)) / np.sqrt(len(terms))
        limits = [self.saturation(len(rows), settings) for rows in strata]
        shares = [len(rows) / len(terms) for rows in strata]
        known = [limit for limit in limits if limit is not None]
        most = float(np.dot(shares, known)) if len(known) == len(limits) else None
        return Measured(value, value - reach, value + reach, most)


def need_rows(n_rows: int, needed: int, what: str) -> None:
    """Raise where there are fewer rows than a method needs."""
    if n_rows < needed:
        raise ValueError(f"{what} has {n_rows} rows; at least {needed} are needed.")


def need_rows_of_groups(s: Variable, needed: int, where: str) -> None:
    """Raise where a group has fewer rows than a method needs."""
    if s.groups is None:
        return
    counts = np.bincount(s.groups)
    if len(counts) > 1 and counts.min() < needed:
        rarest = int(counts.argmin())
        raise ValueError(
            f"group {s.labels[rarest]!r} of {s.name}{where} has {counts[rarest]} rows; "
            f"at least {needed} are needed."
        )
