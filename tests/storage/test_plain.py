"""Values go through JSON and come back the same, type and all."""

import datetime
import json

import numpy as np
import pandas as pd
import pytest
import torch

from fairrep._storage.plain import from_plain, to_plain


def through_json(value):
    text = json.dumps(to_plain(value, "the value"), allow_nan=False)
    return from_plain(json.loads(text))


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -(2**70),
        0.1 + 0.2,
        5e-324,
        float("inf"),
        -float("inf"),
        "$tuple",
        "zwölf \u2028 \N{SNOWMAN}",
        [1, [2.0, "3"], None],
        (1, (2, [3])),
        {"balanced": 1.0},
        {0: 1.0, "0": 2.0, (1, None): 3.0, True: 4.0},
        {"$float": "nan"},
        torch.device("cuda:1"),
        pd.Interval(0, 25.5, closed="left"),
        pd.Timestamp("2024-02-29 12:30"),
    ],
)
def test_comes_back(value):
    again = through_json(value)
    assert again == value
    assert type(again) is type(value)


def test_nan_comes_back():
    assert np.isnan(through_json(float("nan")))


@pytest.mark.parametrize(
    "value",
    [np.float32(0.1), np.int8(-3), np.bool_(True), np.datetime64("2024-02-29", "ns")],
)
def test_scalars_of_numpy_come_back(value):
    again = through_json(value)
    assert again == value
    assert again.dtype == value.dtype


@pytest.mark.parametrize(
    "array",
    [
        np.array([0.1, np.nan, -np.inf]),
        np.array([[1, 2], [3, 4]], dtype=np.int16),
        np.empty((0, 3), dtype=np.float32),
        np.array([True, False]),
        np.array(["no", "yes"]),
        np.array(["a", 1, 2.5, None, True, (1, 2)], dtype=object),
        np.array(2.0),
        np.array(["2024-02-29T12:30", "NaT"], dtype="datetime64[ns]"),
        np.array(["2024-02-29"], dtype="datetime64[D]"),
        np.array([[90, 1]], dtype="timedelta64[s]"),
        pd.cut(pd.Series([1, 30, 70]), [0, 25, 50, 100]).astype(object).to_numpy(),
    ],
)
def test_arrays_come_back(array):
    again = through_json(array)
    assert again.dtype == array.dtype
    assert again.shape == array.shape
    np.testing.assert_array_equal(again, array)


@pytest.mark.parametrize(
    "value",
    [
        np.random.RandomState(0),
        len,
        {"a": object()},
        [datetime.date(2024, 1, 1)],
        np.array([1j]),
        pd.Timestamp("2024-01-01", tz="UTC"),
        b"bytes",
    ],
)
def test_what_json_cannot_hold_is_named(value):
    with pytest.raises(ValueError, match=r"^The parameter x holds .*JSON cannot hold"):
        to_plain(value, "The parameter x")


@pytest.mark.parametrize("plain", [{"$run": "code"}, {"$tuple": [], "$float": "1"}])
def test_unknown_kinds_are_refused(plain):
    with pytest.raises(ValueError, match="expected one of"):
        from_plain(plain)
