"""The error that equal selection rates cost any classifier, from groups and labels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog
from scipy.stats import entropy
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, _num_samples

from .._inputs.groups import check_present, crossed, read_groups, sensitive_frame
from .._inputs.labels import read_target
from .._inputs.tables import as_pandas, check_row_order
from .._utils.types import Codes, Floats
from .._utils.warnings import warn_user
from ..mutual_info._counts import corrected_information

# Of what there is to know of y, the share that S tells: above it, a representation
# that tells nothing of S has lost a good part of the task.
MOST_SHARED = 0.3


def error_floor(
    y: Any,
    *,
    sensitive_features: Any,
    max_gap: Any = 0.0,
    sample_weight: Any = None,
) -> Any:
    """Least error that any classifier makes whose selection rates differ by so little.

    Where groups differ in their labels, whoever selects them equally often must err on
    some rows, even if every label is known. How many follows from the sizes of the
    groups and their labels alone [1]_; no model and no feature changes it.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        True labels of two or more classes.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_columns)
        Groups of the rows, by position. Several columns, also as a dict of columns, are
        crossed; a column of numbers with more than 20 different values, or with
        fractions and more than 2, is cut at its quartiles.
    max_gap : float or array-like, default=0
        The difference in selection rate that is allowed, in [0, 1]: the demographic
        parity difference. Of more than two classes, that of each against the rest.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    floor : float or ndarray of the shape of `max_gap`
        Share of the rows, in [0, 1], on which such a classifier errs at least; one
        minus it is the accuracy that none exceeds.

    Raises
    ------
    ValueError
        If lengths differ, values are missing, y holds no class labels, there is one
        group alone, or `max_gap` is outside [0, 1].

    See Also
    --------
    fairness_report : The rates and gaps of predictions.

    Notes
    -----
    A classifier that gives class k to a share q(k) of a group whose labels are p(k)
    errs there on at least half the sum of all abs(p(k) - q(k)), and one that knows the
    labels on no more. The floor is the least mean of that over the groups, weighed by
    their sizes, where no q(k) differs between groups by more than `max_gap`: a linear
    program. Of two groups and two classes it is the size of the smaller group times
    what the difference in base rate exceeds `max_gap` by.

    It holds to the row for the rows given. Of the population that they were drawn from
    it is an estimate, which noise in the base rates makes larger, most in small groups.

    Of equalized odds and of equal opportunity the floor is 0: a classifier that is
    always right satisfies both.

    References
    ----------
    .. [1] H. Zhao and G. Gordon, "Inherent tradeoffs in learning fair representations",
           NeurIPS, 2019. https://arxiv.org/abs/1906.08386

    Examples
    --------
    Three of four men have a label of 1, and one of four women:

    >>> from fairrep.metrics import error_floor
    >>> y = [0, 0, 0, 1, 0, 1, 1, 1]
    >>> sex = ["f", "f", "f", "f", "m", "m", "m", "m"]
    >>> round(error_floor(y, sensitive_features=sex), 3)
    0.25
    >>> error_floor(y, sensitive_features=sex, max_gap=[0.1, 0.5]).round(3).tolist()
    [0.2, 0.0]
    """
    gaps = np.asarray(as_pandas(max_gap), dtype=np.float64)
    if not ((gaps >= 0) & (gaps <= 1)).all():
        raise ValueError(f"max_gap must be in [0, 1]; got {max_gap!r}.")
    check_row_order(
        y=y, sensitive_features=sensitive_features, sample_weight=sample_weight
    )
    labels = read_target(y, _num_samples(y), "error_floor")
    check_classification_targets(labels)
    frame = sensitive_frame(sensitive_features, len(labels))
    advice = "; expected none. Drop these rows, or name a group for them."
    for name, n_missing in frame.isna().sum().items():
        check_present(int(n_missing), f"sensitive_features {name!r}", advice)
    groups = crossed(read_groups(frame)).codes
    weight = _check_sample_weight(
        sample_weight, labels, dtype=np.float64, ensure_non_negative=True
    )
    if not weight.any():
        raise ValueError("sample_weight is zero for all rows; expected some above.")
    counts = count_labels(np.unique(labels, return_inverse=True)[1], groups, weight)
    return counts.error_floor(float(gaps) if gaps.ndim == 0 else gaps)


@dataclass(frozen=True, eq=False)
class LabelCounts:
    """How many rows of each group have each label.

    Parameters
    ----------
    table : ndarray of shape (n_groups, n_classes)
        Rows, or their weights; of each group some.
    n_others : float
        Further rows, whose group is compared with none: they cost no error.
    """

    table: Floats
    n_others: float = 0.0

    @property
    def entropy(self) -> float:
        """H(Y) of the groups, in nats."""
        return float(entropy(self.table.sum(axis=0)))

    @property
    def mutual_info(self) -> float:
        """I(Y; S), in nats."""
        return corrected_information(self.table)

    @property
    def is_lost(self) -> bool:
        """Whether demographic parity must destroy a good part of the task."""
        return self.mutual_info > MOST_SHARED * self.entropy

    @property
    def widest(self) -> float:
        """The gap of the labels themselves, from which on there is no floor."""
        return float(np.ptp(self._shares, axis=0).max())

    @property
    def _shares(self) -> Floats:
        return self.table / self.table.sum(axis=1, keepdims=True)

    def error_floor(self, gap: float | Floats) -> Any:
        """The floor at a gap, or at each of several; `error_floor` says of what."""
        if isinstance(gap, np.ndarray):
            floors = [self.error_floor(float(one)) for one in gap.ravel()]
            return np.array(floors).reshape(gap.shape)
        if gap >= self.widest:
            return 0.0
        n_groups, n_classes = self.table.shape
        # By group and class: the share that is predicted, and that which is so rightly;
        # then, by class, the least share predicted in any group.
        n_cells = self.table.size
        each = sparse.identity(n_cells)
        least = sparse.kron(np.ones((n_groups, 1)), sparse.identity(n_classes))
        limits = sparse.bmat(
            [[-each, each, None], [-each, None, least], [each, None, -least]],
            format="csr",
        )
        at_most = np.repeat([0.0, 0.0, gap], n_cells)
        of_group = sparse.kron(sparse.identity(n_groups), np.ones((1, n_classes)))
        others = sparse.coo_matrix((n_groups, n_cells + n_classes))
        totals = sparse.hstack([of_group, others], format="csr")
        size = self.table.sum(axis=1)
        gain = np.repeat(size / (size.sum() + self.n_others), n_classes)
        bounds = np.zeros((2 * n_cells + n_classes, 2))
        bounds[:, 1] = 1.0
        bounds[n_cells : 2 * n_cells, 1] = self._shares.ravel()
        found = linprog(
            np.concatenate([np.zeros(n_cells), -gain, np.zeros(n_classes)]),
            A_ub=limits,
            b_ub=at_most,
            A_eq=totals,
            b_eq=np.ones(n_groups),
            bounds=bounds,
            method="highs",
        )
        if found.status != 0:
            raise RuntimeError(f"The linear program was not solved: {found.message}")
        compared = size.sum() / (size.sum() + self.n_others)
        return max(0.0, float(compared + found.fun))


def count_labels(
    labels: Codes, groups: Codes, weight: Floats | None = None
) -> LabelCounts:
    """Count labels by group; a group of -1 is compared with none.

    Weights are scaled to the number of rows that would tell as much.
    """
    weight = np.ones(len(labels)) if weight is None else weight
    weight = weight * (weight.sum() / np.sum(weight**2))
    known = groups >= 0
    shape = (int(groups.max()) + 1, int(labels.max()) + 1)
    cell = groups[known] * shape[1] + labels[known]
    table = np.bincount(cell, weight[known], minlength=shape[0] * shape[1])
    table = table.reshape(shape)
    return LabelCounts(table[table.sum(axis=1) > 0], float(weight[~known].sum()))


def warn_of_lost_task(name: str, counts: LabelCounts) -> None:
    """Warn where y and S share so much that parity must destroy the task."""
    if not counts.is_lost:
        return
    share = counts.mutual_info / counts.entropy
    warn_user(
        f"sensitive_features {name!r} tells {share:.0%} of what there is to know of y "
        f"({counts.mutual_info:.2f} of {counts.entropy:.2f} nats): demographic parity "
        "must destroy the task. A classifier with equal selection rates errs on at "
        f"least {counts.error_floor(0.0):.0%} of the rows, whatever the model. If y is "
        "to be trusted, criterion='equalized_odds' asks for no error."
    )
