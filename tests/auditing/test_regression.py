"""Audits of regressors: what groups are predicted, and what attackers read of it."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fairrep import MIDebiasedRegressor, audit
from fairrep.metrics import regression_report


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    n = 600
    A = pd.DataFrame(
        {"sex": rng.choice(["f", "m"], n), "age": rng.uniform(18, 80, n).round(1)}
    )
    X = pd.DataFrame(rng.normal(size=(n, 3)), columns=["a", "b", "c"])
    X["a"] += 2 * (A["sex"] == "m") + A["age"] / 40
    return X, 5000 + 300 * X.sum(axis=1) + rng.normal(scale=100, size=n), A


@pytest.fixture(scope="module")
def report(data):
    X, y, A = data
    models = {
        "ridge": make_pipeline(StandardScaler(), Ridge()).fit(X[:300], y[:300]),
        "blind": Ridge().fit(0 * X[:300], y[:300]),
    }
    return audit(models, X[300:], y[300:], sensitive_features=A[300:], leakage=False)


def test_the_figures_are_those_of_the_report(report, data):
    _, y, A = data
    found = report.models["ridge"].regressions
    assert [*found] == ["sex", "age", "sex x age"]
    predicted = found["sex"].metric_frame  # of the rows audited
    assert predicted.overall["count"] == 300
    expected = regression_report(
        y[300:], predicted_by_ridge(data), sensitive_features=A["sex"][300:]
    )
    pd.testing.assert_frame_equal(found["sex"].gaps, expected.gaps)
    assert [*found["age"].rank_correlations.index] == ["age"]


def predicted_by_ridge(data):
    X, y, _ = data
    return (
        make_pipeline(StandardScaler(), Ridge()).fit(X[:300], y[:300]).predict(X[300:])
    )


def test_it_is_told_in_words_and_numbers(report):
    text = str(report)
    assert "By sex, the mean prediction is" in text
    assert "Predictions and errors by sex" in text
    assert "the gap of blind is smaller in mean difference" in text
    assert "mean difference" in str(report.compare())
    frame = report.to_frame()
    assert {"mean_prediction", "mean_difference", "r2"} <= {*frame["metric"]}
    content = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert content["models"]["ridge"]["groups"][0]["sensitive"] == "sex"
    with pytest.raises(ValueError, match=r"see models\[name\].regressions"):
        report.figures()


def test_it_is_a_page(report):
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib").use("agg")
    page = report.to_html()
    assert "Predictions and errors by sex" in page
    assert "kolmogorov smirnov distance" in page
    assert "Rank correlation (Spearman) of age" in page


def test_small_groups_are_not_compared(data):
    X, y, A = data
    model = Ridge().fit(X, y)
    groups = A["sex"].where(A.index >= 5, "other")
    found = audit(model, X, y, sensitive_features=groups, leakage=False)
    (regression,) = found.models["Ridge"].regressions.values()
    assert {*regression.gaps["lowest"], *regression.gaps["highest"]} == {"f", "m"}
    assert regression.by_group.loc["other", "count"] == 5
    alone = audit(
        model, X, y, sensitive_features=groups, not_compared=["m"], leakage=False
    )
    assert "fewer than two groups are large enough" in str(alone)


@pytest.mark.slow
def test_attackers_read_the_prediction_and_the_representation(data, quick):
    X, y, A = data
    model = MIDebiasedRegressor(0, **quick)
    model.fit(X[:300], y[:300], sensitive_features=A["sex"][:300])
    found = audit(
        model,
        X[300:],
        y[300:],
        sensitive_features=A["sex"][300:],
        n_bootstrap=20,
        random_state=0,
    )
    views = found.models["MIDebiasedRegressor"].leakage["sex"]
    assert [view.name for view in views] == ["prediction", "representation"]
    assert views[0].value > 0.65
