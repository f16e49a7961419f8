"""Rows set apart for a certificate, and where certificates are shown."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import LogisticRegression

from fairrep import (
    MIDebiasedClassifier,
    MIDebiasedClassifierCV,
    MIFairTransformer,
    TradeoffDisplay,
    audit,
    certify,
    lambda_path,
)
from fairrep.datasets import make_biased_classification

# The fits are too short to learn much.
pytestmark = pytest.mark.filterwarnings("ignore:The classifier has collapsed")


@pytest.fixture(scope="module")
def rows():
    return make_biased_classification(1200, return_X_y_s=True, random_state=0)


@pytest.fixture
def params(quick):
    return {
        **quick,
        "bottleneck": "discrete",
        "n_codes": 3,
        "calibration_fraction": 0.4,
    }


class Counter(LogisticRegression):
    """Counts the rows that it has scored."""

    n_scored = 0

    def predict_proba(self, X):
        Counter.n_scored += len(X)
        return super().predict_proba(X)


def test_calibration_rows_leave_the_fit_alone(rows, params):
    X, y, s = rows
    clf = MIDebiasedClassifier(1, **params)
    (X_rest, y_rest, s_rest, _), calibration = clf._set_apart(X, y, s, None)
    clf.fit(X, y, sensitive_features=s)
    without = {**params, "calibration_fraction": 0.0}
    bare = MIDebiasedClassifier(1, **without)
    bare.fit(X_rest, y_rest, sensitive_features=s_rest)
    assert_array_equal(bare.predict_proba(X), clf.predict_proba(X))
    assert len(calibration.X) == 480
    assert len({tuple(row) for row in X_rest} & {tuple(r) for r in calibration.X}) == 0
    codes = clf.transform(calibration.X).argmax(1)
    expected = certify(codes, calibration.sensitive, y=calibration.y)
    assert str(clf.certificate_) == str(expected)


def test_each_group_is_calibrated_in_proportion(rows, params):
    X, y, s = rows
    clf = MIDebiasedClassifier(1, **params)
    _, calibration = clf._set_apart(X, y, s, None)
    counts = calibration.sensitive.iloc[:, 0].value_counts() / np.bincount(s)
    assert (abs(counts - 0.4) < 0.01).all()


def test_no_certificate_of_an_earlier_fit(rows, params):
    X, y, s = rows
    clf = MIDebiasedClassifier(1, **params).fit(X, y, sensitive_features=s)
    clf.set_params(calibration_fraction=0.0).fit(X, y, sensitive_features=s)
    assert not hasattr(clf, "certificate_")
    with pytest.raises(AttributeError, match="sifier has no certificate_: set bottlen"):
        _ = clf.certificate_


def test_separate_continuous_and_missing_columns(rows, params):
    X, _, s = rows
    sex = pd.Series(s).astype(object).where(np.arange(len(s)) % 7 > 0)
    A = pd.DataFrame({"sex": sex, "age": X[:, 0]})
    more = {"missing_sensitive": "mask", "sensitive_combination": "separate"}
    t = MIFairTransformer(1, **params, **more).fit(X, sensitive_features=A)
    assert [*t.certificate_] == ["sex", "age"]
    assert len(t.certificate_["age"].groups) == 4
    n_known = sum(t.certificate_["sex"].groups.values())
    assert n_known < sum(t.certificate_["age"].groups.values()) == 480


def test_path_certifies_each_lambda(rows, params):
    X, y, s = rows
    path = lambda_path(X, y, sensitive_features=s, lambdas=[0, 10], **params)
    figures = path.figures(n_bootstrap=2)
    limits = [path.at(x).certificate_.demographic_parity for x in (0, 10)]
    assert_array_equal(figures["certified_gap"], limits)
    odds = path.figures(n_bootstrap=2, gap="equalized_odds_difference")
    limits = [path.at(x).certificate_.equalized_odds for x in (0, 10)]
    assert_array_equal(odds["certified_gap"], limits)


def test_an_estimator_scores_rows_once_for_all_lambdas(rows, params):
    X, y, s = rows
    path = lambda_path(
        X, y, sensitive_features=s, lambdas=[0, 1, 10], estimator=Counter(), **params
    )
    Counter.n_scored = 0
    path.figures(n_bootstrap=2)
    assert Counter.n_scored == len(path.held_out_[0])
    for lambda_mi in (0.5, 5.0):
        assert path.at(lambda_mi).certificate_.demographic_parity <= 1
    assert Counter.n_scored == len(path.held_out_[0])
    test = {"X": X[:300], "y": y[:300], "sensitive_features": s[:300]}
    TradeoffDisplay.from_path(path, **test, n_bootstrap=2, plot=False)
    assert Counter.n_scored == len(path.held_out_[0]) + 300


def test_a_fit_scores_its_rows_once(rows, params):
    X, y, s = rows
    Counter.n_scored = 0
    MIDebiasedClassifier(1, estimator=Counter(), **params).fit(
        X, y, sensitive_features=s
    )
    out_of_fold = np.ceil(0.9 * 720)
    assert Counter.n_scored == out_of_fold + 720 + 480


@pytest.mark.parametrize("cv", [None, 2])
def test_cv_certifies_what_it_chose(rows, params, cv):
    X, y, s = rows
    clf = MIDebiasedClassifierCV(
        max_gap=1, lambdas=[0, 10], n_bootstrap=2, cv=cv, **params
    )
    clf.fit(X, y, sensitive_features=s)
    limit = clf.path_["certified_gap"][clf.best_index_]
    assert clf.certificate_.demographic_parity == limit
    assert len(clf.lambda_path_.calibration_.X) == 480
    clf.set_lambda(5.0)
    assert clf.certificate_.demographic_parity < 1


def test_display_draws_a_second_line(rows, params):
    X, y, s = rows
    path = lambda_path(
        X[:800], y[:800], sensitive_features=s[:800], lambdas=[0, 10], **params
    )
    test = {"X": X[800:], "y": y[800:], "sensitive_features": s[800:]}
    display = TradeoffDisplay.from_path(path, **test, n_bootstrap=2)
    names = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert any("certified" in name for name in names)
    display.add("same", path.at(10))
    assert "certified_gap" not in display.others


def test_audit_certifies_and_warns_of_training_rows(rows, params):
    X, y, s = rows
    clf = MIDebiasedClassifier(1, **{**params, "calibration_fraction": 0.0})
    clf.fit(X[:600], y[:600], sensitive_features=s[:600])
    fresh = {"X": X[600:], "y": y[600:], "sensitive_features": {"sex": s[600:]}}
    report = audit(clf, **fresh, leakage=False, random_state=0)
    certificate = report.models["MIDebiasedClassifier"].certificates["sex"]
    assert certificate.demographic_parity == pytest.approx(
        certify(clf.transform(X[600:]).argmax(1), s[600:]).demographic_parity
    )
    assert "Certified: by sex" in str(report)
    assert "certified_attacker_auc" in set(report.to_frame()["metric"])
    assert "certificates" in report.to_json()
    with pytest.warns(UserWarning, match="was fitted on about 100% of these rows"):
        audit(clf, X[:600], y[:600], sensitive_features=s[:600], leakage=False)
