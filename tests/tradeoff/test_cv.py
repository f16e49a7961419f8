"""MIDebiasedClassifierCV: chooses lambda under a limit to the gap."""

import pickle
import re
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import sklearn
from fairlearn.metrics import demographic_parity_difference, equalized_odds_difference
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from fairrep import MIDebiasedClassifierCV
from fairrep.datasets import make_biased_classification

LAMBDAS = [0.0, 0.5, 2.0, 10.0]
QUIET = [
    pytest.mark.filterwarnings("ignore:No lambda is shown to keep the gap"),
    pytest.mark.filterwarnings("ignore:The classifier has collapsed"),
]
pytestmark = QUIET


class NoTraining(Callback):
    def on_train_begin(self, net, **kwargs):
        pytest.fail("the training has begun")


@pytest.fixture
def quick(quick):
    return {
        **quick,
        "learning_rate": 0.02,
        "max_epochs": 6,
        "hidden_layer_sizes": (16,),
        "lambdas": LAMBDAS,
        "n_bootstrap": 30,
    }


@pytest.fixture(scope="module")
def large():
    """Rows enough that a limit can be met: 3000 to fit and choose, 3000 to test."""
    X, y, s = make_biased_classification(
        6000, n_features=6, mi_xs=0.3, return_X_y_s=True, random_state=0
    )
    return (X[:3000], y[:3000], s[:3000]), (X[3000:], y[3000:], s[3000:])


def test_the_best_score_within_the_limit_is_chosen(large):
    (X, y, s), (Xt, _, st) = large
    clf = MIDebiasedClassifierCV(
        max_gap=0.2, lambdas=[0, 0.3, 1, 3, 10, 30], max_epochs=20, random_state=0
    ).fit(X, y, sensitive_features=s)
    fair = clf.path_["gap_high"] <= 0.2
    assert fair.any()
    assert not fair.all()
    assert clf.path_["score"][fair].max() == clf.path_["score"][clf.best_index_]
    assert fair[clf.best_index_]
    assert clf.lambda_ == clf.path_["lambda_mi"][clf.best_index_]
    # On rows that chose nothing the gap is within the limit as well.
    predicted = clf.predict(Xt) == clf.classes_[1]
    rates = [predicted[st == group].mean() for group in np.unique(st)]
    assert np.ptp(rates) <= 0.2


def test_where_no_lambda_is_fair_enough_the_fairest_is_taken(biased, quick):
    X, y, s = biased
    with pytest.warns(
        ConvergenceWarning,
        match=r"max_gap=0.0: the smallest upper limit is 0.\d+ \(gap 0.\d+\), at",
    ):
        clf = MIDebiasedClassifierCV(max_gap=0.0, **quick).fit(
            X, y, sensitive_features=s
        )
    assert clf.best_index_ == clf.path_["gap_high"].idxmin()


@pytest.mark.parametrize(
    ("params", "advice"),
    [
        ({"lambdas": [2.0]}, "More held-out rows (cv=5) bring"),
        ({"lambdas": [2.0], "cv": 2}, "which is taken. More rows bring"),
        ({"lambdas": [2.0]}, "largest of lambdas: try more, such as [0, 0.5, 2, 8]."),
    ],
)
def test_advice_where_no_lambda_is_fair_enough(params, advice, biased, quick):
    X, y, s = biased
    clf = MIDebiasedClassifierCV(max_gap=0.0, **{**quick, **params})
    with pytest.warns(ConvergenceWarning, match=re.escape(advice)):
        clf.fit(X, y, sensitive_features=s)


def test_set_lambda_moves_along_the_curve(biased, quick):
    X, y, s = biased
    clf = MIDebiasedClassifierCV(**quick)
    with pytest.raises(NotFittedError):
        clf.set_lambda(1.0)
    clf.fit(X, y, sensitive_features=s)
    for lambda_mi in (0.0, 1.3, 10.0):
        assert clf.set_lambda(lambda_mi) is clf
        point = clf.lambda_path_.at(lambda_mi)
        assert clf.lambda_ == lambda_mi
        assert clf.mi_estimate_ == point.mi_estimate_
        assert_array_equal(clf.predict_proba(X), point.predict_proba(X))
        assert_array_equal(clf.transform(X), point.transform(X))
    with pytest.raises(ValueError, match="outside the range"):
        clf.set_lambda(11.0)
    assert clf.lambda_ == 10.0


