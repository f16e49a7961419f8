"""Figures of regressors by group: against numpy and scipy, and their intervals."""

import json
from itertools import combinations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.stats import ks_2samp, norm, spearmanr, ttest_ind
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from fairrep._inputs.groups import Groups
from fairrep.metrics import (
    kolmogorov_smirnov_scorer,
    mean_absolute_error_difference_scorer,
    mean_difference_scorer,
    rank_correlation_scorer,
    regression_report,
)
from fairrep.metrics._regression import REGRESSION_GAPS, regression_gap


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    s = rng.choice(["a", "b", "c"], 600, p=[0.6, 0.3, 0.1])
    y = rng.normal(size=600) + (s == "b")
    return y, y + rng.normal(scale=0.5, size=600) + 0.3 * (s == "c"), s


# -- values --------------------------------------------------------------------


def test_figures_by_group(rows):
    y, predicted, s = rows
    report = regression_report(y, predicted, sensitive_features=s)
    for group in "abc":
        of, true = predicted[s == group], y[s == group]
        expected = {
            "count": len(of),
            "mean_prediction": of.mean(),
            "lower_quartile": np.quantile(of, 0.25),
            "median": np.median(of),
            "upper_quartile": np.quantile(of, 0.75),
            "mean_residual": (true - of).mean(),
            "mean_absolute_error": mean_absolute_error(true, of),
            "root_mean_squared_error": root_mean_squared_error(true, of),
            "r2": r2_score(true, of),
        }
        assert report.by_group.loc[group].to_dict() == pytest.approx(expected)
    assert report.overall["r2"] == pytest.approx(r2_score(y, predicted))
    assert [*report.to_frame().index] == ["a", "b", "c", "overall"]


def test_gaps_are_those_of_the_worst_pair(rows):
    y, predicted, s = rows
    report = regression_report(y, predicted, sensitive_features=s)
    for gap, figure in REGRESSION_GAPS.items():
        if figure is None:
            expected = max(
                ks_2samp(predicted[s == a], predicted[s == b]).statistic
                for a, b in combinations("abc", 2)
            )
        else:
            by_group = report.by_group[figure]
            expected = np.ptp(by_group)
            ends = report.gaps.loc[gap, ["lowest", "highest"]].tolist()
            assert ends == [by_group.idxmin(), by_group.idxmax()]
        row = report.gaps.loc[gap]
        assert row["value"] == pytest.approx(expected)
        assert 0 <= row["low"] <= row["value"] <= row["high"]
    for name in set(REGRESSION_GAPS) & set(dir(report)):
        assert getattr(report, name) == report.gaps.loc[name, "value"]


def test_the_interval_of_two_means_is_welchs(rows):
    y, predicted, s = rows
    kept = s != "c"
    report = regression_report(
        y[kept], predicted[kept], sensitive_features=s[kept], confidence=0.9
    )
    welch = ttest_ind(predicted[s == "b"], predicted[s == "a"], equal_var=False)
    expected = welch.confidence_interval(0.9)
    row = report.gaps.loc["mean_difference"]
    assert [row["low"], row["high"]] == pytest.approx([*expected])


def test_a_continuous_column_is_ranked_and_cut_at_its_quartiles(rows):
    y, predicted, _ = rows
    age = np.random.default_rng(1).uniform(18, 80, 600) + 3 * predicted
    report = regression_report(
        y, predicted, sensitive_features={"age": age, "s": rows[2]}
    )
    row = report.rank_correlations.loc["age"]
    assert row["value"] == pytest.approx(spearmanr(age, predicted).statistic)
    assert row["low"] < row["value"] < row["high"]
    assert [*report.rank_correlations.index] == ["age"]
    assert len(report.by_group) == 12
    assert report.by_group.index[0].startswith("up to")
    assert "age x s" in str(report)


# -- intervals -----------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shift", "sizes", "spread"),
    [(0.0, [150, 250], 1), (0.6, [150, 250], 1), (0.3, [30, 200], 2)],
)
def test_intervals_hold_where_there_is_a_gap_and_where_is_none(shift, sizes, spread):
    """Of normal predictions; those of one group are shifted, and spread more."""
    s = np.repeat([0, 1], sizes)
    groups = Groups("s", ["0", "1"], ["s=0", "s=1"], s)
    grid = np.linspace(-8, 8, 20_001)
    distance = np.abs(norm.cdf(grid) - norm.cdf((grid - shift) / spread)).max()
    truths = {
        "mean_difference": shift,
        "lower_quartile_difference": abs(shift + (spread - 1) * norm.ppf(0.25)),
        "median_difference": shift,
        "kolmogorov_smirnov_distance": distance,
        "mean_residual_difference": 0.0,
        "mean_absolute_error_difference": 0.0,
        "root_mean_squared_error_difference": 0.0,
    }
    held, n_draws = dict.fromkeys(truths, 0), 600
    for seed in range(n_draws):
        noise = np.random.default_rng(seed).normal(size=(2, len(s)))
        predicted = noise[0] * np.where(s == 1, spread, 1) + shift * s
        for gap, truth in truths.items():
            found = regression_gap(gap, predicted + noise[1], predicted, groups)
            held[gap] += found.low <= truth <= found.high
    for gap, hits in held.items():
        assert hits / n_draws > 0.91, gap  # 0.95, less errors and 30 rows of a group


