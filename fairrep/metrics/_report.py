"""Rates by group and disparities between groups, as fairlearn defines them."""

from dataclasses import dataclass
from html import escape
from typing import Any
from warnings import warn

import numpy as np
import pandas as pd
from fairlearn.metrics import (
    MetricFrame,
    count,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import accuracy_score
from sklearn.utils.multiclass import type_of_target, unique_labels

from .._inputs.doubts import warn_of_probabilities
from .._inputs.groups import (
    check_no_identifier,
    check_present,
    group_names,
    sensitive_frame,
)
from .._inputs.labels import check_one_kind, positive_class
from .._inputs.sensitive import read_probabilities
from .._inputs.tables import check_row_order
from .._utils.plain import plain_tree
from ._probable import cell_sums


def _selection_rate(
    y_true: NDArray, y_pred: NDArray, sample_weight: NDArray | None = None
) -> float:
    # In a group of one row fairlearn < 0.15 returns an array, which its differences
    # then leave out.
    return float(
        np.squeeze(selection_rate(y_true, y_pred, sample_weight=sample_weight))
    )


METRICS = {
    "count": count,
    "accuracy": accuracy_score,
    "selection_rate": _selection_rate,
    "true_positive_rate": true_positive_rate,
    "false_positive_rate": false_positive_rate,
}
ODDS = ["true_positive_rate", "false_positive_rate"]
# The rate that is compared among the rows of a label; None is all rows.
RATE_AMONG = {None: "selection_rate", 1: ODDS[0], 0: ODDS[1]}
DISPARITIES = [
    "demographic_parity_difference",
    "demographic_parity_ratio",
    "equalized_odds_difference",
    "equalized_odds_ratio",
    "equal_opportunity_difference",
]


@dataclass(frozen=True, eq=False, repr=False)
class FairnessReport:
    """Four rates of each group and five disparities, read off one `MetricFrame`.

    Made by :func:`fairness_report`. `print` it for a table.

    Parameters
    ----------
    metric_frame : fairlearn.metrics.MetricFrame
        The rates of the labels, 1 for `pos_label` and 0 for any other class. Its
        methods give what this view leaves out, such as differences to the overall rate.
    pos_label : bool, int, float or str
        The class that the rates are about.
    other_word : str, default=None
        The other class, where both are words and nobody said which is positive.

    Examples
    --------
    >>> from fairrep.metrics import fairness_report
    >>> report = fairness_report(
    ...     [0, 1, 0, 1], [0, 1, 1, 1], sensitive_features=["f", "f", "m", "m"]
    ... )
    >>> report.demographic_parity_difference
    0.5
    >>> report.by_group["selection_rate"].to_dict()
    {'f': 0.5, 'm': 1.0}
    """

    metric_frame: MetricFrame
    pos_label: Any
    other_word: Any = None

    @property
    def by_group(self) -> pd.DataFrame:
        """Count and rates, one row a group; NaN for a combination without rows."""
        return self.metric_frame.by_group

    @property
    def overall(self) -> pd.Series:
        """Count and rates of all rows together."""
        return self.metric_frame.overall

    @property
    def demographic_parity_difference(self) -> float:
        """Largest minus smallest selection rate, in [0, 1]; 0 is parity."""
        return float(self.metric_frame.difference()["selection_rate"])

    @property
    def demographic_parity_ratio(self) -> float:
        """Smallest over largest selection rate, in [0, 1]; NaN if all rates are 0."""
        return float(self.metric_frame.ratio()["selection_rate"])

    @property
    def equalized_odds_difference(self) -> float:
        """The larger of the differences in true and false positive rate, in [0, 1]."""
        return float(max(self.metric_frame.difference()[ODDS]))

    @property
    def equalized_odds_ratio(self) -> float:
        """The smaller of the ratios of true and false positive rates, in [0, 1].

        If the false positive rates of all groups are 0, the ratio of the true positive
        rates alone; NaN if the true positive rates are.
        """
        # The built-in min, in this order, is fairlearn's: it decides what NaN does.
        return float(min(self.metric_frame.ratio()[ODDS]))

    @property
    def equal_opportunity_difference(self) -> float:
        """Largest minus smallest true positive rate, in [0, 1]; 0 is parity."""
        return float(self.metric_frame.difference()["true_positive_rate"])

    @property
    def disparities(self) -> pd.Series:
        """The five disparities by name."""
        return pd.Series({name: getattr(self, name) for name in DISPARITIES})

    def to_frame(self) -> pd.DataFrame:
        """Return `by_group` with `overall` as the last row.

        Returns
        -------
        frame : DataFrame
        """
        index = self.by_group.index
        last: Any = "overall"
        if index.nlevels > 1:
            last = ("overall", *[""] * (index.nlevels - 1))
        overall = self.overall.astype(float).to_frame().T.set_axis([last])
        table = pd.concat([self.by_group, overall])
        table.index = table.index.set_names(index.names)
        return table

    def to_dict(self) -> dict[str, Any]:
        """Return dicts, lists, strings and numbers, ready for JSON; NaN is None.

        Returns
        -------
        content : dict
        """
        groups = self.by_group.index.to_frame(index=False).to_dict("records")
        rates = self.by_group.to_dict("records")
        content = {
            "pos_label": self.pos_label,
            "by_group": [
                {"group": group, **row}
                for group, row in zip(groups, rates, strict=True)
            ],
            "overall": self.overall.to_dict(),
            "disparities": self.disparities.to_dict(),
        }
        return plain_tree(content)

    def _title(self) -> str:
        names = ", ".join(self.metric_frame.sensitive_levels)
        title = f"Rates of class {self.pos_label!r} by {names}"
        if self.other_word is not None:
            title += f"\n{sentence_of_class(self.pos_label, self.other_word)}"
        return title

    def __str__(self) -> str:
        frame = self.to_frame()
        if frame.index.nlevels == 1:
            frame.index = pd.Index(group_names(frame.index), name=frame.index.name)
        table = frame.to_string(
            formatters={"count": "{:.0f}".format},
            float_format="{:.3f}".format,
            na_rep="-",
        )
        disparities = self.disparities.to_string(float_format="{:.3f}".format)
        return f"{self._title()}\n\n{table}\n\n{disparities}"

    def _repr_html_(self) -> str:
        """The tables in a notebook."""
        style = {"float_format": "{:.3f}".format, "na_rep": "-", "border": 0}
        table = self.to_frame().to_html(formatters={"count": "{:.0f}".format}, **style)
        disparities = self.disparities.to_frame("difference or ratio").to_html(**style)
        return f"<p>{escape(self._title())}</p>{table}{disparities}"

    def __repr__(self) -> str:
        return (
            f"FairnessReport(pos_label={self.pos_label!r}, "
            f"n_groups={int(self.by_group['count'].notna().sum())}, "
            f"demographic_parity_difference={self.demographic_parity_difference:.3f}, "
            f"equalized_odds_difference={self.equalized_odds_difference:.3f})"
        )


def fairness_report(
    y_true: Any,
    y_pred: Any,
    *,
    sensitive_features: Any = None,
    sensitive_probabilities: Any = None,
    pos_label: Any = None,
    sample_weight: Any = None,
) -> FairnessReport:
    """Measure four rates of each group and five disparities, as fairlearn defines them.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels: numbers, strings or booleans.
    y_pred : array-like of shape (n_samples,)
        Predicted labels; no probabilities.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_features)
        Groups of the rows, in the order of the rows: a pandas index is not used.
        Several columns, also as a dict of columns, are crossed. None where there are
        `sensitive_probabilities`.
    sensitive_probabilities : array-like of shape (n_samples, n_groups), default=None
        In place of `sensitive_features`, of an attribute that nobody recorded, the
        probabilities of its groups: a column a group, each row summing to 1. A dict
        names the attribute: ``{"race": table}``. Each row then counts in every group
        with its probability, which is right where labels and predictions tell no more
        of the group than the probabilities do, and otherwise usually shows too small a
        gap [3]_; :func:`fairrep.audit` sets a second estimate beside it.
    pos_label : bool, int, float or str, default=None
        The positive class; any other label is negative, so for more than two classes
        the rates, accuracy included, are of this class against the rest. None stands
        for 1 if the labels are in {0, 1}, {-1, 1} or boolean, and for the greater of
        any other two, as in ``classes_[1]``: "yes" of "no" and "yes". With more labels
        it is an error.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows, not negative. The count of a group is not weighted, but
        for probabilities, whose sum it is.

    Returns
    -------
    report : FairnessReport
        Print it for a table; its attributes hold the numbers.

    Raises
    ------
    ValueError
        If lengths differ, values are missing, `y_pred` holds no labels, `pos_label` is
        needed or not among the labels, the weights of a group sum to 0, probabilities
        are outside of [0, 1] or do not sum to 1, or not exactly one of
        `sensitive_features` and `sensitive_probabilities` is given.

    Warns
    -----
    UndefinedMetricWarning
        If a group has no positive (or no negative) true label. Its true (false)
        positive rate is 0/0, which fairlearn counts as 0 in the disparities as well.

    Notes
    -----
    With a single group all differences are 0, as in fairlearn.

    References
    ----------
    .. [1] Hardt, Price and Srebro (2016). Equality of opportunity in supervised
       learning. NeurIPS.
    .. [2] Weerts et al. (2023). Fairlearn: assessing and improving fairness of AI
       systems. JMLR 24(257).
    .. [3] Chen, Kallus, Mao, Svacha and Udell (2019). Fairness under unawareness:
       assessing disparity when protected class is unobserved. FAT*.

    Examples
    --------
    >>> from fairrep.metrics import fairness_report
    >>> y_true = ["good", "bad", "good", "bad", "good", "bad", "good", "bad"]
    >>> y_pred = ["good", "bad", "good", "good", "good", "bad", "bad", "bad"]
    >>> sex = {"sex": ["f", "f", "f", "f", "m", "m", "m", "m"]}
    >>> report = fairness_report(
    ...     y_true, y_pred, sensitive_features=sex, pos_label="good"
    ... )
    >>> report.demographic_parity_difference
    0.5
    >>> print(report)
    Rates of class 'good' by sex
             count  accuracy  selection_rate  true_positive_rate  false_positive_rate
    sex
    f            4     0.750           0.750               1.000                0.500
    m            4     0.750           0.250               0.500                0.000
    overall      8     0.750           0.500               0.750                0.250
    demographic_parity_difference    0.500
    demographic_parity_ratio         0.333
    equalized_odds_difference        0.500
    equalized_odds_ratio             0.000
    equal_opportunity_difference     0.500
    """
    check_row_order(
        y_true=y_true,
        y_pred=y_pred,
        sensitive_features=sensitive_features,
        sensitive_probabilities=sensitive_probabilities,
        sample_weight=sample_weight,
    )
    if (sensitive_features is None) == (sensitive_probabilities is None):
        given = "neither" if sensitive_features is None else "both"
        raise ValueError(
            "Expected either sensitive_features or sensitive_probabilities; got "
            f"{given}. Known groups and probable ones are not crossed."
        )
    y_true, y_pred = read_labels(y_true, y_pred)
    labels = unique_labels(y_true, y_pred).tolist()
    positive = positive_class(labels, pos_label)
    other = other_word(labels, pos_label, positive)
    if sensitive_features is not None:
        frame = metric_frame(
            y_true, y_pred, positive, sensitive_features, sample_weight, [*METRICS]
        )
        return FairnessReport(frame, positive, other)
    label, prediction, groups, weight, count = _probable_cells(
        y_true == positive,
        y_pred == positive,
        sensitive_probabilities,
        read_weight(sample_weight, y_true),
    )
    frame = metric_frame(
        label, prediction, 1, groups, weight, [*METRICS], row_counts=count
    )
    return FairnessReport(frame, positive, other)


def _probable_cells(
    positive: NDArray,
    predicted: NDArray,
    sensitive_probabilities: Any,
    weight: NDArray,
) -> tuple[NDArray, NDArray, pd.DataFrame, NDArray, NDArray]:
    """Label, prediction and group of each cell that has rows, their weight and number.

    The rows themselves, once for each group, would give fairlearn the same figures.
    """
    n_rows = len(positive)
    attributes = read_probabilities(sensitive_probabilities, n_rows, "raise")
    if len(attributes) > 1:
        raise ValueError(
            f"sensitive_probabilities has {len(attributes)} attributes; expected one, "
            "as probabilities do not tell how several are crossed."
        )
    attribute = attributes[0].take(np.arange(n_rows))
    outcomes = positive.astype(int), predicted.astype(int)
    count = cell_sums(attribute.weights, *outcomes)
    mass = cell_sums(attribute.weights * weight[:, None], *outcomes)
    group, label, prediction = np.nonzero(count > 0)
    names = np.array(attribute.names, dtype=object)[group]
    groups = pd.DataFrame({attribute.name: names})
    return label, prediction, groups, mass[count > 0], count[count > 0]


def read_labels(y_true: Any, y_pred: Any) -> tuple[NDArray, NDArray]:
    labels = []
    for name, values in {"y_true": y_true, "y_pred": y_pred}.items():
        column = read_column(name, values)
        check_one_kind(column.to_numpy(), name)
        kind = type_of_target(column.to_numpy())
        if kind not in {"binary", "multiclass"}:
            raise ValueError(
                f"{name} must hold class labels, not probabilities; got {kind} values "
                f"such as {column[0]!r}. Of predicted numbers there is "
                "fairrep.metrics.regression_report."
            )
        labels.append(column.to_numpy())
    _check_length("y_pred", labels[1], labels[0])
    unique_labels(*labels)  # raises if one holds strings and the other numbers
    return labels[0], labels[1]


def read_column(name: str, values: Any) -> pd.Series:
    """One column without missing values."""
    array = np.asarray(values)
    if array.shape not in {(len(array),), (len(array), 1)} or not array.size:
        raise ValueError(f"{name} must be 1-d, not empty; got shape {array.shape}.")
    column = pd.Series(array.ravel()).infer_objects()
    if n_missing := column.isna().sum():
        raise ValueError(f"{name} has {n_missing} missing values; expected none.")
    return column


def other_word(labels: list[Any], pos_label: Any, positive: Any) -> str | None:
    """The other class, where both are words and nobody said which is positive."""
    if pos_label is not None or len(labels) != 2:
        return None
    (other,) = (label for label in labels if label != positive)
    return other if isinstance(other, str) else None


def sentence_of_class(pos_label: Any, other: str) -> str:
    """Which class rates are about, and how to have those of the other."""
    return (
        f"Rates are those of {pos_label!r}, not of {other!r}, as nobody said which is "
        "positive: pos_label says it, on the command line --positive."
    )


def metric_frame(
    y_true: NDArray,
    y_pred: NDArray,
    pos_label: Any,
    sensitive_features: Any,
    sample_weight: Any,
    metrics: list[str],
    row_counts: NDArray | None = None,
) -> MetricFrame:
    """Measure `pos_label` against the rest; warn where a metric is 0/0.

    With `row_counts` each row stands for as many.
    """
    positive = (y_true == pos_label).astype(int)
    groups = _groups(sensitive_features, len(y_true))
    weight = read_weight(sample_weight, y_true)
    mass = pd.DataFrame({ODDS[0]: weight * positive, ODDS[1]: weight * (1 - positive)})
    mass = mass.groupby([groups[name] for name in groups]).sum()
    if empty := mass.index[mass.sum(axis=1) == 0].tolist():
        raise ValueError(f"sample_weight sums to 0 in the groups {empty}.")
    for rate in mass.columns.intersection(metrics):
        if undefined := mass.index[mass[rate] == 0].tolist():
            warn(
                f"{rate} is 0/0, and counted as 0, in the groups {undefined}, where "
                f"y_true is never {'positive' if rate == ODDS[0] else 'negative'}.",
                UndefinedMetricWarning,
                stacklevel=3,
            )
    functions = {name: METRICS[name] for name in metrics}
    params = {name: {"sample_weight": weight} for name in metrics if name != "count"}
    if row_counts is not None:
        functions["count"] = _sum_of_counts
        params["count"] = {"row_counts": row_counts}
    return MetricFrame(
        metrics=functions,
        y_true=positive,
        y_pred=(y_pred == pos_label).astype(int),
        sensitive_features=groups,
        sample_params=params,
    )


def read_weight(sample_weight: Any, y_true: NDArray) -> NDArray:
    """Weights of the rows; 1 where there are none."""
    if sample_weight is None:
        return np.ones(len(y_true))
    weight = np.asarray(sample_weight, dtype=float)
    _check_length("sample_weight", weight, y_true)
    if weight.ndim != 1 or not (np.isfinite(weight) & (weight >= 0)).all():
        raise ValueError("sample_weight must be 1-d, finite and not negative.")
    return weight


def _sum_of_counts(y_true: NDArray, y_pred: NDArray, row_counts: NDArray) -> float:
    return float(np.sum(row_counts))


def _groups(sensitive_features: Any, n_rows: int) -> pd.DataFrame:
    frame = sensitive_frame(sensitive_features, n_rows).rename(columns=str)
    warn_of_probabilities(frame)
    advice = "; expected none. Drop these rows, or name a group for them."
    for name, n_missing in frame.isna().sum().items():
        check_present(n_missing, f"sensitive_features {name!r}", advice)
        check_no_identifier(
            frame[name].nunique(), n_rows, f"sensitive_features {name!r}"
        )
    # As objects: categories without rows are no groups here.
    return frame.astype(object).infer_objects().apply(_with_an_order)


def _with_an_order(groups: pd.Series) -> pd.Series:
    """The groups, or their text where text and numbers among them have no order."""
    try:
        sorted(groups.unique())
    except TypeError:
        return groups.map(str)
    return groups


def _check_length(name: str, values: NDArray, y_true: NDArray) -> None:
    if values.shape[:1] != y_true.shape:
        n_rows = len(np.atleast_1d(values))
        raise ValueError(f"{name} has {n_rows} rows and y_true has {len(y_true)}.")