def test_hold_out_is_the_default(biased, quick):
    X, y, s = biased
    clf = MIDebiasedClassifierCV(**quick).fit(X, y, sensitive_features=s)
    X_held, y_held, _ = clf.lambda_path_.held_out_
    assert len(X_held) == 80
    point = clf.lambda_path_.at(2.0)
    assert_allclose(clf.path_["score"][2], point.score(X_held, y_held))
    assert_allclose(clf.cv_results_["split0_test_score"], clf.path_["score"])
    assert_allclose(clf.cv_results_["split0_test_gap"], clf.path_["gap"])
    assert "split1_test_score" not in clf.cv_results_


@pytest.mark.filterwarnings("ignore:The classifier chosen is no better")
@pytest.mark.parametrize("cv", [3, ShuffleSplit(2, test_size=0.3, random_state=0)])
def test_cross_validation(cv, biased, quick):
    X, y, s = biased
    clf = MIDebiasedClassifierCV(cv=cv, **quick).fit(X, y, sensitive_features=s)
    n_splits = cv if isinstance(cv, int) else cv.n_splits
    scores = [clf.cv_results_[f"split{i}_test_score"] for i in range(n_splits)]
    assert_allclose(clf.cv_results_["mean_test_score"], np.mean(scores, axis=0))
    assert_allclose(clf.path_["score"], np.mean(scores, axis=0))
    # The last path is trained on all rows.
    assert len(clf.lambda_path_.held_out_[0]) == 0
    assert np.isnan(clf.mi_estimate_)


def test_scoring_and_gap_of_the_users(biased, quick):
    X, y, s = biased
    quick["n_bootstrap"] = 3  # a callable is called for each draw
    seen = []

    def gap(y_true, y_pred, *, sensitive_features):
        seen.append(list(sensitive_features.columns))
        return equalized_odds_difference(
            y_true, y_pred, sensitive_features=sensitive_features
        )

    def scoring(estimator, X, y):
        return roc_auc_score(y, estimator.predict_proba(X)[:, 1])

    clf = MIDebiasedClassifierCV(gap=gap, scoring=scoring, **quick)
    named = MIDebiasedClassifierCV(
        gap="equalized_odds_difference", scoring="roc_auc", **quick
    )
    for model in (clf, named):
        model.fit(X, y, sensitive_features={"group": s})
    assert set(map(tuple, seen)) == {("group",)}
    assert_allclose(clf.path_["score"], named.path_["score"])
    assert_allclose(clf.path_["gap"], named.path_["gap"])


def test_gap_of_fairlearn_with_labels_of_any_kind(biased, quick):
    X, y, s = biased
    quick["n_bootstrap"] = 3
    named = np.where(y == 1, "yes", "no")
    clf = MIDebiasedClassifierCV(gap=demographic_parity_difference, **quick)
    by_name = clf.fit(X, named, sensitive_features=s).path_["gap"]
    by_number = clf.fit(X, y, sensitive_features=s).path_["gap"]
    assert (by_name > 0).any()
    assert_allclose(by_name, by_number)


@pytest.mark.parametrize(
    "gap",
    [demographic_parity_difference, equalized_odds_difference],
    ids=["parity", "odds"],
)
def test_a_gap_of_fairlearn_is_that_of_its_name(gap, biased, quick):
    X, y, s = biased
    by_function, by_name = (
        MIDebiasedClassifierCV(gap=it, **quick).fit(X, y, sensitive_features=s)
        for it in (gap, gap.__name__)
    )
    pd.testing.assert_frame_equal(by_function.path_, by_name.path_)


def test_opposite_gaps_of_two_models_do_not_cancel(biased, quick):
    """The gap is the mean of the folds', not that of their rows together."""
    X, y, s = biased
    clf = MIDebiasedClassifierCV(cv=2, **quick).fit(X, y, sensitive_features=s)
    folds = [clf.cv_results_[f"split{i}_test_gap"] for i in range(2)]
    assert_allclose(clf.path_["gap"], np.mean(folds, axis=0))


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        (iter([]), "cv gives no splits"),
        ([(np.arange(5), np.arange(5, 400))], "Split 0 of cv leaves 5 rows"),
        ([(np.arange(200, 400), np.arange(200))], "held-out rows is of .*=late"),
    ],
)
def test_splits_are_checked_before_training(cv, message, biased, quick):
    X, y, s = biased
    y = np.sort(y)
    y[200:] = np.arange(200) % 2
    groups = s.astype(str).astype(object)
    groups[390:] = "late"
    quick["callbacks"] = [NoTraining()]
    with pytest.raises(ValueError, match=message):
        MIDebiasedClassifierCV(cv=cv, **quick).fit(X, y, sensitive_features=groups)


