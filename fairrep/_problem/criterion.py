"""A criterion says among which rows z is to tell nothing of S, and which gap closes.

Everything that asks what a criterion means reads it here: the strata of a fit, the gap
that a search limits, the rates that a report compares.
"""

from dataclasses import dataclass

import numpy as np

from .._utils.types import Codes, Floats
from .task import Task


@dataclass(frozen=True)
class Criterion:
    """One fairness criterion.

    Parameters
    ----------
    name : str
    by_label : bool
        Whether I(Z; S) is conditioned on y: each class of it, or each part of a
        continuous y, is a stratum of its own.
    compared : tuple of int or None
        Labels of the rows whose rates of prediction the gap compares, 1 for the
        positive class and 0 for any other; None is all rows.
    """

    name: str
    by_label: bool
    compared: tuple[int | None, ...]

    @property
    def gap(self) -> str:
        """Name of the gap that is to close."""
        return f"{self.name}_difference"

    @property
    def needs_labels(self) -> bool:
        """Whether it looks at y."""
        return self.compared != (None,)

    def strata(self, task: Task, row_weight: Floats) -> tuple[Codes, int, Floats]:
        """The stratum of each row, how many there are, and the weight of the rows.

        Rows that the criterion does not look at have no weight.
        """
        one_stratum = np.zeros(len(row_weight), dtype=np.int64)
        if not self.needs_labels:
            return one_stratum, 1, row_weight
        strata = task.strata()
        if self.by_label and strata is not None:
            return *strata, row_weight
        labels = task.labels
        if labels is None:
            use = "'demographic_parity'" + " or 'equalized_odds'" * (strata is not None)
            raise ValueError(
                f"criterion={self.name!r} needs class labels y; this is a "
                f"{task.kind} task. Use criterion={use}."
            )
        if task.positive is None:
            raise ValueError(
                f"criterion={self.name!r} needs a binary y; got {task.n_outputs} "
                "classes. Name the positive one, pos_label, or use "
                "criterion='equalized_odds'."
            )
        is_positive = (labels == task.positive).astype(np.int64)
        compared = np.array(self.compared)
        return one_stratum, 1, row_weight * np.isin(is_positive, compared)


CRITERIA = {
    criterion.name: criterion
    for criterion in (
        Criterion("demographic_parity", by_label=False, compared=(None,)),
        Criterion("equalized_odds", by_label=True, compared=(1, 0)),
        Criterion("equal_opportunity", by_label=False, compared=(1,)),
    )
}
# The gap of each criterion, by name.
GAPS = {criterion.gap: criterion for criterion in CRITERIA.values()}
