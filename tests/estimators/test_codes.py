"""The discrete bottleneck in the estimators: codes, their table, what is refused."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import fairrep
from fairrep import (
    MIDebiasedClassifier,
    MIDebiasedClassifierCV,
    MIFairTransformer,
    lambda_path,
)
from fairrep._certificates.limits import mutual_information
from fairrep.metrics import fairness_report

# The fits are too short to learn much.
pytestmark = pytest.mark.filterwarnings("ignore:The classifier has collapsed")


@pytest.fixture
def discrete(quick):
    """Parameters of a quick fit with the discrete bottleneck."""
    return {**quick, "bottleneck": "discrete", "n_codes": 3}


def figures(clf, X, y, s):
    report = fairness_report(y, clf.predict(X), sensitive_features=s)
    return clf.score(X, y), report.demographic_parity_difference


def test_a_code_is_released_and_predicted_from(biased, discrete):
    X, y, s = biased
    clf = MIDebiasedClassifier(1, **discrete).fit(X, y, sensitive_features=s)
    z = clf.transform(X)
    assert z.shape == (len(X), 3)
    assert_array_equal(np.sort(z, axis=1)[:, ::-1], np.eye(3)[[0] * len(X)])
    probabilities = clf.predict_proba(X)
    for code in np.unique(z.argmax(1)):
        assert len(np.unique(probabilities[z[:, code] == 1], axis=0)) == 1


@pytest.mark.parametrize("path", [False, True])
def test_the_head_tells_the_rate_of_each_code(biased, path):
    """Of few rows, on which training ends long before the head has caught up."""
    X, y, s = (array[:600] for array in biased)
    params = {"bottleneck": "discrete", "random_state": 0}
    if path:
        grid = [0, 1, 3]
        clf = lambda_path(X, y, sensitive_features=s, lambdas=grid, **params).at(1)
    else:
        clf = MIDebiasedClassifier(1, **params).fit(X, y, sensitive_features=s)
    codes = clf.transform(X).argmax(axis=1)
    probability = clf.predict_proba(X)[:, 1]
    for code in np.unique(codes):
        members = codes == code
        if members.sum() >= 60:
            # Not all rows train, and the head of a path serves every lambda.
            assert_allclose(probability[members].mean(), y[members].mean(), atol=0.08)


def test_more_lambda_leaves_a_smaller_gap(biased):
    X, y, s = biased
    params = {"bottleneck": "discrete", "max_epochs": 40, "random_state": 0}
    gaps, scores = {}, {}
    for lambda_mi in [0, 10]:
        clf = MIDebiasedClassifier(lambda_mi, learning_rate=0.01, **params)
        clf.fit(X, y, sensitive_features=s)
        scores[lambda_mi], gaps[lambda_mi] = figures(clf, X, y, s)
    assert scores[0] > 0.7
    assert gaps[10] < gaps[0] / 3


@pytest.mark.parametrize("criterion", ["equalized_odds", "equal_opportunity"])
def test_other_criteria(biased, discrete, criterion):
    X, y, s = biased
    clf = MIDebiasedClassifier(1, criterion=criterion, **discrete)
    clf.fit(X, y, sensitive_features=s)
    assert 0 <= clf.mi_estimate_ <= np.log(2)


def test_the_estimate_is_the_plug_in_of_the_held_out_codes(biased, discrete):
    X, y, s = biased
    params = {**discrete, "validation_fraction": 0.5, "group_weights": "empirical"}
    clf = MIDebiasedClassifier(1, **params)
    problem = []
    read = clf._read
    clf._read = lambda *args: problem.append(read(*args)) or problem[0]
    clf.fit(X, y, sensitive_features=s)
    rows = problem[0].held_out
    joint = pd.crosstab(s[rows], clf._codes(X[rows])).to_numpy()
    share = joint.sum(1) / joint.sum()
    expected = mutual_information(joint / joint.sum(1, keepdims=True), share)
    assert_allclose(clf.mi_estimate_, expected, atol=1e-6)


def test_continuous_s_is_binned_and_says_so(biased, discrete):
    X, y, _ = biased
    A = pd.DataFrame({"age": X[:, 0], "sex": np.arange(len(X)) % 2})
    clf = MIDebiasedClassifier(1, **discrete).fit(X, y, sensitive_features=A)
    intervals = clf.sensitive_categories_[0]
    assert len(intervals) == 4
    assert all(isinstance(interval, pd.Interval) for interval in intervals)
    assert len(clf.code_table_.filter(like="share of").columns) == 8


@pytest.mark.parametrize(
    "params",
    [
        {"gradient_rescaling": True},
        {"early_stopping": True, "validation_fraction": 0.3},
        {"numeric_embedding": None},
        {"sensitive_combination": "separate"},
        {"group_weights": "empirical"},
    ],
    ids=str,
)
def test_works_with_what_the_others_work_with(adult, discrete, params):
    X, y, A = adult
    clf = MIDebiasedClassifier(1, **{**discrete, **params})
    clf.fit(X, y, sensitive_features=A)
    assert clf.transform(X).sum() == len(X)


def test_masked_s_and_no_s(biased, discrete):
    X, y, s = biased
    masked = pd.Series(s).astype(object).where(np.arange(len(s)) > 50)
    clf = MIDebiasedClassifier(1, missing_sensitive="mask", **discrete)
    clf.fit(X, y, sensitive_features=masked)
    assert clf.mi_estimate_ >= 0
    assert np.isnan(MIDebiasedClassifier(0, **discrete).fit(X, y).mi_estimate_)


def test_users_encoder(biased, discrete):
    import torch

    X, y, s = biased
    clf = MIDebiasedClassifier(1, encoder=torch.nn.Linear(6, 4), **discrete)
    clf.fit(X, y, sensitive_features=s)
    assert clf.transform(X).shape == (len(X), 3)


def test_pickled_and_saved(adult, discrete, tmp_path):
    X, y, A = adult
    clf = MIDebiasedClassifier(1, calibration_fraction=0.3, **discrete)
    clf.fit(X, y, sensitive_features=A["sex"])
    clf.save(tmp_path / "model")
    for again in (pickle.loads(pickle.dumps(clf)), fairrep.load(tmp_path / "model")):
        assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
        pd.testing.assert_frame_equal(again.code_table_, clf.code_table_)
        assert str(again.certificate_) == str(clf.certificate_)
        assert again._share_seen(X) == clf._share_seen(X)


def test_path_of_codes(biased, discrete):
    X, y, s = biased
    path = lambda_path(X, y, sensitive_features=s, lambdas=[0, 1, 10], **discrete)
    assert path.transform(X, 2.0).sum() == len(X)
    assert path.figures(n_bootstrap=2).shape == (3, 8)
    assert np.isfinite([h["valid_loss"] for h in path.history_]).all()


def test_points_of_a_path_say_who_has_a_code(adult, discrete):
    X, y, A = adult
    params = {**discrete, "lambdas": [0, 10], "validation_fraction": 0.3}
    clf = MIDebiasedClassifierCV(max_gap=1, n_bootstrap=2, **params)
    clf.fit(X, y, sensitive_features=A["sex"])
    X_held, y_held, groups = clf.lambda_path_.held_out_
    for lambda_mi in (0.0, 5.0):
        codes = clf.set_lambda(lambda_mi)._codes(X_held)
        table, female = clf.code_table_, groups["sex"] == "Female"
        count = np.bincount(codes, minlength=3)
        assert_allclose(table["share"], count / len(codes))
        of_women = np.bincount(codes[female], minlength=3) / female.sum()
        assert_allclose(table["share of Female"], of_women)
        some = count > 0
        rate = np.bincount(codes, y_held, minlength=3)[some] / count[some]
        assert_allclose(table.loc[some, "rate of 1"], rate)
    point = clf.lambda_path_.at(5.0)
    pd.testing.assert_frame_equal(point.code_table_, clf.code_table_)


def test_a_path_without_held_out_rows_has_no_code_table(biased, discrete):
    X, y, s = biased
    path = lambda_path(
        X,
        y,
        sensitive_features=s,
        lambdas=[0, 10],
        **{**discrete, "validation_fraction": 0.0},
    )
    assert not hasattr(path.at(1.0), "code_table_")


# -- the transformer -----------------------------------------------------------


@pytest.mark.parametrize("output", ["onehot", "index"])
def test_names_of_the_output(adult, discrete, output):
    X, y, A = adult
    t = MIFairTransformer(1, output=output, **discrete).set_output(transform="pandas")
    z = t.fit_transform(X, y, sensitive_features=A["sex"])
    n = 3 if output == "onehot" else 1
    names = [f"mifairtransformer{i}" for i in range(n)]
    assert [*z.columns] == [*t.get_feature_names_out()] == names
    assert z.iloc[:, 0].dtype == (np.float32 if output == "onehot" else np.int64)


@pytest.mark.parametrize("kind", ["classes", "numbers", "nothing"])
def test_any_target(biased, discrete, kind):
    X, y, s = biased
    target = {"classes": y, "numbers": X[:, 1], "nothing": None}[kind]
    t = MIFairTransformer(1, output="index", **discrete)
    codes = t.fit_transform(X, target, sensitive_features=s)
    assert set(codes.ravel()) <= {0, 1, 2}


def test_code_table_says_who_has_a_code(adult, discrete):
    X, y, A = adult
    t = MIFairTransformer(1, output="index", **discrete)
    codes = t.fit_transform(X, y, sensitive_features=A["sex"]).ravel()
    table = t.code_table_
    assert_allclose(table["share"], np.bincount(codes, minlength=3) / len(codes))
    assert_allclose(
        table["share of Female"],
        np.bincount(codes[A["sex"] == "Female"], minlength=3)
        / (A["sex"] == "Female").sum(),
    )
    code = codes[0]
    assert_allclose(table.loc[code, "rate of 1"], y[codes == code].mean())
    ages = X["age"][codes == code].astype(float).quantile([0.1, 0.9])
    if "age" in table:
        assert table.loc[code, "age"] == f"{ages[0.1]:.4g} to {ages[0.9]:.4g}"
    assert len(table.columns) == 4 + 5


# -- bad input -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_codes": 1}, "n_codes"),
        ({"n_codes": 500}, "n_codes=500 is more than the 400 rows"),
        ({"mi_estimator": "mine"}, "is a critic"),
        ({"mi_target": "prediction"}, "mi_target='representation'"),
        ({"bottleneck": "gaussian", "calibration_fraction": 0.2}, "got 'gaussian'"),
        ({"calibration_fraction": 0.02}, "need at least 6 rows each"),
    ],
)
def test_bad_parameters(biased, discrete, params, message):
    X, y, s = biased
    s = np.where(np.arange(len(s)) < 20, "rare", s.astype(str))
    clf = MIDebiasedClassifier(1, **{**discrete, **params})
    with pytest.raises(ValueError, match=message):
        clf.fit(X, y, sensitive_features=s)


def test_an_index_is_that_of_a_code(biased, quick):
    X, y, s = biased
    with pytest.raises(ValueError, match="expected bottleneck='discrete'"):
        MIFairTransformer(1, output="index", **quick).fit(X, y, sensitive_features=s)


@pytest.mark.filterwarnings("ignore:MIFairTransformer was fitted on about")
def test_parameters_that_are_set_after_a_fit_change_nothing_of_it(biased, quick):
    X, y, s = biased
    transformer = MIFairTransformer(**quick).fit(X, y, sensitive_features=s)
    expected = transformer.transform(X)
    transformer.set_params(bottleneck="discrete", output="index")
    np.testing.assert_array_equal(transformer.transform(X), expected)
    assert len(transformer.get_feature_names_out()) == expected.shape[1]
    report = fairrep.audit(transformer, X, sensitive_features=s, random_state=0)
    (model,) = report.models.values()
    assert model.certificates == {}
