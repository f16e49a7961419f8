"""Values and containers of every kind give a result, or an error that names them."""

import enum

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.ensemble import HistGradientBoostingClassifier

import fairrep
from fairrep import MIDebiasedClassifier, MIFairTransformer, audit, certify
from fairrep.metrics import fairness_report

pytestmark = pytest.mark.filterwarnings(
    "ignore:The classifier has collapsed", "ignore:.* was fitted on about"
)
N = 200
RNG = np.random.default_rng(0)
X = pd.DataFrame({"a": RNG.normal(size=N), "b": np.resize(["x", "y", "z"], N)})
Y = (X["a"] + RNG.normal(size=N) > 0).astype(int).to_numpy()
S = np.resize(["f", "m", "m"], N)
SHUFFLED = RNG.permutation(N)


class Color(enum.Enum):
    RED = 1
    BLUE = 2


def fit(X=X, y=Y, S=S, weight=None, **params):
    clf = MIDebiasedClassifier(**{"max_epochs": 2, "random_state": 0} | params)
    return clf.fit(X, y, sensitive_features=S, sample_weight=weight)


def objects(*values):
    return pd.Series([*values] * (N // len(values)), dtype=object)


UNFIT = {
    "class weight NaN": (
        {"class_weight": {0: np.nan, 1: 1}},
        "class_weight has nan for the class 0; expected a finite number",
    ),
    "class weight None": (
        {"class_weight": {0: None, 1: 1}},
        "class_weight has None for the class 0",
    ),
    "class weights zero": (
        {"class_weight": {0: 0, 1: 0}},
        "class_weight={0: 0, 1: 0} leaves no row a weight above 0",
    ),
    "class weight negative": (
        {"class_weight": {0: -1, 1: 1}},
        "has -1 for the class 0",
    ),
    "weights too large": (
        {"weight": np.full(N, 1e308)},
        r"sample_weight is 1e\+308 for a row.* Only their ratios count",
    ),
    "weights shuffled": (
        {
            "X": X.set_axis(SHUFFLED),
            "weight": pd.Series(1.0, index=SHUFFLED).sort_index(),
        },
        "sample_weight has the index of X in another order",
    ),
    "S in a dict, shuffled": (
        {
            "X": X.set_axis(SHUFFLED),
            "S": {"sex": pd.Series(S, index=SHUFFLED).sort_index()},
        },
        r"sensitive_features\['sex'\] has the index of X in another order",
    ),
    "S complex": ({"S": RNG.integers(0, 2, N) + 1j}, "holds complex numbers"),
    "S sparse": (
        {"S": sparse.csr_matrix(RNG.integers(0, 2, (N, 1)))},
        "sensitive_features is sparse; expected dense columns",
    ),
    "S lists": ({"S": objects([1], [2])}, r"holds a list in a cell, \[1\]"),
    "S 1 and '1'": (
        {"S": objects(1, "1")},
        "two groups that are both written '1': one is a int, one a str",
    ),
    "S no Unicode": ({"S": objects("\ud800", "b")}, "which is no valid Unicode"),
    "X no Unicode": (
        {"X": X.assign(c=objects("\ud800", "b"))},
        "Column 'c' of X holds text that is no valid Unicode",
    ),
    "X dicts": ({"X": X.assign(c=objects({1: 2}))}, "'c' of X holds a dict in a cell"),
    "y of two kinds": (
        {"y": objects(1, "a").to_numpy()},
        "y holds labels of two kinds, such as 1 and 'a'; expected one",
    ),
    "callbacks": (
        {"callbacks": [1]},
        "callbacks must hold callbacks of skorch.* got 1",
    ),
    "sizes": (
        {"hidden_layer_sizes": ["a"]},
        "hidden_layer_sizes must hold integers of at least 1",
    ),
    "mps": ({"device": "mps"}, "of a kind that fairrep does not compute on; expected"),
    "meta": ({"device": "meta"}, "of a kind that fairrep does not compute on"),
}


@pytest.mark.parametrize(("params", "message"), UNFIT.values(), ids=UNFIT)
def test_what_is_unfit_is_named(params, message):
    with pytest.raises((ValueError, TypeError), match=message):
        fit(**params)


SENSITIVE = {
    "periods": pd.Series(pd.period_range("2020", periods=2, freq="M")).repeat(N // 2),
    "enum": [Color.RED, Color.BLUE] * (N // 2),
    "big-endian": np.resize([0, 1, 1], N).astype(">i4"),
    "float16": RNG.normal(size=N).astype("float16"),
    "intervals": pd.cut(X["a"], 3),
    "text and numbers": objects("a", 1.5),
    "tuples of names": pd.DataFrame({("p", "sex"): S}),
    "levels": pd.DataFrame(
        {"u": S, "v": S[::-1]},
    ).set_axis(pd.MultiIndex.from_tuples([("p", "u"), ("p", "v")]), axis=1),
}


@pytest.mark.parametrize("sensitive", SENSITIVE.values(), ids=SENSITIVE)
def test_kinds_of_sensitive_features(sensitive, tmp_path):
    if isinstance(sensitive, pd.Series):
        sensitive = sensitive.reset_index(drop=True)
    clf = fit(S=sensitive)
    clf.save(tmp_path)
    np.testing.assert_array_equal(fairrep.load(tmp_path).predict(X), clf.predict(X))
    assert "By" in str(audit(clf, X, Y, sensitive_features=sensitive, leakage=False))
    if sensitive is not SENSITIVE["float16"]:
        assert "by" in str(fairness_report(Y, Y, sensitive_features=sensitive))


LEVELS = X.set_axis(pd.MultiIndex.from_tuples([("p", "a"), ("p", "b")]), axis=1)
TABLES = {
    "levels": (LEVELS, X),
    "big-endian frame": (X.assign(a=X["a"].to_numpy().astype(">f8")), X),
    "big-endian array": (X[["a"]].to_numpy().astype(">f8"), X[["a"]].to_numpy()),
    "enum": (
        X.assign(b=objects(*Color)),
        X.assign(b=objects("Color.RED", "Color.BLUE")),
    ),
}


@pytest.mark.parametrize(("table", "same"), TABLES.values(), ids=TABLES)
def test_kinds_of_tables(table, same):
    clf = fit(table)
    np.testing.assert_array_equal(
        clf.predict_proba(table), fit(same).predict_proba(same)
    )
    audit(clf, table, Y, sensitive_features=S, leakage=False, random_state=0)


def test_categories_of_polars_reach_an_estimator_as_categories():
    frame = pl.DataFrame({"a": X["a"].to_numpy(), "b": X["b"].to_list()})
    frame = frame.with_columns(pl.col("b").cast(pl.Categorical))
    trees = HistGradientBoostingClassifier(categorical_features="from_dtype")
    expected = fit(X.astype({"b": "category"}), estimator=trees)
    np.testing.assert_array_equal(
        fit(frame, estimator=trees).predict_proba(frame),
        expected.predict_proba(X.astype({"b": "category"})),
    )


@pytest.mark.slow
@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_containers_that_transformers_are_set_to_put_out(container, tmp_path):
    age = RNG.normal(size=N)  # continuous
    expected = fit(S=age).predict_proba(X)
    with config_context(transform_output=container):
        clf = fit(S=age)
        np.testing.assert_array_equal(clf.predict_proba(X), expected)
        clf.save(tmp_path)
        np.testing.assert_array_equal(fairrep.load(tmp_path).predict_proba(X), expected)
        audit(clf, X, Y, sensitive_features=S, random_state=0)
        transformer = MIFairTransformer(max_epochs=2, random_state=0)
        z = transformer.fit_transform(X, Y, sensitive_features=S)
    assert type(z).__module__.startswith(container)


# -- certificates ----------------------------------------------------------------


def test_codes_that_tell_all():
    certificate = certify(range(12), ["f", "m"] * 6)
    assert certificate.demographic_parity == certificate.attacker_auc == 1


@pytest.mark.parametrize("size", [6, 10])
def test_few_rows_of_three_groups(size):
    rng = np.random.default_rng(0)
    for _ in range(100):
        codes = rng.integers(0, 3, 3 * size)
        certificate = certify(codes, np.repeat([0, 1, 2], size))
        assert certificate.attacker_auc <= 1


@pytest.mark.parametrize("confidence", [None, "0.9", np.nan, 1, 0])
def test_confidence_that_is_none(confidence):
    with pytest.raises(ValueError, match=r"confidence must be in \(0.5, 1\); got"):
        certify([0, 1] * 50, ["f", "m"] * 50, confidence=confidence)


def test_confidence_of_float32_is_a_number():
    certificate = certify(
        [0, 1] * 50, ["f", "f", "m", "m"] * 25, confidence=np.float32(0.9)
    )
    assert type(certificate.confidence) is float


def test_shuffled_groups_are_told_of():
    codes = pd.Series(RNG.integers(0, 2, N), index=SHUFFLED)
    with pytest.raises(ValueError, match="_features has the index of codes in"):
        certify(codes, pd.Series(S, index=SHUFFLED).sort_index())
