"""Predictions of numbers by group, and the gaps between groups, with intervals.

Each gap is the largest of all pairs of groups. A pair's interval is Welch's, from the
standard error of each group's figure: that of a mean as ever, of a quantile Maritz and
Jarrett's [1]_, of a root mean square by the delta method. The intervals of all pairs
hold together (Bonferroni). So the largest of their lower limits is one of the gap, and
the largest of their upper limits is as well, and both hold near 0, where a bootstrap of
the gap itself lies above the truth.

References
----------
.. [1] J. S. Maritz and R. G. Jarrett, "A note on estimating the variance of the sample
       median", Journal of the American Statistical Association 73(361), 1978.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from fairlearn.metrics import MetricFrame, count
from scipy.stats import ks_2samp, kstwobign, norm, spearmanr, t
from scipy.stats.mstats import mjci
from sklearn.metrics import r2_score

from .._inputs.groups import (
    Groups,
    check_finite,
    check_present,
    crossed,
    read_groups,
    sensitive_frame,
)
from .._inputs.tables import as_pandas, check_row_order
from .._utils.plain import plain_tree
from .._utils.types import Floats
from ._intervals import UNKNOWN, Interval
from ._report import read_column

# A figure of a group and its standard error.
Estimate = tuple[float, float]


def _mean(values: Floats) -> Estimate:
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return float(values.mean()), float(error)


def _quantile(y: Floats, predicted: Floats, *, share: float) -> Estimate:
    value = float(np.quantile(predicted, share))
    if len(predicted) < 2:
        return value, np.nan
    # It takes a difference of squares, which of large numbers is lost in rounding.
    with np.errstate(invalid="ignore"):
        error = mjci(predicted - value, [share])[0]
    return value, float(np.nan_to_num(error))


def _root_mean_squared_error(y: Floats, predicted: Floats) -> Estimate:
    square, error = _mean((y - predicted) ** 2)
    root = float(np.sqrt(square))
    return root, error / (2 * root) if root > 0 else 0.0


FIGURES: dict[str, Callable[[Floats, Floats], Estimate]] = {
    "mean_prediction": lambda y, predicted: _mean(predicted),
    "lower_quartile": partial(_quantile, share=0.25),
    "median": partial(_quantile, share=0.5),
    "upper_quartile": partial(_quantile, share=0.75),
    "mean_residual": lambda y, predicted: _mean(y - predicted),
    "mean_absolute_error": lambda y, predicted: _mean(np.abs(y - predicted)),
    "root_mean_squared_error": _root_mean_squared_error,
}
# What is printed, to fit into a line.
_SHORT = {
    "mean_prediction": "mean",
    "lower_quartile": "25 %",
    "upper_quartile": "75 %",
    "mean_residual": "residual",
    "mean_absolute_error": "MAE",
    "root_mean_squared_error": "RMSE",
    "r2": "R2",
}
KOLMOGOROV_SMIRNOV = "kolmogorov_smirnov_distance"
# The gaps, and the figure that each is of.
REGRESSION_GAPS = {
    "mean_difference": "mean_prediction",
    "lower_quartile_difference": "lower_quartile",
    "median_difference": "median",
    "upper_quartile_difference": "upper_quartile",
    KOLMOGOROV_SMIRNOV: None,
    "mean_residual_difference": "mean_residual",
    "mean_absolute_error_difference": "mean_absolute_error",
    "root_mean_squared_error_difference": "root_mean_squared_error",
}


@dataclass(frozen=True)
class RegressionGap:
    """The largest distance of two groups, its limits, and which two it is of."""

    value: float
    low: float
    high: float
    lowest: str | None
    highest: str | None


# Of fewer than two groups.
_NO_GAP = RegressionGap(np.nan, *UNKNOWN, None, None)


def regression_gap(
    gap: str, y: Floats, predicted: Floats, groups: Groups, confidence: float = 0.95
) -> RegressionGap:
    """The gap between the groups of the rows, by its name in `REGRESSION_GAPS`."""
    members = [np.flatnonzero(groups.codes == g) for g in range(len(groups.names))]
    pairs = list(combinations(range(len(members)), 2))
    tail = (1 - confidence) / len(pairs)  # of a pair, both sides together
    figure = REGRESSION_GAPS[gap]
    if figure is None:
        levels = [_mean(predicted[rows])[0] for rows in members]
        found = [_distance(predicted, members[a], members[b], tail) for a, b in pairs]
    else:
        estimates = [FIGURES[figure](y[rows], predicted[rows]) for rows in members]
        levels = [level for level, _ in estimates]
        sizes = [len(rows) for rows in members]
        found = [
            (
                abs(levels[a] - levels[b]),
                _welch(*estimates[a], sizes[a], *estimates[b], sizes[b], tail),
            )
            for a, b in pairs
        ]
    value, widest = max((size, i) for i, (size, _) in enumerate(found))
    low = max(0.0, *(size - margin for size, margin in found))
    high = max(size + margin for size, margin in found)
    if figure is None:
        high = min(1.0, high)
    ends = sorted(pairs[widest], key=levels.__getitem__)
    return RegressionGap(value, low, high, *(groups.names[g] for g in ends))


def _welch(
    level: float,
    error: float,
    size: int,
    other: float,
    other_error: float,
    other_size: int,
    tail: float,
) -> float:
    """Half the width of Welch's interval; infinite with a group of a single row."""
    if min(size, other_size) < 2:
        return np.inf
    squares = np.array([error, other_error]) ** 2
    if squares.sum() == 0:  # all rows of both groups are alike
        return 0.0
    freedom = squares.sum() ** 2 / (squares**2 / [size - 1, other_size - 1]).sum()
    return float(t.isf(tail / 2, freedom) * np.sqrt(squares.sum()))


