"""A classifier's scores as inputs: out of fold, weighted, and never from the rows."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

import fairrep
from fairrep import MIDebiasedClassifier, MIDebiasedClassifierCV, lambda_path
from fairrep._inputs.classifier_scores import Scorers, cross_fit, scores_of
from fairrep._inputs.encoding import TableEncoder
from fairrep.metrics import fairness_report

pytestmark = pytest.mark.filterwarnings("ignore:The classifier has collapsed")


class Memory(ClassifierMixin, BaseEstimator):
    """Sure of the rows that it was fitted on, and of no others."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.seen_ = {tuple(row): label for row, label in zip(X, y, strict=True)}
        return self

    def predict_proba(self, X):
        known = [self.seen_.get(tuple(row)) for row in X]
        return np.array(
            [
                [0.5 if k is None else float(k == c) for c in self.classes_]
                for k in known
            ]
        )

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class Recorder(LogisticRegression):
    """Keeps what each fit was given."""

    fits: list = []  # noqa: RUF012

    def fit(self, X, y, sample_weight=None):
        self.fits.append((X, y, sample_weight))
        return super().fit(X, y, sample_weight)


@pytest.fixture
def recorder():
    Recorder.fits = []
    return Recorder()


def global_random_state():
    return np.random.get_state()[1].copy()  # noqa: NPY002


def crossed(estimator, X, y, train):
    return cross_fit(
        Scorers(estimator),
        TableEncoder().fit(X),
        X,
        y,
        [],
        np.asarray(train),
        {},
        np.random.RandomState(0),
    )


def test_no_row_is_scored_by_a_fit_that_saw_it(biased):
    X, y, _ = biased
    inputs, x = crossed(Memory(), X, y, np.arange(300))
    scores = x[:, -1]
    assert np.ptp(scores) == 0  # each row was new to what scored it
    # What new rows would get: the fit on all training rows, which knows those.
    again = inputs.code(X)[:, -1]
    assert (again[:300] != scores[:300]).all()
    assert_array_equal(again[300:], scores[300:])


def test_scores_are_the_log_odds_of_the_refit(biased):
    X, y, _ = biased
    train = np.arange(0, 400, 2)
    inputs, x = crossed(LogisticRegression(), X, y, train)
    alone = LogisticRegression().fit(X[train], y[train])
    assert_allclose(
        scores_of(inputs.scorers.estimator, X)[:, 0],
        alone.decision_function(X),
        atol=1e-6,
    )
    rest = np.setdiff1d(np.arange(400), train)
    assert_array_equal(x[rest], inputs.code(X)[rest])
    assert x.shape[1] == X.shape[1] + 1


@pytest.mark.parametrize(
    ("estimator", "n_scores"),
    [(LogisticRegression(max_iter=1000), 3), (LinearSVC(), 3), (GaussianNB(), 3)],
    ids=["probabilities", "decision function", "extreme probabilities"],
)
def test_several_classes_give_a_score_each(biased, estimator, n_scores):
    X, _, _ = biased
    y = np.array(["low", "mid", "top"])[np.digitize(X[:, 0], [-0.5, 0.5])]
    inputs, x = crossed(estimator, X, y, np.arange(400))
    assert x.shape[1] == X.shape[1] + n_scores
    assert np.isfinite(x).all()
    assert inputs.scorers.estimator.classes_.tolist() == ["low", "mid", "top"]


def test_the_estimator_makes_the_model_better(quick):
    # An interaction that a short fit of a small net does not find.
    x = np.random.default_rng(0).uniform(-1, 1, (2000, 2))
    y = (np.sin(9 * x[:, 0]) * np.sin(9 * x[:, 1]) > 0).astype(int)
    s = np.resize([0, 1, 1], 2000)
    accuracy = {}
    for estimator in [None, HistGradientBoostingClassifier()]:
        clf = MIDebiasedClassifier(0.1, estimator=estimator, **quick)
        clf.fit(x[:1000], y[:1000], sensitive_features=s[:1000])
        accuracy[estimator is not None] = clf.score(x[1000:], y[1000:])
    assert accuracy[True] > accuracy[False] + 0.1


