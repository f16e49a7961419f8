"""Which lambda is chosen, and what is said of a choice of little use."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

from fairrep import MIDebiasedClassifierCV, _cv
from fairrep._choice import choose, no_use, warn_of_choice

N_ROWS = 1000


def labels(**counts):
    return np.repeat([*counts], [*counts.values()])


Y = labels(no=880, yes=120)


def test_the_best_score_within_the_limit_else_the_smallest_limit():
    figures = pd.DataFrame({"score": [0.9, 0.8, 0.85], "gap_high": [0.3, 0.1, 0.2]})
    assert choose(figures, 0.2) == 2
    assert choose(figures, 0.05) == 1


def test_a_choice_no_better_than_a_constant_is_of_no_use():
    predicted = np.roll(Y, 60)  # half of its "yes" are wrong
    seen = no_use(Y, predicted, by_accuracy=True)
    assert "its accuracy is 0.880, that of always predicting 'no' 0.880" in seen
    assert no_use(Y, predicted, by_accuracy=False) is None
    assert no_use(Y, np.roll(Y, 59), by_accuracy=True) is None
    assert "collapsed" in no_use(Y, labels(no=1000), by_accuracy=False)


class Path:
    """Predicts as a row of `n_yes` says: ever fewer "yes", the larger lambda is."""

    def __init__(self, n_yes):
        self.n_yes = n_yes
        self._template = SimpleNamespace(_table=lambda X: X)

    def predict(self, X, lambda_mi):
        return labels(no=N_ROWS - self.n_yes[lambda_mi], yes=self.n_yes[lambda_mi])


def chosen(n_yes, max_gap, cv=None):
    """What a fit that chose the last of four lambdas hands over."""
    clf = MIDebiasedClassifierCV(max_gap=max_gap, cv=cv)
    clf.path_ = pd.DataFrame(
        {
            "lambda_mi": [0.0, 1.0, 2.0, 4.0],
            "score": [0.95, 0.93, 0.91, 0.88],
            "gap": [0.3, 0.2, 0.1, 0.01],
            "gap_high": [0.4, 0.3, 0.201, 0.06],
        }
    )
    clf.best_index_, clf.lambda_ = 3, 4.0
    path = Path(dict(zip(clf.path_["lambda_mi"], n_yes, strict=True)))
    return clf, [(path, np.zeros((N_ROWS, 1)), Y, None)]


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
    with pytest.warns(ConvergenceWarning, match=re.escape(advice)) as caught:
        warn_of_choice(*chosen(n_yes, max_gap=0.08))
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("cv", "max_gap", "ways"),
    [
        (None, 0.08, "(2) takes it, or ask for max_gap=0.21, or let more rows choose"),
        (3, 0.08, "set_lambda(2) takes it, or ask for max_gap=0.21."),
        (None, 0.5, "set_lambda(2) takes it."),  # it is within the limit
    ],
)
def test_the_ways_to_get_it(cv, max_gap, ways):
    with pytest.warns(ConvergenceWarning, match=re.escape(ways)):
        warn_of_choice(*chosen([120, 100, 80, 0], max_gap, cv))


def test_a_choice_of_use_is_not_told_of(recwarn):
    warn_of_choice(*chosen([120, 100, 80, 80], max_gap=0.08))
    assert not recwarn.list


def test_beyond_a_collapse_no_larger_lambda_is_advised():
    with pytest.warns(ConvergenceWarning) as caught:
        warn_of_choice(*chosen([120, 100, 80, 0], max_gap=0.05))
    none_is_fair, useless = (str(warning.message) for warning in caught)
    assert "No lambda keeps the gap within" in none_is_fair
    assert "try more" not in none_is_fair
    assert "has collapsed" in useless


@pytest.mark.filterwarnings("ignore:.*collapsed at the lambda_mi chosen")
def test_a_collapse_of_the_net_of_all_rows_is_told(biased, quick, monkeypatch):
    """The nets of the folds are sound, and the rows that chose show nothing."""
    X, y, s = biased
    quick = {**quick, "lambdas": [0.0, 1.0, 2.0], "n_bootstrap": 5, "max_gap": 1.0}
    clf = MIDebiasedClassifierCV(cv=2, scoring=lambda clf, *_: clf.lambda_mi, **quick)
    original = _cv.train_path

    def train_path(X_part, *args, **options):
        path = original(X_part, *args, **options)
        if len(X_part) == len(X):  # from lambda 2 on it predicts one class alone
            of_some_use = path.predict

            def predict(rows, lambda_mi):
                predicted = of_some_use(rows, lambda_mi)
                return np.zeros_like(predicted) if lambda_mi >= 2 else predicted

            path.predict = predict
        return path

    monkeypatch.setattr(_cv, "train_path", train_path)
    words = (
        r"at lambda_mi=2 when fitted on all rows: it predicts 1 for 0\.0% .*training"
    )
    with pytest.warns(ConvergenceWarning, match=words) as caught:
        clf.fit(X, y, sensitive_features=s)
    (message,) = {str(w.message) for w in caught if "all rows" in str(w.message)}
    assert "set_lambda(1) takes the next smaller that has not" in message
