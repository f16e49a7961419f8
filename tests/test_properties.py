"""Whatever comes in, a result comes out, or an error of ours; whatever the container.

A few cases run with the suite, some thousand with `pytest -m slow`, and so many
times these as the environment variable FAIRREP_CASES says: 10 makes ten thousand.
"""

import os
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.exceptions import NotFittedError

from fairrep import MIDebiasedClassifier, MIFairTransformer, audit, certify
from fairrep.metrics import fairness_report

TIMES = int(os.environ.get("FAIRREP_CASES", "1"))
NAMED = (ValueError, TypeError, NotFittedError, FloatingPointError)
# A wrong type that Python itself complains of is no error of ours.
FOREIGN = ("unsupported operand", "object is not", "has no attribute", "'<' not supp")
FAST = {
    "max_epochs": 1,
    "hidden_layer_sizes": (4,),
    "critic_hidden_layer_sizes": (4,),
    "n_components": 2,
    "n_members": 1,
}

# -- values ------------------------------------------------------------------------

NUMBERS = st.floats(-1e3, 1e3) | st.integers(-5, 5)
ODD_NUMBERS = st.sampled_from(
    [np.nan, np.inf, -np.inf, 1e308, 1e-320, 2**62, Decimal("1.5"), np.float16(2), -0.0]
)
WORDS = st.sampled_from(
    ["a", "b", "A", " a", "", "1", "1.0", "True", "nan", "ü", "a, b"]
)
ODD = st.sampled_from(
    [None, pd.NA, pd.NaT, True, b"a", (1, 2), pd.Timestamp("2020"), 1j, "\ud800", [1]]
)
KINDS = [
    NUMBERS,
    st.integers(0, 1),
    st.integers(0, 3),
    WORDS,
    st.booleans(),
    NUMBERS | st.just(np.nan),
    WORDS | st.none(),
    NUMBERS | ODD_NUMBERS,
    WORDS | NUMBERS,
    NUMBERS | WORDS | ODD,
]
# The more ordinary, the more often, so that many cases come to a fit.
KIND = st.sampled_from([*KINDS[:5]] * 12 + [*KINDS[5:]])
DTYPES = [*[None] * 12, "category", "string", "float32", "Int64", "boolean"]


@st.composite
def columns(draw, n_rows):
    values = draw(st.lists(draw(KIND), min_size=n_rows, max_size=n_rows))
    column = pd.Series(values, dtype=object)
    dtype = draw(st.sampled_from(DTYPES))
    try:
        return column.infer_objects() if dtype is None else column.astype(dtype)
    except Exception:  # not to be had so: of pandas, before anything of ours
        return column


CONTAINERS = ["frame"] * 4 + ["array", "list", "polars", "sparse", "dict"]


def contained(frame, container):
    """The frame in another container; as it is, where that cannot hold it."""
    try:
        return {
            "frame": lambda: frame,
            "array": frame.to_numpy,
            "list": lambda: frame.to_numpy().tolist(),
            "polars": lambda: pl.from_pandas(frame.rename(columns=str)),
            "sparse": lambda: sparse.csr_matrix(frame.to_numpy(dtype=float)),
            "dict": lambda: {name: frame[name].tolist() for name in frame},
        }[container]()
    except Exception:
        return frame


@st.composite
def tables(draw, n_rows, n_columns=(1, 3)):
    n = draw(st.integers(*n_columns))
    frame = pd.DataFrame({f"c{i}": draw(columns(n_rows)) for i in range(n)})
    return contained(frame, draw(st.sampled_from(CONTAINERS)))


@st.composite
def vectors(draw, n_rows):
    column = draw(columns(n_rows))
    return draw(
        st.sampled_from([column, column.to_numpy(), column.tolist(), column.to_frame()])
    )


VALUES = {
    "lambda_mi": [0, 0.5, 3, 1e6, -1, np.nan, "1"],
    "criterion": ["equalized_odds", "equal_opportunity", "demographic_parity", "other"],
    "bottleneck": ["deterministic", "discrete", "gaussian"],
    "mi_estimator": ["auto", "mine", "contrastive", "enumerated"],
    "missing_sensitive": ["mask", "raise"],
    "sensitive_combination": ["separate", "crossed"],
    "class_weight": ["balanced", {0: 2}, {0: np.nan}, {"a": -1}],
    "n_codes": [2, 3, 1000, 0],
    "min_frequency": ["auto", None, 2, 0.1, 0, -1],
    "max_categories": [2, None, 1],
    "calibration_fraction": [0, 0.4, 0.6],
    "early_stopping": [True, False],
    "validation_fraction": [0, 0.5, 1],
    "batch_size": [1, "auto", 10**6],
    "numeric_embedding": [None],
}


@st.composite
def parameters(draw):
    """A few that differ from the defaults."""
    names = draw(st.lists(st.sampled_from([*VALUES]), max_size=3, unique=True))
    return {name: draw(st.sampled_from(VALUES[name])) for name in names}


def binary(n_rows):
    return st.lists(st.integers(0, 1), min_size=n_rows, max_size=n_rows)


