"""A path of regressors: one fit, R2 and gaps at every lambda."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from fairrep import TradeoffDisplay, lambda_path
from fairrep.metrics import regression_report


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    s = rng.choice(["f", "m"], 900)
    X = rng.normal(size=(900, 3))
    X[:, 0] += 2 * (s == "m")
    return X, 5000 + 300 * X.sum(axis=1) + rng.normal(scale=100, size=900), s


TRAINED = {
    "task": "regression",
    "hidden_layer_sizes": (32,),
    "n_members": 1,
    "learning_rate": 0.03,
    "batch_size": 64,
    "max_epochs": 10,
    "validation_fraction": 0.3,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def path(data):
    X, y, s = data
    return lambda_path(X, y, sensitive_features=s, lambdas=[0, 3, 30], **TRAINED)


def test_figures_are_those_of_the_held_out_rows(path):
    X, y, groups = path.held_out_
    figures = path.figures()
    for _, row in figures.iterrows():
        predicted = path.predict(X, row["lambda_mi"])
        report = regression_report(y, predicted, sensitive_features=groups)
        assert row["score"] == pytest.approx(r2_score(y, predicted))
        assert row["gap"] == pytest.approx(report.mean_difference)
    for name in ("score", "gap"):
        assert (figures[f"{name}_low"] <= figures[name]).all()
        assert (figures[name] <= figures[f"{name}_high"]).all()
    assert figures["score"][0] > 0.6
    assert figures["gap"][2] < figures["gap"][0] / 2


def test_other_gaps_and_scores(path):
    gap = "kolmogorov_smirnov_distance"
    figures = path.figures([0, 30], gap=gap, scoring="neg_mean_absolute_error")
    assert (figures["score"] < 0).all()
    assert (figures["gap_high"] <= 1).all()
    with pytest.raises(
        ValueError, match=r"gap must be a callable or one of.*mean_diff"
    ):
        path.figures(gap="equalized_odds_difference")


def test_a_point_is_a_regressor(path, data, tmp_path):
    X, y, _ = data
    model = path.at(1.5)
    assert model.lambda_mi == 1.5
    assert model.score(X, y) > 0.5
    assert model.mi_estimate_ >= 0
    np.testing.assert_array_equal(model.predict(X), path.predict(X, 1.5))
    with pytest.raises(AttributeError):
        path.predict_proba(X, 1.5)


@pytest.mark.slow
def test_the_range_is_found(data):
    X, y, s = data
    path = lambda_path(
        X, y, sensitive_features=s, n_lambdas=4, **{**TRAINED, "max_epochs": 5}
    )
    assert path.lambdas[0] == 0
    assert 1 <= path.lambdas[-1] <= 1000


def test_it_is_drawn(path, data):
    pytest.importorskip("matplotlib").use("agg")
    X, y, _ = data
    display = TradeoffDisplay.from_path(path).add("ridge", Ridge().fit(X, y))
    assert display.gap_name == "mean difference"
    assert display.score_name == "r2"


@pytest.mark.slow
def test_codes_certify_the_kolmogorov_smirnov_distance(data):
    X, y, s = data
    path = lambda_path(
        X,
        y,
        sensitive_features=s,
        lambdas=[0, 1],
        bottleneck="discrete",
        calibration_fraction=0.3,
        **{**TRAINED, "max_epochs": 3},
    )
    certified = path.figures(gap="kolmogorov_smirnov_distance")["certified_gap"]
    assert certified.between(0, 1).all()
    assert path.figures()["certified_gap"].isna().all()


def test_an_unknown_task(data):
    X, y, s = data
    with pytest.raises(ValueError, match=r"task must be one of.*got 'survival'"):
        lambda_path(X, y, sensitive_features=s, task="survival")
