"""What an estimate found, in one value that prints as one line."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class MutualInformation:
    """Estimate of what one variable tells of another, with an interval and the unit.

    Parameters
    ----------
    value : float
        The estimate, in ``unit``; never below 0, nor above the sample's own entropy of
        a discrete variable.
    low, high : float
        The interval of ``value``. Where ``is_lower_bound``, it is that of the bound,
        and the mutual information itself may lie above ``high``.
    method : str
        How it was estimated, a name that :func:`estimate` takes.
    n_rows : int
        The rows that it is from.
    confidence : float
        Of the interval, in (0, 1).
    unit : {"nats", "correlation"}
        "correlation" is that of "hgr", in [0, 1].
    is_lower_bound : bool
        Whether what ``value`` estimates lies below the mutual information, by as much
        as the method has not found.
    saturates_at : float or None
        What the method reads at most of as many rows, however large the truth is; None
        where there is no such limit.

    Examples
    --------
    >>> from fairrep.mutual_info import MutualInformation
    >>> told = MutualInformation(
    ...     0.25, 0.2, 0.3, method="counts", n_rows=1000, confidence=0.95
    ... )
    >>> told
    I(X; S) = 0.2500 nats [0.2000, 0.3000], 95 % interval, by counts from 1000 rows
    >>> round(told.bits, 3)
    0.361
    """

    value: float
    low: float
    high: float
    method: str
    n_rows: int
    confidence: float
    unit: str = "nats"
    is_lower_bound: bool = False
    saturates_at: float | None = None

    @property
    def nats(self) -> float:
        """The estimate in nats; raises for a correlation, which has no such unit."""
        if self.unit != "nats":
            raise ValueError(
                f"{self.method!r} gives a {self.unit}, not mutual information in nats."
            )
        return self.value

    @property
    def bits(self) -> float:
        """The estimate in bits, of which one is log 2 = 0.693 nats."""
        return float(self.nats / np.log(2))

    def __repr__(self) -> str:
        what = "I(X; S)" if self.unit == "nats" else "maximal correlation"
        sign = ">=" if self.is_lower_bound else "="
        unit = " nats" if self.unit == "nats" else ""
        line = (
            f"{what} {sign} {self.value:.4f}{unit} [{self.low:.4f}, {self.high:.4f}], "
            f"{100 * self.confidence:g} % interval, by {self.method} from "
            f"{self.n_rows} rows"
        )
        if self.saturates_at is not None:
            line += f", which show {self.saturates_at:.2f} at most"
        return line