def _distance(
    predicted: Floats, rows: Any, others: Any, tail: float
) -> tuple[float, float]:
    """Kolmogorov and Smirnov's, and the margin of their limiting distribution."""
    distance = ks_2samp(predicted[rows], predicted[others], method="asymp").statistic
    spread = np.sqrt(1 / len(rows) + 1 / len(others))
    return float(distance), float(kstwobign.isf(tail) * spread)


def rank_correlation(
    score: Floats, values: Floats, confidence: float
) -> tuple[float, Interval]:
    """Spearman's correlation with its interval; NaN where either is constant.

    The interval is Fisher's with the variance of D. G. Bonett and T. A. Wright, "Sample
    size requirements for estimating Pearson, Kendall and Spearman correlations",
    Psychometrika 65(1), 2000.
    """
    if np.ptp(score) == 0 or np.ptp(values) == 0:
        return np.nan, UNKNOWN
    rank = float(spearmanr(score, values).statistic)
    spread = np.sqrt((1 + rank**2 / 2) / max(len(score) - 3, 1))
    reach = norm.ppf((1 + confidence) / 2) * spread
    centre = np.arctanh(np.clip(rank, -1 + 1e-12, 1 - 1e-12))
    return rank, (float(np.tanh(centre - reach)), float(np.tanh(centre + reach)))