def test_information_on_s_in_the_score_is_removed(biased):
    """The estimator sees a copy of S; its debiased twin must not use it."""
    X, _, s = biased
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(len(s), 3))
    X = np.column_stack([s, noise])
    y = (s + noise[:, 0] + rng.normal(size=len(s)) > 0.5).astype(int)
    gaps = {}
    for lambda_mi in [0, 10]:
        clf = MIDebiasedClassifier(
            lambda_mi,
            estimator=LogisticRegression(),
            max_epochs=40,
            dropout=0.2,
            random_state=0,
        )
        clf.fit(X, y, sensitive_features=s)
        report = fairness_report(y, clf.predict(X), sensitive_features=s)
        gaps[lambda_mi] = report.demographic_parity_difference
    assert gaps[0] > 0.2
    assert gaps[10] < gaps[0] / 3


def test_same_seed_same_result_and_no_global_randomness(adult, quick):
    X, y, A = adult
    forest = RandomForestClassifier(5)  # random_state=None
    pipeline = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), ["education", "workclass"])
        ),
        forest,
    )
    state = global_random_state()
    results = []
    for _ in range(2):
        clf = MIDebiasedClassifier(1.0, estimator=pipeline, **quick)
        clf.fit(X, y, sensitive_features=A["sex"])
        results.append(clf.predict_proba(X))
    assert_array_equal(*results)
    assert_array_equal(global_random_state(), state)
    assert forest.random_state is None
    assert not hasattr(forest, "estimators_")


def test_weights_reach_the_estimator(biased, quick, recorder):
    X, y, s = biased
    weight = np.linspace(1, 3, len(y))
    clf = MIDebiasedClassifier(1.0, estimator=recorder, class_weight={0: 2.0}, **quick)
    clf.fit(X, y, sensitive_features=s, sample_weight=weight)
    expected = dict(
        zip(map(tuple, X), weight * np.where(y == 0, 2.0, 1.0), strict=True)
    )
    assert len(recorder.fits) == 6
    for X_fit, _, got in recorder.fits:
        assert_allclose(got, [expected[tuple(row)] for row in X_fit])


def test_an_estimator_without_weights_warns(biased, quick):
    X, y, s = biased
    clf = MIDebiasedClassifier(1.0, estimator=KNeighborsClassifier(), **quick)
    with pytest.warns(UserWarning, match="KNeighborsClassifier takes no sample_weight"):
        clf.fit(X, y, sensitive_features=s, sample_weight=np.arange(1.0, 401))


def test_weights_are_routed_into_a_pipeline(biased, quick, recorder):
    X, y, s = biased
    weight = np.linspace(1, 3, len(y))
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False),
            recorder.set_fit_request(sample_weight=True),
        )
        clf = MIDebiasedClassifier(1.0, estimator=pipeline, **quick)
        clf.fit(X, y, sensitive_features=s, sample_weight=weight)
        assert all(got is not None for _, _, got in recorder.fits)
        search = GridSearchCV(
            MIDebiasedClassifier(
                estimator=make_pipeline(StandardScaler(), GaussianNB()), **quick
            ),
            {"lambda_mi": [0.5], "estimator__gaussiannb__var_smoothing": [1e-9, 1e-3]},
            cv=2,
        )
        search.fit(X, y, sensitive_features=s)
    assert len(search.cv_results_["params"]) == 2


def test_held_out_rows_train_nothing(biased, quick, recorder):
    X, y, s = biased
    clf = MIDebiasedClassifier(
        1.0, estimator=recorder, validation_fraction=0.25, **quick
    ).fit(X, y, sensitive_features=s)
    sizes = [len(labels) for _, labels, _ in recorder.fits]
    assert sizes == [240] * 5 + [300]
    assert clf.estimator_.classes_.tolist() == [0, 1]


def test_path_and_cv_carry_the_estimator(biased, quick):
    X, y, s = biased
    path = lambda_path(
        X,
        y,
        sensitive_features=s,
        estimator=LogisticRegression(),
        lambdas=[0, 1],
        **quick,
    )
    point = path.at(0.5)
    assert isinstance(point.estimator_, LogisticRegression)
    assert_array_equal(point.predict(X), path.predict(X, 0.5))
    cv = MIDebiasedClassifierCV(
        estimator=LogisticRegression(), lambdas=[0, 1], max_gap=1.0, cv=2, **quick
    ).fit(X, y, sensitive_features=s)
    assert cv.score(X, y) > 0.5


