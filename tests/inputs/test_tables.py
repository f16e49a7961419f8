"""Tables as users have them: what becomes of each kind of column, and which fail."""

import datetime
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import StandardScaler

from fairrep._inputs.encoding import TableEncoder
from fairrep._inputs.labels import read_target
from fairrep._inputs.splits import cells, hold_out
from fairrep._inputs.tables import as_pandas, check_row_order, read_table
from fairrep.nn._lookup import Features

NAN = np.nan


def encode(fit, transform=None):
    """The table encoded by an encoder fitted on it, or on another one."""
    fit = as_pandas(fit)
    transform = fit if transform is None else as_pandas(transform)
    return TableEncoder().fit(fit).transform(transform)


def series(values, dtype=None):
    return pd.DataFrame({"a": pd.Series(values, dtype=dtype)})


def one_hot(labels):
    """Columns in the order of the sorted labels, a missing one last."""
    names = sorted({label for label in labels if label is not None})
    names += [None] * (None in labels)
    return [[label == name for name in names] for label in labels]


# -- numbers -------------------------------------------------------------------

NUMBERS = {
    "int": ([1, 2, 3, 6], None),
    "float32": ([1, 2, 3, 6], "float32"),
    "uint8": ([1, 2, 3, 6], "uint8"),
    "Int64": ([1, 2, 3, 6], "Int64"),
    "Float64": ([1, 2, 3, 6], "Float64"),
    "object": ([1, 2.0, 3, 6], "object"),
}