# -- the report ----------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class RegressionReport:
    """Predictions and errors of each group, and eight gaps with their intervals.

    Made by :func:`regression_report`. `print` it for a table.

    Parameters
    ----------
    metric_frame : fairlearn.metrics.MetricFrame
        The figures by group. Its methods give what this view leaves out, such as
        ratios, or differences to the overall figure.
    gaps : DataFrame
        By name "value", "low", "high", and "lowest" and "highest", the groups that set
        the gap: those with the smaller and the larger figure, of the
        Kolmogorov-Smirnov distance with the smaller and the larger mean prediction.
    rank_correlations : DataFrame
        For each continuous sensitive column Spearman's correlation of its values and
        the predictions: "value", "low" and "high".
    groups : list of str
        The groups, in their order.
    confidence : float
        Of the intervals.

    Examples
    --------
    >>> from fairrep.metrics import regression_report
    >>> report = regression_report(
    ...     [10, 12, 11, 15], [11, 11, 13, 15], sensitive_features=["f", "f", "m", "m"]
    ... )
    >>> report.mean_difference
    3.0
    >>> report.by_group["mean_residual"].to_dict()
    {'f': 0.0, 'm': -1.0}
    """

    metric_frame: MetricFrame
    gaps: pd.DataFrame
    rank_correlations: pd.DataFrame
    groups: list[str]
    confidence: float

    @property
    def sensitive(self) -> str:
        """Name of the sensitive column, or of the columns crossed."""
        (name,) = self.metric_frame.sensitive_levels
        return str(name)

    @property
    def by_group(self) -> pd.DataFrame:
        """Count, predictions and errors, one row a group."""
        return self.metric_frame.by_group.loc[self.groups]

    @property
    def overall(self) -> pd.Series:
        """Count, predictions and errors of all rows together."""
        return self.metric_frame.overall

    @property
    def mean_difference(self) -> float:
        """Largest minus smallest mean prediction, in the unit of y; 0 is parity."""
        return self._gap("mean_difference")

    @property
    def median_difference(self) -> float:
        """Largest minus smallest median of the predictions, in the unit of y."""
        return self._gap("median_difference")

    @property
    def kolmogorov_smirnov_distance(self) -> float:
        """Largest distance of two groups' distributions of predictions, in [0, 1].

        It is 0 only where all groups have the same distribution, which is demographic
        parity of a regressor; at any threshold the shares of two groups above it
        differ by no more than that.
        """
        return self._gap(KOLMOGOROV_SMIRNOV)

    @property
    def mean_residual_difference(self) -> float:
        """Largest minus smallest mean of y less the prediction, in the unit of y."""
        return self._gap("mean_residual_difference")

    @property
    def mean_absolute_error_difference(self) -> float:
        """Largest minus smallest mean absolute error, in the unit of y."""
        return self._gap("mean_absolute_error_difference")

    @property
    def root_mean_squared_error_difference(self) -> float:
        """Largest minus smallest root mean squared error, in the unit of y."""
        return self._gap("root_mean_squared_error_difference")

    def _gap(self, name: str) -> float:
        return float(self.gaps.loc[name, "value"])

    def to_frame(self) -> pd.DataFrame:
        """Return `by_group` with `overall` as the last row.

        Returns
        -------
        frame : DataFrame
        """
        last = self.overall.astype(float).to_frame().T.set_axis(["overall"])
        table = pd.concat([self.by_group, last])
        table.index = table.index.set_names(self.by_group.index.names)
        return table

    def to_dict(self) -> dict[str, Any]:
        """Return dicts, lists, strings and numbers, ready for JSON; NaN is None.

        Returns
        -------
        content : dict
        """
        content = {
            "confidence": self.confidence,
            "sensitive": self.sensitive,
            "by_group": self.by_group.to_dict("index"),
            "overall": self.overall.to_dict(),
            "gaps": self.gaps.to_dict("index"),
            "rank_correlations": self.rank_correlations.to_dict("index"),
        }
        return plain_tree(content)

    def __str__(self) -> str:
        style = {"float_format": "{:.4g}".format, "na_rep": "-"}
        table = self.to_frame().rename(columns=_SHORT)
        table = table.to_string(formatters={"count": "{:.0f}".format}, **style)
        parts = [self._title, table, self.gaps.to_string(**style)]
        if len(self.rank_correlations):
            parts.append("Rank correlation with the prediction")
            parts.append(self.rank_correlations.to_string(**style))
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        """The tables in a notebook."""
        style = {"float_format": "{:.4g}".format, "na_rep": "-", "border": 0}
        table = self.to_frame().to_html(formatters={"count": "{:.0f}".format}, **style)
        parts = [f"<p>{escape(self._title)}</p>", table, self.gaps.to_html(**style)]
        if len(self.rank_correlations):
            parts.append("<p>Rank correlation with the prediction</p>")
            parts.append(self.rank_correlations.to_html(**style))
        return "".join(parts)

    @property
    def _title(self) -> str:
        return (
            f"Predictions and errors by {self.sensitive}; gaps with intervals of "
            f"{self.confidence:.0%}"
        )

    def __repr__(self) -> str:
        return (
            f"RegressionReport(n_groups={len(self.groups)}, "
            f"mean_difference={self.mean_difference:.4g}, "
            f"kolmogorov_smirnov_distance={self.kolmogorov_smirnov_distance:.3f})"
        )


def regression_report(
    y_true: Any, y_pred: Any, *, sensitive_features: Any, confidence: float = 0.95
) -> RegressionReport:
    """Measure what numbers groups are predicted, with which errors, and the gaps.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True numbers.
    y_pred : array-like of shape (n_samples,)
        Predicted numbers, in the same unit.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_features)
        Groups of the rows, in the order of the rows: a pandas index is not used.
        Several columns, also as a dict of columns, are crossed. A column of numbers
        with more than 20 different values, or with fractions and more than 2, is
        continuous: its quartiles are the groups, and its rank correlation with the
        predictions is given as well.
    confidence : float, default=0.95
        Of the intervals of gaps and rank correlations, in (0, 1).

    Returns
    -------
    report : RegressionReport
        Print it for a table; its attributes hold the numbers.

    Raises
    ------
    ValueError
        If lengths differ, values are missing, infinite or no numbers, or a sensitive
        column has a single group.

    See Also
    --------
    fairness_report : The same for classes.

    Notes
    -----
    The Kolmogorov-Smirnov distance is the one that [1]_ limits. The interval of a gap
    holds for the largest of all pairs of groups (Bonferroni), so that of many groups
    it is wide. It is that of these predictions: a fit on other rows would differ by
    more.

    References
    ----------
    .. [1] A. Agarwal, M. Dudík and Z. S. Wu, "Fair Regression: Quantitative
           Definitions and Reduction-Based Algorithms", ICML, 2019.
           https://arxiv.org/abs/1905.12843

    Examples
    --------
    >>> import numpy as np
    >>> from fairrep.metrics import regression_report
    >>> rng = np.random.default_rng(0)
    >>> sex = rng.choice(["f", "m"], 500)
    >>> wage = rng.normal(20, 4, 500) + 3 * (sex == "m")
    >>> guess = wage + rng.normal(0, 2, 500)
    >>> report = regression_report(wage, guess, sensitive_features={"sex": sex})
    >>> print(report)
    Predictions and errors by sex; gaps with intervals of 95%
            count  mean  25 %  median  75 %  residual   MAE  RMSE     R2
    sex
    f         225 20.13 17.09   20.68 22.92   0.09309 1.628 2.014 0.7292
    m         275 22.43 19.67   22.36 25.38    0.1186 1.419 1.821  0.792
    overall   500 21.39 18.13   21.62 24.34    0.1071 1.513  1.91 0.7835
                                         value      low   high lowest highest
    mean_difference                      2.303    1.536   3.07      f       m
    lower_quartile_difference            2.588     1.51  3.666      f       m
    median_difference                    1.677   0.8337  2.521      f       m
    upper_quartile_difference            2.453    1.534  3.372      f       m
    kolmogorov_smirnov_distance         0.2069  0.08478  0.329      f       m
    mean_residual_difference           0.02552        0 0.3666      f       m
    mean_absolute_error_difference      0.2081 0.001696 0.4144      m       f
    root_mean_squared_error_difference  0.1924        0 0.4482      m       f
    """
    check_row_order(y_true=y_true, y_pred=y_pred, sensitive_features=sensitive_features)
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1); got {confidence}.")
    y, predicted = read_predictions(y_true, y_pred)
    columns = read_columns(sensitive_features, len(y))
    return measure_regression(y, predicted, crossed(columns), columns, confidence)


