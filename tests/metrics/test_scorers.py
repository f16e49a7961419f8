"""Scorers are minus a disparity, and are routed by scikit-learn."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.datasets import make_classification
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fairrep.metrics import (
    demographic_parity_scorer,
    equal_opportunity_scorer,
    equalized_odds_scorer,
    fairness_report,
    make_gap_scorer,
)

SCORERS = [demographic_parity_scorer, equalized_odds_scorer, equal_opportunity_scorer]


@pytest.fixture
def problem():
    X, y = make_classification(300, n_informative=4, random_state=0)
    return X, y, np.where(X[:, 0] > 0, "a", "b")


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.parametrize("scorer", SCORERS)
def test_scorer_is_minus_the_difference(problem, scorer):
    X, y, groups = problem
    for labels in (y, np.where(y == 1, "yes", "no")):
        model = LogisticRegression().fit(X, labels)
        report = fairness_report(
            labels,
            model.predict(X),
            sensitive_features=groups,
            pos_label=model.classes_[1],
        )
        name = repr(scorer).replace("scorer", "difference")
        score = scorer(model, X, labels, sensitive_features=groups)
        assert score == -getattr(report, name) < 0
        copied = pickle.loads(pickle.dumps(scorer))
        assert copied(model, X, labels, sensitive_features=groups) == score


WORDS = np.array(["denied", "approved"])  # the last of the alphabet is "denied"


@pytest.mark.parametrize("scorer", SCORERS)
def test_the_class_that_is_named_is_positive(problem, scorer):
    """Words score as 1 and 0 do, whatever their order in the alphabet."""
    X, y, groups = problem
    numbers = LogisticRegression().fit(X, y)
    expected = scorer(numbers, X, y, sensitive_features=groups)
    words = LogisticRegression().fit(X, WORDS[y])
    gap = repr(scorer).replace("scorer", "difference")
    made = pickle.loads(pickle.dumps(make_gap_scorer(gap, pos_label="approved")))
    assert made(words, X, WORDS[y], sensitive_features=groups) == expected
    assert repr(made) == f"make_gap_scorer({gap!r}, pos_label='approved')"
    if scorer is equal_opportunity_scorer:
        assert scorer(words, X, WORDS[y], sensitive_features=groups) != expected
    # A classifier that was told is asked, also at the end of a pipeline.
    words.pos_label = "approved"
    for model in (words, make_pipeline(words)):
        assert scorer(model, X, WORDS[y], sensitive_features=groups) == expected


def test_one_of_several_classes_is_scored(problem):
    X, y, groups = problem
    y = np.array(["a", "b", "c"])[np.arange(len(y)) % 3]
    model = LogisticRegression().fit(X, y)
    scorer = make_gap_scorer("demographic_parity_difference", pos_label="b")
    report = fairness_report(
        y, model.predict(X), sensitive_features=groups, pos_label="b"
    )
    assert scorer(model, X, y, sensitive_features=groups) == (
        -report.demographic_parity_difference
    )
    other = make_gap_scorer("demographic_parity_difference", pos_label="d")
    with pytest.raises(
        ValueError, match=r"'d' is none of the labels \['a', 'b', 'c'\]"
    ):
        other(model, X, y, sensitive_features=groups)
    with pytest.raises(ValueError, match="gap='parity' is none of"):
        make_gap_scorer("parity")


def test_scorers_are_routed_alone(routing, problem):
    X, y, groups = problem
    params = {"sensitive_features": groups}
    scores = cross_val_score(
        LogisticRegression(),
        X,
        y,
        scoring=demographic_parity_scorer,
        params=params,
        error_score="raise",
    )
    assert (scores < 0).all()
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression()),
        {"logisticregression__C": [1e-4, 1.0]},
        scoring=equalized_odds_scorer,
        cv=3,
        error_score="raise",
    ).fit(X, y, **params)
    score = search.score(X, y, **params)
    assert score == equalized_odds_scorer(search, X, y, **params)


def test_scorers_are_routed_in_a_dict(routing, problem):
    X, y, groups = problem
    scoring = {"accuracy": "accuracy", **{repr(scorer): scorer for scorer in SCORERS}}
    params = {"sensitive_features": groups}
    found = cross_validate(
        LogisticRegression(),
        X,
        y,
        scoring=scoring,
        params=params,
        cv=3,
        error_score="raise",
    )
    alone = cross_val_score(
        LogisticRegression(), X, y, cv=3, scoring=equalized_odds_scorer, params=params
    )
    np.testing.assert_array_equal(found["test_equalized_odds_scorer"], alone)
    search = GridSearchCV(
        LogisticRegression(),
        {"C": [1e-4, 1.0]},
        scoring=scoring,
        refit="demographic_parity_scorer",
        cv=3,
        error_score="raise",
    ).fit(X, y, **params)
    means = search.cv_results_["mean_test_demographic_parity_scorer"]
    assert search.best_index_ == np.argmax(means)
    assert search.cv_results_["mean_test_accuracy"].min() > 0.4
    assert np.isfinite(means).all()


def test_sample_weight_of_scorers_is_requested_as_in_sklearn(routing, problem):
    X, y, groups = problem
    weight = np.random.default_rng(0).uniform(size=len(y))
    params = {"sensitive_features": groups, "sample_weight": weight}
    model = LogisticRegression().set_fit_request(sample_weight=True)
    with pytest.raises(ValueError, match=r"sample_weight.*set_.*_request"):
        cross_validate(model, X, y, scoring=demographic_parity_scorer, params=params)
    scores = {
        asked: cross_val_score(
            model,
            X,
            y,
            scoring=demographic_parity_scorer.set_score_request(sample_weight=asked),
            cv=2,
            params=params,
        )
        for asked in (True, False)
    }
    assert (scores[True] != scores[False]).all()
    renamed = demographic_parity_scorer.set_score_request(sensitive_features="sex")
    scores = cross_val_score(
        LogisticRegression(), X, y, scoring=renamed, params={"sex": groups}
    )
    assert (scores < 0).all()
    with pytest.raises(TypeError, match=r"takes .*'sample_weight'.*got \['colour'\]"):
        demographic_parity_scorer.set_score_request(colour=True)


def test_scorer_warns_only_of_the_rates_it_uses():
    X, y, groups = [[0.0], [1.0], [0.0], [0.0]], [0, 1, 0, 0], list("aabb")
    model = LogisticRegression().fit(X, y)
    demographic_parity_scorer(model, X, y, sensitive_features=groups)
    with pytest.warns(UndefinedMetricWarning, match="true_positive_rate"):
        equal_opportunity_scorer(model, X, y, sensitive_features=groups)


def test_scorer_errors(problem):
    X, y, groups = problem
    model = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match=r"enable_metadata_routing=True.*params="):
        cross_validate(model, X, y, scoring=equalized_odds_scorer, error_score="raise")
    three = LogisticRegression().fit(X, np.arange(len(y)) % 3)
    with pytest.raises(ValueError, match="fitted on 2 classes; got Logistic"):
        equalized_odds_scorer(three, X, y, sensitive_features=groups)
    with pytest.raises(ValueError, match=r"LinearRegression with the classes \[\]"):
        equalized_odds_scorer(
            LinearRegression().fit(X, y), X, y, sensitive_features=groups
        )


def test_rows_in_another_order_are_an_error(problem):
    X, y, groups = problem
    model = LogisticRegression().fit(X, y)
    shuffled = pd.Series(groups).sample(frac=1, random_state=0)
    with pytest.raises(ValueError, match="features has the index of X in another ord"):
        demographic_parity_scorer(
            model, pd.DataFrame(X), y, sensitive_features=shuffled
        )