def test_without_one_there_is_no_estimator_(biased, quick):
    X, y, s = biased
    clf = MIDebiasedClassifier(1.0, **quick)
    assert not hasattr(clf, "estimator_")
    assert not hasattr(clf.fit(X, y, sensitive_features=s), "estimator_")


# -- frozen --------------------------------------------------------------------


def test_a_frozen_estimator_is_not_fitted_again(biased, quick, recorder):
    X, y, s = biased
    recorder.fit(X[:200], y[:200])
    clf = MIDebiasedClassifier(1.0, estimator=FrozenEstimator(recorder), **quick)
    clf.fit(X[200:], y[200:], sensitive_features=s[200:])
    assert len(recorder.fits) == 1
    assert clf.estimator_.estimator is recorder


def test_a_frozen_estimator_of_these_rows_warns(adult, quick):
    X, y, A = adult
    X = X.select_dtypes("number")
    forest = RandomForestClassifier(50, random_state=0).fit(X[:300], y[:300])
    clf = MIDebiasedClassifier(1.0, estimator=FrozenEstimator(forest), **quick)
    clf.fit(X[300:], y[300:], sensitive_features=A["sex"][300:])  # warnings are errors
    with pytest.warns(UserWarning, match="trained on these rows: it is right about"):
        clf.fit(X[:300], y[:300], sensitive_features=A["sex"][:300])


def test_a_shrunken_model_is_not_mistaken_for_one_that_saw_the_rows(adult, quick):
    X, y, A = adult
    X = X.select_dtypes("number")
    linear = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3))
    linear.fit(X[:300], y[:300])
    clf = MIDebiasedClassifier(1.0, estimator=FrozenEstimator(linear), **quick)
    clf.fit(X[300:], y[300:], sensitive_features=A["sex"][300:])


# -- bad input -----------------------------------------------------------------


def fit_with(estimator, X, y, s, **params):
    return MIDebiasedClassifier(1.0, estimator=estimator, **params).fit(
        X, y, sensitive_features=s
    )


def test_frozen_for_other_classes(biased):
    X, y, s = biased
    other = FrozenEstimator(LogisticRegression().fit(X, np.where(y == 1, "yes", "no")))
    with pytest.raises(ValueError, match=r"classes \['no', 'yes'\]; y has \[0, 1\]"):
        fit_with(other, X, y, s)


def test_frozen_but_never_fitted(biased):
    with pytest.raises(Exception, match="not fitted yet"):
        fit_with(FrozenEstimator(LogisticRegression()), *biased)


def test_no_classifier(biased):
    with pytest.raises(ValueError, match="'estimator' parameter"):
        fit_with(StandardScaler(), *biased)


def test_its_own_error_says_what_may_help(adult):
    X, y, A = adult
    with pytest.raises(ValueError, match="could not convert string") as caught:
        fit_with(LogisticRegression(), X, y, A["sex"])
    assert "may need a pipeline with an encoder" in caught.value.__notes__[0]


def test_a_class_of_one_row(biased):
    X, y, s = biased
    y = y.copy()
    y[0] = 7
    with pytest.raises(ValueError, match="class 7 has 1"):
        fit_with(GaussianNB(), X, y, s)


def test_images(biased):
    _, y, s = biased
    with pytest.raises(ValueError, match="estimator needs X with rows of columns"):
        fit_with(GaussianNB(), np.zeros((400, 1, 4, 4)), y, s, encoder=_flat)


def _flat(shape):
    import torch

    return torch.nn.Flatten()


def test_scores_that_are_not_finite(biased):
    class Broken(GaussianNB):
        def predict_proba(self, X):
            return np.full((len(X), 2), np.nan)

    with pytest.raises(ValueError, match="Broken gave scores that are not finite"):
        fit_with(Broken(), *biased)


def test_frames_reach_the_estimator_as_frames(adult, quick):
    X, y, A = adult

    class ByName(LogisticRegression):
        def fit(self, X, y):
            assert isinstance(X, pd.DataFrame)
            return super().fit(X[["age", "hours-per-week"]], y)

        def predict_proba(self, X):
            return super().predict_proba(X[["age", "hours-per-week"]])

    clf = fit_with(ByName(), X, y, A["sex"], **quick)
    assert clf.predict(X).shape == (600,)


# -- classifiers that infer S ----------------------------------------------------


