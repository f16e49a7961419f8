"""What demographic parity costs at least on the rows audited, whatever the model."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...._utils.plain import plain_tree
from ...._utils.types import Codes, Floats
from ....metrics._floor import LabelCounts


@dataclass(frozen=True)
class ParityLimits:
    """What cannot be had, since the groups differ in their labels.

    Of the groups that are compared; the rows of others cost no error.

    Parameters
    ----------
    base_rates : dict of str to float
        By group, compared or not, the share of its rows whose label is positive.
    entropy : float
        H(Y) in nats, what there is to know of the label.
    mutual_info : float
        I(Y; S) in nats, what the group tells of it.
    conditional_entropy : float
        H(Y | S) in nats, what is left: the most that a representation that tells
        nothing of S can tell of the label.
    is_lost : bool
        Whether I(Y; S) is more than 0.3 of H(Y), so that parity destroys the task.
    gap : float
        The demographic parity difference of the predictions audited.
    floor_at_gap, floor_at_parity : float
        Share of all rows on which any classifier errs at least that has this gap, or
        none: see `fairrep.metrics.error_floor`.
    """

    base_rates: dict[str, float]
    entropy: float
    mutual_info: float
    conditional_entropy: float
    is_lost: bool
    gap: float
    floor_at_gap: float
    floor_at_parity: float

    def to_rows(self) -> list[dict[str, Any]]:
        """The figures as rows of a frame, with "group", "metric" and "value"."""
        rows = [
            {"group": group, "metric": "base_rate", "value": rate}
            for group, rate in self.base_rates.items()
        ]
        figures = {
            "error_floor": self.floor_at_gap,
            "error_floor_at_parity": self.floor_at_parity,
            "label_mutual_info": self.mutual_info,
            "label_conditional_entropy": self.conditional_entropy,
        }
        return rows + [
            {"group": "", "metric": name, "value": value}
            for name, value in figures.items()
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return dicts, strings and numbers; None for what is not known."""
        return plain_tree(asdict(self))


def parity_limits(
    by_label: Floats, names: list[str], compared: Codes, gap: float
) -> ParityLimits:
    """The limits, from counts.

    Parameters
    ----------
    by_label : ndarray of shape (n_groups, 2)
        Rows of each group that are negative and positive.
    names : list of str
        Of the groups.
    compared : ndarray of int
        The groups that the gap compares.
    gap : float
        That gap.
    """
    sizes = by_label.sum(axis=1)
    with np.errstate(invalid="ignore"):
        rates = by_label[:, 1] / sizes
    base_rates = dict(zip(names, rates.tolist(), strict=True))
    if len(compared) < 2:
        unknown = float("nan")
        return ParityLimits(
            base_rates, unknown, unknown, unknown, False, gap, unknown, unknown
        )
    table = by_label[compared].astype(np.float64)
    counts = LabelCounts(table, float(sizes.sum() - table.sum()))
    return ParityLimits(
        base_rates,
        counts.entropy,
        counts.mutual_info,
        counts.entropy - counts.mutual_info,
        counts.is_lost,
        gap,
        float("nan") if np.isnan(gap) else counts.error_floor(gap),
        counts.error_floor(0.0),
    )