def test_a_second_fit_forgets_the_first(biased, quick):
    X, y, s = biased
    clf = MIDebiasedClassifierCV(**quick)
    names = [f"x{i}" for i in range(X.shape[1])]
    clf.fit(pd.DataFrame(X, columns=names), y, sensitive_features=s)
    clf.fit(X, y, sensitive_features=s).predict(X)  # no warning of names
    with pytest.raises(ValueError, match="sensitive_features is required"):
        clf.fit(X, y)
    with pytest.raises(NotFittedError):
        clf.set_lambda(1.0)


def test_gap_of_the_criterion_is_the_default(biased, quick):
    X, y, s = biased
    quick["criterion"] = "equal_opportunity"
    clf, named = (
        MIDebiasedClassifierCV(gap=gap, **quick).fit(X, y, sensitive_features=s)
        for gap in (None, "equal_opportunity_difference")
    )
    assert_allclose(clf.path_["gap"], named.path_["gap"])


def test_it_is_an_estimator_like_any_other(biased, quick):
    X, y, s = biased
    clf = MIDebiasedClassifierCV(**quick)
    assert "lambda_mi" not in clf.get_params()
    assert clone(clf).get_params() == clf.get_params()
    clf.fit(X, y, sensitive_features=s)
    copy = pickle.loads(pickle.dumps(clf))
    assert_array_equal(copy.predict_proba(X), clf.predict_proba(X))
    copy.set_lambda(1.0)
    again = clone(clf).fit(X, y, sensitive_features=s)
    assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
    assert 0 <= clf.score(X, y) <= 1


def test_in_a_pipeline(biased, quick):
    X, y, s = biased
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(StandardScaler(), MIDebiasedClassifierCV(**quick))
        pipeline.fit(X, y, sensitive_features=s)
    assert pipeline[-1].lambda_ in LAMBDAS
    assert pipeline.predict(X).shape == y.shape


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"max_gap": 1.5}, "'max_gap' parameter .* in the range \\[0.0, 1.0\\]"),
        ({"max_gap": -0.1}, "'max_gap' parameter"),
        ({"gap": "parity"}, "'gap' parameter"),
        ({"scoring": "no such"}, "'scoring' parameter"),
        ({"lambdas": []}, "at least one number"),
        ({"lambdas": [3, 1]}, "ascend"),
        ({"validation_fraction": 0}, "cv=None chooses lambda on held-out rows"),
    ],
)
def test_bad_parameters(params, message, biased, quick):
    X, y, s = biased
    with pytest.raises(ValueError, match=message):
        MIDebiasedClassifierCV(**{**quick, **params}).fit(X, y, sensitive_features=s)


def test_sensitive_features_are_required(biased, quick):
    X, y, _ = biased
    with pytest.raises(ValueError, match="sensitive_features is required"):
        MIDebiasedClassifierCV(**quick).fit(X, y)


def test_a_group_without_held_out_rows_is_named_before_training(biased, quick):
    X, y, s = biased
    groups = s.astype(str)
    groups[0] = "alone"
    quick["callbacks"] = [NoTraining()]
    with pytest.raises(ValueError, match=r"held-out rows is of .*=alone \(1 of all"):
        MIDebiasedClassifierCV(**quick).fit(X, y, sensitive_features=groups)


def test_a_fit_that_fails_leaves_it_unfitted(biased, quick):
    X, y, s = biased
    clf = MIDebiasedClassifierCV(**quick).fit(X, y, sensitive_features=s)
    with pytest.raises(ValueError, match="only one class"):
        clf.fit(X, np.zeros(len(y)), sensitive_features=s)
    with pytest.raises(NotFittedError):
        clf.predict(X)


class InterruptTraining(Callback):
    """Ctrl-C in epoch 5 of a training, the first being number 1."""

    begun: ClassVar[int] = 0  # of the class: each net has its own copy of a callback

    def __init__(self, training):
        self.training = training

    def on_train_begin(self, net, **kwargs):
        type(self).begun += 1

    def on_batch_begin(self, net, **kwargs):
        if self.begun == self.training and len(net.history) == 5:
            raise KeyboardInterrupt


@pytest.mark.parametrize("training", [2, 3])
def test_ctrl_c_in_a_fold_leaves_it_unfitted(training, biased, quick, monkeypatch):
    X, y, s = biased
    monkeypatch.setattr(InterruptTraining, "begun", 0)
    clf = MIDebiasedClassifierCV(cv=3, callbacks=[InterruptTraining(training)], **quick)
    with (
        pytest.raises(KeyboardInterrupt),
        pytest.warns(ConvergenceWarning, match="interrupted in epoch 5 of 6"),
    ):
        clf.fit(X, y, sensitive_features=s)
    assert InterruptTraining.begun == training
    with pytest.raises(NotFittedError):
        clf.predict(X)
