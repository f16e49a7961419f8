"""What each criterion conditions on, compares and closes."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fairrep._problem.criterion import CRITERIA, GAPS
from fairrep._problem.task import classification_task, regression_task, task_of
from fairrep.metrics import fairness_report

Y = np.array(["no", "yes", "yes", "no", "yes"])
WEIGHT = np.array([1.0, 2, 3, 4, 5])


def test_demographic_parity_looks_at_all_rows_alike():
    stratum, n_strata, weight = CRITERIA["demographic_parity"].strata(
        classification_task(Y), WEIGHT
    )
    assert n_strata == 1
    assert_array_equal(stratum, np.zeros(5))
    assert_array_equal(weight, WEIGHT)


def test_equalized_odds_has_a_stratum_a_label():
    stratum, n_strata, weight = CRITERIA["equalized_odds"].strata(
        classification_task(Y), WEIGHT
    )
    assert n_strata == 2
    assert_array_equal(stratum, [0, 1, 1, 0, 1])
    assert_array_equal(weight, WEIGHT)


def test_equal_opportunity_counts_the_positives_alone():
    stratum, n_strata, weight = CRITERIA["equal_opportunity"].strata(
        classification_task(Y), WEIGHT
    )
    assert n_strata == 1
    assert_array_equal(stratum, np.zeros(5))
    assert_array_equal(weight, [0, 2, 3, 0, 5])


def test_equal_opportunity_needs_classes():
    task = regression_task(np.linspace(0, 1, 5))
    with pytest.raises(ValueError, match="needs class labels y; this is a regression"):
        CRITERIA["equal_opportunity"].strata(task, WEIGHT)


@pytest.mark.parametrize(("n_rows", "expected"), [(20, 2), (500, 5), (5000, 10)])
def test_equalized_odds_has_a_stratum_for_each_part_of_a_continuous_y(n_rows, expected):
    y = np.random.default_rng(0).exponential(size=n_rows)
    stratum, n_strata, _ = CRITERIA["equalized_odds"].strata(
        regression_task(y), np.ones(n_rows)
    )
    assert n_strata == expected
    assert np.ptp(np.bincount(stratum)) <= 1
    assert (np.diff(stratum[np.argsort(y)]) >= 0).all()


def test_parts_of_a_y_that_many_rows_share():
    y = np.repeat([0.0, 7.5], [900, 100])
    stratum, n_strata, _ = CRITERIA["equalized_odds"].strata(
        regression_task(y), np.ones(1000)
    )
    assert n_strata == 2
    assert_array_equal(stratum, y > 0)


def test_equal_opportunity_needs_two_classes():
    task = classification_task(np.array(["a", "b", "c", "a", "b"]))
    with pytest.raises(ValueError, match="needs a binary y; got 3 classes"):
        CRITERIA["equal_opportunity"].strata(task, WEIGHT)


@pytest.mark.parametrize("gap", GAPS)
def test_each_gap_is_a_figure_of_the_report(gap):
    report = fairness_report(
        [0, 1, 0, 1], [0, 1, 1, 1], sensitive_features=["f", "f", "m", "m"]
    )
    assert 0 <= getattr(report, gap) <= 1


WORDS = np.array(["denied", "approved", "approved", "denied", "approved"])


def test_the_positives_are_those_of_the_class_that_is_named():
    """Of Y as words whose alphabet has the wrong one last: the same rows count."""
    task = classification_task(WORDS, "approved")
    assert task.classes.tolist() == ["approved", "denied"]
    found = CRITERIA["equal_opportunity"].strata(task, WEIGHT)
    expected = CRITERIA["equal_opportunity"].strata(classification_task(Y), WEIGHT)
    for part, other in zip(found, expected, strict=True):
        assert_array_equal(part, other)
    _, _, weight = CRITERIA["equal_opportunity"].strata(
        classification_task(WORDS), WEIGHT
    )
    assert_array_equal(weight, [1, 0, 0, 4, 0])


def test_of_several_classes_the_one_named_is_compared_with_the_rest():
    task = classification_task(np.array(["a", "b", "c", "a", "b"]), "b")
    stratum, n_strata, _ = CRITERIA["equalized_odds"].strata(task, WEIGHT)
    assert n_strata == 2
    assert_array_equal(stratum, [0, 1, 0, 0, 1])
    _, _, weight = CRITERIA["equal_opportunity"].strata(task, WEIGHT)
    assert_array_equal(weight, [0, 2, 0, 0, 5])


def test_a_class_that_is_none():
    with pytest.raises(ValueError, match=r"is none of the labels \['approved', 'den"):
        classification_task(WORDS, "granted")
    with pytest.raises(ValueError, match="names a class of y; got a continuous y"):
        task_of(np.linspace(0, 1, 5), "granted")