def measure_regression(
    y: Floats,
    predicted: Floats,
    groups: Groups,
    columns: list[Groups],
    confidence: float,
    left_out: Collection[str] = (),
) -> RegressionReport:
    """The report of rows whose groups are read; some groups may not be compared.

    The rank correlations are those of the ``columns`` that are continuous.
    """
    frame = MetricFrame(
        metrics={"count": count, **_METRICS, "r2": _r2},
        y_true=y,
        y_pred=predicted,
        sensitive_features=groups.labels.rename(groups.name),
    )
    compared = np.isin(groups.names, [*left_out], invert=True)
    rows = compared[groups.codes]
    names = [name for name, kept in zip(groups.names, compared, strict=True) if kept]
    codes = (np.cumsum(compared) - 1)[groups.codes[rows]]
    kept = replace(groups, names=names, codes=codes)
    gaps = {
        name: vars(regression_gap(name, y[rows], predicted[rows], kept, confidence))
        if len(names) > 1
        else vars(_NO_GAP)
        for name in REGRESSION_GAPS
    }
    ranks = {}
    for column in columns:
        if column.values is not None:
            value, limits = rank_correlation(predicted, column.values, confidence)
            ranks[column.name] = dict(
                zip(["value", "low", "high"], [value, *limits], strict=True)
            )
    return RegressionReport(
        frame,
        pd.DataFrame.from_dict(gaps, orient="index"),
        pd.DataFrame.from_dict(ranks, orient="index", columns=["value", "low", "high"]),
        groups.names,
        confidence,
    )


def _value_of(figure: str, y_true: Any, y_pred: Any) -> float:
    return FIGURES[figure](np.asarray(y_true), np.asarray(y_pred))[0]


# As fairlearn takes them: (y_true, y_pred) -> float.
_METRICS = {figure: partial(_value_of, figure) for figure in FIGURES}


def _r2(y_true: Any, y_pred: Any) -> float:
    """R², which is not defined where y does not vary."""
    return float(r2_score(y_true, y_pred)) if np.ptp(y_true) > 0 else np.nan


def read_predictions(y_true: Any, y_pred: Any) -> tuple[Floats, Floats]:
    """Both as finite numbers, of one length."""
    y, predicted = _read_numbers("y_true", y_true), _read_numbers("y_pred", y_pred)
    if len(y) != len(predicted):
        raise ValueError(f"y_pred has {len(predicted)} rows and y_true has {len(y)}.")
    return y, predicted


def _read_numbers(name: str, values: Any) -> Floats:
    column = read_column(name, as_pandas(values))
    types = pd.api.types
    if not types.is_numeric_dtype(column) or types.is_complex_dtype(column):
        raise ValueError(
            f"{name} must hold numbers; got {column[0]!r}. Of classes there is "
            "fairness_report."
        )
    numbers = column.to_numpy(dtype=np.float64)
    check_finite(numbers, name)
    return numbers


def read_columns(sensitive_features: Any, n_rows: int) -> list[Groups]:
    """The groups of each sensitive column."""
    frame = sensitive_frame(sensitive_features, n_rows).rename(columns=str)
    advice = "; expected none. Drop these rows, or name a group for them."
    for name, n_missing in frame.isna().sum().items():
        check_present(n_missing, f"sensitive_features {name!r}", advice)
    return read_groups(frame)