def test_no_row_is_inferred_by_a_fit_that_saw_it(biased):
    X, y, s = biased
    train = np.arange(300)
    inputs, x = cross_fit(
        Scorers(Memory(), (Memory(), Memory())),
        TableEncoder().fit(X),
        X,
        y,
        [s, s],
        train,
        {},
        np.random.RandomState(0),
    )
    scores = x[:, X.shape[1] :]
    assert scores.shape[1] == 3
    assert not np.ptp(scores, axis=0).any()
    again = inputs.code(X)[:, X.shape[1] :]
    assert (again[:300] != scores[:300]).all()
    assert_array_equal(again[300:], scores[300:])


def test_the_encoder_sees_what_the_classifier_infers(quick):
    # S is an interaction of columns that a small net does not find.
    x = np.random.default_rng(0).uniform(-1, 1, (2000, 2))
    s = (np.sin(9 * x[:, 0]) * np.sin(9 * x[:, 1]) > 0).astype(int)
    y = (x[:, 0] > 0).astype(int)
    trees = HistGradientBoostingClassifier(random_state=0)
    clf = MIDebiasedClassifier(0.0, sensitive_estimator=trees, **quick)
    clf.fit(x[:1000], y[:1000], sensitive_features=s[:1000])
    guess = clf._table(x[1000:]).x[:, -1]
    assert roc_auc_score(s[1000:], guess) > 0.8


@pytest.mark.parametrize("combination", ["crossed", "separate"])
def test_each_part_of_s_is_inferred(biased, quick, combination):
    X, y, s = biased
    A = pd.DataFrame({"s": np.where(s == 1, "b", "a"), "age": X[:, 0] + X[:, 1]})
    A.loc[:20, "s"] = None
    clf = MIDebiasedClassifier(
        1.0,
        sensitive_estimator=LogisticRegression(max_iter=1000),
        sensitive_combination=combination,
        missing_sensitive="mask",
        **quick,
    ).fit(X, y, sensitive_features=A)
    classes = [len(fitted.classes_) for fitted in clf.sensitive_estimators_]
    # Quartiles of the continuous one.
    assert classes == ([8] if combination == "crossed" else [2, 4])
    assert not hasattr(clf, "estimator_")
    assert len(clf.predict(X)) == len(X)


def test_the_path_and_its_search_infer_too(biased, quick):
    X, y, s = biased
    settings = {"sensitive_estimator": GaussianNB(), **quick}
    path = lambda_path(X, y, sensitive_features=s, lambdas=[0, 1], **settings)
    assert len(path.at(1.0).sensitive_estimators_) == 1
    clf = MIDebiasedClassifierCV(lambdas=[0, 1], max_gap=1.0, **settings)
    clf.fit(X, y, sensitive_features=s)
    assert len(clf.sensitive_estimators_) == 1
    assert_array_equal(clf.predict(X), clf.lambda_path_.predict(X, clf.lambda_))


def test_what_infers_s_is_saved(biased, quick, tmp_path):
    X, y, s = biased
    clf = MIDebiasedClassifier(
        1.0,
        estimator=GaussianNB(),
        sensitive_estimator=HistGradientBoostingClassifier(max_iter=5),
        **quick,
    ).fit(X, y, sensitive_features=s)
    clf.save(tmp_path / "model")
    again = fairrep.load(tmp_path / "model")
    assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
    assert isinstance(again.sensitive_estimator, HistGradientBoostingClassifier)
    assert isinstance(again.estimator_, GaussianNB)


def test_inferring_needs_a_group_and_a_classifier_that_is_not_frozen(biased, quick):
    X, y, s = biased
    inferring = MIDebiasedClassifier(0.0, sensitive_estimator=GaussianNB(), **quick)
    with pytest.raises(ValueError, match="pass sensitive_features to fit"):
        inferring.fit(X, y)
    rare = np.where(np.arange(len(y)) < 4, "b", "a")
    with pytest.raises(ValueError, match=r"need 5 training rows; here 1 has"):
        inferring.fit(X, y, sensitive_features=rare)
    frozen = FrozenEstimator(GaussianNB().fit(X, s))
    inferring.set_params(sensitive_estimator=frozen)
    with pytest.raises(ValueError, match="got a FrozenEstimator"):
        inferring.fit(X, y, sensitive_features=s)
