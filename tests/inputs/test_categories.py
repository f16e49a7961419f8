"""A value is the category that it equals, however it comes."""

import json
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import OneHotEncoder

from fairrep import MIDebiasedClassifier
from fairrep._inputs.categories import label_of
from fairrep._inputs.encoding import TableEncoder, table_state

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


# -- rare categories, keys and dates ---------------------------------------------


def words(*counts):
    """A column in which category i stands so many times."""
    values = [f"v{i:03}" for i in range(len(counts))]
    return pd.DataFrame({"c": np.repeat(values, counts)})


@pytest.mark.parametrize(
    ("params", "labels", "n_pooled"),
    [
        ({}, ["v000", "v001", "v003"], 12),  # 10 rows of many
        ({"min_frequency": 5}, ["v000", "v001", "v002", "v003"], 3),
        ({"min_frequency": 0.02}, ["v000", "v001"], 27),
        ({"min_frequency": None}, ["v000", "v001", "v002", "v003", "v004"], 0),
        ({"max_categories": 3}, ["v000", "v001"], 27),
        (
            {"min_frequency": None, "max_categories": 4},
            ["v000", "v001", "v003"],
            12,
        ),
        (
            {"min_frequency": None, "max_categories": None},
            [f"v{i:03}" for i in range(5)],
            0,
        ),
    ],
)
def test_rare_categories_are_pooled(params, labels, n_pooled):
    X = words(1000, 200, 9, 15, 3)
    encoder = TableEncoder(**params).fit(X)
    (category,) = encoder.columns_
    assert category.labels == labels
    assert category.pooled * len(X) == pytest.approx(n_pooled)
    x = encoder.transform(X)
    assert x.shape == (len(X), len(labels) + (n_pooled > 0))
    assert (x.sum(axis=1) == 1).all()
    # Those that fit never saw are as the rare ones, or of no category.
    new = encoder.transform(pd.DataFrame({"c": ["new"] * 3}))
    assert (new.sum(axis=1) == (n_pooled > 0)).all()


def test_pooling_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"c": rng.zipf(1.5, 3000).astype(str)})
    for limits in [
        {"min_frequency": 7},
        {"min_frequency": 0.01},
        {"max_categories": 9},
    ]:
        theirs = OneHotEncoder(
            sparse_output=False, handle_unknown="infrequent_if_exist", **limits
        ).fit(X)
        options = {"min_frequency": None, "max_categories": None} | limits
        ours = TableEncoder(**options).fit(X)
        new = pd.concat([X, pd.DataFrame({"c": ["new"]})])
        np.testing.assert_array_equal(ours.transform(new), theirs.transform(new))


def test_of_few_rows_a_category_is_a_hundredth():
    (category,) = TableEncoder().fit(words(10, 10, 5, 1)).columns_
    assert category.pooled == 0


def test_identifiers_take_no_memory():
    n_rows = 30_000
    X = pd.DataFrame(
        {"id": [f"k{i}" for i in range(n_rows)], "x": np.arange(n_rows) % 7}
    )
    with pytest.warns(UserWarning, match="'id' of X"):
        encoder = TableEncoder(64).fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # new identifiers are no news
        x = encoder.transform(X.assign(id=X["id"] + "a"))
    assert x.shape[1] < 20
    assert len(json.dumps(table_state(encoder))) < 2000  # and none of them is kept


KEYS = {
    "in order": np.cumsum(np.random.default_rng(0).integers(1, 1000, 200)),
    "shuffled": np.random.default_rng(0).permutation(200) + 7_000_000,
    "gaps": np.random.default_rng(0).choice(2000, 200, replace=False),
    "floats, as one is missing": np.append(np.arange(199.0), np.nan),
}
NO_KEYS = {
    "amounts": np.random.default_rng(0).integers(0, 3000, 200),
    "fractions": np.arange(200) + 0.5,
    "large amounts": np.random.default_rng(0).integers(0, 10**8, 200),
    "few": np.arange(99),
    "alternating": np.arange(200) % 2,
}


@pytest.mark.parametrize("values", KEYS.values(), ids=KEYS)
def test_integer_keys_are_named(values):
    with pytest.warns(
        UserWarning, match=r"Column 'nr' of X .*seems to number the rows"
    ):
        TableEncoder().fit(pd.DataFrame({"nr": values}))


@pytest.mark.parametrize("values", NO_KEYS.values(), ids=NO_KEYS)
def test_other_integers_are_not(values):
    TableEncoder().fit(pd.DataFrame({"nr": values}))


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%y", "%Y-%m-%dT%H:%M"])
def test_dates_as_text_are_named(form):
    days = pd.date_range("2024-01-01", periods=40).strftime(form)
    X = pd.DataFrame({"received": np.repeat(days, 5)})
    with pytest.warns(UserWarning, match=r"'received' of X holds dates as text, such"):
        TableEncoder().fit(X)
    TableEncoder().fit(X.replace({"received": {days[3]: "unknown"}}))


def test_a_cell_that_holds_a_list_names_its_column():
    X = pd.DataFrame({"tags": [["a"], ["b", "c"], None]})
    with pytest.raises(TypeError, match=r"'tags' of X holds a list in a cell, \['a'\]"):
        TableEncoder().fit(X)