def test_a_group_of_one_row_leaves_the_upper_limit_open(rows):
    y, predicted, s = rows
    s = np.array(["d", *s[1:]], dtype=object)
    report = regression_report(y, predicted, sensitive_features=s)
    assert report.gaps.loc["mean_difference", "high"] == np.inf
    assert report.gaps.loc["kolmogorov_smirnov_distance", "high"] == 1
    assert np.isnan(report.by_group.loc["d", "r2"])
    json.dumps(report.to_dict(), allow_nan=False)


def test_constant_predictions_have_no_gap(rows):
    y, _, s = rows
    report = regression_report(y, np.full(600, 0.1), sensitive_features=s)
    assert report.kolmogorov_smirnov_distance == report.median_difference == 0
    assert report.gaps.loc["mean_difference", "high"] == pytest.approx(0, abs=1e-12)
    assert report.gaps.loc["median_difference", "high"] == 0


# -- containers, words, errors -------------------------------------------------


@pytest.mark.parametrize("make", [list, pd.Series, pl.Series, pa.array, np.array])
def test_containers_give_the_same(rows, make):
    y, predicted, s = rows
    expected = regression_report(y, predicted, sensitive_features=s)
    found = regression_report(
        make(y), make(predicted), sensitive_features=make(s.tolist())
    )
    assert found.to_dict()["gaps"] == expected.to_dict()["gaps"]


def test_it_shows_itself(rows):
    y, predicted, s = rows
    report = regression_report(y, predicted, sensitive_features={"<s>": s})
    assert "mean_difference" in str(report)
    assert "&lt;s&gt;" in report._repr_html_()
    assert repr(report).startswith("RegressionReport(n_groups=3, mean_difference=")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"y_pred": ["a", "b", "c", "d"]}, "y_pred must hold numbers; got 'a'"),
        ({"y_pred": [1, 2, np.inf, 3]}, "y_pred contains infinity"),
        ({"y_true": [1, 2, None, 3]}, "y_true has 1 missing values"),
        ({"y_pred": [1, 2, 3]}, "y_pred has 3 rows and y_true has 4"),
        ({"y_pred": np.ones((4, 2))}, "y_pred must be 1-d"),
        ({"sensitive_features": ["f"] * 4}, "single group, 'f'"),
        ({"sensitive_features": ["f", "m", None, "f"]}, "1 missing values"),
        ({"sensitive_features": ["f", "m", "f"]}, "has 3 rows; expected 4"),
        ({"confidence": 95}, r"confidence must be in \(0, 1\); got 95"),
    ],
    ids=str,
)
def test_bad_input_is_named(change, words):
    given = {
        "y_true": [1.0, 2, 3, 4],
        "y_pred": [1.0, 2, 2, 4],
        "sensitive_features": ["f", "m", "f", "m"],
    }
    with pytest.raises(ValueError, match=words):
        regression_report(**{**given, **change})


# -- scorers -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scorer", "gap"),
    [
        (mean_difference_scorer, "mean_difference"),
        (kolmogorov_smirnov_scorer, "kolmogorov_smirnov_distance"),
        (mean_absolute_error_difference_scorer, "mean_absolute_error_difference"),
    ],
)
def test_a_scorer_is_minus_a_gap(rows, scorer, gap):
    y, predicted, s = rows
    X = predicted[:, None]
    model = LinearRegression().fit(X, y)
    report = regression_report(y, model.predict(X), sensitive_features=s)
    score = scorer(model, X, y, sensitive_features=s)
    assert score == pytest.approx(-report.gaps.loc[gap, "value"])
    with pytest.raises(ValueError, match="got no sensitive_features"):
        scorer(model, X, y)


def test_the_rank_correlation_scorer(rows):
    y, predicted, s = rows
    X = predicted[:, None]
    model = LinearRegression().fit(X, y)
    score = rank_correlation_scorer(model, X, y, sensitive_features=-y)
    assert score == pytest.approx(-spearmanr(predicted, y).statistic)
    with pytest.raises(ValueError, match="needs continuous sensitive_features"):
        rank_correlation_scorer(model, X, y, sensitive_features=s)
