"""MIDebiasedRegressor: what it predicts, and that a larger lambda closes the gap."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV

import fairrep
from fairrep import MIDebiasedRegressor
from fairrep.metrics import mean_difference_scorer, regression_report

TRAINED = {
    "max_epochs": 10,
    "hidden_layer_sizes": (32,),
    "n_members": 1,
    "batch_size": 64,
    "learning_rate": 0.02,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def wages():
    """(X, y, s): 1,500 rows, of which group "m" has more of one thing that pays."""
    rng = np.random.default_rng(0)
    s = rng.choice(["f", "m"], 1500)
    X = rng.normal(size=(1500, 3))
    X[:, 0] += 2 * (s == "m")
    return X, 5000 + 300 * X.sum(axis=1) + rng.normal(scale=100, size=1500), s


def fitted(wages, lambda_mi=0, n=1000, **params):
    X, y, s = (values[:n] for values in wages)
    model = MIDebiasedRegressor(lambda_mi, **{**TRAINED, **params})
    return model.fit(X, y, sensitive_features=s)


def measured(model, wages):
    X, y, s = (values[1000:] for values in wages)
    report = regression_report(y, model.predict(X), sensitive_features=s)
    return report.overall["r2"], report


@pytest.fixture(scope="module")
def plain(wages):
    """A fit without the MI term."""
    return fitted(wages)


# -- what it predicts ----------------------------------------------------------


def test_it_predicts_in_the_unit_of_y(plain, wages):
    model = plain
    X, y, _ = wages
    assert model.score(X[1000:], y[1000:]) > 0.9
    assert model.y_mean_ == pytest.approx(y[:1000].mean())
    assert model.y_scale_ == pytest.approx(y[:1000].std())
    assert model.predict(X).shape == (1500,)
    assert model.predict(X).dtype == np.float64
    assert model.transform(X).shape == (1500, 8)


@pytest.mark.slow
def test_another_unit_of_y_changes_the_unit_of_the_prediction_alone(quick, biased):
    X, _, s = biased
    model = MIDebiasedRegressor(**quick)
    first = model.fit(X, X[:, 0], sensitive_features=s).predict(X)
    other = model.fit(X, 1e6 * X[:, 0] - 3e6, sensitive_features=s).predict(X)
    np.testing.assert_allclose(other, 1e6 * first - 3e6, rtol=1e-3, atol=300)


@pytest.mark.slow
def test_absolute_error_predicts_the_median():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 1))
    y = rng.exponential(size=1000)  # of median log 2 and mean 1
    by_loss = {
        loss: MIDebiasedRegressor(0, loss=loss, **TRAINED).fit(X, y).predict(X)
        for loss in ("squared_error", "absolute_error")
    }
    assert by_loss["squared_error"].mean() == pytest.approx(1, abs=0.1)
    assert by_loss["absolute_error"].mean() == pytest.approx(np.log(2), abs=0.1)


@pytest.mark.parametrize(
    "mi_target",
    ["representation", pytest.param("prediction", marks=pytest.mark.slow)],
)
def test_a_larger_lambda_closes_the_gap_on_new_rows(plain, wages, mi_target):
    r2, report = measured(plain, wages)
    _, fair = measured(fitted(wages, 10, mi_target=mi_target), wages)
    assert r2 > 0.9
    assert fair.mean_difference < report.mean_difference / 2
    distance = "kolmogorov_smirnov_distance"
    assert getattr(fair, distance) < getattr(report, distance) / 1.5


@pytest.mark.slow
def test_a_continuous_s_loses_its_rank_correlation(wages):
    X, y, _ = wages
    age = X[:, 0] + np.random.default_rng(1).normal(scale=0.3, size=1500)
    ranks = {}
    for lambda_mi in [0, 10]:
        model = fitted((X, y, age), lambda_mi)
        report = regression_report(
            y[1000:], model.predict(X[1000:]), sensitive_features=age[1000:]
        )
        ranks[lambda_mi] = abs(report.rank_correlations["value"].item())
    assert ranks[10] < ranks[0] / 2


@pytest.mark.slow
def test_equalized_odds_closes_the_gap_given_y():
    """One column tells y and another, which predicts as well, tells S too."""
    rng = np.random.default_rng(0)
    s = rng.choice([0, 1], 2000)
    y = rng.normal(size=2000) + 0.5 * s
    X = y[:, None] + np.column_stack([rng.normal(size=2000), 2 * s - 1.0])
    X[:, 1] += rng.normal(scale=0.5, size=2000)
    slopes = {}
    for lambda_mi in [0, 10]:
        asked = {"criterion": "equalized_odds", "max_epochs": 30}
        model = fitted((X, y, s), lambda_mi, **asked)
        predicted = model.predict(X[1000:])
        given = np.column_stack([y, s])[1000:]
        slopes[lambda_mi] = LinearRegression().fit(given, predicted).coef_
    assert abs(slopes[10][1]) < abs(slopes[0][1]) / 2
    assert slopes[10][0] > 0.2  # and it still tells y


def test_codes(wages):
    codes = {"bottleneck": "discrete", "n_codes": 3, "calibration_fraction": 0.3}
    model = fitted(wages, 1, **codes, max_epochs=4)
    assert len(np.unique(model.predict(wages[0]))) <= 3
    assert 0 <= model.certificate_.demographic_parity <= 1
    assert "mean of standardised y" in model.code_table_


# -- regressors within ---------------------------------------------------------


@pytest.mark.slow
def test_an_estimator_gives_its_predictions_as_inputs(wages, tmp_path):
    X, _, s = wages
    counts = np.random.default_rng(0).poisson(np.exp(X[:, 0] / 2)).astype(float)
    trees = HistGradientBoostingRegressor(loss="poisson", max_iter=10)
    model = fitted((X, counts, s), 0, estimator=trees, n=400)
    assert isinstance(model.estimator_, HistGradientBoostingRegressor)
    pytest.importorskip("skops")
    model.save(tmp_path)
    again = fairrep.load(tmp_path)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


@pytest.mark.slow
def test_a_frozen_estimator(wages):
    X, y, _ = wages
    frozen = FrozenEstimator(Ridge().fit(X[1000:], y[1000:]))
    assert fitted(wages, 0, estimator=frozen).score(X, y) > 0.9


def test_a_sensitive_estimator(wages):
    model = fitted(wages, 1, sensitive_estimator=LogisticRegression(), max_epochs=1)
    assert len(model.sensitive_estimators_) == 1
    assert not hasattr(model, "estimator_")


def test_a_classifier_within_is_an_error(wages):
    with pytest.raises(
        ValueError, match="expected a regressor, got the classifier Log"
    ):
        fitted(wages, estimator=LogisticRegression())


# -- saved, searched, wrapped --------------------------------------------------


@pytest.mark.parametrize(
    "params",
    [
        {"criterion": "equalized_odds"},
        *(
            pytest.param(params, marks=pytest.mark.slow)
            for params in (
                {},
                {"loss": "absolute_error", "mi_target": "prediction"},
                {"bottleneck": "discrete"},
            )
        ),
    ],
    ids=str,
)
def test_it_comes_back(quick, biased, tmp_path, params):
    X, _, s = biased
    model = MIDebiasedRegressor(**quick, **params)
    model.fit(X, 1e5 + X[:, 0], sensitive_features=s).save(tmp_path)
    again = fairrep.load(tmp_path)
    assert type(again) is MIDebiasedRegressor
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    np.testing.assert_array_equal(again.transform(X), model.transform(X))
    assert repr(again.get_params()) == repr(model.get_params())


@pytest.mark.slow
def test_a_search_routes_the_sensitive_features(quick, biased):
    X, _, s = biased
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(
            MIDebiasedRegressor(**quick),
            {"lambda_mi": [0, 1]},
            scoring={"r2": "r2", "parity": mean_difference_scorer},
            refit="r2",
            cv=2,
        ).fit(X, X[:, 0], sensitive_features=s)
    assert np.isfinite(search.cv_results_["mean_test_parity"]).all()


def test_a_transformed_target(quick, biased):
    X, _, s = biased
    model = TransformedTargetRegressor(
        MIDebiasedRegressor(**quick), func=np.log, inverse_func=np.exp
    )
    model.fit(X, np.exp(5 * X[:, 0]), sensitive_features=s)
    assert (model.predict(X) > 0).all()


# -- containers and bad input --------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        list,
        pd.Series,
        pl.Series,
        pa.array,
        lambda y: pd.Series(y, dtype="Int64"),
        lambda y: [Decimal(int(value)) for value in y],
        lambda y: y[:, None].ravel(),
    ],
)
def test_y_of_any_container(quick, biased, make):
    X, *_ = biased
    y = np.arange(len(X)) % 7
    model = MIDebiasedRegressor(0, **{**quick, "max_epochs": 1})
    expected = model.fit(X, y).predict(X)
    found = model.fit(X, make(y)).predict(X)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (np.full(400, 3.5), "y is 3.5 in all 400 rows; expected numbers that differ"),
        (np.linspace(0, 1e300, 400), "variance is beyond what a float holds"),
        (np.r_[np.inf, np.arange(399.0)], "y contains infinity"),
        (np.r_[np.nan, np.arange(399.0)], "y contains NaN: 1 missing"),
        (np.repeat(["low", "high"], 200), "y holds text, such as 'low'"),
        (np.arange(400).astype(str), "predicts numbers. Of classes there is MIDebi"),
        (pd.date_range("2020", periods=400), "y holds datetime64"),
        (np.arange(399), "y has 399 rows and X has 400"),
        (None, "requires y to be passed"),
    ],
    ids=str,
)
def test_targets_that_are_no_numbers(quick, biased, y, words):
    X, _, s = biased
    with pytest.raises(ValueError, match=words):
        MIDebiasedRegressor(**quick).fit(X, y, sensitive_features=s)


@pytest.mark.parametrize(
    "params", [{"criterion": "equal_opportunity"}, {"loss": "poisson"}], ids=str
)
def test_parameters_of_other_tasks(quick, biased, params):
    X, _, s = biased
    (value,) = params.values()
    with pytest.raises(ValueError, match=f"must be a str among.*Got '{value}'"):
        MIDebiasedRegressor(**quick, **params).fit(X, X[:, 0], sensitive_features=s)


def test_there_is_no_class_weight():
    with pytest.raises(TypeError, match="class_weight"):
        MIDebiasedRegressor(class_weight="balanced")


def test_unfitted():
    with pytest.raises(NotFittedError):
        MIDebiasedRegressor().predict([[1.0]])