@pytest.mark.parametrize(("values", "dtype"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_are_standardised(values, dtype):
    x = encode(series(values, dtype))
    expected = (np.array(values) - 3) / np.std(values)
    assert x.dtype == np.float32
    assert x.flags.c_contiguous
    assert_allclose(x, expected[:, None], rtol=1e-6)


MISSING_NUMBERS = {
    "float NaN": ([1, NAN, 3], "float64"),
    "Int64 NA": ([1, pd.NA, 3], "Int64"),
    "Float64 NA": ([1, pd.NA, 3], "Float64"),
    "object None": ([1, None, 3], "object"),
    "object NaN": ([1, NAN, 3], "object"),
    "object NA": ([1, pd.NA, 3], "object"),
}


@pytest.mark.parametrize(
    ("values", "dtype"), MISSING_NUMBERS.values(), ids=MISSING_NUMBERS
)
def test_missing_numbers_are_the_mean_and_flagged(values, dtype):
    """A column of numbers stays one, however its missing values are written."""
    x = encode(series(values, dtype))
    assert_allclose(x, [[-1, 0], [0, 1], [1, 0]])
    # With and without missing values, and in whatever dtype, later on.
    assert_allclose(encode(series(values, dtype), series([3.0, NAN])), [[1, 0], [0, 1]])


def test_missing_number_in_a_column_that_had_none():
    assert_allclose(encode(series([1.0, 2, 3]), series([NAN, 2.0])), [[0], [0]])


ALL_MISSING = {
    "float": ([NAN, NAN], "float64"),
    "Int64": ([pd.NA, pd.NA], "Int64"),
    "object": ([None, None], "object"),
    "string": ([pd.NA, pd.NA], "string"),
    "boolean": ([pd.NA, pd.NA], "boolean"),
    "category": ([None, None], "category"),
}


@pytest.mark.parametrize(("values", "dtype"), ALL_MISSING.values(), ids=ALL_MISSING)
def test_a_column_without_any_value_tells_nothing(values, dtype):
    frame = series(values, dtype).assign(b=[1.0, 3.0])
    x = encode(frame)
    assert np.isfinite(x).all()
    assert len(np.unique(x, axis=0)) == 2
    assert (np.ptp(x, axis=0) > 0).sum() == 1
    again = series([5, None], "object").assign(b=[1.0, 3.0])
    assert np.isfinite(encode(frame, again)).all()


def test_constant_columns():
    frame = pd.DataFrame({"a": [7.0, 7.0, 7.0], "b": ["x", "x", "x"]})
    assert_array_equal(encode(frame), [[0, 1]] * 3)


@pytest.mark.parametrize("infinity", [np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float64", "Float64", "float32"])
def test_infinity(infinity, dtype):
    frame = pd.DataFrame({"a": [1.0, 2.0], "income": [0.5, 0.7]}).astype(dtype)
    encoder = TableEncoder().fit(frame)
    frame.loc[1, "income"] = infinity
    for method in (encoder.transform, TableEncoder().fit):
        with pytest.raises(ValueError, match="'income' of X contains infinity"):
            method(frame)


def test_number_beyond_float32():
    """What standardises to more than float32 holds must not reach the network."""
    encoder = TableEncoder().fit(series([1.0, 2.0, 3.0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            x = encoder.transform(series([1e60]))
        except ValueError as error:
            assert "'a'" in str(error)  # noqa: PT017
        else:
            assert np.isfinite(x).all()


NO_NUMBERS = {
    "strings": (["1", "two"], None),
    "categories": (["x", "y"], "category"),
    "objects": ([1.0, "x"], "object"),
    "dates": (pd.to_datetime(["2020-01-01", "2021-01-01"]), None),
}


@pytest.mark.parametrize(("values", "dtype"), NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_numbers_that_turn_into_something_else(values, dtype):
    encoder = TableEncoder().fit(series([1.0, 2.0]))
    with pytest.raises((TypeError, ValueError), match="Column 'a' of X"):
        encoder.transform(series(values, dtype))


def test_message_on_numbers_that_turn_into_strings():
    encoder = TableEncoder().fit(series([1.0, 2.0]))
    with pytest.raises(ValueError, match=r"was numeric in fit; .* no numbers \(dtype"):
        encoder.transform(series(["1", "two"]))


# -- categories ----------------------------------------------------------------

LABELS = {
    "str": (["b", "a", "b", "c"], "str"),
    "object": (["b", "a", "b", "c"], "object"),
    "string": (["b", "a", "b", "c"], "string"),
    "category": (["b", "a", "b", "c"], "category"),
    "unused category": (
        ["b", "a", "b", "c"],
        pd.CategoricalDtype(["z", "c", "b", "a"], ordered=True),
    ),
    "bool": ([True, False, True, True], "bool"),
    "boolean": ([True, False, True, True], "boolean"),
    "object bool": ([True, False, True, True], "object"),
    "int category": ([3, 1, 3, 2], "category"),
}


@pytest.mark.parametrize(("values", "dtype"), LABELS.values(), ids=LABELS)
def test_categories_are_one_hot(values, dtype):
    assert_array_equal(encode(series(values, dtype)), one_hot(values))


MISSING_LABELS = {
    "str NaN": (["b", NAN, "a"], "str"),
    "object None": (["b", None, "a"], "object"),
    "object NaN": (["b", NAN, "a"], "object"),
    "object NA": (["b", pd.NA, "a"], "object"),
    "object NaT": (["b", pd.NaT, "a"], "object"),
    "string NA": (["b", pd.NA, "a"], "string"),
    "category": (["b", None, "a"], "category"),
    "boolean NA": ([True, pd.NA, False], "boolean"),
    "object bool": ([True, None, False], "object"),
    "object bool NA": ([True, pd.NA, False], "object"),
}


@pytest.mark.parametrize(
    ("values", "dtype"), MISSING_LABELS.values(), ids=MISSING_LABELS
)
def test_missing_categories_are_a_category(values, dtype):
    expected = [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
    assert_array_equal(encode(series(values, dtype)), expected)


def test_different_missing_values_are_the_same():
    x = encode(series(["b", None, NAN, pd.NA], "object"))
    assert_array_equal(x, [[1, 0], [0, 1], [0, 1], [0, 1]])


def test_string_nan_is_no_missing_value():
    assert_array_equal(encode(series(["nan", None], "object")), [[1, 0], [0, 1]])


def test_unknown_categories_are_all_zero():
    frame = series(["a", "b", "a"])
    assert_array_equal(encode(frame, series(["b", "c"])), [[0, 1], [0, 0]])
    # Missing ones, too, where fit saw none missing.
    assert_array_equal(encode(frame, series(["b", None])), [[0, 1], [0, 0]])


def test_dtype_of_the_same_categories_may_change():
    expected = [[0, 1], [1, 0]]
    for fit, later in [
        (series(["a", "b"]), series(["b", "a"], "category")),
        (series(["a", "b"], "category"), series(["b", "a"], "string")),
        (series([True, False]), series([True, False], "boolean")),
        (series([True, False, None], "object"), series([True, False])),
        (series([1, 2], "category"), series([2, 1])),
    ]:
        assert_array_equal(encode(fit, later)[:, :2], expected)


# -- dates and other columns that are neither ----------------------------------

DATES = [
    datetime.date(2020, 1, 1),
    datetime.date(2021, 6, 1),
    datetime.date(2022, 3, 1),
]
TIMES = [datetime.datetime(2020, 1, day) for day in (1, 2, 3)]
REFUSED = {
    "datetime64": pd.to_datetime(DATES),
    "with a time zone": pd.to_datetime(DATES, utc=True),
    "object timestamps": pd.Series(TIMES, dtype=object),
    "object dates": pd.Series(DATES, dtype=object),
    "timedelta": pd.to_timedelta([1, 2, 3]),
    "period": pd.period_range("2020", periods=3, freq="M"),
    "complex": np.array([1j, 2, 3]),
}


@pytest.mark.parametrize("values", REFUSED.values(), ids=REFUSED)
def test_columns_that_are_refused(values):
    frame = pd.DataFrame({"age": [1, 2, 3], "joined": values})
    with pytest.raises(TypeError, match="'joined' of X has"):
        TableEncoder().fit(frame)


@pytest.mark.parametrize("values", [DATES, TIMES], ids=["Date", "Datetime"])
def test_polars_dates_are_refused(values):
    frame = pl.DataFrame({"age": [1, 2, 3], "joined": values})
    with pytest.raises(TypeError, match="'joined' of X has"):
        TableEncoder().fit(as_pandas(frame))


# -- names ---------------------------------------------------------------------


def test_columns_keep_their_places():
    frame = pd.DataFrame({"s": ["u", "v"], "x": [0.0, 2.0], "b": [True, False]})
    assert_array_equal(encode(frame), [[1, 0, -1, 0, 1], [0, 1, 1, 1, 0]])


@pytest.mark.parametrize(
    "names", [[10, 20], [1, 0], [-1, 0], [0.5, 1.5], [("a", 1), ("b", 2)], ["x", "x"]]
)
def test_any_column_labels(names):
    """Labels that are numbers are labels, not positions."""
    values = {"s": ["u", "v"], "x": [0.0, 2.0]}
    frame = pd.DataFrame(values)
    expected = encode(frame)
    assert_array_equal(encode(frame.set_axis(names, axis=1)), expected)


def test_rest_of_a_table():
    """The columns left when the first is dropped are labelled from 1."""
    table = pd.DataFrame(np.arange(12.0).reshape(4, 3) ** 2)
    assert_array_equal(encode(table.drop(columns=0)), encode(table.to_numpy()[:, 1:]))


def test_array_and_frame_in_turn():
    """As in scikit-learn, of which both are columns in the same order."""
    array = np.arange(12.0).reshape(4, 3) ** 2
    frame = pd.DataFrame(array, columns=["a", "b", "c"])
    expected = encode(array)
    assert_array_equal(encode(frame), expected)
    assert_array_equal(encode(frame, array), expected)
    assert_array_equal(encode(array, frame), expected)


def test_index_is_ignored():
    frame = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": ["u", "v", "u"]})
    assert_array_equal(encode(frame.set_axis([5, 5, -1])), encode(frame))


def test_rows_are_encoded_one_by_one():
    frame = pd.DataFrame({"a": [1.0, NAN, 4.0], "b": ["u", None, "w"]})
    encoder = TableEncoder().fit(frame)
    alone = [encoder.transform(frame.iloc[[i]]) for i in range(3)]
    assert_array_equal(np.vstack(alone), encoder.transform(frame))
    assert frame.isna().sum().sum() == 2  # and the user's table is as it was


# -- other containers ----------------------------------------------------------


def test_polars_equals_pandas():
    columns = {
        "int": [1, 2, 3, 4],
        "int null": [1, None, 3, 4],
        "float": [0.5, None, NAN, 2.0],
        "bool": [True, False, True, True],
        "bool null": [True, None, False, True],
        "string": ["b", "a", None, "b"],
        "category": ["b", "a", None, "b"],
        "enum": ["y", None, "x", "y"],
        "empty": [None] * 4,
    }
    pandas_frame = pd.DataFrame(
        {name: pd.Series(values, dtype=object) for name, values in columns.items()}
    ).astype({"category": "category", "enum": "category"})
    polars_frame = pl.DataFrame(columns, strict=False).with_columns(
        pl.col("category").cast(pl.Categorical),
        pl.col("enum").cast(pl.Enum(["y", "x", "unused"])),
    )
    x = encode(pandas_frame)
    assert_array_equal(encode(polars_frame), x)
    assert_array_equal(encode(pandas_frame, polars_frame), x)
    assert_array_equal(encode(polars_frame, pandas_frame), x)
    assert np.isfinite(x).all()


def test_polars_decimals_are_numbers():
    frame = pl.DataFrame({"a": [Decimal("1.5"), Decimal("2.5"), Decimal("3.5")]})
    assert_array_equal(encode(frame), encode(series([1.5, 2.5, 3.5])))


def test_polars_series():
    values = as_pandas(pl.Series("s", [1, None, 2]))
    assert isinstance(values, pd.Series)
    assert values.name == "s"
    assert_array_equal(values, [1, NAN, 2])


@pytest.mark.parametrize("other", [[1, 2], np.eye(2), "text", None, 3.0])
def test_what_is_no_frame_stays_as_it_is(other):
    assert as_pandas(other) is other


class Reader(BaseEstimator):
    encoder = None


class ImageReader(BaseEstimator):
    encoder = "the user's"


SPARSE = ["csr_matrix", "csr_array", "csc_array", "coo_array", "dok_array", "lil_array"]


@pytest.mark.parametrize("kind", SPARSE)
def test_sparse(kind):
    dense = np.array([[0.0, 1.0], [2.0, 0.0], [0.0, 5.0]])
    table = read_table(Reader(), getattr(sparse, kind)(dense), reset=True)
    assert_array_equal(table, dense)
    assert isinstance(table, np.ndarray)


def fitted_on_an_array():
    reader = Reader()
    read_table(reader, np.ones((4, 2)), reset=True)
    return reader


def test_read_table_keeps_names_and_count_of_columns():
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": ["u", "v"]})
    reader = Reader()
    assert read_table(reader, frame, reset=True) is frame
    assert_array_equal(reader.feature_names_in_, ["a", "b"])
    with pytest.raises(ValueError, match="feature names should match"):
        read_table(reader, frame.rename(columns={"a": "c"}), reset=False)
    with pytest.raises(ValueError, match="feature names should match"):
        read_table(reader, frame[["b", "a"]], reset=False)
    with pytest.raises(ValueError, match="3 features, but Reader is expecting 2"):
        read_table(fitted_on_an_array(), np.ones((2, 3)), reset=False)


def test_read_table_errors():
    frame = pd.DataFrame({"a": [1.0, 2.0]})
    with pytest.raises(ValueError, match="X has 0 sample"):
        read_table(Reader(), frame.iloc[:0], reset=True)
    with pytest.raises(ValueError, match="minimum of 2 is required"):
        read_table(Reader(), np.ones((1, 2)), reset=True)
    with pytest.raises(ValueError, match="infinity"):
        read_table(Reader(), np.array([[1.0], [np.inf]]), reset=True)
    with pytest.raises(ValueError, match="Expected 2D array"):
        read_table(Reader(), np.ones(3), reset=True)
    with pytest.raises(ValueError, match="dim 3"):
        read_table(Reader(), np.ones((3, 2, 2)), reset=True)
    assert_array_equal(
        read_table(Reader(), [[1, NAN], [2, 3]], reset=True), [[1, NAN], [2, 3]]
    )


def test_images():
    images = np.arange(24).reshape(2, 3, 4)
    assert read_table(ImageReader(), images, reset=True).shape == (2, 3, 4)
    encoder = TableEncoder().fit(images)
    x = encoder.transform(images)
    assert x.dtype == np.float32
    assert_array_equal(x, images)
    with pytest.raises(ValueError, match=r"shape \(4, 3\); they had \(3, 4\) in fit"):
        encoder.transform(images.transpose(0, 2, 1))
    for bad in (NAN, np.inf):
        with pytest.raises(ValueError, match="contains NaN or infinity"):
            encoder.transform(np.full((2, 3, 4), bad))


def test_fewer_columns_than_in_fit():
    with pytest.raises(ValueError, match=r"shape \(1,\); they had \(2,\) in fit"):
        TableEncoder().fit(np.ones((3, 2))).transform(np.ones((3, 1)))


# -- y -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "y",
    [
        ["a", "b", "a"],
        np.array([1, 0, 1]),
        pd.Series([1, 0, 1], dtype="Int64"),
        pd.Series([True, False, True], dtype="boolean"),
        pd.Series(["a", "b", "a"], dtype="category"),
        pd.Series(["a", "b", "a"], dtype="string", index=[3, 4, 5]),
        pl.Series(["a", "b", "a"]),
        pl.Series([1.5, 0.0, 1.5]),
    ],
)
def test_read_target(y):
    values = read_target(y, 3, "Owner")
    assert isinstance(values, np.ndarray)
    assert_array_equal(values, list(y))
    codes = np.unique(values, return_inverse=True)[1]
    assert codes[0] == codes[2] == 1 - codes[1]


@pytest.mark.parametrize(
    "y",
    [
        [1.0, NAN, 0.0],
        pd.Series(["a", None, "b"]),
        pd.Series(["a", None, "b"], dtype="category"),
        pd.Series([1, pd.NA, 0], dtype="Int64"),
        pl.Series(["a", None, "b"]),
        pl.Series([1, None, 0]),
    ],
)
def test_missing_target(y):
    with pytest.raises(ValueError, match="y contains NaN: 1 missing values; expected"):
        read_target(y, 3, "Owner")


def test_target_errors():
    with pytest.raises(ValueError, match="Owner requires y to be passed"):
        read_target(None, 3, "Owner")
    with pytest.raises(ValueError, match="1d array"):
        read_target(np.ones((3, 2)), 3, "Owner")
    with pytest.raises(ValueError, match="y has 2 rows and X has 3"):
        read_target([0, 1], 3, "Owner")
    with pytest.warns(DataConversionWarning, match="column-vector"):
        values = read_target(pd.DataFrame({"y": [0, 1, 0]}), 3, "Owner")
    assert_array_equal(values, [0, 1, 0])


# -- rows ----------------------------------------------------------------------


def test_cells():
    codes = cells(np.array([0, 1, 0, 1, 1]), np.array([2, 2, 2, 5, 2]))
    assert_array_equal(codes, [0, 1, 0, 2, 1])


def random_cells(n, seed):
    """Cells of very different sizes, some of a single row."""
    rng = np.random.RandomState(seed)
    cell = rng.geometric(0.4, size=n) - 1
    return np.unique(cell, return_inverse=True)[1], rng


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.25, 0.5])
@pytest.mark.parametrize("n", [7, 100, 1001])
def test_hold_out(fraction, n):
    for seed in range(10):
        cell, rng = random_cells(n, seed)
        size = np.bincount(cell)
        train, held = hold_out(fraction, cell, rng)
        assert_array_equal(np.sort(np.concatenate([train, held])), np.arange(n))
        n_candidates = size[size > 1].sum()
        assert len(held) == min(round(fraction * n), n_candidates // 2)
        n_held = np.bincount(cell[held], minlength=len(size))
        assert (n_held < size).all()  # every cell is trained on
        share = np.where(size > 1, size * len(held) / n_candidates, 0)
        assert (np.abs(n_held - share) < 1).all()


def test_hold_out_follows_the_seed():
    cell, _ = random_cells(300, 0)
    held = [hold_out(0.2, cell, np.random.RandomState(seed))[1] for seed in (0, 0, 1)]
    assert_array_equal(held[0], held[1])
    assert set(held[0]) != set(held[2])


def test_hold_out_gives_each_row_its_turn():
    cell = np.array([0] * 10 + [1] * 2 + [2])
    n = 2000
    times = np.zeros(13)
    for seed in range(n):
        times[hold_out(0.25, cell, np.random.RandomState(seed))[1]] += 1
    assert_allclose(times[:12] / n, 3 / 12, atol=4 * 0.433 / np.sqrt(n))
    assert times[12] == 0


@pytest.mark.parametrize(
    ("fraction", "cell"), [(0.0, [0] * 9), (0.1, [0, 1, 2, 3]), (0.1, [0, 0, 0])]
)
def test_nothing_to_hold_out(fraction, cell):
    train, held = hold_out(fraction, np.array(cell), np.random.RandomState(0))
    assert_array_equal(train, np.arange(len(cell)))
    assert held.shape == (0,)
    assert held.dtype == train.dtype


# -- the piecewise-linear encoding ---------------------------------------------


def binned(values, n_bins):
    """What encodes a column of numbers, and its bins."""
    values = np.asarray(values, dtype=float)
    encoder = TableEncoder(n_bins).fit(values[:, np.newaxis])
    (number,) = encoder.columns_
    return number, encoder.transform(values[:, np.newaxis])[:, 1:]


def test_piecewise_linear_encoding_says_how_far_through_each_bin():
    number, _ = binned(np.linspace(0, 8, 801), 4)
    knots = number.knots * number.scale + number.mean
    assert_allclose(knots, [0, 2, 4, 6, 8], atol=1e-6)
    coded = number.code(pd.Series([-1.0, 0, 3, 8, 99]))
    features = Features((number.layout,), "cpu")
    out = features(torch.from_numpy(coded)[:, None]).numpy()
    expected = [[0, 0, 0, 0], [0, 0, 0, 0], [1, 0.5, 0, 0], [1] * 4, [1] * 4]
    assert_allclose(out[:, 1:], expected, atol=1e-6)


def test_a_linear_layer_on_it_fits_a_bend():
    x = np.linspace(-1, 1, 1000)
    y = np.abs(x)
    encoded = np.column_stack([x, binned(x, 8)[1]])
    assert LinearRegression().fit(encoded, y).score(encoded, y) > 0.999
    assert LinearRegression().fit(x[:, None], y).score(x[:, None], y) < 0.1


def test_a_column_of_zeros_with_a_tail_keeps_bins_for_the_tail():
    rng = np.random.default_rng(0)
    values = np.where(rng.uniform(size=4000) < 0.9, 0.0, rng.exponential(size=4000))
    number, _ = binned(values, 16)
    assert number.knots[0] * number.scale + number.mean == pytest.approx(0, abs=1e-7)
    assert 12 <= len(number.knots) <= 18
    assert (np.diff(number.knots) > 0).all()


@pytest.mark.parametrize("values", [[3.0], [0.0, 1.0]])
def test_columns_of_at_most_two_values_get_no_bins(values):
    assert binned(np.resize(values, 500), 8)[1].shape == (500, 0)


def test_few_rows_get_few_bins():
    number, _ = binned(np.arange(300.0) / 7, 64)
    assert len(number.knots) == 4


def test_scores_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [rng.normal(9, 3, 500), np.full(500, 0.1), rng.gamma(1, 9, 500)]
    )
    X[::9, 0] = np.nan
    expected = np.nan_to_num(StandardScaler().fit_transform(X.astype(np.float32)))
    x = TableEncoder().fit(X).transform(X)
    assert_allclose(x[:, [0, 2, 3]], expected, atol=1e-6)
    assert_array_equal(x[:, 1], np.isnan(X[:, 0]))


def test_bins_follow_the_numbers():
    rng = np.random.default_rng(0)
    age = rng.normal(size=400)
    age[:9] = np.nan
    X = pd.DataFrame({"age": age, "kind": np.resize(["a", "b"], 400)})
    plain = TableEncoder().fit(X).transform(X)
    encoder = TableEncoder(n_bins=4).fit(X)
    encoded = encoder.transform(X)
    assert_array_equal(encoded[:, :-4], plain)
    assert np.isfinite(encoded).all()
    words = X[["kind"]]
    assert_array_equal(
        TableEncoder(n_bins=4).fit(words).transform(words),
        TableEncoder().fit(words).transform(words),
    )


# -- order of rows -------------------------------------------------------------


def numbered(labels):
    return pd.Series(range(len(labels)), index=labels)


ORDERS = {
    "same": ([7, 3, 5], [7, 3, 5], [7, 3, 5]),
    "other labels": ([7, 3, 5], [0, 1, 2], [2, 3, 4]),
    "duplicates": ([1, 1, 0], [0, 1, 1], [1, 0, 1]),
    "another length": ([2, 1, 0], [0, 1, 2, 3], [2, 1, 0]),
    "one numbered anew": ([0, 1, 2], [2, 1, 0], [2, 1, 0]),
    "of strings": (["a", "b"], ["a", "b"], ["c", "d"]),
}
SHUFFLED = {
    "one of three": ([0, 1, 2], [0, 1, 2], [2, 0, 1]),
    "two in two ways": ([0, 1, 2], [1, 2, 0], [2, 0, 1]),
    "of strings": (["a", "b"], ["c", "d"], ["b", "a"]),
    "of two columns": ([(0, "a"), (1, "b")], [0, 1], [(1, "b"), (0, "a")]),
}


def index_of(labels):
    tuples = isinstance(labels[0], tuple)
    return pd.MultiIndex.from_tuples(labels) if tuples else pd.Index(labels)


@pytest.mark.parametrize("case", ORDERS)
def test_indices_may_differ(case):
    a, b, c = (numbered(labels) for labels in ORDERS[case])
    check_row_order(a=a, b=b, c=c)
    check_row_order(a=a.to_numpy(), b=list(b), c=None)


@pytest.mark.parametrize("case", SHUFFLED)
def test_the_same_index_in_another_order_is_an_error(case):
    a, b, c = (numbered(index_of(labels)) for labels in SHUFFLED[case])
    with pytest.raises(ValueError, match=r"c has the index of \w in another order"):
        check_row_order(a=a, b=b, c=c.to_frame())
