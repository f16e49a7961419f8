"""A value is the category that it equals, however it comes."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from fairrep import MIDebiasedClassifier
from fairrep._inputs.categories import label_of
from fairrep._inputs.encoding import TableEncoder

INTEGERS = [
    pd.Series([0, 1, 2, 1], dtype="category"),
    pd.Series(["0", "1", "2", "1"]),
    pd.Series([b"0", b"1", b"2", b"1"], dtype=object),
    pd.Series([0.0, 1.0, 2.0, 1.0]).astype("category"),
    pd.Series(["0.0", "1.0", "2.0", "1.0"], dtype=object),
]
OTHERS = [
    *INTEGERS,
    pd.Series([0, 1, 2, 1]),
    pd.Series([0.0, 1.0, 2.0, 1.0]),
    pd.Series([Decimal(0), Decimal(1), Decimal(2), Decimal(1)], dtype=object),
    pd.Series([0, 1, 2, 1], dtype="Int64"),
    pd.Series([0, 1, 2, 1], dtype="int64[pyarrow]"),
    pd.Series([0, 1, 2, 1], dtype="float32"),
]
BOOLEANS = [
    pd.Series([True, False, True]),
    pd.Series([1, 0, 1]),
    pd.Series([1.0, 0.0, 1.0]),
    pd.Series(["True", "False", "True"]),
    pd.Series(["true", "false", "true"]),
    pd.Series([True, False, True], dtype="boolean"),
    pd.Series([1, 0, 1], dtype="category"),
]


def encoded(fitted_on, column):
    encoder = TableEncoder().fit(fitted_on.to_frame("c"))
    return encoder.transform(column.to_frame("c"))


@pytest.mark.parametrize("fitted_on", INTEGERS, ids=lambda s: str(s.dtype))
@pytest.mark.parametrize("column", OTHERS, ids=lambda s: str(s.dtype))
def test_integers(fitted_on, column):
    expected = encoded(fitted_on, fitted_on)
    np.testing.assert_array_equal(encoded(fitted_on, column), expected)
    assert expected.sum() == 4  # each row is of a category that is known


@pytest.mark.parametrize("column", BOOLEANS, ids=lambda s: str(s.dtype))
def test_booleans(column):
    fitted_on = BOOLEANS[0]
    np.testing.assert_array_equal(
        encoded(fitted_on, column), encoded(fitted_on, fitted_on)
    )


@pytest.mark.parametrize(
    ("value", "known", "label"),
    [
        ("01", {"1"}, "01"),  # a code with a zero before it is no number
        ("1", {"01"}, "1"),
        (1, {"1", "1.0"}, "1"),
        ("1.0", {"1", "1.0"}, "1.0"),
        (2.5, {"2.5"}, "2.5"),
        (2, {"True"}, "2"),
        ("yes", {"True"}, "yes"),
        (float("inf"), {"1"}, "inf"),
    ],
)
def test_what_is_and_what_is_not_the_same(value, known, label):
    assert label_of(value, known) == label


@pytest.mark.filterwarnings("ignore:The classifier has collapsed")
@pytest.mark.parametrize("method", ["predict", "transform"])
def test_a_column_that_fit_never_saw_is_named(biased, quick, method):
    X, y, s = biased
    job = np.where(X[:, 0] > 0, "clerk", "nurse")
    frame = pd.DataFrame({"age": X[:, 1], "job": job})
    clf = MIDebiasedClassifier(**quick).fit(frame, y, sensitive_features=s)
    getattr(clf, method)(frame)
    other = frame.assign(job=[f"{name} " for name in job])
    with pytest.warns(UserWarning, match=r"'job' of X: 100% of .*were never seen"):
        getattr(clf, method)(other)
    getattr(clf, method)(other[:3])  # of three rows each may be a new one


def test_a_column_of_identifiers_is_named():
    X = pd.DataFrame({"id": [f"k{i}" for i in range(200)], "job": ["a", "b"] * 100})
    with pytest.warns(UserWarning, match="'id' of X has 200 different values in 200"):
        TableEncoder().fit(X)
    TableEncoder().fit(X[:99])  # of fewer rows it cannot be told
    TableEncoder().fit(X[["job"]])
