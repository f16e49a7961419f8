"""What counts as a collapse, and what is said of it."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from fairrep.metrics._collapse import (
    collapse_seen,
    telling_rows,
    warn_of_collapse,
    warn_of_collapse_at,
)


def labels(**counts):
    return np.repeat([*counts], [*counts.values()])


def test_rows_that_are_hardly_ever_predicted_are_named():
    y = labels(no=880, yes=120)
    predicted = labels(no=993, yes=7)
    assert collapse_seen(y, predicted) == (
        "it predicts 'yes' for 0.7% of the rows, where 12.0% are; its accuracy is "
        "0.887, that of always predicting 'no' 0.880"
    )


@pytest.mark.parametrize(
    ("y", "predicted"),
    [
        (labels(no=880, yes=120), labels(no=970, yes=30)),  # a cautious classifier
        (labels(no=880, yes=120), labels(no=500, yes=500)),
        (labels(no=97, yes=3), labels(no=100)),  # too few rows to say
        (labels(no=100), labels(no=100)),
        # Of several classes the rarest may go without.
        (labels(a=400, b=400, c=50), labels(a=450, b=400)),
    ],
)
def test_no_collapse(y, predicted):
    assert collapse_seen(y, predicted) is None


def test_of_several_classes_all_but_one_are_the_others():
    y = labels(a=400, b=300, c=300)
    seen = collapse_seen(y, labels(a=950, b=50))
    assert seen.startswith("it predicts other classes than 'a' for 5.0% of the rows")


def test_held_out_rows_count_where_there_are_enough():
    y = np.tile(labels(no=8, yes=2), 50)
    predicted = np.where(np.arange(500) < 250, y, "no")
    rows = telling_rows(y, np.arange(250, 500))
    assert rows.tolist() == [*range(250, 500)]
    with pytest.warns(ConvergenceWarning, match="'yes' for 0.0% of the rows"):
        warn_of_collapse(y[rows], predicted[rows])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_collapse(y[:250], predicted[:250])
    assert telling_rows(y, np.arange(490, 500)).tolist() == [*range(500)]


def test_at_lambda_0_y_itself_is_hard():
    with pytest.warns(ConvergenceWarning, match=r"at lambda_mi = 0, 2: seen \(at 0\)"):
        warn_of_collapse_at({0.0: "seen", 2.0: "more"})
    with pytest.warns(ConvergenceWarning, match="= 2: more.*a smaller lambda_mi"):
        warn_of_collapse_at({2.0: "more"})
