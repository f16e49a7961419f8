"""Gaps and scores on held-out rows, with their limits."""

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics as fairlearn_metrics
from numpy.testing import assert_allclose
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, get_scorer, make_scorer, roc_auc_score

from fairrep._inputs.groups import comparable_groups
from fairrep.metrics._gaps import (
    GAPS,
    Measured,
    check_cells,
    gap_interval,
    gap_value,
    labels_for_gap,
    mean_interval,
    score_interval,
)

LIMITS = {"confidence": 0.95, "n_bootstrap": 100, "seed": 0}


def rows(n=400, n_classes=2, n_groups=3, seed=0):
    rng = np.random.default_rng(seed)
    y_true, y_pred = rng.integers(n_classes, size=(2, n))
    groups = pd.DataFrame({"group": rng.integers(n_groups, size=n).astype(str)})
    return y_true, y_pred, groups


@pytest.mark.parametrize("gap", sorted(GAPS))
def test_gaps_are_those_of_fairlearn(gap):
    y_true, y_pred, groups = rows()
    theirs = getattr(fairlearn_metrics, gap)
    expected = theirs(y_true, y_pred, sensitive_features=groups)
    assert_allclose(gap_value(gap, y_true, y_pred, groups), expected, atol=1e-12)
    assert_allclose(gap_value(theirs, y_true, y_pred, groups), expected, atol=1e-12)


@pytest.mark.parametrize("gap", sorted(GAPS))
def test_several_classes_count_one_by_one(gap):
    y_true, y_pred, groups = rows(n_classes=3)
    theirs = getattr(fairlearn_metrics, gap)
    each = [
        theirs(y_true == c, y_pred == c, sensitive_features=groups) for c in range(3)
    ]
    assert_allclose(gap_value(gap, y_true, y_pred, groups), max(each), atol=1e-12)


def test_columns_are_crossed_and_rows_without_a_group_left_out():
    y_true, y_pred, groups = rows()
    groups["other"] = np.arange(len(groups)) % 2
    groups.loc[:9, "group"] = None
    known = groups[10:]
    crossed = known["group"] + known["other"].astype(str)
    expected = fairlearn_metrics.demographic_parity_difference(
        y_true[10:], y_pred[10:], sensitive_features=crossed
    )
    value = gap_value("demographic_parity_difference", y_true, y_pred, groups)
    assert_allclose(value, expected, atol=1e-12)


@pytest.mark.parametrize("true_gap", [0.0, 0.1])
def test_upper_limit_holds(true_gap):
    """At least as often as it says, but for the noise of 200 draws."""
    rng = np.random.default_rng(0)
    group = pd.DataFrame({"s": np.arange(800) % 2})
    held = 0
    for _ in range(200):
        y_pred = rng.uniform(size=800) < 0.3 + true_gap * group["s"].to_numpy()
        interval = gap_interval(
            "demographic_parity_difference", y_pred, y_pred, group, **LIMITS
        )
        held += interval.high >= true_gap
    assert held / 200 >= 0.92


def test_limits_of_a_callable_enclose_its_value():
    y_true, y_pred, groups = rows()

    def gap(y_true, y_pred, *, sensitive_features):
        return fairlearn_metrics.equalized_odds_difference(
            y_true, y_pred, sensitive_features=sensitive_features
        )

    ours = gap_interval("equalized_odds_difference", y_true, y_pred, groups, **LIMITS)
    theirs = gap_interval(gap, y_true, y_pred, groups, **LIMITS)
    assert_allclose(theirs.value, ours.value, atol=1e-12)
    assert theirs.low <= theirs.value <= theirs.high
    assert theirs.high >= ours.high - 0.1


def test_limits_of_a_score_are_those_of_resampled_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    y = (X[:, 0] + rng.normal(size=300) > 0).astype(int)
    clf = LogisticRegression().fit(X, y)
    cached = score_interval(get_scorer("roc_auc"), clf, X, y, **LIMITS)

    def scorer(estimator, X, y):
        return roc_auc_score(y, estimator.predict_proba(X)[:, 1])

    called = score_interval(scorer, clf, X, y, **LIMITS)
    for name in ("value", "low", "high"):
        assert_allclose(getattr(cached, name), getattr(called, name), rtol=1e-12)
    assert 0.02 < cached.high - cached.low < 0.2
    own = make_scorer(lambda a, b: (a == b).mean(), response_method="predict")
    assert score_interval(own, clf, X, y, **LIMITS).value == clf.score(X, y)
    logits = make_scorer(roc_auc_score, response_method="decision_function")
    assert_allclose(score_interval(logits, clf, X, y, **LIMITS).low, cached.low)