@st.composite
def cases(draw):
    n_rows = draw(st.sampled_from([1, 2, 5, 20, *[40] * 8]))
    other = draw(st.sampled_from([n_rows] * 19 + [n_rows + 1]))
    weights = st.sampled_from([1, 2.5, 2.5, 0, 1e300, -1, np.nan])
    weight = draw(
        st.sampled_from([None] * 4 + [[1.0] * n_rows])
        | st.lists(weights, min_size=n_rows, max_size=n_rows)
    )
    return {
        "X": draw(tables(n_rows)),
        "y": draw(binary(n_rows) | binary(n_rows) | vectors(n_rows)),
        "s": draw(binary(other) | vectors(other) | tables(other, (1, 2))),
        "weight": weight,
    }


# -- what must hold -------------------------------------------------------------------


def outcome(function, *args, **kwargs):
    """The result, or None where it is an error of ours; any other error fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function(*args, **kwargs)
        except NAMED as error:
            text = str(error)
            assert text.strip(), "an error without a message"
            assert not any(foreign in text for foreign in FOREIGN), text
            return None


def classifier_comes_to_an_end(case, params):
    clf = MIDebiasedClassifier(**{**FAST, **params}, random_state=0)
    X, y, s = case["X"], case["y"], case["s"]
    fitted = outcome(clf.fit, X, y, sensitive_features=s, sample_weight=case["weight"])
    if fitted is None:
        assert not hasattr(clf, "classes_")  # and it is cleanly unfitted
        assert outcome(clf.predict, X) is None
        return
    assert np.isfinite(clf.predict_proba(X)).all()
    assert len(clf.transform(X)) == len(clf.predict(X))
    outcome(
        audit,
        clf,
        X,
        y,
        sensitive_features=s,
        leakage=False,
        missing="drop",
        n_bootstrap=20,
    )


def transformer_comes_to_an_end(case, params):
    transformer = MIFairTransformer(**{**FAST, **params}, random_state=0)
    y = case["y"] if case["weight"] is None else None
    z = outcome(transformer.fit_transform, case["X"], y, sensitive_features=case["s"])
    assert z is None or np.isfinite(z).all()


def report_comes_to_an_end(case, params):
    y, s = case["y"], case["s"]
    report = outcome(
        fairness_report, y, y, sensitive_features=s, sample_weight=case["weight"]
    )
    assert report is None or str(report)
    certificate = outcome(certify, y, s, confidence=params.get("lambda_mi", 0.9))
    certificate = outcome(certify, y, s, y=y) if certificate is None else certificate
    assert certificate is None or 0 <= certificate.demographic_parity <= 1


ENDS = [
    classifier_comes_to_an_end,
    transformer_comes_to_an_end,
    report_comes_to_an_end,
]


@st.composite
def plain_tables(draw, n_rows):
    kinds = st.sampled_from([st.floats(-9, 9, width=32), st.integers(0, 9), WORDS])
    n = draw(st.integers(1, 3))
    return pd.DataFrame(
        {
            f"c{i}": draw(st.lists(draw(kinds), min_size=n_rows, max_size=n_rows))
            for i in range(n)
        }
    )


def same_bits_in_another_container(X, s, container, container_of_s):
    y = np.resize([0, 1], len(X))
    results = []
    for table, sensitive in [
        (X, s.tolist()),
        (contained(X, container), containers_of(s)[container_of_s]),
    ]:
        clf = MIDebiasedClassifier(**FAST, random_state=0)
        fitted = outcome(clf.fit, table, y, sensitive_features=sensitive)
        results.append(None if fitted is None else clf.predict_proba(table))
    first, second = results
    assert (first is None) == (second is None)
    if first is not None:
        np.testing.assert_array_equal(first, second)


def containers_of(s):
    return [s, s.to_numpy(), s.to_frame("s"), pl.Series(s.tolist()), {"s": s.tolist()}]


QUICK = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[*HealthCheck],
)


@pytest.mark.parametrize("comes_to_an_end", ENDS)
def test_a_result_or_an_error_of_ours(comes_to_an_end):
    @QUICK
    @given(cases(), parameters())
    def holds(case, params):
        comes_to_an_end(case, params)

    holds()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("comes_to_an_end", "n"), [*zip(ENDS, [200, 300, 500], strict=True)]
)
def test_many_of_them(comes_to_an_end, n):
    @settings(QUICK, max_examples=n * TIMES)
    @given(cases(), parameters())
    def holds(case, params):
        comes_to_an_end(case, params)

    holds()


@st.composite
def twins(draw):
    n_rows = 40
    kinds = st.sampled_from([st.integers(0, 2), WORDS, st.booleans()])
    s = draw(st.lists(draw(kinds), min_size=n_rows, max_size=n_rows))
    container = st.sampled_from(["array", "list", "polars", "sparse"])
    return (
        draw(plain_tables(n_rows)),
        pd.Series(s),
        draw(container),
        draw(st.integers(0, 4)),
    )


@pytest.mark.parametrize("n", [8, pytest.param(60 * TIMES, marks=pytest.mark.slow)])
def test_the_same_rows_in_another_container_are_the_same_bits(n):
    @settings(QUICK, max_examples=n)
    @given(twins())
    def holds(case):
        same_bits_in_another_container(*case)

    holds()
