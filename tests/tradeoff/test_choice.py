"""Which lambda is chosen, and what is said of a choice of little use."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

from fairrep import MIDebiasedClassifierCV
from fairrep._tradeoff import cv as cv_module
from fairrep._tradeoff.choice import choose, no_use, within, words_of_choice

N_ROWS = 1000


def labels(**counts):
    return np.repeat([*counts], [*counts.values()])


Y = labels(no=880, yes=120)


def test_the_best_score_within_the_limit_else_the_smallest_limit():
    figures = pd.DataFrame({"score": [0.9, 0.8, 0.85], "gap_high": [0.3, 0.1, 0.2]})
    training_gaps = np.array([0.2, 0.1, 0.15])
    for max_gap, best in [(0.2, 2), (0.3, 0), (0.05, 1)]:
        assert choose(figures, within(figures, max_gap, training_gaps)) == best


def test_the_first_that_is_over_the_limit_ends_the_tests():
    """A gap that is small by luck, beyond larger ones, is not believed."""
    figures = pd.DataFrame({"gap_high": [0.04, 0.09, 0.05, 0.03]})
    falling = np.array([0.2, 0.1, 0.05, 0.01])
    assert within(figures, 0.06, falling).tolist() == [False, False, True, True]
    # Where the gap rises again, the tests begin at its smallest.
    bent = np.array([0.05, 0.2, 0.01, 0.1])
    assert within(figures, 0.06, bent).tolist() == [True, False, True, True]
    # Gaps that are alike, such as none of a constant: from the largest lambda on.
    even = np.zeros(4)
    assert within(figures, 0.045, even).tolist() == [False, False, False, True]
    assert not within(figures, 0.02, falling).any()


def test_a_choice_no_better_than_a_constant_is_of_no_use():
    predicted = np.roll(Y, 60)  # half of its "yes" are wrong
    seen = no_use(Y, predicted, by_accuracy=True)
    assert "its accuracy is 0.880, that of always predicting 'no' 0.880" in seen
    assert no_use(Y, predicted, by_accuracy=False) is None
    assert no_use(Y, np.roll(Y, 59), by_accuracy=True) is None
    assert "collapsed" in no_use(Y, labels(no=1000), by_accuracy=False)


def words(n_yes, max_gap, *, found=True, more_by_cv=True):
    """What is said where the last of four lambdas is chosen.

    The classifier at each predicts as many "yes" as `n_yes` says.
    """
    figures = pd.DataFrame(
        {
            "lambda_mi": [0.0, 1.0, 2.0, 4.0],
            "score": [0.95, 0.93, 0.91, 0.88],
            "gap": [0.3, 0.2, 0.1, 0.01],
            "gap_high": [0.4, 0.3, 0.201, 0.06],
        }
    )
    at = dict(zip(figures["lambda_mi"], n_yes, strict=True))

    def useless(lambda_mi):
        predicted = labels(no=N_ROWS - at[lambda_mi], yes=at[lambda_mi])
        return no_use(Y, predicted, by_accuracy=True)

    return words_of_choice(
        figures,
        3,
        useless,
        max_gap=max_gap,
        found=found,
        more_by_cv=more_by_cv,
    )


@pytest.mark.parametrize(
    ("n_yes", "advice"),
    [
        # Of those with a use, the one whose limit is the smallest.
        ([120, 100, 80, 0], "2 comes nearest to the limit: score 0.910, gap 0.100"),
        ([120, 100, 10, 0], "1 comes nearest to the limit: score 0.930, gap 0.200"),
        ([0, 0, 0, 0], "no lambda of the path does better; try class_weight"),
    ],
)
def test_a_useless_choice_comes_with_the_nearest_of_use(n_yes, advice):
    (sentence,) = words(n_yes, max_gap=0.08)
    assert advice in sentence


@pytest.mark.parametrize(
    ("more_by_cv", "max_gap", "ways"),
    [
        (True, 0.08, "(2) takes it, or ask for max_gap=0.21, or let more rows choose"),
        (False, 0.08, "set_lambda(2) takes it, or ask for max_gap=0.21."),
        (True, 0.5, "set_lambda(2) takes it."),  # it is within the limit
    ],
)
def test_the_ways_to_get_it(more_by_cv, max_gap, ways):
    (sentence,) = words([120, 100, 80, 0], max_gap, more_by_cv=more_by_cv)
    assert ways in sentence


def test_a_choice_of_use_is_not_told_of():
    assert words([120, 100, 80, 80], max_gap=0.08) == []


def test_beyond_a_collapse_no_larger_lambda_is_advised():
    none_is_fair, useless = words([120, 100, 80, 0], max_gap=0.05, found=False)
    assert "No lambda is shown to keep the gap within" in none_is_fair
    assert "try more" not in none_is_fair
    assert "has collapsed" in useless


def test_a_limit_that_was_not_tested_is_not_counted():
    (sentence,) = words([120, 100, 80, 80], max_gap=0.08, found=False)
    assert "It is not counted" in sentence


@pytest.mark.filterwarnings("ignore:The classifier has collapsed")
def test_a_warning_points_at_the_line_that_fits(biased, quick):
    X, y, s = biased
    clf = MIDebiasedClassifierCV(max_gap=0.0, lambdas=[0, 1], n_bootstrap=5, **quick)
    with pytest.warns(
        ConvergenceWarning, match="No lambda is shown to keep the gap"
    ) as caught:
        clf.fit(X, y, sensitive_features=s)
    assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.filterwarnings("ignore:.*collapsed at the lambda_mi chosen")
def test_a_collapse_of_the_net_of_all_rows_is_told(biased, quick, monkeypatch):
    """The nets of the folds are sound, and the rows that chose show nothing."""
    X, y, s = biased
    quick = {**quick, "lambdas": [0.0, 1.0, 2.0], "n_bootstrap": 5, "max_gap": 1.0}
    clf = MIDebiasedClassifierCV(cv=2, scoring=lambda clf, *_: clf.lambda_mi, **quick)

    def collapse_on(curve, X_fit, y_fit):  # from lambda 2 on there is one
        assert len(X_fit) == len(X)
        return lambda value: "it predicts 1 for 0.0% of them" if value >= 2 else None

    monkeypatch.setattr(cv_module, "collapse_on", collapse_on)
    sentence = (
        r"at lambda_mi=2 when fitted on all rows: it predicts 1 for 0\.0% .*training"
    )
    with pytest.warns(ConvergenceWarning, match=sentence) as caught:
        clf.fit(X, y, sensitive_features=s)
    (message,) = {str(w.message) for w in caught if "all rows" in str(w.message)}
    assert "set_lambda(1) takes the next smaller that has not" in message