@pytest.mark.parametrize("n_rows", [60, 1000])
def test_limits_of_accuracy_are_those_of_resampled_rows(n_rows):
    """They are Wilson's; those of a scorer of one's own are drawn row by row."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 2))
    y = np.where(X[:, 0] + rng.normal(size=n_rows) > 0.5, "yes", "no")
    clf = LogisticRegression().fit(X, y)
    limits = {**LIMITS, "n_bootstrap": 1500}
    wilson = score_interval(get_scorer("accuracy"), clf, X, y, **limits)
    own = make_scorer(lambda a, b: (a == b).mean(), response_method="predict")
    by_row = score_interval(own, clf, X, y, **limits)
    assert wilson.value == by_row.value == clf.score(X, y)
    step = 1 / n_rows + 0.004  # a row, and how a quantile of 1500 draws varies
    assert_allclose(wilson.low, by_row.low, atol=step)
    assert_allclose(wilson.high, by_row.high, atol=step)
    assert wilson.high - wilson.low > 5 / n_rows


def test_scorers_that_only_resemble_accuracy_take_the_general_route():
    """Wilson's limits are those of the share of hits, and of nothing made of it."""
    y_true, X, _ = rows()
    clf = DummyClassifier(strategy="most_frequent").fit(X[:, None], y_true)
    loss = make_scorer(accuracy_score, greater_is_better=False)
    counted = make_scorer(accuracy_score, normalize=False)
    for scorer, factor in [(loss, -1), (counted, len(X))]:
        found = score_interval(scorer, clf, X[:, None], y_true, **LIMITS)
        share = (clf.predict(X[:, None]) == y_true).mean()
        assert_allclose(found.value, factor * share)
        reach = 1.645 * np.sqrt(share * (1 - share) / len(X))
        low, high = sorted([found.low / factor, found.high / factor])
        assert_allclose([low, high], [share - reach, share + reach], atol=0.02)


@pytest.mark.parametrize("scoring", ["accuracy", "of one's own"])
def test_limits_of_a_constant_classifier_hold(scoring):
    """What varies is how many rows are of its class: each limit holds at 95 %."""

    def own(estimator, X, y):
        return (y == 0).mean()

    scorer = get_scorer("accuracy") if scoring == "accuracy" else own
    X = np.zeros((357, 1))
    clf = DummyClassifier(strategy="constant", constant=0).fit(X, np.arange(357) % 2)
    rng = np.random.default_rng(0)
    below, above, width = [], [], []
    for _ in range(100):
        y = (rng.uniform(size=357) < 0.12).astype(int)
        found = score_interval(scorer, clf, X, y, **LIMITS)
        below.append(found.low <= 0.88)
        above.append(found.high >= 0.88)
        width.append(found.high - found.low)
    # Of 100 samples, less two standard errors.
    assert min(np.mean(below), np.mean(above)) >= 0.95 - 0.044
    assert_allclose(np.mean(width), 2 * 1.645 * np.sqrt(0.12 * 0.88 / 357), rtol=0.1)


def test_a_class_of_one_row_is_never_left_out():
    X = np.linspace(0, 1, 30)[:, None]
    y = (np.arange(30) == 29).astype(int)
    clf = LogisticRegression().fit(X, y)
    found = score_interval(get_scorer("roc_auc"), clf, X, y, **LIMITS)
    assert_allclose([found.low, found.high], 1.0)


def test_mean_over_splits():
    splits = [Measured(0.1, 0.06, 0.16), Measured(0.3, 0.26, 0.36)]
    mean = mean_interval(splits, overlap=1)
    assert_allclose(mean.value, 0.2)
    assert_allclose(mean.low, 0.2 - 0.04 / np.sqrt(2))
    assert_allclose(mean.high, 0.2 + 0.06 / np.sqrt(2))
    # The same rows twice are no more rows.
    assert_allclose(mean_interval(splits, overlap=2).high, 0.26)


def test_callables_get_the_positive_class_as_one():
    y = np.array(["no", "yes", "yes"])
    assert labels_for_gap(y, "yes").tolist() == [0, 1, 1]
    assert labels_for_gap(y, "no").tolist() == [1, 0, 0]
    assert labels_for_gap(y, None) is y


def test_tied_numbers_become_two_groups():
    zeros = np.where(np.arange(100) < 80, 0.0, np.arange(100))
    groups = comparable_groups(zeros, 100)
    assert groups.iloc[:, 0].value_counts().to_dict() == {"up to 0": 80, "above 0": 20}


def test_a_column_named_label_is_a_column():
    groups = pd.DataFrame({"label": ["a"] * 50 + ["b"] * 50})
    y = np.arange(100) % 2
    held = np.flatnonzero((groups["label"] == "a") | (y == 0))
    with pytest.raises(ValueError, match="is of label=b, label=1"):
        check_cells("equalized_odds_difference", y, groups, held, 1)


def test_continuous_columns_become_quartiles():
    frame = pd.DataFrame({"age": np.arange(100.0), "sex": ["f", "m"] * 50})
    groups = comparable_groups(frame, 100)
    assert groups["age"].nunique() == 4
    assert groups["age"].value_counts().tolist() == [25] * 4
    assert set(groups["sex"]) == {"f", "m"}


@pytest.mark.parametrize(
    ("gap", "message"),
    [
        ("demographic_parity_difference", "held-out rows is of group=c \\(10 of all"),
        ("equalized_odds_difference", "is of group=a, label=1 \\(20 of all"),
        ("equal_opportunity_difference", "is of group=a, label=1 \\(20 of all"),
    ],
)
def test_cells_without_held_out_rows_are_named(gap, message):
    groups = pd.DataFrame({"group": ["a"] * 45 + ["b"] * 45 + ["c"] * 10})
    y = np.array(([0] * 25 + [1] * 20) * 2 + [0, 1] * 5)
    held = np.arange(100)
    if gap == "demographic_parity_difference":
        held = held[:90]
    else:
        held = np.flatnonzero((groups["group"] != "a") | (y == 0))
    check_cells(gap, y, groups, np.arange(100), 1)
    with pytest.raises(ValueError, match=message):
        check_cells(gap, y, groups, held, 1)
